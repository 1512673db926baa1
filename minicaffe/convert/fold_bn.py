"""Fold BatchNorm, Scale and Bias into the layers beside them: algorithm 2, line 11."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.convert.values import value_names
from minicaffe.errors import GraphError
from minicaffe.layer import Layer
from minicaffe.layers.common.inner_product import InnerProduct
from minicaffe.layers.folding import fold_into_next, fold_into_previous
from minicaffe.layers.vision.convolution import Convolution
from minicaffe.net.filter import filter_net
from minicaffe.net.graph import LayerGraph, LayerRef
from minicaffe.net.net import TEST, Net
from minicaffe.options import RunKeywords
from minicaffe.proto import caffe_pb2
from minicaffe.proto.own_fields import own_field

if TYPE_CHECKING:
    from typing_extensions import Unpack


class CannotFold(Exception):
    """A layer has to stay; the message says why."""


@dataclass
class Folded:
    """A net without the layers that could be folded.

    Attributes:
        param: the ``NetParameter``.
        blobs: the parameters of its layers by name, float64.
        folded: pairs of a layer and the one that it became a part of.
        removed: layers that did nothing in the TEST phase.
        names: for each layer what its tops' values are called in the net before (see
            :func:`minicaffe.convert.values.value_names`): a layer that took in others computes
            the last one's value now.
        kept: pairs of a BatchNorm, Scale or Bias layer that stays, and why.
    """

    param: caffe_pb2.NetParameter
    blobs: dict[str, list[np.ndarray]]
    folded: list[tuple[str, str]] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    names: dict[str, list[str]] = field(default_factory=dict)
    kept: list[tuple[str, str]] = field(default_factory=list)

    def build(self, **options: Unpack[RunKeywords]) -> Net:
        """The net with its parameters, in the TEST phase; ``options`` as for :class:`Net`."""
        net = Net(self.param, TEST, seed=0, **options)
        for name, blobs in net.params.items():
            for blob, values in zip(blobs, self.blobs[name], strict=True):
                blob.data[...] = values
        return net


def fold_net(param: caffe_pb2.NetParameter, net: Net) -> Folded:
    """Fold what can be folded.

    A BatchNorm with stored statistics, a Scale or a Bias is taken in by the Convolution,
    Deconvolution or InnerProduct whose result it alone reads; failing that, by the
    Convolution or InnerProduct that alone reads its own result, provided that no padding
    would show the difference. Dropout and Split layers are removed.

    Args:
        param: the ``NetParameter`` of a deploy net; it is left alone.
        net: built from it in the TEST phase, with the trained weights.

    Raises:
        GraphError: two layers have the same name, so that weights cannot be told apart.
    """
    return _Folder(param, net).run()


class _Folder:
    def __init__(self, param: caffe_pb2.NetParameter, net: Net) -> None:
        own = caffe_pb2.NetParameter()
        own.CopyFrom(param)
        own.state.phase = caffe_pb2.TEST
        self.graph = LayerGraph(filter_net(own))
        self.nodes = {node.name: node for node in net.nodes}
        pairs = zip(net.nodes, value_names(net), strict=True)
        own_names = {node.name: own for node, own in pairs}
        self.known = {
            value: name
            for layer in self.graph.layers
            for value, name in zip(layer.tops, own_names[layer.name], strict=True)
        }
        names = Counter(layer.name for layer in self.graph.layers)
        for name, count in names.items():
            if count > 1:
                raise GraphError(f"{count} layers are named '{name}'; give each its own name")
        self.blobs = {
            name: [blob.data.astype(np.float64) for blob in blobs]
            for name, blobs in net.params.items()
        }
        shared = Counter(
            spec.name for layer in self.graph.layers for spec in layer.param.param if spec.name
        )
        self.shared = {name for name, count in shared.items() if count > 1}

    def run(self) -> Folded:
        result = Folded(caffe_pb2.NetParameter(), self.blobs)
        for layer in list(self.graph.layers):
            if self._layer(layer).identity_in_test and self._remove(layer):
                result.removed.append(layer.name)
        reasons: dict[LayerRef, str] = {}
        for into, order in ((self._into_previous, 1), (self._into_next, -1)):
            for layer in self._affine_layers()[::order]:
                try:
                    result.folded.append((layer.name, into(layer)))
                    self.blobs.pop(layer.name, None)
                except CannotFold as reason:
                    before = f"{reasons[layer]}; " if layer in reasons else ""
                    reasons[layer] = f"{before}{reason}"
        result.kept = [(layer.name, reasons[layer]) for layer in self._affine_layers()]
        result.param = self.graph.to_param()
        result.param.ClearField("state")
        result.names = {
            layer.name: [self.known[value] for value in layer.tops] for layer in self.graph.layers
        }
        return result

    def _remove(self, layer: LayerRef) -> bool:
        """Take out a layer that does nothing; its bottom may get its top's name."""
        (source, *_), value = layer.bottoms, layer.tops[-1]
        removed = self.graph.bypass(layer)
        if removed and source.name == value.name:
            self.known[source] = self.known[value]
        return removed

    def _affine_layers(self) -> list[LayerRef]:
        return [layer for layer in self.graph.layers if self._is_affine(layer)]

    def _layer(self, ref: LayerRef) -> Layer:
        return self.nodes[ref.name].layer

    def _is_affine(self, layer: LayerRef) -> bool:
        overrides = type(self._layer(layer)).channel_affine is not Layer.channel_affine
        return overrides and len(layer.bottoms) == 1

    # ------------------------------------------------------------------- the two ways

    def _into_previous(self, layer: LayerRef) -> str:
        """Fold into the layer before; returns its name."""
        (source,) = layer.bottoms
        linear = source.producer
        if not self._layer(linear).linear:
            raise CannotFold(f"before it: {linear.name} is {_a(linear.type)}")
        others = [reader.name for reader in self.graph.readers(source) if reader is not layer]
        if others or source in self.graph.outputs:
            whom = f"read by {', '.join(others)}" if others else "an output"
            raise CannotFold(f"before it: the result of {linear.name} is also {whom}")
        self._require_simple(linear, "before it")
        factor, offset = self._affine(layer)
        weights, bias = self._weights(linear)
        axis, groups = self._layer(linear).weight_outputs
        self._store(linear, *fold_into_previous(
            weights, bias, factor, offset, axis=axis, groups=groups
        ))  # fmt: skip
        self._bypass(layer, rename=True)
        self.known[source] = self.known[layer.tops[0]]
        return linear.name

    def _into_next(self, layer: LayerRef) -> str:
        """Fold into the layer after; returns its name."""
        (value,) = layer.tops
        readers = self.graph.readers(value)
        if value in self.graph.outputs or len(readers) != 1:
            found = "its result is an output" if not readers else f"{len(readers)} layers read it"
            raise CannotFold(f"after it: {found}")
        (linear,) = readers
        product = self._layer(linear)
        if not isinstance(product, Convolution | InnerProduct):
            raise CannotFold(f"after it: {linear.name} is {_a(linear.type)}")
        self._require_simple(linear, "after it")
        factor, offset = self._affine(layer)
        weights, bias = self._weights(linear)
        if isinstance(product, Convolution):
            if any(product.geometry.pad) and offset.any():
                raise CannotFold(f"after it: {linear.name} pads its input with zeros")
            folded = fold_into_next(weights, bias, factor, offset, groups=product.group)
            self._store(linear, *folded)
        else:
            weights = weights.T if product.transpose else weights
            repeats = weights.shape[1] // len(factor)
            factor, offset = np.repeat(factor, repeats), np.repeat(offset, repeats)
            weights, bias = fold_into_next(weights, bias, factor, offset)
            self._store(linear, weights.T if product.transpose else weights, bias)
        self._bypass(layer, rename=False)  # what was before it stays as it was
        return linear.name

    # ------------------------------------------------------------------------ details

    def _affine(self, layer: LayerRef) -> tuple[np.ndarray, np.ndarray]:
        """What a layer multiplies by and adds, for each channel, in float64."""
        if not self.graph.can_bypass(layer):
            raise CannotFold("an input cannot also be an output")
        try:
            affine = self._layer(layer).channel_affine(self.nodes[layer.name].bottoms[0])
        except GraphError as error:
            raise CannotFold(error.message) from None
        if affine is None:
            raise CannotFold("it does more than multiply its channels and add to them")
        factor, offset = affine
        if not (np.isfinite(factor).all() and np.isfinite(offset).all()):
            raise CannotFold("it makes values that are not finite: variance + eps is 0 or less")
        return factor, offset

    def _require_simple(self, linear: LayerRef, where: str) -> None:
        """Refuse a neighbour that is not one plain product over axis 1."""
        if len(linear.bottoms) != 1 or len(linear.tops) != 1:
            raise CannotFold(f"{where}: {linear.name} works on several blobs")
        if any(spec.name in self.shared for spec in linear.param.param):
            raise CannotFold(f"{where}: {linear.name} shares its weights with another layer")
        if self.nodes[linear.name].bottoms[0].axis(_settings(linear).axis) != 1:
            raise CannotFold(f"{where}: {linear.name} has its channels on another axis than 1")

    def _weights(self, linear: LayerRef) -> tuple[np.ndarray, np.ndarray | None]:
        weights, *bias = self.blobs[linear.name]
        return weights, bias[0] if bias else None

    def _store(self, linear: LayerRef, weights: np.ndarray, bias: np.ndarray) -> None:
        self.blobs[linear.name] = [weights, bias]
        _settings(linear).ClearField("bias_term")  # true

    def _bypass(self, layer: LayerRef, *, rename: bool) -> None:
        if not self.graph.bypass(layer, rename=rename):
            raise AssertionError(f"{layer.name} was found to be removable")


def _a(layer_type: str) -> str:
    article = "an" if layer_type[:1] in "AEIO" else "a"
    return f"{article} {layer_type}"


def _settings(
    layer: LayerRef,
) -> caffe_pb2.ConvolutionParameter | caffe_pb2.InnerProductParameter:
    """The message of a linear layer's own settings."""
    return getattr(layer.param, own_field(layer.type) or "")
