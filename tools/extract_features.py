#!/usr/bin/env python
"""The same as ``minicaffe extract_features``; ``-h`` explains its flags."""

import sys

from minicaffe_command import main

if __name__ == "__main__":
    sys.exit(main("extract_features"))
