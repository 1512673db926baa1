"""How the windows of Convolution, Deconvolution and Im2col lie, resolved once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from minicaffe.blob import Blob, shape_text
from minicaffe.errors import ShapeError

Lengths = tuple[int, ...]


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
    def from_param(cls, param: Any, bottom: Blob) -> ConvGeometry:
        """Resolve a ``ConvolutionParameter`` for a bottom.

        Each quantity stands once for all spatial axes, or once for each, or (two spatial
        axes only) in its ``_h`` and ``_w`` fields. Stride and dilation are 1, pad is 0
        where nothing is said.

        Raises:
            ShapeError: the axis does not exist; a quantity stands in both forms, in too
                many or too few values, or is 0 where it must not be.
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
        room = [n + 2 * p - e for n, p, e in zip(size, self.pad, self.extent, strict=True)]
        out = tuple(
            (r // s if r >= 0 else -(-r // s)) + 1 for r, s in zip(room, self.stride, strict=True)
        )
        if any(n < 1 for n in out):
            raise ShapeError(
                f"a kernel spanning {shape_text(self.extent)} does not fit into an image of "
                f"{shape_text(size)} padded by {shape_text(self.pad)}; "
                "use a smaller kernel or dilation, or more pad"
            )
        return out

    def transposed_size(self, size: Lengths) -> Lengths:
        """The image that so many windows cover: stride · (size - 1) + extent - 2·pad.

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


def _resolve(param: Any, field: str, stem: str | None, axes: int, default: int | None) -> Lengths:
    """One quantity for each spatial axis; ``stem`` begins the names of its _h and _w fields."""
    values = list(getattr(param, field))
    if stem and (param.HasField(f"{stem}_h") or param.HasField(f"{stem}_w")):
        pair = f"{stem}_h and {stem}_w"
        if axes != 2:
            raise ShapeError(f"{pair} need 2 spatial axes, the bottom has {axes}; use {field}")
        if values:
            raise ShapeError(f"both {field} and {pair} are given; keep one of them")
        values = [getattr(param, f"{stem}_h"), getattr(param, f"{stem}_w")]
    elif not values and default is not None:
        values = [default] * axes
    elif len(values) == 1:
        values *= axes
    elif len(values) != axes:
        found = f"{field} is given {len(values)} times" if values else f"{field} is missing"
        raise ShapeError(f"{found}; give it once, or once for each of {axes} spatial axes")
    if field != "pad" and 0 in values:
        raise ShapeError(f"{field} is {shape_text(tuple(values))}, expected at least 1 everywhere")
    return tuple(values)
