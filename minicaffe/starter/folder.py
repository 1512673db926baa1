"""The folder that ``minicaffe new`` writes: a net to train, its solver, the net for use."""

from __future__ import annotations

import logging
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from minicaffe.convert.deploy import deploy_net
from minicaffe.errors import DataError, GraphError, MinicaffeError
from minicaffe.files import new_folder
from minicaffe.lint import Severity, lint_net
from minicaffe.net.net import TEST, Net
from minicaffe.net.summary import summarize_net
from minicaffe.proto import caffe_pb2
from minicaffe.proto.io import read_net, read_solver
from minicaffe.proto.printing import to_text
from minicaffe.starter import fitting
from minicaffe.starter.facts import DataFacts
from minicaffe.starter.readme import readme_text
from minicaffe.starter.schedule import batches_for, fit_solver
from minicaffe.weights.caffemodel import load_weights
from minicaffe.zoo import Network

logger = logging.getLogger("minicaffe")

#: With fewer images than this only the classifier learns, where the weights are trained already.
FEW = 2000

#: Of images of another size than the network is made for, squares of this share are cut out.
_CUT = 7 / 8
#: The least share of the side that the network's own squares may be.
_LEAST_SHARE = 0.6


@dataclass(frozen=True)
class Wishes:
    """What the user asks for.

    Attributes:
        weights: trained weights to go on from; None begins with random ones.
        frozen: which layers do not learn: ``all`` but the classifier, ``none``, or all up to the
            layer of this name; by default ``all`` for few images.
        batch: images in a batch.
        epochs: passes over the images.
        augment: change coloured images at random while training.
    """

    weights: str | None = None
    frozen: str | None = None
    batch: int | None = None
    epochs: int | None = None
    augment: bool = True


def new_model(folder: str, network: Network, facts: DataFacts, wishes: Wishes) -> list[str]:
    """Write a folder with a network that learns these images.

    Args:
        folder: which must not exist; its last part is the net's name.
        network: which of the zoo's.
        facts: the images.
        wishes: what else is asked for.

    Returns:
        What was chosen, a line each.

    Raises:
        DataError: the folder exists or cannot be written; the images do not fit the weights.
        GraphError: the network does not classify, or is too large for the images.
        SnapshotError: the weights cannot be read, or are of another network.
    """
    if os.path.lexists(folder):
        raise DataError(f"'{folder}' exists already; remove it first or choose another name")
    name = re.sub(r"\W+", "_", os.path.basename(os.path.normpath(folder)), flags=re.ASCII) or "net"
    net = read_net(str(network.folder / "train_val.prototxt"))
    solver = read_solver(str(network.folder / "solver.prototxt"))
    fitting.check_classifies(net, network.name)
    tuned = wishes.weights is not None
    if tuned:
        _check_channels(network, facts)
    old_batch = _train_batch(net)
    crop = _crop(net, network, facts)
    side = (crop, crop) if crop else facts.shape[1:]
    batches = batches_for(facts.train_count, facts.val_count, side[0] * side[1], wishes.batch)
    fit_solver(
        solver, train=facts.train_count, val=facts.val_count, batches=batches,
        epochs=wishes.epochs, tuned=tuned, old_batch=old_batch,
    )  # fmt: skip
    frozen = _frozen(net, facts, wishes)
    fitting.fit_net(
        net, facts, name=name, crop=crop, batches=batches, own_mean=not tuned,
        fast_rate=tuned and not frozen, augment=wishes.augment,
    )  # fmt: skip
    fitting.follow_faster(net, solver.max_iter)
    deploy = deploy_net(net, {_data_blob(net): (1, facts.shape[0], *side)}).param
    deploy.name = name
    notes = _check(deploy, network, facts)
    if wishes.weights is not None:
        counts = _try_weights(deploy, wishes.weights, fitting.heads(net))
        fitting.freeze(net, frozen, counts)
        frozen = [name for name in frozen if counts.get(name)]
        solver.weights[:] = [wishes.weights]
    where = os.path.normpath(folder)
    solver.net = os.path.join(where, "train_val.prototxt")
    solver.snapshot_prefix = os.path.join(where, name)
    chosen = _choices(network, facts, side, batches, solver, frozen)
    readme = readme_text(where, network.name, facts, side)
    _write(folder, net, deploy, solver, readme, facts, chosen)
    return [*notes, *chosen]


def _check_channels(network: Network, facts: DataFacts) -> None:
    """Refuse images with another number of channels than the network's weights are for."""
    expected, found = network.facts["input"][0], facts.shape[0]
    if found != expected:
        raise DataError(
            f"the images have {found} channel(s), and weights of {network.name} are for "
            f"{expected}; make the database again with convert_imageset "
            f"--{'gray' if found > 1 else 'color'}",
            path=facts.train,
        )


def _train_batch(net: caffe_pb2.NetParameter) -> int:
    return max(layer.data_param.batch_size for layer in net.layer
               if layer.data_param.source and not _tests(layer))  # fmt: skip


