"""OpenCV's module ``cv2.dnn`` for Caffe's nets, with OpenCV 4's names, arguments and results.

    from minicaffe import dnn

    net = dnn.readNetFromCaffe("deploy.prototxt", "weights.caffemodel")
    net.setInput(dnn.blobFromImage(image, 1.0, (300, 300), (104, 177, 123)))
    detections = net.forward()

OpenCV itself is not needed: images are numpy arrays, blue first, as ``cv2.imread`` reads them.
(OpenCV 5 reads no Caffe nets any more.) docs/dnn.md says what differs.
"""

from __future__ import annotations

from typing import NoReturn

from minicaffe.dnn.blobs import CV_8U, CV_32F, blobFromImage, blobFromImages, imagesFromBlob
from minicaffe.dnn.custom import registerLayer, unregisterLayer
from minicaffe.dnn.layers import Layer
from minicaffe.dnn.net import Net
from minicaffe.dnn.nms import (
    SOFT_NMSMETHOD_SOFTNMS_GAUSSIAN,
    SOFT_NMSMETHOD_SOFTNMS_LINEAR,
    NMSBoxes,
    NMSBoxesBatched,
    softNMSBoxes,
)
from minicaffe.dnn.read import readNet, readNetFromCaffe
from minicaffe.dnn.targets import (
    DNN_BACKEND_CANN,
    DNN_BACKEND_CUDA,
    DNN_BACKEND_DEFAULT,
    DNN_BACKEND_HALIDE,
    DNN_BACKEND_INFERENCE_ENGINE,
    DNN_BACKEND_OPENCV,
    DNN_BACKEND_TIMVX,
    DNN_BACKEND_VKCOM,
    DNN_BACKEND_WEBNN,
    DNN_TARGET_CPU,
    DNN_TARGET_CPU_FP16,
    DNN_TARGET_CUDA,
    DNN_TARGET_CUDA_FP16,
    DNN_TARGET_FPGA,
    DNN_TARGET_HDDL,
    DNN_TARGET_MYRIAD,
    DNN_TARGET_NPU,
    DNN_TARGET_OPENCL,
    DNN_TARGET_OPENCL_FP16,
    DNN_TARGET_VULKAN,
    getAvailableTargets,
)
from minicaffe.errors import MinicaffeError

#: As OpenCV's functions are called in ``cv2`` itself, and what its errors are caught as.
dnn_registerLayer, dnn_unregisterLayer, error = registerLayer, unregisterLayer, MinicaffeError


def __getattr__(name: str) -> NoReturn:
    if name.startswith("readNetFrom"):
        raise AttributeError(
            f"minicaffe.dnn has no {name}: it reads Caffe's nets (readNetFromCaffe); for others "
            "use OpenCV"
        )
    raise AttributeError(
        f"minicaffe.dnn has no {name}; docs/dnn.md lists what it has of OpenCV's cv2.dnn"
    )


__all__ = [
    "CV_8U",
    "CV_32F",
    "DNN_BACKEND_CANN",
    "DNN_BACKEND_CUDA",
    "DNN_BACKEND_DEFAULT",
    "DNN_BACKEND_HALIDE",
    "DNN_BACKEND_INFERENCE_ENGINE",
    "DNN_BACKEND_OPENCV",
    "DNN_BACKEND_TIMVX",
    "DNN_BACKEND_VKCOM",
    "DNN_BACKEND_WEBNN",
    "DNN_TARGET_CPU",
    "DNN_TARGET_CPU_FP16",
    "DNN_TARGET_CUDA",
    "DNN_TARGET_CUDA_FP16",
    "DNN_TARGET_FPGA",
    "DNN_TARGET_HDDL",
    "DNN_TARGET_MYRIAD",
    "DNN_TARGET_NPU",
    "DNN_TARGET_OPENCL",
    "DNN_TARGET_OPENCL_FP16",
    "DNN_TARGET_VULKAN",
    "SOFT_NMSMETHOD_SOFTNMS_GAUSSIAN",
    "SOFT_NMSMETHOD_SOFTNMS_LINEAR",
    "Layer",
    "NMSBoxes",
    "NMSBoxesBatched",
    "Net",
    "blobFromImage",
    "blobFromImages",
    "dnn_registerLayer",
    "dnn_unregisterLayer",
    "error",
    "getAvailableTargets",
    "imagesFromBlob",
    "readNet",
    "readNetFromCaffe",
    "registerLayer",
    "softNMSBoxes",
    "unregisterLayer",
]
