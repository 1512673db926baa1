"""What a program may pass to pycaffe's functions; anything else is told with what to write.

Python itself says what is wrong with the number and the names of arguments. These functions look
at their kinds, so that a mistake is told where it is made and not by whatever stumbles over it.
"""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Container, Iterable, Sequence
from contextlib import suppress
from typing import SupportsIndex, TypeVar, cast

import numpy as np

from minicaffe.errors import ArgumentError, OldNameError

M = TypeVar("M")
F = TypeVar("F", bound=Callable[..., object])

#: The length of an axis, or a tuple, list or array of all lengths.
ShapePart = SupportsIndex | Sequence[SupportsIndex] | np.ndarray

_SHOWN = 60  # characters of a value in a message


def shown(value: object) -> str:
    """A value as messages print it: its ``repr``, or what it is where that is long."""
    if isinstance(value, np.ndarray) and value.ndim:
        return f"an array of shape {value.shape}"
    text = repr(value)
    return text if len(text) <= _SHOWN and "\n" not in text else f"a {type(value).__name__}"


def file_name(value: object, what: str) -> str:
    """The name of a file, given as text, bytes or a ``pathlib.Path``.

    Raises:
        ArgumentError: it is something else; ``what`` is how the message calls it.
    """
    try:
        name = os.fsdecode(value)  # type: ignore[arg-type]  # it says what it takes
    except TypeError:
        raise ArgumentError(f"{what} is {shown(value)}, expected the name of a file") from None
    if "\0" in name:
        raise ArgumentError(f"{what} is {name!r}, which holds a NUL and so is no file's name")
    return name


def whole_number(
    value: object, what: str, least: int | None = None, most: int | None = None
) -> int:
    """A Python or numpy integer, as an ``int``.

    Args:
        value: what was given.
        what: the argument is called in the message.
        least, most: the smallest and largest that will do; None is no bound.

    Raises:
        ArgumentError: it is something else, below ``least`` or above ``most``.
    """
    try:
        number = operator.index(value)  # type: ignore[arg-type]  # it says what it takes
    except TypeError:
        raise ArgumentError(f"{what} is {shown(value)}, expected a whole number") from None
    if least is not None and number < least:
        raise ArgumentError(f"{what} is {number}, expected at least {least}")
    if most is not None and number > most:
        raise ArgumentError(f"{what} is {number}, expected at most {most}")
    return number


def lengths(shape: Sequence[ShapePart]) -> tuple[int, ...]:
    """The lengths of axes, given one by one or as one tuple, list or array.

    Raises:
        ArgumentError: one of them is no whole number.
    """
    given: Iterable[object] = shape
    if len(shape) == 1 and np.iterable(shape[0]) and not isinstance(shape[0], str | bytes):
        given = cast(Iterable[object], shape[0])
    try:
        return tuple(operator.index(length) for length in given)  # type: ignore[arg-type]
    except TypeError:
        listed = ", ".join(map(shown, given))
        hint = ""
        if any(isinstance(length, float | np.floating) for length in given):
            hint = "; a // b divides to a whole number, int(x) makes one"
        raise ArgumentError(
            f"a shape of whole numbers is expected, as in (1, 3, 224, 224), not ({listed}){hint}"
        ) from None


def names(value: object, what: str, example: str = "conv1") -> list[str]:
    """A list of names; None is an empty one.

    Args:
        value: what was given.
        what: the argument is called in the message.
        example: a name that the message gives as an example.

    Raises:
        ArgumentError: it is a single name, or something else.
    """
    if value is None:
        return []
    expected = f'expected a list of names, such as {what}=["{example}"]'
    if isinstance(value, str | bytes | np.ndarray) or not isinstance(value, Iterable):
        raise ArgumentError(f"{what} is {shown(value)}, {expected}")
    listed = list(value)
    for name in listed:
        if not isinstance(name, str):
            raise ArgumentError(f"{what} has {shown(name)} in it, {expected}")
    return listed


def whole_numbers(value: object, what: str) -> tuple[int, ...]:
    """A tuple, list or array of whole numbers.

    Raises:
        ArgumentError: it is something else.
    """
    if np.iterable(value) and not isinstance(value, str | bytes):
        with suppress(TypeError):
            return tuple(map(operator.index, cast(Iterable[SupportsIndex], value)))
    raise ArgumentError(f"{what} is {shown(value)}, expected whole numbers, such as (2, 0, 1)")


