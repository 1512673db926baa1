"""BN as SegNet, PSPNet and CTPN have it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.layers.harness import Case

Arrays = list[np.ndarray]
Reference = Callable[[Arrays, Arrays], Arrays]


def normalised(eps: float, *, axis: int = 1, tops: int = 1) -> Reference:
    """With the batch's mean and variance, one channel after another."""

    def run(bottoms: Arrays, params: Arrays) -> Arrays:
        x = np.moveaxis(bottoms[0], axis, 0)
        y, means, variances = np.zeros_like(x), [], []
        for c, values in enumerate(x):
            means.append(values.sum() / values.size)
            variances.append(((values - means[-1]) ** 2).sum() / values.size)
            scale, shift = (blob.ravel()[c] for blob in params[:2])
            y[c] = scale * (values - means[-1]) / np.sqrt(variances[-1] + eps) + shift
        others = [np.reshape(found, (1, -1, 1, 1)) for found in (means, variances)]
        return [np.moveaxis(y, 0, axis), *others][:tops]

    return run


def stored(eps: float) -> Reference:
    def run(bottoms: Arrays, params: Arrays) -> Arrays:
        shape = (-1, *[1] * (bottoms[0].ndim - 2))
        scale, shift, mean, variance = (blob.reshape(shape) for blob in params)
        return [scale * (bottoms[0] - mean) / np.sqrt(variance + eps) + shift]

    return run


SLOPE = "slope_filler { type: 'gaussian' std: 1 }"
SCALE = "scale_filler { type: 'gaussian' std: 1 }"
X = (2, 3, 4, 5)


def bn(param: str, reference: Reference, name: str = "", **more: object) -> Case:
    in_place = not more.get("phase") and "INFERENCE" not in param
    return Case("BN", f"bn_param {{ {param} }}", in_place=in_place and "frozen" not in param,
                reference=reference, name=name or param, **more)  # type: ignore[arg-type] # fmt: skip


CASES = [
    bn(SLOPE, normalised(1e-5), "pspnet"),
    bn(SLOPE + " eps: 0.5 momentum: 0.25", normalised(0.5), "pspnet eps"),
    bn(SLOPE, stored(1e-5), "pspnet in TEST", phase="TEST"),
    bn("frozen: true", stored(1e-5), "pspnet frozen"),
    bn("bias_filler { value: 2 }", normalised(1e-5), "pspnet, two axes", bottoms=[(4, 3)]),
    Case("BN", reference=normalised(1e-5), name="nothing said"),
    bn(SCALE, normalised(1e-9), "segnet"),
    bn("bn_mode: LEARN", normalised(1e-9), "segnet in TEST", phase="TEST"),
    bn("bn_mode: INFERENCE " + SCALE,
       lambda b, p: [b[0] * p[0].reshape(3, 1, 1) + p[1].reshape(3, 1, 1)], "segnet INFERENCE"),
    Case("BN", "bn_param { bn_mode: LEARN }", tops=3, name="segnet's statistics", loss=False,
         reference=normalised(1e-9, tops=3), has_gradient=False),
    bn("decay: 0.125 " + SCALE, normalised(1e-10), "ctpn"),
    bn("moving_average: true var_eps: 0.125", stored(0.125), "ctpn in TEST", phase="TEST"),
    bn("moving_average: false", normalised(1e-10), "ctpn, TEST of the batch", phase="TEST"),
    bn("axis: 2 var_eps: 0.125", normalised(0.125, axis=2), "ctpn, rows are the channels"),
    Case("CuDNNBatchNorm", f"cudnn_batch_norm_param {{ {SCALE} eps: 1e-9 }}", in_place=True,
         reference=normalised(1e-5)),
    Case("CuDNNBatchNorm", f"cudnn_batch_norm_param {{ {SCALE} eps: 0.5 }}", phase="TEST",
         reference=stored(0.5)),
    Case("CuDNNBatchNorm", "cudnn_batch_norm_param { frozen: true }", has_gradient=False,
         reference=stored(1e-5)),
]  # fmt: skip
