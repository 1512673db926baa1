"""HDF5 files that may hold anything: looked up without leaving the file, read within limits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minicaffe.errors import MinicaffeError
from minicaffe.extras import require
from minicaffe.limits import Limits

_MAX_LINKS = 20  # soft links on the way to one thing


class Hdf5Reader:
    """An open HDF5 file, a context that closes it.

    Links and datasets that lead to other files are refused: who sends a file must not choose
    which others are read. Whatever the library raises on a damaged file becomes one error.

    Args:
        file: the ``h5py.File``.
        path: its name, for messages.
        error: the class of what is raised.
        limits: the most memory that a dataset may take.

    Raises:
        MinicaffeError: of the class ``error``, by every method: names the file.
    """

    def __init__(
        self, file: Any, path: str, error: type[MinicaffeError], limits: Limits | None = None
    ) -> None:
        self.file = file
        self.path = path
        self._error = error
        self._limits = limits or Limits()
        self._h5py: Any = require("h5py", extra="hdf5", purpose="reading HDF5 files")

    def __enter__(self) -> Hdf5Reader:
        return self

    def __exit__(self, *reason: object) -> None:
        self.file.close()

    def find(self, name: str, inside: Any = None) -> Any:
        """What stands under a name such as ``data/conv1/0``, or None.

        Args:
            inside: a group; the file itself by default.
        """
        try:
            return self._find(self.file if inside is None else inside, name, _MAX_LINKS)
        except MinicaffeError:
            raise
        except Exception as reason:  # h5py has no class of its own for a damaged file
            raise self._damaged(reason) from reason

    def names(self, group: Any) -> list[str]:
        """The names in a group; none where something else than a group is given."""
        try:
            return [str(name) for name in group] if self.is_group(group) else []
        except Exception as reason:
            raise self._damaged(reason) from reason

    def attributes(self) -> list[str]:
        """The names of the file's own attributes."""
        try:
            return [str(name) for name in self.file.attrs]
        except Exception as reason:
            raise self._damaged(reason) from reason

    def is_group(self, item: Any) -> bool:
        """Whether something is a group."""
        return isinstance(item, self._h5py.Group)

    def is_dataset(self, item: Any) -> bool:
        """Whether something is a dataset."""
        return isinstance(item, self._h5py.Dataset)

    def has_dataset(self, name: str) -> bool:
        """Whether a dataset of this name can be read; links are not followed."""
        try:
            link = self.file.get(name, getlink=True)
            return isinstance(link, self._h5py.HardLink) and self.is_dataset(self.file[name])
        except Exception as reason:
            raise self._damaged(reason) from reason

    def shape(self, dataset: Any) -> tuple[int, ...]:
        """The shape that a dataset states; () also where it has none."""
        try:
            return tuple(dataset.shape or ())
        except Exception as reason:
            raise self._damaged(reason) from reason

    def numbers(self, item: Any, what: str) -> np.ndarray:
        """The values of a dataset of numbers, in the type that they are stored in.

        Args:
            item: what :meth:`find` gave.
            what: what it is called in messages, as in "dataset 'data'".
        """
        try:
            self._check(item, what)
            return np.asarray(item[()])
        except MinicaffeError as error:
            raise error.locate(path=self.path) from error.__cause__
        except Exception as reason:
            raise self._damaged(reason) from reason

    def raw(self, item: Any, what: str) -> bytes:
        """The bytes of a dataset that holds one string."""
        try:
            if not self.is_dataset(item) or item.shape != () or item.dtype.kind not in "SO":
                raise self._error(f"{what} is no text", path=self.path)
            self._check_place(item, what)
            value = item[()]
            return value if isinstance(value, bytes) else str(value).encode()
        except MinicaffeError:
            raise
        except Exception as reason:
            raise self._damaged(reason) from reason

    def _check(self, item: Any, what: str) -> None:
        if not self.is_dataset(item):
            kind = type(item).__name__.lower()
            raise self._error(f"{what} is a {kind}, expected a dataset", path=self.path)
        if item.dtype.kind not in "fiu":
            raise self._error(f"{what} holds {item.dtype}, expected numbers", path=self.path)
        if item.shape is None:
            raise self._error(f"{what} has neither shape nor values", path=self.path)
        self._limits.check(math.prod(item.shape) * item.dtype.itemsize, what)
        self._check_place(item, what)

    def _check_place(self, item: Any, what: str) -> None:
        if item.external or item.is_virtual:
            raise self._error(
                f"{what} takes its values from another file, which is not read; copy them into "
                "this one",
                path=self.path,
            )

    def _find(self, start: Any, name: str, links: int) -> Any:
        here = self.file if name.startswith("/") else start
        for part in name.split("/"):
            if not part:
                continue
            if not self.is_group(here):
                return None
            link = here.get(part, getlink=True)
            if link is None:
                return None
            if isinstance(link, self._h5py.SoftLink):
                if not links:
                    raise self._error(f"'{name}' is a link in a circle", path=self.path)
                here = self._find(here, link.path, links - 1)
            elif isinstance(link, self._h5py.HardLink):
                here = here[part]
            else:
                raise self._error(
                    f"'{name}' is a link into another file, which is not followed; copy what it "
                    "leads to into this one",
                    path=self.path,
                )
        return here

    def _damaged(self, reason: Exception) -> MinicaffeError:
        return self._error(f"is damaged: {reason}", path=self.path)
