"""Measure a network's time, layer by layer, forward and backward.

    minicaffe time --model=models/lenet_bn/train_val.prototxt --iterations=20

    minicaffe time --model=models/resnet50/deploy.prototxt --forward_only --verbose

The log has the form of ``caffe time``. Layers are run one at a time here; an engine may be
faster, and need less memory, when it runs the whole net, which the first lines measure. With
``--forward_only`` only those appear, without gradients and with the memory that inference needs.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

from minicaffe.cli._flags import (
    ENGINE_FLAGS,
    add_flags,
    add_limits,
    add_switch,
    note_gpu,
    phase_number,
    run_options,
)
from minicaffe.engines import engine_name
from minicaffe.errors import GraphError
from minicaffe.options import peak_memory, size_text

if TYPE_CHECKING:
    from minicaffe.net.net import Net

logger = logging.getLogger("minicaffe")

DEFAULT_ITERATIONS = 50


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's flags."""
    flags = ("weights", "phase", "level", "stage", "iterations", *ENGINE_FLAGS)
    add_flags(parser, "model", *flags, "gpu", required=("model",))
    add_switch(parser, "forward_only", "measure the forward pass of the whole net, no gradients")
    add_switch(parser, "verbose", "print the plan: what runs each layer, in which layouts")
    add_limits(parser)


def run(args: argparse.Namespace) -> int:
    """Log the times of the whole net and of each layer."""
    from minicaffe.net.net import TEST, TRAIN, Net
    from minicaffe.zoo import net_file

    note_gpu(args.gpu)
    phase = phase_number(args.phase, TEST if args.forward_only else TRAIN)
    options = run_options(args, keep="outputs").keywords()
    args.model = net_file(args.model)
    with Net(args.model, phase, args.level or 0, args.stage, **options) as net:
        if not net.layers:
            raise GraphError("the net has no layers in this phase", path=args.model)
        for path in args.weights or ():
            net.copy_from(path)
        iterations = args.iterations or DEFAULT_ITERATIONS
        _measure_whole(net, iterations, args.forward_only)
        peak = peak_memory()
        if peak is not None:  # layers that are run one by one need more
            logger.info("Peak memory of the process: %s", size_text(peak))
        if args.verbose:
            _show_plan(net)
        if not args.forward_only:
            measure(net, iterations)
    return 0


def measure(net: Net, iterations: int) -> None:
    """Run the net and log the mean times of its layers, in milliseconds."""
    last = len(net.layers) - 1
    # The first pass allocates memory, which later ones do not.
    logger.info("Performing Forward")
    logger.info("Initial loss: %g", net.forward_loss())
    logger.info("Performing Backward")
    net.backward_from_to(last, 0)
    logger.info("*** Benchmark begins ***")
    logger.info("Testing for %d iterations.", iterations)
    begin = perf_counter()
    forward = [0.0] * len(net.layers)
    backward = [0.0] * len(net.layers)
    for iteration in range(iterations):
        start = perf_counter()
        for index in range(last + 1):
            forward[index] += _seconds(net.forward_from_to, index)
        for index in range(last, -1, -1):
            backward[index] += _seconds(net.backward_from_to, index)
        took = perf_counter() - start
        logger.info("Iteration: %d forward-backward time: %g ms.", iteration + 1, took * 1e3)
    total = perf_counter() - begin
    logger.info("Average time per layer: ")
    for name, ahead, back in zip(net.layer_names, forward, backward, strict=True):
        logger.info("%10s\tforward: %g ms.", name, ahead * 1e3 / iterations)
        logger.info("%10s\tbackward: %g ms.", name, back * 1e3 / iterations)
    logger.info("Average Forward pass: %g ms.", sum(forward) * 1e3 / iterations)
    logger.info("Average Backward pass: %g ms.", sum(backward) * 1e3 / iterations)
    logger.info("Average Forward-Backward: %g ms.", total * 1e3 / iterations)
    logger.info("Total Time: %g ms.", total * 1e3)
    logger.info("*** Benchmark ends ***")


def _measure_whole(net: Net, iterations: int, forward_only: bool) -> None:
    """The time of whole passes, where the engine may run several layers as one."""
    last = len(net.layers) - 1
    times = []
    for _ in range(iterations + 1):  # the first one prepares
        begin = perf_counter()
        net.forward_from_to(0, last)
        if not forward_only:
            net.backward_from_to(last, 0)
        times.append((perf_counter() - begin) * 1e3)
    what = "Forward" if forward_only else "Forward-Backward"
    logger.info("Whole net, %s: %g ms (median %g ms).", what,
                sum(times[1:]) / iterations, median(times[1:]))  # fmt: skip


def _show_plan(net: Net) -> None:
    """Log what runs each layer."""
    logger.info("Plan of engine %s:", engine_name(net.engine))
    for line in net.plan.describe(verbose=True):
        logger.info("%s", line)


def _seconds(call: Callable[[int, int], object], index: int) -> float:
    start = perf_counter()
    call(index, index)
    return perf_counter() - start
