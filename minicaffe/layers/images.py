"""What layers that look at images (N, C, H, W) have in common."""

from __future__ import annotations

from minicaffe.blob import Blob, shape_text
from minicaffe.errors import ShapeError


def require_images(blob: Blob, what: str = "the bottom") -> None:
    """Refuse a blob that is not a batch of images.

    Args:
        blob: any.
        what: what the message calls it.

    Raises:
        ShapeError: it has not four axes.
    """
    if len(blob.shape) != 4:
        raise ShapeError(
            f"{what} has shape {shape_text(blob.shape)}; four axes (N, C, H, W) are expected"
        )
