"""ProposalTarget where nothing has to be drawn; test_proposal_target.py has the rest."""

from __future__ import annotations

from tests.layers.cases.cascade import MEAN, NORMALIZED, STD
from tests.layers.harness import Case
from tests.layers.proposal_targets import IMAGES, Targets, proposals, true_boxes


def case(param: str, expected: Targets, *, reg: str = "") -> Case:
    return Case(
        "ProposalTarget",
        f"proposal_target_param {{ cls_num: {expected.classes} num_img_per_batch: {IMAGES} "
        f"batch_size: {expected.batch} {param} }} bbox_reg_param {{ {reg} }}",
        [(20, 5, 1, 1), (6, 8)],
        [proposals, true_boxes],
        tops=expected.tops,
        has_gradient=False,
        deterministic=False,
        reference=expected,  # type: ignore[arg-type]
        smaller=[(7, 5, 1, 1), (2, 8)],
        name=f"{expected.batch} {param} {reg}",
    )


CASES = [
    case("", Targets()),
    case("", Targets(mean=MEAN, std=STD, tops=7), reg=NORMALIZED),
    case("iou_weighted: true fg_thr: 0.625 fg_fraction: 0.5",
         Targets(weighted=True, fg=0.625, fraction=0.5, tops=7)),
    case("append_gtbox: false bbox_thr_lw: 0.5 bbox_thr_hg: 0.625",
         Targets(append=False, least=0.5, most=0.625), reg="cls_aware: true"),
    case("bg_thr_lw: 0 bg_thr_hg: 0.25", Targets(low=0, high=0.25, aware=False),
         reg="cls_aware: false"),
    case("fg_fraction: 1 bg_thr_lw: 0.375", Targets(batch=24, fraction=1, low=0.375)),
    case("fg_fraction: 1 pickup_discard: false bg_thr_lw: 0.375",
         Targets(batch=24, fraction=1, pick=False, low=0.375)),
]  # fmt: skip
