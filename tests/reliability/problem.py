"""Small trainings that depend on everything that a resumed one must get right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from minicaffe.data.images import encode_image
from minicaffe.solver import Observer, get_solver
from minicaffe.solver.events import Iteration, TestResult
from tests.data.helpers import random_images, write_database

COUNT = 10  # records; batches of 4 and 3 do not divide them
IMAGES = random_images(COUNT, 3, 7, 8)
LABELS = np.arange(COUNT) % 3
AUGMENTED = "transform_param { crop_size: 5 mirror: true scale: 0.01 mean_value: 100 }"

BODY = """
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
  convolution_param { num_output: 4 kernel_size: 3 pad: 1 weight_filler { type: "msra" } } }
layer { name: "bn" type: "BatchNorm" bottom: "conv" top: "conv" }
layer { name: "scale" type: "Scale" bottom: "conv" top: "conv" scale_param { bias_term: true } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "pool" type: "Pooling" bottom: "conv" top: "pool"
  pooling_param { pool: STOCHASTIC kernel_size: 2 stride: 2 } }
layer { name: "drop" type: "Dropout" bottom: "pool" top: "drop"
  dropout_param { dropout_ratio: 0.4 } }
layer { name: "score" type: "InnerProduct" bottom: "drop" top: "score"
  param { lr_mult: 1 } param { lr_mult: 2 decay_mult: 0 }
  inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "score" bottom: "label" top: "loss" }
layer { name: "accuracy" type: "Accuracy" bottom: "score" bottom: "label" top: "accuracy"
  include { phase: TEST } }
"""
SOLVER = """
net: "net.prototxt" test_iter: 2 test_interval: 2 base_lr: 0.05 lr_policy: "multistep" gamma: 0.5
stepvalue: 3 stepvalue: 6 display: 1 average_loss: 3 weight_decay: 0.01 snapshot_prefix: "run"
random_seed: 4
"""


def lmdb(folder: Path) -> str:
    """A Data layer for each phase, on one LMDB; the training begins at a random record."""
    write_database(folder / "records", IMAGES, LABELS)
    return "".join(
        f"""
        layer {{ name: "data" type: "Data" top: "data" top: "label" include {{ phase: {phase} }}
          {AUGMENTED} data_param {{ source: "records" backend: LMDB batch_size: {size}
            rand_skip: {skip} prefetch: 3 }} }}"""
        for phase, size, skip in (("TRAIN", 4, 7), ("TEST", 3, 0))
    )


def leveldb(folder: Path) -> str:
    """The training images from a LevelDB, whose length only reading to its end tells."""
    try:
        import plyvel  # noqa: F401
    except ImportError:
        pytest.importorskip("plyvel_next", reason="LevelDB needs plyvel or plyvel-next")
    from minicaffe.data.backends import write_datums
    from minicaffe.data.datum import make_datum

    datums = (make_datum(image, label) for image, label in zip(IMAGES, LABELS, strict=True))
    write_datums(folder / "records", datums, "leveldb")
    return f"""
        layer {{ name: "data" type: "Data" top: "data" top: "label" {AUGMENTED}
          data_param {{ source: "records" backend: LEVELDB batch_size: 4 }} }}"""


def images(folder: Path) -> str:
    """Shuffled image files."""
    pytest.importorskip("PIL.Image", reason="the ImageData layer needs Pillow")
    _write_images(folder)
    lines = [f"{index}.png {label}\n" for index, label in enumerate(LABELS)]
    (folder / "list.txt").write_text("".join(lines))
    return f"""
        layer {{ name: "data" type: "ImageData" top: "data" top: "label" {AUGMENTED}
          image_data_param {{ source: "list.txt" batch_size: 4 shuffle: true rand_skip: 3 }} }}"""


def hdf5(folder: Path) -> str:
    """Shuffled rows of two shuffled files."""
    h5py = pytest.importorskip("h5py", reason="the HDF5Data layer needs h5py")
    for index, part in enumerate((slice(0, 6), slice(6, COUNT))):
        with h5py.File(folder / f"{index}.h5", "w") as file:
            file["data"] = IMAGES[part, :, :5, :5] / 255 - 0.5
            file["label"] = LABELS[part]
    (folder / "list.txt").write_text("0.h5\n1.h5\n")
    return """
        layer { name: "data" type: "HDF5Data" top: "data" top: "label"
          hdf5_data_param { source: "list.txt" batch_size: 4 shuffle: true } }"""


def windows(folder: Path) -> str:
    """Windows drawn at random."""
    pytest.importorskip("PIL.Image", reason="decoding needs Pillow")
    _write_images(folder)
    lines = []
    for index in range(COUNT):
        lines += [f"# {index}", f"{index}.png", "3 7 8", "2", "1 0.9 1 1 6 5", "2 0.1 0 2 5 6"]
    (folder / "windows.txt").write_text("\n".join(lines) + "\n")
    return """
        layer { name: "data" type: "WindowData" top: "data" top: "label"
          window_data_param { source: "windows.txt" batch_size: 4 fg_fraction: 0.5
            fg_threshold: 0.5 bg_threshold: 0.5 }
          transform_param { crop_size: 5 mirror: true mean_value: 100 } }"""


def dummy(folder: Path) -> str:
    """Random numbers, new ones for each forward."""
    return """
        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 4 dim: 3 dim: 5 dim: 5 } shape { dim: 4 }
            data_filler { type: "gaussian" } data_filler { type: "constant" value: 1 } } }"""


SOURCES = {item.__name__: item for item in (lmdb, leveldb, images, hdf5, windows, dummy)}


def _write_images(folder: Path) -> None:
    for index, image in enumerate(IMAGES):
        (folder / f"{index}.png").write_bytes(encode_image(image, "png"))


class Story(Observer):
    """All numbers that a training tells, by the iteration at which it tells them."""

    def __init__(self) -> None:
        self.told: list[tuple] = []

    def on_iteration(self, event: Iteration) -> None:
        self.told.append((event.iter, event.loss, event.smoothed_loss, event.rate))

    def on_test_result(self, event: TestResult) -> None:
        values = event.outputs and [output.value for output in event.outputs]
        self.told.append((event.iter + 0.5, event.net, values))

    def after(self, iteration: int) -> list[tuple]:
        """What it told when more than this many updates were done."""
        return [line for line in self.told if line[0] > iteration]


def write_training(folder: Path, settings: str = "", source=lmdb, body: str = BODY) -> None:
    """Write net.prototxt, solver.prototxt and the data into a folder, the current one."""
    (folder / "net.prototxt").write_text('name: "small"\n' + source(folder) + body)
    (folder / "solver.prototxt").write_text(SOLVER + settings)


def open_solver(**how):
    """The solver of the current folder's solver.prototxt, and its story."""
    story = Story()
    solver = get_solver("solver.prototxt", observers=[story], **how)
    return solver, story


def bits(solver) -> list[bytes]:
    """All weights and histories."""
    blobs = [blob.data for blobs in solver.net.params.values() for blob in blobs]
    return [array.tobytes() for array in (*blobs, *solver.history)]
