"""VideoData: pieces of videos, from folders of frames or video files."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np

from minicaffe.data.augmentation import AUGMENTING
from minicaffe.data.batch_reader import BatchReader
from minicaffe.data.clips import (
    Clip,
    ClipBatchReader,
    ClipSource,
    ClipTransformer,
    as_planes,
    read_clips,
    read_frames,
)
from minicaffe.data.data_transformer import transform_mistakes
from minicaffe.data.images import resize_linear
from minicaffe.data.source import derived_generator, drawn_skip, epoch_order
from minicaffe.data.video_file import frame_count, video_piece
from minicaffe.errors import DataError, GraphError, MinicaffeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.data.listed_images import ListedImagesLayer
from minicaffe.layers.data.segment_video_data import SegmentVideoData
from minicaffe.layers.data.video_file_data import VideoFileData
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import Origin, Reading

#: Fields that only one of the layers of this name has.
_FIELDS = {
    "ssd": ("video_type", "video_file", "device_id", "skip_frames"),
    "pspnet": (
        "num_segments", "modality", "name_pattern", "grayscale", "encoded", "length_first",
    ),
    "video-caffe": (
        "use_image", "use_temporal_jitter", "sampling_rate", "max_sampling_rate",
        "use_sampling_rate_jitter", "use_multiple_label", "num_of_labels", "is_color",
        "root_folder", "show_data",
    ),
}  # fmt: skip

#: How frames are called: by C3D, and by video-caffe.
_NAMES = ("{:06d}.jpg", "image_{:04d}.jpg")

_TRAIN = caffe_pb2.TRAIN


@register("VideoData")
class VideoDataLayer(ListedImagesLayer):
    """Reads pieces of videos that a list names with their labels, as C3D and video-caffe do.

    A line is a name, the first frame and the label. A folder has frames 000001.jpg, …, as C3D has
    them, or image_0001.jpg, …, as video-caffe has them; with ``use_image`` it has to be a folder.
    Frames of a video file count from 0 where ``use_image`` is given (C3D); without it, as in
    video-caffe, 2 is the first and 1 means it, too. A piece has new_length frames, each
    ``sampling_rate`` after the last, or with ``use_sampling_rate_jitter`` a number drawn from 1 to
    max_sampling_rate for each piece.

    With ``use_temporal_jitter`` the first frame is drawn. Of folders the number in the line is then
    that of all frames; in TEST the first frame is 000000.jpg. A video's line has no number, and it
    is drawn in TEST, too.

    Where ``use_image`` is given, in TRAIN a piece that cannot be read is left out, with a warning.

    With num_segments, modality, name_pattern, grayscale or length_first it is TSN's layer,
    :class:`SegmentVideoData`; with video_type, video_file or skip_frames SSD's,
    :class:`VideoFileData`. V1's VIDEO_DATA of C3D 1.0 has the fields in ``image_data_param``.

    Shapes: no bottom; top 0, pieces (batch_size, channels, new_length, height, width), of 3
    channels (blue, green, red) or 1; top 1, optional, labels (batch_size), or with
    use_multiple_label (batch_size, num_of_labels) of 1 for each of the line's labels.

    Settings: ``video_data_param``: source, required; root_folder (put before each name as it is),
    batch_size (one without it), new_length (one without it), new_height and new_width (both or
    neither: resize), is_color (true), shuffle (false; before each epoch), rand_skip (0),
    use_image (false), use_temporal_jitter (false), sampling_rate (1), max_sampling_rate (1),
    use_sampling_rate_jitter (false), use_multiple_label (false; labels with commas between them),
    num_of_labels (1). show_data changes nothing. ``transform_param``: see
    :class:`ClipTransformer`.

    Gradients: none, as there are no bottoms.

    Raises:
        DataError: a setting is missing; the list, a frame or a video cannot be read; pieces of a
            batch differ in size.
        GraphError: scale, mean_file, crop_size or mirror is given outside of transform_param.

    Source: video_data_layer.cpp (facebookarchive/C3D, chuckcho/video-caffe); Tran et al., "Learning
    spatiotemporal features with 3D convolutional networks", 2015 (arXiv:1412.0767).
    """

    min_tops = 1
    max_tops = 2
    fork_fields = AUGMENTING
    dialects = ("video-caffe", "pspnet", "ssd")

    @classmethod
    def reading_of(cls, param: caffe_pb2.LayerParameter, origin: Origin) -> Reading:
        given = {field.name for field, _ in param.video_data_param.ListFields()}
        evidence = [
            (dialect, f"`{name}` is given")
            for dialect, names in _FIELDS.items()
            for name in names
            if name in given
        ]
        if "source" not in given:
            evidence.append(("ssd", "it has no `source`"))
        if windows := origin.types & {"Convolution3D", "NdConvolution"}:
            evidence.append(("video-caffe", f"the net has {min(windows)}"))
        return origin.choose(cls.dialects, evidence)

    @classmethod
    def class_for(cls, param: caffe_pb2.LayerParameter, reading: Reading) -> type[Layer]:
        others = {"pspnet": SegmentVideoData, "ssd": VideoFileData}
        return others.get(reading.dialect, cls)

    @classmethod
    def settings(cls, param: caffe_pb2.LayerParameter) -> caffe_pb2.VideoDataParameter:
        found = caffe_pb2.VideoDataParameter()
        found.CopyFrom(param.video_data_param)
        for field in ("batch_size", "new_length"):
            if not found.HasField(field):
                setattr(found, field, 1)
        return found

    @classmethod
    def assumed_shape(cls, param: caffe_pb2.LayerParameter) -> tuple[int, ...] | None:
        other = cls.class_for(param, cls.reading_of(param, Origin()))
        if other is not cls:
            return next(iter(other.assumed_shapes(param)), None)
        settings, crop = cls.settings(param), param.transform_param.crop_size
        size = (crop, crop) if crop else cls.image_size(param)
        channels = 3 if settings.is_color else 1
        return (settings.batch_size, channels, settings.new_length, *size) if size[0] else None

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        settings = self.settings(self.param)
        yield from super().param_mistakes()
        yield from old_places(settings)
        yield from transform_mistakes(self.param.transform_param)
        for field in ("new_length", "sampling_rate", "max_sampling_rate"):
            if not getattr(settings, field):
                yield DataError(f"{field} is 0, expected at least 1")
        if settings.use_multiple_label and not settings.HasField("num_of_labels"):
            yield DataError("use_multiple_label is true, but num_of_labels is not given")
        if settings.use_multiple_label and not settings.num_of_labels:
            yield DataError("num_of_labels is 0, expected at least 1")

    def make_reader(self, top: Blobs) -> BatchReader:
        """A reader of the pieces in the list.

        Raises:
            DataError: the list cannot be read.
            MemoryLimitError: a piece takes more memory than there may be.
        """
        param = self.settings(self.param)
        length, labels = param.new_length, param.num_of_labels if param.use_multiple_label else 0
        size = self.new_size()
        pixels = param.new_height * param.new_width
        self.limits.check(length * max(300, 12 * pixels), f"{length} frames")
        self.limits.check(8 * labels * param.batch_size, f"{labels} labels a piece")
        self._size, self._known = size, param
        rng = derived_generator(self.rng, self.ranks.rank)
        transformer = ClipTransformer(
            self.param.transform_param, self.phase, rng, self.dtype, length
        )  # fmt: skip
        jitter = param.use_temporal_jitter and not param.use_image
        clips = read_clips(
            param.source, param.root_folder, numbered=not jitter, several=bool(labels)
        )
        shuffled, skip = self.order_rng(), drawn_skip(self.rng, param.rand_skip)
        order = epoch_order(len(clips), shuffled, skip, param.source, self.ranks)
        source = ClipSource(
            param.source, clips, order, self._read, derived_generator(self.rng, self.ranks.rank),
            labels=labels,
            passes_over=param.HasField("use_image") and self.phase == _TRAIN,
        )  # fmt: skip
        return ClipBatchReader(source, transformer, param.batch_size, length, labels)

    def _read(self, clip: Clip, rng: np.random.Generator) -> np.ndarray:
        """The planes of a line's piece."""
        param = self._known
        rate, path = param.sampling_rate, param.root_folder + clip.name
        if param.use_sampling_rate_jitter:
            rate = 1 + int(rng.integers(param.max_sampling_rate))
        if param.use_image or os.path.isdir(path):
            return as_planes(self._folder(path, clip, rate, rng))
        start = self._first_in_file(path, clip, rate, rng)
        frames = video_piece(path, start, param.new_length, rate, color=param.is_color)
        if self._size is not None:
            frames = [resize_linear(frame, *self._size) for frame in frames]
        return as_planes(frames)

    def _folder(
        self, path: str, clip: Clip, rate: int, rng: np.random.Generator
    ) -> list[np.ndarray]:
        """The frames of a folder."""
        param, first = self._known, clip.number
        if param.use_temporal_jitter:
            first = 0
            if (rest := clip.number - param.new_length * rate) < 0:
                raise DataError(f"it has only {clip.number} frames", path=path)
            if self.phase == _TRAIN:
                first = 1 + int(rng.integers(rest + 1))
        names = _NAMES if param.HasField("use_image") else _NAMES[::-1]
        there = [name for name in names if os.path.exists(f"{path}/{name.format(first)}")]
        name = (there or names)[0]
        numbers = range(first, first + param.new_length * rate, rate)
        return read_frames(
            (f"{path}/{name.format(number)}" for number in numbers), self.channels_read, self._size
        )

    def _first_in_file(self, path: str, clip: Clip, rate: int, rng: np.random.Generator) -> int:
        """The number of the first frame in a video file, from 0."""
        param = self._known
        if param.use_temporal_jitter:
            rest = frame_count(path) - param.new_length * rate
            if rest < 0:
                raise DataError("it has too few frames", path=path)
            return int(rng.integers(rest + 1))
        if param.HasField("use_image"):
            if clip.number < 0:
                raise DataError(f"the first frame is {clip.number}, expected 0 or more", path=path)
            return clip.number
        return max(0, clip.number - 2)


def old_places(settings: caffe_pb2.VideoDataParameter) -> Iterator[GraphError]:
    """What is wrong with settings that the forks read from ``transform_param`` only."""
    for field in ("scale", "mean_file", "crop_size", "mirror"):
        if settings.HasField(field):
            yield GraphError(f"{field} is not looked at here; write it into transform_param")
