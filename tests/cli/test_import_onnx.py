"""``minicaffe import-onnx``: the files it writes, what it shows, and bad input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from minicaffe import TEST, TRAIN, Net, cli
from minicaffe.convert.weights import read_layers
from minicaffe.proto.io import read_net

onnx = pytest.importorskip("onnx", reason="needs the extra onnx")
pytest.importorskip("onnxruntime", reason="needs the extra onnx")

from tests.convert.onnx.graphs import model_of  # noqa: E402  (it needs onnx)

N = onnx.helper.make_node
FLAGS = ["import-onnx", "net.onnx", "-o", "deploy.prototxt", "-w", "w.caffemodel"]

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a model, made the current one."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    nodes = [
        N("Conv", ["image", "features.0.weight", "features.0.bias"], ["c"], name="/features/Conv"),
        N("Relu", ["c"], ["r"], name="/features/Relu"),
        N("GlobalAveragePool", ["r"], ["p"]),
        N("Flatten", ["p"], ["f"]),
        N("Gemm", ["f", "classifier.weight"], ["scores"], transB=1),
    ]
    weights = {"features.0.weight": (4, 3, 3, 3), "features.0.bias": (4,),
               "classifier.weight": (5, 4)}  # fmt: skip
    tensors = {name: rng.normal(size=shape).astype(np.float32) for name, shape in weights.items()}
    model = model_of(nodes, {"image": ("n", 3, 6, 7)}, ["scores"], **tensors)
    onnx.save(model, "net.onnx")
    return tmp_path


def test_writes_a_net_and_shows_that_it_is_right(there: Path, capsys: Capture) -> None:
    assert cli.main(FLAGS) == 0
    shown = capsys.readouterr()
    rows = [line.split()[:2] for line in shown.out.splitlines()]
    assert rows.count(["features.0", "c"]) == 2  # layer by layer, and from end to end
    assert rows.count(["classifier", "scores"]) == 2
    assert "image 2×3×6×7" in shown.err
    with Net("deploy.prototxt", TEST, weights="w.caffemodel") as net:
        assert list(net.params) == ["features.0", "classifier"]
        assert net.outputs == ["scores"]
        assert net.blobs["image"].shape == (1, 3, 6, 7)
    assert cli.main(["compare", "deploy.prototxt,w.caffemodel", "net.onnx"]) == 0


def test_a_batch_and_a_shape(there: Path) -> None:
    assert cli.main([*FLAGS, "--shape=4,3,6,7", "--no_verify"]) == 0
    with Net("deploy.prototxt", TEST) as net:
        assert net.blobs["image"].shape == (4, 3, 6, 7)
    assert cli.main([*FLAGS, "--shape=image=4,3,6,8"]) == 1


@pytest.mark.parametrize("batch", ["0", "-3", "many"])
def test_a_batch_is_a_number_of_items(there: Path, batch: str, capsys: Capture) -> None:
    assert cli.main([*FLAGS, f"--batch={batch}"]) != 0
    told = capsys.readouterr().err
    assert f"--batch is '{batch}'" in told
    assert "expected a whole number from 1 to 2147483647" in told


def test_a_difference_is_an_error_and_nothing_is_written(there: Path, capsys: Capture) -> None:
    assert cli.main([*FLAGS, "--tolerance=1e-12"]) == 1
    told = capsys.readouterr().err
    assert "first in layer 'features.0', value 'c'" in told
    assert "Nothing was written" in told
    assert not Path("deploy.prototxt").exists()
    assert not Path("w.caffemodel").exists()


def test_weights_that_cannot_be_written_leave_no_prototxt(there: Path, capsys: Capture) -> None:
    flags = [*FLAGS[:-1], "gone/w.caffemodel", "--no_verify"]
    assert cli.main(flags) == 1
    assert "gone/w.caffemodel" in capsys.readouterr().err
    assert not Path("deploy.prototxt").exists()


def test_what_cannot_be_read_is_told(there: Path, capsys: Capture) -> None:
    onnx.save(model_of([N("Asin", ["x"], ["y"], name="it")], {"x": (2, 3)}), "net.onnx")
    assert cli.main(FLAGS) == 1
    told = capsys.readouterr().err
    assert "node 'it' (Asin, opset 17, after x, an output): no layer does what it does" in told
    assert "net.onnx" in told
    Path("net.onnx").write_bytes(b"no")
    assert cli.main(FLAGS) == 1
    assert "this is no ONNX model" in capsys.readouterr().err


def test_a_net_to_fine_tune(there: Path, capsys: Capture) -> None:
    assert cli.main([*FLAGS, "--train", "--no_verify"]) == 0
    param = read_net("deploy.prototxt")
    assert [layer.type for layer in param.layer] == [
        "Data", "Data", "Convolution", "ReLU", "Pooling", "InnerProduct", "SoftmaxWithLoss",
        "Accuracy",
    ]  # fmt: skip
    assert param.layer[2].convolution_param.weight_filler.type == "msra"
    del param.layer[:2]
    data = param.layer.add(name="image", type="DummyData", top=["image", "label"])
    data.dummy_data_param.shape.add(dim=[2, 3, 6, 7])
    data.dummy_data_param.shape.add(dim=[2])
    param.layer.insert(0, param.layer.pop())
    with Net(param, TRAIN, weights="w.caffemodel") as net:
        net.forward()
        net.backward()
        assert np.abs(net.params["features.0"][1].diff).max() > 0
    assert cli.main([*FLAGS, "--train", "--target=bvlc"]) == 1
    assert "--train and --target" in capsys.readouterr().err


def test_statistics_of_a_net_to_fine_tune_move_as_the_model_says(there: Path) -> None:
    """ONNX's momentum is Caffe's fraction; the weight of the sums is that of a long training."""
    nodes = [
        N("BatchNormalization", ["x", "s", "b", "m", "v"], ["n"], momentum=0.75),
        N("GlobalAveragePool", ["n"], ["p"]),
        N("Flatten", ["p"], ["scores"]),
    ]
    statistics = {name: np.array([2.0, 3.0], np.float32) for name in "sbmv"}
    onnx.save(model_of(nodes, {"x": (1, 2, 4, 4)}, ["scores"], **statistics), "net.onnx")
    for flags, weight in ([], 1), (["--train"], 4):
        assert cli.main([*FLAGS, "--no_verify", *flags]) == 0
        (norm,) = [part for part in read_net("deploy.prototxt").layer if part.type == "BatchNorm"]
        assert norm.batch_norm_param.moving_average_fraction == 0.75
        (mean, _, total) = read_layers("w.caffemodel")[0].blobs
        assert total.tolist() == [weight]
        assert mean.tolist() == [2 * weight, 3 * weight]


def test_one_file_for_both_is_refused(there: Path, capsys: Capture) -> None:
    assert cli.main(["import-onnx", "net.onnx", "-o", "same", "-w", "./same", "--no_verify"]) == 1
    assert "two results would be this one file" in capsys.readouterr().err
    assert not Path("same").exists()


def test_a_flag_about_targets_needs_one(there: Path, capsys: Capture) -> None:
    assert cli.main([*FLAGS, "--keep_unknown"]) == 1
    assert "give --target, too" in capsys.readouterr().err


def test_nets_of_another_form_are_not_made_trainable(there: Path, capsys: Capture) -> None:
    onnx.save(model_of([N("Relu", ["x"], ["y"])], {"x": (2, 3, 4, 5)}), "net.onnx")
    assert cli.main([*FLAGS, "--train"]) == 1
    assert "one output of N×classes, and here are y (2×3×4×5)" in capsys.readouterr().err
    assert not Path("deploy.prototxt").exists()


def test_a_net_for_a_target(there: Path, capsys: Capture) -> None:
    nodes = [
        N("Conv", ["x", "w"], ["c"], name="conv"),
        N("Clip", ["c", "low", "high"], ["y"], name="relu6"),
    ]
    tensors = {"w": np.ones((2, 3, 1, 1), np.float32), "low": np.float32(0)[...],
               "high": np.float32(6)[...]}  # fmt: skip
    onnx.save(model_of(nodes, {"x": (1, 3, 4, 5)}, **tensors), "net.onnx")
    assert cli.main([*FLAGS, "--target=bvlc"]) == 0
    types = [layer.type for layer in read_net("deploy.prototxt").layer]
    assert types[:2] == ["Input", "Convolution"]
    assert "ReLU6" not in types
    assert "relu6: " in capsys.readouterr().err
    assert cli.main(["compare", "deploy.prototxt,w.caffemodel", "net.onnx"]) == 0
    assert cli.main([*FLAGS, "--target=bvlk"]) == 1
