"""One layer of a net together with the blobs that it is connected to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from minicaffe.blob import Blob, shape_text
from minicaffe.errors import MemoryLimitError, MinicaffeError, ShapeError
from minicaffe.layer import Layer
from minicaffe.memory import only_read


@dataclass(eq=False)
class Node:
    """A layer in its place: what it reads, what it fills, whose gradient is wanted.

    Attributes:
        bottom_ids, top_ids: where the blobs stand in the net's list of blobs.
        propagate_down: for each bottom, whether ``backward`` computes its gradient.
        need_backward: whether ``backward`` runs at all.
        path, line: where the layer stands in its prototxt.
    """

    layer: Layer
    name: str
    path: str | None = None
    line: int | None = None
    bottoms: list[Blob] = field(default_factory=list)
    tops: list[Blob] = field(default_factory=list)
    bottom_names: list[str] = field(default_factory=list)
    top_names: list[str] = field(default_factory=list)
    bottom_ids: list[int] = field(default_factory=list)
    top_ids: list[int] = field(default_factory=list)
    propagate_down: list[bool] = field(default_factory=list)
    need_backward: bool = False
    losses: list[Blob] = field(default_factory=list)
    _shapes: list[tuple[int, ...]] = field(default_factory=list)

    @contextmanager
    def located(self) -> Iterator[None]:
        """Tell errors that pass through where this layer stands."""
        try:
            yield
        except MinicaffeError as error:
            raise self._locate(error) from error.__cause__
        except MemoryError as error:
            raise self._locate(_out_of_memory(error)) from error

    def _locate(self, error: MinicaffeError) -> MinicaffeError:
        return error.locate(
            path=self.path, line=self.line, layer=self.name, layer_type=self.layer.type
        )

    def setup(self) -> None:
        """Let the layer check itself, make its parameters and shape its tops."""
        with self.located():
            self.layer.check_blob_counts(len(self.bottoms), len(self.tops))
            self.layer.check_loss_weights(len(self.tops))
            self.layer.setup(self.bottoms, self.tops)
            self.losses = [
                top for index, top in enumerate(self.tops) if self.layer.loss_weight(index)
            ]
        self.reshape()
        for index, top in enumerate(self.tops):
            if self.layer.loss_weight(index):
                top.diff[...] = self.layer.loss_weight(index)

    def reshape(self) -> None:
        """Let the layer shape its tops; a loss's weight stays in its top's diff."""
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
        with self.located():
            layer.forward(self.bottoms, self.tops)
        loss = 0.0
        for top in self.losses:
            loss += float(np.vdot(top.data, top.diff))
        return loss

    @property
    def foreign(self) -> bool:
        """Whether the layer's class is from outside of this package; it may do what it likes."""
        layer = self.layer
        return layer.type == "Python" or not type(layer).__module__.startswith("minicaffe.layers.")

    @property
    def repeatable(self) -> bool:
        """Whether another forward of the same values makes the same tops and changes nothing."""
        return self.layer.repeatable and not self.foreign

    def forward_again(self) -> None:
        """Fill the tops as the last forward did: parameters that a forward changes (a BatchNorm's
        statistics) count a batch once."""
        blobs = self.layer.blobs
        with only_read([blob.data_memory for blob in blobs]):
            kept = [blob.data.copy() for blob in blobs]
            self.forward()
            for blob, values in zip(blobs, kept, strict=True):
                blob.data[...] = values

    def backward(self) -> None:
        """Fill the bottoms' diffs and add to the parameters' diffs."""
        with self.located():
            self.layer.backward(self.tops, self.propagate_down, self.bottoms)


def _out_of_memory(error: MemoryError) -> MemoryLimitError:
    reason = f" ({error})" if str(error) else ""
    return MemoryLimitError(
        f"there is not enough memory{reason}; make the batch or the layer smaller"
    )
