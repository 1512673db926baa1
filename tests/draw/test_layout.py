"""Where boxes and arrows go, by graphviz and by what minicaffe has itself."""

from __future__ import annotations

import os
import shutil
import sys
from itertools import combinations, pairwise
from pathlib import Path

import pytest

from minicaffe.draw import graphviz, sugiyama
from minicaffe.draw.layout import Edge, Layout, Size, lay_out

ENGINES = {"dot": graphviz.lay_out, "own": sugiyama.lay_out}
MODULES = 12


@pytest.fixture(params=sorted(ENGINES))
def engine(request):
    if request.param == "dot" and shutil.which("dot") is None:
        pytest.skip("graphviz is not installed")
    return ENGINES[request.param]


def inception() -> tuple[dict[str, Size], list[Edge]]:
    """Modules of three branches of different lengths and widths, one after another."""
    sizes = {"data": (60.0, 22.0)}
    edges = []
    last = "data"
    for number in range(MODULES):
        join = f"join{number}"
        for branch, length in enumerate((1, 2, 2)):
            chain = [last, *(f"m{number}_{branch}_{step}" for step in range(length)), join]
            for name in chain[1:-1]:
                sizes[name] = (90.0 + 40 * branch, 44.0)
            edges += [Edge(a, b, "1×2×3" * (branch == 1)) for a, b in pairwise(chain)]
        sizes[join] = (80.0, 22.0)
        last = join
    return sizes, edges


def frames(sizes: dict[str, Size], layout: Layout):
    for key, (width, height) in sizes.items():
        x, y = layout.centres[key]
        yield x - width / 2, x + width / 2, y - height / 2, y + height / 2


def test_boxes_lie_apart_and_inside(engine):
    sizes, edges = inception()
    layout = engine(sizes, edges, "TB")
    found = list(frames(sizes, layout))
    for left, right, top, bottom in found:
        assert min(left, top) >= 0
        assert right <= layout.size[0]
        assert bottom <= layout.size[1]
    for one, other in combinations(found, 2):
        assert one[1] <= other[0] or other[1] <= one[0] or one[3] <= other[2] or other[3] <= one[2]


def test_a_net_does_not_drift(engine):
    """The boxes at which branches join are below each other, as far down as they are."""
    sizes, edges = inception()
    layout = engine(sizes, edges, "TB")
    joins = [layout.centres[f"join{number}"][0] for number in range(MODULES)]
    module = 90 + 130 + 170  # the width of the branches side by side
    assert max(joins) - min(joins) < module / 2
    assert layout.size[0] < 2 * module


@pytest.mark.parametrize(
    ("rankdir", "axis", "sign"), [("TB", 1, 1), ("BT", 1, -1), ("LR", 0, 1), ("RL", 0, -1)]
)
def test_arrows_lead_on(engine, rankdir, axis, sign):
    sizes, edges = inception()
    layout = engine(sizes, edges, rankdir)
    for edge, route in zip(edges, layout.routes, strict=True):
        assert (len(route.points) - 1) % 3 == 0
        assert (route.points[-1][axis] - route.points[0][axis]) * sign > 0
        for key, (x, y) in ((edge.source, route.points[0]), (edge.target, route.points[-1])):
            (cx, cy), (width, height) = layout.centres[key], sizes[key]
            assert abs(x - cx) <= width / 2 + 3
            assert abs(y - cy) <= height / 2 + 3
        assert (route.label is not None) == bool(edge.label)


def test_what_is_written_lies_beside_the_boxes(engine):
    sizes, edges = inception()
    layout = engine(sizes, edges, "TB")
    boxes = list(frames(sizes, layout))
    for edge, route in zip(edges, layout.routes, strict=True):
        if route.label:
            (x, y), (width, _) = route.label, edge.label_size
            for left, right, top, bottom in boxes:
                assert right <= x - width / 2 or x + width / 2 <= left or not top < y < bottom


def test_loops_and_what_hangs_on_nothing(engine):
    sizes = dict.fromkeys("abcd", (40.0, 20.0))
    edges = [Edge("a", "b"), Edge("b", "a"), Edge("b", "b"), Edge("a", "b", "two")]
    layout = engine(sizes, edges, "TB")
    assert set(layout.centres) == set("abcd")
    down, up, _, again = layout.routes
    assert down.points[0][1] < down.points[-1][1]
    assert up.points[0][1] > up.points[-1][1]
    assert again.label is not None


def test_nothing_at_all():
    assert lay_out({}, []).centres == {}


def test_a_long_arrow_is_straight():
    """Past a chain of boxes, without a bend between."""
    sizes = {f"box{number}": (100.0, 30.0) for number in range(8)}
    edges = [Edge(f"box{number}", f"box{number + 1}") for number in range(7)]
    layout = sugiyama.lay_out(sizes, [*edges, Edge("box0", "box7")], "TB")
    chain = [layout.centres[f"box{number}"][0] for number in range(1, 7)]
    assert max(chain) - min(chain) < 1e-6
    inner = [x for x, _ in layout.routes[-1].points[3:-3]]
    assert max(inner) - min(inner) < 1e-6


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for dot is a script with #!")
@pytest.mark.parametrize(
    "body", ["import time; time.sleep(60)", "import sys; sys.exit(3)", "print('{}')", "print('x')"]
)
def test_without_an_answer_of_graphviz(tmp_path: Path, monkeypatch, body):
    dot = tmp_path / "dot"
    dot.write_text(f"#!{sys.executable}\n{body}\n")
    dot.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda name: str(dot))
    sizes, edges = {"a": (40.0, 20.0), "b": (40.0, 20.0)}, [Edge("a", "b")]
    assert graphviz.lay_out(sizes, edges, "TB", patience=0.5) is None
