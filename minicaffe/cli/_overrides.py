"""``--set base_lr=0.02``: fields of a solver given on the command line or in a config file.

An override is turned into a line of prototxt and read by the same reader as the file, so
that fields, types, enum names and errors are the same in all three places.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from minicaffe.errors import Problem, PrototxtError
from minicaffe.proto import caffe_pb2
from minicaffe.proto.text import parse


@dataclass(frozen=True)
class Override:
    """Prototxt for one field, and where the user wrote it."""

    text: str
    path: str
    line: int = 1


def from_flag(word: str) -> Override:
    """The override of ``--set word``, such as ``train_state.level=2``.

    Raises:
        PrototxtError: there is no ``=``.
    """
    name, equals, value = word.partition("=")
    if not equals or not name.strip():
        raise PrototxtError(
            f"expected FIELD=VALUE, such as base_lr=0.02, not '{word}'", path="--set"
        )
    return Override(
        _text(name.strip(), value.strip(), caffe_pb2.SolverParameter.DESCRIPTOR), "--set"
    )


def from_yaml(name: str, value: Any, path: str, line: int) -> Override:
    """The override of one key under ``set:`` in a config file."""
    return Override(_text(name, value, caffe_pb2.SolverParameter.DESCRIPTOR), path, line)


def apply(param: Any, overrides: Iterable[Override]) -> None:
    """Put overrides into a ``SolverParameter``.

    A field replaces what the file says; a repeated field is replaced as a whole by all
    values that the overrides give; of a message, only the fields that are given.

    Raises:
        PrototxtError: an unknown field or a value that it does not take.
    """
    given = type(param)()
    problems: list[Problem] = []
    for override in overrides:
        one = type(param)()
        try:
            parse("\n" * (override.line - 1) + override.text, one, override.path)
        except PrototxtError as error:
            problems += error.problems
        given.MergeFrom(one)
    if problems:
        raise PrototxtError.of_problems(problems, problems[0].path)
    _clear_scalars(param, given)
    param.MergeFrom(given)


def _clear_scalars(target: Any, source: Any) -> None:
    """Clear in ``target`` what ``source`` replaces, which MergeFrom would append to."""
    for field, value in source.ListFields():
        if hasattr(value, "ListFields"):
            _clear_scalars(getattr(target, field.name), value)
        else:
            target.ClearField(field.name)


def _text(name: str, value: Any, descriptor: Any) -> str:
    """Prototxt that sets the field ``a.b`` of a message (its descriptor) to a value."""
    head, dot, rest = name.partition(".")
    field = descriptor.fields_by_name.get(head)
    inner = field.message_type if field is not None else None
    if dot or isinstance(value, dict):
        if inner is None:
            return f"{head} {{ }}"  # the reader says what is wrong with it
        parts = {rest: value} if dot else value
        return f"{head} {{ {' '.join(_text(str(k), v, inner) for k, v in parts.items())} }}"
    if isinstance(value, list):
        return " ".join(_text(head, one, descriptor) for one in value)
    return f"{head}: {_scalar(value, field)}"


def _scalar(value: Any, field: Any) -> str:
    """A value in prototxt's spelling; text for a string field may leave out its quotes."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    is_string = field is not None and field.type == field.TYPE_STRING
    if is_string and not text.startswith(('"', "'", "[")):
        text = '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    return text
