"""Layers whose result is not used, and nets in which nothing is learned."""

from __future__ import annotations

from collections.abc import Iterator

from minicaffe.lint.diagnostic import Diagnostic, Severity
from minicaffe.lint.rules import LEARNING, Examined, depended_on, is_known, learns, rule
from minicaffe.net.graph import LayerRef
from minicaffe.net.net import TEST, TRAIN
from minicaffe.proto.own_fields import own_field

#: Types whose tops are read by who runs the net.
_TOLD = ("Accuracy", "ArgMax", "Silence", "Python", "HDF5Output")


@rule("MC101")
def unread_blob(examined: Examined) -> Iterator[Diagnostic]:
    """A layer of a training net computes what no layer reads, and what is no loss.

    The work is done in every iteration and thrown away. Often a bottom's name was mistyped into
    that of another blob. Tops of data layers, of Accuracy and of Python layers may stay unread.

    Found::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 2 dim: 3 dim: 8 dim: 8 } shape { dim: 2 } } }
        layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
          convolution_param { num_output: 4 kernel_size: 3 weight_filler { type: "xavier" } } }
        layer { name: "pool1" type: "Pooling" bottom: "conv1" top: "pool1"
          pooling_param { kernel_size: 2 stride: 2 } }
        layer { name: "ip" type: "InnerProduct" bottom: "conv1" top: "ip"
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }

    Mended::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 2 dim: 3 dim: 8 dim: 8 } shape { dim: 2 } } }
        layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
          convolution_param { num_output: 4 kernel_size: 3 weight_filler { type: "xavier" } } }
        layer { name: "pool1" type: "Pooling" bottom: "conv1" top: "pool1"
          pooling_param { kernel_size: 2 stride: 2 } }
        layer { name: "ip" type: "InnerProduct" bottom: "pool1" top: "ip"
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }
    """
    for net in examined.in_phase(TRAIN):
        if not net.losses:
            continue
        for layer in net.graph.layers:
            unread = [value.name for value in layer.tops if not net.graph.readers(value)]
            if layer in net.losses or not layer.bottoms or layer.type in _TOLD:
                continue
            if unread and len(unread) == len(layer.tops) and is_known(layer):
                yield net.remark(
                    layer,
                    f"no layer reads its result '{unread[0]}', which is no loss either",
                    "read it, or take the layer out; a Silence layer says that it is meant",
                    field=("top",),
                )


@rule("MC102")
def untrained_by_any_loss(examined: Examined) -> Iterator[Diagnostic]:
    """A layer with parameters is in a training net, but no loss depends on it.

    Its parameters keep their first values: gradients come from losses alone.

    Found::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 } } }
        layer { name: "ip1" type: "InnerProduct" bottom: "data" top: "ip1"
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "ip2" type: "InnerProduct" bottom: "data" top: "ip2"
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "accuracy" type: "Accuracy" bottom: "ip2" bottom: "label" top: "accuracy" }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip1" bottom: "label" }

    Mended::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 } } }
        layer { name: "ip1" type: "InnerProduct" bottom: "data" top: "ip1"
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "accuracy" type: "Accuracy" bottom: "ip1" bottom: "label" top: "accuracy" }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip1" bottom: "label" }
    """
    for net in examined.in_phase(TRAIN):
        if not net.losses:
            continue
        reached = depended_on(net.losses)
        for layer in net.graph.layers:
            if layer.type in LEARNING and layer not in reached and learns(layer):
                yield net.remark(
                    layer,
                    "no loss depends on it, so its parameters never change",
                    "let a loss depend on it, or take it out of phase TRAIN",
                )


@rule("MC103")
def nothing_learned(examined: Examined) -> Iterator[Diagnostic]:
    """A training net has a loss, and no parameter that a solver may change.

    Every ``lr_mult`` is 0, or no layer has parameters.

    Found::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 } } }
        layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
          param { lr_mult: 0 } param { lr_mult: 0 }
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }

    Mended::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 } } }
        layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }
    """
    for net in examined.in_phase(TRAIN):
        if not net.losses or not all(map(is_known, net.graph.layers)):
            continue
        if not any(_may_learn(layer) for layer in net.graph.layers):
            frozen = [layer for layer in net.graph.layers if layer.type in LEARNING]
            yield net.remark(
                net.losses[0],
                "training lowers this loss, but no parameter of the net may change",
                "leave lr_mult out (it is 1) where a layer is to learn",
                related=[(layer, "every lr_mult is 0 here") for layer in frozen[:1]],
            )


