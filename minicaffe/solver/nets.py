"""The nets that a ``SolverParameter`` asks for: one to train, any number to test."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

from minicaffe.errors import (
    GraphError,
    MinicaffeError,
    PrototxtError,
    SnapshotError,
    SolverError,
    beside_hint,
)
from minicaffe.named import Numbered
from minicaffe.net.check import check_net
from minicaffe.net.given import with_other_mistakes
from minicaffe.net.net import Net
from minicaffe.options import RunOptions
from minicaffe.proto import caffe_pb2
from minicaffe.proto.io import read_net
from minicaffe.solver.solver_param import (
    never_tests,
    warn_of_infogain,
    warn_of_iter_size,
    warn_of_nothing_to_learn,
)
from minicaffe.weights.caffemodel import load_weights

logger = logging.getLogger("minicaffe")


class NetVec(Numbered[Net]):
    """A solver's test nets by number; pycaffe's ``NetVec``."""

    what = "test net"


@dataclass
class Origin:
    """Where a net's text comes from.

    Attributes:
        label: as Caffe's log says it.
        param: the net.
        path: its file, or the solver's when the net is inside that.
    """

    label: str
    param: caffe_pb2.NetParameter
    path: str | None


class NetFactory:
    """Builds the nets of a solver; a file that several of them come from is read once.

    Args:
        param: the solver's settings, already checked.
        path: the solver's own file, which inline nets are in.
        options: how the nets run and what they may do.
    """

    def __init__(
        self,
        param: caffe_pb2.SolverParameter,
        *,
        path: str | None,
        options: RunOptions | None = None,
    ) -> None:
        self.param = param
        self.path = path
        self.options = options or RunOptions()
        self._read: dict[str, caffe_pb2.NetParameter] = {}

    def train_net(self) -> Net:
        """The net to train, in the state that the solver, the file and TRAIN make up."""
        origin = self._train_origin()
        how = "from" if origin.label.endswith("file") else "specified in"
        name = f": {origin.path}" if origin.label.endswith("file") else ""
        logger.info("Creating training net %s %s%s", how, origin.label, name or ".")
        net = self._build(self._in_train_state(origin), 0)
        if not any(net.blob_loss_weights.values()):
            logger.warning("net '%s' has no loss in phase TRAIN, so nothing is learned", net.name)
        warn_of_nothing_to_learn(net)
        warn_of_infogain(net)
        warn_of_iter_size(net, self.param.iter_size)
        return net

    def test_nets(self) -> list[Net]:
        """The test nets, in Caffe's order: test_net_param, test_net, then net(_param)."""
        nets = []
        for index, origin in enumerate(self._test_origins()):
            source = f"{origin.label}: {origin.path}" if "file" in origin.label else origin.label
            logger.info("Creating test net (#%d) specified by %s", index, source)
            in_state = self._in_test_state(origin, index)
            with self._about_state(index, in_state.param.state):
                net = self._build(in_state, index + 1)
            net.debug_info = self.param.debug_info
            nets.append(net)
        return nets

    def check(self, *, train: bool = True) -> None:
        """Look at the texts of all nets, before data of any of them is opened.

        Args:
            train: look at that to train, too.

        Raises:
            MinicaffeError: with the mistakes of the first net that has some as its ``problems``.
        """
        for index, origin in enumerate(self.origins(), -1):
            if index < 0 and not train:
                continue
            with self._about_state(index, origin.param.state) if index >= 0 else nullcontext():
                check_net(origin.param, origin.path, self.options)

    def origins(self) -> list[Origin]:
        """The texts of all nets, that to train first, each with its state; nothing is built."""
        tests = [self._in_test_state(origin, i) for i, origin in enumerate(self._test_origins())]
        return [self._in_train_state(self._train_origin()), *tests]

    def _train_origin(self) -> Origin:
        param = self.param
        if param.HasField("train_net_param"):
            return Origin("train_net_param", param.train_net_param, self.path)
        if param.HasField("train_net"):
            return self._file("train_net file", param.train_net)
        if param.HasField("net_param"):
            return Origin("net_param", param.net_param, self.path)
        return self._file("net file", param.net)

    def _test_origins(self) -> list[Origin]:
        param = self.param
        origins = [Origin("test_net_param", net, self.path) for net in param.test_net_param]
        origins += [self._file("test_net file", name) for name in param.test_net]
        if never_tests(param):
            return origins
        while len(origins) < len(param.test_iter):
            if param.HasField("net_param"):
                origins.append(Origin("net_param", param.net_param, self.path))
            else:
                origins.append(self._file("net file", param.net))
        return origins

    def _in_train_state(self, origin: Origin) -> Origin:
        return _in_state(origin, caffe_pb2.TRAIN, self.param.train_state)

    def _in_test_state(self, origin: Origin, index: int) -> Origin:
        states = self.param.test_state
        return _in_state(origin, caffe_pb2.TEST, states[index] if states else None)

    @contextmanager
    def _about_state(self, index: int, state: caffe_pb2.NetState) -> Iterator[None]:
        """Add to errors which layers a test net has, where the net to train has other stages."""
        try:
            yield
        except GraphError as error:
            error.explain(self._state_hint(index, state))
            raise

    def _state_hint(self, index: int, state: caffe_pb2.NetState) -> str:
        train = self.param.train_state
        if set(train.stage) <= set(state.stage) and train.level == state.level:
            return ""
        stages = ", ".join(state.stage) or "none"
        more = " ".join(f'stage: "{name}"' for name in train.stage) or f"level: {train.level}"
        return (
            f" (in test net #{index}: phase TEST, level {state.level}, stages: {stages}; --stage "
            "and --level are for the net to train, a test net gets its own in the solver by "
            f"test_state {{ {more} }})"
        )

    def _file(self, label: str, path: str) -> Origin:
        if path not in self._read:
            try:
                self._read[path] = read_net(path, inner=True)
            except PrototxtError as error:
                if self.path is not None and not error.problems:  # there may be no such file
                    hint = beside_hint(path, self.path) if _is_missing(error) else ""
                    error.message += f" (it is named in {self.path}){hint}"
                raise with_other_mistakes(error) from None
        return Origin(label, self._read[path], path)

    def _build(self, origin: Origin, number: int) -> Net:
        """Build a net that has its state, and load ``weights``."""
        state = origin.param.state
        seed = self.param.random_seed
        net = Net(
            origin.param,
            state.phase,
            state.level,
            seed=seed + number if seed >= 0 else None,
            path=origin.path,
            **self.options.keywords(),
        )
        load_all(net, self.param.weights, self.path)
        return net


