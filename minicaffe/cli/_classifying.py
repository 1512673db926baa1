"""What ``classify`` and ``detect`` share: the flags of Caffe's two scripts, and reading them."""

from __future__ import annotations

import argparse
import os
from typing import Any

import numpy as np

from minicaffe.array_files import read_array
from minicaffe.blobproto import read_blob
from minicaffe.cli._flags import ENGINE_FLAGS, add_flags, add_limits, engine_of, limit_options
from minicaffe.errors import DataError
from minicaffe.files import check_regular

# What Caffe's scripts use, as seen from the folder of its sources
_MODEL = "models/bvlc_reference_caffenet/deploy.prototxt"
_WEIGHTS = "models/bvlc_reference_caffenet/bvlc_reference_caffenet.caffemodel"
_MEAN = "python/caffe/imagenet/ilsvrc_2012_mean.npy"


def integers(text: str) -> list[int]:
    """The whole numbers of ``2,1,0``; none of an empty text.

    Raises:
        ArgumentTypeError: it is something else.
    """
    try:
        return [int(part) for part in text.split(",")] if text.strip() else []
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected whole numbers separated by commas, not '{text}'"
        ) from None


def add_model_flags(parser: argparse.ArgumentParser) -> None:
    """Declare the flags that say what runs and how images are prepared."""
    add = parser.add_argument
    add("--model_def", default=_MODEL, metavar="FILE", help=f"the net's prototxt ({_MODEL})")
    add("--pretrained_model", default=_WEIGHTS, metavar="FILE", help=f"its weights ({_WEIGHTS})")
    add("--gpu", action="store_true", help="accepted for Caffe's sake")
    add(
        "--mean_file",
        default=_MEAN,
        metavar="FILE",
        help="the mean image, channels×height×width, as .npy or .binaryproto; '' for none "
        f"({_MEAN})",
    )
    add("--input_scale", type=float, metavar="X", help="a factor after everything else")
    add(
        "--raw_scale",
        type=float,
        default=255.0,
        metavar="X",
        help="a factor before everything else (255: images are loaded as 0 to 1)",
    )
    add("--channel_swap", type=integers, default=[2, 1, 0], metavar="ORDER",
        help="the order of the channels; 2,1,0 (the default) makes blue, green, red; '' keeps "
        "it")  # fmt: skip
    add_flags(parser, *ENGINE_FLAGS)
    add_limits(parser)


def model_options(args: argparse.Namespace) -> dict[str, Any]:
    """These flags as ``Classifier`` and ``Detector`` take them, except the mean.

    Raises:
        DataError: a file is not there.
    """
    for flag in ("model_def", "pretrained_model"):
        _require_file(getattr(args, flag), flag)
    print("GPU mode (not used: minicaffe runs on the CPU)" if args.gpu else "CPU mode")
    return {
        "model_file": args.model_def,
        "pretrained_file": args.pretrained_model,
        "input_scale": args.input_scale,
        "raw_scale": args.raw_scale,
        "channel_swap": args.channel_swap or None,
        **engine_of(args),
        **limit_options(args),
    }


def load_mean(path: str) -> np.ndarray | None:
    """The mean in a file; None for an empty name.

    Raises:
        DataError: the file cannot be read.
    """
    if not path:
        return None
    _require_file(path, "mean_file")
    if path.endswith(".npy"):
        return read_array(path)
    mean = read_blob(path)
    return mean[0] if mean.ndim == 4 and len(mean) == 1 else mean


def check_image_file(path: str) -> None:
    """Refuse a pipe or device in the place of an image that a list or folder names.

    Raises:
        DataError: it is one; nothing is said of a file that is not there.
    """
    try:
        check_regular(path)
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as reason:  # ValueError: the name holds a NUL
        text = getattr(reason, "strerror", None) or reason
        raise DataError(f"this cannot be read as an image ({text})", path=path) from reason


def _require_file(path: str, flag: str) -> None:
    if not os.path.exists(path):
        hint = ", or --mean_file='' for none" if flag == "mean_file" else ""
        raise DataError(
            f"there is no such file (as seen from {os.getcwd()}); give --{flag}=FILE{hint}",
            path=path,
        )
