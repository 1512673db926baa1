"""Where data comes from: files that are not there, and shapes that a file alone has."""

from __future__ import annotations

import os
from collections.abc import Iterator

from minicaffe.layer import find_layer_class
from minicaffe.lint.diagnostic import Diagnostic, Severity
from minicaffe.lint.rules import Examined, rule


@rule("MC206", Severity.NOTE)
def data_not_there(examined: Examined) -> Iterator[Diagnostic]:
    """A file or database that a data layer or a solver's net names is not there.

    Names count from the folder in which minicaffe runs, as in Caffe.

    Found::

        layer { name: "data" type: "ImageData" top: "data" top: "label"
          image_data_param { source: "missing.txt" batch_size: 4 } }
        layer { name: "silence" type: "Silence" bottom: "data" bottom: "label" }

    Mended::

        layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 8 } } }
        layer { name: "silence" type: "Silence" bottom: "data" }
    """
    for net in examined.nets:
        for layer in net.graph.layers:
            source = find_layer_class(layer.type).source(layer.param)
            if source and "\0" not in source and not os.path.exists(source):
                yield net.remark(
                    layer,
                    f"the source '{source}' is not there, as seen from '{os.getcwd()}'",
                    "run in the folder from which it counts, or write its whole name",
                )


@rule("MC209", Severity.NOTE)
def sizes_not_known(examined: Examined) -> Iterator[Diagnostic]:
    """The size of what a data layer reads is in its file alone: windows and shapes after it are not
    checked.

    With ``crop_size``, an Input layer of the same blob in another state, or ``--shape`` they are
    checked without the file; with ``--data`` it is opened.

    Found::

        layer { name: "data" type: "Data" top: "data" top: "label"
          data_param { source: "db" batch_size: 4 } }
        layer { name: "silence" type: "Silence" bottom: "data" bottom: "label" }

    Mended::

        layer { name: "data" type: "Data" top: "data" top: "label"
          transform_param { crop_size: 24 } data_param { source: "db" batch_size: 4 } }
        layer { name: "silence" type: "Silence" bottom: "data" bottom: "label" }
    """
    for net in examined.nets:
        for layer in net.graph.layers:
            reads = not layer.bottoms and find_layer_class(layer.type).source(layer.param)
            if not reads or not layer.tops or layer.tops[0] in net.shapes:
                continue
            top = layer.tops[0].name
            yield net.remark(
                layer,
                f"the shape of '{top}' is in its file alone, so that the layers after it are not "
                "checked",
                f"say it with --shape {top}=N,C,H,W, or let the file be opened with --data",
                field=("type",),
            )
