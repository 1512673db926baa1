"""Names that hold control characters: nothing that shows them to people lets these through."""

from __future__ import annotations

import io
import logging
import sys
import unicodedata
from pathlib import Path
from xml.dom.minidom import parseString

import numpy as np
import pytest

import minicaffe
from minicaffe.cli import main
from minicaffe.draw.graph import draw_net, draw_net_to_file
from minicaffe.errors import GraphError, Lines, MinicaffeError, Problem, PrototxtError, visible
from minicaffe.glog import GlogFormatter, StatusHandler, log_to
from minicaffe.proto import caffe_pb2
from minicaffe.proto.io import read_net
from minicaffe.proto.printing import to_text
from minicaffe.solver.events import outputs_of

#: ESC, BEL, NUL, ends of lines, C1's CSI, an override of direction, isolates, a mark in front.
EVIL = "e\x1b[31m\x07\0\r\t\nI1127 \x7f\x9b2J\u202evil\u2066\u2028\ufeff"
SHOWN = r"e\x1b[31m\x07\x00\r\t\nI1127 \x7f\x9b2J\u202evil\u2066\u2028\ufeff"
QUOTED = "".join(
    chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}" for byte in EVIL.encode()
)  # as a prototxt writes it
NET = f"""
name: "net {QUOTED}"
layer {{ name: "data {QUOTED}" type: "DummyData" top: "d {QUOTED}" top: "label"
  dummy_data_param {{ shape {{ dim: 2 dim: 3 dim: 6 dim: 6 }} shape {{ dim: 2 }} }} }}
layer {{ name: "conv {QUOTED}" type: "Convolution" bottom: "d {QUOTED}" top: "c {QUOTED}"
  param {{ name: "w {QUOTED}" }} convolution_param {{ num_output: 2 kernel_size: 3 }} }}
layer {{ name: "bn {QUOTED}" type: "BatchNorm" bottom: "c {QUOTED}" top: "c {QUOTED}" }}
layer {{ name: "ip {QUOTED}" type: "InnerProduct" bottom: "c {QUOTED}" top: "ip {QUOTED}"
  inner_product_param {{ num_output: 3 }} }}
layer {{ name: "loss {QUOTED}" type: "SoftmaxWithLoss" bottom: "ip {QUOTED}" bottom: "label"
  top: "loss {QUOTED}" }}
"""
SOLVER = """net: "net.prototxt" test_iter: 1 test_interval: 1 base_lr: 0.1 lr_policy: "fixed"
max_iter: 2 display: 1 snapshot_prefix: "run" debug_info: true"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("net.prototxt").write_text(NET)
    Path("solver.prototxt").write_text(SOLVER)


def hidden_in(text: str) -> set[str]:
    kinds = ("Cc", "Cf", "Cs", "Zl", "Zp")
    return {item for item in text if unicodedata.category(item) in kinds} - {"\n", "\t"}


def test_what_is_hidden_and_what_is_not():
    for code in range(sys.maxunicode + 1):
        one = chr(code)
        if hidden_in(one) or one in "\n\t":
            assert visible(one).startswith("\\"), hex(code)
    for text in ("conv1", "schicht_ä", "層", "слой", "a b", "\xa0", "×", "é", "😀", "a\\n", ""):
        assert visible(text) is text
    assert visible(EVIL) == SHOWN
    assert visible("a\n\tb\r\x1b", lines=True) == "a\n\tb\\r\\x1b"
    assert visible("\U000e0041\udc80") == r"\U000e0041\udc80"


VERBS = {
    "summarize": ["summarize", "net.prototxt"],
    "lint": ["lint", "net.prototxt"],
    "lint a solver": ["lint", "solver.prototxt"],
    "train": ["train", "--solver=solver.prototxt"],
    "test": ["test", "--model=net.prototxt", "--weights=w.caffemodel", "--iterations=1"],
    "time": ["time", "--model=net.prototxt", "--iterations=1"],
    "bn_stats": ["bn_stats", "net.prototxt", "w.caffemodel", "-o", "n.caffemodel"],
    "fold_bn": ["fold_bn", "net.prototxt", "w.caffemodel", "-o", "f.caffemodel"],
    "draw_net": ["draw_net", "net.prototxt", "net.dot"],
    "weights of another net": ["test", "--model=other.prototxt", "--weights=w.caffemodel"],
    "extract_features": ["extract_features", "w.caffemodel", "net.prototxt", f"c {EVIL[:5]}", "db",
                         "1", "lmdb"],
    "upgrade_net_proto_text": ["upgrade_net_proto_text", "net.prototxt", "new.prototxt"],
}  # fmt: skip


QUIET = ("bn_stats", "fold_bn", "draw_net", "upgrade_net_proto_text", "extract_features")


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_no_verb_prints_them(verb, capfd):
    with minicaffe.Net("net.prototxt", minicaffe.TRAIN, seed=1) as net:
        net.save("w.caffemodel")
    Path("other.prototxt").write_text(NET.replace('name: "conv', 'name: "other'))
    main(VERBS[verb])
    told = "".join(capfd.readouterr())
    assert hidden_in(told) == set()
    assert "\nI1127 \\x7f" not in told  # no line of its own
    if verb not in (
        "bn_stats",
        "fold_bn",
        "draw_net",
        "upgrade_net_proto_text",
        "extract_features",
    ):
        assert SHOWN in told


MISTAKES = {
    "a bottom": NET + f'layer {{ name: "x" type: "ReLU" bottom: "no {QUOTED}" top: "y" }}',
    "a type": NET + f'layer {{ name: "x" type: "{QUOTED}" top: "y" }}',
    "a top": NET + f'layer {{ name: "x{QUOTED}" type: "Input" top: "c {QUOTED}" }}',
    "a shape": NET.replace("kernel_size: 3", "kernel_size: 30"),
    "a file": f'layer {{ name: "x" type: "HDF5Data" top: "y" hdf5_data_param {{ source: "{QUOTED}" '
    "batch_size: 1 } }",
    "a filler": NET.replace("num_output: 3", f'num_output: 3 weight_filler {{ type: "{QUOTED}" }}'),
    "a word": NET + 'layer { name: "\x1b\x07 \u202e" tipe: "\x9b" }',
    "a field": NET + "layer { \u202eevil: 1 }",
    "a database": f'layer {{ name: "x" type: "Data" top: "y" data_param {{ source: "{QUOTED}" '
    "backend: LMDB batch_size: 1 } }",
    "a module": f'layer {{ name: "x" type: "Python" top: "y" python_param {{ module: "{QUOTED}" '
    'layer: "x" } }',
}


@pytest.mark.parametrize("kind", sorted(MISTAKES))
def test_no_error_prints_them(kind, capfd):
    Path("bad.prototxt").write_text(MISTAKES[kind], encoding="utf-8")
    for words in (["summarize", "bad.prototxt"], ["time", "--model=bad.prototxt"]):
        main(words)
        told = "".join(capfd.readouterr())
        assert hidden_in(told) == set()
        assert not any(line.startswith("I1127 \\x7f") for line in told.splitlines())
    with pytest.raises(MinicaffeError) as caught, minicaffe.Net("bad.prototxt", minicaffe.TEST):
        pass
    assert hidden_in(str(caught.value)) == set()


def test_an_error_is_one_line():
    error = GraphError(f"{EVIL} found").locate(path=EVIL, line=3, layer=EVIL, layer_type=EVIL)
    assert str(error) == f"{SHOWN}:3: layer '{SHOWN}' ({SHOWN}): {SHOWN} found"
    assert error.layer == EVIL  # programs get it as it is


def test_what_programs_print():
    with minicaffe.Net("net.prototxt", minicaffe.TRAIN, seed=1) as net:
        assert repr(net).startswith(f"<Net 'net {SHOWN}' TRAIN")
        for output in outputs_of(net):
            assert str(output).startswith(f"loss {SHOWN} = ")


def test_the_caret_is_under_the_word():
    problem = Problem("x", 1, 4, "here", "\x1b\x1b\tword")
    told = str(PrototxtError.of_problems([problem], "x")).splitlines()
    assert told == ["x:1:4: here", r"    \x1b\x1b  word", "              ^"]


def test_log_lines():
    stream = io.StringIO()
    logger = logging.getLogger("minicaffe")
    with log_to(stream) as handler:
        logger.info("%s: %d of %g, %r and %s", EVIL, 3, np.float32(0.5), EVIL, [EVIL])
        logger.info("%s", Lines("a\nb"))
        logger.info(f"a {EVIL}")
        logger.info("%(a)s %(b)d", {"a": EVIL, "b": 2})
        logger.warning("%s", PrototxtError.of_problems([Problem("x", 1, 1, EVIL, "y")] * 2, "x"))
        handler.show(EVIL)
    told = stream.getvalue()
    assert hidden_in(told.replace("\x1b[K", "").replace("\r", "")) == set()
    lines = told.splitlines()
    assert lines[0].endswith(f"] {SHOWN}: 3 of 0.5, {EVIL!r} and {[EVIL]!r}")
    assert lines[1].endswith("] a")
    assert lines[2] == "b"
    assert f"x:1:1: {SHOWN}" in told


def test_numbers_of_other_kinds_are_logged():
    record = logging.LogRecord("m", logging.INFO, "f.py", 1, "%d", (np.array(3),), None)
    assert GlogFormatter().format(record).endswith("] 3")
    assert StatusHandler(io.StringIO()).formatter is not None


@pytest.mark.parametrize("rankdir", ["LR", "TB"])
def test_pictures(rankdir, monkeypatch):
    monkeypatch.setenv("PATH", "")  # without graphviz
    net = read_net("net.prototxt")
    for name in ("net.svg", "net.dot"):
        draw_net_to_file(net, name, rankdir)
        text = Path(name).read_text(encoding="utf-8")
        assert hidden_in(text) == set()
        assert "\t" not in text
        assert SHOWN.replace("\\", "\\\\" if name == "net.dot" else "\\") in text
    found = parseString(draw_net(net, rankdir, "svg"))
    assert found.documentElement.tagName == "svg"


def test_a_prototxt_keeps_them_and_shows_none():
    net = read_net("net.prototxt")
    text = to_text(net)
    assert hidden_in(text) == set()
    Path("again.prototxt").write_text(text)
    assert read_net("again.prototxt").layer[1].name == f"conv {EVIL}"
    assert isinstance(net, caffe_pb2.NetParameter)
