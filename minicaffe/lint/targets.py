"""What a tool that takes only some of Caffe's layers would refuse (``--target``)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from minicaffe.layer import find_layer_class
from minicaffe.lint.diagnostic import Diagnostic, Severity
from minicaffe.lint.rules import Examined, PhaseNet, rule
from minicaffe.net.graph import LayerRef
from minicaffe.net.net import TEST
from minicaffe.proto import caffe_pb2

if TYPE_CHECKING:
    from minicaffe.convert.targets import Refusal, Site, Target

#: A layer with more parameters is not rewritten on trial.
_LARGEST = 1 << 24


@rule("MC501")
def type_not_taken(examined: Examined) -> Iterator[Diagnostic]:
    """A tool does not take layers of this type.

    ``minicaffe lint --target=NAME`` compares a net with what a tool takes that reads Caffe's files:
    a chip's tool chain, ncnn, OpenCV and others. The pages of docs/targets say what they take, and
    which document says so; the finding names it. Losses, accuracies and data layers do not count:
    such a tool gets the net that ``minicaffe deploy`` makes.

    Where other layers compute the same, the finding says which, and ``minicaffe fit_target`` writes
    the net with them. Otherwise cut the net before the layer (``minicaffe deploy --until=BLOB``),
    and let your own program do the rest.

    With ``--target=bvlc`` this is found::

        layer { name: "data" type: "Input" top: "data"
          input_param { shape { dim: 1 dim: 3 dim: 8 dim: 8 } } }
        layer { name: "relu" type: "ReLU6" bottom: "data" top: "relu" }
    """
    yield from _found(examined, "type")


@rule("MC502")
def beyond_the_limits(examined: Examined) -> Iterator[Diagnostic]:
    """A tool takes the layer's type, but not this kernel, stride, shape or setting.

    The limits are those of docs/targets, with their sources. ``minicaffe fit_target`` rewrites what
    can be written within them: a global pooling in two steps, a dilated kernel with zeros, and so
    on.

    With ``--target=ascend`` this is found::

        layer { name: "data" type: "Input" top: "data"
          input_param { shape { dim: 1 dim: 3 dim: 9 dim: 9 } } }
        layer { name: "pool" type: "Pooling" bottom: "data" top: "pool"
          pooling_param { kernel_size: 2 stride: 5 } }
    """
    yield from _found(examined, "limit")


@rule("MC503")
def setting_not_read(examined: Examined) -> Iterator[Diagnostic]:
    """A tool does not read a setting of the layer, and would compute something else.

    No message tells it there: the net is taken, and its results are wrong.

    With ``--target=ncnn`` this is found::

        layer { name: "data" type: "Input" top: "data"
          input_param { shape { dim: 1 dim: 3 dim: 8 dim: 8 } } }
        layer { name: "pool" type: "Pooling" bottom: "data" top: "pool"
          pooling_param { kernel_size: 2 stride: 2 round_mode: FLOOR } }
    """
    yield from _found(examined, "field")


@rule("MC504")
def type_not_known(examined: Examined) -> Iterator[Diagnostic]:
    """It is not known whether a tool takes layers of this type.

    No public document that is at hand says it. If yours does, write what it says into a file of
    your own (docs/targets/README.md has its form) and give that to ``--target``.

    With ``--target=nnie`` this is found::

        layer { name: "data" type: "Input" top: "data"
          input_param { shape { dim: 1 dim: 3 dim: 8 dim: 8 } } }
        layer { name: "elu" type: "ELU" bottom: "data" top: "elu" }
    """
    yield from _found(examined, "unknown")


@rule("MC505", Severity.NOTE)
def runs_elsewhere(examined: Examined) -> Iterator[Diagnostic]:
    """A tool takes the layer, but does not run it on its accelerator.

    With ``--target=horizon`` this is found::

        layer { name: "data" type: "Input" top: "data"
          input_param { shape { dim: 1 dim: 3 dim: 16 dim: 16 } } }
        layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
          convolution_param { num_output: 4 kernel_size: 9 } }
    """
    yield from _found(examined, "slow")


def _found(examined: Examined, kind: str) -> Iterator[Diagnostic]:
    """What the target refuses in this way, in the nets as they are used."""
    target = examined.target
    if target is None:
        return
    help_of = _Helps(target)
    for net in examined.in_phase(TEST) or examined.nets:
        for layer in filter(_remains, net.graph.layers):
            site = _site(net, layer)
            for told in target.refusals(site):
                if told.kind == kind:
                    yield _diagnostic(net, layer, told, target, help_of(site, kind))


def _remains(layer: LayerRef) -> bool:
    """Whether a net in use has the layer, besides its inputs."""
    cls = find_layer_class(layer.type)
    return bool(layer.bottoms) and not (cls.is_loss or cls.measures)


def _site(net: PhaseNet, layer: LayerRef) -> Site:
    from minicaffe.convert.targets import Site

    bottoms, tops = (
        tuple(net.shapes[value] for value in values if value in net.shapes)
        for values in (layer.bottoms, layer.tops)
    )
    if (len(bottoms), len(tops)) != (len(layer.bottoms), len(layer.tops)):
        return Site(layer.param)  # their shapes are not known
    return Site(layer.param, bottoms, tops)


def _diagnostic(
    net: PhaseNet, layer: LayerRef, told: Refusal, target: Target, help: str
) -> Diagnostic:
    source = target.sources.get(told.source)
    said = f"{source}" if source else f"the list of types in docs/targets/{target.name}.md"
    return net.remark(
        layer, told.message, help, field=told.field or ("type",), note=f"said by: {said}"
    )


@dataclass
class _Helps:
    """What may be done about layers that a target refuses, found once for layers of one text."""

    target: Target

    def __post_init__(self) -> None:
        self._known: dict[tuple[bytes, object], str] = {}

    def __call__(self, site: Site, kind: str) -> str:
        if kind == "slow":
            return ""
        plain = caffe_pb2.LayerParameter()
        plain.CopyFrom(site.param)
        for name in ("name", "bottom", "top", "source_line", "param"):
            plain.ClearField(name)
        key = plain.SerializeToString(), site.bottoms
        if key not in self._known:
            self._known[key] = _help(site, self.target)
        return self._known[key]


def _help(site: Site, target: Target) -> str:
    """How the layer can be written for the target, if it can."""
    from minicaffe.convert.targets.mend import mend

    if find_layer_class(site.param.type).identity_in_test:
        return "`minicaffe fit_target` takes it out: it does nothing in a net in use"
    whole = _with_parameters(site)
    found = None if whole is None else mend(whole, target)
    if found is None:
        return "no rewrite is known; `minicaffe deploy --until` cuts the net before it"
    return f"`minicaffe fit_target` mends it: {'; '.join(dict.fromkeys(found.used))}"


def _with_parameters(site: Site) -> Site | None:
    """The layer with parameters of some value or other; None where they would be too many."""
    import numpy as np

    from minicaffe.convert.targets import Site
    from minicaffe.convert.targets.pieces import one_layer
    from minicaffe.errors import MinicaffeError

    outputs = [int(n) for n in site.setting("num_output")] or [1]
    inputs = max((math.prod(shape[1:]) for shape in site.bottoms), default=0)
    if not site.bottoms or inputs * outputs[0] > _LARGEST:
        return None
    try:
        with one_layer(site) as net:
            shapes = [blob.shape for blob in net.nodes[-1].layer.blobs]
    except MinicaffeError:
        return None
    blobs = [np.linspace(0.5, 1.5, math.prod(shape)).reshape(shape) for shape in shapes]
    return Site(site.param, site.bottoms, site.tops, blobs)
