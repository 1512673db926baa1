"""Cascade R-CNN's DetectionEvaluate, whose boxes are in pixels."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from minicaffe.blob import Blob, shape_text
from minicaffe.errors import DataError, GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs
from minicaffe.layers.detection.box_rows import column_count, row_count
from minicaffe.layers.detection.evaluate_layer import EvaluateLayer
from minicaffe.layers.detection.pixel_boxes import compare
from minicaffe.layers.loss.labels import truncated

_NAMES = ("detections", "true boxes", "the images' sizes")
_COLUMNS = (7, 8, 2)


class FrcnnEvaluate(EvaluateLayer):
    """Says of each detection whether it is right, as DetectionEvaluate does.

    Boxes are compared in the images' own pixels: those of the net times the size in
    ``name_size_file``, divided by the size in the net. The last pixel belongs to a box. The images
    with rows in bottom 0 take the file's lines in turn, over all batches.

    Shapes: bottom 0, detections (D, 7), rows of image, xmin, ymin, xmax, ymax, class, score, a
    class of -1 being none (FrcnnOutput's); bottom 1, true boxes (G, 8), rows of image, xmin, ymin,
    xmax, ymax, class, whether to ignore it, difficult, an image of -1 being none (EvalData's);
    bottom 2, the images' heights and widths in the net (N, 2). Further axes of length 1 do not
    matter. Top (rows, 5, 1, 1), shaped in forward: for each class (-1, class, number of true boxes,
    -1, -1), then for each detection (image, class, score, right, wrong).

    Settings: ``detection_evaluate_param``: num_classes, required, background included;
    name_size_file, required; overlap_threshold (0.5), evaluate_difficult_gt (true).

    Gradients: none; nothing is passed down.

    Raises:
        GraphError: num_classes or name_size_file is missing, or ``overlap_threshold`` not above 0.
        ShapeError: a bottom has another shape.
        DataError: a class is that of the background; an image has no size; the file cannot be read.

    Source: detection_evaluate_layer.cpp (zhaoweicai/cascade-rcnn), with bbox_util.cpp.
    """

    exact_bottoms = 3

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.settings
        if not param.num_classes:
            yield GraphError("num_classes is missing; give the number of classes and background")
        if not param.name_size_file:
            yield GraphError(
                "name_size_file is missing; name a file with lines of name, height and width"
            )
        if not param.overlap_threshold > 0:
            yield GraphError(
                f"overlap_threshold is {param.overlap_threshold:g}; expected a number above 0"
            )

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        for index, (blob, columns) in enumerate(zip(bottom, _COLUMNS, strict=True)):
            if column_count(blob) != columns or not blob.shape:
                raise ShapeError(
                    f"bottom {index} ({_NAMES[index]}) has shape {shape_text(blob.shape)}; "
                    f"expected rows of {columns} numbers"
                )
        top[0].reshape(max(0, self.settings.num_classes - 1), 5, 1, 1)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        found, truths, sizes = (_rows(blob) for blob in bottom)
        truths = truths[_images(truths) != -1]
        if (truncated(truths[:, 5]) < 1).any():
            raise DataError("a true box has the background's class, or one below it; expected 1 up")
        labels, hard = truncated(truths[:, 5]), truths[:, 7] != 0
        counted = labels if self.settings.evaluate_difficult_gt else labels[~hard]
        rows: list[list[float]] = [
            [-1, label, int(np.count_nonzero(counted == label)), -1, -1]
            for label in range(1, self.settings.num_classes)
        ]
        found = found[_images(found) != -1]
        images = _images(found)
        for image in np.unique(images).tolist():
            size = self.next_size()
            of_image = found[images == image]
            own = truths[_images(truths) == image]
            scale = self._scale(image, size, sizes) if len(own) else np.ones(4)
            for label in np.unique(truncated(of_image[:, 5])).tolist():
                rows += self._judged(image, label, of_image, own, scale)
        table = np.array(rows, self.dtype).reshape(-1, 5)
        top[0].reshape(*table.shape, 1, 1)
        top[0].data[..., 0, 0] = table

    def _judged(
        self, image: int, label: int, found: np.ndarray, truths: np.ndarray, scale: np.ndarray
    ) -> list[list[float]]:
        """The rows of one image's detections of a class; by falling score, if that has true
        boxes."""
        if label == 0:
            raise DataError("a detection has the background's class, 0")
        if label == -1:
            return []
        own = found[truncated(found[:, 5]) == label]
        wanted = truths[truncated(truths[:, 5]) == label]
        if len(wanted):
            own = own[np.argsort(-own[:, 6], kind="stable")]
        pairs = compare(own[:, 1:5] * scale, wanted[:, 1:5] * scale, "IOU")
        verdicts = self.verdicts(pairs, wanted[:, 7] != 0)
        scores = own[:, 6].tolist()
        return [[image, label, score, *pair] for score, pair in zip(scores, verdicts, strict=True)]

    @staticmethod
    def _scale(image: int, size: tuple[int, int] | None, sizes: np.ndarray) -> np.ndarray:
        """What makes boxes of the net boxes of the image, (4,)."""
        if size is None or not 0 <= image < len(sizes):
            raise DataError(
                f"image {image} has no size: bottom 2 has {len(sizes)} row(s), and name_size_file "
                f"{'a line' if size else 'no lines'}"
            )
        height, width = sizes[image]
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.array([size[1] / width, size[0] / height] * 2, sizes.dtype)


def _rows(blob: Blob) -> np.ndarray:
    return blob.data.reshape(row_count(blob), column_count(blob))


def _images(rows: np.ndarray) -> np.ndarray:
    return truncated(rows[:, 0])
