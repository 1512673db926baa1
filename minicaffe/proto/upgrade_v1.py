"""V1 nets: ``layers { type: CONVOLUTION blobs_lr: 1 }``, Caffe's format of 2014."""

from __future__ import annotations

from typing import Any

from minicaffe.proto import caffe_pb2

_LayerType = caffe_pb2.V1LayerParameter.LayerType

#: V1's enum value → today's layer type, where it is not just the words in camel case.
_TYPES = {
    "NONE": "",
    "ABSVAL": "AbsVal",
    "ARGMAX": "ArgMax",
    "BN": "BN",
    "BNLL": "BNLL",
    "CONVOLUTION3D": "Convolution3D",
    "DECONVOLUTION3D": "Deconvolution3D",
    "DENSE_CRF": "DenseCRF",
    "DICE_LOSS": "DiceCoefLoss",
    "ELTWISE_PRODUCT": "EltwiseProduct",
    "HDF5_DATA": "HDF5Data",
    "HDF5_OUTPUT": "HDF5Output",
    "LRN": "LRN",
    "LRN_MAP": "LRNMap",
    "MVN": "MVN",
    "POOLING3D": "Pooling3D",
    "RELU": "ReLU",
    "RELU6": "ReLU6",
    "ROIPOOLING": "ROIPooling",
    "ROI_POOLING": "ROIPooling",
    "SELU": "SeLu",
    "SELU_DROPOUT": "SeLuDropout",
    "SOFTMAX_LOSS": "SoftmaxWithLoss",
    "TANH": "TanH",
}

#: Data layers whose own fields once said how to transform the images.
DATA_PARAMS = {
    _LayerType.Value("DATA"): "data_param",
    _LayerType.Value("IMAGE_DATA"): "image_data_param",
    _LayerType.Value("WINDOW_DATA"): "window_data_param",
    _LayerType.Value("VIDEO_DATA"): "image_data_param",
}
TRANSFORM_FIELDS = ("scale", "mean_file", "crop_size", "mirror")

#: V1's per-blob lists → the field of ``ParamSpec`` that they fill.
_PARAM_LISTS = {
    "param": "name",
    "blob_share_mode": "share_mode",
    "blobs_lr": "lr_mult",
    "weight_decay": "decay_mult",
}


def upgrade_v1_net(param: Any) -> None:
    """Move every V1 layer of the net into ``layer``."""
    for old in param.layers:
        _upgrade_layer(old, param.layer.add())
    param.ClearField("layers")


def layer_type(v1_type: int) -> str:
    """Today's name of a V1 layer type: ``INNER_PRODUCT`` is "InnerProduct"."""
    name = _LayerType.Name(v1_type)
    if name in _TYPES:
        return _TYPES[name]
    return "".join(word.capitalize() for word in name.split("_"))


def _upgrade_layer(old: Any, new: Any) -> None:
    """Fill ``new`` with what a V1 layer says; most fields kept their names."""
    for field, value in old.ListFields():
        name = field.name
        if name == "type":
            new.type = layer_type(value)
            if value == _LayerType.Value("CROP"):
                new.crop_param.align = True  # it had no settings
        elif name in _PARAM_LISTS:
            _fill_specs(new.param, _PARAM_LISTS[name], value)
        elif hasattr(value, "extend"):
            getattr(new, name).extend(value)
        elif field.message_type is not None:
            getattr(new, name).CopyFrom(value)
        else:
            setattr(new, name, value)


def _fill_specs(specs: Any, field: str, values: Any) -> None:
    """Set one field of the first ``ParamSpec`` of a layer, one for each value."""
    while len(specs) < len(values):
        specs.add()
    for spec, value in zip(specs, values, strict=False):
        setattr(spec, field, value)


def needs_data_upgrade(param: Any) -> bool:
    """Whether a V1 data layer has transformation fields of its own."""
    return any(
        getattr(layer, name).HasField(field)
        for layer, name in _data_layers(param)
        for field in TRANSFORM_FIELDS
    )


def upgrade_data_transformation(param: Any) -> None:
    """Move the transformation fields of V1 data layers into ``transform_param``.

    As in Caffe every data layer of the net then has both messages, empty or not.
    """
    for layer, name in _data_layers(param):
        data, transform = getattr(layer, name), layer.transform_param
        data.SetInParent()
        transform.SetInParent()
        for field in TRANSFORM_FIELDS:
            if data.HasField(field):
                setattr(transform, field, getattr(data, field))
                data.ClearField(field)


def _data_layers(param: Any) -> list[tuple[Any, str]]:
    """The V1 layers that read images, with the name of their parameters."""
    return [(layer, DATA_PARAMS[layer.type]) for layer in param.layers if layer.type in DATA_PARAMS]
