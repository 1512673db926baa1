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

#: fork → the layer types that it has and BVLC Caffe has not
LAYERS = {
    "SSD": (
        "AnnotatedData DetectionEvaluate DetectionOutput MultiBoxLoss Normalize Permute PriorBox "
        "VideoData"
    ),
    "Fast R-CNN": "ROIPooling SmoothL1Loss",
    "Faster R-CNN": "Proposal",
    "R-FCN": "BoxAnnotatorOHEM PSROIPooling SmoothL1LossOHEM SoftmaxWithLossOHEM",
    "Mask R-CNN ports": "ROIAlign",
    "MobileNet": "ConvolutionDepthwise DepthwiseConvolution ReLU6",
    "ShuffleNet": "ChannelShuffle ShuffleChannel",
    "SENet": "Axpy",
    "SegNet and YOLO ports": "Upsample",
    "SegNet": "DenseImageData",
    "SegNet, TSN and PSPNet": "BN",
    "DeepLab and PSPNet": "Interp",
    "DeepLab": (
        "AdaptiveBiasChannel BiasChannel CensorLabel ChannelAggregator DenseCRF DomainTransform "
        "DomainTransformForwardOnly DominantChannel GainChannel Histogram IgnoreOverlay "
        "ImageSegData MatRead MatWrite Onehot Padding RelativeError SegAccuracy UniqueLabel"
    ),
    "PSPNet": "HoleConvolution SpatialProduct",
    "TSN": "BatchReduction Gather Scatter SegData SyncBN",
    "YOLO ports": (
        "AssistedExcitation GaussianYolov3 LaneData Mish Region RegionLoss Reorg "
        "SegmentationEvaluate YOLO YoloDetectionOutput YoloSeg Yolov3 Yolov3DetectionOutput"
    ),
    "caffe-face": "CenterLoss",
    "SphereFace": "MarginInnerProduct",
    "OpenPose": "CPMData CPMTData ImResize Nms OPData",
    "FlowNet": (
        "Accum BlackAugmentation ChannelNorm Correlation Correlation1D CustomData DataAugmentation "
        "DisparityData Downsample FloatReader FloatWriter FlowAugmentation FLOWriter FlowWarp "
        "GenerateAugmentationParameters ImgReader ImgWriter L1Loss LpqLoss Mean NegReLU PFMWriter "
        "Resample"
    ),
    "NVCaffe": "DetectNetTransformation TRT",
    "Intel Caffe": (
        "BoxData EvalDetection MKLBatchNorm MnActivation SigmoidCrossEntropyLossLayer "
        "SpatialDropout"
    ),
    "jolibrain's Caffe": (
        "BroadcastMul ContinuationIndicator CrossEntropyLoss CtcLoss DiceCoefLoss FocalLoss "
        "LabelsequenceAccuracy MemorySparseData MultiBoxFocalLoss MultiLabelAccuracy "
        "MultiLabelSigmoidLoss Reverse SeLu SeLuDropout SoftmaxWithInfogainLoss SparseData "
        "SparseInnerProduct"
    ),
    "CTC and LSTM ports": "Transpose WarpCTCLoss",
    "C3D": (
        "BlackHole Convolution3D Deconvolution3D DownSampling EltwiseProduct L2Normalize Pooling3D "
        "VideoSegmentationData VideoWithVoxelTruthData VolumeData VoxelCustomLoss VoxelSoftmax "
        "VoxelSoftmaxLoss"
    ),
    "video-caffe": "NdConvolution NdPooling",
    "Cascade R-CNN": (
        "BoxGroupOutput DetectionData DetectionGroupAccuracy DetectionGroupLoss EvalData "
        "FrcnnOutput HardMining ScaleRoute"
    ),
    "MS-CNN and Cascade R-CNN": "BboxAccuracy DecodeBBox ProposalTarget",
    "MS-CNN": "BoxOutput DetectionAccuracy ImageGtData",
    "YOLO ports and MS-CNN": "DetectionLoss",
    "DeconvNet": (
        "BinAccuracy DropoutChannel EltwiseAccuracy RedAccuracy RedSoftmaxLoss SelectSegBinary "
        "Unpooling WindowClsData WindowInstSegData WindowSegBinary WindowSegData"
    ),
    "CRF-RNN": "MultiStageMeanfield",
    "HED": "ImageLabelmapData",
    "OpenVINO": "CTCGreedyDecoder PriorBoxClustered",
    "Ristretto": "ConvolutionRistretto DeconvolutionRistretto FcRistretto LRNRistretto",
    "SkimCaffe": (
        "ConvolutionReLU ConvolutionReLUPool ConvolutionReLUPoolLRN InnerProductReLUDropout "
        "MKLConvolution MKLLRN MKLPooling MKLReLU ReLUPooling Winograd"
    ),
    "RMPE": "AccuracyHeatmap PredictionHeatmap SpatialTransformer",
    "RMPE and tpfister/caffe-heatmap": "DataHeatmap EuclideanLossHeatmap",
    "Vitis AI": (
        "ConvolutionBNFixed ConvolutionFixed DriveData DrivingData2 FixedNeuron GSTiling Recall "
        "ReshapeLabel"
    ),
    "MNC": "MaskPooling MaskResize ROIWarping",
    "DeeperCut": "PoseData SoftmaxWithLossVec",
    "NormFace and AM-Softmax (happynear)": (
        "BatchContrastiveLoss ChannelScale ConfidencePenaltyLoss Contrastive EltwiseAffine "
        "FeatureDecayLoss Flip GeneralContrastiveLoss GeneralTripletLoss GlobalLSEMargin "
        "InnerDistance Insanity LabelSpecificAdd LabelSpecificAffine LabelSpecificHardMargin "
        "LabelSpecificMargin LabelSpecificRescale LabelSpecificStatistics Local "
        "MultiLabelImageData PairwiseLoss SoftContrastiveLoss SoftTruncation "
        "SubRegion TripletLoss Truncation"
    ),
    "GENet": "CuDNNBatchNorm",
    "waifu2x": "CropCenter",
    "makefile's frcnn": (
        "AnnotatedRData CuDNNDeconvolution DeformablePSROIPooling FPNAnchorTarget FPNProposal "
        "FPNProposalTarget FrcnnAnchorTarget FrcnnProposal FrcnnProposalTarget FrcnnRoiData "
        "FrcnnVidData Module MultiRBoxLoss PriorRBox PSROIAlign RDetectionEvaluate "
        "RDetectionOutput ROIMaskPooling ROIPadding"
    ),
    "makefile's frcnn and FPN": "DeformableConvolution",
    "FPN": "Conadd",
    "CTPN and makefile's frcnn": "Lstm",
    "naibaf7's Caffe": (
        "Affinity ConnectedComponent LibDNNConvolution LibDNNPooling MalisLoss MergeCrop MOE Noise "
        "Quantizer"
    ),
    "OpenCV's samples": "BboxData NormalizeBBox SqueezeDetLoss",
    "Deep Metric Learning (rksltnl)": "LiftedStructSimilaritySoftmaxLoss",
    "MobileNetv2-SSDLite": "Resize",
    "caffe-jacinto": "ImageLabelData ImageLabelListData IOUAccuracy",
    "wenwei202/caffe": "Sparsify SymmetricRectify",
    "L-Softmax": "LargeMarginInnerProduct",
    "GAN ports": "RandVec",
    "jwcom79/myproject": "Dropin Pushin",
    "netscope": "implicit",
    "forks of Caffe's history": (
        "AccuracyRegression ConfusionMatrix CTCLoss DocData FasterRcnnDetectionOutput Import "
        "LocalWeightedConvolution LRNMap LS MultiLabelData QuantizationLoss RBMInnerProduct "
        "RemoteData SaliencyPooling SimpleCrop SimplerNMS SpatialPyramidPooling "
        "SpatialPyramidPoolingData SVRLoss Topk WassersteinLoss XCovLoss"
    ),
}

#: fork → message → the fields of the fork that minicaffe's schema lacks
FIELDS = {
    "OpenPose": {"LayerParameter": "op_transform_param"},
    "Intel Caffe": {"NetParameter": "compile_net_state"},
    "Cascade R-CNN, PytorchToCaffe and others": {"PoolingParameter": "ceil_mode"},
    "GAN ports": {"LayerParameter": "randvec_param"},
    "jwcom79/myproject": {"LayerParameter": "pushin_param"},
    "forks of Caffe's history": {
        "LayerParameter": "doc_data_param image_transform_param",
        "SolverParameter": "multinode_param",
        "V0LayerParameter": "context_pad can_clobber",
    },
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
