"""L1Loss: absolute differences, such as those of two optical flows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, register
from minicaffe.layers.images import require_images
from minicaffe.layers.loss.loss_layer import LossLayer, mean


@register("L1Loss")
class L1Loss(LossLayer):
    """Σ |d| / N, of the difference d of two bottoms, or of one bottom itself; NaN does not count.

    With ``l2_per_location`` it is Σ √(ε + Σ_c d²) / N: the length of d at each pixel (the endpoint
    error of a flow), Σ_c d² divided by the number of channels with ``l2_prescale_by_channels``.
    Differences with |d| < ``plateau``, or lengths below it (sums below plateau²), count as 0. With
    ``normalize_by_num_entries`` N is not the number of items but that of values that are not NaN,
    over the number of channels.

    Shapes: bottom 0 (N, C, H, W); bottom 1, optional, like bottom 0; top, a scalar.

    Settings: ``l1_loss_param``: l2_per_location (false), l2_prescale_by_channels (false),
    normalize_by_num_entries (false), epsilon (0.01), plateau (0).

    Gradients: with the loss weight w, w · sign(d) / N (-1 at 0, as in the fork, where no plateau or
    NaN is), or w · d / (N · √…), over C where prescaled; the opposite for bottom 1.

    Raises:
        GraphError: there are more than two bottoms, or epsilon is below 0.
        ShapeError: there are not four axes, or the bottoms differ.

    Source: l1loss_layer.cu (lmb-freiburg/flownet2); Dosovitskiy et al., "FlowNet", 2015
    (arXiv:1504.06852).
    """

    exact_bottoms = None
    min_bottoms = 1
    max_bottoms = 2

    @classmethod
    def allow_force_backward(cls, index: int) -> bool:
        return True

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        epsilon = self.param.l1_loss_param.epsilon
        if not epsilon >= 0:
            yield GraphError(f"epsilon is {epsilon:g}, expected at least 0")

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        require_images(bottom[0])
        if bottom[-1].shape != bottom[0].shape:
            raise ShapeError(
                f"bottom 0 has shape {shape_text(bottom[0].shape)}, bottom 1 "
                f"{shape_text(bottom[1].shape)}; the same shape is expected"
            )
        top[0].reshape()

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        param, shape = self.param.l1_loss_param, bottom[0].shape
        d = bottom[0].data - bottom[1].data if len(bottom) > 1 else bottom[0].data.copy()
        known = ~np.isnan(d)
        d[~known] = 0
        self._divisor = float(shape[0])
        if param.normalize_by_num_entries:
            self._divisor = np.count_nonzero(known) / max(1, shape[1])
        if param.l2_per_location:
            scale = 1 / max(1, shape[1]) if param.l2_prescale_by_channels else 1.0
            squares = np.square(d).sum(axis=1, keepdims=True) * float(scale)
            flat = squares < param.plateau**2
            squares[flat] = 0
            lengths = np.sqrt(squares + float(param.epsilon))
            total = lengths.sum(dtype=np.float64)
            with np.errstate(divide="ignore", invalid="ignore"):
                slope = d * (float(scale) / lengths)
            self._slope = np.where(flat | ~known, 0, slope)
        else:
            known &= np.abs(d) >= param.plateau
            total = np.abs(d, where=known, out=np.zeros_like(d)).sum(dtype=np.float64)
            self._slope = np.where(known, np.where(d > 0, 1, -1), 0).astype(self.dtype)
        top[0].data[...] = mean(float(total), 1) / self._divisor if self._divisor else 0

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        factor = self.weight(top) / self._divisor if self._divisor else 0.0
        for blob, wanted, sign in zip(bottom, propagate_down, (1, -1), strict=False):
            if wanted:
                np.multiply(self._slope, float(sign * factor), out=blob.diff)
