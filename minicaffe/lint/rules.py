"""What a rule is, what it looks at and how it says what it found."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from minicaffe.layer import Layer, find_layer_class
from minicaffe.lint.diagnostic import Diagnostic, Fix, Label, Severity
from minicaffe.lint.edits import LayerEdits
from minicaffe.lint.stored import StoredWeights
from minicaffe.net.check import built_in_part
from minicaffe.net.graph import LayerGraph, LayerRef, Value
from minicaffe.net.inputs import Shapes
from minicaffe.net.node import Node
from minicaffe.net.summary import Shape
from minicaffe.proto import caffe_pb2
from minicaffe.proto.places import Places, SourceMap

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from minicaffe.convert.targets import Target

Related = tuple[LayerRef, str]


@dataclass
class PhaseNet:
    """A net as it is in one phase.

    Attributes:
        param: its layers, filtered; the phase is in ``param.state``.
        path: the file that it is written in.
        graph: which layer reads what.
        places: where its layers are in the file.
        inputs: the shapes of inputs that are known besides what their layers say, by blob.
    """

    param: caffe_pb2.NetParameter
    path: str | None
    graph: LayerGraph
    places: Places
    inputs: Shapes = field(default_factory=dict)

    @property
    def phase(self) -> int:
        """The phase that the layers were filtered for: ``TRAIN`` or ``TEST``."""
        return self.param.state.phase

    @property
    def losses(self) -> list[LayerRef]:
        """The layers that compute a loss, by their type or their ``loss_weight``."""
        return [layer for layer in self.graph.layers if is_loss(layer)]

    def layers(self, *types: str) -> list[LayerRef]:
        """The layers of these types that read one blob, in order."""
        return [
            layer for layer in self.graph.layers if layer.type in types and len(layer.bottoms) == 1
        ]

    def readers(self, layer: LayerRef) -> list[LayerRef]:
        """The layers that read any top of a layer; those of a Split in its place."""
        found: list[LayerRef] = []
        for value in layer.tops:
            for reader in self.graph.readers(value):
                found += self.readers(reader) if reader.type == "Split" else [reader]
        return found

    def is_frozen_up_to(self, end: LayerRef) -> bool:
        """Whether layers with parameters come before a layer, and no solver changes any of them."""
        before = depended_on([end]) - {end}
        own = [layer for layer in self.graph.layers if layer in before and layer.type in LEARNING]
        return bool(own) and not any(learns(layer) for layer in own)

    @functools.cached_property
    def shapes(self) -> dict[Value, Shape]:
        """The shapes of the layers' tops, as far as no file has to be opened to know them; of
        stored images three channels are assumed."""
        found: dict[Value, Shape] = {}
        nodes = built_in_part(self.param, self.path, self.inputs, guess=True)
        for layer, node in zip(self.graph.layers, nodes, strict=True):
            edges = {} if node is None else {e.blob.name: e.blob.shape for e in node.top_edges}
            found.update((top, edges[top.name]) for top in layer.tops if top.name in edges)
        return found

    @functools.cached_property
    def parameter_shapes(self) -> dict[str, list[Shape]]:
        """The shapes of the parameters of each layer, as far as they are known for certain."""
        return {
            name: [blob.shape for blob in node.layer.blobs] for name, node in self.built.items()
        }

    @functools.cached_property
    def built(self) -> dict[str, Node]:
        """The layers that could be set up, by name, without what only a file knows."""
        nodes = built_in_part(self.param, self.path, self.inputs)
        return {node.name: node for node in nodes if node}

    def remark(
        self,
        layer: LayerRef,
        message: str,
        help: str = "",
        *,
        field: Sequence[str] = (),
        related: Sequence[Related] = (),
        note: str = "",
        fix: Fix | None = None,
    ) -> Diagnostic:
        """Something to say about a layer.

        Args:
            layer: which one; its line is known where the net was read from text.
            message, help: what was found, and what to do about it.
            field: of the layer, and the one inside it, that it is about.
            related: other layers that have to do with it, each with what they do.
            note: what is good to know besides.
            fix: see :meth:`edits`.
        """
        labels = [
            Label(self.places.of_layer(other.name, _line(other)), text) for other, text in related
        ]
        place = self.places.of_layer(layer.name, _line(layer), field)
        place = replace(place, path=self.path)
        return Diagnostic(
            "", Severity.WARNING, place, layer.name, message, help, tuple(labels), note, fix
        )

    def edits(self, layer: LayerRef) -> LayerEdits | None:
        """Changes of a layer's text; None where it does not come from a file."""
        block = self.places.block(layer.name, _line(layer))
        return None if block is None or self.path is None else LayerEdits(self.path, *block)


def _line(layer: LayerRef) -> int | None:
    return layer.param.source_line if layer.param.HasField("source_line") else None


