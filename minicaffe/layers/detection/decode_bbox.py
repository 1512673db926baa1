"""DecodeBBox: a stage's boxes, from which the next one starts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.errors import DataError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, phase_name, register
from minicaffe.layers.detection.box_rows import column_count, require_rows, row_count
from minicaffe.layers.detection.pixel_boxes import Normalizer, decode_from, normalizer_mistakes
from minicaffe.layers.gradients import refuse_gradients
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import meant

_NAMES = ("offsets", "boxes", "matched true boxes")


@register("DecodeBBox")
class DecodeBBox(Layer):
    """Moves each box by the second four of its offsets, those of all objects.

    Of a box with middle m and sides s, and offsets o (times bbox_std, plus bbox_mean): the middle
    is m + o[:2] · s, the sides are s · exp(o[2:]). A box's last pixel belongs to it: its width is
    xmax - xmin + 1.

    In phase TRAIN boxes whose xmax is below xmin, or ymax below ymin, are left out, and with a
    third bottom those that overlapped their true box by ``gt_iou_thr`` before: these are mostly the
    true boxes themselves.

    Shapes: bottom 0, offsets (R, 8): of background, which are not read, and of objects; bottom 1,
    boxes (R, 5), rows of image, xmin, ymin, xmax, ymax in pixels; optional, in phase TRAIN only,
    bottom 2 (R, columns), whose last column is the overlap with a true box (ProposalTarget's
    sixth top). Further axes of length 1 do not matter. Top (boxes, 5, 1, 1), like bottom 1, shaped
    in forward.

    Settings: ``decode_bbox_param``: gt_iou_thr (0.95). ``bbox_reg_param``: bbox_mean (0 each) and
    bbox_std (1 each), four numbers or none.

    Gradients: none; one that is asked for is refused.

    Raises:
        GraphError: bbox_reg_param has not four numbers; a gradient is asked for.
        ShapeError: the bottoms do not fit each other; a third one in phase TEST.
        DataError: no box is left.

    Source: decode_bbox_layer.cpp (zhaoweicai/cascade-rcnn, zhaoweicai/mscnn), with bbox_util.cpp;
    Cai & Vasconcelos, "Cascade R-CNN: delving into high quality object detection", 2018
    (arXiv:1712.00726), section 4.
    """

    in_place = False
    min_bottoms = 2
    max_bottoms = 3
    exact_tops = 1
    reshapes_always = True  # the number of boxes depends on the bottoms' values
    backward_reads = ()
    fork_fields = meant("bbox_reg_param")

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        yield from normalizer_mistakes(self.param)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        if len(bottom) > 2 and self.phase != caffe_pb2.TRAIN:
            raise ShapeError(
                f"there is a third bottom in phase {phase_name(self.phase)}; matched true boxes "
                "are for phase TRAIN"
            )
        count = row_count(bottom[0])
        for index, blob in enumerate(bottom):
            columns = (8, 5, column_count(blob))[index]
            require_rows(blob, index, _NAMES[index], count, columns)
        top[0].reshape(count, 5, 1, 1)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        count = bottom[0].shape[0]
        start = bottom[1].data.reshape(count, 5)
        normalizer = Normalizer.of(self.param, self.dtype)
        offsets = normalizer.plain(bottom[0].data.reshape(count, 8)[:, 4:])
        boxes = decode_from(start[:, 1:], offsets)
        left_out = np.zeros(count, bool)
        if self.phase == caffe_pb2.TRAIN:
            with np.errstate(invalid="ignore"):
                left_out |= (boxes[:, :2] > boxes[:, 2:]).any(axis=1)
        if len(bottom) > 2:
            overlaps = bottom[2].data.reshape(count, column_count(bottom[2]))[:, -1]
            left_out |= overlaps >= self.param.decode_bbox_param.gt_iou_thr
        if left_out.all():
            raise DataError(
                f"none of {count} box(es) is left: in phase TRAIN boxes without a width or height "
                "are left out, and those that are as good as their true box (gt_iou_thr)"
            )
        top[0].reshape(int(np.count_nonzero(~left_out)), 5, 1, 1)
        rows = top[0].data[..., 0, 0]
        rows[:, 0], rows[:, 1:] = start[~left_out, 0], boxes[~left_out]

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradients(propagate_down, *_NAMES[: len(bottom)])
