"""Class labels and the normalisation of losses: the rules that several layers share."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from minicaffe.blob import Blob, shape_text
from minicaffe.errors import DataError, ShapeError
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import meant

_MODES = caffe_pb2.LossParameter

#: What :func:`normalizer` understands of forks: ``normalization: PRE_FIXED``.
DIVISOR_FIELDS = meant("loss_param.normalization", "loss_param.pre_fixed_normalizer")


@dataclass(frozen=True)
class ClassAxis:
    """Scores (…, classes, …) seen as ``outer × classes × inner``, with a label for each pair.

    Attributes:
        outer: the product of the axes before the class axis.
        classes: the length of the class axis.
        inner: the product of the axes after it.
    """

    outer: int
    classes: int
    inner: int

    @classmethod
    def of(cls, scores: Blob, axis: int, labels: Blob | None = None) -> ClassAxis:
        """Split a blob's shape at an axis (which may be negative).

        Args:
            scores: the blob.
            axis: of the classes.
            labels: of these scores, for the message where the two are given in the other order.

        Raises:
            ShapeError: it has no such axis.
        """
        if labels is not None and axis > 0 and len(scores.shape) <= axis < len(labels.shape):
            raise ShapeError(
                f"the predictions (bottom 0) have shape {shape_text(scores.shape)}, the labels "
                f"(bottom 1) {shape_text(labels.shape)}; predictions come first: swap the bottoms"
            )
        return cls.of_shape(scores.shape, scores.axis(axis))

    @classmethod
    def of_shape(cls, shape: tuple[int, ...], axis: int) -> ClassAxis:
        """Split a shape at an axis that it has."""
        axis %= len(shape)
        return cls(math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :]))

    def check_labels(self, scores: Blob, labels: Blob) -> None:
        """Refuse another number of labels than there are predictions.

        Raises:
            ShapeError: says how many there are of each.
        """
        if labels.count != self.outer * self.inner:
            raise ShapeError(
                f"{labels.count} labels (shape {shape_text(labels.shape)}) for "
                f"{self.outer * self.inner} predictions (shape {shape_text(scores.shape)}, "
                f"{self.classes} classes); one label for each prediction is expected"
            )

    def view(self, array: np.ndarray) -> np.ndarray:
        """A view of shape (outer, classes, inner)."""
        return array.reshape(self.outer, self.classes, self.inner)

    def read(self, labels: np.ndarray, ignore: int | None = None) -> Labels:
        """The labels as whole numbers of shape (outer, inner).

        Raises:
            DataError: a label that is neither a class nor ``ignore``.
        """
        values = truncated(labels)
        valid = None if ignore is None else values != ignore
        outside = (values < 0) | (values >= self.classes)
        if valid is not None:
            outside &= valid
        if outside.any():
            raise _outside(labels, outside, self.classes)
        if valid is not None:
            values[~valid] = 0  # never read, but it must be a possible index
            valid = valid.reshape(self.outer, self.inner)
        return Labels(values.reshape(self.outer, self.inner), valid)


@dataclass(frozen=True)
class Labels:
    """Whole-numbered labels; ``valid`` tells which count (None: all of them)."""

    values: np.ndarray
    valid: np.ndarray | None

    @property
    def count(self) -> int:
        """How many are not ignored."""
        return self.values.size if self.valid is None else int(np.count_nonzero(self.valid))

    def pick(self, scores: np.ndarray) -> np.ndarray:
        """From scores (outer, classes, inner) each label's own; shape (outer, inner)."""
        if not scores.shape[1]:  # no classes: all labels are ignored, and what they get is not read
            return np.zeros(self.values.shape, scores.dtype)
        return np.take_along_axis(scores, self.values[:, None], axis=1)[:, 0]

    def add(self, array: np.ndarray, amount: float | np.ndarray) -> None:
        """Add to each label's own element of an array (outer, classes, inner)."""
        if array.shape[1]:
            array[self._own()] += amount

    def negate(self, array: np.ndarray) -> None:
        """Change the sign of each label's own element of an array (outer, classes, inner)."""
        if array.shape[1]:
            array[self._own()] *= -1

    def _own(self) -> tuple[np.ndarray, ...]:
        """The places of the labels' own elements in an array (outer, classes, inner)."""
        outer, inner = self.values.shape
        return np.arange(outer)[:, None], self.values, np.arange(inner)

    def clear_ignored(self, array: np.ndarray) -> None:
        """Set all classes of ignored labels to 0 in an array (outer, classes, inner)."""
        if self.valid is not None:
            np.copyto(array, 0, where=~self.valid[:, None])


def truncated(labels: np.ndarray) -> np.ndarray:
    """Labels cast to int as C does it: 1.9 is 1 (NaN becomes a huge negative number)."""
    with np.errstate(invalid="ignore"):
        return labels.astype(np.int64)


def _outside(labels: np.ndarray, outside: np.ndarray, classes: int) -> DataError:
    flat = int(np.flatnonzero(outside)[0])
    index = tuple(int(i) for i in np.unravel_index(flat, labels.shape))
    place = index[0] if len(index) == 1 else index
    value = labels.flat[flat]
    hint = "labels count from 0; is num_output below it too small?"
    if value in (-1, 255):
        hint += f" To skip such labels set ignore_label: {value:g}"
    return DataError(
        f"label {value:g} at index {place} is outside the {classes} classes "
        f"(0 to {classes - 1}); {hint}"
    )


def ignore_label(param: caffe_pb2.LossParameter | caffe_pb2.AccuracyParameter) -> int | None:
    """The ``ignore_label`` of a LossParameter or AccuracyParameter, or None."""
    return param.ignore_label if param.HasField("ignore_label") else None


def normalization_mode(loss_param: caffe_pb2.LossParameter, default: int) -> int:
    """Which normalisation counts: ``normalization``, else the old ``normalize``, else a default."""
    if loss_param.HasField("normalization"):
        return loss_param.normalization
    if loss_param.HasField("normalize"):
        return _MODES.VALID if loss_param.normalize else _MODES.BATCH_SIZE
    return default


def normalizer(
    loss_param: caffe_pb2.LossParameter, default: int, *, batch: int, full: int, valid: int
) -> float:
    """What a summed loss is divided by; at least 1, so that ignoring everything gives 0.

    Args:
        loss_param: says how, and with PRE_FIXED (R-FCN) the divisor itself.
        default: the ``LossParameter.NormalizationMode`` where it says nothing.
        batch: the number of items.
        full: the number of predictions.
        valid: the number of predictions whose label is not ignored.
    """
    divisors: dict[int, float] = {
        _MODES.FULL: full, _MODES.VALID: valid, _MODES.BATCH_SIZE: batch, _MODES.NONE: 1,
        _MODES.PRE_FIXED: loss_param.pre_fixed_normalizer,
    }  # fmt: skip
    return max(1, divisors[normalization_mode(loss_param, default)])
