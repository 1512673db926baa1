"""Weights without their nets: from one format to another, renamed, and operated on."""

from minicaffe.convert.weights.between import convert_weights
from minicaffe.convert.weights.layers import LayerWeights, read_layers, write_layers

__all__ = ["LayerWeights", "convert_weights", "read_layers", "write_layers"]
