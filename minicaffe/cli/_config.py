"""``--set base_lr=0.02``: fields of a solver given on the command line or in a config file.

An override is turned into a line of prototxt and read by the same reader as the file, so
that fields, types, enum names and errors are the same in all three places.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import yaml
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from minicaffe.cli._flags import FLAGS, Flag
from minicaffe.errors import Problem, PrototxtError, did_you_mean
from minicaffe.errors.reading import cannot_read
from minicaffe.files import open_to_read
from minicaffe.proto import caffe_pb2
from minicaffe.proto.places import SourceMap
from minicaffe.proto.text_format import parse

_SOLVER: Descriptor = caffe_pb2.SolverParameter.DESCRIPTOR  # type: ignore[assignment]


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
    return Override(_text(name.strip(), value.strip(), _SOLVER), "--set")


def from_yaml(name: str, value: object, path: str, line: int) -> Override:
    """The override of one key under ``set:`` in a config file.

    Args:
        name, value: the key and what YAML makes of its value.
        path, line: the config file, and the key's line there, for messages.
    """
    return Override(_text(name, value, _SOLVER), path, line)


def apply(
    param: caffe_pb2.SolverParameter, overrides: Iterable[Override], lines: SourceMap | None = None
) -> None:
    """Put overrides into a ``SolverParameter``.

    A field replaces what the file says; a repeated field is replaced as a whole by all
    values that the overrides give; of a message, only the fields that are given.

    Args:
        param: changed in place.
        overrides: what is put into it.
        lines: where the fields are in their file; those of overridden ones are forgotten.

    Raises:
        PrototxtError: an unknown field or a value that it does not take.
    """
    given = caffe_pb2.SolverParameter()
    problems: list[Problem] = []
    for override in overrides:
        single = caffe_pb2.SolverParameter()
        try:
            parse("\n" * (override.line - 1) + override.text, single, override.path)
        except PrototxtError as error:
            problems += error.problems
        given.MergeFrom(single)
    if problems:
        raise PrototxtError.of_problems(problems, problems[0].path)
    _clear_scalars(param, given)
    param.MergeFrom(given)
    if lines is not None:
        lines.forget(field.name for field, _ in given.ListFields())


def _clear_scalars(target: Message, source: Message) -> None:
    """Clear in ``target`` what ``source`` replaces, which MergeFrom would append to."""
    for field, value in source.ListFields():
        if hasattr(value, "ListFields"):
            _clear_scalars(getattr(target, field.name), value)
        else:
            target.ClearField(field.name)


def _text(name: str, value: object, descriptor: Descriptor) -> str:
    """Prototxt that sets the field ``a.b`` of a message (its descriptor) to a value."""
    head, dot, rest = name.partition(".")
    # protobuf's map breaks when asked for what is not Unicode, as arguments may be
    field = descriptor.fields_by_name.get(head) if head.isascii() else None
    inner = field.message_type if field is not None else None
    if dot or isinstance(value, dict):
        if inner is None:
            return f"{head} {{ }}"  # the reader says what is wrong with it
        parts = value if isinstance(value, dict) and not dot else {rest: value}
        return f"{head} {{ {' '.join(_text(str(k), v, inner) for k, v in parts.items())} }}"
    if isinstance(value, list):
        return " ".join(_text(head, item, descriptor) for item in value)
    return f"{head}: {_scalar(value, field)}"


def _scalar(value: object, field: FieldDescriptor | None) -> str:
    """A value in prototxt's spelling; text for a string field may leave out its quotes."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    is_string = field is not None and field.type == field.TYPE_STRING
    if is_string and not text.startswith(('"', "'", "[")):
        text = '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    return text


_MAX_BYTES = 50_000  # YAML is read at some 100 kB a second
_MAX_DEPTH = 50
_MAX_BITS = 1024  # what a double reaches


