"""Where pictures come from: a file, a folder of files, the frames of a video."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from minicaffe.data.images import PICTURES, Color, read_image
from minicaffe.data.video_file import video_frames, video_module
from minicaffe.errors import DataError, Problem
from minicaffe.errors.mistakes import MissingFileError
from minicaffe.files import check_regular

#: The endings of videos.
VIDEOS = (
    ".avi", ".flv", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".ogv", ".webm", ".wmv",
)  # fmt: skip


@dataclass(frozen=True)
class Pictures:
    """Pictures of one source.

    Attributes:
        source: the file or folder.
        names: those of a folder's pictures, in their order, or the one of a file; None for a video.
        single: it is one picture.
    """

    source: str
    names: list[str] | None
    single: bool = False

    @property
    def count(self) -> int | None:
        """How many there are; None where that is not known before the end."""
        return None if self.names is None else len(self.names)

    def read(
        self, *, color: bool, broken: list[DataError] | None = None
    ) -> Iterator[tuple[str, np.ndarray]]:
        """Each picture with its name: channels × height × width, uint8, blue first or grey.

        Args:
            color: whether they have three channels.
            broken: gets the errors of a folder's pictures that cannot be read, which are passed
                over then.

        Raises:
            DataError: one cannot be read.
            MissingExtraError: what reads it is not installed.
        """
        kind = Color.COLOR if color else Color.GRAY
        if self.names is None:
            yield from _frames(self.source, color=color)
            return
        for name in self.names:
            try:
                image = read_image(name, kind, upright=True)
            except DataError as error:
                if broken is None or self.single:
                    raise
                broken.append(error)
                continue
            yield name, image


def find_pictures(source: str) -> Pictures:
    """The pictures of a file or folder; none is read yet.

    Raises:
        DataError: there is no such file, or there are no pictures in the folder.
        MissingExtraError: it is a video, and what reads videos is not installed.
    """
    if os.path.isdir(source):
        found = [
            os.path.join(source, name)
            for name in sorted(os.listdir(source))
            if name.lower().endswith(PICTURES) and not name.startswith(".")
        ]
        if not found:
            raise DataError(
                f"there are no pictures in this folder ({', '.join(PICTURES)})", path=source
            )
        return Pictures(source, found)
    try:
        check_regular(source)
    except FileNotFoundError:
        raise MissingFileError("there is no such picture, folder or video", path=source) from None
    except (OSError, ValueError) as reason:  # ValueError: the name holds a NUL
        text = getattr(reason, "strerror", None) or str(reason)
        raise DataError(f"this cannot be read as a picture ({text})", path=source) from reason
    if source.lower().endswith(VIDEOS):
        video_module()
        return Pictures(source, None)
    return Pictures(source, [source], single=True)


def tell_broken(errors: Sequence[DataError]) -> None:
    """End with the pictures that could not be read, when all others have been seen.

    Args:
        errors: one for each; none, if all could be read.

    Raises:
        DataError: all of them.
    """
    if not errors:
        return
    if len(errors) > 1:
        errors[0].problems = [Problem(error.path, 0, 0, str(error), "") for error in errors]
    raise errors[0]


def _frames(path: str, *, color: bool) -> Iterator[tuple[str, np.ndarray]]:
    """A video's frames, named ``frame_000001`` and so on."""
    stem = os.path.join(path, "frame_{:06}.png")
    for number, pixels in enumerate(video_frames(path, color=color), 1):
        yield stem.format(number), pixels
