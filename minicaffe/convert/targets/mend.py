"""The search for layers that a target takes in place of one that it does not."""

from __future__ import annotations

from dataclasses import dataclass, field

from minicaffe.convert.targets.pieces import Piece, Replacement
from minicaffe.convert.targets.quantities import Site
from minicaffe.convert.targets.rewrites import rewrites_of
from minicaffe.convert.targets.target import Target
from minicaffe.errors import MinicaffeError

#: How many rewrites may follow each other: of a layer, of what it becomes, and so on.
_DEPTH = 4


@dataclass
class Mended:
    """Layers that a target takes, and that compute what another one does.

    Attributes:
        pieces: the layers, in order; their blobs have names of their own, but those of the layer's
            bottoms and tops, which are ``bottom0`` and ``top0`` with the other numbers.
        used: what the rewrites that made them do, a sentence each.
    """

    pieces: list[Piece]
    used: list[str] = field(default_factory=list)


def mend(site: Site, target: Target, depth: int = _DEPTH) -> Mended | None:
    """Layers that the target takes in place of this one; None where no rewrite leads there.

    Args:
        site: the layer, with the shapes of its blobs.
        target: whose demands it is to meet.
        depth: how many rewrites may follow each other.
    """
    if depth == 0 or not site.bottoms or not site.tops:
        return None
    for rewrite in rewrites_of(site.param.type):
        for replacement in rewrite.way(site):
            mended = _accepted(replacement, target, 1 if rewrite.direct else depth)
            if mended is not None:
                mended.used.insert(0, rewrite.summary)
                return mended
    return None


def _accepted(replacement: Replacement, target: Target, depth: int) -> Mended | None:
    """A replacement's layers if the target takes them, as they are or mended themselves."""
    try:
        sites = replacement.sites()
    except MinicaffeError:
        return None  # a rewrite that does not fit these shapes
    result = Mended([])
    for number, (site, piece) in enumerate(zip(sites, replacement.pieces, strict=True)):
        if target.takes(site):
            result.pieces.append(piece)
            continue
        inner = mend(site, target, depth - 1)
        if inner is None:
            return None
        result.pieces += [_renamed(part, site, number) for part in inner.pieces]
        result.used += inner.used
    ends = {name: f"end{index}" for index, name in enumerate(replacement.tops)}
    result.pieces = [_with_names(piece, ends) for piece in result.pieces]
    return result


def _renamed(piece: Piece, site: Site, number: int) -> Piece:
    """A layer of an inner replacement, whose blobs get names that the outer one does not have."""
    names = {f"bottom{index}": name for index, name in enumerate(site.param.bottom)}
    names |= {f"end{index}": name for index, name in enumerate(site.param.top)}
    own = {name: f"{number}.{name}" for name in (*piece.param.bottom, *piece.param.top)}
    return _with_names(piece, own | names)


def _with_names(piece: Piece, names: dict[str, str]) -> Piece:
    param = type(piece.param)()
    param.CopyFrom(piece.param)
    param.bottom[:] = [names.get(name, name) for name in piece.param.bottom]
    param.top[:] = [names.get(name, name) for name in piece.param.top]
    return Piece(param, piece.blobs)
