"""What is true of the fields at each place of a net's maps: MS-CNN's and Cascade R-CNN's labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from minicaffe.data.images import rounded
from minicaffe.layers.detection.boxes import coverages, overlaps
from minicaffe.layers.detection.pixel_boxes import compare, places
from minicaffe.layers.detection.scene import Placed


@dataclass(frozen=True)
class LabelRule:
    """How places are given to true boxes.

    Attributes:
        threshold: a place whose field overlaps a true box by more has its label.
        region_threshold: one that lies in regions by so much is not background.
        pickup: a box that no place has is given to the one under its middle, in the map whose
            fields overlap it most, if by at least so much.
        whole_pixels: whether the last pixel belongs to a box (Cascade R-CNN).
        margin: fields that reach out of the image by more than so many of their half sides are not
            background; None where all may be.
        inside: those that lie in the image by less; None where all may be.
    """

    threshold: float
    region_threshold: float
    pickup: float
    whole_pixels: bool
    margin: float | None = None
    inside: float | None = None


@dataclass(frozen=True)
class Field:
    """A field (anchor) of a map: its width and height, and the pixels between two places."""

    width: int
    height: int
    stride: int

    def map_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Height and width of the map of a rectangle of pixels."""
        return rounded(size[0] / self.stride), rounded(size[1] / self.stride)


def label_maps(
    placed: Placed,
    labels: np.ndarray,
    ignored: np.ndarray,
    fields: Sequence[Field],
    rule: LabelRule,
) -> list[np.ndarray]:
    """The label maps (6, H, W) of all fields: label, middle x, middle y, width, height of the true
    box, overlap. An overlap of 1 with label 0 says that a place is no background.

    Args:
        labels, ignored: of the true boxes in ``placed``, (n,).
    """
    boxes = placed.scene.boxes
    taken = np.zeros(len(boxes), bool)
    fits = np.zeros((len(fields), len(boxes)))
    maps = []
    for index, field in enumerate(fields):
        table, fits[index], own = _label_map(placed, labels, ignored, field, rule)
        taken[own] = True
        maps.append(table)
    for box in np.flatnonzero(~taken & ~ignored) if len(fields) else ():
        best = int(fits[:, box].argmax())
        if fits[best, box] >= rule.pickup:
            _pick_up(maps[best], fields[best], boxes[box], labels[box], fits[best, box], rule)
    return maps


def _described(boxes: np.ndarray, rule: LabelRule) -> np.ndarray:
    """Middle x, middle y, width and height of boxes (n, 4)."""
    sides = boxes[:, 2:] - boxes[:, :2] + int(rule.whole_pixels)
    return np.concatenate([(boxes[:, :2] + boxes[:, 2:]) / 2, sides], axis=1)


def _label_map(
    placed: Placed, labels: np.ndarray, ignored: np.ndarray, field: Field, rule: LabelRule
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One field's map; how much the places of it overlap each box at most; which boxes it has."""
    boxes, (height, width) = placed.scene.boxes, field.map_size(placed.size)
    table = np.zeros((height * width, 6))
    middles = places(height, width, field.stride, np.dtype(float)).reshape(-1, 2)
    half = np.array([field.width, field.height]) / 2
    anchors = np.concatenate([middles - half, middles + half], axis=1)
    usable = _seen(placed, field, height, width) & _good(anchors, half, placed, rule)
    in_regions = _coverage(anchors, placed.scene.regions, rule) >= rule.region_threshold
    if not rule.whole_pixels:
        usable &= ~in_regions
    table[:, 5] = ~usable
    if rule.whole_pixels:
        pairs = compare(boxes, anchors[usable], "IOU").T
    else:
        pairs = overlaps(boxes, anchors[usable]).T
    best = pairs.max(axis=1, initial=0)
    own = pairs.argmax(axis=1) if len(boxes) else np.zeros(len(best), int)
    found = best > rule.threshold
    rows, matched = np.flatnonzero(usable), own[found]
    table[rows, 5] = best
    table[rows[found], 0] = np.where(ignored, 0, labels)[matched]
    table[rows[found], 1:5] = _described(boxes, rule)[matched]
    if rule.whole_pixels:
        table[rows[~found & in_regions[usable]], 5] = 1
    return table.T.reshape(6, height, width).copy(), pairs.max(axis=0, initial=0), matched


def _seen(placed: Placed, field: Field, height: int, width: int) -> np.ndarray:
    """Which places lie where the image is, (height · width,)."""
    marks = []
    lengths = placed.scene.size
    for start, length, count in (
        (placed.top, lengths[0], height),
        (placed.left, lengths[1], width),
    ):
        first, last = rounded(start / field.stride), rounded(length / field.stride)
        at = np.arange(count)
        marks.append((at >= first) & (at < first + last))
    return np.asarray(marks[0][:, None] & marks[1]).reshape(-1)


def _good(anchors: np.ndarray, half: np.ndarray, placed: Placed, rule: LabelRule) -> np.ndarray:
    """Which fields do not reach out of the image too far."""
    low = np.array([placed.left, placed.top])
    high = low + placed.scene.size[::-1]
    if rule.margin is not None:
        margin = rule.margin * half
        inside = (anchors[:, :2] >= low - margin) & (anchors[:, 2:] < high + margin)
        return np.asarray(inside.all(axis=1))
    if rule.inside is not None:
        image = np.concatenate([low, high]).astype(float)[None]
        return np.asarray(compare(anchors, image, "IOFU")[:, 0] >= rule.inside)
    return np.ones(len(anchors), bool)


def _coverage(anchors: np.ndarray, regions: np.ndarray, rule: LabelRule) -> np.ndarray:
    """How much of each field lies in regions, all added up, (n,)."""
    if rule.whole_pixels:
        return np.asarray(compare(anchors, regions, "IOFU").sum(axis=1))
    return np.asarray(coverages(anchors, regions).sum(axis=1))


def _pick_up(
    table: np.ndarray, field: Field, box: np.ndarray, label: int, fit: float, rule: LabelRule
) -> None:
    """Give a box to the place under its middle, unless that has a label."""
    described = _described(box[None], rule)[0]
    sides = np.array(table.shape[:0:-1])
    column, row = np.clip(np.floor(described[:2] / field.stride), 0, sides - 1).astype(int)
    if table[0, row, column] > 0:
        return
    table[:5, row, column] = [label, *described]
    if rule.whole_pixels:
        table[5, row, column] = fit
