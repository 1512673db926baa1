"""``minicaffe rename_layers``: nets and weights together; all but the names stays."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from minicaffe import cli
from minicaffe.proto import caffe_pb2
from minicaffe.proto.io import read_net, read_net_binary
from minicaffe.weights.blob_proto import blob_proto
from tests.convert.weights.files import NET, numbers, write_net
from tests.told import one_line_each

Capture = pytest.CaptureFixture[str]


def rename(*words: str) -> int:
    return cli.main(["rename_layers", *words])


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the small net and its weights, made the current one."""
    pytest.importorskip("h5py")
    write_net(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_net_and_weights_together(small: Path, capsys: Capture) -> None:
    files = ["net.prototxt", "w.caffemodel", "w.caffemodel.h5"]
    assert rename(*files, "--rename=*1=first/*", "--rename", "fc=head", "-o", "new") == 0
    said = capsys.readouterr().out
    assert "net.prototxt: 5 names change\n  conv1 -> first/conv\n" in said
    before = numbers(small / "w.caffemodel")
    for file in files[1:]:
        after = numbers(small / "new" / file)
        assert list(after) == [
            "first/conv", "first/bn", "first/scale", "first/relu", "head", "fc_twin",
        ]  # fmt: skip
        for arrays, others in zip(before.values(), after.values(), strict=True):
            for array, other in zip(arrays, others, strict=True):
                assert array.tobytes() == other.tobytes()
    assert (small / "net.prototxt").read_text() == NET


def test_comments_and_layout_stay(tmp_path: Path) -> None:
    text = (
        "# the first\r\nname: 'conv1'\r\nlayer {  name : \"conv1\"  # conv1\r\n"
        'type:"ReLU" bottom:"data" top:\'conv1\' }\r\ninput: "data"  layer <name:"b" '
        'type: "ReLU" bottom: "conv1" top: "b">\r\ninput_shape { dim: 2 }\r\n'
    )
    path = tmp_path / "net.prototxt"
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert rename(str(path), "--rename=conv1=c 1", "--in_place") == 0
    expected = text.replace('name : "conv1"', 'name : "c 1"')
    assert path.read_bytes() == b"\xef\xbb\xbf" + expected.encode()
    assert rename(str(path), "--rename=c 1=conv1", "--in_place") == 0
    assert path.read_bytes() == b"\xef\xbb\xbf" + text.encode()


def test_blobs_too(small: Path) -> None:
    (small / "net.prototxt").write_text('input: "conv1"\n' + NET.replace('"data"', '"conv1x"'))
    files = ["net.prototxt", "w.caffemodel"]
    assert rename(*files, "--rename=conv1*=c*", "--blobs", "--in_place") == 0
    net, weights = read_net("net.prototxt"), read_net_binary("w.caffemodel")
    assert (small / "net.prototxt").read_text().startswith('input: "c"\n')
    layers = {layer.name: layer for layer in net.layer}
    assert (layers["c"].bottom, layers["c"].top) == (["cx"], ["c"])
    assert layers["bn1"].bottom == ["c"]
    layers = {layer.name: layer for layer in weights.layer}
    assert (layers["c"].top, layers["bn1"].bottom) == (["c"], ["c"])


def test_old_formats_and_fields_of_forks_stay(tmp_path: Path) -> None:
    net = caffe_pb2.NetParameter(name="old")
    blob = blob_proto(np.ones((1, 1, 2, 3), np.float32), legacy=True)
    net.layers.add(name="v1", type="INNER_PRODUCT", blobs=[blob], blobs_lr=[2])
    net.layers.add(bottom=["v1"]).layer.MergeFrom(
        caffe_pb2.V0LayerParameter(name="v0", type="relu", blobs=[blob])
    )
    path = tmp_path / "w.caffemodel"
    unknown = b"\xfa\xff\x03\x03abc"  # a field that no schema here has
    path.write_bytes(net.SerializeToString() + unknown)
    assert rename(str(path), "--rename=v*=w*", "--in_place") == 0
    net.layers[0].name, net.layers[1].layer.name = "w1", "w0"
    found = caffe_pb2.NetParameter.FromString(path.read_bytes()[: -len(unknown)])
    assert found == net
    assert path.read_bytes().endswith(unknown)
    prototxt = tmp_path / "old.prototxt"
    prototxt.write_text(
        'layers { layer { name: "v0" type: "relu" } bottom: "x" top: "x" }\n'
        'layers { name: "v1" type: RELU bottom: "x" top: "x" }\ninput: "x" input_dim: 2\n'
        "input_dim: 2 input_dim: 2 input_dim: 2\n"
    )
    before = prototxt.read_text()
    assert rename(str(prototxt), "--rename=v*=w*", "--in_place") == 0
    assert prototxt.read_text() == before.replace('"v', '"w')


def test_a_dry_run_changes_nothing(small: Path, capsys: Capture) -> None:
    before = {path.name: path.read_bytes() for path in small.iterdir()}
    (small / "names").write_text("conv1 c1\n")
    assert rename("net.prototxt", "w.caffemodel", "--map=names", "--dry_run") == 0
    assert "w.caffemodel: 1 names change\n  conv1 -> c1\n" in capsys.readouterr().out
    (small / "names").unlink()
    assert before == {path.name: path.read_bytes() for path in small.iterdir()}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["--rename=conv=c", "--rename=pool*=p*"],
            "no layer is called `conv`(?s:.*)error.*`pool[*]`",
        ),
        (["--rename=conv1=fc"], "'net.prototxt': layers 'conv1' and 'fc' would both be called"),
        (["--rename=conv1=-"], "`minicaffe surgery` drops"),
        (["--rename=conv1"], "expected OLD=NEW"),
        (["--rename=a=*b"], "more [*] than the old one"),
        ([], "no names are given"),
    ],
)
def test_what_is_refused(small: Path, capsys: Capture, words: list[str], told: str) -> None:
    assert rename("net.prototxt", "w.caffemodel", *words, "-o", "new") == 1
    assert re.search(told, one_line_each(capsys.readouterr().err))
    assert not (small / "new").exists()


def test_files_that_are_none(small: Path, capsys: Capture) -> None:
    assert rename("gone.prototxt", "--rename=a=b", "--dry_run") == 1
    assert "gone.prototxt: there is no such file" in one_line_each(capsys.readouterr().err)
    (small / "x.prototxt").write_text('layer { nam: "x" }')
    assert rename("x.prototxt", "--rename=a=b", "--dry_run") == 1
    assert "unknown field `nam`" in one_line_each(capsys.readouterr().err)
    (small / "x.caffemodel").write_bytes(b"\x12\x04ab")
    assert rename("x.caffemodel", "--rename=a=b", "--dry_run") == 1
    assert "x.caffemodel" in one_line_each(capsys.readouterr().err)


def test_a_name_in_pieces_is_not_changed_wrongly(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "net.prototxt"
    path.write_text('layer { name: "con" "v1" type: "ReLU" bottom: "x" top: "x" }')
    assert rename(str(path), "--rename=conv1=c1", "--in_place") == 1
    assert "layer 'conv1' is written in a form that is not edited" in one_line_each(
        capsys.readouterr().err
    )
