"""What a net's layers hold besides parameters: random generators, places in the data.

A snapshot keeps it, so that training goes on bit for bit, and a copy of a net takes it along. It
is written as values of JSON: numbers are exact there, as they are written in full.
"""

from __future__ import annotations

import base64
import logging
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from minicaffe.errors import MinicaffeError, SnapshotError
from minicaffe.layer import Layer
from minicaffe.layers.utility.python import PythonLayer
from minicaffe.layers.utility.split import Split

if TYPE_CHECKING:
    from minicaffe.net.net import Net

logger = logging.getLogger("minicaffe")

#: An entry for each layer that holds something: its name, its type, what it holds.
LayerStates = list[dict[str, Any]]

_ARRAY_TYPE = re.compile(r"[<>|=][biuf][0-9]{1,2}")


def layer_states(net: Net) -> LayerStates:
    """What the layers of a net hold, in their order and in terms of JSON."""
    found = []
    for node in net.nodes:
        entry: dict[str, Any] = {}
        if isinstance(node.layer.rng, np.random.Generator):  # users' layers may have their own
            entry["rng"] = to_json(node.layer.rng.bit_generator.state)
        if _has_state(node.layer):
            state = _state_of(node.layer, node.name)
            if state is not None:
                entry["state"] = state
        if entry and not isinstance(node.layer, Split):
            found.append({"name": node.name, "type": node.layer.type, **entry})
    return found


def restore_layer_states(net: Net, states: LayerStates, path: str) -> None:
    """Give the layers back what they held; they are known by name and type.

    Args:
        states: what :func:`layer_states` gave.
        path: the file that it comes from, for messages.

    Raises:
        SnapshotError: a layer cannot take what was saved of it.
    """
    try:
        entries: dict[tuple[str, str], Any] = {}
        for entry in states:
            entries.setdefault((str(entry["name"]), str(entry["type"])), entry)
    except (TypeError, KeyError) as reason:
        raise SnapshotError(f"the layers' states in it are malformed: {reason!r}", path=path) from (
            reason
        )
    missing = []
    for node in net.nodes:
        entry = entries.pop((node.name, node.layer.type), None)
        if entry is not None:
            place: dict[str, Any] = {
                "path": path,
                "layer": node.name,
                "layer_type": node.layer.type,
            }
            try:
                _restore_layer(node.layer, entry)
            except MinicaffeError as error:
                raise error.locate(**place) from error.__cause__
            except Exception as reason:  # a user's layer may raise anything
                raise SnapshotError(
                    f"the state that was saved for it cannot be restored: {reason!r}", **place
                ) from reason
        elif _has_state(node.layer):
            missing.append(node.name)
    if missing or entries:
        logger.warning(
            "%s was written with another net than '%s': layers that begin anew: %s; layers that "
            "are no longer there: %s", path, net.name, ", ".join(missing) or "none",
            ", ".join(name for name, _ in entries) or "none",
        )  # fmt: skip


def _restore_layer(layer: Layer, entry: dict[str, Any]) -> None:
    if "rng" in entry and isinstance(layer.rng, np.random.Generator):
        layer.rng.bit_generator.state = entry["rng"]
    if "state" in entry and _has_state(layer):
        cls: Any = type(layer)
        cls.restore(layer, entry["state"])


def _has_state(layer: Layer) -> bool:
    """Whether its class has both methods; users' attributes of these names are their own."""
    cls = type(layer)
    return callable(getattr(cls, "state", None)) and callable(getattr(cls, "restore", None))


def _state_of(layer: Layer, name: str) -> Any:
    cls: Any = type(layer)
    try:
        return to_json(cls.state(layer))
    except Exception as reason:
        if not isinstance(layer, PythonLayer):
            raise
        logger.warning("layer '%s': its state() cannot be saved: %r", name, reason)
        return None


# ---------------------------------------------------------------------- values of JSON


def to_json(value: Any) -> Any:
    """A value in terms of JSON: arrays become dictionaries, numpy's numbers Python's.

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
        return {key: to_json(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(inner) for inner in value]
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        data = base64.b64encode(value.tobytes()).decode()
        return {"array": [value.dtype.str, list(value.shape), data]}
    raise TypeError(f"{type(value).__name__} cannot be kept in a solver state")


def from_json(value: Any) -> Any:
    """What :func:`to_json` was given, with lists in the place of tuples.

    Raises:
        ValueError, TypeError: it is malformed.
    """
    if isinstance(value, list):
        return [from_json(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    if "array" not in value:
        return {key: from_json(inner) for key, inner in value.items()}
    kind, shape, data = value["array"]
    if not _ARRAY_TYPE.fullmatch(kind):  # numpy would take small programs
        raise ValueError(f"an array of {kind}")
    dtype = np.dtype(kind)
    return np.frombuffer(base64.b64decode(data), dtype).reshape(shape).copy()
