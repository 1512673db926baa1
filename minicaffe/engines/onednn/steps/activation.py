"""Elementwise layers."""

from __future__ import annotations

import numpy as np

from minicaffe.engines.onednn import dnnl
from minicaffe.engines.onednn.builder import Builder, Unsupported
from minicaffe.engines.onednn.channels import known_layout, slope_gradient
from minicaffe.engines.onednn.primitive import (
    Memory,
    MemoryDesc,
    PrimitiveDesc,
    keeping_not_numbers,
)
from minicaffe.engines.onednn.steps import Step, step_for
from minicaffe.engines.onednn.tensor import SavedSource
from minicaffe.proto import caffe_pb2


def linear(builder: Builder, source: Memory, target: Memory, factor: float, offset: float) -> None:
    """Append target = factor · source + offset, elementwise."""
    args = (dnnl.FORWARD_INFERENCE, dnnl.LINEAR, source.desc, target.desc, factor, offset)
    builder.run(PrimitiveDesc("eltwise_forward", *args), {dnnl.SRC: source, dnnl.DST: target})


class Activation(Step):
    """top = f(inner · bottom + offset), elementwise; in place where the net says so.

    Where oneDNN knows f' by f (``from_top``), the gradient is computed from the top, as
    only that one is left in place; otherwise the bottom is kept.
    """

    algorithm: int
    from_top: int | None = None
    #: Whether more is to do than a primitive does, so that none takes it in as its post-op.
    stays_alone = False
    #: Whether Caffe's backward reads what the forward has kept, not the bottom as it is then.
    saves_bottom = False

    @property
    def numbers(self) -> tuple[float, float]:
        """The function's parameters as oneDNN calls them, alpha and beta."""
        return 0.0, 0.0

    @property
    def gradient_numbers(self) -> tuple[float, float]:
        return self.numbers

    @property
    def inner(self) -> tuple[float, float]:
        """The factor and offset within."""
        return 1.0, 0.0

    def check(self) -> None:
        """Refuse what oneDNN computes otherwise than Caffe."""

    def forward(self, builder: Builder) -> None:
        """One eltwise primitive, and one before it where something is within."""
        training = builder.training and self.node.propagate_down[0]
        self.check()
        within = self.inner != (1.0, 0.0)
        from_top = training and self.from_top is not None
        source = self.read(builder, needed=training and not from_top and not within)
        desc = source.desc
        if within:
            inside = builder.own(desc)
            linear(builder, source, inside, *self.inner)
            source = inside
        self.chosen = self.from_top if from_top and self.from_top else self.algorithm
        kind = dnnl.FORWARD_TRAINING if training else dnnl.FORWARD_INFERENCE
        self.forward_pd = PrimitiveDesc(
            "eltwise_forward", kind, self.chosen, desc, desc, *self.numbers
        )
        algorithm, *numbers = keeping_not_numbers(self.chosen, *self.numbers)
        pd = PrimitiveDesc("eltwise_forward", kind, algorithm, desc, desc, *numbers)
        target = self.write(builder, desc)
        self.compute(builder, pd, source, target)
        self.known = (dnnl.DST, target) if from_top else (dnnl.SRC, source)
        self.saved: SavedSource | None = None
        if self.saves_bottom and training and not self.kept:
            self.saved = SavedSource(source, self.bottom.data_memory)
            builder.then(self.saved.take)

    def compute(self, builder: Builder, pd: PrimitiveDesc, source: Memory, target: Memory) -> None:
        """Let the primitive make the target of the source."""
        builder.run(pd, {dnnl.SRC: source, dnnl.DST: target})

    def backward(self, builder: Builder) -> None:
        """One eltwise primitive, in place on the gradient where the net is."""
        if not self.node.propagate_down[0]:
            return
        argument, known = self.known
        desc = known.desc
        if self.saved is not None:
            known = self.saved.view(desc)
            builder.then(self.saved.choose)
        pd = PrimitiveDesc(
            "eltwise_backward",
            *(self.chosen, desc, desc, desc, *self.gradient_numbers, self.forward_pd),
        )
        top_diff = builder.gradient_source(self.top, desc)
        bottom_diff = self.write_gradient(builder, desc)
        builder.run(pd, {argument: known, dnnl.DIFF_DST: top_diff, dnnl.DIFF_SRC: bottom_diff})
        if self.inner[0] != 1.0:
            linear(builder, bottom_diff, bottom_diff, self.inner[0], 0.0)


