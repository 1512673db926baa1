"""Cascade R-CNN's boxes in all their forms, against loops over single boxes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tests.layers.cascade_boxes import (
    Detections,
    Groups,
    Maps,
    box_rows,
    fit_of_boxes,
    moved,
    probabilities,
    sides,
    small,
    some_boxes,
)
from tests.layers.harness import Case, Maker

NORMALIZED = "bbox_mean: [0.1, -0.2, 0, 0.1] bbox_std: [0.5, 0.5, 0.25, 0.25]"
MEAN = np.float64(np.float32([0.1, -0.2, 0, 0.1]))
STD = np.array([0.5, 0.5, 0.25, 0.25])

TWO_FIELDS = (8, [(24, 16), (16, 32)])
ONE_FIELD = (16, [(40, 40)])


def groups(param: str, expected: Groups, *, reg: str = "", name: str = "") -> Case:
    text, shapes, makers = "", [], []
    for index, (stride, fields) in enumerate(expected.groups):
        listed = " ".join(f"field_w: {w} field_h: {h}" for w, h in fields)
        text += f"box_group_param {{ stride: {stride} {listed} }} "
        places = (4 // (index + 1), 5 // (index + 1))
        shapes += [(2 * len(fields), 2, *places), (2 * len(fields), 4, *places)]
        makers += [probabilities, lambda rng, shape: rng.normal(size=shape)]
    return Case(
        "BoxGroupOutput",
        f"box_group_output_param {{ {text} {param} }} bbox_reg_param {{ {reg} }}",
        shapes,
        makers,
        has_gradient=False,
        tops=expected.tops,
        reference=expected,  # type: ignore[arg-type]
        smaller=[(shape[0] // 2, *shape[1:]) for shape in shapes],
        name=name or param,
    )


def maps(param: str, expected: Maps, *, reg: str = "", name: str = "") -> Case:
    text, shapes = "", []
    for index, (stride, fields) in enumerate(expected.groups):
        text += f"downsample_rate: {stride} field_w: {fields[0][0]} field_h: {fields[0][1]} "
        shapes.append((2, 7, 4 // (index + 1), 5 // (index + 1)))
    return Case(
        "BoxOutput",
        f"box_output_param {{ {text} {param} }} bbox_reg_param {{ {reg} }}",
        shapes,
        lambda rng, shape: rng.normal(size=shape),
        has_gradient=False,
        tops=expected.tops,
        reference=expected,  # type: ignore[arg-type]
        smaller=[(1, *shape[1:]) for shape in shapes],
        name=name or param,
    )


def frcnn(param: str, expected: Detections, *, reg: str = "", prior: int = 5) -> Case:
    sets = 4 if expected.aware else 2
    return Case(
        "FrcnnOutput",
        f"frcnn_output_param {{ {param} }} bbox_reg_param {{ {reg} }}",
        [(9, 4), (9, 4 * sets), (9, prior, 1, 1), (1, 2)],
        [probabilities, small, box_rows, lambda rng, shape: np.array([[70.0, 80.0]])],
        has_gradient=False,
        reference=expected,  # type: ignore[arg-type]
        smaller=[(3, 4), (3, 4 * sets), (3, prior), (1, 2)],
        name=f"{param} {reg}",
    )


def matched(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Rows of label, true box and overlap, some of them background or better than counts."""
    rows = np.zeros(shape[:2])
    rows[:, 0] = np.arange(len(rows)) % 4
    rows[:, 1:5] = some_boxes(rng, len(rows))
    rows[:, 5] = rng.uniform(0.5, 0.9, len(rows))
    rows[5, 5] = 0.98
    return rows.reshape(shape)


def kept_boxes(third: bool, train: bool = True) -> object:
    """What DecodeBBox should give of boxes whose width the offsets make negative."""

    def reference(bottoms: list[np.ndarray], _: object) -> list[np.ndarray]:
        rows = []
        for index, (offsets, start) in enumerate(zip(*bottoms[:2], strict=True)):
            box = moved(start[1:5], offsets.reshape(-1)[4:] * STD + MEAN)
            good = not third or bottoms[2].reshape(len(bottoms[2]), -1)[index, -1] < np.float32(0.8)
            if not train or (box[0] <= box[2] and box[1] <= box[3] and good):
                rows.append([start[0], *box])
        return [np.array(rows)[:, :, None, None]]

    return reference


