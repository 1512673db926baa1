"""HDF5 files, each with one dataset for every top; a whole file is in memory at a time."""

from __future__ import annotations

import os
import re
from array import array
from collections.abc import Sequence

import numpy as np

from minicaffe.blob import Blob, shape_text
from minicaffe.data.lists import LazySequence
from minicaffe.data.source import EpochOrder, State, number_in, rank_state, ranks_passed
from minicaffe.errors import DataError, did_you_mean, tilde_hint
from minicaffe.errors.mistakes import MissingFileError
from minicaffe.errors.reading import cannot_read, listed_in, shown_name
from minicaffe.files import open_to_read
from minicaffe.options import ALONE, Limits, Ranks
from minicaffe.weights.hdf5 import Hdf5Reader, open_hdf5, require_h5py

_ENDINGS = (".h5", ".hdf5", ".hdf", ".he5", ".mat")
_NAME = re.compile(r"\S+")


class Hdf5BatchReader:
    """Batches of rows of several HDF5 files, epoch after epoch.

    With a generator the files come in a new random order each epoch, and so do the rows of each
    file; rows of different files are not mixed (Caffe's rule).

    Args:
        path: a text file that names the HDF5 files, separated by white space.
        datasets: the names of the datasets to read, one for each blob of a batch.
        batch_size: how many rows a batch has, at least 1.
        dtype: what their values are converted to.
        rng: for random orders, or None for the order of the files.
        limits: the most memory that a dataset may take.
        ranks: the processes that share the rows: each takes every ``size``-th one (Caffe's rule).

    Raises:
        DataError: the list or its first file cannot be read or used.
        MissingExtraError: the package h5py is not installed.
    """

    def __init__(
        self,
        path: str,
        datasets: Sequence[str],
        batch_size: int,
        dtype: np.dtype,
        rng: np.random.Generator | None = None,
        *,
        limits: Limits | None = None,
        ranks: Ranks = ALONE,
    ) -> None:
        self.path = path
        self._datasets = tuple(datasets)
        self._batch_size = batch_size
        self._dtype = dtype
        self._limits = limits or Limits()
        self._ranks = ranks
        self._files = _read_file_list(path)
        self._order = EpochOrder(len(self._files), rng)
        self._row = 0  # in the order of the current file's rows
        self._loaded: tuple[int, list[np.ndarray]] | None = None
        self._load()
        self._row_shapes = [values.shape[1:] for values in self._arrays]
        self._pass(ranks.rank)

    def shapes(self) -> list[tuple[int, ...]]:
        """The batch size, then the shape of a row, for each dataset."""
        return [(self._batch_size, *shape) for shape in self._row_shapes]

    def read_batch(self, blobs: Sequence[Blob]) -> None:
        """Fill one blob a dataset with the next rows.

        Raises:
            DataError: a file cannot be read or used; names it.
        """
        for blob, shape in zip(blobs, self.shapes(), strict=True):
            blob.reshape(*shape)
        targets = [blob.data for blob in blobs]
        filled = 0
        while filled < self._batch_size:
            mine = self._rows[self._row :: self._ranks.size]
            rows = mine[: self._batch_size - filled]
            for target, values in zip(targets, self._arrays, strict=True):
                target[filled : filled + len(rows)] = values[rows]
            filled += len(rows)
            self._pass(len(rows) * self._ranks.size)

    def names(self) -> list[str]:
        """``row R of 'FILE'`` for each row of the next batch, which is passed."""
        found: list[str] = []
        while len(found) < self._batch_size:
            rows = self._rows[self._row :: self._ranks.size][: self._batch_size - len(found)]
            file = shown_name(self._files[self._order.current])
            found += [f"row {row} of {file}" for row in rows]
            self._pass(len(rows) * self._ranks.size)
        return found

    def _pass(self, count: int) -> None:
        """Pass over rows, other processes' among them."""
        self._row += count
        while self._row >= len(self._rows):
            self._row -= len(self._rows)
            self._order.advance()
            self._load()

    def state(self) -> State:
        """``turn``: which file of this epoch; ``row``: which of its rows; ``order``."""
        files = self._order.state()
        place: State = {"turn": files["position"], "row": self._row, "order": files["order"]}
        return {**place, **rank_state(self._ranks)}

    def restore(self, state: State) -> None:
        """Go to where ``state()`` was taken."""
        self._order.restore({"position": state["turn"], "order": state["order"]})
        self._load()
        self._row = number_in(state, "row") % len(self._rows)
        self._pass(ranks_passed(state, self._ranks))

    def close(self) -> None:
        """Does nothing: no file is held open between two batches."""

    def _load(self) -> None:
        index = self._order.current
        if self._loaded is None or self._loaded[0] != index:
            file = self._files[index]
            try:
                arrays = self._read_file(file)
            except DataError as error:
                raise listed_in(error, self.path, self._name_of(index)) from error.__cause__
            self._loaded = index, arrays
        self._arrays = self._loaded[1]
        self._rows = self._order.within(len(self._arrays[0]))

    def _read_file(self, file: str) -> list[np.ndarray]:
        require_h5py("reading HDF5 data")
        if not os.path.exists(file):
            hint = tilde_hint(file) if _looks_like_hdf5(file) else ""
            raise MissingFileError(f"there is no such file (as seen from {os.getcwd()}){hint}")
        with open_hdf5(file, DataError, self._limits) as reader:
            arrays = [self._read_dataset(reader, name) for name in self._datasets]
        self._check(arrays)
        return arrays

    def _name_of(self, index: int) -> str:
        """What to call a file of the list in a message.

        A name is shown if it is that of a file, or ends as those of HDF5 files do. Otherwise
        the list may be any file, named by a prototxt whose author may not read it.
        """
        file = self._files[index]
        if _looks_like_hdf5(file) or os.path.exists(file):
            return f"HDF5 file {shown_name(file)}"
        return f"file {index + 1} of {len(self._files)} (a name of {len(file)} characters)"

    def _read_dataset(self, reader: Hdf5Reader, name: str) -> np.ndarray:
        dataset = reader.find(name)
        if not reader.is_dataset(dataset):
            names = [key for key in reader.names(reader.file) if reader.has_dataset(key)]
            hint = did_you_mean(name, names)
            raise DataError(f"it has no dataset '{name}' but {names or 'none'}{hint}")
        values = reader.numbers(dataset, f"dataset '{name}'")
        if values.ndim < 1:
            raise DataError(f"dataset '{name}' is a single number, expected at least one axis")
        with np.errstate(all="ignore"):  # doubles may be out of range; that is no news
            return values.astype(self._dtype, copy=False)

    def _check(self, arrays: list[np.ndarray]) -> None:
        counts = dict(zip(self._datasets, map(len, arrays), strict=True))
        if len(set(counts.values())) > 1 or 0 in counts.values():
            raise DataError(f"its datasets have {counts} rows, expected equal numbers above 0")
        if self._loaded is None:
            return
        for name, values, shape in zip(self._datasets, arrays, self._row_shapes, strict=True):
            if values.shape[1:] != shape:
                raise DataError(
                    f"rows of dataset '{name}' have shape {shape_text(values.shape[1:])}, but "
                    f"{shape_text(shape)} in the first file; make them alike"
                )


class FileNames(LazySequence[str]):
    """The words of a text, in little more memory than the text's own."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = array("I" if len(text) < 2**32 else "Q")
        self._starts.extend(match.start() for match in _NAME.finditer(text))

    def __len__(self) -> int:
        return len(self._starts)

    def item(self, index: int) -> str:
        """Word number ``index``, counted from 0."""
        return next(_NAME.finditer(self._text, self._starts[index]))[0]


def _looks_like_hdf5(name: str) -> bool:
    return name.lower().endswith(_ENDINGS)


def _read_file_list(path: str) -> FileNames:
    try:
        with open_to_read(path) as stream:
            files = FileNames(stream.read().decode("utf-8"))
    except (OSError, ValueError) as reason:  # ValueError: no text, or a NUL in the name
        raise cannot_read(
            path, reason, what="the list of HDF5 files",
            more="expected a text file that names them, one a line",
        ) from reason  # fmt: skip
    if not files:
        raise DataError(f"the list '{path}' is empty, expected at least one HDF5 file's name")
    return files
