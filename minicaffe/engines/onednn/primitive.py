"""oneDNN's objects as small Python ones: descriptors, memories, attributes, primitives."""

from __future__ import annotations

import ctypes
import functools
import math
import threading
from collections.abc import Sequence

import numpy as np

from minicaffe.engines.onednn import dnnl
from minicaffe.engines.onednn.dnnl import check, library
from minicaffe.syncedmem import aligned_zeros

_QUERIES = {
    "src": 129, "diff_src": 130, "weights": 131, "diff_weights": 132,
    "dst": 133, "diff_dst": 134, "workspace": 135, "scratchpad": 136,
}  # fmt: skip


def row_major(shape: Sequence[int]) -> list[int]:
    """The strides, in elements, of a C-contiguous array."""
    return [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]


def _dims(values: Sequence[int]) -> ctypes.Array[ctypes.c_int64]:
    return (ctypes.c_int64 * len(values))(*values)


class MemoryDesc:
    """A memory descriptor: shape, data type and layout.

    Args:
        shape: logical lengths of the axes, in Caffe's order.
        dtype: :data:`F32` or :data:`BF16`.
        any_layout: leave the layout to the primitive; otherwise row-major.
        strides: elements from one index to the next on each axis, for another order of axes.
        block: channels in a block, as in nChw8c and nChw16c; 1: row-major; 0: channels last.
        made_by: another function of the library that makes it, with what that takes.
    """

    __slots__ = ("__weakref__", "_block", "dtype", "handle", "shape", "size")

    def __init__(
        self,
        shape: Sequence[int],
        dtype: int = dnnl.F32,
        *,
        any_layout: bool = False,
        strides: Sequence[int] | None = None,
        block: int | None = None,
        made_by: tuple[object, ...] = (),
    ) -> None:
        self.shape = tuple(shape) or (1,)
        self.dtype = dtype
        self._block: tuple[int | None] | None = None  # it is found when asked for
        common = (len(self.shape), _dims(self.shape), dtype)
        if made_by:
            name, *args = made_by
        elif any_layout or block is not None:
            tag = dnnl.ANY if block is None else dnnl.FORMATS[len(self.shape)][block]
            name, args = "memory_desc_create_with_tag", [*common, tag]
        else:
            strides = row_major(self.shape) if strides is None else strides
            name, args = "memory_desc_create_with_strides", [*common, _dims(strides)]
        lib = library()
        self.handle = lib.create_for(self, "memory_desc_destroy", str(name), *args).value
        self.size: int = lib.function("memory_desc_get_size")(self.handle)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MemoryDesc):
            return NotImplemented
        equal = library().function("memory_desc_equal")
        return bool(equal(ctypes.c_void_p(self.handle), ctypes.c_void_p(other.handle)))

    __hash__ = None  # type: ignore[assignment]

    def part(self, shape: Sequence[int], offsets: Sequence[int]) -> MemoryDesc:
        """A box within this memory."""
        made_by = ("memory_desc_create_submemory", ctypes.c_void_p(self.handle), _dims(shape))
        return MemoryDesc(shape, self.dtype, made_by=(*made_by, _dims(offsets)))

    def stored_as(self, dtype: int) -> MemoryDesc:
        """This layout with another data type; row-major where :attr:`block` is None."""
        if self.dtype == dtype:
            return self
        return MemoryDesc(self.shape, dtype, block=self.block)

    @property
    def block(self) -> int | None:
        """Channels in a block, 1 for row-major, 0 for channels last; None for another layout."""
        if self._block is None:
            blocks = dnnl.FORMATS.get(len(self.shape), {})
            named = (n for n in blocks if self == MemoryDesc(self.shape, self.dtype, block=n))
            self._block = (next(named, None),)
        return self._block[0]

    @property
    def is_plain_float32(self) -> bool:
        """Row-major float32 without gaps: what ``blob.data`` is."""
        return self.dtype == dnnl.F32 and self == MemoryDesc(self.shape)


