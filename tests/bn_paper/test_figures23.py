"""Figures 2 and 3: the variants are the paper's, the switches switch, the table counts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.nets import learned_numbers
from minicaffe import TEST, TRAIN, Net
from minicaffe.errors import DataError
from minicaffe.proto.io import read_solver
from models.bn_paper.figures23 import __main__ as figures23
from models.bn_paper.figures23 import network, training
from models.bn_paper.figures23.variants import (
    BASELINE,
    BATCH,
    ENSEMBLE,
    VARIANTS,
    Variant,
    switched,
)
from models.bn_paper.images import read_images, write_rows
from tests.bn_paper.helpers import read_csv, types
from tests.data.helpers import random_images, write_database
from tests.zoo import as_if_trained

NETS = {item.name: item for item in VARIANTS}
ACCELERATED = NETS["BN-x5"]


def built(variant: Variant, size: int = 28, channels: int = 1) -> Net:
    return Net(network.deploy(variant, size, channels), TEST, seed=1, engine="numpy")


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda item: item.name)
def test_about_a_million_parameters(variant: Variant) -> None:
    net = built(variant)
    assert 0.9e6 < learned_numbers(net) < 1.1e6
    kinds = [layer.type for layer in net.layers]
    convolutions = kinds.count("Convolution")
    assert kinds.count("BatchNorm") == kinds.count("Scale") == convolutions * variant.batch_norm
    assert kinds.count(variant.activation) == convolutions
    assert kinds.count("LRN") == 2 * variant.lrn
    assert kinds.count("Dropout") == (variant.dropout > 0)
    as_if_trained(net)
    net.blobs["data"].reshape(2, 1, 28, 28)
    result = net.forward(data=np.random.default_rng(2).random((2, 1, 28, 28)))["prob"]
    np.testing.assert_allclose(result.sum(axis=1), 1, rtol=1e-5)


def test_takes_larger_images_too() -> None:
    small, large = built(ACCELERATED), built(ACCELERATED, 32, 3)
    assert large.blobs["data"].shape == (BATCH, 3, 32, 32)
    assert large.blobs["prob"].shape == (BATCH, 10)
    more = 2 * 32 * 9  # weights of the first convolution, for two channels more
    assert learned_numbers(large) == learned_numbers(small) + more


def test_the_variants_are_the_papers() -> None:
    rates = {variant.name: variant.base_lr / BASELINE.base_lr for variant in VARIANTS}
    assert rates == {
        "Baseline": 1, "BN-Baseline": 1, "BN-x5": 5, "BN-x30": 30, "BN-x5-Sigmoid": 5,
        "Baseline-Sigmoid": 1,
    }  # fmt: skip
    assert NETS["BN-Baseline"] == replace(BASELINE, name="BN-Baseline", batch_norm=True)
    assert ACCELERATED.weight_decay == pytest.approx(BASELINE.weight_decay / 5)
    assert ACCELERATED.gamma(100) == pytest.approx(BASELINE.gamma(100) ** 6)
    assert (ACCELERATED.dropout, ACCELERATED.lrn, ACCELERATED.shuffled) == (0, False, True)
    assert replace(NETS["BN-x30"], name="", rate=5) == replace(ACCELERATED, name="")
    assert len(ENSEMBLE) == len({member.seed for member in ENSEMBLE}) == 6
    assert {member.dropout for member in ENSEMBLE} == {0.05, 0.1}


IMAGES = network.Images(Path("images"), Path("rows.txt"), 20)


@pytest.mark.parametrize(
    ("setting", "gone", "added"),
    [
        ("lrn=true", [], ["LRN", "LRN"]),
        ("dropout=0.4", [], ["Dropout"]),
        ("shuffled=false", ["HDF5Data"], ["Data"]),
    ],
)
def test_switches_of_the_net(setting: str, gone: list[str], added: list[str]) -> None:
    before = sorted(types(network.train_val(ACCELERATED, IMAGES)))
    after = sorted(types(network.train_val(switched(ACCELERATED, [setting]), IMAGES)))
    for kind in added:
        before.append(kind)
    for kind in gone:
        before.remove(kind)
    assert after == sorted(before)


@pytest.mark.parametrize(
    ("setting", "field", "factor"),
    [
        ("weak_l2=false", "weight_decay", 5),
        ("rate=10", "base_lr", 2),
        ("fast_decay=false", "gamma", 0.5 ** (-5 / 60)),
        ("seed=4", "random_seed", 4),
    ],
)
def test_switches_of_the_solver(setting: str, field: str, factor: float) -> None:
    def param(variant: Variant) -> Any:
        return network.solver(variant, IMAGES, 60, 3, "net.prototxt")

    before, after = param(ACCELERATED), param(switched(ACCELERATED, [setting]))
    assert getattr(after, field) == pytest.approx(factor * getattr(before, field), rel=1e-5)
    setattr(after, field, getattr(before, field))
    assert after == before


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("droput=0.1", "no switch 'droput'; did you mean `dropout`"),
        ("name=x", "no switch 'name'"),
        ("lrn=maybe", "lrn cannot be 'maybe', expected bool"),
        ("rate", "rate cannot be '', expected float"),
        ("activation=TanH", "activation cannot be 'TanH'"),
    ],
)
def test_wrong_switches_are_refused(setting: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        switched(BASELINE, [setting])
    assert message in str(caught.value)


@pytest.mark.parametrize("name", ["Baseline", "BN-x5"])
def test_learns_in_both_phases(name: str, data: Path, tmp_path: Path) -> None:
    images = network.Images(data, tmp_path / "rows.txt", 2)
    write_rows(data / "train_lmdb", images.rows)
    with Net(network.train_val(NETS[name], images), TRAIN, seed=1) as net:
        assert net.blobs["data"].shape == (BATCH, 1, 28, 28)
        assert 0 < net.forward_loss() < 6
        assert 0.5 < net.blobs["data"].data.max() < 1
        net.backward()
        assert all(param.blob.diff.any() for param in net.learnable_params if param.lr_mult)


@pytest.mark.usefixtures("in_this_process")
def test_figures23(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(figures23, "VARIANTS", VARIANTS[2:4])
    monkeypatch.setattr(figures23, "ENSEMBLE", ENSEMBLE[:2])
    out = tmp_path / "out"
    assert figures23.main(["--data", str(data), "--out", str(out), "--steps", "2"]) == 0
    curves = read_csv(out / "accuracy.csv")
    steps = [(row["net"], row["step"]) for row in curves]
    assert steps == [("BN-x5", "1"), ("BN-x5", "2"), ("BN-x30", "1"), ("BN-x30", "2")]
    assert all(0 <= float(row["accuracy"]) <= 1 for row in curves)
    table = read_csv(out / "table.csv")
    assert [row["net"] for row in table] == [
        "BN-x5", "BN-x30", "BN-x30, member 1", "BN-x30, member 2", "ensemble of 2"
    ]  # fmt: skip
    net, reached, best, last = table[0]
    assert (net, best, last) == ("net", "maximum accuracy", "accuracy at the end")
    assert reached == f"steps to {table[0][best]}"
    assert table[0][reached] in ("1", "2")
    folder = out / "nets" / "BN-x30_member_1"
    assert [file.name for file in sorted(folder.iterdir())] == [
        "deploy.prototxt", "solver.prototxt", "train_val.prototxt"
    ]  # fmt: skip
    assert read_solver(str(folder / "solver.prototxt")).random_seed == ENSEMBLE[0].seed
    said = capsys.readouterr().out
    assert (out / "figure2.png").exists() == ("the picture: " in said)


@pytest.mark.usefixtures("in_this_process")
def test_images_like_cifars(tmp_path: Path) -> None:
    pytest.importorskip("lmdb", reason="the images are in LMDBs")
    pytest.importorskip("h5py", reason="and in HDF5 files, to be shuffled")
    for part, count in (("train", 40), ("test", 100)):
        images = random_images(count, 3, 32, 32)
        write_database(tmp_path / f"{part}_lmdb", images, [index % 10 for index in range(count)])
    out = tmp_path / "out"
    options = ["--data", str(tmp_path), "--out", str(out), "--steps", "1", "--nets", "BN-x5"]
    assert figures23.main([*options, "--set", "dropout=0.1", "seed=3"]) == 0
    folder = out / "nets" / "BN-x5_dropout_0.1_seed_3"
    with Net(folder / "deploy.prototxt", TEST) as net:
        assert net.blobs["data"].shape == (BATCH, 3, 32, 32)
    assert read_solver(str(folder / "solver.prototxt")).random_seed == 3


def outcome(name: str, accuracy: list[float], **more: Any) -> training.Outcome:
    steps = 100 * np.arange(1, len(accuracy) + 1)
    return training.Outcome(name, steps, np.array(accuracy), np.zeros((3, 2)), **more)


def test_the_table_counts_steps_to_the_baselines_maximum() -> None:
    lines = figures23.table(
        [
            outcome("BN-x5", [0.5, 0.75, 0.7]),
            outcome("Baseline", [0.3, 0.7, 0.6]),
            outcome("Baseline-Sigmoid", [0.1, 0.1, 0.1]),
            outcome("wild", [0.2], diverged=123),
        ],
        [],
        np.array([0, 1, 1]),
    )
    assert [list(line.values()) for line in lines] == [
        ["BN-x5", "200", "75.00 %", "70.00 %"],
        ["Baseline", "200", "70.00 %", "60.00 %"],
        ["Baseline-Sigmoid", "never", "10.00 %", "10.00 %"],
        ["wild", "never (diverged in step 123)", "20.00 %", "20.00 %"],
    ]
    assert list(lines[0])[1] == "steps to 70.00 %"


def test_the_ensemble_decides_by_mean_probabilities() -> None:
    sure, unsure = np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([[0.4, 0.6], [0.55, 0.45]])
    members = [replace(outcome("one", [1]), probabilities=item) for item in (sure, unsure)]
    assert training.ensemble_accuracy(members, np.array([0, 1])) == 1
    assert training.ensemble_accuracy(members[1:], np.array([0, 1])) == 0


def test_probabilities_are_the_softmax_of_all_test_images(data: Path, tmp_path: Path) -> None:
    images = network.Images(data, tmp_path / "rows.txt", 2)
    variant = NETS["BN-Baseline"]
    solver = training.make_solver(training.Task(variant, images, 2, 2, tmp_path / "net"))
    solver.step(1)
    found = training.probabilities(solver)
    deployed = Net(tmp_path / "net" / "deploy.prototxt", TEST)
    deployed.share_with(solver.net)
    tested, _ = read_images(data / "test_lmdb")
    deployed.blobs["data"].reshape(*tested.shape)
    wanted = deployed.forward(data=tested / np.float32(256))["prob"]
    solver.close()
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-6)


def test_a_training_that_diverges_is_a_result(data: Path, tmp_path: Path) -> None:
    images = network.Images(data, tmp_path / "rows.txt", 2)
    variant = replace(BASELINE, rate=1e9)
    task = training.Task(variant, images, 6, 6, tmp_path / "net")
    with np.errstate(all="ignore"):
        found = training.train(task)
    assert found.diverged is not None
    assert (found.best, found.steps.size) == (0, 0)
