"""Learning-rate policies: the rate of each iteration from the solver's settings."""

from __future__ import annotations

import math
from collections.abc import Callable

from minicaffe.errors import SettingError, did_you_mean
from minicaffe.proto import caffe_pb2

Policy = Callable[[caffe_pb2.SolverParameter, int, int], tuple[float, int]]


#: The settings that are rates; all that an iteration's rate is made of.
_RATES = ("base_lr", "min_lr", "max_lr", "warmup_start_lr", "rampup_lr")


def scale_rates(param: caffe_pb2.SolverParameter, factor: float) -> None:
    """Multiply the rate of every iteration to come, whatever the policy.

    Args:
        param: the solver's settings, which are changed.
        factor: what to multiply by.
    """
    for name in _RATES:
        if param.HasField(name):
            setattr(param, name, factor * getattr(param, name))
    param.stagelr[:] = [factor * rate for rate in param.stagelr]


def learning_rate(param: caffe_pb2.SolverParameter, iteration: int, step: int) -> tuple[float, int]:
    r"""The learning rate of an iteration by the ``lr_policy`` of a ``SolverParameter``.

    With r the ``base_lr``, g ``gamma``, p ``power``, s ``stepsize`` and i the iteration:

    ========= ================================================================
    fixed     r
    step      r · g^⌊i / s⌋
    exp       r · g^i
    inv       r · (1 + g · i)^-p
    multistep r · g^step, where ``step`` counts the ``stepvalue``s reached, and
              goes up by one an iteration at most (Caffe's rule)
    poly      r · (1 - i / max_iter)^p
    sigmoid   r / (1 + exp(-g · (i - s)))
    ========= ================================================================

    and of forks, with m ``min_lr`` and M ``max_lr``:

    =========== ==============================================================
    multifixed  the ``stagelr`` of the first stage with i <= its ``stageiter``,
                after all of them the last (Intel Caffe, YOLO ports)
    cosine      m + (r - m) · (1 + cos(π · i / max_iter)) / 2 (makefile/frcnn)
    triangular  r + (M - r) · max(0, 1 - |x|) / c with c = 1 + ⌊i / 2s⌋ and
                x = i / s - 2c + 1; triangular2 has 2^(c - 1) for c
    one_cycle   by half a cosine from r to M at s, then from M to m at max_iter
    =========== ==============================================================

    ``min_lr`` is the least rate of any policy, and what poly ends at (NVCaffe). Before the policy
    counts, the rate rises for

    - ``warmup_iter`` iterations from ``warmup_start_lr`` to r in a line (Intel Caffe);
    - ``rampup_interval`` iterations from ``rampup_lr`` to r with the square of i (NVCaffe);
    - ``warm_up_iters`` iterations as ``warm_up_method`` says: from ``warm_up_factor`` · r in a
      line, at that constantly, or as r · (i / warm_up_iters)^``warm_up_power``; exp, inv, poly and
      cosine then count from there (makefile/frcnn).

    Sources: Smith, "Cyclical learning rates for training neural networks", 2017 (triangular);
    Smith & Topin, "Super-convergence", 2018 (one_cycle); Loshchilov & Hutter, "SGDR", 2017
    (cosine).

    Args:
        param: the solver's settings.
        iteration: i, counted from 0.
        step: the current step, kept from iteration to iteration (``current_step``).

    Returns:
        The rate, and the step from now on.

    Raises:
        SettingError: no such policy; a setting that it needs is missing or out of range.
    """
    check_policy(param)
    rising = _warm_up(param, iteration)
    if rising is not None:
        return rising, step
    if param.HasField("warm_up_iters") and param.lr_policy in _COUNT_AFTER_WARM_UP:
        iteration -= param.warm_up_iters
    try:
        rate, step = POLICIES[param.lr_policy](param, iteration, step)
    except OverflowError:
        return math.inf, step  # the loss tells what follows
    return (max(rate, param.min_lr) if param.HasField("min_lr") else rate), step


#: The policies that begin when makefile/frcnn's warm-up ends.
_COUNT_AFTER_WARM_UP = ("exp", "inv", "poly", "cosine")