def height_and_width(value: object, what: str) -> tuple[int, int]:
    """Two numbers, cut off after the point as pycaffe does.

    Raises:
        ArgumentError: it is something else.
    """
    try:
        height, width = (int(length) for length in value)  # type: ignore[attr-defined]
    except (TypeError, ValueError, OverflowError):
        raise ArgumentError(
            f"{what} is {shown(value)}, expected two numbers: (height, width)"
        ) from None
    return height, width


def message(value: M, kind: str, hint: str = "") -> M:
    """A message of ``caffe.proto``, of minicaffe's or of another package's classes.

    Args:
        value: what was given.
        kind: the message type's name.
        hint: a clause that says what to do about another one.

    Raises:
        ArgumentError: it is something else; ``hint`` says what to do about it.
    """
    name = getattr(getattr(value, "DESCRIPTOR", None), "name", None)
    if name != kind or isinstance(value, type):
        raise ArgumentError(f"a {kind} is expected, not {name or shown(value)}{hint}")
    return value


def function(value: F, what: str) -> F:
    """Something that can be called.

    Raises:
        ArgumentError: it cannot.
    """
    if not callable(value):
        raise ArgumentError(f"{what} is {shown(value)}, expected a function")
    return value


_PHASE = "the phase is an argument: caffe.Net(file, caffe.{}, weights=...)"


_MODE = "write caffe.{} (minicaffe computes on the CPU, whatever is asked for)"


_TRANSFORMER = (
    "write t = caffe.io.Transformer({{name: net.blobs[name].data.shape}}), then t.{}; "
    "caffe.Classifier has one as its .transformer"
)


_NET = {
    "set_phase_train": _PHASE.format("TRAIN"),
    "set_phase_test": _PHASE.format("TEST"),
    "set_mode_cpu": _MODE.format("set_mode_cpu()"),
    "set_mode_gpu": _MODE.format("set_mode_gpu()"),
    "set_device": _MODE.format("set_device(number)"),
    "set_mean": _TRANSFORMER.format("set_mean(name, mean)"),
    "set_input_scale": _TRANSFORMER.format("set_input_scale(name, scale)"),
    "set_raw_scale": _TRANSFORMER.format("set_raw_scale(name, scale)"),
    "set_channel_swap": _TRANSFORMER.format("set_channel_swap(name, order)"),
    "preprocess": _TRANSFORMER.format("preprocess(name, image)"),
    "deprocess": _TRANSFORMER.format("deprocess(name, array)"),
    "mean": _TRANSFORMER.format("mean[name]"),
    "input_scale": _TRANSFORMER.format("input_scale[name]"),
    "raw_scale": _TRANSFORMER.format("raw_scale[name]"),
    "channel_swap": _TRANSFORMER.format("channel_swap[name]"),
}


_MODULE = {
    "set_phase_train": _PHASE.format("TRAIN"),
    "set_phase_test": _PHASE.format("TEST"),
}


_IO = {"arraylist_to_blobprotovecor_str": "write arraylist_to_blobprotovector_str"}


_OF = {"Net": _NET, "caffe": _MODULE, "caffe.io": _IO}


_KEYWORDS = {
    "gpu": "leave it out; caffe.set_mode_cpu() and set_mode_gpu() choose for the whole process",
    "mean_file": "write mean=numpy.load(file)",
}


def old_name(owner: str, name: str) -> OldNameError | None:
    """The error that says what to write for a name of 2014; None for any other name.

    Args:
        owner: whose attribute it would be: ``Net``, ``caffe`` or ``caffe.io``.
        name: the attribute that is not there.
    """
    remark = _OF[owner].get(name)
    if remark is None:
        return None
    return OldNameError(f"{owner}.{name} is of the pycaffe of 2014; {remark}")


def refuse_old_keywords(options: Container[str]) -> None:
    """Say what to write for a keyword that ``Classifier`` and ``Detector`` had in 2014.

    Raises:
        ArgumentError: there is one.
    """
    for name, remark in _KEYWORDS.items():
        if name in options:
            raise ArgumentError(f"{name} is an argument of the pycaffe of 2014; {remark}")
