"""What LSTM and RNN have in common: time steps, sequence marks, the state between batches."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

import numpy as np

from minicaffe.blob import Blob, shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, refuse_gradient
from minicaffe.layers.channels import channel_sum, fold

logger = logging.getLogger("minicaffe")


class Recurrent(Layer):
    """A layer that goes through T time steps of N independent streams.

    Bottoms:
        x: (T, N, …): the inputs, all streams of a time step side by side.
        cont: (T, N): 1 where a stream goes on from the step before, 0 where a sequence begins.
        x_static: (N, …), optional: an input that is the same at every step.
        the states before the first step, each (1, N, num_output): with ``expose_hidden`` only.

    Tops: the outputs (T, N, num_output) and, with ``expose_hidden``, the states after the last
    step, each (1, N, num_output).

    Without ``expose_hidden`` the states after the last step are those before the first step of
    the next forward; ``cont`` says whether they count. Gradients go back to the first step of
    the batch and not further: exposed states neither take nor get gradients (Caffe's rule).

    Raises:
        ShapeError: num_output is missing; the bottoms do not fit together, or to the parameters;
            the number of steps has changed (that of streams may).
    """

    #: The states that a time step hands to the next one, in the order of bottoms and tops.
    states: ClassVar[tuple[str, ...]] = ()

    #: Caffe's names of the parameters; the third one is there with a static input only.
    all_param_names: ClassVar[tuple[str, ...]] = ()

    #: How many values the inputs are transformed to, in units of ``num_output``.
    gates: ClassVar[int] = 1
    in_place = False
    backward_reads = ("bottoms",)

    def check_blob_counts(self, bottoms: int, tops: int) -> None:
        """Refuse wrong numbers of bottoms and tops; ``expose_hidden`` asks for more.

        Raises:
            GraphError: says how many there are and how many are expected.
        """
        exposed = len(self.states) if self.param.recurrent_param.expose_hidden else 0
        what = f" with expose_hidden ({', '.join(self.states)})" if exposed else ""
        if bottoms not in (2 + exposed, 3 + exposed):
            raise GraphError(
                f"{bottoms} bottom blob(s) given, expected {2 + exposed} or, with a static input, "
                f"{3 + exposed}{what}"
            )
        if tops != 1 + exposed:
            raise GraphError(f"{tops} top blob(s) given, expected {1 + exposed}{what}")

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        if self.param.recurrent_param.num_output < 1:
            yield ShapeError("num_output is missing or 0, expected at least 1")

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.recurrent_param
        self.num_output: int = param.num_output
        self.expose_hidden: bool = param.expose_hidden
        self.static = len(bottom) > 2 + (len(self.states) if self.expose_hidden else 0)
        self.steps = bottom[0].shape[0] if bottom[0].shape else 0
        self._check_shapes(bottom)
        self._lengths = self._input_lengths(bottom)
        logger.info(
            "Initializing recurrent layer: assuming input batch contains %d timesteps of %d "
            "independent streams.", *bottom[0].shape[:2],
        )  # fmt: skip
        self._carried = [Blob(dtype=self.dtype) for _ in self.states]
        self._warned = False
        hidden, weights, bias = self.num_output, param.weight_filler, param.bias_filler
        self.add_param((self.gates * hidden, self._lengths[0]), weights)
        self.add_param((self.gates * hidden,), bias)
        if self.static:
            self.add_param((self.gates * hidden, self._lengths[1]), weights)
        self.add_param((self.gates * hidden, hidden), weights)
        self.add_own_params()
        for index, name in enumerate(self.param_names):
            logger.info("Adding parameter %d: %s", index, name)

    @property
    def param_names(self) -> tuple[str, ...]:
        """What each of ``blobs`` is called in Caffe and in the formulas."""
        return self.blob_names(len(self.all_param_names) - (not self.static))

    @classmethod
    def blob_names(cls, count: int) -> tuple[str, ...]:
        """Caffe's names, which its formulas have; without that of x_static where it is missing."""
        names = cls.all_param_names
        return names if count >= len(names) else names[:2] + names[3:]

    def add_own_params(self) -> None:
        """Make parameters beyond those that transform inputs and states; mostly none."""

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        self._check_shapes(bottom)
        lengths = self._input_lengths(bottom)
        if lengths != self._lengths:
            raise ShapeError(
                f"an input has {lengths} values, but the weights were made for {self._lengths} "
                "(x, then x_static); the inputs' size must not change"
            )
        self.streams = bottom[0].shape[1]
        for blob in self._carried:
            blob.reshape(1, self.streams, self.num_output)
        top[0].reshape(self.steps, self.streams, self.num_output)
        for blob in top[1:]:
            blob.reshape(1, self.streams, self.num_output)
        self.allocate()

    def multiply_adds(self, bottom: Blobs, top: Blobs) -> int:
        """All matrices at every step; that of the static input, which is used once, apart."""
        matrices = {
            name: blob.count
            for name, blob in zip(self.param_names, self.blobs, strict=True)
            if len(blob.shape) == 2
        }
        once = sum(count for name, count in matrices.items() if name.endswith("_static"))
        steps, items = bottom[0].shape[:2]
        return steps * items * (sum(matrices.values()) - once) + items * once

    def allocate(self) -> None:
        """Make the arrays that forward and backward need."""
        raise NotImplementedError(f"{type(self).__name__}.allocate")

    def numbers_below(self, index: int, bottom: Blobs) -> int | None:
        return 2 if index == 1 else None

    def reset(self) -> None:
        """Forget the states: the next forward begins from zeros."""
        for blob in self._carried:
            blob.data[...] = 0

    def state(self) -> dict[str, np.ndarray]:
        """The states after the last step of the last forward by name, (1, N, num_output) each."""
        values = [blob.data.copy() for blob in self._carried]
        return dict(zip(self.states, values, strict=True))

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from where :meth:`state` was taken; the number of streams is the one of then."""
        for name, blob in zip(self.states, self._carried, strict=True):
            blob.reshape(*state[name].shape)
            blob.data[...] = state[name]

    @property
    def repeatable(self) -> bool:
        """Not: the next forward goes on from the states after the last step."""
        return False

    @classmethod
    def allow_force_backward(cls, index: int) -> bool:
        return index != 1

    # ------------------------------------------------------------- for subclasses

    def first_states(self, bottom: Blobs) -> list[np.ndarray]:
        """The states before the first step, each (N, num_output)."""
        if self.expose_hidden:
            return [blob.data[0] for blob in bottom[2 + self.static :]]
        return [blob.data[0] for blob in self._carried]

    def keep_states(self, top: Blobs, states: Sequence[np.ndarray]) -> None:
        """Give the states after the last step to the next batch, and to the tops that show them.

        Args:
            top: the layer's tops.
            states: (N, num_output) each.
        """
        for blob, state in zip(self._carried, states, strict=True):
            blob.data[0] = state
        for blob, state in zip(top[1:], states, strict=False):
            blob.data[0] = state

    def transform_inputs(self, bottom: Blobs, out: np.ndarray) -> None:
        """x · Wᵀ + b for all steps, plus x_static · W_staticᵀ; ``out`` is (T, N, values)."""
        weights, bias = self.blobs[0].data, self.blobs[1].data
        flat = out.reshape(-1, out.shape[-1])
        np.matmul(bottom[0].data.reshape(-1, self._lengths[0]), weights.T, out=flat)
        flat += bias
        if self.static:
            static = bottom[2].data.reshape(self.streams, self._lengths[1])
            out += static @ self.blobs[2].data.T

    def transform_inputs_backward(
        self, dout: np.ndarray, propagate_down: Sequence[bool], bottom: Blobs
    ) -> None:
        """The gradients of :meth:`transform_inputs`, from those of its result.

        Args:
            dout: (T, N, values).
            propagate_down, bottom: as ``backward`` has them.

        Raises:
            GraphError: a gradient of cont is asked for.
        """
        self.without_gradient(propagate_down, bottom)
        flat = dout.reshape(-1, dout.shape[-1])
        vectors = bottom[0].data.reshape(-1, self._lengths[0])
        if self.wants_gradient(0):
            self.accumulate(0, flat.T @ vectors)
        if self.wants_gradient(1):
            self.accumulate(1, channel_sum(fold(flat)))
        if propagate_down[0]:
            target = bottom[0].diff.reshape(-1, self._lengths[0])
            np.matmul(flat, self.blobs[0].data, out=target)
        if self.static:
            self._static_backward(dout.sum(axis=0), propagate_down[2], bottom[2])

    def _static_backward(self, dout: np.ndarray, wanted: bool, static: Blob) -> None:
        vectors = static.data.reshape(self.streams, self._lengths[1])
        if self.wants_gradient(2):
            self.accumulate(2, dout.T @ vectors)
        if wanted:
            target = static.diff.reshape(self.streams, self._lengths[1])
            np.matmul(dout, self.blobs[2].data, out=target)

    def without_gradient(self, wanted: Sequence[bool], bottom: Blobs) -> None:
        """Refuse the gradient of cont, and clear those of exposed states.

        Args:
            wanted: whether that of each bottom is.
            bottom: the layer's bottoms.

        Raises:
            GraphError: that of cont is.
        """
        refuse_gradient(wanted, 1, "cont, where sequences begin")
        first = 2 + self.static
        for index in range(first, len(bottom)):
            if not wanted[index]:
                continue
            bottom[index].diff[...] = 0
            if not self._warned:
                self._warned = True
                logger.warning(
                    "layer '%s': expose_hidden passes no gradient through the states, as in "
                    "Caffe; what is below '%s' learns nothing from this layer",
                    self.param.name, self.param.bottom[index] if self.param.bottom else index,
                )  # fmt: skip

    # -------------------------------------------------------------------- checks

    def _check_shapes(self, bottom: Blobs) -> None:
        x, cont = bottom[0].shape, bottom[1].shape
        if len(x) < 3:
            raise ShapeError(
                f"x has shape {shape_text(x)}, expected at least 3 axes: "
                "time steps × streams × values"
            )
        if x[0] != self.steps:
            raise ShapeError(
                f"x has {x[0]} time steps, but had {self.steps} at set-up; the number of steps "
                "must not change"
            )
        if cont != x[:2]:
            raise ShapeError(
                f"cont has shape {shape_text(cont)}, expected {shape_text(x[:2])}: time steps × "
                "streams, as x has them"
            )
        if self.static:
            static = bottom[2].shape
            if len(static) < 2 or static[0] != x[1]:
                raise ShapeError(
                    f"x_static has shape {shape_text(static)}, expected {x[1]} streams × values"
                )
        if self.expose_hidden:
            want = (1, x[1], self.num_output)
            for name, blob in zip(self.states, bottom[2 + self.static :], strict=True):
                if blob.shape != want:
                    raise ShapeError(
                        f"the state {name} has shape {shape_text(blob.shape)}, expected "
                        f"{shape_text(want)}: 1 × streams × num_output"
                    )

    def _input_lengths(self, bottom: Blobs) -> list[int]:
        lengths = [math.prod(bottom[0].shape[2:])]
        return [*lengths, math.prod(bottom[2].shape[1:])] if self.static else lengths
