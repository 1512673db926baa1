"""Find what is wrong with a net or a solver, or is allowed and hardly meant.

    minicaffe lint models/lenet_bn/solver.prototxt
    minicaffe lint train_val.prototxt deploy.prototxt --ignore=BN002,BN007
    minicaffe lint train_val.prototxt --fix
    minicaffe lint deploy.prototxt --target=ncnn

A solver's nets are examined with it, in every phase. Nothing is built: no data is opened (but with
--data), no Python layer runs. The sizes of images that a database alone has are those of crop_size,
of another state's Input layer or of --shape; else what depends on them is not looked at.
`minicaffe explain CODE` says more of a finding. The exit status is 1
when there are errors or warnings.
"""

from __future__ import annotations

import argparse
import codecs
import logging
import sys
from typing import TYPE_CHECKING

from minicaffe.cli._flags import add_flags
from minicaffe.cli._report import takes_colour
from minicaffe.cli.summarize import add_shape
from minicaffe.errors import MinicaffeError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from minicaffe.convert.targets import Target
    from minicaffe.lint import Diagnostic, LintOptions

_FORMATS = ("full", "concise", "json", "github", "sarif")
_ROUNDS = 10  # of fixes, each of which may make place for another


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's flags."""
    parser.add_argument("files", metavar="FILE", nargs="+", help="a net's or a solver's prototxt")
    for name, what in (("--select", "the only findings to look for"), ("--ignore", "to pass over")):
        parser.add_argument(
            name, metavar="CODES", type=_codes, action="extend", default=[],
            help=f"{what}, by their codes or how these begin, separated by commas",
        )  # fmt: skip
    parser.add_argument(
        "--output_format", choices=_FORMATS, default="full", help="how findings are printed"
    )
    parser.add_argument("--notes", action="store_true", help="show what is of little weight, too")
    parser.add_argument("--weights", metavar="FILE", help="examine a .caffemodel with the net")
    parser.add_argument(
        "--data", action="store_true",
        help="open the data sets, and look at their first 2000 records",
    )  # fmt: skip
    add_shape(parser)
    parser.add_argument(
        "--target", metavar="NAME|FILE.yaml",
        help="say as well what a tool would refuse (docs/targets lists the tools)",
    )  # fmt: skip
    parser.add_argument(
        "--fix", action="store_true", help="mend what can be mended with the same results"
    )
    parser.add_argument(
        "--unsafe_fixes", action="store_true", help="mend as well what changes results"
    )
    add_flags(parser, "skip_unknown")


def run(args: argparse.Namespace) -> int:
    """Print the findings, each once however many of the files lead to it."""
    from minicaffe.lint import LintOptions
    from minicaffe.lint.diagnostic import unique
    from minicaffe.lint.stored import StoredWeights

    args.log.addFilter(_once())  # a net is read for each phase, and again after each fix
    weights = StoredWeights.read(args.weights) if args.weights else None
    options = LintOptions(
        weights, args.data, dict(args.shape), bool(args.skip_unknown), _target(args.target)
    )
    if args.fix or args.unsafe_fixes:
        for path in args.files:
            _mend(path, options, args)
    found = unique(d for path in args.files for d in _wanted(path, options, args))
    text = _printer(args.output_format)(found)
    if text:
        print(text)
    return 1 if any(d.severity.value != "note" for d in found) else 0


def _once() -> Callable[[logging.LogRecord], bool]:
    """A filter of log lines that lets each text pass once."""
    seen: set[str] = set()

    def is_new(record: logging.LogRecord) -> bool:
        text = record.getMessage()
        return not (text in seen or seen.add(text))  # type: ignore[func-returns-value]

    return is_new


def _target(name: str | None) -> Target | None:
    from minicaffe.convert.targets import load_target

    return load_target(name) if name else None


def _wanted(path: str, options: LintOptions, args: argparse.Namespace) -> list[Diagnostic]:
    """The findings about a file that were asked for."""
    from minicaffe.lint import Severity, lint_file

    select, ignore = tuple(args.select), tuple(args.ignore)
    return [
        found
        for found in lint_file(path, options)
        if not (ignore and found.code.startswith(ignore))
        and (found.code.startswith(select) if select else True)
        and (found.severity is not Severity.NOTE or args.notes or select)
    ]


def _mend(path: str, options: LintOptions, args: argparse.Namespace) -> None:
    """Make the fixes of a file and of the nets that it names, until there are none left."""
    for _ in range(_ROUNDS):
        found = _wanted(path, options, args)
        files = dict.fromkeys(d.fix.path for d in found if d.fix is not None)
        if not sum([_mend_file(name, found, bool(args.unsafe_fixes)) for name in files]):
            return


def _mend_file(path: str, found: Sequence[Diagnostic], unsafe: bool) -> int:
    """Make the fixes of one file; how many were made. A file that would not be read is kept."""
    from minicaffe.files import write_beside
    from minicaffe.lint.edits import apply

    with open(path, "rb") as file:
        data = file.read()
    mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    text = data[len(mark) :].decode("utf-8", "surrogateescape")
    end = "\r\n" if "\r\n" in text else "\n"
    text = text.replace("\r\n", "\n")  # offsets are those of lines that end as in Python
    mended, count = apply(text, [d for d in found if d.fix and d.fix.path == path], unsafe=unsafe)
    if not count or not _is_readable(mended, path):
        return 0
    with write_beside(path) as beside:
        beside.write_bytes(mark + mended.replace("\n", end).encode("utf-8", "surrogateescape"))
    print(f"{path}: {count} mended", file=sys.stderr)
    return count


def _is_readable(text: str, path: str) -> bool:
    """Whether a text is a net's or a solver's."""
    from minicaffe.proto import caffe_pb2
    from minicaffe.proto.text_format import parse

    for message in (caffe_pb2.NetParameter(), caffe_pb2.SolverParameter()):
        try:
            parse(text, message, path)
        except MinicaffeError:
            continue
        return True
    return False


def _printer(name: str) -> Callable[[Sequence[Diagnostic]], str]:
    from minicaffe.lint.render import FORMATS, full

    if name == "full" and takes_colour(sys.stdout):
        return lambda found: full(found, colour=True)
    return FORMATS[name]


def _codes(text: str) -> list[str]:
    from minicaffe.lint import codes

    wanted = [word.strip().upper() for word in text.split(",")]
    for word in wanted:
        if not word or not any(code.startswith(word) for code in codes()):
            hint = did_you_mean(word, codes()) or "; `minicaffe explain` lists all"
            raise argparse.ArgumentTypeError(f"unknown code '{word}'{hint}")
    return wanted
