"""Checks of a ``SolverParameter`` before anything is built or written."""

from __future__ import annotations

import logging
import math
from typing import Any

from minicaffe.errors import SolverError
from minicaffe.proto.forks import fork_of_field
from minicaffe.suggest import did_you_mean

logger = logging.getLogger("minicaffe")


class SettingError(SolverError):
    """A solver setting is missing or cannot be.

    Args:
        field: its name in the solver prototxt, so that the line can be told.
        message: what was found and what was expected.
        near: another field, whose line is told where the first is missing.
    """

    def __init__(self, field: str, message: str, near: str | None = None) -> None:
        super().__init__(message)
        self.field = field
        self.near = near


def check_settings(param: Any) -> None:
    """Refuse what contradicts itself, whichever solver type it is (Caffe's checks).

    Raises:
        SettingError: names the field.
    """
    if param.average_loss < 1:
        raise SettingError("average_loss", f"average_loss is {param.average_loss}, expected >= 1")
    if param.iter_size < 1:
        raise SettingError("iter_size", f"iter_size is {param.iter_size}, expected >= 1")
    kind = param.regularization_type
    if param.weight_decay and kind not in ("L1", "L2"):
        hint = did_you_mean(kind, ("L1", "L2")) or "; expected L1 or L2"
        raise SettingError("regularization_type", f"unknown regularization_type '{kind}'{hint}")
    _check_train_net(param)
    _check_test_nets(param)


def warn_of_settings(param: Any) -> None:
    """Say what is allowed, as in Caffe, but hardly meant."""
    if not param.HasField("base_lr"):
        logger.warning("base_lr is not set, so the learning rate is 0 and nothing is learned")
    if not math.isfinite(param.base_lr):
        logger.warning(
            "base_lr is %g, so the first update leaves no weight a number", param.base_lr
        )
    elif param.base_lr < 0:
        logger.warning("base_lr is %g: updates climb the loss; give it above 0", param.base_lr)
    if param.HasField("test_interval") and param.test_interval > 0 and not param.test_iter:
        logger.warning(
            "test_interval is %d, but there is no test_iter, so nothing is tested; set test_iter "
            "to the number of batches of a test",
            param.test_interval,
        )
    policy = param.lr_policy
    if policy in ("step", "exp", "multistep") and not param.HasField("gamma"):
        logger.warning("gamma is not set, so lr_policy '%s' makes the rate 0; set gamma", policy)
    if policy == "multistep":
        if not param.stepvalue:
            logger.warning("lr_policy 'multistep' has no stepvalue, so the rate never changes")
        if list(param.stepvalue) != sorted(param.stepvalue):
            logger.warning("the stepvalues do not rise; a later one waits for those before it")
    for field, _ in param.ListFields():
        fork = fork_of_field("SolverParameter", field.name)
        if fork:
            logger.warning("%s is a field of %s; this solver passes over it", field.name, fork)
    if param.HasField("solver_mode") and param.solver_mode == param.GPU:
        logger.info("solver_mode is GPU; minicaffe runs on the CPU")


def _check_train_net(param: Any) -> None:
    fields = ("net", "net_param", "train_net", "train_net_param")
    given = [name for name in fields if param.HasField(name)]
    if not given:
        raise SettingError("net", f"no train net is given; set one of {', '.join(fields)}")
    if len(given) > 1:
        raise SettingError(given[1], f"{' and '.join(given)} both give a train net; keep one")


def _check_test_nets(param: Any) -> None:
    own = len(param.test_net_param) + len(param.test_net)
    count = len(param.test_iter)
    generic = param.HasField("net") or param.HasField("net_param")
    if count < own or (count > own and not generic):
        raise SettingError(
            "test_iter",
            f"{count} test_iter for {own} test net(s); give one test_iter for each test net",
        )
    if param.test_state and len(param.test_state) != count:
        raise SettingError(
            "test_state",
            f"{len(param.test_state)} test_state for {count} test net(s); give none, or one each",
        )
    if count and param.test_interval <= 0:
        raise SettingError(
            "test_interval",
            f"test_interval is {param.test_interval}, expected > 0 with test_iter",
            near="test_iter",
        )
