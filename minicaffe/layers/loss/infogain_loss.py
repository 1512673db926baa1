"""InfogainLoss: cross entropy weighted by a matrix of labels and classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, refuse_gradient, register
from minicaffe.layers.loss.multinomial_logistic_loss import LOG_THRESHOLD
from minicaffe.layers.loss.softmax_with_loss import SoftmaxLossLayer
from minicaffe.proto import caffe_pb2
from minicaffe.weights.blob_proto import read_blob


@register("InfogainLoss")
class InfogainLoss(SoftmaxLossLayer):
    """L = -1/n Σ Σ_c H[label, c] log p_c, with p the softmax of x: H says how much each class
    counts.

    With H the identity this is SoftmaxWithLoss. Probabilities below 1e-20 count as 1e-20.

    Shapes: bottom 0, scores x (…, classes, …), the class axis being ``axis``; bottom 1, one label
    for each prediction, cast to int by truncation; bottom 2, H (classes, classes), which may come
    from a file instead. Top 0, L, a scalar; top 1, optional, p like x.

    Settings: ``infogain_loss_param``: source, a BlobProto file with H; axis (1). ``loss_param``: n
    by normalization and ignore_label as in SoftmaxWithLoss; the old normalize is refused, as in
    Caffe.

    Gradients: dx_c = (p_c Σ_k H[label, k] - H[label, c]) / n, 0 where the label is ignored; none
    for labels and H.

    Raises:
        DataError: a label outside the classes; a matrix file that cannot be read.
        ShapeError: H is not classes×classes; there is not one label for each prediction.
        GraphError: there is no H; normalize is given; a gradient of the labels or of H is asked
            for.

    Source: infogain_loss_layer.cpp (BVLC/caffe).
    """

    exact_bottoms = None
    min_bottoms = 2
    max_bottoms = 3

    @classmethod
    def opens_files(cls, param: caffe_pb2.LayerParameter) -> bool:
        return True

    @property
    def class_axis(self) -> int:
        return self.param.infogain_loss_param.axis

    @classmethod
    def source(cls, param: caffe_pb2.LayerParameter) -> str | None:
        """The file of the matrix, where that is no bottom."""
        return param.infogain_loss_param.source if len(param.bottom) == 2 else None

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        if self.param.loss_param.HasField("normalize"):
            yield GraphError("loss_param has 'normalize'; InfogainLoss takes 'normalization' only")
        if len(self.param.bottom) == 2 and not self.param.infogain_loss_param.source:
            yield GraphError(
                'no infogain matrix; give a third bottom, or infogain_loss_param { source: "…" }'
            )

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        super().setup(bottom, top)
        if len(bottom) == 2:
            matrix = read_blob(self.param.infogain_loss_param.source, inner=True)
            self.from_file = matrix.astype(self.dtype)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        classes = self.split.classes
        size = bottom[2].count if len(bottom) > 2 else self.from_file.size
        if size != classes**2:
            raise ShapeError(
                f"the infogain matrix has {size} elements; {classes}×{classes} are expected "
                f"for {classes} classes"
            )

    def _matrix(self, bottom: Blobs) -> np.ndarray:
        matrix = bottom[2].data if len(bottom) > 2 else self.from_file
        return matrix.reshape(self.split.classes, self.split.classes)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self.compute_probabilities(bottom)
        prob, labels = self.probabilities_and_labels(bottom, top)
        logs = np.log(np.maximum(prob, LOG_THRESHOLD))
        labels.clear_ignored(logs)
        rows = self._matrix(bottom)[labels.values]  # (outer, inner, classes)
        total = np.einsum("oic,oci->", rows, logs)
        top[0].data[...] = -total / self.normalizer(labels)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradient(propagate_down, 1, "the labels")
        refuse_gradient(propagate_down, 2, "the infogain matrix")
        if not propagate_down[0]:
            return
        labels = self.labels(bottom)
        matrix = self._matrix(bottom)
        diff = self.split.view(bottom[0].diff)
        prob = self.split.view(self.probabilities_before(top))
        np.multiply(prob, matrix.sum(axis=1)[labels.values][:, None], out=diff)
        diff -= matrix[labels.values].transpose(0, 2, 1)
        diff *= self.weight(top) / self.normalizer(labels)
        labels.clear_ignored(diff)
