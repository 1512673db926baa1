"""Fields that earlier versions of Caffe and of its forks had elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

import minicaffe
from minicaffe.errors import GraphError
from minicaffe.net import check
from minicaffe.proto import caffe_pb2
from minicaffe.proto.io import read_net

NOISE = 'layer { name: "z" type: "RandVec" top: "z" randvec_param { %s } }'


def read(tmp_path, text):
    (tmp_path / "net.prototxt").write_text(text)
    return read_net(tmp_path / "net.prototxt")


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ('layers { name: "d" type: DATA data_param {', "data_param"),
        ('layer { name: "d" type: "ImageData" image_data_param {', "image_data_param"),
    ],
)
def test_transformations_inside_of_the_data_s_settings(tmp_path, text, settings):
    inside = 'source: "db" batch_size: 7 transform_param { crop_size: 5 mean_file: "m" } }'
    net = read(tmp_path, f"{text} {inside} }}")
    (layer,) = net.layer
    assert layer.transform_param.crop_size == 5
    assert layer.transform_param.mean_file == "m"
    data = getattr(layer, settings)
    assert (data.source, data.batch_size) == ("db", 7)
    assert not data.HasField("transform_param")
    both = f"{text} {inside} transform_param {{ mirror: true }} }}"
    with pytest.raises(GraphError, match=r"net\.prototxt:1: .*transform_param is given twice, in"):
        read(tmp_path, both)


MSCNN = """layer { name: "p" type: "ProposalTarget" proposal_target_param { cls_num: 2
  bbox_mean: [0, 0, 0, 0] bbox_std: [0.1, 0.1, 0.2, 0.25] } %s }
layer { name: "a" type: "BboxAccuracy" bbox_accuracy_param { bbox_mean: [1, 2, 3, 4]
  bbox_std: [5, 6, 7, 8] } }"""


def test_offsets_of_ms_cnns_first_version(tmp_path):
    net = read(tmp_path, MSCNN % "")
    target, accuracy = (layer.bbox_reg_param for layer in net.layer)
    assert list(target.bbox_mean) == [0] * 4
    assert list(target.bbox_std) == pytest.approx([0.1, 0.1, 0.2, 0.25])
    assert not net.layer[0].proposal_target_param.bbox_std
    assert (list(accuracy.bbox_mean), list(accuracy.bbox_std)) == ([1, 2, 3, 4], [5, 6, 7, 8])
    with pytest.raises(GraphError, match=r"bbox_std is given twice, in proposal_target_param"):
        read(tmp_path, MSCNN % "bbox_reg_param { bbox_std: [1, 1, 1, 1] }")


def test_v0_fields_of_selective_search(tmp_path):
    net = read(
        tmp_path,
        'layers { layer { name: "w" type: "window_data" source: "f" batchsize: 2 context_pad: 16 '
        'crop_mode: "square" } top: "d" } layers { layer { name: "i" type: "innerproduct" '
        'num_output: 3 can_clobber: false } bottom: "d" top: "i" }',
    )
    window, product = net.layer
    assert window.window_data_param.context_pad == 16
    assert window.window_data_param.crop_mode == "square"
    assert product.inner_product_param.num_output == 3


@pytest.mark.parametrize(("more", "want"), [("", 114), ("scale: 0.5", 228)])
def test_v0_subtraction_is_a_mean_after_the_scale(tmp_path, more, want):
    text = f'layer {{ name: "d" type: "data" source: "f" batchsize: 2 subtraction: 114 {more} }}'
    (data,) = read(tmp_path, f'layers {{ {text} top: "x" }}').layer
    assert list(data.transform_param.mean_value) == [want]


CROP = """layer { name: "x" type: "Input" top: "x" input_param { shape { dim: [1, 2, 5, 6] } } }
layer { name: "z" type: "Input" top: "z" input_param { shape { dim: [1, 3, 3, 4] } } }
layer { name: "c" type: "SimpleCrop" bottom: "x" top: "y" crop_param { %s } }"""


def test_simple_crop_s_blob_is_a_bottom(tmp_path):
    (tmp_path / "net.prototxt").write_text(CROP % 'blob_name: "z"')
    with minicaffe.Net(tmp_path / "net.prototxt", minicaffe.TEST) as net:
        x = net.blobs["x"].data
        x[...] = np.arange(60).reshape(1, 2, 5, 6)
        np.testing.assert_array_equal(net.forward()["y"], x[:, :, :3, :4])
    (tmp_path / "net.prototxt").write_text(CROP % "")
    with pytest.raises(GraphError, match="SimpleCrop"):
        minicaffe.Net(tmp_path / "net.prototxt", minicaffe.TEST)


CONVOLUTION = """layer { name: "x" type: "Input" top: "x" input_param {
  shape { dim: [1, 2, 5, 5] } } } layer { name: "c" type: "Convolution" bottom: "x" top: "y"
  convolution_param { num_output: 3 kernel_size: 3 weight_filler { type: "gaussian" } %s } %s }"""


def test_a_convolution_with_its_relu_inside(tmp_path):
    found = []
    fused = "fuse_type: FUSED_CONV_RELU relu_param { negative_slope: 0.25 }"
    for text in (fused, "fuse_type: UNFUSED"):
        (tmp_path / "net.prototxt").write_text(CONVOLUTION % (text, ""))
        with minicaffe.Net(tmp_path / "net.prototxt", minicaffe.TEST, seed=3) as net:
            net.blobs["x"].data[...] = np.linspace(-1, 1, 50).reshape(1, 2, 5, 5)
            found.append(net.forward()["y"].copy())
            assert list(net.params) == ["c"]
    rectified, plain = found
    assert (plain < 0).any()
    np.testing.assert_allclose(rectified, np.where(plain > 0, plain, plain / 4), atol=1e-6)
    with pytest.raises(GraphError, match="relu_param is given twice, in convolution_param"):
        read(tmp_path, CONVOLUTION % (fused, "relu_param { }"))


@pytest.mark.parametrize("engine", ["LOOP", "NAIVE", "SPATIAL"])
def test_an_engine_of_another_convolution_changes_nothing(tmp_path, caplog, engine):
    (tmp_path / "net.prototxt").write_text(CONVOLUTION % (f"engine: {engine}", ""))
    with caplog.at_level("INFO", logger="minicaffe"):
        minicaffe.Net(tmp_path / "net.prototxt", minicaffe.TEST).close()
    assert "passed over, as it changes nothing" in caplog.text


@pytest.mark.parametrize(
    ("settings", "shape"),
    [
        ("", (1, 128, 1, 1)),
        ("batch_size: 3 dim: 4 height: 0", (3, 4)),
        ("height: 2 width: 5", (1, 128, 2, 5)),
    ],
)
def test_randvec_has_its_own_defaults(tmp_path, settings, shape):
    (tmp_path / "net.prototxt").write_text(NOISE % settings)
    with minicaffe.Net(tmp_path / "net.prototxt", minicaffe.TEST) as net:
        noise = net.forward()["z"]
        assert noise.shape == shape
        assert (noise >= -1).all()
        assert (noise < 1).all()


def test_randvec_in_both_forms_is_refused():
    net = caffe_pb2.NetParameter()
    layer = net.layer.add(name="z", type="RandVec", top=["z"])
    layer.randvec_param.dim = 2
    layer.rand_vec_param.dim = 2
    with pytest.raises(GraphError, match="rand_vec_param and randvec_param are both given"):
        check.check_text(net, net, None)
