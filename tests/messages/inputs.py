"""The folders in which transcripts run: an area's small inputs, and binary ones that are made."""

from __future__ import annotations

import shutil
from pathlib import Path


def prepare(area: Path, folder: Path) -> None:
    """Put into a folder what the transcripts of an area read."""
    for path in area.iterdir():
        if path.suffix != ".txt" and path.is_file():
            shutil.copy(path, folder)