#: How makefile/frcnn warms up: the part of base_lr, by that of the warm-up and the settings.
_WARM_UPS: dict[str, Callable[[float, caffe_pb2.SolverParameter], float]] = {
    "linear": lambda part, param: param.warm_up_factor * (1 - part) + part,
    "constant": lambda part, param: param.warm_up_factor,
    "exp": lambda part, param: math.pow(part, param.warm_up_power),
}


def _warm_up(param: caffe_pb2.SolverParameter, iteration: int) -> float | None:
    """The rate while one of the forks' warm-ups lasts."""
    if iteration < param.warmup_iter:
        part = iteration / param.warmup_iter
        return param.base_lr * part + param.warmup_start_lr * (1 - part)
    if iteration < param.rampup_interval:
        part = (iteration / param.rampup_interval) ** 2
        return param.rampup_lr + (param.base_lr - param.rampup_lr) * part
    if param.HasField("warm_up_iters") and iteration < param.warm_up_iters:
        part = iteration / param.warm_up_iters
        return param.base_lr * _WARM_UPS[param.warm_up_method](part, param)
    return None


def check_policy(param: caffe_pb2.SolverParameter) -> None:
    """Refuse an unknown policy and one that lacks what it needs.

    Raises:
        SettingError: names the field.
    """
    policy = param.lr_policy
    if policy not in POLICIES:
        known = f"; known are {', '.join(sorted(POLICIES))}"
        if not policy:
            raise SettingError("lr_policy", f"lr_policy is not set{known}")
        hint = did_you_mean(policy, POLICIES)
        raise SettingError("lr_policy", f"unknown lr_policy '{policy}'{hint or known}")
    if policy in ("step", "sigmoid", "triangular", "triangular2") and param.stepsize <= 0:
        raise SettingError(
            "stepsize",
            f"lr_policy '{policy}' needs a stepsize above 0, not {param.stepsize}; set stepsize",
            near="lr_policy",
        )
    if policy in ("step", "exp", "inv", "multistep", "sigmoid") and param.gamma < 0:
        raise SettingError(
            "gamma", f"lr_policy '{policy}' needs a gamma of at least 0, not {param.gamma:g}"
        )
    if policy in ("poly", "cosine", "one_cycle") and param.max_iter <= 0:
        raise SettingError(
            "max_iter",
            f"lr_policy '{policy}' ends at max_iter, which is {param.max_iter}; set max_iter above "
            "0",
            near="lr_policy",
        )
    _check_forks_settings(param)


def _check_forks_settings(param: caffe_pb2.SolverParameter) -> None:
    """Refuse what the forks' policies and warm-ups cannot take."""
    stages, ends = len(param.stagelr), len(param.stageiter)
    if param.lr_policy == "multifixed" and (not stages or stages != ends):
        raise SettingError(
            "stagelr",
            f"lr_policy 'multifixed' needs a stagelr and a stageiter for each stage; there are "
            f"{stages} and {ends}",
            near="lr_policy",
        )
    if param.lr_policy == "one_cycle" and not 0 < param.stepsize < param.max_iter:
        raise SettingError(
            "stepsize",
            "lr_policy 'one_cycle' needs a stepsize between 0 and max_iter, where the rate is "
            f"highest, not {param.stepsize}",
            near="lr_policy",
        )
    if param.lr_policy in ("one_cycle", "triangular", "triangular2") and not param.max_lr > 0:
        raise SettingError(
            "max_lr",
            f"lr_policy '{param.lr_policy}' needs a max_lr above 0, the highest rate, not "
            f"{param.max_lr:g}",
            near="lr_policy",
        )
    if param.warm_up_method not in _WARM_UPS:
        raise SettingError(
            "warm_up_method",
            f"unknown warm_up_method '{param.warm_up_method}'; known are {', '.join(_WARM_UPS)}",
        )


def _fixed(param: caffe_pb2.SolverParameter, iteration: int, step: int) -> tuple[float, int]:
    return param.base_lr, step


def _step(param: caffe_pb2.SolverParameter, iteration: int, step: int) -> tuple[float, int]:
    step = iteration // param.stepsize
    return param.base_lr * math.pow(param.gamma, step), step


