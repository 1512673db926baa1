"""Pictures as points in the space of a layer: neighbours, and a map of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.detection.picture_net import Picture
from minicaffe.errors import ArgumentError, DataError
from minicaffe.show.panels import as_rgb, grid, new_figure, require_offsets, title_of
from minicaffe.show.subject import Subject

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_THUMB = 32  # pixels that a picture's longer side has on the map
_ROWS = 8  # pictures whose neighbours are shown


def features(subject: Subject, images: Sequence[Picture], layer: str | None = None) -> np.ndarray:
    """What a layer makes of pictures, a row each; of feature maps their means.

    Args:
        subject: the net.
        images: the pictures, see :meth:`Subject.pixels`.
        layer: a layer's or blob's name; by default what the layer with the scores reads.

    Raises:
        UnknownNameError: there is no such layer.
        DataError: a value is not finite.
    """
    rows = []
    for image in images:
        subject.look(image)
        name = _before_scores(subject) if layer is None else subject.blob(layer)
        values = subject.net.blobs[name].data[0].astype(np.float64)
        if not np.isfinite(values).all():
            raise DataError(
                f"blob '{name}' has values that are not finite, which have no place in a space; "
                "look for such values in the weights (minicaffe view --weights)",
                path=subject.net.path,
            )
        rows.append(values.mean(axis=(1, 2)) if values.ndim == 3 else values.ravel())
    return np.stack(rows)


def _before_scores(subject: Subject) -> str:
    """The blob that the layer reads which makes the scores."""
    makers = [
        node
        for node in subject.net.nodes
        if subject.score in node.top_names and subject.score not in node.bottom_names
    ]
    return makers[-1].bottom_names[0]


def nearest(points: np.ndarray, row: int, count: int) -> np.ndarray:
    """The rows that are nearest to one by the angle between them (cosine), the nearest first.

    Args:
        points: a row each.
        row: the one, which is left out.
        count: how many, at most.
    """
    lengths = np.linalg.norm(points, axis=1)
    cosines = points @ points[row] / np.maximum(lengths * lengths[row], np.finfo(float).tiny)
    cosines[row] = -np.inf
    order: np.ndarray = np.argsort(-cosines, kind="stable")[: min(count, len(points) - 1)]
    return order


def neighbours(
    subject: Subject, images: Sequence[Picture], layer: str | None = None, count: int = 6
) -> Figure:
    """For each of the first pictures a row: itself, and those that are most like it to a layer.

    Args:
        subject, images, layer: as :func:`features` takes them.
        count: how many are in a row, itself besides.

    Raises:
        ArgumentError: there are fewer than two pictures.
    """
    _check_several(images)
    points = features(subject, images, layer)
    count = min(count, len(images) - 1)
    shown, titles = [], []
    for row in range(min(_ROWS, len(images))):
        for other in (row, *nearest(points, row, count).tolist()):
            shown.append(as_rgb(subject.pixels(images[other])))
            titles.append(_name(images[other], other))
    return grid(shown, titles, "each row: a picture, and those nearest to it", columns=count + 1)


def embedding(subject: Subject, images: Sequence[Picture], layer: str | None = None) -> Figure:
    """A map of pictures: the two directions of a layer's space in which they differ most.

    (The first two principal components; the axes say which share of the variance they hold.)

    Args:
        subject, images, layer: as :func:`features` takes them.

    Raises:
        ArgumentError: there are fewer than two pictures.
    """
    _check_several(images)
    centred = features(subject, images, layer)
    centred -= centred.mean(axis=0)
    _, spreads, axes = np.linalg.svd(centred, full_matrices=False)
    places = np.zeros((len(images), 2))
    found = (centred @ axes[:2].T)[:, :2]
    places[:, : found.shape[1]] = found
    shares = np.zeros(2)
    shares[: len(spreads[:2])] = spreads[:2] ** 2 / max((spreads**2).sum(), np.finfo(float).tiny)
    figure = new_figure(8.0, 7.0)
    plot = figure.subplots()
    offsets = require_offsets()
    plot.scatter(places[:, 0], places[:, 1], s=1)
    for place, image in zip(places, images, strict=True):
        pixels = as_rgb(subject.pixels(image))
        thumb = offsets.OffsetImage(pixels, zoom=_THUMB / max(pixels.shape[:2]))
        plot.add_artist(offsets.AnnotationBbox(thumb, place, frameon=False))
    plot.margins(0.1)
    plot.set_xlabel(f"first component ({shares[0]:.0%} of the variance)")
    plot.set_ylabel(f"second component ({shares[1]:.0%})")
    plot.set_title(title_of(layer or _before_scores(subject)))
    return figure


def _check_several(images: Sequence[Picture]) -> None:
    if len(images) < 2:
        raise ArgumentError(f"{len(images)} picture given, at least 2 expected, such as a folder")


def _name(image: Picture, number: int) -> str:
    if isinstance(image, str | os.PathLike):
        return os.path.basename(os.fspath(image))
    return str(number)
