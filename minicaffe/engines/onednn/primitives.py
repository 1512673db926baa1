"""oneDNN's objects as small Python ones: descriptors, memories, attributes, primitives.

Numbers below are constants of the C API's headers, stable through version 3.
"""

from __future__ import annotations

import ctypes
import math
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minicaffe.engines.onednn.library import check, library
from minicaffe.syncedmem import aligned_zeros

if TYPE_CHECKING:
    from minicaffe.engines.onednn.attributes import Attributes

BF16, F32 = 2, 3  # data types
_ANY = 1  # format tag: the primitive chooses

FORWARD_TRAINING, FORWARD_INFERENCE, BACKWARD, BACKWARD_DATA = 64, 96, 128, 160

CONVOLUTION_AUTO, CONVOLUTION_DIRECT, DECONVOLUTION_DIRECT = 3, 1, 0xA
RELU, TANH, ELU, SQUARE, ABS, LINEAR = 0x20, 0x21, 0x22, 0x23, 0x24, 0x26
LOGISTIC, SWISH, CLIP, POW, HARDSWISH = 0x29, 0x2C, 0x2E, 0x30, 0x34
RELU_FROM_DST, TANH_FROM_DST, ELU_FROM_DST, LOGISTIC_FROM_DST = 0x100, 0x101, 0x102, 0x104
POOLING_MAX, POOLING_AVG_INCLUDE, POOLING_AVG_EXCLUDE = 0x1FF, 0x2FF, 0x3FF
LRN_ACROSS, LRN_WITHIN = 0xAFF, 0xBFF
BINARY_ADD, BINARY_MUL, BINARY_MAX, BINARY_DIV = 0x1FFF0, 0x1FFF1, 0x1FFF2, 0x1FFF4
BINARY_SUB, BINARY_GE, BINARY_GT = 0x1FFF5, 0x1FFF6, 0x1FFF7
SOFTMAX = 0x30000

USE_GLOBAL_STATS, USE_SCALE, USE_SHIFT, FUSE_NORM_RELU = 1, 2, 4, 8

# Arguments of primitives.
SRC, SRC_1, DST, WEIGHTS, BIAS, MEAN, VARIANCE, SCALE, SHIFT = (
    1,
    2,
    17,
    33,
    41,
    49,
    50,
    51,
    52,
)
WORKSPACE, SCRATCHPAD = 64, 80
DIFF_SRC, DIFF_DST, DIFF_WEIGHTS, DIFF_BIAS, DIFF_SCALE, DIFF_SHIFT = (
    129,
    145,
    161,
    169,
    255,
    256,
)
MULTIPLE_SRC, ATTR_POST_OP = 1024, 32768
MOST_SOURCES = 1024  # then come the numbers of other arguments

#: Layouts that activations come in, by number of axes: (channels in a block, format tag);
#: block 1 is row-major, block 0 has the channels last.
FORMATS = {
    2: ((1, 3),),
    3: ((1, 4), (16, 56), (8, 69), (0, 15)),
    4: ((1, 5), (16, 78), (8, 102), (0, 22)),
    5: ((1, 6), (16, 121), (8, 142), (0, 33)),
}

_QUERIES = {
    "src": 129, "diff_src": 130, "weights": 131, "diff_weights": 132,
    "dst": 133, "diff_dst": 134, "workspace": 135, "scratchpad": 136,
}  # fmt: skip


def row_major(shape: Sequence[int]) -> list[int]:
    """The strides, in elements, of a C-contiguous array."""
    return [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]


def _dims(values: Sequence[int]) -> Any:
    return (ctypes.c_int64 * len(values))(*values)