@rule("MC104")
def frozen_between_learned(examined: Examined) -> Iterator[Diagnostic]:
    """A layer whose every ``lr_mult`` is 0 comes after one that learns.

    In fine-tuning the first layers are frozen, and the last ones learn. The other way round is
    rarely meant: what the frozen layer was trained for changes beneath it.

    Found::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 } } }
        layer { name: "ip1" type: "InnerProduct" bottom: "data" top: "ip1"
          inner_product_param { num_output: 9 weight_filler { type: "xavier" } } }
        layer { name: "relu1" type: "ReLU" bottom: "ip1" top: "ip1" }
        layer { name: "ip2" type: "InnerProduct" bottom: "ip1" top: "ip2"
          param { lr_mult: 0 } param { lr_mult: 0 }
          inner_product_param { num_output: 9 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip2" bottom: "label" }

    Mended::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 } } }
        layer { name: "ip1" type: "InnerProduct" bottom: "data" top: "ip1"
          param { lr_mult: 0 } param { lr_mult: 0 }
          inner_product_param { num_output: 9 weight_filler { type: "xavier" } } }
        layer { name: "relu1" type: "ReLU" bottom: "ip1" top: "ip1" }
        layer { name: "ip2" type: "InnerProduct" bottom: "ip1" top: "ip2"
          inner_product_param { num_output: 9 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip2" bottom: "label" }
    """
    for net in examined.in_phase(TRAIN):
        for layer in net.graph.layers if net.losses else ():
            # deconvolutions that enlarge by fixed weights are frozen on purpose
            if layer.type not in ("Convolution", "InnerProduct") or learns(layer):
                continue
            before = depended_on([layer]) - {layer}
            learned = [other for other in net.graph.layers if other in before and learns(other)]
            learned = [other for other in learned if other.type in LEARNING]
            if learned:
                yield net.remark(
                    layer,
                    f"every lr_mult is 0, while {len(learned)} layers before it learn",
                    "freeze the layers before it too, or let it learn",
                    field=("param", "lr_mult"),
                    related=[(learned[0], "this one learns")],
                )


@rule("MC105")
def data_for_one_phase(examined: Examined) -> Iterator[Diagnostic]:
    """A solver's net has a data layer for phase TRAIN alone, and the solver tests nothing.

    Without a layer for phase TEST the net cannot be scored: how well it does on data that it has
    not seen stays unknown.

    Found::

        net: "train_only.prototxt"
        base_lr: 0.01
        lr_policy: "fixed"
        max_iter: 1000
        display: 100

    Mended::

        net: "net.prototxt"
        base_lr: 0.01
        lr_policy: "fixed"
        max_iter: 1000
        display: 100
        test_iter: 10
        test_interval: 500
    """
    if examined.solver is None or examined.solver.test_iter:
        return
    for net in examined.in_phase(TRAIN):
        for layer in net.graph.layers:
            rules = layer.param.include
            if not layer.bottoms and rules and all(r.phase == TRAIN for r in rules):
                yield net.remark(
                    layer,
                    "data is read in phase TRAIN alone, and the solver tests nothing",
                    "add a data layer with include { phase: TEST } to the net, and test_iter and "
                    "test_interval to the solver",
                    field=("include", "phase"),
                )


@rule("MC106")
def phases_compute_differently(examined: Examined) -> Iterator[Diagnostic]:
    """A layer with parameters is in phase TEST only, or has other settings there.

    What is tested is then not what was trained. Data, losses, accuracies and BatchNorm's
    statistics differ between phases on purpose; convolutions and inner products do not.

    Found::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 } } }
        layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" include { phase: TRAIN }
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" include { phase: TEST }
          inner_product_param { num_output: 10 bias_term: false
            weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }

    Mended::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 } } }
        layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }
    """
    trained = {layer.name: layer for net in examined.in_phase(TRAIN) for layer in net.graph.layers}
    if not any(net.losses for net in examined.in_phase(TRAIN)):
        return
    for net in examined.in_phase(TEST):
        for layer in net.graph.layers:
            if layer.type not in LEARNING:
                continue
            other = trained.get(layer.name)
            if other is None:
                yield net.remark(
                    layer,
                    "it is in phase TEST only, so its parameters are never trained",
                    "leave its include rule out, or give it the name of the layer that is trained",
                )
            elif _settings(layer) != _settings(other):
                yield net.remark(
                    layer,
                    "its settings differ between the phases TRAIN and TEST",
                    "write the layer once, for both phases",
                    related=[(other, "in phase TRAIN")],
                )


def _settings(layer: LayerRef) -> bytes:
    """What makes a difference of a layer's own settings: all but its fillers."""
    own = own_field(layer.type)
    if own is None:
        return b""
    settings = type(getattr(layer.param, own))()
    settings.CopyFrom(getattr(layer.param, own))
    for descriptor, _ in settings.ListFields():
        if descriptor.name.endswith("filler"):
            settings.ClearField(descriptor.name)
    return bytes(settings.SerializeToString(deterministic=True))


