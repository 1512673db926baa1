#!/usr/bin/env python
"""The same as ``minicaffe time``; ``python tools/time.py -h`` explains its flags."""

import sys

from minicaffe_command import main

if __name__ == "__main__":
    sys.exit(main("time"))
