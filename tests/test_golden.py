"""Every reference result of the real Caffe in ``golden/``, one test each.

``golden/check_golden.py`` drives the public interface and compares; here its cases become
tests. The same cases run by hand with ``python tests/golden/check_golden.py tests/golden``.
"""

from __future__ import annotations

import argparse
import functools
from pathlib import Path

import numpy as np
import pytest

import minicaffe
from minicaffe import engines
from minicaffe.proto.io import read_net, read_solver
from minicaffe.proto.printing import to_text
from tests.golden import check_golden as golden
from tests.pycaffe.helpers import caffe_installed

FOLDER = Path(__file__).parent / "golden"
OPTIONS = argparse.Namespace(perturb=0.0, rtol=golden.RTOL, atol=golden.ATOL, models=None)


@pytest.fixture(autouse=True)
def on_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference engine here; ``engines/test_golden.py`` runs the same cases on oneDNN."""
    monkeypatch.setenv(engines.VARIABLE, "numpy")


@functools.cache
def bundles() -> dict[str, tuple]:
    return {case["name"]: (case, arrays) for case, arrays, _ in golden.load_bundles(str(FOLDER))}


def names(*kinds: str) -> list[str]:
    return [name for name, (case, _) in bundles().items() if case["kind"] in kinds]


@pytest.mark.parametrize("name", names("net", "solver", "files", "calls"))
def test_agrees_with_caffe(name: str) -> None:
    case, arrays = bundles()[name]
    if "hdf5" in name:
        pytest.importorskip("h5py", reason="HDF5 snapshots need h5py")
    # one case says "from caffe import layers"
    with caffe_installed(), np.errstate(all="ignore"):
        golden.check_case(minicaffe, case, arrays, str(FOLDER), OPTIONS)


def use(case: dict) -> None:
    if case.get("solver"):
        minicaffe.get_solver("solver.prototxt").step(1)
    else:
        minicaffe.Net("net.prototxt", getattr(minicaffe, case["phase"])).forward()


@pytest.mark.parametrize("name", names("rejected"))
def test_is_refused_with_an_explanation(name: str) -> None:
    case, _ = bundles()[name]
    with golden.work_folder():
        golden.write("net.prototxt", case["prototxt"])
        if case.get("solver"):
            golden.write("solver.prototxt", case["solver"])
        with pytest.raises(minicaffe.MinicaffeError) as caught:
            use(case)
    text = str(caught.value)
    assert "prototxt" in text.split(":")[0], f"the message does not begin with the file: {text}"


@pytest.mark.parametrize("name", names("text"))
def test_upgrade(name: str, tmp_path: Path) -> None:
    case, _ = bundles()[name]
    path = tmp_path / "old.prototxt"
    path.write_text(case["text"], encoding="utf-8")
    read = read_net if case["message"] == "NetParameter" else read_solver
    upgraded = golden.parse_text(to_text(read(str(path))))
    assert golden.differ(golden.parse_text(case["upgraded"]), upgraded) is None
