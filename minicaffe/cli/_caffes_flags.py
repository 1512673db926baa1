"""Flags of Caffe's programs that verbs accept besides their own, so that its scripts run.

``caffe`` takes all its flags with every verb and leaves alone what the verb does not need; and
with every program come the flags of its logging library, glog.
"""

from __future__ import annotations

import argparse
import logging
from typing import Any

from minicaffe.cli._flags import add_switch, explained

logger = logging.getLogger("minicaffe")

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


def _declare(parser: argparse.ArgumentParser, name: str, *spellings: str, **options: Any) -> None:
    parser.add_argument(
        f"--{name}", *spellings, default=argparse.SUPPRESS, help=argparse.SUPPRESS, **options
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
