"""Files of others run no code and change no files: the package's source, and what it does."""

from __future__ import annotations

import ast
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "minicaffe").rglob("*.py"))

#: Modules that make objects, and thereby calls, of bytes.
UNSAFE_MODULES = {"pickle", "cPickle", "marshal", "shelve", "dill", "joblib", "cloudpickle", "code"}
UNSAFE_CALLS = {"eval", "exec", "compile", "__import__"}
UNSAFE_YAML = {
    "load", "load_all", "full_load", "full_load_all", "unsafe_load", "unsafe_load_all", "Loader",
    "FullLoader", "UnsafeLoader", "CLoader", "CFullLoader", "CUnsafeLoader",
}  # fmt: skip

#: What makes nets.
BUILDERS = {"Net", "Classifier", "Detector", "get_solver", "NetFactory"}

#: Who imports modules whose names are not written there, and where the names come from.
IMPORTERS = {
    "cli/__init__.py": "its own verbs",
    "engines/__init__.py": "its own engines",
    "layers/__init__.py": "its own layers",
    "as_caffe.py": "its own table",
    "net/__init__.py": "its own module",
    "__init__.py": "its own submodules",
    "errors/__init__.py": "its callers' constants",
    "layer.py": "its own layers",
    "named.py": "its callers' own modules",
    "layers/utility/python.py": "Python layers, where they are allowed",
}


def unsafe(source: str, name: str = "") -> Iterator[str]:
    """What in a module's source makes code or objects of data."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or ""]
            if node.module == "yaml":
                yield from (f"yaml.{a.name}" for a in node.names if a.name in UNSAFE_YAML)
        else:
            modules = []
        yield from (module for module in modules if module.split(".")[0] in UNSAFE_MODULES)
        if isinstance(node, ast.Attribute):
            whole = ast.unparse(node)
            if whole.startswith("yaml.") and node.attr in UNSAFE_YAML:
                yield whole
        if isinstance(node, ast.Call):
            yield from unsafe_call(node, name)


def unsafe_call(node: ast.Call, name: str) -> Iterator[str]:
    """What is wrong with a call."""
    called = ast.unparse(node.func)
    keywords = {word.arg: ast.unparse(word.value) for word in node.keywords}
    if called in UNSAFE_CALLS or called in ("os.system", "os.popen"):
        yield called
    if called in ("np.load", "numpy.load") and keywords.get("allow_pickle") != "False":
        yield "np.load without allow_pickle=False"
    if called in ("yaml.compose", "yaml.parse") and keywords.get("Loader") != "_Loader":
        yield f"{called} without our loader"
    if called.startswith("subprocess.") and keywords.get("shell", "False") != "False":
        yield "a shell"
    if called.endswith("import_module") and name not in IMPORTERS:
        constant = node.args and isinstance(node.args[0], ast.Constant)
        if not constant and called == "importlib.import_module":
            yield "import of a module whose name is not written there"


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from pickle import loads",
        "import marshal as m",
        "eval('1')",
        "exec(text)",
        "__import__(name)",
        "compile(text, '', 'exec')",
        "np.load(path)",
        "np.load(path, allow_pickle=True)",
        "yaml.load(text)",
        "yaml.load(text, Loader=yaml.SafeLoader)",
        "from yaml import unsafe_load",
        "yaml.compose(text, Loader=yaml.SafeLoader)",
        "os.system('ls')",
        "subprocess.run('ls', shell=True)",
        "importlib.import_module(name)",
    ],
)
def test_the_check_finds(source: str) -> None:
    assert list(unsafe(source))


@pytest.mark.parametrize(
    "source",
    ["re.compile('a')", "np.load(path, allow_pickle=False)", "yaml.safe_load(text)",
     "importlib.import_module('plyvel')", "subprocess.run(['dot'])"],
)  # fmt: skip
def test_the_check_passes_over(source: str) -> None:
    assert not list(unsafe(source))


def test_nothing_makes_code_of_data() -> None:
    assert len(SOURCES) > 100
    found = {}
    for path in SOURCES:
        name = path.relative_to(ROOT / "minicaffe").as_posix()
        wrong = list(unsafe(path.read_text(encoding="utf-8"), name))
        if wrong:
            found[name] = wrong
    assert not found


def test_every_tool_can_be_told_to_run_no_python_layers() -> None:
    """Who builds a net either has the flag --untrusted or says no by itself."""
    builds = 0
    for path in SOURCES:
        if path.parent.name not in ("cli", "convert"):
            continue
        source = path.read_text(encoding="utf-8")
        calls = [
            ast.unparse(node)
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.Call) and ast.unparse(node.func) in BUILDERS
        ]
        flag = "run_options(args" in source or "model_options(args" in source
        for call in calls:
            builds += 1
            assert flag or "allow_python_layers=False" in call or "**options" in call, call
    assert builds > 4


# ------------------------------------------------------------------ what is opened how

NET = """
layer {{ name: "d" type: "Data" top: "a" top: "al" transform_param {{ mean_file: "{f}/mean.bp" }}
  data_param {{ source: "{f}/db" backend: LMDB batch_size: 2 }} }}
layer {{ name: "i" type: "ImageData" top: "b" top: "bl"
  image_data_param {{ source: "{f}/images.txt" root_folder: "{f}/" batch_size: 2 }} }}
layer {{ name: "h" type: "HDF5Data" top: "x"
  hdf5_data_param {{ source: "{f}/h5.txt" batch_size: 2 }} }}
