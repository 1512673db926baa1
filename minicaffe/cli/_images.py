"""What the verbs that classify images have in common: their flags, and the files these name."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

from minicaffe.cli._flags import ENGINE_FLAGS, add_flags, add_limits, gpu_device, run_options
from minicaffe.errors import DataError
from minicaffe.errors.mistakes import MissingFileError
from minicaffe.files import check_regular
from minicaffe.options import RunKeywords

# What Caffe's scripts use, as seen from the folder of its sources
_MODEL = "models/bvlc_reference_caffenet/deploy.prototxt"
_WEIGHTS = "models/bvlc_reference_caffenet/bvlc_reference_caffenet.caffemodel"
_MEAN = "python/caffe/imagenet/ilsvrc_2012_mean.npy"


def integers(text: str) -> list[int]:
    """The whole numbers of ``2,1,0``; an empty list for an empty text.

    Raises:
        ArgumentTypeError: it is something else.
    """
    try:
        return [int(part) for part in text.split(",")] if text.strip() else []
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected whole numbers separated by commas, not '{text}'"
        ) from None


def refuse_row_flags(args: argparse.Namespace) -> None:
    """Refuse flags of Caffe's script where ``--model`` is given, which has others.

    Args:
        args: of a verb with :func:`add_model_flags`.
    """
    for flag, default, other in (
        ("mean_file", _MEAN, "mean"), ("pretrained_model", _WEIGHTS, "weights"),
        ("model_def", _MODEL, None), ("input_scale", None, "scale"),
    ):  # fmt: skip
        if getattr(args, flag) != default:
            hint = f"; give --{other}=…" if other else ""
            args.usage_error(f"--{flag} is of Caffe's script and not for --model{hint}")


def add_model_flags(parser: argparse.ArgumentParser) -> None:
    """Declare the flags that say what runs and how images are prepared."""
    add = parser.add_argument
    add("--model_def", default=_MODEL, metavar="FILE", help=f"the net's prototxt ({_MODEL})")
    add("--pretrained_model", default=_WEIGHTS, metavar="FILE", help=f"its weights ({_WEIGHTS})")
    add("--gpu", action="store_const", const="0", help="compute on GPU 0, if there is one")
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


class ModelKeywords(RunKeywords):
    """What ``Classifier`` and ``Detector`` take from the command line."""

    model_file: str
    pretrained_file: str | None
    input_scale: float | None
    raw_scale: float | None
    channel_swap: Sequence[int] | None


def model_options(args: argparse.Namespace) -> ModelKeywords:
    """These flags as ``Classifier`` and ``Detector`` take them, except the mean.

    Raises:
        DataError: a file is not there.
    """
    for flag in ("model_def", "pretrained_model"):
        require_file(getattr(args, flag), flag)
    unused = " (not used: minicaffe runs on the CPU)" if not gpu_device(args.gpu) else ""
    print(f"GPU mode{unused}" if args.gpu else "CPU mode")
    return ModelKeywords(
        model_file=args.model_def,
        pretrained_file=args.pretrained_model,
        input_scale=args.input_scale,
        raw_scale=args.raw_scale,
        channel_swap=args.channel_swap or None,
        **run_options(args, keep="outputs").keywords(),
    )


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


def require_file(path: str, flag: str) -> None:
    """Refuse the file of a flag that is not there.

    Raises:
        DataError: says which flag names another.
    """
    if not os.path.exists(path):
        hint = ", or --mean_file='' for none" if flag == "mean_file" else ""
        raise MissingFileError(
            f"there is no such file (as seen from {os.getcwd()}); give --{flag}=FILE{hint}",
            path=path,
        )
