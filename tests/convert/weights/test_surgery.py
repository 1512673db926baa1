"""``minicaffe surgery``: what becomes of weights by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import minicaffe
from minicaffe import cli
from minicaffe.convert.weights import LayerWeights, read_layers, write_layers
from tests.told import one_line_each

Capture = pytest.CaptureFixture[str]
Blobs = dict[str, list[np.ndarray]]

FULL = """
layer { name: "data" type: "Input" top: "data"
  input_param { shape { dim: 2 dim: 3 dim: 4 dim: 5 } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
  convolution_param { num_output: 4 kernel_size: 2 weight_filler { type: "gaussian" std: 1 } } }
layer { name: "fc6" type: "InnerProduct" bottom: "conv" top: "fc6"
  inner_product_param { num_output: 7 weight_filler { type: "gaussian" std: 1 } } }
layer { name: "fc8" type: "InnerProduct" bottom: "fc6" top: "fc8"
  inner_product_param { num_output: 5 weight_filler { type: "gaussian" std: 1 }
    bias_filler { type: "gaussian" std: 1 } } }
"""  # fmt: skip

CONVOLUTIONAL = """
layer { name: "data" type: "Input" top: "data"
  input_param { shape { dim: 2 dim: 3 dim: 4 dim: 5 } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
  convolution_param { num_output: 4 kernel_size: 2 } }
layer { name: "fc6-conv" type: "Convolution" bottom: "conv" top: "fc6"
  convolution_param { num_output: 7 kernel_h: 3 kernel_w: 4 } }
layer { name: "fc8-conv" type: "Convolution" bottom: "fc6" top: "fc8"
  convolution_param { num_output: 5 kernel_size: 1 } }
"""  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder with two nets and the weights of the first, made the current one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full.prototxt").write_text(FULL)
    (tmp_path / "conv.prototxt").write_text(CONVOLUTIONAL)
    minicaffe.Net("full.prototxt", minicaffe.TEST, seed=5).save("w.caffemodel")
    return tmp_path


def surgery(*words: str, source: str = "w.caffemodel") -> int:
    return cli.main(["surgery", source, *words])


def blobs(path: str) -> Blobs:
    return {layer.name: list(layer.blobs) for layer in read_layers(path)}


def save(path: str, **layers: list[object]) -> None:
    """Weights of layers of no type; a name with _bn is a BatchNorm's."""
    write_layers(path, [
        LayerWeights(name, "BatchNorm" if "_bn" in name else "",
                     tuple(np.array(blob, np.float32) for blob in arrays))
        for name, arrays in layers.items()
    ])  # fmt: skip


def test_inner_products_become_convolutions(folder: Path, capsys: Capture) -> None:
    words = ["--copy=fc*=fc*-conv", "--drop=fc6", "--drop=fc8", "--model=conv.prototxt"]
    assert surgery(*words, "-o", "x.caffemodel") == 0
    rows = [" ".join(row.split()) for row in capsys.readouterr().out.splitlines()]
    assert "fc6 7×48 7 - dropped" in rows
    assert "fc6-conv - 7×4×3×4 7 copied from fc6" in rows
    full = minicaffe.Net("full.prototxt", minicaffe.TEST, weights="w.caffemodel")
    conv = minicaffe.Net("conv.prototxt", minicaffe.TEST, weights="x.caffemodel")
    given = np.random.default_rng(6).normal(size=(2, 3, 4, 5))
    for net in (full, conv):
        net.blobs["data"].data[...] = given
        net.forward()
    found = conv.blobs["fc8"].data.reshape(2, 5)
    np.testing.assert_allclose(found, full.blobs["fc8"].data, rtol=1e-5, atol=1e-5)


def test_classes_and_inputs_are_sliced(folder: Path) -> None:
    words = ["--slice=fc8=4,0-1", "--slice=fc6@1=3-5,0", "-o", "x.caffemodel"]
    assert surgery(*words) == 0
    before, after = blobs("w.caffemodel"), blobs("x.caffemodel")
    for index in range(2):
        np.testing.assert_array_equal(after["fc8"][index], before["fc8"][index][[4, 0, 1]])
    np.testing.assert_array_equal(after["fc6"][0], before["fc6"][0][:, [3, 4, 5, 0]])
    np.testing.assert_array_equal(after["fc6"][1], before["fc6"][1])


def test_layers_are_joined_and_added(folder: Path) -> None:
    save(
        "a.caffemodel",
        a=[[[1, 2, 3]], [1]], b=[[[4, 5, 6], [7, 8, 9]], [2, 3]],
        c=[[[1, 1, 1]], [1]], a_bn=[[4, 8], [2, 6], [2]], b_bn=[[15], [5], [5]],
    )  # fmt: skip
    words = ["--sum=a,c=s", "--join=s,b=all", "--join=*_bn=bn", "-o", "x.caffemodel"]
    assert surgery(*words, source="a.caffemodel") == 0
    found = blobs("x.caffemodel")
    assert list(found) == ["all", "bn"]
    np.testing.assert_array_equal(found["all"][0], [[2, 3, 4], [4, 5, 6], [7, 8, 9]])
    np.testing.assert_array_equal(found["all"][1], [2, 2, 3])
    for blob, expected in zip(found["bn"], ([4, 8, 6], [2, 6, 2], [2]), strict=True):
        np.testing.assert_array_equal(blob, expected)


def test_trainings_are_averaged(folder: Path) -> None:
    save("a.caffemodel", fc=[[[1, 2]], [1]], x_bn=[[4, 8], [2, 6], [2]])
    save("b.caffemodel", fc=[[[3, 6]], [2]], x_bn=[[24, 0], [6, 12], [6]])
    assert surgery("--average=b.caffemodel", "-o", "x.caffemodel", source="a.caffemodel") == 0
    found = blobs("x.caffemodel")
    np.testing.assert_array_equal(found["fc"][0], [[2, 4]])
    np.testing.assert_array_equal(found["fc"][1], [1.5])
    # averages 2, 4 and 4, 0 with the weight 4 of both
    for blob, expected in zip(found["x_bn"], ([12, 8], [4, 10], [4]), strict=True):
        np.testing.assert_array_equal(blob, expected)


def test_layers_of_another_file(folder: Path) -> None:
    save("a.caffemodel", fc8=[[[1, 2]], [1]], other=[[1]])
    words = ["--take=a.caffemodel:fc8", "--take=a.caffemodel:oth*=new_*", "-o", "x.caffemodel"]
    assert surgery(*words) == 0
    found = blobs("x.caffemodel")
    assert list(found) == ["conv", "fc6", "fc8", "new_er"]
    np.testing.assert_array_equal(found["fc8"][0], [[1, 2]])


def test_reshape_and_hdf5(folder: Path) -> None:
    pytest.importorskip("h5py")
    assert surgery("--reshape=fc6=7,4,3,4", "-o", "x.caffemodel.h5") == 0
    before, after = blobs("w.caffemodel"), blobs("x.caffemodel.h5")
    assert after["fc6"][0].shape == (7, 4, 3, 4)
    np.testing.assert_array_equal(after["fc6"][0].reshape(7, 48), before["fc6"][0])


def test_a_dry_run_only_shows(folder: Path, capsys: Capture) -> None:
    before = sorted(path.name for path in folder.iterdir())
    assert surgery("--drop=fc*", "--dry_run") == 0
    rows = [" ".join(row.split()) for row in capsys.readouterr().out.splitlines()]
    assert rows[1:] == ["conv 4×3×2×2 4 4×3×2×2 4", "fc6 7×48 7 - dropped", "fc8 5×7 5 - dropped"]
    assert before == sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("words", [["--take=a.caffemodel:fc8"], ["--average=b.h5,a.caffemodel"]])
def test_a_file_that_an_operation_reads_is_not_replaced(
    folder: Path, capsys: Capture, words: list[str]
) -> None:
    save("a.caffemodel", fc8=[[[1, 2]], [1]])
    before = (folder / "a.caffemodel").read_bytes()
    assert surgery(*words, "-o", "./a.caffemodel") == 1
    assert "the result would replace 'a.caffemodel'" in one_line_each(capsys.readouterr().err)
    assert (folder / "a.caffemodel").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "no operation is given"),
        (["--drop=fc7"], "the file has no layer with parameters `fc7`; did you mean `fc"),
        (["--slice=fc8=4-2"], "4-2 is no range"),
        (["--slice=fc8=0-5"], "`fc8=0-5`: 0-5 is beyond the 5 that there are"),
        (["--slice=fc8=a"], "expected numbers such as 0,5,7-9"),
        (["--slice=fc*=1"], "2 layers, one is expected"),
        (["--slice=fc8@7=1"], "beyond the 0"),
        (["--reshape=fc6=7,49"], "7×49 has another number of values than 7×48"),
        (["--reshape=fc6=7,-48"], "another number of values"),
        (["--sum=fc6,fc8=x"], "'fc6' (7×48, 7) and 'fc8' (5×7, 5) are not of one shape"),
        (["--join=fc6,fc8=x"], "differ in more than their outputs"),
        (["--join=fc6=x"], "one layer alone"),
        (["--sum=fc6"], "expected A,B=C"),
        (["--copy=fc6"], "expected OLD=NEW"),
        (["--take=fc6"], "expected FILE:FROM=TO"),
        (["--average=a.caffemodel"], "a.caffemodel: layer 'conv' has other shapes in it: "
         "'conv' (4×3×2×2, 4) and 'conv' (2); layer 'fc6' is not in it"),
        (["--copy=fc6=fc6-conv", "--model=conv.prototxt"],
         "conv.prototxt: layer 'fc6' is not there; layer 'fc8' is not there"),
        (["--slice=conv=0", "--model=full.prototxt"],
         "'conv.weight' has shape 1×3×2×2, in the net 4"),
    ],
)  # fmt: skip
def test_what_is_refused(folder: Path, capsys: Capture, words: list[str], told: str) -> None:
    save("a.caffemodel", conv=[[1, 2]])
    assert surgery(*words, "-o", "x.caffemodel") == 1
    assert told in one_line_each(capsys.readouterr().err)
    assert not (folder / "x.caffemodel").exists()
