"""Plot what the logs of trainings say; needs matplotlib.

    minicaffe plot_training_log 6 loss.png first.log second.log

The chart types are Caffe's:

    0: Test accuracy vs. Iters            4: Train learning rate vs. Iters
    1: Test accuracy vs. Seconds          5: Train learning rate vs. Seconds
    2: Test loss vs. Iters                6: Train loss vs. Iters
    3: Test loss vs. Seconds              7: Train loss vs. Seconds
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass

from minicaffe.cli._train_log import Reading, read_values
from minicaffe.errors import DataError, require
from minicaffe.files import write_beside

FORMATS = ("png", "svg", "pdf")


@dataclass(frozen=True)
class Field:
    """What a chart can show.

    Attributes:
        title: as Caffe calls it.
        kind: of the log's values.
        word: found in the names of the outputs that are meant.
        index: the output that is meant where no name has the word, as Caffe has it.
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
CHART_TYPES = tuple((field, axis) for field in FIELDS for axis in AXES)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments, those of Caffe's script."""
    parser.add_argument(
        "chart_type", type=int, choices=range(len(CHART_TYPES)), help="one of the above"
    )
    parser.add_argument("picture", metavar="PICTURE.png", help="the file to make; .svg or .pdf too")
    parser.add_argument("logs", metavar="LOG", nargs="+", help="one line in the chart for each")


def run(args: argparse.Namespace) -> int:
    """Read the logs and draw."""
    ending = args.picture.rpartition(".")[2].lower()
    if ending not in FORMATS:
        args.usage_error(f"'{args.picture}' must end with .png, .svg or .pdf")
    module = require("matplotlib.figure", extra="plot", purpose="plotting")
    field, axis = CHART_TYPES[args.chart_type]
    figure = module.Figure(layout="tight")
    plot = figure.subplots()
    for log in args.logs:
        values = series(log, field)
        x = [reading.iteration if axis == "Iters" else reading.seconds for reading in values]
        label = os.path.basename(log).removesuffix(".log")
        y = [reading.value for reading in values]
        plot.plot(x, y, label=label, linewidth=0.75, marker="." if len(x) < 200 else "")
    plot.legend(loc="lower right" if "accuracy" in field.title else "upper right")
    plot.set_title(f"{field.title} vs. {axis}")
    plot.set_xlabel(axis)
    plot.set_ylabel(field.title)
    with write_beside(args.picture, error=DataError) as beside:
        figure.savefig(beside, format=ending)
    return 0


def series(log: str, field: Field) -> list[Reading]:
    """The values of a field in a log.

    Raises:
        DataError: the log cannot be read, or has none.
    """
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
