"""What to say about a name or a value that a prototxt should not have at its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from minicaffe.errors import closest, did_you_mean
from minicaffe.proto.forks import fork_of_field, fork_of_layer, type_of_others, without_forks
from minicaffe.proto.lexer import LONGEST, STRING, WORD, Token
from minicaffe.proto.own_fields import own_field, own_fields

#: Fields that our reader fills itself; in a file they are as unknown as any other.
OWN_FIELDS = ("source_line",)
_ROOTS = {"NetParameter": "SolverParameter", "SolverParameter": "NetParameter"}
_FEW = 10  # fields that a message can list
_KINDS = {"NetParameter": "net", "SolverParameter": "solver"}


#: What Caffe once had in the data layers' own settings, and has in `transform_param` today.
_TRANSFORM = ("crop_size", "mirror", "scale", "mean_file")

#: Other frameworks' words for the settings of layers.
_OTHER_WORDS = {
    **dict.fromkeys(("filters", "units", "out_channels", "out_features"), "num_output"),
    **dict.fromkeys(("pool_size", "filter_size"), "kernel_size"),
    **dict.fromkeys(("padding", "pads"), "pad"), "strides": "stride", "groups": "group",
    **dict.fromkeys(("rate", "drop_rate", "keep_prob"), "dropout_ratio"), "epsilon": "eps",
    "use_bias": "bias_term", "dilations": "dilation", "dilation_rate": "dilation",
    "kernel_initializer": "weight_filler", "bias_initializer": "bias_filler",
    "inputs": "bottom", "input": "bottom", "outputs": "top", "output": "top",
    "learning_rate": "base_lr", "lr": "base_lr", "epochs": "max_iter",
}  # fmt: skip


class Block(NamedTuple):
    """A message that is being read: its descriptor, what the file calls it, its line, itself."""

    descriptor: Any
    name: str
    line: int
    message: Any = None


def hint_for_type(layer_type: str, known: Callable[[], list[str]]) -> str:
    """What to say besides of a layer type that is not known: Caffe's name for it, or its fork.

    Args:
        layer_type: the type.
        known: gives all types that are.
    """
    if fork := fork_of_layer(layer_type):
        skeleton = f"`minicaffe layer-skeleton {layer_type}` prints a layer in Python to begin with"
        return f", which comes from {fork} and is not in minicaffe yet; {skeleton}"
    if caffes := type_of_others(layer_type):
        return f"; in Caffe it is {caffes}"
    return did_you_mean(layer_type, known())


def unknown_field(name: str, blocks: Sequence[Block]) -> str:
    """What to say of a field that the innermost of the blocks around it does not have."""
    block = blocks[-1]
    place = f" in {block.name}" if block.name else ""
    shown = name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
    return f"unknown field `{shown}`{place}{_hint(name, blocks)}"


def wrong_value(message: Any, field: Any, token: Token) -> str:
    """A remark on a value of the wrong type; mostly nothing."""
    descriptor = message.DESCRIPTOR.name
    if field.name == "type" and descriptor == "V1LayerParameter":
        if token.kind == STRING:
            return "; a type in quotes belongs to a block `layer`, not `layers`"
        return _newer_type(token.text)
    if field.name == "type" and descriptor == "LayerParameter" and token.kind == WORD:
        return "; a type without quotes belongs to the old block `layers`, not `layer`"
    return ""


def _newer_type(name: str) -> str:
    """For a type that the old block ``layers`` never had, and ``layer`` has."""
    plain = name.replace("_", "").lower()
    types = [kind for kind in own_fields() if kind.lower() == plain]
    return f'; today it is layer {{ type: "{types[0]}" }}' if types else ""


def _hint(name: str, blocks: Sequence[Block]) -> str:
    here = blocks[-1].descriptor
    if fork := fork_of_field(here.name, name):
        return f"; it is a field of {fork}"
    if len(blocks) == 1 and (hint := _other_root(name, here)):
        return hint
    if hint := _of_other_programs(name, blocks[-1]) or _of_the_type(name, blocks[-1]):
        return hint
    if inside := _inner_blocks(name, here):
        return f"; it belongs into {_listed(inside)}"
    known = [field for field in here.fields_by_name if field not in OWN_FIELDS]
    if longer := _longer(name, here):
        return f"; did you mean `{longer}`?"
    near = did_you_mean(name, without_forks(here.name, known)) or did_you_mean(name, known)
    return near or _outside(name, blocks) or _all_fields(known, blocks)


def _of_the_type(name: str, block: Block) -> str:
    """For a field of a layer whose type is known: what the type's own settings have like it."""
    own = _own_field(block)
    if own is None:
        return ""
    settings = block.descriptor.fields_by_name[own].message_type
    if name in settings.fields_by_name:
        return f"; it belongs into `{'transform_param' if name in _TRANSFORM else own}`"
    if name.endswith("_param"):
        return did_you_mean(name, [own])
    near = _longer(name, settings) or closest(name, list(settings.fields_by_name))
    own_near = closest(name, list(block.descriptor.fields_by_name))
    return f"; did you mean `{near}`, in `{own}`?" if near and not own_near else ""


