"""pickle and copy.deepcopy of nets and blobs; a solver says what to do instead."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe import TEST, TRAIN, Blob, Classifier, Net, SGDSolver
from minicaffe.engines import engine_names, why_unavailable
from minicaffe.errors import SolverError
from minicaffe.proto import caffe_pb2
from tests.engines.nets import inception, plain, residual

ENGINES = [name for name in engine_names() if why_unavailable(name) is None]
COPIES: dict[str, Callable[[Any], Any]] = {
    "pickle": lambda item: pickle.loads(pickle.dumps(item)),
    "old pickle": lambda item: pickle.loads(pickle.dumps(item, 2)),
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
}


@pytest.fixture(params=COPIES)
def copied(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    return COPIES[request.param]


def make(text: str, phase: int, engine: str | None, **options: Any) -> Net:
    param = text_format.Parse(text, caffe_pb2.NetParameter())
    net = Net(param, phase, seed=3, engine=engine, path="some.prototxt", **options)
    rng = np.random.default_rng(5)
    net.blobs["data"].data[...] = rng.standard_normal(net.blobs["data"].shape)
    net.blobs["label"].data[...] = 1
    return net


def train(net: Net) -> list[np.ndarray]:
    """Two steps of plain gradient descent; all blobs and parameters then."""
    for _ in range(2):
        net.clear_param_diffs()
        net.forward()
        net.backward()
        net.arena.data -= 0.01 * net.arena.diff
    found = [blob.data.copy() for blob in net.blobs.values()]
    return found + [blob.data.copy() for blobs in net.params.values() for blob in blobs]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("net", [plain, residual, inception])
def test_a_copy_trains_alike_and_apart(
    net: Callable[[], str], engine: str, copied: Callable[[Any], Any]
) -> None:
    first = make(net(), TRAIN, engine)
    train(first)  # the generators of dropout are somewhere
    other = copied(first)
    weights = [blob.data.copy() for blobs in other.params.values() for blob in blobs]
    wanted = train(first)
    for blob, values in zip(
        (blob for blobs in other.params.values() for blob in blobs), weights, strict=True
    ):
        np.testing.assert_array_equal(blob.data, values)  # not the other net's
    for found, want in zip(train(other), wanted, strict=True):
        np.testing.assert_array_equal(found, want)


def test_how_it_was_made_stays(copied: Callable[[Any], Any]) -> None:
    text = plain() + 'layer { name: "end" type: "Silence" bottom: "loss" include { min_level: 2 } }'
    net = make(
        text, TEST, "numpy", level=2, dtype=np.float64, fuse=False, keep="outputs", max_memory=2**24
    )
    net.blobs["data"].reshape(2, 1, 13, 12)
    net.blobs["label"].reshape(2)
    net.reshape()
    net.purpose = "tests"
    other = copied(net)
    assert (other.phase, other.dtype, other.options.keep) == (TEST, np.float64, "outputs")
    assert (other.path, other.purpose, other.options.fuse) == ("some.prototxt", "tests", False)
    assert other.layers[0].limits.max_memory == 2**24
    assert other.engine is net.engine
    assert other.options.engine == "numpy"
    assert "end" in other.layer_dict
    assert {name: blob.shape for name, blob in other.blobs.items()} == {
        name: blob.shape for name, blob in net.blobs.items()
    }
    np.testing.assert_array_equal(other.forward(["loss"])["loss"], net.forward(["loss"])["loss"])


def test_a_classifier(tmp_path: Path, copied: Callable[[Any], Any]) -> None:
    text = plain().partition('layer { name: "label"')[0]
    text += 'layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" '
    text += 'inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }'
    (tmp_path / "deploy.prototxt").write_text(text)
    classifier = Classifier(tmp_path / "deploy.prototxt", None, image_dims=(20, 19), raw_scale=3)
    images = [np.random.default_rng(1).random((25, 30, 1), np.float32)]
    other = copied(classifier)
    assert type(other) is Classifier
    np.testing.assert_array_equal(other.predict(images), classifier.predict(images))


def test_a_blob(copied: Callable[[Any], Any]) -> None:
    blob = Blob((2, 3), np.float64, name="some")
    blob.diff[...] = [[1, 2, 3], [4, 5, 6]]
    other = copied(blob)
    assert (other.shape, other.dtype, other.name) == ((2, 3), np.float64, "some")
    assert not other.data.any()
    np.testing.assert_array_equal(other.diff, blob.diff)
    other.diff[...] = 0
    assert blob.diff.all()


@pytest.mark.parametrize("engine", ENGINES)
def test_blobs_of_a_net(engine: str, copied: Callable[[Any], Any]) -> None:
    net = make(residual(), TEST, engine)
    net.forward()
    for name in ("stem", "scores"):  # in a layout of the engine's, perhaps
        blob = copied(net.blobs[name])
        np.testing.assert_array_equal(blob.data, net.blobs[name].data)
    weights = copied(net.params["scores"])
    assert type(weights) is type(net.params["scores"])
    assert [blob.shape for blob in weights] == [blob.shape for blob in net.params["scores"]]


def test_a_solver_says_what_to_do(copied: Callable[[Any], Any]) -> None:
    param = caffe_pb2.SolverParameter(base_lr=0.1, lr_policy="fixed")
    text_format.Parse(plain(), param.net_param)
    solver = SGDSolver(param, observers=[])
    with pytest.raises(SolverError, match=r"solver\.snapshot\(\).*restore\(\) it; solver\.net can"):
        copied(solver)


def _loss(net: Net) -> float:
    return float(net.forward()["loss"])


def test_a_net_goes_to_a_new_process() -> None:
    net = make(plain(), TEST, "numpy")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(_loss, (net,)) == _loss(net)
