#!/usr/bin/env python
"""The same as ``minicaffe convert_imageset``; ``-h`` explains its flags."""

import sys

from minicaffe_command import main

if __name__ == "__main__":
    sys.exit(main("convert_imageset"))
