"""Where the networks are found, and what their readmes must say."""

from __future__ import annotations

import configparser
import hashlib
from importlib import resources
from pathlib import Path

import pytest

from minicaffe import TEST, Net, cli, zoo
from minicaffe.detection import find_boxes, read_names
from minicaffe.errors import DataError
from minicaffe.metrics import measure
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
    assert config["options"]["package_dir"].split("\n") == [
        "", "minicaffe.datasets = data", "minicaffe.models = models",
    ]  # fmt: skip
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


@pytest.mark.parametrize(
    ("name", "meant"),
    [("alexnet", "bvlc_alexnet"), ("CaffeNet", "bvlc_reference_caffenet")],
)
def test_a_part_of_a_name_tells_the_network(name: str, meant: str) -> None:
    with pytest.raises(DataError, match=f"did you mean `{meant}`"):
        zoo.network(name)


def test_setup_cfg_installs_the_images() -> None:
    config = configparser.ConfigParser(interpolation=None)
    config.read(ROOT / "setup.cfg")
    patterns = config["options.package_data"]["minicaffe.datasets"].split(",")
    found = {path for pattern in patterns for path in (ROOT / "data").glob(pattern.strip())}
    folder = zoo.datasets_folder() / "fashion_mnist"
    assert {path for path in folder.rglob("*") if path.is_file()} <= found


def test_weights_are_those_that_the_readme_describes() -> None:
    shipped = [network for network in zoo.networks() if network.weights]
    assert [network.name for network in shipped] == ["lenet_bn", "resnet20_fashion", "ssd_shapes"]
    for network in shipped:
        data = network.weights.read_bytes()
        assert hashlib.sha256(data).hexdigest() == network.facts["weights_sha256"]
        assert len(data) < 1.25 * 2**20


@pytest.mark.parametrize("name", ["lenet_bn", "resnet20_fashion"])
def test_shipped_weights_are_as_good_as_the_readme_says(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("PIL.Image", reason="the images are PNG files")
    monkeypatch.chdir(ROOT)
    network = zoo.network(name)
    path = str(network.folder / "train_val.prototxt")
    with Net(path, TEST, weights=str(network.weights)) as net:
        found = measure(net, 20, ["accuracy"]).confusion
    assert found.items == 2000
    assert found.accuracy == pytest.approx(network.facts["weights_accuracy"], abs=2e-3)
    assert len(network.labels.read_text().splitlines()) == found.classes


def test_shipped_weights_find_what_is_in_the_picture() -> None:
    pytest.importorskip("PIL.Image", reason="the picture is a PNG file")
    network = zoo.network("ssd_shapes")
    names = read_names(str(network.labels), range(1, 4))
    picture = str(network.folder / "picture.png")
    found = find_boxes(picture, network.folder / "deploy.prototxt", network.weights, threshold=0.5)
    assert [names[int(label)] for label in found[:, 0]] == ["circle", "square"]


# --------------------------------------------------------------------------------- copies


def test_a_copy_trains_where_there_is_no_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("PIL.Image", reason="the images are PNG files")
    monkeypatch.chdir(tmp_path)
    names = zoo.copy_network(zoo.network("lenet_bn"), "net", with_data=True)
    assert {"fashion_mnist", "lenet_bn.caffemodel", "solver.prototxt", "labels.txt"} <= set(names)
    for path in Path("net").glob("*.prototxt"):
        assert "models/" not in path.read_text()
    assert cli.main(["train", "net", "--fast_dev_run"]) == 0


def test_a_copy_without_images_looks_for_them_where_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    zoo.copy_network(zoo.network("lenet"), "a/net", with_data=False)
    assert 'source: "data/fashion_mnist/train_lmdb"' in Path("a/net/train_val.prototxt").read_text()
    assert 'net: "a/net/train_val.prototxt"' in Path("a/net/solver.prototxt").read_text()
    assert not Path("a/net/fashion_mnist").exists()


def test_copies_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"validation images\), which do not come with minicaffe"):
        zoo.copy_network(zoo.network("resnet50"), "net", with_data=True)
    assert not Path("net").exists()
    Path("net").mkdir()
    with pytest.raises(DataError, match="'net' exists already"):
        zoo.copy_network(zoo.network("resnet50"), "net", with_data=False)
