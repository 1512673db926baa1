"""A net opened with keep="outputs" that is asked for gradients: values that were not kept are there
again, and nothing else has changed."""

from __future__ import annotations

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe import engines
from minicaffe.net.net import TEST, Net
from minicaffe.proto import caffe_pb2
from tests.engines.nets import Text
from tests.engines.twins import error_of

ENGINES = [
    pytest.param(name, marks=pytest.mark.skipif(bool(why), reason=str(why)))
    for name in ("numpy", "onednn")
    for why in [engines.why_unavailable(name)]
]


def in_place_on_an_input(text: Text) -> None:
    text.add("Power", "data", rest="power_param { scale: 1.5 shift: -1 }")
    text.add("TanH", "data", "bent")
    text.add("Sigmoid", "bent", "out")


def batch_statistics(text: Text) -> None:
    text.add("TanH", "data", "bent")
    text.add("BatchNorm", "bent", "normed", "batch_norm_param { use_global_stats: false }")
    text.add("Sigmoid", "normed", "out")


def batch_statistics_in_place(text: Text) -> None:
    text.add("Slice", "data", "left right", "slice_param { slice_point: 1 }")
    text.add("BatchNorm", "left", rest="batch_norm_param { use_global_stats: false }")
    text.add("TanH", "right", "bent")
    text.add("Concat", "left bent", "out")


def a_part_is_kept(text: Text) -> None:
    """One top of the Slice is an output that another layer has overwritten; the other was lent."""
    text.add("Slice", "data", "left right", "slice_param { slice_point: 1 }")
    text.add("Power", "left", rest="power_param { scale: 1.5 shift: -1 }")
    text.add("TanH", "right", "bent")
    text.add("Sigmoid", "bent", "out")


def a_state_is_carried_on(text: Text) -> None:
    text.input("marks", 3, 4)
    text.add("TanH", "data", "bent")
    text.add("RNN", "bent marks", "steps", "recurrent_param { num_output: 5 }")
    text.add("Sigmoid", "steps", "out")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "layers",
    [
        in_place_on_an_input,
        batch_statistics,
        batch_statistics_in_place,
        a_part_is_kept,
        a_state_is_carried_on,
    ],
)
def test_gradients_in_test(layers: object, engine: str) -> None:
    text = Text("force_backward: true")
    text.input("data", 3, 4, 5)
    layers(text)  # type: ignore[operator]
    param = text_format.Parse(str(text), caffe_pb2.NetParameter())
    nets = [Net(param, TEST, seed=1, engine=engine, keep=keep) for keep in ("all", "outputs")]
    rng = np.random.default_rng(3)
    for again in range(2):
        values = rng.normal(size=(3, 4, 5))
        for net in nets:
            net.blobs["data"].data[...] = values
            if "marks" in net.blobs:
                net.blobs["marks"].data[...] = 1  # the last forward's state goes on
            for blobs in net.params.values():
                if not again and len(blobs) > 3:  # what the RNN has learned
                    for blob in blobs:
                        blob.data[...] = np.linspace(-1, 1, blob.count).reshape(blob.shape)
            net.forward()
            net.blobs["out"].diff[...] = values.ravel()[0]
            net.backward()
        whole, part = nets
        for name, blob in whole.blobs.items():
            assert error_of(part.blobs[name].data, blob.data) < 1e-6, name
            assert error_of(part.blobs[name].diff, blob.diff) < 1e-5, name
        for name, blobs in whole.params.items():
            for want, got in zip(blobs, part.params[name], strict=True):
                assert error_of(got.data, want.data) < 1e-6, name
