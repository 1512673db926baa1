"""What NVCaffe's Python layers for DetectNet have in common, run where its modules are not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np

from minicaffe.blob import Blob, shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer
from minicaffe.layers.detection.rpn_layer import OWN_RUNS
from minicaffe.layers.gradients import clear_gradients
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import Origin, Reading

#: Boxes of an image; the rows after the last one are 0.
MAX_BOXES = 50


class DetectNetLayer(Layer):
    """A layer that passes no gradient."""

    in_place = False
    measures = True
    backward_reads = ()
    dialects = ("nvcaffe",)

    @classmethod
    def opens_files(cls, param: caffe_pb2.LayerParameter) -> bool:
        return False

    @classmethod
    def allow_force_backward(cls, index: int) -> bool:
        return False

    @classmethod
    def reading_of(cls, param: caffe_pb2.LayerParameter, origin: Origin) -> Reading:
        return Reading("nvcaffe", OWN_RUNS) if param.python_param.module else Reading()

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        clear_gradients(propagate_down, bottom)


_POSITIVE = ("image width", "image height", "stride", "number of classes")


class GridLayer(DetectNetLayer):
    """Makes boxes of what DetectNet says at each place of its grid, a top for each class.

    Its settings are numbers in ``python_param { param_str }``.
    """

    exact_bottoms = 2
    min_tops = 1

    #: What the numbers in ``param_str`` are, in order; the last one may be absent.
    names: ClassVar[tuple[tuple[str, type], ...]] = ()

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        wrong = list(self._wrong_numbers())
        yield from wrong
        tops = len(self.param.top)
        if not wrong and tops and tops != self.number("number of classes"):
            yield GraphError(
                f"{tops} tops for {self.number('number of classes'):g} classes in param_str; one "
                "for each is expected"
            )

    def _wrong_numbers(self) -> Iterator[MinicaffeError]:
        words = self._words()
        optional = self.names[-1:]
        if len(words) < len(self.names) - len(optional):
            expected = ", ".join(name for name, _ in self.names)
            yield GraphError(f"param_str has {len(words)} numbers, expected {expected}")
        for word, (name, kind) in zip(words, self.names, strict=False):
            try:
                value = kind(word)
            except (ValueError, OverflowError):
                what = "a whole number" if kind is int else "a number"
                yield GraphError(f"{name} in param_str is '{word.strip()}', expected {what}")
                continue
            if name in _POSITIVE and value < 1:
                yield GraphError(f"{name} in param_str is {value}, expected at least 1")

    def _words(self) -> list[str]:
        text = self.param_str.strip()
        return text.split(",") if text else []

    def number(self, name: str) -> float:
        """One of the numbers in ``param_str``; 1 where it is not there."""
        place = [known for known, _ in self.names].index(name)
        words = self._words()
        return self.names[place][1](words[place]) if place < len(words) else 1

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        cover, boxes = bottom[0].shape, bottom[1].shape
        if len(cover) != 4 or cover[1] != len(top):
            raise ShapeError(
                f"bottom 0 has shape {shape_text(cover)}, expected N×C×H×W with {len(top)} classes"
            )
        if boxes != (cover[0], 4, *cover[2:]):
            raise ShapeError(
                f"bottom 1 has shape {shape_text(boxes)}, expected four edges, "
                f"{shape_text((cover[0], 4, *cover[2:]))}"
            )
        for blob in top:
            blob.reshape(cover[0], MAX_BOXES, 5)

    def proposals(self, cover: np.ndarray, boxes: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        """The boxes (N, 4) of the places that are chosen, row by row, in pixels.

        Args:
            cover: of one class, (H, W).
            boxes: of the image, (4, H, W), relative to their places.
            chosen: which places count, (H, W).
        """
        width, height = self.number("image width"), self.number("image height")
        stride = self.number("stride")
        columns, rows = int(width / stride), int(height / stride)
        y, x = np.nonzero(chosen[:rows, :columns])
        move = np.stack([x * (width / columns), y * (height / rows)] * 2, axis=1)
        found: np.ndarray = boxes[:, y, x].T.astype(np.float64) + move
        return found


def fill(blob: Blob, item: int, rows: np.ndarray) -> None:
    """Write boxes (N, 4 or 5), at most 50, into a top, through half precision as the fork does."""
    blob.data[item] = 0
    with np.errstate(over="ignore"):
        short = rows[:MAX_BOXES].astype(np.float16)
    blob.data[item, : len(short), : rows.shape[1]] = short


def listed(boxes: np.ndarray) -> np.ndarray:
    """Those of an image's boxes (50, 4) that are not all 0."""
    found: np.ndarray = boxes[boxes.any(axis=1)]
    return found