class Desc:
    """A memory descriptor: shape, data type and layout.

    Args:
        shape: logical lengths of the axes, in Caffe's order.
        dtype: :data:`F32` or :data:`BF16`.
        any_layout: leave the layout to the primitive; otherwise row-major.
        strides: elements from one index to the next on each axis, for another order of axes.
        tag: one of the format tags in :data:`FORMATS`.
    """

    __slots__ = ("__weakref__", "dtype", "handle", "shape", "size")

    def __init__(
        self,
        shape: Sequence[int],
        dtype: int = F32,
        *,
        any_layout: bool = False,
        strides: Sequence[int] | None = None,
        tag: int | None = None,
        handle: int | None = None,
    ) -> None:
        lib = library()
        self.shape = tuple(shape) or (1,)
        self.dtype = dtype
        if handle is None:
            common = (len(self.shape), _dims(self.shape), dtype)
            if any_layout or tag is not None:
                tag = _ANY if any_layout else tag
                handle = lib.create("memory_desc_create_with_tag", *common, tag)
            else:
                strides = row_major(self.shape) if strides is None else strides
                handle = lib.create("memory_desc_create_with_strides", *common, _dims(strides))
        self.handle = handle
        self.size: int = lib.function("memory_desc_get_size")(handle)
        weakref.finalize(self, lib.function("memory_desc_destroy"), ctypes.c_void_p(handle))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Desc):
            return NotImplemented
        equal = library().function("memory_desc_equal")
        return bool(equal(ctypes.c_void_p(self.handle), ctypes.c_void_p(other.handle)))

    __hash__ = None  # type: ignore[assignment]

    def reshaped(self, shape: Sequence[int]) -> Desc:
        """The same memory seen with another shape (fails where the layout does not allow it)."""
        handle = library().create(
            "memory_desc_reshape",
            ctypes.c_void_p(self.handle),
            len(shape),
            _dims(shape),
        )
        return Desc(shape, self.dtype, handle=handle)

    def part(self, shape: Sequence[int], offsets: Sequence[int]) -> Desc:
        """A box within this memory."""
        handle = library().create(
            "memory_desc_create_submemory",
            ctypes.c_void_p(self.handle),
            _dims(shape),
            _dims(offsets),
        )
        return Desc(shape, self.dtype, handle=handle)

    def stored_as(self, dtype: int) -> Desc:
        """The same layout with another data type; row-major where it is none of
        :data:`FORMATS`."""
        if self.dtype == dtype:
            return self
        layout = self.format()
        return Desc(self.shape, dtype, tag=layout[1] if layout else None)

    def format(self) -> tuple[int, int] | None:
        """Which of :data:`FORMATS` the layout is, or None."""
        for block, tag in FORMATS.get(len(self.shape), ()):
            if self == Desc(self.shape, self.dtype, tag=tag):
                return block, tag
        return None

    @property
    def is_plain_float32(self) -> bool:
        """Row-major float32 without gaps: what ``blob.data`` is."""
        return self.dtype == F32 and self == Desc(self.shape)


class Memory:
    """A buffer with its descriptor.

    Args:
        desc: what it holds.
        buffer: bytes to use (kept alive); fresh zeros when left out.
    """

    __slots__ = ("__weakref__", "buffer", "desc", "handle")

    def __init__(self, desc: Desc, buffer: np.ndarray | None = None) -> None:
        lib = library()
        self.desc = desc
        if buffer is None:
            buffer = aligned_zeros(max(desc.size, 64), np.dtype(np.uint8))
        self.buffer = buffer
        self.handle = lib.create(
            "memory_create",
            ctypes.c_void_p(desc.handle),
            lib.engine,
            ctypes.c_void_p(buffer.ctypes.data),
        )
        weakref.finalize(self, lib.function("memory_destroy"), ctypes.c_void_p(self.handle))

    @property
    def is_array(self) -> bool:
        """Whether its bytes are an array of numbers, such as a blob's, not made for it."""
        return bool(self.buffer.dtype != np.uint8)

    @property
    def floats(self) -> np.ndarray:
        """The values of a row-major float32 memory, as a flat array."""
        return self.buffer.view(np.float32)[: math.prod(self.desc.shape)]

    def moved(self, buffer: np.ndarray) -> None:
        """Use other bytes from now on."""
        address = ctypes.c_void_p(buffer.ctypes.data)
        before, self.buffer = self.buffer, buffer  # both live while the library changes over
        library().call("memory_set_data_handle", ctypes.c_void_p(self.handle), address)
        del before

    def seen_as(self, desc: Desc) -> Memory:
        """The same bytes under another descriptor."""
        return Memory(desc, self.buffer)


def plain(array: np.ndarray, shape: Sequence[int] | None = None) -> Memory:
    """A memory over a C-contiguous float32 array."""
    return Memory(Desc(array.shape if shape is None else shape), array)


