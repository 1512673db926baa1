#!/usr/bin/env python
"""The same as ``minicaffe train``; ``python tools/train.py -h`` explains its flags."""

import sys

from minicaffe_command import main

if __name__ == "__main__":
    sys.exit(main("train"))
