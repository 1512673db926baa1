"""Whether an ONNX model computes what its net does: value by value, on several inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.convert.compare.net_side import decides, fill, random_arrays, run_each, run_once
from minicaffe.convert.compare.rows import Row, keep_largest, measure
from minicaffe.convert.onnx.model import OnnxModel
from minicaffe.convert.onnx.session import Runner
from minicaffe.convert.values import value_names
from minicaffe.errors import MinicaffeError
from minicaffe.net.net import Net
from minicaffe.options import machine_memory
from minicaffe.proto import caffe_pb2

#: The largest difference that is put down to rounding, as a share of a value's largest number: of
#: a layer that is given the same values in both nets, and of whole nets.
LAYER_TOLERANCE, NET_TOLERANCE = 1e-3, 1e-3
#: The same of a model in half precision.
HALF_TOLERANCES = 5e-3, 5e-2

#: How large random inputs are: like what comes out of a layer, and like pixels without a mean.
_SCALES = (1.0, 64.0)


#: How many copies of all values a comparison has at a time: both nets', the runtime's and its
#: own, and what engines keep in other layouts.
_COPIES = 5


@dataclass
class Verified:
    """What a comparison has found.

    Attributes:
        layers: each value, where every layer was given the same values in both nets; the largest
            difference of all inputs.
        whole: each value, where both nets ran from end to end; the same.
        decided: the layers whose tops jump where their bottoms pass a limit; what comes after one
            is not judged from end to end.
        inputs: what was run, in words.
    """

    layers: dict[str, Row] = field(default_factory=dict)
    whole: dict[str, Row] = field(default_factory=dict)
    decided: list[str] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)

    @property
    def worst(self) -> list[Row]:
        """What exceeds its tolerance, in the net's order: layers by themselves first."""
        alone = [row for row in self.layers.values() if not row.good]
        return alone or [row for row in self.whole.values() if not row.good]

    @property
    def good(self) -> bool:
        """Whether nothing exceeds its tolerance."""
        return not self.worst


def verify(
    exported: OnnxModel,
    net: Net,
    *,
    given: Mapping[str, np.ndarray] | None = None,
    tolerances: tuple[float, float] = (LAYER_TOLERANCE, NET_TOLERANCE),
) -> Verified:
    """Run the model in onnxruntime and the net by both engines, and compare all values.

    By the numpy engine every layer gets the values that the model has computed before it, so that a
    difference is the layer's own. By the default engine the net runs from end to end. Inputs are
    random, of two deviations and, if the batch is open, of two sizes; and those that are given. A
    large batch that only the inputs' declarations say counts as open.

    Args:
        exported: the model.
        net: the net, run by the numpy engine; its shapes become those of the inputs.
        given: arrays by input blob, or nothing.
        tolerances: as shares of a value's largest number: for a layer, for the net.

    Raises:
        GraphError: the runtime does not take the model or the inputs.
        MissingExtraError: onnxruntime is not installed.
    """
    found = Verified(decided=[node.name for node in net.nodes if decides(node.layer)])
    fast = _twin(net)
    wanted = [name for name in exported.values if name not in exported.inputs]
    exported, looking = _with_few_items(exported, net, wanted)
    alone = Runner(exported.model, exported.tensors)
    judged = set(exported.values) - _after_decisions(net)
    for what, arrays in _inputs(exported, net, given or {}):
        found.inputs.append(what)
        values = looking.run(arrays)
        run_each(net, arrays, values, _Recorder(found.layers, values, tolerances[0]))
        values.update(alone.run(arrays))  # as a program runs it
        whole = {name: values[name] for name in values if name in judged}
        rows: dict[str, Row] = {}
        run_once(fast, arrays, _Recorder(rows, whole, tolerances[1]))
        if not all(row.good for row in rows.values()):
            rows = _judged_by_sensitivity(rows, fast, arrays, whole)
        for row in rows.values():
            keep_largest(found.whole, row)
    return found


def _judged_by_sensitivity(
    rows: dict[str, Row],
    net: Net,
    arrays: Mapping[str, np.ndarray],
    values: Mapping[str, np.ndarray],
) -> dict[str, Row]:
    """The rows with a larger tolerance where the net itself makes much of little.

    Every input is moved by a few roundings (1e-6 of each number). What a value moves by then, times
    ten, may be rounding's work, as every layer rounds.
    """
    rng = np.random.default_rng(0)
    moved = {
        name: (array * (1 + 1e-6 * rng.choice([-1, 1], array.shape))).astype(np.float32)
        for name, array in arrays.items()
    }
    before: dict[str, np.ndarray] = {}

    def remember(layer: str, name: str, array: np.ndarray) -> None:
        if name in values:
            before[name] = np.array(array)

    run_once(net, arrays, remember)
    own: dict[str, Row] = {}
    run_once(net, moved, _Recorder(own, before, np.inf))
    return {
        name: replace(row, tolerance=max(row.tolerance, 10 * own[name].relative))
        for name, row in rows.items()
    }


