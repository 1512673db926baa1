"""The frames of a video file, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from types import ModuleType

import numpy as np

from minicaffe.errors import DataError, require, visible
from minicaffe.errors.reading import cannot_read
from minicaffe.files import check_regular


def video_module() -> ModuleType:
    """What reads videos.

    Raises:
        MissingExtraError: it is not installed.
    """
    return require("av", extra="video", purpose="reading videos (pictures need no more)")


def video_frames(path: str, *, color: bool = True) -> Iterator[np.ndarray]:
    """A video's frames: channels (3: blue, green, red; or 1) × height × width, uint8.

    Raises:
        DataError: the file is missing, or no video that can be read.
        MissingExtraError: what reads videos is not installed.
    """
    av = video_module()
    try:
        check_regular(path)  # or a name might be an address
        with closing(av.open(path)) as container:
            for frame in container.decode(video=0):
                pixels = frame.to_ndarray(format="bgr24" if color else "gray")
                pixels = pixels if pixels.ndim == 3 else pixels[:, :, None]
                yield np.ascontiguousarray(pixels.transpose(2, 0, 1))
    except FileNotFoundError as reason:
        raise cannot_read(path, reason) from reason
    except (OSError, ValueError, IndexError, av.FFmpegError) as reason:
        text = visible(str(reason))
        raise DataError(f"this cannot be read as a video ({text})", path=path) from reason


def frame_count(path: str) -> int:
    """How many frames a video has: as its head says, or else counted.

    Raises:
        DataError, MissingExtraError: see :func:`video_frames`.
    """
    av = video_module()
    try:
        check_regular(path)
        with closing(av.open(path)) as container:
            stated = int(container.streams.video[0].frames)
    except FileNotFoundError as reason:
        raise cannot_read(path, reason) from reason
    except (OSError, ValueError, IndexError, av.FFmpegError) as reason:
        text = visible(str(reason))
        raise DataError(f"this cannot be read as a video ({text})", path=path) from reason
    return stated or sum(1 for _ in video_frames(path))


def video_piece(
    path: str, start: int, length: int, rate: int = 1, *, color: bool = True
) -> list[np.ndarray]:
    """``length`` frames from number ``start`` on, counted from 0, each ``rate`` after the last.

    Raises:
        DataError: there are not so many frames; and see :func:`video_frames`.
        MissingExtraError: what reads videos is not installed.
    """
    found = list(
        islice(video_frames(path, color=color), start, start + (length - 1) * rate + 1, rate)
    )
    if len(found) < length:
        raise DataError(
            f"it has no {length} frames from number {start} on, each {rate} after the last; only "
            f"{len(found)} of them",
            path=path,
        )
    return found
