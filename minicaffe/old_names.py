"""Names that pycaffe had in 2014 and later dropped, and what takes their place.

Programs of that time give a net its phase, the mode and the mean; since Caffe 1.0, and here, the
phase is an argument of ``Net``, the mode is the process's, and means belong to
``caffe.io.Transformer``.
"""

from __future__ import annotations

from typing import Any

from minicaffe.errors import ArgumentError, OldNameError

_PHASE = "the phase is an argument: caffe.Net(file, caffe.{}, weights=...)"
_MODE = "write caffe.{} (minicaffe computes on the CPU, whatever is asked for)"
_TRANSFORMER = (
    "write t = caffe.io.Transformer({{name: net.blobs[name].data.shape}}), then t.{}; "
    "caffe.Classifier has one as its .transformer"
)

_NET = {
    "set_phase_train": _PHASE.format("TRAIN"),
    "set_phase_test": _PHASE.format("TEST"),
    "set_mode_cpu": _MODE.format("set_mode_cpu()"),
    "set_mode_gpu": _MODE.format("set_mode_gpu()"),
    "set_device": _MODE.format("set_device(number)"),
    "set_mean": _TRANSFORMER.format("set_mean(name, mean)"),
    "set_input_scale": _TRANSFORMER.format("set_input_scale(name, scale)"),
    "set_raw_scale": _TRANSFORMER.format("set_raw_scale(name, scale)"),
    "set_channel_swap": _TRANSFORMER.format("set_channel_swap(name, order)"),
    "preprocess": _TRANSFORMER.format("preprocess(name, image)"),
    "deprocess": _TRANSFORMER.format("deprocess(name, array)"),
    "mean": _TRANSFORMER.format("mean[name]"),
    "input_scale": _TRANSFORMER.format("input_scale[name]"),
    "raw_scale": _TRANSFORMER.format("raw_scale[name]"),
    "channel_swap": _TRANSFORMER.format("channel_swap[name]"),
}

_MODULE = {
    "set_phase_train": _PHASE.format("TRAIN"),
    "set_phase_test": _PHASE.format("TEST"),
}

_IO = {"arraylist_to_blobprotovecor_str": "write arraylist_to_blobprotovector_str"}

_OF = {"Net": _NET, "caffe": _MODULE, "caffe.io": _IO}

_KEYWORDS = {
    "gpu": "leave it out; caffe.set_mode_cpu() and set_mode_gpu() choose for the whole process",
    "mean_file": "write mean=numpy.load(file)",
}


def old_name(owner: str, name: str) -> OldNameError | None:
    """The error that says what to write for a name of 2014; None for any other name.

    Args:
        owner: whose attribute it would be: ``Net``, ``caffe`` or ``caffe.io``.
        name: the attribute that is not there.
    """
    remark = _OF[owner].get(name)
    if remark is None:
        return None
    return OldNameError(f"{owner}.{name} is of the pycaffe of 2014; {remark}")


def refuse_old_keywords(options: dict[str, Any]) -> None:
    """Say what to write for a keyword that ``Classifier`` and ``Detector`` had in 2014.

    Raises:
        ArgumentError: there is one.
    """
    for name, remark in _KEYWORDS.items():
        if name in options:
            raise ArgumentError(f"{name} is an argument of the pycaffe of 2014; {remark}")
