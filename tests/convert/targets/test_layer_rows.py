"""Every row of the layers' own tests is rewritten in every way that applies: with equal numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe import TEST, Net
from minicaffe.convert.compare.net_side import fill
from minicaffe.convert.targets.pieces import Replacement
from minicaffe.convert.targets.quantities import Site
from minicaffe.convert.targets.rewrites import rewrites_of
from minicaffe.errors import MinicaffeError
from minicaffe.net.net import Net as BuiltNet
from minicaffe.proto import caffe_pb2
from tests.layers.harness import Case
from tests.layers.test_layers import CASES


def net_of_row(case: Case) -> BuiltNet | None:
    """The layer of a row between Input layers, in phase TEST; None where it is only for TRAIN."""
    param = caffe_pb2.NetParameter(name="row")
    layer = caffe_pb2.LayerParameter(name="layer", type=case.type)
    text_format.Merge(case.param, layer)
    for index, shape in enumerate(case.bottoms):
        name = f"bottom{index}"
        param.layer.add(name=name, type="Input", top=[name]).input_param.shape.add(dim=shape)
    layer.bottom[:] = [f"bottom{index}" for index in range(len(case.bottoms))]
    layer.top[:] = [f"top{index}" for index in range(case.tops)]
    param.layer.append(layer)
    try:
        net = Net(param, TEST, seed=3, engine="numpy")
    except MinicaffeError:
        return None
    rng = np.random.default_rng(4)
    for blob in net.layers[-1].blobs:
        blob.data[...] = rng.uniform(0.5, 1.5, blob.shape)
    return net


def replacements(case: Case) -> Iterator[tuple[BuiltNet, str, Replacement]]:
    """What every rewrite makes of a row, as far as it fits its shapes."""
    ways = rewrites_of(case.type)
    net = net_of_row(case) if ways and case.bottoms else None
    if net is None:
        return
    node = net.nodes[-1]
    param = caffe_pb2.LayerParameter(type=case.type)
    text_format.Merge(case.param, param)
    param.bottom[:], param.top[:] = node.bottom_names, node.top_names
    shapes = (tuple(blob.shape for blob in part) for part in (node.bottoms, node.tops))
    site = Site(param, *shapes, [blob.data.copy() for blob in node.layer.blobs])
    for rewrite in ways:
        for made in rewrite.way(site):
            try:
                made.sites()
            except MinicaffeError:
                continue  # as the search for a replacement does
            yield net, rewrite.name, made


def arrays_of(case: Case) -> dict[str, np.ndarray]:
    """The row's own values, as the layers' tests have them."""
    rng = np.random.default_rng(7)
    count = len(case.bottoms)
    makers = case.values if isinstance(case.values, Sequence) else [case.values] * count
    return {
        f"bottom{index}": make(rng, tuple(shape)).astype(np.float32)
        for index, (make, shape) in enumerate(zip(makers, case.bottoms, strict=False))
    }


TYPES = sorted({case.type for case in CASES if rewrites_of(case.type)})


@pytest.mark.parametrize("kind", TYPES)
def test_rows_of_a_type(kind: str) -> None:
    for case in CASES:
        if case.type != kind:
            continue
        for net, name, made in replacements(case):
            arrays = arrays_of(case)
            with made.net() as other:
                for each in (net, other):
                    fill(each, {key: arrays[key] for key in each.inputs})
                    each.forward_loss()
                for top, found in zip(net.nodes[-1].top_names, made.tops, strict=True):
                    wanted, values = net.blobs[top].data, other.blobs[found].data
                    assert values.shape == wanted.shape, (str(case), name)
                    np.testing.assert_allclose(
                        values, wanted, rtol=1e-4, atol=1e-4 * (np.abs(wanted).max(initial=0) or 1),
                        err_msg=f"{case} {name}",
                    )  # fmt: skip
