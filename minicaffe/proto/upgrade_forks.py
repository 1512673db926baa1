"""What forks of Caffe write in fields of their own, in Caffe's: holes, windows of three axes,
videos."""

from __future__ import annotations

from typing import Any

from minicaffe.errors import GraphError

#: The fields of DeepLab and of TSN for the spacing of taps: on both axes, in height, in width.
_SPACINGS = (("hole", "hole_h", "hole_w"), ("", "dilation_h", "dilation_w"))

#: video-caffe's shapes → Caffe's fields that repeat for each axis.
_SHAPES = {"kernel_shape": "kernel_size", "stride_shape": "stride", "pad_shape": "pad"}

#: C3D's field for time → Caffe's field, its forms for height and width, and what it is without.
_TIME = {
    "kernel_depth": ("kernel_size", "kernel_h", "kernel_w", None),
    "temporal_stride": ("stride", "stride_h", "stride_w", 1),
    "temporal_pad": ("pad", "pad_h", "pad_w", 0),
}


def upgrade_windows(layer: Any) -> None:
    """Let a layer's ``convolution_param`` say in Caffe's fields how its windows lie.

    ``hole``, ``hole_h`` and ``hole_w`` (DeepLab), ``dilation_h`` and ``dilation_w`` (TSN) become
    ``dilation``; ``kernel_shape``, ``stride_shape`` and ``pad_shape`` (video-caffe) the repeated
    fields; ``kernel_depth``, ``temporal_stride`` and ``temporal_pad`` (C3D) the first of three
    values of these.

    Args:
        layer: a ``LayerParameter``; it is changed.

    Raises:
        GraphError: a field of a fork and Caffe's field of its meaning contradict each other.
    """
    if not layer.HasField("convolution_param"):
        return
    param = layer.convolution_param
    for fields in _SPACINGS:
        _upgrade_spacing(layer, param, *fields)
    for shape, field in _SHAPES.items():
        if param.HasField(shape):
            _replace(layer, param, field, shape, list(getattr(param, shape).dim))
            param.ClearField(shape)
    if param.HasField("kernel_depth"):
        for field, (name, height, width, default) in _TIME.items():
            _add_time(layer, param, field, name, (height, width), default)


def upgrade_frames(layer: Any) -> None:
    """Let a Pooling with a value for each of three axes, as in video-caffe and TSN, be a Pooling3D.

    Args:
        layer: a ``LayerParameter``; it is changed.

    Raises:
        GraphError: there are not one or three values, or what Pooling3D does not have.
    """
    if layer.type != "Pooling" or not layer.HasField("pooling_param"):
        return
    param = layer.pooling_param
    lists = {name: list(getattr(param, f"{name}_3d")) for name in _OF_AXES}
    if not any(lists.values()):
        return
    wrong = next((name for name, values in lists.items() if len(values) not in (0, 1, 3)), None)
    if wrong is not None:
        found = f"{wrong} has {len(lists[wrong])} values; expected one, or three for frames, rows"
        raise _error(layer, f"{found} and columns ({_SIDES[wrong]} give rows and columns alone)")
    several = max(map(len, lists.values())) == 3
    for name, values in lists.items():
        if len(values) == 1:
            setattr(param, name, values[0])
        if len(values) == 1 or several:
            param.ClearField(f"{name}_3d")
    if several:
        _pool_frames(layer, {name: lists[name] or [getattr(param, name)] * 3 for name in _OF_AXES})


#: The fields of a Pooling that may have a value for each axis, and their forms for two.
_SIDES = {
    "kernel_size": "kernel_h and kernel_w", "stride": "stride_h and stride_w",
    "pad": "pad_h and pad_w",
}  # fmt: skip
_OF_AXES = tuple(_SIDES)


