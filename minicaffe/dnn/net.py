"""OpenCV's ``dnn::Net`` over a net of minicaffe's."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import numpy as np

from minicaffe.arguments import shown, whole_number
from minicaffe.blob import shape_text
from minicaffe.dnn.blobs import Scalar, scalar
from minicaffe.dnn.layers import INPUT_NAME, INPUT_TYPE, Layer, layer_of, numbered
from minicaffe.dnn.targets import DNN_BACKEND_CANN, DNN_TARGET_CPU_FP16, note_choice
from minicaffe.errors import ArgumentError, GraphError, ShapeError, did_you_mean
from minicaffe.layers.detection.detection_output import DetectionOutput
from minicaffe.net.net import Net as CaffeNet
from minicaffe.net.summary import NetSummary, summarize_net
from minicaffe.proto import caffe_pb2

#: The lengths of an input's axes.
Shape = Sequence[int]

_FLOAT = 4  # bytes of a number


class Net:
    """A net with the methods of OpenCV 4's ``cv2.dnn.Net``; ``readNetFromCaffe`` makes it.

    Layers are counted from 1 in the order of the prototxt; 0 is the input.

    Args:
        net: minicaffe's net; None is an empty one.
        param: the ``NetParameter`` that it was made of.

    Attributes:
        caffe: minicaffe's net, with all that it can do.
    """

    def __init__(
        self, net: CaffeNet | None = None, param: caffe_pb2.NetParameter | None = None
    ) -> None:
        self.caffe = net
        self._param = param or caffe_pb2.NetParameter()
        written = [layer.name for layer in self._param.layer]
        self._nodes = [] if net is None else numbered(net, written)
        self._inputs: dict[str, np.ndarray] = {}
        self._ticks = 0

    @property
    def _net(self) -> CaffeNet:
        if self.caffe is None:
            raise GraphError("the net is empty; readNetFromCaffe reads one")
        return self.caffe

    def empty(self) -> bool:
        """Whether there are no layers."""
        return not self._nodes

    # ---------------------------------------------------------------------------- running

    def setInput(
        self, blob: np.ndarray, name: str = "", scalefactor: float = 1.0, mean: Scalar = ()
    ) -> None:
        """Set an input: (blob - mean) · scalefactor; the net takes its shape.

        Args:
            blob: numbers of any type, mostly images × channels × height × width.
            name: of the input; the first one by default.
            scalefactor: what is multiplied by.
            mean: what is subtracted of each channel first; a single number is the first channel's.

        Raises:
            GraphError: there is no such input.
            ShapeError: the blob has another number of axes than the input.
            ArgumentError: it holds no numbers.
        """
        name = self._input_name(name)
        values = np.asarray(blob)
        if values.dtype.kind not in "uifb":
            raise ArgumentError(f"the blob is {shown(blob)}, expected an array of numbers")
        values = values.astype(np.float32)
        axes = len(self._net.blobs[name].shape)
        if values.ndim != axes:
            raise ShapeError(
                f"the blob has shape {shape_text(values.shape)}, but input '{name}' has {axes} axes"
            )
        if values.ndim > 1:
            means = np.zeros(max(4, values.shape[1]), np.float32)
            means[:4] = scalar(mean, "mean")
            own = means[: values.shape[1]].reshape(-1, *[1] * (values.ndim - 2))
            values = (values - own) * np.float32(scalefactor)
        self._inputs[name] = values

    def forward(
        self,
        outputName: str | Sequence[str] | None = None,
        *,
        outBlobNames: Sequence[str] | None = None,
    ) -> np.ndarray | tuple[np.ndarray, ...]:
        """Run the net up to a layer.

        Args:
            outputName: a layer's name: its first output is returned; a list of names: a tuple of
                them; by default the last layer.
            outBlobNames: OpenCV's name of the list.

        Returns:
            arrays of one's own. Those of DetectionOutput are, as in OpenCV, each image's boxes of
            all classes by falling score, filled up with rows of zeros to ``keep_top_k`` for each
            image.

        Raises:
            GraphError: there is no such layer, or no input was set.
            MinicaffeError: the net cannot take its inputs' shapes.
        """
        names = outBlobNames if outBlobNames is not None else outputName
        if names is None or isinstance(names, str):
            return self._run([names or self._names()[-1]])[0][0]
        return tuple(tops[0] for tops in self._run(list(names)))

    def forwardAndRetrieve(self, outBlobNames: Sequence[str]) -> tuple[tuple[np.ndarray, ...], ...]:
        """All outputs of each of the layers that are named; see :meth:`forward`."""
        return tuple(self._run(list(outBlobNames)))

    def forwardAsync(self, outputName: str = "") -> None:
        """OpenCV runs this on OpenVINO only.

        Raises:
            GraphError: always.
        """
        raise GraphError(
            "forwardAsync needs OpenVINO in OpenCV, and is not here: call forward, in a thread of "
            "your own if it is not to wait (each thread with a net of its own)"
        )

    def _run(self, names: list[str]) -> list[tuple[np.ndarray, ...]]:
        """The outputs of each layer that is named."""
        nodes = [self._node(name) for name in names]
        net = self._net
        self._put_inputs()
        if any(set(net.nodes[node].top_names) - set(net.outputs) for node in nodes):
            net.keep_all()
        start, found = 0, dict[int, tuple[np.ndarray, ...]]()
        begin = time.perf_counter_ns()
        for node in sorted(set(nodes)):
            if start <= node:
                net.forward_from_to(start, node)
            start = node + 1
            found[node] = self._outputs(node)
        self._ticks = time.perf_counter_ns() - begin
        return [found[node] for node in nodes]

    def _put_inputs(self) -> None:
        net = self._net
        missing = [name for name in net.inputs if name not in self._inputs]
        if missing:
            raise GraphError(
                f"input '{missing[0]}' is not set; call setInput(blob, '{missing[0]}')"
            )
        shapes = {name: values.shape for name, values in self._inputs.items()}
        if any(net.blobs[name].shape != shape for name, shape in shapes.items()):
            for name, shape in shapes.items():
                net.blobs[name].reshape(*shape)
            net.reshape()
        for name, values in self._inputs.items():
            net.blobs[name].data[...] = values

    def _outputs(self, node: int) -> tuple[np.ndarray, ...]:
        net = self._net
        tops = tuple(net.blobs[name].data.copy() for name in net.nodes[node].top_names)
        layer = net.layers[node]
        if isinstance(layer, DetectionOutput):
            items = net.blobs[net.nodes[node].bottom_names[0]].shape[0]
            return (_filled_up(tops[0], items * layer.param.detection_output_param.keep_top_k),)
        return tops

    # ------------------------------------------------------------------------------ layers

    def getLayerNames(self) -> tuple[str, ...]:
        """The names of all layers but inputs, in the prototxt's order."""
        return tuple(self._names())

    def getLayerId(self, layer: str) -> int:
        """A layer's number; -1 if there is none of that name."""
        if layer == INPUT_NAME:
            return 0
        names = self._names()
        return names.index(layer) + 1 if layer in names else -1

    def getLayer(self, layerId: int | str) -> Layer:
        """A layer by number or name.

        Raises:
            GraphError: there is none.
        """
        if isinstance(layerId, str) and layerId != INPUT_NAME:
            return layer_of(self._net, self._node(layerId))
        number = 0 if isinstance(layerId, str) else whole_number(layerId, "the layer's number")
        if not 0 <= number <= len(self._nodes):
            raise GraphError(f"there is no layer {number}; there are 0 to {len(self._nodes)}")
        return layer_of(self._net, self._nodes[number - 1]) if number else Layer(INPUT_NAME, "", [])

    def getLayerTypes(self) -> tuple[str, ...]:
        """The types of the layers, each once, in alphabetical order."""
        return tuple(sorted({INPUT_TYPE, *(layer.type for layer in self._layers())}))

    def getLayersCount(self, layerType: str) -> int:
        """How many layers of a type there are."""
        if layerType == INPUT_TYPE:
            return 1
        return sum(layer.type == layerType for layer in self._layers())

    def getUnconnectedOutLayers(self) -> np.ndarray:
        """The numbers of the layers with an output that no layer reads, rising, int32."""
        return np.array([index + 1 for index in self._ends()], np.int32)

    def getUnconnectedOutLayersNames(self) -> tuple[str, ...]:
        """The names of the layers with an output that no layer reads."""
        names = self._names()
        return tuple(names[index] for index in self._ends())

    def getParam(self, layer: int | str, numParam: int = 0) -> np.ndarray:
        """A layer's parameter blob: the net's own memory.

        Raises:
            GraphError: there is none.
        """
        blobs = self.getLayer(layer).blobs
        if not 0 <= numParam < len(blobs):
            raise GraphError(f"layer {shown(layer)} has {len(blobs)} parameter(s), not {numParam}")
        return blobs[numParam]

    def setParam(self, layer: int | str, numParam: int, blob: np.ndarray) -> None:
        """Set a layer's parameter.

        Raises:
            GraphError: there is none.
            ShapeError: the blob holds another number of values.
        """
        own, values = self.getParam(layer, numParam), np.asarray(blob)
        if own.size != values.size:
            raise ShapeError(
                f"the blob has shape {shape_text(values.shape)}, but the parameter "
                f"{shape_text(own.shape)}"
            )
        own[...] = values.reshape(own.shape)

    # ------------------------------------------------------------------------------- facts

    def getPerfProfile(self) -> tuple[int, np.ndarray]:
        """How long the last forward took, in ticks of a nanosecond (OpenCV's, on Linux).

        Returns:
            the whole, and float64 (layers,): all of it at the last layer, as layers run
            in steps of several.
        """
        timings = np.zeros(len(self._nodes))
        timings[-1:] = self._ticks
        return self._ticks, timings

    def getFLOPS(self, netInputShape: Shape | Sequence[Shape]) -> int:
        """Two operations for each product of a weight with a value, for inputs of these shapes.

        (OpenCV counts what is added and compared besides, which is some per cent.)
        """
        return 2 * self._summary(netInputShape).multiply_adds

    def getMemoryConsumption(self, netInputShape: Shape | Sequence[Shape]) -> tuple[int, int]:
        """Bytes of the parameters, and of all layers' outputs, for inputs of these shapes.

        As OpenCV counts, what a layer does in place is counted again. (The net itself takes less.)
        """
        layers = self._summary(netInputShape).layers
        values = sum(math.prod(shape) for layer in layers for shape in layer.shapes or ())
        return _FLOAT * sum(layer.parameters for layer in layers), _FLOAT * values

    # ----------------------------------------------------------------- what means nothing here

    def setPreferableBackend(self, backendId: int) -> None:
        """Take OpenCV's number of a backend; nets run by minicaffe's engine, whatever it is.

        Raises:
            ArgumentError: there is no such number.
        """
        note_choice(backendId, "backend", DNN_BACKEND_CANN, usual=(0, 3))

    def setPreferableTarget(self, targetId: int) -> None:
        """Take OpenCV's number of a target; nets run on the CPU, whatever it is.

        Raises:
            ArgumentError: there is no such number.
        """
        note_choice(targetId, "target", DNN_TARGET_CPU_FP16, usual=(0,))

    def enableFusion(self, fusion: bool) -> None:
        """Take OpenCV's switch; layers are joined as the engine sees fit."""

    def enableWinograd(self, useWinograd: bool) -> None:
        """Take OpenCV's switch; ``conv_math="direct"`` of ``readNetFromCaffe`` is minicaffe's."""

    # ---------------------------------------------------------------------------- one's own

    def _names(self) -> list[str]:
        names = self._net.layer_names
        return [names[node] for node in self._nodes]

    def _layers(self) -> list[Layer]:
        return [layer_of(self._net, node) for node in self._nodes]

    def _input_name(self, name: str) -> str:
        inputs = self._net.inputs
        if not inputs:
            raise GraphError("the net has no input", path=self._net.path)
        if not name:
            return inputs[0]
        if name not in inputs:
            hint = did_you_mean(name, inputs) or f"; there are {', '.join(inputs)}"
            raise GraphError(f"the net has no input '{name}'{hint}", path=self._net.path)
        return name

    def _node(self, name: object) -> int:
        """The number in the net of the layer of this name."""
        names = self._names()
        if name in names:
            return self._nodes[names.index(str(name))]
        hint = did_you_mean(str(name), names)
        for node in self._nodes:
            if name in self._net.nodes[node].top_names:
                hint = f": it is a blob, which layer '{self._net.layer_names[node]}' makes"
        raise GraphError(f"there is no layer {shown(name)}{hint}", path=self._net.path)

    def _ends(self) -> list[int]:
        """The places among the layers of those that last write a blob that no layer reads."""
        last: dict[str, int] = {}
        for index, node in enumerate(self._nodes):
            last.update(dict.fromkeys(self._net.nodes[node].top_names, index))
        return sorted({last[name] for name in self._net.outputs if name in last})

    def _summary(self, shapes: Shape | Sequence[Shape]) -> NetSummary:
        given = [shapes] if shapes and isinstance(shapes[0], int | np.integer) else shapes
        pairs = zip(self._net.inputs, given, strict=False)
        wanted = {name: tuple(map(int, shape)) for name, shape in pairs}  # type: ignore[arg-type]
        return summarize_net(self._param, shapes=wanted)


def _filled_up(rows: np.ndarray, count: int) -> np.ndarray:
    """Detections without those of class -1, each image's by falling score, zeros after them."""
    found = rows[0, 0][rows[0, 0, :, 1] >= 0]
    found = found[np.lexsort((-found[:, 2], found[:, 0]))]
    filled = np.zeros((1, 1, max(count, len(found), 1), 7), rows.dtype)
    filled[0, 0, : len(found)] = found
    return filled
