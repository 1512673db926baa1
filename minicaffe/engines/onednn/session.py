"""The session: a net as segments, each of which chooses what runs its layers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.blob import Blob
from minicaffe.engines.numpy.kernels import use_kernels
from minicaffe.engines.onednn import dnnl
from minicaffe.engines.onednn.builder import Purpose
from minicaffe.engines.onednn.compiler import Fallbacks
from minicaffe.engines.onednn.dnnl import on_own_threads
from minicaffe.engines.onednn.plan import CompiledStep, Context
from minicaffe.engines.onednn.primitive import MemoryDesc, Primitive
from minicaffe.engines.onednn.segment import NumpyLayer, Part, Segment, runs_alone
from minicaffe.engines.onednn.steps import NumpyStep, Step
from minicaffe.engines.onednn.tensor import Cached, Call, KernelCall
from minicaffe.proto import caffe_pb2

if TYPE_CHECKING:
    from minicaffe.net.net import Net
    from minicaffe.net.node import Node


class Session:
    """Runs a net through oneDNN.

    As in Caffe, a layer is reshaped just before it runs and never after. Layers that may shape
    their tops while they run (data layers, Python layers) run alone; those between them are a
    :class:`Segment`, whose shapes are settled before it runs. A forward of some layers only, in
    shapes that those after or before them may not take, parts a segment there for good.

    Args:
        net: the net.
        storage: data type of activations and of the weights' compute copies.
        references: leave layers whose prototxt says ``engine: CAFFE`` to numpy.

    Attributes:
        context: what all plans are compiled from.
        purpose: what they begin with; gradients are asked for from the first backward on.
        parts: the segments and single layers, in order.
        forks: the library's when it began.
    """

    def __init__(self, net: Net, storage: int, *, references: bool) -> None:
        self._nodes = net.nodes
        self.forks = dnnl.library().forks
        use_kernels(net.nodes)
        self.context = Context(
            net.nodes, net.callbacks, net.budget, net.blobs,
            wanted=[*net.inputs, *net.outputs], outputs=net.outputs,
            learns=net.phase == caffe_pb2.TRAIN, references=references,
            fallbacks=Fallbacks(storage),
        )  # fmt: skip
        training = net.phase == caffe_pb2.TRAIN or _wants_input_gradients(net.nodes)
        options = net.options
        self.purpose = Purpose(
            training, options.fuse, options.keep == "outputs", options.convolutions == "auto"
        )
        self.parts: list[Part] = self._cut_to_parts()

    def _cut_to_parts(self) -> list[Part]:
        parts: list[Part] = []
        first = 0
        for index, node in enumerate(self._nodes):
            if runs_alone(node):
                if first < index:
                    parts.append(Segment(self, first, index - 1))
                parts.append(NumpyLayer(self.context, index))
                first = index + 1
        if first < len(self._nodes):
            parts.append(Segment(self, first, len(self._nodes) - 1))
        return parts

    def plan_again(self) -> None:
        """Compile other plans: all that these have computed is in the blobs."""
        self.abandon()
        self.parts, self.forks = self._cut_to_parts(), dnnl.library().forks

    @property
    def steps(self) -> list[CompiledStep]:
        """All steps that have been compiled, in order."""
        return [step for part in self.parts for step in part.steps]

    def _at(self, index: int) -> Part:
        return next(part for part in self.parts if part.last >= index)

    def _cut(self, index: int) -> None:
        """Let a part begin with this layer."""
        if index == len(self._nodes):
            return
        part, parts = self._at(index), self.parts
        if part.first < index:
            place = parts.index(part)
            before, after = Segment(self, part.first, index - 1), Segment(self, index, part.last)
            parts[place : place + 1] = [before, after]

    @on_own_threads
    def forward(self, start: int, end: int) -> float:
        """Run layers ``start`` to ``end`` (inclusive); returns their part of the loss."""
        begin = start
        while begin <= end:
            part = self._at(begin)
            last = min(end, part.last)
            if (part.first, part.last) != (begin, last) and not part.fits(begin, last):
                self._cut(begin)
                self._cut(last + 1)
                part = self._at(begin)
            part.forward(begin, last)
            begin = last + 1
        return sum(
            float(np.vdot(top.data, top.diff))
            for node in self._nodes[start : end + 1]
            for top in node.losses
        )

    @on_own_threads
    def backward(self, start: int, end: int) -> None:
        """Run the gradients of layers ``start`` down to ``end`` (inclusive)."""
        begin = start
        while begin >= end:
            part = self._at(begin)
            last = max(end, part.first)
            part.backward(begin, last)
            begin = last - 1

    @on_own_threads
    def keep_all(self) -> None:
        """Let every blob keep its values from now on; those of the last forward are there again."""
        for part in self.parts:
            part.keep_all()

    def abandon(self) -> None:
        """Mark the blobs whose memory others have used."""
        for part in self.parts:
            part.abandon()

    def describe(self, *, verbose: bool = False) -> list[str]:
        """One line a step: the layers that it covers, and what runs them; ``verbose`` adds one
        a primitive, with its layouts."""
        lines = []
        for compiled in self.steps:
            calls = [*compiled.forward.run, *compiled.backward.run]
            notes = self.context.fallbacks.notes(
                compiled.step.nodes, training=self.purpose.training
            )
            lines.append(_headline(compiled.step, calls, notes))
            if verbose:
                lines += [f"    forward  {line}" for line in _details(compiled.forward.run)]
                lines += [f"    backward {line}" for line in _details(compiled.backward.run)]
        return lines


def _wants_input_gradients(nodes: Sequence[Node]) -> bool:
    """Whether the gradient of values is wanted that no layer computes: ``force_backward``."""
    inputs: set[Blob] = set()
    for node in nodes:
        wanted = zip(node.bottoms, node.propagate_down, strict=True)
        if any(down and blob in inputs for blob, down in wanted):
            return True
        if node.bottoms:
            inputs.difference_update(node.tops)  # overwritten in place
        else:
            inputs.update(node.tops)
    return False


# ------------------------------------------------------------------ what a plan does, in words

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


def _layout_name(desc: MemoryDesc) -> str:
    """A layout as oneDNN's users know it: nchw, nhwc, nChw16c; "own" for any other."""
    axes = _AXES.get(len(desc.shape), "".join(chr(ord("a") + i) for i in range(len(desc.shape))))
    if desc.block is None:
        name = axes if desc == MemoryDesc(desc.shape, desc.dtype) else "own"
    elif desc.block == 0:
        name = axes[0] + axes[2:] + axes[1]
    else:
        name = axes if desc.block == 1 else f"{axes[0]}C{axes[2:]}{desc.block}c"
    return name + (" bf16" if desc.dtype == dnnl.BF16 else "")


