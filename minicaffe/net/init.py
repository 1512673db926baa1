"""``Net::Init``: from a ``NetParameter`` to layers that are set up and connected by blobs."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.blob import Blob, shape_text
from minicaffe.data.source import derived_generator
from minicaffe.errors import (
    DataError,
    GraphError,
    MinicaffeError,
    ShapeError,
    did_you_mean,
)
from minicaffe.errors.mistakes import ProducedTwiceError, UnknownBottomError
from minicaffe.layer import Layer, find_layer_class, layer_class
from minicaffe.layers.data.input import Input
from minicaffe.layers.utility.python import PythonLayer, python_layer_class
from minicaffe.layers.utility.split import Split
from minicaffe.net.fork_fields import Notes, refused_fork_fields
from minicaffe.net.insert_splits import Mistake, produced_twice
from minicaffe.net.node import Edge, Node
from minicaffe.net.params import ParamTable
from minicaffe.options import ALONE, Limits, MemoryBudget, Ranks
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import Origin
from minicaffe.proto.places import Places
from minicaffe.weights.caffemodel import copy_layer_blobs

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

logger = logging.getLogger("minicaffe")

MAX_PROBLEMS = 50
AUTOMATIC = "(automatic)"  # Caffe's name for tops that the prototxt leaves out


def collected(mistakes: Sequence[Mistake], path: str | None) -> MinicaffeError:
    """One error with all of them as its ``problems``; it has the class of the first."""
    places = Places(path)
    first = mistakes[0].error
    problems = []
    for mistake in mistakes[:MAX_PROBLEMS]:
        mistake.error.locate(path=path)
        problems.append(
            places.problem(mistake.error, mistake.field, mistake.value, alone=len(mistakes) == 1)
        )
    if len(mistakes) > 1 or problems[0].column:
        first.problems = problems
        first.more = len(mistakes) - len(problems)
    return first


@dataclass(eq=False)
class NetBlob:
    """A blob of a net that is being built.

    Attributes:
        loss_weight: with which it counts in the loss.
        needs_backward: whether a layer that made it, or one before that, wants its gradient.
    """

    blob: Blob
    loss_weight: float = 0.0
    needs_backward: bool = False


class NetBuilder:
    """Builds layer after layer; afterwards holds the nodes, blobs and parameters.

    Args:
        param: the net, filtered and with splits.
        path: the file that it came from, for error messages.
        seed: of the layers' random generators; None draws one from the system.
        dtype: of all blobs.
        limits: what the net may do.
        ranks: which of the processes that train together it is in.
        origin: what is known of the fork that it was written for.
        mistakes: where to put what is wrong with layers, instead of raising it; the builder is
            good for nothing else then.

    Raises:
        MinicaffeError: with all mistakes that were found as its ``problems``.
    """

    def __init__(
        self,
        param: caffe_pb2.NetParameter,
        *,
        path: str | None = None,
        seed: int | None = None,
        dtype: DTypeLike,
        limits: Limits,
        ranks: Ranks = ALONE,
        origin: Origin | None = None,
        mistakes: list[Mistake] | None = None,
    ) -> None:
        self.path = path
        self._origin = origin or Origin()
        self.notes = Notes(path)
        self.dtype = np.dtype(dtype)
        self.nodes: list[Node] = []
        self.blobs: list[NetBlob] = []
        self.params = ParamTable()
        self.available: set[str] = set()  # produced and not yet read
        self._ids: dict[str, int] = {}
        self._layer_names: set[str] = set()
        self._phase = param.state.phase
        self._limits, self._ranks = limits, ranks
        self.budget = MemoryBudget(limits.memory, gradients=self._phase == caffe_pb2.TRAIN)
        seeds = np.random.SeedSequence(seed).spawn(len(param.layer))
        self._add_all(list(zip(param.layer, seeds, strict=True)), mistakes)
        self._prune_backward()
        if param.force_backward:
            self._force_backward()

    @property
    def inputs(self) -> list[int]:
        """Which of the blobs a program fills: those of Input layers."""
        nodes = [node for node in self.nodes if isinstance(node.layer, Input)]
        return [edge.id for node in nodes for edge in node.top_edges]

    @property
    def outputs(self) -> list[int]:
        """Which of the blobs nothing reads, by their names' order."""
        return [self._ids[name] for name in sorted(self.available)]

    # ---------------------------------------------------------------- forwards

    def _add_all(
        self,
        layers: Sequence[tuple[caffe_pb2.LayerParameter, np.random.SeedSequence]],
        mistakes: list[Mistake] | None,
    ) -> None:
        """Add layer after layer; after a mistake those that it leaves as they are, to find more."""
        found: list[Mistake] = [] if mistakes is None else mistakes
        unknown: set[str] = set()  # blobs whose shapes a mistake has left open
        for index, (param, seed) in enumerate(layers):
            opens_files = find_layer_class(param.type).opens_files(param)
            if found and (opens_files or unknown.intersection(param.bottom)):
                unknown.update(param.top)
                continue
            try:
                self._add(param, np.random.default_rng(seed))
            except MinicaffeError as error:
                if isinstance(error, ShapeError) and not error.related:
                    error.related = tuple(self._producers(param))
                told = isinstance(error, GraphError | ShapeError | DataError)
                if not told and not found:
                    raise
                twice = isinstance(error, ProducedTwiceError)
                found.append(Mistake(index, error, ("top",) if twice else ()))
                unknown.update(param.top)
                if not told:  # memory has run out, or code of the user's failed
                    break
        if found and mistakes is None:
            raise collected(found, self.path)

    def _add(self, param: caffe_pb2.LayerParameter, rng: np.random.Generator) -> None:
        node = self._make_node(param, rng)
        if node.name and node.name in self._layer_names:
            logger.warning(
                "%stwo layers are named '%s'; weights go by name, so give them different names",
                f"{node.path}:{node.line}: " if node.line else "",
                node.name,
            )
        self.nodes.append(node)
        self.notes.add_layer(node.layer)
        self._layer_names.add(node.name)
        with node.located():
            self._connect(node)
        node.setup()
        if self._ranks.rank:  # what is drawn from now on differs, unlike fillers and orders of data
            node.layer.rng = derived_generator(rng, self._ranks.rank)
        for index, blob in enumerate(node.layer.blobs):
            blob.name = blob.name or f"{node.name}[{index}]"
        with node.located():
            learns = self.params.add_layer(node)
            load_embedded_blobs(node)
        needed = any(self.blobs[edge.id].needs_backward for edge in node.bottom_edges)
        node.need_backward = learns or needed
        for index, edge in enumerate(node.top_edges):
            self.blobs[edge.id].loss_weight = node.layer.loss_weight(index)
            self.blobs[edge.id].needs_backward |= node.need_backward
        shapes = ", ".join(top.shape_string for top in node.tops)
        logger.debug("Setting up %s; top shapes: %s", node.name, shapes)

    def _producers(self, param: caffe_pb2.LayerParameter) -> Iterator[tuple[int, str]]:
        """The lines of the layers that a layer's bottoms come from, with the bottoms' shapes."""
        said = set()
        for blob in dict.fromkeys(param.bottom):
            name, node = blob, None
            for other in reversed(self.nodes):
                if name not in other.top_names or other.name == param.name:
                    continue
                if isinstance(other.layer, Split):
                    name = other.bottom_names[0]
                elif name not in other.bottom_names:  # not in place
                    node = other
                    break
            if node is not None and node.line is not None and name not in said:
                said.add(name)
                shape = shape_text(self.blobs[self._ids[blob]].blob.shape)
                yield node.line, f"'{name}' is produced here: {shape}"

    def _make_node(self, given: caffe_pb2.LayerParameter, rng: np.random.Generator) -> Node:
        param = type(given)()
        param.CopyFrom(given)
        if not param.HasField("phase"):
            param.phase = self._phase
        line = param.source_line if param.HasField("source_line") else None
        try:
            layer = make_layer(param, rng, self.dtype, self._limits, self._origin)
            layer.ranks = self._ranks
        except MinicaffeError as error:
            raise error.locate(
                path=self.path, line=line, layer=param.name, layer_type=param.type
            ) from error.__cause__
        layer.blobs.budget = self.budget
        return Node(layer, param.name, path=self.path, line=line)

    def _connect(self, node: Node) -> None:
        param, layer = node.layer.param, node.layer
        layer.check_propagate_down(len(param.bottom))
        for index, name in enumerate(param.bottom):
            self._append_bottom(node, index, name)
        for index, name in enumerate(param.top):
            self._append_top(node, index, name)
        for _ in range(len(param.top), layer.top_count()):
            self._new_blob(node, AUTOMATIC)

    def _append_bottom(self, node: Node, index: int, name: str) -> None:
        if name not in self.available:
            raise UnknownBottomError(
                f"unknown bottom blob '{name}'{did_you_mean(name, sorted(self.available))}"
            )
        self.available.discard(name)
        number = self._ids[name]
        made, given = self.blobs[number], node.layer.param.propagate_down
        wanted = given[index] if given else made.needs_backward
        node.bottom_edges.append(Edge(made.blob, number, propagate=wanted))

    def _append_top(self, node: Node, index: int, name: str) -> None:
        bottoms = node.layer.param.bottom
        if index < len(bottoms) and name == bottoms[index]:  # in place
            self._attach_top(node, self._ids[name])
        elif name in self._ids:
            first = next(other for other in self.nodes if name in other.top_names)
            split = next((other for other in self.nodes if name in other.bottom_names), None)
            if index < len(bottoms) and split and bottoms[index] in split.top_names:
                raise ProducedTwiceError(
                    f"top '{name}' would overwrite its bottom in place, but another layer reads "
                    "that, too; give the top a name of its own"
                )
            raise ProducedTwiceError(produced_twice(name, node.name, first.name, first.line))
        else:
            self._ids[name] = len(self.blobs)
            self._new_blob(node, name)
        self.available.add(name)

    def _new_blob(self, node: Node, name: str) -> None:
        blob = Blob(dtype=self.dtype, budget=self.budget, name=name)
        self.blobs.append(NetBlob(blob))
        self._attach_top(node, len(self.blobs) - 1)

    def _attach_top(self, node: Node, number: int) -> None:
        node.top_edges.append(Edge(self.blobs[number].blob, number))

    # --------------------------------------------------------------- backwards

    def _prune_backward(self) -> None:
        """Spare the backward work that no loss or no parameter needs."""
        under_loss: set[str] = set()
        skipped: set[str] = set()
        for node in reversed(self.nodes):
            weights = [node.layer.loss_weight(i) for i in range(len(node.tops))]
            contributes = any(weights) or not under_loss.isdisjoint(node.top_names)
            if contributes:
                under_loss.update(node.bottom_names)
            if not contributes or (node.need_backward and skipped.issuperset(node.top_names)):
                node.need_backward = False
                for edge in node.bottom_edges:
                    edge.propagate = False
            skipped.update(edge.blob.name for edge in node.bottom_edges if not edge.propagate)

    def _force_backward(self) -> None:
        for node in self.nodes:
            node.need_backward = True
            for index, edge in enumerate(node.bottom_edges):
                edge.propagate |= node.layer.allow_force_backward(index)
            node.layer.param_propagate_down = [True] * len(node.layer.blobs)


