"""One layer of a net together with the blobs that it is connected to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy as shallow_copy
from dataclasses import dataclass, field

import numpy as np

from minicaffe.blob import Blob, BlobVec, shape_text
from minicaffe.errors import GraphError, LayerFault, MemoryLimitError, MinicaffeError, ShapeError
from minicaffe.layer import Layer, Runs
from minicaffe.layers.utility.python import PythonLayer
from minicaffe.syncedmem import only_read


@dataclass(eq=False)
class Edge:
    """A blob as a layer reads it, or fills it; layers that share a blob have an edge each.

    Attributes:
        blob: the blob.
        id: its number in the net's list of blobs.
        propagate: of a bottom, whether ``backward`` computes its gradient.
    """

    blob: Blob
    id: int
    propagate: bool = False


@dataclass(eq=False)
class Node:
    """A layer in its place: what it reads, what it fills, whose gradient is wanted.

    Attributes:
        bottom_edges, top_edges: what it reads and fills, in the prototxt's order.
        need_backward: whether ``backward`` runs at all.
        kept_bottoms, kept_tops: the numbers of those whose values ``backward`` needs as they were
            before, or after, this layer's forward, though a layer overwrites them.
        path, line: the layer's place in its prototxt.
        kernel: what runs the layer.
    """

    layer: Layer
    name: str
    path: str | None = None
    line: int | None = None
    bottom_edges: list[Edge] = field(default_factory=list)
    top_edges: list[Edge] = field(default_factory=list)
    need_backward: bool = False
    losses: list[Blob] = field(default_factory=list)
    kept_bottoms: list[int] = field(default_factory=list)
    kept_tops: list[int] = field(default_factory=list)
    _kept_bottoms: dict[int, Blob] = field(default_factory=dict)
    _kept_tops: dict[int, Blob] = field(default_factory=dict)
    kernel: Runs = field(init=False)
    _shapes: list[tuple[int, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.kernel = self.layer

    @property
    def bottoms(self) -> list[Blob]:
        """The blobs that the layer reads, as its forward and backward take them."""
        return [edge.blob for edge in self.bottom_edges]

    @property
    def tops(self) -> list[Blob]:
        """The blobs that the layer fills, as its forward and backward take them."""
        return [edge.blob for edge in self.top_edges]

    @property
    def propagate_down(self) -> list[bool]:
        """For each bottom, whether ``backward`` computes its gradient."""
        return [edge.propagate for edge in self.bottom_edges]

    @property
    def wanted_bottoms(self) -> list[Blob]:
        """The bottoms whose gradients ``backward`` computes."""
        return [edge.blob for edge in self.bottom_edges if edge.propagate]

    @property
    def bottom_names(self) -> list[str]:
        """The names of the blobs that the layer reads."""
        return [blob.name for blob in self.bottoms]

    @property
    def top_names(self) -> list[str]:
        """The names of the blobs that the layer fills."""
        return [blob.name for blob in self.tops]

    @contextmanager
    def located(self) -> Iterator[None]:
        """Add this layer's place to errors that pass through."""
        try:
            yield
        except MinicaffeError as error:
            raise self._locate(error) from error.__cause__
        except MemoryError as error:
            raise self._locate(_out_of_memory(error)) from error
        except Exception as error:
            if not _raised_here(error):
                raise  # by a program's own code, which knows what to do with it
            raise self._locate(self._fault(error)) from error

    def _fault(self, error: Exception) -> LayerFault:
        """What is known of an exception that no layer should raise."""
        blobs = {"bottoms": self.bottoms, "tops": self.tops}
        shapes = "; ".join(
            f"{kind} " + ", ".join(f"'{blob.name}' ({shape_text(blob.shape)})" for blob in found)
            for kind, found in blobs.items() if found
        )  # fmt: skip
        what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return LayerFault(f"{what}; {shapes}; this is a fault of minicaffe: please report it")

    def _locate(self, error: MinicaffeError) -> MinicaffeError:
        return error.locate(
            path=self.path, line=self.line, layer=self.name, layer_type=self.layer.type
        )

    def setup(self) -> None:
        """Let the layer check itself, make its parameters and shape its tops."""
        with self.located():
            self.layer.check_blob_counts(len(self.bottoms), len(self.tops))
            self.layer.check_loss_weights(len(self.tops))
            self.layer.check_places(self.bottoms, self.tops)
            for mistake in self.layer.param_mistakes():
                raise mistake
            self.layer.setup(self.bottoms, self.tops)
            self.losses = [
                top for index, top in enumerate(self.tops) if self.layer.loss_weight(index)
            ]
        self.reshape()
        for index, top in enumerate(self.tops):
            if self.layer.loss_weight(index):
                top.diff[...] = self.layer.loss_weight(index)

    def reshape(self) -> None:
        """Let the layer shape its tops; a loss's weight stays in its top's diff.

        Raises:
            ShapeError: by the layer; or it runs in place and gives its bottom another shape.
        """
        self._shapes = []  # a layer that refuses may have taken half of it over
        with self.located():
            before = [blob.shape for blob in self.bottoms]
            self.layer.reshape(self.bottoms, self.tops)
            for blob, shape in zip(self.bottoms, before, strict=True):
                if blob.shape != shape:
                    raise ShapeError(
                        f"this layer cannot run in place: it makes {shape_text(blob.shape)} of "
                        f"{shape_text(shape)}; give its top another name"
                    )
        self._shapes = self._current_shapes()
        for index, top in enumerate(self.tops):
            if self.layer.loss_weight(index) and not top.diff_memory.allocated:  # it grew
                top.diff[...] = self.layer.loss_weight(index)

    def reshape_if_needed(self) -> None:
        """Reshape when a blob's shape is not what it was after the last time."""
        if not self.up_to_date:
            self.reshape()

    @property
    def up_to_date(self) -> bool:
        """Whether the blobs' shapes are what they were after the last reshape."""
        return self._shapes == self._current_shapes()

    def _current_shapes(self) -> list[tuple[int, ...]]:
        return [blob.shape for blob in self.bottoms] + [blob.shape for blob in self.tops]

    def forward(self) -> float:
        """Fill the tops; returns what the layer adds to the loss (Σ top · weight)."""
        layer = self.layer
        if layer.reshapes_always:
            self.reshape()
        else:
            self.reshape_if_needed()
        for index in self.kept_bottoms:
            self._keep(self._kept_bottoms, index, self.bottoms[index])
        with self.located():
            self.kernel.forward(self.bottoms, self.tops)
        for index in self.kept_tops:
            self._keep(self._kept_tops, index, self.tops[index])
        loss = 0.0
        for top in self.losses:
            loss += float(np.vdot(top.data, top.diff))
        return loss

    @property
    def in_place(self) -> bool:
        """Whether it overwrites one of its bottoms."""
        return any(top is bottom for top in self.tops for bottom in self.bottoms)

    @property
    def foreign(self) -> bool:
        """Whether the layer's class is from outside of this package; it may do what it likes."""
        layer = self.layer
        ours = type(layer).__module__.startswith("minicaffe.layers.")
        return isinstance(layer, PythonLayer) or not ours

    @property
    def repeatable(self) -> bool:
        """Whether another forward of the same values makes the same tops and changes nothing."""
        return self.layer.repeatable and not self.foreign

    def forward_again(self) -> None:
        """Fill the tops as the last forward did."""
        with self._counting_once():
            self.forward()

    def forward_apart(
        self, bottoms: list[Blob], tops: list[Blob], values: Sequence[np.ndarray]
    ) -> None:
        """Fill these tops of these bottoms, as the layer did with its own.

        Args:
            values: what the parameters were then, each flat.
        """
        layer = shallow_copy(self.layer)
        layer.blobs = BlobVec(self.layer.dtype)
        for blob, then in zip(self.layer.blobs, values, strict=True):
            layer.blobs.add_blob(blob.shape).data[...] = then[: blob.count].reshape(blob.shape)
        with self.located():
            if self._shapes != [blob.shape for blob in (*bottoms, *tops)]:
                self._shapes = []  # the layer looks at its own before the next forward
                layer.reshape(bottoms, tops)
            layer.forward(bottoms, tops)

    @contextmanager
    def _counting_once(self) -> Iterator[None]:
        """Within, what a forward changes of parameters (a BatchNorm's statistics) is not kept."""
        blobs = self.layer.blobs
        memories = [blob.data_memory for blob in blobs]
        with only_read(memories):
            before = [blob.data.copy() for blob in blobs]
        try:
            yield
        finally:
            with only_read(memories):
                for blob, values in zip(blobs, before, strict=True):
                    blob.data[...] = values

    def backward(self) -> None:
        """Fill the bottoms' diffs and add to the parameters' diffs."""
        tops, bottoms = self._as_kept()
        with self.located():
            self.kernel.backward(tops, self.propagate_down, bottoms)

    def _as_kept(self) -> tuple[list[Blob], list[Blob]]:
        """Tops and bottoms with the values that were kept of some, and their own gradients."""
        if not (self._kept_tops or self._kept_bottoms):
            return self.tops, self.bottoms
        after = {self.tops[index]: copy for index, copy in self._kept_tops.items()}
        before = {self.bottoms[index]: copy for index, copy in self._kept_bottoms.items()}
        for blob, copy in (*after.items(), *before.items()):
            if copy.shape == blob.shape:
                copy.share_diff(blob)
            else:  # a program has reshaped it since
                after.pop(blob, None)
                before.pop(blob, None)
        tops = [after.get(blob, blob) for blob in self.tops]
        return tops, [before.get(blob, after.get(blob, blob)) for blob in self.bottoms]

    @staticmethod
    def _keep(copies: dict[int, Blob], index: int, blob: Blob) -> None:
        copy = copies.setdefault(index, Blob(dtype=blob.dtype, name=blob.name))
        copy.reshape_like(blob)
        with only_read([blob.data_memory]):
            np.copyto(copy.data, blob.data)


