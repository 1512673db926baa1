"""BN: three normalisations of one name, of SegNet, of TSN and PSPNet, and of CTPN."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np

from minicaffe.blob import Blob, shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.channels import fold
from minicaffe.layers.normalization.batch_norm import split_mean
from minicaffe.layers.normalization.shared_statistics import SharedStatistics, StoredNormalisation
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import Origin, Reading

#: The fields of ``bn_param`` that only one of the three has.
_FIELDS = {
    "pspnet": ("slope_filler", "bias_filler", "momentum", "eps", "frozen", "engine"),
    "ctpn": ("var_eps", "moving_average", "decay", "axis"),
    "segnet": ("bn_mode",),
}


@register("BN")
class BN(SharedStatistics):
    """y = scale · (x - mean) / √(var + eps) + shift for each channel, in one of three ways.

    =========  ==========================================  ========================================
    dialect    what tells it                               mean and var
    =========  ==========================================  ========================================
    pspnet     slope_filler, bias_filler, momentum, eps,   TRAIN: of the batch, with the stored ones
               frozen, engine; four blobs                  following, stored = momentum · stored +
                                                           (1 - momentum) · batch's; TEST, or
                                                           ``frozen``: the stored ones
    segnet     bn_mode; or scale_filler, shift_filler      LEARN: of the batch in either phase, eps
               without a field of the others; two blobs    1e-9; INFERENCE: mean 0 and var + eps 1
    ctpn       var_eps, moving_average, decay, axis        TRAIN: of the batch, with stored =
                                                           decay · batch's + (1 - decay) · stored;
                                                           TEST: of the batch, or the stored ones
                                                           with ``moving_average``
    =========  ==========================================  ========================================

    Without any field the number of blobs in the layer's text decides, and without blobs it is read
    as PSPNet's, with a warning. var is divided by the number of values, in the stored ones too.
    Two faults of the forks are not copied: their gradient treats stored statistics as if they were
    the batch's (unless ``frozen``), and SegNet takes var as E(x²) - mean², which is inexact.

    Shapes: bottom x (N, C), (N, C, H, W) or any other with at least two axes; top y like x, also
    in place; SegNet's may have two more tops, the batch's mean and variance (1, C, 1, 1). blobs[0],
    the scale or slope, and blobs[1], the shift or bias; but for SegNet blobs[2] and blobs[3], the
    stored mean and variance (0; var is 1 where ``frozen``), which no solver changes. All are
    (1, C, 1, 1).

    Settings: ``bn_param``: slope_filler or scale_filler (zeros without one, as in the forks),
    bias_filler or shift_filler; momentum (0.9), eps (1e-5), frozen (false); bn_mode, LEARN or
    INFERENCE; var_eps (1e-10), moving_average (false), decay (0.05), axis (1), the channels'. With
    sync (false), which no fork has, the batch's statistics are those of the batches of all
    processes that train together.

    Gradients: with x̂ = (x - mean) / √(var + eps), dscale = Σ dy · x̂ and dshift = Σ dy; none with
    ``frozen``. Of x, with m values a channel::

        batch:   dx = scale · (dy - Σ dy / m - x̂ · Σ (dy · x̂) / m) / √(var + eps)
        stored:  dx = scale · dy / √(var + eps)

    Raises:
        GraphError: fields of several of the three; more tops than its kind has.
        ShapeError: there are fewer than two axes, or no values to take statistics of; another
            number of channels than at set-up.

    Source: bn_layer.cpp (hszhao/PSPNet); bn_layer.cpp of alexgkendall/caffe-segnet and of
    tianzhi0549/CTPN. Ioffe & Szegedy, "Batch Normalization", 2015 (arXiv:1502.03167).
    """

    dialects: ClassVar[tuple[str, ...]] = ("pspnet", "segnet", "ctpn")
    keeps_coordinates = True
    exact_bottoms = 1
    min_tops = 1
    max_tops = 3
    #: The fields that fill the first two blobs.
    fillers: ClassVar[tuple[str, str]] = ("slope_filler", "bias_filler")
    #: How many blobs there are.
    blob_count: ClassVar[int] = 4

    @classmethod
    def reading_of(cls, param: caffe_pb2.LayerParameter, origin: Origin) -> Reading:
        given = {field.name for field, _ in param.bn_param.ListFields()}
        evidence = [
            (dialect, f"`{name}` is given")
            for dialect, names in _FIELDS.items()
            for name in names
            if name in given
        ]
        if given & {"scale_filler", "shift_filler"}:
            evidence.append(("segnet", "it has scale_filler or shift_filler and nothing of CTPN's"))
        if len(param.blobs) in (2, 4):
            dialect = "segnet" if len(param.blobs) == 2 else "pspnet"
            evidence.append((dialect, f"its text holds {len(param.blobs)} blobs"))
        return origin.choose(cls.dialects, evidence)

    @classmethod
    def class_for(cls, param: caffe_pb2.LayerParameter, reading: Reading) -> type[Layer]:
        return {"segnet": SegnetBN, "ctpn": CtpnBN}.get(reading.dialect, PspnetBN)

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        given = {field.name for field, _ in self.param.bn_param.ListFields()}
        found = [given.intersection(names) for names in _FIELDS.values()]
        others = {"scale_filler", "shift_filler"} & given if found[0] else set()
        if sum(map(bool, found)) > 1 or others:
            words = sorted(set().union(*found, others))
            yield GraphError(
                f"{words[0]} is given together with {', '.join(words[1:])}, which are fields of "
                "different layers named BN; keep those of one"
            )
        tops = len(self.param.top)
        if tops > 1 and not isinstance(self, SegnetBN):
            yield GraphError(f"{tops} tops, expected one; only SegNet's BN gives mean and variance")

    @classmethod
    def blob_names(cls, count: int) -> tuple[str, ...]:
        return ("weight", "bias", "running_mean", "running_var")[:count]

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        axis = self.axis
        _require_channels(bottom[0], axis)
        self._shape = (*[1] * axis, bottom[0].shape[axis], *[1] * (3 - axis))
        for name in self.fillers:
            self.add_param(self._shape, getattr(self.settings, name))
        for _ in range(2, self.blob_count):
            self.add_param(self._shape)
        self._keep_from_solver(range(2, self.blob_count))
        #: x - mean of the last forward with the batch's statistics; ``diff`` is to work in.
        self._centred = Blob(dtype=self.dtype)
        self._inv_std = np.ones(self.channels, self.dtype)
        self.values = 0  # a channel's, of which the last forward has taken statistics
        self.sync = self.settings.sync
        self.backward_reads = () if self.takes_statistics else ("bottoms",)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        _require_channels(bottom[0], self.axis)
        if bottom[0].shape[self.axis] != self.channels:
            raise ShapeError(
                f"the bottom has shape {shape_text(bottom[0].shape)}, but axis {self.axis} had "
                f"{self.channels} channels at set-up"
            )
        if self.takes_statistics and not bottom[0].count:
            raise ShapeError(
                f"a bottom of shape {shape_text(bottom[0].shape)} has no values to take "
                "statistics of"
            )
        top[0].reshape_like(bottom[0])
        if self.takes_statistics:
            self._centred.reshape_like(bottom[0])

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        x, y = fold(bottom[0].data, self.axis), fold(top[0].data, self.axis)
        scale, shift = (self._each(blob.data) for blob in self.blobs[:2])
        if self.takes_statistics:
            mean, variance, self.values = self.moments(x)
            centred = fold(self._centred.data, self.axis)
            about, rest = split_mean(mean, variance, x.dtype)
            self.take_statistics(mean, variance, top)
            self._inv_std = _inverse_std(variance, self.eps).astype(self.dtype)
            gain = scale * self._inv_std
            self.passes.normalise(x, y, about, gain, rest, shift, kept=centred)
            return
        mean, variance, eps = self.statistics()
        gain = (scale * _inverse_std(variance, eps)).astype(self.dtype)
        self.passes.normalise(x, y, mean.astype(self.dtype), gain, shift=shift)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        dy, scale = fold(top[0].diff, self.axis), self._each(self.blobs[0].data)
        if self.takes_statistics:
            centred = fold(self._centred.data, self.axis)
            inv_std = self._inv_std
        else:
            mean, variance, eps = self.statistics()
            inv_std = _inverse_std(variance, eps).astype(self.dtype)
            centred = fold(bottom[0].data, self.axis) - mean.astype(self.dtype)[:, None]
        sums, dots = self.passes.products(dy, centred)
        dots = dots * inv_std
        if not self.frozen:
            self.accumulate(0, dots)
            self.accumulate(1, sums)
        if not propagate_down[0]:
            return
        dx = fold(bottom[0].diff, self.axis)
        if self.takes_statistics:
            sums, dots, values = self.over_all(sums, dots, max(1, dy.shape[0] * dy.shape[2]))
            slope = (dots * inv_std / values).astype(self.dtype)
            work = fold(self._centred.diff, self.axis)
            mean_dy, gain = (sums / values).astype(self.dtype), scale * inv_std
            self.passes.differentiate(dy, dx, centred, slope, mean_dy, gain, work)
        else:
            self.passes.scale(dy, dx, scale * inv_std)

    # ------------------------------------------------------------ what the three differ in

    @property
    def settings(self) -> caffe_pb2.BNParameter | caffe_pb2.CuDNNBatchNormParameter:
        """The layer's own message."""
        return self.param.bn_param

    @property
    def axis(self) -> int:
        """That of the channels, 1: this form has no setting for it."""
        return 1

    @property
    def frozen(self) -> bool:
        """Whether nothing is learned."""
        return False

    @property
    def eps(self) -> float:
        """What is added to the batch's variance."""
        raise NotImplementedError(f"{type(self).__name__}.eps")

    @property
    def takes_statistics(self) -> bool:
        """Whether mean and variance are the batch's."""
        raise NotImplementedError(f"{type(self).__name__}.takes_statistics")

    def take_statistics(self, mean: np.ndarray, variance: np.ndarray, top: Blobs) -> None:
        """Keep what is to be kept of a batch's mean and variance, float64, of shape (C,)."""

    def statistics(self) -> tuple[np.ndarray, np.ndarray, float]:
        """The mean, the variance and what is added to it, where they are not the batch's."""
        mean, variance = (self._each(blob.data).astype(np.float64) for blob in self.blobs[2:])
        return mean, variance, self.eps

    # ------------------------------------------------------------ what others ask

    @property
    def channels(self) -> int:
        """How many channels are normalised, C."""
        return self._shape[self.axis]

    @property
    def repeatable(self) -> bool:
        """Without statistics that each batch moves."""
        return not self.takes_statistics or self.blob_count == 2 or self.phase == caffe_pb2.TEST

    def right_in_place(self) -> bool:
        return self.takes_statistics

    def wrong_in_place_in_caffe(self) -> bool:
        return self.blob_count == 2 and not self.takes_statistics

    def stored_normalisation(self) -> StoredNormalisation:
        if self.takes_statistics or self.axis != 1:
            raise GraphError("it uses the batch's statistics, or channels on axis 2")
        scale, shift = (self._each(blob.data) for blob in self.blobs[:2])
        return StoredNormalisation(*self.statistics(), scale, shift)

    def blobs_hint(self, found: int) -> str:
        if found not in (2, 4) or found == self.blob_count:
            return ""
        kind, field = ("SegNet's", "bn_mode") if found == 2 else ("PSPNet's", "frozen")
        return (
            f"{found} blobs are those of {kind} BN; with {field} in bn_param, or with the dialect "
            f"{'segnet' if found == 2 else 'pspnet'}, the layer is read as that"
        )

    def _each(self, array: np.ndarray) -> np.ndarray:
        return array.reshape(-1)

    def _keep_from_solver(self, blobs: range) -> None:
        """Set ``lr_mult`` and ``decay_mult`` to 0, whatever the text says, as the forks do."""
        specs = self.param.param
        for index in blobs:
            while len(specs) <= index:
                specs.add()
            specs[index].lr_mult = specs[index].decay_mult = 0

    def follow(self, keep: float, mean: np.ndarray, variance: np.ndarray) -> None:
        """stored = keep · stored + (1 - keep) · batch's."""
        for blob, value in zip(self.blobs[2:], (mean, variance), strict=True):
            stored = self._each(blob.data)
            stored *= keep
            stored += ((1 - keep) * value).astype(self.dtype)


