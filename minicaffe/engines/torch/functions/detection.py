"""Detection layers."""

from __future__ import annotations

from torch import Tensor

from minicaffe.blob import Blob
from minicaffe.engines.torch.functions import function_for
from minicaffe.engines.torch.functions.formulas import like
from minicaffe.layers.detection.prior_box import PriorBox, PriorLayer
from minicaffe.layers.detection.prior_box_clustered import PriorBoxClustered


@function_for(PriorBox, PriorBoxClustered)
def prior_box(
    layer: PriorLayer, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """The layer's own boxes, which depend on the bottoms' shapes alone."""
    given, top = [Blob(tuple(x.shape), layer.dtype) for x in bottoms], Blob((), layer.dtype)
    layer.reshape(given, [top])
    layer.forward(given, [top])
    return [like(top.data, bottoms[0])]
