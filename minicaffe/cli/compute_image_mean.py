"""Compute the mean of a database's images, for transform_param's mean_file.

    minicaffe compute_image_mean train_lmdb mean.binaryproto

Without OUTPUT_FILE only the channels' means are shown, for mean_value.
"""

from __future__ import annotations

import argparse
import logging
from typing import TYPE_CHECKING

from minicaffe.cli._flags import add_flags
from minicaffe.data.backends import open_database
from minicaffe.errors import DataError

if TYPE_CHECKING:
    import numpy as np

    from minicaffe.cli._progress import Counter
    from minicaffe.data.db import Database

logger = logging.getLogger("minicaffe")

_LOG_EVERY = 10000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's flags, those of Caffe's program."""
    parser.add_argument("database", metavar="INPUT_DB", help="the folder of the database")
    parser.add_argument("output", metavar="OUTPUT_FILE", nargs="?", help="the .binaryproto")
    add_flags(parser, "backend")


def run(args: argparse.Namespace) -> int:
    """Add up, divide, write and show."""
    import numpy as np

    from minicaffe.cli._progress import Counter
    from minicaffe.weights.blob_proto import write_blob

    database = open_database(args.database, args.backend or "lmdb")
    with Counter(args.log, database.entries, "images") as counter:
        mean = image_mean(database, counter)
    if args.output:
        logger.info("Write to %s", args.output)
        write_blob(args.output, mean[np.newaxis], legacy=True)
    logger.info("Number of channels: %d", len(mean))
    for channel, values in enumerate(mean):
        logger.info("mean_value channel [%d]: %g", channel, _sum(values) / np.float32(values.size))
    return 0


def image_mean(database: Database, counter: Counter) -> np.ndarray:
    """The mean of all images, channels × height × width, float32.

    Sums are single-precision, image by image, as in Caffe: the result is the same to the
    last bit.

    Raises:
        DataError: an image cannot be read, or has another size than the first.
    """
    import numpy as np

    from minicaffe.blob import shape_text
    from minicaffe.data.datum import parse_datum
    from minicaffe.data.db import decode_record, record_name, records_of

    first_key, total, count = b"", np.zeros(0, np.float32), 0
    for key, value in records_of(database):
        image, _ = decode_record(database, key, value)
        if not count:
            if parse_datum(value).encoded:
                logger.info("Decoding Datum")
            logger.info("Starting iteration")
            first_key, total = key, np.zeros(image.shape, np.float32)
        elif image.shape != total.shape:
            raise DataError(
                f"{record_name(database, key)} has size {shape_text(image.shape)} (channels×"
                f"height×width), but '{first_key.decode(errors='backslashreplace')}' has "
                f"{shape_text(total.shape)}; a mean needs images of one size: give "
                "convert_imageset --resize_height and --resize_width"
            )
        total += image
        count += 1
        counter.show(count)
        if count % _LOG_EVERY == 0:
            logger.info("Processed %d files.", count)
    if count % _LOG_EVERY:
        logger.info("Processed %d files.", count)
    return total / np.float32(count)


def _sum(values: np.ndarray) -> np.float32:
    """The sum in Caffe's order, one value after the other in single precision."""
    import numpy as np

    return np.cumsum(values.ravel(), dtype=np.float32)[-1]
