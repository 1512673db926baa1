"""The reference results of the real Caffe, on oneDNN."""

from __future__ import annotations

import pytest

from minicaffe import engines
from tests import test_golden as golden


@pytest.mark.parametrize("name", golden.names("net", "solver", "files", "calls"))
def test_onednn_agrees_with_caffe(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(engines.VARIABLE, "onednn")
    golden.test_agrees_with_caffe(name)
