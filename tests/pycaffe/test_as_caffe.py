"""``import caffe`` for programs that cannot be edited: on request only."""

from __future__ import annotations

import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

import minicaffe
from minicaffe import as_caffe
from tests.pycaffe.helpers import caffe_installed

ROOT = str(Path(minicaffe.__file__).parent.parent)

PROGRAM = """
import sys
import caffe
import caffe.io
import caffe.draw
import caffe.layers.vision.pooling
from caffe import layers as L, params as P
from caffe.proto import caffe_pb2
import caffe.proto.caffe_pb2 as pb
from caffe.coord_map import crop
import helper

import minicaffe
assert caffe is minicaffe and caffe.io is minicaffe.io
assert caffe_pb2 is pb is minicaffe.proto.caffe_pb2
assert caffe.layers.vision.pooling.Pooling is minicaffe.layers.vision.pooling.Pooling
assert P.Pooling.AVE == 1
if __name__ == "__main__":
    print(sys.argv, L.ReLU(L.Input()).fn.type_name, helper.caffe.TEST)
"""


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": ROOT}
    return subprocess.run(
        [sys.executable, "-W", "error", *arguments], capture_output=True, text=True, env=environment
    )


@pytest.fixture
def program(tmp_path: Path) -> str:
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "script.py").write_text(PROGRAM)
    (folder / "helper.py").write_text("import caffe")
    return str(folder / "script.py")


def test_never_by_default():
    done = python("-c", "import minicaffe, importlib.util as u; print(u.find_spec('caffe'))")
    assert done.stdout == "None\n"


def test_install(tmp_path):
    with caffe_installed():
        import caffe
        import caffe.net_spec
        from caffe import params as P
        from caffe.proto import caffe_pb2

        assert caffe is minicaffe
        assert caffe_pb2.NetParameter is minicaffe.proto.caffe_pb2.NetParameter
        assert P.Eltwise.MAX == caffe_pb2.EltwiseParameter.MAX
        minicaffe.install_as_caffe()  # again: no harm
        assert sys.modules["caffe.io"] is minicaffe.io
    assert "caffe" not in sys.modules


def test_another_caffe_is_not_replaced(monkeypatch):
    other = types.ModuleType("caffe")
    other.__file__ = "/elsewhere/caffe.py"
    monkeypatch.setitem(sys.modules, "caffe", other)
    with pytest.raises(minicaffe.MinicaffeError, match=r"already imported from /elsewhere/caffe"):
        minicaffe.install_as_caffe()
    assert sys.modules["caffe"] is other
    assert "caffe.io" not in sys.modules


def test_a_script(program):
    done = python("-m", "minicaffe.as_caffe", program, "--gpu", "0")
    assert done.stderr == ""
    assert done.stdout == f"['{program}', '--gpu', '0'] ReLU 1\n".replace("\\", "\\\\")


def test_a_module(program, monkeypatch):
    monkeypatch.chdir(Path(program).parent)
    done = python("-m", "minicaffe.as_caffe", "-m", "script", "x")
    assert done.stderr == ""
    assert done.stdout.endswith("'x'] ReLU 1\n")


def test_a_scripts_exit_status_is_kept(tmp_path):
    (tmp_path / "exit.py").write_text("import caffe, sys; sys.exit(7)")
    assert python("-m", "minicaffe.as_caffe", "exit.py").returncode == 7


def test_usage(capsys):
    assert as_caffe.main(["--help"]) == 0
    assert "install_as_caffe" in capsys.readouterr().out
    for wrong in ([], ["-m"], ["-x", "script.py"]):
        assert as_caffe.main(wrong) == 2
        assert capsys.readouterr().err.startswith("usage: python -m minicaffe.as_caffe")
    assert as_caffe.main(["nowhere.py"]) == 2
    assert capsys.readouterr().err == "nowhere.py: there is no such script\n"


def test_in_process(program, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["as_caffe", program, "1"])
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    with caffe_installed():
        assert as_caffe.main() == 0
    assert "ReLU 1" in capsys.readouterr().out
    sys.modules.pop("helper", None)
