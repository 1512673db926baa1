"""GroupNorm: groups of channels are normalised within each item."""

from __future__ import annotations

from collections.abc import Iterator

from minicaffe.blob import shape_text
from minicaffe.errors import MinicaffeError, ShapeError
from minicaffe.layer import register
from minicaffe.layers.channels import require_channels
from minicaffe.layers.normalization.layer_norm import ItemNorm
from minicaffe.proto import caffe_pb2


@register("GroupNorm")
class GroupNorm(ItemNorm):
    """Each item's channels in ``num_groups`` groups of neighbours; γ and β for each channel::

        y = γ · (x - mean) / √(var + eps) + β     mean and var (over their count) of a group

    One group normalises each item as a whole, C groups are InstanceNorm.

    Shapes: bottom x (N, C, …); top y like x, also in place; with ``affine`` blobs[0] is γ (C),
    filled by ``scale_filler`` (1 without one), and blobs[1] is β (C), filled by ``bias_filler`` (0
    without one).

    Settings: ``group_norm_param``: num_groups (32), eps (1e-5), affine (true).

    Gradients: with g = γ · dy, x̂ = (x - mean) / √(var + eps) and means over a group of an item::

        dx = (g - mean(g) - x̂ · mean(g · x̂)) / √(var + eps)
        dγ = Σ dy · x̂        dβ = Σ dy        over all values that share them

    Raises:
        ShapeError: fewer than two axes; C is no multiple of ``num_groups``.

    Source: minicaffe; Wu & He, "Group normalization", 2018 (arXiv:1803.08494).
    """

    @property
    def settings(self) -> caffe_pb2.GroupNormParameter:
        return self.param.group_norm_param

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        if self.settings.num_groups < 1:
            yield ShapeError(f"num_groups is {self.settings.num_groups}, expected at least 1")

    def rows(self, shape: tuple[int, ...]) -> int:
        require_channels(shape)
        groups = self.settings.num_groups
        if shape[1] % groups:
            raise ShapeError(
                f"{shape[1]} channels (shape {shape_text(shape)}) cannot be divided into "
                f"num_groups: {groups}"
            )
        return shape[0] * groups
