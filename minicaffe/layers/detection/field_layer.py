"""The bottoms and settings that losses and accuracies of fields (anchors) share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from minicaffe.errors import GraphError, MinicaffeError
from minicaffe.layer import Blobs, Layer
from minicaffe.layers.detection.box_group_output import field_mistakes
from minicaffe.layers.detection.field_predictions import (
    FieldPredictions,
    Fields,
    require_groups,
    require_joined,
)
from minicaffe.layers.detection.pixel_boxes import Limits, Normalizer, normalizer_mistakes
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import meant

#: Of Cascade R-CNN's layers, which have several fields at each place.
GroupSettings = caffe_pb2.DetectionGroupLossParameter | caffe_pb2.DetectionGroupAccuracyParameter
#: Of MS-CNN's layers, which have one.
JoinedSettings = caffe_pb2.DetectionLossParameter | caffe_pb2.DetectionAccuracyParameter


class FieldLayer(Layer):
    """A layer that compares what a net says of fields with a label map."""

    backward_reads: tuple[str, ...] = ()
    fork_fields = meant("bbox_reg_param")

    @property
    def settings(self) -> GroupSettings | JoinedSettings:
        """The message of the type that inherits this."""
        raise NotImplementedError(f"{type(self).__name__}.settings")

    def fields(self) -> Fields:
        """The fields at each place."""
        raise NotImplementedError(f"{type(self).__name__}.fields")

    def predictions(self, bottom: Blobs) -> FieldPredictions:
        """What the bottoms hold."""
        raise NotImplementedError(f"{type(self).__name__}.predictions")

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        classes, objectness = self.settings.cls_num, self.settings.objectness
        if not classes:
            yield GraphError("cls_num is missing; give the number of classes and background")
        elif objectness and classes != 2:
            yield GraphError(
                f"objectness is true and cls_num {classes}; expected 2, background and objects"
            )
        yield from self.fields().limits.mistakes()
        yield from normalizer_mistakes(self.param)


class GroupFieldLayer(FieldLayer):
    """Cascade R-CNN's: scores, offsets and labels of several fields, a bottom each."""

    exact_bottoms: ClassVar[int | None] = 3

    @property
    def settings(self) -> GroupSettings:
        """The message of the type that inherits this."""
        raise NotImplementedError(f"{type(self).__name__}.settings")

    def fields(self) -> Fields:
        param = self.settings
        return Fields(
            np.array([param.field_w, param.field_h], self.dtype).T,
            param.stride,
            Normalizer.of(self.param, self.dtype),
            Limits(param.field_xyr, param.field_whr),
        )

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.settings
        yield from field_mistakes(param.field_w, param.field_h, param.stride)
        if len(param.field_w) == len(param.field_h):
            yield from super().param_mistakes()

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        require_groups(bottom, self.settings.cls_num, len(self.settings.field_w))
        super().reshape(bottom, top)

    def predictions(self, bottom: Blobs) -> FieldPredictions:
        return FieldPredictions(*(blob.data for blob in bottom))


class JoinedFieldLayer(FieldLayer):
    """MS-CNN's: scores and offsets of one field in one bottom, labels in the other."""

    exact_bottoms: ClassVar[int | None] = 2

    @property
    def settings(self) -> JoinedSettings:
        """The message of the type that inherits this."""
        raise NotImplementedError(f"{type(self).__name__}.settings")

    def fields(self) -> Fields:
        param = self.settings
        return Fields(
            np.array([[param.field_w, param.field_h]], self.dtype),
            param.downsample_rate,
            Normalizer.of(self.param, self.dtype),
            Limits(param.field_xyr, param.field_whr),
        )

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.settings
        yield from field_mistakes(
            [param.field_w], [param.field_h], param.downsample_rate, "downsample_rate"
        )
        if param.coord_num != 4:
            yield GraphError(f"coord_num is {param.coord_num}; expected 4, for x, y, w and h")
        yield from super().param_mistakes()

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        require_joined(bottom, self.settings.cls_num)
        super().reshape(bottom, top)

    def predictions(self, bottom: Blobs) -> FieldPredictions:
        scores, offsets = np.split(bottom[0].data, [self.settings.cls_num], axis=1)
        return FieldPredictions(scores, offsets, bottom[1].data)
