"""Solver: iterations of forward, backward and update, with tests and snapshots in between."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from minicaffe import common
from minicaffe.arguments import file_name, shown, whole_number
from minicaffe.errors import ArgumentError, Lines, SnapshotError, SolverError
from minicaffe.net.layer_states import LayerStates, layer_states
from minicaffe.net.net import Net
from minicaffe.net.turn import Turn, in_turn
from minicaffe.options import RunOptions
from minicaffe.proto import caffe_pb2
from minicaffe.proto.printing import to_text
from minicaffe.solver import events, rules, trace_nan, training_state
from minicaffe.solver.display import LossWindow, explain_divergence
from minicaffe.solver.layer_stats import gradient_norms, measured
from minicaffe.solver.lr_policy import check_policy, learning_rate
from minicaffe.solver.nets import NetFactory, NetVec
from minicaffe.solver.prefix_lock import PrefixLock
from minicaffe.solver.signals import Action, uninterrupted
from minicaffe.solver.snapshot import Snapshots, restore_snapshot
from minicaffe.solver.solver_param import check_all, device_of, load_settings
from minicaffe.solver.solver_state import SolverState
from minicaffe.solver.testing import run_test
from minicaffe.solver.together import (
    Alone,
    Callback,
    PerIteration,
    Together,
    both_callbacks,
    telling_others,
)
from minicaffe.solver.update import Updater
from minicaffe.solver.watched import Watched

if TYPE_CHECKING:
    from minicaffe.proto.places import SourceMap
    from minicaffe.solver.solver_param import Settings

logger = logging.getLogger("minicaffe")


class Solver(Watched):
    """Trains a net as a ``SolverParameter`` says. Use one of its subclasses or ``get_solver``.

    Args:
        solver: a solver prototxt file, or a ``SolverParameter``.
        path: the file that a ``SolverParameter`` came from: for error messages, and for
            ``snapshot_prefix`` where that is not set.
        lines: tells the lines of its fields (what ``read_solver_located`` returns).
        engine, precision, fuse, keep, allow_python_layers, max_memory, dialect, conv_math, device:
            how the nets run and what each may do: see :class:`minicaffe.options.RunOptions`.
        observers: views of what happens; without them, Caffe's log lines.
        action_function: asked after every iteration (and test batch) whether to stop or
            to write a snapshot.
        keep_snapshots: how many snapshots with this ``snapshot_prefix`` to leave when one is
            written, the newest ones; None removes none.
        prefix_lock: the lock of ``snapshot_prefix``, where the caller holds it already; without
            it, :meth:`solve`, :meth:`step` and :meth:`snapshot` hold one while they may write.

    Attributes:
        net: the net that is trained.
        test_nets: the nets that are tested meanwhile, on the same weights.
        iter: how many updates the weights have had.
        param: the ``SolverParameter``; changes to rates and the like take effect.
        observers: told of every event.
        best: the best test so far, see :class:`minicaffe.solver.best.BestTest`; None keeps none.
        loss_window: the last losses, whose mean is shown.
        failed_snapshots: how many could not be written while it trained.
        trace_nan: look for values that are not finite in every iteration, and end the training
            with the layer that made the first one (see :mod:`minicaffe.solver.trace_nan`).
        stats_every: tell observers every so many iterations what the layers hold; 0 for never.

    Raises:
        PrototxtError: a file cannot be read.
        MemoryLimitError: a net, or the train net and what the update rule remembers of its
            parameters, take more than ``max_memory``.
        SolverError: settings that contradict each other; names file and line.
        SnapshotError: snapshots could not be written where they are to go.
    """

    #: The update rule.
    rule: ClassVar[type[rules.Rule]] = rules.SGD

    def __init__(
        self,
        solver: str | os.PathLike[str] | caffe_pb2.SolverParameter | Settings,
        *,
        path: str | None = None,
        lines: SourceMap | None = None,
        engine: str | None = None,
        precision: str = "float32",
        fuse: bool = True,
        keep: str = "all",
        allow_python_layers: bool = True,
        max_memory: int | None = None,
        dialect: str | None = None,
        conv_math: str | None = None,
        device: str | None = None,
        observers: Sequence[events.Observer] | None = None,
        action_function: Callable[[], Action] | None = None,
        keep_snapshots: int | None = None,
        prefix_lock: PrefixLock | None = None,
    ) -> None:
        self._settings = load_settings(solver, path, lines)
        self.param = self._settings.param
        self.is_root = common.solver_rank() == 0
        self._together: Together = Alone()
        super().__init__([events.LogObserver()] * self.is_root if observers is None else observers)
        self.action_function = action_function
        self.iter = self._current_step = self.failed_snapshots = 0
        self.trace_nan, self.stats_every = False, 0
        self._callbacks: list[tuple[Callback, Callback]] = []
        self._stop_requested = False
        self.loss_window = LossWindow()
        self._resumed = False  # and no step since
        self._test_states: list[LayerStates] = []  # before the tests that are running
        self._saved_at: int | None = None
        self._snapshots = Snapshots(self._settings, keep_snapshots, prefix_lock)
        logger.info("Initializing solver from parameters:\n%s", Lines(to_text(self.param).rstrip()))
        check_all(self._settings, self.rule)
        if self.param.snapshot and self.is_root:
            self._snapshots.check(self.iter)
        how = (engine, precision, fuse, keep, allow_python_layers, max_memory, dialect, conv_math)
        options = RunOptions(*how, device or device_of(self.param, engine))
        self._make_nets(NetFactory(self.param, path=self._settings.path, options=options))
        logger.info("Solver scaffolding done.")

    def _make_nets(self, factory: NetFactory) -> None:
        """Check the nets' texts; make the net to train, what updates it, and the nets to test."""
        factory.check()
        self.net: Net = factory.train_net()
        with self._settings.located("type"):
            self._updater = Updater(self.net, self.rule(self.param), self.param)
        tests = self.is_root or common.tests_are_shared()
        self.test_nets: list[Net] = NetVec(factory.test_nets() if tests else [])
        for test_net in self.test_nets:
            test_net.warn_of_twins(self.net)

    # -------------------------------------------------------------- settings

    @property
    def lr(self) -> float:
        """The learning rate of the next update, before each parameter's ``lr_mult``."""
        with self._settings.located():
            return learning_rate(self.param, self.iter, self._current_step)[0]

    @property
    def history(self) -> list[np.ndarray]:
        """What the update rule remembers, parameter by parameter (live views).

        AdaDelta and Adam have two for each: first one kind for all parameters, then the
        other.
        """
        return self._updater.history

    @property
    def turn(self) -> Turn:
        """Whose turn it is: the train net's, as a step is made of its runs."""
        return self.net.turn

    def add_callback(
        self, on_start: Callback | PerIteration, on_gradients_ready: Callback | None = None
    ) -> None:
        """Call one function before each iteration's first forward, one before its update.

        Args:
            on_start, on_gradients_ready: the functions; or one object that has both as methods,
                such as :class:`minicaffe.NCCL`.
        """
        self._callbacks.append(both_callbacks(on_start, on_gradients_ready))

    def join(self, together: Together) -> None:
        """Train with the solvers of other processes from now on, each of which joins them, too."""
        self._together = together

    def share_weights(self, net: Net) -> None:
        """Let another net use the parameters that are trained here, by layer name.

        Raises:
            ArgumentError: this is no net.
            ShapeError: parameters of one name differ in their shapes.
        """
        if not isinstance(net, Net):
            raise ArgumentError(f"a net to give the weights to is expected, not {shown(net)}")
        net.share_with(self.net)

    # -------------------------------------------------------------- training

    @in_turn
    def solve(
        self, resume_file: str | os.PathLike[str] | None = None, *, progress: bool = False
    ) -> None:
        """Train until ``max_iter``, with tests, displays and snapshots as the settings say.

        Args:
            resume_file: a ``.solverstate`` (or ``.solverstate.h5``) to go on from.
            progress: show a bar, on a terminal or in a notebook.

        Raises:
            SolverError: the loss is not finite; names the iteration and the layer.
            SnapshotError: a state cannot be read or written, or another training writes
                snapshots with this prefix.
        """
        writes = bool(self.param.snapshot) or self.param.snapshot_after_train
        with self._snapshots.locked(writes and self.is_root), self.showing(progress):
            self._solve(resume_file)

    def _solve(self, resume_file: str | os.PathLike[str] | None) -> None:
        param = self.param
        self.tell(events.Start(self.iter, param.max_iter, self.net.name, param.lr_policy))
        if resume_file is not None:
            resume_file = file_name(resume_file, "resume_file")
            logger.info("Restoring previous solver status from %s", resume_file)
            self.restore(resume_file)
        if not param.HasField("max_iter"):
            logger.warning("max_iter is not set, so there is nothing to train; set max_iter")
        if param.snapshot_after_train and self.is_root:
            self._snapshots.check(self.iter)
        self.step(param.max_iter - self.iter)
        if param.snapshot_after_train:
            self._snapshot_together(at_the_end=True)
        early = self._stop_requested
        if not early:
            self._last_pass()
        self.tell(events.Finish(self.iter, early))

    def _last_pass(self) -> None:
        """Show the loss and the tests once more, with the final weights."""
        param = self.param
        if param.display and self.iter % param.display == 0:
            self.loss_window.add(self.net.forward_loss(), param.average_loss)
            self.tell(events.Display(self.iter, self.loss_window.mean))
        if param.test_interval and self.iter % param.test_interval == 0:
            self._test_all()

    @in_turn
    def step(self, iters: int) -> None:
        """Train for a number of iterations; none below 1.

        Raises:
            SolverError: the loss is not finite; names the iteration and the layer.
            SnapshotError: a snapshot falls due, and another training writes snapshots with
                this prefix.
            ArgumentError: this is no whole number.
        """
        iters = whole_number(iters, "iters")
        every, end = self.param.snapshot, self.iter + iters
        due = bool(every) and end // every > self.iter // every
        with (
            telling_others(self._together, self._save_what_there_is),
            self._snapshots.locked(due and self.is_root),
        ):
            self._step(iters)

    def _save_what_there_is(self) -> bool:
        """Another process is lost: keep what all of them have reached; returns whether it is."""
        saved = not self.param.snapshot or self._saved_at == self.iter
        return saved or self._try_snapshot([layer_states(self.net)])

    def _step(self, iters: int) -> None:
        if iters > 0:  # none need no learning rate: converters let Caffe fill nets in this way
            with self._settings.located():
                check_policy(self.param)
        start = self.iter
        self._stop_requested = False
        if not self._resumed:
            self.loss_window.clear()
        self._resumed = False
        interval = self.param.test_interval
        # A loss that overflows is told once, by the solver.
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            while self.iter < start + iters and not self._stop_requested:
                self.net.clear_param_diffs()
                due = interval and self.iter % interval == 0
                if due and (self.iter or self.param.test_initialization) and not self._test_all():
                    break
                with training_state.rolled_back_on_error(self, self.net, self.loss_window):
                    self._iterate()

    def _iterate(self) -> None:
        param = self.param
        for on_start, _ in self._callbacks:
            on_start()
        display = bool(param.display) and self.iter % param.display == 0
        self.net.debug_info = display and param.debug_info
        loss = sum(self._forward_backward() for _ in range(param.iter_size)) / param.iter_size
        self.loss_window.add(loss, param.average_loss)
        if display:
            self.show_iteration()
        for _, on_gradients_ready in self._callbacks:
            on_gradients_ready()
        counted = self.stats_every and self.iter % self.stats_every == 0
        gradients = gradient_norms(self.net) if counted else {}
        rate = self.apply_update()
        if counted:
            self.tell(events.Stats(self.iter - 1, measured(self.net, gradients)))
        if self.trace_nan:
            trace_nan.check_weights(self.net, self.iter - 1, rate)
        self.tell(events.Iteration(self.iter, loss, self.loss_window.mean, rate))
        due = bool(param.snapshot) and self.iter % param.snapshot == 0
        request = self._together.agree(self._requested())
        if due or request in (Action.SNAPSHOT, Action.TERMINATE):
            self._snapshot_together()
        if request in (Action.STOP, Action.TERMINATE):
            self._stop_requested = True

    def _forward_backward(self) -> float:
        """One batch; the gradients add up. Returns the loss."""
        loss = self.net.forward_loss()
        if self.trace_nan:
            trace_nan.check_loss(self.net, loss, self.iter)
            trace_nan.check_statistics(self.net, self.iter)
        if not math.isfinite(loss):
            error = SolverError(explain_divergence(self.net, loss, self.iter, self.lr))
            raise error.locate(path=self._settings.path, line=self._settings.line("base_lr"))
        self.net.backward_from_to(len(self.net.layers) - 1, 0)
        if self.trace_nan:
            trace_nan.check_gradients(self.net, self.iter)
        return loss

    @in_turn
    def apply_update(self) -> float:
        """Update the weights from the gradients; counts as an iteration.

        Signals wait until it is done, Ctrl-C among them. Returns the learning rate.
        """
        with self._settings.located():
            rate, step = learning_rate(self.param, self.iter, self._current_step)
        if self.param.lr_policy == "multistep" and step != self._current_step:
            self.tell(events.StepReached(self.iter, step))
        if self.param.display and self.iter % self.param.display == 0:
            self.tell(events.LearningRate(self.iter, rate))
        with uninterrupted():
            clipped = self._updater.clipping()
            self._updater.apply(rate, self.iter, clipped[1] if clipped else 1.0)
            self._current_step = step
            self.iter += 1
        if clipped:
            limit = self.param.clip_gradients
            self.tell(events.Clip(self.iter - 1, clipped[0], limit, clipped[1]))
        return rate

    def _requested(self) -> Action:
        return self.action_function() if self.action_function else Action.NONE

    # --------------------------------------------------------------- testing

    @in_turn
    def test(self, index: int = 0) -> dict[str, float | np.ndarray]:
        """Run a test net on the weights as they are now, for its ``test_iter`` batches.

        Returns:
            For each output blob its mean: a float, or an array where it has several
            elements. Empty when the test was interrupted.

        Raises:
            SolverError: there is no test net of this number.
        """
        return run_test(self, index, self._stop_testing, self._settings.path)

    def _test_all(self) -> bool:
        """Run all test nets; returns False if a stop was requested."""
        self._test_states = [layer_states(net) for net in self.test_nets]
        for index in range(len(self.test_nets)):
            if not self._stop_requested:
                self.note_test(index, self.test(index))
        asked = Action.STOP if self._stop_requested or self.out_of_patience else Action.NONE
        self._stop_requested = self._together.agree(asked) is Action.STOP
        if self._stop_requested:
            return False  # a training that resumes here runs all of these tests again
        self._test_states = []
        return True

    def _stop_testing(self) -> bool:
        """Do what is asked for between two batches of a test, in which others may not be."""
        while (request := self._requested()) is not Action.NONE:
            if request in (Action.SNAPSHOT, Action.TERMINATE):
                self._try_snapshot([layer_states(self.net)])
            self._stop_requested |= request in (Action.STOP, Action.TERMINATE)
        return self._stop_requested

    # ------------------------------------------------------------- snapshots

    @in_turn
    def snapshot(self) -> tuple[str, str]:
        """Write the weights and the solver's state; returns both file names.

        The names are ``PREFIX_iter_N.caffemodel`` and ``PREFIX_iter_N.solverstate``, with
        ``.h5`` appended for ``snapshot_format: HDF5``.

        Raises:
            SnapshotError: a file cannot be written, or another training writes snapshots with
                this prefix; older files are kept.
        """
        return self._snapshot([layer_states(self.net)])

    def _snapshot(self, states: Sequence[LayerStates]) -> tuple[str, str]:
        """Write it, with the states of the train nets of all processes, as far as known."""
        model, path = self._snapshots.names(self.iter)
        for name in (model, path):
            self.tell(events.Snapshot(self.iter, name, name is path, self._snapshots.hdf5))
        state = SolverState(self.iter, model, self._current_step, self.history)
        training = training_state.training_state(
            self.net, self.test_nets, self.loss_window, states, self._test_states
        )
        self.add_best(training)
        self._snapshots.write(self.net, state, training)
        self._saved_at = self.iter
        return model, path

    def _snapshot_together(self, *, at_the_end: bool = False) -> None:
        """A snapshot of all processes; rank 0 writes it."""
        states = self._together.gather(layer_states(self.net))
        if self.is_root and not (at_the_end and self._saved_at == self.iter):
            (self._snapshot if at_the_end else self._try_snapshot)(states)

    def _try_snapshot(self, states: Sequence[LayerStates]) -> bool:
        """A snapshot that cannot be written does not end the training: the next one may be."""
        try:
            self._snapshot(states)
            return True
        except SnapshotError as error:
            self.failed_snapshots += 1
            self.tell(events.SnapshotFailed(self.iter, str(error)))
            return False

    @in_turn
    def restore(self, path: str | os.PathLike[str]) -> None:
        """Go on from a state that :meth:`snapshot`, or Caffe, has written.

        What follows is, bit for bit, what would have followed the snapshot. A state that Caffe
        wrote says nothing of data and random generators, which then start afresh, as in Caffe.
        The test nets use the restored weights too. (Caffe gives them to its test nets only
        when it tests.)

        Raises:
            SnapshotError: it cannot be read or is damaged, its weights are missing or others,
                or it is of another net; names what differs. Nothing is changed then. (Or a
                layer does not take back what was saved of it; weights are restored then.)
        """
        path = file_name(path, "path")
        state, record = restore_snapshot(self.net, path, self.history, self.rule.histories)
        self.iter = state.iter
        self._current_step = state.current_step
        for test_net in self.test_nets:
            test_net.share_with(self.net)
        if path == self._snapshots.names(self.iter)[1]:
            self._saved_at = self.iter
        if record is None:
            logger.info("%s says nothing of data and random generators: they start afresh", path)
        else:
            training_state.restore_training_state(
                record.training, path, self.net, self.test_nets, self.loss_window
            )
            self.restore_best(record.training)
            self._resumed = True

    # ------------------------------------------------------------------- end

    def __reduce__(self) -> tuple[object, ...]:
        """``pickle`` and ``copy.deepcopy`` cannot take a solver along.

        Raises:
            SolverError: always; says what to do.
        """
        raise SolverError(
            "a solver cannot be pickled or copied: write its state with solver.snapshot() and let "
            "another solver of the same file restore() it; solver.net can be copied alone",
            path=self._settings.path,
        )

    def close(self) -> None:
        """Let the nets end their threads and close their files."""
        for net in (self.net, *self.test_nets):
            net.close()
        self._updater.close()
