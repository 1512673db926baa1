"""A solver's settings: read, completed and checked before anything is built or written."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from minicaffe.common import device_name, devices
from minicaffe.engines import takes_devices
from minicaffe.errors import (
    EngineError,
    MemoryLimitError,
    MinicaffeError,
    SettingError,
    SolverError,
    did_you_mean,
    raised_by,
)
from minicaffe.layers.detection.precision import AP_VERSIONS
from minicaffe.layers.loss.infogain_loss import InfogainLoss
from minicaffe.layers.normalization.batch_norm import BatchNorm
from minicaffe.layers.utility.softmax import Softmax
from minicaffe.layers.utility.split import Split
from minicaffe.net.net import Net
from minicaffe.proto import caffe_pb2
from minicaffe.proto.forks import fork_of_field
from minicaffe.proto.io import read_solver_located
from minicaffe.proto.places import Places
from minicaffe.proto.upgrade_proto import upgrade_solver
from minicaffe.solver.local_rates import LocalRates
from minicaffe.solver.lr_policy import check_policy
from minicaffe.solver.rules import Rule

if TYPE_CHECKING:
    from minicaffe.proto.places import SourceMap

logger = logging.getLogger("minicaffe")

#: Fields of forks that the solver does as they say. The first three, SSD's, are for test nets with
#: a DetectionEvaluate; the layer itself says that it is detection.
_UNDERSTOOD = {
    "eval_type", "ap_version", "show_per_class_result",
    "warmup_iter", "warmup_start_lr", "rampup_interval", "rampup_lr", "min_lr", "warm_up_iters",
    "warm_up_factor", "warm_up_method", "warm_up_power", "stagelr", "stageiter", "max_lr",
    "start_lr_policy", "larc", "larc_policy", "larc_eta", "local_lr_auto", "local_gw_ratio",
}  # fmt: skip

#: Fields of forks that say where, how fast or in which format to compute, and what to log.
_NO_MATTER = {
    "engine", "data_type", "device", "solver_data_type", "store_blobs_in_old_format",
    "per_parameter_reduce", "display_sparsity", "display_quantization", "snapshot_log", "log_file",
    "disabled_update", "group_id", "measure_threshold", "classiou_class_num", "test_offset",
    "ignore_shape_mismatch", "ignore_mismatching_blobs", "test_and_snapshot_last_epochs",
}  # fmt: skip


def setting_mistakes(
    param: caffe_pb2.SolverParameter, rule: type[Rule] = Rule
) -> list[SettingError]:
    """All that contradicts itself or the update rule (Caffe's checks, and those of forks)."""
    found = list(_general_mistakes(param))
    checks = [LocalRates.of, rule.check]
    if param.HasField("lr_policy") and not _trains_nothing(param):
        checks.append(check_policy)
    for check in checks:
        found += [e for e in raised_by(check, param) if isinstance(e, SettingError)]
    if param.snapshot and not param.HasField("snapshot_prefix"):
        found.append(SettingError("snapshot", "snapshot is set, but snapshot_prefix is not"))
    return found


def refuse(mistakes: Sequence[SettingError]) -> None:
    """Raise what is wrong with settings, if anything is: all at once.

    Raises:
        SettingError: the first, which has the others.
    """
    if mistakes:
        first, *others = mistakes
        first.others = tuple(others)
        raise first


def _general_mistakes(param: caffe_pb2.SolverParameter) -> Iterator[SettingError]:
    """What is wrong whichever type and policy the solver has."""
    for field in ("average_loss", "iter_size"):
        value = getattr(param, field)
        if value < 1:
            yield SettingError(field, f"{field} is {value}, expected at least 1")
    kind = param.regularization_type
    if param.weight_decay and kind not in ("L1", "L2"):
        hint = did_you_mean(kind, ("L1", "L2")) or "; expected L1 or L2"
        yield SettingError("regularization_type", f"unknown regularization_type '{kind}'{hint}")
    if param.ap_version not in AP_VERSIONS:
        found = f'ap_version is "{param.ap_version}"'
        yield SettingError("ap_version", f"{found}; expected {', '.join(AP_VERSIONS)}")
    yield from _mistakes_of_train_net(param)
    yield from _mistakes_of_test_nets(param)


def warn_of_settings(param: caffe_pb2.SolverParameter) -> None:
    """Say what is allowed, as in Caffe, but hardly meant."""
    for _, told in odd_settings(param):
        logger.warning("%s", told)
    _tell_of_forks(param)
    if _asks_for_gpu(param) and not devices():
        logger.info("solver_mode is GPU; minicaffe runs on the CPU")


def device_of(param: caffe_pb2.SolverParameter, engine: str | None = None) -> str | None:
    """The GPU that ``solver_mode: GPU`` and ``device_id`` ask for, where there are any.

    Args:
        param: the solver's settings.
        engine: the one that is named, which may have no devices.

    Raises:
        SettingError: there are GPUs, but not of this number.
    """
    if not (_asks_for_gpu(param) and takes_devices(engine) and devices()):
        return None
    try:
        return device_name(param.device_id)
    except EngineError as error:
        raise SettingError("device_id", str(error)) from None


def _asks_for_gpu(param: caffe_pb2.SolverParameter) -> bool:
    return param.HasField("solver_mode") and param.solver_mode == param.GPU


def odd_settings(param: caffe_pb2.SolverParameter) -> Iterator[tuple[str, str]]:
    """The settings that are allowed, as in Caffe, but hardly meant: a field, and what to say of it.

    The training warns of them, and ``minicaffe lint`` finds them.
    """
    if not param.HasField("base_lr"):
        yield "base_lr", "base_lr is not set, so the learning rate is 0 and nothing is learned"
    rate = param.base_lr
    if not math.isfinite(rate):
        yield "base_lr", f"base_lr is {rate:g}, so the first update leaves no weight a number"
    elif rate < 0:
        yield "base_lr", f"base_lr is {rate:g}: updates climb the loss; give it above 0"
    yield from _odd_numbers(param)
    if param.HasField("test_interval") and param.test_interval > 0 and not param.test_iter:
        yield (
            "test_interval",
            f"test_interval is {param.test_interval}, but there is no test_iter, so nothing is "
            "tested; set test_iter to the number of batches of a test",
        )
    if param.test_iter and never_tests(param):
        told = "test_iter is given, but no test net and no test_interval, so nothing is tested"
        yield "test_iter", f"{told}; remove it, or give both"
    policy = param.lr_policy
    if policy in ("step", "exp", "multistep") and not param.HasField("gamma"):
        yield "gamma", f"gamma is not set, so lr_policy '{policy}' makes the rate 0; set gamma"
    if policy == "multistep":
        if not param.stepvalue:
            told = "lr_policy 'multistep' has no stepvalue, so the rate never changes"
            yield "stepvalue", told
        if list(param.stepvalue) != sorted(param.stepvalue):
            yield "stepvalue", "the stepvalues do not rise; a later one waits for those before it"


def _odd_numbers(param: caffe_pb2.SolverParameter) -> Iterator[tuple[str, str]]:
    """Numbers with which a training runs, but away from where it is to go."""
    if not 0 <= param.momentum < 1:
        yield (
            "momentum",
            f"momentum is {param.momentum:g}, which adds ever more of earlier updates; give 0 to "
            "below 1",
        )
    if not 0 <= param.weight_decay < math.inf:
        yield (
            "weight_decay",
            f"weight_decay is {param.weight_decay:g}, which drives weights away from 0; give 0 or "
            "more",
        )
    for field in ("gamma", "power"):
        value = getattr(param, field)
        if not math.isfinite(value):
            yield field, f"{field} is {value:g}, and so will the learning rate be"
    if param.max_iter < 0:
        yield "max_iter", f"max_iter is {param.max_iter}, so nothing is trained"


def _tell_of_forks(param: caffe_pb2.SolverParameter) -> None:
    """In one line which of the forks' fields are passed over, though they change a training."""
    fields = {
        field.name: fork
        for field, value in param.ListFields()
        if (fork := fork_of_field("SolverParameter", field.name))
        and field.name not in _UNDERSTOOD
        and (value or (field.has_default_value and field.default_value))
    }
    lost = [f"{name} ({fork})" for name, fork in fields.items() if name not in _NO_MATTER]
    spared = [f"{name} ({fork})" for name, fork in fields.items() if name in _NO_MATTER]
    if lost:
        logger.warning(
            "fields of forks are passed over, so this training differs from theirs: %s",
            ", ".join(lost),
        )
    if spared:
        logger.info("fields of forks that change nothing here: %s", ", ".join(spared))


def _mistakes_of_train_net(param: caffe_pb2.SolverParameter) -> Iterator[SettingError]:
    fields = ("net", "net_param", "train_net", "train_net_param")
    given = [name for name in fields if param.HasField(name)]
    if not given:
        yield SettingError("net", f"no train net is given; set one of {', '.join(fields)}")
    if len(given) > 1:
        yield SettingError(given[1], f"{' and '.join(given)} both give a train net; keep one")


def never_tests(param: caffe_pb2.SolverParameter) -> bool:
    """Whether neither a test net nor an interval between tests is given, as in C3D v1.0's solvers,
    whose ``test_iter`` then means nothing (BVLC Caffe stops there)."""
    nets = param.test_net_param or param.test_net
    generic = param.HasField("net") or param.HasField("net_param")
    return not nets and not generic and param.test_interval <= 0


def _mistakes_of_test_nets(param: caffe_pb2.SolverParameter) -> Iterator[SettingError]:
    if never_tests(param) and not param.test_state:
        return
    own = len(param.test_net_param) + len(param.test_net)
    count = len(param.test_iter)
    generic = param.HasField("net") or param.HasField("net_param")
    if count < own or (count > own and not generic):
        yield SettingError(
            "test_iter",
            f"{count} test_iter for {own} test net(s); give one test_iter for each test net",
        )
    if param.test_state and len(param.test_state) != count:
        yield SettingError(
            "test_state",
            f"{len(param.test_state)} test_state for {count} test net(s); give none, or one each",
        )
    if count and param.test_interval <= 0:
        yield SettingError(
            "test_interval",
            f"test_iter is given, but test_interval is {param.test_interval}; set it to the number "
            "of iterations between two tests",
            near="test_iter",
        )


@dataclass
class Settings:
    """A ``SolverParameter`` and the file that it came from.

    Attributes:
        param: upgraded; a copy of what the caller gave.
        path: its file, or None.
        lines: tells the line of a field (``.line("base_lr")``), or None.
    """

    param: caffe_pb2.SolverParameter
    path: str | None = None
    lines: SourceMap | None = None

    @contextmanager
    def located(self, field: str = "") -> Iterator[None]:
        """Tell errors about settings which file and line they are about.

        Args:
            field: what is too large where memory does not suffice.
        """
        try:
            yield
        except MemoryLimitError as error:
            raise error.locate(path=self.path, line=self.line(field)) from None
        except SettingError as error:
            found = (error, *error.others)
            for wrong in found:
                line = self.line(wrong.field) or (self.line(wrong.near) if wrong.near else None)
                wrong.locate(path=self.path, line=line)
            if error.others:
                places = Places(self.path)
                problems = [places.setting(wrong) for wrong in found]
                error.problems = sorted(problems, key=lambda problem: problem.line)
            raise error from error.__cause__

    def line(self, field: str) -> int | None:
        """The line of a field, as far as it is known."""
        return self.lines.line(field) if self.lines is not None else None


def load_settings(
    solver: object,
    path: str | None = None,
    lines: SourceMap | None = None,
) -> Settings:
    """Take a solver prototxt file, a ``SolverParameter``, or finished settings.

    ``snapshot_prefix`` becomes the file's name without its ending where it is not set, and
    gets the file's bare name where it is a directory (Caffe's rule).

    Args:
        solver: the file's name, a message, which is copied, or settings, which are returned.
        path: the file that a message is from, for messages and ``snapshot_prefix``.
        lines: where its fields are in that file.

    Raises:
        PrototxtError: the file cannot be read.
        SolverError: neither a file name nor a ``SolverParameter``.
    """
    if isinstance(solver, Settings):
        return solver
    if isinstance(solver, str | os.PathLike):
        path = os.fspath(solver)
        param, lines = read_solver_located(path)
    elif isinstance(solver, caffe_pb2.SolverParameter):
        param = caffe_pb2.SolverParameter()
        param.CopyFrom(solver)
        try:
            param = upgrade_solver(param, path)
        except MinicaffeError as error:
            raise error.locate(path=path) from None
    else:
        kind = type(solver).__name__
        raise SolverError(f"a file name or a SolverParameter is expected, not {kind}")
    if path is not None:
        _complete_prefix(param, path)
    return Settings(param, path, lines)


def check_all(settings: Settings, rule: type[Rule]) -> None:
    """Refuse settings that contradict themselves or the update rule; warn of odd ones.

    Raises:
        SolverError: names file and line.
    """
    param = settings.param
    with settings.located():
        refuse(setting_mistakes(param, rule))
    warn_of_settings(param)


def _trains_nothing(param: caffe_pb2.SolverParameter) -> bool:
    """Whether ``max_iter: 0`` asks for a net with its first weights only, and so for no rate."""
    return param.HasField("max_iter") and param.max_iter == 0


def _complete_prefix(param: caffe_pb2.SolverParameter, path: str) -> None:
    stem = os.path.splitext(path)[0]
    if not param.HasField("snapshot_prefix"):
        param.snapshot_prefix = stem
        logger.info("snapshot_prefix was not specified and is set to %s", stem)
    elif os.path.isdir(param.snapshot_prefix):
        param.snapshot_prefix = os.path.join(param.snapshot_prefix, os.path.basename(stem))
        logger.info("snapshot_prefix was a directory and is replaced to %s", param.snapshot_prefix)


_SHOWN = 3  # names in a message


def few(names: Sequence[str]) -> str:
    """The first of the names, and how many more there are: ``a, b, c and 2 more``."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def warn_of_nothing_to_learn(net: Net) -> None:
    """Say that no parameter of the net will ever change."""
    params = net.learnable_params
    if not params:
        logger.warning("net '%s' has no parameters to learn in phase TRAIN", net.name)
    elif not any(param.lr_mult for param in params):
        logger.warning(
            "every lr_mult of net '%s' is 0, so nothing is learned; leave lr_mult out (it is 1) "
            "where a layer is to learn",
            net.name,
        )


def warn_of_inputs(net: Net) -> None:
    """Say that nothing fills the Input layers of a net that trains by itself."""
    if net.inputs:
        logger.warning(
            "net '%s' has the Input blobs %s, which no layer fills: every iteration sees the same "
            "values. Is it a deploy prototxt? A net to train begins with a data layer",
            net.name,
            few(net.inputs),
        )


def warn_of_infogain(net: Net) -> None:
    """Say where a Softmax is taken twice: InfogainLoss has had its own since April 2017."""
    makers = {top: node for node in net.nodes for top in node.top_names}
    for node in net.nodes:
        first = makers.get(node.bottom_names[0]) if node.bottom_names else None
        while first is not None and isinstance(first.layer, Split):
            first = makers.get(first.bottom_names[0])
        if not (
            isinstance(node.layer, InfogainLoss) and first and isinstance(first.layer, Softmax)
        ):
            continue
        logger.warning(
            "layer '%s' (InfogainLoss) reads Softmax '%s' and takes the softmax once more, as "
            "Caffe does since April 2017; give it the scores themselves",
            node.name,
            first.name,
        )


def iter_size_advice(iter_size: int, names: Sequence[str]) -> tuple[str, str]:
    """What ``iter_size`` above 1 does not do for BatchNorm layers, and what does it instead.

    Args:
        iter_size: the solver's.
        names: of the layers that normalise by the statistics of a batch.
    """
    return (
        f"iter_size is {iter_size}, but BatchNorm ({few(names)}) normalises each of the "
        f"{iter_size} batches of an iteration by its own statistics, as in Caffe: gradients are "
        "those of a larger batch, normalisation is not",
        "if memory allows, take a larger batch_size with iter_size: 1, and ghost_batch_size if "
        "the results are to stay the same; for small batches there is renorm: true; and "
        "`minicaffe bn-stats` replaces the stored statistics by the population's afterwards",
    )


def warn_of_iter_size(net: Net, iter_size: int) -> None:
    """Say what ``iter_size`` does not do for BatchNorm: gradients add up, statistics do not."""
    names = [
        node.name
        for node in net.nodes
        if isinstance(node.layer, BatchNorm) and not node.layer.use_global_stats
    ]
    if iter_size < 2 or not names:
        return
    logger.warning("%s; %s. See docs/batchnorm.md", *iter_size_advice(iter_size, names))
