"""Figures 2 and 3 of Ioffe & Szegedy 2015, in small: train all nets, make the table, draw.

    python -m models.bn_paper.figures23

trains the six variants of an Inception net of about a million parameters and the six members of
an ensemble. It writes the nets' prototxt files, accuracy.csv (the curves of figure 2), table.csv
(figure 3) and, with matplotlib, figure2.png.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minicaffe.errors import DataError, did_you_mean
from models.bn_paper.figures23.network import TEST_BATCH, Images
from models.bn_paper.figures23.training import (
    Outcome,
    Task,
    ensemble_accuracy,
    train,
)
from models.bn_paper.figures23.variants import (
    BASELINE,
    ENSEMBLE,
    STEPS,
    VARIANTS,
    Variant,
    switched,
)
from models.bn_paper.images import count_batches, read_images, write_rows
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

TESTS = 20  # of each net during its training
NEVER = "never"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; returns its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m models.bn_paper.figures23",
        description=(__doc__ or "").partition("\n")[0],
    )
    add_options(parser, str(STEPS))
    parser.add_argument(
        "--nets",
        nargs="+",
        metavar="NAME",
        help=f"only these, without the ensemble: {', '.join(variant.name for variant in VARIANTS)}",
    )
    parser.add_argument(
        "--set",
        nargs="+",
        default=[],
        metavar="SWITCH=VALUE",
        help="change --nets: batch_norm, activation, rate, dropout, weak_l2, fast_decay, lrn, "
        "shuffled, seed",
    )
    args = parser.parse_args(arguments)
    if args.set and not args.nets:
        parser.error("--set changes the nets that --nets names; name some")
    return guarded(lambda: _run(args))


def _run(args: argparse.Namespace) -> None:
    start = time.monotonic()
    variants = [switched(net, args.set) for net in _chosen(args.nets)]
    members = [] if args.nets else list(ENSEMBLE)
    steps = args.steps or STEPS
    tested, labels = read_images(args.data / "test_lmdb")
    make_folder(args.out)
    images = Images(
        folder=args.data,
        rows=args.out / "train_h5.txt",
        tests=count_batches(args.data / "test_lmdb", TEST_BATCH),
        size=tested.shape[2],
        channels=tested.shape[1],
    )
    if any(variant.shuffled for variant in (*variants, *members)):
        write_rows(args.data / "train_lmdb", images.rows)
    interval = max(1, steps // TESTS)
    tasks = [
        Task(
            variant,
            images,
            steps,
            interval if variant in variants else steps,
            _folder(args.out, variant),
        )
        for variant in (*variants, *members)
    ]
    print(f"{len(tasks)} trainings of {steps} steps, {min(args.jobs, len(tasks))} at a time")
    outcomes = side_by_side(train, tasks, args.jobs)
    curves, ensemble = outcomes[: len(variants)], outcomes[len(variants) :]
    write_csv(args.out / "accuracy.csv", ("net", "step", "accuracy"), curve_rows(curves))
    lines = table(curves, ensemble, labels)
    write_csv(args.out / "table.csv", list(lines[0]), [list(line.values()) for line in lines])
    print(f"\n{markdown(list(lines[0]), [list(line.values()) for line in lines])}\n")
    print(draw(args.out / "figure2.png", 1, lambda axes: plot(axes[0], curves), width=7))
    print(f"{versions()}; {time.monotonic() - start:.0f} s")


def _chosen(names: Sequence[str] | None) -> list[Variant]:
    """The variants of these names, or all.

    Raises:
        DataError: there is no such variant.
    """
    known = {variant.name: variant for variant in VARIANTS}
    for name in names or ():
        if name not in known:
            raise DataError(f"no net '{name}'{did_you_mean(name, known)}")
    return [known[name] for name in names or known]


def _folder(out: Path, variant: Variant) -> Path:
    return out / "nets" / variant.name.replace(", ", "_").replace(" ", "_").replace("=", "_")


# ----------------------------------------------------------------------------- results


def curve_rows(outcomes: Sequence[Outcome]) -> list[list[Any]]:
    """The lines of accuracy.csv."""
    return [
        [outcome.name, step, f"{accuracy:.4f}"]
        for outcome in outcomes
        for step, accuracy in zip(outcome.steps.tolist(), outcome.accuracy.tolist(), strict=True)
    ]


def table(
    curves: Sequence[Outcome], ensemble: Sequence[Outcome], labels: np.ndarray
) -> list[dict[str, str]]:
    """Figure 3: for each net the steps to the baseline's maximum, and its own maximum.

    Args:
        curves: of the variants; without the baseline the first one is what others are
            compared with.
        ensemble: the members, which follow one by one and together; there may be none.
        labels: of the test images.
    """
    first = next((curve for curve in curves if curve.name == BASELINE.name), curves[0])
    goal = first.best
    lines = []
    for curve in curves:
        reached = str(steps_to(curve.steps, curve.accuracy, goal) or NEVER)
        if curve.diverged is not None:
            reached += f" (diverged in step {curve.diverged})"
        lines.append(_line(goal, curve.name, reached, curve.best, curve.last))
    for member in ensemble:  # tested at their end only
        lines.append(_line(goal, member.name, "", member.best, member.last))
    if ensemble:
        together = ensemble_accuracy(list(ensemble), labels)
        lines.append(_line(goal, f"ensemble of {len(ensemble)}", "", together, together))
    return lines


def _line(goal: float, name: str, reached: str, at_best: float, at_end: float) -> dict[str, str]:
    return {
        "net": name,
        f"steps to {100 * goal:.2f} %": reached,
        "maximum accuracy": f"{100 * at_best:.2f} %",
        "accuracy at the end": f"{100 * at_end:.2f} %",
    }


def plot(axis: Any, curves: Sequence[Outcome]) -> None:
    """Draw figure 2: accuracy on test images against steps."""
    for curve in curves:
        axis.plot(curve.steps, curve.accuracy, label=curve.name)
    axis.set(title="accuracy on test images", xlabel="step")
    axis.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)  # beside the curves


if __name__ == "__main__":
    sys.exit(main())
