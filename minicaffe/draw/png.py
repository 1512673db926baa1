"""Arrays as PNG pictures, without an imaging package: what pages show inside themselves."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np


def png(pixels: np.ndarray) -> bytes:
    """A picture as the content of a PNG file.

    Args:
        pixels: uint8, (height, width, 3), in the order red, green, blue.
    """
    height, width, _ = pixels.shape
    rows = np.zeros((height, 1 + 3 * width), np.uint8)  # each begins with its filter: none
    rows[:, 1:] = pixels.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [
            _chunk(b"IHDR", header),
            _chunk(b"IDAT", zlib.compress(rows.tobytes(), 9)),
            _chunk(b"IEND"),
        ]
    )


def _chunk(kind: bytes, content: bytes = b"") -> bytes:
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def data_uri(pixels: np.ndarray) -> str:
    """A picture as an address that holds it: ``data:image/png;base64,…``.

    Args:
        pixels: as :func:`png` takes them.
    """
    return "data:image/png;base64," + base64.b64encode(png(pixels)).decode("ascii")