class Memory:
    """A buffer with its descriptor.

    Args:
        desc: what it holds.
        buffer: bytes to use (kept alive); fresh zeros when left out.

    Attributes:
        address: where they are now.
    """

    __slots__ = ("__weakref__", "address", "buffer", "desc", "handle")

    def __init__(self, desc: MemoryDesc, buffer: np.ndarray | None = None) -> None:
        lib = library()
        self.desc = desc
        if buffer is None:
            buffer = aligned_zeros(max(desc.size, 64), np.dtype(np.uint8))
        self.buffer = buffer
        self.address = int(buffer.ctypes.data)
        self.handle = lib.create_for(
            self,
            "memory_destroy",
            "memory_create",
            ctypes.c_void_p(desc.handle),
            lib.engine,
            ctypes.c_void_p(self.address),
        ).value

    @property
    def is_array(self) -> bool:
        """Whether its bytes are an array of numbers, such as a blob's, not made for it."""
        return bool(self.buffer.dtype != np.uint8)

    @property
    def elements(self) -> np.ndarray:
        """The values as they lie, with what fills up blocks, flat: float32, or bfloat16's bits."""
        values = self.buffer.view(np.uint16 if self.desc.dtype == dnnl.BF16 else np.float32)
        return values[: self.desc.size // values.itemsize]

    @property
    def floats(self) -> np.ndarray:
        """The values of a row-major float32 memory, as a flat array."""
        return self.buffer.view(np.float32)[: math.prod(self.desc.shape)]

    def set_data_handle(self, buffer: np.ndarray) -> None:
        """Use other bytes from now on."""
        before, self.buffer = self.buffer, buffer  # both live while the library changes over
        self.address = int(buffer.ctypes.data)
        handle, address = ctypes.c_void_p(self.handle), ctypes.c_void_p(self.address)
        library().call("memory_set_data_handle", handle, address)
        del before

    def seen_as(self, desc: MemoryDesc) -> Memory:
        """Its bytes under another descriptor."""
        return Memory(desc, self.buffer)


def plain(array: np.ndarray, shape: Sequence[int] | None = None) -> Memory:
    """A memory over a C-contiguous float32 array."""
    return Memory(MemoryDesc(array.shape if shape is None else shape), array)


class PrimitiveDesc:
    """A primitive descriptor: what a primitive will do, and in which layouts.

    Args:
        kind: such as ``convolution_forward``.
        args: what ``dnnl_KIND_primitive_desc_create`` takes after the engine: MemoryDesc, floats,
            ints, lists of these, another PrimitiveDesc as hint, None.
        attributes: the last argument.

    Raises:
        Unimplemented: the library cannot do this.
        Failed: any other failure.
        ThreadError: in a fork, see :meth:`Library.take_threads`.
    """

    def __init__(self, kind: str, *args: object, attributes: Attributes | None = None) -> None:
        lib = library()
        if lib.forks:  # what is read between runs needs primitives, too
            lib.take_threads()
        self.kind = kind
        converted = [_c_value(value) for value in args]
        attributes = attributes or Attributes()
        name = f"{kind}_primitive_desc_create"
        if kind == "reorder":  # source and destination each come with their engine
            src, dst = converted
            converted = [src, lib.engine, dst, lib.engine]
        else:
            converted.insert(0, lib.engine)
        self._keep = (args, attributes)
        self.handle = lib.create_for(
            self, "primitive_desc_destroy", name, *converted, attributes.handle
        )

    def desc(self, what: str, index: int = 0) -> MemoryDesc:
        """The descriptor that it wants for ``src``, ``weights``, ``dst``, …"""
        lib = library()
        found = lib.function("primitive_desc_query_md")(self.handle, _QUERIES[what], index)
        return _copied(ctypes.c_void_p(found))

    def skip_implementations(self, *words: str) -> PrimitiveDesc:
        """This primitive by an implementation without these words in its name, if there is one."""
        if not any(word in self.implementation for word in words):
            return self
        args, attributes = self._keep
        other = PrimitiveDesc(self.kind, *args, attributes=attributes)
        following = library().function("primitive_desc_next_impl")
        while any(word in other.implementation for word in words):
            if following(other.handle) != 0:
                return self
        return other

    @property
    def by_gemm(self) -> bool:
        """Whether it unrolls its operands into matrices, which takes long for few channels."""
        return "gemm:" in self.implementation and "brgemm" not in self.implementation

    @property
    def implementation(self) -> str:
        """The name of the implementation, such as ``jit:avx512_core``."""
        text = ctypes.c_char_p()
        query_impl_info = 8
        library().call("primitive_desc_query", self.handle, query_impl_info, 0, ctypes.byref(text))
        return (text.value or b"").decode()


def _copied(desc: ctypes.c_void_p) -> MemoryDesc:
    """A descriptor of ours like one that a primitive descriptor owns."""
    lib = library()
    number, dims = ctypes.c_int(), ctypes.POINTER(ctypes.c_int64)()
    dtype = ctypes.c_int()
    query_ndims, query_dims, query_dtype = 256, 257, 258
    made_by = ("memory_desc_clone", desc)
    lib.call("memory_desc_query", desc, query_ndims, ctypes.byref(number))
    if number.value == 0:
        return MemoryDesc((0,), dnnl.F32, made_by=made_by)
    lib.call("memory_desc_query", desc, query_dims, ctypes.byref(dims))
    lib.call("memory_desc_query", desc, query_dtype, ctypes.byref(dtype))
    return MemoryDesc([dims[i] for i in range(number.value)], dtype.value, made_by=made_by)


def _c_value(value: object) -> object:
    if isinstance(value, MemoryDesc):
        return ctypes.c_void_p(value.handle)
    if isinstance(value, PrimitiveDesc):
        return value.handle
    if isinstance(value, float):
        return ctypes.c_float(value)
    if not isinstance(value, list | tuple):
        return value
    if isinstance(value[0], MemoryDesc):
        return (ctypes.c_void_p * len(value))(*(desc.handle for desc in value))
    if isinstance(value[0], float):
        return (ctypes.c_float * len(value))(*value)
    return _dims(value)


class _Arg(ctypes.Structure):
    _fields_ = (("arg", ctypes.c_int), ("memory", ctypes.c_void_p))


class _Scratchpad(threading.local):
    """Bytes that primitives use while they run, one after the other: those of this thread.

    The library's own belong to the thread that has made a primitive, and are too few, or freed, in
    another one.
    """

    def __init__(self) -> None:
        self._bytes = np.empty(0, np.uint8)

    def of(self, size: int) -> np.ndarray:
        """So many bytes, or more."""
        if self._bytes.size < size:
            self._bytes = aligned_zeros(size, np.dtype(np.uint8))
        return self._bytes


@functools.cache
def _scratchpad() -> _Scratchpad:
    return _Scratchpad()


class Primitive:
    """A primitive descriptor bound to its memories; calling it runs it."""

    __slots__ = ("__weakref__", "_bound", "_call", "_execute", "_keep", "_scratch", "name")

    def __init__(self, pd: PrimitiveDesc, memories: dict[int, Memory]) -> None:
        lib = library()
        handle = lib.create_for(self, "primitive_destroy", "primitive_create", pd.handle)
        desc = pd.desc("scratchpad")
        self._bound: np.ndarray | None = None
        self._scratch = Memory(desc, _scratchpad().of(desc.size)) if desc.size else None
        bound = memories if self._scratch is None else {**memories, dnnl.SCRATCHPAD: self._scratch}
        args = (_Arg * len(bound))(*(_Arg(arg, m.handle) for arg, m in bound.items()))
        self.name = f"{pd.kind}/{pd.implementation}"
        self._keep = (pd, memories, args)
        self._execute = lib.function("primitive_execute")
        self._call = (
            handle,
            lib.stream,
            len(bound),
            ctypes.cast(args, ctypes.c_void_p),
        )

    @property
    def operands(self) -> dict[int, Memory]:
        """What it reads and writes, by argument."""
        return self._keep[1]

    @property
    def is_reference(self) -> bool:
        """Whether it runs the library's plain reference code, which is slow."""
        return self.name.partition("/")[2].startswith("ref")

    def largest(self, dtype: int) -> int:
        """The size of its largest operand of a data type, in bytes."""
        operands = [memory.desc for memory in self.operands.values()]
        return max((desc.size for desc in operands if desc.dtype == dtype), default=0)

    def __call__(self) -> None:
        if self._scratch is not None:
            self._use(self._scratch)
        status = self._execute(*self._call)
        if status:
            check(status, self.name)

    def _use(self, scratch: Memory) -> None:
        """Let the scratchpad be in this thread's bytes; an interrupted change is made again."""
        buffer = _scratchpad().of(scratch.desc.size)
        if self._bound is not buffer:
            self._bound = None
            scratch.set_data_handle(buffer)
            self._bound = buffer


def reorder(source: Memory, destination: Memory) -> Primitive:
    """Copies from one layout (or data type) to another."""
    return Primitive(
        PrimitiveDesc("reorder", source.desc, destination.desc),
        {dnnl.SRC: source, dnnl.DST: destination},
    )


#: About the largest number of float32.
LARGEST = 3.4e38


class Attributes:
    """Operations that are applied one after the other."""

    def __init__(self) -> None:
        lib = library()
        self.handle = lib.create_for(self, "primitive_attr_destroy", "primitive_attr_create")
        by_the_user = 1
        lib.call("primitive_attr_set_scratchpad_mode", self.handle, by_the_user)
        self._post = lib.create_for(self, "post_ops_destroy", "post_ops_create").value

    def append_eltwise(self, algorithm: int, alpha: float = 0.0, beta: float = 0.0) -> Attributes:
        """Apply an elementwise function to the result."""
        post = ctypes.c_void_p(self._post)
        library().call(
            "post_ops_append_eltwise",
            post,
            algorithm,
            ctypes.c_float(alpha),
            ctypes.c_float(beta),
        )
        return self._set()

    def append_binary(self, algorithm: int, desc: MemoryDesc) -> Attributes:
        """Combine the result with another memory, argument ``post_op_argument(n, SRC_1)``."""
        post, handle = ctypes.c_void_p(self._post), ctypes.c_void_p(desc.handle)
        library().call("post_ops_append_binary", post, algorithm, handle)
        return self._set()

    def append_prelu(self, *, by_channel: bool) -> Attributes:
        """Apply a ReLU with learned slopes, argument ``post_op_argument(n, WEIGHTS)``."""
        axes = 1 << 1 if by_channel else 0
        library().call("post_ops_append_prelu", ctypes.c_void_p(self._post), axes)
        return self._set()

    def _set(self) -> Attributes:
        library().call("primitive_attr_set_post_ops", self.handle, ctypes.c_void_p(self._post))
        return self


def keeping_not_numbers(
    algorithm: int, alpha: float = 0.0, beta: float = 0.0
) -> tuple[int, float, float]:
    """The elementwise function to run for this one, so that what is no number stays so.

    oneDNN's ReLU without a slope makes 0 of it, and hides that a net has diverged. The same is
    x · max(0, min(1, c · x)) with the largest c there is: x · 1 above 0, x · 0 below, which for
    minus infinity is no number, as in Caffe.
    """
    if algorithm in (dnnl.RELU, dnnl.RELU_FROM_DST) and alpha == 0:
        return dnnl.HARDSWISH, LARGEST, 0.0
    return algorithm, alpha, beta


def post_op_argument(index: int, argument: int) -> int:
    """The argument of the operation number ``index`` after a primitive."""
    return dnnl.ATTR_POST_OP * (index + 1) | argument
