"""Lint finds what opening a net raises: the same codes, lines and sentences, and no others."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from minicaffe import TEST, TRAIN, Net
from minicaffe.errors import MinicaffeError
from minicaffe.lint import Diagnostic, Severity, lint_file
from minicaffe.lint.diagnostic import of_error
from tests.messages.inputs import prepare

AREA = Path(__file__).parents[1] / "messages" / "net"
NETS = sorted(path.name for path in AREA.glob("*.prototxt"))

#: What opening alone can tell, and why.
APART = {
    "param_infogain_source.prototxt": "a file is missing, of which lint has the note MC206",
    "param_python_module_missing.prototxt": "no user's module is imported by lint",
    "solver_as_net.prototxt": "lint takes solvers",
    "unknown_bottom_of_other_phase.prototxt": "lint passes over a phase that has no inputs",
}

Told = set[tuple[str, int, str]]


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("net"))
        patch.setenv("MINICAFFE_ENGINE", "numpy")
        prepare(AREA, Path())
        yield


def told(found: list[Diagnostic]) -> Told:
    return {(d.code, d.place.line, d.told) for d in found if d.severity is Severity.ERROR}


def opened(name: str) -> Told:
    """What opening says in either phase."""
    found: Told = set()
    for phase in (TRAIN, TEST):
        try:
            Net(name, phase)
        except MinicaffeError as error:
            found |= told(of_error(error))
    return found


def linted(name: str) -> Told:
    try:
        return told(lint_file(name))
    except MinicaffeError as error:  # no prototxt at all
        return told(of_error(error))


@pytest.mark.parametrize("name", [name for name in NETS if name not in APART])
def test_of_broken_nets(name: str) -> None:
    logging.disable(logging.WARNING)
    try:
        assert linted(name) == opened(name)
    finally:
        logging.disable(logging.NOTSET)


@pytest.mark.parametrize("name", APART)
def test_what_opening_alone_tells(name: str) -> None:
    assert opened(name)
    assert linted(name) != opened(name)
