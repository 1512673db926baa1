"""``minicaffe train``: its flags, its log, overrides, config files and scoring."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from minicaffe import cli
from minicaffe.proto.io import read_net_binary
from tests.told import one_line_each

Capture = pytest.CaptureFixture[str]

PREFIX = r"^[IWE]\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ \w+\.py:\d+\] "


def train(capsys: Capture, *words: str, status: int = 0) -> str:
    """What ``minicaffe train`` writes."""
    got = cli.main(["train", "-solver=solver.prototxt", *words])
    text = one_line_each(capsys.readouterr().err)
    assert got == status, text
    return text


def found(pattern: str, text: str) -> list[str]:
    """All log lines that are, after glog's prefix, as the pattern says."""
    return [match[0] for match in re.finditer(PREFIX + pattern + "$", text, re.MULTILINE)]


def test_log_lines_that_scripts_parse(tiny: Path, capsys: Capture) -> None:
    text = train(capsys)
    number = r"[-+.\de]+"
    rate = rf"\({number} iter/s, {number}s/5 iters\)"
    assert len(found(rf"Iteration (0|5) {rate}, loss = {number}", text)) == 2
    output = rf"    Train net output #0: loss = {number} \(\* 1 = {number} loss\)"
    assert len(found(output, text)) == 2
    assert len(found(r"Iteration (0|5), lr = 0.1", text)) == 2
    assert len(found(r"Iteration (0|5|10), Testing net \(#0\)", text)) == 3
    assert len(found(rf"    Test net output #0: accuracy = {number}", text)) == 3
    assert found("Snapshotting to binary proto file tiny_iter_10.caffemodel", text)
    assert found("Snapshotting solver state to binary proto file tiny_iter_10.solverstate", text)
    assert found("Optimization Done.", text)
    assert found("Use CPU.", text)


def test_leaves_weights_and_state(tiny: Path, capsys: Capture) -> None:
    train(capsys)
    assert [layer.name for layer in read_net_binary("tiny_iter_10.caffemodel").layer][1] == "ip"
    assert (tiny / "tiny_iter_10.solverstate").stat().st_size > 0


def test_resumes(tiny: Path, capsys: Capture) -> None:
    train(capsys, "--iterations=5")
    text = train(capsys, "--snapshot=tiny_iter_5.solverstate")
    assert found("Resuming from tiny_iter_5.solverstate", text)
    assert found(r"Iteration 5 .*", text)
    assert not found(r"Iteration 0 .*", text)
    assert (tiny / "tiny_iter_10.caffemodel").is_file()


def test_resume_auto(tiny: Path, capsys: Capture) -> None:
    log = train(capsys, "--resume=auto", "--iterations=4")
    assert "There is no whole snapshot tiny_iter_N.solverstate yet" in log
    (tiny / ".tiny_iter_9.caffemodel.0123abcd.part").write_bytes(b"half")
    log = train(capsys, "--resume=auto", "--keep_snapshots=2", "--set", "snapshot=2")
    assert "Resuming from tiny_iter_4.solverstate" in log
    assert "Removed .tiny_iter_9.caffemodel.0123abcd.part" in log
    names = sorted(path.name for path in tiny.glob("*tiny_iter*"))
    assert names == [f"tiny_iter_{n}.{what}" for n in (10, 8) for what in
                     ("caffemodel", "solverstate")]  # fmt: skip


def test_resume_auto_fine_tunes_only_at_first(tiny: Path, capsys: Capture) -> None:
    train(capsys, "--iterations=1", "--set", "snapshot_prefix='other'")
    words = ["--resume=auto", "--weights=other_iter_1.caffemodel"]
    assert "Finetuning from" in train(capsys, *words)
    log = train(capsys, *words, "--iterations=12")
    assert "Finetuning from" not in log
    assert "Resuming from tiny_iter_10.solverstate" in log


