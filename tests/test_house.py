"""The house: where things are, and what each may speak of. docs/design.md draws it."""

from __future__ import annotations

import ast
import configparser
import importlib.util
import inspect
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from types import ModuleType

import pytest

import minicaffe
import minicaffe.errors
from minicaffe.errors import mistakes
from minicaffe.layer import layer_class, layer_types
from minicaffe.options import RunKeywords, RunOptions
from minicaffe.proto import caffe_pb2

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "minicaffe"
NAMES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))
DESIGN = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")

#: Lines beyond which a file holds more than one idea.
LONGEST = 500

#: Lines of a function, what it says of itself left out, beyond which it has more than one part.
LONGEST_FUNCTION = 45

#: What oneDNN calls its parts; other packages do not speak of them.
ENGINE_WORDS = re.compile(r"\b(dnnl|primitive desc|post-op|memory desc|reorder primitive)", re.I)


def tree(name: str) -> ast.Module:
    """A module of the package, parsed."""
    return ast.parse((PACKAGE / name).read_text(encoding="utf-8"))


def built_in_types() -> list[str]:
    """The types of our own layers; other tests register more."""
    classes = {name: layer_class(name) for name in layer_types()}
    return [name for name, cls in classes.items() if cls.__module__.startswith("minicaffe.")]


@pytest.mark.parametrize("layer_type", built_in_types())
def test_a_layer_is_in_the_file_of_its_name(layer_type: str) -> None:
    """InnerProduct is layers/<heading>/inner_product.py: the type's letters, in Caffe's words."""
    *_, layers, heading, file = layer_class(layer_type).__module__.split(".")
    assert layers == "layers"
    assert file.replace("_", "") == layer_type.lower()
    assert (PACKAGE / "layers" / heading / "__init__.py").exists()


#: The sections of a layer's docstring, in their order (docs/add-a-layer.md).
SECTIONS = ("Shapes", "Settings", "Gradients", "Raises", "Source", "Attributes")

#: A file with its repository, or those that have it; ``minicaffe`` for what no Caffe has.
SOURCE = re.compile(
    r"Source: (minicaffe|[\w/]+\.(cpp|cu|hpp|h|py)\s\([\w.-]+/[\w.-]+(,\s[\w.-]+/[\w.-]+)*\))[.;,]"
)


def sections(layer_type: str) -> dict[str, str]:
    """The paragraphs of a layer's own docstring, by the word that they begin with."""
    text = inspect.cleandoc(layer_class(layer_type).__doc__ or "")
    parts = re.split(rf"^(?=(?:{'|'.join(SECTIONS)}):)", text, flags=re.M)
    return {part.partition(":")[0]: part for part in parts[1:]}


@pytest.mark.parametrize("layer_type", built_in_types())
def test_a_layer_says_its_shapes_gradients_and_source(layer_type: str) -> None:
    cls, found = layer_class(layer_type), sections(layer_type)
    assert list(found) == [name for name in SECTIONS if name in found], "another order"
    assert {"Shapes", "Gradients", "Source"} <= set(found)
    assert SOURCE.match(found["Source"]), found["Source"]
    shapes = found["Shapes"].lower()
    for word, most in (("bottom", cls.exact_bottoms), ("top", cls.exact_tops)):
        assert re.search(rf"\b{word}", shapes)
        assert (most == 0) == (f"no {word}" in shapes)


@pytest.mark.parametrize("layer_type", built_in_types())
def test_a_layers_settings_are_those_of_its_message(layer_type: str) -> None:
    """Each ``*_param`` is a field of LayerParameter, and so is each name with its default."""
    text = sections(layer_type).get("Settings", "")
    parts = re.split(r"``(\w+_param)``", text)[1:]
    for name, said in zip(parts[::2], parts[1::2], strict=True):
        message = caffe_pb2.LayerParameter.DESCRIPTOR.fields_by_name[name].message_type
        for field, default in re.findall(r"\b([a-z]\w+) \((true|false|-?\d[-\w.]*)\b", said):
            declared = message.fields_by_name[field]
            if declared.is_repeated:  # all of them default to what the layer says
                continue
            value = declared.default_value
            shown = str(value).lower() if isinstance(value, bool) else f"{value:.6g}"
            assert float(shown) == float(default) if shown[-1].isdigit() else shown == default


def test_the_top_level_is_small() -> None:
    modules = [module.name for module in pkgutil.iter_modules([str(PACKAGE)]) if not module.ispkg]
    assert len(modules) <= 22, modules


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_one_idea(name: str) -> None:
    assert len((PACKAGE / name).read_text(encoding="utf-8").splitlines()) <= LONGEST


