"""Wrong settings of the detection forks' layers, and what is said of them at which word."""

from __future__ import annotations

#: Type, settings of a layer with bottom 'd' and top 'a', and its mistakes: the word, the message.
WRONG: list[tuple[str, str, list[tuple[str, str]]]] = [
    (
        "BboxAccuracy",
        "bottom: 'l' bottom: 'd' bbox_reg_param { bbox_mean: [1, 2] bbox_std: 0 }",
        [
            ("bbox_mean", "bbox_mean has 2 value(s)"),
            ("bbox_std", "bbox_std has 1 value(s)"),
            ("bbox_std", "bbox_std has the value 0"),
        ],
    ),
    (
        "BoxGroupOutput",
        "bottom: 'l' bottom: 'd' box_group_output_param { nms_type: 'X' }",
        [
            ("layer", "there are 3 bottoms"),
            ("layer", "there are 0 box_group_param for 1"),
            ("nms_type", 'nms_type is "X"'),
        ],
    ),
    (
        "BoxOutput",
        "bottom: 'l' box_output_param { field_w: 0 field_h: 3 nms_type: 'X' "
        "downsample_rate: [8, 8] }",
        [
            ("field_w", "field_w has 1 value(s) for 2 bottom(s)"),
            ("field_h", "field_h has 1 value(s) for 2 bottom(s)"),
            ("field_w", "a field_w or field_h is 0"),
            ("nms_type", 'nms_type is "X"'),
        ],
    ),
    (
        "DecodeBBox",
        "bottom: 'l' bbox_reg_param { bbox_mean: [1, 2] bbox_std: 0 }",
        [
            ("bbox_mean", "bbox_mean has 2 value(s)"),
            ("bbox_std", "bbox_std has 1 value(s)"),
            ("bbox_std", "bbox_std has the value 0"),
        ],
    ),
    (
        "Detection",
        "bottom: 'l' detection_loss_param { field_w: 1 field_h: 1 downsample_rate: 8 "
        "coord_num: 5 }",
        [("coord_num", "coord_num is 5; expected 4"), ("layer", "cls_num is missing")],
    ),
    (
        "DetectionAccuracy",
        "bottom: 'l' detection_accuracy_param { cls_num: 3 top_k: 5 field_w: 1 field_h: "
        "1 downsample_rate: 8 }",
        [("top_k", "top_k is 5")],
    ),
    (
        "DetectionGroupAccuracy",
        "bottom: 'l' bottom: 'd' detection_group_accuracy_param { field_w: 1 }",
        [("field_w", "field_w has 1 value(s) and field_h 0"), ("layer", "stride is missing")],
    ),
    (
        "DetectionGroupLoss",
        "bottom: 'l' bottom: 'd' detection_group_loss_param { field_w: 1 field_h: 1 "
        "batch_size: 0 }",
        [
            ("layer", "stride is missing"),
            ("layer", "cls_num is missing"),
            ("batch_size", "batch_size is 0"),
        ],
    ),
    (
        "DetectionLoss",
        "bottom: 'l' detection_loss_param { field_w: 0 field_h: 3 cls_num: 2 }",
        [("field_w", "a field_w or field_h is 0"), ("layer", "downsample_rate is missing")],
    ),
    (
        "EvalDetection",
        "bottom: 'l' eval_detection_param { side: 0 num_class: 2 num_object: 2 biases: 1 }",
        [("num_object", "biases has 1 value(s) for num_object 2"), ("side", "side is 0")],
    ),
    (
        "FrcnnOutput",
        "bottom: 'l' bottom: 'd' bottom: 'd' frcnn_output_param { nms_type: 'X' }",
        [("nms_type", 'nms_type is "X"')],
    ),
    (
        "HardMining",
        "bottom: 'l' bottom: 'd' hard_mining_param { num_roi_per_image: 0 }",
        [
            ("num_roi_per_image", "num_roi_per_image is 0"),
            ("layer", "there are 3 bottom(s) and 1 top(s)"),
        ],
    ),
    (
        "ProposalTarget",
        "bottom: 'l' top: 'b' top: 'c' top: 'e' top: 'f' top: 'g' proposal_target_param "
        "{ batch_size: 0 fg_fraction: 2 fg_thr: 0 } bbox_reg_param { cls_aware: true }",
        [
            ("layer", "cls_num is missing"),
            ("batch_size", "batch_size is 0"),
            ("fg_fraction", "fg_fraction is 2"),
            ("fg_thr", "fg_thr is 0 and bg_thr_hg 0.5"),
        ],
    ),
    (
        "ScaleRoute",
        "bottom: 'l' top: 'b' scale_route_param { low_scale: -1 high_scale: 3 }",
        [("low_scale", "low_scale is -1")],
    ),
    (
        "Yolov3",
        "bottom: 'l' yolov3_param { num: 2 mask: 3 biases: 1 num_class: 0 }",
        [
            ("mask", "mask has 1 value(s) for num 2"),
            ("biases", "biases has 1 value(s), but mask asks"),
            ("num_class", "num_class is 0"),
        ],
    ),
    (
        "FrcnnAnchorTarget",
        "bottom: 'l' bottom: 'd' top: 'b' top: 'c' top: 'e' python_param { param_str: 'x' }",
        [("param_str", "param_str is 'x'; expected YAML")],
    ),
    (
        "FrcnnProposal",
        "bottom: 'l' bottom: 'd' python_param { param_str: 'x' }",
        [("param_str", "param_str is 'x'; expected YAML")],
    ),
    (
        "FrcnnProposalTarget",
        "bottom: 'l' top: 'b' top: 'c' top: 'e' top: 'f' "
        "python_param { param_str: \"'BATCH_SIZE': 0\" }",
        [
            ("param_str", "param_str is ''BATCH_SIZE': 0'; expected it to say num_classes"),
            ("param_str", "param_str: 'BATCH_SIZE' is 0; expected at least 1"),
        ],
    ),
    ("GSTiling", "", [("", "stride is 0 or missing; expected at least 1")]),
]

#: The same of layers without bottoms.
WRONG_SOURCES: list[tuple[str, str, list[tuple[str, str]]]] = [
    (
        "DetectionData",
        "top: 'b' detection_data_param { batch_size: 0 }",
        [
            ("batch_size", "batch_size is 0, expected at least 1"),
            ("layer", "source is not given"),
            ("layer", "there are 2 tops, expected 1: images,"),
        ],
    ),
    (
        "EvalData",
        "top: 'b' eval_data_param { }",
        [("layer", "batch_size is 0, expected at least 1"), ("layer", "source is not given")],
    ),
    (
        "ImageGtData",
        "top: 'b' image_gt_data_param { batch_size: 0 }",
        [
            ("batch_size", "batch_size is 0, expected at least 1"),
            ("layer", "source is not given"),
            ("layer", "there are 2 tops, expected 1: images,"),
        ],
    ),
    (
        "VideoData",
        "top: 'b' video_data_param { batch_size: 0 }",
        [
            ("batch_size", "batch_size is 0, expected at least 1"),
            ("layer", "video_type is WEBCAM: cameras are not"),
        ],
    ),
]
