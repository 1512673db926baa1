"""What verbs read of arrays: shapes and inputs that the command line names, image means."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.cli._images import require_file
from minicaffe.errors import DataError, GraphError
from minicaffe.proto import caffe_pb2
from minicaffe.weights.array_files import read_array, read_arrays
from minicaffe.weights.blob_proto import read_blob


def parse_shapes(texts: Sequence[str], param: caffe_pb2.NetParameter) -> dict[str, tuple[int, ...]]:
    """``BLOB=N,C,H,W`` by blob; without a name, the shape of the net's first input.

    Args:
        texts: what the command line says.
        param: the ``NetParameter``.

    Raises:
        GraphError: no such text, or no input to take it.
    """
    firsts = [layer.top[0] for layer in param.layer if layer.top and not layer.bottom]
    return named_shapes(texts, firsts)


def named_shapes(texts: Sequence[str], inputs: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """``BLOB=N,C,H,W`` by blob, as :func:`parse_shapes`, of a net with these inputs.

    Raises:
        GraphError: a text says no shape, or names no blob where the net has no input.
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
            if not inputs:
                raise GraphError(f"--shape {text}: the net has no input")
            name = inputs[0]
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
