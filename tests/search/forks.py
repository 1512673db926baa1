"""Layers that forks of Caffe have, for random nets: those that engines run by code of their own,
and those that stand between others in many nets."""

from __future__ import annotations

from tests.search.drawing import Drawer, geometry, specs
from tests.search.losses import weight
from tests.search.nets import Draft, Value


def maps(d: Draft) -> Value | None:
    """Feature maps."""
    return d.pick(lambda item: len(item.shape) == 4)


def activation(d: Draft) -> object:
    value = d.pick()
    if value is None:
        return None
    kind, rest, positive = d.one_of(
        ("ReLU6", "", True),
        ("ReLU6", f"relu6_param {{ negative_slope: {d.number(0, 0.5)} }}", False),
        ("SELU", "", False),
        ("Flip", d.one_of("", "flip_param { flip_width: false flip_height: true }"), False),
    )
    if kind == "Flip":
        value = maps(d) or value
    in_place = kind != "Flip" and d.chance(0.5)
    return d.add(kind, [value], rest, in_place=in_place, positive=positive)


def moving(d: Draft) -> object:
    """Values put elsewhere."""
    value = maps(d)
    if value is None:
        return None
    c, height, width = value.shape[1:]
    groups = [group for group in range(1, c + 1) if c % group == 0]
    order = d.rng.permutation(4).tolist()
    some = order[: d.between(1, 4)]
    kind, rest = d.one_of(
        ("Permute", f"permute_param {{ {' '.join(f'order: {axis}' for axis in some)} }}"),
        ("Permute", "permute_param { order: 0 order: 2 order: 3 order: 1 }"),
        ("Transpose", f"transpose_param {{ {' '.join(f'dim: {axis}' for axis in order)} }}"),
        ("Reverse", f"reverse_param {{ axis: {d.between(0, 3)} }}"),
        ("ShuffleChannel", f"shuffle_channel_param {{ group: {d.one_of(*groups)} }}"),
        ("ChannelShuffle", f"channel_shuffle_param {{ group: {d.one_of(*groups)} }}"),
        ("Reorg", f"reorg_param {{ stride: {d.between(1, 3)} {d.one_of('', 'reverse: true')} }}"),
        ("CropCenter", f"crop_center_param {{ crop_size: 0 crop_size: 0 "
         f"crop_size: {d.between(0, (height - 1) // 2)} crop_size: {(width - 1) // 2} }}"),
        ("Padding", f"padding_param {{ pad_beg: {d.between(0, 2)} pad_end: {d.between(0, 2)} }}"),
    )  # fmt: skip
    return d.add(kind, [value], rest, positive=value.positive and kind != "Padding")


def resizing(d: Draft) -> object:
    value = maps(d)
    if value is None:
        return None
    kind, rest = d.one_of(
        ("Upsample", f"upsample_param {{ scale: {d.between(1, 2)} }}"),
        ("Interp", f"interp_param {{ height: {d.between(1, 9)} width: {d.between(1, 9)} }}"),
        ("Interp", f"interp_param {{ zoom_factor: {d.between(1, 2)} }}"),
        ("Interp", "interp_param { shrink_factor: 2 pad_beg: -1 }"),
        ("Resample", f"resample_param {{ height: {d.between(2, 9)} width: {d.between(2, 9)} "
         f"type: {d.one_of('NEAREST', 'LINEAR')} antialias: false }}"),
    )  # fmt: skip
    return d.add(kind, [value], rest, positive=value.positive)


def normalization(d: Draft) -> object:
    value = maps(d)
    if value is None:
        return None
    filler = f'{{ type: "constant" value: {d.number(0.5, 2)} }}'
    kind, rest = d.one_of(
        ("Normalize", f"norm_param {{ across_spatial: false scale_filler {filler} "
         f"{d.one_of('', 'channel_shared: false')} eps: 0.01 }}"),
        ("Normalize", f"norm_param {{ scale_filler {filler} eps: 0.01 }}"),
        ("BN", f"bn_param {{ slope_filler {filler} bias_filler {filler} }}"),
        ("BN", f"bn_param {{ slope_filler {filler} bias_filler {filler} frozen: true }}"),
        ("BN", f"bn_param {{ scale_filler {filler} shift_filler {filler} bn_mode: LEARN }}"),
        ("CuDNNBatchNorm", f"cudnn_batch_norm_param {{ scale_filler {filler} }}"),
        ("BatchNorm", f"batch_norm_param {{ scale_bias: true scale_filler {filler} }}"),
    )  # fmt: skip
    found = d.add(kind, [value], rest, in_place=d.chance(0.3))
    if found and d.chance(0.4):
        return d.add("ReLU", [found[0]], in_place=d.chance(0.8))
    return found


def convolution(d: Draft) -> object:
    """Convolutions under other names."""
    value = maps(d)
    if value is None:
        return None
    channels = value.shape[1]
    filler = 'weight_filler { type: "gaussian" std: 0.5 }'
    if d.chance(0.5):
        words = f"num_output: {channels} {geometry(d, value, 2)} {filler}"
        words += f" group: {channels}" * (kind := d.one_of(True, False))
        name = "DepthwiseConvolution" if kind else "ConvolutionDepthwise"
        return d.add(name, [value], f"{specs(d, 1)[0]} convolution_param {{ {words} }}")
    shape = f"kernel_shape {{ dim: {d.between(1, 2)} dim: {d.between(1, 2)} }}"
    words = f"num_output: {d.one_of(3, 4, 8)} {shape} {filler}"
    return d.add("NdConvolution", [value], f"convolution_param {{ {words} }}")


def joining(d: Draft) -> object:
    """Axpy: a·x + y, with one a for each channel of an item."""
    value = maps(d)
    if value is None:
        return None
    shape = (*value.shape[:2], 1, 1)
    factors = d.pick(lambda item: item.shape == shape)
    if factors is None:
        pooled = d.add("Pooling", [value], "pooling_param { pool: AVE global_pooling: true }")
        factors = pooled[0] if pooled else None
    other = d.pick(lambda item: item.shape == value.shape and item is not value)
    if factors is None or other is None:
        return None
    return d.add("Axpy", [factors, value, other])


def regions(d: Draft) -> object:
    value = maps(d)
    if value is None:
        return None
    rois = d.input("below 1", (d.between(1, 3), 5), None)  # of image 0, one pixel large
    channels = value.shape[1]
    kind, rest = d.one_of(
        ("ROIPooling", "roi_pooling_param { pooled_h: 2 pooled_w: 1 spatial_scale: 0.5 }"),
        ("PSROIPooling", f"psroi_pooling_param {{ output_dim: {channels} group_size: 1 "
         "spatial_scale: 0.5 }"),
    )  # fmt: skip
    return d.add(kind, [value, rois], f"propagate_down: true propagate_down: false {rest}")


def loss(d: Draft) -> object:
    value = d.pick(lambda item: len(item.shape) > 1)
    if value is None:
        return None
    if d.chance(0.5):
        other = d.input("normal", value.shape, value.batch_axis)
        rest = d.one_of("", "smooth_l1_loss_param { sigma: 2 }")
        return d.add("SmoothL1Loss", [value, other], f"{weight(d)}{rest}")
    labels = d.input(
        f"below {value.shape[1]}", (value.shape[0], *value.shape[2:]), value.batch_axis
    )
    return d.add("FocalLoss", [value, labels], weight(d))


#: How often each is drawn, besides Caffe's own.
FORKS: dict[Drawer, float] = {
    activation: 4, moving: 6, resizing: 4, normalization: 5, convolution: 5, joining: 3,
    regions: 1.5, loss: 1.5,
}  # fmt: skip
