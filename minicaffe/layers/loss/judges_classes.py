"""What layers answer that compare the scores of classes with labels."""

from __future__ import annotations

import numpy as np

from minicaffe.layer import Blobs
from minicaffe.layers.loss.labels import Labels


class JudgesClasses:
    """A layer whose bottom 0 is scores of classes, and bottom 1 the labels that are right.

    The metrics of :mod:`minicaffe.metrics` are computed of these two.
    """

    def judged(self, bottom: Blobs) -> tuple[np.ndarray, Labels]:
        """The scores (outer, classes, inner) and the labels (outer, inner) of the last forward.

        Raises:
            DataError: a label outside the classes.
        """
        raise NotImplementedError(f"{type(self).__name__}.judged")
