"""Files that someone made on purpose: each is an idea, in any size."""

from __future__ import annotations

from tests.fuzz.attacks import hdf5, images, messages, texts  # noqa: F401  (they enter theirs)
from tests.fuzz.attacks.making import ATTACKS, Attack

__all__ = ["ATTACKS", "Attack"]