def _headline(step: Step, calls: Sequence[Call], notes: Sequence[str]) -> str:
    """One line: the layers that a step covers, and what runs them.

    Args:
        step: the step.
        calls: all of its calls.
        notes: how it is run otherwise than wanted, and why.
    """
    names = " + ".join(node.name for node in step.nodes)
    if isinstance(step, NumpyStep):
        return f"{names}: numpy, {step.reason}"
    ran = [call.name for call in calls if isinstance(call, Primitive | KernelCall) and call.name]
    return f"{names}: {', '.join(ran)}{''.join(f' ({note})' for note in notes)}"


def _details(calls: Sequence[Call]) -> Iterator[str]:
    """One line a primitive or kernel: what it does, its implementation, the layouts that it reads
    and writes; reorders are primitives too."""
    for call in calls:
        if isinstance(call, Primitive | KernelCall) and call.name:
            yield _line(call)
        elif isinstance(call, Cached):
            for inner in call.calls:
                if isinstance(inner, Primitive):
                    yield f"{_line(inner)} (parameters, when they have changed)"


def _line(primitive: Primitive | KernelCall) -> str:
    kind, _, implementation = primitive.name.partition("/")
    operands = primitive.operands
    layouts = [_layout_name(operands[argument].desc) for argument in _SHOWN if argument in operands]
    return f"{kind} {implementation}: {' -> '.join(layouts)}"
