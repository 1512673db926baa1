"""What a plan keeps besides the blobs' plain arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from minicaffe.engines.onednn.builder import Calls
from minicaffe.engines.onednn.parameters import Freshened
from minicaffe.engines.onednn.primitive import Memory, Primitive
from minicaffe.errors import MemoryLimitError
from minicaffe.net.node import Node
from minicaffe.options import MemoryBudget, limit_text, size_text


def check_copies(steps: Iterable[tuple[Node, Sequence[Calls]]], budget: MemoryBudget) -> None:
    """Refuse a plan whose copies in oneDNN's layouts take more than the net may.

    It is called before a primitive has run, and untouched memory is none. A copy mostly stands
    in the place of a plain array, which is then not touched; so the copies are compared with
    the limit by themselves. They may be larger than what the blobs declare, as some layouts
    round channels up to 8 or 16.

    Args:
        steps: for each step its node and its calls.
        budget: the net's.

    Raises:
        MemoryLimitError: names the layer that takes most.
    """
    seen: dict[int, int] = {}
    shares: list[tuple[int, Node]] = []
    for node, lists in steps:
        before = sum(seen.values())
        for memory in _memories(call for calls in lists for call in calls.run):
            if not memory.is_array:
                place = memory.buffer.__array_interface__["data"][0]
                seen[place] = max(seen.get(place, 0), memory.buffer.nbytes)
        shares.append((sum(seen.values()) - before, node))
    total = sum(seen.values())
    if total > budget.limit:
        most, node = max(shares, key=lambda one: one[0])
        with node.located():
            raise MemoryLimitError(
                f"what oneDNN keeps in its own layouts takes {size_text(total)}, "
                f"{size_text(most)} of it for this layer; {limit_text(budget.limit)}; make the "
                "batch or the layer smaller, or use the numpy engine"
            )


def _memories(calls: Iterable[Callable[[], object]]) -> Iterator[Memory]:
    for call in calls:
        if isinstance(call, Freshened):
            yield from _memories(call.calls)
        elif isinstance(call, Primitive):
            yield from call.operands.values()
