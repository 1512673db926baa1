"""Net: layers connected by blobs, ready to run."""

from __future__ import annotations

import logging
import os
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn, TypeVar

import numpy as np

from minicaffe import arguments, common
from minicaffe.blob import Blob, BlobVec
from minicaffe.engines import Plan, device_for, find_engine
from minicaffe.errors import ArgumentError, GraphError, LayerFault, MinicaffeError, visible
from minicaffe.layer import Layer, LayerVec
from minicaffe.named import Named
from minicaffe.net import callbacks, copying, debug_info, pycaffe, twins
from minicaffe.net.check import build_checked
from minicaffe.net.filter import set_state
from minicaffe.net.given import net_parameter
from minicaffe.net.node import LastForward
from minicaffe.net.params import LearnableParam, ParamArena, share_parameters
from minicaffe.net.pycaffe import existing_blobs, more_blobs
from minicaffe.net.turn import Turn, in_turn
from minicaffe.options import RunOptions
from minicaffe.proto import caffe_pb2
from minicaffe.syncedmem import SyncedHead, release
from minicaffe.weights import caffemodel, hdf5

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

logger = logging.getLogger("minicaffe")

TRAIN: int = caffe_pb2.TRAIN
TEST: int = caffe_pb2.TEST

Item = TypeVar("Item")
Result = TypeVar("Result")


