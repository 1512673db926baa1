"""``minicaffe classify`` with ``--model``: a table; Caffe's form is in ``test_classify.py``."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from minicaffe import TEST, Net, cli
from minicaffe.weights.blob_proto import write_blob
from tests.told import one_line_each

image_module = pytest.importorskip("PIL.Image", reason="image files need Pillow")

Capture = pytest.CaptureFixture[str]

#: Twenty times the mean of each channel, made probabilities.
COLORS = """
layer { name: "data" type: "Input" top: "data"
  input_param { shape { dim: 1 dim: 3 dim: 7 dim: 7 } } }
layer { name: "mean" type: "Pooling" bottom: "data" top: "mean"
  pooling_param { pool: AVE global_pooling: true } }
layer { name: "fc" type: "InnerProduct" bottom: "mean" top: "fc"
  inner_product_param { num_output: 3 } }
layer { name: "prob" type: "Softmax" bottom: "fc" top: "prob" }
"""
NET = ("--model=deploy.prototxt", "--weights=w.caffemodel")
SCALE = "--scale=0.00392157"


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("deploy.prototxt").write_text(COLORS)
    net = Net("deploy.prototxt", TEST, seed=4)
    net.params["fc"][0].data[...] = 20 * np.eye(3)
    net.save("w.caffemodel")
    Path("synsets.txt").write_text("n00000001 blue, azure\nn00000002 green\nn00000003 red\n")
    Path("photos").mkdir()
    for name, color in (("b.png", (0, 0, 255)), ("a.png", (255, 128, 0))):
        pixels = np.zeros((16, 24, 3), np.uint8)
        pixels[4:12, 8:16] = color  # the middle
        pixels[4:12, :8] = pixels[4:12, 16:] = (0, 255, 0)  # what is cut away
        image_module.fromarray(pixels).save(Path("photos", name))


def classes_of(record: dict) -> list[tuple[int, float]]:
    return [(found["label"], found["score"]) for found in record["classes"]]


def test_a_table_of_the_best(capsys: Capture) -> None:
    words = ["photos/b.png", *NET, SCALE, "--size=16,24", "--labels=synsets.txt", "--top=2"]
    assert cli.main(["classify", *words]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "photos/b.png"
    assert lines[1].split(maxsplit=3)[0::2] == ["1", "0"]
    assert lines[1].endswith("     0  blue, azure")
    assert lines[2].endswith("     1  green")  # as far as 7 pixels are of the middle's 8
    assert len(lines) == 3


def test_what_the_net_sees_is_the_middle(capsys: Capture) -> None:
    """16×24 becomes 8×12, and 7×7 of it are from row 0 and column 2: 4 · 7 of 49 in the middle."""
    assert cli.main(["classify", "photos/b.png", *NET, SCALE, "--json"]) == 0
    (first, blue), (second, _), _ = classes_of(json.loads(capsys.readouterr().out))
    assert (first, second) == (0, 1)
    share = 4 * 4 / 49, 4 * 3 / 49  # columns 2 and 3 are green, 4 to 7 blue, 8 green
    logits = np.array([20 * share[0], 20 * share[1], 0])
    want = np.exp(logits) / np.exp(logits).sum()
    assert blue == pytest.approx(want[0], rel=0.02)


def test_a_folder_as_json(capsys: Capture) -> None:
    words = ["photos", *NET, SCALE, "--size=16,24", "--json", "--labels=synsets.txt"]
    assert cli.main(["classify", *words]) == 0
    first, second = json.loads(capsys.readouterr().out)
    assert [r["image"] for r in (first, second)] == [
        str(Path("photos", name)) for name in ("a.png", "b.png")
    ]
    assert [found["name"] for found in first["classes"]] == ["red", "green", "blue, azure"]
    assert classes_of(second)[0][0] == 0


def test_a_broken_picture_of_a_folder_does_not_cost_the_names_of_the_others(
    capsys: Capture,
) -> None:
    Path("photos", "0.png").write_bytes(b"no picture")
    assert cli.main(["classify", "photos", *NET, "--json"]) == 1
    out, log = capsys.readouterr()
    assert len(json.loads(out)) == len(list(Path("photos").iterdir())) - 1
    assert f"image '{Path('photos', '0.png')}': 10 bytes that cannot" in log


def test_red_first(capsys: Capture) -> None:
    words = ["photos/b.png", *NET, SCALE, "--size=16,24", "--rgb", "--json"]
    assert cli.main(["classify", *words]) == 0
    assert classes_of(json.loads(capsys.readouterr().out))[0][0] == 2


def test_whole_pictures_without_a_crop(capsys: Capture) -> None:
    """The net beside it was trained on whole images: green is more than the middle."""
    Path("train_val.prototxt").write_text(
        """layer { name: "data" type: "Data" top: "data" top: "label" include { phase: TEST }
  transform_param { scale: 0.00392157 } data_param { source: "no" batch_size: 1 } }"""
    )
    assert cli.main(["classify", "photos/b.png", *NET, "--json"]) == 0
    whole = capsys.readouterr()
    assert classes_of(json.loads(whole.out))[0][0] == 1
    assert "Pictures are prepared as train_val.prototxt says" in whole.err


@pytest.mark.parametrize("written", ["mean_value: 0 mean_value: 255 mean_value: 0", "file"])
def test_the_mean_of_the_net_that_was_trained(written: str, capsys: Capture) -> None:
    """Green is nothing after it."""
    if written == "file":
        mean = np.zeros((1, 3, 7, 7), np.float32)
        mean[:, 1] = 255
        write_blob("mean.binaryproto", mean)
        written = 'mean_file: "mean.binaryproto"'
    text = """layer { name: "data" type: "Data" top: "data" top: "label"
  transform_param { scale: 0.00392157 %s } data_param { source: "no" batch_size: 1 } }"""
    Path("train_val.prototxt").write_text(text % written)
    assert cli.main(["classify", "photos/b.png", *NET, "--json"]) == 0
    (first, _), _, (last, _) = classes_of(json.loads(capsys.readouterr().out))
    assert (first, last) == (0, 1)
    Path("train_val.prototxt").write_text(text % 'mean_file: "no.binaryproto"')
    assert cli.main(["classify", "photos/b.png", *NET]) == 1
    said = one_line_each(capsys.readouterr().err)
    assert "no.binaryproto" in said
    assert "(train_val.prototxt names it; --mean=… says another)" in said


def test_grey_pictures_for_a_net_that_takes_them(capsys: Capture) -> None:
    Path("deploy.prototxt").write_text(COLORS.replace("dim: 1 dim: 3", "dim: 1 dim: 1"))
    net = Net("deploy.prototxt", TEST, seed=4)
    net.params["fc"][0].data[...] = np.array([[0], [9], [-9]])
    net.save("w.caffemodel")
    words = ["photos/a.png", *NET, SCALE, "--mean=0", "--json", "--size=16,24"]
    assert cli.main(["classify", *words]) == 0
    assert classes_of(json.loads(capsys.readouterr().out))[0][0] == 1


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (["no.png", *NET], 1, "error: no.png: there is no such picture, folder or video\n"),
        (["text.png", *NET], 1, "cannot be decoded as an image"),
        (["empty", *NET], 1, "error: empty: there are no pictures in this folder"),
        (["photos/a.png", *NET, "--labels=few.txt"], 1, "few.txt: 2 names found; expected a line"),
        (["photos/a.png", *NET, "--model=resnet51"], 1, "there is no network 'resnet51'; did you"),
        (
            ["photos/a.png", *NET, "--weights=no.c"],
            1,
            "no.c: there is no such file; --weights names it",
        ),
        (["photos/a.png", *NET, "--model=pixels.prototxt"], 1, "expected a score for each class"),
        (["photos/a.png", *NET, "--mean=1,2"], 1, "the mean has shape 2"),
        (["photos/a.png"], 2, "--model is missing"),
        (["photos/a.png", "out.npy", *NET], 2, "'out.npy' is given besides --model"),
        (["photos/a.png", *NET, "--top=0"], 2, "--top"),
    ],
)
def test_mistakes(words: list[str], code: int, complaint: str, capsys: Capture) -> None:
    Path("text.png").write_text("blue")
    Path("empty").mkdir()
    Path("few.txt").write_text("blue\ngreen\n")
    Path("pixels.prototxt").write_text(COLORS.partition('layer { name: "mean"')[0])
    assert cli.main(["classify", *words]) == code
    said = one_line_each(capsys.readouterr().err)
    assert complaint in said
    assert said.count("error:") == 1
