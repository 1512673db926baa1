"""Settings of a solver that are hardly meant."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator

from minicaffe.errors import MinicaffeError
from minicaffe.files import check_writable
from minicaffe.lint.diagnostic import Diagnostic, Severity
from minicaffe.lint.rules import Examined, has_bias, rule
from minicaffe.net.net import TRAIN
from minicaffe.proto import caffe_pb2
from minicaffe.solver.solver_param import odd_settings

_RATE = "write base_lr: 0.01"
#: Learning rates that are usual for an update rule, by a wide margin.
_USUAL = {
    "SGD": (1e-7, 1.0),
    "Nesterov": (1e-7, 1.0),
    "AdaGrad": (1e-6, 1.0),
    "RMSProp": (1e-7, 0.1),
    "AdaDelta": (1e-3, 10.0),
    "Adam": (1e-7, 0.05),
}


@rule("MC301")
def rate_teaches_nothing(examined: Examined) -> Iterator[Diagnostic]:
    """``base_lr`` is missing, 0, negative or not a number.

    Found::

        net: "net.prototxt"
        lr_policy: "fixed"
        max_iter: 1000
        display: 100
        test_iter: 10
        test_interval: 500

    Mended::

        net: "net.prototxt"
        base_lr: 0.01
        lr_policy: "fixed"
        max_iter: 1000
        display: 100
        test_iter: 10
        test_interval: 500
    """
    solver = examined.solver
    if solver is None or (solver.HasField("max_iter") and solver.max_iter == 0):
        return
    if any((*solver.stagelr, solver.max_lr)):
        return
    if solver.HasField("base_lr"):
        yield from _odd(examined, "base_lr")
        if solver.base_lr == 0:
            yield examined.remark("base_lr", "base_lr is 0, so nothing is learned", _RATE)
    else:
        yield examined.remark("lr_policy", "base_lr is not set, so the rate is 0", _RATE)


@rule("MC302")
def rate_far_off(examined: Examined) -> Iterator[Diagnostic]:
    """``base_lr`` is far outside of what is usual for the update rule.

    Adam divides by the gradient's size: its rates are about a tenth to a hundredth of SGD's.

    Found::

        net: "net.prototxt"
        type: "Adam"
        momentum: 0.9
        base_lr: 0.5
        lr_policy: "fixed"
        max_iter: 1000
        display: 100
        test_iter: 10
        test_interval: 500

    Mended::

        net: "net.prototxt"
        type: "Adam"
        momentum: 0.9
        base_lr: 0.001
        lr_policy: "fixed"
        max_iter: 1000
        display: 100
        test_iter: 10
        test_interval: 500
    """
    solver = examined.solver
    if solver is None or not (0 < solver.base_lr < math.inf):
        return
    low, high = _USUAL.get(solver.type, (0.0, math.inf))
    if not low <= solver.base_lr <= high:
        side = "above" if solver.base_lr > high else "below"
        yield examined.remark(
            "base_lr",
            f"base_lr is {solver.base_lr:g}, far {side} what is usual for {solver.type}",
            f"rates from {low:g} to {high:g} are usual",
        )


@rule("MC303")
def rate_never_steps(examined: Examined) -> Iterator[Diagnostic]:
    """The policy lowers the rate at iterations that the training does not reach.

    Found::

        net: "net.prototxt"
        base_lr: 0.01
        lr_policy: "step"
        gamma: 0.1
        stepsize: 5000
        max_iter: 1000
        display: 100
        test_iter: 10
        test_interval: 500

    Mended::

        net: "net.prototxt"
        base_lr: 0.01
        lr_policy: "step"
        gamma: 0.1
        stepsize: 400
        max_iter: 1000
        display: 100
        test_iter: 10
        test_interval: 500
    """
    solver = examined.solver
    if solver is None or solver.max_iter <= 0:
        return
    if solver.lr_policy == "step" and solver.stepsize >= solver.max_iter:
        yield examined.remark(
            "stepsize",
            f"the rate steps every {solver.stepsize} iterations, and there are {solver.max_iter}",
            "lower stepsize, or raise max_iter",
        )
    late = [value for value in solver.stepvalue if value >= solver.max_iter]
    if solver.lr_policy == "multistep" and late:
        yield examined.remark(
            "stepvalue",
            f"the rate is to step at iteration {late[0]}, and there are {solver.max_iter}",
            "lower that stepvalue, or raise max_iter",
        )


@rule("MC304")
def no_end(examined: Examined) -> Iterator[Diagnostic]:
    """``max_iter`` is missing, so ``train`` ends at once.

    Found::

        net: "net.prototxt"
        base_lr: 0.01
        lr_policy: "fixed"
        display: 100
        test_iter: 10
        test_interval: 500

    Mended::

        net: "net.prototxt"
        base_lr: 0.01
        lr_policy: "fixed"
        max_iter: 1000
        display: 100
        test_iter: 10
        test_interval: 500
    """
    if examined.solver is not None and not examined.solver.HasField("max_iter"):
        yield examined.remark(
            "net", "max_iter is not set, so no iteration is trained", "write max_iter: 10000"
        )


@rule("MC305")
def tests_are_not_run(examined: Examined) -> Iterator[Diagnostic]:
    """``test_interval`` is set, but no ``test_iter``: nothing is tested.

    Found::

        net: "net.prototxt"
        base_lr: 0.01
        lr_policy: "fixed"
        max_iter: 1000
        display: 100
        test_interval: 500

    Mended::

        net: "net.prototxt"
        base_lr: 0.01
        lr_policy: "fixed"
        max_iter: 1000
        display: 100
        test_iter: 10
        test_interval: 500
    """
    yield from _odd(examined, "test_interval")


@rule("MC306")
def snapshots_cannot_be_written(examined: Examined) -> Iterator[Diagnostic]:
    """Nothing can be written where ``snapshot_prefix`` says: its folder is missing, or protected.

    The training would stop at its first snapshot.

    Found::

        net: "net.prototxt"
        base_lr: 0.01
        lr_policy: "fixed"
        max_iter: 1000
        display: 100
        test_iter: 10
        test_interval: 500
        snapshot_prefix: "no/such/folder/net"

    Mended::

        net: "net.prototxt"
        base_lr: 0.01
        lr_policy: "fixed"
        max_iter: 1000
        display: 100
        test_iter: 10
        test_interval: 500
        snapshot_prefix: "snapshot_of_net"
    """
    solver = examined.solver
    if solver is None or not solver.HasField("snapshot_prefix"):
        return
    folder = os.path.dirname(solver.snapshot_prefix) or "."
    try:
        if not os.path.isdir(folder):
            check_writable(solver.snapshot_prefix)
        elif not os.access(folder, os.W_OK):
            raise MinicaffeError(f"the folder '{folder}' is not writable")
    except MinicaffeError as error:
        yield examined.remark("snapshot_prefix", error.message)


@rule("MC307", Severity.NOTE)
def nothing_is_displayed(examined: Examined) -> Iterator[Diagnostic]:
    """``display`` is 0 or missing, so the log does not show the loss.

    Found::

        net: "net.prototxt"
        base_lr: 0.01
        lr_policy: "fixed"
        max_iter: 1000
        test_iter: 10
        test_interval: 500

    Mended::

        net: "net.prototxt"
        base_lr: 0.01
        lr_policy: "fixed"
        max_iter: 1000
        display: 100
        test_iter: 10
        test_interval: 500
    """
    if examined.solver is not None and not examined.solver.display:
        yield examined.remark("net", "display is 0, so the loss is not shown", "write display: 100")


@rule("MC308", Severity.NOTE)
def biases_decay(examined: Examined) -> Iterator[Diagnostic]:
    """``weight_decay`` pulls biases and BatchNorm's scales towards 0, too.

    Decay is meant for weights. Nets of Caffe's zoo write ``param { lr_mult: 2 decay_mult: 0 }``
    for biases.

    Found::

        net_param {
          layer { name: "data" type: "DummyData" top: "data" top: "label"
            dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 } } }
          layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
            inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
          layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }
        }
        base_lr: 0.01
        lr_policy: "fixed"
        weight_decay: 0.0005
        max_iter: 1000
        display: 100

    Mended::

        net_param {
          layer { name: "data" type: "DummyData" top: "data" top: "label"
            dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 } } }
          layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
            param { lr_mult: 1 } param { lr_mult: 2 decay_mult: 0 }
            inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
          layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }
        }
        base_lr: 0.01
        lr_policy: "fixed"
        weight_decay: 0.0005
        max_iter: 1000
        display: 100
    """
    if examined.solver is None or not examined.solver.weight_decay:
        return
    for net in examined.in_phase(TRAIN):
        for layer in net.graph.layers:
            specs = layer.param.param
            if not has_bias(layer):
                continue
            if len(specs) < 2 or (specs[1].decay_mult and specs[1].lr_mult):
                yield net.remark(
                    layer,
                    f"weight_decay {examined.solver.weight_decay:g} pulls its bias towards 0",
                    "write param { lr_mult: 1 } param { lr_mult: 2 decay_mult: 0 }",
                )


@rule("MC309", Severity.NOTE)
def gpu_asked_for(examined: Examined) -> Iterator[Diagnostic]:
    """``solver_mode: GPU`` is written, and minicaffe runs on the CPU.

    Found::

        net: "net.prototxt"
        base_lr: 0.01
        lr_policy: "fixed"
        max_iter: 1000
        display: 100
        test_iter: 10
        test_interval: 500
        solver_mode: GPU

    Mended::

        net: "net.prototxt"
        base_lr: 0.01
        lr_policy: "fixed"
        max_iter: 1000
        display: 100
        test_iter: 10
        test_interval: 500
        solver_mode: CPU
    """
    solver = examined.solver
    gpu = caffe_pb2.SolverParameter.GPU
    if solver is not None and solver.HasField("solver_mode") and solver.solver_mode == gpu:
        yield examined.remark(
            "solver_mode", "solver_mode is GPU; minicaffe runs on the CPU", "write CPU"
        )


@rule("MC310")
def momentum_climbs(examined: Examined) -> Iterator[Diagnostic]:
    """``momentum`` is 1 or more, or negative; or ``weight_decay`` is negative.

    Found::

        net: "net.prototxt"
        base_lr: 0.01
        lr_policy: "fixed"
        momentum: 1.5
        max_iter: 1000
        display: 100
        test_iter: 10
        test_interval: 500

    Mended::

        net: "net.prototxt"
        base_lr: 0.01
        lr_policy: "fixed"
        momentum: 0.9
        max_iter: 1000
        display: 100
        test_iter: 10
        test_interval: 500
    """
    yield from _odd(examined, "momentum", "weight_decay")


# ------------------------------------------------------------------------- what rules ask


def _odd(examined: Examined, *fields: str) -> Iterator[Diagnostic]:
    """What a training itself would warn of these fields."""
    if examined.solver is None:
        return
    for field, told in odd_settings(examined.solver):
        if field in fields:
            message, _, advice = told.partition("; ")
            yield examined.remark(field, message, advice)
