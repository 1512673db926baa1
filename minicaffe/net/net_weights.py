"""What a ``Net`` does with its parameters as a whole: shares, reads and writes them."""

from __future__ import annotations

import os
from typing import Any

from minicaffe.arguments import file_name, shown
from minicaffe.errors import ArgumentError
from minicaffe.net import twins
from minicaffe.net.node import Node
from minicaffe.net.params import LearnableParam, share_parameters
from minicaffe.net.turn import Turn, in_turn
from minicaffe.weights import caffemodel as weights
from minicaffe.weights.hdf5 import load_hdf5, save_hdf5

_FILE = "the file"


class NetWeights:
    """The methods of :class:`minicaffe.Net` for parameters and their files."""

    nodes: list[Node]
    turn: Turn
    shared_params: dict[tuple[str, int], LearnableParam]
    path: str | None
    _told_of_twins = False

    @in_turn
    def share_with(self, other: NetWeights) -> None:
        """Use another net's parameters wherever a layer of the same name is in both.

        Raises:
            ShapeError: such a layer has other parameters there.
            ArgumentError: this is no net.
        """
        if not isinstance(other, NetWeights):
            raise ArgumentError(f"a net to share with is expected, not {shown(other)}")
        self.warn_of_twins(other)
        share_parameters(self.nodes, other.nodes)

    def warn_of_twins(self, other: NetWeights) -> None:
        """Say, once, which layers would be parted from those that they share parameters with."""
        if not self._told_of_twins:
            self._told_of_twins = True
            twins.warn(twins.parted(self.nodes, self.shared_params, other.nodes), self.path)

    @in_turn
    def copy_from(self, path: str | os.PathLike[str]) -> None:
        """Copy trained layers by name from a ``.caffemodel`` or ``.caffemodel.h5``."""
        weights.load_weights(self, file_name(path, _FILE))

    @in_turn
    def copy_from_proto(self, param: Any, path: str | None = None) -> None:
        """Copy trained layers by name from a ``NetParameter``."""
        weights.copy_trained_layers(self, param, path)

    @in_turn
    def to_proto(self, write_diff: bool = False) -> Any:
        """The net with its parameters, as a ``NetParameter``."""
        return weights.net_to_proto(self, write_diff)

    @in_turn
    def save(self, path: str | os.PathLike[str], write_diff: bool = False) -> None:
        """Write a ``.caffemodel`` that Caffe reads."""
        weights.save_caffemodel(self, file_name(path, _FILE), write_diff)

    @in_turn
    def save_hdf5(self, path: str | os.PathLike[str], write_diff: bool = False) -> None:
        """Write the parameters as HDF5 in Caffe's layout."""
        save_hdf5(self, file_name(path, _FILE), write_diff)

    @in_turn
    def load_hdf5(self, path: str | os.PathLike[str]) -> None:
        """Copy trained layers by name from HDF5."""
        load_hdf5(self, file_name(path, _FILE))
