"""What the page of a net holds, without a browser."""

from __future__ import annotations

import base64
import json
import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

import minicaffe
from minicaffe.draw.facts import blob_facts
from minicaffe.draw.filters import filter_picture, signed_colors
from minicaffe.draw.page import PageOptions, net_page
from minicaffe.draw.png import png
from minicaffe.errors import GraphError, SnapshotError
from minicaffe.proto.io import read_net
from tests.draw.nets import BRANCHES, HOSTILE, read


def facts_of(page: str) -> dict:
    """The JSON that a page holds."""
    found = re.search(r'<script type="application/json" id="facts">(.*?)</script>', page, re.S)
    assert found
    return json.loads(found[1])


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "net.prototxt"
    path.write_text(BRANCHES, encoding="utf-8")
    return str(path)


def test_facts(file):
    facts = facts_of(net_page(read_net(file), file))
    assert (facts["name"], facts["file"]) == ("branches", file)
    assert [state["phase"] for state in facts["states"]] == ["TRAIN", "TEST"]
    train = facts["states"][0]["layers"]
    layers = [facts["layers"][of["facts"]] for of in train]
    assert [layer["name"] for layer in layers][-1] == "loss"
    conv, of = layers[1], train[1]
    assert conv["about"].startswith("y[n,o,i] =")
    assert (conv["bottoms"], conv["tops"]) == (["data"], ["conv"])
    assert of["shapes"] == [[2, 3, 8, 8]]
    assert of["parameters"] == 3 * 3 * 9 + 3
    assert of["adds"] == 2 * 8 * 8 * 3 * 3 * 9
    assert of["values"] == 2 * 3 * 8 * 8
    lines = BRANCHES.splitlines()
    assert conv["text"].splitlines()[0] == lines[conv["line"] - 1]
    assert conv["text"].endswith("}")
    given = {field["name"]: field["value"] for field in conv["given"]}
    assert given["num_output"] == "3"
    assert given["weight_filler"] == '{ type: "xavier" }'
    defaults = {field["name"]: field["value"] for field in conv["defaults"]}
    assert defaults["bias_term"] == "true"
    assert not set(given) & set(defaults)
    assert "window" in facts["meanings"]["ConvolutionParameter.kernel_size"]
    assert {field["value"] for field in layers[-1]["given"]} == {"{ phase: TRAIN }"}


def test_findings_are_with_their_layers(file):
    facts = facts_of(net_page(read_net(file), file))
    layers = {layer["name"]: layer["findings"] for layer in facts["layers"]}
    assert any(finding["code"] == "BN001" for finding in layers["bn"]), layers
    assert not layers["pool"]
    Path(file).write_text(BRANCHES.replace('bottom: "one"', 'bottom: "oen"'), encoding="utf-8")
    facts = facts_of(net_page(read_net(file), file))
    told = [f["message"] for layer in facts["layers"] for f in layer["findings"]]
    assert any("oen" in message for message in told + [f["message"] for f in facts["findings"]])
    assert facts["states"][0]["layers"][0]["shapes"] is None
    assert "shapes are not known" in facts["states"][0]["notes"][0]


def test_weights(file, tmp_path):
    weights = str(tmp_path / "w.caffemodel")
    with minicaffe.Net(file, minicaffe.TRAIN, seed=1) as net:
        net.params["ip"][1].data[...] = [np.nan, 2]
        net.save(weights)
        kernel = net.params["conv"][0].data.copy()
    facts = facts_of(net_page(read_net(file), file, PageOptions(weights=weights)))
    first, bias = facts["weights"]["conv"]
    assert first["shape"] == [3, 3, 3, 3]
    assert (first["name"], bias["name"]) == ("weight", "bias")
    assert sum(first["bins"]) == first["count"] == 81
    assert first["mean"] == pytest.approx(kernel.mean(dtype=np.float64))
    assert first["picture"].startswith("data:image/png;base64,")
    assert bias["picture"] == ""
    assert bias["zeros"] == 3
    broken = facts["weights"]["ip"][1]
    assert (broken["bad"], broken["low"], broken["high"]) == (1, 2, 2)
    with pytest.raises(SnapshotError):
        net_page(read_net(file), file, PageOptions(weights=file))


def test_weights_in_hdf5(file, tmp_path):
    pytest.importorskip("h5py", reason="h5py is not installed")
    weights = [str(tmp_path / f"w.caffemodel{ending}") for ending in ("", ".h5")]
    with minicaffe.Net(file, minicaffe.TRAIN, seed=1) as net:
        net.save(weights[0])
        net.save_hdf5(weights[1])
    first, second = (
        facts_of(net_page(read_net(file), file, PageOptions(weights=name)))["weights"]
        for name in weights
    )
    assert first["conv"] == second["conv"]
    assert set(second) == {"conv", "bn", "one", "ip"}


