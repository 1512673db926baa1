"""All mistakes of a net at once, with their places, before anything is opened."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

import minicaffe
from minicaffe.errors import DataError, GraphError, MinicaffeError, Problem, ShapeError
from minicaffe.layer import Layer, find_layer_class, layer_types
from minicaffe.layers.data.base_data_layer import PrefetchingLayer
from minicaffe.proto import caffe_pb2
from tests import wrong_detection

NET = """\
layer { name: "data" type: "Data" top: "data" top: "label"
  data_param { source: "no_such_database" batch_size: 4 } }
layer { name: "img" type: "Input" top: "img" input_param { shape { dim: [2, 3, 8, 8] } } }
layer {
  name: "conv1"
  type: "Convolutoin"
  bottom: "data"
  top: "conv1"
}
layer { name: "pool1" type: "Pooling" bottom: "conv1" top: "pool1" }
layer {
  name: "conv2"
  type: "Convolution"
  bottom: "pool1"
  top: "conv1"
  convolution_param {
    num_output: 3 kernel_size: 3
    weight_filler { type: "xavierr" }
    bias_filler: { type: "constnat" }
  }
}
layer { name: "pool2" type: "Pooling" bottom: "conv2" top: "pool2" }
layer { name: "ip" type: "InnerProduct" bottom: "pol1" top: "ip" }
layer { name: "large" type: "Convolution" bottom: "img" top: "large"
  convolution_param { num_output: 4 kernel_size: 9 } }
layer { name: "still" type: "Convolution" bottom: "img" top: "still"
  convolution_param { num_output: 4 kernel_size: 3 stride: 0 } }
layer { name: "after" type: "ReLU" bottom: "still" top: "after" }
layer { name: "x" type: "TRT" bottom: ["img", "ig"] top: "xx" }
"""


def problems(path: Path, text: str) -> tuple[MinicaffeError, list[str]]:
    path.write_text(text)
    with pytest.raises(MinicaffeError) as caught:
        minicaffe.Net(path)
    return caught.value, str(caught.value).replace(f"{path}:", "").split("\n")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.prototxt"


def test_all_at_once_and_the_database_is_not_asked_for(path: Path) -> None:
    error, lines = problems(path, NET)
    here = os.getcwd()
    assert isinstance(error, DataError)
    found = list(zip(lines[::3], lines[1::3], lines[2::3], strict=True))
    assert [line.split(";")[0] for line, _, _ in found] == [
        f"2:24: layer 'data' (Data): source 'no_such_database' is not there (as seen from {here})",
        "6:9: layer 'conv1': unknown layer type 'Convolutoin'",
        "10:1: layer 'pool1' (Pooling): no kernel given, expected kernel_size, or kernel_h and "
        "kernel_w",
        "15:8: layer 'conv2' (Convolution): top blob 'conv1' is already produced by layer "
        "'conv1' (line 4)",
        "18:27: layer 'conv2' (Convolution): weight_filler: unknown filler type 'xavierr'",
        "19:26: layer 'conv2' (Convolution): bias_filler: unknown filler type 'constnat'",
        "22:1: layer 'pool2' (Pooling): no kernel given, expected kernel_size, or kernel_h and "
        "kernel_w",
        "23:49: layer 'ip' (InnerProduct): unknown bottom blob 'pol1': no earlier layer produces "
        "it",
        "23:1: layer 'ip' (InnerProduct): num_output is missing or 0, expected at least 1",
        "24:1: layer 'large' (Convolution): a kernel spanning 9×9 does not fit into an image of "
        "8×8 padded by 0×0",
        "27:52: layer 'still' (Convolution): stride is 0, expected at least 1 everywhere",
        "29:47: layer 'x' (TRT): unknown bottom blob 'ig': no earlier layer produces it",
        "29:25: layer 'x': unknown layer type 'TRT', which comes from NVCaffe and is not in "
        "minicaffe yet",
    ]
    for line, shown, caret in found:
        column = int(line.split(":")[1])
        assert shown == "    " + NET.split("\n")[int(line.split(":")[0]) - 1]
        assert caret.index("^") == 4 + column - 1
    assert [problem.line for problem in error.problems] == [
        2,
        6,
        10,
        15,
        18,
        19,
        22,
        23,
        23,
        24,
        27,
        29,
        29,
    ]


def test_a_bottom_with_the_name_of_a_layer_says_what_that_produces(path: Path) -> None:
    _, lines = problems(
        path,
        'layer { name: "a" type: "Input" top: "b" }\n'
        'layer { name: "r" type: "ReLU" bottom: "a" top: "r" }\n',
    )
    assert lines[0] == (
        "2:40: layer 'r' (ReLU): unknown bottom blob 'a': no earlier layer produces it; layer 'a' "
        "produces 'b'"
    )


def test_shapes_that_are_wrong_in_several_layers(path: Path) -> None:
    text = NET.split("\n")
    error, lines = problems(path, "\n".join([text[2], *text[23:28]]))
    assert isinstance(error, ShapeError)
    assert [line.split(":")[0] for line in lines[::3]] == ["2", "5"]


def test_a_field_that_a_message_names_is_shown(path: Path) -> None:
    text = NET.split("\n")[2] + '\nlayer { name: "c" type: "Convolution" bottom: "img" top: "c"\n'
    _, lines = problems(path, text + "  convolution_param { num_output: 0 kernel_size: 1 } }")
    assert lines[0].startswith("3:23: layer 'c' (Convolution): num_output is missing or 0")


def test_unused_fillers_are_left_alone(path: Path) -> None:
    text = NET.split("\n")[2] + '\nlayer { name: "c" type: "Convolution" bottom: "img" top: "c"\n'
    path.write_text(text + "  convolution_param { num_output: 1 kernel_size: 1 bias_term: false "
                    'bias_filler { type: "none" } } }')  # fmt: skip
    minicaffe.Net(path)


def test_no_file_no_column() -> None:
    net = caffe_pb2.NetParameter()
    net.layer.add(name="a", type="Relu", bottom=["x"], top=["y"])
    with pytest.raises(GraphError) as caught:
        minicaffe.Net(net)
    assert str(caught.value).split("\n") == [
        "layer 'a' (Relu): unknown bottom blob 'x': no earlier layer produces it",
        "layer 'a': unknown layer type 'Relu'; did you mean `ReLU`?",
    ]


@pytest.mark.parametrize(
    "text",
    [
        'layers { name: "d" type: DUMMY_DATA top: "d" dummy_data_param { shape { dim: 4 } } }\n'
        'layers { name: "r" type: RELU bottom: "e" top: "r" }\n',
        'layer { name: "d" type: "DummyData" top: "d" dummy_data_param { shape { dim: 4 } } } '
        'layer { name: "q" type: "ReLU" bottom: "d" top: "q" }\n'
        'layer: < name: "r" type: "ReLU" bottom: [ "e" ] top: "r" >\n',
    ],
)
def test_other_forms_of_layers(path: Path, text: str) -> None:
    _, lines = problems(path, text)
    assert lines[0].startswith("2:"), lines
    assert lines[1][lines[2].index("^") :].startswith('"e"')


DATA = """\
layer { name: "d" type: "Data" top: "d" top: "l"
  data_param { source: "images" batch_size: 4 backend: LMDB } }
