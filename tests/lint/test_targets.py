"""``lint --target``: what a tool would refuse, where, who says so, and what mends it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from minicaffe import cli
from minicaffe.convert.targets import load_target
from minicaffe.lint import Diagnostic, LintOptions, Severity, lint_file
from minicaffe.lint.rules import Rule, all_rules

RULES = [rule for rule in all_rules() if rule.code.startswith("MC50")]
DATA = """layer { name: "data" type: "Input" top: "data"
  input_param { shape { dim: 1 dim: 3 dim: 8 dim: 8 } } }
"""


@pytest.fixture(autouse=True)
def in_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def found_in(text: str, target: str | None) -> list[Diagnostic]:
    Path("net.prototxt").write_text(text, encoding="utf-8")
    options = LintOptions(target=load_target(target) if target else None)
    return [d for d in lint_file("net.prototxt", options) if d.code.startswith("MC50")]


def example_of(rule: Rule) -> tuple[str, str]:
    """The target and the net of a rule's page."""
    match = re.search(r"With ``--target=(\w+)`` this is found::\n\n((?:    .*\n?)+)", rule.text)
    assert match is not None
    return match[1], re.sub("^    ", "", match[2], flags=re.MULTILINE)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_the_pages_examples(rule: Rule) -> None:
    target, text = example_of(rule)
    (found,) = found_in(text, target)
    assert found.code == rule.code
    assert found.place.column > 0
    assert found.place.source_line in text.splitlines()
    assert "docs/targets" in found.note or found.note.startswith("said by: ")
    assert found_in(text, None) == []
    assert found_in(text, "minicaffe") == []


def test_there_is_a_rule_for_each_kind() -> None:
    assert [rule.code for rule in RULES] == ["MC501", "MC502", "MC503", "MC504", "MC505"]
    assert [rule.severity for rule in RULES][-1] is Severity.NOTE


def test_all_that_is_refused_with_what_mends_it() -> None:
    text = DATA + (
        'layer { name: "relu" type: "ReLU6" bottom: "data" top: "data" }\n'
        'layer { name: "pool" type: "Pooling" bottom: "data" top: "pool"\n'
        "  pooling_param { pool: AVE kernel_size: 3 pad: 1 round_mode: FLOOR } }\n"
        'layer { name: "axis" type: "Reduction" bottom: "pool" top: "sum" }\n'
    )
    found = found_in(text, "ncnn")
    assert [(d.code, d.layer, d.place.line, d.place.column) for d in found] == [
        ("MC502", "pool", 5, 49),
        ("MC503", "pool", 5, 63),
        ("MC501", "axis", 6, 28),
    ]
    limit, field, reduction = found
    assert limit.message.startswith("pad is 1; ncnn takes 0 (the tool leaves avgpool_count")
    assert field.help == limit.help
    assert field.help.startswith("`minicaffe fit_target` mends it: Pooling ")
    assert field.note.endswith("tools/caffe/caffe2ncnn.cpp")
    assert reduction.help.startswith("no rewrite is known; `minicaffe deploy --until`")
    (six,) = found_in(text, "bvlc")
    assert (six.code, six.place.line) == ("MC501", 3)
    assert "6 - ReLU(6 - ReLU(x))" in six.help


def test_layers_with_parameters_are_rewritten_on_trial() -> None:
    text = DATA + (
        'layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"\n'
        "  convolution_param { num_output: 4 kernel_size: 4 stride: 2 } }\n"
        'layer { name: "prelu" type: "PReLU" bottom: "conv" top: "prelu" }\n'
    )
    conv, *rest = found_in(text, "tidl")
    assert (
        conv.message
        == "kernel is 4; tidl takes 1 or 3 or 5 or 7 or 11 (those that have been validated)"
    )
    assert "a row and column of zeros more" in conv.help
    assert rest == []
    (prelu,) = [d for d in found_in(text, "nnie") if d.layer == "prelu"]
    assert "slope · ReLU(-x)" in prelu.help  # though all slopes might be one


def test_a_net_that_was_trained_counts_as_it_is_used() -> None:
    text = (
        'layer { name: "data" type: "DummyData" top: "data" top: "label"\n'
        "  dummy_data_param { shape { dim: 2 dim: 3 dim: 8 dim: 8 } shape { dim: 2 } } }\n"
        'layer { name: "drop" type: "Dropout" bottom: "data" top: "drop" }\n'
        'layer { name: "ip" type: "InnerProduct" bottom: "drop" top: "ip"\n'
        '  inner_product_param { num_output: 4 weight_filler { type: "xavier" } } }\n'
        'layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }\n'
        'layer { name: "acc" type: "Accuracy" bottom: "ip" bottom: "label" top: "acc"\n'
        "  include { phase: TEST } }\n"
    )
    assert found_in(text, "rknn1") == []
    Path("own.yaml").write_text(
        "title: x\nsources: {a: {title: A, where: b}}\ntypes: [{of: InnerProduct, source: a}]",
        encoding="utf-8",
    )
    (drop,) = found_in(text, "own.yaml")
    assert drop.layer == "drop"
    assert "takes it out" in drop.help


def test_shapes_that_are_not_known_refuse_nothing() -> None:
    text = (
        'layer { name: "d" type: "Data" top: "data" data_param { source: "db" batch_size: 1 } }\n'
    )
    pool = 'layer { name: "p" type: "Pooling" bottom: "data" top: "p"\n  pooling_param { %s } }\n'
    assert found_in(text + pool % "kernel_size: 400", "ascend") == []
    (found,) = found_in(text + pool % "kernel_size: 2 pool: STOCHASTIC", "ascend")
    assert found.message == "pool is STOCHASTIC; ascend takes MAX or AVE"


def test_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    Path("net.prototxt").write_text(
        DATA + 'layer { name: "six" type: "ReLU6" bottom: "data" top: "six" }\n', encoding="utf-8"
    )
    assert cli.main(["lint", "net.prototxt", "--target=nnie"]) == 1
    assert "MC501" in capsys.readouterr().out
    assert cli.main(["lint", "net.prototxt", "--target=nnie", "--ignore=MC501"]) == 0
    assert cli.main(["lint", "net.prototxt", "--target=opencv4"]) == 0
    assert cli.main(["lint", "net.prototxt", "--target=opencv"]) == 1
    assert "did you mean `opencv4`?" in capsys.readouterr().err
