"""How exact BatchNorm's statistics and gradients are, up to 100 million values a channel.

    python -m benchmarks.exactness [VALUES]

prints, for each engine, the largest relative errors of mean, variance, top, the gradients of scale
and shift, and of the bottom, against float64. The suite tests the same up to four million values;
10⁸, the default, take some 6 GB.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np
from google.protobuf import text_format

from minicaffe.net.net import TRAIN, Net
from minicaffe.proto import caffe_pb2

NET = """
force_backward: true
layer {
  name: "data" type: "Input" top: "data"
  input_param { shape { dim: 1 dim: 1 dim: %d dim: %d } }
}
layer { name: "bn" type: "BatchNorm" bottom: "data" top: "out" }
layer { name: "scale" type: "Scale" bottom: "out" top: "out" scale_param { bias_term: true } }
"""
PART = 1 << 22


def parts(*arrays: np.ndarray) -> Iterator[tuple[np.ndarray, ...]]:
    """The arrays some millions of values at a time, as float64."""
    for start in range(0, arrays[0].size, PART):
        yield tuple(array.reshape(-1)[start : start + PART].astype(np.float64) for array in arrays)


def errors(engine: str, side: int, mean: float) -> dict[str, float]:
    """The largest errors, each relative to the largest value (to what is added up, for sums)."""
    net = Net(text_format.Parse(NET % (side, side), caffe_pb2.NetParameter()), TRAIN, engine=engine)
    rng = np.random.default_rng(1)
    data = net.blobs["data"].data
    for row in data[0, 0]:
        row[...] = rng.normal(mean, 1.3, row.size)
    net.forward()
    stored, about = [blob.data for blob in net.params["bn"]], float(data[0, 0, 0, 0])
    count = data.size
    shifted = [(np.sum(x - about), np.sum((x - about) ** 2)) for (x,) in parts(data)]
    first, second = (sum(values) for values in zip(*shifted, strict=True))
    exact = about + first / count
    variance = second / count - (first / count) ** 2
    inv_std = 1 / np.sqrt(variance + float(np.float32(1e-5)))
    top = net.blobs["out"].data
    found = {
        "mean": abs(float(stored[0][0]) / exact - 1),
        "variance": abs(float(stored[1][0]) / (variance * count / (count - 1)) - 1),
        "top": max(np.abs((x - exact) * inv_std - y).max() for x, y in parts(data, top))
        / float(np.abs(top).max()),
    }
    diff = net.blobs["out"].diff
    for row in diff[0, 0]:
        row[...] = rng.normal(0.1, 1, row.size)
    given = diff.copy()
    net.backward()
    shift = sum(dy.sum() for (dy,) in parts(given))
    scale = size = 0.0
    for x, dy in parts(data, given):
        product = (x - exact) * inv_std * dy
        scale, size = scale + product.sum(), size + np.abs(product).sum()
    below = net.blobs["data"].diff
    worst = largest = 0.0
    for x, dy, dx in parts(data, given, below):
        want = (dy - shift / count - (x - exact) * inv_std * scale / count) * inv_std
        worst = max(worst, np.abs(dx - want).max())
        largest = max(largest, np.abs(want).max())
    gradients = [float(blob.diff[0]) for blob in net.params["scale"]]
    found["scale's gradient"] = abs(gradients[0] - scale) / size
    found["shift's gradient"] = abs(gradients[1] / shift - 1)
    found["bottom's gradient"] = worst / largest
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="How exact statistics over many values are.")
    parser.add_argument("values", type=float, nargs="?", default=1e8, help="how many a channel")
    side = round(parser.parse_args().values ** 0.5)
    for mean in (0.7, 1e6):
        for engine in ("numpy", "onednn"):
            found = errors(engine, side, mean)
            text = ", ".join(f"{name} {error:.1e}" for name, error in found.items())
            print(f"{side * side:,} values about {mean:g}, {engine}: {text}", flush=True)


if __name__ == "__main__":
    main()
