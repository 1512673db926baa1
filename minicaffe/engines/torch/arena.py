"""The parameters of a net side by side in a device's memory, as ``ParamArena`` has them in ours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from minicaffe.engines.torch.copies import DeviceCopy, copy_of, load, settle, torch_dtype
from minicaffe.syncedmem import SyncedHead, SyncedMemory

if TYPE_CHECKING:
    from minicaffe.net.params import LearnableParam, ParamArena


class DeviceArena:
    """All values in one flat tensor and all gradients in another; an update runs on these.

    Args:
        arena: the same in the computer's memory, whose layout this one has.
        params: the net's.
        device: where the tensors are.

    Attributes:
        xp: the namespace of functions on its arrays.
        data, diff: the tensors.
    """

    xp: ModuleType = torch

    def __init__(
        self, arena: ParamArena, params: Sequence[LearnableParam], device: torch.device
    ) -> None:
        self.device, self.size = device, arena.size
        self._dtype = torch_dtype(arena.dtype)
        self._params = params
        self.data, self.diff = self.empty(self.size).zero_(), self.empty(self.size).zero_()
        for param in params:
            # `.data` has a version counter of its own: autograd would take a change of one
            # parameter for a change of all
            _adopt(param.blob.data_memory, self.data.data[param.slice])
            _adopt(param.blob.diff_memory, self.diff.data[param.slice])

    def empty(self, size: int) -> Tensor:
        """An array of a length, for intermediate results."""
        return torch.empty(size, dtype=self._dtype, device=self.device)

    def array_of(self, memory: SyncedMemory) -> Tensor:
        """The newest values of a history, to be changed in place."""
        if copy_of(memory, self.device) is None:
            memory.device_copy = DeviceCopy(self.empty(memory.size), fixed=True)
        return load(memory, (memory.size,), self.device)

    def synchronise(self) -> None:
        """Bring what programs have written to the device."""
        for param in self._params:
            count = (param.blob.count,)
            load(param.blob.data_memory, count, self.device)
            load(param.blob.diff_memory, count, self.device)

    def values_of(self, param: LearnableParam) -> Tensor:
        """A parameter's values, flat; where another net's lie, if it shares them."""
        return load(param.blob.data_memory, (param.blob.count,), self.device)

    def is_home(self, param: LearnableParam) -> bool:
        """Whether a parameter's values lie here."""
        values, own = self.values_of(param), self.data[param.slice]
        return bool(values.data_ptr() == own.data_ptr())

    def written(self, histories: Iterable[SyncedMemory]) -> None:
        """The arrays have been changed: they are the newest."""
        memories = [*histories]
        for param in self._params:
            memories += [param.blob.data_memory, param.blob.diff_memory]
        for memory in memories:
            copy = copy_of(memory, self.device)
            if copy is not None:
                settle(memory, copy)


def _adopt(memory: SyncedMemory, place: Tensor) -> None:
    """Let a memory's values on the device lie in a place of an arena, unless they lie in one."""
    copy = copy_of(memory, place.device)
    if copy is not None and copy.fixed:
        return
    if memory.head not in (SyncedHead.UNINITIALIZED, SyncedHead.CLEARED):
        place.copy_(load(memory, tuple(place.shape), place.device))
    newest = copy is not None and memory.engine_copy is copy
    memory.device_copy = adopted = DeviceCopy(place, fixed=True)
    if newest:
        memory.set_head(adopted)
    elif memory.engine_copy is None:
        adopted.version = memory.write_version
