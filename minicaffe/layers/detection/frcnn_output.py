"""FrcnnOutput: what Cascade R-CNN finds in an image."""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.errors import DataError, MinicaffeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.detection.box_rows import column_count, require_rows, row_count
from minicaffe.layers.detection.boxes import best_first, suppress
from minicaffe.layers.detection.pixel_boxes import (
    Normalizer,
    clipped,
    compare,
    decode_from,
    nms_type_mistakes,
    normalizer_mistakes,
)
from minicaffe.layers.gradients import refuse_gradients
from minicaffe.proto.dialects import meant

logger = logging.getLogger("minicaffe")

_NAMES = ("probabilities", "offsets", "boxes", "the image's size")


@register("FrcnnOutput")
class FrcnnOutput(Layer):
    """Makes detections of one image's boxes: moves them, and drops doubles class by class.

    For each class but 0: the boxes with a probability of at least ``conf_thr``, moved by the
    class's offsets (times bbox_std, plus bbox_mean; see DecodeBBox) and clipped to the image; one
    that overlaps a better one by more than ``iou_thr`` is dropped. Of all classes together the best
    ``max_det_num`` are left.

    Shapes: bottom 0, probabilities (R, classes); bottom 1, offsets (R, 4 · classes), or unless
    ``cls_aware`` (R, 8), of background and of objects; bottom 2, boxes (R, 5), rows of image (0),
    xmin, ymin, xmax, ymax in pixels, or (R, 6) with a score, which is not read; bottom 3, the
    image's height and width in pixels (1, 2). Further axes of length 1 do not matter. Top
    (1 + boxes, 7, 1, 1), shaped in forward: one row (0, -1, -1, …), then rows of image (0), xmin,
    ymin, xmax, ymax in pixels, class, score, by class and falling score.

    Settings: ``frcnn_output_param``: conf_thr (0), iou_thr (0.5), nms_type ("IOU": of the union;
    "IOMU": of the smaller box; "IOFU": of the better box), max_det_num (0, all).
    Its save_output_param is told and passed over. ``bbox_reg_param``: bbox_mean (0 each) and
    bbox_std (1 each), four numbers or none; cls_aware (true).

    Gradients: none; one that is asked for is refused.

    Raises:
        GraphError: a setting is outside of its range; a gradient is asked for.
        ShapeError: the bottoms do not fit each other.
        DataError: a box is of another image than 0, or its xmax is below xmin, or ymax below ymin.

    Source: frcnn_output_layer.cpp (zhaoweicai/cascade-rcnn), with bbox_util.cpp; Cai &
    Vasconcelos, "Cascade R-CNN: delving into high quality object detection", 2018
    (arXiv:1712.00726).
    """

    in_place = False
    exact_bottoms = 4
    exact_tops = 1
    reshapes_always = True  # the number of boxes depends on the bottoms' values
    backward_reads = ()
    fork_fields = meant("bbox_reg_param")

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        yield from nms_type_mistakes(self.param.frcnn_output_param.nms_type)
        yield from normalizer_mistakes(self.param)

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        if self.param.frcnn_output_param.HasField("save_output_param"):
            logger.warning(
                "%s: save_output_param is passed over; the detections are in the top",
                self.param.name,
            )

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        count = row_count(bottom[0])
        classes = column_count(bottom[0])
        sets = classes if self.param.bbox_reg_param.cls_aware else 2
        boxes = 6 if column_count(bottom[2]) == 6 else 5
        for index, (rows, columns) in enumerate(
            ((count, classes), (count, 4 * sets), (count, boxes), (1, 2))
        ):
            require_rows(bottom[index], index, _NAMES[index], rows, columns)
        top[0].reshape(1, 7, 1, 1)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        param, count = self.param.frcnn_output_param, row_count(bottom[0])
        scores = bottom[0].data.reshape(count, column_count(bottom[0]))
        boxes = self._boxes(bottom)
        rows = [np.empty((0, 6), self.dtype)]
        for label in range(1, scores.shape[1]):
            own = boxes[:, label if self.param.bbox_reg_param.cls_aware else 1]
            good = np.flatnonzero(scores[:, label] >= param.conf_thr)
            good = good[best_first(scores[good, label])]
            by = functools.partial(compare, nms_type=param.nms_type)
            kept = good[suppress(own[good], param.iou_thr, compare=by)]
            rows.append(
                np.column_stack([own[kept], np.full(len(kept), label), scores[kept, label]])
            )
        found = np.concatenate(rows)
        if 0 < param.max_det_num < len(found):
            best = best_first(found[:, 5], top_k=param.max_det_num)
            found = found[best[np.argsort(found[best, 4], kind="stable")]]
        top[0].reshape(1 + len(found), 7, 1, 1)
        table = top[0].data[..., 0, 0]
        table[0], table[:, 0], table[1:, 1:] = -1, 0, found

    def _boxes(self, bottom: Blobs) -> np.ndarray:
        """The boxes that the net means, (R, classes or 2, 4)."""
        count = row_count(bottom[0])
        start = bottom[2].data.reshape(count, column_count(bottom[2]))
        with np.errstate(invalid="ignore"):
            wrong = (start[:, 0] != 0) | ~(start[:, 3:5] >= start[:, 1:3]).all(axis=1)
        if wrong.any():
            index = int(wrong.argmax())
            raise DataError(
                f"box {index} in bottom 2 is ({', '.join(f'{x:g}' for x in start[index, :5])}); "
                "expected image 0, as there is one image in a batch, and xmax and ymax not below "
                "xmin and ymin"
            )
        normalizer = Normalizer.of(self.param, self.dtype)
        offsets = normalizer.plain(bottom[1].data.reshape(count, column_count(bottom[1]) // 4, 4))
        height, width = bottom[3].data.reshape(2).tolist()
        return clipped(decode_from(start[:, 1:5], offsets), width, height)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradients(propagate_down, *_NAMES[: len(bottom)])
