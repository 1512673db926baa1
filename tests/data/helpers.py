"""Small images, databases and nets for the data layers' tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe.data.datum import make_datum
from minicaffe.data.db import Database, Record
from minicaffe.net.net import Net
from minicaffe.proto import caffe_pb2


def random_images(count: int, *shape: int, seed: int = 3) -> np.ndarray:
    """Random uint8 images."""
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)


#: Images of three channels, 4 high and 6 wide.
IMAGES = random_images(5, 3, 4, 6)


def write_database(path: Path, images: Any, labels: Any = None, *, encode: bool = False) -> str:
    """An LMDB of images, labelled 0, 1, … unless told otherwise; returns its path."""
    pytest.importorskip("lmdb", reason="LMDB tests need the package lmdb")
    from minicaffe.data.backends import write_datums

    labels = range(len(images)) if labels is None else labels
    pairs = zip(images, labels, strict=True)
    write_datums(path, (make_datum(image, label, encode=encode) for image, label in pairs))
    return str(path)


class CountedReads:
    """A database that counts how many of its records have been read.

    Attributes:
        reads: how many.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.reads = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.database, name)

    def cursor(self) -> Any:
        cursor = self.database.cursor()

        def run(count: int) -> Iterator[Record]:
            for record in cursor.run(count):
                self.reads += 1
                yield record

        return SimpleNamespace(first=cursor.first, more=cursor.more, skip=cursor.skip, run=run)


def write_raw_database(path: Path, values: list[bytes]) -> str:
    """An LMDB of arbitrary values; returns its path."""
    lmdb = pytest.importorskip("lmdb", reason="LMDB tests need the package lmdb")
    with lmdb.open(str(path), map_size=2**24) as environment, environment.begin(write=True) as txn:
        for index, value in enumerate(values):
            txn.put(b"%08d" % index, value)
    return str(path)


def layer_net(
    type_: str, rest: str, tops: tuple[str, ...] = ("data", "label"), **options: Any
) -> Net:
    """A net of one data layer."""
    tops_text = " ".join(f'top: "{top}"' for top in tops)
    text = f'layer {{ name: "reader" type: "{type_}" {tops_text} {rest} }}'
    options.setdefault("phase", caffe_pb2.TEST)
    options.setdefault("seed", 5)
    return Net(text_format.Parse(text, caffe_pb2.NetParameter()), **options)


def data_net(
    source: str, batch_size: int = 3, rest: str = "", data: str = "", **options: Any
) -> Net:
    """A net of one Data layer on an LMDB."""
    return layer_net(
        "Data",
        f"data_param {{ source: '{source}' backend: LMDB batch_size: {batch_size} {data} }} {rest}",
        **options,
    )


def labels_of(net: Net, batches: int) -> list[int]:
    """The labels of the next batches."""
    found: list[int] = []
    for _ in range(batches):
        net.forward()
        found.extend(net.blobs["label"].data.ravel().astype(int).tolist())
    return found
