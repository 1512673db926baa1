"""What a net has to know of the images that it is to learn: how many, of which size and classes."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.data.backends import BACKENDS, kind_of, open_database
from minicaffe.data.datum import datum_image, parse_datum
from minicaffe.data.db import Database, record_name, records_of
from minicaffe.errors import DataError, MinicaffeError
from minicaffe.errors.mistakes import MissingFileError
from minicaffe.weights.blob_proto import read_blob

#: What the parts of a folder of databases are called.
_TRAIN, _VAL = ("train",), ("val", "test")
_SAMPLE = 1000  # images that a mean is computed of where there is no mean file
_MEAN, _LABELS = "mean.binaryproto", "labels.txt"


@dataclass(frozen=True)
class DataFacts:
    """What is known of two databases.

    Attributes:
        train, val: their folders.
        backends: the kind of each, ``lmdb`` or ``leveldb``.
        shape: of every image: channels, height, width.
        classes: how many there are.
        train_count, val_count: how many images each has.
        mean: of each channel.
        labels: the file with the names of the classes; None without one.
    """

    train: str
    val: str
    backends: tuple[str, str]
    shape: tuple[int, int, int]
    classes: int
    train_count: int
    val_count: int
    mean: list[float]
    labels: str | None = None


@dataclass
class _Scan:
    """What going through a database gives."""

    count: int = 0
    labels: set[int] = field(default_factory=set)
    shape: tuple[int, ...] = ()
    total: np.ndarray = field(default_factory=lambda: np.zeros(0))
    sampled: int = 0


def read_facts(
    data: str, val: str | None = None, on_record: Callable[[int], None] = lambda done: None
) -> DataFacts:
    """Look at all records of the databases.

    Args:
        data: the database to train on, or a folder with ``train_lmdb`` and ``val_lmdb`` (or
            ``test_lmdb``; LevelDBs too), such as ``convert_imageset`` makes.
        val: the database to validate on, where ``data`` does not have it.
        on_record: told how many records have been looked at.

    Raises:
        DataError: a database is missing, empty or damaged; its images are of different sizes or
            of one class.
    """
    train, val = _databases(data, val)
    backends = kind_of(train), kind_of(val)
    scans: list[_Scan] = []
    for path, backend in zip((train, val), backends, strict=True):
        before = sum(scan.count for scan in scans)
        scans.append(_scan(path, backend, before, on_record))
    classes = _classes(scans, train, val)
    first, second = scans
    if first.shape != second.shape:
        raise DataError(
            f"its images have size {shape_text(second.shape)}, those to train on "
            f"{shape_text(first.shape)} (channels×height×width); make both with the same "
            "--resize_height and --resize_width",
            path=val,
        )
    channels, height, width = first.shape
    home = data if os.path.isdir(data) and not kind_of(data) else os.path.dirname(data)
    mean = _mean(os.path.join(home, _MEAN), first)
    labels = os.path.join(home, _LABELS)
    return DataFacts(
        train, val, backends, (channels, height, width), classes, first.count, second.count,
        [round(value, 3) for value in mean], labels if os.path.isfile(labels) else None,
    )  # fmt: skip


def _databases(data: str, val: str | None) -> tuple[str, str]:
    """The folders of the two databases."""
    if not os.path.exists(data):
        raise MissingFileError(
            f"there is no such database (as seen from {os.getcwd()}); `minicaffe "
            "convert_imageset photos/ db` makes one of images",
            path=data,
        )
    if not os.path.isdir(data):
        raise DataError(
            "this is a file, a database is expected, which is a folder; `minicaffe "
            "convert_imageset photos/ db` makes one of images",
            path=data,
        )
    if kind_of(data):
        if val is None:
            raise DataError(
                "this is one database, and there is none to validate on; give --val DB, or let "
                "`minicaffe convert_imageset photos/ db --split 0.8` make both",
                path=data,
            )
        train: str | None = data
    else:
        train = _inside(data, _TRAIN)
        val = val or _inside(data, _VAL)
    if train is None:
        raise DataError(
            "there is no train_lmdb in this folder, nor is it a database; `minicaffe "
            "convert_imageset photos/ db` makes one of images",
            path=data,
        )
    if val is None:
        raise DataError(
            "there is no val_lmdb in this folder; `minicaffe convert_imageset photos/ db "
            "--split 0.8` makes one, or --val names another database",
            path=data,
        )
    if not kind_of(val):
        raise DataError("this is no database", path=val)
    return train, val


def _inside(folder: str, names: Sequence[str]) -> str | None:
    """A database of one of these names, whatever comes before or after them."""
    for name in names:
        for kind in BACKENDS:
            path = os.path.join(folder, f"{name}_{kind}")
            if kind_of(path):
                return path
    return None


def _scan(path: str, backend: str, before: int, on_record: Callable[[int], None]) -> _Scan:
    database, scan = open_database(path, backend), _Scan()
    for key, value in records_of(database):
        try:
            datum = parse_datum(value)
            if scan.count < _SAMPLE or not datum.encoded:
                _look_at_image(scan, datum_image(datum))
        except MinicaffeError as error:
            name = record_name(database, key)
            raise DataError(f"{name}: {error.message}") from error.__cause__
        if datum.label < 0:
            raise DataError(
                f"{record_name(database, key)} has the label {datum.label}; classes count from 0"
            )
        scan.labels.add(datum.label)
        scan.count += 1
        on_record(before + scan.count)
    _refuse_empty(scan, database)
    return scan


def _look_at_image(scan: _Scan, image: np.ndarray) -> None:
    if not scan.shape:
        scan.shape, scan.total = image.shape, np.zeros(len(image))
    if image.shape != scan.shape:
        raise DataError(
            f"it has size {shape_text(image.shape)}, the first one {shape_text(scan.shape)} "
            "(channels×height×width); a net takes images of one size: give convert_imageset "
            "--resize_height and --resize_width"
        )
    if scan.sampled < _SAMPLE:
        scan.total += image.mean(axis=(1, 2))
        scan.sampled += 1


def _refuse_empty(scan: _Scan, database: Database) -> None:
    if not scan.count:
        raise DataError("the database is empty", path=database.path)


def _classes(scans: Sequence[_Scan], train: str, val: str) -> int:
    first, second = (scan.labels for scan in scans)
    if len(first) < 2:
        raise DataError(
            f"all {scans[0].count} images have the label {next(iter(first))}; a net needs two "
            "classes or more to tell apart",
            path=train,
        )
    if unknown := sorted(second - first):
        raise DataError(
            f"it has images with the label {unknown[0]}, of which there are none to train on in "
            f"'{train}'",
            path=val,
        )
    return max(first) + 1


def _mean(path: str, scan: _Scan) -> list[float]:
    """The mean of each channel: of a mean file, or else of the images that were looked at."""
    if os.path.isfile(path):
        mean = read_blob(path, inner=True)
        mean = mean[0] if mean.ndim == 4 else mean
        if mean.shape == scan.shape:
            return [float(values.mean(dtype=np.float64)) for values in mean]
    return [float(value) for value in scan.total / scan.sampled]
