"""The files that a verb writes are others than those that it reads."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable

from minicaffe.errors import ArgumentError


def add_net_results(parser: argparse.ArgumentParser) -> None:
    """Declare where a verb writes a net and its weights."""
    parser.add_argument(
        "-o", "--output", required=True, metavar="FILE", help="the prototxt to write"
    )
    parser.add_argument(
        "-w", "--caffemodel", required=True, metavar="FILE", help="the weights to write"
    )


def keep_sources(results: Iterable[str], sources: Iterable[str | None]) -> None:
    """Refuse to replace a file by what is made of it, before anything is computed.

    Args:
        results: the files to write.
        sources: the files that are read; None for one that is not given.

    Raises:
        ArgumentError: one of the results is one of the sources, by whatever path.
    """
    read = {os.path.realpath(source): source for source in sources if source}
    for result in results:
        if source := read.get(os.path.realpath(result)):
            raise ArgumentError(
                f"the result would replace '{source}', which it is made of; give it another name"
            )
