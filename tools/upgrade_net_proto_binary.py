#!/usr/bin/env python
"""The same as ``minicaffe upgrade_net_proto_binary``; ``-h`` explains its flags."""

import sys

from minicaffe_command import main

if __name__ == "__main__":
    sys.exit(main("upgrade_net_proto_binary"))
