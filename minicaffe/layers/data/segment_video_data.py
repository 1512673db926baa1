"""The VideoData of TSN: frames of several parts of a video, as one image."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from minicaffe.data.augmentation import AUGMENTATIONS, AUGMENTING
from minicaffe.data.batch_reader import BatchReader, ImageBatchReader, at_least_one, required_text
from minicaffe.data.clips import Clip, ClipSource, read_clips, read_frames
from minicaffe.data.data_transformer import transform_mistakes
from minicaffe.data.images import Color
from minicaffe.data.segments import SegmentTransformer
from minicaffe.data.source import derived_generator, drawn_skip, epoch_order
from minicaffe.errors import DataError, MinicaffeError, raised_by
from minicaffe.layer import Blobs
from minicaffe.layers.data.base_data_layer import PrefetchingLayer
from minicaffe.layers.data.listed_images import one_side
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import changes_nothing, meant

_KINDS = caffe_pb2.VideoDataParameter

#: What a name_pattern may have besides plain text: one number, and for flow one letter before it.
_RGB_PATTERN = re.compile(r"[^%]*%0?\d?d[^%]*")
_FLOW_PATTERN = re.compile(r"[^%]*%c[^%]*%0?\d?d[^%]*")


class SegmentVideoData(PrefetchingLayer):
    """Reads frames of num_segments equal parts of each video in a list: new_length from each.

    A line is a folder of frames, their number and the label. In TRAIN the first frame of a part is
    drawn, in TEST the frames are from its middle; parts shorter than new_length begin with the
    first frame of the video. Frames count from 1; their names are name_pattern with the number
    put in, and with modality FLOW the letter x or y.

    Shapes: no bottom; top 0, frames (batch_size, planes, height, width): blue, green, red of each
    frame (RGB), one plane with ``grayscale``, or x and y of each (FLOW), frame by frame; top 1,
    labels (batch_size). With ``length_first`` each part has the blue planes of all its frames
    first, then the green and red ones, for a Reshape to (3, new_length, height, width).

    Settings: ``video_data_param``: source and batch_size, required; new_length (one without it),
    num_segments (1), modality (FLOW), name_pattern ("image_%04d.jpg", or "flow_%c_%04d.jpg" with
    FLOW), grayscale (false), length_first (false), with RGB only; new_height and new_width (both or
    neither: resize), shuffle (false), rand_skip (0). encoded changes nothing. ``transform_param``:
    see :class:`SegmentTransformer`; multi_scale, scale_ratios, max_distort, fix_crop,
    more_fix_crop, is_flow.

    Gradients: none, as there are no bottoms.

    Raises:
        DataError: a setting is missing or wrong; the list or a frame cannot be read; images of a
            batch differ in size.

    Source: video_data_layer.cpp, data_transformer.cpp (yjxiong/caffe); Wang et al., "Temporal
    segment networks", 2016 (arXiv:1608.00859).
    """

    type = "VideoData"
    exact_tops = 2
    fork_fields = meant(
        "transform_param.multi_scale", "transform_param.scale_ratios",
        "transform_param.max_distort", "transform_param.fix_crop",
        "transform_param.more_fix_crop", "transform_param.is_flow", *AUGMENTING,
    ) | changes_nothing("transform_param.original_image")  # fmt: skip

    @classmethod
    def assumed_shape(cls, param: caffe_pb2.LayerParameter) -> tuple[int, ...] | None:
        settings, crop = param.video_data_param, param.transform_param.crop_size
        size = (crop, crop) if crop else (settings.new_height, settings.new_width)
        return (settings.batch_size, _planes(settings), *size) if size[0] else None

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.video_data_param
        yield from raised_by(at_least_one, param.batch_size, "batch_size")
        yield from raised_by(required_text, param, "source")
        yield from one_side(param.new_height, param.new_width, "new")
        yield from transform_mistakes(self.param.transform_param)
        if not (param.num_segments and _length(param)):
            yield DataError("new_length or num_segments is 0, expected at least 1")
        yield from self._flow_mistakes()
        yield from self._order_mistakes()
        flow = param.modality == _KINDS.FLOW
        if not (_FLOW_PATTERN if flow else _RGB_PATTERN).fullmatch(_pattern(param)):
            known = "flow_%c_%04d.jpg" if flow else "image_%04d.jpg"
            yield DataError(f"name_pattern is '{_pattern(param)}', expected one such as '{known}'")

    def _flow_mistakes(self) -> Iterator[MinicaffeError]:
        """What changes pictures, of planes that are movements."""
        transform = self.param.transform_param
        given = [field for field in AUGMENTATIONS if transform.HasField(field)]
        if given and self.param.video_data_param.modality == _KINDS.FLOW:
            yield DataError(
                f"{given[0]} changes pictures, and with modality FLOW the frames are movements; "
                "leave it out (mirror, multi_scale and the crops suit flow)"
            )

    def _order_mistakes(self) -> Iterator[MinicaffeError]:
        """What does not go with planes of one colour together."""
        param, transform = self.param.video_data_param, self.param.transform_param
        if not param.length_first:
            return
        if param.modality == _KINDS.FLOW or param.grayscale:
            yield DataError("length_first is of frames in colour, with modality RGB; leave it out")
        for field in AUGMENTATIONS:
            if transform.HasField(field):
                yield DataError(f"{field} wants the planes of a frame together, not length_first")

    def make_reader(self, top: Blobs) -> BatchReader:
        """A reader of the videos in the list.

        Raises:
            DataError: the list cannot be read, or a setting does not fit the frames.
            MemoryLimitError: an image takes more memory than there may be.
        """
        param = self.param.video_data_param
        planes = _planes(param)
        pixels = param.new_height * param.new_width
        self.limits.check(planes * max(300, 4 * pixels), f"an image of {planes} planes")
        rng = derived_generator(self.rng, self.ranks.rank)
        transformer = SegmentTransformer(
            self.param.transform_param, self.phase, rng, self.dtype, planes,
            1 if param.modality == _KINDS.FLOW else _length(param) * param.num_segments,
        )  # fmt: skip
        clips = read_clips(param.source)
        shuffled = derived_generator(self.rng) if param.shuffle else None
        skip = drawn_skip(self.rng, param.rand_skip)
        order = epoch_order(len(clips), shuffled, skip, param.source, self.ranks)
        drawing = derived_generator(self.rng, self.ranks.rank)
        source = ClipSource(param.source, clips, order, self._read, drawing)
        return ImageBatchReader(source, transformer, param.batch_size, labels=True)

    def _read(self, clip: Clip, rng: np.random.Generator) -> np.ndarray:
        """A line's frames as one image of many planes."""
        param, pattern = self.param.video_data_param, _pattern(self.param.video_data_param)
        length, part = _length(param), clip.number // param.num_segments
        size = (param.new_height, param.new_width) if param.new_height else None
        flow = param.modality == _KINDS.FLOW
        names = []
        for segment in range(param.num_segments):
            first = 0
            if part >= length and self.phase == caffe_pb2.TRAIN:
                first = segment * part + int(rng.integers(part - length + 1))
            elif part >= length:
                first = segment * part + (part - length + 1) // 2
            for number in range(first + 1, first + 1 + length):
                names += [pattern % ("x", number), pattern % ("y", number)] if flow else [
                    pattern % number
                ]  # fmt: skip
        color = Color.GRAY if flow or param.grayscale else Color.COLOR
        planes = np.concatenate(
            read_frames((f"{clip.name}/{name}" for name in names), color, size)
        )  # fmt: skip
        if not param.length_first:
            return planes
        frames = planes.reshape(param.num_segments, length, 3, *planes.shape[1:])
        return frames.swapaxes(1, 2).reshape(planes.shape)


def _length(param: caffe_pb2.VideoDataParameter) -> int:
    return param.new_length if param.HasField("new_length") else 1


def _planes(param: caffe_pb2.VideoDataParameter) -> int:
    """How many planes an image has."""
    if param.modality == _KINDS.FLOW:
        return 2 * _length(param) * param.num_segments
    return (1 if param.grayscale else 3) * _length(param) * param.num_segments


def _pattern(param: caffe_pb2.VideoDataParameter) -> str:
    if param.name_pattern:
        return param.name_pattern
    return "flow_%c_%04d.jpg" if param.modality == _KINDS.FLOW else "image_%04d.jpg"