def test_resume_and_snapshot_exclude_each_other(tiny: Path, capsys: Capture) -> None:
    words = ["train", "-solver=solver.prototxt", "--resume=auto", "--snapshot=x.solverstate"]
    assert cli.main(words) == 2
    assert "give one of them" in one_line_each(capsys.readouterr().err)


def test_a_snapshot_that_failed_shows_in_the_exit_status(
    tiny: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = Path.write_bytes, []

    def full_at_first(path: Path, data: bytes) -> int:
        calls.append(path)
        if len(calls) == 1:
            raise OSError(28, "No space left on device")
        return real(path, data)

    monkeypatch.setattr(Path, "write_bytes", full_at_first)
    words = ["train", "-solver=solver.prototxt", "--set", "snapshot=4"]
    assert cli.main(words) == 3
    log = one_line_each(capsys.readouterr().err)
    assert "Iteration 4: the snapshot failed, training goes on without it: " in log
    assert "tiny_iter_4.caffemodel: cannot write the file: No space left on device" in log
    assert "1 snapshot(s) could not be written meanwhile" in log
    assert sorted(path.name for path in tiny.glob("*.solverstate")) == [
        "tiny_iter_10.solverstate",
        "tiny_iter_8.solverstate",
    ]


def test_fine_tunes(tiny: Path, capsys: Capture) -> None:
    train(capsys, "--iterations=5")
    text = train(capsys, "--weights=tiny_iter_5.caffemodel, tiny_iter_5.caffemodel")
    assert len(found("Finetuning from tiny_iter_5.caffemodel", text)) == 4  # two nets


def test_set_replaces_fields(tiny: Path, capsys: Capture) -> None:
    words = [
        "base_lr=0.25", "lr_policy=multistep", "gamma=0.5", "stepvalue=[2,7]", "stepvalue=8",
        "max_iter=9", "display=3", "snapshot_prefix=other", "train_state.level=2", "type=Adam",
        "momentum2=0.99",
    ]  # fmt: skip
    text = train(capsys, *(word for item in words for word in ("--set", item)))
    assert (tiny / "other_iter_9.caffemodel").is_file()
    for line in ("stepvalue: 2", "stepvalue: 7", "stepvalue: 8", 'type: "Adam"', "  level: 2"):
        assert f"\n{line}\n" in text
    assert found("Iteration 6, lr = 0.125", text)


def test_set_replaces_a_list_as_a_whole(tiny: Path, capsys: Capture) -> None:
    text = train(capsys, "--set", "test_iter=3", "--set", "test_state={stage: 'x'}")
    assert text.count("\ntest_iter: ") == 1
    assert "\ntest_iter: 3\n" in text
    assert 'stage: "x"' in text


@pytest.mark.parametrize(
    ("words", "complaints"),
    [
        (["base_lr=abc"], ["--set:1:", "base_lr", "number"]),
        (["bse_lr=1", "tset_iter=2"], ["did you mean `base_lr`?", "did you mean `test_iter`?"]),
        (["base_lr.x=1"], ["base_lr"]),
        (["nonsense.x=1"], ["nonsense"]),
        (["base_lr\udcff=1"], ["--set:1:8: `:` expected after `base_lr`"]),
        (["base_lr"], ["expected FIELD=VALUE", "'base_lr'"]),
        (["snapshot_format=ZIP"], ["ZIP"]),
    ],
)
def test_bad_overrides(
    words: list[str], complaints: list[str], tiny: Path, capsys: Capture
) -> None:
    text = train(capsys, *(word for item in words for word in ("--set", item)), status=1)
    assert text.startswith("error: ")
    for complaint in complaints:
        assert complaint in text


def test_level_and_stage_select_layers(tiny: Path, capsys: Capture) -> None:
    net = tiny / "net.prototxt"
    extra = 'layer { name: "s" type: "Silence" bottom: "data" include { stage: "s" min_level: 2 } }'
    net.write_text(net.read_text() + extra)
    solver = "solver.prototxt"
    assert cli.main(["train", "--solver", solver, "--level=2", "--stage=r,s"]) == 0
    assert "s" in [layer.name for layer in read_net_binary("tiny_iter_10.caffemodel").layer]
    assert cli.main(["train", "--solver", solver, "--level=1", "--stage=s"]) == 0
    assert "s" not in [layer.name for layer in read_net_binary("tiny_iter_10.caffemodel").layer]
    capsys.readouterr()


def test_config_file_does_what_flags_do(tiny: Path, capsys: Capture) -> None:
    (tiny / "run.yaml").write_text(
        "solver: nowhere.prototxt   # the command line says otherwise\n"
        "engine: numpy\n"
        "no_fuse: true\n"
        "stage: [a, b]\n"
        "phase: train\n"
        "set:\n"
        "  base_lr: 0.25\n"
        "  snapshot_after_train: false\n"
        "  stepvalue: [3, 6]\n"
        "  train_state: {level: 2}\n"
        "  test_state:\n"
        "    - stage: x\n"
        "  snapshot_prefix: 'a \"b\\c'\n"
    )
    text = train(capsys, "--config=run.yaml", "--set", "base_lr=0.5")
    assert found("Iteration 5, lr = 0.5", text)
    assert "stepvalue: 3\nstepvalue: 6\n" in text
    assert 'level: 2\n  stage: "a"\n  stage: "b"\n' in text
    assert 'test_state {\n  stage: "x"\n}' in text
    assert 'snapshot_prefix: "a \\"b\\\\c"' in text
    assert not list(tiny.glob("*.caffemodel"))


@pytest.mark.parametrize(
    ("yaml", "complaint"),
    [
        ("\nsovler: x\n", "run.yaml:2: unknown key 'sovler'; did you mean `solver`?"),
        ("base_lr: 1\n", "run.yaml:1: unknown key 'base_lr'; fields of the solver belong under"),
        ("iterations: many\n", "run.yaml:1: iterations: 'many':"),
        ("level:\n", "run.yaml:1: level: None:"),
        ("weights: {a: b}\n", "run.yaml:1: weights: "),
        ("sigint_effect: die\n", "expected one of snapshot, stop, none"),
        ("set:\n  base_lr: x\n", "run.yaml:2:"),
        ("set:\n\n  bse_lr: 1\n", "run.yaml:3:"),
        ("set: 3\n", "run.yaml:1: expected 'key: value' lines"),
        ("- a\n", "run.yaml:1: expected 'key: value' lines"),
        ("a: [1\n", "run.yaml:2: not YAML: "),
        ("a: \x07\n", "run.yaml: not YAML: "),
        ("solver: a\nsolver: b\n", "run.yaml:2: 'solver' is given twice"),
        ("solver: !!python/name:os.system x\n", "run.yaml:1: not YAML: could not determine"),
        ("set: &a\n  train_state: *a\n", "run.yaml:2: aliases (*name) are not taken"),
        ("? [a, b]\n: c\n", "run.yaml:1: not YAML: found unhashable key"),
        ('\nlevel: !!int ""\n', "run.yaml:2: '' is no int"),
        ("set: {base_lr: !!float _}\n", "run.yaml:1: '_' is no float"),
        ("level: !!timestamp x\n", "run.yaml:1: 'x' is no timestamp"),
        ("level: 2001-99-99\n", "run.yaml:1: '2001-99-99' is no timestamp"),
        ("level: !!bool x\n", "run.yaml:1: 'x' is no bool"),
        ("stage: [a, !!int [b]]\n", "run.yaml:1: not YAML: expected a scalar node"),
        (f"level: {'9' * 4301}\n", f"run.yaml:1: '{'9' * 79}…' is no int"),
        (f"level: {'9' * 400}\n", "run.yaml:1: a whole number that no field holds"),
        (f"set: {{max_iter: 0x{'f' * 4000}}}\n", "run.yaml:1: a whole number that no field"),
        (f"level: 0b{'1' * 20000}\n", "run.yaml:1: a whole number that no field holds"),
        (f"level: {'1:' * 3000}1\n", "run.yaml:1: a whole number that no field holds"),
        (f"set:\n  0x{'f' * 500}: 1\n", "run.yaml:2: a whole number that no field holds"),
        ("\udcff", "run.yaml: this is no text in UTF-8"),
    ],
)  # fmt: skip
def test_bad_config_files(yaml: str, complaint: str, tiny: Path, capsys: Capture) -> None:
    (tiny / "run.yaml").write_bytes(yaml.encode("utf-8", "surrogateescape"))
    text = train(capsys, "--config=run.yaml", status=1)
    assert text.startswith("error: ")
    assert complaint in text


def test_config_file_that_is_missing_or_empty(tiny: Path, capsys: Capture) -> None:
    assert "nowhere.yaml: there is no such file" in train(capsys, "--config=nowhere.yaml", status=1)
    (tiny / "run.yaml").write_text("# nothing\nset:\n")
    train(capsys, "--config=run.yaml", status=0)


def test_scores_with_the_test_net(tiny: Path, capsys: Capture) -> None:
    train(capsys)
    weights = "--weights=tiny_iter_10.caffemodel"
    text = train(capsys, "--phase=TEST", weights)
    assert found("Running for 2 iterations.", text)
    assert found("Batch 1, accuracy = [01](.25|.5|.75)?", text)
    assert found(r"Loss: [.\d]+", text)
    assert found(r"loss = [.\d]+ \(\* 1 = [.\d]+ loss\)", text)
    assert "Iteration" not in text
    text = train(capsys, "--phase=test", weights, "--iterations=3")
    assert found("Running for 3 iterations.", text)


def test_scoring_needs_weights_and_a_test_net(tiny: Path, capsys: Capture) -> None:
    assert "weights to score" in train(capsys, "--phase=TEST", status=2)
    assert "--snapshot is given with --phase=TEST" in train(
        capsys, "--phase=TEST", "--snapshot=x", status=2
    )
    solver = (tiny / "solver.prototxt").read_text()
    solver = solver.replace("test_iter: 2", "").replace("test_interval: 5", "")
    (tiny / "solver.prototxt").write_text(solver)
    text = train(capsys, "--phase=TEST", "--weights=x", status=1)
    assert "error: solver.prototxt: the solver has no test_iter" in text


def test_gpu_is_accepted(tiny: Path, capsys: Capture) -> None:
    assert "minicaffe runs on the CPU" in train(capsys, "-gpu", "0,1")


def test_unknown_engine(tiny: Path, capsys: Capture) -> None:
    text = train(capsys, "--engine=numpi", status=1)
    assert "unknown engine 'numpi'; did you mean `numpy`?" in text


def test_signals_are_handled_and_then_left_as_they_were(tiny: Path, capsys: Capture) -> None:
    before = signal.getsignal(signal.SIGINT)
    text = train(capsys, "--sigint_effect=none", "--sighup_effect=stop")
    assert found("Optimization Done.", text)
    assert signal.getsignal(signal.SIGINT) is before


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_bar_on_a_terminal(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    assert cli.main(["train", "-solver=solver.prototxt"]) == 0
    text = stream.getvalue()
    assert "10/10" in text
    assert "\r\x1b[K" in text
    assert text.count("Optimization Done.") == 1
    # every log line has a line of its own, not after the bar
    for line in re.split("\r|\n", text):
        assert "/10 " not in line or not re.match(PREFIX, line)


def test_no_bar_on_a_dumb_terminal(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "dumb")
    assert cli.main(["train", "-solver=solver.prototxt"]) == 0
    assert "\x1b" not in stream.getvalue()


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGINT to a single process")
@pytest.mark.parametrize(
    ("effect", "number", "lines"),
    [
        ("stop", signal.SIGINT, ["Optimization stopped early."]),
        ("snapshot", signal.SIGINT, ["Snapshotting to", "Snapshotting solver state to", "lr = "]),
    ],
)
def test_ctrl_c(effect: str, number: int, lines: list[str], tiny: Path) -> None:
    settings = ["max_iter=100000000", "test_interval=100000000", "display=10000"]
    words = [f"--sigint_effect={effect}", *(w for setting in settings for w in ("--set", setting))]
    command = [sys.executable, "-m", "minicaffe", "train", "-solver=solver.prototxt", *words]
    environment = {**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[2])}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        seen = iter(process.stderr)
        for wanted in ["Iteration 0", *lines]:
            assert any(wanted in line for line in seen), wanted
            if wanted == "Iteration 0":
                process.send_signal(number)
        if effect == "stop":
            assert process.wait() == 0
        else:
            assert process.poll() is None  # it goes on
            process.kill()
    assert list(tiny.glob("tiny_iter_*.caffemodel"))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM to handle")
def test_sigterm_snapshots_and_exits(tiny: Path) -> None:
    words = ["--set", "max_iter=100000000", "--set", "snapshot_after_train=false"]
    command = [sys.executable, "-m", "minicaffe", "train", "-solver=solver.prototxt", *words]
    environment = {**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[2])}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any("Iteration 5," in line for line in process.stderr)
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()
    assert process.returncode == 128 + signal.SIGTERM
    assert "Optimization stopped early." in rest
    assert rest.count("Snapshotting solver state") == 1
    (state,) = tiny.glob("tiny_iter_*.solverstate")
    assert state.with_suffix(".caffemodel").exists()


