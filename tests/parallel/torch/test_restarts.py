"""torchrun --max-restarts: after a rank was killed the job goes on from the last whole snapshot."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="PyTorch is absent")

KILLER = """
import os, signal
import minicaffe as caffe

class Killer(caffe.Layer):
    "In the first round rank 1 is killed by its 9th forward."
    def setup(self, bottom, top):
        self.forwards = 0
    def reshape(self, bottom, top):
        top[0].reshape(1)
    def forward(self, bottom, top):
        self.forwards += 1
        top[0].data[...] = 0
        first = os.environ["TORCHELASTIC_RESTART_COUNT"] == "0"
        if first and os.environ["RANK"] == "1" and self.forwards == 9:
            os.kill(os.getpid(), signal.SIGKILL)
    def backward(self, top, propagate_down, bottom):
        pass
"""
NET = """
layer { name: "data" type: "DummyData" top: "data" top: "t" dummy_data_param {
  shape { dim: 4 dim: 3 } shape { dim: 4 dim: 2 }
  data_filler { type: "gaussian" } data_filler { type: "gaussian" } } }
layer { name: "killer" type: "Python" bottom: "data" top: "k"
  python_param { module: "killer" layer: "Killer" } }
layer { name: "silence" type: "Silence" bottom: "k" }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
  inner_product_param { num_output: 2 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "EuclideanLoss" bottom: "ip" bottom: "t" top: "loss" }
"""
SOLVER = """
net: "net.prototxt" base_lr: 0.01 lr_policy: "fixed" max_iter: 12 random_seed: 1
snapshot: 5 snapshot_prefix: "s"
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no process is killed here")
def test_a_job_whose_rank_was_killed_goes_on(tmp_path: Path) -> None:
    for name, text in (("killer.py", KILLER), ("net.prototxt", NET), ("solver.prototxt", SOLVER)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    command = [
        sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--max-restarts=1",
        "--master-port=0", "-m", "minicaffe", "train", "--solver=solver.prototxt",
    ]  # fmt: skip
    paths = [os.fspath(tmp_path), os.fspath(Path(__file__).parents[3])]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    (start,) = re.findall(r"Resuming from s_iter_(\d+)\.solverstate", done.stderr)
    assert int(start) in (5, 8)  # the last one, or what rank 0 has saved of the last whole update
    assert "Optimization Done" in done.stderr
    assert (tmp_path / "s_iter_12.solverstate").is_file()
