"""SoftmaxWithLossOHEM: SoftmaxWithLoss that shows each prediction's loss."""

from __future__ import annotations

from minicaffe.layer import register
from minicaffe.layers.loss.softmax_with_loss import SoftmaxWithLoss


@register("SoftmaxWithLossOHEM")
class SoftmaxWithLossOHEM(SoftmaxWithLoss):
    """SoftmaxWithLoss with a third top: the loss of each prediction, by which BoxAnnotatorOHEM
    chooses hard regions.

    Shapes: bottom 0, scores x (…, classes, …), the class axis being ``axis``; bottom 1, one label
    for each prediction, cast to int by truncation. Top 0, the loss, a scalar; top 1, optional, the
    softmax p of x; top 2, optional, -log p_label of each prediction, like the labels, 0 where the
    label is ignored. (Intel's Caffe leaves the ignored ones' places to those that follow.)

    Settings: ``softmax_param`` and ``loss_param`` as in SoftmaxWithLoss, ``normalization:
    PRE_FIXED`` with pre_fixed_normalizer (1) among them.

    Gradients: those of SoftmaxWithLoss, of top 0 alone; none for the labels.

    Raises:
        DataError: a label outside the classes.
        ShapeError: there is not one label for each prediction.
        GraphError: a gradient of the labels is asked for.

    Source: softmax_loss_ohem_layer.cu (microsoft/caffe), on CPUs softmax_loss_ohem_layer.cpp
    (intel/caffe); Shrivastava, Gupta, Girshick, "Training region-based object detectors with online
    hard example mining", 2016 (arXiv:1604.03540).
    """
