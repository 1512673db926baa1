"""A step of a plan, ready to run."""

from __future__ import annotations

from collections.abc import Sequence

from minicaffe.engines.onednn.builder import Calls
from minicaffe.engines.onednn.fusion import LazyBlob
from minicaffe.engines.onednn.steps import Step


class Prepared:
    """A step with its calls, the range of nodes that it covers, and the blobs that it skips."""

    def __init__(
        self, step: Step, first: int, forward: Calls, skipped: Sequence[LazyBlob] = ()
    ) -> None:
        self.step, self.skipped = step, skipped
        self.first, self.last = first, first + len(step.nodes) - 1
        self.forward = forward
        self.backward = Calls()
