"""Images and packed arrays."""

from __future__ import annotations

import gzip
import io
import struct
import zlib

from minicaffe.proto import caffe_pb2
from tests.fuzz.attacks.making import attack, repeated

_GREY, _COLOUR = 0, 2  # in a PNG's header


def png(width: int, height: int, packed: bytes, extra: bytes = b"", colours: int = _GREY) -> bytes:
    """A PNG that says what it likes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, 8, colours, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + extra + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


@attack("image")
def png_bomb(size: int) -> bytes:
    """Black pixels, a thousand in a byte."""
    side = max(10, int((900 * size) ** 0.5))
    return png(side, side, zlib.compress(bytes((side + 1) * side), 9))


@attack("image")
def png_lie(size: int) -> bytes:
    """2^62 pixels, says the header."""
    return png(2**31 - 1, 2**31 - 1, zlib.compress(b"\0" * size))


@attack("image")
def png_large_lie(size: int) -> bytes:
    """As many pixels as Pillow takes without a word."""
    return png(9000, 9000, zlib.compress(b"\0" * 100))


@attack("image")
def png_column(size: int) -> bytes:
    """Black pixels, all in one column."""
    height = 2**24
    return png(1, height, zlib.compress(bytes(2 * height), 9))


@attack("image")
def png_colours(size: int) -> bytes:
    """As many pixels as a small file may have, in colour."""
    side = 2**12
    return png(side, side, zlib.compress(bytes((3 * side + 1) * side), 9), colours=_COLOUR)


@attack("datum")
def datum_colours(size: int) -> bytes:
    """The same in a datum."""
    return caffe_pb2.Datum(data=png_colours(size), encoded=True).SerializeToString()


@attack("image")
def png_text_bomb(size: int) -> bytes:
    """A compressed comment."""
    content = b"a\0\0" + zlib.compress(bytes(min(1000 * size, 2**26)), 9)
    check = zlib.crc32(b"zTXt" + content)
    extra = struct.pack(">I", len(content)) + b"zTXt" + content + struct.pack(">I", check)
    return png(1, 1, zlib.compress(b"\0\0"), extra)


@attack("image")
def jpeg_bomb(size: int) -> bytes:
    """Grey pixels, as large as JPEG allows, and cut short."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("L", (64, 64)).save(buffer, "JPEG")
    raw = bytearray(buffer.getvalue())
    at = raw.index(b"\xff\xc0") + 5
    raw[at : at + 4] = struct.pack(">HH", 65500, 65500)
    return bytes(raw)


@attack("image")
def gif_bomb(size: int) -> bytes:
    """A GIF of 65535 × 65535 in a few bytes."""
    head = b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0, 0, 0)
    return head + b"," + struct.pack("<HHHHB", 0, 0, 65535, 65535, 0) + b"\x02\x02\x4c\x01\x00;"


@attack("image")
def postscript(size: int) -> bytes:
    """A program, which an interpreter would run."""
    return b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n" + repeated(
        "x ", size
    )


@attack("idx")
def gzip_bomb(size: int) -> bytes:
    """Zeros, a thousand in a byte."""
    return gzip.compress(bytes([0, 0, 8, 1]) + bytes(min(1000 * size, 2**27)), 9)


@attack("idx")
def idx_overflow(size: int) -> bytes:
    """Four axes whose product is 2^64."""
    return bytes([0, 0, 8, 4]) + b"\0\1\0\0" * 4
