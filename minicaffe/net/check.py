"""All that is wrong with a net, found before anything is opened and told at once."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from minicaffe import common
from minicaffe.blob import Blob
from minicaffe.errors import GraphError, MinicaffeError, ShapeError, raised_by
from minicaffe.errors.mistakes import MissingFileError, UnknownTypeError
from minicaffe.errors.reading import near_file
from minicaffe.filler import filler_mistakes, filler_shape_mistakes
from minicaffe.layer import Layer, find_layer_class
from minicaffe.layers.activation.scale import Broadcast
from minicaffe.layers.utility.python import PythonLayer
from minicaffe.net.alignment import alignments_of
from minicaffe.net.filter import filter_net
from minicaffe.net.fork_fields import refused_fork_fields
from minicaffe.net.in_place import keep_overwritten, tell_of_real_caffe
from minicaffe.net.init import NetBuilder, collected, layer_class_of, make_layer
from minicaffe.net.inputs import Shapes, channels_are_guessed, without_files
from minicaffe.net.insert_splits import Mistake, insert_splits, wiring_mistakes
from minicaffe.net.node import Node
from minicaffe.options import Limits, RunOptions
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import Origin
from minicaffe.proto.own_fields import own_field

if TYPE_CHECKING:
    from google.protobuf.message import Message
    from numpy.typing import DTypeLike

_FILLER = caffe_pb2.FillerParameter.DESCRIPTOR.full_name

#: How many channels images may have: what is assumed, and what else is tried before a shape is
#: called wrong.
_CHANNELS = (3, 1, 2, 4)

#: The fields in which layers have the fillers of their parameters.
_FILLERS = ("weight_filler", "bias_filler", "data_filler", "filler")


def checked_splits(
    filtered: caffe_pb2.NetParameter,
    whole: caffe_pb2.NetParameter,
    path: str | None,
    limits: Limits,
    dtype: DTypeLike = np.float32,
    origin: Origin | None = None,
    *,
    with_sources: bool = True,
) -> caffe_pb2.NetParameter:
    """The net with its splits, if its text has no mistake.

    Types, names of blobs, fillers and the layers' own settings are looked at; where one of them
    is wrong, the shapes of the other layers too, as far as they do not depend on it or on a file,
    and whether the sources of data are there.

    Args:
        filtered: the layers of one phase.
        whole: the net before filtering.
        path: its file.
        limits: what the net may do.
        dtype: of its blobs.
        origin: what is known of the fork that it was written for.
        with_sources: data that is not there is a mistake by itself, where it is several files.

    Raises:
        GraphError: with all mistakes as its ``problems``.
    """
    mistakes = [*wiring_mistakes(filtered, whole), *mistakes_of_layers(filtered, limits, origin)]
    missing = list(_missing_sources(filtered))
    # what is missing alone is told by the layer that opens it
    if mistakes or (with_sources and len(missing) > 1):
        mistakes += missing
        mistakes += _mistakes_of_shapes(filtered, mistakes, path, limits, dtype, origin)
        raise collected(sorted(mistakes, key=lambda mistake: mistake.layer), path)
    return insert_splits(filtered, whole)


def check_text(
    filtered: caffe_pb2.NetParameter,
    whole: caffe_pb2.NetParameter,
    path: str | None,
    origin: Origin | None = None,
) -> None:
    """Look at types, names of blobs, fillers and settings alone, for a net that cannot be built,
    or does without its data: the settings of layers that read data do not matter.

    Args:
        filtered, whole, path, origin: as :func:`checked_splits` takes them.

    Raises:
        GraphError: with all mistakes as its ``problems``.
    """
    origin = origin or origin_of(whole, layers=filtered)
    mistakes = [
        *wiring_mistakes(filtered, whole),
        *mistakes_of_layers(filtered, Limits(), origin, with_data=False),
    ]
    if mistakes:
        raise collected(sorted(mistakes, key=lambda mistake: mistake.layer), path)


def mistakes_of_layers(
    param: caffe_pb2.NetParameter,
    limits: Limits,
    origin: Origin | None = None,
    *,
    with_data: bool = True,
) -> Iterator[Mistake]:
    """Types that are not registered, fields of forks, bad settings and fillers.

    Args:
        param: the layers.
        limits: what the net may do.
        origin: what is known of the fork that it was written for.
        with_data: look at the settings of layers that read data, too.
    """
    for index, text in enumerate(param.layer):
        try:
            refused = list(refused_fork_fields(layer_class_of(text, origin), text))
            if refused and not with_data and not text.bottom:
                continue
            for place, error in refused:
                yield Mistake(index, _located(error, text), place)
            if refused:
                continue
            layer = _layer(text, param.state.phase, limits, origin)
        except GraphError as error:
            unknown = isinstance(error, UnknownTypeError)
            yield Mistake(index, _located(error, text), ("type",) if unknown else ())
            continue
        if with_data or text.bottom or not layer.opens_files(text):
            for place, mistake in _mistakes_of_layer(layer):
                yield Mistake(index, _located(mistake, text), place)
        for own, name, filler in _fillers(text):
            for field, message in filler_mistakes(filler):
                wrong = _located(GraphError(f"{name}: {message}"), text)
                yield Mistake(index, wrong, (own, name, field))


def _layer(
    text: caffe_pb2.LayerParameter, phase: int, limits: Limits, origin: Origin | None
) -> Layer:
    """The layer of a ``LayerParameter``, to be asked; no user's code runs for it."""
    param = caffe_pb2.LayerParameter()
    param.CopyFrom(text)
    if not param.HasField("phase"):
        param.phase = phase  # type: ignore[assignment]  # a value of the enumeration
    rng, dtype = np.random.default_rng(0), np.dtype(np.float32)
    if limits.allow_python_layers and issubclass(layer_class_of(param, origin), PythonLayer):
        return PythonLayer(param, phase, rng=rng, dtype=dtype)
    return make_layer(param, rng, dtype, limits, origin)


