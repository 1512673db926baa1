"""``minicaffe fold-bn``: the files it writes, what it says, and bad input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from minicaffe import TEST, TRAIN, Net, cli
from tests.told import one_line_each

NET = """
name: "net"
layer { name: "data" type: "DummyData" top: "data" top: "label" dummy_data_param {
        shape { dim: 6 dim: 3 dim: 5 dim: 4 } shape { dim: 6 }
        data_filler { type: "gaussian" std: 20 mean: 7 } data_filler { value: 1 } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" convolution_param {
        num_output: 4 kernel_size: 3 bias_term: false weight_filler { type: "msra" } } }
layer { name: "bn" type: "BatchNorm" bottom: "conv" top: "conv" }
layer { name: "scale" type: "Scale" bottom: "conv" top: "conv" scale_param { bias_term: true } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "drop" type: "Dropout" bottom: "conv" top: "conv" }
layer { name: "ip" type: "InnerProduct" bottom: "conv" top: "ip"
        inner_product_param { num_output: 2 weight_filler { type: "xavier" } } }
layer { name: "bn2" type: "BatchNorm" bottom: "ip" top: "ip"
        batch_norm_param { use_global_stats: false } include { phase: TRAIN } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy" }
"""

FLAGS = ["--model=net.prototxt", "--weights=w.caffemodel", "-o", "out"]

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a net and its weights, made the current one."""
    monkeypatch.chdir(tmp_path)
    Path("net.prototxt").write_text(NET)
    with Net("net.prototxt", TRAIN, seed=2) as net:
        for _ in range(3):
            net.forward()
        net.params["scale"][0].data[...] = [1, 2, 3, 4]
        net.save("w.caffemodel")
    return tmp_path


def test_folds_and_writes_a_deploy_net(trained: Path, capsys: Capture) -> None:
    assert cli.main(["fold-bn", *FLAGS]) == 0
    said = one_line_each(capsys.readouterr().err)
    for line in (
        "loss (SoftmaxWithLoss) becomes prob (Softmax)",
        "data (DummyData) becomes an Input layer",
        "folded: bn into conv",
        "folded: scale into conv",
        "Largest difference on random inputs: ",
        "Largest difference on a batch of the model's own data: ",
        "Wrote out.prototxt and out.caffemodel",
    ):
        assert line in said
    assert "folded: bn2" not in said
    with Net("out.prototxt", TEST, weights="out.caffemodel") as net:
        types = [layer.type for layer in net.layers]
        assert types == ["Input", "Convolution", "ReLU", "InnerProduct", "Softmax"]
        assert (net.inputs, net.outputs) == (["data"], ["prob"])
        assert net.blobs["data"].shape == (1, 3, 5, 4)
        assert [blob.shape for blob in net.params["conv"]] == [(4, 3, 3, 3), (4,)]
        with Net("net.prototxt", TEST, weights="w.caffemodel") as original:
            original.forward()
            image = original.blobs["data"].data[3:4]
            net.forward(data=image)
            want = original.blobs["ip"].data[3:4]
            np.testing.assert_allclose(net.blobs["ip"].data, want, rtol=1e-4, atol=1e-4)


def test_given_inputs_and_shape(trained: Path, capsys: Capture) -> None:
    np.save("x.npy", np.random.default_rng(0).normal(size=(9, 3, 5, 4)))
    words = ["--shape", "2,3,5,4", "--inputs", "x.npy", "-o", "sub.caffemodel"]
    assert cli.main(["fold_bn", *FLAGS[:2], *words]) == 0
    said = one_line_each(capsys.readouterr().err)
    assert "Largest difference on inputs given: " in said
    assert "items: 9" in said
    assert Path("sub.prototxt").exists()
    np.savez("x.npz", data=np.ones((4, 3, 5, 4)))
    words = ["--shape", "data=2,3,5,4", "--inputs", "x.npz", "-o", "sub"]
    assert cli.main(["fold_bn", *FLAGS[:2], *words]) == 0
    assert "items: 4" in one_line_each(capsys.readouterr().err)


def test_what_it_wrote_can_be_folded_again(trained: Path, capsys: Capture) -> None:
    assert cli.main(["fold-bn", *FLAGS]) == 0
    again = ["--model=out.prototxt", "--weights=out.caffemodel", "-o", "again"]
    assert cli.main(["fold-bn", *again]) == 0
    assert "nothing could be folded" in one_line_each(capsys.readouterr().err)
    assert Path("again.caffemodel").stat().st_size == Path("out.caffemodel").stat().st_size


def test_missing_statistics_get_a_warning(trained: Path, capsys: Capture) -> None:
    with Net("net.prototxt", TRAIN, seed=2) as net:
        net.save("w.caffemodel")
    assert cli.main(["fold-bn", *FLAGS]) == 0
    assert "layer 'bn' (BatchNorm): no statistics are stored" in one_line_each(
        capsys.readouterr().err
    )


def test_nothing_is_written_where_the_results_differ(trained: Path, capsys: Capture) -> None:
    """Inputs near a million that differ by one: rounding is all that both nets can see."""
    Path("net.prototxt").write_text(NET.replace("std: 20 mean: 7", "std: 1 mean: 1000000"))
    with Net("net.prototxt", TRAIN, weights="w.caffemodel") as net:
        for blob in net.params["bn"]:
            blob.data[...] = 0
        net.forward()
        net.save("w.caffemodel")
    Path("out.prototxt").write_text("before")
    assert cli.main(["fold-bn", *FLAGS, "--engine=numpy"]) == 1  # another folds as it plans
    assert "the folded net gives other results on random inputs" in one_line_each(
        capsys.readouterr().err
    )
    assert Path("out.prototxt").read_text() == "before"
    assert not Path("out.caffemodel").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--shape", "1,3,x"], "--shape 1,3,x: expected whole numbers such as 1,3,224,224"),
        (["--shape", "dta=1,3,5,4"], "a shape is given for 'dta', which is no input"),
        (["--shape", "1,3,2,2"], "layer 'conv' (Convolution)"),
        (["--inputs", "none.npy"], "none.npy: there is no such file"),
        (["--inputs", "net.prototxt"], "this is no .npy or .npz file"),
        (["--inputs", "wrong.npy"], "shape 2×3×5×5, but the net takes N×3×5×4"),
        (["--inputs", "two.npz"], "arrays a, data found, expected data"),
        (["--inputs", "text.npy"], "numbers are expected"),
        (["--inputs", "objects.npy"], "this is no .npy or .npz file"),
        (["-o", "no/such/folder/out"], "cannot write the file"),
        (["--model=none.prototxt"], "there is no such file"),
        (["--weights=none.caffemodel"], "there is no such file"),
    ],
)
def test_bad_input(trained: Path, capsys: Capture, words: list[str], says: str) -> None:
    np.save("wrong.npy", np.ones((2, 3, 5, 5)))
    np.save("text.npy", np.array(["a"]))
    np.save("objects.npy", np.array([{}], object), allow_pickle=True)
    np.savez("two.npz", a=np.ones(3), data=np.ones(3))
    assert cli.main(["fold-bn", *FLAGS, *words]) == 1
    said = one_line_each(capsys.readouterr().err)
    assert says in said
    assert "Traceback" not in said
    assert not list(Path().glob("out*"))


def test_a_networks_name_brings_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["fold-bn", "--model=lenet_bn", "-o", "out"]) == 0
    assert Path("out.caffemodel").is_file()
    assert "BatchNorm" not in Path("out.prototxt").read_text(encoding="utf-8")
    assert cli.main(["fold-bn", "--model=resnet18", "-o", "other"]) == 2
    assert "missing: --weights" in capsys.readouterr().err
