"""``minicaffe export-onnx``: the file it writes, what it shows, and bad input."""

from __future__ import annotations

from pathlib import Path

import pytest

from minicaffe import TRAIN, Net, cli
from minicaffe.zoo import network
from tests.told import one_line_each

onnx = pytest.importorskip("onnx", reason="needs the extra onnx")
pytest.importorskip("onnxruntime", reason="needs the extra onnx")

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
layer { name: "ip" type: "InnerProduct" bottom: "conv" top: "ip"
        inner_product_param { num_output: 2 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
"""

FLAGS = ["export-onnx", "--model=net.prototxt", "--weights=w.caffemodel", "-o", "net.onnx"]

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a net and its weights, made the current one."""
    monkeypatch.chdir(tmp_path)
    Path("net.prototxt").write_text(NET)
    with Net("net.prototxt", TRAIN, seed=2) as net:
        for _ in range(3):
            net.forward()
        net.save("w.caffemodel")
    return tmp_path


def operators(path: str = "net.onnx") -> list[str]:
    """The operators of a model."""
    return [node.op_type for node in onnx.load(path).graph.node]


def test_writes_a_model_and_shows_that_it_is_right(trained: Path, capsys: Capture) -> None:
    assert cli.main([*FLAGS, "--batch=dynamic"]) == 0
    shown = capsys.readouterr()
    assert operators() == ["Conv", "Relu", "Flatten", "Gemm", "Softmax"]
    rows = [line.split()[:2] for line in shown.out.splitlines()]
    for row in (["relu", "conv"], ["ip", "ip"], ["prob", "prob"]):
        assert rows.count(row) == 2  # layer by layer, and from end to end
    assert rows.count(["scale", "conv/scale"]) == 1  # it is overwritten in place
    for line in (
        "loss (SoftmaxWithLoss) becomes prob (Softmax)",
        "folded: 2 layers into those beside them",
        "compared on random inputs of deviation 1: data 1×3×5×4",
        "compared on random inputs of deviation 64: data 2×3×5×4",
        "Wrote net.onnx",
    ):
        assert line in shown.err


def test_metadata_and_shapes(trained: Path) -> None:
    assert cli.main([*FLAGS, "--batch=dynamic", "--opset=17"]) == 0
    model = onnx.load("net.onnx")
    found = {entry.key: entry.value for entry in model.metadata_props}
    assert found["prototxt_name"] == "net.prototxt"
    assert found["weights_name"] == "w.caffemodel"
    assert len(found["weights_sha256"]) == 64
    (value,) = model.graph.input
    dims = value.type.tensor_type.shape.dim
    assert [dim.dim_param or dim.dim_value for dim in dims] == ["batch", 3, 5, 4]
    assert model.opset_import[0].version == 17


def test_batchnorm_may_stay(trained: Path) -> None:
    assert cli.main([*FLAGS, "--keep_bn"]) == 0
    assert operators()[:4] == ["Conv", "BatchNormalization", "Mul", "Add"]


def test_until_a_blob(trained: Path) -> None:
    assert cli.main([*FLAGS, "--until=conv", "--batch=4"]) == 0
    assert operators() == ["Conv", "Relu"]
    (value,) = onnx.load("net.onnx").graph.output
    assert value.name == "conv"
    assert [dim.dim_value for dim in value.type.tensor_type.shape.dim] == [4, 4, 3, 2]


def test_until_a_blob_that_another_one_needs(trained: Path) -> None:
    """conv is overwritten in place before it is read."""
    assert cli.main([*FLAGS, "--until=conv,prob", "--batch=4"]) == 0
    assert sorted(value.name for value in onnx.load("net.onnx").graph.output) == ["conv", "prob"]
    assert "Identity" in operators()


def test_the_same_bytes_every_time(trained: Path) -> None:
    assert cli.main([*FLAGS, "--no_verify"]) == 0
    first = Path("net.onnx").read_bytes()
    assert cli.main(FLAGS) == 0
    assert Path("net.onnx").read_bytes() == first
    assert str(trained).encode() not in first


def test_a_difference_is_status_1_and_no_file(trained: Path, capsys: Capture) -> None:
    assert cli.main([*FLAGS, "--tolerance=1e-12"]) == 1
    shown = capsys.readouterr()
    assert "the model computes something else than the net, first in layer 'scale'" in shown.err
    assert "<-" in shown.out
    assert not Path("net.onnx").exists()


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("--opset=7", "opset 7 asked for; 11 to "),
        ("--batch=many", "batch is 'many'"),
        ("--until=cnov", "did you mean `conv`?"),
        ("--inputs=none.npy", "none.npy"),
    ],
)
def test_bad_flags(trained: Path, capsys: Capture, flag: str, said: str) -> None:
    assert cli.main([*FLAGS, flag]) == 1
    assert said in one_line_each(capsys.readouterr().err)
    assert not Path("net.onnx").exists()


