"""The layers of makefile's frcnn against loops over single boxes, and whose settings they have."""

from __future__ import annotations

import numpy as np

from tests.layers.cases.anchor_target_layer import shared
from tests.layers.harness import Case, normal
from tests.layers.rpn import (
    anchor_targets,
    anchors,
    image,
    near,
    proposals,
    region_targets,
    small,
    true_boxes,
    uniform,
)


def proposed(bottoms: list[np.ndarray], stride: int, **numbers: int) -> list[np.ndarray]:
    rois, scores = proposals(bottoms, anchors(), stride, **numbers)  # type: ignore[arg-type]
    return [rois[:, :, None, None], scores[:, None, None, None]]


def targets(bottoms: list[np.ndarray], classes: int, size: int) -> list[np.ndarray]:
    """Objects, background, and the background in turn until there are ``size`` rows; four axes."""
    tops = region_targets(bottoms, classes, least=0.0, normalise=shared)
    objects = int((tops[1] > 0).sum())
    rest = np.arange(objects, len(tops[1]))
    rows = np.concatenate([np.arange(objects), np.resize(rest, size - objects)])
    return [top.reshape(len(top), -1)[rows][:, :, None, None] for top in tops]


MAPS = [(1, 18, 3, 4), (1, 36, 3, 4), (1, 3)]

CASES = [
    Case("FrcnnProposal", "", MAPS, [uniform, small, image(170, 200)], has_gradient=False,
         phase="TEST", tops=2, smaller=[(1, 18, 2, 3), (1, 36, 2, 3), (1, 3)], name="of VOC",
         reference=lambda b, _: proposed(b, 16, looked_at=6000, given=300)),
    Case("FrcnnProposal", 'proposal_param { feat_stride: 8 } python_param { param_str: '
         '"{feat_stride: 16, RPN_POST_NMS_TOP_N: 5}" }', MAPS, [uniform, small, image(170, 200)],
         has_gradient=False, tops=2, smaller=[(1, 18, 2, 3), (1, 36, 2, 3), (1, 3)],
         reference=lambda b, _: proposed(b, 8, given=5), name="its own stride"),
    Case("FrcnnAnchorTarget", 'python_param { param_str: "{feat_stride: 16, scales: [2, 3]}" }',
         [(1, 12, 6, 7), (4, 5, 1, 1), (1, 3)], [normal, true_boxes, image(130, 160)],
         has_gradient=False, deterministic=False, tops=4,
         smaller=[(1, 12, 3, 4), (2, 5, 1, 1), (1, 3)],
         reference=lambda b, _: anchor_targets([b[0], b[1].reshape(-1, 5), b[2]],
                                               anchors(scales=(2, 3)))),
    Case("FrcnnProposalTarget", 'python_param { param_str: "{num_classes: 4, BATCH_SIZE: 24}" }',
         [(20, 5, 1, 1), (4, 5, 1, 1)], [near, true_boxes], has_gradient=False, tops=5,
         deterministic=False, smaller=[(3, 5, 1, 1), (2, 5, 1, 1)]),
]  # fmt: skip
