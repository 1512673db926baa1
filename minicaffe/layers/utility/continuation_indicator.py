"""ContinuationIndicator: where sequences begin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from minicaffe.errors import GraphError, MinicaffeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.gradients import clear_gradients
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import Origin, Reading


@register("ContinuationIndicator")
class ContinuationIndicator(Layer):
    """The cont of an LSTM or RNN whose batches are whole sequences: 0 at the first step, then 1.

    crnn.caffe's has no bottom and says how many sequences there are; jolibrain's takes that from
    its bottom.

    Shapes: bottom, optional, of any shape, whose axis ``axis`` counts the sequences; top
    (time_step, sequences).

    Settings: ``continuation_indicator_param``: time_step, required; batch_size, required without a
    bottom; axis (0), with a bottom.

    Gradients: none: the top does not depend on the bottom's values; the bottom gets 0.

    Raises:
        GraphError: a number is missing.
        ShapeError: the bottom has no such axis.

    Source: continuation_indicator_layer.cpp (jolibrain/caffe); that of yalecyu/crnn.caffe.
    """

    dialects = ("jolibrain", "crnn")
    in_place = False
    max_bottoms = 1
    exact_tops = 1
    gives_data = False
    size_bottoms = frozenset({0})
    backward_reads = ()

    @classmethod
    def opens_files(cls, param: caffe_pb2.LayerParameter) -> bool:
        return False

    @classmethod
    def reading_of(cls, param: caffe_pb2.LayerParameter, origin: Origin) -> Reading:
        """Whether there is a bottom alone decides."""
        if param.bottom:
            return Reading("jolibrain", "it has a bottom")
        return Reading("crnn", "it has no bottom")

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.continuation_indicator_param
        if not param.time_step:
            yield GraphError("time_step is missing or 0, expected the length of a sequence")
        if not self.param.bottom and not param.batch_size:
            yield GraphError(
                "batch_size is missing or 0; give the number of sequences, or a bottom that has it"
            )

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.continuation_indicator_param
        count = param.batch_size
        if bottom:
            count = bottom[0].shape[bottom[0].axis(param.axis)]
        top[0].reshape(param.time_step, count)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        top[0].data[...] = 1
        top[0].data[:1] = 0

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        clear_gradients(propagate_down, bottom)