def test_fast_dev_run_leaves_nothing(tiny: Path, capsys: Capture) -> None:
    before = sorted(path.name for path in tiny.iterdir())
    text = train(capsys, "--fast-dev-run", "--log-json=log.json", "--stats-every=1")
    assert sorted(path.name for path in tiny.iterdir()) == sorted([*before, "log.json"])
    assert len(found(r"Iteration 0, ip\[0\]: mean .*, update/weight .*", text)) == 1
    names = [json.loads(line)["event"] for line in Path("log.json").read_text().splitlines()]
    assert names.count("iteration") == 1
    assert names.count("stats") == 1


def test_overfit_batch(tiny: Path, capsys: Capture) -> None:
    before = sorted(path.name for path in tiny.iterdir())
    text = train(capsys, "--overfit-batch", "--iterations=30")
    assert sorted(path.name for path in tiny.iterdir()) == before
    assert found(r"the net (learns|does not learn) one batch.*", text)
    assert "Testing net" not in text


def test_scoring_looks_at_all_test_nets_first(tiny: Path, capsys: Capture) -> None:
    """A mistake in the second one is told before data of the first one is opened."""
    train(capsys)
    net = Path("net.prototxt").read_text(encoding="utf-8")
    Path("other.prototxt").write_text(net.replace('"Accuracy"', '"Acuracy"'), encoding="utf-8")
    start, end = net.index("dummy_data_param"), net.index('layer {\n  name: "ip"')
    listed = net[:start] + 'image_data_param { source: "gone" batch_size: 4 } }\n' + net[end:]
    Path("listed.prototxt").write_text(listed.replace("DummyData", "ImageData"), encoding="utf-8")
    solver = (
        Path("solver.prototxt").read_text(encoding="utf-8").replace('net: "net', 'train_net: "net')
    )
    nets = 'test_net: "listed.prototxt" test_net: "other.prototxt" test_iter: [2, 2]'
    Path("solver.prototxt").write_text(solver.replace("test_iter: 2", nets), encoding="utf-8")
    text = train(capsys, "--phase=TEST", "--weights=tiny_iter_10.caffemodel", status=1)
    assert "unknown layer type 'Acuracy'; did you mean `Accuracy`?" in text
    assert "gone" not in text
