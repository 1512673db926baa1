"""LRN against one loop for each index."""

from __future__ import annotations

from typing import Any

from tests.layers import references
from tests.layers.harness import Case


def _lrn(name: str, param: str, within: bool = False, **more: Any) -> Case:
    values = {"size": 5, "alpha": 1.0, "beta": 0.75, "k": 1.0, **more}
    return Case(
        "LRN",
        f"lrn_param {{ {param} }}",
        [(2, 6, 4, 5)] if not within else [(2, 3, 5, 4)],
        reference=lambda bottoms, params: [references.lrn(bottoms[0], within=within, **values)],
        name=name,
    )


CASES = [
    _lrn("default", ""),
    _lrn("all", "local_size: 3 alpha: 0.5 beta: 0.625 k: 2.5", size=3, alpha=0.5, beta=0.625,
         k=2.5),
    _lrn("wider-than-channels", "local_size: 15 engine: CAFFE", size=15),
    _lrn("alone", "local_size: 1 alpha: 2", size=1, alpha=2.0),
    _lrn("within", "norm_region: WITHIN_CHANNEL local_size: 3 alpha: 2", True, size=3, alpha=2.0),
    _lrn("within-ignores-k", "norm_region: WITHIN_CHANNEL k: 3 beta: 0.5", True, beta=0.5),
    _lrn("within-wider-than-image", "norm_region: WITHIN_CHANNEL local_size: 11", True, size=11),
]  # fmt: skip
