#!/usr/bin/env python
"""The same as ``minicaffe draw_net``; ``-h`` explains its flags."""

import sys

from minicaffe_command import main

if __name__ == "__main__":
    sys.exit(main("draw_net"))
