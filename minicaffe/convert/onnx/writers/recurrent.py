"""Operators for layers over sequences (Recurrent Layers).

ONNX's own LSTM and RNN have no mark of where a sequence begins, so a Scan goes through the steps.
The state before the first step is zero at every run, as in a net that has just been made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.convert.onnx.site import Shape, Site
from minicaffe.convert.onnx.writers import writes
from minicaffe.convert.onnx.writers.activation import FLOAT
from minicaffe.errors import require

if TYPE_CHECKING:
    from onnx import GraphProto


@dataclass
class Body:
    """The graph of one time step.

    Attributes:
        states: the names of the states before the step.
        items: of what belongs to the step.
    """

    states: Sequence[str]
    items: Sequence[str]
    _nodes: list[object] = field(default_factory=list)

    def op(self, op_type: str, inputs: Sequence[str], output: str = "", **attributes: int) -> str:
        """Append an operator; returns its result's name."""
        helper = require("onnx.helper", extra="onnx", purpose="writing ONNX")
        name = output or f"{op_type}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(op_type, inputs, [name], name=name, **attributes))
        return name

    def graph(self, name: str, results: Sequence[str]) -> GraphProto:
        """The graph, whose results are the states after the step, then what it gives out."""
        helper = require("onnx.helper", extra="onnx", purpose="writing ONNX")
        inputs, outputs = (
            [helper.make_tensor_value_info(value, FLOAT, None) for value in names]
            for names in ((*self.states, *self.items), results)
        )
        return helper.make_graph(self._nodes, name, inputs, outputs)


def _gate_inputs(site: Site, parameters: Sequence[str], static: str = "") -> str:
    """x · Wᵀ + b of all steps; and x_static · W_staticᵀ, which all steps have in common."""
    shape = site.bottom_shapes[0]
    length = int(np.prod([n or 0 for n in shape[2:]], dtype=int))
    value = site.inputs[0]
    if len(shape) != 3:
        value = site.reshape(value, (*shape[:2], length))
    value = site.op("MatMul", [value, _turned(site, parameters[0])])
    value = site.op("Add", [value, parameters[1]])
    if static:
        own = site.op("Flatten", [static], axis=1)
        value = site.op("Add", [value, site.op("MatMul", [own, _turned(site, parameters[2])])])
    return value


def _turned(site: Site, matrix: str) -> str:
    return site.op("Transpose", [matrix], perm=[1, 0])


def _first_states(site: Site, count: int, exposed: Sequence[str], hidden: int) -> list[str]:
    """The states before the first step, (N, H): the exposed ones, or zeros."""
    streams: Shape = (site.bottom_shapes[0][1], hidden)
    if exposed:
        return [site.reshape(value, streams) for value in exposed]
    items = site.slice(site.op("Shape", [site.inputs[0]]), [(0, 1, 2)])
    shape = site.op("Concat", [items, site.constant([hidden], np.int64)], axis=0)
    return [site.op("Expand", [site.constant(0), shape])] * count


def _marks(site: Site, value: str) -> str:
    """cont as (T, N, 1), to multiply states with."""
    return site.reshape(value, (*site.bottom_shapes[0][:2], 1))


def _scan(
    site: Site, body: Body, results: Sequence[str], states: Sequence[str], items: Sequence[str]
) -> list[str]:
    """Append the Scan; its results are the last states, then the outputs of all steps."""
    graph = body.graph(f"{site.node.name}/step", results)
    places = [None] * len(results)
    return site.ops("Scan", [*states, *items], places, body=graph, num_scan_inputs=len(items))


def _lstm_step(recurrent: str, constants: Sequence[str]) -> tuple[Body, list[str]]:
    """One step of an LSTM: h, c, cont and the gates' inputs become h, c and h to give out."""
    body = Body(["h_before", "c_before"], ["gate_inputs", "cont"])
    go_on = body.op("Mul", ["h_before", "cont"])
    gates = body.op("Add", ["gate_inputs", body.op("MatMul", [go_on, recurrent])])
    parts = [
        body.op("Slice", [gates, start, stop, constants[-1]])
        for start, stop in pairwise(constants[:5])
    ]
    i, f, o = (body.op("Sigmoid", [part]) for part in parts[:3])
    g = body.op("Tanh", [parts[3]])
    kept = body.op("Mul", [body.op("Mul", [f, "cont"]), "c_before"])
    c = body.op("Add", [kept, body.op("Mul", [i, g])], "c")
    h = body.op("Mul", [o, body.op("Tanh", [c])], "h")
    return body, [h, c, body.op("Identity", [h], "output")]


