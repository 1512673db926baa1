"""The VideoData of SSD: the frames of one video."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from minicaffe.blob import Blob
from minicaffe.data.augmentation import AUGMENTING
from minicaffe.data.batch_reader import BatchReader, at_least_one
from minicaffe.data.data_transformer import DataTransformer, transform_mistakes
from minicaffe.data.source import State, derived_generator, number_in, part_of
from minicaffe.data.video_file import video_frames
from minicaffe.errors import DataError, GraphError, MinicaffeError, raised_by
from minicaffe.layer import Blobs
from minicaffe.layers.data.base_data_layer import PrefetchingLayer
from minicaffe.layers.detection.annotations import Example
from minicaffe.layers.detection.resizing import output_size, policy_mistakes, resize_example
from minicaffe.options import ALONE, Ranks
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import meant

_VIDEO = caffe_pb2.VideoDataParameter.VIDEO


class VideoFileData(PrefetchingLayer):
    """Reads the frames of a video file, one after the other; after the last one it stops with an
    error, as the fork ends its program.

    A camera (video_type WEBCAM) is not read. With skip_frames so many frames are left out before
    each one.

    Shapes: no bottom; top 0, frames (batch_size, 3, height, width): blue, green, red; top 1,
    optional, zeros (batch_size).

    Settings: ``data_param``: batch_size, required. ``video_data_param``: video_file, required;
    video_type (WEBCAM), skip_frames (0); device_id changes nothing. ``transform_param``:
    resize_param (:func:`resize_example`), and see :class:`DataTransformer`.

    Gradients: none, as there are no bottoms.

    Raises:
        DataError: a setting is missing; the video cannot be read, or has ended.
        GraphError: it is a camera; a resize_param is wrong.

    Source: video_data_layer.cpp (weiliu89/caffe, branch ssd).
    """

    type = "VideoData"
    min_tops = 1
    max_tops = 2
    fork_fields = meant("transform_param.resize_param", *AUGMENTING)
    prefetch_depth = 1  # so that the end of the video is told after its last frames

    @classmethod
    def source(cls, param: caffe_pb2.LayerParameter) -> str:
        return param.video_data_param.video_file

    @classmethod
    def assumed_shape(cls, param: caffe_pb2.LayerParameter) -> tuple[int, ...] | None:
        transform, size = param.transform_param, (0, 0)
        if transform.crop_size:
            size = transform.crop_size, transform.crop_size
        elif transform.resize_param and all(
            it.height and it.width for it in transform.resize_param
        ):
            size = output_size((1, 1), transform.resize_param[0])
        return (param.data_param.batch_size, 3, *size) if size[0] else None

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param, batch_size = self.param.video_data_param, self.param.data_param.batch_size
        yield from raised_by(at_least_one, batch_size, "batch_size")
        yield from transform_mistakes(self.param.transform_param)
        yield from policy_mistakes(self.param.transform_param.resize_param, batch_size)
        if param.video_type != _VIDEO:
            yield GraphError(
                "video_type is WEBCAM: cameras are not read; write video_type: VIDEO and "
                "video_file: '…', or give the net an Input layer and its frames by hand"
            )
        elif not param.video_file:
            yield DataError("video_file is not given; say what to read with video_file: '…'")

    def make_reader(self, top: Blobs) -> BatchReader:
        """A reader of the video.

        Raises:
            DataError: it cannot be read.
        """
        return FrameReader(
            self.param, self.phase, derived_generator(self.rng, self.ranks.rank), self.dtype,
            labels=len(top) == 2, ranks=self.ranks,
        )  # fmt: skip


class FrameReader:
    """Batches of a video's frames (a ``BatchReader``).

    Args:
        param: the layer's settings.
        phase: for the transformation.
        rng: for all that is drawn.
        dtype: of the images.
        labels: whether a batch has zeros as its second blob.
        ranks: the processes that share the frames.
    """

    def __init__(
        self,
        param: caffe_pb2.LayerParameter,
        phase: int,
        rng: np.random.Generator,
        dtype: np.dtype,
        *,
        labels: bool,
        ranks: Ranks = ALONE,
    ) -> None:
        self._ranks = ranks
        self._path, self._each = param.video_data_param.video_file, 1
        self._each += param.video_data_param.skip_frames
        self._resize = list(param.transform_param.resize_param)
        self._batch_size, self._labels, self._rng = param.data_param.batch_size, labels, rng
        self._transformer = DataTransformer(param.transform_param, phase, rng, dtype)
        self._position = 0
        self._frames: Iterator[np.ndarray] | None = None

    def _next(self) -> np.ndarray:
        """The next frame that counts, resized."""
        if self._frames is None:
            self._frames = islice(video_frames(self._path), self._position, None)
        passed = list(islice(self._frames, self._each * self._ranks.size))
        self._position += len(passed)
        if len(passed) < self._each * self._ranks.size:
            raise DataError("the video has ended", path=self._path)
        frame = passed[self._each * (self._ranks.rank + 1) - 1]
        if not self._resize:
            return frame
        none = np.empty(0)
        example = Example(frame, 0, none, none, np.empty((0, 4)), none)
        return resize_example(example, self._resize[0], self._rng).image

    def shapes(self) -> list[tuple[int, ...]]:
        """The shapes of the next batch."""
        state = self.state()
        image = self._transformer.output_shape(self._next().shape)
        self.restore(state)
        labels: list[tuple[int, ...]] = [(self._batch_size,)] if self._labels else []
        return [(self._batch_size, *image), *labels]

    def read_batch(self, blobs: Sequence[Blob]) -> None:
        """Read a batch.

        Raises:
            DataError: there are not enough frames left.
        """
        frames = np.stack([self._next() for _ in range(self._batch_size)])
        blobs[0].reshape(self._batch_size, *self._transformer.output_shape(frames.shape[1:]))
        self._transformer.apply(frames, blobs[0].data)
        if self._labels:
            blobs[1].reshape(self._batch_size)
            blobs[1].data[...] = 0

    def names(self) -> list[str]:
        """The numbers of the next batch's frames in the video, from 0, which are passed."""
        passed = self._each * self._ranks.size
        first = self._position + self._each * (self._ranks.rank + 1) - 1
        numbers = range(first, first + self._batch_size * passed, passed)
        self._position, self._frames = self._position + self._batch_size * passed, None
        return [f"frame {number}" for number in numbers]

    def state(self) -> State:
        """How many frames have passed, and the generator's state."""
        return {"position": self._position, "transformer": self._transformer.state()}

    def restore(self, state: State) -> None:
        """Go back to when ``state()`` was taken."""
        self._position, self._frames = number_in(state, "position"), None
        self._transformer.restore(part_of(state, "transformer"))

    def close(self) -> None:
        """Let the decoder go; the next batch opens the file again."""
        self._frames = None
