"""SmoothL1Loss: squared differences that become absolute ones where they are large."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, register
from minicaffe.layers.loss.loss_layer import LossLayer, mean

_BOTTOMS = ("predictions", "targets", "inside weights", "outside weights")


def smooth_l1(differences: np.ndarray, sigma2: float = 1.0) -> np.ndarray:
    """f(x) = sigma2 · x²/2 where |x| < 1/sigma2, |x| - 1/(2 · sigma2) elsewhere."""
    size = np.abs(differences)
    near = size < 1 / sigma2
    return np.where(near, 0.5 * sigma2 * np.square(np.where(near, size, 0)), size - 0.5 / sigma2)


def smooth_l1_slope(differences: np.ndarray, sigma2: float = 1.0) -> np.ndarray:
    """f'(x): sigma2 · x where |x| < 1/sigma2, the sign elsewhere; 0, as in Caffe, of NaN."""
    slope = np.clip(differences * sigma2, -1, 1)
    slope[np.isnan(slope)] = 0
    return slope


@register("SmoothL1Loss")
class SmoothL1Loss(LossLayer):
    """L = 1/N Σ w_out · f(w_in · (a - b)), with f(x) = (s·x)²/2 where |x| < 1/s², |x| - 1/(2s²)
    elsewhere.

    SSD's copy takes outside weights and does not use them; here they count, as in Faster R-CNN.
    Fast R-CNN's first version has three bottoms.

    Shapes: bottom 0, predictions a, and bottom 1, targets b, (N, …) with as many values; bottom 2,
    optional, inside weights w_in, and bottom 3, optional, outside weights w_out, as many, too; 1
    where missing. Top 0, L, a scalar; top 1, optional (Cascade R-CNN's), the sums over axis 1 of
    what is added up (N, 1, H, W).

    Settings: ``smooth_l1_loss_param``: sigma (1), which is s.

    Gradients: of top 0 alone: da = w_out · w_in · f'(w_in · (a - b)) / N, f' being s²·x and the
    sign of x; db = -da; 0 for the weights, as the source has it.

    Raises:
        ShapeError: a bottom has another number of items or values.
        GraphError: sigma is not above 0.

    Source: smooth_L1_loss_layer.cpp (rbgirshick/caffe-fast-rcnn, zhaoweicai/cascade-rcnn);
    Girshick, "Fast R-CNN", 2015 (arXiv:1504.08083), equation 3.
    """

    exact_bottoms = None
    min_bottoms = 2
    max_bottoms = 4
    exact_tops = None
    min_tops = 1
    max_tops = 2
    backward_reads = ("bottoms",)

    @classmethod
    def allow_force_backward(cls, index: int) -> bool:
        return index < 2

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        sigma = self.param.smooth_l1_loss_param.sigma
        if not sigma > 0:
            yield GraphError(f"sigma is {sigma:g}; expected a number above 0")

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        self.sigma2: float = self.param.smooth_l1_loss_param.sigma**2

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        for name, blob in zip(_BOTTOMS, bottom, strict=False):
            if blob.count != bottom[0].count:
                raise ShapeError(
                    f"the {name} have shape {shape_text(blob.shape)}, the predictions "
                    f"{shape_text(bottom[0].shape)}; as many values are expected"
                )
        for blob in top[1:]:
            blob.reshape(bottom[0].shape[0], 1, bottom[0].height, bottom[0].width)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """Keeps the weighted differences for backward."""
        a, b, *weights = (blob.data.reshape(-1) for blob in bottom)
        self._differences = a - b
        if weights:
            self._differences *= weights[0]
        errors = smooth_l1(self._differences, self.sigma2)
        if len(weights) > 1:
            errors *= weights[1]
        top[0].data[...] = mean(float(errors.sum(dtype=np.float64)), bottom[0].shape[0])
        for blob in top[1:]:
            items, _, height, width = blob.shape
            channels = bottom[0].legacy_shape(1)
            blob.data[:, 0] = errors.reshape(items, channels, height, width).sum(axis=1)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        slope = smooth_l1_slope(self._differences, self.sigma2)
        for blob in bottom[2:]:
            slope *= blob.data.reshape(-1)
        slope *= mean(self.weight(top), bottom[0].shape[0])
        for blob, wanted, sign in zip(bottom[:2], propagate_down, (1, -1), strict=False):
            if wanted:
                np.multiply(slope, sign, out=blob.diff.reshape(-1))
        for blob, wanted in zip(bottom[2:], propagate_down[2:], strict=False):
            if wanted:
                blob.diff[...] = 0
