"""A training passes the stops that docs/design.md names, in their order."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType

import minicaffe.__main__
from minicaffe.layer import Layer

DESIGN = (Path(__file__).parents[2] / "docs" / "design.md").read_text(encoding="utf-8")
STOPS = re.findall(r"`(minicaffe/[\w/]+)\.py:([\w.]+)`", DESIGN)

NET = """
layer { name: "data" type: "DummyData" top: "data" top: "label" dummy_data_param {
  shape { dim: 4 dim: 3 } shape { dim: 4 } data_filler { type: "gaussian" } data_filler {} } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
  inner_product_param { num_output: 2 weight_filler { type: "xavier" } } }
layer { name: "relu" type: "ReLU" bottom: "ip" top: "relu" }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "relu" bottom: "label" top: "loss" }
layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy" }
"""
SOLVER = """
net: "net.prototxt" base_lr: 0.1 lr_policy: "fixed" max_iter: 2 snapshot: 2 snapshot_prefix: "run"
"""


def codes(module: str, name: str) -> Iterator[CodeType]:
    """The code of a function or method, of those that override it, or of all of a class."""
    thing = importlib.import_module(module.replace("/", ".").removesuffix(".__init__"))
    *owners, last = name.split(".")
    for owner in owners:
        thing = getattr(thing, owner)
    members = [getattr(thing, last)]
    if thing is Layer:
        members += [vars(cls)[last] for cls in subclasses(Layer) if last in vars(cls)]
    if isinstance(members[0], type):
        members = [member for member in vars(members[0]).values() if callable(member)]
    for member in members:
        function = member.fget if isinstance(member, property) else member
        yield inspect.unwrap(function).__code__


def subclasses(cls: type) -> Iterator[type]:
    for each in cls.__subclasses__():
        yield each
        yield from subclasses(each)


def called(words: list[str]) -> list[CodeType]:
    """What runs while the command line does, in order."""
    found: list[CodeType] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and "minicaffe" in frame.f_code.co_filename:
            found.append(frame.f_code)

    before, sys.argv = sys.argv, words
    sys.setprofile(note)
    try:
        status = minicaffe.__main__.main()
    finally:
        sys.setprofile(None)
        sys.argv = before
    assert status == 0
    return found


def test_the_way_of_a_prototxt(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.prototxt").write_text(NET)
    Path("solver.prototxt").write_text(SOLVER)
    path = called(["minicaffe", "train", "--solver=solver.prototxt", "--engine=numpy"])
    assert len(STOPS) > 20
    place = 0
    for module, name in STOPS:
        wanted = set(codes(module, name))
        assert wanted.intersection(path), f"{module}:{name} is not passed"
        while place < len(path) and path[place] not in wanted:
            place += 1
        assert place < len(path), f"{module}:{name} is passed earlier"
