"""A pass of a convolution by a kernel that is not oneDNN's, beside passes that are."""

from __future__ import annotations

import functools
import re

import numpy as np
import pytest

from minicaffe.blob import Blob
from minicaffe.engines.onednn import dnnl
from minicaffe.engines.onednn.builder import Builder
from minicaffe.engines.onednn.primitive import Memory, MemoryDesc
from minicaffe.engines.onednn.steps.convolution import Convolution, ConvolutionPrimitive
from minicaffe.engines.onednn.tensor import KernelCall
from minicaffe.net.net import TRAIN, Net
from tests.engines.nets import Text
from tests.engines.twins import Twins

BLOCK = 8


class UnitWindows(ConvolutionPrimitive):
    """The gradient of the bottom for windows of one position, in nChw8c: dx = Wᵀ · dy."""

    def backward_bottom(self, builder: Builder) -> None:
        wanted = MemoryDesc(self.top_shape, block=BLOCK)
        gradient = builder.gradient_source(self.top, wanted)
        desc = MemoryDesc(self.source_shape, block=BLOCK)
        target = builder.gradient_result(self.bottom, desc)
        turned = Memory(MemoryDesc((self.source_shape[1], self.top_shape[1])))
        make = functools.partial(self._turn, turned)
        memory = self.blobs[0].data_memory
        weights = builder.weights.computed([memory], make, turned, turned.desc)
        operands = {dnnl.WEIGHTS: weights, dnnl.DIFF_DST: gradient, dnnl.DIFF_SRC: target}
        compute = functools.partial(self._compute, weights, gradient, target)
        builder.then(KernelCall(compute, operands, "convolution_backward_data/ours"))

    def _turn(self, turned: Memory) -> None:
        weights = self.blobs[0].data_memory.raw.reshape(turned.desc.shape[::-1])
        np.copyto(turned.floats.reshape(turned.desc.shape), weights.T)

    def _compute(self, weights: Memory, gradient: Memory, target: Memory) -> None:
        items, outputs, *places = self.top_shape
        dy = _floats(gradient).reshape(items, outputs // BLOCK, *places, BLOCK)
        w = weights.floats.reshape(-1, BLOCK, outputs // BLOCK, BLOCK)
        dx = np.einsum("nohwb,icob->nihwc", dy, w)
        np.copyto(_floats(target).reshape(dx.shape), dx)


def _floats(memory: Memory) -> np.ndarray:
    return memory.buffer.view(np.float32)[: np.prod(memory.desc.shape)]


@pytest.fixture(autouse=True)
def ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def chosen(self: Convolution, builder: Builder, top: Blob) -> type[ConvolutionPrimitive]:
        unit = self.layer.geometry.kernel == (1, 1) and self.layer.group == 1
        return UnitWindows if unit else ConvolutionPrimitive

    monkeypatch.setattr(Convolution, "primitive_class", chosen)


@pytest.mark.parametrize("keep", ["all", "outputs"])
def test_a_pass_by_another_kernel(keep: str) -> None:
    text = Text("force_backward: true")
    text.input("data", 3, 4, 9, 8)
    text.norm(text.conv("data", "a", 16, bias_term="false"))
    text.relu(text.conv("a", "b", 24, 1))
    text.conv("b", "c", 8, 1)
    text.conv("c", "d", 5)
    twins = Twins(str(text))
    twins.tested = Net(twins.param, TRAIN, seed=3, engine="onednn", keep=keep)
    for _ in range(3):
        twins.fill()
        twins.each("forward_loss")
        for net in twins.nets:
            net.clear_param_diffs()
            net.blobs["d"].diff[...] = np.cos(np.arange(net.blobs["d"].count)).reshape(3, 5, 9, 8)
        twins.each("backward")
        pairs = zip(twins.numpy.learnable_params, twins.tested.learnable_params, strict=True)
        for want, got in pairs:
            assert twins.agree(got.blob.diff, want.blob.diff)
        assert twins.agree(*(net.blobs["data"].diff for net in twins.nets))
        for net in twins.nets:
            net.arena.data[...] -= 0.01 * net.arena.diff
    lines = dict(line.split(": ", 1) for line in twins.plan.splitlines())
    for name, ours in (("b + b_relu", True), ("c", True), ("d", False)):
        assert ("convolution_backward_data/ours" in lines[name]) == ours
        # whatever oneDNN calls its own kernel for this instruction set
        assert bool(re.search(r"convolution_backward_data/(?!ours)", lines[name])) != ours
    shown = "\n".join(twins.tested.plan.describe(verbose=True))
    assert "convolution_backward_data ours: nChw8c -> nChw8c" in shown
