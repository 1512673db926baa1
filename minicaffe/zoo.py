"""The networks that come with minicaffe: where their files are and what their readmes say.

A network is a folder with ``train_val.prototxt``, ``deploy.prototxt``, ``solver.prototxt`` and
``readme.md``. The readme begins with facts in YAML between two lines of ``---``, as in Caffe's
model zoo.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import resources
from pathlib import Path
from typing import TypedDict, cast

import yaml

from minicaffe.errors import DataError, MissingExtraError, did_you_mean, require
from minicaffe.files import new_folder

logger = logging.getLogger("minicaffe")


class Facts(TypedDict, total=False):
    """What a readme begins with.

    Attributes:
        name, license, source, dataset: in words.
        input: channels, height, width.
        parameters, multiply_adds: of the deploy net, for one item.
        accuracy, accuracy_top5: between 0 and 1; None if not measured with minicaffe.
        expected_accuracy, expected_accuracy_top5: what the source states.
        weights_accuracy, weights_mean_average_precision, weights_sha256: of the weights that come
            with it.
    """

    name: str
    license: str
    source: str
    dataset: str
    input: list[int]
    parameters: int
    multiply_adds: int
    accuracy: float | None
    accuracy_top5: float | None
    expected_accuracy: float | None
    expected_accuracy_top5: float | None
    weights_accuracy: float
    weights_mean_average_precision: float
    weights_sha256: str


#: What every readme has to say, and as what.
_TYPES: dict[str, type | tuple[type, ...]] = {
    "name": str,
    "license": str,
    "source": str,
    "dataset": str,
    "input": list,
    "parameters": int,
    "multiply_adds": int,
    "accuracy": (float, type(None)),
}


@dataclass(frozen=True)
class Network:
    """One network.

    Attributes:
        name: its folder's name.
        folder: where its files are.
        facts: what its readme begins with.
    """

    name: str
    folder: Path
    facts: Facts

    @property
    def files(self) -> list[Path]:
        """Prototxt files and readme; weights, names of classes and a picture, if it has them."""
        found = [
            *self.folder.glob("*.prototxt"), *self.folder.glob("*.png"), self.folder / "readme.md",
        ]  # fmt: skip
        return sorted([*found, *(path for path in (self.weights, self.labels) if path)])

    @property
    def weights(self) -> Path | None:
        """Weights that this repository has trained; None where none are shipped."""
        path = self.folder / f"{self.name}.caffemodel"
        return path if path.is_file() else None

    @property
    def labels(self) -> Path | None:
        """The names of its classes, one a line; None without."""
        path = self.folder / "labels.txt"
        return path if path.is_file() else None


def networks(folder: Path | None = None) -> list[Network]:
    """All networks, in the order of their names.

    Args:
        folder: where they are; minicaffe's own by default.

    Raises:
        DataError: minicaffe was installed without them, or a readme does not begin with facts.
    """
    return [
        Network(name, readme.parent, read_facts(readme))
        for name, readme in _readmes(folder).items()
    ]


def network(name: str, folder: Path | None = None) -> Network:
    """The network of this name.

    Raises:
        DataError: there is none, or see :func:`networks`.
    """
    readmes = _readmes(folder)
    if name not in readmes:
        longer = [each for each in readmes if name and name.lower() in each]  # bvlc_alexnet
        hint = (
            f"; did you mean `{longer[0]}`?" if len(longer) == 1 else did_you_mean(name, readmes)
        ) or "; `minicaffe models` lists them"
        raise DataError(f"there is no network '{name}'{hint}")
    return Network(name, readmes[name].parent, read_facts(readmes[name]))


def net_file(name: str) -> str:
    """The prototxt that a user means: a file, or the deploy net of the network of this name.

    Raises:
        DataError: it looks like a name, and there is no network of that name.
    """
    if os.path.exists(name) or os.path.splitext(name)[1] or os.sep in name:
        return name
    return os.fspath(network(name).folder / "deploy.prototxt")


def _readmes(folder: Path | None) -> dict[str, Path]:
    root = networks_folder() if folder is None else folder
    # not "*/readme.md", which finds bn_paper/README.md where files are found in any case
    found = (path for path in sorted(root.glob("*/*.md")) if path.name == "readme.md")
    return {readme.parent.name: readme for readme in found}


def networks_folder() -> Path:
    """Where the networks are: in the installed package, or in the checkout that it is in.

    Raises:
        DataError: nowhere.
    """
    package = Path(str(resources.files("minicaffe")))
    for folder in (package / "models", package.parent / "models"):
        if (folder / "lenet" / "readme.md").is_file():
            return folder
    raise DataError(
        "the networks were not installed with this minicaffe; they are in the folder models/ of "
        "its source, and in its wheel"
    )


def datasets_folder() -> Path:
    """Where the images are: in the installed package, or in the checkout that it is in.

    Raises:
        DataError: nowhere.
    """
    package = Path(str(resources.files("minicaffe")))
    for folder in (package / "datasets", package.parent / "data"):
        if (folder / "fashion_mnist" / "README.md").is_file():
            return folder
    raise DataError(
        "the images were not installed with this minicaffe; they are in the folder data/ of its "
        "source, and in its wheel"
    )


def copy_network(chosen: Network, target: str, *, with_data: bool) -> list[str]:
    """Copy a network to change and train; the paths in its files become those of the copy.

    Args:
        chosen: the network.
        target: the folder to make; paths begin where it is seen from.
        with_data: copy the images that it trains on, too: those that come with minicaffe, and the
            complete Fashion-MNIST where Debian's package dataset-fashion-mnist is installed.

    Returns:
        The names of what was copied.

    Raises:
        DataError: the folder exists or cannot be written; the images are none of minicaffe's; the
            package's files are damaged.
    """
    texts = {path: path.read_text(encoding="utf-8") for path in chosen.files
             if path.suffix in (".prototxt", ".md")}  # fmt: skip
    used = set(re.findall(r"\bdata/(\w+)/", "".join(texts.values())))
    makers = {name: make for name, make in _image_makers().items() if name in used}
    sets = sorted(makers) if with_data else []
    if with_data and not sets:
        images = chosen.facts["dataset"].removesuffix(", not part of minicaffe")
        raise DataError(
            f"{chosen.name} trains on {images}, which do not come with minicaffe; leave out "
            "--with-data"
        )
    where = os.path.normpath(target)
    with new_folder(target, error=DataError) as folder:
        for path in chosen.files:
            if path not in texts:
                shutil.copyfile(path, folder / path.name)
                continue
            text = re.sub(rf"\bmodels/{chosen.name}/", lambda _: f"{where}/", texts[path])
            for name in sets:
                text = re.sub(rf"(?<!/)\bdata/{name}/", lambda _, n=name: f"{where}/{n}/", text)  # type: ignore[misc]
            (folder / path.name).write_text(text, encoding="utf-8")
        for name in sets:
            makers[name](folder / name)
        return sorted(path.name for path in folder.iterdir())


def _image_makers() -> dict[str, Callable[[Path], None]]:
    """What puts images into a folder, by the name of the folder in ``data/`` that files say."""
    from minicaffe.data import fashion_mnist  # with numpy, which listing networks does without

    makers: dict[str, Callable[[Path], None]] = {
        path.name: partial(shutil.copytree, path)
        for path in datasets_folder().iterdir()
        if path.is_dir()
    }
    if (debian := fashion_mnist.debian_folder()) is not None:
        try:
            require("lmdb", extra="data", purpose="writing LMDB databases")
            makers["fashion_mnist_full"] = partial(fashion_mnist.write_complete, debian)
        except MissingExtraError:
            logger.warning(
                "The images of Debian's package dataset-fashion-mnist are left out; writing their "
                "database needs the package lmdb (pip install 'minicaffe[data]')."
            )
    return makers


def read_facts(readme: Path) -> Facts:
    """The facts at the beginning of a readme.

    Raises:
        DataError: it cannot be read, or does not begin with them.
    """
    try:
        text = readme.read_text(encoding="utf-8")
        before, matter, _ = f"\n{text}".split("\n---\n", 2)
        facts = yaml.safe_load(matter)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise _no_facts(readme, getattr(error, "strerror", None)) from error
    if before or not isinstance(facts, dict):
        raise _no_facts(readme, None)
    for key, kind in _TYPES.items():
        if not isinstance(facts.get(key), kind):
            raise _no_facts(readme, f"`{key}` is missing or not what it should be")
    return cast(Facts, facts)


def _no_facts(readme: Path, reason: str | None) -> DataError:
    why = reason or "expected facts in YAML between two lines of --- at its beginning"
    return DataError(f"cannot read what is said of this network: {why}", path=str(readme))