class Net:
    """A network, built from prototxt for one phase.

    Args:
        network_file: a prototxt file, or a ``NetParameter``.
        phase: ``TRAIN`` or ``TEST``. (``Net(file, weights_file, phase)``, pycaffe's older
            form, works too; without a phase it is TEST, as in ``Net(file)``.)
        level, stages: with the phase, what include and exclude rules are compared with;
            level 0 and no stages if not given.
        weights: a ``.caffemodel`` (or ``.caffemodel.h5``) to copy trained layers from.
        seed: of fillers, dropout, augmentation; None: :func:`minicaffe.set_random_seed`'s, or any.
        dtype: of all blobs; float32 unless gradients are being checked.
        path: the file that a ``NetParameter`` came from, for error messages.
        engine, precision, fuse, keep, allow_python_layers, max_memory, dialect, conv_math, device:
            how it runs; see :class:`minicaffe.options.RunOptions`, which has them as ``options``.

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

    _told_of_twins = False
    warned_of_nan = False  # that an input holds it
    warned_of_gradients = False  # that backward computes none of what it returns

    def __init__(
        self,
        network_file: str | os.PathLike[str] | caffe_pb2.NetParameter,
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
        dialect: str | None = None,
        conv_math: str | None = None,
        device: str | None = None,
    ) -> None:
        self.turn = Turn()
        phase, level, weights = pycaffe.phase_level_weights(phase, level, weights)
        stages = arguments.names(stages, "stages", "deploy")
        seed = None if seed is None else arguments.whole_number(seed, "seed", least=0)
        device = device_for(engine, device)
        self.engine = find_engine(engine, precision, device)
        how = (engine, precision, fuse, keep, allow_python_layers, max_memory, dialect, conv_math)
        self.options = RunOptions(*how, device)
        param, self.path = net_parameter(network_file, path)
        if phase not in (TRAIN, TEST):
            raise GraphError(f"phase is {phase!r}, expected TRAIN (0) or TEST (1)")
        set_state(param, phase, level, stages)
        self.phase = phase
        self._watched = self._in_flight = False
        self._network = copying.serialized(param)
        self.dtype = np.dtype(dtype)
        self._build(param, common.next_seed() if seed is None else seed)
        if weights is not None:
            self.copy_from(weights)

    def _build(self, param: caffe_pb2.NetParameter, seed: int | None) -> None:
        self.name: str = param.name
        self.debug_info: bool = param.debug_info
        built = build_checked(param, self.options, path=self.path, seed=seed, dtype=self.dtype)
        self.nodes = built.nodes
        self.budget = built.budget
        self.callbacks = callbacks.Callbacks()
        self._last_forward = LastForward()
        self.layers: list[Layer] = LayerVec(node.layer for node in self.nodes)
        self.layer_names: list[str] = [node.name for node in self.nodes]
        self._blob_names: list[str] = [entry.blob.name for entry in built.blobs]
        self._blobs: list[Blob] = [entry.blob for entry in built.blobs]
        self._blob_loss_weights: list[float] = [entry.loss_weight for entry in built.blobs]
        self._inputs: list[int] = built.inputs
        self._outputs: list[int] = built.outputs
        self.blobs: OrderedDict[str, Blob] = pycaffe.blobs_by_name(self)
        self.params: OrderedDict[str, BlobVec] = pycaffe.params_by_layer(self)
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
        """The layers by name, in their order; see :attr:`layers`."""
        return self._of_layers(self.layers)

    @property
    def top_names(self) -> OrderedDict[str, list[str]]:
        """For every layer the names of its tops."""
        return self._of_layers(node.top_names for node in self.nodes)

    @property
    def bottom_names(self) -> OrderedDict[str, list[str]]:
        """For every layer the names of its bottoms."""
        return self._of_layers(node.bottom_names for node in self.nodes)

    @property
    def blob_loss_weights(self) -> OrderedDict[str, float]:
        """For every blob the weight with which it counts in the loss; mostly 0."""
        pairs = zip(self._blob_names, self._blob_loss_weights, strict=True)
        return Named(pairs, what="blob", path=self.path)

    def _of_layers(self, items: Iterable[Item]) -> OrderedDict[str, Item]:
        """One item for each layer, by name."""
        pairs = zip(self.layer_names, items, strict=True)
        others = {"it is a blob": self._blob_names}
        return Named(pairs, what="layer", path=self.path, others=others)

    def _top_ids(self, index: int) -> list[int]:
        return [edge.id for edge in self.nodes[index].top_edges]

    def _bottom_ids(self, index: int) -> list[int]:
        return [edge.id for edge in self.nodes[index].bottom_edges]

    layer_index = pycaffe.layer_index
    _repr_html_ = pycaffe.notebook_html

    # --------------------------------------------------------------- running

    @property
    def plan(self) -> Plan:
        """What the engine made of this net."""
        if self._plan is None:
            self._plan = self.engine.plan(self)
        return self._plan

    @in_turn
    def replan(self) -> None:
        """Let the engine plan again, after a layer was set to compute something else."""
        self._plan = None

    @in_turn
    def forward_from_to(self, start: int, end: int) -> float:
        """Run the layers ``start`` to ``end`` (inclusive), by number; returns the loss.

        Raises:
            GraphError: there are no such layers.
            ArgumentError: these are no whole numbers.
        """
        self._check_range(start, end)
        pycaffe.warn_of_nan(self, start, end)
        if self.debug_info:
            self._watch_layers()
        loss = self._run(lambda plan: plan.forward(start, end))
        self._last_forward.note(start, end, self._blobs)
        return loss

    @in_turn
    def backward_from_to(self, start: int, end: int) -> None:
        """Run the gradients of the layers ``start`` down to ``end`` (inclusive), by number.

        Raises:
            GraphError: there are no such layers, or they have not run forward.
            ArgumentError: these are no whole numbers.
        """
        self._check_range(end, start)
        if self.debug_info:
            self._watch_layers()
        try:
            self._run(lambda plan: plan.backward(start, end))
        except Exception as error:
            if isinstance(error, MinicaffeError) and not isinstance(error, LayerFault):
                raise
            nodes = self.nodes[end : start + 1]
            if missing := self._last_forward.missing(nodes, end):
                raise missing from error
            raise
        if self.debug_info and start == len(self.nodes) - 1 and end == 0:
            debug_info.backward_total(self)

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
        low, high = (arguments.whole_number(end, "a layer's number") for end in (low, high))
        if not 0 <= low <= high < len(self.nodes):
            if not self.nodes:
                raise GraphError("the net has no layers in this phase", path=self.path)
            told = f"layers {low} to {high} asked for; there are 0 to {len(self.nodes) - 1}"
            if 0 <= high < low < len(self.nodes):
                told = f"layer '{self.nodes[low].name}' comes after '{self.nodes[high].name}'"
            raise GraphError(told, path=self.path)

    def _watch_layers(self) -> None:
        if not self._watched:
            self._watched = True
            debug_info.watch(self)

    def forward_loss(self) -> float:
        """Run the whole net forward; returns the loss (the sum of tops times weights)."""
        return self.forward_from_to(0, len(self.nodes) - 1)

    @in_turn
    def forward(
        self,
        blobs: Sequence[str] | None = None,
        start: str | None = None,
        end: str | None = None,
        **inputs: pycaffe.Items,
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
            pycaffe.fill_inputs(self, inputs)
        self.forward_from_to(first, last)
        return {name: self.blobs[name].data for name in wanted}

    @in_turn
    def backward(
        self,
        diffs: Sequence[str] | None = None,
        start: str | None = None,
        end: str | None = None,
        **top_diffs: pycaffe.Items,
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
            pycaffe.fill_top_diffs(self, top_diffs)
        self.backward_from_to(first, last)
        pycaffe.warn_of_no_gradients(self, names)
        return {name: self.blobs[name].diff for name in wanted}

    forward_all = pycaffe.forward_all
    forward_backward_all = pycaffe.forward_backward_all
    set_input_arrays = pycaffe.set_input_arrays

    @in_turn
    def reshape(self) -> None:
        """Pass the input blobs' new shapes on through the whole net."""
        for node in self.nodes:
            node.reshape()

    before_forward = callbacks.before_forward
    after_forward = callbacks.after_forward
    before_backward = callbacks.before_backward
    after_backward = callbacks.after_backward

    # pycaffe's names, which programs use
    _forward = forward_from_to
    _backward = backward_from_to
    _set_input_arrays = set_input_arrays
    _batch = pycaffe.batches

    @property
    def _layer_names(self) -> list[str]:
        return self.layer_names

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
            if param.blob.diff_memory.head is not SyncedHead.UNINITIALIZED:
                param.blob.diff_memory.clear()

    @in_turn
    def share_with(self, other: Net) -> None:
        """Use another net's parameters wherever a layer of the same name is in both.

        Raises:
            ShapeError: such a layer has other parameters there.
            ArgumentError: this is no net.
        """
        if not isinstance(other, Net):
            raise ArgumentError(f"a net to share with is expected, not {arguments.shown(other)}")
        self.warn_of_twins(other)
        share_parameters(self.nodes, other.nodes)

    def warn_of_twins(self, other: Net) -> None:
        """Say, once, which layers would be parted from those that they share parameters with."""
        if not self._told_of_twins:
            self._told_of_twins = True
            twins.warn(twins.parted(self.nodes, self.shared_params, other.nodes), self.path)

    @in_turn
    def copy_from(self, path: str | os.PathLike[str]) -> None:
        """Copy trained layers by name from a ``.caffemodel`` or ``.caffemodel.h5``.

        Raises:
            SnapshotError: the file cannot be read, or a layer's parameters do not fit; nothing
                is copied then.
        """
        caffemodel.load_weights(self, arguments.file_name(path, "the file"))

    @in_turn
    def copy_from_proto(self, param: caffe_pb2.NetParameter, path: str | None = None) -> None:
        """Copy trained layers by name from a ``NetParameter``."""
        caffemodel.copy_trained_layers(self, param, path)

    @in_turn
    def to_proto(self, write_diff: bool = False) -> caffe_pb2.NetParameter:
        """The net with its parameters, as a ``NetParameter``."""
        return caffemodel.net_to_proto(self, write_diff)

    @in_turn
    def save(self, path: str | os.PathLike[str], write_diff: bool = False) -> None:
        """Write a ``.caffemodel`` that Caffe reads.

        Raises:
            SnapshotError: the file cannot be written; an older one is kept.
        """
        caffemodel.save_caffemodel(self, arguments.file_name(path, "the file"), write_diff)

    @in_turn
    def save_hdf5(self, path: str | os.PathLike[str], write_diff: bool = False) -> None:
        """Write the parameters as HDF5 in Caffe's layout."""
        hdf5.save_hdf5(self, arguments.file_name(path, "the file"), write_diff)

    @in_turn
    def load_hdf5(self, path: str | os.PathLike[str]) -> None:
        """Copy trained layers by name from HDF5."""
        hdf5.load_hdf5(self, arguments.file_name(path, "the file"))

    # ---------------------------------------------------------------- copies

    @in_turn
    def __reduce__(self) -> tuple[object, ...]:
        """For ``pickle`` and ``copy.deepcopy``: an equal net with weights of its own.

        It has the same parameters, inputs, random generators and places in its data, and what a
        program has added as attributes. Other blobs, gradients, callbacks, the arrays of MemoryData
        layers and weights shared with other nets are left out.
        """
        added = {name: value for name, value in vars(self).items() if name not in self._own}
        return copying.rebuilt, copying.parts(self, self._network, added)

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

        def __getattr__(self, name: str) -> NoReturn:
            """Say what to write for what pycaffe's nets had in 2014."""
            raise arguments.old_name("Net", name) or AttributeError(
                f"'{type(self).__name__}' object has no attribute '{name}'", name=name, obj=self
            )

    def __enter__(self) -> Net:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        phase = caffe_pb2.Phase.Name(self.phase)
        size = f"{len(self.layers)} layers, {len(self._blobs)} blobs"
        return f"<Net '{visible(self.name)}' {phase}: {size}>"
