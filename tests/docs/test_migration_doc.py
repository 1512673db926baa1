"""docs/migration.md says what is: its examples run."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

DOC = Path(__file__).parents[2] / "docs" / "migration.md"
EXAMPLES = re.findall(
    r"^```python\n(.*?)^```", DOC.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)


@pytest.mark.parametrize("engine", ["numpy", "onednn"])
def test_caffes_faults(engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from minicaffe import engines

    if engines.why_unavailable(engine):
        pytest.skip(f"the examples on {engine}: {engines.why_unavailable(engine)}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(engines.VARIABLE, engine)
    parser = doctest.DocTestParser()
    test = parser.get_doctest("".join(EXAMPLES), {}, DOC.name, str(DOC), 0)
    report: list[str] = []
    results = doctest.DocTestRunner().run(test, out=report.append)
    assert results.attempted > 15
    assert not results.failed, "".join(report)
