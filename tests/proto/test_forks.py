"""The tables of what forks of Caffe added."""

from __future__ import annotations

import pytest

from minicaffe.layer import layer_types
from minicaffe.proto import caffe_pb2, forks


@pytest.mark.parametrize(
    ("layer_type", "fork"),
    [
        ("CPMData", "OpenPose"),
        ("ImageLabelData", "caffe-jacinto"),
        ("VoxelCustomLoss", "C3D"),
        ("MaskPooling", "MNC"),
        ("Mish", "YOLO ports"),
        ("DetectNetTransformation", "NVCaffe"),
        ("Convolution", None),
        ("Convolutoin", None),
    ],
)
def test_layers(layer_type, fork):
    assert forks.fork_of_layer(layer_type) == fork


@pytest.mark.parametrize(
    ("message", "field", "fork"),
    [
        ("LayerParameter", "engine", "Intel Caffe"),
        ("ConvolutionParameter", "relu", "Intel Caffe"),
        ("DropoutParameter", "engine", "NVCaffe"),
        ("SolverParameter", "warmup_iter", "Intel Caffe, jolibrain's Caffe"),
        ("SolverParameter", "sparsity_threshold", "caffe-jacinto"),
        ("LayerParameter", "image_label_data_param", "caffe-jacinto"),
        ("ResizeParameter", "max_angle", None),  # of a message that only forks have
        ("LayerParameter", "roi_warping_param", "MNC"),
        ("AccuracyParameter", "min_is_better", "happynear's Caffe"),
        ("ConvolutionParameter", "engine", None),
        ("LayerParameter", "name", None),
    ],
)
def test_fields(message, field, fork):
    assert forks.fork_of_field(message, field) == fork


def test_values():
    assert forks.fork_of_value("MKLDNN") == "Intel Caffe"
    assert forks.fork_of_value("CUDNN") is None


def test_no_type_of_ours_is_called_a_forks():
    """What has become a layer here leaves the table; its docstring says whose it is."""
    assert set(forks.FORK_LAYERS).isdisjoint(layer_types())


def test_nothing_is_given_to_two_forks():
    layers = " ".join(forks.LAYERS.values()).split()
    fields = [
        f"{message}.{name}"
        for messages in forks.FIELDS.values()
        for message, names in messages.items()
        for name in names.split()
    ]
    assert len(layers) == len(forks.FORK_LAYERS)
    assert len(fields) == len(forks.FORK_FIELDS)


def test_fields_are_of_messages_that_exist():
    for name in forks.FORK_FIELDS:
        assert name.split(".")[0] in caffe_pb2.DESCRIPTOR.message_types_by_name
