"""The command line: ``minicaffe VERB --flag=value``, with Caffe's verbs and flags.

Every module in this package whose name does not begin with an underscore is a verb. It has
a docstring whose first line says what the verb does, and

``add_arguments(parser)``
    declare its flags (see :mod:`minicaffe.cli._flags` for those that verbs share);
``run(args) -> int | None``
    do it; returns the exit status; None means 0.

What a verb works with (numpy, protobuf, nets) it imports in the functions that need it, so that its
``--help`` takes no time and needs no package.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import importlib.util
import os
import pkgutil
import signal
import sys
from collections.abc import Sequence
from types import ModuleType

import minicaffe
from minicaffe.cli._fault import STATUS, outside_error, report_fault
from minicaffe.cli._flags import accept_caffes_flags, double_dashes, note_unused, program_name
from minicaffe.cli._parser import Parser
from minicaffe.cli._report import report
from minicaffe.errors import LayerFault, MinicaffeError, did_you_mean
from minicaffe.errors.mistakes import UsageError
from minicaffe.glog import log_file, log_to

_INTERRUPTED = 128 + signal.SIGINT


def verbs() -> list[str]:
    """The names of all verbs."""
    modules = pkgutil.iter_modules(__path__)
    return sorted(module.name for module in modules if not module.name.startswith("_"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: what comes after the program's name; those of the process by default.

    Returns:
        The exit status: 0, 1 after an error in what the verb was given, 2 for bad usage,
        70 after a fault of minicaffe's own, 130 when interrupted.
    """
    words = double_dashes(sys.argv[1:] if arguments is None else arguments)
    try:
        return _run(words)
    except SystemExit as leaving:  # argparse, after printing help or usage
        return leaving.code if isinstance(leaving.code, int) else 2
    except KeyboardInterrupt:  # before there was a verb that could have said so
        return _INTERRUPTED
    except UsageError as error:
        report(error)
        return error.exit_code
    except Exception as error:  # anything but our own errors
        if outside := outside_error(error):
            report(outside)
            return outside.exit_code
        report_fault(error, words)
        return STATUS


def _run(words: Sequence[str]) -> int:
    if "--version" in words:
        print(f"minicaffe {minicaffe.__version__}")
        return 0
    if words[:1] == ["help"]:
        words = [*words[1:], "--help"]
    # Only the module of the verb that is asked for is imported: the others may be slow.
    typed = _typed_verb(words)
    if typed is None or _module_name(typed) not in verbs():
        return _overview(words, typed)
    verb = _module_name(typed)
    module = importlib.import_module(f"{__name__}.{verb}")
    parser = verb_parser(verb, module)
    position = list(words).index(typed)
    args = parser.parse_args([*words[:position], *words[position + 1 :]])
    args.usage_error = parser.error
    args.words = words
    return _guarded(verb, module, args)


def _module_name(typed: str) -> str:
    return typed.replace("-", "_")  # bn-stats is bn_stats


def _typed_verb(words: Sequence[str]) -> str | None:
    """The word that is to be the verb; as in Caffe, flags and their values may come first."""
    unflagged = [word for word in words if not word.startswith("-")]
    if unflagged and words[0] != unflagged[0]:
        known = verbs()
        return next((word for word in unflagged if _module_name(word) in known), unflagged[0])
    return unflagged[0] if unflagged else None


def _overview(words: Sequence[str], verb: str | None) -> int:
    """Answer a command line that has no verb, or an unknown one."""
    parser = Parser(
        prog="minicaffe",
        description="Train, score and inspect networks written in Caffe's prototxt.",
        epilog="minicaffe VERB --help explains a verb and its flags.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    choices = parser.add_subparsers(title="verbs", metavar="VERB")
    for name in verbs():
        choices.add_parser(name, help=_summary(name))
    if verb is not None and verb.endswith((".prototxt", ".caffemodel")):
        parser.error(f"a verb is missing before '{verb}'; write one, as in `minicaffe lint {verb}`")
    if verb is not None:
        parser.error(f"unknown verb '{verb}'{did_you_mean(verb, verbs())}")
    if {"-h", "--help"}.isdisjoint(words):
        parser.error("a verb is missing")
    parser.parse_args(words)
    return 0


def verb_parser(verb: str, module: ModuleType) -> Parser:
    """What reads a verb's flags, and prints its help.

    Args:
        verb: its name.
        module: the verb, a module of this package.
    """
    parser = Parser(
        prog=f"minicaffe {verb}",
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        conflict_handler="resolve",  # for those flags of Caffe's that the verb has a use for
    )
    parser.intermixed = True
    accept_caffes_flags(parser, verb)
    parser.add_argument(
        "--traceback",
        action="store_true",
        help="where minicaffe itself is at fault, show the trace instead of writing it to a file",
    )
    module.add_arguments(parser)
    return parser


def _summary(verb: str) -> str:
    return _docstring(verb).split("\n", 1)[0].rstrip(".")


def _docstring(verb: str) -> str:
    """A verb's docstring, read from its source: importing all verbs takes long, and some need
    packages that may not be there."""
    name = f"{__name__}.{verb}"
    spec = importlib.util.find_spec(name)
    source = getattr(spec and spec.loader, "get_source", lambda name: None)(name)
    if source is None:  # only compiled files are here
        return importlib.import_module(name).__doc__ or ""
    return ast.get_docstring(ast.parse(source), clean=False) or ""


def _logged(verb: str, module: ModuleType, args: argparse.Namespace) -> int:
    """Run a verb; with ``--log_dir`` its log goes into a file, too."""
    with log_file(args.log_dir, program_name(verb), args.minloglevel):
        note_unused(args, verb)
        status = module.run(args) or 0
        sys.stdout.flush()  # while what it raises can still be reported
        return status


def _guarded(verb: str, module: ModuleType, args: argparse.Namespace) -> int:
    """Run a verb and turn the user's mistakes into a line on stderr and an exit status."""
    with log_to(level=args.minloglevel) as handler:
        args.log = handler
        try:
            return _logged(verb, module, args)
        except LayerFault:
            handler.show("")
            raise
        except MinicaffeError as error:
            handler.show("")
            report(error)
            return error.exit_code
        except KeyboardInterrupt:
            handler.show("")
            print("interrupted", file=sys.stderr)
            return _INTERRUPTED
        except BrokenPipeError:  # the reader of our output has gone, as `| head` does
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115  (flushed at exit)
            return 128 + 13
        except Exception:
            handler.show("")
            raise
