"""Give layers other names, in prototxts and weights together.

    minicaffe rename_layers train_val.prototxt deploy.prototxt W.caffemodel \\
        --rename='res*_branch1=block*_shortcut' --rename=fc1000=classifier -o renamed/
    minicaffe rename_layers net.prototxt W.caffemodel --map=names.txt --in_place

In OLD=NEW, * is any characters, and the same in both; the first that matches counts. A line of
--map has the old and the new name. Comments and layout of a prototxt stay, and all else in
.caffemodel and .h5 files. --dry_run shows what would be changed.
"""

from __future__ import annotations

import argparse
import logging
import os
from typing import TYPE_CHECKING

from minicaffe.cli._results import keep_sources
from minicaffe.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from minicaffe.convert.rename import Renamed

logger = logging.getLogger("minicaffe")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's flags."""
    parser.add_argument("files", metavar="FILE", nargs="+", help="prototxts and weights")
    parser.add_argument(
        "--rename", metavar="OLD=NEW", action="append", default=[], help="names; may be repeated"
    )
    parser.add_argument("--map", metavar="FILE", help="a file of old and new names")
    parser.add_argument("--blobs", action="store_true", help="give blobs new names, too")
    add_output(parser)


def add_output(parser: argparse.ArgumentParser) -> None:
    """Declare where the files go: ``-o``, ``--in_place`` or nowhere."""
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("-o", "--output", metavar="FOLDER", help="where the new files go")
    where.add_argument("--in_place", action="store_true", help="replace the files themselves")
    where.add_argument("--dry_run", action="store_true", help="only show what would be changed")


def run(args: argparse.Namespace) -> None:
    """Print the names that change, and write the files."""
    from minicaffe.convert.rename import rename_layers
    from minicaffe.convert.weights.patterns import Renaming, parse_rules, read_rules

    rules = [*parse_rules(args.rename), *(read_rules(args.map) if args.map else ())]
    if not rules:
        raise DataError("no names are given: --rename OLD=NEW, or --map FILE")
    targets = [_target(path, args.output) for path in args.files]
    if args.output:
        keep_sources(targets, [*args.files, args.map])
    if len(set(map(os.path.realpath, targets))) < len(targets):
        raise DataError(f"two of the files would be one in '{args.output}'")
    renamed = rename_layers(args.files, Renaming(rules, whole=True), blobs=args.blobs)
    _print(renamed)
    if not args.dry_run:
        _write(renamed, targets)


def _target(path: str, folder: str | None) -> str:
    return os.path.join(folder, os.path.basename(path)) if folder else path


def _print(renamed: Sequence[Renamed]) -> None:
    from minicaffe.errors import visible

    for file in renamed:
        print(visible(f"{file.path}: {len(file.changed)} names change"))
        for old, new in file.changed:
            print(visible(f"  {old} -> {new}"))


def _write(renamed: Sequence[Renamed], targets: Sequence[str]) -> None:
    """Write all of the files, or none of them."""
    from minicaffe.files import refusals, write_together

    for folder in {os.path.dirname(target) for target in targets} - {""}:
        with refusals(folder, DataError):
            os.makedirs(folder, exist_ok=True)
    with write_together(*targets, error=DataError) as besides:
        for file, beside, target in zip(renamed, besides, targets, strict=True):
            with refusals(target, DataError):
                file.write(beside)
    for target in targets:
        logger.info("Wrote %s", target)
