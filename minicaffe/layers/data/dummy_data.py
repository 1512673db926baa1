"""DummyData: tops from fillers, to try a net without data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from minicaffe.errors import GraphError, MinicaffeError, raised_by
from minicaffe.filler import fill
from minicaffe.layer import Blobs, register
from minicaffe.layers.data.input import SourceLayer, for_each_top, shape_mistakes
from minicaffe.proto import caffe_pb2


@register("DummyData")
class DummyData(SourceLayer):
    """Tops filled by fillers, to try a net without data.

    Constant fillers fill once, so that a user may write other values; all others fill again
    for every forward.

    Shapes: no bottom; tops of ``shape``, or of (num, channels, height, width).

    Settings: ``dummy_data_param``: one shape (or the old num, channels, height and width) and one
    data_filler (constant 0), each for all tops or for each.

    Gradients: none, as there are no bottoms.

    Raises:
        GraphError: a setting is given neither for all tops nor for each; shape and the old fields
            are mixed; an unknown filler.

    Source: dummy_data_layer.cpp (BVLC/caffe).
    """

    @classmethod
    def assumed_shapes(cls, param: caffe_pb2.LayerParameter) -> list[tuple[int, ...] | None]:
        try:
            shapes = cls._shapes(param.dummy_data_param, len(param.top))
        except GraphError:  # which is told of its settings
            return [None] * len(param.top)
        return [tuple(shape) for shape in shapes]

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param, tops = self.param.dummy_data_param, len(self.param.top)
        if param.data_filler:
            yield from raised_by(for_each_top, param.data_filler, tops, "data_filler")
        wrong = [*raised_by(self._shapes, param, tops)]
        yield from wrong or shape_mistakes(self._shapes(param, tops))

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.dummy_data_param
        fillers = param.data_filler or [caffe_pb2.FillerParameter()]
        self._fillers = for_each_top(fillers, len(top), "data_filler")
        for blob, shape in zip(top, self._shapes(param, len(top)), strict=True):
            blob.reshape(*shape)
        for blob, filler in zip(top, self._fillers, strict=True):
            fill(filler, blob.data, self.rng)  # the others too: refuse what cannot fill at once

    @staticmethod
    def _shapes(param: caffe_pb2.DummyDataParameter, tops: int) -> list[Sequence[int]]:
        legacy = {name: getattr(param, name) for name in ("num", "channels", "height", "width")}
        if not any(legacy.values()):
            return [shape.dim for shape in for_each_top(param.shape, tops, "shape")]
        if param.shape:
            raise GraphError("num, channels, height, width and shape are given; keep shape")
        columns = [for_each_top(values, tops, name) for name, values in legacy.items()]
        return list(zip(*columns, strict=True))

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        for blob, filler in zip(top, self._fillers, strict=True):
            if filler.type != "constant":
                fill(filler, blob.data, self.rng)
