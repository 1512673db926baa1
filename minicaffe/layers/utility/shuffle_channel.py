"""ShuffleChannel: the channels of groups in turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, register


@register("ShuffleChannel")
class ShuffleChannel(Layer):
    """Takes a channel of every group in turn: y[j · g + i] = x[i · C/g + j] with g groups.

    Shapes: bottom x (N, C, H, W), or any other with at least two axes; top y like x.

    Settings: ``shuffle_channel_param``: group (1).

    Gradients: dx[i · C/g + j] = dy[j · g + i].

    Raises:
        GraphError: ``group`` is 0.
        ShapeError: there are fewer than two axes, or the channels cannot be divided into groups.

    Source: shuffle_channel_layer.cpp (farmingyard/ShuffleNet); Zhang, Zhou, Lin, Sun, "ShuffleNet",
    2017 (arXiv:1707.01083).
    """

    in_place = False
    exact_bottoms = 1
    exact_tops = 1
    backward_reads = ()

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        if not self.param.shuffle_channel_param.group:
            yield GraphError("group is 0, expected at least 1")

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        group, shape = self.param.shuffle_channel_param.group, bottom[0].shape
        if len(shape) < 2 or shape[1] % group:
            raise ShapeError(
                f"the channels of a bottom of shape {shape_text(shape)} (axis 1) cannot be divided "
                f"into group: {group} parts"
            )
        self.view = (shape[0], group, shape[1] // group, *shape[2:])
        self.order = (0, 2, 1, *range(3, len(self.view)))
        self._taken = (shape[0], shape[1] // group, group, *shape[2:])
        top[0].reshape_like(bottom[0])

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        grouped = bottom[0].data.reshape(self.view)
        np.copyto(top[0].data.reshape(self._taken), grouped.transpose(self.order))

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            taken = top[0].diff.reshape(self._taken)
            np.copyto(bottom[0].diff.reshape(self.view), taken.transpose(self.order))
