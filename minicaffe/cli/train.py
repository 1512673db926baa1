"""Train a network, or fine-tune or resume one.

    minicaffe train --solver=models/lenet_bn/solver.prototxt
    minicaffe train --solver=S --snapshot=lenet_bn_iter_500.solverstate
    minicaffe train --solver=S --resume=auto --keep_snapshots=3
    minicaffe train --solver=S --weights=pretrained.caffemodel --set base_lr=0.001
    minicaffe train --solver=S --weights=W --phase=TEST      (only score W)
    minicaffe train mynet                        (a folder that `minicaffe new` has made)
    minicaffe train --solver=S --ranks=4                     (in four processes)
    torchrun --nproc-per-node=4 -m minicaffe train --solver=S

On a terminal a bar shows the progress; the log, in Caffe's format, goes to stderr. The exit status
is 0, or 3 when a snapshot could not be written meanwhile, or 143 when SIGTERM ended the training.
Processes that torchrun, mpiexec or srun starts train together, as those of --ranks do.
"""

from __future__ import annotations

import argparse
import logging
import signal
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

from minicaffe.cli import _ranks
from minicaffe.cli._flags import (
    ENGINE_FLAGS,
    add_flags,
    add_limits,
    explained,
    note_gpu,
    positive_int,
    run_options,
)
from minicaffe.cli._model_folder import add_folder, file_in
from minicaffe.cli._ranks import RANK_FLAGS
from minicaffe.errors import MinicaffeError, SnapshotError, SolverError
from minicaffe.files import remove_leftovers
from minicaffe.glog import is_terminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from minicaffe.cli._config import Override
    from minicaffe.dashboard import Dashboard
    from minicaffe.parallel.transport import Transport
    from minicaffe.proto import caffe_pb2
    from minicaffe.proto.places import SourceMap
    from minicaffe.solver.events import Observer
    from minicaffe.solver.prefix_lock import PrefixLock
    from minicaffe.solver.signals import Action, SignalHandler
    from minicaffe.solver.solver import Solver

logger = logging.getLogger("minicaffe")

#: The exit status when the training is done, but snapshots on the way could not be written.
SNAPSHOTS_FAILED = 3

_FLAGS = (
    "solver", "snapshot", "resume", "keep_snapshots", "weights", *ENGINE_FLAGS,
    "iterations", "phase", "level", "stage", "sigint_effect", "sighup_effect", "gpu", *RANK_FLAGS,
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's flags."""
    add_folder(parser)
    add_flags(parser, *_FLAGS)
    add_limits(parser)
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        help="replace a field of the solver, such as base_lr=0.02 or test_state.level=1; "
        "may be repeated",
    )
    _add_views(parser)
    parser.add_argument(
        "--overfit_batch",
        action="store_true",
        help="train on the first batch alone, without snapshots: a sound net learns it",
    )
    parser.add_argument(
        "--fast_dev_run",
        action="store_true",
        help="run one iteration and one batch of each test, without snapshots",
    )
    parser.add_argument("--config", metavar="FILE", help="a YAML file with these flags")


def _add_views(parser: argparse.ArgumentParser) -> None:
    """Declare what looks at a training."""
    parser.add_argument(
        "--trace_nan",
        action="store_true",
        help="end at the first value that is not finite, and tell the layer that made it",
    )
    parser.add_argument(
        "--stats_every",
        type=int,
        default=0,
        metavar="N",
        help="show every N iterations what each layer holds, gradients and updates",
    )
    parser.add_argument(
        "--keep_best", metavar="OUTPUT",
        help="keep the weights of the best test by an output, such as accuracy or loss, in "
        "PREFIX_best.caffemodel",
    )  # fmt: skip
    parser.add_argument(
        "--early_stop", type=explained(positive_int), metavar="N",
        help="end when N tests in a row were no better than the best one",
    )  # fmt: skip
    parser.add_argument("--log_json", metavar="FILE", help="add each event to FILE as a JSON line")
    parser.add_argument(
        "--log_csv", metavar="FILE", help="add each number to FILE as a line of CSV"
    )
    parser.add_argument(
        "--tensorboard", metavar="DIR", help="write the numbers as TensorBoard reads them"
    )
    parser.add_argument(
        "--dashboard",
        nargs="?",
        type=int,
        const=0,
        metavar="PORT",
        help="show the training as a page in the browser, on this port or any free one",
    )


