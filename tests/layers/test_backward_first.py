"""Backward without a forward of these shapes before it: it runs, or says what is missing."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe import engines
from minicaffe.errors import MinicaffeError
from minicaffe.net.net import Net
from minicaffe.proto import caffe_pb2
from tests.layers.harness import Case
from tests.layers.test_layers import CASES
from tests.layers.test_zero_sizes import net_of


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("engine", ["numpy", "onednn"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_backward_without_its_forward(case: Case, engine: str) -> None:
    if reason := engines.why_unavailable(engine):
        pytest.skip(reason)
    phase = caffe_pb2.Phase.Value(case.phase)
    for forward in (False, True):
        try:
            with Net(net_of(case, case.bottoms), phase, engine=engine, seed=1) as net:
                if forward:
                    net.forward()
                    for index, shape in enumerate(case.bottoms):
                        if shape:
                            net.blobs[f"x{index}"].reshape(shape[0] + 1, *shape[1:])
                with np.errstate(all="ignore"):
                    net.backward()
        except MinicaffeError as error:
            refusal = str(error)
        else:
            continue
        assert "layer 'it" in refusal, "the layer is named"


@pytest.mark.parametrize(
    ("reshaped", "what"), [(False, "has not run forward yet"), (True, "has other shapes than in")]
)
def test_what_is_missing_is_said(reshaped: bool, what: str) -> None:
    text = "pooling_param { kernel_size: 2 }"
    net_param = net_of(Case("Pooling", text), [(2, 3, 4, 5)])
    with Net(net_param, caffe_pb2.TRAIN, engine="numpy") as net:
        if reshaped:
            net.forward()
            net.blobs["x0"].reshape(1, 3, 4, 5)
        with pytest.raises(MinicaffeError, match=rf"layer '.*' {what}.* call forward\(\) first"):
            net.backward()


def test_another_exception_stays_what_it_is() -> None:
    with Net(net_of(Case("ReLU"), [(2, 3)]), caffe_pb2.TRAIN, engine="numpy") as net:
        net.forward()
        net.nodes[1].layer.backward = lambda *arguments: 1 / 0  # type: ignore[method-assign]
        with pytest.raises(ZeroDivisionError):
            net.backward()
