"""Weights from one format to another, by the verb."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from minicaffe import cli
from minicaffe.convert.weights.tensors import read_tensors, write_tensors
from minicaffe.weights.safetensors import read_safetensors, write_safetensors
from tests.convert.weights.files import NAMES, numbers, write_net
from tests.told import one_line_each

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the small net and its weights, made the current one."""
    pytest.importorskip("h5py")
    write_net(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def convert(*words: str) -> int:
    return cli.main(["convert_weights", *words])


def assert_same(found: Path | str, expected: Path | str) -> None:
    """Both files give the net the same numbers; averages may round."""
    before, after = numbers(expected), numbers(found)
    assert list(before) == list(after)
    for name, arrays in before.items():
        for array, other in zip(arrays, after[name], strict=True):
            np.testing.assert_allclose(other, array, rtol=3e-7, atol=0, err_msg=name)


@pytest.mark.parametrize("ending", [".safetensors", ".npz", ".caffemodel", ".caffemodel.h5"])
@pytest.mark.parametrize("source", ["w.caffemodel", "w.caffemodel.h5"])
def test_there_and_back_with_the_net(small: Path, source: str, ending: str) -> None:
    assert convert(source, f"x{ending}", "--model=net.prototxt") == 0
    assert convert(f"x{ending}", "back.caffemodel", "--model=net.prototxt") == 0
    assert convert(f"x{ending}", "back.h5", "--model=net.prototxt") == 0
    assert_same(small / "back.caffemodel", small / "w.caffemodel")
    assert_same(small / "back.h5", small / "w.caffemodel")


@pytest.mark.parametrize("ending", [".safetensors", ".npz", ".caffemodel", ".h5"])
def test_there_and_back_without_the_net(small: Path, ending: str) -> None:
    assert convert("w.caffemodel", f"x{ending}") == 0
    assert convert(f"x{ending}", "back.caffemodel") == 0
    assert_same(small / "back.caffemodel", small / "w.caffemodel")


def test_names_and_averages(small: Path) -> None:
    assert convert("w.caffemodel", "x.safetensors", "--model=net.prototxt") == 0
    found, net = read_tensors("x.safetensors"), numbers(small / "w.caffemodel")
    assert list(found)[: len(NAMES)] == NAMES
    np.testing.assert_array_equal(found["conv1.weight"], net["conv1"][0])
    np.testing.assert_allclose(found["bn1.running_mean"], net["bn1"][0] / 2.5, rtol=1e-6)
    np.testing.assert_allclose(found["bn1.running_var"], net["bn1"][1] / 2.5, rtol=1e-6)
    np.testing.assert_array_equal(found["bn1.factor"], [2.5])


def test_what_a_layer_shares_may_be_missing_with_the_net(small: Path, capsys: Capture) -> None:
    assert convert("w.caffemodel", "x.npz", "--model=net.prototxt") == 0
    arrays = {k: v for k, v in read_tensors("x.npz").items() if not k.startswith("fc_twin")}
    write_tensors("x.npz", arrays)
    assert convert("x.npz", "back.caffemodel", "--model=net.prototxt") == 0
    assert_same(small / "back.caffemodel", small / "w.caffemodel")


def torchs(small: Path) -> dict[str, np.ndarray]:
    """The weights as a module of PyTorch has them, with names of its own."""
    convert("w.caffemodel", "x.npz", "--model=net.prototxt")
    found = read_tensors("x.npz")
    return {
        "features.0.weight": found["conv1.weight"],
        "features.0.bias": found["conv1.bias"],
        "features.1.weight": found["scale1.weight"],
        "features.1.bias": found["scale1.bias"],
        "features.1.running_mean": found["bn1.running_mean"],
        "features.1.running_var": found["bn1.running_var"],
        "features.1.num_batches_tracked": np.array(7),
        "features.2.weight": found["relu1.weight"],
        "classifier.weight": found["fc.weight"],
        "classifier.bias": found["fc.bias"],
        "unused.weight": np.zeros(3, np.float32),
    }


MAP = """
conv1 features.0    # the first
bn1 features.1
scale1 features.1
*1 features.2
fc classifier
- unused*
"""


def test_names_are_mapped_and_batchnorm_can_train_on(small: Path) -> None:
    write_safetensors("torch.safetensors", torchs(small))
    (small / "names.txt").write_text(MAP)
    words = ["--model=net.prototxt", "--map=names.txt"]
    assert convert("torch.safetensors", "back.caffemodel", *words) == 0
    found, net = numbers(small / "back.caffemodel"), numbers(small / "w.caffemodel")
    assert found["bn1"][2] == [4]  # 1 / (1 - 0.75)
    np.testing.assert_allclose(found["bn1"][0] / 4, net["bn1"][0] / 2.5, rtol=1e-6)
    np.testing.assert_array_equal(found["scale1"][0], net["scale1"][0])
    np.testing.assert_array_equal(found["fc_twin"][0], net["fc"][0])


def test_the_other_direction_of_a_map(small: Path) -> None:
    (small / "names.txt").write_text("*.factor -\nfc_twin -\n" + MAP)
    words = ["--model=net.prototxt", "--map=names.txt"]
    expected = torchs(small)
    assert convert("w.caffemodel", "x.npz", *words) == 0
    found = read_tensors("x.npz")
    assert set(expected) - set(found) == {"features.1.num_batches_tracked", "unused.weight"}
    for name, array in found.items():
        np.testing.assert_array_equal(array, expected[name])


def test_all_that_does_not_fit_is_told(small: Path, capsys: Capture) -> None:
    arrays = torchs(small)
    arrays["conv1.weight"] = arrays.pop("features.0.weight")[:3]
    arrays["conv.bias"] = arrays.pop("features.0.bias").astype(np.int32)
    write_safetensors("torch.safetensors", arrays)
    (small / "names.txt").write_text(
        "bn1 features.1\nscale1 features.1\nrelu1 features.2\nfc other\n"
    )
    words = ["--model=net.prototxt", "--map=names.txt"]
    assert convert("torch.safetensors", "back.caffemodel", *words) == 1
    told = one_line_each(capsys.readouterr().err)
    assert "'conv1.weight' has shape 3×3×3×3, in the net 4×3×3×3" in told
    assert "'conv1.bias' is not there (Convolution 'conv1'); did you mean `conv.bias`?" in told
    assert "'other.weight' is not there (InnerProduct 'fc')" in told
    assert "'classifier.weight' has no place in 'net.prototxt'" in told
    assert "'unused.weight' has no place" in told
    assert not (small / "back.caffemodel").exists()


def test_caffes_weights_that_do_not_fit(small: Path, capsys: Capture) -> None:
    text = (small / "net.prototxt").read_text()
    (small / "other.prototxt").write_text(
        text.replace("num_output: 4", "num_output: 6").replace('name: "fc_twin"', 'name: "fc_pair"')
    )
    assert convert("w.caffemodel", "x.npz", "--model=other.prototxt") == 1
    told = one_line_each(capsys.readouterr().err)
    assert "'conv1.weight' has shape 4×3×3×3, in the net 6×3×3×3" in told
    assert "'bn1.running_var' has shape 4, in the net 6" in told
    assert "layer 'fc_pair' (InnerProduct) is not there" in told
    assert "layer 'fc_twin' is not in 'other.prototxt'" in told


def test_names_that_only_a_net_explains(small: Path, capsys: Capture) -> None:
    write_safetensors("torch.safetensors", torchs(small) | {"alone": np.zeros(2, np.float32)})
    assert convert("torch.safetensors", "back.caffemodel") == 1
    told = one_line_each(capsys.readouterr().err)
    assert "layer 'features.1': which parameters bias, running_mean" in told
    assert "--model" in told
    assert "'alone' is no name of a layer and a parameter" in told


def test_a_map_that_cannot_be(small: Path, capsys: Capture) -> None:
    (small / "names.txt").write_text("conv1 a b\nx*\nx y*\n")
    assert convert("w.caffemodel", "x.npz", "--map=names.txt") == 1
    told = one_line_each(capsys.readouterr().err)
    for mistake in ("line 1: 3 words", "line 2: 1 words", "line 3: the new"):
        assert mistake in told
    (small / "names.txt").write_text("conv9 a\n* same\n")
    assert convert("w.caffemodel", "x.npz", "--map=names.txt") == 1
    told = one_line_each(capsys.readouterr().err)
    assert "names.txt:1: nothing is called `conv9`" in told
    assert "'scale1.weight' and 'conv1.weight' are both called 'same.weight'" in told
    assert convert("w.caffemodel", "x.h5", "--map=names.txt") == 1
    assert "rename_layers" in one_line_each(capsys.readouterr().err)


def test_a_name_without_a_format(small: Path, capsys: Capture) -> None:
    assert convert("w.caffemodel", "x.dat") == 1
    assert "its name says no format, expected one of .caffemodel" in one_line_each(
        capsys.readouterr().err
    )


def test_hdf5_alone_does_not_say_what_is_shared(small: Path, capsys: Capture) -> None:
    text = (small / "net.prototxt").read_text()
    text = text.replace('param { name: "b" } inner_product_param { num_output: 5 } }',
                        'inner_product_param { num_output: 5 } }')  # fmt: skip
    (small / "net.prototxt").write_text(text)
    import minicaffe

    net = minicaffe.Net("net.prototxt", minicaffe.TEST)
    net.copy_from("w.caffemodel")
    net.save_hdf5("half.h5")
    assert convert("half.h5", "x.npz") == 1
    assert "leave out what a layer shares; give the net as --model" in one_line_each(
        capsys.readouterr().err
    )
    assert convert("half.h5", "x.npz", "--model=net.prototxt") == 0
    found = read_tensors("x.npz")
    np.testing.assert_array_equal(found["fc_twin.weight"], found["fc.weight"])


def test_doubles_stay_doubles(small: Path) -> None:
    write_tensors("x.npz", {"a.weight": np.full((2, 3), 1 / 3)})
    assert convert("x.npz", "x.caffemodel") == 0
    assert convert("x.caffemodel", "y.safetensors") == 0
    found = read_safetensors("y.safetensors")["a.weight"]
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, np.full((2, 3), 1 / 3))
