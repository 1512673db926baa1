"""What the data layers have in common: batches that a thread makes ahead."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Mapping, Sequence
from typing import ClassVar, Protocol

import numpy as np

from minicaffe.data.batch_reader import BatchReader
from minicaffe.data.prefetch import Prefetcher
from minicaffe.data.source import State
from minicaffe.errors import DataError
from minicaffe.layer import Blobs, Layer
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import Effect, changes_nothing, changes_training
from minicaffe.proto.own_fields import own_field

logger = logging.getLogger("minicaffe")


class DataSettings(Protocol):
    """What the messages of all data layers have."""

    source: str
    batch_size: int


class PrefetchingLayer(Layer):
    """A layer without bottoms whose tops a thread fills ahead.

    A subclass implements :meth:`make_reader`. The thread starts at the first forward.

    Raises:
        DataError: by the reader; or the net is closed.

    Attributes:
        reader: what fills the batches; once the thread runs, it alone uses it.
    """

    exact_bottoms = 0
    fork_fields: ClassVar[Mapping[str, Effect]] = {
        **changes_nothing(
            "threads", "parser_threads", "cache", "precache", "disk_reader_threads", "verbose",
            "use_gpu_transform", "forward_packing", "show_data", "dataset_share_per_node",
            "multi_gpu_testing",
        ),
        **changes_training("data_param.shuffle", "random_seed", "mpi_skip_step"),
    }  # fmt: skip

    #: Whether how many channels there are is the stored images' affair alone.
    channels_are_stored: ClassVar[bool] = False
    #: Whether a second top is certainly one label an image.
    one_label: ClassVar[bool] = False

    #: How many batches are made ahead at most.
    prefetch_depth = 4

    @classmethod
    def source(cls, param: caffe_pb2.LayerParameter) -> str:
        """What the type's own settings name."""
        return str(_settings(param).source)

    @classmethod
    def assumed_shape(cls, param: caffe_pb2.LayerParameter) -> tuple[int, ...] | None:
        """By ``crop_size`` or :meth:`image_size`, with three channels unless it says grey."""
        settings, transform = _settings(param), param.transform_param
        crop = transform.crop_size or getattr(settings, "crop_size", 0)
        size = (crop, crop) if crop else cls.image_size(param)
        channels = 1 if transform.force_gray or cls.is_gray(param) else 3
        return (settings.batch_size, channels, *size) if math.prod(size) else None

    @classmethod
    def assumed_labels(cls, param: caffe_pb2.LayerParameter) -> tuple[int, ...]:
        """The shape of a second top, as far as a ``LayerParameter`` says it: (batch_size,)."""
        settings = getattr(param, own_field(param.type) or "data_param")
        return (getattr(settings, "batch_size", 0),)

    @classmethod
    def assumed_shapes(cls, param: caffe_pb2.LayerParameter) -> list[tuple[int, ...] | None]:
        count = len(param.top)
        shapes = [cls.assumed_shape(param), *[None] * count][:count]
        if cls.one_label and len(shapes) == 2 and all(cls.assumed_labels(param)):
            shapes[1] = cls.assumed_labels(param)
        return shapes

    @classmethod
    def image_size(cls, param: caffe_pb2.LayerParameter) -> tuple[int, int]:
        """Height and width to which images are resized; zeros for none."""
        return 0, 0

    @classmethod
    def is_gray(cls, param: caffe_pb2.LayerParameter) -> bool:
        """Whether images are read as grey."""
        return False

    def make_reader(self, top: Blobs) -> BatchReader:
        """Check the settings and open what is to be read.

        Args:
            top: the layer's tops, of which the number counts.

        Raises:
            DataError: a setting is missing or wrong, or something cannot be read.
        """
        raise NotImplementedError(f"{type(self).__name__}.make_reader")

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        """Open the source; the tops get the shapes of the first batch."""
        self._prefetcher: Prefetcher | None = None
        self._closed = self._reading = False
        self._tops, self._process = top, os.getpid()
        self.reader = self.make_reader(top)
        self._state = self._before = self.reader.state()
        for blob, shape in zip(top, self.reader.shapes(), strict=True):
            blob.reshape(*shape)
        logger.info("output data size: %s", ",".join(map(str, top[0].shape)))

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        pass  # forward gives the tops the shapes of what was read

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        if self._closed:
            raise DataError("the net is closed; make a new one to read on")
        self._follow_a_fork()
        if self._reading and not (self._prefetcher and self._prefetcher.failed):
            self.restore(self._state)  # it was interrupted: a batch may be lost
        self._reading = True
        if self._prefetcher is None:
            ahead = self.prefetch_depth * self.dtype.itemsize * sum(blob.count for blob in top)
            self.limits.check(ahead, f"a prefetch of {self.prefetch_depth} batches")
            self._prefetcher = Prefetcher(self.reader, self.prefetch_depth, len(top), self.dtype)
        batch = self._prefetcher.get()
        for blob, ready in zip(top, batch.blobs, strict=True):
            blob.reshape_like(ready)
            np.copyto(blob.data, ready.data)
        self._before, self._state = self._state, batch.state
        self._prefetcher.release(batch)
        self._reading = False

    def _follow_a_fork(self) -> None:
        """In a forked process the thread is missing, and the other process reads on in the same
        open files: open them once more, and go on after the last batch that was consumed."""
        if self._process == os.getpid():
            return
        reader = self.make_reader(self._tops)
        reader.restore(self._state)
        self._prefetcher, self.reader, self._process = None, reader, os.getpid()

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        pass  # there are no bottoms

    def state(self) -> State:
        """The position after the last forward; batches made ahead do not count."""
        return self._state

    def restore(self, state: State) -> None:
        """Read on from where ``state()`` was taken."""
        self._follow_a_fork()
        self._stop()
        self.reader.restore(state)
        self._state = self._before = self.reader.state()
        self._reading = False

    def batch_names(self) -> list[str]:
        """What the records of the last batch are called, by key or file, in its order; nothing
        where they have no names. They are looked up in the source again.

        Raises:
            DataError: that cannot be read any more.
        """
        reader = self.make_reader(self._tops)
        try:
            reader.restore(self._before)
            return reader.names()
        finally:
            reader.close()

    def close(self) -> None:
        """End the thread and close the source; forward raises from now on."""
        self._closed = True
        if getattr(self, "reader", None) is not None:
            self._stop()
            self.reader.close()

    def _stop(self) -> None:
        if self._prefetcher is not None:
            self._prefetcher.close()
            self._prefetcher = None


def _settings(param: caffe_pb2.LayerParameter) -> DataSettings:
    """The message of a data layer's own settings."""
    found: DataSettings = getattr(param, own_field(param.type) or "")
    return found
