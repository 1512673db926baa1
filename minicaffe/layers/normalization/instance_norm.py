"""InstanceNorm: each channel is normalised within each item."""

from __future__ import annotations

from typing import Any

from minicaffe.layer import register
from minicaffe.layers.normalization.group_norm import _require_channels
from minicaffe.layers.normalization.layer_norm import ItemNorm


@register("InstanceNorm")
class InstanceNorm(ItemNorm):
    """Each channel of each item is normalised by itself; γ and β for each channel.

    Shapes: a bottom of at least two axes, channels on axis 1; γ and β (C). Unlike MVN it
    adds eps to the variance, takes any number of axes and leaves their number alone.

    Raises:
        ShapeError: fewer than two axes; another number of channels than at set-up.

    Source: Ulyanov, Vedaldi, Lempitsky, "Instance normalization", 2016 (arXiv:1607.08022).
    """

    @property
    def settings(self) -> Any:
        return self.param.instance_norm_param

    def rows(self, shape: tuple[int, ...]) -> int:
        _require_channels(shape)
        return shape[0] * shape[1]