def flat_offsets(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Some make boxes of less than a pixel."""
    values = small(rng, shape)
    values[2, 6] = values[6, 7] = -40
    return values


def decode(third: bool, phase: str = "TRAIN") -> Case:
    shapes: list[tuple[int, ...]] = [(8, 8), (8, 5), (8, 6, 1, 1)]
    makers: list[Maker] = [flat_offsets, box_rows, matched]
    return Case(
        "DecodeBBox",
        f"bbox_reg_param {{ {NORMALIZED} }} decode_bbox_param {{ gt_iou_thr: 0.8 }}",
        shapes[: 2 + third],
        makers[: 2 + third],
        phase=phase,
        has_gradient=False,
        reference=kept_boxes(third, phase == "TRAIN"),  # type: ignore[arg-type]
        smaller=[(3, *shape[1:]) for shape in shapes[: 2 + third]],
        name=f"{phase}{' with true boxes' if third else ''}",
    )


def accuracy(sets: int, reg: str, **settings: object) -> Case:
    return Case(
        "BboxAccuracy",
        f"bbox_reg_param {{ {reg} }}",
        [(11, 4 * sets, 1, 1), (11, 5), (11, 6)],
        [small, box_rows, matched],
        tops=2,
        has_gradient=False,
        reference=lambda b, _: fit_of_boxes(*b, **settings),  # type: ignore[arg-type]
        smaller=[(6, 4 * sets, 1, 1), (6, 5), (6, 6)],
        name=reg,
    )


def routed(low: float, high: float, nearest: int | None = None) -> object:
    """What ScaleRoute should give."""

    def reference(bottoms: list[np.ndarray], _: object) -> list[np.ndarray]:
        scales = [np.sqrt(np.prod(sides(row[1:5]))) for row in bottoms[0]]
        chosen = [i for i, scale in enumerate(scales) if low <= scale < high]
        if not chosen and nearest is not None:
            chosen = [int(np.argmin(np.abs(np.log(np.array(scales) / nearest))))]
        return [bottom[chosen] for bottom in bottoms]

    return reference


def route(param: str, expected: object, extra: Sequence[int] = (3,)) -> Case:
    return Case(
        "ScaleRoute",
        f"scale_route_param {{ {param} }}",
        [(8, 5), (8, *extra)],
        [box_rows, small],
        tops=2,
        has_gradient=False,
        reference=expected,  # type: ignore[arg-type]
        smaller=[(2, 5), (2, *extra)],
        name=param,
    )


def hardest(images: int, each: int) -> object:
    """What HardMining should give."""

    def reference(bottoms: list[np.ndarray], _: object) -> list[np.ndarray]:
        scores, of = bottoms[0].reshape(-1), bottoms[1][:, 0]
        order = sorted(range(len(scores)), key=lambda i: -scores[i])
        kept: list[int] = []
        for image in range(images):
            kept += [i for i in order if of[i] == image][:each]
        rest = [i for i in order if i not in kept]
        kept += rest[: min(len(scores), images * each) - len(kept)]
        return [bottom[sorted(kept)] for bottom in bottoms[1:]]

    return reference


def rows_of_images(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Boxes of which most are of image 0."""
    rows = box_rows(rng, shape)
    rows[-3:, 0] = 1
    return rows


def mined(images: int, each: int) -> Case:
    return Case(
        "HardMining",
        f"hard_mining_param {{ num_image: {images} num_roi_per_image: {each} }}",
        [(9, 1, 1, 1), (9, 5), (9, 2, 3)],
        [small, rows_of_images, small],
        tops=2,
        has_gradient=False,
        reference=hardest(images, each),  # type: ignore[arg-type]
        smaller=[(4, 1, 1, 1), (4, 5), (4, 2, 3)],
        name=f"{images} images, {each} each",
    )


CASES = [
    mined(2, 2),
    mined(2, 4),
    mined(3, 2),
    mined(2, 50),
    groups("", Groups([TWO_FIELDS])),
    groups("fg_thr: 0.5 iou_thr: 0.3 min_size: 20",
           Groups([TWO_FIELDS, ONE_FIELD], fg=0.5, iou=np.float32(0.3), least=20, tops=2)),
    groups('nms_type: "IOMU" max_nms_num: 20 field_xyr: 1 field_whr: 4',
           Groups([TWO_FIELDS], mode="IOMU", most=20, xyr=1, whr=4)),
    groups('nms_type: "IOFU" max_post_nms_num: 3', Groups([ONE_FIELD], mode="IOFU", left=3)),
    groups("", Groups([TWO_FIELDS], mean=MEAN, std=STD), reg=NORMALIZED, name="normalized"),
    groups("fg_thr: 2", Groups([TWO_FIELDS], fg=2, tops=2), name="nothing found"),
    maps("", Maps([ONE_FIELD])),
    maps("fg_thr: -1 iou_thr: 0.3 min_size: 20",
         Maps([(8, [(24, 16)]), ONE_FIELD], fg=-1, iou=np.float32(0.3), least=20, tops=2)),
    maps('nms_type: "IOMU" max_nms_num: 9 field_xyr: 1 field_whr: 4',
         Maps([(8, [(24, 16)])], mode="IOMU", most=9, xyr=1, whr=4)),
    maps('nms_type: "IOFU" max_post_nms_num: 2', Maps([(8, [(24, 24)])], mode="IOFU", left=2)),
    maps("", Maps([(8, [(24, 24)])], mean=MEAN, std=STD), reg=NORMALIZED, name="normalized"),
    maps("fg_thr: 9", Maps([(8, [(24, 24)])], fg=9, tops=2), name="nothing found"),
    frcnn("", Detections()),
    frcnn("conf_thr: 0.2 iou_thr: 0.3 max_det_num: 5",
          Detections(conf=np.float32(0.2), iou=np.float32(0.3), most=5)),
    frcnn('nms_type: "IOMU"', Detections(mode="IOMU", mean=MEAN, std=STD), reg=NORMALIZED),
    frcnn("", Detections(aware=False), reg="cls_aware: false", prior=6),
    frcnn("conf_thr: 2", Detections(conf=2)),
    decode(third=False),
    decode(third=True),
    decode(third=False, phase="TEST"),
    accuracy(4, "cls_aware: true"),
    accuracy(4, NORMALIZED, mean=MEAN, std=STD),
    accuracy(2, "cls_aware: false", aware=False),
    route("", routed(0, np.inf)),
    route("low_scale: 24", routed(24, np.inf), (2, 3, 1)),
    route("high_scale: 20 low_scale: 15", routed(15, 20)),
    route("high_scale: 3", routed(0, 3, nearest=3), ()),
    route("low_scale: 12 high_scale: 12", routed(12, 12, nearest=12)),
]  # fmt: skip