layer {{ name: "w" type: "WindowData" top: "c" top: "cl" transform_param {{ crop_size: 4 }}
  window_data_param {{ source: "{f}/windows.txt" batch_size: 4 }} }}
layer {{ name: "ip" type: "InnerProduct" bottom: "x" top: "y"
  inner_product_param {{ num_output: 3 }} }}
"""
PROGRAM = """
import json, os, sys
folder, events = sys.argv[1], []
def hook(name, args):
    words = [os.fspath(a) for a in args if isinstance(a, (str, os.PathLike))]
    if any(folder in word for word in words):
        if name == "open":
            flags = args[2]
            if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND):
                events.append([name, *words])
        elif name.split(".")[0] in ("os", "shutil", "subprocess") and name != "os.listdir":
            events.append([name, *words])
import minicaffe
sys.addaudithook(hook)
net = minicaffe.Net(folder + "/net.prototxt", weights=folder + "/w.caffemodel",
                    allow_python_layers=False)
for _ in range(2):
    net.forward()
net.close()
reads = sorted(net.blobs)
open(folder + "/probe", "w").close()  # so that an empty list says something
print(json.dumps([events, reads]))
"""


def tree(folder: Path) -> dict[str, tuple[int, str]]:
    """Every file with the time of its last change and its content."""
    return {
        path.relative_to(folder).as_posix(): (
            path.stat().st_mtime_ns,
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
        )
        for path in sorted(folder.rglob("*"))
    }


def test_what_a_prototxt_names_is_only_read(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    pytest.importorskip("PIL")
    pytest.importorskip("lmdb")
    import minicaffe
    from minicaffe.data.backends import write_datums
    from minicaffe.data.datum import make_datum
    from minicaffe.data.images import encode_image
    from minicaffe.weights.blob_proto import write_blob

    pixels = np.random.default_rng(1).integers(0, 256, (3, 3, 6, 5), dtype=np.uint8)
    write_datums(tmp_path / "db", (make_datum(value, 1) for value in pixels))
    write_blob(tmp_path / "mean.bp", pixels[:1].astype(np.float32))
    (tmp_path / "a.png").write_bytes(encode_image(pixels[0], "png"))
    (tmp_path / "images.txt").write_text("a.png 1\na.png 2\n")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"] = np.ones((4, 2))
    (tmp_path / "h5.txt").write_text(f"{tmp_path}/x.h5\n")
    (tmp_path / "windows.txt").write_text(
        f"# 0\n{tmp_path}/a.png\n3 6 5\n2\n1 1 0 0 3 4\n0 0 1 1 3 3\n"
    )
    (tmp_path / "net.prototxt").write_text(NET.format(f=tmp_path.as_posix()))
    minicaffe.Net(str(tmp_path / "net.prototxt")).save(str(tmp_path / "w.caffemodel"))
    before = tree(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        capture_output=True, text=True, cwd=ROOT, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    events, blobs = json.loads(done.stdout)
    assert events == [["open", f"{tmp_path}/probe", "w"]]
    assert {"a", "b", "c", "x", "y"} <= set(blobs)
    (tmp_path / "probe").unlink()
    after = tree(tmp_path)
    assert after == before


READS = [
    'type: "ImageData" top: "a" top: "b" image_data_param { source: "/dev/zero" }',
    'type: "ImageData" top: "a" top: "b" image_data_param { source: "list.txt" }',
    'type: "WindowData" top: "a" top: "b" window_data_param { source: "/dev/zero" '
    "batch_size: 1 } transform_param { crop_size: 2 }",
    'type: "HDF5Data" top: "a" hdf5_data_param { source: "/dev/zero" batch_size: 1 }',
    'type: "HDF5Data" top: "a" hdf5_data_param { source: "names.txt" batch_size: 1 }',
    'type: "Data" top: "a" data_param { source: "/dev/zero" backend: LMDB batch_size: 1 }',
    'type: "ImageData" top: "a" top: "b" image_data_param { source: "list.txt" } '
    'transform_param { mean_file: "/dev/zero" }',
]


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no device without end")
@pytest.mark.parametrize("layer", READS)
def test_devices_without_end_are_not_read(
    layer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("h5py")
    pytest.importorskip("lmdb")
    import minicaffe

    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.txt").write_text("/dev/zero 1\n")
    (tmp_path / "names.txt").write_text("/dev/zero\n")
    (tmp_path / "net.prototxt").write_text(f'layer {{ name: "x" {layer} }}')
    with pytest.raises(minicaffe.MinicaffeError, match=r"device|no LMDB|does not exist"):
        minicaffe.Net("net.prototxt")
    with pytest.raises(minicaffe.MinicaffeError, match="it is a device, a file is expected"):
        minicaffe.Net("/dev/zero")


@pytest.mark.parametrize("layer", [read for read in READS if "/dev/zero" in read])
def test_names_with_a_nul_are_errors(
    layer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("h5py")
    pytest.importorskip("lmdb")
    import minicaffe

    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.txt").write_text("a.png 1\n")
    text = layer.replace("/dev/zero", "a\\000b")
    (tmp_path / "net.prototxt").write_text(f'layer {{ name: "x" {text} }}')
    with pytest.raises(minicaffe.MinicaffeError, match=r"layer 'x' ") as caught:
        minicaffe.Net("net.prototxt")
    assert "a" in str(caught.value)