def _mistakes_of_layer(layer: Layer) -> Iterator[tuple[tuple[str, ...], MinicaffeError]]:
    """What a layer says of its numbers of blobs, or else of their places and its settings: the
    field that it is about, where that is not in the message, and the error.
    """
    param = layer.param
    bottoms, tops = len(param.bottom), layer.top_count()
    wrong: list[tuple[tuple[str, ...], MinicaffeError]]
    wrong = [((), error) for error in raised_by(layer.check_blob_counts, bottoms, tops)]
    if not wrong:
        blobs = {name: Blob(name=name) for name in (*param.bottom, *param.top)}
        bottom, top = [blobs[name] for name in param.bottom], [blobs[name] for name in param.top]
        wrong += [((), error) for error in raised_by(layer.check_propagate_down, bottoms)]
        wrong += [((), error) for error in raised_by(layer.check_loss_weights, tops)]
        wrong += [(("top",), error) for error in raised_by(layer.check_places, bottom, top)]
        wrong += [_with_unread(error, param) for error in layer.param_mistakes()]
    yield from wrong


def _with_unread(
    error: MinicaffeError, param: caffe_pb2.LayerParameter
) -> tuple[tuple[str, ...], MinicaffeError]:
    """An error about settings; for one that is missing, the other type's block that has it."""
    own, missing = own_field(param.type), re.match(r"(\w+) is missing", error.message)
    if own is None or missing is None or param.HasField(own):
        return (), error
    for other, settings in param.ListFields():
        if other.name.endswith("_param") and missing[1] in [
            f.name for f, _ in settings.ListFields()
        ]:
            error.explain(f"; `{other.name}` says nothing to this type: write `{own}`")
            return (other.name, missing[1]), error
    return (), error


def _located(error: MinicaffeError, layer: caffe_pb2.LayerParameter) -> MinicaffeError:
    line = layer.source_line if layer.HasField("source_line") else None
    return error.locate(line=line, layer=layer.name, layer_type=layer.type)


def _missing_sources(param: caffe_pb2.NetParameter) -> Iterator[Mistake]:
    """Data that is not there; for a net that has other mistakes, as else its layers say it."""
    for index, layer in enumerate(param.layer):
        for name, field in (
            (find_layer_class(layer.type).source(layer), (own_field(layer.type) or "", "source")),
            (layer.transform_param.mean_file, ("transform_param", "mean_file")),
        ):
            if name and "\0" not in name and not os.path.exists(name):
                what = f"{field[1]} '{name}' is not there (as seen from {os.getcwd()})"
                hint = near_file(name)
                error = MissingFileError(f"{what}; {hint}" if hint else what)
                yield Mistake(index, _located(error, layer), field)


