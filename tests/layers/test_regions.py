"""What the rows of cases/regions.py do not show: refusals, odd values, and dialects."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from minicaffe import TEST, Net
from minicaffe.errors import (
    DataError,
    GraphError,
    MemoryLimitError,
    MinicaffeError,
    ShapeError,
)
from minicaffe.layers.detection.roi_align import ROIAlign
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import Origin, Reading
from minicaffe.proto.text_format import parse
from tests.layers.cases.regions import regions
from tests.layers.harness import Case, Rig, distinct

SIZE = "pooled_h: 2 pooled_w: 2"
NAN, INF = float("nan"), float("inf")


def rig(type_: str, param: str, *rows: tuple[float, ...], dtype: type = np.float64) -> Rig:
    """A layer over two maps of 6×8 and some regions."""
    channels = 12 if type_.startswith("PS") else 3
    values = [distinct, regions(*rows)]
    return Rig(Case(type_, param, [(2, channels, 6, 8), (len(rows), 5)], values), dtype=dtype)


@pytest.mark.parametrize(
    ("type_", "param", "shapes", "error", "says"),
    [
        ("ROIPooling", "roi_pooling_param { }", [(1, 1, 4, 4), (1, 5)], GraphError,
         "pooled_h is missing or 0"),
        ("ROIPooling", "roi_pooling_param { pooled_h: 2 }", [(1, 1, 4, 4), (1, 5)], GraphError,
         "pooled_w is missing or 0"),
        ("ROIPooling", "roi_pooling_param { pooled_size: 0 }", [(1, 1, 4, 4), (1, 5)], GraphError,
         "pooled_h is missing or 0"),
        ("ROIPooling", "roi_pooling_param { pooled_size: [2, 2, 2] }", [(1, 1, 4, 4), (1, 5)],
         GraphError, "pooled_size has 3 numbers"),
        ("ROIPooling", f"roi_pooling_param {{ {SIZE} }}", [(1, 4, 4), (1, 5)], ShapeError,
         "bottom 0 has shape 1×4×4; four axes"),
        ("ROIPooling", f"roi_pooling_param {{ {SIZE} }}", [(1, 1, 4, 4), (3, 4)], ShapeError,
         "bottom 1 has shape 3×4; expected regions (R, 5)"),
        ("ROIPooling", f"roi_pooling_param {{ {SIZE} }}", [(1, 1, 4, 4), ()], ShapeError,
         "expected regions (R, 5)"),
        ("ROIPooling", f"roi_pooling_param {{ {SIZE} spatial_scale: nan }}", [(1, 1, 4, 4), (1, 5)],
         GraphError, "spatial_scale is nan; expected a finite number other than 0"),
        ("ROIPooling", f"roi_pooling_param {{ {SIZE} pad_ratio: inf }}", [(1, 1, 4, 4), (1, 5)],
         GraphError, "pad_ratio is inf"),
        ("ROIAlign", f"roi_pooling_param {{ {SIZE} spatial_scale: 0 bi_type: 1 }}",
         [(1, 1, 4, 4), (1, 5)], GraphError, "spatial_scale is 0; expected"),
        ("PSROIPooling", "psroi_pooling_param { output_dim: 1 group_size: 2 spatial_scale: inf }",
         [(1, 4, 4, 4), (1, 5)], GraphError, "spatial_scale is inf"),
        ("PSROIPooling", "psroi_pooling_param { output_dim: 0 group_size: 2 spatial_scale: 1 }",
         [(1, 4, 4, 4), (1, 5)], GraphError, "output_dim is 0; expected at least 1"),
        ("PSROIPooling", "psroi_pooling_param { output_dim: 1 group_size: -2 spatial_scale: 1 }",
         [(1, 4, 4, 4), (1, 5)], GraphError, "group_size is -2; expected at least 1"),
        ("PSROIPooling", "psroi_pooling_param { output_dim: 2 group_size: 2 spatial_scale: 1 }",
         [(1, 4, 4, 4), (1, 5)], ShapeError,
         "bottom 0 has 4 channels (shape 1×4×4×4); expected 8: output_dim 2 times group_size 2"),
        ("PSROIPooling", "psroi_pooling_param { output_dim: 1 group_size: 2 spatial_scale: 1 }",
         [(1, 4, 4, 4), (1, 6)], ShapeError, "bottom 1 has shape 1×6; expected regions (R, 5)"),
        ("ROIAlign", "", [(1, 1, 4, 4), (1, 5)], GraphError, "pooled_h is missing or 0"),
        ("ROIAlign", "roi_align_param { pooled_h: 2 }", [(1, 1, 4, 4), (1, 5)], GraphError,
         "pooled_w is missing or 0"),
        ("ROIAlign", f"roi_align_param {{ {SIZE} sampling_ratio: 2 }}", [(1, 1, 4, 4), (1, 5)],
         GraphError, "sampling_ratio is given, so this is Detectron's ROIAlign"),
        ("ROIAlign", f"roi_align_param {{ {SIZE} }} roi_pooling_param {{ {SIZE} }}",
         [(1, 1, 4, 4), (1, 5)], GraphError, "keep one"),
        ("ROIAlign", f"roi_align_param {{ {SIZE} }}", [(1, 4, 4), (1, 5)], ShapeError,
         "bottom 0 has shape 1×4×4; four axes"),
    ],
)  # fmt: skip
def test_refused(
    type_: str,
    param: str,
    shapes: list[tuple[int, ...]],
    error: type[MinicaffeError],
    says: str,
) -> None:
    with pytest.raises(error) as caught:
        Rig(Case(type_, param, shapes))
    assert says in str(caught.value)


POOLING = [
    ("ROIPooling", f"roi_pooling_param {{ {SIZE} }}"),
    ("PSROIPooling", "psroi_pooling_param { output_dim: 3 group_size: 2 spatial_scale: 1 }"),
    ("ROIAlign", "roi_pooling_param { pooled_h: 1 pooled_w: 1 }"),
    ("ROIAlign", f"roi_align_param {{ {SIZE} }}"),
    ("ROIAlign", f"roi_pooling_param {{ {SIZE} bi_type: 1 }}"),
]
every = pytest.mark.parametrize(("type_", "param"), POOLING, ids=str)


@every
@pytest.mark.parametrize("image", [2, -1, NAN, INF, 1e30])
def test_a_region_of_no_image_is_named(type_: str, param: str, image: float) -> None:
    layer = rig(type_, param, (0, 1, 1, 5, 5), (image, 1, 1, 5, 5))
    with pytest.raises(DataError, match=r"region 1 of bottom 1 is of image .* only the images 0"):
        layer.forward()


@every
def test_a_corner_that_is_not_a_number_gives_zeros(type_: str, param: str) -> None:
    rows = [(0.0, 1.0, 1.0, 5.0, 5.0)] * 5
    for corner in range(1, 5):
        row = list(rows[0])
        row[corner] = NAN
        rows[corner] = tuple(row)  # type: ignore[call-overload]
    layer = rig(type_, param, *rows)
    [top] = layer.forward()
    assert top[0].any()
    assert not top[1:].any()
    layer.backward()
    assert np.isfinite(layer.bottom[0].diff).all()


@every
@pytest.mark.parametrize("scale", ["3e38", "-3e38", "1e-38"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_any_finite_scale_is_taken(type_: str, param: str, scale: str, dtype: str) -> None:
    given = param.replace(" spatial_scale: 1", "").replace(" }", f" spatial_scale: {scale} }}")
    layer = rig(type_, given, (0, 1, 1, 5, 5), (1, -1e9, 2, 1e30, 3), dtype=np.dtype(dtype).type)
    [top] = layer.forward()
    assert np.isfinite(top).all()
    layer.backward()
    assert np.isfinite(layer.bottom[0].diff).all()


@pytest.mark.parametrize(
    ("type_", "param"),
    [
        ("ROIPooling", "roi_pooling_param { pooled_h: 20000 pooled_w: 20000 spatial_scale: 1 }"),
        ("ROIAlign", "roi_align_param { pooled_h: 2000 pooled_w: 2000 }"),
    ],
)
def test_parts_that_take_too_much_memory_are_refused(type_: str, param: str) -> None:
    inputs = ALIGN[: ALIGN.index('layer { name: "p"')]
    text = (
        f'{inputs} layer {{ name: "p" type: "{type_}" bottom: "x" bottom: "r" top: "p" {param} }}'
    )
    net = caffe_pb2.NetParameter()
    parse(text, net, "")
    with pytest.raises(MemoryLimitError, match=f"layer 'p' .{type_}"):
        Net(net, TEST, max_memory=2**20)


@every
def test_huge_regions_are_cut_to_the_map(type_: str, param: str) -> None:
    far = (0, -INF, -1e38, 3e38, INF), (1, -1e9, -1e9, 1e9, 1e9)
    layer = rig(type_, param, *far)
    [top] = layer.forward()
    assert np.isfinite(top).all()
    layer.backward()
    assert np.isfinite(layer.bottom[0].diff).all()


@every
def test_without_regions_there_is_nothing(type_: str, param: str) -> None:
    layer = rig(type_, param)
    [top] = layer.forward()
    assert top.shape == (0, 3, 2, 2)
    layer.backward()
    assert not layer.bottom[0].diff.any()


def test_the_largest_is_not_nan_and_the_first_of_equals_gets_the_gradient() -> None:
    layer = rig("ROIPooling", f"roi_pooling_param {{ {SIZE} }}", (0, 0, 0, 3, 3))
    x = layer.bottom[0].data
    x[...] = 1
    x[0, 0, 0, 0] = NAN
    x[0, 1, :2, :2] = NAN
    x[0, 2, :2, :2] = -INF
    [top] = layer.forward()
    lowest = -float(np.finfo(np.float32).max)
    np.testing.assert_array_equal(top[0, :, 0, 0], [1, lowest, lowest])
    assert (top[0].reshape(3, 4)[:, 1:] == 1).all()
    layer.backward()
    dx, dy = layer.bottom[0].diff[0], layer.weights[0][0]
    assert dx[0, 0, 1] == dy[0, 0, 0]
    assert dx[0, 0, 2] == dy[0, 0, 1]
    assert dx[0, 2, 0] == dy[0, 1, 0]
    assert not dx[1:, :2, :2].any()


def test_borders_are_those_of_float32() -> None:
    """In float32 7 · (20 / 7) is above 20, and the last part has a pixel more than it has by the
    formula; Caffe computes so, and so do all that were trained with it."""
    size = next(n for n in range(2, 60) if np.ceil(np.float32(7) * (np.float32(n) / 7)) > n)
    case = Case("ROIPooling", "roi_pooling_param { pooled_h: 1 pooled_w: 7 }",
                [(1, 1, 1, 70), (1, 5)],
                [lambda rng, shape: np.arange(70.0).reshape(shape),
                 regions((0, 0, 0, size - 1, 0))])  # fmt: skip
    ends = {dtype: Rig(case, dtype=dtype).forward()[0][0, 0, 0, 6] for dtype in (float, "float32")}
    assert ends["float32"] == size
    assert ends[float] == size - 1


NET = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: [1, 1, 4, 8] } } }
layer { name: "r" type: "Input" top: "r" input_param { shape { dim: [1, 5] } } }
layer { name: "p" type: "ROIPooling" bottom: "x" bottom: "r" top: "p"
        roi_pooling_param { pooled_h: 1 pooled_w: 1 %s } }
"""


