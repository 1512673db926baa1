"""A tour of batch normalisation: train, look, fold, measure.

    python docs/tour_batchnorm.py [--iterations 300] [--out tour_batchnorm]

Two nets of five hidden layers with sigmoids learn the images of clothes that come with minicaffe,
one of them with BatchNorm and Scale before each sigmoid. It takes some ten seconds, prints what it
finds, and writes the nets, the trained weights and, with matplotlib, a picture. Read it from top to
bottom; docs/batchnorm.md explains the ideas.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import minicaffe as caffe
from minicaffe.convert.bn_stats import population_statistics, without_dropout
from minicaffe.convert.compare import compare_nets, random_inputs
from minicaffe.convert.deploy import deploy_net
from minicaffe.convert.fold_bn import fold_net
from minicaffe.errors import MissingExtraError, require
from minicaffe.proto.io import read_net
from minicaffe.proto.printing import write_text

IMAGES = Path(__file__).resolve().parents[1] / "data" / "fashion_mnist"
HIDDEN = 5
LOOKS = 30  # how often the activations are looked at during training

# ------------------------------------------------------------------------------- 1. two nets

DATA = """
layer { name: "data" type: "Data" top: "data" top: "label" include { phase: %s }
        transform_param { mean_value: 73 std_value: 90 }
        data_param { source: "%s" batch_size: %d backend: LMDB } }
"""
FULLY_CONNECTED = """
layer { name: "fc%(n)d" type: "InnerProduct" bottom: "%(bottom)s" top: "in%(n)d"
        inner_product_param { num_output: 60 bias_term: %(bias)s
                              weight_filler { type: "gaussian" std: 0.08 } } }
"""
# In place on the sigmoid's input: Caffe's two layers for the paper's one.
NORMALISED = """
layer { name: "bn%(n)d" type: "BatchNorm" bottom: "in%(n)d" top: "in%(n)d"
        batch_norm_param { moving_average_fraction: 0.95 } }
layer { name: "scale%(n)d" type: "Scale" bottom: "in%(n)d" top: "in%(n)d"
        scale_param { bias_term: true } }
"""
SIGMOID = """
layer { name: "sigmoid%(n)d" type: "Sigmoid" bottom: "in%(n)d" top: "out%(n)d" }
"""
LOSS = """
layer { name: "scores" type: "InnerProduct" bottom: "%s" top: "scores"
        inner_product_param { num_output: 10 weight_filler { type: "gaussian" std: 0.08 } } }
layer { name: "accuracy" type: "Accuracy" bottom: "scores" bottom: "label" top: "accuracy"
        include { phase: TEST } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "scores" bottom: "label" top: "loss" }
"""
SOLVER = """
net: "%s" test_iter: 20 test_interval: 1000000 test_initialization: false
base_lr: 0.1 momentum: 0.9 lr_policy: "fixed" max_iter: 1000000 random_seed: 1
snapshot_after_train: false
"""


def write_net(path: Path, normalised: bool) -> None:
    """A net for training and testing."""
    parts = [
        DATA % ("TRAIN", IMAGES / "train_lmdb", 60),
        DATA % ("TEST", IMAGES / "test_lmdb", 100),
    ]
    bottom = "data"
    for n in range(1, HIDDEN + 1):
        # BatchNorm takes a bias away again, so it gets none
        names = {"n": n, "bottom": bottom, "bias": str(not normalised).lower()}
        parts += [FULLY_CONNECTED % names, (NORMALISED if normalised else "") % names]
        parts.append(SIGMOID % names)
        bottom = f"out{n}"
    path.write_text("".join([*parts, LOSS % bottom]), encoding="utf-8")


# --------------------------------------------------------------- 2. train, and look on the way


def train(net_file: Path, iterations: int) -> tuple[caffe.Net, np.ndarray, float]:
    """Train a net.

    Returns:
        The net; for each look the iteration and the {15, 50, 85}th percentiles of what one
        unit's last sigmoid gets over a batch (figure 1 of the paper); the accuracy.
    """
    solver_file = net_file.with_suffix(".solver")
    solver_file.write_text(SOLVER % net_file, encoding="utf-8")
    solver = caffe.get_solver(str(solver_file), observers=[])
    looks = []
    every = max(1, iterations // LOOKS)
    for done in range(0, iterations, every):
        solver.step(min(every, iterations - done))
        unit = solver.net.blobs[f"in{HIDDEN}"].data[:, 0]
        looks.append([solver.iter, *np.percentile(unit, (15, 50, 85))])
    return solver.net, np.array(looks), accuracy(net_file, solver.net)


def accuracy(net_file: Path, trained: caffe.Net) -> float:
    """The share of the 2,000 test images that a net with these weights knows."""
    with caffe.Net(str(net_file), caffe.TEST) as net:
        net.share_with(trained)  # BatchNorm's statistics are shared, too
        return float(np.mean([net.forward()["accuracy"] for _ in range(20)]))


# ------------------------------------------------------------------------------- 3. a picture


def plot(path: Path, looks: dict[str, np.ndarray]) -> str:
    """Draw the percentiles of both nets; says where, or what is missing."""
    try:
        matplotlib = require("matplotlib", extra="plot", purpose="the picture")
    except MissingExtraError as error:
        return f"no picture: {error}"
    matplotlib.use("Agg")
    pyplot = require("matplotlib.pyplot", extra="plot", purpose="the picture")
    figure, axes = pyplot.subplots(1, 2, sharey=True, figsize=(9, 3.5))
    for axis, (name, rows) in zip(axes, looks.items(), strict=True):
        for column, share in enumerate((15, 50, 85), start=1):
            axis.plot(rows[:, 0], rows[:, column], label=f"{share}th percentile")
        axis.set(title=name, xlabel="iteration")
    axes[0].set_ylabel("input of a sigmoid of the last hidden layer")
    axes[0].legend()
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
    return f"the picture: {path}"


# -------------------------------------------------------------- 4. statistics of the population


def population(net_file: Path, trained: caffe.Net, batches: int) -> float:
    """Replace the moving averages by algorithm 2's statistics; returns the accuracy with them."""
    with caffe.Net(without_dropout(read_net(net_file)), caffe.TRAIN) as net:
        net.share_with(trained)
        population_statistics(net, batches)
    return accuracy(net_file, trained)


