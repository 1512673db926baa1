"""What a plan does, in words: for people who look for the time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from minicaffe.engines.onednn import dnnl
from minicaffe.engines.onednn.primitive import MemoryDesc, Primitive
from minicaffe.engines.onednn.steps import NumpyStep, Step
from minicaffe.engines.onednn.tensor import Cached, Call

#: The arguments whose layouts are shown, in this order.
_SHOWN = (
    dnnl.SRC,
    dnnl.MULTIPLE_SRC,
    dnnl.DIFF_DST,
    dnnl.DST,
    dnnl.DIFF_SRC,
    dnnl.DIFF_WEIGHTS,
)

_AXES = {2: "nc", 3: "ncw", 4: "nchw", 5: "ncdhw"}


def layout_name(desc: MemoryDesc) -> str:
    """A layout as oneDNN's users know it: nchw, nhwc, nChw16c; "own" for any other."""
    axes = _AXES.get(len(desc.shape), "".join(chr(ord("a") + i) for i in range(len(desc.shape))))
    known = desc.format()
    if known is None:
        plain = desc == MemoryDesc(desc.shape, desc.dtype)
        name = axes if plain else "own"
    elif known[0] == 1:
        name = axes
    elif known[0] == 0:
        name = axes[0] + axes[2:] + axes[1]
    else:
        name = f"{axes[0]}C{axes[2:]}{known[0]}c"
    return name + (" bf16" if desc.dtype == dnnl.BF16 else "")


def headline(step: Step, calls: Sequence[Call], float32: str | None) -> str:
    """One line: the layers that a step covers, and what runs them.

    Args:
        step: the step.
        calls: all of its calls.
        float32: why it does not use the data type that was asked for.
    """
    names = " + ".join(node.name for node in step.nodes)
    if isinstance(step, NumpyStep):
        return f"{names}: numpy, {step.reason}"
    ran = [call.name for call in calls if isinstance(call, Primitive)]
    kept = f" (in float32, {float32})" if float32 else ""
    return f"{names}: {', '.join(ran)}{kept}"


def details(calls: Sequence[Call]) -> Iterator[str]:
    """One line a primitive: what it does, its implementation, the layouts that it reads and
    writes; reorders are primitives too."""
    for call in calls:
        if isinstance(call, Primitive):
            yield _line(call)
        elif isinstance(call, Cached):
            for inner in call.calls:
                if isinstance(inner, Primitive):
                    yield f"{_line(inner)} (parameters, when they have changed)"


def _line(primitive: Primitive) -> str:
    kind, _, implementation = primitive.name.partition("/")
    operands = primitive.operands
    layouts = [layout_name(operands[one].desc) for one in _SHOWN if one in operands]
    return f"{kind} {implementation}: {' -> '.join(layouts)}"
