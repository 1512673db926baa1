"""The memory of a net that no one holds any more is free at once."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from minicaffe import TEST, TRAIN, Net

LARGE_NET = """
layer { name: "data" type: "Input" top: "data"
  input_param { shape { dim: 2 dim: 3 dim: 300 dim: 301 } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
  convolution_param { num_output: 4 kernel_size: 3 weight_filler { type: "xavier" } } }
layer { name: "bn" type: "BatchNorm" bottom: "conv" top: "bn" }
layer { name: "relu" type: "ReLU" bottom: "bn" top: "relu" }
layer { name: "ip" type: "InnerProduct" bottom: "relu" top: "ip"
  inner_product_param { num_output: 2 weight_filler { type: "xavier" } } }
"""


@pytest.fixture
def without_garbage_collector() -> Iterator[None]:
    """Only reference counts free objects."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("phase", [TRAIN, TEST])
def test_a_large_net_is_freed_with_the_last_reference(
    phase: int, engine: str, tmp_path: Path, without_garbage_collector: None
) -> None:
    """Its plan refers to itself, and many such nets may be made one after the other."""
    (tmp_path / "net.prototxt").write_text(LARGE_NET)
    net = Net(str(tmp_path / "net.prototxt"), phase, engine=engine)
    net.forward(data=np.ones((2, 3, 300, 301)))
    arrays = [weakref.ref(blob.data_memory.raw) for blob in net.blobs.values()]
    layers = [weakref.ref(layer) for layer in net.layers]
    del net
    assert not any(item() is not None for item in (*arrays, *layers))


def test_what_is_still_referenced_of_a_net_stays(engine: str, tmp_path: Path) -> None:
    (tmp_path / "net.prototxt").write_text(LARGE_NET)
    net = Net(str(tmp_path / "net.prototxt"), TEST, seed=1, engine=engine)
    given = np.random.default_rng(1).normal(size=(2, 3, 300, 301))
    want = {name: net.blobs[name].data.copy() for name in net.forward(["conv", "bn"], data=given)}
    again = Net(str(tmp_path / "net.prototxt"), TEST, seed=1, engine=engine)
    again.forward(data=given)
    blobs = {name: again.blobs[name] for name in want}
    array, layer = again.blobs["relu"].data, again.layers[1]
    del again
    assert array.max() > 0
    assert layer.blobs[0].data.shape == (4, 3, 3, 3)
    for name, values in want.items():
        np.testing.assert_allclose(blobs[name].data, values, rtol=1e-4, atol=1e-5)
