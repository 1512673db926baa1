"""pycaffe's way of training on several GPUs, ``caffe.NCCL``: here on processes of one machine."""

from __future__ import annotations

import secrets
import socket
from typing import TYPE_CHECKING

from minicaffe import common
from minicaffe.arguments import shown
from minicaffe.errors import ArgumentError
from minicaffe.parallel.group import Group
from minicaffe.parallel.shared_memory import SharedMemory

if TYPE_CHECKING:
    from minicaffe.solver.solver import Solver


def has_nccl() -> bool:
    """Whether several solvers can train together: where processes have sockets to meet by."""
    return hasattr(socket, "AF_UNIX")


class NCCL(Group):
    """Connects the solvers of several processes, each of which makes one with the same uid.

    Give it to ``solver.add_callback``, so that gradients are averaged, and, where
    ``layer_wise_reduce`` says so, to ``solver.net.after_backward``: then they are while others are
    still being computed. Caffe connects GPUs with NVIDIA's library of this name; here processes
    of one machine share memory.

    Args:
        solver: made after ``set_solver_count`` and ``set_solver_rank``.
        uid: what :meth:`new_uid` gave, the same in all processes.

    Raises:
        ParallelError: the others have not come, or do not train the same net.
        ArgumentError: the uid is no text.
    """

    def __init__(self, solver: Solver, uid: str) -> None:
        if not isinstance(uid, str) or not uid:
            raise ArgumentError(f"the uid is {shown(uid)}, expected what NCCL.new_uid() gave")
        super().__init__(solver, SharedMemory(common.solver_rank(), common.solver_count(), uid))

    @staticmethod
    def new_uid() -> str:
        """What several processes know each other by; give it to all of them."""
        return f"minicaffe-{secrets.token_hex(16)}"
