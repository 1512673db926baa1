"""Write what is printed now into all transcripts: ``python -m tests.messages.bless [NAME…]``.

A prototxt without a transcript gets one that lints it. Read the difference before it is committed.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.messages.inputs import prepare
from tests.messages.transcript import Transcript

ROOT = Path(__file__).parent


def main(names: list[str]) -> int:
    """Bless the transcripts whose paths contain one of the names, or all."""
    for area in areas():
        for path in sorted([*area.glob("*.prototxt")]):
            told = path.with_suffix(".txt")
            if not told.exists() and not any(path.name in t.read_text("utf-8") for t in
                                             area.glob("*.txt")):  # fmt: skip
                told.write_text(f"$ minicaffe lint {path.name} --select=MC0\n", encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder:
            prepare(area, Path(folder))
            for path in transcripts(area):
                if not names or any(name in f"{area.name}/{path.name}" for name in names):
                    _bless(path, Path(folder))
    return 0


def areas() -> list[Path]:
    """The folders with transcripts."""
    return sorted({path.parent for path in ROOT.glob("*/*.txt")} | {ROOT / "net"})


def transcripts(area: Path) -> list[Path]:
    """The transcripts of an area."""
    return sorted(area.glob("*.txt"))


def _bless(path: Path, folder: Path) -> None:
    transcript = Transcript.read(path)
    if transcript.missing:
        print(f"{path.relative_to(ROOT)}: not run, without {', '.join(transcript.missing)}")
        return
    old, new = path.read_text(encoding="utf-8"), transcript.run(folder)
    if old != new:
        path.write_text(new, encoding="utf-8")
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
