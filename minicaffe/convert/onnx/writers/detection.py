"""Operators for prior boxes, and for what becomes boxes of them (SSD's layers)."""

from __future__ import annotations

import numpy as np

from minicaffe.convert.onnx.site import Cannot, Site
from minicaffe.convert.onnx.writers import writes
from minicaffe.convert.onnx.writers.activation import FLOAT
from minicaffe.layers.vision.pooling import LOWEST
from minicaffe.proto import caffe_pb2

_CODES = caffe_pb2.PriorBoxParameter


@writes("PriorBox")
@writes("PriorBoxClustered")
def prior_box(site: Site) -> None:
    """A constant: only the sizes of the bottoms count."""
    node = site.node
    node.layer.forward(node.bottoms, node.tops)
    boxes = np.array(node.tops[0].data, np.float32)
    site.op("Identity", [site.graph.tensor(f"{node.name}/boxes", boxes)], 0)


@writes("DetectionOutput")
def detection_output(site: Site) -> None:
    """TopK for each class, NonMaxSuppression, TopK over the classes, in the order of class and
    score."""
    layer, param = site.layer, site.layer.param.detection_output_param
    _require_plain(site)
    found = _Detections(site)
    boxes, scores = found.best_of_each_class(_decoded(site), layer.top_k)
    kept = found.without_doubles(boxes, scores, layer.nms_threshold, layer.threshold)
    found.rows(boxes, kept, param.keep_top_k)


def _require_plain(site: Site) -> None:
    """Refuse what forks have added.

    Raises:
        Cannot: there is some of it.
    """
    layer, param = site.layer, site.layer.param.detection_output_param
    way = "--until with the bottoms of this layer, and do it in a program"
    images = len(site.inputs) == 4 and param.visualize
    for name, wrong in (
        ("objectness or first offsets (RefineDet)", len(site.inputs) > 3 and not images),
        ("output_logits", param.output_logits),
        ("normalized: false", not param.normalized),
        ("soft_nms", param.nms_param.soft_nms),
        ("eta below 1", param.nms_param.eta < 1),
        ("nms_threshold above 1", layer.nms_threshold > 1),
    ):
        if wrong:
            raise Cannot(f"NonMaxSuppression has no {name}", way)


def _decoded(site: Site) -> str:
    """The boxes of offsets from the priors: (N, P, 1 or classes, 4)."""
    param = site.layer.param.detection_output_param
    priors = (site.bottom_shapes[2][2] or 0) // 4
    sets = 1 if param.share_location else param.num_classes
    offsets = site.reshape(site.inputs[0], (site.bottom_shapes[0][0], priors, sets, 4))
    first = site.inputs[2]
    if site.bottom_shapes[2][0] != 1:  # an input whose batch counts for nothing
        first = site.slice(first, [(0, 0, 1)])
    channels = 1 if param.variance_encoded_in_target else 2
    parts = [
        site.reshape(site.slice(first, [(1, n, n + 1)]), (priors, 1, 4)) for n in range(channels)
    ]
    if len(parts) > 1:
        offsets = site.op("Mul", [offsets, parts[1]])
    if param.code_type == _CODES.CORNER:
        return site.op("Add", [parts[0], offsets])
    low, high = _halves(site, parts[0])
    sides = site.op("Sub", [high, low])
    if param.code_type == _CODES.CORNER_SIZE:
        both = site.op("Concat", [sides, sides], axis=-1)
        return site.op("Add", [parts[0], site.op("Mul", [offsets, both])])
    half = site.constant(0.5)
    middle = site.op("Mul", [site.op("Add", [low, high]), half])
    moved, grown = _halves(site, offsets)
    middle = site.op("Add", [middle, site.op("Mul", [moved, sides])])
    reach = site.op("Mul", [site.op("Mul", [site.op("Exp", [grown]), sides]), half])
    ends = [site.op(kind, [middle, reach]) for kind in ("Sub", "Add")]
    return site.op("Concat", ends, axis=-1)


def _halves(site: Site, boxes: str) -> tuple[str, str]:
    first, second = (site.slice(boxes, [(-1, start, start + 2)]) for start in (0, 2))
    return first, second


