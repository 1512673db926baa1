"""Convolutions by Winograd's algorithms, in kernels that are generated at run time.

The kernels take oneDNN's layouts as they are (nChw8c, nChw16c, nhwc), so that blobs go from
primitives to kernels and back without a reorder. What training passes make of the weights is
scratch memory, which other steps use at other times; in TEST it is kept.
"""

from __future__ import annotations

from minicaffe.blob import Blob
from minicaffe.engines.jit.convolution import TILES, passes_of, suits
from minicaffe.engines.jit.passes import Image
from minicaffe.engines.onednn import dnnl
from minicaffe.engines.onednn.builder import Builder, Unsupported
from minicaffe.engines.onednn.fusion import PostOps
from minicaffe.engines.onednn.primitive import Memory, MemoryDesc
from minicaffe.engines.onednn.steps import Step
from minicaffe.engines.onednn.steps.convolution import ConvolutionPrimitive
from minicaffe.engines.onednn.tensor import KernelCall
from minicaffe.syncedmem import SyncedMemory

#: With fewer tiles than these the weights, which are more when they are transformed, take longer
#: to read than the products that are saved.
FEWEST_TILES = 8


def suits_winograd(step: Step, top: Blob, builder: Builder) -> bool:
    """Whether a convolution is computed so."""
    layer = step.layer
    if builder.winograd is None or builder.storage != dnnl.F32 or not suits(layer):
        return False
    tile = TILES[layer.geometry.kernel[0]]
    items, _, rows, columns = top.shape
    return items * -(-rows // tile) * -(-columns // tile) >= FEWEST_TILES


class WinogradConvolution(ConvolutionPrimitive):
    """One image batch through the filters, forward and back."""

    def forward(self, builder: Builder, post_ops: PostOps) -> None:
        """The kernel, with the bias, another blob that is added, and a ReLU."""
        after = post_ops.sum_and_relu
        if after is None:
            super().forward(builder, post_ops)
            self._prepare(builder, self.source.desc.block)
            return
        self.folding = post_ops.folding
        self._prepare(builder, self._block_at_hand(builder))
        self.source = builder.source(self.bottom, _desc(self._passes.read))
        forward = self._passes.forward
        operands = {dnnl.SRC: self.source, dnnl.WEIGHTS: self._forward_weights(builder)}
        if self.biased:
            operands[dnnl.BIAS] = self._padded_bias(builder)
        made = _desc(self._passes.made)
        added = {dnnl.SRC_1: post_ops.added(builder, made)} if after.adds else {}
        self.result = builder.result(self.top, made)
        operands |= {dnnl.DST: self.result, **added}
        workspace = builder.own(MemoryDesc((forward.workspace,)))

        def run() -> None:
            bias, other = operands.get(dnnl.BIAS), added.get(dnnl.SRC_1)
            forward.run(
                *(operands[dnnl.SRC].address, operands[dnnl.WEIGHTS].address),
                *(operands[dnnl.DST].address, workspace.address),
                0 if bias is None else bias.address,
                added=0 if other is None else other.address,
                relu=after.relu,
            )

        operands[dnnl.WORKSPACE] = workspace
        builder.kernel(run, operands, "convolution_forward/jit:winograd")

    def backward_weights(self, builder: Builder) -> None:
        """The gradients of the weights and of the bias."""
        layer = self.step.layer
        source = builder.another_layout(self.source, _desc(self._passes.read))
        gradient = builder.gradient_source(self.top, _desc(self._passes.made))
        if layer.wants_gradient(0):
            self._add_weight_gradient(builder, source, gradient)
        if self.biased and layer.wants_gradient(1):
            self.backward_bias(builder, gradient)

    def _add_weight_gradient(self, builder: Builder, source: Memory, gradient: Memory) -> None:
        passed, transforms = self._passes.gradient, self._passes.weights
        result = builder.weights.gradient(self.blobs[0], self.weights)
        made = builder.own(MemoryDesc((transforms.floats,)))
        workspace = builder.own(MemoryDesc((passed.workspace,)))
        operands = {dnnl.SRC: source, dnnl.DIFF_DST: gradient, dnnl.DIFF_WEIGHTS: result.memory}

        def run() -> None:
            passed.run(source.address, gradient.address, made.address, workspace.address)
            transforms.gradient(made.address, result.memory.address, add=False)

        builder.then(*result.before)
        operands[dnnl.WEIGHTS] = made
        operands[dnnl.WORKSPACE] = workspace
        builder.kernel(run, operands, "convolution_backward_weights/jit:winograd")
        builder.then(*result.after)

    def backward_bottom(self, builder: Builder) -> None:
        """The gradient of the bottom: forward, with the weights turned round."""
        passed, transforms = self._passes.bottom, self._passes.weights
        gradient = builder.gradient_source(self.top, _desc(self._passes.made))
        target = builder.gradient_result(self.bottom, _desc(self._passes.read))
        weights = builder.weights.source(self.blobs[0], self.weights)
        made = builder.own(MemoryDesc((transforms.floats,)))
        workspace = builder.own(MemoryDesc((passed.workspace,)))
        operands = {dnnl.WEIGHTS: made, dnnl.DIFF_DST: gradient, dnnl.DIFF_SRC: target}

        def run() -> None:
            transforms.backward(weights.address, made.address)
            passed.run(gradient.address, made.address, target.address, workspace.address)

        operands[dnnl.WORKSPACE] = workspace
        builder.kernel(run, operands, "convolution_backward_data/jit:winograd")

    # ---------------------------------------------------------------- what the passes share

    def _prepare(self, builder: Builder, block: int | None) -> None:
        """The sizes, in a layout with such blocks if the kernels take it."""
        team = builder.winograd
        if team is None:
            raise Unsupported("no kernels are generated here")
        width = team.target.width
        shapes = self.source_shape, self.top_shape
        if block is None or not all(Image.of(shape, block).fits(width) for shape in shapes):
            block = 16 if width == 16 else 8
        read, made = (Image.of(shape, block) for shape in shapes)
        self._passes = passes_of(self.step.layer, read, made, team)
        self._lanes = made.vectors(width) * width

    def _block_at_hand(self, builder: Builder) -> int | None:
        """The layout in which the bottom is."""
        tensor = builder.values.of(self.bottom.data_memory, self.bottom.shape)
        return None if tensor.is_plain else tensor.home.desc.block

    def _forward_weights(self, builder: Builder) -> Memory:
        """The transformed weights, with what is folded in."""
        floats, folding = MemoryDesc((self._passes.weights.floats,)), self.folding
        if folding is None and builder.training:
            given = builder.weights.source(self.blobs[0], self.weights)
            made = builder.own(floats)
            builder.then(self._transform(given, made))
            return made
        made = Memory(floats)
        if folding is None:
            given = builder.weights.source(self.blobs[0], self.weights)
            memories: list[SyncedMemory] = [self.blobs[0].data_memory]
            return builder.weights.computed(memories, self._transform(given, made), made, floats)
        given = Memory(self.weights, folding.weights)

        def fold_and_transform() -> None:
            folding()
            self._passes.weights.forward(given.address, made.address)

        make = KernelCall(fold_and_transform, {dnnl.SRC: given, dnnl.DST: made})
        return builder.weights.computed(folding.memories, make, made, floats)

    def _transform(self, given: Memory, made: Memory) -> KernelCall:
        return KernelCall(
            lambda: self._passes.weights.forward(given.address, made.address),
            {dnnl.SRC: given, dnnl.DST: made},
        )

    def _padded_bias(self, builder: Builder) -> Memory:
        """The bias, with zeros for the channels that fill up the last block."""
        folding, count = self.folding, self.top_shape[1]
        padded = Memory(MemoryDesc((self._lanes,)))
        if folding is not None:
            given = Memory(MemoryDesc((count,)), folding.bias)
            memories = folding.memories
        else:
            given = builder.weights.source(self.blobs[1], MemoryDesc((count,)))
            memories = [self.blobs[1].data_memory]

        def copy() -> None:
            padded.floats[:count] = given.floats

        return builder.weights.computed(memories, copy, padded, padded.desc)


def _desc(image: Image) -> MemoryDesc:
    shape = (image.batch, image.channels, image.rows, image.columns)
    return MemoryDesc(shape, block=image.block)
