#!/usr/bin/env python
"""The verb of ``minicaffe`` that this script is named after; ``-h`` explains its flags."""

import sys

from minicaffe.__main__ import tool

if __name__ == "__main__":
    sys.exit(tool(__file__))