def _lstm(
    site: Site, gates: str, recurrent: str, cont: str, states: Sequence[str], hidden: int
) -> list[str]:
    bounds = [site.constant([part * hidden], np.int64) for part in range(5)]
    constants = [*bounds, site.constant([1], np.int64)]
    body, results = _lstm_step(_turned(site, recurrent), constants)
    return _scan(site, body, results, states, [gates, cont])


@writes("LSTM")
def lstm(site: Site) -> None:
    layer = site.layer
    gates = _gate_inputs(site, _parameters(site), site.inputs[2] if layer.static else "")
    states = _first_states(site, 2, _exposed(site), layer.num_output)
    cont = _marks(site, site.inputs[1])
    last_h, last_c, outputs = _lstm(
        site, gates, site.parameter(len(layer.blobs) - 1), cont, states, layer.num_output
    )
    site.op("Identity", [outputs], 0)
    for index, value in list(enumerate((last_h, last_c), 1))[: len(site.outputs) - 1]:
        site.reshape(value, site.top_shapes[index], index)


def _parameters(site: Site) -> list[str]:
    return [site.parameter(index) for index in range(2 + site.layer.static)]


def _exposed(site: Site) -> list[str]:
    return site.inputs[2 + site.layer.static :] if site.layer.expose_hidden else []


@writes("RNN")
def rnn(site: Site) -> None:
    layer, hidden = site.layer, site.layer.num_output
    sums = _gate_inputs(site, _parameters(site), site.inputs[2] if layer.static else "")
    states = _first_states(site, 1, _exposed(site), hidden)
    first = len(layer.blobs) - 3
    recurrent, output, bias = (site.parameter(first + index) for index in range(3))
    body = Body(["h_before"], ["sums", "cont"])
    go_on = body.op("Mul", ["h_before", "cont"])
    added = body.op("MatMul", [go_on, _turned(site, recurrent)])
    h = body.op("Tanh", [body.op("Add", ["sums", added])], "h")
    results = [h, body.op("Identity", [h], "output")]
    last, steps = _scan(site, body, results, states, [sums, _marks(site, site.inputs[1])])
    value = site.op("Add", [site.op("MatMul", [steps, _turned(site, output)]), bias])
    site.op("Tanh", [value], 0)
    if len(site.outputs) > 1:
        site.reshape(last, site.top_shapes[1], 1)


@writes("Lstm")
def ctpn_lstm(site: Site) -> None:
    """CTPN's: the second bottom, or the first step alone, says where sequences begin."""
    hidden = site.layer.param.lstm_param.num_output
    gates = _gate_inputs(site, [site.parameter(0), site.parameter(2)])
    steps, streams = site.bottom_shapes[0][:2]
    if len(site.inputs) > 1:
        nothing = site.op("Equal", [site.inputs[1], site.constant(0)])
        flags = site.op("Cast", [site.op("Not", [nothing])], to=FLOAT)
        cont = site.reshape(flags, (steps, streams, 1))
    else:
        cont = _all_but_first(site, steps)
    states = _first_states(site, 2, [], hidden)
    outputs = _lstm(site, gates, site.parameter(1), cont, states, hidden)[-1]
    site.op("Identity", [outputs], 0)


def _all_but_first(site: Site, steps: int | None) -> str:
    """0 for the first step, 1 for all others: (T, 1, 1)."""
    if steps is not None:
        marks = np.ones((steps, 1, 1), np.float32)
        marks[:1] = 0
        return site.constant(marks)
    count = site.reshape(site.slice(site.op("Shape", [site.inputs[0]]), [(0, 0, 1)]), ())
    zero, one = site.constant(0, np.int64), site.constant(1, np.int64)
    numbers = site.op("Range", [zero, count, one])
    later = site.op("Cast", [site.op("Greater", [numbers, zero])], to=FLOAT)
    return site.reshape(later, (None, 1, 1))


@writes("LSTMUnit")
def lstm_unit(site: Site) -> None:
    """One step, without a Scan."""
    c_before, gates, cont = site.inputs
    hidden = site.bottom_shapes[0][2] or 0
    parts = [site.slice(gates, [(2, n * hidden, (n + 1) * hidden)]) for n in range(4)]
    i, f, o = (site.op("Sigmoid", [part]) for part in parts[:3])
    marks = site.reshape(cont, (*site.bottom_shapes[0][:2], 1))
    kept = site.op("Mul", [site.op("Mul", [f, marks]), c_before])
    c = site.op("Add", [kept, site.op("Mul", [i, site.op("Tanh", [parts[3]])])], 0)
    site.op("Mul", [o, site.op("Tanh", [c])], 1)
