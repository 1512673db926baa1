"""Processes of one machine that wait for each other: rank 0 in the middle, a socket to each."""

from __future__ import annotations

import hashlib
import os
import selectors
import socket
import struct
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress

from minicaffe.errors import ParallelError, RankLostError

#: Seconds to wait for the others at the start: they read their data first.
PATIENCE = 300.0

_HEAD = struct.Struct("<cI")  # what comes, how many bytes of it
_HERE, _FAILED = b"h", b"f"

Merge = Callable[[list[bytes]], bytes]


def meeting_place(key: str) -> str:
    """The socket's file, in a folder that no other user can enter.

    Raises:
        ParallelError: there is such a folder, and it is another user's.
    """
    user = os.getuid() if hasattr(os, "getuid") else 0
    folder = os.path.join(tempfile.gettempdir(), f"minicaffe-{user}")
    with suppress(FileExistsError):
        os.mkdir(folder, 0o700)
    found = os.lstat(folder)
    if hasattr(os, "getuid") and (found.st_uid != user or found.st_mode & 0o077):
        raise ParallelError(
            f"the folder {folder} is not this user's alone, so processes cannot meet there; remove "
            "it, or set TMPDIR to another folder"
        )
    return os.path.join(folder, hashlib.sha256(key.encode()).hexdigest()[:16])


class Star:
    """Connects processes; each :meth:`meet` is a barrier that carries a few bytes.

    Args:
        rank: of this process; 0 waits for the others.
        size: how many there are.
        key: what all of them know, and no other job.
        patience: seconds to wait for the others.

    Raises:
        ParallelError: they have not come in time; says which.
    """

    def __init__(self, rank: int, size: int, key: str, patience: float = PATIENCE) -> None:
        if not hasattr(socket, "AF_UNIX"):
            raise ParallelError(
                "processes of one machine meet by Unix sockets, which this system lacks; use "
                "torchrun: pip install 'minicaffe[torch]'"
            )
        self.rank, self.size = rank, size
        self._failed = False
        self._peers: list[socket.socket] = []  # of rank 0: those of ranks 1, 2, …; else rank 0's
        place, end = meeting_place(key), time.monotonic() + patience
        if rank == 0:
            self._accept(place, end)
        else:
            self._connect(place, end)

    def _accept(self, place: str, end: float) -> None:
        with suppress(FileNotFoundError):
            os.unlink(place)  # of a job with the same key that was killed
        found: dict[int, socket.socket] = {}
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(place)
            try:
                server.listen(self.size)
                while len(found) < self.size - 1:
                    server.settimeout(max(0.01, end - time.monotonic()))
                    try:
                        peer, _ = server.accept()
                    except TimeoutError:
                        missing = [str(r) for r in range(1, self.size) if r not in found]
                        raise ParallelError(
                            f"rank {', '.join(missing)} of {self.size} has not come"
                        ) from None
                    found[int.from_bytes(_exactly(peer, 4), "little")] = peer
            finally:
                os.unlink(place)
        self._peers = [found[rank] for rank in sorted(found)]

    def _connect(self, place: str, end: float) -> None:
        while True:
            peer = socket.socket(socket.AF_UNIX)
            try:
                peer.connect(place)
                break
            except OSError:
                peer.close()
                if time.monotonic() > end:
                    raise ParallelError("rank 0 has not come") from None
                time.sleep(0.01)
        peer.sendall(self.rank.to_bytes(4, "little"))
        self._peers = [peer]

    def share_file(self, make: Callable[[], int]) -> int:
        """The descriptor of a file that rank 0 makes; all of them get it."""
        if self.rank == 0:
            descriptor = make()
            for peer in self._peers:
                socket.send_fds(peer, [b"f"], [descriptor])
            return descriptor
        _, descriptors, _, _ = socket.recv_fds(self._peers[0], 1, 1)
        if not descriptors:
            raise self._lost("rank 0 is gone", 0)
        return descriptors[0]

    def meet(self, data: bytes = b"", merge: Merge | None = None) -> bytes:
        """Wait for all processes.

        Args:
            data: what this one brings.
            merge: makes of what all of them bring, by rank, what all of them take away; rank 0
                calls it. None: nothing.

        Raises:
            RankLostError: one is gone, or has said why it ends.
        """
        if self._failed:
            raise RankLostError("the processes have parted")
        if self.rank:
            self._send(self._peers[0], _HERE, data)
            return self._receive(0)
        brought = self._collect(data)
        result = merge(brought) if merge else b""
        for peer in self._peers:
            self._send(peer, _HERE, result)
        return result

    def _collect(self, data: bytes) -> list[bytes]:
        """What all of them bring; one that is gone is noticed while others are waited for."""
        brought: dict[int, bytes] = {0: data}
        with selectors.DefaultSelector() as selector:
            for rank, peer in enumerate(self._peers, 1):
                selector.register(peer, selectors.EVENT_READ, rank)
            while len(brought) < self.size:
                for key, _ in selector.select():
                    brought[key.data] = self._receive(key.data)
                    selector.unregister(key.fileobj)
        return [brought[rank] for rank in range(self.size)]

    def _send(self, peer: socket.socket, kind: bytes, data: bytes) -> None:
        with suppress(OSError):  # a peer that is gone may have said why: reading tells
            peer.sendall(_HEAD.pack(kind, len(data)) + data)

    def _receive(self, rank: int) -> bytes:
        peer = self._peers[max(0, rank - 1)]
        try:
            kind, size = _HEAD.unpack(_exactly(peer, _HEAD.size))
            data = _exactly(peer, size)
        except OSError:
            cause = f"rank {rank} is gone: its process has ended or was killed"
            raise self._lost(cause, rank) from None
        if kind == _FAILED:
            raise self._lost(data.decode(), None)
        return data

    def _lost(self, cause: str, rank: int | None) -> RankLostError:
        """The error of this process; rank 0 tells the others."""
        if self.rank == 0:
            self.fail(cause)
        self._failed = True
        error = RankLostError(cause)
        error.rank = rank
        return error

    def fail(self, cause: str) -> None:
        """Tell the others why this process ends."""
        if not self._failed:
            self._failed = True
            for peer in self._peers:
                self._send(peer, _FAILED, cause.encode())

    def close(self) -> None:
        """End the connections to the other processes; what is sent later fails."""
        self._failed = True
        for peer in self._peers:
            peer.close()


def _exactly(peer: socket.socket, size: int) -> bytes:
    """So many bytes.

    Raises:
        OSError: there are no more.
    """
    data = b""
    while len(data) < size:
        part = peer.recv(size - len(data))
        if not part:
            raise ConnectionError("the end")
        data += part
    return data
