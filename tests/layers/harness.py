"""Runs single layers on blobs, and checks gradients by central differences in float64."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from google.protobuf import text_format

from minicaffe.blob import Blob
from minicaffe.engines.numpy.kernels import Kernel
from minicaffe.layer import Layer, layer_class
from minicaffe.net.init import layer_class_of
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import Origin

Maker = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Values of both signs, none of them near 0 (where many layers have a kink)."""
    values = rng.normal(size=shape)
    return values + 0.1 * np.sign(values)


def positive(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Values between 0.5 and 2."""
    return rng.uniform(0.5, 2, shape)


def distinct(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Values that all differ by at least 0.1, so that a maximum stays the maximum."""
    return (rng.permutation(int(np.prod(shape))).reshape(shape) - np.prod(shape) / 2) * 0.1 + 0.03


def labels(classes: int) -> Maker:
    """Whole numbers below ``classes``."""
    return lambda rng, shape: rng.integers(0, classes, shape).astype(float)


@dataclass
class Case:
    """One row: a layer in one configuration.

    Attributes:
        type: the layer type.
        param: the rest of its LayerParameter, as prototxt.
        bottoms: the bottoms' shapes.
        values: makes each bottom's values (one maker for all, or one each).
        gradients: which bottoms have a gradient; None means all.
        tops: how many tops.
        phase: TRAIN or TEST.
        in_place: the layer may run in place; checked against running out of place.
        reference: plain numpy for the tops, ``reference(bottoms, params) -> [top, …]``.
        name: shown in the test's id.
        tolerance: of the gradient check, relative to the largest gradient.
        has_gradient: False for layers without backward (only forward is run).
        deterministic: False when two forwards differ (the generator is then re-seeded).
        loss: top diffs hold loss weights rather than arbitrary gradients.
        shown_only: numbers at the end of a loss's top that no gradient is of, though they count.
    """

    type: str
    param: str = ""
    bottoms: Sequence[tuple[int, ...]] = ((2, 3, 4, 5),)
    values: Maker | Sequence[Maker] = normal
    gradients: Sequence[bool] | None = None
    tops: int = 1
    phase: str = "TRAIN"
    in_place: bool = False
    reference: Callable[[list[np.ndarray], list[np.ndarray]], list[np.ndarray]] | None = None
    name: str = ""
    tolerance: float = 1e-6
    has_gradient: bool = True
    deterministic: bool = True
    loss: bool = False
    shown_only: int = 0
    smaller: Sequence[tuple[int, ...]] | None = field(default=None)

    def __str__(self) -> str:
        return f"{self.type}-{self.name or self.param or 'default'}".replace(" ", "")


def set_up(layer: Layer, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
    """Set up a layer of one's own as a net does: its settings are checked before."""
    if not layer.param.bottom:
        layer.param.bottom.extend(f"bottom{index}" for index in range(len(bottom)))
    if not layer.param.top:
        layer.param.top.extend(f"top{index}" for index in range(len(top)))
    for mistake in layer.param_mistakes():
        raise mistake
    layer.setup(bottom, top)


class Rig:
    """One layer with its blobs, in float64; ``kernel_of`` chooses what runs it."""

    def __init__(
        self,
        case: Case,
        in_place: bool = False,
        dtype: type = np.float64,
        kernel_of: Callable[[Layer], Layer | Kernel] = lambda layer: layer,
    ) -> None:
        self.case = case
        rng = np.random.default_rng(7)
        param = caffe_pb2.LayerParameter(name="layer", type=case.type)
        text_format.Merge(case.param, param)
        if not param.bottom:
            param.bottom.extend(f"bottom{index}" for index in range(len(case.bottoms)))
        param = layer_class(case.type).in_caffes_words(param)
        phase = caffe_pb2.Phase.Value(case.phase)
        self.layer: Layer = layer_class_of(param)(
            param, phase, rng=np.random.default_rng(5), dtype=dtype
        )
        self.layer.reading = layer_class(case.type).reading_of(param, Origin())
        self.kernel = kernel_of(self.layer)
        self.bottom = [Blob(shape, dtype) for shape in case.bottoms]
        makers = case.values if isinstance(case.values, Sequence) else [case.values] * 99
        for blob, make in zip(self.bottom, makers, strict=False):
            blob.data[...] = make(rng, blob.shape)
        self.top = list(self.bottom) if in_place else [Blob((), dtype) for _ in range(case.tops)]
        self.layer.check_blob_counts(len(self.bottom), len(self.top))
        self.layer.check_places(self.bottom, self.top)
        set_up(self.layer, self.bottom, self.top)
        self.layer.reshape(self.bottom, self.top)
        if self.layer.reshapes_always:  # as before a forward; Filter's first one is special
            self.layer.reshape(self.bottom, self.top)
        for blob in self.layer.blobs:
            if not blob.data.any():  # zeros hide mistakes
                blob.data[...] = positive(rng, blob.shape)
        self.layer.param_propagate_down = [True] * len(self.layer.blobs)
        self.start = [blob.data.copy() for blob in self.layer.blobs]
        self.weights = [rng.normal(size=blob.shape) for blob in self.top]
        if case.loss:
            self.weights = [np.full(blob.shape, 0.7) for blob in self.top]
        if case.shown_only:
            self.weights[0].reshape(-1)[-case.shown_only :] = 0

    @property
    def wanted(self) -> list[bool]:
        """Which bottoms have a gradient."""
        if self.case.gradients is None:
            return [True] * len(self.bottom)
        return list(self.case.gradients)

    def restore(self) -> None:
        """Put parameters (statistics among them) and the generator back to the start."""
        for blob, start in zip(self.layer.blobs, self.start, strict=True):
            blob.data[...] = start

    def forward(self) -> list[np.ndarray]:
        """The tops' values, from the starting state."""
        if not self.case.deterministic:
            self.layer.rng = np.random.default_rng(5)
        self.layer.reshape(self.bottom, self.top)
        self.kernel.forward(self.bottom, self.top)
        return [blob.data.copy() for blob in self.top]

    def objective(self) -> float:
        """A number that depends on every top element: their weighted sum."""
        tops = self.forward()
        return float(sum((w * t).sum() for w, t in zip(self.weights, tops, strict=True)))

    def backward(self) -> None:
        """Gradients of the objective."""
        for blob, weight in zip(self.top, self.weights, strict=True):
            blob.diff[...] = weight
        self.kernel.backward(self.top, self.wanted, self.bottom)


def numeric_gradient(rig: Rig, values: np.ndarray, step: float = 1e-5) -> np.ndarray:
    """Central differences of the objective by every element of ``values``."""
    gradient = np.zeros_like(values)
    for index in np.ndindex(values.shape):
        kept = values[index]
        sides = []
        for sign in (1, -1):
            rig.restore()  # first: ``values`` may be a parameter itself
            values[index] = kept + sign * step
            sides.append(rig.objective())
        values[index] = kept
        gradient[index] = (sides[0] - sides[1]) / (2 * step)
    rig.restore()
    return gradient


def assert_close(got: np.ndarray, want: np.ndarray, tolerance: float, what: str) -> None:
    """Equal up to a fraction of the largest value."""
    scale = max(1.0, float(np.abs(want).max(initial=0)))
    error = float(np.abs(got - want).max(initial=0)) / scale
    assert error <= tolerance, f"{what}: off by {error:.3g} of the largest value"
