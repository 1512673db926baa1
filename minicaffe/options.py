"""How nets run, and what they may ask of the machine: an engine, memory, whether to run code."""

from __future__ import annotations

import functools
import os
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from minicaffe.errors import GraphError, MemoryLimitError, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import DTypeLike

_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


_UNKNOWN = 2**63 - 1  # where the system does not say how much memory there is


_CGROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


#: Which blobs of a net can be looked at.
KEEPS = ("all", "outputs")

#: How convolutions may be computed, and the environment variable that says it by default.
CONV_MATHS = ("auto", "direct")
CONV_MATH_VARIABLE = "MINICAFFE_CONV_MATH"


#: What carries arrays between processes that train together; see ``minicaffe.parallel``.
TRANSPORTS = ("auto", "shared", "torch", "mpi")


#: The dialects that can be asked for, and whose they are.
DIALECTS = {
    "caffe": "BVLC Caffe",
    "cascade-rcnn": "Cascade R-CNN (zhaoweicai/cascade-rcnn)",
    "crnn": "CRNN's Caffe (yalecyu/crnn.caffe)",
    "ctpn": "CTPN (tianzhi0549/CTPN)",
    "deeplab": "DeepLab",
    "early-ssd": "SSD as it was before 2016-11, in TextBoxes and RMPE",
    "fcn": "FCN's first branch of Caffe (longjon/caffe, branch future), HED and CRF-RNN",
    "fast-rcnn": "Fast R-CNN, Faster R-CNN and R-FCN",
    "frcnn": "makefile's frcnn (makefile/frcnn)",
    "intel": "Intel Caffe",
    "jolibrain": "jolibrain's Caffe, of DeepDetect",
    "mask-rcnn": "Mask R-CNN in Caffe (jasjeetIM/Mask-RCNN)",
    "mscnn": "MS-CNN (zhaoweicai/mscnn)",
    "normface": "NormFace and AM-Softmax (happynear)",
    "nvcaffe": "NVCaffe",
    "openvino": "OpenVINO's model zoo",
    "pspnet": "TSN, PSPNet and ICNet",
    "r-fcn": "R-FCN (YuwenXiong/py-R-FCN)",
    "r-fcn-ohem": "R-FCN that mines hard examples (YuwenXiong/py-R-FCN)",
    "segnet": "SegNet, DeconvNet and ENet",
    "ssd": "SSD (weiliu89/caffe, branch ssd)",
    "video-caffe": "C3D and video-caffe",
    "vitis": "Vitis AI",
    "yolo": "the YOLO ports (MobileNet-YOLO, caffe-yolov2)",
}


