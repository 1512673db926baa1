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


class Fallbacks:
    """Steps that could not be built: their layers run one by one, and then as numpy.

    A plan is built anew when a step has been refused, as its gradients come last.
    """

    def __init__(self) -> None:
        self._reasons: dict[tuple[Node, ...], str] = {}

    def __len__(self) -> int:
        return len(self._reasons)

    def reason(self, nodes: Sequence[Node]) -> str | None:
        """Why no step for these nodes shall be tried, or None."""
        return self._reasons.get(tuple(nodes))

    def add(self, nodes: Sequence[Node], error: Failed) -> None:
        """A step for these nodes has failed to be built.

        That numpy does the work of a single one is a surprise that is told once, unless the
        library just has no such thing.
        """
        self._reasons[tuple(nodes)] = str(error)
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


#: Bytes of the largest operand in that type below which slow code costs nothing to speak of.
_SMALL = 1 << 16


class PrecisionPolicy:
    """The data type of each layer's values: the one wanted, or float32 with a reason.

    What oneDNN refuses in the wanted type is known only once a plan has been built. The plan
    is then built anew, with :attr:`reasons` from the time before.

    Args:
        wanted: the data type that all layers are to use.

    Attributes:
        reasons: the layers that use float32 instead, by name, and why.
    """

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self.reasons: dict[str, str] = {}

    def of(self, node: Node) -> int:
        """The data type for a layer."""
        return dnnl.F32 if node.name in self.reasons else self.wanted

    def refuse(self, node: Node, reason: str) -> bool:
        """Use float32 for a layer from now on; False where that was so already."""
        if self.of(node) == dnnl.F32:
            return False
        self.reasons[node.name] = reason
        return True

    def check(self, node: Node, calls: Sequence[Call]) -> None:
        """Refuse a layer for which oneDNN has nothing but its slow reference code."""
        if self.of(node) == dnnl.F32:
            return
        for call in calls:
            if not isinstance(call, Primitive) or not call.is_reference:
                continue
            if call.largest(self.wanted) >= _SMALL:
                self.refuse(node, f"oneDNN has only {call.name} in bfloat16")
