"""One forward pass in ONNX Runtime, OpenVINO and OpenCV."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import nets, ours
from minicaffe.proto.printing import to_text

Step = Callable[[], Any]


def onnxruntime(name: str, batch: int, threads: int, folder: str) -> Step:
    """ONNX Runtime with all its graph optimisations, which fold BatchNorm."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    path = onnx_file(name, batch, folder)
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    data, _ = nets.batch_of(name, batch)
    return lambda: session.run(None, {"data": data})[0]


def openvino(name: str, batch: int, threads: int, folder: str, *, precision: str) -> Step:
    """OpenVINO, tuned for latency."""
    import openvino as ov

    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": "f32" if precision == "float32" else "bf16",
    }
    model = ov.Core().compile_model(onnx_file(name, batch, folder), "CPU", settings)
    request = model.create_infer_request()
    data, _ = nets.batch_of(name, batch)
    return lambda: request.infer({0: data})[0]


def opencv(name: str, batch: int, threads: int, folder: str) -> Step:
    """OpenCV's dnn module, reading the prototxt and the caffemodel."""
    import cv2

    if not hasattr(cv2.dnn, "readNetFromCaffe"):
        raise ImportError("this OpenCV does not read Caffe's files; install one before 5")
    cv2.setNumThreads(threads)
    net = ours.deploy_net(name, batch, engine="numpy")
    base = Path(folder) / f"{name}_{batch}"
    net.save(base.with_suffix(".caffemodel"))
    base.with_suffix(".prototxt").write_text(to_text(nets.inference(name, batch)))
    rival = cv2.dnn.readNetFromCaffe(
        str(base.with_suffix(".prototxt")), str(base.with_suffix(".caffemodel"))
    )
    data, _ = nets.batch_of(name, batch)

    def step() -> Any:
        rival.setInput(data)
        return rival.forward()

    return step


def onnx_file(name: str, batch: int, folder: str) -> str:
    """The net as ONNX, written by PyTorch in a process of its own.

    Raises:
        RuntimeError: PyTorch, or what it needs to write ONNX, is not installed.
    """
    path = Path(folder) / f"{name}_{batch}.onnx"
    if not path.exists():
        code = (
            f"from benchmarks.torch_rival import export; export({name!r}, {batch}, {str(path)!r})"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            cwd=Path(__file__).resolve().parent.parent,
        )
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["it failed"])[-1]
            raise RuntimeError(f"no ONNX file: {reason} (pip install torch onnx onnxscript)")
    return str(path)
