"""Net: layers connected by blobs, ready to run."""

from __future__ import annotations

import logging
import os
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from minicaffe import arguments
from minicaffe import common as runtime
from minicaffe.arguments import old_name
from minicaffe.blob import Blob, BlobVec
from minicaffe.engines import Plan, find_engine
from minicaffe.errors import ArgumentError, GraphError, MinicaffeError, did_you_mean, visible
from minicaffe.layer import Layer, LayerVec
from minicaffe.layers.data.input import Input
from minicaffe.layers.data.memory_data import MemoryDataLayer
from minicaffe.named import Named
from minicaffe.net import copying
from minicaffe.net import debug_info as debug
from minicaffe.net import pycaffe as batches
from minicaffe.net.callbacks import Hook, Hooks
from minicaffe.net.check import checked_splits
from minicaffe.net.filter import filter_net, set_state
from minicaffe.net.in_place import keep_overwritten, tell_of_real_caffe
from minicaffe.net.init import NetBuilder, net_parameter
from minicaffe.net.net_weights import NetWeights
from minicaffe.net.params import LearnableParam, ParamArena
from minicaffe.net.pycaffe import (
    existing_blobs,
    fill_inputs,
    fill_top_diffs,
    more_blobs,
    phase_level_weights,
)
from minicaffe.net.turn import Turn, in_turn
from minicaffe.options import RunOptions
from minicaffe.proto import caffe_pb2
from minicaffe.syncedmem import release

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

logger = logging.getLogger("minicaffe")


TRAIN: int = caffe_pb2.TRAIN


TEST: int = caffe_pb2.TEST


Item = TypeVar("Item")


Result = TypeVar("Result")


