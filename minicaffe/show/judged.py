"""What a net with labels reads, where it is wrong, and what it takes for what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.errors import GraphError
from minicaffe.layers.loss.judges_classes import JudgesClasses
from minicaffe.layers.loss.labels import Labels
from minicaffe.metrics import measure
from minicaffe.metrics.collector import compared, find_judge
from minicaffe.net.net import Net
from minicaffe.net.node import Node
from minicaffe.show.panels import as_rgb, grid, new_figure, stretched, title_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ITEMS = 36  # pictures of a batch that are shown
_NUMBERED = 25  # classes of a confusion matrix whose counts are written into it


def batch(net: Net, names: Mapping[int, str] | None = None) -> Figure:
    """The first pictures of a net's next batch as the net sees them, with their labels.

    They are cropped, mirrored, and have lost their mean, as the net's transformation says; the
    smallest value of the batch is black, the largest white.

    Args:
        net: which reads its data itself.
        names: of classes, by number.

    Raises:
        GraphError: no layer of the net reads pictures.
    """
    sources = [index for index, node in enumerate(net.nodes) if not node.bottoms]
    name = _pictures_of(net)
    net.forward_from_to(0, sources[-1])
    values = net.blobs[name].data[:_ITEMS]
    labels = _labels_beside(net, name)
    titles = [
        "" if labels is None else _class(int(labels[item]), names) for item in range(len(values))
    ]
    low, high = float(values.min()), float(values.max())
    images = [as_rgb(stretched(item, low, high)) for item in values]
    return grid(images, titles, f"{name}: {low:.4g} (black) to {high:.4g} (white)")


def _pictures_of(net: Net) -> str:
    """The first blob of pictures that a layer without bottoms makes."""
    for node in net.nodes:
        for name in node.top_names if not node.bottoms else ():
            shape = net.blobs[name].shape
            if len(shape) == 4 and shape[1] in (1, 3):
                return name
    raise GraphError(
        "no layer of the net reads pictures: none without bottoms makes a blob of four axes and 1 "
        "or 3 channels",
        path=net.path,
    )


def _labels_beside(net: Net, name: str) -> np.ndarray | None:
    """The labels that the layer gives besides its pictures: a number each."""
    node = next(node for node in net.nodes if name in node.top_names)
    items = net.blobs[name].shape[0]
    for other in node.top_names:
        blob = net.blobs[other]
        if other != name and blob.count == items:
            return blob.data.ravel()
    return None


def _class(label: int, names: Mapping[int, str] | None) -> str:
    return (names or {}).get(label, str(label))


def classes_of(net: Net) -> int:
    """How many classes the net tells apart.

    Raises:
        GraphError: no layer of the net compares scores with labels, or only boxes.
    """
    return judged(net, find_judge(net, ["accuracy"]))[0].shape[1]


def judged(net: Net, judge: Node) -> tuple[np.ndarray, Labels]:
    """The scores (outer, classes, inner) and labels that a layer of the net compares.

    Args:
        net: the net.
        judge: what :func:`minicaffe.metrics.collector.find_judge` finds.

    Raises:
        GraphError: it judges boxes.
        DataError: a label outside the classes, or a score that is nan.
    """
    if not isinstance(judge.layer, JudgesClasses):
        raise GraphError("the net finds boxes, and has no scores of classes", path=net.path)
    return compared(judge, judge.layer)


def confusion(net: Net, batches: int, names: Mapping[int, str] | None = None) -> Figure:
    """How often which class is taken for which: rows are true classes, columns predicted ones.

    The colour is the share of the row, so that large classes do not hide small ones.

    Args:
        net: in the phase TEST, with labels; it reads its data itself.
        batches: how many to run.
        names: of classes, by number.

    Raises:
        GraphError: no layer of the net compares scores with labels, or only boxes.
        ArgumentError: there are no batches.
    """
    found = measure(net, batches, ["confusion"]).confusion
    if found is None:
        raise GraphError(
            "the net finds boxes, of which there is no confusion matrix", path=net.path
        )
    counts, classes = found.counts, found.classes
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = min(14.0, max(4.0, 0.42 * classes + 2))
    figure = new_figure(side, side)
    plot = figure.subplots()
    drawn = plot.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    figure.colorbar(drawn, label="share of the true class", shrink=0.7)
    if classes <= _NUMBERED:
        for row, column in np.argwhere(counts):
            color = "white" if shares[row, column] > 0.5 else "black"
            plot.text(column, row, f"{counts[row, column]}", ha="center", va="center",
                      color=color, fontsize=7)  # fmt: skip
        told = [title_of(_class(label, names)) for label in range(classes)]
        plot.set_xticks(range(classes), told, rotation=90)
        plot.set_yticks(range(classes), told)
    plot.set_xlabel("predicted")
    plot.set_ylabel("true")
    plot.set_title(f"{found.items} items, accuracy {found.accuracy or 0:.4f}")
    return figure


@dataclass(frozen=True)
class Mistake:
    """An item that a net scored, whether it was right or not.

    Attributes:
        loss: -log of the probability of the true class.
        true, predicted: the classes.
        probability: of the predicted class.
        image: channels × height × width as the net saw it; None where it reads no pictures.
    """

    loss: float
    true: int
    predicted: int
    probability: float
    image: np.ndarray | None


def mistakes(net: Net, batches: int, most: int = 36) -> list[Mistake]:
    """The items with the largest losses, the largest first.

    Probabilities are the softmax of the scores that the net's last Accuracy layer (or else its last
    loss) reads, or these themselves where they are probabilities already. Of labels of pixels, an
    item's loss is their mean, and its classes are those of its worst pixel.

    Args:
        net: in the phase TEST, with labels; it reads its data itself, and keeps all its blobs from
            now on.
        batches: how many to run.
        most: how many items, at most.

    Raises:
        GraphError: no layer of the net compares scores with labels, or only boxes.
    """
    net.keep_all()
    judge = find_judge(net, ["accuracy"])
    try:
        name = _pictures_of(net)
    except GraphError:
        name = ""
    found: list[Mistake] = []
    for _ in range(batches):
        net.forward_loss()
        scores, labels = judged(net, judge)
        images = net.blobs[name].data if name else None
        found += _of_batch(scores, labels, images)
        found = sorted(found, key=lambda item: -item.loss)[:most]
    return found


def _of_batch(scores: np.ndarray, labels: Labels, images: np.ndarray | None) -> list[Mistake]:
    """The items of a batch; images of losers are copied, as the next batch overwrites them."""
    probabilities = _probabilities(scores.astype(np.float64))
    losses = -np.log(np.maximum(labels.pick(probabilities), np.finfo(float).tiny))
    valid = np.ones_like(losses, bool) if labels.valid is None else labels.valid
    predicted = probabilities.argmax(axis=1)
    items = []
    for item in range(len(scores)):
        if not valid[item].any():
            continue
        worst = int(np.where(valid[item], losses[item], -np.inf).argmax())
        label = int(predicted[item, worst])
        image = images[item].copy() if images is not None and len(images) == len(scores) else None
        items.append(
            Mistake(
                float(losses[item][valid[item]].mean()),
                int(labels.values[item, worst]),
                label,
                float(probabilities[item, label, worst]),
                image,
            )
        )
    return items


def _probabilities(scores: np.ndarray) -> np.ndarray:
    """Scores (outer, classes, inner) as probabilities, unless they are some already."""
    if (scores >= 0).all() and np.allclose(scores.sum(axis=1), 1.0, atol=1e-3):
        return scores
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def top_losses(
    net: Net, batches: int, names: Mapping[int, str] | None = None, most: int = 36
) -> Figure:
    """The pictures with the largest losses: true class, predicted class, its probability, the loss.

    Args:
        net, batches, most: as :func:`mistakes` takes them.
        names: of classes, by number.

    Raises:
        GraphError: as :func:`mistakes`; or the net reads no pictures.
    """
    found = [item for item in mistakes(net, batches, most) if item.image is not None]
    if not found:
        raise GraphError("the net reads no pictures that could be shown", path=net.path)
    images = []
    for item in found:
        pixels = item.image if item.image is not None else np.zeros((1, 1, 1))
        images.append(as_rgb(stretched(pixels, float(pixels.min()), float(pixels.max()))))
    titles = [
        f"{_class(item.true, names)}\nas {_class(item.predicted, names)} "
        f"{item.probability:.2f}\nloss {item.loss:.2f}"
        for item in found
    ]
    return grid(images, titles, "the largest losses: true class, predicted class")
