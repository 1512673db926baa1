"""The page of a training: what it shows, what it may ask for, and who may ask."""

from __future__ import annotations

import base64
import http.client
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest

import minicaffe as caffe
from minicaffe import cli
from minicaffe.dashboard import Dashboard, PageServer
from minicaffe.dashboard.follow import Follower
from minicaffe.dashboard.live import filters_of
from minicaffe.dashboard.run import Run, Series
from minicaffe.errors import ArgumentError, DataError
from minicaffe.solver.events import Iteration, LogObserver, TestResult, TestStart
from minicaffe.solver.json_log import JsonObserver
from minicaffe.solver.signals import Action

NET = """
layer { name: "data" type: "DummyData" top: "data" top: "label" dummy_data_param {
  shape { dim: 4 dim: 3 dim: 8 dim: 8 } shape { dim: 4 }
  data_filler { type: "gaussian" } data_filler { type: "constant" } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" convolution_param {
  num_output: 5 kernel_size: 3 weight_filler { type: "xavier" } } }
layer { name: "bn" type: "BatchNorm" bottom: "conv" top: "conv" }
layer { name: "ip" type: "InnerProduct" bottom: "conv" top: "ip" inner_product_param {
  num_output: 2 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
layer { name: "acc" type: "Accuracy" bottom: "ip" bottom: "label" top: "acc"
  include { phase: TEST } }
"""


@pytest.fixture
def solver_file(tmp_path: Path) -> Path:
    (tmp_path / "net.prototxt").write_text(NET)
    path = tmp_path / "solver.prototxt"
    path.write_text(
        f'net: "{tmp_path}/net.prototxt" base_lr: 0.01 lr_policy: "fixed" max_iter: 12 display: 4 '
        f'test_interval: 6 test_iter: 1 snapshot_prefix: "{tmp_path}/x" random_seed: 1 '
        "snapshot_after_train: false"
    )
    return path


def ask(
    address: str, path: str, order: str | None = None, host: str | None = None, token: bool = True
) -> tuple[int, str, dict[str, str]]:
    """An answer's status, text and headers."""
    url = urlsplit(address)
    connection = http.client.HTTPConnection(url.netloc, timeout=10)
    body = None if order is None else json.dumps({"order": order})
    where = f"{path}?{url.query}" if token else path
    connection.request(
        "GET" if order is None else "POST", where, body, {"Host": host or url.netloc}
    )
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text, dict(answer.headers)


def trained(solver_file: Path, page: Dashboard, **settings: Any) -> caffe.Solver:
    solver = caffe.get_solver(
        str(solver_file), observers=[page], action_function=page.requested, **settings
    )
    page.attach(solver)
    solver.stats_every = 3
    solver.solve()
    return solver


def lines(run: Run) -> dict[str, list[tuple[float, float]]]:
    found: Any = run.shown()["series"]
    return {f"{item['chart']}: {item['name']}": item["points"] for item in found}


def test_a_training_is_shown(solver_file: Path) -> None:
    page = Dashboard("run")
    trained(solver_file, page)
    shown: Any = page.run.shown()
    found = lines(page.run)
    assert [x for x, _ in found["loss: train loss"]] == list(range(1, 13))
    assert [y for _, y in found["learning rate: learning rate"]] == pytest.approx([0.01] * 12)
    assert [x for x, _ in found["accuracy: test acc"]] == [0, 6, 12]
    assert [x for x, _ in found["update / weight: conv[0]"]] == [0, 3, 6, 9]
    assert [x for x, _ in found["BatchNorm drift: bn"]] == [3, 6, 9]
    facts = shown["facts"]
    assert (facts["iter"], facts["end"], facts["status"]) == (12, 12, "done")
    assert facts["images_per_second"] == pytest.approx(4 * facts["per_second"])
    assert {"conv[0]", "ip[1]", "data"} <= {layer["name"] for layer in shown["layers"]}
    assert shown["filters"]["shape"] == [5, 3, 3, 3]