def lines_of_code(function: ast.FunctionDef) -> int:
    """How many lines a function has with its signature, its docstring left out."""
    first = function.body[0]
    said = ast.get_docstring(function) is not None
    doc = (first.end_lineno or 0) - first.lineno + 1 if said else 0
    return (function.end_lineno or 0) - function.lineno + 1 - doc


def programs() -> list[Path]:
    """All that runs: the package, what makes its files, and what measures it."""
    return [
        path
        for room in (PACKAGE, ROOT / "tools", ROOT / "benchmarks")
        for path in room.rglob("*.py")
    ]


def test_a_function_is_one_part() -> None:
    """A longer one is read in parts: each is a function with a name."""
    functions = [
        (path, node)
        for path in programs()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    ]
    assert [
        f"{path.relative_to(ROOT)}:{node.lineno}: {node.name}"
        for path, node in functions
        if lines_of_code(node) > LONGEST_FUNCTION
    ] == []


def test_a_file_says_what_it_is_for() -> None:
    """In its own words, in one line that no other file begins with."""
    docs = {name: (ast.get_docstring(tree(name)) or "").partition("\n")[0] for name in NAMES}
    assert [name for name, line in docs.items() if len(line.split()) < 1] == []
    twice = sorted(name for name, line in docs.items() if list(docs.values()).count(line) > 1)
    assert twice == []


def compared_types(name: str) -> Iterator[str]:
    """Where a module compares a layer's type with a text."""
    for node in ast.walk(tree(name)):
        if not isinstance(node, ast.Compare):
            continue
        sides = [node.left, *node.comparators]
        of_type = any(isinstance(side, ast.Attribute) and side.attr == "type" for side in sides)
        parts = [part for side in sides for part in ast.walk(side)]
        texts = {str(part.value) for part in parts if isinstance(part, ast.Constant)}
        if of_type and texts.intersection(minicaffe.layer_type_list()):
            yield f"{name}:{node.lineno}: {ast.unparse(node)}"


def tables_of_types(name: str) -> Iterator[str]:
    """Where a module lists layer types: in a set, a list, a dictionary, or the words of a text."""
    types = set(minicaffe.layer_type_list())
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Dict):
            parts: list[ast.expr | None] = [*node.keys, *node.values]
        elif isinstance(node, ast.Set | ast.List | ast.Tuple):
            parts = [*node.elts]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            words = node.value.split()
            parts = [
                ast.Constant(word) for word in words if len(words) > 1 and types.issuperset(words)
            ]
        else:
            continue
        if types & {part.value for part in parts if isinstance(part, ast.Constant)}:
            yield f"{name}:{node.lineno}: {ast.unparse(node)[:90]}"


#: These may: layers of themselves, lint as it finds mistakes with a type, old formats as they are
#: tables of types.
ASK_FOR_TYPES = ("layers/", "lint/", "proto/upgrade")
#: And these list facts: which message a type's settings are in, what other programs call a layer.
LIST_TYPES = (*ASK_FOR_TYPES, "proto/own_fields", "proto/forks")


@pytest.mark.parametrize("name", NAMES)
def test_a_layer_says_itself_what_it_is(name: str) -> None:
    """``layer.type`` is compared with no text and in no table: classes answer (see ``Layer``)."""
    assert name.startswith(ASK_FOR_TYPES) or list(compared_types(name)) == []
    assert name.startswith(LIST_TYPES) or list(tables_of_types(name)) == []


#: Names with an underscore that others publish: pycaffe, os, typing, argparse, ctypes, Jupyter.
PUBLISHED = {
    "_batch", "_blob_names", "_blobs", "_inputs", "_outputs", "_caffe",
    "_exit", "_replace", "_repr_html_", "_option_string_actions", "_actions", "_NamedFuncPointer",
}  # fmt: skip


def names_made(node: ast.AST) -> Iterator[str]:
    """What a statement or expression gives a name to: functions, classes, variables, attributes."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
        yield node.id if isinstance(node, ast.Name) else node.attr


def names_used(node: ast.AST, package: str) -> Iterator[str]:
    """Attributes, and what is imported; modules of the package itself do not count."""
    if isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "setattr":
        texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
        yield from (text.rpartition(".")[2] for text in texts if isinstance(text, str))
    elif isinstance(node, ast.ImportFrom) and node.module != package:
        *above, module = (node.module or "").split(".")
        yield from (alias.name for alias in node.names)
        if ".".join(above) != package:
            yield module


def foreign_private_names(path: Path, published: set[str]) -> Iterator[str]:
    """Where a module uses names with an underscore that belong to another."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    known = published.union(*map(names_made, nodes))
    package = ".".join(path.parent.relative_to(ROOT).parts)
    for node in nodes:
        for word in names_used(node, package):
            if word.startswith("_") and not word.startswith("__") and word not in known:
                yield f"{path.relative_to(ROOT)}:{node.lineno}: {word}"