@dataclass(frozen=True)
class RunOptions:
    """How a net runs, and what it may do: the keywords that nets, solvers and verbs share.

    Attributes:
        engine: what runs the net, layers with an ``engine`` of their own included; None chooses
            the fastest one present, for the layers that leave it the choice.
        precision: ``"float32"``, or ``"bf16"``: values and their gradients are stored in
            bfloat16 between layers, which halves the memory they move; parameters, their
            gradients, statistics and losses stay float32.
        fuse: let the engine do the work of several layers in one step; off for debugging.
        keep: ``"all"``, or ``"outputs"``: blobs between inputs and outputs use each other's
            memory, and cannot be looked at then. In phase TRAIN their gradients do, too, where
            the engine can do so; in phase TEST asking for gradients keeps everything.
        allow_python_layers: False for a file that you do not trust: it then runs no code
            (Python layers are refused) and writes no file (HDF5Output layers).
        max_memory: the most bytes that the net's blobs may declare, gradients included in phase
            TRAIN; None allows the machine's memory.
        dialect: whose meaning a layer has where forks of Caffe mean different things by its text,
            one of :data:`DIALECTS`; None lets the net's text decide.
        conv_math: ``"auto"`` allows convolutions with fewer products, which round a few times as
            much as direct ones; ``"direct"`` does not, for those who compare the sixth digit. None
            is what the environment variable ``MINICAFFE_CONV_MATH`` says, or ``"auto"``.
        device: where the torch engine computes, by PyTorch's names, such as ``"cuda:0"``,
            ``"mps"`` or ``"cpu"``; None lets :func:`minicaffe.set_mode_gpu` decide.

    Raises:
        GraphError: ``keep``, ``dialect`` or ``conv_math`` is something else.
    """

    engine: str | None = None
    precision: str = "float32"
    fuse: bool = True
    keep: str = "all"
    allow_python_layers: bool = True
    max_memory: int | None = None
    dialect: str | None = None
    conv_math: str | None = None
    device: str | None = None

    def __post_init__(self) -> None:
        check_dialect(self.dialect)
        if self.convolutions not in CONV_MATHS:
            raise GraphError(f'conv_math is {self.convolutions!r}, expected "auto" or "direct"')
        if self.keep not in KEEPS:
            raise GraphError(f'keep is {self.keep!r}, expected "all" or "outputs"')

    @property
    def convolutions(self) -> str:
        """``conv_math``, or what the environment says in its place."""
        return self.conv_math or os.environ.get(CONV_MATH_VARIABLE) or CONV_MATHS[0]

    @property
    def limits(self) -> Limits:
        """What the net's layers may do."""
        return Limits(self.max_memory, self.allow_python_layers)

    def keywords(self) -> RunKeywords:
        """The options as ``Net``, ``Solver`` and ``Classifier`` take them: by name."""
        return RunKeywords(
            engine=self.engine,
            precision=self.precision,
            fuse=self.fuse,
            keep=self.keep,
            allow_python_layers=self.allow_python_layers,
            max_memory=self.max_memory,
            dialect=self.dialect,
            conv_math=self.conv_math,
            device=self.device,
        )


@dataclass(frozen=True)
class Ranks:
    """The place of a process, and so of its net's layers, among those that train together.

    Attributes:
        rank: its number, from 0.
        size: how many there are.
        add_up: replaces an array of float64 by its sum over all ranks, which all have to ask for
            in the same order; None before they are connected, or where there is one only.
    """

    rank: int = 0
    size: int = 1
    add_up: Callable[[np.ndarray], None] | None = None


ALONE = Ranks()


class RunKeywords(TypedDict, total=False):
    """The fields of :class:`RunOptions`, for functions that hand them on as keywords."""

    engine: str | None
    precision: str
    fuse: bool
    keep: str
    allow_python_layers: bool
    max_memory: int | None
    dialect: str | None
    conv_math: str | None
    device: str | None


class NetKeywords(RunKeywords, total=False):
    """All keywords of :class:`minicaffe.Net` besides its file, phase and weights."""

    level: int | None
    stages: Iterable[str] | None
    seed: int | None
    dtype: DTypeLike
    path: str | None


def check_dialect(name: str | None) -> None:
    """Refuse a dialect that is not in :data:`DIALECTS`.

    Raises:
        GraphError: names those that there are.
    """
    if name is not None and name not in DIALECTS:
        hint = did_you_mean(name, list(DIALECTS)) or f"; there are {', '.join(DIALECTS)}"
        raise GraphError(f"unknown dialect '{name}'{hint}")


@dataclass(frozen=True)
class Limits:
    """What a net allows each of its layers.

    Attributes:
        max_memory: the most bytes that its blobs may take; None allows the machine's
            memory.
        allow_python_layers: whether it may run code (Python layers) and write files
            (HDF5Output layers).
    """

    max_memory: int | None = None
    allow_python_layers: bool = True

    @property
    def memory(self) -> int:
        """The most bytes that blobs may take."""
        return machine_memory() if self.max_memory is None else self.max_memory

    def check(self, size: int, what: str) -> None:
        """Refuse something that is about to be allocated.

        Args:
            size: how many bytes it takes.
            what: what it is, as in "dataset 'data'".

        Raises:
            MemoryLimitError: it is larger than the limit.
        """
        if size > self.memory:
            raise MemoryLimitError(f"{what} takes {size_text(size)}; {limit_text(self.memory)}")