def _fillers(
    layer: caffe_pb2.LayerParameter,
) -> Iterator[tuple[str, str, caffe_pb2.FillerParameter]]:
    """The fillers that a layer uses, each with the two fields that lead to it."""
    own = own_field(layer.type)
    if own is None or not layer.HasField(own):
        return
    settings = getattr(layer, own)
    if issubclass(find_layer_class(layer.type), Broadcast) and len(layer.bottom) > 1:
        return
    for name in _FILLERS:
        field = settings.DESCRIPTOR.fields_by_name.get(name)
        if field is None or (name == "bias_filler" and not getattr(settings, "bias_term", True)):
            continue
        value = getattr(settings, name)
        for filler in value if hasattr(value, "add") else [value]:
            yield own, name, filler


def clear_fillers(message: Message) -> None:
    """Let parameters be zeros: their values do not matter, and making them takes time."""
    for descriptor, value in message.ListFields():
        if descriptor.message_type is None:
            continue
        for inner in value if hasattr(value, "add") else [value]:
            if descriptor.message_type.full_name == _FILLER:
                inner.Clear()
            else:
                clear_fillers(inner)


def _mistakes_of_shapes(
    param: caffe_pb2.NetParameter,
    known: Sequence[Mistake],
    path: str | None,
    limits: Limits,
    dtype: DTypeLike,
    origin: Origin | None,
    shapes: Shapes | None = None,
) -> list[Mistake]:
    """Mistakes that show when the layers without any are built, as far as nothing is opened; the
    shapes of inputs are those given, or what their settings say."""

    wrong_already = {mistake.layer for mistake in known}

    def told(channels: int) -> list[Mistake]:
        inputs = without_files(param, shapes or {}, channels, wrong_already)
        split, found = insert_splits(_buildable(inputs, known, limits)), list[Mistake]()
        built = NetBuilder(
            split, path=path, seed=0, dtype=dtype, limits=limits, origin=origin, mistakes=found
        )
        numbers = {layer.name: index for index, layer in enumerate(param.layer)}
        wrong = [
            mistake._replace(layer=numbers.get(split.layer[mistake.layer].name, 0))
            for mistake in found
        ]
        return wrong or list(_unfit_fillers(param, numbers, built.nodes))

    first, *others = _CHANNELS
    found = told(first)
    if found and channels_are_guessed(param, shapes or {}):
        for channels in others:  # what is wrong is so however many there are
            wrong = {mistake.layer for mistake in told(channels)}
            found = [mistake for mistake in found if mistake.layer in wrong]
    return found


def _unfit_fillers(
    param: caffe_pb2.NetParameter, numbers: Mapping[str, int], nodes: Sequence[Node]
) -> Iterator[Mistake]:
    """Fillers that cannot fill the parameters that they are for."""
    for node in nodes:
        text = param.layer[numbers[node.name]] if node.name in numbers else node.layer.param
        for own, name, filler in _fillers(text):
            blob = -1 if name == "bias_filler" else 0
            for parameter in node.layer.blobs[blob:][:1]:
                for field, message in filler_shape_mistakes(filler, parameter.shape):
                    error = _located(ShapeError(message), text)
                    yield Mistake(numbers[node.name], error, (own, name, field))


def _buildable(
    param: caffe_pb2.NetParameter, known: Sequence[Mistake], limits: Limits
) -> caffe_pb2.NetParameter:
    """The layers without mistakes whose shapes depend on no file, on no such layer and, where it
    may not run, on no user's code; nothing is filled when they are built."""
    wrong = {mistake.layer for mistake in known}
    known_blobs: set[str] = set()
    good = caffe_pb2.NetParameter()
    good.state.CopyFrom(param.state)
    for index, layer in enumerate(param.layer):
        cls = find_layer_class(layer.type)
        runs_code = issubclass(cls, PythonLayer) and not limits.allow_python_layers
        left_out = cls is Layer or cls.opens_files(layer) or runs_code
        if index in wrong or left_out or not known_blobs.issuperset(layer.bottom):
            known_blobs.difference_update(layer.top)
        else:
            known_blobs.update(layer.top)
            good.layer.add().CopyFrom(layer)
            clear_fillers(good.layer[-1])
    return good


