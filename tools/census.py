"""Count what minicaffe takes of a folder of prototxts, and why not of the others.

    python tools/census.py nets/ [--build] [--run] [--json] [--sample N]

Each different file counts once, as a net or as a solver, whichever it is more like. A net is *read*
when its text has no mistake, *complete* when nothing in it is unknown or refused by name, *built*
when its layers can be set up (with ``--build``), and *run* when one forward goes through (with
``--run``). Data layers are replaced by inputs, whatever they are. The tables are by the folders
below the one given, and by reasons. ``--json`` prints a list with an entry for each file instead.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import random
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from minicaffe.errors import MinicaffeError, PrototxtError
from minicaffe.layer import Layer, find_layer_class
from minicaffe.layers.data.base_data_layer import PrefetchingLayer
from minicaffe.layers.utility.python import PythonLayer
from minicaffe.net.check import check_text
from minicaffe.net.filter import filter_net, set_state
from minicaffe.net.init import layer_class_of
from minicaffe.net.net import TEST, TRAIN, Net
from minicaffe.options import check_dialect
from minicaffe.proto import caffe_pb2
from minicaffe.proto.io import read_net
from minicaffe.solver.lr_policy import check_policy
from minicaffe.solver.solver_param import load_settings, refuse, setting_mistakes

ENDINGS = (".prototxt", ".pt", ".prototext")
STAGES = ("read", "complete", "built", "run")
_SIDE = 224  # pixels of an image whose size nobody says
_BOX_ROWS = (7, 8)  # numbers of a box that SSD finds, and of a true one
_CASCADES_ROW = (1, 8, 1, 1)  # one true box of Cascade R-CNN's
_LARGEST = 1 << 22  # bytes of a file that is looked at


@dataclass
class Entry:
    """What became of one file.

    Attributes:
        path: below the folder.
        kind: "net", "solver" or "other".
        reached: the last of :data:`STAGES` that it passed; "" for none.
        reasons: why it went no further.
    """

    path: str
    kind: str
    reached: str = ""
    reasons: list[str] = field(default_factory=list)


def files(folder: Path) -> Iterator[Path]:
    """The different prototxts below a folder, in order."""
    seen: set[bytes] = set()
    for path in sorted(folder.rglob("*")):
        if path.suffix in ENDINGS and path.is_file() and path.stat().st_size < _LARGEST:
            digest = hashlib.sha256(path.read_bytes()).digest()
            if digest not in seen:
                seen.add(digest)
                yield path


def examine(path: Path, name: str, stages: Sequence[str], dialect: str | None) -> Entry:
    """How far one file comes."""
    try:
        param = read_net(path)
    except PrototxtError as as_net:
        return _examine_solver(path, name, as_net)
    except MinicaffeError as error:
        return Entry(name, "net", "", reasons(error))
    if not param.layer:
        return Entry(name, "other")
    entry = Entry(name, "net", "read", missing(param))
    try:
        if not entry.reasons and "complete" in stages:
            entry.reached = "complete"
            if "built" in stages:
                _build(param, path, entry, "run" in stages, dialect)
    except MinicaffeError as error:
        entry.reasons = reasons(error)
    except Exception as error:  # a fault of minicaffe's own, which is to be seen
        entry.reasons = [f"fault: {type(error).__name__}: {error}"]
    return entry


def _examine_solver(path: Path, name: str, as_net: PrototxtError) -> Entry:
    try:
        param = load_settings(path).param
    except PrototxtError as as_solver:
        layers = isinstance(as_net.net, caffe_pb2.NetParameter) and (
            as_net.net.layer or as_net.net.layers
        )
        if not layers and _count(as_solver) >= _count(as_net):
            return Entry(name, "other", "", reasons(as_net))
        if not as_net.problems or (as_solver.problems and _count(as_solver) < _count(as_net)):
            return Entry(name, "solver", "", reasons(as_solver))
        return Entry(name, "net", "", reasons(as_net))
    except MinicaffeError as error:
        return Entry(name, "solver", "", reasons(error))
    entry = Entry(name, "solver", "read")
    try:
        refuse(setting_mistakes(param))
        check_policy(param)
        entry.reached = "complete"
    except MinicaffeError as error:
        entry.reasons = reasons(error)
    return entry


def _count(error: MinicaffeError) -> int:
    return len(error.problems) + error.more


def missing(param: caffe_pb2.NetParameter) -> list[str]:
    """What a net has that minicaffe has not: types, Python modules, fields of forks."""
    found: list[str] = []
    for layer in param.layer:
        cls = find_layer_class(layer.type)
        if not layer.bottom and cls.gives_data:
            continue
        if cls is Layer:
            found.append(f"type {layer.type}")
        elif issubclass(layer_class_of(layer), PythonLayer):
            found.append(f"Python {layer.python_param.module}.{layer.python_param.layer}")
    if not found:
        for phase in (TRAIN, TEST):
            found += _refused(param, phase)
    return sorted(set(found))


def _refused(param: caffe_pb2.NetParameter, phase: int) -> list[str]:
    net = caffe_pb2.NetParameter()
    net.CopyFrom(param)
    set_state(net, phase, 0, ())
    for layer in net.layer:
        if not layer.bottom and find_layer_class(layer.type).gives_data:
            _make_input(layer)
    try:
        check_text(filter_net(net), net, None)
    except MinicaffeError as error:
        return [reason for reason in reasons(error) if reason.startswith("field")]
    return []


def reasons(error: MinicaffeError) -> list[str]:
    """The kinds of mistakes in an error, without names, numbers and places."""
    messages = [problem.message for problem in error.problems] or [error.message]
    return sorted({_kind(message) for message in messages})


def _kind(message: str) -> str:
    message = re.sub(r"^layer '.*?' \(\w*\): ", "", message)
    if found := re.match(r"unknown layer type '(.*?)'", message):
        return f"type {found[1]}"
    if found := re.match(r"unknown field `(.*?)`(?: in (\w+))?", message):
        return f"field {found[2] or 'file'}.{found[1]}"
    if found := re.match(r"([\w.]+)(?:: \w+ is a value| is a field) of (.*?)[;,]", message):
        return f"field {found[1]} ({found[2]})"
    return re.sub(r"'.*?'|\d[\d.×]*", "…", message.split(";")[0])[:80]


def _build(
    param: caffe_pb2.NetParameter, path: Path, entry: Entry, run: bool, dialect: str | None
) -> None:
    """Set the net up in phase TEST, or in TRAIN if it has nothing in TEST; run it."""
    net = caffe_pb2.NetParameter()
    net.CopyFrom(param)
    phase = TEST if _is_whole(net, TEST) or not _is_whole(net, TRAIN) else TRAIN
    set_state(net, phase, 0, ())
    for layer in net.layer:
        if not layer.bottom and find_layer_class(layer.type).gives_data:
            _make_input(layer)
    with Net(net, phase, path=str(path), seed=0, dialect=dialect, allow_python_layers=False) as it:
        entry.reached = "built"
        if run:
            _fill(it)
            it.forward()
            entry.reached = "run"


def _fill(net: Net) -> None:
    """Zeros in all inputs, as they are at first, but no boxes where rows of boxes are read.

    A row of SSD's that begins with -1 is none; zeros would be a box of the background.
    """
    for name in net.inputs:
        blob = net.blobs[name]
        rows = len(blob.shape) == 4 and blob.shape[:2] == (1, 1) and blob.shape[3] in _BOX_ROWS
        if rows or blob.shape == _CASCADES_ROW:
            blob.data[...] = -1


def _is_whole(param: caffe_pb2.NetParameter, phase: int) -> bool:
    """Whether a net has layers in a phase, and what they read (data of some stage, too)."""
    net = caffe_pb2.NetParameter()
    net.CopyFrom(param)
    set_state(net, phase, 0, ())
    made: set[str] = set()
    layers = [layer for layer in filter_net(net).layer if not any(it.stage for it in layer.include)]
    for layer in layers:
        if not made.issuperset(layer.bottom):
            return False
        made.update(layer.top)
    return any(layer.bottom for layer in layers)


def _make_input(layer: caffe_pb2.LayerParameter) -> None:
    """An Input in a data layer's place, for one item."""
    cls = find_layer_class(layer.type)
    if layer.type == "Input":
        for shape in layer.input_param.shape:
            if shape.dim:
                shape.dim[0] = min(shape.dim[0], 1) or 1
        return
    labels: tuple[int, ...] = (1,)
    if issubclass(cls, PrefetchingLayer):
        labels = (1, *cls.assumed_labels(layer)[1:])
    assumed = [shape and (1, *shape[1:]) for shape in cls.assumed_shapes(layer)]
    tops = [shape or labels for shape in assumed]
    tops[:1] = [assumed[0] or (1, 3, _SIDE, _SIDE)]
    layer.type = "Input"
    for given, _ in layer.ListFields():
        if given.message_type and given.name not in ("include", "exclude"):
            layer.ClearField(given.name)
    for lengths in tops:
        layer.input_param.shape.add().dim.extend(lengths)


