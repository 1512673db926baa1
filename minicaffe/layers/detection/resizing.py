"""Images resized with their boxes, as SSD's ``resize_param`` says."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from minicaffe.data.interpolation import resize
from minicaffe.errors import GraphError, MinicaffeError
from minicaffe.layers.detection.annotations import Example
from minicaffe.layers.detection.boxes import clip
from minicaffe.proto import caffe_pb2

_PARAM = caffe_pb2.ResizeParameter

#: So many batches in a row have one size, where sizes are drawn.
SAME_SIZE = 10

_PROB_ROUNDING = 0.01  # the fork's


def resize_mistakes(param: caffe_pb2.ResizeParameter) -> Iterator[MinicaffeError]:
    """What is wrong with a ``ResizeParameter`` whatever the images are."""
    if not (param.height and param.width):
        yield GraphError(
            f"resize_param has height {param.height} and width {param.width}; expected both"
        )
    if param.height_scale or param.width_scale:
        yield GraphError("height_scale and width_scale are not for data; leave them out")


def policy_mistakes(
    params: Sequence[caffe_pb2.ResizeParameter], batch_size: int
) -> Iterator[MinicaffeError]:
    """What is wrong with the ``resize_param`` of a layer whatever the images are."""
    for param in params:
        yield from resize_mistakes(param)
    if batch_size > 1 and any(it.resize_mode == _PARAM.FIT_SMALL_SIZE for it in params):
        yield GraphError(
            f"resize_mode is FIT_SMALL_SIZE and batch_size {batch_size}; images of "
            "a batch would differ in size, so batch_size must be 1"
        )
    shares = [param.prob for param in params]
    if len(params) > 1 and not (min(shares) >= 0 and abs(sum(shares) - 1) <= _PROB_ROUNDING):
        yield GraphError(
            f"prob of the {len(params)} resize_param is {', '.join(f'{it:g}' for it in shares)}; "
            "one of several is drawn, so expected shares of 0 to 1 that add up to 1"
        )


def draw_resize(params: Sequence[caffe_pb2.ResizeParameter], rng: np.random.Generator) -> int:
    """The index of one of several, drawn by their shares ``prob``; nothing is drawn for one."""
    if len(params) < 2:
        return 0
    shares = np.array([param.prob for param in params])
    return int(rng.choice(len(params), p=shares / shares.sum()))


def resize_example(
    example: Example, param: caffe_pb2.ResizeParameter, rng: np.random.Generator
) -> Example:
    """Resize an image; its boxes are cut at its edge.

    WARP
        to the size, whatever the proportions.
    FIT_LARGE_SIZE_AND_PAD
        so that the longer side fits, in the middle; the rest is filled.
    FIT_SMALL_SIZE
        so that the shorter side fits; the other one is longer than asked for.

    One of ``interp_mode`` is drawn, LINEAR without any.
    """
    height, width = resized_size(example.size, param)
    modes = list(param.interp_mode) or [_PARAM.LINEAR]
    image = resize(example.image, height, width, modes[int(rng.integers(len(modes)))])
    boxes = clip(example.boxes)
    if param.resize_mode == _PARAM.FIT_LARGE_SIZE_AND_PAD:
        image = _padded(image, param)
        shares = np.tile(_exact_shares(example.size, param), 2)
        boxes = (1 - shares) / 2 + boxes * shares
    return replace(example, image=image, boxes=boxes)


def resized_size(size: tuple[int, int], param: caffe_pb2.ResizeParameter) -> tuple[int, int]:
    """Height and width that an image of a size is resized to, before it is filled."""
    aspect, wanted = size[1] / size[0], param.width / param.height
    if param.resize_mode == _PARAM.WARP:
        return param.height, param.width
    wide = (
        aspect > wanted if param.resize_mode == _PARAM.FIT_LARGE_SIZE_AND_PAD else aspect < wanted
    )
    if wide:
        return max(1, math.floor(param.width / aspect)), param.width
    return param.height, max(1, math.floor(aspect * param.height))


def output_size(size: tuple[int, int], param: caffe_pb2.ResizeParameter) -> tuple[int, int]:
    """Height and width of the result."""
    if param.resize_mode == _PARAM.FIT_LARGE_SIZE_AND_PAD:
        return param.height, param.width
    return resized_size(size, param)


def _exact_shares(size: tuple[int, int], param: caffe_pb2.ResizeParameter) -> np.ndarray:
    """How much of the width and the height the image takes, without rounding to pixels."""
    aspect, wanted = size[1] / size[0], param.width / param.height
    return np.array([min(1.0, aspect / wanted), min(1.0, wanted / aspect)])


def _padded(image: np.ndarray, param: caffe_pb2.ResizeParameter) -> np.ndarray:
    """Put the image into the middle, and fill what is left."""
    down, across = param.height - image.shape[1], param.width - image.shape[2]
    margins = ((0, 0), (down // 2, down - down // 2), (across // 2, across - across // 2))
    if param.pad_mode == _PARAM.REPEAT_NEAREST:
        return np.pad(image, margins, mode="edge")
    if param.pad_mode == _PARAM.MIRRORED:
        return np.pad(image, margins, mode="reflect")
    filled = np.empty((len(image), param.height, param.width), np.uint8)
    values = np.resize(list(param.pad_value) or [0], len(image))
    filled[...] = np.clip(np.rint(values), 0, 255).astype(np.uint8)[:, None, None]
    rows = slice(margins[1][0], margins[1][0] + image.shape[1])
    filled[:, rows, margins[2][0] : margins[2][0] + image.shape[2]] = image
    return filled
