"""mAP: precision and recall of DetectNet's boxes."""

from __future__ import annotations

from minicaffe.layer import Blobs, register
from minicaffe.layers.detection.detectnet import DetectNetLayer


@register("mAP")
class MAP(DetectNetLayer):
    """Precision, recall, and their product, in percent, of a batch that ScoreDetections scored.

    A layer ``type: "Python"`` with ``module: "caffe.layers.detectnet.mean_ap"`` and this name is
    this one, if there is no module of that name on the path. It is no mean average precision.

    Shapes: bottom (N, 50, 5) as ScoreDetections gives it; top 0, precision · recall / 100 (1); top
    1, the percentage of detections that are right (1); top 2, that of true boxes that were found
    (1); 0 where there are none.

    Settings: ``python_param``: param_str, which counts for nothing, in the fork as here.

    Gradients: none; the bottom's is 0.

    Source: mean_ap.py (NVIDIA/caffe).
    """

    replaces_modules = ("caffe.layers.detectnet.mean_ap",)
    exact_bottoms = 1
    exact_tops = 3

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        for blob in top:
            blob.reshape(1)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        kinds = bottom[0].data.reshape(-1, bottom[0].shape[-1])[:, -1]
        right, wrong, missed = (int((kinds == kind).sum()) for kind in (1, 2, 3))
        precision = 100 * right / (right + wrong) if right + wrong else 0.0
        recall = 100 * right / (right + missed) if right + missed else 0.0
        values = (precision * recall / 100, precision, recall)
        for blob, value in zip(top, values, strict=True):
            blob.data[...] = value
