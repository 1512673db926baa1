"""PriorBoxClustered: prior boxes whose sides are listed."""

from __future__ import annotations

from minicaffe.layer import register
from minicaffe.layers.detection.prior_box import PriorLayer, explicit_sides


@register("PriorBoxClustered")
class PriorBoxClustered(PriorLayer):
    """PriorBox with boxes whose sides are given one by one, mostly found by clustering true boxes.

    Around each place one box for each of ``width`` and ``height``, in their order; the rest is as
    in PriorBox.

    Shapes: bottoms and top as in PriorBox.

    Settings: ``prior_box_param``: width and height, in pixels, as many of each; clip (false),
    variance, img_size, img_h, img_w, step, step_h, step_w, offset (0.5), offset_w and offset_h as
    in PriorBox.

    Gradients: none; zeros are passed down.

    Raises:
        GraphError: width or height is missing or not above 0; there are not as many of each.
        ShapeError: a bottom does not have 4 axes, or is empty.

    Source: prior_box_layer.cpp (opencv/opencv), as OpenVINO publishes nets but not its Caffe.
    """

    def sides(self) -> list[tuple[float, float]]:
        param = self.param.prior_box_param
        return explicit_sides(list(param.width), list(param.height))
