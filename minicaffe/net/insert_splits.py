"""Split layers for blobs that several layers read, and blobs that no or two layers produce."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from minicaffe.errors import GraphError, MinicaffeError, did_you_mean
from minicaffe.errors.mistakes import ProducedTwiceError, UnknownBottomError
from minicaffe.proto import caffe_pb2

TopIndex = tuple[int, int]  # (layer, top): where a blob is produced


class Mistake(NamedTuple):
    """What is wrong with one layer of a net.

    Attributes:
        layer: which one, counted from 0.
        error: the message, and the layer's place.
        field, value: where in the layer: a field, the one inside it, and which of its values.
    """

    layer: int
    error: MinicaffeError
    field: tuple[str, ...] = ()
    value: int | None = None


def wiring_mistakes(
    param: caffe_pb2.NetParameter, whole: caffe_pb2.NetParameter | None = None
) -> list[Mistake]:
    """Bottoms that no earlier layer produces, and tops that one has produced already.

    Args:
        param, whole: as :func:`insert_splits` takes them.
    """
    found: list[Mistake] = []
    producer: dict[str, caffe_pb2.LayerParameter] = {}
    misnamed: set[str] = set()  # layers that produce another's top; their own may be missed
    for i, layer in enumerate(param.layer):
        for j, blob in enumerate(layer.bottom):
            if blob not in producer and blob not in misnamed:
                message = _unknown_bottom(param, whole or param, i, blob, list(producer))
                error = layer_error(layer, message, UnknownBottomError)
                found.append(Mistake(i, error, ("bottom",), j))
        for j, blob in enumerate(layer.top):
            in_place = j < len(layer.bottom) and layer.bottom[j] == blob
            if blob in producer and not in_place:
                first = producer[blob]
                line = first.source_line if first.HasField("source_line") else None
                message = produced_twice(blob, layer.name, first.name, line)
                error = layer_error(layer, message, ProducedTwiceError)
                if line and first is not layer:
                    error.related = ((line, f"'{blob}' is first produced here"),)
                found.append(Mistake(i, error, ("top",), j))
                misnamed.add(layer.name)
            producer.setdefault(blob, layer)
    return found


def produced_twice(blob: str, layer: str, first: str, line: int | None) -> str:
    """The message about a layer whose top another layer, on ``line``, produces already.

    Args:
        blob: the top.
        layer: the later layer.
        first, line: the earlier one, and its line where that is known.
    """
    place = f" (line {line})" if line else ""
    return (
        f"top blob '{blob}' is already produced by layer '{first}'{place}; give it another name "
        f"in '{layer}' (a layer may only overwrite its own bottom, in the same position)"
    )


def insert_splits(
    param: caffe_pb2.NetParameter, whole: caffe_pb2.NetParameter | None = None
) -> caffe_pb2.NetParameter:
    """The net with a Split layer after every top that is used more than once.

    A loss weight on a top counts as one more use; it moves to the split's first top.
    Names are Caffe's: layer ``BLOB_LAYER_TOP_split``, blobs ``BLOB_LAYER_TOP_split_K``.

    Args:
        param: the filtered net.
        whole: the net before filtering, for errors to name a layer that was left out.

    Raises:
        GraphError: a bottom that no earlier layer produces.
    """
    for mistake in wiring_mistakes(param, whole):
        if mistake.field == ("bottom",):
            raise mistake.error
    source, uses = _trace_blobs(param)
    split = caffe_pb2.NetParameter()
    split.CopyFrom(param)
    del split.layer[:]
    taken: Counter[TopIndex] = Counter()
    for i, layer in enumerate(param.layer):
        out = split.layer.add()
        out.CopyFrom(layer)
        for j, blob in enumerate(layer.bottom):
            top = source[i, j]
            if uses[top] > 1:
                out.bottom[j] = _split_name(param, top, blob, taken[top])
                taken[top] += 1
        for j, blob in enumerate(layer.top):
            if uses[i, j] > 1:
                weight = layer.loss_weight[j] if j < len(layer.loss_weight) else 0
                _add_split(split, param, (i, j), blob, uses[i, j], weight)
                if weight:
                    del out.loss_weight[:]
                    taken[i, j] += 1
    return split


def _trace_blobs(
    param: caffe_pb2.NetParameter,
) -> tuple[dict[tuple[int, int], TopIndex], Counter[TopIndex]]:
    """For every bottom the top that it reads, and for every top how often it is used."""
    producer: dict[str, TopIndex] = {}
    source: dict[tuple[int, int], TopIndex] = {}
    uses: Counter[TopIndex] = Counter()
    for i, layer in enumerate(param.layer):
        for j, blob in enumerate(layer.bottom):
            source[i, j] = producer[blob]
            uses[producer[blob]] += 1
        for j, blob in enumerate(layer.top):
            producer[blob] = (i, j)
        for j, _ in zip(range(len(layer.top)), layer.loss_weight, strict=False):
            if layer.loss_weight[j]:
                uses[i, j] += 1
    return source, uses


def _unknown_bottom(
    param: caffe_pb2.NetParameter,
    whole: caffe_pb2.NetParameter,
    index: int,
    blob: str,
    known: list[str],
) -> str:
    if blob in param.layer[index].top:
        return (
            f"bottom blob '{blob}' is the layer's own top, and no earlier layer produces it"
            f"{did_you_mean(blob, [name for name in known if name != blob])}"
        )
    later = [layer.name for layer in param.layer[index:] if blob in layer.top]
    if later:
        return (
            f"bottom blob '{blob}' is used before layer '{later[0]}' produces it; layers run in "
            f"the order of the file: move '{later[0]}' before this one"
        )
    left_out = [layer.name for layer in whole.layer if blob in layer.top]
    named = [layer for layer in param.layer[:index] if layer.name == blob and layer.top]
    if named:
        hint = f"; layer '{blob}' produces '{named[0].top[0]}'"
    elif left_out:
        hint = f"; layer '{left_out[0]}' does, but its include or exclude rules leave it out here"
    else:
        hint = did_you_mean(blob, known)
    return f"unknown bottom blob '{blob}': no earlier layer produces it{hint}"


def _add_split(
    split: caffe_pb2.NetParameter,
    param: caffe_pb2.NetParameter,
    top: TopIndex,
    blob: str,
    count: int,
    weight: float,
) -> None:
    origin = param.layer[top[0]]
    layer = split.layer.add(
        name=f"{blob}_{origin.name}_{top[1]}_split", type="Split", bottom=[blob]
    )
    if origin.HasField("source_line"):
        layer.source_line = origin.source_line
    layer.top.extend(_split_name(param, top, blob, k) for k in range(count))
    if weight:
        layer.loss_weight.extend([weight] + [0] * (count - 1))


def _split_name(param: caffe_pb2.NetParameter, top: TopIndex, blob: str, index: int) -> str:
    return f"{blob}_{param.layer[top[0]].name}_{top[1]}_split_{index}"


def layer_error(
    layer: caffe_pb2.LayerParameter, message: str, kind: type[GraphError] = GraphError
) -> GraphError:
    """A mistake of a layer, with the layer's place in its file."""
    line = layer.source_line if layer.HasField("source_line") else None
    return kind(message, line=line, layer=layer.name, layer_type=layer.type)
