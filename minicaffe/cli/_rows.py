"""Rows of probabilities for images, as Caffe's classify.py writes them."""

from __future__ import annotations

import argparse
import glob
import os
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from minicaffe.cli._images import add_model_flags, check_image_file, integers, model_options
from minicaffe.errors import DataError
from minicaffe.files import write_beside

if TYPE_CHECKING:
    import numpy as np


def add_row_flags(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of Caffe's script."""
    add_model_flags(parser)
    parser.add_argument(
        "--center_only",
        action="store_true",
        help="look at the middle only, instead of averaging over ten crops",
    )
    parser.add_argument(
        "--images_dim", type=integers, default=[256, 256], metavar="HEIGHT,WIDTH",
        help="the size that images are brought to before crops are cut (256,256)",
    )  # fmt: skip
    parser.add_argument("--ext", default="jpg", help="the ending of the images in a folder (jpg)")


def write_rows(args: argparse.Namespace) -> None:
    """Write the net's probabilities for each image."""
    import numpy as np

    from minicaffe.classifier import Classifier
    from minicaffe.cli._arrays import load_mean
    from minicaffe.cli._progress import Counter

    if len(args.images_dim) != 2 or min(args.images_dim) < 1:
        args.usage_error(
            "--images_dim has another number of lengths; expected a height and a width, 256,256"
        )
    options = model_options(args)
    mean = load_mean(args.mean_file)
    classifier = Classifier(image_dims=args.images_dim, mean=mean, **options)
    batch, channels = classifier.blobs[classifier.inputs[0]].shape[:2]
    inputs = _inputs(os.path.expanduser(args.input_file), args.ext)
    print(f"Classifying {len(inputs)} inputs.")
    start = time.perf_counter()
    results = []
    with Counter(args.log, len(inputs), "images") as counter:
        for first in range(0, len(inputs), batch):  # so that not all are in memory at once
            images = [_image(given, color=channels != 1) for given in inputs[first : first + batch]]
            results.append(classifier.predict(images, not args.center_only))
            counter.show(first + len(images))
    print(f"Done in {time.perf_counter() - start:.2f} s.")
    output = args.output_file if args.output_file.endswith(".npy") else f"{args.output_file}.npy"
    print(f"Saving results into {output}")
    with write_beside(output, error=DataError) as beside, open(beside, "wb") as stream:
        np.save(stream, np.concatenate(results))


def _inputs(path: str, ending: str) -> Sequence[str] | Sequence[np.ndarray]:
    """The images, as arrays or names of files.

    Raises:
        DataError: there are none.
    """
    if path.endswith("npy"):
        print(f"Loading file: {path}")
        return _stack(path)
    if not os.path.isdir(path):
        print(f"Loading file: {path}")
        return [path]
    print(f"Loading folder: {path}")
    files = sorted(glob.glob(os.path.join(glob.escape(path), f"*.{ending}")))
    if not files:
        raise DataError(f"no file in this folder ends with .{ending}; give --ext", path=path)
    for file in files:
        check_image_file(file)
    return files


def _image(given: str | np.ndarray, *, color: bool) -> np.ndarray:
    """An image, height × width × channels; a file's is of one channel without color."""
    from minicaffe.io import load_image

    return load_image(given, color) if isinstance(given, str) else given


def _stack(path: str) -> Sequence[np.ndarray]:
    from minicaffe.weights.array_files import read_array

    images = read_array(path)
    if images.ndim != 4 or not len(images):
        raise DataError(
            f"an array of shape {images.shape}, expected number×height×width×channels", path=path
        )
    return list(images)