def _of_other_programs(name: str, block: Block) -> str:
    """For a word by which other frameworks call what Caffe has in a layer's settings."""
    if name in ("activation", "act_type") and block.descriptor.name.endswith("Parameter"):
        return "; in Caffe an activation is a layer of its own, such as ReLU"
    caffes = _OTHER_WORDS.get(name)
    if caffes is None:
        return ""
    if caffes in block.descriptor.fields_by_name:
        return f"; in Caffe it is `{caffes}`"
    own = _own_field(block)
    if own and caffes in block.descriptor.fields_by_name[own].message_type.fields_by_name:
        return f"; in Caffe it is `{caffes}`, in `{own}`"
    return ""


def _own_field(block: Block) -> str | None:
    """The field with the settings of a layer's type, where a layer and its type are known."""
    if block.descriptor.name != "LayerParameter" or block.message is None:
        return None
    return own_field(block.message.type)


def _longer(name: str, descriptor: Any) -> str | None:
    """The field whose name holds this one, as kernel_size does for kernel, the first of them."""
    found = [f for f in descriptor.fields if f"_{f.name}_".find(f"_{name}_") >= 0]
    return min(found, key=lambda f: f.number).name if found else None


def _all_fields(known: Sequence[str], blocks: Sequence[Block]) -> str:
    """All that a small block may have."""
    known = without_forks(blocks[-1].descriptor.name, known)
    if len(blocks) < 3 or len(known) > _FEW:
        return ""
    return f"; it may have {', '.join(known)}"


def how_to_write(field: Any, token: Token) -> str:
    """For a plain value in the place of a block: how the block is written with it."""
    inside = field.message_type.fields_by_name
    if token.kind == STRING and "type" in inside:
        return f"; write {field.name} {{ type: {token.text} }}"
    if "dim" in inside:
        return f"; write {field.name} {{ dim: 2 dim: 3 }}, each length after its own `dim:`"
    return ""


def other_root(root: Any) -> Any:
    """The solver's message for the net's, and the other way round; None for any other."""
    other = _ROOTS.get(root.name)
    return None if other is None else root.file.message_types_by_name[other]


def is_other_root(root: Any, text: str) -> str:
    """What to say of a whole file that is a solver in the place of a net, or the contrary."""
    other, here = _KINDS[_ROOTS[root.name]], _KINDS[root.name]
    begin = f"this is a {other}, a {here} is expected here"
    if here == "solver":
        return f'{begin}; give the file with base_lr and max_iter that names this one: net: "…"'
    named = re.search(
        r"""^\s*(?:train_)?net\s*:\s*["']([^"'\n\\]{1,200})["']""", text, re.MULTILINE
    )
    return f"{begin}; its net is {named[1]}" if named else begin


def _other_root(name: str, root: Any) -> str:
    """For a solver's field in a net and the other way round."""
    other = other_root(root)
    if other is not None and name in other.fields_by_name:
        return f"; it is a field of a {_KINDS[other.name]}, a {_KINDS[root.name]} is expected here"
    return ""


def _outside(name: str, blocks: Sequence[Block]) -> str:
    """For a field of one of the blocks around, or of a block beside."""
    around = blocks[-2::-1]
    for outer in around:
        if name in outer.descriptor.fields_by_name:
            return f"; it is a field of {outer.name or 'the file'}, outside this block"
    for outer in around:
        inside = _inner_blocks(name, outer.descriptor)
        if own := _own_field(outer):
            inside = [block for block in inside if block in (own, "param")]
        if inside:
            return f"; it belongs into {_listed(inside)} of {outer.name or 'the file'}"
    return ""


def _inner_blocks(name: str, descriptor: Any) -> list[str]:
    return [
        field.name
        for field in descriptor.fields
        if field.message_type is not None
        and name in field.message_type.fields_by_name
        and name not in OWN_FIELDS
    ]


def _listed(names: list[str]) -> str:
    """A few of the names."""
    shown = [f"`{name}`" for name in names[:3]]
    return ", ".join(shown[:-1]) + (" or " if shown[1:] else "") + shown[-1]
