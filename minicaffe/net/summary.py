"""What a network is made of, without running it: shapes, parameters, multiply-adds, memory."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from minicaffe.errors import GraphError, did_you_mean
from minicaffe.layer import Layer, find_layer_class
from minicaffe.layers.data.base_data_layer import PrefetchingLayer
from minicaffe.layers.data.input import Input
from minicaffe.layers.utility.python import PythonLayer
from minicaffe.layers.utility.silence import Silence
from minicaffe.net.check import check_text, checked_splits, clear_fillers, origin_of
from minicaffe.net.filter import filter_net
from minicaffe.net.init import NetBuilder, layer_class_of
from minicaffe.net.node import Node
from minicaffe.options import Limits
from minicaffe.proto import caffe_pb2

Shape = tuple[int, ...]


@dataclass(frozen=True)
class LayerSummary:
    """One layer.

    Attributes:
        param: its ``LayerParameter``.
        shapes: of its tops; None where they are not known.
        parameters: how many numbers its parameter blobs hold.
        multiply_adds: products of weights with values in one forward pass.
        values: how many values its tops hold, those of blobs that it works in place on left out.
    """

    param: caffe_pb2.LayerParameter
    shapes: tuple[Shape, ...] | None = None
    parameters: int = 0
    multiply_adds: int = 0
    values: int = 0


@dataclass
class NetSummary:
    """A net, layer by layer.

    Attributes:
        learned: how many of the parameters have a learning rate (BatchNorm's statistics have
            none).
        batch: the first length of the first blob, mostly the batch size.
        notes: what was assumed, or why there are no shapes.
    """

    layers: list[LayerSummary]
    learned: int = 0
    batch: int = 1
    notes: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether the shapes are known."""
        return all(layer.shapes is not None for layer in self.layers)

    @property
    def parameters(self) -> int:
        """How many numbers all parameter blobs hold (shared ones count once)."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def multiply_adds(self) -> int:
        """Products of weights with values in one forward pass of the whole batch."""
        return sum(layer.multiply_adds for layer in self.layers)

    @property
    def values(self) -> int:
        """How many values all blobs hold."""
        return sum(layer.values for layer in self.layers)


def summarize_net(
    param: caffe_pb2.NetParameter,
    path: str | None = None,
    *,
    shapes: Mapping[str, Sequence[int]] | None = None,
    limits: Limits | None = None,
    skip_unknown: bool = False,
    dialect: str | None = None,
    open_files: bool = True,
) -> NetSummary:
    """Summarize a net.

    Layers that read files open them for the images' sizes. Where the file is not there, the
    size is that of ``shapes``, or else of ``crop_size`` (with three channels), which a note
    says; or the summary has no shapes, which a note explains.

    Args:
        param: the ``NetParameter``, upgraded, with its ``state``.
        path: the file that it came from, for errors.
        shapes: of the tops of data and input layers, by blob.
        limits: what the net may do; without them it runs no code (Python layers).
        skip_unknown: leave the shapes open of layers whose type is not known, and of those that
            read from them.
        dialect: whose meaning layers have where forks differ; None lets the net's text decide.
        open_files: look into files for the images' sizes; else they are assumed as where the
            file is not there.

    Raises:
        GraphError: layers that do not fit together; ``shapes`` names no blob of such a layer.
        MinicaffeError: what building a net raises.
    """
    limits = limits or Limits(allow_python_layers=False)
    filtered = filter_net(param)
    summary = NetSummary([])
    complete = caffe_pb2.NetParameter()
    complete.CopyFrom(filtered)
    whole = complete.layer
    left_open = _remove_unknown(filtered, summary.notes) if skip_unknown else set()
    builder = built_without_data(
        filtered, param, path, summary.notes, shapes=shapes, limits=limits, dialect=dialect,
        open_files=open_files,
    )  # fmt: skip
    if builder is None:
        summary.layers = [LayerSummary(layer) for layer in whole]
        return summary
    names = {layer.name for layer in filtered.layer}  # without the splits that were inserted
    summary.layers = _layers(
        whole, left_open, (node for node in builder.nodes if node.name in names)
    )
    learned = [param.blob.count for param in builder.params.learnable if param.lr_mult]
    summary.learned = sum(learned)
    if builder.blobs and builder.blobs[0].blob.shape:
        summary.batch = max(1, builder.blobs[0].blob.shape[0])
    return summary


def _layers(
    layers: Sequence[caffe_pb2.LayerParameter], left_open: set[int], nodes: Iterator[Node]
) -> list[LayerSummary]:
    """A summary of each layer: those whose numbers are in ``left_open`` have no node."""
    counted: set[int] = set()
    summaries = []
    for index, layer in enumerate(layers):
        if index in left_open:
            summaries.append(LayerSummary(layer))
            continue
        node = next(nodes)
        summaries.append(_layer(layer, node, counted))
        node.layer.close()
    return summaries


def built_without_data(
    filtered: caffe_pb2.NetParameter,
    param: caffe_pb2.NetParameter,
    path: str | None,
    notes: list[str],
    *,
    shapes: Mapping[str, Sequence[int]] | None = None,
    limits: Limits | None = None,
    dialect: str | None = None,
    open_files: bool = True,
) -> NetBuilder | None:
    """A net's layers with the shapes of all blobs, the parameters being zeros.

    Args:
        filtered: the layers of one phase.
        param: what they are of, with its ``state``.
        path: the file that it came from, for errors.
        notes: gets a sentence for each shape that was assumed, or why there are none.
        shapes, limits, dialect, open_files: as :func:`summarize_net` takes them.

    Returns:
        None where the shapes are not known.

    Raises:
        MinicaffeError: as :func:`summarize_net`.
    """
    limits = limits or Limits(allow_python_layers=False)
    origin = origin_of(param, dialect, filtered)
    # with its fillers, and whether or not it can be built
    check_text(filtered, param, path, origin)
    built = _prepared(filtered, dict(shapes or {}), limits, notes, open_files=open_files)
    if built is None:
        return None
    dtype = np.dtype(np.float32)
    split = checked_splits(built, param, path, limits, dtype, origin)
    builder = NetBuilder(split, path=path, seed=0, dtype=dtype, limits=limits, origin=origin)
    builder.notes.tell(param.state.phase)
    return builder


def _remove_unknown(net: caffe_pb2.NetParameter, notes: list[str]) -> set[int]:
    """Take the layers of unknown types out of a net, and what reads from them; their numbers."""
    removed: set[int] = set()
    made: set[str] = set()  # blobs whose shapes stay open
    for index, layer in enumerate(net.layer):
        unknown = find_layer_class(layer.type) is Layer
        if unknown:
            notes.append(f"layer '{layer.name}' has the unknown type '{layer.type}'")
        if unknown or made.intersection(layer.bottom):
            removed.add(index)
            made.update(layer.top)
    for index in sorted(removed, reverse=True):
        del net.layer[index]
    return removed


def _layer(param: caffe_pb2.LayerParameter, node: Node, counted: set[int]) -> LayerSummary:
    parameters = 0
    for blob in node.layer.blobs:
        memory = id(blob.data_memory)
        parameters += 0 if memory in counted else blob.count
        counted.add(memory)
    own = [top for top in node.tops if not any(top is bottom for bottom in node.bottoms)]
    return LayerSummary(
        param,
        tuple(top.shape for top in node.tops),
        parameters,
        node.layer.multiply_adds(node.bottoms, node.tops),
        sum(top.count for top in own),
    )


def _prepared(
    filtered: caffe_pb2.NetParameter,
    shapes: dict[str, Sequence[int]],
    limits: Limits,
    notes: list[str],
    *,
    open_files: bool,
) -> caffe_pb2.NetParameter | None:
    """A copy of the net that can be built without its files; None where that cannot be."""
    net = caffe_pb2.NetParameter()
    net.CopyFrom(filtered)
    sources = [top for layer in net.layer if not layer.bottom for top in layer.top]
    for name in shapes:
        if name not in sources:
            hint = did_you_mean(name, sources)
            raise GraphError(f"no data or input layer makes a blob '{name}'{hint}")
    possible = True
    for layer in net.layer:
        clear_fillers(layer)
        cls = layer_class_of(layer)
        if issubclass(cls, PythonLayer) and not limits.allow_python_layers:
            notes.append(f"layer '{layer.name}' is a Python layer, whose code was not run")
            possible = False
        elif cls.writes_files:
            layer.type = Silence.type
        elif not layer.bottom and not _fix_input(layer, shapes, notes, open_files):
            possible = False
    return net if possible else None


def _fix_input(
    layer: caffe_pb2.LayerParameter,
    shapes: dict[str, Sequence[int]],
    notes: list[str],
    open_files: bool,
) -> bool:
    """Make an Input layer of one whose file is not opened; whether its shapes are known."""
    known = [shapes.get(top) for top in layer.top]
    if not any(known):
        cls = find_layer_class(layer.type)
        file = cls.source(layer)
        if file is None or (open_files and os.path.exists(file)):
            return not cls.opens_files(layer) or open_files
        assumed = next(iter(cls.assumed_shapes(layer)), None)
        why = "is not there" if open_files else "is not opened"
        if assumed is None:
            notes.append(f"layer '{layer.name}' reads '{file}', which {why}")
            return False
        notes.append(
            f"layer '{layer.name}' reads '{file}', which {why}: "
            f"{'×'.join(map(str, assumed))} was assumed for '{layer.top[0]}'"
        )
        known = list(cls.assumed_shapes(layer))
    batch = next(shape for shape in known if shape)[0]
    labels: tuple[int, ...] = (batch,)
    if issubclass(cls := find_layer_class(layer.type), PrefetchingLayer):
        labels = cls.assumed_labels(layer)
        if len(labels) == 1 or labels[0] > 1:  # SSD's boxes are of all images together
            labels = (batch, *labels[1:])
    tops = [shape or labels for shape in known]
    layer.type = Input.type
    for given, _ in layer.ListFields():
        if given.message_type and given.name not in ("include", "exclude"):
            layer.ClearField(given.name)
    for shape in tops:
        layer.input_param.shape.add().dim.extend(shape)
    return True
