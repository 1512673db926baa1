"""A net that is nothing but parameters, for the update rules."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from minicaffe.blob import Blob
from minicaffe.net.params import LearnableParam, ParamArena
from minicaffe.options import MemoryBudget

SHAPES = ((2, 3, 4, 5), (3,), (), (7, 5))
MULTIPLIERS = ((1, 1), (1, 1), (2, 0), (0.5, 3))


def parameter_net(shapes=SHAPES, multipliers=MULTIPLIERS, dtype=np.float64, seed=1):
    """Parameters with random values and gradients, in an arena."""
    params = [
        LearnableParam(
            Blob(shape, dtype), f"layer{index}", 0, lr_mult=lr_mult, decay_mult=decay_mult
        )
        for index, (shape, (lr_mult, decay_mult)) in enumerate(
            zip(shapes, multipliers, strict=True)
        )
    ]
    net = SimpleNamespace(name="fake", learnable_params=params, arena=ParamArena(params, dtype))
    net.budget = MemoryBudget(2**40, gradients=True)
    rng = np.random.default_rng(seed)
    for param in params:
        param.blob.data[...] = rng.normal(size=param.blob.shape)
    new_gradients(net, rng)
    return net


def new_gradients(net, rng):
    """Random gradients for all parameters; returns copies of them."""
    for param in net.learnable_params:
        param.blob.diff[...] = rng.normal(size=param.blob.shape)
    return [param.blob.diff.copy() for param in net.learnable_params]
