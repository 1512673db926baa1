"""Every public name of pycaffe is there, and its objects have their attributes."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys

import numpy as np
import pytest

import minicaffe
from minicaffe import layers as L

NAMES = {
    "module": """
        Net SGDSolver NesterovSolver AdaGradSolver RMSPropSolver AdaDeltaSolver AdamSolver NCCL
        Timer init_log log set_mode_cpu set_mode_gpu set_device Layer get_solver
        layer_type_list set_random_seed solver_count set_solver_count solver_rank
        set_solver_rank set_multiprocess multiprocess has_nccl __version__ TRAIN TEST Classifier
        Detector io layers params NetSpec to_proto net_spec coord_map draw proto
        install_as_caffe""",
    "net": """
        blobs params layers layer_dict blob_loss_weights inputs outputs top_names bottom_names
        forward backward forward_all forward_backward_all set_input_arrays reshape
        clear_param_diffs copy_from share_with save load_hdf5 save_hdf5 before_forward
        after_forward before_backward after_backward _layer_names _blob_names _blobs _inputs
        _outputs _top_ids _bottom_ids _forward _backward _blob_loss_weights _set_input_arrays
        _batch""",
    "solver": """
        net test_nets iter lr param solve step restore snapshot apply_update share_weights
        add_callback test history""",
    "blob": "shape num channels height width count reshape data diff",
    "layer": "blobs setup reshape type forward backward phase param_str",
    "io": """
        blobproto_to_array array_to_blobproto arraylist_to_blobprotovector_str caffe_pb2
        blobprotovector_str_to_arraylist array_to_datum datum_to_array Transformer load_image
        resize_image oversample""",
    "transformer": """
        preprocess deprocess set_transpose set_channel_swap set_raw_scale set_mean
        set_input_scale""",
}


def missing(of: object, kind: str) -> list[str]:
    """The names of this kind that an object lacks."""
    return [name for name in NAMES[kind].split() if not hasattr(of, name)]


NETWORK = """
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "fc" type: "InnerProduct" bottom: "data" top: "fc"
  inner_product_param { num_output: 4 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "EuclideanLoss" bottom: "fc" bottom: "target" top: "loss"
  include { stage: "never" } }
