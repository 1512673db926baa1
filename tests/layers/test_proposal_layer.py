"""ProposalLayer: found by the names of py-faster-rcnn's module, told by param_str, and robust."""

from __future__ import annotations

import logging
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe import TEST, TRAIN, Net
from minicaffe.errors import GraphError, MinicaffeError, PythonLayerError, ShapeError
from minicaffe.net.summary import summarize_net
from minicaffe.options import Limits
from minicaffe.proto import caffe_pb2
from tests.layers.harness import Case, Rig
from tests.layers.rpn import anchors, image, overlap, proposals, python, small, uniform

NET = """
layer {{ name: "data" type: "Input" top: "scores" top: "offsets" top: "im_info" input_param {{
    shape {{ dim: 1 dim: 18 dim: 3 dim: 4 }} shape {{ dim: 1 dim: 36 dim: 3 dim: 4 }}
    shape {{ dim: 1 dim: 3 }} }} }}
layer {{ name: "proposal" type: "Python" bottom: "scores" bottom: "offsets" bottom: "im_info"
    top: "rois" top: "roi_scores" {settings} }}
"""
SETTINGS = python("'feat_stride': 16", "ProposalLayer", "rpn.proposal_layer")


def text(settings: str = SETTINGS, more: str = "") -> caffe_pb2.NetParameter:
    param = caffe_pb2.NetParameter()
    text_format.Merge(NET.format(settings=settings) + more, param)
    return param


