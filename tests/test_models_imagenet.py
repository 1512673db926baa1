"""The networks for ImageNet: what their papers count, how they learn, and who wrote their files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from minicaffe import TEST, TRAIN, Net
from models.generate.__main__ import MODELS, main
from models.generate.imagenet import files
from tests.zoo import ROOT, as_if_trained, front_matter, learned_numbers, unfilled, without_data

FOLDERS = {name: ROOT / "models" / name for name in MODELS}

#: Learned numbers that papers, or everybody who counted them, give.
PUBLISHED = {
    "bvlc_alexnet": 60965224,
    "bvlc_reference_caffenet": 60965224,
    "bvlc_googlenet": 6998552,
    "mobilenet": 4231976,
    "resnet18": 11689512,
    "resnet50": 25557032 + 64,  # the bias of conv1, which only the published weights have
    "resnet101": 44549160,
    "resnet152": 60192808,
    "vgg16": 138357544,
    "squeezenet": 1235496,
    "densenet121": 7978856,
    "bn_inception": 11285224,
}

#: Height and width that a test can afford; most nets take any, for they average at the end.
SMALLER = {
    "bvlc_alexnet": 67,
    "bvlc_reference_caffenet": 67,
    "bvlc_googlenet": 224,
    "vgg16": 32,
}


@pytest.mark.parametrize("name", MODELS)
def test_scripts_write_the_files_that_are_there(name: str) -> None:
    texts = files(MODELS[name])
    assert set(texts) == {"train_val.prototxt", "deploy.prototxt"}
    for file, text in texts.items():
        assert (FOLDERS[name] / file).read_text(encoding="utf-8") == text


def test_an_unknown_network_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["resnet51"]) == 1
    assert "no network 'resnet51'; did you mean" in capsys.readouterr().err


@pytest.mark.parametrize("name", MODELS)
def test_as_many_parameters_as_published(name: str) -> None:
    assert learned_numbers(unfilled(FOLDERS[name] / "deploy.prototxt")) == PUBLISHED[name]


def test_googlenets_classifiers_half_way_up_are_counted_in_its_readme() -> None:
    folder = FOLDERS["bvlc_googlenet"]
    count = learned_numbers(unfilled(folder / "train_val.prototxt", TRAIN))
    assert count == 13378280
    assert f"{count:,}" in (folder / "readme.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", MODELS)
def test_use_ends_in_a_thousand_probabilities(name: str) -> None:
    net = unfilled(FOLDERS[name] / "deploy.prototxt")
    assert net.outputs == ["prob"]
    assert net.blobs["prob"].shape in ((10, 1000), (10, 1000, 1, 1))


@pytest.mark.parametrize("name", MODELS)
def test_accuracy_is_watched_only_in_tests(name: str) -> None:
    path = FOLDERS[name] / "train_val.prototxt"
    loss, top1, top5 = MODELS[name].ends
    assert {loss, top1, top5} <= set(unfilled(path, TEST).outputs)
    assert loss in unfilled(path, TRAIN).outputs
    kinds = {layer.type for layer in unfilled(path, TRAIN).layers}
    assert "Accuracy" not in kinds
    assert unfilled(path, TEST).layer_dict[top5].param.accuracy_param.top_k == 5


@pytest.mark.parametrize("name", MODELS)
def test_learns(name: str) -> None:
    size = SMALLER.get(name, 64)
    batch = 1 if size > 200 else 3
    net = Net(
        without_data(FOLDERS[name] / "train_val.prototxt", (3, size, size), batch),
        TRAIN,
        seed=1,
        engine="numpy",
    )
    rng = np.random.default_rng(3)
    scale = MODELS[name].scale or 1
    net.blobs["data"].data[...] = rng.normal(0, 60 * scale, net.blobs["data"].shape)
    net.blobs["label"].data[...] = [0, 400, 999][:batch]
    net.forward_loss()
    loss = float(net.blobs[MODELS[name].ends[0]].data)
    assert 0.3 * np.log(1000) < loss < 3 * np.log(1000)
    net.backward()
    learned = [param for param in net.learnable_params if param.lr_mult]
    assert all(param.blob.diff.any() for param in learned)


def test_deploy_gives_what_the_tested_net_gives() -> None:
    """Both are the same computation, whatever training adds."""
    folder: Path = FOLDERS["mobilenet"]
    tested = Net(without_data(folder / "train_val.prototxt", (3, 64, 64)), TEST, seed=1)
    as_if_trained(tested)
    used = Net(str(folder / "deploy.prototxt"), TEST)
    used.blobs["data"].reshape(3, 3, 64, 64)
    used.reshape()
    used.copy_from_proto(tested.to_proto())
    images = np.random.default_rng(4).normal(size=(3, 3, 64, 64))
    tested.forward(data=images, label=np.zeros(3))
    scores = tested.blobs["fc7"].data.reshape(3, 1000)
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    prob = used.forward(data=images)["prob"].reshape(3, 1000)
    assert np.ptp(prob) > 1e-4  # not all the same
    np.testing.assert_allclose(prob, odds / odds.sum(axis=1, keepdims=True), rtol=1e-4)


@pytest.mark.parametrize("name", MODELS)
def test_readme_says_what_was_expected_and_measured(name: str) -> None:
    facts = front_matter(FOLDERS[name])
    assert facts["accuracy"] is None  # nobody has trained it here
    for key in ("expected_accuracy", "expected_accuracy_top5"):
        assert 0.5 < facts.get(key, 0.6) < 1
