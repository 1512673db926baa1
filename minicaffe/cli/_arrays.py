"""numpy's .npy and .npz files, whatever they hold: arrays of numbers, or one clear error."""

from __future__ import annotations

import io
import math
import os
import warnings
from collections.abc import Sequence

import numpy as np

from minicaffe.cli._images import require_file
from minicaffe.errors import DataError, GraphError, MinicaffeError
from minicaffe.files import open_to_read
from minicaffe.options import Limits
from minicaffe.proto import caffe_pb2
from minicaffe.weights.blob_proto import read_blob


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
        raise DataError(f"cannot read it: {reason.strerror or reason}", path=path) from None
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


def parse_shapes(texts: Sequence[str], param: caffe_pb2.NetParameter) -> dict[str, tuple[int, ...]]:
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


def load_mean(path: str) -> np.ndarray | None:
    """The mean in a file; None for an empty name.

    Raises:
        DataError: the file cannot be read.
    """
    if not path:
        return None
    require_file(path, "mean_file")
    if path.endswith(".npy"):
        return read_array(path)
    mean = read_blob(path)
    return mean[0] if mean.ndim == 4 and len(mean) == 1 else mean
