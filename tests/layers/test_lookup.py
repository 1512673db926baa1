"""A built-in layer is found by its file's name, and only that file is imported."""

from __future__ import annotations

import subprocess
import sys

import pytest

from minicaffe.errors import GraphError
from minicaffe.layer import Layer, find_layer_class, layer_class, register


def test_a_type_imports_its_file_alone() -> None:
    code = (
        "import sys; from minicaffe.layer import layer_class; cls = layer_class('InnerProduct');"
        "print(cls.__module__, 'minicaffe.layers.recurrent.lstm' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "minicaffe.layers.common.inner_product False\n"


@pytest.mark.parametrize("name", ["relu", "NeuronLayer", "Geometry", "Inner_Product", "sums"])
def test_the_name_of_a_file_is_no_type(name: str) -> None:
    assert find_layer_class(name) is Layer
    with pytest.raises(GraphError, match=f"unknown layer type '{name}'"):
        layer_class(name)


def test_a_built_in_type_is_taken_before_it_is_imported() -> None:
    code = (
        "from minicaffe.layer import Layer, register\n"
        "class Own(Layer): pass\n"
        "try:\n    register('LSTM')(Own)\nexcept ValueError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "layer type LSTM is registered twice\n"


def test_a_type_of_ones_own_is_found() -> None:
    @register("LookedUp")
    class Own(Layer):
        """Of this test."""

    assert layer_class("LookedUp") is Own


def test_an_import_that_was_interrupted_is_made_again() -> None:
    code = (
        "import sys; from minicaffe.layer import layer_class; first = layer_class('ReLU');"
        "del sys.modules['minicaffe.layers.activation.relu'];"
        "from minicaffe.layers.activation.relu import ReLU;"
        "print(ReLU is first, layer_class('ReLU') is ReLU)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False True\n"
