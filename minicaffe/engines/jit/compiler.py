"""From LLVM's assembly language to functions that can be called, by llvmlite in this process."""

from __future__ import annotations

import ctypes
import functools
import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from minicaffe.engines.jit.cache import keep_kernel, read_kernel
from minicaffe.engines.jit.ir import Function, module
from minicaffe.engines.jit.target import Target
from minicaffe.threads import ForkLock

if TYPE_CHECKING:
    import llvmlite.binding as llvm

#: A change of what is compiled how, beside the text, the target and LLVM's version.
_RECIPE = "1"


def compile_functions(functions: Sequence[Function], target: Target) -> Mapping[str, int]:
    """Compile functions that may call each other.

    The code comes from the disk where an earlier process has compiled the same text for the
    same instructions with the same LLVM (:mod:`minicaffe.engines.jit.cache`).

    Returns:
        the address of each function that is not internal, by its name.
    """
    compiler = _compiler(target)
    text = module(functions)
    key = compiler.key(text)
    public = [f.name for f in functions if not f.internal]
    # one process links all its kernels together, so each name must be there once
    for name in [f.name for f in functions]:
        text = text.replace(f"@{name}(", f"@k{key}_{name}(")
    code = read_kernel(key)
    if code is None:
        code = compiler.compile(text)
        keep_kernel(key, code)
    return compiler.load(key, code, public)


def callable_at(address: int, arguments: Sequence[type]) -> Callable[..., None]:
    """A function without result, called without Python's lock."""
    function: Callable[..., None] = ctypes.CFUNCTYPE(None, *arguments)(address)
    return function


@functools.cache
def _compiler(target: Target) -> _Compiler:
    return _Compiler(target)


def machine_code(text: str, machine: llvm.TargetMachine) -> bytes:
    """The object file of a module's text for a processor, which need not be this one."""
    import llvmlite.binding as llvm

    parsed = llvm.parse_assembly(text)
    parsed.triple = machine.triple
    parsed.data_layout = str(machine.target_data)
    # loops are written with vectors and unrolled as they should be
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    options.loop_vectorization = options.slp_vectorization = False
    options.loop_unrolling = False
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(parsed, builder)
    return bytes(machine.emit_object(parsed))


class _Compiler:
    """LLVM for one target; LLVM's own objects are used by one thread at a time."""

    def __init__(self, target: Target) -> None:
        import llvmlite.binding as llvm

        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        self._lock = ForkLock()
        self._version = ".".join(map(str, llvm.llvm_version_info))
        self._target = target
        self._machine = llvm.Target.from_default_triple().create_target_machine(
            cpu=target.cpu, features=target.features, opt=3, jit=True
        )
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), self._machine)
        self._loaded: dict[str, Mapping[str, int]] = {}

    def key(self, text: str) -> str:
        """What identifies the code of a module."""
        facts = (_RECIPE, self._version, self._machine.triple, self._target.cpu)
        words = "\n".join([*facts, self._target.features, text])
        return hashlib.sha256(words.encode()).hexdigest()[:32]

    def compile(self, text: str) -> bytes:
        """The object file of a module's text."""
        with self._lock:
            return machine_code(text, self._machine)

    def load(self, key: str, code: bytes, names: Sequence[str]) -> Mapping[str, int]:
        """The addresses of the functions of an object file; one that is there is used again."""
        import llvmlite.binding as llvm

        with self._lock:
            if key not in self._loaded:
                self._engine.add_object_file(llvm.ObjectFileRef.from_data(code))
                self._engine.finalize_object()
                self._loaded[key] = {
                    name: self._engine.get_function_address(f"k{key}_{name}") for name in names
                }
            return self._loaded[key]
