"""One forward pass in ONNX Runtime, OpenVINO, OpenCV, ncnn and MNN."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

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


def ncnn(name: str, batch: int, threads: int, folder: str) -> Step:
    """ncnn, from the ONNX file by its own converter pnnx; it runs a batch image by image.

    Its 16-bit formats are switched off, its Winograd convolutions are on, as they are by default.
    """
    import ncnn as package

    source = Path(onnx_file(name, 1, folder))
    base = source.with_suffix(".ncnn")
    if not base.with_suffix(".ncnn.bin").exists():
        _converted("pnnx", str(source), "fp16=0")
    net = package.Net()
    net.opt.num_threads = threads
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    net.opt.use_bf16_storage = False
    if net.load_param(f"{base}.param") or net.load_model(f"{base}.bin"):
        raise RuntimeError("ncnn does not load what its converter wrote")
    data, _ = nets.batch_of(name, batch)

    def scores(image: np.ndarray) -> np.ndarray:
        extractor = net.create_extractor()
        extractor.input("in0", package.Mat(image))
        _, out = extractor.extract("out0")
        return np.array(out).ravel()

    return lambda: np.stack([scores(image) for image in data])


def mnn(name: str, batch: int, threads: int, folder: str) -> Step:
    """MNN, from the ONNX file by its own converter, in float32."""
    import MNN

    source = onnx_file(name, batch, folder)
    model = str(Path(source).with_suffix(".mnn"))
    if not Path(model).exists():
        _converted("mnnconvert", "-f", "ONNX", "--modelFile", source, "--MNNModel", model,
                   "--bizCode", "benchmark")  # fmt: skip
    interpreter = MNN.Interpreter(model)
    session = interpreter.createSession(
        {"backend": "CPU", "numThread": threads, "precision": "high"}
    )
    data, _ = nets.batch_of(name, batch)
    place = interpreter.getSessionInput(session)
    result = interpreter.getSessionOutput(session)
    layout = MNN.Tensor_DimensionType_Caffe
    given = MNN.Tensor(data.shape, MNN.Halide_Type_Float, data, layout)
    taken = MNN.Tensor(result.getShape(), MNN.Halide_Type_Float,
                       np.zeros(result.getShape(), np.float32), layout)  # fmt: skip

    def step() -> Any:
        place.copyFrom(given)
        interpreter.runSession(session)
        result.copyToHostTensor(taken)
        return taken.getNumpyData()

    return step


def _converted(command: str, *args: str) -> None:
    """Run a rival's converter, which lies beside this interpreter.

    Raises:
        RuntimeError: it is not there, or fails.
    """
    path = Path(sys.executable).parent / command
    if not path.exists():
        raise RuntimeError(f"{command} is not installed (pip install pnnx ncnn MNN)")
    done = subprocess.run([str(path), *args], capture_output=True, text=True)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["it failed"])[-1]
        raise RuntimeError(f"{command}: {reason}")


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
