"""Every layer in a net that writes its tops over its bottoms: it runs, or it says why not."""

from __future__ import annotations

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe import engines
from minicaffe.errors import MinicaffeError
from minicaffe.net.net import Net
from minicaffe.proto import caffe_pb2
from tests.layers.harness import Case
from tests.layers.test_layers import CASES


def net_in_place(case: Case, positions: list[int], splits: bool) -> caffe_pb2.NetParameter:
    """A net of one case whose tops at some positions are its bottoms.

    Args:
        splits: whether something else reads the bottoms, too, so that a Split is before them.
    """
    net = caffe_pb2.NetParameter(force_backward=True)
    names = [f"x{index}" for index in range(len(case.bottoms))]
    for name, shape in zip(names, case.bottoms, strict=True):
        layer = net.layer.add(name=name, type="Input", top=[name])
        layer.input_param.shape.add(dim=shape)
        if splits:
            net.layer.add(name=f"other {name}", type="Power", bottom=[name], top=[f"o{name}"])
    tops = [names[i] if i in positions else f"y{i}" for i in range(case.tops)]
    layer = net.layer.add(name="it", type=case.type, bottom=names, top=tops)
    text_format.Merge(case.param, layer)
    return net


@pytest.mark.parametrize("engine", ["numpy", "onednn"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_in_place_runs_or_is_refused(case: Case, engine: str) -> None:
    if reason := engines.why_unavailable(engine):
        pytest.skip(reason)
    most = min(case.tops, len(case.bottoms))
    for positions in ([i] for i in range(most)):
        for splits in (False, True):
            param = net_in_place(case, positions, splits)
            phase = caffe_pb2.Phase.Value(case.phase)
            try:
                with Net(param, phase, engine=engine, seed=1) as net:
                    run(net, case)
            except MinicaffeError as error:
                refusal = str(error)
            else:
                continue
            assert "'it'" in refusal, "the layer is named"


def run(net: Net, case: Case) -> None:
    """Forward and backward on the case's values."""
    rng = np.random.default_rng(3)
    makers = case.values if isinstance(case.values, list | tuple) else [case.values] * 99
    for index, make in zip(range(len(case.bottoms)), makers, strict=False):
        blob = net.blobs[f"x{index}"]
        blob.data[...] = make(rng, blob.shape)
    with np.errstate(all="ignore"):
        net.forward()
        net.backward()
