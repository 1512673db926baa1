"""ProposalTarget where it draws, and MS-CNN's; and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe.blob import Blob
from minicaffe.errors import DataError, GraphError, MinicaffeError
from minicaffe.layer import layer_class
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import Origin, Reading
from tests.layers.cases.proposal_target import case
from tests.layers.harness import Rig
from tests.layers.proposal_targets import Targets


def rig(param: str, batch: int = 8, reg: str = "", dialect: str = "cascade-rcnn") -> Rig:
    made = Rig(case(param, Targets(batch=batch, tops=7), reg=reg))
    made.layer.reading = Reading(dialect)
    return made


def rows_of(tops: list[np.ndarray], index: int) -> np.ndarray:
    return tops[index].reshape(len(tops[index]), -1)


def everything(param: str = "") -> list[np.ndarray]:
    return Rig(case(param, Targets(tops=7))).forward()


def as_set(rows: np.ndarray) -> set[tuple[float, ...]]:
    return {tuple(row) for row in rows.tolist()}


def test_some_of_the_objects_and_of_the_background_are_drawn() -> None:
    """As many as the fraction says, each of them once."""
    every, drawn = everything(), rig("fg_fraction: 0.375").forward()
    labels, all_labels = rows_of(drawn, 1)[:, 0], rows_of(every, 1)[:, 0]
    assert (labels > 0).tolist() == [True] * 3 + [False] * 5
    for which in (True, False):
        own = rows_of(drawn, 0)[(labels > 0) == which]
        assert len(as_set(own)) == len(own)
        assert as_set(own) < as_set(rows_of(every, 0)[(all_labels > 0) == which])


def test_half_an_object_is_one() -> None:
    """C's round: 0.5 counts as 1, 2.5 as 3."""
    for fraction, objects in ((0.0625, 1), (0.3125, 3), (0.3, 2)):
        labels = rows_of(rig(f"fg_fraction: {fraction}").forward(), 1)
        assert np.count_nonzero(labels) == objects


def test_the_rows_follow_the_generator_and_nothing_else() -> None:
    layer = rig("").layer
    tops = [rig("").forward() for _ in range(2)]
    for first, again in zip(*tops, strict=True):
        np.testing.assert_array_equal(first, again)
    others = rig("")
    first = others.forward()
    others.kernel.forward(others.bottom, others.top)  # the generator goes on
    assert any(not np.array_equal(a, b.data) for a, b in zip(first, others.top, strict=True))
    assert not layer.repeatable


def test_a_box_is_drawn_where_nothing_is_left() -> None:
    made = rig("img_width: 60 img_height: 50 append_gtbox: false")
    made.bottom[0].reshape(0, 5)
    for _ in range(20):
        rois, labels = (rows_of(made.forward(), index) for index in (0, 1))
        assert labels.tolist() == [[0]]
        (image, x1, y1, x2, y2), = rois.tolist()  # fmt: skip
        assert image in (0, 1)
        assert 0 <= x1 < 28
        assert 0 <= y1 < 18
        assert x2 - x1 >= 31
        assert y2 - y1 >= 31
        made.layer.rng.random()


def test_mscnn_fills_the_batch_with_boxes_that_it_draws() -> None:
    """And counts areas in common that are narrower than a pixel."""
    made = rig("img_width: 900 img_height: 800 append_gtbox: false", 9, dialect="mscnn")
    made.bottom[0].reshape(3, 5)
    tops = made.forward()
    assert [len(top) for top in tops] == [9] * 7
    boxes = rows_of(tops, 0)
    assert as_set(made.bottom[0].data) >= as_set(boxes[:1])
    assert (boxes[:, 3:] - boxes[:, 1:3] >= 9).all()
    assert not rows_of(tops, 1)[3:].any()


@pytest.mark.parametrize(("dialect", "background"), [("mscnn", 1), ("cascade-rcnn", 0)])
def test_boxes_that_share_less_than_a_pixel(dialect: str, background: int) -> None:
    """In columns 9.5 and 9 to 10: half of one."""
    made = rig("bg_thr_lw: 0.0001 append_gtbox: false pickup_discard: false", -1, dialect=dialect)
    made.bottom[0].reshape(2, 5)
    made.bottom[1].reshape(1, 8)
    made.bottom[0].data[...] = [[0, 0, 0, 9, 9], [0, 9.5, 0, 19, 9]]
    made.bottom[1].data[...] = [[0, 9.5, 0, 19, 9, 1, 0, 0]]
    assert len(made.forward()[0]) == 1 + background


