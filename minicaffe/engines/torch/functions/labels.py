"""Whole-numbered labels as tensors, and what sums of losses are divided by."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from minicaffe.engines.torch.functions.formulas import refuse
from minicaffe.layers.loss.labels import ClassAxis, normalization_mode
from minicaffe.layers.loss.labels import normalizer as fixed_normalizer
from minicaffe.proto import caffe_pb2


@dataclass(frozen=True)
class Labels:
    """Labels of scores (outer, classes, inner).

    Attributes:
        values: (outer, inner), whole numbers.
        valid: which of them count; None for all.
    """

    values: Tensor
    valid: Tensor | None

    def count(self, dtype: torch.dtype) -> Tensor:
        """The number of values that are no ignored label."""
        if self.valid is None:
            return self.values.new_tensor(self.values.numel(), dtype=dtype)
        return self.valid.sum().to(dtype)

    def pick(self, scores: Tensor) -> Tensor:
        """Each label's own score, (outer, inner)."""
        if not scores.shape[1]:  # no classes: all labels are ignored
            return scores.new_zeros(self.values.shape)
        return scores.gather(1, self.values[:, None])[:, 0]

    def minus_one(self, scores: Tensor) -> Tensor:
        """The scores, less 1 for each label's own."""
        if not scores.shape[1]:
            return scores
        places = self.values[:, None]
        return scores.scatter_add(1, places, scores.new_full(places.shape, -1.0))

    def masked(self, values: Tensor) -> Tensor:
        """Values (outer, inner), 0 where the label is ignored."""
        return values if self.valid is None else torch.where(self.valid, values, 0)

    def masked_classes(self, values: Tensor) -> Tensor:
        """Values (outer, classes, inner), 0 where the label is ignored."""
        return values if self.valid is None else torch.where(self.valid[:, None], values, 0)


def labels_of(bottom: Tensor, split: ClassAxis, ignored: int | None = None) -> Labels:
    """The labels of a bottom, truncated.

    Raises:
        DataError: a label outside the classes that is not ignored.
    """
    values = bottom.detach().reshape(split.outer, split.inner).long()
    valid = None if ignored is None else values != ignored
    outside = (values < 0) | (values >= split.classes)
    if valid is not None:
        outside = outside & valid
    refuse(outside, lambda: split.read(bottom.detach().cpu().numpy(), ignored))
    return Labels(values if valid is None else torch.where(valid, values, 0), valid)


def divisor(
    param: caffe_pb2.LossParameter, default: int, labels: Labels, *, batch: int
) -> Tensor | float:
    """What a sum of losses is divided by, as :func:`minicaffe.layers.loss.labels.normalizer` has
    it; a tensor where it depends on which labels count.

    Args:
        param: says how.
        default: the mode where it does not.
        labels: of the predictions.
        batch: the number of items.
    """
    full = labels.values.numel()
    mode = normalization_mode(param, default)
    if labels.valid is not None and mode == caffe_pb2.LossParameter.VALID:
        return labels.valid.sum().clamp(min=1)
    return fixed_normalizer(param, default, batch=batch, full=full, valid=full)


def mean(total: Tensor, num: int) -> Tensor:
    """``total / num``; not a number for an empty batch, as in Caffe."""
    return total / num if num else total * torch.nan
