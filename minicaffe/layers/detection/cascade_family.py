"""What MS-CNN and Cascade R-CNN, which came from it, do a little differently in one layer."""

from __future__ import annotations

from minicaffe.layer import Layer
from minicaffe.layers.detection.pixel_boxes import Common, common_areas, common_pixels
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import Origin, Reading, meant

#: Types that only one of them has.
_OWN_TYPES = {
    "mscnn": ("BoxOutput", "ImageGtData", "DetectionAccuracy"),
    "cascade-rcnn": ("BoxGroupOutput", "DetectionData", "DetectionGroupLoss", "FrcnnOutput"),
}

#: Fields of ``proposal_target_param`` that only Cascade R-CNN has.
_OWN_FIELDS = ("bbox_thr_lw", "bbox_thr_hg", "pickup_discard", "append_gtbox")


class CascadeFamilyLayer(Layer):
    """A layer that both have, told apart by the other types of the net."""

    dialects = ("cascade-rcnn", "mscnn")
    fork_fields = meant("bbox_reg_param")

    @classmethod
    def reading_of(cls, param: caffe_pb2.LayerParameter, origin: Origin) -> Reading:
        given = param.proposal_target_param
        evidence = [
            ("cascade-rcnn", f"`{name}` is given") for name in _OWN_FIELDS if given.HasField(name)
        ]
        evidence += [
            (dialect, f"the net has a {name} layer")
            for dialect, names in _OWN_TYPES.items()
            for name in names
            if name in origin.types
        ]
        return origin.choose(cls.dialects, evidence)

    @property
    def is_mscnn(self) -> bool:
        """Whether the layer is MS-CNN's."""
        return self.reading.dialect == "mscnn"

    @property
    def common(self) -> Common:
        """The area that boxes have in common."""
        return common_areas if self.is_mscnn else common_pixels
