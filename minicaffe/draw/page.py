"""A net as one HTML file that needs no network: pictures of its states, and facts of its layers."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TypedDict

import minicaffe
from minicaffe.draw.facts import (
    BlobFacts,
    FindingFacts,
    LayerFacts,
    finding_facts,
    layer_facts,
    weight_facts,
)
from minicaffe.draw.picture import Shapes, file_text, net_picture
from minicaffe.errors import MinicaffeError, visible
from minicaffe.lint import Diagnostic, LintOptions, lint_net
from minicaffe.lint.stored import StoredWeights
from minicaffe.net.states import State, states_of
from minicaffe.net.summary import LayerSummary, NetSummary, Shape, summarize_net
from minicaffe.options import Limits
from minicaffe.proto import caffe_pb2
from minicaffe.proto.places import Places
from minicaffe.proto.schema_docs import describe

#: What the page's own text may load: nothing but pictures that it holds.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


class StateLayer(TypedDict):
    """A layer in one state: its number in the table of facts, and what depends on the state."""

    facts: int
    shapes: list[list[int]] | None
    parameters: int
    adds: int
    values: int


class StateFacts(TypedDict):
    """One state: what it is called, its layers, and what was assumed of it."""

    phase: str
    level: int
    stages: list[str]
    layers: list[StateLayer]
    notes: list[str]


class PageFacts(TypedDict):
    """All that a page holds besides its pictures."""

    name: str
    file: str
    states: list[StateFacts]
    layers: list[LayerFacts]
    findings: list[FindingFacts]
    meanings: dict[str, str]
    weights: dict[str, list[BlobFacts]]


@dataclass(frozen=True)
class PageOptions:
    """How a net is looked at.

    Attributes:
        weights: a ``.caffemodel`` (or ``.caffemodel.h5``) whose histograms and filters are shown.
        shapes: of the tops of data and input layers, by blob.
        limits: what the net may do; without them it runs no code (Python layers).
        skip_unknown: pass over types that are not known.
        dialect: whose meaning layers have where forks differ.
    """

    weights: str | None = None
    shapes: Mapping[str, Shape] = field(default_factory=dict)
    limits: Limits | None = None
    skip_unknown: bool = False
    dialect: str | None = None


def net_findings(
    param: caffe_pb2.NetParameter, path: str | None = None, options: PageOptions | None = None
) -> list[Diagnostic]:
    """What the linter says of a net, and of its weights, that a page of it shows.

    Args:
        param, path, options: as :func:`net_page` takes them.

    Raises:
        SnapshotError: the weights cannot be read.
    """
    options = options or PageOptions()
    stored = StoredWeights.read(options.weights) if options.weights else None
    return lint_net(param, path, LintOptions(stored, skip_unknown=options.skip_unknown))


def net_page(
    param: caffe_pb2.NetParameter,
    path: str | None = None,
    options: PageOptions | None = None,
    found: Sequence[Diagnostic] | None = None,
) -> str:
    """The page of a net.

    Args:
        param: the ``NetParameter``, upgraded, as ``read_net`` returns it; it is left alone.
        path: its file.
        options: how it is looked at.
        found: what :func:`net_findings` says of it, where that is known.

    Raises:
        GraphError: a layer has both include and exclude rules; ``shapes`` names no blob of a data
            layer.
        SnapshotError: the weights cannot be read.
    """
    options = options or PageOptions()
    stored = StoredWeights.read(options.weights) if options.weights else None
    found = net_findings(param, path, options) if found is None else found
    table = _Table(Places(path), found)
    types = {layer.name: layer.type for layer in param.layer}
    facts = PageFacts(
        name=visible(param.name) or _file_name(path) or "Net",
        file=visible(path or ""),
        states=[],
        layers=table.facts,
        findings=[],
        meanings={},
        weights={} if stored is None else weight_facts(stored.layers, types),
    )
    pictures = []
    for state in states_of(param):
        net = state.layers(param)
        summary, notes = _summary(state.net(param), net, path, options)
        shapes: list[Shapes] = [layer.shapes for layer in summary.layers]
        pictures.append(net_picture(net, shapes, f"the net {facts['name']}"))
        facts["states"].append(_state_facts(state, net, summary, notes, table))
    told = {json.dumps(finding) for layer in table.facts for finding in layer["findings"]}
    others = (finding_facts(diagnostic) for diagnostic in found)
    facts["findings"] = [finding for finding in others if json.dumps(finding) not in told]
    facts["meanings"] = _meanings(table.facts)
    return _filled(facts, pictures)


def _file_name(path: str | None) -> str:
    return visible(os.path.basename(path or ""))


class _Table:
    """The facts of all layers of all states, each once."""

    def __init__(self, places: Places, findings: Sequence[Diagnostic]) -> None:
        self.facts: list[LayerFacts] = []
        self._places, self._findings = places, findings
        self._numbers: dict[bytes, int] = {}

    def number(self, layer: caffe_pb2.LayerParameter) -> int:
        """The number of a layer's facts."""
        key = layer.SerializeToString()
        if key not in self._numbers:
            self._numbers[key] = len(self.facts)
            self.facts.append(layer_facts(layer, self._places, self._findings))
        return self._numbers[key]


def _summary(
    param: caffe_pb2.NetParameter,
    net: caffe_pb2.NetParameter,
    path: str | None,
    options: PageOptions,
) -> tuple[NetSummary, list[str]]:
    """Shapes and counts in a state, without them where the net cannot be built; and notes."""
    try:
        summary = summarize_net(
            param,
            path,
            shapes=options.shapes,
            limits=options.limits,
            skip_unknown=options.skip_unknown,
            dialect=options.dialect,
        )
    except MinicaffeError as error:
        if options.shapes and not error.problems and error.layer is None:
            raise  # of the shapes
        return _unknown(net), [f"shapes are not known: {error}"]
    return summary, list(summary.notes)


def _unknown(net: caffe_pb2.NetParameter) -> NetSummary:
    return NetSummary([LayerSummary(layer) for layer in net.layer])


def _state_facts(
    state: State,
    net: caffe_pb2.NetParameter,
    summary: NetSummary,
    notes: Sequence[str],
    table: _Table,
) -> StateFacts:
    layers = [
        StateLayer(
            facts=table.number(layer),
            shapes=None if of.shapes is None else [list(shape) for shape in of.shapes],
            parameters=of.parameters,
            adds=of.multiply_adds,
            values=of.values,
        )
        for layer, of in zip(net.layer, summary.layers, strict=True)
    ]
    return StateFacts(
        phase=caffe_pb2.Phase.Name(state.phase),
        level=state.level,
        stages=list(map(visible, state.stages)),
        layers=layers,
        notes=[visible(note, lines=True) for note in notes],
    )


def _meanings(layers: Iterable[LayerFacts]) -> dict[str, str]:
    """What the fields that are shown mean, by their names in the schema."""
    keys = {field["key"] for layer in layers for field in (*layer["given"], *layer["defaults"])}
    return {key: describe(key) or "" for key in sorted(keys)}


def _filled(facts: PageFacts, pictures: Sequence[str]) -> str:
    """The page of facts and pictures; a browser runs its own script and loads nothing."""
    script = file_text("page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    data = json.dumps(facts, ensure_ascii=True, separators=(",", ":"))
    parts = {
        "title": escape(facts["name"]),
        "policy": f"{_POLICY}; script-src 'sha256-{digest}'",
        "style": file_text("page.css"),
        "pictures": "\n".join(f"<template>{picture}</template>" for picture in pictures),
        "data": data.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"),
        "script": script,
        "version": minicaffe.__version__,
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], file_text("page.html"))
