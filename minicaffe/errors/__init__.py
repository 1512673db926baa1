"""What goes wrong: the exceptions, and how messages show names and suggest others.

The command line prints a :class:`MinicaffeError` and exits with its status. A message says what
was found, what was expected and what to do; ``locate`` adds the file, the line and the layer.
"""

from __future__ import annotations

import difflib
import importlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from numbers import Number
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.protobuf.message import Message

#: How many problems beyond those that it keeps a reader counts before it gives a file up.
MAX_COUNTED = 10_000
_LONGEST = 100  # longer words are no mistyped names, and take long to compare


def closest(word: str, choices: Iterable[str]) -> str | None:
    """The choice most like ``word`` (upper and lower case count as alike), or None."""
    if len(word) > _LONGEST:
        return None
    by_lower = {choice.lower(): choice for choice in choices}
    found = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """The end of an error message: ``; did you mean `X`?``, or nothing when none is close."""
    choice = closest(word, choices)
    return f"; did you mean `{choice}`?" if choice else ""


#: The inside of a regular expression's class: Unicode's classes Cc, Cf, Cs, Zl and Zp, and what is
#: no character at all, above ASCII.
BEYOND_ASCII = (
    "\x80-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\ufdd0-\ufdef\ufeff\ufff0-\ufffb\ufffe\uffff\ud800-\udfff\U000110bd\U000110cd"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)


_HIDDEN = re.compile(f"[\0-\x1f\x7f{BEYOND_ASCII}]")


_HIDDEN_BUT_LINES = re.compile(f"[\0-\x08\x0b-\x1f\x7f{BEYOND_ASCII}]")


_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def visible(text: str, *, lines: bool = False) -> str:
    r"""The text with each control character written as in Python: ``\n``, ``\x1b``, ``\u202e``.

    Args:
        text: a name, or a sentence with names in it. What is visible stays as it is, letters of
            any script too.
        lines: keep tabs and the ends of lines: of a text whose names are visible already.
    """
    pattern = _HIDDEN_BUT_LINES if lines else _HIDDEN
    return pattern.sub(_escaped, text) if pattern.search(text) else text


def _escaped(match: re.Match[str]) -> str:
    found = match[0]
    code = ord(found)
    width = ("x", 2) if code < 0x100 else ("u", 4) if code < 0x10000 else ("U", 8)
    return _SHORT.get(found) or f"\\{width[0]}{code:0{width[1]}x}"


class Lines(str):
    """A text of several lines whose names are visible already, to be logged as it is."""


def visible_arguments(arguments: object) -> object:
    """What is put into a log line, a tuple or a mapping, made visible; numbers stay numbers."""
    if isinstance(arguments, Mapping):
        return {key: _argument(value) for key, value in arguments.items()}
    return tuple(map(_argument, arguments)) if isinstance(arguments, tuple) else arguments


def _argument(value: object) -> object:
    if isinstance(value, Lines | Number) or value is None:
        return value
    return _Shown(value)


