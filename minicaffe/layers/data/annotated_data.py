"""AnnotatedData: images with boxes from a database."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from minicaffe.data.backends import open_database
from minicaffe.data.batch_reader import BatchReader
from minicaffe.data.prefetch import prefetch_depth
from minicaffe.data.record_source import RecordSource
from minicaffe.data.source import derived_generator, drawn_skip
from minicaffe.errors import GraphError, MinicaffeError
from minicaffe.layer import Blobs, register
from minicaffe.layers.data.base_data_layer import PrefetchingLayer
from minicaffe.layers.data.data import backend_of, database_mistakes
from minicaffe.layers.detection.annotated_reader import YOLO_ROWS, AnnotatedBatchReader
from minicaffe.layers.detection.augmentation import sampler_mistakes
from minicaffe.layers.detection.resizing import output_size, policy_mistakes
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import meant
from minicaffe.proto.forks import fork_inside

logger = logging.getLogger("minicaffe")

#: What transform_param says of changes to images with boxes.
_CHANGES = ("resize_param", "noise_param", "distort_param", "expand_param", "emit_constraint")


@register("AnnotatedData")
class AnnotatedDataLayer(PrefetchingLayer):
    """Reads AnnotatedDatums, images with boxes, from an LMDB or LevelDB, again and again.

    Each image goes through what its settings ask for, in this order: other colours (distort_param,
    :func:`distort`), a larger canvas of the mean's colour (expand_param, :func:`expand`), a part
    drawn by the batch_samplers (:func:`draw_part`), another size (resize_param,
    :func:`resize_example`; of several, one is drawn by their prob before the first batch, and
    again every 10 batches), noise (:func:`add_noise`); then the mean, the scale, the crop and the
    mirroring of Data. Boxes go along: cut at the edge of what is seen, dropped where nothing of it
    is left or ``emit_constraint`` says so. Images are not compressed in between, as the fork does
    with encoded ones.

    Shapes: no bottom; top 0, images (batch_size, channels, height, width); top 1, optional, true
    boxes (1, 1, G, 8), rows of image, class, instance, xmin, ymin, xmax, ymax in image sides,
    difficult; one row of -1 where there is none. Where the first record has no type and anno_type
    is not given, labels (batch_size). With yolo_data_type 1 (MobileNet-YOLO's) (batch_size, 1, 300,
    5), rows of class - 1, middle x, y, width, height, zeros after the last.

    Settings: ``data_param``: source and batch_size, required; backend (LEVELDB), prefetch (4),
    rand_skip (0), force_encoded_color (false). ``annotated_data_param``: batch_sampler, anno_type;
    label_map_file names classes and changes no number; yolo_data_type (0), yolo_data_jitter (0.3;
    counts with yolo_data_type 1, or if given), train_diffcult (true). ``transform_param``:
    resize_param, noise_param, emit_constraint, distort_param, expand_param, crop_h (0) and crop_w
    (0) besides those of :class:`DataTransformer`.

    Gradients: none, as there are no bottoms.

    Raises:
        DataError: a setting is missing; the database cannot be read, or its records are no
            AnnotatedDatums; images of a batch differ in size.
        GraphError: a sampler or a kind of noise that cannot be used.

    Source: annotated_data_layer.cpp (weiliu89/caffe), with sampler.cpp, im_transforms.cpp and
    data_transformer.cpp; Liu et al., "SSD: single shot multibox detector", 2016 (arXiv:1512.02325),
    section 2.2.
    """

    min_tops = 1
    max_tops = 2
    channels_are_stored = True
    fork_fields = meant(
        "annotated_data_param", "transform_param.resize_param", "transform_param.noise_param",
        "transform_param.emit_constraint", "transform_param.crop_h", "transform_param.crop_w",
        "transform_param.distort_param", "transform_param.expand_param",
    )  # fmt: skip

    @classmethod
    def source(cls, param: caffe_pb2.LayerParameter) -> str:
        return param.data_param.source

    @classmethod
    def assumed_shape(cls, param: caffe_pb2.LayerParameter) -> tuple[int, ...] | None:
        transform, size = param.transform_param, (0, 0)
        if transform.resize_param and all(it.height and it.width for it in transform.resize_param):
            size = output_size((1, 1), transform.resize_param[0])
        height = transform.crop_h or transform.crop_size or size[0]
        width = transform.crop_w or transform.crop_size or size[1]
        channels = 1 if transform.force_gray else 3
        known = param.data_param.batch_size and height and width
        return (param.data_param.batch_size, channels, height, width) if known else None

    @classmethod
    def assumed_labels(cls, param: caffe_pb2.LayerParameter) -> tuple[int, ...]:
        """SSD's rows, as if there were one box, or YOLO's of each image."""
        if param.annotated_data_param.yolo_data_type == 1:
            return (param.data_param.batch_size, 1, YOLO_ROWS, 5)
        return (1, 1, 1, 8)

    @classmethod
    def edge_text(cls, param: caffe_pb2.LayerParameter) -> str:
        """``Batch 32``: the batch size."""
        return f"Batch {param.data_param.batch_size}"

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param, transform = self.param.data_param, self.param.transform_param
        yield from database_mistakes(self.param)
        yield from sampler_mistakes(self.param.annotated_data_param.batch_sampler)
        yield from policy_mistakes(transform.resize_param, param.batch_size)
        if transform.HasField("expand_param") and transform.expand_param.max_expand_ratio < 1:
            yield GraphError(
                f"max_expand_ratio is {transform.expand_param.max_expand_ratio:g}; expected at "
                "least 1"
            )

    def _tell_of_forks(self) -> None:
        """Say which fields of other forks, in the messages that SSD's are in, do nothing here."""
        transform, passed = self.param.transform_param, dict[str, None]()
        for name in _CHANGES:
            found = getattr(transform, name)
            for message in found if hasattr(found, "extend") else [found]:
                for field, value in message.ListFields():
                    fork = fork_inside(message.DESCRIPTOR.name, field.name)
                    if fork and value:
                        passed[f"{name}.{field.name} ({fork})"] = None
        if passed:
            logger.warning(
                "layer '%s' (AnnotatedData): passed over, so images are changed less than there: "
                "%s",
                self.param.name,
                ", ".join(passed),
            )

    def make_reader(self, top: Blobs) -> BatchReader:
        """A reader of the database, opened.

        Raises:
            DataError: the database cannot be read.
        """
        param = self.param.data_param
        self.prefetch_depth = prefetch_depth(param)
        self._tell_of_forks()
        skip = drawn_skip(self.rng, param.rand_skip)
        database = open_database(param.source, backend_of(param.backend, param.source))
        return AnnotatedBatchReader(
            RecordSource(database, skip=skip, ranks=self.ranks), self.param, self.phase,
            derived_generator(self.rng, self.ranks.rank), self.dtype, labels=len(top) == 2,
        )  # fmt: skip
