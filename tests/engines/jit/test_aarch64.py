"""Kernels compiled for 64-bit ARM and run by qemu give what those of x86-64 give.

LLVM compiles for both, with vectors of four floats; a small C program puts memory where its image
says, calls the kernels, and writes the memory back. It takes the packages gcc-aarch64-linux-gnu and
qemu-user. With a Python for ARM, ``qemu-aarch64 python -m pytest tests/engines/jit`` runs the whole
folder there, Winograd's kernels and LRN among them.
"""

from __future__ import annotations

import platform
import shutil
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("llvmlite", reason="llvmlite, which compiles kernels, is absent")

import llvmlite.binding as llvm

from minicaffe.engines.jit.compiler import compile_functions, machine_code
from minicaffe.engines.jit.depthwise_pass import DEPTHWISE, DepthwiseKernels
from minicaffe.engines.jit.frame import Layout
from minicaffe.engines.jit.ir import Function, module
from minicaffe.engines.jit.planes import PlaneWindows
from minicaffe.engines.jit.pointwise_pass import POINTWISE, PointwiseKernels
from minicaffe.engines.jit.pooling_pass import POOLING, PoolingKernels
from minicaffe.engines.jit.sums import KINDS, SUMS, SumKernels
from minicaffe.engines.jit.target import NEON, SSE41
from minicaffe.engines.jit.team import Team
from tests.engines.twins import error_of

COMPILER, EMULATOR = shutil.which("aarch64-linux-gnu-gcc"), shutil.which("qemu-aarch64")
pytestmark = [
    pytest.mark.skipif(
        platform.machine().lower() not in ("x86_64", "amd64"), reason="no x86-64 to compare with"
    ),
    pytest.mark.skipif(
        not (COMPILER and EMULATOR),
        reason="kernels on 64-bit ARM: gcc-aarch64-linux-gnu or qemu-user is absent",
    ),
]

#: Where the program puts the memory.
BASE = 1 << 34
HARNESS = """
#include <stdio.h>
#include <sys/mman.h>
typedef void kernel(void *frame, void *workspace, long first, long last);
%s
static kernel *kernels[] = {%s};
int main(void) {
    long head[2], call[5];
    if (fread(head, 8, 2, stdin) != 2) return 1;
    char *memory = mmap((void *)0x%x, head[0], PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (memory == MAP_FAILED || fread(memory, 1, head[0], stdin) != head[0]) return 2;
    for (long i = 0; i < head[1]; i++) {
        if (fread(call, 8, 5, stdin) != 5) return 3;
        kernels[call[0]]((void *)call[1], (void *)call[2], call[3], call[4]);
    }
    return fwrite(memory, 1, head[0], stdout) != head[0];
}
"""


@dataclass
class Call:
    """A kernel with its arrays and numbers."""

    kernel: str
    layout: Layout
    arrays: dict[str, np.ndarray]
    numbers: dict[str, int]
    units: int

    def on_this_machine(self, kernels: dict[str, int]) -> dict[str, np.ndarray]:
        """The arrays after the kernel of x86-64 has run."""
        arrays = {name: array.copy() for name, array in self.arrays.items()}
        addresses = {name: array.ctypes.data for name, array in arrays.items()}
        frame = self.layout.frame(**addresses, **self.numbers)
        workspace = np.zeros(1 << 14, np.float32)
        address = kernels[self.kernel]
        Team(SSE41).run(address, frame.address, self.units, workspace.ctypes.data, workspace.size)
        return arrays


def windows(**changes: tuple[int, int]) -> PlaneWindows:
    given = {"size": (6, 11), "kernel": (3, 3), "stride": (1, 2), "pad": (1, 1)}
    given |= {"dilation": (1, 1), "grid": (6, 6), **changes}
    return PlaneWindows(**given, width=4)


def poolings() -> list[Call]:
    rng, of = np.random.default_rng(1), windows()
    x = rng.standard_normal((5, 6, 11), np.float32)
    dy = rng.standard_normal((5, 6, 6), np.float32)
    winners = rng.integers(-1, 66, dy.shape).astype(np.float32)
    areas = rng.integers(1, 9, (6, 6)).astype(np.float32)
    arrays = {"images": x, "windows": dy, "winners": winners, "areas": areas}
    arrays["places"] = of.places()
    return [
        Call(name, POOLING, arrays, of.fields(), 5)
        for name in ("max_forward", "max_backward", "ave_forward", "ave_backward")
    ]


def depthwise() -> list[Call]:
    rng, of = np.random.default_rng(2), windows(dilation=(2, 1), grid=(4, 6))
    arrays = {
        "images": rng.standard_normal((2, 3, 6, 11), np.float32),
        "windows": rng.standard_normal((2, 6, 4, 6), np.float32),
        "weights": rng.standard_normal((6, 3, 3), np.float32),
        "bias": rng.standard_normal(6, np.float32),
        "places": of.places(),
    }
    numbers = {**of.fields(), "batch": 2, "inputs": 3, "outputs": 2}
    units = {"forward": 12, "backward": 6, "gradient": 6}
    return [Call(name, DEPTHWISE, arrays, numbers, count) for name, count in units.items()]


