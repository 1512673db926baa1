"""Convolution, Deconvolution and Im2col against one loop for each index."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.layers import references
from tests.layers.harness import Case

FILLERS = 'weight_filler { type: "gaussian" } bias_filler { type: "uniform" min: 1 }'


def _many(reference: Callable[..., np.ndarray], axes: int, **geometry: Any) -> Callable:
    """A reference for all bottoms, whose batch axes are taken together."""
    full = {"stride": (1,) * axes, "pad": (0,) * axes, "dilation": (1,) * axes, **geometry}

    def tops(bottoms: list[np.ndarray], params: list[np.ndarray]) -> list[np.ndarray]:
        results = []
        for x in bottoms:
            batch = x.shape[: x.ndim - axes - 1]
            y = reference(x.reshape(-1, *x.shape[len(batch) :]), *params, **full)
            results.append(y.reshape(*batch, *y.shape[1:]))
        return results

    return tops


def _conv(name: str, param: str, shape: tuple[int, ...], axes: int = 2, **more: Any) -> Case:
    geometry = {k: v for k, v in more.items() if k in ("stride", "pad", "dilation", "group")}
    bottoms = more.get("bottoms", 1)
    return Case(
        more.get("type", "Convolution"),
        f"convolution_param {{ {param} {FILLERS} }}",
        [shape] * bottoms,
        tops=bottoms,
        reference=_many(more.get("reference", references.convolution), axes, **geometry),
        name=name,
        smaller=more.get("smaller"),
    )


def _deconv(name: str, param: str, shape: tuple[int, ...], axes: int = 2, **more: Any) -> Case:
    more |= {"type": "Deconvolution", "reference": references.deconvolution}
    return _conv(name, param, shape, axes, **more)


def _im2col(name: str, param: str, shape: tuple[int, ...], axes: int, **geometry: Any) -> Case:
    return Case(
        "Im2col",
        f"convolution_param {{ {param} }}",
        [shape],
        reference=_many(references.im2col, axes, **geometry),
        name=name,
    )


CASES = [
    _conv("plain", "num_output: 3 kernel_size: 3", (2, 2, 4, 5), smaller=[(3, 2, 3, 8)]),
    _conv(
        "pad-stride", "num_output: 2 kernel_size: 3 pad: 1 stride: 2", (2, 3, 6, 5),
        pad=(1, 1), stride=(2, 2),
    ),
    _conv(
        "h-and-w",
        "num_output: 2 kernel_h: 2 kernel_w: 3 pad_h: 1 pad_w: 2 stride_h: 2 stride_w: 1",
        (2, 3, 4, 5), pad=(1, 2), stride=(2, 1),
    ),
    _conv(
        "each-axis",
        "num_output: 2 kernel_size: [2, 3] pad: [1, 0] stride: [1, 2] dilation: [2, 1]",
        (2, 2, 4, 5), pad=(1, 0), stride=(1, 2), dilation=(2, 1),
    ),
    _conv("only-pad-w", "num_output: 2 kernel_size: 2 pad_w: 1", (2, 2, 3, 4), pad=(0, 1)),
    _conv(
        "dilated", "num_output: 2 kernel_size: 3 pad: 2 dilation: 2", (2, 2, 4, 5),
        pad=(2, 2), dilation=(2, 2),
    ),
    _conv("pad-above-kernel", "num_output: 2 kernel_size: 2 pad: 3", (2, 2, 2, 3), pad=(3, 3)),
    _conv("group", "num_output: 4 kernel_size: 2 group: 2", (2, 6, 3, 4), group=2),
    _conv("depthwise", "num_output: 3 kernel_size: 2 pad: 1 group: 3", (2, 3, 3, 4),
          group=3, pad=(1, 1)),
    _conv("depthwise-two-each", "num_output: 6 kernel_size: 2 group: 3", (2, 3, 3, 4), group=3),
    _conv("no-bias", "num_output: 3 kernel_size: 2 bias_term: false", (2, 2, 3, 4)),
    _conv("one-by-one", "num_output: 3 kernel_size: 1", (2, 4, 3, 5)),
    _conv("one-by-one-group", "num_output: 4 kernel_size: 1 group: 2", (2, 6, 3, 2), group=2),
    _conv("one-by-one-stride", "num_output: 3 kernel_size: 1 stride: 2", (2, 3, 4, 5),
          stride=(2, 2)),
    _conv("kernel-covers", "num_output: 3 kernel_h: 3 kernel_w: 4", (2, 2, 3, 4)),
    _conv("kernel-beyond-image", "num_output: 2 kernel_size: 5 stride: 3", (2, 2, 4, 3),
          stride=(3, 3)),
    _conv("axis-2", "num_output: 2 kernel_size: 2 axis: 2", (2, 3, 2, 3, 4)),
    _conv("axis-negative", "num_output: 2 kernel_size: 2 axis: -3", (2, 3, 3, 4)),
    _conv("axis-0", "num_output: 2 kernel_size: 2 axis: 0", (3, 3, 4),
          smaller=[(3, 2, 3)]),
    _conv("one-axis", "num_output: 3 kernel_size: 3 stride: 2 pad: 1", (2, 2, 7), 1,
          stride=(2,), pad=(1,)),
    _conv("three-axes", "num_output: 2 kernel_size: [2, 1, 3] pad: [1, 0, 1]", (2, 2, 2, 3, 4), 3,
          pad=(1, 0, 1)),
    _conv("three-axes-stride", "num_output: 2 kernel_size: 2 stride: [1, 2, 2] pad: 1",
          (2, 2, 2, 3, 4), 3, pad=(1, 1, 1), stride=(1, 2, 2)),
    _conv("no-spatial-axes", "num_output: 3 kernel_size: 1", (4, 3), 0),
    _conv("force-nd", "num_output: 3 kernel_size: 2 force_nd_im2col: true", (2, 2, 3, 4)),
    _conv("engine", "num_output: 3 kernel_size: 2 engine: CAFFE", (2, 2, 3, 4)),
    _conv("two-bottoms", "num_output: 3 kernel_size: 2", (2, 2, 3, 4), bottoms=2),
    _deconv("plain", "num_output: 3 kernel_size: 3", (2, 2, 3, 4), smaller=[(3, 2, 2, 5)]),
    _deconv(
        "pad-stride", "num_output: 2 kernel_size: 3 pad: 1 stride: 2", (2, 3, 3, 4),
        pad=(1, 1), stride=(2, 2),
    ),
    _deconv(
        "h-and-w",
        "num_output: 2 kernel_h: 2 kernel_w: 3 pad_h: 1 pad_w: 0 stride_h: 2 stride_w: 1",
        (2, 3, 3, 4), pad=(1, 0), stride=(2, 1),
    ),
    _deconv("dilated", "num_output: 2 kernel_size: 2 dilation: 2 pad: 1", (2, 2, 3, 4),
            dilation=(2, 2), pad=(1, 1)),
    _deconv("group", "num_output: 6 kernel_size: 2 group: 2", (2, 4, 2, 3), group=2),
    _deconv("depthwise", "num_output: 3 kernel_size: 4 stride: 2 pad: 1 group: 3", (2, 3, 2, 3),
            group=3, stride=(2, 2), pad=(1, 1)),
    _deconv("no-bias", "num_output: 3 kernel_size: 2 bias_term: false", (2, 2, 2, 3)),
    _deconv("one-by-one", "num_output: 3 kernel_size: 1", (2, 4, 3, 2)),
    _deconv("gaps", "num_output: 2 kernel_size: 1 stride: 2", (2, 2, 3, 2), stride=(2, 2)),
    _deconv("axis-2", "num_output: 2 kernel_size: 2 axis: 2", (2, 3, 2, 3, 2)),
    _deconv("one-axis", "num_output: 2 kernel_size: 3 stride: 2", (2, 3, 4), 1, stride=(2,)),
    _deconv("three-axes", "num_output: 2 kernel_size: 2 stride: 2", (2, 2, 2, 3, 2), 3,
            stride=(2, 2, 2)),
    _deconv("two-bottoms", "num_output: 3 kernel_size: 2", (2, 2, 3, 2), bottoms=2),
    _im2col("plain", "kernel_size: 3", (2, 2, 4, 5), 2, kernel=(3, 3)),
    _im2col("all", "kernel_h: 2 kernel_w: 3 stride: 2 pad: 1 dilation: [1, 2]", (2, 3, 4, 5), 2,
            kernel=(2, 3), stride=(2, 2), pad=(1, 1), dilation=(1, 2)),
    _im2col("one-axis", "kernel_size: 3 pad: 1", (2, 3, 5), 1, kernel=(3,), pad=(1,)),
    _im2col("axis-2", "kernel_size: 2 axis: 2", (2, 3, 2, 3, 4), 2, kernel=(2, 2)),
    _im2col("one-by-one", "kernel_size: 1", (2, 3, 4, 5), 2, kernel=(1, 1)),
]  # fmt: skip
