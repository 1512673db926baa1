"""``minicaffe classify`` and ``detect``; what they compute is tested with pycaffe's classes."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from minicaffe import TEST, Classifier, Detector, Net, cli, io
from minicaffe.weights.blob_proto import write_blob
from tests.told import one_line_each

image_module = pytest.importorskip("PIL.Image", reason="image files need Pillow")

Capture = pytest.CaptureFixture[str]

NETWORK = """
layer { name: "data" type: "Input" top: "data"
  input_param { shape { dim: 2 dim: 3 dim: 5 dim: 5 } } }
layer { name: "fc" type: "InnerProduct" bottom: "data" top: "fc"
  inner_product_param { num_output: 4 weight_filler { type: "gaussian" std: 0.01 } } }
layer { name: "prob" type: "Softmax" bottom: "fc" top: "prob" }
"""
MODEL = ("--model_def=net.prototxt", "--pretrained_model=w.caffemodel")
MEAN = np.random.default_rng(2).uniform(50, 150, (3, 6, 7)).astype(np.float32)


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.prototxt").write_text(NETWORK)
    Net("net.prototxt", TEST, seed=4).save("w.caffemodel")
    np.save("mean.npy", MEAN)
    write_blob("mean.binaryproto", MEAN[np.newaxis], legacy=True)
    rng = np.random.default_rng(7)
    Path("in").mkdir()
    for name, shape in (("b.png", (8, 9, 3)), ("a.png", (6, 7, 3)), ("c.jpg", (5, 5, 3))):
        pixels = rng.integers(0, 256, shape, dtype=np.uint8)
        image_module.fromarray(pixels).save(Path("in", name))


def classifier(**options: object) -> Classifier:
    settings = {"mean": MEAN, "raw_scale": 255.0, "channel_swap": (2, 1, 0), **options}
    return Classifier("net.prototxt", "w.caffemodel", **settings)


@pytest.mark.parametrize("mean", ["mean.npy", "mean.binaryproto"])
def test_an_image(mean: str, capsys: Capture) -> None:
    words = ["in/b.png", "result.npy", *MODEL, f"--mean_file={mean}", "--images_dim=7,8"]
    assert cli.main(["classify", *words]) == 0
    want = classifier(image_dims=(7, 8)).predict([io.load_image("in/b.png")])
    np.testing.assert_allclose(np.load("result.npy"), want, rtol=1e-5)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["CPU mode", "Loading file: in/b.png", "Classifying 1 inputs."]
    assert lines[3].startswith("Done in ")
    assert lines[4] == "Saving results into result.npy"


def test_a_folder_in_the_order_of_the_names(capsys: Capture) -> None:
    words = ["in", "result", *MODEL, "--ext=png", "--center_only", "--mean_file="]
    words += ["--channel_swap=", "--raw_scale=2", "--input_scale=3", "--gpu", "--images_dim=5,5"]
    assert cli.main(["classify", *words]) == 0
    options = dict(mean=None, channel_swap=None, raw_scale=2, input_scale=3, image_dims=(5, 5))
    images = [io.load_image(f"in/{name}.png") for name in "ab"]
    want = classifier(**options).predict(images, oversample=False)
    np.testing.assert_allclose(np.load("result.npy"), want, rtol=1e-5)
    assert "GPU mode (not used" in capsys.readouterr().out


def test_a_net_for_grey_images() -> None:
    Path("net.prototxt").write_text(NETWORK.replace("dim: 3", "dim: 1"))
    Net("net.prototxt", TEST, seed=4).save("w.caffemodel")
    words = ["in/b.png", "result.npy", *MODEL, "--mean_file=", "--channel_swap="]
    assert cli.main(["classify", *words, "--images_dim=7,8"]) == 0
    options = dict(mean=None, channel_swap=None, image_dims=(7, 8))
    want = classifier(**options).predict([io.load_image("in/b.png", color=False)])
    np.testing.assert_allclose(np.load("result.npy"), want, rtol=1e-5)


def test_more_images_than_a_batch_of_the_net() -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (5, 6, 8, 3), dtype=np.uint8)
    for index, image in enumerate(pixels):
        image_module.fromarray(image).save(f"in/{index}.bmp")
    words = ["in", "result.npy", *MODEL, "--mean_file=mean.npy", "--images_dim=6,8"]
    assert cli.main(["classify", *words, "--ext=bmp"]) == 0
    images = [io.load_image(f"in/{index}.bmp") for index in range(5)]
    want = classifier(image_dims=(6, 8)).predict(images)
    assert want.shape == (5, 4)
    np.testing.assert_allclose(np.load("result.npy"), want, rtol=1e-5)


def test_a_stack_of_images() -> None:
    images = np.random.default_rng(3).uniform(size=(3, 6, 8, 3)).astype(np.float32)
    np.save("images.npy", images)
    words = ["images.npy", "result.npy", *MODEL, "--mean_file=mean.npy"]
    assert cli.main(["classify", *words]) == 0
    want = classifier(image_dims=(256, 256)).predict(images)
    np.testing.assert_allclose(np.load("result.npy"), want, rtol=1e-5)


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (["in/a.png", "r.npy"], 1, "deploy.prototxt: there is no such file"),
        (["in/a.png", "r.npy", *MODEL], 1, "give --mean_file=FILE, or --mean_file='' for none"),
        (["in/x.png", "r.npy", *MODEL, "--mean_file="], 1, "in/x.png: there is no such file"),
        (["in", "r.npy", *MODEL, "--mean_file=", "--ext=gif"], 1, "give --ext"),
        (["mean.npy", "r.npy", *MODEL, "--mean_file="], 1, "expected number×height×width"),
        (["in/a.png", "r.npy", *MODEL, "--mean_file=net.prototxt"], 1, "net.prototxt"),
        (["pickle.npy", "r.npy", *MODEL, "--mean_file="], 1, "as a .npy file of numbers"),
        (["in/a.png", "r.npy", *MODEL, "--mean_file=", "--images_dim=3,3"], 1, "cut crops of 5×5"),
        (["in/a.png", "r.npy", *MODEL, "--images_dim=3"], 2, "a height and a width"),
        (
            ["in/a.png", "r.npy", *MODEL, "--channel_swap=rgb"],
            2,
            "--channel_swap is 'rgb'; expected whole numbers separated",
        ),
    ],
)
def test_mistakes(words: list[str], code: int, complaint: str, capsys: Capture) -> None:
    np.save("pickle.npy", np.array([{}]), allow_pickle=True)
    assert cli.main(["classify", *words]) == code
    assert complaint in one_line_each(capsys.readouterr().err)
    assert not Path("r.npy").exists()


# ------------------------------------------------------------------------------ detect

WINDOWS = {"in/b.png": [(1, 2, 6, 8), (0, 0, 4, 3)], "in/a.png": [(2.0, 1.0, 5.0, 6.0)]}


def write_windows() -> None:
    """Columns in another order than the result's, files not in one block."""
    with open("windows.csv", "w") as stream:
        stream.write("filename, xmin, ymin, xmax, ymax\n")
        for name, index in (("in/b.png", 0), ("in/a.png", 0), ("in/b.png", 1)):
            ymin, xmin, ymax, xmax = WINDOWS[name][index]
            stream.write(f"{name}, {xmin}, {ymin}, {xmax}, {ymax}\n")


