"""The program of docs/detection.md that runs a Faster R-CNN gives the boxes that loops give."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minicaffe import TEST, Net
from minicaffe.proto.printing import to_text
from tests.layers.rpn import cut, moved, overlap
from tests.test_models_regions import narrow

DOC = Path(__file__).parents[2] / "docs" / "detection.md"


def program() -> str:
    """The first program of the section."""
    section = DOC.read_text(encoding="utf-8").partition("## Faster R-CNN, step by step")[2]
    block = re.search(r"(?:^    .*\n|^\n)+?(?=^\S)", section[section.index("    import") :], re.M)
    assert block is not None
    return textwrap.dedent(block[0])


def expected(names: dict[str, Any]) -> list[tuple[float, ...]]:
    """Boxes above 0.05, class by class without doubles above 0.3, from the net's blobs."""
    blobs, (height, width) = names["net"].blobs, (names["height"], names["width"])
    scale = names["scale"]
    found = []
    for label in range(1, 21):
        rows = []
        for index, roi in enumerate(blobs["rois"].data[:, 1:].astype(float) / scale):
            score = float(blobs["cls_prob"].data[index, label])
            offsets = blobs["bbox_pred"].data[index, 4 * label : 4 * label + 4].astype(float)
            if score > 0.05:
                rows.append((score, cut(moved(tuple(roi), offsets), height, width)))
        kept: list[tuple[float, tuple[float, ...]]] = []
        for score, box in sorted(rows, key=lambda row: -row[0]):
            if all(overlap(box, other) <= 0.3 for _, other in kept):
                kept.append((score, box))
        found += [(label, score, *box) for score, box in kept]
    return found


def test_the_program_finds_boxes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    image = pytest.importorskip("PIL.Image")
    monkeypatch.chdir(tmp_path)
    param = narrow("faster_rcnn_vgg16", "deploy.prototxt")
    for layer in param.layer:  # weights that find things, of class 7 mostly
        if layer.type in ("Convolution", "InnerProduct"):
            own = getattr(
                layer, {"C": "convolution_param", "I": "inner_product_param"}[layer.type[0]]
            )
            own.weight_filler.type = "xavier"
    with Net(param, TEST, seed=3) as net:
        net.params["cls_score"][1].data[7] = 4
        net.params["bbox_pred"][0].data[...] *= 0.1
        net.save("W.caffemodel")
    Path("deploy.prototxt").write_text(to_text(param), encoding="utf-8")
    pixels = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    image.fromarray(pixels).save("photo.png")
    names: dict[str, Any] = {}
    exec(compile(program(), str(DOC), "exec"), names)
    assert names["net"].blobs["data"].shape == (1, 3, 600, 800)
    assert names["net"].blobs["im_info"].data.tolist() == [[600, 800, 10]]
    want = expected(names)
    assert len(want) > 3
    np.testing.assert_allclose(names["boxes"], want, rtol=1e-4, atol=1e-3)
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == sum(row[1] > 0.8 for row in want)
