"""Softmax, and the loss that begins with it."""

from __future__ import annotations

from minicaffe.engines.onednn.builder import Builder
from minicaffe.engines.onednn.primitives import (
    DIFF_DST,
    DIFF_SRC,
    DST,
    FORWARD_INFERENCE,
    FORWARD_TRAINING,
    SOFTMAX,
    SRC,
    Desc,
    Recipe,
)
from minicaffe.engines.onednn.steps import Step, step_for

#: Below so many values numpy's softmax takes no longer than a primitive and its surroundings.
FEW = 1 << 12


@step_for("Softmax")
class Softmax(Step):
    """Probabilities along one axis."""

    def forward(self, builder: Builder) -> None:
        """One primitive, in row-major order."""
        bottom, top = self.node.bottoms[0], self.node.tops[0]
        self.axis = bottom.axis(self.layer.param.softmax_param.axis)
        source = builder.source(bottom, Desc(bottom.shape))
        desc = source.desc
        kind = FORWARD_TRAINING if builder.training else FORWARD_INFERENCE
        self.recipe = Recipe("softmax_forward", kind, SOFTMAX, desc, desc, self.axis)
        self.top = builder.result(top, desc)
        builder.run(self.recipe, {SRC: source, DST: self.top})

    def backward(self, builder: Builder) -> None:
        """One primitive, from the probabilities."""
        if not self.node.propagate_down[0]:
            return
        desc = self.top.desc
        recipe = Recipe("softmax_backward", SOFTMAX, desc, desc, desc, self.axis, self.recipe)
        gradient = builder.gradient_source(self.node.tops[0], desc)
        target = builder.gradient_result(self.node.bottoms[0], desc)
        builder.run(recipe, {DST: self.top, DIFF_DST: gradient, DIFF_SRC: target})
