"""Turn the log of a training into tables: LOG.train and LOG.test, as Caffe's parse_log.py.

    minicaffe train --solver=S 2> train.log
    minicaffe parse_log train.log .

Columns: NumIters, Seconds (since the training began), LearningRate, then the net's outputs.
"""

from __future__ import annotations

import argparse
import csv
import logging
import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from minicaffe.errors import DataError
from minicaffe.files import write_beside

if TYPE_CHECKING:
    from minicaffe.solver.train_log import Reading

logger = logging.getLogger("minicaffe")

Row = dict[str, float]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's flags, those of Caffe's script."""
    parser.add_argument("logfile_path", help="the log")
    parser.add_argument("output_dir", help="the folder for the two tables")
    parser.add_argument("--verbose", action="store_true", help="say which files are written")
    parser.add_argument(
        "--delimiter", default=",", metavar="CHARACTER", help="between columns; by default a comma"
    )


def run(args: argparse.Namespace) -> int:
    """Read the log and write the tables."""
    delimiter = "\t" if args.delimiter == "\\t" else args.delimiter
    if len(delimiter) != 1 or delimiter in '"\r\n':
        args.usage_error(f"--delimiter is '{args.delimiter}'; expected one character")
    train, test = parse_log(args.logfile_path)
    if not train and not test:
        logger.warning(
            "%s holds no outputs of a net; does the solver set display or test_interval?",
            args.logfile_path,
        )
    base = os.path.join(args.output_dir, os.path.basename(args.logfile_path))
    for rows, path in ((train, f"{base}.train"), (test, f"{base}.test")):
        if rows:
            write_csv(path, rows, delimiter)
        if args.verbose:
            print(f"Wrote {path}" if rows else f"Not writing {path}; no lines to write")
    return 0


def parse_log(path: str) -> tuple[list[Row], list[Row]]:
    """The rows of both tables, by the rules of Caffe's script.

    A row's learning rate is the last that the log named before the outputs, which is the one
    of the display before; the first row takes over the second's. An output with several values
    keeps the last. A last row that lacks outputs is left out.

    Logs of Caffe until the middle of 2014 have no outputs of the net that is trained: the rows of
    that table have the loss that is displayed, and the learning rate of the same display, as those
    of Caffe's parse_log.sh; the test outputs, which have no names there, are "score #0" and so on.

    Raises:
        DataError: the log cannot be read.
    """
    from minicaffe.solver.train_log import read_values

    values = read_values(path)
    return _table(values, "train") or _displays(values), _table(values, "test")


def _displays(values: Iterable[Reading]) -> list[Row]:
    """A row for each loss that is displayed, of a log without the outputs of the trained net."""
    rows: dict[int, Row] = {}
    rate = float("nan")
    for reading in values:
        if reading.kind == "rate":
            rate = reading.value
            if reading.iteration in rows:  # a rate comes before its loss, or after it
                rows[reading.iteration]["LearningRate"] = rate
        elif reading.kind == "loss":
            rows[reading.iteration] = {
                "NumIters": float(reading.iteration),
                "Seconds": reading.seconds,
                "LearningRate": rate,
                "loss": reading.value,
            }
    return list(rows.values())


def _table(values: Iterable[Reading], kind: str) -> list[Row]:
    rate = float("nan")
    rows: list[Row] = []
    row: Row = {}
    for reading in values:
        if reading.kind == "rate":
            rate = reading.value
        if reading.kind != kind:
            continue
        if not row or row["NumIters"] != reading.iteration:
            if row:
                rows.append(row)
            row = {
                "NumIters": float(reading.iteration),
                "Seconds": reading.seconds,
                "LearningRate": rate,
            }
        row[reading.name] = reading.value
        if rows and len(row) == len(rows[0]):
            rows.append(row)
            row = {}
    if row and not rows:  # Caffe's script loses the only row of a log
        rows.append(row)
    if len(rows) > 1:
        rows[0]["LearningRate"] = rows[1]["LearningRate"]
    return rows


def write_csv(path: str, rows: Sequence[Row], delimiter: str = ",") -> None:
    """Write rows, each a dict by column, as a table with a headline.

    Args:
        path: the file.
        rows: may lack columns; a column is where the first row has it that has one.
        delimiter: between the cells.

    Raises:
        DataError: the file cannot be written.
    """
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with (
        write_beside(path, error=DataError) as beside,
        open(beside, "w", encoding="utf-8", newline="") as stream,
    ):
        writer = csv.DictWriter(stream, columns, delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
