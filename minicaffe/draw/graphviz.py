"""Graphviz' program ``dot``: it places boxes and arrows, and draws formats other than SVG."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence

from minicaffe.draw.layout import MARGIN, NODE_GAP, RANK_GAP, Edge, Layout, Point, Route, Size
from minicaffe.errors import MinicaffeError

_DPI = 72.0  # dot counts in inches, and in points of this many to the inch
_PATIENCE = 5  # seconds for a layout, which there is another way to make
_LIMIT = 120  # seconds for a picture


def draw(text: str, format: str) -> bytes:
    """What ``dot`` makes of a text in its language.

    Raises:
        MinicaffeError: it is not installed, cannot draw this, or takes minutes.
    """
    dot = shutil.which("dot")
    if dot is None:
        raise MinicaffeError(
            f"drawing {format.upper()} needs graphviz, and its program 'dot' is not "
            "installed (on Debian: apt install graphviz); SVG works without it"
        )
    try:
        return _run([dot, f"-T{format}"], text, _LIMIT)
    except subprocess.TimeoutExpired:
        raise MinicaffeError(
            f"graphviz has not drawn this in {_LIMIT} seconds; SVG is drawn without it"
        ) from None
    except subprocess.CalledProcessError as error:
        reason = error.stderr.decode(errors="replace").strip().splitlines()
        raise MinicaffeError(f"graphviz cannot draw {format}: {' '.join(reason[:2])}") from None


def _run(command: Sequence[str], text: str, seconds: float) -> bytes:
    done = subprocess.run(
        command, input=text.encode(), capture_output=True, check=True, timeout=seconds
    )
    return done.stdout


def lay_out(
    sizes: Mapping[str, Size],
    edges: Sequence[Edge],
    rankdir: str,
    patience: float = _PATIENCE,
) -> Layout | None:
    """Let ``dot`` place boxes and arrows.

    Args:
        sizes, edges, rankdir: see :func:`minicaffe.draw.layout.lay_out`.
        patience: for how many seconds.

    Returns:
        None where it is not installed, cannot, or takes longer.
    """
    dot = shutil.which("dot")
    if dot is None or not sizes:
        return None
    numbers = {key: number for number, key in enumerate(sizes)}
    lines = [
        f'digraph {{ rankdir={rankdir}; ranksep="{RANK_GAP * 2 / _DPI:.3f}"; '
        f'nodesep="{NODE_GAP / _DPI:.3f}"; node [shape=box, fixedsize=true, label=""];'
    ]
    for key, (width, height) in sizes.items():
        inches = f"width={width / _DPI:.3f}, height={height / _DPI:.3f}"
        lines.append(f"{numbers[key]} [{inches}];")
    for number, edge in enumerate(edges):
        settings = f'id="{number}"'
        if edge.label:  # a table of a fixed size, as fonts differ
            width, height = edge.label_size
            settings += (
                f', label=<<table border="0" fixedsize="true" width="{width:.0f}" '
                f'height="{height:.0f}"><tr><td></td></tr></table>>'
            )
        lines.append(f"{numbers[edge.source]} -> {numbers[edge.target]} [{settings}];")
    try:
        found = _run([dot, "-Tjson0"], "\n".join([*lines, "}"]), patience)
        return _read(json.loads(found), list(sizes), len(edges))
    except (OSError, subprocess.SubprocessError, ValueError, KeyError):
        return None


def _read(found: dict, keys: Sequence[str], edges: int) -> Layout:
    """The layout in what ``-Tjson0`` prints, whose ordinates grow upwards."""
    _, _, width, height = map(float, found["bb"].split(","))

    def point(text: str) -> Point:
        x, y = map(float, text.split(","))
        return x + MARGIN, height - y + MARGIN

    centres = {keys[int(node["name"])]: point(node["pos"]) for node in found["objects"]}
    routes = [Route(())] * edges
    for edge in found.get("edges", ()):
        end, *points = edge["pos"].split()
        arrow = point(end.removeprefix("e,"))
        label = point(edge["lp"]) if "lp" in edge else None
        way = list(map(point, points))
        routes[int(edge["id"])] = Route((*way[:-1], arrow), label)
    return Layout((width + 2 * MARGIN, height + 2 * MARGIN), centres, routes)
