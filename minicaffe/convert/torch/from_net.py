"""From a net to a module of PyTorch."""

from __future__ import annotations

from typing import cast

from minicaffe.convert.refusals import blobs_before, problem_of, refused
from minicaffe.convert.torch.module import CaffeModule
from minicaffe.engines import PRECISIONS
from minicaffe.engines.torch.functions import Function, entry_of
from minicaffe.errors import Problem
from minicaffe.layer import Layer
from minicaffe.layers.data.input import Input
from minicaffe.layers.utility.python import PythonLayer
from minicaffe.net.check import clear_fillers
from minicaffe.net.layer_states import LayerStates, from_json, layer_states, restore_layer_states
from minicaffe.net.net import Net
from minicaffe.net.node import Node
from minicaffe.proto import caffe_pb2

_NO_FUNCTION = "no function of PyTorch computes this type"


def to_module(net: Net) -> CaffeModule:
    """A module that computes what a net does, and learns as it does.

    It has the net's weights as they are now, in the net's type, and is independent of it. Data
    layers become inputs. Names of the ``state_dict`` are ``LAYER.PARAMETER``, as those that
    `minicaffe convert_weights` writes. Shared parameters are one. Gradients are Caffe's, also
    where they are not the derivative. Random numbers are the layers' own, as on all engines.

    Args:
        net: of phase TRAIN, with its losses, or TEST; the module begins in ``train()`` or
            ``eval()`` mode.

    Raises:
        GraphError: layers that no function of PyTorch computes; tells all of them with their lines
            and the nearest way out.
    """
    how = net.options.keywords()
    how["engine"], how["precision"] = "numpy", PRECISIONS[0]
    own = Net(_without_data(net), net.phase, seed=0, dtype=net.dtype, path=net.path, **how)
    functions: list[Function[Layer] | None] = []
    problems: list[Problem] = []
    for node in own.nodes:
        if isinstance(node.layer, Input):
            functions.append(None)
            continue
        entry = entry_of(node.layer)
        reason = entry.unless(node.layer) if entry else _NO_FUNCTION
        if entry is None or reason:
            problems.append(problem_of(node, reason, _way_out(own, node)))
        else:
            functions.append(entry.function)
    if problems:
        raise refused(problems, net.path)
    for new, old in zip(own.nodes, net.nodes, strict=True):
        for blob, source in zip(new.layer.blobs, old.layer.blobs, strict=True):
            blob.data[...] = source.data
    names = {node.name for node in own.nodes if not isinstance(node.layer, Input)}
    states = [state for state in layer_states(net) if state["name"] in names]
    restore_layer_states(own, cast(LayerStates, from_json(states)), net.path or net.name)
    return CaffeModule(own, functions)


def _without_data(net: Net) -> caffe_pb2.NetParameter:
    """The net's layers as they are, with Input layers in the places of what gives data."""
    param = caffe_pb2.NetParameter(name=net.name)
    for node in net.nodes:
        layer = param.layer.add()
        if node.bottoms or not node.layer.gives_data:
            layer.CopyFrom(node.layer.param)
            for name in ("include", "exclude", "blobs"):
                layer.ClearField(name)
            clear_fillers(layer)
            continue
        layer.name, layer.type = node.name, Input.type
        layer.top.extend(node.top_names)
        for top in node.tops:
            layer.input_param.shape.add().dim.extend(top.shape)
    return param


def _way_out(net: Net, node: Node) -> str:
    """What to do about a layer that has no function."""
    layer = node.layer
    if isinstance(layer, PythonLayer):
        return "write it as a module of PyTorch, and cut the net before and after it"
    if layer.measures or layer.is_loss:
        return "`minicaffe deploy` takes it out"
    names = ",".join(blobs_before(net, node))
    return (
        f"`minicaffe deploy --until {names}` ends the net before it; the torch engine "
        "(engine='torch') runs it by numpy"
    )