def pointwise() -> list[Call]:
    rng = np.random.default_rng(3)
    arrays = {name: rng.standard_normal((2, 3, 7), np.float32) for name in ("x", "y", "d")}
    arrays |= {name: rng.standard_normal(3, np.float32) for name in ("a", "b", "gain", "shift")}
    numbers = {"length": 7, "total": 42, "channels": 3}
    names = [f.name for f in PointwiseKernels(NEON).functions()]
    return [Call(name, POINTWISE, arrays, numbers, 6) for name in names]


def sums() -> list[Call]:
    rng, calls = np.random.default_rng(4), []
    for lanes, rows in ((8, 70), (1, 301)):
        arrays = {
            side: rng.standard_normal((2, 3, rows, lanes), np.float32) for side in ("left", "right")
        }
        numbers_of = ("about", "gain", "shift")
        filled = 24 if lanes > 1 else 8  # whole vectors of both processors
        arrays |= {name: rng.standard_normal(filled, np.float32) for name in numbers_of}
        arrays["sums"] = np.zeros((2, 2, filled))
        numbers = {"blocks": 3, "rows": rows, "lanes": lanes, "segment": 512, "segments": 1}
        numbers["filled"] = filled
        way = "lanes" if lanes > 1 else "rows"
        calls += [Call(f"{kind}_{way}", SUMS, arrays, numbers, 6) for kind in KINDS]
    return calls


FAMILIES = {
    "pooling": (PoolingKernels, poolings),
    "depthwise": (DepthwiseKernels, depthwise),
    "pointwise": (PointwiseKernels, pointwise),
    "sums": (SumKernels, sums),
}


class Memory:
    """An image of memory that begins at :data:`BASE`."""

    def __init__(self) -> None:
        self.image = bytearray()

    def put(self, content: bytes) -> int:
        """The address of a copy."""
        self.image += bytes(-len(self.image) % 64)
        self.image += content
        return BASE + len(self.image) - len(content)

    def frame(self, call: Call) -> tuple[int, dict[str, int]]:
        """The address of a call's frame, and those of its arrays."""
        addresses = {name: self.put(array.tobytes()) for name, array in call.arrays.items()}
        values = {**addresses, **call.numbers}
        return self.put(
            struct.pack(f"{len(values)}q", *map(values.get, call.layout.names))
        ), addresses


def emulated(
    folder: Path, functions: Sequence[Function], calls: Sequence[Call]
) -> list[dict[str, np.ndarray]]:
    """The arrays after each call, by kernels of ARM."""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    target = llvm.Target.from_triple("aarch64-unknown-linux-gnu")
    machine = target.create_target_machine(
        cpu=NEON.cpu, features=NEON.features, opt=3, reloc="pic", codemodel="small"
    )
    (folder / "kernels.o").write_bytes(machine_code(module(functions), machine))
    names = list(dict.fromkeys(call.kernel for call in calls))
    declared = "\n".join(f"extern kernel {name};" for name in names)
    (folder / "harness.c").write_text(HARNESS % (declared, ", ".join(names), BASE))
    command = ["-static", "-o", "harness", "harness.c", "kernels.o"]
    subprocess.run([str(COMPILER), *command], cwd=folder, check=True)
    memory, words, places = Memory(), [], []
    for call in calls:
        frame, addresses = memory.frame(call)
        workspace = memory.put(bytes(1 << 16))
        words.append(struct.pack("5q", names.index(call.kernel), frame, workspace, 0, call.units))
        places.append(addresses)
    given = struct.pack("2q", len(memory.image), len(calls)) + memory.image + b"".join(words)
    run = subprocess.run(
        [str(EMULATOR), str(folder / "harness")], input=given, capture_output=True, check=True
    )
    return [
        {
            name: np.frombuffer(run.stdout, array.dtype, array.size, places[index][name] - BASE)
            for name, array in call.arrays.items()
        }
        for index, call in enumerate(calls)
    ]


@pytest.mark.parametrize("family", FAMILIES)
def test_kernels(family: str, tmp_path: Path) -> None:
    kernels, make = FAMILIES[family]
    calls = make()
    ours = dict(compile_functions(kernels(SSE41).functions(), SSE41))
    theirs = emulated(tmp_path, kernels(NEON).functions(), calls)
    for call, found in zip(calls, theirs, strict=True):
        expected, changed = call.on_this_machine(ours), False
        for name, want in expected.items():
            changed |= not np.array_equal(want, call.arrays[name])
            assert error_of(found[name], want.ravel()) < 2e-6, (call.kernel, name)
        assert changed, call.kernel
