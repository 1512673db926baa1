"""``minicaffe fit_target``: the files that it writes, what it prints, what it refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from minicaffe import TEST, Net, cli
from minicaffe.convert.targets import fit

NET = """
layer { name: "data" type: "Input" top: "data" input_param {
        shape { dim: 1 dim: 3 dim: 9 dim: 7 } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" convolution_param {
        num_output: 4 kernel_size: 3 weight_filler { type: "msra" } } }
layer { name: "relu" type: "ReLU6" bottom: "conv" top: "conv" }
layer { name: "pool" type: "Pooling" bottom: "conv" top: "pool"
        pooling_param { kernel_size: 2 stride: 2 round_mode: FLOOR } }
layer { name: "gate" type: "TanH" bottom: "pool" top: "gate" }
"""
FLAGS = ["fit_target", "--model=net.prototxt", "--weights=w.caffemodel", "-o", "out"]

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a net and its weights, made the current one."""
    monkeypatch.chdir(tmp_path)
    Path("net.prototxt").write_text(NET, encoding="utf-8")
    with Net("net.prototxt", TEST, seed=2) as net:
        net.save("w.caffemodel")
    return tmp_path


def test_both_files_are_written_and_all_values_compared(folder: Path, capsys: Capture) -> None:
    assert cli.main([*FLAGS, "--target=ncnn"]) == 0
    told = capsys.readouterr()
    assert "pool: ncnn does not read round_mode, and would compute something else." in told.err
    assert "Wrote out.prototxt and out.caffemodel" in told.err
    assert "5 values compared; 0 only in the net before, 1 only in the net after" in told.err
    rows = [line.split()[:2] for line in told.out.splitlines()[1:]]
    assert rows == [
        ["data", "data"],
        ["conv", "conv/conv"],
        ["relu", "conv"],
        ["pool", "pool"],
        ["gate", "gate"],
    ]
    x = np.random.default_rng(1).normal(size=(1, 3, 9, 7))
    with (
        Net("net.prototxt", TEST, weights="w.caffemodel") as before,
        Net("out.prototxt", TEST, weights="out.caffemodel") as after,
    ):
        np.testing.assert_allclose(
            after.forward(data=x)["gate"], before.forward(data=x)["gate"], rtol=1e-4, atol=1e-5
        )


def test_the_targets_spelling(folder: Path) -> None:
    assert cli.main([*FLAGS, "--target=opencv4"]) == 0
    text = Path("out.prototxt").read_text(encoding="utf-8")
    assert "    ceil_mode: false\n" in text
    assert "round_mode" not in text
    with Net("out.prototxt", TEST) as net:  # which our reader understands, too
        assert net.blobs["gate"].shape == (1, 4, 3, 2)
    assert cli.main([*FLAGS, "--target=tidl"]) == 0
    text = Path("out.prototxt").read_text(encoding="utf-8")
    assert 'type: "Tanh"' in text
    assert text.count("layer {") == 8


def test_what_cannot_be_mended_is_told_and_nothing_is_written(
    folder: Path, capsys: Capture
) -> None:
    assert cli.main([*FLAGS, "--target=novatek"]) == 1
    told = capsys.readouterr().err
    assert "error[MC504]: layer 'conv' (Convolution): it is not known whether novatek" in told
    assert " --> net.prototxt:4:28\n" in told
    assert "error[MC504]: layer 'gate' (TanH)" in told
    assert not list(folder.glob("out*"))
    assert cli.main([*FLAGS, "--target=nnnie"]) == 1
    told = capsys.readouterr().err
    assert "there is no target 'nnnie'" in told
    assert "did you mean `nnie`?" in told


def test_a_difference_is_refused(
    folder: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(*args: object, **options: object):  # type: ignore[no-untyped-def]
        fitted = fit(*args, **options)  # type: ignore[arg-type]
        fitted.blobs["conv"][1][2] += 1
        return fitted

    monkeypatch.setattr("minicaffe.convert.targets.fit", wrong)
    assert cli.main([*FLAGS, "--target=bvlc"]) == 1
    told = capsys.readouterr()
    assert "computes something else, first in layer 'conv', value 'conv/conv'" in told.err
    assert "only channels 2" in told.out
    assert not list(folder.glob("out*"))
