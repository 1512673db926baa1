"""A net as it is given, a file or a message; and all that is wrong with a text that cannot be read
whole: besides its fields and values its types, names, settings and fillers."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from minicaffe.errors import GraphError, MinicaffeError, PrototxtError, raised_by
from minicaffe.errors.mistakes import UnknownFieldError, WrongValueError
from minicaffe.layer import layer_class
from minicaffe.net.check import mistakes_of_layers
from minicaffe.net.filter import filter_net, set_state
from minicaffe.net.init import collected
from minicaffe.net.insert_splits import Mistake, wiring_mistakes
from minicaffe.options import Limits
from minicaffe.proto import caffe_pb2
from minicaffe.proto.io import read_net
from minicaffe.proto.upgrade_proto import upgrade_net

#: What is wrong with a field and leaves those around it readable.
_OF_FIELDS = (UnknownFieldError.code, WrongValueError.code)

#: What is wrong with a field that says which layers there are, and which blobs they read and make.
_OF_WIRING = re.compile(
    r"unknown field `\w*` in (layer|include|exclude)\b|(top|bottom|name|phase|stage|not_stage): "
)

_PHASES = (caffe_pb2.TRAIN, caffe_pb2.TEST)


def net_parameter(network: object, source: str | None) -> tuple[caffe_pb2.NetParameter, str | None]:
    """A ``NetParameter`` of one's own, and the file that it was read from.

    Raises:
        PrototxtError: the file cannot be read.
        GraphError: this is no network.
    """
    if isinstance(network, str | os.PathLike):
        path = os.fspath(network)
        try:
            return read_net(path), path
        except PrototxtError as error:
            raise with_other_mistakes(error) from None
    if not isinstance(network, caffe_pb2.NetParameter):
        raise GraphError(f"a file name or a NetParameter is expected, not {type(network).__name__}")
    param = caffe_pb2.NetParameter()
    param.CopyFrom(network)
    return upgrade_net(param, source), source


def with_other_mistakes(error: PrototxtError) -> PrototxtError:
    """What is wrong with the fields of a net's text, and with it what is wrong besides.

    Of a layer in whose text a field is wrong only the type is looked at: what it lacks may be what
    could not be read. Where a brace or a quote is wrong, so may be all that follows, and only types
    are looked at.
    """
    net = error.net
    if not error.problems or not isinstance(net, caffe_pb2.NetParameter) or not net.layer:
        return error
    mistakes = _unknown_types(net)
    if all(problem.code in _OF_FIELDS for problem in error.problems):
        mistakes += _other_mistakes(net, error)
    if mistakes:
        others = collected(sorted(mistakes, key=lambda mistake: mistake.layer), error.path)
        told = others.problems or []
        error.problems = sorted([*error.problems, *told], key=lambda problem: problem.line)
        error.more += others.more
    return error


def _unknown_types(net: caffe_pb2.NetParameter) -> list[Mistake]:
    found = []
    for index, layer in enumerate(net.layer):
        for unknown in raised_by(layer_class, layer.type) if layer.type else ():
            line = layer.source_line or None
            unknown.locate(line=line, layer=layer.name, layer_type=layer.type)
            found.append(Mistake(index, unknown, ("type",)))
    return found


def _other_mistakes(net: caffe_pb2.NetParameter, error: PrototxtError) -> list[Mistake]:
    """What is wrong with layers whose own fields are right: settings, fillers, blobs' names."""
    whole = caffe_pb2.NetParameter()
    whole.CopyFrom(net)
    try:
        whole = upgrade_net(whole, error.path)
        filtered = [filter_net(_in_phase(whole, phase)) for phase in _PHASES]
    except MinicaffeError:
        return []
    lines = {problem.line for problem in error.problems}
    starts = sorted({layer.source_line for layer in whole.layer})
    found = [
        mistake for mistake in mistakes_of_layers(whole, Limits(allow_python_layers=False))
        if mistake.field != ("type",) and not _touched(mistake, starts, lines)
    ]  # fmt: skip
    if not any(_OF_WIRING.match(problem.message) for problem in error.problems):
        of_phases = [wiring_mistakes(param, whole) for param in filtered]
        everywhere = set.intersection(*({_what(m) for m in wrong} for wrong in of_phases))
        found += [m for m in of_phases[0] if _what(m) in everywhere and not _is_left_out(m, whole)]
    return found


def _in_phase(param: caffe_pb2.NetParameter, phase: int) -> caffe_pb2.NetParameter:
    found = caffe_pb2.NetParameter()
    found.CopyFrom(param)
    set_state(found, phase, 0, None)
    return found


def _touched(mistake: Mistake, starts: Sequence[int], lines: set[int]) -> bool:
    """Whether a field is wrong in the text of a layer, which ends where another one begins."""
    start = mistake.error.line or 0
    end = next((line for line in starts if line > start), max(lines) + 1)
    return any(start <= line < end for line in lines)


def _what(mistake: Mistake) -> tuple[int | None, str]:
    return mistake.error.line, mistake.error.message


def _is_left_out(mistake: Mistake, whole: caffe_pb2.NetParameter) -> bool:
    """Whether a blob is produced where rules let it, which may be those of another stage."""
    blobs = re.findall(r"blob '([^']*)'", mistake.error.message)
    ruled = [layer for layer in whole.layer if layer.include or layer.exclude]
    return any(blob in layer.top for layer in ruled for blob in blobs)
