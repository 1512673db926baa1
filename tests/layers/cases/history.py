"""Types of forks that are in the history of Caffe's repository, and of C3D's first version."""

from __future__ import annotations

import itertools

import numpy as np

from tests.layers import references
from tests.layers.harness import Case, normal

FILL = 'weight_filler { type: "gaussian" } bias_filler { type: "gaussian" }'
WINDOW = {"stride": (2, 2), "pad": (1, 1), "dilation": (1, 1)}
DILATED = {"stride": (1, 1), "pad": (2, 2), "dilation": (2, 2)}
VOXELS = (2, 4, 2, 3, 2)


def local(stride: int, pad: int) -> object:
    """Each window times its own weights, one product at a time."""

    def compute(bottoms: list[np.ndarray], params: list[np.ndarray]) -> list[np.ndarray]:
        (x,), w = bottoms, params[0]
        side = int(np.sqrt(w.shape[2] // x.shape[1]))
        grid = [(n + 2 * pad - side) // stride + 1 for n in x.shape[2:]]
        y = np.zeros((len(x), len(w), *grid))
        if len(params) > 1:
            y += params[1].reshape(len(w), *grid)
        w = w.reshape(len(w), x.shape[1], side, side, *grid)
        for n, o, c in itertools.product(range(len(x)), range(len(w)), range(x.shape[1])):
            for i, j, s, t in itertools.product(*map(range, (*grid, side, side))):
                row, column = i * stride - pad + s, j * stride - pad + t
                if 0 <= row < x.shape[2] and 0 <= column < x.shape[3]:
                    y[n, o, i, j] += w[o, c, s, t, i, j] * x[n, c, row, column]
        return [y]

    return compute


def tiled(bottoms: list[np.ndarray], _: object) -> list[np.ndarray]:
    (x,), side = bottoms, 2
    y = np.zeros((len(x), x.shape[1] * 4, x.shape[2] // 2, x.shape[3] // 2))
    for (n, c, h, w), value in np.ndenumerate(x):
        y[n, c * 4 + h % side * side + w % side, h // side, w // side] = value
    return [y]


def untiled(bottoms: list[np.ndarray], _: object) -> list[np.ndarray]:
    (x,), side = bottoms, 2
    y = np.zeros((len(x), x.shape[1] // 4, x.shape[2] * 2, x.shape[3] * 2))
    for (n, c, h, w), value in np.ndenumerate(x):
        y[n, c // 4, h * side + c % 4 // side, w * side + c % side] = value
    return [y]


def exponentials(x: np.ndarray) -> np.ndarray:
    return np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)


def voxel_loss(bottoms: list[np.ndarray], _: object) -> list[np.ndarray]:
    """Labels of 4 and above are classes that there are not."""
    p, total = exponentials(bottoms[0]), 0.0
    for (n, _zero, *at), label in np.ndenumerate(bottoms[1]):
        if label < 4:
            total -= np.log(p[(n, int(label), *at)])
    return [np.array(total / bottoms[1].size)]


def classes(high: int) -> object:
    return lambda rng, shape: rng.integers(0, high, shape).astype(float)


def covariances(bottoms: list[np.ndarray], _: object) -> list[np.ndarray]:
    a, b = (x.reshape(len(x), -1) for x in bottoms)
    total = 0.0
    for i, j in itertools.product(range(a.shape[1]), range(b.shape[1])):
        total += np.cov(a[:, i], b[:, j], bias=True)[0, 1] ** 2 / 2
    return [np.full((1, 1, 1, 1), total)]


def overlaps(bottoms: list[np.ndarray], _: object) -> list[np.ndarray]:
    """Pixel by pixel, of the first image."""
    found = []
    for maps, labels in zip(bottoms[0][0], bottoms[1][0], strict=True):
        pairs = [(a > 0.25, b > 0.25) for a, b in zip(maps.flat, labels.flat, strict=True)]
        either = sum(a or b for a, b in pairs)
        found.append(sum(a and b for a, b in pairs) / either if either else 0.0)
    return [np.array(found).reshape(1, 1, 1, -1)]


CASES = [
    Case("SegmentationEvaluate", "segmentation_evaluate_param { num_classes: 3 threshold: 0.25 }",
         [(2, 3, 4, 5), (2, 3, 4, 5)], has_gradient=False, reference=overlaps),
    Case("Local", f"local_param {{ num_output: 3 kernel_size: 3 stride: 2 pad: 1 {FILL} }}",
         [(2, 2, 5, 4)], reference=local(2, 1), name="own settings"),
    Case("Local", "convolution_param { num_output: 2 kernel_size: 2 bias_term: false "
         'weight_filler { type: "gaussian" } }', [(2, 3, 4, 3)], reference=local(1, 0),
         name="Convolution's settings"),
    Case("HoleConvolution", f"convolution_param {{ num_output: 4 kernel_size: 3 pad: 2 dilation: 2 "
         f"{FILL} }}", [(2, 3, 5, 6)],
         reference=lambda b, p: [references.convolution(b[0], p[0], p[1], **DILATED)]),
    Case("GSTiling", "gs_tiling_param { stride: 2 }", [(2, 3, 4, 6)], reference=tiled),
    Case("GSTiling", "gs_tiling_param { stride: 2 reverse: true }", [(2, 8, 3, 2)],
         reference=untiled),
    Case("Render", "render_param { num_output: 6 }", has_gradient=False,
         reference=lambda b, _: [np.zeros((2, 6, 4, 5))]),
    Case("AccuracyRegression", bottoms=[(3, 4, 2, 1), (3, 4, 2, 1)], has_gradient=False,
         reference=lambda b, _: [np.full((1, 1, 1, 1), np.abs(b[0] - b[1]).sum() / 6)]),
    Case("VoxelSoftmax", bottoms=[VOXELS], reference=lambda b, _: [exponentials(b[0])]),
    Case("VoxelSoftmaxLoss", bottoms=[VOXELS, (2, 1, 2, 3, 2)], values=[normal, classes(4)],
         gradients=[True, False], loss=True, reference=voxel_loss),
    Case("XCovLoss", bottoms=[(5, 3, 2, 1), (5, 4)], loss=True, reference=covariances),
]  # fmt: skip
