"""Flatten, Reshape, Permute, Crop, Tile, Reduction."""

from __future__ import annotations

import numpy as np

from tests.layers.harness import Case


def reshaped(param: str, shape: tuple[int, ...], **more: object) -> Case:
    return Case("Reshape", f"reshape_param {{ {param} }}", **more,  # type: ignore[arg-type]
                reference=lambda b, p: [b[0].reshape(shape)])  # fmt: skip


def flattened(param: str, shape: tuple[int, ...]) -> Case:
    return Case("Flatten", f"flatten_param {{ {param} }}",
                reference=lambda b, p: [b[0].reshape(shape)])  # fmt: skip


def reduced(param: str, function: object, axes: tuple[int, ...]) -> Case:
    return Case("Reduction", f"reduction_param {{ {param} }}",
                reference=lambda b, p: [np.asarray(function(b[0], axes))])  # fmt: skip # type: ignore[operator]


CASES = [
    flattened("", (2, 60)),
    flattened("axis: 0", (120,)),
    flattened("axis: 1 end_axis: 2", (2, 12, 5)),
    flattened("axis: -3 end_axis: -2", (2, 12, 5)),
    flattened("axis: 2 end_axis: 1", (2, 3, 1, 4, 5)),
    reshaped("shape { dim: 0 dim: -1 }", (2, 60)),
    reshaped("shape { dim: 4 dim: 0 dim: 10 }", (4, 3, 10), smaller=[(10, 3, 4)]),
    reshaped("shape { dim: -1 }", (120,)),
    reshaped("shape { dim: 2 dim: -1 } axis: 2 num_axes: 1", (2, 3, 2, 2, 5)),
    reshaped("shape { dim: 1 } axis: 1 num_axes: 0", (2, 1, 3, 4, 5)),
    reshaped("shape { dim: 1 dim: 1 } axis: -1", (2, 3, 4, 5, 1, 1)),
    reshaped("axis: 1 num_axes: 0", (2, 3, 4, 5)),
    *(
        Case("Permute", f"permute_param {{ {' '.join(f'order: {axis}' for axis in order)} }}",
             reference=lambda b, p, axes=axes: [np.einsum(f"abcd->{axes}", b[0])],
             smaller=[(1, 3, 4, 5)])
        for order, axes in [((0, 2, 3, 1), "acdb"), ((0, 3), "adbc"), ((3, 1, 2), "dbca"),
                            ((), "abcd"), ((0, 1, 2, 3), "abcd")]
    ),
    Case("Permute", "permute_param { order: 2 order: 0 }", [(2, 3, 5)], smaller=[(2, 3, 4)],
         reference=lambda b, p: [np.einsum("abc->cab", b[0])]),
    Case("Crop", bottoms=[(2, 3, 6, 5), (2, 3, 4, 2)], gradients=[True, False],
         reference=lambda b, p: [b[0][:, :, :4, :2]]),
    Case("Crop", "crop_param { offset: 2 }", [(2, 3, 6, 5), (2, 7, 4, 2)],
         gradients=[True, False], reference=lambda b, p: [b[0][:, :, 2:6, 2:4]]),
    Case("Crop", "crop_param { axis: 1 offset: 1 offset: 0 offset: 3 }",
         [(2, 3, 6, 5), (2, 2, 4, 2)], gradients=[True, False],
         reference=lambda b, p: [b[0][:, 1:3, :4, 3:5]]),
    Case("Tile", "tile_param { tiles: 3 }", reference=lambda b, p: [np.tile(b[0], (1, 3, 1, 1))]),
    Case("Tile", "tile_param { tiles: 2 axis: -1 }",
         reference=lambda b, p: [np.tile(b[0], (1, 1, 1, 2))]),
    Case("Tile", "tile_param { tiles: 2 axis: 0 }",
         reference=lambda b, p: [np.tile(b[0], (2, 1, 1, 1))]),
    reduced("", lambda x, axes: x.sum(), ()),
    reduced("axis: 2 coeff: 0.5", lambda x, axes: 0.5 * x.sum(axis=axes), (2, 3)),
    reduced("operation: ASUM axis: 1", lambda x, axes: abs(x).sum(axis=axes), (1, 2, 3)),
    reduced("operation: SUMSQ axis: -1 coeff: 3", lambda x, axes: 3 * (x**2).sum(axes), (3,)),
    reduced("operation: MEAN axis: 1 coeff: 2", lambda x, axes: 2 * x.mean(axes), (1, 2, 3)),
]  # fmt: skip
