"""oneDNN's reference code is not run where its other code will do in another layout."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from minicaffe.engines.onednn.dnnl import library
from minicaffe.net.net import TEST, TRAIN
from tests.engines.nets import Text
from tests.engines.twins import Twins

ROOT = Path(__file__).parents[2]

#: Sets of instructions for which oneDNN has code of different kinds.
PROCESSORS = ["SSE41", "AVX2", "AVX512_CORE"]


def _net(channels: int) -> str:
    """Layers of every kind that is computed in the layout of the convolutions."""
    text = Text()
    text.input("data", 4, 3, 14, 13)
    text.input("label", 4)
    text.norm(text.conv("data", "first", channels, bias_term="false"))
    text.norm(text.conv("first", "second", channels, kernel=1, bias_term="false"), relu=False)
    text.add("Eltwise", "first second", "sum", name="sum")
    text.add("ReLU", "sum", "rectified", name="rectified")
    scale = 'scale_param { bias_term: true filler { type: "uniform" min: 0.5 max: 2 } }'
    text.add("Scale", "rectified", "scaled", scale, "scaled")
    text.pool("scaled", "highest")
    text.add("LRN", "highest", "local", "lrn_param { local_size: 3 alpha: 0.1 }", "local")
    text.pool(text.conv("local", "third", channels), "mean", "AVE")
    rest = "eltwise_param { operation: SUM coeff: 1 coeff: -0.5 }"
    text.add("Eltwise", f"mean {text.conv('mean', 'fourth', channels)}", "weighed", rest, "weighed")
    text.add("Eltwise", "weighed mean", "product", "eltwise_param { operation: PROD }", "product")
    text.inner("product", "scores", 5)
    text.loss("scores")
    return str(text)


def slow_lines(channels: int, phase: int) -> list[str]:
    """The lines of the plan with reference code; numbers are numpy's."""
    twins = Twins(_net(channels), phase)
    twins.fill(**twins.label(5))
    if phase == TRAIN:
        for _ in range(2):
            twins.step()
    else:
        twins.each("forward")
    twins.same(diffs=phase == TRAIN, flips=True)
    return [line for line in twins.plan.splitlines() if "/ref" in line.partition(" (")[0]]


def _assert_fast(channels: int) -> None:
    slow = [line for phase in (TRAIN, TEST) for line in slow_lines(channels, phase)]
    # without kernels of ours, LRN before AVX-512 is reference code in any layout
    ours = library().team is not None
    assert [line for line in slow if ours or not line.startswith("local: ")] == []


@pytest.mark.parametrize("channels", [16, 20])
@pytest.mark.parametrize("isa", PROCESSORS)
def test_no_layer_runs_reference_code(isa: str, channels: int) -> None:
    """With channels that fill blocks, and with some left over."""
    code = f"from tests.engines.test_reference_code import _assert_fast; _assert_fast({channels})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300,
        env={**os.environ, "ONEDNN_MAX_CPU_ISA": isa, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
