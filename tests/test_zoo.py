"""Where the networks are found, and what their readmes must say."""

from __future__ import annotations

import configparser
from importlib import metadata
from pathlib import Path

import pytest

from minicaffe import zoo
from minicaffe.errors import DataError
from tests.zoo import FOLDERS, ROOT

README = """---
name: Tiny
license: MIT
source: nobody
dataset: none
input: [2, 3, 4]
parameters: 5
multiply_adds: 6
accuracy: null
---

# Tiny
"""


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A folder of networks with only one in it; returns its readme."""
    readme = tmp_path / "tiny" / "readme.md"
    readme.parent.mkdir()
    readme.write_text(README)
    return readme


def test_finds_every_network_of_the_checkout() -> None:
    assert [one.folder for one in zoo.networks()] == FOLDERS
    one = zoo.network("resnet50")
    assert one.facts["parameters"] == 25557096
    assert [file.name for file in one.files] == [
        "deploy.prototxt", "readme.md", "solver.prototxt", "train_val.prototxt",
    ]  # fmt: skip


def test_setup_cfg_installs_every_network() -> None:
    config = configparser.ConfigParser(interpolation=None)
    config.read(ROOT / "setup.cfg")
    for folder in FOLDERS:
        patterns = config["options.data_files"][f"share/minicaffe/models/{folder.name}"]
        found = [path for one in patterns.split(",") for path in ROOT.glob(one.strip())]
        assert {path.name for path in found} >= {"readme.md", "deploy.prototxt", "solver.prototxt"}
        assert all(path.parent == folder for path in found)


def test_finds_them_where_pip_put_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "lib" / "minicaffe"
    (package.parent / "models").mkdir(parents=True)  # somebody else's
    there = tmp_path / "share" / "minicaffe" / "models"
    (there / "lenet").mkdir(parents=True)
    (there / "lenet" / "readme.md").write_text(README)
    info = package.parent / "minicaffe-0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: minicaffe\nVersion: 0\n")
    (info / "RECORD").write_text(
        "minicaffe/zoo.py,,\n../share/minicaffe/models/lenet/readme.md,,\n"
    )
    monkeypatch.setattr(metadata, "files", lambda name: metadata.Distribution.at(info).files)
    assert zoo.networks_folder(package) == there


def test_finds_them_beside_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As ``pip install --target`` leaves them."""
    monkeypatch.setattr(metadata, "files", lambda name: None)
    there = tmp_path / "share" / "minicaffe" / "models"
    (there / "lenet").mkdir(parents=True)
    (there / "lenet" / "readme.md").write_text(README)
    assert zoo.networks_folder(tmp_path / "minicaffe") == there


def test_says_where_they_are_when_they_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "files", none)
    with pytest.raises(DataError, match=r"not installed .* models/ of its source"):
        zoo.networks_folder(tmp_path / "minicaffe")


def test_reads_facts(tiny: Path) -> None:
    (one,) = zoo.networks(tiny.parents[1])
    assert (one.name, one.facts["input"]) == ("tiny", [2, 3, 4])


def test_a_folder_with_another_readme_is_no_network(tiny: Path) -> None:
    other = tiny.parents[1] / "paper" / "README.md"
    other.parent.mkdir()
    other.write_text("# A paper\n")
    assert [one.name for one in zoo.networks(tiny.parents[1])] == ["tiny"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("---\nname", "name"), "expected facts in YAML between two lines of ---"),
        (("---\n\n#", "#"), "expected facts in YAML"),
        (("name: Tiny", "name: ["), "expected facts in YAML"),
        (("name: Tiny", "name: !!python/object/apply:os.getcwd []"), "expected facts in YAML"),
        (("parameters: 5\n", ""), "`parameters` is missing or not what it should be"),
        (("parameters: 5", "parameters: many"), "`parameters` is missing"),
        (("null", "good"), "`accuracy` is missing"),
    ],
)
def test_a_readme_without_facts_is_named(change: tuple[str, str], reason: str, tiny: Path) -> None:
    assert change[0] in README
    tiny.write_text(README.replace(*change))
    with pytest.raises(DataError) as caught:
        zoo.networks(tiny.parents[1])
    assert reason in str(caught.value)
    assert str(caught.value).startswith(str(tiny))


@pytest.mark.parametrize("name", ["tini", "..", "../tiny", "", "tiny/", "/"])
def test_an_unknown_network_is_refused(name: str, tiny: Path) -> None:
    (tiny.parents[1] / "readme.md").write_text(README)
    with pytest.raises(DataError, match="there is no network"):
        zoo.network(name, tiny.parents[1])
    with pytest.raises(DataError, match="did you mean `tiny`"):
        zoo.network("tini", tiny.parents[1])
