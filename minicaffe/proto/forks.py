"""Which fork of Caffe a layer type, a field or an enum value comes from.

Facts for error messages: a prototxt that was written for SSD or for Intel's Caffe is not
mistyped, it is written for another program, and the message should say which one. The
tables list what well-known forks added to BVLC Caffe, whether or not minicaffe's own schema
has it too.
"""

from __future__ import annotations

_LAYERS = {
    "SSD": "AnnotatedData DetectionEvaluate DetectionOutput MultiBoxLoss Normalize Permute"
    " PriorBox VideoData",
    "Fast R-CNN": "ROIPooling SmoothL1Loss",
    "Faster R-CNN": "Proposal",
    "R-FCN": "BoxAnnotatorOHEM PSROIPooling SmoothL1LossOHEM SoftmaxWithLossOHEM",
    "Mask R-CNN ports": "ROIAlign",
    "MobileNet": "ConvolutionDepthwise DepthwiseConvolution ReLU6",
    "ShuffleNet": "ShuffleChannel",
    "SENet": "Axpy",
    "SegNet and YOLO ports": "Upsample",
    "SegNet": "DenseImageData",
    "SegNet, TSN and PSPNet": "BN",
    "DeepLab and PSPNet": "Interp",
    "DeepLab": "DenseCRF DomainTransform DomainTransformForwardOnly ImageSegData MatRead MatWrite"
    " SegAccuracy UniqueLabel AdaptiveBiasChannel BiasChannel",
    "PSPNet": "SpatialProduct",
    "TSN": "BatchReduction Gather Scatter SegData SyncBN",
    "YOLO ports": "AssistedExcitation GaussianYolov3 LaneData Region RegionLoss Reorg"
    " SegmentationEvaluate YoloDetectionOutput YoloSeg YOLO Yolov3 Yolov3DetectionOutput",
    "caffe-face": "CenterLoss",
    "SphereFace": "MarginInnerProduct",
    "OpenPose": "CPMData CPMTData ImResize Nms OPData",
    "FlowNet": "Accum BlackAugmentation ChannelNorm Correlation Correlation1D CustomData"
    " DataAugmentation DisparityData Downsample FLOWriter FloatReader FloatWriter"
    " FlowAugmentation FlowWarp GenerateAugmentationParameters ImgReader ImgWriter L1Loss LpqLoss"
    " Mean NegReLU PFMWriter Resample",
    "NVCaffe": "DetectNetTransformation TRT",
    "Intel Caffe": "BoxData EvalDetection MKLBatchNorm MnActivation SpatialDropout",
    "jolibrain's Caffe": "BroadcastMul ContinuationIndicator CrossEntropyLoss CtcLoss"
    " DiceCoefLoss FocalLoss LabelsequenceAccuracy MemorySparseData MultiBoxFocalLoss"
    " MultiLabelAccuracy MultiLabelSigmoidLoss Reverse SeLu SeLuDropout"
    " SoftmaxWithInfogainLoss SparseData SparseInnerProduct",
    "CTC and LSTM ports": "Transpose WarpCTCLoss",
}

