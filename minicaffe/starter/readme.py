"""What the readme of a new model says, to people and to ``minicaffe classify``."""

from __future__ import annotations

import os
from pathlib import Path

import yaml

from minicaffe.errors import DataError
from minicaffe.starter.facts import DataFacts

_SIZE = "image_size"


def readme_text(folder: str, network: str, facts: DataFacts, side: tuple[int, ...]) -> str:
    """The readme: facts in YAML as in Caffe's model zoo, then what to do.

    Args:
        folder: where it will be, as seen from where the user is.
        network: which the net was made of.
        facts: the images.
        side: height and width of the net's input.
    """
    matter = {
        "name": os.path.basename(folder),
        "source": f"the network {network} of minicaffe, for other images",
        "dataset": facts.train,
        "input": [facts.shape[0], *side],
        _SIZE: list(facts.shape[1:]),
        "classes": facts.classes,
    }
    head = yaml.safe_dump(matter, sort_keys=False, allow_unicode=True)
    return f"""---
{head}---

# {matter["name"]}

Run these where the paths in the files begin, the folder that `minicaffe new` was run in:

    minicaffe train {folder} --keep_best accuracy
    minicaffe test {folder} --metrics per-class,confusion
    minicaffe classify photo.jpg --model {folder}

`{_SIZE}` is the height and width that pictures are brought to before the input is cut out of them.
"""


def image_size(folder: str) -> tuple[int, int] | None:
    """The height and width that pictures are brought to for a model; None where nothing says it.

    Raises:
        DataError: its readme says something else than two lengths.
    """
    path = Path(folder, "readme.md")
    try:
        _, matter, _ = f"\n{path.read_text(encoding='utf-8')}".split("\n---\n", 2)
        found = yaml.safe_load(matter)
    except (OSError, ValueError, yaml.YAMLError):
        return None
    if not isinstance(found, dict) or _SIZE not in found:
        return None
    size = found[_SIZE]
    if not (
        isinstance(size, list)
        and len(size) == 2
        and all(isinstance(length, int) and 1 <= length < 2**16 for length in size)
    ):
        raise DataError(f"{_SIZE} is {size!r}, expected a height and a width", path=str(path))
    return size[0], size[1]
