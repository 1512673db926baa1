"""Layers that divide values by what those of other channels are: LRN, Normalize."""

from __future__ import annotations

import ctypes
import functools

import numpy as np

from minicaffe.engines.jit.lrn_pass import LRNPass, suits
from minicaffe.engines.jit.passes import Image
from minicaffe.engines.onednn import dnnl
from minicaffe.engines.onednn.builder import Builder, Unsupported
from minicaffe.engines.onednn.channels import items_of, known_layout
from minicaffe.engines.onednn.dnnl import library
from minicaffe.engines.onednn.primitive import Memory, MemoryDesc, PrimitiveDesc
from minicaffe.engines.onednn.steps import Step, step_for
from minicaffe.proto import caffe_pb2
from minicaffe.syncedmem import only_read


@step_for("LRN")
class LRN(Step):
    """x · (k + α/n · Σ x²)^-β over n neighbouring channels: a kernel that is generated at run time,
    or a primitive.

    For the gradient oneDNN has only its reference code on AVX2, which takes half of GoogLeNet's
    time; the kernel reads x and dy once, in whichever layout they are.
    """

    def forward(self, builder: Builder) -> None:
        param = self.layer.param.lrn_param
        if param.norm_region != caffe_pb2.LRNParameter.ACROSS_CHANNELS:
            raise Unsupported("norm_region WITHIN_CHANNEL")
        if param.local_size == 1:  # with AVX-512 and channels last, oneDNN 3.2 crashes
            raise Unsupported("local_size: 1")
        if self.top is self.bottom:
            raise Unsupported("in place")
        self.source = builder.source(self.bottom)
        self.kernel = self._kernel(self.source.desc)
        if self.kernel is None:
            self._forward_primitive(builder)
            return
        kernel, source = self.kernel, self.source
        top = builder.result(self.top, source.desc)
        workspace = builder.own(MemoryDesc((kernel.workspace,)))
        builder.kernel(
            lambda: kernel.forward(source.address, top.address, workspace.address),
            {dnnl.SRC: source, dnnl.DST: top, dnnl.WORKSPACE: workspace},
            "lrn_forward/jit:generated",
        )

    def _kernel(self, desc: MemoryDesc) -> LRNPass | None:
        """The kernel for a layout, where there is one."""
        threads, param = library().team, self.layer.param.lrn_param
        if threads is None or desc.block is None or desc.dtype != dnnl.F32 or len(desc.shape) != 4:
            return None
        image = Image.of(desc.shape, -1 if desc.block == 1 else desc.block)
        if not suits(image, param.local_size, param.beta, threads.target):
            return None
        return LRNPass(threads, image, param.local_size, param.alpha, param.beta, param.k)

    def _forward_primitive(self, builder: Builder) -> None:
        param, desc = self.layer.param.lrn_param, self.source.desc
        size = ctypes.c_int64(param.local_size)
        self.numbers = (size, float(param.alpha), float(param.beta), float(param.k))
        self.forward_pd = PrimitiveDesc(
            "lrn_forward", builder.propagation, dnnl.LRN_ACROSS, desc, desc, *self.numbers
        )
        memories = {dnnl.SRC: self.source, dnnl.DST: builder.result(self.top, desc)}
        self.workspace: Memory | None = None
        workspace = self.forward_pd.desc("workspace")
        if builder.training and workspace.size:
            self.workspace = memories[dnnl.WORKSPACE] = builder.own(workspace)
        builder.run(self.forward_pd, memories)

    def backward(self, builder: Builder) -> None:
        if not self.node.propagate_down[0]:
            return
        desc, source = self.source.desc, self.source
        gradient = builder.gradient_source(self.top, desc)
        target = builder.gradient_result(self.bottom, desc)
        memories = {dnnl.SRC: source, dnnl.DIFF_DST: gradient, dnnl.DIFF_SRC: target}
        if self.kernel is None:
            self._backward_primitive(builder, memories)
            return
        kernel = self.kernel
        workspace = builder.own(MemoryDesc((kernel.workspace,)))
        builder.kernel(
            lambda: kernel.backward(
                source.address, gradient.address, target.address, workspace.address
            ),
            {**memories, dnnl.WORKSPACE: workspace},
            "lrn_backward/jit:generated",
        )

    def _backward_primitive(self, builder: Builder, memories: dict[int, Memory]) -> None:
        desc = self.source.desc
        pd = PrimitiveDesc(
            "lrn_backward", dnnl.LRN_ACROSS, desc, desc, desc, *self.numbers, self.forward_pd
        )
        if self.workspace is not None:
            memories[dnnl.WORKSPACE] = self.workspace
        builder.run(pd, memories)


@step_for("Normalize")
class Normalize(Step):
    """Vectors divided by their lengths: for inference the layer's own formula, in any known layout.

    Along the channels oneDNN has only its reference code.
    """

    def forward(self, builder: Builder) -> None:
        bottom = self.bottom
        if builder.training:
            raise Unsupported("its gradient is numpy's")
        if len(self.node.tops) > 1:
            raise Unsupported("a top of lengths")
        if not 2 <= bottom.num_axes <= 5:
            raise Unsupported(f"{bottom.num_axes} axes, not 2 to 5")
        with builder.storing(dnnl.F32):
            source = self.read(builder, needed=False)
            source = builder.another_layout(source, known_layout(source.desc))
            target = self.write(builder, source.desc)
        call = functools.partial(self._divide, source, target)
        builder.kernel(call, {dnnl.SRC: source, dnnl.DST: target}, "normalize_forward/numpy")

    def _divide(self, source: Memory, target: Memory) -> None:
        x, y = items_of(source), items_of(target)
        factor: np.ndarray | None = None
        if self.layer.scaled:
            with only_read([self.layer.blobs[0].data_memory]):
                learned = self.layer.blobs[0].data.reshape(-1)
            factor = np.zeros((x.shape[1], 1, x.shape[3]), np.float32)
            filled = factor.reshape(-1)
            filled[: source.desc.shape[1]] = learned
        self.layer.divide(x, y, (1, 3), factor)
