"""SegNet-Basic (Badrinarayanan et al. 2015): four convolutions down, four up by pools' masks."""

from __future__ import annotations

from functools import partial

from minicaffe import NetSpec
from minicaffe import layers as L
from minicaffe.net_spec import Top

from .fields import Affine
from .imagenet import WEIGHT_AND_BIAS
from .segmentation import Segmentation

#: CamVid's classes; pixels of label 11 do not count.
CLASSES = 11


def _images(phase: str, source: str, batch: int) -> tuple[Top, ...]:
    return L.DenseImageData(
        ntop=2,
        include=[dict(phase=phase)],
        dense_image_data_param=dict(source=source, batch_size=batch, shuffle=phase == "TRAIN"),
    )


def body(
    n: NetSpec, *, mode: str = "LEARN", width: int = 64, size: tuple[int, int] = (360, 480)
) -> Top:
    """The layers.

    Args:
        n: has ``data``.
        mode: of the BN layers: LEARN, or INFERENCE for weights that hold the statistics.
        width: channels of every convolution.
        size: height and width of the images.
    """
    n.norm = L.LRN(n.data, local_size=5, alpha=0.0001, beta=0.75)
    top, sizes, masks = n.norm, [], []
    for level in range(1, 5):
        sizes.append(size)
        size = (-(-size[0] // 2), -(-size[1] // 2))
        top = _conv(n, f"conv{level}", top, width, mode)
        n[f"relu{level}"] = L.ReLU(top, in_place=True)
        top, mask = L.Pooling(n[f"relu{level}"], ntop=2, pool="MAX", kernel_size=2, stride=2)
        n[f"pool{level}"], n[f"pool{level}_mask"] = top, mask
        masks.append(mask)
    for level in range(4, 0, -1):
        height, wide = sizes[level - 1]
        up = L.Upsample(top, masks[level - 1], upsample_h=height, upsample_w=wide)
        n[f"upsample{level}"] = up
        top = _conv(n, f"conv_decode{level}", up, width, mode)
    n.conv_classifier = L.Convolution(
        top, num_output=CLASSES, kernel_size=1, param=WEIGHT_AND_BIAS,
        weight_filler=dict(type="msra"),
    )  # fmt: skip
    return n.conv_classifier


def _conv(n: NetSpec, name: str, bottom: Top, width: int, mode: str) -> Top:
    """A 7 x 7 convolution and BN."""
    n[name] = L.Convolution(
        bottom, num_output=width, kernel_size=7, pad=3, param=WEIGHT_AND_BIAS,
        weight_filler=dict(type="msra"),
    )  # fmt: skip
    fillers: Affine = {"scale_filler": {"value": 1}, "shift_filler": {"value": 0.001}}
    n[f"{name}_bn"] = L.BN(n[name], in_place=True, bn_mode=mode, **fillers)
    return n[f"{name}_bn"]


MODELS = [
    Segmentation(
        folder="segnet_basic",
        name="SegNet-Basic",
        about="SegNet-Basic for CamVid: every pixel one of 11 classes.",
        body=body,
        used=partial(body, mode="INFERENCE"),
        images=_images,
        data="data/camvid",
        size=(360, 480),
        ignored=CLASSES,
        batch=4,
    )
]
