"""Loss layers, and what scores beside them."""

from __future__ import annotations

import torch
from torch import Tensor

from minicaffe.engines.torch.functions import function_for
from minicaffe.engines.torch.functions.formulas import like, sloped, with_gradient
from minicaffe.engines.torch.functions.labels import Labels, divisor, labels_of, mean
from minicaffe.layers.loss.accuracy import Accuracy
from minicaffe.layers.loss.contrastive_loss import ContrastiveLoss
from minicaffe.layers.loss.euclidean_loss import EuclideanLoss
from minicaffe.layers.loss.hinge_loss import HingeLoss
from minicaffe.layers.loss.infogain_loss import InfogainLoss
from minicaffe.layers.loss.labels import ClassAxis, ignore_label
from minicaffe.layers.loss.multinomial_logistic_loss import LOG_THRESHOLD, MultinomialLogisticLoss
from minicaffe.layers.loss.sigmoid_cross_entropy_loss import SigmoidCrossEntropyLoss
from minicaffe.layers.loss.smooth_l1_loss import SmoothL1Loss
from minicaffe.layers.loss.softmax_with_loss import (
    SMALLEST_FLOAT,
    SoftmaxLossLayer,
    SoftmaxWithLoss,
)
from minicaffe.proto import caffe_pb2

_MODES = caffe_pb2.LossParameter


# ------------------------------------------------------------------ of softmax


def _probabilities(layer: SoftmaxLossLayer, scores: Tensor) -> tuple[Tensor, ClassAxis]:
    """(outer, classes, inner), and these lengths."""
    split = ClassAxis.of_shape(tuple(scores.shape), layer.class_axis)
    folded = scores.detach().reshape(split.outer, split.classes, split.inner)
    return torch.softmax(folded, 1), split


def _softmax_divisor(layer: SoftmaxLossLayer, labels: Labels, split: ClassAxis) -> Tensor | float:
    return divisor(layer.param.loss_param, _MODES.VALID, labels, batch=split.outer)


