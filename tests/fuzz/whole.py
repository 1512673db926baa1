"""What whole programs do with a file: the command line, a training that is resumed, a net run."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from minicaffe import cli
from minicaffe.cli.parse_log import parse_log
from minicaffe.errors import MinicaffeError
from minicaffe.net.net import TEST, TRAIN, Net
from minicaffe.proto import caffe_pb2
from minicaffe.solver.solver_factory import get_solver
from minicaffe.threads import set_threads
from tests.fuzz.mutate import mutate, nudge
from tests.search.drawing import random_net

#: What a net may declare that was drawn, and then changed a little.
DRAWN_MEMORY = 2**24

SOLVED_NET = """
layer { name: "d" type: "DummyData" top: "x" top: "t" dummy_data_param {
  shape { dim: 4 dim: 3 } shape { dim: 4 dim: 2 } data_filler { type: "gaussian" } } }
layer { name: "drop" type: "Dropout" bottom: "x" top: "x" }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y"
  inner_product_param { num_output: 2 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "EuclideanLoss" bottom: "y" bottom: "t" top: "loss" }
"""


# ------------------------------------------------------------------ nets that are mostly valid


def drawn_net(random: Random) -> bytes:
    """A random net that is valid; six of ten with one thing changed, mostly a number."""
    net = random_net([random.randrange(2**32)], most=6)
    text = f"# {net.phase}\n{net.text}"
    if random.random() < 0.1:
        text = _in_place(text, random)
    if random.random() < 0.4:
        return text.encode()
    if random.random() < 0.7:
        return nudge(text.encode(), random)
    return mutate(text.encode(), [text.encode()], random, text=True, most=1)


@functools.cache
def layer_nets() -> list[bytes]:
    """The cases of every layer type, each as a net of its own, with its phase as the first line."""
    from tests.layers.test_in_place_nets import net_in_place
    from tests.layers.test_layers import CASES

    phases = {"TRAIN": TRAIN, "TEST": TEST}
    return [
        f"# {phases[case.phase]}\n{net_in_place(case, [], splits=False)}".encode() for case in CASES
    ]


def layer_net(random: Random) -> bytes:
    """One of these, mostly with a number or a word changed."""
    text = random.choice(layer_nets())
    if random.random() < 0.1:
        return text
    if random.random() < 0.7:
        return nudge(text, random)
    return mutate(text, layer_nets(), random, text=True, most=2)


def _in_place(text: str, random: Random) -> str:
    """One of the layers writes its first top over its first bottom, whatever it is."""
    lines = text.splitlines()
    at = random.randrange(len(lines))
    bottom, top = (lines[at].partition(f'{word}: "')[2].partition('"')[0] for word in _ENDS)
    if bottom and top:
        for index in range(at, len(lines)):
            lines[index] = lines[index].replace(f'"{top}"', f'"{bottom}"')
    return "\n".join(lines) + "\n"


_ENDS = ("bottom", "top")


def run_drawn(path: Path, engine: str) -> None:
    """Forward and back; with other values; with other sizes."""
    phase = TEST if path.read_bytes().startswith(b"# 1") else TRAIN
    limits: dict[str, Any] = {"max_memory": DRAWN_MEMORY, "allow_python_layers": False}
    with np.errstate(all="ignore"), Net(path, phase, seed=1, engine=engine, **limits) as net:
        if not net.layers:
            return
        net.forward_loss()
        net.backward()
        rng = np.random.default_rng(3)
        for draw in (rng.normal, functools.partial(rng.integers, 0, 3)):
            with contextlib.suppress(MinicaffeError):  # labels that are none
                for name in net.inputs:
                    net.blobs[name].data[...] = draw(size=net.blobs[name].shape)
                net.forward_loss()
                net.backward()
        for items in (lambda n: n + 1, lambda n: 0, lambda n: 2):
            with contextlib.suppress(MinicaffeError):  # sizes that were settled elsewhere
                _resize(net, items)
                net.forward_loss()
                net.backward()


def _resize(net: Net, items: Callable[[int], int]) -> None:
    for name in net.inputs:
        shape = net.blobs[name].shape
        if shape:
            net.blobs[name].reshape(items(shape[0]), *shape[1:])


# ------------------------------------------------------------------ the command line


def run_command(*words: str) -> None:
    """Run the command; raises a MinicaffeError where it has refused, RuntimeError after a fault of
    its own."""
    told = io.StringIO()
    try:
        with contextlib.redirect_stderr(told), contextlib.redirect_stdout(told):
            status = cli.main([*words, "--traceback"])
    finally:
        set_threads(None)
    if status not in (0, 1, 2):
        raise RuntimeError(told.getvalue()[-300:])
    if status:
        raise MinicaffeError(told.getvalue())


def train_with_config(path: Path) -> None:
    """``minicaffe train --config``: the solver is not there, so that no training begins. That it is
    what the command complains of shows that it has taken the file."""
    with _inside(path.parent):
        try:
            run_command("train", f"--config={path}", "--solver=not_there.prototxt")
        except MinicaffeError as refusal:
            if "--> not_there.prototxt" not in str(refusal):
                raise


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def read_log(path: Path) -> None:
    """Both tables of a log, and the files that are made of them."""
    parse_log(str(path))
    run_command("parse_log", str(path), str(path.parent))


def logs() -> list[bytes]:
    """Caffe's log, with a line to which another is glued."""
    from tests.cli.test_parse_log import CAFFE_LOG

    glued = CAFFE_LOG.replace("I0101 00:00:04.000000", "print I0101 00:00:04.000000")
    return [CAFFE_LOG.encode(), glued.encode()]