# -------------------------------------------------------------------------------- 5. fold it


def fold(net_file: Path, trained: caffe.Net, out: Path) -> tuple[caffe.Net, caffe.Net, str]:
    """The deploy net with BatchNorm and Scale and the one without; how far they are apart."""
    deployed = deploy_net(read_net(net_file), {"data": (100, 1, 28, 28)})
    net = caffe.Net(deployed.param, caffe.TEST)
    net.share_with(trained)
    folded = fold_net(deployed.param, net)
    smaller = folded.build()
    write_text(out / "folded.prototxt", folded.param)
    smaller.save(out / "folded.caffemodel")
    return net, smaller, str(compare_nets(net, smaller, random_inputs(net)))


def speed(nets: Sequence[caffe.Net], repeats: int) -> list[float]:
    """The least time of a forward for each net in milliseconds, measured in turns."""
    times: list[list[float]] = [[] for _ in nets]
    for _ in range(repeats):
        for net, taken in zip(nets, times, strict=True):
            start = time.perf_counter()
            net.forward_loss()
            taken.append(1e3 * (time.perf_counter() - start))
    return [min(taken) for taken in times]


# ------------------------------------------------------------------------------------ the tour


def main(arguments: Sequence[str] | None = None) -> None:
    """Go through it all."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--iterations", type=int, default=300, help="of each training")
    parser.add_argument("--out", type=Path, default=Path("tour_batchnorm"), help="folder to write")
    args = parser.parse_args(arguments)
    args.out.mkdir(parents=True, exist_ok=True)

    print(f"Two nets of {HIDDEN} hidden layers, {args.iterations} iterations of 60 images each.")
    trained, looks = {}, {}
    for name in ("without BatchNorm", "with BatchNorm"):
        net_file = args.out / f"{name.replace(' ', '_')}.prototxt"
        write_net(net_file, normalised=name.startswith("with "))
        net, looks[name], score = train(net_file, args.iterations)
        trained[name] = net_file, net
        low, middle, high = looks[name][-1, 1:]
        print(f"{name}: accuracy {score:.4f}; a sigmoid of the last hidden layer gets", end=" ")
        print(f"{middle:.2f}, from {low:.2f} to {high:.2f}")
    print(plot(args.out / "activations.png", looks))

    net_file, net = trained["with BatchNorm"]
    mean_sum, variance_sum, weight = (blob.data for blob in net.params["bn1"])
    print(f"bn1 holds sums of weight {weight[0]:.2f}; its first channel's mean is", end=" ")
    print(f"{mean_sum[0] / weight[0]:.3f}, its variance {variance_sum[0] / weight[0]:.3f}")
    score = population(net_file, net, batches=min(50, args.iterations))
    print(f"with statistics of the population: accuracy {score:.4f}")

    whole, folded, difference = fold(net_file, net, args.out)
    print(f"folded: {len(whole.layers)} layers become {len(folded.layers)}", end="; ")
    print(f"the outputs differ by {difference}")
    before, after = speed([whole, folded], repeats=min(50, args.iterations))
    print(f"100 images take {before:.2f} ms before and {after:.2f} ms after")


if __name__ == "__main__":
    main()
