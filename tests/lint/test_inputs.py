"""What lint knows of shapes that a file alone has: crop_size, Inputs elsewhere, --shape, --data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from minicaffe import cli
from minicaffe.data.backends import write_datums
from minicaffe.errors import GraphError
from minicaffe.io.arrays import array_to_datum
from minicaffe.lint import LintOptions, lint_file

DATA = """layer { name: "data" type: "Data" top: "data" top: "label" %s
  data_param { source: "db" batch_size: 2 backend: LMDB } }
"""
CROP = DATA % "transform_param { crop_size: 6 }"
INPUT = """layer { name: "input" type: "Input" top: "data" include { stage: "deploy" }
  input_param { shape { dim: 1 dim: %d dim: 6 dim: 6 } } }
"""
ELSEWHERE = DATA % 'exclude { stage: "deploy" }'
CONV = """layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
  convolution_param { num_output: 4 %s weight_filler { type: "xavier" } } }
"""
WIDE, FITS = CONV % "kernel_size: 9", CONV % "kernel_size: 3"
FIT_GREY = """layer { name: "r" type: "Reshape" bottom: "data" top: "r"
  reshape_param { shape { dim: 0 dim: 36 } } }
"""
LOSS = """layer { name: "loss" type: "SoftmaxWithLoss" bottom: "conv" bottom: "label" }
"""


@pytest.fixture(autouse=True)
def in_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def found(text: str, options: LintOptions | None = None) -> list[str]:
    """The codes and layers of errors, and MC209."""
    Path("net.prototxt").write_text(text, encoding="utf-8")
    told = lint_file("net.prototxt", options)
    return [
        f"{d.code} {d.told.partition(chr(39))[2].partition(chr(39))[0]}"
        for d in told
        if d.severity.value == "error" or d.code == "MC209"
    ]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        (CROP + WIDE, ["MC003 conv"]),
        (CROP + FITS, []),
        (CROP + FITS + LOSS, ["MC003 loss"]),  # 4×4 scores for one label
        (DATA % "" + WIDE, ["MC209 data"]),
        (ELSEWHERE + INPUT % 1 + WIDE, ["MC003 conv"]),
        (ELSEWHERE + INPUT % 1 + FITS, []),
        (CROP + FIT_GREY, []),  # as the images may be grey
        (CROP + FIT_GREY.replace("36", "35"), ["MC003 r"]),
        (ELSEWHERE + INPUT % 3 + FIT_GREY, ["MC003 r"]),
    ],
)  # fmt: skip
def test_shapes_after_a_database(text: str, codes: list[str]) -> None:
    assert found(text) == codes


@pytest.mark.parametrize("type_", ["DummyData", "MemoryData"])
def test_inputs_without_a_file_are_known(type_: str) -> None:
    sizes = (
        "dummy_data_param { shape { dim: 2 dim: 3 dim: 6 dim: 6 } shape { dim: 2 } }"
        if type_ == "DummyData"
        else "memory_data_param { batch_size: 2 channels: 3 height: 6 width: 6 }"
    )
    data = f'layer {{ name: "data" type: "{type_}" top: "data" top: "label" {sizes} }}\n'
    assert found(data + WIDE) == ["MC003 conv"]
    assert found(data + FITS + LOSS) == ["MC003 loss"]
    assert found(data + FITS) == []


def test_shapes_may_be_given() -> None:
    net = DATA % "" + WIDE
    assert found(net, LintOptions(shapes={"data": (2, 1, 8, 8)})) == ["MC003 conv"]
    assert found(net, LintOptions(shapes={"data": (2, 1, 9, 9)})) == []
    with pytest.raises(
        GraphError, match="no data or input layer makes a blob 'dota'; did you mean"
    ):
        found(net, LintOptions(shapes={"dota": (2, 1, 9, 9)}))
    assert cli.main(["lint", "net.prototxt", "--shape=data=2,1,8,8", "--select=MC0"]) == 1


def test_data_may_be_opened() -> None:
    pytest.importorskip("lmdb", reason="writing LMDB needs lmdb")
    write_datums("db", [array_to_datum(np.zeros((1, 7, 8), np.uint8), 0)] * 2)
    opened = LintOptions(look_into_data=True)
    assert found(DATA % "" + WIDE, opened) == ["MC003 conv"]
    assert found(CROP + FIT_GREY.replace("36", "72"), opened) == ["MC003 r"]
    assert found(DATA % "transform_param { crop_size: 9 }" + FITS, opened) == ["MC004 data"]
    Path("db/data.mdb").unlink()
    assert found(CROP + FITS, opened) == ["MC027 data"]
