"""A memory's values on a device (Caffe's ``gpu_data`` and ``cpu_data``, for any device).

The copy belongs to the memory, so that nets that share one find the same tensor::

    load(memory, shape, device)     the newest values, brought to the device if they are elsewhere
    store(memory, tensor)           these are the newest values now

A tensor is never written into once it is a blob's value: layers in place make another one. Only
copies that lie in an arena (:mod:`minicaffe.engines.torch.arena`) keep their place.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from minicaffe.syncedmem import EngineCopy, SyncedHead, SyncedMemory

#: The version of an array that no copy has.
NEVER = -2

_DTYPES = {np.dtype(np.float32): torch.float32, np.dtype(np.float64): torch.float64}


def torch_dtype(dtype: np.dtype) -> torch.dtype:
    """PyTorch's name for the type of a blob."""
    return _DTYPES[dtype]


class DeviceCopy(EngineCopy):
    """What a device holds of a memory.

    Args:
        tensor: the values, in any shape.
        fixed: they lie in an arena: new values are copied to where they are.

    Attributes:
        version: the memory's ``write_version`` with which its array is equal to the tensor.
        changes: how often it has got other values.
        stores: how often these were a layer's, not a program's.
    """

    def __init__(self, tensor: Tensor, *, fixed: bool = False) -> None:
        self.tensor, self.fixed, self.version = tensor, fixed, NEVER
        self.changes = self.stores = 0

    def write_to(self, array: np.ndarray) -> None:
        """Bring the values into the plain array, of which they may be the first part only."""
        flat = self.tensor.detach().reshape(-1)
        torch.from_numpy(array[: flat.numel()]).copy_(flat)

    def kept(self) -> DeviceCopy:
        """The values as they are now, on the device."""
        return DeviceCopy(self.tensor.detach().clone())

    def put(self, values: Tensor) -> None:
        """Take these values in place of those before; a fixed tensor is written into."""
        self.changes += 1
        if self.fixed:
            with torch.no_grad():
                self.tensor.copy_(values.reshape(self.tensor.shape))
        else:
            self.tensor = values


def copy_of(memory: SyncedMemory, device: torch.device) -> DeviceCopy | None:
    """What this device holds of a memory, whether or not it is the newest."""
    copy = memory.device_copy
    return copy if isinstance(copy, DeviceCopy) and copy.tensor.device == device else None


def is_newest(memory: SyncedMemory, copy: DeviceCopy) -> bool:
    """Whether a device's copy holds the newest values."""
    return memory.engine_copy is copy or (
        memory.engine_copy is None and copy.version == memory.write_version != -1
    )


def load(memory: SyncedMemory, shape: tuple[int, ...], device: torch.device) -> Tensor:
    """The newest values of a memory, as a tensor of a shape, not to be written into.

    Raises:
        GraphError: they are lost (``FREED``).
    """
    count = math.prod(shape)
    tensor = newest_copy(memory, count, device).tensor
    if tensor.shape == shape:
        return tensor
    return tensor.reshape(-1)[:count].reshape(shape)


def newest_copy(memory: SyncedMemory, count: int, device: torch.device) -> DeviceCopy:
    """The device's copy with the newest values, at least ``count`` of them.

    Raises:
        GraphError: they are lost (``FREED``).
    """
    copy = copy_of(memory, device)
    if copy is None or not is_newest(memory, copy) or copy.tensor.numel() < count:
        copy = _bring(memory, count, device, copy)
    return copy


def _bring(
    memory: SyncedMemory, count: int, device: torch.device, copy: DeviceCopy | None
) -> DeviceCopy:
    """Bring a memory's values to the device."""
    if copy is not None and copy.fixed:
        count = copy.tensor.numel()
    dtype = torch_dtype(memory.dtype)
    if memory.head in (SyncedHead.CLEARED, SyncedHead.UNINITIALIZED):
        values = torch.zeros(count, dtype=dtype, device=device)
    else:
        memory.to_cpu()
        values = torch.from_numpy(memory.raw[:count]).to(device, copy=True)
    if copy is None:
        copy = memory.device_copy = DeviceCopy(values)
    else:
        copy.put(values)
    copy.version = NEVER if memory.engine_copy is not None else memory.write_version
    return copy


def store(memory: SyncedMemory, tensor: Tensor) -> None:
    """Let a tensor, or what a copy in an arena holds by now, be a memory's newest values.

    A program that holds the array sees them at once.
    """
    values = tensor.detach()
    copy = copy_of(memory, values.device)
    if copy is None:
        copy = memory.device_copy = DeviceCopy(values)
    elif copy.tensor is not values:
        copy.put(values)
    copy.stores += 1
    settle(memory, copy)


def settle(memory: SyncedMemory, copy: DeviceCopy) -> None:
    """A copy has been changed: it holds the newest values."""
    copy.changes += 1
    memory.set_head(copy)
    if memory.exported:
        memory.to_cpu()
    copy.version = memory.write_version