class FollowedBN(BN):
    """With the batch's statistics in TRAIN, which stored ones follow; or frozen."""

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        super().setup(bottom, top)
        if self.frozen:
            self.blobs[3].data[...] = 1
            self._keep_from_solver(range(2))

    @property
    def takes_statistics(self) -> bool:
        return not self.frozen and self.phase == caffe_pb2.TRAIN


class PspnetBN(FollowedBN):
    """BN as TSN, PSPNet and ICNet have it."""

    @property
    def frozen(self) -> bool:
        return self.param.bn_param.frozen

    @property
    def eps(self) -> float:
        return self.param.bn_param.eps

    def take_statistics(self, mean: np.ndarray, variance: np.ndarray, top: Blobs) -> None:
        self.follow(self.param.bn_param.momentum, mean, variance)


class SegnetBN(BN):
    """BN as SegNet, ENet and DeconvNet have it."""

    fillers = ("scale_filler", "shift_filler")
    blob_count = 2

    @property
    def eps(self) -> float:
        return 1e-9

    @property
    def takes_statistics(self) -> bool:
        return self.param.bn_param.bn_mode == caffe_pb2.BNParameter.LEARN

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        for blob in top[1:]:
            blob.reshape(*self._shape)

    def take_statistics(self, mean: np.ndarray, variance: np.ndarray, top: Blobs) -> None:
        for blob, value in zip(top[1:], (mean, variance), strict=False):
            blob.data[...] = value.reshape(self._shape)

    def statistics(self) -> tuple[np.ndarray, np.ndarray, float]:
        return np.zeros(self.channels), np.ones(self.channels), 0.0


class CtpnBN(BN):
    """BN as CTPN has it."""

    fillers = ("scale_filler", "shift_filler")

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        yield from super().param_mistakes()
        if self.axis not in (1, 2):
            yield GraphError(f"axis is {self.axis}, expected 1 or 2")

    @property
    def axis(self) -> int:
        return self.param.bn_param.axis

    @property
    def eps(self) -> float:
        return self.param.bn_param.var_eps

    @property
    def takes_statistics(self) -> bool:
        return not self.param.bn_param.moving_average or self.phase == caffe_pb2.TRAIN

    def take_statistics(self, mean: np.ndarray, variance: np.ndarray, top: Blobs) -> None:
        if self.phase == caffe_pb2.TRAIN:
            self.follow(1 - self.param.bn_param.decay, mean, variance)


def _inverse_std(variance: np.ndarray, eps: float) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return 1 / np.sqrt(variance + eps)


def _require_channels(bottom: Blob, axis: int) -> None:
    if len(bottom.shape) <= axis:
        raise ShapeError(
            f"the bottom has shape {shape_text(bottom.shape)}; at least {axis + 1} axes, the "
            f"channels being axis {axis}, are expected"
        )
