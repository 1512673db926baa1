"""LSTM: long short-term memory over a sequence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.layer import Blobs, register
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
