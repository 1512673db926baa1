"""Bring nets and solvers that were written for older Caffes to today's format.

A net passes these steps in Caffe's order, each only where it is needed:

1. V0 layers (``layers { layer { type: "conv" } }``) become V1 layers: ``upgrade_v0``;
2. scale, mean_file, crop_size and mirror of V1 data layers move into ``transform_param``;
3. V1 layers (``layers { type: CONVOLUTION }``) become ``layer``: ``upgrade_v1``;
4. ``input`` with ``input_shape`` or ``input_dim`` becomes an Input layer; without either, as
   old weight files have it, it is dropped;
5. the three ``param`` of a BatchNorm layer get ``lr_mult: 0`` and ``decay_mult: 0``;
6. what forks say of a convolution's windows in fields of their own becomes Caffe's fields, and
   what the first C3D says of videos in those of images becomes ``video_data_param``.

The results are those of Caffe's ``upgrade_net_proto_text`` and ``upgrade_solver_proto_text``.
Each step changes the message that it is given, because a weight file is large.
"""

from __future__ import annotations

import logging
from typing import Any

from minicaffe.errors import GraphError, SolverError
from minicaffe.proto import caffe_pb2
from minicaffe.proto.upgrade_forks import upgrade_frames, upgrade_videos, upgrade_windows
from minicaffe.proto.upgrade_older import upgrade_older_fields
from minicaffe.proto.upgrade_v0 import has_v0_layers, upgrade_v0_net
from minicaffe.proto.upgrade_v1 import (
    DATA_PARAMS,
    TRANSFORM_FIELDS,
    layer_type,
    needs_data_upgrade,
    upgrade_data_transformation,
    upgrade_v1_net,
)

logger = logging.getLogger("minicaffe")

#: How a solver's old ``solver_type`` is spelled in today's ``type``.
_SOLVER_TYPES = {
    "SGD": "SGD",
    "NESTEROV": "Nesterov",
    "ADAGRAD": "AdaGrad",
    "RMSPROP": "RMSProp",
    "ADADELTA": "AdaDelta",
    "ADAM": "Adam",
}

#: Today's data layers → their own parameters.
_DATA_PARAM_OF = {layer_type(number): field for number, field in DATA_PARAMS.items()}

#: A BatchNorm layer of the first kind listed this many ``param``.
_BATCH_NORM_PARAMS = 3

#: An input of the oldest kind has these dimensions: num, channels, height, width.
_INPUT_DIMS = 4


def upgrade_net(param: Any, path: str | None = None) -> Any:
    """The net in today's format.

    Args:
        param: a ``NetParameter``, of a prototxt or of a weight file; it is changed.
        path: the file that it was read from, for messages.

    Returns:
        The same message, upgraded; ``source_line`` of the layers is kept.

    Raises:
        GraphError: ``layer`` and ``layers`` in one net, an unknown V0 layer type, a padding
            layer that cannot be folded, inputs without enough dimensions, or a fork's field that
            contradicts Caffe's of the same meaning.
    """
    try:
        if param.layers:
            _upgrade_layers(param, path)
        if param.input:
            _upgrade_input(param, path)
        for layer in _old_batch_norms(param):
            _upgrade_batch_norm(layer, path)
        for layer in param.layer:
            upgrade_windows(layer)
            upgrade_older_fields(layer)
            upgrade_videos(layer)
            upgrade_frames(layer)
            _warn_of_ignored(layer, path)
    except GraphError as error:
        error.locate(path=path, line=error.line)
        raise
    return param


def upgrade_solver(param: Any, path: str | None = None) -> Any:
    """The solver with ``type: "Adam"`` in place of the old ``solver_type: ADAM``.

    Args:
        param: a ``SolverParameter``; it is changed.
        path: the file that it was read from, for messages.

    Raises:
        SolverError: both fields are set.
    """
    if not param.HasField("solver_type"):
        return param
    old = caffe_pb2.SolverParameter.SolverType.Name(param.solver_type)
    if param.HasField("type"):
        raise SolverError(
            f'solver_type: {old} and type: "{param.type}" are both set; keep `type`', path=path
        )
    new = _SOLVER_TYPES[old]
    logger.warning('%s: solver_type is deprecated; use type: "%s"', path or "the solver", new)
    param.type = new
    param.ClearField("solver_type")
    return param


