"""What is stored in bfloat16, and what stays float32. (On a CPU, where a GPU is pretended.)"""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="PyTorch is absent")

import torch

from minicaffe import engines
from minicaffe.engines import torch as engine
from minicaffe.engines.torch.precision import Precision
from minicaffe.errors import EngineError
from tests.engines.nets import NETS
from tests.engines.twins import Twins


@pytest.fixture
def a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "devices", lambda: ["cuda:0"])


@pytest.mark.usefixtures("a_gpu")
@pytest.mark.parametrize("name", NETS)
def test_bf16(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Twins, "precision", "bf16")
    make, classes = NETS[name]
    twins = Twins(make())
    twins.fill(**twins.label(classes))
    twins.each("forward_loss")
    twins.same(diffs=False)
    twins.each("backward")
    gradients = [
        (left.diff, right.diff)
        for key, blobs in twins.numpy.params.items()
        for left, right in zip(blobs, twins.tested.params[key], strict=True)
    ]
    assert sum(twins.agree(got, want) for want, got in gradients) >= 0.8 * len(gradients)
    stored = [
        blob.data_memory.device_copy.tensor.dtype
        for blob in twins.tested.blobs.values()
        if blob.data_memory.device_copy is not None
    ]
    assert torch.bfloat16 in stored
    for param in twins.tested.learnable_params:
        assert param.blob.data_memory.device_copy.tensor.dtype is torch.float32


def test_without_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "devices", list)
    for name in ("bf16", "tf32"):
        with pytest.raises(EngineError, match=f"PyTorch computes in {name} on .*finds none"):
            engines.find_engine("torch", name)


def test_products_are_those_of_the_net_and_afterwards_of_the_program() -> None:
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    before = cudnn.allow_tf32, matmul.allow_tf32
    for name, wanted in (("float32", False), ("tf32", True)):
        with Precision(name, torch.device("cpu")).products():
            assert (cudnn.allow_tf32, matmul.allow_tf32) == (wanted, wanted)
    assert (cudnn.allow_tf32, matmul.allow_tf32) == before


def test_the_layout_of_convolutions_on_a_gpu() -> None:
    x = torch.zeros(2, 3, 4, 5)
    last = torch.channels_last
    for name, wanted in (("float32", False), ("tf32", True), ("bf16", True)):
        laid = Precision(name, torch.device("cuda")).laid_out(x)
        assert laid.is_contiguous(memory_format=last) == wanted
        assert Precision(name, torch.device("cpu")).laid_out(x) is x
