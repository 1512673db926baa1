"""``minicaffe convert_imageset`` of photographs in folders named after their classes."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minicaffe import cli
from minicaffe.data.backends import open_database
from minicaffe.data.datum import datum_image
from minicaffe.data.db import records_of
from minicaffe.data.image_list import read_image_list
from minicaffe.data.images import Color, read_image, resize_linear
from minicaffe.proto import caffe_pb2
from minicaffe.weights.blob_proto import read_blob
from tests.told import one_line_each

image_module = pytest.importorskip("PIL.Image", reason="image files need Pillow")
pytest.importorskip("lmdb", reason="LMDB tests need the package lmdb")

Capture = pytest.CaptureFixture[str]


def save(path: str, shape: tuple[int, ...] = (6, 8, 3), seed: int = 0) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    image_module.fromarray(pixels).save(path)


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Ten images of each of two classes; the current directory is their folder's parent."""
    monkeypatch.chdir(tmp_path)
    for index in range(10):
        save(f"photos/cats/{index}.png", seed=index)
        save(f"photos/dogs/young/{index}.png", seed=100 + index)
    return tmp_path


def convert(*flags: str) -> dict[str, Any]:
    assert cli.main(["convert_imageset", "photos/", "db", *flags]) == 0
    found: dict[str, Any] = json.loads(Path("db/report.json").read_text(encoding="utf-8"))
    return found


def stored(name: str) -> dict[str, caffe_pb2.Datum]:
    """The records of a database by their images' names."""
    records = records_of(open_database(f"db/{name}"))
    return {
        key.decode().partition("_")[2]: caffe_pb2.Datum.FromString(value) for key, value in records
    }


def fails(capsys: Capture, *words: str) -> str:
    """The one line that a command ends with, which leaves no db."""
    assert cli.main(["convert_imageset", *(words or ("photos/", "db"))]) == 1
    printed = one_line_each(capsys.readouterr().err).splitlines()
    lines = [line for line in printed if "error: " in line]
    assert len(lines) == 1
    assert not Path("db").exists()
    return lines[0]


def test_a_folder_of_classes(photos: Path, capsys: Capture) -> None:
    report = convert("--split", "0.7")
    assert sorted(path.name for path in Path("db").iterdir()) == [
        "labels.txt", "mean.binaryproto", "report.json", "train.txt", "train_lmdb", "val.txt",
        "val_lmdb",
    ]  # fmt: skip
    assert Path("db/labels.txt").read_text() == "cats\ndogs\n"
    assert report["classes"] == [
        {"label": 0, "name": "cats", "train": 7, "val": 3},
        {"label": 1, "name": "dogs", "train": 7, "val": 3},
    ]
    assert (report["channels"], report["height"], report["width"]) == (3, 6, 8)
    train, val = stored("train_lmdb"), stored("val_lmdb")
    assert (len(train), len(val)) == (14, 6)
    assert len(set(train) | set(val)) == 20
    for name, datum in {**train, **val}.items():
        np.testing.assert_array_equal(datum_image(datum), read_image(f"photos/{name}"))
        assert datum.label == name.startswith("dogs/")
    assert list(train) != sorted(train)  # classes are mixed, as a Data layer reads in this order
    mean = np.mean([datum_image(datum).astype(float) for datum in train.values()], axis=0)
    np.testing.assert_allclose(read_blob("db/mean.binaryproto")[0], mean, rtol=1e-6)
    np.testing.assert_allclose(report["mean_value"], mean.mean(axis=(1, 2)), atol=1e-3)


def test_lists_say_which_image_is_where(photos: Path) -> None:
    convert()
    for part in ("train", "val"):
        names = [line.split(" ")[0] for line in Path(f"db/{part}.txt").read_text().splitlines()]
        assert names == list(stored(f"{part}_lmdb"))


def test_the_seed_decides(photos: Path) -> None:
    lists = []
    for seed in ("0", "0", "1"):
        convert("--seed", seed)
        lists.append(Path("db/train.txt").read_text())
        shutil.rmtree("db")
    assert lists[0] == lists[1]
    assert sorted(lists[0].split()) != sorted(lists[2].split())


