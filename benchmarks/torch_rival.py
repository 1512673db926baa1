"""PyTorch's iterations, and proof that they compute what minicaffe's do."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from benchmarks import nets, ours
from benchmarks.mirror import mirror
from minicaffe import TEST, TRAIN, Net

Step = Callable[[], Any]


def trainer(name: str, flags: Sequence[str], threads: int) -> Step:
    """One iteration of SGD with momentum.

    Args:
        flags: any of ``channels_last``, ``compile``, ``bf16`` (autocast).
    """
    torch.set_num_threads(threads)
    model = mirror(Net(nets.training(name), TRAIN, seed=1, engine="numpy")).train()
    data, labels = nets.batch_of(name, nets.NETS[name].batch)
    x, y = torch.from_numpy(data), torch.from_numpy(labels)
    model, x = _laid_out(model, x, flags)
    optimizer = torch.optim.SGD(
        model.parameters(), ours.RATE, ours.MOMENTUM, weight_decay=ours.DECAY, fused=True
    )
    run = _compiled(model, flags)

    def step() -> float:
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled="bf16" in flags):
            loss = run(x, y)
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    return step


def classifier(name: str, batch: int, flags: Sequence[str], threads: int) -> Step:
    """One forward pass; BatchNorm is folded by ``torch.compile`` or by PyTorch's fx pass."""
    torch.set_num_threads(threads)
    model = mirror(ours.deploy_net(name, batch, engine="numpy")).eval()
    data, _ = nets.batch_of(name, batch)
    model, x = _laid_out(model, torch.from_numpy(data), flags)
    if "compile" in flags:
        import torch._inductor.config as inductor

        inductor.freezing = True
    else:
        from torch.fx.experimental.optimization import fuse

        model = fuse(model)
    run = _compiled(model, flags)

    def step() -> Any:
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled="bf16" in flags):
            return run(x).float().numpy()

    return step


def _laid_out(model: Any, x: torch.Tensor, flags: Sequence[str]) -> tuple[Any, torch.Tensor]:
    if "channels_last" not in flags:
        return model, x
    layout = torch.channels_last
    return model.to(memory_format=layout), x.contiguous(memory_format=layout)


def _compiled(model: Any, flags: Sequence[str]) -> Any:
    if "compile" not in flags:
        return model
    logging.getLogger("torch").setLevel(logging.ERROR)
    return torch.compile(model)


def export(name: str, batch: int, path: str) -> None:
    """Write a deploy net as ONNX, for the programs that read that."""
    model = mirror(ours.deploy_net(name, batch, engine="numpy")).eval()
    data, _ = nets.batch_of(name, batch)
    torch.onnx.export(
        model, (torch.from_numpy(data),), path, input_names=["data"], external_data=False
    )


def check(name: str) -> dict[str, Any]:
    """Compare one training pass and one classification with minicaffe's, on the same weights.

    Returns:
        How many numbers both learn, and by how much they differ: the loss and the scores
        relatively, all gradients together by the length of their difference.

    Raises:
        ValueError: they do not agree.
    """
    net = Net(nets.training(name, dropout=False), TRAIN, seed=1)
    data, labels = nets.batch_of(name, nets.NETS[name].batch)
    model = mirror(net).train()
    net.blobs["data"].data[...], net.blobs["label"].data[...] = data, labels
    loss = net.forward_loss()
    net.backward()
    theirs = model(torch.from_numpy(data), torch.from_numpy(labels))
    theirs.backward()
    found = {
        "ours": nets.learned_numbers(net),
        "theirs": sum(p.numel() for p in model.parameters()),
        "loss": abs(loss - theirs.item()) / abs(loss),
        "gradients": _gradient_difference(net, model),
        "scores": _score_difference(name),
    }
    limits = {"loss": 1e-4, "scores": 1e-3, "gradients": 0.05}
    if found["ours"] != found["theirs"] or any(not found[k] < v for k, v in limits.items()):
        raise ValueError(f"{name}: PyTorch's net is another one: {found}")
    return found


def _gradient_difference(net: Net, model: torch.nn.Module) -> float:
    """Relative; ReLUs whose input is almost 0 flip by rounding, so a little is expected.

    The order of parameters is the same on both sides, as BatchNorm2d includes its Scale.
    """
    pairs = zip(
        (p.blob.diff.ravel() for p in net.learnable_params if p.lr_mult),
        (p.grad.numpy().ravel() for p in model.parameters() if p.grad is not None),
        strict=True,
    )
    both = [(a, b) for a, b in pairs]
    mine, theirs = (np.concatenate(side) for side in zip(*both, strict=True))
    return float(np.linalg.norm(mine - theirs) / np.linalg.norm(theirs))


def _score_difference(name: str) -> float:
    """Of what goes into the softmax, which would hide large differences."""
    param = nets.inference(name, 2)
    assert param.layer[-1].type == "Softmax"
    del param.layer[-1]
    net = Net(param, TEST, engine="numpy")
    nets.fill(net, name)
    data, _ = nets.batch_of(name, 2)
    mine = net.forward(data=data)[net.outputs[0]]
    with torch.inference_mode():
        theirs = mirror(net).eval()(torch.from_numpy(data)).numpy()
    return float(np.abs(mine - theirs).max() / np.abs(theirs).max())
