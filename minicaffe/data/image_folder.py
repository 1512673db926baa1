"""Photographs in folders that are named after their classes (torchvision's ``ImageFolder``)."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from minicaffe.data.images import PICTURES, examine_image
from minicaffe.errors import DataError, visible
from minicaffe.errors.reading import cannot_read
from minicaffe.files import open_to_read

#: What folders are called that hold a part of the images each, with a folder a class inside.
_TRAIN, _VAL = ("train", "training"), ("val", "valid", "validation", "test", "testing")

#: What a name in a list may not hold.
_TWO_LINES = re.compile(r"[\r\n]")

#: Parts that a folder of images may be divided into already.
TRAIN, VAL = "train", "val"


@dataclass(frozen=True)
class Photo:
    """An image file of a class.

    Attributes:
        name: its path below the folder, with slashes.
        label: its class's number.
        part: ``train`` or ``val`` where the folder is divided already, else "".
    """

    name: str
    label: int
    part: str = ""


@dataclass(frozen=True)
class LeftOut:
    """An image that is not used.

    Attributes:
        name: its path below the folder.
        reason: what keeps it out: ``unreadable``, ``duplicate``, or ``two classes`` for an image
            that two classes have, as one of the two is wrong; ``name`` for an image whose name
            no line of a list can hold.
        detail: what is wrong with the file or its name, or which other image is the same.
    """

    name: str
    reason: str
    detail: str


@dataclass(frozen=True)
class ImageFolder:
    """The image files of a folder.

    Attributes:
        path: the folder.
        classes: the names of the classes, by number.
        photos: the images, in the order of their names.
        divided: whether the folder is divided into training and validation already.
    """

    path: str
    classes: list[str]
    photos: list[Photo]
    divided: bool = False


@dataclass
class Examined:
    """What is known of the images after each has been looked at.

    Attributes:
        good: the images to use.
        left_out: the others.
        sizes: height and width of those to use.
        gray: whether all of them are grey.
    """

    good: list[Photo] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    gray: bool = True


def find_photos(path: str) -> ImageFolder:
    """The image files below a folder, none of which is read yet.

    Each folder in it is a class, numbered from 0 in the order of their names; images in folders
    further down belong to that class too. Or there are folders ``train`` and ``val`` (or
    ``test``), with a folder a class in both. Files and folders whose names begin with a dot, files
    that are no pictures by their names, and folders without pictures are passed over.

    Raises:
        DataError: there are fewer than two classes, or a class's name cannot be written.
    """
    parts = _parts(path)
    found: dict[str, list[tuple[str, str]]] = {}
    for part, root in parts.items():
        for name in _folders(root):
            pictures = list(_pictures(root, name))
            if pictures:
                above = os.path.basename(root) + "/" if part else ""
                found.setdefault(name, []).extend((above + each, part) for each in pictures)
    classes = sorted(found)
    _check_classes(path, classes)
    photos = [Photo(name, label, part) for label, each in enumerate(classes)
              for name, part in found[each]]  # fmt: skip
    return ImageFolder(path, classes, photos, divided="" not in parts)


def _parts(path: str) -> dict[str, str]:
    """The folders that hold classes, by part; one without a part, as a rule."""
    try:
        names = _folders(path)
    except (OSError, ValueError) as reason:  # ValueError: the name holds a NUL
        raise cannot_read(path, reason) from reason
    train = [name for name in names if name.lower() in _TRAIN]
    val = [name for name in names if name.lower() in _VAL]
    if len(names) == 2 and len(train) == len(val) == 1:
        roots = {TRAIN: os.path.join(path, train[0]), VAL: os.path.join(path, val[0])}
        if all(_folders(root) for root in roots.values()):
            return roots
    return {"": path}


def _folders(path: str) -> list[str]:
    return sorted(
        entry.name
        for entry in os.scandir(path)
        if entry.is_dir() and not entry.name.startswith(".")
    )


def _pictures(root: str, name: str) -> Iterator[str]:
    """The pictures in and below a class's folder, as seen from the root."""
    for folder, inner, files in os.walk(os.path.join(root, name)):
        inner[:] = sorted(each for each in inner if not each.startswith("."))
        for file in sorted(files):
            if file.lower().endswith(PICTURES) and not file.startswith("."):
                path = os.path.relpath(os.path.join(folder, file), root)
                yield path.replace(os.sep, "/")


