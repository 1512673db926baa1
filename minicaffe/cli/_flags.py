"""The flags that verbs share, in Caffe's words; each is declared once.

The same table serves the command line and the keys of ``--config`` files.
"""

from __future__ import annotations

import argparse
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from minicaffe.data.backends import BACKENDS
from minicaffe.engines import PRECISIONS
from minicaffe.errors import EngineError, MinicaffeError
from minicaffe.options import (
    CONV_MATHS,
    DIALECTS,
    TRANSPORTS,
    RunOptions,
    check_dialect,
    parse_size,
)

logger = logging.getLogger("minicaffe")
_EFFECTS = ("snapshot", "stop", "none")
_LARGEST = 2**31 - 1  # what the schema's int32 fields hold


def positive_int(text: str) -> int:
    """A whole number from 1 to 2^31-1.

    Raises:
        ValueError: it is something else.
    """
    return _whole(text, 1)


def whole(text: str) -> int:
    """A whole number from -2^31 to 2^31-1.

    Raises:
        ValueError: it is something else.
    """
    return _whole(text, -_LARGEST - 1)


def _whole(text: str, least: int) -> int:
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if not least <= number <= _LARGEST:
        raise ValueError(f"expected a whole number from {least} to {_LARGEST}, not {text}")
    return number


def yes_or_no(text: str) -> bool:
    """True or false, as a config file says them.

    Raises:
        ValueError: it is something else.
    """
    word = text.lower()
    if word not in ("true", "false"):
        raise ValueError(f"expected true or false, not {text}")
    return word == "true"


def _dialect(text: str) -> str:
    """A name of :data:`minicaffe.proto.dialects.DIALECTS`.

    Raises:
        ValueError: it is something else.
    """
    try:
        check_dialect(text)
    except MinicaffeError as error:
        raise ValueError(str(error)) from None
    return text


def _gpus(text: str) -> str:
    """Numbers of GPUs with commas between, or ``all``; nothing for the CPU.

    Raises:
        ValueError: it is something else.
    """
    if text != "all" and not all(part.strip().isdecimal() for part in comma_list(text)):
        raise ValueError(
            "expected the number of a GPU, from 0, several as in 0,1, or all, not " + text
        )
    return text


def comma_list(text: str) -> list[str]:
    """The words of ``a,b``, without spaces around them; empty ones are left out."""
    return [part.strip() for part in text.split(",") if part.strip()]


@dataclass(frozen=True)
class Flag:
    """One flag: its name, its explanation and what it takes.

    Attributes:
        convert: turns the text into the value; ValueError where it cannot.
        choices: the only values, if they can be listed.
        shown: the value's place in the usage, such as FILE.
        switch: on the command line it takes no value.
    """

    name: str
    help: str
    convert: Callable[[str], object] = str
    choices: tuple[str, ...] | None = None
    shown: str | None = None
    switch: bool = False


FLAGS = {
    flag.name: flag
    for flag in (
        Flag("solver", "the solver's prototxt", shown="FILE"),
        Flag("model", "the network's prototxt", shown="FILE"),
        Flag("snapshot", "a .solverstate to resume from; not with --weights", shown="FILE"),
        Flag("resume", "auto: resume from the newest whole snapshot, or begin if there is none",
             choices=("auto",)),
        Flag("keep_snapshots", "remove older snapshots, so that the N newest are left",
             positive_int, shown="N"),
        Flag(
            "weights",
            ".caffemodel files to copy trained layers from, separated by commas",
            comma_list,
            shown="FILES",
        ),
        Flag("iterations", "how many iterations to run", positive_int, shown="N"),
        Flag("phase", "TRAIN or TEST", str.upper, ("TRAIN", "TEST")),
        Flag("level", "the network's level, compared with min_level and max_level", whole,
             shown="N"),
        Flag("stage", "the network's stages, separated by commas", comma_list, shown="STAGES"),
        Flag(
            "engine",
            "what runs all layers; by default the fastest one here, or what a layer's engine says",
            shown="NAME",
        ),
        Flag("precision", "how values are stored between layers: float32 (the default) or bf16; "
             "tf32 lets a GPU multiply with fewer bits", choices=PRECISIONS),
        Flag("conv_math", "auto (the default) allows convolutions with fewer products, whose sixth "
             "digit differs; direct does not", choices=CONV_MATHS),
        Flag("threads", "how many threads compute; by default OMP_NUM_THREADS or one a core",
             positive_int, shown="N"),
        Flag("no_fuse", "run every layer by itself, for debugging", yes_or_no, switch=True),
        Flag("skip_unknown", "pass over fields and layer types that are not known, and say which",
             yes_or_no, switch=True),
        Flag("max_memory", "the most memory that the net's blobs may take, such as 8G; by default "
             "the machine's", parse_size, shown="SIZE"),
        Flag("dialect", "whose meaning layers have where forks of Caffe differ: "
             f"{', '.join(DIALECTS)}; by default the net's text decides", _dialect, shown="NAME"),
        Flag("backend", "the kind of database: lmdb (the default) or leveldb", choices=BACKENDS),
        Flag("gpu", "the number of the GPU that computes, by PyTorch; without one the CPU does",
             _gpus, shown="IDS"),
        Flag("ranks", "train in N processes on this machine, each with the net's batch_size; "
             "gradients are averaged (docs/parallel.md)", positive_int, shown="N"),
        Flag("transport", "what carries gradients between processes: auto (the default), shared "
             "(memory, on one machine), torch or mpi", choices=TRANSPORTS),
        Flag("compress", "bf16: send gradients with 8 bits of precision, in half the bytes",
             choices=("bf16",)),
        Flag("bucket", "how many bytes of gradients are sent together, such as 4M (the default)",
             parse_size, shown="SIZE"),
        Flag("share_test", "let all processes share the records of a test; otherwise the first one "
             "tests alone", yes_or_no, switch=True),
        Flag("sync_bn", "let BatchNorm layers take their statistics over the batches of all "
             "processes", yes_or_no, switch=True),
        Flag("sigint_effect", "what Ctrl-C does: stop (the default), snapshot, none",
             choices=_EFFECTS),
        Flag("sighup_effect", "what a hang-up does: snapshot (the default), stop, none",
             choices=_EFFECTS),
    )
}  # fmt: skip