def _twin(net: Net) -> Net:
    """The net with the same parameters, run by the default engine."""
    text = caffe_pb2.NetParameter(name=net.name)
    text.layer.extend(node.layer.param for node in net.nodes)
    twin = Net(text, net.phase, seed=0, path=net.path, dialect=net.options.dialect)
    twin.share_with(net)
    return twin


def _inputs(
    exported: OnnxModel, net: Net, given: Mapping[str, np.ndarray]
) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """What is run, in words, and the arrays."""
    single = _smallest_batch(exported, net)
    for seed, scale in enumerate(_SCALES):
        factor = 2 if seed and _two_items_fit(net) else 1
        shapes = _shapes_with(exported, {name: factor * n for name, n in single.items()})
        fill(net, _zeros(shapes))
        arrays = random_arrays(net, seed, scale)
        told = ", ".join(f"{name} {shape_text(shape)}" for name, shape in shapes.items())
        yield f"random inputs of deviation {scale:g}: {told}", arrays
    if given:
        yield "the inputs given", dict(given)


def _with_few_items(
    exported: OnnxModel, net: Net, wanted: Sequence[str]
) -> tuple[OnnxModel, Runner]:
    """The model, and what runs it and shows all its values.

    Where only the declarations of its inputs say how many items it takes, one item of ten proves as
    much, in a tenth of the time and memory: it is the model with an open batch then. Whether
    that is so is tried: one item has to give every value the shape that it has in the net.
    """
    firsts = [shape[0] for shape in exported.shapes.values() if shape]
    if len(firsts) == len(exported.inputs) and all(isinstance(n, int) and n > 2 for n in firsts):
        opened = _opened(exported)
        single = dict.fromkeys(exported.inputs, 1)
        try:
            fill(net, _zeros(_shapes_with(opened, single)))
            looking = Runner(opened.model, opened.tensors, wanted)
            values = looking.run(random_arrays(net, 0, 1.0))
        except MinicaffeError:
            pass  # it is for so many items alone
        else:
            shapes = _shapes_of_values(net)
            if all(values[name].shape == shapes.get(name) for name in wanted):
                return opened, looking
    return exported, Runner(exported.model, exported.tensors, wanted)


def _opened(exported: OnnxModel) -> OnnxModel:
    """The model with inputs of any number of items; nothing is said of its values' shapes."""
    model = type(exported.model)()
    model.CopyFrom(exported.model)
    del model.graph.value_info[:]
    for info in model.graph.output:
        info.type.tensor_type.ClearField("shape")
    for info in model.graph.input:
        if info.name in exported.shapes:
            info.type.tensor_type.shape.dim[0].dim_param = "batch"
    shapes: dict[str, list[int | str]] = {
        name: ["batch", *shape[1:]] for name, shape in exported.shapes.items()
    }
    return replace(exported, model=model, shapes=shapes)


def _shapes_of_values(net: Net) -> dict[str, tuple[int, ...]]:
    """The shape that each value has now, by its name."""
    return {
        name: edge.blob.shape
        for names, node in zip(value_names(net), net.nodes, strict=True)
        for name, edge in zip(names, node.top_edges, strict=True)
    }


def _smallest_batch(exported: OnnxModel, net: Net) -> dict[str, int]:
    """One item of each input; or as many as it has, where the net takes only multiples of that."""
    own = {name: net.blobs[name].shape for name in exported.inputs}
    single = dict.fromkeys(own, 1)
    try:
        fill(net, _zeros(_shapes_with(exported, single)))
    except MinicaffeError:
        return {name: shape[0] for name, shape in own.items() if shape}
    return single


def _zeros(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    return {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}


def _shapes_with(exported: OnnxModel, lengths: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
    """The inputs' shapes with these lengths in place of open ones."""
    return {
        name: tuple(n if isinstance(n, int) else lengths[name] for n in shape)
        for name, shape in exported.shapes.items()
    }


def _two_items_fit(net: Net) -> bool:
    """Whether half of the memory is enough for twice the batch that the net has now."""
    blobs = {edge.blob for node in net.nodes for edge in node.top_edges}
    values = sum(blob.count * blob.dtype.itemsize for blob in blobs)
    return 2 * _COPIES * values <= machine_memory() / 2


class _Recorder:
    """Keeps the largest difference of each value that both nets have."""

    def __init__(
        self, rows: dict[str, Row], values: Mapping[str, np.ndarray], tolerance: float
    ) -> None:
        self._rows, self._values, self._tolerance = rows, values, tolerance

    def __call__(self, layer: str, name: str, array: np.ndarray) -> None:
        if name not in self._values:
            return
        keep_largest(self._rows, measure(layer, name, array, self._values[name], self._tolerance))


def _after_decisions(net: Net) -> set[str]:
    """The values that come of a layer whose tops jump, or of one after it."""
    names, jumping = value_names(net), set[int]()
    found: set[str] = set()
    for node, own in zip(net.nodes, names, strict=True):
        if decides(node.layer) or any(edge.id in jumping for edge in node.bottom_edges):
            jumping.update(edge.id for edge in node.top_edges)
            found.update(own)
        else:
            jumping.difference_update(edge.id for edge in node.top_edges)
    return found