def _check_classes(path: str, classes: Sequence[str]) -> None:
    if not classes:
        raise DataError(
            "there are no folders with pictures in this folder; expected a folder for each class, "
            f"with its images ({', '.join(PICTURES)})",
            path=path,
        )
    if len(classes) == 1:
        raise DataError(
            f"all images are of one class, '{visible(classes[0])}'; expected a folder for each "
            "of two classes or more",
            path=path,
        )
    for name in classes:
        if not name.isprintable() or name != name.strip():
            raise DataError(
                f"the class {name!a} cannot be written as a line of a list; rename its folder",
                path=path,
            )


def examine_photos(
    folder: ImageFolder, on_image: Callable[[int], None] = lambda done: None
) -> Examined:
    """Look at each image: whether it can be decoded, its size, whether it was there before.

    Files of the same bytes are one image. The first one of a class is used; images that several
    classes have are not.

    Args:
        folder: what :func:`find_photos` gave.
        on_image: told after each image how many are done.

    Raises:
        DataError: fewer than two classes are left.
    """
    result, first, torn = Examined(), dict[bytes, Photo](), set[bytes]()
    sizes, digests = dict[str, tuple[int, int]](), dict[str, bytes]()
    grays = dict[str, bool]()
    for done, photo in enumerate(folder.photos, 1):
        on_image(done)
        if _TWO_LINES.search(photo.name):
            detail = "its name holds a line's end, so no list can name it; rename the file"
            result.left_out.append(LeftOut(photo.name, "name", detail))
            continue
        try:
            content = _content(folder.path, photo.name)
            height, width, grays[photo.name] = examine_image(content)
        except DataError as error:
            result.left_out.append(LeftOut(photo.name, "unreadable", error.message))
            continue
        digest = hashlib.sha256(content).digest()
        same = first.setdefault(digest, photo)
        if same is not photo:
            other = same.label != photo.label
            reason = "two classes" if other else "duplicate"
            result.left_out.append(LeftOut(photo.name, reason, same.name))
            if other and digest not in torn:
                torn.add(digest)
                result.left_out.append(LeftOut(same.name, reason, photo.name))
            continue
        sizes[photo.name], digests[photo.name] = (height, width), digest
        result.good.append(photo)
    result.good = [photo for photo in result.good if digests[photo.name] not in torn]
    result.sizes = [sizes[photo.name] for photo in result.good]
    result.gray = all(grays[photo.name] for photo in result.good)
    _check_left(folder, result)
    return result


def _content(root: str, name: str) -> bytes:
    try:
        with open_to_read(os.path.join(root, name)) as stream:
            return stream.read()
    except OSError as reason:
        raise DataError(reason.strerror or str(reason)) from reason


def _check_left(folder: ImageFolder, examined: Examined) -> None:
    """Refuse what is no problem of classification any more."""
    labels = {photo.label for photo in examined.good}
    if len(labels) < 2:
        example = next(iter(examined.left_out), None)
        shown = f", such as '{visible(example.name)}' ({example.detail})" if example else ""
        raise DataError(
            f"{len(labels)} of {len(folder.classes)} classes have images that can be used; "
            f"{len(examined.left_out)} images cannot be{shown}; expected two classes or more",
            path=folder.path,
        )


def split_photos(
    photos: Sequence[Photo], share: float, seed: int
) -> tuple[list[Photo], list[Photo]]:
    """Divide images into those to train on and those to validate on, both in a random order.

    The same share of each class, rounded, goes to the training; of a class of two or more images
    at least one goes to each part. Images that are divided already stay where they are.

    Args:
        photos: the images.
        share: how many of them to train on, from 0 to 1; 1 leaves none to validate on.
        seed: of the random order; the same one gives the same parts.
    """
    rng = np.random.default_rng(seed)
    train, val = ([each for each in photos if each.part == part] for part in (TRAIN, VAL))
    loose = [photo for photo in photos if not photo.part]
    for label in sorted({photo.label for photo in loose}):
        mine = [photo for photo in loose if photo.label == label]
        order = [mine[index] for index in rng.permutation(len(mine))]
        count = round(share * len(order))
        if 0 < share < 1 and len(order) > 1:
            count = min(max(count, 1), len(order) - 1)
        elif share > 0:
            count = max(count, 1)
        train += order[:count]
        val += order[count:]
    return tuple([part[i] for i in rng.permutation(len(part))] for part in (train, val))  # type: ignore[return-value]
