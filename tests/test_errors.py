"""Errors as Python's own machinery sees them."""

from __future__ import annotations

import copy
import inspect
import pickle

import pytest

from minicaffe import errors
from minicaffe.errors import (
    MinicaffeError,
    MissingExtraError,
    Problem,
    PrototxtError,
    SettingError,
    mistakes,
)


def examples() -> list[MinicaffeError]:
    """One of each class, with all that it knows."""
    found: list[MinicaffeError] = [
        SettingError("base_lr", "base_lr is -1", near="lr_policy"),
        MissingExtraError("Pillow", "data", "reading images"),
        PrototxtError.of_problems([Problem("p", 1, 2, "wrong", "x: 1")], "p", more=3),
    ]
    for cls in (*vars(errors).values(), *vars(mistakes).values()):
        own = inspect.isclass(cls) and issubclass(cls, MinicaffeError)
        if own and cls not in (MissingExtraError, SettingError):
            found.append(cls("wrong", path="p", line=3, layer="conv", layer_type="Convolution"))
    return found


@pytest.mark.parametrize("error", examples(), ids=lambda error: type(error).__name__)
def test_errors_come_from_other_processes_as_they_were(error):
    """``multiprocessing`` pickles them; a pool waits for ever for one that it cannot read."""
    error.locate(path="elsewhere")
    for copied in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        assert type(copied) is type(error)
        assert str(copied) == str(error)
        assert vars(copied) == vars(error)


def test_the_built_in_class_beside_ours_does_not_change_what_is_printed():
    """A ``KeyError`` prints its argument as Python code."""
    error = errors.UnknownNameError("the net has no blob 'x'", path="net.prototxt")
    assert str(error) == "net.prototxt: the net has no blob 'x'"
