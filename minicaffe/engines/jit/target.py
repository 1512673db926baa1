"""For which processor kernels are made: how wide its vectors are, how many registers it has."""

from __future__ import annotations

import functools
import os
import platform
from dataclasses import dataclass

#: oneDNN's own variable, which holds for these kernels too: a cap on the instruction set.
LIMIT = "ONEDNN_MAX_CPU_ISA"
_NO_AVX512 = ("SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2")


@dataclass(frozen=True)
class Target:
    """An instruction set.

    A name of LLVM's (``x86-64-v3``) and not that of the processor, so that one machine computes
    bit by bit what another with the same instructions computes.

    Attributes:
        name: what messages call it.
        cpu: LLVM's name of the processor.
        features: LLVM's names of what it has beyond that.
        width: floats in a vector.
        rows: rows of a product that are added up in registers at a time, each of two vectors.
        fused: whether there is an instruction that multiplies and adds with one rounding.
    """

    name: str
    cpu: str
    features: str
    width: int
    rows: int
    fused: bool


#: 16 registers: 4 rows of 2 vectors, 2 of the other factor, and what a product needs besides.
SSE41 = Target("sse41", "x86-64-v2", "", 4, 4, fused=False)
#: 16 registers: 6 rows of 2 vectors, 2 of the other factor, one for the broadcast number.
AVX2 = Target("avx2", "x86-64-v3", "", 8, 6, fused=True)
#: 32 registers, but 16 for addresses, of which each row has one: more than 8 rows are slower.
AVX512 = Target("avx512", "x86-64-v4", "", 16, 8, fused=True)
#: 32 registers of 4 floats: 10 rows of 2 vectors.
NEON = Target("neon", "generic", "+neon", 4, 10, fused=True)


@functools.cache
def host_target(limit: str | None = None) -> Target | None:
    """The best instruction set of this machine; None where kernels cannot be made for it.

    Args:
        limit: oneDNN's name of the best one to use; the environment's by default.
    """
    machine = platform.machine().lower()
    if machine in ("aarch64", "arm64"):
        return NEON
    if machine not in ("x86_64", "amd64"):
        return None
    import llvmlite.binding as llvm

    limit = (limit or os.environ.get(LIMIT) or "ALL").upper()
    have = {name for name, there in llvm.get_host_cpu_features().items() if there}
    if limit not in _NO_AVX512 and {"avx512f", "avx512bw", "avx512dq", "avx512vl"} <= have:
        return AVX512
    if limit not in ("SSE41", "AVX") and {"avx2", "fma", "bmi2"} <= have:
        return AVX2
    return SSE41 if "sse4.2" in have else None


def usable_targets() -> list[Target]:
    """All that this machine can run, the best first."""
    limits = ("ALL", "AVX2", "SSE41")
    found = [target for limit in limits if (target := host_target(limit)) is not None]
    return list(dict.fromkeys(found))