class _Shown:
    """A value whose text is made visible when ``%s`` or ``%r`` asks for it."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __str__(self) -> str:
        # an error of minicaffe has made its names visible, and may have lines
        return visible(str(self._value), lines=hasattr(self._value, "locate"))

    def __repr__(self) -> str:
        return visible(repr(self._value))


def tilde_hint(name: str | os.PathLike[str]) -> str:
    """A clause about a name that begins with ``~``, which only shells understand; else ""."""
    text = os.fspath(name)
    if not isinstance(text, str) or not text.startswith("~"):
        return ""
    full = os.path.expanduser(text)
    where = f"write '{full}'" if full != text else "write the folder's name"
    return f"; `~` is not a folder here, as in Caffe: {where}"


def beside_hint(name: str | os.PathLike[str], named_in: str) -> str:
    """A clause about a file that is there beside the file that names it; else ""."""
    text = os.fspath(name)
    if not isinstance(text, str) or os.path.isabs(text) or not os.path.dirname(named_in):
        return ""
    beside = os.path.join(os.path.dirname(named_in), text)
    if "\0" in beside or not os.path.exists(beside):
        return ""
    return (
        f"; names count from the current folder, '{os.getcwd()}', not from that of the file they "
        f"are in: write '{beside}', or run in '{os.path.dirname(named_in)}'"
    )


_SHOWN = 120  # characters of a source line


class MinicaffeError(RuntimeError):
    """A mistake in what the user gave, with its place.

    (A ``RuntimeError``, because that is what pycaffe raises and programs catch.)

    Args:
        message: what was found, what was expected, and a suggestion.
        path: the file that it is in.
        line: its line there, counted from 1.
        layer: the name of the layer concerned.
        layer_type: the type of that layer.

    The code that notices a mistake often knows only the message; the code that passes
    the exception on adds what it knows with :meth:`locate`.
    """

    #: What the command line exits with.
    exit_code = 1
    #: Of this kind of error, see ``minicaffe explain``.
    code = "MC000"
    #: What is wrong with a text file, in order, where more than a line is known of it.
    problems: list[Problem] = []  # noqa: RUF012  (replaced, never changed)
    #: How many further problems were found and not kept.
    more: int = 0
    #: Other lines of the file that have to do with it, each with what is there.
    related: tuple[tuple[int, str], ...] = ()

    def __init__(
        self,
        message: str,
        *,
        path: str | None = None,
        line: int | None = None,
        layer: str | None = None,
        layer_type: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.line = line
        self.layer = layer
        self.layer_type = layer_type

    def locate(
        self,
        *,
        path: str | None = None,
        line: int | None = None,
        layer: str | None = None,
        layer_type: str | None = None,
    ) -> MinicaffeError:
        """Fill in what is not known yet about the place; returns the same exception.

        An error about a file that a layer names (a mean file, say) keeps that file and says
        where it is named.
        """
        if self.path is None:
            self.path, self.line = path, self.line or line
        elif self.layer is None and layer is not None and line and path != self.path:
            self.message += f" (named at {path}:{line})"
        if self.layer is None:
            self.layer, self.layer_type = layer, layer_type
            if layer is not None and path and isinstance(self.__cause__, FileNotFoundError):
                self.message += beside_hint(self.__cause__.filename or "", path)
        return self

    def __reduce__(self) -> tuple[object, ...]:
        """For ``pickle``, by which errors come from other processes.

        Python's own way calls the class with the message alone, which not all of them take; a
        pool of processes waits for ever for an error that cannot be read again.
        """
        return _without_init, (type(self), self.args), self.__dict__

    def explain(self, remark: str) -> None:
        """Add to the message, and to the last of the ``problems``."""
        self.message += remark
        if self.problems and remark:
            last = self.problems[-1]
            self.problems = [*self.problems[:-1], replace(last, message=last.message + remark)]

    @property
    def told(self) -> str:
        """The message with the layer that it is about, and its type unless the message has it."""
        if self.layer is None:
            return self.message
        said = not self.layer_type or f"'{self.layer_type}'" in self.message
        return f"layer '{self.layer}'{'' if said else f' ({self.layer_type})'}: {self.message}"

    def __str__(self) -> str:
        """One line (or all ``problems``), with the control characters of names escaped."""
        if self.problems:
            many = "more than " if self.more > MAX_COUNTED else ""
            rest = [f"... and {many}{min(self.more, MAX_COUNTED)} more problems"] * bool(self.more)
            return "\n".join([*map(str, self.problems), *rest])
        place = f"{self.path}:{self.line}: " if self.line else f"{self.path}: "
        return visible((place if self.path else "") + self.told)


def _without_init(cls: type[MinicaffeError], args: tuple[object, ...]) -> MinicaffeError:
    """An error that has its arguments and still needs its attributes."""
    return cls.__new__(cls, *args)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a text file.

    Attributes:
        path: the file, None for a text from elsewhere.
        line, column: where, counted from 1; column 0 where only the message is known.
        message: what was found, what was expected, and a suggestion.
        source_line: the line itself.
        code: of the kind of error; "" for that of the error that holds it.
        width: of the word, in characters.
        related: other places that have to do with it, each with what is there as its message.
    """

    path: str | None
    line: int
    column: int
    message: str
    source_line: str
    code: str = ""
    width: int = 1
    related: tuple[Problem, ...] = ()

    def __str__(self) -> str:
        """The place and the message; below it the line, and a caret under the word."""
        if not self.column:
            return visible(self.message)
        shown, before = excerpt(self.source_line, self.column)
        place = f"{self.path or 'text'}:{self.line}:{self.column}"
        told = visible(f"{place}: {self.message}")
        return f"{told}\n    {shown}\n    {' ' * before}^"


