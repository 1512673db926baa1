"""A long list of files' names."""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from typing import overload

_NAME = re.compile(r"\S+")


class FileNames(Sequence[str]):
    """The words of a text, in little more memory than its own."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = array("I" if len(text) < 2**32 else "Q")
        self._starts.extend(match.start() for match in _NAME.finditer(text))

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> list[str]: ...

    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[one] for one in range(*index.indices(len(self)))]
        match = _NAME.match(self._text, self._starts[index])
        assert match is not None
        return match[0]
