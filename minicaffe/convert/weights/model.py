"""What parameters a prototxt's layers have, without their data or weights."""

from __future__ import annotations

from dataclasses import dataclass

from minicaffe.convert.weights.layers import blob_names
from minicaffe.errors import GraphError
from minicaffe.layers.normalization.batch_norm import BatchNorm, settled_weight
from minicaffe.net.filter import filter_net, set_state
from minicaffe.net.net import TRAIN
from minicaffe.net.summary import built_without_data
from minicaffe.proto.io import read_net

#: A parameter: the name of its layer, and its number there.
Parameter = tuple[str, int]


@dataclass(frozen=True)
class ModelLayer:
    """A layer that has parameters.

    Attributes:
        name, type: the layer's.
        shapes: of its parameters.
        blob_names: what these are called.
        weight_sum: what BatchNorm's statistics count in the long run, 1 / (1 -
            moving_average_fraction); 1 for other layers.
    """

    name: str
    type: str
    shapes: tuple[tuple[int, ...], ...]
    blob_names: tuple[str, ...]
    weight_sum: float = 1.0


@dataclass(frozen=True)
class Model:
    """The layers of a net that have parameters.

    Attributes:
        path: the prototxt.
        layers: by name; of several layers of one name the first, as weights are copied.
        shared: for each parameter that is another layer's, that one.
    """

    path: str
    layers: dict[str, ModelLayer]
    shared: dict[Parameter, Parameter]


def read_model(path: str) -> Model:
    """What parameters the layers of a prototxt have, in phase TRAIN.

    No file that it names need be there, as :func:`minicaffe.net.summary.summarize_net` does it.

    Raises:
        GraphError: the shapes of its data are not known.
        MinicaffeError: what reading a net raises.
    """
    param = read_net(path)
    set_state(param, TRAIN, 0, ())
    notes: list[str] = []
    builder = built_without_data(filter_net(param), param, path, notes)
    if builder is None:
        raise GraphError(
            f"the shapes of its parameters are not known: {'; '.join(notes)}. A deploy net "
            "(`minicaffe deploy`) says the shape of its input",
            path=path,
        )
    layers: dict[str, ModelLayer] = {}
    for node in builder.nodes:
        blobs = node.layer.blobs
        names = blob_names(node.layer.type, [blob.count for blob in blobs])
        total = 1.0
        if isinstance(node.layer, BatchNorm):
            total = settled_weight(node.layer.moving_average_fraction)
        shapes = tuple(blob.shape for blob in blobs)
        found = ModelLayer(node.name, node.layer.type, shapes, names, total)
        if shapes:
            layers.setdefault(node.name, found)
        node.layer.close()
    shared = {
        where: (owner.layer_name, owner.index) for where, owner in builder.params.shared.items()
    }
    return Model(path, layers, shared)
