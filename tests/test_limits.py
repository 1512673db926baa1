"""Limits: memory that a net may declare, code that it may run."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

import minicaffe
from minicaffe.blob import Blob
from minicaffe.cli import main
from minicaffe.errors import DataError, GraphError, MemoryLimitError, ShapeError
from minicaffe.options import Limits, MemoryBudget, machine_memory, parse_size, size_text
from tests.told import one_line_each

NET = """
layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 dim: 4 dim: 5 } } }
layer {
  name: "ip" type: "InnerProduct" bottom: "x" top: "y"
  inner_product_param { num_output: 7 weight_filler { type: "xavier" } }
}
"""
# Four bytes for each element of x, y, the weights and the biases.
NEEDED = 4 * (2 * 3 * 4 * 5 + 2 * 7 + 7 * 60 + 7)

SPY = """
import pathlib
import minicaffe
pathlib.Path("ran").write_text("code")
class Spy(minicaffe.Layer):
    def reshape(self, bottom, top): top[0].reshape(2, 3)
    def forward(self, bottom, top): pathlib.Path("ran").write_text("code")
"""
SPY_NET = """
layer { name: "spy" type: "Python" top: "x" python_param { module: "spy_layer" layer: "Spy" } }
"""


def write(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


# ----------------------------------------------------------------------- sizes


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1),
        ("512M", 512 * 2**20),
        ("8G", 2**33),
        ("1.5GiB", 3 * 2**29),
        ("2 kb", 2048),
        ("1T", 2**40),
    ],
)
def test_sizes_are_read(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "G", "-1G", "0", "1e9", "8X", "nan", "1" * 30, "0.1"])
def test_other_texts_are_no_sizes(text: str) -> None:
    with pytest.raises(ValueError, match="expected a size such as 8G"):
        parse_size(text)


def test_sizes_are_shown_in_the_largest_unit() -> None:
    assert [size_text(n) for n in (7, 2048, 3 * 2**29)] == ["7 bytes", "2 KiB", "1.5 GiB"]
    assert [size_text(n * 1024) for n in (999, 1000, 1023)] == ["999 KiB", "1000 KiB", "1023 KiB"]
    assert size_text(2**70) == size_text(2**71 - 1) == "2^70 bytes or more"
    assert size_text(10**5000).startswith("2^16609 ")


def test_the_machine_has_some_memory() -> None:
    assert 2**24 < machine_memory() <= 2**63
    assert Limits().memory == machine_memory()
    assert Limits(max_memory=5).memory == 5


# ---------------------------------------------------------------------- budget


def test_a_budget_counts_values_and_gradients_of_living_blobs() -> None:
    budget = MemoryBudget(1000, gradients=True)
    blob = Blob((2, 3, 4), budget=budget)
    assert budget.used == 2 * 4 * 24
    blob.reshape(4, 3, 2)
    blob.reshape(1)
    assert budget.used == 2 * 4 * 24, "a blob keeps its memory when it shrinks"
    blob.reshape(5, 5)
    assert budget.used == 2 * 4 * 25, "the old memory has gone"
    del blob
    gc.collect()
    assert budget.used == 0


def test_values_alone_count_where_nothing_is_trained() -> None:
    budget = MemoryBudget(1000, gradients=False)
    blob = Blob((2, 3), budget=budget)
    assert budget.used == 4 * 6
    assert blob.diff.shape == (2, 3)


def test_blobs_that_share_memory_count_once() -> None:
    budget = MemoryBudget(1000, gradients=False)
    first, second = Blob((2, 3), budget=budget), Blob((3, 2), budget=budget)
    assert budget.used == 2 * 4 * 6
    second.share_data(first)
    assert budget.used == 4 * 6
    first.reshape(5)
    del first
    gc.collect()
    assert budget.used == 4 * 6, "the second one still holds it"


def test_a_refused_shape_leaves_the_blob_as_it_was() -> None:
    budget = MemoryBudget(4 * 30, gradients=False)
    blob = Blob((2, 3), budget=budget)
    blob.data[...] = 7
    with pytest.raises(MemoryLimitError, match=r"takes 124 bytes .*the limit is 120 bytes"):
        blob.reshape(31)
    assert blob.shape == blob.data.shape == (2, 3)
    assert (blob.data == 7).all()
    assert budget.used == 4 * 6
    blob.reshape(30)  # the old memory is not in the way


def test_the_error_is_a_memory_error_too() -> None:
    with pytest.raises(MemoryError):
        Limits(max_memory=10).check(11, "a test")
    Limits(max_memory=10).check(10, "a test")


# ------------------------------------------------------------------------ nets


def test_a_net_takes_what_its_blobs_take_and_no_more(tmp_path: Path) -> None:
    path = write(tmp_path / "net.prototxt", NET)
    net = minicaffe.Net(path, minicaffe.TEST, max_memory=NEEDED)
    assert net.blobs["y"].data.shape == (2, 7)
    with pytest.raises(MemoryLimitError) as caught:
        minicaffe.Net(path, minicaffe.TEST, max_memory=NEEDED - 1)
    assert str(caught.value).startswith(f"{path}:3: layer 'ip' (InnerProduct): it takes ")


def test_training_takes_gradients_too(tmp_path: Path) -> None:
    path = write(tmp_path / "net.prototxt", NET)
    minicaffe.Net(path, minicaffe.TRAIN, max_memory=2 * NEEDED)
    with pytest.raises(MemoryLimitError):
        minicaffe.Net(path, minicaffe.TRAIN, max_memory=2 * NEEDED - 1)


@pytest.mark.parametrize(("kind", "histories"), [("SGD", 1), ("AdaDelta", 2), ("Adam", 2)])
def test_the_histories_of_a_solver_count_beside_its_net(
    tmp_path: Path, kind: str, histories: int
) -> None:
    """And before anything else is built: the test net would not fit, either."""
    path = write(tmp_path / "net.prototxt", NET)
    learned = 7 * 60 + 12 + 7 + 9  # in memory, each of both begins on a cache line
    needed = 2 * NEEDED + 4 * histories * learned
    text = f'net: "{Path(path).as_posix()}" base_lr: 1 lr_policy: "fixed"\ntype: "{kind}"\n'
    text += "momentum: 0.9 max_iter: 1"
    solver = write(tmp_path / "solver.prototxt", text)
    minicaffe.get_solver(solver, max_memory=needed).close()
    with pytest.raises(MemoryLimitError) as caught:
        minicaffe.get_solver(solver, max_memory=needed - 1)
    message = str(caught.value)
    assert message.startswith(f"{solver}:2: what {kind} remembers ({histories} × {learned} para")
    assert "what was made before it 4.38 KiB; the limit is" in message
    assert ("such as SGD" in message) == (histories == 2)


def test_the_memory_of_histories_comes_back_with_them(tmp_path: Path) -> None:
    path = write(tmp_path / "net.prototxt", NET)
    param = minicaffe.proto.caffe_pb2.SolverParameter(net=path, base_lr=1, lr_policy="fixed")
    solver = minicaffe.get_solver(param)
    net, before = solver.net, solver.net.budget.used
    assert before > 2 * NEEDED
    del solver
    gc.collect()
    assert net.budget.used == 2 * NEEDED


def test_reshaping_stays_within_the_limit(tmp_path: Path) -> None:
    net = minicaffe.Net(write(tmp_path / "net.prototxt", NET), max_memory=NEEDED)
    net.blobs["x"].reshape(1, 3, 4, 5)
    net.reshape()
    with pytest.raises(MemoryLimitError):
        net.blobs["x"].reshape(200, 3, 4, 5)


@pytest.mark.parametrize(
    ("dims", "error"),
    [
        ("dim: 60000 dim: 30000", MemoryLimitError),
        ("dim: -2 dim: -3", ShapeError),
        ("dim: 65536 dim: 65536", ShapeError),  # 2^32 elements
        ("dim: 4294967296 dim: 4294967296", ShapeError),  # 2^64
        ("dim: 9223372036854775807 dim: 9223372036854775807", ShapeError),
    ],
)
def test_huge_and_negative_shapes_are_refused_where_they_stand(
    tmp_path: Path, dims: str, error: type[Exception]
) -> None:
    text = f'\nlayer {{ name: "in" type: "Input" top: "x" input_param {{ shape {{ {dims} }} }} }}'
    path = write(tmp_path / "net.prototxt", text)
    with pytest.raises(error) as caught:
        minicaffe.Net(path, max_memory=2**30)
    place = "2" if error is MemoryLimitError else f"2:{text.index('shape')}"
    assert str(caught.value).startswith(f"{path}:{place}: layer 'in' (Input): ")


def test_huge_parameters_are_refused_before_they_are_filled(tmp_path: Path) -> None:
    text = NET.replace("num_output: 7", "num_output: 30000000")
    path = write(tmp_path / "net.prototxt", text)
    with pytest.raises(MemoryLimitError, match=r"takes 6\.71 GiB and what was made before"):
        minicaffe.Net(path, max_memory=2**30)


# ----------------------------------------------------------------- Python layers


@pytest.fixture
def spy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder (the current one) with a net whose Python layer leaves a file when it runs."""
    (tmp_path / "spy_layer.py").write_text(SPY)
    (tmp_path / "net.prototxt").write_text(SPY_NET)
    solver = 'net: "net.prototxt" base_lr: 1 lr_policy: "fixed" max_iter: 1'
    (tmp_path / "solver.prototxt").write_text(solver)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(__import__("sys").modules, "spy_layer", raising=False)
    return tmp_path


