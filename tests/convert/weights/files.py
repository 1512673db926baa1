"""A small net with every kind of parameters that weights are named for, and its weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import minicaffe
from minicaffe.net.net import TEST, Net

NET = """
name: "small"
layer { name: "data" type: "Input" top: "data"
  input_param { shape { dim: 2 dim: 3 dim: 6 dim: 5 } } }
layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
  convolution_param { num_output: 4 kernel_size: 3 weight_filler { type: "gaussian" std: 1 }
    bias_filler { type: "gaussian" std: 1 } } }
layer { name: "bn1" type: "BatchNorm" bottom: "conv1" top: "bn1"
  batch_norm_param { moving_average_fraction: 0.75 } }
layer { name: "scale1" type: "Scale" bottom: "bn1" top: "bn1"
  scale_param { bias_term: true filler { type: "gaussian" std: 1 } } }
layer { name: "relu1" type: "PReLU" bottom: "bn1" top: "bn1" }
layer { name: "fc" type: "InnerProduct" bottom: "bn1" top: "fc" param { name: "w" }
  param { name: "b" }
  inner_product_param { num_output: 5 weight_filler { type: "gaussian" std: 1 } } }
layer { name: "fc_twin" type: "InnerProduct" bottom: "bn1" top: "twin" param { name: "w" }
  param { name: "b" } inner_product_param { num_output: 5 } }
"""  # fmt: skip

#: What the parameters are called that are not shared.
NAMES = [
    "conv1.weight", "conv1.bias", "bn1.running_mean", "bn1.running_var", "bn1.factor",
    "scale1.weight", "scale1.bias", "relu1.weight", "fc.weight", "fc.bias",
]  # fmt: skip


def write_net(folder: Path) -> Net:
    """The net with statistics, its prototxt and both forms of its weights, in the folder."""
    (folder / "net.prototxt").write_text(NET)
    net = minicaffe.Net(str(folder / "net.prototxt"), TEST, seed=3, engine="numpy")
    random = np.random.default_rng(4)
    for blob in net.params["bn1"][:2]:
        blob.data[...] = random.uniform(1, 2, blob.shape)
    net.params["bn1"][2].data[...] = 2.5
    net.save(str(folder / "w.caffemodel"))
    net.save_hdf5(str(folder / "w.caffemodel.h5"))
    return net


def numbers(path: Path | str) -> dict[str, list[np.ndarray]]:
    """The parameters of the net with weights of a file."""
    net = minicaffe.Net(str(Path(path).parent / "net.prototxt"), TEST, engine="numpy")
    net.copy_from(str(path))
    return {name: [blob.data.copy() for blob in blobs] for name, blobs in net.params.items()}
