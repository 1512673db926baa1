"""Damages files at random; the same generator gives the same damage."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

#: Numbers at which programs go wrong, as they are in texts and in binary files.
NUMBERS = (0, 1, -1, -2, 2, 3, 7, 64, 127, 128, 255, 256, 32767, 65535, 65536, 2**31 - 1, 2**31)
NUMBERS += (2**32 - 1, 2**32, 2**33 + 1, 2**62, 2**63 - 1, 2**63, 2**64 - 1, -(2**31), -(2**63))
WORDS = """{ } < > [ ] : , ; - . / # " ' \\ \n \0 \x1a nan inf -inf 1e400 1e-400 0x1F 07 true TRAIN
layer{ layer layers input_dim: dim: shape{ name: top: bottom: type: param{ blobs{ data: & * !!int
!!python/object: << ~ | > - \t \r \u2028 \x85 \ufeff é \udcff ../../x /dev/null"""
_NUMBER = re.compile(rb"-?[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?")
_WORD = re.compile(rb"[A-Za-z_][A-Za-z_0-9]*")


def mutate(
    data: bytes, others: Sequence[bytes], random: Random, *, text: bool, most: int = 30
) -> bytes:
    """A damaged copy.

    Args:
        data: the file.
        others: files of the same kind, from which pieces may come.
        text: whether words and numbers are exchanged too, not bytes alone.
        most: changes.
    """
    kinds = _OF_TEXTS if text else _OF_BYTES
    for _ in range(min(most, random.choice((1, 1, 1, 1, 1, 1, 2, 2, 3, 5, 10, 30)))):
        data = random.choice(kinds)(data, others, random)
    return data


def _place(data: bytes, random: Random) -> tuple[int, int]:
    """A piece, mostly short."""
    start = random.randrange(len(data) + 1)
    size = random.choice((1, 1, 2, 4, 8, 16, 64, 256))
    return start, min(len(data), start + size)


def _number(random: Random) -> int:
    return random.choice(NUMBERS) if random.random() < 0.8 else random.randrange(-(2**66), 2**66)


def nudge(data: bytes, random: Random) -> bytes:
    """A copy in which one number is another small one, so that much of it stays valid."""
    return _exchange(_NUMBER, data, random, str(random.choice((0, 1, 1, 2, 2, 3, 4, 5))).encode())


# ------------------------------------------------------------------------ bytes


def _flip(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    if not data:
        return b"\0"
    at = random.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]


def _cut(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    start, end = _place(data, random)
    return data[:start] + (data[end:] if random.random() < 0.8 else b"")


def _overwrite(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    start, end = _place(data, random)
    return data[:start] + random.randbytes(end - start) + data[end:]


def _insert(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    start, end = _place(data, random)
    piece = random.choice((b"\0", b"\xff", random.randbytes(4), data[start:end]))
    return data[:start] + piece * random.choice((1, 1, 2, 8, 64)) + data[start:]


def _integer(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """A number of 1, 2, 4 or 8 bytes, in either order, or a varint."""
    start, _ = _place(data, random)
    size = random.choice((1, 2, 4, 8))
    number = _number(random) % 2 ** (8 * size)
    piece = number.to_bytes(size, random.choice(("little", "big")))
    if random.random() < 0.3:
        piece, number = b"", _number(random) % 2**64
        while number > 127:
            piece, number = piece + bytes([number & 127 | 128]), number >> 7
        piece += bytes([number])
    return data[:start] + piece + data[start + len(piece) :]


def _splice(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    other = random.choice(others)
    start, end = sorted(random.randrange(len(other) + 1) for _ in range(2))
    at = random.randrange(len(data) + 1)
    return data[:at] + other[start : min(end, start + 4096)] + data[at:]


def _swap(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    cuts = sorted(random.randrange(len(data) + 1) for _ in range(3))
    a, b, c = cuts
    return data[:a] + data[b:c] + data[a:b] + data[c:]


_Mutator = Callable[[bytes, Sequence[bytes], Random], bytes]
_OF_BYTES: tuple[_Mutator, ...] = (_flip, _cut, _overwrite, _insert, _integer, _splice, _swap)


# ------------------------------------------------------------------------ texts


def _exchange(pattern: re.Pattern[bytes], data: bytes, random: Random, new: bytes) -> bytes:
    found = list(pattern.finditer(data))
    if not found:
        return data + new
    match = random.choice(found)
    return data[: match.start()] + new + data[match.end() :]


def _other_number(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    number = _number(random)
    text = str(number) if random.random() < 0.9 else random.choice(("nan", "-inf", "1e400", "0.5"))
    return _exchange(_NUMBER, data, random, text.encode())


def _other_word(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    words = _WORD.findall(random.choice(others)) or [b""]
    return _exchange(_WORD, data, random, random.choice(words))


def _insert_word(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    word = random.choice(WORDS.split(" ")).encode("utf-8", "surrogateescape")
    at = random.randrange(len(data) + 1)
    return data[:at] + word + data[at:]


def _lines(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """A line goes, comes twice, or comes from another file."""
    lines = data.splitlines(keepends=True) or [b"\n"]
    at = random.randrange(len(lines))
    other = random.choice(others).splitlines(keepends=True) or [b"\n"]
    lines[at : at + 1] = random.choice(
        ([], [lines[at]] * 2, [lines[at], random.choice(other)], [random.choice(lines)])
    )
    return b"".join(lines)


_OF_TEXTS: tuple[_Mutator, ...] = (
    _other_number, _other_number, _other_number, _other_word, _other_word, _insert_word, _lines,
    _cut, _flip, _splice, _swap,
)  # fmt: skip
