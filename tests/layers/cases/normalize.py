"""Normalize of SSD and of NormFace, against their formulas at each vector."""

from __future__ import annotations

import numpy as np

from tests.layers.harness import Case

FILLED = 'scale_filler { type: "constant" value: 20 }'


def ssd(*, across: bool, eps: float = 1e-10) -> object:
    def reference(bottoms: list[np.ndarray], params: list[np.ndarray]) -> list[np.ndarray]:
        x, (scale,) = bottoms[0], params
        top = np.empty_like(x)
        for index in np.ndindex(*x.shape):
            vector = x[index[0]] if across else x[(index[0], slice(None), *index[2:])]
            factor = scale[index[1]] if scale.ndim else scale
            top[index] = factor * x[index] / np.sqrt((vector**2).sum() + eps)
        return [top]

    return reference


def normface(kind: str = "L2", tops: int = 1) -> object:
    def reference(bottoms: list[np.ndarray], _: list[np.ndarray]) -> list[np.ndarray]:
        x = bottoms[0]
        sums = (x**2 if kind == "L2" else abs(x)).sum(axis=1, keepdims=True) + 1e-6
        length = np.sqrt(sums) if kind == "L2" else sums
        return [x / length, length][:tops]

    return reference


def case(param: str, reference: object, **more: object) -> Case:
    return Case("Normalize", param, reference=reference, **more)  # type: ignore[arg-type]  # fmt: skip


CASES = [
    case("norm_param { }", ssd(across=True)),
    case("norm_param { across_spatial: false }", ssd(across=False)),
    case(f"norm_param {{ across_spatial: false channel_shared: false {FILLED} }}",
         ssd(across=False)),
    case("norm_param { channel_shared: false eps: 0.5 }",
         ssd(across=True, eps=0.5)),
    case("norm_param { across_spatial: false eps: 2 }", ssd(across=False, eps=2),
         bottoms=[(3, 7)], name="vectors"),
    case("", normface()),
    case("", normface(), bottoms=[(3, 7)], name="NormFace's vectors"),
    case('normalize_param { normalize_type: "L1" }', normface("L1")),
    case("normalize_param { bp_norm: true }", normface(tops=2), tops=2),
    case('normalize_param { normalize_type: "L1" bp_norm: true }', normface("L1", 2), tops=2),
]  # fmt: skip
