#!/usr/bin/env python3
"""What ``conv_math: auto`` gains beside ``direct``, and how exact both are.

    OMP_NUM_THREADS=1 python -m benchmarks.conv_math lenet_bn resnet20
    OMP_NUM_THREADS=1 python -m benchmarks.conv_math --layers

For nets it prints the milliseconds of a training iteration by both ways, in turns in one process;
for single layers those of a forward with both gradients, the weights' transforms included, and the
largest errors of the top, of the bottom's gradient and of the weights', as shares of the largest
value, against float64. Times are the processor's, which other programs disturb less.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import time
from collections.abc import Callable

import numpy as np
from google.protobuf import text_format
from numpy.typing import DTypeLike

from benchmarks import nets, ours
from minicaffe import TRAIN, Net
from minicaffe.options import CONV_MATHS
from minicaffe.proto import caffe_pb2

#: Batch, channels, rows (and columns), outputs, taps.
LAYERS = [
    (16, 64, 56, 64, 3),
    (16, 128, 28, 128, 3),
    (16, 256, 14, 256, 3),
    (16, 512, 7, 512, 3),
    (64, 16, 32, 16, 3),
    (64, 32, 16, 32, 3),
    (64, 64, 8, 64, 3),
    (4, 64, 112, 128, 3),
    (4, 256, 28, 512, 3),
    (100, 32, 16, 32, 5),
    (16, 32, 28, 96, 5),
]
NET = """
force_backward: true
layer {
  name: "data" type: "Input" top: "data"
  input_param { shape { dim: %d dim: %d dim: %d dim: %d } }
}
layer {
  name: "conv" type: "Convolution" bottom: "data" top: "conv"
  convolution_param { num_output: %d kernel_size: %d pad: %d weight_filler { type: "msra" } }
}
"""


def in_turns(ways: dict[str, Callable[[], object]], turns: int) -> dict[str, float]:
    """The median milliseconds of each way, once warm."""
    for run in ways.values():
        run()
        run()
    found: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(turns):
        for way, run in ways.items():
            begin = time.process_time()
            run()
            found[way].append((time.process_time() - begin) * 1000)
    return {way: statistics.median(times) for way, times in found.items()}


def layer_net(shape: tuple[int, ...], engine: str, dtype: DTypeLike, conv_math: str | None) -> Net:
    """A net of one convolution, with numbers in it."""
    batch, channels, side, outputs, taps = shape
    text = NET % (batch, channels, side, side, outputs, taps, taps // 2)
    param = text_format.Parse(text, caffe_pb2.NetParameter())
    net = Net(param, TRAIN, engine=engine, dtype=dtype, conv_math=conv_math, seed=1)
    rng = np.random.default_rng(sum(shape))
    for blob in (net.blobs["data"], net.params["conv"][0]):
        blob.data[...] = rng.standard_normal(blob.shape, np.float32)
    net.params["conv"][0].data[...] /= np.float32(np.sqrt(channels) * taps)
    net.forward()
    net.blobs["conv"].diff[...] = rng.standard_normal(net.blobs["conv"].shape, np.float32)
    return net


def passes(net: Net) -> None:
    """Forward, and both gradients."""
    net.clear_param_diffs()
    net.forward_loss()
    net.backward()


def results(net: Net) -> list[np.ndarray]:
    """The top, the bottom's gradient and the weights'."""
    passes(net)
    found = (net.blobs["conv"].data, net.blobs["data"].diff, net.params["conv"][0].diff)
    return [array.astype(np.float64) for array in found]


def layer_line(shape: tuple[int, ...], turns: int) -> str:
    """A row of the table of layers."""
    made = {way: layer_net(shape, "onednn", np.float32, way) for way in CONV_MATHS}
    times = in_turns({way: lambda net=net: passes(net) for way, net in made.items()}, turns)
    exact = results(layer_net(shape, "numpy", np.float64, None))
    errors = [
        " ".join(
            f"{np.abs(got - want).max() / np.abs(want).max():.1e}"
            for got, want in zip(results(made[way]), exact, strict=True)
        )
        for way in ("direct", "auto")
    ]
    batch, channels, side, outputs, taps = shape
    name = f"{batch}x{channels}x{side}x{side} -> {outputs}, {taps}x{taps}"
    ratio = times["auto"] / times["direct"]
    return (
        f"| {name} | {times['direct']:.2f} | {times['auto']:.2f} | {ratio:.2f} | "
        f"{errors[0]} | {errors[1]} |"
    )


def main() -> None:
    """Print one of the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("nets", nargs="*", choices=[*nets.NETS, []], help="nets to train")
    parser.add_argument("--layers", action="store_true", help="single layers instead")
    parser.add_argument("--turns", type=int, default=7, help="of which the medians are taken")
    args = parser.parse_args()
    logging.disable(logging.CRITICAL)
    if args.layers:
        print("| layer | direct, ms | auto, ms | ratio | errors of direct | of auto |")
        print("| --- | --- | --- | --- | --- | --- |")
        for shape in LAYERS:
            print(layer_line(shape, args.turns), flush=True)
        return
    print("| net | direct, ms | auto, ms | ratio |\n| --- | --- | --- | --- |")
    for name in args.nets:
        ways = {
            way: ours.trainer(name, engine="onednn", precision="float32", conv_math=way)
            for way in CONV_MATHS
        }
        times = in_turns(ways, args.turns)
        ratio = times["auto"] / times["direct"]
        print(f"| {name} | {times['direct']:.1f} | {times['auto']:.1f} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    main()
