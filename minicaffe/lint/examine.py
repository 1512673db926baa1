"""Looks at nets and solvers: what is wrong with them, and what the rules find, all at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from minicaffe.errors import GraphError, MinicaffeError, PrototxtError, raised_by
from minicaffe.lint.diagnostic import Diagnostic, of_error, unique
from minicaffe.lint.rules import Examined, PhaseNet, all_rules
from minicaffe.lint.stored import StoredWeights
from minicaffe.net.check import check_net, check_shapes
from minicaffe.net.filter import filter_net
from minicaffe.net.given import with_other_mistakes
from minicaffe.net.graph import LayerGraph
from minicaffe.net.inputs import Shapes, check_names, declared_shapes, open_inputs
from minicaffe.net.insert_splits import wiring_mistakes
from minicaffe.net.states import states_of
from minicaffe.options import RunOptions
from minicaffe.proto import caffe_pb2
from minicaffe.proto.io import read_net, read_solver_located
from minicaffe.proto.places import Places, SourceMap
from minicaffe.solver.nets import NetFactory
from minicaffe.solver.solver_factory import mistakes_of_solver
from minicaffe.solver.solver_param import Settings, refuse

if TYPE_CHECKING:
    from minicaffe.convert.targets import Target

#: A comment that lets findings pass; its codes.
_IGNORED = re.compile(r"#.*\blint: ignore ([A-Z0-9, ]+)")


@dataclass(frozen=True)
class LintOptions:
    """What may be looked at.

    Attributes:
        weights: to be examined with the nets.
        look_into_data: data may be opened, and records of it read.
        shapes: of inputs, by blob.
        skip_unknown: pass over fields and layer types that are not known.
        target: a tool that is to take the nets.
    """

    weights: StoredWeights | None = None
    look_into_data: bool = False
    shapes: Shapes = field(default_factory=dict)
    skip_unknown: bool = False
    target: Target | None = None


def lint_file(path: str, options: LintOptions | None = None) -> list[Diagnostic]:
    """All that is wrong with a file or hardly meant, whether it is a net's or a solver's.

    Args:
        path: the prototxt.
        options: what may be looked at.

    Raises:
        PrototxtError: it cannot be read, or is no prototxt at all.
    """
    options = options or LintOptions()
    try:
        param = read_net(path, skip_unknown=options.skip_unknown)
    except PrototxtError as as_net:
        try:
            solver, lines = read_solver_located(path, skip_unknown=options.skip_unknown)
        except PrototxtError as as_solver:
            # of the other kind, or of neither: no problems; else fewest where it is more like
            candidates = [error for error in (as_net, as_solver) if error.problems] or [as_net]
            error = min(candidates, key=lambda e: len(e.problems) + e.more)
            if not error.problems:
                raise error from None
            return unique(of_error(with_other_mistakes(error)))
        return lint_solver(solver, path, lines, options)
    except MinicaffeError as error:
        return unique(of_error(error.locate(path=path)))
    return lint_net(param, path, options)


def lint_net(
    param: caffe_pb2.NetParameter, path: str | None = None, options: LintOptions | None = None
) -> list[Diagnostic]:
    """What is wrong with a net or hardly meant, in either phase.

    A phase for which the rules leave out a layer's input is passed over, if the other is whole.
    With stages and levels that rules name only errors are looked for.

    Args:
        param: the ``NetParameter``, as ``read_net`` returns it; it is left alone.
        path: its file, for the diagnostics.
        options: what may be looked at.
    """
    texts = []
    for phase in (caffe_pb2.TRAIN, caffe_pb2.TEST):
        own = caffe_pb2.NetParameter()
        own.CopyFrom(param)
        own.state.phase = phase
        texts.append(own)
    whole = [text for text in texts if _is_wired(text)] or texts
    others = [state.net(param) for state in states_of(param) if state.stages or state.level]
    return _linted(
        [(text, path) for text in whole], options or LintOptions(),
        others=[(text, path) for text in others if _is_wired(text)],
    )  # fmt: skip


def lint_solver(
    param: caffe_pb2.SolverParameter,
    path: str | None = None,
    lines: SourceMap | None = None,
    options: LintOptions | None = None,
) -> list[Diagnostic]:
    """What is wrong or hardly meant in a solver and in the nets that it trains and tests.

    Args:
        param: the ``SolverParameter``, as ``read_solver`` returns it; the files of its nets
            are read.
        path: its file, for the diagnostics.
        lines: where its fields are (a ``SourceMap``), for the same.
        options: what may be looked at.

    Raises:
        PrototxtError: a net's file cannot be read at all.
    """
    options = options or LintOptions()
    settings = Settings(param, path, lines)
    errors = list(raised_by(_refuse_settings, settings))
    nets: list[Text] = []
    try:
        nets += [(net.param, net.path) for net in NetFactory(param, path=path).origins()]
    except MinicaffeError as error:
        if isinstance(error, PrototxtError) and not error.problems and not errors:
            raise
        errors.append(error)
    told = [diagnostic for error in errors for diagnostic in of_error(error)]
    return unique([*told, *_linted(nets, options, (param, path, lines) if nets else None)])


def _refuse_settings(settings: Settings) -> None:
    with settings.located():
        refuse(mistakes_of_solver(settings.param))


Text = tuple[caffe_pb2.NetParameter, str | None]
SolverText = tuple[caffe_pb2.SolverParameter, str | None, SourceMap | None]


def _linted(
    texts: Sequence[Text],
    options: LintOptions,
    solver: SolverText | None = None,
    others: Sequence[Text] = (),
) -> list[Diagnostic]:
    """The errors of nets in their states, and what the rules find in those that are whole.

    Args:
        texts: nets with their files.
        options: what may be looked at.
        solver: whose they are.
        others: those that are built in other states, of which the rules know nothing.
    """
    errors: list[Diagnostic] = []
    nets: list[PhaseNet] = []
    places: dict[str | None, Places] = {}
    check_names([param for param, _ in (*texts, *others)], options.shapes)
    for number, (param, path) in enumerate([*texts, *others]):
        opened, wrong = open_inputs(param, path) if options.look_into_data else ({}, [])
        errors += [found for error in wrong for found in of_error(error)]
        inputs = {**declared_shapes(param), **opened, **options.shapes}
        for error in raised_by(_check, param, path, options, inputs):
            errors += of_error(error.locate(path=path))
        if number < len(texts) and _is_wired(param):
            filtered = filter_net(param)
            place = places.setdefault(path, Places(path))
            nets.append(PhaseNet(filtered, path, LayerGraph(filtered), place, inputs))
    solver_param, solver_path, lines = solver or (None, None, None)
    examined = Examined(
        nets, solver_param, solver_path, lines, options.weights, options.look_into_data,
        options.target,
    )  # fmt: skip
    remarks = list(filter(_counts, findings(examined)))
    errors = [e for e in errors if not any(_says(remark, e) for remark in remarks)]
    return unique([*errors, *remarks])


def _says(found: Diagnostic, error: Diagnostic) -> bool:
    """Whether a finding tells what an error does: some mistakes have a rule of their own."""
    if error.place.column and found.place == error.place:
        return True
    told = "; ".join((error.message, error.help))
    return f"layer '{found.layer}'" in told and found.message in told


def findings(examined: Examined) -> Iterator[Diagnostic]:
    """What all rules say."""
    for rule in all_rules():
        yield from rule.findings(examined)


def _counts(diagnostic: Diagnostic) -> bool:
    """Whether a finding is not passed over by a comment ``# lint: ignore CODE`` on its line."""
    comment = _IGNORED.search(diagnostic.place.source_line)
    return comment is None or diagnostic.code not in re.split(r"[\s,]+", comment[1])


def _check(
    param: caffe_pb2.NetParameter, path: str | None, options: LintOptions, inputs: Shapes
) -> None:
    """Find what building a net would refuse; no data is opened and no user's code runs.

    Raises:
        MinicaffeError: with all mistakes as its ``problems``.
    """
    if not options.skip_unknown:
        check_net(param, path, RunOptions(), with_sources=False)
        check_shapes(param, path, inputs)


def _is_wired(param: caffe_pb2.NetParameter) -> bool:
    """Whether each layer's inputs are there in the phase of a net's state."""
    try:
        return not wiring_mistakes(filter_net(param), param)
    except GraphError:
        return False
