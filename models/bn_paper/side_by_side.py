"""Trainings side by side: a process for each, one thread in each.

Small nets gain little from a second thread, and so every training has the same result however
many run at a time.
"""

from __future__ import annotations

import argparse
import signal
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from minicaffe.threads import available_cores, set_threads

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "data" / "fashion_mnist"

T = TypeVar("T")
R = TypeVar("R")


def side_by_side(work: Callable[[T], R], items: Iterable[T], jobs: int) -> list[R]:
    """What ``work`` makes of each item, in their order.

    Args:
        work: a function of a module; it has a process with one thread to itself.
        items: what it is given.
        jobs: how many processes there are at a time.
    """
    context = get_context("spawn")  # threads of this process would not survive a fork
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_prepare) as pool:
        return list(pool.map(work, items))


def _prepare() -> None:
    set_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it at once, without a traceback


def add_options(parser: argparse.ArgumentParser, steps: str) -> None:
    """Declare what both reproductions take; ``steps`` says how many there are by default."""
    parser.add_argument(
        "--data",
        type=Path,
        default=SHIPPED,
        metavar="FOLDER",
        help="with train_lmdb and test_lmdb (default: the images that come with minicaffe)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("bn_paper"),
        metavar="FOLDER",
        help="where the results go (default: %(default)s)",
    )
    parser.add_argument(
        "--steps", type=positive, metavar="N", help=f"of each training (default: {steps})"
    )
    parser.add_argument(
        "--jobs",
        type=positive,
        default=available_cores(),
        metavar="N",
        help="trainings at a time, each with one thread (default: one a core)",
    )


def positive(text: str) -> int:
    """A number above 0, as argparse wants it."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is no number above 0")
    return int(text)