@pytest.mark.parametrize("name", NAMES)
def test_private_names_stay_in_their_file(name: str) -> None:
    """What other files use has a public name, and a docstring that says what it promises."""
    assert list(foreign_private_names(PACKAGE / name, PUBLISHED)) == []


#: What tests may name besides: the rest of pycaffe's, and the verbs' helpers.
TESTED = PUBLISHED.union(
    ("_backward", "_blob_loss_weights", "_bottom_ids", "_forward", "_layer_names", "_top_ids"),
    (path.stem for path in (PACKAGE / "cli").glob("_[a-z]*.py")),
)
TESTS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("*.py"))


@pytest.mark.parametrize("name", TESTS)
def test_tests_use_public_names(name: str) -> None:
    """What a test asks for can change only if what users see changes."""
    assert list(foreign_private_names(ROOT / name, TESTED)) == []


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("engines/onednn/")])
def test_an_engines_words_stay_in_it(name: str) -> None:
    found = ENGINE_WORDS.search((PACKAGE / name).read_text(encoding="utf-8"))
    assert not found, found


def test_setup_cfg_lists_every_package() -> None:
    config = configparser.ConfigParser(interpolation=None)
    config.read(ROOT / "setup.cfg")
    listed = config["options"]["packages"].split()
    found = {".".join(path.parent.parts) for path in map(Path, NAMES) if path.stem == "__init__"}
    dotted = {f"minicaffe.{name}" if name else "minicaffe" for name in found}
    assert listed == sorted(dotted | {"minicaffe.datasets", "minicaffe.models"})


