"""Finds oneDNN's shared library, calls its plain C API, and has that API's numbers."""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
import importlib.metadata
import os
import sys
import sysconfig
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Protocol, TypeVar

from minicaffe.engines import PRECISIONS, jit
from minicaffe.engines.jit.team import OpenMP, Team
from minicaffe.errors import EngineError, ThreadError
from minicaffe.threads import thread_count, with_blas_threads

if TYPE_CHECKING:
    from ctypes import _NamedFuncPointer as CFunction

Args = ParamSpec("Args")
Result = TypeVar("Result")

#: The environment variable that names the library's file when it should not be searched for.
VARIABLE = "MINICAFFE_ONEDNN_LIBRARY"

MAJOR = 3  # the major version whose C API the engine is written for

#: How long GNU OpenMP's threads spin before they sleep at a barrier. Its own default, 300,000,
#: makes each primitive take milliseconds as soon as another thread wants one of the cores
#: (LeNet 50 times as slow); with this one nothing is lost on an idle machine.
_SPINS = "1000"

#: The bits of oneDNN's instruction sets that AVX-512 with bfloat16 has; AMX has them all too.
_AVX512, _AVX512_BF16 = 0x27, 0xE7

_WHEELS = ("onednn-cpu-gomp", "onednn-cpu-vcomp", "onednn-cpu-iomp", "onednn-cpu-tbb", "onednn")
_NAMES = ("libdnnl.so.3", "dnnl.dll", "libdnnl.3.dylib")
#: What the wheels with Intel's OpenMP need of it, in the order in which one needs the other.
_BESIDE = (
    "libintlc.so.5", "libirng.so", "libimf.so", "libsvml.so", "libiomp5.so", "libiomp5.dylib",
)  # fmt: skip
_STATUS = ("success", "out of memory", "invalid arguments", "unimplemented", "last implementation",
           "runtime error", "not required", "invalid graph")  # fmt: skip

# Numbers of the C API's headers, stable through version 3; self_check.py compares them with
# the names that the library itself has for them.

BF16, F32 = 2, 3  # data types
ANY = 1  # format tag: the primitive chooses

FORWARD_TRAINING, FORWARD_INFERENCE, BACKWARD, BACKWARD_DATA = 64, 96, 128, 160

CONVOLUTION_DIRECT, DECONVOLUTION_DIRECT = 1, 0xA
RELU, TANH, ELU, SQUARE, ABS, LINEAR = 0x20, 0x21, 0x22, 0x23, 0x24, 0x26
LOGISTIC, SWISH, CLIP, POW, HARDSWISH = 0x29, 0x2C, 0x2E, 0x30, 0x34
RELU_FROM_DST, TANH_FROM_DST, ELU_FROM_DST, LOGISTIC_FROM_DST = 0x100, 0x101, 0x102, 0x104
POOLING_MAX, POOLING_AVG_INCLUDE, POOLING_AVG_EXCLUDE = 0x1FF, 0x2FF, 0x3FF
LRN_ACROSS = 0xAFF
BINARY_ADD, BINARY_MUL, BINARY_MAX, BINARY_DIV = 0x1FFF0, 0x1FFF1, 0x1FFF2, 0x1FFF4
BINARY_SUB, BINARY_GE, BINARY_GT = 0x1FFF5, 0x1FFF6, 0x1FFF7
SOFTMAX = 0x30000
RESAMPLING_NEAREST = 0x2FFF0

USE_GLOBAL_STATS, USE_SCALE, USE_SHIFT, FUSE_NORM_RELU = 1, 2, 4, 8

# Arguments of primitives.
SRC, SRC_1, DST, WEIGHTS, BIAS, MEAN, VARIANCE, SCALE, SHIFT = 1, 2, 17, 33, 41, 49, 50, 51, 52
WORKSPACE, SCRATCHPAD, DIFF_SRC, DIFF_DST, DIFF_WEIGHTS, DIFF_BIAS = 64, 80, 129, 145, 161, 169
MULTIPLE_SRC, ATTR_POST_OP = 1024, 32768
MOST_SOURCES = 1024  # then come the numbers of other arguments

#: Layouts that activations come in, by number of axes: the format tag by channels in a
#: block; 1 is row-major, 0 has the channels last.
FORMATS = {
    2: {1: 3},
    3: {1: 4, 16: 56, 8: 69, 0: 15},
    4: {1: 5, 16: 78, 8: 102, 0: 22},
    5: {1: 6, 16: 121, 8: 142, 0: 33},
}


class Version(ctypes.Structure):
    _fields_ = (
        ("major", ctypes.c_int),
        ("minor", ctypes.c_int),
        ("patch", ctypes.c_int),
        ("hash", ctypes.c_char_p),
        ("cpu_runtime", ctypes.c_uint),
        ("gpu_runtime", ctypes.c_uint),
    )


