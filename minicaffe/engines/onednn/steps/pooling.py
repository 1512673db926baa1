"""Pooling and local response normalisation."""

from __future__ import annotations

import ctypes

from minicaffe.engines.onednn import dnnl
from minicaffe.engines.onednn.builder import Builder, Unsupported
from minicaffe.engines.onednn.primitive import Memory, MemoryDesc, PrimitiveDesc
from minicaffe.engines.onednn.steps import Step, step_for
from minicaffe.proto import caffe_pb2


@step_for("Pooling")
class Pooling(Step):
    """MAX and AVE over windows; Caffe's larger last window becomes padding on the far side."""

    def forward(self, builder: Builder) -> None:
        """One pooling primitive in the layout that comes in."""
        if len(self.node.tops) > 1:
            raise Unsupported("a mask top")
        bottom, top = self.node.bottoms[0], self.node.tops[0]
        geometry = self.layer.geometry
        kernel, stride, pad = (
            list(geometry.kernel),
            list(geometry.stride),
            list(geometry.pad),
        )
        sizes = zip(geometry.output, stride, kernel, geometry.size, pad, strict=True)
        # a border that no window reaches is left out by oneDNN's division as well
        far = [max(0, (n - 1) * s + k - size - p) for n, s, k, size, p in sizes]
        algorithm = self._algorithm(pad, far, kernel)
        source = builder.source(bottom)
        wish = MemoryDesc(top.shape, source.desc.dtype, any_layout=True)
        kind = dnnl.FORWARD_TRAINING if builder.training else dnnl.FORWARD_INFERENCE
        self.windows = (stride, kernel, [0] * len(kernel), pad, far)
        args = (kind, algorithm, source.desc, wish, *self.windows)
        self.forward_pd = PrimitiveDesc("pooling_forward", *args)
        self.algorithm, self.source_desc = algorithm, source.desc
        self.top_desc = self.forward_pd.desc("dst")
        memories = {dnnl.SRC: source, dnnl.DST: builder.result(top, self.top_desc)}
        self.workspace: Memory | None = None
        if algorithm == dnnl.POOLING_MAX and builder.training:
            self.workspace = memories[dnnl.WORKSPACE] = builder.own(
                self.forward_pd.desc("workspace")
            )
        builder.run(self.forward_pd, memories)

    def _algorithm(self, pad: list[int], far: list[int], kernel: list[int]) -> int:
        """Caffe divides by the part of the window within size + pad, padding included."""
        method = self.layer.method
        if any(f >= k for f, k in zip(far, kernel, strict=True)):
            raise Unsupported("a window wholly outside the image")
        if method == caffe_pb2.PoolingParameter.MAX:
            return dnnl.POOLING_MAX
        if method != caffe_pb2.PoolingParameter.AVE:
            raise Unsupported("stochastic pooling")
        if not any(pad):
            return dnnl.POOLING_AVG_EXCLUDE
        if all(f <= p for f, p in zip(far, pad, strict=True)):
            return dnnl.POOLING_AVG_INCLUDE
        raise Unsupported("average windows that reach beyond the padding")

    def backward(self, builder: Builder) -> None:
        """One primitive, with the positions of the maxima from the forward."""
        if not self.node.propagate_down[0]:
            return
        bottom, top = self.node.bottoms[0], self.node.tops[0]
        pd = PrimitiveDesc(
            "pooling_backward",
            *(
                self.algorithm,
                self.source_desc,
                self.top_desc,
                *self.windows,
                self.forward_pd,
            ),
        )
        memories = {
            dnnl.DIFF_DST: builder.gradient_source(top, self.top_desc),
            dnnl.DIFF_SRC: builder.gradient_result(bottom, self.source_desc),
        }
        if self.workspace is not None:
            memories[dnnl.WORKSPACE] = self.workspace
        builder.run(pd, memories)


@step_for("LRN")
class LRN(Step):
    """x · (k + α/n · Σ x²)^-β over n neighbouring channels."""

    def forward(self, builder: Builder) -> None:
        """One primitive in the layout that comes in."""
        param = self.layer.param.lrn_param
        if param.norm_region != caffe_pb2.LRNParameter.ACROSS_CHANNELS:
            raise Unsupported("norm_region WITHIN_CHANNEL")
        if self.node.tops[0] is self.node.bottoms[0]:
            raise Unsupported("in place")
        self.source = builder.source(self.node.bottoms[0])
        desc = self.source.desc
        kind = dnnl.FORWARD_TRAINING if builder.training else dnnl.FORWARD_INFERENCE
        size = ctypes.c_int64(param.local_size)
        self.numbers = (size, float(param.alpha), float(param.beta), float(param.k))
        self.forward_pd = PrimitiveDesc(
            "lrn_forward", kind, dnnl.LRN_ACROSS, desc, desc, *self.numbers
        )
        top = builder.result(self.node.tops[0], desc)
        memories = {dnnl.SRC: self.source, dnnl.DST: top}
        self.workspace: Memory | None = None
        if builder.training and self.forward_pd.desc("workspace").size:
            self.workspace = memories[dnnl.WORKSPACE] = builder.own(
                self.forward_pd.desc("workspace")
            )
        builder.run(self.forward_pd, memories)

    def backward(self, builder: Builder) -> None:
        """One primitive."""
        if not self.node.propagate_down[0]:
            return
        desc = self.source.desc
        pd = PrimitiveDesc(
            "lrn_backward", dnnl.LRN_ACROSS, desc, desc, desc, *self.numbers, self.forward_pd
        )
        memories = {
            dnnl.SRC: self.source,
            dnnl.DIFF_DST: builder.gradient_source(self.node.tops[0], desc),
            dnnl.DIFF_SRC: builder.gradient_result(self.node.bottoms[0], desc),
        }
        if self.workspace is not None:
            memories[dnnl.WORKSPACE] = self.workspace
        builder.run(pd, memories)