def _exp(param: caffe_pb2.SolverParameter, iteration: int, step: int) -> tuple[float, int]:
    return param.base_lr * math.pow(param.gamma, iteration), step


def _inv(param: caffe_pb2.SolverParameter, iteration: int, step: int) -> tuple[float, int]:
    return param.base_lr * math.pow(1 + param.gamma * iteration, -param.power), step


def _multistep(param: caffe_pb2.SolverParameter, iteration: int, step: int) -> tuple[float, int]:
    if step < len(param.stepvalue) and iteration >= param.stepvalue[step]:
        step += 1
    return param.base_lr * math.pow(param.gamma, step), step


def _poly(param: caffe_pb2.SolverParameter, iteration: int, step: int) -> tuple[float, int]:
    try:
        last = param.max_iter - _before(param)
        part = math.pow(1 - iteration / last, param.power) if last else 0.0
        return (param.base_lr - param.min_lr) * part + param.min_lr, step
    except ValueError:  # a negative number to a broken power; 0 to a negative one
        raise SettingError(
            "max_iter",
            f"lr_policy 'poly' has no learning rate at iteration {iteration} with max_iter "
            f"{param.max_iter} and power {param.power:g}; raise max_iter",
        ) from None


def _sigmoid(param: caffe_pb2.SolverParameter, iteration: int, step: int) -> tuple[float, int]:
    exponent = -param.gamma * (iteration - param.stepsize)
    return (param.base_lr / (1 + math.exp(exponent)) if exponent < 700 else 0.0), step


def _before(param: caffe_pb2.SolverParameter) -> int:
    """How many iterations of max_iter come before the policy counts."""
    return param.warm_up_iters if param.HasField("warm_up_iters") else 0


def _multifixed(param: caffe_pb2.SolverParameter, iteration: int, step: int) -> tuple[float, int]:
    stages = zip(param.stageiter, param.stagelr, strict=True)
    return next((rate for end, rate in stages if iteration <= end), param.stagelr[-1]), step


def _half_cosine(high: float, low: float, part: float) -> float:
    """From one rate to another, slowly at both ends."""
    return low + (high - low) * (1 + math.cos(math.pi * part)) / 2


def _cosine(param: caffe_pb2.SolverParameter, iteration: int, step: int) -> tuple[float, int]:
    last = param.max_iter - _before(param)
    return _half_cosine(param.base_lr, param.min_lr, iteration / last if last else 1.0), step


def _one_cycle(param: caffe_pb2.SolverParameter, iteration: int, step: int) -> tuple[float, int]:
    if iteration < param.stepsize:
        return _half_cosine(param.base_lr, param.max_lr, iteration / param.stepsize), step
    part = min(1.0, (iteration - param.stepsize) / (param.max_iter - param.stepsize))
    return _half_cosine(param.max_lr, param.min_lr, part), step


def _triangular(param: caffe_pb2.SolverParameter, iteration: int, step: int) -> tuple[float, int]:
    return _triangle(param, iteration, lambda cycle: cycle), step


def _triangular2(param: caffe_pb2.SolverParameter, iteration: int, step: int) -> tuple[float, int]:
    return _triangle(param, iteration, lambda cycle: 2.0 ** (cycle - 1)), step


def _triangle(
    param: caffe_pb2.SolverParameter, iteration: int, divisor: Callable[[int], float]
) -> float:
    iteration -= param.start_lr_policy
    if iteration <= 0:
        return param.base_lr
    cycle = 1 + iteration // (2 * param.stepsize)
    height = max(0.0, 1 - abs(iteration / param.stepsize - 2 * cycle + 1))
    return param.base_lr + (param.max_lr - param.base_lr) * height / divisor(cycle)


POLICIES: dict[str, Policy] = {
    "fixed": _fixed,
    "step": _step,
    "exp": _exp,
    "inv": _inv,
    "multistep": _multistep,
    "poly": _poly,
    "sigmoid": _sigmoid,
    "multifixed": _multifixed,
    "cosine": _cosine,
    "one_cycle": _one_cycle,
    "triangular": _triangular,
    "triangular2": _triangular2,
}
