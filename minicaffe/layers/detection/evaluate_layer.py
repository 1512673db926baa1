"""What the layers share that say of detections whether they are right."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np

from minicaffe.data.source import State
from minicaffe.layer import Blobs
from minicaffe.layers.detection.image_sizes import read_sizes
from minicaffe.layers.detection.precision import precision_by_class
from minicaffe.layers.detection.scored_layer import ScoredLayer
from minicaffe.layers.gradients import clear_gradients
from minicaffe.proto import caffe_pb2

logger = logging.getLogger("minicaffe")


class EvaluateLayer(ScoredLayer):
    """A layer of ``detection_evaluate_param``; its score is the mean average precision.

    Raises:
        DataError: ``name_size_file`` cannot be read.
    """

    measures = True
    in_place = False
    exact_tops = 1
    reshapes_always = True  # the number of rows depends on the bottoms' values
    backward_reads = ()

    @property
    def settings(self) -> caffe_pb2.DetectionEvaluateParameter:
        """``detection_evaluate_param``; forks have it under another name."""
        return self.param.detection_evaluate_param

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        file = self.settings.name_size_file
        self._sizes = read_sizes(file) if file else []
        self._line = 0

    def next_size(self) -> tuple[int, int] | None:
        """Height and width in the next line of ``name_size_file``, after the last in the first;
        None without one."""
        if not self._sizes:
            return None
        size = self._sizes[self._line]
        self._line = (self._line + 1) % len(self._sizes)
        return size

    def verdicts(self, pairs: np.ndarray, hard: np.ndarray) -> list[tuple[int, int]]:
        """Right and wrong of detections, the best first.

        Args:
            pairs: how much each overlaps the true boxes of its image and class, (n, m).
            hard: which of these are difficult, (m,).
        """
        verdicts: list[tuple[int, int]] = []
        taken: set[int] = set()
        for row in pairs:
            best = int(row.argmax()) if len(row) else -1
            if best < 0 or not row[best] >= self.settings.overlap_threshold:
                verdicts.append((0, 1))
            elif hard[best] and not self.settings.evaluate_difficult_gt:
                verdicts.append((0, 0))
            else:
                verdicts.append((0, 1) if best in taken else (1, 0))
                taken.add(best)
        return verdicts

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        clear_gradients(propagate_down, bottom)

    def state(self) -> State:
        """The next line of ``name_size_file``."""
        return {"line": self._line}

    def restore(self, state: State) -> None:
        """Go on with that line."""
        line = state["line"]
        self._line = line if isinstance(line, int) else 0

    @classmethod
    def score(cls, batches: Sequence[np.ndarray], version: str, *, by_class: bool) -> float:
        """The mean average precision of the classes."""
        precisions = precision_by_class(batches, version)
        for label, precision in precisions.items() if by_class else ():
            logger.info("class%d: %g", label, precision)
        return sum(precisions.values()) / max(1, len(precisions))

    @property
    def repeatable(self) -> bool:
        return not self._sizes
