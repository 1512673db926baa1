"""Axpy, ShuffleChannel, ChannelShuffle, Flip, Reverse, Transpose: channels and axes moved."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.layers.harness import Case

Arrays = list[np.ndarray]
Reference = Callable[[Arrays, Arrays], Arrays]


def axpy(bottoms: Arrays, _: Arrays) -> Arrays:
    a, x, y = bottoms
    z = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        z[index] = a[index[:2]].item() * x[index] + y[index]
    return [z]


def channels(order: list[int]) -> Reference:
    """The bottom's channels in this order."""
    return lambda b, _: [np.stack([b[0][:, c] for c in order], axis=1)]


def last_to_first(bottoms: Arrays, _: Arrays) -> Arrays:
    """The values of an item in the order (H, W, C), in its old shape."""
    x = bottoms[0]
    return [np.array([item.transpose(1, 2, 0).ravel() for item in x]).reshape(x.shape)]


CASES = [
    Case("Axpy", bottoms=[(2, 3, 1, 1), (2, 3, 4, 5), (2, 3, 4, 5)], reference=axpy),
    Case("Axpy", bottoms=[(2, 3), (2, 3, 4, 5), (2, 3, 4, 5)], reference=axpy, name="two axes"),
    Case("Axpy", bottoms=[(2, 3)] * 3, reference=axpy, name="no pixels"),
    Case("ShuffleChannel", "shuffle_channel_param { group: 3 }", [(2, 6, 4, 5)],
         reference=channels([0, 2, 4, 1, 3, 5])),
    Case("ShuffleChannel", "shuffle_channel_param { group: 2 }", [(2, 6)],
         reference=channels([0, 3, 1, 4, 2, 5])),
    Case("ShuffleChannel", reference=channels([0, 1, 2])),
    Case("ChannelShuffle", "channel_shuffle_param { group: 3 }", [(2, 9, 2, 1)],
         reference=channels([0, 3, 6, 1, 4, 7, 2, 5, 8])),
    Case("ChannelShuffle", "channel_shuffle_param { group: 2 shuffle_channel_num: 2 }",
         [(2, 16, 1, 2)],
         reference=channels([0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15])),
    Case("ChannelShuffle", "channel_shuffle_param { shuffle_pattern: 0 }", reference=last_to_first),
    Case("Flip", reference=lambda b, _: [b[0][:, :, :, ::-1]]),
    Case("Flip", "flip_param { flip_height: true }",
         reference=lambda b, _: [b[0][:, :, ::-1, ::-1]]),
    Case("Flip", "flip_param { flip_height: true flip_width: false }",
         reference=lambda b, _: [b[0][:, :, ::-1]]),
    Case("Reverse", reference=lambda b, _: [b[0][::-1]]),
    Case("Reverse", "reverse_param { axis: 2 }", reference=lambda b, _: [b[0][:, :, ::-1]]),
    Case("Transpose", "transpose_param { dim: 3 dim: 0 dim: 1 dim: 2 }",
         reference=lambda b, _: [np.moveaxis(b[0], 3, 0)]),
    Case("Transpose", "transpose_param { dim: 0 }", bottoms=[(3,)],
         reference=lambda b, _: [b[0]]),
]  # fmt: skip
