"""Where the networks are found, and what their readmes must say."""

from __future__ import annotations

import configparser
from importlib import resources
from pathlib import Path

import pytest

from minicaffe import zoo
from minicaffe.errors import DataError
from tests.zoo import FOLDERS, ROOT

README = """---
name: Tiny
license: MIT
source: no one
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
    assert [network.folder for network in zoo.networks()] == FOLDERS
    one = zoo.network("resnet50")
    assert one.facts["parameters"] == 25557096
    assert [file.name for file in one.files] == [
        "deploy.prototxt", "readme.md", "solver.prototxt", "train_val.prototxt",
    ]  # fmt: skip


def test_setup_cfg_installs_every_network() -> None:
    """As data of the package ``minicaffe.models``, whose folder is ``models``."""
    config = configparser.ConfigParser(interpolation=None)
    config.read(ROOT / "setup.cfg")
    assert config["options"]["package_dir"].split("\n") == ["", "minicaffe.models = models"]
    patterns = config["options.package_data"]["minicaffe.models"].split(",")
    found = {path for pattern in patterns for path in (ROOT / "models").glob(pattern.strip())}
    assert found == {file for network in zoo.networks() for file in network.files}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where ``minicaffe`` seems to be."""
    folder = tmp_path / "minicaffe"
    folder.mkdir()
    monkeypatch.setattr(resources, "files", lambda name: tmp_path / name)
    return folder


@pytest.mark.parametrize("place", ["minicaffe/models", "models"])
def test_finds_them_where_they_are(place: str, package: Path) -> None:
    """In the package where pip put it, beside it in a checkout."""
    there = package.parent / place / "lenet"
    there.mkdir(parents=True)
    (there / "readme.md").write_text(README)
    assert [network.folder for network in zoo.networks()] == [there]


def test_another_folder_of_this_name_is_not_taken(package: Path) -> None:
    (package.parent / "models").mkdir()
    with pytest.raises(DataError, match=r"not installed .* models/ of its source"):
        zoo.networks_folder()


def test_reads_facts(tiny: Path) -> None:
    (one,) = zoo.networks(tiny.parents[1])
    assert (one.name, one.facts["input"]) == ("tiny", [2, 3, 4])


def test_a_folder_with_another_readme_is_no_network(tiny: Path) -> None:
    other = tiny.parents[1] / "paper" / "README.md"
    other.parent.mkdir()
    other.write_text("# A paper\n")
    assert [network.name for network in zoo.networks(tiny.parents[1])] == ["tiny"]


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
