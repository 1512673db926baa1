"""InnerDistance: distances from vectors to centres."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.blob import Blob, shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, refuse_gradient, register
from minicaffe.layers.loss.labels import ClassAxis


@register("InnerDistance")
class InnerDistance(Layer):
    """y[m, n] = Σ_k (x[m, k] - w[n, k])², or Σ_k |x[m, k] - w[n, k]| with ``distance_type: "L1"``.

    The centres w are learned, or the second bottom. With ``normalize`` learned centres are brought
    to length 1 (by √(Σ w² + 1e-6)) before each forward. With ``update_center_only``, for which the
    last bottom is a label, a centre learns from the items of its own class only.

    Shapes: bottom 0, x (M, …) of K values from ``axis`` on; then, optional, w (N, …) of K values;
    then, with ``update_center_only``, one label for each of the M vectors. Top y (M, N); with a
    larger axis as InnerProduct has it. blobs[0], without a second bottom for them, the centres
    (num_output, K), filled by ``weight_filler``.

    Settings: ``inner_distance_param``: num_output, required for learned centres; axis (1),
    distance_type, "L2" or "L1"; normalize (false), update_center_only (false). transpose is
    refused: its fork computes nothing sensible with it.

    Gradients: dx = Σ_n 2 dy · (x - w), or Σ_n dy · sign(x - w); dw the opposite, summed over the
    items, with ``update_center_only`` over those of the centre's class. None for labels.

    Raises:
        GraphError: num_output is missing, another distance_type, transpose; wrong numbers of
            bottoms; a gradient of the labels is asked for.
        ShapeError: the vectors have different lengths; there is not one label for each.
        DataError: a label outside the centres.

    Source: inner_distance_layer.cpp (happynear/caffe-windows); Wang, Xiang, Cheng, Yuille,
    "NormFace", 2017 (arXiv:1704.06369).
    """

    in_place = False
    min_bottoms = 1
    max_bottoms = 3
    exact_tops = 1
    backward_reads = ("bottoms",)

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param, bottoms = self.param.inner_distance_param, len(self.param.bottom)
        if param.transpose:
            yield GraphError("transpose: true has no meaning in its fork; leave it out")
        if param.distance_type not in ("L1", "L2"):
            yield GraphError(f"distance_type is '{param.distance_type}', expected L2 or L1")
        if bottoms - param.update_center_only not in (1, 2):
            yield GraphError(
                f"{bottoms} bottoms; vectors, optionally centres, and with update_center_only "
                "labels are expected"
            )
        elif bottoms - param.update_center_only == 1 and not param.num_output:
            yield GraphError("num_output is missing or 0, expected the number of centres")

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.inner_distance_param
        self._length = math.prod(bottom[0].shape[bottom[0].axis(param.axis) :])
        self._learned = len(bottom) - param.update_center_only == 1
        if self._learned:
            self.add_param((param.num_output, self._length), param.weight_filler)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        axis = bottom[0].axis(self.param.inner_distance_param.axis)
        shape, centres = bottom[0].shape, self._centres(bottom)
        count = centres.shape[0] if centres.shape else 0
        length = math.prod(shape[axis:])
        if not length or length != self._length or centres.count != count * length:
            raise ShapeError(
                f"bottom 0 has shape {shape_text(shape)}, the centres {shape_text(centres.shape)}; "
                f"vectors of {self._length} values, as at set-up, are expected in both"
            )
        own = self.param.inner_distance_param.update_center_only
        if own and bottom[-1].count != math.prod(shape[:axis]):
            raise ShapeError(
                f"{bottom[-1].count} labels for {math.prod(shape[:axis])} vectors; one for each is "
                "expected"
            )
        top[0].reshape(*shape[:axis], count)

    def _centres(self, bottom: Blobs) -> Blob:
        return self.blobs[0] if self._learned else bottom[1]

    def _rows(self, array: np.ndarray) -> np.ndarray:
        return array.reshape(array.size // self._length if self._length else 0, self._length)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        param, centres = self.param.inner_distance_param, self._centres(bottom)
        x, w = self._rows(bottom[0].data), self._rows(centres.data)
        if param.normalize and self._learned:
            w /= np.sqrt(np.square(w).sum(axis=1, keepdims=True) + 1e-6)
        y = top[0].data.reshape(len(x), len(w))
        for n, centre in enumerate(w):  # M×N×K values at once would be too many
            difference = x - centre
            if param.distance_type == "L1":
                y[:, n] = np.abs(difference).sum(axis=1)
            else:
                y[:, n] = np.square(difference).sum(axis=1)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        param, centres = self.param.inner_distance_param, self._centres(bottom)
        own = param.update_center_only
        if own:
            refuse_gradient(propagate_down, len(bottom) - 1, "the labels")
        x, w = self._rows(bottom[0].data), self._rows(centres.data)
        dy = top[0].diff.reshape(len(x), len(w))
        counted = dy
        if own:
            labels = ClassAxis(len(x), len(w), 1).read(bottom[-1].data).values
            counted = dy * (labels == np.arange(len(w)))
        dx, dw = np.zeros_like(x), np.zeros_like(w)
        for n, centre in enumerate(w):
            difference = x - centre
            slope = np.sign(difference) if param.distance_type == "L1" else 2 * difference
            dx += dy[:, n, None] * slope
            dw[n] = -(counted[:, n, None] * slope).sum(axis=0)
        if propagate_down[0]:
            np.copyto(self._rows(bottom[0].diff), dx)
        if self._learned:
            self.accumulate(0, dw)
        elif propagate_down[1]:
            np.copyto(self._rows(bottom[1].diff), dw)
