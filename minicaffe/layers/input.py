"""Layers without bottoms that need no files: Input, DummyData, Parameter."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from minicaffe.errors import GraphError
from minicaffe.filler import fill
from minicaffe.layer import Blobs, Layer
from minicaffe.proto import caffe_pb2
from minicaffe.registry import register

logger = logging.getLogger("minicaffe")


class SourceLayer(Layer):
    """A layer without bottoms: nothing to differentiate."""

    exact_bottoms = 0
    min_tops = 1
    backward_reads = ()

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        pass  # the shapes are the user's

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        pass


def for_each_top(values: Sequence[Any], tops: int, field: str) -> list[Any]:
    """One value for each top, from as many or from one for all.

    Raises:
        GraphError: neither.
    """
    if len(values) not in (1, tops):
        raise GraphError(
            f"{len(values)} '{field}' for {tops} tops; give one for all, or one for each"
        )
    return list(values) * (tops if len(values) == 1 else 1)


@register("Input")
class Input(SourceLayer):
    """Blobs that the user fills: ``input_param { shape }``, one for all tops or one each.

    Without a shape the tops are empty until the user reshapes them.
    """

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        shapes = self.param.input_param.shape
        if shapes:
            for blob, shape in zip(top, for_each_top(shapes, len(top), "shape"), strict=True):
                blob.reshape(*shape.dim)
        else:
            logger.warning(
                "layer '%s' (Input): no shape is given, so its tops hold one number until a "
                "program reshapes them; give input_param { shape { dim: … } }",
                self.param.name,
            )

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        pass


@register("DummyData")
class DummyData(SourceLayer):
    """Tops filled by fillers, to try a net without data.

    ``dummy_data_param`` has one ``shape`` (or the old ``num``, ``channels``, ``height`` and
    ``width``) and one ``data_filler`` for all tops or for each; constant 0 without a filler.
    Constant fillers fill once, so that a user may write other values; all others fill anew
    for every forward.
    """

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.dummy_data_param
        fillers = param.data_filler or [caffe_pb2.FillerParameter()]
        self._fillers = for_each_top(fillers, len(top), "data_filler")
        for blob, shape in zip(top, self._shapes(param, len(top)), strict=True):
            blob.reshape(*shape)
        for blob, filler in zip(top, self._fillers, strict=True):
            fill(filler, blob.data, self.rng)  # the others too: refuse what cannot fill at once

    @staticmethod
    def _shapes(param: Any, tops: int) -> list[Sequence[int]]:
        legacy = {name: getattr(param, name) for name in ("num", "channels", "height", "width")}
        if not any(legacy.values()):
            return [shape.dim for shape in for_each_top(param.shape, tops, "shape")]
        if param.shape:
            raise GraphError("both shape and num, channels, height, width are given; keep shape")
        columns = [for_each_top(values, tops, name) for name, values in legacy.items()]
        return list(zip(*columns, strict=True))

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        for blob, filler in zip(top, self._fillers, strict=True):
            if filler.type != "constant":
                fill(filler, blob.data, self.rng)


@register("Parameter")
class Parameter(SourceLayer):
    """A learned blob of ``parameter_param { shape }`` as a top; it begins as zeros.

    The top shares the parameter's data. Its gradient is added to the parameter's.
    """

    exact_tops = 1

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        shape = self.param.parameter_param.shape.dim
        self.add_param(shape)
        top[0].reshape(*shape)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        top[0].share_data(self.blobs[0])

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        if self.wants_gradient(0):
            self.blobs[0].diff[...] += top[0].diff
