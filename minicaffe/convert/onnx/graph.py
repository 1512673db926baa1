"""An ONNX graph that is being written: its operators, and the arrays that they read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from minicaffe.convert.values import unused_name
from minicaffe.errors import require

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto

Attribute: TypeAlias = (
    "int | float | str | Sequence[int] | Sequence[float] | np.ndarray | GraphProto | None"
)

#: Constants with more values are not looked up among those that are there.
_SMALL = 64


class Graph:
    """Operators in order and the tensors that they read, each name used once.

    Args:
        opset: the version of ONNX's operators.

    Attributes:
        opset: that version.
        nodes: the operators.
        tensors: the initialisers by name, parameters and constants.
        domains: of the operators that are not ONNX's own.
    """

    def __init__(self, opset: int) -> None:
        self.opset = opset
        self.nodes: list[NodeProto] = []
        self.tensors: dict[str, np.ndarray] = {}
        self.domains: set[str] = set()
        self._taken: set[str] = set()
        self._nodes_taken: set[str] = set()
        self._constants: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self._shared: dict[tuple[object, ...], str] = {}

    def reserve(self, names: Iterable[str]) -> None:
        """Keep names for values that are written later."""
        self._taken.update(names)

    def fresh(self, wish: str) -> str:
        """A name that nothing has yet: the wish itself, or with a number after it."""
        return unused_name(wish, self._taken)

    def add(
        self,
        op_type: str,
        inputs: Sequence[str],
        outputs: Sequence[str],
        wish: str,
        **attributes: Attribute,
    ) -> None:
        """Append an operator, named as wished or with a number after it.

        Attributes that are None are left out. One called ``domain`` says whose operator it is.
        """
        helper = require("onnx.helper", extra="onnx", purpose="writing ONNX")
        given = {key: value for key, value in attributes.items() if value is not None}
        if "domain" in given:
            self.domains.add(str(given["domain"]))
        name = unused_name(wish, self._nodes_taken)
        self.nodes.append(helper.make_node(op_type, inputs, outputs, name=name, **given))

    def constant(self, values: ArrayLike, dtype: DTypeLike, wish: str) -> str:
        """The name of a tensor of these values; equal small ones are one tensor."""
        array = np.ascontiguousarray(np.asarray(values, dtype)).reshape(np.shape(values))
        if array.size > _SMALL:
            return self.tensor(wish, array)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            self._constants[key] = self.tensor(wish, array)
        return self._constants[key]

    def tensor(self, wish: str, array: np.ndarray, key: tuple[object, ...] = ()) -> str:
        """The name of an initialiser.

        Args:
            wish: its name, if nothing else has it.
            array: its values.
            key: tells tensors apart that may be asked for several times; () is asked for once.
        """
        if key and key in self._shared:
            return self._shared[key]
        name = self.fresh(wish)
        self.tensors[name] = array
        if key:
            self._shared[key] = name
        return name
