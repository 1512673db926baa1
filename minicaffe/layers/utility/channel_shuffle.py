"""ChannelShuffle: runs of channels exchanged between groups."""

from __future__ import annotations

import math
from collections.abc import Iterator

from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, register
from minicaffe.layers.moving import MovingLayer


@register("ChannelShuffle")
class ChannelShuffle(MovingLayer):
    """Exchanges channels between groups, ``shuffle_channel_num`` neighbours at a time.

    With ``shuffle_pattern: 1`` run f · g + j of group i, of g groups, becomes run i · F + f of
    group j, where a group has g · F runs: of nine channels in three groups, 123 456 789, it makes
    147 258 369. (ShuffleChannel has another permutation as soon as F is more than 1.) The fork's
    own code leaves i out, so that its groups overwrite each other; this is what its readme shows.

    With ``shuffle_pattern: 0`` the values of an item are put in the order of (H, W, C), in a blob
    whose shape still says (C, H, W).

    Shapes: bottom (N, C, H, W), or any other with at least two axes; top like it.

    Settings: ``channel_shuffle_param``: shuffle_pattern (1), group (1), shuffle_channel_num (1).

    Gradients: dy in the order of the bottom.

    Raises:
        GraphError: another pattern, or a number below 1.
        ShapeError: there are fewer than two axes, or the channels cannot be divided so.

    Source: channel_shuffle_layer.cpp
    (HolmesShuan/ShuffleNet-An-Extremely-Efficient-CNN-for-Mobile-Devices-Caffe-Reimplementation).
    """

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.channel_shuffle_param
        if param.shuffle_pattern not in (0, 1):
            yield GraphError(f"shuffle_pattern is {param.shuffle_pattern}, expected 0 or 1")
        for field in ("group", "shuffle_channel_num"):
            if getattr(param, field) < 1:
                yield GraphError(f"{field} is {getattr(param, field)}, expected at least 1")

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        param, shape = self.param.channel_shuffle_param, bottom[0].shape
        if len(shape) < 2:
            raise ShapeError(f"a bottom of shape {shape_text(shape)} has no channels (axis 1)")
        top[0].reshape_like(bottom[0])
        if param.shuffle_pattern == 0:
            self.view = (shape[0], shape[1], math.prod(shape[2:]))
            self.order = (0, 2, 1)
            return
        group, run = param.group, param.shuffle_channel_num
        if shape[1] % (group * group * run):
            raise ShapeError(
                f"{shape[1]} channels cannot be divided into {group} groups of {group} parts of "
                f"runs of {run}; a multiple of {group * group * run} is expected"
            )
        runs = shape[1] // (group * group * run)
        self.view = (shape[0], group, runs, group, run, *shape[2:])
        self.order = (0, 3, 1, 2, *range(4, len(self.view)))
