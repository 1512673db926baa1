"""What a net's layers hold besides parameters: random generators, places in the data.

A snapshot keeps it, so that training goes on bit for bit, and a copy of a net takes it along. It
is written as values of JSON: numbers are exact there, as they are written in full.
"""

from __future__ import annotations

import base64
import logging
import re
from typing import TYPE_CHECKING, Protocol, TypedDict, cast

import numpy as np

from minicaffe.errors import MinicaffeError, SnapshotError
from minicaffe.layer import Layer
from minicaffe.layers.utility.python import PythonLayer
from minicaffe.layers.utility.split import Split

if TYPE_CHECKING:
    from minicaffe.net.net import Net

logger = logging.getLogger("minicaffe")


class LayerState(TypedDict, total=False):
    """What a layer holds, in terms of JSON.

    Attributes:
        name, type: the layer's.
        rng: the state of its random generator.
        state: what its ``state()`` gave; left out for a layer without.
    """

    name: str
    type: str
    rng: object
    state: object


#: An entry for each layer that holds something, in their order.
LayerStates = list[LayerState]


class Stateful(Protocol):
    """A layer that remembers something from one forward to the next."""

    def state(self) -> object:
        """What it remembers: numbers, texts, arrays, and lists and dictionaries of them."""
        ...

    def restore(self, state: object) -> None:
        """Go back to when ``state()`` gave this."""
        ...


_ARRAY_TYPE = re.compile(r"[<>|=][biuf][0-9]{1,2}")


def layer_states(net: Net) -> LayerStates:
    """What the layers of a net hold, in their order and in terms of JSON."""
    found: LayerStates = []
    for node in net.nodes:
        entry: LayerState = {}
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
        entries: dict[tuple[str, str], LayerState] = {}
        for entry in states:
            entries.setdefault((str(entry["name"]), str(entry["type"])), entry)
    except (TypeError, KeyError) as reason:
        raise SnapshotError(f"the layers' states in it are malformed: {reason!r}", path=path) from (
            reason
        )
    missing: list[str] = []
    for node in net.nodes:
        name, kind = node.name, node.layer.type
        saved = entries.pop((name, kind), None)
        if saved is not None:
            try:
                _restore_layer(node.layer, saved)
            except MinicaffeError as error:
                raise error.locate(path=path, layer=name, layer_type=kind) from error.__cause__
            except Exception as reason:  # a user's layer may raise anything
                raise SnapshotError(
                    f"the state that was saved for it cannot be restored: {reason!r}",
                    path=path, layer=name, layer_type=kind,
                ) from reason  # fmt: skip
        elif _has_state(node.layer):
            missing.append(node.name)
    if missing or entries:
        logger.warning(
            "%s was written with another net than '%s': layers that start afresh: %s; layers that "
            "are no longer there: %s", path, net.name, ", ".join(missing) or "none",
            ", ".join(name for name, _ in entries) or "none",
        )  # fmt: skip


def of_another_rank(states: LayerStates, own: LayerStates) -> LayerStates:
    """The states of another process's layers, for this one: it takes the places in the data, and
    the generators that say their order, but draws all else as it would have done.

    Args:
        states: what :func:`layer_states` gave there.
        own: what it gives here.
    """
    mine = {(entry["name"], entry["type"]): entry for entry in own}
    found: LayerStates = []
    for entry in states:
        here = mine.get((entry["name"], entry["type"]))
        found.append(entry if here is None else cast(LayerState, _merged(dict(entry), dict(here))))
    return found


#: What a process draws from by itself; an ``order`` has a generator that all of them have.
_OWN = ("rng", "generator", "transformer")


def _merged(state: dict[str, object], own: dict[str, object]) -> dict[str, object]:
    merged = dict(state)
    for key, value in state.items():
        inner = own.get(key)
        if key in _OWN and key in own:
            merged[key] = inner
        elif isinstance(value, dict) and isinstance(inner, dict) and "seed" not in value:
            merged[key] = _merged(value, inner)
    return merged


def _restore_layer(layer: Layer, entry: LayerState) -> None:
    if "rng" in entry and isinstance(layer.rng, np.random.Generator):
        layer.rng.bit_generator.state = cast(dict[str, object], entry["rng"])
    if "state" in entry and _has_state(layer):
        _class(layer).restore(cast(Stateful, layer), entry["state"])


def _class(layer: Layer) -> type[Stateful]:
    """Where its methods are looked up: a user's layer may have attributes of these names."""
    return cast(type[Stateful], type(layer))


def _has_state(layer: Layer) -> bool:
    """Whether its class has both methods; users' attributes of these names are their own."""
    cls = type(layer)
    return callable(getattr(cls, "state", None)) and callable(getattr(cls, "restore", None))


def _state_of(layer: Layer, name: str) -> object:
    try:
        return to_json(_class(layer).state(cast(Stateful, layer)))
    except Exception as reason:
        if not isinstance(layer, PythonLayer):
            raise
        logger.warning("layer '%s': its state() cannot be saved: %r", name, reason)
        return None


# ---------------------------------------------------------------------- values of JSON


def to_json(value: object) -> object:
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


def from_json(value: object) -> object:
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
