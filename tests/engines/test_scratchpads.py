"""What primitives need while they run is the running thread's, whichever thread made them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

CODE = """
import threading
from google.protobuf import text_format
from minicaffe import TRAIN, Net
from minicaffe.proto import caffe_pb2
from tests.engines.nets import plain

def run(net):
    net.clear_param_diffs()
    net.forward()
    net.backward()

made = []
def make():
    made.append(Net(text_format.Parse(plain(), caffe_pb2.NetParameter()), TRAIN, seed=3,
                    engine="onednn"))
    run(made[0])

thread = threading.Thread(target=make)
thread.start()
thread.join()
(net,) = made
first = net.blobs["loss"].data.copy(), net.arena.diff.copy()
for _ in range(3):
    run(net)
print(bool(first[0] == net.blobs["loss"].data), bool((first[1] == net.arena.diff).all()))
"""


@pytest.mark.parametrize("isa", ["SSE41", "AVX2", "AVX512_CORE"])
def test_a_net_runs_in_another_thread_than_the_first(isa: str) -> None:
    """The thread that made the primitives has ended, and its scratchpad with it."""
    done = subprocess.run(
        [sys.executable, "-c", CODE], cwd=ROOT, capture_output=True, text=True, timeout=300,
        env={**os.environ, "ONEDNN_MAX_CPU_ISA": isa, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["True", "True"]
