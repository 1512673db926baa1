"""The command line as a whole: verbs, spellings of flags, errors and exit statuses."""

from __future__ import annotations

import argparse
import os
import re
import runpy
import signal
import subprocess
import sys
import tempfile
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import ModuleType

import pytest

import minicaffe
from minicaffe import cli
from minicaffe.cli._flags import double_dashes, positive_int
from tests.told import one_line_each
from tests.warp import add_warp

ROOT = Path(__file__).parents[2]
SCRIPTS = [
    "classify",
    "compute_image_mean",
    "convert_cifar_data",
    "convert_imageset",
    "convert_mnist_data",
    "detect",
    "draw_net",
    "extract_features",
    "parse_log",
    "plot_training_log",
    "summarize",
    "test",
    "time",
    "train",
    "upgrade_net_proto_binary",
    "upgrade_net_proto_text",
    "upgrade_solver_proto_text",
]
VERBS = [*SCRIPTS, "device_query"]

Capture = pytest.CaptureFixture[str]


def test_the_verbs_are_there() -> None:
    assert set(VERBS) <= set(cli.verbs())
    assert not any(verb.startswith("_") for verb in cli.verbs())


@pytest.mark.parametrize("verb", cli.verbs())
def test_every_verb_explains_itself(verb: str, capsys: Capture) -> None:
    assert cli.main([verb, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"usage: minicaffe {verb}" in text
    example = text.partition("\n\n")[2]
    assert re.search(rf"minicaffe {verb.replace('_', '[-_]')}\b", example), "no example"
    assert cli.main(["--help"]) == 0
    assert verb in capsys.readouterr().out


@pytest.mark.parametrize("verb", [[], ["train"]], ids=" ".join)
def test_help_is_understood_as_a_word(verb: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    shown = []
    for words in ([*verb, "--help"], ["help", *verb]):
        assert cli.main(words) == 0
        shown.append(capsys.readouterr().out)
    assert shown[0] == shown[1] != ""


@pytest.mark.parametrize("spelling", ["--version", "-version"])
def test_version(spelling: str, capsys: Capture) -> None:
    assert cli.main([spelling]) == 0
    assert capsys.readouterr().out == f"minicaffe {minicaffe.__version__}\n"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "a verb is missing"),
        (["trian"], "unknown verb 'trian'; did you mean `train`?"),
        (["train"], "a solver definition is needed"),
        (["train", "--solver=a", "--snapshot=b", "--weights=c"], "give one of them"),
        (["train", "--solver=a", "--sigint_effect=die"], "--sigint_effect"),
        (["test", "--model=a"], "--weights"),
        (["test", "--model=a", "--weights=b", "--iterations=0"], "whole number from 1 to"),
        (
            ["train", "--solver=a", "--iterations=3000000000"],
            "--iterations is '3000000000'; expected a whole number from 1 to 2147483647",
        ),
        (["train", "--solver=a", "--level=1.5"], "whole number from -2147483648 to"),
        (["train", "--bananas=3"], "unknown flag --bananas"),
        (["--solver=x"], "a verb is missing"),
        (["train", "--solvr=x"], "unknown flag --solvr; did you mean --solver?"),
        (["test", "--modl=x"], "unknown flag --modl; did you mean --model?"),
        (
            ["summarize", "--model=x"],
            "unknown flag --model; files are given without one: minicaffe summarize filename",
        ),
        (["summarize", "--hepl"], "unknown flag --hepl"),
        (
            ["test", "--model=x", "w.caffemodel", "--weights=x"],
            "did you mean --weights=w.caffemodel",
        ),
        (["train", "my_solver.prototxt"], "did you mean --solver=my_solver.prototxt?"),
        (["test", "net.prototxt", "--weights=w"], "did you mean --model=net.prototxt?"),
        (
            ["train", "--solver=x", "--phase=TETS"],
            "--phase is 'TETS'; did you mean `TEST`? It takes",
        ),
        (["train", "--solver=x", "--phase=BOTH"], "--phase is 'BOTH'; expected TRAIN, TEST"),
        (["train", "--solver"], "--solver needs a value; write --solver=FILE (the"),
        (["train", "--solver=x", "more"], "'more' is given without a flag"),
    ],
)
def test_bad_usage(words: list[str], complaint: str, capsys: Capture) -> None:
    assert cli.main(words) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("error[MC029]: ")
    (sentence,) = one_line_each(printed).splitlines()
    assert complaint in sentence
    verb = f"{words[0]} " if words and words[0] in ("train", "test", "summarize") else ""
    assert sentence.lower().endswith(f"see minicaffe {verb}--help")