def _upgrade_layers(param: Any, path: str | None) -> None:
    """Turn ``layers``, of either old kind, into ``layer``."""
    if param.layer:
        first = min(param.layers[0].source_line, param.layer[0].source_line)
        later = max(param.layers[0].source_line, param.layer[0].source_line)
        raise GraphError(
            "the net has both `layer` and `layers`; write all of them as today's "
            'layer { type: "Convolution" }, not layers { type: CONVOLUTION }',
            line=later if first else None,
        )
    if has_v0_layers(param):
        _warn(path, "V0LayerParameter (layers { layer { ... } })")
        upgrade_v0_net(param, path)
    else:
        _warn(path, "V1LayerParameter (layers { type: CONVOLUTION })")
    if needs_data_upgrade(param):
        _warn(path, "data transformation fields outside of transform_param")
        upgrade_data_transformation(param)
    upgrade_v1_net(param)


def _upgrade_input(param: Any, path: str | None) -> None:
    """Turn the net's input fields into an Input layer, the first of the net."""
    shapes = _input_shapes(param)
    if shapes:
        _warn(path, "input fields (input, input_dim, input_shape)")
        layer = caffe_pb2.LayerParameter(name="input", type="Input", top=param.input)
        layer.input_param.shape.extend(shapes)
        param.layer.insert(0, layer)
    for field in ("input", "input_shape", "input_dim"):
        param.ClearField(field)


def _input_shapes(param: Any) -> list[Any]:
    """One shape for each input; none at all if the net does not say any."""
    count = len(param.input)
    if param.input_shape:
        if len(param.input_shape) < count:
            raise GraphError(
                f"{len(param.input_shape)} input_shape found for {count} inputs "
                f"({', '.join(param.input)}), expected one for each"
            )
        return list(param.input_shape[:count])
    dims = list(param.input_dim)
    if not dims:
        return []
    if len(dims) < count * _INPUT_DIMS:
        raise GraphError(
            f"{len(dims)} input_dim found for {count} inputs ({', '.join(param.input)}), "
            "expected four for each; use input_shape for other numbers of axes"
        )
    rows = [dims[i * _INPUT_DIMS : (i + 1) * _INPUT_DIMS] for i in range(count)]
    return [caffe_pb2.BlobShape(dim=row) for row in rows]


def _old_batch_norms(param: Any) -> list[Any]:
    """The BatchNorm layers that declare their three statistics blobs as parameters."""
    return [
        layer
        for layer in param.layer
        if layer.type == "BatchNorm" and len(layer.param) == _BATCH_NORM_PARAMS
    ]


def _upgrade_batch_norm(layer: Any, path: str | None) -> None:
    """Fix the statistics: they are computed, not learned."""
    for spec in layer.param:
        if spec.HasField("lr_mult") and spec.lr_mult:
            logger.warning(
                "%s: lr_mult: %g is taken as 0, because mean and variance are not learned; "
                "a Scale layer after it holds what is learned",
                _place(layer, path),
                spec.lr_mult,
            )
        spec.lr_mult = 0
        spec.decay_mult = 0


def _warn_of_ignored(layer: Any, path: str | None) -> None:
    """Say that today's data layers, as in Caffe, do not look at their old fields."""
    field = _DATA_PARAM_OF.get(layer.type)
    if field is None or not layer.HasField(field):
        return
    data = getattr(layer, field)
    names = ", ".join(name for name in TRANSFORM_FIELDS if data.HasField(name))
    if names:
        logger.warning(
            "%s: %s in %s has no effect; move it to transform_param",
            _place(layer, path),
            names,
            field,
        )


def _warn(path: str | None, what: str) -> None:
    """Say that something deprecated was met; it is read all the same."""
    logger.warning(
        "%s uses deprecated %s; it is read all the same, and "
        "`minicaffe upgrade_net_proto_text` writes today's form",
        _name(path),
        what,
    )


def _place(layer: Any, path: str | None) -> str:
    """A layer's line in its file, in the words of an error."""
    where = f"{_name(path)}:{layer.source_line}" if layer.source_line else _name(path)
    return f"{where}: layer '{layer.name}' ({layer.type})"


def _name(path: str | None) -> str:
    return path or "the net"
