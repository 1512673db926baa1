"""MultiStageMeanfield: a conditional random field as a recurrent network (CRF-RNN)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, refuse_gradient, register
from minicaffe.layers.utility.softmax import softmax
from minicaffe.layers.vision.permutohedral import Permutohedral, colours, places
from minicaffe.proto.dialects import changes_nothing

_THETAS = ("theta_alpha", "theta_beta", "theta_gamma")


@register("MultiStageMeanfield")
class MultiStageMeanfield(Layer):
    """Mean-field steps q ← u - μ (W₁ G₁(p) + W₂ G₂(p)) with p = softmax(q) over the classes.

    G₁ is a Gaussian filter over places, of theta_gamma pixels; G₂ one over places and colours, of
    theta_alpha pixels and theta_beta steps of colour. Each is divided by what it makes of ones, and
    computed on the permutohedral lattice, as in its home. The first q is bottom 1; u is bottom 0.

    Shapes: bottom 0, u (N, C, H, W); bottom 1 like it; bottom 2, images (N, 3, H, W), their means
    subtracted or not; top, the last q (N, C, H, W), not a probability yet. ``blobs[0]``, W₁,
    ``blobs[1]``, W₂, and ``blobs[2]``, μ, (1, 1, C, C) each. W₁ and W₂ begin with the filters'
    weights on the diagonal, μ with -1.

    Settings: ``multi_stage_meanfield_param``: num_iterations, required; theta_gamma (3),
    theta_alpha (160), theta_beta (3); spatial_filter_weight (3), bilateral_filter_weight (5), or
    one for each class in the texts spatial_filter_weights_str and bilateral_filter_weights_str;
    compatibility_mode (POTTS); threshold counts for nothing. The first version of its home reads
    the weights from files spatial.par and bilateral.par, which hold 3s and 5s.

    Gradients: du = Σ dq over the steps; those of W₁, W₂ and μ are products of dq with what they are
    multiplied with; dp goes through the transposed filters and the softmax to the q before. None
    for the images.

    Raises:
        GraphError: num_iterations is missing; a theta is not positive; not one weight a class; an
            unknown compatibility_mode; a gradient of the images is asked for.
        ShapeError: the bottoms do not fit together.
        DataError: a pixel is not finite, or too far away from the others.

    Source: multi_stage_meanfield.cpp (torrvision/caffe); Zheng et al., "Conditional random fields
    as recurrent neural networks", 2015 (arXiv:1502.03240).
    """

    in_place = False
    exact_bottoms = 3
    exact_tops = 1
    backward_reads = ()
    fork_fields = changes_nothing("force_cpu")

    @classmethod
    def allow_force_backward(cls, index: int) -> bool:
        """Not for the images."""
        return index < 2

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.multi_stage_meanfield_param
        if param.num_iterations < 1:
            yield GraphError("num_iterations is missing or 0, expected the number of steps")
        for name in _THETAS:
            if not getattr(param, name) > 0:
                yield GraphError(f"{name} is {getattr(param, name):g}, expected above 0")
        if param.compatibility_mode != param.POTTS:
            yield GraphError("compatibility_mode is not POTTS, the only one that there is")

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.multi_stage_meanfield_param
        if len(bottom[0].shape) != 4:
            raise ShapeError(f"bottom 0 has shape {shape_text(bottom[0].shape)}, expected N×C×H×W")
        classes = bottom[0].shape[1]
        spatial = _weights(param.spatial_filter_weights_str, param.spatial_filter_weight, classes)
        bilateral = _weights(
            param.bilateral_filter_weights_str, param.bilateral_filter_weight, classes
        )
        for diagonal in (spatial, bilateral, [-1.0] * classes):
            self.add_param((1, 1, classes, classes)).data[0, 0] = np.diag(diagonal)
        self._size: tuple[int, ...] = ()
        self._steps: list[list[np.ndarray]] = []
        self._appearance: list[_Filter] = []

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        shape, classes = bottom[0].shape, self.blobs[0].shape[-1]
        image = (*shape[:1], 3, *shape[2:])
        if len(shape) != 4 or shape[1] != classes or bottom[1].shape != shape:
            raise ShapeError(
                f"bottoms 0 and 1 have shapes {shape_text(shape)} and "
                f"{shape_text(bottom[1].shape)}; both N×{classes}×H×W are expected"
            )
        if bottom[2].shape != image:
            raise ShapeError(
                f"bottom 2 has shape {shape_text(bottom[2].shape)}, expected images of three "
                f"colours, {shape_text(image)}"
            )
        top[0].reshape(*shape)
        if shape[2:] != self._size:
            self._size = shape[2:]
            theta = self.param.multi_stage_meanfield_param.theta_gamma
            self._smoothness = _Filter(places(*self._size) / theta)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.multi_stage_meanfield_param
        self._steps, self._appearance = [], []
        for item, image in enumerate(bottom[2].data):
            space = places(*self._size) / param.theta_alpha
            points = np.concatenate([space, colours(image) / param.theta_beta], axis=1)
            self._appearance.append(_Filter(points))
            unary, q = _flat(bottom[0].data[item]), _flat(bottom[1].data[item])
            seen = []
            for _ in range(param.num_iterations):
                seen.append(q)
                _, _, _, message = self._messages(item, q)
                q = unary - self.blobs[2].data[0, 0] @ message
            self._steps.append([seen[0].copy(), *seen[1:]])
            _flat(top[0].data[item])[...] = q

    def _messages(
        self, item: int, q: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """p, G₁(p), G₂(p) and W₁ G₁(p) + W₂ G₂(p) of a step."""
        prob = np.empty_like(q)
        softmax(q, 0, prob)
        smooth, similar = self._smoothness(prob), self._appearance[item](prob)
        message = self.blobs[0].data[0, 0] @ smooth + self.blobs[1].data[0, 0] @ similar
        return prob, smooth, similar, message

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradient(propagate_down, 2, "the images")
        first, second, compatible = (blob.data[0, 0] for blob in self.blobs)
        for item, steps in enumerate(self._steps):
            dq = _flat(top[0].diff[item])
            unary = np.zeros_like(dq)
            for q in reversed(steps):
                prob, smooth, similar, message = self._messages(item, q)
                unary += dq
                self.accumulate(2, -dq @ message.T)
                dmessage = -compatible.T @ dq
                self.accumulate(0, dmessage @ smooth.T)
                self.accumulate(1, dmessage @ similar.T)
                dprob = self._smoothness.transposed(first.T @ dmessage)
                dprob += self._appearance[item].transposed(second.T @ dmessage)
                dq = prob * (dprob - np.einsum("cn,cn->n", prob, dprob))
            for wanted, blob, diff in zip(propagate_down, bottom, (unary, dq), strict=False):
                if wanted:
                    _flat(blob.diff[item])[...] = diff


class _Filter:
    """A Gaussian filter whose weights add up to 1 for each point."""

    def __init__(self, points: np.ndarray) -> None:
        self._lattice = Permutohedral(points)
        self._factor = self._lattice.normalizer()

    def __call__(self, values: np.ndarray) -> np.ndarray:
        return self._lattice.filter(values) * self._factor.astype(values.dtype)

    def transposed(self, values: np.ndarray) -> np.ndarray:
        return self._lattice.filter(values * self._factor.astype(values.dtype), reverse=True)


def _flat(item: np.ndarray) -> np.ndarray:
    """The values of one item (C, H, W) as (C, H·W), a view."""
    return item.reshape(item.shape[0], item.size // item.shape[0] if item.shape[0] else 0)


def _weights(text: str, otherwise: float, classes: int) -> list[float]:
    """One weight for each class: those of a text, or one number for all.

    Raises:
        GraphError: the text has not one number for each class.
    """
    if not text.split():
        return [otherwise] * classes
    try:
        found = [float(word) for word in text.split()]
    except ValueError:
        found = []
    if len(found) != classes:
        raise GraphError(f"filter weights are '{text}', expected {classes} numbers, one a class")
    return found