def _tests(layer: caffe_pb2.LayerParameter) -> bool:
    return any(rule.phase == caffe_pb2.TEST for rule in layer.include)


def _data_blob(net: caffe_pb2.NetParameter) -> str:
    return next(layer.top[0] for layer in net.layer if layer.data_param.source)


def _crop(net: caffe_pb2.NetParameter, network: Network, facts: DataFacts) -> int:
    """The side of the squares that are cut out: the network's own, or most of other images."""
    _, height, width = facts.shape
    native = fitting.native_crop(net)
    least = min(height, width)
    if not native:
        return 0 if height == width else least
    if least * _LEAST_SHARE <= native <= least:
        return 0 if height == width == native else native
    return round(least * _CUT)


def _frozen(net: caffe_pb2.NetParameter, facts: DataFacts, wishes: Wishes) -> list[str]:
    """The layers that do not learn."""
    choice = wishes.frozen or ("all" if facts.train_count < FEW else "none")
    if wishes.weights is None:
        if wishes.frozen not in (None, "none"):
            raise GraphError("layers with random weights have to learn; --freeze needs --finetune")
        return []
    if choice == "none":
        return []
    names = [layer.name for layer in net.layer]
    classifiers = fitting.heads(net)
    chosen = names if choice == "all" else fitting.layers_up_to(net, choice)
    return [name for name in chosen if name not in classifiers]


def _check(deploy: caffe_pb2.NetParameter, network: Network, facts: DataFacts) -> list[str]:
    """Refuse a net that the images are too small for; notes on one that they are large for."""
    reason = ""
    try:
        summarize_net(deploy, None)
    except MinicaffeError as error:
        reason = error.message
    own = {found.code for found in lint_net(read_net(str(network.folder / "deploy.prototxt")))}
    for found in lint_net(deploy):
        if found.severity is not Severity.NOTE and found.code not in own:
            reason = reason or found.message
    if reason:
        size = "×".join(map(str, network.facts["input"][1:]))
        raise GraphError(
            f"{network.name} does not take images of {facts.shape[1]}×{facts.shape[2]}: {reason}; "
            f"it is made for {size}: give convert_imageset --resize_height and --resize_width"
        )
    native, side = network.facts["input"][1], min(facts.shape[1:])
    if side > 2 * native:
        return [
            f"{network.name} is made for images of {native}×{native}, and these are larger, so it "
            f"is slow; convert_imageset --resize_height={native} --resize_width={native} makes "
            "smaller ones"
        ]
    return []


def _try_weights(
    deploy: caffe_pb2.NetParameter, weights: str, classifiers: Sequence[str]
) -> dict[str, int]:
    """How many parameter blobs the layers have; the weights fit all but the classifiers.

    Raises:
        SnapshotError: the weights cannot be read, or are of another network.
    """
    with Net(deploy, TEST) as net:
        counts = {node.name: len(node.layer.blobs) for node in net.nodes}
        for blobs in net.params.values():
            for blob in blobs:
                blob.data[...] = np.nan
        load_weights(net, weights)
        fitted = [name for name, blobs in net.params.items() if not np.isnan(blobs[0].data).any()]
        learned = [name for name in net.params if name not in classifiers]
    if len(fitted) < len(learned) / 2:
        raise DataError(
            f"these weights have only {len(fitted)} of the {len(learned)} layers of the network; "
            "they are of another one",
            path=weights,
        )
    return counts


def _choices(
    network: Network, facts: DataFacts, side: tuple[int, ...], batches: fitting.Batches,
    solver: caffe_pb2.SolverParameter, frozen: Sequence[str],
) -> list[str]:  # fmt: skip
    epochs = solver.max_iter * batches.train / facts.train_count
    lines = [
        f"{network.name} for {facts.classes} classes: {facts.train_count} images to train on, "
        f"{facts.val_count} to validate on, {facts.shape[0]} channel(s), input {side[0]}×{side[1]}",
        f"{solver.max_iter} iterations of {batches.train} images ({epochs:.0f} passes), base_lr "
        f"{solver.base_lr:g}",
    ]
    if frozen:
        lines.append(f"{len(frozen)} layers with weights are frozen, up to {frozen[-1]}")
    return lines


def _write(
    folder: str, net: caffe_pb2.NetParameter, deploy: caffe_pb2.NetParameter,
    solver: caffe_pb2.SolverParameter, readme: str, facts: DataFacts, chosen: Sequence[str],
) -> None:  # fmt: skip
    comment = "".join(f"# {line}\n" for line in ("Made by minicaffe new.", *chosen))
    with new_folder(folder, error=DataError) as target:
        for file, message in (
            ("train_val.prototxt", net), ("deploy.prototxt", deploy), ("solver.prototxt", solver),
        ):  # fmt: skip
            Path(target, file).write_text(comment + to_text(message), encoding="utf-8")
        Path(target, "readme.md").write_text(readme, encoding="utf-8")
        if facts.labels is not None:
            shutil.copyfile(facts.labels, target / "labels.txt")
