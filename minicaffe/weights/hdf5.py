"""HDF5: a reader that stays in its file and within limits, and weights in Caffe's layout."""

from __future__ import annotations

import io
import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from minicaffe.blob import Blob, shape_text
from minicaffe.errors import MinicaffeError, MissingExtraError, SnapshotError, require
from minicaffe.errors.mistakes import FileKindError
from minicaffe.errors.reading import cannot_read
from minicaffe.files import check_regular, open_to_read, write_beside
from minicaffe.options import Limits
from minicaffe.proto.file_kinds import HDF5_SIGNATURE, hdf5_kind
from minicaffe.threads import wait_before
from minicaffe.weights.blob_proto import RENAME, shape_hint
from minicaffe.weights.hdf5_checks import check_fill_value, check_superblock, unpacked

if TYPE_CHECKING:
    import h5py

    from minicaffe.net.net import Net
    from minicaffe.net.node import Node

logger = logging.getLogger("minicaffe")

_MAX_LINKS = 20  # soft links on the way to one thing


class Hdf5Reader:
    """An open HDF5 file, a context that closes it.

    Links and datasets that lead to other files are refused: the sender of a file must not choose
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
        self, file: h5py.File, path: str, error: type[MinicaffeError], limits: Limits | None = None
    ) -> None:
        self.file = file
        self.path = path
        self._error = error
        self._limits = limits or Limits()
        self._h5py: Any = require_h5py("reading HDF5 files")

    def __enter__(self) -> Hdf5Reader:
        return self

    def __exit__(self, *reason: object) -> None:
        self.file.close()

    def find(self, name: str, inside: h5py.Group | None = None) -> h5py.Group | h5py.Dataset | None:
        """The group or dataset of a name such as ``data/conv1/0``, or None.

        Args:
            inside: a group; the file itself by default.
        """
        try:
            return self._find(self.file if inside is None else inside, name, _MAX_LINKS)
        except MinicaffeError:
            raise
        except Exception as reason:  # h5py has no class of its own for a damaged file
            raise self._damaged(reason) from reason

    def names(self, group: h5py.Group) -> list[str]:
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

    def is_group(self, item: h5py.Group | h5py.Dataset | None) -> bool:
        """Whether something is a group."""
        return isinstance(item, self._h5py.Group)

    def is_dataset(self, item: h5py.Group | h5py.Dataset | None) -> bool:
        """Whether something is a dataset."""
        return isinstance(item, self._h5py.Dataset)

    def has_dataset(self, name: str) -> bool:
        """Whether a dataset of this name can be read; links are not followed."""
        try:
            link = self.file.get(name, getlink=True)
            return isinstance(link, self._h5py.HardLink) and self.is_dataset(self.file[name])
        except Exception as reason:
            raise self._damaged(reason) from reason

    def shape(self, dataset: h5py.Dataset) -> tuple[int, ...]:
        """The shape that a dataset states; () also where it has none."""
        try:
            return tuple(dataset.shape or ())
        except Exception as reason:
            raise self._damaged(reason) from reason

    def numbers(self, item: h5py.Group | h5py.Dataset | None, what: str) -> np.ndarray:
        """The values of a dataset of numbers, in the type that they are stored in.

        Args:
            item: what :meth:`find` gave.
            what: what it is called in messages, as in "dataset 'data'".
        """
        try:
            dataset = self._checked(item, what)
            values = unpacked(dataset)
            return np.asarray(dataset[()]) if values is None else values
        except MinicaffeError as error:
            raise error.locate(path=self.path) from error.__cause__
        except Exception as reason:
            raise self._damaged(reason) from reason

    def raw(self, item: h5py.Group | h5py.Dataset | None, what: str) -> bytes:
        """The bytes of a dataset that holds one string."""
        try:
            if item is None or not self.is_dataset(item):
                raise self._error(f"{what} is no text", path=self.path)
            if item.shape != () or item.dtype.kind not in "SO":
                raise self._error(f"{what} is no text", path=self.path)
            self._check_stored(item, what)
            value = item[()]
            return value if isinstance(value, bytes) else str(value).encode()
        except MinicaffeError:
            raise
        except Exception as reason:
            raise self._damaged(reason) from reason

    def _checked(self, item: h5py.Group | h5py.Dataset | None, what: str) -> h5py.Dataset:
        if item is None or not self.is_dataset(item):
            kind = type(item).__name__.lower()
            raise self._error(f"{what} is a {kind}, expected a dataset", path=self.path)
        if item.dtype.kind not in "fiu":
            raise self._error(f"{what} holds {item.dtype}, expected numbers", path=self.path)
        if item.shape is None:
            raise self._error(f"{what} has neither shape nor values", path=self.path)
        count = max(math.prod(item.shape), math.prod(item.chunks or ()))
        self._limits.check(count * item.dtype.itemsize, what)
        self._check_stored(item, what)
        return item

    def _check_stored(self, item: h5py.Dataset, what: str) -> None:
        check_fill_value(item)
        if item.external or item.is_virtual:
            raise self._error(
                f"{what} takes its values from another file, which is not read; copy them into "
                "this one",
                path=self.path,
            )

    def _find(self, start: h5py.Group, name: str, links: int) -> h5py.Group | h5py.Dataset | None:
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


def is_hdf5(path: str) -> bool:
    """Whether the file begins as HDF5 files do.

    A missing file does not, nor does a pipe, which could be read only once.
    """
    try:
        with open_to_read(path) as stream:
            return stream.read(len(HDF5_SIGNATURE)) == HDF5_SIGNATURE
    except (OSError, ValueError):  # ValueError: the name holds a NUL
        return False


def require_h5py(purpose: str = "reading and writing HDF5 files") -> ModuleType:
    """The optional package h5py.

    Args:
        purpose: what it is needed for, as the error says.

    Raises:
        MissingExtraError: it is not installed.
    """
    h5py = require("h5py", extra="hdf5", purpose=purpose)
    wait_before("h5py")
    return h5py


def open_hdf5(
    path: str, error: type[MinicaffeError] = SnapshotError, limits: Limits | None = None
) -> Hdf5Reader:
    """An HDF5 file, opened for reading.

    Args:
        path: the file.
        error: the class of what is raised, also by what the reader does.
        limits: the most memory that one dataset may take.

    Raises:
        MinicaffeError: of the class ``error``: missing, truncated or something else.
        MissingExtraError: h5py is not installed.
    """
    try:
        h5py = require_h5py()
        check_regular(path)  # HDF5 itself would wait for what comes through a pipe
        check_superblock(path)
        return Hdf5Reader(h5py.File(path, "r"), path, error, limits)
    except MissingExtraError as missing:
        raise missing.locate(path=path) from missing.__cause__
    except FileNotFoundError as reason:
        raise cannot_read(path, reason, error) from reason
    except Exception as reason:  # h5py raises several classes for a damaged file
        if _begins_otherwise(path):
            raise error("this is no HDF5 file", path=path) from None
        text = (isinstance(reason, OSError) and reason.strerror) or reason
        raise error(f"cannot be read as an HDF5 file: {text}", path=path) from reason


def _begins_otherwise(path: str) -> bool:
    """Whether there is a file, and it does not begin as HDF5 files do."""
    begin = HDF5_SIGNATURE
    with suppress(OSError, ValueError), open_to_read(path) as file:
        begin = file.read(len(HDF5_SIGNATURE))
    return begin != HDF5_SIGNATURE


def save_hdf5(net: Net, path: str, write_diff: bool = False) -> None:
    """Write the parameters; those that a layer shares with an earlier one are left out.

    Args:
        net: has the parameters.
        path: the file.
        write_diff: whether to write the gradients, too.

    Raises:
        SnapshotError: the file cannot be written, or two layers have one name.
    """
    with write_beside(path) as beside:
        write_hdf5(net, beside, write_diff)


def write_hdf5(net: Net, path: Path, write_diff: bool = False) -> None:
    """Write HDF5 in Caffe's layout into a file that nothing reads before it is complete.

    Args:
        net: has the parameters.
        path: the file.
        write_diff: whether to write the gradients, too.

    Raises:
        SnapshotError: two layers have one name.
        OSError: the file cannot be written.
    """
    names = [node.name for node in net.nodes]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SnapshotError(f"two layers are named '{twice}'; HDF5 weights need unique names")
    with new_hdf5(path) as file:
        data = file.create_group("data")
        diff = file.create_group("diff") if write_diff else None
        for node in net.nodes:
            group = data.require_group(node.name)
            diffs = None if diff is None else diff.require_group(node.name)
            for index, blob in enumerate(node.layer.blobs):
                if (node.name, index) not in net.shared_params:
                    group.create_dataset(str(index), data=blob.data)
                if diffs is not None:
                    diffs.create_dataset(str(index), data=blob.diff)


@contextmanager
def new_hdf5(path: Path) -> Iterator[h5py.File]:
    """An HDF5 file to write into.

    It is made in memory and written as one piece: where a disk is full, HDF5 itself fails
    halfway, and sometimes once more when the program ends.

    Raises:
        OSError: it cannot be written.
    """
    memory = io.BytesIO()
    with require_h5py().File(memory, "w") as file:
        yield file
    path.write_bytes(memory.getbuffer())


def load_hdf5(net: Net, path: str) -> None:
    """Copy trained layers by name.

    Raises:
        SnapshotError: the file cannot be read, or a layer's parameters do not fit; the
            net is then unchanged.
    """
    with open_hdf5(path) as file:
        data = file.find("data")
        if not file.is_group(data):
            raise no_weights(file, path)
        targets = {node.name: node for node in reversed(net.nodes)}
        for name in file.names(data):
            if name not in targets and not any(layer.startswith(f"{name}/") for layer in targets):
                logger.info("Ignoring source layer %s", name)
        pairs: list[tuple[Blob, h5py.Dataset]] = []
        for node in net.nodes:
            group = file.find(node.name, data)
            if group is not None and targets[node.name] is node:
                pairs += _matching(net, node, file, group)
        values = [file.numbers(dataset, f"'{dataset.name}'") for _, dataset in pairs]
    with np.errstate(all="ignore"):  # doubles may be out of range; that is no news
        for (blob, _), array in zip(pairs, values, strict=True):
            blob.data[...] = array


def no_weights(file: Hdf5Reader, path: str) -> SnapshotError:
    """For an HDF5 file without Caffe's weights: what it is."""
    if kind := hdf5_kind([*file.names(file.file), *file.attributes()]):
        return FileKindError(kind, path=path)
    return SnapshotError("has no group 'data'; these are not Caffe's weights", path=path)


