"""What TSN's Caffe does to the frames of a video: crops of several sizes, flow that is mirrored."""

from __future__ import annotations

import numpy as np

from minicaffe.data.augmentation import Augmenter, Frames
from minicaffe.data.data_transformer import DataTransformer
from minicaffe.data.images import resize_linear
from minicaffe.errors import DataError
from minicaffe.proto import caffe_pb2

_RATIOS = (1.0, 0.875, 0.75, 0.66)  # where scale_ratios are not given
_NEAR = 3  # pixels by which a cut may miss crop_size and still have it

#: Where fixed cuts begin, in quarters of what is left: corners and middle, then eight more.
_CORNERS = ((0, 0), (0, 4), (4, 0), (4, 4), (2, 2))
_MORE = ((0, 2), (4, 2), (2, 0), (2, 4), (1, 1), (1, 3), (3, 1), (3, 3))


class SegmentTransformer(DataTransformer):
    """Crop, mirror, subtract the mean, scale: one image of many planes after the other.

    As :class:`DataTransformer`, but

    - there may be as many ``mean_value`` as divide the number of planes; they are used in turn;
    - with ``is_flow`` the even planes of a mirrored image become 255 - x, as motion to the left is
      one to the right then;
    - in TRAIN, with ``multi_scale``, a part of another height and width is cut and resized to
      crop_size: each is the image's shorter side times one of ``scale_ratios`` (1, 0.875, 0.75,
      0.66), the two not more than ``max_distort`` apart in the list;
    - with ``fix_crop`` it is in a corner or the middle, with ``more_fix_crop`` in one of 13 places;
    - all frames are changed alike by an :class:`~minicaffe.data.augmentation.Augmenter`, and images
      that it turns or resizes are not cut again.

    Args:
        param, phase, rng, dtype: those of :class:`DataTransformer`.
        channels: how many planes an image has.
        frames: of which so many frames consist.

    Raises:
        DataError: the numbers of mean values and planes do not fit; multi_scale has a mean_file.
    """

    def __init__(
        self,
        param: caffe_pb2.TransformationParameter,
        phase: int,
        rng: np.random.Generator,
        dtype: np.dtype,
        channels: int,
        frames: int = 1,
    ) -> None:
        of_planes = caffe_pb2.TransformationParameter()
        of_planes.CopyFrom(param)
        if (given := len(param.mean_value)) > 1:
            if channels % given:
                raise DataError(
                    f"{given} mean_value(s) for images of {channels} planes; give one, or a "
                    "number that divides that of the planes"
                )
            of_planes.mean_value.extend(list(param.mean_value) * (channels // given - 1))
        if param.multi_scale and param.HasField("mean_file"):
            raise DataError("multi_scale wants mean_value, not a mean_file")
        super().__init__(of_planes, phase, rng, dtype)
        self.augmenter = Augmenter(of_planes, phase, rng, Frames(frames, by_channel=False))
        self._param = param

    def apply(self, images: np.ndarray, out: np.ndarray) -> None:
        """Transform a batch; see :meth:`DataTransformer.apply`."""
        for image, target in zip(images, out, strict=True):
            mirrored = bool(self.mirror and self.rng.integers(2))
            changed = self.augmenter.changed(image[None])[0]
            (height, width), (row, column) = self._window(changed.shape[1], changed.shape[2])
            window = np.s_[:, row : row + height, column : column + width]
            part = changed[window]
            if self.crop and (height, width) != (self.crop, self.crop):
                part = resize_linear(part, self.crop, self.crop)
            values = self.augmenter.erased(part[None])[0].astype(out.dtype)
            if mirrored and self._param.is_flow:
                values[::2] = 255 - values[::2]
            if self.mean is not None:
                values -= self.mean[window] if self.mean_file else self.mean
            values *= self.factor
            target[...] = values[:, :, ::-1] if mirrored else values

    def _window(self, height: int, width: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """The size of what is cut, and its first row and column."""
        crop, param = self.crop, self._param
        if not crop or self.augmenter.moves:
            return (height, width), (0, 0)
        size = (crop, crop)
        if not self.random_crop:
            return size, ((height - crop) // 2, (width - crop) // 2)
        if param.multi_scale:
            sizes = cut_sizes(
                min(height, width), crop, list(param.scale_ratios) or _RATIOS, param.max_distort
            )
            size = sizes[int(self.rng.integers(len(sizes)))]
        if param.fix_crop:
            places = _CORNERS + _MORE if param.more_fix_crop else _CORNERS
            down, across = places[int(self.rng.integers(len(places)))]
            return size, (down * ((height - size[0]) // 4), across * ((width - size[1]) // 4))
        down, across = self.rng.integers([height - size[0] + 1, width - size[1] + 1])
        return size, (int(down), int(across))


def cut_sizes(
    side: int, crop: int, ratios: list[float] | tuple[float, ...], distort: int
) -> list[tuple[int, int]]:
    """Heights and widths that ``multi_scale`` chooses from.

    Args:
        side: the image's shorter one.
        crop: the net's; a side that misses it by less than 3 is it.
        ratios: parts of ``side``.
        distort: how far apart in that list height and width may be.

    Raises:
        DataError: a ratio is not above 0 and at most 1.
    """
    for ratio in ratios:
        if not 0 < ratio <= 1 or int(side * ratio) < 1:
            raise DataError(f"scale_ratios has {ratio:g}, expected above 0 and at most 1")
    lengths = [int(side * float(np.float32(ratio))) for ratio in ratios]
    lengths = [crop if abs(length - crop) < _NEAR else length for length in lengths]
    return [
        (height, width)
        for down, height in enumerate(lengths)
        for across, width in enumerate(lengths)
        if abs(down - across) <= distort
    ]
