"""Which layers store their values in bfloat16, and which cannot."""

from __future__ import annotations

from collections.abc import Sequence

from minicaffe.engines.onednn import dnnl
from minicaffe.engines.onednn.primitive import Primitive
from minicaffe.engines.onednn.tensors import Call
from minicaffe.net.node import Node

#: Bytes of the largest operand in that type below which slow code costs nothing to speak of.
_SMALL = 1 << 16


class Storage:
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
