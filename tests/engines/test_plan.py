"""What a plan says of itself, and what it is built of."""

from __future__ import annotations

import ctypes
import logging
from typing import Any

import pytest

from minicaffe.engines.onednn.dnnl import Library, library
from minicaffe.net.net import TEST, TRAIN, Net
from minicaffe.threads import set_threads
from tests.engines.nets import Text, inception
from tests.engines.twins import Twins, chain, residual_twins

# ------------------------------------------------------------------ what the plan says


def test_the_plan_says_what_runs_each_layer_and_why() -> None:
    twins = Twins(inception())
    twins.fill(**twins.label(6))
    twins.step()
    lines = dict(line.split(": ", 1) for line in twins.plan.splitlines())
    assert any("c1 + c1_relu" in name for name in lines)
    assert "convolution_forward" in lines["c1 + c1_relu"]
    numpy_lines = [line for line in lines.values() if line.startswith("numpy, ")]
    assert "numpy, oneDNN has no BNLL" in numpy_lines
    assert "numpy, oneDNN has no Accuracy" in numpy_lines


def test_a_configuration_that_onednn_lacks_is_named() -> None:
    twins = chain(
        lambda t, b: t.add("LRN", b, "n", "lrn_param { norm_region: WITHIN_CHANNEL }"),
        lambda t, b: t.add("Power", b, "p", "power_param { power: 3 }"),
    )
    twins.step()
    twins.same()
    assert "numpy, norm_region WITHIN_CHANNEL" in twins.plan
    assert "numpy, a power other than 1 and 2" in twins.plan


def test_a_deconvolution_of_long_rows_takes_the_code_that_is_made_at_once() -> None:
    text = Text()
    text.input("data", 1, 3, 2, 2100)
    text.add(
        "Deconvolution", "data", "d",
        "convolution_param { num_output: 2 kernel_size: 4 stride: 2 pad: 1 }",
    )  # fmt: skip
    twins = Twins(str(text))
    twins.fill()
    twins.step()
    twins.same()
    (line,) = (line for line in twins.plan.splitlines() if line.startswith("deconvolution"))
    assert "deconvolution_forward" in line
    assert "brg" not in line


@pytest.mark.parametrize("shape", [(1, 3, 7, 5), (2, 17, 3, 4)])
def test_an_lrn_of_single_channels_in_any_layout(shape: tuple[int, ...]) -> None:
    """After a Softmax the channels lie last, where oneDNN's own gradient would crash."""
    text = Text()
    text.input("data", *shape)
    text.add("Softmax", "data", "s")
    text.add("LRN", "s", "n", "lrn_param { local_size: 1 alpha: 1.3 }")
    twins = Twins(str(text))
    twins.fill()
    twins.step()
    twins.same()
    assert "numpy, local_size: 1" in twins.plan


# ------------------------------------------------------------------ threads


def test_another_number_of_threads_rebuilds(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[int] = []
    monkeypatch.setattr(Library, "use_threads", lambda self, count: used.append(count))
    twins = residual_twins()
    try:
        for count in (1, 2):
            set_threads(count)
            steps = twins.tested.plan.steps  # type: ignore[attr-defined]
            twins.step()
            twins.same()
            assert not set(steps) & set(twins.tested.plan.steps)  # type: ignore[attr-defined]
            assert set(used) == {count}
            used.clear()
    finally:
        set_threads(None)


def test_openmp_is_told_the_number_of_threads() -> None:
    most = getattr(ctypes.CDLL(library().path), "omp_get_max_threads", None)
    if most is None:
        pytest.skip("threads of OpenMP: this library was not built for it")
    before = most()
    try:
        for count in (2, 1):
            library().use_threads(count)
            assert most() == count
    finally:
        library().use_threads(before)


class Refusing:
    """A library that refuses to make one primitive, counted from the first one on."""

    def __init__(self, number: int) -> None:
        self.number, self.made = number, 0

    def __enter__(self) -> Refusing:
        normal = Library.function
        self.patch = pytest.MonkeyPatch()

        def function(library: Library, name: str) -> Any:
            if name == "primitive_create":
                self.made += 1
                if self.made == self.number:
                    return lambda *args: 3  # unimplemented
            return normal(library, name)

        self.patch.setattr(Library, "function", function)
        return self

    def __exit__(self, *error: object) -> None:
        self.patch.undo()


@pytest.mark.parametrize("phase", [TRAIN, TEST])
def test_a_step_that_fails_midway_leaves_nothing_behind(phase: int) -> None:
    """Whatever primitive the library does not have as a plan is built."""
    text = Text()
    text.input("data", 3, 4, 9, 8)
    text.input("label", 3)
    text.add("BatchNorm", "data", "normal")
    text.add("ReLU", text.add("Scale", "normal", rest="scale_param { bias_term: true }"))
    text.norm(text.conv("normal", "c1", 16))
    text.relu(text.conv("c1", "c2", 16))
    text.relu(text.inner("c2", "hidden", 7))
    text.inner("hidden", "scores", 5)
    text.loss("scores")
    refused = Refusing(0)
    while refused.made >= refused.number:
        refused = Refusing(refused.number + 1)
        twins = Twins(str(text), phase)
        twins.fill(**twins.label(5))
        with refused:
            twins.each("forward_loss")
        for _ in range(2):
            twins.step(0.1) if phase == TRAIN else twins.each("forward_loss")
            twins.same(diffs=False)
            twins.fill(**twins.label(5))
    assert refused.number > 9


# ------------------------------------------------------------------ engine: CAFFE


def test_layers_that_ask_for_caffes_own_code_run_on_numpy(
    caplog: pytest.LogCaptureFixture,
) -> None:
    text = Text()
    text.input("data", 3, 4, 9, 8)
    text.input("label", 3)
    text.conv("data", "c1", 16, engine="CAFFE")
    text.relu("c1")
    text.conv("c1", "c2", 16, engine="CUDNN")
    text.add("ReLU", "c2", rest="relu_param { engine: CAFFE }", name="reference")
    text.pool("c2", "p1")
    text.inner("p1", "scores", 5)
    text.loss("scores")
    twins = Twins(str(text))
    twins.fill(**twins.label(5))
    with caplog.at_level(logging.WARNING, "minicaffe"):
        for _ in range(3):
            twins.step()
            twins.same()
    lines = dict(line.split(": ", 1) for line in twins.plan.splitlines())
    for name in ("c1", "reference"):
        assert lines[name].startswith("numpy, its prototxt says engine: CAFFE")
    for name in ("c1_relu", "c2"):
        assert not lines[name].startswith("numpy")
    said = [message for message in caplog.messages if "engine: CAFFE" in message]
    assert len(said) == 1
    assert "numpy run 2 layer(s): c1, reference;" in said[0]
    assert "--engine onednn" in said[0]

    caplog.clear()
    with caplog.at_level(logging.WARNING, "minicaffe"):
        named = Net(twins.param, TRAIN, engine="onednn")
        named.forward_loss()
    assert "numpy, its prototxt" not in "\n".join(named.plan.describe())
    assert not caplog.messages
