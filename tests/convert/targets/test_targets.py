"""The files of the targets: facts with sources, what they refuse, what they do not."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf import text_format

from minicaffe import layer_type_list
from minicaffe.convert.targets import Refusal, Site, load_target, parse_target, targets
from minicaffe.convert.targets.quantities import QUANTITIES
from minicaffe.errors import ArgumentError, DataError
from minicaffe.proto import caffe_pb2
from minicaffe.proto.own_fields import own_field

NAMES = [
    "ascend", "bvlc", "horizon", "minicaffe", "ncnn", "nnie", "novatek", "opencv4", "rknn1", "tidl",
    "tpu-mlir",
]  # fmt: skip


def site(kind: str, settings: str = "", *bottoms: tuple[int, ...], tops: int = 1) -> Site:
    text = f"type: '{kind}' {settings}"
    param = text_format.Parse(text, caffe_pb2.LayerParameter())
    param.bottom.extend(f"b{index}" for index in range(len(bottoms)))
    param.top.extend(f"t{index}" for index in range(tops))
    return Site(param, bottoms, bottoms[:1])


def test_there_are_these_targets() -> None:
    assert targets() == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_target_says_what_it_is(name: str) -> None:
    target = load_target(name)
    assert target.title
    assert len(target.about) > 60
    assert target.takes_all or not target.complete or target.entries
    for source in target.sources.values():
        assert source.title
        assert source.where


@pytest.mark.parametrize("name", NAMES)
def test_types_and_fields_are_ours(name: str) -> None:
    """A misspelt type or field would allow or refuse nothing."""
    target = load_target(name)
    ours = set(layer_type_list())
    assert set(target.entries) <= ours
    assert set(target.refused) <= ours
    for entry in target.entries.values():
        for kind in entry.types:
            message = getattr(caffe_pb2.LayerParameter(), own_field(kind) or "", None)
            fields = set(message.DESCRIPTOR.fields_by_name) if message is not None else set()
            named = {fact.of for fact in entry.facts} | {
                quantity for fact in entry.facts for quantity, _ in fact.when
            }
            assert named - set(QUANTITIES) <= fields, kind
            assert set(entry.reads or ()) <= fields, kind


IMAGE = (1, 8, 10, 10)
CONV = "convolution_param { num_output: 8 kernel_size: %d stride: %d dilation: %d group: %d }"
POOL = "pooling_param { pool: %s kernel_size: %d stride: %d }"

#: A layer that a target refuses, the kind of the refusal, and words of the message.
REFUSED: list[tuple[str, Site, str, str]] = [
    ("ascend", site("Upsample", "", IMAGE), "type", "its own Upsample has the factor"),
    ("ascend", site("Swish", "", IMAGE), "type", "ascend does not take Swish"),
    ("ascend", site("ReLU", "", (1, 3, 5000, 20)), "limit", "height is 5000; ascend takes at most"),
    ("ascend", site("Pooling", POOL % ("MAX", 300, 1), (1, 8, 400, 400)), "limit", "1 to 255"),
    ("ascend", site("Pooling", POOL % ("MAX", 2, 5), IMAGE), "limit", "at most 2 times the kernel"),
    ("bvlc", site("ReLU6", "", IMAGE), "type", "bvlc does not take ReLU6"),
    ("bvlc", site("Axpy", "", (1, 8), IMAGE, IMAGE), "type", "Axpy"),
    ("bvlc", site("Pooling", "pooling_param { kernel_size: 2 torch_pooling: true }", IMAGE),
     "field", "bvlc does not read torch_pooling"),
    ("horizon", site("Swish", "", IMAGE), "type", "horizon does not take Swish"),
    ("horizon", site("Convolution", CONV % (9, 1, 1, 1), IMAGE), "slow", "runs on the CPU"),
    ("horizon", site("Convolution", CONV % (3, 1, 3, 1), IMAGE), "slow", "a power of 2"),
    ("horizon", site("Pooling", "pooling_param { pool: AVE global_pooling: true }",
                     (1, 8, 100, 100)), "slow", "plane is 10000"),
    ("horizon", site("Eltwise", "eltwise_param { coeff: 1 coeff: -1 }", IMAGE, IMAGE),
     "field", "does not read coeff"),
    ("horizon", site("Upsample", "upsample_param { scale: 3 }", IMAGE), "limit", "a power of 2"),
    ("ncnn", site("Swish", "", IMAGE), "type", "ncnn does not take Swish"),
    ("ncnn", site("Pooling", "pooling_param { kernel_size: 2 round_mode: FLOOR }", IMAGE),
     "field", "does not read round_mode"),
    ("ncnn", site("Pooling", "pooling_param { pool: AVE kernel_size: 3 pad: 1 }", IMAGE),
     "limit", "counts the padding"),
    ("ncnn", site("InnerProduct", "inner_product_param { num_output: 2 transpose: true }", IMAGE),
     "limit", "transpose is true; ncnn takes false"),
    ("ncnn", site("Reshape", "reshape_param { shape { dim: 1 dim: 2 dim: 4 dim: 10 dim: 10 } }",
                  (1, 8, 1, 10, 10)), "limit", "rank is 5; ncnn takes 1 to 4"),
    ("nnie", site("ReLU6", "", IMAGE), "type", "nnie does not take ReLU6"),
    ("nnie", site("Swish", "", IMAGE), "unknown", "not known whether nnie takes Swish"),
    ("nnie", site("Pooling", "pooling_param { kernel_size: 2 round_mode: FLOOR }", IMAGE),
     "field", "round_mode"),
    ("nnie", site("Pooling", "pooling_param { pool: AVE global_pooling: true }", (1, 8, 234, 310)),
     "limit", "kernel_by_width is 96100"),
    ("nnie", site("Power", "power_param { shift: 1 }", IMAGE), "limit", "shift is 1.0"),
    ("novatek", site("Convolution", CONV % (3, 1, 1, 1), IMAGE), "unknown", "not known"),
    ("opencv4", site("Axpy", "", (1, 8), IMAGE, IMAGE), "type", "the other way round"),
    ("opencv4", site("Upsample", "", IMAGE), "type", "opencv4 does not take Upsample"),
    ("rknn1", site("ELU", "", IMAGE), "type", "rknn1 does not take ELU"),
    ("tidl", site("Power", "", IMAGE), "type", "tidl does not take Power"),
    ("tidl", site("Convolution", CONV % (4, 2, 1, 1), IMAGE), "limit", "kernel is 4"),
    ("tidl", site("Convolution", CONV % (5, 2, 1, 8), IMAGE), "limit", "kernel is 5"),
    ("tidl", site("ReLU", "relu_param { negative_slope: 0.1 }", IMAGE), "field", "negative_slope"),
    ("tidl", site("Eltwise", "", IMAGE, IMAGE, IMAGE), "limit", "bottoms is 3; tidl takes 2"),
    ("tpu-mlir", site("Power", "", IMAGE), "type", "not implemented"),
    ("tpu-mlir", site("ArgMax", "argmax_param { top_k: 2 axis: 1 }", IMAGE), "limit", "top_k is 2"),
    ("tpu-mlir", site("Scale", "", (2, 3, 4)), "limit", "rank_in is 3"),
    ("tpu-mlir", site("Interp", "interp_param { height: 4 width: 4 pad_beg: -1 }", IMAGE),
     "field", "pad_beg"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "layer", "kind", "words"), REFUSED)
def test_refusals(name: str, layer: Site, kind: str, words: str) -> None:
    found = load_target(name).refusals(layer)
    assert any(told.kind == kind and words in told.message for told in found), found
    sources = load_target(name).sources
    assert all(told.source in sources for told in found if told.kind in ("limit", "field", "slow"))


@pytest.mark.parametrize("name", [name for name in NAMES if name != "novatek"])
def test_plain_layers_are_taken(name: str) -> None:
    target = load_target(name)
    for layer in (
        site("Convolution", CONV % (3, 1, 1, 1), IMAGE),
        site("Convolution", CONV % (1, 1, 1, 1), IMAGE),
        site("ReLU", "", IMAGE),
        site("Pooling", POOL % ("MAX", 2, 2), IMAGE),
        site("Pooling", "pooling_param { pool: AVE global_pooling: true }", IMAGE),
        site("InnerProduct", "inner_product_param { num_output: 5 }", IMAGE),
        site("Concat", "", IMAGE, IMAGE),
        site("Eltwise", "", IMAGE, IMAGE),
        site("BatchNorm", "", IMAGE),
        site("Scale", "scale_param { bias_term: true }", IMAGE),
    ):
        assert target.refusals(layer) == []


def test_a_field_has_its_place() -> None:
    layer = site("Pooling", "pooling_param { kernel_h: 300 kernel_w: 2 }", (1, 8, 400, 400))
    (told,) = load_target("ascend").refusals(layer)
    assert told == Refusal(
        "limit", "kernel is 300×2; ascend takes 1 to 255", "pooling", ("pooling_param", "kernel_h")
    )


def test_no_such_target() -> None:
    with pytest.raises(ArgumentError, match="no target 'ncn'; did you mean `ncnn`"):
        load_target("ncn")


OWN = """
title: Mine
sources: {guide: {title: A guide, where: page 3}}
types:
  - {of: ReLU, source: guide}
  - {of: [Pooling], source: guide, facts: [{of: kernel, range: [2, 3]}]}
