"""The proof that a model computes what its net does; and that it finds what is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe.convert.compare.rows import measure, table, without_numbers
from minicaffe.convert.fold_bn import fold_net
from minicaffe.convert.onnx.export import Exported, export
from minicaffe.convert.onnx.verify import verify
from minicaffe.net.net import Net
from tests.convert.onnx.nets import net_of, normal, param_of

NET = """
layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
        convolution_param { num_output: 4 kernel_size: 3 pad: 1 weight_filler { type: "xavier" } } }
layer { name: "relu1" type: "ReLU" bottom: "conv1" top: "conv1" }
layer { name: "pool1" type: "Pooling" bottom: "conv1" top: "pool1"
        pooling_param { pool: AVE kernel_size: 3 stride: 2 pad: 1 } }
layer { name: "ip" type: "InnerProduct" bottom: "pool1" top: "ip"
        inner_product_param { num_output: 5 weight_filler { type: "xavier" } } }
layer { name: "prob" type: "Softmax" bottom: "ip" top: "prob" }
"""


def exported_net(batch: int | str | None = "dynamic") -> tuple[Net, Exported]:
    """The net and its model."""
    net = net_of(NET, data=(1, 3, 9, 8))
    return net, export(net, batch=batch)


@pytest.mark.parametrize("batch", [None, 3, "dynamic"])
def test_a_right_model_is_found_right(batch: int | str | None) -> None:
    net, exported = exported_net(batch)
    found = verify(exported, net, given=normal(net))
    assert found.good
    values = ["conv1/conv1", "conv1", "pool1", "ip", "prob"]
    assert list(found.layers) == values
    assert list(found.whole) == values[1:]  # what is overwritten in place cannot be seen then
    assert len(found.inputs) == 3
    assert all(row.relative < 1e-5 for row in found.layers.values())


def test_two_sizes_of_an_open_batch() -> None:
    net, exported = exported_net()
    inputs = verify(exported, net).inputs
    assert "data 1×3×9×8" in inputs[0]
    assert "data 2×3×9×8" in inputs[1]


def test_a_batch_that_only_the_inputs_declare_is_not_computed_whole() -> None:
    """As much is proved by one item and two; the model still says that it takes seven."""
    net, exported = exported_net(7)
    found = verify(exported, net)
    assert found.good
    assert ["data 1×3×9×8" in found.inputs[0], "data 2×3×9×8" in found.inputs[1]] == [True, True]
    assert exported.shapes == {"data": [7, 3, 9, 8]}
    assert exported.model.graph.input[0].type.tensor_type.shape.dim[0].dim_value == 7


def test_a_batch_that_the_operators_count_on_is_computed_whole() -> None:
    net = net_of(
        """layer { name: "rows" type: "Reshape" bottom: "data" top: "rows"
                   reshape_param { shape { dim: 6 dim: -1 } } }""",
        data=(3, 4, 5),
    )
    found = verify(export(net), net)
    assert found.good
    assert all("data 3×4×5" in told for told in found.inputs)


def test_the_first_wrong_layer_is_named_with_a_cause() -> None:
    """Later layers, which get wrong values, are right by themselves."""
    net, exported = exported_net()
    wrong = exported.tensors["ip/0"].copy()
    wrong[2] *= 1.5
    exported.tensors["ip/0"] = wrong
    found = verify(exported, net)
    assert [row.value for row in found.worst] == ["ip"]
    assert found.worst[0].cause == "only channels 2: their weights or statistics"
    assert [row.value for row in found.whole.values() if not row.good] == ["ip", "prob"]


def test_a_batch_that_became_an_axis_is_found() -> None:
    """A model for one item, whose Reshape makes one row of all items."""
    net, exported = exported_net()
    for node in exported.model.graph.node:
        if node.op_type == "Flatten":
            node.op_type = "Identity"
            del node.attribute[:]
    with pytest.raises(Exception, match="onnxruntime"):
        verify(exported, net)


def test_decisions_are_not_judged_from_end_to_end() -> None:
    net = net_of(
        """layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
                   inner_product_param { num_output: 5 weight_filler { type: "xavier" } } }
           layer { name: "best" type: "ArgMax" bottom: "ip" top: "best" }
           layer { name: "twice" type: "Power" bottom: "best" top: "twice"
                   power_param { scale: 2 } }""",
        data=(2, 7),
    )
    found = verify(export(net), net)
    assert found.decided == ["best"]
    assert list(found.layers) == ["ip", "best", "twice"]
    assert list(found.whole) == ["ip"]


def test_a_folded_model_is_compared_with_the_net_before() -> None:
    """The values that are left have the names that they have in the net before."""
    text = """
    layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
            convolution_param { num_output: 4 kernel_size: 3 weight_filler { type: "xavier" } } }
    layer { name: "bn" type: "BatchNorm" bottom: "conv" top: "conv" }
    layer { name: "scale" type: "Scale" bottom: "conv" top: "conv"
            scale_param { bias_term: true } }
    layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
    """
    net = net_of(text, data=(2, 3, 6, 7))
    folded = fold_net(param_of(text, data=(2, 3, 6, 7)), net)
    assert folded.names == {"data": ["data"], "conv": ["conv/scale"], "relu": ["conv"]}
    exported = export(folded.build(), names=folded.names)
    assert [node.op_type for node in exported.model.graph.node] == ["Conv", "Relu"]
    found = verify(exported, net)
    assert found.good
    assert list(found.layers) == ["conv/scale", "conv"]


def test_numbers_of_words_are_whole() -> None:
    """Embed's inputs are rows of its matrix, cont is 0 or 1: no row is missing at random."""
    net = net_of(
        """layer { name: "words" type: "Embed" bottom: "numbers" top: "words"
                   embed_param { input_dim: 9 num_output: 4 weight_filler { type: "xavier" } } }
           layer { name: "lstm" type: "LSTM" bottom: "words" bottom: "cont" top: "lstm"
                   recurrent_param { num_output: 3 weight_filler { type: "xavier" } } }""",
        numbers=(6, 2), cont=(6, 2),
    )  # fmt: skip
    found = verify(export(net), net)
    assert found.good
    assert list(found.layers) == ["words", "lstm"]


RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(2, 4, 5, 6))


def _border() -> np.ndarray:
    changed = IMAGES.copy()
    changed[:, :, 0] += 1
    return changed


def _item() -> np.ndarray:
    changed = IMAGES.copy()
    changed[1] = changed[0]
    return changed


@pytest.mark.parametrize(
    ("second", "cause"),
    [
        (IMAGES * 1.5, "all values are 1.5 times as large: a factor, or a divisor"),
        (IMAGES + 2, "all values are +2: a bias or a mean"),
        (IMAGES[:, ::-1], "the channels are the same in another order"),
        (_border(), "only at the border of the images: padding, or how windows are rounded"),
        (_item(), "the first item is right and others are not: the batch was taken for another"),
        (
            np.full_like(IMAGES, np.inf),
            "not finite in the second net: an overflow, or a division by 0",
        ),
        (IMAGES[:1], "shapes 2×4×5×6 and 1×4×5×6"),
    ],
)
def test_causes(second: np.ndarray, cause: str) -> None:
    row = measure("layer", "value", IMAGES, second, 1e-4)
    assert not row.good
    assert row.cause.startswith(cause)


def test_where_a_difference_is() -> None:
    second = IMAGES.copy()
    second[1, 2, 3, 4] += 10
    row = measure("conv", "blob", IMAGES, second, 1e-4)
    assert row.place == (1, 2, 3, 4)
    assert row.absolute == pytest.approx(10)
    assert row.relative == pytest.approx(10 / np.abs(IMAGES).max())
    lines = table([row])
    assert lines[0].split("  ")[0].strip() == "layer"
    assert "1,2,3,4" in lines[1]
    assert "<-" in lines[1]


def test_values_without_numbers_are_told() -> None:
    """Two nets that overflow alike are equal, and nothing is proved by that."""
    nothing = measure("conv", "blob", np.full(3, np.nan), np.full(3, np.nan), 1e-4)
    some = measure("ip", "row", np.array([1, np.nan]), np.array([1, np.nan]), 1e-4)
    assert [nothing.good, some.good, some.cause] == [True, True, ""]
    assert "<- no finite number in either net" in table([nothing, some])[1]
    assert without_numbers([some]) == ""
    told = "1 value has no finite number in either net, first 'blob' of layer 'conv'"
    assert without_numbers([some, nothing]).startswith(told)


def test_what_is_no_number_in_both_is_equal() -> None:
    values = np.array([1, np.nan, np.inf, -np.inf])
    assert measure("l", "v", values, values.copy(), 1e-4).good
    assert not measure("l", "v", values, np.array([1, np.nan, -np.inf, -np.inf]), 1e-4).good
    assert not measure("l", "v", np.ones(3), np.array([1, 1, np.nan]), 1e-4).good


def test_names_stay_true_where_folding_renames() -> None:
    """Dropout goes, and what it read is called as its top; the value before keeps its own name."""
    text = """
    layer { name: "clip" type: "Clip" bottom: "data" top: "clip" clip_param { min: -1 max: 1 } }
    layer { name: "bn" type: "BatchNorm" bottom: "clip" top: "clip" }
    layer { name: "drop" type: "Dropout" bottom: "clip" top: "drop" }
    """
    net = net_of(text, data=(2, 3, 6, 7))
    folded = fold_net(param_of(text, data=(2, 3, 6, 7)), net)
    exported = export(folded.build(), names=folded.names)
    assert exported.outputs == ["drop"]
    assert verify(exported, net).good
    assert exported.values == ["data", "clip/clip", "drop"]


def test_memory_that_a_later_layer_overwrites_is_not_looked_at() -> None:
    """A Reshape shares its bottom's memory, which the ReLU on its top then overwrites."""
    net = net_of(
        """layer { name: "tanh" type: "TanH" bottom: "data" top: "tanh" }
           layer { name: "rows" type: "Flatten" bottom: "tanh" top: "rows" }
           layer { name: "relu" type: "ReLU" bottom: "rows" top: "rows" }""",
        data=(2, 3, 4),
    )
    found = verify(export(net), net)
    assert found.good
    assert list(found.layers) == ["tanh", "rows/rows", "rows"]
    assert list(found.whole) == ["rows"]


def test_a_batch_that_has_to_be_even() -> None:
    """One item is none for this Reshape: its own batch is, and twice that."""
    net = net_of(
        """layer { name: "pairs" type: "Reshape" bottom: "data" top: "pairs"
                   reshape_param { shape { dim: -1 dim: 6 } } }""",
        data=(2, 3),
    )
    found = verify(export(net, batch="dynamic"), net)
    assert found.good
    assert [told.rpartition(": ")[2] for told in found.inputs] == ["data 2×3", "data 4×3"]
