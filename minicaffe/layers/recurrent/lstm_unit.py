"""LSTMUnit: one time step of an LSTM."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import ShapeError
from minicaffe.layer import Blobs, Layer, refuse_gradient, register
from minicaffe.layers.activation.sigmoid import sigmoid


def activate(gates: np.ndarray) -> None:
    """Turn gate inputs (…, 4H) into i, f, o = sigmoid(…) and g = tanh(…), in place."""
    hidden = gates.shape[-1] // 4
    inner, candidate = gates[..., : 3 * hidden], gates[..., 3 * hidden :]
    sigmoid(inner, inner)
    np.tanh(candidate, out=candidate)


def unit_forward(
    gates: np.ndarray, cont: np.ndarray, c_before: np.ndarray, c: np.ndarray, h: np.ndarray,
    tanh_c: np.ndarray,
) -> None:  # fmt: skip
    """One step of all streams, see :class:`LSTMUnit`.

    Args:
        gates: (N, 4H), the gate inputs; i, f · cont, o and g afterwards.
        cont: (N,).
        c_before: (N, H), c of the step before.
        c, h, tanh_c: (N, H), overwritten.
    """
    activate(gates)
    i, f, o, g = np.split(gates, 4, axis=1)
    f *= cont[:, None]
    np.multiply(i, g, out=c)
    c += np.multiply(f, c_before, out=tanh_c)
    np.tanh(c, out=tanh_c)
    np.multiply(o, tanh_c, out=h)


def unit_backward(
    gates: np.ndarray, c_before: np.ndarray, tanh_c: np.ndarray, dh: np.ndarray, dc: np.ndarray,
    dgates: np.ndarray,
) -> None:  # fmt: skip
    """The gradients of :func:`unit_forward`.

    Args:
        gates: as it left them.
        dh: the gradient of h.
        dc: that of c by other ways than h; becomes that of ``c_before``.
        dgates: gets that of the gate inputs, (N, 4H).
    """
    i, f, o, g = np.split(gates, 4, axis=1)
    di, df, do, dg = np.split(dgates, 4, axis=1)
    np.square(tanh_c, out=dg)
    np.subtract(1, dg, out=dg)
    dg *= o
    dg *= dh
    dc += dg
    np.multiply(dc, g, out=di)
    np.multiply(dc, c_before, out=df)
    np.multiply(dh, tanh_c, out=do)
    np.multiply(dc, i, out=dg)
    # Caffe's rule: the slope of f is that of cont · f
    inner = gates[:, : -g.shape[1]]
    dgates[:, : -g.shape[1]] *= inner  # one after the other: f² may be too large for a float
    slope = np.subtract(1, inner)
    dgates[:, : -g.shape[1]] *= slope
    np.square(g, out=slope[:, : g.shape[1]])
    dg -= dg * slope[:, : g.shape[1]]
    dc *= f


@register("LSTMUnit")
class LSTMUnit(Layer):
    """One time step of an :class:`LSTM`, without its weights::

        c_t = cont · sigmoid(f) · c_{t-1} + sigmoid(i) · tanh(g)        h_t = sigmoid(o) · tanh(c_t)

    Shapes: bottom 0 is c_{t-1} (1, N, H), bottom 1 the gate inputs i, f, o, g (1, N, 4H), bottom 2
    cont (1, N). Top 0 is c_t, top 1 h_t, (1, N, H) each.

    Gradients: those of the formulas, but where cont is neither 0 nor 1 that of f is not exact: its
    slope is taken to be cont·f·(1 - cont·f) (Caffe's rule). None for cont.

    Raises:
        ShapeError: the bottoms do not fit together.
        GraphError: a gradient of cont is asked for.

    Source: lstm_unit_layer.cpp (BVLC/caffe).
    """

    in_place = False
    exact_bottoms = 3
    exact_tops = 2
    backward_reads = ("bottoms",)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        shape = bottom[0].shape
        if len(shape) != 3 or shape[0] != 1:
            raise ShapeError(f"c has shape {shape_text(shape)}, expected 1 × streams × values")
        want = ((1, shape[1], 4 * shape[2]), (1, shape[1]))
        for name, blob, expected in zip(("gate input", "cont"), bottom[1:], want, strict=True):
            if blob.shape != expected:
                raise ShapeError(
                    f"the {name} has shape {shape_text(blob.shape)}, expected "
                    f"{shape_text(expected)} for a c of shape {shape_text(shape)}"
                )
        for blob in top:
            blob.reshape(*shape)
        self._gates = np.empty(want[0][1:], self.dtype)
        self._tanh_c = np.empty(shape[1:], self.dtype)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self._gates[...] = bottom[1].data[0]
        unit_forward(
            self._gates, bottom[2].data[0], bottom[0].data[0], top[0].data[0], top[1].data[0],
            self._tanh_c,
        )  # fmt: skip

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradient(propagate_down, 2, "cont, where sequences begin")
        dc, dgates = top[0].diff[0].copy(), np.empty_like(self._gates)
        unit_backward(
            self._gates, bottom[0].data[0], self._tanh_c, top[1].diff[0], dc, dgates
        )  # fmt: skip
        if propagate_down[0]:
            bottom[0].diff[0] = dc
        if propagate_down[1]:
            bottom[1].diff[0] = dgates

    @classmethod
    def allow_force_backward(cls, index: int) -> bool:
        return index != 2
