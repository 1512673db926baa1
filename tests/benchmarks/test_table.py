"""Medians, the filter of disturbed slices, and the tables of compare.py."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks import table
from benchmarks.table import Measured, Row, Slice

NETS = ["lenet", "resnet20"]


def row(net="lenet", *, ours=10.0, best=20.0, **changes):
    results = {
        "minicaffe": Measured(ours, 100.4, True),
        "minicaffe numpy": Measured(5.0, 50.0, True),
        "torch eager": Measured(best + 4, 300.0, True),
        "torch tuned": Measured(best, 2500.0, True),
    }
    facts = {
        "mode": "train", "precision": "float32", "batch": 64, "threads": 2, "results": results,
        "operations": 10**9, "peak": 2e11, "machine": "Deep Thought, 2 cores",
        "versions": ["torch 2.13.0"], "date": "2026-01-02", "command": "python compare.py",
    }  # fmt: skip
    return Row(net=net, **{**facts, **changes})


def test_median_of_all_iterations_of_the_quiet_slices():
    slices = [Slice([0.001, 0.002], 0.01), Slice([0.5, 0.6], 0.9), Slice([0.003, 0.004, 0.009], 0)]
    found = Measured.of(slices, 0.05, 12.0)
    assert found == Measured(3.0, 12.0, quiet=True)


def test_too_few_quiet_slices_are_reported():
    slices = [Slice([0.003], 0.3), Slice([0.001], 0.0), Slice([0.002], 0.2), Slice([0.1], 0.8)]
    kept, calm = table.quiet(slices, 0.05)
    assert [value.others for value in kept] == [0.0, 0.2]
    assert not calm
    assert Measured.of(slices, 0.05, None) == Measured(1.5, None, quiet=False)


def test_all_slices_count_where_the_load_is_unknown():
    kept, calm = table.quiet([Slice([1.0]), Slice([2.0])], 0.05)
    assert len(kept) == 2
    assert calm


def test_best_rival_is_none_of_ours():
    assert row().best_rival() == ("torch tuned", Measured(20.0, 2500.0, True))
    lonely = row(results={"minicaffe": Measured(1.0, None, True)})
    assert lonely.best_rival() is None
    assert "| lenet | 64 | 1.00 |  |  | 500 % |  |  |" in table.markdown([lonely])


def test_cells():
    lines = table.markdown([row()]).splitlines()
    assert lines[0] == "### Training, float32, 2 threads"
    assert lines[4] == (
        "| net | batch | minicaffe | minicaffe numpy | torch eager | torch tuned "
        "| best rival | ratio | of peak | memory | best rival's memory |"
    )
    assert lines[6] == (
        "| lenet | 64 | 10.0 | 5.00 | 24.0 | 20.0 | torch tuned | **0.50** | 50 % "
        "| 100 MiB | 2,500 MiB |"
    )
    assert len(lines) == 7
    assert "Deep Thought, 2 cores; torch 2.13.0; 2026-01-02; `python compare.py`" in lines[2]


def test_disturbed_figures_and_absent_contenders_show():
    disturbed = row("resnet20")
    disturbed.results["minicaffe"] = Measured(123.4, None, False)
    del disturbed.results["torch eager"]
    text = table.markdown([row(), disturbed])
    assert "| resnet20 | 64 | 123\\* | 5.00 |  | 20.0 | torch tuned | **6.17** |" in text
    assert text.endswith("\\* others used the machine meanwhile; the least disturbed slices.")
    assert "\\*" not in table.markdown([row()])


def test_tables_are_kept_apart_and_in_order():
    rows = [
        row("resnet20", mode="infer", batch=16),
        row("resnet20", precision="bf16"),
        row("resnet20", threads=1),
        row("lenet", mode="infer", batch=1),
        row("resnet20"),
        row("lenet"),
    ]
    titles = [line for line in table.markdown(table.merged([], rows, NETS)).splitlines()
              if line.startswith("###")]  # fmt: skip
    assert titles == [
        "### Training, float32, 1 thread",
        "### Training, float32, 2 threads",
        "### Training, bf16, 2 threads",
        "### Inference, batch 1, float32, 2 threads",
        "### Inference, batch 16, float32, 2 threads",
    ]


def test_a_new_row_replaces_its_predecessor_only():
    old = [row("resnet20", ours=1), row("lenet", ours=2), row("lenet", ours=3, precision="bf16")]
    found = table.merged(old, [row("lenet", ours=4)], NETS)
    assert [(item.net, item.results["minicaffe"].milliseconds) for item in found] == [
        ("lenet", 4), ("resnet20", 1), ("lenet", 3),
    ]  # fmt: skip


def test_saved_rows_come_back(tmp_path):
    rows = [row(), replace(row("resnet20"), peak=None)]
    path = tmp_path / "results.json"
    table.save(path, rows)
    assert table.load(path) == rows
    assert table.load(tmp_path / "none.json") == []


def test_only_what_is_between_the_markers_changes(tmp_path):
    path = tmp_path / "performance.md"
    path.write_text(f"above\n\n{table.BEGIN}\nold\n{table.END}\n\nbelow\n")
    for _ in range(2):
        table.replace_between_markers(path, "| new |")
        assert path.read_text() == (f"above\n\n{table.BEGIN}\n\n| new |\n\n{table.END}\n\nbelow\n")


def test_a_document_without_markers_is_left_alone(tmp_path):
    path = tmp_path / "performance.md"
    path.write_text(f"{table.END}\n{table.BEGIN}\n")
    with pytest.raises(ValueError, match=r"performance\.md has no lines"):
        table.replace_between_markers(path, "| new |")
    assert path.read_text() == f"{table.END}\n{table.BEGIN}\n"
