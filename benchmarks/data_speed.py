#!/usr/bin/env python3
"""How many images a second come out of the data layers, on one core.

    python benchmarks/data_speed.py [--seconds 5] [--only 28]

Makes small databases of random images in a temporary folder, then reads them through nets of one
data layer: reading, decoding, transforming and the prefetch thread, all on one core. "first epoch"
reads the database, "later" finds decoded images in memory where the layer keeps them. Needs
`pip install '.[data]'`; rows of packages that are missing are left out.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import minicaffe
from minicaffe.data.backends import write_datums
from minicaffe.data.datum import make_datum
from minicaffe.proto import caffe_pb2
from minicaffe.proto.text_format import parse

SMALL, LARGE = 30_000, 400  # images
CROP = "transform_param { crop_size: 227 mirror: true mean_value: [104, 117, 123] }"
UNIT = "transform_param { scale: 0.00390625 }"

Layer = tuple[str, int, int]  # its text, images in the data, images in a batch


def small_datums() -> Iterator[object]:
    """Raw 28×28 grey images."""
    rng = np.random.default_rng(0)
    for image in rng.integers(0, 256, (SMALL, 1, 28, 28), dtype=np.uint8):
        yield make_datum(image, int(image[0, 0, 0]) % 10)


def jpegs() -> list[bytes]:
    """256×256 colour JPEGs with the detail of photographs, about 20 kB each."""
    from PIL import Image

    rng = np.random.default_rng(1)
    files = []
    for _ in range(LARGE):
        coarse = rng.integers(0, 256, (24, 24, 3), dtype=np.uint8)
        smooth = np.asarray(Image.fromarray(coarse).resize((256, 256), Image.Resampling.BICUBIC))
        noisy = smooth + rng.normal(0, 8, smooth.shape)
        stream = io.BytesIO()
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(stream, "JPEG", quality=90)
        files.append(stream.getvalue())
    return files


def database(folder: Path, backend: str, name: str, datums: Iterator[object]) -> str:
    """Write a database once; returns its path."""
    path = folder / f"{name}_{backend.lower()}"
    if not path.exists():
        write_datums(path, datums, backend.lower())
    return str(path)


def data_layer(backend: str, source: str, batch: int, transform: str) -> str:
    """A Data layer."""
    return (
        f'layer {{ name: "d" type: "Data" top: "data" top: "label" {transform} '
        f"data_param {{ source: '{source}' backend: {backend} batch_size: {batch} }} }}"
    )


def small(folder: Path, backend: str) -> Layer:
    """28×28 images in a database."""
    path = database(folder, backend, "small", small_datums())
    return data_layer(backend, path, 100, UNIT), SMALL, 100


def encoded(folder: Path, backend: str) -> Layer:
    """JPEGs in a database."""
    datums = (
        caffe_pb2.Datum(encoded=True, data=data, label=i % 1000) for i, data in enumerate(jpegs())
    )
    path = database(folder, backend, "jpeg", datums)
    return data_layer(backend, path, 50, CROP), LARGE, 50


def write_files(folder: Path) -> None:
    """JPEG files, their list, and a window file."""
    if (folder / "list.txt").exists():
        return
    windows = []
    for index, data in enumerate(jpegs()):
        (folder / f"{index}.jpg").write_bytes(data)
        windows.append(
            f"# {index}\n{index}.jpg\n3 256 256\n2\n"
            f"{index % 20 + 1} 0.8 30 40 {150 + index % 90} 200\n0 0.1 0 5 100 {90 + index % 60}\n"
        )
    names = [f"{index}.jpg {index % 1000}\n" for index in range(LARGE)]
    (folder / "list.txt").write_text("".join(names))
    (folder / "windows.txt").write_text("".join(windows))


def image_files(folder: Path) -> Layer:
    """JPEG files."""
    write_files(folder)
    text = (
        f'layer {{ name: "d" type: "ImageData" top: "data" top: "label" {CROP} image_data_param '
        f"{{ source: '{folder}/list.txt' root_folder: '{folder}/' batch_size: 50 "
        f"shuffle: true }} }}"
    )
    return text, LARGE, 50


def windows(folder: Path) -> Layer:
    """Windows of JPEG files."""
    write_files(folder)
    text = (
        f'layer {{ name: "d" type: "WindowData" top: "data" top: "label" {CROP} window_data_param '
        f"{{ source: '{folder}/windows.txt' root_folder: '{folder}/' batch_size: 50 "
        f"context_pad: 16 }} }}"
    )
    return text, LARGE, 50


CASES: dict[str, Callable[[Path], Layer]] = {
    "28×28 raw, LMDB": lambda folder: small(folder, "LMDB"),
    "28×28 raw, LevelDB": lambda folder: small(folder, "LEVELDB"),
    "256×256 JPEG crop 227, LMDB": lambda folder: encoded(folder, "LMDB"),
    "256×256 JPEG crop 227, LevelDB": lambda folder: encoded(folder, "LEVELDB"),
    "256×256 JPEG crop 227, ImageData": image_files,
    "256×256 JPEG, WindowData 227": windows,
}


def open_net(text: str) -> minicaffe.Net:
    """A net of one layer."""
    param = caffe_pb2.NetParameter()
    parse(text, param)
    return minicaffe.Net(param, minicaffe.TRAIN)


def rate(net: minicaffe.Net, batch: int, images: int, seconds: float) -> tuple[float, float]:
    """Images a second in the first epoch, and after two."""
    start = time.perf_counter()
    for _ in range(images // batch):
        net.forward()
    first = images / (time.perf_counter() - start)
    for _ in range(images // batch):
        net.forward()
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        net.forward()
        count += batch
    return first, count / (time.perf_counter() - start)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=3, help="for each row (default: 3)")
    parser.add_argument("--only", default="", help="only rows whose name contains this")
    args = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print(f"{'':36}{'first epoch':>14}{'later':>14}   images/s on one core")
    with tempfile.TemporaryDirectory() as folder:
        for name, make in CASES.items():
            if args.only not in name:
                continue
            try:
                text, images, batch = make(Path(folder))
                with open_net(text) as net:
                    first, later = rate(net, batch, images, args.seconds)
            except minicaffe.MissingExtraError as error:
                print(f"{name:36} {error}")
                continue
            print(f"{name:36}{first:14,.0f}{later:14,.0f}")


if __name__ == "__main__":
    main()
