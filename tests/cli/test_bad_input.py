"""A newcomer's mistakes, end to end: one clear error, exit status 1, nothing overwritten."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from minicaffe import cli
from tests.told import one_line_each

Capture = pytest.CaptureFixture[str]
Spoil = Callable[[Path], None]


def replace(file: str, old: str, new: str) -> Spoil:
    """Replace text in a file, which must hold it."""

    def spoil(folder: Path) -> None:
        text = (folder / file).read_text()
        assert old in text
        (folder / file).write_text(text.replace(old, new))

    return spoil


def both(first: Spoil, second: Spoil) -> Spoil:
    """Do one thing after the other."""

    def spoil(folder: Path) -> None:
        first(folder)
        second(folder)

    return spoil


def write(file: str, content: bytes) -> Spoil:
    """Write a file, in a new directory if need be."""

    def spoil(folder: Path) -> None:
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_bytes(content)

    return spoil


def add(layer: str) -> Spoil:
    """Add a layer to the network."""
    return replace("net.prototxt", 'name: "tiny"', f'name: "tiny"\n{layer}')


NET, SOLVER = "net.prototxt", "solver.prototxt"
DATA = 'layer {{ name: "d" type: "Data" top: "x" data_param {{ batch_size: 2 {} }} }}'

MISTAKES: dict[str, tuple[Spoil, list[str]]] = {
    "missing net": (
        lambda folder: (folder / NET).unlink(),
        ["net.prototxt: there is no such file", "(it is named in solver.prototxt)"],
    ),
    "empty net": (write(NET, b""), ["net.prototxt", "empty"]),
    "binary net": (write(NET, b"\x0a\x04tiny\x00\xff\xfe\x9c"), ["net.prototxt", "binary"]),
    "text that is no prototxt": (write(NET, b"hello, world"), ["net.prototxt:1:"]),
    "unknown field": (
        replace(NET, "num_output", "num_outptu"),
        ["net.prototxt:14:", "unknown field `num_outptu`", "did you mean `num_output`?"],
    ),
    "unknown layer type": (
        replace(NET, '"InnerProduct"', '"InerProduct"'),
        [
            "net.prototxt:13:20: layer 'ip': unknown layer type 'InerProduct'",
            "did you mean `InnerProduct`?",
        ],
    ),
    "layer type of a fork": (
        replace(NET, '"InnerProduct"', '"CPMData"'),
        ["net.prototxt:13:20: layer 'ip': unknown layer type 'CPMData'", "OpenPose"],
    ),
    "blob that no one produces": (
        replace(NET, 'bottom: "data"', 'bottom: "dta"'),
        ["net.prototxt:13:43: layer 'ip'", "dta", "did you mean `data`?"],
    ),
    "blob produced twice": (
        add('layer { name: "again" type: "DummyData" top: "data" '
            "dummy_data_param { shape { dim: 1 } } }"),
        ["net.prototxt:5:39: layer 'data'", "produced by layer 'again' (line 3)"],
    ),
    "shapes that do not fit": (
        replace(NET, "shape { dim: 4 }\n", "shape { dim: 5 }\n"),
        ["net.prototxt:16:1: layer 'loss' (SoftmaxWithLoss)", "5", "4"],
    ),
    "label outside the classes": (
        replace(NET, "value: 1", "value: 7"),
        ["net.prototxt:16:1: layer 'loss'", "label", "7", "2"],
    ),
    "database that is not there": (
        add(DATA.format('source: "nowhere_lmdb" backend: LMDB')),
        ["net.prototxt:3:76: layer 'd' (Data)", "nowhere_lmdb"],
    ),
    "truncated database": (
        both(
            write("cut_lmdb/data.mdb", b"\x00" * 100),
            add(DATA.format('source: "cut_lmdb" backend: LMDB')),
        ),
        ["net.prototxt:3:76: layer 'd' (Data)", "cut_lmdb"],
    ),
    "missing solver": (lambda folder: (folder / SOLVER).unlink(), ["solver.prototxt"]),
    "poly without max_iter": (
        both(replace(SOLVER, "max_iter: 10", ""), replace(SOLVER, '"fixed"', '"poly"')),
        ["solver.prototxt:6:1: ", "max_iter"],
    ),
    "unknown policy": (
        replace(SOLVER, '"fixed"', '"fxied"'),
        ["solver.prototxt:6:", "did you mean `fixed`?"],
    ),
    "nowhere to put snapshots": (
        replace(SOLVER, '"tiny"', '"nowhere/tiny"'),
        ["solver.prototxt:9: cannot write to snapshot prefix", "nowhere", "No such file"],
    ),
    "step without stepsize": (
        replace(SOLVER, '"fixed"', '"step"'),
        ["solver.prototxt:6:1: lr_policy 'step' needs a stepsize"],
    ),
    "missing mean file": (
        add(
            'layer { name: "d" type: "MemoryData" top: "x" top: "y" memory_data_param { '
            "batch_size: 1 channels: 1 height: 1 width: 1 } "
            'transform_param { mean_file: "mean.binaryproto" } }'
        ),
        ["mean.binaryproto: layer 'd' (MemoryData)", "no such file (named at net.prototxt:3)"],
    ),
    "a layer in place that cannot": (
        both(
            replace(NET, 'top: "ip"', 'top: "data"'),
            replace(NET, 'bottom: "ip"', 'bottom: "data"'),
        ),
        ["net.prototxt:13:55: layer 'ip' (InnerProduct)", "cannot run in place"],
    ),
    "a layer that the phase leaves out": (
        replace(NET, 'name: "ip"', 'name: "ip" include { phase: TEST }'),
        ["net.prototxt:16:54: layer 'loss'", "layer 'ip' does, but its include or exclude rules"],
    ),
    "layer without a type": (
        replace(NET, 'type: "InnerProduct"', ""),
        ["net.prototxt:12:1: layer 'ip': the layer has no type"],
    ),
    "loss that is not a number": (
        replace(NET, '"xavier"', '"gaussian" std: 1e38'),
        ["solver.prototxt:5:", " at iteration ", "lower base_lr"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake(mistake: str, tiny: Path, capsys: Capture) -> None:
    spoil, complaints = MISTAKES[mistake]
    (tiny / "tiny_iter_10.caffemodel").write_text("precious")
    spoil(tiny)
    assert cli.main(["train", "-solver=solver.prototxt"]) == 1
    lines = one_line_each(capsys.readouterr().err).splitlines()
    errors = [line for line in lines if line.startswith("error: ")]
    assert len(errors) == 1, lines
    for complaint in complaints:
        assert complaint in errors[0]
    assert "Traceback" not in "".join(lines)
    assert (tiny / "tiny_iter_10.caffemodel").read_text() == "precious"


def test_snapshot_of_another_net(tiny: Path, capsys: Capture) -> None:
    assert cli.main(["train", "-solver=solver.prototxt", "--iterations=5"]) == 0
    replace(NET, "num_output: 2", "num_output: 3")(tiny)
    capsys.readouterr()
    words = ["train", "-solver=solver.prototxt", "-snapshot=tiny_iter_5.solverstate"]
    assert cli.main(words) == 1
    error = one_line_each(capsys.readouterr().err).splitlines()[-1]
    assert error.startswith("error: tiny_iter_5.solverstate")
    assert "ip" in error
    assert not (tiny / "tiny_iter_10.caffemodel").exists()


@pytest.mark.parametrize("content", [b"", b"name: 'text'", b"\x0a\x04tiny\x12\xff"])
def test_weights_that_are_none(content: bytes, tiny: Path, capsys: Capture) -> None:
    (tiny / "w.caffemodel").write_bytes(content)
    assert cli.main(["test", "-model=net.prototxt", "-weights=w.caffemodel"]) == 1
    assert (
        one_line_each(capsys.readouterr().err).splitlines()[-1].startswith("error: w.caffemodel: ")
    )
