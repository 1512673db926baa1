"""``minicaffe compare``: two forms of a network, value by value."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from minicaffe import TEST, Net, cli
from minicaffe.convert.values import value_names
from tests.told import one_line_each

NET = """
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 dim: 6 dim: 5 } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
        convolution_param { num_output: 4 kernel_size: 3 weight_filler { type: "xavier" } } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "ip" type: "InnerProduct" bottom: "conv" top: "ip"
        inner_product_param { num_output: 5 weight_filler { type: "xavier" } } }
layer { name: "prob" type: "Softmax" bottom: "ip" top: "prob" }
"""  # noqa: E501

Capture = pytest.CaptureFixture[str]
A = "net.prototxt,a.caffemodel"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a net, its weights, and weights of which one of ip's rows is another."""
    monkeypatch.chdir(tmp_path)
    Path("net.prototxt").write_text(NET)
    with Net("net.prototxt", TEST, seed=2) as net:
        net.save("a.caffemodel")
        net.params["ip"][0].data[3] *= 2
        net.save("b.caffemodel")
    return tmp_path


def dump(folder: str, weights: str) -> None:
    """The net's values on its own inputs as .npy files."""
    Path(folder).mkdir()
    with Net("net.prototxt", TEST, weights=weights) as net:
        net.blobs["data"].data[...] = np.random.default_rng(0).normal(size=(2, 3, 6, 5))
        for index, names in enumerate(value_names(net)):
            net.forward_from_to(index, index)
            for name, blob in zip(names, net.nodes[index].tops, strict=True):
                np.save(f"{folder}/{name.replace('/', '_')}.npy", blob.data)


def rows(text: str) -> list[list[str]]:
    """Layer and value of the lines of a table."""
    return [line.split()[:2] for line in text.splitlines()[1:]]


def test_the_same_net_twice(capsys: Capture) -> None:
    assert cli.main(["compare", A, A]) == 0
    shown = capsys.readouterr()
    assert rows(shown.out) == [
        ["data", "data"], ["conv", "conv/conv"], ["relu", "conv"], ["ip", "ip"], ["prob", "prob"],
    ]  # fmt: skip
    assert "5 values compared; 0 only in net.prototxt" in shown.err


def test_weights_that_are_not_given_are_told(capsys: Capture) -> None:
    assert cli.main(["compare", A, "net.prototxt"]) == 1
    told = capsys.readouterr().err
    assert "net.prototxt: no weights are given (net.prototxt,W.caffemodel)" in told
    assert told.count("no weights are given") == 1


def test_other_weights_are_found(capsys: Capture) -> None:
    assert cli.main(["compare", A, "net.prototxt,b.caffemodel"]) == 1
    shown = capsys.readouterr()
    assert "the first difference is in layer 'ip', value 'ip'" in shown.err
    assert "only channels 3: their weights or statistics" in shown.err


def test_bisect_blames_only_the_layer(capsys: Capture) -> None:
    """prob gets the other net's values, and makes the same of them."""
    assert cli.main(["compare", A, "net.prototxt,b.caffemodel", "--bisect"]) == 1
    first, second = capsys.readouterr().out.split("\nEach layer on the other form's values:\n")
    assert [line.split()[0] for line in first.splitlines() if "<-" in line] == ["ip", "prob"]
    assert [line.split()[0] for line in second.splitlines() if "<-" in line] == ["ip"]


def test_a_folder_has_its_own_inputs(capsys: Capture) -> None:
    dump("values", "a.caffemodel")
    assert cli.main(["compare", "values", A]) == 0
    assert ["conv_conv", "conv_conv"] in rows(capsys.readouterr().out)
    assert cli.main(["compare", "net.prototxt,b.caffemodel", "values"]) == 1
    assert "the first difference is in layer 'ip'" in one_line_each(capsys.readouterr().err)


def test_an_onnx_model(capsys: Capture) -> None:
    pytest.importorskip("onnx", reason="needs the extra onnx")
    pytest.importorskip("onnxruntime", reason="needs the extra onnx")
    export = ["export-onnx", "--model=net.prototxt", "--weights=a.caffemodel", "-o", "net.onnx"]
    assert cli.main(export) == 0
    assert cli.main(["compare", "net.onnx", A, "--bisect"]) == 0
    capsys.readouterr()
    assert cli.main(["compare", "net.prototxt,b.caffemodel", "net.onnx", "--bisect"]) == 1
    assert "layer 'ip', value 'ip'" in one_line_each(capsys.readouterr().err)


def test_given_inputs(capsys: Capture) -> None:
    np.save("x.npy", np.ones((7, 3, 6, 5), np.float32))
    assert cli.main(["compare", A, A, "--inputs=x.npy"]) == 0
    np.save("y.npy", np.ones((7, 3, 6, 4), np.float32))
    assert cli.main(["compare", A, A, "--inputs=y.npy"]) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["none.prototxt", A], "'none.prototxt' is not there; expected a prototxt"),
        (["net.prototxt,none.caffemodel", A], "none.caffemodel"),
        (["empty", A], "the folder has no .npy file"),
        (["bad", A], "this is no .npy file of numbers"),
        (["others", A], "has no arrays of the inputs data"),
        (["others", "others2"], "no value has the same name in both"),
    ],
)
def test_bad_input(words: list[str], said: str, capsys: Capture) -> None:
    for name in ("empty", "bad", "others", "others2"):
        Path(name).mkdir()
    Path("bad/data.npy").write_bytes(b"no array")
    np.save("others/x.npy", np.ones(3))
    np.save("others2/y.npy", np.ones(3))
    assert cli.main(["compare", *words]) == 1
    assert said in one_line_each(capsys.readouterr().err)


def test_a_damaged_onnx_file(capsys: Capture) -> None:
    pytest.importorskip("onnx", reason="needs the extra onnx")
    Path("net.onnx").write_bytes(b"\xff" * 100)
    assert cli.main(["compare", "net.onnx", A]) == 1
    assert "net.onnx: this is no ONNX model, or it is damaged" in one_line_each(
        capsys.readouterr().err
    )
    assert cli.main(["compare", "none.onnx", A]) == 1
    assert "none.onnx: there is no such file" in one_line_each(capsys.readouterr().err)


def test_weights_outside_of_an_onnx_files_folder_are_not_read(capsys: Capture) -> None:
    onnx = pytest.importorskip("onnx", reason="needs the extra onnx")
    pytest.importorskip("onnxruntime", reason="needs the extra onnx")
    export = ["export-onnx", "--model=net.prototxt", "--weights=a.caffemodel", "-o", "net.onnx"]
    assert cli.main(export) == 0
    model = onnx.load("net.onnx")
    tensor = model.graph.initializer[0]
    Path("inner").mkdir()
    Path("secret").write_bytes(tensor.raw_data)
    tensor.ClearField("raw_data")
    tensor.data_location = tensor.EXTERNAL
    tensor.external_data.add(key="location", value="../secret")
    Path("inner/net.onnx").write_bytes(model.SerializeToString())
    assert cli.main(["compare", "inner/net.onnx", A]) == 1
    told = one_line_each(capsys.readouterr().err)
    assert "inner/net.onnx: initialiser 'conv/0': its values are said to be in" in told
    assert "outside of the model's folder" in told
