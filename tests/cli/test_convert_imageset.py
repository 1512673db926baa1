"""``minicaffe convert_imageset``: keys, Datums and files as Caffe's program makes them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from minicaffe import Net, cli
from minicaffe.data.backends import open_database
from minicaffe.data.db import records_of
from minicaffe.data.images import decode_image, resize_linear
from minicaffe.errors import DataError
from minicaffe.proto import caffe_pb2
from tests.told import one_line_each

image_module = pytest.importorskip("PIL.Image", reason="image files need Pillow")
pytest.importorskip("lmdb", reason="LMDB tests need the package lmdb")

Capture = pytest.CaptureFixture[str]

LIST = [("one.png", 3), ("sub/two words.jpg", 0), ("three.jpeg", 7), ("gray.png", 12)]


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Small files of different sizes, and ``list.txt``; the current directory is theirs."""
    rng = np.random.default_rng(5)
    (tmp_path / "in" / "sub").mkdir(parents=True)
    for index, (name, _) in enumerate(LIST):
        shape = (6, 4 + index) if name == "gray.png" else (6, 4 + index, 3)
        pixels = rng.integers(0, 256, shape, dtype=np.uint8)
        image_module.fromarray(pixels).save(tmp_path / "in" / name)
    write_list(tmp_path, LIST)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_list(folder: Path, lines: list[tuple[str, int]]) -> None:
    (folder / "list.txt").write_text("".join(f"{name} {label}\n" for name, label in lines))


def convert(*flags: str, code: int = 0) -> dict[bytes, caffe_pb2.Datum]:
    assert cli.main(["convert_imageset", *flags, "in/", "list.txt", "db"]) == code
    return stored() if code == 0 else {}


def stored(backend: str = "lmdb") -> dict[bytes, caffe_pb2.Datum]:
    records = records_of(open_database("db", backend))
    return {key: caffe_pb2.Datum.FromString(value) for key, value in records}


def pixels_of(name: str) -> np.ndarray:
    """Blue, green, red × height × width."""
    with image_module.open(Path("in", name)) as image:
        return np.asarray(image.convert("RGB"))[:, :, ::-1].transpose(2, 0, 1)


def test_raw_images(images: Path, capsys: Capture) -> None:
    datums = convert()
    keys = [b"%08d_%s" % (index, name.encode()) for index, (name, _) in enumerate(LIST)]
    assert list(datums) == keys
    for datum, (name, label) in zip(datums.values(), LIST, strict=True):
        want = pixels_of(name)
        assert (datum.channels, datum.height, datum.width) == want.shape
        assert datum.label == label
        assert datum.HasField("encoded")  # Caffe writes it, though false
        assert not datum.encoded
        np.testing.assert_array_equal(np.frombuffer(datum.data, np.uint8).reshape(want.shape), want)
    log = one_line_each(capsys.readouterr().err)
    assert "] A total of 4 images.\n" in log
    assert "] Processed 4 files.\n" in log


def test_bytes_are_those_that_caffe_writes(images: Path) -> None:
    """Fields 1 to 5 and 7 in this order; see caffe.proto."""
    write_list(images, LIST[:1])
    convert()
    ((_, value),) = records_of(open_database("db"))
    data = pixels_of("one.png").tobytes()
    head = bytes([8, 3, 16, 6, 24, 4, 34, len(data)])
    assert value == head + data + bytes([40, 3, 56, 0])


@pytest.mark.parametrize("flag", ["--gray", "-gray", "--gray=true", "--gray=1"])
def test_gray_and_resized(flag: str, images: Path) -> None:
    datums = convert(flag, "--resize_height=5", "-resize_width", "3")
    for datum, (name, _) in zip(datums.values(), LIST, strict=True):
        assert (datum.channels, datum.height, datum.width) == (1, 5, 3)
        if name.startswith("gray"):
            want = resize_linear(pixels_of(name)[:1], 5, 3)
            np.testing.assert_array_equal(
                np.frombuffer(datum.data, np.uint8).reshape(1, 5, 3), want
            )


@pytest.mark.parametrize("flag", ["--nogray", "--gray=false", "--gray=0"])
def test_switched_off(flag: str, images: Path) -> None:
    assert {datum.channels for datum in convert("--gray", flag).values()} == {3}


def test_one_size_alone_is_passed_over_with_a_warning(images: Path, capsys: Capture) -> None:
    datums = convert("--resize_height=5")
    assert {datum.height for datum in datums.values()} == {6}
    assert "give both" in one_line_each(capsys.readouterr().err)


def test_encoded_files_are_stored_as_they_are(images: Path) -> None:
    for datum, (name, label) in zip(convert("--encoded").values(), LIST, strict=True):
        assert datum.data == Path("in", name).read_bytes()
        assert (datum.encoded, datum.label) == (True, label)
        assert not datum.HasField("channels")