layer { name: "h" type: "HDF5Data" top: "h" hdf5_data_param { source: "list" batch_size: 4 } }
layer { name: "i" type: "ImageData" top: "i" top: "j"
  image_data_param { source: "list" batch_size: 4 } }
"""

#: Layers whose settings are wrong whatever their bottoms are: type, settings, and for each mistake
#: the word that it is shown at ("" where the layer as a whole is) and how it begins.
WRONG: list[tuple[str, str, list[tuple[str, str]]]] = [
    *wrong_detection.WRONG,
    ("DetectionEvaluate",
     "bottom: 'd' detection_evaluate_param { overlap_threshold: 0 output_logits: true }",
     [("layer", "num_classes is missing"), ("overlap_threshold", "overlap_threshold is 0"),
      ("output_logits", "output_logits is true, but there")]),
    ("DetectionOutput",
     "bottom: 'd' bottom: 'd' detection_output_param { output_logits: true normalized: false "
     "nms_threshold: -1 nms_param { eta: 2 } }",
     [("layer", "num_classes is missing"), ("output_logits", "output_logits is true, but there"),
      ("normalized", "normalized is false: proposals"), ("nms_threshold", "nms_threshold is -1"),
      ("eta", "eta is 2; expected above 0, at most 1")]),
    ("MultiBoxLoss",
     "bottom: 'd' bottom: 'd' bottom: 'd' multibox_loss_param { num_classes: 3 "
     "background_label_id: 3 do_neg_mining: false mining_type: HARD_EXAMPLE share_location: false "
     "map_object_to_agnostic: true }",
     [("background_label_id", "background_label_id is 3"), ("do_neg_mining", "do_neg_mining and"),
      ("share_location", "share_location is false; mining"),
      ("map_object_to_agnostic", "map_object_to_agnostic is true")]),
    ("Normalize", "top: 'b' norm_param { } normalize_param { normalize_type: 'L3' }",
     [("normalize_param", "normalize_param (NormFace's)"), ("normalize_type", "normalize_type is"),
      ("norm_param", "norm_param makes it SSD's")]),
    ("Permute", "permute_param { order: 1 order: 1 }", [("order", "order is [1, 1]")]),
    ("PriorBox", "prior_box_param { min_size: 0 variance: 0 offset_w: 1 img_h: 1 step: 1 "
     "step_w: 1 }",
     [("min_size", "min_size is 0"), ("variance", "variance is 0"), ("offset_w", "offset_w value"),
      ("img_h", "img_h is given"), ("step_w", "step_w and step are given")]),
    ("PriorBoxClustered", "prior_box_param { width: 1 }",
     [("width", "width is 1 and height missing"), ("layer", "one bottom, the features")]),
    ("AnchorTargetLayer", "top: 'b' top: 'c' top: 'e' bottom: 'd' bottom: 'd' python_param { "
     "param_str: '{feat_stride: 9, RPN_BATCHSIZE: 0}' }",
     [("param_str", "param_str: 'RPN_BATCHSIZE' is 0")]),
    ("Proposal", "bottom: 'd' bottom: 'd' proposal_param { ratio: -1 scale: 1 base_size: 0 "
     "nms_thresh: -2 }",
     [("ratio", "ratio is -1"), ("base_size", "base_size is 0"), ("nms_thresh", "nms_thresh is")]),
    ("ProposalTargetLayer", "top: 'b' top: 'c' top: 'e' top: 'f' bottom: 'd' python_param { "
     "param_str: '[]' }", [("param_str", "param_str is '[]'; expected YAML")]),
    ("ProposalLayer",
     "bottom: 'd' bottom: 'd' python_param { param_str: '{feat_stride: 0, scales: [8, x]}' }",
     [("param_str", "param_str: 'feat_stride' is 0"), ("param_str", "param_str: 'scales' is [8")]),
    ("RegionLoss",
     "bottom: 'd' region_loss_param { num_class: 0 biases: 1 softmax_tree: 't' class_map: 'm' }",
     [("biases", "biases has 1 value(s) for num 5"), ("num_class", "num_class is 0"),
      ("softmax_tree", "softmax_tree is not"), ("class_map", "class_map is not supported")]),
    ("Reorg", "", [("", "stride is missing or 0")]),
    ("BoxAnnotatorOHEM", "bottom: 'd' bottom: 'd' bottom: 'd' top: 'b' "
     "box_annotator_ohem_param { roi_per_img: 0 }", [("roi_per_img", "roi_per_img is 0")]),
    ("OHEMDataLayer", "bottom: 'd' bottom: 'd' bottom: 'd' bottom: 'd' top: 'b' python_param { "
     "param_str: '{num_classes: 1, OHEM_NMS_THRESH: -1}' }",
     [("param_str", "param_str: 'num_classes' is 1"),
      ("param_str", "param_str: 'OHEM_NMS_THRESH' is -1"), ("bottom", "5 bottom(s) and 2 top(s)")]),
    ("PSROIPooling", "bottom: 'd' psroi_pooling_param { spatial_scale: 1 output_dim: 0 "
     "group_size: -1 }",
     [("output_dim", "output_dim is 0"), ("group_size", "group_size is -1")]),
    ("ROIAlign", "bottom: 'd' roi_align_param { pooled_h: 0 sampling_ratio: 2 } "
     "roi_pooling_param { }",
     [("roi_align_param", "roi_align_param and roi_pooling_param are given"),
      ("sampling_ratio", "sampling_ratio is given"), ("pooled_h", "pooled_h is missing or 0"),
      ("layer", "pooled_w is missing or 0")]),
    ("ROIPooling", "bottom: 'd' roi_pooling_param { pooled_size: [1, 2, 3] }",
     [("pooled_size", "pooled_size has 3 numbers")]),
    ("YoloDetectionOutput", "yolo_detection_output_param { num_classes: 0 biases: 1 }",
     [("biases", "biases has 1 value(s) for num_box 5"), ("num_classes", "num_classes is 0")]),
    ("Yolov3DetectionOutput", "yolov3_detection_output_param { biases: 1 mask: 2 num_box: 0 }",
     [("layer", "mask_group_num is 2, but there are 1"), ("layer", "anchors_scale has 0 value(s)"),
      ("mask", "mask has 1 value(s)"), ("biases", "biases has 1 value(s), but mask asks for")]),
    ("SmoothL1Loss", "bottom: 'd' smooth_l1_loss_param { sigma: 0 }", [("sigma", "sigma is 0")]),
    ("Crop", "bottom: 'l' crop_param { align: true offset: 1 }",
     [("", "both align and offset are given")]),
    ("ClusterDetections", "bottom: 'd' python_param { param_str: '8, 8, 0, x, 1, 0.2, 5' }",
     [("param_str", "stride in param_str is 0"), ("param_str", "coverage threshold in param")]),
    ("ClusterGroundtruth", "bottom: 'd' python_param { param_str: '8, 8, 4, 2' }",
     [("param_str", "1 tops for 2 classes")]),
    ("ConvolutionRistretto", "convolution_param { num_output: 0 kernel_size: 0 } "
     "quantization_param { bw_params: 0 exp_min: 1 }",
     [("kernel_size", "kernel_size is 0"), ("num_output", "num_output is missing or 0"),
      ("bw_params", "bw_params is 0, expected 1"), ("exp_min", "exp_min is 1, above exp_max")]),
    ("DeconvolutionRistretto", "convolution_param { num_output: 1 kernel_size: 0 } "
     "quantization_param { fl_layer_in: 900 }",
     [("kernel_size", "kernel_size is 0"), ("fl_layer_in", "fl_layer_in is 900")]),
    ("FcRistretto", "quantization_param { mant_bits: 24 }",
     [("layer", "num_output is missing"), ("mant_bits", "mant_bits is 24")]),
    ("LRNRistretto", "lrn_param { local_size: 2 }",
     [("local_size", "local_size is 2"), ("layer", "LRNRistretto has only precision: MINIFLOAT")]),
    ("DenseCRF", "bottom: 'd' bottom: 'd' dense_crf_param { pos_w: 1 pos_xy_std: 0 }",
     [("pos_xy_std", "pos_xy_std is [0.0]"), ("layer", "there are images, but no bi_w")]),
    ("LargeMarginInnerProduct", "bottom: 'l' largemargin_inner_product_param { num_output: 0 }",
     [("num_output", "num_output is missing or 0")]),
    ("MarginInnerProduct", "bottom: 'l'", [("", "num_output is missing or 0")]),
    ("MKLConvolution", "convolution_param { num_output: 0 kernel_size: 1 }",
     [("num_output", "num_output is missing or 0")]),
    ("MKLLRN", "lrn_param { local_size: 2 }", [("local_size", "local_size is 2")]),
    ("MKLPooling", "pooling_param { kernel_size: 0 }", [("", "kernel is 0×0")]),
    ("MultiStageMeanfield", "bottom: 'd' bottom: 'd' multi_stage_meanfield_param { theta_beta: 0 "
     "compatibility_mode: METRIC }",
     [("layer", "num_iterations is missing"), ("theta_beta", "theta_beta is 0"),
      ("compatibility_mode", "compatibility_mode is not POTTS")]),
    ("Nms", "nms_param { num_parts: 0 }", [("num_parts", "num_parts is 0")]),
    ("Padding", "padding_param { pad_beg: 1 pad_end: -1 }",
     [("pad_beg", "pad_beg is 1 and pad_end is -1")]),
    ("SeLuDropout", "selu_dropout_param { dropout_ratio: 1 }",
     [("dropout_ratio", "dropout_ratio is 1")]),
    ("ArgMax", "argmax_param { top_k: 0 }", [("top_k", "top_k is 0")]),
    ("BatchNorm", "param { lr_mult: 1 } batch_norm_param { r_max: 2 }",
     [("lr_mult", "param block 1 has lr_mult: 1"), ("r_max", "r_max is set without renorm")]),
    ("BatchNorm", "batch_norm_param { renorm: true d_max: -1 }", [("d_max", "d_max is -1")]),
    ("Bias", "bias_param { num_axes: -2 }", [("num_axes", "num_axes is -2")]),
    ("Bias", "bias_param { filler { type: 'constnat' } }",
     [("'constnat'", "filler: unknown filler type 'constnat'")]),
    ("Clip", "", [("", "clip_param needs both min and max")]),
    ("Concat", "concat_param { axis: 1 concat_dim: 2 }",
     [("concat_dim", "both axis and concat_dim")]),
    ("Convolution",
     "convolution_param { group: 0 kernel_size: 3 kernel_h: 2 kernel_w: 2 stride: 0 dilation: 0 }",
     [("kernel_size", "both kernel_size and kernel_h"), ("stride", "stride is 0"),
      ("dilation", "dilation is 0"), ("layer", "num_output is missing"), ("group", "group is 0")]),
    ("BN", "top: 'b' bn_param { frozen: true decay: 0.5 }",
     [("decay", "decay is given together with frozen"), ("top", "2 tops, expected one")]),
    ("CenterLoss", "bottom: 'l' center_loss_param { distance_type: 'L3' }",
     [("layer", "num_output is missing"), ("distance_type", "distance_type is 'L3'")]),
    ("ChannelScale", "bottom: 'l' top: 'b'", [("", "a second top has the number")]),
    ("ContinuationIndicator", "", [("", "time_step is missing")]),
    ("CtcLoss", "bottom: 'l' ctc_loss_param { blank_label: -1 }",
     [("blank_label", "blank_label is -1")]),
    ("FocalLoss", "bottom: 'l' focal_loss_param { alpha: 0 gamma: -1 }",
     [("alpha", "alpha is 0"), ("gamma", "gamma is -1")]),
    ("InnerDistance", "inner_distance_param { transpose: true distance_type: 'L3' }",
     [("transpose", "transpose: true has no meaning"), ("distance_type", "distance_type is 'L3'"),
      ("layer", "num_output is missing")]),
    ("Insanity", "insanity_param { lb: 3 ub: 2 }", [("ub", "ub is 2, expected above lb")]),
    ("L1Loss", "l1_loss_param { epsilon: -1 }", [("epsilon", "epsilon is -1")]),
    ("LabelSpecificAdd",
     "bottom: 'l' label_specific_add_param { bias_base: 1 bias_min: 2 bias_max: 1 }",
     [("bias_min", "bias_min is 2, above bias_max")]),
    ("LabelSpecificRescale",
     "bottom: 'l' label_specific_rescale_param { positive_weight_base: -1 }",
     [("positive_weight_base", "positive_weight_base is -1")]),
    ("ChannelShuffle", "channel_shuffle_param { shuffle_pattern: 3 group: 0 }",
     [("shuffle_pattern", "shuffle_pattern is 3"), ("group", "group is 0")]),
    ("Convolution", "convolution_param { num_output: 3 kernel_size: 1 group: 2 weight_filler { "
     "type: 'uniform' min: 2 max: 1 } bias_filler { type: 'gaussian' std: -1 sparse: -3 } }",
     [("num_output", "3 outputs (num_output) cannot be divided into group: 2"),
      ("2", "weight_filler: filler 'uniform' has min 2 above max 1"),
      ("1", "bias_filler: filler 'gaussian' has a negative std"),
      ("3", "bias_filler: filler 'gaussian' has sparse -3")]),
    ("Convolution3D", "convolution3d_param { num_output: 0 kernel_size: 3 kernel_depth: 3 }",
     [("num_output", "num_output is missing or 0")]),
    ("Deconvolution3D", "convolution3d_param { num_output: 0 kernel_size: 3 kernel_depth: 3 }",
     [("num_output", "num_output is missing or 0")]),
    ("Deconvolution", "convolution_param { num_output: 0 kernel_size: 0 }",
     [("kernel_size", "kernel_size is 0"), ("num_output", "num_output is missing or 0")]),
    ("ConvolutionDepthwise", "convolution_param { num_output: 0 }",
     [("num_output", "num_output is missing or 0")]),
    ("Correlation", "bottom: 'l' correlation_param { kernel_size: 4 stride_2: 0 }",
     [("layer", "max_displacement is missing"), ("kernel_size", "kernel_size is 4"),
      ("stride_2", "stride_2 is 0")]),
    ("DepthwiseConvolution", "convolution_param { num_output: 2 kernel_size: 3 stride: 0 }",
     [("stride", "stride is 0")]),
    ("Dropout", "dropout_param { dropout_ratio: 2 }", [("dropout_ratio", "dropout_ratio is 2")]),
    ("Eltwise", "bottom: 'l' eltwise_param { operation: PROD coeff: 1 }",
     [("coeff", "1 coeff values for 2 bottoms"), ("coeff", "coeff is given with operation PROD")]),
    ("Embed", "embed_param { num_output: 0 }",
     [("num_output", "num_output is missing or 0"), ("layer", "input_dim is missing or 0")]),
    ("Exp", "exp_param { base: -2 }", [("base", "base is -2")]),
    ("Filter", "bottom: 'l' top: 'b'", [("top", "2 tops for 2 bottoms")]),
    ("GroupNorm", "group_norm_param { num_groups: 0 }", [("num_groups", "num_groups is 0")]),
    ("HDF5Output", "bottom: 'l'", [("", "file_name is not given")]),
    ("Im2col", "convolution_param { kernel_size: 0 }", [("kernel_size", "kernel_size is 0")]),
    ("InfogainLoss", "bottom: 'l' loss_param { normalize: true }",
     [("loss_param", "loss_param has 'normalize'"), ("layer", "no infogain matrix")]),
    ("HoleConvolution", "convolution_param { kernel_size: 3 group: 0 }",
     [("layer", "num_output is missing"), ("group", "group is 0, expected at least 1")]),
    ("InnerProduct", "", [("", "num_output is missing")]),
    ("Interp", "interp_param { pad_beg: 2 zoom_factor: 0 }",
     [("pad_beg", "pad_beg is 2"), ("zoom_factor", "zoom_factor is 0")]),
    ("LRN", "lrn_param { local_size: 4 }", [("local_size", "local_size is 4")]),
    ("LSTM", "bottom: 'l' recurrent_param { num_output: 0 }",
     [("num_output", "num_output is missing")]),
    ("MatWrite", "mat_write_param { prefix: '' period: 0 strip: -1 }",
     [("prefix", "prefix is not given"), ("strip", "strip is -1"), ("period", "period is 0")]),
    ("Log", "log_param { base: 1 }", [("log_param", "log_param has base 1")]),
    ("Lstm", "lstm_param { num_output: 0 }", [("num_output", "num_output is missing")]),
    ("NdConvolution", "convolution_param { num_output: 0 kernel_shape { dim: 3 } }",
     [("num_output", "num_output is missing or 0")]),
    ("NdPooling", "pooling_param { pool: STOCHASTIC }",
     [("pool", "pool: STOCHASTIC"), ("layer", "kernel_shape is missing")]),
    ("Pooling3D", "pooling3d_param { pool: STOCHASTIC temporal_pad: 1 }",
     [("pool", "pool: STOCHASTIC"), ("temporal_pad", "temporal_pad is 1")]),
    ("PReLU", "prelu_param { filler { type: 'gaussian' std: inf } }",
     [("inf", "filler: filler 'gaussian' has std inf")]),
    ("Pooling", "top: 'b' pooling_param { pool: AVE kernel_size: 2 pad: 2 }",
     [("pad", "pad 2×2 must be below the kernel"), ("layer", "a second top holds the index")]),
    ("Pooling", "pooling_param { kernel_h: 2 }", [("kernel_h", "kernel_h given")]),
    ("Python", "python_param { module: 'no_such_module' }",
     [("python_param", "python_param { module: \"…\" layer: \"…\" } is incomplete")]),
    ("RNN", "bottom: 'l'", [("", "num_output is missing")]),
    ("Resample", "resample_param { type: AREA }",
     [("type", "type is AREA"), ("layer", "no size is given")]),
    ("Reshape", "reshape_param { num_axes: -2 shape { dim: -1 dim: -1 } }",
     [("dim", "the new shape has several dim: -1"), ("num_axes", "num_axes is -2")]),
    ("SPP", "", [("", "pyramid_height is missing")]),
    ("Scale", "scale_param { num_axes: -2 }", [("num_axes", "num_axes is -2")]),
    ("ShuffleChannel", "shuffle_channel_param { group: 0 }", [("group", "group is 0")]),
    ("Slice", "top: 'b' slice_param { axis: 1 slice_dim: 1 slice_point: 1 slice_point: 2 }",
     [("slice_dim", "both axis and slice_dim"), ("slice_point", "2 slice_point value(s) for 2")]),
    ("Tile", "tile_param { tiles: 0 }", [("tiles", "tiles is 0")]),
    ("Transpose", "transpose_param { dim: 1 }", [("dim", "dim is [1]")]),
    ("Unpooling", "unpooling_param { pad: 1 kernel_size: 0 }",
     [("pad", "pad is 1, expected 0"), ("layer", "no unpool_size given"),
      ("kernel_size", "kernel_size is 0×0")]),
    ("Upsample", "upsample_param { scale: 1.5 scale_h: 2 }",
     [("scale_h", "scale_h: only scale counts"), ("scale", "scale is 1.5")]),
    ("ReLU", "loss_weight: 1 loss_weight: 2", [("loss_weight", "2 loss_weight value(s) for 1")]),
    ("ReLU", "bottom: 'l'", [("bottom", "2 bottoms given, exactly 1 expected")]),
    ("ReLU", "propagate_down: [true, false]", [("propagate_down", "2 propagate_down values for")]),
    ("AbsVal", "", [("'d'", "this layer cannot run in place")]),
    ("Local", "local_param { kernel_size: 3 stride: 0 }",
     [("stride", "stride is 0, expected at least 1"), ("layer", "num_output is missing")]),
    ("Local", "convolution_param { num_output: 1 kernel_size: 3 group: 2 }",
     [("group", "group is 2, expected 1")]),
    ("Render", "", [("", "num_output is missing")]),
    ("SegmentationEvaluate", "bottom: 'l'", [("", "num_classes is missing")]),
    ("SparseInnerProduct", "", [("", "num_output is missing")]),
]  # fmt: skip

#: The same of layers without bottoms.
WRONG_SOURCES: list[tuple[str, str, list[tuple[str, str]]]] = [
    *wrong_detection.WRONG_SOURCES,
    ("AnnotatedData", "annotated_data_param { batch_sampler { sampler { min_scale: 2 } } } "
     "transform_param { noise_param { erode: true saltpepper_param { fraction: 2 } } "
     "resize_param { height: 3 } "
     "expand_param { max_expand_ratio: 0.5 } }",
     [("layer", "batch_size is 0"), ("layer", "source is not given"),
      ("erode", "erode is not among"), ("saltpepper_param", "saltpepper_param has fraction 2"),
      ("batch_sampler", "batch_sampler 1: min_scale is 2"),
      ("resize_param", "resize_param has height 3"), ("max_expand_ratio", "max_expand_ratio is")]),
    ("Data", "data_param { prefetch: 0 } transform_param { std_value: 0 force_gray: true "
     "force_color: true mean_file: 'm' mean_value: 1 }",
     [("layer", "batch_size is 0"), ("prefetch", "prefetch is 0"),
      ("layer", "source is not given"), ("force_color", "force_color and force_gray are both"),
      ("mean_file", "mean_file and mean_value"), ("std_value", "std_value is 0"),
      ("'m'", "mean_file 'm' is not there")]),
    ("DenseImageData", "top: 'b' dense_image_data_param { new_height: 2 rotate: true } "
     "transform_param { mirror: true }",
     [("layer", "batch_size is 0"), ("new_height", "new_height"), ("layer", "source is not given"),
      ("new_height", "rotate needs square"), ("transform_param", "transform_param { mirror }")]),
    ("DummyData", "dummy_data_param { num: 1 shape { dim: 1 } }",
     [("num", "num, channels, height, width and shape are given")]),
    ("DummyData", "dummy_data_param { shape { dim: -1 } shape { dim: 2 } shape { dim: 3 } }",
     [("shape", "shape is given 3 times for 1 top(s)")]),
    ("HDF5Data", "transform_param { scale: 2 }",
     [("transform_param", "transform_param is given, but HDF5Data"), ("layer", "batch_size is 0"),
      ("layer", "source is not given")]),
    ("ImageData", "top: 'b' image_data_param { batch_size: 0 new_height: 3 source: 'no' }",
     [("batch_size", "batch_size is 0"), ("new_height", "new_height is 3 and new_width 0"),
      ("'no'", "source 'no' is not there")]),
    ("ImageSegData", "top: 'b' image_data_param { source: 'list' label_type: BBX } "
     "transform_param { mean_file: 'm' crop_width: 3 }",
     [("label_type", "label_type is BBX"), ("mean_file", "mean_file: images"),
      ("crop_width", "crop_width is given"), ("'m'", "mean_file 'm' is not there")]),
    ("Input", "input_param { shape { dim: -1 } }", [("shape", "shape -1 has a negative length")]),
    ("MatRead", "mat_read_param { batch_size: 0 prefix: 'a' }",
     [("batch_size", "batch_size is 0")]),
    ("MemoryData", "top: 'b' memory_data_param { batch_size: 1 height: 1 }",
     [("layer", "channels is 0"), ("layer", "width is 0")]),
    ("Parameter", "parameter_param { shape { dim: -3 } }", [("shape", "shape -3 has a negative")]),
    ("RandVec", "rand_vec_param { dim: 2 upper: -2 }",
     [("layer", "batch_size is missing or 0"), ("upper", "upper is -2, expected above lower")]),
    ("RoIDataLayer", "python_param { param_str: 'x' }",
     [("param_str", "param_str is 'x'; expected YAML"), ("top", "1 top(s); expected data")]),
    ("WindowData", "top: 'b' window_data_param { batch_size: 2 context_pad: 9 } "
     "transform_param { crop_size: 8 mean_value: [1, 2] }",
     [("context_pad", "context_pad is 9, which leaves nothing"), ("layer", "source is not given"),
      ("mean_value", "2 mean_value(s) for images of 3")]),
]  # fmt: skip


@pytest.fixture
def sources(path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Sources that are there; which of their layers were opened."""
    monkeypatch.chdir(path.parent)
    for name in ("images", "list"):
        Path(name).write_text("")
    opened: list[str] = []
    for name in ("Data", "HDF5Data", "ImageData", "WindowData"):
        cls = find_layer_class(name)
        assert issubclass(cls, PrefetchingLayer)
        monkeypatch.setattr(cls, "make_reader", lambda self, _top: opened.append(self.type))
    return opened