"""


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(OWN, encoding="utf-8")
    target = load_target(str(path))
    assert target.name == "mine"
    assert target.refusals(site("ReLU", "", IMAGE)) == []
    (told,) = target.refusals(site("Pooling", POOL % ("MAX", 4, 2), IMAGE))
    assert told.message == "kernel is 4; mine takes 2 to 3"
    assert str(target.sources[told.source]) == "A guide, page 3"
    with pytest.raises(DataError, match="there is no such file"):
        load_target(str(tmp_path / "none.yaml"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a", "a target: expected names with values"),
        ("title: x", "at least the entries title and sources"),
        ("title: [", "it is no YAML"),
        ("title: x\nsources: {}\ntype: []", "unknown entry 'type'; did you mean `types`"),
        ("title: x\nsources: 3", "sources: expected names with values"),
        ("title: x\nsources: {a: b}", "the source a: expected names with values"),
        ("title: x\nsources: {}\ntypes: [ReLU]", "an entry of types: expected names with values"),
        ("title: x\nsources: {}\ntypes: [{of: ReLU}]", "an entry of types has 'of' and 'source'"),
        (
            OWN.replace("of: ReLU", "of: Relu6"),
            "no layer type 'Relu6'; did you mean `ReLU6`",
        ),
        (OWN.replace("of: kernel", "of: kernal"), "nothing is called 'kernal' in Pooling; did you"),
        (OWN.replace("facts:", "reads: [kernel], facts:"), "Pooling has no setting 'kernel'"),
        (
            OWN + "general: [{of: kernel_size, least: 1, source: guide}]",
            "nothing is called 'kernel_",
        ),
        ("title: x\nsources: {}\ntypes: [{of: ReLU, source: a}]", "no source is called 'a'"),
        (OWN + "  - {of: ReLU, source: guide}", "the type ReLU has two entries"),
        (OWN.replace("range: [2, 3]", "rang: [2, 3]"), "unknown entry 'rang'"),
        (OWN.replace("range: [2, 3]", "range: 2"), "range: expected a list"),
        (OWN.replace(", range: [2, 3]", ""), "demands nothing"),
    ],
)
def test_mistakes_in_a_file(text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        parse_target(text, "mine", "mine.yaml")