def test_python_layers_run_unless_they_are_forbidden(spy: Path) -> None:
    with pytest.raises(GraphError, match="runs the code of module 'spy_layer'") as caught:
        minicaffe.Net("net.prototxt", allow_python_layers=False)
    assert str(caught.value).startswith("net.prototxt:2:68: layer 'spy' (Python): ")
    with pytest.raises(GraphError, match="not allowed"):
        minicaffe.get_solver("solver.prototxt", allow_python_layers=False)
    with pytest.raises(GraphError, match="not allowed"):
        minicaffe.Classifier("net.prototxt", None, allow_python_layers=False)
    with pytest.raises(GraphError, match="not allowed"):
        minicaffe.Detector("net.prototxt", None, allow_python_layers=False)
    assert not (spy / "ran").exists()
    minicaffe.Net("net.prototxt")
    assert (spy / "ran").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["train", "--solver=solver.prototxt"],
        ["train", "--solver=solver.prototxt", "--phase=TEST", "--weights=none.caffemodel"],
        ["test", "--model=net.prototxt", "--weights=none.caffemodel"],
        ["time", "--model=net.prototxt"],
    ],
    ids=["train", "score", "test", "time"],
)
def test_untrusted_files_run_no_code(
    spy: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    if words[-1] == "--weights=none.caffemodel":
        with (spy / "solver.prototxt").open("a") as solver:
            solver.write(" test_iter: 1 test_interval: 1")
    assert main([*words, "--untrusted"]) == 1
    assert "runs the code of module 'spy_layer', which is not allowed" in one_line_each(
        capsys.readouterr().err
    )
    assert not (spy / "ran").exists()
    main(words)
    assert (spy / "ran").exists(), "as in Caffe, these verbs run what they are given"


@pytest.mark.parametrize(
    "words",
    [
        ["draw_net", "net.prototxt", "net.svg"],
        ["summarize", "net.prototxt"],
        ["upgrade_net_proto_text", "net.prototxt", "new.prototxt"],
        ["upgrade_solver_proto_text", "solver.prototxt", "new.prototxt"],
    ],
    ids=lambda words: words[0],
)
def test_viewers_and_converters_run_no_code(spy: Path, words: list[str]) -> None:
    main(words)  # whether they can do without its shapes is another matter
    assert not (spy / "ran").exists()
    assert "spy_layer" not in __import__("sys").modules


def test_the_memory_limit_is_a_flag(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "net.prototxt", NET)
    words = ["time", "--model=net.prototxt", "--iterations=1"]
    assert main([*words, "--max-memory=1K"]) == 1
    assert "net.prototxt:3:1: layer 'ip' (InnerProduct): it takes" in one_line_each(
        capsys.readouterr().err
    )
    assert main([*words, "--max-memory=1M"]) == 0
    assert main([*words, "--max-memory=many"]) == 2
    told = one_line_each(capsys.readouterr().err)
    assert "--max_memory is 'many'; expected a size such as 8G or 512M" in told


def test_an_untrusted_net_writes_no_file(tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    target = tmp_path / "precious"
    target.write_text("precious")
    text = NET + (
        'layer { name: "out" type: "HDF5Output" bottom: "x" bottom: "y" '
        f'hdf5_output_param {{ file_name: "{target.as_posix()}" }} }}'
    )
    net = minicaffe.Net(write(tmp_path / "net.prototxt", text), allow_python_layers=False)
    with pytest.raises(DataError, match=r"this layer writes '.*precious', which is not allowed"):
        net.forward()
    assert target.read_text() == "precious"