"""


@pytest.fixture
def net():
    with open("net.prototxt", "w") as stream:
        stream.write(NETWORK)
    return minicaffe.Net("net.prototxt", minicaffe.TRAIN)


def test_module():
    assert missing(minicaffe, "module") == []
    assert minicaffe.proto.caffe_pb2.NetParameter
    assert set(minicaffe.__all__) >= set(NAMES["module"].split())


def test_net(net):
    assert missing(net, "net") == []
    assert net._top_ids(1) == [1]
    assert net._bottom_ids(1) == [0]
    assert net._inputs == [0]
    assert net._outputs == [1]
    assert list(net._blob_loss_weights) == [0.0, 0.0]
    assert net._blobs[1] is net.blobs["fc"]


def test_blob_and_layer(net):
    assert missing(net.blobs["fc"], "blob") == []
    assert missing(net.layers[1], "layer") == []


def test_solver(net):
    with open("solver.prototxt", "w") as stream:
        stream.write('net: "net.prototxt" base_lr: 0.1 lr_policy: "fixed"')
    for name in ("SGD", "Nesterov", "AdaGrad", "RMSProp", "AdaDelta", "Adam"):
        solver = getattr(minicaffe, f"{name}Solver")("solver.prototxt")
        assert missing(solver, "solver") == []


def test_io():
    assert missing(minicaffe.io, "io") == []
    assert missing(minicaffe.io.Transformer, "transformer") == []


@pytest.mark.parametrize(
    "name",
    [
        "as_caffe",
        "classifier",
        "coord_map",
        "detector",
        "draw",
        "io",
        "net_spec",
        "common",
    ],
)
def test_whatever_is_public_is_described(name):
    module = importlib.import_module(f"minicaffe.{name}")
    for key, value in vars(module).items():
        ours = getattr(value, "__module__", "").startswith(module.__name__)
        if ours and not key.startswith("_") and callable(value):
            assert inspect.getdoc(value), key
            for attribute, method in vars(value).items() if inspect.isclass(value) else ():
                if inspect.isfunction(method) and not attribute.startswith("_"):
                    assert method.__doc__, f"{key}.{attribute}"


def test_layers_is_a_package_and_makes_layers():
    from minicaffe.layers import vision
    from minicaffe.layers.vision.pooling import Pooling

    assert inspect.ismodule(L.vision)
    assert L.vision is vision
    assert inspect.isclass(Pooling)
    assert L.Pooling is not Pooling
    assert L.Pooling(L.Input(), kernel_size=2).fn.type_name == "Pooling"
    with pytest.raises(AttributeError, match="'poolin' is no layer type"):
        L.poolin  # noqa: B018
    with pytest.raises(ImportError):
        from minicaffe.layers import poolin  # noqa: F401


def test_a_submodule_that_is_not_loaded_is_still_found():
    """``layers.__getattr__`` must not hide a module that Python has yet to load."""
    code = (
        "import minicaffe.layers.utility, sys; del sys.modules['minicaffe.layers.utility'];"
        "import minicaffe.layers as L; del L.utility;"
        "import minicaffe.layer as r; r._classes.clear();"
        "from minicaffe.layers import utility; print(type(utility).__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "module\n"


def test_net_takes_pycaffes_keywords(net):
    net.save("w.caffemodel")
    net.params["fc"][0].data[...] += 1
    again = minicaffe.Net(network_file="net.prototxt", phase=minicaffe.TEST, weights="w.caffemodel")
    older = minicaffe.Net("net.prototxt", "w.caffemodel", minicaffe.TEST)
    want = net.params["fc"][0].data - 1
    for item in (again, older):
        assert item.phase == minicaffe.TEST
        np.testing.assert_allclose(item.params["fc"][0].data, want, rtol=1e-5, atol=1e-6)


def test_batches_of_a_net(net):
    given = {"data": np.arange(15.0).reshape(5, 3)}
    parts = [batch["data"] for batch in net._batch(given)]
    assert [part.shape for part in parts] == [(2, 3)] * 3
    np.testing.assert_array_equal(parts[2], [[12, 13, 14], [0, 0, 0]])


@pytest.mark.parametrize("part", [{}, {"start": "fc", "end": "fc"}])
def test_backward_before_any_forward(part):
    """pycaffe's programs set a top's diff and call backward at once."""
    with open("net.prototxt", "w") as stream:
        stream.write("force_backward: true" + NETWORK)
    net = minicaffe.Net("net.prototxt", minicaffe.TEST)
    net.blobs["data"].data[...] = given = np.arange(6).reshape(2, 3)
    net.blobs["fc"].diff[...] = gradient = np.arange(8).reshape(2, 4)
    got = net.backward(**part)["data"]
    weights = net.params["fc"][0]
    np.testing.assert_allclose(got, gradient @ weights.data, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(weights.diff, gradient.T @ given, rtol=1e-5)


@pytest.mark.parametrize("shape", [(2, 4), (2, 1, 4), (6,), (2, 2), (1, 3), (3, 2), (2, 3, 1, 2)])
def test_arrays_that_do_not_fit_are_value_errors(net, shape):
    with pytest.raises(ValueError, match=r"blob 'data' has shape .*, expected 2×3") as caught:
        net.forward(data=np.zeros(shape))
    assert isinstance(caught.value, minicaffe.MinicaffeError)
    assert "×".join(map(str, shape)) in str(caught.value)


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 1, 1), (2, 1, 3), (2, 1)])
def test_arrays_that_fit(net, shape):
    values = np.arange(np.prod(shape)).reshape(shape)
    net.forward(data=values)
    want = np.broadcast_to(values, (2, 3)) if shape == (2, 1) else values.reshape(2, 3)
    np.testing.assert_array_equal(net.blobs["data"].data, want)


def test_a_blob_refuses_another_shape(net):
    blob = net.blobs["data"]
    blob.data = [[1, 2, 3]] * 2
    assert blob.data[1, 2] == 3
    for kind in ("data", "diff"):
        with pytest.raises(
            ValueError, match="array of shape 2×4 does not fit blob 'data' of shape 2×3"
        ):
            setattr(blob, kind, np.zeros((2, 4)))
    with pytest.raises(ValueError, match=r"shape 3×4 does not fit blob 'fc\[0\]' of shape 4×3"):
        net.params["fc"][0].data = np.zeros((3, 4))


@pytest.mark.parametrize(
    "values", [None, "abc", [[1, 2, 3], [4, 5]], [["a"] * 3] * 2, [[1j] * 3] * 2]
)
def test_what_is_no_array_of_numbers_is_a_value_error(net, values):
    before = net.blobs["data"].data.copy()
    with pytest.raises(ValueError, match="for input blob 'data'"):
        net.forward(data=values)
    with pytest.raises(ValueError, match="for blob 'data'"):
        net.blobs["data"].data = values
    np.testing.assert_array_equal(net.blobs["data"].data, before)


@pytest.mark.parametrize("kind", [object, bool, "float16", "uint8", ">f8"])
def test_numbers_of_every_kind_are_taken(net, kind):
    given = np.array([[0, 1, 1], [1, 0, 0]], kind)
    net.forward(data=given)
    np.testing.assert_array_equal(net.blobs["data"].data, [[0, 1, 1], [1, 0, 0]])
    net.blobs["fc"].diff = np.array([[1, 0, 1, 0], [0, 1, 1, 1]], kind)
    assert net.blobs["fc"].diff.sum() == 5
