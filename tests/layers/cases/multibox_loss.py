"""MultiBoxLoss in all its forms, against loops over single prior boxes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tests.layers.detections import prior_values, scores
from tests.layers.harness import Case, normal
from tests.layers.multibox import CLASSES, PRIORS, Loss, true_rows

P = PRIORS


def small(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.normal(size=shape) * 0.4


def case(param: str, expected: Loss, *, more: Sequence[int] = (), name: str = "",
         loss_param: str = "") -> Case:  # fmt: skip
    sets, classes = 1 if expected.shared else CLASSES, expected.classes
    items = 3
    bottoms = [
        (items, P * 4 * sets), (items, P * classes), (1, 2, P * 4), (1, 1, 6, 8),
        *[(items, P * width) for width in more],
    ]  # fmt: skip
    return Case(
        "MultiBoxLoss",
        f"multibox_loss_param {{ num_classes: {classes} {param} }} {loss_param}",
        bottoms,
        [small, normal, prior_values, true_rows, scores, small],
        gradients=[True, True, *[False] * (2 + len(more))],
        loss=True,
        reference=expected,  # type: ignore[arg-type]
        smaller=[s if s[0] == 1 else (1, *s[1:]) for s in bottoms],
        name=name or param or loss_param,
    )


CENTER = "code_type: CENTER_SIZE"
CASES = [
    case("", Loss()),
    case(f"{CENTER} loc_weight: 2 neg_pos_ratio: 1.5 overlap_threshold: 0.35",
         Loss(code="CENTER_SIZE", loc_weight=2, ratio=1.5, threshold=np.float32(0.35))),
    case("code_type: CORNER_SIZE loc_loss_type: L2 match_type: BIPARTITE",
         Loss(code="CORNER_SIZE", l2=True, bipartite=True)),
    case("conf_loss_type: LOGISTIC use_difficult_gt: false neg_overlap: 0.2",
         Loss(logistic=True, difficult=False, neg_overlap=np.float32(0.2))),
    case(f"{CENTER} encode_variance_in_target: true", Loss(code="CENTER_SIZE", encoded=True)),
    case("use_prior_for_matching: false", Loss(by_prediction=True)),
    case("mining_type: NONE", Loss(mining="NONE")),
    case("do_neg_mining: false conf_loss_type: LOGISTIC", Loss(mining="NONE", logistic=True)),
    case("mining_type: NONE share_location: false", Loss(mining="NONE", shared=False)),
    case("mining_type: NONE share_location: false use_prior_for_matching: false "
         "conf_loss_type: LOGISTIC",
         Loss(mining="NONE", shared=False, by_prediction=True, logistic=True)),
    case("mining_type: HARD_EXAMPLE sample_size: 5", Loss(mining="HARD_EXAMPLE", samples=5)),
    case(f"mining_type: HARD_EXAMPLE sample_size: 8 {CENTER} loc_loss_type: L2",
         Loss(mining="HARD_EXAMPLE", samples=8, code="CENTER_SIZE", l2=True), name="hard, L2"),
    case("nms_param { nms_threshold: 0.25 top_k: 6 } use_prior_for_nms: true",
         Loss(nms=0.25, top_k=6, nms_by_prior=True)),
    case("nms_param { nms_threshold: 0.5 }", Loss(nms=0.5)),
    case("ignore_cross_boundary_bbox: true", Loss(inside_only=True)),
    case(f"bp_inside: true {CENTER}", Loss(bp_inside=True, code="CENTER_SIZE")),
    case("bp_inside: true use_prior_for_matching: false",
         Loss(bp_inside=True, by_prediction=True)),
    case("map_object_to_agnostic: true", Loss(agnostic=True, classes=2)),
    case("objectness_score: 0.5", Loss(objectness=0.5), more=[2]),
    case(f"objectness_score: 0.5 {CENTER}", Loss(objectness=0.5, code="CENTER_SIZE"),
         more=[2, 4], name="first offsets"),
    *(case("", Loss(normalizer=mode), loss_param=f"loss_param {{ normalization: {mode} }}")
      for mode in ("FULL", "BATCH_SIZE", "NONE")),
    case("", Loss(normalizer="BATCH_SIZE"), loss_param="loss_param { normalize: false }"),
]  # fmt: skip
