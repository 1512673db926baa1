"""Show the processor and the engines that can run on it.

minicaffe device_query
"""

from __future__ import annotations

import argparse
import platform
from pathlib import Path

import minicaffe
from minicaffe.cli._flags import add_flags
from minicaffe.engines import engine_name, engine_names, find_engine, why_unavailable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's flags."""
    add_flags(parser, "gpu")


def run(args: argparse.Namespace) -> int:
    """Print one line for each fact."""
    import numpy as np

    from minicaffe.common import devices
    from minicaffe.threads import available_cores

    print(f"minicaffe {minicaffe.__version__}, Python {platform.python_version()}, "
          f"numpy {np.__version__}")  # fmt: skip
    print(f"Processor: {processor_name()}, {available_cores()} core(s) to use")
    default = engine_name(find_engine())
    for name in engine_names():
        reason = why_unavailable(name)
        state = f"not available: {reason}" if reason else "available"
        print(f"Engine {name}: {state}{' (default)' if name == default else ''}")
        if not reason:
            print(f"  precision bf16: {why_unavailable(name, 'bf16') or 'available'}")
    for number, device in enumerate(devices()):
        print(f"GPU {number}: {device}")
    if not devices():
        print("GPU: none that PyTorch can use")
    return 0


def processor_name(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The processor's model, as far as the system knows it."""
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
