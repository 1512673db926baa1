"""Compute the mean of a database's images, for transform_param's mean_file.

    minicaffe compute_image_mean train_lmdb mean.binaryproto

Without OUTPUT_FILE only the channels' means are shown, for mean_value.
"""

from __future__ import annotations

import argparse
import logging

from minicaffe.cli._flags import add_flags
from minicaffe.data.backends import open_database

logger = logging.getLogger("minicaffe")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's flags, those of Caffe's program."""
    parser.add_argument("database", metavar="INPUT_DB", help="the folder of the database")
    parser.add_argument("output", metavar="OUTPUT_FILE", nargs="?", help="the .binaryproto")
    add_flags(parser, "backend")


def run(args: argparse.Namespace) -> int:
    """Add up, divide, write and show."""
    import numpy as np

    from minicaffe.cli._progress import Counter
    from minicaffe.data.image_mean import channel_means, image_mean
    from minicaffe.weights.blob_proto import write_blob

    database = open_database(args.database, args.backend or "lmdb")
    with Counter(args.log, database.entries, "images") as counter:
        mean = image_mean(database, counter.show)
    if args.output:
        logger.info("Write to %s", args.output)
        write_blob(args.output, mean[np.newaxis], legacy=True)
    logger.info("Number of channels: %d", len(mean))
    for channel, value in enumerate(channel_means(mean)):
        logger.info("mean_value channel [%d]: %g", channel, value)
    return 0
