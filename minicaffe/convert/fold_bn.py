"""Fold BatchNorm, Scale and Bias into the layers beside them: algorithm 2, line 11."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minicaffe.errors import GraphError
from minicaffe.layer import Layer
from minicaffe.layers.common.inner_product import InnerProduct
from minicaffe.layers.folding import fold_into_next, fold_into_previous
from minicaffe.layers.vision.convolution import Convolution
from minicaffe.net.filter import filter_net
from minicaffe.net.graph import Part, Wiring
from minicaffe.net.net import TEST, Net
from minicaffe.proto.own_fields import own_field


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
        kept: pairs of a BatchNorm, Scale or Bias layer that stays, and why.
    """

    param: Any
    blobs: dict[str, list[np.ndarray]]
    folded: list[tuple[str, str]] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    kept: list[tuple[str, str]] = field(default_factory=list)

    def build(self, **options: Any) -> Net:
        """The net with its parameters, in the TEST phase; ``options`` as for :class:`Net`."""
        net = Net(self.param, TEST, seed=0, **options)
        for name, blobs in net.params.items():
            for blob, values in zip(blobs, self.blobs[name], strict=True):
                blob.data[...] = values
        return net


def fold_net(param: Any, net: Net) -> Folded:
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
    def __init__(self, param: Any, net: Net) -> None:
        own = type(param)()
        own.CopyFrom(param)
        own.state.phase = TEST
        self.wiring = Wiring(filter_net(own))
        self.nodes = {node.name: node for node in net.nodes}
        names = Counter(part.name for part in self.wiring.parts)
        for name, count in names.items():
            if count > 1:
                raise GraphError(f"{count} layers are named '{name}'; give each its own name")
        self.blobs = {
            name: [blob.data.astype(np.float64) for blob in blobs]
            for name, blobs in net.params.items()
        }
        shared = Counter(
            spec.name for part in self.wiring.parts for spec in part.param.param if spec.name
        )
        self.shared = {name for name, count in shared.items() if count > 1}

    def run(self) -> Folded:
        result = Folded(None, self.blobs)
        for part in list(self.wiring.parts):
            if self._layer(part).identity_in_test and self.wiring.bypass(part):
                result.removed.append(part.name)
        reasons: dict[Part, str] = {}
        for into, order in ((self._into_previous, 1), (self._into_next, -1)):
            for part in self._affine_parts()[::order]:
                try:
                    result.folded.append((part.name, into(part)))
                    self.blobs.pop(part.name, None)
                except CannotFold as reason:
                    before = f"{reasons[part]}; " if part in reasons else ""
                    reasons[part] = f"{before}{reason}"
        result.kept = [(part.name, reasons[part]) for part in self._affine_parts()]
        result.param = self.wiring.to_param()
        result.param.ClearField("state")
        return result

    def _affine_parts(self) -> list[Part]:
        return [p for p in self.wiring.parts if self._is_affine(p)]

    def _layer(self, part: Part) -> Layer:
        return self.nodes[part.name].layer

    def _is_affine(self, part: Part) -> bool:
        overrides = type(self._layer(part)).channel_affine is not Layer.channel_affine
        return overrides and len(part.reads) == 1

    # ------------------------------------------------------------------- the two ways

    def _into_previous(self, part: Part) -> str:
        """Fold into the layer before; returns its name."""
        (source,) = part.reads
        linear = source.maker
        if linear is None or not self._layer(linear).linear:
            what = f"{linear.name} is {_a(linear.type)}" if linear else "nothing"
            raise CannotFold(f"before it: {what}")
        others = [one.name for one in self.wiring.readers(source) if one is not part]
        if others or source in self.wiring.outputs:
            whom = f"read by {', '.join(others)}" if others else "an output"
            raise CannotFold(f"before it: the result of {linear.name} is also {whom}")
        self._require_simple(linear, "before it")
        factor, offset = self._affine(part)
        weights, bias = self._weights(linear)
        axis, groups = self._layer(linear).weight_outputs
        self._store(linear, *fold_into_previous(
            weights, bias, factor, offset, axis=axis, groups=groups
        ))  # fmt: skip
        self._bypass(part, rename=True)
        return linear.name

    def _into_next(self, part: Part) -> str:
        """Fold into the layer behind; returns its name."""
        (value,) = part.writes
        readers = self.wiring.readers(value)
        if value in self.wiring.outputs or len(readers) != 1:
            found = "its result is an output" if not readers else f"{len(readers)} layers read it"
            raise CannotFold(f"behind it: {found}")
        (linear,) = readers
        layer = self._layer(linear)
        if not isinstance(layer, Convolution | InnerProduct):
            raise CannotFold(f"behind it: {linear.name} is {_a(linear.type)}")
        self._require_simple(linear, "behind it")
        factor, offset = self._affine(part)
        weights, bias = self._weights(linear)
        if isinstance(layer, Convolution):
            if any(layer.geometry.pad) and offset.any():
                raise CannotFold(f"behind it: {linear.name} pads its input with zeros")
            folded = fold_into_next(weights, bias, factor, offset, groups=layer.group)
            self._store(linear, *folded)
        else:
            weights = weights.T if layer.transpose else weights
            repeats = weights.shape[1] // len(factor)
            factor, offset = np.repeat(factor, repeats), np.repeat(offset, repeats)
            weights, bias = fold_into_next(weights, bias, factor, offset)
            self._store(linear, weights.T if layer.transpose else weights, bias)
        self._bypass(part, rename=False)  # what was before it stays as it was
        return linear.name

    # ------------------------------------------------------------------------ details

    def _affine(self, part: Part) -> tuple[np.ndarray, np.ndarray]:
        """What a layer multiplies by and adds, for each channel, in float64."""
        if not self.wiring.can_bypass(part):
            raise CannotFold("an input cannot also be an output")
        try:
            affine = self._layer(part).channel_affine(self.nodes[part.name].bottoms[0])
        except GraphError as error:
            raise CannotFold(error.message) from None
        if affine is None:
            raise CannotFold("it does more than multiply its channels and add to them")
        factor, offset = affine
        if not (np.isfinite(factor).all() and np.isfinite(offset).all()):
            raise CannotFold("it makes values that are not finite: variance + eps is 0 or less")
        return factor, offset

    def _require_simple(self, linear: Part, where: str) -> None:
        """Refuse a neighbour that is not one plain product over axis 1."""
        if len(linear.reads) != 1 or len(linear.writes) != 1:
            raise CannotFold(f"{where}: {linear.name} works on several blobs")
        if any(spec.name in self.shared for spec in linear.param.param):
            raise CannotFold(f"{where}: {linear.name} shares its weights with another layer")
        if self.nodes[linear.name].bottoms[0].axis(_settings(linear).axis) != 1:
            raise CannotFold(f"{where}: {linear.name} has its channels on another axis than 1")

    def _weights(self, linear: Part) -> tuple[np.ndarray, np.ndarray | None]:
        weights, *bias = self.blobs[linear.name]
        return weights, bias[0] if bias else None

    def _store(self, linear: Part, weights: np.ndarray, bias: np.ndarray) -> None:
        self.blobs[linear.name] = [weights, bias]
        _settings(linear).ClearField("bias_term")  # true

    def _bypass(self, part: Part, *, rename: bool) -> None:
        if not self.wiring.bypass(part, rename=rename):
            raise AssertionError(f"{part.name} was found to be removable")


def _a(layer_type: str) -> str:
    article = "an" if layer_type[:1] in "AEIO" else "a"
    return f"{article} {layer_type}"


def _settings(part: Part) -> Any:
    """The message of a linear layer's own settings."""
    return getattr(part.param, own_field(part.type) or "")
