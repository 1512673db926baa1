"""A net as a reader sees it: layers that work in place are in one block with what they change."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from minicaffe.proto import caffe_pb2

_FAR = 5  # steps over which data is told by its name, not by an arrow


@dataclass
class Block:
    """Layers that run one after another on one blob, each but the first in place.

    Attributes:
        layers: their numbers in the net, in order; none for a mere name of a blob.
        name: of such a blob.
        made_by: the layer that makes it, far above; None where no layer does.
    """

    layers: list[int] = field(default_factory=list)
    name: str = ""
    made_by: int | None = None


@dataclass(frozen=True)
class Wire:
    """A value on its way from block to block.

    Attributes:
        source, target: the numbers of the blocks.
        blob: the name.
        layer, top: which layer of the net makes it, as its which top; None where no layer does.
    """

    source: int
    target: int
    blob: str
    layer: int | None = None
    top: int = 0


@dataclass
class _Value:
    """What a blob's name means at a place of the net."""

    block: int
    layer: int | None
    top: int
    read: bool = False


def blocks_of(net: caffe_pb2.NetParameter) -> tuple[list[Block], list[Wire]]:
    """The blocks of a net, and what flows between them.

    A layer joins the block before it if it overwrites its only bottom, and no other layer reads
    what was there.

    Args:
        net: filtered for a phase, without Split layers. It may be wrong: a bottom that no layer
            makes gets a block without layers.
    """
    blocks: list[Block] = []
    wires: list[Wire] = []
    values: dict[str, _Value] = {}
    for number, layer in enumerate(net.layer):
        alone = list(layer.bottom) == list(layer.top) and len(layer.top) == 1
        value = values.get(layer.bottom[0]) if alone else None
        if value is not None and value.layer is not None and not value.read:
            blocks[value.block].layers.append(number)
            values[layer.top[0]] = _Value(value.block, number, 0)
            continue
        found = []
        for name in layer.bottom:
            if name not in values:
                blocks.append(Block(name=name))
                values[name] = _Value(len(blocks) - 1, None, 0)
            found.append((name, values[name]))
        blocks.append(Block([number]))
        for name, value in found:
            value.read = True
            wires.append(Wire(value.block, len(blocks) - 1, name, value.layer, value.top))
        for top, name in enumerate(layer.top):
            values[name] = _Value(len(blocks) - 1, number, top)
    return _named_from_afar(blocks, wires)


def _named_from_afar(blocks: list[Block], wires: list[Wire]) -> tuple[list[Block], list[Wire]]:
    """Labels, and images that many layers look at, as names beside what reads them.

    Arrows along the whole net would push its branches apart.
    """
    depth = [0] * len(blocks)
    first = {wire.target for wire in wires}
    for wire in wires:  # in the order of their targets
        depth[wire.target] = max(depth[wire.target], depth[wire.source] + 1)
    for number, wire in enumerate(wires):
        made = wire.layer is not None and wire.source not in first
        if made and depth[wire.target] - depth[wire.source] > _FAR:
            blocks.append(Block(name=wire.blob, made_by=wire.layer))
            wires[number] = replace(wire, source=len(blocks) - 1)
    return blocks, wires
