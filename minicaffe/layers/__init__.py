"""The built-in layers, one file a type; importing this registers them all.

``layers.Convolution(bottom, kernel_size=3)`` also works, for any layer type: it makes a layer
of a net specification (see :mod:`minicaffe.net_spec`), as ``caffe.layers`` does.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

for _module in pkgutil.walk_packages(__path__, f"{__name__}."):
    importlib.import_module(_module.name)


def __getattr__(name: str) -> Any:
    from minicaffe import net_spec  # needs this package

    return getattr(net_spec.layers, name)
