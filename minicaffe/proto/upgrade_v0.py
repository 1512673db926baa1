"""V0 nets: ``layers { layer { name: "conv1" type: "conv" } bottom: ... }``, Caffe of 2013.

All settings of all layer types were fields of one message. Padding was a layer of its own,
which the convolution or pooling after it now does itself.
"""

from __future__ import annotations

import logging
from typing import Any

from minicaffe.errors import GraphError, did_you_mean
from minicaffe.proto import caffe_pb2
from minicaffe.proto.upgrade_v1 import layer_type

logger = logging.getLogger("minicaffe")

#: V0's layer type → V1's, where it is not just the same word in capitals.
_TYPES = {
    "conv": "CONVOLUTION",
    "images": "IMAGE_DATA",
    "innerproduct": "INNER_PRODUCT",
    "pool": "POOLING",
}
_SAME_TYPES = (
    "accuracy bnll concat data dropout euclidean_loss flatten hdf5_data hdf5_output im2col"
    " infogain_loss lrn multinomial_logistic_loss relu sigmoid softmax softmax_loss split tanh"
    " window_data"
)
_TYPES.update({name: name.upper() for name in _SAME_TYPES.split()})

#: V0's layer type → where today's settings of that type are.
_PARAMS = {
    "concat": "concat_param",
    "conv": "convolution_param",
    "data": "data_param",
    "dropout": "dropout_param",
    "hdf5_data": "hdf5_data_param",
    "images": "image_data_param",
    "infogain_loss": "infogain_loss_param",
    "innerproduct": "inner_product_param",
    "lrn": "lrn_param",
    "pool": "pooling_param",
    "window_data": "window_data_param",
}

#: V0's field → today's name, and the layer types that have it.
_FIELDS = {
    "num_output": ("num_output", "conv innerproduct"),
    "biasterm": ("bias_term", "conv innerproduct"),
    "weight_filler": ("weight_filler", "conv innerproduct"),
    "bias_filler": ("bias_filler", "conv innerproduct"),
    "pad": ("pad", "conv pool"),
    "kernelsize": ("kernel_size", "conv pool"),
    "group": ("group", "conv"),
    "stride": ("stride", "conv pool"),
    "pool": ("pool", "pool"),
    "dropout_ratio": ("dropout_ratio", "dropout"),
    "local_size": ("local_size", "lrn"),
    "alpha": ("alpha", "lrn"),
    "beta": ("beta", "lrn"),
    "k": ("k", "lrn"),
    "source": ("source", "data hdf5_data images window_data infogain_loss"),
    "batchsize": ("batch_size", "data hdf5_data images window_data"),
    "rand_skip": ("rand_skip", "data images"),
    "shuffle_images": ("shuffle", "images"),
    "new_height": ("new_height", "images"),
    "new_width": ("new_width", "images"),
    "concat_dim": ("concat_dim", "concat"),
    "det_fg_threshold": ("fg_threshold", "window_data"),
    "det_bg_threshold": ("bg_threshold", "window_data"),
    "det_fg_fraction": ("fg_fraction", "window_data"),
    "det_context_pad": ("context_pad", "window_data"),
    "det_crop_mode": ("crop_mode", "window_data"),
}

#: V0's field → the field of ``transform_param``, which any layer may have.
_TRANSFORM_FIELDS = {
    "scale": "scale",
    "meanfile": "mean_file",
    "cropsize": "crop_size",
    "mirror": "mirror",
}


def has_v0_layers(param: Any) -> bool:
    """Whether any layer of the net is in the oldest format."""
    return any(layer.HasField("layer") for layer in param.layers)


def upgrade_v0_net(param: Any, path: str | None = None) -> None:
    """Turn the net's V0 layers into V1 layers, with padding layers folded in.

    As in Caffe only name, inputs and force_backward of the net itself are kept.

    Raises:
        GraphError: an unknown layer type or bottom, or a padding layer before something
            that is neither a convolution nor a pooling.
    """
    upgraded = [_upgrade_layer(layer, path) for layer in _fold_padding(param)]
    for field in ("layers", "input_shape", "state", "debug_info"):
        param.ClearField(field)
    param.layers.extend(upgraded)


