"""Net: connections, what needs backward, running, errors with places."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import numpy as np
import pytest

from minicaffe import TEST, TRAIN, Layer, MinicaffeError, Net
from minicaffe.errors import GraphError, ShapeError
from minicaffe.layer import register
from minicaffe.proto import caffe_pb2


def build(text: str, phase: int = TRAIN, **options: object) -> Net:
    path = Path("net.prototxt")
    path.write_text(text, encoding="utf-8")
    return Net(str(path), phase, seed=3, **options)


@pytest.fixture(autouse=True)
def in_tmp_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


INPUTS = """name: "net"
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 4 dim: 5 } } }
layer { name: "label" type: "Input" top: "label" input_param { shape { dim: 4 } } }
"""
CLASSIFIER = (
    INPUTS
    + """layer { name: "fc1" type: "InnerProduct" bottom: "data" top: "fc1"
  inner_product_param { num_output: 7 weight_filler { type: "xavier" } } }
layer { name: "relu" type: "ReLU" bottom: "fc1" top: "fc1" }
layer { name: "fc2" type: "InnerProduct" bottom: "fc1" top: "fc2"
  inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "fc2" bottom: "label" top: "loss" }
"""
)


def test_names_and_shapes() -> None:
    net = build(CLASSIFIER)
    assert net.name == "net"
    assert net.inputs == ["data", "label"]
    assert net.outputs == ["loss"]
    assert list(net.params) == ["fc1", "fc2"]
    assert [blob.shape for blob in net.params["fc2"]] == [(3, 7), (3,)]
    assert net.blobs["fc1"].shape == (4, 7)
    assert net.top_names["relu"] == net.bottom_names["relu"] == ["fc1"]
    assert net.blob_loss_weights["loss"] == 1
    assert net.layer_dict["relu"].type == "ReLU"
    assert repr(net) == "<Net 'net' TRAIN: 6 layers, 5 blobs>"


def test_in_place_uses_one_blob() -> None:
    net = build(CLASSIFIER)
    relu = net.nodes[3]
    assert relu.bottoms[0] is relu.tops[0] is net.blobs["fc1"]


def test_gradient_of_the_whole_net() -> None:
    """The loss falls along the gradient by its squared length."""
    net = build(CLASSIFIER, dtype=np.float64)
    rng = np.random.default_rng(0)
    net.blobs["data"].data[...] = rng.normal(size=(4, 5))
    net.blobs["label"].data[...] = [0, 2, 1, 2]
    before = net.forward_loss()
    net.clear_param_diffs()
    net.backward()
    step, slope = 1e-6, float(net.arena.diff @ net.arena.diff)
    net.arena.data -= step * net.arena.diff
    assert slope > 0
    assert net.forward_loss() == pytest.approx(before - step * slope, abs=1e-9)


def test_same_seed_same_weights() -> None:
    one, two = build(CLASSIFIER), build(CLASSIFIER)
    np.testing.assert_array_equal(one.arena.data, two.arena.data)
    other = Net("net.prototxt", TRAIN, seed=4)
    assert (other.arena.data != one.arena.data).any()


class TestBackwardNeeds:
    def test_frozen_layers_below_everything_learned_are_spared(self) -> None:
        text = CLASSIFIER.replace(
            'top: "fc1"\n', 'top: "fc1" param { lr_mult: 0 } param { lr_mult: 0 }\n'
        )
        net = build(text)
        needs = {node.name: node.need_backward for node in net.nodes}
        assert needs == {
            "data": False, "label": False, "fc1": False, "relu": False, "fc2": True, "loss": True,
        }  # fmt: skip
        assert net.nodes[4].propagate_down == [False]

    def test_only_what_leads_to_a_loss(self) -> None:
        net = build(
            CLASSIFIER
            + """layer { name: "side" type: "InnerProduct" bottom: "fc1" top: "side"
            inner_product_param { num_output: 2 } }"""
        )
        needs = {node.name: node.need_backward for node in net.nodes}
        assert not needs["side"]
        assert needs["fc1"]

    def test_propagate_down_cuts(self) -> None:
        cut = CLASSIFIER.replace('top: "fc2"', 'top: "fc2" propagate_down: false')
        needs = {node.name: node.need_backward for node in build(cut).nodes}
        assert needs["fc2"]
        assert not needs["relu"]
        assert not needs["fc1"]

    def test_force_backward_reaches_the_inputs_but_not_the_labels(self) -> None:
        net = build("force_backward: true\n" + CLASSIFIER)
        assert net.layer_dict["fc1"].param_propagate_down == [True, True]
        assert net.nodes[2].propagate_down == [True]
        assert net.nodes[5].propagate_down == [True, False]


class TestRunning:
    def test_part_of_a_net(self) -> None:
        net = build(CLASSIFIER)
        data = np.ones((4, 5), np.float32)
        whole = net.forward(data=data, label=np.zeros(4))
        assert set(whole) == {"loss"}
        kept = float(whole["loss"])
        assert set(net.forward(end="relu")) == {"fc1"}
        assert float(net.forward(start="fc2")["loss"]) == kept
        assert set(net.forward(blobs=["fc2"])) == {"loss", "fc2"}
        assert set(net.backward(end="fc2", diffs=["data"])) == {"fc1", "data"}

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda net: net.forward(dat=1), "arrays given for"),
            (lambda net: net.forward(start="fc3"), "no layer 'fc3'.*did you mean `fc"),
            (lambda net: net.forward(blobs=["los"]), "no blob 'los'; did you mean `loss`"),
            (lambda net: net.forward(data=np.ones((3, 5)), label=np.ones(4)), "reshape"),
            (lambda net: net.backward(loss=np.ones((3, 5))), "output blob 'loss'"),
            (lambda net: net._forward(0, 6), "there are 0 to 5"),
            (lambda net: net.set_input_arrays(1, 2), "MemoryData"),
        ],
    )
    def test_mistakes(self, call: object, message: str) -> None:
        net = build(CLASSIFIER)
        with pytest.raises(MinicaffeError, match=message) as caught:
            call(net)  # type: ignore[operator]
        assert str(caught.value).startswith("net.prototxt: ")

    def test_reshaping_an_input_reaches_every_blob(self) -> None:
        net = build(CLASSIFIER)
        net.blobs["data"].reshape(2, 5)
        net.blobs["label"].reshape(2)
        net.reshape()
        assert net.blobs["fc2"].shape == (2, 3)
        net.blobs["data"].reshape(3, 5)
        net.blobs["label"].reshape(3)
        net.forward()  # a forward notices by itself
        assert net.blobs["fc2"].shape == (3, 3)

    def test_the_loss_weight_lives_in_the_diff(self) -> None:
        net = build(CLASSIFIER)
        loss = net.forward_loss()
        assert loss == pytest.approx(np.log(3), rel=1e-6)
        net.blobs["loss"].diff[...] = 3
        assert net.forward_loss() == pytest.approx(3 * loss)
        assert float(net.blobs["loss"].diff) == 3

    def test_hooks_see_every_layer(self) -> None:
        net = build(CLASSIFIER)
        seen: list[tuple[str, int]] = []
        for moment in ("before_forward", "after_forward", "before_backward", "after_backward"):
            getattr(net, moment)(lambda index, moment=moment: seen.append((moment, index)))
        net.forward()
        net.backward()
        assert [i for moment, i in seen if moment == "before_forward"] == list(range(6))
        assert [i for moment, i in seen if moment == "after_backward"] == list(range(5, -1, -1))

    def test_debug_info(self, caplog: pytest.LogCaptureFixture) -> None:
        net = build("debug_info: true\n" + CLASSIFIER)
        net.blobs["data"].data[...] = 2
        with caplog.at_level(logging.INFO, "minicaffe"):
            net.forward()
            net.backward()
        text = caplog.text
        assert "    [Forward] Layer data, top blob data data: 2" in text
        assert "    [Forward] Layer fc2, param blob 1 data: 0" in text
        assert "    [Backward] Layer fc2, bottom blob fc1 diff: " in text
        assert "    [Backward] Layer fc1, param blob 0 diff: " in text
        assert "    [Backward] All net params (data, diff): L1 norm = (" in text

    def test_forward_all_pads_and_cuts(self) -> None:
        net = build(CLASSIFIER, TEST)
        data = np.random.default_rng(1).normal(size=(10, 5)).astype(np.float32)
        out = net.forward_all(blobs=["fc2"], data=data, label=np.zeros(10))
        assert out["fc2"].shape == (10, 3)
        net.forward(data=data[4:8], label=np.zeros(4))
        np.testing.assert_allclose(out["fc2"][4:8], net.blobs["fc2"].data, rtol=1e-6)
        with pytest.raises(ShapeError, match=r"equal length .*: 'data' 10×5, 'label' 9$"):
            net.forward_all(data=data, label=np.zeros(9))
        with pytest.raises(ShapeError, match="'label' scalar"):
            net.forward_all(data=data, label=3)

    def test_forward_all_of_nothing(self) -> None:
        net = build(CLASSIFIER, TRAIN)
        nothing = {"data": np.zeros((0, 5)), "label": np.zeros(0)}
        out = net.forward_all(blobs=["fc2"], **nothing)
        assert {name: values.shape for name, values in out.items()} == {"loss": (0,), "fc2": (0, 3)}
        data, diffs = net.forward_backward_all(diffs=["fc2"], **nothing)
        assert set(data) == {"loss"}
        assert diffs["fc2"].shape == (0, 3)

    def test_a_net_without_layers(self) -> None:
        with pytest.raises(GraphError, match="no layers in this phase"):
            build(
                'layer { name: "x" type: "Input" top: "x" include { phase: TRAIN } }', TEST
            ).forward()


class TestErrorsSayWhere:
    @pytest.mark.parametrize(
        ("rest", "message"),
        [
            ('type: "Relu" bottom: "data"', r"unknown layer type 'Relu'; did you mean `ReLU`"),
            ('type: "Winograd" bottom: "data"', r"comes from SkimCaffe.*layer-skeleton Winograd"),
            ('type: "ReLU" bottom: "dat"', r"unknown bottom blob 'dat'.*`data`"),
            ('type: "AbsVal" bottom: "label" top: "data"', r"already produced by layer 'data'"),
            ('type: "ReLU"', r"0 bottoms given, exactly 1 expected"),
            ('type: "ReLU" bottom: "data" bottom: "label"', r"2 bottoms"),
            ('type: "ReLU" bottom: "data" param {}', r"1 param blocks, but the layer has only 0"),
            ('type: "ReLU" bottom: "data" include {} exclude {}', r"both include and exclude"),
            ('type: "Eltwise" bottom: "data" bottom: "label"', r"'l' \(Eltwise\)"),
            (
                'type: "ReLU" bottom: "data" propagate_down: true propagate_down: true',
                r"2 propagate_down values for 1",
            ),
            (
                'type: "Reduction" bottom: "data" reduction_param { k: 2 }',
                r"reduction_param\.k is a field of TSN",
            ),
        ],
    )
    def test_line_layer_and_type(self, rest: str, message: str) -> None:
        top = "" if "top:" in rest else ' top: "y"'
        with pytest.raises(MinicaffeError, match=message) as caught:
            build(INPUTS + 'layer { name: "l" ' + rest + top + " }")
        assert re.match(r"net\.prototxt:4(:\d+)?: layer 'l'", str(caught.value))

    def test_wrong_phase_and_network(self) -> None:
        with pytest.raises(GraphError, match="phase is 7"):
            build(INPUTS, 7)
        with pytest.raises(GraphError, match="not list"):
            Net([], TEST)


def test_built_from_a_message_which_stays_as_it_is() -> None:
    param = caffe_pb2.NetParameter(name="m")
    layer = param.layer.add(name="x", type="Input", top=["x"])
    layer.input_param.shape.add(dim=[2, 3])
    before = param.SerializeToString()
    net = Net(param, TEST)
    net.blobs["x"].reshape(5, 3)
    assert param.SerializeToString() == before
    assert net.path is None


def test_automatic_tops() -> None:
    @register("TestAutomatic")
    class Automatic(Layer):
        auto_tops = True
        exact_tops = 2

        def reshape(self, bottom: list, top: list) -> None:
            for item in top:
                item.reshape(3)

        def forward(self, bottom: list, top: list) -> None:
            top[1].data[...] = 8

    net = build('layer { name: "a" type: "TestAutomatic" top: "t" }')
    net.forward()
    assert net._blob_names == ["t", "(automatic)"]
    assert net.outputs == ["t"]
    assert (net._blobs[1].data == 8).all()


def test_closing_closes_every_layer() -> None:
    closed: list[str] = []

    @register("TestClosesEachLayer")
    class Closes(Layer):
        def reshape(self, bottom: list, top: list) -> None:
            top[0].reshape(1)

        def close(self) -> None:
            closed.append(self.param.name)

    layer = 'layer { name: "%s" type: "TestClosesEachLayer" top: "%s" }'
    with build(layer % ("a", "t") + layer % ("b", "u")):
        pass
    assert closed == ["a", "b"]


@pytest.mark.parametrize(
    ("layer", "shapes"),
    [
        ('type: "MVN"', "makes 4×5×1×1 of 4×5"),
        ('type: "Reduction"', "makes scalar of 4×5"),
    ],
)
def test_a_layer_in_place_keeps_the_shape(layer: str, shapes: str) -> None:
    text = f'{INPUTS}layer {{ name: "x" {layer} bottom: "data" top: "data" }}'
    with pytest.raises(ShapeError, match=f"cannot run in place: it {shapes}") as caught:
        build(text)
    assert (caught.value.path, caught.value.line) == ("net.prototxt", 4)


@pytest.mark.parametrize(
    ("weights", "layer", "right"),
    [
        ("loss_weight: 1", 'type: "ReLU" bottom: "data"', True),
        ("loss_weight: 1 loss_weight: 2", 'type: "ReLU" bottom: "data"', False),
        ("loss_weight: 1", 'type: "Split" bottom: "data" top: "u"', False),
        ("loss_weight: 1", 'type: "SoftmaxWithLoss" bottom: "data" bottom: "label" top: "u"', True),
        ("loss_weight: 1 loss_weight: 0 loss_weight: 0",
         'type: "SoftmaxWithLoss" bottom: "data" bottom: "label" top: "u"', False),
    ],
)  # fmt: skip
def test_a_loss_weight_for_each_top(weights: str, layer: str, right: bool) -> None:
    text = f'{INPUTS}layer {{ name: "x" top: "t" {layer} {weights} }}'
    if right:
        build(text)
        return
    with pytest.raises(GraphError, match=r"net.prototxt:4:.* loss_weight value\(s\) for"):
        build(text)


def test_layers_of_one_name_are_announced(caplog: pytest.LogCaptureFixture) -> None:
    build(CLASSIFIER.replace('name: "fc2"', 'name: "fc1"'))
    assert [record.getMessage() for record in caplog.records] == [
        "net.prototxt:7: two layers are named 'fc1'; weights go by name, so give them different "
        "names"
    ]
