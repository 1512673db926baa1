"""Whether the library is what the binding takes it for; asked once, before it is first used.

Numbers of the C API may differ in a library of another release or build, and a broken library may
load. Three questions, a few milliseconds together: does it have the functions that are called here,
does it give the numbers the names that they have here, and does it compute what it should?
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator

import numpy as np

from minicaffe.engines.onednn import dnnl
from minicaffe.engines.onednn import primitive as p
from minicaffe.engines.onednn.dnnl import Library
from minicaffe.errors import EngineError

_FUNCTIONS = (
    "engine_create", "get_effective_cpu_isa", "stream_create",
    "memory_create", "memory_destroy", "memory_set_data_handle",
    "memory_desc_clone", "memory_desc_create_submemory", "memory_desc_create_with_strides",
    "memory_desc_create_with_tag", "memory_desc_destroy", "memory_desc_equal",
    "memory_desc_get_size", "memory_desc_query", "post_ops_append_binary",
    "post_ops_append_eltwise", "post_ops_append_prelu", "post_ops_create", "post_ops_destroy",
    "primitive_attr_create", "primitive_attr_destroy", "primitive_attr_set_post_ops",
    "primitive_create", "primitive_desc_destroy",
    "primitive_desc_next_impl", "primitive_desc_query", "primitive_desc_query_md",
    "primitive_destroy", "primitive_execute",
)  # fmt: skip

_PRIMITIVES = (
    "batch_normalization_forward", "batch_normalization_backward", "binary", "concat",
    "convolution_forward", "convolution_backward_data", "convolution_backward_weights",
    "deconvolution_forward", "deconvolution_backward_data", "deconvolution_backward_weights",
    "eltwise_forward", "eltwise_backward", "inner_product_forward",
    "inner_product_backward_data", "inner_product_backward_weights", "lrn_forward",
    "lrn_backward", "matmul", "pooling_forward", "pooling_backward", "prelu_forward",
    "prelu_backward", "reorder", "resampling_forward", "resampling_backward",
    "shuffle_forward", "shuffle_backward", "softmax_forward", "softmax_backward", "sum",
)  # fmt: skip

_ALGORITHMS = {
    "convolution_direct": dnnl.CONVOLUTION_DIRECT,
    "deconvolution_direct": dnnl.DECONVOLUTION_DIRECT,
    "eltwise_relu": dnnl.RELU, "eltwise_tanh": dnnl.TANH, "eltwise_elu": dnnl.ELU,
    "eltwise_square": dnnl.SQUARE, "eltwise_abs": dnnl.ABS, "eltwise_linear": dnnl.LINEAR,
    "eltwise_logistic": dnnl.LOGISTIC, "eltwise_swish": dnnl.SWISH,
    "eltwise_hardswish": dnnl.HARDSWISH,
    "eltwise_clip": dnnl.CLIP, "eltwise_pow": dnnl.POW,
    "eltwise_relu_use_dst_for_bwd": dnnl.RELU_FROM_DST,
    "eltwise_tanh_use_dst_for_bwd": dnnl.TANH_FROM_DST,
    "eltwise_elu_use_dst_for_bwd": dnnl.ELU_FROM_DST,
    "eltwise_logistic_use_dst_for_bwd": dnnl.LOGISTIC_FROM_DST,
    "pooling_max": dnnl.POOLING_MAX, "pooling_avg_include_padding": dnnl.POOLING_AVG_INCLUDE,
    "pooling_avg_exclude_padding": dnnl.POOLING_AVG_EXCLUDE,
    "lrn_across_channels": dnnl.LRN_ACROSS,
    "binary_add": dnnl.BINARY_ADD, "binary_mul": dnnl.BINARY_MUL, "binary_max": dnnl.BINARY_MAX,
    "binary_div": dnnl.BINARY_DIV, "binary_sub": dnnl.BINARY_SUB, "binary_ge": dnnl.BINARY_GE,
    "binary_gt": dnnl.BINARY_GT, "softmax_accurate": dnnl.SOFTMAX,
    "resampling_nearest": dnnl.RESAMPLING_NEAREST,
}  # fmt: skip

_PROPAGATIONS = {
    "forward_training": dnnl.FORWARD_TRAINING,
    "forward_inference": dnnl.FORWARD_INFERENCE,
    "backward": dnnl.BACKWARD,
    "backward_data": dnnl.BACKWARD_DATA,
}


def names() -> Iterator[tuple[str, int, str]]:
    """What the numbers used here should be called: the function that tells, number, name."""
    yield "status2str", 0, "success"
    yield "status2str", 3, "unimplemented"
    yield "engine_kind2str", 1, "cpu"
    yield "dt2str", dnnl.F32, "f32"
    yield "dt2str", dnnl.BF16, "bf16"
    for function, table in (("prop_kind2str", _PROPAGATIONS), ("alg_kind2str", _ALGORITHMS)):
        for name, number in table.items():
            yield function, number, name
    for axes, formats in dnnl.FORMATS.items():
        rest = "cdefg"[: axes - 2]
        for block, tag in formats.items():
            name = {0: f"a{rest}b", 1: f"ab{rest}"}.get(block, f"aB{rest}{block}b")
            yield "fmt_tag2str", tag, name


def verify(library: Library) -> None:
    """Ask the three questions.

    Raises:
        EngineError: says what is wrong with the library.
    """
    for name in (*_FUNCTIONS, *(f"{kind}_primitive_desc_create" for kind in _PRIMITIVES)):
        library.function(name)
    version = ".".join(map(str, library.version))
    for function, number, name in names():
        tell = library.function(function)
        tell.restype = ctypes.c_char_p
        found = (tell(number) or b"").decode()
        if found != name:
            raise EngineError(
                f"oneDNN {version} at {library.path} calls number {number} '{found}', not "
                f"'{name}'; use another release of oneDNN 3, such as that of onednn-cpu-gomp "
                "2023.2.0"
            )
    wrong = f"oneDNN {version} at {library.path} computes %s wrongly here"
    if not product_is_right():
        raise EngineError(wrong % "a matrix product")
    if not normalisation_is_right():
        raise EngineError(wrong % "a normalisation")


def product_is_right() -> bool:
    """Whether a matrix product finds its operands, and descriptors tell their shapes."""
    a, b, c = (np.linspace(-1, 2, n, dtype=np.float32) for n in (2 * 5, 5 * 3, 3))
    shapes = (2, 5), (5, 3), (1, 3), (2, 3)
    pd = p.PrimitiveDesc("matmul", *(p.MemoryDesc(shape) for shape in shapes))
    told = [pd.desc(name).shape for name in ("src", "weights", "dst")]
    result = p.Memory(p.MemoryDesc(shapes[3]))
    operands = zip((dnnl.SRC, dnnl.WEIGHTS, dnnl.BIAS), (a, b, c), shapes[:3], strict=True)
    memories = {argument: p.plain(array, shape) for argument, array, shape in operands}
    p.Primitive(pd, {**memories, dnnl.DST: result})()
    want = (a.reshape(2, 5) @ b.reshape(5, 3) + c).reshape(-1)
    right = np.allclose(result.floats, want, rtol=1e-5, atol=1e-5)
    return right and told == [shapes[0], shapes[1], shapes[3]]


def normalisation_is_right() -> bool:
    """Whether BatchNorm, Scale and ReLU are one primitive, in a blocked layout."""
    shape = (2, 16, 3, 2)
    x = np.cos(np.arange(np.prod(shape), dtype=np.float32)).reshape(shape)
    scale, shift = (np.linspace(start, 1, 16, dtype=np.float32) for start in (0.5, -1))
    blocked = p.MemoryDesc(shape, block=16)
    source, result = p.Memory(blocked), p.Memory(blocked)
    flags = ctypes.c_uint(dnnl.USE_SCALE | dnnl.USE_SHIFT | dnnl.FUSE_NORM_RELU)
    pd = p.PrimitiveDesc(
        "batch_normalization_forward", dnnl.FORWARD_TRAINING, blocked, blocked, 1e-3, flags
    )
    mean, variance = p.Memory(p.MemoryDesc((16,))), p.Memory(p.MemoryDesc((16,)))
    run = p.Primitive(
        pd,
        {
            dnnl.SRC: source, dnnl.DST: result, dnnl.MEAN: mean, dnnl.VARIANCE: variance,
            dnnl.SCALE: p.plain(scale), dnnl.SHIFT: p.plain(shift),
            dnnl.WORKSPACE: p.Memory(pd.desc("workspace")),
        },
    )  # fmt: skip
    out = p.Memory(p.MemoryDesc(shape))
    p.reorder(p.plain(x.reshape(-1), shape), source)()
    run()
    p.reorder(result, out)()
    about, over = x.mean((0, 2, 3), keepdims=True), x.var((0, 2, 3), keepdims=True)
    y = (x - about) / np.sqrt(over + 1e-3) * scale.reshape(-1, 1, 1) + shift.reshape(-1, 1, 1)
    return np.allclose(out.floats, np.maximum(y, 0).reshape(-1), rtol=1e-4, atol=1e-4)
