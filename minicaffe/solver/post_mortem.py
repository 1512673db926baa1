"""What a bad training looks like from outside, said in one line at its end."""

from __future__ import annotations

import logging
import math

from minicaffe.solver import events

logger = logging.getLogger("minicaffe")

_FEWEST = 50  # iterations of which something can be said
_TESTS = 3


class PostMortem(events.Observer):
    """Looks on, and warns at the end of a training that came to nothing.

    It says so where the loss of the last tenth of the iterations is no lower than that of the
    first tenth, and where no value that the tests give has ever changed.
    """

    def __init__(self) -> None:
        self._losses: list[float] = []
        self._tests: dict[tuple[int, str], list[float]] = {}

    def on_iteration(self, event: events.Iteration) -> None:
        self._losses.append(event.loss)

    def on_test_result(self, event: events.TestResult) -> None:
        for output in event.outputs or ():
            self._tests.setdefault((event.net, output.name), []).append(output.value)

    def on_finish(self, event: events.Finish) -> None:
        for line in (self._about_loss(), self._about_tests()):
            if line:
                logger.warning("%s", line)

    def _about_loss(self) -> str | None:
        count = len(self._losses)
        if count < _FEWEST:
            return None
        part = count // 10
        first, last = sum(self._losses[:part]) / part, sum(self._losses[-part:]) / part
        if not math.isfinite(last) or last < first:
            return None
        return (
            f"the loss did not fall: {first:.4g} on average in the first {part} iterations, "
            f"{last:.4g} in the last; try --overfit-batch, which shows whether the net can learn "
            "one batch, another base_lr, and `minicaffe lint` with the solver"
        )

    def _about_tests(self) -> str | None:
        for (net, name), values in self._tests.items():
            if len(values) >= _TESTS and len(set(values)) == 1 and values[0]:
                return (
                    f"'{name}' was {values[0]:g} in all {len(values)} tests of net #{net}: the net "
                    "gives the same answer always; look at the labels (`minicaffe lint --data`), "
                    "at dead ReLUs (--stats-every), and at base_lr"
                )
        return None
