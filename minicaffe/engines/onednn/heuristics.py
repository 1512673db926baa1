"""Where another layout or implementation than oneDNN's own first choice is the faster one.

oneDNN prefers layouts in blocks of 16 channels when it trains, and the first implementation of
its list. Every convolution of the nets in ``benchmarks/`` was timed forward and back with each
implementation in each layout (oneDNN 3.2, AVX-512); the rules here are those that held across
these nets. They look at shapes only, so that a net gets the same code every time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

#: A map of this many positions is small, or of middle size; larger ones are best in blocks,
#: since the weights' gradient takes half as long again with the channels last.
SMALL, MIDDLE = 8 * 8, 16 * 16
#: A deconvolution with longer rows than these is asked for row-major: for the channels last, oneDNN
#: looks at each position of a row before it computes, which takes it 40 µs for each.
LONG_ROW = 4096
#: So many products must be added up for a value of the top before channels-last code gains.
_LONG, _VERY_LONG = 500, 1500


def channels_last(weights: Sequence[int], top: Sequence[int]) -> bool:
    """Whether a convolution that is trained is faster with the channels last.

    It is 20 % faster for the 7×7 maps with 512 channels of ResNet-18, 6 % for its 14×14
    maps, 33 % for LeNet's second layer, whose 20 and 50 channels do not fill blocks of 16.

    Args:
        weights: shape of the weights of one group, (outputs, inputs, height, width).
        top: shape of the top.
    """
    kernel, length, positions = weights[2:], math.prod(weights[1:]), math.prod(top[2:])
    if len(kernel) != 2 or max(kernel) == 1 or weights[1] <= 4:
        return False
    if positions <= SMALL:
        return length >= _LONG
    return positions <= MIDDLE and length >= (_LONG if max(kernel) >= 5 else _VERY_LONG)


def slower_words(way: str, weights: Sequence[int], top: Sequence[int]) -> tuple[str, ...]:
    """Words in the names of implementations that a faster one follows in oneDNN's list.

    For windows of a single position: the gradient of the bottom by ``brgconv_strided`` takes
    1.2 to 5 times as long as by the code for unit windows; this in turn is slower than the
    general one for the gradients of large maps (15 % at 56×56).

    Args:
        way: ``forward``, ``backward_data`` or ``backward_weights``.
        weights: shape of the weights of one group, (outputs, inputs, height, width).
        top: shape of the top.
    """
    if max(weights[2:], default=0) != 1:
        return ()
    positions = math.prod(top[2:])
    if way == "backward_data":
        return ("strided", "1x1") if positions >= 112 * 112 else ("strided",)
    return ("1x1",) if way == "backward_weights" and positions >= 56 * 56 else ()
