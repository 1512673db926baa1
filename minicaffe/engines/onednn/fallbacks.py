"""What oneDNN refuses: layers that store float32, or that numpy runs, and why."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from minicaffe.engines.onednn import dnnl
from minicaffe.engines.onednn.builder import Calls
from minicaffe.engines.onednn.dnnl import Failed, Unimplemented
from minicaffe.engines.onednn.primitive import Primitive
from minicaffe.engines.onednn.tensor import Call
from minicaffe.errors import MinicaffeError

if TYPE_CHECKING:
    from minicaffe.net.node import Node

logger = logging.getLogger("minicaffe")

#: Bytes of the largest operand in bfloat16 below which slow code costs nothing to speak of.
_SMALL = 1 << 16


class Fallbacks:
    """Layers that are run otherwise than wanted, found as plans are built.

    A layer that oneDNN refuses in the wanted data type stores float32. A step that could not be
    built is not tried again: its layers run one by one, and then as numpy. A plan during whose
    building something was refused is built again, as what a layer's gradient is refused also
    changes its forward.

    Args:
        wanted: the data type that all layers are to use.

    Attributes:
        float32: the layers that use float32 instead, by name, and why.
    """

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self.float32: dict[str, str] = {}
        self._numpy: dict[tuple[Node, ...], str] = {}

    def __len__(self) -> int:
        return len(self.float32) + len(self._numpy)

    def dtype_of(self, node: Node) -> int:
        """The data type in which a layer stores its values."""
        return dnnl.F32 if node.name in self.float32 else self.wanted

    def reason(self, nodes: Sequence[Node]) -> str | None:
        """Why no step for these nodes shall be tried, or None."""
        return self._numpy.get(tuple(nodes))

    def refuse_forward(self, nodes: Sequence[Node], error: Failed) -> None:
        """The forward of a step for these nodes has failed to be built."""
        stored_otherwise = len(nodes) == 1 and self._store_float32(nodes[0], str(error))
        if not stored_otherwise and not isinstance(error, Unimplemented):
            self._leave_to_numpy(nodes, error)

    def refuse_backward(self, nodes: Sequence[Node], error: Failed) -> None:
        """The backward of a step for these nodes has failed to be built."""
        if not self._store_float32(nodes[0], str(error)):
            self._leave_to_numpy(nodes, error)

    def refuse_slow(self, node: Node, calls: Sequence[Call]) -> None:
        """Store float32 for a layer for which oneDNN has nothing but its slow reference code."""
        if self.dtype_of(node) == dnnl.F32:
            return
        for call in calls:
            if not isinstance(call, Primitive) or not call.is_reference:
                continue
            if call.largest(self.wanted) >= _SMALL:
                self._store_float32(node, f"oneDNN has only {call.name} in bfloat16")

    def _store_float32(self, node: Node, reason: str) -> bool:
        """Use float32 for a layer from now on; False where that was so already."""
        if self.dtype_of(node) == dnnl.F32:
            return False
        self.float32[node.name] = reason
        return True

    def _leave_to_numpy(self, nodes: Sequence[Node], error: Failed) -> None:
        """Do not try a step for these nodes again.

        That numpy does the work of a single one is a surprise that is told once, unless the
        library just has no such thing.
        """
        self._numpy[tuple(nodes)] = str(error)
        if len(nodes) == 1 and not isinstance(error, Unimplemented):
            logger.warning(
                "layer '%s' (%s): %s; numpy runs it instead",
                *(nodes[0].name, nodes[0].layer.type, error),
            )


def located(
    error: Failed, call: Call | None, lists: Sequence[tuple[Node, Calls]]
) -> MinicaffeError:
    """The error of a call that failed while it ran, with its layer and a way out.

    Args:
        error: what the library said.
        call: the call that was running.
        lists: whose calls are whose.
    """
    error.message += '; --engine numpy (engine="numpy" in Python) runs the net without oneDNN'
    for node, calls in lists:
        if any(one is call for one in calls.run):
            return error.locate(
                path=node.path, line=node.line, layer=node.name, layer_type=node.layer.type
            )
    return error
