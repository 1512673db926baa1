"""Places boxes in ranks, so that every arrow leads to a later rank and few of them cross.

The steps are those of Sugiyama, Tagawa and Toda, *Methods for visual understanding of
hierarchical system structures*, 1981: ranks by the longest path, bends where an arrow passes a
rank, order by the neighbours' mean place; and then places by Brandes and Köpf
(:mod:`minicaffe.draw.straight`). Between two ranks of boxes there is one for what is written at
the arrows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from minicaffe.draw.layout import MARGIN, RANK_GAP, Edge, Layout, Point, Route, Size
from minicaffe.draw.straight import straight_places

_SWEEPS = 12
_PORTS = 0.4  # of a box's breadth to both sides of its middle, where arrows begin and end


def lay_out(sizes: Mapping[str, Size], edges: Sequence[Edge], rankdir: str) -> Layout:
    """Place boxes and arrows, see :func:`minicaffe.draw.layout.lay_out`."""
    grid = _Grid(sizes, edges, sideways=rankdir in ("LR", "RL"))
    grid.order()
    grid.place()
    return grid.layout(rankdir)


class _Grid:
    """Boxes and the bends of arrows, by number, in ranks; "across" is along a rank.

    Attributes:
        ranks: the numbers in each rank, in order. Even ranks hold boxes.
        before, after: for each number its neighbours in the ranks before and after.
    """

    def __init__(self, sizes: Mapping[str, Size], edges: Sequence[Edge], *, sideways: bool) -> None:
        self._keys = {key: number for number, key in enumerate(sizes)}
        self._sideways = sideways
        self._sizes = [self._turned(size) for size in sizes.values()]
        self._boxes = len(self._sizes)
        ranks, self._backwards = _ranks(sizes, edges)
        self._rank = [2 * ranks[key] for key in sizes]
        self.ranks: list[list[int]] = [[] for _ in range(max(self._rank, default=0) + 1)]
        for number, rank in enumerate(self._rank):
            self.ranks[rank].append(number)
        self.before: list[list[int]] = [[] for _ in sizes]
        self.after: list[list[int]] = [[] for _ in sizes]
        self._chains = [self._chain(i, edge) for i, edge in enumerate(edges)]
        self._labels = [bool(edge.label) for edge in edges]
        self._across: list[float] = []
        self._along: list[float] = []

    def _turned(self, size: Size) -> Size:
        """Across a rank, and along the arrows."""
        return (size[1], size[0]) if self._sideways else size

    def _chain(self, index: int, edge: Edge) -> list[int]:
        """An arrow's box, bends and box, from the earlier rank to the later; links them."""
        first, last = self._keys[edge.source], self._keys[edge.target]
        if index in self._backwards:
            first, last = last, first
        chain = [first]
        if first == last:
            return chain
        for rank in range(self._rank[first] + 1, self._rank[last]):
            written = rank == self._rank[first] + 1
            self._sizes.append(self._turned(edge.label_size) if written else (0.0, 0.0))
            self.before.append([])
            self.after.append([])
            chain.append(len(self._sizes) - 1)
            self.ranks[rank].append(chain[-1])
        chain.append(last)
        for one, other in pairwise(chain):
            self.after[one].append(other)
            self.before[other].append(one)
        return chain

    def order(self) -> None:
        """Sort each rank by where the neighbours in the rank before, or after, are."""
        place = [0.0] * len(self._sizes)

        def note(rank: Iterable[int]) -> None:
            for index, number in enumerate(rank):
                place[number] = index

        for rank in self.ranks:
            note(rank)
        best, fewest = [list(rank) for rank in self.ranks], self._crossings(place)
        for sweep in range(_SWEEPS):
            if not fewest:
                break
            near = self.before if sweep % 2 == 0 else self.after
            for rank in self.ranks if sweep % 2 == 0 else reversed(self.ranks):
                wanted = {
                    number: sum(place[n] for n in near[number]) / len(near[number])
                    if near[number]
                    else place[number]
                    for number in rank
                }
                rank.sort(key=wanted.__getitem__)
                note(rank)
            if (crossings := self._crossings(place)) < fewest:
                best, fewest = [list(rank) for rank in self.ranks], crossings
        self.ranks = best

    def _crossings(self, place: Sequence[float]) -> int:
        """How many arrows cross between ranks: inversions, counted by inserting in order."""
        count = 0
        for rank in self.ranks:
            ends = [
                place[end]
                for number in rank
                for end in sorted(self.after[number], key=place.__getitem__)
            ]
            tree = [0] * (int(max(ends, default=0)) + 2)  # Fenwick's
            for seen, end in enumerate(ends):
                index, smaller = int(end) + 1, 0
                while index:
                    smaller += tree[index]
                    index &= index - 1
                count += seen - smaller
                index = int(end) + 1
                while index < len(tree):
                    tree[index] += 1
                    index += index & -index
        return count

    def place(self) -> None:
        """Give everything its place in its rank, and each rank its own."""
        self._across = straight_places(
            self.ranks, self.before, self.after, [size[0] / 2 for size in self._sizes], self._boxes
        )
        self._along = [0.0] * len(self._sizes)
        along = MARGIN
        for rank in self.ranks:
            depth = max((self._sizes[number][1] for number in rank), default=0.0)
            for number in rank:
                self._along[number] = along + depth / 2
            along += depth + RANK_GAP
        start = min(
            (a - s[0] / 2 for a, s in zip(self._across, self._sizes, strict=True)), default=0.0
        )
        self._across = [across + MARGIN - start for across in self._across]

    def layout(self, rankdir: str) -> Layout:
        """Points in the picture, which runs to where ``rankdir`` says."""
        sizes = list(zip(self._across, self._along, self._sizes, strict=True))
        width = max((across + size[0] / 2 for across, _, size in sizes), default=0.0) + MARGIN
        height = max((along + size[1] / 2 for _, along, size in sizes), default=0.0) + MARGIN

        def point(across: float, along: float) -> Point:
            along = height - along if rankdir in ("BT", "RL") else along
            return (along, across) if self._sideways else (across, along)

        centres = {
            key: point(self._across[number], self._along[number])
            for key, number in self._keys.items()
        }
        routes = []
        for index, chain in enumerate(self._chains):
            if len(chain) == 1:  # from a box to itself
                routes.append(Route(()))
                continue
            curve = [point(*place) for place in self._curve(chain)]
            label = point(self._across[chain[1]], self._along[chain[1]])
            routes.append(
                Route(
                    tuple(reversed(curve) if index in self._backwards else curve),
                    label if self._labels[index] else None,
                )
            )
        return Layout((height, width) if self._sideways else (width, height), centres, routes)

    def _curve(self, chain: Sequence[int]) -> list[Point]:
        """Across and along of an arrow's points, between its boxes' edges."""
        first, *bends, last = chain
        points = [(self._across[bend], self._along[bend]) for bend in bends]
        begin = self._port(first, points[0][0], self._sizes[first][1] / 2)
        end = self._port(last, points[-1][0], -self._sizes[last][1] / 2)
        curve = [begin]
        for one, other in pairwise([begin, *points, end]):
            middle = (one[1] + other[1]) / 2
            curve += [(one[0], middle), (other[0], middle), other]
        return curve

    def _port(self, box: int, towards: float, depth: float) -> Point:
        reach = self._sizes[box][0] * _PORTS
        across = self._across[box]
        return min(max(towards, across - reach), across + reach), self._along[box] + depth


