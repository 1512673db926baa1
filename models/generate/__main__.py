"""Write the generated prototxt files; ``python -m models.generate [NAME ...]``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from minicaffe.errors import did_you_mean
from minicaffe.files import write_beside

from . import (
    alexnet,
    bn_inception,
    densenet,
    faster_rcnn,
    fcn,
    googlenet,
    mobilenet,
    mtcnn,
    pspnet,
    regions,
    resnet,
    rfcn,
    segmentation,
    segnet,
    senet,
    shufflenet,
    squeezenet,
    ssd,
    vgg,
    yolov3,
)
from .imagenet import Model, files

_FAMILIES = (
    alexnet, vgg, googlenet, bn_inception, resnet, densenet, squeezenet, mobilenet, senet,
    shufflenet,
)  # fmt: skip

#: The networks that label every pixel.
SEGMENTATION = {model.folder: model for family in (segnet, pspnet, fcn) for model in family.MODELS}

MODELS: dict[str, Model] = {model.folder: model for family in _FAMILIES for model in family.MODELS}


def main(arguments: Sequence[str]) -> int:
    """Write the files of the networks that are named, or of all; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m models.generate", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="networks; by default all")
    names = parser.parse_args(arguments).names
    texts = {name: partial(files, model) for name, model in MODELS.items()}
    texts |= {name: partial(segmentation.files, model) for name, model in SEGMENTATION.items()}
    texts |= {model.folder: partial(ssd.files, model) for model in ssd.MODELS}
    texts |= {model.folder: partial(yolov3.files, model) for model in yolov3.MODELS}
    texts |= {stage.folder: partial(mtcnn.files, stage) for stage in mtcnn.MODELS}
    for family in (faster_rcnn, rfcn):
        texts |= {model.folder: partial(regions.files, model) for model in family.MODELS}
    for name in names:
        if name not in texts:
            print(f"error: no network '{name}'{did_you_mean(name, texts)}", file=sys.stderr)
            return 1
    for name in names or texts:
        folder = Path(__file__).parents[1] / name
        folder.mkdir(exist_ok=True)
        for file, text in texts[name]().items():
            with write_beside(folder / file) as beside:
                beside.write_bytes(text.encode("utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
