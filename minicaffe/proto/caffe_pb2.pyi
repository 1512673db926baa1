"""Made by tools/generate_proto.py; do not edit."""

from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Type(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DOUBLE: _ClassVar[Type]
    FLOAT: _ClassVar[Type]
    FLOAT16: _ClassVar[Type]
    INT: _ClassVar[Type]
    UINT: _ClassVar[Type]
    BOOL: _ClassVar[Type]

class Phase(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRAIN: _ClassVar[Phase]
    TEST: _ClassVar[Phase]
    QUAN: _ClassVar[Phase]
    INT8: _ClassVar[Phase]

class Packing(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NCHW: _ClassVar[Packing]
    NHWC: _ClassVar[Packing]

class DatumTypeInfo(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DatumTypeInfo_DATUM: _ClassVar[DatumTypeInfo]
    DatumTypeInfo_ANNOTATED_DATUM: _ClassVar[DatumTypeInfo]

class DataType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CAFFE_FLOAT: _ClassVar[DataType]
    CAFFE_HALF: _ClassVar[DataType]
    CAFFE_DOUBLE: _ClassVar[DataType]
    CAFFE_INT8_QUANTIZED: _ClassVar[DataType]
    CAFFE_INT16_QUANTIZED: _ClassVar[DataType]
    CAFFE_INT32_QUANTIZED: _ClassVar[DataType]
    CAFFE_INT64_QUANTIZED: _ClassVar[DataType]
    CAFFE_PACKED_BINARY: _ClassVar[DataType]

class Autotune(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CAFFE_AUTOTUNE_DISABLED: _ClassVar[Autotune]
    CAFFE_AUTOTUNE_FUNCTION: _ClassVar[Autotune]
    CAFFE_AUTOTUNE_FUNCTION_PARAMETER: _ClassVar[Autotune]

class QuantizerMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CAFFE_QUANT_PASSIVE: _ClassVar[QuantizerMode]
    CAFFE_QUANT_OBSERVE: _ClassVar[QuantizerMode]
    CAFFE_QUANT_PSEUDO: _ClassVar[QuantizerMode]

class SparseMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SPARSE_NONE: _ClassVar[SparseMode]
    SPARSE_UPDATE: _ClassVar[SparseMode]

class QuantizationParameter_Precision(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    QuantizationParameter_Precision_FLOAT: _ClassVar[QuantizationParameter_Precision]
    QuantizationParameter_Precision_DYNAMIC_FIXED_POINT: _ClassVar[QuantizationParameter_Precision]

class QuantizationParameter_Rounding(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    QuantizationParameter_Rounding_NEAREST: _ClassVar[QuantizationParameter_Rounding]
    QuantizationParameter_Rounding_STOCHASTIC: _ClassVar[QuantizationParameter_Rounding]

class WeightConnectMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WEIGHT_CONNECTED: _ClassVar[WeightConnectMode]
    WEIGHT_DISCONNECTED_ELTWISE: _ClassVar[WeightConnectMode]
    WEIGHT_DISCONNECTED_GRPWISE: _ClassVar[WeightConnectMode]
DOUBLE: Type
FLOAT: Type
FLOAT16: Type
INT: Type
UINT: Type
BOOL: Type
TRAIN: Phase
TEST: Phase
QUAN: Phase
INT8: Phase
NCHW: Packing
NHWC: Packing
DatumTypeInfo_DATUM: DatumTypeInfo
DatumTypeInfo_ANNOTATED_DATUM: DatumTypeInfo
CAFFE_FLOAT: DataType
CAFFE_HALF: DataType
CAFFE_DOUBLE: DataType
CAFFE_INT8_QUANTIZED: DataType
CAFFE_INT16_QUANTIZED: DataType
CAFFE_INT32_QUANTIZED: DataType
CAFFE_INT64_QUANTIZED: DataType
CAFFE_PACKED_BINARY: DataType
CAFFE_AUTOTUNE_DISABLED: Autotune
CAFFE_AUTOTUNE_FUNCTION: Autotune
CAFFE_AUTOTUNE_FUNCTION_PARAMETER: Autotune
CAFFE_QUANT_PASSIVE: QuantizerMode
CAFFE_QUANT_OBSERVE: QuantizerMode
CAFFE_QUANT_PSEUDO: QuantizerMode
SPARSE_NONE: SparseMode
SPARSE_UPDATE: SparseMode
QuantizationParameter_Precision_FLOAT: QuantizationParameter_Precision
QuantizationParameter_Precision_DYNAMIC_FIXED_POINT: QuantizationParameter_Precision
QuantizationParameter_Rounding_NEAREST: QuantizationParameter_Rounding
QuantizationParameter_Rounding_STOCHASTIC: QuantizationParameter_Rounding
WEIGHT_CONNECTED: WeightConnectMode
WEIGHT_DISCONNECTED_ELTWISE: WeightConnectMode
WEIGHT_DISCONNECTED_GRPWISE: WeightConnectMode

class BlobShape(_message.Message):
    __slots__ = ("dim",)
    DIM_FIELD_NUMBER: _ClassVar[int]
    dim: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, dim: _Optional[_Iterable[int]] = ...) -> None: ...

class BlobProto(_message.Message):
    __slots__ = ("shape", "data", "diff", "double_data", "double_diff", "raw_data_type", "raw_diff_type", "raw_data", "raw_diff", "num", "channels", "height", "width", "length", "data_type", "shape_stride", "packed_data", "packed_diff", "mask", "double_mask", "format")
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    DIFF_FIELD_NUMBER: _ClassVar[int]
    DOUBLE_DATA_FIELD_NUMBER: _ClassVar[int]
    DOUBLE_DIFF_FIELD_NUMBER: _ClassVar[int]
    RAW_DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    RAW_DIFF_TYPE_FIELD_NUMBER: _ClassVar[int]
    RAW_DATA_FIELD_NUMBER: _ClassVar[int]
    RAW_DIFF_FIELD_NUMBER: _ClassVar[int]
    NUM_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    LENGTH_FIELD_NUMBER: _ClassVar[int]
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    SHAPE_STRIDE_FIELD_NUMBER: _ClassVar[int]
    PACKED_DATA_FIELD_NUMBER: _ClassVar[int]
    PACKED_DIFF_FIELD_NUMBER: _ClassVar[int]
    MASK_FIELD_NUMBER: _ClassVar[int]
    DOUBLE_MASK_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    shape: BlobShape
    data: _containers.RepeatedScalarFieldContainer[float]
    diff: _containers.RepeatedScalarFieldContainer[float]
    double_data: _containers.RepeatedScalarFieldContainer[float]
    double_diff: _containers.RepeatedScalarFieldContainer[float]
    raw_data_type: Type
    raw_diff_type: Type
    raw_data: bytes
    raw_diff: bytes
    num: int
    channels: int
    height: int
    width: int
    length: int
    data_type: DataType
    shape_stride: BlobShape
    packed_data: bytes
    packed_diff: bytes
    mask: _containers.RepeatedScalarFieldContainer[float]
    double_mask: _containers.RepeatedScalarFieldContainer[float]
    format: int
    def __init__(self, shape: _Optional[_Union[BlobShape, _Mapping]] = ..., data: _Optional[_Iterable[float]] = ..., diff: _Optional[_Iterable[float]] = ..., double_data: _Optional[_Iterable[float]] = ..., double_diff: _Optional[_Iterable[float]] = ..., raw_data_type: _Optional[_Union[Type, str]] = ..., raw_diff_type: _Optional[_Union[Type, str]] = ..., raw_data: _Optional[bytes] = ..., raw_diff: _Optional[bytes] = ..., num: _Optional[int] = ..., channels: _Optional[int] = ..., height: _Optional[int] = ..., width: _Optional[int] = ..., length: _Optional[int] = ..., data_type: _Optional[_Union[DataType, str]] = ..., shape_stride: _Optional[_Union[BlobShape, _Mapping]] = ..., packed_data: _Optional[bytes] = ..., packed_diff: _Optional[bytes] = ..., mask: _Optional[_Iterable[float]] = ..., double_mask: _Optional[_Iterable[float]] = ..., format: _Optional[int] = ...) -> None: ...

class BlobProtoVector(_message.Message):
    __slots__ = ("blobs",)
    BLOBS_FIELD_NUMBER: _ClassVar[int]
    blobs: _containers.RepeatedCompositeFieldContainer[BlobProto]
    def __init__(self, blobs: _Optional[_Iterable[_Union[BlobProto, _Mapping]]] = ...) -> None: ...

class Datum(_message.Message):
    __slots__ = ("channels", "height", "width", "data", "label", "float_data", "encoded", "record_id", "seg_label", "labels", "float_label", "float_labels", "byte_labels")
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    FLOAT_DATA_FIELD_NUMBER: _ClassVar[int]
    ENCODED_FIELD_NUMBER: _ClassVar[int]
    RECORD_ID_FIELD_NUMBER: _ClassVar[int]
    SEG_LABEL_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    FLOAT_LABEL_FIELD_NUMBER: _ClassVar[int]
    FLOAT_LABELS_FIELD_NUMBER: _ClassVar[int]
    BYTE_LABELS_FIELD_NUMBER: _ClassVar[int]
    channels: int
    height: int
    width: int
    data: bytes
    label: int
    float_data: _containers.RepeatedScalarFieldContainer[float]
    encoded: bool
    record_id: int
    seg_label: bytes
    labels: _containers.RepeatedScalarFieldContainer[float]
    float_label: float
    float_labels: _containers.RepeatedScalarFieldContainer[float]
    byte_labels: bytes
    def __init__(self, channels: _Optional[int] = ..., height: _Optional[int] = ..., width: _Optional[int] = ..., data: _Optional[bytes] = ..., label: _Optional[int] = ..., float_data: _Optional[_Iterable[float]] = ..., encoded: _Optional[bool] = ..., record_id: _Optional[int] = ..., seg_label: _Optional[bytes] = ..., labels: _Optional[_Iterable[float]] = ..., float_label: _Optional[float] = ..., float_labels: _Optional[_Iterable[float]] = ..., byte_labels: _Optional[bytes] = ...) -> None: ...

class NormalizedBBox(_message.Message):
    __slots__ = ("xmin", "ymin", "xmax", "ymax", "label", "difficult", "score", "size")
    XMIN_FIELD_NUMBER: _ClassVar[int]
    YMIN_FIELD_NUMBER: _ClassVar[int]
    XMAX_FIELD_NUMBER: _ClassVar[int]
    YMAX_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    DIFFICULT_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    xmin: float
    ymin: float
    xmax: float
    ymax: float
    label: int
    difficult: bool
    score: float
    size: float
    def __init__(self, xmin: _Optional[float] = ..., ymin: _Optional[float] = ..., xmax: _Optional[float] = ..., ymax: _Optional[float] = ..., label: _Optional[int] = ..., difficult: _Optional[bool] = ..., score: _Optional[float] = ..., size: _Optional[float] = ...) -> None: ...

class Annotation(_message.Message):
    __slots__ = ("instance_id", "bbox", "lanes")
    INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    BBOX_FIELD_NUMBER: _ClassVar[int]
    LANES_FIELD_NUMBER: _ClassVar[int]
    instance_id: int
    bbox: NormalizedBBox
    lanes: LaneInfo
    def __init__(self, instance_id: _Optional[int] = ..., bbox: _Optional[_Union[NormalizedBBox, _Mapping]] = ..., lanes: _Optional[_Union[LaneInfo, _Mapping]] = ...) -> None: ...

class AnnotationGroup(_message.Message):
    __slots__ = ("group_label", "annotation")
    GROUP_LABEL_FIELD_NUMBER: _ClassVar[int]
    ANNOTATION_FIELD_NUMBER: _ClassVar[int]
    group_label: int
    annotation: _containers.RepeatedCompositeFieldContainer[Annotation]
    def __init__(self, group_label: _Optional[int] = ..., annotation: _Optional[_Iterable[_Union[Annotation, _Mapping]]] = ...) -> None: ...

class AnnotatedDatum(_message.Message):
    __slots__ = ("datum", "type", "annotation_group", "record_id")
    class AnnotationType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        BBOX: _ClassVar[AnnotatedDatum.AnnotationType]
        BBOXandSeg: _ClassVar[AnnotatedDatum.AnnotationType]
        LANE: _ClassVar[AnnotatedDatum.AnnotationType]
    BBOX: AnnotatedDatum.AnnotationType
    BBOXandSeg: AnnotatedDatum.AnnotationType
    LANE: AnnotatedDatum.AnnotationType
    DATUM_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    ANNOTATION_GROUP_FIELD_NUMBER: _ClassVar[int]
    RECORD_ID_FIELD_NUMBER: _ClassVar[int]
    datum: Datum
    type: AnnotatedDatum.AnnotationType
    annotation_group: _containers.RepeatedCompositeFieldContainer[AnnotationGroup]
    record_id: int
    def __init__(self, datum: _Optional[_Union[Datum, _Mapping]] = ..., type: _Optional[_Union[AnnotatedDatum.AnnotationType, str]] = ..., annotation_group: _Optional[_Iterable[_Union[AnnotationGroup, _Mapping]]] = ..., record_id: _Optional[int] = ...) -> None: ...

class LabelMapItem(_message.Message):
    __slots__ = ("name", "label", "display_name")
    NAME_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    label: int
    display_name: str
    def __init__(self, name: _Optional[str] = ..., label: _Optional[int] = ..., display_name: _Optional[str] = ...) -> None: ...

class LabelMap(_message.Message):
    __slots__ = ("item",)
    ITEM_FIELD_NUMBER: _ClassVar[int]
    item: _containers.RepeatedCompositeFieldContainer[LabelMapItem]
    def __init__(self, item: _Optional[_Iterable[_Union[LabelMapItem, _Mapping]]] = ...) -> None: ...

class FillerParameter(_message.Message):
    __slots__ = ("type", "value", "min", "max", "mean", "std", "sparse", "variance_norm", "scale", "diag_val", "file", "alpha")
    class VarianceNorm(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        FAN_IN: _ClassVar[FillerParameter.VarianceNorm]
        FAN_OUT: _ClassVar[FillerParameter.VarianceNorm]
        AVERAGE: _ClassVar[FillerParameter.VarianceNorm]
    FAN_IN: FillerParameter.VarianceNorm
    FAN_OUT: FillerParameter.VarianceNorm
    AVERAGE: FillerParameter.VarianceNorm
    TYPE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    MIN_FIELD_NUMBER: _ClassVar[int]
    MAX_FIELD_NUMBER: _ClassVar[int]
    MEAN_FIELD_NUMBER: _ClassVar[int]
    STD_FIELD_NUMBER: _ClassVar[int]
    SPARSE_FIELD_NUMBER: _ClassVar[int]
    VARIANCE_NORM_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    DIAG_VAL_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    ALPHA_FIELD_NUMBER: _ClassVar[int]
    type: str
    value: float
    min: float
    max: float
    mean: float
    std: float
    sparse: int
    variance_norm: FillerParameter.VarianceNorm
    scale: float
    diag_val: _containers.RepeatedScalarFieldContainer[float]
    file: str
    alpha: float
    def __init__(self, type: _Optional[str] = ..., value: _Optional[float] = ..., min: _Optional[float] = ..., max: _Optional[float] = ..., mean: _Optional[float] = ..., std: _Optional[float] = ..., sparse: _Optional[int] = ..., variance_norm: _Optional[_Union[FillerParameter.VarianceNorm, str]] = ..., scale: _Optional[float] = ..., diag_val: _Optional[_Iterable[float]] = ..., file: _Optional[str] = ..., alpha: _Optional[float] = ...) -> None: ...

class NetParameter(_message.Message):
    __slots__ = ("name", "input", "input_shape", "input_dim", "force_backward", "state", "debug_info", "engine", "default_forward_type", "default_backward_type", "default_forward_math", "default_backward_math", "layer", "layers", "mem_param", "global_grad_scale", "global_grad_scale_adaptive", "default_conv_algos_override", "reduce_buckets", "default_cudnn_math_override", "eltwise_mem_sharing", "bn_stats_batch_size", "multinode", "data_type", "quantizer", "reduced_memory_inference", "autotune", "copyright", "quantize", "net_quantization_param", "version")
    NAME_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    INPUT_SHAPE_FIELD_NUMBER: _ClassVar[int]
    INPUT_DIM_FIELD_NUMBER: _ClassVar[int]
    FORCE_BACKWARD_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    DEBUG_INFO_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_FORWARD_TYPE_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_BACKWARD_TYPE_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_FORWARD_MATH_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_BACKWARD_MATH_FIELD_NUMBER: _ClassVar[int]
    LAYER_FIELD_NUMBER: _ClassVar[int]
    LAYERS_FIELD_NUMBER: _ClassVar[int]
    MEM_PARAM_FIELD_NUMBER: _ClassVar[int]
    GLOBAL_GRAD_SCALE_FIELD_NUMBER: _ClassVar[int]
    GLOBAL_GRAD_SCALE_ADAPTIVE_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_CONV_ALGOS_OVERRIDE_FIELD_NUMBER: _ClassVar[int]
    REDUCE_BUCKETS_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_CUDNN_MATH_OVERRIDE_FIELD_NUMBER: _ClassVar[int]
    ELTWISE_MEM_SHARING_FIELD_NUMBER: _ClassVar[int]
    BN_STATS_BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    MULTINODE_FIELD_NUMBER: _ClassVar[int]
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    QUANTIZER_FIELD_NUMBER: _ClassVar[int]
    REDUCED_MEMORY_INFERENCE_FIELD_NUMBER: _ClassVar[int]
    AUTOTUNE_FIELD_NUMBER: _ClassVar[int]
    COPYRIGHT_FIELD_NUMBER: _ClassVar[int]
    QUANTIZE_FIELD_NUMBER: _ClassVar[int]
    NET_QUANTIZATION_PARAM_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    name: str
    input: _containers.RepeatedScalarFieldContainer[str]
    input_shape: _containers.RepeatedCompositeFieldContainer[BlobShape]
    input_dim: _containers.RepeatedScalarFieldContainer[int]
    force_backward: bool
    state: NetState
    debug_info: bool
    engine: str
    default_forward_type: Type
    default_backward_type: Type
    default_forward_math: Type
    default_backward_math: Type
    layer: _containers.RepeatedCompositeFieldContainer[LayerParameter]
    layers: _containers.RepeatedCompositeFieldContainer[V1LayerParameter]
    mem_param: MemoryOptimizationParameter
    global_grad_scale: float
    global_grad_scale_adaptive: bool
    default_conv_algos_override: str
    reduce_buckets: int
    default_cudnn_math_override: int
    eltwise_mem_sharing: bool
    bn_stats_batch_size: int
    multinode: MultinodeParameter
    data_type: DataType
    quantizer: _containers.RepeatedCompositeFieldContainer[QuantizerParameter]
    reduced_memory_inference: bool
    autotune: Autotune
    copyright: str
    quantize: bool
    net_quantization_param: NetQuantizationParameter
    version: int
    def __init__(self, name: _Optional[str] = ..., input: _Optional[_Iterable[str]] = ..., input_shape: _Optional[_Iterable[_Union[BlobShape, _Mapping]]] = ..., input_dim: _Optional[_Iterable[int]] = ..., force_backward: _Optional[bool] = ..., state: _Optional[_Union[NetState, _Mapping]] = ..., debug_info: _Optional[bool] = ..., engine: _Optional[str] = ..., default_forward_type: _Optional[_Union[Type, str]] = ..., default_backward_type: _Optional[_Union[Type, str]] = ..., default_forward_math: _Optional[_Union[Type, str]] = ..., default_backward_math: _Optional[_Union[Type, str]] = ..., layer: _Optional[_Iterable[_Union[LayerParameter, _Mapping]]] = ..., layers: _Optional[_Iterable[_Union[V1LayerParameter, _Mapping]]] = ..., mem_param: _Optional[_Union[MemoryOptimizationParameter, _Mapping]] = ..., global_grad_scale: _Optional[float] = ..., global_grad_scale_adaptive: _Optional[bool] = ..., default_conv_algos_override: _Optional[str] = ..., reduce_buckets: _Optional[int] = ..., default_cudnn_math_override: _Optional[int] = ..., eltwise_mem_sharing: _Optional[bool] = ..., bn_stats_batch_size: _Optional[int] = ..., multinode: _Optional[_Union[MultinodeParameter, _Mapping]] = ..., data_type: _Optional[_Union[DataType, str]] = ..., quantizer: _Optional[_Iterable[_Union[QuantizerParameter, _Mapping]]] = ..., reduced_memory_inference: _Optional[bool] = ..., autotune: _Optional[_Union[Autotune, str]] = ..., copyright: _Optional[str] = ..., quantize: _Optional[bool] = ..., net_quantization_param: _Optional[_Union[NetQuantizationParameter, _Mapping]] = ..., version: _Optional[int] = ...) -> None: ...

class SolverParameter(_message.Message):
    __slots__ = ("net", "net_param", "train_net", "test_net", "train_net_param", "test_net_param", "train_state", "test_state", "test_iter", "test_interval", "test_compute_loss", "test_initialization", "base_lr", "display", "average_loss", "max_iter", "iter_size", "lr_policy", "gamma", "power", "momentum", "weight_decay", "regularization_type", "stepsize", "stepvalue", "clip_gradients", "snapshot", "snapshot_prefix", "snapshot_diff", "snapshot_format", "solver_mode", "device_id", "random_seed", "type", "delta", "momentum2", "rms_decay", "debug_info", "snapshot_after_train", "solver_type", "layer_wise_reduce", "weights", "warmup_iter", "warmup_start_lr", "rampup_interval", "rampup_lr", "min_lr", "eval_type", "ap_version", "plateau_winsize", "show_per_class_result", "group_id", "richness", "breadth_decay", "kernel_shape_decay", "block_group_decay", "prune_threshold", "measure_threshold", "max_threshold_factor", "winograd_adjust_threshold", "momentum_policy", "max_momentum", "momentum_power", "larc", "larc_policy", "larc_eta", "larc_turbo", "weight_decay_policy", "weight_decay_power", "max_weight_decay", "solver_data_type", "store_blobs_in_old_format", "test_and_snapshot_last_epochs", "stagelr", "stageiter", "disabled_update", "engine", "local_lr_auto", "local_gw_ratio", "test_offset", "lr_dropout", "decoupled_wd_t0", "decoupled_wd_mult", "amsgrad", "rectified", "gc", "adabelief", "lr_mult", "p_mult", "period", "lookahead", "lookahead_steps", "lookahead_alpha", "warm_up_iters", "warm_up_factor", "warm_up_method", "warm_up_power", "start_lr_policy", "max_lr", "data_type", "device", "per_parameter_reduce", "classiou_class_num", "force_decay", "force_decay_type", "force_direction", "force_iter", "force_type", "multistep_lr", "clamp_weights_lower", "clamp_weights_upper", "clip_weights", "ignore_shape_mismatch", "snapshot_log", "display_sparsity", "sparse_mode", "sparsity_target", "sparsity_step_factor", "sparsity_step_iter", "sparsity_start_iter", "sparsity_start_factor", "sparsity_threshold_maxratio", "sparsity_itr_increment_bfr_applying", "sparsity_threshold_value_max", "ignore_mismatching_blobs", "quantization_start_iter", "unsigned_check_in", "unsigned_check_out", "quantize_weights", "quantize_activations", "display_quantization", "insert_quantization_param", "group_weight_decay", "log_file", "snapshot_before_train", "momentum_start", "momentum_end", "terminal_epoch_number", "weight_connect_mode", "sparsity_threshold", "threshold_weights", "sparsity_lr_mult")
    class SnapshotFormat(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        HDF5: _ClassVar[SolverParameter.SnapshotFormat]
        BINARYPROTO: _ClassVar[SolverParameter.SnapshotFormat]
    HDF5: SolverParameter.SnapshotFormat
    BINARYPROTO: SolverParameter.SnapshotFormat
    class SolverMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        CPU: _ClassVar[SolverParameter.SolverMode]
        GPU: _ClassVar[SolverParameter.SolverMode]
    CPU: SolverParameter.SolverMode
    GPU: SolverParameter.SolverMode
    class SolverType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        SGD: _ClassVar[SolverParameter.SolverType]
        NESTEROV: _ClassVar[SolverParameter.SolverType]
        ADAGRAD: _ClassVar[SolverParameter.SolverType]
        RMSPROP: _ClassVar[SolverParameter.SolverType]
        ADADELTA: _ClassVar[SolverParameter.SolverType]
        ADAM: _ClassVar[SolverParameter.SolverType]
        SAG: _ClassVar[SolverParameter.SolverType]
    SGD: SolverParameter.SolverType
    NESTEROV: SolverParameter.SolverType
    ADAGRAD: SolverParameter.SolverType
    RMSPROP: SolverParameter.SolverType
    ADADELTA: SolverParameter.SolverType
    ADAM: SolverParameter.SolverType
    SAG: SolverParameter.SolverType
    NET_FIELD_NUMBER: _ClassVar[int]
    NET_PARAM_FIELD_NUMBER: _ClassVar[int]
    TRAIN_NET_FIELD_NUMBER: _ClassVar[int]
    TEST_NET_FIELD_NUMBER: _ClassVar[int]
    TRAIN_NET_PARAM_FIELD_NUMBER: _ClassVar[int]
    TEST_NET_PARAM_FIELD_NUMBER: _ClassVar[int]
    TRAIN_STATE_FIELD_NUMBER: _ClassVar[int]
    TEST_STATE_FIELD_NUMBER: _ClassVar[int]
    TEST_ITER_FIELD_NUMBER: _ClassVar[int]
    TEST_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    TEST_COMPUTE_LOSS_FIELD_NUMBER: _ClassVar[int]
    TEST_INITIALIZATION_FIELD_NUMBER: _ClassVar[int]
    BASE_LR_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_FIELD_NUMBER: _ClassVar[int]
    AVERAGE_LOSS_FIELD_NUMBER: _ClassVar[int]
    MAX_ITER_FIELD_NUMBER: _ClassVar[int]
    ITER_SIZE_FIELD_NUMBER: _ClassVar[int]
    LR_POLICY_FIELD_NUMBER: _ClassVar[int]
    GAMMA_FIELD_NUMBER: _ClassVar[int]
    POWER_FIELD_NUMBER: _ClassVar[int]
    MOMENTUM_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_DECAY_FIELD_NUMBER: _ClassVar[int]
    REGULARIZATION_TYPE_FIELD_NUMBER: _ClassVar[int]
    STEPSIZE_FIELD_NUMBER: _ClassVar[int]
    STEPVALUE_FIELD_NUMBER: _ClassVar[int]
    CLIP_GRADIENTS_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_PREFIX_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_DIFF_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FORMAT_FIELD_NUMBER: _ClassVar[int]
    SOLVER_MODE_FIELD_NUMBER: _ClassVar[int]
    DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
    RANDOM_SEED_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    DELTA_FIELD_NUMBER: _ClassVar[int]
    MOMENTUM2_FIELD_NUMBER: _ClassVar[int]
    RMS_DECAY_FIELD_NUMBER: _ClassVar[int]
    DEBUG_INFO_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_AFTER_TRAIN_FIELD_NUMBER: _ClassVar[int]
    SOLVER_TYPE_FIELD_NUMBER: _ClassVar[int]
    LAYER_WISE_REDUCE_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    WARMUP_ITER_FIELD_NUMBER: _ClassVar[int]
    WARMUP_START_LR_FIELD_NUMBER: _ClassVar[int]
    RAMPUP_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    RAMPUP_LR_FIELD_NUMBER: _ClassVar[int]
    MIN_LR_FIELD_NUMBER: _ClassVar[int]
    EVAL_TYPE_FIELD_NUMBER: _ClassVar[int]
    AP_VERSION_FIELD_NUMBER: _ClassVar[int]
    PLATEAU_WINSIZE_FIELD_NUMBER: _ClassVar[int]
    SHOW_PER_CLASS_RESULT_FIELD_NUMBER: _ClassVar[int]
    GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    RICHNESS_FIELD_NUMBER: _ClassVar[int]
    BREADTH_DECAY_FIELD_NUMBER: _ClassVar[int]
    KERNEL_SHAPE_DECAY_FIELD_NUMBER: _ClassVar[int]
    BLOCK_GROUP_DECAY_FIELD_NUMBER: _ClassVar[int]
    PRUNE_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    MEASURE_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    MAX_THRESHOLD_FACTOR_FIELD_NUMBER: _ClassVar[int]
    WINOGRAD_ADJUST_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    MOMENTUM_POLICY_FIELD_NUMBER: _ClassVar[int]
    MAX_MOMENTUM_FIELD_NUMBER: _ClassVar[int]
    MOMENTUM_POWER_FIELD_NUMBER: _ClassVar[int]
    LARC_FIELD_NUMBER: _ClassVar[int]
    LARC_POLICY_FIELD_NUMBER: _ClassVar[int]
    LARC_ETA_FIELD_NUMBER: _ClassVar[int]
    LARC_TURBO_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_DECAY_POLICY_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_DECAY_POWER_FIELD_NUMBER: _ClassVar[int]
    MAX_WEIGHT_DECAY_FIELD_NUMBER: _ClassVar[int]
    SOLVER_DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    STORE_BLOBS_IN_OLD_FORMAT_FIELD_NUMBER: _ClassVar[int]
    TEST_AND_SNAPSHOT_LAST_EPOCHS_FIELD_NUMBER: _ClassVar[int]
    STAGELR_FIELD_NUMBER: _ClassVar[int]
    STAGEITER_FIELD_NUMBER: _ClassVar[int]
    DISABLED_UPDATE_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    LOCAL_LR_AUTO_FIELD_NUMBER: _ClassVar[int]
    LOCAL_GW_RATIO_FIELD_NUMBER: _ClassVar[int]
    TEST_OFFSET_FIELD_NUMBER: _ClassVar[int]
    LR_DROPOUT_FIELD_NUMBER: _ClassVar[int]
    DECOUPLED_WD_T0_FIELD_NUMBER: _ClassVar[int]
    DECOUPLED_WD_MULT_FIELD_NUMBER: _ClassVar[int]
    AMSGRAD_FIELD_NUMBER: _ClassVar[int]
    RECTIFIED_FIELD_NUMBER: _ClassVar[int]
    GC_FIELD_NUMBER: _ClassVar[int]
    ADABELIEF_FIELD_NUMBER: _ClassVar[int]
    LR_MULT_FIELD_NUMBER: _ClassVar[int]
    P_MULT_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    LOOKAHEAD_FIELD_NUMBER: _ClassVar[int]
    LOOKAHEAD_STEPS_FIELD_NUMBER: _ClassVar[int]
    LOOKAHEAD_ALPHA_FIELD_NUMBER: _ClassVar[int]
    WARM_UP_ITERS_FIELD_NUMBER: _ClassVar[int]
    WARM_UP_FACTOR_FIELD_NUMBER: _ClassVar[int]
    WARM_UP_METHOD_FIELD_NUMBER: _ClassVar[int]
    WARM_UP_POWER_FIELD_NUMBER: _ClassVar[int]
    START_LR_POLICY_FIELD_NUMBER: _ClassVar[int]
    MAX_LR_FIELD_NUMBER: _ClassVar[int]
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    PER_PARAMETER_REDUCE_FIELD_NUMBER: _ClassVar[int]
    CLASSIOU_CLASS_NUM_FIELD_NUMBER: _ClassVar[int]
    FORCE_DECAY_FIELD_NUMBER: _ClassVar[int]
    FORCE_DECAY_TYPE_FIELD_NUMBER: _ClassVar[int]
    FORCE_DIRECTION_FIELD_NUMBER: _ClassVar[int]
    FORCE_ITER_FIELD_NUMBER: _ClassVar[int]
    FORCE_TYPE_FIELD_NUMBER: _ClassVar[int]
    MULTISTEP_LR_FIELD_NUMBER: _ClassVar[int]
    CLAMP_WEIGHTS_LOWER_FIELD_NUMBER: _ClassVar[int]
    CLAMP_WEIGHTS_UPPER_FIELD_NUMBER: _ClassVar[int]
    CLIP_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    IGNORE_SHAPE_MISMATCH_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_LOG_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_SPARSITY_FIELD_NUMBER: _ClassVar[int]
    SPARSE_MODE_FIELD_NUMBER: _ClassVar[int]
    SPARSITY_TARGET_FIELD_NUMBER: _ClassVar[int]
    SPARSITY_STEP_FACTOR_FIELD_NUMBER: _ClassVar[int]
    SPARSITY_STEP_ITER_FIELD_NUMBER: _ClassVar[int]
    SPARSITY_START_ITER_FIELD_NUMBER: _ClassVar[int]
    SPARSITY_START_FACTOR_FIELD_NUMBER: _ClassVar[int]
    SPARSITY_THRESHOLD_MAXRATIO_FIELD_NUMBER: _ClassVar[int]
    SPARSITY_ITR_INCREMENT_BFR_APPLYING_FIELD_NUMBER: _ClassVar[int]
    SPARSITY_THRESHOLD_VALUE_MAX_FIELD_NUMBER: _ClassVar[int]
    IGNORE_MISMATCHING_BLOBS_FIELD_NUMBER: _ClassVar[int]
    QUANTIZATION_START_ITER_FIELD_NUMBER: _ClassVar[int]
    UNSIGNED_CHECK_IN_FIELD_NUMBER: _ClassVar[int]
    UNSIGNED_CHECK_OUT_FIELD_NUMBER: _ClassVar[int]
    QUANTIZE_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    QUANTIZE_ACTIVATIONS_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_QUANTIZATION_FIELD_NUMBER: _ClassVar[int]
    INSERT_QUANTIZATION_PARAM_FIELD_NUMBER: _ClassVar[int]
    GROUP_WEIGHT_DECAY_FIELD_NUMBER: _ClassVar[int]
    LOG_FILE_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_BEFORE_TRAIN_FIELD_NUMBER: _ClassVar[int]
    MOMENTUM_START_FIELD_NUMBER: _ClassVar[int]
    MOMENTUM_END_FIELD_NUMBER: _ClassVar[int]
    TERMINAL_EPOCH_NUMBER_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_CONNECT_MODE_FIELD_NUMBER: _ClassVar[int]
    SPARSITY_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    SPARSITY_LR_MULT_FIELD_NUMBER: _ClassVar[int]
    net: str
    net_param: NetParameter
    train_net: str
    test_net: _containers.RepeatedScalarFieldContainer[str]
    train_net_param: NetParameter
    test_net_param: _containers.RepeatedCompositeFieldContainer[NetParameter]
    train_state: NetState
    test_state: _containers.RepeatedCompositeFieldContainer[NetState]
    test_iter: _containers.RepeatedScalarFieldContainer[int]
    test_interval: int
    test_compute_loss: bool
    test_initialization: bool
    base_lr: float
    display: int
    average_loss: int
    max_iter: int
    iter_size: int
    lr_policy: str
    gamma: float
    power: float
    momentum: float
    weight_decay: float
    regularization_type: str
    stepsize: int
    stepvalue: _containers.RepeatedScalarFieldContainer[int]
    clip_gradients: float
    snapshot: int
    snapshot_prefix: str
    snapshot_diff: bool
    snapshot_format: SolverParameter.SnapshotFormat
    solver_mode: SolverParameter.SolverMode
    device_id: int
    random_seed: int
    type: str
    delta: float
    momentum2: float
    rms_decay: float
    debug_info: bool
    snapshot_after_train: bool
    solver_type: SolverParameter.SolverType
    layer_wise_reduce: bool
    weights: _containers.RepeatedScalarFieldContainer[str]
    warmup_iter: int
    warmup_start_lr: float
    rampup_interval: int
    rampup_lr: float
    min_lr: float
    eval_type: str
    ap_version: str
    plateau_winsize: _containers.RepeatedScalarFieldContainer[int]
    show_per_class_result: bool
    group_id: _containers.RepeatedScalarFieldContainer[int]
    richness: int
    breadth_decay: float
    kernel_shape_decay: float
    block_group_decay: float
    prune_threshold: float
    measure_threshold: float
    max_threshold_factor: float
    winograd_adjust_threshold: int
    momentum_policy: str
    max_momentum: float
    momentum_power: float
    larc: bool
    larc_policy: str
    larc_eta: float
    larc_turbo: bool
    weight_decay_policy: str
    weight_decay_power: float
    max_weight_decay: float
    solver_data_type: Type
    store_blobs_in_old_format: bool
    test_and_snapshot_last_epochs: int
    stagelr: _containers.RepeatedScalarFieldContainer[float]
    stageiter: _containers.RepeatedScalarFieldContainer[int]
    disabled_update: bool
    engine: str
    local_lr_auto: bool
    local_gw_ratio: float
    test_offset: int
    lr_dropout: float
    decoupled_wd_t0: int
    decoupled_wd_mult: float
    amsgrad: bool
    rectified: bool
    gc: bool
    adabelief: bool
    lr_mult: float
    p_mult: float
    period: int
    lookahead: bool
    lookahead_steps: int
    lookahead_alpha: float
    warm_up_iters: int
    warm_up_factor: float
    warm_up_method: str
    warm_up_power: int
    start_lr_policy: int
    max_lr: float
    data_type: DataType
    device: int
    per_parameter_reduce: bool
    classiou_class_num: int
    force_decay: float
    force_decay_type: str
    force_direction: str
    force_iter: int
    force_type: str
    multistep_lr: _containers.RepeatedScalarFieldContainer[float]
    clamp_weights_lower: float
    clamp_weights_upper: float
    clip_weights: float
    ignore_shape_mismatch: bool
    snapshot_log: bool
    display_sparsity: int
    sparse_mode: SparseMode
    sparsity_target: float
    sparsity_step_factor: float
    sparsity_step_iter: int
    sparsity_start_iter: int
    sparsity_start_factor: float
    sparsity_threshold_maxratio: float
    sparsity_itr_increment_bfr_applying: bool
    sparsity_threshold_value_max: float
    ignore_mismatching_blobs: bool
    quantization_start_iter: int
    unsigned_check_in: bool
    unsigned_check_out: bool
    quantize_weights: bool
    quantize_activations: bool
    display_quantization: int
    insert_quantization_param: bool
    group_weight_decay: float
    log_file: str
    snapshot_before_train: bool
    momentum_start: float
    momentum_end: float
    terminal_epoch_number: int
    weight_connect_mode: WeightConnectMode
    sparsity_threshold: float
    threshold_weights: bool
    sparsity_lr_mult: float
    def __init__(self, net: _Optional[str] = ..., net_param: _Optional[_Union[NetParameter, _Mapping]] = ..., train_net: _Optional[str] = ..., test_net: _Optional[_Iterable[str]] = ..., train_net_param: _Optional[_Union[NetParameter, _Mapping]] = ..., test_net_param: _Optional[_Iterable[_Union[NetParameter, _Mapping]]] = ..., train_state: _Optional[_Union[NetState, _Mapping]] = ..., test_state: _Optional[_Iterable[_Union[NetState, _Mapping]]] = ..., test_iter: _Optional[_Iterable[int]] = ..., test_interval: _Optional[int] = ..., test_compute_loss: _Optional[bool] = ..., test_initialization: _Optional[bool] = ..., base_lr: _Optional[float] = ..., display: _Optional[int] = ..., average_loss: _Optional[int] = ..., max_iter: _Optional[int] = ..., iter_size: _Optional[int] = ..., lr_policy: _Optional[str] = ..., gamma: _Optional[float] = ..., power: _Optional[float] = ..., momentum: _Optional[float] = ..., weight_decay: _Optional[float] = ..., regularization_type: _Optional[str] = ..., stepsize: _Optional[int] = ..., stepvalue: _Optional[_Iterable[int]] = ..., clip_gradients: _Optional[float] = ..., snapshot: _Optional[int] = ..., snapshot_prefix: _Optional[str] = ..., snapshot_diff: _Optional[bool] = ..., snapshot_format: _Optional[_Union[SolverParameter.SnapshotFormat, str]] = ..., solver_mode: _Optional[_Union[SolverParameter.SolverMode, str]] = ..., device_id: _Optional[int] = ..., random_seed: _Optional[int] = ..., type: _Optional[str] = ..., delta: _Optional[float] = ..., momentum2: _Optional[float] = ..., rms_decay: _Optional[float] = ..., debug_info: _Optional[bool] = ..., snapshot_after_train: _Optional[bool] = ..., solver_type: _Optional[_Union[SolverParameter.SolverType, str]] = ..., layer_wise_reduce: _Optional[bool] = ..., weights: _Optional[_Iterable[str]] = ..., warmup_iter: _Optional[int] = ..., warmup_start_lr: _Optional[float] = ..., rampup_interval: _Optional[int] = ..., rampup_lr: _Optional[float] = ..., min_lr: _Optional[float] = ..., eval_type: _Optional[str] = ..., ap_version: _Optional[str] = ..., plateau_winsize: _Optional[_Iterable[int]] = ..., show_per_class_result: _Optional[bool] = ..., group_id: _Optional[_Iterable[int]] = ..., richness: _Optional[int] = ..., breadth_decay: _Optional[float] = ..., kernel_shape_decay: _Optional[float] = ..., block_group_decay: _Optional[float] = ..., prune_threshold: _Optional[float] = ..., measure_threshold: _Optional[float] = ..., max_threshold_factor: _Optional[float] = ..., winograd_adjust_threshold: _Optional[int] = ..., momentum_policy: _Optional[str] = ..., max_momentum: _Optional[float] = ..., momentum_power: _Optional[float] = ..., larc: _Optional[bool] = ..., larc_policy: _Optional[str] = ..., larc_eta: _Optional[float] = ..., larc_turbo: _Optional[bool] = ..., weight_decay_policy: _Optional[str] = ..., weight_decay_power: _Optional[float] = ..., max_weight_decay: _Optional[float] = ..., solver_data_type: _Optional[_Union[Type, str]] = ..., store_blobs_in_old_format: _Optional[bool] = ..., test_and_snapshot_last_epochs: _Optional[int] = ..., stagelr: _Optional[_Iterable[float]] = ..., stageiter: _Optional[_Iterable[int]] = ..., disabled_update: _Optional[bool] = ..., engine: _Optional[str] = ..., local_lr_auto: _Optional[bool] = ..., local_gw_ratio: _Optional[float] = ..., test_offset: _Optional[int] = ..., lr_dropout: _Optional[float] = ..., decoupled_wd_t0: _Optional[int] = ..., decoupled_wd_mult: _Optional[float] = ..., amsgrad: _Optional[bool] = ..., rectified: _Optional[bool] = ..., gc: _Optional[bool] = ..., adabelief: _Optional[bool] = ..., lr_mult: _Optional[float] = ..., p_mult: _Optional[float] = ..., period: _Optional[int] = ..., lookahead: _Optional[bool] = ..., lookahead_steps: _Optional[int] = ..., lookahead_alpha: _Optional[float] = ..., warm_up_iters: _Optional[int] = ..., warm_up_factor: _Optional[float] = ..., warm_up_method: _Optional[str] = ..., warm_up_power: _Optional[int] = ..., start_lr_policy: _Optional[int] = ..., max_lr: _Optional[float] = ..., data_type: _Optional[_Union[DataType, str]] = ..., device: _Optional[int] = ..., per_parameter_reduce: _Optional[bool] = ..., classiou_class_num: _Optional[int] = ..., force_decay: _Optional[float] = ..., force_decay_type: _Optional[str] = ..., force_direction: _Optional[str] = ..., force_iter: _Optional[int] = ..., force_type: _Optional[str] = ..., multistep_lr: _Optional[_Iterable[float]] = ..., clamp_weights_lower: _Optional[float] = ..., clamp_weights_upper: _Optional[float] = ..., clip_weights: _Optional[float] = ..., ignore_shape_mismatch: _Optional[bool] = ..., snapshot_log: _Optional[bool] = ..., display_sparsity: _Optional[int] = ..., sparse_mode: _Optional[_Union[SparseMode, str]] = ..., sparsity_target: _Optional[float] = ..., sparsity_step_factor: _Optional[float] = ..., sparsity_step_iter: _Optional[int] = ..., sparsity_start_iter: _Optional[int] = ..., sparsity_start_factor: _Optional[float] = ..., sparsity_threshold_maxratio: _Optional[float] = ..., sparsity_itr_increment_bfr_applying: _Optional[bool] = ..., sparsity_threshold_value_max: _Optional[float] = ..., ignore_mismatching_blobs: _Optional[bool] = ..., quantization_start_iter: _Optional[int] = ..., unsigned_check_in: _Optional[bool] = ..., unsigned_check_out: _Optional[bool] = ..., quantize_weights: _Optional[bool] = ..., quantize_activations: _Optional[bool] = ..., display_quantization: _Optional[int] = ..., insert_quantization_param: _Optional[bool] = ..., group_weight_decay: _Optional[float] = ..., log_file: _Optional[str] = ..., snapshot_before_train: _Optional[bool] = ..., momentum_start: _Optional[float] = ..., momentum_end: _Optional[float] = ..., terminal_epoch_number: _Optional[int] = ..., weight_connect_mode: _Optional[_Union[WeightConnectMode, str]] = ..., sparsity_threshold: _Optional[float] = ..., threshold_weights: _Optional[bool] = ..., sparsity_lr_mult: _Optional[float] = ...) -> None: ...

class SolverState(_message.Message):
    __slots__ = ("iter", "learned_net", "history", "current_step", "minimum_loss", "iter_last_event", "minicaffe_record")
    ITER_FIELD_NUMBER: _ClassVar[int]
    LEARNED_NET_FIELD_NUMBER: _ClassVar[int]
    HISTORY_FIELD_NUMBER: _ClassVar[int]
    CURRENT_STEP_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_LOSS_FIELD_NUMBER: _ClassVar[int]
    ITER_LAST_EVENT_FIELD_NUMBER: _ClassVar[int]
    MINICAFFE_RECORD_FIELD_NUMBER: _ClassVar[int]
    iter: int
    learned_net: str
    history: _containers.RepeatedCompositeFieldContainer[BlobProto]
    current_step: int
    minimum_loss: float
    iter_last_event: int
    minicaffe_record: bytes
    def __init__(self, iter: _Optional[int] = ..., learned_net: _Optional[str] = ..., history: _Optional[_Iterable[_Union[BlobProto, _Mapping]]] = ..., current_step: _Optional[int] = ..., minimum_loss: _Optional[float] = ..., iter_last_event: _Optional[int] = ..., minicaffe_record: _Optional[bytes] = ...) -> None: ...

class NetState(_message.Message):
    __slots__ = ("phase", "level", "stage", "quantizer_mode")
    PHASE_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    QUANTIZER_MODE_FIELD_NUMBER: _ClassVar[int]
    phase: Phase
    level: int
    stage: _containers.RepeatedScalarFieldContainer[str]
    quantizer_mode: QuantizerMode
    def __init__(self, phase: _Optional[_Union[Phase, str]] = ..., level: _Optional[int] = ..., stage: _Optional[_Iterable[str]] = ..., quantizer_mode: _Optional[_Union[QuantizerMode, str]] = ...) -> None: ...

class NetStateRule(_message.Message):
    __slots__ = ("phase", "min_level", "max_level", "stage", "not_stage")
    PHASE_FIELD_NUMBER: _ClassVar[int]
    MIN_LEVEL_FIELD_NUMBER: _ClassVar[int]
    MAX_LEVEL_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    NOT_STAGE_FIELD_NUMBER: _ClassVar[int]
    phase: Phase
    min_level: int
    max_level: int
    stage: _containers.RepeatedScalarFieldContainer[str]
    not_stage: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, phase: _Optional[_Union[Phase, str]] = ..., min_level: _Optional[int] = ..., max_level: _Optional[int] = ..., stage: _Optional[_Iterable[str]] = ..., not_stage: _Optional[_Iterable[str]] = ...) -> None: ...

class ParamSpec(_message.Message):
    __slots__ = ("name", "share_mode", "lr_mult", "decay_mult", "breadth_decay_mult", "kernel_shape_decay_mult", "block_group_lasso", "regularization_type", "compression", "force_mult", "force_regularize", "group_decay_mult")
    class DimCheckMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STRICT: _ClassVar[ParamSpec.DimCheckMode]
        PERMISSIVE: _ClassVar[ParamSpec.DimCheckMode]
    STRICT: ParamSpec.DimCheckMode
    PERMISSIVE: ParamSpec.DimCheckMode
    class Compression(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DEFAULT: _ClassVar[ParamSpec.Compression]
        PRUNE: _ClassVar[ParamSpec.Compression]
    DEFAULT: ParamSpec.Compression
    PRUNE: ParamSpec.Compression
    NAME_FIELD_NUMBER: _ClassVar[int]
    SHARE_MODE_FIELD_NUMBER: _ClassVar[int]
    LR_MULT_FIELD_NUMBER: _ClassVar[int]
    DECAY_MULT_FIELD_NUMBER: _ClassVar[int]
    BREADTH_DECAY_MULT_FIELD_NUMBER: _ClassVar[int]
    KERNEL_SHAPE_DECAY_MULT_FIELD_NUMBER: _ClassVar[int]
    BLOCK_GROUP_LASSO_FIELD_NUMBER: _ClassVar[int]
    REGULARIZATION_TYPE_FIELD_NUMBER: _ClassVar[int]
    COMPRESSION_FIELD_NUMBER: _ClassVar[int]
    FORCE_MULT_FIELD_NUMBER: _ClassVar[int]
    FORCE_REGULARIZE_FIELD_NUMBER: _ClassVar[int]
    GROUP_DECAY_MULT_FIELD_NUMBER: _ClassVar[int]
    name: str
    share_mode: ParamSpec.DimCheckMode
    lr_mult: float
    decay_mult: float
    breadth_decay_mult: float
    kernel_shape_decay_mult: float
    block_group_lasso: _containers.RepeatedCompositeFieldContainer[BlockGroupLassoSpec]
    regularization_type: str
    compression: ParamSpec.Compression
    force_mult: float
    force_regularize: ForceRegular
    group_decay_mult: float
    def __init__(self, name: _Optional[str] = ..., share_mode: _Optional[_Union[ParamSpec.DimCheckMode, str]] = ..., lr_mult: _Optional[float] = ..., decay_mult: _Optional[float] = ..., breadth_decay_mult: _Optional[float] = ..., kernel_shape_decay_mult: _Optional[float] = ..., block_group_lasso: _Optional[_Iterable[_Union[BlockGroupLassoSpec, _Mapping]]] = ..., regularization_type: _Optional[str] = ..., compression: _Optional[_Union[ParamSpec.Compression, str]] = ..., force_mult: _Optional[float] = ..., force_regularize: _Optional[_Union[ForceRegular, _Mapping]] = ..., group_decay_mult: _Optional[float] = ...) -> None: ...

class LayerParameter(_message.Message):
    __slots__ = ("name", "type", "bottom", "top", "phase", "loss_weight", "param", "blobs", "propagate_down", "include", "exclude", "transform_param", "loss_param", "accuracy_param", "argmax_param", "batch_norm_param", "bias_param", "clip_param", "concat_param", "contrastive_loss_param", "convolution_param", "crop_param", "data_param", "dropout_param", "dummy_data_param", "eltwise_param", "elu_param", "embed_param", "exp_param", "flatten_param", "hdf5_data_param", "hdf5_output_param", "hinge_loss_param", "image_data_param", "infogain_loss_param", "inner_product_param", "input_param", "log_param", "lrn_param", "memory_data_param", "mvn_param", "parameter_param", "pooling_param", "power_param", "prelu_param", "python_param", "recurrent_param", "reduction_param", "relu_param", "reshape_param", "scale_param", "sigmoid_param", "softmax_param", "spp_param", "slice_param", "swish_param", "tanh_param", "threshold_param", "tile_param", "window_data_param", "annotated_data_param", "multibox_loss_param", "permute_param", "prior_box_param", "detection_output_param", "detection_evaluate_param", "norm_param", "relu6_param", "yolo_detection_output_param", "yolov3_detection_output_param", "roi_pooling_param", "smooth_l1_loss_param", "engine", "forward_type", "backward_type", "forward_math", "backward_math", "bn_param", "box_annotator_ohem_param", "center_loss_param", "correlation_param", "dense_image_data_param", "flow_warp_param", "imresize_param", "interp_param", "l1_loss_param", "nms_param", "proposal_param", "psroi_pooling_param", "region_param", "reorg_param", "resample_param", "reverse_param", "roi_align_param", "shuffle_channel_param", "transpose_param", "upsample_param", "layer_norm_param", "instance_norm_param", "group_norm_param", "source_line", "margin_inner_product_param", "largemargin_inner_product_param", "quantization_param", "seg_data_param", "video_data_param", "batch_reduction_param", "adaptive_bias_channel_param", "bias_channel_param", "dense_crf_param", "domain_transform_param", "mat_read_param", "mat_write_param", "seg_accuracy_param", "unique_label_param", "mil_data_param", "mil_param", "bbox_reg_param", "detection_data_param", "eval_data_param", "hard_mining_param", "scale_route_param", "decode_bbox_param", "detection_group_loss_param", "detection_group_accuracy_param", "box_group_output_param", "proposal_target_param", "frcnn_output_param", "lstm_param", "ctc_param", "convolution3d_param", "pooling3d_param", "connectivity_mode", "debug", "cudnn_math_override", "trt_param", "detectnet_groundtruth_param", "detectnet_augmentation_param", "split_param", "spatial_dropout_param", "multinode", "mn_activation_param", "mn_grad_compress_param", "region_loss_param", "eval_detection_param", "yolov3_param", "yolo_seg_param", "segmentation_evaluate_param", "detection_loss_param", "focal_loss_param", "selu_param", "selu_dropout_param", "ctc_loss_param", "continuation_indicator_param", "labelsequence_accuracy_param", "dice_coef_loss_param", "roi_mask_pooling_param", "module_param", "prior_rbox_param", "rdetection_output_param", "rdetection_evaluate_param", "multirbox_loss_param", "annotated_r_data_param", "deformable_psroi_pooling_param", "deformable_convolution_param", "psroi_align_param", "coeff_schedule_param", "augmentation_param", "writer_param", "reader_param", "mean_param", "downsample_param", "lpq_loss_param", "accum_param", "black_augmentation_param", "reshape_every_iter", "bottom_data_type", "compute_data_type", "top_data_type", "bottom_quantizer", "top_quantizer", "net_quantizer", "blobs_quantizer", "autotune", "device", "bottom_shared_index", "top_shared_index", "mergecrop_param", "affinity_param", "moe_param", "noise_param", "im2seq_param", "img_size_param", "tiling_param", "yolo_eval_detection_param", "fixed_param", "deephi_resize_param", "gs_tiling_param", "densebox_map_evaluation_param", "reshape_label_param", "drive_data_param", "resize_param", "knowledge_distillation_param", "st_param", "st_loss_param", "rpn_param", "asdn_data_param", "mtcnn_data_param", "label_specific_add_param", "additive_margin_inner_product_param", "cosin_add_m_param", "cosin_mul_m_param", "channel_scale_param", "flip_param", "triplet_loss_param", "coupled_cluster_loss_param", "general_triplet_loss_param", "matmul_param", "pass_through_param", "DepthwiseConvolution_param", "accuracy_heatmap_param", "blobs_lr", "box_output_param", "censor_label_param", "channel_aggregator_param", "cudnn_batch_norm_param", "detection_accuracy_param", "display", "dominant_channel_param", "down_sampling_param", "dropin_param", "eltwise_affine_param", "euclidean_loss_param", "gain_channel_param", "heatmap_data_param", "histogram_param", "ignore_overlay_param", "image_gt_data_param", "onehot_param", "padding_param", "pose_data_param", "precision_param", "prediction_heatmap_param", "resize1_param", "softmax_with_loss_vec_param", "softmaxloss_param", "sparsify_param", "strict_dim", "symmetric_rectify_param", "user_defined_layer", "visualise", "visualise_channel", "weight_decay", "xcustom_param", "channel_shuffle_param", "crop_center_param", "inner_distance_param", "insanity_param", "label_specific_rescale_param", "multi_stage_meanfield_param", "rand_vec_param", "unpooling_param", "normalize_param", "local_param", "sub_region_param", "hotspot_param", "predict_box_param", "fcn_data_param", "general_contrastive_loss_param", "soft_contrastive_loss_param", "soft_truncation_param", "pairwise_param", "smoothl1_param", "batch_contrastive_loss_param", "truncation_param", "nca_param", "infimum_loss_param", "ordinal_regression_loss_param", "feature_decay_loss_param", "confidence_penalty_loss_param", "label_specific_margin_param", "label_specific_affine_param", "label_specific_hard_margin_param", "binary_accuracy_param", "eltwise_accuracy_param", "red_softmax_loss_param", "red_accuracy_param", "select_seg_binary_param", "window_cls_data_param", "image_label_data_param", "snapshot_log_weights", "snapshot_log_in", "snapshot_log_out", "image_label_transform_param", "roi_warping_param", "mask_resize_param", "cpmdata_param", "cpm_transform_param", "randvec_param", "render_param", "doc_data_param", "image_transform_param")
    class ConnectivityMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        CONNECTED: _ClassVar[LayerParameter.ConnectivityMode]
        DISCONNECTED_ELTWISE: _ClassVar[LayerParameter.ConnectivityMode]
        DISCONNECTED_GRPWISE: _ClassVar[LayerParameter.ConnectivityMode]
    CONNECTED: LayerParameter.ConnectivityMode
    DISCONNECTED_ELTWISE: LayerParameter.ConnectivityMode
    DISCONNECTED_GRPWISE: LayerParameter.ConnectivityMode
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    BOTTOM_FIELD_NUMBER: _ClassVar[int]
    TOP_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    LOSS_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    PARAM_FIELD_NUMBER: _ClassVar[int]
    BLOBS_FIELD_NUMBER: _ClassVar[int]
    PROPAGATE_DOWN_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_FIELD_NUMBER: _ClassVar[int]
    EXCLUDE_FIELD_NUMBER: _ClassVar[int]
    TRANSFORM_PARAM_FIELD_NUMBER: _ClassVar[int]
    LOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    ACCURACY_PARAM_FIELD_NUMBER: _ClassVar[int]
    ARGMAX_PARAM_FIELD_NUMBER: _ClassVar[int]
    BATCH_NORM_PARAM_FIELD_NUMBER: _ClassVar[int]
    BIAS_PARAM_FIELD_NUMBER: _ClassVar[int]
    CLIP_PARAM_FIELD_NUMBER: _ClassVar[int]
    CONCAT_PARAM_FIELD_NUMBER: _ClassVar[int]
    CONTRASTIVE_LOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    CONVOLUTION_PARAM_FIELD_NUMBER: _ClassVar[int]
    CROP_PARAM_FIELD_NUMBER: _ClassVar[int]
    DATA_PARAM_FIELD_NUMBER: _ClassVar[int]
    DROPOUT_PARAM_FIELD_NUMBER: _ClassVar[int]
    DUMMY_DATA_PARAM_FIELD_NUMBER: _ClassVar[int]
    ELTWISE_PARAM_FIELD_NUMBER: _ClassVar[int]
    ELU_PARAM_FIELD_NUMBER: _ClassVar[int]
    EMBED_PARAM_FIELD_NUMBER: _ClassVar[int]
    EXP_PARAM_FIELD_NUMBER: _ClassVar[int]
    FLATTEN_PARAM_FIELD_NUMBER: _ClassVar[int]
    HDF5_DATA_PARAM_FIELD_NUMBER: _ClassVar[int]
    HDF5_OUTPUT_PARAM_FIELD_NUMBER: _ClassVar[int]
    HINGE_LOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    IMAGE_DATA_PARAM_FIELD_NUMBER: _ClassVar[int]
    INFOGAIN_LOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    INNER_PRODUCT_PARAM_FIELD_NUMBER: _ClassVar[int]
    INPUT_PARAM_FIELD_NUMBER: _ClassVar[int]
    LOG_PARAM_FIELD_NUMBER: _ClassVar[int]
    LRN_PARAM_FIELD_NUMBER: _ClassVar[int]
    MEMORY_DATA_PARAM_FIELD_NUMBER: _ClassVar[int]
    MVN_PARAM_FIELD_NUMBER: _ClassVar[int]
    PARAMETER_PARAM_FIELD_NUMBER: _ClassVar[int]
    POOLING_PARAM_FIELD_NUMBER: _ClassVar[int]
    POWER_PARAM_FIELD_NUMBER: _ClassVar[int]
    PRELU_PARAM_FIELD_NUMBER: _ClassVar[int]
    PYTHON_PARAM_FIELD_NUMBER: _ClassVar[int]
    RECURRENT_PARAM_FIELD_NUMBER: _ClassVar[int]
    REDUCTION_PARAM_FIELD_NUMBER: _ClassVar[int]
    RELU_PARAM_FIELD_NUMBER: _ClassVar[int]
    RESHAPE_PARAM_FIELD_NUMBER: _ClassVar[int]
    SCALE_PARAM_FIELD_NUMBER: _ClassVar[int]
    SIGMOID_PARAM_FIELD_NUMBER: _ClassVar[int]
    SOFTMAX_PARAM_FIELD_NUMBER: _ClassVar[int]
    SPP_PARAM_FIELD_NUMBER: _ClassVar[int]
    SLICE_PARAM_FIELD_NUMBER: _ClassVar[int]
    SWISH_PARAM_FIELD_NUMBER: _ClassVar[int]
    TANH_PARAM_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_PARAM_FIELD_NUMBER: _ClassVar[int]
    TILE_PARAM_FIELD_NUMBER: _ClassVar[int]
    WINDOW_DATA_PARAM_FIELD_NUMBER: _ClassVar[int]
    ANNOTATED_DATA_PARAM_FIELD_NUMBER: _ClassVar[int]
    MULTIBOX_LOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    PERMUTE_PARAM_FIELD_NUMBER: _ClassVar[int]
    PRIOR_BOX_PARAM_FIELD_NUMBER: _ClassVar[int]
    DETECTION_OUTPUT_PARAM_FIELD_NUMBER: _ClassVar[int]
    DETECTION_EVALUATE_PARAM_FIELD_NUMBER: _ClassVar[int]
    NORM_PARAM_FIELD_NUMBER: _ClassVar[int]
    RELU6_PARAM_FIELD_NUMBER: _ClassVar[int]
    YOLO_DETECTION_OUTPUT_PARAM_FIELD_NUMBER: _ClassVar[int]
    YOLOV3_DETECTION_OUTPUT_PARAM_FIELD_NUMBER: _ClassVar[int]
    ROI_POOLING_PARAM_FIELD_NUMBER: _ClassVar[int]
    SMOOTH_L1_LOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    FORWARD_TYPE_FIELD_NUMBER: _ClassVar[int]
    BACKWARD_TYPE_FIELD_NUMBER: _ClassVar[int]
    FORWARD_MATH_FIELD_NUMBER: _ClassVar[int]
    BACKWARD_MATH_FIELD_NUMBER: _ClassVar[int]
    BN_PARAM_FIELD_NUMBER: _ClassVar[int]
    BOX_ANNOTATOR_OHEM_PARAM_FIELD_NUMBER: _ClassVar[int]
    CENTER_LOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    CORRELATION_PARAM_FIELD_NUMBER: _ClassVar[int]
    DENSE_IMAGE_DATA_PARAM_FIELD_NUMBER: _ClassVar[int]
    FLOW_WARP_PARAM_FIELD_NUMBER: _ClassVar[int]
    IMRESIZE_PARAM_FIELD_NUMBER: _ClassVar[int]
    INTERP_PARAM_FIELD_NUMBER: _ClassVar[int]
    L1_LOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    NMS_PARAM_FIELD_NUMBER: _ClassVar[int]
    PROPOSAL_PARAM_FIELD_NUMBER: _ClassVar[int]
    PSROI_POOLING_PARAM_FIELD_NUMBER: _ClassVar[int]
    REGION_PARAM_FIELD_NUMBER: _ClassVar[int]
    REORG_PARAM_FIELD_NUMBER: _ClassVar[int]
    RESAMPLE_PARAM_FIELD_NUMBER: _ClassVar[int]
    REVERSE_PARAM_FIELD_NUMBER: _ClassVar[int]
    ROI_ALIGN_PARAM_FIELD_NUMBER: _ClassVar[int]
    SHUFFLE_CHANNEL_PARAM_FIELD_NUMBER: _ClassVar[int]
    TRANSPOSE_PARAM_FIELD_NUMBER: _ClassVar[int]
    UPSAMPLE_PARAM_FIELD_NUMBER: _ClassVar[int]
    LAYER_NORM_PARAM_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_NORM_PARAM_FIELD_NUMBER: _ClassVar[int]
    GROUP_NORM_PARAM_FIELD_NUMBER: _ClassVar[int]
    SOURCE_LINE_FIELD_NUMBER: _ClassVar[int]
    MARGIN_INNER_PRODUCT_PARAM_FIELD_NUMBER: _ClassVar[int]
    LARGEMARGIN_INNER_PRODUCT_PARAM_FIELD_NUMBER: _ClassVar[int]
    QUANTIZATION_PARAM_FIELD_NUMBER: _ClassVar[int]
    SEG_DATA_PARAM_FIELD_NUMBER: _ClassVar[int]
    VIDEO_DATA_PARAM_FIELD_NUMBER: _ClassVar[int]
    BATCH_REDUCTION_PARAM_FIELD_NUMBER: _ClassVar[int]
    ADAPTIVE_BIAS_CHANNEL_PARAM_FIELD_NUMBER: _ClassVar[int]
    BIAS_CHANNEL_PARAM_FIELD_NUMBER: _ClassVar[int]
    DENSE_CRF_PARAM_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_TRANSFORM_PARAM_FIELD_NUMBER: _ClassVar[int]
    MAT_READ_PARAM_FIELD_NUMBER: _ClassVar[int]
    MAT_WRITE_PARAM_FIELD_NUMBER: _ClassVar[int]
    SEG_ACCURACY_PARAM_FIELD_NUMBER: _ClassVar[int]
    UNIQUE_LABEL_PARAM_FIELD_NUMBER: _ClassVar[int]
    MIL_DATA_PARAM_FIELD_NUMBER: _ClassVar[int]
    MIL_PARAM_FIELD_NUMBER: _ClassVar[int]
    BBOX_REG_PARAM_FIELD_NUMBER: _ClassVar[int]
    DETECTION_DATA_PARAM_FIELD_NUMBER: _ClassVar[int]
    EVAL_DATA_PARAM_FIELD_NUMBER: _ClassVar[int]
    HARD_MINING_PARAM_FIELD_NUMBER: _ClassVar[int]
    SCALE_ROUTE_PARAM_FIELD_NUMBER: _ClassVar[int]
    DECODE_BBOX_PARAM_FIELD_NUMBER: _ClassVar[int]
    DETECTION_GROUP_LOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    DETECTION_GROUP_ACCURACY_PARAM_FIELD_NUMBER: _ClassVar[int]
    BOX_GROUP_OUTPUT_PARAM_FIELD_NUMBER: _ClassVar[int]
    PROPOSAL_TARGET_PARAM_FIELD_NUMBER: _ClassVar[int]
    FRCNN_OUTPUT_PARAM_FIELD_NUMBER: _ClassVar[int]
    LSTM_PARAM_FIELD_NUMBER: _ClassVar[int]
    CTC_PARAM_FIELD_NUMBER: _ClassVar[int]
    CONVOLUTION3D_PARAM_FIELD_NUMBER: _ClassVar[int]
    POOLING3D_PARAM_FIELD_NUMBER: _ClassVar[int]
    CONNECTIVITY_MODE_FIELD_NUMBER: _ClassVar[int]
    DEBUG_FIELD_NUMBER: _ClassVar[int]
    CUDNN_MATH_OVERRIDE_FIELD_NUMBER: _ClassVar[int]
    TRT_PARAM_FIELD_NUMBER: _ClassVar[int]
    DETECTNET_GROUNDTRUTH_PARAM_FIELD_NUMBER: _ClassVar[int]
    DETECTNET_AUGMENTATION_PARAM_FIELD_NUMBER: _ClassVar[int]
    SPLIT_PARAM_FIELD_NUMBER: _ClassVar[int]
    SPATIAL_DROPOUT_PARAM_FIELD_NUMBER: _ClassVar[int]
    MULTINODE_FIELD_NUMBER: _ClassVar[int]
    MN_ACTIVATION_PARAM_FIELD_NUMBER: _ClassVar[int]
    MN_GRAD_COMPRESS_PARAM_FIELD_NUMBER: _ClassVar[int]
    REGION_LOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    EVAL_DETECTION_PARAM_FIELD_NUMBER: _ClassVar[int]
    YOLOV3_PARAM_FIELD_NUMBER: _ClassVar[int]
    YOLO_SEG_PARAM_FIELD_NUMBER: _ClassVar[int]
    SEGMENTATION_EVALUATE_PARAM_FIELD_NUMBER: _ClassVar[int]
    DETECTION_LOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    FOCAL_LOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    SELU_PARAM_FIELD_NUMBER: _ClassVar[int]
    SELU_DROPOUT_PARAM_FIELD_NUMBER: _ClassVar[int]
    CTC_LOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    CONTINUATION_INDICATOR_PARAM_FIELD_NUMBER: _ClassVar[int]
    LABELSEQUENCE_ACCURACY_PARAM_FIELD_NUMBER: _ClassVar[int]
    DICE_COEF_LOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    ROI_MASK_POOLING_PARAM_FIELD_NUMBER: _ClassVar[int]
    MODULE_PARAM_FIELD_NUMBER: _ClassVar[int]
    PRIOR_RBOX_PARAM_FIELD_NUMBER: _ClassVar[int]
    RDETECTION_OUTPUT_PARAM_FIELD_NUMBER: _ClassVar[int]
    RDETECTION_EVALUATE_PARAM_FIELD_NUMBER: _ClassVar[int]
    MULTIRBOX_LOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    ANNOTATED_R_DATA_PARAM_FIELD_NUMBER: _ClassVar[int]
    DEFORMABLE_PSROI_POOLING_PARAM_FIELD_NUMBER: _ClassVar[int]
    DEFORMABLE_CONVOLUTION_PARAM_FIELD_NUMBER: _ClassVar[int]
    PSROI_ALIGN_PARAM_FIELD_NUMBER: _ClassVar[int]
    COEFF_SCHEDULE_PARAM_FIELD_NUMBER: _ClassVar[int]
    AUGMENTATION_PARAM_FIELD_NUMBER: _ClassVar[int]
    WRITER_PARAM_FIELD_NUMBER: _ClassVar[int]
    READER_PARAM_FIELD_NUMBER: _ClassVar[int]
    MEAN_PARAM_FIELD_NUMBER: _ClassVar[int]
    DOWNSAMPLE_PARAM_FIELD_NUMBER: _ClassVar[int]
    LPQ_LOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    ACCUM_PARAM_FIELD_NUMBER: _ClassVar[int]
    BLACK_AUGMENTATION_PARAM_FIELD_NUMBER: _ClassVar[int]
    RESHAPE_EVERY_ITER_FIELD_NUMBER: _ClassVar[int]
    BOTTOM_DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    COMPUTE_DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    TOP_DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    BOTTOM_QUANTIZER_FIELD_NUMBER: _ClassVar[int]
    TOP_QUANTIZER_FIELD_NUMBER: _ClassVar[int]
    NET_QUANTIZER_FIELD_NUMBER: _ClassVar[int]
    BLOBS_QUANTIZER_FIELD_NUMBER: _ClassVar[int]
    AUTOTUNE_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    BOTTOM_SHARED_INDEX_FIELD_NUMBER: _ClassVar[int]
    TOP_SHARED_INDEX_FIELD_NUMBER: _ClassVar[int]
    MERGECROP_PARAM_FIELD_NUMBER: _ClassVar[int]
    AFFINITY_PARAM_FIELD_NUMBER: _ClassVar[int]
    MOE_PARAM_FIELD_NUMBER: _ClassVar[int]
    NOISE_PARAM_FIELD_NUMBER: _ClassVar[int]
    IM2SEQ_PARAM_FIELD_NUMBER: _ClassVar[int]
    IMG_SIZE_PARAM_FIELD_NUMBER: _ClassVar[int]
    TILING_PARAM_FIELD_NUMBER: _ClassVar[int]
    YOLO_EVAL_DETECTION_PARAM_FIELD_NUMBER: _ClassVar[int]
    FIXED_PARAM_FIELD_NUMBER: _ClassVar[int]
    DEEPHI_RESIZE_PARAM_FIELD_NUMBER: _ClassVar[int]
    GS_TILING_PARAM_FIELD_NUMBER: _ClassVar[int]
    DENSEBOX_MAP_EVALUATION_PARAM_FIELD_NUMBER: _ClassVar[int]
    RESHAPE_LABEL_PARAM_FIELD_NUMBER: _ClassVar[int]
    DRIVE_DATA_PARAM_FIELD_NUMBER: _ClassVar[int]
    RESIZE_PARAM_FIELD_NUMBER: _ClassVar[int]
    KNOWLEDGE_DISTILLATION_PARAM_FIELD_NUMBER: _ClassVar[int]
    ST_PARAM_FIELD_NUMBER: _ClassVar[int]
    ST_LOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    RPN_PARAM_FIELD_NUMBER: _ClassVar[int]
    ASDN_DATA_PARAM_FIELD_NUMBER: _ClassVar[int]
    MTCNN_DATA_PARAM_FIELD_NUMBER: _ClassVar[int]
    LABEL_SPECIFIC_ADD_PARAM_FIELD_NUMBER: _ClassVar[int]
    ADDITIVE_MARGIN_INNER_PRODUCT_PARAM_FIELD_NUMBER: _ClassVar[int]
    COSIN_ADD_M_PARAM_FIELD_NUMBER: _ClassVar[int]
    COSIN_MUL_M_PARAM_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_SCALE_PARAM_FIELD_NUMBER: _ClassVar[int]
    FLIP_PARAM_FIELD_NUMBER: _ClassVar[int]
    TRIPLET_LOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    COUPLED_CLUSTER_LOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    GENERAL_TRIPLET_LOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    MATMUL_PARAM_FIELD_NUMBER: _ClassVar[int]
    PASS_THROUGH_PARAM_FIELD_NUMBER: _ClassVar[int]
    DEPTHWISECONVOLUTION_PARAM_FIELD_NUMBER: _ClassVar[int]
    ACCURACY_HEATMAP_PARAM_FIELD_NUMBER: _ClassVar[int]
    BLOBS_LR_FIELD_NUMBER: _ClassVar[int]
    BOX_OUTPUT_PARAM_FIELD_NUMBER: _ClassVar[int]
    CENSOR_LABEL_PARAM_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_AGGREGATOR_PARAM_FIELD_NUMBER: _ClassVar[int]
    CUDNN_BATCH_NORM_PARAM_FIELD_NUMBER: _ClassVar[int]
    DETECTION_ACCURACY_PARAM_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_FIELD_NUMBER: _ClassVar[int]
    DOMINANT_CHANNEL_PARAM_FIELD_NUMBER: _ClassVar[int]
    DOWN_SAMPLING_PARAM_FIELD_NUMBER: _ClassVar[int]
    DROPIN_PARAM_FIELD_NUMBER: _ClassVar[int]
    ELTWISE_AFFINE_PARAM_FIELD_NUMBER: _ClassVar[int]
    EUCLIDEAN_LOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    GAIN_CHANNEL_PARAM_FIELD_NUMBER: _ClassVar[int]
    HEATMAP_DATA_PARAM_FIELD_NUMBER: _ClassVar[int]
    HISTOGRAM_PARAM_FIELD_NUMBER: _ClassVar[int]
    IGNORE_OVERLAY_PARAM_FIELD_NUMBER: _ClassVar[int]
    IMAGE_GT_DATA_PARAM_FIELD_NUMBER: _ClassVar[int]
    ONEHOT_PARAM_FIELD_NUMBER: _ClassVar[int]
    PADDING_PARAM_FIELD_NUMBER: _ClassVar[int]
    POSE_DATA_PARAM_FIELD_NUMBER: _ClassVar[int]
    PRECISION_PARAM_FIELD_NUMBER: _ClassVar[int]
    PREDICTION_HEATMAP_PARAM_FIELD_NUMBER: _ClassVar[int]
    RESIZE1_PARAM_FIELD_NUMBER: _ClassVar[int]
    SOFTMAX_WITH_LOSS_VEC_PARAM_FIELD_NUMBER: _ClassVar[int]
    SOFTMAXLOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    SPARSIFY_PARAM_FIELD_NUMBER: _ClassVar[int]
    STRICT_DIM_FIELD_NUMBER: _ClassVar[int]
    SYMMETRIC_RECTIFY_PARAM_FIELD_NUMBER: _ClassVar[int]
    USER_DEFINED_LAYER_FIELD_NUMBER: _ClassVar[int]
    VISUALISE_FIELD_NUMBER: _ClassVar[int]
    VISUALISE_CHANNEL_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_DECAY_FIELD_NUMBER: _ClassVar[int]
    XCUSTOM_PARAM_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_SHUFFLE_PARAM_FIELD_NUMBER: _ClassVar[int]
    CROP_CENTER_PARAM_FIELD_NUMBER: _ClassVar[int]
    INNER_DISTANCE_PARAM_FIELD_NUMBER: _ClassVar[int]
    INSANITY_PARAM_FIELD_NUMBER: _ClassVar[int]
    LABEL_SPECIFIC_RESCALE_PARAM_FIELD_NUMBER: _ClassVar[int]
    MULTI_STAGE_MEANFIELD_PARAM_FIELD_NUMBER: _ClassVar[int]
    RAND_VEC_PARAM_FIELD_NUMBER: _ClassVar[int]
    UNPOOLING_PARAM_FIELD_NUMBER: _ClassVar[int]
    NORMALIZE_PARAM_FIELD_NUMBER: _ClassVar[int]
    LOCAL_PARAM_FIELD_NUMBER: _ClassVar[int]
    SUB_REGION_PARAM_FIELD_NUMBER: _ClassVar[int]
    HOTSPOT_PARAM_FIELD_NUMBER: _ClassVar[int]
    PREDICT_BOX_PARAM_FIELD_NUMBER: _ClassVar[int]
    FCN_DATA_PARAM_FIELD_NUMBER: _ClassVar[int]
    GENERAL_CONTRASTIVE_LOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    SOFT_CONTRASTIVE_LOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    SOFT_TRUNCATION_PARAM_FIELD_NUMBER: _ClassVar[int]
    PAIRWISE_PARAM_FIELD_NUMBER: _ClassVar[int]
    SMOOTHL1_PARAM_FIELD_NUMBER: _ClassVar[int]
    BATCH_CONTRASTIVE_LOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    TRUNCATION_PARAM_FIELD_NUMBER: _ClassVar[int]
    NCA_PARAM_FIELD_NUMBER: _ClassVar[int]
    INFIMUM_LOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    ORDINAL_REGRESSION_LOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    FEATURE_DECAY_LOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_PENALTY_LOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    LABEL_SPECIFIC_MARGIN_PARAM_FIELD_NUMBER: _ClassVar[int]
    LABEL_SPECIFIC_AFFINE_PARAM_FIELD_NUMBER: _ClassVar[int]
    LABEL_SPECIFIC_HARD_MARGIN_PARAM_FIELD_NUMBER: _ClassVar[int]
    BINARY_ACCURACY_PARAM_FIELD_NUMBER: _ClassVar[int]
    ELTWISE_ACCURACY_PARAM_FIELD_NUMBER: _ClassVar[int]
    RED_SOFTMAX_LOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    RED_ACCURACY_PARAM_FIELD_NUMBER: _ClassVar[int]
    SELECT_SEG_BINARY_PARAM_FIELD_NUMBER: _ClassVar[int]
    WINDOW_CLS_DATA_PARAM_FIELD_NUMBER: _ClassVar[int]
    IMAGE_LABEL_DATA_PARAM_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_LOG_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_LOG_IN_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_LOG_OUT_FIELD_NUMBER: _ClassVar[int]
    IMAGE_LABEL_TRANSFORM_PARAM_FIELD_NUMBER: _ClassVar[int]
    ROI_WARPING_PARAM_FIELD_NUMBER: _ClassVar[int]
    MASK_RESIZE_PARAM_FIELD_NUMBER: _ClassVar[int]
    CPMDATA_PARAM_FIELD_NUMBER: _ClassVar[int]
    CPM_TRANSFORM_PARAM_FIELD_NUMBER: _ClassVar[int]
    RANDVEC_PARAM_FIELD_NUMBER: _ClassVar[int]
    RENDER_PARAM_FIELD_NUMBER: _ClassVar[int]
    DOC_DATA_PARAM_FIELD_NUMBER: _ClassVar[int]
    IMAGE_TRANSFORM_PARAM_FIELD_NUMBER: _ClassVar[int]
    name: str
    type: str
    bottom: _containers.RepeatedScalarFieldContainer[str]
    top: _containers.RepeatedScalarFieldContainer[str]
    phase: Phase
    loss_weight: _containers.RepeatedScalarFieldContainer[float]
    param: _containers.RepeatedCompositeFieldContainer[ParamSpec]
    blobs: _containers.RepeatedCompositeFieldContainer[BlobProto]
    propagate_down: _containers.RepeatedScalarFieldContainer[bool]
    include: _containers.RepeatedCompositeFieldContainer[NetStateRule]
    exclude: _containers.RepeatedCompositeFieldContainer[NetStateRule]
    transform_param: TransformationParameter
    loss_param: LossParameter
    accuracy_param: AccuracyParameter
    argmax_param: ArgMaxParameter
    batch_norm_param: BatchNormParameter
    bias_param: BiasParameter
    clip_param: ClipParameter
    concat_param: ConcatParameter
    contrastive_loss_param: ContrastiveLossParameter
    convolution_param: ConvolutionParameter
    crop_param: CropParameter
    data_param: DataParameter
    dropout_param: DropoutParameter
    dummy_data_param: DummyDataParameter
    eltwise_param: EltwiseParameter
    elu_param: ELUParameter
    embed_param: EmbedParameter
    exp_param: ExpParameter
    flatten_param: FlattenParameter
    hdf5_data_param: HDF5DataParameter
    hdf5_output_param: HDF5OutputParameter
    hinge_loss_param: HingeLossParameter
    image_data_param: ImageDataParameter
    infogain_loss_param: InfogainLossParameter
    inner_product_param: InnerProductParameter
    input_param: InputParameter
    log_param: LogParameter
    lrn_param: LRNParameter
    memory_data_param: MemoryDataParameter
    mvn_param: MVNParameter
    parameter_param: ParameterParameter
    pooling_param: PoolingParameter
    power_param: PowerParameter
    prelu_param: PReLUParameter
    python_param: PythonParameter
    recurrent_param: RecurrentParameter
    reduction_param: ReductionParameter
    relu_param: ReLUParameter
    reshape_param: ReshapeParameter
    scale_param: ScaleParameter
    sigmoid_param: SigmoidParameter
    softmax_param: SoftmaxParameter
    spp_param: SPPParameter
    slice_param: SliceParameter
    swish_param: SwishParameter
    tanh_param: TanHParameter
    threshold_param: ThresholdParameter
    tile_param: TileParameter
    window_data_param: WindowDataParameter
    annotated_data_param: AnnotatedDataParameter
    multibox_loss_param: MultiBoxLossParameter
    permute_param: PermuteParameter
    prior_box_param: PriorBoxParameter
    detection_output_param: DetectionOutputParameter
    detection_evaluate_param: DetectionEvaluateParameter
    norm_param: NormalizeParameter
    relu6_param: ReLUParameter
    yolo_detection_output_param: YoloDetectionOutputParameter
    yolov3_detection_output_param: Yolov3DetectionOutputParameter
    roi_pooling_param: ROIPoolingParameter
    smooth_l1_loss_param: SmoothL1LossParameter
    engine: str
    forward_type: Type
    backward_type: Type
    forward_math: Type
    backward_math: Type
    bn_param: BNParameter
    box_annotator_ohem_param: BoxAnnotatorOHEMParameter
    center_loss_param: CenterLossParameter
    correlation_param: CorrelationParameter
    dense_image_data_param: DenseImageDataParameter
    flow_warp_param: FlowWarpParameter
    imresize_param: ImResizeParameter
    interp_param: InterpParameter
    l1_loss_param: L1LossParameter
    nms_param: NmsParameter
    proposal_param: ProposalParameter
    psroi_pooling_param: PSROIPoolingParameter
    region_param: RegionParameter
    reorg_param: ReorgParameter
    resample_param: ResampleParameter
    reverse_param: ReverseParameter
    roi_align_param: ROIAlignParameter
    shuffle_channel_param: ShuffleChannelParameter
    transpose_param: TransposeParameter
    upsample_param: UpsampleParameter
    layer_norm_param: LayerNormParameter
    instance_norm_param: InstanceNormParameter
    group_norm_param: GroupNormParameter
    source_line: int
    margin_inner_product_param: MarginInnerProductParameter
    largemargin_inner_product_param: LargeMarginInnerProductParameter
    quantization_param: QuantizationParameter
    seg_data_param: SegDataParameter
    video_data_param: VideoDataParameter
    batch_reduction_param: BatchReductionParameter
    adaptive_bias_channel_param: AdaptiveBiasChannelParameter
    bias_channel_param: BiasChannelParameter
    dense_crf_param: DenseCRFParameter
    domain_transform_param: DomainTransformParameter
    mat_read_param: MatReadParameter
    mat_write_param: MatWriteParameter
    seg_accuracy_param: SegAccuracyParameter
    unique_label_param: UniqueLabelParameter
    mil_data_param: MILDataParameter
    mil_param: MILParameter
    bbox_reg_param: BBoxRegParameter
    detection_data_param: DetectionDataParameter
    eval_data_param: EvalDataParameter
    hard_mining_param: HardMiningParameter
    scale_route_param: ScaleRouteParameter
    decode_bbox_param: DecodeBBoxParameter
    detection_group_loss_param: DetectionGroupLossParameter
    detection_group_accuracy_param: DetectionGroupAccuracyParameter
    box_group_output_param: BoxGroupOutputParameter
    proposal_target_param: ProposalTargetParameter
    frcnn_output_param: FrcnnOutputParameter
    lstm_param: LSTMParameter
    ctc_param: CTCParameter
    convolution3d_param: Convolution3DParameter
    pooling3d_param: Pooling3DParameter
    connectivity_mode: LayerParameter.ConnectivityMode
    debug: bool
    cudnn_math_override: int
    trt_param: TRTParameter
    detectnet_groundtruth_param: DetectNetGroundTruthParameter
    detectnet_augmentation_param: DetectNetAugmentationParameter
    split_param: SplitParameter
    spatial_dropout_param: SpatialDropoutParameter
    multinode: MultinodeLayerParameter
    mn_activation_param: MnActivationParameter
    mn_grad_compress_param: MnParamGradCompressParameter
    region_loss_param: RegionLossParameter
    eval_detection_param: EvalDetectionParameter
    yolov3_param: Yolov3Parameter
    yolo_seg_param: YoloSegParameter
    segmentation_evaluate_param: SegmentationEvaluateParameter
    detection_loss_param: DetectionLossParameter
    focal_loss_param: FocalLossParameter
    selu_param: SeLuParameter
    selu_dropout_param: SeLuDropoutParameter
    ctc_loss_param: CtcLossParameter
    continuation_indicator_param: ContinuationIndicatorParameter
    labelsequence_accuracy_param: LabelsequenceAccuracyParameter
    dice_coef_loss_param: DiceCoefLossParameter
    roi_mask_pooling_param: ROIMaskPoolingParameter
    module_param: ModuleParameter
    prior_rbox_param: PriorRBoxParameter
    rdetection_output_param: RDetectionOutputParameter
    rdetection_evaluate_param: RDetectionEvaluateParameter
    multirbox_loss_param: MultiRBoxLossParameter
    annotated_r_data_param: AnnotatedRDataParameter
    deformable_psroi_pooling_param: DeformablePSROIPoolingParameter
    deformable_convolution_param: DeformableConvolutionParameter
    psroi_align_param: PSROIAlignParameter
    coeff_schedule_param: CoeffScheduleParameter
    augmentation_param: AugmentationParameter
    writer_param: WriterParameter
    reader_param: ReaderParameter
    mean_param: MeanParameter
    downsample_param: DownsampleParameter
    lpq_loss_param: LpqLossParameter
    accum_param: AccumParameter
    black_augmentation_param: BlackAugmentationParameter
    reshape_every_iter: bool
    bottom_data_type: DataType
    compute_data_type: DataType
    top_data_type: DataType
    bottom_quantizer: _containers.RepeatedCompositeFieldContainer[QuantizerParameter]
    top_quantizer: _containers.RepeatedCompositeFieldContainer[QuantizerParameter]
    net_quantizer: QuantizerParameter
    blobs_quantizer: _containers.RepeatedCompositeFieldContainer[QuantizerParameter]
    autotune: Autotune
    device: int
    bottom_shared_index: _containers.RepeatedScalarFieldContainer[int]
    top_shared_index: _containers.RepeatedScalarFieldContainer[int]
    mergecrop_param: MergeCropParameter
    affinity_param: AffinityParameter
    moe_param: MOEParameter
    noise_param: NoiseParameter
    im2seq_param: Im2seqParameter
    img_size_param: ImgSizeParameter
    tiling_param: TilingParameter
    yolo_eval_detection_param: YoloEvalDetectionParameter
    fixed_param: FixedParameter
    deephi_resize_param: DeephiResizeParameter
    gs_tiling_param: GSTilingParameter
    densebox_map_evaluation_param: DenseboxMapEvaluationParameter
    reshape_label_param: ReshapeLabelParameter
    drive_data_param: DriveDataParameter
    resize_param: SegResizeParameter
    knowledge_distillation_param: KnowledgeDistillationParameter
    st_param: SpatialTransformerParameter
    st_loss_param: STLossParameter
    rpn_param: RPNParameter
    asdn_data_param: AsdnDataParameter
    mtcnn_data_param: MTCNNDataParameter
    label_specific_add_param: LabelSpecificAddParameter
    additive_margin_inner_product_param: AdditiveMarginInnerProductParameter
    cosin_add_m_param: CosinAddmParameter
    cosin_mul_m_param: CosinMulmParameter
    channel_scale_param: ChannelScaleParameter
    flip_param: FlipParameter
    triplet_loss_param: TripletLossParameter
    coupled_cluster_loss_param: CoupledClusterLossParameter
    general_triplet_loss_param: GeneralTripletParameter
    matmul_param: MatMulParameter
    pass_through_param: PassThroughParameter
    DepthwiseConvolution_param: DepthwiseConvolutionParameter
    accuracy_heatmap_param: AccuracyHeatmapParameter
    blobs_lr: _containers.RepeatedScalarFieldContainer[float]
    box_output_param: BoxOutputParameter
    censor_label_param: CensorLabelParameter
    channel_aggregator_param: ChannelAggregatorParameter
    cudnn_batch_norm_param: CuDNNBatchNormParameter
    detection_accuracy_param: DetectionAccuracyParameter
    display: bool
    dominant_channel_param: DominantChannelParameter
    down_sampling_param: DownSamplingParameter
    dropin_param: DropinParameter
    eltwise_affine_param: EltwiseAffineParameter
    euclidean_loss_param: EuclideanLossParameter
    gain_channel_param: GainChannelParameter
    heatmap_data_param: HeatmapDataParameter
    histogram_param: HistogramParameter
    ignore_overlay_param: IgnoreOverlayParameter
    image_gt_data_param: ImageGtDataParameter
    onehot_param: OneHotParameter
    padding_param: PaddingParameter
    pose_data_param: PoseDataParameter
    precision_param: PrecisionParameter
    prediction_heatmap_param: PredictionHeatmapParameter
    resize1_param: Resize1_Parameter
    softmax_with_loss_vec_param: SoftmaxWithLossVecParameter
    softmaxloss_param: SoftmaxLossParameter
    sparsify_param: SparsifyParameter
    strict_dim: bool
    symmetric_rectify_param: SymmetricRectifyParameter
    user_defined_layer: bool
    visualise: bool
    visualise_channel: int
    weight_decay: _containers.RepeatedScalarFieldContainer[float]
    xcustom_param: XCustomParameter
    channel_shuffle_param: ChannelShuffleParameter
    crop_center_param: CropCenterParameter
    inner_distance_param: InnerDistanceParameter
    insanity_param: InsanityParameter
    label_specific_rescale_param: LabelSpecificRescaleParameter
    multi_stage_meanfield_param: MultiStageMeanfieldParameter
    rand_vec_param: RandVecParameter
    unpooling_param: UnpoolingParameter
    normalize_param: NormFaceParameter
    local_param: LocalParameter
    sub_region_param: SubRegionParameter
    hotspot_param: HotspotParameter
    predict_box_param: PredictBoxParameter
    fcn_data_param: FCNDataParameter
    general_contrastive_loss_param: GeneralContrastiveParameter
    soft_contrastive_loss_param: SoftContrastiveParameter
    soft_truncation_param: SoftTruncationParameter
    pairwise_param: PairwiseParameter
    smoothl1_param: SmoothL1Parameter
    batch_contrastive_loss_param: BatchContrastiveParameter
    truncation_param: TruncationParameter
    nca_param: NCAParameter
    infimum_loss_param: InfimumLossParamter
    ordinal_regression_loss_param: OrdinalRegressionParameter
    feature_decay_loss_param: FeatureDecayLossParameter
    confidence_penalty_loss_param: ConfidencePenaltyLossParameter
    label_specific_margin_param: LabelSpecificMarginParameter
    label_specific_affine_param: LabelSpecificAffineParameter
    label_specific_hard_margin_param: LabelSpecificHardMarginParameter
    binary_accuracy_param: BinaryAccuracyParameter
    eltwise_accuracy_param: EltwiseAccuracyParameter
    red_softmax_loss_param: RedSoftmaxWithLossParameter
    red_accuracy_param: RedAccuracyParameter
    select_seg_binary_param: SelectSegBinaryParameter
    window_cls_data_param: WindowClsDataParameter
    image_label_data_param: ImageLabelDataParameter
    snapshot_log_weights: bool
    snapshot_log_in: bool
    snapshot_log_out: bool
    image_label_transform_param: ImageLabelTransformationParameter
    roi_warping_param: ROIWarpingParameter
    mask_resize_param: MaskResizeParameter
    cpmdata_param: CPMDataParameter
    cpm_transform_param: CPMTransformationParameter
    randvec_param: RandvecParameter
    render_param: RenderParameter
    doc_data_param: DocDataParameter
    image_transform_param: ImageTransformationParameter
    def __init__(self, name: _Optional[str] = ..., type: _Optional[str] = ..., bottom: _Optional[_Iterable[str]] = ..., top: _Optional[_Iterable[str]] = ..., phase: _Optional[_Union[Phase, str]] = ..., loss_weight: _Optional[_Iterable[float]] = ..., param: _Optional[_Iterable[_Union[ParamSpec, _Mapping]]] = ..., blobs: _Optional[_Iterable[_Union[BlobProto, _Mapping]]] = ..., propagate_down: _Optional[_Iterable[bool]] = ..., include: _Optional[_Iterable[_Union[NetStateRule, _Mapping]]] = ..., exclude: _Optional[_Iterable[_Union[NetStateRule, _Mapping]]] = ..., transform_param: _Optional[_Union[TransformationParameter, _Mapping]] = ..., loss_param: _Optional[_Union[LossParameter, _Mapping]] = ..., accuracy_param: _Optional[_Union[AccuracyParameter, _Mapping]] = ..., argmax_param: _Optional[_Union[ArgMaxParameter, _Mapping]] = ..., batch_norm_param: _Optional[_Union[BatchNormParameter, _Mapping]] = ..., bias_param: _Optional[_Union[BiasParameter, _Mapping]] = ..., clip_param: _Optional[_Union[ClipParameter, _Mapping]] = ..., concat_param: _Optional[_Union[ConcatParameter, _Mapping]] = ..., contrastive_loss_param: _Optional[_Union[ContrastiveLossParameter, _Mapping]] = ..., convolution_param: _Optional[_Union[ConvolutionParameter, _Mapping]] = ..., crop_param: _Optional[_Union[CropParameter, _Mapping]] = ..., data_param: _Optional[_Union[DataParameter, _Mapping]] = ..., dropout_param: _Optional[_Union[DropoutParameter, _Mapping]] = ..., dummy_data_param: _Optional[_Union[DummyDataParameter, _Mapping]] = ..., eltwise_param: _Optional[_Union[EltwiseParameter, _Mapping]] = ..., elu_param: _Optional[_Union[ELUParameter, _Mapping]] = ..., embed_param: _Optional[_Union[EmbedParameter, _Mapping]] = ..., exp_param: _Optional[_Union[ExpParameter, _Mapping]] = ..., flatten_param: _Optional[_Union[FlattenParameter, _Mapping]] = ..., hdf5_data_param: _Optional[_Union[HDF5DataParameter, _Mapping]] = ..., hdf5_output_param: _Optional[_Union[HDF5OutputParameter, _Mapping]] = ..., hinge_loss_param: _Optional[_Union[HingeLossParameter, _Mapping]] = ..., image_data_param: _Optional[_Union[ImageDataParameter, _Mapping]] = ..., infogain_loss_param: _Optional[_Union[InfogainLossParameter, _Mapping]] = ..., inner_product_param: _Optional[_Union[InnerProductParameter, _Mapping]] = ..., input_param: _Optional[_Union[InputParameter, _Mapping]] = ..., log_param: _Optional[_Union[LogParameter, _Mapping]] = ..., lrn_param: _Optional[_Union[LRNParameter, _Mapping]] = ..., memory_data_param: _Optional[_Union[MemoryDataParameter, _Mapping]] = ..., mvn_param: _Optional[_Union[MVNParameter, _Mapping]] = ..., parameter_param: _Optional[_Union[ParameterParameter, _Mapping]] = ..., pooling_param: _Optional[_Union[PoolingParameter, _Mapping]] = ..., power_param: _Optional[_Union[PowerParameter, _Mapping]] = ..., prelu_param: _Optional[_Union[PReLUParameter, _Mapping]] = ..., python_param: _Optional[_Union[PythonParameter, _Mapping]] = ..., recurrent_param: _Optional[_Union[RecurrentParameter, _Mapping]] = ..., reduction_param: _Optional[_Union[ReductionParameter, _Mapping]] = ..., relu_param: _Optional[_Union[ReLUParameter, _Mapping]] = ..., reshape_param: _Optional[_Union[ReshapeParameter, _Mapping]] = ..., scale_param: _Optional[_Union[ScaleParameter, _Mapping]] = ..., sigmoid_param: _Optional[_Union[SigmoidParameter, _Mapping]] = ..., softmax_param: _Optional[_Union[SoftmaxParameter, _Mapping]] = ..., spp_param: _Optional[_Union[SPPParameter, _Mapping]] = ..., slice_param: _Optional[_Union[SliceParameter, _Mapping]] = ..., swish_param: _Optional[_Union[SwishParameter, _Mapping]] = ..., tanh_param: _Optional[_Union[TanHParameter, _Mapping]] = ..., threshold_param: _Optional[_Union[ThresholdParameter, _Mapping]] = ..., tile_param: _Optional[_Union[TileParameter, _Mapping]] = ..., window_data_param: _Optional[_Union[WindowDataParameter, _Mapping]] = ..., annotated_data_param: _Optional[_Union[AnnotatedDataParameter, _Mapping]] = ..., multibox_loss_param: _Optional[_Union[MultiBoxLossParameter, _Mapping]] = ..., permute_param: _Optional[_Union[PermuteParameter, _Mapping]] = ..., prior_box_param: _Optional[_Union[PriorBoxParameter, _Mapping]] = ..., detection_output_param: _Optional[_Union[DetectionOutputParameter, _Mapping]] = ..., detection_evaluate_param: _Optional[_Union[DetectionEvaluateParameter, _Mapping]] = ..., norm_param: _Optional[_Union[NormalizeParameter, _Mapping]] = ..., relu6_param: _Optional[_Union[ReLUParameter, _Mapping]] = ..., yolo_detection_output_param: _Optional[_Union[YoloDetectionOutputParameter, _Mapping]] = ..., yolov3_detection_output_param: _Optional[_Union[Yolov3DetectionOutputParameter, _Mapping]] = ..., roi_pooling_param: _Optional[_Union[ROIPoolingParameter, _Mapping]] = ..., smooth_l1_loss_param: _Optional[_Union[SmoothL1LossParameter, _Mapping]] = ..., engine: _Optional[str] = ..., forward_type: _Optional[_Union[Type, str]] = ..., backward_type: _Optional[_Union[Type, str]] = ..., forward_math: _Optional[_Union[Type, str]] = ..., backward_math: _Optional[_Union[Type, str]] = ..., bn_param: _Optional[_Union[BNParameter, _Mapping]] = ..., box_annotator_ohem_param: _Optional[_Union[BoxAnnotatorOHEMParameter, _Mapping]] = ..., center_loss_param: _Optional[_Union[CenterLossParameter, _Mapping]] = ..., correlation_param: _Optional[_Union[CorrelationParameter, _Mapping]] = ..., dense_image_data_param: _Optional[_Union[DenseImageDataParameter, _Mapping]] = ..., flow_warp_param: _Optional[_Union[FlowWarpParameter, _Mapping]] = ..., imresize_param: _Optional[_Union[ImResizeParameter, _Mapping]] = ..., interp_param: _Optional[_Union[InterpParameter, _Mapping]] = ..., l1_loss_param: _Optional[_Union[L1LossParameter, _Mapping]] = ..., nms_param: _Optional[_Union[NmsParameter, _Mapping]] = ..., proposal_param: _Optional[_Union[ProposalParameter, _Mapping]] = ..., psroi_pooling_param: _Optional[_Union[PSROIPoolingParameter, _Mapping]] = ..., region_param: _Optional[_Union[RegionParameter, _Mapping]] = ..., reorg_param: _Optional[_Union[ReorgParameter, _Mapping]] = ..., resample_param: _Optional[_Union[ResampleParameter, _Mapping]] = ..., reverse_param: _Optional[_Union[ReverseParameter, _Mapping]] = ..., roi_align_param: _Optional[_Union[ROIAlignParameter, _Mapping]] = ..., shuffle_channel_param: _Optional[_Union[ShuffleChannelParameter, _Mapping]] = ..., transpose_param: _Optional[_Union[TransposeParameter, _Mapping]] = ..., upsample_param: _Optional[_Union[UpsampleParameter, _Mapping]] = ..., layer_norm_param: _Optional[_Union[LayerNormParameter, _Mapping]] = ..., instance_norm_param: _Optional[_Union[InstanceNormParameter, _Mapping]] = ..., group_norm_param: _Optional[_Union[GroupNormParameter, _Mapping]] = ..., source_line: _Optional[int] = ..., margin_inner_product_param: _Optional[_Union[MarginInnerProductParameter, _Mapping]] = ..., largemargin_inner_product_param: _Optional[_Union[LargeMarginInnerProductParameter, _Mapping]] = ..., quantization_param: _Optional[_Union[QuantizationParameter, _Mapping]] = ..., seg_data_param: _Optional[_Union[SegDataParameter, _Mapping]] = ..., video_data_param: _Optional[_Union[VideoDataParameter, _Mapping]] = ..., batch_reduction_param: _Optional[_Union[BatchReductionParameter, _Mapping]] = ..., adaptive_bias_channel_param: _Optional[_Union[AdaptiveBiasChannelParameter, _Mapping]] = ..., bias_channel_param: _Optional[_Union[BiasChannelParameter, _Mapping]] = ..., dense_crf_param: _Optional[_Union[DenseCRFParameter, _Mapping]] = ..., domain_transform_param: _Optional[_Union[DomainTransformParameter, _Mapping]] = ..., mat_read_param: _Optional[_Union[MatReadParameter, _Mapping]] = ..., mat_write_param: _Optional[_Union[MatWriteParameter, _Mapping]] = ..., seg_accuracy_param: _Optional[_Union[SegAccuracyParameter, _Mapping]] = ..., unique_label_param: _Optional[_Union[UniqueLabelParameter, _Mapping]] = ..., mil_data_param: _Optional[_Union[MILDataParameter, _Mapping]] = ..., mil_param: _Optional[_Union[MILParameter, _Mapping]] = ..., bbox_reg_param: _Optional[_Union[BBoxRegParameter, _Mapping]] = ..., detection_data_param: _Optional[_Union[DetectionDataParameter, _Mapping]] = ..., eval_data_param: _Optional[_Union[EvalDataParameter, _Mapping]] = ..., hard_mining_param: _Optional[_Union[HardMiningParameter, _Mapping]] = ..., scale_route_param: _Optional[_Union[ScaleRouteParameter, _Mapping]] = ..., decode_bbox_param: _Optional[_Union[DecodeBBoxParameter, _Mapping]] = ..., detection_group_loss_param: _Optional[_Union[DetectionGroupLossParameter, _Mapping]] = ..., detection_group_accuracy_param: _Optional[_Union[DetectionGroupAccuracyParameter, _Mapping]] = ..., box_group_output_param: _Optional[_Union[BoxGroupOutputParameter, _Mapping]] = ..., proposal_target_param: _Optional[_Union[ProposalTargetParameter, _Mapping]] = ..., frcnn_output_param: _Optional[_Union[FrcnnOutputParameter, _Mapping]] = ..., lstm_param: _Optional[_Union[LSTMParameter, _Mapping]] = ..., ctc_param: _Optional[_Union[CTCParameter, _Mapping]] = ..., convolution3d_param: _Optional[_Union[Convolution3DParameter, _Mapping]] = ..., pooling3d_param: _Optional[_Union[Pooling3DParameter, _Mapping]] = ..., connectivity_mode: _Optional[_Union[LayerParameter.ConnectivityMode, str]] = ..., debug: _Optional[bool] = ..., cudnn_math_override: _Optional[int] = ..., trt_param: _Optional[_Union[TRTParameter, _Mapping]] = ..., detectnet_groundtruth_param: _Optional[_Union[DetectNetGroundTruthParameter, _Mapping]] = ..., detectnet_augmentation_param: _Optional[_Union[DetectNetAugmentationParameter, _Mapping]] = ..., split_param: _Optional[_Union[SplitParameter, _Mapping]] = ..., spatial_dropout_param: _Optional[_Union[SpatialDropoutParameter, _Mapping]] = ..., multinode: _Optional[_Union[MultinodeLayerParameter, _Mapping]] = ..., mn_activation_param: _Optional[_Union[MnActivationParameter, _Mapping]] = ..., mn_grad_compress_param: _Optional[_Union[MnParamGradCompressParameter, _Mapping]] = ..., region_loss_param: _Optional[_Union[RegionLossParameter, _Mapping]] = ..., eval_detection_param: _Optional[_Union[EvalDetectionParameter, _Mapping]] = ..., yolov3_param: _Optional[_Union[Yolov3Parameter, _Mapping]] = ..., yolo_seg_param: _Optional[_Union[YoloSegParameter, _Mapping]] = ..., segmentation_evaluate_param: _Optional[_Union[SegmentationEvaluateParameter, _Mapping]] = ..., detection_loss_param: _Optional[_Union[DetectionLossParameter, _Mapping]] = ..., focal_loss_param: _Optional[_Union[FocalLossParameter, _Mapping]] = ..., selu_param: _Optional[_Union[SeLuParameter, _Mapping]] = ..., selu_dropout_param: _Optional[_Union[SeLuDropoutParameter, _Mapping]] = ..., ctc_loss_param: _Optional[_Union[CtcLossParameter, _Mapping]] = ..., continuation_indicator_param: _Optional[_Union[ContinuationIndicatorParameter, _Mapping]] = ..., labelsequence_accuracy_param: _Optional[_Union[LabelsequenceAccuracyParameter, _Mapping]] = ..., dice_coef_loss_param: _Optional[_Union[DiceCoefLossParameter, _Mapping]] = ..., roi_mask_pooling_param: _Optional[_Union[ROIMaskPoolingParameter, _Mapping]] = ..., module_param: _Optional[_Union[ModuleParameter, _Mapping]] = ..., prior_rbox_param: _Optional[_Union[PriorRBoxParameter, _Mapping]] = ..., rdetection_output_param: _Optional[_Union[RDetectionOutputParameter, _Mapping]] = ..., rdetection_evaluate_param: _Optional[_Union[RDetectionEvaluateParameter, _Mapping]] = ..., multirbox_loss_param: _Optional[_Union[MultiRBoxLossParameter, _Mapping]] = ..., annotated_r_data_param: _Optional[_Union[AnnotatedRDataParameter, _Mapping]] = ..., deformable_psroi_pooling_param: _Optional[_Union[DeformablePSROIPoolingParameter, _Mapping]] = ..., deformable_convolution_param: _Optional[_Union[DeformableConvolutionParameter, _Mapping]] = ..., psroi_align_param: _Optional[_Union[PSROIAlignParameter, _Mapping]] = ..., coeff_schedule_param: _Optional[_Union[CoeffScheduleParameter, _Mapping]] = ..., augmentation_param: _Optional[_Union[AugmentationParameter, _Mapping]] = ..., writer_param: _Optional[_Union[WriterParameter, _Mapping]] = ..., reader_param: _Optional[_Union[ReaderParameter, _Mapping]] = ..., mean_param: _Optional[_Union[MeanParameter, _Mapping]] = ..., downsample_param: _Optional[_Union[DownsampleParameter, _Mapping]] = ..., lpq_loss_param: _Optional[_Union[LpqLossParameter, _Mapping]] = ..., accum_param: _Optional[_Union[AccumParameter, _Mapping]] = ..., black_augmentation_param: _Optional[_Union[BlackAugmentationParameter, _Mapping]] = ..., reshape_every_iter: _Optional[bool] = ..., bottom_data_type: _Optional[_Union[DataType, str]] = ..., compute_data_type: _Optional[_Union[DataType, str]] = ..., top_data_type: _Optional[_Union[DataType, str]] = ..., bottom_quantizer: _Optional[_Iterable[_Union[QuantizerParameter, _Mapping]]] = ..., top_quantizer: _Optional[_Iterable[_Union[QuantizerParameter, _Mapping]]] = ..., net_quantizer: _Optional[_Union[QuantizerParameter, _Mapping]] = ..., blobs_quantizer: _Optional[_Iterable[_Union[QuantizerParameter, _Mapping]]] = ..., autotune: _Optional[_Union[Autotune, str]] = ..., device: _Optional[int] = ..., bottom_shared_index: _Optional[_Iterable[int]] = ..., top_shared_index: _Optional[_Iterable[int]] = ..., mergecrop_param: _Optional[_Union[MergeCropParameter, _Mapping]] = ..., affinity_param: _Optional[_Union[AffinityParameter, _Mapping]] = ..., moe_param: _Optional[_Union[MOEParameter, _Mapping]] = ..., noise_param: _Optional[_Union[NoiseParameter, _Mapping]] = ..., im2seq_param: _Optional[_Union[Im2seqParameter, _Mapping]] = ..., img_size_param: _Optional[_Union[ImgSizeParameter, _Mapping]] = ..., tiling_param: _Optional[_Union[TilingParameter, _Mapping]] = ..., yolo_eval_detection_param: _Optional[_Union[YoloEvalDetectionParameter, _Mapping]] = ..., fixed_param: _Optional[_Union[FixedParameter, _Mapping]] = ..., deephi_resize_param: _Optional[_Union[DeephiResizeParameter, _Mapping]] = ..., gs_tiling_param: _Optional[_Union[GSTilingParameter, _Mapping]] = ..., densebox_map_evaluation_param: _Optional[_Union[DenseboxMapEvaluationParameter, _Mapping]] = ..., reshape_label_param: _Optional[_Union[ReshapeLabelParameter, _Mapping]] = ..., drive_data_param: _Optional[_Union[DriveDataParameter, _Mapping]] = ..., resize_param: _Optional[_Union[SegResizeParameter, _Mapping]] = ..., knowledge_distillation_param: _Optional[_Union[KnowledgeDistillationParameter, _Mapping]] = ..., st_param: _Optional[_Union[SpatialTransformerParameter, _Mapping]] = ..., st_loss_param: _Optional[_Union[STLossParameter, _Mapping]] = ..., rpn_param: _Optional[_Union[RPNParameter, _Mapping]] = ..., asdn_data_param: _Optional[_Union[AsdnDataParameter, _Mapping]] = ..., mtcnn_data_param: _Optional[_Union[MTCNNDataParameter, _Mapping]] = ..., label_specific_add_param: _Optional[_Union[LabelSpecificAddParameter, _Mapping]] = ..., additive_margin_inner_product_param: _Optional[_Union[AdditiveMarginInnerProductParameter, _Mapping]] = ..., cosin_add_m_param: _Optional[_Union[CosinAddmParameter, _Mapping]] = ..., cosin_mul_m_param: _Optional[_Union[CosinMulmParameter, _Mapping]] = ..., channel_scale_param: _Optional[_Union[ChannelScaleParameter, _Mapping]] = ..., flip_param: _Optional[_Union[FlipParameter, _Mapping]] = ..., triplet_loss_param: _Optional[_Union[TripletLossParameter, _Mapping]] = ..., coupled_cluster_loss_param: _Optional[_Union[CoupledClusterLossParameter, _Mapping]] = ..., general_triplet_loss_param: _Optional[_Union[GeneralTripletParameter, _Mapping]] = ..., matmul_param: _Optional[_Union[MatMulParameter, _Mapping]] = ..., pass_through_param: _Optional[_Union[PassThroughParameter, _Mapping]] = ..., DepthwiseConvolution_param: _Optional[_Union[DepthwiseConvolutionParameter, _Mapping]] = ..., accuracy_heatmap_param: _Optional[_Union[AccuracyHeatmapParameter, _Mapping]] = ..., blobs_lr: _Optional[_Iterable[float]] = ..., box_output_param: _Optional[_Union[BoxOutputParameter, _Mapping]] = ..., censor_label_param: _Optional[_Union[CensorLabelParameter, _Mapping]] = ..., channel_aggregator_param: _Optional[_Union[ChannelAggregatorParameter, _Mapping]] = ..., cudnn_batch_norm_param: _Optional[_Union[CuDNNBatchNormParameter, _Mapping]] = ..., detection_accuracy_param: _Optional[_Union[DetectionAccuracyParameter, _Mapping]] = ..., display: _Optional[bool] = ..., dominant_channel_param: _Optional[_Union[DominantChannelParameter, _Mapping]] = ..., down_sampling_param: _Optional[_Union[DownSamplingParameter, _Mapping]] = ..., dropin_param: _Optional[_Union[DropinParameter, _Mapping]] = ..., eltwise_affine_param: _Optional[_Union[EltwiseAffineParameter, _Mapping]] = ..., euclidean_loss_param: _Optional[_Union[EuclideanLossParameter, _Mapping]] = ..., gain_channel_param: _Optional[_Union[GainChannelParameter, _Mapping]] = ..., heatmap_data_param: _Optional[_Union[HeatmapDataParameter, _Mapping]] = ..., histogram_param: _Optional[_Union[HistogramParameter, _Mapping]] = ..., ignore_overlay_param: _Optional[_Union[IgnoreOverlayParameter, _Mapping]] = ..., image_gt_data_param: _Optional[_Union[ImageGtDataParameter, _Mapping]] = ..., onehot_param: _Optional[_Union[OneHotParameter, _Mapping]] = ..., padding_param: _Optional[_Union[PaddingParameter, _Mapping]] = ..., pose_data_param: _Optional[_Union[PoseDataParameter, _Mapping]] = ..., precision_param: _Optional[_Union[PrecisionParameter, _Mapping]] = ..., prediction_heatmap_param: _Optional[_Union[PredictionHeatmapParameter, _Mapping]] = ..., resize1_param: _Optional[_Union[Resize1_Parameter, _Mapping]] = ..., softmax_with_loss_vec_param: _Optional[_Union[SoftmaxWithLossVecParameter, _Mapping]] = ..., softmaxloss_param: _Optional[_Union[SoftmaxLossParameter, _Mapping]] = ..., sparsify_param: _Optional[_Union[SparsifyParameter, _Mapping]] = ..., strict_dim: _Optional[bool] = ..., symmetric_rectify_param: _Optional[_Union[SymmetricRectifyParameter, _Mapping]] = ..., user_defined_layer: _Optional[bool] = ..., visualise: _Optional[bool] = ..., visualise_channel: _Optional[int] = ..., weight_decay: _Optional[_Iterable[float]] = ..., xcustom_param: _Optional[_Union[XCustomParameter, _Mapping]] = ..., channel_shuffle_param: _Optional[_Union[ChannelShuffleParameter, _Mapping]] = ..., crop_center_param: _Optional[_Union[CropCenterParameter, _Mapping]] = ..., inner_distance_param: _Optional[_Union[InnerDistanceParameter, _Mapping]] = ..., insanity_param: _Optional[_Union[InsanityParameter, _Mapping]] = ..., label_specific_rescale_param: _Optional[_Union[LabelSpecificRescaleParameter, _Mapping]] = ..., multi_stage_meanfield_param: _Optional[_Union[MultiStageMeanfieldParameter, _Mapping]] = ..., rand_vec_param: _Optional[_Union[RandVecParameter, _Mapping]] = ..., unpooling_param: _Optional[_Union[UnpoolingParameter, _Mapping]] = ..., normalize_param: _Optional[_Union[NormFaceParameter, _Mapping]] = ..., local_param: _Optional[_Union[LocalParameter, _Mapping]] = ..., sub_region_param: _Optional[_Union[SubRegionParameter, _Mapping]] = ..., hotspot_param: _Optional[_Union[HotspotParameter, _Mapping]] = ..., predict_box_param: _Optional[_Union[PredictBoxParameter, _Mapping]] = ..., fcn_data_param: _Optional[_Union[FCNDataParameter, _Mapping]] = ..., general_contrastive_loss_param: _Optional[_Union[GeneralContrastiveParameter, _Mapping]] = ..., soft_contrastive_loss_param: _Optional[_Union[SoftContrastiveParameter, _Mapping]] = ..., soft_truncation_param: _Optional[_Union[SoftTruncationParameter, _Mapping]] = ..., pairwise_param: _Optional[_Union[PairwiseParameter, _Mapping]] = ..., smoothl1_param: _Optional[_Union[SmoothL1Parameter, _Mapping]] = ..., batch_contrastive_loss_param: _Optional[_Union[BatchContrastiveParameter, _Mapping]] = ..., truncation_param: _Optional[_Union[TruncationParameter, _Mapping]] = ..., nca_param: _Optional[_Union[NCAParameter, _Mapping]] = ..., infimum_loss_param: _Optional[_Union[InfimumLossParamter, _Mapping]] = ..., ordinal_regression_loss_param: _Optional[_Union[OrdinalRegressionParameter, _Mapping]] = ..., feature_decay_loss_param: _Optional[_Union[FeatureDecayLossParameter, _Mapping]] = ..., confidence_penalty_loss_param: _Optional[_Union[ConfidencePenaltyLossParameter, _Mapping]] = ..., label_specific_margin_param: _Optional[_Union[LabelSpecificMarginParameter, _Mapping]] = ..., label_specific_affine_param: _Optional[_Union[LabelSpecificAffineParameter, _Mapping]] = ..., label_specific_hard_margin_param: _Optional[_Union[LabelSpecificHardMarginParameter, _Mapping]] = ..., binary_accuracy_param: _Optional[_Union[BinaryAccuracyParameter, _Mapping]] = ..., eltwise_accuracy_param: _Optional[_Union[EltwiseAccuracyParameter, _Mapping]] = ..., red_softmax_loss_param: _Optional[_Union[RedSoftmaxWithLossParameter, _Mapping]] = ..., red_accuracy_param: _Optional[_Union[RedAccuracyParameter, _Mapping]] = ..., select_seg_binary_param: _Optional[_Union[SelectSegBinaryParameter, _Mapping]] = ..., window_cls_data_param: _Optional[_Union[WindowClsDataParameter, _Mapping]] = ..., image_label_data_param: _Optional[_Union[ImageLabelDataParameter, _Mapping]] = ..., snapshot_log_weights: _Optional[bool] = ..., snapshot_log_in: _Optional[bool] = ..., snapshot_log_out: _Optional[bool] = ..., image_label_transform_param: _Optional[_Union[ImageLabelTransformationParameter, _Mapping]] = ..., roi_warping_param: _Optional[_Union[ROIWarpingParameter, _Mapping]] = ..., mask_resize_param: _Optional[_Union[MaskResizeParameter, _Mapping]] = ..., cpmdata_param: _Optional[_Union[CPMDataParameter, _Mapping]] = ..., cpm_transform_param: _Optional[_Union[CPMTransformationParameter, _Mapping]] = ..., randvec_param: _Optional[_Union[RandvecParameter, _Mapping]] = ..., render_param: _Optional[_Union[RenderParameter, _Mapping]] = ..., doc_data_param: _Optional[_Union[DocDataParameter, _Mapping]] = ..., image_transform_param: _Optional[_Union[ImageTransformationParameter, _Mapping]] = ...) -> None: ...

class TransformationParameter(_message.Message):
    __slots__ = ("scale", "mirror", "crop_size", "mean_file", "mean_value", "force_color", "force_gray", "resize_param", "noise_param", "emit_constraint", "crop_h", "crop_w", "distort_param", "expand_param", "std_value", "fix_crop", "more_fix_crop", "multi_scale", "scale_ratios", "max_distort", "is_flow", "original_image", "stride", "upper_size", "upper_height", "upper_width", "scale_factors", "crop_width", "crop_height", "img_rand_resize_lower", "img_rand_resize_upper", "rand_resize_ratio_lower", "rand_resize_ratio_upper", "vertical_stretch_lower", "vertical_stretch_upper", "horizontal_stretch_lower", "horizontal_stretch_upper", "interpolation_algo_down", "interpolation_algo_up", "allow_upscale", "forward_packing", "use_gpu_transform", "random_seed", "display", "num_labels", "random_resize_param", "random_aspect_ratio_param", "flow", "bgr2rgb", "pad", "enable_classf_aug", "min_scaling_factor", "max_scaling_factor", "max_rotation_angle", "contrast_brightness_adjustment", "smooth_filtering", "min_contrast", "max_contrast", "max_brightness_shift", "max_smooth", "max_color_shift", "min_side_min", "min_side_max", "min_side", "apply_probability", "debug_params", "cvt_bgr2rgb", "geometry_param", "rotate", "untransformed_top", "yolo_height", "yolo_width", "use_letterbox_resize", "center_crop", "erase_ratio", "scale_min", "scale_max", "aspect_min", "aspect_max", "var_sz_img_enabled", "scale_cvg", "max_cvg_len", "min_cvg_len", "opaque_coverage", "coverage", "flip_prob", "max_rotate_degree", "visualize", "crop_size_x", "crop_size_y", "scale_prob", "bbox_norm_factor", "img_header", "target_dist", "center_perterb_max", "sigma", "sigma_center", "clahe_tile_size", "clahe_clip_limit", "do_clahe", "num_parts", "num_total_augs", "aug_way", "gray", "np_in_lmdb", "transform_body_joint")
    class InterpolationAlgo(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        INTER_NEAREST: _ClassVar[TransformationParameter.InterpolationAlgo]
        INTER_LINEAR: _ClassVar[TransformationParameter.InterpolationAlgo]
        INTER_CUBIC: _ClassVar[TransformationParameter.InterpolationAlgo]
        INTER_AREA: _ClassVar[TransformationParameter.InterpolationAlgo]
    INTER_NEAREST: TransformationParameter.InterpolationAlgo
    INTER_LINEAR: TransformationParameter.InterpolationAlgo
    INTER_CUBIC: TransformationParameter.InterpolationAlgo
    INTER_AREA: TransformationParameter.InterpolationAlgo
    SCALE_FIELD_NUMBER: _ClassVar[int]
    MIRROR_FIELD_NUMBER: _ClassVar[int]
    CROP_SIZE_FIELD_NUMBER: _ClassVar[int]
    MEAN_FILE_FIELD_NUMBER: _ClassVar[int]
    MEAN_VALUE_FIELD_NUMBER: _ClassVar[int]
    FORCE_COLOR_FIELD_NUMBER: _ClassVar[int]
    FORCE_GRAY_FIELD_NUMBER: _ClassVar[int]
    RESIZE_PARAM_FIELD_NUMBER: _ClassVar[int]
    NOISE_PARAM_FIELD_NUMBER: _ClassVar[int]
    EMIT_CONSTRAINT_FIELD_NUMBER: _ClassVar[int]
    CROP_H_FIELD_NUMBER: _ClassVar[int]
    CROP_W_FIELD_NUMBER: _ClassVar[int]
    DISTORT_PARAM_FIELD_NUMBER: _ClassVar[int]
    EXPAND_PARAM_FIELD_NUMBER: _ClassVar[int]
    STD_VALUE_FIELD_NUMBER: _ClassVar[int]
    FIX_CROP_FIELD_NUMBER: _ClassVar[int]
    MORE_FIX_CROP_FIELD_NUMBER: _ClassVar[int]
    MULTI_SCALE_FIELD_NUMBER: _ClassVar[int]
    SCALE_RATIOS_FIELD_NUMBER: _ClassVar[int]
    MAX_DISTORT_FIELD_NUMBER: _ClassVar[int]
    IS_FLOW_FIELD_NUMBER: _ClassVar[int]
    ORIGINAL_IMAGE_FIELD_NUMBER: _ClassVar[int]
    STRIDE_FIELD_NUMBER: _ClassVar[int]
    UPPER_SIZE_FIELD_NUMBER: _ClassVar[int]
    UPPER_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    UPPER_WIDTH_FIELD_NUMBER: _ClassVar[int]
    SCALE_FACTORS_FIELD_NUMBER: _ClassVar[int]
    CROP_WIDTH_FIELD_NUMBER: _ClassVar[int]
    CROP_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    IMG_RAND_RESIZE_LOWER_FIELD_NUMBER: _ClassVar[int]
    IMG_RAND_RESIZE_UPPER_FIELD_NUMBER: _ClassVar[int]
    RAND_RESIZE_RATIO_LOWER_FIELD_NUMBER: _ClassVar[int]
    RAND_RESIZE_RATIO_UPPER_FIELD_NUMBER: _ClassVar[int]
    VERTICAL_STRETCH_LOWER_FIELD_NUMBER: _ClassVar[int]
    VERTICAL_STRETCH_UPPER_FIELD_NUMBER: _ClassVar[int]
    HORIZONTAL_STRETCH_LOWER_FIELD_NUMBER: _ClassVar[int]
    HORIZONTAL_STRETCH_UPPER_FIELD_NUMBER: _ClassVar[int]
    INTERPOLATION_ALGO_DOWN_FIELD_NUMBER: _ClassVar[int]
    INTERPOLATION_ALGO_UP_FIELD_NUMBER: _ClassVar[int]
    ALLOW_UPSCALE_FIELD_NUMBER: _ClassVar[int]
    FORWARD_PACKING_FIELD_NUMBER: _ClassVar[int]
    USE_GPU_TRANSFORM_FIELD_NUMBER: _ClassVar[int]
    RANDOM_SEED_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_FIELD_NUMBER: _ClassVar[int]
    NUM_LABELS_FIELD_NUMBER: _ClassVar[int]
    RANDOM_RESIZE_PARAM_FIELD_NUMBER: _ClassVar[int]
    RANDOM_ASPECT_RATIO_PARAM_FIELD_NUMBER: _ClassVar[int]
    FLOW_FIELD_NUMBER: _ClassVar[int]
    BGR2RGB_FIELD_NUMBER: _ClassVar[int]
    PAD_FIELD_NUMBER: _ClassVar[int]
    ENABLE_CLASSF_AUG_FIELD_NUMBER: _ClassVar[int]
    MIN_SCALING_FACTOR_FIELD_NUMBER: _ClassVar[int]
    MAX_SCALING_FACTOR_FIELD_NUMBER: _ClassVar[int]
    MAX_ROTATION_ANGLE_FIELD_NUMBER: _ClassVar[int]
    CONTRAST_BRIGHTNESS_ADJUSTMENT_FIELD_NUMBER: _ClassVar[int]
    SMOOTH_FILTERING_FIELD_NUMBER: _ClassVar[int]
    MIN_CONTRAST_FIELD_NUMBER: _ClassVar[int]
    MAX_CONTRAST_FIELD_NUMBER: _ClassVar[int]
    MAX_BRIGHTNESS_SHIFT_FIELD_NUMBER: _ClassVar[int]
    MAX_SMOOTH_FIELD_NUMBER: _ClassVar[int]
    MAX_COLOR_SHIFT_FIELD_NUMBER: _ClassVar[int]
    MIN_SIDE_MIN_FIELD_NUMBER: _ClassVar[int]
    MIN_SIDE_MAX_FIELD_NUMBER: _ClassVar[int]
    MIN_SIDE_FIELD_NUMBER: _ClassVar[int]
    APPLY_PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    DEBUG_PARAMS_FIELD_NUMBER: _ClassVar[int]
    CVT_BGR2RGB_FIELD_NUMBER: _ClassVar[int]
    GEOMETRY_PARAM_FIELD_NUMBER: _ClassVar[int]
    ROTATE_FIELD_NUMBER: _ClassVar[int]
    UNTRANSFORMED_TOP_FIELD_NUMBER: _ClassVar[int]
    YOLO_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    YOLO_WIDTH_FIELD_NUMBER: _ClassVar[int]
    USE_LETTERBOX_RESIZE_FIELD_NUMBER: _ClassVar[int]
    CENTER_CROP_FIELD_NUMBER: _ClassVar[int]
    ERASE_RATIO_FIELD_NUMBER: _ClassVar[int]
    SCALE_MIN_FIELD_NUMBER: _ClassVar[int]
    SCALE_MAX_FIELD_NUMBER: _ClassVar[int]
    ASPECT_MIN_FIELD_NUMBER: _ClassVar[int]
    ASPECT_MAX_FIELD_NUMBER: _ClassVar[int]
    VAR_SZ_IMG_ENABLED_FIELD_NUMBER: _ClassVar[int]
    SCALE_CVG_FIELD_NUMBER: _ClassVar[int]
    MAX_CVG_LEN_FIELD_NUMBER: _ClassVar[int]
    MIN_CVG_LEN_FIELD_NUMBER: _ClassVar[int]
    OPAQUE_COVERAGE_FIELD_NUMBER: _ClassVar[int]
    COVERAGE_FIELD_NUMBER: _ClassVar[int]
    FLIP_PROB_FIELD_NUMBER: _ClassVar[int]
    MAX_ROTATE_DEGREE_FIELD_NUMBER: _ClassVar[int]
    VISUALIZE_FIELD_NUMBER: _ClassVar[int]
    CROP_SIZE_X_FIELD_NUMBER: _ClassVar[int]
    CROP_SIZE_Y_FIELD_NUMBER: _ClassVar[int]
    SCALE_PROB_FIELD_NUMBER: _ClassVar[int]
    BBOX_NORM_FACTOR_FIELD_NUMBER: _ClassVar[int]
    IMG_HEADER_FIELD_NUMBER: _ClassVar[int]
    TARGET_DIST_FIELD_NUMBER: _ClassVar[int]
    CENTER_PERTERB_MAX_FIELD_NUMBER: _ClassVar[int]
    SIGMA_FIELD_NUMBER: _ClassVar[int]
    SIGMA_CENTER_FIELD_NUMBER: _ClassVar[int]
    CLAHE_TILE_SIZE_FIELD_NUMBER: _ClassVar[int]
    CLAHE_CLIP_LIMIT_FIELD_NUMBER: _ClassVar[int]
    DO_CLAHE_FIELD_NUMBER: _ClassVar[int]
    NUM_PARTS_FIELD_NUMBER: _ClassVar[int]
    NUM_TOTAL_AUGS_FIELD_NUMBER: _ClassVar[int]
    AUG_WAY_FIELD_NUMBER: _ClassVar[int]
    GRAY_FIELD_NUMBER: _ClassVar[int]
    NP_IN_LMDB_FIELD_NUMBER: _ClassVar[int]
    TRANSFORM_BODY_JOINT_FIELD_NUMBER: _ClassVar[int]
    scale: float
    mirror: bool
    crop_size: int
    mean_file: str
    mean_value: _containers.RepeatedScalarFieldContainer[float]
    force_color: bool
    force_gray: bool
    resize_param: _containers.RepeatedCompositeFieldContainer[ResizeParameter]
    noise_param: NoiseParameter
    emit_constraint: EmitConstraint
    crop_h: int
    crop_w: int
    distort_param: DistortionParameter
    expand_param: ExpansionParameter
    std_value: _containers.RepeatedScalarFieldContainer[float]
    fix_crop: bool
    more_fix_crop: bool
    multi_scale: bool
    scale_ratios: _containers.RepeatedScalarFieldContainer[float]
    max_distort: int
    is_flow: bool
    original_image: bool
    stride: int
    upper_size: int
    upper_height: int
    upper_width: int
    scale_factors: _containers.RepeatedScalarFieldContainer[float]
    crop_width: int
    crop_height: int
    img_rand_resize_lower: int
    img_rand_resize_upper: int
    rand_resize_ratio_lower: float
    rand_resize_ratio_upper: float
    vertical_stretch_lower: float
    vertical_stretch_upper: float
    horizontal_stretch_lower: float
    horizontal_stretch_upper: float
    interpolation_algo_down: TransformationParameter.InterpolationAlgo
    interpolation_algo_up: TransformationParameter.InterpolationAlgo
    allow_upscale: bool
    forward_packing: Packing
    use_gpu_transform: bool
    random_seed: int
    display: bool
    num_labels: int
    random_resize_param: RandomResizeParameter
    random_aspect_ratio_param: RandomAspectRatioParameter
    flow: bool
    bgr2rgb: bool
    pad: int
    enable_classf_aug: bool
    min_scaling_factor: float
    max_scaling_factor: float
    max_rotation_angle: int
    contrast_brightness_adjustment: bool
    smooth_filtering: bool
    min_contrast: float
    max_contrast: float
    max_brightness_shift: int
    max_smooth: float
    max_color_shift: int
    min_side_min: int
    min_side_max: int
    min_side: int
    apply_probability: float
    debug_params: bool
    cvt_bgr2rgb: bool
    geometry_param: GeometryParameter
    rotate: bool
    untransformed_top: bool
    yolo_height: int
    yolo_width: int
    use_letterbox_resize: bool
    center_crop: bool
    erase_ratio: float
    scale_min: float
    scale_max: float
    aspect_min: float
    aspect_max: float
    var_sz_img_enabled: bool
    scale_cvg: float
    max_cvg_len: int
    min_cvg_len: int
    opaque_coverage: bool
    coverage: str
    flip_prob: float
    max_rotate_degree: float
    visualize: bool
    crop_size_x: int
    crop_size_y: int
    scale_prob: float
    bbox_norm_factor: float
    img_header: str
    target_dist: float
    center_perterb_max: float
    sigma: float
    sigma_center: float
    clahe_tile_size: float
    clahe_clip_limit: float
    do_clahe: bool
    num_parts: int
    num_total_augs: int
    aug_way: str
    gray: int
    np_in_lmdb: int
    transform_body_joint: bool
    def __init__(self, scale: _Optional[float] = ..., mirror: _Optional[bool] = ..., crop_size: _Optional[int] = ..., mean_file: _Optional[str] = ..., mean_value: _Optional[_Iterable[float]] = ..., force_color: _Optional[bool] = ..., force_gray: _Optional[bool] = ..., resize_param: _Optional[_Iterable[_Union[ResizeParameter, _Mapping]]] = ..., noise_param: _Optional[_Union[NoiseParameter, _Mapping]] = ..., emit_constraint: _Optional[_Union[EmitConstraint, _Mapping]] = ..., crop_h: _Optional[int] = ..., crop_w: _Optional[int] = ..., distort_param: _Optional[_Union[DistortionParameter, _Mapping]] = ..., expand_param: _Optional[_Union[ExpansionParameter, _Mapping]] = ..., std_value: _Optional[_Iterable[float]] = ..., fix_crop: _Optional[bool] = ..., more_fix_crop: _Optional[bool] = ..., multi_scale: _Optional[bool] = ..., scale_ratios: _Optional[_Iterable[float]] = ..., max_distort: _Optional[int] = ..., is_flow: _Optional[bool] = ..., original_image: _Optional[bool] = ..., stride: _Optional[int] = ..., upper_size: _Optional[int] = ..., upper_height: _Optional[int] = ..., upper_width: _Optional[int] = ..., scale_factors: _Optional[_Iterable[float]] = ..., crop_width: _Optional[int] = ..., crop_height: _Optional[int] = ..., img_rand_resize_lower: _Optional[int] = ..., img_rand_resize_upper: _Optional[int] = ..., rand_resize_ratio_lower: _Optional[float] = ..., rand_resize_ratio_upper: _Optional[float] = ..., vertical_stretch_lower: _Optional[float] = ..., vertical_stretch_upper: _Optional[float] = ..., horizontal_stretch_lower: _Optional[float] = ..., horizontal_stretch_upper: _Optional[float] = ..., interpolation_algo_down: _Optional[_Union[TransformationParameter.InterpolationAlgo, str]] = ..., interpolation_algo_up: _Optional[_Union[TransformationParameter.InterpolationAlgo, str]] = ..., allow_upscale: _Optional[bool] = ..., forward_packing: _Optional[_Union[Packing, str]] = ..., use_gpu_transform: _Optional[bool] = ..., random_seed: _Optional[int] = ..., display: _Optional[bool] = ..., num_labels: _Optional[int] = ..., random_resize_param: _Optional[_Union[RandomResizeParameter, _Mapping]] = ..., random_aspect_ratio_param: _Optional[_Union[RandomAspectRatioParameter, _Mapping]] = ..., flow: _Optional[bool] = ..., bgr2rgb: _Optional[bool] = ..., pad: _Optional[int] = ..., enable_classf_aug: _Optional[bool] = ..., min_scaling_factor: _Optional[float] = ..., max_scaling_factor: _Optional[float] = ..., max_rotation_angle: _Optional[int] = ..., contrast_brightness_adjustment: _Optional[bool] = ..., smooth_filtering: _Optional[bool] = ..., min_contrast: _Optional[float] = ..., max_contrast: _Optional[float] = ..., max_brightness_shift: _Optional[int] = ..., max_smooth: _Optional[float] = ..., max_color_shift: _Optional[int] = ..., min_side_min: _Optional[int] = ..., min_side_max: _Optional[int] = ..., min_side: _Optional[int] = ..., apply_probability: _Optional[float] = ..., debug_params: _Optional[bool] = ..., cvt_bgr2rgb: _Optional[bool] = ..., geometry_param: _Optional[_Union[GeometryParameter, _Mapping]] = ..., rotate: _Optional[bool] = ..., untransformed_top: _Optional[bool] = ..., yolo_height: _Optional[int] = ..., yolo_width: _Optional[int] = ..., use_letterbox_resize: _Optional[bool] = ..., center_crop: _Optional[bool] = ..., erase_ratio: _Optional[float] = ..., scale_min: _Optional[float] = ..., scale_max: _Optional[float] = ..., aspect_min: _Optional[float] = ..., aspect_max: _Optional[float] = ..., var_sz_img_enabled: _Optional[bool] = ..., scale_cvg: _Optional[float] = ..., max_cvg_len: _Optional[int] = ..., min_cvg_len: _Optional[int] = ..., opaque_coverage: _Optional[bool] = ..., coverage: _Optional[str] = ..., flip_prob: _Optional[float] = ..., max_rotate_degree: _Optional[float] = ..., visualize: _Optional[bool] = ..., crop_size_x: _Optional[int] = ..., crop_size_y: _Optional[int] = ..., scale_prob: _Optional[float] = ..., bbox_norm_factor: _Optional[float] = ..., img_header: _Optional[str] = ..., target_dist: _Optional[float] = ..., center_perterb_max: _Optional[float] = ..., sigma: _Optional[float] = ..., sigma_center: _Optional[float] = ..., clahe_tile_size: _Optional[float] = ..., clahe_clip_limit: _Optional[float] = ..., do_clahe: _Optional[bool] = ..., num_parts: _Optional[int] = ..., num_total_augs: _Optional[int] = ..., aug_way: _Optional[str] = ..., gray: _Optional[int] = ..., np_in_lmdb: _Optional[int] = ..., transform_body_joint: _Optional[bool] = ...) -> None: ...

class LossParameter(_message.Message):
    __slots__ = ("ignore_label", "normalization", "normalize", "weight_by_label_freqs", "class_weighting", "pre_fixed_normalizer", "label_smoothing", "is_num_scale", "bootstrap_samples_fraction", "bootstrap_prob_threshold", "assign_label_weights", "num_label_weights")
    class NormalizationMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        FULL: _ClassVar[LossParameter.NormalizationMode]
        VALID: _ClassVar[LossParameter.NormalizationMode]
        BATCH_SIZE: _ClassVar[LossParameter.NormalizationMode]
        NONE: _ClassVar[LossParameter.NormalizationMode]
        PRE_FIXED: _ClassVar[LossParameter.NormalizationMode]
    FULL: LossParameter.NormalizationMode
    VALID: LossParameter.NormalizationMode
    BATCH_SIZE: LossParameter.NormalizationMode
    NONE: LossParameter.NormalizationMode
    PRE_FIXED: LossParameter.NormalizationMode
    IGNORE_LABEL_FIELD_NUMBER: _ClassVar[int]
    NORMALIZATION_FIELD_NUMBER: _ClassVar[int]
    NORMALIZE_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_BY_LABEL_FREQS_FIELD_NUMBER: _ClassVar[int]
    CLASS_WEIGHTING_FIELD_NUMBER: _ClassVar[int]
    PRE_FIXED_NORMALIZER_FIELD_NUMBER: _ClassVar[int]
    LABEL_SMOOTHING_FIELD_NUMBER: _ClassVar[int]
    IS_NUM_SCALE_FIELD_NUMBER: _ClassVar[int]
    BOOTSTRAP_SAMPLES_FRACTION_FIELD_NUMBER: _ClassVar[int]
    BOOTSTRAP_PROB_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    ASSIGN_LABEL_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    NUM_LABEL_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    ignore_label: int
    normalization: LossParameter.NormalizationMode
    normalize: bool
    weight_by_label_freqs: bool
    class_weighting: _containers.RepeatedScalarFieldContainer[float]
    pre_fixed_normalizer: float
    label_smoothing: float
    is_num_scale: bool
    bootstrap_samples_fraction: float
    bootstrap_prob_threshold: float
    assign_label_weights: bool
    num_label_weights: int
    def __init__(self, ignore_label: _Optional[int] = ..., normalization: _Optional[_Union[LossParameter.NormalizationMode, str]] = ..., normalize: _Optional[bool] = ..., weight_by_label_freqs: _Optional[bool] = ..., class_weighting: _Optional[_Iterable[float]] = ..., pre_fixed_normalizer: _Optional[float] = ..., label_smoothing: _Optional[float] = ..., is_num_scale: _Optional[bool] = ..., bootstrap_samples_fraction: _Optional[float] = ..., bootstrap_prob_threshold: _Optional[float] = ..., assign_label_weights: _Optional[bool] = ..., num_label_weights: _Optional[int] = ...) -> None: ...

class AccuracyParameter(_message.Message):
    __slots__ = ("top_k", "axis", "ignore_label", "denominator", "min_is_better", "history_size")
    TOP_K_FIELD_NUMBER: _ClassVar[int]
    AXIS_FIELD_NUMBER: _ClassVar[int]
    IGNORE_LABEL_FIELD_NUMBER: _ClassVar[int]
    DENOMINATOR_FIELD_NUMBER: _ClassVar[int]
    MIN_IS_BETTER_FIELD_NUMBER: _ClassVar[int]
    HISTORY_SIZE_FIELD_NUMBER: _ClassVar[int]
    top_k: int
    axis: int
    ignore_label: int
    denominator: float
    min_is_better: bool
    history_size: int
    def __init__(self, top_k: _Optional[int] = ..., axis: _Optional[int] = ..., ignore_label: _Optional[int] = ..., denominator: _Optional[float] = ..., min_is_better: _Optional[bool] = ..., history_size: _Optional[int] = ...) -> None: ...

class ArgMaxParameter(_message.Message):
    __slots__ = ("out_max_val", "top_k", "axis", "softmax_threshold")
    OUT_MAX_VAL_FIELD_NUMBER: _ClassVar[int]
    TOP_K_FIELD_NUMBER: _ClassVar[int]
    AXIS_FIELD_NUMBER: _ClassVar[int]
    SOFTMAX_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    out_max_val: bool
    top_k: int
    axis: int
    softmax_threshold: bool
    def __init__(self, out_max_val: _Optional[bool] = ..., top_k: _Optional[int] = ..., axis: _Optional[int] = ..., softmax_threshold: _Optional[bool] = ...) -> None: ...

class BatchNormParameter(_message.Message):
    __slots__ = ("use_global_stats", "moving_average_fraction", "eps", "stats_batch_size", "relu", "engine", "scale_filler", "bias_filler", "scale_bias", "use_weight_bias", "bias_term", "filler", "ghost_batch_size", "renorm", "r_max", "d_max", "sync", "update_global_stats", "fused_relu", "disable_mean", "disable_variance", "frozen", "momentum")
    class Engine(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DEFAULT: _ClassVar[BatchNormParameter.Engine]
        CAFFE: _ClassVar[BatchNormParameter.Engine]
        CUDNN: _ClassVar[BatchNormParameter.Engine]
        MKL2017: _ClassVar[BatchNormParameter.Engine]
        MKLDNN: _ClassVar[BatchNormParameter.Engine]
    DEFAULT: BatchNormParameter.Engine
    CAFFE: BatchNormParameter.Engine
    CUDNN: BatchNormParameter.Engine
    MKL2017: BatchNormParameter.Engine
    MKLDNN: BatchNormParameter.Engine
    USE_GLOBAL_STATS_FIELD_NUMBER: _ClassVar[int]
    MOVING_AVERAGE_FRACTION_FIELD_NUMBER: _ClassVar[int]
    EPS_FIELD_NUMBER: _ClassVar[int]
    STATS_BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    RELU_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    SCALE_FILLER_FIELD_NUMBER: _ClassVar[int]
    BIAS_FILLER_FIELD_NUMBER: _ClassVar[int]
    SCALE_BIAS_FIELD_NUMBER: _ClassVar[int]
    USE_WEIGHT_BIAS_FIELD_NUMBER: _ClassVar[int]
    BIAS_TERM_FIELD_NUMBER: _ClassVar[int]
    FILLER_FIELD_NUMBER: _ClassVar[int]
    GHOST_BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    RENORM_FIELD_NUMBER: _ClassVar[int]
    R_MAX_FIELD_NUMBER: _ClassVar[int]
    D_MAX_FIELD_NUMBER: _ClassVar[int]
    SYNC_FIELD_NUMBER: _ClassVar[int]
    UPDATE_GLOBAL_STATS_FIELD_NUMBER: _ClassVar[int]
    FUSED_RELU_FIELD_NUMBER: _ClassVar[int]
    DISABLE_MEAN_FIELD_NUMBER: _ClassVar[int]
    DISABLE_VARIANCE_FIELD_NUMBER: _ClassVar[int]
    FROZEN_FIELD_NUMBER: _ClassVar[int]
    MOMENTUM_FIELD_NUMBER: _ClassVar[int]
    use_global_stats: bool
    moving_average_fraction: float
    eps: float
    stats_batch_size: int
    relu: bool
    engine: BatchNormParameter.Engine
    scale_filler: FillerParameter
    bias_filler: FillerParameter
    scale_bias: bool
    use_weight_bias: bool
    bias_term: bool
    filler: FillerParameter
    ghost_batch_size: int
    renorm: bool
    r_max: float
    d_max: float
    sync: bool
    update_global_stats: bool
    fused_relu: bool
    disable_mean: bool
    disable_variance: bool
    frozen: bool
    momentum: float
    def __init__(self, use_global_stats: _Optional[bool] = ..., moving_average_fraction: _Optional[float] = ..., eps: _Optional[float] = ..., stats_batch_size: _Optional[int] = ..., relu: _Optional[bool] = ..., engine: _Optional[_Union[BatchNormParameter.Engine, str]] = ..., scale_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., bias_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., scale_bias: _Optional[bool] = ..., use_weight_bias: _Optional[bool] = ..., bias_term: _Optional[bool] = ..., filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., ghost_batch_size: _Optional[int] = ..., renorm: _Optional[bool] = ..., r_max: _Optional[float] = ..., d_max: _Optional[float] = ..., sync: _Optional[bool] = ..., update_global_stats: _Optional[bool] = ..., fused_relu: _Optional[bool] = ..., disable_mean: _Optional[bool] = ..., disable_variance: _Optional[bool] = ..., frozen: _Optional[bool] = ..., momentum: _Optional[float] = ...) -> None: ...

class BiasParameter(_message.Message):
    __slots__ = ("axis", "num_axes", "filler")
    AXIS_FIELD_NUMBER: _ClassVar[int]
    NUM_AXES_FIELD_NUMBER: _ClassVar[int]
    FILLER_FIELD_NUMBER: _ClassVar[int]
    axis: int
    num_axes: int
    filler: FillerParameter
    def __init__(self, axis: _Optional[int] = ..., num_axes: _Optional[int] = ..., filler: _Optional[_Union[FillerParameter, _Mapping]] = ...) -> None: ...

class ClipParameter(_message.Message):
    __slots__ = ("min", "max")
    MIN_FIELD_NUMBER: _ClassVar[int]
    MAX_FIELD_NUMBER: _ClassVar[int]
    min: float
    max: float
    def __init__(self, min: _Optional[float] = ..., max: _Optional[float] = ...) -> None: ...

class ConcatParameter(_message.Message):
    __slots__ = ("axis", "concat_dim", "per_fla_fuse", "engine")
    class Engine(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DEFAULT: _ClassVar[ConcatParameter.Engine]
        CAFFE: _ClassVar[ConcatParameter.Engine]
        MKL2017: _ClassVar[ConcatParameter.Engine]
        MKLDNN: _ClassVar[ConcatParameter.Engine]
    DEFAULT: ConcatParameter.Engine
    CAFFE: ConcatParameter.Engine
    MKL2017: ConcatParameter.Engine
    MKLDNN: ConcatParameter.Engine
    AXIS_FIELD_NUMBER: _ClassVar[int]
    CONCAT_DIM_FIELD_NUMBER: _ClassVar[int]
    PER_FLA_FUSE_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    axis: int
    concat_dim: int
    per_fla_fuse: bool
    engine: ConcatParameter.Engine
    def __init__(self, axis: _Optional[int] = ..., concat_dim: _Optional[int] = ..., per_fla_fuse: _Optional[bool] = ..., engine: _Optional[_Union[ConcatParameter.Engine, str]] = ...) -> None: ...

class ContrastiveLossParameter(_message.Message):
    __slots__ = ("margin", "legacy_version")
    MARGIN_FIELD_NUMBER: _ClassVar[int]
    LEGACY_VERSION_FIELD_NUMBER: _ClassVar[int]
    margin: float
    legacy_version: bool
    def __init__(self, margin: _Optional[float] = ..., legacy_version: _Optional[bool] = ...) -> None: ...

class ConvolutionParameter(_message.Message):
    __slots__ = ("num_output", "bias_term", "pad", "kernel_size", "stride", "dilation", "pad_h", "pad_w", "kernel_h", "kernel_w", "stride_h", "stride_w", "group", "weight_filler", "bias_filler", "engine", "axis", "force_nd_im2col", "kernel_depth", "temporal_stride", "filter_group", "temporal_pad", "hole", "hole_h", "hole_w", "conv_mode", "dump_parameter", "dump_activation", "parameter_sparsity_pattern_histogram", "cudnn_convolution_algo_seeker", "conv_algos_override", "relu", "negative_slope", "conv_algorithm", "coeff", "fusion_type", "cudnn_flavor", "fuse_type", "eltwise_param", "relu_param", "paramq", "params", "scale_in", "scale_out", "a_min", "a_max", "kernel_shape", "pad_shape", "stride_shape", "shape_offset", "mem_group_size", "dilation_h", "dilation_w")
    class Engine(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DEFAULT: _ClassVar[ConvolutionParameter.Engine]
        CAFFE: _ClassVar[ConvolutionParameter.Engine]
        CUDNN: _ClassVar[ConvolutionParameter.Engine]
        MKL2017: _ClassVar[ConvolutionParameter.Engine]
        MKLDNN: _ClassVar[ConvolutionParameter.Engine]
        LIBDNN: _ClassVar[ConvolutionParameter.Engine]
        INTEL_SPATIAL: _ClassVar[ConvolutionParameter.Engine]
        FFT: _ClassVar[ConvolutionParameter.Engine]
        CUDNN_FORWARD: _ClassVar[ConvolutionParameter.Engine]
        LOOP: _ClassVar[ConvolutionParameter.Engine]
        NAIVE: _ClassVar[ConvolutionParameter.Engine]
        SPATIAL: _ClassVar[ConvolutionParameter.Engine]
    DEFAULT: ConvolutionParameter.Engine
    CAFFE: ConvolutionParameter.Engine
    CUDNN: ConvolutionParameter.Engine
    MKL2017: ConvolutionParameter.Engine
    MKLDNN: ConvolutionParameter.Engine
    LIBDNN: ConvolutionParameter.Engine
    INTEL_SPATIAL: ConvolutionParameter.Engine
    FFT: ConvolutionParameter.Engine
    CUDNN_FORWARD: ConvolutionParameter.Engine
    LOOP: ConvolutionParameter.Engine
    NAIVE: ConvolutionParameter.Engine
    SPATIAL: ConvolutionParameter.Engine
    class ConvMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        LOWERED_GEMM: _ClassVar[ConvolutionParameter.ConvMode]
        LOWERED_CCNMM: _ClassVar[ConvolutionParameter.ConvMode]
        DIRECT_SCONV: _ClassVar[ConvolutionParameter.ConvMode]
        DIRECT_DCONV: _ClassVar[ConvolutionParameter.ConvMode]
    LOWERED_GEMM: ConvolutionParameter.ConvMode
    LOWERED_CCNMM: ConvolutionParameter.ConvMode
    DIRECT_SCONV: ConvolutionParameter.ConvMode
    DIRECT_DCONV: ConvolutionParameter.ConvMode
    class CuDNNConvolutionAlgorithmSeeker(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        GET: _ClassVar[ConvolutionParameter.CuDNNConvolutionAlgorithmSeeker]
        FINDEX: _ClassVar[ConvolutionParameter.CuDNNConvolutionAlgorithmSeeker]
    GET: ConvolutionParameter.CuDNNConvolutionAlgorithmSeeker
    FINDEX: ConvolutionParameter.CuDNNConvolutionAlgorithmSeeker
    class FusionType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NONE_FUSION: _ClassVar[ConvolutionParameter.FusionType]
        SUM_FUSION: _ClassVar[ConvolutionParameter.FusionType]
    NONE_FUSION: ConvolutionParameter.FusionType
    SUM_FUSION: ConvolutionParameter.FusionType
    class CudnnFlavor(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        SINGLE_HANDLE: _ClassVar[ConvolutionParameter.CudnnFlavor]
        MULTIPLE_HANDLES: _ClassVar[ConvolutionParameter.CudnnFlavor]
        MIN_MEMORY: _ClassVar[ConvolutionParameter.CudnnFlavor]
    SINGLE_HANDLE: ConvolutionParameter.CudnnFlavor
    MULTIPLE_HANDLES: ConvolutionParameter.CudnnFlavor
    MIN_MEMORY: ConvolutionParameter.CudnnFlavor
    class FuseType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        UNFUSED: _ClassVar[ConvolutionParameter.FuseType]
        FUSED_CONV_MAX_POOLING_RELU: _ClassVar[ConvolutionParameter.FuseType]
        FUSED_CONV_RELU: _ClassVar[ConvolutionParameter.FuseType]
        FUSED_CONV_ELTWISE_RELU: _ClassVar[ConvolutionParameter.FuseType]
    UNFUSED: ConvolutionParameter.FuseType
    FUSED_CONV_MAX_POOLING_RELU: ConvolutionParameter.FuseType
    FUSED_CONV_RELU: ConvolutionParameter.FuseType
    FUSED_CONV_ELTWISE_RELU: ConvolutionParameter.FuseType
    NUM_OUTPUT_FIELD_NUMBER: _ClassVar[int]
    BIAS_TERM_FIELD_NUMBER: _ClassVar[int]
    PAD_FIELD_NUMBER: _ClassVar[int]
    KERNEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    STRIDE_FIELD_NUMBER: _ClassVar[int]
    DILATION_FIELD_NUMBER: _ClassVar[int]
    PAD_H_FIELD_NUMBER: _ClassVar[int]
    PAD_W_FIELD_NUMBER: _ClassVar[int]
    KERNEL_H_FIELD_NUMBER: _ClassVar[int]
    KERNEL_W_FIELD_NUMBER: _ClassVar[int]
    STRIDE_H_FIELD_NUMBER: _ClassVar[int]
    STRIDE_W_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FILLER_FIELD_NUMBER: _ClassVar[int]
    BIAS_FILLER_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    AXIS_FIELD_NUMBER: _ClassVar[int]
    FORCE_ND_IM2COL_FIELD_NUMBER: _ClassVar[int]
    KERNEL_DEPTH_FIELD_NUMBER: _ClassVar[int]
    TEMPORAL_STRIDE_FIELD_NUMBER: _ClassVar[int]
    FILTER_GROUP_FIELD_NUMBER: _ClassVar[int]
    TEMPORAL_PAD_FIELD_NUMBER: _ClassVar[int]
    HOLE_FIELD_NUMBER: _ClassVar[int]
    HOLE_H_FIELD_NUMBER: _ClassVar[int]
    HOLE_W_FIELD_NUMBER: _ClassVar[int]
    CONV_MODE_FIELD_NUMBER: _ClassVar[int]
    DUMP_PARAMETER_FIELD_NUMBER: _ClassVar[int]
    DUMP_ACTIVATION_FIELD_NUMBER: _ClassVar[int]
    PARAMETER_SPARSITY_PATTERN_HISTOGRAM_FIELD_NUMBER: _ClassVar[int]
    CUDNN_CONVOLUTION_ALGO_SEEKER_FIELD_NUMBER: _ClassVar[int]
    CONV_ALGOS_OVERRIDE_FIELD_NUMBER: _ClassVar[int]
    RELU_FIELD_NUMBER: _ClassVar[int]
    NEGATIVE_SLOPE_FIELD_NUMBER: _ClassVar[int]
    CONV_ALGORITHM_FIELD_NUMBER: _ClassVar[int]
    COEFF_FIELD_NUMBER: _ClassVar[int]
    FUSION_TYPE_FIELD_NUMBER: _ClassVar[int]
    CUDNN_FLAVOR_FIELD_NUMBER: _ClassVar[int]
    FUSE_TYPE_FIELD_NUMBER: _ClassVar[int]
    ELTWISE_PARAM_FIELD_NUMBER: _ClassVar[int]
    RELU_PARAM_FIELD_NUMBER: _ClassVar[int]
    PARAMQ_FIELD_NUMBER: _ClassVar[int]
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    SCALE_IN_FIELD_NUMBER: _ClassVar[int]
    SCALE_OUT_FIELD_NUMBER: _ClassVar[int]
    A_MIN_FIELD_NUMBER: _ClassVar[int]
    A_MAX_FIELD_NUMBER: _ClassVar[int]
    KERNEL_SHAPE_FIELD_NUMBER: _ClassVar[int]
    PAD_SHAPE_FIELD_NUMBER: _ClassVar[int]
    STRIDE_SHAPE_FIELD_NUMBER: _ClassVar[int]
    SHAPE_OFFSET_FIELD_NUMBER: _ClassVar[int]
    MEM_GROUP_SIZE_FIELD_NUMBER: _ClassVar[int]
    DILATION_H_FIELD_NUMBER: _ClassVar[int]
    DILATION_W_FIELD_NUMBER: _ClassVar[int]
    num_output: int
    bias_term: bool
    pad: _containers.RepeatedScalarFieldContainer[int]
    kernel_size: _containers.RepeatedScalarFieldContainer[int]
    stride: _containers.RepeatedScalarFieldContainer[int]
    dilation: _containers.RepeatedScalarFieldContainer[int]
    pad_h: int
    pad_w: int
    kernel_h: int
    kernel_w: int
    stride_h: int
    stride_w: int
    group: int
    weight_filler: FillerParameter
    bias_filler: FillerParameter
    engine: ConvolutionParameter.Engine
    axis: int
    force_nd_im2col: bool
    kernel_depth: int
    temporal_stride: int
    filter_group: int
    temporal_pad: int
    hole: int
    hole_h: int
    hole_w: int
    conv_mode: ConvolutionParameter.ConvMode
    dump_parameter: bool
    dump_activation: bool
    parameter_sparsity_pattern_histogram: bool
    cudnn_convolution_algo_seeker: ConvolutionParameter.CuDNNConvolutionAlgorithmSeeker
    conv_algos_override: str
    relu: bool
    negative_slope: float
    conv_algorithm: str
    coeff: _containers.RepeatedScalarFieldContainer[float]
    fusion_type: ConvolutionParameter.FusionType
    cudnn_flavor: ConvolutionParameter.CudnnFlavor
    fuse_type: ConvolutionParameter.FuseType
    eltwise_param: EltwiseParameter
    relu_param: ReLUParameter
    paramq: int
    params: float
    scale_in: float
    scale_out: float
    a_min: int
    a_max: int
    kernel_shape: BlobShape
    pad_shape: BlobShape
    stride_shape: BlobShape
    shape_offset: _containers.RepeatedScalarFieldContainer[int]
    mem_group_size: int
    dilation_h: int
    dilation_w: int
    def __init__(self, num_output: _Optional[int] = ..., bias_term: _Optional[bool] = ..., pad: _Optional[_Iterable[int]] = ..., kernel_size: _Optional[_Iterable[int]] = ..., stride: _Optional[_Iterable[int]] = ..., dilation: _Optional[_Iterable[int]] = ..., pad_h: _Optional[int] = ..., pad_w: _Optional[int] = ..., kernel_h: _Optional[int] = ..., kernel_w: _Optional[int] = ..., stride_h: _Optional[int] = ..., stride_w: _Optional[int] = ..., group: _Optional[int] = ..., weight_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., bias_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., engine: _Optional[_Union[ConvolutionParameter.Engine, str]] = ..., axis: _Optional[int] = ..., force_nd_im2col: _Optional[bool] = ..., kernel_depth: _Optional[int] = ..., temporal_stride: _Optional[int] = ..., filter_group: _Optional[int] = ..., temporal_pad: _Optional[int] = ..., hole: _Optional[int] = ..., hole_h: _Optional[int] = ..., hole_w: _Optional[int] = ..., conv_mode: _Optional[_Union[ConvolutionParameter.ConvMode, str]] = ..., dump_parameter: _Optional[bool] = ..., dump_activation: _Optional[bool] = ..., parameter_sparsity_pattern_histogram: _Optional[bool] = ..., cudnn_convolution_algo_seeker: _Optional[_Union[ConvolutionParameter.CuDNNConvolutionAlgorithmSeeker, str]] = ..., conv_algos_override: _Optional[str] = ..., relu: _Optional[bool] = ..., negative_slope: _Optional[float] = ..., conv_algorithm: _Optional[str] = ..., coeff: _Optional[_Iterable[float]] = ..., fusion_type: _Optional[_Union[ConvolutionParameter.FusionType, str]] = ..., cudnn_flavor: _Optional[_Union[ConvolutionParameter.CudnnFlavor, str]] = ..., fuse_type: _Optional[_Union[ConvolutionParameter.FuseType, str]] = ..., eltwise_param: _Optional[_Union[EltwiseParameter, _Mapping]] = ..., relu_param: _Optional[_Union[ReLUParameter, _Mapping]] = ..., paramq: _Optional[int] = ..., params: _Optional[float] = ..., scale_in: _Optional[float] = ..., scale_out: _Optional[float] = ..., a_min: _Optional[int] = ..., a_max: _Optional[int] = ..., kernel_shape: _Optional[_Union[BlobShape, _Mapping]] = ..., pad_shape: _Optional[_Union[BlobShape, _Mapping]] = ..., stride_shape: _Optional[_Union[BlobShape, _Mapping]] = ..., shape_offset: _Optional[_Iterable[int]] = ..., mem_group_size: _Optional[int] = ..., dilation_h: _Optional[int] = ..., dilation_w: _Optional[int] = ...) -> None: ...

class CropParameter(_message.Message):
    __slots__ = ("axis", "offset", "align", "center_crop", "crop_h", "crop_w", "num_args", "offset_c", "offset_h", "offset_height", "offset_w", "offset_width", "blob_name")
    AXIS_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    ALIGN_FIELD_NUMBER: _ClassVar[int]
    CENTER_CROP_FIELD_NUMBER: _ClassVar[int]
    CROP_H_FIELD_NUMBER: _ClassVar[int]
    CROP_W_FIELD_NUMBER: _ClassVar[int]
    NUM_ARGS_FIELD_NUMBER: _ClassVar[int]
    OFFSET_C_FIELD_NUMBER: _ClassVar[int]
    OFFSET_H_FIELD_NUMBER: _ClassVar[int]
    OFFSET_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    OFFSET_W_FIELD_NUMBER: _ClassVar[int]
    OFFSET_WIDTH_FIELD_NUMBER: _ClassVar[int]
    BLOB_NAME_FIELD_NUMBER: _ClassVar[int]
    axis: int
    offset: _containers.RepeatedScalarFieldContainer[int]
    align: bool
    center_crop: bool
    crop_h: int
    crop_w: int
    num_args: int
    offset_c: int
    offset_h: int
    offset_height: int
    offset_w: int
    offset_width: int
    blob_name: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, axis: _Optional[int] = ..., offset: _Optional[_Iterable[int]] = ..., align: _Optional[bool] = ..., center_crop: _Optional[bool] = ..., crop_h: _Optional[int] = ..., crop_w: _Optional[int] = ..., num_args: _Optional[int] = ..., offset_c: _Optional[int] = ..., offset_h: _Optional[int] = ..., offset_height: _Optional[int] = ..., offset_w: _Optional[int] = ..., offset_width: _Optional[int] = ..., blob_name: _Optional[_Iterable[str]] = ...) -> None: ...

class DataParameter(_message.Message):
    __slots__ = ("source", "batch_size", "rand_skip", "backend", "scale", "mean_file", "crop_size", "mirror", "force_encoded_color", "prefetch", "transform_param", "mpi_skip_step", "mem_data_source", "shuffle", "show_data", "threads", "parser_threads", "cache", "precache", "side", "disk_reader_threads", "huge_video_dataset", "limit_samples", "preselection_file", "preselection_label", "range_start", "range_end", "rand_permute", "rand_permute_order", "rand_permute_seed", "slice_point", "encoding", "verbose", "subtract", "permute_every_iter", "block_size", "label_size", "data_width", "output_width", "multi_gpu_testing", "shuffle_skip_max")
    class DB(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        LEVELDB: _ClassVar[DataParameter.DB]
        LMDB: _ClassVar[DataParameter.DB]
    LEVELDB: DataParameter.DB
    LMDB: DataParameter.DB
    class CHANNELENCODING(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        UINT8: _ClassVar[DataParameter.CHANNELENCODING]
        UINT16FLOW: _ClassVar[DataParameter.CHANNELENCODING]
        BOOL1: _ClassVar[DataParameter.CHANNELENCODING]
    UINT8: DataParameter.CHANNELENCODING
    UINT16FLOW: DataParameter.CHANNELENCODING
    BOOL1: DataParameter.CHANNELENCODING
    class RANDPERMORDER(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        FIRST_PERMUTE_THEN_RANGE: _ClassVar[DataParameter.RANDPERMORDER]
        FIRST_RANGE_THEN_PERMUTE: _ClassVar[DataParameter.RANDPERMORDER]
    FIRST_PERMUTE_THEN_RANGE: DataParameter.RANDPERMORDER
    FIRST_RANGE_THEN_PERMUTE: DataParameter.RANDPERMORDER
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    RAND_SKIP_FIELD_NUMBER: _ClassVar[int]
    BACKEND_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    MEAN_FILE_FIELD_NUMBER: _ClassVar[int]
    CROP_SIZE_FIELD_NUMBER: _ClassVar[int]
    MIRROR_FIELD_NUMBER: _ClassVar[int]
    FORCE_ENCODED_COLOR_FIELD_NUMBER: _ClassVar[int]
    PREFETCH_FIELD_NUMBER: _ClassVar[int]
    TRANSFORM_PARAM_FIELD_NUMBER: _ClassVar[int]
    MPI_SKIP_STEP_FIELD_NUMBER: _ClassVar[int]
    MEM_DATA_SOURCE_FIELD_NUMBER: _ClassVar[int]
    SHUFFLE_FIELD_NUMBER: _ClassVar[int]
    SHOW_DATA_FIELD_NUMBER: _ClassVar[int]
    THREADS_FIELD_NUMBER: _ClassVar[int]
    PARSER_THREADS_FIELD_NUMBER: _ClassVar[int]
    CACHE_FIELD_NUMBER: _ClassVar[int]
    PRECACHE_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    DISK_READER_THREADS_FIELD_NUMBER: _ClassVar[int]
    HUGE_VIDEO_DATASET_FIELD_NUMBER: _ClassVar[int]
    LIMIT_SAMPLES_FIELD_NUMBER: _ClassVar[int]
    PRESELECTION_FILE_FIELD_NUMBER: _ClassVar[int]
    PRESELECTION_LABEL_FIELD_NUMBER: _ClassVar[int]
    RANGE_START_FIELD_NUMBER: _ClassVar[int]
    RANGE_END_FIELD_NUMBER: _ClassVar[int]
    RAND_PERMUTE_FIELD_NUMBER: _ClassVar[int]
    RAND_PERMUTE_ORDER_FIELD_NUMBER: _ClassVar[int]
    RAND_PERMUTE_SEED_FIELD_NUMBER: _ClassVar[int]
    SLICE_POINT_FIELD_NUMBER: _ClassVar[int]
    ENCODING_FIELD_NUMBER: _ClassVar[int]
    VERBOSE_FIELD_NUMBER: _ClassVar[int]
    SUBTRACT_FIELD_NUMBER: _ClassVar[int]
    PERMUTE_EVERY_ITER_FIELD_NUMBER: _ClassVar[int]
    BLOCK_SIZE_FIELD_NUMBER: _ClassVar[int]
    LABEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    DATA_WIDTH_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_WIDTH_FIELD_NUMBER: _ClassVar[int]
    MULTI_GPU_TESTING_FIELD_NUMBER: _ClassVar[int]
    SHUFFLE_SKIP_MAX_FIELD_NUMBER: _ClassVar[int]
    source: str
    batch_size: int
    rand_skip: int
    backend: DataParameter.DB
    scale: float
    mean_file: str
    crop_size: int
    mirror: bool
    force_encoded_color: bool
    prefetch: int
    transform_param: TransformationParameter
    mpi_skip_step: int
    mem_data_source: str
    shuffle: bool
    show_data: int
    threads: int
    parser_threads: int
    cache: bool
    precache: bool
    side: _containers.RepeatedScalarFieldContainer[int]
    disk_reader_threads: int
    huge_video_dataset: bool
    limit_samples: int
    preselection_file: str
    preselection_label: int
    range_start: int
    range_end: int
    rand_permute: bool
    rand_permute_order: DataParameter.RANDPERMORDER
    rand_permute_seed: int
    slice_point: _containers.RepeatedScalarFieldContainer[int]
    encoding: _containers.RepeatedScalarFieldContainer[DataParameter.CHANNELENCODING]
    verbose: bool
    subtract: _containers.RepeatedScalarFieldContainer[float]
    permute_every_iter: int
    block_size: int
    label_size: int
    data_width: int
    output_width: bool
    multi_gpu_testing: bool
    shuffle_skip_max: int
    def __init__(self, source: _Optional[str] = ..., batch_size: _Optional[int] = ..., rand_skip: _Optional[int] = ..., backend: _Optional[_Union[DataParameter.DB, str]] = ..., scale: _Optional[float] = ..., mean_file: _Optional[str] = ..., crop_size: _Optional[int] = ..., mirror: _Optional[bool] = ..., force_encoded_color: _Optional[bool] = ..., prefetch: _Optional[int] = ..., transform_param: _Optional[_Union[TransformationParameter, _Mapping]] = ..., mpi_skip_step: _Optional[int] = ..., mem_data_source: _Optional[str] = ..., shuffle: _Optional[bool] = ..., show_data: _Optional[int] = ..., threads: _Optional[int] = ..., parser_threads: _Optional[int] = ..., cache: _Optional[bool] = ..., precache: _Optional[bool] = ..., side: _Optional[_Iterable[int]] = ..., disk_reader_threads: _Optional[int] = ..., huge_video_dataset: _Optional[bool] = ..., limit_samples: _Optional[int] = ..., preselection_file: _Optional[str] = ..., preselection_label: _Optional[int] = ..., range_start: _Optional[int] = ..., range_end: _Optional[int] = ..., rand_permute: _Optional[bool] = ..., rand_permute_order: _Optional[_Union[DataParameter.RANDPERMORDER, str]] = ..., rand_permute_seed: _Optional[int] = ..., slice_point: _Optional[_Iterable[int]] = ..., encoding: _Optional[_Iterable[_Union[DataParameter.CHANNELENCODING, str]]] = ..., verbose: _Optional[bool] = ..., subtract: _Optional[_Iterable[float]] = ..., permute_every_iter: _Optional[int] = ..., block_size: _Optional[int] = ..., label_size: _Optional[int] = ..., data_width: _Optional[int] = ..., output_width: _Optional[bool] = ..., multi_gpu_testing: _Optional[bool] = ..., shuffle_skip_max: _Optional[int] = ...) -> None: ...

class DropoutParameter(_message.Message):
    __slots__ = ("dropout_ratio", "sample_weights_test", "scale_train", "engine", "random_seed", "sqrt_scale")
    class Engine(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DEFAULT: _ClassVar[DropoutParameter.Engine]
        CAFFE: _ClassVar[DropoutParameter.Engine]
        CUDNN: _ClassVar[DropoutParameter.Engine]
    DEFAULT: DropoutParameter.Engine
    CAFFE: DropoutParameter.Engine
    CUDNN: DropoutParameter.Engine
    DROPOUT_RATIO_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_WEIGHTS_TEST_FIELD_NUMBER: _ClassVar[int]
    SCALE_TRAIN_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    RANDOM_SEED_FIELD_NUMBER: _ClassVar[int]
    SQRT_SCALE_FIELD_NUMBER: _ClassVar[int]
    dropout_ratio: float
    sample_weights_test: bool
    scale_train: bool
    engine: DropoutParameter.Engine
    random_seed: int
    sqrt_scale: bool
    def __init__(self, dropout_ratio: _Optional[float] = ..., sample_weights_test: _Optional[bool] = ..., scale_train: _Optional[bool] = ..., engine: _Optional[_Union[DropoutParameter.Engine, str]] = ..., random_seed: _Optional[int] = ..., sqrt_scale: _Optional[bool] = ...) -> None: ...

class DummyDataParameter(_message.Message):
    __slots__ = ("data_filler", "shape", "num", "channels", "height", "width")
    DATA_FILLER_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    NUM_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    data_filler: _containers.RepeatedCompositeFieldContainer[FillerParameter]
    shape: _containers.RepeatedCompositeFieldContainer[BlobShape]
    num: _containers.RepeatedScalarFieldContainer[int]
    channels: _containers.RepeatedScalarFieldContainer[int]
    height: _containers.RepeatedScalarFieldContainer[int]
    width: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, data_filler: _Optional[_Iterable[_Union[FillerParameter, _Mapping]]] = ..., shape: _Optional[_Iterable[_Union[BlobShape, _Mapping]]] = ..., num: _Optional[_Iterable[int]] = ..., channels: _Optional[_Iterable[int]] = ..., height: _Optional[_Iterable[int]] = ..., width: _Optional[_Iterable[int]] = ...) -> None: ...

class EltwiseParameter(_message.Message):
    __slots__ = ("operation", "coeff", "stable_prod_grad", "engine", "coeff_blob", "power", "scale", "shift")
    class EltwiseOp(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        PROD: _ClassVar[EltwiseParameter.EltwiseOp]
        SUM: _ClassVar[EltwiseParameter.EltwiseOp]
        MAX: _ClassVar[EltwiseParameter.EltwiseOp]
        STOCHASTIC_SUM: _ClassVar[EltwiseParameter.EltwiseOp]
    PROD: EltwiseParameter.EltwiseOp
    SUM: EltwiseParameter.EltwiseOp
    MAX: EltwiseParameter.EltwiseOp
    STOCHASTIC_SUM: EltwiseParameter.EltwiseOp
    class Engine(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DEFAULT: _ClassVar[EltwiseParameter.Engine]
        CAFFE: _ClassVar[EltwiseParameter.Engine]
        MKL2017: _ClassVar[EltwiseParameter.Engine]
        MKLDNN: _ClassVar[EltwiseParameter.Engine]
    DEFAULT: EltwiseParameter.Engine
    CAFFE: EltwiseParameter.Engine
    MKL2017: EltwiseParameter.Engine
    MKLDNN: EltwiseParameter.Engine
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    COEFF_FIELD_NUMBER: _ClassVar[int]
    STABLE_PROD_GRAD_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    COEFF_BLOB_FIELD_NUMBER: _ClassVar[int]
    POWER_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    SHIFT_FIELD_NUMBER: _ClassVar[int]
    operation: EltwiseParameter.EltwiseOp
    coeff: _containers.RepeatedScalarFieldContainer[float]
    stable_prod_grad: bool
    engine: EltwiseParameter.Engine
    coeff_blob: bool
    power: float
    scale: float
    shift: float
    def __init__(self, operation: _Optional[_Union[EltwiseParameter.EltwiseOp, str]] = ..., coeff: _Optional[_Iterable[float]] = ..., stable_prod_grad: _Optional[bool] = ..., engine: _Optional[_Union[EltwiseParameter.Engine, str]] = ..., coeff_blob: _Optional[bool] = ..., power: _Optional[float] = ..., scale: _Optional[float] = ..., shift: _Optional[float] = ...) -> None: ...

class ELUParameter(_message.Message):
    __slots__ = ("alpha",)
    ALPHA_FIELD_NUMBER: _ClassVar[int]
    LAMBDA_FIELD_NUMBER: _ClassVar[int]
    alpha: float
    def __init__(self, alpha: _Optional[float] = ..., **kwargs: object) -> None: ...

class EmbedParameter(_message.Message):
    __slots__ = ("num_output", "input_dim", "bias_term", "weight_filler", "bias_filler", "weight_data_size")
    NUM_OUTPUT_FIELD_NUMBER: _ClassVar[int]
    INPUT_DIM_FIELD_NUMBER: _ClassVar[int]
    BIAS_TERM_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FILLER_FIELD_NUMBER: _ClassVar[int]
    BIAS_FILLER_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_DATA_SIZE_FIELD_NUMBER: _ClassVar[int]
    num_output: int
    input_dim: int
    bias_term: bool
    weight_filler: FillerParameter
    bias_filler: FillerParameter
    weight_data_size: int
    def __init__(self, num_output: _Optional[int] = ..., input_dim: _Optional[int] = ..., bias_term: _Optional[bool] = ..., weight_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., bias_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., weight_data_size: _Optional[int] = ...) -> None: ...

class ExpParameter(_message.Message):
    __slots__ = ("base", "scale", "shift")
    BASE_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    SHIFT_FIELD_NUMBER: _ClassVar[int]
    base: float
    scale: float
    shift: float
    def __init__(self, base: _Optional[float] = ..., scale: _Optional[float] = ..., shift: _Optional[float] = ...) -> None: ...

class FlattenParameter(_message.Message):
    __slots__ = ("axis", "end_axis")
    AXIS_FIELD_NUMBER: _ClassVar[int]
    END_AXIS_FIELD_NUMBER: _ClassVar[int]
    axis: int
    end_axis: int
    def __init__(self, axis: _Optional[int] = ..., end_axis: _Optional[int] = ...) -> None: ...

class GroupNormParameter(_message.Message):
    __slots__ = ("num_groups", "eps", "affine", "scale_filler", "bias_filler")
    NUM_GROUPS_FIELD_NUMBER: _ClassVar[int]
    EPS_FIELD_NUMBER: _ClassVar[int]
    AFFINE_FIELD_NUMBER: _ClassVar[int]
    SCALE_FILLER_FIELD_NUMBER: _ClassVar[int]
    BIAS_FILLER_FIELD_NUMBER: _ClassVar[int]
    num_groups: int
    eps: float
    affine: bool
    scale_filler: FillerParameter
    bias_filler: FillerParameter
    def __init__(self, num_groups: _Optional[int] = ..., eps: _Optional[float] = ..., affine: _Optional[bool] = ..., scale_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., bias_filler: _Optional[_Union[FillerParameter, _Mapping]] = ...) -> None: ...

class HDF5DataParameter(_message.Message):
    __slots__ = ("source", "batch_size", "shuffle", "image")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    SHUFFLE_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    source: str
    batch_size: int
    shuffle: bool
    image: bool
    def __init__(self, source: _Optional[str] = ..., batch_size: _Optional[int] = ..., shuffle: _Optional[bool] = ..., image: _Optional[bool] = ...) -> None: ...

class HDF5OutputParameter(_message.Message):
    __slots__ = ("file_name",)
    FILE_NAME_FIELD_NUMBER: _ClassVar[int]
    file_name: str
    def __init__(self, file_name: _Optional[str] = ...) -> None: ...

class HingeLossParameter(_message.Message):
    __slots__ = ("norm",)
    class Norm(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        L1: _ClassVar[HingeLossParameter.Norm]
        L2: _ClassVar[HingeLossParameter.Norm]
    L1: HingeLossParameter.Norm
    L2: HingeLossParameter.Norm
    NORM_FIELD_NUMBER: _ClassVar[int]
    norm: HingeLossParameter.Norm
    def __init__(self, norm: _Optional[_Union[HingeLossParameter.Norm, str]] = ...) -> None: ...

class ImageDataParameter(_message.Message):
    __slots__ = ("source", "batch_size", "rand_skip", "shuffle", "new_height", "new_width", "is_color", "scale", "mean_file", "crop_size", "mirror", "root_folder", "transform_param", "ignore_label", "label_type", "new_length", "show_data", "use_image", "sampling_rate", "use_label", "use_temporal_jitter", "mean_value", "num_truth_channels", "use_byte_input", "is_flow", "truth_scale", "clip_min", "clip_max", "has_label", "max_labels", "short_side", "threads", "cache", "precache", "dataset_share_per_node", "min_height", "min_width", "label_size", "label_num", "att_num", "is_unchanged", "face_transform", "max_shear_ratio", "max_aspect_ratio", "max_rotate_angle", "min_random_scale", "max_random_scale", "max_random_shift", "face_mirror", "face_point_num", "balance_class", "balance_by", "label_cut_start", "label_cut_end", "other_object_label")
    class LabelType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NONE: _ClassVar[ImageDataParameter.LabelType]
        IMAGE: _ClassVar[ImageDataParameter.LabelType]
        PIXEL: _ClassVar[ImageDataParameter.LabelType]
        BBX: _ClassVar[ImageDataParameter.LabelType]
    NONE: ImageDataParameter.LabelType
    IMAGE: ImageDataParameter.LabelType
    PIXEL: ImageDataParameter.LabelType
    BBX: ImageDataParameter.LabelType
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    RAND_SKIP_FIELD_NUMBER: _ClassVar[int]
    SHUFFLE_FIELD_NUMBER: _ClassVar[int]
    NEW_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    NEW_WIDTH_FIELD_NUMBER: _ClassVar[int]
    IS_COLOR_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    MEAN_FILE_FIELD_NUMBER: _ClassVar[int]
    CROP_SIZE_FIELD_NUMBER: _ClassVar[int]
    MIRROR_FIELD_NUMBER: _ClassVar[int]
    ROOT_FOLDER_FIELD_NUMBER: _ClassVar[int]
    TRANSFORM_PARAM_FIELD_NUMBER: _ClassVar[int]
    IGNORE_LABEL_FIELD_NUMBER: _ClassVar[int]
    LABEL_TYPE_FIELD_NUMBER: _ClassVar[int]
    NEW_LENGTH_FIELD_NUMBER: _ClassVar[int]
    SHOW_DATA_FIELD_NUMBER: _ClassVar[int]
    USE_IMAGE_FIELD_NUMBER: _ClassVar[int]
    SAMPLING_RATE_FIELD_NUMBER: _ClassVar[int]
    USE_LABEL_FIELD_NUMBER: _ClassVar[int]
    USE_TEMPORAL_JITTER_FIELD_NUMBER: _ClassVar[int]
    MEAN_VALUE_FIELD_NUMBER: _ClassVar[int]
    NUM_TRUTH_CHANNELS_FIELD_NUMBER: _ClassVar[int]
    USE_BYTE_INPUT_FIELD_NUMBER: _ClassVar[int]
    IS_FLOW_FIELD_NUMBER: _ClassVar[int]
    TRUTH_SCALE_FIELD_NUMBER: _ClassVar[int]
    CLIP_MIN_FIELD_NUMBER: _ClassVar[int]
    CLIP_MAX_FIELD_NUMBER: _ClassVar[int]
    HAS_LABEL_FIELD_NUMBER: _ClassVar[int]
    MAX_LABELS_FIELD_NUMBER: _ClassVar[int]
    SHORT_SIDE_FIELD_NUMBER: _ClassVar[int]
    THREADS_FIELD_NUMBER: _ClassVar[int]
    CACHE_FIELD_NUMBER: _ClassVar[int]
    PRECACHE_FIELD_NUMBER: _ClassVar[int]
    DATASET_SHARE_PER_NODE_FIELD_NUMBER: _ClassVar[int]
    MIN_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    MIN_WIDTH_FIELD_NUMBER: _ClassVar[int]
    LABEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    LABEL_NUM_FIELD_NUMBER: _ClassVar[int]
    ATT_NUM_FIELD_NUMBER: _ClassVar[int]
    IS_UNCHANGED_FIELD_NUMBER: _ClassVar[int]
    FACE_TRANSFORM_FIELD_NUMBER: _ClassVar[int]
    MAX_SHEAR_RATIO_FIELD_NUMBER: _ClassVar[int]
    MAX_ASPECT_RATIO_FIELD_NUMBER: _ClassVar[int]
    MAX_ROTATE_ANGLE_FIELD_NUMBER: _ClassVar[int]
    MIN_RANDOM_SCALE_FIELD_NUMBER: _ClassVar[int]
    MAX_RANDOM_SCALE_FIELD_NUMBER: _ClassVar[int]
    MAX_RANDOM_SHIFT_FIELD_NUMBER: _ClassVar[int]
    FACE_MIRROR_FIELD_NUMBER: _ClassVar[int]
    FACE_POINT_NUM_FIELD_NUMBER: _ClassVar[int]
    BALANCE_CLASS_FIELD_NUMBER: _ClassVar[int]
    BALANCE_BY_FIELD_NUMBER: _ClassVar[int]
    LABEL_CUT_START_FIELD_NUMBER: _ClassVar[int]
    LABEL_CUT_END_FIELD_NUMBER: _ClassVar[int]
    OTHER_OBJECT_LABEL_FIELD_NUMBER: _ClassVar[int]
    source: str
    batch_size: int
    rand_skip: int
    shuffle: bool
    new_height: int
    new_width: int
    is_color: bool
    scale: float
    mean_file: str
    crop_size: int
    mirror: bool
    root_folder: str
    transform_param: TransformationParameter
    ignore_label: int
    label_type: ImageDataParameter.LabelType
    new_length: int
    show_data: int
    use_image: bool
    sampling_rate: int
    use_label: bool
    use_temporal_jitter: bool
    mean_value: float
    num_truth_channels: int
    use_byte_input: bool
    is_flow: bool
    truth_scale: float
    clip_min: float
    clip_max: float
    has_label: bool
    max_labels: int
    short_side: int
    threads: int
    cache: bool
    precache: bool
    dataset_share_per_node: float
    min_height: int
    min_width: int
    label_size: int
    label_num: int
    att_num: int
    is_unchanged: bool
    face_transform: bool
    max_shear_ratio: float
    max_aspect_ratio: float
    max_rotate_angle: float
    min_random_scale: float
    max_random_scale: float
    max_random_shift: int
    face_mirror: bool
    face_point_num: int
    balance_class: bool
    balance_by: int
    label_cut_start: int
    label_cut_end: int
    other_object_label: int
    def __init__(self, source: _Optional[str] = ..., batch_size: _Optional[int] = ..., rand_skip: _Optional[int] = ..., shuffle: _Optional[bool] = ..., new_height: _Optional[int] = ..., new_width: _Optional[int] = ..., is_color: _Optional[bool] = ..., scale: _Optional[float] = ..., mean_file: _Optional[str] = ..., crop_size: _Optional[int] = ..., mirror: _Optional[bool] = ..., root_folder: _Optional[str] = ..., transform_param: _Optional[_Union[TransformationParameter, _Mapping]] = ..., ignore_label: _Optional[int] = ..., label_type: _Optional[_Union[ImageDataParameter.LabelType, str]] = ..., new_length: _Optional[int] = ..., show_data: _Optional[int] = ..., use_image: _Optional[bool] = ..., sampling_rate: _Optional[int] = ..., use_label: _Optional[bool] = ..., use_temporal_jitter: _Optional[bool] = ..., mean_value: _Optional[float] = ..., num_truth_channels: _Optional[int] = ..., use_byte_input: _Optional[bool] = ..., is_flow: _Optional[bool] = ..., truth_scale: _Optional[float] = ..., clip_min: _Optional[float] = ..., clip_max: _Optional[float] = ..., has_label: _Optional[bool] = ..., max_labels: _Optional[int] = ..., short_side: _Optional[int] = ..., threads: _Optional[int] = ..., cache: _Optional[bool] = ..., precache: _Optional[bool] = ..., dataset_share_per_node: _Optional[float] = ..., min_height: _Optional[int] = ..., min_width: _Optional[int] = ..., label_size: _Optional[int] = ..., label_num: _Optional[int] = ..., att_num: _Optional[int] = ..., is_unchanged: _Optional[bool] = ..., face_transform: _Optional[bool] = ..., max_shear_ratio: _Optional[float] = ..., max_aspect_ratio: _Optional[float] = ..., max_rotate_angle: _Optional[float] = ..., min_random_scale: _Optional[float] = ..., max_random_scale: _Optional[float] = ..., max_random_shift: _Optional[int] = ..., face_mirror: _Optional[bool] = ..., face_point_num: _Optional[int] = ..., balance_class: _Optional[bool] = ..., balance_by: _Optional[int] = ..., label_cut_start: _Optional[int] = ..., label_cut_end: _Optional[int] = ..., other_object_label: _Optional[int] = ...) -> None: ...

class InfogainLossParameter(_message.Message):
    __slots__ = ("source", "axis")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    AXIS_FIELD_NUMBER: _ClassVar[int]
    source: str
    axis: int
    def __init__(self, source: _Optional[str] = ..., axis: _Optional[int] = ...) -> None: ...

class InnerProductParameter(_message.Message):
    __slots__ = ("num_output", "bias_term", "weight_filler", "bias_filler", "axis", "transpose", "gemm_mode", "spmdm_transpose_in", "spmdm_transpose_out", "dump_parameter", "dump_activation", "engine", "relu", "negative_slope", "paramq", "params", "scale_in", "scale_out", "a_min", "a_max", "normalize")
    class GemmMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        GEMM: _ClassVar[InnerProductParameter.GemmMode]
        SPMDM: _ClassVar[InnerProductParameter.GemmMode]
        SPGEMM: _ClassVar[InnerProductParameter.GemmMode]
    GEMM: InnerProductParameter.GemmMode
    SPMDM: InnerProductParameter.GemmMode
    SPGEMM: InnerProductParameter.GemmMode
    class Engine(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DEFAULT: _ClassVar[InnerProductParameter.Engine]
        CAFFE: _ClassVar[InnerProductParameter.Engine]
        CUDNN: _ClassVar[InnerProductParameter.Engine]
        MKLDNN: _ClassVar[InnerProductParameter.Engine]
    DEFAULT: InnerProductParameter.Engine
    CAFFE: InnerProductParameter.Engine
    CUDNN: InnerProductParameter.Engine
    MKLDNN: InnerProductParameter.Engine
    NUM_OUTPUT_FIELD_NUMBER: _ClassVar[int]
    BIAS_TERM_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FILLER_FIELD_NUMBER: _ClassVar[int]
    BIAS_FILLER_FIELD_NUMBER: _ClassVar[int]
    AXIS_FIELD_NUMBER: _ClassVar[int]
    TRANSPOSE_FIELD_NUMBER: _ClassVar[int]
    GEMM_MODE_FIELD_NUMBER: _ClassVar[int]
    SPMDM_TRANSPOSE_IN_FIELD_NUMBER: _ClassVar[int]
    SPMDM_TRANSPOSE_OUT_FIELD_NUMBER: _ClassVar[int]
    DUMP_PARAMETER_FIELD_NUMBER: _ClassVar[int]
    DUMP_ACTIVATION_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    RELU_FIELD_NUMBER: _ClassVar[int]
    NEGATIVE_SLOPE_FIELD_NUMBER: _ClassVar[int]
    PARAMQ_FIELD_NUMBER: _ClassVar[int]
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    SCALE_IN_FIELD_NUMBER: _ClassVar[int]
    SCALE_OUT_FIELD_NUMBER: _ClassVar[int]
    A_MIN_FIELD_NUMBER: _ClassVar[int]
    A_MAX_FIELD_NUMBER: _ClassVar[int]
    NORMALIZE_FIELD_NUMBER: _ClassVar[int]
    num_output: int
    bias_term: bool
    weight_filler: FillerParameter
    bias_filler: FillerParameter
    axis: int
    transpose: bool
    gemm_mode: InnerProductParameter.GemmMode
    spmdm_transpose_in: bool
    spmdm_transpose_out: bool
    dump_parameter: bool
    dump_activation: bool
    engine: InnerProductParameter.Engine
    relu: bool
    negative_slope: float
    paramq: int
    params: float
    scale_in: float
    scale_out: float
    a_min: int
    a_max: int
    normalize: bool
    def __init__(self, num_output: _Optional[int] = ..., bias_term: _Optional[bool] = ..., weight_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., bias_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., axis: _Optional[int] = ..., transpose: _Optional[bool] = ..., gemm_mode: _Optional[_Union[InnerProductParameter.GemmMode, str]] = ..., spmdm_transpose_in: _Optional[bool] = ..., spmdm_transpose_out: _Optional[bool] = ..., dump_parameter: _Optional[bool] = ..., dump_activation: _Optional[bool] = ..., engine: _Optional[_Union[InnerProductParameter.Engine, str]] = ..., relu: _Optional[bool] = ..., negative_slope: _Optional[float] = ..., paramq: _Optional[int] = ..., params: _Optional[float] = ..., scale_in: _Optional[float] = ..., scale_out: _Optional[float] = ..., a_min: _Optional[int] = ..., a_max: _Optional[int] = ..., normalize: _Optional[bool] = ...) -> None: ...

class InstanceNormParameter(_message.Message):
    __slots__ = ("eps", "affine", "scale_filler", "bias_filler")
    EPS_FIELD_NUMBER: _ClassVar[int]
    AFFINE_FIELD_NUMBER: _ClassVar[int]
    SCALE_FILLER_FIELD_NUMBER: _ClassVar[int]
    BIAS_FILLER_FIELD_NUMBER: _ClassVar[int]
    eps: float
    affine: bool
    scale_filler: FillerParameter
    bias_filler: FillerParameter
    def __init__(self, eps: _Optional[float] = ..., affine: _Optional[bool] = ..., scale_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., bias_filler: _Optional[_Union[FillerParameter, _Mapping]] = ...) -> None: ...

class InputParameter(_message.Message):
    __slots__ = ("shape", "dim")
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    DIM_FIELD_NUMBER: _ClassVar[int]
    shape: _containers.RepeatedCompositeFieldContainer[BlobShape]
    dim: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, shape: _Optional[_Iterable[_Union[BlobShape, _Mapping]]] = ..., dim: _Optional[_Iterable[int]] = ...) -> None: ...

class LayerNormParameter(_message.Message):
    __slots__ = ("axis", "eps", "affine", "scale_filler", "bias_filler")
    AXIS_FIELD_NUMBER: _ClassVar[int]
    EPS_FIELD_NUMBER: _ClassVar[int]
    AFFINE_FIELD_NUMBER: _ClassVar[int]
    SCALE_FILLER_FIELD_NUMBER: _ClassVar[int]
    BIAS_FILLER_FIELD_NUMBER: _ClassVar[int]
    axis: int
    eps: float
    affine: bool
    scale_filler: FillerParameter
    bias_filler: FillerParameter
    def __init__(self, axis: _Optional[int] = ..., eps: _Optional[float] = ..., affine: _Optional[bool] = ..., scale_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., bias_filler: _Optional[_Union[FillerParameter, _Mapping]] = ...) -> None: ...

class LogParameter(_message.Message):
    __slots__ = ("base", "scale", "shift")
    BASE_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    SHIFT_FIELD_NUMBER: _ClassVar[int]
    base: float
    scale: float
    shift: float
    def __init__(self, base: _Optional[float] = ..., scale: _Optional[float] = ..., shift: _Optional[float] = ...) -> None: ...

class LRNParameter(_message.Message):
    __slots__ = ("local_size", "alpha", "beta", "norm_region", "k", "engine", "fuse_type", "pooling_param", "unit_test_mode", "unit_test_fuse_kernel")
    class NormRegion(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        ACROSS_CHANNELS: _ClassVar[LRNParameter.NormRegion]
        WITHIN_CHANNEL: _ClassVar[LRNParameter.NormRegion]
    ACROSS_CHANNELS: LRNParameter.NormRegion
    WITHIN_CHANNEL: LRNParameter.NormRegion
    class Engine(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DEFAULT: _ClassVar[LRNParameter.Engine]
        CAFFE: _ClassVar[LRNParameter.Engine]
        CUDNN: _ClassVar[LRNParameter.Engine]
        MKL2017: _ClassVar[LRNParameter.Engine]
        MKLDNN: _ClassVar[LRNParameter.Engine]
    DEFAULT: LRNParameter.Engine
    CAFFE: LRNParameter.Engine
    CUDNN: LRNParameter.Engine
    MKL2017: LRNParameter.Engine
    MKLDNN: LRNParameter.Engine
    class FuseType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        UNFUSED: _ClassVar[LRNParameter.FuseType]
        FUSED_POOL_MAX: _ClassVar[LRNParameter.FuseType]
    UNFUSED: LRNParameter.FuseType
    FUSED_POOL_MAX: LRNParameter.FuseType
    LOCAL_SIZE_FIELD_NUMBER: _ClassVar[int]
    ALPHA_FIELD_NUMBER: _ClassVar[int]
    BETA_FIELD_NUMBER: _ClassVar[int]
    NORM_REGION_FIELD_NUMBER: _ClassVar[int]
    K_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    FUSE_TYPE_FIELD_NUMBER: _ClassVar[int]
    POOLING_PARAM_FIELD_NUMBER: _ClassVar[int]
    UNIT_TEST_MODE_FIELD_NUMBER: _ClassVar[int]
    UNIT_TEST_FUSE_KERNEL_FIELD_NUMBER: _ClassVar[int]
    local_size: int
    alpha: float
    beta: float
    norm_region: LRNParameter.NormRegion
    k: float
    engine: LRNParameter.Engine
    fuse_type: LRNParameter.FuseType
    pooling_param: PoolingParameter
    unit_test_mode: bool
    unit_test_fuse_kernel: bool
    def __init__(self, local_size: _Optional[int] = ..., alpha: _Optional[float] = ..., beta: _Optional[float] = ..., norm_region: _Optional[_Union[LRNParameter.NormRegion, str]] = ..., k: _Optional[float] = ..., engine: _Optional[_Union[LRNParameter.Engine, str]] = ..., fuse_type: _Optional[_Union[LRNParameter.FuseType, str]] = ..., pooling_param: _Optional[_Union[PoolingParameter, _Mapping]] = ..., unit_test_mode: _Optional[bool] = ..., unit_test_fuse_kernel: _Optional[bool] = ...) -> None: ...

class MemoryDataParameter(_message.Message):
    __slots__ = ("batch_size", "channels", "height", "width", "dim", "length", "transpose")
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    DIM_FIELD_NUMBER: _ClassVar[int]
    LENGTH_FIELD_NUMBER: _ClassVar[int]
    TRANSPOSE_FIELD_NUMBER: _ClassVar[int]
    batch_size: int
    channels: int
    height: int
    width: int
    dim: _containers.RepeatedScalarFieldContainer[int]
    length: int
    transpose: bool
    def __init__(self, batch_size: _Optional[int] = ..., channels: _Optional[int] = ..., height: _Optional[int] = ..., width: _Optional[int] = ..., dim: _Optional[_Iterable[int]] = ..., length: _Optional[int] = ..., transpose: _Optional[bool] = ...) -> None: ...

class MVNParameter(_message.Message):
    __slots__ = ("normalize_variance", "across_channels", "eps")
    NORMALIZE_VARIANCE_FIELD_NUMBER: _ClassVar[int]
    ACROSS_CHANNELS_FIELD_NUMBER: _ClassVar[int]
    EPS_FIELD_NUMBER: _ClassVar[int]
    normalize_variance: bool
    across_channels: bool
    eps: float
    def __init__(self, normalize_variance: _Optional[bool] = ..., across_channels: _Optional[bool] = ..., eps: _Optional[float] = ...) -> None: ...

class ParameterParameter(_message.Message):
    __slots__ = ("shape", "blob_filler")
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    BLOB_FILLER_FIELD_NUMBER: _ClassVar[int]
    shape: BlobShape
    blob_filler: FillerParameter
    def __init__(self, shape: _Optional[_Union[BlobShape, _Mapping]] = ..., blob_filler: _Optional[_Union[FillerParameter, _Mapping]] = ...) -> None: ...

class PoolingParameter(_message.Message):
    __slots__ = ("pool", "pad", "pad_h", "pad_w", "kernel_size", "kernel_h", "kernel_w", "stride", "stride_h", "stride_w", "engine", "global_pooling", "round_mode", "kernel_depth", "temporal_stride", "torch_pooling", "pad_3d", "kernel_size_3d", "stride_3d", "avg_include_pad", "axis", "dilation", "kernel_shape", "pad_shape", "stride_shape")
    class PoolMethod(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        MAX: _ClassVar[PoolingParameter.PoolMethod]
        AVE: _ClassVar[PoolingParameter.PoolMethod]
        STOCHASTIC: _ClassVar[PoolingParameter.PoolMethod]
        RCM: _ClassVar[PoolingParameter.PoolMethod]
    MAX: PoolingParameter.PoolMethod
    AVE: PoolingParameter.PoolMethod
    STOCHASTIC: PoolingParameter.PoolMethod
    RCM: PoolingParameter.PoolMethod
    class Engine(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DEFAULT: _ClassVar[PoolingParameter.Engine]
        CAFFE: _ClassVar[PoolingParameter.Engine]
        CUDNN: _ClassVar[PoolingParameter.Engine]
        MKL2017: _ClassVar[PoolingParameter.Engine]
        MKLDNN: _ClassVar[PoolingParameter.Engine]
        LIBDNN: _ClassVar[PoolingParameter.Engine]
    DEFAULT: PoolingParameter.Engine
    CAFFE: PoolingParameter.Engine
    CUDNN: PoolingParameter.Engine
    MKL2017: PoolingParameter.Engine
    MKLDNN: PoolingParameter.Engine
    LIBDNN: PoolingParameter.Engine
    class RoundMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        CEIL: _ClassVar[PoolingParameter.RoundMode]
        FLOOR: _ClassVar[PoolingParameter.RoundMode]
    CEIL: PoolingParameter.RoundMode
    FLOOR: PoolingParameter.RoundMode
    POOL_FIELD_NUMBER: _ClassVar[int]
    PAD_FIELD_NUMBER: _ClassVar[int]
    PAD_H_FIELD_NUMBER: _ClassVar[int]
    PAD_W_FIELD_NUMBER: _ClassVar[int]
    KERNEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    KERNEL_H_FIELD_NUMBER: _ClassVar[int]
    KERNEL_W_FIELD_NUMBER: _ClassVar[int]
    STRIDE_FIELD_NUMBER: _ClassVar[int]
    STRIDE_H_FIELD_NUMBER: _ClassVar[int]
    STRIDE_W_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    GLOBAL_POOLING_FIELD_NUMBER: _ClassVar[int]
    ROUND_MODE_FIELD_NUMBER: _ClassVar[int]
    KERNEL_DEPTH_FIELD_NUMBER: _ClassVar[int]
    TEMPORAL_STRIDE_FIELD_NUMBER: _ClassVar[int]
    TORCH_POOLING_FIELD_NUMBER: _ClassVar[int]
    PAD_3D_FIELD_NUMBER: _ClassVar[int]
    KERNEL_SIZE_3D_FIELD_NUMBER: _ClassVar[int]
    STRIDE_3D_FIELD_NUMBER: _ClassVar[int]
    AVG_INCLUDE_PAD_FIELD_NUMBER: _ClassVar[int]
    AXIS_FIELD_NUMBER: _ClassVar[int]
    DILATION_FIELD_NUMBER: _ClassVar[int]
    KERNEL_SHAPE_FIELD_NUMBER: _ClassVar[int]
    PAD_SHAPE_FIELD_NUMBER: _ClassVar[int]
    STRIDE_SHAPE_FIELD_NUMBER: _ClassVar[int]
    pool: PoolingParameter.PoolMethod
    pad: int
    pad_h: int
    pad_w: int
    kernel_size: int
    kernel_h: int
    kernel_w: int
    stride: int
    stride_h: int
    stride_w: int
    engine: PoolingParameter.Engine
    global_pooling: bool
    round_mode: PoolingParameter.RoundMode
    kernel_depth: int
    temporal_stride: int
    torch_pooling: bool
    pad_3d: _containers.RepeatedScalarFieldContainer[int]
    kernel_size_3d: _containers.RepeatedScalarFieldContainer[int]
    stride_3d: _containers.RepeatedScalarFieldContainer[int]
    avg_include_pad: bool
    axis: int
    dilation: _containers.RepeatedScalarFieldContainer[int]
    kernel_shape: BlobShape
    pad_shape: BlobShape
    stride_shape: BlobShape
    def __init__(self, pool: _Optional[_Union[PoolingParameter.PoolMethod, str]] = ..., pad: _Optional[int] = ..., pad_h: _Optional[int] = ..., pad_w: _Optional[int] = ..., kernel_size: _Optional[int] = ..., kernel_h: _Optional[int] = ..., kernel_w: _Optional[int] = ..., stride: _Optional[int] = ..., stride_h: _Optional[int] = ..., stride_w: _Optional[int] = ..., engine: _Optional[_Union[PoolingParameter.Engine, str]] = ..., global_pooling: _Optional[bool] = ..., round_mode: _Optional[_Union[PoolingParameter.RoundMode, str]] = ..., kernel_depth: _Optional[int] = ..., temporal_stride: _Optional[int] = ..., torch_pooling: _Optional[bool] = ..., pad_3d: _Optional[_Iterable[int]] = ..., kernel_size_3d: _Optional[_Iterable[int]] = ..., stride_3d: _Optional[_Iterable[int]] = ..., avg_include_pad: _Optional[bool] = ..., axis: _Optional[int] = ..., dilation: _Optional[_Iterable[int]] = ..., kernel_shape: _Optional[_Union[BlobShape, _Mapping]] = ..., pad_shape: _Optional[_Union[BlobShape, _Mapping]] = ..., stride_shape: _Optional[_Union[BlobShape, _Mapping]] = ...) -> None: ...

class PowerParameter(_message.Message):
    __slots__ = ("power", "scale", "shift")
    POWER_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    SHIFT_FIELD_NUMBER: _ClassVar[int]
    power: float
    scale: float
    shift: float
    def __init__(self, power: _Optional[float] = ..., scale: _Optional[float] = ..., shift: _Optional[float] = ...) -> None: ...

class PReLUParameter(_message.Message):
    __slots__ = ("filler", "channel_shared")
    FILLER_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_SHARED_FIELD_NUMBER: _ClassVar[int]
    filler: FillerParameter
    channel_shared: bool
    def __init__(self, filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., channel_shared: _Optional[bool] = ...) -> None: ...

class PythonParameter(_message.Message):
    __slots__ = ("module", "layer", "param_str", "share_in_parallel")
    MODULE_FIELD_NUMBER: _ClassVar[int]
    LAYER_FIELD_NUMBER: _ClassVar[int]
    PARAM_STR_FIELD_NUMBER: _ClassVar[int]
    SHARE_IN_PARALLEL_FIELD_NUMBER: _ClassVar[int]
    module: str
    layer: str
    param_str: str
    share_in_parallel: bool
    def __init__(self, module: _Optional[str] = ..., layer: _Optional[str] = ..., param_str: _Optional[str] = ..., share_in_parallel: _Optional[bool] = ...) -> None: ...

class RecurrentParameter(_message.Message):
    __slots__ = ("num_output", "weight_filler", "bias_filler", "debug_info", "expose_hidden")
    NUM_OUTPUT_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FILLER_FIELD_NUMBER: _ClassVar[int]
    BIAS_FILLER_FIELD_NUMBER: _ClassVar[int]
    DEBUG_INFO_FIELD_NUMBER: _ClassVar[int]
    EXPOSE_HIDDEN_FIELD_NUMBER: _ClassVar[int]
    num_output: int
    weight_filler: FillerParameter
    bias_filler: FillerParameter
    debug_info: bool
    expose_hidden: bool
    def __init__(self, num_output: _Optional[int] = ..., weight_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., bias_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., debug_info: _Optional[bool] = ..., expose_hidden: _Optional[bool] = ...) -> None: ...

class ReductionParameter(_message.Message):
    __slots__ = ("operation", "axis", "coeff", "k", "dim_0", "dim_1", "dim_2", "dim_3", "keepdim")
    class ReductionOp(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        SUM: _ClassVar[ReductionParameter.ReductionOp]
        ASUM: _ClassVar[ReductionParameter.ReductionOp]
        SUMSQ: _ClassVar[ReductionParameter.ReductionOp]
        MEAN: _ClassVar[ReductionParameter.ReductionOp]
        TOPK: _ClassVar[ReductionParameter.ReductionOp]
    SUM: ReductionParameter.ReductionOp
    ASUM: ReductionParameter.ReductionOp
    SUMSQ: ReductionParameter.ReductionOp
    MEAN: ReductionParameter.ReductionOp
    TOPK: ReductionParameter.ReductionOp
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    AXIS_FIELD_NUMBER: _ClassVar[int]
    COEFF_FIELD_NUMBER: _ClassVar[int]
    K_FIELD_NUMBER: _ClassVar[int]
    DIM_0_FIELD_NUMBER: _ClassVar[int]
    DIM_1_FIELD_NUMBER: _ClassVar[int]
    DIM_2_FIELD_NUMBER: _ClassVar[int]
    DIM_3_FIELD_NUMBER: _ClassVar[int]
    KEEPDIM_FIELD_NUMBER: _ClassVar[int]
    operation: ReductionParameter.ReductionOp
    axis: int
    coeff: float
    k: int
    dim_0: int
    dim_1: int
    dim_2: int
    dim_3: int
    keepdim: int
    def __init__(self, operation: _Optional[_Union[ReductionParameter.ReductionOp, str]] = ..., axis: _Optional[int] = ..., coeff: _Optional[float] = ..., k: _Optional[int] = ..., dim_0: _Optional[int] = ..., dim_1: _Optional[int] = ..., dim_2: _Optional[int] = ..., dim_3: _Optional[int] = ..., keepdim: _Optional[int] = ...) -> None: ...

class ReLUParameter(_message.Message):
    __slots__ = ("negative_slope", "engine", "fuse")
    class Engine(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DEFAULT: _ClassVar[ReLUParameter.Engine]
        CAFFE: _ClassVar[ReLUParameter.Engine]
        CUDNN: _ClassVar[ReLUParameter.Engine]
        MKL2017: _ClassVar[ReLUParameter.Engine]
        MKLDNN: _ClassVar[ReLUParameter.Engine]
    DEFAULT: ReLUParameter.Engine
    CAFFE: ReLUParameter.Engine
    CUDNN: ReLUParameter.Engine
    MKL2017: ReLUParameter.Engine
    MKLDNN: ReLUParameter.Engine
    NEGATIVE_SLOPE_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    FUSE_FIELD_NUMBER: _ClassVar[int]
    negative_slope: float
    engine: ReLUParameter.Engine
    fuse: bool
    def __init__(self, negative_slope: _Optional[float] = ..., engine: _Optional[_Union[ReLUParameter.Engine, str]] = ..., fuse: _Optional[bool] = ...) -> None: ...

class ReshapeParameter(_message.Message):
    __slots__ = ("shape", "axis", "num_axes", "pixelshuffler")
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    AXIS_FIELD_NUMBER: _ClassVar[int]
    NUM_AXES_FIELD_NUMBER: _ClassVar[int]
    PIXELSHUFFLER_FIELD_NUMBER: _ClassVar[int]
    shape: BlobShape
    axis: int
    num_axes: int
    pixelshuffler: int
    def __init__(self, shape: _Optional[_Union[BlobShape, _Mapping]] = ..., axis: _Optional[int] = ..., num_axes: _Optional[int] = ..., pixelshuffler: _Optional[int] = ...) -> None: ...

class ScaleParameter(_message.Message):
    __slots__ = ("axis", "num_axes", "filler", "bias_term", "bias_filler", "min_value", "max_value")
    AXIS_FIELD_NUMBER: _ClassVar[int]
    NUM_AXES_FIELD_NUMBER: _ClassVar[int]
    FILLER_FIELD_NUMBER: _ClassVar[int]
    BIAS_TERM_FIELD_NUMBER: _ClassVar[int]
    BIAS_FILLER_FIELD_NUMBER: _ClassVar[int]
    MIN_VALUE_FIELD_NUMBER: _ClassVar[int]
    MAX_VALUE_FIELD_NUMBER: _ClassVar[int]
    axis: int
    num_axes: int
    filler: FillerParameter
    bias_term: bool
    bias_filler: FillerParameter
    min_value: float
    max_value: float
    def __init__(self, axis: _Optional[int] = ..., num_axes: _Optional[int] = ..., filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., bias_term: _Optional[bool] = ..., bias_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., min_value: _Optional[float] = ..., max_value: _Optional[float] = ...) -> None: ...

class SigmoidParameter(_message.Message):
    __slots__ = ("engine",)
    class Engine(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DEFAULT: _ClassVar[SigmoidParameter.Engine]
        CAFFE: _ClassVar[SigmoidParameter.Engine]
        CUDNN: _ClassVar[SigmoidParameter.Engine]
    DEFAULT: SigmoidParameter.Engine
    CAFFE: SigmoidParameter.Engine
    CUDNN: SigmoidParameter.Engine
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    engine: SigmoidParameter.Engine
    def __init__(self, engine: _Optional[_Union[SigmoidParameter.Engine, str]] = ...) -> None: ...

class SliceParameter(_message.Message):
    __slots__ = ("axis", "slice_point", "slice_dim")
    AXIS_FIELD_NUMBER: _ClassVar[int]
    SLICE_POINT_FIELD_NUMBER: _ClassVar[int]
    SLICE_DIM_FIELD_NUMBER: _ClassVar[int]
    axis: int
    slice_point: _containers.RepeatedScalarFieldContainer[int]
    slice_dim: int
    def __init__(self, axis: _Optional[int] = ..., slice_point: _Optional[_Iterable[int]] = ..., slice_dim: _Optional[int] = ...) -> None: ...

class SoftmaxParameter(_message.Message):
    __slots__ = ("engine", "axis", "scaling_temperature", "hard_ratio", "class_weight", "hard_mining_label", "cutting_point", "normalize_type", "label_smooth_factor")
    class Engine(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DEFAULT: _ClassVar[SoftmaxParameter.Engine]
        CAFFE: _ClassVar[SoftmaxParameter.Engine]
        CUDNN: _ClassVar[SoftmaxParameter.Engine]
    DEFAULT: SoftmaxParameter.Engine
    CAFFE: SoftmaxParameter.Engine
    CUDNN: SoftmaxParameter.Engine
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    AXIS_FIELD_NUMBER: _ClassVar[int]
    SCALING_TEMPERATURE_FIELD_NUMBER: _ClassVar[int]
    HARD_RATIO_FIELD_NUMBER: _ClassVar[int]
    CLASS_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    HARD_MINING_LABEL_FIELD_NUMBER: _ClassVar[int]
    CUTTING_POINT_FIELD_NUMBER: _ClassVar[int]
    NORMALIZE_TYPE_FIELD_NUMBER: _ClassVar[int]
    LABEL_SMOOTH_FACTOR_FIELD_NUMBER: _ClassVar[int]
    engine: SoftmaxParameter.Engine
    axis: int
    scaling_temperature: float
    hard_ratio: float
    class_weight: _containers.RepeatedScalarFieldContainer[float]
    hard_mining_label: int
    cutting_point: float
    normalize_type: str
    label_smooth_factor: float
    def __init__(self, engine: _Optional[_Union[SoftmaxParameter.Engine, str]] = ..., axis: _Optional[int] = ..., scaling_temperature: _Optional[float] = ..., hard_ratio: _Optional[float] = ..., class_weight: _Optional[_Iterable[float]] = ..., hard_mining_label: _Optional[int] = ..., cutting_point: _Optional[float] = ..., normalize_type: _Optional[str] = ..., label_smooth_factor: _Optional[float] = ...) -> None: ...

class SPPParameter(_message.Message):
    __slots__ = ("pyramid_height", "pool", "engine")
    class PoolMethod(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        MAX: _ClassVar[SPPParameter.PoolMethod]
        AVE: _ClassVar[SPPParameter.PoolMethod]
        STOCHASTIC: _ClassVar[SPPParameter.PoolMethod]
    MAX: SPPParameter.PoolMethod
    AVE: SPPParameter.PoolMethod
    STOCHASTIC: SPPParameter.PoolMethod
    class Engine(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DEFAULT: _ClassVar[SPPParameter.Engine]
        CAFFE: _ClassVar[SPPParameter.Engine]
        CUDNN: _ClassVar[SPPParameter.Engine]
    DEFAULT: SPPParameter.Engine
    CAFFE: SPPParameter.Engine
    CUDNN: SPPParameter.Engine
    PYRAMID_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    pyramid_height: int
    pool: SPPParameter.PoolMethod
    engine: SPPParameter.Engine
    def __init__(self, pyramid_height: _Optional[int] = ..., pool: _Optional[_Union[SPPParameter.PoolMethod, str]] = ..., engine: _Optional[_Union[SPPParameter.Engine, str]] = ...) -> None: ...

class SwishParameter(_message.Message):
    __slots__ = ("beta",)
    BETA_FIELD_NUMBER: _ClassVar[int]
    beta: float
    def __init__(self, beta: _Optional[float] = ...) -> None: ...

class TanHParameter(_message.Message):
    __slots__ = ("engine",)
    class Engine(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DEFAULT: _ClassVar[TanHParameter.Engine]
        CAFFE: _ClassVar[TanHParameter.Engine]
        CUDNN: _ClassVar[TanHParameter.Engine]
    DEFAULT: TanHParameter.Engine
    CAFFE: TanHParameter.Engine
    CUDNN: TanHParameter.Engine
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    engine: TanHParameter.Engine
    def __init__(self, engine: _Optional[_Union[TanHParameter.Engine, str]] = ...) -> None: ...

class ThresholdParameter(_message.Message):
    __slots__ = ("threshold",)
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    threshold: float
    def __init__(self, threshold: _Optional[float] = ...) -> None: ...

class TileParameter(_message.Message):
    __slots__ = ("axis", "tiles", "index")
    AXIS_FIELD_NUMBER: _ClassVar[int]
    TILES_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    axis: int
    tiles: int
    index: int
    def __init__(self, axis: _Optional[int] = ..., tiles: _Optional[int] = ..., index: _Optional[int] = ...) -> None: ...

class WindowDataParameter(_message.Message):
    __slots__ = ("source", "scale", "mean_file", "batch_size", "crop_size", "mirror", "fg_threshold", "bg_threshold", "fg_fraction", "context_pad", "crop_mode", "cache_images", "root_folder", "config")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    MEAN_FILE_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    CROP_SIZE_FIELD_NUMBER: _ClassVar[int]
    MIRROR_FIELD_NUMBER: _ClassVar[int]
    FG_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    BG_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    FG_FRACTION_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_PAD_FIELD_NUMBER: _ClassVar[int]
    CROP_MODE_FIELD_NUMBER: _ClassVar[int]
    CACHE_IMAGES_FIELD_NUMBER: _ClassVar[int]
    ROOT_FOLDER_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    source: str
    scale: float
    mean_file: str
    batch_size: int
    crop_size: int
    mirror: bool
    fg_threshold: float
    bg_threshold: float
    fg_fraction: float
    context_pad: int
    crop_mode: str
    cache_images: bool
    root_folder: str
    config: str
    def __init__(self, source: _Optional[str] = ..., scale: _Optional[float] = ..., mean_file: _Optional[str] = ..., batch_size: _Optional[int] = ..., crop_size: _Optional[int] = ..., mirror: _Optional[bool] = ..., fg_threshold: _Optional[float] = ..., bg_threshold: _Optional[float] = ..., fg_fraction: _Optional[float] = ..., context_pad: _Optional[int] = ..., crop_mode: _Optional[str] = ..., cache_images: _Optional[bool] = ..., root_folder: _Optional[str] = ..., config: _Optional[str] = ...) -> None: ...

class AnnotatedDataParameter(_message.Message):
    __slots__ = ("batch_sampler", "label_map_file", "anno_type", "yolo_data_type", "yolo_data_jitter", "train_diffcult", "single_class", "seg_scales", "seg_resize_width", "seg_resize_height", "difficult_label_warmup")
    BATCH_SAMPLER_FIELD_NUMBER: _ClassVar[int]
    LABEL_MAP_FILE_FIELD_NUMBER: _ClassVar[int]
    ANNO_TYPE_FIELD_NUMBER: _ClassVar[int]
    YOLO_DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    YOLO_DATA_JITTER_FIELD_NUMBER: _ClassVar[int]
    TRAIN_DIFFCULT_FIELD_NUMBER: _ClassVar[int]
    SINGLE_CLASS_FIELD_NUMBER: _ClassVar[int]
    SEG_SCALES_FIELD_NUMBER: _ClassVar[int]
    SEG_RESIZE_WIDTH_FIELD_NUMBER: _ClassVar[int]
    SEG_RESIZE_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    DIFFICULT_LABEL_WARMUP_FIELD_NUMBER: _ClassVar[int]
    batch_sampler: _containers.RepeatedCompositeFieldContainer[BatchSampler]
    label_map_file: str
    anno_type: AnnotatedDatum.AnnotationType
    yolo_data_type: int
    yolo_data_jitter: float
    train_diffcult: bool
    single_class: bool
    seg_scales: int
    seg_resize_width: int
    seg_resize_height: int
    difficult_label_warmup: bool
    def __init__(self, batch_sampler: _Optional[_Iterable[_Union[BatchSampler, _Mapping]]] = ..., label_map_file: _Optional[str] = ..., anno_type: _Optional[_Union[AnnotatedDatum.AnnotationType, str]] = ..., yolo_data_type: _Optional[int] = ..., yolo_data_jitter: _Optional[float] = ..., train_diffcult: _Optional[bool] = ..., single_class: _Optional[bool] = ..., seg_scales: _Optional[int] = ..., seg_resize_width: _Optional[int] = ..., seg_resize_height: _Optional[int] = ..., difficult_label_warmup: _Optional[bool] = ...) -> None: ...

class BatchSampler(_message.Message):
    __slots__ = ("use_original_image", "sampler", "sample_constraint", "max_sample", "max_trials")
    USE_ORIGINAL_IMAGE_FIELD_NUMBER: _ClassVar[int]
    SAMPLER_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_CONSTRAINT_FIELD_NUMBER: _ClassVar[int]
    MAX_SAMPLE_FIELD_NUMBER: _ClassVar[int]
    MAX_TRIALS_FIELD_NUMBER: _ClassVar[int]
    use_original_image: bool
    sampler: Sampler
    sample_constraint: SampleConstraint
    max_sample: int
    max_trials: int
    def __init__(self, use_original_image: _Optional[bool] = ..., sampler: _Optional[_Union[Sampler, _Mapping]] = ..., sample_constraint: _Optional[_Union[SampleConstraint, _Mapping]] = ..., max_sample: _Optional[int] = ..., max_trials: _Optional[int] = ...) -> None: ...

class BNParameter(_message.Message):
    __slots__ = ("slope_filler", "bias_filler", "momentum", "eps", "frozen", "engine", "scale_filler", "shift_filler", "bn_mode", "var_eps", "moving_average", "decay", "axis", "sync")
    class BNMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        LEARN: _ClassVar[BNParameter.BNMode]
        INFERENCE: _ClassVar[BNParameter.BNMode]
    LEARN: BNParameter.BNMode
    INFERENCE: BNParameter.BNMode
    class Engine(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DEFAULT: _ClassVar[BNParameter.Engine]
        CAFFE: _ClassVar[BNParameter.Engine]
        CUDNN: _ClassVar[BNParameter.Engine]
    DEFAULT: BNParameter.Engine
    CAFFE: BNParameter.Engine
    CUDNN: BNParameter.Engine
    SLOPE_FILLER_FIELD_NUMBER: _ClassVar[int]
    BIAS_FILLER_FIELD_NUMBER: _ClassVar[int]
    MOMENTUM_FIELD_NUMBER: _ClassVar[int]
    EPS_FIELD_NUMBER: _ClassVar[int]
    FROZEN_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    SCALE_FILLER_FIELD_NUMBER: _ClassVar[int]
    SHIFT_FILLER_FIELD_NUMBER: _ClassVar[int]
    BN_MODE_FIELD_NUMBER: _ClassVar[int]
    VAR_EPS_FIELD_NUMBER: _ClassVar[int]
    MOVING_AVERAGE_FIELD_NUMBER: _ClassVar[int]
    DECAY_FIELD_NUMBER: _ClassVar[int]
    AXIS_FIELD_NUMBER: _ClassVar[int]
    SYNC_FIELD_NUMBER: _ClassVar[int]
    slope_filler: FillerParameter
    bias_filler: FillerParameter
    momentum: float
    eps: float
    frozen: bool
    engine: BNParameter.Engine
    scale_filler: FillerParameter
    shift_filler: FillerParameter
    bn_mode: BNParameter.BNMode
    var_eps: float
    moving_average: bool
    decay: float
    axis: int
    sync: bool
    def __init__(self, slope_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., bias_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., momentum: _Optional[float] = ..., eps: _Optional[float] = ..., frozen: _Optional[bool] = ..., engine: _Optional[_Union[BNParameter.Engine, str]] = ..., scale_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., shift_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., bn_mode: _Optional[_Union[BNParameter.BNMode, str]] = ..., var_eps: _Optional[float] = ..., moving_average: _Optional[bool] = ..., decay: _Optional[float] = ..., axis: _Optional[int] = ..., sync: _Optional[bool] = ...) -> None: ...

class BoxAnnotatorOHEMParameter(_message.Message):
    __slots__ = ("roi_per_img", "ignore_label")
    ROI_PER_IMG_FIELD_NUMBER: _ClassVar[int]
    IGNORE_LABEL_FIELD_NUMBER: _ClassVar[int]
    roi_per_img: int
    ignore_label: int
    def __init__(self, roi_per_img: _Optional[int] = ..., ignore_label: _Optional[int] = ...) -> None: ...

class CenterLossParameter(_message.Message):
    __slots__ = ("num_output", "center_filler", "axis", "distance_type")
    NUM_OUTPUT_FIELD_NUMBER: _ClassVar[int]
    CENTER_FILLER_FIELD_NUMBER: _ClassVar[int]
    AXIS_FIELD_NUMBER: _ClassVar[int]
    DISTANCE_TYPE_FIELD_NUMBER: _ClassVar[int]
    num_output: int
    center_filler: FillerParameter
    axis: int
    distance_type: str
    def __init__(self, num_output: _Optional[int] = ..., center_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., axis: _Optional[int] = ..., distance_type: _Optional[str] = ...) -> None: ...

class ChannelShuffleParameter(_message.Message):
    __slots__ = ("shuffle_pattern", "shuffle_channel_num", "group")
    SHUFFLE_PATTERN_FIELD_NUMBER: _ClassVar[int]
    SHUFFLE_CHANNEL_NUM_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    shuffle_pattern: int
    shuffle_channel_num: int
    group: int
    def __init__(self, shuffle_pattern: _Optional[int] = ..., shuffle_channel_num: _Optional[int] = ..., group: _Optional[int] = ...) -> None: ...

class CorrelationParameter(_message.Message):
    __slots__ = ("pad", "kernel_size", "max_displacement", "stride_1", "stride_2", "do_abs", "single_direction", "correlation_type")
    class CorrelationType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        MULTIPLY: _ClassVar[CorrelationParameter.CorrelationType]
        SUBTRACT: _ClassVar[CorrelationParameter.CorrelationType]
    MULTIPLY: CorrelationParameter.CorrelationType
    SUBTRACT: CorrelationParameter.CorrelationType
    PAD_FIELD_NUMBER: _ClassVar[int]
    KERNEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    MAX_DISPLACEMENT_FIELD_NUMBER: _ClassVar[int]
    STRIDE_1_FIELD_NUMBER: _ClassVar[int]
    STRIDE_2_FIELD_NUMBER: _ClassVar[int]
    DO_ABS_FIELD_NUMBER: _ClassVar[int]
    SINGLE_DIRECTION_FIELD_NUMBER: _ClassVar[int]
    CORRELATION_TYPE_FIELD_NUMBER: _ClassVar[int]
    pad: int
    kernel_size: int
    max_displacement: int
    stride_1: int
    stride_2: int
    do_abs: bool
    single_direction: int
    correlation_type: CorrelationParameter.CorrelationType
    def __init__(self, pad: _Optional[int] = ..., kernel_size: _Optional[int] = ..., max_displacement: _Optional[int] = ..., stride_1: _Optional[int] = ..., stride_2: _Optional[int] = ..., do_abs: _Optional[bool] = ..., single_direction: _Optional[int] = ..., correlation_type: _Optional[_Union[CorrelationParameter.CorrelationType, str]] = ...) -> None: ...

class CropCenterParameter(_message.Message):
    __slots__ = ("crop_size",)
    CROP_SIZE_FIELD_NUMBER: _ClassVar[int]
    crop_size: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, crop_size: _Optional[_Iterable[int]] = ...) -> None: ...

class DenseImageDataParameter(_message.Message):
    __slots__ = ("source", "batch_size", "rand_skip", "shuffle", "new_height", "new_width", "is_color", "mean_file", "root_folder", "mirror", "crop_width", "crop_height", "rotate", "one_hot_nclasses", "label_divide_factor")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    RAND_SKIP_FIELD_NUMBER: _ClassVar[int]
    SHUFFLE_FIELD_NUMBER: _ClassVar[int]
    NEW_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    NEW_WIDTH_FIELD_NUMBER: _ClassVar[int]
    IS_COLOR_FIELD_NUMBER: _ClassVar[int]
    MEAN_FILE_FIELD_NUMBER: _ClassVar[int]
    ROOT_FOLDER_FIELD_NUMBER: _ClassVar[int]
    MIRROR_FIELD_NUMBER: _ClassVar[int]
    CROP_WIDTH_FIELD_NUMBER: _ClassVar[int]
    CROP_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    ROTATE_FIELD_NUMBER: _ClassVar[int]
    ONE_HOT_NCLASSES_FIELD_NUMBER: _ClassVar[int]
    LABEL_DIVIDE_FACTOR_FIELD_NUMBER: _ClassVar[int]
    source: str
    batch_size: int
    rand_skip: int
    shuffle: bool
    new_height: int
    new_width: int
    is_color: bool
    mean_file: str
    root_folder: str
    mirror: bool
    crop_width: int
    crop_height: int
    rotate: bool
    one_hot_nclasses: int
    label_divide_factor: float
    def __init__(self, source: _Optional[str] = ..., batch_size: _Optional[int] = ..., rand_skip: _Optional[int] = ..., shuffle: _Optional[bool] = ..., new_height: _Optional[int] = ..., new_width: _Optional[int] = ..., is_color: _Optional[bool] = ..., mean_file: _Optional[str] = ..., root_folder: _Optional[str] = ..., mirror: _Optional[bool] = ..., crop_width: _Optional[int] = ..., crop_height: _Optional[int] = ..., rotate: _Optional[bool] = ..., one_hot_nclasses: _Optional[int] = ..., label_divide_factor: _Optional[float] = ...) -> None: ...

class DetectionEvaluateParameter(_message.Message):
    __slots__ = ("num_classes", "background_label_id", "overlap_threshold", "evaluate_difficult_gt", "name_size_file", "resize_param", "output_logits")
    NUM_CLASSES_FIELD_NUMBER: _ClassVar[int]
    BACKGROUND_LABEL_ID_FIELD_NUMBER: _ClassVar[int]
    OVERLAP_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    EVALUATE_DIFFICULT_GT_FIELD_NUMBER: _ClassVar[int]
    NAME_SIZE_FILE_FIELD_NUMBER: _ClassVar[int]
    RESIZE_PARAM_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_LOGITS_FIELD_NUMBER: _ClassVar[int]
    num_classes: int
    background_label_id: int
    overlap_threshold: float
    evaluate_difficult_gt: bool
    name_size_file: str
    resize_param: ResizeParameter
    output_logits: bool
    def __init__(self, num_classes: _Optional[int] = ..., background_label_id: _Optional[int] = ..., overlap_threshold: _Optional[float] = ..., evaluate_difficult_gt: _Optional[bool] = ..., name_size_file: _Optional[str] = ..., resize_param: _Optional[_Union[ResizeParameter, _Mapping]] = ..., output_logits: _Optional[bool] = ...) -> None: ...

class DetectionOutputParameter(_message.Message):
    __slots__ = ("num_classes", "share_location", "background_label_id", "nms_param", "save_output_param", "code_type", "keep_top_k", "variance_encoded_in_target", "confidence_threshold", "visualize", "visualize_threshold", "save_file", "side", "num_box", "coords", "nms_threshold", "biases", "label_map_file", "objectness_score", "output_logits", "top_k", "normalized", "input_height", "input_width")
    NUM_CLASSES_FIELD_NUMBER: _ClassVar[int]
    SHARE_LOCATION_FIELD_NUMBER: _ClassVar[int]
    BACKGROUND_LABEL_ID_FIELD_NUMBER: _ClassVar[int]
    NMS_PARAM_FIELD_NUMBER: _ClassVar[int]
    SAVE_OUTPUT_PARAM_FIELD_NUMBER: _ClassVar[int]
    CODE_TYPE_FIELD_NUMBER: _ClassVar[int]
    KEEP_TOP_K_FIELD_NUMBER: _ClassVar[int]
    VARIANCE_ENCODED_IN_TARGET_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    VISUALIZE_FIELD_NUMBER: _ClassVar[int]
    VISUALIZE_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    SAVE_FILE_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    NUM_BOX_FIELD_NUMBER: _ClassVar[int]
    COORDS_FIELD_NUMBER: _ClassVar[int]
    NMS_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    BIASES_FIELD_NUMBER: _ClassVar[int]
    LABEL_MAP_FILE_FIELD_NUMBER: _ClassVar[int]
    OBJECTNESS_SCORE_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_LOGITS_FIELD_NUMBER: _ClassVar[int]
    TOP_K_FIELD_NUMBER: _ClassVar[int]
    NORMALIZED_FIELD_NUMBER: _ClassVar[int]
    INPUT_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    INPUT_WIDTH_FIELD_NUMBER: _ClassVar[int]
    num_classes: int
    share_location: bool
    background_label_id: int
    nms_param: NonMaximumSuppressionParameter
    save_output_param: SaveOutputParameter
    code_type: PriorBoxParameter.CodeType
    keep_top_k: int
    variance_encoded_in_target: bool
    confidence_threshold: float
    visualize: bool
    visualize_threshold: float
    save_file: str
    side: int
    num_box: int
    coords: int
    nms_threshold: float
    biases: _containers.RepeatedScalarFieldContainer[float]
    label_map_file: str
    objectness_score: float
    output_logits: bool
    top_k: int
    normalized: bool
    input_height: int
    input_width: int
    def __init__(self, num_classes: _Optional[int] = ..., share_location: _Optional[bool] = ..., background_label_id: _Optional[int] = ..., nms_param: _Optional[_Union[NonMaximumSuppressionParameter, _Mapping]] = ..., save_output_param: _Optional[_Union[SaveOutputParameter, _Mapping]] = ..., code_type: _Optional[_Union[PriorBoxParameter.CodeType, str]] = ..., keep_top_k: _Optional[int] = ..., variance_encoded_in_target: _Optional[bool] = ..., confidence_threshold: _Optional[float] = ..., visualize: _Optional[bool] = ..., visualize_threshold: _Optional[float] = ..., save_file: _Optional[str] = ..., side: _Optional[int] = ..., num_box: _Optional[int] = ..., coords: _Optional[int] = ..., nms_threshold: _Optional[float] = ..., biases: _Optional[_Iterable[float]] = ..., label_map_file: _Optional[str] = ..., objectness_score: _Optional[float] = ..., output_logits: _Optional[bool] = ..., top_k: _Optional[int] = ..., normalized: _Optional[bool] = ..., input_height: _Optional[int] = ..., input_width: _Optional[int] = ...) -> None: ...

class DistortionParameter(_message.Message):
    __slots__ = ("brightness_prob", "brightness_delta", "contrast_prob", "contrast_lower", "contrast_upper", "hue_prob", "hue_delta", "saturation_prob", "saturation_lower", "saturation_upper", "random_order_prob", "prob", "brightness", "contrast", "hue", "saturation", "random_order", "all_effects")
    BRIGHTNESS_PROB_FIELD_NUMBER: _ClassVar[int]
    BRIGHTNESS_DELTA_FIELD_NUMBER: _ClassVar[int]
    CONTRAST_PROB_FIELD_NUMBER: _ClassVar[int]
    CONTRAST_LOWER_FIELD_NUMBER: _ClassVar[int]
    CONTRAST_UPPER_FIELD_NUMBER: _ClassVar[int]
    HUE_PROB_FIELD_NUMBER: _ClassVar[int]
    HUE_DELTA_FIELD_NUMBER: _ClassVar[int]
    SATURATION_PROB_FIELD_NUMBER: _ClassVar[int]
    SATURATION_LOWER_FIELD_NUMBER: _ClassVar[int]
    SATURATION_UPPER_FIELD_NUMBER: _ClassVar[int]
    RANDOM_ORDER_PROB_FIELD_NUMBER: _ClassVar[int]
    PROB_FIELD_NUMBER: _ClassVar[int]
    BRIGHTNESS_FIELD_NUMBER: _ClassVar[int]
    CONTRAST_FIELD_NUMBER: _ClassVar[int]
    HUE_FIELD_NUMBER: _ClassVar[int]
    SATURATION_FIELD_NUMBER: _ClassVar[int]
    RANDOM_ORDER_FIELD_NUMBER: _ClassVar[int]
    ALL_EFFECTS_FIELD_NUMBER: _ClassVar[int]
    brightness_prob: float
    brightness_delta: float
    contrast_prob: float
    contrast_lower: float
    contrast_upper: float
    hue_prob: float
    hue_delta: float
    saturation_prob: float
    saturation_lower: float
    saturation_upper: float
    random_order_prob: float
    prob: float
    brightness: bool
    contrast: bool
    hue: bool
    saturation: bool
    random_order: bool
    all_effects: bool
    def __init__(self, brightness_prob: _Optional[float] = ..., brightness_delta: _Optional[float] = ..., contrast_prob: _Optional[float] = ..., contrast_lower: _Optional[float] = ..., contrast_upper: _Optional[float] = ..., hue_prob: _Optional[float] = ..., hue_delta: _Optional[float] = ..., saturation_prob: _Optional[float] = ..., saturation_lower: _Optional[float] = ..., saturation_upper: _Optional[float] = ..., random_order_prob: _Optional[float] = ..., prob: _Optional[float] = ..., brightness: _Optional[bool] = ..., contrast: _Optional[bool] = ..., hue: _Optional[bool] = ..., saturation: _Optional[bool] = ..., random_order: _Optional[bool] = ..., all_effects: _Optional[bool] = ...) -> None: ...

class EmitConstraint(_message.Message):
    __slots__ = ("emit_type", "emit_overlap")
    class EmitType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        CENTER: _ClassVar[EmitConstraint.EmitType]
        MIN_OVERLAP: _ClassVar[EmitConstraint.EmitType]
    CENTER: EmitConstraint.EmitType
    MIN_OVERLAP: EmitConstraint.EmitType
    EMIT_TYPE_FIELD_NUMBER: _ClassVar[int]
    EMIT_OVERLAP_FIELD_NUMBER: _ClassVar[int]
    emit_type: EmitConstraint.EmitType
    emit_overlap: float
    def __init__(self, emit_type: _Optional[_Union[EmitConstraint.EmitType, str]] = ..., emit_overlap: _Optional[float] = ...) -> None: ...

class ExpansionParameter(_message.Message):
    __slots__ = ("prob", "max_expand_ratio")
    PROB_FIELD_NUMBER: _ClassVar[int]
    MAX_EXPAND_RATIO_FIELD_NUMBER: _ClassVar[int]
    prob: float
    max_expand_ratio: float
    def __init__(self, prob: _Optional[float] = ..., max_expand_ratio: _Optional[float] = ...) -> None: ...

class FlowWarpParameter(_message.Message):
    __slots__ = ("fill_value",)
    class FillParameter(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        ZERO: _ClassVar[FlowWarpParameter.FillParameter]
        NOT_A_NUMBER: _ClassVar[FlowWarpParameter.FillParameter]
    ZERO: FlowWarpParameter.FillParameter
    NOT_A_NUMBER: FlowWarpParameter.FillParameter
    FILL_VALUE_FIELD_NUMBER: _ClassVar[int]
    fill_value: FlowWarpParameter.FillParameter
    def __init__(self, fill_value: _Optional[_Union[FlowWarpParameter.FillParameter, str]] = ...) -> None: ...

class ImResizeParameter(_message.Message):
    __slots__ = ("target_spatial_width", "target_spatial_height", "factor", "start_scale", "scale_gap")
    TARGET_SPATIAL_WIDTH_FIELD_NUMBER: _ClassVar[int]
    TARGET_SPATIAL_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    FACTOR_FIELD_NUMBER: _ClassVar[int]
    START_SCALE_FIELD_NUMBER: _ClassVar[int]
    SCALE_GAP_FIELD_NUMBER: _ClassVar[int]
    target_spatial_width: int
    target_spatial_height: int
    factor: float
    start_scale: float
    scale_gap: float
    def __init__(self, target_spatial_width: _Optional[int] = ..., target_spatial_height: _Optional[int] = ..., factor: _Optional[float] = ..., start_scale: _Optional[float] = ..., scale_gap: _Optional[float] = ...) -> None: ...

class InnerDistanceParameter(_message.Message):
    __slots__ = ("num_output", "bias_term", "weight_filler", "bias_filler", "axis", "transpose", "distance_type", "normalize", "update_center_only")
    NUM_OUTPUT_FIELD_NUMBER: _ClassVar[int]
    BIAS_TERM_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FILLER_FIELD_NUMBER: _ClassVar[int]
    BIAS_FILLER_FIELD_NUMBER: _ClassVar[int]
    AXIS_FIELD_NUMBER: _ClassVar[int]
    TRANSPOSE_FIELD_NUMBER: _ClassVar[int]
    DISTANCE_TYPE_FIELD_NUMBER: _ClassVar[int]
    NORMALIZE_FIELD_NUMBER: _ClassVar[int]
    UPDATE_CENTER_ONLY_FIELD_NUMBER: _ClassVar[int]
    num_output: int
    bias_term: bool
    weight_filler: FillerParameter
    bias_filler: FillerParameter
    axis: int
    transpose: bool
    distance_type: str
    normalize: bool
    update_center_only: bool
    def __init__(self, num_output: _Optional[int] = ..., bias_term: _Optional[bool] = ..., weight_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., bias_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., axis: _Optional[int] = ..., transpose: _Optional[bool] = ..., distance_type: _Optional[str] = ..., normalize: _Optional[bool] = ..., update_center_only: _Optional[bool] = ...) -> None: ...

class InsanityParameter(_message.Message):
    __slots__ = ("lb", "ub")
    LB_FIELD_NUMBER: _ClassVar[int]
    UB_FIELD_NUMBER: _ClassVar[int]
    lb: float
    ub: float
    def __init__(self, lb: _Optional[float] = ..., ub: _Optional[float] = ...) -> None: ...

class InterpParameter(_message.Message):
    __slots__ = ("height", "width", "zoom_factor", "shrink_factor", "pad_beg", "pad_end", "mode", "use_blob_size")
    class Mode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        LINEAR: _ClassVar[InterpParameter.Mode]
        NEAREST: _ClassVar[InterpParameter.Mode]
    LINEAR: InterpParameter.Mode
    NEAREST: InterpParameter.Mode
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    ZOOM_FACTOR_FIELD_NUMBER: _ClassVar[int]
    SHRINK_FACTOR_FIELD_NUMBER: _ClassVar[int]
    PAD_BEG_FIELD_NUMBER: _ClassVar[int]
    PAD_END_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    USE_BLOB_SIZE_FIELD_NUMBER: _ClassVar[int]
    height: int
    width: int
    zoom_factor: int
    shrink_factor: int
    pad_beg: int
    pad_end: int
    mode: InterpParameter.Mode
    use_blob_size: bool
    def __init__(self, height: _Optional[int] = ..., width: _Optional[int] = ..., zoom_factor: _Optional[int] = ..., shrink_factor: _Optional[int] = ..., pad_beg: _Optional[int] = ..., pad_end: _Optional[int] = ..., mode: _Optional[_Union[InterpParameter.Mode, str]] = ..., use_blob_size: _Optional[bool] = ...) -> None: ...

class L1LossParameter(_message.Message):
    __slots__ = ("l2_per_location", "l2_prescale_by_channels", "normalize_by_num_entries", "epsilon", "plateau")
    L2_PER_LOCATION_FIELD_NUMBER: _ClassVar[int]
    L2_PRESCALE_BY_CHANNELS_FIELD_NUMBER: _ClassVar[int]
    NORMALIZE_BY_NUM_ENTRIES_FIELD_NUMBER: _ClassVar[int]
    EPSILON_FIELD_NUMBER: _ClassVar[int]
    PLATEAU_FIELD_NUMBER: _ClassVar[int]
    l2_per_location: bool
    l2_prescale_by_channels: bool
    normalize_by_num_entries: bool
    epsilon: float
    plateau: float
    def __init__(self, l2_per_location: _Optional[bool] = ..., l2_prescale_by_channels: _Optional[bool] = ..., normalize_by_num_entries: _Optional[bool] = ..., epsilon: _Optional[float] = ..., plateau: _Optional[float] = ...) -> None: ...

class LabelSpecificRescaleParameter(_message.Message):
    __slots__ = ("positive_weight", "negative_weight", "positive_lower_bound", "negative_upper_bound", "rescale_test", "for_ip", "positive_weight_base", "gamma", "power", "positive_weight_min", "positive_weight_max", "iteration", "bias_fix", "power_on_positive")
    POSITIVE_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    NEGATIVE_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    POSITIVE_LOWER_BOUND_FIELD_NUMBER: _ClassVar[int]
    NEGATIVE_UPPER_BOUND_FIELD_NUMBER: _ClassVar[int]
    RESCALE_TEST_FIELD_NUMBER: _ClassVar[int]
    FOR_IP_FIELD_NUMBER: _ClassVar[int]
    POSITIVE_WEIGHT_BASE_FIELD_NUMBER: _ClassVar[int]
    GAMMA_FIELD_NUMBER: _ClassVar[int]
    POWER_FIELD_NUMBER: _ClassVar[int]
    POSITIVE_WEIGHT_MIN_FIELD_NUMBER: _ClassVar[int]
    POSITIVE_WEIGHT_MAX_FIELD_NUMBER: _ClassVar[int]
    ITERATION_FIELD_NUMBER: _ClassVar[int]
    BIAS_FIX_FIELD_NUMBER: _ClassVar[int]
    POWER_ON_POSITIVE_FIELD_NUMBER: _ClassVar[int]
    positive_weight: float
    negative_weight: float
    positive_lower_bound: float
    negative_upper_bound: float
    rescale_test: bool
    for_ip: bool
    positive_weight_base: float
    gamma: float
    power: float
    positive_weight_min: float
    positive_weight_max: float
    iteration: int
    bias_fix: bool
    power_on_positive: bool
    def __init__(self, positive_weight: _Optional[float] = ..., negative_weight: _Optional[float] = ..., positive_lower_bound: _Optional[float] = ..., negative_upper_bound: _Optional[float] = ..., rescale_test: _Optional[bool] = ..., for_ip: _Optional[bool] = ..., positive_weight_base: _Optional[float] = ..., gamma: _Optional[float] = ..., power: _Optional[float] = ..., positive_weight_min: _Optional[float] = ..., positive_weight_max: _Optional[float] = ..., iteration: _Optional[int] = ..., bias_fix: _Optional[bool] = ..., power_on_positive: _Optional[bool] = ...) -> None: ...

class MultiBoxLossParameter(_message.Message):
    __slots__ = ("loc_loss_type", "conf_loss_type", "loc_weight", "num_classes", "share_location", "match_type", "overlap_threshold", "use_prior_for_matching", "background_label_id", "use_difficult_gt", "do_neg_mining", "neg_pos_ratio", "neg_overlap", "code_type", "encode_variance_in_target", "map_object_to_agnostic", "ignore_cross_boundary_bbox", "bp_inside", "mining_type", "nms_param", "sample_size", "use_prior_for_nms", "ignore_difficult_gt", "objectness_score")
    class LocLossType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        L2: _ClassVar[MultiBoxLossParameter.LocLossType]
        SMOOTH_L1: _ClassVar[MultiBoxLossParameter.LocLossType]
    L2: MultiBoxLossParameter.LocLossType
    SMOOTH_L1: MultiBoxLossParameter.LocLossType
    class ConfLossType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        SOFTMAX: _ClassVar[MultiBoxLossParameter.ConfLossType]
        LOGISTIC: _ClassVar[MultiBoxLossParameter.ConfLossType]
    SOFTMAX: MultiBoxLossParameter.ConfLossType
    LOGISTIC: MultiBoxLossParameter.ConfLossType
    class MatchType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        BIPARTITE: _ClassVar[MultiBoxLossParameter.MatchType]
        PER_PREDICTION: _ClassVar[MultiBoxLossParameter.MatchType]
    BIPARTITE: MultiBoxLossParameter.MatchType
    PER_PREDICTION: MultiBoxLossParameter.MatchType
    class MiningType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NONE: _ClassVar[MultiBoxLossParameter.MiningType]
        MAX_NEGATIVE: _ClassVar[MultiBoxLossParameter.MiningType]
        HARD_EXAMPLE: _ClassVar[MultiBoxLossParameter.MiningType]
    NONE: MultiBoxLossParameter.MiningType
    MAX_NEGATIVE: MultiBoxLossParameter.MiningType
    HARD_EXAMPLE: MultiBoxLossParameter.MiningType
    LOC_LOSS_TYPE_FIELD_NUMBER: _ClassVar[int]
    CONF_LOSS_TYPE_FIELD_NUMBER: _ClassVar[int]
    LOC_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    NUM_CLASSES_FIELD_NUMBER: _ClassVar[int]
    SHARE_LOCATION_FIELD_NUMBER: _ClassVar[int]
    MATCH_TYPE_FIELD_NUMBER: _ClassVar[int]
    OVERLAP_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    USE_PRIOR_FOR_MATCHING_FIELD_NUMBER: _ClassVar[int]
    BACKGROUND_LABEL_ID_FIELD_NUMBER: _ClassVar[int]
    USE_DIFFICULT_GT_FIELD_NUMBER: _ClassVar[int]
    DO_NEG_MINING_FIELD_NUMBER: _ClassVar[int]
    NEG_POS_RATIO_FIELD_NUMBER: _ClassVar[int]
    NEG_OVERLAP_FIELD_NUMBER: _ClassVar[int]
    CODE_TYPE_FIELD_NUMBER: _ClassVar[int]
    ENCODE_VARIANCE_IN_TARGET_FIELD_NUMBER: _ClassVar[int]
    MAP_OBJECT_TO_AGNOSTIC_FIELD_NUMBER: _ClassVar[int]
    IGNORE_CROSS_BOUNDARY_BBOX_FIELD_NUMBER: _ClassVar[int]
    BP_INSIDE_FIELD_NUMBER: _ClassVar[int]
    MINING_TYPE_FIELD_NUMBER: _ClassVar[int]
    NMS_PARAM_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_SIZE_FIELD_NUMBER: _ClassVar[int]
    USE_PRIOR_FOR_NMS_FIELD_NUMBER: _ClassVar[int]
    IGNORE_DIFFICULT_GT_FIELD_NUMBER: _ClassVar[int]
    OBJECTNESS_SCORE_FIELD_NUMBER: _ClassVar[int]
    loc_loss_type: MultiBoxLossParameter.LocLossType
    conf_loss_type: MultiBoxLossParameter.ConfLossType
    loc_weight: float
    num_classes: int
    share_location: bool
    match_type: MultiBoxLossParameter.MatchType
    overlap_threshold: float
    use_prior_for_matching: bool
    background_label_id: int
    use_difficult_gt: bool
    do_neg_mining: bool
    neg_pos_ratio: float
    neg_overlap: float
    code_type: PriorBoxParameter.CodeType
    encode_variance_in_target: bool
    map_object_to_agnostic: bool
    ignore_cross_boundary_bbox: bool
    bp_inside: bool
    mining_type: MultiBoxLossParameter.MiningType
    nms_param: NonMaximumSuppressionParameter
    sample_size: int
    use_prior_for_nms: bool
    ignore_difficult_gt: bool
    objectness_score: float
    def __init__(self, loc_loss_type: _Optional[_Union[MultiBoxLossParameter.LocLossType, str]] = ..., conf_loss_type: _Optional[_Union[MultiBoxLossParameter.ConfLossType, str]] = ..., loc_weight: _Optional[float] = ..., num_classes: _Optional[int] = ..., share_location: _Optional[bool] = ..., match_type: _Optional[_Union[MultiBoxLossParameter.MatchType, str]] = ..., overlap_threshold: _Optional[float] = ..., use_prior_for_matching: _Optional[bool] = ..., background_label_id: _Optional[int] = ..., use_difficult_gt: _Optional[bool] = ..., do_neg_mining: _Optional[bool] = ..., neg_pos_ratio: _Optional[float] = ..., neg_overlap: _Optional[float] = ..., code_type: _Optional[_Union[PriorBoxParameter.CodeType, str]] = ..., encode_variance_in_target: _Optional[bool] = ..., map_object_to_agnostic: _Optional[bool] = ..., ignore_cross_boundary_bbox: _Optional[bool] = ..., bp_inside: _Optional[bool] = ..., mining_type: _Optional[_Union[MultiBoxLossParameter.MiningType, str]] = ..., nms_param: _Optional[_Union[NonMaximumSuppressionParameter, _Mapping]] = ..., sample_size: _Optional[int] = ..., use_prior_for_nms: _Optional[bool] = ..., ignore_difficult_gt: _Optional[bool] = ..., objectness_score: _Optional[float] = ...) -> None: ...

class MultiStageMeanfieldParameter(_message.Message):
    __slots__ = ("compatibility_mode", "threshold", "theta_gamma", "theta_alpha", "theta_beta", "num_iterations", "spatial_filter_weight", "bilateral_filter_weight", "spatial_filter_weights_str", "bilateral_filter_weights_str", "force_cpu")
    class Mode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        POTTS: _ClassVar[MultiStageMeanfieldParameter.Mode]
        SEMI_METRIC: _ClassVar[MultiStageMeanfieldParameter.Mode]
        METRIC: _ClassVar[MultiStageMeanfieldParameter.Mode]
    POTTS: MultiStageMeanfieldParameter.Mode
    SEMI_METRIC: MultiStageMeanfieldParameter.Mode
    METRIC: MultiStageMeanfieldParameter.Mode
    COMPATIBILITY_MODE_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    THETA_GAMMA_FIELD_NUMBER: _ClassVar[int]
    THETA_ALPHA_FIELD_NUMBER: _ClassVar[int]
    THETA_BETA_FIELD_NUMBER: _ClassVar[int]
    NUM_ITERATIONS_FIELD_NUMBER: _ClassVar[int]
    SPATIAL_FILTER_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    BILATERAL_FILTER_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    SPATIAL_FILTER_WEIGHTS_STR_FIELD_NUMBER: _ClassVar[int]
    BILATERAL_FILTER_WEIGHTS_STR_FIELD_NUMBER: _ClassVar[int]
    FORCE_CPU_FIELD_NUMBER: _ClassVar[int]
    compatibility_mode: MultiStageMeanfieldParameter.Mode
    threshold: float
    theta_gamma: float
    theta_alpha: float
    theta_beta: float
    num_iterations: int
    spatial_filter_weight: float
    bilateral_filter_weight: float
    spatial_filter_weights_str: str
    bilateral_filter_weights_str: str
    force_cpu: bool
    def __init__(self, compatibility_mode: _Optional[_Union[MultiStageMeanfieldParameter.Mode, str]] = ..., threshold: _Optional[float] = ..., theta_gamma: _Optional[float] = ..., theta_alpha: _Optional[float] = ..., theta_beta: _Optional[float] = ..., num_iterations: _Optional[int] = ..., spatial_filter_weight: _Optional[float] = ..., bilateral_filter_weight: _Optional[float] = ..., spatial_filter_weights_str: _Optional[str] = ..., bilateral_filter_weights_str: _Optional[str] = ..., force_cpu: _Optional[bool] = ...) -> None: ...

class NmsParameter(_message.Message):
    __slots__ = ("threshold", "num_peak", "max_peaks", "num_parts")
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    NUM_PEAK_FIELD_NUMBER: _ClassVar[int]
    MAX_PEAKS_FIELD_NUMBER: _ClassVar[int]
    NUM_PARTS_FIELD_NUMBER: _ClassVar[int]
    threshold: float
    num_peak: int
    max_peaks: int
    num_parts: int
    def __init__(self, threshold: _Optional[float] = ..., num_peak: _Optional[int] = ..., max_peaks: _Optional[int] = ..., num_parts: _Optional[int] = ...) -> None: ...

class NoiseParameter(_message.Message):
    __slots__ = ("prob", "hist_eq", "inverse", "decolorize", "gauss_blur", "jpeg", "posterize", "erode", "saltpepper", "saltpepper_param", "clahe", "convert_to_hsv", "convert_to_lab", "all_effects", "mu", "sigma", "gaussian_std", "uniform_range", "bias")
    PROB_FIELD_NUMBER: _ClassVar[int]
    HIST_EQ_FIELD_NUMBER: _ClassVar[int]
    INVERSE_FIELD_NUMBER: _ClassVar[int]
    DECOLORIZE_FIELD_NUMBER: _ClassVar[int]
    GAUSS_BLUR_FIELD_NUMBER: _ClassVar[int]
    JPEG_FIELD_NUMBER: _ClassVar[int]
    POSTERIZE_FIELD_NUMBER: _ClassVar[int]
    ERODE_FIELD_NUMBER: _ClassVar[int]
    SALTPEPPER_FIELD_NUMBER: _ClassVar[int]
    SALTPEPPER_PARAM_FIELD_NUMBER: _ClassVar[int]
    CLAHE_FIELD_NUMBER: _ClassVar[int]
    CONVERT_TO_HSV_FIELD_NUMBER: _ClassVar[int]
    CONVERT_TO_LAB_FIELD_NUMBER: _ClassVar[int]
    ALL_EFFECTS_FIELD_NUMBER: _ClassVar[int]
    MU_FIELD_NUMBER: _ClassVar[int]
    SIGMA_FIELD_NUMBER: _ClassVar[int]
    GAUSSIAN_STD_FIELD_NUMBER: _ClassVar[int]
    UNIFORM_RANGE_FIELD_NUMBER: _ClassVar[int]
    BIAS_FIELD_NUMBER: _ClassVar[int]
    prob: float
    hist_eq: bool
    inverse: bool
    decolorize: bool
    gauss_blur: bool
    jpeg: float
    posterize: bool
    erode: bool
    saltpepper: bool
    saltpepper_param: SaltPepperParameter
    clahe: bool
    convert_to_hsv: bool
    convert_to_lab: bool
    all_effects: bool
    mu: float
    sigma: float
    gaussian_std: float
    uniform_range: float
    bias: float
    def __init__(self, prob: _Optional[float] = ..., hist_eq: _Optional[bool] = ..., inverse: _Optional[bool] = ..., decolorize: _Optional[bool] = ..., gauss_blur: _Optional[bool] = ..., jpeg: _Optional[float] = ..., posterize: _Optional[bool] = ..., erode: _Optional[bool] = ..., saltpepper: _Optional[bool] = ..., saltpepper_param: _Optional[_Union[SaltPepperParameter, _Mapping]] = ..., clahe: _Optional[bool] = ..., convert_to_hsv: _Optional[bool] = ..., convert_to_lab: _Optional[bool] = ..., all_effects: _Optional[bool] = ..., mu: _Optional[float] = ..., sigma: _Optional[float] = ..., gaussian_std: _Optional[float] = ..., uniform_range: _Optional[float] = ..., bias: _Optional[float] = ...) -> None: ...

class NonMaximumSuppressionParameter(_message.Message):
    __slots__ = ("nms_threshold", "top_k", "eta", "soft_nms", "theta")
    NMS_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    TOP_K_FIELD_NUMBER: _ClassVar[int]
    ETA_FIELD_NUMBER: _ClassVar[int]
    SOFT_NMS_FIELD_NUMBER: _ClassVar[int]
    THETA_FIELD_NUMBER: _ClassVar[int]
    nms_threshold: float
    top_k: int
    eta: float
    soft_nms: bool
    theta: float
    def __init__(self, nms_threshold: _Optional[float] = ..., top_k: _Optional[int] = ..., eta: _Optional[float] = ..., soft_nms: _Optional[bool] = ..., theta: _Optional[float] = ...) -> None: ...

class NormalizeParameter(_message.Message):
    __slots__ = ("across_spatial", "scale_filler", "channel_shared", "eps", "normalize_type", "fix_gradient", "bp_norm")
    ACROSS_SPATIAL_FIELD_NUMBER: _ClassVar[int]
    SCALE_FILLER_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_SHARED_FIELD_NUMBER: _ClassVar[int]
    EPS_FIELD_NUMBER: _ClassVar[int]
    NORMALIZE_TYPE_FIELD_NUMBER: _ClassVar[int]
    FIX_GRADIENT_FIELD_NUMBER: _ClassVar[int]
    BP_NORM_FIELD_NUMBER: _ClassVar[int]
    across_spatial: bool
    scale_filler: FillerParameter
    channel_shared: bool
    eps: float
    normalize_type: str
    fix_gradient: bool
    bp_norm: bool
    def __init__(self, across_spatial: _Optional[bool] = ..., scale_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., channel_shared: _Optional[bool] = ..., eps: _Optional[float] = ..., normalize_type: _Optional[str] = ..., fix_gradient: _Optional[bool] = ..., bp_norm: _Optional[bool] = ...) -> None: ...

class NormFaceParameter(_message.Message):
    __slots__ = ("normalize_type", "fix_gradient", "bp_norm")
    NORMALIZE_TYPE_FIELD_NUMBER: _ClassVar[int]
    FIX_GRADIENT_FIELD_NUMBER: _ClassVar[int]
    BP_NORM_FIELD_NUMBER: _ClassVar[int]
    normalize_type: str
    fix_gradient: bool
    bp_norm: bool
    def __init__(self, normalize_type: _Optional[str] = ..., fix_gradient: _Optional[bool] = ..., bp_norm: _Optional[bool] = ...) -> None: ...

class PermuteParameter(_message.Message):
    __slots__ = ("order",)
    ORDER_FIELD_NUMBER: _ClassVar[int]
    order: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, order: _Optional[_Iterable[int]] = ...) -> None: ...

class PriorBoxParameter(_message.Message):
    __slots__ = ("min_size", "max_size", "aspect_ratio", "flip", "clip", "variance", "img_size", "img_h", "img_w", "step", "step_h", "step_w", "offset", "width", "height", "offset_w", "offset_h")
    class CodeType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        CORNER: _ClassVar[PriorBoxParameter.CodeType]
        CENTER_SIZE: _ClassVar[PriorBoxParameter.CodeType]
        CORNER_SIZE: _ClassVar[PriorBoxParameter.CodeType]
    CORNER: PriorBoxParameter.CodeType
    CENTER_SIZE: PriorBoxParameter.CodeType
    CORNER_SIZE: PriorBoxParameter.CodeType
    MIN_SIZE_FIELD_NUMBER: _ClassVar[int]
    MAX_SIZE_FIELD_NUMBER: _ClassVar[int]
    ASPECT_RATIO_FIELD_NUMBER: _ClassVar[int]
    FLIP_FIELD_NUMBER: _ClassVar[int]
    CLIP_FIELD_NUMBER: _ClassVar[int]
    VARIANCE_FIELD_NUMBER: _ClassVar[int]
    IMG_SIZE_FIELD_NUMBER: _ClassVar[int]
    IMG_H_FIELD_NUMBER: _ClassVar[int]
    IMG_W_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    STEP_H_FIELD_NUMBER: _ClassVar[int]
    STEP_W_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    OFFSET_W_FIELD_NUMBER: _ClassVar[int]
    OFFSET_H_FIELD_NUMBER: _ClassVar[int]
    min_size: _containers.RepeatedScalarFieldContainer[float]
    max_size: _containers.RepeatedScalarFieldContainer[float]
    aspect_ratio: _containers.RepeatedScalarFieldContainer[float]
    flip: bool
    clip: bool
    variance: _containers.RepeatedScalarFieldContainer[float]
    img_size: int
    img_h: int
    img_w: int
    step: float
    step_h: float
    step_w: float
    offset: float
    width: _containers.RepeatedScalarFieldContainer[float]
    height: _containers.RepeatedScalarFieldContainer[float]
    offset_w: _containers.RepeatedScalarFieldContainer[float]
    offset_h: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, min_size: _Optional[_Iterable[float]] = ..., max_size: _Optional[_Iterable[float]] = ..., aspect_ratio: _Optional[_Iterable[float]] = ..., flip: _Optional[bool] = ..., clip: _Optional[bool] = ..., variance: _Optional[_Iterable[float]] = ..., img_size: _Optional[int] = ..., img_h: _Optional[int] = ..., img_w: _Optional[int] = ..., step: _Optional[float] = ..., step_h: _Optional[float] = ..., step_w: _Optional[float] = ..., offset: _Optional[float] = ..., width: _Optional[_Iterable[float]] = ..., height: _Optional[_Iterable[float]] = ..., offset_w: _Optional[_Iterable[float]] = ..., offset_h: _Optional[_Iterable[float]] = ...) -> None: ...

class ProposalParameter(_message.Message):
    __slots__ = ("feat_stride", "base_size", "min_size", "ratio", "scale", "pre_nms_topn", "post_nms_topn", "nms_thresh", "nms_input_num", "nms_output_num", "stride_h", "stride_w", "nms_iou_th", "min_width", "min_height", "anchor")
    class Anchor(_message.Message):
        __slots__ = ("left", "top", "right", "bottom")
        LEFT_FIELD_NUMBER: _ClassVar[int]
        TOP_FIELD_NUMBER: _ClassVar[int]
        RIGHT_FIELD_NUMBER: _ClassVar[int]
        BOTTOM_FIELD_NUMBER: _ClassVar[int]
        left: float
        top: float
        right: float
        bottom: float
        def __init__(self, left: _Optional[float] = ..., top: _Optional[float] = ..., right: _Optional[float] = ..., bottom: _Optional[float] = ...) -> None: ...
    FEAT_STRIDE_FIELD_NUMBER: _ClassVar[int]
    BASE_SIZE_FIELD_NUMBER: _ClassVar[int]
    MIN_SIZE_FIELD_NUMBER: _ClassVar[int]
    RATIO_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    PRE_NMS_TOPN_FIELD_NUMBER: _ClassVar[int]
    POST_NMS_TOPN_FIELD_NUMBER: _ClassVar[int]
    NMS_THRESH_FIELD_NUMBER: _ClassVar[int]
    NMS_INPUT_NUM_FIELD_NUMBER: _ClassVar[int]
    NMS_OUTPUT_NUM_FIELD_NUMBER: _ClassVar[int]
    STRIDE_H_FIELD_NUMBER: _ClassVar[int]
    STRIDE_W_FIELD_NUMBER: _ClassVar[int]
    NMS_IOU_TH_FIELD_NUMBER: _ClassVar[int]
    MIN_WIDTH_FIELD_NUMBER: _ClassVar[int]
    MIN_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    ANCHOR_FIELD_NUMBER: _ClassVar[int]
    feat_stride: int
    base_size: int
    min_size: int
    ratio: _containers.RepeatedScalarFieldContainer[float]
    scale: _containers.RepeatedScalarFieldContainer[float]
    pre_nms_topn: int
    post_nms_topn: int
    nms_thresh: float
    nms_input_num: int
    nms_output_num: int
    stride_h: int
    stride_w: int
    nms_iou_th: float
    min_width: float
    min_height: float
    anchor: _containers.RepeatedCompositeFieldContainer[ProposalParameter.Anchor]
    def __init__(self, feat_stride: _Optional[int] = ..., base_size: _Optional[int] = ..., min_size: _Optional[int] = ..., ratio: _Optional[_Iterable[float]] = ..., scale: _Optional[_Iterable[float]] = ..., pre_nms_topn: _Optional[int] = ..., post_nms_topn: _Optional[int] = ..., nms_thresh: _Optional[float] = ..., nms_input_num: _Optional[int] = ..., nms_output_num: _Optional[int] = ..., stride_h: _Optional[int] = ..., stride_w: _Optional[int] = ..., nms_iou_th: _Optional[float] = ..., min_width: _Optional[float] = ..., min_height: _Optional[float] = ..., anchor: _Optional[_Iterable[_Union[ProposalParameter.Anchor, _Mapping]]] = ...) -> None: ...

class PSROIPoolingParameter(_message.Message):
    __slots__ = ("spatial_scale", "output_dim", "group_size")
    SPATIAL_SCALE_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_DIM_FIELD_NUMBER: _ClassVar[int]
    GROUP_SIZE_FIELD_NUMBER: _ClassVar[int]
    spatial_scale: float
    output_dim: int
    group_size: int
    def __init__(self, spatial_scale: _Optional[float] = ..., output_dim: _Optional[int] = ..., group_size: _Optional[int] = ...) -> None: ...

class RegionParameter(_message.Message):
    __slots__ = ("classes", "coords", "boxes_of_each_grid", "softmax", "biases", "confidence_threshold", "label_map_file", "nms_threshold", "num_box", "num_classes", "side")
    CLASSES_FIELD_NUMBER: _ClassVar[int]
    COORDS_FIELD_NUMBER: _ClassVar[int]
    BOXES_OF_EACH_GRID_FIELD_NUMBER: _ClassVar[int]
    SOFTMAX_FIELD_NUMBER: _ClassVar[int]
    BIASES_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    LABEL_MAP_FILE_FIELD_NUMBER: _ClassVar[int]
    NMS_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    NUM_BOX_FIELD_NUMBER: _ClassVar[int]
    NUM_CLASSES_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    classes: int
    coords: int
    boxes_of_each_grid: int
    softmax: bool
    biases: _containers.RepeatedScalarFieldContainer[float]
    confidence_threshold: float
    label_map_file: str
    nms_threshold: float
    num_box: int
    num_classes: int
    side: int
    def __init__(self, classes: _Optional[int] = ..., coords: _Optional[int] = ..., boxes_of_each_grid: _Optional[int] = ..., softmax: _Optional[bool] = ..., biases: _Optional[_Iterable[float]] = ..., confidence_threshold: _Optional[float] = ..., label_map_file: _Optional[str] = ..., nms_threshold: _Optional[float] = ..., num_box: _Optional[int] = ..., num_classes: _Optional[int] = ..., side: _Optional[int] = ...) -> None: ...

class RandVecParameter(_message.Message):
    __slots__ = ("batch_size", "dim", "height", "width", "lower", "upper", "repeat", "value")
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    DIM_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    LOWER_FIELD_NUMBER: _ClassVar[int]
    UPPER_FIELD_NUMBER: _ClassVar[int]
    REPEAT_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    batch_size: int
    dim: int
    height: int
    width: int
    lower: float
    upper: float
    repeat: int
    value: float
    def __init__(self, batch_size: _Optional[int] = ..., dim: _Optional[int] = ..., height: _Optional[int] = ..., width: _Optional[int] = ..., lower: _Optional[float] = ..., upper: _Optional[float] = ..., repeat: _Optional[int] = ..., value: _Optional[float] = ...) -> None: ...

class RandvecParameter(_message.Message):
    __slots__ = ("batch_size", "dim", "lower", "upper", "repeat", "height", "width")
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    DIM_FIELD_NUMBER: _ClassVar[int]
    LOWER_FIELD_NUMBER: _ClassVar[int]
    UPPER_FIELD_NUMBER: _ClassVar[int]
    REPEAT_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    batch_size: int
    dim: int
    lower: float
    upper: float
    repeat: int
    height: int
    width: int
    def __init__(self, batch_size: _Optional[int] = ..., dim: _Optional[int] = ..., lower: _Optional[float] = ..., upper: _Optional[float] = ..., repeat: _Optional[int] = ..., height: _Optional[int] = ..., width: _Optional[int] = ...) -> None: ...

class DocDataParameter(_message.Message):
    __slots__ = ("sources", "weights", "batch_size", "rand_skip", "backend", "label_names", "missing_value")
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    RAND_SKIP_FIELD_NUMBER: _ClassVar[int]
    BACKEND_FIELD_NUMBER: _ClassVar[int]
    LABEL_NAMES_FIELD_NUMBER: _ClassVar[int]
    MISSING_VALUE_FIELD_NUMBER: _ClassVar[int]
    sources: _containers.RepeatedScalarFieldContainer[str]
    weights: _containers.RepeatedScalarFieldContainer[float]
    batch_size: int
    rand_skip: int
    backend: DataParameter.DB
    label_names: _containers.RepeatedScalarFieldContainer[str]
    missing_value: int
    def __init__(self, sources: _Optional[_Iterable[str]] = ..., weights: _Optional[_Iterable[float]] = ..., batch_size: _Optional[int] = ..., rand_skip: _Optional[int] = ..., backend: _Optional[_Union[DataParameter.DB, str]] = ..., label_names: _Optional[_Iterable[str]] = ..., missing_value: _Optional[int] = ...) -> None: ...

class ImageTransformationParameter(_message.Message):
    __slots__ = ("params",)
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    params: _containers.RepeatedCompositeFieldContainer[ProbImageTransformParameter]
    def __init__(self, params: _Optional[_Iterable[_Union[ProbImageTransformParameter, _Mapping]]] = ...) -> None: ...

class ProbImageTransformParameter(_message.Message):
    __slots__ = ("resize_params", "crop_params", "reflect_params", "linear_params", "channel_params", "resize_prob_weights", "crop_prob_weights", "reflect_prob_weights", "linear_prob_weights", "channel_prob_weights")
    RESIZE_PARAMS_FIELD_NUMBER: _ClassVar[int]
    CROP_PARAMS_FIELD_NUMBER: _ClassVar[int]
    REFLECT_PARAMS_FIELD_NUMBER: _ClassVar[int]
    LINEAR_PARAMS_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_PARAMS_FIELD_NUMBER: _ClassVar[int]
    RESIZE_PROB_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    CROP_PROB_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    REFLECT_PROB_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    LINEAR_PROB_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_PROB_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    resize_params: _containers.RepeatedCompositeFieldContainer[ResizeTransformParameter]
    crop_params: _containers.RepeatedCompositeFieldContainer[CropTransformParameter]
    reflect_params: _containers.RepeatedCompositeFieldContainer[ReflectTransformParameter]
    linear_params: _containers.RepeatedCompositeFieldContainer[LinearTransformParameter]
    channel_params: _containers.RepeatedCompositeFieldContainer[ChannelTransformParameter]
    resize_prob_weights: _containers.RepeatedScalarFieldContainer[float]
    crop_prob_weights: _containers.RepeatedScalarFieldContainer[float]
    reflect_prob_weights: _containers.RepeatedScalarFieldContainer[float]
    linear_prob_weights: _containers.RepeatedScalarFieldContainer[float]
    channel_prob_weights: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, resize_params: _Optional[_Iterable[_Union[ResizeTransformParameter, _Mapping]]] = ..., crop_params: _Optional[_Iterable[_Union[CropTransformParameter, _Mapping]]] = ..., reflect_params: _Optional[_Iterable[_Union[ReflectTransformParameter, _Mapping]]] = ..., linear_params: _Optional[_Iterable[_Union[LinearTransformParameter, _Mapping]]] = ..., channel_params: _Optional[_Iterable[_Union[ChannelTransformParameter, _Mapping]]] = ..., resize_prob_weights: _Optional[_Iterable[float]] = ..., crop_prob_weights: _Optional[_Iterable[float]] = ..., reflect_prob_weights: _Optional[_Iterable[float]] = ..., linear_prob_weights: _Optional[_Iterable[float]] = ..., channel_prob_weights: _Optional[_Iterable[float]] = ...) -> None: ...

class ResizeTransformParameter(_message.Message):
    __slots__ = ("width", "height", "size", "width_perc", "height_perc", "size_perc", "interpolation")
    class Interpolation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        INTER_NEAREST: _ClassVar[ResizeTransformParameter.Interpolation]
        INTER_LINEAR: _ClassVar[ResizeTransformParameter.Interpolation]
        INTER_AREA: _ClassVar[ResizeTransformParameter.Interpolation]
        INTER_CUBIC: _ClassVar[ResizeTransformParameter.Interpolation]
        INTER_LANCZOS4: _ClassVar[ResizeTransformParameter.Interpolation]
    INTER_NEAREST: ResizeTransformParameter.Interpolation
    INTER_LINEAR: ResizeTransformParameter.Interpolation
    INTER_AREA: ResizeTransformParameter.Interpolation
    INTER_CUBIC: ResizeTransformParameter.Interpolation
    INTER_LANCZOS4: ResizeTransformParameter.Interpolation
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    WIDTH_PERC_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_PERC_FIELD_NUMBER: _ClassVar[int]
    SIZE_PERC_FIELD_NUMBER: _ClassVar[int]
    INTERPOLATION_FIELD_NUMBER: _ClassVar[int]
    width: _containers.RepeatedScalarFieldContainer[int]
    height: _containers.RepeatedScalarFieldContainer[int]
    size: _containers.RepeatedScalarFieldContainer[int]
    width_perc: _containers.RepeatedScalarFieldContainer[float]
    height_perc: _containers.RepeatedScalarFieldContainer[float]
    size_perc: _containers.RepeatedScalarFieldContainer[float]
    interpolation: ResizeTransformParameter.Interpolation
    def __init__(self, width: _Optional[_Iterable[int]] = ..., height: _Optional[_Iterable[int]] = ..., size: _Optional[_Iterable[int]] = ..., width_perc: _Optional[_Iterable[float]] = ..., height_perc: _Optional[_Iterable[float]] = ..., size_perc: _Optional[_Iterable[float]] = ..., interpolation: _Optional[_Union[ResizeTransformParameter.Interpolation, str]] = ...) -> None: ...

class CropTransformParameter(_message.Message):
    __slots__ = ("width", "height", "size", "width_perc", "height_perc", "size_perc", "location")
    class CropLocation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        RANDOM: _ClassVar[CropTransformParameter.CropLocation]
        CENTER: _ClassVar[CropTransformParameter.CropLocation]
        RAND_CORNER: _ClassVar[CropTransformParameter.CropLocation]
    RANDOM: CropTransformParameter.CropLocation
    CENTER: CropTransformParameter.CropLocation
    RAND_CORNER: CropTransformParameter.CropLocation
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    WIDTH_PERC_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_PERC_FIELD_NUMBER: _ClassVar[int]
    SIZE_PERC_FIELD_NUMBER: _ClassVar[int]
    LOCATION_FIELD_NUMBER: _ClassVar[int]
    width: _containers.RepeatedScalarFieldContainer[int]
    height: _containers.RepeatedScalarFieldContainer[int]
    size: _containers.RepeatedScalarFieldContainer[int]
    width_perc: _containers.RepeatedScalarFieldContainer[float]
    height_perc: _containers.RepeatedScalarFieldContainer[float]
    size_perc: _containers.RepeatedScalarFieldContainer[float]
    location: CropTransformParameter.CropLocation
    def __init__(self, width: _Optional[_Iterable[int]] = ..., height: _Optional[_Iterable[int]] = ..., size: _Optional[_Iterable[int]] = ..., width_perc: _Optional[_Iterable[float]] = ..., height_perc: _Optional[_Iterable[float]] = ..., size_perc: _Optional[_Iterable[float]] = ..., location: _Optional[_Union[CropTransformParameter.CropLocation, str]] = ...) -> None: ...

class ReflectTransformParameter(_message.Message):
    __slots__ = ("horz_reflect_prob", "vert_reflect_prob")
    HORZ_REFLECT_PROB_FIELD_NUMBER: _ClassVar[int]
    VERT_REFLECT_PROB_FIELD_NUMBER: _ClassVar[int]
    horz_reflect_prob: float
    vert_reflect_prob: float
    def __init__(self, horz_reflect_prob: _Optional[float] = ..., vert_reflect_prob: _Optional[float] = ...) -> None: ...

class LinearTransformParameter(_message.Message):
    __slots__ = ("shift", "scale", "shift_file", "scale_file", "interpolation", "error_on_size_mismatch")
    SHIFT_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    SHIFT_FILE_FIELD_NUMBER: _ClassVar[int]
    SCALE_FILE_FIELD_NUMBER: _ClassVar[int]
    INTERPOLATION_FIELD_NUMBER: _ClassVar[int]
    ERROR_ON_SIZE_MISMATCH_FIELD_NUMBER: _ClassVar[int]
    shift: _containers.RepeatedScalarFieldContainer[float]
    scale: _containers.RepeatedScalarFieldContainer[float]
    shift_file: str
    scale_file: str
    interpolation: ResizeTransformParameter.Interpolation
    error_on_size_mismatch: bool
    def __init__(self, shift: _Optional[_Iterable[float]] = ..., scale: _Optional[_Iterable[float]] = ..., shift_file: _Optional[str] = ..., scale_file: _Optional[str] = ..., interpolation: _Optional[_Union[ResizeTransformParameter.Interpolation, str]] = ..., error_on_size_mismatch: _Optional[bool] = ...) -> None: ...

class ChannelTransformParameter(_message.Message):
    __slots__ = ("to_color", "to_gray", "to_binary", "binary_threshold", "append")
    TO_COLOR_FIELD_NUMBER: _ClassVar[int]
    TO_GRAY_FIELD_NUMBER: _ClassVar[int]
    TO_BINARY_FIELD_NUMBER: _ClassVar[int]
    BINARY_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    APPEND_FIELD_NUMBER: _ClassVar[int]
    to_color: bool
    to_gray: bool
    to_binary: bool
    binary_threshold: float
    append: bool
    def __init__(self, to_color: _Optional[bool] = ..., to_gray: _Optional[bool] = ..., to_binary: _Optional[bool] = ..., binary_threshold: _Optional[float] = ..., append: _Optional[bool] = ...) -> None: ...

class RenderParameter(_message.Message):
    __slots__ = ("num_output",)
    NUM_OUTPUT_FIELD_NUMBER: _ClassVar[int]
    num_output: int
    def __init__(self, num_output: _Optional[int] = ...) -> None: ...

class ReorgParameter(_message.Message):
    __slots__ = ("stride", "reverse")
    STRIDE_FIELD_NUMBER: _ClassVar[int]
    REVERSE_FIELD_NUMBER: _ClassVar[int]
    stride: int
    reverse: bool
    def __init__(self, stride: _Optional[int] = ..., reverse: _Optional[bool] = ...) -> None: ...

class ResampleParameter(_message.Message):
    __slots__ = ("width", "height", "type", "antialias", "factor")
    class ResampleType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NEAREST: _ClassVar[ResampleParameter.ResampleType]
        LINEAR: _ClassVar[ResampleParameter.ResampleType]
        CUBIC: _ClassVar[ResampleParameter.ResampleType]
        AREA: _ClassVar[ResampleParameter.ResampleType]
    NEAREST: ResampleParameter.ResampleType
    LINEAR: ResampleParameter.ResampleType
    CUBIC: ResampleParameter.ResampleType
    AREA: ResampleParameter.ResampleType
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    ANTIALIAS_FIELD_NUMBER: _ClassVar[int]
    FACTOR_FIELD_NUMBER: _ClassVar[int]
    width: int
    height: int
    type: ResampleParameter.ResampleType
    antialias: bool
    factor: float
    def __init__(self, width: _Optional[int] = ..., height: _Optional[int] = ..., type: _Optional[_Union[ResampleParameter.ResampleType, str]] = ..., antialias: _Optional[bool] = ..., factor: _Optional[float] = ...) -> None: ...

class ResizeParameter(_message.Message):
    __slots__ = ("prob", "resize_mode", "height", "width", "pad_mode", "pad_value", "interp_mode", "height_scale", "width_scale", "is_pyramid_test", "out_height_scale", "out_width_scale", "max_angle", "center_object")
    class Resize_mode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        WARP: _ClassVar[ResizeParameter.Resize_mode]
        FIT_SMALL_SIZE: _ClassVar[ResizeParameter.Resize_mode]
        FIT_LARGE_SIZE_AND_PAD: _ClassVar[ResizeParameter.Resize_mode]
    WARP: ResizeParameter.Resize_mode
    FIT_SMALL_SIZE: ResizeParameter.Resize_mode
    FIT_LARGE_SIZE_AND_PAD: ResizeParameter.Resize_mode
    class Pad_mode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        CONSTANT: _ClassVar[ResizeParameter.Pad_mode]
        MIRRORED: _ClassVar[ResizeParameter.Pad_mode]
        REPEAT_NEAREST: _ClassVar[ResizeParameter.Pad_mode]
    CONSTANT: ResizeParameter.Pad_mode
    MIRRORED: ResizeParameter.Pad_mode
    REPEAT_NEAREST: ResizeParameter.Pad_mode
    class Interp_mode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        LINEAR: _ClassVar[ResizeParameter.Interp_mode]
        AREA: _ClassVar[ResizeParameter.Interp_mode]
        NEAREST: _ClassVar[ResizeParameter.Interp_mode]
        CUBIC: _ClassVar[ResizeParameter.Interp_mode]
        LANCZOS4: _ClassVar[ResizeParameter.Interp_mode]
    LINEAR: ResizeParameter.Interp_mode
    AREA: ResizeParameter.Interp_mode
    NEAREST: ResizeParameter.Interp_mode
    CUBIC: ResizeParameter.Interp_mode
    LANCZOS4: ResizeParameter.Interp_mode
    PROB_FIELD_NUMBER: _ClassVar[int]
    RESIZE_MODE_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    PAD_MODE_FIELD_NUMBER: _ClassVar[int]
    PAD_VALUE_FIELD_NUMBER: _ClassVar[int]
    INTERP_MODE_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_SCALE_FIELD_NUMBER: _ClassVar[int]
    WIDTH_SCALE_FIELD_NUMBER: _ClassVar[int]
    IS_PYRAMID_TEST_FIELD_NUMBER: _ClassVar[int]
    OUT_HEIGHT_SCALE_FIELD_NUMBER: _ClassVar[int]
    OUT_WIDTH_SCALE_FIELD_NUMBER: _ClassVar[int]
    MAX_ANGLE_FIELD_NUMBER: _ClassVar[int]
    CENTER_OBJECT_FIELD_NUMBER: _ClassVar[int]
    prob: float
    resize_mode: ResizeParameter.Resize_mode
    height: int
    width: int
    pad_mode: ResizeParameter.Pad_mode
    pad_value: _containers.RepeatedScalarFieldContainer[float]
    interp_mode: _containers.RepeatedScalarFieldContainer[ResizeParameter.Interp_mode]
    height_scale: int
    width_scale: int
    is_pyramid_test: bool
    out_height_scale: float
    out_width_scale: float
    max_angle: float
    center_object: bool
    def __init__(self, prob: _Optional[float] = ..., resize_mode: _Optional[_Union[ResizeParameter.Resize_mode, str]] = ..., height: _Optional[int] = ..., width: _Optional[int] = ..., pad_mode: _Optional[_Union[ResizeParameter.Pad_mode, str]] = ..., pad_value: _Optional[_Iterable[float]] = ..., interp_mode: _Optional[_Iterable[_Union[ResizeParameter.Interp_mode, str]]] = ..., height_scale: _Optional[int] = ..., width_scale: _Optional[int] = ..., is_pyramid_test: _Optional[bool] = ..., out_height_scale: _Optional[float] = ..., out_width_scale: _Optional[float] = ..., max_angle: _Optional[float] = ..., center_object: _Optional[bool] = ...) -> None: ...

class ReverseParameter(_message.Message):
    __slots__ = ("axis",)
    AXIS_FIELD_NUMBER: _ClassVar[int]
    axis: int
    def __init__(self, axis: _Optional[int] = ...) -> None: ...

class ROIAlignParameter(_message.Message):
    __slots__ = ("pooled_h", "pooled_w", "spatial_scale", "sampling_ratio")
    POOLED_H_FIELD_NUMBER: _ClassVar[int]
    POOLED_W_FIELD_NUMBER: _ClassVar[int]
    SPATIAL_SCALE_FIELD_NUMBER: _ClassVar[int]
    SAMPLING_RATIO_FIELD_NUMBER: _ClassVar[int]
    pooled_h: int
    pooled_w: int
    spatial_scale: float
    sampling_ratio: int
    def __init__(self, pooled_h: _Optional[int] = ..., pooled_w: _Optional[int] = ..., spatial_scale: _Optional[float] = ..., sampling_ratio: _Optional[int] = ...) -> None: ...

class ROIPoolingParameter(_message.Message):
    __slots__ = ("pooled_h", "pooled_w", "spatial_scale", "pad_ratio", "pooled_size", "bi_type", "is_multi_interpolate")
    POOLED_H_FIELD_NUMBER: _ClassVar[int]
    POOLED_W_FIELD_NUMBER: _ClassVar[int]
    SPATIAL_SCALE_FIELD_NUMBER: _ClassVar[int]
    PAD_RATIO_FIELD_NUMBER: _ClassVar[int]
    POOLED_SIZE_FIELD_NUMBER: _ClassVar[int]
    BI_TYPE_FIELD_NUMBER: _ClassVar[int]
    IS_MULTI_INTERPOLATE_FIELD_NUMBER: _ClassVar[int]
    pooled_h: int
    pooled_w: int
    spatial_scale: float
    pad_ratio: float
    pooled_size: _containers.RepeatedScalarFieldContainer[int]
    bi_type: int
    is_multi_interpolate: bool
    def __init__(self, pooled_h: _Optional[int] = ..., pooled_w: _Optional[int] = ..., spatial_scale: _Optional[float] = ..., pad_ratio: _Optional[float] = ..., pooled_size: _Optional[_Iterable[int]] = ..., bi_type: _Optional[int] = ..., is_multi_interpolate: _Optional[bool] = ...) -> None: ...

class SaltPepperParameter(_message.Message):
    __slots__ = ("fraction", "value")
    FRACTION_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    fraction: float
    value: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, fraction: _Optional[float] = ..., value: _Optional[_Iterable[float]] = ...) -> None: ...

class SampleConstraint(_message.Message):
    __slots__ = ("min_jaccard_overlap", "max_jaccard_overlap", "min_sample_coverage", "max_sample_coverage", "min_object_coverage", "max_object_coverage")
    MIN_JACCARD_OVERLAP_FIELD_NUMBER: _ClassVar[int]
    MAX_JACCARD_OVERLAP_FIELD_NUMBER: _ClassVar[int]
    MIN_SAMPLE_COVERAGE_FIELD_NUMBER: _ClassVar[int]
    MAX_SAMPLE_COVERAGE_FIELD_NUMBER: _ClassVar[int]
    MIN_OBJECT_COVERAGE_FIELD_NUMBER: _ClassVar[int]
    MAX_OBJECT_COVERAGE_FIELD_NUMBER: _ClassVar[int]
    min_jaccard_overlap: float
    max_jaccard_overlap: float
    min_sample_coverage: float
    max_sample_coverage: float
    min_object_coverage: float
    max_object_coverage: float
    def __init__(self, min_jaccard_overlap: _Optional[float] = ..., max_jaccard_overlap: _Optional[float] = ..., min_sample_coverage: _Optional[float] = ..., max_sample_coverage: _Optional[float] = ..., min_object_coverage: _Optional[float] = ..., max_object_coverage: _Optional[float] = ...) -> None: ...

class Sampler(_message.Message):
    __slots__ = ("min_scale", "max_scale", "min_aspect_ratio", "max_aspect_ratio")
    MIN_SCALE_FIELD_NUMBER: _ClassVar[int]
    MAX_SCALE_FIELD_NUMBER: _ClassVar[int]
    MIN_ASPECT_RATIO_FIELD_NUMBER: _ClassVar[int]
    MAX_ASPECT_RATIO_FIELD_NUMBER: _ClassVar[int]
    min_scale: float
    max_scale: float
    min_aspect_ratio: float
    max_aspect_ratio: float
    def __init__(self, min_scale: _Optional[float] = ..., max_scale: _Optional[float] = ..., min_aspect_ratio: _Optional[float] = ..., max_aspect_ratio: _Optional[float] = ...) -> None: ...

class SaveOutputParameter(_message.Message):
    __slots__ = ("output_directory", "output_name_prefix", "output_format", "label_map_file", "name_size_file", "num_test_image", "resize_param")
    OUTPUT_DIRECTORY_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_NAME_PREFIX_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FORMAT_FIELD_NUMBER: _ClassVar[int]
    LABEL_MAP_FILE_FIELD_NUMBER: _ClassVar[int]
    NAME_SIZE_FILE_FIELD_NUMBER: _ClassVar[int]
    NUM_TEST_IMAGE_FIELD_NUMBER: _ClassVar[int]
    RESIZE_PARAM_FIELD_NUMBER: _ClassVar[int]
    output_directory: str
    output_name_prefix: str
    output_format: str
    label_map_file: str
    name_size_file: str
    num_test_image: int
    resize_param: ResizeParameter
    def __init__(self, output_directory: _Optional[str] = ..., output_name_prefix: _Optional[str] = ..., output_format: _Optional[str] = ..., label_map_file: _Optional[str] = ..., name_size_file: _Optional[str] = ..., num_test_image: _Optional[int] = ..., resize_param: _Optional[_Union[ResizeParameter, _Mapping]] = ...) -> None: ...

class ShuffleChannelParameter(_message.Message):
    __slots__ = ("group",)
    GROUP_FIELD_NUMBER: _ClassVar[int]
    group: int
    def __init__(self, group: _Optional[int] = ...) -> None: ...

class SmoothL1LossParameter(_message.Message):
    __slots__ = ("sigma",)
    SIGMA_FIELD_NUMBER: _ClassVar[int]
    sigma: float
    def __init__(self, sigma: _Optional[float] = ...) -> None: ...

class TransposeParameter(_message.Message):
    __slots__ = ("dim",)
    DIM_FIELD_NUMBER: _ClassVar[int]
    dim: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, dim: _Optional[_Iterable[int]] = ...) -> None: ...

class UnpoolingParameter(_message.Message):
    __slots__ = ("unpool", "kernel_size", "stride", "pad", "kernel_h", "kernel_w", "stride_h", "stride_w", "pad_h", "pad_w", "engine", "unpool_size", "unpool_h", "unpool_w")
    class UnpoolMethod(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        MAX: _ClassVar[UnpoolingParameter.UnpoolMethod]
        AVE: _ClassVar[UnpoolingParameter.UnpoolMethod]
        TILE: _ClassVar[UnpoolingParameter.UnpoolMethod]
    MAX: UnpoolingParameter.UnpoolMethod
    AVE: UnpoolingParameter.UnpoolMethod
    TILE: UnpoolingParameter.UnpoolMethod
    class Engine(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DEFAULT: _ClassVar[UnpoolingParameter.Engine]
        CAFFE: _ClassVar[UnpoolingParameter.Engine]
    DEFAULT: UnpoolingParameter.Engine
    CAFFE: UnpoolingParameter.Engine
    UNPOOL_FIELD_NUMBER: _ClassVar[int]
    KERNEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    STRIDE_FIELD_NUMBER: _ClassVar[int]
    PAD_FIELD_NUMBER: _ClassVar[int]
    KERNEL_H_FIELD_NUMBER: _ClassVar[int]
    KERNEL_W_FIELD_NUMBER: _ClassVar[int]
    STRIDE_H_FIELD_NUMBER: _ClassVar[int]
    STRIDE_W_FIELD_NUMBER: _ClassVar[int]
    PAD_H_FIELD_NUMBER: _ClassVar[int]
    PAD_W_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    UNPOOL_SIZE_FIELD_NUMBER: _ClassVar[int]
    UNPOOL_H_FIELD_NUMBER: _ClassVar[int]
    UNPOOL_W_FIELD_NUMBER: _ClassVar[int]
    unpool: UnpoolingParameter.UnpoolMethod
    kernel_size: int
    stride: int
    pad: int
    kernel_h: int
    kernel_w: int
    stride_h: int
    stride_w: int
    pad_h: int
    pad_w: int
    engine: UnpoolingParameter.Engine
    unpool_size: int
    unpool_h: int
    unpool_w: int
    def __init__(self, unpool: _Optional[_Union[UnpoolingParameter.UnpoolMethod, str]] = ..., kernel_size: _Optional[int] = ..., stride: _Optional[int] = ..., pad: _Optional[int] = ..., kernel_h: _Optional[int] = ..., kernel_w: _Optional[int] = ..., stride_h: _Optional[int] = ..., stride_w: _Optional[int] = ..., pad_h: _Optional[int] = ..., pad_w: _Optional[int] = ..., engine: _Optional[_Union[UnpoolingParameter.Engine, str]] = ..., unpool_size: _Optional[int] = ..., unpool_h: _Optional[int] = ..., unpool_w: _Optional[int] = ...) -> None: ...

class UpsampleParameter(_message.Message):
    __slots__ = ("scale", "scale_h", "scale_w", "pad_out_h", "pad_out_w", "upsample_h", "upsample_w")
    SCALE_FIELD_NUMBER: _ClassVar[int]
    SCALE_H_FIELD_NUMBER: _ClassVar[int]
    SCALE_W_FIELD_NUMBER: _ClassVar[int]
    PAD_OUT_H_FIELD_NUMBER: _ClassVar[int]
    PAD_OUT_W_FIELD_NUMBER: _ClassVar[int]
    UPSAMPLE_H_FIELD_NUMBER: _ClassVar[int]
    UPSAMPLE_W_FIELD_NUMBER: _ClassVar[int]
    scale: float
    scale_h: int
    scale_w: int
    pad_out_h: bool
    pad_out_w: bool
    upsample_h: int
    upsample_w: int
    def __init__(self, scale: _Optional[float] = ..., scale_h: _Optional[int] = ..., scale_w: _Optional[int] = ..., pad_out_h: _Optional[bool] = ..., pad_out_w: _Optional[bool] = ..., upsample_h: _Optional[int] = ..., upsample_w: _Optional[int] = ...) -> None: ...

class YoloDetectionOutputParameter(_message.Message):
    __slots__ = ("side", "num_classes", "num_box", "coords", "confidence_threshold", "nms_threshold", "biases", "label_map_file")
    SIDE_FIELD_NUMBER: _ClassVar[int]
    NUM_CLASSES_FIELD_NUMBER: _ClassVar[int]
    NUM_BOX_FIELD_NUMBER: _ClassVar[int]
    COORDS_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    NMS_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    BIASES_FIELD_NUMBER: _ClassVar[int]
    LABEL_MAP_FILE_FIELD_NUMBER: _ClassVar[int]
    side: int
    num_classes: int
    num_box: int
    coords: int
    confidence_threshold: float
    nms_threshold: float
    biases: _containers.RepeatedScalarFieldContainer[float]
    label_map_file: str
    def __init__(self, side: _Optional[int] = ..., num_classes: _Optional[int] = ..., num_box: _Optional[int] = ..., coords: _Optional[int] = ..., confidence_threshold: _Optional[float] = ..., nms_threshold: _Optional[float] = ..., biases: _Optional[_Iterable[float]] = ..., label_map_file: _Optional[str] = ...) -> None: ...

class Yolov3DetectionOutputParameter(_message.Message):
    __slots__ = ("num_classes", "num_box", "confidence_threshold", "nms_threshold", "biases", "anchors_scale", "mask_group_num", "mask", "gaussian_box")
    NUM_CLASSES_FIELD_NUMBER: _ClassVar[int]
    NUM_BOX_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    NMS_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    BIASES_FIELD_NUMBER: _ClassVar[int]
    ANCHORS_SCALE_FIELD_NUMBER: _ClassVar[int]
    MASK_GROUP_NUM_FIELD_NUMBER: _ClassVar[int]
    MASK_FIELD_NUMBER: _ClassVar[int]
    GAUSSIAN_BOX_FIELD_NUMBER: _ClassVar[int]
    num_classes: int
    num_box: int
    confidence_threshold: float
    nms_threshold: float
    biases: _containers.RepeatedScalarFieldContainer[float]
    anchors_scale: _containers.RepeatedScalarFieldContainer[int]
    mask_group_num: int
    mask: _containers.RepeatedScalarFieldContainer[int]
    gaussian_box: bool
    def __init__(self, num_classes: _Optional[int] = ..., num_box: _Optional[int] = ..., confidence_threshold: _Optional[float] = ..., nms_threshold: _Optional[float] = ..., biases: _Optional[_Iterable[float]] = ..., anchors_scale: _Optional[_Iterable[int]] = ..., mask_group_num: _Optional[int] = ..., mask: _Optional[_Iterable[int]] = ..., gaussian_box: _Optional[bool] = ...) -> None: ...

class V1LayerParameter(_message.Message):
    __slots__ = ("bottom", "top", "name", "include", "exclude", "type", "blobs", "param", "blob_share_mode", "blobs_lr", "weight_decay", "loss_weight", "accuracy_param", "argmax_param", "concat_param", "contrastive_loss_param", "convolution_param", "data_param", "dropout_param", "dummy_data_param", "eltwise_param", "exp_param", "hdf5_data_param", "hdf5_output_param", "hinge_loss_param", "image_data_param", "infogain_loss_param", "inner_product_param", "lrn_param", "memory_data_param", "mvn_param", "pooling_param", "power_param", "relu_param", "sigmoid_param", "softmax_param", "slice_param", "tanh_param", "threshold_param", "window_data_param", "transform_param", "loss_param", "layer", "source_line", "down_sampling_param", "strict_dim", "adaptive_bias_channel_param", "bias_channel_param", "censor_label_param", "channel_aggregator_param", "dense_crf_param", "dominant_channel_param", "euclidean_loss_param", "gain_channel_param", "histogram_param", "ignore_overlay_param", "interp_param", "mat_read_param", "mat_write_param", "onehot_param", "padding_param", "seg_accuracy_param", "softmaxloss_param", "unique_label_param", "relu6_param", "detection_loss_param", "eval_detection_param", "affinity_param", "deephi_reisze_param", "DepthwiseConvolution_parameter", "bias_param", "clip_param", "deformable_convolution_param", "detection_output_param", "embed_param", "heatmap_data_param", "prior_box_param", "reduction_param", "roi_pooling_param", "tile_param", "upsample_param", "smooth_l1_loss_param", "bn_param", "unpooling_param", "multi_stage_meanfield_param", "local_param", "prelu_param", "insanity_param", "triplet_loss_param", "eltwise_affine_param", "sub_region_param", "noise_param")
    class LayerType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NONE: _ClassVar[V1LayerParameter.LayerType]
        ABSVAL: _ClassVar[V1LayerParameter.LayerType]
        ACCURACY: _ClassVar[V1LayerParameter.LayerType]
        ARGMAX: _ClassVar[V1LayerParameter.LayerType]
        BNLL: _ClassVar[V1LayerParameter.LayerType]
        CONCAT: _ClassVar[V1LayerParameter.LayerType]
        CONTRASTIVE_LOSS: _ClassVar[V1LayerParameter.LayerType]
        CONVOLUTION: _ClassVar[V1LayerParameter.LayerType]
        DATA: _ClassVar[V1LayerParameter.LayerType]
        DECONVOLUTION: _ClassVar[V1LayerParameter.LayerType]
        DROPOUT: _ClassVar[V1LayerParameter.LayerType]
        DUMMY_DATA: _ClassVar[V1LayerParameter.LayerType]
        EUCLIDEAN_LOSS: _ClassVar[V1LayerParameter.LayerType]
        ELTWISE: _ClassVar[V1LayerParameter.LayerType]
        EXP: _ClassVar[V1LayerParameter.LayerType]
        FLATTEN: _ClassVar[V1LayerParameter.LayerType]
        HDF5_DATA: _ClassVar[V1LayerParameter.LayerType]
        HDF5_OUTPUT: _ClassVar[V1LayerParameter.LayerType]
        HINGE_LOSS: _ClassVar[V1LayerParameter.LayerType]
        IM2COL: _ClassVar[V1LayerParameter.LayerType]
        IMAGE_DATA: _ClassVar[V1LayerParameter.LayerType]
        INFOGAIN_LOSS: _ClassVar[V1LayerParameter.LayerType]
        INNER_PRODUCT: _ClassVar[V1LayerParameter.LayerType]
        LRN: _ClassVar[V1LayerParameter.LayerType]
        MEMORY_DATA: _ClassVar[V1LayerParameter.LayerType]
        MULTINOMIAL_LOGISTIC_LOSS: _ClassVar[V1LayerParameter.LayerType]
        MVN: _ClassVar[V1LayerParameter.LayerType]
        POOLING: _ClassVar[V1LayerParameter.LayerType]
        POWER: _ClassVar[V1LayerParameter.LayerType]
        RELU: _ClassVar[V1LayerParameter.LayerType]
        SIGMOID: _ClassVar[V1LayerParameter.LayerType]
        SIGMOID_CROSS_ENTROPY_LOSS: _ClassVar[V1LayerParameter.LayerType]
        SILENCE: _ClassVar[V1LayerParameter.LayerType]
        SOFTMAX: _ClassVar[V1LayerParameter.LayerType]
        SOFTMAX_LOSS: _ClassVar[V1LayerParameter.LayerType]
        SPLIT: _ClassVar[V1LayerParameter.LayerType]
        SLICE: _ClassVar[V1LayerParameter.LayerType]
        TANH: _ClassVar[V1LayerParameter.LayerType]
        WINDOW_DATA: _ClassVar[V1LayerParameter.LayerType]
        THRESHOLD: _ClassVar[V1LayerParameter.LayerType]
        ELTWISE_PRODUCT: _ClassVar[V1LayerParameter.LayerType]
        CONVOLUTION3D: _ClassVar[V1LayerParameter.LayerType]
        POOLING3D: _ClassVar[V1LayerParameter.LayerType]
        VOLUME_DATA: _ClassVar[V1LayerParameter.LayerType]
        VIDEO_DATA: _ClassVar[V1LayerParameter.LayerType]
        DECONVOLUTION3D: _ClassVar[V1LayerParameter.LayerType]
        VIDEO_SEGMENTATION_DATA: _ClassVar[V1LayerParameter.LayerType]
        VOXEL_SOFTMAX: _ClassVar[V1LayerParameter.LayerType]
        VOXEL_SOFTMAX_LOSS: _ClassVar[V1LayerParameter.LayerType]
        VIDEO_WITH_VOXEL_TRUTH_DATA: _ClassVar[V1LayerParameter.LayerType]
        VOXEL_CUSTOM_LOSS: _ClassVar[V1LayerParameter.LayerType]
        DOWN_SAMPLING: _ClassVar[V1LayerParameter.LayerType]
        ADAPTIVE_BIAS_CHANNEL: _ClassVar[V1LayerParameter.LayerType]
        BIAS_CHANNEL: _ClassVar[V1LayerParameter.LayerType]
        CENSOR_LABEL: _ClassVar[V1LayerParameter.LayerType]
        CHANNEL_AGGREGATOR: _ClassVar[V1LayerParameter.LayerType]
        DENSE_CRF: _ClassVar[V1LayerParameter.LayerType]
        DOMINANT_CHANNEL: _ClassVar[V1LayerParameter.LayerType]
        GAIN_CHANNEL: _ClassVar[V1LayerParameter.LayerType]
        HISTOGRAM: _ClassVar[V1LayerParameter.LayerType]
        IGNORE_OVERLAY: _ClassVar[V1LayerParameter.LayerType]
        IMAGE_SEG_DATA: _ClassVar[V1LayerParameter.LayerType]
        INTERP: _ClassVar[V1LayerParameter.LayerType]
        MAT_READ: _ClassVar[V1LayerParameter.LayerType]
        MAT_WRITE: _ClassVar[V1LayerParameter.LayerType]
        ONEHOT: _ClassVar[V1LayerParameter.LayerType]
        PADDING: _ClassVar[V1LayerParameter.LayerType]
        RELATIVE_ERROR: _ClassVar[V1LayerParameter.LayerType]
        SEG_ACCURACY: _ClassVar[V1LayerParameter.LayerType]
        UNIQUE_LABEL: _ClassVar[V1LayerParameter.LayerType]
        RELU6: _ClassVar[V1LayerParameter.LayerType]
        SELU: _ClassVar[V1LayerParameter.LayerType]
        SELU_DROPOUT: _ClassVar[V1LayerParameter.LayerType]
        DICE_LOSS: _ClassVar[V1LayerParameter.LayerType]
        ROI_POOLING: _ClassVar[V1LayerParameter.LayerType]
        SMOOTH_L1_LOSS: _ClassVar[V1LayerParameter.LayerType]
        UNPOOLING: _ClassVar[V1LayerParameter.LayerType]
        BN: _ClassVar[V1LayerParameter.LayerType]
        ELTWISE_ACCURACY: _ClassVar[V1LayerParameter.LayerType]
        WINDOW_SEG_DATA: _ClassVar[V1LayerParameter.LayerType]
        MULTI_STAGE_MEANFIELD: _ClassVar[V1LayerParameter.LayerType]
        BIN_ACCURACY: _ClassVar[V1LayerParameter.LayerType]
        RED_SOFTMAX_LOSS: _ClassVar[V1LayerParameter.LayerType]
        RED_ACCURACY: _ClassVar[V1LayerParameter.LayerType]
        SELECT_SEG_BINARY: _ClassVar[V1LayerParameter.LayerType]
        DROPOUT_CHANNEL: _ClassVar[V1LayerParameter.LayerType]
        WINDOW_CLS_DATA: _ClassVar[V1LayerParameter.LayerType]
        WINDOW_SEG_BINARY: _ClassVar[V1LayerParameter.LayerType]
        WINDOW_INST_SEG_DATA: _ClassVar[V1LayerParameter.LayerType]
        LOCAL: _ClassVar[V1LayerParameter.LayerType]
        NORMALIZE: _ClassVar[V1LayerParameter.LayerType]
        INSANITY: _ClassVar[V1LayerParameter.LayerType]
        TRIPLET_LOSS: _ClassVar[V1LayerParameter.LayerType]
        ROIPOOLING: _ClassVar[V1LayerParameter.LayerType]
        BATCH_NORM: _ClassVar[V1LayerParameter.LayerType]
        ELTWISE_AFFINE: _ClassVar[V1LayerParameter.LayerType]
        ACCURACY_REGRESSION: _ClassVar[V1LayerParameter.LayerType]
        SPATIAL_PYRAMID_POOLING: _ClassVar[V1LayerParameter.LayerType]
        SPATIAL_PYRAMID_POOLING_DATA: _ClassVar[V1LayerParameter.LayerType]
        LRN_MAP: _ClassVar[V1LayerParameter.LayerType]
        TOPK: _ClassVar[V1LayerParameter.LayerType]
        LOCAL_WEIGHTED_CONVOLUTION: _ClassVar[V1LayerParameter.LayerType]
        IMPORT: _ClassVar[V1LayerParameter.LayerType]
        CROP: _ClassVar[V1LayerParameter.LayerType]
    NONE: V1LayerParameter.LayerType
    ABSVAL: V1LayerParameter.LayerType
    ACCURACY: V1LayerParameter.LayerType
    ARGMAX: V1LayerParameter.LayerType
    BNLL: V1LayerParameter.LayerType
    CONCAT: V1LayerParameter.LayerType
    CONTRASTIVE_LOSS: V1LayerParameter.LayerType
    CONVOLUTION: V1LayerParameter.LayerType
    DATA: V1LayerParameter.LayerType
    DECONVOLUTION: V1LayerParameter.LayerType
    DROPOUT: V1LayerParameter.LayerType
    DUMMY_DATA: V1LayerParameter.LayerType
    EUCLIDEAN_LOSS: V1LayerParameter.LayerType
    ELTWISE: V1LayerParameter.LayerType
    EXP: V1LayerParameter.LayerType
    FLATTEN: V1LayerParameter.LayerType
    HDF5_DATA: V1LayerParameter.LayerType
    HDF5_OUTPUT: V1LayerParameter.LayerType
    HINGE_LOSS: V1LayerParameter.LayerType
    IM2COL: V1LayerParameter.LayerType
    IMAGE_DATA: V1LayerParameter.LayerType
    INFOGAIN_LOSS: V1LayerParameter.LayerType
    INNER_PRODUCT: V1LayerParameter.LayerType
    LRN: V1LayerParameter.LayerType
    MEMORY_DATA: V1LayerParameter.LayerType
    MULTINOMIAL_LOGISTIC_LOSS: V1LayerParameter.LayerType
    MVN: V1LayerParameter.LayerType
    POOLING: V1LayerParameter.LayerType
    POWER: V1LayerParameter.LayerType
    RELU: V1LayerParameter.LayerType
    SIGMOID: V1LayerParameter.LayerType
    SIGMOID_CROSS_ENTROPY_LOSS: V1LayerParameter.LayerType
    SILENCE: V1LayerParameter.LayerType
    SOFTMAX: V1LayerParameter.LayerType
    SOFTMAX_LOSS: V1LayerParameter.LayerType
    SPLIT: V1LayerParameter.LayerType
    SLICE: V1LayerParameter.LayerType
    TANH: V1LayerParameter.LayerType
    WINDOW_DATA: V1LayerParameter.LayerType
    THRESHOLD: V1LayerParameter.LayerType
    ELTWISE_PRODUCT: V1LayerParameter.LayerType
    CONVOLUTION3D: V1LayerParameter.LayerType
    POOLING3D: V1LayerParameter.LayerType
    VOLUME_DATA: V1LayerParameter.LayerType
    VIDEO_DATA: V1LayerParameter.LayerType
    DECONVOLUTION3D: V1LayerParameter.LayerType
    VIDEO_SEGMENTATION_DATA: V1LayerParameter.LayerType
    VOXEL_SOFTMAX: V1LayerParameter.LayerType
    VOXEL_SOFTMAX_LOSS: V1LayerParameter.LayerType
    VIDEO_WITH_VOXEL_TRUTH_DATA: V1LayerParameter.LayerType
    VOXEL_CUSTOM_LOSS: V1LayerParameter.LayerType
    DOWN_SAMPLING: V1LayerParameter.LayerType
    ADAPTIVE_BIAS_CHANNEL: V1LayerParameter.LayerType
    BIAS_CHANNEL: V1LayerParameter.LayerType
    CENSOR_LABEL: V1LayerParameter.LayerType
    CHANNEL_AGGREGATOR: V1LayerParameter.LayerType
    DENSE_CRF: V1LayerParameter.LayerType
    DOMINANT_CHANNEL: V1LayerParameter.LayerType
    GAIN_CHANNEL: V1LayerParameter.LayerType
    HISTOGRAM: V1LayerParameter.LayerType
    IGNORE_OVERLAY: V1LayerParameter.LayerType
    IMAGE_SEG_DATA: V1LayerParameter.LayerType
    INTERP: V1LayerParameter.LayerType
    MAT_READ: V1LayerParameter.LayerType
    MAT_WRITE: V1LayerParameter.LayerType
    ONEHOT: V1LayerParameter.LayerType
    PADDING: V1LayerParameter.LayerType
    RELATIVE_ERROR: V1LayerParameter.LayerType
    SEG_ACCURACY: V1LayerParameter.LayerType
    UNIQUE_LABEL: V1LayerParameter.LayerType
    RELU6: V1LayerParameter.LayerType
    SELU: V1LayerParameter.LayerType
    SELU_DROPOUT: V1LayerParameter.LayerType
    DICE_LOSS: V1LayerParameter.LayerType
    ROI_POOLING: V1LayerParameter.LayerType
    SMOOTH_L1_LOSS: V1LayerParameter.LayerType
    UNPOOLING: V1LayerParameter.LayerType
    BN: V1LayerParameter.LayerType
    ELTWISE_ACCURACY: V1LayerParameter.LayerType
    WINDOW_SEG_DATA: V1LayerParameter.LayerType
    MULTI_STAGE_MEANFIELD: V1LayerParameter.LayerType
    BIN_ACCURACY: V1LayerParameter.LayerType
    RED_SOFTMAX_LOSS: V1LayerParameter.LayerType
    RED_ACCURACY: V1LayerParameter.LayerType
    SELECT_SEG_BINARY: V1LayerParameter.LayerType
    DROPOUT_CHANNEL: V1LayerParameter.LayerType
    WINDOW_CLS_DATA: V1LayerParameter.LayerType
    WINDOW_SEG_BINARY: V1LayerParameter.LayerType
    WINDOW_INST_SEG_DATA: V1LayerParameter.LayerType
    LOCAL: V1LayerParameter.LayerType
    NORMALIZE: V1LayerParameter.LayerType
    INSANITY: V1LayerParameter.LayerType
    TRIPLET_LOSS: V1LayerParameter.LayerType
    ROIPOOLING: V1LayerParameter.LayerType
    BATCH_NORM: V1LayerParameter.LayerType
    ELTWISE_AFFINE: V1LayerParameter.LayerType
    ACCURACY_REGRESSION: V1LayerParameter.LayerType
    SPATIAL_PYRAMID_POOLING: V1LayerParameter.LayerType
    SPATIAL_PYRAMID_POOLING_DATA: V1LayerParameter.LayerType
    LRN_MAP: V1LayerParameter.LayerType
    TOPK: V1LayerParameter.LayerType
    LOCAL_WEIGHTED_CONVOLUTION: V1LayerParameter.LayerType
    IMPORT: V1LayerParameter.LayerType
    CROP: V1LayerParameter.LayerType
    class DimCheckMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STRICT: _ClassVar[V1LayerParameter.DimCheckMode]
        PERMISSIVE: _ClassVar[V1LayerParameter.DimCheckMode]
    STRICT: V1LayerParameter.DimCheckMode
    PERMISSIVE: V1LayerParameter.DimCheckMode
    BOTTOM_FIELD_NUMBER: _ClassVar[int]
    TOP_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_FIELD_NUMBER: _ClassVar[int]
    EXCLUDE_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    BLOBS_FIELD_NUMBER: _ClassVar[int]
    PARAM_FIELD_NUMBER: _ClassVar[int]
    BLOB_SHARE_MODE_FIELD_NUMBER: _ClassVar[int]
    BLOBS_LR_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_DECAY_FIELD_NUMBER: _ClassVar[int]
    LOSS_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    ACCURACY_PARAM_FIELD_NUMBER: _ClassVar[int]
    ARGMAX_PARAM_FIELD_NUMBER: _ClassVar[int]
    CONCAT_PARAM_FIELD_NUMBER: _ClassVar[int]
    CONTRASTIVE_LOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    CONVOLUTION_PARAM_FIELD_NUMBER: _ClassVar[int]
    DATA_PARAM_FIELD_NUMBER: _ClassVar[int]
    DROPOUT_PARAM_FIELD_NUMBER: _ClassVar[int]
    DUMMY_DATA_PARAM_FIELD_NUMBER: _ClassVar[int]
    ELTWISE_PARAM_FIELD_NUMBER: _ClassVar[int]
    EXP_PARAM_FIELD_NUMBER: _ClassVar[int]
    HDF5_DATA_PARAM_FIELD_NUMBER: _ClassVar[int]
    HDF5_OUTPUT_PARAM_FIELD_NUMBER: _ClassVar[int]
    HINGE_LOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    IMAGE_DATA_PARAM_FIELD_NUMBER: _ClassVar[int]
    INFOGAIN_LOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    INNER_PRODUCT_PARAM_FIELD_NUMBER: _ClassVar[int]
    LRN_PARAM_FIELD_NUMBER: _ClassVar[int]
    MEMORY_DATA_PARAM_FIELD_NUMBER: _ClassVar[int]
    MVN_PARAM_FIELD_NUMBER: _ClassVar[int]
    POOLING_PARAM_FIELD_NUMBER: _ClassVar[int]
    POWER_PARAM_FIELD_NUMBER: _ClassVar[int]
    RELU_PARAM_FIELD_NUMBER: _ClassVar[int]
    SIGMOID_PARAM_FIELD_NUMBER: _ClassVar[int]
    SOFTMAX_PARAM_FIELD_NUMBER: _ClassVar[int]
    SLICE_PARAM_FIELD_NUMBER: _ClassVar[int]
    TANH_PARAM_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_PARAM_FIELD_NUMBER: _ClassVar[int]
    WINDOW_DATA_PARAM_FIELD_NUMBER: _ClassVar[int]
    TRANSFORM_PARAM_FIELD_NUMBER: _ClassVar[int]
    LOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    LAYER_FIELD_NUMBER: _ClassVar[int]
    SOURCE_LINE_FIELD_NUMBER: _ClassVar[int]
    DOWN_SAMPLING_PARAM_FIELD_NUMBER: _ClassVar[int]
    STRICT_DIM_FIELD_NUMBER: _ClassVar[int]
    ADAPTIVE_BIAS_CHANNEL_PARAM_FIELD_NUMBER: _ClassVar[int]
    BIAS_CHANNEL_PARAM_FIELD_NUMBER: _ClassVar[int]
    CENSOR_LABEL_PARAM_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_AGGREGATOR_PARAM_FIELD_NUMBER: _ClassVar[int]
    DENSE_CRF_PARAM_FIELD_NUMBER: _ClassVar[int]
    DOMINANT_CHANNEL_PARAM_FIELD_NUMBER: _ClassVar[int]
    EUCLIDEAN_LOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    GAIN_CHANNEL_PARAM_FIELD_NUMBER: _ClassVar[int]
    HISTOGRAM_PARAM_FIELD_NUMBER: _ClassVar[int]
    IGNORE_OVERLAY_PARAM_FIELD_NUMBER: _ClassVar[int]
    INTERP_PARAM_FIELD_NUMBER: _ClassVar[int]
    MAT_READ_PARAM_FIELD_NUMBER: _ClassVar[int]
    MAT_WRITE_PARAM_FIELD_NUMBER: _ClassVar[int]
    ONEHOT_PARAM_FIELD_NUMBER: _ClassVar[int]
    PADDING_PARAM_FIELD_NUMBER: _ClassVar[int]
    SEG_ACCURACY_PARAM_FIELD_NUMBER: _ClassVar[int]
    SOFTMAXLOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    UNIQUE_LABEL_PARAM_FIELD_NUMBER: _ClassVar[int]
    RELU6_PARAM_FIELD_NUMBER: _ClassVar[int]
    DETECTION_LOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    EVAL_DETECTION_PARAM_FIELD_NUMBER: _ClassVar[int]
    AFFINITY_PARAM_FIELD_NUMBER: _ClassVar[int]
    DEEPHI_REISZE_PARAM_FIELD_NUMBER: _ClassVar[int]
    DEPTHWISECONVOLUTION_PARAMETER_FIELD_NUMBER: _ClassVar[int]
    BIAS_PARAM_FIELD_NUMBER: _ClassVar[int]
    CLIP_PARAM_FIELD_NUMBER: _ClassVar[int]
    DEFORMABLE_CONVOLUTION_PARAM_FIELD_NUMBER: _ClassVar[int]
    DETECTION_OUTPUT_PARAM_FIELD_NUMBER: _ClassVar[int]
    EMBED_PARAM_FIELD_NUMBER: _ClassVar[int]
    HEATMAP_DATA_PARAM_FIELD_NUMBER: _ClassVar[int]
    PRIOR_BOX_PARAM_FIELD_NUMBER: _ClassVar[int]
    REDUCTION_PARAM_FIELD_NUMBER: _ClassVar[int]
    ROI_POOLING_PARAM_FIELD_NUMBER: _ClassVar[int]
    TILE_PARAM_FIELD_NUMBER: _ClassVar[int]
    UPSAMPLE_PARAM_FIELD_NUMBER: _ClassVar[int]
    SMOOTH_L1_LOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    BN_PARAM_FIELD_NUMBER: _ClassVar[int]
    UNPOOLING_PARAM_FIELD_NUMBER: _ClassVar[int]
    MULTI_STAGE_MEANFIELD_PARAM_FIELD_NUMBER: _ClassVar[int]
    LOCAL_PARAM_FIELD_NUMBER: _ClassVar[int]
    PRELU_PARAM_FIELD_NUMBER: _ClassVar[int]
    INSANITY_PARAM_FIELD_NUMBER: _ClassVar[int]
    TRIPLET_LOSS_PARAM_FIELD_NUMBER: _ClassVar[int]
    ELTWISE_AFFINE_PARAM_FIELD_NUMBER: _ClassVar[int]
    SUB_REGION_PARAM_FIELD_NUMBER: _ClassVar[int]
    NOISE_PARAM_FIELD_NUMBER: _ClassVar[int]
    bottom: _containers.RepeatedScalarFieldContainer[str]
    top: _containers.RepeatedScalarFieldContainer[str]
    name: str
    include: _containers.RepeatedCompositeFieldContainer[NetStateRule]
    exclude: _containers.RepeatedCompositeFieldContainer[NetStateRule]
    type: V1LayerParameter.LayerType
    blobs: _containers.RepeatedCompositeFieldContainer[BlobProto]
    param: _containers.RepeatedScalarFieldContainer[str]
    blob_share_mode: _containers.RepeatedScalarFieldContainer[V1LayerParameter.DimCheckMode]
    blobs_lr: _containers.RepeatedScalarFieldContainer[float]
    weight_decay: _containers.RepeatedScalarFieldContainer[float]
    loss_weight: _containers.RepeatedScalarFieldContainer[float]
    accuracy_param: AccuracyParameter
    argmax_param: ArgMaxParameter
    concat_param: ConcatParameter
    contrastive_loss_param: ContrastiveLossParameter
    convolution_param: ConvolutionParameter
    data_param: DataParameter
    dropout_param: DropoutParameter
    dummy_data_param: DummyDataParameter
    eltwise_param: EltwiseParameter
    exp_param: ExpParameter
    hdf5_data_param: HDF5DataParameter
    hdf5_output_param: HDF5OutputParameter
    hinge_loss_param: HingeLossParameter
    image_data_param: ImageDataParameter
    infogain_loss_param: InfogainLossParameter
    inner_product_param: InnerProductParameter
    lrn_param: LRNParameter
    memory_data_param: MemoryDataParameter
    mvn_param: MVNParameter
    pooling_param: PoolingParameter
    power_param: PowerParameter
    relu_param: ReLUParameter
    sigmoid_param: SigmoidParameter
    softmax_param: SoftmaxParameter
    slice_param: SliceParameter
    tanh_param: TanHParameter
    threshold_param: ThresholdParameter
    window_data_param: WindowDataParameter
    transform_param: TransformationParameter
    loss_param: LossParameter
    layer: V0LayerParameter
    source_line: int
    down_sampling_param: DownSamplingParameter
    strict_dim: bool
    adaptive_bias_channel_param: AdaptiveBiasChannelParameter
    bias_channel_param: BiasChannelParameter
    censor_label_param: CensorLabelParameter
    channel_aggregator_param: ChannelAggregatorParameter
    dense_crf_param: DenseCRFParameter
    dominant_channel_param: DominantChannelParameter
    euclidean_loss_param: EuclideanLossParameter
    gain_channel_param: GainChannelParameter
    histogram_param: HistogramParameter
    ignore_overlay_param: IgnoreOverlayParameter
    interp_param: InterpParameter
    mat_read_param: MatReadParameter
    mat_write_param: MatWriteParameter
    onehot_param: OneHotParameter
    padding_param: PaddingParameter
    seg_accuracy_param: SegAccuracyParameter
    softmaxloss_param: SoftmaxLossParameter
    unique_label_param: UniqueLabelParameter
    relu6_param: ReLUParameter
    detection_loss_param: DetectionLossParameter
    eval_detection_param: EvalDetectionParameter
    affinity_param: AffinityParameter
    deephi_reisze_param: DeephiResizeParameter
    DepthwiseConvolution_parameter: DepthwiseConvolutionParameter
    bias_param: BiasParameter
    clip_param: ClipParameter
    deformable_convolution_param: DeformableConvolutionParameter
    detection_output_param: DetectionOutputParameter
    embed_param: EmbedParameter
    heatmap_data_param: HeatmapDataParameter
    prior_box_param: PriorBoxParameter
    reduction_param: ReductionParameter
    roi_pooling_param: ROIPoolingParameter
    tile_param: TileParameter
    upsample_param: UpsampleParameter
    smooth_l1_loss_param: SmoothL1LossParameter
    bn_param: BNParameter
    unpooling_param: UnpoolingParameter
    multi_stage_meanfield_param: MultiStageMeanfieldParameter
    local_param: LocalParameter
    prelu_param: PReLUParameter
    insanity_param: InsanityParameter
    triplet_loss_param: TripletLossParameter
    eltwise_affine_param: EltwiseAffineParameter
    sub_region_param: SubRegionParameter
    noise_param: NoiseParameter
    def __init__(self, bottom: _Optional[_Iterable[str]] = ..., top: _Optional[_Iterable[str]] = ..., name: _Optional[str] = ..., include: _Optional[_Iterable[_Union[NetStateRule, _Mapping]]] = ..., exclude: _Optional[_Iterable[_Union[NetStateRule, _Mapping]]] = ..., type: _Optional[_Union[V1LayerParameter.LayerType, str]] = ..., blobs: _Optional[_Iterable[_Union[BlobProto, _Mapping]]] = ..., param: _Optional[_Iterable[str]] = ..., blob_share_mode: _Optional[_Iterable[_Union[V1LayerParameter.DimCheckMode, str]]] = ..., blobs_lr: _Optional[_Iterable[float]] = ..., weight_decay: _Optional[_Iterable[float]] = ..., loss_weight: _Optional[_Iterable[float]] = ..., accuracy_param: _Optional[_Union[AccuracyParameter, _Mapping]] = ..., argmax_param: _Optional[_Union[ArgMaxParameter, _Mapping]] = ..., concat_param: _Optional[_Union[ConcatParameter, _Mapping]] = ..., contrastive_loss_param: _Optional[_Union[ContrastiveLossParameter, _Mapping]] = ..., convolution_param: _Optional[_Union[ConvolutionParameter, _Mapping]] = ..., data_param: _Optional[_Union[DataParameter, _Mapping]] = ..., dropout_param: _Optional[_Union[DropoutParameter, _Mapping]] = ..., dummy_data_param: _Optional[_Union[DummyDataParameter, _Mapping]] = ..., eltwise_param: _Optional[_Union[EltwiseParameter, _Mapping]] = ..., exp_param: _Optional[_Union[ExpParameter, _Mapping]] = ..., hdf5_data_param: _Optional[_Union[HDF5DataParameter, _Mapping]] = ..., hdf5_output_param: _Optional[_Union[HDF5OutputParameter, _Mapping]] = ..., hinge_loss_param: _Optional[_Union[HingeLossParameter, _Mapping]] = ..., image_data_param: _Optional[_Union[ImageDataParameter, _Mapping]] = ..., infogain_loss_param: _Optional[_Union[InfogainLossParameter, _Mapping]] = ..., inner_product_param: _Optional[_Union[InnerProductParameter, _Mapping]] = ..., lrn_param: _Optional[_Union[LRNParameter, _Mapping]] = ..., memory_data_param: _Optional[_Union[MemoryDataParameter, _Mapping]] = ..., mvn_param: _Optional[_Union[MVNParameter, _Mapping]] = ..., pooling_param: _Optional[_Union[PoolingParameter, _Mapping]] = ..., power_param: _Optional[_Union[PowerParameter, _Mapping]] = ..., relu_param: _Optional[_Union[ReLUParameter, _Mapping]] = ..., sigmoid_param: _Optional[_Union[SigmoidParameter, _Mapping]] = ..., softmax_param: _Optional[_Union[SoftmaxParameter, _Mapping]] = ..., slice_param: _Optional[_Union[SliceParameter, _Mapping]] = ..., tanh_param: _Optional[_Union[TanHParameter, _Mapping]] = ..., threshold_param: _Optional[_Union[ThresholdParameter, _Mapping]] = ..., window_data_param: _Optional[_Union[WindowDataParameter, _Mapping]] = ..., transform_param: _Optional[_Union[TransformationParameter, _Mapping]] = ..., loss_param: _Optional[_Union[LossParameter, _Mapping]] = ..., layer: _Optional[_Union[V0LayerParameter, _Mapping]] = ..., source_line: _Optional[int] = ..., down_sampling_param: _Optional[_Union[DownSamplingParameter, _Mapping]] = ..., strict_dim: _Optional[bool] = ..., adaptive_bias_channel_param: _Optional[_Union[AdaptiveBiasChannelParameter, _Mapping]] = ..., bias_channel_param: _Optional[_Union[BiasChannelParameter, _Mapping]] = ..., censor_label_param: _Optional[_Union[CensorLabelParameter, _Mapping]] = ..., channel_aggregator_param: _Optional[_Union[ChannelAggregatorParameter, _Mapping]] = ..., dense_crf_param: _Optional[_Union[DenseCRFParameter, _Mapping]] = ..., dominant_channel_param: _Optional[_Union[DominantChannelParameter, _Mapping]] = ..., euclidean_loss_param: _Optional[_Union[EuclideanLossParameter, _Mapping]] = ..., gain_channel_param: _Optional[_Union[GainChannelParameter, _Mapping]] = ..., histogram_param: _Optional[_Union[HistogramParameter, _Mapping]] = ..., ignore_overlay_param: _Optional[_Union[IgnoreOverlayParameter, _Mapping]] = ..., interp_param: _Optional[_Union[InterpParameter, _Mapping]] = ..., mat_read_param: _Optional[_Union[MatReadParameter, _Mapping]] = ..., mat_write_param: _Optional[_Union[MatWriteParameter, _Mapping]] = ..., onehot_param: _Optional[_Union[OneHotParameter, _Mapping]] = ..., padding_param: _Optional[_Union[PaddingParameter, _Mapping]] = ..., seg_accuracy_param: _Optional[_Union[SegAccuracyParameter, _Mapping]] = ..., softmaxloss_param: _Optional[_Union[SoftmaxLossParameter, _Mapping]] = ..., unique_label_param: _Optional[_Union[UniqueLabelParameter, _Mapping]] = ..., relu6_param: _Optional[_Union[ReLUParameter, _Mapping]] = ..., detection_loss_param: _Optional[_Union[DetectionLossParameter, _Mapping]] = ..., eval_detection_param: _Optional[_Union[EvalDetectionParameter, _Mapping]] = ..., affinity_param: _Optional[_Union[AffinityParameter, _Mapping]] = ..., deephi_reisze_param: _Optional[_Union[DeephiResizeParameter, _Mapping]] = ..., DepthwiseConvolution_parameter: _Optional[_Union[DepthwiseConvolutionParameter, _Mapping]] = ..., bias_param: _Optional[_Union[BiasParameter, _Mapping]] = ..., clip_param: _Optional[_Union[ClipParameter, _Mapping]] = ..., deformable_convolution_param: _Optional[_Union[DeformableConvolutionParameter, _Mapping]] = ..., detection_output_param: _Optional[_Union[DetectionOutputParameter, _Mapping]] = ..., embed_param: _Optional[_Union[EmbedParameter, _Mapping]] = ..., heatmap_data_param: _Optional[_Union[HeatmapDataParameter, _Mapping]] = ..., prior_box_param: _Optional[_Union[PriorBoxParameter, _Mapping]] = ..., reduction_param: _Optional[_Union[ReductionParameter, _Mapping]] = ..., roi_pooling_param: _Optional[_Union[ROIPoolingParameter, _Mapping]] = ..., tile_param: _Optional[_Union[TileParameter, _Mapping]] = ..., upsample_param: _Optional[_Union[UpsampleParameter, _Mapping]] = ..., smooth_l1_loss_param: _Optional[_Union[SmoothL1LossParameter, _Mapping]] = ..., bn_param: _Optional[_Union[BNParameter, _Mapping]] = ..., unpooling_param: _Optional[_Union[UnpoolingParameter, _Mapping]] = ..., multi_stage_meanfield_param: _Optional[_Union[MultiStageMeanfieldParameter, _Mapping]] = ..., local_param: _Optional[_Union[LocalParameter, _Mapping]] = ..., prelu_param: _Optional[_Union[PReLUParameter, _Mapping]] = ..., insanity_param: _Optional[_Union[InsanityParameter, _Mapping]] = ..., triplet_loss_param: _Optional[_Union[TripletLossParameter, _Mapping]] = ..., eltwise_affine_param: _Optional[_Union[EltwiseAffineParameter, _Mapping]] = ..., sub_region_param: _Optional[_Union[SubRegionParameter, _Mapping]] = ..., noise_param: _Optional[_Union[NoiseParameter, _Mapping]] = ...) -> None: ...

class V0LayerParameter(_message.Message):
    __slots__ = ("name", "type", "num_output", "biasterm", "weight_filler", "bias_filler", "pad", "kernelsize", "group", "stride", "pool", "dropout_ratio", "local_size", "alpha", "beta", "k", "source", "scale", "meanfile", "batchsize", "cropsize", "mirror", "blobs", "blobs_lr", "weight_decay", "rand_skip", "det_fg_threshold", "det_bg_threshold", "det_fg_fraction", "det_context_pad", "det_crop_mode", "new_num", "new_channels", "new_height", "new_width", "shuffle_images", "concat_dim", "subtraction", "can_clobber", "hdf5_output_param")
    class PoolMethod(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        MAX: _ClassVar[V0LayerParameter.PoolMethod]
        AVE: _ClassVar[V0LayerParameter.PoolMethod]
        STOCHASTIC: _ClassVar[V0LayerParameter.PoolMethod]
    MAX: V0LayerParameter.PoolMethod
    AVE: V0LayerParameter.PoolMethod
    STOCHASTIC: V0LayerParameter.PoolMethod
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    NUM_OUTPUT_FIELD_NUMBER: _ClassVar[int]
    BIASTERM_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FILLER_FIELD_NUMBER: _ClassVar[int]
    BIAS_FILLER_FIELD_NUMBER: _ClassVar[int]
    PAD_FIELD_NUMBER: _ClassVar[int]
    KERNELSIZE_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    STRIDE_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    DROPOUT_RATIO_FIELD_NUMBER: _ClassVar[int]
    LOCAL_SIZE_FIELD_NUMBER: _ClassVar[int]
    ALPHA_FIELD_NUMBER: _ClassVar[int]
    BETA_FIELD_NUMBER: _ClassVar[int]
    K_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    MEANFILE_FIELD_NUMBER: _ClassVar[int]
    BATCHSIZE_FIELD_NUMBER: _ClassVar[int]
    CROPSIZE_FIELD_NUMBER: _ClassVar[int]
    MIRROR_FIELD_NUMBER: _ClassVar[int]
    BLOBS_FIELD_NUMBER: _ClassVar[int]
    BLOBS_LR_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_DECAY_FIELD_NUMBER: _ClassVar[int]
    RAND_SKIP_FIELD_NUMBER: _ClassVar[int]
    DET_FG_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    DET_BG_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    DET_FG_FRACTION_FIELD_NUMBER: _ClassVar[int]
    DET_CONTEXT_PAD_FIELD_NUMBER: _ClassVar[int]
    DET_CROP_MODE_FIELD_NUMBER: _ClassVar[int]
    NEW_NUM_FIELD_NUMBER: _ClassVar[int]
    NEW_CHANNELS_FIELD_NUMBER: _ClassVar[int]
    NEW_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    NEW_WIDTH_FIELD_NUMBER: _ClassVar[int]
    SHUFFLE_IMAGES_FIELD_NUMBER: _ClassVar[int]
    CONCAT_DIM_FIELD_NUMBER: _ClassVar[int]
    SUBTRACTION_FIELD_NUMBER: _ClassVar[int]
    CAN_CLOBBER_FIELD_NUMBER: _ClassVar[int]
    HDF5_OUTPUT_PARAM_FIELD_NUMBER: _ClassVar[int]
    name: str
    type: str
    num_output: int
    biasterm: bool
    weight_filler: FillerParameter
    bias_filler: FillerParameter
    pad: int
    kernelsize: int
    group: int
    stride: int
    pool: V0LayerParameter.PoolMethod
    dropout_ratio: float
    local_size: int
    alpha: float
    beta: float
    k: float
    source: str
    scale: float
    meanfile: str
    batchsize: int
    cropsize: int
    mirror: bool
    blobs: _containers.RepeatedCompositeFieldContainer[BlobProto]
    blobs_lr: _containers.RepeatedScalarFieldContainer[float]
    weight_decay: _containers.RepeatedScalarFieldContainer[float]
    rand_skip: int
    det_fg_threshold: float
    det_bg_threshold: float
    det_fg_fraction: float
    det_context_pad: int
    det_crop_mode: str
    new_num: int
    new_channels: int
    new_height: int
    new_width: int
    shuffle_images: bool
    concat_dim: int
    subtraction: float
    can_clobber: bool
    hdf5_output_param: HDF5OutputParameter
    def __init__(self, name: _Optional[str] = ..., type: _Optional[str] = ..., num_output: _Optional[int] = ..., biasterm: _Optional[bool] = ..., weight_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., bias_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., pad: _Optional[int] = ..., kernelsize: _Optional[int] = ..., group: _Optional[int] = ..., stride: _Optional[int] = ..., pool: _Optional[_Union[V0LayerParameter.PoolMethod, str]] = ..., dropout_ratio: _Optional[float] = ..., local_size: _Optional[int] = ..., alpha: _Optional[float] = ..., beta: _Optional[float] = ..., k: _Optional[float] = ..., source: _Optional[str] = ..., scale: _Optional[float] = ..., meanfile: _Optional[str] = ..., batchsize: _Optional[int] = ..., cropsize: _Optional[int] = ..., mirror: _Optional[bool] = ..., blobs: _Optional[_Iterable[_Union[BlobProto, _Mapping]]] = ..., blobs_lr: _Optional[_Iterable[float]] = ..., weight_decay: _Optional[_Iterable[float]] = ..., rand_skip: _Optional[int] = ..., det_fg_threshold: _Optional[float] = ..., det_bg_threshold: _Optional[float] = ..., det_fg_fraction: _Optional[float] = ..., det_context_pad: _Optional[int] = ..., det_crop_mode: _Optional[str] = ..., new_num: _Optional[int] = ..., new_channels: _Optional[int] = ..., new_height: _Optional[int] = ..., new_width: _Optional[int] = ..., shuffle_images: _Optional[bool] = ..., concat_dim: _Optional[int] = ..., subtraction: _Optional[float] = ..., can_clobber: _Optional[bool] = ..., hdf5_output_param: _Optional[_Union[HDF5OutputParameter, _Mapping]] = ...) -> None: ...

class WeightsOfNet(_message.Message):
    __slots__ = ("name", "layer", "layers")
    NAME_FIELD_NUMBER: _ClassVar[int]
    LAYER_FIELD_NUMBER: _ClassVar[int]
    LAYERS_FIELD_NUMBER: _ClassVar[int]
    name: str
    layer: _containers.RepeatedCompositeFieldContainer[WeightsOfLayer]
    layers: _containers.RepeatedCompositeFieldContainer[WeightsOfV1Layer]
    def __init__(self, name: _Optional[str] = ..., layer: _Optional[_Iterable[_Union[WeightsOfLayer, _Mapping]]] = ..., layers: _Optional[_Iterable[_Union[WeightsOfV1Layer, _Mapping]]] = ...) -> None: ...

class WeightsOfLayer(_message.Message):
    __slots__ = ("name", "type", "bottom", "top", "blobs")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    BOTTOM_FIELD_NUMBER: _ClassVar[int]
    TOP_FIELD_NUMBER: _ClassVar[int]
    BLOBS_FIELD_NUMBER: _ClassVar[int]
    name: str
    type: str
    bottom: _containers.RepeatedScalarFieldContainer[str]
    top: _containers.RepeatedScalarFieldContainer[str]
    blobs: _containers.RepeatedCompositeFieldContainer[BlobProto]
    def __init__(self, name: _Optional[str] = ..., type: _Optional[str] = ..., bottom: _Optional[_Iterable[str]] = ..., top: _Optional[_Iterable[str]] = ..., blobs: _Optional[_Iterable[_Union[BlobProto, _Mapping]]] = ...) -> None: ...

class WeightsOfV1Layer(_message.Message):
    __slots__ = ("bottom", "top", "name", "type", "blobs", "layer")
    BOTTOM_FIELD_NUMBER: _ClassVar[int]
    TOP_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    BLOBS_FIELD_NUMBER: _ClassVar[int]
    LAYER_FIELD_NUMBER: _ClassVar[int]
    bottom: _containers.RepeatedScalarFieldContainer[str]
    top: _containers.RepeatedScalarFieldContainer[str]
    name: str
    type: V1LayerParameter.LayerType
    blobs: _containers.RepeatedCompositeFieldContainer[BlobProto]
    layer: V0LayerParameter
    def __init__(self, bottom: _Optional[_Iterable[str]] = ..., top: _Optional[_Iterable[str]] = ..., name: _Optional[str] = ..., type: _Optional[_Union[V1LayerParameter.LayerType, str]] = ..., blobs: _Optional[_Iterable[_Union[BlobProto, _Mapping]]] = ..., layer: _Optional[_Union[V0LayerParameter, _Mapping]] = ...) -> None: ...

class AccumParameter(_message.Message):
    __slots__ = ("top_height", "top_width", "size_divisible_by", "have_reference")
    TOP_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    TOP_WIDTH_FIELD_NUMBER: _ClassVar[int]
    SIZE_DIVISIBLE_BY_FIELD_NUMBER: _ClassVar[int]
    HAVE_REFERENCE_FIELD_NUMBER: _ClassVar[int]
    top_height: int
    top_width: int
    size_divisible_by: int
    have_reference: bool
    def __init__(self, top_height: _Optional[int] = ..., top_width: _Optional[int] = ..., size_divisible_by: _Optional[int] = ..., have_reference: _Optional[bool] = ...) -> None: ...

class AccuracyHeatmapParameter(_message.Message):
    __slots__ = ("threshold",)
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    threshold: float
    def __init__(self, threshold: _Optional[float] = ...) -> None: ...

class AdaptiveBiasChannelParameter(_message.Message):
    __slots__ = ("num_iter", "bg_portion", "fg_portion", "suppress_others", "margin_others")
    NUM_ITER_FIELD_NUMBER: _ClassVar[int]
    BG_PORTION_FIELD_NUMBER: _ClassVar[int]
    FG_PORTION_FIELD_NUMBER: _ClassVar[int]
    SUPPRESS_OTHERS_FIELD_NUMBER: _ClassVar[int]
    MARGIN_OTHERS_FIELD_NUMBER: _ClassVar[int]
    num_iter: int
    bg_portion: float
    fg_portion: float
    suppress_others: bool
    margin_others: float
    def __init__(self, num_iter: _Optional[int] = ..., bg_portion: _Optional[float] = ..., fg_portion: _Optional[float] = ..., suppress_others: _Optional[bool] = ..., margin_others: _Optional[float] = ...) -> None: ...

class AdditiveMarginInnerProductParameter(_message.Message):
    __slots__ = ("num_output", "weight_filler", "m", "axis")
    NUM_OUTPUT_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FILLER_FIELD_NUMBER: _ClassVar[int]
    M_FIELD_NUMBER: _ClassVar[int]
    AXIS_FIELD_NUMBER: _ClassVar[int]
    num_output: int
    weight_filler: FillerParameter
    m: float
    axis: int
    def __init__(self, num_output: _Optional[int] = ..., weight_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., m: _Optional[float] = ..., axis: _Optional[int] = ...) -> None: ...

class AffinityParameter(_message.Message):
    __slots__ = ("offset",)
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    offset: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, offset: _Optional[_Iterable[int]] = ...) -> None: ...

class AggregationParameter(_message.Message):
    __slots__ = ("aggregation_param_r",)
    AGGREGATION_PARAM_R_FIELD_NUMBER: _ClassVar[int]
    aggregation_param_r: float
    def __init__(self, aggregation_param_r: _Optional[float] = ...) -> None: ...

class Anchor(_message.Message):
    __slots__ = ("bottom", "left", "right", "top")
    BOTTOM_FIELD_NUMBER: _ClassVar[int]
    LEFT_FIELD_NUMBER: _ClassVar[int]
    RIGHT_FIELD_NUMBER: _ClassVar[int]
    TOP_FIELD_NUMBER: _ClassVar[int]
    bottom: float
    left: float
    right: float
    top: float
    def __init__(self, bottom: _Optional[float] = ..., left: _Optional[float] = ..., right: _Optional[float] = ..., top: _Optional[float] = ...) -> None: ...

class AnnotatedDatumR(_message.Message):
    __slots__ = ("datum", "type", "annotation_group")
    class AnnotationType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        RBOX: _ClassVar[AnnotatedDatumR.AnnotationType]
    RBOX: AnnotatedDatumR.AnnotationType
    DATUM_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    ANNOTATION_GROUP_FIELD_NUMBER: _ClassVar[int]
    datum: Datum
    type: AnnotatedDatumR.AnnotationType
    annotation_group: _containers.RepeatedCompositeFieldContainer[AnnotationGroupR]
    def __init__(self, datum: _Optional[_Union[Datum, _Mapping]] = ..., type: _Optional[_Union[AnnotatedDatumR.AnnotationType, str]] = ..., annotation_group: _Optional[_Iterable[_Union[AnnotationGroupR, _Mapping]]] = ...) -> None: ...

class AnnotatedRDataParameter(_message.Message):
    __slots__ = ("batch_sampler", "label_map_file", "anno_type")
    BATCH_SAMPLER_FIELD_NUMBER: _ClassVar[int]
    LABEL_MAP_FILE_FIELD_NUMBER: _ClassVar[int]
    ANNO_TYPE_FIELD_NUMBER: _ClassVar[int]
    batch_sampler: _containers.RepeatedCompositeFieldContainer[BatchSampler]
    label_map_file: str
    anno_type: AnnotatedDatumR.AnnotationType
    def __init__(self, batch_sampler: _Optional[_Iterable[_Union[BatchSampler, _Mapping]]] = ..., label_map_file: _Optional[str] = ..., anno_type: _Optional[_Union[AnnotatedDatumR.AnnotationType, str]] = ...) -> None: ...

class AnnotationGroupR(_message.Message):
    __slots__ = ("group_label", "annotation")
    GROUP_LABEL_FIELD_NUMBER: _ClassVar[int]
    ANNOTATION_FIELD_NUMBER: _ClassVar[int]
    group_label: int
    annotation: _containers.RepeatedCompositeFieldContainer[AnnotationR]
    def __init__(self, group_label: _Optional[int] = ..., annotation: _Optional[_Iterable[_Union[AnnotationR, _Mapping]]] = ...) -> None: ...

class AnnotationR(_message.Message):
    __slots__ = ("instance_id", "rbox")
    INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    RBOX_FIELD_NUMBER: _ClassVar[int]
    instance_id: int
    rbox: NormalizedRBox
    def __init__(self, instance_id: _Optional[int] = ..., rbox: _Optional[_Union[NormalizedRBox, _Mapping]] = ...) -> None: ...

class AsdnDataParameter(_message.Message):
    __slots__ = ("count_drop", "permute_count", "count_drop_neg", "channels", "iter_size", "maintain_before")
    COUNT_DROP_FIELD_NUMBER: _ClassVar[int]
    PERMUTE_COUNT_FIELD_NUMBER: _ClassVar[int]
    COUNT_DROP_NEG_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    ITER_SIZE_FIELD_NUMBER: _ClassVar[int]
    MAINTAIN_BEFORE_FIELD_NUMBER: _ClassVar[int]
    count_drop: int
    permute_count: int
    count_drop_neg: int
    channels: int
    iter_size: int
    maintain_before: int
    def __init__(self, count_drop: _Optional[int] = ..., permute_count: _Optional[int] = ..., count_drop_neg: _Optional[int] = ..., channels: _Optional[int] = ..., iter_size: _Optional[int] = ..., maintain_before: _Optional[int] = ...) -> None: ...

class AugmentationCoeff(_message.Message):
    __slots__ = ("mirror", "dx", "dy", "angle", "zoom_x", "zoom_y", "gamma", "brightness", "contrast", "color1", "color2", "color3", "pow_nomean0", "pow_nomean1", "pow_nomean2", "add_nomean0", "add_nomean1", "add_nomean2", "mult_nomean0", "mult_nomean1", "mult_nomean2", "pow_withmean0", "pow_withmean1", "pow_withmean2", "add_withmean0", "add_withmean1", "add_withmean2", "mult_withmean0", "mult_withmean1", "mult_withmean2", "lmult_pow", "lmult_add", "lmult_mult", "col_angle", "fog_amount", "fog_size", "motion_blur_angle", "motion_blur_size", "shadow_angle", "shadow_distance", "shadow_strength", "noise")
    MIRROR_FIELD_NUMBER: _ClassVar[int]
    DX_FIELD_NUMBER: _ClassVar[int]
    DY_FIELD_NUMBER: _ClassVar[int]
    ANGLE_FIELD_NUMBER: _ClassVar[int]
    ZOOM_X_FIELD_NUMBER: _ClassVar[int]
    ZOOM_Y_FIELD_NUMBER: _ClassVar[int]
    GAMMA_FIELD_NUMBER: _ClassVar[int]
    BRIGHTNESS_FIELD_NUMBER: _ClassVar[int]
    CONTRAST_FIELD_NUMBER: _ClassVar[int]
    COLOR1_FIELD_NUMBER: _ClassVar[int]
    COLOR2_FIELD_NUMBER: _ClassVar[int]
    COLOR3_FIELD_NUMBER: _ClassVar[int]
    POW_NOMEAN0_FIELD_NUMBER: _ClassVar[int]
    POW_NOMEAN1_FIELD_NUMBER: _ClassVar[int]
    POW_NOMEAN2_FIELD_NUMBER: _ClassVar[int]
    ADD_NOMEAN0_FIELD_NUMBER: _ClassVar[int]
    ADD_NOMEAN1_FIELD_NUMBER: _ClassVar[int]
    ADD_NOMEAN2_FIELD_NUMBER: _ClassVar[int]
    MULT_NOMEAN0_FIELD_NUMBER: _ClassVar[int]
    MULT_NOMEAN1_FIELD_NUMBER: _ClassVar[int]
    MULT_NOMEAN2_FIELD_NUMBER: _ClassVar[int]
    POW_WITHMEAN0_FIELD_NUMBER: _ClassVar[int]
    POW_WITHMEAN1_FIELD_NUMBER: _ClassVar[int]
    POW_WITHMEAN2_FIELD_NUMBER: _ClassVar[int]
    ADD_WITHMEAN0_FIELD_NUMBER: _ClassVar[int]
    ADD_WITHMEAN1_FIELD_NUMBER: _ClassVar[int]
    ADD_WITHMEAN2_FIELD_NUMBER: _ClassVar[int]
    MULT_WITHMEAN0_FIELD_NUMBER: _ClassVar[int]
    MULT_WITHMEAN1_FIELD_NUMBER: _ClassVar[int]
    MULT_WITHMEAN2_FIELD_NUMBER: _ClassVar[int]
    LMULT_POW_FIELD_NUMBER: _ClassVar[int]
    LMULT_ADD_FIELD_NUMBER: _ClassVar[int]
    LMULT_MULT_FIELD_NUMBER: _ClassVar[int]
    COL_ANGLE_FIELD_NUMBER: _ClassVar[int]
    FOG_AMOUNT_FIELD_NUMBER: _ClassVar[int]
    FOG_SIZE_FIELD_NUMBER: _ClassVar[int]
    MOTION_BLUR_ANGLE_FIELD_NUMBER: _ClassVar[int]
    MOTION_BLUR_SIZE_FIELD_NUMBER: _ClassVar[int]
    SHADOW_ANGLE_FIELD_NUMBER: _ClassVar[int]
    SHADOW_DISTANCE_FIELD_NUMBER: _ClassVar[int]
    SHADOW_STRENGTH_FIELD_NUMBER: _ClassVar[int]
    NOISE_FIELD_NUMBER: _ClassVar[int]
    mirror: float
    dx: float
    dy: float
    angle: float
    zoom_x: float
    zoom_y: float
    gamma: float
    brightness: float
    contrast: float
    color1: float
    color2: float
    color3: float
    pow_nomean0: float
    pow_nomean1: float
    pow_nomean2: float
    add_nomean0: float
    add_nomean1: float
    add_nomean2: float
    mult_nomean0: float
    mult_nomean1: float
    mult_nomean2: float
    pow_withmean0: float
    pow_withmean1: float
    pow_withmean2: float
    add_withmean0: float
    add_withmean1: float
    add_withmean2: float
    mult_withmean0: float
    mult_withmean1: float
    mult_withmean2: float
    lmult_pow: float
    lmult_add: float
    lmult_mult: float
    col_angle: float
    fog_amount: float
    fog_size: float
    motion_blur_angle: float
    motion_blur_size: float
    shadow_angle: float
    shadow_distance: float
    shadow_strength: float
    noise: float
    def __init__(self, mirror: _Optional[float] = ..., dx: _Optional[float] = ..., dy: _Optional[float] = ..., angle: _Optional[float] = ..., zoom_x: _Optional[float] = ..., zoom_y: _Optional[float] = ..., gamma: _Optional[float] = ..., brightness: _Optional[float] = ..., contrast: _Optional[float] = ..., color1: _Optional[float] = ..., color2: _Optional[float] = ..., color3: _Optional[float] = ..., pow_nomean0: _Optional[float] = ..., pow_nomean1: _Optional[float] = ..., pow_nomean2: _Optional[float] = ..., add_nomean0: _Optional[float] = ..., add_nomean1: _Optional[float] = ..., add_nomean2: _Optional[float] = ..., mult_nomean0: _Optional[float] = ..., mult_nomean1: _Optional[float] = ..., mult_nomean2: _Optional[float] = ..., pow_withmean0: _Optional[float] = ..., pow_withmean1: _Optional[float] = ..., pow_withmean2: _Optional[float] = ..., add_withmean0: _Optional[float] = ..., add_withmean1: _Optional[float] = ..., add_withmean2: _Optional[float] = ..., mult_withmean0: _Optional[float] = ..., mult_withmean1: _Optional[float] = ..., mult_withmean2: _Optional[float] = ..., lmult_pow: _Optional[float] = ..., lmult_add: _Optional[float] = ..., lmult_mult: _Optional[float] = ..., col_angle: _Optional[float] = ..., fog_amount: _Optional[float] = ..., fog_size: _Optional[float] = ..., motion_blur_angle: _Optional[float] = ..., motion_blur_size: _Optional[float] = ..., shadow_angle: _Optional[float] = ..., shadow_distance: _Optional[float] = ..., shadow_strength: _Optional[float] = ..., noise: _Optional[float] = ...) -> None: ...

class AugmentationParameter(_message.Message):
    __slots__ = ("crop_width", "crop_height", "write_augmented", "max_multiplier", "augment_during_test", "recompute_mean", "write_mean", "mean_per_pixel", "mean", "mode", "bottomwidth", "bottomheight", "num", "chromatic_eigvec", "mirror", "translate", "rotate", "zoom", "squeeze", "translate_x", "translate_y", "gamma", "brightness", "contrast", "color", "lmult_pow", "lmult_mult", "lmult_add", "sat_pow", "sat_mult", "sat_add", "col_pow", "col_mult", "col_add", "ladd_pow", "ladd_mult", "ladd_add", "col_rotate", "fog_amount", "fog_size", "motion_blur_angle", "motion_blur_size", "shadow_angle", "shadow_distance", "shadow_strength", "noise")
    CROP_WIDTH_FIELD_NUMBER: _ClassVar[int]
    CROP_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    WRITE_AUGMENTED_FIELD_NUMBER: _ClassVar[int]
    MAX_MULTIPLIER_FIELD_NUMBER: _ClassVar[int]
    AUGMENT_DURING_TEST_FIELD_NUMBER: _ClassVar[int]
    RECOMPUTE_MEAN_FIELD_NUMBER: _ClassVar[int]
    WRITE_MEAN_FIELD_NUMBER: _ClassVar[int]
    MEAN_PER_PIXEL_FIELD_NUMBER: _ClassVar[int]
    MEAN_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    BOTTOMWIDTH_FIELD_NUMBER: _ClassVar[int]
    BOTTOMHEIGHT_FIELD_NUMBER: _ClassVar[int]
    NUM_FIELD_NUMBER: _ClassVar[int]
    CHROMATIC_EIGVEC_FIELD_NUMBER: _ClassVar[int]
    MIRROR_FIELD_NUMBER: _ClassVar[int]
    TRANSLATE_FIELD_NUMBER: _ClassVar[int]
    ROTATE_FIELD_NUMBER: _ClassVar[int]
    ZOOM_FIELD_NUMBER: _ClassVar[int]
    SQUEEZE_FIELD_NUMBER: _ClassVar[int]
    TRANSLATE_X_FIELD_NUMBER: _ClassVar[int]
    TRANSLATE_Y_FIELD_NUMBER: _ClassVar[int]
    GAMMA_FIELD_NUMBER: _ClassVar[int]
    BRIGHTNESS_FIELD_NUMBER: _ClassVar[int]
    CONTRAST_FIELD_NUMBER: _ClassVar[int]
    COLOR_FIELD_NUMBER: _ClassVar[int]
    LMULT_POW_FIELD_NUMBER: _ClassVar[int]
    LMULT_MULT_FIELD_NUMBER: _ClassVar[int]
    LMULT_ADD_FIELD_NUMBER: _ClassVar[int]
    SAT_POW_FIELD_NUMBER: _ClassVar[int]
    SAT_MULT_FIELD_NUMBER: _ClassVar[int]
    SAT_ADD_FIELD_NUMBER: _ClassVar[int]
    COL_POW_FIELD_NUMBER: _ClassVar[int]
    COL_MULT_FIELD_NUMBER: _ClassVar[int]
    COL_ADD_FIELD_NUMBER: _ClassVar[int]
    LADD_POW_FIELD_NUMBER: _ClassVar[int]
    LADD_MULT_FIELD_NUMBER: _ClassVar[int]
    LADD_ADD_FIELD_NUMBER: _ClassVar[int]
    COL_ROTATE_FIELD_NUMBER: _ClassVar[int]
    FOG_AMOUNT_FIELD_NUMBER: _ClassVar[int]
    FOG_SIZE_FIELD_NUMBER: _ClassVar[int]
    MOTION_BLUR_ANGLE_FIELD_NUMBER: _ClassVar[int]
    MOTION_BLUR_SIZE_FIELD_NUMBER: _ClassVar[int]
    SHADOW_ANGLE_FIELD_NUMBER: _ClassVar[int]
    SHADOW_DISTANCE_FIELD_NUMBER: _ClassVar[int]
    SHADOW_STRENGTH_FIELD_NUMBER: _ClassVar[int]
    NOISE_FIELD_NUMBER: _ClassVar[int]
    crop_width: int
    crop_height: int
    write_augmented: str
    max_multiplier: float
    augment_during_test: bool
    recompute_mean: int
    write_mean: str
    mean_per_pixel: bool
    mean: _containers.RepeatedScalarFieldContainer[float]
    mode: str
    bottomwidth: int
    bottomheight: int
    num: int
    chromatic_eigvec: _containers.RepeatedScalarFieldContainer[float]
    mirror: RandomGeneratorParameter
    translate: RandomGeneratorParameter
    rotate: RandomGeneratorParameter
    zoom: RandomGeneratorParameter
    squeeze: RandomGeneratorParameter
    translate_x: RandomGeneratorParameter
    translate_y: RandomGeneratorParameter
    gamma: RandomGeneratorParameter
    brightness: RandomGeneratorParameter
    contrast: RandomGeneratorParameter
    color: RandomGeneratorParameter
    lmult_pow: RandomGeneratorParameter
    lmult_mult: RandomGeneratorParameter
    lmult_add: RandomGeneratorParameter
    sat_pow: RandomGeneratorParameter
    sat_mult: RandomGeneratorParameter
    sat_add: RandomGeneratorParameter
    col_pow: RandomGeneratorParameter
    col_mult: RandomGeneratorParameter
    col_add: RandomGeneratorParameter
    ladd_pow: RandomGeneratorParameter
    ladd_mult: RandomGeneratorParameter
    ladd_add: RandomGeneratorParameter
    col_rotate: RandomGeneratorParameter
    fog_amount: RandomGeneratorParameter
    fog_size: RandomGeneratorParameter
    motion_blur_angle: RandomGeneratorParameter
    motion_blur_size: RandomGeneratorParameter
    shadow_angle: RandomGeneratorParameter
    shadow_distance: RandomGeneratorParameter
    shadow_strength: RandomGeneratorParameter
    noise: RandomGeneratorParameter
    def __init__(self, crop_width: _Optional[int] = ..., crop_height: _Optional[int] = ..., write_augmented: _Optional[str] = ..., max_multiplier: _Optional[float] = ..., augment_during_test: _Optional[bool] = ..., recompute_mean: _Optional[int] = ..., write_mean: _Optional[str] = ..., mean_per_pixel: _Optional[bool] = ..., mean: _Optional[_Iterable[float]] = ..., mode: _Optional[str] = ..., bottomwidth: _Optional[int] = ..., bottomheight: _Optional[int] = ..., num: _Optional[int] = ..., chromatic_eigvec: _Optional[_Iterable[float]] = ..., mirror: _Optional[_Union[RandomGeneratorParameter, _Mapping]] = ..., translate: _Optional[_Union[RandomGeneratorParameter, _Mapping]] = ..., rotate: _Optional[_Union[RandomGeneratorParameter, _Mapping]] = ..., zoom: _Optional[_Union[RandomGeneratorParameter, _Mapping]] = ..., squeeze: _Optional[_Union[RandomGeneratorParameter, _Mapping]] = ..., translate_x: _Optional[_Union[RandomGeneratorParameter, _Mapping]] = ..., translate_y: _Optional[_Union[RandomGeneratorParameter, _Mapping]] = ..., gamma: _Optional[_Union[RandomGeneratorParameter, _Mapping]] = ..., brightness: _Optional[_Union[RandomGeneratorParameter, _Mapping]] = ..., contrast: _Optional[_Union[RandomGeneratorParameter, _Mapping]] = ..., color: _Optional[_Union[RandomGeneratorParameter, _Mapping]] = ..., lmult_pow: _Optional[_Union[RandomGeneratorParameter, _Mapping]] = ..., lmult_mult: _Optional[_Union[RandomGeneratorParameter, _Mapping]] = ..., lmult_add: _Optional[_Union[RandomGeneratorParameter, _Mapping]] = ..., sat_pow: _Optional[_Union[RandomGeneratorParameter, _Mapping]] = ..., sat_mult: _Optional[_Union[RandomGeneratorParameter, _Mapping]] = ..., sat_add: _Optional[_Union[RandomGeneratorParameter, _Mapping]] = ..., col_pow: _Optional[_Union[RandomGeneratorParameter, _Mapping]] = ..., col_mult: _Optional[_Union[RandomGeneratorParameter, _Mapping]] = ..., col_add: _Optional[_Union[RandomGeneratorParameter, _Mapping]] = ..., ladd_pow: _Optional[_Union[RandomGeneratorParameter, _Mapping]] = ..., ladd_mult: _Optional[_Union[RandomGeneratorParameter, _Mapping]] = ..., ladd_add: _Optional[_Union[RandomGeneratorParameter, _Mapping]] = ..., col_rotate: _Optional[_Union[RandomGeneratorParameter, _Mapping]] = ..., fog_amount: _Optional[_Union[RandomGeneratorParameter, _Mapping]] = ..., fog_size: _Optional[_Union[RandomGeneratorParameter, _Mapping]] = ..., motion_blur_angle: _Optional[_Union[RandomGeneratorParameter, _Mapping]] = ..., motion_blur_size: _Optional[_Union[RandomGeneratorParameter, _Mapping]] = ..., shadow_angle: _Optional[_Union[RandomGeneratorParameter, _Mapping]] = ..., shadow_distance: _Optional[_Union[RandomGeneratorParameter, _Mapping]] = ..., shadow_strength: _Optional[_Union[RandomGeneratorParameter, _Mapping]] = ..., noise: _Optional[_Union[RandomGeneratorParameter, _Mapping]] = ...) -> None: ...

class BBoxRegParameter(_message.Message):
    __slots__ = ("bbox_mean", "bbox_std", "cls_aware")
    BBOX_MEAN_FIELD_NUMBER: _ClassVar[int]
    BBOX_STD_FIELD_NUMBER: _ClassVar[int]
    CLS_AWARE_FIELD_NUMBER: _ClassVar[int]
    bbox_mean: _containers.RepeatedScalarFieldContainer[float]
    bbox_std: _containers.RepeatedScalarFieldContainer[float]
    cls_aware: bool
    def __init__(self, bbox_mean: _Optional[_Iterable[float]] = ..., bbox_std: _Optional[_Iterable[float]] = ..., cls_aware: _Optional[bool] = ...) -> None: ...

class BatchReductionParameter(_message.Message):
    __slots__ = ("level", "reduction_param", "pos")
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    REDUCTION_PARAM_FIELD_NUMBER: _ClassVar[int]
    POS_FIELD_NUMBER: _ClassVar[int]
    level: _containers.RepeatedScalarFieldContainer[int]
    reduction_param: ReductionParameter
    pos: bool
    def __init__(self, level: _Optional[_Iterable[int]] = ..., reduction_param: _Optional[_Union[ReductionParameter, _Mapping]] = ..., pos: _Optional[bool] = ...) -> None: ...

class BiasChannelParameter(_message.Message):
    __slots__ = ("bg_bias", "fg_bias", "ignore_label", "label_type", "background_label")
    class LabelType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        IMAGE: _ClassVar[BiasChannelParameter.LabelType]
        PIXEL: _ClassVar[BiasChannelParameter.LabelType]
    IMAGE: BiasChannelParameter.LabelType
    PIXEL: BiasChannelParameter.LabelType
    BG_BIAS_FIELD_NUMBER: _ClassVar[int]
    FG_BIAS_FIELD_NUMBER: _ClassVar[int]
    IGNORE_LABEL_FIELD_NUMBER: _ClassVar[int]
    LABEL_TYPE_FIELD_NUMBER: _ClassVar[int]
    BACKGROUND_LABEL_FIELD_NUMBER: _ClassVar[int]
    bg_bias: float
    fg_bias: float
    ignore_label: _containers.RepeatedScalarFieldContainer[int]
    label_type: BiasChannelParameter.LabelType
    background_label: int
    def __init__(self, bg_bias: _Optional[float] = ..., fg_bias: _Optional[float] = ..., ignore_label: _Optional[_Iterable[int]] = ..., label_type: _Optional[_Union[BiasChannelParameter.LabelType, str]] = ..., background_label: _Optional[int] = ...) -> None: ...

class BlackAugmentationParameter(_message.Message):
    __slots__ = ("black", "border")
    BLACK_FIELD_NUMBER: _ClassVar[int]
    BORDER_FIELD_NUMBER: _ClassVar[int]
    black: RandomGeneratorParameter
    border: RandomGeneratorParameter
    def __init__(self, black: _Optional[_Union[RandomGeneratorParameter, _Mapping]] = ..., border: _Optional[_Union[RandomGeneratorParameter, _Mapping]] = ...) -> None: ...

class BlockGroupLassoSpec(_message.Message):
    __slots__ = ("xdimen", "ydimen", "block_decay_mult")
    XDIMEN_FIELD_NUMBER: _ClassVar[int]
    YDIMEN_FIELD_NUMBER: _ClassVar[int]
    BLOCK_DECAY_MULT_FIELD_NUMBER: _ClassVar[int]
    xdimen: int
    ydimen: int
    block_decay_mult: float
    def __init__(self, xdimen: _Optional[int] = ..., ydimen: _Optional[int] = ..., block_decay_mult: _Optional[float] = ...) -> None: ...

class BoxGroupOutputParameter(_message.Message):
    __slots__ = ("fg_thr", "iou_thr", "nms_type", "box_group_param", "field_whr", "field_xyr", "max_nms_num", "max_post_nms_num", "min_size")
    FG_THR_FIELD_NUMBER: _ClassVar[int]
    IOU_THR_FIELD_NUMBER: _ClassVar[int]
    NMS_TYPE_FIELD_NUMBER: _ClassVar[int]
    BOX_GROUP_PARAM_FIELD_NUMBER: _ClassVar[int]
    FIELD_WHR_FIELD_NUMBER: _ClassVar[int]
    FIELD_XYR_FIELD_NUMBER: _ClassVar[int]
    MAX_NMS_NUM_FIELD_NUMBER: _ClassVar[int]
    MAX_POST_NMS_NUM_FIELD_NUMBER: _ClassVar[int]
    MIN_SIZE_FIELD_NUMBER: _ClassVar[int]
    fg_thr: float
    iou_thr: float
    nms_type: str
    box_group_param: _containers.RepeatedCompositeFieldContainer[BoxGroupParameter]
    field_whr: float
    field_xyr: float
    max_nms_num: int
    max_post_nms_num: int
    min_size: float
    def __init__(self, fg_thr: _Optional[float] = ..., iou_thr: _Optional[float] = ..., nms_type: _Optional[str] = ..., box_group_param: _Optional[_Iterable[_Union[BoxGroupParameter, _Mapping]]] = ..., field_whr: _Optional[float] = ..., field_xyr: _Optional[float] = ..., max_nms_num: _Optional[int] = ..., max_post_nms_num: _Optional[int] = ..., min_size: _Optional[float] = ...) -> None: ...

class BoxGroupParameter(_message.Message):
    __slots__ = ("field_h", "field_w", "stride")
    FIELD_H_FIELD_NUMBER: _ClassVar[int]
    FIELD_W_FIELD_NUMBER: _ClassVar[int]
    STRIDE_FIELD_NUMBER: _ClassVar[int]
    field_h: _containers.RepeatedScalarFieldContainer[int]
    field_w: _containers.RepeatedScalarFieldContainer[int]
    stride: int
    def __init__(self, field_h: _Optional[_Iterable[int]] = ..., field_w: _Optional[_Iterable[int]] = ..., stride: _Optional[int] = ...) -> None: ...

class BoxOutputParameter(_message.Message):
    __slots__ = ("downsample_rate", "fg_thr", "field_h", "field_w", "field_whr", "field_xyr", "iou_thr", "max_nms_num", "max_post_nms_num", "min_size", "nms_type")
    DOWNSAMPLE_RATE_FIELD_NUMBER: _ClassVar[int]
    FG_THR_FIELD_NUMBER: _ClassVar[int]
    FIELD_H_FIELD_NUMBER: _ClassVar[int]
    FIELD_W_FIELD_NUMBER: _ClassVar[int]
    FIELD_WHR_FIELD_NUMBER: _ClassVar[int]
    FIELD_XYR_FIELD_NUMBER: _ClassVar[int]
    IOU_THR_FIELD_NUMBER: _ClassVar[int]
    MAX_NMS_NUM_FIELD_NUMBER: _ClassVar[int]
    MAX_POST_NMS_NUM_FIELD_NUMBER: _ClassVar[int]
    MIN_SIZE_FIELD_NUMBER: _ClassVar[int]
    NMS_TYPE_FIELD_NUMBER: _ClassVar[int]
    downsample_rate: _containers.RepeatedScalarFieldContainer[int]
    fg_thr: float
    field_h: _containers.RepeatedScalarFieldContainer[int]
    field_w: _containers.RepeatedScalarFieldContainer[int]
    field_whr: float
    field_xyr: float
    iou_thr: float
    max_nms_num: int
    max_post_nms_num: int
    min_size: float
    nms_type: str
    def __init__(self, downsample_rate: _Optional[_Iterable[int]] = ..., fg_thr: _Optional[float] = ..., field_h: _Optional[_Iterable[int]] = ..., field_w: _Optional[_Iterable[int]] = ..., field_whr: _Optional[float] = ..., field_xyr: _Optional[float] = ..., iou_thr: _Optional[float] = ..., max_nms_num: _Optional[int] = ..., max_post_nms_num: _Optional[int] = ..., min_size: _Optional[float] = ..., nms_type: _Optional[str] = ...) -> None: ...

class CTCParameter(_message.Message):
    __slots__ = ("threshold", "decode_type")
    class Decoder(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        best_path: _ClassVar[CTCParameter.Decoder]
        best_path_thres: _ClassVar[CTCParameter.Decoder]
        prefix_search: _ClassVar[CTCParameter.Decoder]
    best_path: CTCParameter.Decoder
    best_path_thres: CTCParameter.Decoder
    prefix_search: CTCParameter.Decoder
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    DECODE_TYPE_FIELD_NUMBER: _ClassVar[int]
    threshold: float
    decode_type: CTCParameter.Decoder
    def __init__(self, threshold: _Optional[float] = ..., decode_type: _Optional[_Union[CTCParameter.Decoder, str]] = ...) -> None: ...

class CensorLabelParameter(_message.Message):
    __slots__ = ("ignore_label",)
    IGNORE_LABEL_FIELD_NUMBER: _ClassVar[int]
    ignore_label: int
    def __init__(self, ignore_label: _Optional[int] = ...) -> None: ...

class ChannelAggregatorParameter(_message.Message):
    __slots__ = ("label_map_file",)
    LABEL_MAP_FILE_FIELD_NUMBER: _ClassVar[int]
    label_map_file: str
    def __init__(self, label_map_file: _Optional[str] = ...) -> None: ...

class ChannelScaleParameter(_message.Message):
    __slots__ = ("do_forward", "do_backward_feature", "do_backward_scale", "global_scale", "max_global_scale", "min_global_scale", "init_global_scale")
    DO_FORWARD_FIELD_NUMBER: _ClassVar[int]
    DO_BACKWARD_FEATURE_FIELD_NUMBER: _ClassVar[int]
    DO_BACKWARD_SCALE_FIELD_NUMBER: _ClassVar[int]
    GLOBAL_SCALE_FIELD_NUMBER: _ClassVar[int]
    MAX_GLOBAL_SCALE_FIELD_NUMBER: _ClassVar[int]
    MIN_GLOBAL_SCALE_FIELD_NUMBER: _ClassVar[int]
    INIT_GLOBAL_SCALE_FIELD_NUMBER: _ClassVar[int]
    do_forward: bool
    do_backward_feature: bool
    do_backward_scale: bool
    global_scale: bool
    max_global_scale: float
    min_global_scale: float
    init_global_scale: float
    def __init__(self, do_forward: _Optional[bool] = ..., do_backward_feature: _Optional[bool] = ..., do_backward_scale: _Optional[bool] = ..., global_scale: _Optional[bool] = ..., max_global_scale: _Optional[float] = ..., min_global_scale: _Optional[float] = ..., init_global_scale: _Optional[float] = ...) -> None: ...

class ClassMapping(_message.Message):
    __slots__ = ("dst", "src")
    DST_FIELD_NUMBER: _ClassVar[int]
    SRC_FIELD_NUMBER: _ClassVar[int]
    dst: int
    src: int
    def __init__(self, dst: _Optional[int] = ..., src: _Optional[int] = ...) -> None: ...

class CoeffScheduleParameter(_message.Message):
    __slots__ = ("half_life", "initial_coeff", "final_coeff")
    HALF_LIFE_FIELD_NUMBER: _ClassVar[int]
    INITIAL_COEFF_FIELD_NUMBER: _ClassVar[int]
    FINAL_COEFF_FIELD_NUMBER: _ClassVar[int]
    half_life: float
    initial_coeff: float
    final_coeff: float
    def __init__(self, half_life: _Optional[float] = ..., initial_coeff: _Optional[float] = ..., final_coeff: _Optional[float] = ...) -> None: ...

class ContinuationIndicatorParameter(_message.Message):
    __slots__ = ("time_step", "axis", "batch_size")
    TIME_STEP_FIELD_NUMBER: _ClassVar[int]
    AXIS_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    time_step: int
    axis: int
    batch_size: int
    def __init__(self, time_step: _Optional[int] = ..., axis: _Optional[int] = ..., batch_size: _Optional[int] = ...) -> None: ...

class Convolution3DParameter(_message.Message):
    __slots__ = ("num_output", "bias_term", "pad", "kernel_size", "group", "kernel_depth", "stride", "temporal_stride", "weight_filler", "bias_filler", "filter_group", "temporal_pad")
    NUM_OUTPUT_FIELD_NUMBER: _ClassVar[int]
    BIAS_TERM_FIELD_NUMBER: _ClassVar[int]
    PAD_FIELD_NUMBER: _ClassVar[int]
    KERNEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    KERNEL_DEPTH_FIELD_NUMBER: _ClassVar[int]
    STRIDE_FIELD_NUMBER: _ClassVar[int]
    TEMPORAL_STRIDE_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FILLER_FIELD_NUMBER: _ClassVar[int]
    BIAS_FILLER_FIELD_NUMBER: _ClassVar[int]
    FILTER_GROUP_FIELD_NUMBER: _ClassVar[int]
    TEMPORAL_PAD_FIELD_NUMBER: _ClassVar[int]
    num_output: int
    bias_term: bool
    pad: int
    kernel_size: int
    group: int
    kernel_depth: int
    stride: int
    temporal_stride: int
    weight_filler: FillerParameter
    bias_filler: FillerParameter
    filter_group: int
    temporal_pad: int
    def __init__(self, num_output: _Optional[int] = ..., bias_term: _Optional[bool] = ..., pad: _Optional[int] = ..., kernel_size: _Optional[int] = ..., group: _Optional[int] = ..., kernel_depth: _Optional[int] = ..., stride: _Optional[int] = ..., temporal_stride: _Optional[int] = ..., weight_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., bias_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., filter_group: _Optional[int] = ..., temporal_pad: _Optional[int] = ...) -> None: ...

class CosinAddmParameter(_message.Message):
    __slots__ = ("m", "transform_test")
    M_FIELD_NUMBER: _ClassVar[int]
    TRANSFORM_TEST_FIELD_NUMBER: _ClassVar[int]
    m: float
    transform_test: bool
    def __init__(self, m: _Optional[float] = ..., transform_test: _Optional[bool] = ...) -> None: ...

class CosinMulmParameter(_message.Message):
    __slots__ = ("m", "transform_test")
    M_FIELD_NUMBER: _ClassVar[int]
    TRANSFORM_TEST_FIELD_NUMBER: _ClassVar[int]
    m: float
    transform_test: bool
    def __init__(self, m: _Optional[float] = ..., transform_test: _Optional[bool] = ...) -> None: ...

class CoupledClusterLossParameter(_message.Message):
    __slots__ = ("margin", "group_size", "scale", "log_flag")
    MARGIN_FIELD_NUMBER: _ClassVar[int]
    GROUP_SIZE_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    LOG_FLAG_FIELD_NUMBER: _ClassVar[int]
    margin: float
    group_size: int
    scale: float
    log_flag: bool
    def __init__(self, margin: _Optional[float] = ..., group_size: _Optional[int] = ..., scale: _Optional[float] = ..., log_flag: _Optional[bool] = ...) -> None: ...

class CtcLossParameter(_message.Message):
    __slots__ = ("alphabet_size", "time_step", "blank_label")
    ALPHABET_SIZE_FIELD_NUMBER: _ClassVar[int]
    TIME_STEP_FIELD_NUMBER: _ClassVar[int]
    BLANK_LABEL_FIELD_NUMBER: _ClassVar[int]
    alphabet_size: int
    time_step: int
    blank_label: int
    def __init__(self, alphabet_size: _Optional[int] = ..., time_step: _Optional[int] = ..., blank_label: _Optional[int] = ...) -> None: ...

class CuDNNBatchNormParameter(_message.Message):
    __slots__ = ("bias_filler", "eps", "frozen", "momentum", "scale_filler", "sync")
    BIAS_FILLER_FIELD_NUMBER: _ClassVar[int]
    EPS_FIELD_NUMBER: _ClassVar[int]
    FROZEN_FIELD_NUMBER: _ClassVar[int]
    MOMENTUM_FIELD_NUMBER: _ClassVar[int]
    SCALE_FILLER_FIELD_NUMBER: _ClassVar[int]
    SYNC_FIELD_NUMBER: _ClassVar[int]
    bias_filler: FillerParameter
    eps: float
    frozen: bool
    momentum: float
    scale_filler: FillerParameter
    sync: bool
    def __init__(self, bias_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., eps: _Optional[float] = ..., frozen: _Optional[bool] = ..., momentum: _Optional[float] = ..., scale_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., sync: _Optional[bool] = ...) -> None: ...

class DecodeBBoxParameter(_message.Message):
    __slots__ = ("gt_iou_thr",)
    GT_IOU_THR_FIELD_NUMBER: _ClassVar[int]
    gt_iou_thr: float
    def __init__(self, gt_iou_thr: _Optional[float] = ...) -> None: ...

class DeephiResizeParameter(_message.Message):
    __slots__ = ("resize_type", "scale_h", "scale_w", "new_height", "new_width", "use_dpu")
    class ResizeType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        BILINEAR: _ClassVar[DeephiResizeParameter.ResizeType]
        NEAREST: _ClassVar[DeephiResizeParameter.ResizeType]
    BILINEAR: DeephiResizeParameter.ResizeType
    NEAREST: DeephiResizeParameter.ResizeType
    RESIZE_TYPE_FIELD_NUMBER: _ClassVar[int]
    SCALE_H_FIELD_NUMBER: _ClassVar[int]
    SCALE_W_FIELD_NUMBER: _ClassVar[int]
    NEW_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    NEW_WIDTH_FIELD_NUMBER: _ClassVar[int]
    USE_DPU_FIELD_NUMBER: _ClassVar[int]
    resize_type: DeephiResizeParameter.ResizeType
    scale_h: float
    scale_w: float
    new_height: int
    new_width: int
    use_dpu: bool
    def __init__(self, resize_type: _Optional[_Union[DeephiResizeParameter.ResizeType, str]] = ..., scale_h: _Optional[float] = ..., scale_w: _Optional[float] = ..., new_height: _Optional[int] = ..., new_width: _Optional[int] = ..., use_dpu: _Optional[bool] = ...) -> None: ...

class DeformableConvolutionParameter(_message.Message):
    __slots__ = ("num_output", "bias_term", "pad", "kernel_size", "stride", "dilation", "pad_h", "pad_w", "kernel_h", "kernel_w", "stride_h", "stride_w", "group", "deformable_group", "weight_filler", "bias_filler", "engine", "axis", "force_nd_im2col")
    class Engine(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DEFAULT: _ClassVar[DeformableConvolutionParameter.Engine]
        CAFFE: _ClassVar[DeformableConvolutionParameter.Engine]
        CUDNN: _ClassVar[DeformableConvolutionParameter.Engine]
    DEFAULT: DeformableConvolutionParameter.Engine
    CAFFE: DeformableConvolutionParameter.Engine
    CUDNN: DeformableConvolutionParameter.Engine
    NUM_OUTPUT_FIELD_NUMBER: _ClassVar[int]
    BIAS_TERM_FIELD_NUMBER: _ClassVar[int]
    PAD_FIELD_NUMBER: _ClassVar[int]
    KERNEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    STRIDE_FIELD_NUMBER: _ClassVar[int]
    DILATION_FIELD_NUMBER: _ClassVar[int]
    PAD_H_FIELD_NUMBER: _ClassVar[int]
    PAD_W_FIELD_NUMBER: _ClassVar[int]
    KERNEL_H_FIELD_NUMBER: _ClassVar[int]
    KERNEL_W_FIELD_NUMBER: _ClassVar[int]
    STRIDE_H_FIELD_NUMBER: _ClassVar[int]
    STRIDE_W_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    DEFORMABLE_GROUP_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FILLER_FIELD_NUMBER: _ClassVar[int]
    BIAS_FILLER_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    AXIS_FIELD_NUMBER: _ClassVar[int]
    FORCE_ND_IM2COL_FIELD_NUMBER: _ClassVar[int]
    num_output: int
    bias_term: bool
    pad: _containers.RepeatedScalarFieldContainer[int]
    kernel_size: _containers.RepeatedScalarFieldContainer[int]
    stride: _containers.RepeatedScalarFieldContainer[int]
    dilation: _containers.RepeatedScalarFieldContainer[int]
    pad_h: int
    pad_w: int
    kernel_h: int
    kernel_w: int
    stride_h: int
    stride_w: int
    group: int
    deformable_group: int
    weight_filler: FillerParameter
    bias_filler: FillerParameter
    engine: DeformableConvolutionParameter.Engine
    axis: int
    force_nd_im2col: bool
    def __init__(self, num_output: _Optional[int] = ..., bias_term: _Optional[bool] = ..., pad: _Optional[_Iterable[int]] = ..., kernel_size: _Optional[_Iterable[int]] = ..., stride: _Optional[_Iterable[int]] = ..., dilation: _Optional[_Iterable[int]] = ..., pad_h: _Optional[int] = ..., pad_w: _Optional[int] = ..., kernel_h: _Optional[int] = ..., kernel_w: _Optional[int] = ..., stride_h: _Optional[int] = ..., stride_w: _Optional[int] = ..., group: _Optional[int] = ..., deformable_group: _Optional[int] = ..., weight_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., bias_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., engine: _Optional[_Union[DeformableConvolutionParameter.Engine, str]] = ..., axis: _Optional[int] = ..., force_nd_im2col: _Optional[bool] = ...) -> None: ...

class DeformablePSROIPoolingParameter(_message.Message):
    __slots__ = ("spatial_scale", "output_dim", "group_size", "pooled_size", "part_size", "sample_per_part", "trans_std", "no_trans")
    SPATIAL_SCALE_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_DIM_FIELD_NUMBER: _ClassVar[int]
    GROUP_SIZE_FIELD_NUMBER: _ClassVar[int]
    POOLED_SIZE_FIELD_NUMBER: _ClassVar[int]
    PART_SIZE_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_PER_PART_FIELD_NUMBER: _ClassVar[int]
    TRANS_STD_FIELD_NUMBER: _ClassVar[int]
    NO_TRANS_FIELD_NUMBER: _ClassVar[int]
    spatial_scale: float
    output_dim: int
    group_size: int
    pooled_size: int
    part_size: int
    sample_per_part: int
    trans_std: float
    no_trans: bool
    def __init__(self, spatial_scale: _Optional[float] = ..., output_dim: _Optional[int] = ..., group_size: _Optional[int] = ..., pooled_size: _Optional[int] = ..., part_size: _Optional[int] = ..., sample_per_part: _Optional[int] = ..., trans_std: _Optional[float] = ..., no_trans: _Optional[bool] = ...) -> None: ...

class DenseCRFParameter(_message.Message):
    __slots__ = ("max_iter", "pos_xy_std", "pos_w", "bi_xy_std", "bi_rgb_std", "bi_w", "output_probability")
    MAX_ITER_FIELD_NUMBER: _ClassVar[int]
    POS_XY_STD_FIELD_NUMBER: _ClassVar[int]
    POS_W_FIELD_NUMBER: _ClassVar[int]
    BI_XY_STD_FIELD_NUMBER: _ClassVar[int]
    BI_RGB_STD_FIELD_NUMBER: _ClassVar[int]
    BI_W_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    max_iter: int
    pos_xy_std: _containers.RepeatedScalarFieldContainer[float]
    pos_w: _containers.RepeatedScalarFieldContainer[float]
    bi_xy_std: _containers.RepeatedScalarFieldContainer[float]
    bi_rgb_std: _containers.RepeatedScalarFieldContainer[float]
    bi_w: _containers.RepeatedScalarFieldContainer[float]
    output_probability: bool
    def __init__(self, max_iter: _Optional[int] = ..., pos_xy_std: _Optional[_Iterable[float]] = ..., pos_w: _Optional[_Iterable[float]] = ..., bi_xy_std: _Optional[_Iterable[float]] = ..., bi_rgb_std: _Optional[_Iterable[float]] = ..., bi_w: _Optional[_Iterable[float]] = ..., output_probability: _Optional[bool] = ...) -> None: ...

class DenseboxMapEvaluationParameter(_message.Message):
    __slots__ = ("channel_axes", "nms_threshold", "conf_threshold", "iou_threshold")
    CHANNEL_AXES_FIELD_NUMBER: _ClassVar[int]
    NMS_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    CONF_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    IOU_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    channel_axes: int
    nms_threshold: float
    conf_threshold: float
    iou_threshold: float
    def __init__(self, channel_axes: _Optional[int] = ..., nms_threshold: _Optional[float] = ..., conf_threshold: _Optional[float] = ..., iou_threshold: _Optional[float] = ...) -> None: ...

class DepthwiseConvolutionParameter(_message.Message):
    __slots__ = ("axis", "bias_filler", "bias_term", "dilation", "force_nd_im2col", "group", "kernel_h", "kernel_size", "kernel_w", "num_output", "pad", "pad_h", "pad_w", "stride", "stride_h", "stride_w", "weight_filler")
    AXIS_FIELD_NUMBER: _ClassVar[int]
    BIAS_FILLER_FIELD_NUMBER: _ClassVar[int]
    BIAS_TERM_FIELD_NUMBER: _ClassVar[int]
    DILATION_FIELD_NUMBER: _ClassVar[int]
    FORCE_ND_IM2COL_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    KERNEL_H_FIELD_NUMBER: _ClassVar[int]
    KERNEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    KERNEL_W_FIELD_NUMBER: _ClassVar[int]
    NUM_OUTPUT_FIELD_NUMBER: _ClassVar[int]
    PAD_FIELD_NUMBER: _ClassVar[int]
    PAD_H_FIELD_NUMBER: _ClassVar[int]
    PAD_W_FIELD_NUMBER: _ClassVar[int]
    STRIDE_FIELD_NUMBER: _ClassVar[int]
    STRIDE_H_FIELD_NUMBER: _ClassVar[int]
    STRIDE_W_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FILLER_FIELD_NUMBER: _ClassVar[int]
    axis: int
    bias_filler: FillerParameter
    bias_term: bool
    dilation: _containers.RepeatedScalarFieldContainer[int]
    force_nd_im2col: bool
    group: int
    kernel_h: int
    kernel_size: _containers.RepeatedScalarFieldContainer[int]
    kernel_w: int
    num_output: int
    pad: _containers.RepeatedScalarFieldContainer[int]
    pad_h: int
    pad_w: int
    stride: _containers.RepeatedScalarFieldContainer[int]
    stride_h: int
    stride_w: int
    weight_filler: FillerParameter
    def __init__(self, axis: _Optional[int] = ..., bias_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., bias_term: _Optional[bool] = ..., dilation: _Optional[_Iterable[int]] = ..., force_nd_im2col: _Optional[bool] = ..., group: _Optional[int] = ..., kernel_h: _Optional[int] = ..., kernel_size: _Optional[_Iterable[int]] = ..., kernel_w: _Optional[int] = ..., num_output: _Optional[int] = ..., pad: _Optional[_Iterable[int]] = ..., pad_h: _Optional[int] = ..., pad_w: _Optional[int] = ..., stride: _Optional[_Iterable[int]] = ..., stride_h: _Optional[int] = ..., stride_w: _Optional[int] = ..., weight_filler: _Optional[_Union[FillerParameter, _Mapping]] = ...) -> None: ...

class DetectNetAugmentationParameter(_message.Message):
    __slots__ = ("crop_prob", "shift_x", "shift_y", "scale_prob", "scale_min", "scale_max", "flip_prob", "rotation_prob", "max_rotate_degree", "hue_rotation_prob", "hue_rotation", "desaturation_prob", "desaturation_max", "resize_param", "noise_param", "distort_param", "expand_param", "emit_constraint")
    CROP_PROB_FIELD_NUMBER: _ClassVar[int]
    SHIFT_X_FIELD_NUMBER: _ClassVar[int]
    SHIFT_Y_FIELD_NUMBER: _ClassVar[int]
    SCALE_PROB_FIELD_NUMBER: _ClassVar[int]
    SCALE_MIN_FIELD_NUMBER: _ClassVar[int]
    SCALE_MAX_FIELD_NUMBER: _ClassVar[int]
    FLIP_PROB_FIELD_NUMBER: _ClassVar[int]
    ROTATION_PROB_FIELD_NUMBER: _ClassVar[int]
    MAX_ROTATE_DEGREE_FIELD_NUMBER: _ClassVar[int]
    HUE_ROTATION_PROB_FIELD_NUMBER: _ClassVar[int]
    HUE_ROTATION_FIELD_NUMBER: _ClassVar[int]
    DESATURATION_PROB_FIELD_NUMBER: _ClassVar[int]
    DESATURATION_MAX_FIELD_NUMBER: _ClassVar[int]
    RESIZE_PARAM_FIELD_NUMBER: _ClassVar[int]
    NOISE_PARAM_FIELD_NUMBER: _ClassVar[int]
    DISTORT_PARAM_FIELD_NUMBER: _ClassVar[int]
    EXPAND_PARAM_FIELD_NUMBER: _ClassVar[int]
    EMIT_CONSTRAINT_FIELD_NUMBER: _ClassVar[int]
    crop_prob: float
    shift_x: int
    shift_y: int
    scale_prob: float
    scale_min: float
    scale_max: float
    flip_prob: float
    rotation_prob: float
    max_rotate_degree: float
    hue_rotation_prob: float
    hue_rotation: float
    desaturation_prob: float
    desaturation_max: float
    resize_param: ResizeParameter
    noise_param: NoiseParameter
    distort_param: DistortionParameter
    expand_param: ExpansionParameter
    emit_constraint: EmitConstraint
    def __init__(self, crop_prob: _Optional[float] = ..., shift_x: _Optional[int] = ..., shift_y: _Optional[int] = ..., scale_prob: _Optional[float] = ..., scale_min: _Optional[float] = ..., scale_max: _Optional[float] = ..., flip_prob: _Optional[float] = ..., rotation_prob: _Optional[float] = ..., max_rotate_degree: _Optional[float] = ..., hue_rotation_prob: _Optional[float] = ..., hue_rotation: _Optional[float] = ..., desaturation_prob: _Optional[float] = ..., desaturation_max: _Optional[float] = ..., resize_param: _Optional[_Union[ResizeParameter, _Mapping]] = ..., noise_param: _Optional[_Union[NoiseParameter, _Mapping]] = ..., distort_param: _Optional[_Union[DistortionParameter, _Mapping]] = ..., expand_param: _Optional[_Union[ExpansionParameter, _Mapping]] = ..., emit_constraint: _Optional[_Union[EmitConstraint, _Mapping]] = ...) -> None: ...

class DetectNetGroundTruthParameter(_message.Message):
    __slots__ = ("stride", "scale_cvg", "gridbox_type", "max_cvg_len", "min_cvg_len", "coverage_type", "image_size_x", "image_size_y", "obj_norm", "crop_bboxes", "object_class")
    class GridboxType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        GRIDBOX_MAX: _ClassVar[DetectNetGroundTruthParameter.GridboxType]
        GRIDBOX_MIN: _ClassVar[DetectNetGroundTruthParameter.GridboxType]
    GRIDBOX_MAX: DetectNetGroundTruthParameter.GridboxType
    GRIDBOX_MIN: DetectNetGroundTruthParameter.GridboxType
    class CoverageType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        RECTANGULAR: _ClassVar[DetectNetGroundTruthParameter.CoverageType]
    RECTANGULAR: DetectNetGroundTruthParameter.CoverageType
    class ClassMapping(_message.Message):
        __slots__ = ("src", "dst")
        SRC_FIELD_NUMBER: _ClassVar[int]
        DST_FIELD_NUMBER: _ClassVar[int]
        src: int
        dst: int
        def __init__(self, src: _Optional[int] = ..., dst: _Optional[int] = ...) -> None: ...
    STRIDE_FIELD_NUMBER: _ClassVar[int]
    SCALE_CVG_FIELD_NUMBER: _ClassVar[int]
    GRIDBOX_TYPE_FIELD_NUMBER: _ClassVar[int]
    MAX_CVG_LEN_FIELD_NUMBER: _ClassVar[int]
    MIN_CVG_LEN_FIELD_NUMBER: _ClassVar[int]
    COVERAGE_TYPE_FIELD_NUMBER: _ClassVar[int]
    IMAGE_SIZE_X_FIELD_NUMBER: _ClassVar[int]
    IMAGE_SIZE_Y_FIELD_NUMBER: _ClassVar[int]
    OBJ_NORM_FIELD_NUMBER: _ClassVar[int]
    CROP_BBOXES_FIELD_NUMBER: _ClassVar[int]
    OBJECT_CLASS_FIELD_NUMBER: _ClassVar[int]
    stride: int
    scale_cvg: float
    gridbox_type: DetectNetGroundTruthParameter.GridboxType
    max_cvg_len: int
    min_cvg_len: int
    coverage_type: DetectNetGroundTruthParameter.CoverageType
    image_size_x: int
    image_size_y: int
    obj_norm: bool
    crop_bboxes: bool
    object_class: _containers.RepeatedCompositeFieldContainer[DetectNetGroundTruthParameter.ClassMapping]
    def __init__(self, stride: _Optional[int] = ..., scale_cvg: _Optional[float] = ..., gridbox_type: _Optional[_Union[DetectNetGroundTruthParameter.GridboxType, str]] = ..., max_cvg_len: _Optional[int] = ..., min_cvg_len: _Optional[int] = ..., coverage_type: _Optional[_Union[DetectNetGroundTruthParameter.CoverageType, str]] = ..., image_size_x: _Optional[int] = ..., image_size_y: _Optional[int] = ..., obj_norm: _Optional[bool] = ..., crop_bboxes: _Optional[bool] = ..., object_class: _Optional[_Iterable[_Union[DetectNetGroundTruthParameter.ClassMapping, _Mapping]]] = ...) -> None: ...

class DetectionAccuracyParameter(_message.Message):
    __slots__ = ("bg_threshold", "cls_num", "coord_num", "downsample_rate", "field_h", "field_w", "field_whr", "field_xyr", "objectness", "top_k")
    BG_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    CLS_NUM_FIELD_NUMBER: _ClassVar[int]
    COORD_NUM_FIELD_NUMBER: _ClassVar[int]
    DOWNSAMPLE_RATE_FIELD_NUMBER: _ClassVar[int]
    FIELD_H_FIELD_NUMBER: _ClassVar[int]
    FIELD_W_FIELD_NUMBER: _ClassVar[int]
    FIELD_WHR_FIELD_NUMBER: _ClassVar[int]
    FIELD_XYR_FIELD_NUMBER: _ClassVar[int]
    OBJECTNESS_FIELD_NUMBER: _ClassVar[int]
    TOP_K_FIELD_NUMBER: _ClassVar[int]
    bg_threshold: float
    cls_num: int
    coord_num: int
    downsample_rate: int
    field_h: int
    field_w: int
    field_whr: float
    field_xyr: float
    objectness: bool
    top_k: int
    def __init__(self, bg_threshold: _Optional[float] = ..., cls_num: _Optional[int] = ..., coord_num: _Optional[int] = ..., downsample_rate: _Optional[int] = ..., field_h: _Optional[int] = ..., field_w: _Optional[int] = ..., field_whr: _Optional[float] = ..., field_xyr: _Optional[float] = ..., objectness: _Optional[bool] = ..., top_k: _Optional[int] = ...) -> None: ...

class DetectionDataParameter(_message.Message):
    __slots__ = ("source", "scale", "batch_size", "coord_num", "stride", "field_h", "field_w", "fg_threshold", "ignore_fg_threshold", "resize_width", "resize_height", "resize_ratio", "crop_width", "crop_height", "min_scale", "max_scale", "low_scale_ratio", "high_scale_ratio", "multiscale_prob", "min_whaspect", "max_whaspect", "short_size", "long_size", "crop_short_size", "crop_long_size", "template_ratio", "min_gt_width", "min_gt_height", "anchor_ignore_margin_ratio", "anchor_ignore_iou_thr", "pickup_iou_thr", "shuffle", "mix_group_size", "output_gt_boxes", "cache_images", "root_folder", "distort_param", "resize_param")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    COORD_NUM_FIELD_NUMBER: _ClassVar[int]
    STRIDE_FIELD_NUMBER: _ClassVar[int]
    FIELD_H_FIELD_NUMBER: _ClassVar[int]
    FIELD_W_FIELD_NUMBER: _ClassVar[int]
    FG_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    IGNORE_FG_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    RESIZE_WIDTH_FIELD_NUMBER: _ClassVar[int]
    RESIZE_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    RESIZE_RATIO_FIELD_NUMBER: _ClassVar[int]
    CROP_WIDTH_FIELD_NUMBER: _ClassVar[int]
    CROP_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    MIN_SCALE_FIELD_NUMBER: _ClassVar[int]
    MAX_SCALE_FIELD_NUMBER: _ClassVar[int]
    LOW_SCALE_RATIO_FIELD_NUMBER: _ClassVar[int]
    HIGH_SCALE_RATIO_FIELD_NUMBER: _ClassVar[int]
    MULTISCALE_PROB_FIELD_NUMBER: _ClassVar[int]
    MIN_WHASPECT_FIELD_NUMBER: _ClassVar[int]
    MAX_WHASPECT_FIELD_NUMBER: _ClassVar[int]
    SHORT_SIZE_FIELD_NUMBER: _ClassVar[int]
    LONG_SIZE_FIELD_NUMBER: _ClassVar[int]
    CROP_SHORT_SIZE_FIELD_NUMBER: _ClassVar[int]
    CROP_LONG_SIZE_FIELD_NUMBER: _ClassVar[int]
    TEMPLATE_RATIO_FIELD_NUMBER: _ClassVar[int]
    MIN_GT_WIDTH_FIELD_NUMBER: _ClassVar[int]
    MIN_GT_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    ANCHOR_IGNORE_MARGIN_RATIO_FIELD_NUMBER: _ClassVar[int]
    ANCHOR_IGNORE_IOU_THR_FIELD_NUMBER: _ClassVar[int]
    PICKUP_IOU_THR_FIELD_NUMBER: _ClassVar[int]
    SHUFFLE_FIELD_NUMBER: _ClassVar[int]
    MIX_GROUP_SIZE_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_GT_BOXES_FIELD_NUMBER: _ClassVar[int]
    CACHE_IMAGES_FIELD_NUMBER: _ClassVar[int]
    ROOT_FOLDER_FIELD_NUMBER: _ClassVar[int]
    DISTORT_PARAM_FIELD_NUMBER: _ClassVar[int]
    RESIZE_PARAM_FIELD_NUMBER: _ClassVar[int]
    source: str
    scale: float
    batch_size: int
    coord_num: int
    stride: _containers.RepeatedScalarFieldContainer[int]
    field_h: _containers.RepeatedScalarFieldContainer[int]
    field_w: _containers.RepeatedScalarFieldContainer[int]
    fg_threshold: float
    ignore_fg_threshold: float
    resize_width: int
    resize_height: int
    resize_ratio: float
    crop_width: int
    crop_height: int
    min_scale: float
    max_scale: float
    low_scale_ratio: float
    high_scale_ratio: float
    multiscale_prob: float
    min_whaspect: float
    max_whaspect: float
    short_size: int
    long_size: int
    crop_short_size: int
    crop_long_size: int
    template_ratio: _containers.RepeatedScalarFieldContainer[float]
    min_gt_width: float
    min_gt_height: float
    anchor_ignore_margin_ratio: float
    anchor_ignore_iou_thr: float
    pickup_iou_thr: float
    shuffle: str
    mix_group_size: int
    output_gt_boxes: bool
    cache_images: bool
    root_folder: str
    distort_param: DistortionParameter
    resize_param: ResizeParameter
    def __init__(self, source: _Optional[str] = ..., scale: _Optional[float] = ..., batch_size: _Optional[int] = ..., coord_num: _Optional[int] = ..., stride: _Optional[_Iterable[int]] = ..., field_h: _Optional[_Iterable[int]] = ..., field_w: _Optional[_Iterable[int]] = ..., fg_threshold: _Optional[float] = ..., ignore_fg_threshold: _Optional[float] = ..., resize_width: _Optional[int] = ..., resize_height: _Optional[int] = ..., resize_ratio: _Optional[float] = ..., crop_width: _Optional[int] = ..., crop_height: _Optional[int] = ..., min_scale: _Optional[float] = ..., max_scale: _Optional[float] = ..., low_scale_ratio: _Optional[float] = ..., high_scale_ratio: _Optional[float] = ..., multiscale_prob: _Optional[float] = ..., min_whaspect: _Optional[float] = ..., max_whaspect: _Optional[float] = ..., short_size: _Optional[int] = ..., long_size: _Optional[int] = ..., crop_short_size: _Optional[int] = ..., crop_long_size: _Optional[int] = ..., template_ratio: _Optional[_Iterable[float]] = ..., min_gt_width: _Optional[float] = ..., min_gt_height: _Optional[float] = ..., anchor_ignore_margin_ratio: _Optional[float] = ..., anchor_ignore_iou_thr: _Optional[float] = ..., pickup_iou_thr: _Optional[float] = ..., shuffle: _Optional[str] = ..., mix_group_size: _Optional[int] = ..., output_gt_boxes: _Optional[bool] = ..., cache_images: _Optional[bool] = ..., root_folder: _Optional[str] = ..., distort_param: _Optional[_Union[DistortionParameter, _Mapping]] = ..., resize_param: _Optional[_Union[ResizeParameter, _Mapping]] = ...) -> None: ...

class DetectionGroupAccuracyParameter(_message.Message):
    __slots__ = ("cls_num", "field_h", "field_w", "stride", "field_whr", "field_xyr", "bg_threshold", "objectness")
    CLS_NUM_FIELD_NUMBER: _ClassVar[int]
    FIELD_H_FIELD_NUMBER: _ClassVar[int]
    FIELD_W_FIELD_NUMBER: _ClassVar[int]
    STRIDE_FIELD_NUMBER: _ClassVar[int]
    FIELD_WHR_FIELD_NUMBER: _ClassVar[int]
    FIELD_XYR_FIELD_NUMBER: _ClassVar[int]
    BG_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    OBJECTNESS_FIELD_NUMBER: _ClassVar[int]
    cls_num: int
    field_h: _containers.RepeatedScalarFieldContainer[int]
    field_w: _containers.RepeatedScalarFieldContainer[int]
    stride: int
    field_whr: float
    field_xyr: float
    bg_threshold: float
    objectness: bool
    def __init__(self, cls_num: _Optional[int] = ..., field_h: _Optional[_Iterable[int]] = ..., field_w: _Optional[_Iterable[int]] = ..., stride: _Optional[int] = ..., field_whr: _Optional[float] = ..., field_xyr: _Optional[float] = ..., bg_threshold: _Optional[float] = ..., objectness: _Optional[bool] = ...) -> None: ...

class DetectionGroupLossParameter(_message.Message):
    __slots__ = ("cls_num", "field_h", "field_w", "stride", "field_whr", "field_xyr", "bg_threshold", "bg_multiple", "neg_mining_type", "neg_ranking_type", "min_num_neg", "objectness", "batch_size", "pos_neg_weighted", "bbox_loss_type")
    CLS_NUM_FIELD_NUMBER: _ClassVar[int]
    LAMBDA_FIELD_NUMBER: _ClassVar[int]
    FIELD_H_FIELD_NUMBER: _ClassVar[int]
    FIELD_W_FIELD_NUMBER: _ClassVar[int]
    STRIDE_FIELD_NUMBER: _ClassVar[int]
    FIELD_WHR_FIELD_NUMBER: _ClassVar[int]
    FIELD_XYR_FIELD_NUMBER: _ClassVar[int]
    BG_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    BG_MULTIPLE_FIELD_NUMBER: _ClassVar[int]
    NEG_MINING_TYPE_FIELD_NUMBER: _ClassVar[int]
    NEG_RANKING_TYPE_FIELD_NUMBER: _ClassVar[int]
    MIN_NUM_NEG_FIELD_NUMBER: _ClassVar[int]
    OBJECTNESS_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    POS_NEG_WEIGHTED_FIELD_NUMBER: _ClassVar[int]
    BBOX_LOSS_TYPE_FIELD_NUMBER: _ClassVar[int]
    cls_num: int
    field_h: _containers.RepeatedScalarFieldContainer[int]
    field_w: _containers.RepeatedScalarFieldContainer[int]
    stride: int
    field_whr: float
    field_xyr: float
    bg_threshold: float
    bg_multiple: int
    neg_mining_type: str
    neg_ranking_type: str
    min_num_neg: int
    objectness: bool
    batch_size: int
    pos_neg_weighted: bool
    bbox_loss_type: str
    def __init__(self, cls_num: _Optional[int] = ..., field_h: _Optional[_Iterable[int]] = ..., field_w: _Optional[_Iterable[int]] = ..., stride: _Optional[int] = ..., field_whr: _Optional[float] = ..., field_xyr: _Optional[float] = ..., bg_threshold: _Optional[float] = ..., bg_multiple: _Optional[int] = ..., neg_mining_type: _Optional[str] = ..., neg_ranking_type: _Optional[str] = ..., min_num_neg: _Optional[int] = ..., objectness: _Optional[bool] = ..., batch_size: _Optional[int] = ..., pos_neg_weighted: _Optional[bool] = ..., bbox_loss_type: _Optional[str] = ..., **kwargs: object) -> None: ...

class DetectionLossParameter(_message.Message):
    __slots__ = ("side", "num_class", "num_object", "object_scale", "noobject_scale", "class_scale", "coord_scale", "sqrt", "constriant", "bb_smooth", "bg_multiple", "bg_threshold", "cls_num", "coord_num", "downsample_rate", "field_h", "field_w", "field_whr", "field_xyr", "iou_weighted", "objectness", "pos_neg_weighted", "sample_mode")
    SIDE_FIELD_NUMBER: _ClassVar[int]
    NUM_CLASS_FIELD_NUMBER: _ClassVar[int]
    NUM_OBJECT_FIELD_NUMBER: _ClassVar[int]
    OBJECT_SCALE_FIELD_NUMBER: _ClassVar[int]
    NOOBJECT_SCALE_FIELD_NUMBER: _ClassVar[int]
    CLASS_SCALE_FIELD_NUMBER: _ClassVar[int]
    COORD_SCALE_FIELD_NUMBER: _ClassVar[int]
    SQRT_FIELD_NUMBER: _ClassVar[int]
    CONSTRIANT_FIELD_NUMBER: _ClassVar[int]
    BB_SMOOTH_FIELD_NUMBER: _ClassVar[int]
    BG_MULTIPLE_FIELD_NUMBER: _ClassVar[int]
    BG_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    CLS_NUM_FIELD_NUMBER: _ClassVar[int]
    COORD_NUM_FIELD_NUMBER: _ClassVar[int]
    DOWNSAMPLE_RATE_FIELD_NUMBER: _ClassVar[int]
    FIELD_H_FIELD_NUMBER: _ClassVar[int]
    FIELD_W_FIELD_NUMBER: _ClassVar[int]
    FIELD_WHR_FIELD_NUMBER: _ClassVar[int]
    FIELD_XYR_FIELD_NUMBER: _ClassVar[int]
    IOU_WEIGHTED_FIELD_NUMBER: _ClassVar[int]
    LAMBDA_FIELD_NUMBER: _ClassVar[int]
    OBJECTNESS_FIELD_NUMBER: _ClassVar[int]
    POS_NEG_WEIGHTED_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_MODE_FIELD_NUMBER: _ClassVar[int]
    side: int
    num_class: int
    num_object: int
    object_scale: float
    noobject_scale: float
    class_scale: float
    coord_scale: float
    sqrt: bool
    constriant: bool
    bb_smooth: bool
    bg_multiple: int
    bg_threshold: float
    cls_num: int
    coord_num: int
    downsample_rate: int
    field_h: int
    field_w: int
    field_whr: float
    field_xyr: float
    iou_weighted: bool
    objectness: bool
    pos_neg_weighted: bool
    sample_mode: str
    def __init__(self, side: _Optional[int] = ..., num_class: _Optional[int] = ..., num_object: _Optional[int] = ..., object_scale: _Optional[float] = ..., noobject_scale: _Optional[float] = ..., class_scale: _Optional[float] = ..., coord_scale: _Optional[float] = ..., sqrt: _Optional[bool] = ..., constriant: _Optional[bool] = ..., bb_smooth: _Optional[bool] = ..., bg_multiple: _Optional[int] = ..., bg_threshold: _Optional[float] = ..., cls_num: _Optional[int] = ..., coord_num: _Optional[int] = ..., downsample_rate: _Optional[int] = ..., field_h: _Optional[int] = ..., field_w: _Optional[int] = ..., field_whr: _Optional[float] = ..., field_xyr: _Optional[float] = ..., iou_weighted: _Optional[bool] = ..., objectness: _Optional[bool] = ..., pos_neg_weighted: _Optional[bool] = ..., sample_mode: _Optional[str] = ..., **kwargs: object) -> None: ...

class DiceCoefLossParameter(_message.Message):
    __slots__ = ("generalization", "weight_mode", "weights", "contour_shape", "contour_size", "contour_amplitude", "ignore_label")
    class GeneralizationMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NONE: _ClassVar[DiceCoefLossParameter.GeneralizationMode]
        MULTICLASS: _ClassVar[DiceCoefLossParameter.GeneralizationMode]
        MULTICLASS_WEIGHTED: _ClassVar[DiceCoefLossParameter.GeneralizationMode]
        MULTICLASS_WEIGHTED_BATCH: _ClassVar[DiceCoefLossParameter.GeneralizationMode]
        MULTICLASS_WEIGHTED_ALL: _ClassVar[DiceCoefLossParameter.GeneralizationMode]
    NONE: DiceCoefLossParameter.GeneralizationMode
    MULTICLASS: DiceCoefLossParameter.GeneralizationMode
    MULTICLASS_WEIGHTED: DiceCoefLossParameter.GeneralizationMode
    MULTICLASS_WEIGHTED_BATCH: DiceCoefLossParameter.GeneralizationMode
    MULTICLASS_WEIGHTED_ALL: DiceCoefLossParameter.GeneralizationMode
    class WeightMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        INVERSE_VOLUME: _ClassVar[DiceCoefLossParameter.WeightMode]
        EQUALIZE_CLASSES: _ClassVar[DiceCoefLossParameter.WeightMode]
        EXTRA_SMALL_VOLUMES: _ClassVar[DiceCoefLossParameter.WeightMode]
    INVERSE_VOLUME: DiceCoefLossParameter.WeightMode
    EQUALIZE_CLASSES: DiceCoefLossParameter.WeightMode
    EXTRA_SMALL_VOLUMES: DiceCoefLossParameter.WeightMode
    class ContourShape(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NO: _ClassVar[DiceCoefLossParameter.ContourShape]
        SIMPLE: _ClassVar[DiceCoefLossParameter.ContourShape]
        SHARP: _ClassVar[DiceCoefLossParameter.ContourShape]
    NO: DiceCoefLossParameter.ContourShape
    SIMPLE: DiceCoefLossParameter.ContourShape
    SHARP: DiceCoefLossParameter.ContourShape
    GENERALIZATION_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_MODE_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    CONTOUR_SHAPE_FIELD_NUMBER: _ClassVar[int]
    CONTOUR_SIZE_FIELD_NUMBER: _ClassVar[int]
    CONTOUR_AMPLITUDE_FIELD_NUMBER: _ClassVar[int]
    IGNORE_LABEL_FIELD_NUMBER: _ClassVar[int]
    generalization: DiceCoefLossParameter.GeneralizationMode
    weight_mode: DiceCoefLossParameter.WeightMode
    weights: str
    contour_shape: DiceCoefLossParameter.ContourShape
    contour_size: int
    contour_amplitude: float
    ignore_label: int
    def __init__(self, generalization: _Optional[_Union[DiceCoefLossParameter.GeneralizationMode, str]] = ..., weight_mode: _Optional[_Union[DiceCoefLossParameter.WeightMode, str]] = ..., weights: _Optional[str] = ..., contour_shape: _Optional[_Union[DiceCoefLossParameter.ContourShape, str]] = ..., contour_size: _Optional[int] = ..., contour_amplitude: _Optional[float] = ..., ignore_label: _Optional[int] = ...) -> None: ...

class DomainTransformParameter(_message.Message):
    __slots__ = ("num_iter", "spatial_sigma", "range_sigma", "min_weight")
    NUM_ITER_FIELD_NUMBER: _ClassVar[int]
    SPATIAL_SIGMA_FIELD_NUMBER: _ClassVar[int]
    RANGE_SIGMA_FIELD_NUMBER: _ClassVar[int]
    MIN_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    num_iter: int
    spatial_sigma: float
    range_sigma: float
    min_weight: float
    def __init__(self, num_iter: _Optional[int] = ..., spatial_sigma: _Optional[float] = ..., range_sigma: _Optional[float] = ..., min_weight: _Optional[float] = ...) -> None: ...

class DominantChannelParameter(_message.Message):
    __slots__ = ("top_k",)
    TOP_K_FIELD_NUMBER: _ClassVar[int]
    top_k: int
    def __init__(self, top_k: _Optional[int] = ...) -> None: ...

class DownSamplingParameter(_message.Message):
    __slots__ = ("type", "spatial_factor", "temporal_factor")
    class DownSamplingType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NONE: _ClassVar[DownSamplingParameter.DownSamplingType]
        VOTE: _ClassVar[DownSamplingParameter.DownSamplingType]
        AVERAGE: _ClassVar[DownSamplingParameter.DownSamplingType]
    NONE: DownSamplingParameter.DownSamplingType
    VOTE: DownSamplingParameter.DownSamplingType
    AVERAGE: DownSamplingParameter.DownSamplingType
    TYPE_FIELD_NUMBER: _ClassVar[int]
    SPATIAL_FACTOR_FIELD_NUMBER: _ClassVar[int]
    TEMPORAL_FACTOR_FIELD_NUMBER: _ClassVar[int]
    type: DownSamplingParameter.DownSamplingType
    spatial_factor: int
    temporal_factor: int
    def __init__(self, type: _Optional[_Union[DownSamplingParameter.DownSamplingType, str]] = ..., spatial_factor: _Optional[int] = ..., temporal_factor: _Optional[int] = ...) -> None: ...

class DownsampleParameter(_message.Message):
    __slots__ = ("top_height", "top_width")
    TOP_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    TOP_WIDTH_FIELD_NUMBER: _ClassVar[int]
    top_height: int
    top_width: int
    def __init__(self, top_height: _Optional[int] = ..., top_width: _Optional[int] = ...) -> None: ...

class DriveData(_message.Message):
    __slots__ = ("car_image_datum", "car_img_source", "car_mask_datum", "car_mask_source", "vanishing_point")
    CAR_IMAGE_DATUM_FIELD_NUMBER: _ClassVar[int]
    CAR_IMG_SOURCE_FIELD_NUMBER: _ClassVar[int]
    CAR_MASK_DATUM_FIELD_NUMBER: _ClassVar[int]
    CAR_MASK_SOURCE_FIELD_NUMBER: _ClassVar[int]
    VANISHING_POINT_FIELD_NUMBER: _ClassVar[int]
    car_image_datum: Datum
    car_img_source: str
    car_mask_datum: Datum
    car_mask_source: str
    vanishing_point: _containers.RepeatedCompositeFieldContainer[VanishingPoint]
    def __init__(self, car_image_datum: _Optional[_Union[Datum, _Mapping]] = ..., car_img_source: _Optional[str] = ..., car_mask_datum: _Optional[_Union[Datum, _Mapping]] = ..., car_mask_source: _Optional[str] = ..., vanishing_point: _Optional[_Iterable[_Union[VanishingPoint, _Mapping]]] = ...) -> None: ...

class DriveDataParameter(_message.Message):
    __slots__ = ("shrink_prob_factor", "unrecognize_factor", "crop_num", "random_crop_ratio", "resize", "scale", "cropped_height", "cropped_width", "tiling_width", "tiling_height", "label_resolution", "catalog_resolution", "catalog_number", "resize_max", "resize_min", "reco_max", "reco_min", "train_max", "train_min", "genlist_file", "gen_rate", "blur_max", "noise_max", "gamma_max", "k_max", "y0_max", "shrink_max", "slip_max", "gen_scale", "use_mask")
    SHRINK_PROB_FACTOR_FIELD_NUMBER: _ClassVar[int]
    UNRECOGNIZE_FACTOR_FIELD_NUMBER: _ClassVar[int]
    CROP_NUM_FIELD_NUMBER: _ClassVar[int]
    RANDOM_CROP_RATIO_FIELD_NUMBER: _ClassVar[int]
    RESIZE_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    CROPPED_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    CROPPED_WIDTH_FIELD_NUMBER: _ClassVar[int]
    TILING_WIDTH_FIELD_NUMBER: _ClassVar[int]
    TILING_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    LABEL_RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    CATALOG_RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    CATALOG_NUMBER_FIELD_NUMBER: _ClassVar[int]
    RESIZE_MAX_FIELD_NUMBER: _ClassVar[int]
    RESIZE_MIN_FIELD_NUMBER: _ClassVar[int]
    RECO_MAX_FIELD_NUMBER: _ClassVar[int]
    RECO_MIN_FIELD_NUMBER: _ClassVar[int]
    TRAIN_MAX_FIELD_NUMBER: _ClassVar[int]
    TRAIN_MIN_FIELD_NUMBER: _ClassVar[int]
    GENLIST_FILE_FIELD_NUMBER: _ClassVar[int]
    GEN_RATE_FIELD_NUMBER: _ClassVar[int]
    BLUR_MAX_FIELD_NUMBER: _ClassVar[int]
    NOISE_MAX_FIELD_NUMBER: _ClassVar[int]
    GAMMA_MAX_FIELD_NUMBER: _ClassVar[int]
    K_MAX_FIELD_NUMBER: _ClassVar[int]
    Y0_MAX_FIELD_NUMBER: _ClassVar[int]
    SHRINK_MAX_FIELD_NUMBER: _ClassVar[int]
    SLIP_MAX_FIELD_NUMBER: _ClassVar[int]
    GEN_SCALE_FIELD_NUMBER: _ClassVar[int]
    USE_MASK_FIELD_NUMBER: _ClassVar[int]
    shrink_prob_factor: float
    unrecognize_factor: float
    crop_num: int
    random_crop_ratio: float
    resize: float
    scale: float
    cropped_height: int
    cropped_width: int
    tiling_width: int
    tiling_height: int
    label_resolution: int
    catalog_resolution: int
    catalog_number: int
    resize_max: float
    resize_min: float
    reco_max: float
    reco_min: float
    train_max: float
    train_min: float
    genlist_file: str
    gen_rate: float
    blur_max: float
    noise_max: float
    gamma_max: float
    k_max: float
    y0_max: float
    shrink_max: float
    slip_max: float
    gen_scale: float
    use_mask: bool
    def __init__(self, shrink_prob_factor: _Optional[float] = ..., unrecognize_factor: _Optional[float] = ..., crop_num: _Optional[int] = ..., random_crop_ratio: _Optional[float] = ..., resize: _Optional[float] = ..., scale: _Optional[float] = ..., cropped_height: _Optional[int] = ..., cropped_width: _Optional[int] = ..., tiling_width: _Optional[int] = ..., tiling_height: _Optional[int] = ..., label_resolution: _Optional[int] = ..., catalog_resolution: _Optional[int] = ..., catalog_number: _Optional[int] = ..., resize_max: _Optional[float] = ..., resize_min: _Optional[float] = ..., reco_max: _Optional[float] = ..., reco_min: _Optional[float] = ..., train_max: _Optional[float] = ..., train_min: _Optional[float] = ..., genlist_file: _Optional[str] = ..., gen_rate: _Optional[float] = ..., blur_max: _Optional[float] = ..., noise_max: _Optional[float] = ..., gamma_max: _Optional[float] = ..., k_max: _Optional[float] = ..., y0_max: _Optional[float] = ..., shrink_max: _Optional[float] = ..., slip_max: _Optional[float] = ..., gen_scale: _Optional[float] = ..., use_mask: _Optional[bool] = ...) -> None: ...

class DropinParameter(_message.Message):
    __slots__ = ("dropin_ratio",)
    DROPIN_RATIO_FIELD_NUMBER: _ClassVar[int]
    dropin_ratio: float
    def __init__(self, dropin_ratio: _Optional[float] = ...) -> None: ...

class EltwiseAffineParameter(_message.Message):
    __slots__ = ("bias_filler", "channel_shared", "slope_filler")
    BIAS_FILLER_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_SHARED_FIELD_NUMBER: _ClassVar[int]
    SLOPE_FILLER_FIELD_NUMBER: _ClassVar[int]
    bias_filler: FillerParameter
    channel_shared: bool
    slope_filler: FillerParameter
    def __init__(self, bias_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., channel_shared: _Optional[bool] = ..., slope_filler: _Optional[_Union[FillerParameter, _Mapping]] = ...) -> None: ...

class EnhancedImageDataParameter(_message.Message):
    __slots__ = ("source", "root_folder", "batch_size", "shuffle", "data_type", "data_num", "label_type", "label_num", "new_height", "new_width", "force_gray", "thread_num", "cache_in_gb", "data_process_param", "debug_info")
    class DataType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        IMAGE: _ClassVar[EnhancedImageDataParameter.DataType]
        REAL: _ClassVar[EnhancedImageDataParameter.DataType]
    IMAGE: EnhancedImageDataParameter.DataType
    REAL: EnhancedImageDataParameter.DataType
    class DataProcessParameter(_message.Message):
        __slots__ = ("normalize_type", "normalize_subtractor", "normalize_divider", "mean_file", "crop_size", "crop_w", "crop_h", "crop_type", "aug_channel_group", "enable_mirror", "label_type", "corr_list", "has_weight")
        class NormalizeType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
            __slots__ = ()
            NO_NORMALIZE: _ClassVar[EnhancedImageDataParameter.DataProcessParameter.NormalizeType]
            CONSTANT: _ClassVar[EnhancedImageDataParameter.DataProcessParameter.NormalizeType]
            CALCULATED: _ClassVar[EnhancedImageDataParameter.DataProcessParameter.NormalizeType]
        NO_NORMALIZE: EnhancedImageDataParameter.DataProcessParameter.NormalizeType
        CONSTANT: EnhancedImageDataParameter.DataProcessParameter.NormalizeType
        CALCULATED: EnhancedImageDataParameter.DataProcessParameter.NormalizeType
        class CropType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
            __slots__ = ()
            NO_CROP: _ClassVar[EnhancedImageDataParameter.DataProcessParameter.CropType]
            CENTER: _ClassVar[EnhancedImageDataParameter.DataProcessParameter.CropType]
            RANDOM: _ClassVar[EnhancedImageDataParameter.DataProcessParameter.CropType]
        NO_CROP: EnhancedImageDataParameter.DataProcessParameter.CropType
        CENTER: EnhancedImageDataParameter.DataProcessParameter.CropType
        RANDOM: EnhancedImageDataParameter.DataProcessParameter.CropType
        class LabelType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
            __slots__ = ()
            CLASS: _ClassVar[EnhancedImageDataParameter.DataProcessParameter.LabelType]
            POINT: _ClassVar[EnhancedImageDataParameter.DataProcessParameter.LabelType]
            RECT: _ClassVar[EnhancedImageDataParameter.DataProcessParameter.LabelType]
            MAP: _ClassVar[EnhancedImageDataParameter.DataProcessParameter.LabelType]
        CLASS: EnhancedImageDataParameter.DataProcessParameter.LabelType
        POINT: EnhancedImageDataParameter.DataProcessParameter.LabelType
        RECT: EnhancedImageDataParameter.DataProcessParameter.LabelType
        MAP: EnhancedImageDataParameter.DataProcessParameter.LabelType
        NORMALIZE_TYPE_FIELD_NUMBER: _ClassVar[int]
        NORMALIZE_SUBTRACTOR_FIELD_NUMBER: _ClassVar[int]
        NORMALIZE_DIVIDER_FIELD_NUMBER: _ClassVar[int]
        MEAN_FILE_FIELD_NUMBER: _ClassVar[int]
        CROP_SIZE_FIELD_NUMBER: _ClassVar[int]
        CROP_W_FIELD_NUMBER: _ClassVar[int]
        CROP_H_FIELD_NUMBER: _ClassVar[int]
        CROP_TYPE_FIELD_NUMBER: _ClassVar[int]
        AUG_CHANNEL_GROUP_FIELD_NUMBER: _ClassVar[int]
        ENABLE_MIRROR_FIELD_NUMBER: _ClassVar[int]
        LABEL_TYPE_FIELD_NUMBER: _ClassVar[int]
        CORR_LIST_FIELD_NUMBER: _ClassVar[int]
        HAS_WEIGHT_FIELD_NUMBER: _ClassVar[int]
        normalize_type: EnhancedImageDataParameter.DataProcessParameter.NormalizeType
        normalize_subtractor: _containers.RepeatedScalarFieldContainer[float]
        normalize_divider: _containers.RepeatedScalarFieldContainer[float]
        mean_file: str
        crop_size: int
        crop_w: int
        crop_h: int
        crop_type: EnhancedImageDataParameter.DataProcessParameter.CropType
        aug_channel_group: int
        enable_mirror: bool
        label_type: EnhancedImageDataParameter.DataProcessParameter.LabelType
        corr_list: _containers.RepeatedScalarFieldContainer[int]
        has_weight: bool
        def __init__(self, normalize_type: _Optional[_Union[EnhancedImageDataParameter.DataProcessParameter.NormalizeType, str]] = ..., normalize_subtractor: _Optional[_Iterable[float]] = ..., normalize_divider: _Optional[_Iterable[float]] = ..., mean_file: _Optional[str] = ..., crop_size: _Optional[int] = ..., crop_w: _Optional[int] = ..., crop_h: _Optional[int] = ..., crop_type: _Optional[_Union[EnhancedImageDataParameter.DataProcessParameter.CropType, str]] = ..., aug_channel_group: _Optional[int] = ..., enable_mirror: _Optional[bool] = ..., label_type: _Optional[_Union[EnhancedImageDataParameter.DataProcessParameter.LabelType, str]] = ..., corr_list: _Optional[_Iterable[int]] = ..., has_weight: _Optional[bool] = ...) -> None: ...
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    ROOT_FOLDER_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    SHUFFLE_FIELD_NUMBER: _ClassVar[int]
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    DATA_NUM_FIELD_NUMBER: _ClassVar[int]
    LABEL_TYPE_FIELD_NUMBER: _ClassVar[int]
    LABEL_NUM_FIELD_NUMBER: _ClassVar[int]
    NEW_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    NEW_WIDTH_FIELD_NUMBER: _ClassVar[int]
    FORCE_GRAY_FIELD_NUMBER: _ClassVar[int]
    THREAD_NUM_FIELD_NUMBER: _ClassVar[int]
    CACHE_IN_GB_FIELD_NUMBER: _ClassVar[int]
    DATA_PROCESS_PARAM_FIELD_NUMBER: _ClassVar[int]
    DEBUG_INFO_FIELD_NUMBER: _ClassVar[int]
    source: _containers.RepeatedScalarFieldContainer[str]
    root_folder: _containers.RepeatedScalarFieldContainer[str]
    batch_size: int
    shuffle: bool
    data_type: EnhancedImageDataParameter.DataType
    data_num: int
    label_type: EnhancedImageDataParameter.DataType
    label_num: int
    new_height: int
    new_width: int
    force_gray: bool
    thread_num: int
    cache_in_gb: float
    data_process_param: EnhancedImageDataParameter.DataProcessParameter
    debug_info: bool
    def __init__(self, source: _Optional[_Iterable[str]] = ..., root_folder: _Optional[_Iterable[str]] = ..., batch_size: _Optional[int] = ..., shuffle: _Optional[bool] = ..., data_type: _Optional[_Union[EnhancedImageDataParameter.DataType, str]] = ..., data_num: _Optional[int] = ..., label_type: _Optional[_Union[EnhancedImageDataParameter.DataType, str]] = ..., label_num: _Optional[int] = ..., new_height: _Optional[int] = ..., new_width: _Optional[int] = ..., force_gray: _Optional[bool] = ..., thread_num: _Optional[int] = ..., cache_in_gb: _Optional[float] = ..., data_process_param: _Optional[_Union[EnhancedImageDataParameter.DataProcessParameter, _Mapping]] = ..., debug_info: _Optional[bool] = ...) -> None: ...

class EuclideanLossParameter(_message.Message):
    __slots__ = ("type",)
    class Type(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        L2: _ClassVar[EuclideanLossParameter.Type]
        L2sqrt: _ClassVar[EuclideanLossParameter.Type]
    L2: EuclideanLossParameter.Type
    L2sqrt: EuclideanLossParameter.Type
    TYPE_FIELD_NUMBER: _ClassVar[int]
    type: EuclideanLossParameter.Type
    def __init__(self, type: _Optional[_Union[EuclideanLossParameter.Type, str]] = ...) -> None: ...

class EvalDataParameter(_message.Message):
    __slots__ = ("source", "scale", "batch_size", "resize_width", "resize_height", "short_size", "long_size", "root_folder")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    RESIZE_WIDTH_FIELD_NUMBER: _ClassVar[int]
    RESIZE_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    SHORT_SIZE_FIELD_NUMBER: _ClassVar[int]
    LONG_SIZE_FIELD_NUMBER: _ClassVar[int]
    ROOT_FOLDER_FIELD_NUMBER: _ClassVar[int]
    source: str
    scale: float
    batch_size: int
    resize_width: int
    resize_height: int
    short_size: int
    long_size: int
    root_folder: str
    def __init__(self, source: _Optional[str] = ..., scale: _Optional[float] = ..., batch_size: _Optional[int] = ..., resize_width: _Optional[int] = ..., resize_height: _Optional[int] = ..., short_size: _Optional[int] = ..., long_size: _Optional[int] = ..., root_folder: _Optional[str] = ...) -> None: ...

class EvalDetectionParameter(_message.Message):
    __slots__ = ("side", "num_class", "num_object", "threshold", "sqrt", "constriant", "score_type", "nms", "biases")
    class ScoreType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        OBJ: _ClassVar[EvalDetectionParameter.ScoreType]
        PROB: _ClassVar[EvalDetectionParameter.ScoreType]
        MULTIPLY: _ClassVar[EvalDetectionParameter.ScoreType]
    OBJ: EvalDetectionParameter.ScoreType
    PROB: EvalDetectionParameter.ScoreType
    MULTIPLY: EvalDetectionParameter.ScoreType
    SIDE_FIELD_NUMBER: _ClassVar[int]
    NUM_CLASS_FIELD_NUMBER: _ClassVar[int]
    NUM_OBJECT_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    SQRT_FIELD_NUMBER: _ClassVar[int]
    CONSTRIANT_FIELD_NUMBER: _ClassVar[int]
    SCORE_TYPE_FIELD_NUMBER: _ClassVar[int]
    NMS_FIELD_NUMBER: _ClassVar[int]
    BIASES_FIELD_NUMBER: _ClassVar[int]
    side: int
    num_class: int
    num_object: int
    threshold: float
    sqrt: bool
    constriant: bool
    score_type: EvalDetectionParameter.ScoreType
    nms: float
    biases: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, side: _Optional[int] = ..., num_class: _Optional[int] = ..., num_object: _Optional[int] = ..., threshold: _Optional[float] = ..., sqrt: _Optional[bool] = ..., constriant: _Optional[bool] = ..., score_type: _Optional[_Union[EvalDetectionParameter.ScoreType, str]] = ..., nms: _Optional[float] = ..., biases: _Optional[_Iterable[float]] = ...) -> None: ...

class FixedParameter(_message.Message):
    __slots__ = ("enable", "fixed_method", "bit_width", "moving_average_fraction", "fix_info", "follow_data_layer")
    class FixedMethod(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        OVER_FLOW: _ClassVar[FixedParameter.FixedMethod]
        DIFF_S: _ClassVar[FixedParameter.FixedMethod]
        DIFF_A: _ClassVar[FixedParameter.FixedMethod]
        DIFF_S_SIGMOID: _ClassVar[FixedParameter.FixedMethod]
    OVER_FLOW: FixedParameter.FixedMethod
    DIFF_S: FixedParameter.FixedMethod
    DIFF_A: FixedParameter.FixedMethod
    DIFF_S_SIGMOID: FixedParameter.FixedMethod
    ENABLE_FIELD_NUMBER: _ClassVar[int]
    FIXED_METHOD_FIELD_NUMBER: _ClassVar[int]
    BIT_WIDTH_FIELD_NUMBER: _ClassVar[int]
    MOVING_AVERAGE_FRACTION_FIELD_NUMBER: _ClassVar[int]
    FIX_INFO_FIELD_NUMBER: _ClassVar[int]
    FOLLOW_DATA_LAYER_FIELD_NUMBER: _ClassVar[int]
    enable: bool
    fixed_method: FixedParameter.FixedMethod
    bit_width: int
    moving_average_fraction: float
    fix_info: _containers.RepeatedScalarFieldContainer[int]
    follow_data_layer: bool
    def __init__(self, enable: _Optional[bool] = ..., fixed_method: _Optional[_Union[FixedParameter.FixedMethod, str]] = ..., bit_width: _Optional[int] = ..., moving_average_fraction: _Optional[float] = ..., fix_info: _Optional[_Iterable[int]] = ..., follow_data_layer: _Optional[bool] = ...) -> None: ...

class FixedPoint(_message.Message):
    __slots__ = ("x", "y")
    X_FIELD_NUMBER: _ClassVar[int]
    Y_FIELD_NUMBER: _ClassVar[int]
    x: float
    y: float
    def __init__(self, x: _Optional[float] = ..., y: _Optional[float] = ...) -> None: ...

class FlipParameter(_message.Message):
    __slots__ = ("flip_width", "flip_height")
    FLIP_WIDTH_FIELD_NUMBER: _ClassVar[int]
    FLIP_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    flip_width: bool
    flip_height: bool
    def __init__(self, flip_width: _Optional[bool] = ..., flip_height: _Optional[bool] = ...) -> None: ...

class FocalLossParameter(_message.Message):
    __slots__ = ("engine", "axis", "alpha", "gamma", "type", "beta")
    class Engine(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DEFAULT: _ClassVar[FocalLossParameter.Engine]
        CAFFE: _ClassVar[FocalLossParameter.Engine]
        CUDNN: _ClassVar[FocalLossParameter.Engine]
    DEFAULT: FocalLossParameter.Engine
    CAFFE: FocalLossParameter.Engine
    CUDNN: FocalLossParameter.Engine
    class Type(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        ORIGIN: _ClassVar[FocalLossParameter.Type]
        LINEAR: _ClassVar[FocalLossParameter.Type]
    ORIGIN: FocalLossParameter.Type
    LINEAR: FocalLossParameter.Type
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    AXIS_FIELD_NUMBER: _ClassVar[int]
    ALPHA_FIELD_NUMBER: _ClassVar[int]
    GAMMA_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    BETA_FIELD_NUMBER: _ClassVar[int]
    engine: FocalLossParameter.Engine
    axis: int
    alpha: float
    gamma: float
    type: FocalLossParameter.Type
    beta: float
    def __init__(self, engine: _Optional[_Union[FocalLossParameter.Engine, str]] = ..., axis: _Optional[int] = ..., alpha: _Optional[float] = ..., gamma: _Optional[float] = ..., type: _Optional[_Union[FocalLossParameter.Type, str]] = ..., beta: _Optional[float] = ...) -> None: ...

class ForceRegular(_message.Message):
    __slots__ = ("multi", "xdim", "ydim")
    MULTI_FIELD_NUMBER: _ClassVar[int]
    XDIM_FIELD_NUMBER: _ClassVar[int]
    YDIM_FIELD_NUMBER: _ClassVar[int]
    multi: float
    xdim: int
    ydim: int
    def __init__(self, multi: _Optional[float] = ..., xdim: _Optional[int] = ..., ydim: _Optional[int] = ...) -> None: ...

class FrcnnOutputParameter(_message.Message):
    __slots__ = ("conf_thr", "iou_thr", "nms_type", "max_det_num", "save_output_param")
    CONF_THR_FIELD_NUMBER: _ClassVar[int]
    IOU_THR_FIELD_NUMBER: _ClassVar[int]
    NMS_TYPE_FIELD_NUMBER: _ClassVar[int]
    MAX_DET_NUM_FIELD_NUMBER: _ClassVar[int]
    SAVE_OUTPUT_PARAM_FIELD_NUMBER: _ClassVar[int]
    conf_thr: float
    iou_thr: float
    nms_type: str
    max_det_num: int
    save_output_param: SaveOutputParameter
    def __init__(self, conf_thr: _Optional[float] = ..., iou_thr: _Optional[float] = ..., nms_type: _Optional[str] = ..., max_det_num: _Optional[int] = ..., save_output_param: _Optional[_Union[SaveOutputParameter, _Mapping]] = ...) -> None: ...

class FrcnnProposalParameter(_message.Message):
    __slots__ = ("feat_stride",)
    FEAT_STRIDE_FIELD_NUMBER: _ClassVar[int]
    feat_stride: int
    def __init__(self, feat_stride: _Optional[int] = ...) -> None: ...

class GSTilingParameter(_message.Message):
    __slots__ = ("stride", "reverse")
    STRIDE_FIELD_NUMBER: _ClassVar[int]
    REVERSE_FIELD_NUMBER: _ClassVar[int]
    stride: int
    reverse: bool
    def __init__(self, stride: _Optional[int] = ..., reverse: _Optional[bool] = ...) -> None: ...

class GainChannelParameter(_message.Message):
    __slots__ = ("num_output_nz", "drift", "stdev", "gain_filler", "norm_mean", "thresh")
    NUM_OUTPUT_NZ_FIELD_NUMBER: _ClassVar[int]
    DRIFT_FIELD_NUMBER: _ClassVar[int]
    STDEV_FIELD_NUMBER: _ClassVar[int]
    GAIN_FILLER_FIELD_NUMBER: _ClassVar[int]
    NORM_MEAN_FIELD_NUMBER: _ClassVar[int]
    THRESH_FIELD_NUMBER: _ClassVar[int]
    num_output_nz: int
    drift: float
    stdev: float
    gain_filler: FillerParameter
    norm_mean: bool
    thresh: float
    def __init__(self, num_output_nz: _Optional[int] = ..., drift: _Optional[float] = ..., stdev: _Optional[float] = ..., gain_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., norm_mean: _Optional[bool] = ..., thresh: _Optional[float] = ...) -> None: ...

class GeneralTripletParameter(_message.Message):
    __slots__ = ("margin", "add_center_loss", "hardest_only", "positive_first", "positive_upper_bound", "positive_weight", "negative_weight")
    MARGIN_FIELD_NUMBER: _ClassVar[int]
    ADD_CENTER_LOSS_FIELD_NUMBER: _ClassVar[int]
    HARDEST_ONLY_FIELD_NUMBER: _ClassVar[int]
    POSITIVE_FIRST_FIELD_NUMBER: _ClassVar[int]
    POSITIVE_UPPER_BOUND_FIELD_NUMBER: _ClassVar[int]
    POSITIVE_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    NEGATIVE_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    margin: float
    add_center_loss: bool
    hardest_only: bool
    positive_first: bool
    positive_upper_bound: float
    positive_weight: float
    negative_weight: float
    def __init__(self, margin: _Optional[float] = ..., add_center_loss: _Optional[bool] = ..., hardest_only: _Optional[bool] = ..., positive_first: _Optional[bool] = ..., positive_upper_bound: _Optional[float] = ..., positive_weight: _Optional[float] = ..., negative_weight: _Optional[float] = ...) -> None: ...

class GeometryParameter(_message.Message):
    __slots__ = ("prob", "persp_horizontal", "persp_vertical", "zoom_out", "zoom_in", "zoom_factor", "persp_factor", "all_effects", "pad_mode")
    class Pad_mode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        CONSTANT: _ClassVar[GeometryParameter.Pad_mode]
        MIRRORED: _ClassVar[GeometryParameter.Pad_mode]
        REPEAT_NEAREST: _ClassVar[GeometryParameter.Pad_mode]
    CONSTANT: GeometryParameter.Pad_mode
    MIRRORED: GeometryParameter.Pad_mode
    REPEAT_NEAREST: GeometryParameter.Pad_mode
    PROB_FIELD_NUMBER: _ClassVar[int]
    PERSP_HORIZONTAL_FIELD_NUMBER: _ClassVar[int]
    PERSP_VERTICAL_FIELD_NUMBER: _ClassVar[int]
    ZOOM_OUT_FIELD_NUMBER: _ClassVar[int]
    ZOOM_IN_FIELD_NUMBER: _ClassVar[int]
    ZOOM_FACTOR_FIELD_NUMBER: _ClassVar[int]
    PERSP_FACTOR_FIELD_NUMBER: _ClassVar[int]
    ALL_EFFECTS_FIELD_NUMBER: _ClassVar[int]
    PAD_MODE_FIELD_NUMBER: _ClassVar[int]
    prob: float
    persp_horizontal: bool
    persp_vertical: bool
    zoom_out: bool
    zoom_in: bool
    zoom_factor: float
    persp_factor: float
    all_effects: bool
    pad_mode: GeometryParameter.Pad_mode
    def __init__(self, prob: _Optional[float] = ..., persp_horizontal: _Optional[bool] = ..., persp_vertical: _Optional[bool] = ..., zoom_out: _Optional[bool] = ..., zoom_in: _Optional[bool] = ..., zoom_factor: _Optional[float] = ..., persp_factor: _Optional[float] = ..., all_effects: _Optional[bool] = ..., pad_mode: _Optional[_Union[GeometryParameter.Pad_mode, str]] = ...) -> None: ...

class HardMiningParameter(_message.Message):
    __slots__ = ("num_roi_per_image", "num_image")
    NUM_ROI_PER_IMAGE_FIELD_NUMBER: _ClassVar[int]
    NUM_IMAGE_FIELD_NUMBER: _ClassVar[int]
    num_roi_per_image: int
    num_image: int
    def __init__(self, num_roi_per_image: _Optional[int] = ..., num_image: _Optional[int] = ...) -> None: ...

class HeatmapDataParameter(_message.Message):
    __slots__ = ("angle_max", "batchsize", "bbox_or_centerscale", "crop_meanfile", "cropsize", "data_augment", "dont_flip_first", "flip_joint_labels", "label_height", "label_width", "labelinds", "meanfile", "multfact", "num_channels", "outsize", "random_crop", "root_img_dir", "sample_per_cluster", "scale", "scale_height", "scale_width", "segmentation", "shuffle", "source")
    ANGLE_MAX_FIELD_NUMBER: _ClassVar[int]
    BATCHSIZE_FIELD_NUMBER: _ClassVar[int]
    BBOX_OR_CENTERSCALE_FIELD_NUMBER: _ClassVar[int]
    CROP_MEANFILE_FIELD_NUMBER: _ClassVar[int]
    CROPSIZE_FIELD_NUMBER: _ClassVar[int]
    DATA_AUGMENT_FIELD_NUMBER: _ClassVar[int]
    DONT_FLIP_FIRST_FIELD_NUMBER: _ClassVar[int]
    FLIP_JOINT_LABELS_FIELD_NUMBER: _ClassVar[int]
    LABEL_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    LABEL_WIDTH_FIELD_NUMBER: _ClassVar[int]
    LABELINDS_FIELD_NUMBER: _ClassVar[int]
    MEANFILE_FIELD_NUMBER: _ClassVar[int]
    MULTFACT_FIELD_NUMBER: _ClassVar[int]
    NUM_CHANNELS_FIELD_NUMBER: _ClassVar[int]
    OUTSIZE_FIELD_NUMBER: _ClassVar[int]
    RANDOM_CROP_FIELD_NUMBER: _ClassVar[int]
    ROOT_IMG_DIR_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_PER_CLUSTER_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    SCALE_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    SCALE_WIDTH_FIELD_NUMBER: _ClassVar[int]
    SEGMENTATION_FIELD_NUMBER: _ClassVar[int]
    SHUFFLE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    angle_max: float
    batchsize: int
    bbox_or_centerscale: str
    crop_meanfile: str
    cropsize: int
    data_augment: bool
    dont_flip_first: bool
    flip_joint_labels: bool
    label_height: int
    label_width: int
    labelinds: str
    meanfile: str
    multfact: int
    num_channels: int
    outsize: int
    random_crop: bool
    root_img_dir: str
    sample_per_cluster: bool
    scale: float
    scale_height: float
    scale_width: float
    segmentation: bool
    shuffle: bool
    source: str
    def __init__(self, angle_max: _Optional[float] = ..., batchsize: _Optional[int] = ..., bbox_or_centerscale: _Optional[str] = ..., crop_meanfile: _Optional[str] = ..., cropsize: _Optional[int] = ..., data_augment: _Optional[bool] = ..., dont_flip_first: _Optional[bool] = ..., flip_joint_labels: _Optional[bool] = ..., label_height: _Optional[int] = ..., label_width: _Optional[int] = ..., labelinds: _Optional[str] = ..., meanfile: _Optional[str] = ..., multfact: _Optional[int] = ..., num_channels: _Optional[int] = ..., outsize: _Optional[int] = ..., random_crop: _Optional[bool] = ..., root_img_dir: _Optional[str] = ..., sample_per_cluster: _Optional[bool] = ..., scale: _Optional[float] = ..., scale_height: _Optional[float] = ..., scale_width: _Optional[float] = ..., segmentation: _Optional[bool] = ..., shuffle: _Optional[bool] = ..., source: _Optional[str] = ...) -> None: ...

class HistogramParameter(_message.Message):
    __slots__ = ("num_labels", "ignore_label")
    NUM_LABELS_FIELD_NUMBER: _ClassVar[int]
    IGNORE_LABEL_FIELD_NUMBER: _ClassVar[int]
    num_labels: int
    ignore_label: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, num_labels: _Optional[int] = ..., ignore_label: _Optional[_Iterable[int]] = ...) -> None: ...

class IgnoreOverlayParameter(_message.Message):
    __slots__ = ("ignore_label",)
    IGNORE_LABEL_FIELD_NUMBER: _ClassVar[int]
    ignore_label: int
    def __init__(self, ignore_label: _Optional[int] = ...) -> None: ...

class Im2seqParameter(_message.Message):
    __slots__ = ("direction", "size", "stride", "line2time_loss")
    class Direction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        FORWARD: _ClassVar[Im2seqParameter.Direction]
        REVERSED: _ClassVar[Im2seqParameter.Direction]
        TOPDOWN: _ClassVar[Im2seqParameter.Direction]
        BOTTOMUP: _ClassVar[Im2seqParameter.Direction]
    FORWARD: Im2seqParameter.Direction
    REVERSED: Im2seqParameter.Direction
    TOPDOWN: Im2seqParameter.Direction
    BOTTOMUP: Im2seqParameter.Direction
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    STRIDE_FIELD_NUMBER: _ClassVar[int]
    LINE2TIME_LOSS_FIELD_NUMBER: _ClassVar[int]
    direction: Im2seqParameter.Direction
    size: int
    stride: int
    line2time_loss: bool
    def __init__(self, direction: _Optional[_Union[Im2seqParameter.Direction, str]] = ..., size: _Optional[int] = ..., stride: _Optional[int] = ..., line2time_loss: _Optional[bool] = ...) -> None: ...

class ImageGtDataParameter(_message.Message):
    __slots__ = ("batch_size", "cache_images", "coord_num", "crop_height", "crop_width", "do_multiple_scale", "downsample_rate", "fg_img_multiple", "fg_threshold", "field_h", "field_w", "max_scale", "max_whaspect", "mean_file", "min_gt_height", "min_gt_width", "min_scale", "min_whaspect", "mirror", "output_gt_boxes", "resize_height", "resize_width", "root_folder", "scale", "shuffle", "source")
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    CACHE_IMAGES_FIELD_NUMBER: _ClassVar[int]
    COORD_NUM_FIELD_NUMBER: _ClassVar[int]
    CROP_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    CROP_WIDTH_FIELD_NUMBER: _ClassVar[int]
    DO_MULTIPLE_SCALE_FIELD_NUMBER: _ClassVar[int]
    DOWNSAMPLE_RATE_FIELD_NUMBER: _ClassVar[int]
    FG_IMG_MULTIPLE_FIELD_NUMBER: _ClassVar[int]
    FG_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    FIELD_H_FIELD_NUMBER: _ClassVar[int]
    FIELD_W_FIELD_NUMBER: _ClassVar[int]
    MAX_SCALE_FIELD_NUMBER: _ClassVar[int]
    MAX_WHASPECT_FIELD_NUMBER: _ClassVar[int]
    MEAN_FILE_FIELD_NUMBER: _ClassVar[int]
    MIN_GT_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    MIN_GT_WIDTH_FIELD_NUMBER: _ClassVar[int]
    MIN_SCALE_FIELD_NUMBER: _ClassVar[int]
    MIN_WHASPECT_FIELD_NUMBER: _ClassVar[int]
    MIRROR_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_GT_BOXES_FIELD_NUMBER: _ClassVar[int]
    RESIZE_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    RESIZE_WIDTH_FIELD_NUMBER: _ClassVar[int]
    ROOT_FOLDER_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    SHUFFLE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    batch_size: int
    cache_images: bool
    coord_num: int
    crop_height: int
    crop_width: int
    do_multiple_scale: bool
    downsample_rate: _containers.RepeatedScalarFieldContainer[int]
    fg_img_multiple: int
    fg_threshold: float
    field_h: _containers.RepeatedScalarFieldContainer[int]
    field_w: _containers.RepeatedScalarFieldContainer[int]
    max_scale: int
    max_whaspect: float
    mean_file: str
    min_gt_height: float
    min_gt_width: float
    min_scale: int
    min_whaspect: float
    mirror: bool
    output_gt_boxes: bool
    resize_height: int
    resize_width: int
    root_folder: str
    scale: float
    shuffle: bool
    source: str
    def __init__(self, batch_size: _Optional[int] = ..., cache_images: _Optional[bool] = ..., coord_num: _Optional[int] = ..., crop_height: _Optional[int] = ..., crop_width: _Optional[int] = ..., do_multiple_scale: _Optional[bool] = ..., downsample_rate: _Optional[_Iterable[int]] = ..., fg_img_multiple: _Optional[int] = ..., fg_threshold: _Optional[float] = ..., field_h: _Optional[_Iterable[int]] = ..., field_w: _Optional[_Iterable[int]] = ..., max_scale: _Optional[int] = ..., max_whaspect: _Optional[float] = ..., mean_file: _Optional[str] = ..., min_gt_height: _Optional[float] = ..., min_gt_width: _Optional[float] = ..., min_scale: _Optional[int] = ..., min_whaspect: _Optional[float] = ..., mirror: _Optional[bool] = ..., output_gt_boxes: _Optional[bool] = ..., resize_height: _Optional[int] = ..., resize_width: _Optional[int] = ..., root_folder: _Optional[str] = ..., scale: _Optional[float] = ..., shuffle: _Optional[bool] = ..., source: _Optional[str] = ...) -> None: ...

class ImgSizeParameter(_message.Message):
    __slots__ = ("x_scaling", "y_scaling", "pretrained_file", "pretrained_layer_name", "pretrained_layer_bin")
    X_SCALING_FIELD_NUMBER: _ClassVar[int]
    Y_SCALING_FIELD_NUMBER: _ClassVar[int]
    PRETRAINED_FILE_FIELD_NUMBER: _ClassVar[int]
    PRETRAINED_LAYER_NAME_FIELD_NUMBER: _ClassVar[int]
    PRETRAINED_LAYER_BIN_FIELD_NUMBER: _ClassVar[int]
    x_scaling: float
    y_scaling: float
    pretrained_file: str
    pretrained_layer_name: str
    pretrained_layer_bin: str
    def __init__(self, x_scaling: _Optional[float] = ..., y_scaling: _Optional[float] = ..., pretrained_file: _Optional[str] = ..., pretrained_layer_name: _Optional[str] = ..., pretrained_layer_bin: _Optional[str] = ...) -> None: ...

class KnowledgeDistillationParameter(_message.Message):
    __slots__ = ("temperature",)
    TEMPERATURE_FIELD_NUMBER: _ClassVar[int]
    temperature: float
    def __init__(self, temperature: _Optional[float] = ...) -> None: ...

class LSTMParameter(_message.Message):
    __slots__ = ("num_output", "clipping_threshold", "weight_filler", "bias_filler", "batch_size", "paramq", "scale_in", "scale_out", "a_min", "a_max")
    NUM_OUTPUT_FIELD_NUMBER: _ClassVar[int]
    CLIPPING_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FILLER_FIELD_NUMBER: _ClassVar[int]
    BIAS_FILLER_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    PARAMQ_FIELD_NUMBER: _ClassVar[int]
    SCALE_IN_FIELD_NUMBER: _ClassVar[int]
    SCALE_OUT_FIELD_NUMBER: _ClassVar[int]
    A_MIN_FIELD_NUMBER: _ClassVar[int]
    A_MAX_FIELD_NUMBER: _ClassVar[int]
    num_output: int
    clipping_threshold: float
    weight_filler: FillerParameter
    bias_filler: FillerParameter
    batch_size: int
    paramq: int
    scale_in: float
    scale_out: float
    a_min: int
    a_max: int
    def __init__(self, num_output: _Optional[int] = ..., clipping_threshold: _Optional[float] = ..., weight_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., bias_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., batch_size: _Optional[int] = ..., paramq: _Optional[int] = ..., scale_in: _Optional[float] = ..., scale_out: _Optional[float] = ..., a_min: _Optional[int] = ..., a_max: _Optional[int] = ...) -> None: ...

class LabelSpecificAddParameter(_message.Message):
    __slots__ = ("bias", "transform_test", "bias_base", "bias_gamma", "bias_power", "bias_min", "bias_max", "iteration")
    BIAS_FIELD_NUMBER: _ClassVar[int]
    TRANSFORM_TEST_FIELD_NUMBER: _ClassVar[int]
    BIAS_BASE_FIELD_NUMBER: _ClassVar[int]
    BIAS_GAMMA_FIELD_NUMBER: _ClassVar[int]
    BIAS_POWER_FIELD_NUMBER: _ClassVar[int]
    BIAS_MIN_FIELD_NUMBER: _ClassVar[int]
    BIAS_MAX_FIELD_NUMBER: _ClassVar[int]
    ITERATION_FIELD_NUMBER: _ClassVar[int]
    bias: float
    transform_test: bool
    bias_base: float
    bias_gamma: float
    bias_power: float
    bias_min: float
    bias_max: float
    iteration: int
    def __init__(self, bias: _Optional[float] = ..., transform_test: _Optional[bool] = ..., bias_base: _Optional[float] = ..., bias_gamma: _Optional[float] = ..., bias_power: _Optional[float] = ..., bias_min: _Optional[float] = ..., bias_max: _Optional[float] = ..., iteration: _Optional[int] = ...) -> None: ...

class LabelsequenceAccuracyParameter(_message.Message):
    __slots__ = ("blank_label",)
    BLANK_LABEL_FIELD_NUMBER: _ClassVar[int]
    blank_label: int
    def __init__(self, blank_label: _Optional[int] = ...) -> None: ...

class LaneInfo(_message.Message):
    __slots__ = ("x", "y", "id")
    X_FIELD_NUMBER: _ClassVar[int]
    Y_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    x: float
    y: float
    id: int
    def __init__(self, x: _Optional[float] = ..., y: _Optional[float] = ..., id: _Optional[int] = ...) -> None: ...

class LargeMarginInnerProductParameter(_message.Message):
    __slots__ = ("num_output", "type", "weight_filler", "axis", "base", "gamma", "power", "iteration", "lambda_min")
    class LargeMarginType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        SINGLE: _ClassVar[LargeMarginInnerProductParameter.LargeMarginType]
        DOUBLE: _ClassVar[LargeMarginInnerProductParameter.LargeMarginType]
        TRIPLE: _ClassVar[LargeMarginInnerProductParameter.LargeMarginType]
        QUADRUPLE: _ClassVar[LargeMarginInnerProductParameter.LargeMarginType]
    SINGLE: LargeMarginInnerProductParameter.LargeMarginType
    DOUBLE: LargeMarginInnerProductParameter.LargeMarginType
    TRIPLE: LargeMarginInnerProductParameter.LargeMarginType
    QUADRUPLE: LargeMarginInnerProductParameter.LargeMarginType
    NUM_OUTPUT_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FILLER_FIELD_NUMBER: _ClassVar[int]
    AXIS_FIELD_NUMBER: _ClassVar[int]
    BASE_FIELD_NUMBER: _ClassVar[int]
    GAMMA_FIELD_NUMBER: _ClassVar[int]
    POWER_FIELD_NUMBER: _ClassVar[int]
    ITERATION_FIELD_NUMBER: _ClassVar[int]
    LAMBDA_MIN_FIELD_NUMBER: _ClassVar[int]
    num_output: int
    type: LargeMarginInnerProductParameter.LargeMarginType
    weight_filler: FillerParameter
    axis: int
    base: float
    gamma: float
    power: float
    iteration: int
    lambda_min: float
    def __init__(self, num_output: _Optional[int] = ..., type: _Optional[_Union[LargeMarginInnerProductParameter.LargeMarginType, str]] = ..., weight_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., axis: _Optional[int] = ..., base: _Optional[float] = ..., gamma: _Optional[float] = ..., power: _Optional[float] = ..., iteration: _Optional[int] = ..., lambda_min: _Optional[float] = ...) -> None: ...

class LpqLossParameter(_message.Message):
    __slots__ = ("l2_prescale_by_channels", "normalize_by_num_entries", "p_epsilon", "q_epsilon", "pq_episode_starts_at_iter", "p", "q")
    L2_PRESCALE_BY_CHANNELS_FIELD_NUMBER: _ClassVar[int]
    NORMALIZE_BY_NUM_ENTRIES_FIELD_NUMBER: _ClassVar[int]
    P_EPSILON_FIELD_NUMBER: _ClassVar[int]
    Q_EPSILON_FIELD_NUMBER: _ClassVar[int]
    PQ_EPISODE_STARTS_AT_ITER_FIELD_NUMBER: _ClassVar[int]
    P_FIELD_NUMBER: _ClassVar[int]
    Q_FIELD_NUMBER: _ClassVar[int]
    l2_prescale_by_channels: bool
    normalize_by_num_entries: bool
    p_epsilon: float
    q_epsilon: float
    pq_episode_starts_at_iter: _containers.RepeatedScalarFieldContainer[int]
    p: _containers.RepeatedScalarFieldContainer[float]
    q: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, l2_prescale_by_channels: _Optional[bool] = ..., normalize_by_num_entries: _Optional[bool] = ..., p_epsilon: _Optional[float] = ..., q_epsilon: _Optional[float] = ..., pq_episode_starts_at_iter: _Optional[_Iterable[int]] = ..., p: _Optional[_Iterable[float]] = ..., q: _Optional[_Iterable[float]] = ...) -> None: ...

class MILDataParameter(_message.Message):
    __slots__ = ("source", "num_scales", "scale_factor", "channels", "images_per_batch", "n_classes", "label_file", "root_dir", "ext", "randomize")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    NUM_SCALES_FIELD_NUMBER: _ClassVar[int]
    SCALE_FACTOR_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    IMAGES_PER_BATCH_FIELD_NUMBER: _ClassVar[int]
    N_CLASSES_FIELD_NUMBER: _ClassVar[int]
    LABEL_FILE_FIELD_NUMBER: _ClassVar[int]
    ROOT_DIR_FIELD_NUMBER: _ClassVar[int]
    EXT_FIELD_NUMBER: _ClassVar[int]
    RANDOMIZE_FIELD_NUMBER: _ClassVar[int]
    source: str
    num_scales: int
    scale_factor: float
    channels: int
    images_per_batch: int
    n_classes: int
    label_file: str
    root_dir: str
    ext: str
    randomize: bool
    def __init__(self, source: _Optional[str] = ..., num_scales: _Optional[int] = ..., scale_factor: _Optional[float] = ..., channels: _Optional[int] = ..., images_per_batch: _Optional[int] = ..., n_classes: _Optional[int] = ..., label_file: _Optional[str] = ..., root_dir: _Optional[str] = ..., ext: _Optional[str] = ..., randomize: _Optional[bool] = ...) -> None: ...

class MILParameter(_message.Message):
    __slots__ = ("type",)
    class MILType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        MAX: _ClassVar[MILParameter.MILType]
        NOR: _ClassVar[MILParameter.MILType]
    MAX: MILParameter.MILType
    NOR: MILParameter.MILType
    TYPE_FIELD_NUMBER: _ClassVar[int]
    type: MILParameter.MILType
    def __init__(self, type: _Optional[_Union[MILParameter.MILType, str]] = ...) -> None: ...

class MOEParameter(_message.Message):
    __slots__ = ("gating_net", "expert_net", "expert_instances", "select_experts", "full_forward", "map_bottom")
    class BottomMapping(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        GATING: _ClassVar[MOEParameter.BottomMapping]
        EXPERT: _ClassVar[MOEParameter.BottomMapping]
        GATING_AND_EXPERT: _ClassVar[MOEParameter.BottomMapping]
    GATING: MOEParameter.BottomMapping
    EXPERT: MOEParameter.BottomMapping
    GATING_AND_EXPERT: MOEParameter.BottomMapping
    GATING_NET_FIELD_NUMBER: _ClassVar[int]
    EXPERT_NET_FIELD_NUMBER: _ClassVar[int]
    EXPERT_INSTANCES_FIELD_NUMBER: _ClassVar[int]
    SELECT_EXPERTS_FIELD_NUMBER: _ClassVar[int]
    FULL_FORWARD_FIELD_NUMBER: _ClassVar[int]
    MAP_BOTTOM_FIELD_NUMBER: _ClassVar[int]
    gating_net: NetParameter
    expert_net: _containers.RepeatedCompositeFieldContainer[NetParameter]
    expert_instances: _containers.RepeatedScalarFieldContainer[int]
    select_experts: int
    full_forward: bool
    map_bottom: _containers.RepeatedScalarFieldContainer[MOEParameter.BottomMapping]
    def __init__(self, gating_net: _Optional[_Union[NetParameter, _Mapping]] = ..., expert_net: _Optional[_Iterable[_Union[NetParameter, _Mapping]]] = ..., expert_instances: _Optional[_Iterable[int]] = ..., select_experts: _Optional[int] = ..., full_forward: _Optional[bool] = ..., map_bottom: _Optional[_Iterable[_Union[MOEParameter.BottomMapping, str]]] = ...) -> None: ...

class MTCNNBBox(_message.Message):
    __slots__ = ("xmin", "ymin", "xmax", "ymax")
    XMIN_FIELD_NUMBER: _ClassVar[int]
    YMIN_FIELD_NUMBER: _ClassVar[int]
    XMAX_FIELD_NUMBER: _ClassVar[int]
    YMAX_FIELD_NUMBER: _ClassVar[int]
    xmin: float
    ymin: float
    xmax: float
    ymax: float
    def __init__(self, xmin: _Optional[float] = ..., ymin: _Optional[float] = ..., xmax: _Optional[float] = ..., ymax: _Optional[float] = ...) -> None: ...

class MTCNNDataParameter(_message.Message):
    __slots__ = ("augmented", "flip", "num_positive", "num_negitive", "num_part", "resize_width", "resize_height", "min_negitive_scale", "max_negitive_scale")
    AUGMENTED_FIELD_NUMBER: _ClassVar[int]
    FLIP_FIELD_NUMBER: _ClassVar[int]
    NUM_POSITIVE_FIELD_NUMBER: _ClassVar[int]
    NUM_NEGITIVE_FIELD_NUMBER: _ClassVar[int]
    NUM_PART_FIELD_NUMBER: _ClassVar[int]
    RESIZE_WIDTH_FIELD_NUMBER: _ClassVar[int]
    RESIZE_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    MIN_NEGITIVE_SCALE_FIELD_NUMBER: _ClassVar[int]
    MAX_NEGITIVE_SCALE_FIELD_NUMBER: _ClassVar[int]
    augmented: bool
    flip: bool
    num_positive: int
    num_negitive: int
    num_part: int
    resize_width: int
    resize_height: int
    min_negitive_scale: float
    max_negitive_scale: float
    def __init__(self, augmented: _Optional[bool] = ..., flip: _Optional[bool] = ..., num_positive: _Optional[int] = ..., num_negitive: _Optional[int] = ..., num_part: _Optional[int] = ..., resize_width: _Optional[int] = ..., resize_height: _Optional[int] = ..., min_negitive_scale: _Optional[float] = ..., max_negitive_scale: _Optional[float] = ...) -> None: ...

class MTCNNDatum(_message.Message):
    __slots__ = ("datum", "roi", "pts")
    DATUM_FIELD_NUMBER: _ClassVar[int]
    ROI_FIELD_NUMBER: _ClassVar[int]
    PTS_FIELD_NUMBER: _ClassVar[int]
    datum: Datum
    roi: MTCNNBBox
    pts: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, datum: _Optional[_Union[Datum, _Mapping]] = ..., roi: _Optional[_Union[MTCNNBBox, _Mapping]] = ..., pts: _Optional[_Iterable[float]] = ...) -> None: ...

class MarginInnerProductParameter(_message.Message):
    __slots__ = ("num_output", "type", "weight_filler", "axis", "base", "gamma", "power", "iteration", "lambda_min")
    class MarginType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        SINGLE: _ClassVar[MarginInnerProductParameter.MarginType]
        DOUBLE: _ClassVar[MarginInnerProductParameter.MarginType]
        TRIPLE: _ClassVar[MarginInnerProductParameter.MarginType]
        QUADRUPLE: _ClassVar[MarginInnerProductParameter.MarginType]
    SINGLE: MarginInnerProductParameter.MarginType
    DOUBLE: MarginInnerProductParameter.MarginType
    TRIPLE: MarginInnerProductParameter.MarginType
    QUADRUPLE: MarginInnerProductParameter.MarginType
    NUM_OUTPUT_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FILLER_FIELD_NUMBER: _ClassVar[int]
    AXIS_FIELD_NUMBER: _ClassVar[int]
    BASE_FIELD_NUMBER: _ClassVar[int]
    GAMMA_FIELD_NUMBER: _ClassVar[int]
    POWER_FIELD_NUMBER: _ClassVar[int]
    ITERATION_FIELD_NUMBER: _ClassVar[int]
    LAMBDA_MIN_FIELD_NUMBER: _ClassVar[int]
    num_output: int
    type: MarginInnerProductParameter.MarginType
    weight_filler: FillerParameter
    axis: int
    base: float
    gamma: float
    power: float
    iteration: int
    lambda_min: float
    def __init__(self, num_output: _Optional[int] = ..., type: _Optional[_Union[MarginInnerProductParameter.MarginType, str]] = ..., weight_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., axis: _Optional[int] = ..., base: _Optional[float] = ..., gamma: _Optional[float] = ..., power: _Optional[float] = ..., iteration: _Optional[int] = ..., lambda_min: _Optional[float] = ...) -> None: ...

class MatMulParameter(_message.Message):
    __slots__ = ("dim_1", "dim_2", "dim_3")
    DIM_1_FIELD_NUMBER: _ClassVar[int]
    DIM_2_FIELD_NUMBER: _ClassVar[int]
    DIM_3_FIELD_NUMBER: _ClassVar[int]
    dim_1: int
    dim_2: int
    dim_3: int
    def __init__(self, dim_1: _Optional[int] = ..., dim_2: _Optional[int] = ..., dim_3: _Optional[int] = ...) -> None: ...

class MatReadParameter(_message.Message):
    __slots__ = ("prefix", "source", "strip", "batch_size")
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    STRIP_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    prefix: str
    source: str
    strip: int
    batch_size: int
    def __init__(self, prefix: _Optional[str] = ..., source: _Optional[str] = ..., strip: _Optional[int] = ..., batch_size: _Optional[int] = ...) -> None: ...

class MatWriteParameter(_message.Message):
    __slots__ = ("prefix", "source", "strip", "period")
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    STRIP_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    prefix: str
    source: str
    strip: int
    period: int
    def __init__(self, prefix: _Optional[str] = ..., source: _Optional[str] = ..., strip: _Optional[int] = ..., period: _Optional[int] = ...) -> None: ...

class MeanParameter(_message.Message):
    __slots__ = ("operation", "file", "value", "mean_scale", "input_scale", "output_scale")
    class MeanOperation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        ADD: _ClassVar[MeanParameter.MeanOperation]
        SUBTRACT: _ClassVar[MeanParameter.MeanOperation]
    ADD: MeanParameter.MeanOperation
    SUBTRACT: MeanParameter.MeanOperation
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    MEAN_SCALE_FIELD_NUMBER: _ClassVar[int]
    INPUT_SCALE_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_SCALE_FIELD_NUMBER: _ClassVar[int]
    operation: MeanParameter.MeanOperation
    file: str
    value: _containers.RepeatedScalarFieldContainer[float]
    mean_scale: float
    input_scale: float
    output_scale: float
    def __init__(self, operation: _Optional[_Union[MeanParameter.MeanOperation, str]] = ..., file: _Optional[str] = ..., value: _Optional[_Iterable[float]] = ..., mean_scale: _Optional[float] = ..., input_scale: _Optional[float] = ..., output_scale: _Optional[float] = ...) -> None: ...

class MemoryOptimizationParameter(_message.Message):
    __slots__ = ("optimize_train", "optimize_test", "exclude_blob")
    OPTIMIZE_TRAIN_FIELD_NUMBER: _ClassVar[int]
    OPTIMIZE_TEST_FIELD_NUMBER: _ClassVar[int]
    EXCLUDE_BLOB_FIELD_NUMBER: _ClassVar[int]
    optimize_train: bool
    optimize_test: bool
    exclude_blob: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, optimize_train: _Optional[bool] = ..., optimize_test: _Optional[bool] = ..., exclude_blob: _Optional[_Iterable[str]] = ...) -> None: ...

class MergeCropParameter(_message.Message):
    __slots__ = ("operation", "forward", "backward")
    class MergeOp(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STACK: _ClassVar[MergeCropParameter.MergeOp]
        ADD: _ClassVar[MergeCropParameter.MergeOp]
    STACK: MergeCropParameter.MergeOp
    ADD: MergeCropParameter.MergeOp
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    FORWARD_FIELD_NUMBER: _ClassVar[int]
    BACKWARD_FIELD_NUMBER: _ClassVar[int]
    operation: MergeCropParameter.MergeOp
    forward: _containers.RepeatedScalarFieldContainer[bool]
    backward: _containers.RepeatedScalarFieldContainer[bool]
    def __init__(self, operation: _Optional[_Union[MergeCropParameter.MergeOp, str]] = ..., forward: _Optional[_Iterable[bool]] = ..., backward: _Optional[_Iterable[bool]] = ...) -> None: ...

class MnActivationParameter(_message.Message):
    __slots__ = ("num_nodes_in", "num_nodes_out", "model_parts_in", "model_parts_out", "need_reduce")
    NUM_NODES_IN_FIELD_NUMBER: _ClassVar[int]
    NUM_NODES_OUT_FIELD_NUMBER: _ClassVar[int]
    MODEL_PARTS_IN_FIELD_NUMBER: _ClassVar[int]
    MODEL_PARTS_OUT_FIELD_NUMBER: _ClassVar[int]
    NEED_REDUCE_FIELD_NUMBER: _ClassVar[int]
    num_nodes_in: int
    num_nodes_out: int
    model_parts_in: int
    model_parts_out: int
    need_reduce: bool
    def __init__(self, num_nodes_in: _Optional[int] = ..., num_nodes_out: _Optional[int] = ..., model_parts_in: _Optional[int] = ..., model_parts_out: _Optional[int] = ..., need_reduce: _Optional[bool] = ...) -> None: ...

class MnModelParallelParameter(_message.Message):
    __slots__ = ("layer_from", "layer_to", "num_nodes", "model_parts")
    LAYER_FROM_FIELD_NUMBER: _ClassVar[int]
    LAYER_TO_FIELD_NUMBER: _ClassVar[int]
    NUM_NODES_FIELD_NUMBER: _ClassVar[int]
    MODEL_PARTS_FIELD_NUMBER: _ClassVar[int]
    layer_from: str
    layer_to: str
    num_nodes: int
    model_parts: int
    def __init__(self, layer_from: _Optional[str] = ..., layer_to: _Optional[str] = ..., num_nodes: _Optional[int] = ..., model_parts: _Optional[int] = ...) -> None: ...

class MnParamGradCompressLayerTypeList(_message.Message):
    __slots__ = ("layer_type",)
    LAYER_TYPE_FIELD_NUMBER: _ClassVar[int]
    layer_type: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, layer_type: _Optional[_Iterable[str]] = ...) -> None: ...

class MnParamGradCompressParameter(_message.Message):
    __slots__ = ("param_grad_compress_enable",)
    PARAM_GRAD_COMPRESS_ENABLE_FIELD_NUMBER: _ClassVar[int]
    param_grad_compress_enable: _containers.RepeatedScalarFieldContainer[bool]
    def __init__(self, param_grad_compress_enable: _Optional[_Iterable[bool]] = ...) -> None: ...

class ModuleParameter(_message.Message):
    __slots__ = ("module", "type", "creator_symbol", "deleter_symbol", "param_str")
    MODULE_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    CREATOR_SYMBOL_FIELD_NUMBER: _ClassVar[int]
    DELETER_SYMBOL_FIELD_NUMBER: _ClassVar[int]
    PARAM_STR_FIELD_NUMBER: _ClassVar[int]
    module: str
    type: str
    creator_symbol: str
    deleter_symbol: str
    param_str: str
    def __init__(self, module: _Optional[str] = ..., type: _Optional[str] = ..., creator_symbol: _Optional[str] = ..., deleter_symbol: _Optional[str] = ..., param_str: _Optional[str] = ...) -> None: ...

class MultiPhaseSolverParameter(_message.Message):
    __slots__ = ("params_pair",)
    PARAMS_PAIR_FIELD_NUMBER: _ClassVar[int]
    params_pair: _containers.RepeatedCompositeFieldContainer[SolverBatchSizePair]
    def __init__(self, params_pair: _Optional[_Iterable[_Union[SolverBatchSizePair, _Mapping]]] = ...) -> None: ...

class MultiRBoxLossParameter(_message.Message):
    __slots__ = ("loc_loss_type", "conf_loss_type", "loc_weight", "num_classes", "share_location", "match_type", "overlap_threshold", "use_prior_for_matching", "background_label_id", "use_difficult_gt", "do_neg_mining", "neg_pos_ratio", "neg_overlap", "code_type", "encode_variance_in_target", "map_object_to_agnostic", "ignore_cross_boundary_rbox", "bp_inside", "mining_type", "nms_param", "sample_size", "use_prior_for_nms", "prior_width", "prior_height", "regress_angle", "regress_size")
    class LocLossType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        L2: _ClassVar[MultiRBoxLossParameter.LocLossType]
        SMOOTH_L1: _ClassVar[MultiRBoxLossParameter.LocLossType]
    L2: MultiRBoxLossParameter.LocLossType
    SMOOTH_L1: MultiRBoxLossParameter.LocLossType
    class ConfLossType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        SOFTMAX: _ClassVar[MultiRBoxLossParameter.ConfLossType]
        LOGISTIC: _ClassVar[MultiRBoxLossParameter.ConfLossType]
    SOFTMAX: MultiRBoxLossParameter.ConfLossType
    LOGISTIC: MultiRBoxLossParameter.ConfLossType
    class MatchType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        BIPARTITE: _ClassVar[MultiRBoxLossParameter.MatchType]
        PER_PREDICTION: _ClassVar[MultiRBoxLossParameter.MatchType]
    BIPARTITE: MultiRBoxLossParameter.MatchType
    PER_PREDICTION: MultiRBoxLossParameter.MatchType
    class MiningType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NONE: _ClassVar[MultiRBoxLossParameter.MiningType]
        MAX_NEGATIVE: _ClassVar[MultiRBoxLossParameter.MiningType]
        HARD_EXAMPLE: _ClassVar[MultiRBoxLossParameter.MiningType]
    NONE: MultiRBoxLossParameter.MiningType
    MAX_NEGATIVE: MultiRBoxLossParameter.MiningType
    HARD_EXAMPLE: MultiRBoxLossParameter.MiningType
    LOC_LOSS_TYPE_FIELD_NUMBER: _ClassVar[int]
    CONF_LOSS_TYPE_FIELD_NUMBER: _ClassVar[int]
    LOC_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    NUM_CLASSES_FIELD_NUMBER: _ClassVar[int]
    SHARE_LOCATION_FIELD_NUMBER: _ClassVar[int]
    MATCH_TYPE_FIELD_NUMBER: _ClassVar[int]
    OVERLAP_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    USE_PRIOR_FOR_MATCHING_FIELD_NUMBER: _ClassVar[int]
    BACKGROUND_LABEL_ID_FIELD_NUMBER: _ClassVar[int]
    USE_DIFFICULT_GT_FIELD_NUMBER: _ClassVar[int]
    DO_NEG_MINING_FIELD_NUMBER: _ClassVar[int]
    NEG_POS_RATIO_FIELD_NUMBER: _ClassVar[int]
    NEG_OVERLAP_FIELD_NUMBER: _ClassVar[int]
    CODE_TYPE_FIELD_NUMBER: _ClassVar[int]
    ENCODE_VARIANCE_IN_TARGET_FIELD_NUMBER: _ClassVar[int]
    MAP_OBJECT_TO_AGNOSTIC_FIELD_NUMBER: _ClassVar[int]
    IGNORE_CROSS_BOUNDARY_RBOX_FIELD_NUMBER: _ClassVar[int]
    BP_INSIDE_FIELD_NUMBER: _ClassVar[int]
    MINING_TYPE_FIELD_NUMBER: _ClassVar[int]
    NMS_PARAM_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_SIZE_FIELD_NUMBER: _ClassVar[int]
    USE_PRIOR_FOR_NMS_FIELD_NUMBER: _ClassVar[int]
    PRIOR_WIDTH_FIELD_NUMBER: _ClassVar[int]
    PRIOR_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    REGRESS_ANGLE_FIELD_NUMBER: _ClassVar[int]
    REGRESS_SIZE_FIELD_NUMBER: _ClassVar[int]
    loc_loss_type: MultiRBoxLossParameter.LocLossType
    conf_loss_type: MultiRBoxLossParameter.ConfLossType
    loc_weight: float
    num_classes: int
    share_location: bool
    match_type: MultiRBoxLossParameter.MatchType
    overlap_threshold: float
    use_prior_for_matching: bool
    background_label_id: int
    use_difficult_gt: bool
    do_neg_mining: bool
    neg_pos_ratio: float
    neg_overlap: float
    code_type: PriorRBoxParameter.CodeType
    encode_variance_in_target: bool
    map_object_to_agnostic: bool
    ignore_cross_boundary_rbox: bool
    bp_inside: bool
    mining_type: MultiRBoxLossParameter.MiningType
    nms_param: NonMaximumSuppressionParameter
    sample_size: int
    use_prior_for_nms: bool
    prior_width: float
    prior_height: float
    regress_angle: bool
    regress_size: bool
    def __init__(self, loc_loss_type: _Optional[_Union[MultiRBoxLossParameter.LocLossType, str]] = ..., conf_loss_type: _Optional[_Union[MultiRBoxLossParameter.ConfLossType, str]] = ..., loc_weight: _Optional[float] = ..., num_classes: _Optional[int] = ..., share_location: _Optional[bool] = ..., match_type: _Optional[_Union[MultiRBoxLossParameter.MatchType, str]] = ..., overlap_threshold: _Optional[float] = ..., use_prior_for_matching: _Optional[bool] = ..., background_label_id: _Optional[int] = ..., use_difficult_gt: _Optional[bool] = ..., do_neg_mining: _Optional[bool] = ..., neg_pos_ratio: _Optional[float] = ..., neg_overlap: _Optional[float] = ..., code_type: _Optional[_Union[PriorRBoxParameter.CodeType, str]] = ..., encode_variance_in_target: _Optional[bool] = ..., map_object_to_agnostic: _Optional[bool] = ..., ignore_cross_boundary_rbox: _Optional[bool] = ..., bp_inside: _Optional[bool] = ..., mining_type: _Optional[_Union[MultiRBoxLossParameter.MiningType, str]] = ..., nms_param: _Optional[_Union[NonMaximumSuppressionParameter, _Mapping]] = ..., sample_size: _Optional[int] = ..., use_prior_for_nms: _Optional[bool] = ..., prior_width: _Optional[float] = ..., prior_height: _Optional[float] = ..., regress_angle: _Optional[bool] = ..., regress_size: _Optional[bool] = ...) -> None: ...

class MultinodeLayerParameter(_message.Message):
    __slots__ = ("num_nodes", "model_parts")
    NUM_NODES_FIELD_NUMBER: _ClassVar[int]
    MODEL_PARTS_FIELD_NUMBER: _ClassVar[int]
    num_nodes: int
    model_parts: int
    def __init__(self, num_nodes: _Optional[int] = ..., model_parts: _Optional[int] = ...) -> None: ...

class MultinodeParameter(_message.Message):
    __slots__ = ("model_parallel", "compress_layer_type_list")
    MODEL_PARALLEL_FIELD_NUMBER: _ClassVar[int]
    COMPRESS_LAYER_TYPE_LIST_FIELD_NUMBER: _ClassVar[int]
    model_parallel: _containers.RepeatedCompositeFieldContainer[MnModelParallelParameter]
    compress_layer_type_list: MnParamGradCompressLayerTypeList
    def __init__(self, model_parallel: _Optional[_Iterable[_Union[MnModelParallelParameter, _Mapping]]] = ..., compress_layer_type_list: _Optional[_Union[MnParamGradCompressLayerTypeList, _Mapping]] = ...) -> None: ...

class NormalizedRBox(_message.Message):
    __slots__ = ("xcenter", "ycenter", "angle", "width", "height", "label", "score", "size")
    XCENTER_FIELD_NUMBER: _ClassVar[int]
    YCENTER_FIELD_NUMBER: _ClassVar[int]
    ANGLE_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    xcenter: float
    ycenter: float
    angle: float
    width: float
    height: float
    label: int
    score: float
    size: float
    def __init__(self, xcenter: _Optional[float] = ..., ycenter: _Optional[float] = ..., angle: _Optional[float] = ..., width: _Optional[float] = ..., height: _Optional[float] = ..., label: _Optional[int] = ..., score: _Optional[float] = ..., size: _Optional[float] = ...) -> None: ...

class OneHotParameter(_message.Message):
    __slots__ = ("num_labels",)
    NUM_LABELS_FIELD_NUMBER: _ClassVar[int]
    num_labels: int
    def __init__(self, num_labels: _Optional[int] = ...) -> None: ...

class PSROIAlignParameter(_message.Message):
    __slots__ = ("spatial_scale", "output_dim", "group_size", "sample_num")
    SPATIAL_SCALE_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_DIM_FIELD_NUMBER: _ClassVar[int]
    GROUP_SIZE_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_NUM_FIELD_NUMBER: _ClassVar[int]
    spatial_scale: float
    output_dim: int
    group_size: int
    sample_num: int
    def __init__(self, spatial_scale: _Optional[float] = ..., output_dim: _Optional[int] = ..., group_size: _Optional[int] = ..., sample_num: _Optional[int] = ...) -> None: ...

class PaddingParameter(_message.Message):
    __slots__ = ("pad_beg", "pad_end")
    PAD_BEG_FIELD_NUMBER: _ClassVar[int]
    PAD_END_FIELD_NUMBER: _ClassVar[int]
    pad_beg: int
    pad_end: int
    def __init__(self, pad_beg: _Optional[int] = ..., pad_end: _Optional[int] = ...) -> None: ...

class PassThroughParameter(_message.Message):
    __slots__ = ("num_output", "block_height", "block_width")
    NUM_OUTPUT_FIELD_NUMBER: _ClassVar[int]
    BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    BLOCK_WIDTH_FIELD_NUMBER: _ClassVar[int]
    num_output: int
    block_height: int
    block_width: int
    def __init__(self, num_output: _Optional[int] = ..., block_height: _Optional[int] = ..., block_width: _Optional[int] = ...) -> None: ...

class Pooling3DParameter(_message.Message):
    __slots__ = ("pool", "kernel_size", "stride", "pad", "kernel_depth", "temporal_stride", "temporal_pad")
    class PoolMethod(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        MAX: _ClassVar[Pooling3DParameter.PoolMethod]
        AVE: _ClassVar[Pooling3DParameter.PoolMethod]
        STOCHASTIC: _ClassVar[Pooling3DParameter.PoolMethod]
    MAX: Pooling3DParameter.PoolMethod
    AVE: Pooling3DParameter.PoolMethod
    STOCHASTIC: Pooling3DParameter.PoolMethod
    POOL_FIELD_NUMBER: _ClassVar[int]
    KERNEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    STRIDE_FIELD_NUMBER: _ClassVar[int]
    PAD_FIELD_NUMBER: _ClassVar[int]
    KERNEL_DEPTH_FIELD_NUMBER: _ClassVar[int]
    TEMPORAL_STRIDE_FIELD_NUMBER: _ClassVar[int]
    TEMPORAL_PAD_FIELD_NUMBER: _ClassVar[int]
    pool: Pooling3DParameter.PoolMethod
    kernel_size: int
    stride: int
    pad: int
    kernel_depth: int
    temporal_stride: int
    temporal_pad: int
    def __init__(self, pool: _Optional[_Union[Pooling3DParameter.PoolMethod, str]] = ..., kernel_size: _Optional[int] = ..., stride: _Optional[int] = ..., pad: _Optional[int] = ..., kernel_depth: _Optional[int] = ..., temporal_stride: _Optional[int] = ..., temporal_pad: _Optional[int] = ...) -> None: ...

class PoseDataParameter(_message.Message):
    __slots__ = ("batch_size", "bg_threshold", "cache_images", "crop_size", "cycle_training_data", "fg_fraction", "fg_threshold", "gauss_blob_sigma", "ignore_label", "input_height", "input_width", "joint_pairs_stats", "location_refinement", "max_input_size", "mirror", "multi_label", "no_bg_class", "num_classes", "regress_to_other", "root_folder", "rpn", "rpn_distance_threshold", "scale", "scale_jitter_lo", "scale_jitter_up", "segmentation", "segmentation_stride", "sequential", "soft_labels", "source", "weight_targets")
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    BG_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    CACHE_IMAGES_FIELD_NUMBER: _ClassVar[int]
    CROP_SIZE_FIELD_NUMBER: _ClassVar[int]
    CYCLE_TRAINING_DATA_FIELD_NUMBER: _ClassVar[int]
    FG_FRACTION_FIELD_NUMBER: _ClassVar[int]
    FG_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    GAUSS_BLOB_SIGMA_FIELD_NUMBER: _ClassVar[int]
    IGNORE_LABEL_FIELD_NUMBER: _ClassVar[int]
    INPUT_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    INPUT_WIDTH_FIELD_NUMBER: _ClassVar[int]
    JOINT_PAIRS_STATS_FIELD_NUMBER: _ClassVar[int]
    LOCATION_REFINEMENT_FIELD_NUMBER: _ClassVar[int]
    MAX_INPUT_SIZE_FIELD_NUMBER: _ClassVar[int]
    MIRROR_FIELD_NUMBER: _ClassVar[int]
    MULTI_LABEL_FIELD_NUMBER: _ClassVar[int]
    NO_BG_CLASS_FIELD_NUMBER: _ClassVar[int]
    NUM_CLASSES_FIELD_NUMBER: _ClassVar[int]
    REGRESS_TO_OTHER_FIELD_NUMBER: _ClassVar[int]
    ROOT_FOLDER_FIELD_NUMBER: _ClassVar[int]
    RPN_FIELD_NUMBER: _ClassVar[int]
    RPN_DISTANCE_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    SCALE_JITTER_LO_FIELD_NUMBER: _ClassVar[int]
    SCALE_JITTER_UP_FIELD_NUMBER: _ClassVar[int]
    SEGMENTATION_FIELD_NUMBER: _ClassVar[int]
    SEGMENTATION_STRIDE_FIELD_NUMBER: _ClassVar[int]
    SEQUENTIAL_FIELD_NUMBER: _ClassVar[int]
    SOFT_LABELS_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_TARGETS_FIELD_NUMBER: _ClassVar[int]
    batch_size: int
    bg_threshold: float
    cache_images: bool
    crop_size: int
    cycle_training_data: bool
    fg_fraction: float
    fg_threshold: float
    gauss_blob_sigma: float
    ignore_label: int
    input_height: int
    input_width: int
    joint_pairs_stats: str
    location_refinement: bool
    max_input_size: int
    mirror: bool
    multi_label: bool
    no_bg_class: bool
    num_classes: int
    regress_to_other: bool
    root_folder: str
    rpn: bool
    rpn_distance_threshold: float
    scale: float
    scale_jitter_lo: float
    scale_jitter_up: float
    segmentation: bool
    segmentation_stride: int
    sequential: bool
    soft_labels: bool
    source: str
    weight_targets: bool
    def __init__(self, batch_size: _Optional[int] = ..., bg_threshold: _Optional[float] = ..., cache_images: _Optional[bool] = ..., crop_size: _Optional[int] = ..., cycle_training_data: _Optional[bool] = ..., fg_fraction: _Optional[float] = ..., fg_threshold: _Optional[float] = ..., gauss_blob_sigma: _Optional[float] = ..., ignore_label: _Optional[int] = ..., input_height: _Optional[int] = ..., input_width: _Optional[int] = ..., joint_pairs_stats: _Optional[str] = ..., location_refinement: _Optional[bool] = ..., max_input_size: _Optional[int] = ..., mirror: _Optional[bool] = ..., multi_label: _Optional[bool] = ..., no_bg_class: _Optional[bool] = ..., num_classes: _Optional[int] = ..., regress_to_other: _Optional[bool] = ..., root_folder: _Optional[str] = ..., rpn: _Optional[bool] = ..., rpn_distance_threshold: _Optional[float] = ..., scale: _Optional[float] = ..., scale_jitter_lo: _Optional[float] = ..., scale_jitter_up: _Optional[float] = ..., segmentation: _Optional[bool] = ..., segmentation_stride: _Optional[int] = ..., sequential: _Optional[bool] = ..., soft_labels: _Optional[bool] = ..., source: _Optional[str] = ..., weight_targets: _Optional[bool] = ...) -> None: ...

class PrecisionParameter(_message.Message):
    __slots__ = ("batchnorm_mean_bw", "batchnorm_mean_fl", "batchnorm_variance_bw", "batchnorm_variance_fl", "bw_layer_in", "bw_layer_out", "bw_params", "fl_layer_in", "fl_layer_out", "fl_params", "quant_type", "scale_beta_bw", "scale_beta_fl", "scale_gamma_bw", "scale_gamma_by_std_bw", "scale_gamma_by_std_fl", "scale_gamma_fl", "th_layer_in", "th_layer_out", "th_params")
    BATCHNORM_MEAN_BW_FIELD_NUMBER: _ClassVar[int]
    BATCHNORM_MEAN_FL_FIELD_NUMBER: _ClassVar[int]
    BATCHNORM_VARIANCE_BW_FIELD_NUMBER: _ClassVar[int]
    BATCHNORM_VARIANCE_FL_FIELD_NUMBER: _ClassVar[int]
    BW_LAYER_IN_FIELD_NUMBER: _ClassVar[int]
    BW_LAYER_OUT_FIELD_NUMBER: _ClassVar[int]
    BW_PARAMS_FIELD_NUMBER: _ClassVar[int]
    FL_LAYER_IN_FIELD_NUMBER: _ClassVar[int]
    FL_LAYER_OUT_FIELD_NUMBER: _ClassVar[int]
    FL_PARAMS_FIELD_NUMBER: _ClassVar[int]
    QUANT_TYPE_FIELD_NUMBER: _ClassVar[int]
    SCALE_BETA_BW_FIELD_NUMBER: _ClassVar[int]
    SCALE_BETA_FL_FIELD_NUMBER: _ClassVar[int]
    SCALE_GAMMA_BW_FIELD_NUMBER: _ClassVar[int]
    SCALE_GAMMA_BY_STD_BW_FIELD_NUMBER: _ClassVar[int]
    SCALE_GAMMA_BY_STD_FL_FIELD_NUMBER: _ClassVar[int]
    SCALE_GAMMA_FL_FIELD_NUMBER: _ClassVar[int]
    TH_LAYER_IN_FIELD_NUMBER: _ClassVar[int]
    TH_LAYER_OUT_FIELD_NUMBER: _ClassVar[int]
    TH_PARAMS_FIELD_NUMBER: _ClassVar[int]
    batchnorm_mean_bw: int
    batchnorm_mean_fl: int
    batchnorm_variance_bw: int
    batchnorm_variance_fl: int
    bw_layer_in: int
    bw_layer_out: int
    bw_params: int
    fl_layer_in: int
    fl_layer_out: int
    fl_params: int
    quant_type: str
    scale_beta_bw: int
    scale_beta_fl: int
    scale_gamma_bw: int
    scale_gamma_by_std_bw: int
    scale_gamma_by_std_fl: int
    scale_gamma_fl: int
    th_layer_in: float
    th_layer_out: float
    th_params: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, batchnorm_mean_bw: _Optional[int] = ..., batchnorm_mean_fl: _Optional[int] = ..., batchnorm_variance_bw: _Optional[int] = ..., batchnorm_variance_fl: _Optional[int] = ..., bw_layer_in: _Optional[int] = ..., bw_layer_out: _Optional[int] = ..., bw_params: _Optional[int] = ..., fl_layer_in: _Optional[int] = ..., fl_layer_out: _Optional[int] = ..., fl_params: _Optional[int] = ..., quant_type: _Optional[str] = ..., scale_beta_bw: _Optional[int] = ..., scale_beta_fl: _Optional[int] = ..., scale_gamma_bw: _Optional[int] = ..., scale_gamma_by_std_bw: _Optional[int] = ..., scale_gamma_by_std_fl: _Optional[int] = ..., scale_gamma_fl: _Optional[int] = ..., th_layer_in: _Optional[float] = ..., th_layer_out: _Optional[float] = ..., th_params: _Optional[_Iterable[float]] = ...) -> None: ...

class PredictionHeatmapParameter(_message.Message):
    __slots__ = ("num_joints",)
    NUM_JOINTS_FIELD_NUMBER: _ClassVar[int]
    num_joints: int
    def __init__(self, num_joints: _Optional[int] = ...) -> None: ...

class PriorRBoxParameter(_message.Message):
    __slots__ = ("min_size", "max_size", "aspect_ratio", "rotated_angles", "prior_widths", "prior_heights", "flip", "clip", "variance", "img_size", "img_h", "img_w", "step", "step_h", "step_w", "offset", "regress_size", "regress_angle")
    class CodeType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        CORNER: _ClassVar[PriorRBoxParameter.CodeType]
        CENTER_SIZE: _ClassVar[PriorRBoxParameter.CodeType]
        CORNER_SIZE: _ClassVar[PriorRBoxParameter.CodeType]
    CORNER: PriorRBoxParameter.CodeType
    CENTER_SIZE: PriorRBoxParameter.CodeType
    CORNER_SIZE: PriorRBoxParameter.CodeType
    MIN_SIZE_FIELD_NUMBER: _ClassVar[int]
    MAX_SIZE_FIELD_NUMBER: _ClassVar[int]
    ASPECT_RATIO_FIELD_NUMBER: _ClassVar[int]
    ROTATED_ANGLES_FIELD_NUMBER: _ClassVar[int]
    PRIOR_WIDTHS_FIELD_NUMBER: _ClassVar[int]
    PRIOR_HEIGHTS_FIELD_NUMBER: _ClassVar[int]
    FLIP_FIELD_NUMBER: _ClassVar[int]
    CLIP_FIELD_NUMBER: _ClassVar[int]
    VARIANCE_FIELD_NUMBER: _ClassVar[int]
    IMG_SIZE_FIELD_NUMBER: _ClassVar[int]
    IMG_H_FIELD_NUMBER: _ClassVar[int]
    IMG_W_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    STEP_H_FIELD_NUMBER: _ClassVar[int]
    STEP_W_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    REGRESS_SIZE_FIELD_NUMBER: _ClassVar[int]
    REGRESS_ANGLE_FIELD_NUMBER: _ClassVar[int]
    min_size: _containers.RepeatedScalarFieldContainer[float]
    max_size: _containers.RepeatedScalarFieldContainer[float]
    aspect_ratio: _containers.RepeatedScalarFieldContainer[float]
    rotated_angles: _containers.RepeatedScalarFieldContainer[float]
    prior_widths: _containers.RepeatedScalarFieldContainer[float]
    prior_heights: _containers.RepeatedScalarFieldContainer[float]
    flip: bool
    clip: bool
    variance: _containers.RepeatedScalarFieldContainer[float]
    img_size: int
    img_h: int
    img_w: int
    step: float
    step_h: float
    step_w: float
    offset: float
    regress_size: bool
    regress_angle: bool
    def __init__(self, min_size: _Optional[_Iterable[float]] = ..., max_size: _Optional[_Iterable[float]] = ..., aspect_ratio: _Optional[_Iterable[float]] = ..., rotated_angles: _Optional[_Iterable[float]] = ..., prior_widths: _Optional[_Iterable[float]] = ..., prior_heights: _Optional[_Iterable[float]] = ..., flip: _Optional[bool] = ..., clip: _Optional[bool] = ..., variance: _Optional[_Iterable[float]] = ..., img_size: _Optional[int] = ..., img_h: _Optional[int] = ..., img_w: _Optional[int] = ..., step: _Optional[float] = ..., step_h: _Optional[float] = ..., step_w: _Optional[float] = ..., offset: _Optional[float] = ..., regress_size: _Optional[bool] = ..., regress_angle: _Optional[bool] = ...) -> None: ...

class ProposalTargetParameter(_message.Message):
    __slots__ = ("cls_num", "batch_size", "fg_fraction", "num_img_per_batch", "fg_thr", "bg_thr_hg", "bg_thr_lw", "img_width", "img_height", "iou_weighted", "bbox_thr_lw", "bbox_thr_hg", "pickup_discard", "append_gtbox", "gt_iou_thr", "stage", "bbox_mean", "bbox_std")
    CLS_NUM_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    FG_FRACTION_FIELD_NUMBER: _ClassVar[int]
    NUM_IMG_PER_BATCH_FIELD_NUMBER: _ClassVar[int]
    FG_THR_FIELD_NUMBER: _ClassVar[int]
    BG_THR_HG_FIELD_NUMBER: _ClassVar[int]
    BG_THR_LW_FIELD_NUMBER: _ClassVar[int]
    IMG_WIDTH_FIELD_NUMBER: _ClassVar[int]
    IMG_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    IOU_WEIGHTED_FIELD_NUMBER: _ClassVar[int]
    BBOX_THR_LW_FIELD_NUMBER: _ClassVar[int]
    BBOX_THR_HG_FIELD_NUMBER: _ClassVar[int]
    PICKUP_DISCARD_FIELD_NUMBER: _ClassVar[int]
    APPEND_GTBOX_FIELD_NUMBER: _ClassVar[int]
    GT_IOU_THR_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    BBOX_MEAN_FIELD_NUMBER: _ClassVar[int]
    BBOX_STD_FIELD_NUMBER: _ClassVar[int]
    cls_num: int
    batch_size: int
    fg_fraction: float
    num_img_per_batch: int
    fg_thr: float
    bg_thr_hg: float
    bg_thr_lw: float
    img_width: int
    img_height: int
    iou_weighted: bool
    bbox_thr_lw: float
    bbox_thr_hg: float
    pickup_discard: bool
    append_gtbox: bool
    gt_iou_thr: float
    stage: int
    bbox_mean: _containers.RepeatedScalarFieldContainer[float]
    bbox_std: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, cls_num: _Optional[int] = ..., batch_size: _Optional[int] = ..., fg_fraction: _Optional[float] = ..., num_img_per_batch: _Optional[int] = ..., fg_thr: _Optional[float] = ..., bg_thr_hg: _Optional[float] = ..., bg_thr_lw: _Optional[float] = ..., img_width: _Optional[int] = ..., img_height: _Optional[int] = ..., iou_weighted: _Optional[bool] = ..., bbox_thr_lw: _Optional[float] = ..., bbox_thr_hg: _Optional[float] = ..., pickup_discard: _Optional[bool] = ..., append_gtbox: _Optional[bool] = ..., gt_iou_thr: _Optional[float] = ..., stage: _Optional[int] = ..., bbox_mean: _Optional[_Iterable[float]] = ..., bbox_std: _Optional[_Iterable[float]] = ...) -> None: ...

class QuantizationParameter(_message.Message):
    __slots__ = ("precision", "rounding_scheme", "bw_layer_in", "bw_layer_out", "bw_params", "fl_layer_in", "fl_layer_out", "fl_params", "mant_bits", "exp_bits", "exp_min", "exp_max", "scale_in", "scale_out", "scale_params", "is_negative_input", "force_u8_input", "batchnorm_mean_bw", "batchnorm_mean_fl", "batchnorm_variance_bw", "batchnorm_variance_fl", "quant_type", "scale_beta_bw", "scale_beta_fl", "scale_gamma_bw", "scale_gamma_by_std_bw", "scale_gamma_by_std_fl", "scale_gamma_fl", "th_layer_in", "th_layer_out", "th_params", "power2_scale_weights", "power2_scale_activations", "quantized_infer_count", "power2_range", "bw_weights", "fl_weights", "unsigned_layer_in", "unsigned_layer_out", "min_layer_in", "min_layer_out", "max_layer_in", "max_layer_out", "min_layer_weights", "max_layer_weights", "quantize_layer_in", "quantize_layer_out", "quantize_layer_weights")
    class Precision(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DYNAMIC_FIXED_POINT: _ClassVar[QuantizationParameter.Precision]
        MINIFLOAT: _ClassVar[QuantizationParameter.Precision]
        INTEGER_POWER_OF_2_WEIGHTS: _ClassVar[QuantizationParameter.Precision]
    DYNAMIC_FIXED_POINT: QuantizationParameter.Precision
    MINIFLOAT: QuantizationParameter.Precision
    INTEGER_POWER_OF_2_WEIGHTS: QuantizationParameter.Precision
    class Rounding(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NEAREST: _ClassVar[QuantizationParameter.Rounding]
        STOCHASTIC: _ClassVar[QuantizationParameter.Rounding]
    NEAREST: QuantizationParameter.Rounding
    STOCHASTIC: QuantizationParameter.Rounding
    PRECISION_FIELD_NUMBER: _ClassVar[int]
    ROUNDING_SCHEME_FIELD_NUMBER: _ClassVar[int]
    BW_LAYER_IN_FIELD_NUMBER: _ClassVar[int]
    BW_LAYER_OUT_FIELD_NUMBER: _ClassVar[int]
    BW_PARAMS_FIELD_NUMBER: _ClassVar[int]
    FL_LAYER_IN_FIELD_NUMBER: _ClassVar[int]
    FL_LAYER_OUT_FIELD_NUMBER: _ClassVar[int]
    FL_PARAMS_FIELD_NUMBER: _ClassVar[int]
    MANT_BITS_FIELD_NUMBER: _ClassVar[int]
    EXP_BITS_FIELD_NUMBER: _ClassVar[int]
    EXP_MIN_FIELD_NUMBER: _ClassVar[int]
    EXP_MAX_FIELD_NUMBER: _ClassVar[int]
    SCALE_IN_FIELD_NUMBER: _ClassVar[int]
    SCALE_OUT_FIELD_NUMBER: _ClassVar[int]
    SCALE_PARAMS_FIELD_NUMBER: _ClassVar[int]
    IS_NEGATIVE_INPUT_FIELD_NUMBER: _ClassVar[int]
    FORCE_U8_INPUT_FIELD_NUMBER: _ClassVar[int]
    BATCHNORM_MEAN_BW_FIELD_NUMBER: _ClassVar[int]
    BATCHNORM_MEAN_FL_FIELD_NUMBER: _ClassVar[int]
    BATCHNORM_VARIANCE_BW_FIELD_NUMBER: _ClassVar[int]
    BATCHNORM_VARIANCE_FL_FIELD_NUMBER: _ClassVar[int]
    QUANT_TYPE_FIELD_NUMBER: _ClassVar[int]
    SCALE_BETA_BW_FIELD_NUMBER: _ClassVar[int]
    SCALE_BETA_FL_FIELD_NUMBER: _ClassVar[int]
    SCALE_GAMMA_BW_FIELD_NUMBER: _ClassVar[int]
    SCALE_GAMMA_BY_STD_BW_FIELD_NUMBER: _ClassVar[int]
    SCALE_GAMMA_BY_STD_FL_FIELD_NUMBER: _ClassVar[int]
    SCALE_GAMMA_FL_FIELD_NUMBER: _ClassVar[int]
    TH_LAYER_IN_FIELD_NUMBER: _ClassVar[int]
    TH_LAYER_OUT_FIELD_NUMBER: _ClassVar[int]
    TH_PARAMS_FIELD_NUMBER: _ClassVar[int]
    POWER2_SCALE_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    POWER2_SCALE_ACTIVATIONS_FIELD_NUMBER: _ClassVar[int]
    QUANTIZED_INFER_COUNT_FIELD_NUMBER: _ClassVar[int]
    POWER2_RANGE_FIELD_NUMBER: _ClassVar[int]
    BW_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    FL_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    UNSIGNED_LAYER_IN_FIELD_NUMBER: _ClassVar[int]
    UNSIGNED_LAYER_OUT_FIELD_NUMBER: _ClassVar[int]
    MIN_LAYER_IN_FIELD_NUMBER: _ClassVar[int]
    MIN_LAYER_OUT_FIELD_NUMBER: _ClassVar[int]
    MAX_LAYER_IN_FIELD_NUMBER: _ClassVar[int]
    MAX_LAYER_OUT_FIELD_NUMBER: _ClassVar[int]
    MIN_LAYER_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    MAX_LAYER_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    QUANTIZE_LAYER_IN_FIELD_NUMBER: _ClassVar[int]
    QUANTIZE_LAYER_OUT_FIELD_NUMBER: _ClassVar[int]
    QUANTIZE_LAYER_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    precision: QuantizationParameter.Precision
    rounding_scheme: QuantizationParameter.Rounding
    bw_layer_in: int
    bw_layer_out: int
    bw_params: int
    fl_layer_in: _containers.RepeatedScalarFieldContainer[int]
    fl_layer_out: _containers.RepeatedScalarFieldContainer[int]
    fl_params: _containers.RepeatedScalarFieldContainer[int]
    mant_bits: int
    exp_bits: int
    exp_min: int
    exp_max: int
    scale_in: _containers.RepeatedScalarFieldContainer[float]
    scale_out: _containers.RepeatedScalarFieldContainer[float]
    scale_params: _containers.RepeatedScalarFieldContainer[float]
    is_negative_input: bool
    force_u8_input: bool
    batchnorm_mean_bw: int
    batchnorm_mean_fl: int
    batchnorm_variance_bw: int
    batchnorm_variance_fl: int
    quant_type: str
    scale_beta_bw: int
    scale_beta_fl: int
    scale_gamma_bw: int
    scale_gamma_by_std_bw: int
    scale_gamma_by_std_fl: int
    scale_gamma_fl: int
    th_layer_in: float
    th_layer_out: float
    th_params: _containers.RepeatedScalarFieldContainer[float]
    power2_scale_weights: bool
    power2_scale_activations: bool
    quantized_infer_count: int
    power2_range: bool
    bw_weights: int
    fl_weights: int
    unsigned_layer_in: _containers.RepeatedScalarFieldContainer[bool]
    unsigned_layer_out: bool
    min_layer_in: _containers.RepeatedScalarFieldContainer[float]
    min_layer_out: float
    max_layer_in: _containers.RepeatedScalarFieldContainer[float]
    max_layer_out: float
    min_layer_weights: float
    max_layer_weights: float
    quantize_layer_in: bool
    quantize_layer_out: bool
    quantize_layer_weights: bool
    def __init__(self, precision: _Optional[_Union[QuantizationParameter.Precision, str]] = ..., rounding_scheme: _Optional[_Union[QuantizationParameter.Rounding, str]] = ..., bw_layer_in: _Optional[int] = ..., bw_layer_out: _Optional[int] = ..., bw_params: _Optional[int] = ..., fl_layer_in: _Optional[_Iterable[int]] = ..., fl_layer_out: _Optional[_Iterable[int]] = ..., fl_params: _Optional[_Iterable[int]] = ..., mant_bits: _Optional[int] = ..., exp_bits: _Optional[int] = ..., exp_min: _Optional[int] = ..., exp_max: _Optional[int] = ..., scale_in: _Optional[_Iterable[float]] = ..., scale_out: _Optional[_Iterable[float]] = ..., scale_params: _Optional[_Iterable[float]] = ..., is_negative_input: _Optional[bool] = ..., force_u8_input: _Optional[bool] = ..., batchnorm_mean_bw: _Optional[int] = ..., batchnorm_mean_fl: _Optional[int] = ..., batchnorm_variance_bw: _Optional[int] = ..., batchnorm_variance_fl: _Optional[int] = ..., quant_type: _Optional[str] = ..., scale_beta_bw: _Optional[int] = ..., scale_beta_fl: _Optional[int] = ..., scale_gamma_bw: _Optional[int] = ..., scale_gamma_by_std_bw: _Optional[int] = ..., scale_gamma_by_std_fl: _Optional[int] = ..., scale_gamma_fl: _Optional[int] = ..., th_layer_in: _Optional[float] = ..., th_layer_out: _Optional[float] = ..., th_params: _Optional[_Iterable[float]] = ..., power2_scale_weights: _Optional[bool] = ..., power2_scale_activations: _Optional[bool] = ..., quantized_infer_count: _Optional[int] = ..., power2_range: _Optional[bool] = ..., bw_weights: _Optional[int] = ..., fl_weights: _Optional[int] = ..., unsigned_layer_in: _Optional[_Iterable[bool]] = ..., unsigned_layer_out: _Optional[bool] = ..., min_layer_in: _Optional[_Iterable[float]] = ..., min_layer_out: _Optional[float] = ..., max_layer_in: _Optional[_Iterable[float]] = ..., max_layer_out: _Optional[float] = ..., min_layer_weights: _Optional[float] = ..., max_layer_weights: _Optional[float] = ..., quantize_layer_in: _Optional[bool] = ..., quantize_layer_out: _Optional[bool] = ..., quantize_layer_weights: _Optional[bool] = ...) -> None: ...

class QuantizerParameter(_message.Message):
    __slots__ = ("name", "zone", "input_data_type", "output_data_type", "observed_max", "observed_min", "max_in", "min_in", "max_out", "min_out", "mode", "pseudo_target_type", "pseudo_reset_observed", "device")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ZONE_FIELD_NUMBER: _ClassVar[int]
    INPUT_DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    OBSERVED_MAX_FIELD_NUMBER: _ClassVar[int]
    OBSERVED_MIN_FIELD_NUMBER: _ClassVar[int]
    MAX_IN_FIELD_NUMBER: _ClassVar[int]
    MIN_IN_FIELD_NUMBER: _ClassVar[int]
    MAX_OUT_FIELD_NUMBER: _ClassVar[int]
    MIN_OUT_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    PSEUDO_TARGET_TYPE_FIELD_NUMBER: _ClassVar[int]
    PSEUDO_RESET_OBSERVED_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    name: str
    zone: int
    input_data_type: DataType
    output_data_type: DataType
    observed_max: float
    observed_min: float
    max_in: float
    min_in: float
    max_out: float
    min_out: float
    mode: QuantizerMode
    pseudo_target_type: DataType
    pseudo_reset_observed: bool
    device: int
    def __init__(self, name: _Optional[str] = ..., zone: _Optional[int] = ..., input_data_type: _Optional[_Union[DataType, str]] = ..., output_data_type: _Optional[_Union[DataType, str]] = ..., observed_max: _Optional[float] = ..., observed_min: _Optional[float] = ..., max_in: _Optional[float] = ..., min_in: _Optional[float] = ..., max_out: _Optional[float] = ..., min_out: _Optional[float] = ..., mode: _Optional[_Union[QuantizerMode, str]] = ..., pseudo_target_type: _Optional[_Union[DataType, str]] = ..., pseudo_reset_observed: _Optional[bool] = ..., device: _Optional[int] = ...) -> None: ...

class RDetectionEvaluateParameter(_message.Message):
    __slots__ = ("num_classes", "background_label_id", "overlap_threshold", "evaluate_difficult_gt", "name_size_file", "resize_param")
    NUM_CLASSES_FIELD_NUMBER: _ClassVar[int]
    BACKGROUND_LABEL_ID_FIELD_NUMBER: _ClassVar[int]
    OVERLAP_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    EVALUATE_DIFFICULT_GT_FIELD_NUMBER: _ClassVar[int]
    NAME_SIZE_FILE_FIELD_NUMBER: _ClassVar[int]
    RESIZE_PARAM_FIELD_NUMBER: _ClassVar[int]
    num_classes: int
    background_label_id: int
    overlap_threshold: float
    evaluate_difficult_gt: bool
    name_size_file: str
    resize_param: ResizeParameter
    def __init__(self, num_classes: _Optional[int] = ..., background_label_id: _Optional[int] = ..., overlap_threshold: _Optional[float] = ..., evaluate_difficult_gt: _Optional[bool] = ..., name_size_file: _Optional[str] = ..., resize_param: _Optional[_Union[ResizeParameter, _Mapping]] = ...) -> None: ...

class RDetectionOutputParameter(_message.Message):
    __slots__ = ("num_classes", "share_location", "background_label_id", "nms_param", "save_output_param", "code_type", "variance_encoded_in_target", "keep_top_k", "confidence_threshold", "visualize", "visualize_threshold", "save_file", "prior_width", "prior_height", "regress_size", "regress_angle")
    NUM_CLASSES_FIELD_NUMBER: _ClassVar[int]
    SHARE_LOCATION_FIELD_NUMBER: _ClassVar[int]
    BACKGROUND_LABEL_ID_FIELD_NUMBER: _ClassVar[int]
    NMS_PARAM_FIELD_NUMBER: _ClassVar[int]
    SAVE_OUTPUT_PARAM_FIELD_NUMBER: _ClassVar[int]
    CODE_TYPE_FIELD_NUMBER: _ClassVar[int]
    VARIANCE_ENCODED_IN_TARGET_FIELD_NUMBER: _ClassVar[int]
    KEEP_TOP_K_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    VISUALIZE_FIELD_NUMBER: _ClassVar[int]
    VISUALIZE_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    SAVE_FILE_FIELD_NUMBER: _ClassVar[int]
    PRIOR_WIDTH_FIELD_NUMBER: _ClassVar[int]
    PRIOR_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    REGRESS_SIZE_FIELD_NUMBER: _ClassVar[int]
    REGRESS_ANGLE_FIELD_NUMBER: _ClassVar[int]
    num_classes: int
    share_location: bool
    background_label_id: int
    nms_param: NonMaximumSuppressionParameter
    save_output_param: SaveOutputParameter
    code_type: PriorRBoxParameter.CodeType
    variance_encoded_in_target: bool
    keep_top_k: int
    confidence_threshold: float
    visualize: bool
    visualize_threshold: float
    save_file: str
    prior_width: float
    prior_height: float
    regress_size: bool
    regress_angle: bool
    def __init__(self, num_classes: _Optional[int] = ..., share_location: _Optional[bool] = ..., background_label_id: _Optional[int] = ..., nms_param: _Optional[_Union[NonMaximumSuppressionParameter, _Mapping]] = ..., save_output_param: _Optional[_Union[SaveOutputParameter, _Mapping]] = ..., code_type: _Optional[_Union[PriorRBoxParameter.CodeType, str]] = ..., variance_encoded_in_target: _Optional[bool] = ..., keep_top_k: _Optional[int] = ..., confidence_threshold: _Optional[float] = ..., visualize: _Optional[bool] = ..., visualize_threshold: _Optional[float] = ..., save_file: _Optional[str] = ..., prior_width: _Optional[float] = ..., prior_height: _Optional[float] = ..., regress_size: _Optional[bool] = ..., regress_angle: _Optional[bool] = ...) -> None: ...

class ROIMaskPoolingParameter(_message.Message):
    __slots__ = ("pooled_h", "pooled_w", "spatial_scale", "half_part", "roi_scale", "mask_scale")
    POOLED_H_FIELD_NUMBER: _ClassVar[int]
    POOLED_W_FIELD_NUMBER: _ClassVar[int]
    SPATIAL_SCALE_FIELD_NUMBER: _ClassVar[int]
    HALF_PART_FIELD_NUMBER: _ClassVar[int]
    ROI_SCALE_FIELD_NUMBER: _ClassVar[int]
    MASK_SCALE_FIELD_NUMBER: _ClassVar[int]
    pooled_h: int
    pooled_w: int
    spatial_scale: float
    half_part: int
    roi_scale: float
    mask_scale: float
    def __init__(self, pooled_h: _Optional[int] = ..., pooled_w: _Optional[int] = ..., spatial_scale: _Optional[float] = ..., half_part: _Optional[int] = ..., roi_scale: _Optional[float] = ..., mask_scale: _Optional[float] = ...) -> None: ...

class RPNParameter(_message.Message):
    __slots__ = ("feat_stride", "basesize", "scale", "ratio", "boxminsize", "per_nms_topn", "post_nms_topn", "nms_thresh")
    FEAT_STRIDE_FIELD_NUMBER: _ClassVar[int]
    BASESIZE_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    RATIO_FIELD_NUMBER: _ClassVar[int]
    BOXMINSIZE_FIELD_NUMBER: _ClassVar[int]
    PER_NMS_TOPN_FIELD_NUMBER: _ClassVar[int]
    POST_NMS_TOPN_FIELD_NUMBER: _ClassVar[int]
    NMS_THRESH_FIELD_NUMBER: _ClassVar[int]
    feat_stride: int
    basesize: int
    scale: _containers.RepeatedScalarFieldContainer[int]
    ratio: _containers.RepeatedScalarFieldContainer[float]
    boxminsize: int
    per_nms_topn: int
    post_nms_topn: int
    nms_thresh: float
    def __init__(self, feat_stride: _Optional[int] = ..., basesize: _Optional[int] = ..., scale: _Optional[_Iterable[int]] = ..., ratio: _Optional[_Iterable[float]] = ..., boxminsize: _Optional[int] = ..., per_nms_topn: _Optional[int] = ..., post_nms_topn: _Optional[int] = ..., nms_thresh: _Optional[float] = ...) -> None: ...

class RandomAspectRatioParameter(_message.Message):
    __slots__ = ("min_area_ratio", "max_area_ratio", "aspect_ratio_change", "max_attempt", "resize_param")
    MIN_AREA_RATIO_FIELD_NUMBER: _ClassVar[int]
    MAX_AREA_RATIO_FIELD_NUMBER: _ClassVar[int]
    ASPECT_RATIO_CHANGE_FIELD_NUMBER: _ClassVar[int]
    MAX_ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    RESIZE_PARAM_FIELD_NUMBER: _ClassVar[int]
    min_area_ratio: float
    max_area_ratio: float
    aspect_ratio_change: float
    max_attempt: int
    resize_param: ResizeParameter
    def __init__(self, min_area_ratio: _Optional[float] = ..., max_area_ratio: _Optional[float] = ..., aspect_ratio_change: _Optional[float] = ..., max_attempt: _Optional[int] = ..., resize_param: _Optional[_Union[ResizeParameter, _Mapping]] = ...) -> None: ...

class RandomGeneratorParameter(_message.Message):
    __slots__ = ("rand_type", "exp", "mean", "spread", "prob", "apply_schedule", "discretize", "multiplier")
    RAND_TYPE_FIELD_NUMBER: _ClassVar[int]
    EXP_FIELD_NUMBER: _ClassVar[int]
    MEAN_FIELD_NUMBER: _ClassVar[int]
    SPREAD_FIELD_NUMBER: _ClassVar[int]
    PROB_FIELD_NUMBER: _ClassVar[int]
    APPLY_SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    DISCRETIZE_FIELD_NUMBER: _ClassVar[int]
    MULTIPLIER_FIELD_NUMBER: _ClassVar[int]
    rand_type: str
    exp: bool
    mean: float
    spread: float
    prob: float
    apply_schedule: bool
    discretize: bool
    multiplier: float
    def __init__(self, rand_type: _Optional[str] = ..., exp: _Optional[bool] = ..., mean: _Optional[float] = ..., spread: _Optional[float] = ..., prob: _Optional[float] = ..., apply_schedule: _Optional[bool] = ..., discretize: _Optional[bool] = ..., multiplier: _Optional[float] = ...) -> None: ...

class RandomResizeParameter(_message.Message):
    __slots__ = ("min_size", "max_size", "resize_param")
    MIN_SIZE_FIELD_NUMBER: _ClassVar[int]
    MAX_SIZE_FIELD_NUMBER: _ClassVar[int]
    RESIZE_PARAM_FIELD_NUMBER: _ClassVar[int]
    min_size: int
    max_size: int
    resize_param: ResizeParameter
    def __init__(self, min_size: _Optional[int] = ..., max_size: _Optional[int] = ..., resize_param: _Optional[_Union[ResizeParameter, _Mapping]] = ...) -> None: ...

class ReaderParameter(_message.Message):
    __slots__ = ("file", "num")
    FILE_FIELD_NUMBER: _ClassVar[int]
    NUM_FIELD_NUMBER: _ClassVar[int]
    file: str
    num: int
    def __init__(self, file: _Optional[str] = ..., num: _Optional[int] = ...) -> None: ...

class RegionLossParameter(_message.Message):
    __slots__ = ("side", "num_class", "bias_match", "coords", "num", "softmax", "jitter", "rescore", "object_scale", "class_scale", "noobject_scale", "coord_scale", "absolute", "thresh", "random", "biases", "softmax_tree", "class_map")
    SIDE_FIELD_NUMBER: _ClassVar[int]
    NUM_CLASS_FIELD_NUMBER: _ClassVar[int]
    BIAS_MATCH_FIELD_NUMBER: _ClassVar[int]
    COORDS_FIELD_NUMBER: _ClassVar[int]
    NUM_FIELD_NUMBER: _ClassVar[int]
    SOFTMAX_FIELD_NUMBER: _ClassVar[int]
    JITTER_FIELD_NUMBER: _ClassVar[int]
    RESCORE_FIELD_NUMBER: _ClassVar[int]
    OBJECT_SCALE_FIELD_NUMBER: _ClassVar[int]
    CLASS_SCALE_FIELD_NUMBER: _ClassVar[int]
    NOOBJECT_SCALE_FIELD_NUMBER: _ClassVar[int]
    COORD_SCALE_FIELD_NUMBER: _ClassVar[int]
    ABSOLUTE_FIELD_NUMBER: _ClassVar[int]
    THRESH_FIELD_NUMBER: _ClassVar[int]
    RANDOM_FIELD_NUMBER: _ClassVar[int]
    BIASES_FIELD_NUMBER: _ClassVar[int]
    SOFTMAX_TREE_FIELD_NUMBER: _ClassVar[int]
    CLASS_MAP_FIELD_NUMBER: _ClassVar[int]
    side: int
    num_class: int
    bias_match: int
    coords: int
    num: int
    softmax: int
    jitter: float
    rescore: int
    object_scale: float
    class_scale: float
    noobject_scale: float
    coord_scale: float
    absolute: int
    thresh: float
    random: int
    biases: _containers.RepeatedScalarFieldContainer[float]
    softmax_tree: str
    class_map: str
    def __init__(self, side: _Optional[int] = ..., num_class: _Optional[int] = ..., bias_match: _Optional[int] = ..., coords: _Optional[int] = ..., num: _Optional[int] = ..., softmax: _Optional[int] = ..., jitter: _Optional[float] = ..., rescore: _Optional[int] = ..., object_scale: _Optional[float] = ..., class_scale: _Optional[float] = ..., noobject_scale: _Optional[float] = ..., coord_scale: _Optional[float] = ..., absolute: _Optional[int] = ..., thresh: _Optional[float] = ..., random: _Optional[int] = ..., biases: _Optional[_Iterable[float]] = ..., softmax_tree: _Optional[str] = ..., class_map: _Optional[str] = ...) -> None: ...

class ReshapeLabelParameter(_message.Message):
    __slots__ = ("full_label_size",)
    FULL_LABEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    full_label_size: int
    def __init__(self, full_label_size: _Optional[int] = ...) -> None: ...

class Resize1_Parameter(_message.Message):
    __slots__ = ("is_pyramid_test", "out_height_scale", "out_width_scale", "resize_type")
    IS_PYRAMID_TEST_FIELD_NUMBER: _ClassVar[int]
    OUT_HEIGHT_SCALE_FIELD_NUMBER: _ClassVar[int]
    OUT_WIDTH_SCALE_FIELD_NUMBER: _ClassVar[int]
    RESIZE_TYPE_FIELD_NUMBER: _ClassVar[int]
    is_pyramid_test: bool
    out_height_scale: float
    out_width_scale: float
    resize_type: int
    def __init__(self, is_pyramid_test: _Optional[bool] = ..., out_height_scale: _Optional[float] = ..., out_width_scale: _Optional[float] = ..., resize_type: _Optional[int] = ...) -> None: ...

class STLossParameter(_message.Message):
    __slots__ = ("output_H", "output_W")
    OUTPUT_H_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_W_FIELD_NUMBER: _ClassVar[int]
    output_H: int
    output_W: int
    def __init__(self, output_H: _Optional[int] = ..., output_W: _Optional[int] = ...) -> None: ...

class ScaleRouteParameter(_message.Message):
    __slots__ = ("low_scale", "high_scale")
    LOW_SCALE_FIELD_NUMBER: _ClassVar[int]
    HIGH_SCALE_FIELD_NUMBER: _ClassVar[int]
    low_scale: float
    high_scale: float
    def __init__(self, low_scale: _Optional[float] = ..., high_scale: _Optional[float] = ...) -> None: ...

class SeLuDropoutParameter(_message.Message):
    __slots__ = ("dropout_ratio", "alpha")
    DROPOUT_RATIO_FIELD_NUMBER: _ClassVar[int]
    ALPHA_FIELD_NUMBER: _ClassVar[int]
    dropout_ratio: float
    alpha: float
    def __init__(self, dropout_ratio: _Optional[float] = ..., alpha: _Optional[float] = ...) -> None: ...

class SeLuParameter(_message.Message):
    __slots__ = ("alpha",)
    LAMBDA_FIELD_NUMBER: _ClassVar[int]
    ALPHA_FIELD_NUMBER: _ClassVar[int]
    alpha: float
    def __init__(self, alpha: _Optional[float] = ..., **kwargs: object) -> None: ...

class SegAccuracyParameter(_message.Message):
    __slots__ = ("metric", "ignore_label", "reset")
    class AccuracyMetric(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        PixelAccuracy: _ClassVar[SegAccuracyParameter.AccuracyMetric]
        ClassAccuracy: _ClassVar[SegAccuracyParameter.AccuracyMetric]
        PixelIOU: _ClassVar[SegAccuracyParameter.AccuracyMetric]
    PixelAccuracy: SegAccuracyParameter.AccuracyMetric
    ClassAccuracy: SegAccuracyParameter.AccuracyMetric
    PixelIOU: SegAccuracyParameter.AccuracyMetric
    METRIC_FIELD_NUMBER: _ClassVar[int]
    IGNORE_LABEL_FIELD_NUMBER: _ClassVar[int]
    RESET_FIELD_NUMBER: _ClassVar[int]
    metric: SegAccuracyParameter.AccuracyMetric
    ignore_label: _containers.RepeatedScalarFieldContainer[int]
    reset: bool
    def __init__(self, metric: _Optional[_Union[SegAccuracyParameter.AccuracyMetric, str]] = ..., ignore_label: _Optional[_Iterable[int]] = ..., reset: _Optional[bool] = ...) -> None: ...

class SegDataParameter(_message.Message):
    __slots__ = ("source", "root_dir", "shuffle", "balance")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    ROOT_DIR_FIELD_NUMBER: _ClassVar[int]
    SHUFFLE_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    source: str
    root_dir: str
    shuffle: bool
    balance: bool
    def __init__(self, source: _Optional[str] = ..., root_dir: _Optional[str] = ..., shuffle: _Optional[bool] = ..., balance: _Optional[bool] = ...) -> None: ...

class SegResizeParameter(_message.Message):
    __slots__ = ("function_type", "intepolation_type", "output_size", "resize_factor")
    class FunctionType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        SIZE_GIVEN: _ClassVar[SegResizeParameter.FunctionType]
        BLOB_ALIGN: _ClassVar[SegResizeParameter.FunctionType]
        FACTOR_GIVEN: _ClassVar[SegResizeParameter.FunctionType]
    SIZE_GIVEN: SegResizeParameter.FunctionType
    BLOB_ALIGN: SegResizeParameter.FunctionType
    FACTOR_GIVEN: SegResizeParameter.FunctionType
    class InterpolationType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NEAREST: _ClassVar[SegResizeParameter.InterpolationType]
        BILINEAR: _ClassVar[SegResizeParameter.InterpolationType]
    NEAREST: SegResizeParameter.InterpolationType
    BILINEAR: SegResizeParameter.InterpolationType
    FUNCTION_TYPE_FIELD_NUMBER: _ClassVar[int]
    INTEPOLATION_TYPE_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_SIZE_FIELD_NUMBER: _ClassVar[int]
    RESIZE_FACTOR_FIELD_NUMBER: _ClassVar[int]
    function_type: SegResizeParameter.FunctionType
    intepolation_type: SegResizeParameter.InterpolationType
    output_size: float
    resize_factor: float
    def __init__(self, function_type: _Optional[_Union[SegResizeParameter.FunctionType, str]] = ..., intepolation_type: _Optional[_Union[SegResizeParameter.InterpolationType, str]] = ..., output_size: _Optional[float] = ..., resize_factor: _Optional[float] = ...) -> None: ...

class SegmentationEvaluateParameter(_message.Message):
    __slots__ = ("num_classes", "threshold")
    NUM_CLASSES_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    num_classes: int
    threshold: float
    def __init__(self, num_classes: _Optional[int] = ..., threshold: _Optional[float] = ...) -> None: ...

class SoftmaxLossParameter(_message.Message):
    __slots__ = ("weight_source", "ignore_label")
    WEIGHT_SOURCE_FIELD_NUMBER: _ClassVar[int]
    IGNORE_LABEL_FIELD_NUMBER: _ClassVar[int]
    weight_source: str
    ignore_label: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, weight_source: _Optional[str] = ..., ignore_label: _Optional[_Iterable[int]] = ...) -> None: ...

class SoftmaxWithLossVecParameter(_message.Message):
    __slots__ = ("cross_entropy", "no_softmax", "smooth_L1")
    CROSS_ENTROPY_FIELD_NUMBER: _ClassVar[int]
    NO_SOFTMAX_FIELD_NUMBER: _ClassVar[int]
    SMOOTH_L1_FIELD_NUMBER: _ClassVar[int]
    cross_entropy: bool
    no_softmax: bool
    smooth_L1: bool
    def __init__(self, cross_entropy: _Optional[bool] = ..., no_softmax: _Optional[bool] = ..., smooth_L1: _Optional[bool] = ...) -> None: ...

class SolverBatchSizePair(_message.Message):
    __slots__ = ("solver_params", "batch_size")
    SOLVER_PARAMS_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    solver_params: SolverParameter
    batch_size: int
    def __init__(self, solver_params: _Optional[_Union[SolverParameter, _Mapping]] = ..., batch_size: _Optional[int] = ...) -> None: ...

class SparseDatum(_message.Message):
    __slots__ = ("size", "nnz", "indices", "label", "data")
    SIZE_FIELD_NUMBER: _ClassVar[int]
    NNZ_FIELD_NUMBER: _ClassVar[int]
    INDICES_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    size: int
    nnz: int
    indices: _containers.RepeatedScalarFieldContainer[int]
    label: float
    data: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, size: _Optional[int] = ..., nnz: _Optional[int] = ..., indices: _Optional[_Iterable[int]] = ..., label: _Optional[float] = ..., data: _Optional[_Iterable[float]] = ...) -> None: ...

class SparsifyParameter(_message.Message):
    __slots__ = ("coef", "thre")
    COEF_FIELD_NUMBER: _ClassVar[int]
    THRE_FIELD_NUMBER: _ClassVar[int]
    coef: float
    thre: float
    def __init__(self, coef: _Optional[float] = ..., thre: _Optional[float] = ...) -> None: ...

class SpatialDropoutParameter(_message.Message):
    __slots__ = ("dropout_ratio",)
    DROPOUT_RATIO_FIELD_NUMBER: _ClassVar[int]
    dropout_ratio: float
    def __init__(self, dropout_ratio: _Optional[float] = ...) -> None: ...

class SpatialTransformerParameter(_message.Message):
    __slots__ = ("transform_type", "sampler_type", "output_H", "output_W", "to_compute_dU", "theta_1_1", "theta_1_2", "theta_1_3", "theta_2_1", "theta_2_2", "theta_2_3", "de_transform")
    TRANSFORM_TYPE_FIELD_NUMBER: _ClassVar[int]
    SAMPLER_TYPE_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_H_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_W_FIELD_NUMBER: _ClassVar[int]
    TO_COMPUTE_DU_FIELD_NUMBER: _ClassVar[int]
    THETA_1_1_FIELD_NUMBER: _ClassVar[int]
    THETA_1_2_FIELD_NUMBER: _ClassVar[int]
    THETA_1_3_FIELD_NUMBER: _ClassVar[int]
    THETA_2_1_FIELD_NUMBER: _ClassVar[int]
    THETA_2_2_FIELD_NUMBER: _ClassVar[int]
    THETA_2_3_FIELD_NUMBER: _ClassVar[int]
    DE_TRANSFORM_FIELD_NUMBER: _ClassVar[int]
    transform_type: str
    sampler_type: str
    output_H: int
    output_W: int
    to_compute_dU: bool
    theta_1_1: float
    theta_1_2: float
    theta_1_3: float
    theta_2_1: float
    theta_2_2: float
    theta_2_3: float
    de_transform: bool
    def __init__(self, transform_type: _Optional[str] = ..., sampler_type: _Optional[str] = ..., output_H: _Optional[int] = ..., output_W: _Optional[int] = ..., to_compute_dU: _Optional[bool] = ..., theta_1_1: _Optional[float] = ..., theta_1_2: _Optional[float] = ..., theta_1_3: _Optional[float] = ..., theta_2_1: _Optional[float] = ..., theta_2_2: _Optional[float] = ..., theta_2_3: _Optional[float] = ..., de_transform: _Optional[bool] = ...) -> None: ...

class SplitParameter(_message.Message):
    __slots__ = ("engine",)
    class Engine(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DEFAULT: _ClassVar[SplitParameter.Engine]
        CAFFE: _ClassVar[SplitParameter.Engine]
        MKL2017: _ClassVar[SplitParameter.Engine]
        MKLDNN: _ClassVar[SplitParameter.Engine]
    DEFAULT: SplitParameter.Engine
    CAFFE: SplitParameter.Engine
    MKL2017: SplitParameter.Engine
    MKLDNN: SplitParameter.Engine
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    engine: SplitParameter.Engine
    def __init__(self, engine: _Optional[_Union[SplitParameter.Engine, str]] = ...) -> None: ...

class SymmetricRectifyParameter(_message.Message):
    __slots__ = ("channel_shared", "filler", "thre_decay")
    CHANNEL_SHARED_FIELD_NUMBER: _ClassVar[int]
    FILLER_FIELD_NUMBER: _ClassVar[int]
    THRE_DECAY_FIELD_NUMBER: _ClassVar[int]
    channel_shared: bool
    filler: FillerParameter
    thre_decay: float
    def __init__(self, channel_shared: _Optional[bool] = ..., filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., thre_decay: _Optional[float] = ...) -> None: ...

class TRTParameter(_message.Message):
    __slots__ = ("trt_mode", "top_k", "deploy", "model", "deploy_outputs", "calibrator")
    class TRTMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        FP32: _ClassVar[TRTParameter.TRTMode]
        FP16: _ClassVar[TRTParameter.TRTMode]
        INT8: _ClassVar[TRTParameter.TRTMode]
    FP32: TRTParameter.TRTMode
    FP16: TRTParameter.TRTMode
    INT8: TRTParameter.TRTMode
    TRT_MODE_FIELD_NUMBER: _ClassVar[int]
    TOP_K_FIELD_NUMBER: _ClassVar[int]
    DEPLOY_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    DEPLOY_OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    CALIBRATOR_FIELD_NUMBER: _ClassVar[int]
    trt_mode: TRTParameter.TRTMode
    top_k: int
    deploy: str
    model: str
    deploy_outputs: _containers.RepeatedScalarFieldContainer[str]
    calibrator: str
    def __init__(self, trt_mode: _Optional[_Union[TRTParameter.TRTMode, str]] = ..., top_k: _Optional[int] = ..., deploy: _Optional[str] = ..., model: _Optional[str] = ..., deploy_outputs: _Optional[_Iterable[str]] = ..., calibrator: _Optional[str] = ...) -> None: ...

class TilingParameter(_message.Message):
    __slots__ = ("tile_dim",)
    TILE_DIM_FIELD_NUMBER: _ClassVar[int]
    tile_dim: int
    def __init__(self, tile_dim: _Optional[int] = ...) -> None: ...

class TripletLossParameter(_message.Message):
    __slots__ = ("margin", "group_size", "scale")
    MARGIN_FIELD_NUMBER: _ClassVar[int]
    GROUP_SIZE_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    margin: float
    group_size: int
    scale: float
    def __init__(self, margin: _Optional[float] = ..., group_size: _Optional[int] = ..., scale: _Optional[float] = ...) -> None: ...

class TuningSet(_message.Message):
    __slots__ = ("name", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: _containers.RepeatedScalarFieldContainer[str]
    value: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, name: _Optional[_Iterable[str]] = ..., value: _Optional[_Iterable[int]] = ...) -> None: ...

class UniqueLabelParameter(_message.Message):
    __slots__ = ("max_labels", "ignore_label", "force_label")
    MAX_LABELS_FIELD_NUMBER: _ClassVar[int]
    IGNORE_LABEL_FIELD_NUMBER: _ClassVar[int]
    FORCE_LABEL_FIELD_NUMBER: _ClassVar[int]
    max_labels: int
    ignore_label: _containers.RepeatedScalarFieldContainer[float]
    force_label: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, max_labels: _Optional[int] = ..., ignore_label: _Optional[_Iterable[float]] = ..., force_label: _Optional[_Iterable[float]] = ...) -> None: ...

class VanishingPoint(_message.Message):
    __slots__ = ("valid", "x", "y")
    VALID_FIELD_NUMBER: _ClassVar[int]
    X_FIELD_NUMBER: _ClassVar[int]
    Y_FIELD_NUMBER: _ClassVar[int]
    valid: bool
    x: float
    y: float
    def __init__(self, valid: _Optional[bool] = ..., x: _Optional[float] = ..., y: _Optional[float] = ...) -> None: ...

class VideoDataParameter(_message.Message):
    __slots__ = ("source", "batch_size", "rand_skip", "shuffle", "new_height", "new_width", "new_length", "num_segments", "scale", "mean_file", "crop_size", "mirror", "modality", "name_pattern", "encoded", "length_first", "grayscale", "is_color", "root_folder", "show_data", "use_image", "use_temporal_jitter", "sampling_rate", "max_sampling_rate", "use_sampling_rate_jitter", "use_multiple_label", "num_of_labels", "video_type", "device_id", "video_file", "skip_frames")
    class Modality(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        RGB: _ClassVar[VideoDataParameter.Modality]
        FLOW: _ClassVar[VideoDataParameter.Modality]
    RGB: VideoDataParameter.Modality
    FLOW: VideoDataParameter.Modality
    class VideoType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        WEBCAM: _ClassVar[VideoDataParameter.VideoType]
        VIDEO: _ClassVar[VideoDataParameter.VideoType]
    WEBCAM: VideoDataParameter.VideoType
    VIDEO: VideoDataParameter.VideoType
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    RAND_SKIP_FIELD_NUMBER: _ClassVar[int]
    SHUFFLE_FIELD_NUMBER: _ClassVar[int]
    NEW_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    NEW_WIDTH_FIELD_NUMBER: _ClassVar[int]
    NEW_LENGTH_FIELD_NUMBER: _ClassVar[int]
    NUM_SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    MEAN_FILE_FIELD_NUMBER: _ClassVar[int]
    CROP_SIZE_FIELD_NUMBER: _ClassVar[int]
    MIRROR_FIELD_NUMBER: _ClassVar[int]
    MODALITY_FIELD_NUMBER: _ClassVar[int]
    NAME_PATTERN_FIELD_NUMBER: _ClassVar[int]
    ENCODED_FIELD_NUMBER: _ClassVar[int]
    LENGTH_FIRST_FIELD_NUMBER: _ClassVar[int]
    GRAYSCALE_FIELD_NUMBER: _ClassVar[int]
    IS_COLOR_FIELD_NUMBER: _ClassVar[int]
    ROOT_FOLDER_FIELD_NUMBER: _ClassVar[int]
    SHOW_DATA_FIELD_NUMBER: _ClassVar[int]
    USE_IMAGE_FIELD_NUMBER: _ClassVar[int]
    USE_TEMPORAL_JITTER_FIELD_NUMBER: _ClassVar[int]
    SAMPLING_RATE_FIELD_NUMBER: _ClassVar[int]
    MAX_SAMPLING_RATE_FIELD_NUMBER: _ClassVar[int]
    USE_SAMPLING_RATE_JITTER_FIELD_NUMBER: _ClassVar[int]
    USE_MULTIPLE_LABEL_FIELD_NUMBER: _ClassVar[int]
    NUM_OF_LABELS_FIELD_NUMBER: _ClassVar[int]
    VIDEO_TYPE_FIELD_NUMBER: _ClassVar[int]
    DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
    VIDEO_FILE_FIELD_NUMBER: _ClassVar[int]
    SKIP_FRAMES_FIELD_NUMBER: _ClassVar[int]
    source: str
    batch_size: int
    rand_skip: int
    shuffle: bool
    new_height: int
    new_width: int
    new_length: int
    num_segments: int
    scale: float
    mean_file: str
    crop_size: int
    mirror: bool
    modality: VideoDataParameter.Modality
    name_pattern: str
    encoded: bool
    length_first: bool
    grayscale: bool
    is_color: bool
    root_folder: str
    show_data: bool
    use_image: bool
    use_temporal_jitter: bool
    sampling_rate: int
    max_sampling_rate: int
    use_sampling_rate_jitter: bool
    use_multiple_label: bool
    num_of_labels: int
    video_type: VideoDataParameter.VideoType
    device_id: int
    video_file: str
    skip_frames: int
    def __init__(self, source: _Optional[str] = ..., batch_size: _Optional[int] = ..., rand_skip: _Optional[int] = ..., shuffle: _Optional[bool] = ..., new_height: _Optional[int] = ..., new_width: _Optional[int] = ..., new_length: _Optional[int] = ..., num_segments: _Optional[int] = ..., scale: _Optional[float] = ..., mean_file: _Optional[str] = ..., crop_size: _Optional[int] = ..., mirror: _Optional[bool] = ..., modality: _Optional[_Union[VideoDataParameter.Modality, str]] = ..., name_pattern: _Optional[str] = ..., encoded: _Optional[bool] = ..., length_first: _Optional[bool] = ..., grayscale: _Optional[bool] = ..., is_color: _Optional[bool] = ..., root_folder: _Optional[str] = ..., show_data: _Optional[bool] = ..., use_image: _Optional[bool] = ..., use_temporal_jitter: _Optional[bool] = ..., sampling_rate: _Optional[int] = ..., max_sampling_rate: _Optional[int] = ..., use_sampling_rate_jitter: _Optional[bool] = ..., use_multiple_label: _Optional[bool] = ..., num_of_labels: _Optional[int] = ..., video_type: _Optional[_Union[VideoDataParameter.VideoType, str]] = ..., device_id: _Optional[int] = ..., video_file: _Optional[str] = ..., skip_frames: _Optional[int] = ...) -> None: ...

class VolumeDatum(_message.Message):
    __slots__ = ("channels", "length", "height", "width", "data", "label", "float_data")
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    LENGTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    FLOAT_DATA_FIELD_NUMBER: _ClassVar[int]
    channels: int
    length: int
    height: int
    width: int
    data: bytes
    label: int
    float_data: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, channels: _Optional[int] = ..., length: _Optional[int] = ..., height: _Optional[int] = ..., width: _Optional[int] = ..., data: _Optional[bytes] = ..., label: _Optional[int] = ..., float_data: _Optional[_Iterable[float]] = ...) -> None: ...

class WriterParameter(_message.Message):
    __slots__ = ("file", "folder", "prefix", "suffix", "normalize", "scale")
    FILE_FIELD_NUMBER: _ClassVar[int]
    FOLDER_FIELD_NUMBER: _ClassVar[int]
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    SUFFIX_FIELD_NUMBER: _ClassVar[int]
    NORMALIZE_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    file: str
    folder: str
    prefix: str
    suffix: str
    normalize: bool
    scale: float
    def __init__(self, file: _Optional[str] = ..., folder: _Optional[str] = ..., prefix: _Optional[str] = ..., suffix: _Optional[str] = ..., normalize: _Optional[bool] = ..., scale: _Optional[float] = ...) -> None: ...

class XCustomParameter(_message.Message):
    __slots__ = ("float_args", "string_args", "top_dim")
    FLOAT_ARGS_FIELD_NUMBER: _ClassVar[int]
    STRING_ARGS_FIELD_NUMBER: _ClassVar[int]
    TOP_DIM_FIELD_NUMBER: _ClassVar[int]
    float_args: _containers.RepeatedScalarFieldContainer[float]
    string_args: _containers.RepeatedScalarFieldContainer[str]
    top_dim: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, float_args: _Optional[_Iterable[float]] = ..., string_args: _Optional[_Iterable[str]] = ..., top_dim: _Optional[_Iterable[int]] = ...) -> None: ...

class YoloEvalDetectionParameter(_message.Message):
    __slots__ = ("side", "num_class", "num_object", "threshold", "sqrt", "constriant", "score_type", "nms", "biases")
    class ScoreType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        OBJ: _ClassVar[YoloEvalDetectionParameter.ScoreType]
        PROB: _ClassVar[YoloEvalDetectionParameter.ScoreType]
        MULTIPLY: _ClassVar[YoloEvalDetectionParameter.ScoreType]
    OBJ: YoloEvalDetectionParameter.ScoreType
    PROB: YoloEvalDetectionParameter.ScoreType
    MULTIPLY: YoloEvalDetectionParameter.ScoreType
    SIDE_FIELD_NUMBER: _ClassVar[int]
    NUM_CLASS_FIELD_NUMBER: _ClassVar[int]
    NUM_OBJECT_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    SQRT_FIELD_NUMBER: _ClassVar[int]
    CONSTRIANT_FIELD_NUMBER: _ClassVar[int]
    SCORE_TYPE_FIELD_NUMBER: _ClassVar[int]
    NMS_FIELD_NUMBER: _ClassVar[int]
    BIASES_FIELD_NUMBER: _ClassVar[int]
    side: int
    num_class: int
    num_object: int
    threshold: float
    sqrt: bool
    constriant: bool
    score_type: YoloEvalDetectionParameter.ScoreType
    nms: float
    biases: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, side: _Optional[int] = ..., num_class: _Optional[int] = ..., num_object: _Optional[int] = ..., threshold: _Optional[float] = ..., sqrt: _Optional[bool] = ..., constriant: _Optional[bool] = ..., score_type: _Optional[_Union[YoloEvalDetectionParameter.ScoreType, str]] = ..., nms: _Optional[float] = ..., biases: _Optional[_Iterable[float]] = ...) -> None: ...

class YoloSegItem(_message.Message):
    __slots__ = ("name", "label_id", "label", "r", "g", "b")
    NAME_FIELD_NUMBER: _ClassVar[int]
    LABEL_ID_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    R_FIELD_NUMBER: _ClassVar[int]
    G_FIELD_NUMBER: _ClassVar[int]
    B_FIELD_NUMBER: _ClassVar[int]
    name: str
    label_id: int
    label: int
    r: int
    g: int
    b: int
    def __init__(self, name: _Optional[str] = ..., label_id: _Optional[int] = ..., label: _Optional[int] = ..., r: _Optional[int] = ..., g: _Optional[int] = ..., b: _Optional[int] = ...) -> None: ...

class YoloSegLabel(_message.Message):
    __slots__ = ("item",)
    ITEM_FIELD_NUMBER: _ClassVar[int]
    item: _containers.RepeatedCompositeFieldContainer[YoloSegItem]
    def __init__(self, item: _Optional[_Iterable[_Union[YoloSegItem, _Mapping]]] = ...) -> None: ...

class YoloSegParameter(_message.Message):
    __slots__ = ("num_class", "object_scale", "class_scale", "use_logic_gradient", "use_hardsigmoid")
    NUM_CLASS_FIELD_NUMBER: _ClassVar[int]
    OBJECT_SCALE_FIELD_NUMBER: _ClassVar[int]
    CLASS_SCALE_FIELD_NUMBER: _ClassVar[int]
    USE_LOGIC_GRADIENT_FIELD_NUMBER: _ClassVar[int]
    USE_HARDSIGMOID_FIELD_NUMBER: _ClassVar[int]
    num_class: int
    object_scale: float
    class_scale: float
    use_logic_gradient: bool
    use_hardsigmoid: bool
    def __init__(self, num_class: _Optional[int] = ..., object_scale: _Optional[float] = ..., class_scale: _Optional[float] = ..., use_logic_gradient: _Optional[bool] = ..., use_hardsigmoid: _Optional[bool] = ...) -> None: ...

class Yolov3Parameter(_message.Message):
    __slots__ = ("side", "num_class", "num", "object_scale", "class_scale", "noobject_scale", "coord_scale", "thresh", "anchors_scale", "biases", "mask", "use_logic_gradient", "use_focal_loss", "iou_loss", "iou_normalizer", "iou_thresh", "max_delta", "accumulate", "label_smooth_eps")
    class IOU_LOSS(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        IOU: _ClassVar[Yolov3Parameter.IOU_LOSS]
        GIOU: _ClassVar[Yolov3Parameter.IOU_LOSS]
        MSE: _ClassVar[Yolov3Parameter.IOU_LOSS]
        DIOU: _ClassVar[Yolov3Parameter.IOU_LOSS]
        CIOU: _ClassVar[Yolov3Parameter.IOU_LOSS]
    IOU: Yolov3Parameter.IOU_LOSS
    GIOU: Yolov3Parameter.IOU_LOSS
    MSE: Yolov3Parameter.IOU_LOSS
    DIOU: Yolov3Parameter.IOU_LOSS
    CIOU: Yolov3Parameter.IOU_LOSS
    SIDE_FIELD_NUMBER: _ClassVar[int]
    NUM_CLASS_FIELD_NUMBER: _ClassVar[int]
    NUM_FIELD_NUMBER: _ClassVar[int]
    OBJECT_SCALE_FIELD_NUMBER: _ClassVar[int]
    CLASS_SCALE_FIELD_NUMBER: _ClassVar[int]
    NOOBJECT_SCALE_FIELD_NUMBER: _ClassVar[int]
    COORD_SCALE_FIELD_NUMBER: _ClassVar[int]
    THRESH_FIELD_NUMBER: _ClassVar[int]
    ANCHORS_SCALE_FIELD_NUMBER: _ClassVar[int]
    BIASES_FIELD_NUMBER: _ClassVar[int]
    MASK_FIELD_NUMBER: _ClassVar[int]
    USE_LOGIC_GRADIENT_FIELD_NUMBER: _ClassVar[int]
    USE_FOCAL_LOSS_FIELD_NUMBER: _ClassVar[int]
    IOU_LOSS_FIELD_NUMBER: _ClassVar[int]
    IOU_NORMALIZER_FIELD_NUMBER: _ClassVar[int]
    IOU_THRESH_FIELD_NUMBER: _ClassVar[int]
    MAX_DELTA_FIELD_NUMBER: _ClassVar[int]
    ACCUMULATE_FIELD_NUMBER: _ClassVar[int]
    LABEL_SMOOTH_EPS_FIELD_NUMBER: _ClassVar[int]
    side: int
    num_class: int
    num: int
    object_scale: float
    class_scale: float
    noobject_scale: float
    coord_scale: float
    thresh: float
    anchors_scale: int
    biases: _containers.RepeatedScalarFieldContainer[float]
    mask: _containers.RepeatedScalarFieldContainer[int]
    use_logic_gradient: bool
    use_focal_loss: bool
    iou_loss: Yolov3Parameter.IOU_LOSS
    iou_normalizer: float
    iou_thresh: float
    max_delta: float
    accumulate: bool
    label_smooth_eps: float
    def __init__(self, side: _Optional[int] = ..., num_class: _Optional[int] = ..., num: _Optional[int] = ..., object_scale: _Optional[float] = ..., class_scale: _Optional[float] = ..., noobject_scale: _Optional[float] = ..., coord_scale: _Optional[float] = ..., thresh: _Optional[float] = ..., anchors_scale: _Optional[int] = ..., biases: _Optional[_Iterable[float]] = ..., mask: _Optional[_Iterable[int]] = ..., use_logic_gradient: _Optional[bool] = ..., use_focal_loss: _Optional[bool] = ..., iou_loss: _Optional[_Union[Yolov3Parameter.IOU_LOSS, str]] = ..., iou_normalizer: _Optional[float] = ..., iou_thresh: _Optional[float] = ..., max_delta: _Optional[float] = ..., accumulate: _Optional[bool] = ..., label_smooth_eps: _Optional[float] = ...) -> None: ...

class LocalParameter(_message.Message):
    __slots__ = ("num_output", "bias_term", "pad", "kernel_size", "stride", "weight_filler", "bias_filler")
    NUM_OUTPUT_FIELD_NUMBER: _ClassVar[int]
    BIAS_TERM_FIELD_NUMBER: _ClassVar[int]
    PAD_FIELD_NUMBER: _ClassVar[int]
    KERNEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    STRIDE_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FILLER_FIELD_NUMBER: _ClassVar[int]
    BIAS_FILLER_FIELD_NUMBER: _ClassVar[int]
    num_output: int
    bias_term: bool
    pad: int
    kernel_size: int
    stride: int
    weight_filler: FillerParameter
    bias_filler: FillerParameter
    def __init__(self, num_output: _Optional[int] = ..., bias_term: _Optional[bool] = ..., pad: _Optional[int] = ..., kernel_size: _Optional[int] = ..., stride: _Optional[int] = ..., weight_filler: _Optional[_Union[FillerParameter, _Mapping]] = ..., bias_filler: _Optional[_Union[FillerParameter, _Mapping]] = ...) -> None: ...

class SubRegionParameter(_message.Message):
    __slots__ = ("region_height", "region_width", "data_height", "data_width", "as_dim")
    REGION_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    REGION_WIDTH_FIELD_NUMBER: _ClassVar[int]
    DATA_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    DATA_WIDTH_FIELD_NUMBER: _ClassVar[int]
    AS_DIM_FIELD_NUMBER: _ClassVar[int]
    region_height: int
    region_width: int
    data_height: int
    data_width: int
    as_dim: int
    def __init__(self, region_height: _Optional[int] = ..., region_width: _Optional[int] = ..., data_height: _Optional[int] = ..., data_width: _Optional[int] = ..., as_dim: _Optional[int] = ...) -> None: ...

class HotspotParameter(_message.Message):
    __slots__ = ("gaussian_std", "output_height", "output_width", "data_height", "data_width", "mean_removed")
    GAUSSIAN_STD_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_WIDTH_FIELD_NUMBER: _ClassVar[int]
    DATA_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    DATA_WIDTH_FIELD_NUMBER: _ClassVar[int]
    MEAN_REMOVED_FIELD_NUMBER: _ClassVar[int]
    gaussian_std: float
    output_height: int
    output_width: int
    data_height: int
    data_width: int
    mean_removed: bool
    def __init__(self, gaussian_std: _Optional[float] = ..., output_height: _Optional[int] = ..., output_width: _Optional[int] = ..., data_height: _Optional[int] = ..., data_width: _Optional[int] = ..., mean_removed: _Optional[bool] = ...) -> None: ...

class PredictBoxParameter(_message.Message):
    __slots__ = ("stride", "receptive_field", "nms", "output_vector", "positive_thresh", "bbreg_exp")
    STRIDE_FIELD_NUMBER: _ClassVar[int]
    RECEPTIVE_FIELD_FIELD_NUMBER: _ClassVar[int]
    NMS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_VECTOR_FIELD_NUMBER: _ClassVar[int]
    POSITIVE_THRESH_FIELD_NUMBER: _ClassVar[int]
    BBREG_EXP_FIELD_NUMBER: _ClassVar[int]
    stride: int
    receptive_field: int
    nms: bool
    output_vector: bool
    positive_thresh: float
    bbreg_exp: bool
    def __init__(self, stride: _Optional[int] = ..., receptive_field: _Optional[int] = ..., nms: _Optional[bool] = ..., output_vector: _Optional[bool] = ..., positive_thresh: _Optional[float] = ..., bbreg_exp: _Optional[bool] = ...) -> None: ...

class FCNDataParameter(_message.Message):
    __slots__ = ("template_h", "template_w", "expand_left", "expand_right", "expand_top", "expand_bottom", "roi_multiply_h", "roi_multiply_w", "scale_step", "scale_step_num", "gaussian_size_h", "gaussian_size_w", "gaussian_std_h", "gaussian_std_w", "use_hog", "hog_cell_size", "min_iou")
    TEMPLATE_H_FIELD_NUMBER: _ClassVar[int]
    TEMPLATE_W_FIELD_NUMBER: _ClassVar[int]
    EXPAND_LEFT_FIELD_NUMBER: _ClassVar[int]
    EXPAND_RIGHT_FIELD_NUMBER: _ClassVar[int]
    EXPAND_TOP_FIELD_NUMBER: _ClassVar[int]
    EXPAND_BOTTOM_FIELD_NUMBER: _ClassVar[int]
    ROI_MULTIPLY_H_FIELD_NUMBER: _ClassVar[int]
    ROI_MULTIPLY_W_FIELD_NUMBER: _ClassVar[int]
    SCALE_STEP_FIELD_NUMBER: _ClassVar[int]
    SCALE_STEP_NUM_FIELD_NUMBER: _ClassVar[int]
    GAUSSIAN_SIZE_H_FIELD_NUMBER: _ClassVar[int]
    GAUSSIAN_SIZE_W_FIELD_NUMBER: _ClassVar[int]
    GAUSSIAN_STD_H_FIELD_NUMBER: _ClassVar[int]
    GAUSSIAN_STD_W_FIELD_NUMBER: _ClassVar[int]
    USE_HOG_FIELD_NUMBER: _ClassVar[int]
    HOG_CELL_SIZE_FIELD_NUMBER: _ClassVar[int]
    MIN_IOU_FIELD_NUMBER: _ClassVar[int]
    template_h: int
    template_w: int
    expand_left: float
    expand_right: float
    expand_top: float
    expand_bottom: float
    roi_multiply_h: float
    roi_multiply_w: float
    scale_step: float
    scale_step_num: int
    gaussian_size_h: int
    gaussian_size_w: int
    gaussian_std_h: float
    gaussian_std_w: float
    use_hog: bool
    hog_cell_size: int
    min_iou: float
    def __init__(self, template_h: _Optional[int] = ..., template_w: _Optional[int] = ..., expand_left: _Optional[float] = ..., expand_right: _Optional[float] = ..., expand_top: _Optional[float] = ..., expand_bottom: _Optional[float] = ..., roi_multiply_h: _Optional[float] = ..., roi_multiply_w: _Optional[float] = ..., scale_step: _Optional[float] = ..., scale_step_num: _Optional[int] = ..., gaussian_size_h: _Optional[int] = ..., gaussian_size_w: _Optional[int] = ..., gaussian_std_h: _Optional[float] = ..., gaussian_std_w: _Optional[float] = ..., use_hog: _Optional[bool] = ..., hog_cell_size: _Optional[int] = ..., min_iou: _Optional[float] = ...) -> None: ...

class GeneralContrastiveParameter(_message.Message):
    __slots__ = ("positive_margin", "negative_margin", "positive_weight", "negative_weight", "normalize_negative", "positive_outlier_thresh", "square", "max_negative_only", "max_positive_only", "positive_first", "positive_upper_bound", "exp_negative_weight", "add_intra_mae", "max_negative_margin")
    POSITIVE_MARGIN_FIELD_NUMBER: _ClassVar[int]
    NEGATIVE_MARGIN_FIELD_NUMBER: _ClassVar[int]
    POSITIVE_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    NEGATIVE_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    NORMALIZE_NEGATIVE_FIELD_NUMBER: _ClassVar[int]
    POSITIVE_OUTLIER_THRESH_FIELD_NUMBER: _ClassVar[int]
    SQUARE_FIELD_NUMBER: _ClassVar[int]
    MAX_NEGATIVE_ONLY_FIELD_NUMBER: _ClassVar[int]
    MAX_POSITIVE_ONLY_FIELD_NUMBER: _ClassVar[int]
    POSITIVE_FIRST_FIELD_NUMBER: _ClassVar[int]
    POSITIVE_UPPER_BOUND_FIELD_NUMBER: _ClassVar[int]
    EXP_NEGATIVE_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    ADD_INTRA_MAE_FIELD_NUMBER: _ClassVar[int]
    MAX_NEGATIVE_MARGIN_FIELD_NUMBER: _ClassVar[int]
    positive_margin: float
    negative_margin: float
    positive_weight: float
    negative_weight: float
    normalize_negative: float
    positive_outlier_thresh: float
    square: bool
    max_negative_only: bool
    max_positive_only: bool
    positive_first: bool
    positive_upper_bound: float
    exp_negative_weight: bool
    add_intra_mae: bool
    max_negative_margin: float
    def __init__(self, positive_margin: _Optional[float] = ..., negative_margin: _Optional[float] = ..., positive_weight: _Optional[float] = ..., negative_weight: _Optional[float] = ..., normalize_negative: _Optional[float] = ..., positive_outlier_thresh: _Optional[float] = ..., square: _Optional[bool] = ..., max_negative_only: _Optional[bool] = ..., max_positive_only: _Optional[bool] = ..., positive_first: _Optional[bool] = ..., positive_upper_bound: _Optional[float] = ..., exp_negative_weight: _Optional[bool] = ..., add_intra_mae: _Optional[bool] = ..., max_negative_margin: _Optional[float] = ...) -> None: ...

class BatchContrastiveParameter(_message.Message):
    __slots__ = ("positive_margin", "negative_margin", "positive_weight", "negative_weight", "max_only")
    POSITIVE_MARGIN_FIELD_NUMBER: _ClassVar[int]
    NEGATIVE_MARGIN_FIELD_NUMBER: _ClassVar[int]
    POSITIVE_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    NEGATIVE_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    MAX_ONLY_FIELD_NUMBER: _ClassVar[int]
    positive_margin: float
    negative_margin: float
    positive_weight: float
    negative_weight: float
    max_only: bool
    def __init__(self, positive_margin: _Optional[float] = ..., negative_margin: _Optional[float] = ..., positive_weight: _Optional[float] = ..., negative_weight: _Optional[float] = ..., max_only: _Optional[bool] = ...) -> None: ...

class SoftContrastiveParameter(_message.Message):
    __slots__ = ("positive_margin", "negative_margin", "positive_weight", "negative_weight", "exponent_scale", "square")
    POSITIVE_MARGIN_FIELD_NUMBER: _ClassVar[int]
    NEGATIVE_MARGIN_FIELD_NUMBER: _ClassVar[int]
    POSITIVE_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    NEGATIVE_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    EXPONENT_SCALE_FIELD_NUMBER: _ClassVar[int]
    SQUARE_FIELD_NUMBER: _ClassVar[int]
    positive_margin: float
    negative_margin: float
    positive_weight: float
    negative_weight: float
    exponent_scale: float
    square: bool
    def __init__(self, positive_margin: _Optional[float] = ..., negative_margin: _Optional[float] = ..., positive_weight: _Optional[float] = ..., negative_weight: _Optional[float] = ..., exponent_scale: _Optional[float] = ..., square: _Optional[bool] = ...) -> None: ...

class SoftTruncationParameter(_message.Message):
    __slots__ = ("c",)
    C_FIELD_NUMBER: _ClassVar[int]
    c: float
    def __init__(self, c: _Optional[float] = ...) -> None: ...

class TruncationParameter(_message.Message):
    __slots__ = ("lower_bound", "upper_bound")
    LOWER_BOUND_FIELD_NUMBER: _ClassVar[int]
    UPPER_BOUND_FIELD_NUMBER: _ClassVar[int]
    lower_bound: float
    upper_bound: float
    def __init__(self, lower_bound: _Optional[float] = ..., upper_bound: _Optional[float] = ...) -> None: ...

class PairwiseParameter(_message.Message):
    __slots__ = ("operation", "coeff")
    class PairwiseOp(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        SUM: _ClassVar[PairwiseParameter.PairwiseOp]
        PROD: _ClassVar[PairwiseParameter.PairwiseOp]
        MAX: _ClassVar[PairwiseParameter.PairwiseOp]
    SUM: PairwiseParameter.PairwiseOp
    PROD: PairwiseParameter.PairwiseOp
    MAX: PairwiseParameter.PairwiseOp
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    COEFF_FIELD_NUMBER: _ClassVar[int]
    operation: PairwiseParameter.PairwiseOp
    coeff: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, operation: _Optional[_Union[PairwiseParameter.PairwiseOp, str]] = ..., coeff: _Optional[_Iterable[float]] = ...) -> None: ...

class SmoothL1Parameter(_message.Message):
    __slots__ = ("turn_point",)
    TURN_POINT_FIELD_NUMBER: _ClassVar[int]
    turn_point: float
    def __init__(self, turn_point: _Optional[float] = ...) -> None: ...

class NCAParameter(_message.Message):
    __slots__ = ("min_negative_only",)
    MIN_NEGATIVE_ONLY_FIELD_NUMBER: _ClassVar[int]
    min_negative_only: bool
    def __init__(self, min_negative_only: _Optional[bool] = ...) -> None: ...

class InfimumLossParamter(_message.Message):
    __slots__ = ("infimum",)
    INFIMUM_FIELD_NUMBER: _ClassVar[int]
    infimum: float
    def __init__(self, infimum: _Optional[float] = ...) -> None: ...

class OrdinalRegressionParameter(_message.Message):
    __slots__ = ("k", "weight_file")
    K_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FILE_FIELD_NUMBER: _ClassVar[int]
    k: int
    weight_file: str
    def __init__(self, k: _Optional[int] = ..., weight_file: _Optional[str] = ...) -> None: ...

class FeatureDecayLossParameter(_message.Message):
    __slots__ = ("decay_threshold", "force_decay")
    DECAY_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    FORCE_DECAY_FIELD_NUMBER: _ClassVar[int]
    decay_threshold: float
    force_decay: bool
    def __init__(self, decay_threshold: _Optional[float] = ..., force_decay: _Optional[bool] = ...) -> None: ...

class ConfidencePenaltyLossParameter(_message.Message):
    __slots__ = ("beta",)
    BETA_FIELD_NUMBER: _ClassVar[int]
    beta: float
    def __init__(self, beta: _Optional[float] = ...) -> None: ...

class LabelSpecificMarginParameter(_message.Message):
    __slots__ = ("type", "margin_base", "margin_max", "power", "gamma", "iteration", "reset_margin", "margin_on_test", "auto_tune")
    class MarginType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        HARD: _ClassVar[LabelSpecificMarginParameter.MarginType]
        SOFT: _ClassVar[LabelSpecificMarginParameter.MarginType]
    HARD: LabelSpecificMarginParameter.MarginType
    SOFT: LabelSpecificMarginParameter.MarginType
    TYPE_FIELD_NUMBER: _ClassVar[int]
    MARGIN_BASE_FIELD_NUMBER: _ClassVar[int]
    MARGIN_MAX_FIELD_NUMBER: _ClassVar[int]
    POWER_FIELD_NUMBER: _ClassVar[int]
    GAMMA_FIELD_NUMBER: _ClassVar[int]
    ITERATION_FIELD_NUMBER: _ClassVar[int]
    RESET_MARGIN_FIELD_NUMBER: _ClassVar[int]
    MARGIN_ON_TEST_FIELD_NUMBER: _ClassVar[int]
    AUTO_TUNE_FIELD_NUMBER: _ClassVar[int]
    type: LabelSpecificMarginParameter.MarginType
    margin_base: float
    margin_max: float
    power: float
    gamma: float
    iteration: int
    reset_margin: bool
    margin_on_test: bool
    auto_tune: bool
    def __init__(self, type: _Optional[_Union[LabelSpecificMarginParameter.MarginType, str]] = ..., margin_base: _Optional[float] = ..., margin_max: _Optional[float] = ..., power: _Optional[float] = ..., gamma: _Optional[float] = ..., iteration: _Optional[int] = ..., reset_margin: _Optional[bool] = ..., margin_on_test: _Optional[bool] = ..., auto_tune: _Optional[bool] = ...) -> None: ...

class LabelSpecificAffineParameter(_message.Message):
    __slots__ = ("scale_base", "scale_gamma", "scale_power", "scale_max", "transform_test", "iteration", "bias_base", "bias_gamma", "bias_power", "bias_max", "power_base", "power_gamma", "power_power", "power_min", "auto_tune", "reset")
    SCALE_BASE_FIELD_NUMBER: _ClassVar[int]
    SCALE_GAMMA_FIELD_NUMBER: _ClassVar[int]
    SCALE_POWER_FIELD_NUMBER: _ClassVar[int]
    SCALE_MAX_FIELD_NUMBER: _ClassVar[int]
    TRANSFORM_TEST_FIELD_NUMBER: _ClassVar[int]
    ITERATION_FIELD_NUMBER: _ClassVar[int]
    BIAS_BASE_FIELD_NUMBER: _ClassVar[int]
    BIAS_GAMMA_FIELD_NUMBER: _ClassVar[int]
    BIAS_POWER_FIELD_NUMBER: _ClassVar[int]
    BIAS_MAX_FIELD_NUMBER: _ClassVar[int]
    POWER_BASE_FIELD_NUMBER: _ClassVar[int]
    POWER_GAMMA_FIELD_NUMBER: _ClassVar[int]
    POWER_POWER_FIELD_NUMBER: _ClassVar[int]
    POWER_MIN_FIELD_NUMBER: _ClassVar[int]
    AUTO_TUNE_FIELD_NUMBER: _ClassVar[int]
    RESET_FIELD_NUMBER: _ClassVar[int]
    scale_base: float
    scale_gamma: float
    scale_power: float
    scale_max: float
    transform_test: bool
    iteration: int
    bias_base: float
    bias_gamma: float
    bias_power: float
    bias_max: float
    power_base: float
    power_gamma: float
    power_power: float
    power_min: float
    auto_tune: bool
    reset: bool
    def __init__(self, scale_base: _Optional[float] = ..., scale_gamma: _Optional[float] = ..., scale_power: _Optional[float] = ..., scale_max: _Optional[float] = ..., transform_test: _Optional[bool] = ..., iteration: _Optional[int] = ..., bias_base: _Optional[float] = ..., bias_gamma: _Optional[float] = ..., bias_power: _Optional[float] = ..., bias_max: _Optional[float] = ..., power_base: _Optional[float] = ..., power_gamma: _Optional[float] = ..., power_power: _Optional[float] = ..., power_min: _Optional[float] = ..., auto_tune: _Optional[bool] = ..., reset: _Optional[bool] = ...) -> None: ...

class LabelSpecificHardMarginParameter(_message.Message):
    __slots__ = ("positive_weight",)
    POSITIVE_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    positive_weight: float
    def __init__(self, positive_weight: _Optional[float] = ...) -> None: ...

class SelectSegBinaryParameter(_message.Message):
    __slots__ = ("cls_label_base",)
    CLS_LABEL_BASE_FIELD_NUMBER: _ClassVar[int]
    cls_label_base: int
    def __init__(self, cls_label_base: _Optional[int] = ...) -> None: ...

class BinaryAccuracyParameter(_message.Message):
    __slots__ = ("accuracy_mode",)
    class AccuracyMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        Accuracy: _ClassVar[BinaryAccuracyParameter.AccuracyMode]
        Precision: _ClassVar[BinaryAccuracyParameter.AccuracyMode]
        Recall: _ClassVar[BinaryAccuracyParameter.AccuracyMode]
        F_measure: _ClassVar[BinaryAccuracyParameter.AccuracyMode]
    Accuracy: BinaryAccuracyParameter.AccuracyMode
    Precision: BinaryAccuracyParameter.AccuracyMode
    Recall: BinaryAccuracyParameter.AccuracyMode
    F_measure: BinaryAccuracyParameter.AccuracyMode
    ACCURACY_MODE_FIELD_NUMBER: _ClassVar[int]
    accuracy_mode: BinaryAccuracyParameter.AccuracyMode
    def __init__(self, accuracy_mode: _Optional[_Union[BinaryAccuracyParameter.AccuracyMode, str]] = ...) -> None: ...

class EltwiseAccuracyParameter(_message.Message):
    __slots__ = ("top_k", "ignore_label")
    TOP_K_FIELD_NUMBER: _ClassVar[int]
    IGNORE_LABEL_FIELD_NUMBER: _ClassVar[int]
    top_k: int
    ignore_label: int
    def __init__(self, top_k: _Optional[int] = ..., ignore_label: _Optional[int] = ...) -> None: ...

class RedAccuracyParameter(_message.Message):
    __slots__ = ("top_k", "ignore_label", "class_num")
    TOP_K_FIELD_NUMBER: _ClassVar[int]
    IGNORE_LABEL_FIELD_NUMBER: _ClassVar[int]
    CLASS_NUM_FIELD_NUMBER: _ClassVar[int]
    top_k: int
    ignore_label: int
    class_num: int
    def __init__(self, top_k: _Optional[int] = ..., ignore_label: _Optional[int] = ..., class_num: _Optional[int] = ...) -> None: ...

class RedSoftmaxWithLossParameter(_message.Message):
    __slots__ = ("class_num",)
    CLASS_NUM_FIELD_NUMBER: _ClassVar[int]
    class_num: int
    def __init__(self, class_num: _Optional[int] = ...) -> None: ...

class WindowClsDataParameter(_message.Message):
    __slots__ = ("label_dim",)
    LABEL_DIM_FIELD_NUMBER: _ClassVar[int]
    label_dim: int
    def __init__(self, label_dim: _Optional[int] = ...) -> None: ...

class NetQuantizationParameter(_message.Message):
    __slots__ = ("quantize_weights", "quantize_activations", "bitwidth_weights", "bitwidth_activations", "bitwidth_bias", "power2_scale_weights", "power2_scale_activations", "apply_offset_weights", "apply_offset_activations", "precision", "rounding_scheme", "display_quantization", "update_quantization_param", "quantization_start", "range_update_factor", "range_expansion_factor", "ignored_layer_names", "power2_range", "insert_quantization_param")
    QUANTIZE_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    QUANTIZE_ACTIVATIONS_FIELD_NUMBER: _ClassVar[int]
    BITWIDTH_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    BITWIDTH_ACTIVATIONS_FIELD_NUMBER: _ClassVar[int]
    BITWIDTH_BIAS_FIELD_NUMBER: _ClassVar[int]
    POWER2_SCALE_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    POWER2_SCALE_ACTIVATIONS_FIELD_NUMBER: _ClassVar[int]
    APPLY_OFFSET_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    APPLY_OFFSET_ACTIVATIONS_FIELD_NUMBER: _ClassVar[int]
    PRECISION_FIELD_NUMBER: _ClassVar[int]
    ROUNDING_SCHEME_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_QUANTIZATION_FIELD_NUMBER: _ClassVar[int]
    UPDATE_QUANTIZATION_PARAM_FIELD_NUMBER: _ClassVar[int]
    QUANTIZATION_START_FIELD_NUMBER: _ClassVar[int]
    RANGE_UPDATE_FACTOR_FIELD_NUMBER: _ClassVar[int]
    RANGE_EXPANSION_FACTOR_FIELD_NUMBER: _ClassVar[int]
    IGNORED_LAYER_NAMES_FIELD_NUMBER: _ClassVar[int]
    POWER2_RANGE_FIELD_NUMBER: _ClassVar[int]
    INSERT_QUANTIZATION_PARAM_FIELD_NUMBER: _ClassVar[int]
    quantize_weights: bool
    quantize_activations: bool
    bitwidth_weights: int
    bitwidth_activations: int
    bitwidth_bias: int
    power2_scale_weights: bool
    power2_scale_activations: bool
    apply_offset_weights: bool
    apply_offset_activations: bool
    precision: QuantizationParameter_Precision
    rounding_scheme: QuantizationParameter_Rounding
    display_quantization: int
    update_quantization_param: bool
    quantization_start: int
    range_update_factor: float
    range_expansion_factor: float
    ignored_layer_names: _containers.RepeatedScalarFieldContainer[str]
    power2_range: bool
    insert_quantization_param: bool
    def __init__(self, quantize_weights: _Optional[bool] = ..., quantize_activations: _Optional[bool] = ..., bitwidth_weights: _Optional[int] = ..., bitwidth_activations: _Optional[int] = ..., bitwidth_bias: _Optional[int] = ..., power2_scale_weights: _Optional[bool] = ..., power2_scale_activations: _Optional[bool] = ..., apply_offset_weights: _Optional[bool] = ..., apply_offset_activations: _Optional[bool] = ..., precision: _Optional[_Union[QuantizationParameter_Precision, str]] = ..., rounding_scheme: _Optional[_Union[QuantizationParameter_Rounding, str]] = ..., display_quantization: _Optional[int] = ..., update_quantization_param: _Optional[bool] = ..., quantization_start: _Optional[int] = ..., range_update_factor: _Optional[float] = ..., range_expansion_factor: _Optional[float] = ..., ignored_layer_names: _Optional[_Iterable[str]] = ..., power2_range: _Optional[bool] = ..., insert_quantization_param: _Optional[bool] = ...) -> None: ...

class ImageSliceInfo(_message.Message):
    __slots__ = ("dim", "stride", "offset")
    DIM_FIELD_NUMBER: _ClassVar[int]
    STRIDE_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    dim: _containers.RepeatedScalarFieldContainer[int]
    stride: _containers.RepeatedScalarFieldContainer[int]
    offset: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, dim: _Optional[_Iterable[int]] = ..., stride: _Optional[_Iterable[int]] = ..., offset: _Optional[_Iterable[int]] = ...) -> None: ...

class ImageLabelDataParameter(_message.Message):
    __slots__ = ("image_list_path", "label_list_path", "batch_size", "rand_skip", "shuffle", "scale_prob", "scale_min", "scale_max", "data_dir", "label_slice", "image_dir", "label_dir", "padding", "image_dir2", "image_list_path2", "threads", "size_min", "size_max", "check_image_files", "backend")
    class DB(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        LEVELDB: _ClassVar[ImageLabelDataParameter.DB]
        LMDB: _ClassVar[ImageLabelDataParameter.DB]
    LEVELDB: ImageLabelDataParameter.DB
    LMDB: ImageLabelDataParameter.DB
    class Padding(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        ZERO: _ClassVar[ImageLabelDataParameter.Padding]
        REFLECT: _ClassVar[ImageLabelDataParameter.Padding]
    ZERO: ImageLabelDataParameter.Padding
    REFLECT: ImageLabelDataParameter.Padding
    IMAGE_LIST_PATH_FIELD_NUMBER: _ClassVar[int]
    LABEL_LIST_PATH_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    RAND_SKIP_FIELD_NUMBER: _ClassVar[int]
    SHUFFLE_FIELD_NUMBER: _ClassVar[int]
    SCALE_PROB_FIELD_NUMBER: _ClassVar[int]
    SCALE_MIN_FIELD_NUMBER: _ClassVar[int]
    SCALE_MAX_FIELD_NUMBER: _ClassVar[int]
    DATA_DIR_FIELD_NUMBER: _ClassVar[int]
    LABEL_SLICE_FIELD_NUMBER: _ClassVar[int]
    IMAGE_DIR_FIELD_NUMBER: _ClassVar[int]
    LABEL_DIR_FIELD_NUMBER: _ClassVar[int]
    PADDING_FIELD_NUMBER: _ClassVar[int]
    IMAGE_DIR2_FIELD_NUMBER: _ClassVar[int]
    IMAGE_LIST_PATH2_FIELD_NUMBER: _ClassVar[int]
    THREADS_FIELD_NUMBER: _ClassVar[int]
    SIZE_MIN_FIELD_NUMBER: _ClassVar[int]
    SIZE_MAX_FIELD_NUMBER: _ClassVar[int]
    CHECK_IMAGE_FILES_FIELD_NUMBER: _ClassVar[int]
    BACKEND_FIELD_NUMBER: _ClassVar[int]
    image_list_path: str
    label_list_path: str
    batch_size: int
    rand_skip: int
    shuffle: bool
    scale_prob: float
    scale_min: float
    scale_max: float
    data_dir: str
    label_slice: ImageSliceInfo
    image_dir: str
    label_dir: str
    padding: ImageLabelDataParameter.Padding
    image_dir2: str
    image_list_path2: str
    threads: int
    size_min: int
    size_max: int
    check_image_files: bool
    backend: ImageLabelDataParameter.DB
    def __init__(self, image_list_path: _Optional[str] = ..., label_list_path: _Optional[str] = ..., batch_size: _Optional[int] = ..., rand_skip: _Optional[int] = ..., shuffle: _Optional[bool] = ..., scale_prob: _Optional[float] = ..., scale_min: _Optional[float] = ..., scale_max: _Optional[float] = ..., data_dir: _Optional[str] = ..., label_slice: _Optional[_Union[ImageSliceInfo, _Mapping]] = ..., image_dir: _Optional[str] = ..., label_dir: _Optional[str] = ..., padding: _Optional[_Union[ImageLabelDataParameter.Padding, str]] = ..., image_dir2: _Optional[str] = ..., image_list_path2: _Optional[str] = ..., threads: _Optional[int] = ..., size_min: _Optional[int] = ..., size_max: _Optional[int] = ..., check_image_files: _Optional[bool] = ..., backend: _Optional[_Union[ImageLabelDataParameter.DB, str]] = ...) -> None: ...

class ImageLabelTransformationParameter(_message.Message):
    __slots__ = ("crop_prob", "shift_x", "shift_y", "scale_prob", "scale_min", "scale_max", "flip_prob", "rotation_prob", "max_rotate_degree", "hue_rotation_prob", "hue_rotation", "desaturation_prob", "desaturation_max", "scale_width", "scale_height", "contrast_adjust_prob", "contrast_adjust_min", "contrast_adjust_max", "num_labels", "crop_width", "crop_height", "threads")
    CROP_PROB_FIELD_NUMBER: _ClassVar[int]
    SHIFT_X_FIELD_NUMBER: _ClassVar[int]
    SHIFT_Y_FIELD_NUMBER: _ClassVar[int]
    SCALE_PROB_FIELD_NUMBER: _ClassVar[int]
    SCALE_MIN_FIELD_NUMBER: _ClassVar[int]
    SCALE_MAX_FIELD_NUMBER: _ClassVar[int]
    FLIP_PROB_FIELD_NUMBER: _ClassVar[int]
    ROTATION_PROB_FIELD_NUMBER: _ClassVar[int]
    MAX_ROTATE_DEGREE_FIELD_NUMBER: _ClassVar[int]
    HUE_ROTATION_PROB_FIELD_NUMBER: _ClassVar[int]
    HUE_ROTATION_FIELD_NUMBER: _ClassVar[int]
    DESATURATION_PROB_FIELD_NUMBER: _ClassVar[int]
    DESATURATION_MAX_FIELD_NUMBER: _ClassVar[int]
    SCALE_WIDTH_FIELD_NUMBER: _ClassVar[int]
    SCALE_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    CONTRAST_ADJUST_PROB_FIELD_NUMBER: _ClassVar[int]
    CONTRAST_ADJUST_MIN_FIELD_NUMBER: _ClassVar[int]
    CONTRAST_ADJUST_MAX_FIELD_NUMBER: _ClassVar[int]
    NUM_LABELS_FIELD_NUMBER: _ClassVar[int]
    CROP_WIDTH_FIELD_NUMBER: _ClassVar[int]
    CROP_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    THREADS_FIELD_NUMBER: _ClassVar[int]
    crop_prob: float
    shift_x: int
    shift_y: int
    scale_prob: float
    scale_min: float
    scale_max: float
    flip_prob: float
    rotation_prob: float
    max_rotate_degree: float
    hue_rotation_prob: float
    hue_rotation: float
    desaturation_prob: float
    desaturation_max: float
    scale_width: float
    scale_height: float
    contrast_adjust_prob: float
    contrast_adjust_min: float
    contrast_adjust_max: float
    num_labels: int
    crop_width: int
    crop_height: int
    threads: int
    def __init__(self, crop_prob: _Optional[float] = ..., shift_x: _Optional[int] = ..., shift_y: _Optional[int] = ..., scale_prob: _Optional[float] = ..., scale_min: _Optional[float] = ..., scale_max: _Optional[float] = ..., flip_prob: _Optional[float] = ..., rotation_prob: _Optional[float] = ..., max_rotate_degree: _Optional[float] = ..., hue_rotation_prob: _Optional[float] = ..., hue_rotation: _Optional[float] = ..., desaturation_prob: _Optional[float] = ..., desaturation_max: _Optional[float] = ..., scale_width: _Optional[float] = ..., scale_height: _Optional[float] = ..., contrast_adjust_prob: _Optional[float] = ..., contrast_adjust_min: _Optional[float] = ..., contrast_adjust_max: _Optional[float] = ..., num_labels: _Optional[int] = ..., crop_width: _Optional[int] = ..., crop_height: _Optional[int] = ..., threads: _Optional[int] = ...) -> None: ...

class ROIWarpingParameter(_message.Message):
    __slots__ = ("pooled_h", "pooled_w", "spatial_scale")
    POOLED_H_FIELD_NUMBER: _ClassVar[int]
    POOLED_W_FIELD_NUMBER: _ClassVar[int]
    SPATIAL_SCALE_FIELD_NUMBER: _ClassVar[int]
    pooled_h: int
    pooled_w: int
    spatial_scale: float
    def __init__(self, pooled_h: _Optional[int] = ..., pooled_w: _Optional[int] = ..., spatial_scale: _Optional[float] = ...) -> None: ...

class MaskResizeParameter(_message.Message):
    __slots__ = ("output_height", "output_width")
    OUTPUT_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_WIDTH_FIELD_NUMBER: _ClassVar[int]
    output_height: int
    output_width: int
    def __init__(self, output_height: _Optional[int] = ..., output_width: _Optional[int] = ...) -> None: ...

class CPMDataParameter(_message.Message):
    __slots__ = ("source", "batch_size", "rand_skip", "backend", "force_encoded_color", "prefetch")
    class DB(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        LEVELDB: _ClassVar[CPMDataParameter.DB]
        LMDB: _ClassVar[CPMDataParameter.DB]
    LEVELDB: CPMDataParameter.DB
    LMDB: CPMDataParameter.DB
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    RAND_SKIP_FIELD_NUMBER: _ClassVar[int]
    BACKEND_FIELD_NUMBER: _ClassVar[int]
    FORCE_ENCODED_COLOR_FIELD_NUMBER: _ClassVar[int]
    PREFETCH_FIELD_NUMBER: _ClassVar[int]
    source: str
    batch_size: int
    rand_skip: int
    backend: CPMDataParameter.DB
    force_encoded_color: bool
    prefetch: int
    def __init__(self, source: _Optional[str] = ..., batch_size: _Optional[int] = ..., rand_skip: _Optional[int] = ..., backend: _Optional[_Union[CPMDataParameter.DB, str]] = ..., force_encoded_color: _Optional[bool] = ..., prefetch: _Optional[int] = ...) -> None: ...

class CPMTransformationParameter(_message.Message):
    __slots__ = ("scale", "mirror", "crop_size", "mean_file", "mean_value", "stride", "scale_cvg", "max_cvg_len", "min_cvg_len", "opaque_coverage", "coverage", "flip_prob", "max_rotate_degree", "visualize", "crop_size_x", "crop_size_y", "scale_prob", "scale_min", "scale_max", "bbox_norm_factor", "img_header", "force_color", "force_gray", "target_dist", "center_perterb_max", "sigma", "sigma_center", "clahe_tile_size", "clahe_clip_limit", "do_clahe", "num_parts", "num_total_augs", "aug_way", "gray", "np_in_lmdb", "transform_body_joint")
    SCALE_FIELD_NUMBER: _ClassVar[int]
    MIRROR_FIELD_NUMBER: _ClassVar[int]
    CROP_SIZE_FIELD_NUMBER: _ClassVar[int]
    MEAN_FILE_FIELD_NUMBER: _ClassVar[int]
    MEAN_VALUE_FIELD_NUMBER: _ClassVar[int]
    STRIDE_FIELD_NUMBER: _ClassVar[int]
    SCALE_CVG_FIELD_NUMBER: _ClassVar[int]
    MAX_CVG_LEN_FIELD_NUMBER: _ClassVar[int]
    MIN_CVG_LEN_FIELD_NUMBER: _ClassVar[int]
    OPAQUE_COVERAGE_FIELD_NUMBER: _ClassVar[int]
    COVERAGE_FIELD_NUMBER: _ClassVar[int]
    FLIP_PROB_FIELD_NUMBER: _ClassVar[int]
    MAX_ROTATE_DEGREE_FIELD_NUMBER: _ClassVar[int]
    VISUALIZE_FIELD_NUMBER: _ClassVar[int]
    CROP_SIZE_X_FIELD_NUMBER: _ClassVar[int]
    CROP_SIZE_Y_FIELD_NUMBER: _ClassVar[int]
    SCALE_PROB_FIELD_NUMBER: _ClassVar[int]
    SCALE_MIN_FIELD_NUMBER: _ClassVar[int]
    SCALE_MAX_FIELD_NUMBER: _ClassVar[int]
    BBOX_NORM_FACTOR_FIELD_NUMBER: _ClassVar[int]
    IMG_HEADER_FIELD_NUMBER: _ClassVar[int]
    FORCE_COLOR_FIELD_NUMBER: _ClassVar[int]
    FORCE_GRAY_FIELD_NUMBER: _ClassVar[int]
    TARGET_DIST_FIELD_NUMBER: _ClassVar[int]
    CENTER_PERTERB_MAX_FIELD_NUMBER: _ClassVar[int]
    SIGMA_FIELD_NUMBER: _ClassVar[int]
    SIGMA_CENTER_FIELD_NUMBER: _ClassVar[int]
    CLAHE_TILE_SIZE_FIELD_NUMBER: _ClassVar[int]
    CLAHE_CLIP_LIMIT_FIELD_NUMBER: _ClassVar[int]
    DO_CLAHE_FIELD_NUMBER: _ClassVar[int]
    NUM_PARTS_FIELD_NUMBER: _ClassVar[int]
    NUM_TOTAL_AUGS_FIELD_NUMBER: _ClassVar[int]
    AUG_WAY_FIELD_NUMBER: _ClassVar[int]
    GRAY_FIELD_NUMBER: _ClassVar[int]
    NP_IN_LMDB_FIELD_NUMBER: _ClassVar[int]
    TRANSFORM_BODY_JOINT_FIELD_NUMBER: _ClassVar[int]
    scale: float
    mirror: bool
    crop_size: int
    mean_file: str
    mean_value: _containers.RepeatedScalarFieldContainer[float]
    stride: int
    scale_cvg: float
    max_cvg_len: int
    min_cvg_len: int
    opaque_coverage: bool
    coverage: str
    flip_prob: float
    max_rotate_degree: float
    visualize: bool
    crop_size_x: int
    crop_size_y: int
    scale_prob: float
    scale_min: float
    scale_max: float
    bbox_norm_factor: float
    img_header: str
    force_color: bool
    force_gray: bool
    target_dist: float
    center_perterb_max: float
    sigma: float
    sigma_center: float
    clahe_tile_size: float
    clahe_clip_limit: float
    do_clahe: bool
    num_parts: int
    num_total_augs: int
    aug_way: str
    gray: int
    np_in_lmdb: int
    transform_body_joint: bool
    def __init__(self, scale: _Optional[float] = ..., mirror: _Optional[bool] = ..., crop_size: _Optional[int] = ..., mean_file: _Optional[str] = ..., mean_value: _Optional[_Iterable[float]] = ..., stride: _Optional[int] = ..., scale_cvg: _Optional[float] = ..., max_cvg_len: _Optional[int] = ..., min_cvg_len: _Optional[int] = ..., opaque_coverage: _Optional[bool] = ..., coverage: _Optional[str] = ..., flip_prob: _Optional[float] = ..., max_rotate_degree: _Optional[float] = ..., visualize: _Optional[bool] = ..., crop_size_x: _Optional[int] = ..., crop_size_y: _Optional[int] = ..., scale_prob: _Optional[float] = ..., scale_min: _Optional[float] = ..., scale_max: _Optional[float] = ..., bbox_norm_factor: _Optional[float] = ..., img_header: _Optional[str] = ..., force_color: _Optional[bool] = ..., force_gray: _Optional[bool] = ..., target_dist: _Optional[float] = ..., center_perterb_max: _Optional[float] = ..., sigma: _Optional[float] = ..., sigma_center: _Optional[float] = ..., clahe_tile_size: _Optional[float] = ..., clahe_clip_limit: _Optional[float] = ..., do_clahe: _Optional[bool] = ..., num_parts: _Optional[int] = ..., num_total_augs: _Optional[int] = ..., aug_way: _Optional[str] = ..., gray: _Optional[int] = ..., np_in_lmdb: _Optional[int] = ..., transform_body_joint: _Optional[bool] = ...) -> None: ...
