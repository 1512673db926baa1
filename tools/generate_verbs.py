"""Write the reference of the command line, ``docs/verbs/``: a page for each verb, and an index.

    python tools/generate_verbs.py [--check]

A page is what ``minicaffe VERB --help`` prints: the verb's docstring, and a table of its flags.
``tests/docs`` compares.
"""

from __future__ import annotations

import argparse
import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from minicaffe import cli
from tools.generated_pages import ROOT, main

PAGES = ROOT / "docs" / "verbs"
_INDEX = """# Verbs

What the command `minicaffe` does, verb by verb; [tools.md](../tools.md) shows them at work. The
pages are made of what `minicaffe VERB --help` prints by `python tools/generate_verbs.py`.

Flags are written `--name=value` or `--name value`, with `-` or `_` between their words, and with
one dash as well, as Caffe's tools take them. Every verb also takes `--help`, `--minloglevel`,
`--log_dir` and `--traceback`.
"""
_EVERYWHERE = {"help", "minloglevel", "log_dir", "traceback"}


def pages() -> dict[Path, str]:
    """What the files in ``docs/verbs`` should hold."""
    found = {verb: importlib.import_module(f"minicaffe.cli.{verb}") for verb in cli.verbs()}
    made = {
        PAGES / f"{verb}.md": page(cli.verb_parser(verb, module)) for verb, module in found.items()
    }
    lines = [
        f"- [{verb}]({verb}.md): {_code((module.__doc__ or '').partition(chr(10))[0])}"
        for verb, module in found.items()
    ]
    made[PAGES / "README.md"] = _INDEX + "\n" + "\n".join(lines) + "\n"
    return made


def page(parser: argparse.ArgumentParser) -> str:
    """The page of the verb that a parser is for."""
    parts = [f"# {parser.prog}", _prose(parser.description or "")]
    shown = [
        action
        for action in parser._actions  # argparse has no other way to list them
        if action.help != argparse.SUPPRESS and action.dest not in _EVERYWHERE
    ]
    words = [action for action in shown if not action.option_strings]
    flags = [action for action in shown if action.option_strings]
    for title, actions in (("Arguments", words), ("Flags", flags)):
        if actions:
            parts.append(f"## {title}\n\n" + "\n".join(_table(parser, actions)))
    return "\n\n".join(parts) + "\n"


def _table(parser: argparse.ArgumentParser, actions: list[argparse.Action]) -> Iterator[str]:
    yield "| name | default | meaning |"
    yield "| --- | --- | --- |"
    for action in actions:
        yield f"| {_name(action)} | {_default(action)} | {_meaning(parser, action)} |"


def _name(action: argparse.Action) -> str:
    """A flag with what it takes."""
    value = action.metavar or (action.dest.upper() if action.nargs != 0 else "")
    words = [value] if isinstance(value, str) else list(value)
    if action.choices is not None and action.metavar is None:
        words = ["|".join(map(str, action.choices))]
    shown = " ".join(filter(None, words))
    if not action.option_strings:
        return f"`{shown}`" + {"?": " (may be left out)", "*": " (any number)", "+": "…"}.get(
            str(action.nargs), ""
        )
    more = "" if action.nargs == 0 else f"={shown}"
    return ", ".join(f"`{text}{more}`".replace("|", r"\|") for text in action.option_strings)


def _default(action: argparse.Action) -> str:
    """What a flag is if it is not given; nothing where that goes without saying."""
    default = action.default
    if default in (None, False, argparse.SUPPRESS) or default == [] or action.required:
        return "required" if action.required and action.option_strings else ""
    return f"`{default}`"


def _meaning(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    values = {**vars(action), "prog": parser.prog}
    return _code((action.help or "") % values).replace("|", r"\|")


def _code(text: str) -> str:
    return " ".join(text.split()).replace("``", "`")


def _prose(text: str) -> str:
    """A docstring as Markdown: its code in single backquotes, and no line begun as a list's."""
    return re.sub(r":\w+:`~?([^`]*)`", r"`\1`", text.strip()).replace("``", "`")


if __name__ == "__main__":
    sys.exit(main(PAGES, pages, __doc__))