def apply_config(args: argparse.Namespace, names: Sequence[str]) -> list[Override]:
    """Fill the flags that the command line left out; returns the file's overrides.

    Args:
        args: has ``config``, the file's name or None; changed in place.
        names: the flags that the file may hold.

    Raises:
        PrototxtError: the file cannot be read, or has an unknown key or a bad value.
    """
    if args.config is None:
        return []
    overrides: list[Override] = []
    given: set[str] = set()
    for key, value, line in _entries(_root(args.config), args.config):
        if key in given:
            raise PrototxtError(f"'{key}' is given twice", path=args.config, line=line)
        given.add(key)
        if key == "set":
            overrides += [
                from_yaml(name, inner, args.config, inner_line)
                for name, inner, inner_line in _entries(value, args.config)
            ]
        elif key not in names:
            hint = did_you_mean(key, [*names, "set"])
            hint = hint or "; fields of the solver belong under 'set:'"
            if args.config.endswith(".prototxt"):
                hint = "; this is a prototxt: give a solver as --solver"
            raise PrototxtError(f"unknown key '{key}'{hint}", path=args.config, line=line)
        elif getattr(args, key) is None:
            setattr(args, key, _value(FLAGS[key], _python_data(value), args.config, line))
    return overrides


class _Refused(yaml.MarkedYAMLError):
    """What is YAML, and is not taken."""


class _Loader(yaml.SafeLoader):
    """Plain data only, and as large as it is written: no aliases, no great depth.

    A few lines of aliases to aliases can mean more data than any memory holds.
    """

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose a node, unless it is another one's alias or lies too deep."""
        mark = self.peek_event().start_mark
        if self.check_event(yaml.AliasEvent):
            raise _Refused(None, None, "aliases (*name) are not taken; write the value", mark)
        if self.depth >= _MAX_DEPTH:
            raise _Refused(None, None, f"nested deeper than {_MAX_DEPTH} levels", mark)
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1

    def construct_object(self, node: yaml.Node, deep: bool = False) -> object:
        """Make Python data of a node.

        PyYAML takes for granted that what a tag such as !!int precedes is one; and a number that
        Python has read in base 2 or 16 it may refuse to write in base 10.
        """
        try:
            value = super().construct_object(node, deep)
        except (ValueError, OverflowError, LookupError, AttributeError, TypeError) as error:
            kind = node.tag.rpartition(":")[2]
            shown = _shortened(str(node.value))
            raise _Refused(None, None, f"'{shown}' is no {kind}", node.start_mark) from error
        if isinstance(value, int) and value.bit_length() > _MAX_BITS:
            raise _Refused(None, None, "a whole number that no field holds", node.start_mark)
        return value


def _root(path: str) -> yaml.Node | None:
    try:
        root = yaml.compose(_contents(path), Loader=_Loader)
        _python_data(root)  # notices unknown tags, keys that are lists, and the like
        return root
    except (OSError, UnicodeDecodeError) as reason:
        raise cannot_read(path, reason, PrototxtError) from reason
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        what = "" if isinstance(error, _Refused) else "not YAML: "
        raise PrototxtError(f"{what}{error.problem}", path=path, line=line) from None
    except yaml.YAMLError as error:
        raise PrototxtError(f"not YAML: {error}", path=path) from None


def _contents(path: str) -> str:
    with open_to_read(path, pipes=True) as stream:
        raw = stream.read(_MAX_BYTES + 1)
    if len(raw) > _MAX_BYTES:
        raise PrototxtError(
            f"it is larger than {_MAX_BYTES} bytes; a config file holds the flags of one run",
            path=path,
        )
    return raw.decode("utf-8")


def _entries(node: object, path: str) -> Iterator[tuple[str, object, int]]:
    """Key, value and line of a mapping; values of nested mappings stay nodes for ``set``."""
    if node is None or _python_data(node) is None:
        return
    if not isinstance(node, yaml.MappingNode):
        line = node.start_mark.line + 1 if isinstance(node, yaml.Node) else None
        raise PrototxtError("expected 'key: value' lines", path=path, line=line)
    for key, value in node.value:
        name = str(_python_data(key))
        inner = value if name == "set" else _python_data(value)
        yield name, inner, key.start_mark.line + 1


def _python_data(node: object) -> object:
    """A node as Python data, by YAML's safe rules; other things as they are."""
    if not isinstance(node, yaml.Node):
        return node
    loader = _Loader("")
    try:
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _value(flag: Flag, value: object, path: str, line: int) -> object:
    """A flag's value, checked as on the command line."""
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    try:
        converted = flag.convert(text)
        if value is None or isinstance(value, dict) or flag.switch != isinstance(value, bool):
            raise ValueError("expected a single value")
        if flag.choices and converted not in flag.choices:
            raise ValueError(f"expected one of {', '.join(flag.choices)}")
    except ValueError as reason:
        problem = f"{flag.name}: {_shortened(repr(value))}: {str(reason)[:200]}"
        raise PrototxtError(problem, path=path, line=line) from None
    return converted


def _shortened(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:79]}…"
