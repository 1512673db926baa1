"""Nets rewritten for a target: what becomes of them, their names and numbers, what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe import TEST, Net
from minicaffe.convert.targets import Fitted, fit
from minicaffe.convert.targets.verify import verify
from minicaffe.errors import ArgumentError, GraphError
from minicaffe.net.net import Net as BuiltNet
from minicaffe.proto import caffe_pb2

DATA = """layer { name: "data" type: "Input" top: "data"
  input_param { shape { dim: 2 dim: 4 dim: 11 dim: 9 } } }
"""
CONV = """layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
  convolution_param { num_output: 6 kernel_size: 3
    weight_filler { type: "gaussian" std: 0.5 } bias_filler { type: "gaussian" std: 1 } } }
"""


def layer(kind: str, bottom: str = "conv", top: str = "conv", settings: str = "") -> str:
    bottoms = " ".join(f'bottom: "{name}"' for name in bottom.split())
    name = f"{kind.lower()}_{top}"
    return f'layer {{ name: "{name}" type: "{kind}" {bottoms} top: "{top}" {settings} }}\n'


def built(*layers: str) -> tuple[caffe_pb2.NetParameter, BuiltNet]:
    """A net, with positive statistics."""
    param = text_format.Parse(DATA + CONV + "".join(layers), caffe_pb2.NetParameter())
    for line, part in enumerate(param.layer, 10):
        part.source_line = line
    net = Net(param, TEST, seed=1)
    rng = np.random.default_rng(2)
    for node in net.nodes[3:]:
        for blob in node.layer.blobs:
            blob.data[...] = rng.uniform(0.5, 2, blob.shape)
    return param, net


def fitted(target: str, *layers: str) -> Fitted:
    """Rewrite, and make sure that every value that both nets have is the same."""
    param, net = built(*layers)
    before = param.SerializeToString()
    blobs = {name: [blob.data.copy() for blob in own] for name, own in net.params.items()}
    result = fit(param, blobs, target, path="net.prototxt")
    assert param.SerializeToString() == before
    after = result.build()
    assert after.inputs == net.inputs
    found = verify(net, result)
    assert found.good, [str(row) for row in found.rows.values() if not row.good]
    assert set(net.outputs) <= set(after.outputs)
    return result


def types(result: Fitted) -> list[str]:
    return [part.type for part in result.param.layer][2:]


def test_what_is_taken_stays() -> None:
    result = fitted("bvlc", layer("ReLU"), layer("Pooling", settings="pooling_param "
                    "{ kernel_size: 2 stride: 2 }", top="pool"))  # fmt: skip
    assert types(result) == ["ReLU", "Pooling"]
    assert not result.changes
    assert list(result.param.layer[2].bottom) == list(result.param.layer[2].top) == ["conv"]


def test_in_place_layers_get_room_for_their_parts() -> None:
    result = fitted("bvlc", layer("Sigmoid"), layer("ReLU6"), layer("ReLU"))
    assert types(result) == ["Sigmoid", "ReLU", "Power", "ReLU", "Power", "ReLU"]
    tops = [part.top[0] for part in result.param.layer]
    assert tops[:3] == ["data", "conv/conv", "conv/sigmoid_conv"]
    assert tops[-1] == "conv"  # the name stays with the last value
    written = [part.top[0] for part in result.param.layer if part.top[0] not in part.bottom]
    assert len(set(written)) == len(written)  # which the real Caffe demands
    (change,) = result.changes
    assert change.type == "ReLU6"
    assert change.into == ("ReLU", "Power", "ReLU", "Power")
    assert str(change).startswith("relu6_conv: bvlc does not take ReLU6. ReLU6 becomes")


def test_in_place_on_the_input() -> None:
    param, net = built()
    del param.layer[1:]
    param.layer.add(name="swish", type="Swish", bottom=["data"], top=["data"])
    result = fit(param, {}, "ncnn")
    assert [list(part.top) for part in result.param.layer] == [
        ["data"], ["swish/sigmoid"], ["data/swish"],
    ]  # fmt: skip
    assert net.inputs == result.build().inputs


def test_a_gate_of_channels_needs_no_blob_of_two_axes() -> None:
    """As MobileNetV3 has it: what is multiplied with the channels was (N, C, 1, 1) before."""
    gate = [
        layer("Pooling", "conv", "mean", "pooling_param { pool: AVE global_pooling: true }"),
        layer("Sigmoid", "mean", "gate"),
        layer("Flatten", "gate", "flat"),
        layer("Scale", "conv flat", "gated", "scale_param { axis: 0 }"),
    ]
    result = fitted("nnie", *gate)
    assert types(result) == ["Pooling", "Sigmoid", "Deconvolution", "Eltwise"]
    assert [change.layer for change in result.changes] == ["flatten_flat", "scale_gated"]
    assert types(fitted("bvlc", *gate)) == ["Pooling", "Sigmoid", "Flatten", "Scale"]


def test_of_a_large_batch_two_items_are_computed() -> None:
    param, net = built(layer("ReLU6"))
    net.blobs["data"].reshape(7, 4, 11, 9)
    blobs = {name: [blob.data.copy() for blob in own] for name, own in net.params.items()}
    found = verify(net, fit(param, blobs, "bvlc"))
    assert found.good
    assert found.inputs == ["data 2×4×11×9"] * 2
    assert net.blobs["data"].shape == (7, 4, 11, 9)


def test_where_the_batch_is_written_down_all_of_it_is_computed() -> None:
    rows = "reshape_param { shape { dim: 4 dim: -1 } }"
    text = DATA.replace("dim: 2", "dim: 4")
    param = text_format.Parse(text + layer("Reshape", "data", "rows", rows)
                              + layer("ReLU6", "rows", "y"), caffe_pb2.NetParameter())  # fmt: skip
    param.layer[0].input_param.shape[0].dim[1] = 3
    with Net(param, TEST) as net:
        found = verify(net, fit(param, {}, "bvlc"))
        assert found.good
        assert net.blobs["rows"].shape == (4, 297)
        assert found.inputs[0] == "data 4×3×11×9"  # two items have no whole number of rows


def test_a_value_with_other_readers() -> None:
    result = fitted(
        "ncnn", layer("Swish", "conv", "swish"), layer("TanH", "conv", "tanh"),
        layer("Eltwise", "swish tanh", "sum"),
    )  # fmt: skip
    assert types(result) == ["Sigmoid", "Eltwise", "TanH", "Eltwise"]


def test_batchnorm_is_folded_where_scale_is_not_taken(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        "title: x\nsources: {a: {title: b, where: c}}\n"
        "types: [{of: [Input, Convolution, ReLU], source: a}]\n",
        encoding="utf-8",
    )
    result = fitted(
        str(own), layer("BatchNorm"), layer("Scale", settings="scale_param { bias_term: true }"),
        layer("Dropout"), layer("ReLU"),
    )  # fmt: skip
    assert types(result) == ["ReLU"]
    assert [change.done for change in result.changes] == [
        ("It does nothing in a net in use, and was taken out",),
        ("It was folded into conv",),
        ("It was folded into conv",),
    ]
    assert result.names["conv"] == ["conv/scale_conv"]


def test_rewrites_follow_each_other() -> None:
    result = fitted("tidl", layer("Clip", settings="clip_param { min: -1 max: 2 }"))
    assert types(result) == ["Scale", "ReLU", "Scale", "ReLU", "Scale"]
    result = fitted("nnie", layer("TanH"))
    assert types(result) == ["TanH"]


def test_floor_pooling_for_tools_that_round_up() -> None:
    floor = "pooling_param { kernel_size: 2 stride: 2 round_mode: FLOOR }"
    result = fitted("ncnn", layer("Pooling", "data", "pool", floor))
    assert types(result) == ["Pooling", "Convolution"]
    assert not result.param.layer[2].pooling_param.HasField("round_mode")


def test_upsampling() -> None:
    result = fitted("ascend", layer("Upsample", "conv", "up", "upsample_param { scale: 3 }"))
    assert types(result) == ["Deconvolution"]
    (weights,) = result.blobs["upsample_up"]
    assert weights.shape == (6, 1, 3, 3)
    twice = fitted("bvlc", layer("Upsample", "conv", "up", "upsample_param { scale: 2 }"))
    assert types(twice) == ["Deconvolution"]


def test_slow_layers_are_noted() -> None:
    result = fitted("horizon", layer("Convolution", "conv", "big", "convolution_param { "
                    "num_output: 2 kernel_size: 7 pad: 9 dilation: 3 }"))  # fmt: skip
    assert types(result) == ["Convolution"]
    assert any("runs on the CPU" in note for note in result.notes)


def test_all_that_is_refused_is_told_at_once() -> None:
    param, net = built(
        layer("Embed", "data", "embed", "embed_param { num_output: 2 input_dim: 5 }"),
        layer("ReLU6"),
        layer("ArgMax", "conv", "best"),
    )
    blobs = {name: [blob.data for blob in own] for name, own in net.params.items()}
    with pytest.raises(GraphError) as error:
        fit(param, blobs, "tidl", path="net.prototxt")
    assert str(error.value).splitlines() == [
        "net.prototxt:12: layer 'embed_embed' (Embed): tidl does not take Embed; no rewrite mends "
        "it",
        "net.prototxt:14: layer 'argmax_best' (ArgMax): axis is 0; tidl takes 1; no rewrite mends "
        "it",
    ]
    with pytest.raises(GraphError, match="not known whether novatek takes Convolution"):
        fit(param, blobs, "novatek")


def test_what_is_not_known_may_be_kept() -> None:
    param, net = built(layer("ELU"), layer("Swish"), layer("ReLU6"))
    blobs = {name: [blob.data for blob in own] for name, own in net.params.items()}
    with pytest.raises(GraphError, match="not known whether nnie takes ELU"):
        fit(param, blobs, "nnie")
    result = fit(param, blobs, "nnie", keep_unknown=True)
    assert types(result)[:2] == ["ELU", "Swish"]
    assert "ReLU6" not in types(result)  # which is known to be refused
    assert result.notes == [
        "elu_conv: it is not known whether nnie takes ELU",
        "swish_conv: it is not known whether nnie takes Swish",
    ]


def test_bad_arguments() -> None:
    param, _ = built()
    with pytest.raises(ArgumentError, match="no target 'nnia'; did you mean `nnie`"):
        fit(param, {}, "nnia")
    with pytest.raises(GraphError, match="it takes 2 parameters of 216, 6 values, given are none"):
        fit(param, {}, "bvlc")
    with pytest.raises(GraphError, match="given are 3, 6"):
        fit(param, {"conv": [np.ones(3), np.ones(6)]}, "bvlc")


@pytest.mark.parametrize(
    ("kind", "settings", "becomes"),
    [
        ("BN", "bn_param { eps: 1e-3 }", ["BatchNorm", "Scale"]),
        ("BN", "bn_param { moving_average: true }", ["BatchNorm", "Scale"]),
        ("BN", "bn_param { bn_mode: INFERENCE }", []),  # no statistics: the conv takes it in
        ("CuDNNBatchNorm", "", ["BatchNorm", "Scale"]),
        ("BatchNorm", "batch_norm_param { scale_bias: true }", ["BatchNorm", "Scale"]),
        (
            "BatchNorm", "batch_norm_param { use_weight_bias: true bias_term: false }",
            ["BatchNorm", "Scale"],
        ),
        ("BatchNorm", "batch_norm_param { use_global_stats: true }", ["BatchNorm"]),
    ],
)  # fmt: skip
def test_normalisations_of_forks_for_caffe(kind: str, settings: str, becomes: list[str]) -> None:
    """Gamma, beta and statistics of one layer, to be trained further: not folded into the conv
    above; and Caffe's own layer, which stays."""
    assert types(fitted("bvlc", layer(kind, settings=settings), layer("ReLU"))) == [
        *becomes, "ReLU",
    ]  # fmt: skip


