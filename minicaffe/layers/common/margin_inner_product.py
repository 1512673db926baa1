"""MarginInnerProduct: SphereFace's class scores."""

from __future__ import annotations

import numpy as np

from minicaffe.layer import Blobs, register
from minicaffe.layers.common.angular_margin import (
    AngularMargin,
    MarginParameter,
    lengths,
    stretched,
)


@register("MarginInnerProduct")
class MarginInnerProduct(AngularMargin):
    """y = x · Wᵀ with weights of length 1; for the true class (λ · x·w + |x| ψ(θ)) / (1 + λ).

    Before each forward every class's weights are divided by their length, in the blob itself. θ is
    the angle of x and w, ψ(θ) = (-1)^k · cos(mθ) - 2k, where k is the number of times that θ holds
    π/m. λ = max(base · (1 + gamma · t)^-power, lambda_min) in forward t, counted from ``iteration``
    in both phases. With ``SINGLE`` the layer is x · Wᵀ. Zeros have the cosine 0; the fork gives
    NaN for them.

    Shapes: bottom 0, x (…, K…), whose axes from ``axis`` on are one vector; bottom 1, a label for
    each vector, cast to int by truncation; top 0, y (…, num_output); top 1, optional, λ (1).
    ``blobs[0]``, W (num_output, K), filled by ``weight_filler``.

    Settings: ``margin_inner_product_param``: num_output, required; type (SINGLE): m = 1, or 2 to 4
    with DOUBLE, TRIPLE and QUADRUPLE; axis (1), base (1), gamma (0), power (1), iteration (0),
    lambda_min (0).

    Gradients: as the fork has them, which are not those of the formula. dW = dyᵀ · x, without
    regard to the margin or the lengths. dx = Σ dy · w, where for the part of the true class that
    goes through ψ, dy / (1 + λ), a · w + b · x replaces w, a and b being ψ' and (ψ - cos θ · ψ') /
    |x|, divided by √(a² + b²). None for the labels.

    Raises:
        ShapeError: num_output is missing; there is not one label for each vector; K differs from
            that at set-up.
        GraphError: a gradient of the labels is asked for.
        DataError: a label outside the classes.

    Source: margin_inner_product_layer.cpp (wy1iu/sphereface); Liu, Wen, Yu, Li, Raj, Song,
    "SphereFace: deep hypersphere embedding for face recognition", 2017 (arXiv:1704.08063).
    """

    @property
    def settings(self) -> MarginParameter:
        """``margin_inner_product_param``."""
        return self.param.margin_inner_product_param

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        weights = self.blobs[0].data
        weights /= _or_1(lengths(weights))[:, None]
        self.fall()
        labels, own = self.true_class(bottom)
        x = self.vectors(bottom[0].data)
        length = lengths(x)
        value, _ = stretched(np.einsum("mk,mk->m", x, own) / _or_1(length), self.times)
        self.product(bottom, top, length * value, labels)

    def gradients(self, top: Blobs, wanted: bool, bottom: Blobs) -> None:
        labels, own = self.true_class(bottom)
        x = self.vectors(bottom[0].data)
        if self.wants_gradient(0):
            self.accumulate(0, self.classes.view(top[0].diff)[:, :, 0].T @ x)
        if not wanted:
            return
        dy, through = self.plain_gradient(top, labels)
        dx = dy @ self.blobs[0].data
        if self.times > 1:
            length = _or_1(lengths(x))
            cosine = np.einsum("mk,mk->m", x, own) / length
            value, of_own = stretched(cosine, self.times)
            of_x = (value - cosine * of_own) / length
            scale = through / _or_1(np.hypot(of_own, of_x))
            dx += (scale * of_own)[:, None] * own + (scale * of_x)[:, None] * x
        self.vectors(bottom[0].diff)[...] = dx


def _or_1(values: np.ndarray) -> np.ndarray:
    """What can be divided by: the values, and 1 for 0."""
    return np.where(values == 0, values.dtype.type(1), values)
