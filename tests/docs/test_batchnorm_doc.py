"""docs/batchnorm.md and its second page are true: examples run, prototxts build, sums are right."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import numpy as np
import pytest

import minicaffe as caffe

DOC = Path(__file__).parents[2] / "docs" / "batchnorm.md"
RELATIVES = DOC.with_name("batchnorm-relatives.md")
TEXT = DOC.read_text(encoding="utf-8")
PROTOTXTS = re.findall(r"^```prototxt\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


@pytest.fixture(autouse=True)
def in_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("page", "least"), [(DOC, 60), (RELATIVES, 40)], ids=["itself", "relatives"]
)
def test_the_examples(page: Path, least: int) -> None:
    text = page.read_text(encoding="utf-8")
    examples = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    parser = doctest.DocTestParser()
    test = parser.get_doctest("".join(examples), {}, page.name, str(page), 0)
    report: list[str] = []
    results = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=report.append)
    assert results.attempted > least
    assert not results.failed, "".join(report)


@pytest.mark.parametrize("phase", [caffe.TRAIN, caffe.TEST])
@pytest.mark.parametrize("layers", PROTOTXTS, ids=["block", "param blocks", "two phases"])
def test_the_prototxts(layers: str, phase: int) -> None:
    data = 'layer { name: "data" type: "Input" top: "data" input_param { shape { %s } } }'
    Path("net.prototxt").write_text(data % "dim: 2 dim: 3 dim: 5 dim: 6" + layers, encoding="utf-8")
    with caffe.Net("net.prototxt", phase) as net:
        assert np.isfinite(net.forward_loss())
        for param in net.learnable_params:
            if param.layer_name.startswith("bn"):
                assert param.lr_mult == 0
            elif param.layer_name == "conv1" and param.index == 1:
                assert (param.lr_mult, param.decay_mult) == (2, 0)


def test_the_lines_beside_the_formulas_are_those_of_the_code() -> None:
    layers = DOC.parents[1] / "minicaffe" / "layers"
    code = "".join(
        (layers / name).read_text(encoding="utf-8")
        for name in ("normalization/batch_norm.py", "channels.py")
    )
    rows = re.findall(r"^\| (\d) \| [^|]+ \| (.*) \|$", TEXT, re.MULTILINE)
    assert [number for number, _ in rows] == list("12345678")
    for _, cell in rows:
        quoted = re.findall(r"`([^`]+)`", cell)
        assert quoted
        for line in quoted:
            assert line in code, line


BATCH_NORM = """
    layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 4 dim: 2 } } }
    layer { name: "bn" type: "BatchNorm" bottom: "data" top: "y" batch_norm_param { %s } }
"""


@pytest.mark.parametrize("phase", [caffe.TRAIN, caffe.TEST], ids=["TRAIN", "TEST"])
@pytest.mark.parametrize("setting", [None, "false", "true"])
def test_the_table_of_use_global_stats(setting: str | None, phase: int) -> None:
    row = re.search(rf"^\| {f'`{setting}`' if setting else 'not set'} \|(.*)\|(.*)\|$", TEXT, re.M)
    assert row is not None
    says = row[2 if phase == caffe.TEST else 1]
    text = BATCH_NORM % (f"use_global_stats: {setting}" if setting else "")
    Path("net.prototxt").write_text(text, encoding="utf-8")
    with caffe.Net("net.prototxt", phase) as net:
        for blob in net.params["bn"]:
            blob.data[...] = 2
        x = np.array([[1, 10], [2, 10], [3, 20], [6, 40]], np.float32)
        y = net.forward(data=x)["y"]
        normalised_by_batch = bool(np.allclose(y.mean(axis=0), 0, atol=1e-6))
        updated = net.params["bn"][2].data[0] != 2
    assert normalised_by_batch == ("batch statistics" in says)
    assert normalised_by_batch != ("stored statistics" in says)
    assert updated == ("are updated" in says)
    assert updated != ("left alone" in says)


@pytest.mark.parametrize("batches", [1, 200])
def test_the_comparison_with_pytorch(batches: int) -> None:
    """The update rules of the table: equal after many batches, 3 and 0.3 after one."""
    text = BATCH_NORM % "moving_average_fraction: 0.9"
    Path("net.prototxt").write_text(text, encoding="utf-8")
    x = np.array([[1, 10], [2, 10], [3, 20], [6, 40]], np.float32)
    running = 0.0
    with caffe.Net("net.prototxt", caffe.TRAIN) as net:
        for _ in range(batches):
            net.forward(data=x)
            running = (1 - 0.1) * running + 0.1 * float(x[:, 0].mean())
        here = net.params["bn"][0].data[0] / net.params["bn"][2].data[0]
    assert here == pytest.approx(3)
    assert running == pytest.approx(0.3 if batches == 1 else 3)


def test_iter_size_updates_the_statistics_in_every_pass() -> None:
    Path("net.prototxt").write_text(
        """layer { name: "data" type: "DummyData" top: "data" dummy_data_param {
             shape { dim: 4 dim: 2 } data_filler { type: "gaussian" std: 1 } } }
           layer { name: "fc" type: "InnerProduct" bottom: "data" top: "fc"
             inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }
           layer { name: "bn" type: "BatchNorm" bottom: "fc" top: "y" }
           layer { name: "loss" type: "Reduction" bottom: "y" top: "loss" loss_weight: 1 }""",
        encoding="utf-8",
    )
    Path("solver.prototxt").write_text(
        "net: 'net.prototxt' base_lr: 0.1 lr_policy: 'fixed' iter_size: 4 max_iter: 10",
        encoding="utf-8",
    )
    solver = caffe.get_solver("solver.prototxt")
    solver.step(1)
    weight = solver.net.params["bn"][2].data[0]
    assert weight == pytest.approx(1 + 0.999 + 0.999**2 + 0.999**3)


def test_memory_of_the_stored_statistics() -> None:
    """The third blob grows towards 1 / (1 - f) = 1000; 693 or 14 batches have half of it."""
    for fraction, limit, half in ((0.999, 1000, 693), (0.95, 20, 14)):
        weights = fraction ** np.arange(20000)
        assert weights.sum() == pytest.approx(limit)
        assert weights[: half - 1].sum() < limit / 2 <= weights[:half].sum()
