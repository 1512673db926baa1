"""From a module of PyTorch, or a program that torch.export has saved, to a net."""

from __future__ import annotations

import inspect
import os
import tempfile
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor, nn
from torch.export import ExportedProgram

from minicaffe.blob import shape_text
from minicaffe.convert.onnx.import_model import Imported, import_model
from minicaffe.convert.onnx.load import load
from minicaffe.errors import CompareError, DataError, GraphError, require
from minicaffe.errors.reading import cannot_read
from minicaffe.files import open_to_read
from minicaffe.net.net import Net

#: What PyTorch's values and the net's may differ by, as a share of the largest.
TOLERANCE = 1e-3

#: What can be converted: a module, an exported program, or the file of one.
Source: TypeAlias = nn.Module | ExportedProgram | str | os.PathLike[str]

#: What a module gives, flat: names with tensors.
Outputs: TypeAlias = dict[str, Tensor]


@dataclass
class _Traced:
    """A module that is ready to be exported.

    Attributes:
        module: in evaluation mode.
        inputs: examples by name.
        outputs: what it makes of them.
        open_batch: whether the first length of all of them may change.
    """

    module: nn.Module
    inputs: dict[str, Tensor]
    outputs: Outputs
    open_batch: bool


def from_module(
    module: Source,
    example_inputs: Tensor | Sequence[Tensor] | None = None,
    *,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    fixed_batch: bool = False,
    tolerance: float = TOLERANCE,
) -> Imported:
    """The net that computes what a module does in evaluation mode, proved on the examples.

    PyTorch writes the module as ONNX, which is read as ``import_model`` does. Layers that have
    weights get the names of the modules that have them. Then both compute the examples, and, with
    an open batch, one item more.

    Args:
        module: it stays as it is, and in its mode; or a program of ``torch.export``, or a ``.pt2``
            file of one. Load files only of those whom you trust, as PyTorch itself reads them.
        example_inputs: a tensor for each input, which says its shape and type; of a program its
            own by default.
        input_names: by default "data" for one input, else those of ``forward``'s arguments.
        output_names: by default the keys of a dictionary, or "output".
        fixed_batch: the first length is that of the examples, and need not be a batch; it is in any
            case for programs.
        tolerance: the largest difference, as a share of the largest value.

    Returns:
        The net's text and weights: ``.build()`` makes the net, and
        :func:`minicaffe.convert.onnx.import_model.save_net` writes both.

    Raises:
        DataError: the file cannot be read, or the examples are no tensors.
        GraphError: PyTorch cannot export the module; or operators that no layer can replace, all
            at once.
        CompareError: the net computes something else.
        MissingExtraError: the package onnx is not installed.
    """
    require("onnx", extra="onnx", purpose="nets of PyTorch's modules")
    inner, examples = opened(module, example_inputs)
    with evaluating(inner):
        named = dict(zip(names_of_inputs(inner, examples, input_names), examples, strict=True))
        outputs = run_module(inner, named, output_names)
        lengths = {tensor.shape[:1] for tensor in (*named.values(), *outputs.values())}
        is_program = not isinstance(module, nn.Module)
        traced = _Traced(inner, named, outputs, not fixed_batch and not is_program
                         and len(lengths) == 1 and torch.Size() not in lengths)  # fmt: skip
        imported = _imported(traced)
        net = imported.build(engine="numpy")
        for given in _trials(traced):
            _compare(net, given, run_module(inner, given, output_names), tolerance)
    return imported


def opened(
    module: Source, examples: Tensor | Sequence[Tensor] | None
) -> tuple[nn.Module, list[Tensor]]:
    """The module itself, and its examples.

    Args:
        module, examples: as :func:`from_module` takes them.

    Raises:
        DataError: the file cannot be read, or the examples are no tensors.
    """
    if isinstance(module, str | os.PathLike):
        module = _loaded(os.fspath(module))
    if isinstance(module, ExportedProgram):
        if examples is None and module.example_inputs is not None:
            args, named = module.example_inputs
            examples = [*args, *named.values()]
        inner = module.module()
    else:
        inner = module
    if isinstance(examples, Tensor):
        examples = [examples]
    if not examples or not all(isinstance(example, Tensor) for example in examples):
        raise DataError("example_inputs are no tensors; give one for each input of the module")
    return inner, [example.detach() for example in examples]


def _loaded(path: str) -> ExportedProgram:
    try:
        with open_to_read(path) as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if not zipfile.is_zipfile(file):  # PyTorch would log a traceback of its own first
                raise DataError("this is no file of torch.export.save, or it is damaged", path=path)
            return torch.export.load(path)
    except OSError as reason:
        raise cannot_read(path, reason) from reason
    except DataError:
        raise
    except Exception as reason:  # of a damaged file, or another version's
        raise DataError(
            f"this is no file of torch.export.save, or it is damaged: {_line(reason)}", path=path
        ) from reason


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """In evaluation mode and without gradients; afterwards every part is in its mode of before."""
    modes = {inner: inner.training for inner in module.modules()}
    for inner in modes:
        inner.training = False  # eval() is refused by exported programs
    try:
        with torch.no_grad():
            yield
    finally:
        for inner, mode in modes.items():
            inner.training = mode


