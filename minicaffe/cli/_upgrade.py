"""What the verbs that bring files of older Caffes up to date have in common."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from minicaffe.files import write_beside

if TYPE_CHECKING:
    from google.protobuf.message import Message

logger = logging.getLogger("minicaffe")


def add_files(parser: argparse.ArgumentParser, old: str) -> None:
    """Declare the two files; ``old`` explains the first one."""
    parser.add_argument("input", help=old)
    parser.add_argument("output", help="the file to write")


def upgrade(
    args: argparse.Namespace,
    read: Callable[[str], Message],
    write: Callable[[str, Message], None],
    what: str,
) -> int:
    """Read a file, which upgrades it, and write it.

    Args:
        args: with ``input`` and ``output``.
        read: returns the upgraded message.
        write: puts it into a file.
        what: is written, for the log.
    """
    write(args.output, read(args.input))
    logger.info("Wrote upgraded %s to %s", what, args.output)
    return 0


def write_binary(path: str, message: Message) -> None:
    """Put a message into a file in its binary form; complete, or not at all."""
    content = message.SerializeToString()
    with write_beside(path) as beside:
        Path(beside).write_bytes(content)