def _raised_here(error: Exception) -> bool:
    """Whether an exception comes from minicaffe's or numpy's code: a program's, and handlers of
    signals, raise what they like."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    module = trace.tb_frame.f_globals.get("__name__", "") if trace is not None else ""
    return module.partition(".")[0] in ("minicaffe", "numpy")


def _out_of_memory(error: MemoryError) -> MemoryLimitError:
    reason = f" ({error})" if str(error) else ""
    return MemoryLimitError(
        f"there is not enough memory{reason}; make the batch or the layer smaller"
    )


class LastForward:
    """Which layers have run forward, and which shapes the blobs had then.

    Many layers keep something from forward for their gradients; those that do not may run
    backward without it. So this is asked only when a backward has failed.
    """

    def __init__(self) -> None:
        self._layers: set[int] = set()
        self._shapes: list[tuple[int, ...]] = []

    def note(self, start: int, end: int, blobs: Sequence[Blob]) -> None:
        """The layers ``start`` to ``end`` have run; ``blobs`` are all of the net's."""
        self._layers.update(range(start, end + 1))
        self._shapes = [blob.shape for blob in blobs]

    def missing(self, nodes: Sequence[Node], first: int) -> GraphError | None:
        """Why a backward failed that no forward of these shapes came before; None if one did.

        Args:
            nodes: the layers that ran backward, in the net's order.
            first: the number of the first of them.
        """
        for index, node in reversed(list(enumerate(nodes, first))):
            edges = (*node.bottom_edges, *node.top_edges)
            if index not in self._layers:
                what = "has not run forward yet"
            elif any(self._shapes[edge.id] != edge.blob.shape for edge in edges):
                what = "has other shapes than in the last forward"
            else:
                continue
            return GraphError(
                f"layer '{node.name}' {what}, and backward needs what that leaves: call forward() "
                "first",
                path=node.path,
                line=node.line,
            )
        return None
