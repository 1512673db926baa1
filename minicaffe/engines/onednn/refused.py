"""What the library has failed to do, which nobody could know before it was asked."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from minicaffe.engines.onednn.builder import Calls
from minicaffe.engines.onednn.dnnl import Failed, Unimplemented
from minicaffe.engines.onednn.tensors import Call
from minicaffe.errors import MinicaffeError
from minicaffe.net.node import Node

logger = logging.getLogger("minicaffe")


class Refused:
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
