"""Random changes to annotated images: a larger canvas, parts cut out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from minicaffe.errors import GraphError, MinicaffeError
from minicaffe.layers.detection.annotations import Example
from minicaffe.layers.detection.boxes import clip, coverages, overlaps
from minicaffe.proto import caffe_pb2

_WHOLE = np.array([0.0, 0.0, 1.0, 1.0])


def sampler_mistakes(samplers: Sequence[caffe_pb2.BatchSampler]) -> Iterator[MinicaffeError]:
    """What is wrong with ``batch_sampler`` blocks."""
    for number, block in enumerate(samplers, start=1):
        sampler = block.sampler
        for name, least, most, limit in (
            ("scale", sampler.min_scale, sampler.max_scale, 1.0),
            ("aspect_ratio", sampler.min_aspect_ratio, sampler.max_aspect_ratio, math.inf),
        ):
            if not 0 < least <= most <= limit:
                yield GraphError(
                    f"batch_sampler {number}: min_{name} is {least:g} and max_{name} {most:g}; "
                    f"expected 0 < min <= max{'' if limit == math.inf else ' <= 1'}"
                )


def draw_part(
    example: Example, samplers: Sequence[caffe_pb2.BatchSampler], rng: np.random.Generator
) -> np.ndarray | None:
    """A part of the image, one of all that the samplers' attempts yield; None without any.

    Each attempt draws an area's root (``scale``) and an aspect ratio, which is brought within
    scale² to 1/scale², and a place; a part that meets ``sample_constraint`` is kept.
    """
    found = []
    for block in samplers:
        kept = 0
        for _ in range(block.max_trials if block.use_original_image else 0):
            if block.HasField("max_sample") and kept >= block.max_sample:
                break
            part = _drawn(block.sampler, rng)
            if _satisfies(part, example.boxes, block.sample_constraint):
                found.append(part)
                kept += 1
    return found[int(rng.integers(len(found)))] if found else None


def _drawn(sampler: caffe_pb2.Sampler, rng: np.random.Generator) -> np.ndarray:
    scale = rng.uniform(sampler.min_scale, sampler.max_scale)
    ratio = rng.uniform(sampler.min_aspect_ratio, sampler.max_aspect_ratio)
    ratio = min(max(ratio, scale**2), 1 / scale**2)
    sides = np.minimum([scale * math.sqrt(ratio), scale / math.sqrt(ratio)], 1)
    low = rng.uniform(0, 1 - sides)
    return np.concatenate([low, low + sides])


def _satisfies(part: np.ndarray, boxes: np.ndarray, limits: caffe_pb2.SampleConstraint) -> bool:
    """Whether some box keeps all limits; without limits any part does."""
    measured = {
        "jaccard_overlap": overlaps(part[None], boxes)[0],
        "sample_coverage": coverages(part[None], boxes)[0],
        "object_coverage": coverages(boxes, part[None])[:, 0],
    }
    good, limited = np.ones(len(boxes), bool), False
    for name, values in measured.items():
        for limit, sign in (("min", 1), ("max", -1)):
            if limits.HasField(f"{limit}_{name}"):
                limited = True
                good &= ~(sign * values < sign * getattr(limits, f"{limit}_{name}"))
    return bool(good.any()) if limited else True


def draw_jitter(jitter: float, keep_aspect: bool, rng: np.random.Generator) -> np.ndarray:
    """YOLO's part of the image: in a fifth of the cases the whole one, else up to ``jitter`` of
    each side is cut off, in a fifth of the cases up to half of that."""
    change = rng.choice(3, p=[0.2, 0.2, 0.6])
    if not change:
        return _WHOLE
    most = jitter / 2 if change == 1 else jitter
    sides = rng.uniform(1 - most, 1, 2)
    if keep_aspect:
        sides[1] = sides[0]
    low = rng.uniform(0, 1 - sides)
    return np.concatenate([low, low + sides])


def cut_out(example: Example, part: np.ndarray, emit: caffe_pb2.EmitConstraint | None) -> Example:
    """A part of the image, with the boxes that it shows; at least one pixel."""
    part = clip(part)
    height, width = example.size
    left, top = min(int(part[0] * width), width - 1), min(int(part[1] * height), height - 1)
    right = left + max(1, int((part[2] - part[0]) * width))
    bottom = top + max(1, int((part[3] - part[1]) * height))
    return replace(example.seen_in(part, emit), image=example.image[:, top:bottom, left:right])


def expand(
    example: Example,
    param: caffe_pb2.ExpansionParameter,
    fill: np.ndarray,
    emit: caffe_pb2.EmitConstraint | None,
    rng: np.random.Generator,
) -> Example:
    """Put the image somewhere on a canvas of up to ``max_expand_ratio`` times its sides.

    Args:
        fill: the canvas's colour: the mean that is subtracted later, one number or one a channel.
    """
    if rng.uniform() > param.prob or abs(param.max_expand_ratio - 1) < 1e-2:
        return example
    ratio = rng.uniform(1, param.max_expand_ratio)
    old = np.array(example.size)
    new = (old * ratio).astype(int)
    down, across = np.floor(rng.uniform(0, new - old)).astype(int)
    canvas = np.empty((len(example.image), *new), np.uint8)
    canvas[...] = np.clip(np.rint(fill), 0, 255).astype(np.uint8).reshape(-1, 1, 1)
    canvas[:, down : down + old[0], across : across + old[1]] = example.image
    low = np.array([-across, -down]) / old[::-1]
    part = np.concatenate([low, low + new[::-1] / old[::-1]])
    return replace(example.seen_in(part, emit), image=canvas)