def _pool_frames(layer: Any, values: dict[str, list[int]]) -> None:
    """Make a Pooling3D of three values each."""
    param = layer.pooling_param
    values = {name: each * 3 if len(each) == 1 else each for name, each in values.items()}
    for name in ("global_pooling", "round_mode"):
        if param.HasField(name):
            raise _error(layer, f"{name} is given, which pooling of three axes does not have")
    if any(values["pad"]):
        raise _error(layer, f"pad is {values['pad']}; pooling of three axes takes no padding here")
    for name in ("kernel_size", "stride"):
        if values[name][1] != values[name][2]:
            raise _error(
                layer, f"{name} is {values[name]}; expected one value for rows and columns"
            )
    layer.type = "Pooling3D"
    param.kernel_depth, param.kernel_size = values["kernel_size"][:2]
    param.temporal_stride, param.stride = values["stride"][:2]
    param.ClearField("pad")


def upgrade_videos(layer: Any) -> None:
    """Let a VideoData layer of C3D 1.0 say in ``video_data_param`` what it says of images.

    ``mean_value`` goes into ``transform_param``, where later versions have it.

    Args:
        layer: a ``LayerParameter``; it is changed.
    """
    if layer.type != "VideoData" or not layer.HasField("image_data_param"):
        return
    images, videos = layer.image_data_param, layer.video_data_param
    videos.SetInParent()
    for field, value in images.ListFields():
        if field.name == "mean_value":
            layer.transform_param.mean_value.append(value)
        elif field.name == "show_data":
            videos.show_data = value != 0
        elif field.name in videos.DESCRIPTOR.fields_by_name and not _negative(value):
            setattr(videos, field.name, value)
        else:
            continue
        images.ClearField(field.name)
    if not images.ListFields():
        layer.ClearField("image_data_param")


def _negative(value: object) -> bool:
    return isinstance(value, int) and value < 0


#: The largest number of a window's field in Caffe's schema, an unsigned one of 32 bits.
_LARGEST = 2**32 - 1


def _upgrade_spacing(layer: Any, param: Any, both: str, height: str, width: str) -> None:
    given = [name for name in (both, height, width) if name and param.HasField(name)]
    if not given:
        return
    if height in given or width in given:
        if both in given:
            raise _contradiction(layer, both, " and ".join(given[1:]))
        values = [getattr(param, height), getattr(param, width)]  # 1 where it is not given
    else:
        values = [getattr(param, both)]
    _replace(layer, param, "dilation", given[0], values)
    for name in given:
        param.ClearField(name)


def _replace(layer: Any, param: Any, field: str, of_fork: str, values: list[int]) -> None:
    """Give a repeated field the values that a fork's field has."""
    known = list(getattr(param, field))
    if known and known != values and set(known) != set(values):
        raise _contradiction(layer, field, of_fork)
    if values and not 0 <= min(values) <= max(values) <= _LARGEST:
        wrong = next(value for value in values if not 0 <= value <= _LARGEST)
        raise GraphError(
            f"{of_fork} has the value {wrong}, expected 0 to {_LARGEST}",
            line=layer.source_line or None,
            layer=layer.name,
            layer_type=layer.type,
        )
    del getattr(param, field)[:]
    getattr(param, field).extend(values)


def _add_time(
    layer: Any, param: Any, field: str, name: str, sides: tuple[str, str], default: int | None
) -> None:
    """Put C3D's value for time before those of height and width."""
    if any(param.HasField(side) for side in sides):
        square = [getattr(param, side) for side in sides]
    else:
        square = list(getattr(param, name)) or ([] if default is None else [default])
        square = square * 2 if len(square) == 1 else square
    if len(square) == 2:
        del getattr(param, name)[:]
        getattr(param, name).extend([getattr(param, field), *square])
        for side in sides:
            param.ClearField(side)
    elif square:
        raise _contradiction(layer, name, field)
    param.ClearField(field)


def _contradiction(layer: Any, field: str, other: str) -> GraphError:
    return _error(
        layer, f"convolution_param has both {field} and {other}, which say the same; keep one"
    )


def _error(layer: Any, message: str) -> GraphError:
    return GraphError(
        message,
        line=layer.source_line or None,
        layer=layer.name,
        layer_type=layer.type,
    )
