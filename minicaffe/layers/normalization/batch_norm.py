"""BatchNorm: every channel gets mean 0 and variance 1, over a batch or from stored averages."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from minicaffe.blob import Blob, shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError, raised_by
from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.channels import (
    fold,
    require_channels,
)
from minicaffe.layers.normalization.shared_statistics import SharedStatistics, StoredNormalisation
from minicaffe.layers.sums import near
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import Effect, Origin, Reading, changes_training, meant

logger = logging.getLogger("minicaffe")


#: What the parameter blobs hold, in order.
STATISTICS = ("mean sum", "variance sum", "weight sum")


#: Fields of forks whose BatchNorm has a Scale layer inside.
_SCALE_INSIDE = ("scale_bias", "use_weight_bias", "scale_filler", "bias_filler", "filler")

#: NVCaffe's eps is at least this.
_NVCAFFES_EPS = float(np.float32(1e-5))


def scales_inside(param: caffe_pb2.BatchNormParameter) -> bool:
    """Whether a fork's BatchNorm is meant, with gamma and beta among its own parameters."""
    return any(param.HasField(name) and getattr(param, name) for name in _SCALE_INSIDE)


@register("BatchNorm")
class BatchNorm(SharedStatistics):
    """Normalise each channel (axis 1); a following Scale layer learns gamma and beta.

    Algorithms 1 (training) and 2 (inference) of Ioffe & Szegedy, without gamma and beta, which
    Caffe keeps in a layer of their own. The sums below run over all axes but axis 1, that is over
    m = count / C values a channel::

        mean = Σ x / m        var = Σ (x - mean)² / m        (of this batch)
        y = (x - mean) / √(var + eps)

    With global statistics, mean and var are the stored ones. Every forward with batch statistics
    (in either phase) updates these, with f = ``moving_average_fraction``::

        blobs[0] = f · blobs[0] + mean
        blobs[1] = f · blobs[1] + var · m / (m - 1)          (unbiased; m = 1: var itself)
        blobs[2] = f · blobs[2] + 1

    They are sums; blobs[0] / blobs[2] is the average, exact from the first iteration on
    without a warm-up. While blobs[2] is 0, mean and variance count as 0 (Caffe's rule).

    The solver must not touch them. Their ``lr_mult`` is forced to 0: the prototxt may list
    up to three ``param`` blocks, each of which must say ``lr_mult: 0``.

    **Beyond Caffe**, off unless asked for, and only where batch statistics are used:

    ``ghost_batch_size``: statistics of that many items at a time, as if the parts of the batch
    came one after another (Hoffer, Hubara, Soudry 2017, arXiv:1705.08741).

    ``renorm``: batch renormalisation (Ioffe 2017, arXiv:1702.03275), with std the square
    root of var + eps, and r and d constants in backward::

        y = (x - mean) / std · r + d
        r = clip(std / stored std, 1 / r_max, r_max)
        d = clip((mean - stored mean) / stored std, -d_max, d_max)

    The stored statistics are those before this batch; while there are none, r = 1, d = 0.

    ``sync``: where several processes train together, the sums run over the batches of all of them.

    Shapes: bottom x (N, C), (N, C, H, W), or any other with at least two axes; top y like x, also
    in place; blobs[0] (C), blobs[1] (C) and blobs[2] (1), the stored statistics.

    Settings: ``batch_norm_param``: use_global_stats (unset: false in TRAIN, true in TEST),
    moving_average_fraction (0.999), eps (1e-5); ghost_batch_size, renorm, r_max, d_max, sync.

    Gradients: with dy the top's diff; the stored statistics have none::

        batch:    dx = (dy - Σ dy / m - y · Σ (dy · y) / m) / √(var + eps)
        global:   dx = dy / √(var + eps)                     (the statistics are constants)

    Raises:
        GraphError: a ``param`` block with another ``lr_mult``, or more than three of them;
            ``r_max`` below 1, ``d_max`` below 0, or one of them without ``renorm``.
        ShapeError: fewer than two axes; another number of channels than at set-up; no values to
            take statistics of.

    Source: batch_norm_layer.cpp (BVLC/caffe); Ioffe & Szegedy, "Batch Normalization", 2015
    (arXiv:1502.03167).

    Attributes:
        use_global_stats, eps, beyond_caffe: with :meth:`stored_statistics` and
            :meth:`update_stored` all of the rules, for an engine that computes the normalisation.
        renorm: r_max and d_max, or None without ``renorm``; a training may change them.
        averages: whether averages are stored, and no sums; never in Caffe.
    """

    keeps_coordinates = True
    exact_bottoms = 1
    exact_tops = 1
    backward_reads = ()
    dialects = ("caffe", "nvcaffe", "intel")
    averages = False
    fork_fields: ClassVar[Mapping[str, Effect]] = {
        **meant("stats_batch_size", "use_weight_bias", "bias_term", "scale_bias"),
        **meant("scale_filler", "bias_filler", "filler"),
        **changes_training("update_global_stats"),
    }

    @classmethod
    def blob_names(cls, count: int) -> tuple[str, ...]:
        """With gamma and beta for forks whose layer has a Scale inside."""
        return ("running_mean", "running_var", "factor", "weight", "bias")[:count]

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        mistake = param_block_mistake(self.param.param)
        if mistake is not None:
            yield GraphError("; ".join(mistake))
        yield from raised_by(Renorm.from_param, self.param.batch_norm_param)

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.batch_norm_param
        self.eps: float = param.eps
        if self.reading.dialect == "nvcaffe":
            self.eps = max(self.eps, _NVCAFFES_EPS)
        self.moving_average_fraction: float = param.moving_average_fraction
        self.use_global_stats: bool = self.phase == caffe_pb2.TEST
        if param.HasField("use_global_stats"):
            self.use_global_stats = param.use_global_stats
        self.ghost_batch_size: int = param.ghost_batch_size or param.stats_batch_size
        self.renorm: Renorm | None = Renorm.from_param(param)
        self.sync = param.sync
        self._warned = False
        require_channels(bottom[0].shape)
        self.channels: int = bottom[0].shape[1]
        self._freeze_statistics()
        for shape in (self.channels,), (self.channels,), (1,):
            self.add_param(shape)
        #: x - mean of the last forward; ``diff`` is for backward in place.
        self._centred = Blob(dtype=self.dtype)
        #: 1 / √(var + eps) of the last forward with stored statistics, for each channel.
        self._inv_std = np.ones(self.channels, self.dtype)
        #: What backward needs of the last forward with batch statistics.
        self._batches: list[Batch] = []

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        require_channels(bottom[0].shape)
        if bottom[0].shape[1] != self.channels:
            raise ShapeError(
                f"the bottom has {bottom[0].shape[1]} channels (shape "
                f"{shape_text(bottom[0].shape)}), but the statistics were made for {self.channels}"
            )
        if not self.use_global_stats and not bottom[0].count:
            raise ShapeError(
                f"a bottom of shape {shape_text(bottom[0].shape)} has no values to take "
                "statistics of; use_global_stats: true can take it"
            )
        top[0].reshape_like(bottom[0])
        self._centred.reshape_like(bottom[0])

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        x, y = fold(bottom[0].data), fold(top[0].data)
        if self.use_global_stats:
            mean, variance = self.stored_statistics()
            self._inv_std = self._inverse_std(variance)
            self.passes.normalise(x, y, mean, self._inv_std)
            return
        centred, self._batches = fold(self._centred.data), []
        for items in ghost_batches(len(x), self.ghost_batch_size):
            batch = self._normalise(items, x[items], centred[items], y[items])
            self._batches.append(batch)

    def _normalise(self, items: slice, x: np.ndarray, centred: np.ndarray, y: np.ndarray) -> Batch:
        mean, variance, values = self.moments(x)
        about, rest = split_mean(mean, variance, x.dtype)
        inv_std = self._inverse_std(variance)
        gain, shift = self._renormalised(mean, inv_std)
        self.update_stored(mean, variance, values)
        shift = None if shift is None else shift.astype(y.dtype)
        self.passes.normalise(x, y, about, gain, rest, shift, kept=centred)
        return Batch(items, inv_std, gain)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        if not propagate_down[0]:
            return
        dy, dx = fold(top[0].diff), fold(bottom[0].diff)
        if self.use_global_stats:
            self.passes.scale(dy, dx, self._inv_std)
            return
        centred = fold(self._centred.data)
        work = fold(self._centred.diff) if bottom[0] is top[0] else dx
        for batch in self._batches:
            items = batch.items
            self._differentiate(batch, dy[items], centred[items], work[items], dx[items])

    def _differentiate(
        self, batch: Batch, dy: np.ndarray, centred: np.ndarray, work: np.ndarray, dx: np.ndarray
    ) -> None:
        sums, dots = self.passes.products(dy, centred)
        sums, dots, values = self.over_all(sums, dots, dy.shape[0] * dy.shape[2])
        mean_dy, slope = sums / values, dots / values * batch.inv_std**2
        slope, mean_dy = slope.astype(dx.dtype), mean_dy.astype(dx.dtype)
        self.passes.differentiate(dy, dx, centred, slope, mean_dy, batch.gain, work)

    def _inverse_std(self, variance: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):  # eps: 0 divides by 0, as in Caffe
            return (1 / np.sqrt(variance + self.eps)).astype(self.dtype)

    def _renormalised(
        self, mean: np.ndarray, inv_std: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """r / √(var + eps) and d; without ``renorm`` r is 1 and d None."""
        if self.renorm is None or self.blobs[2].data[0] == 0:
            return inv_std, None
        stored_mean, stored_variance = self.stored_statistics()
        stored_inv_std = self._inverse_std(stored_variance)
        ratio = self.renorm.ratio(stored_inv_std / inv_std)
        return inv_std * ratio, self.renorm.shift((mean - stored_mean) * stored_inv_std)

    # ----------------------------------------------------------------- statistics

    def stored_statistics(self) -> tuple[np.ndarray, np.ndarray]:
        """The running mean and variance, each of shape (C,), from the three blobs."""
        sums, squares, weight = (blob.data for blob in self.blobs[: len(STATISTICS)])
        if weight[0] == 0:
            self.warn_of_nothing_stored()
            return np.zeros_like(sums), np.zeros_like(squares)
        factor = 1 / weight[0]
        return sums * factor, squares * factor

    def store_statistics(self, mean: np.ndarray, variance: np.ndarray) -> None:
        """Store a mean and a variance, each of shape (C,), with :func:`settled_weight`."""
        weight = settled_weight(self.moving_average_fraction)
        values = (mean * weight, variance * weight, weight)
        for blob, value in zip(self.blobs[: len(STATISTICS)], values, strict=True):
            blob.data[...] = value

    def warn_of_nothing_stored(self) -> None:
        """Once; in TEST only beside averages, as a test before the first iteration is usual."""
        if self._warned or not self.use_global_stats:
            return
        if any(blob.data.any() for blob in self.blobs[:2]):
            self._warned = True
            logger.warning(
                "layer '%s' (BatchNorm): its third blob is 0 although averages are stored in the "
                "first two; as in Caffe they count as 0, so every value is multiplied by %.4g. "
                "If these are mean and variance themselves, write 1 there: "
                "net.params['%s'][2].data[...] = 1",
                self.param.name,
                1 / math.sqrt(self.eps) if self.eps > 0 else math.inf,
                self.param.name,
            )
        elif self.phase == caffe_pb2.TRAIN:
            self._warned = True
            logger.warning(
                "layer '%s' (BatchNorm): use_global_stats is true, but no statistics are stored; "
                "mean and variance count as 0, as in Caffe, so every value is multiplied by %.4g. "
                "Copy trained weights, or leave use_global_stats out",
                self.param.name,
                1 / math.sqrt(self.eps) if self.eps > 0 else math.inf,
            )

    def update_stored(self, mean: np.ndarray, variance: np.ndarray, values: int) -> None:
        """Take one batch into the stored statistics.

        Args:
            mean, variance: of the batch, shape (C,); the variance divided by ``values``.
            values: how many values a channel the batch has (m).
        """
        sums, squares, weight = (blob.data for blob in self.blobs[: len(STATISTICS)])
        fraction = self.moving_average_fraction
        weight *= fraction
        weight += 1
        sums *= fraction
        sums += mean
        squares *= fraction
        squares += variance * (values / (values - 1) if values > 1 else 1.0)

    def _freeze_statistics(self) -> None:
        """Give every statistics blob ``lr_mult: 0``; the prototxt says nothing else."""
        specs = self.param.param
        for _ in range(len(specs), len(STATISTICS)):
            specs.add(lr_mult=0)

    # ------------------------------------------------------------ what others ask

    @classmethod
    def reading_of(cls, param: caffe_pb2.LayerParameter, origin: Origin) -> Reading:
        evidence = _evidence(param.batch_norm_param)
        if not evidence:
            return origin.choose(cls.dialects, otherwise="")
        reading = origin.choose(cls.dialects[1:], evidence)
        followed = any("Scale" in origin.readers.get(top, ()) for top in param.top)
        if reading.dialect == "intel" and followed and not param.batch_norm_param.relu:
            return Reading("caffe", f"{reading.because} and a Scale layer follows")
        return reading

    @classmethod
    def class_for(cls, param: caffe_pb2.LayerParameter, reading: Reading) -> type[Layer]:
        scaled = reading.dialect == "intel" or scales_inside(param.batch_norm_param)
        if reading.dialect == "caffe" or not scaled:
            return BatchNorm
        from minicaffe.layers.normalization.scaled_batch_norm import ScaledBatchNorm

        return ScaledBatchNorm

    def blobs_hint(self, found: int) -> str:
        if found not in (4, 5):
            return ""
        return (
            f"{found} parameter blob(s) are stored for it, as NVCaffe and Intel Caffe write a "
            "BatchNorm with scale and bias inside; Caffe's has 3 and a Scale layer after it, to "
            "which the last two belong; write batch_norm_param { scale_bias: true } for NVCaffe's, "
            "{ use_weight_bias: true } for Intel's (docs/batchnorm.md)"
        )

    @property
    def repeatable(self) -> bool:
        """With global statistics: others count every batch into the stored ones."""
        return self.use_global_stats

    def stored_normalisation(self) -> StoredNormalisation:
        if not self.use_global_stats:
            raise GraphError("it uses the batch's statistics (use_global_stats: false)")
        return StoredNormalisation(*self.stored_statistics(), self.eps)

    @property
    def beyond_caffe(self) -> str:
        """What the batch statistics are asked for that Caffe's are not; mostly ""."""
        if self.use_global_stats:
            return ""
        asked = {
            "ghost_batch_size": self.ghost_batch_size, "renorm": self.renorm, "sync": self.syncs,
        }  # fmt: skip
        return ", ".join(what for what, value in asked.items() if value)


def settled_weight(fraction: float) -> float:
    """What the sums' weight is after many batches: 1 / (1 - fraction); 1 where it grows for ever.

    Averages that come from elsewhere get this weight, so that a training goes on with them as if it
    had seen many batches: each new one then counts 1 - fraction.

    Args:
        fraction: the layer's ``moving_average_fraction``.
    """
    return 1 / (1 - fraction) if 0 <= fraction < 1 else 1.0


def _evidence(param: caffe_pb2.BatchNormParameter) -> list[tuple[str, str]]:
    """Which fork's fields a ``BatchNormParameter`` has."""
    fields = {
        "intel": ("filler", "use_weight_bias", "bias_term", "relu", "stats_batch_size"),
        "nvcaffe": ("scale_filler", "scale_bias", "bias_filler"),
    }
    return [
        (dialect, f"`{name}` is given")
        for dialect, names in fields.items()
        for name in names
        if param.HasField(name) and (name == "use_weight_bias" or getattr(param, name))
    ]


@dataclass
class Batch:
    """What backward needs of a batch, or a ghost batch, that was normalised by itself.

    Attributes:
        items: which ones of the bottom.
        inv_std: 1 / √(var + eps), for each channel.
        gain: what centred values were multiplied by: inv_std, with renorm r · inv_std.
    """

    items: slice
    inv_std: np.ndarray
    gain: np.ndarray


def ghost_batches(items: int, size: int) -> Iterator[slice]:
    """The items in batches of a size, the last one of what is left; all in one for size 0."""
    size = size or items
    return (slice(start, start + size) for start in range(0, items, size))


def split_mean(
    mean: np.ndarray, variance: np.ndarray, dtype: np.dtype
) -> tuple[np.ndarray, np.ndarray]:
    """A mean as the sum of two numbers, which have all its digits: a type's own are too few for one
    of 10⁶.

    Args:
        mean, variance: (C,), float64.
        dtype: of the two.
    """
    about = near(mean, variance, dtype)
    return about, (mean - about).astype(dtype)


@dataclass
class Renorm:
    """How far batch renormalisation corrects."""

    r_max: float
    d_max: float

    @classmethod
    def from_param(cls, param: caffe_pb2.BatchNormParameter) -> Renorm | None:
        """Those of a ``BatchNormParameter``; None without ``renorm``.

        Raises:
            GraphError: they make no sense.
        """
        if not param.renorm:
            for field in ("r_max", "d_max"):
                if param.HasField(field):
                    raise GraphError(f"{field} is set without renorm; write renorm: true, too")
            return None
        if not param.r_max >= 1:
            raise GraphError(f"r_max is {param.r_max:g}, expected at least 1 (1: no factor)")
        if not param.d_max >= 0:
            raise GraphError(f"d_max is {param.d_max:g}, expected at least 0 (0: no shift)")
        return cls(param.r_max, param.d_max)

    def ratio(self, value: np.ndarray) -> np.ndarray:
        """r = clip(value, 1 / r_max, r_max), of std / stored std of each channel."""
        return np.clip(value, 1 / self.r_max, self.r_max)

    def shift(self, value: np.ndarray) -> np.ndarray:
        """d = clip(value, -d_max, d_max), of (mean - stored mean) / stored std of each channel."""
        return np.clip(value, -self.d_max, self.d_max)


def param_block_mistake(specs: Sequence[caffe_pb2.ParamSpec]) -> tuple[str, str] | None:
    """What is wrong with a BatchNorm layer's ``param`` blocks, and what to do; None: nothing."""
    if len(specs) > len(STATISTICS):
        return (
            f"{len(specs)} param blocks, but BatchNorm has three blobs "
            f"({', '.join(STATISTICS)}), none of them learned",
            "leave the param blocks out",
        )
    for index, spec in enumerate(specs):
        if spec.lr_mult != 0:
            found = "has" if spec.HasField("lr_mult") else "has no lr_mult, which means"
            return (
                f"param block {index + 1} {found} lr_mult: {spec.lr_mult:g}, expected 0; it "
                f"belongs to the {STATISTICS[index]}, a running statistic that a solver must "
                "not change",
                "write lr_mult: 0 or leave the param blocks out. The learned factor and offset "
                "(gamma, beta) belong to a Scale layer with bias_term: true after this one; its "
                "param blocks take learning rates",
            )
    return None
