"""Every row of the layers' generic test that a function computes gives what it gives on numpy."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="PyTorch is absent")

from minicaffe.engines.torch.functions import covers
from minicaffe.layer import layer_class
from tests.engines.test_agree import check, twins_of
from tests.layers.harness import Case
from tests.layers.test_layers import CASES


def is_covered(kind: str) -> bool:
    """Whether functions compute layers of a type, in one of the dialects that it may be read in."""
    classes = [layer_class(kind)]
    for each in classes:
        classes += each.__subclasses__()
    return any(covers(each) for each in classes if each.type == kind)


COVERED = [case for case in CASES if is_covered(case.type)]


@pytest.mark.parametrize("case", COVERED, ids=str)
def test_row(case: Case) -> None:
    check(case, twins_of(case))


@pytest.mark.parametrize("case", [case for case in COVERED if case.in_place], ids=str)
def test_row_in_place(case: Case) -> None:
    check(case, twins_of(case, in_place=True))
