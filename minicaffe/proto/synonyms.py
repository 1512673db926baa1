"""Fields by which forks say what Caffe's schema says in another field, or several times.

The reader takes such a field for Caffe's, so that what it writes again is Caffe's form.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

_TRUE, _FALSE = ("true", "True", "t", "1"), ("false", "False", "f", "0")


class Synonym(NamedTuple):
    """Caffe's field of the same meaning.

    Attributes:
        name: the field's name.
        words: for each word that may follow the fork's field, Caffe's; none where the values are
            the same.
        expected: what may follow it, for messages.
    """

    name: str
    words: Mapping[str, str] = MappingProxyType({})
    expected: str = ""

    def note(self, field: str, value: str) -> str:
        """What to tell of the fork's field and its value."""
        if not self.words:
            return f"`{field}` is read as `{self.name}`, its later name"
        word = self.words[value]
        return f"`{field}: {value}` is read as `{self.name}: {word}`, Caffe's name for it"


#: "Message.field" of a fork → Caffe's
SYNONYMS = {
    "PoolingParameter.ceil_mode": Synonym(
        "round_mode",
        {**dict.fromkeys(_TRUE, "CEIL"), **dict.fromkeys(_FALSE, "FLOOR")},
        "true or false",
    ),
    "LayerParameter.detection_param": Synonym("detection_loss_param"),
    "LayerParameter.bbox_accuracy_param": Synonym("bbox_reg_param"),
    "V0LayerParameter.context_pad": Synonym("det_context_pad"),
    "V0LayerParameter.crop_mode": Synonym("det_crop_mode"),
}

#: "Message.field" that a fork repeats: TSN's Caffe trains on several graphics cards.
REPEATED = {"SolverParameter.device_id"}


#: "Message.field" with one value in Caffe and one for each axis in video-caffe and TSN → the field
#: that takes several.
FOR_EACH_AXIS = {
    "PoolingParameter.kernel_size": "kernel_size_3d",
    "PoolingParameter.stride": "stride_3d",
    "PoolingParameter.pad": "pad_3d",
}


def for_each_axis(message: str, field: str) -> str | None:
    """The repeated field for what a fork gives once for each axis, or None."""
    return FOR_EACH_AXIS.get(f"{message}.{field}")


def repeated_in(message: str, field: str) -> bool:
    """Whether a fork gives several values where Caffe has one; the first one counts."""
    return f"{message}.{field}" in REPEATED


def synonym(message: str, field: str) -> Synonym | None:
    """Caffe's field for a fork's, or None."""
    return SYNONYMS.get(f"{message}.{field}")
