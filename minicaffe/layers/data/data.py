"""Data: images from a database."""

from __future__ import annotations

from collections.abc import Iterator

from minicaffe.data.augmentation import AUGMENTING
from minicaffe.data.backends import kind_of, open_source
from minicaffe.data.batch_reader import BatchReader, ImageBatchReader, at_least_one, required_text
from minicaffe.data.data_transformer import DataTransformer, transform_mistakes
from minicaffe.data.datum import forced_color
from minicaffe.data.prefetch import prefetch_depth
from minicaffe.data.source import derived_generator, drawn_skip
from minicaffe.errors import DataError, MinicaffeError, raised_by
from minicaffe.layer import Blobs, register
from minicaffe.layers.data.base_data_layer import PrefetchingLayer
from minicaffe.proto import caffe_pb2


def database_mistakes(layer: caffe_pb2.LayerParameter) -> Iterator[MinicaffeError]:
    """What is wrong with the settings that all layers have which read a database."""
    param, transform = layer.data_param, layer.transform_param
    yield from raised_by(at_least_one, param.batch_size, "batch_size")
    yield from raised_by(prefetch_depth, param)
    yield from raised_by(required_text, param, "source")
    yield from raised_by(lambda: forced_color(transform, color=param.force_encoded_color))
    yield from transform_mistakes(transform)


@register("Data")
class DataLayer(PrefetchingLayer):
    """Reads Datums from an LMDB or LevelDB, in the order of the keys, again and again.

    Decoded images stay in memory when the whole database takes at most 256 MiB.

    Shapes: no bottom; top 0, images (batch_size, channels, height, width); top 1, optional, labels
    (batch_size). The size is that of a batch's first image, so it may change from batch to batch;
    images of one batch must be alike.

    Settings: ``data_param``: source and batch_size, required; backend (LEVELDB), prefetch (4;
    batches made ahead), rand_skip (0; fewer than that many records are passed over at the start;
    Caffe's last version ignores it, the earlier ones do not), force_encoded_color (false).
    ``transform_param``: see :class:`DataTransformer`.

    Gradients: none, as there are no bottoms.

    Raises:
        DataError: a setting is missing; the database cannot be read, is of the other kind or is
            damaged; images of a batch differ in size.

    Source: data_layer.cpp (BVLC/caffe).
    """

    fork_fields = AUGMENTING
    channels_are_stored = one_label = True
    min_tops = 1
    max_tops = 2

    @classmethod
    def edge_text(cls, param: caffe_pb2.LayerParameter) -> str:
        """``Batch 64``: the batch size."""
        return f"Batch {param.data_param.batch_size}"

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        yield from database_mistakes(self.param)

    def make_reader(self, top: Blobs) -> BatchReader:
        """A reader of the database, opened.

        Raises:
            DataError: a setting is missing or wrong, or the database cannot be read.
        """
        param, transform = self.param.data_param, self.param.transform_param
        self.prefetch_depth = prefetch_depth(param)
        backend = backend_of(param.backend, param.source)
        color = forced_color(transform, color=param.force_encoded_color)
        rng = derived_generator(self.rng, self.ranks.rank)
        transformer = DataTransformer(transform, self.phase, rng, self.dtype)
        skip = drawn_skip(self.rng, param.rand_skip)
        images = open_source(param.source, backend, color, skip=skip, ranks=self.ranks)
        return ImageBatchReader(images, transformer, param.batch_size, labels=len(top) == 2)


def backend_of(backend: int, source: str) -> str:
    """The kind of database, ``lmdb`` or ``leveldb``.

    Args:
        backend: a ``DataParameter.DB``.
        source: the folder.

    Raises:
        DataError: the folder obviously holds the other kind.
    """
    found = kind_of(source)
    if backend == caffe_pb2.DataParameter.LMDB:
        if found == "leveldb":
            raise DataError(
                f"backend is LMDB, but '{source}' holds a LevelDB; write 'backend: LEVELDB'"
            )
        return "lmdb"
    if found == "lmdb":
        raise DataError(
            f"backend is LEVELDB (the default), but '{source}' holds an LMDB; add 'backend: LMDB'"
        )
    return "leveldb"
