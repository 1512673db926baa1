"""Figure 1 of Ioffe & Szegedy 2015: train both nets, write what they did, and draw it.

    python -m models.bn_paper.figure1

trains train_val.prototxt and train_val_bn.prototxt as their solvers say, side by side, and writes
figure1.csv and, with matplotlib, figure1.png.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from models.bn_paper.figure1.training import SHARES, SOLVERS, History, Task, make_solver, train
from models.bn_paper.images import write_rows
from models.bn_paper.results import (
    draw,
    guarded,
    make_folder,
    markdown,
    steps_to,
    versions,
    write_csv,
)
from models.bn_paper.side_by_side import add_options, side_by_side

UNITS = 100  # of the last hidden layer
COLUMNS = ("net", "step", "accuracy", *(f"p{share}" for share in SHARES))


# ----------------------------------------------------------------------------- results


def rows(histories: dict[str, History], unit: int) -> list[list[Any]]:
    """The lines of figure1.csv, for one unit of the last hidden layer."""
    return [
        [name, step, f"{accuracy:.4f}", *(f"{value:.4f}" for value in percentiles[:, unit])]
        for name, seen in histories.items()
        for step, accuracy, percentiles in zip(
            seen.steps.tolist(), seen.accuracy.tolist(), seen.percentiles, strict=True
        )
    ]


def wander(history: History) -> np.ndarray:
    """How far the median of each unit's input went during training, in widths.

    Returns:
        For each unit (largest - smallest median) / (85th - 15th percentile at the end).
    """
    medians, last = history.percentiles[:, 1], history.percentiles[-1]
    return np.asarray(np.ptp(medians, axis=0) / (last[2] - last[0]))


def summary(histories: dict[str, History]) -> str:
    """A table of both nets."""
    plain = histories["without BatchNorm"]
    goal = float(plain.accuracy.max())
    table = [
        [
            name,
            str(steps_to(seen.steps, seen.accuracy, goal) or "never"),
            f"{100 * seen.accuracy.max():.2f} %",
            f"{100 * seen.accuracy[-1]:.2f} %",
            f"{np.median(wander(seen)):.2f}",
        ]
        for name, seen in histories.items()
    ]
    columns = (
        "",
        f"steps to {100 * goal:.2f} %",
        "highest accuracy",
        "accuracy at the end",
        "wander of the median",
    )
    return markdown(columns, table)


def plot(axes: Sequence[Any], histories: dict[str, History], unit: int) -> None:
    """Draw (a) the accuracies, (b) and (c) the percentiles of one sigmoid's input."""
    for (name, seen), line in zip(histories.items(), ("--", "-"), strict=True):
        axes[0].plot(seen.steps, seen.accuracy, line, label=name)
    axes[0].set(title="(a) accuracy on test images", xlabel="step")
    axes[0].legend(loc="lower right")
    for axis, letter, (name, seen) in zip(axes[1:], "bc", histories.items(), strict=True):
        for share, values in zip(SHARES, seen.percentiles[:, :, unit].T, strict=True):
            axis.plot(seen.steps, values, label=f"{share}th percentile")
        axis.set(title=f"({letter}) {name}", xlabel="step", ylabel="input of a sigmoid")
    axes[1].sharey(axes[2])
    axes[1].legend()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; returns its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m models.bn_paper.figure1",
        description=(__doc__ or "").partition("\n")[0],
    )
    add_options(parser, "those of the solvers, 50000")
    parser.add_argument(
        "--unit",
        type=_unit,
        default=0,
        metavar="0..99",
        help="the unit of the last hidden layer to show (default: %(default)s)",
    )
    args = parser.parse_args(arguments)
    return guarded(lambda: _run(args))


def _unit(text: str) -> int:
    if not text.isdecimal() or int(text) >= UNITS:
        raise argparse.ArgumentTypeError(f"'{text}' is no number from 0 to {UNITS - 1}")
    return int(text)


def _run(args: argparse.Namespace) -> None:
    make_folder(args.out)
    start = time.monotonic()
    rows_file = args.out / "train_h5.txt"
    write_rows(args.data / "train_lmdb", rows_file)
    tasks = [Task(name, args.data, rows_file, args.steps) for name in SOLVERS]
    make_solver(tasks[0]).close()  # what is wrong with the test images is said here, once
    histories = dict(zip(SOLVERS, side_by_side(train, tasks, args.jobs), strict=True))
    write_csv(args.out / "figure1.csv", COLUMNS, rows(histories, args.unit))
    picture = draw(args.out / "figure1.png", 3, lambda axes: plot(axes, histories, args.unit))
    print(f"\n{summary(histories)}\n\n{picture}")
    print(f"{versions()}; {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