def test_shapes_that_are_given():
    net = read(
        'layer { name: "d" type: "Data" top: "d" data_param { source: "none" batch_size: 2 } }'
        'layer { name: "r" type: "ReLU" bottom: "d" top: "d" }'
    )
    state = facts_of(net_page(net))["states"][0]
    assert state["layers"][0]["shapes"] is None
    assert "is not there" in state["notes"][0]
    state = facts_of(net_page(net, None, PageOptions(shapes={"d": (2, 3, 4, 5)})))["states"][0]
    assert state["layers"][1]["shapes"] == [[2, 3, 4, 5]]
    with pytest.raises(GraphError, match="no data or input layer makes a blob 'x'"):
        net_page(net, None, PageOptions(shapes={"x": (2, 3, 4, 5)}))


def test_a_layer_with_both_kinds_of_rules():
    net = read('layer { name: "x" include { phase: TEST } exclude { phase: TRAIN } }')
    with pytest.raises(GraphError, match="both include and exclude"):
        net_page(net)


def test_nothing_of_a_net_is_markup():
    page = net_page(read(HOSTILE))
    scripts = re.findall(r"<script\b[^>]*>", page)
    assert scripts == ['<script type="application/json" id="facts">', "<script>"]
    assert page.count("</script>") == 2
    assert "<img" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert page.count("</template>") == page.count("<template>") == 2
    names = [layer["name"] for layer in facts_of(page)["layers"]]
    assert "{{script}}" in names
    assert r"\u202eevil" in names
    assert "http:" not in page.replace("http://www.w3.org/", "")
    assert "https:" not in page


def pixels_of(content: bytes) -> np.ndarray:
    """What is in a PNG file of our own."""
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, at = {}, 8
    while at < len(content):
        (length,) = struct.unpack(">I", content[at : at + 4])
        kind, data = content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        (check,) = struct.unpack(">I", content[at + 8 + length : at + 12 + length])
        assert check == zlib.crc32(kind + data)
        chunks[kind] = data
        at += 12 + length
    width, height = struct.unpack(">II", chunks[b"IHDR"][:8])
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, -1)
    assert not rows[:, 0].any()
    return rows[:, 1:].reshape(height, width, 3)


def test_png():
    pixels = np.random.default_rng(1).integers(0, 256, (5, 3, 3), dtype=np.uint8)
    np.testing.assert_array_equal(pixels_of(png(pixels)), pixels)


def test_filters_of_images_are_in_colour():
    weights = np.zeros((5, 3, 2, 4), np.float32)
    weights[1, 0, 1, 3] = 2.0  # blue is the first channel of Caffe's images
    picture = filter_picture(weights)
    assert picture.pixels.shape == (2 * 3 + 1, 3 * 5 + 1, 3)
    assert picture.pixels[2, 5 + 1 + 3].tolist() == [0, 0, 255]
    assert picture.pixels[1, 1].tolist() == [128, 128, 128]  # a filter of equal weights
    assert picture.caption == "5 filters as blue, green, red"


def test_other_filters_are_tiles_and_matrices():
    weights = np.zeros((30, 26, 3, 2), np.float32)
    weights[1, 2, 2, 1], weights[1, 3, 0, 0] = 1.0, -0.5
    picture = filter_picture(weights)
    assert picture.pixels.shape == (24 * 4 + 1, 24 * 3 + 1, 3)
    assert picture.pixels[5 + 2, 7 + 1].tolist() == [255, 0, 0]
    assert picture.pixels[5, 10].tolist() == [128, 128, 255]
    assert picture.caption == "the first 24 of 30 outputs (rows) × the first 24 of 26 inputs"
    matrix = filter_picture(np.array([[1.0, -1.0, 0.0]]))
    assert matrix.pixels.tolist() == [[[255, 0, 0], [0, 0, 255], [255, 255, 255]]]
    assert filter_picture(np.ones((1, 1, 2, 3))).pixels.shape == (2, 3, 3)  # an older Caffe's
    assert filter_picture(np.ones((7, 1, 2, 2))).caption == "7 filters of one input"
    assert filter_picture(np.ones(4)) is None
    assert filter_picture(np.ones((0, 3, 2, 2))) is None
    assert max(filter_picture(np.ones((40, 40, 300, 5))).pixels.shape) <= 801
    assert signed_colors(np.zeros(2), 0.0).tolist() == [[255, 255, 255]] * 2


def test_statistics_of_nothing():
    facts = blob_facts(np.array([np.inf, np.nan]))
    assert (facts["count"], facts["bad"], facts["low"], facts["mean"]) == (2, 2, 0.0, 0.0)
    assert sum(facts["bins"]) == 0
    json.dumps(blob_facts(np.zeros((0, 3))), allow_nan=False)
    assert base64.b64decode(blob_facts(np.ones((2, 2)))["picture"].partition(",")[2])[1:4] == b"PNG"