@step_for("ReLU")
class ReLU(Activation):
    """max(x, 0) + slope · min(x, 0)."""

    algorithm, from_top = dnnl.RELU, dnnl.RELU_FROM_DST

    @property
    def numbers(self) -> tuple[float, float]:
        """The negative slope."""
        return self.layer.param.relu_param.negative_slope, 0.0

    def check(self) -> None:
        """By the top the sign of the bottom is known only with a slope of 0 or more."""
        if self.numbers[0] < 0:
            raise Unsupported("negative_slope below 0")


@step_for("ELU")
class ELU_(Activation):
    """x, or alpha · (e^x - 1) below 0."""

    algorithm, from_top = dnnl.ELU, dnnl.ELU_FROM_DST

    @property
    def numbers(self) -> tuple[float, float]:
        """What the function tends to below 0, without the sign."""
        return self.layer.param.elu_param.alpha, 0.0

    def check(self) -> None:
        """By the top the sign of the bottom is known only with an alpha of 0 or more."""
        if self.numbers[0] < 0:
            raise Unsupported("alpha below 0")


@step_for("Sigmoid")
class Sigmoid(Activation):
    """1 / (1 + e^-x)."""

    algorithm, from_top = dnnl.LOGISTIC, dnnl.LOGISTIC_FROM_DST


@step_for("TanH")
class TanH(Activation):
    """tanh x."""

    algorithm, from_top = dnnl.TANH, dnnl.TANH_FROM_DST


@step_for("AbsVal")
class AbsVal(Activation):
    """|x|."""

    algorithm = dnnl.ABS


@step_for("Swish")
class Swish(Activation):
    """x / (1 + e^(-beta x))."""

    algorithm, saves_bottom = dnnl.SWISH, True

    @property
    def numbers(self) -> tuple[float, float]:
        """Beta, which oneDNN calls alpha."""
        return self.layer.param.swish_param.beta, 0.0


@step_for("Clip")
class Clip(Activation):
    """min(max(x, low), high)."""

    algorithm = dnnl.CLIP

    @property
    def numbers(self) -> tuple[float, float]:
        param = self.layer.param.clip_param
        return param.min, param.max

    @property
    def gradient_numbers(self) -> tuple[float, float]:
        """The gradient passes at both limits in Caffe, but not at the lower one in oneDNN."""
        low, high = self.numbers
        return float(np.nextafter(np.float32(low), np.float32(-np.inf))), high


@step_for("ReLU6")
class ReLU6(Clip):
    """min(max(x, 0), 6). What is no number stays so; a clipping makes 0 of it."""

    stays_alone = True

    @property
    def numbers(self) -> tuple[float, float]:
        return 0.0, 6.0

    @property
    def gradient_numbers(self) -> tuple[float, float]:
        """The gradient ends before the upper limit; oneDNN's passes there."""
        return 0.0, float(np.nextafter(np.float32(6), np.float32(0)))

    def check(self) -> None:
        """The layer of MobileNet-YOLO may have a slope."""
        if self.layer.param.relu6_param.negative_slope:
            raise Unsupported("a negative_slope")

    def compute(self, builder: Builder, pd: PrimitiveDesc, source: Memory, target: Memory) -> None:
        """Look for what is no number before, and put it back after."""
        lost = LostNumbers(source, target)
        builder.then(lost.look)
        super().compute(builder, pd, source, target)
        builder.then(lost.put_back)