# ------------------------------------------------------------------------------ tables


def print_tables(entries: Sequence[Entry], stages: Sequence[str]) -> None:
    """How many files of each folder passed each stage, and what most often stops one."""
    folders: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for entry in entries:
        for folder in (entry.path.partition("/")[0], "all"):
            count = folders[folder]
            count[f"{entry.kind}s"] += 1
            passed = STAGES[: STAGES.index(entry.reached) + 1] if entry.reached else ()
            for stage in passed:
                count[f"{entry.kind} {stage}"] += 1
    columns = ["nets", *(f"net {stage}" for stage in stages), "solvers", "solver complete"]
    print(f"{'folder':40}" + "".join(f"{column:>16}" for column in columns))
    for folder, count in sorted(folders.items(), key=lambda item: item[0] == "all"):
        print(f"{folder[:39]:40}" + "".join(f"{count[column]:16}" for column in columns))
    alone: Counter[str] = Counter()
    all_reasons: Counter[str] = Counter()
    for entry in entries:
        all_reasons.update(entry.reasons)
        if len(entry.reasons) == 1:
            alone.update(entry.reasons)
    print(f"\n{'files':>6}{'alone':>7}  reason")
    for reason, number in all_reasons.most_common(60):
        print(f"{number:6}{alone[reason]:7}  {reason}")