def names_of_inputs(
    module: nn.Module, examples: Sequence[Tensor], given: Sequence[str] | None
) -> list[str]:
    """What the inputs are called: as given, "data" for one, or as ``forward``'s arguments.

    Raises:
        DataError: names are given that are not as many, or not different.
    """
    if given is not None:
        if len(given) != len(examples) or len(set(given)) != len(given):
            raise DataError(
                f"input_names are {', '.join(given)}: {len(examples)} different ones are expected"
            )
        return list(given)
    if len(examples) == 1:
        return ["data"]
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    found = [name for name, parameter in inspect.signature(module.forward).parameters.items()
             if parameter.kind in kinds]  # fmt: skip
    count = len(examples)
    return found[:count] if len(found) >= count else [f"data{index}" for index in range(count)]


def run_module(
    module: nn.Module, inputs: Mapping[str, Tensor], names: Sequence[str] | None
) -> Outputs:
    """What the module makes of inputs.

    Raises:
        GraphError: it gives something else than tensors, or not as many as there are names.
    """
    made = module(*inputs.values())
    if isinstance(made, Mapping):
        found = {str(name): value for name, value in made.items()}
    elif isinstance(made, Tensor):
        found = {"output": made}
    else:
        found = {f"output{index}": value for index, value in enumerate(made)}
    if not all(isinstance(value, Tensor) for value in found.values()) or not found:
        raise GraphError("the module gives something else than tensors; wrap it in one that picks")
    if names is not None:
        if len(names) != len(found):
            raise GraphError(f"{len(names)} output_names for the {len(found)} that it gives")
        found = dict(zip(names, found.values(), strict=True))
    return found


def _imported(traced: _Traced) -> Imported:
    """The net of the module, by way of a file of ONNX.

    Raises:
        GraphError: PyTorch cannot export it; with its reason.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path = os.path.join(folder, "module.onnx")
        try:
            _export(traced, path, new=False)
        except Exception as reason:  # the exporter raises many kinds
            try:
                _export(traced, path, new=True)  # which may know more, or be the only one
            except ImportError:
                raise GraphError(f"PyTorch cannot export the module: {_line(reason)}") from reason
            except Exception as other:
                raise GraphError(f"PyTorch cannot export the module: {_line(other)}") from other
        return import_model(load(path))


def _export(traced: _Traced, path: str, *, new: bool) -> None:
    """Let PyTorch write ONNX, by its exporter of torch.export or the one before it."""
    names = [*traced.inputs, *traced.outputs]
    axes = {name: {0: "batch"} for name in names} if traced.open_batch else None
    if new:
        how: dict[str, object] = {"dynamic_shapes": tuple(
            {0: torch.export.Dim("batch")} if axes else None for _ in traced.inputs
        )}  # fmt: skip
    else:  # layers stay apart as they are in the module
        how = {"dynamic_axes": axes, "training": torch.onnx.TrainingMode.PRESERVE}
    with warnings.catch_warnings(), _attention_in_steps():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            traced.module, tuple(traced.inputs.values()), path, dynamo=new,
            input_names=list(traced.inputs), output_names=list(traced.outputs), **how,
        )  # fmt: skip


@contextmanager
def _attention_in_steps() -> Iterator[None]:
    """Within, attention runs operator by operator: ONNX has nothing for PyTorch's fast path."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


def _trials(traced: _Traced) -> Iterator[dict[str, Tensor]]:
    """The examples, and with an open batch the first item once more at the end."""
    yield traced.inputs
    if traced.open_batch:
        yield {name: torch.cat([value, value[:1]]) for name, value in traced.inputs.items()}


def _compare(
    net: Net, inputs: Mapping[str, Tensor], expected: Mapping[str, Tensor], tolerance: float
) -> None:
    """Refuse a net whose outputs differ.

    Raises:
        CompareError: one does; names it.
    """
    for name, tensor in inputs.items():
        net.blobs[name].reshape(*tensor.shape)
        net.blobs[name].data[...] = tensor.cpu().numpy()
    net.reshape()
    net.forward()
    for name, tensor in expected.items():
        want = tensor.detach().cpu().double().numpy()
        found = net.blobs[name].data
        if found.shape != want.shape:
            raise CompareError(
                f"the net's '{name}' has the shape {shape_text(found.shape)}, the module's "
                f"{shape_text(want.shape)}"
            )
        largest = float(np.abs(want).max(initial=0))
        off = float(np.abs(found - want).max(initial=0))
        if not off <= tolerance * max(largest, 1e-6):
            raise CompareError(
                f"the net's '{name}' differs from the module's by {off:.3g}, where the largest "
                f"value is {largest:.3g}; export the module with torch.onnx.export, and `minicaffe "
                "import_onnx` shows where"
            )


def _line(reason: Exception) -> str:
    """The first line of an exception's text, not all of a long one."""
    return (str(reason).strip().partition("\n")[0] or type(reason).__name__)[:300]
