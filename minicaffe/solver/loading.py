"""From a solver prototxt to checked settings."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from minicaffe.errors import MemoryLimitError, MinicaffeError, SolverError
from minicaffe.proto import caffe_pb2
from minicaffe.proto.read import read_solver_located
from minicaffe.proto.upgrade import upgrade_solver
from minicaffe.solver.policies import check_policy
from minicaffe.solver.rules import Rule
from minicaffe.solver.settings import SettingError, check_settings, warn_of_settings

logger = logging.getLogger("minicaffe")


@dataclass
class Settings:
    """A ``SolverParameter`` and where it stands.

    Attributes:
        param: upgraded; a copy of what the caller gave.
        path: its file, or None.
        lines: tells the line of a field (``.line("base_lr")``), or None.
    """

    param: Any
    path: str | None = None
    lines: Any = None

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
            line = self.line(error.field) or (self.line(error.near) if error.near else None)
            raise error.locate(path=self.path, line=line) from error.__cause__

    def line(self, field: str) -> int | None:
        """The line of a field, as far as it is known."""
        return self.lines.line(field) if self.lines is not None else None


def load_settings(solver: Any, path: str | None = None, lines: Any = None) -> Settings:
    """Take a solver prototxt file, a ``SolverParameter``, or finished settings.

    ``snapshot_prefix`` becomes the file's name without its ending where it is not set, and
    gets the file's bare name where it is a directory (Caffe's rule).

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
        check_settings(param)
        rule.check(param)
        if param.HasField("lr_policy") and not _trains_nothing(param):
            check_policy(param)
        if param.snapshot and not param.HasField("snapshot_prefix"):
            raise SettingError("snapshot", "snapshot is set, but snapshot_prefix is not")
    warn_of_settings(param)


def _trains_nothing(param: Any) -> bool:
    """Whether ``max_iter: 0`` asks for a net with its first weights only, and so for no rate."""
    return param.HasField("max_iter") and param.max_iter == 0


def _complete_prefix(param: Any, path: str) -> None:
    stem = os.path.splitext(path)[0]
    if not param.HasField("snapshot_prefix"):
        param.snapshot_prefix = stem
        logger.info("snapshot_prefix was not specified and is set to %s", stem)
    elif os.path.isdir(param.snapshot_prefix):
        param.snapshot_prefix = os.path.join(param.snapshot_prefix, os.path.basename(stem))
        logger.info("snapshot_prefix was a directory and is replaced to %s", param.snapshot_prefix)