@rule("MC107")
def shared_parameters_differ(examined: Examined) -> Iterator[Diagnostic]:
    """Layers share a parameter, and say different things of it.

    Caffe takes the multipliers of the first layer that has some, and the first layer's filler.

    Found::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 dim: 6 } } }
        layer { name: "ip1" type: "InnerProduct" bottom: "data" top: "ip1"
          param { name: "w" lr_mult: 1 } param { name: "b" }
          inner_product_param { num_output: 6 weight_filler { type: "xavier" } } }
        layer { name: "ip2" type: "InnerProduct" bottom: "data" top: "ip2"
          param { name: "w" lr_mult: 1 } param { name: "b" }
          inner_product_param { num_output: 6 weight_filler { type: "gaussian" std: 0.1 } } }
        layer { name: "sum" type: "Eltwise" bottom: "ip1" bottom: "ip2" top: "sum" }
        layer { name: "loss" type: "EuclideanLoss" bottom: "sum" bottom: "label" }

    Mended::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 dim: 6 } } }
        layer { name: "ip1" type: "InnerProduct" bottom: "data" top: "ip1"
          param { name: "w" lr_mult: 1 } param { name: "b" }
          inner_product_param { num_output: 6 weight_filler { type: "xavier" } } }
        layer { name: "ip2" type: "InnerProduct" bottom: "data" top: "ip2"
          param { name: "w" lr_mult: 1 } param { name: "b" }
          inner_product_param { num_output: 6 weight_filler { type: "xavier" } } }
        layer { name: "sum" type: "Eltwise" bottom: "ip1" bottom: "ip2" top: "sum" }
        layer { name: "loss" type: "EuclideanLoss" bottom: "sum" bottom: "label" }
    """
    for net in examined.nets:
        owners: dict[str, tuple[LayerRef, int]] = {}
        for layer in net.graph.layers:
            for index, spec in enumerate(layer.param.param):
                if not spec.name:
                    continue
                owner, place = owners.setdefault(spec.name, (layer, index))
                if owner is layer:
                    continue
                first, here = _filler(owner, place), _filler(layer, index)
                if first is not None and here is not None and first != here:
                    yield net.remark(
                        layer,
                        f"it shares the parameter '{spec.name}', and has another filler for it "
                        "than the layer that owns it, which counts",
                        "write the same filler in both",
                        field=("param", "name"),
                        related=[(owner, "the first layer with this parameter")],
                    )


def _filler(layer: LayerRef, index: int) -> bytes | None:
    """The filler of a layer's parameter as bytes; None where it has none."""
    own = own_field(layer.type)
    if own is None or index > 1:
        return None
    name = ("weight_filler", "bias_filler")[index]
    settings = getattr(layer.param, own)
    if name not in settings.DESCRIPTOR.fields_by_name:
        return None
    value = getattr(settings, name)
    return None if hasattr(value, "add") else bytes(value.SerializeToString(deterministic=True))


@rule("MC108", Severity.NOTE)
def unread_label(examined: Examined) -> Iterator[Diagnostic]:
    """A data layer reads labels that no layer uses.

    Found::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 } } }
        layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "Reduction" bottom: "ip" top: "loss" loss_weight: 1 }

    Mended::

        layer { name: "data" type: "DummyData" top: "data"
          dummy_data_param { shape { dim: 2 dim: 8 } } }
        layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "Reduction" bottom: "ip" top: "loss" loss_weight: 1 }
    """
    for net in examined.nets:
        for layer in net.graph.layers:
            unread = [value.name for value in layer.tops if not net.graph.readers(value)]
            if not layer.bottoms and 0 < len(unread) < len(layer.tops):
                yield net.remark(
                    layer,
                    f"no layer reads the blob '{unread[0]}'",
                    "leave that top out where the layer's type allows it",
                    field=("top",),
                )


# ------------------------------------------------------------------------- what rules ask


def _may_learn(layer: LayerRef) -> bool:
    """Whether the layer may have parameters that change: also of types that are not listed."""
    listed = layer.type in LEARNING
    own = not listed and _has_parameters(layer)
    return (listed or own) and learns(layer)


def _has_parameters(layer: LayerRef) -> bool:
    """Whether a layer of a type that is not listed says so by its ``param`` or by a filler."""
    own = own_field(layer.type)
    fields = getattr(layer.param, own).DESCRIPTOR.fields_by_name if own else {}
    fills = any(name.endswith("filler") for name in fields)
    return bool(layer.param.param) or (bool(layer.bottoms) and fills) or layer.type == "Python"