def detections(pad: int) -> list[dict]:
    detector = Detector(
        "net.prototxt", "w.caffemodel", mean=MEAN.mean((1, 2)), raw_scale=255.0,
        channel_swap=(2, 1, 0), context_pad=pad,
    )  # fmt: skip
    return detector.detect_windows(WINDOWS.items())


def detect(output: str, *words: str, source: str = "windows.csv") -> int:
    return cli.main(["detect", source, output, *MODEL, "--mean_file=mean.npy", *words])


@pytest.mark.parametrize("pad", [0, 1])
def test_detect_to_csv(pad: int, capsys: Capture) -> None:
    write_windows()
    assert detect("out.csv", "--crop_mode=list", f"--context_pad={pad}") == 0
    head = "filename,ymin,xmin,ymax,xmax,class0,class1,class2,class3"
    assert Path("out.csv").read_text().splitlines()[0] == head
    with open("out.csv", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row, want in zip(rows, detections(pad), strict=True):
        assert row["filename"] == want["filename"]
        window = [float(row[name]) for name in ("ymin", "xmin", "ymax", "xmax")]
        np.testing.assert_array_equal(window, want["window"])
        scores = [float(row[f"class{index}"]) for index in range(4)]
        np.testing.assert_allclose(scores, want["prediction"], rtol=1e-5)
    assert "Processed 3 windows in " in capsys.readouterr().out


def test_more_windows_than_are_cut_out_at_a_time() -> None:
    """A net that takes one image, and many windows of several images."""
    Path("net.prototxt").write_text(NETWORK.replace("dim: 2", "dim: 1"))
    names = ["in/b.png", "in/a.png", "in/c.jpg"]
    corners = [(y, x, y + 2 + x % 2, x + 3) for y in range(3) for x in range(2)]
    with open("windows.csv", "w") as stream:
        stream.write("filename,ymin,xmin,ymax,xmax\n")
        stream.writelines(f"{name},{y},{x},{v},{u}\n" for name in names for y, x, v, u in corners)
    assert detect("out.csv", "--crop_mode=list", "--context_pad=0") == 0
    detector = Detector(
        "net.prototxt", "w.caffemodel", mean=MEAN.mean((1, 2)), raw_scale=255.0,
        channel_swap=(2, 1, 0),
    )  # fmt: skip
    want = detector.detect_windows([(name, corners) for name in names])
    with open("out.csv", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["filename"] for row in rows] == [found["filename"] for found in want]
    scores = [[float(row[f"class{index}"]) for index in range(4)] for row in rows]
    np.testing.assert_allclose(scores, [found["prediction"] for found in want], rtol=1e-5)


@pytest.mark.parametrize("pad", [0, 1])
def test_detect_with_a_net_for_grey_images(pad: int) -> None:
    Path("net.prototxt").write_text(NETWORK.replace("dim: 3", "dim: 1"))
    Net("net.prototxt", TEST, seed=4).save("w.caffemodel")
    write_windows()
    words = ["windows.csv", "out.csv", *MODEL, "--mean_file=", "--channel_swap="]
    assert cli.main(["detect", *words, "--crop_mode=list", f"--context_pad={pad}"]) == 0
    assert len(Path("out.csv").read_text().splitlines()) == 4


@pytest.mark.filterwarnings("ignore")  # pandas says how it stores arrays
def test_detect_to_hdf5_as_caffes_script() -> None:
    pandas = pytest.importorskip("pandas", reason=".h5 output needs pandas")
    pytest.importorskip("tables", reason=".h5 output needs tables")
    write_windows()
    assert detect("out.h5", "--crop_mode=list", "--context_pad=1") == 0
    table = pandas.read_hdf("out.h5", "df")
    assert table.index.name == "filename"
    assert list(table.index) == [entry["filename"] for entry in detections(1)]
    for column in ("ymin", "xmin", "ymax", "xmax"):
        assert column in table.columns
    for found, want in zip(table["prediction"], detections(1), strict=True):
        np.testing.assert_allclose(found, want["prediction"], rtol=1e-5)


@pytest.mark.parametrize("source", ["files.txt", "windows.csv"])
def test_selective_search_says_what_it_needs(source: str, capsys: Capture) -> None:
    write_windows()
    Path("files.txt").write_text("in/a.png\n\nin/b.png\n")
    assert detect("out.csv", "--context_pad=1", source=source) == 1
    assert "MATLAB" in one_line_each(capsys.readouterr().err)
    assert not Path("out.csv").exists()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("filename,ymin,xmin\n", "there is no column ymax, xmax"),
        ("", "there is no column filename"),
        ("filename,ymin,xmin,ymax,xmax\nin/a.png,1,2,3,x\n", "windows.csv:2: a window of"),
        ("filename,ymin,xmin,ymax,xmax\nin/a.png,1,2,3\n", "expected four numbers"),
        ("filename,ymin,xmin,ymax,xmax\nin/x.png,1,2,3,4\n", "in/x.png: there is no such file"),
        ("filename,ymin,xmin,ymax,xmax\nin/a.png,90,90,95,95\n", "has nothing of the image"),
    ],
)
def test_bad_windows(text: str, complaint: str, capsys: Capture) -> None:
    Path("windows.csv").write_text(text)
    assert detect("out.csv", "--crop_mode=list", "--context_pad=1") == 1
    assert complaint in one_line_each(capsys.readouterr().err)
    assert not Path("out.csv").exists()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["windows.xml", "out.csv"], "expected a name that ends with .txt or .csv"),
        (["files.txt", "out.csv", "--crop_mode=list"], "it takes a .csv of windows"),
        (["windows.csv", "out.json"], "expected a name that ends with .csv or .h5"),
        (["windows.csv", "out.csv", "--crop_mode=grid"], "--crop_mode"),
        (["windows.csv", "out.csv", "--context_pad=x"], "whole number"),
    ],
)
def test_bad_usage_of_detect(words: list[str], complaint: str, capsys: Capture) -> None:
    assert cli.main(["detect", *words]) == 2
    assert complaint in one_line_each(capsys.readouterr().err)


def test_hdf5_output_without_pandas(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "tables", None)
    write_windows()
    assert detect("out.h5", "--crop_mode=list") == 1
    text = one_line_each(capsys.readouterr().err)
    assert "minicaffe[detect]" in text
    assert "a .csv needs no package" in text
