"""An engine that is there and cannot run: a package beside minicaffe's own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from minicaffe import engines

WARP = '''"""Faster than light."""

from minicaffe.engines import Unavailable

PRIORITY = 10**6


def why_not(precision):
    return Unavailable("no dilithium")


def plan(net):
    raise AssertionError("it cannot run")
'''


def add_warp(folder: Path, monkeypatch: pytest.MonkeyPatch, *, alone: bool = False) -> None:
    """Let there be the engine ``warp``, preferred to all others.

    Args:
        folder: where its package is made.
        monkeypatch: of the test, which ends it.
        alone: it is the only engine.
    """
    package = folder / "more_engines" / "warp"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(WARP)
    others = [] if alone else list(engines.__path__)
    monkeypatch.setattr(engines, "__path__", [*others, str(package.parent)])
    # both are undone: what the import adds goes with the test
    monkeypatch.setitem(sys.modules, "minicaffe.engines.warp", None)
    monkeypatch.delitem(sys.modules, "minicaffe.engines.warp")
    monkeypatch.setattr(engines, "warp", None, raising=False)
