"""Limits: memory that layers take besides that of their blobs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import minicaffe
from minicaffe.errors import DataError, MemoryLimitError
from tests.test_limits import write


def test_the_columns_of_a_convolution_stay_within_the_limit(tmp_path: Path) -> None:
    text = """
layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 1 dim: 1 dim: 90 dim: 80 } } }
layer { name: "conv" type: "Convolution" bottom: "x" top: "y"
  convolution_param { num_output: 1 kernel_size: 40 } }
"""
    net = minicaffe.Net(write(tmp_path / "net.prototxt", text), engine="numpy", max_memory=2**20)
    with pytest.raises(MemoryLimitError, match=r"layer 'conv' .*the matrix of its windows takes"):
        net.forward()


@pytest.mark.parametrize("phase", [minicaffe.TRAIN, minicaffe.TEST])
def test_the_layouts_of_onednn_stay_within_the_limit(tmp_path: Path, phase: int) -> None:
    """Copies of blobs in layouts of its own count as much as the blobs."""
    from minicaffe.engines import why_unavailable

    if reason := why_unavailable("onednn"):
        pytest.skip(f"limits of memory on oneDNN: {reason}")
    text = """
layer { name: "in" type: "Input" top: "x"
  input_param { shape { dim: 2 dim: 32 dim: 90 dim: 80 } } }
layer { name: "conv" type: "Convolution" bottom: "x" top: "y"
  convolution_param { num_output: 16 kernel_size: 3 weight_filler { type: "xavier" } } }
layer { name: "pool" type: "Pooling" bottom: "y" top: "z" pooling_param { kernel_size: 3 } }
"""
    path = write(tmp_path / "net.prototxt", text)

    net = minicaffe.Net(path, phase, engine="onednn")
    net.budget.limit = 100  # the blobs have been counted by now
    with pytest.raises(MemoryLimitError) as caught:
        net.forward()
    assert not any(blob.data_memory.engine_copy for blob in net.blobs.values()), "nothing has run"
    message = str(caught.value)
    assert message.startswith(f"{path}:")
    assert "what oneDNN keeps in its own layouts takes" in message
    assert "of it for this layer; the limit is 100 bytes" in message


@pytest.mark.parametrize("stride", [30, 5000, 2**31 - 1])
def test_a_great_stride_takes_no_memory(tmp_path: Path, stride: int) -> None:
    text = f"""
layer {{ name: "in" type: "Input" top: "x"
  input_param {{ shape {{ dim: 2 dim: 3 dim: 9 dim: 8 }} }} }}
layer {{ name: "pool" type: "Pooling" bottom: "x" top: "y"
  pooling_param {{ kernel_size: 2 stride: {stride} }} }}
"""
    net = minicaffe.Net(write(tmp_path / "net.prototxt", text), engine="numpy")
    net.blobs["x"].data[...] = 1
    got = net.forward()["y"]
    assert got.shape == (2, 3, 2, 2)
    assert (got[:, :, 0, 0] == 1).all()
    assert (got[:, :, 1, 1] < -3e38).all()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("prefetch: 4000000000", "prefetch is 4000000000, expected at most 10000 batches"),
        ("prefetch: 9000", "a prefetch of 9000 batches takes"),
    ],
)
def test_batches_made_ahead_stay_within_the_limit(
    tmp_path: Path, fields: str, message: str
) -> None:
    pytest.importorskip("lmdb")
    from tests.data.helpers import write_database

    source = write_database(tmp_path / "db", np.zeros((2, 3, 20, 30), np.uint8))
    text = f"""
layer {{ name: "data" type: "Data" top: "data" top: "label"
  data_param {{ source: "{Path(source).as_posix()}" backend: LMDB batch_size: 2 {fields} }} }}
"""

    def run() -> None:
        with minicaffe.Net(write(tmp_path / "net.prototxt", text), max_memory=2**20) as net:
            net.forward()

    with pytest.raises((DataError, MemoryLimitError), match=message):
        run()


def test_a_great_new_size_is_refused_before_an_image_is_resized(tmp_path: Path) -> None:
    text = """
layer { name: "data" type: "ImageData" top: "data" top: "label"
  image_data_param { source: "nowhere.txt" batch_size: 1 new_height: 90000 new_width: 80000 } }
"""
    with pytest.raises(MemoryLimitError, match="an image of 90000×80000 pixels takes 80"):
        minicaffe.Net(write(tmp_path / "net.prototxt", text), max_memory=2**30)


@pytest.mark.parametrize("region", ["ACROSS_CHANNELS", "WITHIN_CHANNEL"])
def test_a_neighbourhood_ends_where_the_blob_ends(tmp_path: Path, region: str) -> None:
    got = []
    for size in (11, 2**31 - 1):
        text = f"""
layer {{ name: "in" type: "Input" top: "x"
  input_param {{ shape {{ dim: 2 dim: 5 dim: 4 dim: 3 }} }} }}
layer {{ name: "lrn" type: "LRN" bottom: "x" top: "y"
  lrn_param {{ local_size: {size} alpha: {0.3 * size} beta: 0.5 norm_region: {region} }} }}
"""
        net = minicaffe.Net(write(tmp_path / "net.prototxt", text), engine="numpy")
        net.blobs["x"].data[...] = np.arange(120).reshape(2, 5, 4, 3) / 60
        got.append(net.forward()["y"].copy())
    if region == "ACROSS_CHANNELS":  # elsewhere alpha is divided by the square
        np.testing.assert_allclose(got[0], got[1], rtol=1e-5)
    assert np.isfinite(got[1]).all()


def test_the_places_of_a_window_stay_within_the_limit(tmp_path: Path) -> None:
    text = """
layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 1 dim: 1 dim: 3 dim: 4 } } }
layer { name: "pool" type: "Pooling" bottom: "x" top: "y" top: "mask"
  pooling_param { kernel_size: 1003 pad: 501 } }
"""
    net = minicaffe.Net(write(tmp_path / "net.prototxt", text), engine="numpy", max_memory=2**20)
    with pytest.raises(MemoryLimitError, match=r"the list of its window's places takes 7\.68 MiB"):
        net.forward()


@pytest.mark.parametrize("settings", ["resample_param", "interp_param"])
def test_what_a_resized_image_is_made_of_counts(tmp_path: Path, settings: str) -> None:
    kind = {"resample_param": "Resample", "interp_param": "Interp"}[settings]
    text = f"""
layer {{ name: "in" type: "Input" top: "x"
  input_param {{ shape {{ dim: 1 dim: 1 dim: 6 dim: 8 }} }} }}
layer {{ name: "it" type: "{kind}" bottom: "x" top: "y"
  {settings} {{ height: 2147483647 width: 5 }} }}
"""
    with pytest.raises(MemoryLimitError, match="what it makes of its size takes"):
        minicaffe.Net(write(tmp_path / "net.prototxt", text), minicaffe.TEST, max_memory=10**6)
