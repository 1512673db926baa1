"""Filters, activations and gradients of layers, as figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.detection.finder import Picture
from minicaffe.draw.filters import filter_picture
from minicaffe.errors import GraphError
from minicaffe.net.net import Net
from minicaffe.show.panels import as_rgb, grid, new_figure, picture
from minicaffe.show.subject import Subject

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MAPS = 63  # feature maps in a figure, beside the picture


def filters(net: Net, layer: str | None = None) -> Figure:
    """The filters of a convolution, or the matrix of another layer that learns one.

    See :func:`minicaffe.draw.filters.filter_picture` for what the colours mean.

    Args:
        net: with its weights.
        layer: the layer's name; by default the first one whose filters have more than one pixel.

    Raises:
        GraphError: there is no such layer, or it has no filters.
        UnknownNameError: the net has no layer of this name with parameters.
    """
    name = layer or _first_filters(net)
    if name in net.layer_names and name not in net.params:
        raise GraphError(
            f"layer '{name}' has no weights; those that have: {', '.join(net.params)}",
            path=net.path,
        )
    weights = net.params[name][0].data
    shown = filter_picture(weights)
    if shown is None:
        raise GraphError(
            f"the parameters of layer '{name}' have the shape {shape_text(weights.shape)}, "
            "expected filters or a matrix",
            path=net.path,
        )
    height, width = shown.pixels.shape[:2]
    zoom = 8 / max(height, width)
    figure = new_figure(max(4.0, width * zoom), max(2.0, height * zoom + 0.6))
    picture(
        figure.subplots(), shown.pixels, f"{name}\n{shape_text(weights.shape)}\n{shown.caption}"
    )
    return figure


def _first_filters(net: Net) -> str:
    for name, blobs in net.params.items():
        shape = blobs[0].shape
        if len(shape) == 4 and shape[2:] != (1, 1):
            return name
    others = f"; layers with weights: {', '.join(net.params)}" if net.params else ""
    raise GraphError(f"no layer of the net has filters{others}", path=net.path)


def activations(subject: Subject, image: Picture, layer: str | None = None) -> Figure:
    """The feature maps that a layer makes of a picture: dark is the smallest value of each.

    Args:
        subject: the net.
        image: the picture, see :meth:`Subject.pixels`.
        layer: a layer's or blob's name; by default the last one with feature maps.

    Raises:
        UnknownNameError: there is no such layer.
        GraphError: it makes no feature maps.
    """
    pixels = subject.look(image)
    name = subject.last_maps() if layer is None else subject.blob(layer)
    values = subject.net.blobs[name].data
    return _maps(subject, pixels, name, values, f"{name}: {shape_text(values.shape)}")


def gradients(
    subject: Subject,
    image: Picture,
    layer: str | None = None,
    label: int | None = None,
    names: Mapping[int, str] | None = None,
) -> Figure:
    """∂ score of a class / ∂ feature maps: light where a larger value would raise the score.

    Args:
        subject: the net.
        image: the picture.
        layer: a layer's or blob's name; by default the last one with feature maps.
        label: the class; by default the best one.
        names: of classes, by number.

    Raises:
        UnknownNameError: there is no such layer.
        GraphError: it makes no feature maps, or the scores do not depend on it.
        ArgumentError: there is no such class.
    """
    pixels = subject.look(image)
    name = subject.last_maps() if layer is None else subject.blob(layer)
    label = subject.best(label)
    values = subject.gradient(label, name)
    told = f"gradient of {(names or {}).get(label, f'class {label}')} at {name}"
    return _maps(subject, pixels, name, values, told)


def _maps(
    subject: Subject, pixels: np.ndarray, name: str, values: np.ndarray, headline: str
) -> Figure:
    if values.ndim != 4:
        hint = f"those that are: {', '.join(subject.maps()) or 'none'}"
        raise GraphError(
            f"'{name}' has the shape {shape_text(values.shape)} and is no feature maps; {hint}",
            path=subject.net.path,
        )
    shown = values[0, :_MAPS]
    if len(shown) < values.shape[1]:
        headline += f", the first {len(shown)}"
    images = [as_rgb(pixels), *shown]
    return grid(images, ["picture", *map(str, range(len(shown)))], headline)