#: fork → message of BVLC Caffe → the fields that the fork added to it
_FIELDS = {
    "SSD": {
        "LayerParameter": "annotated_data_param detection_evaluate_param detection_output_param"
        " multibox_loss_param norm_param permute_param prior_box_param video_data_param",
        "SolverParameter": "eval_type ap_version show_per_class_result plateau_winsize",
        "SolverState": "minimum_loss iter_last_event",
        "TransformationParameter": "crop_h crop_w resize_param noise_param distort_param"
        " expand_param emit_constraint",
    },
    "Fast R-CNN": {"LayerParameter": "roi_pooling_param smooth_l1_loss_param"},
    "Faster R-CNN": {
        "LayerParameter": "proposal_param",
        "DropoutParameter": "scale_train",
    },
    "R-FCN": {
        "LayerParameter": "psroi_pooling_param box_annotator_ohem_param",
        "LossParameter": "pre_fixed_normalizer",
    },
    "Mask R-CNN ports": {"LayerParameter": "roi_align_param"},
    "MobileNet": {"LayerParameter": "relu6_param"},
    "ShuffleNet": {"LayerParameter": "shuffle_channel_param"},
    "SegNet": {
        "DropoutParameter": "sample_weights_test",
        "LayerParameter": "dense_image_data_param",
        "LossParameter": "weight_by_label_freqs class_weighting",
    },
    "SegNet and YOLO ports": {"LayerParameter": "upsample_param"},
    "SegNet, TSN and PSPNet": {"LayerParameter": "bn_param"},
    "DeepLab and PSPNet": {
        "LayerParameter": "interp_param seg_accuracy_param",
        "ImageDataParameter": "ignore_label label_type",
    },
    "DeepLab": {
        "LayerParameter": "adaptive_bias_channel_param bias_channel_param dense_crf_param"
        " domain_transform_param mat_read_param mat_write_param unique_label_param",
        "TransformationParameter": "scale_factors crop_width crop_height",
    },
    "PSPNet": {"BatchNormParameter": "update_global_stats"},
    "TSN": {
        "ConvolutionParameter": "dilation_h dilation_w",
        "LayerParameter": "seg_data_param batch_reduction_param",
        "NetParameter": "mem_param",
        "ReductionParameter": "k",
        "SolverParameter": "group_id richness",
        "TransformationParameter": "fix_crop more_fix_crop multi_scale scale_ratios max_distort"
        " is_flow original_image stride upper_size upper_height upper_width",
    },
    "YOLO ports": {
        "Datum": "seg_label",
        "LayerParameter": "reorg_param region_param region_loss_param yolov3_param yolo_seg_param"
        " segmentation_evaluate_param yolo_detection_output_param"
        " yolov3_detection_output_param",
        "SolverParameter": "stagelr stageiter",
        "TransformationParameter": "enable_classf_aug min_scaling_factor max_scaling_factor"
        " max_rotation_angle contrast_brightness_adjustment smooth_filtering min_contrast"
        " max_contrast max_brightness_shift max_smooth max_color_shift min_side_min"
        " min_side_max min_side apply_probability debug_params cvt_bgr2rgb",
    },
    "caffe-face": {"LayerParameter": "center_loss_param"},
    "SphereFace": {"LayerParameter": "margin_inner_product_param"},
    "OpenPose": {
        "LayerParameter": "cpm_transform_param imresize_param nms_param op_transform_param",
    },
    "FlowNet": {
        "DataParameter": "disk_reader_threads huge_video_dataset limit_samples preselection_file"
        " preselection_label range_start range_end rand_permute rand_permute_order"
        " rand_permute_seed slice_point encoding verbose subtract permute_every_iter block_size",
        "FillerParameter": "diag_val",
        "LayerParameter": "coeff_schedule_param augmentation_param correlation_param"
        " l1_loss_param writer_param reader_param mean_param resample_param downsample_param"
        " lpq_loss_param flow_warp_param accum_param black_augmentation_param"
        " reshape_every_iter",
    },
    "NVCaffe": {
        "BatchNormParameter": "scale_filler scale_bias",
        "BlobProto": "raw_data_type raw_diff_type raw_data raw_diff",
        "ConvolutionParameter": "cudnn_convolution_algo_seeker conv_algos_override",
        "DataParameter": "threads parser_threads cache precache",
        "Datum": "record_id",
        "DropoutParameter": "engine random_seed",
        "ELUParameter": "lambda",
        "ImageDataParameter": "short_side threads cache precache dataset_share_per_node",
        "LayerParameter": "forward_type backward_type forward_math backward_math debug"
        " cudnn_math_override trt_param detectnet_groundtruth_param"
        " detectnet_augmentation_param",
        "NetParameter": "default_forward_type default_backward_type default_forward_math"
        " default_backward_math global_grad_scale global_grad_scale_adaptive"
        " default_conv_algos_override reduce_buckets default_cudnn_math_override"
        " eltwise_mem_sharing",
        "PoolingParameter": "torch_pooling",
        "SolverParameter": "rampup_interval rampup_lr min_lr momentum_policy max_momentum"
        " momentum_power larc larc_policy larc_eta larc_turbo weight_decay_policy"
        " weight_decay_power max_weight_decay solver_data_type store_blobs_in_old_format"
        " test_and_snapshot_last_epochs per_parameter_reduce",
        "TransformationParameter": "img_rand_resize_lower img_rand_resize_upper"
        " rand_resize_ratio_lower rand_resize_ratio_upper vertical_stretch_lower"
        " vertical_stretch_upper horizontal_stretch_lower horizontal_stretch_upper"
        " interpolation_algo_down interpolation_algo_up allow_upscale forward_packing"
        " use_gpu_transform random_seed display num_labels",
    },
    "NVCaffe and Intel Caffe": {
        "BatchNormParameter": "engine bias_filler",
        "DataParameter": "shuffle",
        "LossParameter": "label_smoothing",
    },
    "Intel Caffe": {
        "BatchNormParameter": "use_weight_bias bias_term filler stats_batch_size relu",
        "ConcatParameter": "per_fla_fuse engine",
        "ConvolutionParameter": "relu negative_slope conv_algorithm coeff fusion_type",
        "DataParameter": "side",
        "EltwiseParameter": "engine",
        "FillerParameter": "scale",
        "ImageDataParameter": "min_height min_width",
        "InnerProductParameter": "engine relu negative_slope",
        "LayerParameter": "split_param spatial_dropout_param engine multinode"
        " mn_activation_param mn_grad_compress_param quantization_param eval_detection_param",
        "NetParameter": "compile_net_state engine bn_stats_batch_size multinode",
        "PoolingParameter": "pad_3d kernel_size_3d stride_3d avg_include_pad axis",
        "ReLUParameter": "fuse",
        "ReshapeParameter": "pixelshuffler",
        "SolverParameter": "disabled_update engine local_lr_auto local_gw_ratio test_offset",
        "TransformationParameter": "random_resize_param random_aspect_ratio_param flow bgr2rgb pad",
    },
    "Intel Caffe and jolibrain's Caffe": {"SolverParameter": "warmup_iter warmup_start_lr"},
    "jolibrain's Caffe": {
        "ConvolutionParameter": "cudnn_flavor",
        "HDF5DataParameter": "image",
        "ImageDataParameter": "label_size",
        "LayerParameter": "focal_loss_param selu_param selu_dropout_param ctc_loss_param"
        " continuation_indicator_param labelsequence_accuracy_param dice_coef_loss_param"
        " reverse_param",
        "SoftmaxParameter": "scaling_temperature",
        "SolverParameter": "lr_dropout decoupled_wd_t0 decoupled_wd_mult amsgrad rectified gc"
        " adabelief lr_mult p_mult period lookahead lookahead_steps lookahead_alpha",
        "TransformationParameter": "geometry_param rotate untransformed_top",
    },
    "CTC and LSTM ports": {"LayerParameter": "transpose_param"},
    "SegNet, DeepLab and others": {"PoolingParameter": "ceil_mode"},
}

