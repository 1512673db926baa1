"""What each message, field and enum value of the schema means: the comments of its source.

>>> describe("ConvolutionParameter.kernel_size")
'Size of the window.'

Error messages, ``minicaffe.cli`` and editors show them. The texts are a file of their own,
which is only read when the first one is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources


def describe(name: str) -> str | None:
    """The comment of a message, a field, an enum or an enum value.

    Args:
        name: its dotted name without the package: "BatchNormParameter",
            "BatchNormParameter.eps", "PoolingParameter.PoolMethod",
            "PoolingParameter.PoolMethod.MAX".

    Returns:
        The comment on one line, or None if the schema has nothing of that name.
    """
    return all_docs().get(name)


@lru_cache(maxsize=1)
def all_docs() -> Mapping[str, str]:
    """All comments by dotted name."""
    file = resources.files("minicaffe.proto").joinpath("schema_docs.json")
    docs: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return docs
