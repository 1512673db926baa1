"""ShuffleChannel: the channels of groups in turn."""

from __future__ import annotations

from collections.abc import Iterator

from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, register
from minicaffe.layers.moving import MovingLayer


@register("ShuffleChannel")
class ShuffleChannel(MovingLayer):
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
        top[0].reshape_like(bottom[0])