_VALUES = {
    "Intel Caffe": "MKL2017 MKLDNN SUM_FUSION NONE_FUSION",
    "R-FCN": "PRE_FIXED",
    "FCN's branch `future` of Caffe": "CROP",
    "NVCaffe": "FLOAT16 SAG FINDEX",
    "TSN": "TOPK STOCHASTIC_SUM",
}

#: layer type → the fork it comes from
FORK_LAYERS = {name: fork for fork, names in _LAYERS.items() for name in names.split()}

#: "Message.field" → the fork that added this field to a message of BVLC Caffe
FORK_FIELDS = {
    f"{message}.{name}": fork
    for fork, messages in _FIELDS.items()
    for message, names in messages.items()
    for name in names.split()
}

#: enum value → the fork that added it to an enum of BVLC Caffe
FORK_VALUES = {name: fork for fork, names in _VALUES.items() for name in names.split()}


def fork_of_layer(layer_type: str) -> str | None:
    """The fork that a layer type comes from; None for BVLC Caffe's and unknown types."""
    return FORK_LAYERS.get(layer_type)


def fork_of_field(message: str, field: str) -> str | None:
    """The fork that added ``field`` to ``message`` ("LayerParameter"); None if none is known."""
    return FORK_FIELDS.get(f"{message}.{field}")


def fork_of_value(value: str) -> str | None:
    """The fork that added an enum value ("MKL2017"); None if none is known."""
    return FORK_VALUES.get(value)
