"""Find what a net or a solver allows, but hardly means.

    minicaffe lint models/lenet_bn/solver.prototxt
    minicaffe lint train_val.prototxt deploy.prototxt --ignore=BN002,BN007

Each finding is one line: FILE:LINE: CODE layer 'x': what was found; what to do. A solver's nets
are examined with it. Nothing is built: no data is opened, no Python layer runs. The exit status
is 1 when there are findings.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from minicaffe.cli._flags import add_flags
from minicaffe.errors import PrototxtError, did_you_mean

if TYPE_CHECKING:
    from minicaffe.lint import Finding


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's flags."""
    parser.add_argument("files", metavar="FILE", nargs="+", help="a net's or a solver's prototxt")
    parser.add_argument(
        "--ignore", metavar="CODES", type=_codes, action="extend", default=[],
        help="findings to pass over, by their codes, separated by commas",
    )  # fmt: skip
    add_flags(parser, "skip_unknown")


def run(args: argparse.Namespace) -> int:
    """Print the findings, each once however many of the files lead to it."""
    printed: set[Finding] = set()
    for path in args.files:
        for finding in _lint(path, bool(args.skip_unknown)):
            if finding.code not in args.ignore and finding not in printed:
                printed.add(finding)
                print(finding)
    return 1 if printed else 0


def _lint(path: str, skip_unknown: bool) -> list[Finding]:
    """The findings about a file, whichever of the two kinds it is.

    Raises:
        PrototxtError: it is neither; says what is wrong with the kind that it is more like.
    """
    from minicaffe.lint import lint_net, lint_solver
    from minicaffe.proto.io import read_net, read_solver_located

    try:
        return lint_net(read_net(path, skip_unknown=skip_unknown), path)
    except PrototxtError as as_net:
        try:
            param, lines = read_solver_located(path, skip_unknown=skip_unknown)
        except PrototxtError as as_solver:
            # of the other kind, or of neither: no problems; else fewest where it is more like
            candidates = [error for error in (as_net, as_solver) if error.problems] or [as_net]
            raise min(candidates, key=lambda e: len(e.problems) + e.more) from None
        return lint_solver(param, path, lines)


def _codes(text: str) -> list[str]:
    from minicaffe.lint import codes

    wanted = [word.strip().upper() for word in text.split(",")]
    for word in wanted:
        if word not in codes():
            hint = did_you_mean(word, codes()) or f"; there are {', '.join(codes())}"
            raise argparse.ArgumentTypeError(f"unknown code '{word}'{hint}")
    return wanted
