"""AnchorTargetLayer: what py-faster-rcnn's region proposal network is to say of each anchor."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import ShapeError
from minicaffe.layer import Blobs, register
from minicaffe.layers.detection.anchor_boxes import check_image_sizes
from minicaffe.layers.detection.anchors import on_grid, to_maps
from minicaffe.layers.detection.boxes import overlaps
from minicaffe.layers.detection.pixel_boxes import encode_from
from minicaffe.layers.detection.rpn_layer import RpnLayer, true_boxes

#: Labels of an anchor.
_OBJECT, _BACKGROUND, _NEITHER = 1, 0, -1


@register("AnchorTargetLayer")
class AnchorTargetLayer(RpnLayer):
    """Labels anchors as object or background, and gives the offsets to their true boxes.

    A layer ``type: "Python"`` with ``module: "rpn.anchor_target_layer"`` and this name is this one,
    if there is no module of that name on the path.

    Only anchors in the image count, or outside by no more than allowed_border pixels. Of these,
    each with the largest overlap with some true box is an object, and each with an overlap of at
    least RPN_POSITIVE_OVERLAP; one whose overlaps are all below RPN_NEGATIVE_OVERLAP is background,
    unless it is an object (or though it is one, with RPN_CLOBBER_POSITIVES). A true box that
    overlaps no anchor makes objects of all anchors that do not overlap it. If there are more than
    RPN_FG_FRACTION · RPN_BATCHSIZE objects, so many are drawn; and of the background as many as
    then fill up RPN_BATCHSIZE. The others count for nothing.

    Shapes: bottom 0, the scores (1, …, H, W), whose size alone counts; bottom 1, true boxes (G, 5):
    x1, y1, x2, y2 in pixels and a class; bottom 2, the image's height, width and scale (1, 3);
    bottom 3, optional, the image, which is not read. Tops, with A anchors a place: 0, labels (1, 1,
    A · H, W): 1 for object, 0 for background, -1 for neither; 1, offsets from anchors in the image
    to the true boxes that they overlap most (1, 4 · A, H, W), in sides as ProposalLayer has them; 2
    and 3, inside and outside weights of these for SmoothL1Loss: RPN_BBOX_INSIDE_WEIGHTS for
    objects, else 0; and 1/n for each of the n anchors that are drawn, else 0.

    Settings: ``python_param``: param_str, YAML such as ``'feat_stride': 16``: feat_stride,
    required, pixels for each place; scales and ratios as for ProposalLayer; allowed_border 0. It
    may also have what fast_rcnn/config.py sets, by its names: RPN_POSITIVE_OVERLAP 0.7,
    RPN_NEGATIVE_OVERLAP 0.3, RPN_CLOBBER_POSITIVES false, RPN_FG_FRACTION 0.5, RPN_BATCHSIZE 256,
    RPN_BBOX_INSIDE_WEIGHTS, RPN_POSITIVE_WEIGHT -1 (above 0: objects share that outside weight,
    background the rest of 1); and R-FCN's RPN_NORMALIZE_TARGETS false: from the offsets
    RPN_NORMALIZE_MEANS are taken, and they are divided by RPN_NORMALIZE_STDS.

    Gradients: none; the bottoms' are 0.

    Raises:
        GraphError: param_str is wrong.
        ShapeError: the bottoms do not fit, or have several images.
        DataError: a true box is none.

    Source: anchor_target_layer.py (rbgirshick/py-faster-rcnn, YuwenXiong/py-R-FCN,
    sanghoon/pva-faster-rcnn); Ren et al., "Faster R-CNN: towards real-time object detection with
    region proposal networks", 2015 (arXiv:1506.01497), section 3.1.2.
    """

    min_bottoms = 3
    max_bottoms = 4
    exact_tops = 4
    replaces_modules: ClassVar[tuple[str, ...]] = ("rpn.anchor_target_layer",)

    @property
    def repeatable(self) -> bool:
        return False

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        shape, anchors = bottom[0].shape, len(self.anchors)
        if len(shape) != 4 or shape[0] != 1:
            raise ShapeError(
                f"bottom 0 has shape {shape_text(shape)}; expected 1×C×H×W, the scores of one image"
            )
        check_image_sizes(bottom[2], 1)
        top[0].reshape(1, 1, anchors * shape[2], shape[3])
        for blob in top[1:]:
            blob.reshape(1, 4 * anchors, *shape[2:])

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        height, width = bottom[0].shape[2:]
        stride = self.settings.feat_stride
        anchors = on_grid(self.anchors, height, width, (stride, stride))
        truths = true_boxes(bottom[1])
        counted = np.flatnonzero(self._inside(anchors, bottom[2].data.reshape(-1)))
        labels = np.full(len(anchors), _NEITHER)
        values = np.zeros((3, len(anchors), 4))
        pairs = overlaps(anchors[counted], truths[:, :4], 1)
        labels[counted] = drawn = self._draw(self._labels(pairs))
        if len(truths):
            nearest = truths[pairs.argmax(axis=1), :4]
            values[0, counted] = self._normalized(encode_from(anchors[counted], nearest))
        values[1][labels == _OBJECT] = self.config.rpn_bbox_inside_weights
        values[2, counted] = self._outside_weights(drawn)[:, None]
        for blob, rows in zip(top, (labels[:, None], *values), strict=True):
            maps = to_maps(rows, len(self.anchors), height, width)
            blob.data[...] = maps.reshape(blob.shape)

    def _inside(self, anchors: np.ndarray, size: np.ndarray) -> np.ndarray:
        """Which anchors count."""
        border = self.settings.allowed_border
        low, high = anchors[:, :2], anchors[:, 2:]
        return np.asarray(((low >= -border) & (high < size[1::-1] + border)).all(axis=1))

    def _labels(self, pairs: np.ndarray) -> np.ndarray:
        """The labels of anchors by their overlaps with true boxes, (n, G)."""
        labels = np.full(len(pairs), _NEITHER)
        largest = pairs.max(axis=1, initial=0)
        background = largest < self.config.rpn_negative_overlap
        labels[background] = _BACKGROUND
        labels[(pairs == pairs.max(axis=0, initial=0)).any(axis=1)] = _OBJECT
        labels[largest >= self.config.rpn_positive_overlap] = _OBJECT
        if self.config.rpn_clobber_positives:
            labels[background] = _BACKGROUND
        return labels

    def _draw(self, labels: np.ndarray) -> np.ndarray:
        """The labels without those that are too many."""
        total = self.config.rpn_batchsize
        most = int(self.config.rpn_fg_fraction * total)
        for label in (_OBJECT, _BACKGROUND):
            found = np.flatnonzero(labels == label)
            if len(found) > most:
                left = self.rng.choice(found, len(found) - most, replace=False)
                labels[left] = _NEITHER
            most = total - min(len(found), most)
        return labels

    def _normalized(self, offsets: np.ndarray) -> np.ndarray:
        config = self.config
        if not config.rpn_normalize_targets:
            return offsets
        means, spreads = np.array(config.rpn_normalize_means), np.array(config.rpn_normalize_stds)
        return np.asarray((offsets - means) / spreads)

    def _outside_weights(self, labels: np.ndarray) -> np.ndarray:
        """How much each of the anchors counts in the loss of the offsets."""
        share = self.config.rpn_positive_weight
        objects, background = labels == _OBJECT, labels == _BACKGROUND
        if share < 0:
            drawn = objects | background
            return drawn / max(1, drawn.sum())
        return np.asarray(
            objects * share / max(1, objects.sum())
            + background * (1 - share) / max(1, background.sum())
        )
