"""What py-faster-rcnn's layers have in common, which minicaffe runs where their modules are not."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np

from minicaffe.blob import Blob, shape_text
from minicaffe.errors import DataError, GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer
from minicaffe.layers.detection.anchors import basic_anchors
from minicaffe.layers.detection.rpn_settings import (
    IN_RFCN,
    WITH_OHEM,
    Config,
    RpnSettings,
    in_test,
    read_settings,
)
from minicaffe.layers.gradients import clear_gradients
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import Origin, Reading

logger = logging.getLogger("minicaffe")

#: Why a layer of a Python module is minicaffe's, for the note that says so.
OWN_RUNS = "the Python module is not on the path, and minicaffe's own code runs"

#: Side of the square that ratios and scales change, in pixels.
_BASE = 16

#: Whose the layers may be; the last two are :data:`RFCN`.
DIALECTS = ("fast-rcnn", "r-fcn", "r-fcn-ohem")

#: Those whose blobs have four axes.
RFCN = DIALECTS[1:]


class RpnLayer(Layer):
    """A layer whose settings are YAML in ``python_param { param_str }``; it passes no gradient."""

    in_place = False
    reshapes_always = True  # how many boxes there are depends on the bottoms' values
    backward_reads = ()
    dialects: ClassVar[tuple[str, ...]] = DIALECTS
    decides = True  # of values near each other it takes one

    #: The key that ``param_str`` must have.
    required: ClassVar[str] = "feat_stride"

    @classmethod
    def opens_files(cls, param: caffe_pb2.LayerParameter) -> bool:
        return False

    @classmethod
    def allow_force_backward(cls, index: int) -> bool:
        return False

    @classmethod
    def reading_of(cls, param: caffe_pb2.LayerParameter, origin: Origin) -> Reading:
        return reading_by_net(cls.dialects, param, origin)

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        wrong: list[GraphError] = []
        self.told(wrong)
        yield from wrong

    def told(self, wrong: list[GraphError]) -> tuple[RpnSettings, list[str]]:
        """What the layer's text says, and its keys that mean nothing.

        Args:
            wrong: gets an error for each mistake.
        """
        return read_settings(self.param_str, self.required, self.config_of_fork(), wrong)

    def config_of_fork(self) -> Config:
        """What config.py says for the layer's phase and fork."""
        forks = {"r-fcn": IN_RFCN, "r-fcn-ohem": WITH_OHEM}
        config = forks.get(self.reading.dialect, Config())
        return in_test(config) if self.phase == caffe_pb2.TEST else config

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        self.settings, unknown = self.told([])
        self.config = self.settings.config
        self.anchors = basic_anchors(_BASE, self.settings.ratios, self.settings.scales)
        if unknown:
            logger.warning(
                "layer '%s' (%s): param_str has %s, which changes nothing here",
                self.param.name, self.type, ", ".join(f"'{key}'" for key in unknown),
            )  # fmt: skip

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        clear_gradients(propagate_down, bottom)


def reading_by_net(
    known: Sequence[str], param: caffe_pb2.LayerParameter, origin: Origin
) -> Reading:
    """Whose a layer of a Python module is, by the other layers of its net; and that it is built in.

    Args:
        known: :data:`DIALECTS`.
        param, origin: as for ``reading_of``.
    """
    evidence = []
    if "PSROIPooling" in origin.types:
        mined = "BoxAnnotatorOHEM" in origin.types
        others = "PSROIPooling and BoxAnnotatorOHEM" if mined else "PSROIPooling"
        evidence.append(("r-fcn-ohem" if mined else "r-fcn", f"the net has {others}"))
    reading = origin.choose(known, evidence, otherwise="")
    if not param.python_param.module:
        return reading
    because = OWN_RUNS
    whole = f"{because}; {reading.because}" if reading.because else because
    return reading._replace(because=whole)


def true_boxes(blob: Blob) -> np.ndarray:
    """The boxes of an image's objects, (G, 5) in float64: x1, y1, x2, y2 in pixels, and the class.

    Raises:
        ShapeError: there are not five numbers a box.
        DataError: a number is not finite, a box ends before it begins, or a class is not a whole
            number of at least 0.
    """
    shape = blob.shape
    if len(shape) < 2 or shape[1] != 5 or blob.count != shape[0] * 5:
        raise ShapeError(
            f"bottom 1 has shape {shape_text(shape)}; expected G×5, for each object x1, y1, x2, "
            "y2 and its class"
        )
    boxes = blob.data.reshape(-1, 5).astype(np.float64)
    finite = np.isfinite(boxes).all(axis=1)
    whole = (boxes[:, 4] >= 0) & (boxes[:, 4] == np.floor(boxes[:, 4]))
    ordered = (boxes[:, 2:4] - boxes[:, :2] > -1).all(axis=1)
    wrong = np.flatnonzero(~(finite & whole & ordered))
    if len(wrong):
        row = ", ".join(f"{value:g}" for value in boxes[wrong[0]])
        raise DataError(
            f"true box {wrong[0]} is ({row}); expected x1, y1, x2, y2 with x1 ≤ x2 and y1 ≤ y2, "
            "and a class, a whole number of at least 0"
        )
    return np.asarray(boxes)
