"""Population statistics: the numbers of algorithm 2, for all layers at once and one by one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe import TEST, TRAIN, Net
from minicaffe.convert.bn_stats import population_statistics, settle_statistics, without_dropout
from minicaffe.errors import GraphError
from minicaffe.proto import caffe_pb2

NET = """
layer { name: "data" type: "MemoryData" top: "data" top: "label"
        memory_data_param { batch_size: 5 channels: 3 height: 4 width: 2 } }
layer { name: "bn1" type: "BatchNorm" bottom: "data" top: "one" batch_norm_param { %s } }
layer { name: "tanh" type: "TanH" bottom: "one" top: "t" }
layer { name: "drop" type: "Dropout" bottom: "t" top: "t" }
layer { name: "bn2" type: "BatchNorm" bottom: "t" top: "two" batch_norm_param {
        moving_average_fraction: 0.9 } }
layer { name: "frozen" type: "BatchNorm" bottom: "two" top: "three"
        batch_norm_param { use_global_stats: true } }
"""
BATCHES = 4
X = (
    np.random.default_rng(0).normal(size=(BATCHES, 5, 3, 4, 2))
    * np.arange(1, BATCHES + 1).reshape(-1, 1, 1, 1, 1)
    + 3
).astype(np.float32)
AXES = (0, 2, 3)
M = 5 * 4 * 2
EPS = 1e-5


def net_of(text: str = "", dropout: bool = False) -> Net:
    param = text_format.Parse(NET % text, caffe_pb2.NetParameter())
    net = Net(param if dropout else without_dropout(param), TRAIN, seed=1)
    net.set_input_arrays(X.reshape(-1, 3, 4, 2), np.zeros(len(X) * 5, np.float32))
    for name in ("bn1", "bn2", "frozen"):
        for blob, value in zip(net.params[name], (7, 8, 2), strict=False):
            blob.data[...] = value  # what a training may have left
    return net


def population(batches: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """E[x] and Var[x] by algorithm 2, in float64."""
    parts = batches.astype(np.float64)
    means = [part.mean(axis=AXES) for part in parts]
    variances = [part.var(axis=AXES) for part in parts]
    return np.mean(means, axis=0), M / (M - 1) * np.mean(variances, axis=0)


def normalise(x: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    return (x - mean.reshape(3, 1, 1)) / np.sqrt(variance.reshape(3, 1, 1) + EPS)


def check(net: Net, name: str, want: tuple[np.ndarray, np.ndarray], weight: float) -> None:
    layer = net.layer_dict[name]
    assert layer.blobs[2].data[0] == pytest.approx(weight, rel=1e-4)
    for got, values in zip(layer.stored_statistics(), want, strict=True):  # type: ignore[attr-defined]
        np.testing.assert_allclose(got, values, rtol=1e-5, atol=1e-5)


def test_all_layers_at_once() -> None:
    net = net_of()
    assert population_statistics(net, BATCHES) == ["bn1", "bn2"]
    check(net, "bn1", population(X), 1000)
    by_batch = [
        normalise(part, part.mean(axis=AXES), part.var(axis=AXES)) for part in X.astype(float)
    ]
    check(net, "bn2", population(np.tanh(by_batch)), 10)
    assert [blob.data.flat[0] for blob in net.params["frozen"]] == [7, 8, 2]


def test_one_layer_after_another() -> None:
    net = net_of()
    calls: list[tuple[int, int]] = []
    population_statistics(
        net, BATCHES, sequential=True, on_batch=lambda done, of: calls.append((done, of))
    )
    first = population(X)
    check(net, "bn1", first, 1000)
    check(net, "bn2", population(np.tanh(normalise(X.astype(float), *first))), 10)
    assert calls == [(done, 8) for done in range(1, 9)]
    for name in ("bn1", "bn2"):
        layer = net.layer_dict[name]
        assert layer.use_global_stats is False  # type: ignore[attr-defined]
    before = net.params["bn1"][2].data[0]
    net.forward()
    assert net.params["bn1"][2].data[0] == pytest.approx(before * 0.999 + 1)  # as ever


def test_ghost_batches_count_alike() -> None:
    net = net_of("ghost_batch_size: 3")
    population_statistics(net, BATCHES)
    ghosts = [part for batch in X.astype(float) for part in (batch[:3], batch[3:])]
    means = np.mean([part.mean(axis=AXES) for part in ghosts], axis=0)
    variances = np.mean([part.var(axis=AXES, ddof=1) for part in ghosts], axis=0)
    check(net, "bn1", (means, variances), 1000)


def test_renormalisation_has_no_part_in_it() -> None:
    net = net_of("renorm: true")
    population_statistics(net, BATCHES)
    check(net, "bn1", population(X), 1000)


def test_a_training_that_goes_on_does_not_forget_at_once() -> None:
    net = net_of()
    population_statistics(net, BATCHES)
    mean, _ = population(X)
    net.forward()
    got, _ = net.layer_dict["bn1"].stored_statistics()  # type: ignore[attr-defined]
    np.testing.assert_allclose(got, 0.999 * mean + 0.001 * X[0].mean(axis=AXES), rtol=1e-5)


def test_dropout_is_off() -> None:
    with_it, without = net_of(dropout=True), net_of()
    for net in (with_it, without):
        population_statistics(net, BATCHES)
    kept, dropped = (
        net.layer_dict["bn2"].stored_statistics()[1]  # type: ignore[attr-defined]
        for net in (without, with_it)
    )
    assert (dropped > 1.3 * kept).all()
    param = text_format.Parse(NET % "", caffe_pb2.NetParameter())
    without_dropout(param)
    assert not param.layer[3].HasField("phase")  # the given one stays as it is


def test_what_cannot_be_done(tmp_path: Path) -> None:
    param = text_format.Parse(NET % "", caffe_pb2.NetParameter())
    with pytest.raises(GraphError, match="phase TRAIN"):
        population_statistics(Net(param, TEST), 1)
    del param.layer[1:]
    with pytest.raises(GraphError, match="no BatchNorm layer that takes statistics"):
        population_statistics(Net(param, TRAIN), 1)


@pytest.mark.parametrize("settings", ["scale_bias: true", "use_weight_bias: true"])
def test_factor_and_offset_inside_stay(settings: str) -> None:
    """NVCaffe's averages and Intel's sums; the last two blobs are no statistics."""
    net = net_of(f"{settings} moving_average_fraction: 0.75")
    gamma, beta = (blob.data for blob in net.params["bn1"][3:])
    gamma[...], beta[...] = (1, 2, 3), (-1, 0, 1)
    population_statistics(net, BATCHES)
    assert gamma.tolist() == [1, 2, 3]
    assert beta.tolist() == [-1, 0, 1]
    check(net, "bn1", population(X), weight=1 if "scale_bias" in settings else 4)


def test_settled_statistics_go_on_as_pytorchs_do() -> None:
    """The next batch counts 1 - fraction."""
    net = net_of("moving_average_fraction: 0.75")
    for blob, value in zip(net.params["bn1"], (6, 8, 2), strict=True):
        blob.data[...] = value
    settle_statistics(net)
    assert [blob.data.flat[0] for blob in net.params["bn1"]] == [12, 16, 4]
    net.forward()
    mean, _, weight = (blob.data for blob in net.params["bn1"])
    want = 0.75 * 3 + 0.25 * X[0].mean(axis=AXES, dtype=np.float64)
    np.testing.assert_allclose(mean / weight, want, rtol=1e-6)
