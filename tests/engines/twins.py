"""The same net on two engines, run side by side and compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe.engines import VARIABLE
from minicaffe.engines.onednn.primitive import Primitive
from minicaffe.net.net import TRAIN, Net
from minicaffe.proto import caffe_pb2
from tests.engines.nets import Text, residual

#: How far apart bfloat16 and float32 may be in whole nets; a stale or missing value makes it
#: 0.7 or more.
BF16_DISTANCE = 0.25

#: One element in this many may have been flipped by rounding, and how far apart that may leave all.
FLIPPED, FLIPS_DISTANCE = 1000, 0.03


def error_of(got: np.ndarray, want: np.ndarray) -> float:
    """The largest difference, relative to the largest value (both not numbers: equal)."""
    got, want = np.asarray(got, np.float64), np.asarray(want, np.float64)
    same = (got == want) | (np.isnan(got) & np.isnan(want))
    finite = np.abs(want[np.isfinite(want)])
    scale = max(1e-6, float(finite.max(initial=0)))
    return float(np.where(same, 0, np.abs(got - want)).max(initial=0)) / scale


def distance_of(got: np.ndarray, want: np.ndarray) -> float:
    """How far apart they are on the whole, relative to how large they are.

    A ReLU's unit whose input is nearly 0 changes sign by bfloat16's rounding, and then single
    gradients differ a lot.
    """
    got, want = np.asarray(got, np.float64), np.asarray(want, np.float64)
    return float(np.linalg.norm(got - want)) / max(1e-6, float(np.linalg.norm(want)))


def differs(got: Any, want: Any, tolerance: float | None) -> bool:
    """Whether they differ by more than rounding that has sent single gradients elsewhere.

    Two values that are equal on one processor are an ulp apart on another: a maximum is another
    pixel's then, a unit of a ReLU on the other side of 0. One element in a thousand may be
    further off than the tolerance for the largest difference, 0 for less than a thousand elements,
    and on the whole they must be as near as such a flip leaves them: it makes 0.012, a stale value
    0.1 and more.
    """
    got, want = np.asarray(got, np.float64), np.asarray(want, np.float64)
    scale = max(1e-6, float(np.abs(want).max(initial=0)))
    near = np.abs(got - want) <= (1e-4 if tolerance is None else tolerance) * scale
    off = int(np.count_nonzero(~near))  # not a number is not near
    return off * FLIPPED > got.size or (off > 0 and not distance_of(got, want) <= FLIPS_DISTANCE)


@contextmanager
def running() -> Iterator[list[str]]:
    """What oneDNN runs within: the names of primitives, such as ``pooling_forward/jit:uni``."""
    ran: list[str] = []
    normal = Primitive.__call__

    def run(self: Primitive) -> None:
        ran.append(self.name)
        normal(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Primitive, "__call__", run)
        yield ran


class Twins:
    """A net on numpy and on the engine that is tested, with equal parameters and inputs.

    That engine is the default here, not named: layers may ask for numpy.

    Args:
        text: the prototxt.
        phase: TRAIN or TEST.
    """

    engine = "onednn"  #: the engine that is tested
    precision = "float32"  #: how the net on it stores its values

    def __init__(self, text: str, phase: int = TRAIN, seed: int = 3) -> None:
        self.param = param = text_format.Parse(text, caffe_pb2.NetParameter())
        self.numpy = Net(param, phase, seed=seed, engine="numpy")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(VARIABLE, self.engine)
            self.tested = Net(param, phase, seed=seed, precision=self.precision)
        self.rng = np.random.default_rng(seed)

    @property
    def nets(self) -> tuple[Net, Net]:
        return self.numpy, self.tested

    def fill(self, scale: float = 1.0, **given: np.ndarray) -> None:
        """Write the same values into the inputs: those given, normal ones into the others."""
        for name in self.numpy.inputs:
            shape = self.numpy.blobs[name].shape
            values = given.get(name)
            if values is None:
                values = self.rng.normal(0, scale, shape)
            for net in self.nets:
                net.blobs[name].data[...] = values

    def label(self, classes: int, name: str = "label") -> dict[str, np.ndarray]:
        """Random labels for :meth:`fill`."""
        return {name: self.rng.integers(0, classes, self.numpy.blobs[name].shape)}

    def each(self, method: str, *args: Any, **named: Any) -> list[Any]:
        """Call a method of both nets."""
        return [getattr(net, method)(*args, **named) for net in self.nets]

    def step(self, rate: float = 0.01) -> None:
        """One iteration of plain gradient descent in both."""
        for net in self.nets:
            net.clear_param_diffs()
            net.forward_loss()
            net.backward()
            net.arena.data[...] -= rate * net.arena.diff

    def agree(self, got: Any, want: Any, tolerance: float = 1e-4) -> bool:
        """Whether values agree as far as the precision allows it."""
        if self.precision == "bf16":
            return distance_of(got, want) <= BF16_DISTANCE
        return error_of(got, want) <= tolerance

    def same(
        self, *, diffs: bool = True, tolerance: float | None = None, flips: bool = False
    ) -> None:
        """Assert that all blobs and parameters agree, and their gradients.

        Args:
            diffs: compare gradients too.
            tolerance: for the largest difference, in place of what :meth:`agree` allows.
            flips: judge by :func:`differs` instead of by the largest difference.
        """
        a, b = self.nets
        pairs = [(name, a.blobs[name], b.blobs[name]) for name in a.blobs]
        for name in a.params:
            both = zip(a.params[name], b.params[name], strict=True)
            pairs += [(f"{name}[{i}]", *blobs) for i, blobs in enumerate(both)]
        for name, left, right in pairs:
            for kind in ("data", "diff") if diffs else ("data",):
                got, want = getattr(right, kind), getattr(left, kind)
                error = error_of(got, want)
                good = self.agree(got, want) if tolerance is None else error <= tolerance
                if flips:
                    good = not differs(got, want, tolerance)
                assert good, (
                    f"{name}.{kind}: off by {error:.3g}, {distance_of(got, want):.3g}\n{self.plan}"
                )

    @property
    def plan(self) -> str:
        """What the engine made of the net."""
        return "\n".join(self.tested.plan.describe())  # type: ignore[attr-defined]


def residual_twins(phase: int = TRAIN, head: str = "") -> Twins:
    twins = Twins(head + residual(), phase)
    twins.fill(**twins.label(7))
    for net in twins.nets:
        for name, blobs in net.params.items():
            if name.endswith("_bn"):
                blobs[0].data[...] = np.linspace(-1, 1, blobs[0].count)
                blobs[1].data[...] = np.linspace(0.5, 2, blobs[0].count)
                blobs[2].data[...] = 1.25
    return twins


def write(twins: Twins, name: str, kind: str = "data", seed: int = 5) -> None:
    """The same random values into a blob of both nets."""
    values = np.random.default_rng(seed).normal(size=twins.numpy.blobs[name].shape)
    for net in twins.nets:
        getattr(net.blobs[name], kind)[...] = values


def chain(*layers: Callable[[Text, str], str]) -> Twins:
    """Convolution, these layers, inner product and loss."""
    text = Text()
    text.input("data", 3, 4, 9, 8)
    text.input("label", 3)
    blob = text.conv("data", "c1", 16, bias_term="false")
    for layer in layers:
        blob = layer(text, blob)
    text.inner(blob, "scores", 5)
    text.loss("scores")
    twins = Twins(str(text))
    twins.fill(**twins.label(5))
    return twins
