#!/usr/bin/env python3
"""Check that an sdist holds what git has, so that anyone who downloads it can run the tests.

    python tools/check_sdist.py dist/minicaffe-1.0.0.tar.gz

Prints what is missing and what is too much; the exit status is 1 then. Needs git and a checkout.
"""

from __future__ import annotations

import argparse
import subprocess
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

#: Of use only in a checkout.
LEFT_OUT = {".ci/run", ".gitattributes", ".gitignore"}

#: What setuptools writes.
MADE = {"PKG-INFO", "minicaffe.egg-info"}


def packed(sdist: str) -> set[str]:
    """The files of an sdist, without its folder and what setuptools writes."""
    with tarfile.open(sdist) as archive:
        names = [member.name.partition("/")[2] for member in archive if not member.isdir()]
    return {name for name in names if name.partition("/")[0] not in MADE}


def tracked() -> set[str]:
    """The files that git has and that belong into an sdist."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    )
    return set(listed.stdout.split("\0")) - LEFT_OUT - {""}


def main() -> int:
    """Compare, and say what differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("sdist", help="the .tar.gz file")
    found, expected = packed(parser.parse_args().sdist), tracked()
    for name in sorted(expected - found):
        print(f"missing in the sdist: {name}")
    for name in sorted(found - expected):
        print(f"in the sdist, not in git: {name}")
    if found != expected:
        print("mend MANIFEST.in")
        return 1
    print(f"{len(found)} files, as in git")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
