"""Who is compared: each is a kind of program in one of its modes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

#: Tells glibc to keep freed memory, which spares PyTorch page faults on every new tensor.
KEEP_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": "34359738368",
    "MALLOC_TRIM_THRESHOLD_": "34359738368",
    "MALLOC_TOP_PAD_": "268435456",
}


@dataclass(frozen=True)
class Contender:
    """One column of a table.

    Attributes:
        name: of the column.
        kind: which program; worker.py knows them.
        flags: its mode.
        environment: what its process finds set.
        ours: whether it is minicaffe.
    """

    name: str
    kind: str
    flags: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    ours: bool = False


def _torch(name: str, *flags: str, tuned: bool = False) -> Contender:
    return Contender(f"torch {name}", "torch", flags, KEEP_MEMORY if tuned else {})


OURS = Contender("minicaffe", "minicaffe", ("onednn",), ours=True)
NUMPY = Contender("minicaffe numpy", "minicaffe", ("numpy",), ours=True)
PEAK = Contender("peak", "peak")

#: By mode and precision.
CONTENDERS: dict[tuple[str, str], list[Contender]] = {
    ("train", "float32"): [
        OURS,
        NUMPY,
        _torch("eager"),
        _torch("channels_last", "channels_last"),
        _torch("compile", "compile"),
        _torch("tuned", "channels_last", tuned=True),
        _torch("compile tuned", "compile", tuned=True),
    ],
    ("train", "bf16"): [
        OURS,
        _torch("autocast tuned", "bf16", "channels_last", tuned=True),
        _torch("autocast compile tuned", "bf16", "compile", tuned=True),
    ],
    ("infer", "float32"): [
        OURS,
        NUMPY,
        _torch("channels_last tuned", "channels_last", tuned=True),
        _torch("compile tuned", "compile", tuned=True),
        Contender("onnxruntime", "onnxruntime"),
        Contender("openvino", "openvino"),
        Contender("opencv", "opencv"),
    ],
    ("infer", "bf16"): [
        OURS,
        _torch("autocast compile tuned", "bf16", "compile", tuned=True),
        Contender("openvino", "openvino"),
    ],
}

#: Programs that --rivals understands; "numpy" is minicaffe's own other engine.
RIVALS = ("torch", "onnxruntime", "openvino", "opencv", "numpy")

#: Single modes that it understands, too.
NAMES = tuple(dict.fromkeys(item.name for who in CONTENDERS.values() for item in who[1:]))


def chosen(mode: str, precision: str, rivals: Sequence[str]) -> list[Contender]:
    """minicaffe and those of the rivals' modes that there are.

    Args:
        rivals: programs, all of whose modes are meant, or names of single modes.
    """
    return [
        contender
        for contender in CONTENDERS[mode, precision]
        if contender is OURS
        or contender.name in rivals
        or contender.kind in rivals
        or (contender is NUMPY and "numpy" in rivals)
    ]
