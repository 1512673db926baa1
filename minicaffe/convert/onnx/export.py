"""A net as an ONNX model: each layer by its writer, under the names of its blobs."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import minicaffe
from minicaffe.convert.onnx.graph import Graph
from minicaffe.convert.onnx.model import OnnxModel
from minicaffe.convert.onnx.shapes import NodeShapes, open_shapes, set_batch, shapes_now
from minicaffe.convert.onnx.site import Cannot, Shape, Site
from minicaffe.convert.onnx.writers import writer_of
from minicaffe.convert.onnx.writers.activation import FLOAT
from minicaffe.convert.refusals import blobs_before, problem_of, refused
from minicaffe.convert.values import passes_on, value_names
from minicaffe.errors import ArgumentError, GraphError, Problem, require
from minicaffe.layers.data.input import Input
from minicaffe.layers.utility.python import PythonLayer
from minicaffe.net.net import TEST, Net
from minicaffe.net.node import Node

if TYPE_CHECKING:
    from onnx import ModelProto, ValueInfoProto

#: The oldest version of the operators that is written, and the one without a wish: what most
#: runtimes and tool chains of these days read.
OLDEST_OPSET, USUAL_OPSET = 11, 13

#: The domain of operators that stand for users' Python layers.
DOMAIN = "minicaffe"


@dataclass
class Exported(OnnxModel):
    """The ONNX model of a net.

    Attributes:
        custom: the layers that are operators of a domain of our own.
    """

    custom: list[str] = field(default_factory=list)


def newest_opset() -> int:
    """The newest version of the operators that the installed package onnx knows."""
    defs = require("onnx.defs", extra="onnx", purpose="writing ONNX")
    version: int = defs.onnx_opset_version()
    return version


def export(
    net: Net,
    *,
    opset: int = USUAL_OPSET,
    batch: int | str | None = None,
    custom_python: bool = False,
    metadata: Mapping[str, str] | None = None,
    names: Mapping[str, list[str]] | None = None,
) -> Exported:
    """The ONNX model of a net in use, with its weights.

    Every layer's values have the names of its blobs; a value that is overwritten in place is called
    ``blob/layer``. Parameters are initialisers ``layer/0``, ``layer/1``, shared ones once. The
    same net gives the same bytes.

    Args:
        net: in phase TEST, with the trained weights; its inputs are Input layers (see
            :func:`minicaffe.convert.deploy.deploy_net`). A batch of ``batch`` items changes its
            shapes.
        opset: the version of ONNX's operators, from 11 on.
        batch: how many items the model takes; "dynamic" for any number; None for the net's.
        custom_python: write Python layers as operators of the domain "minicaffe", which a runtime
            has to be taught; otherwise they are refused.
        metadata: what else the model says of itself.
        names: of a folded net, what its layers' values are called; see
            :class:`minicaffe.convert.fold_bn.Folded`.

    Raises:
        GraphError: layers that have no form in ONNX, all at once; the net is not in phase TEST, or
            has data layers.
        ArgumentError: no such opset, no such batch.
        MissingExtraError: the package onnx is not installed.
    """
    _check(net, opset, batch)
    if isinstance(batch, int):
        set_batch(net, batch)
    own = value_names(net, names)
    return _Exporter(net, own, opset, batch == "dynamic", custom_python).run(metadata or {})


def _check(net: Net, opset: int, batch: int | str | None) -> None:
    if not isinstance(opset, int) or not OLDEST_OPSET <= opset <= newest_opset():
        raise ArgumentError(
            f"opset {opset} asked for; {OLDEST_OPSET} to {newest_opset()} can be written"
        )
    good = batch >= 1 if isinstance(batch, int) else batch in (None, "dynamic")
    if not good:
        raise ArgumentError(f"batch is {batch!r}; expected a number from 1 on, or 'dynamic'")
    if net.phase != TEST:
        raise GraphError("only a net in phase TEST has a form in ONNX", path=net.path)
    if not net.inputs:
        raise GraphError(
            "the net has no Input layer, so that a model of it would take nothing; `minicaffe "
            "deploy` puts one in the place of its data layer",
            path=net.path,
        )


class _Exporter:
    """Writes the nodes one after the other, and collects what cannot be written."""

    def __init__(
        self, net: Net, names: list[list[str]], opset: int, dynamic: bool, custom_python: bool
    ) -> None:
        self.net, self.dynamic, self.custom_python = net, dynamic, custom_python
        self.graph = Graph(opset)
        self.names = names
        self.shapes = self._shapes()
        self.problems: list[Problem] = []
        self.custom: list[str] = []
        self.current: dict[int, str] = {}  # the value of each blob, by the blob's number
        self.graph.reserve(name for names in self.names for name in names)

    def _shapes(self) -> NodeShapes:
        """With open lengths where the batch is, or becomes in the middle of the net (Filter)."""
        if self.dynamic:
            return open_shapes(self.net)
        if any(node.layer.reshapes_always and node.bottoms for node in self.net.nodes):
            try:
                return open_shapes(self.net)
            except GraphError:
                pass
        return shapes_now(self.net)

    def run(self, metadata: Mapping[str, str]) -> Exported:
        for index, node in enumerate(self.net.nodes):
            if not isinstance(node.layer, Input) and not passes_on(self.net, node):
                self._write(index, node)
            for edge, name in zip(node.top_edges, self.names[index], strict=True):
                self.current[edge.id] = name
        if self.problems:
            raise refused(self.problems, self.net.path)
        inputs = self.net.inputs
        model, shapes = self._model(metadata), {name: self._input_dims(name) for name in inputs}
        exported = Exported(model, self.graph.tensors, inputs, self._outputs(), shapes)
        exported.values = list(dict.fromkeys(name for names in self.names for name in names))
        exported.custom = self.custom
        return exported

    def _write(self, index: int, node: Node) -> None:
        inputs = [self.current[edge.id] for edge in node.bottom_edges]
        site = Site(self.graph, node, inputs, self.names[index], self.shapes[index])
        try:
            self._write_at(site)
        except Cannot as reason:
            self.problems.append(problem_of(node, str(reason), reason.way))

    def _write_at(self, site: Site) -> None:
        layer = site.node.layer
        if isinstance(layer, PythonLayer) and self.custom_python:
            _custom(site)
            self.custom.append(site.node.name)
        elif layer.identity_in_test:
            for index in range(len(site.outputs)):
                site.op("Identity", site.inputs, index)
        elif site.node.losses:
            raise Cannot("it is a loss", "`minicaffe deploy` takes losses out")
        elif (writer := writer_of(layer.type)) is not None:
            writer(site)
        else:
            raise Cannot(*_why_not(self.net, site.node))

    def _outputs(self) -> list[str]:
        """The last values of the blobs that nothing reads, without unused inputs."""
        last = {
            edge.blob.name: name
            for node, names in zip(self.net.nodes, self.names, strict=True)
            for edge, name in zip(node.top_edges, names, strict=True)
        }
        names = [last[blob] for blob in self.net.outputs]
        return [name for name in names if name not in self.net.inputs] or names

    def _model(self, metadata: Mapping[str, str]) -> ModelProto:
        helper = require("onnx.helper", extra="onnx", purpose="writing ONNX")
        infos = {info.name: info for info in self._value_infos(helper.make_tensor_value_info)}
        inputs, outputs = self.net.inputs, self._outputs()
        between = [infos[name] for name in infos if name not in (*inputs, *outputs)]
        graph = helper.make_graph(
            self.graph.nodes,
            self.net.name or "net",
            [infos[name] for name in inputs],
            [infos[name] for name in outputs],
            value_info=between,
        )
        opsets = [helper.make_opsetid("", self.graph.opset)]
        opsets += [helper.make_opsetid(domain, 1) for domain in sorted(self.graph.domains)]
        model: ModelProto = helper.make_model(
            graph,
            opset_imports=opsets,
            producer_name="minicaffe",
            producer_version=minicaffe.__version__,
            ir_version=helper.find_min_ir_version_for(opsets[:1]),
        )
        helper.set_model_props(model, dict(sorted(metadata.items())))
        return model

    def _value_infos(
        self, make: Callable[[str, int, Sequence[int | str | None]], ValueInfoProto]
    ) -> Iterator[ValueInfoProto]:
        """What is known of each value's shape; of those after a layer whose tops' shapes depend on
        values, nothing."""
        unknown: set[str] = set()
        for index, node in enumerate(self.net.nodes):
            read = {self.current[edge.id] for edge in node.bottom_edges}
            hidden = bool(node.bottom_edges and node.layer.reshapes_always) or bool(read & unknown)
            for name, shape in zip(self.names[index], self.shapes[index][1], strict=True):
                if hidden:
                    unknown.add(name)
                yield make(
                    name, FLOAT, [None for _ in shape] if hidden else self._dims(name, shape)
                )

    def _input_dims(self, name: str) -> list[int | str]:
        shape = self.net.blobs[name].shape
        return ["batch", *shape[1:]] if self.dynamic and shape else list(shape)

    def _dims(self, name: str, shape: Shape) -> Sequence[int | str | None]:
        if name in self.net.inputs:
            return self._input_dims(name)
        return ["batch" if axis == 0 and n is None else "" if n is None else n
                for axis, n in enumerate(shape)]  # fmt: skip


def _custom(site: Site) -> None:
    """A Python layer as an operator named as its class."""
    param = site.node.layer.param.python_param
    tops: Sequence[int | None] = range(len(site.outputs))
    site.ops(
        param.layer, site.inputs, list(tops), domain=DOMAIN, module=param.module,
        param_str=param.param_str or None,
    )  # fmt: skip


def _why_not(net: Net, node: Node) -> tuple[str, str]:
    """Why a type has no form, and the nearest way out."""
    layer = node.layer
    if not node.bottom_edges:
        return "it reads data", "`minicaffe deploy` puts an Input layer in its place"
    if layer.measures or layer.is_loss:
        what = "it measures" if layer.measures else "it is a loss"
        return what, "`minicaffe deploy` takes it out"
    names = ",".join(blobs_before(net, node))
    return (
        "no operators of ONNX do what this type does",
        f"--until with what is before it ({names}) leaves it out",
    )


def file_metadata(model: str, weights: Sequence[str]) -> dict[str, str]:
    """The names of the files that a model comes from, without their folders, and their hashes."""
    found = {"minicaffe": minicaffe.__version__}
    for what, path in (("prototxt", model), *(("weights", path) for path in weights)):
        names = [f"{what}_{n}" if n else what for n in range(len(weights) + 1)]
        key = next(name for name in names if f"{name}_name" not in found)
        found[f"{key}_name"] = os.path.basename(path)
        found[f"{key}_sha256"] = _sha256(path)
    return found


def _sha256(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
