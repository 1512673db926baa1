"""``trace_nan``: the first value that is not finite is found where it is made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from minicaffe.data.backends import write_datums
from minicaffe.engines import engine_names, why_unavailable
from minicaffe.errors import SolverError
from minicaffe.io.arrays import array_to_datum
from minicaffe.proto import caffe_pb2
from minicaffe.proto.text_format import parse
from minicaffe.solver import get_solver
from minicaffe.solver.solver import Solver

ENGINES = [name for name in engine_names() if why_unavailable(name) is None]
DATA = """layer { name: "data" type: "DummyData" top: "data" top: "label"
  dummy_data_param { shape { dim: 4 dim: 3 } shape { dim: 4 }
    data_filler { type: "constant" value: %s } data_filler { type: "constant" value: 1 } } }
"""
IP = """layer { name: "ip" type: "InnerProduct" bottom: "%s" top: "ip"
  inner_product_param { num_output: 2 weight_filler { type: "constant" value: %s } } }
"""
LOSS = 'layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }\n'


def solver_of(net: str, engine: str, keep: str = "outputs", rate: float = 0.1) -> Solver:
    param = caffe_pb2.SolverParameter(
        base_lr=rate, lr_policy="fixed", max_iter=9, random_seed=2, snapshot_after_train=False
    )
    parse(net, param.net_param)
    solver = get_solver(param, engine=engine, keep=keep, observers=[])
    solver.trace_nan = True
    return solver


def message(solver: Solver) -> str:
    with pytest.raises(SolverError) as caught:
        solver.solve()
    return str(caught.value)


@pytest.mark.parametrize("keep", ["all", "outputs"])
@pytest.mark.parametrize("engine", ENGINES)
def test_forward(engine: str, keep: str) -> None:
    log = 'layer { name: "log" type: "Log" bottom: "data" top: "log" }\n'
    said = message(solver_of(DATA % 0 + log + IP % ("log", 0.5) + LOSS, engine, keep))
    assert (
        "layer 'log' (Log): iteration 0, phase TRAIN, forward: top 'log' is -inf at [0, 0]" in said
    )
    assert "(12 of 12 values are not finite)" in said
    assert "bottom 'data': from 0 to 0, mean 0" in said
    assert "likely: a logarithm is taken of 0" in said


@pytest.mark.parametrize("engine", ENGINES)
def test_backward(engine: str) -> None:
    """The square root has no slope at 0: its value is finite, its gradient is not."""
    root = (
        'layer { name: "root" type: "Power" bottom: "ip0" top: "root" power_param { power: 0.5 } }'
    )
    first = (IP % ("data", 0)).replace('"ip"', '"ip0"')
    said = message(solver_of(DATA % 1 + first + root + IP % ("root", 0.5) + LOSS, engine))
    assert (
        "layer 'root' (Power): iteration 0, phase TRAIN, backward: the gradient of bottom" in said
    )
    assert "likely: 0 is raised to the power 0.5" in said


@pytest.mark.parametrize("engine", ENGINES)
def test_update(engine: str) -> None:
    net = DATA % 1e10 + IP % ("data", 0.5) + LOSS.replace("SoftmaxWithLoss", "HingeLoss")
    said = message(solver_of(net, engine, rate=3e38))
    assert (
        "layer 'ip' (InnerProduct): iteration 0, phase TRAIN, update: parameter 0 becomes" in said
    )
    assert "at the rate 3e+38" in said
    assert "lower base_lr" in said


@pytest.mark.parametrize("engine", ENGINES)
def test_update_of_a_layer_whose_bottom_is_gone(engine: str) -> None:
    frozen = (IP % ("data", 0.5)).replace('"ip"', '"ip0"')
    frozen = frozen.replace("inner_product_param {", "param { lr_mult: 0 } inner_product_param {")
    relu = 'layer { name: "relu" type: "ReLU" bottom: "ip0" top: "relu" }\n'
    hinge = LOSS.replace("SoftmaxWithLoss", "HingeLoss")
    net = DATA % 1e10 + frozen.replace("2 weight", "2 bias_term: false weight") + relu
    said = message(solver_of(net + IP % ("relu", 0.5) + hinge, engine, rate=3e38))
    assert (
        "layer 'ip' (InnerProduct): iteration 0, phase TRAIN, update: parameter 0 becomes" in said
    )
    assert "what was subtracted from it: from " in said


@pytest.mark.parametrize("engine", ENGINES)
def test_statistics(engine: str) -> None:
    """A variance beyond float32 leaves a finite loss, as 1 / its root is 0."""
    data = (DATA % 0).replace('"constant" value: 0 }', '"gaussian" std: 1e25 }')
    norm = 'layer { name: "bn" type: "BatchNorm" bottom: "data" top: "bn" }\n'
    said = message(solver_of(data + norm + IP % ("bn", 0.5) + LOSS, engine))
    assert "layer 'bn' (BatchNorm): iteration 0, phase TRAIN, forward: parameter 1 is inf" in said
    assert "bottom 'data': from -" in said


@pytest.mark.parametrize("engine", ENGINES)
def test_data(engine: str, tmp_path: Path) -> None:
    images = [np.full((3, 1, 1), float(index), np.float64) for index in range(12)]
    images[9][1] = np.nan
    write_datums(tmp_path / "db", [array_to_datum(image, index % 2) for index, image in
                                   enumerate(images)])  # fmt: skip
    data = (
        'layer { name: "data" type: "Data" top: "data" top: "label" '
        f'data_param {{ source: "{tmp_path}/db" batch_size: 4 backend: LMDB }} }}\n'
    )
    said = message(solver_of(data + IP % ("data", 0.01) + LOSS, engine))
    assert (
        "layer 'data' (Data): iteration 2, phase TRAIN, forward: top 'data' is nan at [1, 1" in said
    )
    assert "the batch of 'data' is the 4 records at the end of" in said
    assert "it is in '00000009'; the batch" in said
    assert f"of '{tmp_path}/db': '00000008', '00000009', '00000010', '00000011'; likely" in said
    assert "likely: the data hold such values" in said


def shuffled_list(folder: Path) -> str:
    """An ImageData layer with 12 grey images in random order; the list, a batch of 8."""
    image = pytest.importorskip("PIL.Image", reason="needs Pillow")
    for index in range(12):
        image.new("L", (2, 2), index * 20).save(folder / f"{index}.png")
    lines = "".join(f"{folder}/{index}.png {index % 2}\n" for index in range(12))
    (folder / "list").write_text(lines)
    return (
        'layer { name: "data" type: "ImageData" top: "data" top: "label" image_data_param { '
        f'source: "{folder}/list" batch_size: 8 shuffle: true is_color: false }} }}\n'
    )


def test_names_of_shuffled_images(tmp_path: Path) -> None:
    """They are those that the batch was made of, however far the thread has read ahead."""
    solver = solver_of(shuffled_list(tmp_path) + IP % ("data", 0.01) + LOSS, "numpy")
    for _ in range(3):
        solver.step(1)
        layer = solver.net.nodes[0].layer
        names = layer.batch_names()  # type: ignore[attr-defined]
        values = solver.net.blobs["data"].data[:, 0, 0, 0]
        assert names == [f"image '{tmp_path}/{int(value) // 20}.png'" for value in values]


def test_names_of_hdf5_rows(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    for name in ("a", "b"):
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            file["data"] = np.full((3, 3), np.nan if name == "b" else 0, np.float32)
            file["label"] = np.zeros(3, np.float32)
    (tmp_path / "list").write_text(f"{tmp_path}/a.h5\n{tmp_path}/b.h5\n")
    data = (
        'layer { name: "data" type: "HDF5Data" top: "data" top: "label" '
        f'hdf5_data_param {{ source: "{tmp_path}/list" batch_size: 4 }} }}\n'
    )
    said = message(solver_of(data + IP % ("data", 0.01) + LOSS, "numpy"))
    assert f"it is in row 0 of '{tmp_path}/b.h5'; the batch of 'data' is the 4 records" in said


@pytest.mark.parametrize("engine", ENGINES)
def test_a_sound_training_is_as_without(engine: str) -> None:
    weights = []
    for trace in (False, True):
        solver = solver_of(DATA % 1 + IP % ("data", 0.5) + LOSS, engine)
        solver.trace_nan = trace
        solver.solve()
        weights.append(solver.net.params["ip"][0].data.copy())
    np.testing.assert_array_equal(*weights)
