"""ONNX models that are whole as messages and wrong in what they say: other numbers and names."""

from __future__ import annotations

import functools
from random import Random
from typing import Any

from tests.fuzz.seeds import onnx_models

#: Numbers that lengths, axes and attributes may be.
_NUMBERS = (-(2**63), -(2**31), -5, -2, -1, 0, 1, 2, 3, 4, 7, 1000, 2**31 - 1, 2**31, 2**63 - 1)
_FLOATS = (0.0, -1.0, 1e38, float("inf"), float("nan"), 1e-45, 0.5)


@functools.cache
def _models() -> list[bytes]:
    """Those of the seeds, and one for each operator."""
    from tests.convert.onnx.graphs import model_of
    from tests.convert.onnx.test_import_nodes import ROWS

    rows = [
        model_of(nodes, {"x": shape}, opset=opset, **tensors).SerializeToString()
        for nodes, _, shape, tensors, opset in ROWS.values()
    ]
    return [*onnx_models(), *rows]


def wrong_model(random: Random) -> bytes:
    """One of them with a few of its fields changed."""
    from onnx import ModelProto

    model = ModelProto.FromString(random.choice(_models()))
    words = sorted({word for _, _, word in _places(model) if isinstance(word, str)})
    words += ["Add", "MatMul", "Resize", "Split", "Pad", "Expand", "ConvTranspose", "LRN", "Gather"]
    for _ in range(random.randint(1, 4)):
        message, field, value = random.choice(list(_places(model)))
        _change(message, field, value, words, random)
    return model.SerializeToString()


def _places(message: Any) -> list[tuple[Any, Any, object]]:
    """Every field of a message and those in it, with a value of it; weights apart."""
    found: list[tuple[Any, Any, object]] = []
    for field, value in message.ListFields():
        values = list(value) if field.is_repeated else [value]
        if field.message_type is not None:
            for inner in values:
                found += _places(inner)
        elif field.name != "raw_data" and values:
            found.append((message, field, values[0]))
    return found


def _change(message: Any, field: Any, value: object, words: list[str], random: Random) -> None:
    """Another value in a field, one more, or none."""
    other: object = None
    if isinstance(value, str):
        other = random.choice(words)
    elif isinstance(value, float):
        other = random.choice(_FLOATS)
    elif isinstance(value, int):
        other = random.choice(_NUMBERS)
        if field.cpp_type not in (field.CPPTYPE_INT64, field.CPPTYPE_UINT64):
            other = random.randint(0, 20)
    elif isinstance(value, bytes):
        other = random.choice([b"", b"SAME_UPPER", b"linear", b"\xff"])
    action = random.random()
    try:
        if action < 0.1:
            message.ClearField(field.name)
        elif not field.is_repeated:
            setattr(message, field.name, other)
        elif action < 0.3:
            getattr(message, field.name).append(other)
        else:
            values = getattr(message, field.name)
            values[random.randrange(len(values))] = other
    except (ValueError, TypeError):  # the field does not hold such a number
        message.ClearField(field.name)
