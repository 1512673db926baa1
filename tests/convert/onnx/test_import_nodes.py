"""One operator or a few: what layers they become, and that those compute the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnxruntime")

from onnx import NodeProto, TensorProto, helper, numpy_helper
from onnx.defs import onnx_opset_version

from minicaffe.convert.onnx import import_model, verify
from minicaffe.convert.onnx.readers import read_operators
from tests.convert.onnx.graphs import model_of, proved, types

N = helper.make_node
IMAGE = ("n", 4, 7, 6)
RNG = np.random.default_rng(3)


def normal(*shape: int) -> np.ndarray:
    """Weights."""
    return RNG.normal(size=shape).astype(np.float32)


def whole(*numbers: int) -> np.ndarray:
    """Whole numbers, as shapes are."""
    return np.array(numbers, np.int64)


def one(op: str, *more: str, **attributes: Any) -> list[NodeProto]:
    """One operator of x and further inputs."""
    return [N(op, ["x", *more], ["y"], name="it", **attributes)]


W, B = normal(6, 4, 3, 3), normal(6)

#: The layers of 1 - erf(x).
ERFC = ["Power", "Power", *["Eltwise", "Power"] * 3, "Eltwise", "Power", "Exp", "Eltwise"]

#: nodes, types of the layers, the input's shape, tensors, opset.
ROWS: dict[str, tuple[list[NodeProto], list[str], tuple, dict, int]] = {
    "conv": (one("Conv", "w", "b", pads=[1, 1, 1, 1], strides=[2, 1]), ["Convolution"], IMAGE,
             {"w": W, "b": B}, 17),
    "conv-groups": (one("Conv", "w", group=2, dilations=[2, 1]), ["Convolution"], IMAGE,
                    {"w": normal(6, 2, 3, 3)}, 9),
    "conv-before-and-after": (one("Conv", "w", pads=[0, 1, 2, 1]), ["Convolution"], IMAGE,
                              {"w": W}, 17),
    "conv-like-tensorflow": (one("Conv", "w", auto_pad="SAME_UPPER", strides=[2, 2]),
                             ["Padding", "Convolution"], ("n", 4, 8, 6), {"w": W}, 17),
    "conv-lower": (one("Conv", "w", auto_pad="SAME_LOWER", strides=[2, 3]),
                   ["Convolution"], ("n", 4, 8, 7), {"w": W}, 17),
    "conv-of-a-line": (one("Conv", "w", pads=[1, 1]), ["Convolution"], ("n", 4, 7),
                       {"w": normal(6, 4, 3)}, 17),
    "transposed": (one("ConvTranspose", "w", "b", strides=[2, 2], pads=[1, 1, 1, 1], group=2),
                   ["Deconvolution"], IMAGE, {"w": normal(4, 3, 3, 3), "b": B}, 17),
    "transposed-longer": (one("ConvTranspose", "w", strides=[2, 2], pads=[1, 0, 1, 1],
                              output_padding=[1, 0]), ["Deconvolution"], IMAGE,
                          {"w": normal(4, 3, 3, 3)}, 11),
    "transposed-to-a-shape": (one("ConvTranspose", "w", strides=[3, 2], output_shape=[20, 12]),
                              ["Deconvolution"], IMAGE, {"w": normal(4, 3, 3, 3)}, 17),
    "gemm": (one("Gemm", "w", "b", transB=1, alpha=0.5, beta=2.0), ["InnerProduct"], ("n", 5),
             {"w": normal(6, 5), "b": B}, 17),
    "gemm-without-bias": (one("Gemm", "w"), ["InnerProduct"], ("n", 5), {"w": normal(5, 6)}, 11),
    "matmul": (one("MatMul", "w"), ["InnerProduct"], ("n", 3, 5), {"w": normal(5, 6)}, 17),
    "matmul-and-bias": ([N("MatMul", ["x", "w"], ["z"]), N("Add", ["b", "z"], ["y"])],
                        ["InnerProduct"], ("n", 5), {"w": normal(5, 6), "b": B}, 17),
    "batch-norm": ([N("BatchNormalization", ["x", "s", "b", "m", "v"], ["y"], epsilon=1e-3)],
                   ["BatchNorm", "Scale"], IMAGE,
                   {"s": normal(4), "b": normal(4), "m": normal(4), "v": np.abs(normal(4))}, 15),
    "instance-norm": (one("InstanceNormalization", "s", "b"), ["InstanceNorm"], IMAGE,
                      {"s": normal(4), "b": normal(4)}, 17),
    "layer-norm": (one("LayerNormalization", "s", "b", axis=-1), ["LayerNorm"], IMAGE,
                   {"s": normal(6), "b": normal(6)}, 17),
    "lrn": (one("LRN", size=3, alpha=0.5, beta=0.6, bias=2.0), ["LRN"], IMAGE, {}, 13),
    "l2": (one("LpNormalization", axis=1), ["Normalize"], IMAGE, {}, 17),
    "max-pool": (one("MaxPool", kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 0]),
                 ["Pooling"], IMAGE, {}, 12),
    "max-pool-up": (one("MaxPool", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1), ["Pooling"],
                    ("n", 4, 8, 7), {}, 12),
    "max-pool-like-tensorflow": (one("MaxPool", kernel_shape=[3, 3], strides=[2, 2],
                                     auto_pad="SAME_UPPER"), ["Pooling"], ("n", 4, 8, 6), {}, 12),
    "max-pool-one-side": (one("MaxPool", kernel_shape=[2, 2], pads=[1, 0, 0, 0]),
                          ["Pooling", "Convolution"], IMAGE, {}, 12),
    "mean-pool": (one("AveragePool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1],
                      count_include_pad=1), ["Pooling"], ("n", 4, 7, 7), {}, 17),
    "mean-pool-of-pixels": (one("AveragePool", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
                            ["Pooling", "Scale"], IMAGE, {}, 17),
    "mean-pool-after": (one("AveragePool", kernel_shape=[2, 2], pads=[0, 0, 1, 1]),
                        ["Padding", "Pooling", "Scale"], IMAGE, {}, 17),
    "pool-of-a-line": (one("MaxPool", kernel_shape=[3], strides=[2], pads=[1, 1]),
                       ["Reshape", "Pooling", "Reshape"], ("n", 4, 9), {}, 17),
    "global": (one("GlobalAveragePool"), ["Pooling"], IMAGE, {}, 17),
    "global-of-a-line": (one("GlobalMaxPool"), ["Reshape", "Pooling", "Reshape"], ("n", 4, 7), {},
                         17),
    "relu6": (one("Clip", "low", "high"), ["ReLU6"], IMAGE,
              {"low": np.float32(0)[...], "high": np.float32(6)[...]}, 13),
    "relu6-of-old": (one("Clip", min=0.0, max=6.0), ["ReLU6"], IMAGE, {}, 9),
    "clip": (one("Clip", "low"), ["Clip"], IMAGE, {"low": np.float32(-0.5)[...]}, 13),
    "leaky": (one("LeakyRelu", alpha=0.2), ["ReLU"], IMAGE, {}, 17),
    "prelu": (one("PRelu", "s"), ["PReLU"], IMAGE, {"s": normal(4, 1, 1)}, 17),
    "elu": (one("Elu", alpha=0.7), ["ELU"], IMAGE, {}, 17),
    "selu": (one("Selu"), ["SeLu"], IMAGE, {}, 17),
    "swish": ([N("Sigmoid", ["x"], ["s"]), N("Mul", ["x", "s"], ["y"])], ["Swish"], IMAGE, {}, 17),
    "swish-beta": ([N("Mul", ["x", "c"], ["b"]), N("Sigmoid", ["b"], ["s"]),
                    N("Mul", ["s", "x"], ["y"])], ["Swish"], IMAGE,
                   {"c": np.float32(1.7)[...]}, 17),
    "hard-swish": (one("HardSwish"), ["Power", "ReLU6", "Power", "Eltwise"], IMAGE, {}, 17),
    "hard-sigmoid": (one("HardSigmoid", alpha=0.3), ["Power", "Clip"], IMAGE, {}, 17),
    "thresholded": (one("ThresholdedRelu", alpha=0.4), ["Threshold", "Eltwise"], IMAGE, {}, 17),
    "softplus": (one("Softplus"), ["BNLL"], IMAGE, {}, 17),
    "softmax": (one("Softmax", axis=-1), ["Softmax"], IMAGE, {}, 17),
    "softmax-of-all": (one("Softmax", axis=1), ["Flatten", "Softmax", "Reshape"], IMAGE, {}, 11),
    "log-softmax": (one("LogSoftmax", axis=1),
                    ["ArgMax", "Tile", "Eltwise", "Exp", "Permute", "Reduction", "Log", "Reshape",
                     "Tile", "Eltwise"], IMAGE, {}, 13),
    "log-softmax-of-old": (one("LogSoftmax", axis=1),
                           ["ArgMax", "Tile", "Eltwise", "Exp", "Reduction", "Log", "Reshape",
                            "Tile", "Eltwise"], ("n", 5), {}, 11),
    "add-number": (one("Add", "c"), ["Power"], IMAGE, {"c": np.float32(3)[...]}, 17),
    "add-channels": (one("Add", "c"), ["Bias"], IMAGE, {"c": normal(4, 1, 1)}, 17),
    "add-pixels": (one("Add", "c"), ["Bias"], IMAGE, {"c": normal(1, 1, 7, 6)}, 17),
    "add-gaps": (one("Add", "c"), ["Bias"], IMAGE, {"c": normal(1, 4, 1, 6)}, 17),
    "mul-channels": (one("Mul", "c"), ["Scale"], IMAGE, {"c": normal(1, 4, 1, 1)}, 17),
    "sub-from": ([N("Sub", ["c", "x"], ["y"])], ["Power", "Bias"], IMAGE, {"c": normal(4, 1, 1)},
                 17),
    "one-minus": ([N("Sub", ["c", "x"], ["y"])], ["Power"], IMAGE, {"c": np.float32(1)[...]}, 17),
    "div": (one("Div", "c"), ["Scale"], IMAGE, {"c": 1 + np.abs(normal(4, 1, 1))}, 17),
    "larger-constant": (one("Add", "c"), ["Tile", "Bias"], ("n", 1, 7, 6), {"c": normal(4, 7, 6)},
                        17),
    "max-number": (one("Max", "c"), ["Clip"], IMAGE, {"c": np.float32(0.5)[...]}, 17),
    "pow": ([N("Abs", ["x"], ["a"]), N("Pow", ["a", "c"], ["y"])], ["AbsVal", "Power"], IMAGE,
            {"c": np.float32(1.5)[...]}, 17),
    "gate": ([N("GlobalAveragePool", ["x"], ["g"]), N("Mul", ["x", "g"], ["y"])],
             ["Pooling", "Flatten", "Scale"], IMAGE, {}, 17),
    "gate-of-pixels": ([N("ReduceMean", ["x"], ["g"], axes=[1]), N("Mul", ["x", "g"], ["y"])],
                       ["Permute", "Reduction", "Reshape", "Tile", "Eltwise"], IMAGE, {}, 17),
    "sub-mean": ([N("GlobalAveragePool", ["x"], ["g"]), N("Sub", ["x", "g"], ["y"])],
                 ["Pooling", "Power", "Flatten", "Bias"], IMAGE, {}, 17),
    "reciprocal": ([N("Exp", ["x"], ["e"]), N("Div", ["x", "e"], ["y"])],
                   ["Exp", "Power", "Eltwise"], IMAGE, {}, 17),
    "min": ([N("Neg", ["x"], ["e"]), N("Min", ["x", "e"], ["y"])],
            ["Power", "Power", "Power", "Eltwise", "Power"], IMAGE, {}, 17),
    "mean-of-two": ([N("Exp", ["x"], ["e"]), N("Mean", ["x", "e"], ["y"])], ["Exp", "Eltwise"],
                    IMAGE, {}, 17),
    "concat": ([N("Relu", ["x"], ["r"]), N("Concat", ["x", "r"], ["y"], axis=-2)],
               ["ReLU", "Concat"], IMAGE, {}, 17),
    "split": ([N("Split", ["x", "s"], ["a", "b"], axis=1), N("Concat", ["b", "a"], ["y"], axis=1)],
              ["Slice", "Concat"], IMAGE, {"s": whole(1, 3)}, 17),
    "split-unread": ([N("Split", ["x"], ["a", "y"], axis=1, split=[1, 3])], ["Slice", "Silence"],
                     IMAGE, {}, 11),
    "slice": (one("Slice", "s", "e", "a"), ["Slice", "Silence", "Slice", "Silence"], IMAGE,
              {"s": whole(1, -4), "e": whole(3, 2**40), "a": whole(1, 3)}, 17),
    "slice-of-old": (one("Slice", axes=[2], starts=[2], ends=[5]), ["Slice", "Silence"], IMAGE, {},
                     9),
    "steps": (one("Slice", "s", "e", "a", "t"), ["Convolution"], IMAGE,
              {"s": whole(1, 0), "e": whole(9, 5), "a": whole(2, 3), "t": whole(3, 2)}, 17),
    "flatten": (one("Flatten", axis=1), ["Flatten"], IMAGE, {}, 17),
    "reshape": (one("Reshape", "s"), ["Reshape"], IMAGE, {"s": whole(0, 2, -1)}, 17),
    "batch-in-the-middle": ([N("Shape", ["x"], ["s"]), N("Gather", ["s", "zero"], ["n"], axis=0),
                             N("Unsqueeze", ["n", "first"], ["m"]),
                             N("Concat", ["m", "rest"], ["t"], axis=0),
                             N("Reshape", ["x", "t"], ["y"])], ["Flatten"], IMAGE,
                            {"zero": whole(0)[0], "first": whole(0), "rest": whole(-1)}, 17),
    "squeeze": ([N("GlobalAveragePool", ["x"], ["g"]), N("Squeeze", ["g", "a"], ["y"])],
                ["Pooling", "Flatten"], IMAGE, {"a": whole(2, 3)}, 17),
    "transpose": (one("Transpose", perm=[0, 2, 3, 1]), ["Permute"], IMAGE, {}, 17),
    "shuffle": ([N("Reshape", ["x", "s"], ["a"]),
                 N("Transpose", ["a"], ["b"], perm=[0, 2, 1, 3, 4]),
                 N("Reshape", ["b", "t"], ["y"])], ["ShuffleChannel"], IMAGE,
                {"s": whole(-1, 2, 2, 7, 6), "t": whole(-1, 4, 7, 6)}, 17),
    "pixels": (one("DepthToSpace", blocksize=2, mode="CRD"), ["Deconvolution"], ("n", 8, 3, 5), {},
               13),
    "pixels-of-blocks": (one("DepthToSpace", blocksize=2), ["Deconvolution"], ("n", 8, 3, 5), {},
                         13),
    "blocks": (one("SpaceToDepth", blocksize=2), ["Convolution"], ("n", 3, 4, 6), {}, 13),
    "tile": (one("Tile", "r"), ["Tile", "Tile"], IMAGE, {"r": whole(1, 2, 1, 3)}, 17),
    "expand": (one("Expand", "s"), ["Tile"], ("n", 4, 1, 6), {"s": whole(1, 1, 5, 1)}, 17),
    "mean-of-images": (one("ReduceMean", axes=[2, 3]), ["Pooling"], IMAGE, {}, 13),
    "mean-of-vectors": (one("ReduceMean", "a", keepdims=0), ["Reduction"], IMAGE,
                        {"a": whole(-1, -2)}, 18),
    "length": (one("ReduceL2", axes=[1], keepdims=1), ["Permute", "Reduction", "Power", "Reshape"],
               IMAGE, {}, 13),
    "largest": (one("ReduceMax", axes=[1], keepdims=0), ["ArgMax", "Reshape"], IMAGE, {}, 13),
    "smallest": (one("ReduceMin", axes=[2, 3]), ["Power", "Pooling", "Power"], IMAGE, {}, 13),
    "place": (one("ArgMax", axis=1), ["Reverse", "ArgMax", "Power"], IMAGE, {}, 13),
    "place-of-the-last": (one("ArgMax", axis=1, keepdims=0, select_last_index=1),
                          ["ArgMax", "Reshape"], IMAGE, {}, 13),
    "pad": (one("Pad", "p"), ["Padding"], IMAGE, {"p": whole(0, 0, 1, 1, 0, 0, 2, 2)}, 13),
    "pad-sides": (one("Pad", pads=[0, 0, 1, 0, 0, 0, 2, -1]), ["Convolution"], IMAGE, {}, 10),
    "nearest": (one("Resize", "", "s", mode="nearest", nearest_mode="floor",
                    coordinate_transformation_mode="asymmetric"), ["Upsample"], IMAGE,
                {"s": np.array([1, 1, 2, 2], np.float32)}, 13),
    "upsample-of-old": (one("Upsample", "s", mode="nearest"), ["Upsample"], IMAGE,
                        {"s": np.array([1, 1, 3, 3], np.float32)}, 9),
    "corners": (one("Resize", "", "", "s", mode="linear",
                    coordinate_transformation_mode="align_corners"), ["Interp"], (2, 4, 3, 5),
                {"s": whole(2, 4, 7, 9)}, 13),
    "linear": (one("Resize", "", "s", mode="linear"), ["Resample"], ("n", 4, 3, 5),
               {"s": np.array([1, 1, 2, 2], np.float32)}, 13),
    "cubic": (one("Resize", "", "s", mode="cubic", cubic_coeff_a=-0.75),
              ["InnerProduct", "Permute", "InnerProduct", "Permute"], ("n", 4, 3, 5),
              {"s": np.array([1, 1, 2, 3], np.float32)}, 13),
    "constant-blob": ([N("Concat", ["x", "c"], ["y"], axis=1)], ["Parameter", "Concat"],
                      (2, 4, 3, 5), {"c": normal(2, 1, 3, 5)}, 17),
    "relu": (one("Relu"), ["ReLU"], IMAGE, {}, 17),
    "sigmoid": (one("Sigmoid"), ["Sigmoid"], IMAGE, {}, 17),
    "tanh": (one("Tanh"), ["TanH"], IMAGE, {}, 17),
    "abs": (one("Abs"), ["AbsVal"], IMAGE, {}, 17),
    "neg": (one("Neg"), ["Power"], IMAGE, {}, 17),
    "exp-log": ([N("Exp", ["x"], ["e"]), N("Log", ["e"], ["y"])], ["Exp", "Log"], ("n", 3), {}, 17),
    "roots": ([N("Abs", ["x"], ["a"]), N("Sqrt", ["a"], ["s"]), N("Add", ["s", "c"], ["t"]),
               N("Reciprocal", ["t"], ["y"])], ["AbsVal", "Power", "Power", "Power"], IMAGE,
              {"c": np.float32(1)[...]}, 17),
    "square-by-product": (one("Mul", "x"), ["Eltwise"], IMAGE, {}, 17),
    "swish-of-new": (one("Swish", alpha=0.5), ["Swish"], IMAGE, {}, 24),
    "group-norm": (one("GroupNormalization", "s", "b", num_groups=2), ["GroupNorm"], IMAGE,
                   {"s": normal(4), "b": normal(4)}, 21),
    "mvn": (one("MeanVarianceNormalization", axes=[2, 3]), ["InstanceNorm"], IMAGE, {}, 13),
    "mvn-of-items": (one("MeanVarianceNormalization", axes=[1, 2, 3]), ["LayerNorm"], IMAGE, {},
                     13),
    "sum-of-vectors": (one("ReduceSum", axes=[2, 3], keepdims=0), ["Reduction"], IMAGE, {}, 11),
    "norms": (one("ReduceL1", axes=[1, 2, 3], keepdims=0), ["Reduction"], IMAGE, {}, 13),
    "squares": (one("ReduceSumSquare", axes=[-1]), ["Reduction", "Reshape"], IMAGE, {}, 13),
    "sum-of-three": (one("Sum", "x", "x"), ["Eltwise"], IMAGE, {}, 17),
    "dropout": (one("Dropout"), ["Dropout"], IMAGE, {}, 17),
    "identity-and-casts": ([N("Identity", ["x"], ["a"]), N("Cast", ["a"], ["b"], to=1),
                            N("CastLike", ["b", "c"], ["d"]), N("Relu", ["d"], ["y"])], ["ReLU"],
                           IMAGE, {"c": np.float32(0)[...]}, 17),
    "squeeze-one": ([N("Unsqueeze", ["x", "a"], ["u"]), N("Squeeze", ["u", "a"], ["s"]),
                     N("Relu", ["s"], ["y"])], ["Reshape", "Reshape", "ReLU"], IMAGE,
                    {"a": whole(2)}, 17),
    "erf": (one("Erf"), ["ReLU", *ERFC, "Power", "ReLU", *ERFC, "Eltwise"], IMAGE, {}, 17),
    "gelu": (one("Gelu"), ["AbsVal", *ERFC, "Eltwise", "ReLU", "Eltwise"], IMAGE, {}, 20),
    "gelu-by-tanh": (one("Gelu", approximate="tanh"),
                     ["Power", "Eltwise", "Power", "Sigmoid", "Eltwise"], IMAGE, {}, 20),
    "gelu-of-torch": ([N("Div", ["x", "root"], ["d"]), N("Erf", ["d"], ["e"]),
                       N("Add", ["e", "one"], ["a"]), N("Mul", ["x", "a"], ["m"]),
                       N("Mul", ["m", "half"], ["y"])],
                      ["AbsVal", *ERFC, "Eltwise", "ReLU", "Eltwise"], IMAGE,
                      {"root": np.float32(2**0.5)[...], "one": np.float32(1)[...],
                       "half": np.float32(0.5)[...]}, 17),
    "attention": ([N("Transpose", ["x"], ["t"], perm=[0, 1, 3, 2]), N("MatMul", ["x", "t"], ["y"])],
                  ["Permute", "Permute", "Reshape", "Reshape", "Tile", "Scale", "Convolution",
                   "Reshape"], ("n", 2, 3, 5), {}, 17),
    "product-of-items": ([N("Transpose", ["x"], ["t"], perm=[0, 2, 1]),
                          N("MatMul", ["x", "t"], ["y"])],
                         ["Permute", "Permute", "Reshape", "Tile", "Scale", "Convolution",
                          "Reshape"], ("n", 3, 5), {}, 17),
    "pool-blocks": (one("MaxPool", kernel_shape=[2, 3, 3], strides=[1, 2, 2],
                        pads=[0, 1, 1, 0, 1, 1]), ["NdPooling"], ("n", 2, 3, 7, 6), {}, 17),
    "mean-of-blocks": (one("AveragePool", kernel_shape=[3, 2, 3], strides=[2, 1, 2],
                           pads=[1, 0, 1, 1, 0, 1]), ["NdPooling", "Scale"], ("n", 2, 4, 4, 6), {},
                       17),
    "mean-of-one-frame": (one("AveragePool", kernel_shape=[3, 2, 2]), ["NdPooling", "Reshape"],
                          ("n", 2, 3, 4, 5), {}, 17),
    "lstm": ([N("Transpose", ["x"], ["t"], perm=[1, 0, 2]),
              N("LSTM", ["t", "w", "r", "b"], ["y"], hidden_size=3)],
             ["Permute", "Reduction", "Slice", "Power", "Power", "Concat", "LSTM", "Reshape"],
             ("n", 4, 5), {"w": normal(1, 12, 5), "r": normal(1, 12, 3), "b": normal(1, 24)}, 17),
    "lstm-in-two-directions": (
        [N("LSTM", ["x", "w", "r"], ["all", "last"], hidden_size=3, direction="bidirectional"),
         N("Relu", ["all"], ["z"]), N("Relu", ["last"], ["y"])],
        ["Reduction", "Slice", "Power", "Power", "Concat", "LSTM", "Reverse", "LSTM",
         "Slice", "Silence", "Slice", "Silence", "Concat", "ReLU"], (4, 2, 5),
        {"w": normal(2, 12, 5), "r": normal(2, 12, 3)}, 17),
    "lstm-of-one-step": (one("LSTM", "w", "r", hidden_size=3), ["Reduction", "Power", "LSTM",
                         "Reshape"], (1, 2, 5), {"w": normal(1, 12, 5), "r": normal(1, 12, 3)},
                         17),
    "class-token": ([N("Shape", ["x"], ["n"], end=1), N("Concat", ["n", "rest"], ["s"], axis=0),
                     N("Expand", ["token", "s"], ["t"]), N("Concat", ["t", "x"], ["y"], axis=1)],
                    ["Reduction", "Power", "Reshape", "InnerProduct", "Reshape", "Concat"],
                    ("n", 3, 4), {"rest": whole(1, 4), "token": normal(1, 1, 4)}, 17),
    "part": (one("Gather", "i", axis=1), ["Slice", "Silence", "Reshape"], IMAGE,
             {"i": whole(2)[0]}, 17),
}  # fmt: skip


@pytest.mark.parametrize("name", list(ROWS))
def test_operators(name: str) -> None:
    nodes, wanted, shape, tensors, opset = ROWS[name]
    if opset > onnx_opset_version():
        pytest.skip(f"the package onnx knows no opset {opset}")
    imported = proved(model_of(nodes, {"x": shape}, opset=opset, **tensors))
    assert types(imported) == wanted


def test_every_operator_that_is_read_has_a_row() -> None:
    there = {node.op_type for nodes, *_ in ROWS.values() for node in nodes}
    assert set(read_operators()) - there == set()


def test_focus() -> None:
    """YOLOv5's Focus: four slices of every second pixel, side by side."""
    nodes = []
    places = (("zero", "zero"), ("one", "zero"), ("zero", "one"), ("one", "one"))
    for number, (row, column) in enumerate(places):
        nodes += [
            N("Slice", ["x", row, "end", "rows", "two"], [f"r{number}"]),
            N("Slice", [f"r{number}", column, "end", "columns", "two"], [f"s{number}"]),
        ]
    nodes.append(N("Concat", [f"s{n}" for n in range(4)], ["y"], axis=1))
    model = model_of(
        nodes, {"x": ("n", 3, 6, 8)}, zero=whole(0), one=whole(1), end=whole(2**62),
        rows=whole(2), columns=whole(3), two=whole(2),
    )  # fmt: skip
    imported = proved(model)
    assert types(imported) == ["Convolution"]


