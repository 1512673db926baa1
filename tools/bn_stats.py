#!/usr/bin/env python
"""The same as ``minicaffe bn-stats``; ``python tools/bn_stats.py -h`` explains its flags."""

import sys

from minicaffe_command import main

if __name__ == "__main__":
    sys.exit(main("bn_stats"))
