"""What is read from the file of a target, each part with a message if it is something else."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from minicaffe.errors import did_you_mean

Scalar = bool | int | float | str


def mapping(given: object, what: str, keys: Collection[str] | None = None) -> dict[str, object]:
    """A mapping.

    Args:
        given: what the file says.
        what: it is, for messages.
        keys: the only ones that may be in it; None for any.

    Raises:
        ValueError: it is none, or has another key.
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise ValueError(f"{what}: expected names with values, found {given!r}")
    found = {str(key): value for key, value in given.items()}
    for key in found:
        if keys is not None and key not in keys:
            raise ValueError(f"{what}: unknown entry '{key}'{did_you_mean(key, keys)}")
    return found


def listed(given: object, what: str) -> list[object]:
    """A list.

    Raises:
        ValueError: it is none.
    """
    if given is None:
        return []
    if not isinstance(given, list):
        raise ValueError(f"{what}: expected a list, found {given!r}")
    return given


def scalars(given: object, what: str) -> tuple[Scalar, ...]:
    """One value, or a list of them.

    Raises:
        ValueError: one of them is a list or a mapping.
    """
    found = given if isinstance(given, list) else [] if given is None else [given]
    for value in found:
        if not isinstance(value, Scalar):
            raise ValueError(f"{what}: expected words, numbers, true or false, found {value!r}")
    return tuple(found)


def words(given: object, what: str) -> tuple[str, ...]:
    """One word, or a list of them.

    Raises:
        ValueError: one of them is none.
    """
    return tuple(map(str, scalars(given, what)))


def text(given: object, what: str) -> str:
    """A text on one line.

    Raises:
        ValueError: it is a list or a mapping.
    """
    found = scalars(given, what)
    if isinstance(given, list):
        raise ValueError(f"{what}: expected a text, found a list")
    return " ".join(" ".join(map(str, found)).split())


def number(given: object, what: str) -> float | None:
    """A number; None where none is given.

    Raises:
        ValueError: it is something else.
    """
    if given is not None and (isinstance(given, bool) or not isinstance(given, int | float)):
        raise ValueError(f"{what}: expected a number, found {given!r}")
    return given


def yes(given: object, what: str, default: bool) -> bool:
    """True or false.

    Raises:
        ValueError: it is something else.
    """
    if given is None:
        return default
    if not isinstance(given, bool):
        raise ValueError(f"{what}: expected true or false, found {given!r}")
    return given
