"""Readers of operators that join and cut blobs (Utility Layers)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate

import numpy as np

from minicaffe.convert.onnx.node_site import FIX_BATCH, NodeSite, bounded, freeze
from minicaffe.convert.onnx.readers import ends_with, reads
from minicaffe.convert.onnx.readers.activation import power
from minicaffe.convert.onnx.readers.convolution import conv_layer, known, one_hot
from minicaffe.convert.onnx.readers.moving import along_axis, reshape_to
from minicaffe.convert.onnx.site import Cannot


@reads("Concat")
def concat(site: NodeSite) -> None:
    blobs = [site.blob(index) for index in range(len(site.inputs)) if site.has(index)]
    if len(blobs) == 1:
        site.same(blobs[0])
        return
    axis = site.axis(1)
    layer = site.layer("Concat", blobs)
    if axis != 1:
        layer.concat_param.axis = axis


@reads("Split")
def split(site: NodeSite) -> None:
    """Slice; parts that nothing reads go into a Silence layer."""
    site.pass_over("split", "num_outputs")  # the parts' shapes are known
    site.has(1)
    axis, parts = site.axis(0), len(site.outputs)
    lengths = known(tuple(site.out_shape(n)[axis] for n in range(parts)), "parts")
    if parts == 1:
        site.same(site.blob())
        return
    tops = [name or site.text.fresh(f"{site.name}/rest") for name in site.outputs]
    points = list(accumulate(lengths))[:-1]
    equal = len(set(lengths)) == 1
    _slice(site, site.blob(), axis, [] if equal else points, tops)


def _slice(
    site: NodeSite, blob: str, axis: int, points: list[int], tops: list[str], suffix: str = ""
) -> None:
    """Append a Slice, and a Silence for tops that nothing may read."""
    wish = f"{site.name}/{suffix}" if suffix else site.name
    layer = site.text.add("Slice", wish, [blob], tops)
    if axis != 1:
        layer.slice_param.axis = axis
    layer.slice_param.slice_point[:] = points
    read = {*site.source.readers, *site.source.outputs}
    if unread := [top for top in tops if top in site.outputs and top not in read]:
        site.text.add("Silence", f"{wish}/unread", unread, [])


def part(
    site: NodeSite, blob: str, axis: int, start: int, stop: int, length: int, *,
    suffix: str = "", out: int | None = 0,
) -> str:  # fmt: skip
    """A stretch of an axis, by a Slice whose other tops go into a Silence; returns the top."""
    wish = f"{site.name}/{suffix}" if suffix else site.name
    top = site.text.fresh(wish) if out is None else site.outputs[out]
    points = [n for n in (start, stop) if 0 < n < length]
    others = [site.text.fresh(f"{wish}/rest") for _ in points]
    tops = [*others[:1], top, *others[1:]] if start else [top, *others]
    layer = site.text.add("Slice", wish, [blob], tops)
    if axis != 1:
        layer.slice_param.axis = axis
    layer.slice_param.slice_point[:] = points
    site.text.add("Silence", f"{wish}/unread", others, [])
    return top


def _ranges(site: NodeSite) -> dict[int, tuple[int, int, int, int]]:
    """For each axis that is cut: start, stop, step, and its length before."""
    shape = site.shape()
    starts, ends = site.list_of("starts", 1), site.list_of("ends", 2)
    axes = site.list_of("axes", 3, range(len(starts)))
    steps = site.list_of("steps", 4, [1] * len(starts))
    found = {}
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        axis %= len(shape)
        length = shape[axis]
        if length is None:
            if (start, step) == (0, 1) and end >= 2**31 - 1:
                continue
            raise Cannot("it cuts the batch into parts", FIX_BATCH)
        first, last, step = slice(start, end, step).indices(length)
        if (first, last, step) != (0, length, 1):
            found[axis] = (first, last, step, length)
    return found


@reads("Slice")
def slices(site: NodeSite) -> None:
    """Slice along each axis; with steps a Convolution that takes one pixel of each window."""
    ranges = _ranges(site)
    if 0 in site.out_shape():
        raise Cannot("nothing is left of its input")
    blob = site.blob()
    if not ranges:
        site.same(blob)
        return
    if any(step != 1 for _, _, step, _ in ranges.values()):
        _stepping(site, blob, ranges)
        return
    for position, (axis, (start, stop, _, length)) in enumerate(ranges.items()):
        last = position == len(ranges) - 1
        blob = part(
            site, blob, axis, start, stop, length, suffix="" if last else f"axis{axis}",
            out=0 if last else None,
        )  # fmt: skip


def _stepping(site: NodeSite, blob: str, ranges: dict[int, tuple[int, int, int, int]]) -> None:
    """Of images a window that reaches as far as the last pixel taken, with one tap; else a
    product with a matrix of ones and zeros along each axis."""
    shape = site.shape()
    steps = [step for _, _, step, _ in ranges.values()]
    if len(shape) < 3 or min(ranges) < 2 or min(steps) < 0:
        _selecting(site, blob, {axis: range(*r[:3]) for axis, r in ranges.items()})
        return
    size, wanted = known(shape[2:], "image's size"), known(site.out_shape()[2:], "image's size")
    taps, strides = [], []
    for axis, (n, want) in enumerate(zip(size, wanted, strict=True), 2):
        start, _, step, _ = ranges.get(axis, (0, n, 1, n))
        length = min(n, start + step)
        if (n - length) // step + 1 != want:  # as long as needed for as many windows
            length = n - (want - 1) * step
        taps.append((start, length))
        strides.append(step)
    channels = known(shape[1:2], "number of channels")[0]
    one_hot(site, blob, channels, taps, strides, [0] * len(taps))


def _selecting(site: NodeSite, blob: str, places: Mapping[int, Sequence[int]]) -> None:
    """Numbers along axes, in any order."""
    shape = site.shape()
    for position, (axis, numbers) in enumerate(places.items()):
        if axis == 0:
            raise Cannot("it selects items of the batch")
        length = known(shape[axis : axis + 1], "length")[0]
        bounded(length * len(numbers), "a matrix")
        last = position == len(places) - 1
        blob = along_axis(
            site, blob, len(shape), axis, np.eye(length)[list(numbers)],
            suffix="" if last else f"axis{axis}", out=0 if last else None,
        )  # fmt: skip


@ends_with("Concat")
def focus(site: NodeSite) -> bool:
    """Every second row and column, in all phases, as channels (YOLOv5's Focus): one Convolution."""
    if len(site.inputs) < 2 or site.integer("axis", 1) not in (1, -3):
        return False
    chains = [_chain(site, name) for name in site.inputs]
    first = chains[0]
    if first is None or any(c is None or c[0] != first[0] for c in chains):
        return False
    shape = site.source.shape(first[0])
    steps = {step for chain in chains if chain for _, _, step, _ in chain[1].values()}
    if shape is None or len(shape) != 4 or len(steps) != 1 or steps == {1}:
        return False
    (step,) = steps
    channels, *size = known(shape[1:], "image's size")
    places = []
    for chain in chains:
        ranges = chain[1] if chain else {}
        if set(ranges) - {2, 3} or any(n % step for n in size):
            return False
        if any(r[0] >= step or r[1] < r[3] - step + 1 + r[0] for r in ranges.values()):
            return False
        if set(ranges) != {2, 3}:
            return False
        places.append((ranges[2][0], ranges[3][0]))
    weights = np.zeros((channels * len(places), channels, step, step), np.float32)
    index = np.arange(channels)
    for number, (row, column) in enumerate(places):
        weights[number * channels + index, index, row, column] = 1
    layer = conv_layer(site, site.blob_of(first[0]), [weights], stride=[step, step], pad=[0, 0])
    freeze(layer, 1)
    return True


def _chain(site: NodeSite, value: str) -> tuple[str, dict[int, tuple[int, int, int, int]]] | None:
    """Where Slices one after the other, each of other axes, begin; and what they take."""
    ranges: dict[int, tuple[int, int, int, int]] = {}
    while (before := site.maker(value, "Slice")) is not None:
        try:
            own = _ranges(before)
        except Cannot:
            return None
        if set(own) & set(ranges):
            return None
        ranges.update(own)
        value = before.inputs[0]
    return (value, ranges) if ranges else None


@ends_with("Gather")
def embed(site: NodeSite) -> bool:
    """Rows of a constant matrix by numbers that are cast before: Embed."""
    table = site.constant(0)
    if (
        table is None
        or table.ndim != 2
        or site.integer("axis", 0) != 0
        or site.constant(1) is not None
    ):
        return False
    numbers = site.maker(site.inputs[1], "Cast") or site
    blob = numbers.blob(0) if numbers is not site else site.blob(1)
    layer = site.layer("Embed", [blob], weights=[table])
    layer.embed_param.input_dim, layer.embed_param.num_output = table.shape
    layer.embed_param.bias_term = False
    return True


@reads("Gather")
def gather(site: NodeSite) -> None:
    """Parts of an axis by their constant numbers: a Slice, or a product with a matrix of ones and
    zeros."""
    numbers, axis, shape = site.constant(1), site.axis(0), site.shape()
    if numbers is None:
        raise Cannot("it selects by values that are computed")
    if numbers.ndim > 1:
        raise Cannot(f"it selects by an array of {numbers.ndim} axes; expected one")
    length = known(shape[axis : axis + 1], "length")[0]
    places = [int(n) % length for n in numbers.reshape(-1)]
    if places == list(range(length)) and numbers.ndim:
        site.same(site.blob())
    elif numbers.ndim and len(places) > 1 and places == list(range(places[0], places[-1] + 1)):
        part(site, site.blob(), axis, places[0], places[-1] + 1, length)
    elif numbers.ndim:
        _selecting(site, site.blob(), {axis: places})
    elif length == 1:
        reshape_to(site, site.blob(), shape, site.out_shape())
    else:
        start = places[0]
        blob = part(site, site.blob(), axis, start, start + 1, length, suffix="part", out=None)
        cut = (*shape[:axis], 1, *shape[axis + 1 :])
        reshape_to(site, blob, cut, site.out_shape())


@reads("ArgMax")
def argmax(site: NodeSite) -> None:
    """ArgMax; of equal values Caffe takes the later one and ONNX mostly the earlier: Reverse
    before, and the number counted from the end."""
    axis, shape = site.axis(0), site.shape()
    kept, first = bool(site.integer("keepdims", 1)), not site.integer("select_last_index", 0)
    length = known(shape[axis : axis + 1], "number of classes")[0]
    blob = site.blob()
    if first:
        turned = site.layer("Reverse", [blob], suffix="turned", out=None)
        turned.reverse_param.axis = axis
        blob = str(turned.top[0])
    plain = kept and not first
    layer = site.layer("ArgMax", [blob], suffix="" if plain else "place", out=0 if plain else None)
    layer.argmax_param.axis = axis
    blob = str(layer.top[0])
    if first:
        blob = power(
            site, blob, scale=-1, shift=length - 1, suffix="" if kept else "from_the_end",
            out=0 if kept else None,
        )  # fmt: skip
    if not kept:
        reshape_to(site, blob, (*shape[:axis], 1, *shape[axis + 1 :]), site.out_shape())