def _fold_padding(param: Any) -> list[Any]:
    """The layers of the net less its padding layers, whose pad the next layer takes over."""
    source: dict[str, Any] = dict.fromkeys(param.input)  # blob → the layer it comes from
    kept = []
    for layer in param.layers:
        if layer.layer.type != "padding":
            kept.append(layer)
        padding = {}
        for j, blob in enumerate(layer.bottom):
            if blob not in source:
                hint = did_you_mean(blob, source)
                raise _error(layer, f"no layer before it produces bottom blob '{blob}'{hint}")
            if source[blob] is not None and source[blob].layer.type == "padding":
                padding[j] = source[blob]
        for j, pad in padding.items():
            _check_padding(layer, pad)
            layer.layer.pad = pad.layer.pad
            layer.bottom[j] = pad.bottom[0]
        source.update(dict.fromkeys(layer.top, layer))
    return kept


def _check_padding(layer: Any, pad: Any) -> None:
    """What Caffe demands of a padding layer and of the layer that takes it over."""
    if layer.layer.type not in ("conv", "pool"):
        raise _error(layer, f"reads padding layer '{pad.layer.name}', only conv and pool may")
    if len(layer.bottom) != 1:
        raise _error(layer, f"has {len(layer.bottom)} bottoms after a padding layer, expected 1")
    if len(pad.bottom) != 1 or len(pad.top) != 1:
        raise _error(
            pad,
            f"a padding layer has one bottom and one top, not {len(pad.bottom)} and {len(pad.top)}",
        )


def _upgrade_layer(old: Any, path: str | None) -> Any:
    """The V1 layer that says what a V0 layer says."""
    v0 = old.layer
    new = caffe_pb2.V1LayerParameter(bottom=old.bottom, top=old.top)
    if old.HasField("source_line"):
        new.source_line = old.source_line
    for field, value in v0.ListFields():
        name = field.name
        if name == "name":
            new.name = value
        elif name == "type":
            new.type = _v1_type(old)
        elif name in ("blobs", "blobs_lr", "weight_decay"):
            getattr(new, name).extend(value)
        elif name in _TRANSFORM_FIELDS:
            setattr(new.transform_param, _TRANSFORM_FIELDS[name], value)
        elif name in _FIELDS and v0.type in _FIELDS[name][1].split():
            _put(getattr(new, _PARAMS[v0.type]), _FIELDS[name][0], value)
        elif name == "hdf5_output_param" and v0.type == "hdf5_output":
            new.hdf5_output_param.CopyFrom(value)
        elif name in _FIELDS or name == "hdf5_output_param":
            where = _error(old, f"{name} does not belong to this type and is ignored")
            logger.warning("%s", where.locate(path=path, line=where.line))
    if v0.HasField("subtraction"):
        new.transform_param.mean_value.append(v0.subtraction / (v0.scale or 1))
    return new


def _v1_type(layer: Any) -> caffe_pb2.V1LayerParameter.LayerType:
    """The number of the V1 type that a V0 layer's type has become."""
    old = layer.layer.type
    if old not in _TYPES:
        raise _error(layer, f"unknown V0 layer type '{old}'{did_you_mean(old, _TYPES)}")
    number: caffe_pb2.V1LayerParameter.LayerType = getattr(caffe_pb2.V1LayerParameter, _TYPES[old])
    return number


def layer_type_of_v0(old: str) -> str:
    """Today's name of a V0 layer type: ``conv`` is "Convolution"; "" for one that is unknown."""
    if old not in _TYPES:
        return ""
    return layer_type(getattr(caffe_pb2.V1LayerParameter, _TYPES[old]))


def _put(message: Any, field: str, value: Any) -> None:
    """Set a field, whatever its kind; one that may be repeated today gets its only value."""
    target = getattr(message, field)
    if hasattr(target, "append"):
        target.append(value)
    elif hasattr(target, "CopyFrom"):
        target.CopyFrom(value)
    else:
        setattr(message, field, value)


def _error(layer: Any, message: str) -> GraphError:
    """An error that names the layer and its line."""
    return GraphError(
        message,
        line=layer.source_line or None,
        layer=layer.layer.name,
        layer_type=layer.layer.type,
    )
