"""Transcripts: command lines and Python statements with what they print.

A transcript's lines are

``$ minicaffe lint net.prototxt``
    a command line, run in this process;
``>>> caffe.Net("net.prototxt", caffe.TEST)``
    a Python statement (``...`` continues it);
``# without h5py``
    the modules named cannot be imported;
``# needs PIL``
    the transcript is passed over where a module is missing;

and all others are output. Where a command's status is not 1 it is written below the output.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import re
import shlex
import sys
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

import minicaffe
from minicaffe import cli
from minicaffe.errors import MinicaffeError

#: The beginning of a log line, of which its level is kept.
_STAMP = re.compile(r"^([IWEF])\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ \S+\] ", re.MULTILINE)
_STARTS = ("$ ", ">>> ", "# ")

#: What Pillow says of a picture that it cannot read, which differs between its releases.
_PILLOW = re.compile(r"\((cannot identify image file|image file is truncated)[^()]*\)")


@dataclass
class Transcript:
    """What is to be run, and the words around it.

    Attributes:
        commands: each with all its lines.
        without: modules that cannot be imported.
        needs: modules without which it is passed over.
    """

    commands: list[str] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    needs: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> Transcript:
        """The transcript of a file."""
        found = cls()
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("# without "):
                found.without += line.split()[2:]
            elif line.startswith("# needs "):
                found.needs += line.split()[2:]
            elif line.startswith("... "):
                found.commands[-1] += f"\n{line}"
            elif line.startswith(_STARTS):
                found.commands.append(line)
        return found

    @property
    def missing(self) -> list[str]:
        """The modules that it needs and that are not here."""
        return [name for name in self.needs if importlib.util.find_spec(name) is None]

    def run(self, folder: Path) -> str:
        """The transcript with what is printed now.

        Args:
            folder: the current one meanwhile; nothing in it may change.
        """
        before = _listing(folder)
        blocks = [f"# without {name}\n" for name in self.without]
        blocks += [f"# needs {name}\n" for name in self.needs]
        names: dict[str, object] = {"caffe": minicaffe, "np": np}
        with _surroundings(folder, self.without):
            for command in self.commands:
                printed = command if command.startswith("# ") else _run(command, names)
                blocks.append(printed.rstrip("\n") + "\n")
        after = _listing(folder)
        if changed := sorted(set(before.items()) ^ set(after.items())):
            blocks.append(f"CHANGED: {', '.join(sorted({name for name, _ in changed}))}\n")
        return "".join(blocks).replace(str(folder), "FOLDER")


def _listing(folder: Path) -> dict[str, tuple[int, int]]:
    found = {}
    for path in folder.rglob("*"):
        if path.is_file() and path.name != "lock.mdb":
            status = path.stat()
            found[str(path.relative_to(folder))] = status.st_size, status.st_mtime_ns
    return found


@contextlib.contextmanager
def _surroundings(folder: Path, without: list[str]) -> Iterator[None]:
    """The current folder, an engine that is everywhere, and a log of warnings alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("MINICAFFE_ENGINE", "numpy")
        patch.setenv("GLOG_minloglevel", "1")
        patch.setenv("COLUMNS", "80")
        patch.setenv("HOME", "/home/user")
        patch.delenv("GLOG_log_dir", raising=False)
        patch.syspath_prepend(folder)
        before = set(sys.modules)
        for name in without:
            patch.setitem(sys.modules, name, None)  # type: ignore[arg-type]
        yield
        for name in set(sys.modules) - before:  # Python layers of other areas have their names
            if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
                del sys.modules[name]


def _run(command: str, names: dict[str, object]) -> str:
    """A command and its output, as it is written into the transcript."""
    printed = io.StringIO()
    with (
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
        warnings.catch_warnings(record=True) as warned,
    ):
        warnings.simplefilter("always")
        if command.startswith("$ "):
            status = cli.main(shlex.split(command)[2:])
            end = "" if status == 1 else f"(status {status})\n"
        else:
            end = _python(command, names)
    told = "".join(f"warning: {one.message}\n" for one in warned)
    output = _PILLOW.sub("(PILLOW'S REASON)", _STAMP.sub(r"\1] ", printed.getvalue()))
    if output and not output.endswith("\n"):
        output += "\n"
    return f"{command}\n{told}{output}{end}"


def _python(command: str, names: dict[str, object]) -> str:
    """Run a statement; the last line of its trace."""
    code = re.sub(r"^(>>>|\.\.\.) ?", "", command, flags=re.MULTILINE)
    try:
        exec(code, names)
    except MinicaffeError as error:
        return _PILLOW.sub("(PILLOW'S REASON)", f"{type(error).__name__}: {error}\n")
    except AttributeError as error:  # Python's own for a name that there is not
        return f"AttributeError: {error}\n"
    except Exception as error:
        return f"NOT OURS {traceback.format_exception_only(error)[-1]}"
    return ""
