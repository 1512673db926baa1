"""One thing that is wrong or hardly meant, with its places and what mends it: a value."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, replace

from minicaffe.errors import MAX_COUNTED, MinicaffeError, Problem, SettingError, visible
from minicaffe.errors.form import parts
from minicaffe.proto.places import Place, Places


class Severity(enum.Enum):
    """How much a diagnostic matters: an error stops, a note is shown when it is asked for."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Label:
    """A second place that a diagnostic is about, such as "the bottom is produced here"."""

    place: Place
    text: str


@dataclass(frozen=True)
class Edit:
    """A stretch of a file's text and what comes in its place.

    Attributes:
        start, end: offsets in characters; equal where something is put in.
        text: what comes there.
    """

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Fix:
    """What mends a file.

    Attributes:
        path: the file.
        edits: its changes.
        safe: what the net computes stays the same; otherwise it changes, as it is meant to, and
            weights that were trained before may not fit.
    """

    path: str
    edits: tuple[Edit, ...]
    safe: bool = True

    @property
    def applicability(self) -> str:
        """``safe`` or ``unsafe``."""
        return "safe" if self.safe else "unsafe"


@dataclass(frozen=True)
class Diagnostic:
    """One thing that is wrong or hardly meant.

    Attributes:
        code: of the rule that found it, such as ``BN001``, or of the kind of error.
        severity: how much it matters.
        place: where it is.
        layer: the layer's name; None where it is about no layer.
        message: what was found.
        help: what to do; "" where the message says it.
        labels: other places that have to do with it.
        note: what is good to know besides.
        fix: the change of the text that mends it, where there is one.
    """

    code: str
    severity: Severity
    place: Place
    layer: str | None
    message: str
    help: str = ""
    labels: tuple[Label, ...] = ()
    note: str = ""
    fix: Fix | None = None

    @property
    def path(self) -> str | None:
        """The file, as far as it is known."""
        return self.place.path

    @property
    def line(self) -> int | None:
        """The line there, counted from 1."""
        return self.place.line or None

    @property
    def order(self) -> tuple[str, int, int, str]:
        """By which diagnostics are sorted: by file, line, column and code."""
        return self.path or "", self.place.line, self.place.column, self.code

    @property
    def told(self) -> str:
        """The message with the layer that it is about."""
        return self.message if self.layer is None else f"layer '{self.layer}': {self.message}"

    def __str__(self) -> str:
        """On one line: ``FILE:LINE:COLUMN: CODE layer 'x': message; help``."""
        place = self.place
        numbers = [str(number) for number in (place.line, place.column) if number]
        where = ":".join([*([place.path] if place.path else []), *numbers])
        rest = "; ".join(part for part in (self.told, self.help) if part)
        return visible(f"{where}{': ' if where else ''}{self.code} {rest}")


def of_error(error: MinicaffeError) -> list[Diagnostic]:
    """What an error says, a diagnostic for each of its problems."""
    problems = error.problems or [_problem(error)]
    found = [_of_problem(problem, error.code) for problem in problems]
    if error.more:
        many = f"more than {MAX_COUNTED}" if error.more > MAX_COUNTED else str(error.more)
        found[-1] = replace(found[-1], note=f"there are {many} more problems")
    return found


def _problem(error: MinicaffeError) -> Problem:
    """An error with its source line, where that is a layer's or a solver's: of other files, which
    may be secret, nothing is shown."""
    if isinstance(error, SettingError) and error.layer is None:
        return Places(error.path).setting(error)
    places = Places(error.path)
    place = None if error.layer is None else places.mentioned(error)
    others = places.related(error) if place else ()
    place = place or Place(error.path, error.line or 0)
    return Problem(
        place.path, place.line, place.column, error.told, place.source_line, width=place.width,
        related=others,
    )  # fmt: skip


def _of_problem(problem: Problem, code: str) -> Diagnostic:
    said = problem.message  # with its place, where no column is known
    for place in (f"{problem.path}:{problem.line}: ", f"{problem.path}: "):
        said = said.removeprefix(place)
    message, help = parts(said)
    labels = tuple(Label(_place(other), other.message) for other in problem.related)
    code = problem.code or code
    return Diagnostic(code, Severity.ERROR, _place(problem), None, message, help, labels)


def _place(problem: Problem) -> Place:
    return Place(problem.path, problem.line, problem.column, problem.width, problem.source_line)


def unique(found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Each diagnostic once, in the order of files and lines.

    Two of one message at one place are one, though they come from different phases.
    """
    first: dict[object, Diagnostic] = {}
    for diagnostic in found:
        first.setdefault(replace(diagnostic, labels=(), fix=None), diagnostic)
    return sorted(first.values(), key=lambda diagnostic: diagnostic.order)
