#!/usr/bin/env python
"""The same as ``minicaffe convert_mnist_data``; ``-h`` explains its flags."""

import sys

from minicaffe_command import main

if __name__ == "__main__":
    sys.exit(main("convert_mnist_data"))
