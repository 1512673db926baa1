"""What a bad training looks like from outside, said in one line at its end."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator

import numpy as np

from minicaffe.errors import MinicaffeError
from minicaffe.layers.activation.relu import ReLU
from minicaffe.layers.loss.judges_classes import JudgesClasses
from minicaffe.layers.loss.loss_layer import LossLayer
from minicaffe.net.net import Net
from minicaffe.solver import events

logger = logging.getLogger("minicaffe")

_FEWEST = 50  # iterations of which something can be said
_TESTS = 3
_CHANCE = 0.98  # of the loss of chance: what is above it has learned next to nothing
_LABELS = 8  # as many equal labels in a batch are no accident


class PostMortem(events.Observer):
    """Looks on, and warns at the end of a training that came to nothing.

    It says so where the loss of the last tenth of the iterations is no lower than that of the
    first tenth or than that of chance, and where no value that the tests give has ever changed.
    Then it looks at the last batch: whether its labels are all the same, and which ReLUs are dead.
    """

    def __init__(self) -> None:
        self._net: Net | None = None
        self._losses: list[float] = []
        self._tests: dict[tuple[int, str], list[float]] = {}

    def attach(self, net: Net) -> None:
        """Take the net that is trained, to look into it at the end of a bad training."""
        self._net = net

    def on_iteration(self, event: events.Iteration) -> None:
        self._losses.append(event.loss)

    def on_test_result(self, event: events.TestResult) -> None:
        for output in event.outputs or ():
            self._tests.setdefault((event.net, output.name), []).append(output.value)

    def on_finish(self, event: events.Finish) -> None:
        lines = [line for line in (self._about_loss(), self._about_tests()) if line]
        if lines and self._net is not None:
            try:
                self._net.keep_all()
                lines += _about_last_batch(self._net)
            except MinicaffeError as reason:  # the training itself has ended well
                lines.append(f"the last batch cannot be looked at: {reason}")
        for line in lines:
            logger.warning("%s", line)

    def _about_loss(self) -> str | None:
        count = len(self._losses)
        if count < _FEWEST:
            return None
        part = count // 10
        first, last = sum(self._losses[:part]) / part, sum(self._losses[-part:]) / part
        if not math.isfinite(last):
            return None
        chance = None if self._net is None else _loss_of_chance(self._net)
        if last >= first:
            told = (
                f"the loss did not fall: {first:.4g} on average in the first {part} iterations, "
                f"{last:.4g} in the last"
            )
        elif chance is not None and last >= _CHANCE * chance:
            told = (
                f"the loss is no lower than by chance: {last:.4g} on average in the last {part} "
                f"iterations, {chance:.4g} if all classes are equally likely"
            )
        else:
            return None
        return (
            f"{told}; try --overfit-batch, which shows whether the net can learn "
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


def _loss_of_chance(net: Net) -> float | None:
    """The loss of a net that knows nothing; None where a loss is of another kind."""
    total = 0.0
    for node in net.nodes:
        for index in range(len(node.tops)):
            if weight := node.layer.loss_weight(index):
                if index or not isinstance(node.layer, LossLayer):
                    return None
                chance = node.layer.loss_of_chance(node.bottoms)
                if chance is None:
                    return None
                total += weight * chance
    return total or None


def _about_last_batch(net: Net) -> Iterator[str]:
    """What the last forward shows of a training that came to nothing."""
    dead = []
    for node in net.nodes:
        if isinstance(node.layer, ReLU) and not np.any(node.tops[0].data):
            dead.append(f"'{node.name}'")
        if node.layer.is_loss and isinstance(node.layer, JudgesClasses):
            values = node.layer.judged(node.bottoms)[1].values
            if values.size >= _LABELS and (values == values.flat[0]).all():
                yield (
                    f"all {values.size} labels that '{node.name}' read last are {values.flat[0]}: "
                    "look at the labels (`minicaffe lint --data`)"
                )
    if dead:
        yield (
            f"dead in the last batch, all values being 0: {', '.join(dead)}; lower base_lr, or "
            "begin with other weight_fillers (--stats-every shows when they died)"
        )
