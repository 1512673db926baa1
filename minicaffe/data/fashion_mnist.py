"""The complete Fashion-MNIST (60,000 + 10,000 images, 28×28 grey levels) as it is published.

Four idx files, which Debian's package dataset-fashion-mnist installs, too (Xiao, Rasul, Vollgraf:
"Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms", 2017,
arXiv:1708.07747).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from minicaffe.data.backends import write_datums
from minicaffe.data.datum import make_datum
from minicaffe.data.idx import read_idx
from minicaffe.errors import DataError
from minicaffe.proto import caffe_pb2

#: Where Debian's package puts the files.
DEBIAN = Path("/usr/share/datasets/fashion-mnist")
#: How the names of the files of each part begin.
SPLITS = {"train": "train", "test": "t10k"}
#: SHA-256 of the unpacked files.
CHECKSUMS = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}


def debian_folder() -> Path | None:
    """Where Debian's package has put all four files; None where it is not installed."""
    return DEBIAN if all((DEBIAN / f"{name}.gz").is_file() for name in CHECKSUMS) else None


def read_split(folder: Path, split: str) -> tuple[np.ndarray, np.ndarray]:
    """The images and labels of a part.

    Args:
        folder: where the idx files are, compressed or not.
        split: ``train`` or ``test``.

    Returns:
        uint8, number × 28 × 28, and number.

    Raises:
        DataError: a file is not there, or is not the published one.
    """
    prefix = SPLITS[split]
    return _read(folder, f"{prefix}-images-idx3-ubyte"), _read(
        folder, f"{prefix}-labels-idx1-ubyte"
    )


def _read(folder: Path, name: str) -> np.ndarray:
    for path in (folder / f"{name}.gz", folder / name):
        if path.is_file():
            return read_idx(path, CHECKSUMS[name])
    raise DataError(f"there is neither '{name}.gz' nor '{name}' in '{folder}'; give another --from")


def as_datums(images: np.ndarray, labels: np.ndarray, *, encode: bool) -> Iterator[caffe_pb2.Datum]:
    """The images as Datum messages.

    Args:
        images: number × height × width, uint8.
        labels: number.
        encode: as PNG files.
    """
    for image, label in zip(images, labels, strict=True):
        yield make_datum(image[None], int(label), encode=encode)


def write_complete(source: Path, target: Path) -> None:
    """Write the databases ``train_lmdb`` and ``test_lmdb`` of all images into a folder.

    Raises:
        DataError: a file cannot be read, is not the published one, or a database cannot be written.
        MissingExtraError: the package lmdb is not installed.
    """
    for split in SPLITS:
        images, labels = read_split(source, split)
        write_datums(target / f"{split}_lmdb", as_datums(images, labels, encode=False))
