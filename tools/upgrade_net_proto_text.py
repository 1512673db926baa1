#!/usr/bin/env python
"""The same as ``minicaffe upgrade_net_proto_text``; ``-h`` explains its flags."""

import sys

from minicaffe.cli import run_verb

if __name__ == "__main__":
    sys.exit(run_verb("upgrade_net_proto_text"))