class MemoryBudget:
    """Counts what the blobs of a net take, before it is allocated.

    Args:
        limit: the most bytes.
        gradients: whether gradients count too (they do where a net is trained).

    Attributes:
        used: how many bytes are taken now.
    """

    def __init__(self, limit: int, *, gradients: bool) -> None:
        self.limit = limit
        self.gradients = gradients
        self.used = 0

    def take(
        self,
        size: int,
        instead: Reservation | None = None,
        *,
        what: str = "it takes",
        advice: str = "make the batch or the layer smaller",
    ) -> Reservation:
        """Count some bytes for as long as the returned reservation exists.

        Args:
            size: how many.
            instead: a reservation that the caller is going to drop for this one.
            what: takes them, for the error message.
            advice: what a user may do about it.

        Raises:
            MemoryLimitError: that would pass the limit.
        """
        after = self.used + size - (instead.size if instead is not None else 0)
        if after > self.limit:
            before = f" and what was made before it {size_text(self.used)}" if self.used else ""
            raise MemoryLimitError(
                f"{what} {size_text(size)}{before}; {limit_text(self.limit)}; {advice}"
            )
        return Reservation(self, size)


class Reservation:
    """Some bytes of a budget, which are free again when this object is deleted."""

    __slots__ = ("_budget", "size")

    def __init__(self, budget: MemoryBudget, size: int) -> None:
        self._budget = budget
        self.size = size
        budget.used += size

    def __del__(self) -> None:
        self._budget.used -= self.size


def limit_text(limit: int) -> str:
    """How an error message states the limit."""
    return f"the limit is {size_text(limit)} (--max-memory, max_memory)"


def size_text(size: int) -> str:
    """Bytes as people read them, such as ``1.5 GiB``."""
    if size >= 2**60:
        return f"2^{size.bit_length() - 1} bytes or more"
    for unit in ("T", "G", "M", "K"):
        amount = size / _UNITS[unit]
        if amount >= 1:
            return f"{amount:.3g} {unit}iB" if amount < 999.5 else f"{amount:.0f} {unit}iB"
    return f"{size} bytes"


def parse_size(text: str) -> int:
    """The bytes that ``8G``, ``512M``, ``1.5GiB`` or ``1000000`` mean.

    Raises:
        ValueError: it is something else, or less than 1.
    """
    match = re.fullmatch(r"([0-9]{1,18}(?:\.[0-9]{1,9})?)\s*([KMGT]?)(?:i?B)?", str(text), re.I)
    size = int(float(match[1]) * _UNITS[match[2].upper()]) if match else 0
    if size < 1:
        raise ValueError(f"expected a size such as 8G or 512M, not {text}")
    return size


@functools.cache
def machine_memory() -> int:
    """How many bytes of memory this process may use: the machine's, or its container's."""
    sizes = [_physical_memory()]
    for name in _CGROUPS:
        try:
            with open(name, encoding="ascii") as stream:
                sizes.append(int(stream.read()))
        except (OSError, ValueError):  # no such file, or "max"
            continue
    return min(size for size in sizes if size > 0)


def _physical_memory() -> int:
    if sys.platform == "win32":
        return _windows_memory()
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return _UNKNOWN


def _windows_memory() -> int:
    import ctypes

    class Status(ctypes.Structure):
        _fields_ = (
            [("length", ctypes.c_uint32), ("load", ctypes.c_uint32)]
            + [("physical", ctypes.c_uint64)]
            + [(f"other{index}", ctypes.c_uint64) for index in range(6)]
        )

    status = Status(length=ctypes.sizeof(Status))
    known = ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))  # type: ignore
    return int(status.physical) if known else _UNKNOWN


def peak_memory() -> int | None:
    """The most memory that this process has taken so far, in bytes; None where the system does
    not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
