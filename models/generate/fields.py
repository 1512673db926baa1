"""The settings that networks hand on to their layers, by the names of the schema's fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

#: The fields of a message, which may hold further messages.
Fields = Mapping[str, object]


class Filler(TypedDict, total=False):
    """A FillerParameter."""

    type: str
    value: float
    std: float


class Weights(TypedDict, total=False):
    """What weights and biases hold before training."""

    weight_filler: Filler
    bias_filler: Filler


class Learned(Weights, total=False):
    """What weights and biases hold before training, and how fast they learn."""

    param: Sequence[Mapping[str, float]]


class Phase(TypedDict, total=False):
    """In which phase a layer is there, if not in both."""

    include: Sequence[Mapping[str, str]]


class PriorSizes(TypedDict, total=False):
    """What of a PriorBox depends on its feature map."""

    max_size: float
    step: float


class Affine(TypedDict, total=False):
    """What a normalisation's factors and offsets hold before training, as its forks call them."""

    bias_filler: Filler
    scale_filler: Filler
    shift_filler: Filler
    slope_filler: Filler


class Windows(TypedDict, total=False):
    """How a window moves: what a Convolution without fillers of its own may be given."""

    pad: int
    stride: int
    dilation: int
    group: int
    param: Sequence[Mapping[str, float]]


class Convolution(Windows, total=False):
    """What a Convolution may be given."""

    weight_filler: Filler
    bias_filler: Filler
    bias_term: bool


class PoolingWindow(TypedDict, total=False):
    """How a Pooling's window moves."""

    kernel_size: int
    stride: int
    pad: int


class Pooling(TypedDict, total=False):
    """What a Pooling may be given besides its kernel and stride."""

    pad: int
    round_mode: str


class BatchNorm(TypedDict, total=False):
    """What a BatchNorm may be given."""

    eps: float
    moving_average_fraction: float
    param: Sequence[Mapping[str, float]]
