"""One thing that a tool demands of a layer, and what is said of a layer that does not comply."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from google.protobuf.message import Message

from minicaffe.convert.targets import yaml_parts as parts
from minicaffe.convert.targets.quantities import (
    QUANTITIES,
    Site,
    Value,
    values_of,
    written_at,
)
from minicaffe.errors import did_you_mean
from minicaffe.layer import Layer, find_layer_class, layer_types
from minicaffe.proto import caffe_pb2
from minicaffe.proto.own_fields import own_field
from minicaffe.proto.wire import is_repeated

#: Settings that say how to train, or where and how fast to compute.
_HARMLESS = {
    "engine", "weight_filler", "bias_filler", "filler", "scale_filler", "slope_filler",
    "force_nd_im2col", "moving_average_fraction", "dropout_ratio", "momentum", "stable_prod_grad",
}  # fmt: skip


@dataclass(frozen=True)
class Refusal:
    """Something about a layer that a tool would refuse, or take for something else.

    Attributes:
        kind: ``type``: the type is not taken; ``unknown``: whether it is taken is not known;
            ``limit``: a value is beyond what is taken; ``field``: a setting would not be read;
            ``slow``: it is taken, and does not run where it should.
        message: what was found, and what is taken.
        source: the short name of the document that says so; "" for the list of types itself.
        field: of the layer, and the one inside it, that it is about.
    """

    kind: str
    message: str
    source: str
    field: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fact:
    """A demand on one quantity of a layer.

    Attributes:
        of: the quantity, or a field of the layer's settings.
        least, most: the bounds; None for none.
        one_of, none_of: the only values, or values that are not taken.
        below: a quantity that it must be below, axis by axis.
        times: with ``most_of``, how often that may go into it.
        most_of: a quantity that it may not exceed.
        multiple_of: a quantity of which it must be a multiple.
        power_of_two: only powers of two.
        when: values that other quantities must have for the demand to hold.
        source: of the documents, by its short name.
        note: what is good to know besides.
        slow: what happens instead of a refusal, where the tool does not refuse.
    """

    of: str
    source: str
    least: float | None = None
    most: float | None = None
    one_of: tuple[Value, ...] = ()
    none_of: tuple[Value, ...] = ()
    below: str = ""
    most_of: str = ""
    times: float = 1
    multiple_of: str = ""
    power_of_two: bool = False
    when: tuple[tuple[str, tuple[Value, ...]], ...] = ()
    note: str = ""
    slow: str = ""

    def refusal(self, site: Site, tool: str) -> Refusal | None:
        """What is wrong with a layer; None where nothing is, or the demand does not concern it."""
        for name, wanted in self.when:
            found = values_of(site, name)
            if not found or not all(value in wanted for value in found):
                return None
        values = values_of(site, self.of)
        if not any(self._breaks(site, axis, value) for axis, value in enumerate(values)):
            return None
        shown = "×".join(_shown(value) for value in dict.fromkeys(values))
        message = f"{self.of} is {shown}; {tool} takes {self.demand}"
        if self.slow:
            message = f"{self.of} is {shown}: {tool} {self.slow} unless it is {self.demand}"
        kind = "slow" if self.slow else "limit"
        note = f" ({self.note})" if self.note else ""
        return Refusal(kind, message + note, self.source, written_at(site, self.of))

    def _breaks(self, site: Site, axis: int, value: Value) -> bool:
        if (self.one_of and value not in self.one_of) or value in self.none_of:
            return True
        if isinstance(value, str):
            return False
        if (self.least is not None and value < self.least) or (
            self.most is not None and value > self.most
        ):
            return True
        if self.power_of_two and (value < 1 or int(value) & (int(value) - 1)):
            return True
        return self._breaks_beside(site, axis, value)

    def _breaks_beside(self, site: Site, axis: int, value: float) -> bool:
        """Whether a value does not go with another quantity's on the same axis."""
        for other, wrong in (
            (self.below, lambda a, b: a >= b),
            (self.most_of, lambda a, b: a > b * self.times),
            (self.multiple_of, lambda a, b: a % b != 0),
        ):
            found = values_of(site, other) if other else []
            beside = found[axis] if axis < len(found) else (found[0] if found else None)
            if isinstance(beside, int | float) and wrong(value, beside):
                return True
        return False

    @property
    def demand(self) -> str:
        """What is taken, in words: ``1 to 7``, ``true``, ``a power of 2``."""
        parts = []
        if self.least is not None and self.most is not None:
            same = self.least == self.most
            parts.append(f"{self.least:g}" if same else f"{self.least:g} to {self.most:g}")
        elif self.most is not None:
            parts.append(f"at most {self.most:g}")
        elif self.least is not None:
            parts.append(f"at least {self.least:g}")
        if self.one_of:
            parts.append(" or ".join(map(_shown, self.one_of)))
        if self.none_of:
            parts.append("not " + " or ".join(map(_shown, self.none_of)))
        if self.power_of_two:
            parts.append("a power of 2")
        times = f"{self.times:g} times " if self.times != 1 else ""
        parts += [f"below the {self.below}"] if self.below else []
        parts += [f"at most {times}the {self.most_of}"] if self.most_of else []
        parts += [f"a multiple of the {self.multiple_of}"] if self.multiple_of else []
        return " and ".join(parts)

    @property
    def condition(self) -> str:
        """When the demand holds, in words; "" for always."""
        return " and ".join(
            f"{name} {' or '.join(map(_shown, values))}" for name, values in self.when
        )


