"""List the networks that come with minicaffe, or show one.

minicaffe models                                     a table of all
minicaffe models resnet50                            what is known of one, and its files
minicaffe models --json                              everything, for programs
minicaffe models lenet_bn --copy net --with-data     a copy to train, with its images
minicaffe models lenet_bn --weights                  the file of weights that come with it
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from minicaffe.errors import DataError

if TYPE_CHECKING:
    from minicaffe.zoo import Network


_ALIGNED = "<>>>><<"  # the table's columns
_FOOTNOTE = "* what the source states; not measured with minicaffe"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("name", nargs="?", help="a network; all of them by default")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--path", action="store_true", help="print only the folder")
    form.add_argument(
        "--weights", action="store_true", help="print only the file of the weights that it has"
    )
    form.add_argument(
        "--copy", metavar="FOLDER", help="copy it to change and train; its paths begin here"
    )
    parser.add_argument(
        "--with_data",
        action="store_true",
        help="with --copy: the images that it trains on, too, "
        "those that come with minicaffe or Debian's package dataset-fashion-mnist",
    )
    form.add_argument("--json", action="store_true", help="print the facts as JSON")


def run(args: argparse.Namespace) -> None:
    """Print what was asked for."""
    from minicaffe.zoo import copy_network, network, networks, networks_folder

    if (args.copy or args.weights) and args.name is None:
        args.usage_error(
            f"--{'copy' if args.copy else 'weights'} is given without a network; write its name "
            "before it, as in `minicaffe models lenet_bn`"
        )
    if args.with_data and not args.copy:
        args.usage_error("--with_data is given without --copy=FOLDER; it is for that")
    if args.copy:
        names = copy_network(network(args.name), args.copy, with_data=args.with_data)
        print(f"{args.copy}: {', '.join(names)}")
        print(f"now run: minicaffe train {args.copy}")
    elif args.weights:
        print(_weights(network(args.name)))
    elif args.path:
        print(networks_folder() if args.name is None else network(args.name).folder)
    elif args.json:
        chosen = (
            [_as_json(each) for each in networks()]
            if args.name is None
            else _as_json(network(args.name))
        )
        print(json.dumps(chosen, indent=2))
    elif args.name is None:
        print("\n".join(_table(networks())))
    else:
        print("\n".join(_page(network(args.name))))


def _weights(chosen: Network) -> str:
    """The file of its weights.

    Raises:
        DataError: none are shipped.
    """
    if chosen.weights is None:
        raise DataError(
            f"no weights of {chosen.name} come with minicaffe; `minicaffe models {chosen.name}` "
            "says where it is from"
        )
    return str(chosen.weights)


def _as_json(chosen: Network) -> dict[str, object]:
    return {
        "model": chosen.name,
        "folder": str(chosen.folder),
        "files": [file.name for file in chosen.files],
        **chosen.facts,
    }


def _page(chosen: Network) -> list[str]:
    """One network's facts and files, a line each."""
    lines = [f"{name}: {_fact(name, value)}" for name, value in chosen.facts.items()]
    return [*lines, "files:", *(f"  {file}" for file in chosen.files)]


def _fact(name: str, value: object) -> str:
    """A fact as people read it."""
    if isinstance(value, list):
        return " x ".join(map(str, value))
    if isinstance(value, int):
        return f"{value:,}"
    if "accuracy" in name and (value is None or isinstance(value, float)):
        return _percent(value)
    return str(value)


def _table(all_networks: Sequence[Network]) -> list[str]:
    """A line for each network; on a terminal no longer than it is wide."""
    rows = [("model", "parameters", "multiply-adds", "top 1", "top 5", "images", "source")]
    for each in all_networks:
        facts = each.facts
        rows.append(
            (
                each.name,
                f"{facts['parameters']:,}",
                f"{facts['multiply_adds']:,}",
                _best(each.facts.get("accuracy"), each.facts.get("expected_accuracy")),
                _best(each.facts.get("accuracy_top5"), each.facts.get("expected_accuracy_top5")),
                re.split(r"[,(]", facts["dataset"])[0].strip(),
                facts["source"],
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [_line(row, widths) for row in rows]
    if sys.stdout.isatty():
        columns = shutil.get_terminal_size().columns
        lines = [line if len(line) <= columns else f"{line[: columns - 3]}..." for line in lines]
    return [*lines, "", _FOOTNOTE] if any("*" in line for line in lines) else lines


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    """Numbers to the right, words to the left."""
    cells = zip(row, widths, _ALIGNED, strict=True)
    return "  ".join(f"{text:{side}{width}}" for text, width, side in cells).rstrip()


def _best(measured: float | None, expected: float | None) -> str:
    """The measured accuracy, or else what the source states, marked."""
    if measured is not None:
        return f"{_percent(measured)}  "
    return "-  " if expected is None else f"{_percent(expected)} *"


def _percent(value: float | None) -> str:
    return "not measured" if value is None else f"{100 * value:.2f} %"
