"""Gradients that a layer does not have, or that are 0 whatever its tops' are."""

from __future__ import annotations

from collections.abc import Sequence

from minicaffe.layer import Blobs, refuse_gradient


def refuse_gradients(propagate_down: Sequence[bool], *what: str) -> None:
    """Refuse to compute the gradients of the first bottoms, which are ``what``.

    Raises:
        GraphError: as :func:`refuse_gradient`.
    """
    for index, name in enumerate(what):
        refuse_gradient(propagate_down, index, name)


def clear_gradients(propagate_down: Sequence[bool], bottom: Blobs) -> None:
    """Make the gradients of bottoms 0 that no top depends on."""
    for blob, wanted in zip(bottom, propagate_down, strict=False):
        if wanted:
            blob.diff[...] = 0
