#!/usr/bin/env python
"""Make LMDBs of Fashion-MNIST: 28x28 grey images of clothes in ten classes.

Without --from the files of Debian's package dataset-fashion-mnist are used if it is installed,
else they are downloaded (30 MB) from the publisher, and checked in either case.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from minicaffe.data import fashion_mnist  # noqa: E402
from minicaffe.data.backends import open_source, write_datums  # noqa: E402
from minicaffe.data.fashion_mnist import as_datums  # noqa: E402
from minicaffe.data.idx import balanced_subset, parse_idx  # noqa: E402
from minicaffe.errors import DataError, MinicaffeError  # noqa: E402
from minicaffe.files import write_beside  # noqa: E402

SHIPPED = ROOT / "data" / "fashion_mnist"
ADDRESSES = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
)
SUBSET = {"train": 1000, "test": 200}  # images a class
SEED = 20170825
PAUSE = 1.0  # seconds before the second attempt at a download; doubled after each


def main(arguments: list[str] | None = None) -> int:
    """Run the program; returns its exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--from", dest="folder", type=Path, metavar="FOLDER", help="where the idx files are")
    add("--output", type=Path, help="folder for train_lmdb and test_lmdb "
        "(default: data/fashion_mnist_full, or data/fashion_mnist with --subset)")  # fmt: skip
    add("--subset", action="store_true", help="make the subset that the repository ships "
        "(10,000 training and 2,000 test images) and compare it with the shipped one")  # fmt: skip
    options = parser.parse_args(arguments)
    default = SHIPPED if options.subset else SHIPPED.with_name("fashion_mnist_full")
    try:
        prepare(options.folder, options.output or default, options.subset)
    except MinicaffeError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def prepare(folder: Path | None, output: Path, subset: bool) -> None:
    """Write both databases; a shipped one that already lies there is compared instead."""
    folder = folder or fashion_mnist.debian_folder()
    if folder is None:
        folder = output.with_name("fashion_mnist_idx")
        for name in fashion_mnist.CHECKSUMS:
            download(name, folder / f"{name}.gz")
    for split in fashion_mnist.SPLITS:
        images, labels = fashion_mnist.read_split(folder, split)
        if subset:
            chosen = balanced_subset(labels, SUBSET[split], SEED)
            images, labels = images[chosen], labels[chosen]
        path = output / f"{split}_lmdb"
        if subset and path.exists():
            print(f"{path}: {compare(path, images, labels)}")
        else:
            count = write_datums(path, as_datums(images, labels, encode=subset))
            size = (path / "data.mdb").stat().st_size
            print(f"{path}: {count} images, {size / 1e6:.1f} MB")


def compare(path: Path, images: np.ndarray, labels: np.ndarray) -> str:
    """How an existing database differs from what would be written."""
    source = open_source(str(path))
    if len(source) != len(images):
        return f"DIFFERS: {len(source)} images, expected {len(images)}"
    stored = source.read(len(source))
    different = (stored.labels != labels) | (stored.images[:, 0] != images).any((1, 2))
    if different.any():
        return f"DIFFERS: {different.sum()} of {len(images)} records hold something else"
    source.close()
    with tempfile.TemporaryDirectory() as folder:
        write_datums(Path(folder, "lmdb"), as_datums(images, labels, encode=True))
        again = Path(folder, "lmdb", "data.mdb").read_bytes()
    if again == (path / "data.mdb").read_bytes():
        return "the same, bit for bit"
    return "the same images and labels, packed differently (other versions of Pillow, zlib or LMDB)"


def download(name: str, path: Path) -> None:
    """Fetch one published file unless it is there; tries each address three times.

    Raises:
        DataError: no one delivered the right file.
    """
    if path.is_file():
        return
    problems = []
    for attempt in range(3):
        for address in ADDRESSES:
            try:
                content = fetch(f"{address}{path.name}", fashion_mnist.CHECKSUMS[name])
            except (OSError, DataError) as problem:
                problems.append(f"{address}{path.name}: {problem}")
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            with write_beside(path, error=DataError) as beside:
                beside.write_bytes(content)
            print(f"downloaded {address}{path.name}")
            return
        time.sleep(PAUSE * 2**attempt)
    raise DataError(
        "cannot download Fashion-MNIST:\n  " + "\n  ".join(dict.fromkeys(problems)) + "\n"
        "Without a network: install Debian's package dataset-fashion-mnist, or copy the four "
        "idx files here and name their folder with --from"
    )


def fetch(address: str, sha256: str) -> bytes:
    """The file at an address; it must be the published one."""
    with urllib.request.urlopen(address, timeout=60) as response:
        content: bytes = response.read()
    parse_idx(content, address, sha256)
    return content


if __name__ == "__main__":
    sys.exit(main())
