"""Layers that take the place of one: how a rewrite writes them down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from minicaffe.convert.targets.quantities import Shape, Site
from minicaffe.net.net import TEST, Net
from minicaffe.net.summary import summarize_net
from minicaffe.proto import caffe_pb2
from minicaffe.proto.own_fields import own_field

Setting = bool | int | float | str | Sequence[float] | Mapping[str, Sequence[int]]


@dataclass(frozen=True)
class Piece:
    """One of the layers.

    Attributes:
        param: its text; bottoms and tops have names of the replacement's own.
        blobs: its parameters.
    """

    param: caffe_pb2.LayerParameter
    blobs: tuple[np.ndarray, ...] = ()


@dataclass
class Replacement:
    """Layers that compute together what one does.

    A rewrite makes one for a layer::

        made = Replacement(site)
        positive = made.add("ReLU", made.bottom())
        return made.ending(made.add("Power", positive, scale=-1, shift=6))

    Attributes:
        site: the layer.
        pieces: the layers, in order.
        tops: what of theirs takes the place of the layer's tops.
    """

    site: Site
    pieces: list[Piece] = field(default_factory=list)
    tops: list[str] = field(default_factory=list)

    def bottom(self, index: int = 0) -> str:
        """The name of the layer's bottom of this number."""
        return f"bottom{index}"

    def add(
        self,
        layer_type: str,
        *bottoms: str,
        blobs: Sequence[np.ndarray] = (),
        **settings: Setting,
    ) -> str:
        """Append a layer with one top; returns the name of it.

        Args:
            layer_type: its type.
            bottoms: what it reads.
            blobs: its parameters.
            settings: of its own message.
        """
        return self.add_several(layer_type, *bottoms, blobs=blobs, count=1, **settings)[0]

    def add_several(
        self,
        layer_type: str,
        *bottoms: str,
        count: int,
        blobs: Sequence[np.ndarray] = (),
        **settings: Setting,
    ) -> list[str]:
        """:meth:`add` of a layer with ``count`` tops."""
        tops = [f"top{len(self.pieces)}_{index}" for index in range(count)]
        param = caffe_pb2.LayerParameter(type=layer_type, bottom=bottoms, top=tops)
        own = own_field(layer_type)
        if settings and own:
            message = getattr(param, own)
            message.CopyFrom(type(message)(**settings))
        return self.append(param, blobs)

    def append(
        self, param: caffe_pb2.LayerParameter, blobs: Sequence[np.ndarray] = ()
    ) -> list[str]:
        """Append a layer that is written already; returns its tops."""
        self.pieces.append(Piece(param, tuple(blobs)))
        return list(param.top)

    def same(self, *bottoms: str) -> caffe_pb2.LayerParameter:
        """The layer's own text with these bottoms, to be changed and appended."""
        param = caffe_pb2.LayerParameter()
        param.CopyFrom(self.site.param)
        param.bottom[:] = bottoms or [self.bottom(i) for i in range(len(param.bottom))]
        param.top[:] = [f"top{len(self.pieces)}_{index}" for index in range(len(param.top))]
        return param

    def ending(self, *tops: str) -> Replacement:
        """The replacement, which ends with these values."""
        self.tops = list(tops)
        return self

    # ------------------------------------------------------------ what is needed often

    def affine(self, value: str, scale: float, shift: float = 0.0) -> str:
        """scale · value + shift, by a Power layer."""
        return self.add("Power", value, scale=scale, shift=shift)

    def negative(self, value: str) -> str:
        """-value."""
        return self.affine(value, -1.0)

    def plus(self, *values: str) -> str:
        """The sum of values of one shape."""
        return self.add("Eltwise", *values, operation="SUM")

    def product(self, *values: str) -> str:
        """The product of values of one shape."""
        return self.add("Eltwise", *values, operation="PROD")

    # ------------------------------------------------------------------- for the fitter

    def sites(self) -> list[Site]:
        """The pieces with the shapes of their blobs.

        Raises:
            MinicaffeError: they do not fit together.
        """
        shapes: dict[str, Shape] = {}
        for layer in summarize_net(self._text()).layers:
            shapes.update(zip(layer.param.top, layer.shapes or (), strict=True))
        return [
            Site(
                piece.param,
                tuple(shapes[name] for name in piece.param.bottom),
                tuple(shapes[name] for name in piece.param.top),
                piece.blobs,
            )
            for piece in self.pieces
        ]

    def net(self, engine: str | None = "numpy") -> Net:
        """The pieces after Input layers, in phase TEST, with the parameters that they have.

        Args:
            engine: what runs it; None for the usual one.

        Raises:
            MinicaffeError: it cannot be built.
        """
        net = Net(self._text(), TEST, seed=0, engine=engine, allow_python_layers=False)
        nodes = {node.name: node for node in net.nodes}  # Split layers have come in between
        for index, piece in enumerate(self.pieces):
            own = nodes[f"piece{index}"].layer.blobs if piece.blobs else []
            for blob, values in zip(own, piece.blobs, strict=True):
                blob.data[...] = values.reshape(blob.shape)
        return net

    def _text(self) -> caffe_pb2.NetParameter:
        net = caffe_pb2.NetParameter()
        for index, shape in enumerate(self.site.bottoms):
            source = net.layer.add(name=f"input{index}", type="Input", top=[self.bottom(index)])
            source.input_param.shape.add(dim=shape)
        for index, piece in enumerate(self.pieces):
            net.layer.add().CopyFrom(piece.param)
            net.layer[-1].name = f"piece{index}"
        net.state.phase = caffe_pb2.TEST
        return net


def one_layer(site: Site) -> Net:
    """A net of Input layers and this one, in phase TEST, with the parameters that it has.

    Raises:
        MinicaffeError: it cannot be built.
    """
    made = Replacement(site)
    made.append(made.same(), site.blobs)
    return made.net()
