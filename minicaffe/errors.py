"""The exceptions that minicaffe raises for a user's mistake.

    MinicaffeError            everything below; catch this one
    ├── PrototxtError         a text file that cannot be read: all its problems at once
    ├── GraphError            layers that do not fit together: unknown type, missing blob
    ├── ShapeError            a shape that a layer or blob cannot take (a ValueError too)
    ├── DataError             images, databases and labels that cannot be read or used
    ├── SnapshotError         weights and solver states that cannot be read, written or copied
    ├── SolverError           solver settings that contradict each other; a loss that is not finite
    ├── EngineError           an engine that is missing or cannot do what it was asked
    ├── MemoryLimitError      blobs that take more memory than they may (a MemoryError too)
    ├── ArgumentError         a call with arguments of a wrong kind or order (a TypeError too)
    ├── UnknownNameError      a blob or layer that a net does not have (a KeyError too)
    ├── UnknownNumberError    a number of which there are fewer (an IndexError too)
    ├── OldNameError          a name that pycaffe no longer has (an AttributeError too)
    ├── PythonLayerError      a user-written Python layer raised something (its __cause__)
    └── MissingExtraError     an optional package that is not installed

Each knows where the mistake stands (file, line, layer) and prints as one line::

    net.prototxt:12: layer 'conv1' (Convolution): kernel_size is 0, expected at least 1

Where several mistakes of a file are found at once, or the column is known, it prints as all of
its ``problems``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from minicaffe.missing import beside_hint
from minicaffe.visible import visible

_SHOWN = 120  # characters of a source line


class MinicaffeError(RuntimeError):
    """A mistake in what the user gave, with the place where it stands.

    (A ``RuntimeError``, because that is what pycaffe raises and programs catch.)

    Args:
        message: what was found, what was expected, and a suggestion.
        path: the file in which it stands.
        line: its line there, counted from 1.
        layer: the name of the layer concerned.
        layer_type: the type of that layer.

    The code that notices a mistake often knows only the message; whoever passes
    the exception on adds what it knows with :meth:`locate`.
    """

    #: What the command line exits with.
    exit_code = 1
    #: What is wrong with a text file, in order, where more than a line is known of it.
    problems: list[Problem] = []  # noqa: RUF012  (replaced, never changed)
    #: How many further problems were found and not kept.
    more: int = 0

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

    def __reduce__(self) -> tuple[Any, ...]:
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

    def __str__(self) -> str:
        """One line (or all ``problems``), with the control characters of names escaped."""
        if self.problems:
            rest = [f"... and {self.more} more problems"] if self.more else []
            return "\n".join([*map(str, self.problems), *rest])
        parts = []
        if self.path:
            parts.append(f"{self.path}:{self.line}: " if self.line else f"{self.path}: ")
        if self.layer is not None:
            kind = f" ({self.layer_type})" if self.layer_type else ""
            parts.append(f"layer '{self.layer}'{kind}: ")
        return visible("".join(parts) + self.message)


def _without_init(cls: type[MinicaffeError], args: tuple[Any, ...]) -> MinicaffeError:
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
    """

    path: str | None
    line: int
    column: int
    message: str
    source_line: str

    def __str__(self) -> str:
        """The place and the message; below it the line, and a caret under the word."""
        if not self.column:
            return visible(self.message)
        start = max(0, self.column - 1 - _SHOWN // 2) if len(self.source_line) > _SHOWN else 0
        shown = visible(self.source_line[start : start + _SHOWN].expandtabs(4))
        before = visible(self.source_line[start : self.column - 1].expandtabs(4))
        place = f"{self.path or 'text'}:{self.line}:{self.column}"
        told = visible(f"{place}: {self.message}")
        return f"{told}\n    {shown}\n    {' ' * len(before)}^"


class PrototxtError(MinicaffeError):
    """A text file that does not follow its schema; ``problems`` is empty when it could not be
    read at all.
    """

    @classmethod
    def of_problems(
        cls, problems: list[Problem], path: str | None, *, more: int = 0
    ) -> PrototxtError:
        """The error that reports all of them."""
        first = problems[0]
        error = cls(first.message, path=path, line=first.line)
        error.problems = problems
        error.more = more
        return error


class GraphError(MinicaffeError):
    """Layers that do not fit together."""


class ShapeError(MinicaffeError, ValueError):
    """A blob or an array has a shape that cannot be taken; also a ``ValueError``."""


class DataError(MinicaffeError):
    """Images, databases or labels that cannot be read or used."""


class SnapshotError(MinicaffeError):
    """Weights or solver states that cannot be read, written or copied."""


class SolverError(MinicaffeError):
    """Solver settings that contradict each other, or training that went wrong."""


class EngineError(MinicaffeError):
    """An engine that is missing or cannot do what it was asked."""


class ThreadError(MinicaffeError):
    """A net that two threads use at a time, or that a forked process cannot use."""


class MemoryLimitError(MinicaffeError, MemoryError):
    """Something that a file declares takes more memory than it may; also a ``MemoryError``."""


class ArgumentError(MinicaffeError, TypeError):
    """A call with arguments of a wrong kind or in a wrong order; also a ``TypeError``.

    (So is Boost.Python's ``ArgumentError``, which pycaffe raises.)
    """


class UnknownNameError(MinicaffeError, KeyError):
    """A net has no blob or layer of this name; also a ``KeyError``."""


class UnknownNumberError(MinicaffeError, IndexError):
    """A number is asked for that is beyond what there is; also an ``IndexError``."""


class OldNameError(MinicaffeError, AttributeError):
    """A name that only an older pycaffe has; also an ``AttributeError``."""


class PythonLayerError(MinicaffeError):
    """The code of a user-written ``Python`` layer raised something, kept as ``__cause__``."""


class MissingExtraError(MinicaffeError):
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