class Failed(EngineError):
    """The library has not done what was asked."""


class Unimplemented(Failed):
    """The library has no implementation of what was asked; numpy can do it instead."""


class NotInstalled(EngineError):
    """There is no such library here, as opposed to one that does not work."""


def candidates() -> Iterator[str]:
    """Files that may be the library: the variable's, the wheels', the system's."""
    if os.environ.get(VARIABLE):
        yield os.environ[VARIABLE]
        return
    for wheel in _WHEELS:
        try:
            files = importlib.metadata.files(wheel) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        for file in files:
            path = Path(str(file.locate()))
            if file.name in _NAMES and path.exists():
                yield str(path.resolve())
    base = Path(sysconfig.get_path("data"))
    for folder in ("lib", "Library/bin"):
        for name in _NAMES:
            if (base / folder / name).exists():
                yield str(base / folder / name)
    found = ctypes.util.find_library("dnnl")
    if found:
        yield found


def _opened(path: str) -> ctypes.CDLL:
    """The library of a path, with what lies beside it and the system does not look for there.

    Raises:
        OSError: it cannot be loaded.
    """
    try:
        return ctypes.CDLL(path)
    except OSError:
        beside = [file for file in map(Path(path).with_name, _BESIDE) if file.exists()]
        if not beside:
            raise
        for file in beside:
            ctypes.CDLL(str(file), ctypes.RTLD_GLOBAL)
        return ctypes.CDLL(path)


class Library:
    """The loaded library: ``call("memory_create", …)`` calls ``dnnl_memory_create``.

    Attributes:
        forks: from how many processes this one was forked whose threads could not be ended.
            Primitives of before a fork have the threads of before, whatever number is set since.

    Raises:
        EngineError: it cannot be loaded, or is of another major version.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._threads_ended = True
        self.forks = 0
        if not {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"} & os.environ.keys():
            os.environ["GOMP_SPINCOUNT"] = _SPINS  # read as the library is loaded
        try:
            self._dll = _opened(path)
            self._dll.dnnl_version.restype = ctypes.POINTER(Version)
            found = self._dll.dnnl_version().contents
        except (OSError, AttributeError) as error:
            raise EngineError(f"oneDNN's library {path} cannot be loaded: {error}") from error
        self.version: tuple[int, int, int] = (found.major, found.minor, found.patch)
        if found.major != MAJOR:
            raise EngineError(f"oneDNN {'.'.join(map(str, self.version))} found, {MAJOR}.x needed")
        size = self._dll.dnnl_memory_desc_get_size
        size.restype, size.argtypes = ctypes.c_size_t, [ctypes.c_void_p]
        query = self._dll.dnnl_primitive_desc_query_md
        query.restype = ctypes.c_void_p
        query.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int]

    @property
    def dll(self) -> ctypes.CDLL:
        """The library itself, through which the functions of its OpenMP are found, too."""
        return self._dll

    def function(self, name: str) -> CFunction:
        """The C function ``dnnl_NAME``."""
        try:
            return getattr(self._dll, f"dnnl_{name}")
        except AttributeError as error:
            raise EngineError(f"oneDNN at {self.path} has no function dnnl_{name}") from error

    def call(self, name: str, *args: object) -> None:
        """Call ``dnnl_NAME`` and check its status.

        Raises:
            Unimplemented: the library cannot do this.
            Failed: any other failure.
        """
        check(self.function(name)(*args), name)

    def create(self, name: str, *args: object) -> int:
        """Call a function whose first argument returns a handle; gives the handle.

        Raises:
            Failed: there is none.
        """
        handle = ctypes.c_void_p()
        self.call(name, ctypes.byref(handle), *args)
        if handle.value is None:
            raise Failed(f"oneDNN: {name} has made nothing")
        return handle.value

    def create_for(self, owner: object, destroy: str, name: str, *args: object) -> ctypes.c_void_p:
        """Like :meth:`create`; the object is destroyed with its owner.

        What takes the handle is the owner's before the library fills it: nothing is lost if an
        exception comes between any two steps, as a signal's may.

        Args:
            owner: the Python object that the library's belongs to.
            destroy: the function that frees it.
            name: the function that makes it.
            args: what that takes besides the place for the handle.
        """
        handle = ctypes.c_void_p()
        weakref.finalize(owner, _free, self.function(destroy), handle)
        self.call(name, ctypes.byref(handle), *args)
        return handle

    def use_threads(self, count: int) -> None:
        """Compute with this many threads, if the library was built for OpenMP.

        OpenMP keeps the number for each calling thread.
        """
        if self._set_threads is not None:
            self._set_threads(count)

    @functools.cached_property
    def _set_threads(self) -> CFunction | None:
        return self.openmp("omp_set_num_threads")

    def openmp(self, name: str) -> CFunction | None:
        """A function of OpenMP's library, which it has brought along, or None."""
        if hasattr(self._dll, name):
            return getattr(self._dll, name)
        if sys.platform == "win32":
            return getattr(ctypes.CDLL("vcomp140"), name, None)
        return None

    @functools.cached_property
    def team(self) -> Team | None:
        """The threads on which kernels that are generated at run time run beside primitives.

        They are those of its own OpenMP; threads of Python where it has another runtime. None
        where kernels cannot be made: without llvmlite, or on another processor.
        """
        target = jit.host_target() if jit.why_not(PRECISIONS[0]) is None else None
        if target is None:
            return None
        try:
            return Team(target, OpenMP(self._dll))
        except AttributeError:
            return Team(target)

    def survive_forks(self) -> None:
        """End OpenMP's threads before this process is forked.

        A child has none of them, but OpenMP would wait for them there. Parent and child start
        new ones when they next compute.
        """
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(before=self._end_threads, after_in_child=self._after_fork)

    def _end_threads(self) -> None:
        end, soft = self.openmp("omp_pause_resource_all"), 1
        self._threads_ended = self._set_threads is None or (end is not None and end(soft) == 0)

    def _after_fork(self) -> None:
        self.forks += not self._threads_ended

    def take_threads(self) -> None:
        """Compute with as many threads as are set.

        Raises:
            ThreadError: OpenMP would wait for threads that this process, a fork, does not have.
        """
        count = thread_count()
        if self.forks and count > 1:
            raise ThreadError(
                "this process is a fork, and has none of the threads that oneDNN's OpenMP started "
                'before it; start processes by "spawn" (multiprocessing.get_context("spawn")), or '
                "compute with one thread in them: minicaffe.set_threads(1)"
            )
        self.use_threads(count)

    @property
    def has_avx512(self) -> bool:
        """Whether oneDNN computes with vectors of 512 bits here (``ONEDNN_MAX_CPU_ISA``, which
        limits it, counts)."""
        return self._computes_with(_AVX512)

    @property
    def has_bf16(self) -> bool:
        """Whether oneDNN computes with bfloat16 instructions here."""
        return self._computes_with(_AVX512_BF16)

    def _computes_with(self, instructions: int) -> bool:
        effective: int = self.function("get_effective_cpu_isa")()
        return effective & instructions == instructions

    @functools.cached_property
    def engine(self) -> ctypes.c_void_p:
        """The CPU engine (kept for the life of the process)."""
        cpu = 1
        return ctypes.c_void_p(self.create("engine_create", cpu, ctypes.c_size_t(0)))

    @functools.cached_property
    def stream(self) -> ctypes.c_void_p:
        """The stream in which everything runs, in order."""
        return ctypes.c_void_p(self.create("stream_create", self.engine, 1))


