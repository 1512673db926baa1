"""Primitive attributes: what a primitive does with its result before it stores it."""

from __future__ import annotations

import ctypes
import weakref

from minicaffe.engines.onednn.library import library
from minicaffe.engines.onednn.primitives import ATTR_POST_OP, HARDSWISH, RELU, RELU_FROM_DST, Desc

#: About the largest number of float32.
LARGEST = 3.4e38


class Attributes:
    """Operations that are applied one behind the other."""

    def __init__(self) -> None:
        lib = library()
        self.handle = ctypes.c_void_p(lib.create("primitive_attr_create"))
        weakref.finalize(self, lib.function("primitive_attr_destroy"), self.handle)
        self._post = lib.create("post_ops_create")
        weakref.finalize(self, lib.function("post_ops_destroy"), ctypes.c_void_p(self._post))

    def then_eltwise(self, algorithm: int, alpha: float = 0.0, beta: float = 0.0) -> Attributes:
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

    def then_binary(self, algorithm: int, desc: Desc) -> Attributes:
        """Combine the result with another memory, argument ``post_op_argument(n, SRC_1)``."""
        post, handle = ctypes.c_void_p(self._post), ctypes.c_void_p(desc.handle)
        library().call("post_ops_append_binary", post, algorithm, handle)
        return self._set()

    def then_prelu(self, *, by_channel: bool) -> Attributes:
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
    if algorithm in (RELU, RELU_FROM_DST) and alpha == 0:
        return HARDSWISH, LARGEST, 0.0
    return algorithm, alpha, beta


def post_op_argument(index: int, argument: int) -> int:
    """The argument of the operation number ``index`` behind a primitive."""
    return ATTR_POST_OP * (index + 1) | argument
