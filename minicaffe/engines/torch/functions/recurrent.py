"""Recurrent layers."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from minicaffe.engines.torch.functions import function_for
from minicaffe.engines.torch.functions.formulas import like, with_gradient
from minicaffe.layers.recurrent.lstm import LSTM
from minicaffe.layers.recurrent.lstm_unit import LSTMUnit
from minicaffe.layers.recurrent.recurrent_layer import Recurrent
from minicaffe.layers.recurrent.rnn import RNN


def unit(gates: Tensor, cont: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """One time step: c and h of gate inputs (N, 4H), cont (N, 1) and the c before, (N, H).

    Where cont is neither 0 nor 1, the slope of the forget gate is Caffe's.
    """
    i, f, o, g = gates.chunk(4, 1)
    kept = torch.sigmoid(f.detach()) * cont
    forget = with_gradient(f, kept, lambda dy: dy * kept * (1 - kept))
    c = forget * c + torch.sigmoid(i) * torch.tanh(g)
    return c, torch.sigmoid(o) * torch.tanh(c)


@function_for(LSTMUnit)
def lstm_unit(
    layer: LSTMUnit, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """One time step, without weights."""
    c, h = unit(bottoms[1][0], bottoms[2].detach()[0, :, None], bottoms[0][0])
    return [c[None], h[None]]


def transformed(layer: Recurrent, bottoms: list[Tensor], params: list[Tensor]) -> Tensor:
    """x · Wᵀ + b of all steps, plus x_static · W_staticᵀ: (T, N, values)."""
    inputs = F.linear(bottoms[0].flatten(2), params[0], params[1])
    if layer.static:
        inputs = inputs + F.linear(bottoms[2].flatten(1), params[2])
    return inputs


def first_states(layer: Recurrent, bottoms: list[Tensor]) -> list[Tensor]:
    """The states before the first step, (N, H) each, through which no gradient goes."""
    if layer.expose_hidden:
        return [state.detach()[0] for state in bottoms[2 + layer.static :]]
    return [like(values[0], bottoms[0]) for values in layer.state().values()]


def with_states(layer: Recurrent, top: Tensor, states: list[Tensor]) -> list[Tensor]:
    """The tops; the next forward goes on from the states."""
    states = [state.detach() for state in states]
    layer.keep_states([], [state.cpu().numpy() for state in states])
    return [top, *(state[None] for state in states)] if layer.expose_hidden else [top]


@function_for(LSTM)
def lstm(layer: LSTM, bottoms: list[Tensor], params: list[Tensor], training: bool) -> list[Tensor]:
    """Step after step; all inputs are transformed at once."""
    inputs, weights, steps = transformed(layer, bottoms, params), params[-1], []
    h, c = first_states(layer, bottoms)
    for gates, cont in zip(inputs, bottoms[1].detach()[..., None], strict=True):
        c, h = unit(gates + F.linear(h * cont, weights), cont, c)
        steps.append(h)
    return with_states(layer, torch.stack(steps), [h, c])


@function_for(RNN)
def rnn(layer: RNN, bottoms: list[Tensor], params: list[Tensor], training: bool) -> list[Tensor]:
    """Step after step; all inputs and all outputs are transformed at once."""
    inputs, (recurrent, output, offset), steps = (
        transformed(layer, bottoms, params),
        params[-3:],
        [],
    )
    (h,) = first_states(layer, bottoms)
    for values, cont in zip(inputs, bottoms[1].detach()[..., None], strict=True):
        h = torch.tanh(values + F.linear(h * cont, recurrent))
        steps.append(h)
    return with_states(layer, torch.tanh(F.linear(torch.stack(steps), output, offset)), [h])
