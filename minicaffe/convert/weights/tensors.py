"""Files of arrays by name: ``.safetensors``, ``.npz``, and PyTorch's ``.pth``."""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np

from minicaffe.convert.torch.checkpoint import read_checkpoint, write_checkpoint
from minicaffe.errors import DataError, SnapshotError
from minicaffe.files import write_beside
from minicaffe.weights.array_files import read_arrays
from minicaffe.weights.safetensors import read_safetensors, write_safetensors


def _read_npz(path: str) -> dict[str, np.ndarray]:
    try:
        arrays = read_arrays(path)
    except DataError as error:
        raise SnapshotError(error.message, path=path) from error.__cause__
    if list(arrays) == [""]:
        raise SnapshotError("one array without a name, a .npz file is expected", path=path)
    return arrays


def _write_npz(path: str, arrays: Mapping[str, np.ndarray]) -> None:
    with write_beside(path) as beside, open(beside, "wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)


#: The formats by the ends of the files' names.
ENDINGS = {
    ".safetensors": (read_safetensors, write_safetensors),
    ".npz": (_read_npz, _write_npz),
    **dict.fromkeys((".pth", ".pt", ".bin"), (read_checkpoint, write_checkpoint)),
}


def is_tensor_file(path: str) -> bool:
    """Whether a file of this name holds arrays by name."""
    return _ending(path) in ENDINGS


def read_tensors(path: str) -> dict[str, np.ndarray]:
    """The arrays by name, of whatever type they are stored in.

    Raises:
        SnapshotError: the file cannot be read, is damaged or something else.
        MissingExtraError: it is PyTorch's, which is not installed.
    """
    read, _ = ENDINGS[_ending(path)]
    return read(path)


def write_tensors(path: str, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays by name, in the format that the file's name says.

    Raises:
        SnapshotError: the file cannot be written.
        MissingExtraError: it is PyTorch's, which is not installed.
    """
    _, write = ENDINGS[_ending(path)]
    write(path, arrays)


def _ending(path: str) -> str:
    return os.path.splitext(path)[1].lower()
