"""Folders that ``minicaffe new`` has made, where verbs take one in place of their files."""

from __future__ import annotations

import argparse
import logging
import os
import re

from minicaffe.errors import DataError
from minicaffe.errors.mistakes import MissingFileError

logger = logging.getLogger("minicaffe")

#: How the names of weights end, the best ones of a training first.
_BEST = re.compile(r"_best\.caffemodel(\.h5)?")
_SNAPSHOT = re.compile(r"_iter_(\d+)\.caffemodel(\.h5)?")


def add_folder(parser: argparse.ArgumentParser) -> None:
    """Declare a model's folder as a word that no flag precedes."""
    parser.add_argument(
        "folder", nargs="?", help="what `minicaffe new` has made, in place of the files"
    )


def file_in(args: argparse.Namespace, name: str, *, instead_of: str) -> str | None:
    """A file of the folder that was given; None without one.

    Args:
        args: of a verb with :func:`add_folder`.
        name: of the file.
        instead_of: the flag that names such a file, and is not given besides.

    Raises:
        DataError: it has no such file.
    """
    if args.folder is None:
        return None
    if not os.path.isdir(args.folder):
        named = getattr(args, instead_of) or os.path.splitext(args.folder)[1]
        if named or os.path.exists(args.folder):
            args.usage_error(f"unrecognized arguments: {args.folder}")
        raise MissingFileError(
            f"there is no such folder; {_who_makes(args.folder)}", path=args.folder
        )
    if getattr(args, instead_of):
        args.usage_error(
            f"--{instead_of} is given besides the folder {args.folder}; leave one of them out"
        )
    return model_file(args.folder, name)


def model_file(folder: str, name: str) -> str:
    """A file of a model's folder.

    Raises:
        DataError: it has no such file.
    """
    path = os.path.join(folder, name)
    if not os.path.isfile(path):
        raise DataError(
            f"there is no {name} in this folder; `minicaffe new` makes one that has it",
            path=folder,
        )
    return path


def labels_in(folder: str) -> str | None:
    """The file of names of a model's classes; None where it has none."""
    path = os.path.join(folder, "labels.txt")
    return path if os.path.isfile(path) else None


def _who_makes(folder: str) -> str:
    """What to run for the folder that is not there."""
    from minicaffe.zoo import networks

    if folder in {network.name for network in networks()}:
        return f"`minicaffe models {folder} --copy {folder}` makes one of the network of this name"
    return "`minicaffe new` makes one for images of your own"


def weights_in(folder: str) -> str:
    """The best weights of a model's trainings that are kept, else the last ones, else any.

    Raises:
        DataError: there are none.
    """
    names = sorted(os.listdir(folder))
    best = [name for name in names if _BEST.search(name)]
    found = {name: match for name in names if (match := _SNAPSHOT.search(name))}
    other = [name for name in names if name.endswith((".caffemodel", ".caffemodel.h5"))]
    if not other:
        raise DataError(
            f"there are no weights in this folder yet; `minicaffe train {folder}` makes some",
            path=folder,
        )
    last = max(found, key=lambda name: int(found[name][1]), default="")
    chosen = os.path.join(folder, best[0] if best else last or other[0])
    logger.info("The weights are those of %s.", chosen)
    return chosen
