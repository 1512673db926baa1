#!/usr/bin/env python
"""The same as ``minicaffe fold-bn``; ``python tools/fold_bn.py -h`` explains its flags."""

import sys

from minicaffe.cli import run_verb

if __name__ == "__main__":
    sys.exit(run_verb("fold_bn"))
