"""Every mistake prints exactly what its transcript says, and changes no file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.messages.bless import areas, transcripts
from tests.messages.inputs import prepare
from tests.messages.transcript import Transcript

CASES = [path for area in areas() for path in transcripts(area)]


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """The prepared folder of an area."""
    made: dict[Path, Path] = {}

    def folder(area: Path) -> Path:
        if area not in made:
            made[area] = tmp_path_factory.mktemp(area.name)
            prepare(area, made[area])
        return made[area]

    return folder


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_message(path: Path, folder_of: Callable[[Path], Path]) -> None:
    transcript = Transcript.read(path)
    if transcript.missing:
        pytest.skip(f"needs {', '.join(transcript.missing)}")
    printed = transcript.run(folder_of(path.parent))
    assert "NOT OURS" not in printed
    assert printed == path.read_text(encoding="utf-8"), "python -m tests.messages.bless"


def test_there_are_several_hundred() -> None:
    assert len(CASES) >= 200
