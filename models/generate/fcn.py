"""FCN-8s (Long et al. 2014): VGG-16 as a convolution, and three of its maps added up."""

from __future__ import annotations

from minicaffe import NetSpec
from minicaffe import layers as L
from minicaffe.net_spec import Top

from .imagenet import WEIGHT_AND_BIAS, drop, max_pool, relu
from .segmentation import Segmentation, image_seg_data

#: PASCAL VOC's classes with the background; pixels of label 255 do not count.
CLASSES = 21

#: Convolutions and channels, as multiples of the width, of each stage.
_STAGES = ((2, 1), (2, 2), (3, 4), (3, 8), (3, 8))


def body(n: NetSpec, *, width: int = 64) -> Top:
    """The layers.

    Args:
        n: has ``data``.
        width: channels of the first convolution.
    """
    top, pools = n.data, {}
    for stage, (count, times) in enumerate(_STAGES, start=1):
        for index in range(1, count + 1):
            pad = 100 if stage == index == 1 else 1  # images of any size are large enough
            top = _conv(n, f"conv{stage}_{index}", top, times * width, 3, pad=pad)
            top = relu(n, f"relu{stage}_{index}", top)
        pools[stage] = top = max_pool(n, f"pool{stage}", top, 2, 2)
    for name, kernel in (("fc6", 7), ("fc7", 1)):
        top = relu(n, f"relu{name[2]}", _conv(n, name, top, 64 * width, kernel))
        top = drop(n, f"drop{name[2]}", top)
    scores = _conv(n, "score_fr", top, CLASSES, 1)
    scores = _up(n, "upscore2", scores, 2)
    for name, pool, offset in (("pool4", pools[4], 5), ("pool3", pools[3], 9)):
        own = _conv(n, f"score_{name}", pool, CLASSES, 1)
        n[f"score_{name}c"] = L.Crop(own, scores, axis=2, offset=offset)
        n[f"fuse_{name}"] = L.Eltwise(scores, n[f"score_{name}c"], operation="SUM")
        larger = "upscore_pool4" if name == "pool4" else "upscore8"
        scores = _up(n, larger, n[f"fuse_{name}"], 2 if name == "pool4" else 8)
    n.score = L.Crop(scores, n.data, axis=2, offset=31)
    return n.score


def _conv(n: NetSpec, name: str, bottom: Top, outputs: int, kernel: int, pad: int = 0) -> Top:
    n[name] = L.Convolution(
        bottom, num_output=outputs, kernel_size=kernel, pad=pad, param=WEIGHT_AND_BIAS,
        weight_filler=dict(type="msra"),
    )  # fmt: skip
    return n[name]


def _up(n: NetSpec, name: str, bottom: Top, times: int) -> Top:
    """So many times as large; it begins as bilinear interpolation."""
    n[name] = L.Deconvolution(
        bottom,
        param=[dict(lr_mult=0)],
        convolution_param=dict(
            num_output=CLASSES, group=CLASSES, kernel_size=2 * times, stride=times,
            bias_term=False, weight_filler=dict(type="bilinear"),
        ),
    )  # fmt: skip
    return n[name]


MODELS = [
    Segmentation(
        folder="fcn8s",
        name="FCN-8s",
        about="FCN-8s for PASCAL VOC: every pixel one of 21 classes.",
        body=body,
        images=image_seg_data(0, (104.00699, 116.66877, 122.67892)),
        data="data/voc2012",
        size=(500, 500),
        ignored=255,
        batch=1,
    )
]
