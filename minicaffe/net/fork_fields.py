"""Fields of forks in a net's text: each is understood, passed over with a note, or refused."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from minicaffe.errors import GraphError
from minicaffe.layer import Layer, find_layer_class
from minicaffe.options import DIALECTS
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import Effect, Reading
from minicaffe.proto.forks import fork_of_enum_value, fork_of_field
from minicaffe.proto.own_fields import own_field
from minicaffe.proto.wire import is_repeated

logger = logging.getLogger("minicaffe")

#: Fields of Caffe's old layers that forks kept, in today's words.
_TODAY = {"blobs_lr": "param { lr_mult: … }", "weight_decay": "param { decay_mult: … }"}

#: Fields of forks in a NetParameter that change nothing on a CPU in floating point.
_OF_NETS = {
    "engine", "default_forward_type", "default_backward_type", "default_forward_math",
    "default_backward_math", "mem_param", "global_grad_scale", "global_grad_scale_adaptive",
    "default_conv_algos_override", "reduce_buckets", "default_cudnn_math_override",
    "eltwise_mem_sharing", "multinode", "data_type", "quantizer", "reduced_memory_inference",
    "autotune", "copyright", "version", "quantize", "net_quantization_param",
}  # fmt: skip


class ForkField(NamedTuple):
    """A field of a fork that a layer's text sets.

    Attributes:
        path: the fields that lead to it, from the layer on: ("dropout_param", "engine").
        fork: whose it is.
        value: what it says; of an enum's value, its name.
        of_enum: the value of one of Caffe's enums is the fork's, not the field.
    """

    path: tuple[str, ...]
    fork: str
    value: object
    of_enum: bool = False

    @property
    def name(self) -> str:
        """As messages write it: ``dropout_param.engine``."""
        return ".".join(self.path)


def fork_fields(message: Message, path: tuple[str, ...] = ()) -> Iterator[ForkField]:
    """All fields of forks, and values of forks in Caffe's enums, that a message sets.

    What says nothing (false, 0 and "" where nothing else is the default) is left out, as is what
    a fork's field holds inside.
    """
    for field, value in message.ListFields():
        if field.name == "blobs":  # trained weights, which are long
            continue
        here = (*path, field.name)
        fork = fork_of_field(message.DESCRIPTOR.name, field.name)
        if fork:
            if _says_something(field, value):
                yield ForkField(here, fork, _shown(field, value))
        elif field.message_type is not None:
            for part in value if is_repeated(field) else [value]:
                yield from fork_fields(part, here)
        elif field.enum_type is not None:
            for number in value if is_repeated(field) else [value]:
                name = field.enum_type.values_by_number[number].name
                if fork := fork_of_enum_value(field.enum_type, name):
                    yield ForkField(here, fork, name, of_enum=True)


def _shown(field: FieldDescriptor, value: object) -> object:
    """A field's value; of an enum's value, its name."""
    if field.enum_type is None or not isinstance(value, int):
        return value
    return field.enum_type.values_by_number[value].name


def _says_something(field: FieldDescriptor, value: object) -> bool:
    """Whether a fork's field is more than what is the case without it."""
    if field.message_type is not None or is_repeated(field):
        return True
    return bool(value) or bool(field.has_default_value and field.default_value)


def effect_on(cls: type[Layer], param: caffe_pb2.LayerParameter, found: ForkField) -> Effect | None:
    """What a fork's field does to a layer of a class; None where the class cannot do it."""
    if found.path[0] == own_field(param.type) and len(found.path) == 1:
        return Effect.MEANT  # the settings of a type that is a fork's
    return cls.effect_of(param, found.name, found.value)


def refused_fork_fields(
    cls: type[Layer], param: caffe_pb2.LayerParameter
) -> Iterator[tuple[tuple[str, ...], GraphError]]:
    """What a layer's text asks for that only a fork's layer can do: where, and the error."""
    param = find_layer_class(param.type).in_caffes_words(param)
    for found in fork_fields(param):
        if effect_on(cls, param, found) is None:
            what = f": {found.value} is a value" if found.of_enum else " is a field"
            today = _TODAY.get(found.path[-1])
            hint = f"today it is {today}" if today else "take it out, or run the net in that fork"
            kind = param.type or "layer"
            error = GraphError(
                f"{found.name}{what} of {found.fork}, and minicaffe's {kind} has no such option: "
                f"it would compute something else; {hint}{cls.instead(found.name)}"
            )
            yield found.path, error


class Notes:
    """What is told about a whole net, once, of how its layers were read.

    Args:
        path: the net's file.
    """

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._passed: defaultdict[Effect, Counter[tuple[str, str]]] = defaultdict(Counter)
        self._read: defaultdict[Reading, Counter[str]] = defaultdict(Counter)

    def add_net(self, param: caffe_pb2.NetParameter) -> None:
        """Take note of the fields outside of the layers.

        Raises:
            GraphError: one of them asks for what only the fork can do.
        """
        outside = caffe_pb2.NetParameter()
        outside.CopyFrom(param)
        del outside.layer[:]
        for found in fork_fields(outside):
            if found.path[0] not in _OF_NETS:
                raise GraphError(
                    f"{found.name} is a field of {found.fork}, and minicaffe's nets have no such "
                    "option"
                )
            self._passed[Effect.NOTHING][found.path[0], found.fork] += 1

    def add_layer(self, layer: Layer) -> None:
        """Take note of a layer's fields, and of whose meaning it has."""
        passed = set()
        for found in fork_fields(layer.param):
            effect = effect_on(type(layer), layer.param, found)
            if effect in (Effect.NOTHING, Effect.TRAINING):
                passed.add((effect, found.path[-1], found.fork))
        for effect, name, fork in passed:
            self._passed[effect][name, fork] += 1
        if layer.reading.because:
            self._read[layer.reading._replace(alignment=None)][layer.param.type] += 1

    def tell(self, phase: int) -> None:
        """Write the notes to the log; those about training as warnings in phase TRAIN.

        Args:
            phase: of the net.
        """
        where = self._path or "the net"
        for effect, fields in self._passed.items():
            worse = effect is Effect.TRAINING and phase == caffe_pb2.TRAIN
            logger.log(
                logging.WARNING if worse else logging.INFO,
                "%s: passed over, as it %s: %s",
                where,
                effect.value,
                ", ".join(_counted(name, fork, count) for (name, fork), count in fields.items()),
            )
        for reading, types in self._read.items():
            logger.log(
                logging.INFO if reading.sure else logging.WARNING,
                "%s: %s read as in %s, because %s%s",
                where,
                _types(types),
                DIALECTS[reading.dialect],
                reading.because,
                "" if reading.sure else "; --dialect (dialect=) says whose it is",
            )


def _types(types: Counter[str]) -> str:
    """Layer types that are read alike, and how many layers there are of one alone."""
    *others, last = types
    if others:
        return f"types {', '.join(others)} and {last}"
    return f"{types[last]} layers of type {last}" if types[last] > 1 else f"type {last}"


def _counted(name: str, fork: str, count: int) -> str:
    """A field's name with its fork, and in how many layers it is."""
    return f"{name} ({fork}{f'; {count} layers' if count > 1 else ''})"
