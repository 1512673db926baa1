"""What the losses of maps draw, put within limits, and refuse; NaN, empty and huge inputs."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from minicaffe.errors import DataError, GraphError, MinicaffeError, ShapeError
from minicaffe.layer import layer_class
from minicaffe.layers.detection.field_sampling import Candidates, sample_groups, sample_places
from minicaffe.layers.loss.yolo_detection_loss import YoloDetectionLoss
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import Origin
from tests.layers.cases.field_losses import CASES, FIELDS, ONE, STRIDE, loss
from tests.layers.field_losses import FieldLoss
from tests.layers.harness import Rig, assert_close


@pytest.mark.parametrize("mscnn", [False, True])
def test_offsets_beyond_the_limits(mscnn: bool) -> None:
    """They count as the nearest within, and are drawn back from there."""
    text, rows = "field_xyr: 2 field_whr: 2", ONE if mscnn else FIELDS
    mode = 'sample_mode: "all"' if mscnn else ""
    rig = Rig(loss(f"{text} {mode}", mscnn=mscnn))
    offsets = rig.bottom[0].data[:, 3:] if mscnn else rig.bottom[1].data
    offsets[...] = np.random.default_rng(1).normal(size=offsets.shape) * 3
    expected = FieldLoss(rows, STRIDE, bounds=(2, 2), mscnn=mscnn, mining="all" if mscnn else "")
    bottoms = [blob.data.copy() for blob in rig.bottom]
    assert_close(rig.forward()[0], expected(bottoms)[0], 1e-10, "loss")
    rig.backward()
    beyond = [rig.bottom[0].diff[:, 3:] if mscnn else rig.bottom[1].diff][0].copy()
    offsets[...] = np.clip(
        offsets, *(np.array([-1, 1]).reshape(2, 1, 1, 1, 1)
                   * np.array([0.5, 0.5, np.log(2), np.log(2)]).reshape(4, 1, 1)))  # fmt: skip
    rig.forward()
    rig.backward()
    within = rig.bottom[0].diff[:, 3:] if mscnn else rig.bottom[1].diff
    assert_close(beyond, within, 1e-12, "gradient")
    assert beyond.any()


def candidates(objects: int, others: int, near: int) -> Candidates:
    """First objects, then background, then what is too near to objects."""
    count = objects + others + near
    labels = np.zeros(count, int)
    labels[:objects] = 1 + np.arange(objects) % 2
    overlaps = np.zeros(count)
    overlaps[objects + others :] = 0.6
    scores = np.random.default_rng(2).normal(size=(3, count))
    likely = np.exp(scores) / np.exp(scores).sum(axis=0)
    return Candidates(labels, overlaps, scores, likely)


@pytest.mark.parametrize(
    ("settings", "objects", "background"),
    [
        ({}, 6, 24),
        ({"bg_multiple": 1}, 6, 6),
        ({"bg_multiple": 1, "min_num_neg": 9}, 6, 9),
        ({"batch_size": 8, "bg_multiple": 1}, 4, 4),
        ({"batch_size": 20, "bg_multiple": 1}, 6, 14),
        ({"batch_size": 13, "bg_multiple": 1}, 6, 7),
        ({"batch_size": 500}, 6, 100),
        ({"bg_multiple": 1, "neg_mining_type": "mixture"}, 6, 6),
        ({"bg_multiple": 1, "neg_mining_type": "bootstrap"}, 6, 6),
    ],
    ids=str,
)
def test_how_many_are_chosen(settings: dict[str, object], objects: int, background: int) -> None:
    """Of objects and of background; never what is too near."""
    param = caffe_pb2.DetectionGroupLossParameter(**settings)
    kept = sample_groups(param, candidates(6, 100, 50), np.random.default_rng(3))
    assert np.count_nonzero(kept[:6]) == objects
    assert np.count_nonzero(kept[6:106]) == background
    assert not kept[106:].any()


def test_half_of_a_mixture_is_the_hardest() -> None:
    param = caffe_pb2.DetectionGroupLossParameter(bg_multiple=1, neg_mining_type="mixture")
    of = candidates(7, 100, 0)
    order = 7 + np.argsort(of.probabilities[0, 7:], kind="stable")
    kept = [sample_groups(param, of, np.random.default_rng(seed)) for seed in range(8)]
    assert all(own[order[:4]].all() for own in kept)
    assert len({tuple(own) for own in kept}) > 1


@pytest.mark.parametrize("mode", ["random", "mixture", "bootstrap", "all"])
def test_what_mscnn_chooses(mode: str) -> None:
    """All objects, and of the background at most what is drawn or taken."""
    param = caffe_pb2.DetectionLossParameter(sample_mode=mode, bg_multiple=2)
    of = candidates(10, 200, 50)
    kept = sample_places(param, of, np.random.default_rng(4))
    assert kept[:10].all()
    assert not kept[210:].any()
    background = np.count_nonzero(kept[10:210])
    most = {"random": 20, "mixture": 10 + 2 * 5, "bootstrap": 2 * 10, "all": 200}[mode]
    assert 0 < background <= most
    if mode in ("bootstrap", "mixture"):
        for label in (1, 2):
            best = 10 + np.argsort(-of.scores[label, 10:210])[: 5 if mode == "mixture" else 10]
            assert kept[best].all()
    assert (background == 200) == (mode == "all")


def test_any_number_of_draws_costs_no_more_than_the_places() -> None:
    """As good as all are drawn, long before."""
    param = caffe_pb2.DetectionLossParameter(bg_multiple=2**32 - 1)
    kept = sample_places(param, candidates(1, 300, 50), np.random.default_rng(4))
    assert kept[:301].all()
    assert not kept[301:].any()


def test_mscnn_draws_places_even_without_objects() -> None:
    param = caffe_pb2.DetectionLossParameter()
    kept = sample_places(param, candidates(0, 40, 0), np.random.default_rng(5))
    assert 1 <= np.count_nonzero(kept) <= 8


def test_what_is_drawn_follows_the_generator() -> None:
    case = dataclasses.replace(loss("batch_size: 4 bg_multiple: 1"), reference=None)
    first, again, later = Rig(case), Rig(case), Rig(case)
    assert first.forward()[0].tolist() == again.forward()[0].tolist()
    later.layer.rng.random(3)
    later.kernel.forward(later.bottom, later.top)
    assert later.top[0].data.tolist() != first.top[0].data.tolist()
    assert not first.layer.repeatable


@pytest.mark.parametrize("case", CASES, ids=str)
def test_nothing_and_nan_and_huge_numbers(case: object) -> None:
    """An empty batch is no loss, and -1 where a share is of nothing; nothing else ends badly."""
    rig = Rig(case)  # type: ignore[arg-type]
    for value in (np.nan, 1e300, -1e300):
        for blob in rig.bottom[:-1]:
            blob.data[...] = value
        with np.errstate(all="ignore"):
            rig.forward()
    for blob in rig.bottom:
        blob.reshape(0, *blob.shape[1:])
    found = [top.reshape(-1).tolist() for top in rig.forward()]
    assert found in ([[0, 0]], [[-1, -1], [-1]])


@pytest.mark.parametrize("mscnn", [False, True])
def test_a_label_without_a_class(mscnn: bool) -> None:
    rig = Rig(loss('sample_mode: "all"' if mscnn else "", mscnn=mscnn))
    rig.bottom[-1].data[0, 0, 1, 1] = 3
    with pytest.raises(DataError, match="a place has the label 3; expected 0 to 2 for 3 classes"):
        rig.forward()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_bottom_must_fit(case: object) -> None:
    """The channels of all, and the other axes of those after the first."""
    rig = Rig(case)  # type: ignore[arg-type]
    for index, blob in enumerate(rig.bottom):
        for axis in range(4) if index else (1,):
            kept = blob.shape
            blob.reshape(*(side + (at == axis) for at, side in enumerate(kept)))
            with pytest.raises(ShapeError):
                rig.layer.reshape(rig.bottom, rig.top)
            blob.reshape(*kept)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_gradients_of_labels_are_refused(case: object) -> None:
    rig = Rig(case)  # type: ignore[arg-type]
    last = len(rig.bottom) - 1
    with pytest.raises(GraphError, match=f"bottom {last} .* has no gradient"):
        rig.layer.backward(rig.top, [index == last for index in range(last + 1)], rig.bottom)


@pytest.mark.parametrize(
    ("param", "mscnn", "message"),
    [
        ("cls_num: 0", False, "cls_num is missing"),
        ("objectness: true", False, "objectness is true and cls_num 3"),
        ("field_w: 3", False, "field_w has 3 value"),
        ("batch_size: 0", False, "batch_size is 0"),
        ('neg_mining_type: "hard"', False, "expected one of random, bootstrap, mixture"),
        ('neg_ranking_type: "hard"', False, "expected one of conf_loss, conf_prob"),
        ('bbox_loss_type: "L3"', False, "expected one of Smooth_L1, Euclidean_L2"),
        ("field_xyr: -1", True, "field_xyr is -1"),
        ("coord_num: 5", True, "coord_num is 5; expected 4"),
    ],
)
def test_settings_that_cannot_be(param: str, mscnn: bool, message: str) -> None:
    field, _, value = param.partition(": ")
    case = loss("", mscnn=mscnn)
    text = case.param.replace("}", f"{field}: {value} }}", 1)
    if field == "cls_num":
        text = case.param.replace("cls_num: 3", "")
    with pytest.raises(MinicaffeError, match=message):
        Rig(dataclasses.replace(case, param=text))


@pytest.mark.parametrize("field", ["side", "num_class", "num_object", "sqrt", "coord_scale"])
def test_yolos_layer_of_that_name(field: str) -> None:
    """It is told apart by its fields."""
    param = caffe_pb2.LayerParameter(type="DetectionLoss")
    setattr(param.detection_loss_param, field, 7)
    cls = layer_class("DetectionLoss")
    reading = cls.reading_of(param, Origin())
    assert (reading.dialect, reading.because) == ("yolo", f"`{field}` is given")
    assert cls.class_for(param, reading) is YoloDetectionLoss
    assert cls.reading_of(param, Origin("mscnn")).dialect == "mscnn"
    param.detection_loss_param.Clear()
    param.detection_loss_param.cls_num = 2
    assert cls.reading_of(param, Origin()).dialect == "mscnn"
