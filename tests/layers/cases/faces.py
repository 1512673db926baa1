"""Losses and margins of face recognition: centres, triplets, focal loss, label-specific scores."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from tests.layers.harness import Case, labels, normal

Arrays = list[np.ndarray]
Reference = Callable[[Arrays, Arrays], Arrays]


def rows(array: np.ndarray) -> list[list[float]]:
    return [list(map(float, item.ravel())) for item in array]


def centre_loss(power: int) -> Reference:
    def run(bottoms: Arrays, params: Arrays) -> Arrays:
        total = 0.0
        for item, label in zip(rows(bottoms[0]), bottoms[1].ravel(), strict=True):
            centre = params[0][int(label)]
            total += sum(abs(x - c) ** power for x, c in zip(item, centre, strict=True))
        return [np.asarray(total / len(bottoms[0]) / power)]

    return run


def focal(alpha: float, gamma: float, ignored: int | None = None, divisor: int = 0) -> Reference:
    def run(bottoms: Arrays, _: Arrays) -> Arrays:
        scores, true = bottoms
        total, count = 0.0, 0
        for n, h, w in np.ndindex(true.shape):
            label = int(true[n, h, w])
            if label == ignored:
                continue
            powers = [math.exp(s) for s in scores[n, :, h, w]]
            prob = powers[label] / sum(powers)
            total -= alpha * (1 - prob) ** gamma * math.log(prob)
            count += 1
        return [np.asarray(total / (divisor or count))]

    return run


def triplets(margin: float) -> Reference:
    def run(bottoms: Arrays, _: Arrays) -> Arrays:
        total = 0.0
        for a, p, n in zip(*map(rows, bottoms), strict=True):
            near = sum((x - y) ** 2 for x, y in zip(a, p, strict=True))
            far = sum((x - y) ** 2 for x, y in zip(a, n, strict=True))
            total += max(0.0, margin + near - far)
        return [np.asarray(total / len(bottoms[0]) / 2)]

    return run


def distances(power: int, unit: bool = False) -> Reference:
    def run(bottoms: Arrays, params: Arrays) -> Arrays:
        vectors, centres = rows(bottoms[0]), rows((params or bottoms[1:2])[0])
        if unit:
            centres = [[c / math.sqrt(sum(d * d for d in w) + 1e-6) for c in w] for w in centres]
        return [
            np.array(
                [
                    [sum(abs(x - c) ** power for x, c in zip(v, w, strict=True)) for w in centres]
                    for v in vectors
                ]
            )
        ]

    return run


def changed(change: Callable[[float, bool], float]) -> Reference:
    """Each score changed by a rule, which knows whether it is the true class's."""

    def run(bottoms: Arrays, _: Arrays) -> Arrays:
        scores, true = bottoms
        found = [
            [change(x, c == int(label)) for c, x in enumerate(item)]
            for item, label in zip(rows(scores), true.ravel(), strict=True)
        ]
        return [np.array(found)]

    return run


def labelled(kind: str, field: str, param: str, change: Callable[[float, bool], float],
             **more: object) -> Case:  # fmt: skip
    return Case(kind, f"{field} {{ {param} }}", [(5, 3), (5,)], [normal, labels(3)],
                gradients=[True, False], reference=changed(change), name=param,
                **more)  # type: ignore[arg-type] # fmt: skip


def add(param: str, change: Callable[[float, bool], float], **more: object) -> Case:
    return labelled("LabelSpecificAdd", "label_specific_add_param", param, change, **more)


def rescale(param: str, change: Callable[[float, bool], float], **more: object) -> Case:
    return labelled("LabelSpecificRescale", "label_specific_rescale_param", param, change, **more)


def l1(bottoms: Arrays, _: Arrays) -> Arrays:
    pairs = zip(rows(bottoms[0]), rows(bottoms[1]), strict=True)
    total = sum(abs(x - y) for a, b in pairs for x, y in zip(a, b, strict=True))
    return [np.asarray(total / len(bottoms[0]))]


def lengths(eps: float, channels: int = 1, divisor: int = 2) -> Reference:
    def run(bottoms: Arrays, _: Arrays) -> Arrays:
        total = 0.0
        x = bottoms[0]
        for n, h, w in np.ndindex(x.shape[0], *x.shape[2:]):
            total += math.sqrt(sum(v * v for v in x[n, :, h, w]) / channels + eps)
        return [np.asarray(total / divisor)]

    return run


CENTRES = "num_output: 3 center_filler { type: 'gaussian' std: 1 }"
FROZEN = "param { lr_mult: 0 } "  # a centre does not follow a gradient
FOCAL = [(2, 3, 2, 2), (2, 2, 2)]
BOTH = [True, False]
WEIGHTS = "num_output: 4 weight_filler { type: 'gaussian' std: 1 }"

