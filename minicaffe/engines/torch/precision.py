"""How precisely a device multiplies, and in what it stores values between layers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import Tensor


class Precision:
    """One of :data:`minicaffe.engines.PRECISIONS`.

    ``float32``: products of float32 with all their bits, also where a GPU would cut them by itself.
    ``tf32``: products with 10 bits, sums in float32. ``bf16``: autocast's choice of what is
    computed, and stored between layers, in bfloat16; parameters, their gradients, statistics and
    losses stay float32.

    Args:
        name: of the precision.
        device: computes.
    """

    def __init__(self, name: str, device: torch.device) -> None:
        self._tf32, self._bf16 = name == "tf32", name == "bf16"
        self._device = device.type
        #: Convolutions are quicker with the channels last, on the units for short numbers.
        self._channels_last = device.type == "cuda" and (self._tf32 or self._bf16)

    @contextmanager
    def products(self) -> Iterator[None]:
        """Within, GPUs multiply as precisely as this says; PyTorch's own setting is for all."""
        cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
        before = cudnn.allow_tf32, matmul.allow_tf32
        cudnn.allow_tf32 = matmul.allow_tf32 = self._tf32
        try:
            yield
        finally:
            cudnn.allow_tf32, matmul.allow_tf32 = before

    def storage(self) -> AbstractContextManager[object]:
        """Within, functions compute and give what autocast chooses."""
        return torch.autocast(self._device, torch.bfloat16) if self._bf16 else nullcontext()

    def laid_out(self, x: Tensor) -> Tensor:
        """A convolution's bottom in the layout that is quickest here."""
        if self._channels_last and x.dim() == 4:
            return x.contiguous(memory_format=torch.channels_last)
        return x
