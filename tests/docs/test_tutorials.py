"""The tutorials run, block after block, and what they assert holds."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

import minicaffe as caffe
from minicaffe import cli

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
_BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run_page(page: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a page's blocks in a folder that has the checkout's networks and images."""
    for name in ("data", "models"):
        (folder / name).symlink_to(ROOT / name)
    monkeypatch.chdir(folder)
    names: dict[str, object] = {"__name__": page.stem}
    for kind, text in _BLOCK.findall(page.read_text(encoding="utf-8")):
        if kind == "python":
            exec(compile(text, f"{page.name}:\n{text[:60]}", "exec"), names)
        else:
            for line in re.sub(r"\\\n *", "", text).splitlines():
                command, _, status = line.partition("  # exit status ")
                program, *words = shlex.split(command, comments=True) or ["#"]
                if program == "minicaffe":
                    assert cli.main(words) == int(status or 0), line


@pytest.mark.parametrize(
    "page", [p for p in PAGES if "import torch" not in p.read_text("utf-8")], ids=lambda p: p.stem
)
def test_tutorial(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    run_page(page, tmp_path, monkeypatch)
    caffe.set_mode_cpu()


def test_there_are_tutorials() -> None:
    assert len(PAGES) >= 2
