"""What earlier versions of Caffe and of its forks wrote elsewhere than today.

Transformations inside of ``data_param``, MS-CNN's means of offsets in ``proposal_target_param``, a
ReLU inside of ``convolution_param``, the name of a blob in the place of a second bottom.
"""

from __future__ import annotations

from typing import Any

from minicaffe.errors import GraphError

#: Data layers' messages that had ``transform_param`` inside of them, in Caffe of summer 2014.
_WITH_TRANSFORMS = ("data_param", "image_data_param")

#: Of MS-CNN's first version: fields of ``proposal_target_param``, now of ``bbox_reg_param``.
_OF_OFFSETS = ("bbox_mean", "bbox_std")


def upgrade_older_fields(layer: Any) -> None:
    """Put into today's place what a layer says in an earlier one.

    Args:
        layer: a ``LayerParameter``; it is changed.

    Raises:
        GraphError: both places say something.
    """
    for name in _WITH_TRANSFORMS:
        if layer.HasField(name) and getattr(layer, name).HasField("transform_param"):
            _move_transform(layer, name)
    _part_fused(layer)
    _name_reference(layer)
    if layer.HasField("proposal_target_param"):
        _move_offsets(layer)


def _move_transform(layer: Any, name: str) -> None:
    settings = getattr(layer, name)
    if layer.HasField("transform_param"):
        raise _twice(layer, "transform_param", name)
    layer.transform_param.CopyFrom(settings.transform_param)
    settings.ClearField("transform_param")


def _part_fused(layer: Any) -> None:
    """Let naibaf7's Convolution with ``fuse_type: FUSED_CONV_RELU`` be SkimCaffe's type for it."""
    param = layer.convolution_param
    if layer.type != "Convolution" or param.fuse_type != param.FUSED_CONV_RELU:
        return
    if layer.HasField("relu_param"):
        raise _twice(layer, "relu_param", "convolution_param")
    layer.type = "ConvolutionReLU"
    if param.HasField("relu_param"):
        layer.relu_param.CopyFrom(param.relu_param)
    param.ClearField("relu_param")
    param.ClearField("fuse_type")


def _name_reference(layer: Any) -> None:
    """Let SimpleCrop, which cuts off rows below and columns at the right, be a Crop."""
    names = list(layer.crop_param.blob_name)
    if layer.type != "SimpleCrop" or len(names) != 1 or len(layer.bottom) != 1:
        return
    layer.type = "Crop"
    layer.bottom.append(names[0])
    layer.crop_param.ClearField("blob_name")


def _move_offsets(layer: Any) -> None:
    old = layer.proposal_target_param
    for name in _OF_OFFSETS:
        if not getattr(old, name):
            continue
        if getattr(layer.bbox_reg_param, name):
            raise _twice(layer, name, "proposal_target_param")
        getattr(layer.bbox_reg_param, name).extend(getattr(old, name))
        old.ClearField(name)


def _twice(layer: Any, field: str, inside: str) -> GraphError:
    return GraphError(
        f"{field} is given twice, in {inside}, where earlier versions have it, and outside of it; "
        "keep one",
        line=layer.source_line or None,
        layer=layer.name,
        layer_type=layer.type,
    )
