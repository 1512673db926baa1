"""LargeMarginInnerProduct: L-Softmax's class scores."""

from __future__ import annotations

import numpy as np

from minicaffe.layer import Blobs, register
from minicaffe.layers.common.angular_margin import (
    AngularMargin,
    MarginParameter,
    lengths,
    stretched,
)

#: What is added to |x| |w|, so that the angle of a zero is a number.
_TINY = 1e-9


@register("LargeMarginInnerProduct")
class LargeMarginInnerProduct(AngularMargin):
    """y = x · Wᵀ; for the true class (λ · x·w + |x| |w| ψ(θ)) / (1 + λ), θ being their angle.

    ψ(θ) = (-1)^k · cos(mθ) - 2k, where k is the number of times that θ holds π/m: a class must be
    m times as near. λ = max(base · (1 + gamma · t)^-power, lambda_min) in forward t, counted from
    ``iteration`` in both phases. With ``SINGLE``, for tests, the layer is x · Wᵀ.

    Shapes: bottom 0, x (…, K…), whose axes from ``axis`` on are one vector; bottom 1, a label for
    each vector, cast to int by truncation; top 0, y (…, num_output); top 1, optional, λ (1).
    ``blobs[0]``, W (num_output, K), filled by ``weight_filler``.

    Settings: ``largemargin_inner_product_param``: num_output, required; type (SINGLE): m = 1, or 2
    to 4 with DOUBLE, TRIPLE and QUADRUPLE; axis (1), base (1), gamma (0), power (1), iteration (0),
    lambda_min (0).

    Gradients: dx = Σ dy · w, dw = Σ dy · x, where the part of the true class's dy that goes through
    ψ, dy / (1 + λ), multiplies ψ' w + (ψ - cos θ · ψ') |w| x / |x| instead of w, and ψ' x + (ψ -
    cos θ · ψ') |x| w / |w| instead of x; ψ' is the derivative by cos θ. None for the labels.

    Raises:
        ShapeError: num_output is missing; there is not one label for each vector; K differs from
            that at set-up.
        GraphError: a gradient of the labels is asked for.
        DataError: a label outside the classes.

    Source: largemargin_inner_product_layer.cpp (wy1iu/LargeMargin_Softmax_Loss); Liu, Wen, Yu,
    Yang, "Large-margin softmax loss for convolutional neural networks", 2016 (arXiv:1612.02295).
    """

    @property
    def settings(self) -> MarginParameter:
        """``largemargin_inner_product_param``."""
        return self.param.largemargin_inner_product_param

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self.fall()
        labels, own = self.true_class(bottom)
        x = self.vectors(bottom[0].data)
        product = lengths(x) * lengths(own) + _TINY
        value, _ = stretched(np.einsum("mk,mk->m", x, own) / product, self.times)
        self.product(bottom, top, product * value, labels)

    def gradients(self, top: Blobs, wanted: bool, bottom: Blobs) -> None:
        labels, own = self.true_class(bottom)
        x, weights = self.vectors(bottom[0].data), self.blobs[0].data
        dy, through = self.plain_gradient(top, labels)
        x_length, own_length = lengths(x), lengths(own)
        cosine = np.einsum("mk,mk->m", x, own) / (x_length * own_length + _TINY)
        value, slope = stretched(cosine, self.times)
        rest = value - cosine * slope
        ratio = own_length / (x_length + _TINY)
        if self.times == 1:
            through = np.zeros_like(through)
        if wanted:
            dx = dy @ weights
            dx += through[:, None] * (slope[:, None] * own + (rest * ratio)[:, None] * x)
            self.vectors(bottom[0].diff)[...] = dx
        if self.wants_gradient(0):
            dw = dy.T @ x
            ratio = x_length / (own_length + _TINY)
            one = through[:, None] * (slope[:, None] * x + (rest * ratio)[:, None] * own)
            np.add.at(dw, labels.values[:, 0], one)
            self.accumulate(0, dw)
