"""What is imported when: nothing that is not needed, as that takes longer than most commands."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import minicaffe
from minicaffe.cli import main, verbs

ROOT = Path(__file__).parents[2]
#: Packages that take long to import; without them the help must be there.
HEAVY = ("numpy", "google", "yaml", "onednn", "PIL", "h5py", "lmdb", "matplotlib", "pandas")


def python(code: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *words],
        cwd=ROOT, capture_output=True, text=True, timeout=100,
    )  # fmt: skip


def printed(code: str) -> list[str]:
    """The words that a program prints."""
    done = python(code)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


LIST = "import sys; print(*sys.modules)"
BLOCK = f"import sys; sys.modules.update(dict.fromkeys({HEAVY!r}))\n"
COMMAND = BLOCK + "from minicaffe.__main__ import main; sys.exit(main())"


def test_importing_minicaffe_imports_next_to_nothing() -> None:
    loaded = printed(f"import minicaffe; {LIST}")
    assert not [name for name in loaded if name.startswith("minicaffe.")]
    assert not [name for name in loaded if name.split(".")[0] in HEAVY]


def test_a_name_imports_its_module_alone() -> None:
    loaded = printed(f"import minicaffe; minicaffe.Timer; {LIST}")
    assert "minicaffe.common" in loaded
    assert "minicaffe.net.net" not in loaded


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["--version"]])
def test_help_needs_no_package(words: list[str]) -> None:
    done = python(COMMAND, *words)
    assert (done.returncode, done.stderr) == (0, "")
    if words == ["--help"]:
        assert "Train a network, or fine-tune or resume one" in done.stdout
        assert "parse_log           Turn the log of a training into tables" in done.stdout


@pytest.mark.parametrize("verb", verbs())
def test_the_help_of_a_verb_needs_no_package(
    verb: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = python(COMMAND, verb, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert main([verb, "--help"]) == 0
    assert done.stdout == capsys.readouterr().out
    assert done.stdout.startswith(f"usage: minicaffe {verb} [-h]")


def test_a_mistake_in_a_verbs_flags_needs_no_package() -> None:
    done = python(COMMAND, "train", "--solvr=x")
    assert (done.returncode, done.stdout) == (2, "")
    head, help = done.stderr.splitlines()
    assert head == "error[MC029]: unknown flag --solvr"
    assert help.startswith("  = help: did you mean --solver?")


def test_a_package_that_is_missing_is_named() -> None:
    done = python(COMMAND, "train", "--solver=x")
    assert done.returncode == 1
    assert "error[MC015]: minicaffe needs the package " in done.stderr
    assert "Traceback" not in done.stderr


def test_completion_shows_the_public_names_only() -> None:
    names = [name for name in dir(minicaffe) if not name.startswith("__")]
    assert names == sorted(name for name in minicaffe.__all__ if not name.startswith("__"))
    assert printed("import minicaffe; print(*dir(minicaffe))") == dir(minicaffe)


def test_every_public_name_is_there_in_a_fresh_process() -> None:
    for statement in ("from minicaffe import *", "import minicaffe as caffe"):
        code = f"{statement}\nimport minicaffe\nfor name in minicaffe.__all__:\n"
        code += "    got = getattr(minicaffe, name)\n"
        if "*" in statement:
            code += "    assert globals()[name] is got, name\n"
        assert printed(code) == []


@pytest.mark.parametrize(
    "code",
    [
        "import minicaffe as caffe; caffe.io.load_image; caffe.proto.caffe_pb2.NetParameter",
        "import minicaffe as caffe; caffe.net_spec.NetSpec; caffe.layers.ReLU; caffe.params",
        "from minicaffe import layers as L, params as P; L.ReLU; P.Pooling.MAX",
        "from minicaffe.proto import caffe_pb2; caffe_pb2.Datum",
        "import minicaffe.io; minicaffe.io.Transformer",
        "import minicaffe.cli; minicaffe.cli.main",
        "import minicaffe; minicaffe.errors.GraphError; minicaffe.net.Net; minicaffe.blob.Blob",
        "import minicaffe; assert 'Convolution' in minicaffe.layer_type_list()",
        "from minicaffe.layer import layer_class; layer_class('ReLU')",
        "import minicaffe, pickle; pickle.loads(pickle.dumps(minicaffe.Net)) is minicaffe.Net",
        "import minicaffe.cli, minicaffe.glog; assert callable(minicaffe.log)",
        "import minicaffe.glog, minicaffe; assert callable(minicaffe.log)",
        "from minicaffe import log; assert callable(log)",
        "from minicaffe.glog import log_to; import minicaffe; minicaffe.log('x')",
        "import minicaffe; assert not hasattr(minicaffe, 'nothing')",
        "import minicaffe; minicaffe.install_as_caffe(); import caffe, caffe.io, minicaffe.net.net"
        "; assert caffe.Net is minicaffe.net.net.Net; import caffe.blob as b"
        "; assert b.Blob is minicaffe.Blob",
    ],
)
def test_ways_to_the_names(code: str) -> None:
    assert printed(code) == []


def test_a_layer_of_a_users_own_cannot_take_a_built_in_type() -> None:
    code = "import minicaffe\n@minicaffe.register('ReLU')\nclass Mine(minicaffe.Layer): pass"
    done = python(code)
    assert done.stderr.endswith("ValueError: layer type ReLU is registered twice\n")


def test_type_checkers_see_the_same_names() -> None:
    """They read the imports under TYPE_CHECKING; Python finds each when it is first used."""
    tree = ast.parse(Path(minicaffe.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If) and node.body)
    seen = {
        alias.asname or alias.name: getattr(importlib.import_module(node.module), alias.name)
        for node in block.body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    here = {"__version__", "install_as_caffe"}
    assert set(seen) == set(minicaffe.__all__) - here
    for name, value in seen.items():
        assert getattr(minicaffe, name) is value
