"""RoIDataLayer: where py-faster-rcnn's training nets get their images from."""

from __future__ import annotations

from collections.abc import Iterator

from minicaffe.errors import DataError, GraphError, MinicaffeError
from minicaffe.layer import Blobs, register
from minicaffe.layers.data.input import Input
from minicaffe.layers.detection.rpn_layer import DIALECTS, RFCN, reading_by_net
from minicaffe.layers.detection.rpn_settings import Config, RpnSettings, read_settings
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import Origin, Reading

#: Height and width of images before the first one, in pixels; 600 and 1000 there, which nets that
#: halve their maps five times do not take.
_SIZE = (608, 1024)


@register("RoIDataLayer")
class RoIDataLayer(Input):
    """Blobs that a program fills, as py-faster-rcnn's nets want them.

    A layer ``type: "Python"`` with ``module: "roi_data_layer.layer"`` and this name is this one, if
    there is no module of that name on the path. There a program hands the layer a list of images
    and boxes (``set_roidb``); here it fills the blobs before each forward, and may reshape them:
    images as they are there, less the means of blue, green and red, 102.9801, 115.9465 and
    122.7717. As long as the first blob is 0 there is no image, and forward refuses to run.

    Shapes: no bottom. Tops of a net that proposes regions: 0, an image (1, 3, 608, 1024); 1, its
    height, width and scale (1, 3); 2, true boxes (1, 5): x1, y1, x2, y2 in pixels and the class.
    Tops of Fast R-CNN, whose second one is called rois: 0, images (2, 3, 608, 1024); 1, regions (1,
    5): image, x1, y1, x2, y2; 2, their classes (1); 3 to 5, offsets and their inside and outside
    weights (1, 4 · num_classes); in R-FCN (1, 5, 1, 1), (1, 1, 1, 1) and (1, 8, 1, 1), as all
    classes share their offsets.

    Settings: ``python_param``: param_str, YAML such as ``'num_classes': 21``: num_classes,
    required, background included.

    Gradients: none, as there are no bottoms.

    Raises:
        GraphError: param_str is wrong, or there is another number of tops.
        DataError: there is no image.

    Source: layer.py (rbgirshick/py-faster-rcnn, rbgirshick/fast-rcnn, YuwenXiong/py-R-FCN), of
    roi_data_layer.
    """

    replaces_modules = ("roi_data_layer.layer",)
    dialects = DIALECTS

    @classmethod
    def reading_of(cls, param: caffe_pb2.LayerParameter, origin: Origin) -> Reading:
        return reading_by_net(cls.dialects, param, origin)

    @property
    def _proposes(self) -> bool:
        """Whether the net finds its regions itself."""
        return "rois" not in self.param.top[1:2]

    def _read(self, wrong: list[GraphError]) -> RpnSettings:
        return read_settings(self.param_str, "num_classes", Config(), wrong)[0]

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        wrong: list[GraphError] = []
        self._read(wrong)
        yield from wrong
        tops, known = len(self.param.top), (3,) if self._proposes else (3, 5, 6)
        if tops not in known:
            yield GraphError(
                f"{tops} top(s); expected data, im_info and gt_boxes, or data, rois, labels, "
                "bbox_targets, bbox_inside_weights and bbox_outside_weights"
            )

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        for blob, shape in zip(top, self._shapes(), strict=False):
            blob.reshape(*shape)

    def _shapes(self) -> list[tuple[int, ...]]:
        """The tops' shapes before the first image."""
        if self._proposes:
            return [(1, 3, *_SIZE), (1, 3), (1, 5)]
        images = (2, 3, *_SIZE)
        if self.reading.dialect in RFCN:
            return [images, (1, 5, 1, 1), (1, 1, 1, 1), *[(1, 8, 1, 1)] * 3]
        return [images, (1, 5), (1,), *[(1, 4 * self._read([]).num_classes)] * 3]

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        if not top[0].data.any():
            names = " and ".join([", ".join(self.param.top[:-1]), self.param.top[-1]])
            raise DataError(
                f"'{self.param.top[0]}' is 0, so there is no image: py-faster-rcnn's imdb is not "
                f"read here; fill {names} by net.blobs[…].data before each forward, or put its "
                "folder lib on PYTHONPATH"
            )
