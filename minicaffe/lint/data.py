"""Data layers: what is done to images, and what a look into the data shows."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from minicaffe.data.augmentation import AUGMENTATIONS
from minicaffe.data.backends import open_database
from minicaffe.data.db import decode_record, records_of
from minicaffe.data.image_list import read_image_list
from minicaffe.errors import MinicaffeError
from minicaffe.layer import find_layer_class
from minicaffe.lint.diagnostic import Diagnostic, Severity
from minicaffe.lint.rules import Examined, PhaseNet, rule
from minicaffe.net.graph import LayerRef
from minicaffe.net.net import TEST, TRAIN
from minicaffe.proto import caffe_pb2
from minicaffe.weights.blob_proto import read_blob

#: How many records of a data set are looked at.
RECORDS = 2000
_IMAGES = ("Data", "ImageData", "MemoryData", "WindowData")
_MEAN_LIMIT = 1.0


@rule("MC201")
def mean_after_scale(examined: Examined) -> Iterator[Diagnostic]:
    """A mean between 0 and 1 is subtracted from images whose values go to 255.

    Caffe subtracts the mean first, and multiplies by ``scale`` then: ``(x - mean) · scale``. So the
    mean is one of the stored values, 0 to 255, whatever the scale is. With a mean of 0.5 and a
    scale of 1/255 nearly nothing is subtracted.

    Found::

        layer { name: "data" type: "ImageData" top: "data" top: "label"
          transform_param { scale: 0.00390625 mean_value: 0.5 }
          image_data_param { source: "list.txt" batch_size: 4 new_height: 8 new_width: 8 } }
        layer { name: "silence" type: "Silence" bottom: "data" bottom: "label" }

    Mended::

        layer { name: "data" type: "ImageData" top: "data" top: "label"
          transform_param { scale: 0.00390625 mean_value: 128 }
          image_data_param { source: "list.txt" batch_size: 4 new_height: 8 new_width: 8 } }
        layer { name: "silence" type: "Silence" bottom: "data" bottom: "label" }
    """
    for net, layer in _data_layers(examined):
        transform = layer.param.transform_param
        means = [mean for mean in transform.mean_value if mean]
        if means and max(map(abs, means)) < _MEAN_LIMIT and transform.scale != 1:
            yield net.remark(
                layer,
                f"mean_value {means[0]:g} is subtracted before the values are multiplied by "
                f"{transform.scale:g}, so it is one of 0 to 255",
                f"write mean_value: {means[0] / transform.scale:g}",
                field=("transform_param", "mean_value"),
            )


@rule("MC202")
def phases_see_other_values(examined: Examined) -> Iterator[Diagnostic]:
    """The data layers of TRAIN and TEST scale differently, or subtract other means.

    What the net has learned is for values of one size.

    Found::

        layer { name: "data" type: "ImageData" top: "data" top: "label" include { phase: TRAIN }
          transform_param { scale: 0.00390625 }
          image_data_param { source: "train.txt" batch_size: 4 shuffle: true } }
        layer { name: "data" type: "ImageData" top: "data" top: "label" include { phase: TEST }
          image_data_param { source: "test.txt" batch_size: 4 } }
        layer { name: "silence" type: "Silence" bottom: "data" bottom: "label" }

    Mended::

        layer { name: "data" type: "ImageData" top: "data" top: "label" include { phase: TRAIN }
          transform_param { scale: 0.00390625 }
          image_data_param { source: "train.txt" batch_size: 4 shuffle: true } }
        layer { name: "data" type: "ImageData" top: "data" top: "label" include { phase: TEST }
          transform_param { scale: 0.00390625 }
          image_data_param { source: "test.txt" batch_size: 4 } }
        layer { name: "silence" type: "Silence" bottom: "data" bottom: "label" }
    """
    trained = {
        layer.tops[0].name: layer
        for net, layer in _data_layers(examined)
        if net.phase == TRAIN and layer.tops
    }
    for net, layer in _data_layers(examined):
        other = trained.get(layer.tops[0].name) if layer.tops else None
        if net.phase != TEST or other is None or layer.type != other.type:
            continue
        here, there = layer.param.transform_param, other.param.transform_param
        for name in ("scale", "mean_value", "mean_file"):
            if getattr(here, name) != getattr(there, name):
                yield net.remark(
                    layer,
                    f"{name} is another in phase TEST ({_written(here, name)}) than in phase TRAIN "
                    f"({_written(there, name)})",
                    "write the same in both",
                    field=("transform_param", name),
                    related=[(other, "in phase TRAIN")],
                )


def _written(transform: caffe_pb2.TransformationParameter, name: str) -> str:
    value = getattr(transform, name)
    if isinstance(value, float):
        return f"{value:g}"
    return value or "none" if isinstance(value, str) else str(list(value) or "none")


@rule("MC203")
def crop_beyond_image(examined: Examined) -> Iterator[Diagnostic]:
    """``crop_size`` is larger than the size that images are brought to before.

    Found::

        layer { name: "data" type: "ImageData" top: "data" top: "label"
          transform_param { crop_size: 227 }
          image_data_param { source: "list.txt" batch_size: 4 new_height: 224 new_width: 224 } }
        layer { name: "silence" type: "Silence" bottom: "data" bottom: "label" }

    Mended::

        layer { name: "data" type: "ImageData" top: "data" top: "label"
          transform_param { crop_size: 227 }
          image_data_param { source: "list.txt" batch_size: 4 new_height: 256 new_width: 256 } }
        layer { name: "silence" type: "Silence" bottom: "data" bottom: "label" }
    """
    for net, layer in _data_layers(examined):
        crop = layer.param.transform_param.crop_size
        settings = layer.param.image_data_param
        sizes = [size for size in (settings.new_height, settings.new_width) if size]
        grows = layer.param.transform_param.HasField("random_aspect_ratio_param")
        if layer.type == "ImageData" and sizes and crop > min(sizes) and not grows:
            yield net.remark(
                layer,
                f"crop_size is {crop}, but images are brought to "
                f"{settings.new_height}×{settings.new_width} before",
                "enlarge new_height and new_width, or lower crop_size",
                field=("transform_param", "crop_size"),
            )


@rule("MC204", Severity.NOTE)
def mirrored_tests(examined: Examined) -> Iterator[Diagnostic]:
    """Images are mirrored at random in phase TEST: two tests of one net differ.

    Found::

        layer { name: "data" type: "ImageData" top: "data" top: "label" include { phase: TEST }
          transform_param { mirror: true }
          image_data_param { source: "test.txt" batch_size: 4 } }
        layer { name: "silence" type: "Silence" bottom: "data" bottom: "label" }

    Mended::

        layer { name: "data" type: "ImageData" top: "data" top: "label" include { phase: TEST }
          image_data_param { source: "test.txt" batch_size: 4 } }
        layer { name: "silence" type: "Silence" bottom: "data" bottom: "label" }
    """
    for net, layer in _data_layers(examined):
        if _only_tests(net, layer) and layer.param.transform_param.mirror:
            edits = net.edits(layer)
            yield net.remark(
                layer,
                "images are mirrored at random in phase TEST",
                "leave mirror out",
                field=("transform_param", "mirror"),
                fix=edits.remove(("transform_param", "mirror"), safe=False) if edits else None,
            )


@rule("MC208", Severity.NOTE)
def augmented_tests(examined: Examined) -> Iterator[Diagnostic]:
    """Images are to be changed at random by a layer for phase TEST, where none are.

    Found::

        layer { name: "data" type: "ImageData" top: "data" top: "label" include { phase: TEST }
          transform_param { max_rotation_angle: 10 }
          image_data_param { source: "test.txt" batch_size: 4 } }
        layer { name: "silence" type: "Silence" bottom: "data" bottom: "label" }

    Mended::

        layer { name: "data" type: "ImageData" top: "data" top: "label" include { phase: TEST }
          image_data_param { source: "test.txt" batch_size: 4 } }
        layer { name: "silence" type: "Silence" bottom: "data" bottom: "label" }
    """
    for net, layer in _data_layers(examined):
        transform = layer.param.transform_param
        found = [name for name in AUGMENTATIONS if transform.HasField(name)]
        if found and _only_tests(net, layer):
            yield net.remark(
                layer,
                f"{found[0]} does nothing in phase TEST",
                "leave it out here; it is for the layer that training reads",
                field=("transform_param", found[0]),
            )


@rule("MC205")
def list_in_its_order(examined: Examined) -> Iterator[Diagnostic]:
    """A list of images is read in its order in phase TRAIN.

    Lists are mostly made class by class. A batch then holds one class, and the net forgets the
    others. (Databases keep the order in which they were written: `convert_imageset --shuffle`.)

    Found::

        layer { name: "data" type: "ImageData" top: "data" top: "label" include { phase: TRAIN }
          image_data_param { source: "train.txt" batch_size: 4 } }
        layer { name: "silence" type: "Silence" bottom: "data" bottom: "label" }

    Mended::

        layer { name: "data" type: "ImageData" top: "data" top: "label" include { phase: TRAIN }
          image_data_param { source: "train.txt" batch_size: 4 shuffle: true } }
        layer { name: "silence" type: "Silence" bottom: "data" bottom: "label" }
    """
    for net, layer in _data_layers(examined):
        only_train = layer.param.include and all(r.phase == TRAIN for r in layer.param.include)
        plain = layer.type == "ImageData" and not layer.param.image_data_param.shuffle
        if net.phase == TRAIN and only_train and plain:
            edits = net.edits(layer)
            path = ("image_data_param", "shuffle")
            yield net.remark(
                layer,
                "the images of the list are read in its order in phase TRAIN",
                "write shuffle: true, unless the list is in random order",
                field=("image_data_param", "source"),
                fix=edits.set(path, "true", safe=False) if edits else None,
            )


@rule("MC207")
def mean_of_another_size(examined: Examined) -> Iterator[Diagnostic]:
    """A mean file holds an image of another size than those that it is subtracted from.

    A mean file is as large as the stored images, before they are cropped. The file itself is read,
    no images.

    Found::

        layer { name: "data" type: "ImageData" top: "data" top: "label"
          transform_param { mean_file: "mean_8x8.binaryproto" }
          image_data_param { source: "list.txt" batch_size: 4 new_height: 9 new_width: 9 } }
        layer { name: "silence" type: "Silence" bottom: "data" bottom: "label" }

    Mended::

        layer { name: "data" type: "ImageData" top: "data" top: "label"
          transform_param { mean_file: "mean_8x8.binaryproto" }
          image_data_param { source: "list.txt" batch_size: 4 new_height: 8 new_width: 8 } }
        layer { name: "silence" type: "Silence" bottom: "data" bottom: "label" }
    """
    for net, layer in _data_layers(examined):
        name = layer.param.transform_param.mean_file
        settings = layer.param.image_data_param
        if layer.type != "ImageData" or not name or not os.path.exists(name):
            continue
        try:
            mean = read_blob(name, inner=True)
        except MinicaffeError:
            continue  # which its layer says
        size = (settings.new_height, settings.new_width)
        if all(size) and mean.shape[-2:] != size:
            height, width = mean.shape[-2:]
            yield net.remark(
                layer,
                f"the mean of '{name}' is for images of {height}×{width}, and these are "
                f"{size[0]}×{size[1]}",
                "make it again by `minicaffe compute_image_mean`, or give mean_value",
                field=("transform_param", "mean_file"),
            )


# ----------------------------------------------------------- a look into the data


class _Record(NamedTuple):
    label: int
    shape: tuple[int, ...]


@dataclass
class _Sample:
    """The first records of a data set.

    Attributes:
        records: label and image's shape of each; no shapes are known of a list of images.
        count: of all records; None where that is not known.
    """

    records: list[_Record]
    count: int | None


@rule("MC221")
def sorted_labels(examined: Examined) -> Iterator[Diagnostic]:
    """The first records of a training set are all of one class, or sorted by class.

    Looked for with ``--data``, which reads the first 2000 records. Shuffle the list before a
    database is made of it (`minicaffe convert_imageset --shuffle`).
    """
    for net, layer, sample in _samples(examined):
        labels = [record.label for record in sample.records]
        shuffled = layer.param.image_data_param.shuffle
        if net.phase != TRAIN or len(labels) < 32 or shuffled:
            continue
        if labels == sorted(labels):
            same = "all of one class" if labels[0] == labels[-1] else "sorted by their labels"
            yield net.remark(
                layer,
                f"the first {len(labels)} records are {same}",
                "shuffle them: a batch is to hold several classes",
            )


@rule("MC222")
def labels_beyond_classes(examined: Examined) -> Iterator[Diagnostic]:
    """A label is not below the number of classes that a net computes.

    Looked for with ``--data``, which reads the first 2000 records. Labels count from 0, so ten
    classes have the labels 0 to 9.
    """
    for net, layer, sample in _samples(examined):
        classes = _classes(net, layer)
        largest = max((record.label for record in sample.records), default=0)
        if classes is not None and largest >= classes[1]:
            yield net.remark(
                layer,
                f"there is the label {largest}, but only {classes[1]} classes are computed, "
                f"0 to {classes[1] - 1}",
                "raise num_output, or mend the labels (they count from 0)",
                related=[(classes[0], f"num_output is {classes[1]} here")],
            )


@rule("MC223")
def mixed_shapes(examined: Examined) -> Iterator[Diagnostic]:
    """The images of a database differ in size or in their number of channels.

    Looked for with ``--data``, which reads the first 2000 records.
    """
    for net, layer, sample in _samples(examined):
        shapes = sorted({record.shape for record in sample.records if record.shape})
        channels = {shape[0] for shape in shapes}
        cropped = layer.param.transform_param.crop_size > 0
        if len(channels) > 1 or (len(shapes) > 1 and not cropped):
            what = "channels" if len(channels) > 1 else "size"
            text = ", ".join("×".join(map(str, shape)) for shape in shapes[:3])
            yield net.remark(
                layer,
                f"its images differ in {what}: {text}",
                "make the database with --resize_height and --resize_width, or with --gray",
            )


@rule("MC224")
def test_set_not_passed_once(examined: Examined) -> Iterator[Diagnostic]:
    """``test_iter`` batches hold fewer or more records than the test set has.

    Looked for with ``--data``. Each record counts once when ``test_iter`` times the batch size is
    the size of the test set.
    """
    if examined.solver is None or not examined.solver.test_iter:
        return
    batches = examined.solver.test_iter[0]
    for net, layer, sample in _samples(examined):
        shapes = net.shapes.get(layer.tops[0], ()) if layer.tops else ()
        batch = shapes[0] if shapes else _batch_size(layer)
        if net.phase == TEST and sample.count and batch and batches * batch != sample.count:
            yield examined.remark(
                "test_iter",
                f"test_iter is {batches} and a batch has {batch} images, {batches * batch} in all; "
                f"the test set has {sample.count}",
                f"write test_iter: {max(1, round(sample.count / batch))}",
            )


def _samples(examined: Examined) -> Iterator[tuple[PhaseNet, LayerRef, _Sample]]:
    """The data layers whose records may be read, each with the first of them."""
    if not examined.look_into_data:
        return
    for net, layer in _data_layers(examined):
        try:
            sample = _sample(layer)
        except MinicaffeError:
            continue  # the layer says so when it is built
        if sample is not None:
            yield net, layer, sample


def _sample(layer: LayerRef) -> _Sample | None:
    source = find_layer_class(layer.type).source(layer.param)
    if not source or not os.path.exists(source):
        return None
    if layer.type == "ImageData":
        pairs = read_image_list(source, inner=True)
        records = [_Record(pairs[i][1], ()) for i in range(min(RECORDS, len(pairs)))]
        return _Sample(records, len(pairs))
    if layer.type != "Data":
        return None
    backend = caffe_pb2.DataParameter.DB.Name(layer.param.data_param.backend).lower()
    database = open_database(source, backend)
    records = []
    for key, value in itertools.islice(records_of(database), RECORDS):
        image, label = decode_record(database, key, value)
        records.append(_Record(label, np.shape(image)))
    return _Sample(records, database.entries)


def _data_layers(examined: Examined) -> Iterator[tuple[PhaseNet, LayerRef]]:
    for net in examined.nets:
        for layer in net.graph.layers:
            if layer.type in _IMAGES and not layer.bottoms:
                yield net, layer


def _only_tests(net: PhaseNet, layer: LayerRef) -> bool:
    """Whether a layer is in this net of phase TEST, and by its rules in no other phase."""
    rules = layer.param.include
    return net.phase == TEST and bool(rules) and all(rule.phase == TEST for rule in rules)


def _batch_size(layer: LayerRef) -> int:
    own = layer.param.data_param if layer.type == "Data" else layer.param.image_data_param
    return own.batch_size


def _classes(net: PhaseNet, layer: LayerRef) -> tuple[LayerRef, int] | None:
    """The layer that scores the classes of a data layer's labels, and how many there are."""
    if len(layer.tops) < 2:
        return None
    for reader in net.graph.readers(layer.tops[1]):
        if reader.type not in ("SoftmaxWithLoss", "Accuracy"):
            continue
        maker = reader.bottoms[0].producer
        if maker.type == "InnerProduct":
            return maker, maker.param.inner_product_param.num_output
    return None
