"""Forms that Caffe has given up, with today's in their place: comments and layout stay."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from minicaffe.errors import MinicaffeError
from minicaffe.lint.diagnostic import Diagnostic, Edit, Fix, Severity
from minicaffe.lint.edits import Field, cut_of, fields_of
from minicaffe.lint.rules import Examined, rule
from minicaffe.proto import caffe_pb2
from minicaffe.proto.lexer import Text
from minicaffe.proto.places import Place
from minicaffe.proto.printing import to_text
from minicaffe.proto.text_format import parse
from minicaffe.proto.upgrade_proto import upgrade_net
from minicaffe.proto.upgrade_v1 import DATA_PARAMS, TRANSFORM_FIELDS, layer_type

_LARGEST = 1 << 22  # characters of a file that is looked at
_V1 = caffe_pb2.V1LayerParameter.LayerType

#: What says something of a layer's parameters, one value a parameter, and today's field for it.
_OF_PARAMETERS = {
    "param": "name", "blob_share_mode": "share_mode",
    "blobs_lr": "lr_mult", "weight_decay": "decay_mult",
}  # fmt: skip
_INPUTS = ("input", "input_dim", "input_shape")


@rule("MC151")
def old_layers(examined: Examined) -> Iterator[Diagnostic]:
    """A net's layers are written as Caffe had them until the end of 2014.

    They are read, as in Caffe. But nothing of today's can be added to such a file: ``layer`` and
    ``layers`` do not go into one net. ``--fix`` writes today's form: types as texts, ``param`` for
    each parameter with ``lr_mult`` and ``decay_mult``, ``transform_param`` for what is done to
    images. The oldest form of all, ``layers { layer { ... } }``, is rewritten by ``minicaffe
    upgrade_net_proto_text``, which keeps no comments.

    Found::

        layers { name: "data" type: DUMMY_DATA top: "data" top: "label"
          dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 } } }
        layers { name: "ip" type: INNER_PRODUCT bottom: "data" top: "ip"
          blobs_lr: 1 blobs_lr: 2 weight_decay: 1 weight_decay: 0  # as usual
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layers { name: "loss" type: SOFTMAX_LOSS bottom: "ip" bottom: "label" }

    Mended::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 } } }
        layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
          param { lr_mult: 1 decay_mult: 1 } param { lr_mult: 2 decay_mult: 0 }  # as usual
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }
    """
    for path, text in _texts(examined):
        old = [field for field in fields_of(text, 0) if field.name == "layers"]
        if old:
            yield _remark(
                path, text, old[0],
                f"a form that Caffe gave up in 2014: `layers` ({len(old)} of them)",
                "write today's: layer { type: \"Convolution\" param { lr_mult: 1 } }",
                _checked(path, text, [edit for field in old for edit in _of_layer(text, field)]),
            )  # fmt: skip


@rule("MC152")
def old_inputs(examined: Examined) -> Iterator[Diagnostic]:
    """A net says what it takes in ``input`` and ``input_dim``; today an Input layer says it.

    Such a net is read, as in Caffe. ``--fix`` writes the layer.

    Found::

        input: "data"
        input_dim: 1 input_dim: 3 input_dim: 8 input_dim: 8
        # the only layer
        layer { name: "relu" type: "ReLU" bottom: "data" top: "relu" }

    Mended::

        layer { name: "input" type: "Input" top: "data"
          input_param { shape { dim: 1 dim: 3 dim: 8 dim: 8 } } }
        # the only layer
        layer { name: "relu" type: "ReLU" bottom: "data" top: "relu" }
    """
    for path, text in _texts(examined):
        old = [field for field in fields_of(text, 0) if field.name in _INPUTS]
        if old:
            yield _remark(
                path, text, old[0],
                "the net's input is said outside of layers, a form that Caffe has given up",
                "write an Input layer",
                _checked(path, text, _of_inputs(path, text, old)),
            )  # fmt: skip


@rule("MC153")
def old_solver_type(examined: Examined) -> Iterator[Diagnostic]:
    """A solver's type is said by ``solver_type``; today ``type`` says it.

    Found::

        net: "net.prototxt" base_lr: 0.01 lr_policy: "fixed" max_iter: 100 display: 10
        test_iter: 10 test_interval: 50 solver_type: SGD

    Mended::

        net: "net.prototxt" base_lr: 0.01 lr_policy: "fixed" max_iter: 100 display: 10
        test_iter: 10 test_interval: 50 type: "SGD"
    """
    if examined.solver is None or (text := _text_of(examined.path)) is None:
        return
    for field in fields_of(text, 0):
        if field.name == "solver_type" and examined.path is not None:
            edit = Edit(field.start, field.end, f'type: "{examined.solver.type}"')
            yield _remark(
                examined.path, text, field, "solver_type is a field that Caffe has given up",
                f'write type: "{examined.solver.type}"', Fix(examined.path, (edit,)),
            )  # fmt: skip


# --------------------------------------------------------------------------- texts


def _texts(examined: Examined) -> Iterator[tuple[str, str]]:
    """The files of the nets, each once, with what is in them."""
    for path in dict.fromkeys(net.path for net in examined.nets):
        if path is not None and (text := _text_of(path)) is not None:
            yield path, text


def _text_of(path: str | None) -> str | None:
    """What is in a file; None if it cannot be read again, or is very large."""
    try:
        if path is None or not os.path.isfile(path) or os.path.getsize(path) > _LARGEST:
            return None
        with open(path, encoding="utf-8-sig", errors="surrogateescape") as file:
            return file.read()
    except (OSError, ValueError):
        return None


def _remark(
    path: str, text: str, field: Field, message: str, help: str, fix: Fix | None
) -> Diagnostic:
    if fix is None:
        help += "; `minicaffe upgrade_net_proto_text` does, and keeps no comments"
    lines = Text(text)
    place = Place(
        path, lines.line(field.start), lines.column(field.start), len(field.name),
        lines.source_line(field.start),
    )  # fmt: skip
    return Diagnostic("", Severity.WARNING, place, None, message, help, fix=fix)


def _checked(path: str, text: str, edits: Sequence[Edit] | None) -> Fix | None:
    """The fix, if the net that it gives is the one that is read now."""
    if not edits:
        return None
    mended = text
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        mended = mended[: edit.start] + edit.text + mended[edit.end :]
    try:
        same = _meaning(mended, path) == _meaning(text, path)
    except MinicaffeError:
        return None
    return Fix(path, tuple(edits)) if same else None


def _meaning(text: str, path: str) -> str:
    """A net in today's form, without comments."""
    param = caffe_pb2.NetParameter()
    parse(text, param)
    return to_text(upgrade_net(param, path))


