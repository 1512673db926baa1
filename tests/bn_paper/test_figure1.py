"""Figure 1: the nets are what the paper says, the program writes what it should."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from minicaffe import TEST, Net
from minicaffe.proto.io import read_net, read_solver
from models.bn_paper.figure1 import __main__ as figure1
from models.bn_paper.figure1 import training as figure1_training
from models.bn_paper.images import write_rows
from tests.bn_paper.helpers import read_csv, types
from tests.zoo import ROOT

FOLDER = ROOT / "models" / "bn_paper" / "figure1"


def test_figure1_differs_in_batchnorm_alone() -> None:
    plain, normalised = (read_net(str(FOLDER / f"train_val{end}.prototxt")) for end in ("", "_bn"))
    assert types(plain).count("Sigmoid") == 3
    assert types(plain).count("BatchNorm") == 0
    position = [index for index, kind in enumerate(types(normalised)) if kind == "BatchNorm"]
    assert [types(normalised)[index : index + 3] for index in position] == [
        ["BatchNorm", "Scale", "Sigmoid"]
    ] * 3
    for layer in (*plain.layer, *normalised.layer):
        layer.ClearField("source_line")
    for layer in list(normalised.layer):
        if layer.type in ("BatchNorm", "Scale"):
            normalised.layer.remove(layer)
        elif layer.name.startswith("fc"):
            layer.inner_product_param.ClearField("bias_term")
    assert list(normalised.layer) == list(plain.layer)
    hidden = [layer.inner_product_param for layer in plain.layer if layer.name.startswith("fc")]
    assert [item.num_output for item in hidden] == [100, 100, 100]
    assert {item.weight_filler.type for item in hidden} == {"gaussian"}
    assert plain.layer[0].hdf5_data_param.batch_size == 60
    assert plain.layer[0].hdf5_data_param.shuffle


def test_figure1_solvers_differ_in_the_net_alone() -> None:
    plain, normalised = (read_solver(str(FOLDER / f"solver{end}.prototxt")) for end in ("", "_bn"))
    assert (plain.max_iter, plain.base_lr) == (50000, pytest.approx(0.1))
    assert plain.net != normalised.net
    normalised.net = plain.net
    assert normalised == plain


@pytest.mark.usefixtures("in_this_process")
def test_figure1(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    options = ["--data", str(data), "--out", str(out), "--steps", "40", "--unit", "7"]
    assert figure1.main(options) == 0
    rows = read_csv(out / "figure1.csv")
    assert tuple(rows[0]) == ("net", "step", "accuracy", "p15", "p50", "p85")
    for name in figure1_training.SOLVERS:
        own = [row for row in rows if row["net"] == name]
        assert [int(row["step"]) for row in own] == list(range(2, 41, 2))
        for row in own:
            assert float(row["p15"]) < float(row["p50"]) < float(row["p85"])
    assert float(rows[-1]["accuracy"]) > 0.95  # with BatchNorm: dark or light
    said = capsys.readouterr().out
    assert "| with BatchNorm |" in said
    assert (out / "figure1.png").exists() == ("the picture: " in said)


def test_percentiles_are_of_all_test_images(data: Path, tmp_path: Path) -> None:
    write_rows(data / "train_lmdb", tmp_path / "rows.txt")
    task = figure1_training.Task("with BatchNorm", data, tmp_path / "rows.txt", 20)
    solver = figure1_training.make_solver(task)
    recorder = figure1_training.Recorder(solver.test_nets[0])
    solver.observers.append(recorder)
    solver.solve()
    seen = recorder.history()
    assert seen.percentiles.shape == (20, 3, 100)
    with Net(solver.param.net_param, TEST, seed=1) as net:
        net.share_with(solver.net)
        inputs, right = [], []
        for _ in range(2):  # batches of 100
            right.append(float(net.forward()["accuracy"]))
            inputs.append(net.blobs["in3"].data.copy())
        sigmoids = 1 / (1 + np.exp(-inputs[-1]))
        np.testing.assert_allclose(net.blobs["out3"].data, sigmoids, rtol=1e-5)
    solver.close()
    wanted = np.percentile(np.concatenate(inputs), (15, 50, 85), axis=0)
    np.testing.assert_allclose(seen.percentiles[-1], wanted, rtol=1e-4, atol=1e-5)
    assert seen.accuracy[-1] == pytest.approx(np.mean(right))


def test_wander_is_measured_in_widths() -> None:
    medians = np.array([[9, 0], [1, 2], [3, 2.5], [2, 3]])
    percentiles = np.stack([medians - 1, medians, medians + np.array([3, 1])], axis=1)
    seen = figure1_training.History(np.arange(4), np.zeros(4), percentiles)
    np.testing.assert_allclose(figure1.wander(seen), [8 / 4, 3 / 2])


@pytest.mark.parametrize("unit", ["100", "-1", "first"])
def test_a_unit_that_is_not_there(unit: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        figure1.main([f"--unit={unit}"])
    assert f"'{unit}' is no number from 0 to 99" in capsys.readouterr().err
