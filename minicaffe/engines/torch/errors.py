"""What goes wrong on a device, in words that help."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

from minicaffe.errors import MemoryLimitError

if TYPE_CHECKING:
    from minicaffe.net.node import Node


@contextmanager
def device_errors(node: Node, device: torch.device) -> Iterator[None]:
    """Within, a device that is out of memory is told as minicaffe tells it.

    Raises:
        MemoryLimitError: the device has no more memory.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise MemoryLimitError(f"{device} is out of memory") from error
