"""Show what a network is made of: layers, shapes, parameters, multiply-adds and memory.

    minicaffe summarize models/lenet/train_val.prototxt
    minicaffe summarize train_val.prototxt --phase=TEST --shape data=1,3,227,227

Columns: name; type; multipliers of learning rate (x) and decay (Dx) and names of parameters;
bottoms -> tops (on a terminal, one colour a blob); window (kernel/stride+pad) and outputs/groups;
the first top's shape; parameters; multiply-adds and bytes of the tops in one forward pass.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from minicaffe.cli._flags import add_flags, explained, phase_number, positive_int
from minicaffe.cli._report import takes_colour
from minicaffe.errors import visible
from minicaffe.options import Limits, size_text

if TYPE_CHECKING:
    from minicaffe.net.summary import LayerSummary, NetSummary
    from minicaffe.proto import caffe_pb2

_COLORS = ("92", "93", "94", "95", "97", "96", "42", "43;30", "100", "44", "103;30", "107;30")
_UNKNOWN = "41"
_HEADLINE = ("layer", "type", "", "bottom", "", "top", "")
_NUMBERS = ("shape", "parameters", "mult-adds", "memory")
_FLOAT = 4  # bytes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's flags: those of Caffe's script, and those that choose the net."""
    parser.add_argument("filename", help="its prototxt, or a network of `minicaffe models`")
    parser.add_argument(
        "-w",
        "--max_width",
        type=explained(positive_int),
        default=30,
        metavar="N",
        help="widest column (30)",
    )
    add_flags(parser, "phase", "level", "stage", "max_memory", "skip_unknown", "dialect")
    add_shapes(parser)


def add_shape(parser: argparse.ArgumentParser) -> None:
    """Declare ``--shape``, of the inputs."""
    parser.add_argument(
        "--shape", action="append", default=[], type=_shape, metavar="BLOB=N,C,H,W",
        help="the shape of an input, instead of what its file or the prototxt says; may be "
        "repeated",
    )  # fmt: skip


def add_shapes(parser: argparse.ArgumentParser) -> None:
    """Declare ``--shape`` and ``--python_layers``: what is taken for the inputs' shapes."""
    add_shape(parser)
    parser.add_argument(
        "--python_layers",
        action="store_true",
        help="run the code of Python layers, without which their shapes are not known",
    )


def run(args: argparse.Namespace) -> int:
    """Print a line for each layer, or the net as JSON."""
    from minicaffe.net.filter import set_state
    from minicaffe.net.net import TRAIN
    from minicaffe.net.summary import summarize_net
    from minicaffe.proto.io import read_net
    from minicaffe.zoo import net_file

    path = net_file(args.filename)
    param = read_net(path, skip_unknown=bool(args.skip_unknown))
    set_state(param, phase_number(args.phase, TRAIN), args.level or 0, args.stage)
    summary = summarize_net(
        param,
        path,
        shapes=dict(args.shape),
        limits=Limits(args.max_memory, args.python_layers),
        skip_unknown=bool(args.skip_unknown),
        dialect=args.dialect,
    )
    colored = takes_colour(sys.stdout)
    rows = [_row(layer, cells) for layer, cells in zip(
        summary.layers, _connections(summary.layers, colored), strict=True)]  # fmt: skip
    _print_table([_HEADLINE + _NUMBERS, *rows], args.max_width)
    _print_totals(summary, param.state.phase)
    return 0


def _shape(text: str) -> tuple[str, tuple[int, ...]]:
    name, _, lengths = text.partition("=")
    try:
        shape = tuple(positive_int(part) for part in lengths.split(","))
    except ValueError:
        shape = ()
    if not name or not shape:
        raise argparse.ArgumentTypeError(f"expected BLOB=N,C,H,W, not '{text}'")
    return name, shape


# --------------------------------------------------------------------------------- rows