def filled(net: Net, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    values = [uniform(rng, (1, 18, 3, 4)), small(rng, (1, 36, 3, 4)), np.array([[170, 200, 1.0]])]
    for name, array in zip(("scores", "offsets", "im_info"), values, strict=True):
        net.blobs[name].data[...] = array
    return values


@pytest.mark.parametrize("module", ["rpn.proposal_layer", "lib.rpn.proposal_layer"])
@pytest.mark.parametrize("trusted", [True, False])
def test_a_net_finds_it_by_module_and_name(
    module: str, trusted: bool, caplog: pytest.LogCaptureFixture
) -> None:
    settings = python("'feat_stride': 16", "ProposalLayer", module)
    with caplog.at_level(logging.INFO, "minicaffe"):
        net = Net(text(settings), TEST, allow_python_layers=trusted)
    assert caplog.text.count("the Python module is not on the path, and minicaffe's own") == 1
    rois, scores = proposals(filled(net), anchors(), looked_at=6000, given=300)
    tops = net.forward()
    np.testing.assert_allclose(tops["rois"], rois, rtol=1e-5, atol=1e-3)
    np.testing.assert_allclose(tops["roi_scores"][:, 0], scores, rtol=1e-6)
    assert net.layers[1].type == "ProposalLayer"


@pytest.fixture
def users_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package ``rpn`` of one's own in the current folder."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in sys.modules if name.split(".")[0] == "rpn"]:
        monkeypatch.delitem(sys.modules, name)
    folder = tmp_path / "rpn"
    folder.mkdir()
    (folder / "__init__.py").write_text("", encoding="utf-8")
    file = folder / "proposal_layer.py"
    file.write_text(
        "import minicaffe as caffe\n"
        "class ProposalLayer(caffe.Layer):\n"
        "    def reshape(self, bottom, top):\n"
        "        top[0].reshape(1, 5)\n"
        "        top[1].reshape(1, 1)\n"
        "    def forward(self, bottom, top):\n"
        "        top[0].data[...] = 7\n",
        encoding="utf-8",
    )
    return file


def test_a_module_of_ones_own_wins(users_module: Path, caplog: pytest.LogCaptureFixture) -> None:
    try:
        with caplog.at_level(logging.INFO, "minicaffe"):
            net = Net(text(), TEST)
        assert f"module 'rpn.proposal_layer' ({users_module}) is there, and runs" in caplog.text
        assert net.layers[1].type == "Python"
        assert net.forward()["rois"].tolist() == [[7] * 5]
    finally:
        for name in ("rpn", "rpn.proposal_layer"):
            sys.modules.pop(name, None)


def test_a_module_for_python_2_is_told_that_there_is_another_way(users_module: Path) -> None:
    users_module.write_text("print 'feat_stride'", encoding="utf-8")
    with pytest.raises(PythonLayerError) as caught:
        Net(text(), TEST)
    message = str(caught.value)
    assert "importing module 'rpn.proposal_layer' raised SyntaxError" in message
    assert "minicaffe's own layer runs where its folder is not on the path" in message
    sys.modules.pop("rpn", None)


def test_no_code_runs_to_find_a_module(users_module: Path) -> None:
    users_module.with_name("__init__.py").write_text("raise SystemExit(3)", encoding="utf-8")
    with pytest.raises(GraphError, match=r"runs the code of module 'rpn\.proposal_layer'"):
        Net(text(), TEST, allow_python_layers=False)
    assert not any(name.startswith("rpn") for name in sys.modules)


def test_a_summary_has_its_shapes() -> None:
    summary = summarize_net(text(), limits=Limits(allow_python_layers=False))
    assert summary.complete
    assert summary.layers[1].shapes == ((1, 5), (1, 1))


def test_a_net_of_rfcn_trains_with_fewer_regions() -> None:
    """1,000 places by 9 anchors: R-FCN gives 300 regions in training, Faster R-CNN 2,000."""
    rng = np.random.default_rng(1)
    counts = {}
    for dialect in ("fast-rcnn", "r-fcn"):
        net = Net(text(), TRAIN, dialect=dialect)
        for name, shape in (("scores", (1, 18, 25, 40)), ("offsets", (1, 36, 25, 40))):
            net.blobs[name].reshape(*shape)
            net.blobs[name].data[...] = rng.uniform(size=shape)
        net.blobs["offsets"].data[:, 2::4] = net.blobs["offsets"].data[:, 3::4] = -3
        net.blobs["im_info"].data[...] = 400, 640, 0.1
        counts[dialect] = len(net.forward()["rois"])
    assert counts["r-fcn"] == 300 < counts["fast-rcnn"] <= 2000


def test_offsets_are_normalised_in_training_only() -> None:
    told = "{feat_stride: 16, RPN_NORMALIZE_TARGETS: true, RPN_NORMALIZE_MEANS: [0.1, 0, 0, 0.2]}"
    settings = python(told, "ProposalLayer", "rpn.proposal_layer")
    for phase, given in ((TRAIN, 2000), (TEST, 300)):
        net = Net(text(settings), phase)
        scores, offsets, size = filled(net)
        if phase == TRAIN:
            offsets = offsets.reshape(1, 9, 4, 3, 4) * np.reshape([0.1, 0.1, 0.2, 0.2], (4, 1, 1))
            offsets = (offsets + np.reshape([0.1, 0, 0, 0.2], (4, 1, 1))).reshape(1, 36, 3, 4)
        rois, _ = proposals([scores, offsets, size], anchors(), given=given)
        np.testing.assert_allclose(net.forward()["rois"], rois, rtol=1e-5, atol=1e-3)


#: Lists of lists, which together name 9 to the power of 9 numbers.
BOMB = r"\n".join(
    ["l0: &l0 [1]"]
    + [f"l{n + 1}: &l{n + 1} [{', '.join([f'*l{n}'] * 9)}]" for n in range(9)]
    + ["scales: *l9", "feat_stride: 16"]
)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ("", "param_str is empty; expected it to say feat_stride"),
        ("'feat_strid': 16", "did you mean `feat_strid`"),
        ("'feat_stride': 0", "'feat_stride' is 0; expected a whole number of at least 1"),
        ("'feat_stride': 1.5", "'feat_stride' is 1.5; expected a whole number"),
        ("16", "param_str is '16'; expected YAML such as 'feat_stride': 16"),
        ("'feat_stride': [", "param_str is not YAML"),
        ("[" * 3000, "param_str is not YAML"),
        ("feat_stride: !!timestamp x", "param_str is not YAML"),
        ("feat_stride: !!int x", "param_str is not YAML"),
        ("!!python/object/apply:os.getcwd []", "param_str is not YAML"),
        ("{feat_stride: 16, scales: []}", "'scales' is []; expected a list of numbers"),
        ("{feat_stride: 16, scales: [8, x]}", "'scales' is [8, 'x']; expected a list of numbers"),
        (BOMB, "'scales' is [["),
        ("{feat_stride: 16, ratios: [.nan]}", "'ratios' is [nan]"),
        ("{feat_stride: 16, ratios: [-1]}", "'ratios' is [-1]; expected a list of numbers of at"),
        ("{feat_stride: 16, RPN_NMS_THRESH: -1}", "'RPN_NMS_THRESH' is -1; expected a number of"),
        ("{feat_stride: 16, RPN_NORMALIZE_TARGETS: 1}", "expected true or false"),
        ("{feat_stride: 16, RPN_NORMALIZE_STDS: [1, 2]}", "[1, 2]; expected four numbers"),
        ("{feat_stride: 16, RPN_MIN_SIZE: " + "9" * 400 + "}", "expected a number"),
    ],
)
def test_a_wrong_param_str_is_told(told: str, message: str) -> None:
    with pytest.raises(GraphError) as caught:
        Net(text(python(told, "ProposalLayer", "rpn.proposal_layer")), TEST)
    assert message in str(caught.value)


