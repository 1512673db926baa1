"""Learning rates of each parameter by the size of its values and gradients: LARS and LARC."""

from __future__ import annotations

from dataclasses import dataclass

from minicaffe.errors import SettingError
from minicaffe.proto import caffe_pb2

_POLICIES = ("scale", "clip")


@dataclass(frozen=True)
class LocalRates:
    """A rate for each parameter blob, with w its values and g its gradient before decay.

    ``larc`` (NVCaffe): local = (1 - momentum) · ``larc_eta`` · |w| / |g|; the blob's rate is
    rate · local with ``larc_policy: "scale"``, min(rate, local) with "clip".

    ``local_lr_auto`` (Intel Caffe, older NVCaffe): local = ``local_gw_ratio`` · |w| / (|g| +
    weight_decay · |w|); the blob's rate is rate · local.

    In both, local is 1 where w or g is all zeros, and the blob's ``lr_mult`` counts only as 0 or
    not. Sources: sgd_solver.cpp (NVIDIA/caffe; intel/caffe); You, Gitman & Ginsburg, "Large batch
    training of convolutional networks", 2017.

    Attributes:
        larc: NVCaffe's formula, else Intel Caffe's.
        clip: the smaller of the two rates counts, instead of their product.
        ratio: ``larc_eta`` or ``local_gw_ratio``.
        decay: what the values' norm is multiplied by in the divisor.
    """

    larc: bool
    clip: bool
    ratio: float
    decay: float

    @classmethod
    def of(cls, param: caffe_pb2.SolverParameter) -> LocalRates | None:
        """What a ``SolverParameter`` asks for; None where it asks for one rate.

        Raises:
            SettingError: an unknown ``larc_policy``.
        """
        if param.larc:
            if param.larc_policy not in _POLICIES:
                raise SettingError(
                    "larc_policy",
                    f"unknown larc_policy '{param.larc_policy}'; known are {', '.join(_POLICIES)}",
                )
            ratio = (1 - param.momentum) * param.larc_eta
            return cls(True, param.larc_policy == "clip", ratio, 0.0)
        if param.local_lr_auto:
            return cls(False, False, param.local_gw_ratio, param.weight_decay)
        return None

    def rate(self, rate: float, lr_mult: float, values: float, gradient: float) -> float:
        """The rate of a parameter blob.

        Args:
            rate: that of the solver.
            lr_mult: that of the blob.
            values, gradient: the norms of its values and of its gradient.
        """
        if not lr_mult > 0:
            return rate * lr_mult
        local = 1.0
        if values > 0 and gradient > 0:
            local = self.ratio * values / (gradient + self.decay * values)
        return min(rate, local) if self.clip else rate * local
