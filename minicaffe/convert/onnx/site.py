"""A layer in its place in the graph that is being written: what its writer works with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from minicaffe.convert.onnx.graph import Attribute, Graph

if TYPE_CHECKING:
    from minicaffe.net.node import Node

#: The lengths of a blob's axes; None where it changes with the batch.
Shape = tuple[int | None, ...]


class Cannot(Exception):
    """A layer with these settings has no form in ONNX; the message says why, ``way`` what to do."""

    def __init__(self, reason: str, way: str = "") -> None:
        super().__init__(reason)
        self.way = way


class Site:
    """One layer, its blobs being values of the graph.

    Attributes:
        graph: the graph.
        node: the layer with its blobs.
        layer: the layer, of the class that the writer is for.
        inputs: the values of its bottoms.
        outputs: the names that its tops get.
        bottom_shapes, top_shapes: with None where a length changes with the batch.
        dynamic: whether the batch is open.
    """

    def __init__(
        self,
        graph: Graph,
        node: Node,
        inputs: Sequence[str],
        outputs: Sequence[str],
        shapes: tuple[Sequence[Shape], Sequence[Shape]],
    ) -> None:
        self.graph = graph
        self.node = node
        self.layer: Any = node.layer  # of the class that the writer is for
        self.inputs = list(inputs)
        self.outputs = list(outputs)
        self.bottom_shapes, self.top_shapes = (list(part) for part in shapes)

    @property
    def opset(self) -> int:
        """The version of the operators."""
        return self.graph.opset

    @property
    def dynamic(self) -> bool:
        """Whether a length of the layer's blobs changes with the batch."""
        return any(None in shape for shape in (*self.bottom_shapes, *self.top_shapes))

    # ------------------------------------------------------------- operators

    def op(
        self,
        op_type: str,
        inputs: Sequence[str],
        top: int | None = None,
        **attributes: Attribute,
    ) -> str:
        """Append an operator of one result; returns the result's name.

        Args:
            op_type: ONNX's name of the operator.
            inputs: values; "" for one that is left out.
            top: which top the result is; None for a value between.
            attributes: of the operator; those that are None are left out.
        """
        return self.ops(op_type, inputs, [top], **attributes)[0]

    def ops(
        self,
        op_type: str,
        inputs: Sequence[str],
        tops: Sequence[int | None],
        **attributes: Attribute,
    ) -> list[str]:
        """Append an operator of several results, as :meth:`op`; returns their names."""
        inner = f"{self.node.name}/{op_type}"
        results = [self.graph.fresh(inner) if top is None else self.outputs[top] for top in tops]
        wish = inner if None in tops else self.node.name
        self.graph.add(op_type, inputs, results, wish, **attributes)
        return results

    def reduce(
        self,
        op_type: str,
        value: str,
        axes: Sequence[int],
        top: int | None = None,
        *,
        keepdims: bool = True,
    ) -> str:
        """Append a ReduceSum, ReduceMean and so on over some axes."""
        if self.opset >= (13 if op_type == "ReduceSum" else 18):  # where the axes became an input
            inputs = [value, self.constant(axes, np.int64)]
            return self.op(op_type, inputs, top, keepdims=int(keepdims))
        return self.op(op_type, [value], top, axes=list(axes), keepdims=int(keepdims))

    def reshape(self, value: str, shape: Shape, top: int | None = None) -> str:
        """Append a Reshape; the length that changes with the batch, if there is one, is -1.

        Raises:
            Cannot: several lengths do.
        """
        if shape.count(None) > 1:
            raise Cannot("several lengths of a blob change with the batch", FIXED)
        if 0 in shape:
            raise Cannot("a blob has no values")
        dims = [-1 if length is None else length for length in shape]
        return self.op("Reshape", [value, self.constant(dims, np.int64)], top)

    def slice(
        self,
        value: str,
        parts: Sequence[tuple[int, int, int]],
        top: int | None = None,
        *,
        step: int = 1,
    ) -> str:
        """Append a Slice: of each (axis, start, stop) what lies from start to stop."""
        if not parts:
            return self.op("Identity", [value], top)
        axes, starts, stops = zip(*parts, strict=True)
        lists = (starts, stops, axes, [step] * len(parts))
        return self.op("Slice", [value, *(self.constant(part, np.int64) for part in lists)], top)

    # ---------------------------------------------------------------- tensors

    def constant(self, values: ArrayLike, dtype: DTypeLike = np.float32) -> str:
        """A tensor of these values."""
        return self.graph.constant(values, dtype, f"{self.node.name}/constant")

    def parameter(self, index: int, shape: Sequence[int] | None = None) -> str:
        """The layer's parameter blob, one tensor for all layers that share it.

        Args:
            index: of the layer's ``blobs``.
            shape: its shape in the graph, if not its own.
        """
        blob = self.layer.blobs[index]
        array = blob.data.reshape(blob.shape if shape is None else tuple(shape))
        key = (id(blob.data_memory), array.shape)
        return self.graph.tensor(f"{self.node.name}/{index}", np.asarray(array, np.float32), key)

    def derived(self, what: str, array: np.ndarray, sources: Sequence[int]) -> str:
        """A tensor that is made of parameter blobs, one for all layers that share those.

        Args:
            what: it is, such as ``mean``.
            array: its values.
            sources: the numbers of the blobs.
        """
        memories = tuple(id(self.layer.blobs[index].data_memory) for index in sources)
        array = np.asarray(array, np.float32)
        key = (what, memories, array.shape)
        return self.graph.tensor(f"{self.node.name}/{what}", array, key)


#: What to do where the batch must not change.
FIXED = "give the size of the batch: --batch N"
