"""compare.py runs, finds its nets and counts their work; nothing is timed here."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from benchmarks import contenders, machine, nets, table
from minicaffe import TEST, TRAIN, Net

ROOT = Path(__file__).resolve().parent.parent.parent
SMALL = ["lenet", "lenet_bn", "cifar10_quick", "resnet20"]


def compare(*args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "compare.py"), *args],
        capture_output=True, text=True, cwd=cwd, env=os.environ | {"MINICAFFE_ENGINE": ""},
    )  # fmt: skip


@pytest.mark.parametrize("name", SMALL)
def test_training_nets_read_from_memory(name):
    net = Net(nets.training(name), TRAIN, seed=1, engine="numpy")
    assert net.inputs == ["data", "label"]
    assert net.blobs["data"].shape == (nets.NETS[name].batch, *nets.NETS[name].image)
    data, labels = nets.batch_of(name, nets.NETS[name].batch)
    net.blobs["data"].data[...], net.blobs["label"].data[...] = data, labels
    assert np.isclose(net.forward_loss(), np.log(nets.NETS[name].classes), rtol=0.9)


@pytest.mark.parametrize("name", SMALL)
def test_weights_of_deploy_nets_tell_images_apart(name):
    net = Net(nets.inference(name, 3), TEST, engine="numpy")
    nets.fill(net, name)
    data, _ = nets.batch_of(name, 3)
    scores = net.forward(data=data)[net.outputs[0]]
    assert scores.shape == (3, nets.NETS[name].classes)
    np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-5)
    assert not np.allclose(scores[0], scores[1])


def test_operations_of_lenet():
    conv1, conv2 = 24 * 24 * 20 * 25, 8 * 8 * 50 * 20 * 25
    inner = 800 * 500 + 500 * 10
    net = Net(nets.training("lenet"), TRAIN, engine="numpy")
    assert nets.operations(net, gradients=False) == 2 * 64 * (conv1 + conv2 + inner)
    assert nets.operations(net, gradients=True) == 2 * 64 * (2 * conv1 + 3 * (conv2 + inner))


def test_dropout_can_be_taken_away(monkeypatch, tmp_path):
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "train_val.prototxt").write_text(
        'layer { name: "d" type: "Data" top: "data" top: "label" include { phase: TRAIN } }'
        'layer { name: "d" type: "Data" top: "data" top: "label" include { phase: TEST } }'
        'layer { name: "drop" type: "Dropout" bottom: "data" top: "drop" }'
    )
    monkeypatch.setattr(nets, "MODELS", tmp_path)
    monkeypatch.setitem(nets.NETS, "m", nets.Model("m", (2, 3, 4), 5, 6))
    with_dropout = nets.training("m").layer[-1].dropout_param.dropout_ratio
    without = nets.training("m", dropout=False).layer[-1].dropout_param.dropout_ratio
    assert (with_dropout, without) == (0.5, 0)
    assert [layer.type for layer in nets.training("m").layer] == ["Input", "Input", "Dropout"]


@pytest.mark.parametrize(
    ("rivals", "kinds"),
    [([], {"minicaffe"}), (["torch"], {"minicaffe", "torch"}), (["numpy"], {"minicaffe"})],
)
def test_chosen_rivals(rivals, kinds):
    who = contenders.chosen("train", "float32", rivals)
    assert {item.kind for item in who} == kinds
    assert (contenders.NUMPY in who) == ("numpy" in rivals)
    assert who[0] is contenders.OURS


def test_a_single_mode_can_be_chosen():
    who = contenders.chosen("train", "float32", ["torch tuned"])
    assert [item.name for item in who] == ["minicaffe", "torch tuned"]
    assert "torch tuned" in contenders.NAMES
    assert "minicaffe" not in contenders.NAMES


def test_rivals_that_choose_their_instructions_themselves_are_left_out():
    everyone = [*contenders.RIVALS, *contenders.ENGINES]
    who = {item.kind for item in contenders.chosen("infer", "float32", everyone)}
    assert who == {"minicaffe", *contenders.RIVALS}
    who = {item.kind for item in contenders.chosen("infer", "float32", everyone, limited=True)}
    assert who == {"minicaffe", "torch", "opencv"}


def test_names_of_contenders_differ():
    for who in contenders.CONTENDERS.values():
        assert len({item.name for item in who}) == len(who)
        assert all(item.name.startswith("minicaffe") == item.ours for item in who)


def test_load_counts_what_others_do():
    readings = iter([(1000.0, 200.0, 5000.0), (1090.0, 280.0, 5100.0)])
    load = machine.Load(1, read=lambda processes: next(readings))
    assert load.others() == pytest.approx(0.1)


def test_unknown_load():
    assert machine.Load(1, read=lambda processes: None).others() is None


def test_product_multiplies():
    step = machine.product("float32")
    step()
    assert machine.SIZE >= 1024


def test_a_comparison_writes_its_table(tmp_path):
    document, results = tmp_path / "performance.md", tmp_path / "results.json"
    document.write_text(f"{table.BEGIN}\n{table.END}\n")
    done = compare(
        "--nets", "lenet", "--rivals", "numpy", "--threads", "1", "--seconds", "0.02", "--slices",
        "2", "--warm", "0", "--wait", "0", "--results", str(results), "--output", str(document),
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (row,) = table.load(results)
    assert (row.net, row.batch, row.threads) == ("lenet", 64, 1)
    assert "minicaffe numpy" in row.results
    assert row.peak is not None
    assert row.peak > 0
    assert "### Training, float32, 1 thread" in document.read_text()
    assert "| lenet | 64 |" in document.read_text()


@pytest.mark.skipif(importlib.util.find_spec("openvino") is not None, reason="OpenVINO is here")
def test_a_missing_rival_is_left_out_with_a_line(tmp_path):
    done = compare(
        "--mode", "infer", "--nets", "lenet", "--batch", "2", "--rivals", "openvino", "numpy",
        "--seconds", "0.02", "--slices", "1", "--warm", "0", "--wait", "0", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "openvino is left out: ModuleNotFoundError: No module named 'openvino'" in done.stdout
    assert "### Inference, batch 2, float32" in done.stdout


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--output", "none.md"], "none.md cannot be read: No such file"),
        (["--batch", "4", "0"], "--threads, --slices and --batch are at least 1"),
    ],
)
def test_mistakes_are_reported_before_anything_is_measured(tmp_path, args, message):
    done = compare(*args, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert not done.stdout


def test_unknown_nets_are_named(tmp_path):
    done = compare("--nets", "lenett", cwd=tmp_path)
    assert done.returncode == 2
    assert "invalid choice: 'lenett'" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux's")
def test_contenders_end_with_the_comparison(tmp_path):
    """Killed without a chance to clean up, it leaves no one behind, stopped or not."""
    code = (
        "import os, sys; sys.path.insert(0, sys.argv[1])\n"
        "from benchmarks.contenders import OURS\n"
        "from benchmarks.session import Process, Task\n"
        "who = Process(OURS, Task('lenet', 2, 'float32', 1, ''), warm=0, verbose=False)\n"
        "print(who._process.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(ROOT)], capture_output=True, text=True, cwd=tmp_path
    )
    stat = Path(f"/proc/{int(done.stdout)}/stat")
    deadline = time.monotonic() + 30
    while stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < deadline, "the contender is still there"
        time.sleep(0.05)