def run(args: argparse.Namespace) -> int:
    """Train; or score, with ``--phase=TEST``."""
    from minicaffe.cli._config import apply_config, from_flag

    overrides = apply_config(args, (*_FLAGS, "max_memory", "dialect"))
    overrides += [from_flag(word) for word in args.set]
    args.solver = file_in(args, "solver.prototxt", instead_of="solver") or args.solver
    if not args.solver:
        args.usage_error("a solver definition is needed; give --solver=FILE")
    if args.snapshot and args.weights:
        args.usage_error("--snapshot resumes and --weights fine-tunes; give one of them")
    if args.snapshot and args.resume:
        args.usage_error("--snapshot and --resume both say where to go on; give one of them")
    place = _ranks.find_place(args)
    if place is None and args.phase != "TEST" and (args.ranks or 1) > 1:
        return _ranks.start(args)
    if args.phase == "TEST":
        param, _ = _read_solver(args, overrides)
        _put_flags(param, args)
        _score(param, args)
        return 0
    try:
        with _ranks.connected(args, place) as transport:
            param, lines = _read_solver(args, overrides)  # connected: its mistakes are told once
            return _resume_or_begin(param, lines, args, transport)
    except MinicaffeError as error:
        return _ranks.status_of(error, place)


def _read_solver(
    args: argparse.Namespace, overrides: list[Override]
) -> tuple[caffe_pb2.SolverParameter, SourceMap]:
    """The solver's definition, with what the flags and the configuration replace in it."""
    from minicaffe.cli import _config
    from minicaffe.proto.io import read_solver_located

    param, lines = read_solver_located(args.solver)
    _config.apply(param, overrides, lines)
    note_gpu(args.gpu)
    return param, lines


def _resume_or_begin(
    param: caffe_pb2.SolverParameter,
    lines: SourceMap,
    args: argparse.Namespace,
    transport: Transport | None,
) -> int:
    """Look for a snapshot, if that is asked for, and train; returns the exit status."""
    from minicaffe.solver.solver_param import load_settings

    _ranks.resume_after_restart(args)
    if not args.resume:
        _put_flags(param, args)
        return _train(param, lines, args, transport)
    prefix = load_settings(param, args.solver).param.snapshot_prefix
    with ExitStack() as stack:
        lock = None
        if transport is None or transport.rank == 0:
            # from the look for snapshots to the end
            lock = stack.enter_context(_lock(prefix, lines, args.solver))
            _find_snapshot(prefix, args)
        args.snapshot = _ranks.of_rank_0(transport, args.snapshot)
        if args.snapshot:
            args.weights = None
        _put_flags(param, args)
        return _train(param, lines, args, transport, lock)


def _lock(prefix: str, lines: SourceMap, path: str) -> PrefixLock:
    """The lock of the solver's prefix; errors say where that is set."""
    from minicaffe.solver.prefix_lock import PrefixLock

    try:
        return PrefixLock(prefix)
    except SnapshotError as error:
        raise error.locate(path=path, line=lines.line("snapshot_prefix")) from error.__cause__


def _find_snapshot(prefix: str, args: argparse.Namespace) -> None:
    """Put the newest whole snapshot into ``--snapshot``; then it counts and not ``--weights``."""
    from minicaffe.solver.snapshot import latest_snapshot

    for path in remove_leftovers(prefix):
        logger.info("Removed %s, which a killed process left unfinished", path)
    args.snapshot = latest_snapshot(prefix)
    if args.snapshot is None:
        name = f"{prefix}_iter_N.solverstate"
        logger.info("There is no whole snapshot %s yet, so training begins", name)


def _put_flags(param: caffe_pb2.SolverParameter, args: argparse.Namespace) -> None:
    """Write what the flags say into the solver's settings, as ``caffe train`` does."""
    from minicaffe.solver.overfit import ITERATIONS

    if args.level is not None:
        param.train_state.level = args.level
    if args.stage:
        param.train_state.stage.extend(args.stage)
    if args.snapshot or args.weights:
        del param.weights[:]
        param.weights.extend(args.weights or ())
    if args.iterations is not None:
        param.max_iter = args.iterations
    if args.fast_dev_run:
        param.max_iter = param.display = 1
        param.test_iter[:] = [1 for _ in param.test_iter]
    if args.fast_dev_run or args.overfit_batch:
        param.snapshot_after_train = False
        param.ClearField("snapshot")
    if args.overfit_batch:  # nothing but the one batch counts
        param.max_iter = args.iterations or ITERATIONS
        for field in ("test_iter", "test_interval", "test_state", "test_net", "test_net_param"):
            param.ClearField(field)


def _train(
    param: caffe_pb2.SolverParameter,
    lines: SourceMap,
    args: argparse.Namespace,
    transport: Transport | None,
    lock: PrefixLock | None = None,
) -> int:
    """Train; returns the exit status."""
    from minicaffe.solver.signals import SignalHandler
    from minicaffe.solver.solver_factory import get_solver

    keep = "all" if args.stats_every else "outputs"
    _ranks.share_seed(transport, param)
    with ExitStack() as stack:
        shows = transport is None or transport.rank == 0
        observers = _observers(args, stack) if shows else []
        signals = stack.enter_context(
            SignalHandler(args.sigint_effect or "stop", args.sighup_effect or "snapshot")
        )
        page = _dashboard(args, stack) if shows and args.dashboard is not None else None
        solver = get_solver(
            param,
            path=args.solver,
            lines=lines,
            observers=observers if page is None else [*observers, page],
            action_function=signals.requested if page is None else _either(signals, page),
            keep_snapshots=args.keep_snapshots,
            prefix_lock=lock,
            **run_options(args, keep=keep).keywords(),
        )
        stack.enter_context(closing(solver))
        _set_up(solver, args, page)
        _ranks.join(args, transport, solver)
        logger.info("Starting Optimization")
        solver.solve(args.snapshot if transport is None else None)  # join has restored it
    return _status(solver, signals)