def reading(types: tuple[str, ...] = (), text: str = "", dialect: str | None = None) -> Reading:
    param = caffe_pb2.LayerParameter(type="ProposalTarget")
    if text:
        setattr(param.proposal_target_param, text, True)
    return layer_class(param.type).reading_of(param, Origin(dialect, frozenset(types)))


def test_whose_layer_it_is() -> None:
    assert reading(("BoxOutput", "Convolution")).dialect == "mscnn"
    assert reading(("BoxGroupOutput",)).dialect == "cascade-rcnn"
    assert reading(("BoxOutput",), "append_gtbox").dialect == "cascade-rcnn"
    assert reading(("BoxGroupOutput",), dialect="mscnn").dialect == "mscnn"
    assert not reading().sure


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((0, 0, 0, 2), "a proposal is of image 2; expected 0 to 1"),
        ((0, 0, 0, np.nan), "a proposal is of image nan"),
        ((1, 0, 0, -3), "a true box is of image -3"),
        ((1, 0, 5, 0), "a true box has the label 0; expected a class from 1 to 3"),
        ((1, 0, 5, 4), "a true box has the label 4; expected a class from 1 to 3"),
    ],
)
def test_rows_that_cannot_be(change: tuple[int, int, int, float], message: str) -> None:
    made = rig("")
    bottom, row, column, value = change
    made.bottom[bottom].data.reshape(made.bottom[bottom].shape[:2])[row, column] = value
    with pytest.raises(DataError, match=message):
        made.forward()


def test_no_place_for_a_box_that_must_be_drawn() -> None:
    for text, message in (
        ("img_width: 32 img_height: 500", "img_width is 32"),
        ("img_width: 40 img_height: 40", "all overlap a true box"),
    ):
        made = rig(text + " fg_thr: 0.001 bg_thr_hg: 0.001 append_gtbox: false")
        made.bottom[0].reshape(0, 5)
        made.bottom[1].reshape(2, 8)
        made.bottom[1].data[...] = [[0, 0, 0, 99, 99, 1, 0, 0], [1, 0, 0, 99, 99, 1, 0, 0]]
        with pytest.raises(DataError, match=message):
            made.forward()


@pytest.mark.parametrize(
    ("param", "message"),
    [
        ("proposal_target_param { batch_size: 4 }", "cls_num is missing"),
        ("proposal_target_param { cls_num: 2 batch_size: 0 }", "batch_size is 0"),
        ("proposal_target_param { cls_num: 2 batch_size: 2147483647 }", "expected at most 1048576"),
        ("proposal_target_param { cls_num: 2 fg_thr: 0.25 }", "fg_thr is 0.25 and bg_thr_hg 0.5"),
        ("proposal_target_param { cls_num: 2 fg_fraction: 1.5 }", "fg_fraction is 1.5"),
        ("proposal_target_param { cls_num: 2 } bbox_reg_param { bbox_mean: 0 bbox_std: 1 }",
         "bbox_mean has 1 value"),
        ("proposal_target_param { cls_num: 2 } bbox_reg_param { bbox_mean: [0, 0, 0, 0] "
         "bbox_std: [1, 0, 1, 1] }", "bbox_std has the value 0"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be(param: str, message: str) -> None:
    from google.protobuf import text_format

    layer = layer_class("ProposalTarget")(
        text_format.Merge(param, caffe_pb2.LayerParameter(type="ProposalTarget")), 0
    )
    mistakes: list[MinicaffeError] = list(layer.param_mistakes())
    assert any(message in str(mistake) for mistake in mistakes)
    assert all(isinstance(mistake, GraphError) for mistake in mistakes)


def test_huge_and_empty_inputs() -> None:
    """Boxes of any size overlap nothing or something; none of them is a traceback."""
    made = rig("img_width: 60 img_height: 60")
    made.bottom[0].data[:, 1:, 0, 0] *= 1e300
    with np.errstate(all="raise"):
        assert len(made.forward()[0])
    made.bottom[1].reshape(0, 8)
    assert not rows_of(made.forward(), 1).any()


def test_gradients_are_refused() -> None:
    made = rig("")
    with pytest.raises(GraphError, match="what is drawn from"):
        made.layer.backward(made.top, [True, False], made.bottom)
    assert isinstance(made.bottom[0], Blob)