class Net(NetWeights):
    """A network, built from prototxt for one phase.

    Args:
        network_file: a prototxt file, or a ``NetParameter``.
        phase: ``TRAIN`` or ``TEST``. (``Net(file, weights_file, phase)``, pycaffe's older
            form, works too; without a phase it is TEST, as in ``Net(file)``.)
        level, stages: with the phase, what include and exclude rules are compared with;
            level 0 and no stages if not given.
        weights: a ``.caffemodel`` (or ``.caffemodel.h5``) to copy trained layers from.
        seed: of fillers, dropout and augmentation; None takes one from
            :func:`minicaffe.set_random_seed`, or else from the system.
        dtype: of all blobs; float32 unless gradients are being checked.
        path: the file that a ``NetParameter`` came from, for error messages.
        engine, precision, fuse, keep, allow_python_layers, max_memory: how it runs and what it
            may do: see :class:`minicaffe.options.RunOptions`, which has them as ``options``.

    Raises:
        ArgumentError: arguments of a wrong kind, or in a wrong order.
        MemoryLimitError: the blobs take more than ``max_memory``; names the layer.
        PrototxtError: the file cannot be read; all its problems at once.
        GraphError: layers that do not fit together.
        ShapeError: a layer cannot take its bottoms' shapes.
        SnapshotError: the weights cannot be read, or do not fit.
        EngineError: the engine, or its precision, cannot be had on this machine.
        ThreadError: from any method, when another thread is running this net.

    ``blobs`` maps names to :class:`Blob`; ``params`` maps layer names to their parameter
    blobs; both in the net's order. ``inputs`` and ``outputs`` are blob names. ``budget``
    counts the memory that they declare.
    """

    warned_of_nan = False  # that an input holds it
    _warned_of_gradients = False

    def __init__(
        self,
        network_file: str | os.PathLike[str] | Any,
        phase: int | str | os.PathLike[str] = TEST,
        level: int | None = None,
        stages: Iterable[str] | None = None,
        weights: str | os.PathLike[str] | None = None,
        *,
        seed: int | None = None,
        dtype: DTypeLike = np.float32,
        path: str | None = None,
        engine: str | None = None,
        precision: str = "float32",
        fuse: bool = True,
        keep: str = "all",
        allow_python_layers: bool = True,
        max_memory: int | None = None,
    ) -> None:
        self.turn = Turn()
        phase, level, weights = phase_level_weights(phase, level, weights)
        stages = arguments.names(stages, "stages", "deploy")
        seed = None if seed is None else arguments.whole_number(seed, "seed", least=0)
        self.engine = find_engine(engine, precision)
        self.options = RunOptions(engine, precision, fuse, keep, allow_python_layers, max_memory)
        param, self.path = net_parameter(network_file, path)
        if phase not in (TRAIN, TEST):
            raise GraphError(f"phase is {phase!r}, expected TRAIN (0) or TEST (1)")
        set_state(param, phase, level, stages)
        self.phase = phase
        self._watched = self._in_flight = False
        self._recipe = copying.recipe(param)
        self.dtype = np.dtype(dtype)
        self._build(param, runtime.next_seed() if seed is None else seed)
        if weights is not None:
            self.copy_from(weights)

    def _build(self, param: caffe_pb2.NetParameter, seed: int | None) -> None:
        self.name: str = param.name
        self.debug_info: bool = param.debug_info
        try:
            filtered = filter_net(param)
        except MinicaffeError as error:
            raise error.locate(path=self.path) from None
        limits = self.options.limits
        split = checked_splits(filtered, param, self.path, limits, self.dtype)
        built = NetBuilder(split, path=self.path, seed=seed, dtype=self.dtype, limits=limits)
        self.nodes = built.nodes
        keep_overwritten(self.nodes)
        tell_of_real_caffe(self.nodes, self.path)
        self.budget = built.budget
        self.hooks = Hooks()
        self._has_run: set[int] = set()  # layers forward, by number
        self._shapes_of_run: list[tuple[int, ...]] = []  # of all blobs after the last forward
        self.layers: list[Layer] = LayerVec(node.layer for node in self.nodes)
        self._layer_names: list[str] = [node.name for node in self.nodes]
        self._blob_names: list[str] = built.blob_names
        self._blobs: list[Blob] = built.blobs
        self._blob_loss_weights: list[float] = built.blob_loss_weights
        self._inputs: list[int] = [
            i for node in self.nodes if isinstance(node.layer, Input) for i in node.top_ids
        ]
        self._outputs: list[int] = built.outputs
        self.blobs: OrderedDict[str, Blob] = Named(
            zip(self._blob_names, self._blobs, strict=True),
            what="blob",
            path=self.path,
            others={"it is a layer, whose blobs net.top_names has": self._layer_names},
        )
        self.params: OrderedDict[str, BlobVec] = Named(
            ((node.name, node.layer.blobs) for node in self.nodes if node.layer.blobs),
            what="layer with parameters",
            path=self.path,
            others={
                "it is a layer without any": self._layer_names,
                "it is a blob; parameters have the names of layers": self._blob_names,
            },
        )
        self.learnable_params: list[LearnableParam] = built.params.learnable
        self.shared_params = built.params.shared
        self._arena: ParamArena | None = None
        if self.phase == TRAIN:
            self._arena = ParamArena(self.learnable_params, self.dtype)
        self._plan: Plan | None = None
        self._own = frozenset(vars(self)) | {"_own"}

    # ----------------------------------------------------------------- names

    @property
    def inputs(self) -> list[str]:
        """The names of the blobs to fill: tops of Input layers."""
        return [self._blob_names[i] for i in self._inputs]

    @property
    def outputs(self) -> list[str]:
        """The names of the blobs that nothing reads, in alphabetical order."""
        return [self._blob_names[i] for i in self._outputs]

    @property
    def layer_dict(self) -> OrderedDict[str, Layer]:
        """The layers by name."""
        return self._of_layers(self.layers)

    @property
    def top_names(self) -> OrderedDict[str, list[str]]:
        """For every layer the names of its tops."""
        return self._of_layers(list(node.top_names) for node in self.nodes)

    @property
    def bottom_names(self) -> OrderedDict[str, list[str]]:
        """For every layer the names of its bottoms."""
        return self._of_layers(list(node.bottom_names) for node in self.nodes)

    @property
    def blob_loss_weights(self) -> OrderedDict[str, float]:
        """For every blob the weight with which it counts in the loss; mostly 0."""
        pairs = zip(self._blob_names, self._blob_loss_weights, strict=True)
        return Named(pairs, what="blob", path=self.path)

    def _of_layers(self, items: Iterable[Item]) -> OrderedDict[str, Item]:
        """One item for each layer, by name."""
        pairs = zip(self._layer_names, items, strict=True)
        others = {"it is a blob": self._blob_names}
        return Named(pairs, what="layer", path=self.path, others=others)

    def _top_ids(self, index: int) -> list[int]:
        return list(self.nodes[index].top_ids)

    def _bottom_ids(self, index: int) -> list[int]:
        return list(self.nodes[index].bottom_ids)

    def layer_index(self, name: str) -> int:
        """Where a layer stands (the last one, should two have this name).

        Raises:
            GraphError: no layer has this name.
            ArgumentError: this is no name.
        """
        if not isinstance(name, str):
            raise ArgumentError(f"a layer's name is expected, not {arguments.shown(name)}")
        for index in range(len(self.nodes) - 1, -1, -1):
            if self._layer_names[index] == name:
                return index
        hint = did_you_mean(name, self._layer_names)
        raise GraphError(f"the net has no layer '{name}'{hint}", path=self.path)

    # --------------------------------------------------------------- running

    @property
    def plan(self) -> Plan:
        """What the engine made of this net."""
        if self._plan is None:
            self._plan = self.engine.plan(self)
        return self._plan

    @in_turn
    def replan(self) -> None:
        """Let the engine look at the layers anew, after one was set to compute otherwise."""
        self._plan = None

    @in_turn
    def _forward(self, start: int, end: int) -> float:
        """Run layers by number; returns the loss."""
        self._check_range(start, end)
        if self.debug_info:
            self._watch_layers()
        loss = self._run(lambda plan: plan.forward(start, end))
        self._has_run.update(range(start, end + 1))
        self._shapes_of_run = [blob.shape for blob in self._blobs]
        return loss

    @in_turn
    def _backward(self, start: int, end: int) -> None:
        """Run gradients by number, downwards."""
        self._check_range(end, start)
        if self.debug_info:
            self._watch_layers()
        try:
            self._run(lambda plan: plan.backward(start, end))
        except MinicaffeError:
            raise
        except Exception as error:
            if missing := self._forward_is_missing(start, end):
                raise missing from error
            raise
        if self.debug_info and start == len(self.nodes) - 1 and end == 0:
            debug.backward_total(self)

    def _forward_is_missing(self, start: int, end: int) -> GraphError | None:
        """Why a backward failed that no forward of these shapes came before; None if one did.

        Many layers keep something from forward for it. Those that do not may go without.
        """
        for index in range(start, end - 1, -1):
            node, shapes = self.nodes[index], self._shapes_of_run
            if index not in self._has_run:
                what = "has not run forward yet"
            elif any(shapes[i] != self._blobs[i].shape for i in (*node.bottom_ids, *node.top_ids)):
                what = "has other shapes than in the last forward"
            else:
                continue
            return GraphError(
                f"layer '{node.name}' {what}, and backward needs what that leaves: call forward() "
                "first",
                path=node.path,
                line=node.line,
            )
        return None

    def _run(self, run: Callable[[Plan], Result]) -> Result:
        """Let the plan run.

        One that an exception has left in the middle (Ctrl-C, at any place) is not believed any
        more: the next run makes another, from the parameters and inputs, which are always whole.
        """
        if self._in_flight and self._plan is not None:
            logger.info("the last run of net '%s' was interrupted: it is planned again", self.name)
            self._plan.abandon()
            self._plan = None
        plan = self.plan
        self._in_flight = True
        result = run(plan)
        self._in_flight = False
        return result

    @in_turn
    def keep_all(self) -> None:
        """Let every blob keep its values from now on, as with ``keep="all"``.

        Those of the last forward that were not kept are computed again, from the same batch and
        the same random numbers.
        """
        if self.options.keep != "all":
            self._run(lambda plan: plan.keep_all())
            self.options = replace(self.options, keep="all")

    def _check_range(self, low: int, high: int) -> None:
        low, high = (arguments.whole_number(one, "a layer's number") for one in (low, high))
        if not 0 <= low <= high < len(self.nodes):
            if not self.nodes:
                raise GraphError("the net has no layers in this phase", path=self.path)
            raise GraphError(
                f"layers {low} to {high} asked for; there are 0 to {len(self.nodes) - 1}",
                path=self.path,
            )

    def _watch_layers(self) -> None:
        if not self._watched:
            self._watched = True
            self.hooks.add("after_forward", lambda index: debug.forward_info(self, index))
            self.hooks.add("after_backward", lambda index: debug.backward_info(self, index))

    def forward_loss(self) -> float:
        """Run the whole net forward; returns the loss (the sum of tops times weights)."""
        return self._forward(0, len(self.nodes) - 1)

    @in_turn
    def forward(
        self,
        blobs: Sequence[str] | None = None,
        start: str | None = None,
        end: str | None = None,
        **inputs: Any,
    ) -> dict[str, np.ndarray]:
        """Run forward.

        Args:
            blobs: names of blobs to return besides the outputs.
            start, end: names of the first and last layer to run; the whole net by default.
                With ``end``, that layer's tops are returned instead of the net's outputs.
            inputs: an array for every input blob; without any, the blobs hold them already.

        Returns:
            The live ``data`` arrays by blob name.

        Raises:
            GraphError: inputs that are not exactly the net's; unknown names.
            ShapeError: an array of another shape than its input blob's.
        """
        first = 0 if start is None else self.layer_index(start)
        last = len(self.nodes) - 1 if end is None else self.layer_index(end)
        names = self.outputs if end is None else self.nodes[last].top_names
        wanted = existing_blobs(self, [*names, *more_blobs("blobs", blobs)])
        if inputs:
            fill_inputs(self, inputs)
        self._forward(first, last)
        return {name: self.blobs[name].data for name in wanted}

    @in_turn
    def backward(
        self,
        diffs: Sequence[str] | None = None,
        start: str | None = None,
        end: str | None = None,
        **top_diffs: Any,
    ) -> dict[str, np.ndarray]:
        """Run backward, adding to the parameters' diffs.

        Args:
            diffs: names of blobs whose gradients to return besides the inputs'.
            start, end: names of the layers to begin at (the last by default) and to end
                with. With ``end``, that layer's bottoms' gradients are returned.
            top_diffs: an array for every output blob's gradient; without any, the losses'.

        Returns:
            The live ``diff`` arrays by blob name.
        """
        first = len(self.nodes) - 1 if start is None else self.layer_index(start)
        last = 0 if end is None else self.layer_index(end)
        names = self.inputs if end is None else self.nodes[last].bottom_names
        wanted = existing_blobs(self, [*names, *more_blobs("diffs", diffs)])
        if top_diffs:
            fill_top_diffs(self, top_diffs)
        self._backward(first, last)
        self._warn_of_no_gradients(names)
        return {name: self.blobs[name].diff for name in wanted}

    def _warn_of_no_gradients(self, names: Sequence[str]) -> None:
        """Say once, in TEST, that gradients are returned which nothing has asked for."""
        if self._warned_of_gradients or not names or self.phase != TEST:
            return
        asked = {
            bottom
            for node in self.nodes
            for bottom, wanted in zip(node.bottom_names, node.propagate_down, strict=True)
            if wanted and node.need_backward
        }
        if asked.isdisjoint(names):
            self._warned_of_gradients = True
            logger.warning(
                "backward computes no gradient of %s, as no parameter in front of it needs one, so "
                "its diff is 0; write force_backward: true in the prototxt",
                ", ".join(names),
            )

    @in_turn
    def forward_all(self, blobs: Sequence[str] | None = None, **inputs: Any) -> batches.Arrays:
        """Run forward batch after batch on arrays of any equal length.

        Args:
            blobs: names of blobs to return besides the outputs.
            inputs: for every input blob an array whose first axis counts the items.

        Returns:
            For every blob an array of the results of all items.
        """
        return batches.forward_all(self, blobs, inputs)

    @in_turn
    def forward_backward_all(
        self, blobs: Sequence[str] | None = None, diffs: Sequence[str] | None = None, **arrays: Any
    ) -> tuple[batches.Arrays, batches.Arrays]:
        """Run forward and backward batch after batch; returns the data and the diffs.

        Args:
            blobs, diffs: names of blobs to return besides the outputs and the inputs' diffs.
            arrays: for every input blob (or none) its items, for every output blob (or
                none) its items' gradients.
        """
        return batches.forward_backward_all(self, blobs, diffs, arrays)

    @in_turn
    def reshape(self) -> None:
        """Pass the input blobs' new shapes on through the whole net."""
        for node in self.nodes:
            node.reshape()

    def before_forward(self, hook: Hook) -> None:
        """Call ``hook(layer_index)`` before each layer's forward."""
        self.hooks.add("before_forward", hook)

    def after_forward(self, hook: Hook) -> None:
        """Call ``hook(layer_index)`` after each layer's forward."""
        self.hooks.add("after_forward", hook)

    def before_backward(self, hook: Hook) -> None:
        """Call ``hook(layer_index)`` before each layer's backward."""
        self.hooks.add("before_backward", hook)

    def after_backward(self, hook: Hook) -> None:
        """Call ``hook(layer_index)`` after each layer's backward."""
        self.hooks.add("after_backward", hook)

    @in_turn
    def set_input_arrays(self, data: Any, labels: Any) -> None:
        """Give the net's MemoryData layer (its first layer) arrays to read batches from."""
        layer = self.layers[0] if self.layers else None
        if not isinstance(layer, MemoryDataLayer):
            raise GraphError("set_input_arrays needs a MemoryData layer first", path=self.path)
        with self.nodes[0].located():
            layer.reset(data, labels)

    _set_input_arrays = set_input_arrays  # pycaffe's names, which programs use
    _batch = batches.batches

    # ------------------------------------------------------------ parameters

    @property
    def arena(self) -> ParamArena:
        """The flat memory of all learnable parameters."""
        if self._arena is None:
            self._arena = ParamArena(self.learnable_params, self.dtype)
        return self._arena

    @in_turn
    def clear_param_diffs(self) -> None:
        """Set the gradients of all learnable parameters to 0."""
        for param in self.learnable_params:
            if param.blob.diff_memory.allocated:
                param.blob.diff_memory.clear()

    # ---------------------------------------------------------------- copies

    @in_turn
    def __reduce__(self) -> tuple[Any, ...]:
        """For ``pickle`` and ``copy.deepcopy``: an equal net with weights of its own.

        It has the same parameters, inputs, random generators and places in its data, and what a
        program has added as attributes. Other blobs, gradients, hooks, the arrays of MemoryData
        layers and weights shared with other nets stay behind.
        """
        return copying.rebuilt, copying.parts(self)

    # ------------------------------------------------------------------- end

    def close(self) -> None:
        """Let layers end their threads and close their files; the net must not run again."""
        for layer in getattr(self, "layers", ()):
            layer.close()

    def __del__(self) -> None:
        if getattr(self, "_plan", None) is not None:
            release(self, self._size())

    def _size(self) -> int:
        """How many bytes the values of blobs and parameters take."""
        of_layers = (blob for layer in self.layers for blob in layer.blobs)
        memories = {blob.data_memory for blob in (*self._blobs, *of_layers)}
        return sum(memory.size for memory in memories) * self.dtype.itemsize

    if not TYPE_CHECKING:  # for which any attribute would be there

        def __getattr__(self, name: str) -> Any:
            """Say what to write for what pycaffe's nets had in 2014."""
            raise old_name("Net", name) or AttributeError(
                f"'{type(self).__name__}' object has no attribute '{name}'", name=name, obj=self
            )

    def __enter__(self) -> Net:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        phase = caffe_pb2.Phase.Name(self.phase)
        what = f"'{visible(self.name)}' {phase}"
        return f"<Net {what}: {len(self.layers)} layers, {len(self._blobs)} blobs>"
