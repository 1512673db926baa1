"""``minicaffe show``; what is in the figures is tested in tests/show."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import minicaffe
from minicaffe import cli
from minicaffe.zoo import networks_folder
from tests.show.test_subject import NET

image_module = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
pytest.importorskip("matplotlib", reason="matplotlib is not installed")

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def deploy(tiny: Path) -> Path:
    """The folder with a net for pictures, its weights, names, and pictures in a folder."""
    (tiny / "deploy.prototxt").write_text(NET, encoding="utf-8")
    with minicaffe.Net("deploy.prototxt", minicaffe.TEST, seed=1) as net:
        net.save("w.caffemodel")
    with minicaffe.Net("net.prototxt", minicaffe.TEST, seed=1) as net:
        net.save("t.caffemodel")
    (tiny / "names.txt").write_text("a\nb\nc\nd\ne\n")
    (tiny / "two.txt").write_text("a\nb\n")
    (tiny / "photos").mkdir()
    for name, source in (("deploy", "deploy"), ("train_val", "net"), ("solver", "solver")):
        text = Path(f"{source}.prototxt").read_text(encoding="utf-8")
        (tiny / "mynet").mkdir(exist_ok=True)
        (tiny / "mynet" / f"{name}.prototxt").write_text(text, encoding="utf-8")
    for number in range(2):
        pixels = np.random.default_rng(number).integers(0, 256, (9, 7, 3), dtype=np.uint8)
        image_module.fromarray(pixels).save(tiny / "photos" / f"p{number}.png")
    return tiny


@pytest.mark.parametrize(
    ("words", "files"),
    [
        (["filters", "deploy.prototxt", "w.caffemodel", "--layer=ip"], ["filters_ip"]),
        (
            ["activations", "deploy.prototxt", "w.caffemodel", "photos"],
            ["activations_p0", "activations_p1"],
        ),
        (
            ["gradients", "deploy.prototxt", "w.caffemodel", "photos/p0.png", "--class=2",
             "--labels=names.txt"],
            ["gradients_p0"],
        ),
        (["saliency", "deploy.prototxt", "w.caffemodel", "photos/p1.png"], ["saliency_p1"]),
        (
            ["embedding", "deploy.prototxt", "w.caffemodel", "photos", "--layer", "conv"],
            ["embedding", "neighbours"],
        ),
        (["confusion", "net.prototxt", "t.caffemodel", "--iterations=2"], ["confusion"]),
        (["lr-find", "solver.prototxt", "--iterations=3"], ["lr-find"]),
    ],
)  # fmt: skip
def test_figures_are_written(words: list[str], files: list[str], deploy: Path) -> None:
    assert cli.main(["show", *words, "-o", "out", "--format=svg"]) == 0
    assert sorted(path.name for path in (deploy / "out").iterdir()) == [f"{f}.svg" for f in files]


@pytest.mark.parametrize(
    ("words", "weights", "files"),
    [
        (["filters", "mynet", "--layer=ip"], "w", ["filters_ip"]),
        (["activations", "mynet", "photos"], "w", ["activations_p0", "activations_p1"]),
        (["gradients", "mynet", "w.caffemodel", "photos/p0.png"], "", ["gradients_p0"]),
        (["saliency", "mynet", "photos/p0.png"], "w", ["saliency_p0"]),
        (["confusion", "mynet", "--iterations=2"], "t", ["confusion"]),
        (["lr-find", "mynet", "--iterations=3"], "", ["lr-find"]),
    ],
)
def test_a_models_folder_has_the_file_for_each_kind(
    words: list[str], weights: str, files: list[str], deploy: Path, capsys: Capture
) -> None:
    if weights:
        (deploy / f"{weights}.caffemodel").rename(deploy / "mynet" / "m_iter_7.caffemodel")
    assert cli.main(["show", *words, "-o", "out", "--format=svg"]) == 0
    assert sorted(path.name for path in (deploy / "out").iterdir()) == [f"{f}.svg" for f in files]
    said = "The weights are those of mynet/m_iter_7.caffemodel" in capsys.readouterr().err
    assert said == bool(weights)


def test_a_network_with_weights_needs_only_its_name(
    deploy: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli.main(["show", "gradients", "lenet_bn", "photos/p0.png", "--class=9"]) == 0
    assert (deploy / "gradients_p0.png").stat().st_size
    assert cli.main(["show", "filters", "resnet50"]) == 2
    assert "WEIGHTS is missing" in capsys.readouterr().err
    monkeypatch.chdir(networks_folder().parent)
    assert cli.main(["show", "batch", "lenet_bn", "-o", str(deploy / "out")]) == 0


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (["filter", "deploy.prototxt", "w.caffemodel"], 2, "KIND"),
        (["filters", "deploy.prototxt"], 2, "WEIGHTS is missing"),
        (["saliency", "deploy.prototxt", "w.caffemodel"], 2, "PICTURES are missing"),
        (["filters", "mynet"], 1, "there are no weights in this folder yet"),
        (["batch", "photos"], 1, "there is no train_val.prototxt in this folder"),
        (["filters", "lenet_b"], 1, "did you mean `lenet_bn`"),
        (["filters", "deploy.prototxt", "no.caffemodel"], 1, "no.caffemodel"),
        (["filters", "deploy.prototxt", "w.caffemodel", "--layer=cnv"], 1, "`conv`"),
        (["activations", "deploy.prototxt", "w.caffemodel", "none.png"], 1, "none.png"),
        (["activations", "net.prototxt", "t.caffemodel", "photos"], 1, "no input of 1 or 3"),
        (["gradients", "deploy.prototxt", "w.caffemodel", "photos", "--class=9"], 1, "no class 9"),
        (
            ["gradients", "deploy.prototxt", "w.caffemodel", "photos", "--labels=two.txt"],
            1, "2 names found",
        ),
        (["batch", "net.prototxt"], 1, "reads pictures"),
        (["batch", "deploy.prototxt"], 1, "the net reads no data"),
        (["top-losses", "net.prototxt", "t.caffemodel"], 1, "reads no pictures"),
        (["lr-find", "solver.prototxt", "--lowest=2"], 1, "lowest < highest"),
    ],
)  # fmt: skip
def test_mistakes(
    words: list[str], code: int, complaint: str, deploy: Path, capsys: Capture
) -> None:
    assert cli.main(["show", *words, "-o", "out"]) == code
    assert complaint in capsys.readouterr().err
    assert not (deploy / "out").exists()


def test_pictures_of_one_name_have_a_figure_each(deploy: Path, capsys: Capture) -> None:
    for other in ("photos/p0.bmp", "more/P0.png", "more/p0_2.png"):
        (deploy / other).parent.mkdir(exist_ok=True)
        with image_module.open("photos/p0.png") as picture:
            picture.save(deploy / other)
    words = ["gradients", "deploy.prototxt", "w.caffemodel", "photos", "more", "--class=1"]
    assert cli.main(["show", *words, "-o", "out"]) == 0
    written = [line.removeprefix("Wrote ") for line in capsys.readouterr().out.splitlines()]
    assert len(written) == 5
    assert len({file.lower() for file in written}) == 5
    assert all(Path(file).stat().st_size for file in written)


def test_a_folder_that_cannot_be_made_is_told(deploy: Path, capsys: Capture) -> None:
    words = ["show", "filters", "deploy.prototxt", "w.caffemodel", "--layer=ip", "-o", "names.txt"]
    assert cli.main(words) == 1
    assert "error[MC004]: cannot write the file" in capsys.readouterr().err
    assert (deploy / "names.txt").read_text() == "a\nb\nc\nd\ne\n"


def test_without_matplotlib(deploy: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert cli.main(["show", "filters", "deploy.prototxt", "w.caffemodel"]) == 1
    assert "pip install 'minicaffe[plot]'" in capsys.readouterr().err