def excerpt(source_line: str, column: int) -> tuple[str, int]:
    """What is shown of a source line, and how many characters of that come before a column.

    Args:
        source_line: as it is in the file; of a long one, the part around the column is shown.
        column: counted from 1.
    """
    start = max(0, column - 1 - _SHOWN // 2) if len(source_line) > _SHOWN else 0
    shown = visible(source_line[start : start + _SHOWN].expandtabs(4))
    return shown, len(visible(source_line[start : column - 1].expandtabs(4)))


def raised_by(check: Callable[..., object], *args: object) -> Iterator[MinicaffeError]:
    """The error that a check raises, if it raises one: for callers that collect several."""
    try:
        check(*args)
    except MinicaffeError as error:
        yield error


class PrototxtError(MinicaffeError):
    """A text file that does not follow its schema; ``problems`` is empty when it could not be
    read at all.

    Attributes:
        net: what could be read of a net.
    """

    code = "MC001"

    net: Message | None = None

    @classmethod
    def of_problems(
        cls, problems: list[Problem], path: str | None, *, more: int = 0
    ) -> PrototxtError:
        """The error that reports all of them.

        Args:
            problems: at least one; the first gives the message and the line.
            path: the file.
            more: how many further problems were not kept.
        """
        first = problems[0]
        error = cls(first.message, path=path, line=first.line)
        error.problems = problems
        error.more = more
        return error


class GraphError(MinicaffeError):
    """Layers that do not fit together."""

    code = "MC002"


class ShapeError(MinicaffeError, ValueError):
    """A blob or an array has a shape that cannot be taken; also a ``ValueError``."""

    code = "MC003"


class DataError(MinicaffeError):
    """Images, databases or labels that cannot be read or used."""

    code = "MC004"


class SnapshotError(MinicaffeError):
    """Weights or solver states that cannot be read, written or copied."""

    code = "MC005"


class SolverError(MinicaffeError):
    """Solver settings that contradict each other, or training that went wrong."""

    code = "MC006"


class EngineError(MinicaffeError):
    """An engine that is missing or cannot do what it was asked."""

    code = "MC007"


class ParallelError(MinicaffeError):
    """Processes that are to train together and cannot."""

    code = "MC018"


class RankLostError(ParallelError):
    """Another process of a training is gone, or has said why it ends.

    Attributes:
        rank: the process that is gone, as far as it is known.
    """

    rank: int | None = None


class CompareError(MinicaffeError):
    """Two forms of a net that do not compute the same."""


class ThreadError(MinicaffeError):
    """A net that two threads use at a time, or that a forked process cannot use."""

    code = "MC008"


class MemoryLimitError(MinicaffeError, MemoryError):
    """Something that a file declares takes more memory than it may; also a ``MemoryError``."""

    code = "MC009"


class ArgumentError(MinicaffeError, TypeError):
    """A call with arguments of a wrong kind or in a wrong order; also a ``TypeError``.

    (So is Boost.Python's ``ArgumentError``, which pycaffe raises.)
    """

    code = "MC010"


class UnknownNameError(MinicaffeError, KeyError):
    """A net has no blob or layer of this name; also a ``KeyError``."""

    code = "MC011"


class UnknownNumberError(MinicaffeError, IndexError):
    """A number is asked for that is beyond what there is; also an ``IndexError``."""

    code = "MC012"


class OldNameError(MinicaffeError, AttributeError):
    """A name that only an older pycaffe has; also an ``AttributeError``."""

    code = "MC013"


class PythonLayerError(MinicaffeError):
    """The code of a user-written ``Python`` layer raised something, kept as ``__cause__``."""

    code = "MC014"


class LayerFault(MinicaffeError):
    """A layer of minicaffe's own raised what is none of its errors, kept as ``__cause__``.

    That is a fault of minicaffe. The message tells the layer, the shapes of its blobs, and what was
    raised.
    """

    code = "MC017"


class MissingPackageError(MinicaffeError):
    """A package that is needed is not installed; the message has the command that installs it."""

    code = "MC015"


class MissingExtraError(MissingPackageError):
    """An optional package is not installed.

    Args:
        package: the package to install from PyPI.
        extra: the minicaffe extra that brings it.
        purpose: what it is needed for, as in "writing LMDB databases".
    """

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package '{package}', which is not installed; "
            f"run: pip install 'minicaffe[{extra}]' (or: pip install {package})"
        )
        self.package = package
        self.extra = extra


#: Packages whose name on PyPI is not the module's.
_PACKAGES = {"PIL": "Pillow", "plyvel_next": "plyvel-next"}


def require(module: str, *, extra: str, purpose: str) -> ModuleType:
    """Import an optional module.

    Args:
        module: what to import, such as ``"lmdb"`` or ``"PIL.Image"``.
        extra: the minicaffe extra that brings its package.
        purpose: what it is needed for, as in "writing LMDB databases".

    Raises:
        MissingExtraError: it is not installed, or is and cannot be loaded (then with the
            reason as its cause); says what to install and why.
    """
    try:
        return importlib.import_module(module)
    except ImportError as reason:
        top = module.partition(".")[0]
        raise MissingExtraError(_PACKAGES.get(top, top), extra, purpose) from reason


class SettingError(SolverError):
    """A solver setting is missing or cannot be.

    Args:
        field: its name in the solver prototxt, so that the line can be told.
        message: what was found and what was expected.
        near: another field, whose line is told where the first is missing.
    """

    code = "MC016"

    def __init__(self, field: str, message: str, near: str | None = None) -> None:
        super().__init__(message)
        self.field = field
        self.near = near
        self.others: tuple[SettingError, ...] = ()  # found with it
