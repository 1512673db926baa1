"""MatRead: blobs from MATLAB's files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.data.batch_reader import required_text
from minicaffe.data.mat_file import read_mat
from minicaffe.data.source import number_in
from minicaffe.errors import DataError, MinicaffeError, raised_by
from minicaffe.errors.reading import cannot_read
from minicaffe.files import open_to_read
from minicaffe.layer import Blobs, Layer, register
from minicaffe.proto import caffe_pb2

MatParameter = caffe_pb2.MatReadParameter | caffe_pb2.MatWriteParameter


@register("MatRead")
class MatReadLayer(Layer):
    """Reads the items of its tops from MATLAB's files, as :class:`MatWriteLayer` writes them.

    Item n of top i is the array ``data`` of the file ``prefix`` + name + ``_blob_i.mat``, an array
    of W×H×C in MATLAB, or of W×H×C×1; names follow each other in the order of ``source``, and begin
    again after the last. Without a source the names are iter_0, iter_1, …

    Shapes: no bottom; any number of tops (batch_size, C, H, W).

    Settings: ``mat_read_param``: prefix, required; source (a text file with a name on each line, up
    to the first blank), strip (0; characters to cut off the end of each name), batch_size (1).

    Gradients: none, as there are no bottoms.

    Raises:
        DataError: a setting is missing or wrong; a file cannot be read, or has no such
            array, or one of another size than the first.

    Source: mat_read_layer.cpp (hszhao/PSPNet), from DeepLab.
    """

    exact_bottoms = 0
    min_tops = 1

    @classmethod
    def source(cls, param: caffe_pb2.LayerParameter) -> str | None:
        return param.mat_read_param.source or None

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.mat_read_param
        yield from raised_by(required_text, param, "prefix")
        yield from names_mistakes(param)
        if param.batch_size < 1:
            yield DataError(f"batch_size is {param.batch_size}, expected at least 1")

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.mat_read_param
        self._names = listed_names(param) if param.source else None
        self._item = 0
        for number, blob in enumerate(top):
            blob.reshape(param.batch_size, *self._read(0, number).shape)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        pass  # the first file gives the tops their shapes

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        for place in range(self.param.mat_read_param.batch_size):
            if self._names is not None and self._item >= len(self._names):
                self._item = 0
            for number, blob in enumerate(top):
                values = self._read(self._item, number)
                if values.shape != blob.shape[1:]:
                    raise DataError(
                        f"'{self._file(self._item, number)}' has {shape_text(values.shape)} "
                        f"(C×H×W), the first file had {shape_text(blob.shape[1:])}; the same size "
                        "is expected"
                    )
                blob.data[place] = values
            self._item += 1

    def _file(self, item: int, top: int) -> str:
        name = f"iter_{item}" if self._names is None else self._names[item]
        return f"{self.param.mat_read_param.prefix}{name}_blob_{top}.mat"

    def _read(self, item: int, top: int) -> np.ndarray:
        path = self._file(item, top)
        values = read_mat(path, "data")
        shape = (*[1] * (4 - values.ndim), *values.shape)
        if len(shape) > 4 or shape[0] != 1:
            raise DataError(
                f"the array 'data' of '{path}' has shape {shape_text(values.shape[::-1])} in "
                "MATLAB; W×H×C, or W×H×C×1, is expected"
            )
        return values.reshape(shape[1:])

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        pass  # there are no bottoms

    def state(self) -> Mapping[str, object]:
        """The place in the list."""
        return {"item": self._item}

    def restore(self, state: Mapping[str, object]) -> None:
        """Read on from where ``state()`` was taken."""
        self._item = number_in(state, "item")


def names_mistakes(param: MatParameter) -> Iterator[MinicaffeError]:
    """What is wrong with the settings of names, whatever is in the list."""
    if param.strip < 0:
        yield DataError(f"strip is {param.strip}, expected at least 0")


def listed_names(param: MatParameter) -> list[str]:
    """The names in ``source``, with ``strip`` characters less.

    Raises:
        DataError: the file cannot be read, is empty, or a name is too short (says which).
    """
    try:
        with open_to_read(param.source) as stream:
            lines = stream.read().decode("utf-8", "surrogateescape").splitlines()
    except (OSError, ValueError) as reason:  # ValueError: the name holds a NUL
        raise cannot_read(param.source, reason, what="source") from reason
    names = []
    for number, line in enumerate(lines, 1):
        words = line.split()
        if words and len(words[0]) <= param.strip:
            raise DataError(
                f"'{param.source}', line {number}: strip: {param.strip} leaves nothing of "
                f"'{words[0]}'"
            )
        if words:
            names.append(words[0][: len(words[0]) - param.strip])
    if not names:
        raise DataError(f"source '{param.source}' is empty, expected a name on each line")
    return names
