"""LSTM and CTPN's Lstm: long short-term memory over a sequence."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, refuse_gradient, register
from minicaffe.layers.recurrent.lstm_unit import unit_backward, unit_forward
from minicaffe.layers.recurrent.recurrent_layer import Recurrent


@register("LSTM")
class LSTM(Recurrent):
    """Long short-term memory without peepholes; the states are h and c::

        i, f, o, g = W_hc · (cont_t · h_{t-1}) + W_xc · x_t + b_c [+ W_xc_static · x_static]
        c_t = cont_t · sigmoid(f) · c_{t-1} + sigmoid(i) · tanh(g)
        h_t = sigmoid(o) · tanh(c_t)

    :class:`Recurrent` says what becomes of the states between batches.

    Shapes: with H = num_output, bottom 0 is x (T, N, …) of I values a step and stream; bottom 1
    cont (T, N), 1 where a stream goes on, 0 where a sequence begins; then, optional, x_static (N,
    …) of S values; with ``expose_hidden`` h and c before the first step, (1, N, H) each. Top 0 is h
    (T, N, H); with ``expose_hidden`` h and c after the last step follow, (1, N, H) each. blobs[0]
    is W_xc (4H, I), blobs[1] b_c (4H), then W_xc_static (4H, S) with x_static, and W_hc (4H, H);
    the rows are those of i, f, o, g in this order.

    Settings: ``recurrent_param``: num_output, required; weight_filler, bias_filler, expose_hidden
    (false).

    Gradients: back through time to the first step of the batch and not further; none for cont;
    exposed states neither take nor get any (Caffe's rule).

    Raises:
        ShapeError: num_output is missing; the bottoms do not fit together, or to the blobs; the
            number of steps has changed (that of streams may).
        GraphError: wrong numbers of bottoms or tops; a gradient of cont is asked for.

    Source: lstm_layer.cpp (BVLC/caffe); Hochreiter & Schmidhuber, "Long short-term memory", 1997;
    Zaremba & Sutskever, "Learning to execute", 2014 (arXiv:1410.4615).
    """

    states = ("h", "c")
    all_param_names = ("W_xc", "b_c", "W_xc_static", "W_hc")
    gates = 4

    def allocate(self) -> None:
        shape = (self.steps, self.streams, self.num_output)
        self._c, self._tanh_c, self._before = (np.empty(shape, self.dtype) for _ in "123")
        wide = (*shape[:2], 4 * self.num_output)
        self._gates, self._dgates = (np.empty(wide, self.dtype) for _ in "12")
        self._first_c = np.empty(shape[1:], self.dtype)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """Step after step; all inputs are transformed at once."""
        gates, before, h = self._gates, self._before, top[0].data
        weights = self.blobs[-1].data
        self.transform_inputs(bottom, gates)
        last_h, last_c = self.first_states(bottom)
        self._first_c[...] = last_c
        last_c = self._first_c
        for t, cont in enumerate(bottom[1].data):
            np.multiply(last_h, cont[:, None], out=before[t])
            gates[t] += before[t] @ weights.T
            unit_forward(gates[t], cont, last_c, self._c[t], h[t], self._tanh_c[t])
            last_h, last_c = h[t], self._c[t]
        self.keep_states(top, [last_h, last_c])

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        """Back through time, to the first step of the batch."""
        gates, dgates, own = self._gates, self._dgates, len(self.blobs) - 1
        dc, dh = np.zeros_like(self._first_c), np.zeros_like(self._first_c)
        for t in range(self.steps - 1, -1, -1):
            dh += top[0].diff[t]
            c_before = self._c[t - 1] if t else self._first_c
            unit_backward(gates[t], c_before, self._tanh_c[t], dh, dc, dgates[t])
            if t:
                np.matmul(dgates[t], self.blobs[own].data, out=dh)
                dh *= bottom[1].data[t][:, None]
        if self.wants_gradient(own):
            flat = dgates.reshape(-1, 4 * self.num_output)
            self.accumulate(own, flat.T @ self._before.reshape(-1, self.num_output))
        self.transform_inputs_backward(dgates, propagate_down, bottom)


@register("Lstm")
class Lstm(Layer):
    """Long short-term memory as CTPN has it, another layer than LSTM: gates i, f, o, g = W · x_t +
    U · h_{t-1} + b, then c_t = sigmoid(f) · c_{t-1} + sigmoid(i) · tanh(g) and
    h_t = sigmoid(o) · tanh(c_t).

    Where a sequence begins, h and c before it are 0: at the first step, or with a second bottom
    wherever that is 0; where it is 1 at the first step, the last state of the forward before goes
    on. Faults of the fork's CPU code, which concern several sequences at a time, are not copied.

    Shapes: bottom 0, x (T, N, …) of I values a step; bottom 1, optional, T · N numbers, 0 where a
    sequence begins and else 1; top h (T, N, num_output). With H = num_output blobs[0] is W (4H, I),
    blobs[1] U (4H, H), both filled by ``weight_filler``, blobs[2] b (4H), filled by
    ``bias_filler``; the rows are those of i, f, o, g in this order.

    Settings: ``lstm_param``: num_output, required; clipping_threshold (0). batch_size is read by
    nothing.

    Gradients: back through time to the first step; with ``clipping_threshold`` those of the gates'
    sums are cut to ±threshold at every step. None for bottom 1.

    Raises:
        GraphError: num_output is missing; a gradient of bottom 1 is asked for.
        ShapeError: fewer than two axes; I differs from that at set-up; not T · N numbers.

    Source: lstm_layer.cpp (tianzhi0549/CTPN), by Junhyuk Oh; Hochreiter & Schmidhuber, "Long
    short-term memory", 1997.
    """

    in_place = False
    min_bottoms = 1
    max_bottoms = 2
    exact_tops = 1

    @classmethod
    def blob_names(cls, count: int) -> tuple[str, ...]:
        return ("W", "U", "b")[:count]

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        if not self.param.lstm_param.num_output:
            yield GraphError("num_output is missing or 0, expected at least 1")

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        param, width = self.param.lstm_param, self.param.lstm_param.num_output
        self._inputs = math.prod(bottom[0].shape[2:])
        self.add_param((4 * width, self._inputs), param.weight_filler)
        self.add_param((4 * width, width), param.weight_filler)
        self.add_param((4 * width,), param.bias_filler)
        self._last = np.zeros((2, 0, width), self.dtype)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        shape, width = bottom[0].shape, self.param.lstm_param.num_output
        if len(shape) < 2 or math.prod(shape[2:]) != self._inputs:
            raise ShapeError(
                f"bottom 0 has shape {shape_text(shape)}; steps, sequences and {self._inputs} "
                "values, as at set-up, are expected"
            )
        if len(bottom) > 1 and bottom[1].count != shape[0] * shape[1]:
            raise ShapeError(
                f"bottom 1 has shape {shape_text(bottom[1].shape)}; {shape[0]}×{shape[1]} numbers, "
                "one for each step of each sequence, are expected"
            )
        if self._last.shape[1] != shape[1]:
            self._last = np.zeros((2, shape[1], width), self.dtype)
        top[0].reshape(shape[0], shape[1], width)

    def reset(self) -> None:
        """Forget the states: the next forward begins from zeros."""
        self._last[...] = 0

    def numbers_below(self, index: int, bottom: Blobs) -> int | None:
        return 2 if index == 1 else None

    def _cont(self, bottom: Blobs) -> np.ndarray:
        """Whether a sequence goes on, for each step and sequence."""
        steps, streams = bottom[0].shape[:2]
        if len(bottom) > 1:
            return (bottom[1].data != 0).reshape(steps, streams).astype(self.dtype)
        cont = np.ones((steps, streams), self.dtype)
        cont[:1] = 0
        return cont

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        h, weights = top[0].data, self.blobs[1].data
        x = bottom[0].data.reshape(*bottom[0].shape[:2], self._inputs)
        self._gates = x @ self.blobs[0].data.T + self.blobs[2].data
        self._c, self._tanh_c, self._before = (np.empty_like(h) for _ in "123")
        self._first_c, cont = self._last[1].copy(), self._cont(bottom)
        last_h, last_c = self._last
        for t in range(len(x)):
            np.multiply(last_h, cont[t][:, None], out=self._before[t])
            self._gates[t] += self._before[t] @ weights.T
            unit_forward(self._gates[t], cont[t], last_c, self._c[t], h[t], self._tanh_c[t])
            last_h, last_c = h[t], self._c[t]
        self._last = np.stack([last_h, last_c])
        self._continues = cont

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradient(propagate_down, 1, "where sequences begin")
        dgates, limit = np.empty_like(self._gates), self.param.lstm_param.clipping_threshold
        dc, dh = np.zeros_like(self._first_c), np.zeros_like(self._first_c)
        for t in range(len(dgates) - 1, -1, -1):
            dh += top[0].diff[t]
            c_before = self._c[t - 1] if t else self._first_c
            unit_backward(self._gates[t], c_before, self._tanh_c[t], dh, dc, dgates[t])
            if limit > 0:
                np.clip(dgates[t], -limit, limit, out=dgates[t])
            np.matmul(dgates[t], self.blobs[1].data, out=dh)
            dh *= self._continues[t][:, None]
        flat, x = dgates.reshape(-1, dgates.shape[2]), bottom[0].data
        self.accumulate(0, flat.T @ x.reshape(len(flat), self._inputs))
        self.accumulate(1, flat.T @ self._before.reshape(len(flat), dc.shape[1]))
        self.accumulate(2, flat.sum(axis=0))
        if propagate_down[0]:
            out = bottom[0].diff.reshape(len(flat), self._inputs)
            np.matmul(flat, self.blobs[0].data, out=out)

    @property
    def repeatable(self) -> bool:
        """Without a second bottom, by which the state before may go on."""
        return len(self.param.bottom) < 2

    def state(self) -> Mapping[str, object]:
        """h and c after the last step."""
        return {"last": self._last.copy()}

    def restore(self, state: Mapping[str, object]) -> None:
        """Go on from where ``state()`` was taken."""
        self._last = np.array(state["last"], self.dtype)
