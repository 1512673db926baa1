"""Files that are damaged, hostile or of another kind, and models that are refused: what is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx", reason="needs the extra onnx")
pytest.importorskip("onnxruntime", reason="needs the extra onnx")

from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from minicaffe.convert.onnx import import_model
from minicaffe.convert.onnx.load import load
from minicaffe.errors import DataError, GraphError
from tests.convert.onnx.graphs import model_of, proved, types

N = helper.make_node
W = np.arange(24, dtype=np.float32).reshape(4, 6)


def small() -> ModelProto:
    """A Gemm."""
    return model_of([N("Gemm", ["x", "w"], ["y"], transB=1)], {"x": ("n", 6)}, w=W)


def outside(model: ModelProto, folder: Path, **entries: str) -> Path:
    """The model's file, its weights being in another one, as the entries say."""
    tensor = model.graph.initializer[0]
    (folder / "w.bin").write_bytes(b"1234" + tensor.raw_data)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=value)
    path = folder / "net.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def test_weights_beside_the_model_are_read(tmp_path: Path) -> None:
    path = outside(small(), tmp_path, location="w.bin", offset="4", length="96")
    assert np.array_equal(import_model(path).weights["y"][0], W)


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ({"location": "w.bin", "offset": "8"}, "its 96 bytes begin at 8 of 'w.bin', which has 100"),
        ({"location": "w.bin", "length": "92"}, "92 bytes at 0 are said to have its 96 bytes"),
        ({"location": "w.bin", "offset": "-4"}, "96 bytes at -4 are said"),
        ({"location": "w.bin", "offset": "x"}, "no whole numbers"),
        ({"location": "../w.bin"}, "outside of the model's folder"),
        ({"location": "/etc/passwd"}, "outside of the model's folder"),
        ({"location": "gone.bin"}, "'gone.bin', which has its values, cannot be read: No such"),
        ({}, "does not say which file"),
    ],
)
def test_other_weights_are_refused(tmp_path: Path, entries: dict[str, str], told: str) -> None:
    path = outside(small(), tmp_path, **entries)
    with pytest.raises(DataError, match="initialiser 'w'") as refusal:
        load(path)
    assert told in str(refusal.value)


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    path = outside(small(), inner, location="link")
    (inner / "w.bin").rename(tmp_path / "w.bin")
    (inner / "link").symlink_to(tmp_path / "w.bin")
    with pytest.raises(DataError, match="outside of the model's folder"):
        load(path)


def test_all_wrong_weights_are_told_at_once(tmp_path: Path) -> None:
    model = model_of([N("Gemm", ["x", "w", "b"], ["y"])], {"x": (2, 6)}, w=W.T,
                     b=np.zeros(4, np.float32))  # fmt: skip
    model.graph.initializer[0].dims[:] = [10**9, 10**9]
    model.graph.initializer[1].dims[:] = [-1]
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(DataError) as refusal:
        load(tmp_path / "net.onnx")
    assert "'w': its values do not fit its shape" in str(refusal.value)
    assert "'b': its shape is [-1]" in str(refusal.value)


def test_truncated_files_and_others(tmp_path: Path) -> None:
    whole, path = small().SerializeToString(), tmp_path / "net.onnx"
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match=r"no ONNX model|fit its shape"):
            load(path)
    path.write_text("name: 'net' layer { }")
    with pytest.raises(DataError, match="no ONNX model"):
        load(path)
    with pytest.raises(DataError, match="there is no such file"):
        load(tmp_path / "gone.onnx")


@pytest.mark.parametrize(
    ("name", "field"), [(b"graph-1", "GraphProto.name"), (b"node-1", "NodeProto.name")]
)
def test_names_that_are_not_utf8_are_refused(tmp_path: Path, name: bytes, field: str) -> None:
    model = small()
    model.graph.name, model.graph.node[0].name = "graph-1", "node-1"
    path = tmp_path / "net.onnx"
    path.write_bytes(model.SerializeToString().replace(name, name[:-1] + b"\x8c"))
    with pytest.raises(DataError, match=f"{field} is not UTF-8 text"):
        import_model(path)


def test_cycles_are_refused() -> None:
    model = small()
    model.graph.node.extend([N("Add", ["a", "y"], ["b"]), N("Neg", ["b"], ["a"])])
    with pytest.raises(DataError, match="topologically sorted"):
        import_model(model)


def test_unknown_opsets_are_refused() -> None:
    model = model_of([N("Relu", ["x"], ["y"])], {"x": ("n", 5)})
    for version, told in ((6, "of opset 6; 7 to"), (999, "damaged|of opset 999")):
        model.opset_import[0].version = version
        with pytest.raises((DataError, GraphError), match=told):
            import_model(model)


def test_operators_are_refused_all_at_once_with_their_neighbours() -> None:
    nodes = [
        N("Relu", ["x"], ["r"], name="first"),
        N("Asin", ["r"], ["e"], name="second"),
        N("Mul", ["e", "r"], ["m"], name="third"),
        N("NonZero", ["m"], ["y"], name="fourth"),
        N("Asin", ["x"], ["unread"], name="fifth"),
    ]
    with pytest.raises(GraphError) as refusal:
        import_model(model_of(nodes, {"x": ("n", 4)}))
    assert str(refusal.value).splitlines() == [
        "node 'second' (Asin, opset 17, after Relu, before Mul): no layer does what it does",
        "node 'fourth' (NonZero, opset 17, after Mul, an output): it selects by values; export the "
        "model up to what is before it, and select outside of the net",
    ]


