"""Put MNIST, or another data set in idx files, into a database.

    minicaffe convert_mnist_data train-images-idx3-ubyte train-labels-idx1-ubyte train_lmdb

The files may be compressed (.gz), as they are published.
"""

from __future__ import annotations

import argparse
import logging

from minicaffe.cli._flags import add_flags
from minicaffe.data.backends import new_database
from minicaffe.errors import DataError

logger = logging.getLogger("minicaffe")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's flags, those of Caffe's program."""
    parser.add_argument("images", metavar="input_image_file", help="images in an idx file")
    parser.add_argument("labels", metavar="input_label_file", help="their labels in another")
    parser.add_argument("database", metavar="output_db_file", help="the folder to make")
    add_flags(parser, "backend")


def run(args: argparse.Namespace) -> int:
    """Read both files and write the database."""
    from minicaffe.blob import shape_text
    from minicaffe.cli._progress import Counter
    from minicaffe.data.datum import make_datum
    from minicaffe.data.idx import read_idx

    images, labels = read_idx(args.images), read_idx(args.labels)
    if images.ndim != 3 or labels.ndim != 1:
        raise DataError(
            f"'{args.images}' holds an array of {shape_text(images.shape)} and '{args.labels}' one "
            f"of {shape_text(labels.shape)}; expected images×rows×columns, and a label for each"
        )
    if len(images) != len(labels):
        raise DataError(
            f"'{args.images}' holds {len(images)} images, but '{args.labels}' {len(labels)} "
            "labels; do they belong together?"
        )
    logger.info("A total of %d items.", len(images))
    logger.info("Rows: %d Cols: %d", *images.shape[1:])
    with (
        new_database(args.database, args.backend or "lmdb") as database,
        Counter(args.log, len(images), "images") as counter,
    ):
        for index, (image, label) in enumerate(zip(images, labels, strict=True)):
            datum = make_datum(image[None], int(label))
            database.put(b"%08d" % index, datum.SerializeToString())
            counter.show(index + 1)
    logger.info("Processed %d files.", database.count)
    return 0
