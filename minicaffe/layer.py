"""The protocol that every layer follows, built-in or written by a user."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from minicaffe.blob import Blob, BlobVec
from minicaffe.errors import GraphError
from minicaffe.filler import fill
from minicaffe.limits import Limits
from minicaffe.named import Numbered
from minicaffe.proto import caffe_pb2

Blobs = Sequence[Blob]


class LayerVec(Numbered["Layer"]):
    """A net's layers."""

    what = "layer"


class Layer:
    """One step of a net: reads its bottom blobs, fills its top blobs.

    A layer type is a subclass that overrides

    ``setup(bottom, top)``
        once, after the bottoms have their shapes: check the parameters, make the
        parameter blobs with :meth:`add_param`.
    ``reshape(bottom, top)``
        whenever a bottom's shape may have changed (and once after ``setup``): give the
        tops their shapes.
    ``forward(bottom, top)``
        write ``top[i].data[...]``; leave the bottoms alone.
    ``backward(top, propagate_down, bottom)``
        from ``top[i].diff`` write ``bottom[i].diff[...]`` for each ``propagate_down[i]``,
        and *add* to ``self.blobs[i].diff`` where ``self.param_propagate_down[i]``.

    When bottom and top are the same blob (in-place), both names refer to one ``Blob``.

    Attributes:
        param: the layer's ``LayerParameter``.
        phase: ``caffe_pb2.TRAIN`` or ``TEST``.
        blobs: the learned parameters.
        rng: the layer's own random generator.
        param_propagate_down: for each parameter, whether its gradient is wanted.
    """

    #: The name in prototxt; set by :func:`minicaffe.registry.register`.
    type: ClassVar[str] = ""

    #: How many bottoms and tops the layer takes; None means "not limited".
    exact_bottoms: ClassVar[int | None] = None
    min_bottoms: ClassVar[int | None] = None
    max_bottoms: ClassVar[int | None] = None
    exact_tops: ClassVar[int | None] = None
    min_tops: ClassVar[int | None] = None
    max_tops: ClassVar[int | None] = None
    #: As many tops as bottoms.
    equal_bottoms_and_tops: ClassVar[bool] = False
    #: The net adds the tops that the prototxt leaves out (Caffe's AutoTopBlobs).
    auto_tops: ClassVar[bool] = False
    #: The first top is a loss of weight 1 unless the prototxt says otherwise.
    is_loss: ClassVar[bool] = False
    #: ``reshape`` must run before every forward, not only when a bottom's shape changed.
    reshapes_always: ClassVar[bool] = False

    #: Whose data ``backward`` looks at: of the ``"bottoms"``, the ``"tops"``, both, or neither.
    #: The net keeps it where a later layer overwrites it in place.
    backward_reads: tuple[str, ...] = ("bottoms", "tops")
    #: Of that, whether a value is above 0 is all that counts.
    reads_signs: ClassVar[bool] = False

    #: What the net allows its layers; the net sets it.
    limits: Limits = Limits()

    def __init__(
        self,
        param: Any,
        phase: int,
        *,
        rng: np.random.Generator | None = None,
        dtype: Any = np.float32,
    ) -> None:
        self.param = param
        self.phase = phase
        self.dtype = np.dtype(dtype)
        self.rng = rng if rng is not None else np.random.default_rng()
        self.blobs = BlobVec(self.dtype)
        self.param_propagate_down: list[bool] = []

    # --------------------------------------------------------------- to override

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        """Check the parameters and make the parameter blobs."""

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        """Give the tops their shapes."""
        raise NotImplementedError(f"{type(self).__name__}.reshape")

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """Fill the tops' data."""
        raise NotImplementedError(f"{type(self).__name__}.forward")

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        """Fill the bottoms' diffs and add to the parameters' diffs."""
        raise GraphError(
            "this layer has no gradient; it cannot stand between a loss and what is learned"
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
        """Whether a value that ``forward`` overwrites in place is above 0 as before, wherever
        ``backward`` passes on anything."""
        return False

    # --------------------------------------------------------------- for subclasses

    def add_param(self, shape: Sequence[int], filler: Any = None) -> Blob:
        """Append a parameter blob, filled by a ``FillerParameter`` (zeros without one)."""
        blob = self.blobs.add_blob(*shape)
        if filler is not None:
            fill(filler, blob.data, self.rng)
        return blob

    def wants_gradient(self, index: int) -> bool:
        """Whether the gradient of parameter ``index`` is to be computed."""
        return index >= len(self.param_propagate_down) or self.param_propagate_down[index]

    def close(self) -> None:
        """Let go of threads and files; the net calls it when it is closed or dropped."""

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
            if exact is not None and found != exact:
                raise GraphError(f"{found} {word} blob(s) given, exactly {exact} expected")
            if least is not None and found < least:
                raise GraphError(f"{found} {word} blob(s) given, at least {least} expected")
            if most is not None and found > most:
                raise GraphError(f"{found} {word} blob(s) given, at most {most} expected")
        if self.equal_bottoms_and_tops and bottoms != tops:
            raise GraphError(f"{bottoms} bottom blob(s) but {tops} top blob(s), as many expected")

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

    @property
    def param_str(self) -> str:
        """The text that a Python layer gets from ``python_param { param_str }``."""
        return self.param.python_param.param_str


def phase_name(phase: int) -> str:
    """``TRAIN`` or ``TEST``."""
    return caffe_pb2.Phase.Name(phase)
