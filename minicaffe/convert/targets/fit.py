"""A net rewritten so that a tool takes it, with equal results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.convert.fold_bn import fold_net
from minicaffe.convert.targets.facts import Refusal
from minicaffe.convert.targets.gates import gate_of, joined
from minicaffe.convert.targets.mend import Mended, mend
from minicaffe.convert.targets.pieces import Piece
from minicaffe.convert.targets.quantities import Site
from minicaffe.convert.targets.target import Target, load_target
from minicaffe.convert.values import unused_name, value_names
from minicaffe.errors import GraphError, MinicaffeError, Problem, visible
from minicaffe.layer import Layer, find_layer_class
from minicaffe.layers.data.input import Input
from minicaffe.layers.normalization.shared_statistics import SharedStatistics
from minicaffe.net.filter import filter_net
from minicaffe.net.graph import LayerGraph, LayerRef, Value
from minicaffe.net.net import TEST, Net
from minicaffe.options import RunKeywords
from minicaffe.proto import caffe_pb2
from minicaffe.proto.places import Places

if TYPE_CHECKING:
    from typing_extensions import Unpack


@dataclass(frozen=True)
class Change:
    """What became of a layer.

    Attributes:
        layer: its name.
        type: its type.
        why: what the target would have refused.
        done: what was done, a sentence each.
        into: the types of the layers that took its place; empty if it went.
    """

    layer: str
    type: str
    why: tuple[str, ...]
    done: tuple[str, ...]
    into: tuple[str, ...]

    def __str__(self) -> str:
        """On one line."""
        what = "; ".join(self.done)
        into = f" ({', '.join(self.into)})" if self.into else ""
        return f"{self.layer}: {'; '.join(self.why)}. {what}{into}"


@dataclass
class Fitted:
    """A net that a target takes.

    Attributes:
        param: the ``NetParameter``.
        blobs: the parameters of its layers by name.
        target: what it is for.
        changes: what became of which layer.
        notes: what the target does otherwise than expected, such as running a layer slowly.
        names: for each layer what its tops' values are called in the net before (see
            :func:`minicaffe.convert.values.value_names`).
    """

    param: caffe_pb2.NetParameter
    blobs: dict[str, list[np.ndarray]]
    target: Target
    changes: list[Change] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    names: dict[str, list[str]] = field(default_factory=dict)

    def build(self, **options: Unpack[RunKeywords]) -> Net:
        """The net with its parameters, in the TEST phase; ``options`` as for :class:`Net`."""
        return with_blobs(self.param, self.blobs, None, **options)


def with_blobs(
    param: caffe_pb2.NetParameter,
    blobs: Mapping[str, Sequence[np.ndarray]],
    path: str | None,
    **options: Unpack[RunKeywords],
) -> Net:
    """A net in the TEST phase with parameters by layer.

    Raises:
        GraphError: a layer's parameters are missing, or have another number of values.
        MinicaffeError: the net cannot be built.
    """
    net = Net(param, TEST, seed=0, path=path, **options)
    for name, own in net.params.items():
        given = [np.asarray(array) for array in blobs.get(name, ())]
        if [blob.count for blob in own] != [array.size for array in given]:
            raise GraphError(
                f"it takes {len(own)} parameters of {', '.join(str(b.count) for b in own)} values, "
                f"given are {', '.join(str(array.size) for array in given) or 'none'}",
                path=path, layer=name,
            )  # fmt: skip
        for blob, array in zip(own, given, strict=True):
            blob.data[...] = array.reshape(blob.shape)
    return net


def fit(
    net: caffe_pb2.NetParameter,
    weights: Mapping[str, Sequence[np.ndarray]],
    target: Target | str,
    *,
    path: str | None = None,
    dialect: str | None = None,
    keep_unknown: bool = False,
) -> Fitted:
    """Rewrite a net so that a tool takes it; what it computes stays the same.

    Layers that the target takes stay as they are. BatchNorm and Scale are folded into the layers
    beside them where the target refuses them; where it takes them, a fork's BN becomes both.
    Dropout and Split go, and every other layer that it refuses is written by others, if there is a
    way (:mod:`minicaffe.convert.targets.rewrites`). Names of blobs stay; a layer's parts are called
    ``layer/type``.

    Args:
        net: the ``NetParameter`` of a deploy net (see
            :func:`minicaffe.convert.deploy.deploy_net`) with the shapes that the tool is to run
            it with; it is left alone.
        weights: the parameters of its layers by name.
        target: a name of :func:`~minicaffe.convert.targets.targets`, a file of one's own, or a
            target.
        path: the file that the net came from, for messages.
        dialect: whose meaning layers have where forks differ; None lets the net's text decide.
        keep_unknown: leave layers of which it is not known whether the target takes them, and note
            them, instead of doing without them.

    Raises:
        GraphError: layers that no rewrite mends, all at once, with their lines; parameters are
            missing; two layers have one name.
        ArgumentError: there is no such target.
        MinicaffeError: the net cannot be built.
    """
    wanted = load_target(target) if isinstance(target, str) else target
    options: RunKeywords = {"engine": "numpy", "allow_python_layers": False, "dialect": dialect}
    with with_blobs(net, weights, path, **options) as built:
        return _Fitter(net, built, wanted, path, keep_unknown).run(options)


class _Fitter:
    """Takes the layers one after the other, and collects those that cannot be mended."""

    def __init__(
        self,
        param: caffe_pb2.NetParameter,
        net: Net,
        target: Target,
        path: str | None,
        keep_unknown: bool,
    ) -> None:
        self.target, self.path, self.keep_unknown = target, path, keep_unknown
        self.places = Places(path)
        self.changes: list[Change] = []
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self._read(param, net, None)

    def _read(
        self, param: caffe_pb2.NetParameter, net: Net, names: Mapping[str, list[str]] | None
    ) -> None:
        """Take over a net: its layers as a graph, their parameters, shapes and values' names."""
        own = caffe_pb2.NetParameter()
        own.CopyFrom(param)
        own.state.phase = caffe_pb2.TEST
        self.graph = LayerGraph(filter_net(own))
        self.blobs = {
            name: [blob.data.copy() for blob in blobs] for name, blobs in net.params.items()
        }
        nodes = {node.name: node for node in net.nodes}
        known = dict(zip(nodes, value_names(net, names), strict=True))
        self.shapes: dict[Value, tuple[int, ...]] = {}
        self.known: dict[Value, str] = {}
        for layer in self.graph.layers:
            tops = zip(layer.tops, nodes[layer.name].tops, known[layer.name], strict=True)
            for value, blob, name in tops:
                self.shapes[value], self.known[value] = blob.shape, name
        self.layer_names = {layer.name for layer in self.graph.layers}
        self.blob_names = {value.name for layer in self.graph.layers for value in layer.tops}

    def run(self, options: RunKeywords) -> Fitted:
        self._drop_identities()
        if any(self._wants_folding(layer) for layer in self.graph.layers):
            self._fold(options)
        self._join_gates()
        for layer in list(self.graph.layers):
            refused = self._refused(layer)
            if refused:
                self._mend(layer, refused)
                continue
            told = [*self._told(layer, "slow"), *self._told(layer, "unknown")]
            self.notes += [f"{layer.name}: {note.message}" for note in told]
        if self.problems:
            raise _refused(self.problems, self.path)
        param = self.graph.to_param()
        param.ClearField("state")
        for part in param.layer:
            if entry := self.target.entries.get(part.type):
                entry.tidy(part)
        names = {
            layer.name: [self.known.get(value, value.name) for value in layer.tops]
            for layer in self.graph.layers
        }
        blobs = {layer.name: self.blobs.get(layer.name, []) for layer in self.graph.layers}
        return Fitted(param, blobs, self.target, self.changes, self.notes, names)

    # ------------------------------------------------------------- what is wrong

    def _site(self, layer: LayerRef) -> Site:
        param = caffe_pb2.LayerParameter()
        param.CopyFrom(layer.param)
        bottoms, tops = ([self.shapes[value] for value in part] for part in
                         (layer.bottoms, layer.tops))  # fmt: skip
        return Site(param, tuple(bottoms), tuple(tops), self.blobs.get(layer.name, ()))

    def _told(self, layer: LayerRef, kind: str) -> list[Refusal]:
        if issubclass(find_layer_class(layer.type), Input):
            return []
        return [told for told in self.target.refusals(self._site(layer)) if told.kind == kind]

    def _refused(self, layer: LayerRef) -> list[Refusal]:
        kinds = ["type", "limit", "field", *([] if self.keep_unknown else ["unknown"])]
        return [told for kind in kinds for told in self._told(layer, kind)]

    def _is_affine(self, layer: LayerRef) -> bool:
        cls = find_layer_class(layer.type)
        return cls.channel_affine is not Layer.channel_affine and len(layer.bottoms) == 1

    def _wants_folding(self, layer: LayerRef) -> bool:
        """Whether the target refuses what can be folded, and takes no normalisation for it."""
        if not self._is_affine(layer) or not self._refused(layer):
            return False
        found = mend(self._site(layer), self.target, 1)
        return found is None or not any(
            issubclass(find_layer_class(piece.param.type), SharedStatistics)
            for piece in found.pieces
        )

    # ------------------------------------------------------------ what is done

    def _drop_identities(self) -> None:
        """Take out layers that do nothing in use and that the target does not take."""
        for layer in list(self.graph.layers):
            refused = self._refused(layer)
            if not refused or not find_layer_class(layer.type).identity_in_test:
                continue
            (source, *_), value = layer.bottoms, layer.tops[-1]
            if self.graph.bypass(layer):
                if source.name == value.name:
                    self.known[source] = self.known[value]
                done = ("It does nothing in a net in use, and was taken out",)
                why = tuple(told.message for told in refused)
                self.changes.append(Change(layer.name, layer.type, why, done, ()))

    def _fold(self, options: RunKeywords) -> None:
        """Fold BatchNorm, Scale and Bias into the layers beside them."""
        param = self.graph.to_param()
        names = {layer.name: [self.known[v] for v in layer.tops] for layer in self.graph.layers}
        net = with_blobs(param, self.blobs, self.path, **options)
        before = {layer.name: layer.type for layer in self.graph.layers}
        folded = fold_net(param, net)
        for name, into in folded.folded:
            done = (f"It was folded into {into}",)
            why = (f"{self.target.name} does not take all of the layers that normalise",)
            self.changes.append(Change(name, before[name], why, done, ()))
        known = {
            name: [_translated(value, net, names) for value in values]
            for name, values in folded.names.items()
        }
        self._read(folded.param, folded.build(**options), known)

    def _join_gates(self) -> None:
        """Take a gate's Flatten and Scale as one layer, where the target refuses one of the two and
        that one can be rewritten."""
        for layer in list(self.graph.layers):
            flat = gate_of(layer, self.graph, self.shapes)
            if flat is None or not (self._refused(flat) or self._refused(layer)):
                continue
            why = tuple(told.message for told in (*self._refused(flat), *self._refused(layer)))
            one = LayerRef(joined(layer), [layer.bottoms[0], flat.bottoms[0]], layer.tops)
            if mend(self._site(one), self.target) is None:
                continue
            layer.param, layer.bottoms = one.param, one.bottoms
            self.graph.layers.remove(flat)
            done = (f"It was joined with {layer.name}",)
            self.changes.append(Change(flat.name, flat.type, why, done, ()))

    def _mend(self, layer: LayerRef, refused: list[Refusal]) -> None:
        """Put other layers in the place of one, or note why that cannot be."""
        why = tuple(told.message for told in refused)
        found = mend(self._site(layer), self.target)
        if found is None:
            self.problems += [_problem(layer, told, self.places, self.path) for told in refused]
            return
        self._splice(layer, found)
        into = tuple(piece.param.type for piece in found.pieces)
        done = tuple(dict.fromkeys(found.used))
        self.changes.append(Change(layer.name, layer.type, why, done, into))

    def _splice(self, layer: LayerRef, found: Mended) -> None:
        """Put layers in the place of one; its values stay the objects that they are."""
        self._part_names(layer)
        values = {f"bottom{index}": value for index, value in enumerate(layer.bottoms)}
        ends = {f"end{index}": value for index, value in enumerate(layer.tops)}
        parts: list[LayerRef] = []
        for piece in found.pieces:
            last = set(piece.param.top) & set(ends)
            part = self._part(layer, piece, keeps_name=bool(last) and piece is found.pieces[-1])
            part.bottoms = [values[name] for name in piece.param.bottom]
            for name in piece.param.top:
                if name in ends:
                    value = ends[name]
                    value.producer = part
                    part.tops.append(value)
                else:
                    value = part.add_top(unused_name(part.name, self.blob_names))
                values[name] = value
            parts.append(part)
        place = self.graph.layers.index(layer)
        self.graph.layers[place : place + 1] = parts

    def _part(self, layer: LayerRef, piece: Piece, *, keeps_name: bool) -> LayerRef:
        """A layer of a replacement, with a name and its parameters."""
        param = caffe_pb2.LayerParameter()
        param.CopyFrom(piece.param)
        wish = f"{layer.name}/{piece.param.type.lower()}"
        param.name = layer.name if keeps_name else unused_name(wish, self.layer_names)
        if layer.param.HasField("source_line"):
            param.source_line = layer.param.source_line
        for unwanted in ("param", "loss_weight", "include", "exclude", "blobs"):
            param.ClearField(unwanted)
        if keeps_name:
            self.blobs.pop(layer.name, None)
        if piece.blobs:
            self.blobs[param.name] = [np.asarray(blob) for blob in piece.blobs]
        return LayerRef(param)

    def _part_names(self, layer: LayerRef) -> None:
        """Give what a layer overwrites in place a name of its own: its parts need both values."""
        names = {value.name for value in layer.tops}
        for value in layer.bottoms:
            while value.name in names:
                producer = value.producer
                if not producer.bottoms:  # an input keeps its name
                    for top in layer.tops:
                        if top.name == value.name:
                            top.name = unused_name(f"{top.name}/{layer.name}", self.blob_names)
                    break
                before = value.name
                value.name = unused_name(f"{before}/{producer.name}", self.blob_names)
                above = [bottom for bottom in producer.bottoms if bottom.name == before]
                if not above:
                    break
                value = above[0]


def _translated(name: str, net: Net, names: Mapping[str, list[str]]) -> str:
    """What a value of a net between is called in the net before.

    Args:
        name: in the net between, as :func:`value_names` gives it.
        net: the net between.
        names: the names before, by its layers.
    """
    for node, own in zip(net.nodes, value_names(net), strict=True):
        if name in own and node.name in names:
            return names[node.name][own.index(name)]
    return name


#: The codes of lint's findings (``minicaffe explain``), by the kind of refusal.
_CODES = {"type": "MC501", "limit": "MC502", "field": "MC503", "unknown": "MC504"}


def _problem(layer: LayerRef, told: Refusal, places: Places, path: str | None) -> Problem:
    line = layer.param.source_line if layer.param.HasField("source_line") else None
    message = f"{told.message}; no rewrite mends it"
    error = GraphError(message, path=path, line=line, layer=layer.name, layer_type=layer.type)
    error.code = _CODES[told.kind]
    return places.problem(error, told.field or ("type",))


def _refused(problems: list[Problem], path: str | None) -> MinicaffeError:
    error = GraphError(visible(problems[0].message), path=path)
    error.problems = problems
    return error
