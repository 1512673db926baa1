"""What the files of targets limit: kernels, strides, lengths of axes, settings of a layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from google.protobuf.descriptor import FieldDescriptor

from minicaffe.blob import Blob
from minicaffe.errors import MinicaffeError
from minicaffe.layer import find_layer_class
from minicaffe.layers.vision.base_conv_layer import ConvolutionBase
from minicaffe.layers.vision.geometry import ConvGeometry, PoolingGeometry
from minicaffe.layers.vision.pooling import Pooling
from minicaffe.proto import caffe_pb2
from minicaffe.proto.own_fields import own_field
from minicaffe.proto.wire import is_repeated

Shape = tuple[int, ...]
Value = bool | int | float | str


@dataclass(frozen=True)
class Site:
    """A layer with what surrounds it.

    Attributes:
        param: its text.
        bottoms, tops: the shapes of its blobs; empty where they are not known.
        blobs: its parameters.
    """

    param: caffe_pb2.LayerParameter
    bottoms: tuple[Shape, ...] = ()
    tops: tuple[Shape, ...] = ()
    blobs: Sequence[np.ndarray] = ()

    @property
    def settings_field(self) -> str:
        """The field with its settings, such as ``convolution_param``; "" where it has none."""
        return own_field(self.param.type) or ""

    def setting(self, name: str) -> list[Value]:
        """The values of a field of its settings, the default where nothing is said."""
        message = getattr(self.param, self.settings_field, None)
        field = None if message is None else message.DESCRIPTOR.fields_by_name.get(name)
        if field is None:
            return []
        found = getattr(message, name)
        values = list(found) if is_repeated(field) else [found]
        if field.cpp_type == FieldDescriptor.CPPTYPE_ENUM:
            return [str(field.enum_type.values_by_number[value].name) for value in values]
        return [value for value in values if isinstance(value, bool | int | float | str)]


@dataclass(frozen=True)
class Window:
    """The window of a layer, one number for each spatial axis."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    pad: tuple[int, ...]
    dilation: tuple[int, ...]


def window(site: Site) -> Window | None:
    """How the layer's window moves; None where it has none, or its bottom's shape is not known."""
    if not site.bottoms:
        return None
    cls, shape = find_layer_class(site.param.type), site.bottoms[0]
    try:
        if issubclass(cls, Pooling) and len(shape) == 4:
            found = PoolingGeometry.from_param(site.param.pooling_param, (shape[2], shape[3]))
            return Window(found.kernel, found.stride, found.pad, (1, 1))
        if issubclass(cls, ConvolutionBase):
            own = ConvGeometry.from_param(site.param.convolution_param, Blob(shape))
            return Window(own.kernel, own.stride, own.pad, own.dilation)
    except MinicaffeError:  # which checking the net tells
        pass
    return None


def _of_window(name: str) -> Callable[[Site], list[Value]]:
    def values(site: Site) -> list[Value]:
        found = window(site)
        return [] if found is None else list(getattr(found, name))

    return values


def _kernel_area(site: Site) -> list[Value]:
    found = window(site)
    return [] if found is None else [math.prod(found.kernel)]


def _kernel_volume(site: Site) -> list[Value]:
    """Taps of one output: height · width · the channels that it reads."""
    found, channels = window(site), _axis(1)(site)
    group = max(1, *(int(n) for n in site.setting("group") or [1]))
    return [math.prod(found.kernel) * int(n) // group for n in channels] if found else []


def _kernel_by_width(site: Site) -> list[Value]:
    """The longer side of the kernel times the width of the image."""
    found = window(site)
    return [max(found.kernel) * site.bottoms[0][-1]] if found else []


def _axis(axis: int) -> Callable[[Site], list[Value]]:
    """The length of an axis in the bottoms and the tops, whichever have it."""

    def values(site: Site) -> list[Value]:
        return [shape[axis] for shape in (*site.bottoms, *site.tops) if len(shape) > axis]

    return values


def _plane(site: Site) -> list[Value]:
    """Pixels of a plane of the first bottom."""
    return [math.prod(shape[2:]) for shape in site.bottoms[:1] if len(shape) > 2]


def _depthwise(site: Site) -> list[Value]:
    """Whether a convolution has a group for each channel, of which there are several."""
    words = find_layer_class(site.param.type).in_caffes_words(site.param)
    group = words.convolution_param.group
    channels = site.bottoms[0][1] if site.bottoms and len(site.bottoms[0]) > 1 else 0
    return [group > 1 and group == channels == words.convolution_param.num_output]


def _grouped(site: Site) -> list[Value]:
    """Whether a convolution has several groups, and they are not its channels."""
    group = max(1, *(int(n) for n in site.setting("group") or [1]))
    return [group > 1 and not any(_depthwise(site))]


def _batch_statistics(site: Site) -> list[Value]:
    """Whether a BatchNorm is told to use the batch's statistics, in a net in use too."""
    param = site.param.batch_norm_param
    return [param.HasField("use_global_stats") and not param.use_global_stats]


#: How a value is found, by the name that the files of targets give it. What has no entry is a field
#: of the layer's own settings.
QUANTITIES: dict[str, Callable[[Site], list[Value]]] = {
    "kernel": _of_window("kernel"),
    "stride": _of_window("stride"),
    "pad": _of_window("pad"),
    "dilation": _of_window("dilation"),
    "kernel_area": _kernel_area,
    "kernel_volume": _kernel_volume,
    "kernel_by_width": _kernel_by_width,
    "rank": lambda site: [len(shape) for shape in (*site.bottoms, *site.tops)],
    "rank_in": lambda site: [len(shape) for shape in site.bottoms],
    "batch": _axis(0),
    "channels": _axis(1),
    "height": _axis(2),
    "width": _axis(3),
    "plane": _plane,
    "bottoms": lambda site: [len(site.param.bottom)],
    "tops": lambda site: [len(site.param.top)],
    "depthwise": _depthwise,
    "grouped": _grouped,
    "batch_statistics": _batch_statistics,
}

#: The fields at which a quantity is written, where it is no field itself.
_WRITTEN = {
    "kernel": ("kernel_size", "kernel_h", "kernel_w"),
    "kernel_area": ("kernel_size", "kernel_h"),
    "kernel_volume": ("kernel_size", "kernel_h"),
    "kernel_by_width": ("kernel_size", "kernel_h", "global_pooling"),
    "stride": ("stride", "stride_h", "stride_w"),
    "pad": ("pad", "pad_h", "pad_w"),
    "dilation": ("dilation",),
    "depthwise": ("group",),
    "grouped": ("group",),
    "batch_statistics": ("use_global_stats",),
    "channels": ("num_output",),
}


def values_of(site: Site, name: str) -> list[Value]:
    """The values of a quantity, or of a field of the layer's settings."""
    return QUANTITIES[name](site) if name in QUANTITIES else site.setting(name)


def written_at(site: Site, name: str) -> tuple[str, ...]:
    """The field of the layer, and the one inside it, where a quantity is written; () for none."""
    message = getattr(site.param, site.settings_field, None)
    if message is None:
        return ()
    for field in _WRITTEN.get(name, (name,)):
        if field in message.DESCRIPTOR.fields_by_name:
            value = getattr(message, field)
            if len(value) if hasattr(value, "extend") else message.HasField(field):
                return site.settings_field, field
    return ()
