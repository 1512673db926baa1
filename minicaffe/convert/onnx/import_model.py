"""An ONNX model as a net: each operator by its reader, under the names of its values."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.convert.onnx.load import from_proto, load
from minicaffe.convert.onnx.model import OnnxModel
from minicaffe.convert.onnx.net_text import NetText, Written
from minicaffe.convert.onnx.node_site import NodeSite, Source
from minicaffe.convert.onnx.readers import patterns_of, read_operators, reader_of
from minicaffe.convert.onnx.site import Cannot
from minicaffe.convert.onnx.trace import OWN_DOMAINS, Known, trace
from minicaffe.convert.pair import write_pair
from minicaffe.convert.targets.fit import with_blobs
from minicaffe.errors import GraphError, Problem, did_you_mean, require, visible
from minicaffe.net.net import Net
from minicaffe.options import RunKeywords
from minicaffe.proto import caffe_pb2
from minicaffe.proto.printing import to_text

if TYPE_CHECKING:
    from onnx import ModelProto
    from typing_extensions import Unpack

logger = logging.getLogger("minicaffe")

#: The oldest version of the operators that is read.
OLDEST_OPSET = 7

#: Batches that shapes are inferred with, to find what changes: not 1, which some operators drop.
_BATCHES = (2, 3)

#: What Python, numpy and protobuf raise for attributes and shapes that contradict each other.
_CONTRADICTIONS = (ValueError, TypeError, ArithmeticError, LookupError)


@dataclass
class Imported:
    """A net that computes what an ONNX model does.

    Attributes:
        param: the ``NetParameter``, without weights; its blobs have the names of the model's
            values.
        weights: the parameters of its layers by name, float32.
        source: the model, for :func:`minicaffe.convert.onnx.verify.verify`.
        path: the model's file, if it has one.
    """

    param: caffe_pb2.NetParameter
    weights: dict[str, list[np.ndarray]]
    source: OnnxModel
    path: str | None = None

    @property
    def half(self) -> bool:
        """Whether the model computes in half precision; the net does not."""
        return any(array.dtype == np.float16 for array in self.source.tensors.values())

    def build(self, **options: Unpack[RunKeywords]) -> Net:
        """The net with its weights, in the TEST phase; ``options`` as for :class:`Net`."""
        return with_blobs(self.param, self.weights, self.path, **options)


def import_model(
    model: str | os.PathLike[str] | ModelProto | OnnxModel,
    *,
    shapes: Mapping[str, Sequence[int]] | None = None,
    batch: int | None = None,
    path: str | None = None,
) -> Imported:
    """The net that computes what an ONNX model does, with its weights.

    Args:
        model: a file, a ``ModelProto``, or what :func:`minicaffe.convert.onnx.load.load` has read.
        shapes: of inputs by name, where the model leaves lengths open; the first length may be
            any, as the batch stays open.
        batch: the size of the batch, for models that leave it open and cannot do with it.
        path: the model's file, for messages; of a file its own.

    Raises:
        DataError: the file cannot be read, or is damaged.
        GraphError: operators that no layer can replace, all at once, each with its neighbours;
            shapes that are not known, or fit nothing.
        MissingExtraError: the package onnx is not installed.
    """
    if isinstance(model, OnnxModel):
        source = model
    elif isinstance(model, str | os.PathLike):
        path = os.fspath(model)
        source = load(path)
    else:
        own = type(model)()
        own.CopyFrom(model)
        source = from_proto(own, path)
    return _Importer(source, path).run(dict(shapes or {}), batch)


def save_net(
    imported: Imported, net: Net, prototxt: str, weights: str, *, text: str | None = None
) -> None:
    """Write the prototxt and the ``.caffemodel`` of an imported net, both or none.

    Args:
        imported: has the text.
        net: built from it, or from what became of it, has the weights.
        prototxt, weights: the files.
        text: what became of its text; None for its own.

    Raises:
        SnapshotError: one cannot be written, or both are one file; both are as they were then.
    """
    write_pair(to_text(imported.param) if text is None else text, net, prototxt, weights)


class _Importer:
    """Reads the operators one after the other, and collects what cannot be read."""

    def __init__(self, source: OnnxModel, path: str | None) -> None:
        self.source, self.path = source, path
        self.graph = source.model.graph
        self.opset = self._opset()

    def _opset(self) -> int:
        defs = require("onnx.defs", extra="onnx", purpose="reading ONNX")
        newest = defs.onnx_opset_version()
        found = [entry.version for entry in self.source.model.opset_import
                 if entry.domain in OWN_DOMAINS]  # fmt: skip
        opset = found[0] if found else 1
        if not OLDEST_OPSET <= opset <= newest:
            raise GraphError(
                f"its operators are of opset {opset}; {OLDEST_OPSET} to {newest} can be read"
                + ("; a newer package onnx may know it" if opset > newest else ""),
                path=self.path,
            )
        return int(opset)

    def run(self, shapes: dict[str, Sequence[int]], batch: int | None) -> Imported:
        own = self._shapes(shapes, batch)
        known = [self._trace(own, n) for n in (_BATCHES if self._open(own) else (1,))]
        source = self._context(known)
        text = NetText(name for node in self.graph.node for name in (*node.input, *node.output))
        for name in self.source.inputs:
            dims = [n if isinstance(n, int) else self._given(shapes, name) for n in own[name]]
            text.add("Input", name, [], [name]).input_param.shape.add(dim=dims)
        for index in range(len(self.graph.node)):
            self._read(NodeSite(source, text, index))
        self._name_outputs(source, text)
        layers = text.needed(self.source.outputs)
        self._refuse(layers)
        self._give_out_what_is_read(layers, text)
        param = caffe_pb2.NetParameter(name=self.graph.name or "net")
        param.layer.extend(written.param for written in layers)
        weights = {w.param.name: w.weights for w in layers if w.weights}
        tops = {top for written in layers for top in written.param.top}
        values = {name for node in self.graph.node for name in node.output}
        self.source.shapes = own
        self.source.values = [name for name in self._all_values() if name in tops & values]
        return Imported(param, weights, self.source, self.path)

    def _given(self, shapes: Mapping[str, Sequence[int]], name: str) -> int:
        """What is written for an open batch."""
        return int(shapes[name][0]) if name in shapes and len(shapes[name]) else 1

    def _all_values(self) -> list[str]:
        return [*self.source.inputs, *(name for node in self.graph.node for name in node.output)]

    # ------------------------------------------------------------------------------ shapes

    def _shapes(
        self, given: Mapping[str, Sequence[int]], batch: int | None
    ) -> dict[str, list[int | str]]:
        """The inputs' shapes; only a first length may be open, a word.

        Raises:
            GraphError: others are open, all at once; one is given that does not fit.
        """
        problems, found = [], {}
        for name in given:
            if name not in self.source.shapes:
                hint = did_you_mean(name, self.source.shapes)
                problems.append(f"a shape is given for '{name}', which is no input{hint}")
        for name, declared in self.source.shapes.items():
            own = list(declared)
            if name in given:
                wanted = list(given[name])
                fits = len(wanted) == len(own) and all(
                    isinstance(b, str) or a == b for a, b in zip(wanted, own, strict=True)
                )
                if not fits:
                    problems.append(
                        f"input '{name}' has the shape {_told(own)}, and {_told(wanted)} is given"
                    )
                own = [b if axis == 0 else a
                       for axis, (a, b) in enumerate(zip(wanted, own, strict=False))]  # fmt: skip
            if own and isinstance(own[0], str) and batch is not None:
                own[0] = batch
            if any(isinstance(n, str) for n in own[1:]):
                problems.append(
                    f"input '{name}' has the shape {_told(own)}, of which only the first length, "
                    f"the batch, may be open; give the others: --shape {name}=1,3,224,224"
                )
            found[name] = own
        if problems:
            raise _several(problems, self.path)
        return found

    @staticmethod
    def _open(shapes: Mapping[str, Sequence[int | str]]) -> bool:
        return any(isinstance(n, str) for shape in shapes.values() for n in shape)

    def _trace(self, shapes: Mapping[str, Sequence[int | str]], batch: int) -> Known:
        kinds = {info.name: info.type.tensor_type.elem_type for info in self.graph.input}
        inputs = {
            name: (kinds[name], [n if isinstance(n, int) else batch for n in shape])
            for name, shape in shapes.items()
        }
        return trace(self.graph.node, self.source.tensors, inputs, self.opset)

    # --------------------------------------------------------------------------- operators

    def _context(self, known: Sequence[Known]) -> Source:
        readers: dict[str, list[int]] = {}
        makers: dict[str, int] = {}
        for index, node in enumerate(self.graph.node):
            for name in node.input:
                readers.setdefault(name, []).append(index)
            makers.update(dict.fromkeys(node.output, index))
        other = known[1] if len(known) > 1 else None
        return Source(
            self.graph.node, self.opset, known[0], other, self._names(), readers, makers,
            self.source.outputs,
        )  # fmt: skip

    def _names(self) -> list[str]:
        """What the operators' layers are called: as the module whose weights they have, as PyTorch
        writes it; else as the operator, or as what it computes."""
        names = []
        for node in self.graph.node:
            owners = [name.removesuffix(".weight") for name in node.input[1:2]
                      if name.endswith(".weight") and name in self.source.tensors]  # fmt: skip
            names.append(owners[0] if owners else node.name or node.output[0])
        return names

    def _read(self, site: NodeSite) -> None:
        node = site.node
        if all(name in site.source.known.constants for name in node.output if name):
            return
        problem = ""
        try:
            self._read_at(site)
        except Cannot as reason:
            problem = _problem(site, str(reason), reason.way)
        except _CONTRADICTIONS as reason:
            problem = _problem(site, f"what it says does not fit together: {reason}", "")
        if problem:
            bottoms = [site.text.blobs.get(name, name) for name in node.input
                       if name and name not in site.source.known.constants]  # fmt: skip
            site.text.add("", site.name, bottoms, [n for n in node.output if n], problem=problem)

    def _read_at(self, site: NodeSite) -> None:
        node, source = site.node, site.source
        if node.domain not in OWN_DOMAINS:
            raise Cannot(f"it is of the domain '{node.domain}'", "only ONNX's own can be read")
        if fault := source.known.faults.get(site.index):
            raise Cannot(f"its shapes do not fit together: {fault}")
        for name in (*node.input, *node.output):
            if name not in source.known.constants and 0 in (source.shape(name) or ()):
                raise Cannot(f"'{name}' has no values: its shape is {source.shape(name)}")
        if any(pattern(site) for pattern in patterns_of(node.op_type)):
            return
        reader = reader_of(node.op_type)
        if reader is None:
            raise Cannot(*_no_reader(node.op_type))
        reader(site)
        _check_all_read(site, self.opset)
        for name in node.output:
            wanted = name in source.readers or name in source.outputs
            there = name in site.text.blobs or site.text.producer(name) is not None
            if name and wanted and not there:
                raise Cannot(f"no layer computes its result '{name}'")

    def _name_outputs(self, source: Source, text: NetText) -> None:
        """Let each output be a blob of its name, also where it is the same as another value."""
        for name in self.source.outputs:
            blob = text.blobs.get(name, name)
            if name in source.known.constants and text.producer(blob) is None:
                index = source.makers.get(name, 0)
                NodeSite(source, text, index).blob_of(name)
            elif blob != name and blob not in (*self.source.inputs, *self.source.outputs):
                text.rename(blob, name)
            elif blob != name:
                text.add("Power", name, [blob], [name])

    def _give_out_what_is_read(self, layers: list[Written], text: NetText) -> None:
        """Let outputs that layers read be outputs of the net, too: Caffe's are only the blobs that
        nothing reads. What is an input as well can be no output, and is told."""
        for name in self.source.outputs:
            readers = [layer.param.name for layer in layers if name in layer.param.bottom]
            if readers and name not in self.source.inputs:
                text.give_out(layers, name)
            elif readers:
                logger.warning(
                    "output '%s' is an input that layer '%s' reads: a net's outputs are only the "
                    'blobs that no layer reads. Take it from the net as blobs["%s"]',
                    name, readers[0], name,
                )  # fmt: skip

    def _refuse(self, layers: Sequence[Written]) -> None:
        if problems := [written.problem for written in layers if written.problem]:
            raise _several(problems, self.path)


def _check_all_read(site: NodeSite, opset: int) -> None:
    """Refuse attributes and inputs that the reader has not asked for, as it knows nothing of them.

    Raises:
        Cannot: there are, and they say something else than when left out.
    """
    defs = require("onnx.defs", extra="onnx", purpose="reading ONNX")
    attributes, inputs = site.unasked()
    for attribute in attributes:
        usual = defs.get_schema(site.node.op_type, opset, "").attributes[attribute.name]
        if attribute.SerializeToString() != usual.default_value.SerializeToString():
            raise Cannot(f"its attribute {attribute.name} has no place in a layer")
    if inputs:
        raise Cannot(f"its input '{site.inputs[inputs[0]]}' has no place in a layer")


def _told(shape: Sequence[int | str]) -> str:
    return "×".join(map(str, shape)) or "()"


def _several(problems: Sequence[str], path: str | None) -> GraphError:
    place = f"{path}: " if path else ""
    error = GraphError(visible(problems[0]), path=path)
    error.problems = [Problem(path, 0, 0, place + told, "") for told in problems]
    return error


def _no_reader(op_type: str) -> tuple[str, str]:
    """Why an operator cannot be read, and the nearest way out."""
    if "Quant" in op_type or op_type.endswith("Integer"):
        return "it computes with whole numbers", "export the model before it was quantised"
    if op_type in ("If", "Loop", "Scan", "SequenceMap"):
        return (
            "a net has no branches and no loops",
            "export with fixed shapes, so that torch or onnx-simplifier can unroll it",
        )
    if op_type in ("NonMaxSuppression", "NonZero", "TopK", "RoiAlign", "Where"):
        return (
            "it selects by values",
            "export the model up to what is before it, and select outside of the net",
        )
    defs = require("onnx.defs", extra="onnx", purpose="reading ONNX")
    known = defs.has(op_type)  # then it is meant, whatever is spelt alike
    hint = "" if known else did_you_mean(op_type, read_operators())
    return "no layer does what it does", hint.removeprefix("; ")


def _problem(site: NodeSite, reason: str, way: str) -> str:
    """What is told of an operator: its name, its version, its neighbours."""
    nodes = site.source.nodes
    before = [
        nodes[site.source.makers[name]].op_type if name in site.source.makers else name
        for name in site.node.input
        if name and name not in site.source.known.constants
    ]
    after = [nodes[index].op_type for name in site.outputs
             for index in site.source.readers.get(name, ())]  # fmt: skip
    told = f"node '{site.node.name or site.outputs[0]}' ({site.node.op_type}, opset {site.opset}"
    if before:
        told += f", after {' and '.join(dict.fromkeys(before))}"
    told += f", before {' and '.join(dict.fromkeys(after))}" if after else ", an output"
    return f"{told}): {reason}" + (f"; {way}" if way else "")
