"""What the data layers have in common: batches that a thread makes ahead."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from minicaffe.blob import Blob
from minicaffe.data.data_transformer import Transformer
from minicaffe.data.prefetch import Prefetcher, Producer
from minicaffe.data.source import ImageSource, State
from minicaffe.errors import DataError
from minicaffe.layer import Blobs, Layer
from minicaffe.proto.own_fields import own_field

MAX_PREFETCH = 10_000


logger = logging.getLogger("minicaffe")


class PrefetchingLayer(Layer):
    """A layer without bottoms whose tops a thread fills ahead.

    A subclass implements :meth:`make_producer`. The thread starts at the first forward.
    """

    exact_bottoms = 0

    #: How many batches are made ahead at most.
    prefetch_depth = 4

    @classmethod
    def source(cls, param: Any) -> str:
        """What the type's own settings name."""
        return str(_settings(param).source)

    @classmethod
    def assumed_shape(cls, param: Any) -> tuple[int, ...] | None:
        """By ``crop_size`` or :meth:`image_size`, with three channels unless it says grey."""
        settings, transform = _settings(param), param.transform_param
        crop = transform.crop_size or getattr(settings, "crop_size", 0)
        size = (crop, crop) if crop else cls.image_size(settings)
        channels = 1 if transform.force_gray or cls.is_gray(settings) else 3
        return (settings.batch_size, channels, *size) if math.prod(size) else None

    @classmethod
    def image_size(cls, settings: Any) -> tuple[int, int]:
        """Height and width to which images are resized; zeros for none."""
        return 0, 0

    @classmethod
    def is_gray(cls, settings: Any) -> bool:
        """Whether images are read as grey."""
        return False

    def make_producer(self, top: Blobs) -> Producer:
        """Check the parameters and open what is to be read."""
        raise NotImplementedError(f"{type(self).__name__}.make_producer")

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        """Open the source; the tops get the shapes of the first batch."""
        self._prefetcher: Prefetcher | None = None
        self._closed = self._reading = False
        self._tops, self._process = top, os.getpid()
        self._producer = self.make_producer(top)
        self._state = self._producer.state()
        for blob, shape in zip(top, self._producer.shapes(), strict=True):
            blob.reshape(*shape)
        logger.info("output data size: %s", ",".join(map(str, top[0].shape)))

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        """Nothing to do: forward gives the tops the shapes of what was read."""

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """Copy the next batch into the tops."""
        if self._closed:
            raise DataError("the net is closed; make a new one to read on")
        self._follow_a_fork()
        if self._reading and not (self._prefetcher and self._prefetcher.failed):
            self.restore(self._state)  # it was interrupted: a batch may be with nobody
        self._reading = True
        if self._prefetcher is None:
            ahead = self.prefetch_depth * self.dtype.itemsize * sum(blob.count for blob in top)
            self.limits.check(ahead, f"a prefetch of {self.prefetch_depth} batches")
            self._prefetcher = Prefetcher(self._producer, self.prefetch_depth, len(top), self.dtype)
        batch = self._prefetcher.get()
        for blob, ready in zip(top, batch.blobs, strict=True):
            blob.reshape_like(ready)
            np.copyto(blob.data, ready.data)
        self._state = batch.state
        self._prefetcher.release(batch)
        self._reading = False

    def _follow_a_fork(self) -> None:
        """In a forked process the thread is missing, and the other process reads on in the same
        open files: open them once more, and go on behind the last batch that was consumed."""
        if self._process == os.getpid():
            return
        producer = self.make_producer(self._tops)
        producer.restore(self._state)
        self._prefetcher, self._producer, self._process = None, producer, os.getpid()

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        """Nothing to do: there are no bottoms."""

    def state(self) -> State:
        """Where reading stands after the last forward; batches made ahead do not count."""
        return self._state

    def restore(self, state: State) -> None:
        """Read on from where ``state()`` was taken."""
        self._follow_a_fork()
        self._stop()
        self._producer.restore(state)
        self._state = self._producer.state()
        self._reading = False

    def close(self) -> None:
        """End the thread and close the source; forward raises from now on."""
        self._closed = True
        if getattr(self, "_producer", None) is not None:
            self._stop()
            self._producer.close()

    def _stop(self) -> None:
        if self._prefetcher is not None:
            self._prefetcher.close()
            self._prefetcher = None


def _settings(param: Any) -> Any:
    """The message of a data layer's own settings."""
    return getattr(param, own_field(param.type) or "")


class ImageProducer:
    """Batches of transformed images, with or without their labels.

    Args:
        source: where the images come from.
        transformer: what is done to them.
        batch_size: how many images a batch has, at least 1.
        labels: whether a batch has labels as its second blob.
    """

    def __init__(
        self, source: ImageSource, transformer: Transformer, batch_size: int, labels: bool
    ) -> None:
        self._source = source
        self._transformer = transformer
        self._batch_size = batch_size
        self._labels = labels

    def shapes(self) -> list[tuple[int, ...]]:
        """(batch size, channels, height, width) and (batch size,)."""
        image = self._transformer.output_shape(self._source.peek().shape)
        shapes: list[tuple[int, ...]] = [(self._batch_size, *image)]
        return [*shapes, (self._batch_size,)] if self._labels else shapes

    def produce(self, blobs: Sequence[Blob]) -> None:
        """Read a batch; its images must be of one size, which may differ from the last's."""
        records = self._source.read(self._batch_size)
        shape = self._transformer.output_shape(records.images.shape[1:])
        blobs[0].reshape(self._batch_size, *shape)
        self._transformer.apply(records.images, blobs[0].data)
        if self._labels:
            blobs[1].reshape(self._batch_size)
            blobs[1].data[...] = records.labels

    def state(self) -> State:
        """The source's place and the transformer's generator."""
        return {"source": self._source.state(), "transformer": self._transformer.state()}

    def restore(self, state: State) -> None:
        """Go back to when ``state()`` was taken."""
        self._source.restore(state["source"])
        self._transformer.restore(state["transformer"])

    def close(self) -> None:
        """Close the source."""
        self._source.close()


def prefetch_depth(param: Any) -> int:
    """How many batches ``data_param { prefetch }`` asks to make ahead.

    Raises:
        DataError: none, or more than make sense.
    """
    depth = positive(param.prefetch, "prefetch")
    if depth > MAX_PREFETCH:
        raise DataError(f"prefetch is {depth}, expected at most {MAX_PREFETCH} batches")
    return depth


def positive(value: int, name: str) -> int:
    """The value of a field that must be at least 1.

    Raises:
        DataError: it is 0, or not given.
    """
    if value < 1:
        raise DataError(f"{name} is {value}, expected at least 1; set {name} in the layer")
    return value


def required(param: Any, name: str) -> str:
    """The value of a text field that must be given.

    Raises:
        DataError: it is not, or is empty.
    """
    value: str = getattr(param, name)
    if not value:
        raise DataError(f"{name} is not given; say what to read with {name}: '…'")
    return value
