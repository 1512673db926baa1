"""Whether an engine's results are those of the numpy layers in float64.

Arrays are compared by their distance as a whole. Where it is too large, the reference runs again
with every layer's results changed by as much as rounding might: what then differs by as much (a
unit whose input is nearly 0, the maximum of two values that are nearly equal, a gradient that is a
difference of large numbers) is no fault.
"""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from minicaffe import engines
from tests.search.nets import RandomNet
from tests.search.player import Player, Seen
from tests.search.programs import SearchCase

TOLERANCE = 3e-4
#: Besides the array's own size, this part of the largest value of its kind counts.
SHARE = 0.01
LARGEST = 1e5  # values beyond it say nothing
DISTURBED = 6  # runs of the reference that rounding is simulated in
FACTOR = 30.0  # how much larger than the simulated distance is a fault


@dataclass
class Verdict:
    """What came out of a case on an engine.

    Attributes:
        fault: the first thing that is wrong, or "".
        why_not: why nothing was judged, or "".
    """

    fault: str = ""
    why_not: str = ""


def run(case: SearchCase, engine: str, **options: Any) -> list[Seen]:
    """What is seen of a case on an engine; an exception that is no message is a fault, too."""
    with np.errstate(all="ignore"):
        player: Player | None = None
        try:
            player = Player(case, engine, **options)
            return player.play()
        except Exception as error:
            seen = player.seen if player else []
            return [*seen, Seen(f"{type(error).__name__}: {error}", "error", np.ones(()))]


def judge(case: SearchCase, names: Sequence[str] | None = None) -> dict[str, Verdict]:
    """A verdict on each engine that is here (or of these names)."""
    names = names or [name for name in engines.engine_names() if not engines.why_unavailable(name)]
    want = run(case, "numpy", dtype=np.float64)
    if any(value.kind == "error" for value in want):
        first = next(value.what for value in want if value.kind == "error")
        if not first[0].isdigit():  # no message for the user
            return {name: Verdict(fault=first) for name in names}
        return {name: Verdict(why_not=first) for name in names}
    if any(not np.abs(value.values).max(initial=0) < LARGEST for value in want):
        return {name: Verdict(why_not="values too large to compare") for name in names}
    found = {name: _compare(case, name, want) for name in names}
    if "numpy" in names and not found["numpy"].fault:
        found["numpy"] = Verdict(fault=fault_in_place(case))
    return found


def fault_in_place(case: SearchCase) -> str:
    """How the gradients of layers in place differ from those of layers with tops of their own."""
    if not case.net.works_in_place or case.backward_refused:
        return ""
    with np.errstate(all="ignore"):
        if shares_what_it_overwrites(case):
            return ""
        folded, unfolded = (gradients(case, net) for net in (case.net, case.net.unfolded()))
    for name, want in unfolded.items():
        size = max(float(np.abs(value).max(initial=0)) for value in unfolded.values())
        if not np.allclose(folded[name], want, rtol=1e-6, atol=1e-6 * size):
            far = float(np.abs(folded[name] - want).max())
            return f"in place: {name} differs by {far:.2g} from that of layers not in place"
    return ""


def shares_what_it_overwrites(case: SearchCase) -> bool:
    """Whether a layer overwrites what other blobs share (a Split's or Reshape's), as in Caffe.

    So does an Eltwise in place, whose first bottom Caffe clears before it reads it.
    """
    opened = Player(case, "numpy", dtype=np.float64).net
    opened.forward()
    opened.close()
    blobs = list(opened.blobs.values())
    return any(
        node.layer.type == "Eltwise"
        or sum(blob.data_memory is top.data_memory for blob in blobs) > 1
        for node in opened.nodes
        for top in node.tops
        if top in node.bottoms
    )


