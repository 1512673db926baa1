"""Of a net's scores and offsets at anchors the regions that may hold an object."""

from __future__ import annotations

import numpy as np

from minicaffe.blob import Blob, shape_text
from minicaffe.errors import ShapeError
from minicaffe.layer import Blobs
from minicaffe.layers.detection.boxes import best_first, clip, suppress
from minicaffe.layers.detection.pixel_boxes import decode_from

#: R-CNN counts boxes in pixels, of which the last belongs to the box.
EDGE = 1.0


def check_maps(bottom: Blobs, anchors: int, *, one: bool = True) -> None:
    """Look at the shapes of scores, offsets and image sizes.

    Args:
        bottom: scores (N, 2 · anchors, H, W), offsets (N, 4 · anchors, H, W), and the images'
            height, width and scale (N, 3).
        anchors: how many there are at each place.
        one: N must be 1.

    Raises:
        ShapeError: they do not fit.
    """
    shape = bottom[0].shape
    if len(shape) != 4 or shape[1] != 2 * anchors or (one and shape[0] != 1):
        raise ShapeError(
            f"bottom 0 has shape {shape_text(shape)}; expected {'1' if one else 'N'}×"
            f"{2 * anchors}×H×W, two scores for each of {anchors} anchors"
            + (" in one image" if one else "")
        )
    expected = (shape[0], 4 * anchors, *shape[2:])
    if bottom[1].shape != expected:
        raise ShapeError(
            f"bottom 1 has shape {shape_text(bottom[1].shape)}; expected {shape_text(expected)}, "
            f"four offsets for each of {anchors} anchors at the places of bottom 0"
        )
    check_image_sizes(bottom[2], shape[0])


def check_image_sizes(blob: Blob, images: int) -> None:
    """Look at the shape of the images' heights, widths and scales.

    Raises:
        ShapeError: there are not three numbers or more for each image.
    """
    shape = blob.shape
    numbers = blob.count // images if images else 3
    if not shape or shape[0] != images or numbers < 3:
        raise ShapeError(
            f"bottom 2 has shape {shape_text(shape)}; expected {images}×3: an image's height, "
            "width and scale"
        )


def boxes_of(offsets: np.ndarray, anchors: np.ndarray) -> np.ndarray:
    """The boxes in pixels (n, 4) that offsets (n, 4) from anchors mean, as in Faster R-CNN."""
    return decode_from(anchors.astype(offsets.dtype), offsets, edge=0)


def inside(boxes: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Boxes without what lies outside of an image of this height and width in pixels."""
    return clip(boxes, size[1] - 1, size[0] - 1)


def large(boxes: np.ndarray, least: float) -> np.ndarray:
    """Which of the boxes (n, 4) are at least so many pixels wide and high; NaN is not."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray((boxes[:, 2:] - boxes[:, :2] + EDGE >= least).all(axis=1))


def best_apart(
    boxes: np.ndarray, scores: np.ndarray, threshold: float, looked_at: int, given: int
) -> np.ndarray:
    """Which boxes are the best that do not overlap a better one too much, the best first.

    Args:
        boxes: (n, 4), in pixels.
        scores: (n,); NaN is left out.
        threshold: the overlap above which the worse of two boxes is dropped.
        looked_at: only so many of the best count; 0 or less all.
        given: at most so many are kept; 0 or less all.
    """
    best = best_first(scores, top_k=looked_at if looked_at > 0 else -1)
    most = given if given > 0 else -1
    return np.asarray(best[suppress(boxes[best], threshold, edge=EDGE, most=most)])
