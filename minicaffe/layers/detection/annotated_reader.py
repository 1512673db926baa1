"""Batches of annotated images, changed at random, with their boxes as rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from minicaffe.blob import Blob, shape_text
from minicaffe.data.augmentation import AUGMENTATIONS
from minicaffe.data.colours import add_noise, distort
from minicaffe.data.data_transformer import DataTransformer
from minicaffe.data.datum import forced_color
from minicaffe.data.record_source import RecordSource
from minicaffe.data.source import State, number_in, part_of
from minicaffe.errors import DataError
from minicaffe.layers.detection.annotations import Example, example_of, parse_annotated
from minicaffe.layers.detection.augmentation import cut_out, draw_jitter, draw_part, expand
from minicaffe.layers.detection.resizing import SAME_SIZE, draw_resize, resize_example
from minicaffe.proto import caffe_pb2

_BBOX = caffe_pb2.AnnotatedDatum.BBOX

#: YOLO's label blob has so many rows an image.
YOLO_ROWS = 300


class AnnotatedBatchReader:
    """Reads AnnotatedDatums, changes each at random, and makes batches of them.

    Args:
        source: the records.
        param: the layer's settings.
        phase: ``TRAIN`` crops at random, ``TEST`` in the middle.
        rng: for all that is drawn.
        dtype: of the images.
        labels: whether a batch has labels as its second blob.

    Raises:
        DataError: the first record cannot be used; a setting is wrong.
    """

    def __init__(
        self,
        source: RecordSource,
        param: caffe_pb2.LayerParameter,
        phase: int,
        rng: np.random.Generator,
        dtype: np.dtype,
        *,
        labels: bool,
    ) -> None:
        self._source, self._rng, self._labels = source, rng, labels
        self._dtype = dtype
        self._transform, self._settings = param.transform_param, param.annotated_data_param
        self._random = phase == caffe_pb2.TRAIN
        self._batch_size = param.data_param.batch_size
        self._batches = self._policy = 0  # how many there were; the resize_param of the last one
        self._color = forced_color(self._transform, color=param.data_param.force_encoded_color)
        plain = caffe_pb2.TransformationParameter()
        plain.CopyFrom(self._transform)
        for field in ("crop_size", "mirror", *AUGMENTATIONS):
            plain.ClearField(field)
        self._values = DataTransformer(plain, phase, rng, dtype)
        _, value = source.peek()
        first = parse_annotated(value)
        self._boxes = first.HasField("type") or self._settings.HasField("anno_type")

    def shapes(self) -> list[tuple[int, ...]]:
        """The shapes of the next batch, as if its images had no boxes but one."""
        state, policy = self._rng.bit_generator.state, self._policy
        self._choose_size()
        name, value = self._source.peek()
        image, _ = self._made(name, value)
        self._rng.bit_generator.state, self._policy = state, policy
        shapes: list[tuple[int, ...]] = [(self._batch_size, *image.shape)]
        if self._labels:
            shapes.append(self._label_shape(1))
        return shapes

    def _label_shape(self, rows: int) -> tuple[int, ...]:
        if not self._boxes:
            return (self._batch_size,)
        yolo = self._settings.yolo_data_type == 1
        return (self._batch_size, 1, YOLO_ROWS, 5) if yolo else (1, 1, rows, 8)

    def read_batch(self, blobs: Sequence[Blob]) -> None:
        """Read a batch; its images must come out in one size."""
        examples = []
        self._choose_size()
        self._batches += 1
        for index, (name, value) in enumerate(self._source.read(self._batch_size)):
            image, example = self._made(name, value)
            if not index:
                blobs[0].reshape(self._batch_size, *image.shape)
            elif image.shape != blobs[0].shape[1:]:
                raise DataError(
                    f"{name} has size {shape_text(image.shape)}, the first image of its batch "
                    f"{shape_text(blobs[0].shape[1:])} (channels×height×width); add a resize_param "
                    "of mode WARP to transform_param, or use a batch_size of 1"
                )
            blobs[0].data[index] = image
            examples.append(example)
        if self._labels:
            labels = self._rows(examples) if self._boxes else self._classes(examples)
            blobs[1].reshape(*labels.shape)
            blobs[1].data[...] = labels

    def _choose_size(self) -> None:
        """Draw the next batch's resize_param, if it is its turn (MobileNet-YOLO's rule)."""
        if self._batches % SAME_SIZE == 0:
            self._policy = draw_resize(self._transform.resize_param, self._rng)

    def _classes(self, examples: list[Example]) -> np.ndarray:
        return np.array([example.label for example in examples])

    def _rows(self, examples: list[Example]) -> np.ndarray:
        """All boxes of a batch: SSD's rows of one plane, or YOLO's of each image."""
        if self._settings.yolo_data_type == 1:
            labels = np.zeros(self._label_shape(0))
            for plane, example in zip(labels, examples, strict=True):
                rows = _yolo_rows(example, difficult=self._settings.train_diffcult)
                plane[0, : len(rows)] = rows
            return labels
        rows = np.concatenate([_ssd_rows(item, example) for item, example in enumerate(examples)])
        return rows[None, None] if len(rows) else np.full((1, 1, 1, 8), -1.0)

    def _made(self, name: str, value: bytes) -> tuple[np.ndarray, Example]:
        """The image that the net gets, and the example with the boxes in it."""
        try:
            datum = parse_annotated(value)
            self._check_type(datum)
            example = self._augmented(example_of(datum, self._color))
            return self._cropped(example)
        except DataError as error:
            raise DataError(f"{name}: {error.message}") from error.__cause__

    def _check_type(self, datum: caffe_pb2.AnnotatedDatum) -> None:
        if not (self._labels and self._boxes):
            return
        chosen = self._settings.HasField("anno_type")
        kind = self._settings.anno_type if chosen else datum.type
        if not (datum.HasField("type") or chosen):
            raise DataError("it has no type, but the first record has; expected BBOX")
        if kind != _BBOX:
            raise DataError(f"its annotations are {datum.AnnotationType.Name(kind)}, expected BBOX")

    def _augmented(self, example: Example) -> Example:
        """SSD's order: colours, a canvas, a part, the size, noise."""
        transform, settings, rng = self._transform, self._settings, self._rng
        emit = transform.emit_constraint if transform.HasField("emit_constraint") else None
        resize = transform.resize_param[self._policy] if transform.resize_param else None
        if transform.HasField("distort_param"):
            example = replace(example, image=distort(example.image, transform.distort_param, rng))
        if transform.HasField("expand_param"):
            fill = np.array(list(transform.mean_value) or [0.0])
            if len(fill) not in (1, len(example.image)):
                fill = fill[:1]  # the transformer refuses it
            example = expand(example, transform.expand_param, fill, emit, rng)
        part = None
        if settings.batch_sampler:
            part = draw_part(example, list(settings.batch_sampler), rng)
        elif settings.yolo_data_type == 1 or settings.HasField("yolo_data_jitter"):
            keep = resize is not None and resize.resize_mode == resize.FIT_LARGE_SIZE_AND_PAD
            part = draw_jitter(settings.yolo_data_jitter, keep, rng)
        if part is not None:
            example = cut_out(example, part, emit)
        if resize is not None:
            example = resize_example(example, resize, rng)
        if transform.HasField("noise_param"):
            example = replace(example, image=add_noise(example.image, transform.noise_param, rng))
        return example

    def _cropped(self, example: Example) -> tuple[np.ndarray, Example]:
        """Subtract the mean, scale, crop and mirror."""
        transform = self._transform
        image = example.image
        self._values.output_shape(image.shape)
        values = np.empty(image.shape, self._dtype)
        self._values.apply(image[None], values[None])
        height = transform.crop_h or transform.crop_size or image.shape[1]
        width = transform.crop_w or transform.crop_size or image.shape[2]
        margin = np.array([image.shape[1] - height, image.shape[2] - width])
        if (margin < 0).any():
            raise DataError(
                f"the crop is {height}×{width}, but the image has {image.shape[1]}×"
                f"{image.shape[2]} (height×width); lower crop_size or add a resize_param"
            )
        top, left = self._rng.integers(margin + 1) if self._random else margin // 2
        sides = np.array([image.shape[2], image.shape[1]])
        low = np.array([left, top]) / sides
        part = np.concatenate([low, low + np.array([width, height]) / sides])
        emit = transform.emit_constraint if transform.HasField("emit_constraint") else None
        example = example.seen_in(part, emit)
        values = values[:, top : top + height, left : left + width]
        if transform.mirror and self._rng.integers(2):
            values, boxes = values[:, :, ::-1], example.boxes
            mirrored = np.stack([1 - boxes[:, 2], boxes[:, 1], 1 - boxes[:, 0], boxes[:, 3]], 1)
            example = replace(example, boxes=mirrored)
        return values, example

    def names(self) -> list[str]:
        """The records' keys; see :class:`~minicaffe.data.batch_reader.BatchReader`."""
        return self._source.names(self._batch_size)

    def state(self) -> State:
        """The source's place and the generator; where sizes are drawn, the last batch's too."""
        state = {"source": self._source.state(), "generator": self._rng.bit_generator.state}
        if len(self._transform.resize_param) > 1:
            return {**state, "batches": self._batches, "resize_param": self._policy}
        return state

    def restore(self, state: State) -> None:
        """Go back to when ``state()`` was taken."""
        self._source.restore(part_of(state, "source"))
        self._rng.bit_generator.state = part_of(state, "generator")
        if len(self._transform.resize_param) > 1:
            self._batches = number_in(state, "batches")
            self._policy = number_in(state, "resize_param")

    def close(self) -> None:
        """Let the database go: nothing is read any more."""
        self._source.close()


def _ssd_rows(item: int, example: Example) -> np.ndarray:
    """image, class, instance, xmin, ymin, xmax, ymax, difficult."""
    columns = (np.full(len(example.boxes), item), example.groups, example.instances)
    return np.column_stack([*columns, example.boxes, example.difficult])


def _yolo_rows(example: Example, *, difficult: bool) -> np.ndarray:
    """class (counted from 0, without background), x and y of the middle, width, height."""
    own = np.flatnonzero(difficult | ~example.difficult)[:YOLO_ROWS]
    boxes = example.boxes[own]
    middles, sides = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    return np.column_stack([example.groups[own] - 1, middles, sides])
