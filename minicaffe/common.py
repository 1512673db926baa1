"""What pycaffe's functions set for the whole process: the random seed, the mode, the log.

With the number of threads in :mod:`minicaffe.threads`, this is minicaffe's only state that
belongs to a process and not to an object. Nets read the seed from here when they are given none;
nothing else in the library depends on it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import multiprocessing.process
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from minicaffe.arguments import whole_number
from minicaffe.errors import EngineError
from minicaffe.glog import StatusHandler
from minicaffe.options import ALONE, Ranks

logger = logging.getLogger("minicaffe")


#: glog's levels: 0 shows everything, 1 warnings, 2 errors, 3 fatal errors.
_LEVELS = (logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL)


@dataclass
class _Runtime:
    seeds: np.random.Generator | None = None
    solver_count: int = 1
    solver_rank: int = 0
    multiprocess: bool = False
    shared_tests: bool = False
    log_handler: logging.Handler | None = None
    gpu: bool = False
    device: int = 0


_runtime = _Runtime()


@contextmanager
def fresh_settings() -> Iterator[None]:
    """Context: what this module sets is as at a process's start; afterwards it is as before.

    For tests, and for programs that run others.
    """
    before = dict(vars(_runtime))
    vars(_runtime).update(vars(_Runtime()))
    try:
        yield
    finally:
        vars(_runtime).update(before)


def set_random_seed(seed: int) -> None:
    """Make what is built from now on repeatable: fillers, dropout, augmentation.

    Nets and solvers that bring a seed of their own (``Net(seed=...)``, ``random_seed`` in a
    solver) do not look at this one. Others draw theirs from it one after the other, so the
    same calls in the same order give the same numbers. They are not Caffe's numbers.

    Args:
        seed: a whole number, not negative.
    """
    _runtime.seeds = np.random.default_rng(whole_number(seed, "seed", least=0))


def next_seed() -> int | None:
    """The seed of the next net that was given none; None without :func:`set_random_seed`."""
    if _runtime.seeds is not None:
        return int(_runtime.seeds.integers(2**63))
    return None if _runtime.solver_count == 1 else _seed_of_processes()


def _seed_of_processes() -> int:
    """A number that all processes of a ``multiprocessing`` program know, and no other does."""
    key = hashlib.sha256(bytes(multiprocessing.process.current_process().authkey))
    return int.from_bytes(key.digest()[:7], "big")


# ------------------------------------------------------------------------------ devices


def devices() -> list[str]:
    """The GPUs that PyTorch can use here, by its names: ``cuda:0``, ``xpu:0``, ``mps``; numbered
    from 0 for ``--gpu`` and :func:`set_device`. None without PyTorch."""
    try:
        if importlib.util.find_spec("torch") is None:
            return []
        torch = importlib.import_module("torch")
    except (ImportError, OSError):  # it is there, and cannot be loaded
        return []
    names = [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    if hasattr(torch, "xpu") and torch.xpu.is_available():
        names += [f"xpu:{index}" for index in range(torch.xpu.device_count())]
    return [*names, "mps"] if torch.backends.mps.is_available() else names


def device_name(device_id: int) -> str:
    """PyTorch's name of the GPU of a number.

    Raises:
        EngineError: there is none of this number.
    """
    names = devices()
    if 0 <= device_id < len(names):
        return names[device_id]
    found = f"there are {', '.join(names)}, numbered from 0" if names else "there is none here"
    raise EngineError(f"no GPU {device_id}: {found}")


def set_mode_cpu() -> None:
    """Compute on the CPU: nets that are made from now on."""
    _runtime.gpu = False


def set_mode_gpu() -> None:
    """Compute on the GPU that :func:`set_device` chooses: nets that are made from now on.

    Where PyTorch finds none the CPU computes, and the log says so.
    """
    _runtime.gpu = True
    if not devices():
        logger.warning("set_mode_gpu: minicaffe computes on the CPU, as there is no GPU that "
                       "PyTorch could use")  # fmt: skip


def set_device(device_id: int) -> None:
    """Choose a GPU for :func:`set_mode_gpu`; where there is none, the log says so.

    Args:
        device_id: its number, from 0.

    Raises:
        EngineError: there are GPUs, but not of this number.
    """
    number = whole_number(device_id, "device_id")
    if not devices():
        logger.info("set_device(%d): minicaffe computes on the CPU", number)
        return
    device_name(number)
    _runtime.device = number


def chosen_device() -> str | None:
    """The GPU that :func:`set_mode_gpu` has asked for; None for the CPU."""
    return device_name(_runtime.device) if _runtime.gpu and devices() else None


def ranks_for(*, test: bool) -> Ranks:
    """Among how many processes a net that is built now shares the records that it reads.

    Args:
        test: it is for the phase TEST, where it reads all of them unless :func:`share_tests` says
            otherwise.
    """
    if test and not _runtime.shared_tests:
        return ALONE
    return Ranks(_runtime.solver_rank, _runtime.solver_count)


def share_tests(value: bool) -> None:
    """Let all solvers share the records of a test; otherwise the first one tests alone."""
    _runtime.shared_tests = value


def tests_are_shared() -> bool:
    """Whether :func:`share_tests` has said so."""
    return _runtime.shared_tests


def solver_count() -> int:
    """How many solvers train together: 1, unless a program has set something else."""
    return _runtime.solver_count


def set_solver_count(count: int) -> None:
    """Say how many solvers train together: nets that are built from now on share their records.

    :class:`minicaffe.NCCL` connects the solvers.

    Args:
        count: at least 1.
    """
    _runtime.solver_count = whole_number(count, "count", least=1)


def solver_rank() -> int:
    """The number of this process's solver among several: 0, unless set."""
    return _runtime.solver_rank


