#!/usr/bin/env python3
"""How several processes scale: measured here, and predicted for many machines.

    python benchmarks/scaling.py                              # 1, 2 and 4 ranks, shared memory
    python benchmarks/scaling.py --transport torch            # the same over gloo
    python benchmarks/scaling.py --delay 0.1 --rate 1000      # gloo, with such a link between them
    python benchmarks/scaling.py --latency 5 --bandwidth 25   # predict for your network only

Each rank trains a small convolutional net on data in memory with one thread, and times sums over
all ranks of several sizes. A ring's cost is fitted to these, by least squares::

    seconds = 2 · (N - 1) · latency + 2 · (N - 1) / N · bytes / bandwidth

and predicts an iteration of ResNet-50 on 8 to 256 machines. ``--delay`` (ms) and ``--rate``
(Mbit/s) put each rank into a network namespace with such a link: Linux, root, ``ip`` and ``tc``,
and a kernel with netem (with ``--delay 0``, tbf).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from minicaffe import common
from minicaffe.parallel.group import Group
from minicaffe.parallel.shared_memory import SharedMemory
from minicaffe.parallel.torch_distributed import TorchDistributed
from minicaffe.parallel.transport import Transport
from minicaffe.solver import get_solver

#: ResNet-50's gradients, in bytes of float32.
RESNET_50 = 25_557_032 * 4
#: Of an iteration's computing, the share of backward.
BACKWARD = 2 / 3
MACHINES = (8, 16, 32, 64, 128, 256)
BUCKETS = (1 << 20, 4 << 20, 16 << 20, 64 << 20)
SIZES = (1 << 12, 1 << 16, 1 << 20, 1 << 22)  # bytes

NET = """
layer { name: "data" type: "DummyData" top: "data" top: "label" dummy_data_param {
  shape { dim: 16 dim: 3 dim: 32 dim: 32 } shape { dim: 16 }
  data_filler { type: "gaussian" } data_filler { type: "constant" value: 1 } } }
layer { name: "c1" type: "Convolution" bottom: "data" top: "c1" convolution_param {
  num_output: 32 kernel_size: 3 pad: 1 stride: 2 weight_filler { type: "msra" } } }
layer { name: "r1" type: "ReLU" bottom: "c1" top: "c1" }
layer { name: "c2" type: "Convolution" bottom: "c1" top: "c2" convolution_param {
  num_output: 64 kernel_size: 3 pad: 1 stride: 2 weight_filler { type: "msra" } } }
layer { name: "r2" type: "ReLU" bottom: "c2" top: "c2" }
layer { name: "f1" type: "InnerProduct" bottom: "c2" top: "f1" inner_product_param {
  num_output: 256 weight_filler { type: "msra" } } }
