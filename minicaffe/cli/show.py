"""Show what is inside a network: filters, activations, what a class depends on, mistakes, rates.

    minicaffe show filters lenet_bn
    minicaffe show activations deploy.prototxt W.caffemodel photo.jpg --layer=conv2 -o out/
    minicaffe show saliency deploy.prototxt W.caffemodel photo.jpg --labels=names.txt
    minicaffe show batch train_val.prototxt
    minicaffe show lr-find solver.prototxt

KIND is one of

    filters      NET WEIGHTS           the filters of a convolution, or another layer's matrix
    activations  NET WEIGHTS PICTURES  the feature maps that a layer makes
    gradients    NET WEIGHTS PICTURES  where larger values there would raise a class's score
    saliency     NET WEIGHTS PICTURES  what of a picture a class depends on, in three ways
    embedding    NET WEIGHTS PICTURES  a map of pictures in a layer's space, and neighbours there
    batch        NET                   pictures and labels as the net sees them
    confusion    NET WEIGHTS           which classes are taken for which, of a net with labels
    top-losses   NET WEIGHTS           where that net is wrong the most
    lr-find      SOLVER [WEIGHTS]      the loss of a short training whose rate rises

NET is a prototxt, a network of `minicaffe models` by its name, or a folder that `minicaffe new`
has made. The kind says which of a network's or folder's files is meant; where they have weights,
WEIGHTS may be left out. A PICTURE may be a folder.

    minicaffe show saliency mynet photo.jpg
    minicaffe show confusion mynet

Needs matplotlib. docs/view.md tells how to read the figures.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from minicaffe.cli._flags import (
    ENGINE_FLAGS,
    add_flags,
    add_limits,
    explained,
    phase_number,
    positive_int,
    run_options,
)
from minicaffe.cli._model_folder import labels_in, model_file, weights_in
from minicaffe.cli._pictures import (
    add_preparation_flags,
    mean_values,
    note_preparation,
    red_first,
)
from minicaffe.errors import DataError, GraphError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from minicaffe.net.net import Net
    from minicaffe.show import Subject

FORMATS = ("png", "svg", "pdf")
#: How many batches are looked at by default.
DEFAULT_ITERATIONS = 50
_RATE_ITERATIONS = 100

#: The name of a figure's file, without its ending, and the figure.
_Figures = Iterator[tuple[str, "Figure"]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's flags."""
    add = parser.add_argument
    add("kind", metavar="KIND", choices=[kind.replace("_", "-") for kind in KINDS],
        help=f"what to show: {', '.join(KINDS)}")  # fmt: skip
    add("net", metavar="NET", help="the net's or, for lr-find, the solver's prototxt; a network's "
        "name or a model's folder")  # fmt: skip
    add("weights", metavar="WEIGHTS", nargs="?", help="its .caffemodel; may be left out after a "
        "name or folder that has weights")  # fmt: skip
    add(
        "pictures",
        metavar="PICTURE",
        nargs="*",
        default=[],
        help="picture files, or folders of them",
    )
    add("-o", "--output", metavar="DIR", default=".", help="the folder for the figures (.)")
    add("--format", choices=FORMATS, default="png", help="of the figures (png)")
    add("--layer", metavar="NAME", help="the layer or blob; by default what suits the kind")
    add("--class", dest="label", type=int, metavar="N", help="the class; by default the best one")
    add("--labels", metavar="FILE", help="the names of classes, one a line, or SSD's labelmap")
    add("--lowest", type=float, default=1e-6, metavar="X", help="lr-find's first rate (1e-6)")
    add("--highest", type=float, default=1.0, metavar="X", help="lr-find's last rate (1)")
    add("--iterations", type=explained(positive_int), metavar="N",
        help=f"batches to run ({DEFAULT_ITERATIONS}; of lr-find {_RATE_ITERATIONS})")  # fmt: skip
    add_preparation_flags(parser)
    add_flags(parser, "phase", "level", "stage", *ENGINE_FLAGS)
    add_limits(parser)


