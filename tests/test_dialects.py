"""Fields of forks in a net's text, and layers that forks understand differently."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from minicaffe import TEST, TRAIN, Net
from minicaffe.errors import GraphError, MinicaffeError
from minicaffe.layer import Layer, find_layer_class, layer_types, register
from minicaffe.net.fork_fields import fork_fields
from minicaffe.net.summary import summarize_net
from minicaffe.options import DIALECTS, RunOptions
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import Effect, Origin, Reading, changes_nothing, meant
from minicaffe.proto.text_format import parse

INPUT = 'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: [2, 3, 4, 5] } } }\n'
CONVOLUTION = (
    'layer { name: "%s" type: "Convolution" bottom: "x" top: "%s" %s '
    "convolution_param { num_output: 2 kernel_size: 1 %s } }\n"
)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def net(text: str, phase: int = TEST, **options: str) -> Net:
    Path("n.prototxt").write_text(text)
    return Net("n.prototxt", phase, **options)  # type: ignore[arg-type]


@register("TestTwoMeanings")
class TwoMeanings(Layer):
    """A type that two dialects mean differently; with ``scale_param`` it is SegNet's."""

    dialects = ("ssd", "segnet")
    fork_fields = meant("bn_param") | changes_nothing("relu6_param")

    @classmethod
    def reading_of(cls, param: caffe_pb2.LayerParameter, origin: Origin) -> Reading:
        given = [("segnet", "`scale_param` is given")] if param.HasField("scale_param") else []
        beside = [("segnet", "an Unheard is beside it")] if "Unheard" in origin.types else []
        return origin.choose(cls.dialects, given + beside)

    @classmethod
    def class_for(cls, param: caffe_pb2.LayerParameter, reading: Reading) -> type[Layer]:
        return SegnetMeaning if reading.dialect == "segnet" else cls

    def reshape(self, bottom: object, top: object) -> None:
        top[0].reshape(1)  # type: ignore[index]


class SegnetMeaning(TwoMeanings):
    """What SegNet means by it."""

    def reshape(self, bottom: object, top: object) -> None:
        top[0].reshape(2)  # type: ignore[index]


TWO = 'layer { name: "%s" type: "TestTwoMeanings" bottom: "x" top: "%s" %s }\n'


def test_what_changes_nothing_is_noted_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    fields = 'engine: MKLDNN conv_algorithm: "auto"'
    quantized = "quantization_param { bw_layer_in: 8 } forward_type: FLOAT16"
    text = "".join(CONVOLUTION % (name, name, quantized, fields) for name in "abc")
    net("global_grad_scale: 1000\n" + INPUT + text)
    notes = [record for record in caplog.records if "passed over" in record.message]
    assert [note.levelno for note in notes] == [logging.INFO]
    for part in (
        "n.prototxt: ", "engine (Intel Caffe; 3 layers)", "conv_algorithm (Intel Caffe; 3 layers)",
        "quantization_param (Ristretto, Intel Caffe and others; 3 layers)",
        "forward_type (NVCaffe; 3 layers)", "global_grad_scale (NVCaffe)",
        "changes nothing on a CPU",
    ):  # fmt: skip
        assert part in notes[0].message


