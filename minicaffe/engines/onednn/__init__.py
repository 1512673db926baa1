"""oneDNN through its plain C API: the fast engine on CPUs.

A net becomes flat lists of calls, made once; a forward or backward runs through one of them::

    net.nodes ──> Session ──> Segment, Segment, …                     session.py, segment.py
                                 │ do the guards hold? run the plan at hand : compile another
                                 v
    compile_plan: for each layer  step_of(node) ── can_fuse? ──> Step.forward(builder)
                                  then, from the last to the first, Step.backward(builder)
                                 │                               compiler.py, steps/, fusion.py
                                 │ builder.source, result, weights, run           builder.py
                                 v
    SegmentPlan: steps, forward calls, backward calls                                plan.py
                                 │ memory that is used at different times is one   memory.py
                                 v
    Primitive, KernelCall ── read and write ──> Memory                          primitive.py
                                 ^
    blob.data_memory ── head: array or engine's copy ──> Tensor ── home ──> Memory  tensor.py

A blob's values stay in the layout in which a primitive left them; code that asks for ``blob.data``
gets them by a reorder (:class:`~minicaffe.syncedmem.SyncedMemory` knows where the newest are).

Nothing is replayed. After a forward the record says which step ran each layer last, and that step
keeps what the layer's gradient needs. A backward is compiled of the record: the plan's own one, as
one list; or in parts, for a program that runs some of the layers, or looks between them. Only what
no plan has kept is computed once more, in the three cases of ``Segment._materialise``.

The concepts, in oneDNN's words where it has one:

1. ``Library``: the C API and its numbers (dnnl.py); self_check.py compares both with what is known.
2. ``Memory``: bytes with a ``MemoryDesc``: shape, data type and layout.
3. ``Primitive``: a call that computes, of a ``PrimitiveDesc``; ``Attributes`` are its post-ops.
   ``KernelCall``: the same for what is not oneDNN's.
4. ``Tensor``: one version of a blob's values or gradient, and the memory that is its home.
5. ``Weights``: parameters in layouts of oneDNN's, made again (``Cached``) when they have changed;
   ``ParameterGradient`` adds what a primitive computes to ``diff``.
6. ``Calls``: what a step does in one direction.
7. ``Builder``: hands a step its memories and collects its calls.
8. ``Step``: one small class a layer type; ``NumpyStep`` for those that oneDNN does not have.
9. ``PostOps``: the layers that a primitive, or its weights (``Folding``), take in.
10. ``LazyBlob``: a blob that fusion leaves unfilled, computed when a program asks for it.
11. ``Fallbacks``: layers that oneDNN refuses in bfloat16 or at all, and why.
12. ``SegmentPlan``: the lists, compiled for a ``Purpose`` (training, fused, shared); never changed.
13. ``Record``: which step ran each layer last; ``BackwardParts`` are compiled of it.
14. ``Segment``: layers in a row whose shapes are known before they run; compares ``Guards``.
15. ``Session``: the net's segments and single layers; what ``net.plan`` is.

heuristics.py chooses layouts and implementations where oneDNN's own choice is slower, channels.py
adds up over channels with the precision that long sums need. Kernels of
:mod:`minicaffe.engines.jit` run on the library's threads (``Library.team``).
"""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.engines import PRECISIONS, Plan, Unavailable
from minicaffe.engines import numpy as numpy_engine
from minicaffe.engines.onednn import dnnl
from minicaffe.engines.onednn.dnnl import NotInstalled, library
from minicaffe.engines.onednn.self_check import verify
from minicaffe.engines.onednn.session import Session
from minicaffe.engines.onednn.steps import step_class
from minicaffe.errors import EngineError

if TYPE_CHECKING:
    from minicaffe.net.net import Net

PRIORITY = 10

logger = logging.getLogger("minicaffe")


@functools.cache
def problem() -> Exception | None:
    """Why the library cannot be used; it is loaded and tried once."""
    try:
        verify(library())
    except (EngineError, OSError) as error:
        return error
    return None


def why_not(precision: str) -> Unavailable | None:
    """Why the library cannot be used, or not with this precision on this processor."""
    found = problem()
    if found is not None:
        return Unavailable(str(found), broken=not isinstance(found, NotInstalled))
    if precision == PRECISIONS[0] or (precision == "bf16" and library().has_bf16):
        return None
    if precision != "bf16":
        return Unavailable(f"oneDNN's plans store float32 or bf16, not {precision}")
    return Unavailable(
        "oneDNN finds no bfloat16 instructions on this processor "
        "(neither avx512_bf16 nor amx_bf16); leave the precision at float32"
    )


def plan(net: Net) -> Plan:
    """Prepare to run the net; one of another type than float32 runs as numpy.

    Raises:
        EngineError: such a net was to be stored in bfloat16.
    """
    options = net.options
    if net.dtype == np.float32:
        storage = dnnl.BF16 if options.precision == "bf16" else dnnl.F32
        references = options.engine is None
        if references:
            _tell_of_references(net)
        return Session(net, storage, references=references)
    if options.precision != PRECISIONS[0]:
        raise EngineError(
            f"precision {options.precision} is for nets of float32, not of {net.dtype}"
        )
    return numpy_engine.plan(net)


def _tell_of_references(net: Net) -> None:
    """Files made for Caffe say ``engine: CAFFE`` to avoid cuDNN, and may not mean to be slow."""
    names = [node.name for node in net.nodes if node.layer.wants_reference]
    names = [name for name in names if step_class(net.layer_dict[name].type) is not None]
    if names:
        logger.warning(
            "engine: CAFFE lets numpy run %d layer(s): %s; oneDNN runs them, faster, without it "
            'or with --engine onednn (engine="onednn" in Python)',
            *(len(names), ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")),
        )
