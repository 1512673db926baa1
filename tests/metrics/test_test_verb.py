"""``minicaffe test --metrics``: tables, and JSON that says the same."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from minicaffe import TEST, Net, cli
from tests.told import one_line_each

Capture = pytest.CaptureFixture[str]

CLASSES = 6
NET = f"""
layer {{
  name: "data" type: "DummyData" top: "x" top: "label"
  dummy_data_param {{
    shape {{ dim: 20 dim: 4 }} shape {{ dim: 20 }}
    data_filler {{ type: "gaussian" }} data_filler {{ type: "uniform" max: {CLASSES} }}
  }}
}}
layer {{
  name: "ip" type: "InnerProduct" bottom: "x" top: "y"
  inner_product_param {{ num_output: {CLASSES} weight_filler {{ type: "xavier" }} }}
}}
layer {{ name: "loss" type: "SoftmaxWithLoss" bottom: "y" bottom: "label" top: "loss" }}
"""


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder with ``net.prototxt``, ``w.caffemodel`` and ``names.txt``, the current one."""
    monkeypatch.chdir(tmp_path)
    Path("net.prototxt").write_text(NET)
    with Net("net.prototxt", TEST) as net:
        net.save("w.caffemodel")
    Path("names.txt").write_text("".join(f"kind {label}\n" for label in range(CLASSES)))
    return tmp_path


def words(*more: str) -> list[str]:
    return ["test", "--model=net.prototxt", "--weights=w.caffemodel", "--iterations=3", *more]


def test_json(net: Path, capsys: Capture) -> None:
    metrics = "--metrics=confusion,per-class,top5,map,map11"
    assert cli.main(words(metrics, "--json", "--labels=names.txt")) == 0
    found = json.loads(capsys.readouterr().out)
    counts = np.array(found["confusion"])
    assert counts.shape == (CLASSES, CLASSES)
    assert found["items"] == counts.sum() == 60
    assert found["accuracy"] == counts.trace() / 60
    assert found["per_class"][2]["name"] == "kind 2"
    assert [each["count"] for each in found["per_class"]] == counts.sum(axis=1).tolist()
    assert found["top5"] >= found["accuracy"]
    values = [each["average_precision"] for each in found["map_per_class"]]
    assert found["map"] == pytest.approx(np.mean(values))
    assert 0 < found["map11"] < 1


def test_tables(net: Path, capsys: Capture) -> None:
    assert cli.main(words("--metrics=confusion,per-class,top2,map", "--labels=names.txt")) == 0
    out, log = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0].endswith("of 60 items in 3 batches")
    assert lines[1].startswith("top 2 0.")
    assert [word for line in lines for word in line.split("  ") if word.startswith("kind 0")]
    (head,) = [line for line in lines if line.startswith("true \\ predicted")]
    matrix = lines[lines.index(head) + 1 :]
    assert len(matrix) == CLASSES
    total = sum(int(word) for line in matrix for word in line.split()[2:])
    assert total == 60
    assert "] Running for 3 iterations." in log  # what caffe test says is said all the same


def test_many_classes_are_shown_by_the_commonest_mistakes(net: Path, capsys: Capture) -> None:
    Path("net.prototxt").write_text(NET.replace("num_output: 6", "num_output: 40"))
    with Net("net.prototxt", TEST) as wide:
        wide.save("w.caffemodel")
    assert cli.main(words("--metrics=confusion")) == 0
    lines = capsys.readouterr().out.splitlines()
    start = lines.index("true class  predicted  items")
    counts = [int(line.split()[-1]) for line in lines[start + 1 :]]
    assert 1 < len(counts) <= 20
    assert counts == sorted(counts, reverse=True)


@pytest.mark.parametrize(
    ("flags", "status", "message"),
    [
        (["--metrics=confusing"], 1, "there is no metric 'confusing'; did you mean `confusion`?"),
        (["--json"], 2, "--json is given without --metrics"),
        (["--labels=names.txt"], 2, "--labels is given without --metrics"),
        (["--metrics=top9"], 1, "'top9' is asked of a net with only 6 classes"),
        (["--metrics=top1", "--labels=few.txt"], 1, "1 names found; expected a line for each"),
    ],
)
def test_mistakes(flags: list[str], status: int, message: str, net: Path, capsys: Capture) -> None:
    Path("few.txt").write_text("one\n")
    assert cli.main(words(*flags)) == status
    out, log = capsys.readouterr()
    assert message in one_line_each(log)
    assert not out