@pytest.mark.parametrize("kind", ["jpg", "png", "bmp", "PNG"])
def test_encoded_as_another_kind(kind: str, images: Path, capsys: Capture) -> None:
    datums = convert(f"--encode_type={kind}")
    assert "encode_type specified, assuming encoded=true." in one_line_each(capsys.readouterr().err)
    kept = {"jpg": (".jpg", ".jpeg"), "png": (".png",), "bmp": ("none",)}[kind.lower()]
    for datum, (name, _) in zip(datums.values(), LIST, strict=True):
        content = Path("in", name).read_bytes()
        assert (datum.data == content) == name.endswith(kept)
        found = image_module.open(io.BytesIO(datum.data)).format
        assert found == {"jpg": "JPEG"}.get(kind, kind.upper())
        if found != "JPEG" and not name.endswith(kept):
            np.testing.assert_array_equal(decode_image(datum.data), pixels_of(name))


def test_encoded_and_resized(images: Path) -> None:
    datums = convert("--encoded", "--resize_height=8", "--resize_width=9")
    assert {decode_image(datum.data).shape for datum in datums.values()} == {(3, 8, 9)}


def test_a_name_that_does_not_say_the_kind(images: Path, capsys: Capture) -> None:
    (images / "in" / "one.png").rename(images / "in" / "one")
    write_list(images, [("one", 1)])
    convert("--encoded", code=1)
    assert "give --encode_type" in one_line_each(capsys.readouterr().err)
    assert not Path("db").exists()
    assert convert("--encoded", "--encode_type=png")


def test_shuffled_with_a_seed(images: Path) -> None:
    many = [(name, index) for index in range(5) for name, _ in LIST]
    write_list(images, many)
    first = [datum.label for datum in convert("--shuffle", "--seed=7").values()]
    keys = list(stored())
    assert [int(key[:8]) for key in keys] == list(range(20))
    assert sorted(first) == sorted(label for _, label in many)
    assert first != [label for _, label in many]
    (images / "db").rename(images / "other")
    assert [datum.label for datum in convert("--shuffle", "--seed=7").values()] == first


def test_unreadable_images_are_left_out(images: Path, capsys: Capture) -> None:
    (images / "in" / "three.jpeg").write_bytes(b"no image")
    write_list(images, [("missing.png", 1), *LIST])
    datums = convert()
    assert [int(key[:8]) for key in datums] == [1, 2, 4]  # keys keep the lines' numbers
    log = one_line_each(capsys.readouterr().err)
    assert "Could not open or find file in/missing.png (No such file" in log
    assert "Could not open or find file in/three.jpeg" in log
    assert "2 of 5 images were left out." in log


def test_nothing_readable_makes_no_database(images: Path, capsys: Capture) -> None:
    write_list(images, [("missing.png", 1)])
    convert(code=1)
    assert "none of the images" in one_line_each(capsys.readouterr().err)
    assert sorted(path.name for path in images.iterdir()) == ["in", "list.txt"]


def test_check_size(images: Path, capsys: Capture) -> None:
    convert("--check_size", code=1)
    assert "two words.jpg' has size 3×6×5 (channels×height×width), but 'in/one.png' has 3×6×4" in (
        one_line_each(capsys.readouterr().err)
    )
    assert convert("--check_size", "--resize_height=5", "--resize_width=5")


def test_leveldb(images: Path) -> None:
    pytest.importorskip("plyvel", reason="LevelDB tests need the package plyvel")
    assert cli.main(["convert_imageset", "-backend=leveldb", "in/", "list.txt", "db"]) == 0
    assert [datum.label for datum in stored("leveldb").values()] == [3, 0, 7, 12]


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (["in/", "list.txt"], 2, "DB_NAME"),
        (["--backend=oracle", "in/", "list.txt", "db"], 2, "oracle"),
        (["--gray=maybe", "in/", "list.txt", "db"], 2, "--gray"),
        (["--resize_width=wide", "in/", "list.txt", "db"], 2, "whole number"),
        (["in/", "nowhere.txt", "db"], 1, "cannot read the image list 'nowhere.txt'"),
        (["in/", "list.txt", "in"], 1, "'in' exists already"),
        (["--encode_type=gif", "in/", "list.txt", "db"], 1, "expected one of bmp"),
    ],
)
def test_mistakes(
    words: list[str], code: int, complaint: str, images: Path, capsys: Capture
) -> None:
    assert cli.main(["convert_imageset", *words]) == code
    assert complaint in one_line_each(capsys.readouterr().err)
    assert not Path("db").exists()


def test_a_path_too_long_for_a_key(images: Path, capsys: Capture) -> None:
    name = "sub/" + "./" * 260 + "two words.jpg"
    write_list(images, [(name, 1)])
    convert(code=1)
    assert "too long for a database's key" in one_line_each(capsys.readouterr().err)


def test_a_folder_without_its_slash_is_said_once(images: Path, capsys: Capture) -> None:
    assert cli.main(["convert_imageset", "in", "list.txt", "db"]) == 1
    lines = [line for line in one_line_each(capsys.readouterr().err).splitlines() if "in" in line]
    assert lines[-1].startswith("error: 'in' is a folder; write 'in/'")
    assert not any("Could not open" in line for line in lines)
    assert not Path("db").exists()


def test_a_layer_says_the_same_of_its_root_folder(images: Path) -> None:
    Path("net.prototxt").write_text(
        'layer { name: "d" type: "ImageData" top: "x" top: "y" image_data_param {\n'
        '  source: "list.txt" root_folder: "in" batch_size: 1 } }'
    )
    with pytest.raises(DataError, match=r"root_folder 'in' is a folder; write 'in/'"):
        Net("net.prototxt")
