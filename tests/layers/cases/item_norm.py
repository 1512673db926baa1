"""LayerNorm, InstanceNorm, GroupNorm: axes, groups, with and without parameters."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.layers.harness import Case

Arrays = list[np.ndarray]
EPS = float(np.float32(1e-5))


def normalised(x: np.ndarray, rows: int, eps: float) -> np.ndarray:
    flat = x.reshape(rows, -1)
    centred = flat - flat.mean(axis=1, keepdims=True)
    return (centred / np.sqrt(flat.var(axis=1, keepdims=True) + eps)).reshape(x.shape)


def layer(axis: int = 1, eps: float = EPS) -> Callable[[Arrays, Arrays], Arrays]:
    def reference(bottoms: Arrays, params: Arrays) -> Arrays:
        x = bottoms[0]
        y = normalised(x, int(np.prod(x.shape[:axis])), eps)
        return [y * params[0] + params[1] if params else y]

    return reference


def groups(count: int | None, eps: float = EPS) -> Callable[[Arrays, Arrays], Arrays]:
    """None: as many groups as channels."""

    def reference(bottoms: Arrays, params: Arrays) -> Arrays:
        x = bottoms[0]
        y = normalised(x, len(x) * (count or x.shape[1]), eps)
        shape = (-1, *[1] * (x.ndim - 2))
        return [y * params[0].reshape(shape) + params[1].reshape(shape) if params else y]

    return reference


NORMAL = "scale_filler { type: 'gaussian' } bias_filler { type: 'gaussian' }"

CASES = [
    Case("LayerNorm", in_place=True, reference=layer()),
    Case("LayerNorm", f"layer_norm_param {{ {NORMAL} }}", in_place=True, reference=layer(),
         name="own parameters"),
    Case("LayerNorm", f"layer_norm_param {{ axis: -1 {NORMAL} }}", bottoms=[(2, 3, 4)],
         in_place=True, reference=layer(2)),
    Case("LayerNorm", f"layer_norm_param {{ axis: 2 eps: 0.5 {NORMAL} }}",
         reference=layer(2, 0.5), name="axis 2"),
    Case("LayerNorm", "layer_norm_param { affine: false }", in_place=True, reference=layer()),
    Case("LayerNorm", f"layer_norm_param {{ {NORMAL} }}", bottoms=[(4, 6)], reference=layer(),
         name="2 axes"),
    Case("InstanceNorm", f"instance_norm_param {{ {NORMAL} }}", in_place=True,
         reference=groups(None)),
    Case("InstanceNorm", "instance_norm_param { affine: false eps: 0.5 }", bottoms=[(2, 3, 7)],
         in_place=True, reference=groups(None, 0.5)),
    Case("InstanceNorm", bottoms=[(2, 3, 2, 4, 3)], reference=groups(None), name="5 axes"),
    Case("GroupNorm", f"group_norm_param {{ num_groups: 3 {NORMAL} }}", bottoms=[(2, 6, 4, 5)],
         in_place=True, reference=groups(3)),
    Case("GroupNorm", "group_norm_param { num_groups: 2 affine: false eps: 0.5 }",
         bottoms=[(3, 4)], in_place=True, reference=groups(2, 0.5)),
    Case("GroupNorm", f"group_norm_param {{ num_groups: 1 {NORMAL} }}", bottoms=[(2, 3, 5)],
         reference=groups(1), name="one group"),
]  # fmt: skip
