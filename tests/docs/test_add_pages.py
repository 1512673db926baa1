"""The pages on adding something are followed, each in a copy of the checkout."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

#: What a copy has; the data sets stay where they are.
COPIED = ("docs", "minicaffe", "models", "proto", "setup.cfg", "tests", "tools")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A checkout to change."""
    for name in COPIED:
        source = ROOT / name
        if source.is_file():
            shutil.copy(source, tmp_path)
        else:
            ignored = shutil.ignore_patterns("__pycache__", "*.caffemodel", "golden", "bn_paper")
            shutil.copytree(source, tmp_path / name, ignore=ignored)
    schema = Path("tests", "golden", "schema")  # what is known of BVLC's
    shutil.copytree(ROOT / schema, tmp_path / schema)
    return tmp_path


def blocks(page: str) -> list[tuple[str, str]]:
    """The indented blocks of a page, each with the last file that was named before it."""
    found, file = [], ""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    lines: list[str] = []
    for line in [*text.splitlines(), "end"]:
        if line.startswith("    ") or (lines and not line):
            lines.append(line[4:])
            continue
        if lines:
            found.append((file, "\n".join(lines).strip() + "\n"))
            lines = []
        named = re.findall(r"`((?:minicaffe|tests)/[\w/]+\.py)`", line)
        file = named[-1] if named else file
    return found


def written(page: str, copy: Path) -> list[str]:
    """Write the files that a page shows; returns the other blocks."""
    others = []
    for file, block in blocks(page):
        if re.match(r'"""|from |import ', block):
            path = copy / file
            assert not path.exists(), f"{page} shows a file that is there: {file}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block, encoding="utf-8")
        else:
            others.append(block)
    return others


def run(copy: Path, *words: str, **environment: str) -> str:
    """Run Python in the copy; returns what it prints."""
    done = subprocess.run(
        [sys.executable, *words], cwd=copy, capture_output=True, text=True, timeout=300,
        env={**os.environ, "PYTHONPATH": str(copy), **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def passed(copy: Path, *words: str, **environment: str) -> int:
    """Run tests of the copy, which must pass; returns how many there were."""
    told = run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words, **environment)
    return int(re.findall(r"(\d+) passed", told)[0])


def in_the_house(copy: Path, *words: str) -> int:
    """Run the guards that look at what was added, and at the pages and lists of it."""
    chosen = " or ".join((*words, "setup_cfg", "docs_repeat", "design_names"))
    return passed(copy, "tests/test_house.py", "-k", chosen)


def test_a_layer(copy: Path) -> None:
    pytest.importorskip("grpc_tools", reason="grpcio-tools, which compiles the schema, is absent")
    written("add-a-layer.md", copy)
    assert run(copy, "tools/generate_proto.py") == "wrote minicaffe/layers/__init__.pyi\n"
    assert passed(copy, "tests/layers", "-k", "Square or registered") > 5
    assert in_the_house(copy, "Square", "square.py") > 10
    assert passed(copy, "tests/proto/test_schema.py") > 10


def test_a_verb(copy: Path) -> None:
    commands = written("add-a-verb.md", copy)
    assert "cp tools/train.py tools/shapes.py\n" in commands
    shutil.copy(copy / "tools" / "train.py", copy / "tools" / "shapes.py")
    assert passed(copy, "tests/cli", "-k", "shapes") >= 3
    assert in_the_house(copy, "shapes.py") > 10
    model = "--model=models/lenet/deploy.prototxt"
    assert run(copy, "tools/shapes.py", model).startswith("data: 64×1×28×28\n")


def test_an_engine(copy: Path) -> None:
    written("add-an-engine.md", copy)
    config = copy / "setup.cfg"
    listed = config.read_text(encoding="utf-8")
    more = r"\g<0>\n\1minicaffe.engines.example"  # an sdist's setup.cfg is indented by tabs
    listed = re.sub(r"^(\s+)minicaffe\.engines$", more, listed, flags=re.MULTILINE)
    config.write_text(listed, "utf-8")
    run(copy, "tools/generate_house.py")
    assert in_the_house(copy, "example") > 10
    assert "Engine example: available\n" in run(copy, "-m", "minicaffe", "device_query")
    words = ["time", "--model=models/lenet/deploy.prototxt", "--engine=example", "--iterations=1"]
    run(copy, "-m", "minicaffe", *words)
    assert passed(copy, "tests/test_net.py", MINICAFFE_ENGINE="example") > 10


def test_a_source_of_data(copy: Path) -> None:
    pytest.importorskip("grpc_tools", reason="grpcio-tools, which compiles the schema, is absent")
    message, field, *_ = (
        block for block in written("add-a-data-source.md", copy) if block.startswith("//")
    )
    schema = copy / "proto" / "caffe.proto"
    text = schema.read_text(encoding="utf-8")
    begin = "message LayerParameter {\n"
    assert text.count(begin) == 1
    schema.write_text(text.replace(begin, begin + field) + message, encoding="utf-8")
    for _ in range(2):
        run(copy, "tools/generate_proto.py")
    elsewhere = copy / "tests" / "layers" / "test_layers.py"
    listed = elsewhere.read_text(encoding="utf-8")
    elsewhere.write_text(listed.replace('    "ImageData",\n', '    "ImageData",\n    "IdxData",\n'))
    assert passed(copy, "tests/data", "-k", "idx_data") == 1
    assert passed(copy, "tests/layers/test_layers.py", "-k", "registered") == 1
    assert in_the_house(copy, "IdxData", "idx_") > 10
    assert passed(copy, "tests/proto/test_schema.py") > 10