# ------------------------------------------------------------------ resuming


@functools.cache
def _trained() -> tuple[Any, bytes, Path]:
    """A solver that has done some iterations, its state, and the folder of its weights."""
    folder = Path(tempfile.mkdtemp(prefix="minicaffe-fuzz-"))
    (folder / "net.prototxt").write_text(SOLVED_NET)
    param = caffe_pb2.SolverParameter(
        net=str(folder / "net.prototxt"), base_lr=0.01, lr_policy="fixed", momentum=0.9,
        type="Adam", average_loss=3, random_seed=5, snapshot_prefix=str(folder / "s"),
    )  # fmt: skip
    solver = get_solver(param, engine="numpy")
    solver.step(3)
    solver.snapshot()
    (state,) = folder.glob("*.solverstate")
    return solver, state.read_bytes(), folder


def states() -> list[bytes]:
    """The record in such a state, without its checksum."""
    proto = caffe_pb2.SolverState.FromString(_trained()[1])
    return [proto.minicaffe_record.partition(b"\n")[2]]


def resume(path: Path) -> None:
    """Restore a state whose record is the file, with the checksum that belongs to it, and go on."""
    solver, state, folder = _trained()
    text = path.read_bytes()
    proto = caffe_pb2.SolverState.FromString(state)
    proto.minicaffe_record = hashlib.sha256(text).hexdigest().encode() + b"\n" + text
    beside = folder / f"case-{os.getpid()}.solverstate"
    beside.write_bytes(proto.SerializeToString())
    solver.restore(str(beside))
    solver.step(1)


# ------------------------------------------------------------------ in place


def nets_in_place() -> list[bytes]:
    """Every layer type that may, in a net of its own that writes over its bottoms."""
    from google.protobuf import text_format

    from minicaffe.layer import layer_class
    from tests.layers.test_in_place_nets import net_in_place
    from tests.layers.test_layers import CASES

    return [
        text_format.MessageToString(net_in_place(case, [index], splits)).encode()
        for case in CASES
        if layer_class(case.type).in_place  # the others are refused whatever else is damaged
        for index in range(min(case.tops, len(case.bottoms)))
        for splits in (False, True)
    ]
