"""Places in ranks by which long arrows are straight and boxes in the middle of their neighbours.

Brandes and Köpf, *Fast and simple horizontal coordinate assignment*, 2001: boxes are aligned with
a median neighbour, from above and from below, those to the left first and those to the right
first; each of the four alignments is made as narrow as it can be, and a box goes to the middle of
its four places. So no direction is preferred, and a net does not drift to a side.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from minicaffe.draw.layout import EDGE_GAP, NODE_GAP

_Ranks = Sequence[Sequence[int]]
_Neighbours = Sequence[Sequence[int]]
_Crossing = frozenset[tuple[int, int]]


def straight_places(
    ranks: _Ranks,
    before: _Neighbours,
    after: _Neighbours,
    halves: Sequence[float],
    boxes: int,
) -> list[float]:
    """A place in its rank for each number.

    Args:
        ranks: the numbers in each rank, in order.
        before, after: for each number its neighbours in the ranks before and after.
        halves: half of each one's breadth.
        boxes: numbers below are boxes, the others bends of arrows.
    """
    crossing = _crossing_long_arrows(ranks, before, boxes)
    places = []
    for mirrored in (False, True):
        for upwards in (False, True):
            turned = [list(reversed(rank)) if mirrored else list(rank) for rank in ranks]
            near = after if upwards else before
            blocks = _aligned(turned[::-1] if upwards else turned, near, crossing)
            found = _narrow(turned, blocks, halves, boxes)
            places.append([-place for place in found] if mirrored else found)
    return _middle(places, halves)


def _crossing_long_arrows(ranks: _Ranks, before: _Neighbours, boxes: int) -> _Crossing:
    """Pairs of neighbours whose arrow crosses one between two bends, which is to be straight."""
    crossing: set[tuple[int, int]] = set()
    for above, rank in itertools.pairwise(ranks):
        place = {number: index for index, number in enumerate(above)}
        left, begin = -1, 0
        for index, number in enumerate(rank):
            inner = next((n for n in before[number] if n >= boxes), None)
            inner = inner if number >= boxes else None
            if inner is None and index < len(rank) - 1:
                continue
            right = len(above) if inner is None else place[inner]
            for other in rank[begin : index + 1]:
                for near in before[other]:
                    if not left <= place[near] <= right:
                        crossing.add((near, other))
            left, begin = right, index + 1
    return frozenset(crossing | {(b, a) for a, b in crossing})


def _aligned(ranks: _Ranks, near: _Neighbours, crossing: _Crossing) -> list[int]:
    """For each number that whose place it takes: the first of those that are in line with it."""
    root = list(range(len(near)))
    taken: set[int] = set()  # already have a successor in line
    for above, rank in itertools.pairwise(ranks):
        place = {number: index for index, number in enumerate(above)}
        last = -1
        for number in rank:
            found = sorted(near[number], key=place.__getitem__)
            middle = len(found) // 2
            for other in found[max(0, middle - 1 + len(found) % 2) : middle + 1]:
                free = root[number] == number and other not in taken
                if free and place[other] > last and (other, number) not in crossing:
                    root[number] = root[other]
                    taken.add(other)
                    last = place[other]
    return root


def _narrow(ranks: _Ranks, root: Sequence[int], halves: Sequence[float], boxes: int) -> list[float]:
    """Places by which those in line are so, and the whole is as narrow as it can be."""
    apart: dict[int, dict[int, float]] = {number: {} for number in root}
    for rank in ranks:
        for one, other in itertools.pairwise(rank):
            gap = NODE_GAP if one < boxes and other < boxes else EDGE_GAP
            distance = halves[one] + halves[other] + gap
            right = apart[root[one]]
            right[root[other]] = max(right.get(root[other], 0.0), distance)
    waiting = dict.fromkeys(apart, 0)
    for right in apart.values():
        for block in right:
            waiting[block] += 1
    order = [block for block, count in waiting.items() if not count]
    place = dict.fromkeys(apart, 0.0)
    for block in order:  # grows as it goes
        for other, distance in apart[block].items():
            place[other] = max(place[other], place[block] + distance)
            waiting[other] -= 1
            if not waiting[other]:
                order.append(other)
    for block in reversed(order):  # as near to what is right of it
        if apart[block]:
            nearest = min(place[other] - distance for other, distance in apart[block].items())
            place[block] = max(place[block], nearest)
    return [place[block] for block in root]


def _middle(places: Sequence[Sequence[float]], halves: Sequence[float]) -> list[float]:
    """Four assignments, brought to the narrowest one's edges; the mean of the middle two."""
    spans = [
        (
            min((x - half for x, half in zip(found, halves, strict=True)), default=0.0),
            max((x + half for x, half in zip(found, halves, strict=True)), default=0.0),
        )
        for found in places
    ]
    low, high = min(spans, key=lambda span: span[1] - span[0])
    shifts = [
        low - span[0] if index < len(places) // 2 else high - span[1]
        for index, span in enumerate(spans)
    ]
    moved = [[x + shift for x in found] for found, shift in zip(places, shifts, strict=True)]
    middle = []
    for values in zip(*moved, strict=True):
        _, second, third, _ = sorted(values)
        middle.append((second + third) / 2)
    return middle