def test_tests_between_all_iterations_hide_no_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two seconds an iteration; the tests after each, of five seconds, do not count."""
    now = 0.0
    monkeypatch.setattr("minicaffe.dashboard.live.time.monotonic", lambda: now)
    page, shown = Dashboard("run"), list[Any]()
    for number in range(1, 5):
        now += 2.0
        page.on_iteration(Iteration(number, 1.0, 1.0, 0.1))
        page.on_test_start(TestStart(number, 0, 1))
        now += 5.0
        page.on_test_result(TestResult(number, 0, None))
        facts: Any = page.run.shown()["facts"]
        shown.append(facts.get("per_second"))
    assert shown == [None, 0.5, 0.5, 0.5]


def test_orders_are_obeyed_between_iterations(solver_file: Path, tmp_path: Path) -> None:
    solver_file.write_text(solver_file.read_text() + " test_initialization: false")
    page = Dashboard("run")
    for order in ("slower", "snapshot", "stop"):
        page.order(order)
    solver = trained(solver_file, page)
    assert solver.iter == 1
    assert solver.param.base_lr == pytest.approx(0.001)
    assert (tmp_path / "x_iter_1.caffemodel").exists()
    assert page.requested() is Action.NONE
    messages: Any = page.run.shown()["messages"]
    assert any("base_lr is now 0.001" in text for text in messages)
    with pytest.raises(ArgumentError, match="unknown order 'faster'"):
        page.order("faster")


def test_filters_are_scaled_to_bytes() -> None:
    net = caffe.Net(caffe.proto.caffe_pb2.NetParameter(), caffe.TEST)
    assert filters_of(net) is None


@pytest.mark.parametrize("seed", range(8))
def test_filters_have_their_extremes_black_and_white(solver_file: Path, seed: int) -> None:
    net = caffe.Net(str(solver_file.parent / "net.prototxt"), caffe.TRAIN, seed=seed)
    found: Any = filters_of(net)
    values = np.frombuffer(base64.b64decode(found["data"]), np.uint8).reshape(found["shape"])
    weights = net.params["conv"][0].data
    assert (values.min(), values.max()) == (0, 255)
    assert values[np.unravel_index(weights.argmax(), weights.shape)] == 255
    assert values[np.unravel_index(weights.argmin(), weights.shape)] == 0


@pytest.fixture
def served() -> Iterator[tuple[PageServer, list[str]]]:
    run, orders = Run("<b>net</b>"), []
    run.add("loss", "train loss", 1, 2.5)
    run.note(loss=math.nan)
    with PageServer([run], orders.append) as server:
        yield server, orders


def test_the_page_needs_nothing_from_elsewhere(served: tuple[PageServer, list[str]]) -> None:
    address = served[0].address
    for path, kind in (("/", "text/html"), ("/page.css", "text/css"), ("/page.js", "text/java")):
        status, text, headers = ask(address, path)
        assert status == 200
        assert headers["Content-Type"].startswith(kind)
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "{{" not in text
        assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert ask(address, "/elsewhere")[0] == 404


def test_runs_are_json_and_sent_once(served: tuple[PageServer, list[str]]) -> None:
    status, text, _ = ask(served[0].address, "/runs")
    found = json.loads(text)
    assert status == 200
    assert found["runs"][0]["name"] == "<b>net</b>"
    assert found["runs"][0]["facts"] == {"loss": None}
    assert found["runs"][0]["series"][0]["points"] == [[1, 2.5]]
    address = served[0].address + f"&seen={found['version']}"
    assert json.loads(ask(address, "/runs")[1]) == {"version": found["version"]}


def test_orders_need_the_token_and_this_machines_name(served: tuple[PageServer, list[str]]) -> None:
    server, orders = served
    assert ask(server.address, "/order", "stop", token=False)[0] == 403
    assert ask(server.address, "/runs", token=False)[0] == 403
    assert ask(server.address.replace("token=", "token=x"), "/runs")[0] == 403
    assert ask(server.address, "/order", "stop", host="evil.example:80")[0] == 403
    assert orders == []
    assert ask(server.address, "/order", "stop")[0] == 200
    assert orders == ["stop"]
    assert ask(server.address, "/order", "x" * 2000)[0] in (200, 400)
    assert orders[1:] in ([], ["None"])


def test_a_port_that_is_taken_is_told() -> None:
    with PageServer([Run("one")]) as server:
        port = urlsplit(server.address).port
        assert port is not None
        with pytest.raises(DataError, match=f"port {port} of 127.0.0.1 cannot be used"):
            PageServer([Run("two")], port=port)
    with pytest.raises(DataError, match="port 70000 of"):
        PageServer([Run("two")], port=70000)


def test_logs_of_both_kinds_are_followed(solver_file: Path, tmp_path: Path) -> None:
    page = Dashboard("run")
    with JsonObserver(str(tmp_path / "run.jsonl")) as observer:
        solver = caffe.get_solver(str(solver_file), observers=[page, observer, LogObserver()])
        solver.stats_every = 3
        page.attach(solver)
        solver.solve()
    follower = Follower([str(tmp_path / "run.jsonl")])
    got, want = lines(follower.runs[0]), lines(page.run)
    assert got.keys() == {name for name in want if "drift" not in name}
    for name, points in got.items():
        np.testing.assert_allclose(points, want[name], rtol=1e-12)
    facts: Any = follower.runs[0].shown()["facts"]
    assert facts["status"] == "done"
    with (tmp_path / "run.jsonl").open("a") as stream:
        stream.write('{"event": "iteration", "iter": 13, "smoothed_loss": 1.5, "rate": 1}\n{"ev')
    follower.read()
    assert lines(follower.runs[0])["loss: train loss"][-1] == (13, 1.5)


def test_logs_of_one_name_are_told_apart(tmp_path: Path) -> None:
    paths = [str(tmp_path / name) for name in ("a/run.jsonl", "b/run.jsonl", "c.jsonl")]
    for path in paths:
        Path(path).parent.mkdir(exist_ok=True)
        Path(path).write_text('{"event": "start", "time": 1.0, "iter": 0, "end": 5}\n')
    assert [run.name for run in Follower(paths).runs] == [*paths[:2], "c.jsonl"]


def test_caffes_log_is_shown(tmp_path: Path) -> None:
    stamp = "I1128 10:00:0{} 1 solver.cpp:1] {}"
    (tmp_path / "a.log").write_text(
        "\n".join(
            stamp.format(f"{second}.000000", text)
            for second, text in enumerate(
                (
                    "Solving net",
                    "Iteration 0, Testing net (#0)",
                    "    Test net output #0: accuracy = 0.1",
                    "Iteration 0, loss = 2.5",
                    "    Train net output #0: loss = 2.75 (* 1 = 2.75 loss)",
                    "Iteration 0, lr = 0.01",
                    "Iteration 8, loss = 1.5",
                )
            )
        )
    )
    with Follower([str(tmp_path / "a.log")]) as follower:
        assert lines(follower.runs[0]) == {
            "accuracy: test accuracy": [(0, 0.1)],
            "loss: train loss": [(0, 2.5), (8, 1.5)],
            "learning rate: learning rate": [(0, 0.01)],
        }
        facts = follower.runs[0].shown()["facts"]
        assert (facts["iter"], facts["loss"], facts["lr"]) == (8, 1.5, 0.01)


def test_files_that_are_no_logs_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x").write_text("nothing of the kind\n")
    for name, reason in (("x", "no line says '] Solving NET'"), ("y", "there is no such file")):
        assert cli.main(["dashboard", str(tmp_path / name)]) == 1
        assert reason in capsys.readouterr().err


def test_long_trainings_stay_short() -> None:
    series = Series()
    for iteration in range(100_000):
        series.add(iteration, float(iteration % 2))
    assert 1000 <= len(series.points) < 2000
    assert {value for _, value in series.points} == {0.5}
    places = [x for x, _ in series.points]
    assert places == sorted(places)
    series.add(1, math.inf)


def test_train_prints_the_address(solver_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["train", f"--solver={solver_file}", "--dashboard"]) == 0
    assert "The training's page: http://127.0.0.1:" in capsys.readouterr().err