class Recipe:
    """A primitive descriptor: what a primitive will do, and in which layouts.

    Args:
        kind: such as ``convolution_forward``.
        args: what ``dnnl_KIND_primitive_desc_create`` takes after the engine: Desc, lists
            of dims, floats, ints, another Recipe as hint, None.
        attributes: the last argument.
    """

    def __init__(self, kind: str, *args: Any, attributes: Attributes | None = None) -> None:
        lib = library()
        self.kind = kind
        converted = [_c_value(one) for one in args]
        attr = attributes.handle if attributes is not None else None
        name = f"{kind}_primitive_desc_create"
        if kind == "reorder":  # source and destination each come with their engine
            src, dst = converted
            handle = lib.create(name, src, lib.engine, dst, lib.engine, attr)
        else:
            handle = lib.create(name, lib.engine, *converted, attr)
        self.handle = ctypes.c_void_p(handle)
        self._keep = (args, attributes)
        weakref.finalize(self, lib.function("primitive_desc_destroy"), self.handle)

    def desc(self, what: str, index: int = 0) -> Desc:
        """The descriptor that it wants for ``src``, ``weights``, ``dst``, …"""
        lib = library()
        found = lib.function("primitive_desc_query_md")(self.handle, _QUERIES[what], index)
        handle = lib.create("memory_desc_clone", ctypes.c_void_p(found))
        return _adopt(handle)

    def passing_over(self, *words: str) -> Recipe:
        """The same by an implementation without these words in its name, if there is one."""
        if not any(word in self.implementation for word in words):
            return self
        args, attributes = self._keep
        other = Recipe(self.kind, *args, attributes=attributes)
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


def _adopt(handle: int) -> Desc:
    """A descriptor of ours around a handle that we own now."""
    lib = library()
    number, dims = ctypes.c_int(), ctypes.POINTER(ctypes.c_int64)()
    dtype = ctypes.c_int()
    query_ndims, query_dims, query_dtype = 256, 257, 258
    desc = ctypes.c_void_p(handle)
    lib.call("memory_desc_query", desc, query_ndims, ctypes.byref(number))
    if number.value == 0:
        return Desc((0,), F32, handle=handle)
    lib.call("memory_desc_query", desc, query_dims, ctypes.byref(dims))
    lib.call("memory_desc_query", desc, query_dtype, ctypes.byref(dtype))
    return Desc([dims[i] for i in range(number.value)], dtype.value, handle=handle)


def _c_value(value: Any) -> Any:
    if isinstance(value, Desc):
        return ctypes.c_void_p(value.handle)
    if isinstance(value, Recipe):
        return value.handle
    if isinstance(value, float):
        return ctypes.c_float(value)
    if isinstance(value, list | tuple):
        return _dims(value)
    return value


class _Arg(ctypes.Structure):
    _fields_ = (("arg", ctypes.c_int), ("memory", ctypes.c_void_p))


class Primitive:
    """A recipe bound to its memories; calling it runs it."""

    __slots__ = ("__weakref__", "_call", "_execute", "_keep", "name")

    def __init__(self, recipe: Recipe, memories: dict[int, Memory]) -> None:
        lib = library()
        handle = ctypes.c_void_p(lib.create("primitive_create", recipe.handle))
        weakref.finalize(self, lib.function("primitive_destroy"), handle)
        args = (_Arg * len(memories))(*(_Arg(arg, m.handle) for arg, m in memories.items()))
        self.name = f"{recipe.kind}/{recipe.implementation}"
        self._keep = (recipe, memories, args)
        self._execute = lib.function("primitive_execute")
        self._call = (
            handle,
            lib.stream,
            len(memories),
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
        status = self._execute(*self._call)
        if status:
            check(status, self.name)


def reorder(source: Memory, destination: Memory) -> Primitive:
    """Copies from one layout (or data type) to another."""
    return Primitive(
        Recipe("reorder", source.desc, destination.desc),
        {SRC: source, DST: destination},
    )


def c_descs(descs: Sequence[Desc]) -> Any:
    """A C array of descriptors."""
    return (ctypes.c_void_p * len(descs))(*(desc.handle for desc in descs))


def c_floats(values: Sequence[float]) -> Any:
    """A C array of floats."""
    return (ctypes.c_float * len(values))(*values)