def _in_state(origin: Origin, phase: caffe_pb2.Phase, extra: caffe_pb2.NetState | None) -> Origin:
    """A net's text with a phase and a state merged into its own state; later ones win."""
    state = caffe_pb2.NetState(phase=phase)
    state.MergeFrom(origin.param.state)
    if extra is not None:
        state.MergeFrom(extra)
    param = caffe_pb2.NetParameter()
    param.CopyFrom(origin.param)
    param.state.CopyFrom(state)
    return Origin(origin.label, param, origin.path)


def _is_missing(error: MinicaffeError) -> bool:
    return isinstance(error.__cause__, FileNotFoundError)


def load_all(net: Net, lists: Iterable[str], path: str | None = None) -> None:
    """Copy trained layers from all files of the lists, each separated by commas.

    Args:
        net: gets them.
        lists: the names.
        path: the solver's file.

    Raises:
        SolverError: a file's name is empty.
        SnapshotError: a file cannot be read or does not fit.
    """
    for names in lists:
        for name in names.split(","):
            if not name.strip():
                raise SolverError(f"weights '{names}' has an empty file name; remove the comma")
            logger.info("Finetuning from %s", name.strip())
            try:
                load_weights(net, name.strip(), inner=True)
            except SnapshotError as error:
                if path is not None and _is_missing(error):
                    error.message += beside_hint(name.strip(), path)
                raise
