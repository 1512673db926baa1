"""Which fork of Caffe a layer type, a field or an enum value comes from.

Facts for error messages: a prototxt that was written for SSD or for Intel's Caffe is not
mistyped, it is written for another program, and the message should say which one. Of a field
the schema itself says it; the tables list layer types, enum values, and the fields that the
schema lacks.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import Any

from minicaffe.proto import schema_docs

#: fork → the layer types that it has, and neither BVLC Caffe nor minicaffe
LAYERS = {
    "DeepLab": (
        "AdaptiveBiasChannel BiasChannel CensorLabel ChannelAggregator DomainTransform "
        "DomainTransformForwardOnly DominantChannel GainChannel Histogram IgnoreOverlay Onehot "
        "RelativeError UniqueLabel"
    ),
    "PSPNet": "SpatialProduct",
    "TSN": "BatchReduction SegData SyncBN",
    "YOLO ports": ("AssistedExcitation GaussianYolov3 LaneData Mish Region YOLO"),
    "OpenPose": "CPMData CPMTData OPData",
    "FlowNet": (
        "Accum BlackAugmentation ChannelNorm Correlation1D CustomData DataAugmentation "
        "DisparityData Downsample FloatReader FloatWriter FlowAugmentation FLOWriter "
        "GenerateAugmentationParameters ImgReader ImgWriter LpqLoss Mean NegReLU PFMWriter"
    ),
    "NVCaffe": "DetectNetTransformation TRT",
    "Intel Caffe": "BoxData MKLBatchNorm MnActivation SigmoidCrossEntropyLossLayer SpatialDropout",
    "jolibrain's Caffe": (
        "CrossEntropyLoss DiceCoefLoss MemorySparseData MultiBoxFocalLoss MultiLabelAccuracy "
        "MultiLabelSigmoidLoss SoftmaxWithInfogainLoss SparseData"
    ),
    "CTC and LSTM ports": "WarpCTCLoss",
    "C3D": (
        "BlackHole DownSampling EltwiseProduct L2Normalize VideoSegmentationData "
        "VideoWithVoxelTruthData VolumeData VoxelCustomLoss"
    ),
    "DeconvNet": (
        "BinAccuracy DropoutChannel EltwiseAccuracy RedAccuracy RedSoftmaxLoss SelectSegBinary "
        "WindowClsData WindowInstSegData WindowSegBinary WindowSegData"
    ),
    "HED": "ImageLabelmapData",
    "OpenVINO": "CTCGreedyDecoder",
    "SkimCaffe": "Winograd",
    "RMPE": "AccuracyHeatmap PredictionHeatmap SpatialTransformer",
    "RMPE and tpfister/caffe-heatmap": "DataHeatmap EuclideanLossHeatmap",
    "Vitis AI": (
        "ConvolutionBNFixed ConvolutionFixed DriveData DrivingData2 FixedNeuron Recall ReshapeLabel"
    ),
    "MNC": "MaskPooling MaskResize ROIWarping",
    "DeeperCut": "PoseData SoftmaxWithLossVec",
    "NormFace and AM-Softmax (happynear)": (
        "BatchContrastiveLoss ConfidencePenaltyLoss Contrastive EltwiseAffine FeatureDecayLoss "
        "GeneralContrastiveLoss GeneralTripletLoss GlobalLSEMargin LabelSpecificAffine "
        "LabelSpecificHardMargin LabelSpecificMargin LabelSpecificStatistics "
        "MultiLabelImageData PairwiseLoss SoftContrastiveLoss SoftTruncation SubRegion Truncation"
    ),
    "makefile's frcnn": (
        "AnnotatedRData CuDNNDeconvolution DeformablePSROIPooling FPNAnchorTarget FPNProposal "
        "FPNProposalTarget FrcnnRoiData "
        "FrcnnVidData Module MultiRBoxLoss PriorRBox PSROIAlign RDetectionEvaluate "
        "RDetectionOutput ROIMaskPooling ROIPadding"
    ),
    "makefile's frcnn and FPN": "DeformableConvolution",
    "FPN": "Conadd",
    "naibaf7's Caffe": (
        "Affinity ConnectedComponent LibDNNConvolution LibDNNPooling MalisLoss MergeCrop MOE "
        "Noise Quantizer"
    ),
    "OpenCV's samples": "BboxData NormalizeBBox SqueezeDetLoss",
    "Deep Metric Learning (rksltnl)": "LiftedStructSimilaritySoftmaxLoss",
    "MobileNetv2-SSDLite": "Resize",
    "caffe-jacinto": "ImageLabelData ImageLabelListData IOUAccuracy",
    "wenwei202/caffe": "Sparsify SymmetricRectify",
    "jwcom79/myproject": "Dropin Pushin",
    "netscope": "implicit",
    "forks of Caffe's history": (
        "ConfusionMatrix CTCLoss DocData FasterRcnnDetectionOutput Import "
        "LocalWeightedConvolution LRNMap LS MultiLabelData QuantizationLoss RBMInnerProduct "
        "RemoteData SaliencyPooling SimpleCrop SimplerNMS SpatialPyramidPooling "
        "SpatialPyramidPoolingData SVRLoss Topk WassersteinLoss"
    ),
}

#: fork → message → the fields of the fork that minicaffe's schema lacks
FIELDS = {
    "OpenPose": {"LayerParameter": "op_transform_param"},
    "Intel Caffe": {"NetParameter": "compile_net_state"},
    "Cascade R-CNN, PytorchToCaffe and others": {"PoolingParameter": "ceil_mode"},
    "jwcom79/myproject": {"LayerParameter": "pushin_param"},
    "forks of Caffe's history": {
        "SolverParameter": "multinode_param",
        "V0LayerParameter": "context_pad crop_mode",
    },
    "MS-CNN": {"LayerParameter": "detection_param bbox_accuracy_param"},
    "jeffdonahue/caffe": {"V1LayerParameter": "enable"},
    "SENet": {"LayerParameter": "axpy_param"},
    "FPN": {"LayerParameter": "conadd_param", "V1LayerParameter": "conadd_param"},
    "MNN": {"LayerParameter": "seq2out_param"},
}

_VALUES = {
    "Intel Caffe": "MKL2017 MKLDNN SUM_FUSION NONE_FUSION",
    "R-FCN": "PRE_FIXED",
    "NVCaffe": "FLOAT16 SAG FINDEX",
    "TSN": "TOPK STOCHASTIC_SUM",
}

#: layer type → the fork it comes from
FORK_LAYERS = {name: fork for fork, names in LAYERS.items() for name in names.split()}

#: "Message.field" → the fork, of fields that the schema lacks
FORK_FIELDS = {
    f"{message}.{name}": fork
    for fork, messages in FIELDS.items()
    for message, names in messages.items()
    for name in names.split()
}

#: enum value → the fork that added it to an enum of BVLC Caffe
FORK_VALUES = {name: fork for fork, names in _VALUES.items() for name in names.split()}


def fork_of_layer(layer_type: str) -> str | None:
    """The fork that a layer type comes from; None for BVLC Caffe's and unknown types."""
    return FORK_LAYERS.get(layer_type)