def test_all_may_be_trained_on(photos: Path) -> None:
    report = convert("--split=1")
    assert (report["train"], report["val"]) == (20, 0)
    assert not Path("db/val_lmdb").exists()


def test_a_class_of_one_image_is_told(photos: Path, capsys: Capture) -> None:
    save("photos/rare/0.png", seed=200)
    convert()
    assert "class rare has no image to validate on" in capsys.readouterr().err
    shutil.rmtree("db")
    convert("--split=1")
    assert "to validate on\n" not in capsys.readouterr().err


def test_each_class_is_in_both_parts(photos: Path) -> None:
    for index in range(2):
        save(f"photos/rare/{index}.png", seed=200 + index)
    rare = convert("--split=0.99")["classes"][2]
    assert (rare["train"], rare["val"]) == (1, 1)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_names_of_two_lines_keep_the_lists_whole(photos: Path, capsys: Capture) -> None:
    save("photos/cats/a\nb.png", seed=50)
    save("photos/cats/c\rd.png", seed=51)
    report = convert()
    assert {(each["image"], each["reason"]) for each in report["left_out"]} == {
        ("cats/a\nb.png", "name"),
        ("cats/c\rd.png", "name"),
    }
    assert len(read_image_list("db/train.txt")) + len(read_image_list("db/val.txt")) == 20
    assert "left out: cats/a\\nb.png (its name holds a line's end" in capsys.readouterr().err