def _set_up(solver: Solver, args: argparse.Namespace, page: Dashboard | None) -> None:
    """Prepare a solver for what the flags ask besides its text."""
    from minicaffe.solver.overfit import keep_to_one_batch
    from minicaffe.solver.post_mortem import PostMortem
    from minicaffe.solver.solver_param import warn_of_inputs

    if args.snapshot:
        logger.info("Resuming from %s", args.snapshot)
    solver.trace_nan, solver.stats_every = args.trace_nan, args.stats_every
    if args.keep_best or args.early_stop:
        _watch_tests(solver, args)
    if page is not None:
        page.attach(solver)
    for observer in solver.observers:
        if isinstance(observer, PostMortem):
            observer.attach(solver.net)
    if args.overfit_batch:
        keep_to_one_batch(solver)
    warn_of_inputs(solver.net)


def _status(solver: Solver, signals: SignalHandler) -> int:
    """The exit status of a training that has ended."""
    if signals.terminated:
        return 128 + signal.SIGTERM
    if solver.failed_snapshots:
        logger.warning("%d snapshot(s) could not be written meanwhile", solver.failed_snapshots)
        return SNAPSHOTS_FAILED
    return 0


def _watch_tests(solver: Solver, args: argparse.Namespace) -> None:
    """Look for the best test, as ``--keep_best`` and ``--early_stop`` say."""
    from minicaffe.solver.best import BestTest

    if not (solver.test_nets or solver.is_root):
        return  # another process tests
    try:
        keep = args.keep_best is not None
        solver.best = BestTest(solver, args.keep_best, keep=keep, patience=args.early_stop)
    except SolverError as error:
        raise error.locate(path=args.solver) from None


def _dashboard(args: argparse.Namespace, stack: ExitStack) -> Dashboard:
    """The training's page, served from now on."""
    from minicaffe.dashboard import Dashboard, PageServer

    page = Dashboard(args.solver)
    server = stack.enter_context(PageServer([page.run], page.order, args.dashboard))
    logger.info("The training's page: %s", server.address)
    return page


def _either(signals: SignalHandler, page: Dashboard) -> Callable[[], Action]:
    """What a signal asks for, or else the page."""
    from minicaffe.solver.signals import Action

    def requested() -> Action:
        asked = signals.requested()
        return page.requested() if asked is Action.NONE else asked

    return requested


def _observers(args: argparse.Namespace, stack: ExitStack) -> list[Observer]:
    """What shows a training: the log, a bar on a terminal, a file of JSON lines, a last word."""
    from minicaffe.cli._outcome import Outcome
    from minicaffe.cli._report import takes_colour
    from minicaffe.solver.events import LogObserver
    from minicaffe.solver.json_log import JsonObserver
    from minicaffe.solver.overfit import OverfitReport
    from minicaffe.solver.post_mortem import PostMortem
    from minicaffe.solver.progress import ProgressBar
    from minicaffe.solver.scalars import CsvObserver, TensorBoardObserver

    observers: list[Observer] = [
        LogObserver(),
        OverfitReport() if args.overfit_batch else PostMortem(),
    ]
    if is_terminal(args.log.stream):
        observers.append(ProgressBar(args.log.show))
        stream = args.log.stream
        observers.append(Outcome(lambda text: print(text, file=stream), takes_colour(stream)))
    if args.log_json:
        observers.append(stack.enter_context(JsonObserver(args.log_json)))
    if args.log_csv:
        observers.append(stack.enter_context(CsvObserver(args.log_csv)))
    if args.tensorboard:
        observers.append(stack.enter_context(TensorBoardObserver(args.tensorboard)))
    return observers


def _score(param: caffe_pb2.SolverParameter, args: argparse.Namespace) -> None:
    """Run the solver's test nets on the weights (or a snapshot's) without training."""
    from minicaffe.cli._score import score
    from minicaffe.solver.nets import NetFactory
    from minicaffe.solver.solver_param import load_settings

    if args.snapshot:
        args.usage_error(
            "--snapshot is given with --phase=TEST; that scores --weights=FILE.caffemodel"
        )
    if not param.weights:
        args.usage_error("weights to score are needed; give --weights=FILE.caffemodel")
    if not param.test_iter:
        raise SolverError("the solver has no test_iter, so no test net", path=args.solver)
    settings = load_settings(param, args.solver)
    options = run_options(args, keep="outputs")
    factory = NetFactory(settings.param, path=args.solver, options=options)
    factory.check(train=False)
    for net, batches in zip(factory.test_nets(), param.test_iter, strict=False):
        with net:
            score(net, args.iterations or batches)
