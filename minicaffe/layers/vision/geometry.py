"""How the windows of Convolution, Deconvolution, Im2col and Pooling lie, resolved once."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import EllipsisType

import numpy as np

from minicaffe.arguments import whole_number
from minicaffe.blob import Blob, shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.proto import caffe_pb2

Lengths = tuple[int, ...]
WindowParameter = caffe_pb2.ConvolutionParameter | caffe_pb2.PoolingParameter
Pair = tuple[int, int]
Index = tuple[EllipsisType | slice, ...]


@dataclass(frozen=True)
class ConvGeometry:
    """How a kernel moves over an image; one number for each spatial axis.

    Attributes:
        axis: the channel axis; the axes after it are spatial, those before it are batch.
        kernel: lengths of the kernel in taps.
        stride: steps between windows, in pixels.
        pad: zeros before and after the image.
        dilation: distance between taps, in pixels.
    """

    axis: int
    kernel: Lengths
    stride: Lengths
    pad: Lengths
    dilation: Lengths

    @classmethod
    def from_param(cls, param: caffe_pb2.ConvolutionParameter, bottom: Blob) -> ConvGeometry:
        """Resolve a ``ConvolutionParameter`` for a bottom.

        Each quantity is given once for all spatial axes, or once for each, or (two spatial
        axes only) in its ``_h`` and ``_w`` fields. Stride and dilation are 1, pad is 0
        where nothing is said.

        Raises:
            ShapeError: the axis does not exist; a quantity is given in too many or too few values.
                (:func:`conv_window_mistakes` is asked before.)
        """
        axis = bottom.axis(param.axis)
        axes = len(bottom.shape) - axis - 1
        return cls(
            axis=axis,
            kernel=_resolve(param, "kernel_size", "kernel", axes, None),
            stride=_resolve(param, "stride", "stride", axes, 1),
            pad=_resolve(param, "pad", "pad", axes, 0),
            dilation=_resolve(param, "dilation", None, axes, 1),
        )

    def check_axes(self, shape: Lengths) -> None:
        """Refuse a bottom that has got another number of axes.

        Raises:
            ShapeError: it has.
        """
        axes = self.axis + 1 + len(self.kernel)
        if len(shape) != axes:
            raise ShapeError(
                f"bottom of shape {shape_text(shape)} has {len(shape)} axes, "
                f"expected {axes} as at set-up"
            )

    def items(self, array: np.ndarray) -> np.ndarray:
        """An array of a bottom or top with all batch axes as one: (N, C, …)."""
        return array.reshape(math.prod(array.shape[: self.axis]), *array.shape[self.axis :])

    @property
    def extent(self) -> Lengths:
        """Pixels that one window spans: dilation · (kernel - 1) + 1."""
        return tuple(d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation, strict=True))

    def reach(self, grid: Lengths) -> Lengths:
        """Pixels from the first window's first tap to the last one's last, along each axis."""
        return tuple(
            (n - 1) * s + e for n, s, e in zip(grid, self.stride, self.extent, strict=True)
        )

    @property
    def pointwise(self) -> bool:
        """Whether every window is one pixel and every pixel is one window."""
        return all((k, s, p) == (1, 1, 0) for k, s, p in self._steps())

    def output_size(self, size: Lengths) -> Lengths:
        """Windows along each axis of an image: (size + 2·pad - extent) / stride + 1.

        The division truncates towards zero, as C does in Caffe: with a stride above 1 a
        window may exceed the padded image a little, and reads zeros there.

        Raises:
            ShapeError: no window fits.
        """
        beyond = [n + 2 * p - e for n, p, e in zip(size, self.pad, self.extent, strict=True)]
        out = tuple(
            (b // s if b >= 0 else -(-b // s)) + 1 for b, s in zip(beyond, self.stride, strict=True)
        )
        if any(n < 1 for n in out):
            raise ShapeError(
                f"a kernel spanning {shape_text(self.extent)} does not fit into an image of "
                f"{shape_text(size)} padded by {shape_text(self.pad)}; "
                "use a smaller kernel or dilation, or more pad"
            )
        return out

    def transposed_size(self, size: Lengths) -> Lengths:
        """The image that a grid of windows covers: stride · (size - 1) + extent - 2·pad.

        Raises:
            ShapeError: padding removes everything.
        """
        out = tuple(
            s * (n - 1) + e - 2 * p
            for n, s, e, p in zip(size, self.stride, self.extent, self.pad, strict=True)
        )
        if any(n < 1 for n in out):
            raise ShapeError(
                f"pad {shape_text(self.pad)} leaves nothing of the output of a "
                f"{shape_text(size)} bottom; use less pad"
            )
        return out

    def _steps(self) -> zip[tuple[int, int, int]]:
        return zip(self.kernel, self.stride, self.pad, strict=True)


def _resolve(
    param: caffe_pb2.ConvolutionParameter,
    field: str,
    stem: str | None,
    axes: int,
    default: int | None,
) -> Lengths:
    """One quantity for each spatial axis; ``stem`` begins the names of its _h and _w fields."""
    values = list(getattr(param, field))
    if stem and (param.HasField(f"{stem}_h") or param.HasField(f"{stem}_w")):
        pair = f"{stem}_h and {stem}_w"
        if axes != 2:
            raise ShapeError(f"{pair} need 2 spatial axes, the bottom has {axes}; use {field}")
        values = [getattr(param, f"{stem}_h"), getattr(param, f"{stem}_w")]
    elif not values and default is not None:
        values = [default] * axes
    elif len(values) == 1:
        values *= axes
    elif len(values) != axes:
        found = f"{field} is given {len(values)} times" if values else f"{field} is missing"
        raise ShapeError(f"{found}; give it once, or once for each of {axes} spatial axes")
    return tuple(values)


def conv_window_mistakes(param: caffe_pb2.ConvolutionParameter) -> Iterator[MinicaffeError]:
    """What is wrong with the windows of a ``ConvolutionParameter`` whatever its bottom is:
    a quantity is given in both forms, or is 0 where it must not be."""
    for field, stem in (("kernel_size", "kernel"), ("stride", "stride"), ("pad", "pad")):
        values = getattr(param, field)
        sides = [f"{stem}_h", f"{stem}_w"]
        if any(map(param.HasField, sides)):
            if values:
                yield ShapeError(f"both {field} and {stem}_h and {stem}_w are given; keep one")
            values = [getattr(param, side) for side in sides]
        yield from _zeros(field, values)
    yield from _zeros("dilation", param.dilation)


def _zeros(field: str, values: Sequence[int]) -> Iterator[MinicaffeError]:
    if field != "pad" and 0 in values:
        yield ShapeError(f"{field} is {shape_text(tuple(values))}, expected at least 1 everywhere")


@dataclass(frozen=True)
class Windows:
    """How a window moves over an image of any number of axes; a number for each, in pixels.

    Attributes:
        size: of the image.
        kernel: of the window.
        stride: steps between windows.
        pad: what surrounds the image.
        output: how many windows there are.
    """

    size: Lengths
    kernel: Lengths
    stride: Lengths
    pad: Lengths
    output: Lengths

    def positions(self) -> Iterator[tuple[Index, Index]]:
        """For each place in the window that can be inside the image, in row-major order: which
        windows have it there (an index of the output), and its pixels (an index of the image)."""
        for place in itertools.product(*(self._along(axis) for axis in range(len(self.size)))):
            yield (..., *(windows for windows, _ in place)), (..., *(pixels for _, pixels in place))

    def areas(self) -> np.ndarray:
        """By how much AVE divides, in pixels: the window clipped to image and padding; of the
        output's shape."""
        area = np.array(1)
        axes = zip(self.size, self.kernel, self.stride, self.pad, self.output, strict=True)
        for n, k, s, p, out in axes:
            start = np.arange(out) * s - p
            area = np.multiply.outer(area, np.minimum(start + k, n + p) - start)
        return area

    def _along(self, axis: int) -> Iterator[tuple[slice, slice]]:
        size, stride, pad = self.size[axis], self.stride[axis], self.pad[axis]
        for place in range(min(self.kernel[axis], pad + size)):  # no window has more inside
            first = max(0, -((place - pad) // stride))  # the first window with it inside
            last = min(self.output[axis], -((place - pad - size) // stride))
            count = max(0, last - first)
            start = first * stride - pad + place
            stop = start + (count - 1) * stride + 1 if count else start
            yield slice(first, first + count), slice(start, stop, stride)


@dataclass(frozen=True)
class PoolingGeometry(Windows):
    """The windows of Pooling; every pair is (height, width)."""

    size: Pair
    kernel: Pair
    stride: Pair
    pad: Pair
    output: Pair

    @classmethod
    def from_param(cls, param: caffe_pb2.PoolingParameter, size: Pair) -> PoolingGeometry:
        """Resolve a ``PoolingParameter`` for images of a size.

        Windows along an axis: round((size + 2·pad - kernel) / stride) + 1, rounded up, or
        down with ``round_mode: FLOOR``; with padding, a last window that would start after
        the image and its front padding is dropped.

        Raises:
            ShapeError: a quantity is missing, 0, given in both forms or by half; pad is not
                below the kernel; no window is left.
        """
        check_pooling(param)
        if param.global_pooling:
            return cls(size, size, (1, 1), (0, 0), (1, 1))
        kernel = _pair(param, "kernel", "kernel_size")
        stride, pad = _pair(param, "stride", "stride"), _pair(param, "pad", "pad")
        axes = zip(size, kernel, stride, pad, strict=True)
        floor = param.round_mode == caffe_pb2.PoolingParameter.FLOOR
        output = tuple(_windows(*axis, floor=floor, padded=any(pad)) for axis in axes)
        if min(output) < 1:
            raise ShapeError(
                f"a window of {shape_text(kernel)} does not fit into an image of "
                f"{shape_text(size)} padded by {shape_text(pad)}; "
                "use a smaller kernel_size, or global_pooling"
            )
        return cls(size, kernel, stride, pad, (output[0], output[1]))

    def indices(self) -> np.ndarray:
        """The index of each pixel in its plane: h · W + w, shape (H, W)."""
        return np.arange(math.prod(self.size)).reshape(self.size)


def check_pooling(param: caffe_pb2.PoolingParameter) -> None:
    """Refuse a ``PoolingParameter`` that contradicts itself.

    Raises:
        ShapeError: what it says, and what it may say.
    """
    kernel = [n for n in ("kernel_size", "kernel_h", "kernel_w") if param.HasField(n)]
    if param.global_pooling:
        if kernel:
            raise ShapeError(f"global_pooling covers the whole image; remove {kernel[0]}")
    elif param.HasField("kernel_size") == (kernel[-2:] == ["kernel_h", "kernel_w"]):
        found = " and ".join(kernel) or "no kernel"
        raise ShapeError(f"{found} given, expected kernel_size, or kernel_h and kernel_w")
    for stem in ("pad", "stride"):
        given = [n for n in (stem, f"{stem}_h", f"{stem}_w") if param.HasField(n)]
        if given not in ([], [stem], [f"{stem}_h", f"{stem}_w"]):
            found = " and ".join(given)
            raise ShapeError(f"{found} given, expected {stem}, or {stem}_h and {stem}_w")
    pad, stride = _pair(param, "pad", "pad"), _pair(param, "stride", "stride")
    if param.global_pooling:
        if pad != (0, 0) or stride != (1, 1):
            raise ShapeError(
                f"global_pooling goes only with pad 0 and stride 1, not pad {shape_text(pad)} "
                f"and stride {shape_text(stride)}; remove them"
            )
        return
    size = _pair(param, "kernel", "kernel_size")
    for what, pair in (("kernel", size), ("stride", stride)):
        if 0 in pair:
            raise ShapeError(f"{what} is {shape_text(pair)}, expected at least 1")
    if any(pad) and param.pool == caffe_pb2.PoolingParameter.STOCHASTIC:
        raise ShapeError("STOCHASTIC pooling takes no padding; remove pad")
    if any(pad) and any(p >= k for p, k in zip(pad, size, strict=True)):
        raise ShapeError(
            f"pad {shape_text(pad)} must be below the kernel {shape_text(size)}, "
            "or windows would see padding only"
        )


def _pair(param: caffe_pb2.PoolingParameter, stem: str, field: str) -> Pair:
    if param.HasField(f"{stem}_h") and not param.HasField(field):
        return getattr(param, f"{stem}_h"), getattr(param, f"{stem}_w")
    return getattr(param, field), getattr(param, field)


def _windows(size: int, kernel: int, stride: int, pad: int, *, floor: bool, padded: bool) -> int:
    beyond = size + 2 * pad - kernel  # the first window
    count = (beyond // stride if floor else -(-beyond // stride)) + 1
    # Caffe drops along both axes as soon as either is padded
    if padded and (count - 1) * stride >= size + pad:
        count -= 1
    return count


def own_message(fields: Mapping[str, object], *names: str) -> Mapping[str, object]:
    """The settings of a layer in a net specification: a message that is given, or the fields."""
    for name in names:
        given = fields.get(name)
        if isinstance(given, Mapping) and given:
            return given
    return fields


def numbers(given: object) -> np.ndarray:
    """A number, or a list with one for each spatial axis, as an array of one axis."""
    return np.array(given, ndmin=1)


def window_params(
    layer_type: str, fields: Mapping[str, object]
) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
    """(axis, stride, kernel size with dilation, pad) of a window in a net specification.

    Args:
        layer_type: for messages.
        fields: the layer's.

    Raises:
        GraphError: it uses ``kernel_h`` and the like, or has no ``kernel_size``.
    """
    params = own_message(fields, "convolution_param", "pooling_param")
    legacy = {"pad_h", "pad_w", "kernel_h", "kernel_w", "stride_h", "stride_w"} & set(params)
    if legacy:
        raise GraphError(
            f"{layer_type} with {', '.join(sorted(legacy))}: coordinates are mapped for "
            "kernel_size, stride and pad, which take one value an axis"
        )
    if "kernel_size" not in params:
        raise GraphError(f"{layer_type} without kernel_size has no coordinate map")
    kernel = numbers(params["kernel_size"])
    dilation = numbers(params.get("dilation", 1))
    return (
        whole_number(params.get("axis", 1), "axis"),
        numbers(params.get("stride", 1)),
        (kernel - 1) * dilation + 1,
        numbers(params.get("pad", 0)),
    )


def window_map(layer_type: str, fields: Mapping[str, object]) -> tuple[int, np.ndarray, np.ndarray]:
    """The coordinate map (axis, scale, shift) of a layer whose top has the place of each window,
    where its middle lies; arguments and errors are :func:`window_params`'s."""
    axis, stride, kernel, pad = window_params(layer_type, fields)
    return axis, 1 / stride, (pad - (kernel - 1) / 2) / stride


def measure_text(param: WindowParameter, name: str, default: str) -> str:
    """A window's ``kernel``, ``stride`` or ``pad`` as people write it: one number, or 3×5.

    Args:
        param: a ``ConvolutionParameter`` or ``PoolingParameter``.
        default: where it says nothing.
    """
    if param.HasField(f"{name}_h") or param.HasField(f"{name}_w"):
        return f"{getattr(param, name + '_h')}×{getattr(param, name + '_w')}"
    value = getattr(param, "kernel_size" if name == "kernel" else name)
    return str(value) if isinstance(value, int) else "×".join(map(str, value)) or default


def window_text(param: WindowParameter, default: str) -> str:
    """``3/2+1``: kernel 3, stride 2, pad 1."""
    stride, pad = measure_text(param, "stride", "1"), measure_text(param, "pad", "0")
    text = measure_text(param, "kernel", default)
    return text + (f"/{stride}" if stride != "1" else "") + (f"+{pad}" if pad != "0" else "")


def window_lines(param: WindowParameter) -> list[str]:
    """``kernel size: 3``, ``stride: 2`` and ``pad: 1``."""
    return [
        f"{word}: {measure_text(param, name, default)}"
        for word, name, default in (
            ("kernel size", "kernel", "1"),
            ("stride", "stride", "1"),
            ("pad", "pad", "0"),
        )
    ]