@function_for(SoftmaxWithLoss)
def softmax_with_loss(
    layer: SoftmaxWithLoss, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """The loss, the probabilities, and each label's own loss."""
    scores = bottoms[0]
    with torch.no_grad():
        prob, split = _probabilities(layer, scores)
        labels = labels_of(bottoms[1], split, ignore_label(layer.param.loss_param))
        losses = labels.masked(-labels.pick(prob).clamp(min=SMALLEST_FLOAT).log())
        divided_by = _softmax_divisor(layer, labels, split)
        loss = losses.sum() / divided_by

    def gradient(dy: Tensor) -> Tensor:
        dx = labels.minus_one(prob) * (dy / divided_by)
        return labels.masked_classes(dx).reshape(scores.shape)

    tops = [with_gradient(scores, loss, gradient), prob.reshape(scores.shape)]
    return [*tops, losses.reshape(bottoms[1].shape)][: len(layer.param.top) or 1]


@function_for(InfogainLoss)
def infogain_loss(
    layer: InfogainLoss, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """Σ over the classes of how much the label says each counts."""
    scores = bottoms[0]
    with torch.no_grad():
        prob, split = _probabilities(layer, scores)
        labels = labels_of(bottoms[1], split, ignore_label(layer.param.loss_param))
        given = bottoms[2] if len(bottoms) > 2 else like(layer.from_file, scores)
        matrix = given.reshape(split.classes, split.classes)
        rows = matrix[labels.values].movedim(2, 1)  # (outer, classes, inner)
        logs = labels.masked_classes(prob.clamp(min=LOG_THRESHOLD).log())
        divided_by = _softmax_divisor(layer, labels, split)
        loss = -(rows * logs).sum() / divided_by

    def gradient(dy: Tensor) -> Tensor:
        dx = (prob * rows.sum(1, keepdim=True) - rows) * (dy / divided_by)
        return labels.masked_classes(dx).reshape(scores.shape)

    tops = [with_gradient(scores, loss, gradient), prob.reshape(scores.shape)]
    return tops[: len(layer.param.top) or 1]


# ------------------------------------------------------------------ of each item's label


def _classes_of_items(scores: Tensor) -> ClassAxis:
    return ClassAxis(scores.shape[0], scores.shape[1:].numel(), 1)


@function_for(MultinomialLogisticLoss)
def multinomial_logistic_loss(
    layer: MultinomialLogisticLoss, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """-1/N Σ log p_label; a probability below the threshold has the threshold's gradient."""
    prob = bottoms[0]
    with torch.no_grad():
        split = _classes_of_items(prob)
        labels = labels_of(bottoms[1], split)
        folded = prob.reshape(split.outer, split.classes, 1)
        picked = labels.pick(folded).clamp(min=LOG_THRESHOLD)
        loss = mean(-picked.log().sum(), split.outer)

    def gradient(dy: Tensor) -> Tensor:
        places, amounts = labels.values[:, None], (mean(-dy, split.outer) / picked)[:, None]
        return torch.zeros_like(folded).scatter_(1, places, amounts).reshape(prob.shape)

    return [with_gradient(prob, loss, gradient)]


@function_for(HingeLoss)
def hinge_loss(
    layer: HingeLoss, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """1/N Σ max(0, 1 - δ x)^p; at the hinge the gradient is 0."""
    split = _classes_of_items(bottoms[0])
    labels = labels_of(bottoms[1], split)
    signs = torch.ones_like(bottoms[0]).reshape(split.outer, split.classes, 1)
    signs = signs.scatter(1, labels.values[:, None], -1.0)  # -δ
    margins = 1 + signs * bottoms[0].reshape(signs.shape)
    margins = torch.where(margins > 0, margins, 0)
    squared = layer.param.hinge_loss_param.norm == caffe_pb2.HingeLossParameter.L2
    return [mean((margins.square() if squared else margins).sum(), split.outer)]


@function_for(Accuracy)
def accuracy(
    layer: Accuracy, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """How many labels have fewer than ``top_k`` other classes with as high a score."""
    param, scores = layer.param.accuracy_param, bottoms[0].detach()
    split = ClassAxis.of_shape(tuple(scores.shape), param.axis)
    labels = labels_of(bottoms[1], split, ignore_label(param))
    folded = scores.reshape(split.outer, split.classes, split.inner)
    others = (folded >= labels.pick(folded)[:, None]).sum(1) - 1
    right = labels.masked((others < param.top_k).to(scores.dtype))
    tops = [right.sum() / labels.count(scores.dtype).clamp(min=1)]
    if len(layer.param.top) > 1:
        counted = labels.masked(torch.ones_like(right)).reshape(-1)
        places, zeros = labels.values.reshape(-1), scores.new_zeros(split.classes)
        hits = zeros.index_add(0, places, right.reshape(-1))
        tops.append(hits / zeros.index_add(0, places, counted).clamp(min=1))
    return tops


# ------------------------------------------------------------------ of targets


@function_for(EuclideanLoss)
def euclidean_loss(
    layer: EuclideanLoss, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """1/(2N) Σ (a - b)²."""
    difference = bottoms[0].reshape(-1) - bottoms[1].reshape(-1)
    return [mean(difference.square().sum(), len(bottoms[0])) / 2]


@function_for(SigmoidCrossEntropyLoss)
def sigmoid_cross_entropy_loss(
    layer: SigmoidCrossEntropyLoss, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """Σ of max(x, 0) - x t + log(1 + exp(-|x|)), without the targets that are ignored."""
    x, target = bottoms[0], bottoms[1].detach().reshape(bottoms[0].shape)
    ignored = ignore_label(layer.param.loss_param)
    valid = None if ignored is None else target.long() != ignored
    labels = Labels(target, valid)
    losses = sloped(
        x,
        lambda x: labels.masked((-x.abs()).exp().log1p() + x.clamp(min=0) - x * target),
        lambda x, _: labels.masked(torch.sigmoid(x) - target),
    )
    divided_by = divisor(layer.param.loss_param, _MODES.BATCH_SIZE, labels, batch=len(x))
    return [losses.sum() / divided_by]


@function_for(ContrastiveLoss)
def contrastive_loss(
    layer: ContrastiveLoss, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """1/(2N) Σ y d² + (1 - y) max(0, margin - d)²; the gradient divides by d + 1e-4, as Caffe's."""
    param, num = layer.param.contrastive_loss_param, len(bottoms[0])
    difference = bottoms[0].reshape(num, -1) - bottoms[1].reshape(num, -1)
    with torch.no_grad():
        squared = difference.square().sum(1)
        distance = squared.sqrt()
        similar = bottoms[2].reshape(num).long() != 0
        if param.legacy_version:
            missing = param.margin - squared
            apart, factor = missing.clamp(min=0), -torch.ones_like(missing)
        else:
            missing = param.margin - distance
            apart, factor = missing.clamp(min=0).square(), -missing / (distance + 1e-4)
        loss = mean(torch.where(similar, squared, apart).sum(), num) / 2
        factor = torch.where(similar, 1, torch.where(missing > 0, factor, 0))
        direction = difference.detach() * factor[:, None]
    return [with_gradient(difference, loss, lambda dy: direction * mean(dy, num))]


@function_for(SmoothL1Loss)
def smooth_l1_loss(
    layer: SmoothL1Loss, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """Σ w_out · f(w_in · (a - b)) / N, and the sums over the channels, which have no gradient."""
    a, b, *weights = (x.reshape(-1) for x in bottoms)
    differences = a - b
    if weights:
        differences = differences * weights[0].detach()
    size = differences.abs()
    near, sigma2 = size < 1 / layer.sigma2, layer.sigma2
    squares = 0.5 * sigma2 * torch.where(near, differences, 0).square()
    errors = torch.where(near, squares, size - 0.5 / sigma2)
    if len(weights) > 1:
        errors = errors * weights[1].detach()
    tops = [mean(errors.sum(), len(bottoms[0]))]
    if len(layer.param.top) > 1:
        items, channels, height, width = (*bottoms[0].shape, 1, 1)[:4]
        sums = errors.detach().reshape(items, channels, height, width).sum(1, keepdim=True)
        tops.append(sums)
    return tops