def test_values_read_twice_stay_beside_a_pattern() -> None:
    """Sigmoid is read by others, too, so that it stays as a layer."""
    nodes = [N("Sigmoid", ["x"], ["s"]), N("Mul", ["x", "s"], ["m"]), N("Add", ["m", "s"], ["y"])]
    assert types(proved(model_of(nodes, {"x": IMAGE}))) == ["Sigmoid", "Swish", "Eltwise"]


def test_shared_weights_stay_shared() -> None:
    nodes = [
        N("Conv", ["x", "w", "b"], ["one"]),
        N("Relu", ["x"], ["r"]),
        N("Conv", ["r", "w", "b"], ["two"]),
        N("Add", ["one", "two"], ["y"]),
    ]
    imported = proved(model_of(nodes, {"x": IMAGE}, w=W, b=B))
    net = imported.build()
    first, second = (net.params[name] for name in ("one", "two"))
    for blobs in zip(first, second, strict=True):
        blobs[0].data[...] = 2
        assert (blobs[1].data == 2).all()


@pytest.mark.parametrize("kind", [np.float16, np.float64])
def test_other_kinds_of_numbers(kind: type) -> None:
    """The net computes in float32; the model is run as it is."""
    model = model_of(one("Gemm", "w"), {"x": ("n", 5)}, w=normal(5, 6))
    number = TensorProto.FLOAT16 if kind is np.float16 else TensorProto.DOUBLE
    for info in (*model.graph.input, *model.graph.output):
        info.type.tensor_type.elem_type = number
    weights: np.ndarray = numpy_helper.to_array(model.graph.initializer[0]).astype(kind)
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(weights, "w"))
    imported = import_model(model)
    assert imported.half == (kind is np.float16)
    assert verify(imported.source, imported.build(engine="numpy"), tolerances=(5e-3, 5e-3)).good


def test_whole_numbers_are_looked_up() -> None:
    model = model_of([N("Gather", ["w", "x"], ["y"])], {"x": ("n", 3)}, w=normal(7, 4))
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.INT64
    assert types(proved(model)) == ["Embed"]


def test_two_outputs_one_of_them_an_identity() -> None:
    nodes = [N("Relu", ["x"], ["r"]), N("Identity", ["r"], ["a"]), N("Exp", ["r"], ["b"])]
    imported = proved(model_of(nodes, {"x": IMAGE}, ["a", "b"]))
    assert types(imported) == ["ReLU", "Split", "Exp"]  # which gives a besides
    assert sorted(imported.build().outputs) == ["a", "b"]
