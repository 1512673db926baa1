"""FrcnnAnchorTarget: what the anchors of makefile's frcnn learn."""

from __future__ import annotations

from typing import ClassVar

from minicaffe.layer import register
from minicaffe.layers.detection.anchor_target_layer import AnchorTargetLayer
from minicaffe.layers.detection.frcnn_layer import FrcnnLayer


@register("FrcnnAnchorTarget")
class FrcnnAnchorTarget(FrcnnLayer, AnchorTargetLayer):
    """Labels anchors as object or background, and gives the offsets to their true boxes.

    AnchorTargetLayer's rules. The fork's settings are in a JSON file that its program reads, not in
    the net. Without ``param_str`` they are those for VOC, and a warning says so.

    Shapes: bottom 0, the scores (1, …, H, W), whose size alone counts; bottom 1, true boxes (G, 5):
    x1, y1, x2, y2 in pixels and a class; further axes of length 1 do not matter; bottom 2, the
    image's height, width and scale (1, 3). Tops, with A anchors a place: 0, labels (1, 1, A · H,
    W): 1 for object, 0 for background, -1 for neither; 1, offsets (1, 4 · A, H, W); 2 and 3, inside
    and outside weights of these.

    Settings: ``python_param``: param_str, YAML such as ``feat_stride: 16``, with
    AnchorTargetLayer's names; empty: feat_stride 16, scales 8, 16 and 32, ratios 0.5, 1 and 2.

    Gradients: none; the bottoms' are 0.

    Raises:
        GraphError: param_str is wrong.
        ShapeError: the bottoms do not fit, or have several images.
        DataError: a true box is none.

    Source: frcnn_anchor_target_layer.cpp (makefile/frcnn).
    """

    replaces_modules: ClassVar[tuple[str, ...]] = ()
