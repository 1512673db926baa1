"""Parameters that layers, or nets, share."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe import TEST, TRAIN, Net
from minicaffe.errors import GraphError, ShapeError
from tests.test_net import CLASSIFIER, build, in_tmp_path  # noqa: F401  (a fixture)


class TestSharedParameters:
    PAIR = """layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
    layer { name: "a" type: "InnerProduct" bottom: "x" top: "y" param { name: "w" %s }
      param { name: "b" } inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }
    layer { name: "c" type: "InnerProduct" bottom: "y" top: "z" param { name: "w" %s }
      param { name: "b" } inner_product_param { num_output: %d } }"""

    def test_one_owner_one_memory(self) -> None:
        net = build(self.PAIR % ("lr_mult: 2", "", 3))
        (w1, _), (w2, _) = net.params["a"], net.params["c"]
        w1.data[0, 0] = 42
        w2.diff[1, 1] = 7
        assert w2.data[0, 0] == 42
        assert w1.diff[1, 1] == 7
        assert [(p.layer_name, p.index, p.lr_mult) for p in net.learnable_params] == [
            ("a", 0, 2), ("a", 1, 1),
        ]  # fmt: skip

    def test_multipliers_may_be_given_by_the_sharer(self) -> None:
        net = build(self.PAIR % ("", "lr_mult: 3 decay_mult: 0.5", 3))
        assert (net.learnable_params[0].lr_mult, net.learnable_params[0].decay_mult) == (3, 0.5)

    def test_contradicting_multipliers_are_refused(self) -> None:
        with pytest.raises(GraphError, match="has lr_mult 2, but its owner, layer 'a', has 1"):
            build(self.PAIR % ("lr_mult: 1", "lr_mult: 2", 3))

    def test_strict_shapes(self) -> None:
        with pytest.raises(ShapeError, match="3×3, this layer's is 4×3"):
            build(self.PAIR % ("", "", 4))

    def test_permissive_asks_only_for_counts(self) -> None:
        text = """layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 6 } } }
        layer { name: "a" type: "InnerProduct" bottom: "x" top: "y" param { name: "w" }
          inner_product_param { num_output: 2 bias_term: false weight_filler { type: "xavier" } } }
        layer { name: "r" type: "Reshape" bottom: "x" top: "s"
          reshape_param { shape { dim: 3 dim: 4 } } }
        layer { name: "c" type: "InnerProduct" bottom: "s" top: "z"
          param { name: "w" share_mode: PERMISSIVE }
          inner_product_param { num_output: 3 bias_term: false } }"""
        net = build(text)
        assert net.params["c"][0].shape == (3, 4)
        np.testing.assert_array_equal(
            net.params["c"][0].data.ravel(), net.params["a"][0].data.ravel()
        )


def test_two_batch_norms_of_one_name_the_classic_idiom() -> None:
    text = """layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 6 dim: 2 } } }
    layer { name: "bn1" type: "BatchNorm" bottom: "x" top: "y" include { phase: TRAIN }
      batch_norm_param { use_global_stats: false } }
    layer { name: "bn1" type: "BatchNorm" bottom: "x" top: "y" include { phase: TEST }
      batch_norm_param { use_global_stats: true } }"""
    train = build(text)
    test = Net("net.prototxt", TEST)
    assert [layer.phase for layer in train.layers] == [TRAIN, TRAIN]
    train.blobs["x"].data[...] = np.arange(12).reshape(6, 2)
    train.forward()
    test.share_with(train)
    test.blobs["x"].data[...] = 5
    mean = train.params["bn1"][0].data / train.params["bn1"][2].data
    want = (5 - mean) / np.sqrt(np.arange(0, 12, 2).var(ddof=1) + 1e-5)
    np.testing.assert_allclose(test.forward()["y"][0], want, rtol=1e-5)


def test_share_with_needs_equal_shapes() -> None:
    train = build(CLASSIFIER)
    other = build(CLASSIFIER.replace("num_output: 3", "num_output: 2"), TEST)
    with pytest.raises(ShapeError, match=r"layer 'fc2'.*cannot share parameters"):
        other.share_with(train)
