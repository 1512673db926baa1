#!/usr/bin/env python
"""The same as ``minicaffe compute_image_mean``; ``-h`` explains its flags."""

import sys

from minicaffe_command import main

if __name__ == "__main__":
    sys.exit(main("compute_image_mean"))
