"""Each rule finds what its page shows as found, and nothing in what it shows as mended."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from minicaffe.data.backends import write_datums
from minicaffe.io.arrays import array_to_datum
from minicaffe.lint import Diagnostic, LintOptions, Severity, codes, lint_file
from minicaffe.lint.codes import error_kinds, example, explain
from minicaffe.lint.rules import Rule, all_rules
from minicaffe.lint.stored import StoredWeights
from minicaffe.proto import caffe_pb2
from minicaffe.weights.blob_proto import write_blob

ROOT = Path(__file__).parents[2]
WITH_EXAMPLES = [rule for rule in all_rules() if example(rule, "Found") is not None]
DATA = """layer { name: "data" type: "DummyData" top: "data" top: "label"
  dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 } } }
"""
IP = """layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
  inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
"""
LOSS = """layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }
"""
ACCURACY = """layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy"
  include { phase: TEST } }
"""
NORM = """layer { name: "bn" type: "BatchNorm" bottom: "ip" top: "bn" }
layer { name: "scale" type: "Scale" bottom: "bn" top: "bn" scale_param { bias_term: true } }
"""


TRAIN_ONLY = DATA.replace("\n", " include { phase: TRAIN }\n", 1)


@pytest.fixture(autouse=True)
def in_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.prototxt").write_text(DATA + IP + LOSS + ACCURACY, encoding="utf-8")
    norm = IP.replace("num_output", "bias_term: false num_output") + NORM
    text = DATA.replace("dim: 2 ", "dim: 16 ") + norm + LOSS.replace('"ip"', '"bn"')
    Path("net_with_batchnorm.prototxt").write_text(text, encoding="utf-8")
    Path("train_only.prototxt").write_text(TRAIN_ONLY + IP + LOSS, encoding="utf-8")
    write_blob("mean_8x8.binaryproto", np.zeros((1, 3, 8, 8), np.float32))


def found_in(text: str, options: LintOptions | None = None) -> list[Diagnostic]:
    Path("examined.prototxt").write_text(text, encoding="utf-8")
    return lint_file("examined.prototxt", options)


def test_the_pages_net_is_clean() -> None:
    assert lint_file("net.prototxt") == []


@pytest.mark.parametrize("rule", WITH_EXAMPLES, ids=lambda rule: rule.code)
def test_examples(rule: Rule) -> None:
    found, mended = example(rule, "Found"), example(rule, "Mended")
    assert found is not None
    assert mended is not None
    remarks = found_in(found)
    assert rule.code in [remark.code for remark in remarks]
    # the example is of this mistake alone, and nothing is an error
    others = [d for d in remarks if d.code != rule.code and d.severity is not Severity.NOTE]
    assert others == []
    assert [d for d in found_in(mended) if d.severity is not Severity.NOTE] == []
    assert rule.code not in [remark.code for remark in found_in(mended)]


@pytest.mark.parametrize("rule", WITH_EXAMPLES, ids=lambda rule: rule.code)
def test_a_finding_has_its_place(rule: Rule) -> None:
    """A column and the line itself, and a layer that begins no later than that line."""
    (first, *_) = [d for d in found_in(example(rule, "Found") or "") if d.code == rule.code]
    assert first.place.column > 0
    assert first.path is not None
    line = Path(first.path).read_text(encoding="utf-8").splitlines()[first.place.line - 1]
    assert first.place.source_line == line
    assert first.message
    assert first.severity is rule.severity


@pytest.mark.parametrize("code", codes())
def test_explain(code: str) -> None:
    page = explain(code)
    assert page.startswith(f"# {code}: ")
    assert len(page.splitlines()) >= 5


def test_codes_are_of_one_form() -> None:
    assert all(re.fullmatch(r"(BN|MC)\d{3}", code) for code in codes())
    assert len(set(codes())) == len(codes()) > 50
    assert error_kinds()["MC001"].__name__ == "PrototxtError"


# ------------------------------------------------------------------------------- data


def write_database(path: str, images: Sequence[tuple[np.ndarray, int]]) -> None:
    write_datums(path, [array_to_datum(image, label) for image, label in images])


def data_layer(source: str, batch: int = 4) -> str:
    return (
        'layer { name: "data" type: "Data" top: "data" top: "label" '
        f'data_param {{ source: "{source}" batch_size: {batch} backend: LMDB }} }}\n'
    )


def image(channels: int = 1, size: int = 4) -> np.ndarray:
    return np.zeros((channels, size, size), np.uint8)


SHUFFLED = [(image(), index * 7 % 10) for index in range(40)]


@pytest.mark.parametrize(
    ("code", "images"),
    [
        ("MC221", [(image(), index // 4) for index in range(40)]),
        ("MC221", [(image(), 3)] * 40),
        ("MC222", [*SHUFFLED, (image(), 10)]),
        ("MC223", [*SHUFFLED, (image(3), 0)]),
        ("MC223", [*SHUFFLED, (image(size=5), 0)]),
        (None, SHUFFLED),
    ],
)
def test_a_look_into_data(code: str | None, images: Sequence[tuple[np.ndarray, int]]) -> None:
    write_database("db", images)
    text = data_layer("db") + IP + LOSS
    found = [d.code for d in found_in(text, LintOptions(look_into_data=True))]
    assert found == ([] if code is None else [code])
    assert [d.code for d in found_in(text)] == ["MC209"]  # nothing is opened unless it is asked for


@pytest.mark.parametrize(("test_iter", "codes"), [(10, []), (9, ["MC224"]), (20, ["MC224"])])
def test_the_test_set_is_passed_once(test_iter: int, codes: list[str]) -> None:
    write_database("db", SHUFFLED)
    Path("net.prototxt").write_text(data_layer("db") + IP + LOSS + ACCURACY, encoding="utf-8")
    solver = f"""net: "net.prototxt" base_lr: 0.01 lr_policy: "fixed" max_iter: 100 display: 10
        test_iter: {test_iter} test_interval: 50"""
    assert [d.code for d in found_in(solver, LintOptions(look_into_data=True))] == codes


# ---------------------------------------------------------------------------- weights


def weights(**layers: Sequence[np.ndarray]) -> StoredWeights:
    net = caffe_pb2.NetParameter()
    for name, arrays in layers.items():
        layer = net.layer.add(name=name)
        for array in arrays:
            blob = layer.blobs.add()
            blob.shape.dim.extend(array.shape)
            blob.data.extend(np.ravel(array))
    Path("net.caffemodel").write_bytes(net.SerializeToString())
    return StoredWeights.read("net.caffemodel")


def ip_weights(value: float = 0.5, at: tuple[int, int] = (0, 0)) -> list[np.ndarray]:
    array = np.full((10, 8), 0.5, np.float32)
    array[at] = value
    return [array, np.zeros(10, np.float32)]


DEAD = [np.vstack([np.zeros((1, 8)), np.ones((9, 8))]).astype(np.float32), np.zeros(10)]


@pytest.mark.parametrize(
    ("codes", "layers"),
    [
        ([], {"ip": ip_weights()}),
        (["MC401", "MC402"], {"ip_old": ip_weights()}),
        (["MC402"], {"ip": ip_weights(), "fc9": ip_weights()}),
        (["MC403"], {"ip": ip_weights(np.nan)}),
        (["MC403"], {"ip": ip_weights(np.inf)}),
        (["MC404"], {"ip": DEAD}),
        (["MC405"], {"ip": ip_weights(1e6)}),
        (["MC407"], {"ip": [np.ones((5, 8), np.float32), np.zeros(5)]}),
        (["MC407"], {"ip": [np.ones((10, 8), np.float32)]}),
        ([], {"ip": [np.ones((1, 1, 10, 8), np.float32), np.zeros((1, 1, 1, 10))]}),
    ],
)
def test_weights(codes: list[str], layers: dict[str, list[np.ndarray]]) -> None:
    found = found_in(DATA + IP + LOSS, LintOptions(weights(**layers)))
    assert sorted(d.code for d in found) == codes


def test_weights_of_another_dialect() -> None:
    norm = 'layer { name: "bn" type: "BatchNorm" bottom: "data" top: "bn" }\n'
    counts = [np.ones(length, np.float32) for length in (3, 3, 1, 3, 3)]
    data = (
        'layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 } } }\n'
    )
    (found,) = [
        d for d in found_in(data + norm, LintOptions(weights(bn=counts))) if d.code == "MC407"
    ]
    assert "5 parameter blob(s) are stored for it, as NVCaffe and Intel Caffe write" in found.note
    assert not [
        d for d in found_in(data + norm, LintOptions(weights(bn=counts[:3]))) if d.code == "MC407"
    ]


def test_weights_may_be_hdf5() -> None:
    h5py = pytest.importorskip("h5py", reason="h5py is not installed")
    with h5py.File("w.caffemodel.h5", "w") as file:
        for number, array in enumerate(ip_weights(np.nan)):
            file[f"data/ip/{number}"] = array
    stored = StoredWeights.read("w.caffemodel.h5")
    assert [array.shape for array in stored.layers["ip"]] == [(10, 8), (10,)]
    assert [d.code for d in found_in(DATA + IP + LOSS, LintOptions(stored))] == ["MC403"]


def test_old_shapes_are_kept() -> None:
    """Of weights whose shape is in four fields."""
    net = caffe_pb2.NetParameter()
    blob = net.layer.add(name="ip").blobs.add(num=1, channels=1, height=2, width=3)
    blob.data.extend(range(6))
    Path("old.caffemodel").write_bytes(net.SerializeToString())
    (array,) = StoredWeights.read("old.caffemodel").layers["ip"]
    assert array.shape == (1, 1, 2, 3)


@pytest.mark.parametrize(("factor", "codes"), [(0, ["MC406"]), (1, [])])
def test_statistics(factor: float, codes: list[str]) -> None:
    stored = weights(
        ip=ip_weights()[:1],
        bn=[np.ones(10, np.float32), np.ones(10, np.float32), np.full(1, factor, np.float32)],
        scale=[np.ones(10, np.float32), np.ones(10, np.float32)],
    )
    text = Path("net_with_batchnorm.prototxt").read_text(encoding="utf-8")
    assert [d.code for d in found_in(text, LintOptions(stored))] == codes


def test_a_renamed_layer_is_named() -> None:
    (missing, _) = found_in(DATA + IP + LOSS, LintOptions(weights(ip_1=ip_weights())))
    assert "but for 'ip_1' of the same shapes" in missing.message
    assert missing.help == 'write name: "ip_1", if it is that layer'
    (missing, _) = found_in(DATA + IP + LOSS, LintOptions(weights(ip_1=ip_weights()[:1])))
    assert "ip_1" not in missing.message  # of other shapes


# ------------------------------------------------------------------------------ models

#: Findings that are as published: conv1 of ResNet-50 has a bias in its weights, and R-FCN trains
#: on ResNet-50's statistics.
PUBLISHED = {("resnet50", "BN007"), ("rfcn_resnet50", "BN007"), ("rfcn_resnet50", "BN004")}


#: A solver's train_val is examined with it.
MODELS = sorted(
    path for path in (ROOT / "models").glob("*/*.prototxt") if "train_val" not in path.name
)


@pytest.mark.parametrize("path", MODELS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_our_own_models_are_clean(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    found = [d for d in lint_file(str(path.relative_to(ROOT))) if d.severity is not Severity.NOTE]
    assert {(path.parent.name, d.code) for d in found} <= PUBLISHED


def test_a_net_without_a_loss_has_no_layers_that_learn_before_frozen_ones() -> None:
    frozen = IP.replace('"ip" type', '"last" type').replace('"data"', '"ip"').replace(
        '"ip"\n', '"last" param { lr_mult: 0 } param { lr_mult: 0 }\n'
    )  # fmt: skip
    loss = LOSS.replace('bottom: "ip"', 'bottom: "last"')
    with_loss = [found.code for found in found_in(DATA + IP + frozen + loss)]
    assert "MC104" in with_loss
    assert "MC104" not in [found.code for found in found_in(DATA + IP + frozen)]


def test_a_convolutions_stride_beyond_its_kernel() -> None:
    text = """layer { name: "data" type: "Input" top: "data"
  input_param { shape { dim: 1 dim: 3 dim: 9 dim: 9 } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
  convolution_param { num_output: 4 kernel_size: %d stride: 4 weight_filler { type: "msra" } } }
"""
    assert "MC132" in [d.code for d in found_in(text % 3)]
    for kernel in (1, 4):
        assert "MC132" not in [d.code for d in found_in(text % kernel)]
