"""Where a training stands, besides its weights, its histories and its iteration.

That is the window of losses and, for every layer, its random generator, and what its class
hands out with ``state()``: a data layer the place of the next batch (of what was read ahead
nothing counts), the order of a shuffled epoch, the generator of crops and mirrors; a recurrent
layer its hidden states. A layer written by a user takes part with methods ``state()`` and
``restore(state)`` of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from minicaffe.engines import engine_name
from minicaffe.errors import MinicaffeError, SnapshotError
from minicaffe.layers.python import PythonLayer
from minicaffe.solver.loss_window import LossWindow
from minicaffe.solver.record import plain

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
    return name if net.precision == "float32" else f"{name} {net.precision}"


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
        if entry and node.layer.type != "Split":
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