def generator() -> ModuleType:
    """tools/generate_house.py."""
    file = ROOT / "tools" / "generate_house.py"
    spec = importlib.util.spec_from_file_location("generate_house", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_docs_repeat_docstrings_as_they_are() -> None:
    """The tables of design.md, and what tools.md says of a verb before it goes on."""
    for page, text in generator().pages().items():
        assert page.read_text(encoding="utf-8") == text, "run python tools/generate_house.py"


def test_design_draws_every_package() -> None:
    """The drawing of the house has each package of the top level in its place."""
    drawing = DESIGN[DESIGN.index("    cli  ") : DESIGN.index("What is above imports")]
    packages = {module.name for module in pkgutil.iter_modules([str(PACKAGE)]) if module.ispkg}
    assert packages <= set(re.findall(r"\w+", drawing))


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`(minicaffe/[\w/]+\.py)", DESIGN))))
def test_design_names_files_that_there_are(path: str) -> None:
    assert (ROOT / path).is_file()


def signatures(name: str) -> Iterator[tuple[ast.FunctionDef, list[ast.expr]]]:
    """Each function of a module, with all annotations of its arguments and of what it returns."""
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.FunctionDef):
            of = node.args
            given = [*of.posonlyargs, *of.args, *of.kwonlyargs, of.vararg, of.kwarg]
            annotations = [arg.annotation for arg in given if arg] + [node.returns]
            yield node, [annotation for annotation in annotations if annotation]


TYPED = [name for name in NAMES if not name.startswith("proto/")]
TYPED += [f"../{path.relative_to(ROOT).as_posix()}" for path in (ROOT / "tools").glob("*.py")]


@pytest.mark.parametrize("name", TYPED)
def test_signatures_say_their_types(name: str) -> None:
    """``Any`` is for readers of messages of any kind, in proto/, and for what functions hide."""
    vague = [
        f"{name}:{node.lineno}: {node.name}"
        for node, annotations in signatures(name)
        if any(re.search(r"\bAny\b", ast.unparse(annotation)) for annotation in annotations)
    ]
    assert vague == []


def test_stubs_say_their_types() -> None:
    """What editors show of layers and messages, which is generated."""
    stubs = {path: path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.pyi")}
    assert len(stubs) >= 3
    vague = [path for path, text in stubs.items() if re.search(r"^from .*\bAny\b", text, re.M)]
    assert vague == []


def test_aliases_of_types_say_them_too() -> None:
    aliases = {
        f"{name}:{node.lineno}: {ast.unparse(node)}"
        for name in NAMES
        if not name.startswith("proto/")
        for node in tree(name).body
        if isinstance(node, ast.Assign) and re.search(r"\[.*\bAny\b", ast.unparse(node.value))
    }
    assert aliases == set()


def test_run_options_and_their_keywords_are_the_same() -> None:
    keywords = {field.name: field.type for field in fields(RunOptions)}
    assert keywords == {
        name: of.__forward_arg__ for name, of in RunKeywords.__annotations__.items()
    }
    options = RunOptions("numpy", "bf16", False, "outputs", False, 5, "ssd", "direct")
    assert RunOptions(**options.keywords()) == options  # none is lost on the way


@pytest.mark.parametrize("name", NAMES)
def test_mistakes_are_errors_and_not_asserts(name: str) -> None:
    """An ``assert`` says nothing to a user, and ``python -O`` leaves it out."""
    assert [node.lineno for node in ast.walk(tree(name)) if isinstance(node, ast.Assert)] == []


#: What these raise is for the machinery that calls them, or is what Python expects of the method.
UNSAID = {"NotImplementedError", "AttributeError", "StopIteration", "IsADirectoryError"}


def raised(function: ast.FunctionDef) -> set[str]:
    """The classes of error that leave a function in which they are raised."""
    found: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Raise) and node.exc:
            call = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            found.add(ast.unparse(call).rpartition(".")[2])
    handlers = [node for node in ast.walk(function) if isinstance(node, ast.ExceptHandler)]
    caught = {name for node in handlers if node.type for name in ast.unparse(node.type).split(", ")}
    caught = {name.strip("()") for name in caught}
    return {name for name in found if name.endswith("Error")} - UNSAID - caught


def public_functions(node: ast.AST, said: str = "") -> Iterator[tuple[ast.FunctionDef, str]]:
    """Functions that others may call, each with what it and its class say; others inherit it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef) and not child.name.startswith("_"):
            yield from public_functions(child, ast.get_docstring(child) or "")
        elif isinstance(child, ast.FunctionDef) and re.match("__init__|[a-z]", child.name):
            own = ast.get_docstring(child)
            if own or child.name == "__init__":
                yield child, said + (own or "")


#: A verb's own file, such as cli/train.py: its docstring is its help, and the user is told.
VERB = re.compile(r"cli/(?!_)")


@pytest.mark.parametrize("name", [name for name in NAMES if not VERB.match(name)])
def test_docstrings_say_what_is_raised(name: str) -> None:
    """``Raises:`` of the function or its class names each error, or the class that it is one of."""
    silent = [
        f"{name}:{function.lineno}: {function.name} raises {', '.join(sorted(errors))}"
        for function, said in public_functions(tree(name))
        if (errors := {error for error in raised(function) if not says(said, error)})
    ]
    assert silent == []


def says(text: str, error: str) -> bool:
    """Whether a docstring names the class of an error, or what it inherits from."""
    cls = getattr(minicaffe.errors, error, getattr(mistakes, error, None))
    bases = {base.__name__ for base in cls.__mro__} if cls else {error}
    return any(re.search(rf"\b{base}\b", text) for base in bases - {"object", "Exception"})


def says_only_its_name(node: ast.FunctionDef | ast.ClassDef) -> bool:
    """Whether a docstring of at most three words has none but the name's, and articles."""
    words = re.findall(r"[a-z]+", (ast.get_docstring(node) or "").lower())
    own = re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", node.name).lower())
    told = [word for word in words if word not in ("the", "a", "an", "of", "its", "this", "all")]
    stems = [word.rstrip("s")[:5] for word in own]
    return bool(told) and len(words) <= 3 and all(word.rstrip("s")[:5] in stems for word in told)


@pytest.mark.parametrize("name", NAMES)
def test_docstrings_say_more_than_names(name: str) -> None:
    nodes = [n for n in ast.walk(tree(name)) if isinstance(n, ast.FunctionDef | ast.ClassDef)]
    assert [f"{node.lineno}: {node.name}" for node in nodes if says_only_its_name(node)] == []


#: Words that say in a roundabout way what has a plain one.
ROUNDABOUT = re.compile(
    r"\b(somebody|nobody|anew|stands|[Ww]hoever|lends?|lent|lending|freshened|recipe)\b"
    r"|\bfor one in\b|\"\"\"The same\b"
)


@pytest.mark.parametrize("name", NAMES)
def test_english_is_plain(name: str) -> None:
    lines = (PACKAGE / name).read_text(encoding="utf-8").splitlines()
    assert [line.strip() for line in lines if ROUNDABOUT.search(line)] == []
