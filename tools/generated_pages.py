"""What the generators of documentation share: pages are written, or compared with what is there."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def stale_pages(folder: Path, wanted: Mapping[Path, str]) -> list[Path]:
    """The pages of a folder that are missing, differ, or should not be there.

    Args:
        folder: which holds nothing but generated pages.
        wanted: what each page should say.
    """
    left = [path for path in folder.glob("*.md") if path not in wanted]
    changed = [
        path
        for path, text in wanted.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    return sorted(changed + left)


def write_pages(folder: Path, wanted: Mapping[Path, str]) -> list[Path]:
    """Make a folder hold what it should; returns what was changed."""
    stale = stale_pages(folder, wanted)
    folder.mkdir(parents=True, exist_ok=True)
    for path in stale:
        if path in wanted:
            path.write_text(wanted[path], encoding="utf-8")
        else:
            path.unlink()
    return stale


def main(folder: Path, pages: Callable[[], Mapping[Path, str]], description: str | None) -> int:
    """The command line of a generator: write the pages, or with ``--check`` say which differ."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if a page differs")
    check = parser.parse_args().check
    stale = (stale_pages if check else write_pages)(folder, pages())
    for path in stale:
        print(path.relative_to(ROOT), file=sys.stderr)
    return int(check and bool(stale))