def gradients(case: SearchCase, net: RandomNet) -> dict[str, np.ndarray]:
    """Gradients of a net's parameters and of its inputs, in float64.

    Outputs are given gradients where a backward reads them: one that a layer in place has made
    without learning anything is at the same time the top of the layer before, which may read it.
    """
    player = Player(replace(case, net=net), "numpy", dtype=np.float64)
    opened = player.net
    opened.forward()
    last = {name: node for node in opened.nodes for name in node.top_names}
    for layer, names in opened.top_names.items():
        for index, name in enumerate(names):
            free = name in opened.outputs and not opened.blob_loss_weights[name]
            if free and last[name].need_backward:
                rng = np.random.default_rng(zlib.crc32(f"{layer} {index}".encode()))
                opened.blobs[name].diff[...] = rng.normal(size=opened.blobs[name].shape)
    opened.backward()
    found = {
        f"the gradient of {name}[{index}]": blob.diff.copy()
        for name, blobs in opened.params.items()
        for index, blob in enumerate(blobs)
    }
    wanted = {
        name
        for node in opened.nodes
        for name, down in zip(node.bottom_names, node.propagate_down, strict=True)
        if node.need_backward and down
    }
    for name in wanted.intersection(opened.inputs):
        found[f"the gradient of {name}"] = opened.blobs[name].diff.copy()
    opened.close()
    return found


def _compare(case: SearchCase, engine: str, want: list[Seen]) -> Verdict:
    got = run(case, engine, **(case.options))
    found = differences(got, want)
    if not found:
        return Verdict()
    if isinstance(found, str):
        return Verdict(fault=found)
    allowed = dict.fromkeys(found, 0.0)
    for number in range(1, DISTURBED + 1):
        others = run(case, "numpy", dtype=np.float64, disturbed=number)
        with contextlib.suppress(ValueError):
            for index, distance in distances(others, want).items():
                if index in allowed:
                    allowed[index] = max(allowed[index], distance)
    worst = {i: far for i, far in found.items() if far > TOLERANCE + FACTOR * allowed[i]}
    if not worst:
        return Verdict()
    first = min(worst)
    mine = next(value for value in got if value.what == want[first].what)
    return Verdict(fault=described(want[first], mine, worst[first], allowed[first]))


def differences(got: list[Seen], want: list[Seen]) -> dict[int, float] | str:
    """The distances that are too large, or what else is wrong."""
    errors = [value.what for value in got if value.kind == "error"]
    if errors:
        return errors[0]
    more = {value.what for value in got} - {
        value.what for value in want
    }  # fewer: they were not kept
    if more:
        return f"{min(more)} was seen, which the reference does not show"
    try:
        return {i: far for i, far in distances(got, want).items() if far > TOLERANCE}
    except ValueError as error:
        return str(error)


def distances(got: list[Seen], want: list[Seen]) -> dict[int, float]:
    """How far apart the values are, relative to how large they are, for each that both have.

    Raises:
        ValueError: shapes differ.
    """
    sizes: dict[str, float] = {}
    for value in want:
        sizes[value.kind] = max(
            sizes.get(value.kind, 0.0), float(np.abs(value.values).max(initial=0))
        )
    mine = {value.what: value.values for value in got}
    found = {}
    for index, value in enumerate(want):
        if value.what not in mine:
            continue
        values = mine[value.what]
        if values.shape != value.values.shape:
            raise ValueError(f"{value.what}: shape {values.shape}, expected {value.values.shape}")
        tolerance = SHARE * sizes[value.kind] * np.sqrt(value.values.size)
        far = np.linalg.norm((values - value.values).ravel())
        scale = np.linalg.norm(value.values.ravel()) + tolerance
        found[index] = float(far / scale) if np.isfinite(far) and scale else float(far > 0) * 1e9
        if np.isnan(far):
            found[index] = np.inf
    return found


def described(want: Seen, got: Seen, far: float, allowed: float) -> str:
    """A difference in one line."""
    out = np.abs(got.values - want.values) > TOLERANCE * np.abs(want.values).max(initial=0)
    show = [np.array2string(value.values.ravel()[:4], precision=4) for value in (want, got)]
    return (
        f"{want.what}: off by {far:.2g} in all (rounding: {allowed:.1g}), {int(out.sum())} of "
        f"{out.size} elements; expected {show[0]}…, got {show[1]}…"
    )
