"""Plot what the logs of trainings say; needs matplotlib.

    minicaffe plot_training_log 6 loss.png first.log second.log

The chart types are Caffe's:

    0: Test accuracy vs. Iters            4: Train learning rate vs. Iters
    1: Test accuracy vs. Seconds          5: Train learning rate vs. Seconds
    2: Test loss vs. Iters                6: Train loss vs. Iters
    3: Test loss vs. Seconds              7: Train loss vs. Seconds

Besides, `loss` shows train and test loss of each log by iterations in one chart, and `accuracy` the
accuracies of both; what a log lacks is left out.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING

from minicaffe.cli._flags import explained
from minicaffe.errors import DataError, require
from minicaffe.files import short_names, write_beside

if TYPE_CHECKING:
    from minicaffe.solver.train_log import Reading

FORMATS = ("png", "svg", "pdf")


@dataclass(frozen=True)
class Field:
    """What a chart can show.

    Attributes:
        title: as Caffe calls it.
        kind: of the log's values.
        word: found in the names of the outputs that are meant.
        index: the output that is meant where no name has the word, as Caffe has it; -1: none.
    """

    title: str
    kind: str
    word: str = ""
    index: int = 0


FIELDS = (
    Field("Test accuracy", "test", "acc", 0),
    Field("Test loss", "test", "loss", 1),
    Field("Train learning rate", "rate"),
    Field("Train loss", "loss"),
)
AXES = ("Iters", "Seconds")
#: Charts of several fields.
TOGETHER = {
    "loss": (FIELDS[3], FIELDS[1]),
    "accuracy": (Field("Train accuracy", "train", "acc", -1), FIELDS[0]),
}
CHART_TYPES = tuple((field, axis) for field in FIELDS for axis in AXES)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments, those of Caffe's script."""
    parser.add_argument(
        "chart_type", type=explained(_chart_type), metavar="CHART", help="one of the above"
    )
    parser.add_argument("picture", metavar="PICTURE.png", help="the file to make; .svg or .pdf too")
    parser.add_argument("logs", metavar="LOG", nargs="+", help="a line in the chart for each")
    parser.add_argument(
        "--smooth", type=explained(_share), default=0.0, metavar="S",
        help="show moving means: each value counts S times as much as the next one; from 0 (the "
        "default) to below 1",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Read the logs and draw."""
    ending = args.picture.rpartition(".")[2].lower()
    if ending not in FORMATS:
        args.usage_error(
            f"'{args.picture}' is given; expected a name that ends with .png, .svg or .pdf"
        )
    module = require("matplotlib.figure", extra="plot", purpose="plotting")
    figure = module.Figure(layout="tight")
    plot = figure.subplots()
    fields, axis = _fields(args.chart_type)
    for log, name in zip(args.logs, short_names(args.logs), strict=True):
        found = _found(log, fields)
        for field, readings in found:
            x = [reading.iteration if axis == "Iters" else reading.seconds for reading in readings]
            y = smoothed([reading.value for reading in readings], args.smooth)
            label = name.removesuffix(".log")
            label += f": {field.title.lower()}" if len(fields) > 1 else ""
            plot.plot(x, y, label=label, linewidth=0.75, marker="." if len(x) < 200 else "")
    title = fields[0].title if len(fields) == 1 else args.chart_type.capitalize()
    plot.legend(loc="lower right" if "accuracy" in title.lower() else "upper right")
    plot.set_title(f"{title} vs. {axis}")
    plot.set_xlabel(axis)
    plot.set_ylabel(title)
    with write_beside(args.picture, error=DataError) as beside:
        figure.savefig(beside, format=ending)
    return 0


def _chart_type(text: str) -> int | str:
    if text in TOGETHER:
        return text
    if not text.isdecimal() or int(text) >= len(CHART_TYPES):
        raise ValueError(
            f"expected 0 to {len(CHART_TYPES) - 1}, {' or '.join(TOGETHER)}, not {text}"
        )
    return int(text)


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share < 1:
        raise ValueError(f"expected a number from 0 to below 1, not {text}")
    return share


def _fields(chart: int | str) -> tuple[tuple[Field, ...], str]:
    """What a chart shows, and along which axis."""
    if isinstance(chart, str):
        return TOGETHER[chart], AXES[0]
    field, axis = CHART_TYPES[chart]
    return (field,), axis


def _found(log: str, fields: tuple[Field, ...]) -> list[tuple[Field, list[Reading]]]:
    """What a log has of some fields.

    Raises:
        DataError: it has none of them.
    """
    found, missing = [], []
    for field in fields:
        try:
            found.append((field, series(log, field)))
        except DataError as error:
            missing.append(error)
    if not found:
        raise missing[0]
    return found


def smoothed(values: list[float], share: float) -> list[float]:
    """Moving means m_i = (1 - share) · Σ_j share^(i-j) · v_j over the sum of these weights."""
    mean = weight = 0.0
    means = []
    for value in values:
        mean, weight = share * mean + (1 - share) * value, share * weight + (1 - share)
        means.append(mean / weight)
    return means


def series(log: str, field: Field) -> list[Reading]:
    """The values of a field in a log.

    Raises:
        DataError: the log cannot be read, or has none.
    """
    from minicaffe.solver.train_log import read_values

    values = [reading for reading in read_values(log) if reading.kind == field.kind]
    if field.word:
        named = [reading for reading in values if field.word in reading.name.lower()]
        first = named[0].index if named else field.index
        values = [reading for reading in values if reading.index == first]
    if not values:
        raise DataError(
            f"the log holds no {field.title.lower()}; does the solver set display and "
            "test_interval, and has the test net such an output?",
            path=log,
        )
    return values
