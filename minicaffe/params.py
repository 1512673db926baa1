"""Constants for net specifications: ``params.Pooling.MAX``, ``params.Eltwise.SUM``.

Any name is that of the message ``<name>Parameter`` with its enum values; see
:mod:`minicaffe.net_spec`.
"""

from __future__ import annotations


def __getattr__(name: str) -> object:
    from minicaffe import net_spec

    return getattr(net_spec.params, name)
