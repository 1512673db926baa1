"""Where a training is besides weights and histories, as bytes in Caffe's state that Caffe ignores.

A record is text: the SHA-256 of all that follows, a line's end, then JSON. It says when the state
was written, which weights belong to it (length and SHA-256), what the rest of the state must sum up
to, and the state of everything else that a training depends on: random generators, data sources,
layers with a ``state()`` of their own.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from minicaffe.engines import engine_name
from minicaffe.errors import MinicaffeError, SnapshotError
from minicaffe.files import open_to_read
from minicaffe.layers.utility.python import PythonLayer
from minicaffe.layers.utility.split import Split
from minicaffe.solver.evaluate import LossWindow

FORMAT = 1


_CHUNK = 1 << 20


_ARRAY_TYPE = re.compile(r"[<>|=][biuf][0-9]{1,2}")


@dataclass(frozen=True)
class FileMark:
    """How a file is told from any other.

    Attributes:
        length: in bytes.
        sha256: of its contents, in hexadecimal.
    """

    length: int
    sha256: str


@dataclass(frozen=True)
class Record:
    """What a state says beyond Caffe's fields.

    Attributes:
        written: when, in seconds since 1970.
        weights: the weight file that was written with it.
        contents: :func:`sum_of_contents` of Caffe's fields.
        standing: where the training stood, in terms of :func:`plain` when it is written;
            as it was, when it is read.
    """

    written: float
    weights: FileMark
    contents: str
    standing: dict[str, Any]


def encode(record: Record) -> bytes:
    """A record as bytes.

    Raises:
        TypeError: ``standing`` is not plain.
    """
    fields = {**asdict(record), "format": FORMAT}
    text = json.dumps(fields, separators=(",", ":"), sort_keys=True).encode()
    return hashlib.sha256(text).hexdigest().encode() + b"\n" + text


def decode(data: bytes, path: str) -> Record:
    """A record from bytes.

    Args:
        path: the file that it stands in, for messages.

    Raises:
        SnapshotError: it is damaged, or of a later version of minicaffe.
    """
    check, _, text = bytes(data).partition(b"\n")
    if hashlib.sha256(text).hexdigest().encode() != check:
        raise SnapshotError(
            "the checksum of minicaffe's record in it is wrong, so the file is damaged; use "
            "another snapshot",
            path=path,
        )
    try:
        fields = json.loads(text)
        if fields["format"] != FORMAT:
            raise SnapshotError(
                f"it was written by another version of minicaffe: its record has format "
                f"{fields['format']}, this one reads {FORMAT}",
                path=path,
            )
        mark = FileMark(int(fields["weights"]["length"]), str(fields["weights"]["sha256"]))
        standing = revive(fields["standing"])
        if not isinstance(standing, dict):
            raise TypeError("no mapping")
        return Record(float(fields["written"]), mark, str(fields["contents"]), standing)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as reason:
        raise SnapshotError(f"minicaffe's record in it is malformed: {reason!r}", path=path) from (
            reason
        )


# ------------------------------------------------------------------------------ checksums


def mark_of(path: Any) -> FileMark:
    """Length and checksum of a file.

    Raises:
        OSError: it cannot be read.
    """
    check, length = hashlib.sha256(), 0
    with open_to_read(path) as stream:
        while chunk := stream.read(_CHUNK):
            check.update(chunk)
            length += len(chunk)
    return FileMark(length, check.hexdigest())


def sum_of_contents(
    iteration: int, learned_net: str, current_step: int, history: Sequence[np.ndarray]
) -> str:
    """One SHA-256 of a state's Caffe fields, the same in both file formats."""
    check = hashlib.sha256(f"{iteration} {current_step} ".encode())
    check.update(learned_net.encode("utf-8", "surrogateescape"))
    for array in history:
        wire = array.astype(array.dtype.newbyteorder("<"), copy=False)
        check.update(f" {wire.dtype.str} {array.shape} ".encode())
        check.update(np.ascontiguousarray(wire).view(np.uint8).reshape(-1).data)
    return check.hexdigest()


# ------------------------------------------------------------------------- plain values