def add_flags(parser: argparse.ArgumentParser, *names: str, required: Sequence[str] = ()) -> None:
    """Declare shared flags by name; what the user leaves out is None."""
    for name in names:
        flag = FLAGS[name]
        if flag.switch:
            parser.add_argument(f"--{name}", help=flag.help, action="store_const", const=True)
            continue
        parser.add_argument(
            f"--{name}",
            help=flag.help,
            type=explained(flag.convert),
            choices=flag.choices,
            metavar=flag.shown,
            required=name in required,
        )


def add_switch(parser: argparse.ArgumentParser, name: str, help: str) -> None:
    """Declare a flag that is on or off, in all spellings of gflags: ``--name``, ``--noname``,
    ``--name=true``, ``--name=false``; off where nothing is said.
    """
    parser.add_argument(f"--{name}", action="store_true", help=help)
    spellings = [(True, f"--{name}={word}") for word in ("true", "t", "yes", "y", "1")]
    spellings += [(False, f"--{name}={word}") for word in ("false", "f", "no", "n", "0")]
    for value, spelling in [*spellings, (False, f"--no{name}")]:
        parser.add_argument(
            spelling, dest=name, action="store_const", const=value, help=argparse.SUPPRESS
        )
    parser.set_defaults(**{name: False})


def add_limits(parser: argparse.ArgumentParser) -> None:
    """Declare ``--max-memory``, ``--dialect`` and ``--untrusted`` for :func:`run_options`."""
    add_flags(parser, "max_memory", "dialect")
    parser.add_argument(
        "--untrusted",
        action="store_true",
        help="the files come from a source that you do not trust: run no Python layers, and let no "
        "layer write files",
    )


def explained(convert: Callable[[str], object]) -> Callable[[str], object]:
    """A conversion for argparse, which shows the reason of its errors, not of a ValueError.

    Raises:
        ArgumentTypeError: by the conversion, where it raised ValueError; for argparse.
    """

    def explain(text: str) -> object:
        try:
            return convert(text)
        except ValueError as reason:
            raise argparse.ArgumentTypeError(str(reason)) from None

    return explain


def double_dashes(words: Sequence[str]) -> list[str]:
    """Rewrite gflags' spellings as argparse's.

    ``-solver x`` and ``-solver=x`` become ``--solver``; ``--sigint-effect`` becomes
    ``--sigint_effect``. Values, negative numbers and ``-h`` stay as they are.
    """
    result = []
    for word in words:
        match = re.fullmatch(r"--?([A-Za-z][\w-]+)(=.*)?", word, re.DOTALL)
        if match:
            word = f"--{match[1].replace('-', '_')}{match[2] or ''}"
        result.append(word)
    return result


def phase_number(name: str | None, default: int) -> int:
    """The enum value of a phase's name."""
    from minicaffe.proto import caffe_pb2  # --help does without protobuf

    return default if name is None else caffe_pb2.Phase.Value(name)


