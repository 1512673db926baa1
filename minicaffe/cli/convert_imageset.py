"""Put images into a database that Data layers read.

    minicaffe convert_imageset --resize_height=256 --resize_width=256 --shuffle \\
        images/ train.txt train_lmdb

A line of LISTFILE holds an image's path as seen from ROOTFOLDER (which is put before it as
it is, so it ends with a slash), a space and the label:  cats/tom.jpg 3

    minicaffe convert_imageset photos/ db --split 0.8

takes photographs that are in a folder for each class (photos/cats/tom.jpg), and makes the folder
db: train_lmdb and val_lmdb, the lists train.txt and val.txt, labels.txt, mean.binaryproto, and
report.json, which says what was left out. `minicaffe new` makes a net for it.
"""

from __future__ import annotations

import argparse
import logging
import os

from minicaffe.cli._flags import add_flags, add_switch, explained, whole
from minicaffe.cli._image_folder import convert_folder
from minicaffe.data.backends import new_database
from minicaffe.errors import DataError

logger = logging.getLogger("minicaffe")

_LOG_EVERY = 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's flags, those of Caffe's program."""
    parser.add_argument("root", metavar="ROOTFOLDER/", help="put before every path as it is")
    parser.add_argument(
        "list", metavar="LISTFILE", nargs="?",
        help="the paths and labels; without it, ROOTFOLDER has a folder for each class",
    )  # fmt: skip
    parser.add_argument("database", metavar="DB_NAME", help="the folder to make")
    parser.add_argument(
        "--split", type=explained(_share), metavar="X",
        help="without LISTFILE: the share of each class to train on (0.8); the rest validates",
    )  # fmt: skip
    add_switch(parser, "gray", "store one channel, not blue, green and red")
    add_switch(parser, "color", "without LISTFILE: store three channels of grey images, too")
    add_switch(parser, "shuffle", "put the images into a random order")
    add_flags(parser, "backend")
    for name in ("width", "height"):
        parser.add_argument(
            f"--resize_{name}", type=explained(whole), default=0, metavar="N",
            help=f"the {name} to resize images to; both or none",
        )  # fmt: skip
    add_switch(parser, "check_size", "make sure that all images have the same size")
    add_switch(parser, "encoded", "store images as files (JPEG, PNG), not as raw pixels")
    parser.add_argument(
        "--encode_type", default="", metavar="TYPE", help="how to encode them, such as jpg or png; "
        "by default as the file's name ends. Files that need no change are stored as they are",
    )  # fmt: skip
    parser.add_argument(
        "--seed", type=explained(_seed), metavar="N",
        help="makes the order of --shuffle repeatable; without LISTFILE, says which split (0)",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Read, decode and write one image after the other."""
    if args.list is None:
        if os.path.isfile(args.database):
            args.usage_error("the following arguments are required: DB_NAME")
        convert_folder(args, _size(args))
        return 0
    if args.split is not None:
        args.usage_error("--split is given with a LISTFILE; it is for folders of classes")
    _convert_list(args)
    return 0


def _convert_list(args: argparse.Namespace) -> None:
    """Convert the images of a list, as Caffe's program does."""
    import numpy as np

    from minicaffe.cli._progress import Counter
    from minicaffe.data.datum_maker import DatumMaker, image_key
    from minicaffe.data.image_list import read_image_list, root_without_slash

    pairs = read_image_list(args.list)
    if pairs and (reason := root_without_slash(args.root, pairs[0][0])):
        raise DataError(reason)
    if args.shuffle:
        logger.info("Shuffling data")
        order = np.random.default_rng(args.seed).permutation(len(pairs))
        pairs = [pairs[index] for index in order]
    logger.info("A total of %d images.", len(pairs))
    make = DatumMaker(
        gray=args.gray,
        size=_size(args),
        encoded=args.encoded or bool(args.encode_type),
        encoding=args.encode_type,
        check_size=args.check_size,
    )
    if args.encode_type and not args.encoded:
        logger.info("encode_type specified, assuming encoded=true.")
    with (
        new_database(args.database, args.backend or "lmdb") as database,
        Counter(args.log, len(pairs), "images") as counter,
    ):
        for index, (name, label) in enumerate(pairs):
            datum = make(args.root + name, label)
            if datum is not None:
                database.put(image_key(index, name), datum.SerializeToString())
                if database.count % _LOG_EVERY == 0:
                    logger.info("Processed %d files.", database.count)
            counter.show(index + 1)
        if not database.count:
            raise DataError(f"none of the images that '{args.list}' names could be read")
    if database.count % _LOG_EVERY:
        logger.info("Processed %d files.", database.count)
    if database.count < len(pairs):
        logger.warning("%d of %d images were left out.", len(pairs) - database.count, len(pairs))


def _share(text: str) -> float:
    """A share above 0 and up to 1.

    Raises:
        ValueError: it is something else.
    """
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1:
        raise ValueError(f"expected a share above 0 and up to 1, such as 0.8, not {text}")
    return value


def _seed(text: str) -> int:
    """A whole number from 0.

    Raises:
        ValueError: it is something else.
    """
    value = whole(text)
    if value < 0:
        raise ValueError(f"expected a whole number from 0, not {text}")
    return value


def _size(args: argparse.Namespace) -> tuple[int, int] | None:
    """Height and width to resize to, or None."""
    height, width = max(0, args.resize_height), max(0, args.resize_width)
    if bool(height) != bool(width):
        logger.warning(
            "Only one of --resize_height and --resize_width is given: as in Caffe, images keep "
            "their size; give both."
        )
    return (height, width) if height and width else None
