"""Datums of image files (Caffe's ``ReadImageToDatum``)."""

from __future__ import annotations

import logging

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.data.datum import make_datum
from minicaffe.data.images import ENCODINGS, Color, decode_image, encode_image, resize_linear
from minicaffe.errors import DataError
from minicaffe.files import open_to_read
from minicaffe.proto import caffe_pb2

logger = logging.getLogger("minicaffe")

_LONGEST_KEY = 511  # bytes, in an LMDB


class DatumMaker:
    """Makes Datums of image files, by the rules of Caffe's ``ReadImageToDatum``.

    Args:
        gray: one channel instead of three.
        size: (height, width) to resize to, or None.
        encoded: store files rather than pixels.
        encoding: the kind of file; empty: what the name ends in.
        check_size: refuse images of different sizes.
        upright: turn photographs as their EXIF data say, which Caffe's program does not.
    """

    def __init__(
        self,
        *,
        gray: bool = False,
        size: tuple[int, int] | None = None,
        encoded: bool = False,
        encoding: str = "",
        check_size: bool = False,
        upright: bool = False,
    ) -> None:
        self._color = Color.GRAY if gray else Color.COLOR
        self._size = size
        self._encoded = encoded
        self._encoding = encoding.lower()
        self._check_size = check_size
        self._upright = upright
        self._first: tuple[str, tuple[int, ...]] | None = None

    def __call__(self, path: str, label: int) -> caffe_pb2.Datum | None:
        """The Datum of a file; None, and a line in the log, where it cannot be read.

        Raises:
            DataError: the size differs from the first image's; the kind of file is unknown.
        """
        encoding = self._kind(path) if self._encoded else ""
        try:
            with open_to_read(path) as stream:
                content = stream.read()
            image = decode_image(content, self._color, upright=self._upright)
        except (OSError, DataError) as reason:
            text = getattr(reason, "strerror", None) or reason
            logger.error("Could not open or find file %s (%s)", path, text)
            return None
        if self._size:
            image = resize_linear(image, *self._size)
        if self._check_size:
            self._compare(path, image)
        if not encoding:
            datum = make_datum(image, label)
            datum.encoded = False  # which Caffe writes too
            return datum
        # A file that is what was asked for stays as it is, even a coloured one with --gray.
        if self._size or self._upright or not _is_named(path, encoding):
            content = encode_image(image, encoding)
        return caffe_pb2.Datum(data=content, label=label, encoded=True)

    def _kind(self, path: str) -> str:
        kind = self._encoding or _ending(path)
        if kind not in ENCODINGS:
            expected = ", ".join(sorted(ENCODINGS))
            found = f"'{kind}'" if kind else "nothing"
            raise DataError(
                f"image '{path}': found {found} as the kind of file to store, expected one of "
                f"{expected}; give --encode_type"
            )
        return kind

    def _compare(self, path: str, image: np.ndarray) -> None:
        if self._first is None:
            self._first = (path, image.shape)
        name, shape = self._first
        if image.shape != shape:
            raise DataError(
                f"image '{path}' has size {shape_text(image.shape)} (channels×height×width), but "
                f"'{name}' has {shape_text(shape)}; give --resize_height and --resize_width, or "
                "leave out --check_size"
            )


def _ending(path: str) -> str:
    return path.rpartition(".")[2].lower() if "." in path else ""


def _is_named(path: str, encoding: str) -> bool:
    """Whether a file's name says that it is of this kind."""
    ending = _ending(path)
    return ending == encoding or (encoding == "jpg" and ending == "jpeg")


def image_key(index: int, name: str) -> bytes:
    """``00000012_cats/12.jpg``: the image's number and path.

    Raises:
        DataError: that is too long for a database.
    """
    key = b"%08d_" % index + name.encode("utf-8", "surrogateescape")
    if len(key) > _LONGEST_KEY:
        raise DataError(
            f"the path '{name}' is too long for a database's key ({len(key)} bytes, at most "
            f"{_LONGEST_KEY}); move part of it to ROOTFOLDER"
        )
    return key
