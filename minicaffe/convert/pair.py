"""A prototxt and its ``.caffemodel``, written together."""

from __future__ import annotations

from minicaffe.errors import SnapshotError
from minicaffe.files import refusals, write_together
from minicaffe.net.net import Net
from minicaffe.weights.caffemodel import write_caffemodel


def write_pair(text: str, net: Net, prototxt: str, weights: str) -> None:
    """Write a net's text and its weights, both or none.

    Args:
        text: of the prototxt.
        net: has the weights.
        prototxt, weights: the files.

    Raises:
        SnapshotError: one cannot be written, or both are one file; both are as they were then.
    """
    with write_together(weights, prototxt) as (blobs, beside):
        with refusals(weights, SnapshotError):
            write_caffemodel(net, blobs)
        with refusals(prototxt, SnapshotError):
            beside.write_bytes(text.encode("utf-8"))


def pair_names(name: str) -> tuple[str, str]:
    """``NAME.prototxt`` and ``NAME.caffemodel``, of a name with or without one of these endings."""
    for ending in (".caffemodel", ".prototxt"):
        name = name.removesuffix(ending)
    return f"{name}.prototxt", f"{name}.caffemodel"
