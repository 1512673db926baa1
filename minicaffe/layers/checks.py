"""What several layers refuse."""

from __future__ import annotations

from collections.abc import Sequence

from minicaffe.errors import GraphError
from minicaffe.layer import Blobs


def refuse_in_place(bottom: Blobs, top: Blobs) -> None:
    """Refuse tops that are bottoms, for layers that cannot run in place.

    Raises:
        GraphError: a top is a bottom.
    """
    if any(one is other for one in top for other in bottom):
        raise GraphError("this layer cannot run in place; give its top another name")


def refuse_gradient(propagate_down: Sequence[bool], index: int, what: str) -> None:
    """Refuse to compute the gradient of a bottom that has none.

    Raises:
        GraphError: names the bottom and the way out.
    """
    if index < len(propagate_down) and propagate_down[index]:
        raise GraphError(
            f"bottom {index} ({what}) has no gradient, but a layer below it needs one; "
            "give this layer one propagate_down a bottom, false for this one"
        )
