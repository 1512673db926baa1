"""RNN: the simple recurrent layer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.layer import Blobs, register
from minicaffe.layers.channels import channel_sum, fold
from minicaffe.layers.recurrent.recurrent_layer import Recurrent


@register("RNN")
class RNN(Recurrent):
    """A recurrent layer with one state h::

        h_t = tanh(W_hh · (cont_t · h_{t-1}) + W_xh · x_t + b_h [+ W_xh_static · x_static])
        o_t = tanh(W_ho · h_t + b_o)

    :class:`Recurrent` says what becomes of the state between batches.

    Shapes: with H = num_output, bottom 0 is x (T, N, …) of I values a step and stream; bottom 1
    cont (T, N), 1 where a stream goes on, 0 where a sequence begins; then, optional, x_static (N,
    …) of S values; with ``expose_hidden`` h before the first step, (1, N, H). Top 0 is o (T, N, H);
    with ``expose_hidden`` h after the last step follows, (1, N, H). blobs[0] is W_xh (H, I),
    blobs[1] b_h (H), then W_xh_static (H, S) with x_static, W_hh (H, H), W_ho (H, H) and b_o (H).

    Settings: ``recurrent_param``: num_output, required; weight_filler, bias_filler, expose_hidden
    (false).

    Gradients: back through time to the first step of the batch and not further; none for cont;
    exposed states neither take nor get any (Caffe's rule).

    Raises:
        ShapeError: num_output is missing; the bottoms do not fit together, or to the blobs; the
            number of steps has changed (that of streams may).
        GraphError: wrong numbers of bottoms or tops; a gradient of cont is asked for.

    Source: rnn_layer.cpp (BVLC/caffe); Elman, "Finding structure in time", 1990.
    """

    states = ("h",)
    all_param_names = ("W_xh", "b_h", "W_xh_static", "W_hh", "W_ho", "b_o")

    def add_own_params(self) -> None:
        """W_ho and b_o, which make outputs of the states."""
        param = self.param.recurrent_param
        self.add_param((self.num_output, self.num_output), param.weight_filler)
        self.add_param((self.num_output,), param.bias_filler)

    def allocate(self) -> None:
        shape = (self.steps, self.streams, self.num_output)
        self._h, self._o, self._before = (np.empty(shape, self.dtype) for _ in "123")
        self._dsum, self._dh = (np.empty(shape, self.dtype) for _ in "12")

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """Step after step; all inputs and all outputs are transformed at once."""
        h, before = self._h, self._before
        recurrent, output, bias = (blob.data for blob in self.blobs[-3:])
        self.transform_inputs(bottom, h)
        (last,) = self.first_states(bottom)
        for t, cont in enumerate(bottom[1].data):
            np.multiply(last, cont[:, None], out=before[t])
            h[t] += before[t] @ recurrent.T
            last = np.tanh(h[t], out=h[t])
        out = self._o.reshape(-1, self.num_output)
        np.matmul(h.reshape(-1, self.num_output), output.T, out=out)
        out += bias
        np.tanh(out, out=out)
        top[0].data[...] = self._o  # a copy: what comes next may run in place
        self.keep_states(top, [last])

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        """Back through time, to the first step of the batch."""
        hidden, dsum, dh = self.num_output, self._dsum, self._dh
        h = self._h.reshape(-1, hidden)
        recurrent, output = self.blobs[-3], self.blobs[-2]
        do = np.square(self._o)
        np.subtract(1, do, out=do)
        do *= top[0].diff
        do = do.reshape(-1, hidden)
        count = len(self.blobs)
        if self.wants_gradient(count - 2):
            self.accumulate(count - 2, do.T @ h)
        if self.wants_gradient(count - 1):
            self.accumulate(count - 1, channel_sum(fold(do)))
        np.matmul(do, output.data, out=dh.reshape(-1, hidden))
        for t in range(self.steps - 1, -1, -1):
            slope = np.square(self._h[t], out=dsum[t])
            np.subtract(1, slope, out=slope)
            slope *= dh[t]
            if t:
                back = dsum[t] @ recurrent.data
                back *= bottom[1].data[t][:, None]
                dh[t - 1] += back
        if self.wants_gradient(count - 3):
            before = self._before.reshape(-1, hidden)
            self.accumulate(count - 3, dsum.reshape(-1, hidden).T @ before)
        self.transform_inputs_backward(dsum, propagate_down, bottom)
