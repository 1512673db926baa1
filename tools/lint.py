#!/usr/bin/env python
"""The same as ``minicaffe lint``; ``python tools/lint.py -h`` explains its flags."""

import sys

from minicaffe.cli import run_verb

if __name__ == "__main__":
    sys.exit(run_verb("lint"))