@pytest.mark.parametrize(
    ("given", "understood"),
    [
        (["-solver", "x"], ["--solver", "x"]),
        (["-solver=x"], ["--solver=x"]),
        (["--sigint-effect=stop"], ["--sigint_effect=stop"]),
        (["--solver", "a-b.prototxt"], ["--solver", "a-b.prototxt"]),
        (["--set", "base_lr=-1"], ["--set", "base_lr=-1"]),
        (["-level", "-1"], ["--level", "-1"]),
        (["-h"], ["-h"]),
        (["-"], ["-"]),
    ],
)
def test_spellings_of_gflags(given: list[str], understood: list[str]) -> None:
    assert double_dashes(given) == understood


@pytest.mark.parametrize("text", ["0", "-3", "1.5", "many"])
def test_not_a_positive_number(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (argparse prints a message of its own)
        positive_int(text)


def test_mistakes_are_one_line_without_traceback(tiny: Path, capsys: Capture) -> None:
    assert cli.main(["train", "-solver", "nowhere.prototxt"]) == 1
    text = one_line_each(capsys.readouterr().err)
    assert text.startswith("error: nowhere.prototxt")
    assert text.count("\n") == 1


def test_all_mistakes_of_a_file_are_shown(tiny: Path, capsys: Capture) -> None:
    text = (tiny / "net.prototxt").read_text()
    (tiny / "net.prototxt").write_text(text.replace("num_output", "num_outptu") + "nmae: 'x'\n")
    assert cli.main(["test", "--model=net.prototxt", "--weights=w.caffemodel"]) == 1
    text = one_line_each(capsys.readouterr().err)
    assert "did you mean `num_output`?" in text
    assert "did you mean `name`?" in text


def with_verb(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Make ``device_query`` end with an exception."""

    def run(args: argparse.Namespace) -> int:
        raise error

    module = ModuleType("minicaffe.cli.device_query", "Fails.")
    module.add_arguments = lambda parser: None  # type: ignore[attr-defined]
    module.run = run  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "minicaffe.cli.device_query", module)


def failing_import(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Importing the verb device_query raises the error."""
    name = "minicaffe.cli.device_query"

    class Finder(MetaPathFinder):
        def find_spec(self, asked: str, *more: object) -> None:
            if asked == name:
                raise error

    monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])


