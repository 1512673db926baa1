"""Files that a prototxt, list or folder names: regular ones, and nothing of others is shown.

Who wrote a prototxt may be another than who runs it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import minicaffe
from minicaffe.cli import main
from minicaffe.data.images import encode_image
from minicaffe.data.lmdb import is_lmdb
from minicaffe.errors import DataError, MinicaffeError
from minicaffe.files import open_to_read

ROOT = Path(__file__).parents[1]
SECRET = 'root:$6$abcdefgh$ijklmnop:19000:0:99999:7:::\nname: "x"\ntoken 7f3e9a\n'
NET = 'layer { name: "x" top: "a" %s }'
WITH_LABEL = 'layer { name: "x" top: "a" top: "b" %s }'

#: Every field of a net that names a file, and what it may name.
FIELDS = {
    "image list": WITH_LABEL % 'type: "ImageData" image_data_param { source: "named" }',
    "listed image": WITH_LABEL % 'type: "ImageData" image_data_param { source: "images.txt" }',
    "windows": WITH_LABEL % 'type: "WindowData" transform_param { crop_size: 2 } '
    'window_data_param { source: "named" batch_size: 1 }',
    "listed window": WITH_LABEL % 'type: "WindowData" transform_param { crop_size: 2 } '
    'window_data_param { source: "windows.txt" batch_size: 1 cache_images: true }',
    "hdf5 list": NET % 'type: "HDF5Data" hdf5_data_param { source: "named" batch_size: 1 }',
    "listed hdf5": NET % 'type: "HDF5Data" hdf5_data_param { source: "hdf5.txt" batch_size: 1 }',
    "mean": WITH_LABEL % 'type: "ImageData" image_data_param { source: "one.txt" } '
    'transform_param { mean_file: "named" }',
    "mean of windows": WITH_LABEL % 'type: "WindowData" transform_param { crop_size: 2 '
    'mean_file: "named" } window_data_param { source: "windows.txt" batch_size: 1 }',
    "infogain": 'layer { name: "d" type: "DummyData" top: "p" top: "l" dummy_data_param { '
    "shape { dim: 2 dim: 3 } shape { dim: 2 } } } "
    'layer { name: "x" type: "InfogainLoss" bottom: "p" bottom: "l" '
    'infogain_loss_param { source: "named" } }',
    "lmdb": NET % 'type: "Data" data_param { source: "named" backend: LMDB batch_size: 1 }',
    "in lmdb": NET % 'type: "Data" data_param { source: "lmdb" backend: LMDB batch_size: 1 }',
    "leveldb": NET % 'type: "Data" data_param { source: "named" backend: LEVELDB batch_size: 1 }',
    "in leveldb": NET % 'type: "Data" data_param { source: "leveldb" backend: LEVELDB '
    "batch_size: 1 }",
}  # fmt: skip
OTHER_WORDS = "no LMDB|no LevelDB|there is no LevelDB|opened as an LMDB|LevelDB '.*' in it is no"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder with lists that name the file ``named``, which each test makes."""
    monkeypatch.chdir(tmp_path)
    for package in ("h5py", "PIL.Image"):
        pytest.importorskip(package)
    (tmp_path / "images.txt").write_text("named 1\n")
    (tmp_path / "one.txt").write_text("one.png 1\n")
    (tmp_path / "one.png").write_bytes(encode_image(np.zeros((3, 4, 5), np.uint8), "png"))
    (tmp_path / "windows.txt").write_text("# 0\nnamed\n3 4 5\n2\n1 0.9 0 0 2 2\n0 0.1 0 0 2 2\n")
    (tmp_path / "hdf5.txt").write_text("named\n")
    for name, file in (("lmdb", "data.mdb"), ("leveldb", "CURRENT")):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).symlink_to("../named")
    return tmp_path


@pytest.fixture
def in_time():
    """What waits for ever is interrupted."""

    def stop(*_):
        raise TimeoutError("it waits for ever")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes")


def open_net(text: str) -> None:
    Path("net.prototxt").write_text(text)
    with minicaffe.Net("net.prototxt", minicaffe.TRAIN, seed=1) as net:
        net.forward()