def told(path: Path, text: str) -> list[tuple[str, str]]:
    """The word that each mistake is shown at, and its message."""
    error, _ = problems(path, text)
    found = []
    for problem in error.problems or [error]:
        column = problem.column if isinstance(problem, Problem) else 0
        shown = problem.source_line[column - 1 :] if isinstance(problem, Problem) else ""
        word = re.match(r"'[^']*'|\w+|.|$", shown)
        message = re.fullmatch(r"(?:layer 'x' \(\w+\): )?(.*)", problem.message)
        assert word is not None, problem
        assert message is not None, problem
        found.append((word[0] if column else "", message[1]))
    return found


@pytest.mark.parametrize(("kind", "settings", "mistakes"), [*WRONG, *WRONG_SOURCES])
def test_settings_are_told_before_a_source_is_opened(
    kind: str, settings: str, mistakes: list[tuple[str, str]], path: Path, sources: list[str]
) -> None:
    bottom = "" if kind in {name for name, *_ in WRONG_SOURCES} else "bottom: 'd' "
    wrong = f"layer {{ name: 'x' type: '{kind}' {bottom}top: 'a' {settings} }}\n"
    if kind in ("HDF5Output", "MatWrite"):
        wrong = wrong.replace("top: 'a' ", "")
    elif kind == "AbsVal":
        wrong = wrong.replace("'a'", "'d'")
    found = told(path, DATA + wrong)
    assert [(word, message[: len(want)]) for (word, message), (_, want) in
            zip(found, mistakes, strict=True)] == mistakes  # fmt: skip
    assert not sources


