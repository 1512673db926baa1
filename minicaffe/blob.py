"""Blob: an N-dimensional array of values together with their gradients."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from minicaffe.arguments import ShapePart, lengths
from minicaffe.errors import ShapeError
from minicaffe.named import Numbered
from minicaffe.options import MemoryBudget, Reservation
from minicaffe.syncedmem import SyncedHead, SyncedMemory

MAX_AXES = 32
MAX_COUNT = 2**31 - 1  # Caffe's limit: counts are C ints there


class Blob:
    """Values (``data``) and their gradients (``diff``), both C-contiguous.

    Args:
        shape: the lengths of the axes, outermost first; () is one element.
        dtype: of both arrays; float32, or float64 to check gradients.
        budget: counts the memory that it declares; None does not count.
        name: what error messages call it.

    ``data`` and ``diff`` are live numpy views: writing into them takes effect. They are
    allocated (as zeros) when first asked for. Reshaping to a smaller or equal count keeps
    the memory and what it holds; reshaping beyond it takes new memory (Caffe's rule).
    """

    __slots__ = ("_budget", "_data", "_diff", "count", "dtype", "name", "shape")

    def __init__(
        self,
        shape: tuple[int, ...] = (0,),
        dtype: DTypeLike = np.float32,
        budget: MemoryBudget | None = None,
        name: str = "",
    ) -> None:
        self.name = name
        self.dtype = np.dtype(dtype)
        self._budget = budget
        self.shape: tuple[int, ...] = ()
        self.count = -1
        self._data = SyncedMemory(0, self.dtype)
        self._diff = SyncedMemory(0, self.dtype)
        self.reshape(*shape)

    # ------------------------------------------------------------------ shape

    def reshape(self, *shape: ShapePart) -> None:
        """Take another shape: ``reshape(2, 3)``, or the same as one tuple, list or array.

        Raises:
            ArgumentError: a length is no whole number.
            ShapeError: an axis is negative, there are more than 32, or the count passes 2^31-1.
            MemoryLimitError: that is more memory than the budget has.
        """
        new = lengths(shape)
        if new == self.shape and self.count >= 0:
            return
        if len(new) > MAX_AXES:
            raise ShapeError(f"{len(new)} axes, at most {MAX_AXES} are possible")
        if any(n < 0 for n in new):
            raise ShapeError(f"shape {shape_text(new)} has a negative length")
        count = math.prod(new)
        if count > MAX_COUNT:
            raise ShapeError(f"shape {shape_text(new)} has more than 2^31-1 elements")
        data = diff = None
        if self._budget is not None:  # before anything is changed
            data = self._taken(self._data, count)
            diff = self._taken(self._diff, count) if self._budget.gradients else None
        if count > self._data.size:
            self._data = SyncedMemory(count, self.dtype, data)
        if count > self._diff.size:
            self._diff = SyncedMemory(count, self.dtype, diff)
        self.count = count
        self.shape = new  # last: an interrupted reshape begins again

    def _taken(self, memory: SyncedMemory, count: int) -> Reservation | None:
        """A share of the budget, where a count needs other memory."""
        if self._budget is None or count <= memory.size:
            return None
        return self._budget.take(count * self.dtype.itemsize, instead=memory.share)

    def reshape_like(self, other: Blob) -> None:
        """Take the shape of another blob."""
        self.reshape(*other.shape)

    def axis(self, index: int) -> int:
        """The axis counted from 0; ``index`` may be negative, counting from the end.

        Raises:
            ShapeError: the blob has no such axis.
        """
        axes = len(self.shape)
        if not -axes <= index < axes:
            shape = shape_text(self.shape)
            raise ShapeError(f"axis {index} is out of range for a blob of shape {shape}")
        return index % axes

    @property
    def num_axes(self) -> int:
        """How many axes there are."""
        return len(self.shape)

    @property
    def shape_string(self) -> str:
        """The shape and count as Caffe's log prints them, such as ``2 3 4 (24)``."""
        return " ".join([*map(str, self.shape), f"({self.count})"])

    def legacy_shape(self, index: int) -> int:
        """The length of axis ``index`` of the old 4-D view; missing axes count as 1.

        Raises:
            ShapeError: the blob has more than four axes.
        """
        if len(self.shape) > 4:
            raise ShapeError(f"num, channels, height, width need at most 4 axes, not {self.shape}")
        return self.shape[index] if index < len(self.shape) else 1

    @property
    def num(self) -> int:
        """Axis 0 of the old 4-D view."""
        return self.legacy_shape(0)

    @property
    def channels(self) -> int:
        """Axis 1 of the old 4-D view."""
        return self.legacy_shape(1)

    @property
    def height(self) -> int:
        """Axis 2 of the old 4-D view."""
        return self.legacy_shape(2)

    @property
    def width(self) -> int:
        """Axis 3 of the old 4-D view."""
        return self.legacy_shape(3)

    # ------------------------------------------------------------------ values

    @property
    def data(self) -> np.ndarray:
        """The values, as a live array of the blob's shape."""
        return self._data.array[: self.count].reshape(self.shape)

    @data.setter
    def data(self, values: ArrayLike) -> None:
        self._assign(self.data, values)

    @property
    def diff(self) -> np.ndarray:
        """The gradients, as a live array of the blob's shape."""
        return self._diff.array[: self.count].reshape(self.shape)

    @diff.setter
    def diff(self, values: ArrayLike) -> None:
        self._assign(self.diff, values)

    def _assign(self, target: np.ndarray, values: ArrayLike) -> None:
        called = f"blob '{self.name}'" if self.name else "a blob"
        given = as_numbers(values, called)
        try:
            target[...] = given
        except ValueError as error:
            raise ShapeError(
                f"an array of shape {shape_text(given.shape)} does not fit {called} of shape "
                f"{shape_text(self.shape)}"
            ) from error

    @property
    def data_memory(self) -> SyncedMemory:
        """Where the values live."""
        return self._data

    @property
    def diff_memory(self) -> SyncedMemory:
        """Where the gradients live."""
        return self._diff

    def share_data(self, other: Blob) -> None:
        """Use the other blob's memory for ``data`` (equal counts; shapes may differ)."""
        self._require_count(other)
        self._data = other._data

    def share_diff(self, other: Blob) -> None:
        """Use the other blob's memory for ``diff`` (equal counts; shapes may differ)."""
        self._require_count(other)
        self._diff = other._diff

    def _require_count(self, other: Blob) -> None:
        if self.count != other.count:
            raise ShapeError(
                f"cannot share memory between shapes {self.shape_string} and {other.shape_string}"
            )

    def __reduce__(self) -> tuple[object, ...]:
        """For ``pickle`` and ``copy``: a blob of the same values with memory of its own."""
        data = self.data if _in_use(self._data) else None
        diff = self.diff if _in_use(self._diff) else None
        return _copied, (self.shape, self.dtype, self.name, data, diff)

    def __repr__(self) -> str:
        return f"Blob({', '.join(map(str, self.shape))})"


def _in_use(memory: SyncedMemory) -> bool:
    """Whether there may be other values than the zeros of fresh memory."""
    return memory.head is not SyncedHead.UNINITIALIZED


def _copied(
    shape: tuple[int, ...],
    dtype: np.dtype,
    name: str,
    data: np.ndarray | None,
    diff: np.ndarray | None,
) -> Blob:
    blob = Blob(shape, dtype, name=name)
    if data is not None:
        blob.data[...] = data
    if diff is not None:
        blob.diff[...] = diff
    return blob


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape as error messages print it, such as ``2×3×4``; ``scalar`` for ()."""
    return "×".join(map(str, shape)) or "scalar"


def as_numbers(values: ArrayLike | Sequence[ArrayLike], called: str) -> np.ndarray:
    """What a caller gives for a blob, as an array of real numbers.

    Args:
        values: an array, or what numpy makes one of.
        called: what error messages call the blob, such as ``blob 'data'``.

    Raises:
        ShapeError: lists of unequal lengths; something in it is no number.
    """
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ShapeError(
            f"the lists given for {called} have unequal lengths; an array is expected"
        ) from error
    if array.dtype.kind == "O":
        with suppress(TypeError, ValueError):  # of Python's numbers it may be
            return np.array([float(value) for value in array.flat]).reshape(array.shape)
    if array.dtype.kind in "OUSMmc":
        kind = type(values).__name__ if array.shape == () else f"an array of {array.dtype}"
        raise ShapeError(f"{kind} is given for {called}; real numbers are expected")
    return array


class BlobVec(Numbered[Blob]):
    """A layer's parameter blobs; Python layers grow it with :meth:`add_blob`."""

    what = "parameter blob"

    def __init__(self, dtype: DTypeLike = np.float32) -> None:
        super().__init__()
        self.dtype = dtype
        self.budget: MemoryBudget | None = None

    if not TYPE_CHECKING:  # there is no such attribute

        def __getattr__(self, name):
            hint = "; it is a list of blobs: [0] is the first" if hasattr(Blob, name) else ""
            text = f"'{type(self).__name__}' object has no attribute '{name}'{hint}"
            raise AttributeError(text, name=name, obj=self)

    def add_blob(self, *shape: ShapePart) -> Blob:
        """Append a blob of zeros of this shape, given as :meth:`Blob.reshape` takes it."""
        blob = Blob(lengths(shape), self.dtype, self.budget)
        self.append(blob)
        return blob
