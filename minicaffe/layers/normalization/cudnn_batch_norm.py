"""CuDNNBatchNorm: GENet's normalisation by NVIDIA's library."""

from __future__ import annotations

import numpy as np

from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.normalization.bn import FollowedBN
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import Origin, Reading

_LEAST_EPS = 1e-5  # the library's


@register("CuDNNBatchNorm")
class CuDNNBatchNorm(FollowedBN):
    """y = scale · (x - mean) / √(var + eps) + bias for each channel; eps is at least 1e-5.

    In TRAIN mean and var are the batch's, and the stored ones follow: stored = momentum · stored +
    (1 - momentum) · batch's, where the stored var is that of m values divided by m - 1. In TEST,
    and with ``frozen``, they are the stored ones; ``frozen`` also keeps the scale and the bias.

    Shapes: bottom x (N, C), (N, C, H, W) or any other with at least two axes; top y like x, also
    in place; blobs[0], the scale, blobs[1], the bias, blobs[2], the mean, blobs[3], the variance,
    (1, C, 1, 1) each. The last two begin with 0, or 0 and 1 where ``frozen``; no solver changes
    them.

    Settings: ``cudnn_batch_norm_param``: scale_filler and bias_filler (zeros without one, as in
    the fork), momentum (0.999), eps (1e-5), frozen (false), sync (false; as BN's).

    Gradients: as of BN: dscale = Σ dy · x̂, dbias = Σ dy, none with ``frozen``; dx = scale · (dy -
    Σ dy / m - x̂ · Σ (dy · x̂) / m) / √(var + eps), or scale · dy / √(var + eps).

    Raises:
        ShapeError: there are fewer than two axes, or no values to take statistics of; another
            number of channels than at set-up.

    Source: cudnn_batch_norm_layer.cpp (hujie-frank/GENet), which runs on GPUs only; Ioffe &
    Szegedy, "Batch Normalization", 2015 (arXiv:1502.03167).
    """

    dialects = ()
    exact_tops = 1
    fillers = ("scale_filler", "bias_filler")
    param_mistakes = Layer.param_mistakes  # BN's are about its own message

    @classmethod
    def reading_of(cls, param: caffe_pb2.LayerParameter, origin: Origin) -> Reading:
        return Reading()

    @classmethod
    def class_for(cls, param: caffe_pb2.LayerParameter, reading: Reading) -> type[Layer]:
        return cls

    @property
    def settings(self) -> caffe_pb2.CuDNNBatchNormParameter:
        return self.param.cudnn_batch_norm_param

    @property
    def frozen(self) -> bool:
        return self.settings.frozen

    @property
    def eps(self) -> float:
        return max(self.settings.eps, _LEAST_EPS)

    def take_statistics(self, mean: np.ndarray, variance: np.ndarray, top: Blobs) -> None:
        values = self.values
        unbiased = variance * (values / (values - 1) if values > 1 else 1)
        self.follow(self.settings.momentum, mean, unbiased)
