"""OpenCV's numbers of backends and targets; here every net runs on the CPU by its engine."""

from __future__ import annotations

import logging

from minicaffe.arguments import whole_number
from minicaffe.errors import ArgumentError

logger = logging.getLogger("minicaffe")

DNN_BACKEND_DEFAULT = 0
DNN_BACKEND_HALIDE = 1
DNN_BACKEND_INFERENCE_ENGINE = 2
DNN_BACKEND_OPENCV = 3
DNN_BACKEND_VKCOM = 4
DNN_BACKEND_CUDA = 5
DNN_BACKEND_WEBNN = 6
DNN_BACKEND_TIMVX = 7
DNN_BACKEND_CANN = 8

DNN_TARGET_CPU = 0
DNN_TARGET_OPENCL = 1
DNN_TARGET_OPENCL_FP16 = 2
DNN_TARGET_MYRIAD = 3
DNN_TARGET_VULKAN = 4
DNN_TARGET_FPGA = 5
DNN_TARGET_CUDA = 6
DNN_TARGET_CUDA_FP16 = 7
DNN_TARGET_HDDL = 8
DNN_TARGET_NPU = 9
DNN_TARGET_CPU_FP16 = 10


def getAvailableTargets(be: int) -> tuple[int, ...]:
    """The targets of a backend: the CPU for OpenCV's own and the default one, none for others."""
    return (DNN_TARGET_CPU,) if be in (DNN_BACKEND_DEFAULT, DNN_BACKEND_OPENCV) else ()


def note_choice(number: object, what: str, most: int, usual: tuple[int, ...]) -> None:
    """Take a backend or target, and say where it means nothing here.

    Raises:
        ArgumentError: there is no such number.
    """
    chosen = whole_number(number, what)
    if not 0 <= chosen <= most and chosen < 1000000:  # beyond are those of plugins
        raise ArgumentError(f"{what} is {chosen}, expected one of OpenCV's numbers, 0 to {most}")
    if chosen not in usual:
        logger.info(
            "%s %d is not used: the net runs on the CPU by minicaffe's engine", what, chosen
        )
