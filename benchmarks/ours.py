"""What minicaffe does in one iteration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks import nets
from minicaffe import TEST, Net, get_solver
from minicaffe.proto import caffe_pb2

Step = Callable[[], Any]

#: Small enough that random labels are learned without an overflow.
RATE, MOMENTUM, DECAY = 0.001, 0.9, 0.0005


def trainer(name: str, *, engine: str, precision: str, conv_math: str | None = None) -> Step:
    """One iteration of SGD with momentum, by the solver that ``minicaffe train`` uses."""
    param = caffe_pb2.SolverParameter(
        net_param=nets.training(name),
        base_lr=RATE,
        momentum=MOMENTUM,
        weight_decay=DECAY,
        lr_policy="fixed",
        max_iter=1,
        random_seed=1,
    )
    solver = get_solver(
        param, engine=engine, precision=precision, keep="outputs", observers=[], conv_math=conv_math
    )
    data, labels = nets.batch_of(name, nets.NETS[name].batch)
    solver.net.blobs["data"].data[...] = data
    solver.net.blobs["label"].data[...] = labels
    return lambda: solver.step(1)


def classifier(name: str, batch: int, *, engine: str, precision: str) -> Step:
    """One forward pass of a deploy net, images given and scores returned."""
    net = deploy_net(name, batch, engine=engine, precision=precision)
    data, _ = nets.batch_of(name, batch)
    return lambda: net.forward(data=data)[net.outputs[0]]


def deploy_net(name: str, batch: int, *, engine: str, precision: str = "float32") -> Net:
    """A deploy net with weights."""
    param = nets.inference(name, batch)
    net = Net(param, TEST, engine=engine, precision=precision, keep="outputs")
    nets.fill(net, name)
    return net
