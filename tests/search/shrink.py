"""Makes a case that fails smaller, as long as it fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from minicaffe.proto import caffe_pb2
from tests.search.programs import SearchCase, net_refuses, with_net


def shrink(case: SearchCase, fails: Callable[[SearchCase], bool], most: int = 600) -> SearchCase:
    """The smallest case found that still fails.

    Args:
        case: one that fails.
        fails: whether a case does.
        most: how often to try.
    """
    tries = 0
    smaller = True
    while smaller:
        smaller = False
        for other in smaller_ones(case):
            tries += 1
            if tries > most:
                return case
            if fails(other):
                case, smaller = other, True
                break
    return case


def smaller_ones(case: SearchCase) -> Iterator[SearchCase]:
    """Cases with a little less in them, the larger steps first."""
    for size in (4, 2, 1):
        for start in range(0, len(case.program), size):
            left = (*case.program[:start], *case.program[start + size :])
            if left:
                yield replace(case, program=left)
    for index in range(len(case.net.layers) - 1, -1, -1):
        net = case.net.without(index)
        if net.layers and _runs(with_net(case, net)):
            yield with_net(case, net)
    if len(case.shapes) > 1:
        yield replace(case, shapes=case.shapes[:1])
    yield from _plainer(case)


def _plainer(case: SearchCase) -> Iterator[SearchCase]:
    """Cases with fewer settings."""
    net = case.net
    if net.force_backward:
        yield with_net(case, replace(net, force_backward=False))
    if case.options["keep"] != "all":
        yield replace(case, options={**case.options, "keep": "all"})
    if not case.options["fuse"]:
        yield replace(case, options={**case.options, "fuse": True})
    if net.phase == caffe_pb2.TEST:
        yield with_net(case, replace(net, phase=caffe_pb2.TRAIN))
    for index, layer in enumerate(net.layers):
        if layer.rest and layer.type != "Input":
            plain = replace(layer, rest="")
            other = replace(net, layers=(*net.layers[:index], plain, *net.layers[index + 1 :]))
            if _runs(with_net(case, other)):
                yield with_net(case, other)


def _runs(case: SearchCase) -> bool:
    return not any(net_refuses(case.net, shapes) for shapes in case.shapes)