@needs_pipes
@pytest.mark.parametrize("field", sorted(FIELDS))
@pytest.mark.parametrize("kind", ["pipe", "link to a pipe"])
def test_a_pipe_is_not_waited_for(field, kind, in_time):
    if "leveldb" in field:
        pytest.importorskip("plyvel" if sys.version_info < (3, 12) else "plyvel_next")
    os.mkfifo("named" if kind == "pipe" else "pipe")
    if kind != "pipe":
        os.symlink("pipe", "named")
    with pytest.raises(MinicaffeError, match=f"it is a pipe, a file is expected|{OTHER_WORDS}"):
        open_net(FIELDS[field])


@needs_pipes
def test_nor_are_other_pipes_in_a_leveldb(in_time):
    plyvel = pytest.importorskip("plyvel" if sys.version_info < (3, 12) else "plyvel_next")
    plyvel.DB("db", create_if_missing=True).close()
    os.mkfifo("db/000099.log")
    text = NET % 'type: "Data" data_param { source: "db" backend: LEVELDB batch_size: 1 }'
    with pytest.raises(DataError, match=r"'000099\.log' in it is no regular file"):
        open_net(text)


@needs_pipes
@pytest.mark.parametrize("field", ["net", "train_net", "weights"])
def test_nor_those_that_a_solver_names(field, in_time):
    os.mkfifo("named")
    Path("net.prototxt").write_text('layer { name: "x" type: "Input" top: "a" }')
    net = "" if "net" in field else 'net: "net.prototxt" '
    Path("solver.prototxt").write_text(net + f'{field}: "named" base_lr: 0 lr_policy: "fixed"')
    with pytest.raises(MinicaffeError, match="it is a pipe, a file is expected"):
        minicaffe.get_solver("solver.prototxt")


@needs_pipes
def test_nor_those_of_a_solver_state(in_time):
    os.mkfifo("run_iter_1.solverstate")
    Path("net.prototxt").write_text('layer { name: "x" type: "DummyData" top: "a" '
        "dummy_data_param { shape { dim: 1 } } }")  # fmt: skip
    Path("solver.prototxt").write_text('net: "net.prototxt" base_lr: 0 lr_policy: "fixed"')
    with pytest.raises(MinicaffeError, match="it is a pipe, a file is expected"):
        minicaffe.get_solver("solver.prototxt").restore("run_iter_1.solverstate")


@needs_pipes
def test_a_file_that_becomes_a_pipe_is_not_waited_for(in_time, monkeypatch):
    """Between the look at it and the opening."""
    os.mkfifo("named")
    regular = os.stat("one.txt")
    monkeypatch.setattr(os, "stat", lambda *_, **__: regular)
    with pytest.raises(OSError, match="it is a pipe"):
        open_to_read("named")


@needs_pipes
def test_images_of_a_folder_or_list_must_be_files(in_time, capsys):
    os.mkfifo("named")
    assert main(["convert_imageset", "", "images.txt", "db", "--backend=lmdb"]) == 1
    assert "it is a pipe, a file is expected" in capsys.readouterr().err


def piped(content: bytes, *words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "minicaffe", *words],
        input=content,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=120,
    )


@pytest.mark.skipif(not os.path.exists("/dev/stdin"), reason="this system has no /dev/stdin")
def test_what_the_command_line_names_may_be_a_pipe(folder):
    net = b'layer { name: "piped" type: "Input" top: "a" input_param { shape { dim: 1 } } }'
    done = piped(net, "summarize", "/dev/stdin")
    assert done.returncode == 0, done.stderr
    assert b"piped" in done.stdout
    Path("whole.prototxt").write_bytes(net)
    with minicaffe.Net("whole.prototxt", minicaffe.TEST) as whole:
        whole.save("w.caffemodel")
    model = "--model=whole.prototxt", "--iterations=1"
    done = piped(Path("w.caffemodel").read_bytes(), "test", *model, "--weights=/dev/stdin")
    assert done.returncode == 0, done.stderr


