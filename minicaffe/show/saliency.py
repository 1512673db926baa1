"""What of a picture a class depends on: gradients, Grad-CAM, occlusion."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.data.images import resize_linear
from minicaffe.detection.picture_net import Picture
from minicaffe.errors import ArgumentError
from minicaffe.show.panels import as_rgb, grid, stretched
from minicaffe.show.subject import Subject

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_BATCH = 16  # pictures that are occluded at a time
_PATCHES = 8  # along a side

#: Is told how many of how many squares have been occluded.
Progress = Callable[[int, int], None]


def saliency(
    subject: Subject,
    image: Picture,
    label: int | None = None,
    layer: str | None = None,
    names: Mapping[int, str] | None = None,
    progress: Progress | None = None,
) -> Figure:
    """A picture, and what of it a class depends on, in three ways.

    Gradient: the largest |∂ score / ∂ pixel| of the channels (Simonyan, Vedaldi and Zisserman,
    *Deep inside convolutional networks*, 2013). :func:`grad_cam` over the picture.
    :func:`occlusion`.

    Args:
        subject: the net.
        image: the picture, see :meth:`Subject.pixels`.
        label: the class; by default the best one.
        layer: of Grad-CAM; by default the last one with feature maps.
        names: of classes, by number.
        progress: see :func:`occlusion`, which takes nearly all of the time.

    Raises:
        ArgumentError: there is no such class.
        GraphError: the net has no feature maps, or a layer has no gradient.
        UnknownNameError: there is no such layer.
    """
    pixels = subject.look(image)
    label = subject.best(label)
    score = subject.scores()[0, label]
    slopes = np.abs(subject.gradient(label, subject.input)[0]).max(axis=0)
    seen = grad_cam(subject, label, layer)
    drop = occlusion(subject, image, label, progress)
    plain = as_rgb(pixels)
    share = stretched(seen, 0.0, float(seen.max()))[..., None]
    heat = np.concatenate([share, np.zeros_like(share), 1 - share], axis=2)
    title = f"{(names or {}).get(label, f'class {label}')}: {score:.4g}"
    return grid(
        [plain, slopes, 0.5 * plain / 255 + 0.5 * heat, drop],
        ["picture", "gradient", "Grad-CAM", "occlusion"],
        title,
        columns=4,
    )


def grad_cam(subject: Subject, label: int, layer: str | None = None) -> np.ndarray:
    """Where the feature maps lie that raise a class's score (Grad-CAM), of what was looked at last.

    max(0, Σ_k w_k A_k), where A_k is the layer's map k and w_k the mean of the score's gradient
    there, brought to the size of the picture (Selvaraju et al., *Grad-CAM*, 2017).

    Args:
        subject: the net, which has been run on a picture.
        label: the class.
        layer: a layer's or blob's name; by default the last one with feature maps.

    Returns:
        height × width, at least 0.

    Raises:
        UnknownNameError: there is no such layer.
        GraphError: the scores do not depend on it.
        ArgumentError: it makes no feature maps.
    """
    name = subject.last_maps() if layer is None else subject.blob(layer)
    maps = subject.net.blobs[name].data[0].astype(np.float64)
    if maps.ndim != 3:
        raise ArgumentError(
            f"'{name}' has {maps.ndim + 1} axes, expected feature maps, which have 4"
        )
    weights = subject.gradient(label, name)[0].mean(axis=(1, 2), dtype=np.float64)
    seen = np.maximum(np.tensordot(weights, maps, axes=1), 0.0)
    return np.asarray(resize_linear(seen[None].astype(np.float32), *subject.size)[0])


def occlusion(
    subject: Subject, image: Picture, label: int, progress: Progress | None = None
) -> np.ndarray:
    """By how much a class's score falls when a part of the picture is grey.

    A square of an eighth of the picture's sides moves by half of its own; a pixel has the mean fall
    of the squares that cover it (Zeiler and Fergus, *Visualizing and understanding convolutional
    networks*, 2013). The net has run on the whole picture afterwards.

    Args:
        subject: the net.
        image: the picture.
        label: the class.
        progress: is called with how many squares are done and how many there are, after each batch
            of them.

    Returns:
        height × width, in units of the score.
    """
    values = subject.preparation.values(subject.pixels(image))
    gray = values.mean(axis=(1, 2), keepdims=True)
    height, width = subject.size
    side = max(1, height // _PATCHES), max(1, width // _PATCHES)
    corners = [
        (top, left)
        for top in range(0, height - side[0] + 1, max(1, side[0] // 2))
        for left in range(0, width - side[1] + 1, max(1, side[1] // 2))
    ]
    subject.run(values[None])
    whole = subject.scores()[0, label]
    fall, covered = np.zeros((height, width)), np.zeros((height, width))
    for start in range(0, len(corners), _BATCH):
        some = corners[start : start + _BATCH]
        stack = np.repeat(values[None], len(some), axis=0)
        for item, (top, left) in zip(stack, some, strict=True):
            item[:, top : top + side[0], left : left + side[1]] = gray
        subject.run(stack)
        for (top, left), score in zip(some, subject.scores()[:, label], strict=True):
            fall[top : top + side[0], left : left + side[1]] += whole - score
            covered[top : top + side[0], left : left + side[1]] += 1
        if progress is not None:
            progress(start + len(some), len(corners))
    subject.run(values[None])
    return fall / np.maximum(covered, 1)