def test_a_python_layer_is_written_when_asked(trained: Path, capsys: Capture) -> None:
    Path("twice.py").write_text(
        "import minicaffe as caffe\n"
        "class Twice(caffe.Layer):\n"
        "    def setup(self, bottom, top): pass\n"
        "    def reshape(self, bottom, top): top[0].reshape(*bottom[0].shape)\n"
        "    def forward(self, bottom, top): top[0].data[...] = 2 * bottom[0].data\n"
        "    def backward(self, top, propagate_down, bottom): pass\n"
    )
    Path("net.prototxt").write_text(
        """layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 } } }
           layer { name: "twice" type: "Python" bottom: "data" top: "twice"
                   python_param { module: "twice" layer: "Twice" param_str: "a: 1" } }"""
    )
    flags = ["export-onnx", "--model=net.prototxt", "-o", "net.onnx"]
    assert cli.main(flags) == 1
    assert "Python" in one_line_each(capsys.readouterr().err)
    assert cli.main([*flags, "--custom_python"]) == 0
    assert "not compared: twice are operators" in one_line_each(capsys.readouterr().err)
    (node,) = onnx.load("net.onnx").graph.node
    assert (node.domain, node.op_type) == ("minicaffe", "Twice")
    assert {entry.name: entry.s for entry in node.attribute} == {
        "module": b"twice", "param_str": b"a: 1",
    }  # fmt: skip


def test_half_precision(trained: Path) -> None:
    assert cli.main([*FLAGS, "--fp16"]) == 0
    model = onnx.load("net.onnx")
    assert {tensor.data_type for tensor in model.graph.initializer} == {onnx.TensorProto.FLOAT16}
    assert operators()[0] == operators()[-1] == "Cast"


def test_pixels_as_they_are(trained: Path, capsys: Capture) -> None:
    text = NET.replace('name: "data"', 'transform_param { mean_value: 7 scale: 0.5 } name: "data"')
    Path("net.prototxt").write_text(text)
    assert cli.main([*FLAGS, "--preprocess", "--keep_bn"]) == 0
    assert [value.name for value in onnx.load("net.onnx").graph.input] == ["data_pixels"]
    assert operators()[:3] == ["Add", "Mul", "Conv"]
    Path("net.prototxt").write_text(NET)
    assert cli.main([*FLAGS, "--preprocess"]) == 1
    assert "no data layer has a transform_param" in one_line_each(capsys.readouterr().err)


def test_a_networks_name_brings_its_files(trained: Path) -> None:
    words = ["export-onnx", "--model=lenet_bn", "-o", "named.onnx", "--no_verify"]
    assert cli.main(words) == 0
    shipped = network("lenet_bn")
    weights = [f"--weights={shipped.weights}", "-o", "files.onnx", "--no_verify"]
    assert cli.main(["export-onnx", f"--model={shipped.folder}/deploy.prototxt", *weights]) == 0
    graphs = [onnx.load(path).graph for path in ("named.onnx", "files.onnx")]
    assert graphs[0] == graphs[1]
