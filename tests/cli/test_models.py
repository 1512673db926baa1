"""``minicaffe models``."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from minicaffe import cli, zoo
from minicaffe.data.backends import open_source
from minicaffe.zoo import datasets_folder
from tests.told import one_line_each

Capture = pytest.CaptureFixture[str]


def test_lists_every_network(capsys: Capture) -> None:
    assert cli.main(["models"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == [
        "model", "parameters", "multiply-adds", "top", "1", "top", "5", "images", "source",
    ]  # fmt: skip
    names = [network.name for network in zoo.networks()]
    assert [row.split()[0] for row in rows[: len(names)]] == names
    (resnet,) = [row for row in rows if row.startswith("resnet50 ")]
    assert "25,557,096" in resnet
    assert "77.15 % * 93.29 % * ImageNet K. He" in " ".join(resnet.split())
    (lenet,) = [row for row in rows if row.startswith("lenet ")]
    assert "85.75 % - Fashion-MNIST Y. LeCun" in " ".join(lenet.split())
    assert rows[-1].startswith("* what the source states")


def test_lines_fit_the_terminal(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size((97, 20)))
    assert cli.main(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) == 97
    assert any(line.endswith("...") for line in lines)


def test_shows_one(capsys: Capture) -> None:
    assert cli.main(["models", "mobilenet"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for line in (
        "name: MobileNet", "input: 3 x 224 x 224", "parameters: 4,231,976",
        "accuracy: not measured", "expected_accuracy: 70.60 %", "files:",
        f"  {zoo.network('mobilenet').folder / 'solver.prototxt'}",
    ):  # fmt: skip
        assert line in lines


def test_prints_folders_for_scripts(capsys: Capture) -> None:
    assert cli.main(["models", "--path"]) == 0
    assert cli.main(["models", "lenet", "--path"]) == 0
    every, one = (Path(line) for line in capsys.readouterr().out.splitlines())
    assert one == every / "lenet"
    assert (one / "deploy.prototxt").is_file()


def test_prints_json_for_programs(capsys: Capture) -> None:
    assert cli.main(["models", "--json"]) == 0
    every = json.loads(capsys.readouterr().out)
    assert cli.main(["models", "--json", "vgg16"]) == 0
    vgg = json.loads(capsys.readouterr().out)
    assert vgg in every
    assert [item["model"] for item in every] == [network.name for network in zoo.networks()]
    assert (vgg["parameters"], vgg["accuracy"], vgg["expected_accuracy"]) == (138357544, None, 0.73)
    assert "train_val.prototxt" in vgg["files"]


def test_an_unknown_network_gets_a_suggestion(capsys: Capture) -> None:
    assert cli.main(["models", "resnet51"]) == 1
    assert one_line_each(capsys.readouterr().err) == (
        "error: there is no network 'resnet51'; did you mean `resnet50`?\n"
    )


def test_copies_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["models", "lenet_bn", "--copy", "net", "--with-data"]) == 0
    assert "now run: minicaffe train net" in capsys.readouterr().out
    assert Path("net/fashion_mnist/train_lmdb/data.mdb").is_file()
    assert cli.main(["test", "net", "--iterations=1", "--metrics=accuracy"]) == 0  # its weights
    assert capsys.readouterr().out.startswith("accuracy 0.")


def test_prints_the_weights_that_come_with_a_network(capsys: Capture) -> None:
    assert cli.main(["models", "lenet_bn", "--weights"]) == 0
    assert Path(capsys.readouterr().out.strip()).is_file()
    assert cli.main(["models", "resnet50", "--weights"]) == 1
    assert "no weights of resnet50 come with minicaffe" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--weights"], "--weights is given without a network"),
        (["--copy=x"], "--copy is given without a network"),
        (["lenet", "--with-data"], "--with_data is given without --copy"),
    ],
)
def test_bad_usage(words: list[str], message: str, capsys: Capture) -> None:
    assert cli.main(["models", *words]) == 2
    assert message in capsys.readouterr().err


def test_classifies_in_the_first_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """The name of the network is enough: weights and names of classes come with it."""
    image_module = pytest.importorskip("PIL.Image", reason="image files need Pillow")
    monkeypatch.chdir(tmp_path)
    records = open_source(str(datasets_folder() / "fashion_mnist" / "test_lmdb")).read(8)
    right = 0
    for image, label in zip(records.images, records.labels, strict=True):
        image_module.fromarray(image[0]).save("picture.png")
        assert cli.main(["classify", "picture.png", "--model=lenet_bn", "--json", "--top=1"]) == 0
        (best,) = json.loads(capsys.readouterr().out)["classes"]
        right += best["label"] == label
        assert best["name"]
    assert right >= 6