def run(args: argparse.Namespace) -> None:
    """Write the figures, and say where they are."""
    from minicaffe.errors import require
    from minicaffe.files import refusals, write_beside

    require("matplotlib.figure", extra="plot", purpose="showing figures")
    _take_folder(args)
    if args.weights is None and _needs_weights(args):
        args.usage_error(f"WEIGHTS is missing; `minicaffe show {args.kind}` needs a .caffemodel")
    taken = set[str]()
    for name, figure in KINDS[args.kind](args):
        with refusals(args.output, DataError):
            os.makedirs(args.output, exist_ok=True)
        file = os.path.join(args.output, f"{_free_name(name, taken)}.{args.format}")
        with write_beside(file, error=DataError) as beside:
            figure.savefig(beside, format=args.format, dpi=110)
        print(f"Wrote {file}")


#: The file of a model's folder that a kind looks at, where it is not the net for use.
_FILES = {
    "batch": "train_val.prototxt", "confusion": "train_val.prototxt",
    "top-losses": "train_val.prototxt", "lr-find": "solver.prototxt",
}  # fmt: skip


def _needs_weights(args: argparse.Namespace) -> bool:
    return args.kind not in ("batch", "lr-find")


def _take_folder(args: argparse.Namespace) -> None:
    """Put the files of a network's or model's folder in the place of its name.

    Raises:
        DataError: there is no such network, or the folder lacks a file.
    """
    from minicaffe.zoo import net_file, network

    folder, shipped = args.net, None
    if not os.path.isdir(folder):
        if net_file(args.net) == args.net:
            return
        shipped = network(args.net)
        folder = os.fspath(shipped.folder)
    args.net = model_file(folder, _FILES.get(args.kind, "deploy.prototxt"))
    if args.weights is not None and not args.weights.endswith((".caffemodel", ".caffemodel.h5")):
        args.pictures, args.weights = [args.weights, *args.pictures], None
    if args.weights is None and _needs_weights(args):
        if shipped is None:
            args.weights = weights_in(folder)
        elif shipped.weights is not None:
            args.weights = os.fspath(shipped.weights)
    args.labels = args.labels or labels_in(folder)


def _free_name(name: str, taken: set[str]) -> str:
    """The name for a file system; with a number where an earlier figure has it, and then taken."""
    plain = re.sub(r"[^.A-Za-z0-9_-]", "_", name)
    free, number = plain, 2
    while free.lower() in taken:  # a/1.jpg and b/1.jpg, or 1.jpg and 1.png
        free, number = f"{plain}_{number}", number + 1
    taken.add(free.lower())
    return free


# -------------------------------------------------------------------------- nets


def _built(args: argparse.Namespace, phase: int) -> Net:
    from minicaffe.net.net import Net

    return Net(
        args.net, phase, args.level or 0, args.stage, weights=args.weights,
        **run_options(args).keywords(),
    )  # fmt: skip


def _with_labels(args: argparse.Namespace) -> Net:
    """The TEST net."""
    from minicaffe.net.net import TEST

    return _built(args, TEST)


def _subject(args: argparse.Namespace) -> Subject:
    from minicaffe.show import Subject

    options = run_options(args).keywords()
    subject = Subject(
        args.net, args.weights, mean=mean_values(args), scale=args.scale,
        rgb=red_first(args), **options,
    )  # fmt: skip
    note_preparation(args, subject.preparation)
    return subject


def _names(args: argparse.Namespace, classes: Callable[[], int]) -> dict[int, str]:
    """The names of --labels, of as many classes as there are."""
    from minicaffe.detection.names import read_names

    return {} if args.labels is None else read_names(args.labels, range(classes()))


