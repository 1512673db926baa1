"""The mean of a database's images (Caffe's ``compute_image_mean``)."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.data.datum import parse_datum
from minicaffe.data.db import Database, decode_record, record_name, records_of
from minicaffe.errors import DataError

logger = logging.getLogger("minicaffe")

_LOG_EVERY = 10000


def image_mean(database: Database, on_image: Callable[[int], None]) -> np.ndarray:
    """The mean of all images, channels × height × width, float32.

    Sums are single-precision, image by image, as in Caffe: the result is the same to the
    last bit.

    Args:
        database: where they are.
        on_image: told after each image how many are done.

    Raises:
        DataError: an image cannot be read, or has another size than the first.
    """
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
        on_image(count)
        if count % _LOG_EVERY == 0:
            logger.info("Processed %d files.", count)
    if count % _LOG_EVERY:
        logger.info("Processed %d files.", count)
    return total / np.float32(count)


def channel_means(mean: np.ndarray) -> list[float]:
    """The mean of each channel of a mean image, for ``mean_value``.

    It is summed in Caffe's order, one value after the other in single precision.
    """
    return [
        float(np.cumsum(values.ravel(), dtype=np.float32)[-1] / np.float32(values.size))
        for values in mean
    ]
