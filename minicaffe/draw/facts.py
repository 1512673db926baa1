"""All that a page says of a layer, as values that become JSON."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from minicaffe.convert.weights.layers import blob_names
from minicaffe.draw.filters import filter_picture
from minicaffe.draw.png import data_uri
from minicaffe.errors import visible
from minicaffe.layer import find_layer_class
from minicaffe.lint.diagnostic import Diagnostic
from minicaffe.proto import caffe_pb2
from minicaffe.proto.hints import OWN_FIELDS
from minicaffe.proto.own_fields import own_field
from minicaffe.proto.places import Places
from minicaffe.proto.printing import to_text

if TYPE_CHECKING:
    from google.protobuf.descriptor import FieldDescriptor
    from google.protobuf.message import Message

_BINS = 48
#: Fields that are shown by themselves.
_ELSEWHERE = ("name", "type", "bottom", "top", "blobs", *OWN_FIELDS)


class FieldFacts(TypedDict):
    """A field of a layer's text: its name, its value, and its name in the schema."""

    name: str
    value: str
    key: str


class FindingFacts(TypedDict):
    """What lint found."""

    code: str
    severity: str
    message: str
    help: str
    line: int


class BlobFacts(TypedDict):
    """A parameter blob in a file of weights, with its name in the layer.

    ``bins`` counts the values between ``low`` and ``high``; ``bad`` are not finite. Without values
    that are finite the numbers are 0. ``picture`` is an address that holds it, or "".
    """

    name: str
    shape: list[int]
    count: int
    low: float
    high: float
    mean: float
    deviation: float
    zeros: int
    bad: int
    bins: list[int]
    picture: str
    width: int
    caption: str


class LayerFacts(TypedDict):
    """What is true of a layer in every state of its net."""

    name: str
    type: str
    about: str
    color: str
    line: int
    text: str
    bottoms: list[str]
    tops: list[str]
    given: list[FieldFacts]
    defaults: list[FieldFacts]
    findings: list[FindingFacts]


def layer_facts(
    layer: caffe_pb2.LayerParameter, places: Places, findings: Iterable[Diagnostic]
) -> LayerFacts:
    """What a layer's text says, with its place and what it means.

    Args:
        layer: its ``LayerParameter``.
        places: of its file.
        findings: of lint about the net.
    """
    line = layer.source_line if layer.HasField("source_line") else None
    text = places.text_of_layer(layer.name, line)
    bare = caffe_pb2.LayerParameter()
    bare.CopyFrom(layer)
    del bare.blobs[:]
    own = own_field(layer.type)
    lines = range(line or 0, (line or 0) + (text or "").count("\n") + 1)
    return LayerFacts(
        name=visible(layer.name),
        type=visible(layer.type),
        about=_about(layer.type),
        color=find_layer_class(layer.type).color,
        line=(line or 0) if text is not None else 0,
        text=visible(to_text(bare) if text is None else text, lines=True),
        bottoms=list(map(visible, layer.bottom)),
        tops=list(map(visible, layer.top)),
        given=list(_given(bare, own)),
        defaults=list(_defaults(bare, own)),
        findings=[finding_facts(d) for d in findings if _is_about(d, layer.name, lines)],
    )


def _about(layer_type: str) -> str:
    """The first paragraph of what a layer type's class says of itself."""
    cls = find_layer_class(layer_type)
    if not cls.type:
        return "a type that is not known"
    first = (inspect.getdoc(cls) or "").partition("\n\n")[0]
    return " ".join(re.sub(r":\w+:`~?([^`]*)`", r"\1", first).replace("``", "").split())


def _is_about(found: Diagnostic, name: str, lines: range) -> bool:
    """Whether a finding is about the layer of this name, on these lines where they are known."""
    if found.layer is not None and found.layer != name:
        return False
    return found.place.line in lines if found.place.line and lines.start else found.layer == name


def finding_facts(found: Diagnostic) -> FindingFacts:
    """What lint found, as a page shows it."""
    return FindingFacts(
        code=found.code,
        severity=found.severity.value,
        message=visible(found.message),
        help=visible(found.help),
        line=found.place.line,
    )


def _given(layer: caffe_pb2.LayerParameter, own: str | None) -> Iterable[FieldFacts]:
    """The fields that the text gives; those of the type's own message by themselves."""
    for field, value in layer.ListFields():
        if field.name == own:
            for inner, given in value.ListFields():
                yield _fact(value.DESCRIPTOR.name, inner, _written(value, inner.name, given))
        elif field.name not in _ELSEWHERE:
            yield _fact("LayerParameter", field, _written(layer, field.name, value))


def _written(message: Message, name: str, value: object) -> str:
    """A field's values as prototxt has them, on a line."""
    alone = type(message)()
    if isinstance(value, (str, bytes, int, float)):
        setattr(alone, name, value)
    elif hasattr(value, "DESCRIPTOR"):
        getattr(alone, name).CopyFrom(value)
    else:
        getattr(alone, name).extend(value)
    lines = [line.strip() for line in to_text(alone).splitlines()]
    values = [line.removeprefix(f"{name}: ").removeprefix(f"{name} ") for line in lines]
    return visible(" ".join(values))


def _defaults(layer: caffe_pb2.LayerParameter, own: str | None) -> Iterable[FieldFacts]:
    """The fields of the type's own message that have a default and are not given."""
    if own is None:
        return
    message = getattr(layer, own)
    for field in message.DESCRIPTOR.fields:
        if field.has_default_value and not message.HasField(field.name):
            default = field.default_value
            shown = str(default).lower() if isinstance(default, bool) else f"{default}"
            if field.enum_type is not None:
                shown = field.enum_type.values_by_number[default].name
            elif isinstance(default, float):
                shown = f"{default:.7g}"
            yield _fact(message.DESCRIPTOR.name, field, shown)


def _fact(message: str, field: FieldDescriptor, value: str) -> FieldFacts:
    return FieldFacts(name=field.name, value=value, key=f"{message}.{field.name}")


def blob_facts(values: np.ndarray, name: str = "") -> BlobFacts:
    """Statistics, a histogram and a picture of a parameter blob.

    Args:
        values: of any shape.
        name: what the layer calls it.
    """
    finite = values[np.isfinite(values)]
    some = finite if finite.size else np.zeros(1, np.float32)
    low, high = float(some.min()), float(some.max())
    span = (low, high) if high > low else (low - 0.5, high + 0.5)
    picture = filter_picture(values)
    return BlobFacts(
        name=name,
        shape=list(values.shape),
        count=values.size,
        low=low,
        high=high,
        mean=float(some.mean(dtype=np.float64)),
        deviation=float(some.std(dtype=np.float64)),
        zeros=int(np.count_nonzero(finite == 0)),
        bad=values.size - finite.size,
        bins=np.histogram(finite, _BINS, span)[0].tolist(),
        picture="" if picture is None else data_uri(picture.pixels),
        width=0 if picture is None else picture.pixels.shape[1],
        caption="" if picture is None else picture.caption,
    )


def weight_facts(
    stored: Mapping[str, Sequence[np.ndarray]], types: Mapping[str, str]
) -> dict[str, list[BlobFacts]]:
    """:func:`blob_facts` of all blobs of a file of weights, by layer.

    Args:
        stored: the blobs by layer.
        types: of the net's layers; the names of blobs follow from them.
    """
    found = {}
    for layer, blobs in stored.items():
        names = blob_names(types.get(layer, ""), [blob.size for blob in blobs])
        pairs = zip(blobs, names, strict=True)
        found[visible(layer)] = [blob_facts(blob, visible(name)) for blob, name in pairs]
    return found
