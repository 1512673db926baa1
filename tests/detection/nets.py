"""A net that finds coloured squares: where they are can be told without it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from minicaffe import TEST, Net

#: Three rows of six places, 10 pixels each; class 1 is blue, 2 green, 3 red.
SQUARES = """
layer { name: "data" type: "Input" top: "data"
  input_param { shape { dim: 1 dim: 3 dim: 30 dim: 60 } } %s }
layer { name: "cells" type: "Pooling" bottom: "data" top: "cells"
  pooling_param { pool: AVE kernel_size: 10 stride: 10 } }
layer { name: "loc" type: "Convolution" bottom: "cells" top: "loc"
  convolution_param { num_output: 4 kernel_size: 1 } }
layer { name: "loc_perm" type: "Permute" bottom: "loc" top: "loc_perm"
  permute_param { order: 0 order: 2 order: 3 order: 1 } }
layer { name: "loc_flat" type: "Flatten" bottom: "loc_perm" top: "loc_flat" }
layer { name: "conf" type: "Convolution" bottom: "cells" top: "conf"
  convolution_param { num_output: 4 kernel_size: 1 } }
layer { name: "conf_perm" type: "Permute" bottom: "conf" top: "conf_perm"
  permute_param { order: 0 order: 2 order: 3 order: 1 } }
layer { name: "conf_rows" type: "Reshape" bottom: "conf_perm" top: "conf_rows"
  reshape_param { shape { dim: 0 dim: -1 dim: 4 } } }
layer { name: "prob" type: "Softmax" bottom: "conf_rows" top: "prob" softmax_param { axis: 2 } }
layer { name: "prob_flat" type: "Flatten" bottom: "prob" top: "prob_flat" }
layer { name: "priors" type: "PriorBox" bottom: "cells" bottom: "data" top: "priors"
  prior_box_param { min_size: 10 step: 10 clip: false variance: 0.1 } }
layer { name: "detection_out" type: "DetectionOutput"
  bottom: "loc_flat" bottom: "prob_flat" bottom: "priors" top: "detection_out"
  detection_output_param { num_classes: 4 code_type: CENTER_SIZE keep_top_k: 50
    confidence_threshold: 0.1 nms_param { nms_threshold: 0.45 top_k: 50 } } }
"""


def write_squares(folder: Path, transform: str = "") -> tuple[str, str]:
    """The net's files: class i has 30 · (channel i - ½) against 0 for the background."""
    (folder / "deploy.prototxt").write_text(SQUARES % transform)
    net = Net(str(folder / "deploy.prototxt"), TEST, seed=1)
    for name in ("loc", "conf"):
        for blob in net.params[name]:
            blob.data[...] = 0
    weights, bias = (blob.data for blob in net.params["conf"])
    for label in (1, 2, 3):
        weights[label, label - 1] = 30
        bias[label] = -15
    net.save(str(folder / "w.caffemodel"))
    return str(folder / "deploy.prototxt"), str(folder / "w.caffemodel")


def picture(*squares: tuple[int, int, int, int, int], size: tuple[int, int]) -> np.ndarray:
    """Black, height × width × 3, blue first, with squares: channel, xmin, ymin, xmax, ymax."""
    image = np.zeros((*size, 3), np.uint8)
    for channel, xmin, ymin, xmax, ymax in squares:
        image[ymin:ymax, xmin:xmax, channel] = 255
    return image
