"""From a folder of photographs to a model that names them, by four commands."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from minicaffe import cli

image_module = pytest.importorskip("PIL.Image", reason="image files need Pillow")
pytest.importorskip("lmdb", reason="LMDB tests need the package lmdb")

Capture = pytest.CaptureFixture[str]

COLOURS = ("blue", "green", "red")


def photograph(colour: str, seed: int) -> np.ndarray:
    """Height × width × red, green, blue: noise that is lighter in one channel."""
    pixels = np.random.default_rng(seed).normal(80, 30, (20, 20, 3))
    pixels[:, :, 2 - COLOURS.index(colour)] += 90
    return np.clip(pixels, 0, 255).astype(np.uint8)


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Photographs in ``photos/``; the current directory is its parent."""
    monkeypatch.chdir(tmp_path)
    for colour in COLOURS:
        Path("photos", colour).mkdir(parents=True)
        for index in range(12):
            pixels = photograph(colour, index + 100 * COLOURS.index(colour))
            image_module.fromarray(pixels).save(f"photos/{colour}/{index}.png")
    return tmp_path


def run(*words: str) -> None:
    assert cli.main(list(words)) == 0


def test_from_a_folder_to_a_model(photos: Path, capsys: Capture) -> None:
    run("convert_imageset", "photos/", "db", "--split", "0.75")
    run("new", "mynet", "--from", "lenet_bn", "--data", "db", "--epochs", "12")
    assert "now run: minicaffe train mynet" in capsys.readouterr().out
    assert run_lint() == 0
    run("train", "mynet")
    image_module.fromarray(photograph("green", 999)).save("photo.png")
    capsys.readouterr()
    run("classify", "photo.png", "--model", "mynet", "--json")
    best = json.loads(capsys.readouterr().out)["classes"][0]
    assert (best["label"], best["name"]) == (1, "green")
    run("test", "mynet", "--metrics", "per-class,confusion", "--json")
    printed = capsys.readouterr()
    last = max(int(path.stem.split("_")[-1]) for path in Path("mynet").glob("*.solverstate"))
    assert f"mynet_iter_{last}.caffemodel." in printed.err  # not of one in between
    found = json.loads(printed.out)
    assert found["items"] == 9
    assert found["accuracy"] == 1
    assert [each["name"] for each in found["per_class"]] == list(COLOURS)


def run_lint() -> int:
    return cli.main(["lint", "mynet/train_val.prototxt", "mynet/solver.prototxt",
                     "mynet/deploy.prototxt"])  # fmt: skip


def test_pictures_get_the_size_of_the_databases_images(photos: Path, capsys: Capture) -> None:
    """resnet20 cuts squares out of them, as of the images in the database."""
    run("convert_imageset", "photos/", "db")
    run("new", "mynet", "--from", "resnet20", "--data", "db")
    run("train", "mynet", "--iterations", "1")
    wide = np.concatenate([photograph("red", 1)] * 4, axis=1)
    for name, pixels in (("wide", wide), ("usual", photograph("red", 1))):
        image_module.fromarray(pixels).save(f"{name}.png")
    capsys.readouterr()
    scores = []
    for flags in ([], ["--size=20,20"], ["--size=20,80"]):
        run("classify", "wide.png", "--model=mynet", "--json", "--top=3", *flags)
        scores.append(json.loads(capsys.readouterr().out)["classes"])
    assert scores[0] == scores[1] != scores[2]


def test_a_folder_in_place_of_files(photos: Path, capsys: Capture) -> None:
    run("convert_imageset", "photos/", "db")
    run("new", "mynet", "--from", "lenet_bn", "--data", "db")
    for words, status, message in (
        (["train", "photos"], 1, "there is no solver.prototxt in this folder"),
        (["train", "mynet", "--solver=x"], 2, "--solver is given besides the folder mynet"),
        (["train", "mynet/solver.prototxt"], 2, "did you mean --solver=mynet/solver.prototxt?"),
        (["test", "mynet", "--model=x"], 2, "--model is given besides the folder mynet"),
        (["test", "mynet"], 1, "there are no weights in this folder yet"),
        (["test"], 2, "missing: --model, --weights"),
        (["classify", "photos/red/1.png", "--model=mynet"], 1, "there are no weights in this"),
        (["classify", "photos/red/1.png", "--model=db"], 1, "there is no deploy.prototxt in this"),
    ):
        assert cli.main(words) == status
        assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["photos", "--from=lenet_bn", "--data=db"], "'photos' exists already"),
        (["mynet", "--from=lenet_nb", "--data=db"], "there is no network 'lenet_nb'"),
        (["mynet", "--from=lenet_bn", "--data=db"], "there is no such database"),
        (["mynet", "--from=lenet_bn", "--data=photos"], "there is no train_lmdb in this folder"),
    ],
)
def test_mistakes(words: list[str], message: str, photos: Path, capsys: Capture) -> None:
    assert cli.main(["new", *words]) == 1
    found = capsys.readouterr().err
    assert found.count("error") == 1
    assert message in found
    assert not Path("mynet").exists()
