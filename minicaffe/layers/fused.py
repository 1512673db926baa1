"""Layer types that are names for several of Caffe's in a row."""

from __future__ import annotations

from typing import ClassVar

from minicaffe.layer import Layer
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import renamed
from minicaffe.proto.own_fields import own_field


class Fused(Layer):
    """Several layers in one text, each with its own message in it.

    Attributes:
        consists_of: their types, from the bottom to the top.
    """

    consists_of: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def parts(cls, param: caffe_pb2.LayerParameter) -> list[caffe_pb2.LayerParameter]:
        """A text for each of the layers; the first has the name and the parameters, the last the
        top, and the blobs between are called after it."""
        last = len(cls.consists_of) - 1
        found: list[caffe_pb2.LayerParameter] = []
        for index, kind in enumerate(cls.consists_of):
            part = renamed(param, kind)
            for other in cls.consists_of:
                if other != kind:
                    part.ClearField(own_field(other) or "")
            if index:
                part.name = f"{param.name}/{kind}"
                part.bottom[:] = found[-1].top
                for field in ("param", "blobs", "propagate_down"):
                    part.ClearField(field)
            if index < last:
                part.top[:] = [f"{top}/{kind}" for top in param.top]
                part.ClearField("loss_weight")
            found.append(part)
        return found
