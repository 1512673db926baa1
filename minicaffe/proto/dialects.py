"""What forks of Caffe mean: the dialects that a net may be written in, and how a layer is read.

A fork adds fields to Caffe's layers, and two forks may call different layers by one name. A
layer's class says what it makes of both (``fork_fields``, ``dialects`` and
``reading_of`` of :class:`minicaffe.layer.Layer`), in the words of this module.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, NamedTuple

if TYPE_CHECKING:
    from minicaffe.layer import Layer
    from minicaffe.proto import caffe_pb2


class Effect(enum.Enum):
    """What a field of a fork does to a layer of ours."""

    #: The layer does what the field says, or refuses it itself.
    MEANT = "is understood"
    #: It says where, how fast or in which number format to compute.
    NOTHING = "changes nothing on a CPU in floating point"
    #: It changes what training learns, and nothing of what a trained net computes.
    TRAINING = "changes how training goes, which it does not here"


def meant(*fields: str) -> dict[str, Effect]:
    """Entries of ``fork_fields`` for what a layer understands."""
    return dict.fromkeys(fields, Effect.MEANT)


def changes_nothing(*fields: str) -> dict[str, Effect]:
    """Entries of ``fork_fields`` for what says where, how fast or in which format to compute."""
    return dict.fromkeys(fields, Effect.NOTHING)


def changes_training(*fields: str) -> dict[str, Effect]:
    """Entries of ``fork_fields`` for what changes only what training learns."""
    return dict.fromkeys(fields, Effect.TRAINING)


class Alignment(NamedTuple):
    """Where a layer's second bottom lies on its first one.

    Attributes:
        offset: in pixels, one number for each spatial axis.
        mistake: why they cannot lie so; "" where they do.
    """

    offset: tuple[int, ...] = ()
    mistake: str = ""


class Reading(NamedTuple):
    """How a layer's text is understood, where its type means several things.

    Attributes:
        dialect: whose meaning it has, one of :data:`minicaffe.options.DIALECTS`; "" for a type
            with one meaning.
        because: what decided it, as in "`slope_filler` is given".
        sure: whether the text, or the user, says so; what is only likely is told as a warning.
        alignment: what the rest of the net says, where the layer's text leaves its offset to it.
    """

    dialect: str = ""
    because: str = ""
    sure: bool = True
    alignment: Alignment | None = None


@dataclass(frozen=True)
class Origin:
    """What is known of the fork that a net was written for, beside a layer itself.

    Attributes:
        dialect: what the user says it is; None where nothing is said.
        types: of all layers of the net.
        readers: for each blob, the types of the layers that read it.
        alignments: by the first top, of the layers that may leave their offset to the net.
    """

    dialect: str | None = None
    types: frozenset[str] = frozenset()
    readers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    alignments: Mapping[str, Alignment] = field(default_factory=dict)

    def choose(
        self,
        known: Sequence[str],
        evidence: Iterable[tuple[str, str]] = (),
        *,
        otherwise: str = "nothing in the net says which",
    ) -> Reading:
        """Whose meaning a layer has: what the user says, or else the first evidence.

        Args:
            known: the dialects that differ about the layer; without evidence it is the first.
            evidence: dialects with what in the layer's text or beside it tells them, such as
                ("segnet", "`bn_mode` is given").
            otherwise: why it is the first, where there is no evidence; "" where that needs no
                telling.
        """
        if self.dialect in known:
            return Reading(str(self.dialect), "the dialect was asked for")
        for dialect, because in evidence:
            return Reading(dialect, because)
        return Reading(known[0], otherwise, sure=not otherwise)


def renamed(param: caffe_pb2.LayerParameter, layer_type: str) -> caffe_pb2.LayerParameter:
    """A copy of a ``LayerParameter`` with another type."""
    copy = type(param)()
    copy.CopyFrom(param)
    copy.type = layer_type
    return copy


class ReadsForks:
    """What layers make of forks' fields, and of a text that forks understand differently."""

    #: What the fields that forks added to Caffe's messages do to the layer, by name ("engine") or,
    #: where the name alone would say too little, by place ("convolution_param.engine"). The tables
    #: of a class and of those that it is made of count together; a field in none of them is
    #: refused. The fields of a message that only forks have are the layer's own business.
    fork_fields: ClassVar[Mapping[str, Effect]] = {
        **changes_nothing(
            "engine", "forward_type", "backward_type", "forward_math", "backward_math", "debug",
            "cudnn_math_override", "trt_param", "multinode", "connectivity_mode", "display",
            "bottom_data_type", "compute_data_type", "top_data_type", "bottom_quantizer",
            "top_quantizer", "net_quantizer", "blobs_quantizer", "autotune", "device",
            "bottom_shared_index", "top_shared_index", "quantization_param", "fixed_param",
            "precision_param", "quantizer_mode", "user_defined_layer",
        ),
        **changes_training(
            "breadth_decay_mult", "kernel_shape_decay_mult", "block_group_lasso",
            "regularization_type", "compression", "force_mult", "force_regularize",
            "mn_grad_compress_param", "group_decay_mult",
        ),
        **meant("strict_dim"),  # DeepLab: weights of as many values, whatever their shape, fit
    }  # fmt: skip

    #: The dialects (:data:`minicaffe.options.DIALECTS`) that mean different things by the type or
    #: by one of its fields, the likeliest first.
    dialects: ClassVar[tuple[str, ...]] = ()

    #: Each top lies on bottom 0, pixel on pixel, which pycaffe's ``coord_map`` does not say of it.
    lies_on_bottom: ClassVar[bool] = False

    #: How the layer's text is understood, where the type has several meanings; the net sets it.
    reading: Reading = Reading()

    @classmethod
    def effect_of(cls, param: caffe_pb2.LayerParameter, field: str, value: object) -> Effect | None:
        """What a fork's field in a ``LayerParameter`` does to the layer.

        Args:
            param: the layer's text.
            field: its place, such as ``convolution_param.engine``.
            value: what it says; of an enum's value, the name.

        Returns:
            What the class's ``fork_fields`` say; None for what the layer cannot do.
        """
        tables = [vars(base).get("fork_fields", {}) for base in cls.__mro__]
        for name in (field, field.rpartition(".")[2]):
            for table in tables:
                if name in table:
                    effect: Effect = table[name]
                    return effect
        return None

    @classmethod
    def instead(cls, field: str) -> str:
        """What to write in place of a fork's field that the layer refuses; mostly ""."""
        return ""

    @classmethod
    def reading_of(cls, param: caffe_pb2.LayerParameter, origin: Origin) -> Reading:
        """Whose meaning a ``LayerParameter`` of the type has.

        A class with ``dialects`` overrides it, and answers mostly by :meth:`Origin.choose`.

        Args:
            param: the layer's text, with its bottoms.
            origin: what else is known of the net's fork.
        """
        return origin.choose(cls.dialects) if cls.dialects else Reading()

    @classmethod
    def aligns(cls, param: caffe_pb2.LayerParameter) -> bool:
        """Whether a ``LayerParameter`` may leave it to the net where its second bottom lies on the
        first one (:attr:`Origin.alignments`)."""
        return False

    @classmethod
    def in_caffes_words(cls, param: caffe_pb2.LayerParameter) -> caffe_pb2.LayerParameter:
        """A ``LayerParameter`` of the type as one of another type, where it is a name for that.

        Args:
            param: the layer's text, which stays as it is.
        """
        return param

    @classmethod
    def parts(cls, param: caffe_pb2.LayerParameter) -> list[caffe_pb2.LayerParameter]:
        """The texts of the layers that a net makes of a ``LayerParameter`` of the type: itself,
        unless the type is a name for several in a row (:mod:`minicaffe.layers.fused`)."""
        return [param]

    def blob_order(self, found: int, values: Callable[[int], int]) -> Sequence[int]:
        """Which of the blobs that weights hold is each of the layer's own; mostly the first is
        the first.

        Args:
            found: how many there are.
            values: how many values one of them has, by its number.
        """
        return range(found)

    @classmethod
    def blob_names(cls, count: int) -> tuple[str, ...]:
        """What a layer's parameters are called in files that name them, mostly as PyTorch does.

        Args:
            count: how many parameters the layer has.
        """
        return ("weight", "bias", *(f"blob{index}" for index in range(2, count)))[:count]

    @classmethod
    def class_for(cls, param: caffe_pb2.LayerParameter, reading: Reading) -> type[Layer]:
        """The class that runs a ``LayerParameter`` of the type, where not all meanings are one."""
        return cls  # type: ignore[return-value]  # every class with this base is a layer
