"""docs/convert.md: its table of operators is what the code writes."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

pytest.importorskip("onnx", reason="needs the extra onnx")
pytest.importorskip("onnxruntime", reason="needs the extra onnx")

ROOT = Path(__file__).parents[2]


def test_the_table_is_what_the_code_writes() -> None:
    file = ROOT / "tools" / "generate_convert.py"
    spec = importlib.util.spec_from_file_location("generate_convert", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    page = (ROOT / "docs" / "convert.md").read_text(encoding="utf-8")
    assert page == module.text(), "run python tools/generate_convert.py"
