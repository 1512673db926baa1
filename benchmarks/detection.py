#!/usr/bin/env python3
"""How long detection nets take in minicaffe and in OpenCV 4, an image at a time.

    pip install 'opencv-python-headless<5'
    python -m benchmarks.detection [--threads 2] [--rounds 5] [mobilenet_ssd yolov3_lite]

Each program runs in a process of its own, in turns; a time is the median of the rounds' medians.
Weights are random, the same for both; the priors, and what makes boxes of scores, are left out: the
last layers' time depends on what is in the picture, and OpenCV knows no YOLO of that kind.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from minicaffe import TEST, Net
from minicaffe.layer import find_layer_class
from minicaffe.layers.detection.finds_boxes import FindsBoxes
from minicaffe.proto.io import read_net
from minicaffe.proto.printing import to_text
from minicaffe.zoo import network

MODELS = ("mobilenet_ssd", "yolov3_lite")
CONTENDERS = ("minicaffe", "opencv")
_SECONDS = 3.0  # of a round of one program


def prepare(model: str, folder: Path) -> tuple[str, str]:
    """The deploy net without the layers that make boxes, and random weights."""
    param = read_net(network(model).folder / "deploy.prototxt")
    boxes = {
        index for index, layer in enumerate(param.layer)
        if issubclass(find_layer_class(layer.type), FindsBoxes)
    }  # fmt: skip
    for index in sorted(boxes, reverse=True):
        del param.layer[index]
    text, weights = str(folder / f"{model}.prototxt"), str(folder / f"{model}.caffemodel")
    Path(text).write_text(to_text(param), encoding="utf-8")
    net = Net(text, TEST, seed=1)
    rng = np.random.default_rng(1)
    for blobs in net.params.values():
        for blob in blobs:
            fan = max(1, blob.count // max(1, blob.shape[0] if blob.shape else 1))
            blob.data[...] = rng.standard_normal(blob.shape) * np.sqrt(2 / fan)
    net.save(weights)
    return text, weights


def runner(contender: str, text: str, weights: str) -> Callable[[], object]:
    """What runs one image through the net."""
    param = read_net(text)
    shape = tuple(param.layer[0].input_param.shape[0].dim)
    image = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    if contender == "opencv":
        import cv2

        cv2.setNumThreads(int(os.environ["OMP_NUM_THREADS"]))
        rival = cv2.dnn.readNetFromCaffe(text, weights)
        names = rival.getUnconnectedOutLayersNames()

        def run_rival() -> object:
            rival.setInput(image)
            return rival.forward(names)

        return run_rival
    net = Net(text, TEST, weights=weights, keep="outputs")
    name = net.inputs[0]

    def run() -> object:
        net.blobs[name].data[...] = image
        return net.forward()

    return run


def measured(contender: str, text: str, weights: str) -> float:
    """The median milliseconds of a round."""
    run = runner(contender, text, weights)
    for _ in range(3):
        run()
    times: list[float] = []
    end = time.perf_counter() + _SECONDS
    while time.perf_counter() < end:
        begin = time.perf_counter()
        run()
        times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times)


def in_process(contender: str, text: str, weights: str, threads: int) -> float:
    """A round in a process of its own."""
    words = [sys.executable, "-m", "benchmarks.detection", "--worker", contender, text, weights]
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Print a table, or a worker's number."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", default=MODELS)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--worker", nargs=3, metavar=("CONTENDER", "NET", "WEIGHTS"))
    args = parser.parse_args()
    if args.worker:
        print(json.dumps(measured(*args.worker)))
        return
    print("| net | minicaffe | OpenCV 4 | ratio |\n| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for model in args.models:
            files = prepare(model, Path(folder))
            times: dict[str, list[float]] = {name: [] for name in CONTENDERS}
            for _ in range(args.rounds):
                for name in CONTENDERS:
                    times[name].append(in_process(name, *files, args.threads))
            ours, theirs = (statistics.median(times[name]) for name in CONTENDERS)
            print(f"| {model} | {ours:.1f} ms | {theirs:.1f} ms | {ours / theirs:.2f} |")


if __name__ == "__main__":
    main()
