"""RandVec: noise for a generator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from minicaffe.data.source import number_in
from minicaffe.errors import GraphError, MinicaffeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import meant


@register("RandVec")
class RandVec(Layer):
    """Uniform numbers from ``lower`` up to ``upper``, the same ones in ``repeat`` forwards.

    ``randvec_param`` is that of another fork, with other defaults; the numbers differ in each
    forward.

    Shapes: no bottom; top (batch_size, dim), or (batch_size, dim, height, width) where height and
    width are given.

    Settings: ``rand_vec_param``: batch_size and dim, required; height (0), width (0), lower (-1),
    upper (1), repeat (1). Or ``randvec_param``: batch_size (1), dim (128), height (1), width (1),
    lower (-1), upper (1), repeat (1).

    Gradients: none, as there are no bottoms.

    Raises:
        GraphError: batch_size, dim or repeat is 0; upper is not above lower; both messages are
            given.

    Source: randvec_layer.cpp (BVLC/caffe), of a fork in its history, for ``randvec_param``; the
    other form is published with GAN ports of Caffe, and no repository has it.
    """

    exact_bottoms = 0
    exact_tops = 1
    fork_fields = meant("randvec_param")

    @classmethod
    def opens_files(cls, param: caffe_pb2.LayerParameter) -> bool:
        return False

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        if self.param.HasField("rand_vec_param") and self.param.HasField("randvec_param"):
            yield GraphError("rand_vec_param and randvec_param are both given; keep one")
        param = _settings(self.param)
        for name in ("batch_size", "dim", "repeat"):
            if not getattr(param, name):
                yield GraphError(f"{name} is missing or 0, expected at least 1")
        if not param.lower < param.upper:
            yield GraphError(f"upper is {param.upper:g}, expected above lower, {param.lower:g}")

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        self._used = 0
        self._values = np.zeros(0, self.dtype)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        param = _settings(self.param)
        pixels = (param.height, param.width) if param.height and param.width else ()
        top[0].reshape(param.batch_size, param.dim, *pixels)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        param, out = _settings(self.param), top[0].data
        if self._used == 0 or self._values.size != out.size:
            self._values = self.rng.uniform(param.lower, param.upper, out.size).astype(self.dtype)
        np.copyto(out, self._values.reshape(out.shape))
        self._used = (self._used + 1) % param.repeat

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        pass  # there are no bottoms

    @property
    def repeatable(self) -> bool:
        """It draws."""
        return False

    def state(self) -> Mapping[str, object]:
        """The numbers, and in how many forwards they have been given."""
        return {"used": self._used, "values": self._values.copy()}

    def restore(self, state: Mapping[str, object]) -> None:
        """Go on from where ``state()`` was taken."""
        self._used = number_in(state, "used")
        self._values = np.array(state["values"], self.dtype)


def _settings(param: caffe_pb2.LayerParameter) -> caffe_pb2.RandVecParameter:
    """``rand_vec_param``, or ``randvec_param`` in its words."""
    if not param.HasField("randvec_param"):
        return param.rand_vec_param
    other, found = param.randvec_param, caffe_pb2.RandVecParameter()
    for name in ("batch_size", "dim", "height", "width", "lower", "upper", "repeat"):
        setattr(found, name, getattr(other, name))
    return found
