"""Every reader of minicaffe, as a function of a file."""

from __future__ import annotations

import argparse
import functools
import hashlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from minicaffe.cli._arrays import read_inputs
from minicaffe.cli._config import apply, apply_config, from_flag
from minicaffe.cli._flags import FLAGS
from minicaffe.convert.onnx import import_model
from minicaffe.convert.weights.between import guessed
from minicaffe.convert.weights.layers import read_layers
from minicaffe.convert.weights.patterns import Renaming, read_rules
from minicaffe.data.backends import open_source
from minicaffe.data.box_file import read_box_file
from minicaffe.data.clips import read_clips
from minicaffe.data.datum import datum_image, parse_datum
from minicaffe.data.db import records_of
from minicaffe.data.hdf5 import Hdf5BatchReader
from minicaffe.data.idx import read_idx
from minicaffe.data.image_list import read_image_list
from minicaffe.data.images import Color, read_image
from minicaffe.data.lmdb import LmdbDatabase
from minicaffe.data.window_file import read_window_file
from minicaffe.detection.names import read_names
from minicaffe.dnn import readNetFromCaffe
from minicaffe.draw.page import PageOptions, net_page
from minicaffe.io import blobprotovector_str_to_arraylist, load_image
from minicaffe.net.layer_states import restore_layer_states
from minicaffe.net.net import TEST, TRAIN, Net
from minicaffe.options import Limits
from minicaffe.proto import caffe_pb2
from minicaffe.proto.io import read_net, read_net_binary, read_solver
from minicaffe.proto.wire import FREE_BYTES
from minicaffe.solver.snapshot_record import decode
from minicaffe.solver.solver_state import read_state
from minicaffe.weights.array_files import read_array
from minicaffe.weights.blob_proto import read_blob
from minicaffe.weights.caffemodel import load_buffer, load_weights
from minicaffe.weights.safetensors import read_safetensors
from tests.fuzz import seeds, whole
from tests.fuzz.mutate import mutate
from tests.fuzz.onnx_models import wrong_model

#: What a net built of a damaged prototxt may declare. The matrix of a convolution's windows and
#: the copies in oneDNN's layouts may take as much each.
NET_MEMORY = 2**26
#: What the pixels of an image take that is small as a file, of three colours: 12 bytes each as
#: floats, 3 as bytes, and 5 as Pillow keeps them.
IMAGE_MEMORY = 20 * 2**24
#: What messages take that are small in their file.
MESSAGES = FREE_BYTES


@dataclass(frozen=True)
class Reader:
    """A reader and files that it reads.

    Attributes:
        seeds: makes the undamaged files.
        read: reads a file, or raises a MinicaffeError.
        text: whether words and numbers are exchanged, not bytes alone.
        declared: bytes that what a file declares may take.
        reads: how often a case reads its file, each time in the time that a file has.
        native: a library in C reads it, which may crash; only the long run uses it.
        share: how many of the cases are its, against 1 for most.
        make: makes a file for each case, instead of damaging one of the seeds.
        changes: how often a file is changed, at most.
    """

    seeds: Callable[[], list[bytes]]
    read: Callable[[Path], object]
    text: bool = False
    declared: int = 0
    reads: int = 1
    native: bool = False
    share: float = 1.0
    make: Callable[[Random], bytes] | None = None
    changes: int = 30

    @functools.cached_property
    def files(self) -> list[bytes]:
        """The undamaged files."""
        return self.seeds()

    def case(self, name: str, seed: int, number: int) -> bytes:
        """A damaged file; the same for the same arguments."""
        random = Random(f"{name}/{seed}/{number}")
        if self.make is not None:
            return self.make(random)
        file = random.choice(self.files)
        return mutate(file, self.files, random, text=self.text, most=self.changes)


@functools.cache
def _weights_net() -> Net:
    param = caffe_pb2.NetParameter()
    from minicaffe.proto.text_format import parse

    parse(seeds.WEIGHTS_NET, param)
    return Net(param, TEST, engine="numpy")


def _caffemodel(path: Path) -> None:
    _both(
        lambda: load_weights(_weights_net(), str(path)),
        lambda: read_net_binary(path),
    )


def _both(*reads: Callable[[], object]) -> None:
    """Run all, even if the first is refused; the last refusal counts."""
    from minicaffe.errors import MinicaffeError

    refusal: MinicaffeError | None = None
    for read in reads:
        try:
            read()
        except MinicaffeError as error:
            refusal = error
    if refusal is not None:
        raise refusal


def _datum(path: Path) -> None:
    datum = parse_datum(path.read_bytes())
    _both(*[functools.partial(datum_image, datum, color) for color in Color])


