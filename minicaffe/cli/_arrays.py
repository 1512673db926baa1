"""Shapes and arrays for input blobs, from the command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, BinaryIO

import numpy as np

from minicaffe.errors import DataError, GraphError, MinicaffeError
from minicaffe.limits import Limits


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
    try:
        with open(path, "rb") as stream:
            arrays = _load(stream)
    except OSError as reason:
        raise DataError(f"cannot read it: {reason.strerror or reason}", path=path) from None
    except MinicaffeError as error:
        raise error.locate(path=path) from None
    except Exception as reason:  # numpy and zipfile raise nearly everything for damaged files
        raise DataError(f"this is no .npy or .npz file: {reason}", path=path) from reason
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
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):  # another kind of file in the archive
            raise DataError(f"'{name}' is no array", path=path)
        if array.dtype.kind not in "fiub":
            raise DataError(f"'{name}' holds {array.dtype}, numbers are expected", path=path)
    return {name: array.astype(np.float32) for name, array in arrays.items()}


def _load(stream: BinaryIO) -> dict[str, Any]:
    """The arrays in a .npz file by name; that of a .npy file under ""."""
    loaded = np.load(stream, allow_pickle=False)
    if isinstance(loaded, np.ndarray):
        return {"": loaded}
    with loaded:
        unpacked = sum(entry.file_size for entry in loaded.zip.infolist())
        Limits().check(unpacked, "what is packed in it")
        return {name: loaded[name] for name in loaded.files}
