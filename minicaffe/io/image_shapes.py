"""What is wrong with an image that a net or a Transformer cannot take, and how to mend it."""

from __future__ import annotations

import os

import numpy as np

from minicaffe.arguments import shown
from minicaffe.blob import shape_text


def wrong_image(shape: tuple[int, ...], channels: int) -> str:
    """Why an image does not have the axes height × width × channels; "" if it has.

    Args:
        shape: the image's.
        channels: how many the net takes.
    """
    found = f"the image has shape {shape_text(shape)}, expected height×width×{channels}"
    if len(shape) == 2:
        return f"{found}: a grey image has a third axis of length 1, image[:, :, np.newaxis]"
    if len(shape) != 3:
        return found
    if shape[2] == channels:
        return ""
    if shape[0] == channels:
        return f"{found}: its channels come first; give image.transpose(1, 2, 0)"
    if channels == 1 and shape[2] in (3, 4):
        return f"{found}: the net takes grey images; load it with load_image(file, color=False)"
    if shape[2] == 1:
        return (
            f"{found}: it is grey; load it with load_image(file), or give "
            f"np.repeat(image, {channels}, axis=2)"
        )
    if shape[2] == 4:
        return f"{found}: leave out its alpha channel, image[:, :, :3]"
    return found


def not_a_list(inputs: object) -> str:
    """Why something is no list of images; "" for what may be one."""
    if isinstance(inputs, np.ndarray) and inputs.ndim in (2, 3):
        shape = shape_text(inputs.shape)
        return f"one array of shape {shape} is given, expected a list of images: [image]"
    if isinstance(inputs, str | bytes | os.PathLike):
        return f"{shown(inputs)} is given, expected a list of images: [load_image(file)]"
    if not np.iterable(inputs):
        return f"{shown(inputs)} is given, expected a list of images: [image]"
    if isinstance(inputs, list | tuple):
        for name in inputs:
            if isinstance(name, str | bytes | os.PathLike):
                return f"{shown(name)} is no image; load_image(file) makes one of a file's name"
    return ""
