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


#: How libraries are told to use no newer instructions than AVX2's: oneDNN's, ATen's, MKL's and
#: OpenBLAS's variables, and OpenCV's list of what it is not to use.
AVX2_ONLY = {
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "OPENBLAS_CORETYPE": "Haswell",
    "OPENCV_CPU_DISABLE": "AVX512_SKX,AVX512_COMMON,AVX512_CNL,AVX512_CLX,AVX512_ICL",
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
        limited: whether it follows :data:`AVX2_ONLY`; others choose their instructions themselves.
    """

    name: str
    kind: str
    flags: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    ours: bool = False
    limited: bool = True


def _torch(name: str, *flags: str, tuned: bool = False) -> Contender:
    return Contender(f"torch {name}", "torch", flags, KEEP_MEMORY if tuned else {})


OURS = Contender("minicaffe", "minicaffe", ("onednn",), ours=True)
NUMPY = Contender("minicaffe numpy", "minicaffe", ("numpy",), ours=True)
JIT = Contender("minicaffe jit", "minicaffe", ("jit",), ours=True)
PEAK = Contender("peak", "peak")

#: By mode and precision.
CONTENDERS: dict[tuple[str, str], list[Contender]] = {
    ("train", "float32"): [
        OURS,
        NUMPY,
        JIT,
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
        JIT,
        _torch("channels_last tuned", "channels_last", tuned=True),
        _torch("compile tuned", "compile", tuned=True),
        Contender("onnxruntime", "onnxruntime", limited=False),
        Contender("openvino", "openvino", limited=False),
        Contender("opencv", "opencv"),
        Contender("ncnn", "ncnn", limited=False),
        Contender("mnn", "mnn", limited=False),
    ],
    ("infer", "bf16"): [
        OURS,
        _torch("autocast compile tuned", "bf16", "compile", tuned=True),
        Contender("openvino", "openvino", limited=False),
    ],
}

#: Programs that --rivals understands by default.
RIVALS = ("torch", "onnxruntime", "openvino", "opencv", "ncnn", "mnn")

#: minicaffe's own other engines, which it understands, too.
ENGINES = {"numpy": NUMPY, "jit": JIT}

#: And single modes.
NAMES = tuple(dict.fromkeys(item.name for who in CONTENDERS.values() for item in who[1:]))


def chosen(
    mode: str, precision: str, rivals: Sequence[str], *, limited: bool = False
) -> list[Contender]:
    """minicaffe and those of the rivals' modes that there are.

    Args:
        rivals: programs, all of whose modes are meant, or names of single modes.
        limited: only those that follow :data:`AVX2_ONLY`.
    """
    return [
        contender
        for contender in CONTENDERS[mode, precision]
        if contender is OURS
        or ((contender.limited or not limited)
            and (contender.name in rivals
                 or contender.kind in rivals
                 or any(contender is ENGINES.get(name) for name in rivals)))
    ]  # fmt: skip
