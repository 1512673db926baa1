"""ProposalTargetLayer against loops over single regions, too few for any to be drawn."""

from __future__ import annotations

from tests.layers.cases.anchor_target_layer import shared
from tests.layers.harness import Case
from tests.layers.rpn import near, python, region_targets, true_boxes


def case(
    text: str, classes: int, regions: int = 20, axes: tuple[int, ...] = (), **expected: object
) -> Case:
    """A layer with this ``param_str``; the others say what the loops are to do."""
    return Case(
        "ProposalTargetLayer",
        python(text, "ProposalTargetLayer", "rpn.proposal_target_layer"),
        [(regions, 5, *axes), (4, 5, *axes)],
        [near, true_boxes],
        has_gradient=False,
        deterministic=False,
        reference=lambda b, _: region_targets(b, classes, **expected),  # type: ignore[arg-type]
        smaller=[(3, 5, *axes), (2, 5, *axes)],
        tops=5,
        name=text,
    )


CASES = [
    case("'num_classes': 4", 4),
    case("'num_classes': 4 ", 4, axes=(1, 1)),
    case("'num_classes': 2", 2),
    case("{num_classes: 5, BATCH_SIZE: -1, FG_THRESH: 0.3, BG_THRESH_HI: 0.2, BG_THRESH_LO: 0}", 5,
         regions=200, foreground=0.3, below=0.2, least=0),
    case("{num_classes: 4, BBOX_NORMALIZE_TARGETS_PRECOMPUTED: true, BBOX_INSIDE_WEIGHTS: "
         "[1, 2, 0, 3]}", 4, weights=(1, 2, 0, 3), normalise=shared),
]  # fmt: skip
