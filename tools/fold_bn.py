#!/usr/bin/env python
"""The same as ``minicaffe fold-bn``; ``python tools/fold_bn.py -h`` explains its flags."""

import sys

from minicaffe_command import main

if __name__ == "__main__":
    sys.exit(main("fold_bn"))
