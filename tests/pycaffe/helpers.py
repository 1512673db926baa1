"""What several tests of pycaffe's interface share."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import minicaffe


@contextmanager
def caffe_installed() -> Iterator[None]:
    """``import caffe`` means minicaffe as long as the block runs."""
    before = set(sys.modules)
    minicaffe.install_as_caffe()
    try:
        yield
    finally:
        for name in set(sys.modules) - before:
            if name.partition(".")[0] == "caffe":
                del sys.modules[name]
