"""The layers of MobileNet: convolutions of one filter a channel, and ReLU6."""

from __future__ import annotations

import numpy as np

from tests.layers import references
from tests.layers.harness import Case

FILLERS = 'weight_filler { type: "gaussian" } bias_filler { type: "uniform" min: 1 }'


def _depthwise(bottoms: list[np.ndarray], params: list[np.ndarray]) -> list[np.ndarray]:
    """Each channel by itself: a convolution of one channel with one filter."""
    window = {"stride": (2, 2), "pad": (1, 1), "dilation": (1, 1)}
    channels = [
        references.convolution(bottoms[0][:, c : c + 1], params[0][c : c + 1], params[1][c : c + 1],
                               **window)
        for c in range(bottoms[0].shape[1])
    ]  # fmt: skip
    return [np.concatenate(channels, axis=1)]


def _relu6(slope: float) -> object:
    return lambda b, p: [np.where(b[0] > 6, 6, np.where(b[0] > 0, b[0], slope * b[0]))]


def _wide(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Values from -9 to 15, none of them near 0 or 6."""
    values = rng.uniform(-9, 15, shape)
    values[np.abs(values) < 0.1] = 1
    values[np.abs(values - 6) < 0.1] = 7
    return values


WINDOW = f"num_output: 3 kernel_size: 3 stride: 2 pad: 1 {FILLERS}"

CASES = [
    Case("DepthwiseConvolution", f"convolution_param {{ {WINDOW} group: 3 }}", [(2, 3, 5, 6)],
         reference=_depthwise),
    Case("ConvolutionDepthwise", f"convolution_param {{ {WINDOW} }}", [(2, 3, 5, 6)],
         reference=_depthwise),
    Case("ConvolutionDepthwise", f"convolution_param {{ {WINDOW} group: 1 }}", [(2, 3, 5, 6)],
         reference=_depthwise, name="group does not count"),
    Case("ReLU6", values=_wide, in_place=True, reference=_relu6(0)),
    Case("ReLU6", "relu6_param { negative_slope: 0.125 }", values=_wide, in_place=True,
         reference=_relu6(0.125)),
    Case("ReLU6", "relu6_param { negative_slope: -0.5 }", values=_wide, reference=_relu6(-0.5)),
]  # fmt: skip
