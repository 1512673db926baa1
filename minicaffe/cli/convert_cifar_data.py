"""Put CIFAR-10 into databases.

    minicaffe convert_cifar_data cifar-10-batches-bin examples/cifar10 lmdb

reads data_batch_1.bin to data_batch_5.bin and test_batch.bin (of the binary version, unpacked)
and makes cifar10_train_lmdb and cifar10_test_lmdb in the output folder.
"""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from minicaffe.data.backends import BACKENDS, new_database
from minicaffe.errors import DataError
from minicaffe.errors.reading import cannot_read
from minicaffe.files import open_to_read

if TYPE_CHECKING:
    import numpy as np

logger = logging.getLogger("minicaffe")

_SHAPE = (3, 32, 32)
_RECORD = 1 + 3 * 32 * 32  # bytes: the label, then red, green and blue


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments, those of Caffe's program."""
    parser.add_argument("input_folder", help="where the .bin files are")
    parser.add_argument("output_folder", help="where to make the two databases")
    parser.add_argument("db_type", choices=BACKENDS, help="lmdb or leveldb")


def run(args: argparse.Namespace) -> int:
    """Read the files and write both databases."""
    logger.info("Writing Training data")
    train = []
    for number in range(1, 6):
        logger.info("Training Batch %d", number)
        train.append(read_batch(os.path.join(args.input_folder, f"data_batch_{number}.bin")))
    test = read_batch(os.path.join(args.input_folder, "test_batch.bin"))
    _write(args, "train", train)
    logger.info("Writing Testing data")
    _write(args, "test", [test])
    return 0


def read_batch(path: str) -> np.ndarray:
    """The records of a file, one a row: a label, then 3×32×32 values, red first.

    Raises:
        DataError: the file cannot be read, or is no such file.
    """
    import numpy as np

    try:
        with open_to_read(path) as stream:
            content = stream.read()
    except OSError as reason:
        raise cannot_read(
            path, reason, what="the file",
            more="the folder must hold the unpacked files of CIFAR-10's binary version",
        ) from reason  # fmt: skip
    if not content or len(content) % _RECORD:
        raise DataError(
            f"'{path}' has {len(content)} bytes, expected a multiple of {_RECORD} (a label and "
            "3×32×32 values for each image); it is cut short, or not of the binary version"
        )
    return np.frombuffer(content, np.uint8).reshape(-1, _RECORD)


def _write(args: argparse.Namespace, name: str, batches: Sequence[np.ndarray]) -> None:
    from minicaffe.cli._progress import Counter
    from minicaffe.data.datum import make_datum

    path = os.path.join(args.output_folder, f"cifar10_{name}_{args.db_type}")
    total = sum(map(len, batches))
    with (
        new_database(path, args.db_type) as database,
        Counter(args.log, total, "images") as counter,
    ):
        for records in batches:
            for record in records:
                datum = make_datum(record[1:].reshape(_SHAPE), int(record[0]))
                database.put(b"%05d" % database.count, datum.SerializeToString())
                counter.show(database.count)
