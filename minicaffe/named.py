"""What a net hands out by name or number; asking for what is not there says what there is.

Everything else is as in the ``OrderedDict`` and the list that they are: ``in``, ``get`` and
``except KeyError`` work as before.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, ClassVar, TypeVar

from minicaffe.errors import ArgumentError, UnknownNameError, UnknownNumberError, did_you_mean

Item = TypeVar("Item")


_SHOWN = 8  # names in a message


class Named(OrderedDict[str, Item]):
    """Blobs, layers or what else has names.

    Args:
        items: pairs of name and item.
        what: what messages call one, such as "blob".
        path: the net's file, for messages.
        others: remark → names that are something else, of which the message says the remark.
    """

    def __init__(
        self,
        items: Iterable[tuple[str, Item]] = (),
        /,
        *,
        what: str = "item",
        path: str | None = None,
        others: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        super().__init__(items)
        self._what = what
        self._path = path
        self._others = dict(others or {})

    def __missing__(self, name: object) -> Item:
        if not isinstance(name, str):
            raise UnknownNameError(
                f"a {self._what} is asked for by its name, a text, not by {name!r}{self._known()}",
                path=self._path,
            )
        remarks = [remark for remark, names in self._others.items() if name in names]
        hint = f"; {remarks[0]}" if remarks else did_you_mean(name, self) or self._known()
        raise UnknownNameError(f"the net has no {self._what} '{name}'{hint}", path=self._path)

    def _known(self) -> str:
        return it_has(self)


def it_has(items: Collection[str]) -> str:
    """The end of a message: which names there are, or the first of them."""
    names = list(items)
    if not names:
        return "; it has none"
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"; it has {', '.join(names[:_SHOWN])}{more}"


class Numbered(list[Item]):
    """Layers, nets or what else has numbers."""

    #: What messages call one.
    what: ClassVar[str] = "item"
    #: What gives one by its name, with {!r} for that; "" where they have none.
    by_name: ClassVar[str] = ""

    if not TYPE_CHECKING:  # the types are the list's

        def __getitem__(self, index):
            try:
                return super().__getitem__(index)
            except IndexError:
                raise self._beyond(index) from None
            except TypeError:
                raise self._no_number(index) from None

    def _no_number(self, index: object) -> ArgumentError:
        hint = "; " + self.by_name.format(index) if self.by_name and isinstance(index, str) else ""
        return ArgumentError(f"a {self.what} is asked for by its number, not by {index!r}{hint}")

    def _beyond(self, index: object) -> UnknownNumberError:
        count = len(self)
        if not count:
            return UnknownNumberError(f"there is no {self.what} {index}: there are none")
        there = "there is only 0" if count == 1 else f"there are {count}, 0 to {count - 1}"
        return UnknownNumberError(f"there is no {self.what} {index}: {there}")


@functools.cache
def import_modules(package: str) -> None:
    """Import every module of a package, once: those whose functions register themselves by name.

    Args:
        package: its name.
    """
    folders = importlib.import_module(package).__path__
    for name in sorted(module.name for module in pkgutil.iter_modules(folders)):
        importlib.import_module(f"{package}.{name}")