def test_normalisations_of_forks_where_only_scale_is_taken(tmp_path: Path) -> None:
    """BatchNorm and Scale would become two Scales there; and what is beside takes it in."""
    own = tmp_path / "own.yaml"
    own.write_text(
        "title: x\nsources: {a: {title: b, where: c}}\n"
        "types: [{of: [Input, Convolution, ReLU, Scale], source: a}]\n",
        encoding="utf-8",
    )
    assert types(fitted(str(own), layer("BN"))) == []
    assert types(fitted(str(own), layer("ReLU"), layer("BN"))) == ["ReLU", "Scale"]


def test_what_a_tool_does_not_read_is_not_written() -> None:
    """Its reader would refuse a name that it does not have, though the default is said."""
    settings = "batch_norm_param { eps: 1e-5 ghost_batch_size: 0 }"
    norm = fitted("bvlc", layer("ReLU"), layer("BatchNorm", settings=settings)).param.layer[-1]
    assert [field.name for field, _ in norm.batch_norm_param.ListFields()] == ["eps"]


def test_larger_images_of_deeplab_for_caffe() -> None:
    layers = fitted("bvlc", layer("Interp", settings="interp_param { zoom_factor: 2 }", top="x"))
    assert types(layers) == ["Deconvolution"]
    other = layer("Interp", settings="interp_param { height: 20 width: 20 }", top="x")
    assert types(fitted("bvlc", other)) == ["InnerProduct", "Reshape"]
    with pytest.raises(GraphError, match="bvlc does not take Interp"):  # too many weights
        fitted("bvlc", layer("Interp", settings="interp_param { height: 400 width: 400 }", top="x"))