def _pictures(args: argparse.Namespace) -> list[str]:
    """The files of all pictures.

    Raises:
        DataError: there is no picture of a name, or it is a video.
    """
    from minicaffe.detection.pictures import find_pictures

    if not args.pictures:
        args.usage_error(f"PICTURES are missing; `minicaffe show {args.kind}` needs one or more")
    files = []
    for source in args.pictures:
        names = find_pictures(source).names
        if names is None:
            raise DataError("this is a video; pictures are expected", path=source)
        files += names
    return files


def _stem(path: str) -> str:
    return os.path.splitext(os.path.basename(path))[0]


# ------------------------------------------------------------------------- kinds


def _filters(args: argparse.Namespace) -> _Figures:
    from minicaffe import show
    from minicaffe.net.net import TEST

    with _built(args, phase_number(args.phase, TEST)) as net:
        yield f"filters_{args.layer or 'first'}", show.filters(net, args.layer)


def _of_pictures(args: argparse.Namespace) -> _Figures:
    """activations, gradients, saliency: a figure a picture."""
    from minicaffe import show
    from minicaffe.cli._progress import Counter

    files, subject = _pictures(args), _subject(args)
    named = args.kind != "activations"  # which look at no class, and at nets without any
    names = _names(args, lambda: subject.classes) if named else {}
    for file in files:
        if args.kind == "activations":
            figure = show.activations(subject, file, args.layer)
        elif args.kind == "gradients":
            figure = show.gradients(subject, file, args.layer, args.label, names)
        else:
            with Counter(args.log, None, "squares occluded") as counter:
                figure = show.saliency(
                    subject, file, args.label, args.layer, names, progress=counter.show
                )
        yield f"{args.kind}_{_stem(file)}", figure


def _embedding(args: argparse.Namespace) -> _Figures:
    from minicaffe import show

    files, subject = _pictures(args), _subject(args)
    yield "embedding", show.embedding(subject, files, args.layer)
    yield "neighbours", show.neighbours(subject, files, args.layer)


def _batch(args: argparse.Namespace) -> _Figures:
    from minicaffe import show
    from minicaffe.net.net import TRAIN
    from minicaffe.show.judged import classes_of

    with _built(args, phase_number(args.phase, TRAIN)) as net:
        sources = [node for node in net.nodes if not node.bottoms]
        if all(name in net.inputs for node in sources for name in node.top_names):
            raise GraphError(
                "the net reads no data: programs fill its Input layers; give a net with data "
                "layers, such as train_val.prototxt",
                path=net.path,
            )
        yield "batch", show.batch(net, _names(args, lambda: classes_of(net)))


def _confusion(args: argparse.Namespace) -> _Figures:
    from minicaffe import show
    from minicaffe.show.judged import classes_of

    with _with_labels(args) as net:
        batches = args.iterations or DEFAULT_ITERATIONS
        yield "confusion", show.confusion(net, batches, _names(args, lambda: classes_of(net)))


def _top_losses(args: argparse.Namespace) -> _Figures:
    from minicaffe import show
    from minicaffe.show.judged import classes_of

    with _with_labels(args) as net:
        batches = args.iterations or DEFAULT_ITERATIONS
        yield "top-losses", show.top_losses(net, batches, _names(args, lambda: classes_of(net)))


def _lr_find(args: argparse.Namespace) -> _Figures:
    from minicaffe import show

    found = show.lr_find(
        args.net,
        weights=[args.weights] if args.weights else [],
        lowest=args.lowest,
        highest=args.highest,
        iterations=args.iterations or _RATE_ITERATIONS,
        options=run_options(args),
    )
    print(f"Suggested rate: {found.suggestion:.2g} (a tenth of that with the smallest loss)")
    yield "lr-find", found.figure()


#: What shows each kind.
KINDS: dict[str, Callable[[argparse.Namespace], _Figures]] = {
    "filters": _filters,
    "activations": _of_pictures,
    "gradients": _of_pictures,
    "saliency": _of_pictures,
    "embedding": _embedding,
    "batch": _batch,
    "confusion": _confusion,
    "top-losses": _top_losses,
    "lr-find": _lr_find,
}
