"""One contender in a process of its own, which keeps warm and runs when it is asked.

It is started by compare.py with a description of what to run as its argument. Every line that it
reads asks for a slice of time, every line that it writes is an answer; both are JSON.
"""

from __future__ import annotations

import gc
import importlib
import importlib.metadata
import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import machine

Step = Callable[[], Any]


def prepare(task: dict[str, Any]) -> Step:
    """What the task does once."""
    kind, flags = task["kind"], task["flags"]
    name, batch, threads = task["net"], task["batch"], task["threads"]
    if kind == "peak":
        return machine.product(task["precision"])
    if kind == "minicaffe":
        from benchmarks import ours

        options = {"engine": flags[0], "precision": task["precision"]}
        if batch is None:
            return ours.trainer(name, **options)
        return ours.classifier(name, batch, **options)
    if kind == "torch":
        from benchmarks import torch_rival

        if batch is None:
            return torch_rival.trainer(name, flags, threads)
        return torch_rival.classifier(name, batch, flags, threads)
    from benchmarks import inference

    options = {"precision": task["precision"]} if kind == "openvino" else {}
    step: Step = getattr(inference, kind)(name, batch, threads, task["folder"], **options)
    return step


def version(kind: str) -> str:
    """A contender's package and its version."""
    packages = {
        "torch": ("torch",),
        "onnxruntime": ("onnxruntime",),
        "openvino": ("openvino",),
        "opencv": ("opencv-python-headless", "opencv-python"),
        "ncnn": ("ncnn",),
        "mnn": ("MNN",),
        "minicaffe": ("onednn-cpu-gomp", "onednn"),
    }
    for package in packages.get(kind, ()):
        try:
            return f"{package} {importlib.metadata.version(package)}"
        except importlib.metadata.PackageNotFoundError:
            continue
    return ""


def run_slice(step: Step, seconds: float, least: int) -> list[float]:
    """Seconds that each iteration takes, for a while."""
    times: list[float] = []
    begin = time.perf_counter()
    while len(times) < least or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return times


def main() -> None:
    """Prepare, warm up, then answer."""
    machine.end_with_parent()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # libraries may print
    warnings.simplefilter("ignore")

    def answer(**facts: Any) -> None:
        answers.write(json.dumps(facts) + "\n")
        answers.flush()

    task = json.loads(sys.argv[1])
    try:
        step = prepare(task)
        gc.collect()
        machine.forget_peak_memory()
        result = step()
        run_slice(step, task["warm"], 2)
    except Exception as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        answer(failed=f"{type(error).__name__}: {first}"[:300])
        if task["verbose"]:
            raise
        return
    scores = None if task["batch"] is None else np.asarray(result, np.float64).ravel()[:5000]
    answer(version=version(task["kind"]), scores=None if scores is None else scores.tolist())
    for line in sys.stdin:
        asked = json.loads(line)
        times = run_slice(step, asked["seconds"], asked["least"])
        answer(times=times, memory=machine.peak_memory())


if __name__ == "__main__":
    main()
