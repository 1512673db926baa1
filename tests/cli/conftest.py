"""A tiny network and its solver, written into the test's own directory."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

NET = """
name: "tiny"
layer {
  name: "data" type: "DummyData" top: "data" top: "label"
  dummy_data_param {
    shape { dim: 4 dim: 3 }
    shape { dim: 4 }
    data_filler { type: "gaussian" }
    data_filler { type: "constant" value: 1 }
  }
}
layer {
  name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
  inner_product_param { num_output: 2 weight_filler { type: "xavier" } }
}
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
layer {
  name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy"
  include { phase: TEST }
}
"""

SOLVER = """
net: "net.prototxt"
test_iter: 2
test_interval: 5
base_lr: 0.1
lr_policy: "fixed"
max_iter: 10
display: 5
snapshot_prefix: "tiny"
random_seed: 1
"""


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory with ``net.prototxt`` and ``solver.prototxt``, made the current one."""
    (tmp_path / "net.prototxt").write_text(NET)
    (tmp_path / "solver.prototxt").write_text(SOLVER)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GLOG_minloglevel", raising=False)
    monkeypatch.delenv("GLOG_log_dir", raising=False)
    return tmp_path


@pytest.fixture(autouse=True)
def _logger_is_left_alone() -> Iterator[None]:
    """Whatever the command line does to the logger, it must undo."""
    logger = logging.getLogger("minicaffe")
    before = logger.level, logger.propagate, list(logger.handlers)
    yield
    assert (logger.level, logger.propagate, list(logger.handlers)) == before