@needs_pipes
def test_so_may_what_a_program_names(in_time):
    os.mkfifo("named")
    text = b'layer { name: "x" type: "Input" top: "a" input_param { shape { dim: 3 } } }'
    writer = threading.Thread(target=Path("named").write_bytes, args=(text,))
    writer.start()
    with minicaffe.Net("named", minicaffe.TEST) as net:
        assert net.blobs["a"].shape == (3,)
    writer.join()


# ------------------------------------------------------------------- what messages show


def check_nothing_shown(error: MinicaffeError) -> None:
    told = [str(error)]
    cause: BaseException | None = error
    while cause is not None:
        told.append(str(cause))
        cause = cause.__cause__
    for word in ("root:", "abcdefgh", "19000:0", "token", "7f3e9a"):
        assert not any(word in line for line in told), told


@pytest.mark.parametrize("field", sorted(set(FIELDS) - {"listed hdf5", "listed image"}))
def test_no_message_shows_what_a_foreign_file_holds(field):
    if "leveldb" in field:
        pytest.importorskip("plyvel" if sys.version_info < (3, 12) else "plyvel_next")
    Path("named").write_text(SECRET)
    with pytest.raises(MinicaffeError) as caught:
        open_net(FIELDS[field])
    check_nothing_shown(caught.value)


@pytest.mark.parametrize("field", ["net", "train_net", "weights"])
@pytest.mark.parametrize("text", [SECRET, SECRET.replace("\n", " "), "token: 7f3e9a\n", "token"])
def test_nor_does_one_about_a_solver(field, text):
    Path("named").write_text(text)
    Path("net.prototxt").write_text('layer { name: "x" type: "DummyData" top: "a" '
        "dummy_data_param { shape { dim: 1 } } }")  # fmt: skip
    net = "" if "net" in field else 'net: "net.prototxt" '
    Path("solver.prototxt").write_text(net + f'{field}: "named" base_lr: 0 lr_policy: "fixed"')
    with pytest.raises(MinicaffeError) as caught:
        minicaffe.get_solver("solver.prototxt")
    check_nothing_shown(caught.value)
    assert "named" in str(caught.value)


def test_mistakes_of_a_net_are_shown():
    Path("net.prototxt").write_text('layer { name: "x" tipe: "Input" }')
    Path("solver.prototxt").write_text('net: "net.prototxt" base_lr: 0 lr_policy: "fixed"')
    with pytest.raises(MinicaffeError, match=r"1:19: unknown field `tipe`.*\n.*layer \{ name"):
        minicaffe.get_solver("solver.prototxt")


def test_mistakes_of_a_list_are_shown():
    Path("named").write_text("one.png 1\nsecond line\n")
    with pytest.raises(DataError, match="line 2: found 'second line', expected the image's path"):
        open_net(FIELDS["image list"])
    Path("named").write_text("first line\none.png 1\n")
    with pytest.raises(DataError, match="line 1: found 10 bytes of something else, expected"):
        open_net(FIELDS["image list"])
    assert main(["convert_imageset", "", "named", "db"]) == 1  # which the user names


def test_names_of_hdf5_files_are_shown():
    Path("named").write_text("gone.h5\n")
    with pytest.raises(DataError, match=r"HDF5 file 'gone\.h5': there is no such file"):
        open_net(FIELDS["hdf5 list"])
    Path("named").write_text("one.png\n")
    with pytest.raises(DataError, match=r"HDF5 file 'one\.png': this is no HDF5 file"):
        open_net(FIELDS["hdf5 list"])
    Path("named").write_text("secret word\n")
    with pytest.raises(
        DataError, match=r"file 1 of 2 \(a name of 6 characters\): there is no such file"
    ):
        open_net(FIELDS["hdf5 list"])


def test_is_lmdb_does_not_wait(folder):
    assert not is_lmdb("lmdb")


@needs_pipes
def test_a_pipe_is_not_written_either(in_time):
    os.mkfifo("named")
    with pytest.raises(DataError, match="cannot write 'named': it is a pipe, a file is expected"):
        open_net(
            'layer { name: "d" type: "DummyData" top: "p" top: "l" dummy_data_param { '
            "shape { dim: 2 dim: 3 } shape { dim: 2 } } } "
            'layer { name: "x" type: "HDF5Output" bottom: "p" bottom: "l" '
            'hdf5_output_param { file_name: "named" } }'
        )
