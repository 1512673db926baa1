"""The networks in ``models/`` as tests need them: with inputs for data, with weights or without."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

from minicaffe import TEST, Net
from minicaffe.proto.io import read_net
from minicaffe.zoo import read_facts

ROOT = Path(__file__).parents[1]
FOLDERS = sorted(path.parent for path in ROOT.glob("models/*/deploy.prototxt"))
#: Networks that find objects, by prior boxes or by regions; the others name the one that an image
#: shows.
DETECTORS = [
    path
    for path in FOLDERS
    if re.search("DetectionOutput|ROIPooling", (path / "deploy.prototxt").read_text())
    or path.name.startswith("mtcnn")
]
NETS = sorted(
    path for path in ROOT.glob("models/*/train_val*.prototxt") if path.parent not in DETECTORS
)
SOLVERS = sorted(
    path for path in ROOT.glob("models/*/solver*.prototxt") if path.parent not in DETECTORS
)


def short(path: Path) -> str:
    """What a test calls a file or folder in ``models/``."""
    return str(path.relative_to(ROOT / "models"))


def front_matter(folder: Path) -> dict[str, Any]:
    """The facts at the beginning of a readme."""
    return read_facts(folder / "readme.md")


def for_imagenet(folder: Path) -> bool:
    """Whether a network has a thousand classes, and too many weights to fill in every test."""
    return front_matter(folder)["dataset"].startswith("ImageNet")


def labels_pixels(folder: Path) -> bool:
    """Whether a network gives every pixel a class, and so learns from images of labels."""
    return front_matter(folder)["dataset"].startswith(("ADE20K", "CamVid", "PASCAL"))


def without_data(path: Path, shape: tuple[int, ...], batch: int = 3) -> Any:
    """The network with inputs in place of its data layers, whose files may not be there."""
    param = read_net(str(path))
    for layer in param.layer:
        if layer.type in ("Data", "DenseImageData", "ImageSegData"):
            labels = (batch,) if layer.type == "Data" else (batch, 1, *shape[1:])
            layer.type = "Input"
            for field in ("data", "dense_image_data", "image_data", "transform"):
                layer.ClearField(f"{field}_param")
            for size in ((batch, *shape), labels):
                layer.input_param.shape.add().dim.extend(size)
    return param


@cache
def unfilled(path: Path, phase: int = TEST) -> Net:
    """A net to look at, not to run: no weight or blob has memory yet, not even a large one."""
    with mock.patch("minicaffe.layer.fill"):
        if path.name == "deploy.prototxt":
            return Net(str(path), phase, seed=1, engine="numpy")
        shape = unfilled(path.with_name("deploy.prototxt")).blobs["data"].shape[1:]
        return Net(without_data(path, shape), phase, seed=1, engine="numpy")


def as_if_trained(net: Net) -> None:
    """Give BatchNorm statistics of mean 0 and variance 1; without any it would divide by ~0."""
    for name, blobs in net.params.items():
        if net.layer_dict[name].type == "BatchNorm":
            for blob, value in zip(blobs, (0, 1, 1), strict=True):
                blob.data[...] = value
        if net.layer_dict[name].type == "BN" and len(blobs) == 4:
            blobs[3].data[...] = 1


def multiply_adds(net: Net) -> int:
    """Products of weights with values, for one image."""
    total = 0
    for name, blobs in net.params.items():
        top = net.blobs[net.top_names[name][0]]
        if net.layer_dict[name].type == "Convolution":
            total += top.count // top.shape[0] * blobs[0].count // blobs[0].shape[0]
        elif net.layer_dict[name].type == "Deconvolution":
            bottom = net.blobs[net.bottom_names[name][0]]
            total += bottom.count // bottom.shape[0] * blobs[0].count // blobs[0].shape[0]
        elif net.layer_dict[name].type == "InnerProduct":
            total += blobs[0].count
    return total
