"""Networks of the zoo for other images: what is written, and that it is lint-clean."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from pathlib import Path

import pytest

from minicaffe import TEST, Net
from minicaffe.errors import DataError, GraphError, SnapshotError
from minicaffe.lint import Severity, lint_file
from minicaffe.proto import caffe_pb2
from minicaffe.proto.io import read_net, read_solver
from minicaffe.starter import DataFacts, Wishes, new_model, read_facts
from minicaffe.starter.schedule import batches_for
from minicaffe.zoo import network
from tests.starter.conftest import squares, write

LARGE = DataFacts(
    "db/train_lmdb", "db/val_lmdb", ("lmdb", "lmdb"), (3, 256, 256), 7, 5000, 700, [1, 2, 3]
)


def findings(folder: str) -> list[str]:
    """What lint says of the files, notes left out."""
    files = ("train_val.prototxt", "deploy.prototxt", "solver.prototxt")
    return [
        f"{found.code} {found.message}"
        for file in files
        for found in lint_file(os.path.join(folder, file))
        if found.severity is not Severity.NOTE
    ]


def layers(folder: str, file: str = "train_val.prototxt") -> dict[str, caffe_pb2.LayerParameter]:
    return {layer.name: layer for layer in read_net(os.path.join(folder, file)).layer}


def transforms(folder: str) -> tuple[caffe_pb2.LayerParameter, caffe_pb2.LayerParameter]:
    train, test = read_net(os.path.join(folder, "train_val.prototxt")).layer[:2]
    assert (train.include[0].phase, test.include[0].phase) == (caffe_pb2.TRAIN, caffe_pb2.TEST)
    return train, test


def test_small_images(data: Path) -> None:
    new_model("mynet", network("lenet_bn"), read_facts("db"), Wishes())
    assert findings("mynet") == []
    with Net("mynet/deploy.prototxt", TEST) as net:
        assert net.blobs["prob"].shape[:2] == (1, 3)
    assert Path("mynet/labels.txt").read_text() == "blue\ngreen\nred\n"


@pytest.mark.parametrize("name", ["bvlc_googlenet", "bvlc_alexnet"])
def test_large_images(name: str, data: Path) -> None:
    (data / "db").rename("unread")  # lint looks at the data that it finds
    new_model("mynet", network(name), LARGE, Wishes())
    assert findings("mynet") == []
    train, test = transforms("mynet")
    side = network(name).facts["input"][1]
    assert train.transform_param.crop_size == test.transform_param.crop_size == side
    assert train.transform_param.mirror
    assert not test.transform_param.mirror
    assert list(train.transform_param.mean_value) == [1, 2, 3]
    outputs = [layer for layer in layers("mynet").values() if layer.name.endswith("_mynet")]
    assert outputs
    for layer in outputs:
        settings = layer.inner_product_param if layer.type == "InnerProduct" else (
            layer.convolution_param
        )  # fmt: skip
        assert settings.num_output == 7


def test_the_solver_follows_the_number_of_images(data: Path) -> None:
    new_model("mynet", network("resnet18"), LARGE, Wishes(batch=25, epochs=12))
    solver = read_solver("mynet/solver.prototxt")
    assert solver.max_iter == 12 * 5000 / 25
    assert solver.base_lr == pytest.approx(0.1 * 25 / 256, rel=1e-2)  # the paper's, for 256
    _, test = transforms("mynet")
    assert solver.test_iter[0] * test.data_param.batch_size == 700
    assert (solver.momentum, solver.lr_policy) == (pytest.approx(0.9), "poly")
    assert solver.test_interval == 200
    assert solver.snapshot % solver.test_interval == 0


@pytest.mark.parametrize("count", [1, 7, 50, 101, 700, 9973])
def test_tests_read_hardly_an_image_twice(count: int) -> None:
    size = batches_for(100, count, 1000, None).test
    assert 1 <= size <= 50
    assert math.ceil(count / size) * size - count < size / 10 or count < 50


def test_the_five_best_of_three_classes_are_not_counted(data: Path) -> None:
    new_model("mynet", network("squeezenet"), replace(LARGE, classes=3), Wishes())
    found = layers("mynet")
    assert "accuracy" in found
    assert "accuracy_top5" not in found


def test_coloured_images_are_changed_in_training_alone(data: Path) -> None:
    for folder, wishes in (("mynet", Wishes()), ("plain", Wishes(augment=False))):
        new_model(folder, network("lenet_bn"), LARGE, wishes)
        train, test = (layer.transform_param for layer in transforms(folder))
        found = {field.name for field, _ in train.ListFields()}
        augmented = {"mirror", "random_aspect_ratio_param", "distort_param"}
        assert found & augmented == (augmented if wishes.augment else set())
        assert not {field.name for field, _ in test.ListFields()} & augmented


def test_grey_images_are_not_mirrored(data: Path) -> None:
    facts = replace(LARGE, shape=(1, 28, 28), mean=[30.0])
    new_model("mynet", network("lenet_bn"), facts, Wishes())
    train, test = transforms("mynet")
    assert not train.transform_param.mirror
    assert list(test.transform_param.mean_value) == [30]


def test_a_network_that_needs_larger_images(data: Path) -> None:
    with pytest.raises(GraphError, match="bvlc_alexnet does not take images of 20×20"):
        new_model("mynet", network("bvlc_alexnet"), read_facts("db"), Wishes())
    assert not Path("mynet").exists()


def test_a_network_for_smaller_images_is_told(data: Path) -> None:
    notes = new_model("mynet", network("resnet20"), LARGE, Wishes())
    assert notes[0].startswith("resnet20 is made for images of 32×32")
    assert transforms("mynet")[0].transform_param.crop_size == 224


@pytest.mark.parametrize("name", ["ssd300_vgg", "fcn8s", "mtcnn_onet"])
def test_a_network_that_does_not_classify(name: str, data: Path) -> None:
    with pytest.raises(GraphError, match="does not classify images of a database"):
        new_model("mynet", network(name), LARGE, Wishes())


def test_what_exists_stays(data: Path) -> None:
    Path("mynet").mkdir()
    with pytest.raises(DataError, match="'mynet' exists already"):
        new_model("mynet", network("lenet_bn"), LARGE, Wishes())


# ---------------------------------------------------------------------------- fine-tuning


@pytest.fixture
def weights(data: Path) -> str:
    """Weights of resnet20 for ten classes, on 32×32 images."""
    write(Path("large/train_lmdb"), squares(12, 3, (3, 40, 40), 0))
    write(Path("large/val_lmdb"), squares(6, 3, (3, 40, 40), 1))
    with Net(str(network("resnet20").folder / "deploy.prototxt"), TEST, seed=3) as net:
        net.save("w.caffemodel")
    return "w.caffemodel"


def learning_rates(net: Net) -> dict[str, float]:
    """Those of each layer's weights; BatchNorm has none."""
    norms = {node.name for node in net.nodes if node.layer.type == "BatchNorm"}
    return {
        param.layer_name: param.lr_mult
        for param in reversed(net.learnable_params)
        if param.layer_name not in norms
    }


