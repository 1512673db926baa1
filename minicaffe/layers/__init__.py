"""The built-in layers, one file a type, which is imported when a net first has that type.

``layers.Convolution(bottom, kernel_size=3)`` also works, for any layer type: it makes a layer
of a net specification (see :mod:`minicaffe.net_spec`), as ``caffe.layers`` does.
"""

from __future__ import annotations


def __getattr__(name: str) -> object:
    from minicaffe import net_spec  # needs this package

    return getattr(net_spec.layers, name)