def test_what_cannot_be_used_is_reported(photos: Path, capsys: Capture) -> None:
    save("photos/cats/big.jpg", (64, 64, 3), seed=7)
    whole = Path("photos/cats/big.jpg").read_bytes()
    Path("photos/cats/big.jpg").write_bytes(whole[: len(whole) // 2])
    Path("photos/cats/empty.png").touch()
    shutil.copy("photos/cats/1.png", "photos/cats/copy.png")
    shutil.copy("photos/cats/2.png", "photos/dogs/young/x.png")
    Path("photos/cats/notes.txt").write_text("no picture")
    report = convert()
    assert {(each["image"], each["reason"]) for each in report["left_out"]} == {
        ("cats/big.jpg", "unreadable"),
        ("cats/empty.png", "unreadable"),
        ("cats/copy.png", "duplicate"),
        ("cats/2.png", "two classes"),
        ("dogs/young/x.png", "two classes"),
    }
    assert report["train"] + report["val"] == 19
    log = capsys.readouterr().err
    assert "left out: cats/copy.png is the same image as cats/1.png" in log


def test_images_of_different_sizes_are_brought_to_one(photos: Path) -> None:
    save("photos/cats/wide.png", (9, 40, 3), seed=50)
    report = convert()
    assert (report["height"], report["width"]) == (6, 6)  # the usual shorter side
    assert (report["smallest"], report["largest"]) == ([6, 8], [9, 40])
    for name, datum in stored("train_lmdb").items():
        want = resize_linear(read_image(f"photos/{name}"), 6, 6)
        np.testing.assert_array_equal(datum_image(datum), want)


def test_a_size_that_is_asked_for(photos: Path) -> None:
    report = convert("--resize_height=5", "--resize_width=4", "--gray")
    assert (report["channels"], report["height"], report["width"]) == (1, 5, 4)
    assert {(it.channels, it.height, it.width) for it in stored("val_lmdb").values()} == {(1, 5, 4)}


def test_gray_images_have_one_channel(photos: Path) -> None:
    shutil.rmtree("photos")
    for name in ("a", "b"):
        for index in range(2):
            save(f"photos/{name}/{index}.png", (6, 8), seed=index + 10 * (name == "b"))
    assert convert()["channels"] == 1


def test_photographs_are_turned_the_right_way_up(photos: Path) -> None:
    pixels = np.zeros((16, 24, 3), np.uint8)
    pixels[:, :12] = 255  # light on the left
    exif = image_module.Exif()
    exif[0x0112] = 6  # a quarter turn clockwise: light on top, dark below
    for name in ("cats", "dogs"):
        shutil.rmtree(f"photos/{name}")
        for index in range(2):
            pixels[0, 0] = index + 10 * (name == "dogs")
            Path(f"photos/{name}").mkdir(exist_ok=True)
            image_module.fromarray(pixels).save(f"photos/{name}/{index}.png", exif=exif)
    report = convert("--encoded")
    assert (report["height"], report["width"]) == (24, 16)
    for datum in stored("train_lmdb").values():
        image = datum_image(datum, Color.COLOR)
        assert image.shape == (3, 24, 16)
        assert image[:, 2:12].min() == 255
        assert image[:, 12:].max() == 0


def test_a_folder_that_is_divided_already(photos: Path) -> None:
    Path("photos").rename("train")
    Path("photos").mkdir()
    Path("train").rename("photos/train")
    save("photos/val/cats/v.png", seed=60)
    save("photos/val/dogs/v.png", seed=61)
    report = convert()
    assert (report["train"], report["val"], report["split"]) == (20, 2, None)
    assert set(stored("val_lmdb")) == {"val/cats/v.png", "val/dogs/v.png"}


def test_split_of_a_divided_folder_is_refused(photos: Path, capsys: Capture) -> None:
    Path("photos").rename("train")
    Path("photos").mkdir()
    Path("train").rename("photos/train")
    shutil.copytree("photos/train", "photos/test")
    assert "leave out --split" in fails(capsys, "photos", "db", "--split=0.5")


def test_one_class(photos: Path, capsys: Capture) -> None:
    shutil.rmtree("photos/dogs")
    assert "all images are of one class, 'cats'" in fails(capsys)


def test_no_classes(photos: Path, capsys: Capture) -> None:
    assert "there are no folders with pictures" in fails(capsys, "photos/cats", "db")


def test_one_class_is_left(photos: Path, capsys: Capture) -> None:
    for path in Path("photos/dogs/young").iterdir():
        path.write_bytes(b"no image")
    line = fails(capsys)
    assert "1 of 2 classes have images that can be used; 10 images cannot be" in line


def test_a_folder_that_is_not_there(photos: Path, capsys: Capture) -> None:
    assert "there is no such file" in fails(capsys, "nowhere", "db")


def test_what_exists_stays(photos: Path, capsys: Capture) -> None:
    Path("db").mkdir()
    assert cli.main(["convert_imageset", "photos", "db"]) == 1
    assert "'db' exists already" in capsys.readouterr().err
    assert not list(Path("db").iterdir())


def test_a_class_that_no_line_can_hold(photos: Path, capsys: Capture) -> None:
    Path("photos/cats").rename("photos/ca\nts")
    assert "rename its folder" in fails(capsys)


def test_a_list_without_a_database(photos: Path, capsys: Capture) -> None:
    Path("list.txt").write_text("cats/1.png 0\n")
    assert cli.main(["convert_imageset", "photos/", "list.txt"]) == 2
    assert "missing: DB_NAME" in capsys.readouterr().err


@pytest.mark.parametrize("value", ["0", "1.5", "-1", "nan", "most"])
def test_split_is_a_share(value: str, photos: Path, capsys: Capture) -> None:
    assert cli.main(["convert_imageset", "photos", "db", f"--split={value}"]) == 2
    assert "expected a share above 0 and up to 1" in capsys.readouterr().err


def test_split_of_a_list_is_refused(photos: Path, capsys: Capture) -> None:
    Path("list.txt").write_text("cats/1.png 0\n")
    assert cli.main(["convert_imageset", "photos/", "list.txt", "db", "--split=0.5"]) == 2
    assert "it is for folders of classes" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["photos/", "list.txt", "--gray", "db"],
        ["photos/", "--gray", "list.txt", "db"],
        ["--gray", "photos/", "list.txt", "db"],
        ["photos/", "list.txt", "db", "--gray"],
    ],
)
def test_flags_may_stand_anywhere(words: list[str], photos: Path) -> None:
    Path("list.txt").write_text("cats/1.png 4\n")
    assert cli.main(["convert_imageset", *words]) == 0
    ((_, value),) = records_of(open_database("db"))
    assert caffe_pb2.Datum.FromString(value).label == 4


def test_flags_before_an_output_that_may_be_left_out(photos: Path) -> None:
    convert()
    words = ["compute_image_mean", "db/train_lmdb", "--backend=lmdb", "again.binaryproto"]
    assert cli.main(words) == 0
    np.testing.assert_array_equal(read_blob("again.binaryproto"), read_blob("db/mean.binaryproto"))