def main() -> None:
    """Examine the files and print tables or JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path, help="where the prototxts are, at any depth")
    parser.add_argument("--build", action="store_true", help="build the nets that are complete")
    parser.add_argument("--run", action="store_true", help="build them and run them once")
    parser.add_argument("--json", action="store_true", help="print an entry for each file")
    parser.add_argument("--sample", type=int, metavar="N", help="only N files, drawn at random")
    parser.add_argument("--dialect", help="as of the verbs")
    args = parser.parse_args()
    check_dialect(args.dialect)
    logging.getLogger("minicaffe").setLevel(logging.CRITICAL)
    chosen = list(files(args.folder))
    if args.sample is not None and args.sample < len(chosen):
        chosen = sorted(random.Random(0).sample(chosen, args.sample))
    stages = STAGES if args.run else STAGES[:3] if args.build else STAGES[:2]
    entries = []
    for path in chosen:
        name = path.relative_to(args.folder).as_posix()
        entries.append(examine(path, name, stages, args.dialect))
        print(f"\r{len(entries)}/{len(chosen)}", end="", file=sys.stderr)
    print(file=sys.stderr)
    if args.json:
        json.dump([asdict(entry) for entry in entries], sys.stdout, indent=1)
    else:
        print_tables(entries, stages)


if __name__ == "__main__":
    main()
