"""The schema holds BVLC Caffe's fields exactly, the forks' fields, and a comment on each."""

from __future__ import annotations

import ast
import csv
import importlib.util
import re
import subprocess
import sys
from keyword import iskeyword
from pathlib import Path

import numpy as np
import pytest
from google.protobuf import descriptor_pb2

from minicaffe.layer import layer_class, layer_types
from minicaffe.proto import caffe_pb2, schema_docs
from minicaffe.proto.forks import fork_of_field
from minicaffe.proto.own_fields import own_field

ROOT = Path(__file__).parents[2]
FACTS = ROOT / "tests" / "golden" / "schema"
OWN = (
    "LayerParameter.source_line",
    "V1LayerParameter.source_line",
    "SolverState.minicaffe_record",
)
OWN_MESSAGES = ("WeightsOfNet", "WeightsOfLayer", "WeightsOfV1Layer")

Field = descriptor_pb2.FieldDescriptorProto


def read_facts(name):
    with open(FACTS / name, newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def load_messages():
    """Message name → DescriptorProto and enum name → EnumDescriptorProto, nested ones dotted."""
    file = descriptor_pb2.FileDescriptorProto()
    caffe_pb2.DESCRIPTOR.CopyToProto(file)
    messages, enums = {}, {e.name: e for e in file.enum_type}
    waiting = [(m.name, m) for m in file.message_type]
    for name, message in waiting:
        messages[name] = message
        enums.update({f"{name}.{e.name}": e for e in message.enum_type})
        waiting += [(f"{name}.{inner.name}", inner) for inner in message.nested_type]
    return messages, enums


MESSAGES, ENUMS = load_messages()
FIELDS = {f"{name}.{f.name}": f for name, m in MESSAGES.items() for f in m.field}
FACT_ROWS = read_facts("fields.tsv")
BVLC_FIELDS = {f"{row['message']}.{row['field']}" for row in FACT_ROWS}
BVLC_MESSAGES = {row["message"] for row in FACT_ROWS}


def spell_type(field):
    if field.type_name:
        return field.type_name.removeprefix(".caffe.")
    return Field.Type.Name(field.type).removeprefix("TYPE_").lower()


def same_default(field, fact):
    if not fact:
        return not field.HasField("default_value")
    if field.type == Field.TYPE_FLOAT:
        return np.float32(field.default_value) == np.float32(fact)
    return field.default_value == fact


@pytest.mark.parametrize("row", FACT_ROWS, ids=lambda row: f"{row['message']}.{row['field']}")
def test_field_is_bvlc_caffes(row):
    field = FIELDS[f"{row['message']}.{row['field']}"]
    assert field.number == int(row["number"])
    assert Field.Label.Name(field.label) == "LABEL_" + row["label"].upper()
    assert spell_type(field) == row["type"]
    assert same_default(field, row["default"])
    assert field.options.packed == (row["packed"] == "packed")


def test_enums_are_bvlc_caffes():
    facts = {}
    for row in read_facts("enums.tsv"):
        facts.setdefault(row["enum"], {})[row["value"]] = int(row["number"])
    assert len(facts) == 26
    for name, values in facts.items():
        found = {v.name: v.number for v in ENUMS[name].value}
        assert {value: found.get(value) for value in values} == values
        for value in found.keys() - values.keys():
            assert re.search(r"\[.+\]$", schema_docs.describe(f"{name}.{value}")), value
            assert found[value] not in values.values()


# The forks' fields: number (0: any private one) and default.
FORKS = """
PriorBoxParameter min_size=1 max_size=2 aspect_ratio=3 flip=4:true clip=5:false variance=6
 img_size=7 img_h=8 img_w=9 step=10 step_h=11 step_w=12 offset=13:0.5
NormalizeParameter across_spatial=1:true scale_filler=2 channel_shared=3:true eps=4:1e-10
DetectionOutputParameter num_classes=1 share_location=2:true background_label_id=3:0 nms_param=4
 save_output_param=5 code_type=6:CORNER keep_top_k=7:-1 variance_encoded_in_target=8:false
 confidence_threshold=9 visualize=10:false visualize_threshold=11 save_file=12
NonMaximumSuppressionParameter nms_threshold=1:0.3 top_k=2 eta=3:1.0
PermuteParameter order=1
MultiBoxLossParameter loc_weight=3:1 overlap_threshold=7:0.5 neg_pos_ratio=12:3 neg_overlap=13:0.5
 mining_type=20:MAX_NEGATIVE sample_size=22:64 use_prior_for_nms=23:false
ShuffleChannelParameter group=1:1
ROIPoolingParameter pooled_h=1:0 pooled_w=2:0 spatial_scale=3:1
SmoothL1LossParameter sigma=1:1
PSROIPoolingParameter spatial_scale=1 output_dim=2 group_size=3
ProposalParameter feat_stride=1:16 base_size=2:16 min_size=3:16 ratio=4 scale=5 pre_nms_topn=6:6000
 post_nms_topn=7:300 nms_thresh=8:0.7
InterpParameter height=1:0 width=2:0 zoom_factor=3:1 shrink_factor=4:1 pad_beg=5:0 pad_end=6:0
UpsampleParameter scale=1:2 scale_h=2 scale_w=3 pad_out_h=4:false pad_out_w=5:false upsample_h=6
 upsample_w=7
BNParameter slope_filler=1 bias_filler=2 momentum=3:0.9 eps=4:1e-5 frozen=5:false scale_filler=0
 shift_filler=0 bn_mode=0:LEARN
ReorgParameter stride=1 reverse=2:false
Yolov3DetectionOutputParameter num_classes=1:20 num_box=2:3 confidence_threshold=3:0.01
 nms_threshold=4:0.45 biases=5 anchors_scale=6 mask_group_num=7:2 mask=8
CenterLossParameter num_output=1 center_filler=2 axis=3:1
BatchNormParameter scale_filler=0 bias_filler=0 scale_bias=0:false engine=0:DEFAULT
 use_weight_bias=0:true bias_term=0:true filler=0 stats_batch_size=9:0 relu=10:false
BlobProto raw_data_type=10 raw_data=12
NetParameter engine=9
SolverParameter warmup_iter=48:0 warmup_start_lr=49:0 rampup_interval=0:0 rampup_lr=0:0 min_lr=0:0
LayerParameter engine=0 forward_type=0:FLOAT backward_type=0:FLOAT forward_math=0:FLOAT
 backward_math=0:FLOAT prior_box_param=203 norm_param=206 detection_output_param=204
 permute_param=202 multibox_loss_param=201 annotated_data_param=200 detection_evaluate_param=205
 shuffle_channel_param=0 roi_pooling_param=8266711 smooth_l1_loss_param=8266712
 psroi_pooling_param=0 proposal_param=0 interp_param=0 upsample_param=0 bn_param=0 reorg_param=0
 region_param=0 yolo_detection_output_param=601 yolov3_detection_output_param=602
 center_loss_param=0 relu6_param=211
"""


def fork_rows():
    for line in FORKS.strip().replace("\n ", " ").splitlines():
        message, *fields = line.split()
        for field in fields:
            name, number, default = re.fullmatch(r"(\w+)=(\d+):?(.*)", field).groups()
            yield f"{message}.{name}", int(number), default


@pytest.mark.parametrize(("name", "number", "default"), list(fork_rows()), ids=str)
def test_fork_field(name, number, default):
    field = FIELDS[name]
    assert field.number == number if number else field.number >= 20000
    if default:
        assert same_default(field, default)


def test_fields_beyond_bvlc_are_known_as_forks():
    """A field that a fork added to BVLC's message says so in its comment and in error messages."""
    for name in FIELDS.keys() - BVLC_FIELDS - set(OWN):
        message, field = name.rsplit(".", 1)
        if message in BVLC_MESSAGES:
            origin = re.search(r"\[(.+)\]$", schema_docs.describe(name))
            assert origin, name
            own = origin[1] == "minicaffe"
            assert fork_of_field(message, field) == (None if own else origin[1])
            if own:
                assert 20100 <= FIELDS[name].number < 21000, name


def test_messages_beyond_bvlc_name_their_fork():
    for message in MESSAGES.keys() - BVLC_MESSAGES - set(OWN_MESSAGES):
        assert re.search(r"\[.+\]$", schema_docs.describe(message)), message


def test_private_numbers_are_unique_to_private_fields():
    for name, field in FIELDS.items():
        if name in BVLC_FIELDS:
            assert not 20000 <= field.number < 30000


def test_everything_has_a_comment():
    names = [*MESSAGES, *FIELDS, *ENUMS]
    names += [f"{name}.{value.name}" for name, enum in ENUMS.items() for value in enum.value]
    missing = [name for name in names if not schema_docs.describe(name)]
    assert missing == []
    assert set(schema_docs.all_docs()) == set(names)


def test_describe():
    assert schema_docs.describe("ConvolutionParameter.kernel_size") == "Size of the window."
    assert schema_docs.describe("Phase.TRAIN") == "Learning."
    assert schema_docs.describe("ConvolutionParameter.kernel_siz") is None


def test_generated_files_match_their_source():
    pytest.importorskip("grpc_tools", reason="grpcio-tools, which compiles the schema, is absent")
    spec = importlib.util.spec_from_file_location("gen", ROOT / "tools" / "generate_proto.py")
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    for name, content in generator.compile_schema().items():
        if name == "proto/caffe_pb2.pyi":
            continue  # the compiler's own words, which change from release to release
        assert (ROOT / "minicaffe" / name).read_bytes() == content, (
            f"{name} is out of date; run tools/generate_proto.py"
        )


def declared(path):
    """What a stub declares: class or function → names of attributes or arguments."""
    found = {}
    for node in ast.parse((ROOT / "minicaffe" / path).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            attributes = [part for part in node.body if isinstance(part, ast.AnnAssign)]
            found[node.name] = {part.target.id for part in attributes}
        elif isinstance(node, ast.FunctionDef):
            arguments = {argument.arg for argument in node.args.kwonlyargs}
            found[node.name] = found.get(node.name, set()) | arguments  # all overloads
    return found


def test_stub_declares_every_message_and_field():
    stub = declared("proto/caffe_pb2.pyi")
    for name, message in MESSAGES.items():
        if "." not in name:
            fields = {field.name for field in message.field if not iskeyword(field.name)}
            assert fields <= stub[name]


def test_stub_declares_every_layer_type_with_its_fields():
    stub = declared("layers/__init__.pyi")
    modules = {name: layer_class(name).__module__ for name in layer_types()}
    assert set(stub) == {n for n, module in modules.items() if module.startswith("minicaffe.")}
    shared = {"ntop", "in_place", "name", "loss_weight", "param", "include"}
    for name, arguments in stub.items():
        settings = own_field(name)
        own = set()
        if settings:
            kind = FIELDS[f"LayerParameter.{settings}"].type_name.removeprefix(".caffe.")
            own = {field.name for field in MESSAGES[kind].field if not iskeyword(field.name)}
        assert shared | own <= arguments, name


def test_stub_declares_every_constant_of_params():
    text = (ROOT / "minicaffe" / "params.pyi").read_text(encoding="utf-8")
    for message in MESSAGES:
        if message.endswith("Parameter") and "." not in message:
            assert f"{message.removesuffix('Parameter')} = caffe_pb2.{message}\n" in text


CLASH = """
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

def register(pool):
    file = descriptor_pb2.FileDescriptorProto(name="caffe.proto", package="caffe")
    field = file.message_type.add(name="NetParameter").field.add(name="something", number=1)
    field.type, field.label = field.TYPE_BYTES, field.LABEL_REPEATED
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("caffe.NetParameter"))

first = FIRST and register(descriptor_pool.Default())
from minicaffe.proto import caffe_pb2
other = first or register(descriptor_pool.Default())
net = caffe_pb2.NetParameter(name="ours")
assert caffe_pb2.NetParameter.FromString(net.SerializeToString()).name == "ours"
assert other(something=[b"theirs"]).something == [b"theirs"]
assert other is not caffe_pb2.NetParameter
"""


@pytest.mark.parametrize("first", [True, False], ids=["they first", "we first"])
def test_another_package_may_register_caffe(first):
    code = CLASH.replace("FIRST", str(first))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_unknown_name_of_the_schema():
    with pytest.raises(AttributeError, match="NetParametr"):
        caffe_pb2.NetParametr  # noqa: B018
