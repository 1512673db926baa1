"""The variants of the Inception net: what the paper's section 4.2 changes, as switches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from minicaffe.errors import DataError, did_you_mean

STEPS = 1500  # of every training
BATCH = 32  # images in a step, as in the paper
RATE = 0.005  # of the baseline at the beginning
DECAY = 0.5  # what is left of the baseline's rate at the end
FASTER = 6  # how many times as fast the rate falls with `fast_decay`
MOMENTUM = 0.9
WEIGHT_DECAY = 0.0005
WEAKER = 5  # by what `weak_l2` divides it


@dataclass(frozen=True)
class Variant:
    """One net and how it is trained.

    Attributes:
        name: as the paper's figure 3 has it.
        batch_norm: BatchNorm and Scale before each nonlinearity.
        activation: ``"ReLU"`` or ``"Sigmoid"``.
        rate: with what the baseline's learning rate is multiplied.
        dropout: the share of values that the Dropout layer before the classifier drops;
            0 leaves the layer out.
        weak_l2: weight decay divided by 5.
        fast_decay: the learning rate falls 6 times as fast.
        lrn: local response normalisation after the first two convolutions.
        shuffled: every epoch has another order; otherwise the images come in the database's.
        seed: of the initial weights, of Dropout and of the order.
    """

    name: str
    batch_norm: bool = False
    activation: str = "ReLU"
    rate: float = 1.0
    dropout: float = 0.4
    weak_l2: bool = False
    fast_decay: bool = False
    lrn: bool = True
    shuffled: bool = False
    seed: int = 1

    @property
    def base_lr(self) -> float:
        """The learning rate of the first step."""
        return RATE * self.rate

    @property
    def weight_decay(self) -> float:
        """The factor of the L2 loss on the weights."""
        return WEIGHT_DECAY / WEAKER if self.weak_l2 else WEIGHT_DECAY

    def gamma(self, steps: int) -> float:
        """With what the learning rate is multiplied in each of this many steps."""
        return float(DECAY ** ((FASTER if self.fast_decay else 1) / steps))


def accelerated(name: str, rate: float, activation: str = "ReLU") -> Variant:
    """BatchNorm with all of the recipe of section 4.2.1."""
    return Variant(
        name,
        batch_norm=True,
        activation=activation,
        rate=rate,
        dropout=0,
        weak_l2=True,
        fast_decay=True,
        lrn=False,
        shuffled=True,
    )


BASELINE = Variant("Baseline")

#: Figures 2 and 3, and section 4.2.2's remark on the baseline with sigmoids.
VARIANTS = (
    BASELINE,
    replace(BASELINE, name="BN-Baseline", batch_norm=True),
    accelerated("BN-x5", 5),
    accelerated("BN-x30", 30),
    accelerated("BN-x5-Sigmoid", 5, "Sigmoid"),
    replace(BASELINE, name="Baseline-Sigmoid", activation="Sigmoid"),
)

#: Section 4.2.3: like BN-x30, with a little Dropout; seeds that no variant has.
ENSEMBLE = tuple(
    replace(
        accelerated(f"BN-x30, member {member}", 30),
        dropout=0.05 if member % 2 else 0.1,
        seed=10 + member,
    )
    for member in range(1, 7)
)


def switched(variant: Variant, settings: Sequence[str]) -> Variant:
    """A variant with other switches, which its name then tells.

    Args:
        variant: where to begin.
        settings: such as ``"dropout=0.4"`` and ``"lrn=true"``.

    Raises:
        DataError: there is no such switch, or the value does not fit it.
    """
    known = {field.name: field.type for field in fields(Variant) if field.name != "name"}
    changes: dict[str, Any] = {}
    for setting in settings:
        switch, _, value = setting.partition("=")
        if switch not in known:
            raise DataError(f"no switch '{switch}'{did_you_mean(switch, known)}")
        try:
            changes[switch] = _READ[str(known[switch])](value)
        except (KeyError, ValueError):
            raise DataError(f"{switch} cannot be '{value}', expected {known[switch]}") from None
    return replace(variant, name=" ".join([variant.name, *settings]), **changes)


_READ: dict[str, Callable[[str], Any]] = {
    "bool": {"true": True, "false": False}.__getitem__,
    "float": float,
    "int": int,
    "str": {"ReLU": "ReLU", "Sigmoid": "Sigmoid"}.__getitem__,
}
