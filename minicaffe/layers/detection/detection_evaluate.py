"""DetectionEvaluate: which detections are right."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import DataError, GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.detection.boxes import overlaps
from minicaffe.layers.detection.evaluate_layer import EvaluateLayer
from minicaffe.layers.detection.frcnn_evaluate import FrcnnEvaluate
from minicaffe.layers.detection.ground_truth import COLUMNS, Truths, check_rows, read_truths
from minicaffe.layers.detection.image_sizes import in_pixels
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import Reading


@register("DetectionEvaluate")
class DetectionEvaluate(EvaluateLayer):
    """Says of each detection whether it is right, from which average precisions are computed.

    Class by class and by falling score, a detection is right if the true box that it overlaps most,
    by at least ``overlap_threshold``, has no detection yet. One whose true box is difficult is
    neither right nor wrong, unless ``evaluate_difficult_gt``.

    With ``name_size_file`` overlaps are those of boxes in the images' pixels, the last pixel
    counted. The images that have a row in bottom 0, be it one that is none, take the file's lines
    in turn, over all batches (the fork's rule, by which one without a row shifts the others).

    With a third bottom that is no logits it is Cascade R-CNN's layer of that name,
    :class:`FrcnnEvaluate`.

    Shapes: bottom 0, detections (1, 1, D, 7), rows of image, class, score, xmin, ymin, xmax, ymax;
    bottom 1, true boxes (1, 1, G, 8), rows of image, class, instance, xmin, ymin, xmax, ymax,
    difficult, up to the first whose image is -1; bottom 2, with ``output_logits``, (1, 1, D,
    classes). Top (1, 1, rows, 5), shaped in forward: for each class (-1, class, number of true
    boxes, -1, -1), then for each detection (image, class, score, right, wrong); with
    ``output_logits`` each also has its logits, where the fork took other rows'.

    Settings: ``detection_evaluate_param``: num_classes, required, background included;
    background_label_id (0), overlap_threshold (0.5), evaluate_difficult_gt (true), name_size_file,
    resize_param, output_logits (false).

    Gradients: none; nothing is passed down.

    Raises:
        GraphError: num_classes is missing, or ``overlap_threshold`` not above 0.
        ShapeError: a bottom has another shape.
        DataError: a detection or a true box has the background's class; the file cannot be read, or
            has less lines than there are images.

    Source: detection_evaluate_layer.cpp (weiliu89/caffe), with bbox_util.cpp; logits:
    jolibrain/caffe; Everingham et al., "The PASCAL visual object classes (VOC) challenge", 2010.
    """

    min_bottoms = 2
    max_bottoms = 3

    @classmethod
    def class_for(cls, param: caffe_pb2.LayerParameter, reading: Reading) -> type[Layer]:
        logits = param.detection_evaluate_param.output_logits
        return FrcnnEvaluate if len(param.bottom) == 3 and not logits else cls

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param, bottoms = self.param.detection_evaluate_param, len(self.param.bottom)
        if not param.num_classes:
            yield GraphError("num_classes is missing; give the number of classes and background")
        if not param.overlap_threshold > 0:
            yield GraphError(
                f"overlap_threshold is {param.overlap_threshold:g}; expected a number above 0"
            )
        if bottoms != 2 + param.output_logits:
            asked = "true" if param.output_logits else "false"
            yield GraphError(
                f"output_logits is {asked}, but there are {bottoms} bottom(s); expected "
                f"{2 + param.output_logits}"
            )

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        param, shape = self.param.detection_evaluate_param, bottom[0].shape
        if shape[:2] != (1, 1) or shape[3:] != (7,):
            raise ShapeError(
                f"bottom 0 has shape {shape_text(shape)}; expected 1×1×D×7, DetectionOutput's rows"
            )
        check_rows(bottom[1], 1)
        columns = 5 + param.num_classes * param.output_logits
        if param.output_logits and bottom[2].shape != (1, 1, shape[2], param.num_classes):
            raise ShapeError(
                f"bottom 2 has shape {shape_text(bottom[2].shape)}; expected "
                f"1×1×{shape[2]}×{param.num_classes}, the logits of each detection"
            )
        top[0].reshape(1, 1, len(self._classes()), columns)

    def _classes(self) -> list[int]:
        param = self.param.detection_evaluate_param
        return [c for c in range(param.num_classes) if c != param.background_label_id]

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.detection_evaluate_param
        truths = self._truths(bottom[1].data.reshape(-1, COLUMNS))
        counts = self._counts(truths)
        rows, order = self._judged(bottom[0].data[0, 0], truths)
        head = np.full((len(counts), top[0].shape[3]), -1, self.dtype)
        head[:, 1:3] = counts
        if param.output_logits:
            rows = np.concatenate([rows, bottom[2].data[0, 0, order]], axis=1)
        table = np.concatenate([head, rows])
        top[0].reshape(1, 1, *table.shape)
        top[0].data[0, 0] = table

    def _truths(self, rows: np.ndarray) -> dict[int, Truths]:
        param = self.param.detection_evaluate_param
        none = np.flatnonzero(rows[:, 0] == -1)
        return read_truths(
            rows[: none[0]] if len(none) else rows,
            classes=param.num_classes,
            background=param.background_label_id,
        )

    def _counts(self, truths: dict[int, Truths]) -> list[tuple[int, int]]:
        """Each class with its number of true boxes."""
        hard = self.param.detection_evaluate_param.evaluate_difficult_gt
        labels = [own.labels[hard | ~own.difficult] for own in truths.values()]
        every = np.concatenate([np.empty(0, int), *labels])
        return [(c, int(np.count_nonzero(every == c))) for c in self._classes()]

    def _judged(
        self, detections: np.ndarray, truths: dict[int, Truths]
    ) -> tuple[np.ndarray, np.ndarray]:
        """The rows of all detections, by image and class, and which of the bottom they are of."""
        param = self.param.detection_evaluate_param
        usable = (detections[:, 0] >= 0) & np.isfinite(detections[:, :2]).all(axis=1)
        valid = np.flatnonzero(usable & (detections[:, 1] != -1))
        if (detections[valid, 1] == param.background_label_id).any():
            raise DataError(
                f"a detection has the background's class, {param.background_label_id}; is "
                "background_label_id here that of DetectionOutput?"
            )
        rows, order = [np.empty((0, 5), self.dtype)], [np.empty(0, int)]
        for image in np.unique(detections[usable, 0]).tolist():  # those of rows that are none, too
            size = self.next_size()
            of_image = valid[detections[valid, 0] == image]
            for label in np.unique(detections[of_image, 1]).tolist():
                own = of_image[detections[of_image, 1] == label]
                order.append(
                    self._judge(detections, own, truths.get(int(image)), label, size, rows)
                )
        return np.concatenate(rows), np.concatenate(order)

    def _judge(
        self, detections: np.ndarray, own: np.ndarray, truths: Truths | None, label: float,
        size: tuple[int, int] | None, rows: list[np.ndarray],
    ) -> np.ndarray:  # fmt: skip
        """Append the rows of one image's detections of a class; their order."""
        param = self.param.detection_evaluate_param
        result = np.zeros((len(own), 5), self.dtype)
        boxes, hard = np.empty((0, 4), self.dtype), np.empty(0, bool)
        if truths is not None:
            boxes, hard = (
                truths.boxes[truths.labels == label],
                truths.difficult[truths.labels == label],
            )
        if len(boxes):
            own = own[np.argsort(-detections[own, 2], kind="stable")]
        result[:, :3] = detections[own, :3]
        found = detections[own, 3:]
        if size is not None:
            resize = param.resize_param if param.HasField("resize_param") else None
            boxes, found = in_pixels(boxes, size, resize), in_pixels(found, size, resize)
        result[:, 3:] = self.verdicts(overlaps(found, boxes, edge=float(size is not None)), hard)
        rows.append(result)
        return own
