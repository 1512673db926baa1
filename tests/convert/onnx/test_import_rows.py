"""From Caffe to ONNX and back: rows of the layers' test cases, and how clean the net is then."""

from __future__ import annotations

import re

import numpy as np
import pytest

from minicaffe.convert.compare.net_side import fill
from minicaffe.convert.onnx import export, import_model
from minicaffe.convert.onnx.model_file import complete
from minicaffe.errors import GraphError
from minicaffe.lint import lint_net
from tests.convert.onnx.test_rows import GOOD, arrays_of, net_of_row
from tests.layers.harness import Case

#: Types of which some or all rows are written with operators that no layer replaces, and one of
#: those operators.
REFUSED = {
    "ArgMax": "TopK", "BatchReindex": "Gather", "DetectionOutput": "NonMaxSuppression",
    "Filter": "Compress", "LSTM": "Scan", "Lstm": "Scan", "NdPooling": "MaxPool",
    "PSROIPooling": "CumSum", "Pooling": "MaxPool|Where", "Pooling3D": "Pool", "RNN": "Scan",
    "ROIPooling": "MaxRoiPool", "Reverse": "items of the batch", "SPP": "Where",
    "Unpooling": "ScatterElements|Scatter", "Upsample": "ScatterElements",
}  # fmt: skip

#: What is odd about windows of the rows themselves.
ODD_WINDOWS = {"MC132", "MC133"}


def _some() -> list[Case]:
    """Every fifth row of each type, the first one among them."""
    counts: dict[str, int] = {}
    chosen = []
    for case in GOOD:
        counts[case.type] = counts.get(case.type, -1) + 1
        if counts[case.type] % 5 == 0:
            chosen.append(case)
    return chosen


@pytest.mark.parametrize("case", _some(), ids=str)
def test_a_row_comes_back_equal_or_is_refused(case: Case) -> None:
    net, arrays = net_of_row(case), arrays_of(case)
    model, refusal = complete(export(net)), ""
    try:
        imported = import_model(model)
    except GraphError as error:
        refusal = str(error)
    if refusal:
        assert re.search(REFUSED.get(case.type, "none"), refusal), refusal
        assert "node 'layer" in refusal
        return
    again = imported.build(engine="numpy")
    for one in (net, again):
        fill(one, arrays)
        one.forward_loss()
    for name in net.outputs:
        want, found = net.blobs[name].data, again.blobs[name].data
        assert found.shape == want.shape
        scale = max(1.0, float(np.abs(want).max(initial=0)))
        assert np.abs(found - want).max(initial=0) <= 2e-5 * scale
    findings = [found for found in lint_net(imported.param) if found.code not in ODD_WINDOWS]
    assert not findings
