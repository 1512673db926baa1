"""Kernels that are generated at run time: convolutions with fewer products, on every processor.

Python writes LLVM's assembly language, llvmlite compiles it in this process, and ctypes calls it::

    Target ──> Function (ir.py) ──> compile_functions ──> address ──> Team.run(kernel, frame, …)
    target.py        ^                  compiler.py                      team.py
                     │                     │ machine code
      transform.py, product.py             v
      winograd.py, weights.py, pack.py   cache.py: the disk

The concepts:

- ``Target``: an instruction set: the width of its vectors, how many rows a product has.
- ``Function``: one function being written, line by line.
- ``matrices`` (toom_cook.py): the transforms of F(m, r), from interpolation points.
- ``Winograd``, ``WeightTransforms``, ``Packing``: write the kernels.
- ``Layout``, ``Frame``: what a kernel is told; sizes are not compiled in.
- ``Team``: the threads that share a kernel's units.
- ``PlaneWindows`` (planes.py): a plane laid out so that a vector holds neighbouring windows
  whatever the stride: pooling and depthwise convolutions.
- ``Pointwise``, ``ChannelSums``, ``CompiledPasses``: single passes over memory: ReLU, BatchNorm,
  Scale, biases.
- ``ForwardPass``, ``GradientPass``, ``TransformedWeights`` (passes.py): kernels for given sizes.

As an engine it runs nets as numpy's does, with these kernels in place of numpy's where a layer
suits them. It needs the package llvmlite.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from minicaffe.engines import PRECISIONS, Unavailable
from minicaffe.engines.jit.plan import JitPlan
from minicaffe.engines.jit.target import host_target
from minicaffe.errors import MissingExtraError, require

if TYPE_CHECKING:
    from minicaffe.net.net import Net

PRIORITY = 5


@functools.cache
def _problem() -> str | None:
    """Why kernels cannot be made here."""
    try:
        require("llvmlite.binding", extra="jit", purpose="kernels generated at run time")
    except MissingExtraError as error:
        return str(error)
    if host_target() is None:
        return "kernels are made for x86-64 with SSE 4.2 and for 64-bit ARM only"
    return None


def why_not(precision: str) -> Unavailable | None:
    """It needs llvmlite, a processor that kernels are written for, and float32."""
    problem = _problem()
    if problem is not None:
        return Unavailable(problem)
    if precision == PRECISIONS[0]:
        return None
    return Unavailable("kernels generated at run time compute and store float32")


def plan(net: Net) -> JitPlan:
    """Prepare to run the net."""
    return JitPlan(net)