class LostNumbers:
    """Where values are no numbers, for the time when a primitive has made numbers of them.

    Args:
        source: the values.
        target: what the primitive makes of them, in the same layout.
    """

    def __init__(self, source: Memory, target: Memory) -> None:
        self._source, self._target = source, target
        self._lost: np.ndarray | None = None

    def look(self) -> None:
        """Before the primitive, which may overwrite the values."""
        values = self._source.elements
        if values.dtype == np.uint16:  # bfloat16, whose numbers end with infinity
            lost = (values & 0x7FFF) > 0x7F80
        elif np.isfinite(np.dot(values, values)):  # one pass, and most often that is all
            self._lost = None
            return
        else:
            lost = np.isnan(values)
        self._lost = lost if lost.any() else None

    def put_back(self) -> None:
        """After the primitive."""
        if self._lost is not None:
            values = self._target.elements
            values[self._lost] = 0x7FC0 if values.dtype == np.uint16 else np.nan


@step_for("Exp")
class Exp(Step):
    """base^(shift + scale x), which oneDNN does not compute as Caffe does."""

    def forward(self, builder: Builder) -> None:
        raise Unsupported("oneDNN's e^x makes infinity of what is no number")


@step_for("Log")
class Log(Step):
    """ln(shift + scale x) / ln base, which oneDNN does not compute as Caffe does."""

    def forward(self, builder: Builder) -> None:
        raise Unsupported("oneDNN's logarithm takes what is below 1e-38 for 1e-38")


@step_for("Power")
class Power(Activation):
    """(shift + scale x)^power for the powers 1 and 2."""

    @property
    def algorithm(self) -> int:  # type: ignore[override]
        """A straight line or the square of one."""
        return dnnl.LINEAR if self._param.power == 1 else dnnl.SQUARE

    @property
    def _param(self) -> caffe_pb2.PowerParameter:
        return self.layer.param.power_param

    @property
    def numbers(self) -> tuple[float, float]:
        return (self._param.scale, self._param.shift) if self._param.power == 1 else (0.0, 0.0)

    @property
    def inner(self) -> tuple[float, float]:
        """(scale, shift) before the square; with power 1 nothing is squared."""
        return (1.0, 0.0) if self._param.power == 1 else (self._param.scale, self._param.shift)

    def check(self) -> None:
        """Caffe's gradient of other powers is y / x, with its own results at 0."""
        if self._param.power not in (1, 2) or self._param.scale == 0:
            raise Unsupported("a power other than 1 and 2, or scale 0")


@step_for("PReLU")
class PReLU(Step):
    """max(x, 0) + slope · min(x, 0) with learned slopes."""

    def forward(self, builder: Builder) -> None:
        """One primitive; the bottom is kept in training."""
        source = self.read(builder, needed=builder.training)
        source = builder.another_layout(source, known_layout(source.desc))
        slopes = self.layer.blobs[0]
        self.view = MemoryDesc((1, slopes.count, *[1] * (self.bottom.num_axes - 2)))
        self.forward_pd = PrimitiveDesc(
            "prelu_forward", builder.propagation, source.desc, self.view, source.desc
        )
        self.source, self.slopes = source, builder.weights.source(slopes, self.view)
        target = self.write(builder, source.desc)
        builder.run(
            self.forward_pd, {dnnl.SRC: source, dnnl.WEIGHTS: self.slopes, dnnl.DST: target}
        )

    def backward(self, builder: Builder) -> None:
        desc = self.source.desc
        pd = PrimitiveDesc(
            "prelu_backward", desc, self.view, desc, self.view, desc, self.forward_pd
        )
        wanted = self.node.propagate_down[0]
        gradient = builder.gradient_source(self.top, desc)
        slopes = builder.weights.gradient(
            self.layer.blobs[0], self.view, wanted=self.layer.wants_gradient(0)
        )
        memories = {
            dnnl.SRC: self.source,
            dnnl.WEIGHTS: self.slopes,
            dnnl.DIFF_DST: gradient,
            dnnl.DIFF_WEIGHTS: builder.own(self.view),
            dnnl.DIFF_SRC: (
                builder.gradient_result(self.bottom, desc) if wanted else builder.own(desc)
            ),
        }

        def add_up() -> None:
            sums = slope_gradient(gradient, self.source)
            target = slopes.memory.floats
            target[...] = sums if target.size > 1 else sums.sum()

        builder.then(*slopes.before, add_up, *slopes.after)  # before the gradient is overwritten
        builder.run(pd, memories)
