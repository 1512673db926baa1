"""Windows of frames: Convolution3D, Deconvolution3D, NdConvolution, Pooling3D, NdPooling."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np

from tests.layers import references
from tests.layers.harness import Case, distinct

Arrays = list[np.ndarray]
Lengths = tuple[int, ...]


def convolved(
    way: Callable[..., np.ndarray], stride: Lengths, pad: Lengths
) -> Callable[[Arrays, Arrays], Arrays]:
    def run(bottoms: Arrays, params: Arrays) -> Arrays:
        bias = params[1].ravel() if len(params) > 1 else None
        y = way(bottoms[0], params[0], bias, stride=stride, pad=pad, dilation=(1, 1, 1))
        return [y]

    return run


def pooled(
    kernel: Lengths,
    stride: Lengths,
    pad: Lengths,
    output: Lengths,
    *,
    mean: bool,
    drop: bool = False,
) -> Callable[[Arrays, Arrays], Arrays]:
    """One window after another, of a given number of windows."""

    def run(bottoms: Arrays, _: Arrays) -> Arrays:
        x = bottoms[0]
        y = np.zeros((*x.shape[:2], *output))
        for n, c, *window in np.ndindex(y.shape):
            starts = [w * s - p for w, s, p in zip(window, stride, pad, strict=True)]
            stops = [
                min(a + k, size + p)
                for a, k, size, p in zip(starts, kernel, x.shape[2:], pad, strict=True)
            ]
            places = itertools.product(*map(range, starts, stops))
            inside = [
                x[(n, c, *place)]
                for place in places
                if all(0 <= at < size for at, size in zip(place, x.shape[2:], strict=True))
            ]
            area = math.prod(b - a for a, b in zip(starts, stops, strict=True))
            y[(n, c, *window)] = sum(inside) / area if mean else max(inside)
        return [y.reshape(*x.shape[:2], *(k for k in output if k > 1)) if drop else y]

    return run


X = [(2, 2, 4, 5, 6)]
C3D = ("convolution3d_param {{ num_output: 3 kernel_size: 3 kernel_depth: 2 {} "
       "weight_filler {{ type: 'gaussian' std: 1 }} bias_filler {{ value: 2 }} }}")  # fmt: skip
ND = "num_output: 2 weight_filler { type: 'gaussian' std: 1 }"
POOL = "kernel_size: 2 kernel_depth: 3 stride: 2 temporal_stride: 1"

CASES = [
    Case("Convolution3D", C3D.format("stride: 2 pad: 1"), [(2, 2, 3, 5, 4)], name="pad",
         reference=convolved(references.convolution, (1, 2, 2), (0, 1, 1))),
    Case("Convolution3D", C3D.format("temporal_stride: 2 temporal_pad: 1 bias_term: false"),
         [(2, 2, 3, 3, 4)], name="time",
         reference=convolved(references.convolution, (2, 1, 1), (1, 0, 0))),
    Case("Deconvolution3D", C3D.format("stride: 2 pad: 1 temporal_stride: 2"), [(2, 2, 2, 2, 2)],
         name="C3D", reference=convolved(references.deconvolution, (2, 2, 2), (0, 1, 1))),
    Case("NdConvolution", f"convolution_param {{ {ND} kernel_shape {{ dim: [2, 1, 3] }} "
         "stride_shape { dim: [1, 2, 1] } pad_shape { dim: [0, 0, 1] } }", [(2, 2, 3, 3, 3)],
         name="shapes", reference=convolved(references.convolution, (1, 2, 1), (0, 0, 1))),
    Case("Pooling3D", f"pooling3d_param {{ {POOL} }}", X, distinct, name="MAX",
         reference=pooled((3, 2, 2), (1, 2, 2), (0, 0, 0), (2, 3, 3), mean=False)),
    Case("Pooling3D", f"pooling3d_param {{ pool: AVE pad: 1 {POOL} }}", X, distinct, name="AVE",
         reference=pooled((3, 2, 2), (1, 2, 2), (0, 1, 1), (2, 4, 4), mean=True)),
    Case("Pooling3D", "pooling_param { kernel_size: 2 kernel_depth: 1 stride: 2 }", X, distinct,
         reference=pooled((1, 2, 2), (1, 2, 2), (0, 0, 0), (4, 3, 3), mean=False), name="V1"),
    Case("NdPooling", "pooling_param { kernel_shape { dim: [4, 2, 3] } stride_shape { dim: "
         "[1, 2, 2] } pad_shape { dim: [0, 1, 0] } }", X, distinct, name="MAX drops an axis",
         reference=pooled((4, 2, 3), (1, 2, 2), (0, 1, 0), (1, 3, 2), mean=False, drop=True)),
    Case("NdPooling", "pooling_param { pool: AVE kernel_shape { dim: [2, 2, 2] } pad_shape "
         "{ dim: [1, 0, 0] } }", [(2, 2, 2, 3, 3)], distinct, name="AVE",
         reference=pooled((2, 2, 2), (1, 1, 1), (1, 0, 0), (3, 2, 2), mean=True)),
    Case("NdPooling", "pooling_param { global_pooling: true }", [(2, 3, 2, 2, 2)], distinct,
         reference=lambda b, _: [b[0].max(axis=(2, 3, 4))]),
]  # fmt: skip
