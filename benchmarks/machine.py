"""The machine: what it is, what it can do at most, and who else is using it."""

from __future__ import annotations

import ctypes
import os
import platform
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

SIZE = 2048  # rows and columns of the matrices whose product is the machine's peak

Ticks = tuple[float, float, float]
Reader = Callable[[Sequence[int]], Ticks | None]

_TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


def describe(instructions: str = "all") -> str:
    """The processor and how many cores of it there are.

    Args:
        instructions: ``AVX2`` if no others were used.
    """
    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return f"{name}, {os.cpu_count()} cores"
    facts = dict(line.split(":", 1) for line in lines if ":" in line)
    facts = {key.strip(): value.strip() for key, value in facts.items()}
    flags = facts.get("flags", "").split()
    wide = [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if flag in flags]
    used = " ".join(wide) if instructions == "all" else f"its {instructions} instructions only"
    return f"{facts.get('model name', name)}, {os.cpu_count()} cores, {used}"


class Load:
    """How much of the machine others use between two moments.

    Args:
        processes: whose work does not count as others'.
        read: tells what has been done until now, by default :func:`ticks`.
    """

    def __init__(
        self, *processes: int, read: Callable[[Sequence[int]], Ticks | None] | None = None
    ) -> None:
        self._processes = processes
        self._read = read or ticks
        self._before = self._read(processes)

    def others(self) -> float | None:
        """The share of all cores' time that others took since this object was made."""
        after = self._read(self._processes)
        if after is None or self._before is None:
            return None
        busy, own, total = (b - a for a, b in zip(self._before, after, strict=True))
        return max(0.0, busy - own) / max(1.0, total)


def ticks(processes: Sequence[int]) -> Ticks | None:
    """What Linux's /proc tells; None elsewhere.

    All work counts, also what other guests of the hardware took; then that of these processes;
    then all work and idleness.
    """
    try:
        first = Path("/proc/stat").read_text().splitlines()[0]
        own = sum(_ticks(process) for process in processes)
    except OSError:
        return None
    user, nice, system, idle, wait, *rest = map(int, first.split()[1:])
    busy = user + nice + system + sum(rest[:3])
    return busy, own, busy + idle + wait


def _ticks(process: int) -> int:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def peak_memory() -> float | None:
    """The most memory that this process has had, in MiB; None where no one tells."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def forget_peak_memory() -> None:
    """Begin to measure the peak here, and give freed memory back first."""
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")


def end_with_parent() -> None:
    """Let Linux end this process when the one that started it is gone, however that ended.

    Without this, a contender that is stopped at that moment would stay so for ever.
    """
    set_death_signal = 1
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).prctl(set_death_signal, int(signal.SIGKILL))


def product(precision: str) -> Callable[[], Any]:
    """A product of two square matrices of :data:`SIZE`, by oneDNN, else (float32) by numpy."""
    from minicaffe.errors import EngineError

    try:
        return _onednn_product(precision)
    except EngineError:
        if precision != "float32":
            raise
    a = np.random.default_rng(0).standard_normal((SIZE, SIZE), dtype=np.float32)
    out = np.empty_like(a)
    return lambda: np.matmul(a, a, out=out)


def _onednn_product(precision: str) -> Callable[[], Any]:
    from minicaffe.engines.onednn import dnnl
    from minicaffe.engines.onednn import primitive as p

    dtype = dnnl.F32 if precision == "float32" else dnnl.BF16
    desc = p.MemoryDesc((SIZE, SIZE), dtype, any_layout=True)
    pd = p.PrimitiveDesc("matmul", desc, desc, None, desc)
    memories = {
        dnnl.SRC: p.Memory(pd.desc("src")),
        dnnl.WEIGHTS: p.Memory(pd.desc("weights")),
        dnnl.DST: p.Memory(pd.desc("dst")),
    }
    values = np.random.default_rng(0).standard_normal((SIZE, SIZE), dtype=np.float32)
    for argument in (dnnl.SRC, dnnl.WEIGHTS):
        p.reorder(p.plain(values), memories[argument])()
    return p.Primitive(pd, memories)