CASES = [
    Case("CenterLoss", FROZEN + f"center_loss_param {{ {CENTRES} }}", [(5, 2, 2), (5,)],
         [normal, labels(3)], gradients=BOTH, loss=True, reference=centre_loss(2)),
    Case("CenterLoss", FROZEN + f"center_loss_param {{ {CENTRES} distance_type: 'L1' }}",
         [(5, 4), (5,)], [normal, labels(3)], gradients=BOTH, loss=True, reference=centre_loss(1)),
    Case("FocalLoss", bottoms=FOCAL, values=[normal, labels(3)], gradients=BOTH, loss=True,
         reference=focal(0.25, 2)),
    Case("FocalLoss", "focal_loss_param { alpha: 1 gamma: 0.5 } loss_param { ignore_label: 1 }",
         FOCAL, [normal, labels(3)], gradients=BOTH, loss=True, reference=focal(1, 0.5, 1)),
    Case("FocalLoss", "focal_loss_param { gamma: 0 } loss_param { normalization: BATCH_SIZE }",
         FOCAL, [normal, labels(3)], gradients=BOTH, loss=True, reference=focal(0.25, 0, None, 2)),
    Case("TripletLoss", bottoms=[(4, 3)] * 3, loss=True, reference=triplets(1)),
    Case("TripletLoss", "triplet_loss_param { margin: 0.25 }", [(4, 3, 1, 2)] * 3, loss=True,
         reference=triplets(0.25)),
    Case("InnerDistance", f"inner_distance_param {{ {WEIGHTS} }}", [(5, 2, 2)],
         reference=distances(2)),
    Case("InnerDistance", f"inner_distance_param {{ {WEIGHTS} distance_type: 'L1' }}", [(5, 3)],
         reference=distances(1)),
    Case("InnerDistance", f"inner_distance_param {{ {WEIGHTS} normalize: true }}", [(5, 3)],
         reference=distances(2, unit=True), has_gradient=False),
    Case("InnerDistance", bottoms=[(5, 3), (4, 3)], reference=distances(2),
         smaller=[(2, 3), (1, 3)], name="centres from a bottom"),
    add("bias: -0.5", lambda x, true: x - 0.5 if true and x > 0.5 else x, in_place=False),
    add("bias: -0.5 transform_test: true", lambda x, true: x, phase="TEST"),
    rescale("positive_weight: 0.5 negative_weight: 3", lambda x, true: x * (0.5 if true else 3)),
    rescale("positive_weight: 0.5", lambda x, true: x, phase="TEST"),
    rescale("positive_weight: 0.5 rescale_test: true", lambda x, true: x * (0.5 if true else 1),
            phase="TEST"),
    rescale("positive_weight: 2 for_ip: true", lambda x, true: x * (2 if true and x > 0 else 1)),
    rescale("positive_weight: 2 bias_fix: true", lambda x, true: 2 * x - 1 if true else x),
    rescale("positive_weight: 3 power_on_positive: true",
            lambda x, true: x * abs(x) ** 2 if true else x),
    Case("ChannelScale", bottoms=[(2, 3, 2, 2), (2, 1, 2, 2)],
         reference=lambda b, _: [b[0] * b[1]]),
    Case("ChannelScale", bottoms=[(4, 3), (4,)], reference=lambda b, _: [b[0] * b[1][:, None]]),
    Case("ChannelScale", "channel_scale_param { do_forward: false }", [(4, 3), (4, 1)],
         has_gradient=False, reference=lambda b, _: [b[0]]),
    Case("L1Loss", bottoms=[(2, 3, 2, 2)] * 2, loss=True, reference=l1),
    Case("L1Loss", "l1_loss_param { l2_per_location: true epsilon: 0.25 }", [(2, 3, 2, 2)],
         loss=True, reference=lengths(0.25)),
    Case("L1Loss", "l1_loss_param { l2_per_location: true l2_prescale_by_channels: true "
         "epsilon: 0.25 normalize_by_num_entries: true }", [(2, 3, 2, 2)], loss=True,
         reference=lengths(0.25, 3, 8), name="prescaled"),
    Case("Insanity", in_place=True, deterministic=False, name="drawn"),
    Case("Insanity", "insanity_param { lb: 2 ub: 4 }", phase="TEST", in_place=True,
         reference=lambda b, _: [np.where(b[0] > 0, b[0], b[0] * math.log(2) / 2)]),
    Case("RandVec", "rand_vec_param { batch_size: 3 dim: 4 }", bottoms=[], has_gradient=False,
         deterministic=False),
    Case("RandVec", "randvec_param { batch_size: 3 dim: 4 }", bottoms=[], has_gradient=False,
         deterministic=False, name="the other fork's"),
]  # fmt: skip
