"""BatchNorm as NVCaffe and Intel Caffe have it: with the factor and the offset inside."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from minicaffe.blob import Blob
from minicaffe.errors import GraphError, MinicaffeError
from minicaffe.layer import Blobs
from minicaffe.layers.channels import channel_dot, channel_sum, fold
from minicaffe.layers.normalization.batch_norm import STATISTICS, BatchNorm, param_block_mistake
from minicaffe.layers.normalization.shared_statistics import StoredNormalisation
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import meant

#: Where mean, variance, the number, gamma and beta are in weights of NVCaffe 0.15.
_OLDEST_ORDER = (2, 3, 4, 0, 1)

_ONES = caffe_pb2.FillerParameter(type="constant", value=1)


class ScaledBatchNorm(BatchNorm):
    """y = gamma · x̂ + beta, where x̂ is what BatchNorm makes of x; with ``relu`` max(y, 0).

    blobs[3] is gamma (C), blobs[4] beta (C). In NVCaffe eps is at least 1e-5, and the stored
    statistics are averages themselves, with blobs[2] = 1 and the biased variance::

        blobs[0] = f · blobs[0] + (1 - f) · mean        (mean itself in the first two batches)

    NVCaffe 0.15 (DIGITS) stored gamma, beta, mean, variance and a number. Weights whose fifth blob
    is a single number are put into today's order. blobs[2] counts for nothing in NVCaffe.

    NVCaffe has this layer where ``scale_bias`` is true or one of its fillers is given, and sets the
    learning rates of gamma and beta to 1 whatever the ``param`` say. Intel Caffe has it where
    ``use_weight_bias`` is not false and no Scale layer follows; ``bias_term: false`` leaves beta
    out, and ``stats_batch_size`` is ghost_batch_size.

    Source: batch_norm_layer.cpp (NVIDIA/caffe); mkldnn_batch_norm_layer.cpp (intel/caffe).
    """

    fork_fields = meant("relu", "fused_relu")

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        mistake = param_block_mistake(self.param.param[: len(STATISTICS)])
        if mistake is not None:
            yield GraphError("; ".join(mistake))

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        super().setup(bottom, top)
        param = self.param.batch_norm_param
        self.averages = self.reading.dialect == "nvcaffe"
        self._relu: bool = param.relu or param.fused_relu
        self._batches_seen = 0
        #: What the statistics alone make of the bottom.
        self._normal = Blob(dtype=self.dtype)
        self._positive = np.ones((), bool)
        if self.averages:
            self.blobs[2].data[...] = 1
            self._learn_at_full_rate()
        gamma = param.scale_filler if param.HasField("scale_filler") else param.filler
        given = param.HasField("scale_filler") or param.HasField("filler")
        if self.averages or param.use_weight_bias:
            self.add_param((self.channels,), gamma if given else _ONES)
            if self.averages or param.bias_term:
                self.add_param((self.channels,), param.bias_filler)

    def _learn_at_full_rate(self) -> None:
        """NVCaffe's rule: gamma and beta have lr_mult and decay_mult 1."""
        specs = self.param.param
        for _ in range(len(specs), len(STATISTICS) + 2):
            specs.add()
        for spec in specs[len(STATISTICS) :]:
            spec.lr_mult = spec.decay_mult = 1

    @property
    def gamma(self) -> np.ndarray:
        """The factor of each channel; ones where it has none."""
        if len(self.blobs) > len(STATISTICS):
            return self.blobs[3].data
        return np.ones(self.channels, self.dtype)

    @property
    def beta(self) -> np.ndarray | None:
        """The offset of each channel, if it has any."""
        return self.blobs[4].data if len(self.blobs) > len(STATISTICS) + 1 else None

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        self._normal.reshape_like(bottom[0])

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        super().forward(bottom, [self._normal])
        y = fold(top[0].data)
        np.multiply(fold(self._normal.data), self.gamma[:, None], out=y)
        if self.beta is not None:
            y += self.beta[:, None]
        if self._relu:
            self._positive = y > 0
            np.maximum(y, 0, out=y)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        dy, inner = fold(top[0].diff), fold(self._normal.diff)
        if self._relu:
            dy = dy * self._positive
        if len(self.blobs) > len(STATISTICS) and self.wants_gradient(3):
            self.accumulate(3, channel_dot(dy, fold(self._normal.data)))
        if self.beta is not None and self.wants_gradient(4):
            self.accumulate(4, channel_sum(dy))
        np.multiply(dy, self.gamma[:, None], out=inner)
        super().backward([self._normal], propagate_down, bottom)

    def blob_order(self, found: int, values: Callable[[int], int]) -> Sequence[int]:
        oldest = self.averages and self.channels > 1 and found == len(_OLDEST_ORDER)
        return _OLDEST_ORDER if oldest and values(found - 1) == 1 else range(found)

    def stored_statistics(self) -> tuple[np.ndarray, np.ndarray]:
        if self.averages:
            return self.blobs[0].data.copy(), self.blobs[1].data.copy()
        return super().stored_statistics()

    def update_stored(self, mean: np.ndarray, variance: np.ndarray, values: int) -> None:
        if not self.averages:
            super().update_stored(mean, variance, values)
            return
        self._batches_seen += 1
        old = self.moving_average_fraction if self._batches_seen > 2 else 0.0
        for blob, value in zip(self.blobs, (mean, variance), strict=False):
            blob.data *= old
            blob.data[...] += (1 - old) * value

    def store_statistics(self, mean: np.ndarray, variance: np.ndarray) -> None:
        if not self.averages:
            super().store_statistics(mean, variance)
            return
        for blob, value in zip(self.blobs[: len(STATISTICS)], (mean, variance, 1), strict=True):
            blob.data[...] = value

    def stored_normalisation(self) -> StoredNormalisation:
        if self._relu:
            raise GraphError("it has a ReLU inside")
        return self.before_relu()

    @property
    def has_relu(self) -> bool:
        """Whether a ReLU is inside."""
        return self._relu

    def before_relu(self) -> StoredNormalisation:
        """What it computes with its stored statistics, before the ReLU if it has one."""
        return super().stored_normalisation()._replace(scale=self.gamma, shift=self.beta)

    @property
    def beyond_caffe(self) -> str:
        """It has always more than Caffe's: the factor and the offset."""
        return "scale and bias inside"
