"""The reference results of the real Caffe, on torch: trainings, programs, and some of the nets.

(Nearly all nets are single layers, whose rows ``test_agree.py`` runs.)
"""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="PyTorch is absent")

from minicaffe import engines
from tests import test_golden as golden

NAMES = golden.names("solver", "files", "calls") + golden.names("net")[::4]


@pytest.mark.parametrize("name", NAMES)
def test_torch_agrees_with_caffe(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(engines.VARIABLE, "torch")
    golden.test_agrees_with_caffe(name)
