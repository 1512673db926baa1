"""Each rule about BatchNorm: what it finds, where, and what it leaves alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from minicaffe.lint import Diagnostic, Severity, codes, lint_net, lint_solver
from minicaffe.proto import caffe_pb2
from minicaffe.proto.io import read_net, read_solver_located
from minicaffe.solver.solver_factory import get_solver

ROOT = Path(__file__).parents[2]

DATA = """layer { name: "data" type: "Input" top: "data"
  input_param { shape { dim: 2 dim: 3 dim: 4 dim: 5 } } }
"""  # lines 1 and 2
CONV = """layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
  convolution_param { num_output: 6 kernel_size: 3 bias_term: false } }
"""  # lines 3 and 4
SCALE = """layer { name: "scale" type: "Scale" bottom: "conv" top: "conv"
  scale_param { bias_term: true } }
"""
END = """layer { name: "ip" type: "InnerProduct" bottom: "conv" top: "ip"
  inner_product_param { num_output: 7 } }
"""
LOSS = 'layer { name: "loss" type: "Reduction" bottom: "ip" top: "loss" loss_weight: 1 }\n'


def norm(inside: str = "") -> str:
    return f'layer {{ name: "bn" type: "BatchNorm" bottom: "conv" top: "conv" {inside} }}\n'


def stats(inside: str, more: str = "") -> str:
    return norm(f"batch_norm_param {{ {inside} }} {more}")


def layer(kind: str, inside: str = "", bottom: str = "conv") -> str:
    return f'layer {{ name: "x" type: "{kind}" bottom: "{bottom}" top: "conv" {inside} }}\n'


GOOD = DATA + CONV + norm() + SCALE + END + LOSS
TRAIN, TEST = "include { phase: TRAIN }", "include { phase: TEST }"


@pytest.fixture(autouse=True)
def in_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def of_net(text: str) -> list[Diagnostic]:
    Path("net.prototxt").write_text(text, encoding="utf-8")
    return about_batchnorm(lint_net(read_net("net.prototxt"), "net.prototxt"))


def about_batchnorm(found: list[Diagnostic]) -> list[Diagnostic]:
    return [d for d in found if d.code.startswith("BN")]


def of_solver(text: str, net: str = GOOD) -> list[Diagnostic]:
    Path("net.prototxt").write_text(net, encoding="utf-8")
    Path("solver.prototxt").write_text(text, encoding="utf-8")
    param, lines = read_solver_located("solver.prototxt")
    return about_batchnorm(lint_solver(param, "solver.prototxt", lines))


FOUND = {
    "PSPNet's": ("BN011", 5, "x", DATA + CONV + layer("BN", "bn_param { eps: 1e-5 }") + END),
    "NVCaffe's": ("BN011", 5, "bn", DATA + CONV + stats("scale_bias: true") + END),
    "Intel's": ("BN011", 5, "bn", DATA + CONV + stats("use_weight_bias: true") + END),
    "no Scale": ("BN001", 5, "bn", DATA + CONV + norm() + END),
    "a Scale of two bottoms": (
        "BN001", 5, "bn",
        DATA + CONV + norm() + layer("Scale", 'bottom: "data" scale_param { bias_term: true }')
        + END,
    ),
    "no offset": ("BN002", 6, "x", DATA + CONV + norm() + layer("Scale") + END),
    "after a Split": (
        "BN002", 7, "x",
        DATA + CONV + norm() + layer("Split", 'top: "other"') + layer("Scale") + END,
    ),
    "batch statistics everywhere": (
        "BN003", 5, "bn", DATA + CONV + stats("use_global_stats: false") + SCALE + END,
    ),
    "batch statistics in TEST": (
        "BN003", 6, "bn",
        DATA + CONV + norm(TRAIN) + stats("use_global_stats: false", TEST) + SCALE + END,
    ),
    "frozen": (
        "BN004", 5, "bn", DATA + CONV + stats("use_global_stats: true") + SCALE + END + LOSS,
    ),
    "a bias before it": (
        "BN007", 3, "conv",
        DATA + CONV.replace(" bias_term: false", "") + norm() + SCALE + END,
    ),
    "a bias of an InnerProduct": (
        "BN007", 3, "x",
        DATA + layer("InnerProduct", "inner_product_param { num_output: 7 }", "data")
        + norm() + SCALE + END,
    ),
    "another eps": (
        "BN008", 6, "bn", DATA + CONV + norm(TRAIN) + stats("eps: 0.001", TEST) + SCALE + END,
    ),
    "another fraction": (
        "BN008", 6, "bn",
        DATA + CONV + stats("moving_average_fraction: 0.9", TRAIN)
        + stats("moving_average_fraction: 0.95", TEST) + SCALE + END,
    ),
    "a learning rate": ("BN009", 5, "bn", DATA + CONV + norm("param { lr_mult: 2 }") + SCALE + END),
    "four param blocks": (
        "BN009", 5, "bn", DATA + CONV + norm("param { lr_mult: 0 }" * 4) + SCALE + END,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FOUND)
def test_what_is_found(case: str) -> None:
    code, line, name, text = FOUND[case]
    (finding,) = of_net(text)
    assert (finding.code, finding.path, finding.line, finding.layer) == (
        code, "net.prototxt", line, name,
    )  # fmt: skip
    assert re.match(rf"net.prototxt:{line}:\d+: {code} layer '{name}': ", str(finding))
    assert str(finding).endswith(f"{finding.message}; {finding.help}")


@pytest.mark.parametrize(
    "inside",
    [
        "batch_norm_param { scale_bias: true }",
        "batch_norm_param { use_weight_bias: true bias_term: true }",
        "param { lr_mult: 1 } param { lr_mult: 1 } batch_norm_param { scale_filler { type: "
        '"constant" value: 1 } bias_filler { type: "constant" } }',
        "batch_norm_param { filler { value: 1 } } " + "param { lr_mult: 1 }" * 5,
    ],
)
def test_a_scale_inside_of_a_fork_is_no_missing_scale(inside: str) -> None:
    """NVCaffe's and Intel Caffe's: its learning rates are right there, and it has a Scale."""
    (note,) = of_net(DATA + CONV + norm(inside) + END)
    assert note.code == "BN011"


def test_a_scale_inside_that_is_switched_off() -> None:
    inside = "batch_norm_param { scale_bias: false use_weight_bias: false }"
    (finding,) = of_net(DATA + CONV + norm(inside) + END)
    assert finding.message.startswith("no Scale layer reads its result")
    assert of_net(DATA + CONV + norm(inside) + SCALE + END) == []


LEFT_ALONE = {
    "as it should be": GOOD,
    "a deploy net": DATA + CONV + norm() + SCALE + END,
    "BN001, BN002: Scale and Bias": DATA + CONV + norm() + layer("Scale") + layer("Bias") + END,
    "BN002: a Scale elsewhere": GOOD + layer("Scale", bottom="ip"),
    "BN003: batch statistics in TRAIN": (
        DATA + CONV + stats("use_global_stats: false", TRAIN) + norm(TEST) + SCALE + END
    ),
    "BN004: nothing is trained": DATA + CONV + stats("use_global_stats: true") + SCALE + END,
    "BN004: nothing learns": (
        DATA + layer("Pooling", bottom="data") + stats("use_global_stats: true")
        + SCALE.replace('"scale"', '"scale" param { lr_mult: 0 } param { lr_mult: 0 }', 1)
        + END.replace('"ip"', '"ip" param { lr_mult: 0 } param { lr_mult: 0 }', 1) + LOSS
    ),
    "BN004: all before it is frozen": (
        DATA + CONV.replace('"conv"', '"conv" param { lr_mult: 0 }', 1)
        + stats("use_global_stats: true")
        + SCALE.replace('"scale"', '"scale" param { lr_mult: 0 } param { lr_mult: 0 }', 1)
        + END + LOSS
    ),
    "BN004: stored statistics in TEST": (
        DATA + CONV + norm(TRAIN) + stats("use_global_stats: true", TEST) + SCALE + END + LOSS
    ),
    "BN007: the bias of frozen statistics": (
        DATA + CONV.replace(" bias_term: false", "") + stats("use_global_stats: true") + SCALE + END
    ),
    "BN007: someone else reads the convolution": (
        DATA + CONV.replace(" bias_term: false", "").replace('top: "conv"', 'top: "c"')
        + layer("BatchNorm", bottom="c") + SCALE + END
        + 'layer { name: "other" type: "ReLU" bottom: "c" top: "d" }'
    ),
    "BN007: a bias of other axes than BatchNorm's channels": (
        DATA + layer("InnerProduct", "inner_product_param { num_output: 7 axis: 2 }", "data")
        + norm() + SCALE + END
    ),
    "BN008: the fraction left out in TEST": (
        DATA + CONV + stats("moving_average_fraction: 0.9", TRAIN) + norm(TEST) + SCALE + END
    ),
    "BN008: other names": (
        DATA + CONV + norm(TRAIN) + stats("eps: 0.001", TEST).replace('"bn"', '"bn2"') + SCALE + END
    ),
    "BN009: no learning rates": DATA + CONV + norm("param { lr_mult: 0 }" * 3) + SCALE + END,
}  # fmt: skip


@pytest.mark.parametrize("case", LEFT_ALONE)
def test_what_is_left_alone(case: str) -> None:
    assert of_net(LEFT_ALONE[case]) == []


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("max_iter: 2999", ["BN005"]),
        ("max_iter: 3000", []),
        ("iter_size: 4\nmax_iter: 750", ["BN006"]),  # 3000 batches
        ("iter_size: 4\nmax_iter: 749", ["BN006", "BN005"]),
        ("", []),  # no end is set
    ],
)
def test_a_solver(settings: str, expected: Sequence[str]) -> None:
    found = of_solver(f'net: "net.prototxt"\n{settings}\n')
    assert [item.code for item in found] == expected
    for number, item in enumerate(found):
        assert (item.path, item.line, item.layer) == ("solver.prototxt", 2 + number, None)
        assert "bn" in item.message


def test_a_solver_says_of_iter_size_what_lint_says(caplog: pytest.LogCaptureFixture) -> None:
    (found,) = of_solver('net: "net.prototxt" iter_size: 4 base_lr: 1 lr_policy: "fixed"')
    get_solver("solver.prototxt").net.close()
    (warning,) = [
        record.getMessage() for record in caplog.records if "iter_size" in record.getMessage()
    ]
    assert warning == f"{found.message}; {found.help}. See docs/batchnorm.md"


@pytest.mark.parametrize(
    ("fraction", "batches", "found"), [(0.9, 30, 0), (0.9, 29, 1), (1, 10**6, 1), (0, 3, 0)]
)
def test_a_fraction_of_its_own(fraction: float, batches: int, found: int) -> None:
    net = DATA + CONV + stats(f"moving_average_fraction: {fraction}") + SCALE + END
    result = of_solver(f'net: "net.prototxt" max_iter: {batches}', net)
    assert [item.code for item in result] == ["BN005"] * found


def test_frozen_statistics_have_no_memory() -> None:
    net = DATA + CONV + stats("use_global_stats: true") + SCALE + END
    assert of_solver('net: "net.prototxt" max_iter: 5 iter_size: 2', net) == []


def test_a_solver_says_which_phases_there_are() -> None:
    net = DATA + CONV + stats("use_global_stats: false") + SCALE + END
    assert of_solver('train_net: "net.prototxt"', net) == []
    (finding,) = of_solver('net: "net.prototxt" test_iter: 3 test_interval: 2', net)
    assert (finding.code, finding.path, finding.line) == ("BN003", "net.prototxt", 5)


def test_a_solver_says_which_stages_there_are() -> None:
    net = DATA + CONV + norm() + SCALE.replace("scale_param", 'include { stage: "a" } scale_param')
    solver = 'net: "net.prototxt" train_state { stage: "%s" }'
    assert of_solver(solver % "a", net) == []
    assert [finding.code for finding in of_solver(solver % "b", net)] == ["BN001"]


def test_a_net_inside_a_solver() -> None:
    (finding,) = of_solver("net_param {" + DATA + CONV + norm() + END + "}")
    assert (finding.code, finding.path, finding.line) == ("BN001", "solver.prototxt", 5)


def test_a_net_of_one_phase() -> None:
    data = DATA.replace('type: "Input"', f'type: "Input" {TRAIN}')
    (finding,) = of_net(data + CONV + norm() + END)
    assert finding.code == "BN001"


def test_what_is_no_net() -> None:
    Path("net.prototxt").write_text(CONV + norm(), encoding="utf-8")
    (wrong,) = lint_net(read_net("net.prototxt"), "net.prototxt")
    assert (wrong.severity, wrong.code, wrong.line) == (Severity.ERROR, "MC023", 1)
    assert "layer 'conv' (Convolution): unknown bottom blob" in wrong.message
    wrong, *_ = lint_solver(caffe_pb2.SolverParameter(max_iter=3))
    assert (wrong.severity, wrong.code) == (Severity.ERROR, "MC016")
    assert "no train net is given" in wrong.message


def test_every_code_is_found_somewhere_and_explained() -> None:
    about = {code for code in codes() if code.startswith("BN")}
    tested = {code for code, *_ in FOUND.values()} | {"BN005", "BN006", "BN010"}
    assert tested == about
    table = (ROOT / "docs" / "batchnorm.md").read_text(encoding="utf-8").split("## Common mist")[1]
    assert set(re.findall(r"lint (BN\d{3})", table)) == about
