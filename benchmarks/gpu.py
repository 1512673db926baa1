#!/usr/bin/env python3
"""A few minutes on a GPU: does the torch engine compute right there, and how fast is it?

    python -m benchmarks.gpu --output gpu/                   # all of it, on cuda:0
    python -m benchmarks.gpu --output gpu/ --nets lenet --batch 64 --seconds 1
    python -m benchmarks.gpu --output gpu/ --device cpu --nets lenet --no-tests   # a rehearsal

First the engine's tests run with their nets on the device (tests.txt). Then each net is trained,
and run forward, by minicaffe and by PyTorch's own modules (eager, channels_last, autocast,
torch.compile) of the same weights, each in a process of its own: rows.json has the times in
milliseconds, summary.md the table. For a contender that fails or does not fit, rows.json has the
reason, and the others go on.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import nets, ours

ROOT = Path(__file__).resolve().parent.parent
NETS = ("lenet", "resnet18", "resnet50", "vgg16", "googlenet")
VGG16 = nets.Model("vgg16", (3, 224, 224), 1000, 64)

#: Columns: who computes, by its flags. Those of minicaffe begin with its precision.
OURS = ("minicaffe float32", "minicaffe tf32", "minicaffe bf16")
TORCH = (
    "torch float32", "torch tf32", "torch tf32 channels_last", "torch bf16",
    "torch bf16 channels_last", "torch bf16 channels_last compile",
)  # fmt: skip

#: Which of PyTorch's columns each of minicaffe's is compared with: eager PyTorch of its precision.
EAGER = dict(zip(OURS, ("torch float32", "torch tf32", "torch bf16"), strict=True))


def arguments() -> argparse.ArgumentParser:
    """The flags."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--output", type=Path, required=True, help="the folder for what is found")
    add("--device", default="cuda:0", help="by PyTorch's names (default: cuda:0)")
    add("--nets", nargs="+", choices=NETS, default=list(NETS), metavar="NET", help=str(NETS))
    add("--batch", nargs="+", type=int, default=[64, 256], help="images (default: 64 256)")
    add("--modes", nargs="+", choices=("train", "infer"), default=["train", "infer"])
    add("--contenders", nargs="+", choices=(*OURS, *TORCH), default=[*OURS, *TORCH])
    add("--seconds", type=float, default=2, help="for each time (default: 2)")
    add("--limit", type=float, default=120, help="seconds that one may take in all (default: 120)")
    add("--no-tests", action="store_true", help="only the times")
    add("--one", nargs=4, metavar=("MODE", "NET", "BATCH", "CONTENDER"), help=argparse.SUPPRESS)
    return parser


# ------------------------------------------------------------------ one contender


def our_step(mode: str, net: str, batch: int, precision: str, device: str) -> Callable[[], object]:
    """An iteration, or a forward pass, of minicaffe's."""
    from minicaffe import TEST, Net, get_solver
    from minicaffe.proto import caffe_pb2

    data, labels = nets.batch_of(net, batch)
    if mode == "infer":
        deploy = Net(
            nets.inference(net, batch), TEST, device=device, precision=precision, keep="outputs"
        )
        nets.fill(deploy, net)
        return lambda: deploy.forward(data=data)
    settings = caffe_pb2.SolverParameter(
        net_param=nets.training(net), base_lr=ours.RATE, momentum=ours.MOMENTUM,
        weight_decay=ours.DECAY, lr_policy="fixed", max_iter=1, random_seed=1,
    )  # fmt: skip
    solver = get_solver(settings, device=device, precision=precision, observers=[])
    solver.net.blobs["data"].data[...], solver.net.blobs["label"].data[...] = data, labels
    return lambda: solver.step(1)


def torch_step(mode: str, net: str, batch: int, flags: list[str], device: str) -> Callable[[], object]:  # fmt: skip  # noqa: E501
    """An iteration, or a forward pass, of PyTorch's own modules with the same weights."""
    import torch

    from benchmarks.mirror import mirror
    from minicaffe import TRAIN, Net

    tf32 = "tf32" in flags
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = tf32
    data, labels = (torch.from_numpy(values).to(device) for values in nets.batch_of(net, batch))
    train = mode == "train"
    source = (
        Net(nets.training(net), TRAIN, seed=1, engine="numpy")
        if train
        else ours.deploy_net(net, batch, engine="numpy")
    )
    model: Any = mirror(source).to(device)
    model = model.train() if train else model.eval()
    if "channels_last" in flags:
        model = model.to(memory_format=torch.channels_last)
        data = data.contiguous(memory_format=torch.channels_last)
    run = torch.compile(model, mode="max-autotune") if "compile" in flags else model
    autocast = torch.autocast(torch.device(device).type, torch.bfloat16, enabled="bf16" in flags)
    if not train:

        def infer() -> object:
            with torch.inference_mode(), autocast:
                return run(data).float().cpu()

        return infer
    optimizer = torch.optim.SGD(
        model.parameters(), ours.RATE, ours.MOMENTUM, weight_decay=ours.DECAY, fused=True
    )

    def step() -> object:
        optimizer.zero_grad()
        with autocast:
            loss = run(data, labels)
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    return step


