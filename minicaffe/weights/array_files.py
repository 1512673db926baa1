"""numpy's .npy and .npz files, whatever they hold: arrays of numbers, or one clear error."""

from __future__ import annotations

import io
import math
import os
import warnings

import numpy as np

from minicaffe.errors import DataError, MinicaffeError
from minicaffe.errors.reading import cannot_read
from minicaffe.files import open_to_read
from minicaffe.options import Limits


def read_array(path: str | os.PathLike[str]) -> np.ndarray:
    """The array in a ``.npy`` file of numbers.

    Raises:
        DataError: the file cannot be read, is damaged or something else.
    """
    arrays = _read(os.fspath(path), "this cannot be read as a .npy file of numbers")
    if list(arrays) != [""]:
        raise DataError(
            "this is a .npz archive of several arrays, a .npy file of one is expected: "
            'np.save("x.npy", np.load("x.npz")["name"]) takes one out',
            path=os.fspath(path),
        )
    return arrays[""]


def read_arrays(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """The arrays of numbers in a ``.npz`` file by name; that of a ``.npy`` file under "".

    Raises:
        DataError: the file cannot be read, is damaged or something else.
    """
    return _read(os.fspath(path), "this is no .npy or .npz file")


def _read(path: str, failure: str) -> dict[str, np.ndarray]:
    try:
        with open_to_read(path, pipes=True) as stream:
            content = stream.read()
        with warnings.catch_warnings():  # of headers that are old, or damaged
            warnings.simplefilter("ignore")
            arrays = _arrays_in(content)
    except OSError as reason:
        raise cannot_read(path, reason) from reason
    except MinicaffeError as error:
        raise error.locate(path=path) from error.__cause__
    except Exception as reason:  # numpy and zipfile raise nearly everything for damaged files
        text = f"{failure}, or it is damaged: {str(reason)[:120] or type(reason).__name__}"
        raise DataError(text, path=path) from reason
    checked: dict[str, np.ndarray] = {}
    for name, array in arrays.items():
        what = f"'{name}'" if name else "the array"
        if not isinstance(array, np.ndarray):  # another kind of file in the archive
            raise DataError(f"{what} is no array", path=path)
        if array.dtype.kind not in "fiub":
            raise DataError(f"{what} holds {array.dtype}, numbers are expected", path=path)
        checked[name] = array
    return checked


def _arrays_in(content: bytes) -> dict[str, object]:
    stream = io.BytesIO(content)
    if content.startswith(np.lib.format.MAGIC_PREFIX):
        _check_header(stream, len(content))
        return {"": np.load(stream, allow_pickle=False)}
    if not content.startswith(b"PK"):
        raise ValueError("it begins otherwise")
    with np.load(stream, allow_pickle=False) as loaded:
        unpacked = sum(entry.file_size for entry in loaded.zip.infolist())
        Limits().check(unpacked, "what is packed in it")
        return {name: loaded[name] for name in loaded.files}


def _check_header(stream: io.BytesIO, size: int) -> None:
    """Refuse an array that states another size than the file has, before its memory is taken."""
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else (
        np.lib.format.read_array_header_2_0
    )  # fmt: skip
    if version <= (2, 0):
        shape, _, dtype = read(stream)
        expected = math.prod(shape) * dtype.itemsize
        if dtype.kind in "fiub" and expected != size - stream.tell():
            raise ValueError(f"{expected} bytes expected, {size - stream.tell()} found")
    stream.seek(0)
