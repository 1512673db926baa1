"""Input: blobs that a program fills; and what layers without bottoms have in common."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from minicaffe.blob import Blob
from minicaffe.errors import GraphError, MinicaffeError, raised_by
from minicaffe.layer import Blobs, Layer, register
from minicaffe.proto import caffe_pb2

logger = logging.getLogger("minicaffe")

Value = TypeVar("Value")


class SourceLayer(Layer):
    """A layer without bottoms: nothing to differentiate."""

    exact_bottoms = 0
    min_tops = 1
    backward_reads = ()

    @classmethod
    def opens_files(cls, param: caffe_pb2.LayerParameter) -> bool:
        return False

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        pass  # the shapes are the user's

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        pass


def shape_mistakes(shapes: Iterable[Sequence[int]]) -> Iterator[MinicaffeError]:
    """Which of these no blob can have."""
    for shape in shapes:
        yield from raised_by(Blob, tuple(shape))


def for_each_top(values: Sequence[Value], tops: int, field: str) -> list[Value]:
    """One value for each top, from as many or from one for all.

    Args:
        values: what the prototxt gives.
        tops: how many tops there are.
        field: what the values are, for the message.

    Raises:
        GraphError: neither.
    """
    if not values:
        raise GraphError(f"{field} is missing; give one for all tops, or one for each")
    if len(values) not in (1, tops):
        raise GraphError(
            f"{field} is given {len(values)} times for {tops} top(s); give one for all, or one "
            "for each"
        )
    return list(values) * (tops if len(values) == 1 else 1)


@register("Input")
class Input(SourceLayer):
    """Blobs that the user fills.

    Without a shape the tops are empty until the user reshapes them.

    Shapes: no bottom; tops of ``shape``.

    Settings: ``input_param``: shape, one for all tops or one for each.

    Gradients: none, as there are no bottoms.

    Raises:
        GraphError: there is neither one shape nor one for each top.

    Source: input_layer.cpp (BVLC/caffe).
    """

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        shapes = self.param.input_param.shape
        if shapes:
            yield from raised_by(for_each_top, shapes, len(self.param.top), "shape")
        yield from shape_mistakes(shape.dim for shape in shapes)

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        shapes = self.param.input_param.shape
        if shapes:
            for blob, shape in zip(top, for_each_top(shapes, len(top), "shape"), strict=True):
                blob.reshape(*shape.dim)
        else:
            logger.warning(
                "layer '%s' (Input): no shape is given, so its tops are empty until a program "
                "reshapes them; give input_param { shape { dim: … } }",
                self.param.name,
            )

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        pass
