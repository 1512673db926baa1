#!/usr/bin/env python
"""The same as ``minicaffe plot_training_log``; ``-h`` explains its flags."""

import sys

from minicaffe_command import main

if __name__ == "__main__":
    sys.exit(main("plot_training_log"))
