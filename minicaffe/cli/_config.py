"""``--config run.yaml``: a run's flags in a file.

The keys are the flags' names; ``set`` holds fields of the solver::

    solver: models/lenet_bn/solver.prototxt
    engine: numpy
    set:
      base_lr: 0.02
      stepvalue: [1000, 1500]
      train_state: {level: 1}

What the command line says wins over what the file says.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from minicaffe.cli._flags import FLAGS, Flag
from minicaffe.cli._overrides import Override, from_yaml
from minicaffe.errors import PrototxtError
from minicaffe.files import open_to_read
from minicaffe.suggest import did_you_mean

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
            raise PrototxtError(f"unknown key '{key}'{hint}", path=args.config, line=line)
        elif getattr(args, key) is None:
            setattr(args, key, _value(FLAGS[key], _plain(value), args.config, line))
    return overrides


class _Refused(yaml.MarkedYAMLError):
    """What is YAML, and is not taken."""


class _Loader(yaml.SafeLoader):
    """Plain data only, and as large as it is written: no aliases, no great depth.

    A few lines of aliases to aliases can stand for more data than any memory holds.
    """

    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
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

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        """Make Python data of a node.

        Of what stands behind a tag such as !!int, PyYAML takes for granted that it is one; and
        what Python has counted in base 2 or 16 it may refuse to write in base 10.
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
        _plain(root)  # notices unknown tags, keys that are lists, and the like
        return root
    except (OSError, UnicodeDecodeError) as reason:
        text = getattr(reason, "strerror", None) or "it is not UTF-8 text"
        raise PrototxtError(f"cannot read the config file: {text}", path=path) from None
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


def _entries(node: yaml.Node | None, path: str) -> Iterator[tuple[str, Any, int]]:
    """Key, value and line of a mapping; values of nested mappings stay nodes for ``set``."""
    if node is None or _plain(node) is None:
        return
    if not isinstance(node, yaml.MappingNode):
        line = node.start_mark.line + 1
        raise PrototxtError("expected 'key: value' lines", path=path, line=line)
    for key, value in node.value:
        name = str(_plain(key))
        inner = value if name == "set" else _plain(value)
        yield name, inner, key.start_mark.line + 1


def _plain(node: Any) -> Any:
    """A node as Python data, by YAML's safe rules; other things as they are."""
    if not isinstance(node, yaml.Node):
        return node
    loader = _Loader("")
    try:
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _value(flag: Flag, value: Any, path: str, line: int) -> Any:
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
