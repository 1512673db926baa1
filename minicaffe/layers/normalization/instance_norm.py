"""InstanceNorm: each channel is normalised within each item."""

from __future__ import annotations

from minicaffe.layer import register
from minicaffe.layers.channels import require_channels
from minicaffe.layers.normalization.layer_norm import ItemNorm
from minicaffe.proto import caffe_pb2


@register("InstanceNorm")
class InstanceNorm(ItemNorm):
    """Each channel of each item is normalised by itself; γ and β for each channel::

        y = γ · (x - mean) / √(var + eps) + β     mean and var (over their count) of a channel

    Unlike MVN it adds eps to the variance, takes any number of axes and leaves their number alone.

    Shapes: bottom x (N, C, …); top y like x, also in place; with ``affine`` blobs[0] is γ (C),
    filled by ``scale_filler`` (1 without one), and blobs[1] is β (C), filled by ``bias_filler`` (0
    without one).

    Settings: ``instance_norm_param``: eps (1e-5), affine (true).

    Gradients: with g = γ · dy, x̂ = (x - mean) / √(var + eps) and means over a channel of an item::

        dx = (g - mean(g) - x̂ · mean(g · x̂)) / √(var + eps)
        dγ = Σ dy · x̂        dβ = Σ dy        over all values that share them

    Raises:
        ShapeError: fewer than two axes; another number of channels than at set-up.

    Source: minicaffe; Ulyanov, Vedaldi & Lempitsky, "Instance normalization", 2016
    (arXiv:1607.08022).
    """

    @property
    def settings(self) -> caffe_pb2.InstanceNormParameter:
        return self.param.instance_norm_param

    def rows(self, shape: tuple[int, ...]) -> int:
        require_channels(shape)
        return shape[0] * shape[1]
