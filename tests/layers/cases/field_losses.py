"""The losses and accuracies of MS-CNN's and Cascade R-CNN's maps where nothing has to be drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tests.layers.cascade_boxes import small
from tests.layers.cases.cascade import MEAN, NORMALIZED, STD
from tests.layers.field_losses import FieldAccuracy, FieldLoss, label_map
from tests.layers.harness import Case, normal

FIELDS, STRIDE = [(24, 16), (16, 32)], 8
ONE = FIELDS[:1]
CLASSES = 3


def shapes(fields: Sequence[tuple[int, int]], classes: int, *, mscnn: bool) -> list[
    tuple[int, ...]
]:  # fmt: skip
    items, places = 2 * len(fields), (3, 4)
    if mscnn:
        return [(items, classes + 4, *places), (items, 6, *places)]
    return [(items, width, *places) for width in (classes, 4, 6)]


def listed(fields: Sequence[tuple[int, int]]) -> str:
    return " ".join(f"field_w: {w} field_h: {h}" for w, h in fields)


def loss(param: str, *, mscnn: bool = False, more: str = "", **settings: object) -> Case:
    classes = int(settings.get("classes", CLASSES))  # type: ignore[call-overload]
    fields = ONE if mscnn else FIELDS
    kind, stride = ("", "downsample_rate") if mscnn else ("_group", "stride")
    bottoms = shapes(fields, classes, mscnn=mscnn)
    labels = label_map(CLASSES, fields, STRIDE)
    return Case(
        "DetectionLoss" if mscnn else "DetectionGroupLoss",
        f"detection{kind}_loss_param {{ cls_num: {classes} {listed(fields)} {stride}: {STRIDE} "
        f"{param} }} {more}",
        bottoms,
        [small if mscnn else normal, labels] if mscnn else [normal, small, labels],  # type: ignore[list-item]
        gradients=[True] * (len(bottoms) - 1) + [False],
        loss=True,
        shown_only=1,
        deterministic=False,
        reference=FieldLoss(fields, STRIDE, mscnn=mscnn, **settings),  # type: ignore[arg-type]
        smaller=[(shape[0] // 2, *shape[1:]) for shape in bottoms],
        name=f"{param} {more}",
    )


def accuracy(param: str, *, mscnn: bool = False, more: str = "", **settings: object) -> Case:
    classes = int(settings.get("classes", CLASSES))  # type: ignore[call-overload]
    fields = ONE if mscnn else FIELDS
    kind, stride = ("", "downsample_rate") if mscnn else ("_group", "stride")
    bottoms = shapes(fields, classes, mscnn=mscnn)
    labels = label_map(CLASSES, fields, STRIDE)
    return Case(
        "DetectionAccuracy" if mscnn else "DetectionGroupAccuracy",
        f"detection{kind}_accuracy_param {{ cls_num: {classes} {listed(fields)} {stride}: {STRIDE} "
        f"{param} }} {more}",
        bottoms,
        [small, labels] if mscnn else [normal, small, labels],  # type: ignore[list-item]
        tops=2,
        has_gradient=False,
        reference=FieldAccuracy(fields, STRIDE, mscnn=mscnn, **settings),  # type: ignore[arg-type]
        smaller=[(shape[0] // 2, *shape[1:]) for shape in bottoms],
        name=f"{param} {more}",
    )


REG = f"bbox_reg_param {{ {NORMALIZED} }}"
IGNORE = "loss_param { ignore_label: 2 }"
_FIRST = loss('sample_mode: "all" field_xyr: 0.25 field_whr: 8', mscnn=True, mining="all",
              bounds=(0.25, 8))  # fmt: skip

CASES = [
    replace(_FIRST, type="Detection", name="of the first version"),
    loss("lambda: 0.5", factor=0.5),
    loss("bg_multiple: 1 bg_threshold: 0.25 neg_mining_type: \"bootstrap\"",
         multiple=1, threshold=0.25, mining="bootstrap"),
    loss('neg_mining_type: "bootstrap" neg_ranking_type: "conf_prob" bg_multiple: 0 '
         "min_num_neg: 3", multiple=0, least=3, mining="bootstrap"),
    loss('neg_mining_type: "bootstrap" batch_size: 14 bg_multiple: 0',
         multiple=0, batch=14, mining="bootstrap"),
    loss('objectness: true pos_neg_weighted: true bbox_loss_type: "Euclidean_L2"',
         classes=2, objectness=True, weighted=True, squared=True),
    loss("field_xyr: 0.25 field_whr: 8", more=REG, bounds=(0.25, 8), mean=MEAN, std=STD),
    loss("field_xyr: 0.25", more=f"{REG} {IGNORE}", mean=MEAN, std=STD, ignored=2),
    loss('sample_mode: "all" lambda: 2 field_xyr: 0.25 field_whr: 8', mscnn=True, mining="all",
         factor=2, bounds=(0.25, 8)),
    loss('sample_mode: "bootstrap" bg_multiple: 1 field_xyr: 0.5 field_whr: 8', mscnn=True,
         mining="bootstrap", multiple=1, bounds=(0.5, 8), more=REG, mean=MEAN, std=STD),
    loss('sample_mode: "bootstrap" objectness: true pos_neg_weighted: true bb_smooth: false '
         "field_xyr: 0.25 field_whr: 8", mscnn=True, mining="bootstrap", classes=2,
         objectness=True, weighted=True, squared=True, bounds=(0.25, 8)),
    loss('sample_mode: "all" iou_weighted: true pos_neg_weighted: true field_xyr: 0.25 '
         "field_whr: 8", mscnn=True, mining="all", by_overlap=True, weighted=True,
         bounds=(0.25, 8), more=IGNORE, ignored=2),
    accuracy(""),
    accuracy("field_xyr: 1 field_whr: 4 bg_threshold: 0.25", threshold=0.25, xyr=1, whr=4,
             more=REG, mean=MEAN, std=STD),
    accuracy("objectness: true", classes=2, objectness=True),
    accuracy("bg_threshold: 2", more=IGNORE, threshold=2, ignored=2),
    accuracy("", mscnn=True),
    accuracy("top_k: 2 field_xyr: 1", mscnn=True, best=2, xyr=1, more=REG, mean=MEAN, std=STD),
    accuracy("objectness: true", mscnn=True, classes=2, objectness=True, more=IGNORE, ignored=2),
]  # fmt: skip