def test_every_type_that_checks_its_settings_has_a_row() -> None:
    checking = {
        name for name in layer_types()
        if name[0].isupper() and find_layer_class(name).param_mistakes is not Layer.param_mistakes
        and find_layer_class(name).__module__.startswith("minicaffe.layers.")
    }  # fmt: skip
    assert checking == {kind for kind, *_ in (*WRONG, *WRONG_SOURCES)} - {"AbsVal", "PReLU", "ReLU"}


def test_what_is_wrong_and_what_is_missing_in_one_go(path: Path) -> None:
    text = DATA + (
        "layer { name: 'a' type: 'Pooling' bottom: 'd' top: 'a' "
        "pooling_param { kernel_size: 0 } }\n"
        "layer { name: 'b' type: 'InnerProduct' bottom: 'a' top: 'b' }\n"
        "layer { name: 'c' type: 'InfogainLoss' bottom: 'b' bottom: 'l' "
        "infogain_loss_param { source: 'matrix' } }\n"
    )
    error, lines = problems(path, text)
    here = os.getcwd()
    assert [line.partition(": layer ")[2] for line in lines[::3]] == [
        f"'d' (Data): source 'images' is not there (as seen from {here})",
        f"'h' (HDF5Data): source 'list' is not there (as seen from {here})",
        f"'i' (ImageData): source 'list' is not there (as seen from {here})",
        "'a' (Pooling): kernel is 0×0, expected at least 1",
        "'b' (InnerProduct): num_output is missing or 0, expected at least 1",
        f"'c' (InfogainLoss): source 'matrix' is not there (as seen from {here})",
    ]
    assert all(problem.column for problem in error.problems)