def _image(path: Path) -> None:
    _both(
        lambda: read_image(str(path), Color.COLOR, (7, 5)),
        lambda: read_image(str(path), Color.GRAY, upright=True),
        lambda: load_image(path),
    )


def _hdf5_data(path: Path) -> None:
    listing = path.with_name("list.txt")
    listing.write_text(str(path))
    limits = Limits(max_memory=2**28)
    Hdf5BatchReader(str(listing), ("data", "label"), 1, np.dtype(np.float32), limits=limits)


def _hdf5_list(path: Path) -> None:
    Hdf5BatchReader(str(path), ("data",), 1, np.dtype(np.float32))


def _config(path: Path) -> None:
    args = argparse.Namespace(**dict.fromkeys(FLAGS), config=str(path))
    apply(caffe_pb2.SolverParameter(), apply_config(args, list(FLAGS)))


def _override(path: Path) -> None:
    text = path.read_bytes().decode("utf-8", "replace")
    for word in text.splitlines()[:20]:
        apply(caffe_pb2.SolverParameter(), [from_flag(word.replace(":", "=", 1))])


def _net(path: Path, engine: str = "numpy") -> None:
    """Build the net, and run it once forward and back."""
    limits: dict[str, Any] = {"max_memory": NET_MEMORY, "allow_python_layers": False}
    # a layer may refuse its values as late as in forward
    with np.errstate(all="ignore"), Net(path, TRAIN, seed=1, engine=engine, **limits) as net:
        if net.layers:
            net.forward_loss()
            net.backward()


def _page(path: Path) -> None:
    """Make the page of a net; without graphviz, whose processes take most of the time."""
    options = PageOptions(limits=Limits(NET_MEMORY, allow_python_layers=False))
    which, shutil.which = shutil.which, lambda *_, **__: None
    try:
        net_page(read_net(str(path)), str(path), options)
    finally:
        shutil.which = which


def _record(path: Path) -> None:
    """A record with the checksum that belongs to it, as anyone who wants to harm would write it."""
    text = path.read_bytes()
    check = hashlib.sha256(text).hexdigest().encode()
    found = decode(check + b"\n" + text, "state")
    restore_layer_states(_weights_net(), found.training.get("train", []), "state")


def _lmdb(path: Path) -> None:
    folder = path.with_name("lmdb")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    path.rename(folder / "data.mdb")
    _both(
        lambda: open_source(str(folder)).read(12),
        lambda: open_source(str(folder), skip=5).peek(),
        lambda: list(records_of(LmdbDatabase(str(folder)))),
    )


def _leveldb(path: Path) -> None:
    folder = path.with_name("leveldb")
    shutil.rmtree(folder, ignore_errors=True)
    path.replace(seeds.leveldb_folder(folder))
    source = open_source(str(folder), "leveldb")
    for _ in range(3):
        source.read(4)


def _safetensors(path: Path) -> None:
    """Read it, and make layers of it."""
    arrays = read_safetensors(path)
    guessed(arrays, str(path))


def _onnx(path: Path) -> None:
    """Read it, make a net of it, and build that."""
    import_model(path).build(engine="numpy", max_memory=NET_MEMORY)


def _name_map(path: Path) -> None:
    renaming = Renaming(read_rules(str(path)))
    for name in ("conv1.weight", "bn2a.running_mean", "fc8"):
        renaming(name)
    renaming.turned()