def plain(value: Any) -> Any:
    """The same value in terms of JSON; exact, as JSON's numbers are written in full.

    Raises:
        TypeError: it holds an object that is no number, text, array, list or dictionary.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.bool_ | np.integer | np.floating):
        return value.item()
    if isinstance(value, dict):
        if any(not isinstance(key, str) or key == "array" for key in value):
            raise TypeError("its keys must be texts other than 'array'")
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        data = base64.b64encode(value.tobytes()).decode()
        return {"array": [value.dtype.str, list(value.shape), data]}
    raise TypeError(f"{type(value).__name__} cannot be kept in a solver state")


def revive(value: Any) -> Any:
    """What :func:`plain` was given, with lists in the place of tuples.

    Raises:
        ValueError, TypeError: it is malformed.
    """
    if isinstance(value, list):
        return [revive(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    if "array" not in value:
        return {key: revive(inner) for key, inner in value.items()}
    kind, shape, data = value["array"]
    if not _ARRAY_TYPE.fullmatch(kind):  # numpy would take small programs
        raise ValueError(f"an array of {kind}")
    dtype = np.dtype(kind)
    return np.frombuffer(base64.b64decode(data), dtype).reshape(shape).copy()


logger = logging.getLogger("minicaffe")


Standing = list[dict[str, Any]]


def standing_of_training(
    net: Any, test_nets: Sequence[Any], loss: LossWindow, tests: Sequence[Standing] = ()
) -> dict[str, Any]:
    """Where all of it stands, for a record.

    Args:
        tests: where the test nets stand, if not where they are now.
    """
    return {
        "engine": _engine(net),
        "loss": loss.state(),
        "train": standing_of(net),
        "tests": list(tests) or [standing_of(one) for one in test_nets],
    }


def restore_training(
    standing: dict[str, Any], path: str, net: Any, test_nets: Sequence[Any], loss: LossWindow
) -> None:
    """Bring all of it to where it stood.

    Args:
        standing: what :func:`standing_of_training` gave.
        path: the file that it comes from, for messages.

    Raises:
        SnapshotError: something cannot take what stands there for it.
    """
    if standing.get("engine") != _engine(net):
        logger.info(
            "%s was written with the engine '%s'; with '%s' the numbers differ by rounding",
            path, standing.get("engine"), _engine(net),
        )  # fmt: skip
    try:
        loss.restore(standing["loss"])
        nets = [standing["train"], *standing["tests"]]
    except (KeyError, TypeError, ValueError) as reason:
        raise SnapshotError(f"minicaffe's record in it is malformed: {reason!r}", path=path) from (
            reason
        )
    for one, found in zip((net, *test_nets), nets, strict=False):
        restore_standing(one, found, path)


def _engine(net: Any) -> str:
    """What computes, and with which precision."""
    name = engine_name(net.engine)
    return name if net.options.precision == "float32" else f"{name} {net.options.precision}"


def standing_of(net: Any) -> Standing:
    """Where the net's layers stand, in their order and in plain values."""
    found = []
    for node in net.nodes:
        entry: dict[str, Any] = {}
        if isinstance(node.layer.rng, np.random.Generator):  # users' layers may have their own
            entry["rng"] = plain(node.layer.rng.bit_generator.state)
        if _has_state(node.layer):
            state = _state_of(node.layer, node.name)
            if state is not None:
                entry["state"] = state
        if entry and not isinstance(node.layer, Split):
            found.append({"name": node.name, "type": node.layer.type, **entry})
    return found


def restore_standing(net: Any, standing: Standing, path: str) -> None:
    """Bring the layers to where they stood; they are known by name and type.

    Args:
        standing: what :func:`standing_of` gave.
        path: the file that it comes from, for messages.

    Raises:
        SnapshotError: a layer cannot take what stands there for it.
    """
    try:
        entries: dict[tuple[str, str], Any] = {}
        for one in standing:
            entries.setdefault((str(one["name"]), str(one["type"])), one)
    except (TypeError, KeyError) as reason:
        raise SnapshotError(f"the layers' states in it are malformed: {reason!r}", path=path) from (
            reason
        )
    missing = []
    for node in net.nodes:
        entry = entries.pop((node.name, node.layer.type), None)
        if entry is not None:
            with_place = {"path": path, "layer": node.name, "layer_type": node.layer.type}
            try:
                _restore_layer(node.layer, entry)
            except MinicaffeError as error:
                raise error.locate(**with_place) from error.__cause__
            except Exception as reason:  # a user's layer may raise anything
                raise SnapshotError(
                    f"the state that was saved for it cannot be restored: {reason!r}", **with_place
                ) from reason
        elif _has_state(node.layer):
            missing.append(node.name)
    if missing or entries:
        logger.warning(
            "%s was written with another net than '%s': layers that begin anew: %s; layers that "
            "are no longer there: %s", path, net.name, ", ".join(missing) or "none",
            ", ".join(name for name, _ in entries) or "none",
        )  # fmt: skip


def _restore_layer(layer: Any, entry: dict[str, Any]) -> None:
    if "rng" in entry and isinstance(layer.rng, np.random.Generator):
        layer.rng.bit_generator.state = entry["rng"]
    if "state" in entry and _has_state(layer):
        type(layer).restore(layer, entry["state"])


def _has_state(layer: Any) -> bool:
    """Whether its class has both methods; users' attributes of these names are their own."""
    cls = type(layer)
    return callable(getattr(cls, "state", None)) and callable(getattr(cls, "restore", None))


def _state_of(layer: Any, name: str) -> Any:
    try:
        return plain(type(layer).state(layer))
    except Exception as reason:
        if not isinstance(layer, PythonLayer):
            raise
        logger.warning("layer '%s': its state() cannot be saved: %r", name, reason)
        return None
