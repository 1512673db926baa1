"""The protocol that every layer follows, built-in or written by a user."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import ClassVar, Protocol, TypeVar

import numpy as np
from numpy.typing import DTypeLike

from minicaffe.blob import Blob, BlobVec
from minicaffe.errors import GraphError, MinicaffeError
from minicaffe.errors.mistakes import BlobCountError, UnknownTypeError
from minicaffe.filler import fill, leaves_zeros
from minicaffe.named import Numbered
from minicaffe.options import ALONE, Limits
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import ReadsForks
from minicaffe.proto.hints import hint_for_type

Blobs = Sequence[Blob]

#: Where a bottom's pixels lie in the top, see :mod:`minicaffe.coord_map`: axis, scale, shift.
CoordMap = tuple[int | None, float | np.ndarray, float | np.ndarray]


class Runs(Protocol):
    """What runs a layer: the layer itself, or what an engine puts into its place."""

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """Fill the tops."""

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        """Fill the bottoms' diffs, add to those of the parameters."""


class LayerVec(Numbered["Layer"]):
    """A net's layers by number; pycaffe's ``LayerVec``."""

    what = "layer"
    by_name = "by its name it is net.layer_dict[{!r}]"


class Layer(ReadsForks):
    """One step of a net: reads its bottom blobs, fills its top blobs.

    A layer type is a subclass that overrides

    ``param_mistakes()``
        before ``setup``: say what is wrong with the settings, as far as no shape is needed
        to see it.
    ``setup(bottom, top)``
        once, after the bottoms have their shapes: make the parameter blobs with
        :meth:`add_param`.
    ``reshape(bottom, top)``
        whenever a bottom's shape may have changed (and once after ``setup``): give the
        tops their shapes.
    ``forward(bottom, top)``
        write ``top[i].data[...]``; leave the bottoms alone.
    ``backward(top, propagate_down, bottom)``
        from ``top[i].diff`` write ``bottom[i].diff[...]`` for each ``propagate_down[i]``,
        and *add* to ``self.blobs[i].diff`` where ``self.param_propagate_down[i]``.

    What it makes of forks' fields and dialects it inherits from :class:`ReadsForks`. When bottom
    and top are the same blob (in place), both names refer to one ``Blob``.

    Attributes:
        param: the layer's ``LayerParameter``.
        phase: ``caffe_pb2.TRAIN`` or ``TEST``.
        blobs: the learned parameters.
        rng: the layer's own random generator.
        param_propagate_down: for each parameter, whether its gradient is wanted.
    """

    #: The name in prototxt; set by :func:`minicaffe.layer.register`.
    type: ClassVar[str] = ""

    #: How many bottoms and tops the layer takes; None means "not limited".
    exact_bottoms: ClassVar[int | None] = None
    min_bottoms: ClassVar[int | None] = None
    max_bottoms: ClassVar[int | None] = None
    exact_tops: ClassVar[int | None] = None
    min_tops: ClassVar[int | None] = None
    max_tops: ClassVar[int | None] = None
    #: A top may be a bottom, whose values it then overwrites.
    in_place: ClassVar[bool] = True
    #: As many tops as bottoms.
    equal_bottoms_and_tops: ClassVar[bool] = False
    #: The net adds the tops that the prototxt leaves out (Caffe's AutoTopBlobs).
    auto_tops: ClassVar[bool] = False
    #: The first top is a loss of weight 1 unless the prototxt says otherwise.
    is_loss: ClassVar[bool] = False
    #: In the TEST phase the tops hold the bottom's values (Dropout, Split).
    identity_in_test: ClassVar[bool] = False
    #: It serves measuring or training only; a net in use leaves it out (Accuracy, Silence).
    measures: ClassVar[bool] = False
    #: The type of the layer that makes a loss's scores predictions (Softmax for SoftmaxWithLoss).
    activation_of: ClassVar[str | None] = None
    #: y = W·x + b over the channels, so that it takes in what multiplies them and adds to them.
    linear: ClassVar[bool] = False
    #: Large values of its bottom differ little in its top (Softmax, Sigmoid).
    squashes: ClassVar[bool] = False
    #: The colour of its box in a drawing.
    color: ClassVar[str] = "#6495ED"
    #: Modules whose Python layer of the type's name it runs in place of, where they are not there.
    replaces_modules: ClassVar[tuple[str, ...]] = ()
    #: It writes a file whenever it runs.
    writes_files: ClassVar[bool] = False
    #: Without bottoms, its tops are data (those of Parameter are not).
    gives_data: ClassVar[bool] = True
    #: Bottoms of which only the size is used (the second one of a Crop).
    size_bottoms: ClassVar[frozenset[int]] = frozenset()
    #: A value lies where the one that it was made of lies (see :meth:`coord_map`).
    keeps_coordinates: ClassVar[bool] = False
    #: ``reshape`` must run before every forward, not only when a bottom's shape changed.
    reshapes_always: ClassVar[bool] = False

    #: Whose data ``backward`` looks at: of the ``"bottoms"``, the ``"tops"``, both, or neither.
    #: The net keeps it where a later layer overwrites it in place.
    backward_reads: tuple[str, ...] = ("bottoms", "tops")
    #: Of that, whether a value is above 0 is all that counts.
    reads_signs: ClassVar[bool] = False
    #: The real Caffe's ``backward`` looks at the tops' data too, and keeps nothing.
    reads_tops_in_caffe: ClassVar[bool] = False

    #: What the net allows its layers, and which process of a training it is in; the net sets both.
    limits, ranks = Limits(), ALONE

    def __init__(
        self,
        param: caffe_pb2.LayerParameter,
        phase: int,
        *,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.param = param
        self.phase = phase
        self.dtype = np.dtype(dtype)
        self.rng = rng if rng is not None else np.random.default_rng()
        self.blobs = BlobVec(self.dtype)
        self.param_propagate_down: list[bool] = []

    # --------------------------------------------------------------- to override

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        """What is wrong with the layer's settings whatever shapes its bottoms have.

        A net asks all of its layers before it sets up one of them, and so before a file is opened;
        none is set up if there is any. ``setup`` relies on that.
        """
        yield from ()

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        """Make the parameter blobs, after a look at the bottoms' shapes."""

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        """Give the tops their shapes."""
        raise NotImplementedError(f"{type(self).__name__}.reshape")

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """Fill the tops' data."""
        raise NotImplementedError(f"{type(self).__name__}.forward")

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        """Fill the bottoms' diffs and add to the parameters' diffs.

        Raises:
            GraphError: the layer has no gradient (as here, where a class does not override this).
        """
        raise GraphError(
            "this layer has no gradient; it cannot be between a loss and what is learned"
        )

    @classmethod
    def allow_force_backward(cls, index: int) -> bool:
        """Whether ``force_backward`` may ask for the gradient of bottom ``index``."""
        return True

    def right_in_place(self) -> bool:
        """Whether ``backward`` is right when ``forward`` has overwritten the bottom in place, as it
        keeps what it needs, or knows it by the top. The net keeps the bottom for it otherwise."""
        return True

    def keeps_signs(self) -> bool:
        """Whether values overwritten in place stay above 0 wherever a gradient passes."""
        return False

    def wrong_in_place_in_caffe(self) -> bool:
        """Whether the real Caffe's gradient is another one when the layer runs in place."""
        return False

    # --------------------------------------------------------------- what others ask

    def why_not_finite(self, bottom: Blobs) -> str:
        """Why finite bottoms give other values, in words; "" for no reason of the type's own."""
        return ""

    def multiply_adds(self, bottom: Blobs, top: Blobs) -> int:
        """Products of weights with values in one forward pass; only matrices count."""
        return 0

    def channel_affine(self, bottom: Blob) -> tuple[np.ndarray, np.ndarray] | None:
        """What the layer multiplies channel 1 of its bottom by and adds to it, as it is now.

        Returns:
            factor and offset, float64, shape (C,); None for layers that do anything else.

        Raises:
            GraphError: it usually does only that, but not with these settings (says why).
        """
        return None

    @property
    def weight_outputs(self) -> tuple[int, int]:
        """For a linear layer: which axis of its weights counts its outputs, in how many groups."""
        return 0, 1

    def blobs_hint(self, found: int) -> str:
        """Why weights hold ``found`` blobs for the layer, not as many as it has; mostly ""."""
        return ""

    @classmethod
    def opens_files(cls, param: caffe_pb2.LayerParameter) -> bool:
        """Whether setup may open files or run a user's code: mostly it may without bottoms."""
        return not param.bottom

    @classmethod
    def source(cls, param: caffe_pb2.LayerParameter) -> str | None:
        """The file that a ``LayerParameter`` names as the layer's data; None without one."""
        return None

    @classmethod
    def assumed_shapes(cls, param: caffe_pb2.LayerParameter) -> list[tuple[int, ...] | None]:
        """Its tops' shapes, where a ``LayerParameter`` says them without its file; else None."""
        return [None] * len(param.top)

    @classmethod
    def window_text(cls, param: caffe_pb2.LayerParameter) -> str:
        """A ``LayerParameter``'s window and outputs in a few signs, for summaries."""
        return ""

    @classmethod
    def window_lines(cls, param: caffe_pb2.LayerParameter) -> list[str]:
        """A ``LayerParameter``'s window in words, for drawings."""
        return []

    @classmethod
    def kind_text(cls, param: caffe_pb2.LayerParameter) -> str:
        """A ``LayerParameter``'s type, and its method where it has several."""
        return str(param.type)

    @classmethod
    def edge_text(cls, param: caffe_pb2.LayerParameter) -> str:
        """What a drawing writes at the arrow to the layer's top: outputs, or the batch size."""
        return ""

    @classmethod
    def coord_map(cls, params: Mapping[str, object]) -> CoordMap | None:
        """Where a pixel of the bottom lies in the top: (axis, scale, shift).

        Args:
            params: the layer's fields in a net specification.

        Returns:
            The map of :mod:`minicaffe.coord_map`; None for layers that have none.
        """
        return (None, 1, 0) if cls.keeps_coordinates else None

    # --------------------------------------------------------------- for subclasses

    def add_param(
        self, shape: Sequence[int], filler: caffe_pb2.FillerParameter | None = None
    ) -> Blob:
        """Append a parameter blob, filled by a ``FillerParameter`` (zeros without one)."""
        blob = self.blobs.add_blob(*shape)
        if filler is not None and not leaves_zeros(filler):
            fill(filler, blob.data, self.rng)
        return blob

    def wants_gradient(self, index: int) -> bool:
        """Whether the gradient of parameter ``index`` is to be computed."""
        return index >= len(self.param_propagate_down) or self.param_propagate_down[index]

    def accumulate(self, index: int, gradient: np.ndarray) -> None:
        """Add to the gradient of parameter ``index``, where that is wanted.

        Args:
            index: of ``blobs``.
            gradient: as many numbers as the parameter has, in its order, of any shape.
        """
        if self.wants_gradient(index):
            diff = self.blobs[index].diff
            diff += gradient.reshape(diff.shape)

    def close(self) -> None:
        """Close files and end threads; the net calls it when it is closed or dropped."""

    # --------------------------------------------------------------- for the net

    def loss_weight(self, index: int) -> float:
        """The weight with which top ``index`` counts in the loss; mostly 0."""
        if index < len(self.param.loss_weight):
            return self.param.loss_weight[index]
        return 1.0 if self.is_loss and index == 0 else 0.0

    @property
    def repeatable(self) -> bool:
        """Whether forward, run again on the same bottoms, gives the same tops and changes nothing.

        It does not where a layer draws numbers, counts batches or carries a state on.
        """
        return True

    @property
    def wants_reference(self) -> bool:
        """Whether the prototxt says ``engine: CAFFE``: Caffe's own code, which is numpy's here."""
        return any(
            settings.engine == settings.CAFFE
            for _, settings in self.param.ListFields()
            if hasattr(settings, "engine") and hasattr(settings, "CAFFE")
        )

    def check_blob_counts(self, bottoms: int, tops: int) -> None:
        """Refuse numbers of bottoms and tops that the layer does not take.

        Raises:
            GraphError: says how many there are and how many it takes.
        """
        for word, found, exact, least, most in (
            ("bottom", bottoms, self.exact_bottoms, self.min_bottoms, self.max_bottoms),
            ("top", tops, self.exact_tops, self.min_tops, self.max_tops),
        ):
            given = f"{found} {word if found == 1 else f'{word}s'} given"
            if exact is not None and found != exact:
                raise BlobCountError(f"{given}, exactly {exact} expected")
            if least is not None and found < least:
                raise BlobCountError(f"{given}, at least {least} expected")
            if most is not None and found > most:
                raise BlobCountError(f"{given}, at most {most} expected")
        if self.equal_bottoms_and_tops and bottoms != tops:
            raise BlobCountError(
                f"{bottoms} bottom(s) and {tops} top(s) given, equally many expected"
            )

    def top_count(self) -> int:
        """How many tops the layer has: those of its text and, with ``auto_tops``, the others."""
        needed = max(self.min_tops or 0, self.exact_tops or 0) if self.auto_tops else 0
        return max(needed, len(self.param.top))

    def check_places(self, bottom: Blobs, top: Blobs) -> None:
        """Refuse a top that is a bottom, where the layer cannot overwrite it.

        Raises:
            GraphError: says what to do.
        """
        if not self.in_place:
            refuse_in_place(bottom, top)

    def check_loss_weights(self, tops: int) -> None:
        """Refuse ``loss_weight`` values that are not one for each top (Caffe's check).

        A loss with a second top may leave out that top's weight, which is 0.

        Raises:
            GraphError: says how many there are and how many are expected.
        """
        found = len(self.param.loss_weight)
        if found not in (0, tops) and not (self.is_loss and found == 1):
            raise GraphError(
                f"{found} loss_weight value(s) for {tops} top blob(s); give one for each, or none"
            )

    def check_propagate_down(self, bottoms: int) -> None:
        """Refuse ``propagate_down`` values that are not one for each bottom.

        Raises:
            GraphError: says how many there are and how many are expected.
        """
        found = len(self.param.propagate_down)
        if found not in (0, bottoms):
            raise GraphError(
                f"{found} propagate_down values for {bottoms} bottom blob(s); give one for each, "
                "or none"
            )

    @property
    def param_str(self) -> str:
        """The text that a Python layer gets from ``python_param { param_str }``."""
        return self.param.python_param.param_str


def phase_name(phase: int) -> str:
    """``TRAIN`` or ``TEST``, for 0 or 1."""
    return caffe_pb2.Phase.Name(phase)


LayerClass = TypeVar("LayerClass", bound="type[Layer]")


_BUILT_IN = "minicaffe.layers"  # a package for each heading of Caffe's catalogue


_classes: dict[str, type[Layer]] = {}  # of the layer modules that are imported


def register(layer_type: str) -> Callable[[LayerClass], LayerClass]:
    """Class decorator: this class runs layers of ``type: "layer_type"``.

    Raises:
        ValueError: another class runs them.
    """

    def add(cls: LayerClass) -> LayerClass:
        ours = cls.__module__.startswith(f"{_BUILT_IN}.")
        if not ours:
            _import_built_in(layer_type)
        known = _classes.get(layer_type)
        # a file whose import was interrupted is imported again
        if known is not None and not (ours and known.__module__ == cls.__module__):
            raise ValueError(f"layer type {layer_type} is registered twice")
        cls.type = layer_type
        _classes[layer_type] = cls
        return cls

    return add


@functools.cache
def _modules() -> dict[str, str]:
    """The modules of the built-in layers, by the file's name without underscores."""
    path = importlib.import_module(_BUILT_IN).__path__
    found = pkgutil.walk_packages(path, f"{_BUILT_IN}.")
    return {
        module.name.rpartition(".")[2].replace("_", ""): module.name
        for module in found
        if module.name.count(".") == _BUILT_IN.count(".") + 2
    }


def _import_built_in(layer_type: str) -> None:
    """Import the file of a built-in type, which registers it: InnerProduct's inner_product.py."""
    module = _modules().get(layer_type.lower())
    if module is not None:
        importlib.import_module(module)


def layer_types() -> list[str]:
    """All registered layer types, sorted."""
    for module in _modules().values():
        importlib.import_module(module)
    return sorted(_classes)


def layer_class(layer_type: str) -> type[Layer]:
    """The class of a layer type.

    Raises:
        GraphError: no class is registered for it; names a similar type or the fork it is from.
    """
    found = find_layer_class(layer_type)
    if found is not Layer:
        return found
    if not layer_type:
        raise UnknownTypeError('the layer has no type; give it one, such as type: "Convolution"')
    hint = hint_for_type(layer_type, layer_types)
    raise UnknownTypeError(f"unknown layer type '{layer_type}'{hint}")


def find_layer_class(layer_type: str) -> type[Layer]:
    """The class of a layer type, or :class:`Layer` itself, which answers for unknown ones."""
    if layer_type not in _classes:
        _import_built_in(layer_type)
    return _classes.get(layer_type, Layer)


def refuse_in_place(bottom: Blobs, top: Blobs) -> None:
    """Refuse tops that are among these bottoms.

    Raises:
        GraphError: a top is a bottom.
    """
    if any(blob is other for blob in top for other in bottom):
        raise GraphError("this layer cannot run in place; give its top another name")


def refuse_gradient(propagate_down: Sequence[bool], index: int, what: str) -> None:
    """Refuse to compute the gradient of a bottom that has none.

    Raises:
        GraphError: names the bottom and the way out.
    """
    if index < len(propagate_down) and propagate_down[index]:
        raise GraphError(
            f"bottom {index} ({what}) has no gradient, but a layer below it needs one; "
            "give this layer one propagate_down a bottom, false for this one"
        )
