"""Scoring a test net: the mean of what it gives over a number of batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from minicaffe.errors import SolverError
from minicaffe.layers.detection.scored_layer import ScoredLayer
from minicaffe.net.net import Net


@dataclass
class Scores:
    """What a test net gave.

    Attributes:
        outputs: for each of ``net.outputs`` its mean, in the output's shape.
        loss: the mean loss.
        done: over how many batches.
        interrupted: whether it was told to stop before the last one.
    """

    outputs: list[np.ndarray] = field(default_factory=list)
    loss: float = 0.0
    done: int = 0
    interrupted: bool = False

    def named(self, names: Sequence[str]) -> dict[str, float | np.ndarray]:
        """The outputs by name, in their blobs' shapes; of a single element, as a number."""
        return {
            name: values.item() if values.size == 1 else values
            for name, values in zip(names, self.outputs, strict=False)
        }


def average_outputs(
    net: Net,
    batches: int,
    *,
    stop: Callable[[], bool] = lambda: False,
    on_batch: Callable[[int], None] = lambda done: None,
    ap_version: str = "Integral",
    by_class: bool = False,
    add_up: Callable[[np.ndarray], None] | None = None,
) -> Scores:
    """Run a net forward on ``batches`` batches and average its outputs.

    An output that its layer scores by itself, such as DetectionEvaluate's, is one number.

    Args:
        net: in the phase TEST, as a rule.
        batches: how many.
        stop: asked before each batch whether to end at once.
        on_batch: told after each batch how many are done.
        ap_version: how average precisions are computed.
        by_class: whether those of single classes are logged.
        add_up: makes sums over all processes that share the batches, each with as many.

    Raises:
        SolverError: an output changes its shape on the way, so that it has no mean.
    """
    scores = Scores()
    scoring = scored_outputs(net)
    collected: dict[str, list[np.ndarray]] = {name: [] for name in scoring}
    for done in range(1, batches + 1):
        if stop():
            scores.interrupted = True
            break
        scores.loss += net.forward_loss()
        _add_outputs(scores, net, collected)
        scores.done = done
        on_batch(done)
    if add_up is not None:
        _add_up(scores, add_up)
    for values in scores.outputs:
        values /= scores.done
    for index, name in enumerate(net.outputs[: len(scores.outputs)]):
        if name in collected:
            score = scoring[name].score(collected[name], ap_version, by_class=by_class)
            scores.outputs[index] = np.asarray(score)
    scores.loss /= max(scores.done, 1)
    return scores


def _add_outputs(scores: Scores, net: Net, collected: Mapping[str, list[np.ndarray]]) -> None:
    """Add one batch's outputs to the sums; those that a layer scores by itself are collected."""
    for index, name in enumerate(net.outputs):
        values = net.blobs[name].data.astype(np.float64)
        if name in collected:
            collected[name].append(values)
            values = np.zeros(())  # its place, which the score takes
        if not scores.done:
            scores.outputs.append(values)
        elif scores.outputs[index].shape != values.shape:
            raise SolverError(
                f"test output '{name}' has shape {values.shape} in batch {scores.done + 1} and "
                f"{scores.outputs[index].shape} before; outputs of different shapes cannot "
                "be averaged"
            )
        else:
            scores.outputs[index] += values


def _add_up(scores: Scores, add_up: Callable[[np.ndarray], None]) -> None:
    """Replace sums over the batches of this process by those over all processes' batches."""
    flat = np.concatenate([*(values.ravel() for values in scores.outputs), [scores.loss]])
    counts = np.array([float(scores.done)])
    for array in (flat, counts):
        add_up(array)
    parts = np.split(flat[:-1], np.cumsum([values.size for values in scores.outputs])[:-1])
    for values, part in zip(scores.outputs, parts, strict=True):
        values[...] = part.reshape(values.shape)
    scores.loss, scores.done = float(flat[-1]), int(counts[0])


def scored_outputs(net: Net) -> dict[str, ScoredLayer]:
    """The outputs that a layer scores by itself, with that layer."""
    return {
        name: node.layer
        for node in net.nodes
        for name in node.top_names
        if isinstance(node.layer, ScoredLayer) and name in net.outputs
    }
