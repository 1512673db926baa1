"""Nets that find objects: from a picture to boxes in its pixels."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from minicaffe.detection.picture_net import Picture, PictureNet
from minicaffe.detection.preparation import Placed, Preparation, known
from minicaffe.detection.rois import MEANS, boxes_of_rois
from minicaffe.detection.stages import STAGES_MEANS, StagesEnd, has_stages
from minicaffe.errors import GraphError
from minicaffe.layers.detection.boxes import clip
from minicaffe.layers.detection.finds_boxes import FindsBoxes
from minicaffe.net.net import Net

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from minicaffe.options import NetKeywords

#: What Faster R-CNN's Python code calls the blobs that it makes boxes of.
_ROIS = ("rois", "cls_prob", "bbox_pred")
_IM_INFO = "im_info"
#: The length of a picture's shorter side there, and what the longer one may be.
_SHORTER, _LONGER = 600, 1000


class End(Protocol):
    """What a net ends with."""

    def labels(self) -> range:
        """The classes of its boxes."""

    def place(self, image: np.ndarray) -> Placed:
        """A picture (channels × height × width, uint8, blue first) as the net's input."""

    def boxes(self, placed: Placed, size: tuple[int, int]) -> np.ndarray:
        """The boxes of the last forward in a picture of this height and width: (n, 6)."""


class BoxFinder(PictureNet):
    """A net that finds objects in pictures, with the preparation that it wants.

    The net ends with a layer that makes boxes (DetectionOutput, YoloDetectionOutput,
    Yolov3DetectionOutput), or as Faster R-CNN and R-FCN do with blobs rois, cls_prob and bbox_pred,
    or as MS-CNN's and Cascade R-CNN's deploy nets (see :class:`StagesEnd`).

    Args:
        model: the net's prototxt, the one for use ("deploy").
        weights: its weights; None leaves the fillers' values.
        mean: what is subtracted, one number or one a channel in the net's order; found in the
            net's own files by default (see :class:`PictureNet`), as the next one; where these
            say nothing, py-faster-rcnn's, MS-CNN's and Cascade R-CNN's for nets that end as theirs.
        scale: the factor after that.
        rgb: whether the net takes red, green, blue; by default blue, green, red, as Caffe.
        size: height and width of the net's input; by default its own. For R-CNN the lengths that
            the shorter side gets and the longer side may have, by default 600 and 1000.
        options: what else :class:`minicaffe.Net` takes.

    Raises:
        GraphError: the net has no input for pictures, or no end that finds boxes.
        MinicaffeError: what :class:`minicaffe.Net` raises.
    """

    def __init__(
        self,
        model: str | os.PathLike[str],
        weights: str | os.PathLike[str] | None,
        *,
        mean: float | Sequence[float] | None = None,
        scale: float | None = None,
        rgb: bool | None = None,
        size: tuple[int, int] | None = None,
        **options: Unpack[NetKeywords],
    ) -> None:
        super().__init__(model, weights, mean=mean, scale=scale, rgb=rgb, **options)
        self.end = _end(self.net, self.input, self.preparation, size)

    def completed(self, found: Preparation) -> Preparation:
        """What the net's files say, or what the programs do whose nets end as this one."""
        if not found.origin and _has_rois(self.net):
            return known(MEANS, "py-faster-rcnn")
        if not found.origin and has_stages(self.net):
            return known(STAGES_MEANS, "cascade-rcnn's and mscnn's programs")
        return found

    def find(self, image: Picture, threshold: float = 0.0) -> np.ndarray:
        """The boxes in a picture.

        Args:
            image: a file's name, or height × width × 3 (blue, green, red; as OpenCV reads images)
                or height × width, uint8.
            threshold: boxes of a lower score are left out.

        Returns:
            (boxes, 6), float64: label, score, xmin, ymin, xmax, ymax in pixels of the picture, cut
            at its edge, the best first.

        Raises:
            DataError: the file cannot be read.
            ShapeError: the array is no picture.
        """
        return self.find_in(self.read(image), threshold)

    def find_in(self, pixels: np.ndarray, threshold: float = 0.0) -> np.ndarray:
        """:meth:`find` in pixels, channels × height × width, uint8, grey or blue first.

        A net that takes grey pictures sees those of three channels in grey.
        """
        pixels = self.fit_channels(pixels)
        placed = self.end.place(pixels)
        self._fill(placed)
        self.net.forward()
        height, width = pixels.shape[1:]
        rows = self.end.boxes(placed, (height, width))
        rows[:, 2:] = clip(rows[:, 2:], width, height)
        rows = rows[(rows[:, 1] >= threshold) & np.isfinite(rows).all(axis=1)]
        return rows[np.argsort(-rows[:, 1], kind="stable")]

    def _fill(self, placed: Placed) -> None:
        """Bring the input blobs to the picture's size, and put it there."""
        self.reshape((1, *placed.values.shape))
        self.net.blobs[self.input].data[0] = placed.values
        if _IM_INFO in self.net.inputs:
            info = self.net.blobs[_IM_INFO]
            facts = (*placed.values.shape[1:], placed.zoom[0])[: info.count]
            info.data.reshape(-1)[: len(facts)] = facts