def _free(destroy: CFunction, handle: ctypes.c_void_p) -> None:
    """Destroy what a handle refers to, if there is something."""
    if handle:
        destroy(handle)


def check(status: int, what: str) -> None:
    """Raise :class:`Failed` unless a status says success."""
    if status == 0:
        return
    text = _STATUS[status] if status < len(_STATUS) else f"status {status}"
    kind = Unimplemented if text == "unimplemented" else Failed
    raise kind(f"oneDNN: {what}: {text}")


@functools.cache
def library() -> Library:
    """The library of this process.

    Raises:
        NotInstalled: there is none.
        EngineError: none of those found can be loaded.
    """
    reasons = []
    for path in dict.fromkeys(candidates()):
        try:
            found = Library(path)
        except EngineError as error:
            reasons.append(str(error))
        else:
            found.survive_forks()
            return found
    if reasons:
        raise EngineError("; ".join(reasons))
    system = "" if sys.platform == "linux" else " (or let your package manager install it)"
    raise NotInstalled(f"oneDNN is not installed; run: pip install 'minicaffe[onednn]'{system}")


class Planned(Protocol):
    """What has primitives.

    Attributes:
        forks: the library's when they were made.
    """

    forks: int

    def plan_again(self) -> None:
        """Make others, and take over :attr:`Library.forks`."""


Owner = TypeVar("Owner", bound=Planned)


def on_own_threads(
    method: Callable[Concatenate[Owner, Args], Result],
) -> Callable[Concatenate[Owner, Args], Result]:
    """Decorator: oneDNN has its threads while the method runs, and numpy's BLAS only one."""

    @with_blas_threads(lambda: 1)
    @functools.wraps(method)
    def run(owner: Owner, *args: Args.args, **kwargs: Args.kwargs) -> Result:
        library().take_threads()
        if owner.forks != library().forks:
            owner.plan_again()
        return method(owner, *args, **kwargs)

    return run
