"""Which lengths of a net's blobs change with the batch: tried, not guessed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from minicaffe.convert.onnx.site import Shape
from minicaffe.errors import GraphError, MinicaffeError
from minicaffe.net.net import Net

#: For each node the shapes of its bottoms and of its tops.
NodeShapes = list[tuple[list[Shape], list[Shape]]]


def shapes_now(net: Net) -> NodeShapes:
    """The shapes that the blobs have."""
    return [
        ([blob.shape for blob in node.bottoms], [blob.shape for blob in node.tops])
        for node in net.nodes
    ]


def open_shapes(net: Net) -> NodeShapes:
    """The shapes of the blobs, None being what changes with the batch.

    The net is reshaped to twice its batch and back.

    Raises:
        GraphError: it cannot have another batch; says why.
    """
    single = shapes_now(net)
    firsts = [net.blobs[name].shape[:1] for name in net.inputs]
    try:
        with batch_of(net, [2 * length for first in firsts for length in first]):
            double = shapes_now(net)
    except MinicaffeError as error:
        raise GraphError(
            f"the batch cannot stay open, as the net does not take another one: {error}; leave "
            "out --batch dynamic"
        ) from None
    return [
        (_opened(one[0], two[0]), _opened(one[1], two[1]))
        for one, two in zip(single, double, strict=True)
    ]


def _opened(single: Sequence[Shape], double: Sequence[Shape]) -> list[Shape]:
    return [
        tuple(a if a == b else None for a, b in zip(one, two, strict=True))
        for one, two in zip(single, double, strict=True)
    ]


@contextmanager
def batch_of(net: Net, lengths: Sequence[int]) -> Iterator[None]:
    """Within, the first axes of the net's inputs (those that have any) have these lengths."""
    before = {name: net.blobs[name].shape for name in net.inputs}
    wanted = iter(lengths)
    try:
        for name, shape in before.items():
            if shape:
                net.blobs[name].reshape(next(wanted), *shape[1:])
        net.reshape()
        yield
    finally:
        for name, shape in before.items():
            net.blobs[name].reshape(*shape)
        net.reshape()


def set_batch(net: Net, items: int) -> None:
    """Give every input a batch of so many items.

    Raises:
        GraphError: the inputs do not have batches of one size now.
    """
    firsts = {net.blobs[name].shape[:1] for name in net.inputs}
    if len(firsts) != 1 or () in firsts:
        found = ", ".join(f"{name} {net.blobs[name].shape_string}" for name in net.inputs)
        raise GraphError(
            f"--batch {items}: the inputs' first axes differ ({found}); give their shapes in the "
            "prototxt",
            path=net.path,
        )
    for name in net.inputs:
        net.blobs[name].reshape(items, *net.blobs[name].shape[1:])
    net.reshape()
