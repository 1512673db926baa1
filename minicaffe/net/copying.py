"""Copies of nets and blobs: what ``pickle`` and ``copy.deepcopy`` take along."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from minicaffe.net.layer_states import LayerStates, from_json, layer_states, restore_layer_states
from minicaffe.options import RunKeywords
from minicaffe.proto import caffe_pb2

if TYPE_CHECKING:
    from minicaffe.net.net import Net


class Options(RunKeywords, total=False):
    """The keywords that a net is built with once more."""

    dtype: np.dtype
    path: str | None


def serialized(param: caffe_pb2.NetParameter) -> bytes:
    """A network, without weights that its file may hold, to build it from once more."""
    bare = caffe_pb2.NetParameter()
    bare.CopyFrom(param)
    for layer in bare.layer:
        del layer.blobs[:]
    for old in bare.layers:
        del old.blobs[:]
    found: bytes = bare.SerializeToString()
    return found


def parts(net: Net, network: bytes, added: dict[str, object]) -> tuple[object, ...]:
    """What :func:`rebuilt` makes an equal net of.

    Args:
        net: to copy.
        network: what it was built from, see :func:`serialized`.
        added: the attributes that a program has given it.
    """
    return (
        type(net),
        network,
        Options(dtype=net.dtype, path=net.path, **net.options.keywords()),
        [[blob.data for blob in node.layer.blobs] for node in net.nodes],
        {name: net.blobs[name].data for name in net.inputs},
        layer_states(net),
        added,
    )


def rebuilt(
    cls: type[Net],
    network: bytes,
    options: Options,
    parameters: list[list[np.ndarray]],
    inputs: dict[str, np.ndarray],
    states: LayerStates,
    added: dict[str, object],
) -> Net:
    """The net of :func:`parts`: built once more, then brought to the same values.

    Args:
        network: the net's text, see :func:`serialized`.
        options: the keywords that it was built with.
        parameters: the values of each layer's parameters.
        inputs: the values of its inputs, which give them their shapes.
        states: what its layers hold.
        added: attributes that a program has given it.

    Raises:
        MinicaffeError: what building a net raises; files that it reads must be there.
    """
    from minicaffe.net.net import Net

    net = cls.__new__(cls)
    param = caffe_pb2.NetParameter.FromString(network)
    Net.__init__(net, param, param.state.phase, param.state.level, seed=0, **options)
    for node, arrays in zip(net.nodes, parameters, strict=True):
        for blob, values in zip(node.layer.blobs, arrays, strict=True):
            blob.data[...] = values
    before = [blob.shape for blob in net.blobs.values()]
    for name, values in inputs.items():
        net.blobs[name].reshape(*values.shape)
    if before != [blob.shape for blob in net.blobs.values()]:
        net.reshape()
    for name, values in inputs.items():
        net.blobs[name].data[...] = values
    restore_layer_states(net, cast(LayerStates, from_json(states)), net.path or net.name)
    vars(net).update(added)
    return net
