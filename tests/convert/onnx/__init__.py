"""Nets as ONNX models, run by onnxruntime; skipped where the extra `onnx` is not installed."""

import pytest

REASON = "needs the extra onnx"
pytest.importorskip("onnx", reason=REASON)
pytest.importorskip("onnxruntime", reason=REASON)
