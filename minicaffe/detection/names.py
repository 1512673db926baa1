"""The names of classes, from the files that are published beside weights."""

from __future__ import annotations

import re

from minicaffe.errors import DataError
from minicaffe.errors.reading import cannot_read
from minicaffe.files import open_to_read
from minicaffe.proto import caffe_pb2
from minicaffe.proto.io import read_text

#: A line of ImageNet's synset_words.txt: the synset's number, then its words.
_SYNSET = re.compile(r"n\d{8}\s+(?=\S)")


def read_names(path: str, labels: range) -> dict[int, str]:
    """The name of each class.

    The file has a name a line, in the order of the classes; where there is one more than ``labels``
    that begin at 1, the first is the background's. The numbers of synsets in front of ImageNet's
    names are left out. Or it is SSD's labelmap in prototxt (``item { name: … label: … }``).

    Args:
        path: the file.
        labels: the classes that need names.

    Raises:
        DataError: the file cannot be read, or has too few names or too many.
        PrototxtError: the labelmap has mistakes.
    """
    text = _text(path)
    if re.match(r"(\s|#.*\n)*item\s*[:{]", text):
        return _from_map(path, labels)
    lines = [_SYNSET.sub("", line.strip()) for line in text.splitlines() if line.strip()]
    if len(lines) == labels.stop:  # with the background
        return dict(enumerate(lines))
    if len(lines) == len(labels):
        return dict(zip(labels, lines, strict=True))
    expected = f"a line for each of the {len(labels)} classes of the net"
    if labels.start:
        expected += ", or one more with the background first"
    raise DataError(f"{len(lines)} names found; expected {expected}", path=path)


def _text(path: str) -> str:
    try:
        with open_to_read(path, pipes=True) as stream:
            return stream.read().decode("utf-8-sig")
    except (OSError, ValueError) as reason:  # ValueError: no UTF-8, or a NUL in the name
        raise cannot_read(path, reason) from reason


def _from_map(path: str, labels: range) -> dict[int, str]:
    items = read_text(path, caffe_pb2.LabelMap).item
    names = {item.label: item.display_name or item.name for item in items}
    missing = [label for label in labels if label not in names]
    if missing:
        raise DataError(
            f"there is no name for class {missing[0]}; expected one for each of {labels.start} to "
            f"{labels.stop - 1}",
            path=path,
        )
    return names
