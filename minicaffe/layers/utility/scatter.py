"""Scatter: each process's part of a batch; here the only one has it all."""

from __future__ import annotations

from minicaffe.layer import register
from minicaffe.layers.utility.gather import Gather


@register("Scatter")
class Scatter(Gather):
    """y = x: TSN's Caffe gives each of its processes a part, and minicaffe has one process.

    Shapes: bottoms of any shape; as many tops, each like its bottom.

    Gradients: dx = dy.

    Source: scatter_layer.cpp (yjxiong/caffe).
    """
