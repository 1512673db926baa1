"""Learning-rate policies: the rate of each iteration from the solver's settings."""

from __future__ import annotations

import math
from collections.abc import Callable

from minicaffe.errors import SettingError, did_you_mean
from minicaffe.proto import caffe_pb2

Policy = Callable[[caffe_pb2.SolverParameter, int, int], tuple[float, int]]


def learning_rate(param: caffe_pb2.SolverParameter, iteration: int, step: int) -> tuple[float, int]:
    """The learning rate of an iteration by the ``lr_policy`` of a ``SolverParameter``.

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
    try:
        return POLICIES[param.lr_policy](param, iteration, step)
    except OverflowError:
        return math.inf, step  # the loss tells what follows


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
    if policy in ("step", "sigmoid") and param.stepsize <= 0:
        raise SettingError(
            "stepsize",
            f"lr_policy '{policy}' needs a stepsize above 0, not {param.stepsize}",
            near="lr_policy",
        )
    if policy not in ("fixed", "poly") and param.gamma < 0:
        raise SettingError(
            "gamma", f"lr_policy '{policy}' needs a gamma of at least 0, not {param.gamma:g}"
        )
    if policy == "poly" and param.max_iter <= 0:
        raise SettingError(
            "max_iter",
            "lr_policy 'poly' lets the rate reach 0 at max_iter and so needs max_iter above 0, "
            f"not {param.max_iter}; set max_iter",
            near="lr_policy",
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
        return param.base_lr * math.pow(1 - iteration / param.max_iter, param.power), step
    except ValueError:  # a negative number to a broken power; 0 to a negative one
        raise SettingError(
            "max_iter",
            f"lr_policy 'poly' has no learning rate at iteration {iteration} with max_iter "
            f"{param.max_iter} and power {param.power:g}; raise max_iter",
        ) from None


def _sigmoid(param: caffe_pb2.SolverParameter, iteration: int, step: int) -> tuple[float, int]:
    exponent = -param.gamma * (iteration - param.stepsize)
    return (param.base_lr / (1 + math.exp(exponent)) if exponent < 700 else 0.0), step


POLICIES: dict[str, Policy] = {
    "fixed": _fixed,
    "step": _step,
    "exp": _exp,
    "inv": _inv,
    "multistep": _multistep,
    "poly": _poly,
    "sigmoid": _sigmoid,
}
