"""Random nets are valid, are settled by their seed, and have layers of every type."""

from __future__ import annotations

import inspect

import pytest
from google.protobuf import text_format

from minicaffe import layer_type_list
from minicaffe.layer import layer_class
from minicaffe.net.net import Net
from minicaffe.proto import caffe_pb2
from tests.search import sources
from tests.search.drawing import random_net
from tests.search.forks import FORKS

NETS = 150
#: Those that read or write files, or run code of their own.
OUTSIDE = {"Data", "HDF5Data", "HDF5Output", "ImageData", "MemoryData", "Python", "WindowData"}
WITHOUT_PACKAGES = {"MemoryData", "Python"}


def of_a_fork(layer_type: str) -> bool:
    """Whether neither Caffe nor minicaffe is the first source that the docstring names.

    GitHub shows commits of forks as if they were BVLC/caffe's; of these a docstring says so.
    """
    source = (inspect.getdoc(layer_class(layer_type)) or "").partition("Source: ")[2]
    source = " ".join(source.split())
    return not source.startswith(("minicaffe.", "minicaffe;")) and (
        "BVLC/caffe" not in source.partition(")")[0] or "of a fork in its history" in source
    )


@pytest.mark.parametrize("block", range(3))
def test_nets_are_valid_and_run(block: int) -> None:
    for seed in range(block * NETS // 3, (block + 1) * NETS // 3):
        drawn = random_net(seed)
        param = text_format.Parse(drawn.text, caffe_pb2.NetParameter())
        net = Net(param, drawn.phase, seed=1, engine="numpy")
        assert [*net.inputs] == [*drawn.inputs]
        for name, given in drawn.inputs.items():
            if given.kind == "some":
                net.blobs[name].data.flat[0] = 1
        net.forward()  # zeros are valid for all other inputs


def test_the_seed_settles_it() -> None:
    assert random_net(7) == random_net(7)
    assert random_net(7) != random_net(8)
    assert random_net((7, 1)) != random_net((7, 2))


def test_every_type_but_forks_is_drawn() -> None:
    seen = set().union(*(random_net(seed).types for seed in range(600)))
    modules = {name: layer_class(name).__module__ for name in layer_type_list()}
    ours = {name for name, module in modules.items() if module.startswith("minicaffe.")}
    ours = {name for name in ours if not of_a_fork(name)}  # forks' are left to the fuzz run
    assert ours - OUTSIDE == seen  # other tests register types of their own


def test_layers_of_forks_are_drawn_where_asked_for() -> None:
    seen = set().union(*(random_net(seed, more=FORKS).types for seed in range(400)))
    modules = {name: layer_class(name).__module__ for name in seen}
    forks = {name for name in seen if modules[name].startswith("minicaffe.") and of_a_fork(name)}
    assert forks >= {
        "Axpy", "BN", "ConvolutionDepthwise", "CuDNNBatchNorm", "DepthwiseConvolution", "FocalLoss",
        "Interp", "NdConvolution", "Normalize", "PSROIPooling", "Permute", "ROIPooling", "ReLU6",
        "Reorg", "Resample", "ShuffleChannel", "SmoothL1Loss", "Transpose", "Upsample",
    }  # fmt: skip


def test_what_else_is_drawn() -> None:
    nets = [random_net(seed) for seed in range(200)]
    texts = [net.text for net in nets]
    for words in ("lr_mult: 0", 'param { name: "w', "force_backward", "loss_weight", "twin"):
        assert any(words in text for text in texts), words
    assert any(set(layer.bottoms) & set(layer.tops) for net in nets for layer in net.layers)
    assert {net.phase for net in nets} == {caffe_pb2.TRAIN, caffe_pb2.TEST}


def test_types_that_read_files_or_run_code_are_drawn_where_asked_for() -> None:
    expected = OUTSIDE if sources.COMPLETE else WITHOUT_PACKAGES
    seen = set().union(*(random_net(seed, outside=True).types for seed in range(250)))
    assert seen >= expected
    if not sources.COMPLETE:
        pytest.skip(f"not drawn: {', '.join(sorted(OUTSIDE - WITHOUT_PACKAGES))}; they need "
                    f"{', '.join(sources.NEEDED)}")  # fmt: skip
