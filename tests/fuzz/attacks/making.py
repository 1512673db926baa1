"""What attacks are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from minicaffe.proto.wire import BYTES, write_varint


@dataclass(frozen=True)
class Attack:
    """An idea.

    Attributes:
        reader: whose file it is, a name of ``READERS``.
        make: the file of about this many bytes.
    """

    reader: str
    make: Callable[[int], bytes]


ATTACKS: dict[str, Attack] = {}
_Maker = Callable[[int], bytes]


def attack(*readers: str) -> Callable[[_Maker], _Maker]:
    """Enters a function as an idea against these readers."""

    def enter(make: _Maker) -> _Maker:
        for reader in readers:
            ATTACKS[f"{reader}/{make.__name__}"] = Attack(reader, make)
        return make

    return enter


def repeated(piece: str | bytes, size: int) -> bytes:
    """The piece again and again, this many bytes in all."""
    raw = piece.encode() if isinstance(piece, str) else piece
    return raw * max(1, size // len(raw))


def field(number: int, payload: bytes) -> bytes:
    """A field of bytes on the wire."""
    return write_varint(number << 3 | BYTES) + write_varint(len(payload)) + payload
