"""DetectionOutput in all its forms, against loops over single boxes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tests.layers.detections import CLASSES, PRIORS, Expected, prior_values, scores
from tests.layers.harness import Case, Maker

P = PRIORS


def small(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.normal(size=shape) * 0.7


def case(
    param: str,
    expected: object,
    *,
    sets: int = 1,
    more: Sequence[tuple[tuple[int, ...], Maker]] = (),
    priors: tuple[int, ...] = (1, 2, P * 4),
    name: str = "",
    tops: int = 1,
) -> Case:
    bottoms = [(2, P * 4 * sets), (2, P * CLASSES), priors, *[shape for shape, _ in more]]
    return Case(
        "DetectionOutput",
        f"detection_output_param {{ num_classes: {CLASSES} {param} }}",
        bottoms,
        [small, scores, prior_values, *[maker for _, maker in more]],
        has_gradient=False,
        reference=expected,  # type: ignore[arg-type]
        smaller=[s if s[0] == 1 else (1, *s[1:]) for s in bottoms],
        name=name or param,
        tops=tops,
    )


OBJECTNESS = ((2, P * 2), scores)
MOVES = ((2, P * 4), small)
LOGITS = ((2, P * CLASSES), small)
CASES = [
    case("", Expected()),
    case("confidence_threshold: 0.5 code_type: CENTER_SIZE nms_param { nms_threshold: 0.45 }",
         Expected(threshold=0.5, code="CENTER_SIZE", nms=np.float32(0.45))),
    case("code_type: CORNER_SIZE keep_top_k: 7", Expected(code="CORNER_SIZE", keep=7)),
    case("code_type: CENTER_SIZE nms_param { nms_threshold: 0.75 eta: 0.5 top_k: 6 }",
         Expected(code="CENTER_SIZE", nms=0.75, eta=0.5, top_k=6)),
    case("nms_threshold: 0.5 top_k: 5", Expected(nms=0.5, top_k=5), name="OpenCV's places"),
    case("share_location: false background_label_id: 2",
         Expected(shared=False, background=2), sets=CLASSES),
    case("share_location: false code_type: CENTER_SIZE background_label_id: -1 keep_top_k: 9",
         Expected(shared=False, code="CENTER_SIZE", background=-1, keep=9), sets=CLASSES),
    case("variance_encoded_in_target: true code_type: CENTER_SIZE",
         Expected(encoded=True, code="CENTER_SIZE")),
    case("variance_encoded_in_target: true", Expected(encoded=True), priors=(1, 1, P * 4),
         name="no variances"),
    case("confidence_threshold: 2", lambda b, p: [np.array([[[[0] + [-1] * 6, [1] + [-1] * 6]]])],
         name="nothing found"),
    case("objectness_score: 0.5 confidence_threshold: 0.1",
         Expected(objectness=0.5, threshold=np.float32(0.1)), more=[OBJECTNESS]),
    case("objectness_score: 0.5 code_type: CENTER_SIZE",
         Expected(objectness=0.5, code="CENTER_SIZE"), more=[OBJECTNESS, MOVES],
         name="first offsets"),
    case("visualize: true", lambda b, p: Expected()(b[:3]), more=[((2, 3, 5, 5), scores)],
         name="images"),
    case("output_logits: true confidence_threshold: 0.3", Expected(logits=True, threshold=0.3),
         more=[LOGITS], tops=2),
    case("output_logits: true objectness_score: 0.5 keep_top_k: 5 code_type: CENTER_SIZE",
         lambda b, p: Expected(logits=True, objectness=0.5, keep=5, code="CENTER_SIZE")(b),
         more=[OBJECTNESS, MOVES, LOGITS], tops=2, name="all bottoms"),
]  # fmt: skip
