"""A module of PyTorch as one side of a comparison (see ``minicaffe compare``)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from minicaffe.convert.compare.sources import Values
from minicaffe.convert.torch.exported import (
    Source,
    evaluating,
    names_of_inputs,
    opened,
    run_module,
)
from minicaffe.errors import CompareError


class ModuleSource:
    """A module in evaluation mode, a program of ``torch.export``, or the ``.pt2`` file of one.

    Its values are its outputs and, of a module, what each module within it gives, by the name that
    it has there (``layer1.0.conv1``).

    Args:
        module: it stays as it is. Load files only of those whom you trust.
        example_inputs: as :func:`minicaffe.convert.torch.from_module` takes them.
        input_names, output_names: the same.

    Attributes:
        name: what messages call it.
        inputs, outputs: the names of what it takes and gives.

    Raises:
        DataError: the file cannot be read, or the examples are no tensors.
    """

    def __init__(
        self,
        module: Source,
        example_inputs: Tensor | Sequence[Tensor] | None = None,
        *,
        input_names: Sequence[str] | None = None,
        output_names: Sequence[str] | None = None,
    ) -> None:
        is_file = isinstance(module, str | os.PathLike)
        self.name = os.fspath(module) if is_file else type(module).__name__
        self._module, self._examples = opened(module, example_inputs)
        self.inputs = names_of_inputs(self._module, self._examples, input_names)
        self._output_names = output_names
        examples = dict(zip(self.inputs, self._examples, strict=True))
        with evaluating(self._module):
            self.outputs = list(run_module(self._module, examples, output_names))

    def values(self, arrays: Mapping[str, np.ndarray]) -> Values:
        """What it computes, in the order in which it does.

        Raises:
            CompareError: the module does not take the inputs; with PyTorch's reason.
        """
        found = Values()
        pairs = zip(self.inputs, self._examples, strict=True)
        given = {name: torch.from_numpy(np.array(arrays[name])).to(example)
                 for name, example in pairs}  # fmt: skip
        with evaluating(self._module), _looked_at(self._module, found):
            try:
                outputs = run_module(self._module, given, self._output_names)
            except RuntimeError as reason:
                told = str(reason).strip().partition("\n")[0]
                raise CompareError(f"'{self.name}' does not take the inputs: {told}") from None
        for name, tensor in outputs.items():
            found.add(found.layers.get(name, name), name, _array(tensor))
        return found

    def random(self, seed: int) -> dict[str, np.ndarray] | None:
        """In the examples' shapes; the examples themselves where they are whole numbers."""
        rng = np.random.default_rng(seed)
        return {
            name: rng.normal(size=tuple(example.shape)).astype(np.float32)
            if example.is_floating_point()
            else _array(example)
            for name, example in zip(self.inputs, self._examples, strict=True)
        }


@contextmanager
def _looked_at(module: nn.Module, found: Values) -> Iterator[None]:
    """Within, what each inner module gives is kept; the first time, where it runs several times."""

    def keeping(name: str) -> Callable[[nn.Module, object, object], None]:
        def keep(_: nn.Module, inputs: object, output: object) -> None:
            if isinstance(output, Tensor) and name not in found.arrays:
                found.add(name, name, _array(output))

        return keep

    handles = [
        inner.register_forward_hook(keeping(name)) for name, inner in module.named_modules() if name
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _array(tensor: Tensor) -> np.ndarray:
    return np.asarray(tensor.detach().float().cpu().numpy())
