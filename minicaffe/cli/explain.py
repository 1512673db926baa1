"""Say what a diagnostic's code means, why it matters, and how to mend it.

    minicaffe explain MC121
    minicaffe explain            (all codes, each on a line)

The pages are those of docs/diagnostics/.
"""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's flags."""
    parser.add_argument("codes", metavar="CODE", nargs="*", help="such as BN001 or MC121")


def run(args: argparse.Namespace) -> int:
    """Print the pages of the codes, or the list of all."""
    from minicaffe.errors import ArgumentError, did_you_mean
    from minicaffe.lint import codes, explain

    wanted = [code.strip().upper() for code in args.codes]
    for code, typed in zip(wanted, args.codes, strict=True):
        if code not in codes():
            hint = did_you_mean(code, codes()) or "; `minicaffe explain` lists all"
            raise ArgumentError(f"there is no code '{typed}'{hint}")
    if not wanted:
        for code in codes():
            print(explain(code).partition("\n")[0].removeprefix("# "))
    print("\n".join(explain(code) for code in wanted), end="")
    return 0
