# mypy: disable-error-code="overload-overlap"
"""Made by tools/generate_proto.py; do not edit."""

from collections.abc import Mapping, Sequence
from typing import Literal, overload

from google.protobuf.message import Message

from minicaffe.net_spec import Function, Top


@overload
def AbsVal(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    **more: object,
) -> Top:
    """
    A AbsVal layer: its bottoms, then fields as keywords.
    """

@overload
def AbsVal(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def AbsVal(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Accuracy(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    top_k: int = ...,
    axis: int = ...,
    ignore_label: int = ...,
    denominator: float = ...,
    min_is_better: bool = ...,
    history_size: int = ...,
    **more: object,
) -> Top:
    """
    A Accuracy layer: its bottoms, then fields as keywords. Those of accuracy_param:

    top_k: How many of the best scores the label may be among. Scores equal to the label's
        count against it.
    axis: The axis of the classes.
    ignore_label: Positions with this label do not count.
    denominator: [LRCN]
    min_is_better: [happynear's Caffe]
    history_size: [caffe-jacinto]
    """

@overload
def Accuracy(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Accuracy(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def AccuracyRegression(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    top_k: int = ...,
    axis: int = ...,
    ignore_label: int = ...,
    denominator: float = ...,
    min_is_better: bool = ...,
    history_size: int = ...,
    **more: object,
) -> Top:
    """
    A AccuracyRegression layer: its bottoms, then fields as keywords. Those of accuracy_param:

    top_k: How many of the best scores the label may be among. Scores equal to the label's
        count against it.
    axis: The axis of the classes.
    ignore_label: Positions with this label do not count.
    denominator: [LRCN]
    min_is_better: [happynear's Caffe]
    history_size: [caffe-jacinto]
    """

@overload
def AccuracyRegression(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def AccuracyRegression(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def AnchorTargetLayer(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    module: str = ...,
    layer: str = ...,
    param_str: str = ...,
    share_in_parallel: bool = ...,
    **more: object,
) -> Top:
    """
    A AnchorTargetLayer layer: its bottoms, then fields as keywords. Those of python_param:

    module: The module that defines it; it must be importable.
    layer: The class in that module.
    param_str: Any text; the layer finds it as `self.param_str`.
    share_in_parallel: Whether several graphics cards share one such layer; no effect here.
    """

@overload
def AnchorTargetLayer(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def AnchorTargetLayer(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def AnnotatedData(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    batch_sampler: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    label_map_file: str = ...,
    anno_type: int | str = ...,
    yolo_data_type: int = ...,
    yolo_data_jitter: float = ...,
    train_diffcult: bool = ...,
    single_class: bool = ...,
    seg_scales: int = ...,
    seg_resize_width: int = ...,
    seg_resize_height: int = ...,
    difficult_label_warmup: bool = ...,
    **more: object,
) -> Top:
    """
    A AnnotatedData layer: its bottoms, then fields as keywords. Those of annotated_data_param:

    batch_sampler: Ways to cut a part out of an image; one is drawn among all parts that
        they yield.
    label_map_file: A file with a LabelMap in text form.
    anno_type: The kind of annotations, in place of what the records say.
    yolo_data_type: [YOLO ports]
    yolo_data_jitter: [YOLO ports]
    train_diffcult: [YOLO ports]
    single_class: [YOLO ports]
    seg_scales: [YOLO ports]
    seg_resize_width: [YOLO ports]
    seg_resize_height: [YOLO ports]
    difficult_label_warmup: [YOLO ports]
    """

@overload
def AnnotatedData(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def AnnotatedData(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def ArgMax(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    out_max_val: bool = ...,
    top_k: int = ...,
    axis: int = ...,
    softmax_threshold: bool = ...,
    **more: object,
) -> Top:
    """
    A ArgMax layer: its bottoms, then fields as keywords. Those of argmax_param:

    out_max_val: With `axis`: give the values instead of the indices. Without: give both.
    top_k: How many of the largest values to give.
    axis: The axis to search, which shrinks to top_k. Without it each image is searched as a
        whole, and the top is (num, 1, top_k), or (num, 2, top_k) with indices before
        values.
    softmax_threshold: [MNN]
    """

@overload
def ArgMax(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def ArgMax(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Axpy(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    **more: object,
) -> Top:
    """
    A Axpy layer: its bottoms, then fields as keywords.
    """

@overload
def Axpy(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Axpy(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def BN(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    slope_filler: Mapping[str, object] | Message = ...,
    bias_filler: Mapping[str, object] | Message = ...,
    momentum: float = ...,
    eps: float = ...,
    frozen: bool = ...,
    scale_filler: Mapping[str, object] | Message = ...,
    shift_filler: Mapping[str, object] | Message = ...,
    bn_mode: int | str = ...,
    var_eps: float = ...,
    moving_average: bool = ...,
    decay: float = ...,
    axis: int = ...,
    sync: bool = ...,
    **more: object,
) -> Top:
    """
    A BN layer: its bottoms, then fields as keywords. Those of bn_param:

    slope_filler: Initial factor of each channel. [TSN and PSPNet]
    bias_filler: Initial offset of each channel. [TSN and PSPNet]
    momentum: Share of the stored statistics that stays at each forward. [TSN and PSPNet]
    eps: Added to the variance. SegNet's BN always adds 1e-9 instead. [TSN and PSPNet]
    frozen: Whether the stored statistics are used in TRAIN too and nothing is learned. [TSN
        and PSPNet]
    engine: The code to run. [TSN and PSPNet]
    scale_filler: Initial factor of each channel; SegNet's number is 1. [SegNet and CTPN]
    shift_filler: Initial offset of each channel; SegNet's number is 2. [SegNet and CTPN]
    bn_mode: What the layer does; SegNet's number is 3. [SegNet]
    var_eps: Added to the variance. [CTPN]
    moving_average: Whether TEST uses the stored statistics instead of the batch's. [CTPN]
    decay: Share of the batch's statistics in the stored ones at each forward. [CTPN]
    axis: The axis of the channels: 1 or 2. [CTPN]
    sync: Where several processes train together: take the batch's statistics over the
        batches of all of them. [minicaffe]
    """

@overload
def BN(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def BN(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def BNLL(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    **more: object,
) -> Top:
    """
    A BNLL layer: its bottoms, then fields as keywords.
    """

@overload
def BNLL(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def BNLL(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def BatchNorm(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    use_global_stats: bool = ...,
    moving_average_fraction: float = ...,
    eps: float = ...,
    stats_batch_size: int = ...,
    relu: bool = ...,
    scale_filler: Mapping[str, object] | Message = ...,
    bias_filler: Mapping[str, object] | Message = ...,
    scale_bias: bool = ...,
    use_weight_bias: bool = ...,
    bias_term: bool = ...,
    filler: Mapping[str, object] | Message = ...,
    ghost_batch_size: int = ...,
    renorm: bool = ...,
    r_max: float = ...,
    d_max: float = ...,
    sync: bool = ...,
    update_global_stats: bool = ...,
    fused_relu: bool = ...,
    disable_mean: bool = ...,
    disable_variance: bool = ...,
    frozen: bool = ...,
    momentum: float = ...,
    **more: object,
) -> Top:
    """
    A BatchNorm layer: its bottoms, then fields as keywords. Those of batch_norm_param:

    use_global_stats: Whether to use the stored mean and variance instead of those of the
        batch. Not set: in TEST but not in TRAIN. true in TRAIN freezes them; false in TEST
        uses the batch's and goes on changing the stored ones.
    moving_average_fraction: Share of the stored sums that stays at each TRAIN forward: sum
        = fraction · sum + batch. The sums are divided by their own weight, so a small
        fraction forgets faster.
    eps: Added to the variance, so that a constant channel does not divide by zero.
    stats_batch_size: Only stored statistics that were counted over so many images at a
        time. [Intel Caffe]
    relu: Whether a ReLU follows in the same step. [Intel Caffe]
    engine: Where to compute. [NVCaffe as 15, Intel Caffe as 4]
    scale_filler: Initial factor of each channel, if `scale_bias`. [NVCaffe]
    bias_filler: Initial offset of each channel, if there is one. [NVCaffe as 6, Intel Caffe
        as 8]
    scale_bias: Whether the layer also learns a factor and an offset for each channel, as a
        Scale layer does. Its blobs then are mean, variance, 1, scale, bias. [NVCaffe]
    use_weight_bias: Whether the layer also learns a factor for each channel. [Intel Caffe]
    bias_term: Whether the layer also learns an offset for each channel. [Intel Caffe]
    filler: Initial factor of each channel. [Intel Caffe]
    ghost_batch_size: Take statistics of so many items of the batch at a time, as if each
        part were a batch of its own; the last part may be smaller. 0: of the whole batch.
        [minicaffe]
    renorm: Batch renormalisation: correct the batch's mean and deviation towards the stored
        ones, within r_max and d_max, so that TRAIN computes nearly what TEST does.
        [minicaffe]
    r_max: With `renorm`: the largest factor r = std / stored std, and 1 / r_max the
        smallest; at least 1. [minicaffe]
    d_max: With `renorm`: the largest shift d = (mean - stored mean) / stored std, in either
        direction. [minicaffe]
    sync: Where several processes train together: take the batch's statistics over the
        batches of all of them. [minicaffe]
    update_global_stats: [PSPNet]
    fused_relu: [naibaf7's Caffe]
    disable_mean: [happynear's Caffe]
    disable_variance: [happynear's Caffe]
    frozen: [GENet]
    momentum: [GENet]
    """

@overload
def BatchNorm(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def BatchNorm(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def BatchReindex(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    **more: object,
) -> Top:
    """
    A BatchReindex layer: its bottoms, then fields as keywords.
    """

@overload
def BatchReindex(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def BatchReindex(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def BboxAccuracy(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    **more: object,
) -> Top:
    """
    A BboxAccuracy layer: its bottoms, then fields as keywords.
    """

@overload
def BboxAccuracy(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def BboxAccuracy(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Bias(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    axis: int = ...,
    num_axes: int = ...,
    filler: Mapping[str, object] | Message = ...,
    **more: object,
) -> Top:
    """
    A Bias layer: its bottoms, then fields as keywords. Those of bias_param:

    axis: First axis of the bottom that b has; negative counts from the end. With two
        bottoms b is the second.
    num_axes: How many axes a learned b has; 0 a single number, -1 all from `axis` on.
    filler: Initial values of a learned b; 0 unless set.
    """

@overload
def Bias(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Bias(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def BoxAnnotatorOHEM(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    roi_per_img: int = ...,
    ignore_label: int = ...,
    **more: object,
) -> Top:
    """
    A BoxAnnotatorOHEM layer: its bottoms, then fields as keywords. Those of box_annotator_ohem_param:

    roi_per_img: How many regions to keep.
    ignore_label: The label that the others get.
    """

@overload
def BoxAnnotatorOHEM(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def BoxAnnotatorOHEM(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def BoxGroupOutput(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    fg_thr: float = ...,
    iou_thr: float = ...,
    nms_type: str = ...,
    box_group_param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    field_whr: float = ...,
    field_xyr: float = ...,
    max_nms_num: int = ...,
    max_post_nms_num: int = ...,
    min_size: float = ...,
    **more: object,
) -> Top:
    """
    A BoxGroupOutput layer: its bottoms, then fields as keywords. Those of box_group_output_param:

    fg_thr: [Cascade R-CNN]
    iou_thr: [Cascade R-CNN]
    nms_type: [Cascade R-CNN]
    box_group_param: [Cascade R-CNN]
    field_whr: [Cascade R-CNN]
    field_xyr: [Cascade R-CNN]
    max_nms_num: [Cascade R-CNN]
    max_post_nms_num: [Cascade R-CNN]
    min_size: [Cascade R-CNN]
    """

@overload
def BoxGroupOutput(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def BoxGroupOutput(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def BoxOutput(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    downsample_rate: int | Sequence[int] = ...,
    fg_thr: float = ...,
    field_h: int | Sequence[int] = ...,
    field_w: int | Sequence[int] = ...,
    field_whr: float = ...,
    field_xyr: float = ...,
    iou_thr: float = ...,
    max_nms_num: int = ...,
    max_post_nms_num: int = ...,
    min_size: float = ...,
    nms_type: str = ...,
    **more: object,
) -> Top:
    """
    A BoxOutput layer: its bottoms, then fields as keywords. Those of box_output_param:

    downsample_rate: [MS-CNN]
    fg_thr: [MS-CNN]
    field_h: [MS-CNN]
    field_w: [MS-CNN]
    field_whr: [MS-CNN]
    field_xyr: [MS-CNN]
    iou_thr: [MS-CNN]
    max_nms_num: [MS-CNN]
    max_post_nms_num: [MS-CNN]
    min_size: [MS-CNN]
    nms_type: [MS-CNN]
    """

@overload
def BoxOutput(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def BoxOutput(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def BroadcastMul(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    **more: object,
) -> Top:
    """
    A BroadcastMul layer: its bottoms, then fields as keywords.
    """

@overload
def BroadcastMul(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def BroadcastMul(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def CenterLoss(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    num_output: int = ...,
    center_filler: Mapping[str, object] | Message = ...,
    axis: int = ...,
    distance_type: str = ...,
    **more: object,
) -> Top:
    """
    A CenterLoss layer: its bottoms, then fields as keywords. Those of center_loss_param:

    num_output: Number of classes.
    center_filler: Initial centres.
    axis: The axes from here on are the feature.
    distance_type: [MNN]
    """

@overload
def CenterLoss(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def CenterLoss(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def ChannelScale(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    do_forward: bool = ...,
    do_backward_feature: bool = ...,
    do_backward_scale: bool = ...,
    global_scale: bool = ...,
    max_global_scale: float = ...,
    min_global_scale: float = ...,
    init_global_scale: float = ...,
    **more: object,
) -> Top:
    """
    A ChannelScale layer: its bottoms, then fields as keywords. Those of channel_scale_param:

    do_forward: Whether to multiply in forward; false passes values on.
    do_backward_feature: Whether the items get the gradient of the product; false passes dy
        on.
    do_backward_scale: Whether the factors get a gradient.
    global_scale: Whether one learned number multiplies all items, in place of the second
        bottom.
    max_global_scale: The learned number is at most this.
    min_global_scale: The learned number is at least this.
    init_global_scale: What the learned number starts as; -1: the mean of the second bottom,
        once.
    """

@overload
def ChannelScale(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def ChannelScale(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def ChannelShuffle(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    shuffle_pattern: int = ...,
    shuffle_channel_num: int = ...,
    group: int = ...,
    **more: object,
) -> Top:
    """
    A ChannelShuffle layer: its bottoms, then fields as keywords. Those of channel_shuffle_param:

    shuffle_pattern: 0: the values of an item in the order of N×H×W×C, in the shape N×C×H×W;
        1: channels move between groups.
    shuffle_channel_num: How many neighbouring channels move together.
    group: Number of groups.
    """

@overload
def ChannelShuffle(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def ChannelShuffle(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Clip(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    min: float = ...,
    max: float = ...,
    **more: object,
) -> Top:
    """
    A Clip layer: its bottoms, then fields as keywords. Those of clip_param:

    min: Lower limit.
    max: Upper limit.
    """

@overload
def Clip(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Clip(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def ClusterDetections(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    **more: object,
) -> Top:
    """
    A ClusterDetections layer: its bottoms, then fields as keywords.
    """

@overload
def ClusterDetections(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def ClusterDetections(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def ClusterGroundtruth(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    **more: object,
) -> Top:
    """
    A ClusterGroundtruth layer: its bottoms, then fields as keywords.
    """

@overload
def ClusterGroundtruth(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def ClusterGroundtruth(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Concat(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    axis: int = ...,
    concat_dim: int = ...,
    per_fla_fuse: bool = ...,
    **more: object,
) -> Top:
    """
    A Concat layer: its bottoms, then fields as keywords. Those of concat_param:

    axis: The axis along which to join; negative counts from the end.
    concat_dim: Old form of `axis`, without negative numbers.
    per_fla_fuse: [Intel Caffe]
    engine: [Intel Caffe]
    """

@overload
def Concat(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Concat(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def ContinuationIndicator(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    time_step: int = ...,
    axis: int = ...,
    batch_size: int = ...,
    **more: object,
) -> Top:
    """
    A ContinuationIndicator layer: its bottoms, then fields as keywords. Those of continuation_indicator_param:

    time_step: Length of a sequence; 0 takes it from the bottom. [jolibrain's Caffe]
    axis: The bottom's axis that counts the steps. [jolibrain's Caffe]
    batch_size: Number of sequences. [crnn.caffe]
    """

@overload
def ContinuationIndicator(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def ContinuationIndicator(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def ContrastiveLoss(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    margin: float = ...,
    legacy_version: bool = ...,
    **more: object,
) -> Top:
    """
    A ContrastiveLoss layer: its bottoms, then fields as keywords. Those of contrastive_loss_param:

    margin: How far apart pairs that are not similar should at least be.
    legacy_version: Whether to compare the margin with the squared distance, max(margin -
        d², 0), as old versions did, in place of max(margin - d, 0)².
    """

@overload
def ContrastiveLoss(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def ContrastiveLoss(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Convolution(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    num_output: int = ...,
    bias_term: bool = ...,
    pad: int | Sequence[int] = ...,
    kernel_size: int | Sequence[int] = ...,
    stride: int | Sequence[int] = ...,
    dilation: int | Sequence[int] = ...,
    pad_h: int = ...,
    pad_w: int = ...,
    kernel_h: int = ...,
    kernel_w: int = ...,
    stride_h: int = ...,
    stride_w: int = ...,
    group: int = ...,
    weight_filler: Mapping[str, object] | Message = ...,
    bias_filler: Mapping[str, object] | Message = ...,
    axis: int = ...,
    force_nd_im2col: bool = ...,
    kernel_depth: int = ...,
    temporal_stride: int = ...,
    filter_group: int = ...,
    temporal_pad: int = ...,
    hole: int = ...,
    hole_h: int = ...,
    hole_w: int = ...,
    conv_mode: int | str = ...,
    dump_parameter: bool = ...,
    dump_activation: bool = ...,
    parameter_sparsity_pattern_histogram: bool = ...,
    cudnn_convolution_algo_seeker: int | str = ...,
    conv_algos_override: str = ...,
    relu: bool = ...,
    negative_slope: float = ...,
    conv_algorithm: str = ...,
    coeff: float | Sequence[float] = ...,
    fusion_type: int | str = ...,
    cudnn_flavor: int | str = ...,
    fuse_type: int | str = ...,
    eltwise_param: Mapping[str, object] | Message = ...,
    relu_param: Mapping[str, object] | Message = ...,
    paramq: int = ...,
    params: float = ...,
    scale_in: float = ...,
    scale_out: float = ...,
    a_min: int = ...,
    a_max: int = ...,
    kernel_shape: Mapping[str, object] | Message = ...,
    pad_shape: Mapping[str, object] | Message = ...,
    stride_shape: Mapping[str, object] | Message = ...,
    shape_offset: int | Sequence[int] = ...,
    mem_group_size: int = ...,
    dilation_h: int = ...,
    dilation_w: int = ...,
    **more: object,
) -> Top:
    """
    A Convolution layer: its bottoms, then fields as keywords. Those of convolution_param:

    num_output: Number of output channels. Weights are (num_output, channels / group, kernel
        ...); those of Deconvolution (channels, num_output / group, kernel ...).
    bias_term: Whether to add a learned number to each output channel. Useless before a
        BatchNorm, which subtracts it again.
    pad: Zeros added on both sides; 0 unless set.
    kernel_size: Size of the window.
    stride: Step of the window; 1 unless set.
    dilation: Distance of the inputs that a window joins; 1 unless set.
    pad_h: Zeros above and below; for images, in place of `pad`.
    pad_w: Zeros to the left and right.
    kernel_h: Height of the window; in place of `kernel_size`.
    kernel_w: Width of the window.
    stride_h: Vertical step; in place of `stride`.
    stride_w: Horizontal step.
    group: Into how many parts channels and outputs are divided, each joined only to its
        like.
    weight_filler: Initial weights; 0 unless set, which learns nothing.
    bias_filler: Initial bias; 0 unless set.
    engine: The code to run. CAFFE: numpy, whatever `--engine` says; otherwise `--engine`
        chooses.
    axis: The axis of the channels; all after it are spatial, all before it batch.
    force_nd_im2col: Whether to use the code for any number of axes even for images; same
        results.
    kernel_depth: [C3D]
    temporal_stride: [C3D]
    filter_group: [C3D]
    temporal_pad: [C3D]
    hole: [DeepLab]
    hole_h: [DeepLab]
    hole_w: [DeepLab]
    conv_mode: [SkimCaffe]
    dump_parameter: [SkimCaffe]
    dump_activation: [SkimCaffe]
    parameter_sparsity_pattern_histogram: [SkimCaffe]
    cudnn_convolution_algo_seeker: [NVCaffe and Vitis AI]
    conv_algos_override: [NVCaffe]
    relu: [Intel Caffe]
    negative_slope: [Intel Caffe]
    conv_algorithm: [Intel Caffe]
    coeff: [Intel Caffe]
    fusion_type: [Intel Caffe]
    cudnn_flavor: [jolibrain's Caffe]
    fuse_type: [naibaf7's Caffe]
    eltwise_param: [naibaf7's Caffe]
    relu_param: [naibaf7's Caffe]
    paramq: [MNN]
    params: [MNN]
    scale_in: [MNN]
    scale_out: [MNN]
    a_min: [MNN]
    a_max: [MNN]
    kernel_shape: [chuckcho/video-caffe]
    pad_shape: [chuckcho/video-caffe]
    stride_shape: [chuckcho/video-caffe]
    shape_offset: [happynear's Caffe]
    mem_group_size: [forks of Caffe's history]
    dilation_h: [TSN]
    dilation_w: [TSN]
    """

@overload
def Convolution(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Convolution(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Convolution3D(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    num_output: int = ...,
    bias_term: bool = ...,
    pad: int = ...,
    kernel_size: int = ...,
    group: int = ...,
    kernel_depth: int = ...,
    stride: int = ...,
    temporal_stride: int = ...,
    weight_filler: Mapping[str, object] | Message = ...,
    bias_filler: Mapping[str, object] | Message = ...,
    filter_group: int = ...,
    temporal_pad: int = ...,
    **more: object,
) -> Top:
    """
    A Convolution3D layer: its bottoms, then fields as keywords. Those of convolution3d_param:

    num_output: Number of outputs.
    bias_term: Whether outputs have an offset.
    pad: Zeros above, below, left and right.
    kernel_size: Height and width of the window.
    group: Number of groups.
    kernel_depth: Frames of the window.
    stride: Step in rows and columns.
    temporal_stride: Step in frames.
    weight_filler: Initial weights.
    bias_filler: Initial offsets.
    filter_group: How many parts the filters are computed in; it changes no result.
    temporal_pad: Frames of zeros before and after.
    """

@overload
def Convolution3D(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Convolution3D(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def ConvolutionDepthwise(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    num_output: int = ...,
    bias_term: bool = ...,
    pad: int | Sequence[int] = ...,
    kernel_size: int | Sequence[int] = ...,
    stride: int | Sequence[int] = ...,
    dilation: int | Sequence[int] = ...,
    pad_h: int = ...,
    pad_w: int = ...,
    kernel_h: int = ...,
    kernel_w: int = ...,
    stride_h: int = ...,
    stride_w: int = ...,
    group: int = ...,
    weight_filler: Mapping[str, object] | Message = ...,
    bias_filler: Mapping[str, object] | Message = ...,
    axis: int = ...,
    force_nd_im2col: bool = ...,
    kernel_depth: int = ...,
    temporal_stride: int = ...,
    filter_group: int = ...,
    temporal_pad: int = ...,
    hole: int = ...,
    hole_h: int = ...,
    hole_w: int = ...,
    conv_mode: int | str = ...,
    dump_parameter: bool = ...,
    dump_activation: bool = ...,
    parameter_sparsity_pattern_histogram: bool = ...,
    cudnn_convolution_algo_seeker: int | str = ...,
    conv_algos_override: str = ...,
    relu: bool = ...,
    negative_slope: float = ...,
    conv_algorithm: str = ...,
    coeff: float | Sequence[float] = ...,
    fusion_type: int | str = ...,
    cudnn_flavor: int | str = ...,
    fuse_type: int | str = ...,
    eltwise_param: Mapping[str, object] | Message = ...,
    relu_param: Mapping[str, object] | Message = ...,
    paramq: int = ...,
    params: float = ...,
    scale_in: float = ...,
    scale_out: float = ...,
    a_min: int = ...,
    a_max: int = ...,
    kernel_shape: Mapping[str, object] | Message = ...,
    pad_shape: Mapping[str, object] | Message = ...,
    stride_shape: Mapping[str, object] | Message = ...,
    shape_offset: int | Sequence[int] = ...,
    mem_group_size: int = ...,
    dilation_h: int = ...,
    dilation_w: int = ...,
    **more: object,
) -> Top:
    """
    A ConvolutionDepthwise layer: its bottoms, then fields as keywords. Those of convolution_param:

    num_output: Number of output channels. Weights are (num_output, channels / group, kernel
        ...); those of Deconvolution (channels, num_output / group, kernel ...).
    bias_term: Whether to add a learned number to each output channel. Useless before a
        BatchNorm, which subtracts it again.
    pad: Zeros added on both sides; 0 unless set.
    kernel_size: Size of the window.
    stride: Step of the window; 1 unless set.
    dilation: Distance of the inputs that a window joins; 1 unless set.
    pad_h: Zeros above and below; for images, in place of `pad`.
    pad_w: Zeros to the left and right.
    kernel_h: Height of the window; in place of `kernel_size`.
    kernel_w: Width of the window.
    stride_h: Vertical step; in place of `stride`.
    stride_w: Horizontal step.
    group: Into how many parts channels and outputs are divided, each joined only to its
        like.
    weight_filler: Initial weights; 0 unless set, which learns nothing.
    bias_filler: Initial bias; 0 unless set.
    engine: The code to run. CAFFE: numpy, whatever `--engine` says; otherwise `--engine`
        chooses.
    axis: The axis of the channels; all after it are spatial, all before it batch.
    force_nd_im2col: Whether to use the code for any number of axes even for images; same
        results.
    kernel_depth: [C3D]
    temporal_stride: [C3D]
    filter_group: [C3D]
    temporal_pad: [C3D]
    hole: [DeepLab]
    hole_h: [DeepLab]
    hole_w: [DeepLab]
    conv_mode: [SkimCaffe]
    dump_parameter: [SkimCaffe]
    dump_activation: [SkimCaffe]
    parameter_sparsity_pattern_histogram: [SkimCaffe]
    cudnn_convolution_algo_seeker: [NVCaffe and Vitis AI]
    conv_algos_override: [NVCaffe]
    relu: [Intel Caffe]
    negative_slope: [Intel Caffe]
    conv_algorithm: [Intel Caffe]
    coeff: [Intel Caffe]
    fusion_type: [Intel Caffe]
    cudnn_flavor: [jolibrain's Caffe]
    fuse_type: [naibaf7's Caffe]
    eltwise_param: [naibaf7's Caffe]
    relu_param: [naibaf7's Caffe]
    paramq: [MNN]
    params: [MNN]
    scale_in: [MNN]
    scale_out: [MNN]
    a_min: [MNN]
    a_max: [MNN]
    kernel_shape: [chuckcho/video-caffe]
    pad_shape: [chuckcho/video-caffe]
    stride_shape: [chuckcho/video-caffe]
    shape_offset: [happynear's Caffe]
    mem_group_size: [forks of Caffe's history]
    dilation_h: [TSN]
    dilation_w: [TSN]
    """

@overload
def ConvolutionDepthwise(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def ConvolutionDepthwise(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def ConvolutionReLU(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    num_output: int = ...,
    bias_term: bool = ...,
    pad: int | Sequence[int] = ...,
    kernel_size: int | Sequence[int] = ...,
    stride: int | Sequence[int] = ...,
    dilation: int | Sequence[int] = ...,
    pad_h: int = ...,
    pad_w: int = ...,
    kernel_h: int = ...,
    kernel_w: int = ...,
    stride_h: int = ...,
    stride_w: int = ...,
    group: int = ...,
    weight_filler: Mapping[str, object] | Message = ...,
    bias_filler: Mapping[str, object] | Message = ...,
    axis: int = ...,
    force_nd_im2col: bool = ...,
    kernel_depth: int = ...,
    temporal_stride: int = ...,
    filter_group: int = ...,
    temporal_pad: int = ...,
    hole: int = ...,
    hole_h: int = ...,
    hole_w: int = ...,
    conv_mode: int | str = ...,
    dump_parameter: bool = ...,
    dump_activation: bool = ...,
    parameter_sparsity_pattern_histogram: bool = ...,
    cudnn_convolution_algo_seeker: int | str = ...,
    conv_algos_override: str = ...,
    relu: bool = ...,
    negative_slope: float = ...,
    conv_algorithm: str = ...,
    coeff: float | Sequence[float] = ...,
    fusion_type: int | str = ...,
    cudnn_flavor: int | str = ...,
    fuse_type: int | str = ...,
    eltwise_param: Mapping[str, object] | Message = ...,
    relu_param: Mapping[str, object] | Message = ...,
    paramq: int = ...,
    params: float = ...,
    scale_in: float = ...,
    scale_out: float = ...,
    a_min: int = ...,
    a_max: int = ...,
    kernel_shape: Mapping[str, object] | Message = ...,
    pad_shape: Mapping[str, object] | Message = ...,
    stride_shape: Mapping[str, object] | Message = ...,
    shape_offset: int | Sequence[int] = ...,
    mem_group_size: int = ...,
    dilation_h: int = ...,
    dilation_w: int = ...,
    **more: object,
) -> Top:
    """
    A ConvolutionReLU layer: its bottoms, then fields as keywords. Those of convolution_param:

    num_output: Number of output channels. Weights are (num_output, channels / group, kernel
        ...); those of Deconvolution (channels, num_output / group, kernel ...).
    bias_term: Whether to add a learned number to each output channel. Useless before a
        BatchNorm, which subtracts it again.
    pad: Zeros added on both sides; 0 unless set.
    kernel_size: Size of the window.
    stride: Step of the window; 1 unless set.
    dilation: Distance of the inputs that a window joins; 1 unless set.
    pad_h: Zeros above and below; for images, in place of `pad`.
    pad_w: Zeros to the left and right.
    kernel_h: Height of the window; in place of `kernel_size`.
    kernel_w: Width of the window.
    stride_h: Vertical step; in place of `stride`.
    stride_w: Horizontal step.
    group: Into how many parts channels and outputs are divided, each joined only to its
        like.
    weight_filler: Initial weights; 0 unless set, which learns nothing.
    bias_filler: Initial bias; 0 unless set.
    engine: The code to run. CAFFE: numpy, whatever `--engine` says; otherwise `--engine`
        chooses.
    axis: The axis of the channels; all after it are spatial, all before it batch.
    force_nd_im2col: Whether to use the code for any number of axes even for images; same
        results.
    kernel_depth: [C3D]
    temporal_stride: [C3D]
    filter_group: [C3D]
    temporal_pad: [C3D]
    hole: [DeepLab]
    hole_h: [DeepLab]
    hole_w: [DeepLab]
    conv_mode: [SkimCaffe]
    dump_parameter: [SkimCaffe]
    dump_activation: [SkimCaffe]
    parameter_sparsity_pattern_histogram: [SkimCaffe]
    cudnn_convolution_algo_seeker: [NVCaffe and Vitis AI]
    conv_algos_override: [NVCaffe]
    relu: [Intel Caffe]
    negative_slope: [Intel Caffe]
    conv_algorithm: [Intel Caffe]
    coeff: [Intel Caffe]
    fusion_type: [Intel Caffe]
    cudnn_flavor: [jolibrain's Caffe]
    fuse_type: [naibaf7's Caffe]
    eltwise_param: [naibaf7's Caffe]
    relu_param: [naibaf7's Caffe]
    paramq: [MNN]
    params: [MNN]
    scale_in: [MNN]
    scale_out: [MNN]
    a_min: [MNN]
    a_max: [MNN]
    kernel_shape: [chuckcho/video-caffe]
    pad_shape: [chuckcho/video-caffe]
    stride_shape: [chuckcho/video-caffe]
    shape_offset: [happynear's Caffe]
    mem_group_size: [forks of Caffe's history]
    dilation_h: [TSN]
    dilation_w: [TSN]
    """

@overload
def ConvolutionReLU(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def ConvolutionReLU(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def ConvolutionReLUPool(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    num_output: int = ...,
    bias_term: bool = ...,
    pad: int | Sequence[int] = ...,
    kernel_size: int | Sequence[int] = ...,
    stride: int | Sequence[int] = ...,
    dilation: int | Sequence[int] = ...,
    pad_h: int = ...,
    pad_w: int = ...,
    kernel_h: int = ...,
    kernel_w: int = ...,
    stride_h: int = ...,
    stride_w: int = ...,
    group: int = ...,
    weight_filler: Mapping[str, object] | Message = ...,
    bias_filler: Mapping[str, object] | Message = ...,
    axis: int = ...,
    force_nd_im2col: bool = ...,
    kernel_depth: int = ...,
    temporal_stride: int = ...,
    filter_group: int = ...,
    temporal_pad: int = ...,
    hole: int = ...,
    hole_h: int = ...,
    hole_w: int = ...,
    conv_mode: int | str = ...,
    dump_parameter: bool = ...,
    dump_activation: bool = ...,
    parameter_sparsity_pattern_histogram: bool = ...,
    cudnn_convolution_algo_seeker: int | str = ...,
    conv_algos_override: str = ...,
    relu: bool = ...,
    negative_slope: float = ...,
    conv_algorithm: str = ...,
    coeff: float | Sequence[float] = ...,
    fusion_type: int | str = ...,
    cudnn_flavor: int | str = ...,
    fuse_type: int | str = ...,
    eltwise_param: Mapping[str, object] | Message = ...,
    relu_param: Mapping[str, object] | Message = ...,
    paramq: int = ...,
    params: float = ...,
    scale_in: float = ...,
    scale_out: float = ...,
    a_min: int = ...,
    a_max: int = ...,
    kernel_shape: Mapping[str, object] | Message = ...,
    pad_shape: Mapping[str, object] | Message = ...,
    stride_shape: Mapping[str, object] | Message = ...,
    shape_offset: int | Sequence[int] = ...,
    mem_group_size: int = ...,
    dilation_h: int = ...,
    dilation_w: int = ...,
    **more: object,
) -> Top:
    """
    A ConvolutionReLUPool layer: its bottoms, then fields as keywords. Those of convolution_param:

    num_output: Number of output channels. Weights are (num_output, channels / group, kernel
        ...); those of Deconvolution (channels, num_output / group, kernel ...).
    bias_term: Whether to add a learned number to each output channel. Useless before a
        BatchNorm, which subtracts it again.
    pad: Zeros added on both sides; 0 unless set.
    kernel_size: Size of the window.
    stride: Step of the window; 1 unless set.
    dilation: Distance of the inputs that a window joins; 1 unless set.
    pad_h: Zeros above and below; for images, in place of `pad`.
    pad_w: Zeros to the left and right.
    kernel_h: Height of the window; in place of `kernel_size`.
    kernel_w: Width of the window.
    stride_h: Vertical step; in place of `stride`.
    stride_w: Horizontal step.
    group: Into how many parts channels and outputs are divided, each joined only to its
        like.
    weight_filler: Initial weights; 0 unless set, which learns nothing.
    bias_filler: Initial bias; 0 unless set.
    engine: The code to run. CAFFE: numpy, whatever `--engine` says; otherwise `--engine`
        chooses.
    axis: The axis of the channels; all after it are spatial, all before it batch.
    force_nd_im2col: Whether to use the code for any number of axes even for images; same
        results.
    kernel_depth: [C3D]
    temporal_stride: [C3D]
    filter_group: [C3D]
    temporal_pad: [C3D]
    hole: [DeepLab]
    hole_h: [DeepLab]
    hole_w: [DeepLab]
    conv_mode: [SkimCaffe]
    dump_parameter: [SkimCaffe]
    dump_activation: [SkimCaffe]
    parameter_sparsity_pattern_histogram: [SkimCaffe]
    cudnn_convolution_algo_seeker: [NVCaffe and Vitis AI]
    conv_algos_override: [NVCaffe]
    relu: [Intel Caffe]
    negative_slope: [Intel Caffe]
    conv_algorithm: [Intel Caffe]
    coeff: [Intel Caffe]
    fusion_type: [Intel Caffe]
    cudnn_flavor: [jolibrain's Caffe]
    fuse_type: [naibaf7's Caffe]
    eltwise_param: [naibaf7's Caffe]
    relu_param: [naibaf7's Caffe]
    paramq: [MNN]
    params: [MNN]
    scale_in: [MNN]
    scale_out: [MNN]
    a_min: [MNN]
    a_max: [MNN]
    kernel_shape: [chuckcho/video-caffe]
    pad_shape: [chuckcho/video-caffe]
    stride_shape: [chuckcho/video-caffe]
    shape_offset: [happynear's Caffe]
    mem_group_size: [forks of Caffe's history]
    dilation_h: [TSN]
    dilation_w: [TSN]
    """

@overload
def ConvolutionReLUPool(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def ConvolutionReLUPool(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def ConvolutionReLUPoolLRN(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    num_output: int = ...,
    bias_term: bool = ...,
    pad: int | Sequence[int] = ...,
    kernel_size: int | Sequence[int] = ...,
    stride: int | Sequence[int] = ...,
    dilation: int | Sequence[int] = ...,
    pad_h: int = ...,
    pad_w: int = ...,
    kernel_h: int = ...,
    kernel_w: int = ...,
    stride_h: int = ...,
    stride_w: int = ...,
    group: int = ...,
    weight_filler: Mapping[str, object] | Message = ...,
    bias_filler: Mapping[str, object] | Message = ...,
    axis: int = ...,
    force_nd_im2col: bool = ...,
    kernel_depth: int = ...,
    temporal_stride: int = ...,
    filter_group: int = ...,
    temporal_pad: int = ...,
    hole: int = ...,
    hole_h: int = ...,
    hole_w: int = ...,
    conv_mode: int | str = ...,
    dump_parameter: bool = ...,
    dump_activation: bool = ...,
    parameter_sparsity_pattern_histogram: bool = ...,
    cudnn_convolution_algo_seeker: int | str = ...,
    conv_algos_override: str = ...,
    relu: bool = ...,
    negative_slope: float = ...,
    conv_algorithm: str = ...,
    coeff: float | Sequence[float] = ...,
    fusion_type: int | str = ...,
    cudnn_flavor: int | str = ...,
    fuse_type: int | str = ...,
    eltwise_param: Mapping[str, object] | Message = ...,
    relu_param: Mapping[str, object] | Message = ...,
    paramq: int = ...,
    params: float = ...,
    scale_in: float = ...,
    scale_out: float = ...,
    a_min: int = ...,
    a_max: int = ...,
    kernel_shape: Mapping[str, object] | Message = ...,
    pad_shape: Mapping[str, object] | Message = ...,
    stride_shape: Mapping[str, object] | Message = ...,
    shape_offset: int | Sequence[int] = ...,
    mem_group_size: int = ...,
    dilation_h: int = ...,
    dilation_w: int = ...,
    **more: object,
) -> Top:
    """
    A ConvolutionReLUPoolLRN layer: its bottoms, then fields as keywords. Those of convolution_param:

    num_output: Number of output channels. Weights are (num_output, channels / group, kernel
        ...); those of Deconvolution (channels, num_output / group, kernel ...).
    bias_term: Whether to add a learned number to each output channel. Useless before a
        BatchNorm, which subtracts it again.
    pad: Zeros added on both sides; 0 unless set.
    kernel_size: Size of the window.
    stride: Step of the window; 1 unless set.
    dilation: Distance of the inputs that a window joins; 1 unless set.
    pad_h: Zeros above and below; for images, in place of `pad`.
    pad_w: Zeros to the left and right.
    kernel_h: Height of the window; in place of `kernel_size`.
    kernel_w: Width of the window.
    stride_h: Vertical step; in place of `stride`.
    stride_w: Horizontal step.
    group: Into how many parts channels and outputs are divided, each joined only to its
        like.
    weight_filler: Initial weights; 0 unless set, which learns nothing.
    bias_filler: Initial bias; 0 unless set.
    engine: The code to run. CAFFE: numpy, whatever `--engine` says; otherwise `--engine`
        chooses.
    axis: The axis of the channels; all after it are spatial, all before it batch.
    force_nd_im2col: Whether to use the code for any number of axes even for images; same
        results.
    kernel_depth: [C3D]
    temporal_stride: [C3D]
    filter_group: [C3D]
    temporal_pad: [C3D]
    hole: [DeepLab]
    hole_h: [DeepLab]
    hole_w: [DeepLab]
    conv_mode: [SkimCaffe]
    dump_parameter: [SkimCaffe]
    dump_activation: [SkimCaffe]
    parameter_sparsity_pattern_histogram: [SkimCaffe]
    cudnn_convolution_algo_seeker: [NVCaffe and Vitis AI]
    conv_algos_override: [NVCaffe]
    relu: [Intel Caffe]
    negative_slope: [Intel Caffe]
    conv_algorithm: [Intel Caffe]
    coeff: [Intel Caffe]
    fusion_type: [Intel Caffe]
    cudnn_flavor: [jolibrain's Caffe]
    fuse_type: [naibaf7's Caffe]
    eltwise_param: [naibaf7's Caffe]
    relu_param: [naibaf7's Caffe]
    paramq: [MNN]
    params: [MNN]
    scale_in: [MNN]
    scale_out: [MNN]
    a_min: [MNN]
    a_max: [MNN]
    kernel_shape: [chuckcho/video-caffe]
    pad_shape: [chuckcho/video-caffe]
    stride_shape: [chuckcho/video-caffe]
    shape_offset: [happynear's Caffe]
    mem_group_size: [forks of Caffe's history]
    dilation_h: [TSN]
    dilation_w: [TSN]
    """

@overload
def ConvolutionReLUPoolLRN(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def ConvolutionReLUPoolLRN(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def ConvolutionRistretto(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    num_output: int = ...,
    bias_term: bool = ...,
    pad: int | Sequence[int] = ...,
    kernel_size: int | Sequence[int] = ...,
    stride: int | Sequence[int] = ...,
    dilation: int | Sequence[int] = ...,
    pad_h: int = ...,
    pad_w: int = ...,
    kernel_h: int = ...,
    kernel_w: int = ...,
    stride_h: int = ...,
    stride_w: int = ...,
    group: int = ...,
    weight_filler: Mapping[str, object] | Message = ...,
    bias_filler: Mapping[str, object] | Message = ...,
    axis: int = ...,
    force_nd_im2col: bool = ...,
    kernel_depth: int = ...,
    temporal_stride: int = ...,
    filter_group: int = ...,
    temporal_pad: int = ...,
    hole: int = ...,
    hole_h: int = ...,
    hole_w: int = ...,
    conv_mode: int | str = ...,
    dump_parameter: bool = ...,
    dump_activation: bool = ...,
    parameter_sparsity_pattern_histogram: bool = ...,
    cudnn_convolution_algo_seeker: int | str = ...,
    conv_algos_override: str = ...,
    relu: bool = ...,
    negative_slope: float = ...,
    conv_algorithm: str = ...,
    coeff: float | Sequence[float] = ...,
    fusion_type: int | str = ...,
    cudnn_flavor: int | str = ...,
    fuse_type: int | str = ...,
    eltwise_param: Mapping[str, object] | Message = ...,
    relu_param: Mapping[str, object] | Message = ...,
    paramq: int = ...,
    params: float = ...,
    scale_in: float = ...,
    scale_out: float = ...,
    a_min: int = ...,
    a_max: int = ...,
    kernel_shape: Mapping[str, object] | Message = ...,
    pad_shape: Mapping[str, object] | Message = ...,
    stride_shape: Mapping[str, object] | Message = ...,
    shape_offset: int | Sequence[int] = ...,
    mem_group_size: int = ...,
    dilation_h: int = ...,
    dilation_w: int = ...,
    **more: object,
) -> Top:
    """
    A ConvolutionRistretto layer: its bottoms, then fields as keywords. Those of convolution_param:

    num_output: Number of output channels. Weights are (num_output, channels / group, kernel
        ...); those of Deconvolution (channels, num_output / group, kernel ...).
    bias_term: Whether to add a learned number to each output channel. Useless before a
        BatchNorm, which subtracts it again.
    pad: Zeros added on both sides; 0 unless set.
    kernel_size: Size of the window.
    stride: Step of the window; 1 unless set.
    dilation: Distance of the inputs that a window joins; 1 unless set.
    pad_h: Zeros above and below; for images, in place of `pad`.
    pad_w: Zeros to the left and right.
    kernel_h: Height of the window; in place of `kernel_size`.
    kernel_w: Width of the window.
    stride_h: Vertical step; in place of `stride`.
    stride_w: Horizontal step.
    group: Into how many parts channels and outputs are divided, each joined only to its
        like.
    weight_filler: Initial weights; 0 unless set, which learns nothing.
    bias_filler: Initial bias; 0 unless set.
    engine: The code to run. CAFFE: numpy, whatever `--engine` says; otherwise `--engine`
        chooses.
    axis: The axis of the channels; all after it are spatial, all before it batch.
    force_nd_im2col: Whether to use the code for any number of axes even for images; same
        results.
    kernel_depth: [C3D]
    temporal_stride: [C3D]
    filter_group: [C3D]
    temporal_pad: [C3D]
    hole: [DeepLab]
    hole_h: [DeepLab]
    hole_w: [DeepLab]
    conv_mode: [SkimCaffe]
    dump_parameter: [SkimCaffe]
    dump_activation: [SkimCaffe]
    parameter_sparsity_pattern_histogram: [SkimCaffe]
    cudnn_convolution_algo_seeker: [NVCaffe and Vitis AI]
    conv_algos_override: [NVCaffe]
    relu: [Intel Caffe]
    negative_slope: [Intel Caffe]
    conv_algorithm: [Intel Caffe]
    coeff: [Intel Caffe]
    fusion_type: [Intel Caffe]
    cudnn_flavor: [jolibrain's Caffe]
    fuse_type: [naibaf7's Caffe]
    eltwise_param: [naibaf7's Caffe]
    relu_param: [naibaf7's Caffe]
    paramq: [MNN]
    params: [MNN]
    scale_in: [MNN]
    scale_out: [MNN]
    a_min: [MNN]
    a_max: [MNN]
    kernel_shape: [chuckcho/video-caffe]
    pad_shape: [chuckcho/video-caffe]
    stride_shape: [chuckcho/video-caffe]
    shape_offset: [happynear's Caffe]
    mem_group_size: [forks of Caffe's history]
    dilation_h: [TSN]
    dilation_w: [TSN]
    """

@overload
def ConvolutionRistretto(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def ConvolutionRistretto(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Correlation(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    pad: int = ...,
    kernel_size: int = ...,
    max_displacement: int = ...,
    stride_1: int = ...,
    stride_2: int = ...,
    do_abs: bool = ...,
    single_direction: int = ...,
    correlation_type: int | str = ...,
    **more: object,
) -> Top:
    """
    A Correlation layer: its bottoms, then fields as keywords. Those of correlation_param:

    pad: Zeros added on each side.
    kernel_size: Size of a patch; odd.
    max_displacement: How far patches may be apart.
    stride_1: Step of the patches of the first map.
    stride_2: Step of the patches of the second map.
    do_abs: Not used.
    single_direction: Compare to the left (-1) or right (1) only; 0 both. For Correlation1D.
    correlation_type: How to compare.
    """

@overload
def Correlation(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Correlation(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Crop(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    axis: int = ...,
    offset: int | Sequence[int] = ...,
    align: bool = ...,
    center_crop: bool = ...,
    crop_h: int = ...,
    crop_w: int = ...,
    num_args: int = ...,
    offset_c: int = ...,
    offset_h: int = ...,
    offset_height: int = ...,
    offset_w: int = ...,
    offset_width: int = ...,
    blob_name: str | Sequence[str] = ...,
    **more: object,
) -> Top:
    """
    A Crop layer: its bottoms, then fields as keywords. Those of crop_param:

    axis: The first axis to cut; those before it stay.
    offset: Where the cut begins: one number, or one for each axis cut; 0 unless set.
    align: The cut begins where the second bottom lies on the first one, by the windows of
        the layers that both were made with (V1's CROP). [minicaffe]
    center_crop: [Tengine]
    crop_h: [Tengine]
    crop_w: [Tengine]
    num_args: [Tengine]
    offset_c: [Tengine]
    offset_h: [Tengine]
    offset_height: [eldar/deepcut-cnn]
    offset_w: [Tengine]
    offset_width: [eldar/deepcut-cnn]
    blob_name: [forks of Caffe's history]
    """

@overload
def Crop(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Crop(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def CropCenter(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    crop_size: int | Sequence[int] = ...,
    **more: object,
) -> Top:
    """
    A CropCenter layer: its bottoms, then fields as keywords. Those of crop_center_param:

    crop_size: What to cut at both ends of each axis; one entry for each axis of the bottom.
    """

@overload
def CropCenter(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def CropCenter(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def CtcLoss(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    alphabet_size: int = ...,
    time_step: int = ...,
    blank_label: int = ...,
    **more: object,
) -> Top:
    """
    A CtcLoss layer: its bottoms, then fields as keywords. Those of ctc_loss_param:

    alphabet_size: Number of classes, the blank among them; checked against the bottom.
    time_step: Number of steps; checked against the bottom.
    blank_label: The class that means nothing.
    """

@overload
def CtcLoss(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def CtcLoss(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def CuDNNBatchNorm(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    bias_filler: Mapping[str, object] | Message = ...,
    eps: float = ...,
    frozen: bool = ...,
    momentum: float = ...,
    scale_filler: Mapping[str, object] | Message = ...,
    sync: bool = ...,
    **more: object,
) -> Top:
    """
    A CuDNNBatchNorm layer: its bottoms, then fields as keywords. Those of cudnn_batch_norm_param:

    bias_filler: Initial offsets.
    eps: Added to the variance; at least 1e-5 counts.
    frozen: Use the stored statistics in TRAIN, too, and learn nothing.
    momentum: What the stored statistics keep of themselves in each batch.
    scale_filler: Initial factors.
    sync: Where several processes train together: take the batch's statistics over the
        batches of all of them. [minicaffe]
    """

@overload
def CuDNNBatchNorm(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def CuDNNBatchNorm(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Data(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    source: str = ...,
    batch_size: int = ...,
    rand_skip: int = ...,
    backend: int | str = ...,
    scale: float = ...,
    mean_file: str = ...,
    crop_size: int = ...,
    mirror: bool = ...,
    force_encoded_color: bool = ...,
    prefetch: int = ...,
    transform_param: Mapping[str, object] | Message = ...,
    mpi_skip_step: int = ...,
    mem_data_source: str = ...,
    shuffle: bool = ...,
    show_data: int = ...,
    threads: int = ...,
    parser_threads: int = ...,
    cache: bool = ...,
    precache: bool = ...,
    side: int | Sequence[int] = ...,
    disk_reader_threads: int = ...,
    huge_video_dataset: bool = ...,
    limit_samples: int = ...,
    preselection_file: str = ...,
    preselection_label: int = ...,
    range_start: int = ...,
    range_end: int = ...,
    rand_permute: bool = ...,
    rand_permute_order: int | str = ...,
    rand_permute_seed: int = ...,
    slice_point: int | Sequence[int] = ...,
    encoding: int | str | Sequence[int | str] = ...,
    verbose: bool = ...,
    subtract: float | Sequence[float] = ...,
    permute_every_iter: int = ...,
    block_size: int = ...,
    label_size: int = ...,
    data_width: int = ...,
    output_width: bool = ...,
    multi_gpu_testing: bool = ...,
    shuffle_skip_max: int = ...,
    **more: object,
) -> Top:
    """
    A Data layer: its bottoms, then fields as keywords. Those of data_param:

    source: Folder of the database.
    batch_size: Images in a batch.
    rand_skip: Skip a random number of records below this at the start, so that several
        programs do not read the same images at the same time.
    backend: The kind of database; mind that the default is not LMDB.
    scale: Old place of transform_param's `scale`.
    mean_file: Old place of transform_param's `mean_file`.
    crop_size: Old place of transform_param's `crop_size`.
    mirror: Old place of transform_param's `mirror`.
    force_encoded_color: Whether to decode encoded images in colour.
    prefetch: How many batches to read ahead.
    transform_param: Earlier place of the layer's transform_param. [forks of Caffe's
        history]
    mpi_skip_step: [forks of Caffe's history]
    mem_data_source: [forks of Caffe's history]
    shuffle: [TSN, NVCaffe and others]
    show_data: [C3D]
    threads: [NVCaffe and Vitis AI]
    parser_threads: [NVCaffe]
    cache: [NVCaffe]
    precache: [NVCaffe]
    side: [Intel Caffe, YOLO ports and others]
    disk_reader_threads: [FlowNet]
    huge_video_dataset: [FlowNet]
    limit_samples: [FlowNet]
    preselection_file: [FlowNet]
    preselection_label: [FlowNet]
    range_start: [FlowNet]
    range_end: [FlowNet]
    rand_permute: [FlowNet]
    rand_permute_order: [FlowNet]
    rand_permute_seed: [FlowNet]
    slice_point: [FlowNet]
    encoding: [FlowNet]
    verbose: [FlowNet]
    subtract: [FlowNet]
    permute_every_iter: [FlowNet]
    block_size: [FlowNet]
    label_size: [MNN]
    data_width: [MNN]
    output_width: [MNN]
    multi_gpu_testing: [Vitis AI]
    shuffle_skip_max: [caffe-jacinto]
    """

@overload
def Data(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Data(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def DecodeBBox(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    gt_iou_thr: float = ...,
    **more: object,
) -> Top:
    """
    A DecodeBBox layer: its bottoms, then fields as keywords. Those of decode_bbox_param:

    gt_iou_thr: [Cascade R-CNN]
    """

@overload
def DecodeBBox(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def DecodeBBox(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Deconvolution(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    num_output: int = ...,
    bias_term: bool = ...,
    pad: int | Sequence[int] = ...,
    kernel_size: int | Sequence[int] = ...,
    stride: int | Sequence[int] = ...,
    dilation: int | Sequence[int] = ...,
    pad_h: int = ...,
    pad_w: int = ...,
    kernel_h: int = ...,
    kernel_w: int = ...,
    stride_h: int = ...,
    stride_w: int = ...,
    group: int = ...,
    weight_filler: Mapping[str, object] | Message = ...,
    bias_filler: Mapping[str, object] | Message = ...,
    axis: int = ...,
    force_nd_im2col: bool = ...,
    kernel_depth: int = ...,
    temporal_stride: int = ...,
    filter_group: int = ...,
    temporal_pad: int = ...,
    hole: int = ...,
    hole_h: int = ...,
    hole_w: int = ...,
    conv_mode: int | str = ...,
    dump_parameter: bool = ...,
    dump_activation: bool = ...,
    parameter_sparsity_pattern_histogram: bool = ...,
    cudnn_convolution_algo_seeker: int | str = ...,
    conv_algos_override: str = ...,
    relu: bool = ...,
    negative_slope: float = ...,
    conv_algorithm: str = ...,
    coeff: float | Sequence[float] = ...,
    fusion_type: int | str = ...,
    cudnn_flavor: int | str = ...,
    fuse_type: int | str = ...,
    eltwise_param: Mapping[str, object] | Message = ...,
    relu_param: Mapping[str, object] | Message = ...,
    paramq: int = ...,
    params: float = ...,
    scale_in: float = ...,
    scale_out: float = ...,
    a_min: int = ...,
    a_max: int = ...,
    kernel_shape: Mapping[str, object] | Message = ...,
    pad_shape: Mapping[str, object] | Message = ...,
    stride_shape: Mapping[str, object] | Message = ...,
    shape_offset: int | Sequence[int] = ...,
    mem_group_size: int = ...,
    dilation_h: int = ...,
    dilation_w: int = ...,
    **more: object,
) -> Top:
    """
    A Deconvolution layer: its bottoms, then fields as keywords. Those of convolution_param:

    num_output: Number of output channels. Weights are (num_output, channels / group, kernel
        ...); those of Deconvolution (channels, num_output / group, kernel ...).
    bias_term: Whether to add a learned number to each output channel. Useless before a
        BatchNorm, which subtracts it again.
    pad: Zeros added on both sides; 0 unless set.
    kernel_size: Size of the window.
    stride: Step of the window; 1 unless set.
    dilation: Distance of the inputs that a window joins; 1 unless set.
    pad_h: Zeros above and below; for images, in place of `pad`.
    pad_w: Zeros to the left and right.
    kernel_h: Height of the window; in place of `kernel_size`.
    kernel_w: Width of the window.
    stride_h: Vertical step; in place of `stride`.
    stride_w: Horizontal step.
    group: Into how many parts channels and outputs are divided, each joined only to its
        like.
    weight_filler: Initial weights; 0 unless set, which learns nothing.
    bias_filler: Initial bias; 0 unless set.
    engine: The code to run. CAFFE: numpy, whatever `--engine` says; otherwise `--engine`
        chooses.
    axis: The axis of the channels; all after it are spatial, all before it batch.
    force_nd_im2col: Whether to use the code for any number of axes even for images; same
        results.
    kernel_depth: [C3D]
    temporal_stride: [C3D]
    filter_group: [C3D]
    temporal_pad: [C3D]
    hole: [DeepLab]
    hole_h: [DeepLab]
    hole_w: [DeepLab]
    conv_mode: [SkimCaffe]
    dump_parameter: [SkimCaffe]
    dump_activation: [SkimCaffe]
    parameter_sparsity_pattern_histogram: [SkimCaffe]
    cudnn_convolution_algo_seeker: [NVCaffe and Vitis AI]
    conv_algos_override: [NVCaffe]
    relu: [Intel Caffe]
    negative_slope: [Intel Caffe]
    conv_algorithm: [Intel Caffe]
    coeff: [Intel Caffe]
    fusion_type: [Intel Caffe]
    cudnn_flavor: [jolibrain's Caffe]
    fuse_type: [naibaf7's Caffe]
    eltwise_param: [naibaf7's Caffe]
    relu_param: [naibaf7's Caffe]
    paramq: [MNN]
    params: [MNN]
    scale_in: [MNN]
    scale_out: [MNN]
    a_min: [MNN]
    a_max: [MNN]
    kernel_shape: [chuckcho/video-caffe]
    pad_shape: [chuckcho/video-caffe]
    stride_shape: [chuckcho/video-caffe]
    shape_offset: [happynear's Caffe]
    mem_group_size: [forks of Caffe's history]
    dilation_h: [TSN]
    dilation_w: [TSN]
    """

@overload
def Deconvolution(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Deconvolution(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Deconvolution3D(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    num_output: int = ...,
    bias_term: bool = ...,
    pad: int = ...,
    kernel_size: int = ...,
    group: int = ...,
    kernel_depth: int = ...,
    stride: int = ...,
    temporal_stride: int = ...,
    weight_filler: Mapping[str, object] | Message = ...,
    bias_filler: Mapping[str, object] | Message = ...,
    filter_group: int = ...,
    temporal_pad: int = ...,
    **more: object,
) -> Top:
    """
    A Deconvolution3D layer: its bottoms, then fields as keywords. Those of convolution3d_param:

    num_output: Number of outputs.
    bias_term: Whether outputs have an offset.
    pad: Zeros above, below, left and right.
    kernel_size: Height and width of the window.
    group: Number of groups.
    kernel_depth: Frames of the window.
    stride: Step in rows and columns.
    temporal_stride: Step in frames.
    weight_filler: Initial weights.
    bias_filler: Initial offsets.
    filter_group: How many parts the filters are computed in; it changes no result.
    temporal_pad: Frames of zeros before and after.
    """

@overload
def Deconvolution3D(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Deconvolution3D(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def DeconvolutionRistretto(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    num_output: int = ...,
    bias_term: bool = ...,
    pad: int | Sequence[int] = ...,
    kernel_size: int | Sequence[int] = ...,
    stride: int | Sequence[int] = ...,
    dilation: int | Sequence[int] = ...,
    pad_h: int = ...,
    pad_w: int = ...,
    kernel_h: int = ...,
    kernel_w: int = ...,
    stride_h: int = ...,
    stride_w: int = ...,
    group: int = ...,
    weight_filler: Mapping[str, object] | Message = ...,
    bias_filler: Mapping[str, object] | Message = ...,
    axis: int = ...,
    force_nd_im2col: bool = ...,
    kernel_depth: int = ...,
    temporal_stride: int = ...,
    filter_group: int = ...,
    temporal_pad: int = ...,
    hole: int = ...,
    hole_h: int = ...,
    hole_w: int = ...,
    conv_mode: int | str = ...,
    dump_parameter: bool = ...,
    dump_activation: bool = ...,
    parameter_sparsity_pattern_histogram: bool = ...,
    cudnn_convolution_algo_seeker: int | str = ...,
    conv_algos_override: str = ...,
    relu: bool = ...,
    negative_slope: float = ...,
    conv_algorithm: str = ...,
    coeff: float | Sequence[float] = ...,
    fusion_type: int | str = ...,
    cudnn_flavor: int | str = ...,
    fuse_type: int | str = ...,
    eltwise_param: Mapping[str, object] | Message = ...,
    relu_param: Mapping[str, object] | Message = ...,
    paramq: int = ...,
    params: float = ...,
    scale_in: float = ...,
    scale_out: float = ...,
    a_min: int = ...,
    a_max: int = ...,
    kernel_shape: Mapping[str, object] | Message = ...,
    pad_shape: Mapping[str, object] | Message = ...,
    stride_shape: Mapping[str, object] | Message = ...,
    shape_offset: int | Sequence[int] = ...,
    mem_group_size: int = ...,
    dilation_h: int = ...,
    dilation_w: int = ...,
    **more: object,
) -> Top:
    """
    A DeconvolutionRistretto layer: its bottoms, then fields as keywords. Those of convolution_param:

    num_output: Number of output channels. Weights are (num_output, channels / group, kernel
        ...); those of Deconvolution (channels, num_output / group, kernel ...).
    bias_term: Whether to add a learned number to each output channel. Useless before a
        BatchNorm, which subtracts it again.
    pad: Zeros added on both sides; 0 unless set.
    kernel_size: Size of the window.
    stride: Step of the window; 1 unless set.
    dilation: Distance of the inputs that a window joins; 1 unless set.
    pad_h: Zeros above and below; for images, in place of `pad`.
    pad_w: Zeros to the left and right.
    kernel_h: Height of the window; in place of `kernel_size`.
    kernel_w: Width of the window.
    stride_h: Vertical step; in place of `stride`.
    stride_w: Horizontal step.
    group: Into how many parts channels and outputs are divided, each joined only to its
        like.
    weight_filler: Initial weights; 0 unless set, which learns nothing.
    bias_filler: Initial bias; 0 unless set.
    engine: The code to run. CAFFE: numpy, whatever `--engine` says; otherwise `--engine`
        chooses.
    axis: The axis of the channels; all after it are spatial, all before it batch.
    force_nd_im2col: Whether to use the code for any number of axes even for images; same
        results.
    kernel_depth: [C3D]
    temporal_stride: [C3D]
    filter_group: [C3D]
    temporal_pad: [C3D]
    hole: [DeepLab]
    hole_h: [DeepLab]
    hole_w: [DeepLab]
    conv_mode: [SkimCaffe]
    dump_parameter: [SkimCaffe]
    dump_activation: [SkimCaffe]
    parameter_sparsity_pattern_histogram: [SkimCaffe]
    cudnn_convolution_algo_seeker: [NVCaffe and Vitis AI]
    conv_algos_override: [NVCaffe]
    relu: [Intel Caffe]
    negative_slope: [Intel Caffe]
    conv_algorithm: [Intel Caffe]
    coeff: [Intel Caffe]
    fusion_type: [Intel Caffe]
    cudnn_flavor: [jolibrain's Caffe]
    fuse_type: [naibaf7's Caffe]
    eltwise_param: [naibaf7's Caffe]
    relu_param: [naibaf7's Caffe]
    paramq: [MNN]
    params: [MNN]
    scale_in: [MNN]
    scale_out: [MNN]
    a_min: [MNN]
    a_max: [MNN]
    kernel_shape: [chuckcho/video-caffe]
    pad_shape: [chuckcho/video-caffe]
    stride_shape: [chuckcho/video-caffe]
    shape_offset: [happynear's Caffe]
    mem_group_size: [forks of Caffe's history]
    dilation_h: [TSN]
    dilation_w: [TSN]
    """

@overload
def DeconvolutionRistretto(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def DeconvolutionRistretto(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def DenseCRF(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    max_iter: int = ...,
    pos_xy_std: float | Sequence[float] = ...,
    pos_w: float | Sequence[float] = ...,
    bi_xy_std: float | Sequence[float] = ...,
    bi_rgb_std: float | Sequence[float] = ...,
    bi_w: float | Sequence[float] = ...,
    output_probability: bool = ...,
    **more: object,
) -> Top:
    """
    A DenseCRF layer: its bottoms, then fields as keywords. Those of dense_crf_param:

    max_iter: Steps of mean-field inference.
    pos_xy_std: Distances in pixels of the smoothness kernels.
    pos_w: Weights of the smoothness kernels.
    bi_xy_std: Distances in pixels of the appearance kernels.
    bi_rgb_std: Differences of colours of the appearance kernels.
    bi_w: Weights of the appearance kernels.
    output_probability: Whether to give probabilities, else their logarithms. [PSPNet]
    """

@overload
def DenseCRF(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def DenseCRF(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def DenseImageData(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    source: str = ...,
    batch_size: int = ...,
    rand_skip: int = ...,
    shuffle: bool = ...,
    new_height: int = ...,
    new_width: int = ...,
    is_color: bool = ...,
    mean_file: str = ...,
    root_folder: str = ...,
    mirror: bool = ...,
    crop_width: int = ...,
    crop_height: int = ...,
    rotate: bool = ...,
    one_hot_nclasses: int = ...,
    label_divide_factor: float = ...,
    **more: object,
) -> Top:
    """
    A DenseImageData layer: its bottoms, then fields as keywords. Those of dense_image_data_param:

    source: A text file with an image and a label image on each line.
    batch_size: Images in a batch.
    rand_skip: Skip a random number of lines below this at the start.
    shuffle: Whether to shuffle the lines.
    new_height: Resize to this height; 0 leaves it.
    new_width: Resize to this width; 0 leaves it.
    is_color: Whether to read in colour.
    mean_file: A .binaryproto file to subtract.
    root_folder: Put before each name.
    mirror: Whether to mirror at random.
    crop_width: Width of a random crop; 0 none.
    crop_height: Height of a random crop; 0 none.
    rotate: [jolibrain's Caffe]
    one_hot_nclasses: [jolibrain's Caffe]
    label_divide_factor: [ENet]
    """

@overload
def DenseImageData(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def DenseImageData(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def DepthwiseConvolution(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    num_output: int = ...,
    bias_term: bool = ...,
    pad: int | Sequence[int] = ...,
    kernel_size: int | Sequence[int] = ...,
    stride: int | Sequence[int] = ...,
    dilation: int | Sequence[int] = ...,
    pad_h: int = ...,
    pad_w: int = ...,
    kernel_h: int = ...,
    kernel_w: int = ...,
    stride_h: int = ...,
    stride_w: int = ...,
    group: int = ...,
    weight_filler: Mapping[str, object] | Message = ...,
    bias_filler: Mapping[str, object] | Message = ...,
    axis: int = ...,
    force_nd_im2col: bool = ...,
    kernel_depth: int = ...,
    temporal_stride: int = ...,
    filter_group: int = ...,
    temporal_pad: int = ...,
    hole: int = ...,
    hole_h: int = ...,
    hole_w: int = ...,
    conv_mode: int | str = ...,
    dump_parameter: bool = ...,
    dump_activation: bool = ...,
    parameter_sparsity_pattern_histogram: bool = ...,
    cudnn_convolution_algo_seeker: int | str = ...,
    conv_algos_override: str = ...,
    relu: bool = ...,
    negative_slope: float = ...,
    conv_algorithm: str = ...,
    coeff: float | Sequence[float] = ...,
    fusion_type: int | str = ...,
    cudnn_flavor: int | str = ...,
    fuse_type: int | str = ...,
    eltwise_param: Mapping[str, object] | Message = ...,
    relu_param: Mapping[str, object] | Message = ...,
    paramq: int = ...,
    params: float = ...,
    scale_in: float = ...,
    scale_out: float = ...,
    a_min: int = ...,
    a_max: int = ...,
    kernel_shape: Mapping[str, object] | Message = ...,
    pad_shape: Mapping[str, object] | Message = ...,
    stride_shape: Mapping[str, object] | Message = ...,
    shape_offset: int | Sequence[int] = ...,
    mem_group_size: int = ...,
    dilation_h: int = ...,
    dilation_w: int = ...,
    **more: object,
) -> Top:
    """
    A DepthwiseConvolution layer: its bottoms, then fields as keywords. Those of convolution_param:

    num_output: Number of output channels. Weights are (num_output, channels / group, kernel
        ...); those of Deconvolution (channels, num_output / group, kernel ...).
    bias_term: Whether to add a learned number to each output channel. Useless before a
        BatchNorm, which subtracts it again.
    pad: Zeros added on both sides; 0 unless set.
    kernel_size: Size of the window.
    stride: Step of the window; 1 unless set.
    dilation: Distance of the inputs that a window joins; 1 unless set.
    pad_h: Zeros above and below; for images, in place of `pad`.
    pad_w: Zeros to the left and right.
    kernel_h: Height of the window; in place of `kernel_size`.
    kernel_w: Width of the window.
    stride_h: Vertical step; in place of `stride`.
    stride_w: Horizontal step.
    group: Into how many parts channels and outputs are divided, each joined only to its
        like.
    weight_filler: Initial weights; 0 unless set, which learns nothing.
    bias_filler: Initial bias; 0 unless set.
    engine: The code to run. CAFFE: numpy, whatever `--engine` says; otherwise `--engine`
        chooses.
    axis: The axis of the channels; all after it are spatial, all before it batch.
    force_nd_im2col: Whether to use the code for any number of axes even for images; same
        results.
    kernel_depth: [C3D]
    temporal_stride: [C3D]
    filter_group: [C3D]
    temporal_pad: [C3D]
    hole: [DeepLab]
    hole_h: [DeepLab]
    hole_w: [DeepLab]
    conv_mode: [SkimCaffe]
    dump_parameter: [SkimCaffe]
    dump_activation: [SkimCaffe]
    parameter_sparsity_pattern_histogram: [SkimCaffe]
    cudnn_convolution_algo_seeker: [NVCaffe and Vitis AI]
    conv_algos_override: [NVCaffe]
    relu: [Intel Caffe]
    negative_slope: [Intel Caffe]
    conv_algorithm: [Intel Caffe]
    coeff: [Intel Caffe]
    fusion_type: [Intel Caffe]
    cudnn_flavor: [jolibrain's Caffe]
    fuse_type: [naibaf7's Caffe]
    eltwise_param: [naibaf7's Caffe]
    relu_param: [naibaf7's Caffe]
    paramq: [MNN]
    params: [MNN]
    scale_in: [MNN]
    scale_out: [MNN]
    a_min: [MNN]
    a_max: [MNN]
    kernel_shape: [chuckcho/video-caffe]
    pad_shape: [chuckcho/video-caffe]
    stride_shape: [chuckcho/video-caffe]
    shape_offset: [happynear's Caffe]
    mem_group_size: [forks of Caffe's history]
    dilation_h: [TSN]
    dilation_w: [TSN]
    """

@overload
def DepthwiseConvolution(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def DepthwiseConvolution(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Detection(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    **more: object,
) -> Top:
    """
    A Detection layer: its bottoms, then fields as keywords.
    """

@overload
def Detection(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Detection(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def DetectionAccuracy(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    bg_threshold: float = ...,
    cls_num: int = ...,
    coord_num: int = ...,
    downsample_rate: int = ...,
    field_h: int = ...,
    field_w: int = ...,
    field_whr: float = ...,
    field_xyr: float = ...,
    objectness: bool = ...,
    top_k: int = ...,
    **more: object,
) -> Top:
    """
    A DetectionAccuracy layer: its bottoms, then fields as keywords. Those of detection_accuracy_param:

    bg_threshold: [MS-CNN]
    cls_num: [MS-CNN]
    coord_num: [MS-CNN]
    downsample_rate: [MS-CNN]
    field_h: [MS-CNN]
    field_w: [MS-CNN]
    field_whr: [MS-CNN]
    field_xyr: [MS-CNN]
    objectness: [MS-CNN]
    top_k: [MS-CNN]
    """

@overload
def DetectionAccuracy(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def DetectionAccuracy(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def DetectionData(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    source: str = ...,
    scale: float = ...,
    batch_size: int = ...,
    coord_num: int = ...,
    stride: int | Sequence[int] = ...,
    field_h: int | Sequence[int] = ...,
    field_w: int | Sequence[int] = ...,
    fg_threshold: float = ...,
    ignore_fg_threshold: float = ...,
    resize_width: int = ...,
    resize_height: int = ...,
    resize_ratio: float = ...,
    crop_width: int = ...,
    crop_height: int = ...,
    min_scale: float = ...,
    max_scale: float = ...,
    low_scale_ratio: float = ...,
    high_scale_ratio: float = ...,
    multiscale_prob: float = ...,
    min_whaspect: float = ...,
    max_whaspect: float = ...,
    short_size: int = ...,
    long_size: int = ...,
    crop_short_size: int = ...,
    crop_long_size: int = ...,
    template_ratio: float | Sequence[float] = ...,
    min_gt_width: float = ...,
    min_gt_height: float = ...,
    anchor_ignore_margin_ratio: float = ...,
    anchor_ignore_iou_thr: float = ...,
    pickup_iou_thr: float = ...,
    shuffle: str = ...,
    mix_group_size: int = ...,
    output_gt_boxes: bool = ...,
    cache_images: bool = ...,
    root_folder: str = ...,
    distort_param: Mapping[str, object] | Message = ...,
    resize_param: Mapping[str, object] | Message = ...,
    **more: object,
) -> Top:
    """
    A DetectionData layer: its bottoms, then fields as keywords. Those of detection_data_param:

    source: [Cascade R-CNN]
    scale: [Cascade R-CNN]
    batch_size: [Cascade R-CNN]
    coord_num: [Cascade R-CNN]
    stride: [Cascade R-CNN]
    field_h: [Cascade R-CNN]
    field_w: [Cascade R-CNN]
    fg_threshold: [Cascade R-CNN]
    ignore_fg_threshold: [Cascade R-CNN]
    resize_width: [Cascade R-CNN]
    resize_height: [Cascade R-CNN]
    resize_ratio: [Cascade R-CNN]
    crop_width: [Cascade R-CNN]
    crop_height: [Cascade R-CNN]
    min_scale: [Cascade R-CNN]
    max_scale: [Cascade R-CNN]
    low_scale_ratio: [Cascade R-CNN]
    high_scale_ratio: [Cascade R-CNN]
    multiscale_prob: [Cascade R-CNN]
    min_whaspect: [Cascade R-CNN]
    max_whaspect: [Cascade R-CNN]
    short_size: [Cascade R-CNN]
    long_size: [Cascade R-CNN]
    crop_short_size: [Cascade R-CNN]
    crop_long_size: [Cascade R-CNN]
    template_ratio: [Cascade R-CNN]
    min_gt_width: [Cascade R-CNN]
    min_gt_height: [Cascade R-CNN]
    anchor_ignore_margin_ratio: [Cascade R-CNN]
    anchor_ignore_iou_thr: [Cascade R-CNN]
    pickup_iou_thr: [Cascade R-CNN]
    shuffle: [Cascade R-CNN]
    mix_group_size: [Cascade R-CNN]
    output_gt_boxes: [Cascade R-CNN]
    cache_images: [Cascade R-CNN]
    root_folder: [Cascade R-CNN]
    distort_param: [Cascade R-CNN]
    resize_param: [Cascade R-CNN]
    """

@overload
def DetectionData(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def DetectionData(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def DetectionEvaluate(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    num_classes: int = ...,
    background_label_id: int = ...,
    overlap_threshold: float = ...,
    evaluate_difficult_gt: bool = ...,
    name_size_file: str = ...,
    resize_param: Mapping[str, object] | Message = ...,
    output_logits: bool = ...,
    **more: object,
) -> Top:
    """
    A DetectionEvaluate layer: its bottoms, then fields as keywords. Those of detection_evaluate_param:

    num_classes: Number of classes, background included.
    background_label_id: The class of the background.
    overlap_threshold: How much a detection must overlap a true box to be right.
    evaluate_difficult_gt: Whether boxes marked as difficult count.
    name_size_file: A text file with name, height and width of each image.
    resize_param: How the images were resized.
    output_logits: Whether a third bottom has the scores before the softmax, which the top
        then has, too. [jolibrain's Caffe]
    """

@overload
def DetectionEvaluate(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def DetectionEvaluate(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def DetectionGroupAccuracy(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    cls_num: int = ...,
    field_h: int | Sequence[int] = ...,
    field_w: int | Sequence[int] = ...,
    stride: int = ...,
    field_whr: float = ...,
    field_xyr: float = ...,
    bg_threshold: float = ...,
    objectness: bool = ...,
    **more: object,
) -> Top:
    """
    A DetectionGroupAccuracy layer: its bottoms, then fields as keywords. Those of detection_group_accuracy_param:

    cls_num: [Cascade R-CNN]
    field_h: [Cascade R-CNN]
    field_w: [Cascade R-CNN]
    stride: [Cascade R-CNN]
    field_whr: [Cascade R-CNN]
    field_xyr: [Cascade R-CNN]
    bg_threshold: [Cascade R-CNN]
    objectness: [Cascade R-CNN]
    """

@overload
def DetectionGroupAccuracy(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def DetectionGroupAccuracy(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def DetectionGroupLoss(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    cls_num: int = ...,
    field_h: int | Sequence[int] = ...,
    field_w: int | Sequence[int] = ...,
    stride: int = ...,
    field_whr: float = ...,
    field_xyr: float = ...,
    bg_threshold: float = ...,
    bg_multiple: int = ...,
    neg_mining_type: str = ...,
    neg_ranking_type: str = ...,
    min_num_neg: int = ...,
    objectness: bool = ...,
    batch_size: int = ...,
    pos_neg_weighted: bool = ...,
    bbox_loss_type: str = ...,
    **more: object,
) -> Top:
    """
    A DetectionGroupLoss layer: its bottoms, then fields as keywords. Those of detection_group_loss_param:

    cls_num: [Cascade R-CNN]
    lambda: [Cascade R-CNN]
    field_h: [Cascade R-CNN]
    field_w: [Cascade R-CNN]
    stride: [Cascade R-CNN]
    field_whr: [Cascade R-CNN]
    field_xyr: [Cascade R-CNN]
    bg_threshold: [Cascade R-CNN]
    bg_multiple: [Cascade R-CNN]
    neg_mining_type: [Cascade R-CNN]
    neg_ranking_type: [Cascade R-CNN]
    min_num_neg: [Cascade R-CNN]
    objectness: [Cascade R-CNN]
    batch_size: [Cascade R-CNN]
    pos_neg_weighted: [Cascade R-CNN]
    bbox_loss_type: [Cascade R-CNN]
    """

@overload
def DetectionGroupLoss(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def DetectionGroupLoss(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def DetectionLoss(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    side: int = ...,
    num_class: int = ...,
    num_object: int = ...,
    object_scale: float = ...,
    noobject_scale: float = ...,
    class_scale: float = ...,
    coord_scale: float = ...,
    sqrt: bool = ...,
    constriant: bool = ...,
    bb_smooth: bool = ...,
    bg_multiple: int = ...,
    bg_threshold: float = ...,
    cls_num: int = ...,
    coord_num: int = ...,
    downsample_rate: int = ...,
    field_h: int = ...,
    field_w: int = ...,
    field_whr: float = ...,
    field_xyr: float = ...,
    iou_weighted: bool = ...,
    objectness: bool = ...,
    pos_neg_weighted: bool = ...,
    sample_mode: str = ...,
    **more: object,
) -> Top:
    """
    A DetectionLoss layer: its bottoms, then fields as keywords. Those of detection_loss_param:

    side: [YOLO ports and PytorchToCaffe]
    num_class: [YOLO ports and PytorchToCaffe]
    num_object: [YOLO ports and PytorchToCaffe]
    object_scale: [YOLO ports and PytorchToCaffe]
    noobject_scale: [YOLO ports and PytorchToCaffe]
    class_scale: [YOLO ports and PytorchToCaffe]
    coord_scale: [YOLO ports and PytorchToCaffe]
    sqrt: [YOLO ports and PytorchToCaffe]
    constriant: [YOLO ports and PytorchToCaffe]
    bb_smooth: [MS-CNN]
    bg_multiple: [MS-CNN]
    bg_threshold: [MS-CNN]
    cls_num: [MS-CNN]
    coord_num: [MS-CNN]
    downsample_rate: [MS-CNN]
    field_h: [MS-CNN]
    field_w: [MS-CNN]
    field_whr: [MS-CNN]
    field_xyr: [MS-CNN]
    iou_weighted: [MS-CNN]
    lambda: [MS-CNN]
    objectness: [MS-CNN]
    pos_neg_weighted: [MS-CNN]
    sample_mode: [MS-CNN]
    """

@overload
def DetectionLoss(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def DetectionLoss(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def DetectionOutput(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    num_classes: int = ...,
    share_location: bool = ...,
    background_label_id: int = ...,
    nms_param: Mapping[str, object] | Message = ...,
    save_output_param: Mapping[str, object] | Message = ...,
    code_type: int | str = ...,
    keep_top_k: int = ...,
    variance_encoded_in_target: bool = ...,
    confidence_threshold: float = ...,
    visualize: bool = ...,
    visualize_threshold: float = ...,
    save_file: str = ...,
    side: int = ...,
    num_box: int = ...,
    coords: int = ...,
    nms_threshold: float = ...,
    biases: float | Sequence[float] = ...,
    label_map_file: str = ...,
    objectness_score: float = ...,
    output_logits: bool = ...,
    top_k: int = ...,
    normalized: bool = ...,
    input_height: int = ...,
    input_width: int = ...,
    **more: object,
) -> Top:
    """
    A DetectionOutput layer: its bottoms, then fields as keywords. Those of detection_output_param:

    num_classes: Number of classes, background included.
    share_location: Whether all classes share one set of boxes.
    background_label_id: The class of the background; -1 there is none.
    nms_param: How to drop boxes that overlap a better one.
    save_output_param: Where to save the boxes.
    code_type: How offsets are coded.
    keep_top_k: How many boxes of an image are kept after all; -1 all.
    variance_encoded_in_target: Whether offsets contain the variances already.
    confidence_threshold: Drop boxes whose score is not above this; keep all if not set.
    visualize: Whether to show the boxes on the screen.
    visualize_threshold: The least score that is shown.
    save_file: A video file to write.
    side: Places in each direction, for the form of one bottom. [YOLO ports]
    num_box: Boxes at each place, for the form of one bottom. [YOLO ports]
    coords: Numbers that make a box; 4. [YOLO ports]
    nms_threshold: The overlap at which a box is dropped; with several bottoms, in place of
        nms_param's. [YOLO ports and OpenCV]
    biases: Widths and heights of the basic boxes, in turn, in places. [YOLO ports]
    label_map_file: A file with a LabelMap in text form; names the classes and changes no
        number. [YOLO ports]
    objectness_score: Boxes whose objectness is below this are background; needs a bottom of
        objectness. [RefineDet, jolibrain's Caffe, MNN and others]
    output_logits: Whether a second top has the scores before the softmax. [jolibrain's
        Caffe]
    top_k: How many of the best boxes of a class to look at, in place of nms_param's.
        [OpenCV]
    normalized: Whether prior boxes are in image sides; if not, they are rows of image
        number and corners in pixels, without variances. [OpenVINO]
    input_height: The image's height in pixels, if not normalized. [OpenVINO]
    input_width: The image's width in pixels, if not normalized. [OpenVINO]
    """

@overload
def DetectionOutput(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def DetectionOutput(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Dropout(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    dropout_ratio: float = ...,
    sample_weights_test: bool = ...,
    scale_train: bool = ...,
    random_seed: int = ...,
    sqrt_scale: bool = ...,
    **more: object,
) -> Top:
    """
    A Dropout layer: its bottoms, then fields as keywords. Those of dropout_param:

    dropout_ratio: Probability of being set to 0.
    sample_weights_test: [SegNet]
    scale_train: [Microsoft's Caffe, CTPN and others]
    engine: [NVCaffe]
    random_seed: [NVCaffe]
    sqrt_scale: [happynear's Caffe]
    """

@overload
def Dropout(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Dropout(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def DummyData(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    data_filler: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    shape: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    num: int | Sequence[int] = ...,
    channels: int | Sequence[int] = ...,
    height: int | Sequence[int] = ...,
    width: int | Sequence[int] = ...,
    **more: object,
) -> Top:
    """
    A DummyData layer: its bottoms, then fields as keywords. Those of dummy_data_param:

    data_filler: One for all tops, or one for each; constant 0 unless set.
    shape: One for all tops, or one for each.
    num: First dimension, in the old form of `shape` for 4 axes: one, or one for each top.
    channels: Second dimension in the old form.
    height: Third dimension in the old form.
    width: Fourth dimension in the old form.
    """

@overload
def DummyData(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def DummyData(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def ELU(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    alpha: float = ...,
    **more: object,
) -> Top:
    """
    A ELU layer: its bottoms, then fields as keywords. Those of elu_param:

    alpha: The negative of the limit for very negative x.
    lambda: [NVCaffe]
    """

@overload
def ELU(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def ELU(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Eltwise(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    operation: int | str = ...,
    coeff: float | Sequence[float] = ...,
    stable_prod_grad: bool = ...,
    coeff_blob: bool = ...,
    power: float = ...,
    scale: float = ...,
    shift: float = ...,
    **more: object,
) -> Top:
    """
    A Eltwise layer: its bottoms, then fields as keywords. Those of eltwise_param:

    operation: How to join.
    coeff: For SUM: a factor for each bottom; 1 unless set.
    stable_prod_grad: For PROD: whether the gradient multiplies the other bottoms (slower),
        in place of dividing the top by the bottom, which gives NaN at 0.
    engine: [Intel Caffe]
    coeff_blob: [LRCN]
    power: [Tengine]
    scale: [Tengine]
    shift: [Tengine]
    """

@overload
def Eltwise(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Eltwise(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Embed(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    num_output: int = ...,
    input_dim: int = ...,
    bias_term: bool = ...,
    weight_filler: Mapping[str, object] | Message = ...,
    bias_filler: Mapping[str, object] | Message = ...,
    weight_data_size: int = ...,
    **more: object,
) -> Top:
    """
    A Embed layer: its bottoms, then fields as keywords. Those of embed_param:

    num_output: Length of the vectors.
    input_dim: Number of indices; they are 0 to input_dim - 1.
    bias_term: Whether to add a learned vector to all.
    weight_filler: Initial vectors, of shape (input_dim, num_output).
    bias_filler: Initial bias.
    weight_data_size: [Tengine]
    """

@overload
def Embed(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Embed(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def EuclideanLoss(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    type: int | str = ...,
    **more: object,
) -> Top:
    """
    A EuclideanLoss layer: its bottoms, then fields as keywords. Those of euclidean_loss_param:

    type: [DeepLab]
    """

@overload
def EuclideanLoss(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def EuclideanLoss(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def EvalData(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    source: str = ...,
    scale: float = ...,
    batch_size: int = ...,
    resize_width: int = ...,
    resize_height: int = ...,
    short_size: int = ...,
    long_size: int = ...,
    root_folder: str = ...,
    **more: object,
) -> Top:
    """
    A EvalData layer: its bottoms, then fields as keywords. Those of eval_data_param:

    source: [Cascade R-CNN]
    scale: [Cascade R-CNN]
    batch_size: [Cascade R-CNN]
    resize_width: [Cascade R-CNN]
    resize_height: [Cascade R-CNN]
    short_size: [Cascade R-CNN]
    long_size: [Cascade R-CNN]
    root_folder: [Cascade R-CNN]
    """

@overload
def EvalData(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def EvalData(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def EvalDetection(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    side: int = ...,
    num_class: int = ...,
    num_object: int = ...,
    threshold: float = ...,
    sqrt: bool = ...,
    constriant: bool = ...,
    score_type: int | str = ...,
    nms: float = ...,
    biases: float | Sequence[float] = ...,
    **more: object,
) -> Top:
    """
    A EvalDetection layer: its bottoms, then fields as keywords. Those of eval_detection_param:

    side: [Intel Caffe, YOLO ports and others]
    num_class: [Intel Caffe, YOLO ports and others]
    num_object: [Intel Caffe, YOLO ports and others]
    threshold: [Intel Caffe, YOLO ports and others]
    sqrt: [Intel Caffe, YOLO ports and others]
    constriant: [Intel Caffe, YOLO ports and others]
    score_type: [Intel Caffe, YOLO ports and others]
    nms: [Intel Caffe, YOLO ports and others]
    biases: [Intel Caffe, YOLO ports and others]
    """

@overload
def EvalDetection(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def EvalDetection(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Exp(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    base: float = ...,
    scale: float = ...,
    shift: float = ...,
    **more: object,
) -> Top:
    """
    A Exp layer: its bottoms, then fields as keywords. Those of exp_param:

    base: The base, above 0; -1 stands for e.
    scale: Factor on x.
    shift: Added to scale · x.
    """

@overload
def Exp(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Exp(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def FcRistretto(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    num_output: int = ...,
    bias_term: bool = ...,
    weight_filler: Mapping[str, object] | Message = ...,
    bias_filler: Mapping[str, object] | Message = ...,
    axis: int = ...,
    transpose: bool = ...,
    gemm_mode: int | str = ...,
    spmdm_transpose_in: bool = ...,
    spmdm_transpose_out: bool = ...,
    dump_parameter: bool = ...,
    dump_activation: bool = ...,
    relu: bool = ...,
    negative_slope: float = ...,
    paramq: int = ...,
    params: float = ...,
    scale_in: float = ...,
    scale_out: float = ...,
    a_min: int = ...,
    a_max: int = ...,
    normalize: bool = ...,
    **more: object,
) -> Top:
    """
    A FcRistretto layer: its bottoms, then fields as keywords. Those of inner_product_param:

    num_output: Number of outputs.
    bias_term: Whether to add b.
    weight_filler: Initial W, of shape (num_output, inputs).
    bias_filler: Initial b; 0 unless set.
    axis: The axes from here on are the inputs, those before it the batch.
    transpose: Whether W is stored as (inputs, num_output).
    gemm_mode: [SkimCaffe]
    spmdm_transpose_in: [SkimCaffe]
    spmdm_transpose_out: [SkimCaffe]
    dump_parameter: [SkimCaffe]
    dump_activation: [SkimCaffe]
    engine: [Intel Caffe]
    relu: [Intel Caffe]
    negative_slope: [Intel Caffe]
    paramq: [MNN]
    params: [MNN]
    scale_in: [MNN]
    scale_out: [MNN]
    a_min: [MNN]
    a_max: [MNN]
    normalize: [PytorchToCaffe]
    """

@overload
def FcRistretto(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def FcRistretto(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Filter(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    **more: object,
) -> Top:
    """
    A Filter layer: its bottoms, then fields as keywords.
    """

@overload
def Filter(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Filter(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Flatten(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    axis: int = ...,
    end_axis: int = ...,
    **more: object,
) -> Top:
    """
    A Flatten layer: its bottoms, then fields as keywords. Those of flatten_param:

    axis: The first of them.
    end_axis: The last of them; negative counts from the end.
    """

@overload
def Flatten(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Flatten(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Flip(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    flip_width: bool = ...,
    flip_height: bool = ...,
    **more: object,
) -> Top:
    """
    A Flip layer: its bottoms, then fields as keywords. Those of flip_param:

    flip_width: Whether to exchange left and right.
    flip_height: Whether to exchange top and bottom.
    """

@overload
def Flip(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Flip(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def FlowWarp(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    fill_value: int | str = ...,
    **more: object,
) -> Top:
    """
    A FlowWarp layer: its bottoms, then fields as keywords. Those of flow_warp_param:

    fill_value: What stands where nothing is known.
    """

@overload
def FlowWarp(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def FlowWarp(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def FocalLoss(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    axis: int = ...,
    alpha: float = ...,
    gamma: float = ...,
    type: int | str = ...,
    beta: float = ...,
    **more: object,
) -> Top:
    """
    A FocalLoss layer: its bottoms, then fields as keywords. Those of focal_loss_param:

    engine: The code to run. [jolibrain's Caffe]
    axis: The class axis. [jolibrain's Caffe]
    alpha: Factor of the loss, or of the positive class.
    gamma: How much less easy items count.
    type: Which formula. [makefile's frcnn and PytorchToCaffe]
    beta: Offset of the formula LINEAR. [makefile's frcnn and PytorchToCaffe]
    """

@overload
def FocalLoss(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def FocalLoss(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def FrcnnAnchorTarget(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    module: str = ...,
    layer: str = ...,
    param_str: str = ...,
    share_in_parallel: bool = ...,
    **more: object,
) -> Top:
    """
    A FrcnnAnchorTarget layer: its bottoms, then fields as keywords. Those of python_param:

    module: The module that defines it; it must be importable.
    layer: The class in that module.
    param_str: Any text; the layer finds it as `self.param_str`.
    share_in_parallel: Whether several graphics cards share one such layer; no effect here.
    """

@overload
def FrcnnAnchorTarget(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def FrcnnAnchorTarget(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def FrcnnOutput(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    conf_thr: float = ...,
    iou_thr: float = ...,
    nms_type: str = ...,
    max_det_num: int = ...,
    save_output_param: Mapping[str, object] | Message = ...,
    **more: object,
) -> Top:
    """
    A FrcnnOutput layer: its bottoms, then fields as keywords. Those of frcnn_output_param:

    conf_thr: [Cascade R-CNN]
    iou_thr: [Cascade R-CNN]
    nms_type: [Cascade R-CNN]
    max_det_num: [Cascade R-CNN]
    save_output_param: [Cascade R-CNN]
    """

@overload
def FrcnnOutput(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def FrcnnOutput(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def FrcnnProposal(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    module: str = ...,
    layer: str = ...,
    param_str: str = ...,
    share_in_parallel: bool = ...,
    **more: object,
) -> Top:
    """
    A FrcnnProposal layer: its bottoms, then fields as keywords. Those of python_param:

    module: The module that defines it; it must be importable.
    layer: The class in that module.
    param_str: Any text; the layer finds it as `self.param_str`.
    share_in_parallel: Whether several graphics cards share one such layer; no effect here.
    """

@overload
def FrcnnProposal(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def FrcnnProposal(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def FrcnnProposalTarget(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    module: str = ...,
    layer: str = ...,
    param_str: str = ...,
    share_in_parallel: bool = ...,
    **more: object,
) -> Top:
    """
    A FrcnnProposalTarget layer: its bottoms, then fields as keywords. Those of python_param:

    module: The module that defines it; it must be importable.
    layer: The class in that module.
    param_str: Any text; the layer finds it as `self.param_str`.
    share_in_parallel: Whether several graphics cards share one such layer; no effect here.
    """

@overload
def FrcnnProposalTarget(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def FrcnnProposalTarget(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def GSTiling(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    stride: int = ...,
    reverse: bool = ...,
    **more: object,
) -> Top:
    """
    A GSTiling layer: its bottoms, then fields as keywords. Those of gs_tiling_param:

    stride: [Vitis AI]
    reverse: [Vitis AI]
    """

@overload
def GSTiling(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def GSTiling(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Gather(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    **more: object,
) -> Top:
    """
    A Gather layer: its bottoms, then fields as keywords.
    """

@overload
def Gather(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Gather(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def GroupNorm(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    num_groups: int = ...,
    eps: float = ...,
    affine: bool = ...,
    scale_filler: Mapping[str, object] | Message = ...,
    bias_filler: Mapping[str, object] | Message = ...,
    **more: object,
) -> Top:
    """
    A GroupNorm layer: its bottoms, then fields as keywords. Those of group_norm_param:

    num_groups: How many groups; the number of channels is a multiple of it.
    eps: Added to the variance.
    affine: Whether to learn a factor and an offset for each channel.
    scale_filler: Initial factor; 1 if not set.
    bias_filler: Initial offset; 0 if not set.
    """

@overload
def GroupNorm(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def GroupNorm(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def HDF5Data(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    source: str = ...,
    batch_size: int = ...,
    shuffle: bool = ...,
    image: bool = ...,
    **more: object,
) -> Top:
    """
    A HDF5Data layer: its bottoms, then fields as keywords. Those of hdf5_data_param:

    source: A text file that lists the HDF5 files, one a line.
    batch_size: Rows in a batch.
    shuffle: Whether to shuffle the files, and the rows within a file.
    image: [jolibrain's Caffe]
    """

@overload
def HDF5Data(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def HDF5Data(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def HDF5Output(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    file_name: str = ...,
    **more: object,
) -> Top:
    """
    A HDF5Output layer: its bottoms, then fields as keywords. Those of hdf5_output_param:

    file_name: The file to write.
    """

@overload
def HDF5Output(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def HDF5Output(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def HardMining(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    num_roi_per_image: int = ...,
    num_image: int = ...,
    **more: object,
) -> Top:
    """
    A HardMining layer: its bottoms, then fields as keywords. Those of hard_mining_param:

    num_roi_per_image: [Cascade R-CNN]
    num_image: [Cascade R-CNN]
    """

@overload
def HardMining(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def HardMining(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def HingeLoss(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    norm: int | str = ...,
    **more: object,
) -> Top:
    """
    A HingeLoss layer: its bottoms, then fields as keywords. Those of hinge_loss_param:

    norm: What each term counts.
    """

@overload
def HingeLoss(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def HingeLoss(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def HoleConvolution(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    num_output: int = ...,
    bias_term: bool = ...,
    pad: int | Sequence[int] = ...,
    kernel_size: int | Sequence[int] = ...,
    stride: int | Sequence[int] = ...,
    dilation: int | Sequence[int] = ...,
    pad_h: int = ...,
    pad_w: int = ...,
    kernel_h: int = ...,
    kernel_w: int = ...,
    stride_h: int = ...,
    stride_w: int = ...,
    group: int = ...,
    weight_filler: Mapping[str, object] | Message = ...,
    bias_filler: Mapping[str, object] | Message = ...,
    axis: int = ...,
    force_nd_im2col: bool = ...,
    kernel_depth: int = ...,
    temporal_stride: int = ...,
    filter_group: int = ...,
    temporal_pad: int = ...,
    hole: int = ...,
    hole_h: int = ...,
    hole_w: int = ...,
    conv_mode: int | str = ...,
    dump_parameter: bool = ...,
    dump_activation: bool = ...,
    parameter_sparsity_pattern_histogram: bool = ...,
    cudnn_convolution_algo_seeker: int | str = ...,
    conv_algos_override: str = ...,
    relu: bool = ...,
    negative_slope: float = ...,
    conv_algorithm: str = ...,
    coeff: float | Sequence[float] = ...,
    fusion_type: int | str = ...,
    cudnn_flavor: int | str = ...,
    fuse_type: int | str = ...,
    eltwise_param: Mapping[str, object] | Message = ...,
    relu_param: Mapping[str, object] | Message = ...,
    paramq: int = ...,
    params: float = ...,
    scale_in: float = ...,
    scale_out: float = ...,
    a_min: int = ...,
    a_max: int = ...,
    kernel_shape: Mapping[str, object] | Message = ...,
    pad_shape: Mapping[str, object] | Message = ...,
    stride_shape: Mapping[str, object] | Message = ...,
    shape_offset: int | Sequence[int] = ...,
    mem_group_size: int = ...,
    dilation_h: int = ...,
    dilation_w: int = ...,
    **more: object,
) -> Top:
    """
    A HoleConvolution layer: its bottoms, then fields as keywords. Those of convolution_param:

    num_output: Number of output channels. Weights are (num_output, channels / group, kernel
        ...); those of Deconvolution (channels, num_output / group, kernel ...).
    bias_term: Whether to add a learned number to each output channel. Useless before a
        BatchNorm, which subtracts it again.
    pad: Zeros added on both sides; 0 unless set.
    kernel_size: Size of the window.
    stride: Step of the window; 1 unless set.
    dilation: Distance of the inputs that a window joins; 1 unless set.
    pad_h: Zeros above and below; for images, in place of `pad`.
    pad_w: Zeros to the left and right.
    kernel_h: Height of the window; in place of `kernel_size`.
    kernel_w: Width of the window.
    stride_h: Vertical step; in place of `stride`.
    stride_w: Horizontal step.
    group: Into how many parts channels and outputs are divided, each joined only to its
        like.
    weight_filler: Initial weights; 0 unless set, which learns nothing.
    bias_filler: Initial bias; 0 unless set.
    engine: The code to run. CAFFE: numpy, whatever `--engine` says; otherwise `--engine`
        chooses.
    axis: The axis of the channels; all after it are spatial, all before it batch.
    force_nd_im2col: Whether to use the code for any number of axes even for images; same
        results.
    kernel_depth: [C3D]
    temporal_stride: [C3D]
    filter_group: [C3D]
    temporal_pad: [C3D]
    hole: [DeepLab]
    hole_h: [DeepLab]
    hole_w: [DeepLab]
    conv_mode: [SkimCaffe]
    dump_parameter: [SkimCaffe]
    dump_activation: [SkimCaffe]
    parameter_sparsity_pattern_histogram: [SkimCaffe]
    cudnn_convolution_algo_seeker: [NVCaffe and Vitis AI]
    conv_algos_override: [NVCaffe]
    relu: [Intel Caffe]
    negative_slope: [Intel Caffe]
    conv_algorithm: [Intel Caffe]
    coeff: [Intel Caffe]
    fusion_type: [Intel Caffe]
    cudnn_flavor: [jolibrain's Caffe]
    fuse_type: [naibaf7's Caffe]
    eltwise_param: [naibaf7's Caffe]
    relu_param: [naibaf7's Caffe]
    paramq: [MNN]
    params: [MNN]
    scale_in: [MNN]
    scale_out: [MNN]
    a_min: [MNN]
    a_max: [MNN]
    kernel_shape: [chuckcho/video-caffe]
    pad_shape: [chuckcho/video-caffe]
    stride_shape: [chuckcho/video-caffe]
    shape_offset: [happynear's Caffe]
    mem_group_size: [forks of Caffe's history]
    dilation_h: [TSN]
    dilation_w: [TSN]
    """

@overload
def HoleConvolution(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def HoleConvolution(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Im2col(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    num_output: int = ...,
    bias_term: bool = ...,
    pad: int | Sequence[int] = ...,
    kernel_size: int | Sequence[int] = ...,
    stride: int | Sequence[int] = ...,
    dilation: int | Sequence[int] = ...,
    pad_h: int = ...,
    pad_w: int = ...,
    kernel_h: int = ...,
    kernel_w: int = ...,
    stride_h: int = ...,
    stride_w: int = ...,
    group: int = ...,
    weight_filler: Mapping[str, object] | Message = ...,
    bias_filler: Mapping[str, object] | Message = ...,
    axis: int = ...,
    force_nd_im2col: bool = ...,
    kernel_depth: int = ...,
    temporal_stride: int = ...,
    filter_group: int = ...,
    temporal_pad: int = ...,
    hole: int = ...,
    hole_h: int = ...,
    hole_w: int = ...,
    conv_mode: int | str = ...,
    dump_parameter: bool = ...,
    dump_activation: bool = ...,
    parameter_sparsity_pattern_histogram: bool = ...,
    cudnn_convolution_algo_seeker: int | str = ...,
    conv_algos_override: str = ...,
    relu: bool = ...,
    negative_slope: float = ...,
    conv_algorithm: str = ...,
    coeff: float | Sequence[float] = ...,
    fusion_type: int | str = ...,
    cudnn_flavor: int | str = ...,
    fuse_type: int | str = ...,
    eltwise_param: Mapping[str, object] | Message = ...,
    relu_param: Mapping[str, object] | Message = ...,
    paramq: int = ...,
    params: float = ...,
    scale_in: float = ...,
    scale_out: float = ...,
    a_min: int = ...,
    a_max: int = ...,
    kernel_shape: Mapping[str, object] | Message = ...,
    pad_shape: Mapping[str, object] | Message = ...,
    stride_shape: Mapping[str, object] | Message = ...,
    shape_offset: int | Sequence[int] = ...,
    mem_group_size: int = ...,
    dilation_h: int = ...,
    dilation_w: int = ...,
    **more: object,
) -> Top:
    """
    A Im2col layer: its bottoms, then fields as keywords. Those of convolution_param:

    num_output: Number of output channels. Weights are (num_output, channels / group, kernel
        ...); those of Deconvolution (channels, num_output / group, kernel ...).
    bias_term: Whether to add a learned number to each output channel. Useless before a
        BatchNorm, which subtracts it again.
    pad: Zeros added on both sides; 0 unless set.
    kernel_size: Size of the window.
    stride: Step of the window; 1 unless set.
    dilation: Distance of the inputs that a window joins; 1 unless set.
    pad_h: Zeros above and below; for images, in place of `pad`.
    pad_w: Zeros to the left and right.
    kernel_h: Height of the window; in place of `kernel_size`.
    kernel_w: Width of the window.
    stride_h: Vertical step; in place of `stride`.
    stride_w: Horizontal step.
    group: Into how many parts channels and outputs are divided, each joined only to its
        like.
    weight_filler: Initial weights; 0 unless set, which learns nothing.
    bias_filler: Initial bias; 0 unless set.
    engine: The code to run. CAFFE: numpy, whatever `--engine` says; otherwise `--engine`
        chooses.
    axis: The axis of the channels; all after it are spatial, all before it batch.
    force_nd_im2col: Whether to use the code for any number of axes even for images; same
        results.
    kernel_depth: [C3D]
    temporal_stride: [C3D]
    filter_group: [C3D]
    temporal_pad: [C3D]
    hole: [DeepLab]
    hole_h: [DeepLab]
    hole_w: [DeepLab]
    conv_mode: [SkimCaffe]
    dump_parameter: [SkimCaffe]
    dump_activation: [SkimCaffe]
    parameter_sparsity_pattern_histogram: [SkimCaffe]
    cudnn_convolution_algo_seeker: [NVCaffe and Vitis AI]
    conv_algos_override: [NVCaffe]
    relu: [Intel Caffe]
    negative_slope: [Intel Caffe]
    conv_algorithm: [Intel Caffe]
    coeff: [Intel Caffe]
    fusion_type: [Intel Caffe]
    cudnn_flavor: [jolibrain's Caffe]
    fuse_type: [naibaf7's Caffe]
    eltwise_param: [naibaf7's Caffe]
    relu_param: [naibaf7's Caffe]
    paramq: [MNN]
    params: [MNN]
    scale_in: [MNN]
    scale_out: [MNN]
    a_min: [MNN]
    a_max: [MNN]
    kernel_shape: [chuckcho/video-caffe]
    pad_shape: [chuckcho/video-caffe]
    stride_shape: [chuckcho/video-caffe]
    shape_offset: [happynear's Caffe]
    mem_group_size: [forks of Caffe's history]
    dilation_h: [TSN]
    dilation_w: [TSN]
    """

@overload
def Im2col(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Im2col(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def ImResize(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    target_spatial_width: int = ...,
    target_spatial_height: int = ...,
    factor: float = ...,
    start_scale: float = ...,
    scale_gap: float = ...,
    **more: object,
) -> Top:
    """
    A ImResize layer: its bottoms, then fields as keywords. Those of imresize_param:

    target_spatial_width: Width to reach.
    target_spatial_height: Height to reach.
    factor: Factor, in place of width and height; 0 none.
    start_scale: The first of several scales that are averaged.
    scale_gap: Difference of the scales.
    """

@overload
def ImResize(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def ImResize(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def ImageData(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    source: str = ...,
    batch_size: int = ...,
    rand_skip: int = ...,
    shuffle: bool = ...,
    new_height: int = ...,
    new_width: int = ...,
    is_color: bool = ...,
    scale: float = ...,
    mean_file: str = ...,
    crop_size: int = ...,
    mirror: bool = ...,
    root_folder: str = ...,
    transform_param: Mapping[str, object] | Message = ...,
    ignore_label: int = ...,
    label_type: int | str = ...,
    new_length: int = ...,
    show_data: int = ...,
    use_image: bool = ...,
    sampling_rate: int = ...,
    use_label: bool = ...,
    use_temporal_jitter: bool = ...,
    mean_value: float = ...,
    num_truth_channels: int = ...,
    use_byte_input: bool = ...,
    is_flow: bool = ...,
    truth_scale: float = ...,
    clip_min: float = ...,
    clip_max: float = ...,
    has_label: bool = ...,
    max_labels: int = ...,
    short_side: int = ...,
    threads: int = ...,
    cache: bool = ...,
    precache: bool = ...,
    dataset_share_per_node: float = ...,
    min_height: int = ...,
    min_width: int = ...,
    label_size: int = ...,
    label_num: int = ...,
    att_num: int = ...,
    is_unchanged: bool = ...,
    face_transform: bool = ...,
    max_shear_ratio: float = ...,
    max_aspect_ratio: float = ...,
    max_rotate_angle: float = ...,
    min_random_scale: float = ...,
    max_random_scale: float = ...,
    max_random_shift: int = ...,
    face_mirror: bool = ...,
    face_point_num: int = ...,
    balance_class: bool = ...,
    balance_by: int = ...,
    label_cut_start: int = ...,
    label_cut_end: int = ...,
    other_object_label: int = ...,
    **more: object,
) -> Top:
    """
    A ImageData layer: its bottoms, then fields as keywords. Those of image_data_param:

    source: A text file with an image's name and its label on each line.
    batch_size: Images in a batch.
    rand_skip: Skip a random number of lines below this at the start.
    shuffle: Whether to shuffle the lines at the start and after each pass.
    new_height: Resize to this height; 0 leaves it. Both or neither of the two.
    new_width: Resize to this width; 0 leaves it.
    is_color: Whether to read in colour, else in grey.
    scale: Old place of transform_param's `scale`.
    mean_file: Old place of transform_param's `mean_file`.
    crop_size: Old place of transform_param's `crop_size`.
    mirror: Old place of transform_param's `mirror`.
    root_folder: Put before each name, so with a slash at its end.
    transform_param: Earlier place of the layer's transform_param. [forks of Caffe's
        history]
    ignore_label: [PSPNet, DeepLab and others]
    label_type: [PSPNet, DeepLab and others]
    new_length: [C3D]
    show_data: [C3D]
    use_image: [C3D]
    sampling_rate: [C3D]
    use_label: [C3D]
    use_temporal_jitter: [C3D]
    mean_value: [C3D]
    num_truth_channels: [C3D]
    use_byte_input: [C3D]
    is_flow: [C3D]
    truth_scale: [C3D]
    clip_min: [C3D]
    clip_max: [C3D]
    has_label: [DeepLab]
    max_labels: [DeepLab]
    short_side: [NVCaffe]
    threads: [NVCaffe]
    cache: [NVCaffe]
    precache: [NVCaffe]
    dataset_share_per_node: [NVCaffe]
    min_height: [Intel Caffe]
    min_width: [Intel Caffe]
    label_size: [jolibrain's Caffe]
    label_num: [MNN and Vitis AI]
    att_num: [MNN]
    is_unchanged: [Vitis AI]
    face_transform: [happynear's Caffe]
    max_shear_ratio: [happynear's Caffe]
    max_aspect_ratio: [happynear's Caffe]
    max_rotate_angle: [happynear's Caffe]
    min_random_scale: [happynear's Caffe]
    max_random_scale: [happynear's Caffe]
    max_random_shift: [happynear's Caffe]
    face_mirror: [happynear's Caffe]
    face_point_num: [happynear's Caffe]
    balance_class: [happynear's Caffe]
    balance_by: [happynear's Caffe]
    label_cut_start: [happynear's Caffe]
    label_cut_end: [happynear's Caffe]
    other_object_label: [DeconvNet]
    """

@overload
def ImageData(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def ImageData(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def ImageGtData(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    batch_size: int = ...,
    cache_images: bool = ...,
    coord_num: int = ...,
    crop_height: int = ...,
    crop_width: int = ...,
    do_multiple_scale: bool = ...,
    downsample_rate: int | Sequence[int] = ...,
    fg_img_multiple: int = ...,
    fg_threshold: float = ...,
    field_h: int | Sequence[int] = ...,
    field_w: int | Sequence[int] = ...,
    max_scale: int = ...,
    max_whaspect: float = ...,
    mean_file: str = ...,
    min_gt_height: float = ...,
    min_gt_width: float = ...,
    min_scale: int = ...,
    min_whaspect: float = ...,
    mirror: bool = ...,
    output_gt_boxes: bool = ...,
    resize_height: int = ...,
    resize_width: int = ...,
    root_folder: str = ...,
    scale: float = ...,
    shuffle: bool = ...,
    source: str = ...,
    **more: object,
) -> Top:
    """
    A ImageGtData layer: its bottoms, then fields as keywords. Those of image_gt_data_param:

    batch_size: [MS-CNN]
    cache_images: [MS-CNN]
    coord_num: [MS-CNN]
    crop_height: [MS-CNN]
    crop_width: [MS-CNN]
    do_multiple_scale: [MS-CNN]
    downsample_rate: [MS-CNN]
    fg_img_multiple: [MS-CNN]
    fg_threshold: [MS-CNN]
    field_h: [MS-CNN]
    field_w: [MS-CNN]
    max_scale: [MS-CNN]
    max_whaspect: [MS-CNN]
    mean_file: [MS-CNN]
    min_gt_height: [MS-CNN]
    min_gt_width: [MS-CNN]
    min_scale: [MS-CNN]
    min_whaspect: [MS-CNN]
    mirror: [MS-CNN]
    output_gt_boxes: [MS-CNN]
    resize_height: [MS-CNN]
    resize_width: [MS-CNN]
    root_folder: [MS-CNN]
    scale: [MS-CNN]
    shuffle: [MS-CNN]
    source: [MS-CNN]
    """

@overload
def ImageGtData(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def ImageGtData(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def ImageSegData(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    source: str = ...,
    batch_size: int = ...,
    rand_skip: int = ...,
    shuffle: bool = ...,
    new_height: int = ...,
    new_width: int = ...,
    is_color: bool = ...,
    scale: float = ...,
    mean_file: str = ...,
    crop_size: int = ...,
    mirror: bool = ...,
    root_folder: str = ...,
    transform_param: Mapping[str, object] | Message = ...,
    ignore_label: int = ...,
    label_type: int | str = ...,
    new_length: int = ...,
    show_data: int = ...,
    use_image: bool = ...,
    sampling_rate: int = ...,
    use_label: bool = ...,
    use_temporal_jitter: bool = ...,
    mean_value: float = ...,
    num_truth_channels: int = ...,
    use_byte_input: bool = ...,
    is_flow: bool = ...,
    truth_scale: float = ...,
    clip_min: float = ...,
    clip_max: float = ...,
    has_label: bool = ...,
    max_labels: int = ...,
    short_side: int = ...,
    threads: int = ...,
    cache: bool = ...,
    precache: bool = ...,
    dataset_share_per_node: float = ...,
    min_height: int = ...,
    min_width: int = ...,
    label_size: int = ...,
    label_num: int = ...,
    att_num: int = ...,
    is_unchanged: bool = ...,
    face_transform: bool = ...,
    max_shear_ratio: float = ...,
    max_aspect_ratio: float = ...,
    max_rotate_angle: float = ...,
    min_random_scale: float = ...,
    max_random_scale: float = ...,
    max_random_shift: int = ...,
    face_mirror: bool = ...,
    face_point_num: int = ...,
    balance_class: bool = ...,
    balance_by: int = ...,
    label_cut_start: int = ...,
    label_cut_end: int = ...,
    other_object_label: int = ...,
    **more: object,
) -> Top:
    """
    A ImageSegData layer: its bottoms, then fields as keywords. Those of image_data_param:

    source: A text file with an image's name and its label on each line.
    batch_size: Images in a batch.
    rand_skip: Skip a random number of lines below this at the start.
    shuffle: Whether to shuffle the lines at the start and after each pass.
    new_height: Resize to this height; 0 leaves it. Both or neither of the two.
    new_width: Resize to this width; 0 leaves it.
    is_color: Whether to read in colour, else in grey.
    scale: Old place of transform_param's `scale`.
    mean_file: Old place of transform_param's `mean_file`.
    crop_size: Old place of transform_param's `crop_size`.
    mirror: Old place of transform_param's `mirror`.
    root_folder: Put before each name, so with a slash at its end.
    transform_param: Earlier place of the layer's transform_param. [forks of Caffe's
        history]
    ignore_label: [PSPNet, DeepLab and others]
    label_type: [PSPNet, DeepLab and others]
    new_length: [C3D]
    show_data: [C3D]
    use_image: [C3D]
    sampling_rate: [C3D]
    use_label: [C3D]
    use_temporal_jitter: [C3D]
    mean_value: [C3D]
    num_truth_channels: [C3D]
    use_byte_input: [C3D]
    is_flow: [C3D]
    truth_scale: [C3D]
    clip_min: [C3D]
    clip_max: [C3D]
    has_label: [DeepLab]
    max_labels: [DeepLab]
    short_side: [NVCaffe]
    threads: [NVCaffe]
    cache: [NVCaffe]
    precache: [NVCaffe]
    dataset_share_per_node: [NVCaffe]
    min_height: [Intel Caffe]
    min_width: [Intel Caffe]
    label_size: [jolibrain's Caffe]
    label_num: [MNN and Vitis AI]
    att_num: [MNN]
    is_unchanged: [Vitis AI]
    face_transform: [happynear's Caffe]
    max_shear_ratio: [happynear's Caffe]
    max_aspect_ratio: [happynear's Caffe]
    max_rotate_angle: [happynear's Caffe]
    min_random_scale: [happynear's Caffe]
    max_random_scale: [happynear's Caffe]
    max_random_shift: [happynear's Caffe]
    face_mirror: [happynear's Caffe]
    face_point_num: [happynear's Caffe]
    balance_class: [happynear's Caffe]
    balance_by: [happynear's Caffe]
    label_cut_start: [happynear's Caffe]
    label_cut_end: [happynear's Caffe]
    other_object_label: [DeconvNet]
    """

@overload
def ImageSegData(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def ImageSegData(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def InfogainLoss(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    source: str = ...,
    axis: int = ...,
    **more: object,
) -> Top:
    """
    A InfogainLoss layer: its bottoms, then fields as keywords. Those of infogain_loss_param:

    source: A .binaryproto file with the matrix H, if it is not the third bottom.
    axis: The axis of the classes.
    """

@overload
def InfogainLoss(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def InfogainLoss(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def InnerDistance(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    num_output: int = ...,
    bias_term: bool = ...,
    weight_filler: Mapping[str, object] | Message = ...,
    bias_filler: Mapping[str, object] | Message = ...,
    axis: int = ...,
    transpose: bool = ...,
    distance_type: str = ...,
    normalize: bool = ...,
    update_center_only: bool = ...,
    **more: object,
) -> Top:
    """
    A InnerDistance layer: its bottoms, then fields as keywords. Those of inner_distance_param:

    num_output: Number of centres.
    bias_term: Not used.
    weight_filler: Initial centres.
    bias_filler: Not used.
    axis: The axes from here on are the vector.
    transpose: Whether the centres are columns; its fork computes nothing sensible with it.
    distance_type: "L2", the squared Euclidean distance, or "L1", the sum of absolute
        differences.
    normalize: Whether to bring the centres to length 1 before each forward.
    update_center_only: Whether a centre learns from the items of its own class only; the
        last bottom is the label.
    """

@overload
def InnerDistance(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def InnerDistance(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def InnerProduct(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    num_output: int = ...,
    bias_term: bool = ...,
    weight_filler: Mapping[str, object] | Message = ...,
    bias_filler: Mapping[str, object] | Message = ...,
    axis: int = ...,
    transpose: bool = ...,
    gemm_mode: int | str = ...,
    spmdm_transpose_in: bool = ...,
    spmdm_transpose_out: bool = ...,
    dump_parameter: bool = ...,
    dump_activation: bool = ...,
    relu: bool = ...,
    negative_slope: float = ...,
    paramq: int = ...,
    params: float = ...,
    scale_in: float = ...,
    scale_out: float = ...,
    a_min: int = ...,
    a_max: int = ...,
    normalize: bool = ...,
    **more: object,
) -> Top:
    """
    A InnerProduct layer: its bottoms, then fields as keywords. Those of inner_product_param:

    num_output: Number of outputs.
    bias_term: Whether to add b.
    weight_filler: Initial W, of shape (num_output, inputs).
    bias_filler: Initial b; 0 unless set.
    axis: The axes from here on are the inputs, those before it the batch.
    transpose: Whether W is stored as (inputs, num_output).
    gemm_mode: [SkimCaffe]
    spmdm_transpose_in: [SkimCaffe]
    spmdm_transpose_out: [SkimCaffe]
    dump_parameter: [SkimCaffe]
    dump_activation: [SkimCaffe]
    engine: [Intel Caffe]
    relu: [Intel Caffe]
    negative_slope: [Intel Caffe]
    paramq: [MNN]
    params: [MNN]
    scale_in: [MNN]
    scale_out: [MNN]
    a_min: [MNN]
    a_max: [MNN]
    normalize: [PytorchToCaffe]
    """

@overload
def InnerProduct(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def InnerProduct(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def InnerProductReLUDropout(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    num_output: int = ...,
    bias_term: bool = ...,
    weight_filler: Mapping[str, object] | Message = ...,
    bias_filler: Mapping[str, object] | Message = ...,
    axis: int = ...,
    transpose: bool = ...,
    gemm_mode: int | str = ...,
    spmdm_transpose_in: bool = ...,
    spmdm_transpose_out: bool = ...,
    dump_parameter: bool = ...,
    dump_activation: bool = ...,
    relu: bool = ...,
    negative_slope: float = ...,
    paramq: int = ...,
    params: float = ...,
    scale_in: float = ...,
    scale_out: float = ...,
    a_min: int = ...,
    a_max: int = ...,
    normalize: bool = ...,
    **more: object,
) -> Top:
    """
    A InnerProductReLUDropout layer: its bottoms, then fields as keywords. Those of inner_product_param:

    num_output: Number of outputs.
    bias_term: Whether to add b.
    weight_filler: Initial W, of shape (num_output, inputs).
    bias_filler: Initial b; 0 unless set.
    axis: The axes from here on are the inputs, those before it the batch.
    transpose: Whether W is stored as (inputs, num_output).
    gemm_mode: [SkimCaffe]
    spmdm_transpose_in: [SkimCaffe]
    spmdm_transpose_out: [SkimCaffe]
    dump_parameter: [SkimCaffe]
    dump_activation: [SkimCaffe]
    engine: [Intel Caffe]
    relu: [Intel Caffe]
    negative_slope: [Intel Caffe]
    paramq: [MNN]
    params: [MNN]
    scale_in: [MNN]
    scale_out: [MNN]
    a_min: [MNN]
    a_max: [MNN]
    normalize: [PytorchToCaffe]
    """

@overload
def InnerProductReLUDropout(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def InnerProductReLUDropout(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Input(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    shape: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    dim: int | Sequence[int] = ...,
    **more: object,
) -> Top:
    """
    A Input layer: its bottoms, then fields as keywords. Those of input_param:

    shape: One for all tops, or one for each.
    dim: [GENet]
    """

@overload
def Input(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Input(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Insanity(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    lb: float = ...,
    ub: float = ...,
    **more: object,
) -> Top:
    """
    A Insanity layer: its bottoms, then fields as keywords. Those of insanity_param:

    lb: The least number that a negative value is divided by.
    ub: The largest number that a negative value is divided by.
    """

@overload
def Insanity(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Insanity(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def InstanceNorm(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    eps: float = ...,
    affine: bool = ...,
    scale_filler: Mapping[str, object] | Message = ...,
    bias_filler: Mapping[str, object] | Message = ...,
    **more: object,
) -> Top:
    """
    A InstanceNorm layer: its bottoms, then fields as keywords. Those of instance_norm_param:

    eps: Added to the variance.
    affine: Whether to learn a factor and an offset for each channel.
    scale_filler: Initial factor; 1 if not set.
    bias_filler: Initial offset; 0 if not set.
    """

@overload
def InstanceNorm(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def InstanceNorm(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Interp(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    height: int = ...,
    width: int = ...,
    zoom_factor: int = ...,
    shrink_factor: int = ...,
    pad_beg: int = ...,
    pad_end: int = ...,
    mode: int | str = ...,
    use_blob_size: bool = ...,
    **more: object,
) -> Top:
    """
    A Interp layer: its bottoms, then fields as keywords. Those of interp_param:

    height: Height to reach; used where not exactly one of the two factors is given.
    width: Width to reach; used where not exactly one of the two factors is given.
    zoom_factor: Factor that enlarges: n becomes n + (n - 1) · (zoom_factor - 1).
    shrink_factor: Factor that shrinks: n becomes floor((n - 1) / shrink_factor) + 1.
    pad_beg: Rows and columns to cut at the beginning, as a number not above 0.
    pad_end: Rows and columns to cut at the end, as a number not above 0.
    mode: How values between pixels are found. [jolibrain's Caffe]
    use_blob_size: Whether the second bottom gives height and width; it does whenever there
        is one. [soeaver's Caffe]
    """

@overload
def Interp(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Interp(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def L1Loss(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    l2_per_location: bool = ...,
    l2_prescale_by_channels: bool = ...,
    normalize_by_num_entries: bool = ...,
    epsilon: float = ...,
    plateau: float = ...,
    **more: object,
) -> Top:
    """
    A L1Loss layer: its bottoms, then fields as keywords. Those of l1_loss_param:

    l2_per_location: Whether to take the length of the difference of all channels at each
        pixel.
    l2_prescale_by_channels: Whether to divide by the number of channels first.
    normalize_by_num_entries: Whether to divide by the number of values that are not NaN
        instead of the batch size.
    epsilon: Added under the root.
    plateau: Differences below this count as 0.
    """

@overload
def L1Loss(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def L1Loss(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def LRN(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    local_size: int = ...,
    alpha: float = ...,
    beta: float = ...,
    norm_region: int | str = ...,
    k: float = ...,
    fuse_type: int | str = ...,
    pooling_param: Mapping[str, object] | Message = ...,
    unit_test_mode: bool = ...,
    unit_test_fuse_kernel: bool = ...,
    **more: object,
) -> Top:
    """
    A LRN layer: its bottoms, then fields as keywords. Those of lrn_param:

    local_size: Width of the neighbourhood; odd.
    alpha: Weight of the neighbours.
    beta: Exponent.
    norm_region: Which neighbours.
    k: Added to the sum.
    engine: The code to run. CAFFE: numpy, whatever `--engine` says; otherwise `--engine`
        chooses.
    fuse_type: [naibaf7's Caffe]
    pooling_param: [naibaf7's Caffe]
    unit_test_mode: [naibaf7's Caffe]
    unit_test_fuse_kernel: [naibaf7's Caffe]
    """

@overload
def LRN(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def LRN(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def LRNRistretto(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    local_size: int = ...,
    alpha: float = ...,
    beta: float = ...,
    norm_region: int | str = ...,
    k: float = ...,
    fuse_type: int | str = ...,
    pooling_param: Mapping[str, object] | Message = ...,
    unit_test_mode: bool = ...,
    unit_test_fuse_kernel: bool = ...,
    **more: object,
) -> Top:
    """
    A LRNRistretto layer: its bottoms, then fields as keywords. Those of lrn_param:

    local_size: Width of the neighbourhood; odd.
    alpha: Weight of the neighbours.
    beta: Exponent.
    norm_region: Which neighbours.
    k: Added to the sum.
    engine: The code to run. CAFFE: numpy, whatever `--engine` says; otherwise `--engine`
        chooses.
    fuse_type: [naibaf7's Caffe]
    pooling_param: [naibaf7's Caffe]
    unit_test_mode: [naibaf7's Caffe]
    unit_test_fuse_kernel: [naibaf7's Caffe]
    """

@overload
def LRNRistretto(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def LRNRistretto(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def LSTM(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    num_output: int = ...,
    weight_filler: Mapping[str, object] | Message = ...,
    bias_filler: Mapping[str, object] | Message = ...,
    debug_info: bool = ...,
    expose_hidden: bool = ...,
    **more: object,
) -> Top:
    """
    A LSTM layer: its bottoms, then fields as keywords. Those of recurrent_param:

    num_output: Size of the hidden state, and of the output at each time.
    weight_filler: Initial weights.
    bias_filler: Initial bias.
    debug_info: Whether the unrolled net logs its blobs.
    expose_hidden: Whether the hidden state is a further bottom and top, instead of being
        kept from one forward to the next.
    """

@overload
def LSTM(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def LSTM(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def LSTMUnit(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    **more: object,
) -> Top:
    """
    A LSTMUnit layer: its bottoms, then fields as keywords.
    """

@overload
def LSTMUnit(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def LSTMUnit(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def LabelSpecificAdd(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    bias: float = ...,
    transform_test: bool = ...,
    bias_base: float = ...,
    bias_gamma: float = ...,
    bias_power: float = ...,
    bias_min: float = ...,
    bias_max: float = ...,
    iteration: int = ...,
    **more: object,
) -> Top:
    """
    A LabelSpecificAdd layer: its bottoms, then fields as keywords. Those of label_specific_add_param:

    bias: What is added to the true class's score; mostly negative, a margin.
    transform_test: Whether the phase TEST adds, too.
    bias_base: What is added at iteration 0; given, it makes the bias change with the
        iterations.
    bias_gamma: How fast the bias changes.
    bias_power: The power with which the bias changes.
    bias_min: The bias is at least this.
    bias_max: The bias is at most this.
    iteration: The iteration that the bias's change begins with.
    """

@overload
def LabelSpecificAdd(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def LabelSpecificAdd(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def LabelSpecificRescale(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    positive_weight: float = ...,
    negative_weight: float = ...,
    positive_lower_bound: float = ...,
    negative_upper_bound: float = ...,
    rescale_test: bool = ...,
    for_ip: bool = ...,
    positive_weight_base: float = ...,
    gamma: float = ...,
    power: float = ...,
    positive_weight_min: float = ...,
    positive_weight_max: float = ...,
    iteration: int = ...,
    bias_fix: bool = ...,
    power_on_positive: bool = ...,
    **more: object,
) -> Top:
    """
    A LabelSpecificRescale layer: its bottoms, then fields as keywords. Those of label_specific_rescale_param:

    positive_weight: Factor of the true class's score.
    negative_weight: Factor of the other scores.
    positive_lower_bound: Read, and not used by its fork.
    negative_upper_bound: Read, and not used by its fork.
    rescale_test: Whether the phase TEST multiplies, too.
    for_ip: Whether the scores are products of vectors rather than distances.
    positive_weight_base: The factor at iteration 0 where it grows.
    gamma: How fast the factor grows.
    power: The power with which the factor grows.
    positive_weight_min: The factor is at least this.
    positive_weight_max: The factor is at most this.
    iteration: The iteration that the factor's growth begins with.
    bias_fix: Read, and not used by its fork.
    power_on_positive: Read, and not used by its fork.
    """

@overload
def LabelSpecificRescale(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def LabelSpecificRescale(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def LabelsequenceAccuracy(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    blank_label: int = ...,
    **more: object,
) -> Top:
    """
    A LabelsequenceAccuracy layer: its bottoms, then fields as keywords. Those of labelsequence_accuracy_param:

    blank_label: The class that means nothing.
    """

@overload
def LabelsequenceAccuracy(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def LabelsequenceAccuracy(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def LargeMarginInnerProduct(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    num_output: int = ...,
    type: int | str = ...,
    weight_filler: Mapping[str, object] | Message = ...,
    axis: int = ...,
    base: float = ...,
    gamma: float = ...,
    power: float = ...,
    iteration: int = ...,
    lambda_min: float = ...,
    **more: object,
) -> Top:
    """
    A LargeMarginInnerProduct layer: its bottoms, then fields as keywords. Those of largemargin_inner_product_param:

    num_output: Number of classes.
    type: How many times the angle of the true class counts.
    weight_filler: Initial weights.
    axis: The axes from here on are the feature.
    base: lambda at iteration 0.
    gamma: How fast lambda falls.
    power: The power with which lambda falls.
    iteration: The iteration that lambda's fall begins with.
    lambda_min: lambda is at least this.
    """

@overload
def LargeMarginInnerProduct(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def LargeMarginInnerProduct(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def LayerNorm(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    axis: int = ...,
    eps: float = ...,
    affine: bool = ...,
    scale_filler: Mapping[str, object] | Message = ...,
    bias_filler: Mapping[str, object] | Message = ...,
    **more: object,
) -> Top:
    """
    A LayerNorm layer: its bottoms, then fields as keywords. Those of layer_norm_param:

    axis: The first axis that is normalised; -1 is the last. 1: each item as a whole.
    eps: Added to the variance.
    affine: Whether to learn a factor and an offset for each normalised value.
    scale_filler: Initial factor; 1 if not set.
    bias_filler: Initial offset; 0 if not set.
    """

@overload
def LayerNorm(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def LayerNorm(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Local(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    num_output: int = ...,
    bias_term: bool = ...,
    pad: int = ...,
    kernel_size: int = ...,
    stride: int = ...,
    weight_filler: Mapping[str, object] | Message = ...,
    bias_filler: Mapping[str, object] | Message = ...,
    **more: object,
) -> Top:
    """
    A Local layer: its bottoms, then fields as keywords. Those of local_param:

    num_output: [happynear's Caffe]
    bias_term: [happynear's Caffe]
    pad: [happynear's Caffe]
    kernel_size: [happynear's Caffe]
    stride: [happynear's Caffe]
    weight_filler: [happynear's Caffe]
    bias_filler: [happynear's Caffe]
    """

@overload
def Local(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Local(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Log(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    base: float = ...,
    scale: float = ...,
    shift: float = ...,
    **more: object,
) -> Top:
    """
    A Log layer: its bottoms, then fields as keywords. Those of log_param:

    base: The base, above 0; -1 stands for e.
    scale: Factor on x.
    shift: Added to scale · x.
    """

@overload
def Log(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Log(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Lstm(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    num_output: int = ...,
    clipping_threshold: float = ...,
    weight_filler: Mapping[str, object] | Message = ...,
    bias_filler: Mapping[str, object] | Message = ...,
    batch_size: int = ...,
    paramq: int = ...,
    scale_in: float = ...,
    scale_out: float = ...,
    a_min: int = ...,
    a_max: int = ...,
    **more: object,
) -> Top:
    """
    A Lstm layer: its bottoms, then fields as keywords. Those of lstm_param:

    num_output: Number of outputs.
    clipping_threshold: The largest gradient of the gates; 0 none.
    weight_filler: Initial weights.
    bias_filler: Initial bias.
    batch_size: Sequences in a batch, which take turns in the bottom's axis 0.
    paramq: [MNN]
    scale_in: [MNN]
    scale_out: [MNN]
    a_min: [MNN]
    a_max: [MNN]
    """

@overload
def Lstm(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Lstm(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def MKLConvolution(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    num_output: int = ...,
    bias_term: bool = ...,
    pad: int | Sequence[int] = ...,
    kernel_size: int | Sequence[int] = ...,
    stride: int | Sequence[int] = ...,
    dilation: int | Sequence[int] = ...,
    pad_h: int = ...,
    pad_w: int = ...,
    kernel_h: int = ...,
    kernel_w: int = ...,
    stride_h: int = ...,
    stride_w: int = ...,
    group: int = ...,
    weight_filler: Mapping[str, object] | Message = ...,
    bias_filler: Mapping[str, object] | Message = ...,
    axis: int = ...,
    force_nd_im2col: bool = ...,
    kernel_depth: int = ...,
    temporal_stride: int = ...,
    filter_group: int = ...,
    temporal_pad: int = ...,
    hole: int = ...,
    hole_h: int = ...,
    hole_w: int = ...,
    conv_mode: int | str = ...,
    dump_parameter: bool = ...,
    dump_activation: bool = ...,
    parameter_sparsity_pattern_histogram: bool = ...,
    cudnn_convolution_algo_seeker: int | str = ...,
    conv_algos_override: str = ...,
    relu: bool = ...,
    negative_slope: float = ...,
    conv_algorithm: str = ...,
    coeff: float | Sequence[float] = ...,
    fusion_type: int | str = ...,
    cudnn_flavor: int | str = ...,
    fuse_type: int | str = ...,
    eltwise_param: Mapping[str, object] | Message = ...,
    relu_param: Mapping[str, object] | Message = ...,
    paramq: int = ...,
    params: float = ...,
    scale_in: float = ...,
    scale_out: float = ...,
    a_min: int = ...,
    a_max: int = ...,
    kernel_shape: Mapping[str, object] | Message = ...,
    pad_shape: Mapping[str, object] | Message = ...,
    stride_shape: Mapping[str, object] | Message = ...,
    shape_offset: int | Sequence[int] = ...,
    mem_group_size: int = ...,
    dilation_h: int = ...,
    dilation_w: int = ...,
    **more: object,
) -> Top:
    """
    A MKLConvolution layer: its bottoms, then fields as keywords. Those of convolution_param:

    num_output: Number of output channels. Weights are (num_output, channels / group, kernel
        ...); those of Deconvolution (channels, num_output / group, kernel ...).
    bias_term: Whether to add a learned number to each output channel. Useless before a
        BatchNorm, which subtracts it again.
    pad: Zeros added on both sides; 0 unless set.
    kernel_size: Size of the window.
    stride: Step of the window; 1 unless set.
    dilation: Distance of the inputs that a window joins; 1 unless set.
    pad_h: Zeros above and below; for images, in place of `pad`.
    pad_w: Zeros to the left and right.
    kernel_h: Height of the window; in place of `kernel_size`.
    kernel_w: Width of the window.
    stride_h: Vertical step; in place of `stride`.
    stride_w: Horizontal step.
    group: Into how many parts channels and outputs are divided, each joined only to its
        like.
    weight_filler: Initial weights; 0 unless set, which learns nothing.
    bias_filler: Initial bias; 0 unless set.
    engine: The code to run. CAFFE: numpy, whatever `--engine` says; otherwise `--engine`
        chooses.
    axis: The axis of the channels; all after it are spatial, all before it batch.
    force_nd_im2col: Whether to use the code for any number of axes even for images; same
        results.
    kernel_depth: [C3D]
    temporal_stride: [C3D]
    filter_group: [C3D]
    temporal_pad: [C3D]
    hole: [DeepLab]
    hole_h: [DeepLab]
    hole_w: [DeepLab]
    conv_mode: [SkimCaffe]
    dump_parameter: [SkimCaffe]
    dump_activation: [SkimCaffe]
    parameter_sparsity_pattern_histogram: [SkimCaffe]
    cudnn_convolution_algo_seeker: [NVCaffe and Vitis AI]
    conv_algos_override: [NVCaffe]
    relu: [Intel Caffe]
    negative_slope: [Intel Caffe]
    conv_algorithm: [Intel Caffe]
    coeff: [Intel Caffe]
    fusion_type: [Intel Caffe]
    cudnn_flavor: [jolibrain's Caffe]
    fuse_type: [naibaf7's Caffe]
    eltwise_param: [naibaf7's Caffe]
    relu_param: [naibaf7's Caffe]
    paramq: [MNN]
    params: [MNN]
    scale_in: [MNN]
    scale_out: [MNN]
    a_min: [MNN]
    a_max: [MNN]
    kernel_shape: [chuckcho/video-caffe]
    pad_shape: [chuckcho/video-caffe]
    stride_shape: [chuckcho/video-caffe]
    shape_offset: [happynear's Caffe]
    mem_group_size: [forks of Caffe's history]
    dilation_h: [TSN]
    dilation_w: [TSN]
    """

@overload
def MKLConvolution(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def MKLConvolution(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def MKLLRN(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    local_size: int = ...,
    alpha: float = ...,
    beta: float = ...,
    norm_region: int | str = ...,
    k: float = ...,
    fuse_type: int | str = ...,
    pooling_param: Mapping[str, object] | Message = ...,
    unit_test_mode: bool = ...,
    unit_test_fuse_kernel: bool = ...,
    **more: object,
) -> Top:
    """
    A MKLLRN layer: its bottoms, then fields as keywords. Those of lrn_param:

    local_size: Width of the neighbourhood; odd.
    alpha: Weight of the neighbours.
    beta: Exponent.
    norm_region: Which neighbours.
    k: Added to the sum.
    engine: The code to run. CAFFE: numpy, whatever `--engine` says; otherwise `--engine`
        chooses.
    fuse_type: [naibaf7's Caffe]
    pooling_param: [naibaf7's Caffe]
    unit_test_mode: [naibaf7's Caffe]
    unit_test_fuse_kernel: [naibaf7's Caffe]
    """

@overload
def MKLLRN(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def MKLLRN(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def MKLPooling(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    pool: int | str = ...,
    pad: int = ...,
    pad_h: int = ...,
    pad_w: int = ...,
    kernel_size: int = ...,
    kernel_h: int = ...,
    kernel_w: int = ...,
    stride: int = ...,
    stride_h: int = ...,
    stride_w: int = ...,
    global_pooling: bool = ...,
    round_mode: int | str = ...,
    kernel_depth: int = ...,
    temporal_stride: int = ...,
    torch_pooling: bool = ...,
    pad_3d: int | Sequence[int] = ...,
    kernel_size_3d: int | Sequence[int] = ...,
    stride_3d: int | Sequence[int] = ...,
    avg_include_pad: bool = ...,
    axis: int = ...,
    dilation: int | Sequence[int] = ...,
    kernel_shape: Mapping[str, object] | Message = ...,
    pad_shape: Mapping[str, object] | Message = ...,
    stride_shape: Mapping[str, object] | Message = ...,
    **more: object,
) -> Top:
    """
    A MKLPooling layer: its bottoms, then fields as keywords. Those of pooling_param:

    pool: Which number.
    pad: Rows and columns added on each side; never chosen by MAX.
    pad_h: Rows added above and below; in place of `pad`.
    pad_w: Columns added to the left and right.
    kernel_size: Height and width of the window.
    kernel_h: Height of the window; in place of `kernel_size`.
    kernel_w: Width of the window.
    stride: Step of the window. The default of 1 makes windows overlap.
    stride_h: Vertical step; in place of `stride`.
    stride_w: Horizontal step.
    engine: The code to run. CAFFE: numpy, whatever `--engine` says; otherwise `--engine`
        chooses.
    global_pooling: Whether the window is the whole image, whatever its size.
    round_mode: Whether the number of windows is rounded up or down. Intel Caffe has
        avg_include_pad under this number.
    kernel_depth: [C3D]
    temporal_stride: [C3D]
    torch_pooling: [NVCaffe]
    pad_3d: [Intel Caffe]
    kernel_size_3d: [Intel Caffe]
    stride_3d: [Intel Caffe]
    avg_include_pad: [Intel Caffe and MNN]
    axis: [Intel Caffe and naibaf7's Caffe]
    dilation: [naibaf7's Caffe]
    kernel_shape: [chuckcho/video-caffe]
    pad_shape: [chuckcho/video-caffe]
    stride_shape: [chuckcho/video-caffe]
    """

@overload
def MKLPooling(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def MKLPooling(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def MKLReLU(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    negative_slope: float = ...,
    fuse: bool = ...,
    **more: object,
) -> Top:
    """
    A MKLReLU layer: its bottoms, then fields as keywords. Those of relu_param:

    negative_slope: Slope below 0. (Leaky ReLU; Maas et al., 2013)
    engine: The code to run. CAFFE: numpy, whatever `--engine` says; otherwise `--engine`
        chooses.
    fuse: [Intel Caffe]
    """

@overload
def MKLReLU(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def MKLReLU(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def MVN(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    normalize_variance: bool = ...,
    across_channels: bool = ...,
    eps: float = ...,
    **more: object,
) -> Top:
    """
    A MVN layer: its bottoms, then fields as keywords. Those of mvn_param:

    normalize_variance: Whether to divide.
    across_channels: Whether to take mean and deviation over all channels of an image
        together.
    eps: Added to the deviation (not to the variance).
    """

@overload
def MVN(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def MVN(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def MarginInnerProduct(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    num_output: int = ...,
    type: int | str = ...,
    weight_filler: Mapping[str, object] | Message = ...,
    axis: int = ...,
    base: float = ...,
    gamma: float = ...,
    power: float = ...,
    iteration: int = ...,
    lambda_min: float = ...,
    **more: object,
) -> Top:
    """
    A MarginInnerProduct layer: its bottoms, then fields as keywords. Those of margin_inner_product_param:

    num_output: Number of classes.
    type: How many times the angle of the true class counts.
    weight_filler: Initial weights.
    axis: The axes from here on are the feature.
    base: lambda at iteration 0.
    gamma: How fast lambda falls.
    power: The power with which lambda falls.
    iteration: The iteration that lambda's fall begins with.
    lambda_min: lambda is at least this.
    """

@overload
def MarginInnerProduct(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def MarginInnerProduct(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def MatRead(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    prefix: str = ...,
    source: str = ...,
    strip: int = ...,
    batch_size: int = ...,
    **more: object,
) -> Top:
    """
    A MatRead layer: its bottoms, then fields as keywords. Those of mat_read_param:

    prefix: Put before each file's name.
    source: A text file with the names, one a line; without it they are numbers.
    strip: How many characters to cut off the end of each name.
    batch_size: Files in a batch.
    """

@overload
def MatRead(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def MatRead(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def MatWrite(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    prefix: str = ...,
    source: str = ...,
    strip: int = ...,
    period: int = ...,
    **more: object,
) -> Top:
    """
    A MatWrite layer: its bottoms, then fields as keywords. Those of mat_write_param:

    prefix: Put before each file's name.
    source: A text file with the names, one a line; without it they are numbers.
    strip: How many characters to cut off the end of each name.
    period: Write in every so many forwards.
    """

@overload
def MatWrite(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def MatWrite(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def MemoryData(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    batch_size: int = ...,
    channels: int = ...,
    height: int = ...,
    width: int = ...,
    dim: int | Sequence[int] = ...,
    length: int = ...,
    transpose: bool = ...,
    **more: object,
) -> Top:
    """
    A MemoryData layer: its bottoms, then fields as keywords. Those of memory_data_param:

    batch_size: Images in a batch; the arrays must hold whole batches.
    channels: Their channels.
    height: Their height.
    width: Their width.
    dim: [naibaf7's Caffe]
    length: [chuckcho/video-caffe]
    transpose: [happynear's Caffe]
    """

@overload
def MemoryData(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def MemoryData(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def MultiBoxLoss(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    loc_loss_type: int | str = ...,
    conf_loss_type: int | str = ...,
    loc_weight: float = ...,
    num_classes: int = ...,
    share_location: bool = ...,
    match_type: int | str = ...,
    overlap_threshold: float = ...,
    use_prior_for_matching: bool = ...,
    background_label_id: int = ...,
    use_difficult_gt: bool = ...,
    do_neg_mining: bool = ...,
    neg_pos_ratio: float = ...,
    neg_overlap: float = ...,
    code_type: int | str = ...,
    encode_variance_in_target: bool = ...,
    map_object_to_agnostic: bool = ...,
    ignore_cross_boundary_bbox: bool = ...,
    bp_inside: bool = ...,
    mining_type: int | str = ...,
    nms_param: Mapping[str, object] | Message = ...,
    sample_size: int = ...,
    use_prior_for_nms: bool = ...,
    ignore_difficult_gt: bool = ...,
    objectness_score: float = ...,
    **more: object,
) -> Top:
    """
    A MultiBoxLoss layer: its bottoms, then fields as keywords. Those of multibox_loss_param:

    loc_loss_type: Loss of the boxes.
    conf_loss_type: Loss of the classes.
    loc_weight: Factor on the loss of the boxes.
    num_classes: Number of classes, background included.
    share_location: Whether all classes share one set of boxes.
    match_type: How prior boxes are given to true boxes.
    overlap_threshold: For PER_PREDICTION: how much is enough.
    use_prior_for_matching: Whether to match by the prior boxes instead of the predicted
        ones.
    background_label_id: The class of the background.
    use_difficult_gt: Whether boxes marked as difficult count.
    do_neg_mining: Old form of mining_type.
    neg_pos_ratio: For MAX_NEGATIVE: background boxes for each matched one.
    neg_overlap: Boxes that overlap more than this are not background.
    code_type: How offsets are coded.
    encode_variance_in_target: Whether offsets contain the variances already.
    map_object_to_agnostic: Whether all objects are one class.
    ignore_cross_boundary_bbox: Whether boxes beyond the edge of the image are left out.
    bp_inside: Whether only corners inside the image give gradients.
    mining_type: Which background boxes count.
    nms_param: How overlapping boxes are dropped before HARD_EXAMPLE.
    sample_size: For HARD_EXAMPLE: the number.
    use_prior_for_nms: Whether to drop by the prior boxes instead of the predicted ones.
    ignore_difficult_gt: Read, but without effect, as in the fork. [NVCaffe]
    objectness_score: Boxes whose objectness is below this are never background that counts;
        needs a bottom of objectness. [RefineDet, jolibrain's Caffe, Vitis AI and others]
    """

@overload
def MultiBoxLoss(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def MultiBoxLoss(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def MultiStageMeanfield(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    compatibility_mode: int | str = ...,
    threshold: float = ...,
    theta_gamma: float = ...,
    theta_alpha: float = ...,
    theta_beta: float = ...,
    num_iterations: int = ...,
    spatial_filter_weight: float = ...,
    bilateral_filter_weight: float = ...,
    spatial_filter_weights_str: str = ...,
    bilateral_filter_weights_str: str = ...,
    force_cpu: bool = ...,
    **more: object,
) -> Top:
    """
    A MultiStageMeanfield layer: its bottoms, then fields as keywords. Those of multi_stage_meanfield_param:

    compatibility_mode: What the matrix of compatibility starts as.
    threshold: A threshold of its fork's tools; the layer does not use it.
    theta_gamma: Distance in pixels over which smoothness reaches.
    theta_alpha: Distance in pixels over which the appearance kernel reaches.
    theta_beta: Difference of colours over which the appearance kernel reaches.
    num_iterations: Steps of mean-field inference.
    spatial_filter_weight: Initial weight of the smoothness kernel.
    bilateral_filter_weight: Initial weight of the appearance kernel.
    spatial_filter_weights_str: Initial weights of the smoothness kernel, one for each
        class, in a text: "3 3 2.5".
    bilateral_filter_weights_str: Initial weights of the appearance kernel, one for each
        class, in a text.
    force_cpu: Whether to compute on the CPU in any case.
    """

@overload
def MultiStageMeanfield(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def MultiStageMeanfield(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def MultinomialLogisticLoss(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    **more: object,
) -> Top:
    """
    A MultinomialLogisticLoss layer: its bottoms, then fields as keywords.
    """

@overload
def MultinomialLogisticLoss(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def MultinomialLogisticLoss(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def NdConvolution(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    num_output: int = ...,
    bias_term: bool = ...,
    pad: int | Sequence[int] = ...,
    kernel_size: int | Sequence[int] = ...,
    stride: int | Sequence[int] = ...,
    dilation: int | Sequence[int] = ...,
    pad_h: int = ...,
    pad_w: int = ...,
    kernel_h: int = ...,
    kernel_w: int = ...,
    stride_h: int = ...,
    stride_w: int = ...,
    group: int = ...,
    weight_filler: Mapping[str, object] | Message = ...,
    bias_filler: Mapping[str, object] | Message = ...,
    axis: int = ...,
    force_nd_im2col: bool = ...,
    kernel_depth: int = ...,
    temporal_stride: int = ...,
    filter_group: int = ...,
    temporal_pad: int = ...,
    hole: int = ...,
    hole_h: int = ...,
    hole_w: int = ...,
    conv_mode: int | str = ...,
    dump_parameter: bool = ...,
    dump_activation: bool = ...,
    parameter_sparsity_pattern_histogram: bool = ...,
    cudnn_convolution_algo_seeker: int | str = ...,
    conv_algos_override: str = ...,
    relu: bool = ...,
    negative_slope: float = ...,
    conv_algorithm: str = ...,
    coeff: float | Sequence[float] = ...,
    fusion_type: int | str = ...,
    cudnn_flavor: int | str = ...,
    fuse_type: int | str = ...,
    eltwise_param: Mapping[str, object] | Message = ...,
    relu_param: Mapping[str, object] | Message = ...,
    paramq: int = ...,
    params: float = ...,
    scale_in: float = ...,
    scale_out: float = ...,
    a_min: int = ...,
    a_max: int = ...,
    kernel_shape: Mapping[str, object] | Message = ...,
    pad_shape: Mapping[str, object] | Message = ...,
    stride_shape: Mapping[str, object] | Message = ...,
    shape_offset: int | Sequence[int] = ...,
    mem_group_size: int = ...,
    dilation_h: int = ...,
    dilation_w: int = ...,
    **more: object,
) -> Top:
    """
    A NdConvolution layer: its bottoms, then fields as keywords. Those of convolution_param:

    num_output: Number of output channels. Weights are (num_output, channels / group, kernel
        ...); those of Deconvolution (channels, num_output / group, kernel ...).
    bias_term: Whether to add a learned number to each output channel. Useless before a
        BatchNorm, which subtracts it again.
    pad: Zeros added on both sides; 0 unless set.
    kernel_size: Size of the window.
    stride: Step of the window; 1 unless set.
    dilation: Distance of the inputs that a window joins; 1 unless set.
    pad_h: Zeros above and below; for images, in place of `pad`.
    pad_w: Zeros to the left and right.
    kernel_h: Height of the window; in place of `kernel_size`.
    kernel_w: Width of the window.
    stride_h: Vertical step; in place of `stride`.
    stride_w: Horizontal step.
    group: Into how many parts channels and outputs are divided, each joined only to its
        like.
    weight_filler: Initial weights; 0 unless set, which learns nothing.
    bias_filler: Initial bias; 0 unless set.
    engine: The code to run. CAFFE: numpy, whatever `--engine` says; otherwise `--engine`
        chooses.
    axis: The axis of the channels; all after it are spatial, all before it batch.
    force_nd_im2col: Whether to use the code for any number of axes even for images; same
        results.
    kernel_depth: [C3D]
    temporal_stride: [C3D]
    filter_group: [C3D]
    temporal_pad: [C3D]
    hole: [DeepLab]
    hole_h: [DeepLab]
    hole_w: [DeepLab]
    conv_mode: [SkimCaffe]
    dump_parameter: [SkimCaffe]
    dump_activation: [SkimCaffe]
    parameter_sparsity_pattern_histogram: [SkimCaffe]
    cudnn_convolution_algo_seeker: [NVCaffe and Vitis AI]
    conv_algos_override: [NVCaffe]
    relu: [Intel Caffe]
    negative_slope: [Intel Caffe]
    conv_algorithm: [Intel Caffe]
    coeff: [Intel Caffe]
    fusion_type: [Intel Caffe]
    cudnn_flavor: [jolibrain's Caffe]
    fuse_type: [naibaf7's Caffe]
    eltwise_param: [naibaf7's Caffe]
    relu_param: [naibaf7's Caffe]
    paramq: [MNN]
    params: [MNN]
    scale_in: [MNN]
    scale_out: [MNN]
    a_min: [MNN]
    a_max: [MNN]
    kernel_shape: [chuckcho/video-caffe]
    pad_shape: [chuckcho/video-caffe]
    stride_shape: [chuckcho/video-caffe]
    shape_offset: [happynear's Caffe]
    mem_group_size: [forks of Caffe's history]
    dilation_h: [TSN]
    dilation_w: [TSN]
    """

@overload
def NdConvolution(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def NdConvolution(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def NdPooling(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    pool: int | str = ...,
    pad: int = ...,
    pad_h: int = ...,
    pad_w: int = ...,
    kernel_size: int = ...,
    kernel_h: int = ...,
    kernel_w: int = ...,
    stride: int = ...,
    stride_h: int = ...,
    stride_w: int = ...,
    global_pooling: bool = ...,
    round_mode: int | str = ...,
    kernel_depth: int = ...,
    temporal_stride: int = ...,
    torch_pooling: bool = ...,
    pad_3d: int | Sequence[int] = ...,
    kernel_size_3d: int | Sequence[int] = ...,
    stride_3d: int | Sequence[int] = ...,
    avg_include_pad: bool = ...,
    axis: int = ...,
    dilation: int | Sequence[int] = ...,
    kernel_shape: Mapping[str, object] | Message = ...,
    pad_shape: Mapping[str, object] | Message = ...,
    stride_shape: Mapping[str, object] | Message = ...,
    **more: object,
) -> Top:
    """
    A NdPooling layer: its bottoms, then fields as keywords. Those of pooling_param:

    pool: Which number.
    pad: Rows and columns added on each side; never chosen by MAX.
    pad_h: Rows added above and below; in place of `pad`.
    pad_w: Columns added to the left and right.
    kernel_size: Height and width of the window.
    kernel_h: Height of the window; in place of `kernel_size`.
    kernel_w: Width of the window.
    stride: Step of the window. The default of 1 makes windows overlap.
    stride_h: Vertical step; in place of `stride`.
    stride_w: Horizontal step.
    engine: The code to run. CAFFE: numpy, whatever `--engine` says; otherwise `--engine`
        chooses.
    global_pooling: Whether the window is the whole image, whatever its size.
    round_mode: Whether the number of windows is rounded up or down. Intel Caffe has
        avg_include_pad under this number.
    kernel_depth: [C3D]
    temporal_stride: [C3D]
    torch_pooling: [NVCaffe]
    pad_3d: [Intel Caffe]
    kernel_size_3d: [Intel Caffe]
    stride_3d: [Intel Caffe]
    avg_include_pad: [Intel Caffe and MNN]
    axis: [Intel Caffe and naibaf7's Caffe]
    dilation: [naibaf7's Caffe]
    kernel_shape: [chuckcho/video-caffe]
    pad_shape: [chuckcho/video-caffe]
    stride_shape: [chuckcho/video-caffe]
    """

@overload
def NdPooling(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def NdPooling(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Nms(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    threshold: float = ...,
    num_peak: int = ...,
    max_peaks: int = ...,
    num_parts: int = ...,
    **more: object,
) -> Top:
    """
    A Nms layer: its bottoms, then fields as keywords. Those of nms_param:

    threshold: The least height of a peak.
    num_peak: Room for so many peaks.
    max_peaks: The most peaks of a map.
    num_parts: Number of maps.
    """

@overload
def Nms(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Nms(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Normalize(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    across_spatial: bool = ...,
    scale_filler: Mapping[str, object] | Message = ...,
    channel_shared: bool = ...,
    eps: float = ...,
    normalize_type: str = ...,
    fix_gradient: bool = ...,
    bp_norm: bool = ...,
    **more: object,
) -> Top:
    """
    A Normalize layer: its bottoms, then fields as keywords. Those of norm_param:

    across_spatial: Whether the length is that of a whole image, else that of the channels
        at a pixel.
    scale_filler: Initial factor; 1 unless set.
    channel_shared: Whether all channels share one factor.
    eps: Added to the squared length.
    normalize_type: [happynear's Caffe]
    fix_gradient: [happynear's Caffe]
    bp_norm: [happynear's Caffe]
    """

@overload
def Normalize(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Normalize(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def OHEMDataLayer(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    module: str = ...,
    layer: str = ...,
    param_str: str = ...,
    share_in_parallel: bool = ...,
    **more: object,
) -> Top:
    """
    A OHEMDataLayer layer: its bottoms, then fields as keywords. Those of python_param:

    module: The module that defines it; it must be importable.
    layer: The class in that module.
    param_str: Any text; the layer finds it as `self.param_str`.
    share_in_parallel: Whether several graphics cards share one such layer; no effect here.
    """

@overload
def OHEMDataLayer(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def OHEMDataLayer(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def PReLU(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    filler: Mapping[str, object] | Message = ...,
    channel_shared: bool = ...,
    **more: object,
) -> Top:
    """
    A PReLU layer: its bottoms, then fields as keywords. Those of prelu_param:

    filler: Initial a; 0.25 unless set.
    channel_shared: Whether all channels share one a.
    """

@overload
def PReLU(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def PReLU(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def PSROIPooling(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    spatial_scale: float = ...,
    output_dim: int = ...,
    group_size: int = ...,
    **more: object,
) -> Top:
    """
    A PSROIPooling layer: its bottoms, then fields as keywords. Those of psroi_pooling_param:

    spatial_scale: Steps of the feature map for each pixel of the image.
    output_dim: Number of output channels.
    group_size: Parts in each direction.
    """

@overload
def PSROIPooling(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def PSROIPooling(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Padding(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    pad_beg: int = ...,
    pad_end: int = ...,
    **more: object,
) -> Top:
    """
    A Padding layer: its bottoms, then fields as keywords. Those of padding_param:

    pad_beg: [DeepLab]
    pad_end: [DeepLab]
    """

@overload
def Padding(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Padding(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Parameter(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    shape: Mapping[str, object] | Message = ...,
    blob_filler: Mapping[str, object] | Message = ...,
    **more: object,
) -> Top:
    """
    A Parameter layer: its bottoms, then fields as keywords. Those of parameter_param:

    shape: Its shape.
    blob_filler: What fills it; zeros without one. [happynear's Caffe]
    """

@overload
def Parameter(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Parameter(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Permute(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    order: int | Sequence[int] = ...,
    **more: object,
) -> Top:
    """
    A Permute layer: its bottoms, then fields as keywords. Those of permute_param:

    order: The bottom's axes in the order wanted; those not listed follow in their order.
    """

@overload
def Permute(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Permute(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Pooling(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    pool: int | str = ...,
    pad: int = ...,
    pad_h: int = ...,
    pad_w: int = ...,
    kernel_size: int = ...,
    kernel_h: int = ...,
    kernel_w: int = ...,
    stride: int = ...,
    stride_h: int = ...,
    stride_w: int = ...,
    global_pooling: bool = ...,
    round_mode: int | str = ...,
    kernel_depth: int = ...,
    temporal_stride: int = ...,
    torch_pooling: bool = ...,
    pad_3d: int | Sequence[int] = ...,
    kernel_size_3d: int | Sequence[int] = ...,
    stride_3d: int | Sequence[int] = ...,
    avg_include_pad: bool = ...,
    axis: int = ...,
    dilation: int | Sequence[int] = ...,
    kernel_shape: Mapping[str, object] | Message = ...,
    pad_shape: Mapping[str, object] | Message = ...,
    stride_shape: Mapping[str, object] | Message = ...,
    **more: object,
) -> Top:
    """
    A Pooling layer: its bottoms, then fields as keywords. Those of pooling_param:

    pool: Which number.
    pad: Rows and columns added on each side; never chosen by MAX.
    pad_h: Rows added above and below; in place of `pad`.
    pad_w: Columns added to the left and right.
    kernel_size: Height and width of the window.
    kernel_h: Height of the window; in place of `kernel_size`.
    kernel_w: Width of the window.
    stride: Step of the window. The default of 1 makes windows overlap.
    stride_h: Vertical step; in place of `stride`.
    stride_w: Horizontal step.
    engine: The code to run. CAFFE: numpy, whatever `--engine` says; otherwise `--engine`
        chooses.
    global_pooling: Whether the window is the whole image, whatever its size.
    round_mode: Whether the number of windows is rounded up or down. Intel Caffe has
        avg_include_pad under this number.
    kernel_depth: [C3D]
    temporal_stride: [C3D]
    torch_pooling: [NVCaffe]
    pad_3d: [Intel Caffe]
    kernel_size_3d: [Intel Caffe]
    stride_3d: [Intel Caffe]
    avg_include_pad: [Intel Caffe and MNN]
    axis: [Intel Caffe and naibaf7's Caffe]
    dilation: [naibaf7's Caffe]
    kernel_shape: [chuckcho/video-caffe]
    pad_shape: [chuckcho/video-caffe]
    stride_shape: [chuckcho/video-caffe]
    """

@overload
def Pooling(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Pooling(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Pooling3D(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    pool: int | str = ...,
    kernel_size: int = ...,
    stride: int = ...,
    pad: int = ...,
    kernel_depth: int = ...,
    temporal_stride: int = ...,
    temporal_pad: int = ...,
    **more: object,
) -> Top:
    """
    A Pooling3D layer: its bottoms, then fields as keywords. Those of pooling3d_param:

    pool: Which number.
    kernel_size: Height and width of the window.
    stride: Step in rows and columns.
    pad: Zeros above, below, left and right.
    kernel_depth: Frames of the window.
    temporal_stride: Step in frames.
    temporal_pad: Frames of zeros before and after. [MNN]
    """

@overload
def Pooling3D(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Pooling3D(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Power(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    power: float = ...,
    scale: float = ...,
    shift: float = ...,
    **more: object,
) -> Top:
    """
    A Power layer: its bottoms, then fields as keywords. Those of power_param:

    power: The exponent. 0 gives 1 everywhere.
    scale: Factor on x.
    shift: Added to scale · x.
    """

@overload
def Power(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Power(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def PriorBox(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    min_size: float | Sequence[float] = ...,
    max_size: float | Sequence[float] = ...,
    aspect_ratio: float | Sequence[float] = ...,
    flip: bool = ...,
    clip: bool = ...,
    variance: float | Sequence[float] = ...,
    img_size: int = ...,
    img_h: int = ...,
    img_w: int = ...,
    step: float = ...,
    step_h: float = ...,
    step_w: float = ...,
    offset: float = ...,
    width: float | Sequence[float] = ...,
    height: float | Sequence[float] = ...,
    offset_w: float | Sequence[float] = ...,
    offset_h: float | Sequence[float] = ...,
    **more: object,
) -> Top:
    """
    A PriorBox layer: its bottoms, then fields as keywords. Those of prior_box_param:

    min_size: Sides of the small squares, in pixels.
    max_size: For each min_size a further square with the geometric mean of both as its
        side.
    aspect_ratio: Ratios of width to height of further boxes; 1 is always there.
    flip: Whether each ratio is used upside down, too.
    clip: Whether boxes are cut at the edge of the image.
    variance: What offsets are divided by: one number, or four; 0.1 unless set.
    img_size: Height and width of the image; taken from the second bottom unless set.
    img_h: Height of the image, in place of img_size.
    img_w: Width of the image, in place of img_size.
    step: Distance of the centres in pixels; image by feature map unless set.
    step_h: Vertical distance, in place of step.
    step_w: Horizontal distance, in place of step.
    offset: Place of the first centre, in steps.
    width: Widths of the boxes in pixels, in place of min_size, max_size and aspect_ratio.
        [OpenVINO and OpenCV]
    height: Heights of the boxes in pixels, one for each width. [OpenVINO and OpenCV]
    offset_w: Places of the first centre across, in steps, in place of offset: one box for
        each. [OpenCV]
    offset_h: Places of the first centre down, one for each offset_w. [OpenCV]
    """

@overload
def PriorBox(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def PriorBox(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def PriorBoxClustered(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    min_size: float | Sequence[float] = ...,
    max_size: float | Sequence[float] = ...,
    aspect_ratio: float | Sequence[float] = ...,
    flip: bool = ...,
    clip: bool = ...,
    variance: float | Sequence[float] = ...,
    img_size: int = ...,
    img_h: int = ...,
    img_w: int = ...,
    step: float = ...,
    step_h: float = ...,
    step_w: float = ...,
    offset: float = ...,
    width: float | Sequence[float] = ...,
    height: float | Sequence[float] = ...,
    offset_w: float | Sequence[float] = ...,
    offset_h: float | Sequence[float] = ...,
    **more: object,
) -> Top:
    """
    A PriorBoxClustered layer: its bottoms, then fields as keywords. Those of prior_box_param:

    min_size: Sides of the small squares, in pixels.
    max_size: For each min_size a further square with the geometric mean of both as its
        side.
    aspect_ratio: Ratios of width to height of further boxes; 1 is always there.
    flip: Whether each ratio is used upside down, too.
    clip: Whether boxes are cut at the edge of the image.
    variance: What offsets are divided by: one number, or four; 0.1 unless set.
    img_size: Height and width of the image; taken from the second bottom unless set.
    img_h: Height of the image, in place of img_size.
    img_w: Width of the image, in place of img_size.
    step: Distance of the centres in pixels; image by feature map unless set.
    step_h: Vertical distance, in place of step.
    step_w: Horizontal distance, in place of step.
    offset: Place of the first centre, in steps.
    width: Widths of the boxes in pixels, in place of min_size, max_size and aspect_ratio.
        [OpenVINO and OpenCV]
    height: Heights of the boxes in pixels, one for each width. [OpenVINO and OpenCV]
    offset_w: Places of the first centre across, in steps, in place of offset: one box for
        each. [OpenCV]
    offset_h: Places of the first centre down, one for each offset_w. [OpenCV]
    """

@overload
def PriorBoxClustered(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def PriorBoxClustered(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Proposal(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    feat_stride: int = ...,
    base_size: int = ...,
    min_size: int = ...,
    ratio: float | Sequence[float] = ...,
    scale: float | Sequence[float] = ...,
    pre_nms_topn: int = ...,
    post_nms_topn: int = ...,
    nms_thresh: float = ...,
    nms_input_num: int = ...,
    nms_output_num: int = ...,
    stride_h: int = ...,
    stride_w: int = ...,
    nms_iou_th: float = ...,
    min_width: float = ...,
    min_height: float = ...,
    anchor: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    **more: object,
) -> Top:
    """
    A Proposal layer: its bottoms, then fields as keywords. Those of proposal_param:

    feat_stride: Pixels of the image for each step of the feature map.
    base_size: Side of the basic square, in pixels.
    min_size: Least side of a region, in pixels of the image as it was.
    ratio: Ratios of height to width.
    scale: Factors on the basic square.
    pre_nms_topn: How many of the best regions to look at.
    post_nms_topn: How many regions to give.
    nms_thresh: The overlap at which a region is dropped for a better one.
    nms_input_num: [Vitis AI]
    nms_output_num: [Vitis AI]
    stride_h: [Vitis AI]
    stride_w: [Vitis AI]
    nms_iou_th: [Vitis AI]
    min_width: [Vitis AI]
    min_height: [Vitis AI]
    anchor: [Vitis AI]
    """

@overload
def Proposal(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Proposal(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def ProposalLayer(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    module: str = ...,
    layer: str = ...,
    param_str: str = ...,
    share_in_parallel: bool = ...,
    **more: object,
) -> Top:
    """
    A ProposalLayer layer: its bottoms, then fields as keywords. Those of python_param:

    module: The module that defines it; it must be importable.
    layer: The class in that module.
    param_str: Any text; the layer finds it as `self.param_str`.
    share_in_parallel: Whether several graphics cards share one such layer; no effect here.
    """

@overload
def ProposalLayer(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def ProposalLayer(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def ProposalTarget(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    cls_num: int = ...,
    batch_size: int = ...,
    fg_fraction: float = ...,
    num_img_per_batch: int = ...,
    fg_thr: float = ...,
    bg_thr_hg: float = ...,
    bg_thr_lw: float = ...,
    img_width: int = ...,
    img_height: int = ...,
    iou_weighted: bool = ...,
    bbox_thr_lw: float = ...,
    bbox_thr_hg: float = ...,
    pickup_discard: bool = ...,
    append_gtbox: bool = ...,
    gt_iou_thr: float = ...,
    stage: int = ...,
    bbox_mean: float | Sequence[float] = ...,
    bbox_std: float | Sequence[float] = ...,
    **more: object,
) -> Top:
    """
    A ProposalTarget layer: its bottoms, then fields as keywords. Those of proposal_target_param:

    cls_num: [Cascade R-CNN]
    batch_size: [Cascade R-CNN]
    fg_fraction: [Cascade R-CNN]
    num_img_per_batch: [Cascade R-CNN]
    fg_thr: [Cascade R-CNN]
    bg_thr_hg: [Cascade R-CNN]
    bg_thr_lw: [Cascade R-CNN]
    img_width: [Cascade R-CNN]
    img_height: [Cascade R-CNN]
    iou_weighted: [Cascade R-CNN]
    bbox_thr_lw: [Cascade R-CNN]
    bbox_thr_hg: [Cascade R-CNN]
    pickup_discard: [Cascade R-CNN]
    append_gtbox: [Cascade R-CNN]
    gt_iou_thr: [makefile's frcnn]
    stage: [makefile's frcnn]
    bbox_mean: [MS-CNN]
    bbox_std: [MS-CNN]
    """

@overload
def ProposalTarget(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def ProposalTarget(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def ProposalTargetLayer(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    module: str = ...,
    layer: str = ...,
    param_str: str = ...,
    share_in_parallel: bool = ...,
    **more: object,
) -> Top:
    """
    A ProposalTargetLayer layer: its bottoms, then fields as keywords. Those of python_param:

    module: The module that defines it; it must be importable.
    layer: The class in that module.
    param_str: Any text; the layer finds it as `self.param_str`.
    share_in_parallel: Whether several graphics cards share one such layer; no effect here.
    """

@overload
def ProposalTargetLayer(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def ProposalTargetLayer(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Python(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    module: str = ...,
    layer: str = ...,
    param_str: str = ...,
    share_in_parallel: bool = ...,
    **more: object,
) -> Top:
    """
    A Python layer: its bottoms, then fields as keywords. Those of python_param:

    module: The module that defines it; it must be importable.
    layer: The class in that module.
    param_str: Any text; the layer finds it as `self.param_str`.
    share_in_parallel: Whether several graphics cards share one such layer; no effect here.
    """

@overload
def Python(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Python(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def RNN(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    num_output: int = ...,
    weight_filler: Mapping[str, object] | Message = ...,
    bias_filler: Mapping[str, object] | Message = ...,
    debug_info: bool = ...,
    expose_hidden: bool = ...,
    **more: object,
) -> Top:
    """
    A RNN layer: its bottoms, then fields as keywords. Those of recurrent_param:

    num_output: Size of the hidden state, and of the output at each time.
    weight_filler: Initial weights.
    bias_filler: Initial bias.
    debug_info: Whether the unrolled net logs its blobs.
    expose_hidden: Whether the hidden state is a further bottom and top, instead of being
        kept from one forward to the next.
    """

@overload
def RNN(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def RNN(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def ROIAlign(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    pooled_h: int = ...,
    pooled_w: int = ...,
    spatial_scale: float = ...,
    sampling_ratio: int = ...,
    **more: object,
) -> Top:
    """
    A ROIAlign layer: its bottoms, then fields as keywords. Those of roi_align_param:

    pooled_h: Parts from top to bottom.
    pooled_w: Parts from left to right.
    spatial_scale: Steps of the feature map for each pixel of the image.
    sampling_ratio: Points in each direction that a part is sampled at; -1 by its size.
    """

@overload
def ROIAlign(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def ROIAlign(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def ROIPooling(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    pooled_h: int = ...,
    pooled_w: int = ...,
    spatial_scale: float = ...,
    pad_ratio: float = ...,
    pooled_size: int | Sequence[int] = ...,
    bi_type: int = ...,
    is_multi_interpolate: bool = ...,
    **more: object,
) -> Top:
    """
    A ROIPooling layer: its bottoms, then fields as keywords. Those of roi_pooling_param:

    pooled_h: Parts from top to bottom.
    pooled_w: Parts from left to right.
    spatial_scale: Steps of the feature map for each pixel of the image.
    pad_ratio: [Cascade R-CNN and makefile's frcnn]
    pooled_size: [Intel Caffe]
    bi_type: [makefile's frcnn]
    is_multi_interpolate: [makefile's frcnn]
    """

@overload
def ROIPooling(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def ROIPooling(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def RandVec(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    batch_size: int = ...,
    dim: int = ...,
    height: int = ...,
    width: int = ...,
    lower: float = ...,
    upper: float = ...,
    repeat: int = ...,
    value: float = ...,
    **more: object,
) -> Top:
    """
    A RandVec layer: its bottoms, then fields as keywords. Those of rand_vec_param:

    batch_size: Items in a batch.
    dim: Numbers of an item, or channels with height and width.
    height: Height, with width; 0 for items without pixels.
    width: Width, with height; 0 for items without pixels.
    lower: The least number.
    upper: What all numbers are below.
    repeat: How many forwards give the same numbers.
    value: [forks of Caffe's history]
    """

@overload
def RandVec(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def RandVec(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def ReLU(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    negative_slope: float = ...,
    fuse: bool = ...,
    **more: object,
) -> Top:
    """
    A ReLU layer: its bottoms, then fields as keywords. Those of relu_param:

    negative_slope: Slope below 0. (Leaky ReLU; Maas et al., 2013)
    engine: The code to run. CAFFE: numpy, whatever `--engine` says; otherwise `--engine`
        chooses.
    fuse: [Intel Caffe]
    """

@overload
def ReLU(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def ReLU(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def ReLU6(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    negative_slope: float = ...,
    fuse: bool = ...,
    **more: object,
) -> Top:
    """
    A ReLU6 layer: its bottoms, then fields as keywords. Those of relu6_param:

    negative_slope: Slope below 0. (Leaky ReLU; Maas et al., 2013)
    engine: The code to run. CAFFE: numpy, whatever `--engine` says; otherwise `--engine`
        chooses.
    fuse: [Intel Caffe]
    """

@overload
def ReLU6(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def ReLU6(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def ReLUPooling(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    pool: int | str = ...,
    pad: int = ...,
    pad_h: int = ...,
    pad_w: int = ...,
    kernel_size: int = ...,
    kernel_h: int = ...,
    kernel_w: int = ...,
    stride: int = ...,
    stride_h: int = ...,
    stride_w: int = ...,
    global_pooling: bool = ...,
    round_mode: int | str = ...,
    kernel_depth: int = ...,
    temporal_stride: int = ...,
    torch_pooling: bool = ...,
    pad_3d: int | Sequence[int] = ...,
    kernel_size_3d: int | Sequence[int] = ...,
    stride_3d: int | Sequence[int] = ...,
    avg_include_pad: bool = ...,
    axis: int = ...,
    dilation: int | Sequence[int] = ...,
    kernel_shape: Mapping[str, object] | Message = ...,
    pad_shape: Mapping[str, object] | Message = ...,
    stride_shape: Mapping[str, object] | Message = ...,
    **more: object,
) -> Top:
    """
    A ReLUPooling layer: its bottoms, then fields as keywords. Those of pooling_param:

    pool: Which number.
    pad: Rows and columns added on each side; never chosen by MAX.
    pad_h: Rows added above and below; in place of `pad`.
    pad_w: Columns added to the left and right.
    kernel_size: Height and width of the window.
    kernel_h: Height of the window; in place of `kernel_size`.
    kernel_w: Width of the window.
    stride: Step of the window. The default of 1 makes windows overlap.
    stride_h: Vertical step; in place of `stride`.
    stride_w: Horizontal step.
    engine: The code to run. CAFFE: numpy, whatever `--engine` says; otherwise `--engine`
        chooses.
    global_pooling: Whether the window is the whole image, whatever its size.
    round_mode: Whether the number of windows is rounded up or down. Intel Caffe has
        avg_include_pad under this number.
    kernel_depth: [C3D]
    temporal_stride: [C3D]
    torch_pooling: [NVCaffe]
    pad_3d: [Intel Caffe]
    kernel_size_3d: [Intel Caffe]
    stride_3d: [Intel Caffe]
    avg_include_pad: [Intel Caffe and MNN]
    axis: [Intel Caffe and naibaf7's Caffe]
    dilation: [naibaf7's Caffe]
    kernel_shape: [chuckcho/video-caffe]
    pad_shape: [chuckcho/video-caffe]
    stride_shape: [chuckcho/video-caffe]
    """

@overload
def ReLUPooling(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def ReLUPooling(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Reduction(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    operation: int | str = ...,
    axis: int = ...,
    coeff: float = ...,
    k: int = ...,
    dim_0: int = ...,
    dim_1: int = ...,
    dim_2: int = ...,
    dim_3: int = ...,
    keepdim: int = ...,
    **more: object,
) -> Top:
    """
    A Reduction layer: its bottoms, then fields as keywords. Those of reduction_param:

    operation: Which number.
    axis: The first axis that disappears; 0 gives a single number.
    coeff: Factor on the result.
    k: [TSN]
    dim_0: [Tengine]
    dim_1: [Tengine]
    dim_2: [Tengine]
    dim_3: [Tengine]
    keepdim: [Tengine]
    """

@overload
def Reduction(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Reduction(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def RegionLoss(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    side: int = ...,
    num_class: int = ...,
    bias_match: int = ...,
    coords: int = ...,
    num: int = ...,
    softmax: int = ...,
    jitter: float = ...,
    rescore: int = ...,
    object_scale: float = ...,
    class_scale: float = ...,
    noobject_scale: float = ...,
    coord_scale: float = ...,
    absolute: int = ...,
    thresh: float = ...,
    random: int = ...,
    biases: float | Sequence[float] = ...,
    softmax_tree: str = ...,
    class_map: str = ...,
    **more: object,
) -> Top:
    """
    A RegionLoss layer: its bottoms, then fields as keywords. Those of region_loss_param:

    side: Places in each direction; the bottom's counts.
    num_class: Number of classes.
    bias_match: Whether anchors are compared with true boxes as they are, not as the net
        changes them.
    coords: Numbers that make a box; 4.
    num: Boxes at each place.
    softmax: Read, but without effect: classes have a softmax.
    jitter: Read, but without effect.
    rescore: Whether the objectness learns the overlap with the true box; with 300 rows of
        labels.
    object_scale: Factor on the objectness of boxes that have a true one.
    class_scale: Factor on the classes.
    noobject_scale: Factor on the objectness of the other boxes.
    coord_scale: Factor on the box.
    absolute: Read, but without effect.
    thresh: A box that overlaps a true one by more is not told that it shows nothing.
    random: Read, but without effect.
    biases: Widths and heights of the anchors, in turn, in places.
    softmax_tree: A file with a tree of classes; not supported.
    class_map: A file with other numbers for the classes; not supported.
    """

@overload
def RegionLoss(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def RegionLoss(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Render(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    num_output: int = ...,
    **more: object,
) -> Top:
    """
    A Render layer: its bottoms, then fields as keywords. Those of render_param:

    num_output: Channels of the top.
    """

@overload
def Render(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Render(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Reorg(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    stride: int = ...,
    reverse: bool = ...,
    **more: object,
) -> Top:
    """
    A Reorg layer: its bottoms, then fields as keywords. Those of reorg_param:

    stride: Side of the squares.
    reverse: Whether to move channels into pixels instead.
    """

@overload
def Reorg(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Reorg(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Resample(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    width: int = ...,
    height: int = ...,
    type: int | str = ...,
    antialias: bool = ...,
    factor: float = ...,
    **more: object,
) -> Top:
    """
    A Resample layer: its bottoms, then fields as keywords. Those of resample_param:

    width: Width to reach.
    height: Height to reach.
    type: How to interpolate.
    antialias: Whether to smooth before shrinking.
    factor: Not used.
    """

@overload
def Resample(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Resample(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Reshape(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    shape: Mapping[str, object] | Message = ...,
    axis: int = ...,
    num_axes: int = ...,
    pixelshuffler: int = ...,
    **more: object,
) -> Top:
    """
    A Reshape layer: its bottoms, then fields as keywords. Those of reshape_param:

    shape: The new dimensions: 0 keeps the bottom's, -1 (once) is whatever is left.
    axis: The first axis that is replaced.
    num_axes: How many axes are replaced; -1 all from `axis` on, 0 inserts.
    pixelshuffler: [Intel Caffe]
    """

@overload
def Reshape(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Reshape(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Reverse(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    axis: int = ...,
    **more: object,
) -> Top:
    """
    A Reverse layer: its bottoms, then fields as keywords. Those of reverse_param:

    axis: The axis.
    """

@overload
def Reverse(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Reverse(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def RoIDataLayer(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    module: str = ...,
    layer: str = ...,
    param_str: str = ...,
    share_in_parallel: bool = ...,
    **more: object,
) -> Top:
    """
    A RoIDataLayer layer: its bottoms, then fields as keywords. Those of python_param:

    module: The module that defines it; it must be importable.
    layer: The class in that module.
    param_str: Any text; the layer finds it as `self.param_str`.
    share_in_parallel: Whether several graphics cards share one such layer; no effect here.
    """

@overload
def RoIDataLayer(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def RoIDataLayer(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def SPP(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    pyramid_height: int = ...,
    pool: int | str = ...,
    **more: object,
) -> Top:
    """
    A SPP layer: its bottoms, then fields as keywords. Those of spp_param:

    pyramid_height: How many scales; scale i has 2^i by 2^i windows.
    pool: Which number each window gives.
    engine: The code to run. CAFFE: numpy, whatever `--engine` says; otherwise `--engine`
        chooses.
    """

@overload
def SPP(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def SPP(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Scale(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    axis: int = ...,
    num_axes: int = ...,
    filler: Mapping[str, object] | Message = ...,
    bias_term: bool = ...,
    bias_filler: Mapping[str, object] | Message = ...,
    min_value: float = ...,
    max_value: float = ...,
    **more: object,
) -> Top:
    """
    A Scale layer: its bottoms, then fields as keywords. Those of scale_param:

    axis: First axis of the bottom that s has; negative counts from the end. With two
        bottoms s is the second.
    num_axes: How many axes a learned s has; 0 a single number, -1 all from `axis` on.
    filler: Initial values of a learned s; 1 unless set.
    bias_term: Whether to add a learned bias of the same shape; wanted after a BatchNorm.
    bias_filler: Initial bias; 0 unless set.
    min_value: [PytorchToCaffe]
    max_value: [PytorchToCaffe]
    """

@overload
def Scale(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Scale(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def ScaleRoute(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    low_scale: float = ...,
    high_scale: float = ...,
    **more: object,
) -> Top:
    """
    A ScaleRoute layer: its bottoms, then fields as keywords. Those of scale_route_param:

    low_scale: [Cascade R-CNN]
    high_scale: [Cascade R-CNN]
    """

@overload
def ScaleRoute(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def ScaleRoute(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Scatter(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    **more: object,
) -> Top:
    """
    A Scatter layer: its bottoms, then fields as keywords.
    """

@overload
def Scatter(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Scatter(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def ScoreDetections(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    **more: object,
) -> Top:
    """
    A ScoreDetections layer: its bottoms, then fields as keywords.
    """

@overload
def ScoreDetections(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def ScoreDetections(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def SeLu(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    alpha: float = ...,
    **more: object,
) -> Top:
    """
    A SeLu layer: its bottoms, then fields as keywords. Those of selu_param:

    lambda: The factor of all.
    alpha: The factor of negative values besides.
    """

@overload
def SeLu(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def SeLu(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def SeLuDropout(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    dropout_ratio: float = ...,
    alpha: float = ...,
    **more: object,
) -> Top:
    """
    A SeLuDropout layer: its bottoms, then fields as keywords. Those of selu_dropout_param:

    dropout_ratio: The probability with which a value is dropped.
    alpha: What a dropped value becomes.
    """

@overload
def SeLuDropout(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def SeLuDropout(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def SegAccuracy(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    metric: int | str = ...,
    ignore_label: int | Sequence[int] = ...,
    reset: bool = ...,
    **more: object,
) -> Top:
    """
    A SegAccuracy layer: its bottoms, then fields as keywords. Those of seg_accuracy_param:

    metric: A metric that old versions chose; the tops now hold all three.
    ignore_label: Pixels of these labels do not count.
    reset: Whether each forward counts by itself, else they add up. [PSPNet]
    """

@overload
def SegAccuracy(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def SegAccuracy(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def SegmentationEvaluate(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    num_classes: int = ...,
    threshold: float = ...,
    **more: object,
) -> Top:
    """
    A SegmentationEvaluate layer: its bottoms, then fields as keywords. Those of segmentation_evaluate_param:

    num_classes: [YOLO ports]
    threshold: [YOLO ports]
    """

@overload
def SegmentationEvaluate(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def SegmentationEvaluate(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def ShuffleChannel(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    group: int = ...,
    **more: object,
) -> Top:
    """
    A ShuffleChannel layer: its bottoms, then fields as keywords. Those of shuffle_channel_param:

    group: Number of groups.
    """

@overload
def ShuffleChannel(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def ShuffleChannel(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Sigmoid(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    **more: object,
) -> Top:
    """
    A Sigmoid layer: its bottoms, then fields as keywords. Those of sigmoid_param:

    engine: The code to run. CAFFE: numpy, whatever `--engine` says; otherwise `--engine`
        chooses.
    """

@overload
def Sigmoid(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Sigmoid(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def SigmoidCrossEntropyLoss(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    **more: object,
) -> Top:
    """
    A SigmoidCrossEntropyLoss layer: its bottoms, then fields as keywords.
    """

@overload
def SigmoidCrossEntropyLoss(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def SigmoidCrossEntropyLoss(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Silence(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    **more: object,
) -> Top:
    """
    A Silence layer: its bottoms, then fields as keywords.
    """

@overload
def Silence(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Silence(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Slice(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    axis: int = ...,
    slice_point: int | Sequence[int] = ...,
    slice_dim: int = ...,
    **more: object,
) -> Top:
    """
    A Slice layer: its bottoms, then fields as keywords. Those of slice_param:

    axis: The axis to cut; negative counts from the end.
    slice_point: Where each top but the first begins; without it all are equally large.
    slice_dim: Old form of `axis`, without negative numbers.
    """

@overload
def Slice(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Slice(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def SmoothL1Loss(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    sigma: float = ...,
    **more: object,
) -> Top:
    """
    A SmoothL1Loss layer: its bottoms, then fields as keywords. Those of smooth_l1_loss_param:

    sigma: Where the square ends.
    """

@overload
def SmoothL1Loss(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def SmoothL1Loss(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def SmoothL1LossOHEM(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    **more: object,
) -> Top:
    """
    A SmoothL1LossOHEM layer: its bottoms, then fields as keywords.
    """

@overload
def SmoothL1LossOHEM(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def SmoothL1LossOHEM(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Softmax(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    axis: int = ...,
    scaling_temperature: float = ...,
    hard_ratio: float = ...,
    class_weight: float | Sequence[float] = ...,
    hard_mining_label: int = ...,
    cutting_point: float = ...,
    normalize_type: str = ...,
    label_smooth_factor: float = ...,
    **more: object,
) -> Top:
    """
    A Softmax layer: its bottoms, then fields as keywords. Those of softmax_param:

    engine: The code to run. CAFFE: numpy, whatever `--engine` says; otherwise `--engine`
        chooses.
    axis: The axis of the classes.
    scaling_temperature: [jolibrain's Caffe]
    hard_ratio: [happynear's Caffe]
    class_weight: [happynear's Caffe]
    hard_mining_label: [happynear's Caffe]
    cutting_point: [happynear's Caffe]
    normalize_type: [happynear's Caffe]
    label_smooth_factor: [happynear's Caffe]
    """

@overload
def Softmax(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Softmax(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def SoftmaxWithLoss(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    **more: object,
) -> Top:
    """
    A SoftmaxWithLoss layer: its bottoms, then fields as keywords.
    """

@overload
def SoftmaxWithLoss(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def SoftmaxWithLoss(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def SoftmaxWithLossOHEM(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    **more: object,
) -> Top:
    """
    A SoftmaxWithLossOHEM layer: its bottoms, then fields as keywords.
    """

@overload
def SoftmaxWithLossOHEM(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def SoftmaxWithLossOHEM(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def SparseInnerProduct(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    num_output: int = ...,
    bias_term: bool = ...,
    weight_filler: Mapping[str, object] | Message = ...,
    bias_filler: Mapping[str, object] | Message = ...,
    axis: int = ...,
    transpose: bool = ...,
    gemm_mode: int | str = ...,
    spmdm_transpose_in: bool = ...,
    spmdm_transpose_out: bool = ...,
    dump_parameter: bool = ...,
    dump_activation: bool = ...,
    relu: bool = ...,
    negative_slope: float = ...,
    paramq: int = ...,
    params: float = ...,
    scale_in: float = ...,
    scale_out: float = ...,
    a_min: int = ...,
    a_max: int = ...,
    normalize: bool = ...,
    **more: object,
) -> Top:
    """
    A SparseInnerProduct layer: its bottoms, then fields as keywords. Those of inner_product_param:

    num_output: Number of outputs.
    bias_term: Whether to add b.
    weight_filler: Initial W, of shape (num_output, inputs).
    bias_filler: Initial b; 0 unless set.
    axis: The axes from here on are the inputs, those before it the batch.
    transpose: Whether W is stored as (inputs, num_output).
    gemm_mode: [SkimCaffe]
    spmdm_transpose_in: [SkimCaffe]
    spmdm_transpose_out: [SkimCaffe]
    dump_parameter: [SkimCaffe]
    dump_activation: [SkimCaffe]
    engine: [Intel Caffe]
    relu: [Intel Caffe]
    negative_slope: [Intel Caffe]
    paramq: [MNN]
    params: [MNN]
    scale_in: [MNN]
    scale_out: [MNN]
    a_min: [MNN]
    a_max: [MNN]
    normalize: [PytorchToCaffe]
    """

@overload
def SparseInnerProduct(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def SparseInnerProduct(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Split(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    **more: object,
) -> Top:
    """
    A Split layer: its bottoms, then fields as keywords. Those of split_param:

    engine: [Intel Caffe]
    """

@overload
def Split(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Split(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Swish(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    beta: float = ...,
    **more: object,
) -> Top:
    """
    A Swish layer: its bottoms, then fields as keywords. Those of swish_param:

    beta: How sharp the bend is.
    """

@overload
def Swish(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Swish(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def TanH(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    **more: object,
) -> Top:
    """
    A TanH layer: its bottoms, then fields as keywords. Those of tanh_param:

    engine: The code to run. CAFFE: numpy, whatever `--engine` says; otherwise `--engine`
        chooses.
    """

@overload
def TanH(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def TanH(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Threshold(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    threshold: float = ...,
    **more: object,
) -> Top:
    """
    A Threshold layer: its bottoms, then fields as keywords. Those of threshold_param:

    threshold: What x must exceed.
    """

@overload
def Threshold(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Threshold(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Tile(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    axis: int = ...,
    tiles: int = ...,
    index: int = ...,
    **more: object,
) -> Top:
    """
    A Tile layer: its bottoms, then fields as keywords. Those of tile_param:

    axis: The axis; negative counts from the end.
    tiles: How often it stands there.
    index: [Tengine]
    """

@overload
def Tile(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Tile(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Transpose(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    dim: int | Sequence[int] = ...,
    **more: object,
) -> Top:
    """
    A Transpose layer: its bottoms, then fields as keywords. Those of transpose_param:

    dim: The bottom's axes in the order wanted.
    """

@overload
def Transpose(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Transpose(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def TripletLoss(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    margin: float = ...,
    group_size: int = ...,
    scale: float = ...,
    **more: object,
) -> Top:
    """
    A TripletLoss layer: its bottoms, then fields as keywords. Those of triplet_loss_param:

    margin: How much farther a negative should be than a positive.
    group_size: Items of a group; of another fork's layer.
    scale: Factor; of another fork's layer.
    """

@overload
def TripletLoss(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def TripletLoss(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Unpooling(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: int | str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    unpool: int | str = ...,
    kernel_size: int = ...,
    stride: int = ...,
    pad: int = ...,
    kernel_h: int = ...,
    kernel_w: int = ...,
    stride_h: int = ...,
    stride_w: int = ...,
    pad_h: int = ...,
    pad_w: int = ...,
    unpool_size: int = ...,
    unpool_h: int = ...,
    unpool_w: int = ...,
    **more: object,
) -> Top:
    """
    A Unpooling layer: its bottoms, then fields as keywords. Those of unpooling_param:

    unpool: Where a value goes.
    kernel_size: Size of the window; or kernel_h and kernel_w.
    stride: Step of the windows; or stride_h and stride_w.
    pad: Must be 0.
    kernel_h: Height of the window.
    kernel_w: Width of the window.
    stride_h: Vertical step.
    stride_w: Horizontal step.
    pad_h: Must be 0.
    pad_w: Must be 0.
    engine: The code to run.
    unpool_size: Height and width to reach; or unpool_h and unpool_w.
    unpool_h: Height to reach.
    unpool_w: Width to reach.
    """

@overload
def Unpooling(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Unpooling(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Upsample(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    scale: float = ...,
    scale_h: int = ...,
    scale_w: int = ...,
    pad_out_h: bool = ...,
    pad_out_w: bool = ...,
    upsample_h: int = ...,
    upsample_w: int = ...,
    **more: object,
) -> Top:
    """
    A Upsample layer: its bottoms, then fields as keywords. Those of upsample_param:

    scale: Factor in each direction, a whole number. With one bottom, 1 unless set. [SegNet,
        YOLO ports, TNN and others]
    scale_h: Vertical factor, in place of scale. [SegNet]
    scale_w: Horizontal factor, in place of scale. [SegNet]
    pad_out_h: Whether the height is one less than a multiple of the factor. [SegNet]
    pad_out_w: Whether the width is one less than a multiple of the factor. [SegNet]
    upsample_h: Height to reach, in place of the factors. [SegNet]
    upsample_w: Width to reach, in place of the factors. [SegNet]
    """

@overload
def Upsample(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Upsample(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def VideoData(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    source: str = ...,
    batch_size: int = ...,
    rand_skip: int = ...,
    shuffle: bool = ...,
    new_height: int = ...,
    new_width: int = ...,
    new_length: int = ...,
    num_segments: int = ...,
    scale: float = ...,
    mean_file: str = ...,
    crop_size: int = ...,
    mirror: bool = ...,
    modality: int | str = ...,
    name_pattern: str = ...,
    encoded: bool = ...,
    length_first: bool = ...,
    grayscale: bool = ...,
    is_color: bool = ...,
    root_folder: str = ...,
    show_data: bool = ...,
    use_image: bool = ...,
    use_temporal_jitter: bool = ...,
    sampling_rate: int = ...,
    max_sampling_rate: int = ...,
    use_sampling_rate_jitter: bool = ...,
    use_multiple_label: bool = ...,
    num_of_labels: int = ...,
    video_type: int | str = ...,
    device_id: int = ...,
    video_file: str = ...,
    skip_frames: int = ...,
    **more: object,
) -> Top:
    """
    A VideoData layer: its bottoms, then fields as keywords. Those of video_data_param:

    source: A text file with a folder of frames, or a video, on each line, its first frame
        and its label.
    batch_size: Pieces in a batch.
    rand_skip: Skip a random number of lines below this at the start.
    shuffle: Whether to shuffle the lines.
    new_height: Resize to this height; 0 leaves it.
    new_width: Resize to this width; 0 leaves it.
    new_length: Frames of a piece.
    num_segments: Parts that a video is seen in. [TSN and makefile's frcnn]
    scale: Old place of transform_param's `scale`.
    mean_file: Old place of transform_param's `mean_file`.
    crop_size: Old place of transform_param's `crop_size`.
    mirror: Old place of transform_param's `mirror`.
    modality: Images or optical flow. [TSN and makefile's frcnn]
    name_pattern: How a frame's file is called. [TSN]
    encoded: Whether records are image files. [TSN]
    length_first: Whether each segment has all frames' planes of one colour together. [TSN]
    grayscale: Whether frames are grey. [TSN]
    is_color: Whether to read in colour. [C3D]
    root_folder: Put before each name. [C3D]
    show_data: Whether to show the frames; passed over. [C3D]
    use_image: Whether a line is a folder of numbered frames, else a video file. [C3D]
    use_temporal_jitter: Whether a piece begins at a random frame, whatever the line says.
        [C3D]
    sampling_rate: Take every so many frames. [C3D]
    max_sampling_rate: The largest random rate. [C3D]
    use_sampling_rate_jitter: Whether the rate is drawn. [C3D]
    use_multiple_label: Whether a line has several labels. [C3D]
    num_of_labels: How many labels a line has. [C3D]
    video_type: [NVCaffe, Intel Caffe and others]
    device_id: [NVCaffe, Intel Caffe and others]
    video_file: [NVCaffe, Intel Caffe and others]
    skip_frames: [NVCaffe, Intel Caffe and others]
    """

@overload
def VideoData(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def VideoData(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def VoxelSoftmax(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    **more: object,
) -> Top:
    """
    A VoxelSoftmax layer: its bottoms, then fields as keywords.
    """

@overload
def VoxelSoftmax(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def VoxelSoftmax(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def VoxelSoftmaxLoss(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    **more: object,
) -> Top:
    """
    A VoxelSoftmaxLoss layer: its bottoms, then fields as keywords.
    """

@overload
def VoxelSoftmaxLoss(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def VoxelSoftmaxLoss(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def WindowData(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    source: str = ...,
    scale: float = ...,
    mean_file: str = ...,
    batch_size: int = ...,
    crop_size: int = ...,
    mirror: bool = ...,
    fg_threshold: float = ...,
    bg_threshold: float = ...,
    fg_fraction: float = ...,
    context_pad: int = ...,
    crop_mode: str = ...,
    cache_images: bool = ...,
    root_folder: str = ...,
    config: str = ...,
    **more: object,
) -> Top:
    """
    A WindowData layer: its bottoms, then fields as keywords. Those of window_data_param:

    source: A text file with the images and their boxes.
    scale: Old place of transform_param's `scale`.
    mean_file: Old place of transform_param's `mean_file`.
    batch_size: Windows in a batch.
    crop_size: Old place of transform_param's `crop_size`.
    mirror: Old place of transform_param's `mirror`.
    fg_threshold: A box overlapping an object at least so far shows the object.
    bg_threshold: A box overlapping all objects less than this shows background.
    fg_fraction: Share of a batch that shows objects.
    context_pad: Pixels of surroundings to add on each side of the resized window.
    crop_mode: "warp" fills the square, "square" keeps the proportions.
    cache_images: Whether to keep all images in memory.
    root_folder: Put before each image's name.
    config: [makefile's frcnn]
    """

@overload
def WindowData(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def WindowData(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def XCovLoss(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    **more: object,
) -> Top:
    """
    A XCovLoss layer: its bottoms, then fields as keywords.
    """

@overload
def XCovLoss(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def XCovLoss(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def YoloDetectionOutput(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    side: int = ...,
    num_classes: int = ...,
    num_box: int = ...,
    coords: int = ...,
    confidence_threshold: float = ...,
    nms_threshold: float = ...,
    biases: float | Sequence[float] = ...,
    label_map_file: str = ...,
    **more: object,
) -> Top:
    """
    A YoloDetectionOutput layer: its bottoms, then fields as keywords. Those of yolo_detection_output_param:

    side: Places in each direction.
    num_classes: Number of classes.
    num_box: Boxes at each place.
    coords: Numbers that make a box.
    confidence_threshold: Drop boxes whose score is below this.
    nms_threshold: The overlap at which a box is dropped for a better one.
    biases: Widths and heights of the basic boxes, in turn.
    label_map_file: A file with a LabelMap in text form.
    """

@overload
def YoloDetectionOutput(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def YoloDetectionOutput(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def YoloSeg(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    num_class: int = ...,
    object_scale: float = ...,
    class_scale: float = ...,
    use_logic_gradient: bool = ...,
    use_hardsigmoid: bool = ...,
    **more: object,
) -> Top:
    """
    A YoloSeg layer: its bottoms, then fields as keywords. Those of yolo_seg_param:

    num_class: [YOLO ports]
    object_scale: [YOLO ports]
    class_scale: [YOLO ports]
    use_logic_gradient: [YOLO ports]
    use_hardsigmoid: [YOLO ports]
    """

@overload
def YoloSeg(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def YoloSeg(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Yolov3(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    side: int = ...,
    num_class: int = ...,
    num: int = ...,
    object_scale: float = ...,
    class_scale: float = ...,
    noobject_scale: float = ...,
    coord_scale: float = ...,
    thresh: float = ...,
    anchors_scale: int = ...,
    biases: float | Sequence[float] = ...,
    mask: int | Sequence[int] = ...,
    use_logic_gradient: bool = ...,
    use_focal_loss: bool = ...,
    iou_loss: int | str = ...,
    iou_normalizer: float = ...,
    iou_thresh: float = ...,
    max_delta: float = ...,
    accumulate: bool = ...,
    label_smooth_eps: float = ...,
    **more: object,
) -> Top:
    """
    A Yolov3 layer: its bottoms, then fields as keywords. Those of yolov3_param:

    side: [YOLO ports]
    num_class: [YOLO ports]
    num: [YOLO ports]
    object_scale: [YOLO ports]
    class_scale: [YOLO ports]
    noobject_scale: [YOLO ports]
    coord_scale: [YOLO ports]
    thresh: [YOLO ports]
    anchors_scale: [YOLO ports]
    biases: [YOLO ports]
    mask: [YOLO ports]
    use_logic_gradient: [YOLO ports]
    use_focal_loss: [YOLO ports]
    iou_loss: [YOLO ports]
    iou_normalizer: [YOLO ports]
    iou_thresh: [YOLO ports]
    max_delta: [YOLO ports]
    accumulate: [YOLO ports]
    label_smooth_eps: [YOLO ports]
    """

@overload
def Yolov3(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Yolov3(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def Yolov3DetectionOutput(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    num_classes: int = ...,
    num_box: int = ...,
    confidence_threshold: float = ...,
    nms_threshold: float = ...,
    biases: float | Sequence[float] = ...,
    anchors_scale: int | Sequence[int] = ...,
    mask_group_num: int = ...,
    mask: int | Sequence[int] = ...,
    gaussian_box: bool = ...,
    **more: object,
) -> Top:
    """
    A Yolov3DetectionOutput layer: its bottoms, then fields as keywords. Those of yolov3_detection_output_param:

    num_classes: Number of classes.
    num_box: Boxes at each place.
    confidence_threshold: Drop boxes whose score is below this.
    nms_threshold: The overlap at which a box is dropped for a better one.
    biases: Widths and heights of all basic boxes, in turn.
    anchors_scale: Pixels of the image for each place, for each bottom.
    mask_group_num: Number of bottoms.
    mask: Which basic boxes belong to each bottom.
    gaussian_box: Whether each number of a box is followed by its uncertainty. [YOLO ports]
    """

@overload
def Yolov3DetectionOutput(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def Yolov3DetectionOutput(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...

@overload
def mAP(
    *bottoms: Top,
    ntop: Literal[1] = ...,
    in_place: bool = ...,
    name: str = ...,
    phase: int | str = ...,
    loss_weight: float | Sequence[float] = ...,
    param: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    blobs: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    propagate_down: bool | Sequence[bool] = ...,
    include: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    exclude: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    engine: str = ...,
    forward_type: int | str = ...,
    backward_type: int | str = ...,
    forward_math: int | str = ...,
    backward_math: int | str = ...,
    connectivity_mode: int | str = ...,
    debug: bool = ...,
    cudnn_math_override: int = ...,
    multinode: Mapping[str, object] | Message = ...,
    reshape_every_iter: bool = ...,
    bottom_data_type: int | str = ...,
    compute_data_type: int | str = ...,
    top_data_type: int | str = ...,
    bottom_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    top_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    net_quantizer: Mapping[str, object] | Message = ...,
    blobs_quantizer: Mapping[str, object] | Message | Sequence[Mapping[str, object] | Message] = ...,
    autotune: int | str = ...,
    device: int = ...,
    bottom_shared_index: int | Sequence[int] = ...,
    top_shared_index: int | Sequence[int] = ...,
    blobs_lr: float | Sequence[float] = ...,
    display: bool = ...,
    strict_dim: bool = ...,
    user_defined_layer: bool = ...,
    visualise: bool = ...,
    visualise_channel: int = ...,
    weight_decay: float | Sequence[float] = ...,
    snapshot_log_weights: bool = ...,
    snapshot_log_in: bool = ...,
    snapshot_log_out: bool = ...,
    **more: object,
) -> Top:
    """
    A mAP layer: its bottoms, then fields as keywords.
    """

@overload
def mAP(
    *bottoms: Top, ntop: Literal[0], **fields: object
) -> Function: ...

@overload
def mAP(
    *bottoms: Top, ntop: int, **fields: object
) -> tuple[Top, ...]: ...