def measure(mode: str, net: str, batch: int, contender: str, device: str, seconds: float) -> float:
    """The median time of an iteration in milliseconds, after five that do not count."""
    nets.NETS.setdefault("vgg16", VGG16)
    nets.NETS[net] = replace(nets.NETS[net], batch=batch)
    who, *flags = contender.split()
    if who == "minicaffe":
        step = our_step(mode, net, batch, flags[0], device)
    else:
        step = torch_step(mode, net, batch, flags, device)
    for _ in range(5):
        step()
    times: list[float] = []
    while sum(times) < seconds or len(times) < 5:
        begin = perf_counter()
        step()  # its result is read, so the device has finished
        times.append(perf_counter() - begin)
    return median(times) * 1e3


# ------------------------------------------------------------------ all of them


def run_tests(device: str, path: Path) -> str:
    """The engine's tests on the device; the last line of what they print."""
    environment = {**os.environ, "MINICAFFE_TEST_DEVICE": device}
    with open(path, "w", encoding="utf-8") as stream:
        command = [sys.executable, "-m", "pytest", "-q", "tests/engines/torch"]
        subprocess.run(
            command, cwd=ROOT, env=environment, stdout=stream, stderr=stream, check=False
        )
    return path.read_text(encoding="utf-8").rstrip().rpartition("\n")[2]


def time_of(row: tuple[str, str, int], contender: str, args: argparse.Namespace) -> float | str:
    """Milliseconds, or why there are none."""
    words = [str(word) for word in (*row, contender)]
    command = [sys.executable, "-m", "benchmarks.gpu", "--output", str(args.output), "--device",
               args.device, "--seconds", str(args.seconds), "--one", *words]  # fmt: skip
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=args.limit, check=False
        )
    except subprocess.TimeoutExpired:
        return f"more than {args.limit:g} s"
    if done.returncode:
        return (done.stderr.strip() or "it failed").rpartition("\n")[2][:200]
    return float(done.stdout.split()[-1])


def table(rows: list[dict[str, Any]], contenders: list[str]) -> str:
    """The times in milliseconds, minicaffe's with their ratio to eager PyTorch's."""
    lines = ["| net | mode | batch | " + " | ".join(contenders) + " |"]
    lines.append("| --- " * (3 + len(contenders)) + "|")
    for row in rows:
        cells = []
        for name in contenders:
            value, beside = row["times"][name], row["times"].get(EAGER.get(name, ""))
            text = f"{value:.3g}" if isinstance(value, float) else "none"
            if isinstance(value, float) and isinstance(beside, float):
                text += f" ({value / beside:.2f})"
            cells.append(text)
        lines.append(f"| {row['net']} | {row['mode']} | {row['batch']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Run the tests and the times, and write what is found after each row."""
    args = arguments().parse_args()
    if args.one:
        mode, net, batch, contender = args.one
        print(measure(mode, net, int(batch), contender, args.device, args.seconds))
        return
    args.output.mkdir(parents=True, exist_ok=True)
    told = "" if args.no_tests else run_tests(args.device, args.output / "tests.txt")
    rows: list[dict[str, Any]] = []
    for net in args.nets:
        for mode in args.modes:
            for batch in args.batch:
                row = (mode, net, batch)
                times = {name: time_of(row, name, args) for name in args.contenders}
                rows.append({"net": net, "mode": mode, "batch": batch, "times": times})
                print(rows[-1], flush=True)
                (args.output / "rows.json").write_text(json.dumps(rows, indent=1) + "\n")
                summary = f"Tests on {args.device}: {told}\n\n{table(rows, args.contenders)}\n"
                (args.output / "summary.md").write_text(summary)
    print((args.output / "summary.md").read_text())


if __name__ == "__main__":
    main()
