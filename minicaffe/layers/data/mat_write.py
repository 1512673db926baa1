"""MatWrite: blobs into MATLAB's files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from minicaffe.data.batch_reader import required_text
from minicaffe.data.mat_file import write_mat
from minicaffe.data.source import number_in
from minicaffe.errors import DataError, MinicaffeError, raised_by
from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.data.mat_read import listed_names, names_mistakes
from minicaffe.proto import caffe_pb2


@register("MatWrite")
class MatWriteLayer(Layer):
    """Writes its bottoms into MATLAB's files, a file a bottom in each forward.

    Forward t writes bottom i as the array ``data`` of the file ``prefix`` + name +
    ``_blob_i.mat``, where name is line t of ``source``, or iter_t without one. In MATLAB a blob
    (N, C, H, W) is an array of W×H×C×N, of class single. Folders must be there.

    Shapes: bottoms of at most 4 axes. No top.

    Settings: ``mat_write_param``: prefix, required; source (a text file with a name on each line,
    up to the first blank), strip (0; characters to cut off the end of each name), period (1; write
    only in every so many forwards).

    Gradients: none: nothing depends on what is written.

    Raises:
        DataError: a setting is missing or wrong; there are more forwards than names; a file cannot
            be written, or writing is not allowed.
        ShapeError: a bottom has more than 4 axes.

    Source: mat_write_layer.cpp (hszhao/PSPNet), from DeepLab.
    """

    measures = True
    writes_files = True
    min_bottoms = 1
    exact_tops = 0
    backward_reads = ()

    @classmethod
    def opens_files(cls, param: caffe_pb2.LayerParameter) -> bool:
        return True

    @classmethod
    def source(cls, param: caffe_pb2.LayerParameter) -> str | None:
        return param.mat_write_param.source or None

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.mat_write_param
        yield from raised_by(required_text, param, "prefix")
        yield from names_mistakes(param)
        if param.period < 1:
            yield DataError(f"period is {param.period}, expected at least 1")

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.mat_write_param
        self._names = listed_names(param) if param.source else None
        self._forward = 0

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        for blob in bottom:
            blob.legacy_shape(0)  # refuses more than 4 axes

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        param, number = self.param.mat_write_param, self._forward
        if number % param.period == 0:
            if not self.limits.allow_python_layers:
                raise DataError(
                    f"this layer writes files '{param.prefix}…', which is not allowed here; where "
                    "you trust the net, leave out --untrusted or set allow_python_layers=True"
                )
            if self._names is not None and number >= len(self._names):
                raise DataError(
                    f"forward number {number + 1}, but '{param.source}' names only "
                    f"{len(self._names)} files; run fewer iterations, or name more files"
                )
            name = f"iter_{number}" if self._names is None else self._names[number]
            for index, blob in enumerate(bottom):
                shape = [blob.legacy_shape(axis) for axis in range(4)]
                values = np.reshape(blob.data, shape)
                write_mat(f"{param.prefix}{name}_blob_{index}.mat", "data", values)
        self._forward += 1

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        pass  # nothing depends on what is written

    def state(self) -> Mapping[str, object]:
        """How many forwards there have been."""
        return {"forward": self._forward}

    def restore(self, state: Mapping[str, object]) -> None:
        """Go on from where ``state()`` was taken."""
        self._forward = number_in(state, "forward")
