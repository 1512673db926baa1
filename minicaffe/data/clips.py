"""Pieces of videos listed in a text file: folders of frames, or video files (VideoData's source).

A piece of L frames is an array of C · L planes, channel by channel, so that what is done to images
can be done to it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from minicaffe.blob import Blob
from minicaffe.data.augmentation import Augmenter, Frames
from minicaffe.data.data_transformer import DataTransformer
from minicaffe.data.image_list import root_without_slash
from minicaffe.data.images import Color, read_image
from minicaffe.data.lists import list_text
from minicaffe.data.source import EpochOrder, Records, Stacker, State, part_of
from minicaffe.errors import DataError
from minicaffe.errors.reading import listed_in, shown_name
from minicaffe.proto import caffe_pb2

logger = logging.getLogger("minicaffe")

_LARGEST = 2**31  # of the numbers in a list


class Clip(NamedTuple):
    """A line of a list.

    Attributes:
        name: of a folder of frames or a video.
        number: the first frame, or how many there are, as the layer has it; 0 where it is not said.
        labels: at least one.
    """

    name: str
    number: int
    labels: tuple[int, ...]


def read_clips(
    path: str, root: str = "", *, numbered: bool = True, several: bool = False
) -> list[Clip]:
    """The lines of a list: name, number, label, with blanks between them.

    Args:
        path: the list; empty lines are skipped.
        root: put before each name as it is.
        numbered: whether there is a number.
        several: whether there may be several labels, with commas between them.

    Raises:
        DataError: the file cannot be read, is empty, or a line is something else (says which); or
            ``root`` lacks its slash.
    """
    clips = []
    for number, line in enumerate(list_text(path, "list of videos").split("\n"), 1):
        if words := line.split():
            clip = _clip(words, numbered=numbered, several=several)
            if clip is None:
                expected = "a name, its first frame (or number of frames) and its label"
                expected = expected if numbered else "a name and its label"
                raise DataError(
                    f"list of videos '{path}', line {number}: {len(words)} word(s), expected "
                    f"{expected}, the last ones whole numbers, with blanks between them"
                )
            clips.append(clip)
    if not clips:
        raise DataError(f"the list of videos '{path}' is empty, expected at least one line")
    if mistake := root_without_slash(root, clips[0].name):
        raise DataError(f"root_folder {mistake}")
    return clips


def _clip(words: Sequence[str], *, numbered: bool, several: bool) -> Clip | None:
    """A line's words understood; None if they are something else."""
    if len(words) != 2 + numbered:
        return None
    labels = words[-1].split(",") if several else [words[-1]]
    try:
        number = int(words[1]) if numbered else 0
        known = tuple(int(label) for label in labels)
    except ValueError:
        return None
    if not all(abs(value) < _LARGEST for value in (number, *known)):
        return None
    return Clip(words[0], number, known)


#: Reads a piece of a video (planes × height × width, uint8); may draw which one.
ReadClip = Callable[[Clip, np.random.Generator], np.ndarray]


class ClipSource:
    """The pieces of a list, one after the other: an :class:`~minicaffe.data.source.ImageSource`.

    Args:
        path: the list, for messages.
        clips: its lines.
        order: in which order.
        read: reads one.
        rng: what that draws from.
        labels: how many numbers a label has: with more than one, 1 for each label of the line.
        passes_over: whether pieces that cannot be read are left out, with a warning.
    """

    def __init__(
        self,
        path: str,
        clips: Sequence[Clip],
        order: EpochOrder,
        read: ReadClip,
        rng: np.random.Generator,
        *,
        labels: int = 0,
        passes_over: bool = False,
    ) -> None:
        self._path, self._clips, self._order = path, clips, order
        self._read, self._rng = read, rng
        self._labels, self._passes_over = labels, passes_over
        self._stacker = Stacker()

    def peek(self) -> np.ndarray:
        """The next piece, without going on."""
        state = self.state()
        planes, _ = self._next()
        self.restore(state)
        return planes

    def read(self, count: int) -> Records:
        """The next ``count`` pieces."""
        found = [self._next() for _ in range(count)]
        planes = self._stacker.stack(
            [image for image, _ in found], lambda i: f"video '{found[i][1].name}'"
        )
        return Records(planes, np.array([self._label(clip) for _, clip in found]))

    def _label(self, clip: Clip) -> np.ndarray:
        if not self._labels:
            return np.array(clip.labels[0])
        outside = [label for label in clip.labels if not 0 <= label < self._labels]
        if outside:
            raise DataError(
                f"video '{clip.name}' has label {outside[0]}, expected 0 to {self._labels - 1}; "
                f"listed in '{self._path}'"
            )
        return np.isin(np.arange(self._labels), clip.labels).astype(int)

    def _next(self) -> tuple[np.ndarray, Clip]:
        """The next piece that can be read.

        Raises:
            DataError: it cannot, or none of as many as the list has.
        """
        for left in range(len(self._clips), 0, -1):
            clip = self._clips[self._order.current]
            self._order.advance()
            try:
                return self._read(clip, self._rng), clip
            except DataError as error:
                told = listed_in(error, self._path)
                if not self._passes_over or left == 1:
                    raise told from error.__cause__
                logger.warning("a piece of a video is left out: %s", told.message)
        raise DataError(f"no piece of the videos in '{self._path}' can be read")

    def names(self, count: int) -> list[str]:
        """The lines of the next ``count`` pieces: name and number; passes them. They are read, as
        that draws, too."""
        clips = [clip for _, clip in (self._next() for _ in range(count))]
        return [f"{shown_name(clip.name)} ({clip.number})" for clip in clips]

    def state(self) -> State:
        """The place in the list and the generator's state."""
        return {"order": self._order.state(), "generator": self._rng.bit_generator.state}

    def restore(self, state: State) -> None:
        """Go to where ``state()`` was taken."""
        self._order.restore(part_of(state, "order"))
        self._rng.bit_generator.state = part_of(state, "generator")

    def close(self) -> None:
        """Nothing is open between two pieces."""


