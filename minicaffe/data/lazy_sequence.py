"""Sequences of many small items, packed into little memory."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TypeVar, overload

T = TypeVar("T")


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
