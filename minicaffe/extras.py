"""Optional packages, imported only where something needs them."""

from __future__ import annotations

import importlib
from types import ModuleType

from minicaffe.errors import MissingExtraError

#: Packages whose name on PyPI is not the module's.
_PACKAGES = {"PIL": "Pillow", "plyvel_next": "plyvel-next"}


def require(module: str, *, extra: str, purpose: str) -> ModuleType:
    """Import an optional module.

    Args:
        module: what to import, such as ``"lmdb"`` or ``"PIL.Image"``.
        extra: the minicaffe extra that brings its package.
        purpose: what it is needed for, as in "writing LMDB databases".

    Raises:
        MissingExtraError: it is not installed, or is and cannot be loaded (then with the
            reason as its cause); says what to install and why.
    """
    try:
        return importlib.import_module(module)
    except ImportError as reason:
        top = module.partition(".")[0]
        raise MissingExtraError(_PACKAGES.get(top, top), extra, purpose) from reason
