"""Caffe's messages: the schema, reading and writing its files, upgrades of old formats."""

from __future__ import annotations

import importlib
from typing import Any


def __getattr__(name: str) -> Any:
    """``proto.caffe_pb2`` after no more than ``import minicaffe``, as with pycaffe."""
    if name == "caffe_pb2":
        return importlib.import_module("minicaffe.proto.caffe_pb2")
    raise AttributeError(f"module 'minicaffe.proto' has no attribute '{name}'")
