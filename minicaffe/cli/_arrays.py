"""Shapes and arrays for input blobs, from the command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minicaffe.array_files import read_arrays
from minicaffe.errors import DataError, GraphError


def parse_shapes(texts: Sequence[str], param: Any) -> dict[str, tuple[int, ...]]:
    """``BLOB=N,C,H,W`` by blob; without a name, the shape of the net's first input.

    Args:
        texts: what the command line says.
        param: the ``NetParameter``.

    Raises:
        GraphError: no such text, or no input to take it.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    for text in texts:
        name, found, numbers = text.rpartition("=")
        try:
            shape = tuple(int(part) for part in numbers.replace("x", ",").split(","))
        except ValueError:
            shape = ()
        if not shape or min(shape) < 1:
            raise GraphError(f"--shape {text}: expected whole numbers such as 1,3,224,224")
        if not found:
            first = [layer.top[0] for layer in param.layer if layer.top and not layer.bottom]
            if not first:
                raise GraphError(f"--shape {text}: the net has no input")
            name = first[0]
        shapes[name] = shape
    return shapes


def read_inputs(path: str, names: Sequence[str]) -> dict[str, np.ndarray]:
    """The arrays of a .npy or .npz file, by input blob.

    Args:
        path: the file.
        names: the net's inputs; a .npy file is for the only one.

    Raises:
        DataError: the file cannot be read, or has other arrays.
    """
    arrays = read_arrays(path)
    if list(arrays) == [""]:
        if len(names) != 1:
            raise DataError(
                f"one array, but the net has the inputs {', '.join(names)}; use a .npz file with "
                "an array for each",
                path=path,
            )
        arrays = {names[0]: arrays[""]}
    if set(arrays) != set(names):
        raise DataError(
            f"arrays {', '.join(sorted(arrays))} found, expected {', '.join(names)}", path=path
        )
    return {name: array.astype(np.float32) for name, array in arrays.items()}