class _Detections:
    """The steps from boxes and scores to rows of image, class, score and box.

    With K the number of boxes that each of the C classes may have, a box is (image, class, rank).
    """

    def __init__(self, site: Site) -> None:
        param = site.layer.param.detection_output_param
        self.site = site
        self.priors = (site.bottom_shapes[2][2] or 0) // 4
        self.count = param.num_classes
        self.sets = 1 if param.share_location else param.num_classes
        self.labels = [n for n in range(self.count) if n != param.background_label_id]
        self.items = site.bottom_shapes[1][0]
        self.ranks = 0
        whole = site.op("Shape", [site.inputs[1]])
        number = site.reshape(site.slice(whole, [(0, 0, 1)]), ())
        ends = [site.constant(0, np.int64), number, site.constant(1, np.int64)]
        self.images = site.op("Range", ends)

    def _whole(self, *numbers: int) -> str:
        return self.site.constant(numbers if len(numbers) > 1 else numbers[0], np.int64)

    def best_of_each_class(self, boxes: str, top_k: int) -> tuple[str, str]:
        """Boxes (N · C, K, 4) and scores (N · C, 1, K), the best first."""
        site, classes = self.site, len(self.labels)
        self.ranks = min(top_k, self.priors) if top_k > -1 else self.priors
        scores = site.reshape(site.inputs[1], (self.items, self.priors, self.count))
        scores = site.op("Transpose", [scores], perm=[0, 2, 1])
        labels = site.constant(self.labels, np.int64)
        scores = site.op("Gather", [scores, labels], axis=1)
        ranks = site.constant([self.ranks], np.int64)
        scores, places = site.ops("TopK", [scores, ranks], [None, None], axis=2)
        image = site.op("Mul", [self.images, self._whole(self.priors)])
        index = site.op("Add", [places, site.reshape(image, (self.items, 1, 1))])
        if self.sets > 1:
            index = site.op("Mul", [index, self._whole(self.sets)])
            index = site.op("Add", [index, site.reshape(labels, (classes, 1))])
        flat = site.op("Reshape", [boxes, site.constant([-1, 4], np.int64)])
        chosen = site.op("Gather", [flat, index], axis=0)
        own, ones = site.constant([-1, self.ranks, 4], np.int64), [-1, 1, self.ranks]
        chosen = site.op("Reshape", [chosen, own])
        return chosen, site.op("Reshape", [scores, site.constant(ones, np.int64)])

    def without_doubles(self, boxes: str, scores: str, overlap: float, least: float) -> str:
        """The scores (N, C · K) of boxes that are kept; the lowest number for all others."""
        site = self.site
        low, high = _halves(site, boxes)
        high = site.op("Max", [low, high])  # a box turned inside out overlaps nothing in SSD
        boxes = site.op("Concat", [low, high], axis=-1)
        limits = [self._array(self.ranks), site.constant([overlap]), site.constant([least])]
        chosen = site.op("NonMaxSuppression", [boxes, scores, *limits])
        values = site.op("GatherND", [scores, chosen])
        empty = site.op("Expand", [site.constant(LOWEST), site.op("Shape", [scores])])
        kept = site.op("ScatterND", [empty, chosen, values])
        return site.reshape(kept, (self.items, len(self.labels) * self.ranks))

    def _array(self, number: int) -> str:
        return self.site.constant([number], np.int64)

    def rows(self, boxes: str, kept: str, keep_top_k: int) -> None:
        """The best of all classes, in the order of class and score; or a row of -1 an image."""
        site, most = self.site, len(self.labels) * self.ranks
        wanted = min(keep_top_k, most) if keep_top_k > -1 else most
        _, best = site.ops("TopK", [kept, self._array(wanted)], [None, None], axis=1)
        best, _ = site.ops("TopK", [best, self._array(wanted)], [None, None], axis=1, largest=0)
        scores = site.op("GatherElements", [kept, best], axis=1)
        images = site.reshape(self.images, (self.items, 1))
        rank = site.op("Div", [best, self._whole(self.ranks)])
        labels = site.op("Gather", [site.constant(self.labels, np.int64), rank], axis=0)
        every = site.op("Add", [site.op("Mul", [images, self._whole(most)]), best])
        flat = site.op("Reshape", [boxes, site.constant([-1, 4], np.int64)])
        image = site.op("Expand", [images, site.op("Shape", [best])])
        heads = [site.op("Cast", [value], to=FLOAT) for value in (image, labels)]
        columns = [site.op("Reshape", [v, site.constant([-1, 1], np.int64)])
                   for v in (*heads, scores)]  # fmt: skip
        places = site.op("Reshape", [every, self._array(-1)])
        found = site.op("Concat", [*columns, site.op("Gather", [flat, places], axis=0)], axis=1)
        self._without_empty(found, columns[2], heads[0])

    def _without_empty(self, rows: str, scores: str, images: str) -> None:
        """Only the rows of boxes that are kept; where there is none, (image, -1, …) for each."""
        site = self.site
        good = site.op("Greater", [site.op("Reshape", [scores, self._array(-1)]),
                                   site.constant(LOWEST)])  # fmt: skip
        some = site.reduce("ReduceMax", site.op("Cast", [good], to=FLOAT), [0])
        none = site.op("Less", [some, site.constant(0.5)])
        first = site.slice(images, [(1, 0, 1)])
        empty = site.op("Pad", [first, site.constant([0, 0, 0, 6], np.int64), site.constant(-1)])
        told = site.op("Expand", [none, site.op("Shape", [self.images])])
        both = site.op("Concat", [rows, empty], axis=0)
        wanted = site.op("Concat", [good, told], axis=0)
        found = site.op("Compress", [both, wanted], axis=0)
        site.op("Reshape", [found, site.constant([1, 1, -1, 7], np.int64)], 0)
