"""What a data layer does to images, as layers of the net."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from minicaffe.convert.deploy import deploy_net
from minicaffe.convert.preprocess import add_preprocessing
from minicaffe.errors import GraphError
from minicaffe.net.net import TEST, Net
from minicaffe.proto import caffe_pb2
from minicaffe.proto.text_format import parse
from minicaffe.weights.blob_proto import write_blob

TRAINED = """
layer {{ name: "data" type: "ImageData" top: "data" top: "label"
        image_data_param {{ source: "none.txt" }} transform_param {{ {settings} }} }}
layer {{ name: "abs" type: "AbsVal" bottom: "data" top: "abs" }}
layer {{ name: "ip" type: "InnerProduct" bottom: "abs" top: "ip"
        inner_product_param {{ num_output: 2 }} }}
layer {{ name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }}
"""


def transformed(settings: str) -> tuple[np.ndarray, np.ndarray]:
    """Pixels, and the blob "data" that the net makes of them."""
    param = caffe_pb2.NetParameter()
    parse(TRAINED.format(settings=settings), param)
    deployed = deploy_net(param, {"data": (2, 3, 4, 5)}).param
    added = add_preprocessing(deployed, param)
    net = Net(added.param, TEST)
    added.fill(net)
    assert net.inputs == ["data_pixels"]
    pixels = np.random.default_rng(0).integers(0, 256, (2, 3, 4, 5)).astype(np.float32)
    net.forward(["data"], data_pixels=pixels)
    return pixels, net.blobs["data"].data


def test_a_mean_for_each_channel_and_a_scale() -> None:
    settings = "mean_value: 104 mean_value: 117 mean_value: 123 scale: 0.017"
    pixels, data = transformed(settings)
    mean = np.array([104, 117, 123]).reshape(1, 3, 1, 1)
    assert np.allclose(data, (pixels - mean) * 0.017, atol=1e-5)


@pytest.mark.parametrize(
    ("settings", "mean", "factor"),
    [("mean_value: 128", 128, 1), ("scale: 0.00390625", 0, 1 / 256), ("mirror: true", 0, 1)],
)
def test_one_of_both_or_none(settings: str, mean: float, factor: float) -> None:
    pixels, data = transformed(settings)
    assert np.allclose(data, (pixels - mean) * factor, atol=1e-5)


def test_the_middle_of_a_mean_file(tmp_path: Path) -> None:
    mean = np.random.default_rng(1).uniform(90, 140, (1, 3, 8, 7)).astype(np.float32)
    path = tmp_path / "mean.binaryproto"
    write_blob(path, mean, legacy=True)
    pixels, data = transformed(f'mean_file: "{path}"')
    assert np.allclose(data, pixels - mean[:, :, 2:6, 1:6], atol=1e-4)


def test_without_a_data_layer_nothing_is_known() -> None:
    param = caffe_pb2.NetParameter()
    parse(
        """layer { name: "data" type: "Input" top: "data"
                   input_param { shape { dim: 1 dim: 3 dim: 4 dim: 5 } } }
           layer { name: "abs" type: "AbsVal" bottom: "data" top: "abs" }""",
        param,
    )
    with pytest.raises(GraphError, match="no data layer has a transform_param"):
        add_preprocessing(param, param)
