"""What --fix makes of old forms: the same net, with comments and layout."""

from __future__ import annotations

from pathlib import Path

import pytest

from minicaffe import cli
from minicaffe.lint import lint_file
from minicaffe.proto import caffe_pb2
from minicaffe.proto.printing import to_text
from minicaffe.proto.text_format import parse
from minicaffe.proto.upgrade_proto import upgrade_net

V1 = """name: "old"
input: "data"  # BGR
input_dim: 1
input_dim: 3
input_dim: 9
input_dim: 9

# the first
layers {
  name: "conv1"
  type: CONVOLUTION
  bottom: "data"
  top: "conv1"
  blobs_lr: 1  # weights
  blobs_lr: 2
  weight_decay: 1
  weight_decay: 0
  convolution_param { num_output: 4 kernel_size: 3 weight_filler { type: "xavier" } }
}
layers { name: "relu1" type: RELU bottom: "conv1" top: "conv1" }
layers {
  name: "ip"; type: INNER_PRODUCT; bottom: "conv1"; top: "ip"
  param: "w" param: "b"
  blob_share_mode: PERMISSIVE
  inner_product_param { num_output: 2 weight_filler { type: "xavier" } }  # two classes
}
layers { name: "prob" type: SOFTMAX bottom: "ip" top: "prob" }
"""
DATA = """layers {
  name: "data" type: DATA top: "data" top: "label"
  data_param {
    source: "db"  # of today
    batch_size: 4
    scale: 0.5
    mirror: true
  }
  include { phase: TRAIN }
}
"""


def meaning(text: str) -> str:
    param = caffe_pb2.NetParameter()
    parse(text, param)
    return to_text(upgrade_net(param))


def mended(text: str, folder: Path) -> str:
    """A net's text after ``lint --fix`` with the rules of old forms."""
    file = folder / "net.prototxt"
    file.write_text(text, encoding="utf-8")
    cli.main(["lint", str(file), "--fix", "--select", "MC15"])
    return file.read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_net_of_2014(tmp_path: Path) -> None:
    new = mended(V1, tmp_path)
    assert meaning(new) == meaning(V1)
    assert "layers" not in new
    assert "input_dim" not in new
    for kept in ("# BGR", "# the first\n", "# weights", "# two classes\n", '"ip"; type: "Inner'):
        assert kept in new
    assert "  param { lr_mult: 1 decay_mult: 1 } param { lr_mult: 2 decay_mult: 0 }" in new
    assert mended(new, tmp_path) == new  # nothing is left to mend


def test_what_is_done_to_images_has_its_own_message(tmp_path: Path) -> None:
    new = mended(DATA, tmp_path)
    assert meaning(new) == meaning(DATA)
    assert "transform_param { scale: 0.5 mirror: true }" in new
    assert "# of today" in new


def test_input_shape(tmp_path: Path) -> None:
    text = 'input: "a" input: "b"\ninput_shape { dim: 2 dim: 5 }\ninput_shape { dim: 7 }\n'
    text += 'layer { name: "l" type: "ReLU" bottom: "a" top: "c" }\n'
    new = mended(text, tmp_path)
    assert meaning(new) == meaning(text)
    assert "input_param { shape { dim: 2 dim: 5 } shape { dim: 7 } }" in new


def test_input_behind_a_layer_is_left(tmp_path: Path) -> None:
    """Today's form would be at another place in the file: that is said, and not done."""
    text = 'layer { name: "l" type: "ReLU" bottom: "a" top: "c" }\ninput: "a" input_dim: 1\n'
    text += "input_dim: 1 input_dim: 1 input_dim: 1\n"
    new = mended(text, tmp_path)
    assert meaning(new) == meaning(text)


def test_the_oldest_form_is_only_told(tmp_path: Path) -> None:
    text = 'input: "data" input_dim: 1 input_dim: 3 input_dim: 9 input_dim: 9\n'
    text += 'layers { layer { name: "r" type: "relu" } bottom: "data" top: "r" }\n'
    assert mended(text, tmp_path) == text
    found = lint_file("net.prototxt")
    assert [d.code for d in found if d.code.startswith("MC15")] == ["MC152", "MC151"]
    assert [(d.place.line, d.place.column) for d in found if d.code == "MC151"] == [(2, 1)]


@pytest.mark.parametrize(
    ("old", "new"), [("SGD", "SGD"), ("NESTEROV", "Nesterov"), ("ADAM", "Adam")]
)
def test_solver_type(tmp_path: Path, old: str, new: str) -> None:
    Path("net.prototxt").write_text(V1, encoding="utf-8")
    solver = tmp_path / "solver.prototxt"
    text = f'net: "net.prototxt"  # mine\nbase_lr: 0.1 lr_policy: "fixed"\nsolver_type: {old}\n'
    solver.write_text(text, encoding="utf-8")
    cli.main(["lint", str(solver), "--fix", "--select", "MC153"])
    assert solver.read_text(encoding="utf-8") == text.replace(
        f"solver_type: {old}", f'type: "{new}"'
    )
