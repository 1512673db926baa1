"""minicaffe: Caffe's networks in Python. ``import minicaffe as caffe`` offers pycaffe's names."""

__version__ = "0.1.0"