READERS: dict[str, Reader] = {
    "prototxt": Reader(seeds.nets, read_net, text=True, declared=MESSAGES, share=3),
    "solver": Reader(seeds.solvers, read_solver, text=True, declared=MESSAGES, share=2),
    "net": Reader(seeds.nets, _net, text=True, declared=3 * NET_MEMORY, share=2),
    "net_onednn": Reader(
        seeds.nets,
        lambda path: _net(path, "onednn"),
        text=True,
        declared=4 * NET_MEMORY,
        native=True,
        share=2,
    ),
    "page": Reader(seeds.nets, _page, text=True, declared=3 * NET_MEMORY),
    "drawn_net": Reader(
        lambda: [whole.drawn_net(Random(number)) for number in range(20)],
        lambda path: whole.run_drawn(path, "numpy"),
        make=whole.drawn_net,
        declared=3 * whole.DRAWN_MEMORY,
        reads=5,
        share=8,
    ),
    "drawn_net_onednn": Reader(
        lambda: [whole.drawn_net(Random(number)) for number in range(20)],
        lambda path: whole.run_drawn(path, "onednn"),
        make=whole.drawn_net,
        declared=4 * whole.DRAWN_MEMORY,
        reads=5,
        native=True,
        share=8,
    ),
    "layer_net": Reader(
        whole.layer_nets,
        lambda path: whole.run_drawn(path, "numpy"),
        make=whole.layer_net,
        declared=3 * whole.DRAWN_MEMORY,
        reads=5,
        share=4,
    ),
    "layer_net_onednn": Reader(
        whole.layer_nets,
        lambda path: whole.run_drawn(path, "onednn"),
        make=whole.layer_net,
        declared=4 * whole.DRAWN_MEMORY,
        reads=5,
        native=True,
        share=4,
    ),
    "net_in_place": Reader(
        whole.nets_in_place, _net, text=True, changes=1, declared=3 * NET_MEMORY, reads=3
    ),
    "net_in_place_onednn": Reader(
        whole.nets_in_place,
        lambda path: _net(path, "onednn"),
        text=True,
        changes=1,
        declared=4 * NET_MEMORY,
        reads=3,
        native=True,
    ),
    "caffemodel": Reader(seeds.caffemodels, _caffemodel, declared=MESSAGES, share=2),
    "solverstate": Reader(seeds.solverstates, lambda path: read_state(str(path)), share=2),
    "binaryproto": Reader(seeds.blobs, read_blob, share=2),
    "blob_vector": Reader(
        seeds.blob_vectors, lambda path: blobprotovector_str_to_arraylist(path.read_bytes())
    ),
    "caffemodel_in_memory": Reader(
        seeds.caffemodels,
        lambda path: load_buffer(_weights_net(), path.read_bytes(), "weights"),
        declared=MESSAGES,
    ),
    "prototxt_in_memory": Reader(
        seeds.nets,
        lambda path: readNetFromCaffe(path.read_bytes(), max_memory=NET_MEMORY, engine="numpy"),
        text=True,
        declared=2 * NET_MEMORY,
    ),
    "names": Reader(seeds.names, lambda path: read_names(str(path), range(1, 4)), text=True),
    "datum": Reader(seeds.datums, _datum, declared=IMAGE_MEMORY, reads=3, share=2),
    "image": Reader(seeds.images, _image, declared=IMAGE_MEMORY, reads=3, share=2),
    "image_list": Reader(seeds.image_lists, lambda path: read_image_list(str(path)), text=True),
    "video_list": Reader(
        seeds.video_lists, lambda path: read_clips(str(path), several=True), text=True
    ),
    "window_file": Reader(seeds.window_files, lambda path: read_window_file(str(path)), text=True),
    "box_file": Reader(
        seeds.box_files, lambda path: read_box_file(str(path), "", difficult=True), text=True
    ),
    "hdf5_list": Reader(seeds.hdf5_lists, _hdf5_list, text=True),
    "config": Reader(seeds.configs, _config, text=True),
    "override": Reader(seeds.solvers, _override, text=True),
    "config_command": Reader(seeds.configs, whole.train_with_config, text=True, reads=2),
    "log": Reader(whole.logs, whole.read_log, text=True, reads=2),
    "resumed": Reader(whole.states, whole.resume, text=True),
    "npy": Reader(seeds.arrays, read_array),
    "idx": Reader(seeds.idx_files, read_idx),
    "record": Reader(seeds.records, _record, text=True),
    "arrays": Reader(seeds.arrays, lambda path: read_inputs(str(path), ["data"])),
    "layer_weights": Reader(
        seeds.caffemodels, lambda path: read_layers(str(path)), declared=MESSAGES
    ),
    "onnx": Reader(seeds.onnx_models, _onnx, declared=MESSAGES + 2 * NET_MEMORY, reads=2, share=2),
    "wrong_onnx": Reader(
        seeds.onnx_models, _onnx, make=wrong_model, declared=MESSAGES + 2 * NET_MEMORY, reads=2
    ),
    "safetensors": Reader(seeds.named_arrays, _safetensors, reads=2),
    "name_map": Reader(seeds.name_maps, _name_map, text=True),
    "hdf5_weights": Reader(
        seeds.hdf5_weights,
        lambda path: load_weights(_weights_net(), str(path)),
        native=True,
    ),
    "hdf5_state": Reader(seeds.hdf5_states, lambda path: read_state(str(path)), native=True),
    "hdf5_data": Reader(seeds.hdf5_data, _hdf5_data, declared=2**30, native=True),
    "leveldb": Reader(seeds.leveldb_tables, _leveldb, native=True, share=0.1),
    "lmdb": Reader(seeds.lmdb_files, _lmdb, share=0.2),
}


def run_case(reader: Reader, data: bytes, folder: Path) -> Any:
    """Let a reader read some bytes; raises what it raises."""
    path = folder / "case"
    path.write_bytes(data)
    return reader.read(path)


def names(chosen: Sequence[str] | None, *, native: bool) -> list[str]:
    """The readers to run: those that are chosen, or all."""
    return list(chosen or [name for name, reader in READERS.items() if native or not reader.native])