@dataclass(frozen=True)
class Entry:
    """What a tool demands of layers of some types.

    Attributes:
        types: the types.
        source: which document says that they are taken.
        facts: the demands.
        reads: the settings that the tool reads; others would be passed over. None: not known.
        note: what is good to know besides.
    """

    types: tuple[str, ...]
    source: str
    facts: tuple[Fact, ...] = ()
    reads: frozenset[str] | None = None
    note: str = ""

    def refusals(self, site: Site, tool: str) -> Iterator[Refusal]:
        """What is wrong with a layer of one of the types."""
        for fact in self.facts:
            if told := fact.refusal(site, tool):
                yield told
        message = getattr(site.param, site.settings_field, None)
        if self.reads is None or not isinstance(message, Message):
            return
        for name in _said(message):
            if name not in self.reads and name not in _HARMLESS:
                text = f"{tool} does not read {name}, and would compute something else"
                yield Refusal("field", text, self.source, (site.settings_field, name))

    def tidy(self, param: caffe_pb2.LayerParameter) -> None:
        """Take out fields that the tool does not read and that say what is so without them."""
        message = getattr(param, own_field(param.type) or "", None)
        if self.reads is None or not isinstance(message, Message):
            return
        kept = {*_said(message), *self.reads}
        for field, _ in message.ListFields():
            if field.name not in kept:
                message.ClearField(field.name)


def _said(message: Message) -> Iterator[str]:
    """The fields of a message that say something else than their defaults.

    A switch that is on where it is written counts too: with ``use_weight_bias: true`` a BatchNorm
    is Intel Caffe's, though true is what the field is without.
    """
    for field, value in message.ListFields():
        plain = not (is_repeated(field) or field.message_type)
        if not plain or value != field.default_value or value is True:
            yield field.name


_FACT_KEYS = {
    "of", "range", "least", "most", "one_of", "none_of", "below", "most_of", "times", "multiple_of",
    "power_of_two", "when", "source", "note", "slow",
}  # fmt: skip
_ENTRY_KEYS = {"of", "source", "facts", "reads", "note"}


def fact_of(given: object, source: str) -> Fact:
    """A fact from a file of a target.

    Args:
        given: the entry.
        source: of what it is in, where it names none of its own.

    Raises:
        ValueError: it is none.
    """
    part = parts.mapping(given, "a fact", _FACT_KEYS)
    of = parts.text(part.get("of"), "of")
    least, most = (parts.number(part.get(name), name) for name in ("least", "most"))
    bounds = [parts.number(value, "range") for value in parts.listed(part.get("range"), "range")]
    if len(bounds) not in (0, 2):
        raise ValueError(f"range: expected the least and the most, found {len(bounds)} numbers")
    least, most = bounds or (least, most)
    when = parts.mapping(part.get("when"), "when")
    words = {name: parts.text(part.get(name), name) for name in
             ("below", "most_of", "multiple_of", "note", "slow")}  # fmt: skip
    fact = Fact(
        of, parts.text(part.get("source", source), "source"), least, most,
        one_of=parts.scalars(part.get("one_of"), "one_of"),
        none_of=parts.scalars(part.get("none_of"), "none_of"),
        times=parts.number(part.get("times"), "times") or 1,
        power_of_two=parts.yes(part.get("power_of_two"), "power_of_two", False),
        when=tuple((name, parts.scalars(values, name)) for name, values in when.items()),
        **words,
    )  # fmt: skip
    if not of or not fact.demand:
        raise ValueError(f"the fact about '{of}' demands nothing")
    return fact


def entry_of(given: object) -> Entry:
    """What a file of a target says of some types.

    Raises:
        ValueError: it says none.
    """
    part = parts.mapping(given, "an entry of types", _ENTRY_KEYS)
    source, types = parts.text(part.get("source"), "source"), parts.words(part.get("of"), "of")
    if not source or not types:
        raise ValueError(f"an entry of types has 'of' and 'source', {given!r} has not")
    reads = part.get("reads")
    entry = Entry(
        types,
        source,
        tuple(fact_of(fact, source) for fact in parts.listed(part.get("facts"), "facts")),
        None if reads is None else frozenset(parts.words(reads, "reads")),
        parts.text(part.get("note"), "note"),
    )
    for kind in types:
        _check_names(kind, entry)
    return entry


def check_quantity(name: str, where: str, fields: Iterable[str] = ()) -> None:
    """Refuse the name of a quantity that there is not.

    Args:
        name: of a quantity, or of one of the fields.
        where: what a message says that it is not in.
        fields: the settings.

    Raises:
        ValueError: it is no quantity.
    """
    known = [*QUANTITIES, *fields]
    if name not in known:
        raise ValueError(f"nothing is called '{name}' in {where}{did_you_mean(name, known)}")


def _check_names(kind: str, entry: Entry) -> None:
    """Refuse names of types, quantities and settings that look misspelt."""
    if find_layer_class(kind) is Layer:  # what another fork has may be named
        if hint := did_you_mean(kind, layer_types()):
            raise ValueError(f"there is no layer type '{kind}'{hint}")
        return
    message = getattr(caffe_pb2.LayerParameter(), own_field(kind) or "", None)
    fields = list(message.DESCRIPTOR.fields_by_name) if message is not None else []
    for fact in entry.facts:
        for name in (fact.of, *(name for name, _ in fact.when)):
            check_quantity(name, kind, fields)
    for name in entry.reads or ():
        if name not in fields:
            raise ValueError(f"{kind} has no setting '{name}'{did_you_mean(name, fields)}")


def _shown(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value}"
