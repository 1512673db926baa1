"""DenseCRF: DeepLab's fully connected conditional random field."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.blob import Blob, shape_text
from minicaffe.errors import DataError, GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.utility.softmax import softmax
from minicaffe.layers.vision.permutohedral import Permutohedral, colours, places


@register("DenseCRF")
class DenseCRF(Layer):
    """Mean-field steps p ← softmax(log p₀ + Σ_k w_k G_k(p)), p₀ being the softmax of the scores.

    Each G_k is a Gaussian filter, divided by what it makes of ones, on the permutohedral lattice:
    one over places for each ``pos_w``, and with images one over places and colours for each
    ``bi_w``. Where an image is smaller than the blob, its margin right and below has no part and
    gives 0. (The fork looks at the first image of the batch for all items; each has its own here.)

    Shapes: bottom 0, scores (N, C, H, W); bottom 1, each image's height and width (N, 2, …) in
    pixels; bottom 2, optional, images (N, 3, H, W); top, probabilities (N, C, H, W), or their
    logarithms with ``output_probability: false``.

    Settings: ``dense_crf_param``: max_iter (10), steps; pos_xy_std, in pixels, and pos_w, as many;
    bi_xy_std, in pixels, bi_rgb_std and bi_w, as many; output_probability (true).

    Gradients: none; the fork has none, and writes nothing.

    Raises:
        GraphError: not as many deviations as weights; a deviation is not positive; images without
            bi_w; a gradient is asked for.
        ShapeError: the bottoms do not fit together.
        DataError: an image's size is not inside the blob; a pixel is not finite.

    Source: densecrf_layer.cpp (TheLegendAli/DeepLab-Context, hszhao/PSPNet); Krähenbühl, Koltun,
    "Efficient inference in fully connected CRFs with Gaussian edge potentials", 2011
    (arXiv:1210.5644).
    """

    in_place = False
    min_bottoms = 2
    max_bottoms = 3
    exact_tops = 1
    backward_reads = ()

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.dense_crf_param
        for weights, names in (
            ("pos_w", ("pos_xy_std",)),
            ("bi_w", ("bi_xy_std", "bi_rgb_std")),
        ):
            count = len(getattr(param, weights))
            for name in names:
                values = list(getattr(param, name))
                if len(values) != count:
                    yield GraphError(f"{len(values)} of {name} for {count} of {weights}")
                if any(not value > 0 for value in values):
                    yield GraphError(f"{name} is {values}, expected above 0")
        if len(self.param.bottom) > 2 and not param.bi_w:
            yield GraphError("there are images, but no bi_w; give bi_w, bi_xy_std and bi_rgb_std")

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        shape = bottom[0].shape
        if len(shape) != 4:
            raise ShapeError(f"bottom 0 has shape {shape_text(shape)}, expected N×C×H×W")
        if bottom[1].count < 2 * shape[0] or bottom[1].shape[:1] != shape[:1]:
            raise ShapeError(
                f"bottom 1 has shape {shape_text(bottom[1].shape)}; height and width for each of "
                f"{shape[0]} items are expected"
            )
        if len(bottom) > 2 and bottom[2].shape != (shape[0], 3, *shape[2:]):
            raise ShapeError(
                f"bottom 2 has shape {shape_text(bottom[2].shape)}, expected images of three "
                f"colours, {shape_text((shape[0], 3, *shape[2:]))}"
            )
        top[0].reshape(*shape)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        top[0].data[...] = 0
        for item, scores in enumerate(bottom[0].data):
            height, width = _size(bottom[1], item, scores.shape[1:])
            image = bottom[2].data[item, :, :height, :width] if len(bottom) > 2 else None
            start = np.ascontiguousarray(scores[:, :height, :width]).reshape(len(scores), -1)
            prob = self._infer(start, (height, width), image)
            if not self.param.dense_crf_param.output_probability:
                prob = np.log(np.maximum(prob, np.finfo(np.float32).tiny))
            top[0].data[item, :, :height, :width] = prob.reshape(-1, height, width)

    def _infer(
        self, scores: np.ndarray, size: tuple[int, int], image: np.ndarray | None
    ) -> np.ndarray:
        """Probabilities of the classes (C, H·W) after all steps."""
        first, prob = np.empty_like(scores), np.empty_like(scores)
        softmax(scores, 0, first)
        np.copyto(prob, first)
        unary = np.log(np.maximum(first, np.finfo(first.dtype).tiny))
        filters = list(self._filters(size, image))
        for _ in range(self.param.dense_crf_param.max_iter):
            following = unary.copy()
            for weight, lattice, factor in filters:
                following += lattice.filter(prob) * (weight * factor).astype(prob.dtype)
            softmax(following, 0, prob)
        return prob

    def _filters(
        self, size: tuple[int, int], image: np.ndarray | None
    ) -> Iterator[tuple[float, Permutohedral, np.ndarray]]:
        """Weight, filter, and the filter's divisor for each pixel."""
        param, space = self.param.dense_crf_param, places(*size)
        for weight, pixels in zip(param.pos_w, param.pos_xy_std, strict=True):
            lattice = Permutohedral(space / pixels)
            yield weight, lattice, lattice.normalizer()
        if image is None:
            return
        for weight, pixels, steps in zip(
            param.bi_w, param.bi_xy_std, param.bi_rgb_std, strict=True
        ):
            points = [space / pixels, colours(image) / steps]
            lattice = Permutohedral(np.concatenate(points, axis=1))
            yield weight, lattice, lattice.normalizer()

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        if any(propagate_down):
            raise GraphError(
                "DenseCRF has no gradient; it is for nets in use, after their training"
            )


def _size(sizes: Blob, item: int, padded: tuple[int, ...]) -> tuple[int, int]:
    """Height and width of the part of an item that is an image.

    Raises:
        DataError: what bottom 1 says lies outside of the blob.
    """
    height, width = sizes.data.reshape(sizes.shape[0], -1)[item, :2]
    if padded[0] <= height and padded[1] <= width:
        return padded[0], padded[1]  # the image was cropped
    if not (1 <= height <= padded[0] and 1 <= width <= padded[1]):
        raise DataError(
            f"bottom 1 says that image {item} has {height:g}×{width:g} pixels, but the scores have "
            f"{shape_text(padded)}"
        )
    return int(height), int(width)
