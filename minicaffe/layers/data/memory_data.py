"""MemoryData: batches of arrays that the program gives."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike

from minicaffe.blob import as_numbers, shape_text
from minicaffe.data.augmentation import AUGMENTING
from minicaffe.data.batch_reader import at_least_one
from minicaffe.data.data_transformer import DataTransformer, transform_mistakes
from minicaffe.data.datum import datum_image, forced_color
from minicaffe.data.source import Stacker, State, derived_generator, number_in, part_of
from minicaffe.errors import DataError, MinicaffeError, ShapeError, raised_by
from minicaffe.layer import Blobs, Layer, register
from minicaffe.proto import caffe_pb2

logger = logging.getLogger("minicaffe")


@register("MemoryData")
class MemoryDataLayer(Layer):
    """Hands out arrays batch by batch, from the start again after the last.

    Arrays come by :meth:`reset` (as they are) or, transformed by ``transform_param``, as datums or
    images by :meth:`add_datum_vector` and :meth:`add_mat_vector`.

    Shapes: no bottom; top 0, images (batch_size, channels, height, width); top 1, labels,
    (batch_size) until the first forward, then (batch_size, 1, 1, 1), as in Caffe.

    Settings: ``memory_data_param``: batch_size, channels, height, width, all at least 1.
    ``transform_param``: see :class:`DataTransformer`.

    Gradients: none, as there are no bottoms.

    Raises:
        DataError: a setting is missing; a forward without data.

    Source: memory_data_layer.cpp (BVLC/caffe).
    """

    fork_fields = AUGMENTING
    exact_bottoms = 0
    exact_tops = 2

    @classmethod
    def assumed_shapes(cls, param: caffe_pb2.LayerParameter) -> list[tuple[int, ...] | None]:
        own, count = param.memory_data_param, len(param.top)
        image = (own.batch_size, own.channels, own.height, own.width)
        known: list[tuple[int, ...] | None] = [image, (own.batch_size,)]
        return known[:count] if all(image) else [None] * count

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        for name in ("batch_size", "channels", "height", "width"):
            yield from raised_by(at_least_one, getattr(self.param.memory_data_param, name), name)
        yield from transform_mistakes(self.param.transform_param)

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.memory_data_param
        self._batch_size: int = param.batch_size
        self._shape = (param.channels, param.height, param.width)
        self._transformer = DataTransformer(
            self.param.transform_param,
            self.phase,
            derived_generator(self.rng, self.ranks.rank),
            self.dtype,
        )
        self._data: np.ndarray | None = None
        self._labels = np.empty(0, self.dtype)
        self._position = 0
        self._has_new_data = False
        top[0].reshape(self._batch_size, *self._shape)
        top[1].reshape(self._batch_size)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        pass  # forward gives the tops their shapes

    @property
    def batch_size(self) -> int:
        """How many items a forward gives."""
        return self._batch_size

    def set_batch_size(self, batch_size: int) -> None:
        """Give that many items in each forward from now on; the arrays must be given again."""
        self._require_consumed("change batch_size")
        self._batch_size = at_least_one(batch_size, "batch_size")
        if self._data is not None and len(self._data) % batch_size:
            self._data = None

    def reset(self, data: ArrayLike, labels: ArrayLike) -> None:
        """Read from these arrays, from their start, without transformation.

        Args:
            data: count × channels × height × width; count a multiple of the batch size. An
                array of the net's type is not copied: later changes to it take effect.
            labels: count values, of any shape.

        Raises:
            ShapeError: shapes that do not fit; the count is no multiple of the batch size.
        """
        image_blob, label_blob = (f"blob '{name}'" for name in self.param.top)
        images = np.asarray(as_numbers(data, image_blob), self.dtype)
        if images.ndim != 4 or images.shape[1:] != self._shape:
            raise ShapeError(
                f"the data for {image_blob} has shape {shape_text(images.shape)}, "
                f"expected count×{shape_text(self._shape)}"
            )
        values = np.asarray(as_numbers(labels, label_blob), self.dtype)
        if values.size != len(images):
            raise ShapeError(
                f"the labels for {label_blob} have shape {shape_text(values.shape)}, expected "
                f"{len(images)}: one for each item of {image_blob}"
            )
        self._check_count(len(images), ShapeError)
        if self.param.HasField("transform_param"):
            logger.warning("MemoryData does not transform array data on reset")
        self._data, self._labels = images, values.reshape(-1)
        self._position = 0

    def add_datum_vector(self, datums: Sequence[caffe_pb2.Datum]) -> None:
        """Read from ``Datum`` messages, transformed; as many as a multiple of the batch size.

        Raises:
            DataError: data added before is not used up; sizes that do not fit.
        """
        color = forced_color(self.param.transform_param)
        images = [datum_image(datum, color) for datum in datums]
        self.add_mat_vector(images, [datum.label for datum in datums])

    def add_mat_vector(self, images: Sequence[np.ndarray], labels: Sequence[int]) -> None:
        """Read from images (channels × height × width), transformed.

        Raises:
            DataError: data added before is not used up; sizes that do not fit.
        """
        self._require_consumed("add data")
        self._check_count(len(images))
        batch = Stacker().stack([np.asarray(image) for image in images], lambda i: f"image {i}")
        shape = self._transformer.output_shape(batch.shape[1:])
        if shape != self._shape:
            raise DataError(
                f"the images have size {shape_text(shape)} after transformation, expected "
                f"{shape_text(self._shape)} (channels×height×width of memory_data_param)"
            )
        if len(labels) != len(images):
            raise DataError(f"{len(labels)} label(s) for {len(images)} image(s)")
        data = np.empty((len(images), *shape), self.dtype)
        self._transformer.apply(batch, data)
        self._data, self._labels = data, np.array(labels, self.dtype)
        self._position = 0
        self._has_new_data = True

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        if self._data is None:
            raise DataError(
                "there is no data yet; give it with net.set_input_arrays(data, labels) or the "
                "layer's reset(data, labels)"
            )
        here = slice(self._position, self._position + self._batch_size)
        top[0].reshape(self._batch_size, *self._shape)
        top[1].reshape(self._batch_size, 1, 1, 1)
        top[0].data[...] = self._data[here]
        top[1].data.reshape(-1)[...] = self._labels[here]
        self._position = (self._position + self._batch_size) % len(self._data)
        if self._position == 0:
            self._has_new_data = False

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        pass  # there are no bottoms

    def state(self) -> State:
        """Where the next batch begins, and the transformer's generator."""
        return {"position": self._position, "transformer": self._transformer.state()}

    def restore(self, state: State) -> None:
        """Go to where ``state()`` was taken; the arrays must be given again before."""
        self._position = number_in(state, "position")
        self._transformer.restore(part_of(state, "transformer"))

    def _require_consumed(self, what: str) -> None:
        if self._has_new_data:
            raise DataError(f"cannot {what} before the data added last has been used up")

    def _check_count(self, count: int, error: type[MinicaffeError] = DataError) -> None:
        if count == 0 or count % self._batch_size:
            raise error(
                f"{count} item(s) given, expected a multiple of batch_size {self._batch_size}"
            )
