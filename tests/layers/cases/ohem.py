"""Online hard example mining: losses of single items, and the choice of the hardest regions."""

from __future__ import annotations

import math

import numpy as np

from tests.layers.cases.smooth_l1_loss import wide, zeros
from tests.layers.cases.softmax import softmax
from tests.layers.harness import Case, distinct, labels, normal, positive

Arrays = list[np.ndarray]

IMAGES = np.array([0, 1, 0, 0, 3, 1, 0], float)


def rois(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    boxes = rng.normal(size=shape)
    boxes[:, 0] = IMAGES.reshape(-1, *[1] * (len(shape) - 2))
    return boxes


def hardest(kept: int, ignore: int = -1):  # type: ignore[no-untyped-def]
    """The losses of each image sorted, then each region compared with the last one kept."""

    def reference(bottoms: Arrays, _: Arrays) -> Arrays:
        regions, losses, wanted, weights = bottoms
        spots = math.prod(regions.shape[2:])
        image = regions.reshape(len(regions), 5, spots)[:, 0]
        losses, wanted = losses.reshape(image.shape), wanted.reshape(image.shape)
        chosen = np.full(image.shape, float(ignore))
        left = np.zeros((len(regions), weights.shape[1], spots))
        for r, s in np.ndindex(image.shape):
            harder = [
                at
                for at in np.ndindex(image.shape)
                if image[at] == image[r, s] and losses[at] > losses[r, s]
            ]
            if len(harder) < kept:
                chosen[r, s] = wanted[r, s]
                left[r, :, s] = weights.reshape(left.shape)[r, :, s]
        tall = (*regions.shape[2:], 1, 1)[:2]
        return [chosen.reshape(-1, 1, *tall), left.reshape(*weights.shape[:2], *tall)]

    return reference  # fmt: skip


def annotator(param: str, kept: int, tail: tuple[int, ...] = (), ignore: int = -1) -> Case:
    return Case(
        "BoxAnnotatorOHEM", f"box_annotator_ohem_param {{ {param} }}",
        [(7, 5, *tail), (7, 1, *tail), (7, 1, *tail), (7, 8, *tail)],
        [rois, distinct, labels(4), normal], has_gradient=False, tops=2,
        reference=hardest(kept, ignore), name=f"{param}{tail}",
    )  # fmt: skip


def smooth(divide: float, second: bool = False):  # type: ignore[no-untyped-def]
    def reference(bottoms: Arrays, _: Arrays) -> Arrays:
        a, b, *weights = bottoms
        items = np.zeros((a.shape[0], 1, *(*a.shape[2:], 1, 1)[:2]))
        for at in np.ndindex(a.shape):
            x = (a[at] - b[at]) * (weights[0][at] if weights else 1)
            place = (at[0], 0, *(*at[2:], 0, 0)[:2])
            items[place] += x * x / 2 if abs(x) < 1 else abs(x) - 0.5
        return [np.array(items.sum() / divide), items][: 1 + second]

    return reference


def boxes(shape: tuple[int, ...], divide: float, mode: str = "", **more: object) -> Case:
    param = f"loss_param {{ {mode} }}" if mode else ""
    return Case(
        "SmoothL1LossOHEM",
        param,
        [shape] * 2,
        [wide, zeros],
        loss=True,
        reference=smooth(divide),
        name=f"{shape}{mode}",
        **more,
    )  # type: ignore[arg-type]


def each_loss(ignore: int | None):  # type: ignore[no-untyped-def]
    def reference(bottoms: Arrays, _: Arrays) -> Arrays:
        prob = softmax(bottoms[0], 1)
        losses = np.zeros(bottoms[1].shape)
        counted = 0
        for at in np.ndindex(losses.shape):
            label = int(bottoms[1][at])
            if label != ignore:
                losses[at] = -math.log(prob[(at[0], label, *at[1:])])
                counted += 1
        return [np.array(losses.sum() / counted), prob, losses]

    return reference


def mined(batch: int, nms: float | None, boxes: bool):  # type: ignore[no-untyped-def]
    """abhi2610's OHEMDataLayer, a region at a time."""

    def reference(bottoms: Arrays, _: Arrays) -> Arrays:
        prob, offsets, regions, wanted, *more = bottoms
        losses = []
        for r, label in enumerate(wanted.astype(int)):
            loss = -math.log(max(prob[r, label], 2.0**-52))
            for k in range(offsets.shape[1] if boxes and label else 0):
                x = more[1][r, k] * (offsets[r, k] - more[0][r, k])
                loss += more[2][r, k] * (x * x / 2 if abs(x) < 1 else abs(x) - 0.5)
            losses.append(loss)
        kept: list[int] = []
        for r in sorted(range(len(losses)), key=lambda r: -losses[r]):
            same = [s for s in kept if (regions[s, 0], wanted[s]) == (regions[r, 0], wanted[r])]
            if nms is None or all(shared(regions[r, 1:], regions[s, 1:]) <= nms for s in same):
                kept.append(r)
        return [values[kept[:batch]] for values in (regions, wanted, *more)]

    return reference


def shared(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of boxes in pixels, the last one being part of them."""
    sides = [min(a[2 + k], b[2 + k]) - max(a[k], b[k]) + 1 for k in (0, 1)]
    if min(sides) <= 0:
        return 0
    both = sides[0] * sides[1]
    areas = [(box[2] - box[0] + 1) * (box[3] - box[1] + 1) for box in (a, b)]
    return float(both / (sum(areas) - both))


def in_images(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    low = rng.integers(0, 6, (shape[0], 2))
    return np.column_stack([np.arange(shape[0]) % 2, low, low + rng.integers(5, 9, low.shape)])


def mining(batch: int, nms: float | None, boxes: bool) -> Case:
    text = f"{{num_classes: 3, BATCH_SIZE: {batch}, "
    text += "OHEM_USE_NMS: false}" if nms is None else f"OHEM_NMS_THRESH: {nms}}}"
    shapes = [(20, 3), (20, 12), (20, 5), (20,), *[(20, 12)] * 3]
    values = [
        positive,
        normal,
        in_images,
        labels(3),
        normal,
        lambda rng, shape: rng.choice([0.0, 1, 2], shape),
        positive,
    ]
    count = 7 if boxes else 4
    return Case(
        "OHEMDataLayer",
        f'python_param {{ module: "roi_data_layer.layer" param_str: "{text}" }}',
        shapes[:count], values[:count], tops=count - 2, has_gradient=False,
        reference=mined(batch, nms, boxes), name=text + ("boxes" if boxes else ""),
    )  # fmt: skip


FIXED = "loss_param { normalization: PRE_FIXED pre_fixed_normalizer: 32 }"
CASES = [
    mining(6, 0.3, True),
    mining(6, 0.5, False),
    mining(9, None, True),
    mining(100, 0.2, True),
    annotator("roi_per_img: 2", 2),
    annotator("roi_per_img: 1 ignore_label: 255", 1, (1, 1), 255),
    annotator("roi_per_img: 4", 4, (2, 3)),
    annotator("roi_per_img: 100", 100),
    boxes((5, 8), 5),
    boxes((5, 7, 1, 1), 5),
    boxes((2, 3, 4, 5), 40),
    boxes((2, 3, 4, 5), 2, "normalization: BATCH_SIZE"),
    boxes((5, 8), 128, "normalization: PRE_FIXED pre_fixed_normalizer: 128"),
    boxes((5, 8), 1, "normalization: PRE_FIXED pre_fixed_normalizer: 0.25"),
    boxes((5, 8), 1, "normalization: NONE"),
    Case("SmoothL1LossOHEM", "", [(5, 8)] * 3,
         [wide, zeros, lambda rng, shape: rng.choice([0, 0.5, 2], shape)],
         gradients=[True, True, False], loss=True, reference=smooth(5), name="weights"),
    Case("SmoothL1LossOHEM", "", [(5, 8, 2)] * 3, [wide, zeros, normal], tops=2,
         has_gradient=False, reference=smooth(10, second=True), name="two tops"),
    Case("SoftmaxWithLossOHEM", "", [(4, 5), (4,)], [normal, labels(5)], gradients=[True, False],
         loss=True, reference=lambda b, p: each_loss(None)(b, p)[:1]),
    Case("SoftmaxWithLossOHEM", "loss_param { ignore_label: 1 }", [(4, 5, 3), (4, 3)],
         [normal, labels(5)], gradients=[True, False], loss=True, tops=2,
         reference=lambda b, p: each_loss(1)(b, p)[:2], name="ignored"),
    *(Case(type_, "loss_param { ignore_label: 1 }", [(4, 5, 3), (4, 3)],
           [normal, labels(5)], has_gradient=False, tops=3, reference=each_loss(1),
           name="three tops") for type_ in ("SoftmaxWithLoss", "SoftmaxWithLossOHEM")),
    *(Case(type_, FIXED, [(4, 5), (4,)], [normal, labels(5)], gradients=[True, False], loss=True,
           reference=lambda b, p: [each_loss(None)(b, p)[2].sum() / 32], name="PRE_FIXED")
      for type_ in ("SoftmaxWithLoss", "SoftmaxWithLossOHEM")),
    Case("SigmoidCrossEntropyLoss", FIXED, [(4, 5)] * 2, [normal, labels(2)],
         gradients=[True, False], loss=True, name="PRE_FIXED",
         reference=lambda b, p: [(np.log1p(np.exp(b[0])) - b[0] * b[1]).sum() / 32]),
]  # fmt: skip
