"""What PyTorch's normalisation modules compute, to compare our layers with.

The file ``torch_numbers.npz`` holds the results of ``python -m tests.convert.torch_numbers``
with PyTorch 2.13.0, so that the comparison runs without PyTorch, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

STORED = Path(__file__).with_suffix(".npz")
EPS = 1e-5


@dataclass(frozen=True)
class Module:
    """A module of torch.nn, and the layers that do the same.

    Attributes:
        name: of the case.
        kind: the class in torch.nn.
        arguments: of its constructor.
        shape: the bottom's.
        layers: prototxt of our layers from blob "data" to blob "y".
    """

    name: str
    kind: str
    arguments: tuple[Any, ...]
    shape: tuple[int, ...]
    layers: str


BATCH_NORM = """
    layer { name: "bn" type: "BatchNorm" bottom: "data" top: "y"
            batch_norm_param { moving_average_fraction: 0.9 } }
    layer { name: "scale" type: "Scale" bottom: "y" top: "y" scale_param { bias_term: true } }
"""
NORM = 'layer { name: "norm" type: "%s" bottom: "data" top: "y" %s }'

MODULES = [
    Module("N,C", "BatchNorm1d", (3,), (5, 3), BATCH_NORM),
    Module("N,C,L", "BatchNorm1d", (3,), (2, 3, 7), BATCH_NORM),
    Module("1,2,3,4", "BatchNorm2d", (2,), (1, 2, 3, 4), BATCH_NORM),
    Module("N,C,H,W", "BatchNorm2d", (3,), (2, 3, 4, 5), BATCH_NORM),
    Module("N,C,D,H,W", "BatchNorm3d", (3,), (2, 3, 2, 4, 3), BATCH_NORM),
    Module("layer 3 axes", "LayerNorm", ((3, 4, 5),), (2, 3, 4, 5), NORM % ("LayerNorm", "")),
    Module("layer 1 axis", "LayerNorm", (7,), (2, 3, 7),
           NORM % ("LayerNorm", "layer_norm_param { axis: -1 }")),
    Module("instance 1d", "InstanceNorm1d", (3, EPS, 0.1, True), (2, 3, 7),
           NORM % ("InstanceNorm", "")),
    Module("instance 3d", "InstanceNorm3d", (3, EPS, 0.1, True), (2, 3, 2, 4, 3),
           NORM % ("InstanceNorm", "")),
    Module("group", "GroupNorm", (3, 6), (2, 6, 4, 5),
           NORM % ("GroupNorm", "group_norm_param { num_groups: 3 }")),
    Module("group 2 axes", "GroupNorm", (2, 4), (3, 4),
           NORM % ("GroupNorm", "group_norm_param { num_groups: 2 }")),
]  # fmt: skip

Arrays = dict[str, np.ndarray]


def given(module: Module, seed: int) -> Arrays:
    """Two batches, a gradient, gamma and beta."""
    rng = np.random.default_rng(seed)
    covered = module.shape[1:2]
    if module.kind == "LayerNorm":
        covered = np.zeros(module.shape)[0].shape if module.name == "layer 3 axes" else (7,)
    return {
        "first": rng.normal(2, 3, module.shape),
        "second": rng.normal(-1, 2, module.shape),
        "dy": rng.normal(size=module.shape),
        "weight": rng.normal(size=covered),
        "bias": rng.normal(size=covered),
    }


def by_torch(module: Module, values: Arrays) -> Arrays:
    """Train on both batches, go back from the second, then evaluate the first."""
    import torch

    one = getattr(torch.nn, module.kind)(*module.arguments).double()
    with torch.no_grad():
        one.weight.copy_(torch.from_numpy(values["weight"]))
        one.bias.copy_(torch.from_numpy(values["bias"]))
    one(torch.from_numpy(values["first"]))
    x = torch.from_numpy(values["second"]).requires_grad_()
    y = one(x)
    y.backward(torch.from_numpy(values["dy"]))
    results = {"y": y, "dx": x.grad, "dweight": one.weight.grad, "dbias": one.bias.grad}
    if module.kind.startswith("BatchNorm"):
        results["running_mean"], results["running_var"] = one.running_mean, one.running_var
    one.eval()
    results["evaluated"] = one(torch.from_numpy(values["first"]))
    return {name: value.detach().numpy().copy() for name, value in results.items()}


def main() -> None:
    """Write the file."""
    arrays = {
        f"{module.name}/{name}": value
        for module in MODULES
        for name, value in by_torch(module, given(module, 3)).items()
    }
    np.savez_compressed(STORED, **arrays)


if __name__ == "__main__":
    main()
