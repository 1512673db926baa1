"""What the layers of makefile's frcnn have in common: their settings are beside the net."""

from __future__ import annotations

import logging
from typing import ClassVar

from minicaffe.errors import GraphError
from minicaffe.layer import Blobs
from minicaffe.layers.detection.rpn_layer import RpnLayer
from minicaffe.layers.detection.rpn_settings import Config, RpnSettings, in_test, read_settings
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import Origin, Reading

logger = logging.getLogger("minicaffe")

#: What voc_config.json says otherwise than py-faster-rcnn's config.py.
_VOC = Config(bg_thresh_lo=0.0, bbox_normalize_targets_precomputed=True)

#: What the fork's file says in any case, and ``param_str`` need not.
_GIVEN = {"feat_stride": "16", "num_classes": "21"}


class FrcnnLayer(RpnLayer):
    """A layer whose settings are those of VOC, unless ``python_param { param_str }`` says else."""

    dialects: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def reading_of(cls, param: caffe_pb2.LayerParameter, origin: Origin) -> Reading:
        return Reading()

    def config_of_fork(self) -> Config:
        return in_test(_VOC) if self.phase == caffe_pb2.TEST else _VOC

    def told(self, wrong: list[GraphError]) -> tuple[RpnSettings, list[str]]:
        text = self.param_str
        if not text.strip():
            text = f"{self.required}: {_GIVEN[self.required]}"
        return read_settings(text, self.required, self.config_of_fork(), wrong)

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        super().setup(bottom, top)
        if not self.param_str.strip():
            logger.warning(
                "layer '%s' (%s): its fork has anchors, thresholds and the number of classes in a "
                "JSON file that the net does not name; those of VOC are taken, unless "
                "python_param { param_str: \"%s: %s, …\" } says else",
                self.param.name, self.type, self.required, _GIVEN[self.required],
            )  # fmt: skip