def make_layer(
    param: caffe_pb2.LayerParameter,
    rng: np.random.Generator,
    dtype: np.dtype,
    limits: Limits | None = None,
    origin: Origin | None = None,
) -> Layer:
    """The layer of a ``LayerParameter``, not set up yet.

    Args:
        param: the layer's.
        rng: its random generator.
        dtype: of its blobs.
        limits: what it may do; by default what any layer may.
        origin: what is known of the fork that the net was written for.

    Raises:
        GraphError: unknown type; a Python layer where the limits forbid it; a field of a fork that
            the layer cannot do.
    """
    limits = limits or Limits()
    param = layer_class(param.type).in_caffes_words(param)
    cls = layer_class_of(param, origin)
    for _, refused in refused_fork_fields(cls, param):
        raise refused
    if issubclass(cls, PythonLayer):
        if not limits.allow_python_layers:
            raise GraphError(
                f"a Python layer runs the code of module '{param.python_param.module}', which is "
                "not allowed here; where you trust it, leave out --untrusted or set "
                "allow_python_layers=True"
            )
        cls = python_layer_class(param)
    layer = cls(param, param.phase, rng=rng, dtype=dtype)
    layer.limits = limits
    layer.reading = layer_class(param.type).reading_of(param, origin or Origin())
    return layer


def layer_class_of(param: caffe_pb2.LayerParameter, origin: Origin | None = None) -> type[Layer]:
    """The class that runs a ``LayerParameter``.

    Raises:
        GraphError: unknown type.
    """
    param = layer_class(param.type).in_caffes_words(param)
    registered = layer_class(param.type)
    return registered.class_for(param, registered.reading_of(param, origin or Origin()))


def load_embedded_blobs(node: Node) -> None:
    """Use the weights inside the net's own ``LayerParameter``, if there are any."""
    if node.layer.param.blobs:
        copy_layer_blobs(node.layer.blobs, node.layer.param.blobs, node.name)
        del node.layer.param.blobs[:]  # the blobs hold them now
