"""Layers that make images smaller or larger: Pooling, Upsample, Interp."""

from __future__ import annotations

from minicaffe.engines.onednn import dnnl
from minicaffe.engines.onednn.builder import Builder, Unsupported
from minicaffe.engines.onednn.channels import images_of, known_layout
from minicaffe.engines.onednn.primitive import Memory, MemoryDesc, PrimitiveDesc
from minicaffe.engines.onednn.steps import Step, step_for
from minicaffe.proto import caffe_pb2


@step_for("Pooling")
class Pooling(Step):
    """MAX and AVE over windows; Caffe's larger last window becomes padding on the far side."""

    def forward(self, builder: Builder) -> None:
        if len(self.node.tops) > 1:
            raise Unsupported("a mask top")
        bottom, top = self.bottom, self.top
        geometry = self.layer.geometry
        kernel, stride, pad = map(list, (geometry.kernel, geometry.stride, geometry.pad))
        sizes = zip(geometry.output, stride, kernel, geometry.size, pad, strict=True)
        # a border that no window reaches is left out by oneDNN's division as well
        far = [max(0, (n - 1) * s + k - size - p) for n, s, k, size, p in sizes]
        algorithm = self._algorithm(pad, far, kernel)
        source = builder.source(bottom)
        wish = MemoryDesc(top.shape, source.desc.dtype, any_layout=True)
        self.windows = (stride, kernel, [0] * len(kernel), pad, far)
        args = (builder.propagation, algorithm, source.desc, wish, *self.windows)
        self.forward_pd = PrimitiveDesc("pooling_forward", *args)
        self.algorithm, self.source_desc = algorithm, source.desc
        self.top_desc = self.forward_pd.desc("dst")
        memories = {dnnl.SRC: source, dnnl.DST: builder.result(top, self.top_desc)}
        self.workspace: Memory | None = None
        if algorithm == dnnl.POOLING_MAX and builder.training:
            self.workspace = builder.own(self.forward_pd.desc("workspace"))
            memories[dnnl.WORKSPACE] = self.workspace
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
        bottom, top = self.bottom, self.top
        args = (self.algorithm, self.source_desc, self.top_desc, *self.windows, self.forward_pd)
        pd = PrimitiveDesc("pooling_backward", *args)
        memories = {
            dnnl.DIFF_DST: builder.gradient_source(top, self.top_desc),
            dnnl.DIFF_SRC: builder.gradient_result(bottom, self.source_desc),
        }
        if self.workspace is not None:
            memories[dnnl.WORKSPACE] = self.workspace
        builder.run(pd, memories)


@step_for("Upsample")
class Upsample(Step):
    """Every pixel repeated along both axes."""

    def forward(self, builder: Builder) -> None:
        """One primitive, which takes the nearest pixel."""
        if len(self.node.bottoms) > 1:
            raise Unsupported("a mask says where values go")
        bottom, top = self.bottom, self.top
        source = builder.source(bottom)
        wish = MemoryDesc(top.shape, source.desc.dtype, any_layout=True)
        self.forward_pd = PrimitiveDesc(
            "resampling_forward",
            *(builder.propagation, dnnl.RESAMPLING_NEAREST, None, source.desc, wish),
        )
        self.source_desc, self.top_desc = source.desc, self.forward_pd.desc("dst")
        target = builder.result(top, self.top_desc)
        builder.run(self.forward_pd, {dnnl.SRC: source, dnnl.DST: target})

    def backward(self, builder: Builder) -> None:
        """Its gradient's primitive adds up what a pixel was repeated to."""
        if not self.node.propagate_down[0]:
            return
        descs = self.source_desc, self.top_desc
        pd = PrimitiveDesc(
            "resampling_backward", *(dnnl.RESAMPLING_NEAREST, None, *descs, self.forward_pd)
        )
        gradient = builder.gradient_source(self.top, self.top_desc)
        target = builder.gradient_result(self.bottom, self.source_desc)
        builder.run(pd, {dnnl.DIFF_DST: gradient, dnnl.DIFF_SRC: target})


@step_for("Interp")
class Interp(Step):
    """Images resized with aligned corners, which oneDNN's resampling does not do."""

    def forward(self, builder: Builder) -> None:
        """The layer's own formula, along the axes of rows and columns in any known layout."""
        with builder.storing(dnnl.F32):
            source = builder.source(self.bottom, known_layout(builder.source(self.bottom).desc))
            self.source_desc = source.desc
            self.top_desc = MemoryDesc(self.top.shape, block=source.desc.block)
            target = builder.result(self.top, self.top_desc)
        builder.kernel(
            lambda: self.layer.resize(images_of(source), images_of(target)),
            {dnnl.SRC: source, dnnl.DST: target},
            "interp_forward/numpy",
        )

    def backward(self, builder: Builder) -> None:
        if not self.node.propagate_down[0]:
            return
        with builder.storing(dnnl.F32):
            gradient = builder.gradient_source(self.top, self.top_desc)
            target = builder.gradient_result(self.bottom, self.source_desc)
        builder.kernel(
            lambda: self.layer.give_back(images_of(gradient), images_of(target)),
            {dnnl.DIFF_DST: gradient, dnnl.DIFF_SRC: target},
            "interp_backward/numpy",
        )
