"""Pure functions on ``NetParameter``: which layers belong to a net, and where blobs split."""

from __future__ import annotations

from collections import Counter
from typing import Any

from minicaffe.errors import GraphError
from minicaffe.proto import caffe_pb2
from minicaffe.suggest import did_you_mean

TopIndex = tuple[int, int]  # (layer, top): where a blob is produced


def filter_net(param: Any) -> Any:
    """The net that ``param.state`` selects: layers by their include and exclude rules.

    A layer with ``include`` rules is in if any of them holds, one with ``exclude`` rules
    is out if any holds.

    Raises:
        GraphError: a layer has both kinds of rules.
    """
    filtered = caffe_pb2.NetParameter()
    filtered.CopyFrom(param)
    del filtered.layer[:]
    for layer in param.layer:
        if layer.include and layer.exclude:
            raise _at(layer, "has both include and exclude rules; give one kind")
        rules = layer.include or layer.exclude
        met = any(meets_rule(param.state, rule) for rule in rules)
        if met == bool(layer.include):
            filtered.layer.add().CopyFrom(layer)
    return filtered


def meets_rule(state: Any, rule: Any) -> bool:
    """Whether a ``NetState`` satisfies all that a ``NetStateRule`` asks for."""
    stages = set(state.stage)
    return not (
        (rule.HasField("phase") and rule.phase != state.phase)
        or (rule.HasField("min_level") and state.level < rule.min_level)
        or (rule.HasField("max_level") and state.level > rule.max_level)
        or not stages.issuperset(rule.stage)
        or not stages.isdisjoint(rule.not_stage)
    )


def insert_splits(param: Any, whole: Any = None) -> Any:
    """The net with a Split layer after every top that is used more than once.

    A loss weight on a top counts as one more use; it moves to the split's first top.
    Names are Caffe's: layer ``BLOB_LAYER_TOP_split``, blobs ``BLOB_LAYER_TOP_split_K``.

    Args:
        param: the filtered net.
        whole: the net before filtering, for errors to name a layer that was left out.

    Raises:
        GraphError: a bottom that no earlier layer produces.
    """
    source, uses = _trace_blobs(param, param if whole is None else whole)
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
    param: Any, whole: Any
) -> tuple[dict[tuple[int, int], TopIndex], Counter[TopIndex]]:
    """For every bottom the top that it reads, and for every top how often it is used."""
    producer: dict[str, TopIndex] = {}
    source: dict[tuple[int, int], TopIndex] = {}
    uses: Counter[TopIndex] = Counter()
    for i, layer in enumerate(param.layer):
        for j, blob in enumerate(layer.bottom):
            if blob not in producer:
                raise _at(layer, _unknown_bottom(param, whole, i, blob, list(producer)))
            source[i, j] = producer[blob]
            uses[producer[blob]] += 1
        for j, blob in enumerate(layer.top):
            producer[blob] = (i, j)
        for j, _ in zip(range(len(layer.top)), layer.loss_weight, strict=False):
            if layer.loss_weight[j]:
                uses[i, j] += 1
    return source, uses


def _unknown_bottom(param: Any, whole: Any, index: int, blob: str, known: list[str]) -> str:
    later = [one.name for one in param.layer[index:] if blob in one.top]
    if later:
        return f"bottom blob '{blob}' is used before layer '{later[0]}' produces it"
    left_out = [one.name for one in whole.layer if blob in one.top]
    if left_out:
        hint = f"; layer '{left_out[0]}' does, but its include or exclude rules leave it out here"
    else:
        hint = did_you_mean(blob, known)
    return f"unknown bottom blob '{blob}': no earlier layer produces it{hint}"


def _add_split(split: Any, param: Any, top: TopIndex, blob: str, count: int, weight: float) -> None:
    origin = param.layer[top[0]]
    layer = split.layer.add(
        name=f"{blob}_{origin.name}_{top[1]}_split", type="Split", bottom=[blob]
    )
    if origin.HasField("source_line"):
        layer.source_line = origin.source_line
    layer.top.extend(_split_name(param, top, blob, k) for k in range(count))
    if weight:
        layer.loss_weight.extend([weight] + [0] * (count - 1))


def _split_name(param: Any, top: TopIndex, blob: str, index: int) -> str:
    return f"{blob}_{param.layer[top[0]].name}_{top[1]}_split_{index}"


def _at(layer: Any, message: str) -> GraphError:
    line = layer.source_line if layer.HasField("source_line") else None
    return GraphError(message, line=line, layer=layer.name, layer_type=layer.type)
