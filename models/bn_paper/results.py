"""Tables, pictures and what they were made with."""

from __future__ import annotations

import csv
import platform
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from minicaffe import __version__
from minicaffe.engines import engine_name, find_engine
from minicaffe.errors import DataError, MinicaffeError, MissingExtraError, require
from minicaffe.files import write_beside
from minicaffe.threads import available_cores


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table; numbers with the digits they have.

    Raises:
        DataError: the file cannot be written.
    """
    with write_beside(path, error=DataError) as beside, beside.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def markdown(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table for a readme."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def steps_to(steps: np.ndarray, accuracy: np.ndarray, goal: float) -> int | None:
    """The first of the ascending steps with so high an accuracy; None where there is none."""
    reached = np.flatnonzero(accuracy >= goal)
    return int(steps[reached[0]]) if reached.size else None


def draw(path: Path, panels: int, plot: Callable[[Sequence[Any]], None], width: float = 4.6) -> str:
    """Draw a picture with panels side by side; says where it is, or what is missing.

    Args:
        path: a PNG file.
        panels: how many.
        plot: is given that many matplotlib ``Axes``.
        width: of a panel, in inches (of 100 pixels).

    Raises:
        DataError: the file cannot be written.
    """
    try:
        module = require("matplotlib.figure", extra="plot", purpose="the picture")
    except MissingExtraError as missing:
        return f"no picture: {missing}"
    figure = module.Figure(figsize=(width * panels, 3.6), layout="tight")
    plot(figure.subplots(1, panels, squeeze=False)[0])
    with write_beside(path, error=DataError) as beside:
        figure.savefig(beside, format="png", dpi=100)
    return f"the picture: {path}"


def versions() -> str:
    """What computed: minicaffe and its engine, Python, numpy, the machine."""
    engine = engine_name(find_engine(None))
    return (
        f"minicaffe {__version__}, engine {engine}, numpy {metadata.version('numpy')}, Python "
        f"{platform.python_version()}, {platform.machine()}, {available_cores()} cores"
    )


def make_folder(path: Path) -> None:
    """Make a folder for results.

    Raises:
        DataError: the system refuses.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as reason:
        raise DataError(
            f"cannot make the folder: {reason.strerror}; name another one with --out",
            path=str(path),
        ) from reason


def guarded(program: Callable[[], None]) -> int:
    """Run a program; a mistake of its user is one line. Returns the exit status."""
    try:
        program()
    except MinicaffeError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 128 + signal.SIGINT
    return 0
