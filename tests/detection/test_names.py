"""Files of names: a name a line, synsets, SSD's labelmap."""

from __future__ import annotations

from pathlib import Path

import pytest

from minicaffe.detection import read_names
from minicaffe.errors import DataError, PrototxtError


def names_of(text: str, labels: range, folder: Path) -> dict[int, str]:
    path = folder / "names.txt"
    path.write_text(text, encoding="utf-8")
    return read_names(str(path), labels)


def test_a_name_a_line(tmp_path: Path) -> None:
    want = {1: "cat", 2: "big dog"}
    assert names_of("cat\n big dog \n\n", range(1, 3), tmp_path) == want
    assert names_of("\ufeffnothing\r\ncat\r\nbig dog", range(1, 3), tmp_path) == {
        0: "nothing", **want,
    }  # fmt: skip
    assert names_of("cat\nbig dog\n", range(2), tmp_path) == {0: "cat", 1: "big dog"}


def test_synsets(tmp_path: Path) -> None:
    text = "n01440764 tench, Tinca tinca\nn01443537 goldfish\n"
    assert names_of(text, range(2), tmp_path) == {0: "tench, Tinca tinca", 1: "goldfish"}


def test_a_labelmap(tmp_path: Path) -> None:
    text = """# of VOC
item { name: "none" label: 0 display_name: "background" }
item { name: "n02" label: 2 display_name: "dog" }
item { name: "n01" label: 1 }
"""
    assert names_of(text, range(1, 3), tmp_path) == {0: "background", 1: "n01", 2: "dog"}
    with pytest.raises(DataError, match="no name for class 3; expected one for each of 1 to 3"):
        names_of(text, range(1, 4), tmp_path)
    with pytest.raises(PrototxtError, match="nmae"):
        names_of('item { nmae: "x" }', range(1), tmp_path)


@pytest.mark.parametrize(
    ("text", "labels", "complaint"),
    [
        ("cat\n", range(1, 4), "1 names found; expected a line for each of the 3 classes of the "
         "net, or one more with the background first"),
        ("a\nb\nc\nd\ne\n", range(1, 4), "5 names found"),
        ("a\nb\n", range(3), "2 names found; expected a line for each of the 3 classes of the net"),
        ("", range(2), "0 names found"),
    ],
)  # fmt: skip
def test_another_number_of_names(text: str, labels: range, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        names_of(text, labels, tmp_path)
    assert caught.value.message == complaint or caught.value.message.startswith(complaint + ";")
    assert caught.value.path == str(tmp_path / "names.txt")


def test_no_text(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_bytes(b"\xff\xfe\0")
    with pytest.raises(DataError, match="no text in UTF-8"):
        read_names(str(tmp_path / "names.txt"), range(1))
    with pytest.raises(DataError, match="there is no such file"):
        read_names(str(tmp_path / "no.txt"), range(1))
