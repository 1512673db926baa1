"""What verbs that look at pictures ask for: the net by file or name, and its preparation."""

from __future__ import annotations

import argparse
import logging
import os
from typing import TYPE_CHECKING

from minicaffe.cli._model_folder import labels_in, model_file, weights_in
from minicaffe.errors import DataError
from minicaffe.errors.reading import cannot_read
from minicaffe.files import check_regular

if TYPE_CHECKING:
    from minicaffe.detection.preparation import Preparation

logger = logging.getLogger("minicaffe")


def add_picture_flags(parser: argparse.ArgumentParser, size: str) -> None:
    """Declare the net, its names of classes, and how pictures are prepared for it.

    Args:
        parser: of the verb.
        size: what ``--size`` means to it.
    """
    add = parser.add_argument
    add("--model", metavar="NET", help="the net's deploy prototxt, a name of `minicaffe models`, "
        "or a folder that `minicaffe new` has made")  # fmt: skip
    add("--weights", metavar="FILE", help="its .caffemodel")
    add("--labels", metavar="FILE", help="the names of classes, one a line, or SSD's labelmap")
    add("--json", action="store_true", help="print JSON")
    add_preparation_flags(parser)
    add("--size", type=_two_lengths, metavar="HEIGHT,WIDTH", help=size)


def add_preparation_flags(parser: argparse.ArgumentParser) -> None:
    """Declare how pictures are prepared for a net."""
    add = parser.add_argument
    add("--mean", metavar="X,Y,Z", help="what is subtracted, one number or one a channel, or a "
        ".npy or .binaryproto file; 0 for nothing")  # fmt: skip
    add("--scale", type=float, metavar="X", help="a factor after that")
    order = parser.add_mutually_exclusive_group()
    order.add_argument("--rgb", action="store_true", help="the net takes red, green, blue")
    order.add_argument(
        "--bgr", action="store_true", help="the net takes blue, green, red, as Caffe's do (default)"
    )


def share(text: str) -> float:
    """A number from 0 to 1.

    Raises:
        ArgumentTypeError: it is something else.
    """
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 1, not '{text}'")
    return value


def _two_lengths(text: str) -> tuple[int, int]:
    """Two whole numbers; one means both.

    Raises:
        ArgumentTypeError: it is something else.
    """
    try:
        values = [int(part) for part in text.replace("x", ",").split(",")]
    except ValueError:
        values = []
    if len(values) not in (1, 2) or not 1 <= min(values) <= max(values) < 2**16:
        raise argparse.ArgumentTypeError(
            f"expected one or two lengths in pixels, such as 300 or 600,1000, not '{text}'"
        )
    return values[0], values[-1]


def net_files(args: argparse.Namespace) -> tuple[str, str]:
    """The files of ``--model`` and ``--weights``.

    Raises:
        DataError: one of them is not there, or there is no network of that name.
    """
    from minicaffe.zoo import net_file

    if args.model is not None and os.path.isdir(args.model):
        _take_folder(args)
    elif args.model is not None and args.weights is None:
        _take_shipped(args)
    for flag in ("model", "weights"):
        if getattr(args, flag) is None:
            args.usage_error(f"--{flag} is missing; pictures need --model=NET and --weights=FILE")
    model = net_file(args.model)
    for path, flag in ((model, "model"), (args.weights, "weights")):
        try:
            check_regular(path)
        except (OSError, ValueError) as reason:  # ValueError: the name holds a NUL
            raise cannot_read(path, reason, more=f"--{flag} names it") from reason
    return model, args.weights


def _take_folder(args: argparse.Namespace) -> None:
    """Put the files of a folder that `minicaffe new` has made into the flags that are not given.

    Raises:
        DataError: it has no net, or no weights yet.
    """
    from minicaffe.starter.readme import image_size

    folder, args.model = args.model, model_file(args.model, "deploy.prototxt")
    args.weights = args.weights or weights_in(folder)
    args.labels = args.labels or labels_in(folder)
    args.size = args.size or image_size(folder)


def _take_shipped(args: argparse.Namespace) -> None:
    """Put the weights and names that come with a network of minicaffe's into the flags."""
    from minicaffe.zoo import net_file, network

    if net_file(args.model) == args.model:
        return
    found = network(args.model)
    args.weights = found.weights and os.fspath(found.weights)
    if args.labels is None and found.weights and found.labels:
        args.labels = os.fspath(found.labels)


def mean_values(args: argparse.Namespace) -> list[float] | None:
    """What ``--mean`` says, a number for all channels or one a channel; None without it.

    Raises:
        DataError: its file cannot be read.
    """
    if args.mean is None:
        return None
    try:
        return [float(part) for part in args.mean.split(",")]
    except ValueError:
        pass
    if not args.mean.lower().endswith((".npy", ".binaryproto")):
        args.usage_error(
            f"--mean is '{args.mean}'; expected numbers such as 104,117,123, or a .npy or "
            ".binaryproto file"
        )
    from minicaffe.cli._arrays import load_mean

    mean = load_mean(args.mean)
    if mean is None or mean.ndim not in (1, 3):
        raise DataError("expected channels×height×width, or a value a channel", path=args.mean)
    return [float(value) for value in mean.reshape(len(mean), -1).mean(axis=1)]


def note_preparation(args: argparse.Namespace, found: Preparation) -> None:
    """Say what file says how pictures are prepared, unless the user does."""
    if args.mean is not None or args.scale is not None:
        return
    if found.origin:
        logger.info("Pictures are prepared as %s says.", found.origin)
    else:
        logger.warning(
            "The net's files do not say how pictures are prepared: they go in as 0 to 255. Give "
            "--mean and --scale if the net was trained with others."
        )


def red_first(args: argparse.Namespace) -> bool | None:
    """What ``--rgb`` and ``--bgr`` say; None for neither."""
    return True if args.rgb else False if args.bgr else None