def read_frames(
    paths: Iterable[str], color: Color, size: tuple[int, int] | None
) -> list[np.ndarray]:
    """The frames in image files, each channels × height × width, uint8.

    Raises:
        DataError: one cannot be read, or has another size than the first.
    """
    frames: list[np.ndarray] = []
    for path in paths:
        frames.append(read_image(path, color, size))
        if frames[-1].shape != frames[0].shape:
            raise DataError(
                f"frame {shown_name(path)} is of another size than the first one of its piece; set "
                "new_height and new_width"
            )
    return frames


def as_planes(frames: Sequence[np.ndarray]) -> np.ndarray:
    """Frames of C × H × W as C · L planes, all of the first channel first."""
    stacked = np.stack(frames, axis=1)
    return stacked.reshape(-1, *stacked.shape[2:])


class ClipTransformer(DataTransformer):
    """What ``transform_param`` says, done to pieces of videos: to all frames alike, also at random.

    A ``mean_file`` is one of pieces (1×C×L×H×W), or of frames (1×C×H×W); mean_value and std_value
    are one number, or one a channel.

    Args:
        param, phase, rng, dtype: those of :class:`DataTransformer`.
        length: how many frames a piece has.
    """

    def __init__(
        self,
        param: caffe_pb2.TransformationParameter,
        phase: int,
        rng: np.random.Generator,
        dtype: np.dtype,
        length: int,
    ) -> None:
        of_planes = caffe_pb2.TransformationParameter()
        of_planes.CopyFrom(param)
        for values in (of_planes.mean_value, of_planes.std_value):
            if len(values) > 1:
                repeated = np.repeat(list(values), length).tolist()
                del values[:]
                values.extend(repeated)
        self._length = length
        super().__init__(of_planes, phase, rng, dtype)
        self.augmenter = Augmenter(of_planes, phase, rng, Frames(length, by_channel=True))

    def fitted_mean(self, mean: np.ndarray) -> np.ndarray:
        if mean.ndim == 5 and len(mean) == 1:
            return mean.reshape(-1, *mean.shape[3:])
        return np.repeat(super().fitted_mean(mean), self._length, axis=0)


class ClipBatchReader:
    """Batches of pieces of videos, of five axes (a ``BatchReader``).

    Args:
        source: where they come from.
        transformer: what is done to them.
        batch_size: how many a batch has, at least 1.
        length: how many frames a piece has.
        labels: how many numbers a label has; 0 means one, without an axis of its own.
    """

    def __init__(
        self,
        source: ClipSource,
        transformer: DataTransformer,
        batch_size: int,
        length: int,
        labels: int = 0,
    ) -> None:
        self._source, self._transformer = source, transformer
        self._batch_size, self._length = batch_size, length
        self._label_shape = (batch_size, labels) if labels else (batch_size,)

    def shapes(self) -> list[tuple[int, ...]]:
        """(batch size, channels, length, height, width) and the labels' shape."""
        planes, *size = self._transformer.output_shape(self._source.peek().shape)
        clip = (self._batch_size, planes // self._length, self._length, *size)
        return [clip, self._label_shape]

    def read_batch(self, blobs: Sequence[Blob]) -> None:
        """Read a batch; its pieces must be of one size, which may differ from the last's."""
        records = self._source.read(self._batch_size)
        planes, *size = self._transformer.output_shape(records.images.shape[1:])
        blobs[0].reshape(self._batch_size, planes // self._length, self._length, *size)
        flat = blobs[0].data.reshape(self._batch_size, planes, *size)
        self._transformer.apply(records.images, flat)
        if len(blobs) > 1:
            blobs[1].reshape(*self._label_shape)
            blobs[1].data[...] = records.labels

    def names(self) -> list[str]:
        """The lines of the next batch's pieces; see
        :class:`~minicaffe.data.batch_reader.BatchReader`."""
        return self._source.names(self._batch_size)

    def state(self) -> State:
        """The source's place and the transformer's generator."""
        return {"source": self._source.state(), "transformer": self._transformer.state()}

    def restore(self, state: State) -> None:
        """Go back to when ``state()`` was taken."""
        self._source.restore(part_of(state, "source"))
        self._transformer.restore(part_of(state, "transformer"))

    def close(self) -> None:
        """Close the video that is open; its frames cannot be read any more."""
        self._source.close()