# ---------------------------------------------------------------------------- edits


def _of_layer(text: str, layer: Field) -> Iterator[Edit]:
    """What makes a layer of the end of 2014 one of today."""
    yield Edit(layer.start, layer.start + len(layer.name), "layer")
    inside = list(fields_of(text, layer.value + 1))
    said = {field.name: text[field.value : field.end] for field in inside}
    for field in inside:
        if field.name == "type" and said["type"] in _V1.keys():  # noqa: SIM118  (no dict)
            name = layer_type(_V1.Value(said["type"]))
            yield Edit(field.value, field.end, f'"{name}"')
    yield from _parameters(text, [field for field in inside if field.name in _OF_PARAMETERS])
    kind = said.get("type", "")
    own = DATA_PARAMS.get(_V1.Value(kind)) if kind in _V1.keys() else None  # noqa: SIM118
    for field in inside:
        if field.name == own:
            yield from _transformation(text, field, inside)


def _parameters(text: str, said: Sequence[Field]) -> Iterator[Edit]:
    """One ``param`` for each parameter, where the first of what is said of them was."""
    values: dict[str, list[str]] = {name: [] for name in _OF_PARAMETERS}
    for field in said:
        values[field.name].append(text[field.value : field.end])
    count = max(map(len, values.values()), default=0)
    written = []
    for index in range(count):
        parts = [
            f"{today}: {values[name][index]}"
            for name, today in _OF_PARAMETERS.items()
            if index < len(values[name])
        ]
        written.append(f"param {{ {' '.join(parts)} }}")
    for number, field in enumerate(said):
        if number == 0:
            yield Edit(field.start, field.end, " ".join(written))
        else:
            yield cut_of(text, field.start, field.end)


def _transformation(text: str, data: Field, layer: Sequence[Field]) -> Iterator[Edit]:
    """What is done to images, moved from a data layer's own message to ``transform_param``."""
    inner = [f for f in fields_of(text, data.value + 1) if f.name in TRANSFORM_FIELDS]
    words = " ".join(f"{field.name}: {text[field.value : field.end]}" for field in inner)
    there = next((field for field in layer if field.name == "transform_param"), None)
    if there is not None and words:
        yield Edit(there.value + 1, there.value + 1, f" {words}")
    elif there is None:
        yield Edit(data.end, data.end, f" transform_param {{ {words} }}" if words else "")
    for field in inner:
        yield cut_of(text, field.start, field.end)


def _of_inputs(path: str, text: str, said: Sequence[Field]) -> list[Edit] | None:
    """What puts an Input layer in the place of the first field; None where it says no shape."""
    param = caffe_pb2.NetParameter()
    try:
        parse(text, param)
        if param.layer and param.layers:
            return None
        del param.layer[:]
        del param.layers[:]
        layers = upgrade_net(param, path).layer
    except MinicaffeError:
        return None
    if len(layers) != 1 or any(field.name == "layers" for field in fields_of(text, 0)):
        return None  # MC151 is mended first
    shapes = " ".join(
        f"shape {{ {' '.join(f'dim: {length}' for length in shape.dim)} }}"
        for shape in layers[0].input_param.shape
    )
    tops = " ".join(f'top: "{name}"' for name in layers[0].top)
    layer = (
        f'layer {{ name: "{layers[0].name}" type: "{layers[0].type}" {tops}\n'
        f"  input_param {{ {shapes} }} }}"
    )
    first, *rest = said
    return [Edit(first.start, first.end, layer), *(cut_of(text, f.start, f.end) for f in rest)]
