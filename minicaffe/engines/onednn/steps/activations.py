"""Elementwise layers."""

from __future__ import annotations

from minicaffe.engines.onednn.builder import Builder, Unsupported
from minicaffe.engines.onednn.primitives import (
    BACKWARD_DATA,
    DIFF_DST,
    DIFF_SRC,
    DST,
    ELU,
    ELU_FROM_DST,
    FORWARD_INFERENCE,
    FORWARD_TRAINING,
    LOGISTIC,
    LOGISTIC_FROM_DST,
    RELU,
    RELU_FROM_DST,
    SRC,
    TANH,
    TANH_FROM_DST,
    Recipe,
)
from minicaffe.engines.onednn.steps import Step, step_for


class Activation(Step):
    """top = f(bottom), elementwise; in place where the net says so.

    In training the gradient is computed from the top, as only that one is left in place.
    """

    algorithm: int
    algorithm_from_dst: int

    @property
    def alpha(self) -> float:
        """The function's parameter."""
        return 0.0

    def forward(self, builder: Builder) -> None:
        """One eltwise primitive."""
        bottom, top = self.node.bottoms[0], self.node.tops[0]
        source = builder.source(bottom)
        kind = FORWARD_TRAINING if builder.training else FORWARD_INFERENCE
        algorithm = self.algorithm_from_dst if builder.training else self.algorithm
        args = (kind, algorithm, source.desc, source.desc, self.alpha, 0.0)
        self.recipe = Recipe("eltwise_forward", *args)
        same = top is bottom
        self.top = builder.in_place(top) if same else builder.result(top, source.desc)
        builder.run(self.recipe, {SRC: source, DST: self.top})

    def backward(self, builder: Builder) -> None:
        """One eltwise primitive, in place on the gradient where the net is."""
        bottom, top = self.node.bottoms[0], self.node.tops[0]
        if not self.node.propagate_down[0]:
            return
        desc = self.top.desc
        top_diff = builder.gradient_source(top, desc)
        recipe = Recipe(
            "eltwise_backward",
            *(self.algorithm_from_dst, desc, desc, desc, self.alpha, 0.0, self.recipe),
        )
        make = builder.gradient_in_place if top is bottom else builder.gradient_result
        bottom_diff = make(bottom, desc)
        builder.run(recipe, {DST: self.top, DIFF_DST: top_diff, DIFF_SRC: bottom_diff})


@step_for("ReLU")
class ReLU(Activation):
    """max(x, 0) + slope · min(x, 0)."""

    algorithm, algorithm_from_dst = RELU, RELU_FROM_DST

    @property
    def alpha(self) -> float:
        """The negative slope."""
        return self.layer.param.relu_param.negative_slope

    def forward(self, builder: Builder) -> None:
        """Refuses slopes below 0, for which the top does not tell the bottom's sign."""
        if self.alpha < 0:
            raise Unsupported("a negative negative_slope")
        super().forward(builder)


@step_for("Sigmoid")
class Sigmoid(Activation):
    """1 / (1 + e^-x)."""

    algorithm, algorithm_from_dst = LOGISTIC, LOGISTIC_FROM_DST


@step_for("TanH")
class TanH(Activation):
    """tanh x."""

    algorithm, algorithm_from_dst = TANH, TANH_FROM_DST


@step_for("ELU")
class ELU_(Activation):
    """x, or alpha · (e^x - 1) below 0."""

    algorithm, algorithm_from_dst = ELU, ELU_FROM_DST

    @property
    def alpha(self) -> float:
        """What the function tends to below 0."""
        return self.layer.param.elu_param.alpha
