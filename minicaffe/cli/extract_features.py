"""Write what a net computes into databases, one Datum for each item of its batches.

    minicaffe extract_features lenet.caffemodel train_val.prototxt ip1,prob \\
        ip1_lmdb,prob_lmdb 20 lmdb

runs 20 batches of the TEST phase and makes the two databases. The values are float_data, the
keys 0000000000, 0000000001, ...
"""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

from minicaffe.cli._flags import (
    ENGINE_FLAGS,
    add_flags,
    add_limits,
    comma_list,
    explained,
    note_gpu,
    positive_int,
    run_options,
)
from minicaffe.data.backends import BACKENDS, new_database
from minicaffe.errors import DataError, GraphError, ShapeError

if TYPE_CHECKING:
    import numpy as np

    from minicaffe.blob import Blob
    from minicaffe.data.db import DatabaseWriter
    from minicaffe.net.net import Net

logger = logging.getLogger("minicaffe")

_LOG_EVERY = 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments, those of Caffe's program."""
    add = parser.add_argument
    add("weights", metavar="pretrained_net_param", help="the .caffemodel")
    add("model", metavar="feature_extraction_proto_file", help="a prototxt with a data layer")
    add("blobs", metavar="blob_name1[,name2,...]", help="the blobs to write")
    add("datasets", metavar="dataset_name1[,name2,...]", help="a database to make for each blob")
    add(
        "batches",
        metavar="num_mini_batches",
        type=explained(positive_int),
        help="how many batches to run",
    )
    add("db_type", choices=BACKENDS, help="lmdb or leveldb")
    add("mode", metavar="CPU/GPU", nargs="?", help="GPU: compute there, if there is one",
        choices=("CPU", "GPU"))  # fmt: skip
    add("device", metavar="DEVICE_ID", nargs="?", help="the number of the GPU (0)")
    add_flags(parser, *ENGINE_FLAGS)
    add_limits(parser)


def run(args: argparse.Namespace) -> int:
    """Build the net and the databases, and fill them."""
    from minicaffe.cli._progress import Counter
    from minicaffe.net.net import TEST, Net
    from minicaffe.net.pycaffe import existing_blobs

    args.gpu = (args.device or "0") if args.mode == "GPU" else None
    note_gpu(args.gpu)
    names, datasets = comma_list(args.blobs), comma_list(args.datasets)
    if len(names) != len(datasets):
        args.usage_error(
            f"{len(names)} blob name(s) and {len(datasets)} dataset name(s); give as many of each"
        )
    if len(set(map(os.path.realpath, datasets))) != len(datasets):
        args.usage_error(
            f"the dataset names '{args.datasets}' name one folder twice; give each its own"
        )
    with Net(args.model, TEST, **run_options(args).keywords()) as net:
        existing_blobs(net, names)
        if net.inputs:
            raise GraphError(
                "the net takes its input from a program (an Input layer), so there is nothing "
                "to extract features of; give a prototxt that begins with a data layer",
                path=args.model,
            )
        net.copy_from(args.weights)
        with ExitStack() as stack:
            features = []
            for name, dataset in zip(names, datasets, strict=True):
                logger.info("Opening dataset %s", dataset)
                database = stack.enter_context(new_database(dataset, args.db_type))
                features.append((name, database))
            counter = stack.enter_context(Counter(args.log, args.batches, "batches"))
            logger.info("Extracting Features")
            for batch in range(args.batches):
                net.forward_loss()
                for name, database in features:
                    _write(net, name, database)
                counter.show(batch + 1)
            for name, database in features:
                _report(name, database)
    logger.info("Successfully extracted the features!")
    return 0


def _write(net: Net, name: str, database: DatabaseWriter) -> None:
    """Add the items of a blob to a database."""
    from minicaffe.io import array_to_datum

    try:
        items = list(_items(net.blobs[name]))
    except ShapeError as error:
        raise DataError(f"blob '{name}' cannot be stored in Datums: {error.message}") from None
    for item in items:
        key = b"%010d" % database.count
        database.put(key, array_to_datum(item).SerializeToString())
        if database.count % _LOG_EVERY == 0:
            _report(name, database)


def _items(blob: Blob) -> Iterator[np.ndarray]:
    """A blob's items, each channels × height × width; missing axes have length 1."""
    shape = (blob.num, blob.channels, blob.height, blob.width)
    yield from blob.data.reshape(shape)


def _report(name: str, database: DatabaseWriter) -> None:
    logger.info("Extracted features of %d query images for feature blob %s", database.count, name)