@dataclass
class Examined:
    """What the rules look at.

    Attributes:
        nets: every net in every phase that it is used in.
        solver: the ``SolverParameter``; None for a net alone.
        path: the solver's file.
        lines: of the solver's fields (a ``SourceMap``).
        weights: to be examined with the nets.
        look_into_data: records of the data may be read.
        target: a tool that is to take the nets.
    """

    nets: list[PhaseNet]
    solver: caffe_pb2.SolverParameter | None = None
    path: str | None = None
    lines: SourceMap | None = None
    weights: StoredWeights | None = None
    look_into_data: bool = False
    target: Target | None = None
    places: Places = field(init=False)

    def __post_init__(self) -> None:
        self.places = Places(self.path)

    def in_phase(self, phase: int) -> list[PhaseNet]:
        """Those that train, or those that test."""
        return [net for net in self.nets if net.phase == phase]

    def remark(self, field: str, message: str, help: str = "", *, note: str = "") -> Diagnostic:
        """Something to say about a field of the solver.

        Args:
            field: its name; the place is that where it is set.
            message, help: what was found, and what to do about it.
            note: what is good to know besides.
        """
        line = self.lines.line(field) if self.lines is not None else None
        place = replace(self.places.of_field(field, line), path=self.path)
        return Diagnostic("", Severity.WARNING, place, None, message, help, (), note)


Check = Callable[[Examined], Iterator[Diagnostic]]


@dataclass(frozen=True)
class Rule:
    """A check with its code.

    Attributes:
        code: such as ``MC101``; it never changes its meaning.
        severity: of what it finds. Notes are shown only when they are asked for.
        check: finds what is to be said.
    """

    code: str
    severity: Severity
    check: Check

    @property
    def name(self) -> str:
        """In words, such as ``unread-blob``."""
        return self.check.__name__.replace("_", "-")

    @property
    def text(self) -> str:
        """What the rule is about, why, an example, and what mends it."""
        return inspect.getdoc(self.check) or ""

    @property
    def summary(self) -> str:
        """The first paragraph of the text, on one line."""
        return " ".join(self.text.partition("\n\n")[0].split())

    def findings(self, examined: Examined) -> Iterator[Diagnostic]:
        """What the rule has to say."""
        for found in self.check(examined):
            yield replace(found, code=self.code, severity=self.severity)


_rules: dict[str, Rule] = {}  # filled once, as the modules with rules are imported


def rule(code: str, severity: Severity = Severity.WARNING) -> Callable[[Check], Check]:
    """Function decorator: this function is the rule of ``code``.

    Raises:
        ValueError: another function has this code.
    """

    def add(function: Check) -> Check:
        if code in _rules:
            raise ValueError(f"the code {code} is given twice")
        _rules[code] = Rule(code, severity, function)
        return function

    return add


def all_rules() -> list[Rule]:
    """All rules, sorted by their codes."""
    return [_rules[code] for code in sorted(_rules)]


def is_loss(layer: LayerRef) -> bool:
    """Whether a layer computes a loss that training lowers."""
    if layer.param.loss_weight:
        return any(layer.param.loss_weight)
    return find_layer_class(layer.type).is_loss


def is_known(layer: LayerRef) -> bool:
    """Whether minicaffe has the layer's type."""
    return find_layer_class(layer.type) is not Layer


#: Layers with an offset for each output channel, and the message that says whether.
BIASED = {
    "Convolution": "convolution_param",
    "Deconvolution": "convolution_param",
    "InnerProduct": "inner_product_param",
}


#: Types with parameters that a solver changes.
LEARNING = (
    "Bias", "Convolution", "ConvolutionDepthwise", "Deconvolution", "DepthwiseConvolution",
    "Embed", "InnerProduct", "LSTM", "PReLU", "RNN", "Scale",
)  # fmt: skip


def learns(layer: LayerRef) -> bool:
    """Whether a solver changes any of the layer's parameters, if it has some."""
    specs = layer.param.param
    return not specs or any(spec.lr_mult != 0 for spec in specs)


def depended_on(ends: list[LayerRef]) -> set[LayerRef]:
    """The layers that some layers depend on, and these themselves."""
    reached: set[LayerRef] = set()
    waiting = list(ends)
    while waiting:
        layer = waiting.pop()
        if layer not in reached:
            reached.add(layer)
            waiting += [value.producer for value in layer.bottoms]
    return reached


def has_bias(layer: LayerRef) -> bool:
    """Whether a layer with weights adds an offset to each of its outputs."""
    return layer.type in BIASED and bool(getattr(layer.param, BIASED[layer.type]).bias_term)


def numbers(settings: Message, *fields: str) -> list[int]:
    """The numbers above 0 that some fields of a message hold, each of which may be repeated."""
    found: list[int] = []
    for name in fields:
        value = getattr(settings, name)
        found += [value] if isinstance(value, int) else list(value)
    return [number for number in found if number > 0]