layer { name: "f2" type: "InnerProduct" bottom: "f1" top: "f2" inner_product_param {
  num_output: 10 weight_filler { type: "msra" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "f2" bottom: "label" top: "loss" }
"""
SOLVER = 'net: "net.prototxt" base_lr: 0.001 lr_policy: "fixed" random_seed: 1 max_iter: 1000000'


@dataclass(frozen=True)
class Link:
    """What a step of a ring costs.

    Attributes:
        latency: seconds.
        bandwidth: bytes a second.
    """

    latency: float
    bandwidth: float

    def ring(self, machines: int, size: float) -> float:
        """Seconds that a sum of so many bytes takes."""
        steps = 2 * (machines - 1)
        return steps * self.latency + steps / machines * size / self.bandwidth


def fit(times: dict[int, dict[int, float]]) -> Link:
    """The link whose rings take the measured times, as nearly as may be.

    Args:
        times: for each number of ranks above 1, seconds by bytes.
    """
    rows, seconds = [], []
    for ranks, by_size in times.items():
        steps = 2 * (ranks - 1)
        for size, value in by_size.items():
            rows.append([steps / value, steps / ranks * size / value])  # relative errors count
            seconds.append(1.0)
    (latency, cost), *_ = np.linalg.lstsq(np.array(rows), np.array(seconds), rcond=None)
    return Link(max(float(latency), 0.0), 1 / max(float(cost), 1e-15))


def iteration(
    link: Link, machines: int, size: float, compute: float, bucket: float, *, overlap: bool
) -> float:
    """Seconds of an iteration.

    Gradients are taken to be completed evenly over backward, and buckets to be sent one after the
    other.

    Args:
        link: between machines.
        machines: how many.
        size: of all gradients, in bytes.
        compute: seconds of forward and backward.
        bucket: bytes that are sent together.
        overlap: whether a bucket is sent as soon as it is complete.
    """
    count = max(1, round(size / bucket))
    end = 0.0
    for number in range(1, count + 1):
        ready = compute * (1 - BACKWARD + BACKWARD * number / count) if overlap else compute
        end = max(end, ready) + link.ring(machines, size / count)
    return end


def predict(link: Link, compute: float) -> Iterator[str]:
    """A table of the efficiency of ResNet-50: the time of one machine over that of N."""
    yield f"link: {link.latency * 1e6:.1f} µs a step, {link.bandwidth / 1e9:.2f} GB/s"
    yield f"assumed: {compute:g} s for forward and backward, {BACKWARD:.0%} of it backward;"
    yield f"gradients of {RESNET_50 / 1e6:.0f} MB complete evenly; a ring; one bucket after another"
    names = "".join(f"{size >> 20:>8}M" for size in BUCKETS)
    yield f"{'machines':>9}{names}  no overlap     bf16"
    for machines in MACHINES:
        rows = [(RESNET_50, bucket, True) for bucket in BUCKETS]
        rows += [(RESNET_50, BUCKETS[1], False), (RESNET_50 // 2, BUCKETS[1] // 2, True)]
        cells = [
            iteration(link, machines, size, compute, bucket, overlap=overlap)
            for size, bucket, overlap in rows
        ]
        shares = [compute / seconds for seconds in cells]
        line = "".join(f"{share:>9.0%}" for share in shares[:-2])
        yield f"{machines:>9}{line}{shares[-2]:>12.0%}{shares[-1]:>9.0%}"


# ------------------------------------------------------------------------------ measuring


def work(args: argparse.Namespace) -> None:
    """Measure as one rank; rank 0 prints the result as JSON."""
    rank, size = args.rank, args.size
    transport: Transport = (
        SharedMemory(rank, size, args.key)
        if args.transport == "shared"
        else TorchDistributed(rank, size, args.address, args.port, job=args.key)
    )
    common.set_solver_count(size)
    common.set_solver_rank(rank)
    solver = get_solver("solver.prototxt", observers=[])
    group = Group(solver, transport)
    group.bcast()
    solver.add_callback(group)
    solver.net.after_backward(group)
    solver.step(2)
    transport.barrier()
    begin = time.perf_counter()
    solver.step(args.iterations)
    transport.barrier()
    seconds = (time.perf_counter() - begin) / args.iterations
    sums = {nbytes: _time_of_sum(transport, nbytes) for nbytes in SIZES}
    if rank == 0:
        print(json.dumps({"iteration": seconds, "sums": sums}), flush=True)
    solver.close()
    transport.close()


def _time_of_sum(transport: Transport, nbytes: int, repeats: int = 5) -> float:
    values, times = np.ones(nbytes // 4, np.float32), []
    for _ in range(repeats):
        transport.barrier()
        begin = time.perf_counter()
        transport.all_reduce(values)
        times.append(time.perf_counter() - begin)
        values[...] = 1
    return float(np.median(times))


def measure(args: argparse.Namespace, size: int) -> tuple[float, dict[int, float]]:
    """Seconds of an iteration, and of sums by their bytes, with so many ranks."""
    with tempfile.TemporaryDirectory() as folder, namespaces(args, size) as prefixes:
        Path(folder, "net.prototxt").write_text(NET, encoding="utf-8")
        Path(folder, "solver.prototxt").write_text(SOLVER, encoding="utf-8")
        command = [
            sys.executable, str(Path(__file__).resolve()), "--size", str(size),
            "--iterations", str(args.iterations), "--transport", args.transport,
            "--key", f"scaling {os.getpid()} {size}", "--port", str(args.port + size),
            "--address", "10.211.0.1" if args.delay is not None else "127.0.0.1",
        ]  # fmt: skip
        environ = {**os.environ, "OMP_NUM_THREADS": "1"}
        ranks = [
            subprocess.Popen(
                [*prefixes[rank], *command, "--rank", str(rank)], cwd=folder, env=environ,
                stdout=subprocess.PIPE, text=True,
            )
            for rank in range(size)
        ]  # fmt: skip
        text, *_ = (rank.communicate()[0] for rank in ranks)
    if any(rank.returncode for rank in ranks):
        raise SystemExit("a rank has failed")
    found = json.loads(text)
    return found["iteration"], {int(key): value for key, value in found["sums"].items()}


@contextmanager
def namespaces(args: argparse.Namespace, size: int) -> Iterator[list[list[str]]]:
    """What a rank's command begins with: nothing, or its network namespace, joined to the others
    by a bridge, with a link of ``--delay`` and ``--rate``."""
    if args.delay is None:
        yield [[] for _ in range(size)]
        return
    names = [f"scaling{rank}" for rank in range(size)]
    try:
        _run("ip link add scalingbr type bridge")
        _run("ip link set scalingbr up")
        for rank, name in enumerate(names):
            _run(f"ip netns add {name}")
            _run(f"ip link add s{name} type veth peer name eth0 netns {name}")
            _run(f"ip link set s{name} master scalingbr up")
            _run(f"ip -n {name} addr add 10.211.0.{rank + 1}/24 dev eth0")
            for device in ("lo", "eth0"):
                _run(f"ip -n {name} link set {device} up")
            limit = f"netem delay {args.delay}ms rate {args.rate}mbit limit 100000"
            if not args.delay:
                limit = f"tbf rate {args.rate}mbit burst 256kb latency 50ms"
            _run(f"ip netns exec {name} tc qdisc add dev eth0 root {limit}")
        yield [["ip", "netns", "exec", name, "env", "GLOO_SOCKET_IFNAME=eth0"] for name in names]
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL, check=False)
        subprocess.run(["ip", "link", "del", "scalingbr"], stderr=subprocess.DEVNULL, check=False)


def _run(command: str) -> None:
    try:
        subprocess.run(command.split(), check=True)
    except (OSError, subprocess.CalledProcessError) as reason:
        raise SystemExit(f"--delay needs Linux, root, ip and tc: {reason}") from None


def main(words: Sequence[str] | None = None) -> None:
    """Measure and predict."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--ranks", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--iterations", type=int, default=20)
    parser.add_argument("--transport", choices=("shared", "torch"), default="shared")
    parser.add_argument("--delay", type=float, help="of a link, in ms; then over gloo")
    parser.add_argument("--rate", type=float, default=1000, help="of a link, in Mbit/s")
    parser.add_argument("--compute", type=float, default=1.0, help="ResNet-50's seconds a batch")
    parser.add_argument("--latency", type=float, help="predict for this one, in µs")
    parser.add_argument("--bandwidth", type=float, default=10.0, help="with it, in Gbit/s")
    parser.add_argument("--port", type=int, default=29600, help="the first one for gloo")
    for name in ("rank", "size"):
        parser.add_argument(f"--{name}", type=int, help=argparse.SUPPRESS)
    for name in ("key", "address"):
        parser.add_argument(f"--{name}", help=argparse.SUPPRESS)
    args = parser.parse_args(words)
    if args.rank is not None:
        work(args)
        return
    if args.latency is not None:
        print(*predict(Link(args.latency / 1e6, args.bandwidth / 8 * 1e9), args.compute), sep="\n")
        return
    args.transport = args.transport if args.delay is None else "torch"
    times, alone = {}, None
    for size in args.ranks:
        seconds, sums = measure(args, size)
        alone = alone or seconds
        row = ", ".join(f"{nbytes >> 10} kB {value * 1e3:.2f} ms" for nbytes, value in sums.items())
        share = f"{seconds * 1e3:.1f} ms an iteration, efficiency {alone / seconds:.0%}"
        print(f"{size} ranks: {share}; sums: {row}")
        if size > 1:
            times[size] = sums
    if times:
        print(*predict(fit(times), args.compute), sep="\n")


if __name__ == "__main__":
    main()
