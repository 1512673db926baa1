"""The reference results of the real Caffe, on torch."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="PyTorch is absent")

from minicaffe import engines
from tests import test_golden as golden


@pytest.mark.parametrize("name", golden.names("net", "solver", "files", "calls"))
def test_torch_agrees_with_caffe(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(engines.VARIABLE, "torch")
    golden.test_agrees_with_caffe(name)
