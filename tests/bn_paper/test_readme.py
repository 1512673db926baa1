"""models/bn_paper/README.md shows what the files beside it hold."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from models.bn_paper.figure1 import __main__ as figure1
from models.bn_paper.figures23.variants import BATCH, ENSEMBLE, STEPS, VARIANTS
from models.bn_paper.results import markdown
from tests.bn_paper.helpers import read_csv
from tests.zoo import ROOT

FOLDER = ROOT / "models" / "bn_paper"
README = (FOLDER / "README.md").read_text(encoding="utf-8")


def test_the_table_of_figure_3() -> None:
    with (FOLDER / "figures23" / "table.csv").open(newline="") as file:
        columns, *rows = csv.reader(file)
    assert markdown(columns, rows) in README
    assert [row[0] for row in rows] == [
        *(variant.name for variant in (*VARIANTS, *ENSEMBLE)),
        f"ensemble of {len(ENSEMBLE)}",
    ]


def test_the_table_follows_from_the_curves() -> None:
    curves = read_csv(FOLDER / "figures23" / "accuracy.csv")
    for row in read_csv(FOLDER / "figures23" / "table.csv")[: len(VARIANTS)]:
        own = [curve for curve in curves if curve["net"] == row["net"]]
        assert int(own[-1]["step"]) == STEPS
        best = max(float(item["accuracy"]) for item in own)
        assert row["maximum accuracy"] == f"{100 * best:.2f} %"


def test_the_baseline_at_five_times_the_rate() -> None:
    rows = read_csv(FOLDER / "figures23" / "baseline_rate_5.csv")
    accuracy = {int(row["step"]): float(row["accuracy"]) for row in rows}
    assert f"does much better with it: {100 * max(accuracy.values()):.2f} %" in README
    reached = min(step for step, value in accuracy.items() if value >= 0.7955)
    assert f"after {reached} steps" in README


@pytest.mark.parametrize(("name", "images"), [("figure1", "2,000"), ("figure1_full", "10,000")])
def test_the_tables_of_figure_1(name: str, images: str) -> None:
    rows = read_csv(FOLDER / "figure1" / f"{name}.csv")
    assert tuple(rows[0]) == figure1.COLUMNS
    for net in figure1.SOLVERS:
        accuracy = [float(row["accuracy"]) for row in rows if row["net"] == net]
        best, last = (f"{100 * value:.2f} %" for value in (max(accuracy), accuracy[-1]))
        lines = [line for line in README.splitlines() if line.startswith(f"| {net} |")]
        assert any(f" {best} | {last} " in line for line in lines), images


@pytest.mark.parametrize("end", [0, 1])
@pytest.mark.parametrize(
    ("images", "file"), [("10,000 images", "figure1.csv"), ("60,000 images", "figure1_full.csv")]
)
def test_the_table_of_steps(images: str, file: str, end: int) -> None:
    table = README.partition("| steps to |")[2].splitlines()
    goals = [float(cell.strip(" %")) / 100 for cell in table[0].strip("|").split("|")]
    line = [line for line in table if line.startswith(f"| {images}, with")][1 - end]
    name = list(figure1.SOLVERS)[1 - end]
    rows = [row for row in read_csv(FOLDER / "figure1" / file) if row["net"] == name]
    for goal, cell in zip(goals, line.strip("|").split("|")[1:], strict=True):
        reached = [int(row["step"]) for row in rows if float(row["accuracy"]) >= goal]
        assert cell.strip() == (f"{reached[0]:,}" if reached else "never")


def test_the_settings() -> None:
    settings = README.partition("| net | BatchNorm |")[2].splitlines()
    lines = {line.split(" | ")[0].strip("| "): line for line in reversed(settings)}
    for variant in VARIANTS:
        cells = [cell.strip() for cell in lines[variant.name].strip("|").split("|")]
        recipe = "yes" if variant.weak_l2 else "no"
        normalised = "yes" if variant.batch_norm else "no"
        assert cells == [
            variant.name,
            normalised,
            variant.activation,
            f"{variant.base_lr:g}",
            recipe,
        ]
    assert f"{STEPS:,} steps of {BATCH} images" in README


@pytest.mark.parametrize("link", ["figure1/figure1.png", "figures23/figure2.png"])
def test_the_pictures_are_there(link: str) -> None:
    assert f"]({link})" in README
    assert Path(FOLDER / link).read_bytes()[:4] == b"\x89PNG"
