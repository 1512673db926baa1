#!/usr/bin/env python
"""The same as ``minicaffe parse_log``; ``-h`` explains its flags."""

import sys

from minicaffe_command import main

if __name__ == "__main__":
    sys.exit(main("parse_log"))