#: The flags that :func:`run_options` reads besides those of :func:`add_limits`.
ENGINE_FLAGS = ("engine", "precision", "conv_math", "no_fuse", "threads")


def run_options(args: argparse.Namespace, keep: str = "all") -> RunOptions:
    """How these flags let nets run, on ``--threads`` threads, and what they allow them.

    Args:
        args: of a verb with :data:`ENGINE_FLAGS` and :func:`add_limits`.
        keep: which blobs of the nets the verb looks at.
    """
    from minicaffe.threads import set_threads  # --help does without numpy

    set_threads(args.threads)
    return RunOptions(
        args.engine,
        args.precision or PRECISIONS[0],
        fuse=not args.no_fuse,
        keep=keep,
        allow_python_layers=not args.untrusted,
        max_memory=args.max_memory,
        dialect=args.dialect,
        conv_math=args.conv_math,
        device=gpu_device(getattr(args, "gpu", None)),
    )


def gpu_device(ids: str | None) -> str | None:
    """PyTorch's name of the GPU that ``--gpu`` says; None without one, and where there is none.

    Args:
        ids: a number, several with commas between, or ``all``; a process computes on the first.

    Raises:
        EngineError: there are GPUs, but not of this number.
    """
    from minicaffe.common import device_name, devices

    if not ids or not devices():
        return None
    first = "0" if ids == "all" else ids.split(",")[0]
    if not first.strip().isdecimal():
        raise EngineError(f"--gpu={ids}: expected the number of a GPU, from 0")
    return device_name(int(first))


def note_gpu(ids: str | None) -> None:
    """Say what computes: the GPU of ``--gpu``, or the CPU, though there is such a flag."""
    device = gpu_device(ids)
    if device:
        logger.info("Use GPU %s (%s).", ids, device)
    elif ids:
        logger.info(
            "Use CPU. (--gpu=%s is not used: minicaffe runs on the CPU, as PyTorch finds no GPU.)",
            ids,
        )
    else:
        logger.info("Use CPU.")


#: The verbs of the program ``caffe``, and the flags that it takes.
CAFFES_VERBS = ("train", "test", "time", "device_query")

CAFFES_FLAGS = (
    "gpu", "solver", "model", "phase", "level", "stage", "snapshot", "weights", "iterations",
    "sigint_effect", "sighup_effect",
)  # fmt: skip

#: glog's flags without a use here: the log goes to stderr, and into ``--log_dir`` if asked to.
GLOG_SWITCHES = ("logtostderr", "alsologtostderr", "colorlogtostderr", "log_prefix")
GLOG_FLAGS = ("stderrthreshold", "v", "vmodule", "logbufsecs", "logbuflevel", "max_log_size")
_UNUSED = "unused "  # begins the names under which argparse keeps them
_LEVELS = (logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL)


def accept_caffes_flags(parser: argparse.ArgumentParser, verb: str) -> None:
    """Declare them; the verb's own flags are declared afterwards and take precedence.

    ``--help`` does not list them.
    """
    for name in CAFFES_FLAGS if verb in CAFFES_VERBS else ():
        _declare(parser, name, dest=_UNUSED + name)
    for name in GLOG_SWITCHES:
        add_switch(parser, name, argparse.SUPPRESS)
    for name in GLOG_FLAGS:
        _declare(parser, name, *(["-v"] if name == "v" else []))
    parser.add_argument("--log_dir", help=argparse.SUPPRESS)
    parser.add_argument("--minloglevel", type=explained(_level), help=argparse.SUPPRESS)


def _declare(
    parser: argparse.ArgumentParser, name: str, *spellings: str, dest: str | None = None
) -> None:
    parser.add_argument(
        f"--{name}", *spellings, dest=dest, default=argparse.SUPPRESS, help=argparse.SUPPRESS
    )


def _level(text: str) -> int:
    """Python's level for glog's: 0 shows everything, 1 warnings, 2 errors, 3 fatal errors."""
    if text not in ("0", "1", "2", "3"):
        raise ValueError(f"expected 0, 1, 2 or 3, not {text}")
    return _LEVELS[int(text)]


def note_unused(args: argparse.Namespace, verb: str) -> None:
    """Say which flags of Caffe's were given to a verb that has no use for them."""
    for name in vars(args):
        if name.startswith(_UNUSED):
            logger.info("--%s is not used by %s", name.removeprefix(_UNUSED), verb)


def program_name(verb: str) -> str:
    """What Caffe calls the program of a verb, and so its log files."""
    return "caffe" if verb in CAFFES_VERBS else verb