def built_in_part(
    param: caffe_pb2.NetParameter, path: str | None, shapes: Shapes, *, guess: bool = False
) -> list[Node | None]:
    """The layers of a net that can be built without files and have no mistake, in its order; None
    in the place of the others.

    Args:
        param, path, shapes: as :func:`check_shapes` takes them.
        guess: images are of three channels where only the stored ones have the number.
    """
    filtered, limits = filter_net(param), Limits(allow_python_layers=False)
    origin = origin_of(param, layers=filtered)
    known = list(mistakes_of_layers(filtered, limits, origin))
    inputs = without_files(
        filtered, shapes, _CHANNELS[0] if guess else None, {mistake.layer for mistake in known}
    )
    split, mistakes = insert_splits(_buildable(inputs, known, limits)), list[Mistake]()
    built = NetBuilder(
        split, path=path, seed=0, dtype=np.float32, limits=limits, origin=origin, mistakes=mistakes
    )
    wrong = {split.layer[mistake.layer].name for mistake in mistakes}
    found: list[Node | None] = [None] * len(filtered.layer)
    place = 0
    for node in built.nodes:  # in order, with splits among them
        if node.name in wrong:
            continue
        for index in range(place, len(found)):
            layer = inputs.layer[index]
            if (layer.name, layer.type) == (node.name, node.layer.param.type):
                found[index], place = node, index + 1
                break
    return found


def check_shapes(
    param: caffe_pb2.NetParameter, path: str | None, shapes: Shapes | None = None
) -> None:
    """Look at the shapes of a net that :func:`check_net` finds no mistake in, as far as they do
    not depend on a file: nothing is opened, nothing filled, and no user's code runs.

    Args:
        param: the net, upgraded, with its ``state``.
        path: its file.
        shapes: of inputs, by blob.

    Raises:
        MinicaffeError: with all mistakes that were found as its ``problems``.
    """
    filtered = filter_net(param)
    limits = Limits(allow_python_layers=False)
    origin = origin_of(param, layers=filtered)
    if mistakes := _mistakes_of_shapes(filtered, [], path, limits, np.float32, origin, shapes):
        raise collected(mistakes, path)


def check_net(
    param: caffe_pb2.NetParameter,
    path: str | None,
    options: RunOptions,
    dtype: DTypeLike = np.float32,
    *,
    with_sources: bool = True,
) -> caffe_pb2.NetParameter:
    """The layers of a net in its state, with their splits; nothing is built or opened.

    Args:
        param: the net, upgraded, with its ``state``.
        path, dtype: as :func:`checked_splits` takes them.
        options: what the net may do, and its dialect.
        with_sources: tell of data that is not there, where that is the only mistake.

    Raises:
        MinicaffeError: with all mistakes that were found as its ``problems``.
    """
    try:
        filtered = filter_net(param)
    except MinicaffeError as error:
        raise error.locate(path=path) from None
    origin = origin_of(param, options.dialect, filtered)
    return checked_splits(
        filtered, param, path, options.limits, dtype, origin, with_sources=with_sources
    )


def build_checked(
    param: caffe_pb2.NetParameter,
    options: RunOptions,
    *,
    path: str | None,
    seed: int | None,
    dtype: np.dtype,
) -> NetBuilder:
    """The layers of a net in its state, checked, with their splits, built and connected.

    Args:
        param: the net, upgraded, with its ``state``.
        options: what the net may do, and its dialect.
        path, seed, dtype: as :class:`minicaffe.net.init.NetBuilder` takes them.

    Raises:
        MinicaffeError: with all mistakes that were found as its ``problems``.
    """
    split = check_net(param, path, options, dtype)
    limits, origin = options.limits, origin_of(param, options.dialect, split)
    built = NetBuilder(
        split, path=path, seed=seed, dtype=dtype, limits=limits,
        ranks=common.ranks_for(test=param.state.phase == caffe_pb2.TEST), origin=origin,
    )  # fmt: skip
    try:
        built.notes.add_net(param)
    except MinicaffeError as error:
        raise error.locate(path=path) from None
    built.notes.tell(param.state.phase)
    keep_overwritten(built.nodes)
    tell_of_real_caffe(built.nodes, path)
    return built


def origin_of(
    param: caffe_pb2.NetParameter,
    dialect: str | None = None,
    layers: caffe_pb2.NetParameter | None = None,
) -> Origin:
    """What is known of the fork that a net was written for.

    Args:
        param: the net, for all phases.
        dialect: what the user says.
        layers: those of one phase, with or without their splits; by default all of ``param``.
    """
    readers: defaultdict[str, set[str]] = defaultdict(set)
    for layer in param.layer:
        for blob in layer.bottom:
            readers[blob].add(layer.type)
    types = frozenset(layer.type for layer in param.layer)
    read = {blob: frozenset(of) for blob, of in readers.items()}
    return Origin(dialect, types, read, alignments_of(param if layers is None else layers))
