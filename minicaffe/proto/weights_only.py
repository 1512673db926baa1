"""Read a weight file even if a fork of Caffe wrote it."""

from __future__ import annotations

import logging
from typing import Any

from google.protobuf.message import DecodeError

from minicaffe.proto import caffe_pb2

logger = logging.getLogger("minicaffe")


def parse_net_binary(data: bytes, path: str | None = None) -> Any:
    """The ``NetParameter`` of a .caffemodel, not upgraded yet.

    Forks of Caffe gave one field number different meanings, so that their files can contain
    what no ``NetParameter`` may. Of such a file only what weights need is read: names, types,
    bottoms, tops and blobs of the layers.

    Args:
        data: the contents of the file.
        path: its name, for messages.

    Raises:
        google.protobuf.message.DecodeError: the weights cannot be read either.
    """
    try:
        net = caffe_pb2.NetParameter.FromString(data)
        if net.IsInitialized():
            return net
    except DecodeError:
        pass
    weights = caffe_pb2.WeightsOfNet.FromString(data)
    weights.DiscardUnknownFields()
    logger.info("%s is of a fork of Caffe; only its weights are read", path or "the weight file")
    return caffe_pb2.NetParameter.FromString(weights.SerializeToString())
