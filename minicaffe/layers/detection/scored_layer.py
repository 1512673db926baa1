"""What a test makes one number of, where the mean over batches would mean nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.layer import Layer


class ScoredLayer(Layer):
    """A layer whose top a test collects; its score is printed in place of a mean."""

    @classmethod
    def score(cls, batches: Sequence[np.ndarray], version: str, *, by_class: bool) -> float:
        """The score of the top's values in all batches.

        Args:
            batches: the values in each.
            version: a solver's ``ap_version``.
            by_class: whether the scores of single classes are to be logged.
        """
        raise NotImplementedError(f"{cls.__name__}.score")
