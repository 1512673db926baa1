"""Layers that read files, memory or code of one's own: the files, and how such layers are drawn.

The files are made once in a process, where the packages that write and read them are here. A net's
text says ``FOLDER`` where theirs is meant; :func:`filled` puts its path there.
"""

from __future__ import annotations

import atexit
import functools
import importlib.util
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from minicaffe.layer import Blobs, Layer
from tests.search.nets import Draft

CLASSES = 4  # of the labels in all sources
NEEDED = ("h5py", "lmdb", "PIL")
#: Whether all packages are here; without them fewer types are drawn.
COMPLETE = all(importlib.util.find_spec(name) for name in NEEDED)


def filled(text: str) -> str:
    """The text with the folder's path in it."""
    return text.replace("FOLDER", str(folder())) if "FOLDER" in text else text


@functools.cache
def folder() -> Path:
    """Where this process's files are."""
    from minicaffe.data.backends import write_datums
    from minicaffe.data.datum import make_datum
    from minicaffe.data.images import encode_image

    path = Path(tempfile.mkdtemp(prefix="minicaffe-search-"))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    rng = np.random.default_rng(11)
    images = rng.integers(0, 256, (7, 3, 8, 9), dtype=np.uint8)
    labels = rng.integers(0, CLASSES, 7)
    write_datums(path / "equal", map(make_datum, images, map(int, labels)))
    sizes = [images[i][:, : 8 - i, : 4 + i % 4] for i in range(4)]
    write_datums(path / "sizes", map(make_datum, sizes, map(int, labels[:4])))
    for index, image in enumerate(images):
        (path / f"{index}.png").write_bytes(encode_image(image, "png"))
    lines = [f"{path}/{index}.png {label}" for index, label in enumerate(labels)]
    (path / "list.txt").write_text("\n".join(lines) + "\n")
    windows = ["1 0.9 1 1 6 6", "2 0.7 0 2 5 7", "3 0.1 2 0 8 5"]
    blocks = [f"# {i}\n{path}/{i}.png\n3 8 9\n3\n" + "\n".join(windows) for i in range(2)]
    (path / "windows.txt").write_text("\n".join(blocks) + "\n")
    _write_hdf5(path, rng)
    return path


def _write_hdf5(path: Path, rng: np.random.Generator) -> None:
    import h5py

    with h5py.File(path / "values.h5", "w") as file:
        for number in range(60):  # a top is called like its dataset
            file[f"hdf5data{number}a"] = rng.normal(size=(7, 3, 4, 5)).astype(np.float32)
            file[f"hdf5data{number}b"] = rng.integers(0, CLASSES, 7).astype(np.float32)
    (path / "hdf5.txt").write_text(f"{path}/values.h5\n")


def reset_memory(net: Any, seed: int) -> None:
    """Give MemoryData layers something to read."""
    for node in net.nodes:
        if node.layer.type == "MemoryData":
            rng = np.random.default_rng(seed)
            shape = node.layer.param.memory_data_param
            size = (6, shape.channels, shape.height, shape.width)
            values = rng.normal(size=size).astype(np.float32)
            node.layer.reset(values, rng.integers(0, CLASSES, 6).astype(np.float32))


# ------------------------------------------------------------------ to draw


def data(d: Draft) -> object:
    """A layer that reads batches."""
    batch = f"batch_size: {d.one_of(1, 2, 3)}"
    change = (
        "scale: 0.0103" + d.one_of("", " mirror: true", " crop_size: 5") + " mean_value: 127.3"
    )  # no whole or even values
    change = f"transform_param {{ {change} }}"
    memory = ("MemoryData", "memory_data_param { batch_size: 2 channels: 2 height: 4 width: 3 }")
    files = [
        ("Data", f'data_param {{ source: "FOLDER/equal" backend: LMDB {batch} }} {change}'),
        ("Data", 'data_param { source: "FOLDER/sizes" backend: LMDB batch_size: 1 }'),
        ("HDF5Data", f'hdf5_data_param {{ source: "FOLDER/hdf5.txt" {batch} }}'),
        ("ImageData", f'image_data_param {{ source: "FOLDER/list.txt" {batch} }} {change}'),
        (
            "WindowData",
            f'window_data_param {{ source: "FOLDER/windows.txt" {batch} scale: 0.01 }} '
            "transform_param { crop_size: 6 }",
        ),
    ]
    kind, rest = d.one_of(memory, *files) if COMPLETE else memory
    if "sizes" in rest:
        rest += " transform_param { scale: 0.01 }"
    found = d.add(kind, [], rest, tops=2)
    if found:
        found[0].batch_axis = None
        if "sizes" in rest:
            found[0].other = (1, 3, 5, 7)
        del d.values[found[1].name]
        d.labels.append(found[1])
    return found


def output(d: Draft) -> object:
    """A layer that writes an HDF5 file."""
    value = d.pick(lambda item: 0 < len(item.shape) < 5)
    if value is None or not COMPLETE:
        return None
    rest = f'hdf5_output_param {{ file_name: "FOLDER/out{len(d.layers)}.h5" }}'
    return d.add("HDF5Output", [value, value], rest, tops=0)


def python(d: Draft) -> object:
    """A layer in Python: one like any other, or one whose tops' shapes depend on values."""
    value = d.pick(lambda item: len(item.shape) > 0)
    if value is None:
        return None
    name = d.one_of("Half", "Half", "Rows") if value.shape[0] > 1 else "Half"
    rest = f'python_param {{ module: "tests.search.sources" layer: "{name}" }}'
    found = d.add("Python", [value], rest, in_place=name == "Half" and d.chance(0.3))
    if found and name == "Rows":
        found[0].other = (1, *value.shape[1:])
    return found


class Half(Layer):
    """y = x / 2; counts its forwards in no way."""

    exact_bottoms = 1
    exact_tops = 1

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        """Nothing to do."""

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        top[0].reshape(*bottom[0].shape)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        top[0].data[...] = bottom[0].data * 0.5

    def backward(self, top: Blobs, propagate_down: Any, bottom: Blobs) -> None:
        if propagate_down[0]:
            bottom[0].diff[...] = top[0].diff * 0.5


class Rows(Half):
    """The rows that begin with a positive value, and the first: shaped as it runs."""

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        values = bottom[0].data
        self.chosen = values.reshape(len(values), -1)[:, 0] > 0
        self.chosen[0] = True
        top[0].reshape(int(self.chosen.sum()), *values.shape[1:])
        top[0].data[...] = values[self.chosen]

    def backward(self, top: Blobs, propagate_down: Any, bottom: Blobs) -> None:
        if propagate_down[0]:
            bottom[0].diff[...] = 0
            bottom[0].diff[self.chosen] = top[0].diff