def test_all_mistakes_of_a_param_str_are_told_at_once() -> None:
    told = "{feat_stride: x, scales: 3, RPN_NMS_THRESH: y}"
    with pytest.raises(GraphError) as caught:
        Net(text(python(told, "ProposalLayer", "rpn.proposal_layer")), TEST)
    assert len(caught.value.problems or []) == 3


def test_keys_that_mean_nothing_are_told(caplog: pytest.LogCaptureFixture) -> None:
    Net(text(python("{feat_stride: 16, RPN_TOP: 3}", "ProposalLayer", "rpn.proposal_layer")), TEST)
    assert "param_str has 'RPN_TOP', which changes nothing here" in caplog.text


def rig(values: list[np.ndarray], told: str = "'feat_stride': 16") -> Rig:
    makers = [lambda rng, shape, array=array: array for array in values]
    shapes = [array.shape for array in values]
    settings = python(told, "ProposalLayer", "rpn.proposal_layer")
    return Rig(Case("ProposalLayer", settings, shapes, makers, tops=2), dtype=np.float32)


def bottoms() -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    return [uniform(rng, (1, 18, 3, 4)), small(rng, (1, 36, 3, 4)), image(170, 200)(rng, (1, 3))]


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([(2, 18, 3, 4), (2, 36, 3, 4), (2, 3)], "expected 1×18×H×W, two scores for each of 9 an"),
        ([(1, 9, 3, 4), (1, 36, 3, 4), (1, 3)], "bottom 0 has shape 1×9×3×4"),
        ([(1, 18, 3, 4), (1, 18, 3, 4), (1, 3)], "bottom 1 has shape 1×18×3×4; expected 1×36×3×4"),
        ([(1, 18, 3, 4), (1, 36, 3, 4), (1, 2)], "bottom 2 has shape 1×2; expected 1×3: an im"),
        ([(1, 18, 3, 4), (1, 36, 3, 4), (2, 3)], "bottom 2 has shape 2×3; expected 1×3"),
        ([(1, 18, 3, 4), (1, 36, 3, 4), ()], "expected 1×3: an image's height"),
    ],
)
def test_bottoms_that_do_not_fit_are_refused(shapes: list[tuple[int, ...]], message: str) -> None:
    with pytest.raises(ShapeError) as caught:
        rig([np.zeros(shape) for shape in shapes])
    assert message in str(caught.value)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e38, -1e38])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_values_that_are_no_numbers_are_survived(value: float, place: int) -> None:
    arrays = [array.astype(np.float32) for array in bottoms()]
    arrays[place].reshape(-1)[:: 5 if place < 2 else 3] = value
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rois, scores = rig(arrays).forward()
    assert np.isfinite(rois).all()
    assert not np.isnan(scores).any()
    assert len(rois) == len(scores)
    if place < 2:
        assert len(rois) > 0


def test_no_places_and_no_regions_give_no_rows() -> None:
    empty = [np.zeros((1, 18, 0, 4)), np.zeros((1, 36, 0, 4)), np.array([[170, 200, 1.0]])]
    assert [top.shape for top in rig(empty).forward()] == [(0, 5), (0, 1)]
    far = [*bottoms()[:2], np.array([[10, 10, 1.0]])]
    assert [top.shape for top in rig(far).forward()] == [(0, 5), (0, 1)]


def test_twelve_thousand_boxes_stay_apart() -> None:
    rng = np.random.default_rng(5)
    arrays = [
        uniform(rng, (1, 18, 40, 60)), small(rng, (1, 36, 40, 60)), np.array([[640, 960, 1.0]])
    ]  # fmt: skip
    rois, scores = rig(arrays).forward()
    assert 300 < len(rois) <= 2000
    assert (np.diff(scores[:, 0]) <= 0).all()
    picked = rng.choice(len(rois), (300, 2))
    pairs = [(tuple(rois[a, 1:]), tuple(rois[b, 1:])) for a, b in picked if a != b]
    assert max(overlap(left, right) for left, right in pairs) <= 0.7 + 1e-5


def test_it_passes_no_gradient() -> None:
    one = rig([array.astype(np.float32) for array in bottoms()])
    one.forward()
    for blob in one.bottom:
        blob.diff[...] = 3
    one.layer.backward(one.top, [True, True, False], one.bottom)
    assert [bool(blob.diff.any()) for blob in one.bottom] == [False, False, True]


def test_mistakes_of_the_rest_of_the_net_come_with_its_own() -> None:
    more = 'layer { name: "x" type: "Nonsense" bottom: "rois" top: "x" }'
    wrong = python("'feat_stride': -1", "ProposalLayer", "rpn.proposal_layer")
    with pytest.raises(MinicaffeError) as caught:
        Net(text(wrong, more), TEST)
    assert len(caught.value.problems or []) == 2
