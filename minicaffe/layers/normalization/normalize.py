"""Normalize: vectors of length 1, times a learned factor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.channels import fold
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import Origin, Reading, meant

#: What NormFace's layer adds to a length.
_NORMFACE_EPS = 1e-6


@register("Normalize")
class Normalize(Layer):
    """Divides by a length. Two forks have each a layer of this name; the settings tell which.

    SSD's (dialect ``ssd``: ``norm_param`` is given)
        y = s · x / √(Σ x² + eps), with Σ over the channels at a pixel, or with ``across_spatial``
        over all values of an item; s is learned, one number or one for each channel.
    NormFace's (dialect ``normface``: any other, such as one without settings)
        y = x / n, with n = √(Σ x² + 1e-6) or, by ``normalize_type: "L1"``, n = Σ |x| + 1e-6, over
        the channels at a pixel. Nothing is learned, and a second top shows n.

    Shapes: bottom x (N, C, …); top 0, y like x, also in place; top 1, optional and NormFace's only,
    n (N, 1, …). SSD's has ``blobs[0]``, s: a scalar or (C), filled by ``scale_filler`` (with 1
    without one).

    Settings: ``norm_param``: across_spatial (true), channel_shared (true; one s), scale_filler, eps
    (1e-10). An empty one is SSD's with these. ``normalize_param``: normalize_type ("L2"), bp_norm
    (false; n has a gradient, too); fix_gradient counts for nothing, in the fork as here.

    Gradients: with g = s · dy, SSD's is dx = (g - x · Σ x · g / n²) / n, ds = Σ dy · x / n, where
    the fork's takes Σ x · dy · s for Σ x · g, which is another number when the channels' factors
    differ. NormFace's is dx = (dy - d · Σ y · dy) / n, d = y for L2 and the sign of x for L1; with
    ``bp_norm`` dx also has d times the gradient of n.

    Raises:
        ShapeError: the bottom has less than 2 axes, or another number of channels than at first.
        GraphError: both settings are given; a second top of SSD's; an unknown normalize_type.

    Source: normalize_layer.cpp (weiliu89/caffe); normalize_layer.cpp of happynear/caffe-windows;
    Liu, Rabinovich & Berg, "ParseNet: looking wider to see better", 2015 (arXiv:1506.04579); Wang
    et al., "NormFace", 2017 (arXiv:1704.06369).
    """

    exact_bottoms = 1
    min_tops = 1
    max_tops = 2
    backward_reads = ("bottoms",)

    dialects = ("normface", "ssd")
    fork_fields = meant("norm_param", "normalize_param")

    @classmethod
    def reading_of(cls, param: caffe_pb2.LayerParameter, origin: Origin) -> Reading:
        forms = (("ssd", "norm_param"), ("normface", "normalize_param"))
        evidence = [(whose, f"`{form}` is given") for whose, form in forms if param.HasField(form)]
        return origin.choose(cls.dialects, evidence, otherwise="`norm_param` is not given")

    @property
    def scaled(self) -> bool:
        """Whether it is SSD's, with a learned factor."""
        reading = self.reading if self.reading.dialect else self.reading_of(self.param, Origin())
        return reading.dialect == "ssd"

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param
        if param.HasField("norm_param") and param.HasField("normalize_param"):
            yield GraphError(
                "normalize_param (NormFace's) and norm_param (SSD's) are given; keep one of them"
            )
        kind = param.normalize_param.normalize_type
        if kind not in ("L1", "L2"):
            yield GraphError(f'normalize_type is "{kind}"; expected "L2" or "L1"')
        if self.scaled and len(param.top) > 1:
            yield GraphError("norm_param makes it SSD's Normalize, which has one top, not 2")

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param
        self.absolute = not self.scaled and param.normalize_param.normalize_type == "L1"
        self.across = self.scaled and param.norm_param.across_spatial
        if not self.scaled:
            return
        shape = () if param.norm_param.channel_shared else bottom[0].shape[1:2]
        one = caffe_pb2.FillerParameter(type="constant", value=1)
        given = param.norm_param.HasField("scale_filler")
        self.add_param(shape, param.norm_param.scale_filler if given else one)

    def blobs_hint(self, found: int) -> str:
        if self.scaled or not found:
            return ""
        return (
            f"{found} blob(s) in the weights, none in the layer: they are of SSD's Normalize; give "
            "the layer norm_param { }, or read the net with dialect ssd"
        )

    def right_in_place(self) -> bool:
        return False

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        shape = bottom[0].shape
        if len(shape) < 2:
            raise ShapeError(
                f"bottom has shape {shape_text(shape)}, expected at least 2 axes: items, channels"
            )
        if self.scaled and self.blobs[0].count not in (1, shape[1]):
            raise ShapeError(
                f"bottom has shape {shape_text(shape)}, but the layer was set up for "
                f"{self.blobs[0].count} channels, which have a factor each"
            )
        top[0].reshape(*shape)
        if len(top) > 1:
            top[1].reshape(shape[0], 1, *shape[2:])

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """Keeps the lengths for backward."""
        x, y = fold(bottom[0].data), fold(top[0].data)
        self._length = self.divide(x, y, (1,), self._factor if self.scaled else None)
        if len(top) > 1:
            top[1].data[...] = self._length.reshape(top[1].shape)

    def divide(
        self, x: np.ndarray, y: np.ndarray, channels: tuple[int, ...], factor: np.ndarray | None
    ) -> np.ndarray:
        """Write x by its lengths, times a factor, into y; returns the lengths.

        Args:
            x: items on axis 0.
            channels: the axes on which channels are; the others are a pixel's.
            factor: s, as it multiplies x; or None.
        """
        length = self._lengths(x, tuple(range(1, x.ndim)) if self.across else channels)
        np.divide(x, length, out=y)
        if factor is not None:
            y *= factor
        return length

    @property
    def _factor(self) -> np.ndarray:
        """s, as it multiplies (N, C, S)."""
        return self.blobs[0].data.reshape(self.blobs[0].count, 1)

    @property
    def added(self) -> float:
        """What is added to Σ x² (to Σ |x| for L1)."""
        return self.param.norm_param.eps if self.scaled else _NORMFACE_EPS

    @property
    def _axes(self) -> tuple[int, ...]:
        """Of (N, C, S), those along which a vector lies."""
        return (1, 2) if self.across else (1,)

    def _lengths(self, x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
        """What each vector, along these axes, is divided by: of length 1 there."""
        if self.absolute:
            return np.asarray(np.abs(x).sum(axis=axes, keepdims=True) + self.added)
        return np.sqrt(np.square(x).sum(axis=axes, keepdims=True) + self.added)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        x, dy, length = fold(bottom[0].data), fold(top[0].diff), self._length
        if self.scaled and self.wants_gradient(0):
            share = (dy * x / length).sum(axis=(0, 2), dtype=np.float64)
            shared = self.param.norm_param.channel_shared
            self.accumulate(0, np.asarray(share.sum() if shared else share))
        if not propagate_down[0]:
            return
        gradient = dy * self._factor if self.scaled else dy
        unit = x / length
        along = (unit * gradient).sum(axis=self._axes, keepdims=True)
        direction = np.sign(x) if self.absolute else unit
        dx = (gradient - direction * along) / length
        if self.param.normalize_param.bp_norm and len(top) > 1:
            dx += direction * top[1].diff.reshape(length.shape)
        fold(bottom[0].diff)[...] = dx