@pytest.mark.parametrize(
    ("scale", "dialect", "largest", "note"),
    [
        ("", None, 1, "because spatial_scale is missing; --dialect"),
        ("", "jolibrain", 14, "because the dialect was asked for"),
        ("spatial_scale: -1", None, 14, "because spatial_scale is negative"),
        ("spatial_scale: 1", None, 1, ""),
        ("spatial_scale: 1", "jolibrain", 1, ""),
    ],
)
def test_whose_default_scale_it_is(
    scale: str, dialect: str | None, largest: float, note: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    param = caffe_pb2.NetParameter()
    parse(NET % scale, param, "")
    net = Net(param, TEST, dialect=dialect)
    net.blobs["x"].data[...] = np.arange(32).reshape(1, 1, 4, 8)
    net.blobs["r"].data[...] = [[0, 0.1, 0.1, 0.7, 0.3]]  # or 0.8, 0.4, 5.6, 1.2
    assert net.forward()["p"].item() == largest
    told = [record.message for record in caplog.records if "type ROIPooling" in record.message]
    assert len(told) == bool(note)
    assert all(note in message for message in told)


ALIGN = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: [1, 1, 4, 8] } } }
layer { name: "r" type: "Input" top: "r" input_param { shape { dim: [1, 5] } } }
layer { name: "p" type: "ROIAlign" bottom: "x" bottom: "r" top: "p" %s { pooled_h: 1 pooled_w: 1 } }
"""


@pytest.mark.parametrize(
    ("message", "dialect", "shape", "note"),
    [
        ("roi_pooling_param", None, (1, 1, 2, 2), "Cascade R-CNN (zhaoweicai/cascade-rcnn), becau"),
        (
            "roi_pooling_param",
            "mscnn",
            (1, 1, 2, 2),
            "MS-CNN (zhaoweicai/mscnn), because",
        ),
        ("roi_align_param", None, (1, 1, 1, 1), "because `roi_align_param` is given"),
        ("roi_align_param", "cascade-rcnn", (1, 1, 2, 2), "because the dialect was asked for"),
        ("roi_pooling_param", "mask-rcnn", (1, 1, 1, 1), "because the dialect was asked for"),
        ("roi_pooling_param", "frcnn", (1, 1, 1, 1), "because the dialect was asked for"),
    ],
)
def test_whose_alignment_it_is(
    message: str,
    dialect: str | None,
    shape: tuple[int, ...],
    note: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    param = caffe_pb2.NetParameter()
    parse(ALIGN % message, param, "")
    assert Net(param, TEST, dialect=dialect).blobs["p"].shape == shape
    [told] = [record.message for record in caplog.records if "type ROIAlign" in record.message]
    assert note in told


def test_frcnns_alignment_is_told_by_the_layers_beside_it() -> None:
    param = caffe_pb2.LayerParameter(type="ROIAlign")
    param.roi_pooling_param.pooled_h = 1
    origin = Origin(types=frozenset({"ROIAlign", "FrcnnProposal"}))
    reading = ROIAlign.reading_of(param, origin)
    assert reading == Reading("frcnn", "the net has FrcnnProposal layers")
    assert ROIAlign.class_for(param, reading).__name__ == "FrcnnROIAlign"
