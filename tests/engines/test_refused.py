"""What happens when the library fails to do what it has, although it passed its self-check."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from minicaffe import engines
from minicaffe.engines.onednn.dnnl import Failed, Library, check, library
from minicaffe.engines.onednn.fusion import Folding
from minicaffe.engines.onednn.primitive import Primitive
from minicaffe.errors import EngineError
from minicaffe.net.net import TEST, TRAIN
from tests.engines.nets import Text
from tests.engines.twins import Twins

_UNIMPLEMENTED, _RUNTIME_ERROR = 3, 5


@pytest.fixture(autouse=True)
def _primitives_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let LRN be oneDNN's, which a kernel would run."""
    monkeypatch.setattr(library(), "team", None)


def _fail(monkeypatch: pytest.MonkeyPatch, kind: str, status: int) -> None:
    """Let no primitive of this kind be made any more."""
    normal = Library.function

    def function(self: Library, name: str) -> Any:
        if name == f"{kind}_primitive_desc_create":
            return lambda *args: status
        return normal(self, name)

    monkeypatch.setattr(Library, "function", function)


def _text() -> str:
    text = Text()
    text.input("data", 3, 4, 9, 8)
    text.input("label", 3)
    text.relu(text.conv("data", "c1", 16))
    text.add("LRN", "c1", "n1", "lrn_param { local_size: 3 alpha: 0.1 }", "n1")
    text.relu(text.inner("n1", "hidden", 7))
    text.inner("hidden", "scores", 5)
    text.loss("scores")
    return str(text)


def _iterate(twins: Twins) -> dict[str, str]:
    """Three iterations that must agree; returns what the plan says of each layer."""
    for _ in range(3):
        twins.fill(**twins.label(5))
        twins.step(0.1)
        twins.same()
    return dict(line.split(": ", 1) for line in twins.plan.splitlines())


@pytest.mark.parametrize("kind", ["lrn_forward", "lrn_backward"])
@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_a_primitive_that_cannot_be_made_is_numpys_with_a_warning(
    kind: str,
    precision: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    if engines.why_unavailable("onednn", precision):
        pytest.skip(f"values in bfloat16: {engines.why_unavailable('onednn', precision)}")
    _fail(monkeypatch, kind, _RUNTIME_ERROR)
    monkeypatch.setattr(Twins, "precision", precision)
    with caplog.at_level(logging.WARNING, "minicaffe"):
        lines = _iterate(Twins(_text()))
    said = f"oneDNN: {kind}_primitive_desc_create: runtime error"
    assert caplog.messages == [f"layer 'n1' (LRN): {said}; numpy runs it instead"]
    assert lines["n1"] == f"numpy, {said}"
    assert "convolution_forward" in lines["c1 + c1_relu"]


def test_gradients_that_the_library_does_not_have_are_numpys(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _fail(monkeypatch, "lrn_backward", _UNIMPLEMENTED)
    lines = _iterate(Twins(_text()))
    assert lines["n1"].startswith("numpy, ")
    assert not caplog.messages


def test_layers_that_cannot_run_together_are_taken_apart_first(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _fail(monkeypatch, "inner_product_backward_weights", _RUNTIME_ERROR)
    lines = _iterate(Twins(_text()))
    assert {name for name, line in lines.items() if line.startswith("numpy, oneDNN: ")} == {
        "hidden",
        "scores",
    }
    assert "eltwise_forward" in lines["hidden_relu"]
    assert len(caplog.messages) == 2


@pytest.mark.parametrize("kind", ["lrn_backward", "inner_product_backward_weights"])
def test_gradients_that_fail_between_two_parts_of_a_backward_are_computed_otherwise(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The forward has left what oneDNN's gradient needs; the layer's own needs something else."""
    twins = Twins(_text())
    twins.fill(**twins.label(5))
    twins.each("clear_param_diffs")
    twins.each("forward_loss")
    assert "n1: numpy" not in twins.plan
    _fail(monkeypatch, kind, _RUNTIME_ERROR)
    layers = len(twins.numpy.layers)
    for index in reversed(range(layers)):
        twins.each("backward_from_to", index, index)
    twins.same()
    assert f"numpy, oneDNN: {kind}" in twins.plan


def test_inference_goes_on_without_what_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    _fail(monkeypatch, "lrn_forward", _RUNTIME_ERROR)
    twins = Twins(_text(), TEST)
    twins.fill(**twins.label(5))
    twins.each("forward_loss")
    twins.same(diffs=False)
    assert "n1: numpy, oneDNN: " in twins.plan


@pytest.mark.parametrize("kind", ["lrn_forward", "lrn_backward"])
@pytest.mark.parametrize("whole", [True, False])
def test_a_primitive_that_fails_as_it_runs_names_its_layer(
    kind: str, whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    twins = Twins(_text(), TRAIN)
    twins.fill(**twins.label(5))
    twins.step()
    if not whole:
        twins.tested.before_forward(lambda index: None)
        twins.step()
    normal = Primitive.__call__

    def run(self: Primitive) -> None:
        if self.name.startswith(kind):
            check(_RUNTIME_ERROR, self.name)
        normal(self)

    monkeypatch.setattr(Primitive, "__call__", run)
    with pytest.raises(EngineError) as caught:
        twins.step()
    error = caught.value
    assert isinstance(error, Failed)
    assert (error.layer, error.layer_type) == ("n1", "LRN")
    assert f"oneDNN: {kind}/" in str(error)
    assert ": runtime error" in str(error)
    assert "--engine numpy" in str(error)


def test_weights_that_cannot_be_reordered_name_their_layer_and_are_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Folded weights, as those are made again whatever layout the processor's code wants."""
    text = Text()
    text.input("data", 3, 4, 9, 8)
    text.norm(text.conv("data", "c1", 16))
    twins = Twins(str(text), TEST)
    twins.fill()
    twins.each("forward")
    for net in twins.nets:
        net.params["c1"][0].data[...] *= 2
    with monkeypatch.context() as patch:
        patch.setattr(Folding, "__call__", lambda self: check(_RUNTIME_ERROR, "reorder"))
        for _ in range(2):  # the old weights are not used in silence
            with pytest.raises(EngineError) as caught:
                twins.tested.forward()
            assert (caught.value.layer, caught.value.layer_type) == ("c1", "Convolution")
            assert str(caught.value).count("--engine numpy") == 1
    twins.each("forward")
    twins.same(diffs=False)
