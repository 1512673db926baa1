"""What the tests of models/bn_paper share."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def types(param: Any) -> list[str]:
    """The types of a net's layers."""
    return [layer.type for layer in param.layer]