def _matching(
    net: Net,
    node: Node,
    file: Hdf5Reader,
    group: h5py.Group,
) -> list[tuple[Blob, h5py.Dataset]]:
    """One layer's blobs with their data sets, all of them checked."""
    pairs: list[tuple[Blob, h5py.Dataset]] = []
    complaint = _compare(net, node, file, group, pairs)
    if complaint:
        raise SnapshotError(
            complaint,
            path=file.path,
            layer=node.name,
            layer_type=node.layer.type,
        )
    return pairs


def _compare(
    net: Net,
    node: Node,
    file: Hdf5Reader,
    group: h5py.Group,
    pairs: list[tuple[Blob, h5py.Dataset]],
) -> str:
    """Collect the pairs of a layer; returns how what is stored differs, or ""."""
    blobs = node.layer.blobs
    items = {name: file.find(name, group) for name in file.names(group)}
    stored = {name: item for name, item in items.items() if file.is_dataset(item)}
    numbers = f"{len(stored)} parameter blob(s) are stored for it, but it has {len(blobs)} "
    numbers += f"in this net{RENAME}"
    if len(stored) > len(blobs):
        return numbers
    for index, blob in enumerate(blobs):
        dataset = stored.get(str(index))
        if dataset is None:
            if (node.name, index) not in net.shared_params:
                return numbers
        elif file.shape(dataset) != blob.shape:
            hint = shape_hint(file.shape(dataset), blob.shape)
            return (
                f"parameter {index} has shape {shape_text(file.shape(dataset))} where it is "
                f"stored, {shape_text(blob.shape)} in this net{RENAME}{hint}"
            )
        else:
            pairs.append((blob, dataset))
    return ""