def set_solver_rank(rank: int) -> None:
    """Say which of the solvers that train together is this process's, before it is made.

    Args:
        rank: from 0. The solver 0 tests, writes snapshots and the log.
    """
    _runtime.solver_rank = whole_number(rank, "rank", least=0)


def multiprocess() -> bool:
    """Whether several processes train together, as :func:`set_multiprocess` has said."""
    return _runtime.multiprocess


def set_multiprocess(value: bool) -> None:
    """Remember whether several processes train together: minicaffe's solvers always do so in
    processes, so that nothing depends on it."""
    _runtime.multiprocess = bool(value)


# ---------------------------------------------------------------------------------- log


def init_log(level: int = 0, stderr: bool = True) -> None:
    """Show minicaffe's log on stderr, in the form that Caffe's log has.

    Without this the log goes where the program's own ``logging`` settings send it.

    Args:
        level: the least to show: 0 everything, 1 warnings, 2 errors, 3 fatal errors.
        stderr: False shows errors only (Caffe then writes log files; minicaffe does not).
    """
    chosen = _LEVELS[min(max(whole_number(level, "level"), 0), len(_LEVELS) - 1)]
    if _runtime.log_handler is not None:
        logger.removeHandler(_runtime.log_handler)
    handler = StatusHandler(sys.stderr)
    handler.setLevel(chosen if stderr else max(chosen, logging.ERROR))
    _runtime.log_handler = handler
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False


def log(message: str) -> None:
    """Write a line into minicaffe's log (see :func:`init_log`)."""
    logger.info("%s", message, stacklevel=2)


class Timer:
    """Measures the time from :meth:`start` to :meth:`stop`, read as :attr:`ms`."""

    def __init__(self) -> None:
        self._started: float | None = None
        self._seconds = 0.0

    def start(self) -> None:
        """Begin to measure, unless it is measuring already."""
        if self._started is None:
            self._started = time.perf_counter()

    def stop(self) -> None:
        """End measuring; nothing happens when it is not."""
        if self._started is not None:
            self._seconds = time.perf_counter() - self._started
            self._started = None

    @property
    def ms(self) -> float:
        """The milliseconds of the last measurement (a running one is stopped); 0 before any."""
        self.stop()
        return self._seconds * 1000
