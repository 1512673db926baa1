"""ProposalLayer against loops over single boxes."""

from __future__ import annotations

import numpy as np

from tests.layers.harness import Case
from tests.layers.rpn import anchors, image, proposals, python, small, uniform


def case(
    text: str, size: tuple[float, float, float], count: int = 9, tops: int = 1, phase: str = "TEST",
    **expected: object,
) -> Case:  # fmt: skip
    """A layer with this ``param_str``; the others say what the loops are to do."""
    names = {key: expected.pop(key) for key in ("ratios", "scales") if key in expected}

    def reference(bottoms: list[np.ndarray], _: object) -> list[np.ndarray]:
        rois, scores = proposals(bottoms, anchors(**names), **expected)  # type: ignore[arg-type]
        return [rois, scores[:, None]][:tops]

    return Case(
        "ProposalLayer",
        python(text, "ProposalLayer", "rpn.proposal_layer"),
        [(1, 2 * count, 3, 4), (1, 4 * count, 3, 4), (1, 3)],
        [uniform, small, image(*size)],
        has_gradient=False,
        reference=reference,
        smaller=[(1, 2 * count, 2, 3), (1, 4 * count, 2, 3), (1, 3)],
        tops=tops,
        phase=phase,
        name=f"{phase} {text}",
    )  # fmt: skip


CASES = [
    case("'feat_stride': 16", (170, 200, 1)),
    case("'feat_stride': 16 ", (170, 200, 4), tops=2),
    case("'feat_stride': 16", (90, 120, 1), phase="TRAIN"),
    case(r"'feat_stride': 8\n'scales': !!python/tuple [1, 2, 3, 5]", (40, 60, 0.4), 12,
         stride=8, scales=(1, 2, 3, 5)),
    case("{'feat_stride': 16, 'ratios': [0.333, 0.5, 0.667, 1.5], 'scales': [2, 3], 'num_classes': "
         "21}", (60, 80, 1), 8, tops=2, ratios=(0.333, 0.5, 0.667, 1.5), scales=(2, 3)),
    case("{feat_stride: 16, RPN_PRE_NMS_TOP_N: 40, RPN_POST_NMS_TOP_N: 7, RPN_NMS_THRESH: 0.5, "
         "RPN_MIN_SIZE: 0}", (60, 80, 1), looked_at=40, given=7, threshold=0.5, least=0),
    case("{feat_stride: 16, RPN_PRE_NMS_TOP_N: 0, RPN_POST_NMS_TOP_N: -1, RPN_NMS_THRESH: 0.1}",
         (300, 300, 1), threshold=0.1),
]  # fmt: skip
