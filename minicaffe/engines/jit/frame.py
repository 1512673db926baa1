"""What a kernel is told: addresses and sizes in an array of 64-bit integers.

A kernel reads them at its beginning, so that it is compiled once for all sizes, and a thread needs
only the array's address.
"""

from __future__ import annotations

import ctypes

from minicaffe.engines.jit.ir import Function

#: The values that a kernel has read from a frame, by name.
Fields = dict[str, str]


class Layout:
    """Names of the integers in a frame, in their order.

    Args:
        addresses: names of those that are addresses, separated by blanks.
        numbers: names of those that are numbers, which follow.
    """

    def __init__(self, addresses: str, numbers: str) -> None:
        self._addresses = addresses.split()
        self.names = (*self._addresses, *numbers.split())
        self.places = {name: place for place, name in enumerate(self.names)}

    def read(self, f: Function, pointer: str) -> Fields:
        """Write the reading of all of them; those that are addresses are pointers."""
        addresses = len(self._addresses)
        return {
            name: f.pointer(pointer, index) if index < addresses else f.integer(pointer, index)
            for name, index in self.places.items()
        }

    def frame(self, **values: int) -> Frame:
        """An array with these values.

        Raises:
            TypeError: a name is missing or unknown.
        """
        if set(values) != set(self.names):
            raise TypeError(f"expected {sorted(self.names)}, found {sorted(values)}")
        return Frame(self, [values[name] for name in self.names])


class Frame:
    """The integers of one call; they may be changed from call to call."""

    def __init__(self, layout: Layout, values: list[int]) -> None:
        self.layout = layout
        self._array = (ctypes.c_int64 * len(values))(*values)

    @property
    def address(self) -> int:
        """Where the array is."""
        return ctypes.addressof(self._array)

    def __setitem__(self, name: str, value: int) -> None:
        self._array[self.layout.places[name]] = value

    def __getitem__(self, name: str) -> int:
        return self._array[self.layout.places[name]]