def _row(layer: LayerSummary, connections: tuple[str, str]) -> tuple[str, ...]:
    from minicaffe.blob import shape_text
    from minicaffe.layer import find_layer_class
    from minicaffe.layers.utility.python import PythonLayer

    param = layer.param
    kind = param.type
    if issubclass(find_layer_class(kind), PythonLayer):
        kind = f"{param.python_param.module}.{param.python_param.layer}"
    numbers = ("?",) * len(_NUMBERS)
    if layer.shapes is not None:
        numbers = (
            shape_text(layer.shapes[0]) if layer.shapes else "",
            *(f"{n:,}" if n else "" for n in (layer.parameters, layer.multiply_adds)),
            size_text(layer.values * _FLOAT) if layer.values else "",
        )
    bottoms, tops = connections
    window = find_layer_class(param.type).window_text(param)
    names = (visible(param.name), visible(kind), visible(_params(param)))
    return (*names, bottoms, "->", tops, window, *numbers)


def _connections(layers: Sequence[LayerSummary], colored: bool) -> list[tuple[str, str]]:
    """Bottoms and tops of each layer; blobs that nothing reads are underlined."""
    unread: set[str] = set()
    for layer in layers:
        unread |= set(layer.param.top)
        unread -= set(layer.param.bottom)
    colors: dict[str, str] = {}
    result = []
    for layer in layers:
        param = layer.param
        bottoms = [_paint(name, colors.get(name, _UNKNOWN), colored) for name in param.bottom]
        tops = []
        for index, name in enumerate(param.top):
            color = colors.setdefault(name, _COLORS[len(colors) % len(_COLORS)])
            style = f"{color};1;4" if name in unread else color
            weight = f"{param.loss_weight[index]:g} * " if index < len(param.loss_weight) else ""
            tops.append(_paint(weight + name, style, colored))
        result.append((", ".join(bottoms), ", ".join(tops)))
    return result


def _paint(text: str, style: str, colored: bool) -> str:
    return f"\033[{style}m{visible(text)}\033[0m" if colored else visible(text)


def _params(layer: caffe_pb2.LayerParameter) -> str:
    """Names and multipliers of a layer's parameters, as Caffe's script shows them."""
    words = []
    for param in layer.param:
        parts = [param.name] if param.name else []
        parts += [f"x{param.lr_mult:g}"] if param.lr_mult != 1 else []
        parts += [f"Dx{param.decay_mult:g}"] if param.decay_mult != 1 else []
        words.append(" ".join(parts))
    return f"({', '.join(words)})" if any(words) else ""


# -------------------------------------------------------------------------------- output


def _print_table(rows: Sequence[Sequence[str]], max_width: int) -> None:
    """Columns as narrow as possible; a longer text pushes only what follows it in its row."""
    texts = len(_HEADLINE)
    widths = [
        min(max(_length(row[i]) for row in rows) + 1, max_width + 1) for i in range(len(rows[0]))
    ]
    for row in rows:
        line, end = "", 0
        for index, (cell, width) in enumerate(zip(row, widths, strict=True)):
            end += width
            if index < texts:
                line += cell + " "
                line += " " * (end - _length(line))
            else:  # numbers end where their column ends
                line += " " * (end - _length(line) - _length(cell)) + cell
                end += 1
                line += " "
        print(line.rstrip())


def _length(text: str) -> int:
    return len(re.sub(r"\033\[[\d;]+m", "", text))


def _print_totals(summary: NetSummary, phase: int) -> None:
    from minicaffe.net.net import TRAIN

    for note in summary.notes:
        print(f"note: {visible(note)}")
    if not summary.complete:
        print("Shapes are not known: give --shape BLOB=N,C,H,W for the inputs"
              " (and --python_layers to run Python layers).")  # fmt: skip
        return
    each = summary.multiply_adds // summary.batch
    print(
        f"parameters: {summary.parameters:,} ({size_text(summary.parameters * _FLOAT)}), "
        f"{summary.learned:,} of them learned"
    )
    print(f"multiply-adds: {summary.multiply_adds:,} forward, {each:,} for each of {summary.batch}")
    copies = 2 if phase == TRAIN else 1
    with_gradients = " with gradients" if copies == 2 else ""
    total = copies * (summary.values + summary.parameters) * _FLOAT
    print(
        f"memory: {size_text(summary.values * _FLOAT)} of blobs; {size_text(total)} of blobs and "
        f"parameters{with_gradients} at most"
    )