def other_weights() -> str:
    """Weights of a net with one layer, of another name."""
    Path("other.prototxt").write_text("""
        input: "x" input_shape { dim: 1 dim: 1 }
        layer {
          name: "other" type: "InnerProduct" bottom: "x" top: "y"
          inner_product_param { num_output: 1 }
        }""")
    with Net("other.prototxt", TEST) as net:
        net.save("other.caffemodel")
    return "other.caffemodel"


def test_few_images_train_the_classifier_alone(weights: str) -> None:
    notes = new_model("mynet", network("resnet20"), read_facts("large"), Wishes(weights))
    assert findings("mynet") == []
    assert list(read_solver("mynet/solver.prototxt").weights) == [weights]
    with Net("mynet/train_val.prototxt", 0) as net:
        learning = {param.layer_name for param in net.learnable_params if param.lr_mult}
        assert learning == {"fc_mynet"}
        held = [name for name in net.params if name not in learning]
    assert f"{len(held)} layers with weights are frozen, up to {held[-1]}" in notes
    for layer in layers("mynet").values():
        if layer.type == "BatchNorm":
            assert layer.batch_norm_param.use_global_stats


def test_all_layers_learn_and_the_classifier_faster(weights: str) -> None:
    wishes = Wishes(weights, frozen="none")
    new_model("mynet", network("resnet20"), read_facts("large"), wishes)
    assert findings("mynet") == []
    with Net("mynet/train_val.prototxt", 0) as net:
        rates = learning_rates(net)
    (head,) = [name for name in rates if name.endswith("_mynet")]
    assert rates.pop(head) >= 10
    assert set(rates.values()) == {1}
    plain = read_solver(str(network("resnet20").folder / "solver.prototxt"))
    found = read_solver("mynet/solver.prototxt")
    assert found.base_lr == pytest.approx(plain.base_lr * 0.1 * 12 / 128, rel=1e-2)
    train, _ = transforms("mynet")  # the weights are used to the mean that they were trained with
    assert train.transform_param.mean_value[0] == pytest.approx(125.3)


def test_frozen_up_to_a_layer(weights: str) -> None:
    wishes = Wishes(weights, frozen="conv1")
    new_model("mynet", network("resnet20"), read_facts("large"), wishes)
    with Net("mynet/train_val.prototxt", 0) as net:
        frozen = {name for name, rate in learning_rates(net).items() if not rate}
    assert frozen == {"conv1"}


def test_mistakes_of_fine_tuning(weights: str) -> None:
    facts, resnet = read_facts("large"), network("resnet20")
    with pytest.raises(GraphError, match="no layer 'conv99'"):
        new_model("mynet", resnet, facts, Wishes(weights, frozen="conv99"))
    with pytest.raises(GraphError, match="--freeze needs --finetune"):
        new_model("mynet", resnet, facts, Wishes(frozen="all"))
    with pytest.raises(SnapshotError, match="layer 'conv1'"):
        new_model("mynet", network("squeezenet"), facts, Wishes(weights))
    with pytest.raises(DataError, match=r"only 0 of the .* they are of another one"):
        new_model("mynet", resnet, facts, Wishes(other_weights()))
    with pytest.raises(SnapshotError, match="there is no such file"):
        new_model("mynet", resnet, facts, Wishes("nothing.caffemodel"))
    gray = replace(facts, shape=(1, 40, 40))
    with pytest.raises(DataError, match="make the database again with convert_imageset --color"):
        new_model("mynet", resnet, gray, Wishes(weights))
    assert not Path("mynet").exists()
