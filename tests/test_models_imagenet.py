"""The networks for ImageNet: what their papers count, how they learn, and who wrote their files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.nets import learned_numbers
from minicaffe import TEST, TRAIN, Net
from minicaffe.engines import why_unavailable
from models.generate.__main__ import MODELS, main
from models.generate.imagenet import files
from tests.engines.twins import FLIPS_DISTANCE, distance_of
from tests.zoo import ROOT, as_if_trained, front_matter, unfilled, without_data

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
    "bn_inception": 11194984,
    "senet50": 28088024,
    "shufflenet": 1814734,
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


#: Some layers of the published weights, and the shape of their first parameter.
PUBLISHED_LAYERS: dict[str, dict[str, tuple[int, ...]]] = {
    "bvlc_alexnet": {"conv2": (256, 48, 5, 5), "fc6": (4096, 9216), "fc8": (1000, 4096)},
    "bvlc_reference_caffenet": {"conv5": (256, 192, 3, 3), "fc7": (4096, 4096)},
    "bvlc_googlenet": {
        "conv2/3x3_reduce": (64, 64, 1, 1),
        "inception_4d/5x5": (64, 32, 5, 5),
        "inception_5b/pool_proj": (128, 832, 1, 1),
        "loss3/classifier": (1000, 1024),
    },
    "bn_inception": {
        "inception_3c/double3x3b": (96, 96, 3, 3),
        "inception_4c/pool_proj": (96, 576, 1, 1),
        "inception_5b/1x1/bn/sc": (352,),
    },
    "vgg16": {"conv5_3": (512, 512, 3, 3), "fc6": (4096, 25088)},
    "resnet18": {"res2b_branch2b": (64, 64, 3, 3), "bn5a_branch1": (512,)},
    "resnet50": {"res2a_branch1": (256, 64, 1, 1), "scale4f_branch2c": (1024,)},
    "resnet101": {"res3b3_branch2a": (128, 512, 1, 1), "bn4b22_branch2b": (256,)},
    "resnet152": {"res3b7_branch2b": (128, 128, 3, 3), "res4b35_branch2c": (1024, 256, 1, 1)},
    "densenet121": {
        "conv4_24/x1": (128, 992, 1, 1),
        "conv3_blk": (256, 512, 1, 1),
        "conv5_blk/scale": (1024,),
        "fc6": (1000, 1024, 1, 1),
    },
    "squeezenet": {"fire9/expand3x3": (256, 64, 3, 3), "conv10": (1000, 512, 1, 1)},
    "senet50": {
        "conv1/7x7_s2": (64, 3, 7, 7),
        "conv2_1_1x1_down": (16, 256, 1, 1),
        "conv4_6_1x1_increase/bn/scale": (1024,),
        "conv5_1_1x1_proj": (2048, 1024, 1, 1),
        "classifier": (1000, 2048),
    },
    "shufflenet": {
        "resx1_conv3": (216, 18, 1, 1),
        "resx5_conv2": (60, 1, 3, 3),
        "resx16_conv3_scale": (960,),
        "fc1000": (1000, 960, 1, 1),
    },
    "mobilenet": {"conv5_6/dw": (512, 1, 3, 3), "conv6/sep/bn": (1024,), "fc7": (1000, 1024, 1, 1)},
}


@pytest.mark.parametrize("name", MODELS)
def test_layers_have_the_names_of_the_published_weights(name: str) -> None:
    params = unfilled(FOLDERS[name] / "deploy.prototxt").params
    for layer, shape in PUBLISHED_LAYERS[name].items():
        assert params[layer][0].shape == shape


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


@pytest.mark.skipif(
    bool(why_unavailable("onednn")), reason="big nets on both engines: oneDNN is not here"
)
@pytest.mark.parametrize("name", ["bvlc_alexnet", "resnet18", "squeezenet"])
def test_engines_agree_on_loss_and_gradients(name: str) -> None:
    size = SMALLER.get(name, 64)
    param = without_data(FOLDERS[name] / "train_val.prototxt", (3, size, size), 4)
    for layer in param.layer:
        if layer.type == "Dropout":  # each engine may draw units of its own
            layer.dropout_param.dropout_ratio = 0
    nets = [Net(param, TRAIN, seed=1, engine=engine) for engine in ("numpy", "onednn")]
    images = np.random.default_rng(3).normal(0, 60, (4, 3, size, size))
    losses = []
    for net in nets:
        net.blobs["data"].data[...] = images
        net.blobs["label"].data[...] = [0, 400, 999, 7]
        losses.append(net.forward_loss())
        net.backward()
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    for mine, theirs in zip(*(net.learnable_params for net in nets), strict=True):
        # a unit of a ReLU that is 0 but for rounding changes single gradients a lot
        assert distance_of(theirs.blob.diff, mine.blob.diff) < FLIPS_DISTANCE


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
    assert facts["accuracy"] is None  # no one has trained it here
    for key in ("expected_accuracy", "expected_accuracy_top5"):
        assert 0.5 < facts.get(key, 0.6) < 1
