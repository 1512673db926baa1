"""Readers of normalisations (Normalization Layers)."""

from __future__ import annotations

import numpy as np

from minicaffe.convert.onnx.node_site import NodeSite
from minicaffe.convert.onnx.readers import reads
from minicaffe.convert.onnx.readers.convolution import known
from minicaffe.convert.onnx.site import Cannot


@reads("BatchNormalization")
def batch_normalization(site: NodeSite) -> None:
    """BatchNorm, which has mean and variance, and Scale, which has factor and bias."""
    if site.integer("training_mode", 0):
        raise Cannot("it is in training mode", "export the model in inference mode: model.eval()")
    scale, bias, mean, var = (
        site.numbers(index, what)
        for index, what in enumerate(("factor", "bias", "mean", "variance"), 1)
    )
    if not site.integer("spatial", 1):
        raise Cannot("it has statistics for each pixel: spatial is 0")
    one = np.ones(1, np.float32)
    normal = site.layer("BatchNorm", [site.blob()], weights=[mean, var, one], out=None)
    epsilon = site.number("epsilon", 1e-5)
    if np.float32(epsilon) != np.float32(1e-5):
        normal.batch_norm_param.eps = epsilon
    momentum = site.number("momentum", 0.9)  # of training: how much of the old averages stays
    if 0 <= momentum < 1:
        normal.batch_norm_param.moving_average_fraction = momentum
    layer = site.layer("Scale", [normal.top[0]], weights=[scale, bias], suffix="scale")
    layer.scale_param.bias_term = True


@reads("InstanceNormalization")
def instance_normalization(site: NodeSite) -> None:
    weights = [site.numbers(1, "factor"), site.numbers(2, "bias")]
    layer = site.layer("InstanceNorm", [site.blob()], weights=weights)
    layer.instance_norm_param.eps = site.number("epsilon", 1e-5)


@reads("GroupNormalization")
def group_normalization(site: NodeSite) -> None:
    """GroupNorm; factors and offsets were of groups before opset 21."""
    site.pass_over("stash_type")
    groups, channels = site.integer("num_groups", 1), site.shape()[1]
    weights = [site.numbers(1, "factor"), site.numbers(2, "bias")]
    if channels is None:
        raise Cannot("its number of channels changes with the batch")
    weights = [np.repeat(array, channels // array.size) for array in weights]
    layer = site.layer("GroupNorm", [site.blob()], weights=weights)
    layer.group_norm_param.num_groups = groups
    layer.group_norm_param.eps = site.number("epsilon", 1e-5)


@reads("LayerNormalization")
def layer_normalization(site: NodeSite) -> None:
    site.pass_over("stash_type")  # how precise statistics are
    axis = site.axis(-1)
    shape = known(site.shape()[axis:], "shape")
    weights = [np.broadcast_to(site.numbers(1, "factor"), shape)]
    bias = site.numbers(2, "bias") if site.has(2) else np.zeros(1, np.float32)
    weights.append(np.broadcast_to(bias, shape))
    layer = site.layer("LayerNorm", [site.blob()], weights=weights)
    layer.layer_norm_param.axis = axis
    layer.layer_norm_param.eps = site.number("epsilon", 1e-5)


@reads("LRN")
def lrn(site: NodeSite) -> None:
    size = site.integer("size", 1)
    if size % 2 == 0:
        raise Cannot(f"its neighbourhood has {size} channels; Caffe's has an odd number")
    param = site.layer("LRN", [site.blob()]).lrn_param
    param.local_size = size
    param.alpha = site.number("alpha", 1e-4)
    param.beta = site.number("beta", 0.75)
    if (k := site.number("bias", 1.0)) != 1:
        param.k = k


@reads("MeanVarianceNormalization")
def mean_variance_normalization(site: NodeSite) -> None:
    """InstanceNorm, or of all channels together LayerNorm, both without factors."""
    axes, rank = site.integers("axes", [0, 2, 3]), len(site.shape())
    axes = sorted(axis % rank for axis in axes)
    if axes not in (list(range(2, rank)), list(range(1, rank))):
        raise Cannot(f"it normalises over the axes {axes}; expected those of images, or of items")
    layer = site.layer("InstanceNorm" if axes[0] == 2 else "LayerNorm", [site.blob()])
    param = layer.instance_norm_param if axes[0] == 2 else layer.layer_norm_param
    param.affine, param.eps = False, 1e-9


@reads("LpNormalization")
def lp_normalization(site: NodeSite) -> None:
    """Normalize: the length along the channels."""
    if site.integer("p", 2) != 2 or site.axis(-1) != 1 or len(site.shape()) < 2:
        raise Cannot("only the length (p 2) along axis 1 can be made 1")
    channels = site.shape()[1] or 1
    layer = site.layer("Normalize", [site.blob()], weights=[np.ones(channels, np.float32)])
    param = layer.norm_param
    param.across_spatial, param.channel_shared, param.eps = False, False, 0