def test_an_operator_of_onnx_is_no_slip_of_the_pen() -> None:
    """Gelu is not Elu; CumSum is not Sum."""
    for operator in ("Celu", "Greater"):
        made = [N(operator, ["x"] if operator == "Celu" else ["x", "x"], ["y"])]
        with pytest.raises(GraphError, match=r"no layer does what it does$"):
            import_model(model_of(made, {"x": ("n", 4)}))


def test_outputs_that_a_layer_reads_are_outputs_of_the_net() -> None:
    """By a Split, as Caffe's nets give only what no layer reads; r and y keep their names."""
    nodes = [N("Relu", ["x"], ["r"]), N("Sigmoid", ["r"], ["y"]), N("Tanh", ["r"], ["z"])]
    imported = proved(model_of(nodes, {"x": ("n", 4)}, ["r", "y", "z"]))
    assert sorted(imported.build().outputs) == ["r", "y", "z"]
    assert types(imported) == ["ReLU", "Split", "Sigmoid", "TanH"]


def test_an_input_that_is_an_output_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """A net of Caffe does not give it, and nothing else would say so."""
    net = import_model(model_of([N("Relu", ["x"], ["y"])], {"x": ("n", 4)}, ["x", "y"])).build()
    assert net.outputs == ["y"]
    assert caplog.messages[0].startswith("output 'x' is an input that layer 'y' reads")


def test_other_domains_are_refused() -> None:
    model = small()
    model.graph.node[0].domain = "com.example"
    model.opset_import.add(domain="com.example", version=1)
    with pytest.raises(GraphError, match=r"of the domain 'com\.example'"):
        import_model(model)


def test_quantised_models_are_refused() -> None:
    nodes = [N("QuantizeLinear", ["x", "s"], ["q"]), N("DequantizeLinear", ["q", "s"], ["y"])]
    model = model_of(nodes, {"x": ("n", 4)}, s=np.float32(0.5)[...])
    with pytest.raises(GraphError, match="export the model before it was quantised"):
        import_model(model)


def test_open_lengths_have_to_be_given() -> None:
    model = model_of([N("GlobalAveragePool", ["x"], ["y"])], {"x": ("n", 3, "h", "w")})
    with pytest.raises(GraphError, match=r"input 'x' has the shape n×3×h×w.*--shape x="):
        import_model(model)
    proved(model, shapes={"x": (2, 3, 5, 6)})
    with pytest.raises(GraphError, match="the shape n×3×h×w, and 1×4×5×6 is given"):
        import_model(model, shapes={"x": (1, 4, 5, 6)})
    with pytest.raises(GraphError, match="'data', which is no input"):
        import_model(model, shapes={"data": (1, 3, 5, 6)})


def test_shapes_that_do_not_fit_are_told() -> None:
    nodes = [N("Gemm", ["x", "w"], ["z"], name="fc"), N("Relu", ["z"], ["y"])]
    model = model_of([N("Relu", ["x"], ["y"])], {"x": ("n", 5)}, w=W)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    with pytest.raises(GraphError, match=r"node 'fc'.*its shapes do not fit together"):
        import_model(model)


@pytest.mark.parametrize(
    ("node", "shape"),
    [
        (N("LpNormalization", ["x"], ["y"], axis=1), (1, 2**31 - 1)),
        (N("GroupNormalization", ["x", "w", "w"], ["y"], num_groups=1), (1, 2**27, 1, 1)),
        (N("AveragePool", ["x"], ["y"], kernel_shape=[3, 3, 3], pads=[1, 1, 1, 1, 1, 1]),
         (1, 1, 2**31 - 1, 1, 1)),
    ],
)  # fmt: skip
def test_huge_axes_take_no_memory(node: NodeProto, shape: tuple[int, ...]) -> None:
    with pytest.raises(GraphError, match=r"it would take an axis of 'x' of \d+ numbers"):
        import_model(model_of([node], {"x": shape}, opset=21, w=np.ones(1, np.float32)))


def test_what_onnx_cannot_compute_is_no_fault_of_ours() -> None:
    node = N("Upsample", ["x", "scales"], ["y"], mode="linear")
    scales = np.array([1, 1, 3, 1], np.float32)
    model = model_of([node], {"x": (1, 2, 4, 5)}, opset=9, scales=scales)
    with pytest.raises(GraphError, match="onnx's reference does not compute it"):
        import_model(model)


def test_huge_constants_are_not_computed() -> None:
    """Nor do they take memory: the operator is refused, as no layer does it."""
    shape = np.array([2**20, 2**20], np.int64)
    nodes = [N("ConstantOfShape", ["s"], ["c"]), N("ReduceSum", ["c"], ["d"]),
             N("Add", ["x", "d"], ["y"])]  # fmt: skip
    with pytest.raises(GraphError, match="ConstantOfShape"):
        import_model(model_of(nodes, {"x": ("n", 4)}, s=shape))


def test_a_message_that_was_read_is_as_it_was() -> None:
    model = small()
    before = model.SerializeToString()
    import_model(model)
    assert model.SerializeToString() == before
    assert numpy_helper.to_array(model.graph.initializer[0]).shape == (4, 6)
