"""Proposal in both of its meanings, against loops over single boxes."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from tests.layers.harness import Case
from tests.layers.rpn import Box, anchors, cut, image, moved, overlap, proposals, small, uniform


def half_up(value: float) -> float:
    return math.floor(value + 0.5)


def case(param: str, size: tuple[float, float, float], tops: int = 1, **expected: object) -> Case:
    """A layer with this ``proposal_param``; the others say what the loops are to do."""
    names = {key: expected.pop(key) for key in ("ratios", "scales", "base") if key in expected}
    found = anchors(rounded=half_up, **names)  # type: ignore[arg-type]
    count = len(found)

    def reference(bottoms: list[np.ndarray], _: object) -> list[np.ndarray]:
        settings = {"looked_at": 6000, "given": 300, "drop": False, **expected}
        return list(proposals(bottoms, found, **settings))[:tops]  # type: ignore[arg-type]

    return Case(
        "Proposal",
        f"proposal_param {{ {param} }}",
        [(1, 2 * count, 3, 4), (1, 4 * count, 3, 4), (1, 3)],
        [uniform, small, image(*size)],
        has_gradient=False,
        reference=reference,
        smaller=[(1, 2 * count, 2, 3), (1, 4 * count, 2, 3), (1, 3)],
        tops=tops,
    )


#: Anchors of the corners that the text has, in Vitis AI's way.
CORNERS = [(-7, -15, 24, 32), (-20, -4, 36, 20), (0, 0, 17, 17)]
VITIS = " ".join(
    f"anchor {{ left: {box[0]} top: {box[1]} right: {box[2]} bottom: {box[3]} }}" for box in CORNERS
)


def vitis(
    threshold: float = 0.6, looked_at: int = 6000, given: int = 300, least: Box = (0, 0)
) -> Callable[[list[np.ndarray], object], list[np.ndarray]]:
    """What Vitis AI's layer should give, box by box."""

    def reference(bottoms: list[np.ndarray], _: object) -> list[np.ndarray]:
        rows: list[tuple[float, ...]] = []
        for item, (scores, offsets, size) in enumerate(zip(*bottoms, strict=True)):
            found = []
            for y, x in np.ndindex(scores.shape[1:]):
                for a, corners in enumerate(CORNERS):
                    at = (x * 12, y * 8, x * 12, y * 8)
                    start = tuple(c + place - 1 for c, place in zip(corners, at, strict=True))
                    box = cut(moved(start, offsets[4 * a : 4 * a + 4, y, x]), *size[:2])
                    found.append((scores[3 + a, y, x], box))
            found = sorted(found, key=lambda row: -row[0])[:looked_at]
            kept: list[Box] = []
            for _, box in found:
                sides = box[2] - box[0], box[3] - box[1]
                wide = all(s > low * size[2] for s, low in zip(sides, least, strict=True))
                if wide and all(overlap(box, other, 0) < threshold for other in kept):
                    kept.append(box)
            rows += [(item, *box) for box in kept[:given]]
        return [np.array(rows or [(0, 0, 0, 1, 1)])]

    return reference


def vitis_case(param: str, **expected: object) -> Case:
    def sizes(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return np.array([[30, 50, 1], [60, 40, 1.5]])[: shape[0]]

    return Case(
        "Proposal",
        f"proposal_param {{ {VITIS} stride_h: 8 stride_w: 12 {param} }}",
        [(2, 6, 3, 4), (2, 12, 3, 4), (2, 3)],
        [uniform, small, sizes],
        has_gradient=False,
        reference=vitis(**expected),  # type: ignore[arg-type]
        name=f"Vitis AI {param}",
    )


CASES = [
    case("ratio: [0.5, 1, 2] scale: [8, 16, 32]", (170, 200, 1)),
    case("ratio: [0.5, 1, 2] scale: [8, 16, 32] base_size: 17 min_size: 30", (170, 200, 4), tops=2,
         least=30, base=17),
    case("ratio: 0.6 ratio: 1.4 scale: 2.5 feat_stride: 8 nms_thresh: 0.4 pre_nms_topn: 20 "
         "post_nms_topn: 6 min_size: 2", (30, 40, 1), tops=2, ratios=(np.float32(0.6),
         np.float32(1.4)), scales=(2.5,), stride=8, threshold=np.float32(0.4), looked_at=20,
         given=6, least=2),
    vitis_case("nms_iou_th: 0.6", threshold=np.float32(0.6)),
    vitis_case("nms_iou_th: 0.3 nms_input_num: 20 nms_output_num: 4 min_width: 8 min_height: 4",
               threshold=np.float32(0.3), looked_at=20, given=4, least=(8, 4)),
    vitis_case("nms_iou_th: 0.5 min_width: 99", threshold=0.5, least=(99, 0)),
]  # fmt: skip
