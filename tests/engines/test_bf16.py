"""Values stored in bfloat16: each layer and whole nets within its rounding of numpy's float32.

The tests of whole nets, and of chains that become one primitive, are those of float32, imported.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe import engines
from minicaffe.engines.onednn import dnnl
from minicaffe.engines.onednn.dnnl import Unimplemented
from minicaffe.engines.onednn.primitive import MemoryDesc, PrimitiveDesc
from minicaffe.net.net import TEST, TRAIN, Net
from minicaffe.proto import caffe_pb2
from tests.engines.nets import Text, inception
from tests.engines.test_agree import check, twins_of
from tests.engines.test_folding import (
    test_all_weighted_layers,
    test_chain_is_one_step_and_every_blob_holds_what_caffe_would_show,
    test_gradients_after_a_folded_forward,
    test_parameters_may_change_between_forwards,
    test_parameters_may_change_through_a_held_array,
    test_residual_net,
    test_skipped_blob_may_be_written_into,
    test_skipped_blob_that_is_held_is_filled_at_every_forward,
)
from tests.engines.test_in_place import (
    test_a_partial_forward_after_the_plan_was_rebuilt,
    test_gradients_after_the_plan_was_rebuilt,
)
from tests.engines.test_nets import (
    test_backward_in_a_test_net,
    test_chain,
    test_force_backward_in_a_test_net,
    test_frozen_parameters_keep_their_gradients,
    test_gradients_add_up_over_backward_passes,
    test_one_iteration,
    test_parameters_of_another_net,
    test_partial_forward_uses_the_newest_shared_weights,
    test_reshape_between_iterations,
    test_shapes_that_change_while_the_net_runs,
    test_shared_weights,
)
from tests.engines.test_parts import (
    test_backward_after_writing_into_a_blob,
    test_held_arrays_are_kept_in_step,
    test_hooks_see_what_numpy_shows,
    test_partial_backward,
    test_partial_forward,
    test_writing_into_held_arrays_takes_effect,
)
from tests.engines.test_plan import (
    test_a_step_that_fails_midway_leaves_nothing_behind,
)
from tests.engines.twins import Twins
from tests.layers.harness import Case
from tests.layers.test_layers import CASES

pytestmark = pytest.mark.skipif(
    bool(engines.why_unavailable("onednn", "bf16")),
    reason=f"values in bfloat16: {engines.why_unavailable('onednn', 'bf16')}",
)

#: bfloat16 has 8 significant bits: rounding moves a value by at most this part of it.
UNIT = 2.0**-9


@pytest.fixture(autouse=True)
def bf16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Twins, "precision", "bf16")


def rounded(values: np.ndarray) -> np.ndarray:
    """The nearest bfloat16 values, of which both engines make the same."""
    bits = np.asarray(values, np.float32).view(np.uint32).astype(np.uint64)
    nearest = bits + 0x7FFF + ((bits >> 16) & 1)
    result = (nearest & 0xFFFF0000).astype(np.uint32).view(np.float32)
    return np.where(np.isfinite(values), result, values)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_row(case: Case) -> None:
    check(case, twins_of(case, rounded=rounded), rounded, 4 * UNIT)


@pytest.mark.parametrize("case", [case for case in CASES if case.in_place], ids=str)
def test_row_in_place(case: Case) -> None:
    check(case, twins_of(case, in_place=True, rounded=rounded), rounded, 4 * UNIT)


# ------------------------------------------------------------------ what is rounded, and how


def net_of(text: Text, phase: int = TRAIN, **given: np.ndarray) -> Net:
    """The net in bfloat16, with its inputs filled (``given``, others random)."""
    param = text_format.Parse("force_backward: true\n" + str(text), caffe_pb2.NetParameter())
    net = Net(param, phase, seed=1, engine="onednn", precision="bf16")
    rng = np.random.default_rng(2)
    for name in net.inputs:
        shape = net.blobs[name].shape
        net.blobs[name].data[...] = given.get(name, rng.normal(size=shape))
    return net


def test_activations_are_rounded_and_scores_and_parameters_are_not() -> None:
    text = Text()
    text.input("data", 3, 4, 9, 8)
    text.input("label", 3)
    text.norm(text.conv("data", "c1", 16))
    text.pool("c1", "p1", "AVE")
    text.inner("p1", "scores", 5)
    text.loss("scores")
    net = net_of(text, label=np.arange(3))
    net.forward_loss()
    net.backward()
    for name in ("c1", "p1"):
        for values in (net.blobs[name].data, net.blobs[name].diff):
            assert np.array_equal(values, rounded(values)), name
            assert len(np.unique(values)) > 50
    exact = [net.blobs["scores"].data, net.blobs["scores"].diff]
    exact += [blob.diff for blob in (*net.params["c1"][:1], *net.params["c1_scale"])]
    exact += [blob.data for blob in (*net.params["c1"], *net.params["c1_bn"][:2])]
    for values in exact:
        assert not np.array_equal(values, rounded(values))


def test_dropout_does_not_round_its_factor() -> None:
    text = Text()
    text.input("data", 2, 3, 4, 5)
    text.add("Dropout", "data", "out", "dropout_param { dropout_ratio: 0.3 }")
    data = rounded(np.random.default_rng(3).normal(size=(2, 3, 4, 5)))
    net = net_of(text, data=data)
    net.forward()
    values = net.blobs["out"].data
    kept = values != 0
    assert 20 < kept.sum() < 120
    assert np.array_equal(values[kept], rounded(data[kept] * np.float32(1 / 0.7)))


def test_a_gradient_from_many_is_added_up_before_it_is_rounded() -> None:
    text = Text()
    text.input("data", 2, 3, 4, 5)
    for index in range(4):
        text.add("Power", "data", f"out{index}", "power_param { scale: 1 }")
    net = net_of(text)
    net.forward()
    rng = np.random.default_rng(4)
    sent = [rounded(rng.normal(size=(2, 3, 4, 5))) for _ in range(4)]
    for index, values in enumerate(sent):
        net.blobs[f"out{index}"].diff[...] = values
    net.backward()
    want = sum(values.astype(np.float64) for values in sent)
    assert np.array_equal(net.blobs["data"].diff, rounded(want))


def test_an_input_overwritten_in_place_is_read_by_the_next_forward() -> None:
    text = Text()
    text.input("data", 2, 3, 4, 5)
    text.add("Power", "data", rest="power_param { scale: 2 }")
    text.add("AbsVal", "data", "out")
    net = net_of(text, TEST, data=np.ones((2, 3, 4, 5)))
    for factor in (2, 4, 8):
        assert (net.forward()["out"] == factor).all()


def test_smooth_nets_agree_closely() -> None:
    text = Text()
    text.input("data", 3, 4, 9, 8)
    text.input("label", 3)
    text.add("TanH", text.conv("data", "c1", 16))
    text.add("Sigmoid", text.conv("c1", "c2", 16), "c2s")
    text.pool(text.add("Eltwise", "c1 c2s", "sum"), "p1", "AVE")
    text.inner("p1", "scores", 5)
    text.loss("scores")
    twins = Twins(str(text))
    for _ in range(3):
        twins.fill(**twins.label(5))
        twins.step()
        twins.same(tolerance=8 * UNIT)


# ------------------------------------------------------------------ where bfloat16 is lacking


def test_the_plan_says_which_layers_stay_in_float32_and_why() -> None:
    text = Text()
    text.input("data", 2, 3, 40, 41)
    text.conv("data", "c1", 16)
    text.add("LRN", "c1", "small", "lrn_param { local_size: 3 beta: 0.5 alpha: 0.1 }", "small")
    text.relu(text.conv("small", "c2", 16))
    twins = Twins("force_backward: true\n" + str(text))
    twins.fill()
    twins.each("forward")
    twins.same(diffs=False, tolerance=4 * UNIT)
    for net in twins.nets:
        net.blobs["c2"].diff[...] = 1
    twins.each("backward")
    twins.same()
    lines = dict(line.split(": ", 1) for line in twins.plan.splitlines())
    assert "(in float32, oneDNN has only lrn_forward/ref:any in bfloat16)" in lines["small"]
    assert "in float32" not in lines["c1"]
    values = twins.tested.blobs["small"].data
    assert not np.array_equal(values, rounded(values))


def test_depthwise_layers_do_not_run_as_products_of_matrices() -> None:
    text = Text()
    text.input("data", 2, 32, 15, 14)
    text.conv("data", "c1", 32, group=32, stride=2)
    rest = 'num_output: 32 group: 32 kernel_size: 4 stride: 2 weight_filler { type: "xavier" }'
    text.add("Deconvolution", "c1", "up", f"convolution_param {{ {rest} }}", "up")
    twins = Twins("force_backward: true\n" + str(text))
    twins.fill()
    twins.each("forward")
    for net in twins.nets:
        net.blobs["up"].diff[...] = np.random.default_rng(4).normal(size=net.blobs["up"].shape)
    twins.each("backward")
    twins.same()
    lines = dict(line.split(": ", 1) for line in twins.plan.splitlines())
    assert "brg" not in lines["c1"]
    assert "float32" not in lines["c1"]
    assert "brg" not in lines["up"].partition(" (in float32")[0]


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_what_onednn_refuses_in_bfloat16_runs_in_float32(
    direction: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    normal = PrimitiveDesc.__init__

    def refuse(self: PrimitiveDesc, kind: str, *args: Any, **more: Any) -> None:
        normal(self, kind, *args, **more)
        descs = [one for one in args if isinstance(one, MemoryDesc)]
        if kind == f"lrn_{direction}" and descs[0].dtype == dnnl.BF16:
            raise Unimplemented("no LRN in bfloat16")

    monkeypatch.setattr(PrimitiveDesc, "__init__", refuse)
    twins = Twins(inception())
    twins.fill(**twins.label(6))
    twins.each("forward_loss")
    twins.each("backward")
    twins.same()
    assert "(in float32, no LRN in bfloat16)" in twins.plan
    assert twins.plan.count("in float32") == 1
    values = twins.tested.blobs["norm"].data
    assert not np.array_equal(values, rounded(values))