@pytest.mark.parametrize(("phase", "level"), [(TRAIN, logging.WARNING), (TEST, logging.INFO)])
def test_what_changes_training_is_a_warning_when_training(
    phase: int, level: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    net(INPUT + CONVOLUTION % ("a", "a", 'param { regularization_type: "L1" }', ""), phase)
    [note] = [record for record in caplog.records if "passed over" in record.message]
    assert note.levelno == level
    assert "changes how training goes, which it does not here: regularization_type (SkimCaffe)" in (
        note.message
    )


def test_what_a_layer_cannot_do_is_refused_by_name_and_all_at_once() -> None:
    first = CONVOLUTION % ("a", "a", "", "fusion_type: SUM_FUSION coeff: 1")
    second = 'layer { name: "r" type: "Reduction" bottom: "x" top: "r" reduction_param { k: 2 } }'
    with pytest.raises(GraphError) as caught:
        net(INPUT + first + second)
    told = [problem.message for problem in caught.value.problems]
    assert [problem.line for problem in caught.value.problems] == [2, 2, 3]
    assert "convolution_param.coeff is a field of Intel Caffe" in told[0]
    assert "convolution_param.fusion_type is a field of Intel Caffe" in told[1]
    assert "reduction_param.k is a field of TSN, and minicaffe's Reduction has no such" in told[2]
    column = first.index("SUM_FUSION") + 1
    assert caught.value.problems[1].column == column


def test_a_forks_value_of_an_enum_is_refused_by_name() -> None:
    text = 'layer { name: "p" type: "Reduction" bottom: "x" top: "p" reduction_param { %s } }'
    with pytest.raises(GraphError, match=r"reduction_param.operation: TOPK is a value of TSN"):
        net(INPUT + text % "operation: TOPK")
    net(INPUT + text % "operation: MEAN")


def test_a_field_that_says_what_is_the_case_anyway_needs_no_one() -> None:
    caught = net(INPUT + CONVOLUTION % ("a", "a", "", "relu: false negative_slope: 0"))
    assert caught.blobs["a"].shape == (2, 2, 4, 5)


def test_a_field_outside_of_the_layers_that_does_something_is_refused() -> None:
    with pytest.raises(GraphError, match=r"n.prototxt.*bn_stats_batch_size is a field of Intel"):
        net("bn_stats_batch_size: 8\n" + INPUT)


def test_weights_in_a_layer_are_not_walked_through() -> None:
    param = caffe_pb2.LayerParameter()
    param.blobs.add(raw_data=b"1234")
    assert not list(fork_fields(param))


@pytest.mark.parametrize(
    ("text", "dialect", "shape"),
    [
        ("", None, 1),
        ("scale_param { }", None, 2),
        ("", "segnet", 2),
        ("scale_param { }", "ssd", 1),
        ("scale_param { }", "yolo", 2),  # which says nothing of this type
    ],
)
def test_the_text_decides_and_the_user_before_it(
    text: str, dialect: str | None, shape: int
) -> None:
    param = caffe_pb2.NetParameter()
    parse((INPUT + TWO % ("t", "t", text)).encode(), param)
    assert Net(param, dialect=dialect).blobs["t"].shape == (shape,)


def test_what_was_read_how_is_told_once_and_a_guess_as_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    net(INPUT + TWO % ("s", "s", "scale_param { }") + TWO % ("t", "t", "") + TWO % ("u", "u", ""))
    sure, guess = (record for record in caplog.records if "read as in" in record.message)
    assert (sure.levelno, guess.levelno) == (logging.INFO, logging.WARNING)
    assert sure.message == (
        "n.prototxt: type TestTwoMeanings read as in SegNet, DeconvNet and ENet, because "
        "`scale_param` is given"
    )
    assert guess.message == (
        "n.prototxt: 2 layers of type TestTwoMeanings read as in SSD (weiliu89/caffe, branch ssd), "
        "because nothing in the net says which; --dialect (dialect=) says whose it is"
    )


def test_fields_of_another_type_are_refused_unless_the_class_knows_them() -> None:
    text = INPUT + TWO % ("t", "t", "%s { }")
    net(text % "bn_param")
    net(text % "relu6_param")
    with pytest.raises(GraphError, match="roi_pooling_param is a field of Fast R-CNN"):
        net(text % "roi_pooling_param")


@pytest.mark.parametrize("name", ["segnt", "SSD", ""])
def test_an_unknown_dialect_is_refused(name: str) -> None:
    with pytest.raises(MinicaffeError, match=f"unknown dialect '{name}'"):
        RunOptions(dialect=name)


def test_dialects_of_classes_are_in_the_list() -> None:
    for name in layer_types():
        for dialect in find_layer_class(name).dialects:
            assert dialect in DIALECTS, name


def test_tables_of_classes_name_fields_that_exist() -> None:
    """A misspelt entry would refuse what it is meant to allow."""
    known = {
        field.name
        for message in caffe_pb2.DESCRIPTOR.message_types_by_name.values()
        for field in message.fields
    }
    for name in layer_types():
        for base in find_layer_class(name).__mro__:
            table: dict[str, Effect] = vars(base).get("fork_fields", {})
            for field in table:
                assert set(field.split(".")) <= known, (name, field)


def test_deeplabs_ignored_label_is_caffes() -> None:
    text = INPUT + (
        'layer { name: "l" type: "Input" top: "l" input_param { shape { dim: [2, 1, 4, 5] } } }'
        'layer { name: "loss" type: "SoftmaxWithLoss" bottom: "x" bottom: "l" top: "loss" %s }'
    )
    ours = net(text % "softmaxloss_param { ignore_label: 2 }").layer_dict["loss"].param
    assert ours.loss_param.ignore_label == 2
    assert not ours.HasField("softmaxloss_param")
    for more in ("weight_source: 'w'", "ignore_label: 1 ignore_label: 2"):
        with pytest.raises(GraphError, match="softmaxloss_param is a field of DeepLab"):
            net(text % f"softmaxloss_param {{ {more} }}")


def test_deeplabs_strict_dim_lets_weights_have_another_shape() -> None:
    weights = caffe_pb2.NetParameter()
    stored = weights.layer.add(name="a", type="InnerProduct").blobs.add(data=range(6))
    stored.shape.dim.extend([2, 3])
    bias = weights.layer[0].blobs.add(data=range(2))
    bias.shape.dim.extend([2])
    Path("w.caffemodel").write_bytes(weights.SerializeToString())
    Path("n.prototxt").write_text(INPUT + CONVOLUTION % ("a", "a", "strict_dim: false", ""))
    loaded = Net("n.prototxt", TEST, weights="w.caffemodel").params["a"][0].data
    assert loaded.shape == (2, 3, 1, 1)
    assert list(loaded.flat) == list(range(6))
    Path("n.prototxt").write_text(INPUT + CONVOLUTION % ("a", "a", "", ""))
    with pytest.raises(MinicaffeError, match="has shape 2×3 where it is stored"):
        Net("n.prototxt", TEST, weights="w.caffemodel")


def test_summaries_read_a_net_as_the_net_itself_does() -> None:
    text = INPUT + (
        'layer { name: "b" type: "BatchNorm" bottom: "x" top: "b" batch_norm_param { filler { } } }'
    )
    scale = 'layer { name: "s" type: "Scale" bottom: "b" top: "s" }'
    for more, dialect, parameters in ((scale, None, 7), ("", None, 13), ("", "nvcaffe", 13)):
        param = caffe_pb2.NetParameter()
        parse((text + more).encode(), param)
        summary = summarize_net(param, dialect=dialect)
        assert summary.layers[1].parameters == parameters


def test_summaries_do_without_what_a_fork_does_to_images() -> None:
    text = (
        'layer { name: "d" type: "Data" top: "d" top: "l" data_param { source: "no" batch_size: 2 }'
        " transform_param { crop_size: 8 random_resize_param { min_size: 9 } } }"
        'layer { name: "i" type: "InnerProduct" bottom: "d" top: "i" '
        "inner_product_param { num_output: 2 } }"
    )
    param = caffe_pb2.NetParameter()
    parse(text.encode(), param)
    assert summarize_net(param).layers[1].shapes == ((2, 2),)
    with pytest.raises(GraphError, match="random_resize_param is a field of Intel Caffe"):
        net(text)
