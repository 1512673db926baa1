"""Arguments of a wrong kind or in a wrong order say what to write; both forms of Net are taken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import minicaffe as caffe
from minicaffe import MinicaffeError

NETWORK = """
layer { name: "data" type: "Input" top: "data"
  input_param { shape { dim: 1 dim: 3 dim: 4 dim: 5 } } }
layer { name: "drop" type: "Dropout" bottom: "data" top: "drop" }
layer { name: "ip" type: "InnerProduct" bottom: "drop" top: "ip"
  inner_product_param { num_output: 2 weight_filler { type: "xavier" } } }
layer { name: "none" type: "ReLU" bottom: "ip" top: "none" include { stage: "deploy" } }
"""


@pytest.fixture
def net() -> caffe.Net:
    Path("n.prototxt").write_text(NETWORK)
    net = caffe.Net("n.prototxt", caffe.TEST)
    net.save("w.caffemodel")
    return net


def test_a_net_with_weights_and_no_phase_is_for_testing(net):
    """``Net(file)`` is; two forwards through Dropout would differ in TRAIN."""
    older = caffe.Net("n.prototxt", "w.caffemodel")
    assert older.phase == caffe.TEST
    image = np.ones((1, 3, 4, 5))
    first = older.forward(data=image)["ip"].copy()
    np.testing.assert_array_equal(older.forward(data=image)["ip"], first)
    np.testing.assert_array_equal(net.forward(data=image)["ip"], first)


@pytest.mark.parametrize("phase", [caffe.TRAIN, caffe.TEST, np.int64(caffe.TRAIN)])
@pytest.mark.parametrize("name", ["w.caffemodel", Path("w.caffemodel"), b"w.caffemodel"])
def test_the_older_form_takes_the_phase_last(net, phase, name):
    older = caffe.Net("n.prototxt", name, phase)
    assert older.phase == phase
    np.testing.assert_array_equal(older.params["ip"][0].data, net.params["ip"][0].data)


def test_weights_may_have_the_name_of_a_phase(net):
    net.save("test")
    assert caffe.Net("n.prototxt", "test").phase == caffe.TEST


IMAGE = np.zeros((2, 3, 3))


WRONG: dict[str, tuple[Callable[[caffe.Net], object], str]] = {
    "phase in words": (lambda net: caffe.Net("n.prototxt", "test"), r"expected caffe\.TEST"),
    "phase in capitals": (lambda net: caffe.Net("n.prototxt", "TRAIN"), r"expected caffe\.TRAIN"),
    "phase None": (lambda net: caffe.Net("n.prototxt", None), "phase .* is None"),
    "phase 1.0": (lambda net: caffe.Net("n.prototxt", 1.0), r"phase .* is 1\.0"),
    "weights third": (
        lambda net: caffe.Net("n.prototxt", caffe.TRAIN, "w.caffemodel"),
        r"weights are given by name: Net\(file, phase, weights='w\.caffemodel'\)",
    ),
    "weights twice": (
        lambda net: caffe.Net("n.prototxt", "w.caffemodel", weights="w.caffemodel"),
        "weights are given twice",
    ),
    "two files": (
        lambda net: caffe.Net("n.prototxt", "w.caffemodel", "v"),
        r"phase .* is 'v', expected",
    ),
    "a level too high": (lambda net: caffe.Net("n.prototxt", 1, 2**31), "level is 2147483648"),
    "one stage": (lambda net: caffe.Net("n.prototxt", 1, 0, "deploy"), 'stages=\\["deploy"\\]'),
    "stages of numbers": (lambda net: caffe.Net("n.prototxt", 1, stages=[1]), "stages has 1 in it"),
    "weights a number": (lambda net: caffe.Net("n.prototxt", 1, weights=3), "weights is 3"),
    "seed below 0": (lambda net: caffe.Net("n.prototxt", 1, seed=-1), "seed is -1"),
    "copy_from": (lambda net: net.copy_from(None), "the file is None"),
    "copy_from arrays": (
        lambda net: net.copy_from(np.zeros((2, 3))),
        r"an array of shape \(2, 3\)",
    ),
    "save": (lambda net: net.save(3), "the file is 3, expected the name"),
    "save_hdf5": (lambda net: net.save_hdf5(None), "the file is None"),
    "load_hdf5": (lambda net: net.load_hdf5([]), r"the file is \[\]"),
    "share_with": (lambda net: net.share_with("w.caffemodel"), "a net to share with is expected"),
    "reshape by floats": (lambda net: net.blobs["data"].reshape(1, 3, 8 / 2, 5), "a // b"),
    "reshape by text": (lambda net: net.blobs["data"].reshape("1, 3"), "whole numbers"),
    "reshape by None": (lambda net: net.blobs["data"].reshape((1, None)), r"not \(1, None\)"),
    "add_blob": (lambda net: net.params["ip"].add_blob(2.5), "whole numbers"),
    "forward an array": (lambda net: net.forward(np.zeros((1, 3, 4, 5))), r"data=array"),
    "forward a dict": (lambda net: net.forward({"data": 0}), r"forward\(\*\*arrays\)"),
    "forward one blob": (lambda net: net.forward("ip"), 'blobs=\\["conv1"\\]'),
    "forward_all an array": (lambda net: net.forward_all(np.zeros((1, 3, 4, 5))), r"data=array"),
    "backward one blob": (lambda net: net.backward("ip"), "diffs is 'ip'"),
    "forward by number": (lambda net: net.forward(start=1), "a layer's name is expected, not 1"),
    "a callback": (lambda net: net.after_forward(3), "after_forward is 3, expected a function"),
    "set_device": (lambda net: caffe.set_device("gpu"), "device_id is 'gpu'"),
    "set_random_seed": (lambda net: caffe.set_random_seed("x"), "seed is 'x'"),
    "set_solver_count": (lambda net: caffe.set_solver_count("x"), "count is 'x'"),
    "a layer's number": (lambda net: net._forward(0, "ip"), "a layer's number is 'ip'"),
    "half a layer's number": (lambda net: net._backward(1.5, 0), r"a layer's number is 1\.5"),
    "a NUL in a name": (lambda net: net.save("a\0b"), "the file is .* holds a NUL"),
    "set_threads": (lambda net: caffe.set_threads("2"), "the number of threads is '2'"),
    "resize_image": (lambda net: caffe.io.resize_image(IMAGE, 3), r"new_dims is 3, .*\(height, w"),
    "oversample": (lambda net: caffe.io.oversample([IMAGE], "ab"), "crop_dims is 'ab'"),
    "oversample nothing": (lambda net: caffe.io.oversample(None, (1, 1)), "images is None"),
    "a blob's message": (lambda net: caffe.io.blobproto_to_array(IMAGE), "a BlobProto is expected"),
    "another message": (
        lambda net: caffe.io.blobproto_to_array(caffe.proto.caffe_pb2.Datum()),
        "a BlobProto is expected, not Datum",
    ),
    "a datum": (lambda net: caffe.io.datum_to_array(None), "a Datum is expected, not None"),
    "a label": (lambda net: caffe.io.array_to_datum(IMAGE, "cat"), "label is 'cat'"),
    "arrays": (lambda net: caffe.io.arraylist_to_blobprotovector_str(1), "a list of arrays is exp"),
    "text for bytes": (lambda net: caffe.io.blobprotovector_str_to_arraylist("a"), "bytes are exp"),
    "draw a file": (
        lambda net: caffe.draw.draw_net_to_file("n.prototxt", "n.svg"),
        r"a NetParameter is expected, not 'n\.prototxt'; minicaffe\.proto\.io\.read_net",
    ),
    "draw into": (
        lambda net: caffe.draw.draw_net_to_file(caffe.proto.caffe_pb2.NetParameter(), None),
        "filename is None",
    ),
    "context_pad": (
        lambda net: caffe.Detector("n.prototxt", "w.caffemodel", context_pad="2"),
        "context_pad is '2'",
    ),
    "init_log": (lambda net: caffe.init_log("x"), "level is 'x'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_kinds(net, case):
    call, message = WRONG[case]
    with pytest.raises(MinicaffeError, match=message) as caught:
        call(net)
    assert isinstance(caught.value, TypeError)  # as Boost.Python's ArgumentError is


SOLVER_WRONG: dict[str, tuple[Callable[[caffe.Solver], object], str]] = {
    "test": (lambda solver: solver.test("0"), "index is '0'"),
    "step": (lambda solver: solver.step("10"), "iters is '10'"),
    "step a half": (lambda solver: solver.step(0.5), r"iters is 0\.5"),
    "restore": (lambda solver: solver.restore(None), "path is None"),
    "solve": (lambda solver: solver.solve(3), "resume_file is 3"),
    "share_weights": (lambda solver: solver.share_weights("w"), "a net to give the weights to"),
    "add_callback": (lambda solver: solver.add_callback(None, len), "on_start is None"),
}


@pytest.mark.parametrize("case", SOLVER_WRONG)
def test_wrong_kinds_for_a_solver(net, case):
    Path("s.prototxt").write_text('net: "n.prototxt" base_lr: 0.1 lr_policy: "fixed" max_iter: 1')
    solver = caffe.get_solver("s.prototxt")
    call, message = SOLVER_WRONG[case]
    with pytest.raises(MinicaffeError, match=message) as caught:
        call(solver)
    assert isinstance(caught.value, TypeError)


@pytest.mark.parametrize(
    "call",
    [
        lambda net: caffe.io.resize_image("cat.jpg", (2, 2)),
        lambda net: caffe.io.oversample(["cat.jpg"], (2, 2)),
        lambda net: caffe.io.array_to_blobproto("x"),
        lambda net: caffe.io.array_to_blobproto([1.0], diff=[[1, 2], [3]]),
        lambda net: caffe.io.array_to_datum(None),
        lambda net: net.forward_all(data="cat.jpg"),
        lambda net: net.forward_all(data={"a": 1}),
    ],
)
def test_what_is_no_array_of_numbers(net, call):
    with pytest.raises(ValueError, match=r"real numbers are expected|unequal lengths") as caught:
        call(net)
    assert isinstance(caught.value, MinicaffeError)


@pytest.mark.parametrize(
    "shape", [(2, 3, 6, 7), [2, 3, 6, 7], np.array([2, 3, 6, 7]), range(2, 6), (np.int32(2), 3)]
)
def test_reshape_takes_one_sequence_too(net, shape):
    blob = net.blobs["data"]
    blob.reshape(shape)
    assert blob.shape == tuple(shape)
    assert all(type(length) is int for length in blob.shape)
    blob.reshape(*shape)
    assert blob.shape == tuple(shape)


def test_reshape_to_no_axes_or_one(net):
    blob = net.blobs["data"]
    blob.reshape(np.int64(6))
    assert blob.shape == (6,)
    blob.reshape(np.array(5))
    assert blob.shape == (5,)
    blob.reshape(())
    assert blob.shape == () == (blob.reshape(), blob.shape)[1]
    assert net.params["ip"].add_blob((2, 3)).shape == (2, 3)
