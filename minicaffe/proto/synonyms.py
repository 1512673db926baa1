"""Fields by which forks say what Caffe's schema says in another field.

The reader takes such a field for Caffe's, so that what it writes again is Caffe's form.
"""

from __future__ import annotations

from typing import NamedTuple

_TRUE, _FALSE = ("true", "True", "t", "1"), ("false", "False", "f", "0")


class Synonym(NamedTuple):
    """Caffe's field of the same meaning.

    Attributes:
        name: the field's name.
        words: for each word that may follow the fork's field, Caffe's.
        expected: what may follow it, for messages.
    """

    name: str
    words: dict[str, str]
    expected: str


#: "Message.field" of a fork → Caffe's
SYNONYMS = {
    "PoolingParameter.ceil_mode": Synonym(
        "round_mode",
        {**dict.fromkeys(_TRUE, "CEIL"), **dict.fromkeys(_FALSE, "FLOOR")},
        "true or false",
    ),
}

_HEIGHT_FIRST = "in Caffe it is `dilation`, given twice: the height's first, then the width's"

#: "Message.field" of a fork → how Caffe says it in more than one field
REMARKS = {
    "ConvolutionParameter.dilation_h": _HEIGHT_FIRST,
    "ConvolutionParameter.dilation_w": _HEIGHT_FIRST,
}


def synonym(message: str, field: str) -> Synonym | None:
    """Caffe's field for a fork's, or None."""
    return SYNONYMS.get(f"{message}.{field}")


def remark(message: str, field: str) -> str:
    """The end of an error message about a fork's field that Caffe has in another form."""
    known = REMARKS.get(f"{message}.{field}")
    return f"; {known}" if known else ""