def test_interrupt(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    with_verb(monkeypatch, KeyboardInterrupt())
    assert cli.main(["device_query"]) == 130
    assert one_line_each(capsys.readouterr().err) == "interrupted\n"


def test_interrupt_before_the_verb_is_known(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    failing_import(monkeypatch, KeyboardInterrupt())
    assert cli.main(["device_query"]) == 130
    assert one_line_each(capsys.readouterr().err) == ""


@pytest.mark.parametrize("command", [["-m", "minicaffe"], ["tools/train.py"]])
def test_interrupt_while_the_command_line_is_imported(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "argparse.py").write_text("print('now', flush=True)\ninput()\n")
    process = subprocess.Popen(
        [sys.executable, *command],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline().strip() == b"now"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, b"")


def test_reader_of_the_output_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    with_verb(monkeypatch, BrokenPipeError())
    with open(os.devnull, "w") as nowhere:
        monkeypatch.setattr(sys, "stdout", nowhere)
        assert cli.main(["device_query"]) == 141
        sys.stdout.close()


def test_memory_that_is_not_there(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    with_verb(monkeypatch, MemoryError("Unable to allocate 6.71 GiB"))
    assert cli.main(["device_query"]) == 1
    expected = "error: there is not enough memory: Unable to allocate 6.71 GiB; lower batch_size"
    assert one_line_each(capsys.readouterr().err).startswith(expected)


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder into which temporary files go."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ZeroDivisionError(), "ZeroDivisionError"),
        (ValueError("no \x1b[31m\nred"), r"ValueError: no \x1b[31m\nred"),
        (RecursionError("maximum depth"), "RecursionError: maximum depth"),
        (KeyError("x" * 1000), "KeyError: 'xx"),
        (OSError(2, "No such file", "a"), "FileNotFoundError: [Errno 2] No such file: 'a'"),
        (ModuleNotFoundError("No module named 'foo'", name="foo"), "ModuleNotFoundError: No mod"),
    ],
)
def test_our_own_faults_are_two_lines_and_a_file(
    error: Exception, said: str, reports: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    with_verb(monkeypatch, error)
    assert cli.main(["device_query", "--vmodule", "a b"]) == 70
    lines = one_line_each(capsys.readouterr().err).splitlines()
    assert len(lines) == 2
    assert lines[0].startswith(f"error: this is a fault of minicaffe, not of yours: {said}")
    assert len(lines[0]) < 300
    (file,) = reports.glob("minicaffe-*.txt")
    assert f"please report it with the file {file}, which holds the trace" in lines[1]
    report = file.read_text()
    assert report.startswith(f"minicaffe {minicaffe.__version__}, Python ")
    assert "minicaffe device_query --vmodule 'a b'\n" in report
    assert "Traceback (most recent call last):\n" in report
    assert "\x1b" not in report


def test_the_trace_of_a_fault_is_shown_if_wanted(
    reports: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    with_verb(monkeypatch, ZeroDivisionError())
    assert cli.main(["device_query", "--traceback"]) == 70
    text = one_line_each(capsys.readouterr().err)
    assert text.startswith("error: this is a fault of minicaffe")
    assert text.endswith("ZeroDivisionError\n")
    assert "in run\n    raise error\n" in text
    assert list(reports.iterdir()) == []


def test_a_fault_where_no_file_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with_verb(monkeypatch, ZeroDivisionError())
    assert cli.main(["device_query"]) == 70
    assert one_line_each(capsys.readouterr().err).endswith("ZeroDivisionError\n")


def test_a_fault_while_a_verb_is_imported(
    reports: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    failing_import(monkeypatch, SyntaxError("broken"))
    assert cli.main(["device_query"]) == 70
    assert "fault of minicaffe, not of yours: SyntaxError: broken" in one_line_each(
        capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("error", "complaint"),
    [
        (OSError(28, "No space left on device"), "cannot write the output: No space left"),
        (
            ModuleNotFoundError("No module named 'google'", name="google"),
            "minicaffe needs the package protobuf, which is not here; pip install protobuf",
        ),
    ],
)
def test_what_is_wrong_outside(
    error: Exception, complaint: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    with_verb(monkeypatch, error)
    assert cli.main(["device_query"]) == 1
    assert one_line_each(capsys.readouterr().err).startswith(f"error: {complaint}")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="/dev/full is of Linux")
def test_output_that_cannot_be_written() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "minicaffe", "models"], cwd=ROOT, stdout=full,
            stderr=subprocess.PIPE, text=True, timeout=100,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "error[MC000]: cannot write the output: No space left on device\n"


#: device_query is a verb of Caffe's only tool, and models is of minicaffe: they have no script.
TOOLS = sorted(set(cli.verbs()) - {"device_query", "models"})


@pytest.mark.parametrize("verb", TOOLS)
def test_scripts_in_tools_are_the_verbs(
    verb: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [f"tools/{verb}.py", "-h"])
    with pytest.raises(SystemExit) as leaving:
        runpy.run_path(str(ROOT / "tools" / f"{verb}.py"), run_name="__main__")
    assert leaving.value.code == 0
    assert f"usage: minicaffe {verb}" in capsys.readouterr().out


def test_scripts_in_tools_are_one_text() -> None:
    """A script differs from another by its name only, which is its verb."""
    texts = {(ROOT / "tools" / f"{verb}.py").read_text(encoding="utf-8") for verb in TOOLS}
    assert len(texts) == 1


def test_as_a_process(tiny: Path) -> None:
    """Through ``python -m minicaffe``, with the streams of a pipe: the log is on stderr."""
    command = [sys.executable, "-W", "error", "-m", "minicaffe", "train", "-solver=solver.prototxt"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "Optimization Done." in done.stderr
    assert "\x1b" not in done.stderr
    assert (tiny / "tiny_iter_10.caffemodel").is_file()


def test_device_query(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINICAFFE_ENGINE", "numpy")
    assert cli.main(["device_query", "-gpu", "all"]) == 0
    text = capsys.readouterr().out
    assert "Engine numpy: available (default)" in text
    assert "core(s) to use" in text


def test_device_query_says_why_an_engine_is_missing(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINICAFFE_ENGINE", "numpy")
    add_warp(tmp_path, monkeypatch)
    assert cli.main(["device_query"]) == 0
    text = capsys.readouterr().out
    assert "Engine warp: not available: no dilithium" in text
    assert "Engine numpy: available (default)\n  precision bf16: numpy has no" in text


def test_processor_name(tmp_path: Path) -> None:
    from minicaffe.cli.device_query import processor_name

    file = tmp_path / "cpuinfo"
    assert processor_name(file) != ""
    file.write_text("processor : 0\nmodel name\t: Tortoise 9000\n")
    assert processor_name(file) == "Tortoise 9000"
