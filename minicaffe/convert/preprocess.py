"""What a data layer does to images, as layers of the net that takes the images themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from minicaffe.data.data_transformer import DataTransformer
from minicaffe.errors import GraphError
from minicaffe.net.filter import filter_net
from minicaffe.net.net import TEST, Net
from minicaffe.proto import caffe_pb2


@dataclass(frozen=True)
class Preprocessing:
    """Added to the front of a net: y = (x - mean) · factor.

    Attributes:
        param: the ``NetParameter`` whose input ``BLOB_pixels`` holds pixels as they are read: 0 to
            255, in the order of channels that the data layer has (mostly blue, green, red).
        values: what the parameters of the added layers are, by layer.
    """

    param: caffe_pb2.NetParameter
    values: Mapping[str, np.ndarray]

    def fill(self, net: Net) -> None:
        """Give a net built from ``param`` these values."""
        for name, array in self.values.items():
            net.params[name][0].data[...] = array


def add_preprocessing(
    deployed: caffe_pb2.NetParameter, trained: caffe_pb2.NetParameter, path: str | None = None
) -> Preprocessing:
    """A net with what the data layer of another one does to its images.

    Args:
        deployed: the deploy net; it is left alone.
        trained: the net that it came from, with the data layer in phase TEST.
        path: the file that this came from, for messages.

    Raises:
        GraphError: no data layer has a ``transform_param``; or the net has no input of its name.
        DataError: the mean file cannot be read, or does not fit the input.
    """
    blob, transformer = _transformer(trained, path)
    param = caffe_pb2.NetParameter()
    param.CopyFrom(deployed)
    source = next((layer for layer in param.layer if blob in layer.top and not layer.bottom), None)
    if source is None:
        raise GraphError(f"--preprocess: the net has no input '{blob}'", path=path)
    place = list(source.top).index(blob)
    shape = tuple(source.input_param.shape[min(place, len(source.input_param.shape) - 1)].dim)
    source.top[place] = f"{blob}_pixels"
    added, values = _layers(blob, shape, transformer)
    index = list(param.layer).index(source) + 1
    rest = list(param.layer)[index:]
    del param.layer[index:]
    param.layer.extend([*added, *rest])
    return Preprocessing(param, values)


def _transformer(trained: caffe_pb2.NetParameter, path: str | None) -> tuple[str, DataTransformer]:
    """The first top of the data layer, and what transforms its images."""
    own = caffe_pb2.NetParameter()
    own.CopyFrom(trained)
    own.state.phase = caffe_pb2.TEST
    for layer in filter_net(own).layer:
        if layer.top and not layer.bottom and layer.HasField("transform_param"):
            rng = np.random.default_rng(0)
            return layer.top[0], DataTransformer(layer.transform_param, TEST, rng, np.float32)
    raise GraphError(
        "--preprocess: no data layer has a transform_param in phase TEST; give the prototxt that "
        "the net was trained with as --model",
        path=path,
    )


def _layers(
    blob: str, shape: tuple[int, ...], transformer: DataTransformer
) -> tuple[list[caffe_pb2.LayerParameter], dict[str, np.ndarray]]:
    """A Bias of -mean and a Scale of the factor, as far as they do something."""
    values: dict[str, np.ndarray] = {}
    added: list[caffe_pb2.LayerParameter] = []
    if transformer.mean is not None:
        layer = caffe_pb2.LayerParameter(name=f"{blob}_mean", type="Bias")
        mean = _fitted(transformer.mean, shape)
        layer.bias_param.num_axes = mean.ndim
        added.append(layer)
        values[layer.name] = -mean
    factor = np.asarray(transformer.factor, np.float32).reshape(-1)
    if np.any(factor != 1):
        layer = caffe_pb2.LayerParameter(name=f"{blob}_scale", type="Scale")
        added.append(layer)
        values[layer.name] = np.broadcast_to(factor, shape[1:2])
    if not added:
        added.append(caffe_pb2.LayerParameter(name=f"{blob}_as_it_is", type="Power"))
    for index, layer in enumerate(added):
        layer.bottom.append(blob if index else f"{blob}_pixels")
        layer.top.append(blob)
    return added, values


def _fitted(mean: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """One number a channel (C), or the middle of a mean image (C, H, W).

    Raises:
        GraphError: the mean is of another size than the input.
    """
    if mean.shape[1:] == (1, 1):
        return np.broadcast_to(mean.reshape(-1), shape[1:2])
    starts = [(n - wanted) // 2 for n, wanted in zip(mean.shape[1:], shape[2:], strict=True)]
    if min(starts) < 0 or mean.shape[0] != shape[1]:
        raise GraphError(
            f"--preprocess: the mean has shape {mean.shape}, the input {shape[1:]}; the mean has "
            "to be at least as large"
        )
    rows, columns = (slice(s, s + n) for s, n in zip(starts, shape[2:], strict=True))
    return mean[:, rows, columns]