def _ranks(boxes: Iterable[str], edges: Sequence[Edge]) -> tuple[dict[str, int], set[int]]:
    """The rank of each box, and the arrows that lead back (those of in-place layers)."""
    leaving: dict[str, list[int]] = {key: [] for key in boxes}
    for index, edge in enumerate(edges):
        leaving[edge.source].append(index)
    backwards = _closing(leaving, edges)
    after: dict[str, list[str]] = {key: [] for key in leaving}
    before: dict[str, list[str]] = {key: [] for key in leaving}
    for index, edge in enumerate(edges):
        ends = (edge.source, edge.target)
        one, other = reversed(ends) if index in backwards else ends
        after[one].append(other)
        before[other].append(one)
    waiting = {key: len(found) for key, found in before.items()}
    order = [key for key, count in waiting.items() if not count]
    ranks = dict.fromkeys(leaving, 0)
    for key in order:  # grows as it goes
        for target in after[key]:
            ranks[target] = max(ranks[target], ranks[key] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                order.append(target)
    for key in reversed(order):  # nearer to what reads it, where that makes arrows shorter
        if len(after[key]) > len(before[key]):
            ranks[key] = min(ranks[target] for target in after[key]) - 1
    return ranks, backwards


def _closing(leaving: Mapping[str, list[int]], edges: Sequence[Edge]) -> set[int]:
    """The arrows that close a loop, found depth first."""
    closing: set[int] = set()
    done: set[str] = set()
    for start in leaving:
        path, open_boxes = [(start, iter(leaving[start]))], {start}
        while path and start not in done:
            key, rest = path[-1]
            index = next(rest, None)
            if index is None:
                path.pop()
                open_boxes.discard(key)
                done.add(key)
                continue
            target = edges[index].target
            if target in open_boxes:
                closing.add(index)
            elif target not in done:
                path.append((target, iter(leaving[target])))
                open_boxes.add(target)
    return closing
