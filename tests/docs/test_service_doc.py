"""The example of docs/service.md, under load."""

from __future__ import annotations

import http.client
import json
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minicaffe import TEST, Net
from minicaffe.engines import VARIABLE, engine_names, why_unavailable

DOC = Path(__file__).parents[2] / "docs" / "service.md"
ENGINES = [name for name in engine_names() if why_unavailable(name) is None]
NET = """
layer { name: "data" type: "Input" top: "data"
  input_param { shape { dim: 1 dim: 3 dim: 8 dim: 8 } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
  convolution_param { num_output: 8 kernel_size: 3 weight_filler { type: "msra" } } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "fc" type: "InnerProduct" bottom: "conv" top: "fc"
  inner_product_param { num_output: 5 weight_filler { type: "xavier" } } }
layer { name: "prob" type: "Softmax" bottom: "fc" top: "prob" }
"""


@pytest.fixture(params=ENGINES)
def files(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[str, str]:
    monkeypatch.setenv(VARIABLE, request.param)
    model, weights = str(tmp_path / "deploy.prototxt"), str(tmp_path / "w.caffemodel")
    Path(model).write_text(NET)
    Net(model, TEST, seed=4).save(weights)
    return model, weights


@pytest.fixture
def port(files: tuple[str, str]) -> Iterator[int]:
    code = re.search(r"```python\n(.*?)```", DOC.read_text(), re.DOTALL)
    assert code is not None
    names: dict[str, Any] = {}
    exec(compile(code.group(1), str(DOC), "exec"), names)  # the example
    server = names["serve"](*files, count=3)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def ask(port: int, body: bytes) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", "/", body)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_answers_under_load(files: tuple[str, str], port: int) -> None:
    images = np.random.default_rng(1).standard_normal((60, 1, 3, 8, 8)).astype(np.float32)
    net = Net(*files, TEST)
    wanted = [net.forward(data=image)["prob"].copy() for image in images]
    bad = [b"[1, 2", b"[[1, 2, 3]]", b'"text"', b"[[1], [1, 2]]", b""]

    def client(number: int) -> tuple[int, dict[str, Any]]:
        if number % 4 == 3:
            return ask(port, bad[number % len(bad)])
        return ask(port, json.dumps(images[number].tolist()).encode())

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(client, range(len(images))))
    for number, (status, content) in enumerate(answers):
        if number % 4 == 3:
            assert status in (400, 413)
            assert content["error"]
        else:
            assert status == 200
            np.testing.assert_allclose(content["prob"], wanted[number], rtol=1e-5, atol=1e-7)
