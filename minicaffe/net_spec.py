"""Nets written in Python (pycaffe's ``NetSpec``)::

    from minicaffe import NetSpec, layers as L, params as P

    n = NetSpec()
    n.data, n.label = L.DummyData(shape=[dict(dim=[2, 3, 4, 5]), dict(dim=[2])], ntop=2)
    n.conv1 = L.Convolution(n.data, num_output=6, kernel_size=3, weight_filler=dict(type="msra"))
    n.relu1 = L.ReLU(n.conv1, in_place=True)
    n.pool1 = L.Pooling(n.relu1, pool=P.Pooling.MAX, kernel_size=2)
    net_parameter = n.to_proto()          # print(net_parameter) gives prototxt

A call of ``L.Type`` makes a layer of that type. Its arguments are the bottoms; its keywords
are fields of the type's own message (``convolution_param``), or else of ``LayerParameter``.
Dicts become messages, lists repeated fields; one value is enough where a list is expected.
``ntop`` says how many tops the layer has (the call returns that many), ``in_place`` lets it
overwrite its bottom.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import cast

import numpy as np
from google.protobuf.message import Message

from minicaffe.errors import GraphError, closest, did_you_mean
from minicaffe.errors.mistakes import UnknownTypeError
from minicaffe.layer import layer_types
from minicaffe.proto import caffe_pb2
from minicaffe.proto.forks import fork_of_layer
from minicaffe.proto.own_fields import own_field, own_fields
from minicaffe.proto.synonyms import synonym


class Top:
    """One output of a layer: top number ``n`` of ``fn``."""

    def __init__(self, fn: Function, n: int) -> None:
        self.fn = fn
        self.n = n

    def to_proto(self) -> caffe_pb2.NetParameter:
        """The ``NetParameter`` of all layers that this top depends on."""
        return to_proto(self)


class Function:
    """One layer to be: its type, the tops that it reads, and its fields.

    Args:
        type_name: the layer type.
        inputs: the bottoms.
        params: the fields; ``ntop`` and ``in_place`` are taken out of it.

    Raises:
        TypeError: an input is no :class:`Top`.
    """

    def __init__(
        self, type_name: str, inputs: tuple[object, ...], params: dict[str, object]
    ) -> None:
        tops = []
        for index, given in enumerate(inputs):
            if not isinstance(given, Top):
                raise TypeError(f"{type_name} input {index} is not a Top (type is {type(given)})")
            tops.append(given)
        self.type_name = type_name
        self.inputs = tuple(tops)
        self.params = params
        self.ntop = cast(int, params.pop("ntop", 1))
        self.in_place = bool(params.pop("in_place", False))
        self.tops = tuple(Top(self, n) for n in range(self.ntop))


#: What a layer call returns: a top, several, or for ``ntop=0`` the layer itself.
Made = Top | tuple[Top, ...] | Function


class NetSpec:
    """A net whose layers get their names by assignment: ``n.conv1 = L.Convolution(...)``.

    ``n["conv1"]`` is the same as ``n.conv1``.
    """

    tops: dict[str, Top]

    def __init__(self) -> None:
        super().__setattr__("tops", {})

    def __setattr__(self, name: str, value: Top | Function) -> None:
        self.tops[name] = cast(Top, value)  # of most layers; one without tops is a Function

    def __getattr__(self, name: str) -> Top:
        tops = self.__dict__.get("tops", {})
        if name not in tops:
            raise AttributeError(f"the NetSpec has no top '{name}'{did_you_mean(name, tops)}")
        return tops[name]

    def __setitem__(self, name: str, value: Top | Function) -> None:
        setattr(self, name, value)

    def __getitem__(self, name: str) -> Top:
        return self.tops[name]

    def to_proto(self) -> caffe_pb2.NetParameter:
        """The ``NetParameter`` of everything assigned and of all that it depends on.

        Raises:
            GraphError: a layer has no field of that name, or the value does not fit it.
            TypeError: something other than a layer was assigned.
        """
        assigned: dict[str, object] = dict(self.tops)
        names: dict[Top | Function, str] = {}
        for name, value in assigned.items():
            if not isinstance(value, Top | Function):
                raise TypeError(
                    f"NetSpec.{name} is of {type(value)}, expected what a layer call returns; "
                    "assign several tops as in n.data, n.label = L.Data(..., ntop=2)"
                )
            names[value] = name
        writer = _Writer(names)
        for value in list(names):
            writer.write(value if isinstance(value, Function) else value.fn)
        return writer.net()


def to_proto(*tops: Top | Function) -> caffe_pb2.NetParameter:
    """The ``NetParameter`` of all layers that these tops depend on, with automatic names.

    Raises:
        GraphError: a layer has no field of that name, or the value does not fit it.
    """
    writer = _Writer({})
    for top in tops:
        writer.write(top if isinstance(top, Function) else top.fn)
    return writer.net()


class _Writer:
    """Turns functions into layers, each after those that it reads."""

    def __init__(self, names: dict[Top | Function, str]) -> None:
        self._names = names
        self._counts: Counter[str] = Counter()  # for names such as ReLU1, ReLU2
        self._layers: dict[Function, caffe_pb2.LayerParameter] = {}

    def write(self, last: Function) -> None:
        """Add a layer, and before it all that it depends on."""
        waiting = [last]  # no recursion: nets are deeper than Python's stack
        while waiting:
            fn = waiting[-1]
            missing = [top.fn for top in fn.inputs if top.fn not in self._layers]
            if missing and fn not in self._layers:
                waiting.append(missing[0])
            else:
                waiting.pop()
                if fn not in self._layers:
                    self._layers[fn] = self._layer(fn)

    def net(self) -> caffe_pb2.NetParameter:
        net = caffe_pb2.NetParameter()
        net.layer.extend(self._layers.values())
        return net

    def _layer(self, fn: Function) -> caffe_pb2.LayerParameter:
        layer = caffe_pb2.LayerParameter(type=fn.type_name)
        layer.bottom.extend(self._layers[top.fn].top[top.n] for top in fn.inputs)
        if fn.in_place:
            layer.top.extend(layer.bottom)
        else:
            layer.top.extend(self._name(top) for top in fn.tops)
        if fn not in self._names and fn.tops:
            self._names[fn] = self._name(fn.tops[0])
        layer.name = self._name(fn)
        for name, value in fn.params.items():
            assign_proto(_message_of(layer, name), name, value)
        return layer

    def _name(self, item: Top | Function) -> str:
        if item not in self._names:
            kind = item.fn.type_name if isinstance(item, Top) else item.type_name
            self._counts[kind] += 1
            self._names[item] = f"{kind}{self._counts[kind]}"
        return self._names[item]


def _message_of(layer: caffe_pb2.LayerParameter, name: str) -> Message:
    """The message that has a keyword's field: the type's own, or the layer itself."""
    field = own_field(layer.type)
    if name.endswith("param") or field is None:
        own = None
    else:
        own = getattr(layer, field)
        if name in own.DESCRIPTOR.fields_by_name:
            return own
    known = list(layer.DESCRIPTOR.fields_by_name)
    if name in known:
        return layer
    where = ""
    if own is not None:
        known += own.DESCRIPTOR.fields_by_name
        where = f" in {field} or LayerParameter"
    other = None if own is None else synonym(own.DESCRIPTOR.name, name)
    hint = f"; Caffe's name for it is `{other.name}`" if other else did_you_mean(name, known)
    message = f"no field '{name}'{where}{hint}"
    if not layer.name:  # at the call, before there are names
        raise GraphError(f"{layer.type}: {message}")
    raise GraphError(message, layer=layer.name, layer_type=layer.type)


def param_name_dict() -> dict[str, str]:
    """For each layer type with a message of its own, what its field begins with.

    ``{"InnerProduct": "inner_product", ...}``: the field is ``inner_product_param``.
    """
    return {kind: field[: -len("_param")] for kind, field in own_fields().items()}


def assign_proto(proto: Message, name: str, val: object) -> None:
    """Set a field of a message from plain Python values.

    Args:
        proto: the message.
        name: its field.
        val: a list for a repeated field (or one value, which makes a list of one), a dict
            or a message for a message, a number or name for an enum.

    Raises:
        GraphError: there is no such field, or the value does not fit it.
    """
    kind = proto.DESCRIPTOR.name
    field = proto.DESCRIPTOR.fields_by_name.get(name)
    if field is None:
        hint = did_you_mean(name, list(proto.DESCRIPTOR.fields_by_name))
        raise GraphError(f"{kind} has no field '{name}'{hint}")
    target = getattr(proto, name)
    enum = field.enum_type
    choices = {} if enum is None else {name: it.number for name, it in enum.values_by_name.items()}
    try:
        if hasattr(target, "extend"):
            values = list(val) if isinstance(val, list | tuple | np.ndarray) else [val]
            if field.message_type is not None:
                for value in values:
                    _merge(target.add(), value)
            else:
                target.extend(_plain(choices, value) for value in values)
        elif field.message_type is not None:
            _merge(target, val)
        else:
            setattr(proto, name, _plain(choices, val))
    except (TypeError, ValueError) as error:
        raise GraphError(f"{kind}.{name} cannot be {val!r}: {error}") from error


def _merge(message: Message, value: object) -> None:
    if isinstance(value, Message):
        message.MergeFrom(value)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            assign_proto(message, name, inner)
    else:
        raise TypeError(f"a dict or a {message.DESCRIPTOR.name} is expected")


def _plain(choices: Mapping[str, int], value: object) -> object:
    """A value that protobuf takes: numbers of Python's own, and an enum's names as numbers."""
    if isinstance(value, np.generic):
        return value.item()
    if choices and isinstance(value, str):
        if value not in choices:
            raise ValueError(f"the choices are {', '.join(choices)}")
        return choices[value]
    return value


def _mistyped(name: str) -> str:
    """A suggestion for a type that is hardly meant; "" for one that is known, or a new one.

    What a fork or a user calls a layer of its own may hold a known name (``Convolution3D``).
    """
    known = layer_types()
    near = None if name in known or fork_of_layer(name) else closest(name, known)
    if near is None or (near.lower() in name.lower() and near.lower() != name.lower()):
        return ""
    return f"; did you mean {near}?"


class Layers:
    """``layers.Convolution(bottom, kernel_size=3)`` makes a layer of that type.

    A type that is not registered yet will do, unless it looks like a mistyped one.
    """

    def __getattr__(self, name: str) -> Callable[..., Made]:
        if not name[:1].isupper():  # types are; what Python itself asks for is not
            raise AttributeError(f"'{name}' is no layer type; they begin with a capital letter")

        if hint := _mistyped(name):
            raise UnknownTypeError(f"unknown layer type '{name}'{hint}")

        def layer_fn(*args: object, **kwargs: object) -> Made:
            fn = Function(name, args, kwargs)
            for field in fn.params:
                _message_of(caffe_pb2.LayerParameter(type=name), field)
            if fn.ntop == 0:
                return fn
            return fn.tops[0] if fn.ntop == 1 else fn.tops

        layer_fn.__name__ = layer_fn.__qualname__ = name
        layer_fn.__doc__ = f"A layer of type {name}: bottoms, then its fields as keywords."
        return layer_fn


class Parameters:
    """``params.Pooling.MAX`` is the constant of ``PoolingParameter``."""

    def __getattr__(self, name: str) -> type[Message]:
        message = name[:1].isupper() and getattr(caffe_pb2, f"{name}Parameter", None)
        if not message:
            messages = caffe_pb2.DESCRIPTOR.message_types_by_name
            kinds = [kind.removesuffix("Parameter") for kind in messages]
            raise AttributeError(f"there is no message {name}Parameter{did_you_mean(name, kinds)}")
        return cast(type[Message], message)


layers = Layers()
params = Parameters()
