"""PyTorch's files of tensors: a ``state_dict`` read and written, without running pickles."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.errors import SnapshotError, require
from minicaffe.errors.reading import cannot_read
from minicaffe.files import open_to_read, write_beside

if TYPE_CHECKING:
    import torch

#: Under which names training programs keep the ``state_dict``, beside the optimizer's and others.
_INSIDE = ("state_dict", "model_state_dict", "model", "net", "module")
#: What ``DataParallel`` puts before every name.
_PARALLEL = "module."


def read_checkpoint(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """The tensors of a ``state_dict`` by name, in its order; bfloat16 becomes float32.

    ``torch.load`` with ``weights_only`` reads it, so that what the file says is data and never
    run. Where the ``state_dict`` is one entry of a training's checkpoint, it is found by its name;
    ``module.`` before every name is taken away.

    Raises:
        SnapshotError: the file cannot be read, holds other Python objects than tensors, or none.
        MissingExtraError: PyTorch is not installed.
    """
    path = os.fspath(path)
    torch = require("torch", extra="torch", purpose="reading PyTorch's files")
    try:
        with open_to_read(path) as stream, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loaded = torch.load(stream, map_location="cpu", weights_only=True)
    except OSError as reason:
        raise cannot_read(path, reason, SnapshotError) from reason
    except Exception as reason:  # whatever torch raises of a damaged or hostile file
        raise SnapshotError(_why_not(str(reason)), path=path) from reason
    try:
        return _arrays(_state_dict(loaded))
    except SnapshotError as error:
        raise error.locate(path=path) from error.__cause__


def _why_not(reason: str) -> str:
    """What torch says, in one line; of other objects than tensors what to do."""
    if "GLOBAL" in reason or "Unsupported class" in reason:  # the pickle names other objects
        return (
            "it holds Python objects besides tensors, which are not loaded as they may run "
            "code; save the tensors alone: torch.save(model.state_dict(), FILE)"
        )
    line = reason.strip().partition("\n")[0][:200]
    return f"this is no file of torch.save, or it is damaged: {line}"


def _state_dict(loaded: object) -> dict[str, torch.Tensor]:
    """The names with their tensors, wherever in a checkpoint they are."""
    for _ in range(3):
        if not isinstance(loaded, Mapping):
            break
        tensors = {str(name): item for name, item in loaded.items() if hasattr(item, "detach")}
        if tensors:
            return tensors
        inner = next((loaded[name] for name in _INSIDE if name in loaded), None)
        if inner is None:
            break
        loaded = inner
    raise SnapshotError(
        "there is no state_dict in it: names with tensors, alone or as an entry "
        f"{', '.join(_INSIDE)}"
    )


def _arrays(tensors: Mapping[str, torch.Tensor]) -> dict[str, np.ndarray]:
    if all(name.startswith(_PARALLEL) for name in tensors):
        tensors = {name.removeprefix(_PARALLEL): tensor for name, tensor in tensors.items()}
    return {name: _array(name, tensor) for name, tensor in tensors.items()}


def _array(name: str, tensor: torch.Tensor) -> np.ndarray:
    try:
        if tensor.is_floating_point() and tensor.element_size() < 4:
            tensor = tensor.float()  # numpy has no bfloat16
        array: np.ndarray = tensor.detach().cpu().contiguous().numpy()
    except (RuntimeError, TypeError, AttributeError, NotImplementedError) as reason:
        line = str(reason).strip().partition("\n")[0][:200]
        raise SnapshotError(f"tensor '{name}' has no plain values: {line}") from None
    return array


def write_checkpoint(path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray]) -> None:
    """Write a ``state_dict`` that ``torch.load(FILE, weights_only=True)`` reads.

    Raises:
        SnapshotError: the file cannot be written.
        MissingExtraError: PyTorch is not installed.
    """
    torch = require("torch", extra="torch", purpose="writing PyTorch's files")
    tensors = {name: torch.from_numpy(np.array(array, order="C")) for name, array in arrays.items()}
    with write_beside(path) as beside, open(beside, "wb") as stream:
        torch.save(tensors, stream)
