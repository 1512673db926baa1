"""Our normalisation layers against PyTorch's: stored numbers, and PyTorch itself if it is here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from minicaffe import TEST, TRAIN, Net
from minicaffe.convert import batchnorm_to_torch, torch_batchnorm
from minicaffe.errors import ShapeError
from tests.convert.torch_numbers import MODULES, STORED, Arrays, Module, by_torch, given

FRACTION = float(np.float32(0.9))


def stored(module: Module) -> Arrays:
    with np.load(STORED, allow_pickle=False) as file:
        start = f"{module.name}/"
        return {key[len(start) :]: file[key] for key in file.files if key.startswith(start)}


def by_us(module: Module, values: Arrays, folder: Path) -> Arrays:
    """The same as :func:`by_torch`."""
    path = folder / "net.prototxt"
    dims = "".join(f"dim: {length} " for length in module.shape)
    path.write_text(
        'force_backward: true layer { name: "data" type: "Input" top: "data" '
        f"input_param {{ shape {{ {dims} }} }} }} {module.layers}"
    )
    train, test = (Net(path, phase, dtype=np.float64) for phase in (TRAIN, TEST))
    affine = list(train.params)[-1]
    for blob, name in zip(train.params[affine], ("weight", "bias"), strict=True):
        blob.data[...] = values[name]
    normalises = "bn" in train.params
    if normalises:  # as PyTorch begins: mean 0 and variance 1
        channels = module.shape[1]
        begin = torch_batchnorm(
            np.zeros(channels), np.ones(channels), moving_average_fraction=FRACTION
        )
        for blob, start in zip(train.params["bn"], begin.batch_norm, strict=True):
            blob.data[...] = start
    train.forward(data=values["first"])
    results = {"y": train.forward(data=values["second"])["y"].copy()}
    train.clear_param_diffs()
    results["dx"] = train.backward(y=values["dy"])["data"].copy()
    results["dweight"], results["dbias"] = (blob.diff for blob in train.params[affine])
    if normalises:
        back = batchnorm_to_torch(train.params["bn"], train.params["scale"])
        np.testing.assert_array_equal(back["weight"], values["weight"])
        np.testing.assert_array_equal(back["bias"], values["bias"])
        results.update((name, back[name]) for name in ("running_mean", "running_var"))
    test.share_with(train)
    results["evaluated"] = test.forward(data=values["first"])["y"].copy()
    return results


def compare(got: Arrays, want: Arrays) -> None:
    assert got.keys() == want.keys()
    assert len(want) >= 5
    for name, expected in want.items():
        np.testing.assert_allclose(got[name], expected, rtol=1e-6, atol=1e-7, err_msg=name)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: f"{module.kind} {module.name}")
def test_numbers_of_pytorch(module: Module, tmp_path: Path) -> None:
    compare(by_us(module, given(module, 3), tmp_path), stored(module))


@pytest.mark.parametrize("module", MODULES, ids=lambda module: f"{module.kind} {module.name}")
def test_pytorch_itself(module: Module, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="PyTorch, with which the layers are compared, is absent")
    values = given(module, 8)
    compare(by_us(module, values, tmp_path), by_torch(module, values))


def test_the_example_of_the_documentation() -> None:
    """docs/batchnorm-relatives.md prints what our layer makes of this input; so says PyTorch."""
    torch = pytest.importorskip("torch", reason="PyTorch is absent")
    small = (np.arange(24) * 7 % 11).reshape(1, 2, 3, 4)
    y = torch.nn.BatchNorm2d(2).double()(torch.from_numpy(small.astype(float)))
    printed = str(y.detach().numpy()[0, 1].round(4))
    doc = Path(__file__).parents[2] / "docs" / "batchnorm-relatives.md"
    assert printed in doc.read_text(encoding="utf-8")


# ----------------------------------------------------------------------------- torch_batchnorm


def test_there_and_back() -> None:
    rng = np.random.default_rng(0)
    mean, weight, bias = rng.normal(size=(3, 5)).astype(np.float32)
    var = rng.uniform(1, 2, 5).astype(np.float32)
    for fraction in (None, 0.9, 0.999):
        blobs = torch_batchnorm(mean, var, weight, bias, moving_average_fraction=fraction)
        assert blobs.batch_norm[2].shape == (1,)
        back = batchnorm_to_torch(blobs.batch_norm, blobs.scale)
        want = {"running_mean": mean, "running_var": var, "weight": weight, "bias": bias}
        assert back.keys() == want.keys()
        for name, value in want.items():
            assert back[name].dtype == np.float32
            np.testing.assert_allclose(back[name], value, rtol=1e-6)


def test_without_gamma_and_beta() -> None:
    blobs = torch_batchnorm([1.0, 2.0], [3.0, 4.0])
    np.testing.assert_array_equal(blobs.scale, [[1, 1], [0, 0]])
    np.testing.assert_array_equal(blobs.batch_norm[2], [1])
    assert batchnorm_to_torch(blobs.batch_norm).keys() == {"running_mean", "running_var"}
    np.testing.assert_array_equal(batchnorm_to_torch(blobs.batch_norm, [[5, 6]])["bias"], [0, 0])


def test_missing_statistics_count_as_zero() -> None:
    back = batchnorm_to_torch([[7.0], [7.0], [0.0]])
    np.testing.assert_array_equal([back["running_mean"], back["running_var"]], [[0], [0]])


def test_tensors_are_taken_as_they_are() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is absent")
    module = torch.nn.BatchNorm2d(3)
    state = {k: v for k, v in module.state_dict().items() if k != "num_batches_tracked"}
    state["weight"] = module.weight  # wants a gradient
    blobs = torch_batchnorm(**state)
    back = batchnorm_to_torch(blobs.batch_norm, blobs.scale)
    module.load_state_dict({k: torch.from_numpy(v) for k, v in back.items()}, strict=False)
    np.testing.assert_array_equal(module.running_var.numpy(), 1)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (([1.0, 2.0], [1.0]), "running_var has shape 1, expected .* 2 as in running_mean"),
        (([1.0], [1.0], [1.0, 2.0]), "weight has shape 2"),
        (([1.0], [1.0], [1.0], [[1.0]]), "bias has shape 1×1"),
    ],
)
def test_arrays_that_do_not_fit(arguments: tuple[list[float], ...], says: str) -> None:
    with pytest.raises(ShapeError, match=says):
        torch_batchnorm(*arguments)


def test_blobs_that_do_not_fit() -> None:
    with pytest.raises(ShapeError, match="2 blobs of a BatchNorm, expected 3"):
        batchnorm_to_torch([[1.0], [1.0]])
    with pytest.raises(ShapeError, match="third blob has 2 values"):
        batchnorm_to_torch([[1.0], [1.0], [1.0, 1.0]])
    with pytest.raises(ValueError, match="fraction is 1"):
        torch_batchnorm([1.0], [1.0], moving_average_fraction=1)