def find_boxes(
    image: Picture,
    model: str | os.PathLike[str],
    weights: str | os.PathLike[str] | None,
    *,
    threshold: float = 0.0,
    mean: float | Sequence[float] | None = None,
    scale: float | None = None,
    rgb: bool | None = None,
    size: tuple[int, int] | None = None,
    **options: Unpack[NetKeywords],
) -> np.ndarray:
    """The boxes that a net finds in one picture; for many use a :class:`BoxFinder`.

    Returns:
        (boxes, 6): label, score, xmin, ymin, xmax, ymax in pixels, the best first.
    """
    finder = BoxFinder(model, weights, mean=mean, scale=scale, rgb=rgb, size=size, **options)
    return finder.find(image, threshold)


class _LayerEnd:
    """A layer that finds boxes; pictures are brought to the size of the net's input."""

    def __init__(
        self, net: Net, index: int, layer: FindsBoxes, preparation: Preparation,
        size: tuple[int, int],
    ) -> None:  # fmt: skip
        self._top = net.blobs[net.nodes[index].top_names[0]]
        self._layer = layer
        self._preparation = preparation
        self._size = size

    def labels(self) -> range:
        return self._layer.labels()

    def place(self, image: np.ndarray) -> Placed:
        return self._preparation.warped(image, self._size)

    def boxes(self, placed: Placed, size: tuple[int, int]) -> np.ndarray:
        rows = self._layer.boxes_found([self._top]).astype(np.float64)[:, 1:]
        rows[:, 2:] = placed.from_sides(rows[:, 2:])
        return rows


class _RoisEnd:
    """Faster R-CNN's blobs; a picture's shorter side gets a length."""

    def __init__(self, net: Net, preparation: Preparation, size: tuple[int, int] | None) -> None:
        self._blobs = [net.blobs[name] for name in _ROIS]
        self._preparation = preparation
        self._sides = size or (_SHORTER, _LONGER)

    def labels(self) -> range:
        return range(1, self._blobs[1].shape[1])

    def place(self, image: np.ndarray) -> Placed:
        return self._preparation.within(image, *self._sides)

    def boxes(self, placed: Placed, size: tuple[int, int]) -> np.ndarray:
        rois, scores, deltas = (blob.data.astype(np.float64) for blob in self._blobs)
        rois = rois.reshape(-1, 5)
        places = placed.to_picture(rois[:, 1:])
        return boxes_of_rois(places, scores.reshape(len(rois), -1), deltas, size)


def _has_rois(net: Net) -> bool:
    """Whether the net ends as Faster R-CNN's."""
    return set(_ROIS) <= set(net.blobs) and _IM_INFO in net.inputs


def _end(net: Net, name: str, preparation: Preparation, size: tuple[int, int] | None) -> End:
    """What the net ends with.

    Raises:
        GraphError: nothing that finds boxes.
    """
    if _has_rois(net):
        net.keep_all()  # rois is no output
        return _RoisEnd(net, preparation, size)
    if has_stages(net):
        return StagesEnd(net, name, preparation, size)
    if size is not None:  # before a picture is read, as it may be more than there is memory for
        blob = net.blobs[name]
        blob.reshape(1, blob.shape[1], *size)
        net.reshape()
    for index in reversed(range(len(net.nodes))):
        layer = net.nodes[index].layer
        if isinstance(layer, FindsBoxes):
            if net.nodes[index].top_names[0] not in net.outputs:
                net.keep_all()
            _, _, height, width = net.blobs[name].shape
            return _LayerEnd(net, index, layer, preparation, size or (height, width))
    raise GraphError(
        "this net finds no boxes: it has no DetectionOutput layer or one like it, nor the blobs "
        f"{', '.join(_ROIS)} of Faster R-CNN, or those of MS-CNN or Cascade R-CNN; it gives "
        f"{', '.join(net.outputs) or 'nothing'}. Where these are offsets and scores, append the "
        "layer that makes boxes of them (for YOLO 3 Yolov3DetectionOutput with its anchors, for "
        "SSD PriorBox and DetectionOutput); `minicaffe classify` is for a score of each class",
        path=net.path,
    )