def test_a_solver_looks_at_its_test_nets_before_it_opens_data(
    path: Path, sources: list[str]
) -> None:
    path.write_text(
        DATA + 'layer { name: "x" type: "InnerProduct" bottom: "d" top: "x"\n'
        "  inner_product_param { num_output: 1 } }\n"
        'layer { name: "y" type: "Accuracy" bottom: "x" bottom: "l" top: "y" top: "z" '
        'include { phase: TEST } }\nlayer { name: "t" type: "Tile" bottom: "y" top: "t" '
        "include { phase: TEST } }\n"
    )
    solver = path.with_name("solver.prototxt")
    solver.write_text(f'net: "{path.name}" test_iter: 1 test_interval: 1 base_lr: 1\n')
    with pytest.raises(GraphError) as caught:
        minicaffe.get_solver(solver)
    assert str(caught.value) == (
        "net.prototxt:9: layer 't' (Tile): tiles is missing; expected at least 1"
    )
    assert not sources


def test_an_unknown_field_does_not_hide_unknown_types(path: Path) -> None:
    text = (
        'layer { name: "a" type: "Inpt" top: "a" }\n'
        'layer { name: "b" type: "ReLU" bottom: "a" top: "b" relo_param { } }\n'
        'layer { name: "c" type: "FrobnicatedLoss" bottom: "b" top: "c" }\n'
    )
    error, lines = problems(path, text)
    assert [line.split(";")[0] for line in lines[::3]] == [
        "1:25: layer 'a': unknown layer type 'Inpt'",
        "2:53: unknown field `relo_param` in layer",
        "3:25: layer 'c': unknown layer type 'FrobnicatedLoss'",
    ]
    assert len(error.problems) == 3
