"""Reader of long short-term memory over sequences (Recurrent Layers)."""

from __future__ import annotations

import numpy as np

from minicaffe.convert.onnx.node_site import NodeSite
from minicaffe.convert.onnx.readers import reads
from minicaffe.convert.onnx.readers.activation import power
from minicaffe.convert.onnx.readers.convolution import known
from minicaffe.convert.onnx.readers.moving import reshape_to
from minicaffe.convert.onnx.site import Cannot, Shape

#: Where Caffe's gates i, f, o, g are among ONNX's i, o, f, c.
_GATES = (0, 2, 1, 3)
#: ONNX's inputs by number.
_BIAS, _LENGTHS, _FIRST_H, _FIRST_C, _PEEPHOLES = 3, 4, 5, 6, 7


@reads("LSTM")
def lstm(site: NodeSite) -> None:
    """LSTM, for each direction, with a cont that begins the sequence at every run."""
    directions = {"forward": [False], "reverse": [True], "bidirectional": [False, True]}
    wanted = directions.get(site.word("direction", "forward"))
    steps, streams, _ = site.shape()
    hidden = site.integer("hidden_size", 0)
    _refuse_others(site, wanted is None)
    length = known((steps,), "number of steps")[0]
    one: Shape = (length, streams, hidden)
    cont = _cont(site, length, streams)
    results = []
    for number, backwards in enumerate(wanted or ()):
        name = "backward" if backwards else "forward"
        value = _reversed(site, site.blob(), f"{name}/turned") if backwards else site.blob()
        layer = site.layer(
            "LSTM", [value, cont], weights=_weights(site, number, hidden), suffix=name, out=None
        )
        layer.recurrent_param.num_output = hidden
        results.append((str(layer.top[0]), backwards))
    _sequences(site, results, one)
    if _is_read(site, 1):
        _last_steps(site, [value for value, _ in results], one)


def _refuse_others(site: NodeSite, other_direction: bool) -> None:
    """Refuse what Caffe's LSTM does not have.

    Raises:
        Cannot: the operator has some of it.
    """
    first = [n for n in (_FIRST_H, _FIRST_C) if site.has(n) and not _is_zero(site, site.inputs[n])]
    functions = " ".join(site.words("activations", ()))  # three for each direction
    refused = {
        "its direction is not known": other_direction,
        "it has lengths of sequences": site.has(_LENGTHS),
        "it begins with states that are not 0": bool(first),
        "it has peepholes": site.has(_PEEPHOLES) and not _is_zero(site, site.inputs[_PEEPHOLES]),
        "it has the batch first": site.integer("layout", 0) != 0,
        "it joins the input and forget gates": site.integer("input_forget", 0) != 0,
        "it has other functions": bool(functions.replace("Sigmoid Tanh Tanh", "").strip()),
        "its last cell state is read": _is_read(site, 2),
    }
    if told := [what for what, there in refused.items() if there]:
        raise Cannot(f"{' and '.join(told)}; Caffe's LSTM does not do so")


def _is_zero(site: NodeSite, value: str) -> bool:
    """Whether a value is 0, whatever the batch."""
    both = [site.source.known, *([site.source.other] if site.source.other else [])]
    return all(value in known.constants and not known.constants[value].any() for known in both)


def _is_read(site: NodeSite, out: int) -> bool:
    if len(site.outputs) <= out or not site.outputs[out]:
        return False
    return site.outputs[out] in site.source.readers or site.outputs[out] in site.source.outputs


def _weights(site: NodeSite, number: int, hidden: int) -> list[np.ndarray]:
    """W_xc, b_c and W_hc of a direction, the gates in Caffe's order."""
    inputs, states = (site.numbers(n, what)[number] for n, what in ((1, "W"), (2, "R")))
    both = np.zeros(8 * hidden, np.float32)
    if site.has(_BIAS):
        both = site.numbers(_BIAS, "B")[number]
    bias = both[: 4 * hidden] + both[4 * hidden :]
    return [
        np.concatenate([array[n * hidden : (n + 1) * hidden] for n in _GATES])
        for array in (inputs, bias, states)
    ]


def _cont(site: NodeSite, steps: int, streams: int | None) -> str:
    """0 for the first step and 1 for the others, (T, N), of as many streams as there are."""
    layer = site.layer("Reduction", [site.blob()], suffix="cont/streams", out=None)
    layer.reduction_param.axis = 2
    value = str(layer.top[0])
    if steps == 1:
        return power(site, value, scale=0, suffix="cont", out=None)
    tops = [site.text.fresh(f"{site.name}/cont/{part}") for part in ("first", "later")]
    cut = site.text.add("Slice", f"{site.name}/cont/slice", [value], tops)
    cut.slice_param.axis, cut.slice_param.slice_point[:] = 0, [1]
    parts = [
        power(site, top, scale=0, shift=mark, suffix=f"cont/{mark}", out=None)
        for mark, top in enumerate(tops)
    ]
    joined = site.layer("Concat", parts, suffix="cont", out=None)
    joined.concat_param.axis = 0
    return str(joined.top[0])


def _reversed(site: NodeSite, blob: str, suffix: str) -> str:
    layer = site.layer("Reverse", [blob], suffix=suffix, out=None)
    layer.reverse_param.axis = 0
    return str(layer.top[0])


def _sequences(site: NodeSite, results: list[tuple[str, bool]], one: Shape) -> None:
    """All steps, (T, directions, N, H), in the order of time."""
    values = [
        _reversed(site, value, "backward/sequence") if backwards else value
        for value, backwards in results
    ]
    after = (one[0], 1, *one[1:])
    if len(values) == 1:
        reshape_to(site, values[0], one, after)
        return
    parts = [reshape_to(site, value, one, after, suffix=f"direction{number}", out=None)
             for number, value in enumerate(values)]  # fmt: skip
    site.layer("Concat", parts)


def _last_steps(site: NodeSite, values: list[str], one: Shape) -> None:
    """What each direction has computed last, (directions, N, H)."""
    ends = []
    for number, value in enumerate(values):
        if one[0] != 1:
            tops = [site.text.fresh(f"{site.name}/{part}{number}") for part in ("steps", "last")]
            cut = site.text.add("Slice", f"{site.name}/last{number}/slice", [value], tops)
            cut.slice_param.axis, cut.slice_param.slice_point[:] = 0, [(one[0] or 1) - 1]
            site.text.add("Silence", f"{site.name}/unread{number}", tops[:1], [])
            value = tops[1]
        ends.append(value)
    if len(ends) == 1:
        site.same(ends[0], 1)
    else:
        site.layer("Concat", ends, suffix="last", out=1).concat_param.axis = 0
