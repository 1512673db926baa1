#!/usr/bin/env python
"""The same as ``minicaffe bn-stats``; ``python tools/bn_stats.py -h`` explains its flags."""

import sys

from minicaffe.cli import run_verb

if __name__ == "__main__":
    sys.exit(run_verb("bn_stats"))