def fork_of_field(message: str, field: str) -> str | None:
    """The fork that added ``field`` to ``message`` ("LayerParameter") of BVLC Caffe.

    The schema says it in brackets at the end of the field's comment. None for BVLC's own
    fields, for minicaffe's, for those of a message that only forks have, and where no fork is
    known to have the field.
    """
    if _tag(message):
        return None
    fork = _tag(f"{message}.{field}") or FORK_FIELDS.get(f"{message}.{field}")
    return None if fork == "minicaffe" else fork


def fork_inside(message: str, field: str) -> str | None:
    """The fork that added ``field`` to a ``message`` that only forks have; None for the others."""
    return _tag(f"{message}.{field}") if _tag(message) else None


def without_forks(owner: str, names: Iterable[str]) -> list[str]:
    """Those of the fields of a message, or of the values of an enum, that no fork added.

    Args:
        owner: the message or the enum: "PoolingParameter", "PoolingParameter.PoolMethod".
        names: its fields or values. They all come back where every one is a fork's.
    """
    names = list(names)
    return [name for name in names if not _tag(f"{owner}.{name}")] or names


@functools.cache
def _tag(name: str) -> str | None:
    found = re.search(r"\[([^\[\]]+)\]$", schema_docs.describe(name) or "")
    return found[1] if found else None


def fork_of_enum_value(enum: Any, value: str) -> str | None:
    """The fork that added ``value`` to an enum of BVLC Caffe, by the enum's descriptor.

    None for Caffe's own values, and for all of an enum that only forks have.
    """
    owner = enum.full_name.partition(".")[2]
    if all(_tag(f"{owner}.{other.name}") for other in enum.values):
        return None
    return _tag(f"{owner}.{value}")


def fork_of_value(value: str) -> str | None:
    """The fork that added an enum value ("MKL2017"); None if none is known."""
    return FORK_VALUES.get(value)


#: Other frameworks' layer types, in lower case.
_OTHER_TYPES = {
    **dict.fromkeys(("conv", "conv1d", "conv2d", "convolution2d", "conv3d"), "Convolution"),
    **dict.fromkeys(
        ("conv2dtranspose", "convtranspose", "convtranspose2d", "deconv"), "Deconvolution"
    ),
    **dict.fromkeys(
        ("dense", "linear", "fullyconnected", "fullconnection", "fc", "gemm"), "InnerProduct"
    ),
    **dict.fromkeys(
        ("maxpool", "maxpool2d", "maxpooling", "maxpooling2d", "avgpool", "avgpool2d",
         "averagepool", "averagepooling2d", "globalaveragepool", "globalaveragepooling2d"),
        "Pooling",
    ),
    **dict.fromkeys(
        ("batchnorm1d", "batchnorm2d", "batchnormalization"), "BatchNorm, with a Scale after it"
    ),
    **dict.fromkeys(("add", "sum", "mul", "multiply"), "Eltwise"), "concatenate": "Concat",
    **dict.fromkeys(("crossentropyloss", "crossentropy"), "SoftmaxWithLoss"),
    **dict.fromkeys(("mseloss", "mse", "l2loss"), "EuclideanLoss"),
    "leakyrelu": "ReLU, with relu_param { negative_slope: … }",
}  # fmt: skip


def type_of_others(layer_type: str) -> str:
    """Caffe's name for a layer type of another framework, such as Conv2D; "" for any other."""
    return _OTHER_TYPES.get(layer_type.lower(), "")
