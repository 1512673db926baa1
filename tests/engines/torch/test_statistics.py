"""Statistics and gradients over many values a channel are exact on PyTorch's engine, too."""

from __future__ import annotations

import pytest

from tests.engines.test_statistics import SHAPES, check, net_of

torch = pytest.importorskip("torch")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("images", "large mean"), ("odd blocks", "large mean"), ("odd blocks", "constant"),
        ("vectors", "ordinary"), ("vectors", "constant"),
    ],
)  # fmt: skip
def test_batch_norm_and_scale(name: str, kind: str) -> None:
    after = "Convolution" if "blocks" in name else ""
    net = net_of(SHAPES[name], "torch", after, in_place=False, relu=False)
    check(net, SHAPES[name], kind, after, relu=False)
