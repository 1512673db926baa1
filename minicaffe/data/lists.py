"""Files that list what there is to read: their text, and many items of it in little memory."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TypeVar, overload

from minicaffe.errors.reading import cannot_read
from minicaffe.files import open_to_read

T = TypeVar("T")


def read_list(path: str, what: str, *, pipes: bool = False) -> bytes:
    """The content of a file that lists things.

    Args:
        path: the file.
        what: what it is, for the message, such as "image list".
        pipes: see :func:`minicaffe.files.open_to_read`.

    Raises:
        DataError: it cannot be read.
    """
    try:
        with open_to_read(path, pipes=pipes) as stream:
            return stream.read()
    except (OSError, ValueError) as reason:  # ValueError: the name holds a NUL
        raise cannot_read(path, reason, what=f"the {what}") from reason


def list_text(path: str, what: str) -> str:
    """:func:`read_list` as text: bytes that are no UTF-8 stay what they are in names.

    Raises:
        DataError: it cannot be read.
    """
    return read_list(path, what).decode("utf-8", "surrogateescape")


class LazySequence(Sequence[T]):
    """A sequence that makes each item when it is asked for.

    A subclass implements ``__len__`` and :meth:`item`.
    """

    @abstractmethod
    def item(self, index: int) -> T:
        """The item number ``index``, from 0 to len - 1."""

    @overload
    def __getitem__(self, index: int) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> list[T]: ...

    def __getitem__(self, index: int | slice) -> T | list[T]:
        numbers = range(len(self))
        if isinstance(index, slice):
            return [self.item(number) for number in numbers[index]]
        return self.item(numbers[index])
