"""Images of a database: how many, all at once, and in the form that shuffling needs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from minicaffe.data.backends import open_source
from minicaffe.errors import DataError, require
from minicaffe.files import write_beside

SCALE = 1 / 256  # brings grey levels to 0 .. 1


def read_images(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """All images of a database and their labels.

    Raises:
        DataError: there is none, or it cannot be read.
    """
    source = open_source(str(folder))
    try:
        records = source.read(len(source))
    finally:
        source.close()
    return np.asarray(records.images), np.asarray(records.labels)


def write_rows(source: Path, rows: Path) -> None:
    """Write a database's images, times :data:`SCALE`, to an HDF5 file.

    A ``Data`` layer reads a database in its order; ``HDF5Data`` can shuffle. With the same
    images in a mini-batch again and again BatchNorm's net learns these mini-batches by heart
    (section 4.2.1 of the paper has the same advice).

    Args:
        source: the database.
        rows: the text file that is to name the HDF5 file beside it.

    Raises:
        DataError: something cannot be read or written.
    """
    h5py = require("h5py", extra="hdf5", purpose="shuffling")
    images, labels = read_images(source)
    with (
        write_beside(rows.with_suffix(".h5"), error=DataError) as beside,
        h5py.File(beside, "w") as file,
    ):
        file["data"] = images.astype(np.float32) * np.float32(SCALE)
        file["label"] = labels.astype(np.float32)
    with write_beside(rows, error=DataError) as beside:
        beside.write_text(f"{rows.with_suffix('.h5')}\n", encoding="utf-8")


def count_batches(folder: Path, batch: int) -> int:
    """How many batches are all images of a database.

    Raises:
        DataError: there is no database, or a batch would be left over that is not full.
    """
    source = open_source(str(folder))
    try:
        images = len(source)
    finally:
        source.close()
    if images % batch:
        raise DataError(
            f"{images} test images are no multiple of {batch}; make a database of as many as "
            "each is tested once",
            path=str(folder),
        )
    return images // batch
