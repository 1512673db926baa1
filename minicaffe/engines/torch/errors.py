"""What goes wrong on a device, in words that help."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch

from minicaffe.blob import Blob
from minicaffe.engines.torch.copies import copy_of
from minicaffe.errors import MemoryLimitError
from minicaffe.options import size_text


@contextmanager
def out_of_memory(device: torch.device, blobs: Mapping[str, Blob]) -> Iterator[None]:
    """Within, a device that has no more memory is told as minicaffe tells it.

    Args:
        device: the device.
        blobs: the net's blobs by name, of which the batch that would fit is estimated.

    Raises:
        MemoryLimitError: says so, and how large a batch would fit.
    """
    try:
        yield
    except torch.cuda.OutOfMemoryError as error:
        taken = sum(_taken(blob, device) for blob in blobs.values())
        raise MemoryLimitError(
            f"{device} has no more memory; the values and gradients of the net's blobs take "
            f"{size_text(taken)} of it so far; {_advice(taken, device, blobs)}"
        ) from error


def _taken(blob: Blob, device: torch.device) -> int:
    """How many bytes a blob's values and gradients take on the device; views count each."""
    copies = (copy_of(memory, device) for memory in (blob.data_memory, blob.diff_memory))
    return sum(copy.tensor.numel() * copy.tensor.element_size() for copy in copies if copy)


def _advice(taken: int, device: torch.device, blobs: Mapping[str, Blob]) -> str:
    """The batch that would fit: as much of this one as there is memory for it."""
    wanted = sum(2 * blob.count * blob.dtype.itemsize for blob in blobs.values())
    batch = max((blob.shape[0] for blob in blobs.values() if blob.shape), default=1)
    fits = math.floor(batch * min(1.0, taken / max(1, wanted)))
    if batch < 2 or fits < 1:
        return "make the images or the layers smaller, or compute on the CPU"
    fits = min(fits, batch - 1)
    return f"a batch of about {fits} instead of {batch} would fit (iter_size makes up for it)"
