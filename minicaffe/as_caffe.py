"""``import caffe`` for programs that cannot be edited::

    python -m minicaffe.as_caffe script.py arguments
    python -m minicaffe.as_caffe -m module arguments

runs a program for which ``caffe`` is minicaffe, with ``caffe.io``, ``caffe.proto.caffe_pb2``
and the rest. A program that can be edited says ``import minicaffe as caffe``, or
``minicaffe.install_as_caffe()`` before it imports others that say ``import caffe``.
"""

from __future__ import annotations

import importlib
import os
import runpy
import sys

from minicaffe.errors import MinicaffeError

USAGE = "usage: python -m minicaffe.as_caffe (SCRIPT | -m MODULE) [ARGUMENT ...]"

#: What pycaffe consists of, and where it is here.
_MODULES = {
    f"caffe.{name}": f"minicaffe.{name}"
    for name in (
        "_caffe", "classifier", "coord_map", "detector", "draw", "io", "layers", "net_spec",
        "params", "proto", "proto.caffe_pb2", "pycaffe",
    )
}  # fmt: skip


def install() -> None:
    """Make ``import caffe`` mean minicaffe from now on, in this process.

    Raises:
        MinicaffeError: another package has been imported as ``caffe`` before.
    """
    ours = importlib.import_module("minicaffe")
    found = sys.modules.setdefault("caffe", ours)
    if found is not ours:
        where = getattr(found, "__file__", None) or "another package"
        raise MinicaffeError(
            f"caffe is already imported from {where}; call minicaffe.install_as_caffe() before "
            "anything imports caffe"
        )
    for name in ours.__all__:
        getattr(ours, name)  # loads its module, for the loop below
    importlib.import_module("minicaffe.layer").layer_types()  # loads those of the layers
    for name, target in _MODULES.items():
        sys.modules[name] = importlib.import_module(target)
    # What minicaffe has loaded besides, so that Python never loads it again under this name.
    for name, module in list(sys.modules.items()):
        if name.startswith("minicaffe."):
            sys.modules.setdefault("caffe" + name[len("minicaffe") :], module)


def main(arguments: list[str] | None = None) -> int:
    """Run a program with minicaffe as its ``caffe``; returns the exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] in (["-h"], ["--help"]):
        print(f"{USAGE}\n\n{__doc__}")
        return 0
    as_module = given[:1] == ["-m"]
    program = given[1:] if as_module else given
    if not program or program[0].startswith("-"):
        print(USAGE, file=sys.stderr)
        return 2
    if not as_module and not os.path.exists(program[0]):
        print(f"{program[0]}: there is no such script", file=sys.stderr)
        return 2
    install()
    sys.argv = program
    # Python searches the script's own folder first, or for -m the current one.
    sys.path[0] = "" if as_module else os.path.dirname(os.path.abspath(program[0]))
    if as_module:
        runpy.run_module(program[0], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(program[0], run_name="__main__")
    return 0


if __name__ == "__main__":
    sys.exit(main())
