"""``minicaffe convert_imageset`` of a folder that has a folder for each class."""

from __future__ import annotations

import argparse
import json
import logging
import os
import statistics
from collections import Counter as Counts
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from minicaffe.errors import DataError, visible
from minicaffe.files import new_folder

if TYPE_CHECKING:
    from minicaffe.data.datum_maker import DatumMaker
    from minicaffe.data.image_folder import Examined, ImageFolder, LeftOut, Photo

logger = logging.getLogger("minicaffe")

#: The share of the images to train on, and the size where theirs differ, unless most are smaller.
SPLIT, SIDE = 0.8, 256
_SHOWN = 10  # left out images that the log names; report.json has them all


def convert_folder(args: argparse.Namespace, size: tuple[int, int] | None) -> None:
    """Make the folder ``args.database`` with all that a training needs.

    Args:
        args: of the verb.
        size: height and width to bring images to; by default the one that they have, or 256×256
            at most.

    Raises:
        DataError: the images are no classes to tell apart, or something cannot be written.
    """
    from minicaffe.data.datum_maker import DatumMaker
    from minicaffe.data.image_folder import split_photos

    if os.path.lexists(args.database):
        raise DataError(f"'{args.database}' exists already; remove it first or choose another name")
    folder, examined = _examined(args)
    share = SPLIT if args.split is None else args.split
    parts = split_photos(examined.good, share, args.seed or 0)
    wanted = size or _common_size(examined)
    gray = args.gray or (examined.gray and not args.color)
    make = DatumMaker(
        gray=gray, size=wanted, encoded=args.encoded or bool(args.encode_type),
        encoding=args.encode_type, check_size=args.check_size, upright=True,
    )  # fmt: skip
    height, width = wanted or examined.sizes[0]
    report = _report(folder, examined, parts) | {
        "split": None if folder.divided else share,
        "seed": args.seed or 0,
        "channels": 1 if gray else 3,
        "height": height,
        "width": width,
    }
    with new_folder(args.database, error=DataError) as target:
        for name, photos in zip(("train", "val"), parts, strict=True):
            _write_list(target / f"{name}.txt", photos)
            if photos:
                database = target / f"{name}_{args.backend or 'lmdb'}"
                _write_database(database, folder, photos, make, args)
        _write_lines(target / "labels.txt", folder.classes)
        report["mean_value"] = [round(value, 4) for value in _write_mean(target, args)]
        text = json.dumps(report, indent=2, ensure_ascii=False)
        _write_lines(target / "report.json", [text])
    _log_summary(args.database, report)


def _examined(args: argparse.Namespace) -> tuple[ImageFolder, Examined]:
    """The images of a folder, and which of them can be used."""
    from minicaffe.cli._progress import Counter
    from minicaffe.data.image_folder import examine_photos, find_photos

    folder = find_photos(args.root)
    if folder.divided and args.split is not None:
        raise DataError(
            "it is divided into training and validation already; leave out --split",
            path=args.root,
        )
    logger.info("A total of %d images in %d classes.", len(folder.photos), len(folder.classes))
    with Counter(args.log, len(folder.photos), "images") as counter:
        examined = examine_photos(folder, counter.show)
    _log_left_out(examined.left_out)
    return folder, examined


def _common_size(examined: Examined) -> tuple[int, int] | None:
    """A square; None where all images have one size."""
    if len(set(examined.sizes)) == 1:
        return None
    side = min(SIDE, int(statistics.median(min(size) for size in examined.sizes)))
    logger.info(
        "Images are of different sizes, so all are brought to %d×%d; --resize_height and "
        "--resize_width say another size",
        side, side,
    )  # fmt: skip
    return side, side


def _log_left_out(left_out: Sequence[LeftOut]) -> None:
    for each in left_out[:_SHOWN]:
        name, detail = visible(each.name), visible(each.detail)
        if each.reason in ("unreadable", "name"):
            logger.warning("left out: %s (%s)", name, detail)
        elif each.reason == "duplicate":
            logger.warning("left out: %s is the same image as %s", name, detail)
        else:
            logger.warning("left out: %s is the same image as %s, of another class", name, detail)
    if len(left_out) > _SHOWN:
        logger.warning("and %d more, which report.json names", len(left_out) - _SHOWN)


def _write_database(
    path: Path, folder: ImageFolder, photos: Sequence[Photo], make: DatumMaker,
    args: argparse.Namespace,
) -> None:  # fmt: skip
    from minicaffe.cli._progress import Counter
    from minicaffe.data.backends import new_database
    from minicaffe.data.datum_maker import image_key

    with (
        new_database(path, args.backend or "lmdb") as database,
        Counter(args.log, len(photos), "images") as counter,
    ):
        for index, photo in enumerate(photos):
            datum = make(os.path.join(folder.path, photo.name), photo.label)
            if datum is None:
                raise DataError(
                    f"the image '{photo.name}' could be read a moment ago and cannot be now; "
                    "begin again when nothing changes the folder",
                    path=folder.path,
                )
            database.put(image_key(index, photo.name), datum.SerializeToString())
            counter.show(index + 1)
    logger.info("Processed %d files.", database.count)


def _write_list(path: Path, photos: Sequence[Photo]) -> None:
    """The list that an ImageData layer reads, and that says which image is in which part."""
    if photos:
        _write_lines(path, [f"{photo.name} {photo.label}" for photo in photos])


def _write_lines(path: Path, lines: Sequence[str]) -> None:
    text = "".join(f"{line}\n" for line in lines)
    path.write_bytes(text.encode("utf-8", "surrogateescape"))


def _write_mean(folder: Path, args: argparse.Namespace) -> list[float]:
    """Write the mean of the training images; returns those of the channels."""
    import numpy as np

    from minicaffe.data.backends import open_database
    from minicaffe.data.image_mean import channel_means, image_mean
    from minicaffe.weights.blob_proto import write_blob

    kind = args.backend or "lmdb"
    mean = image_mean(open_database(str(folder / f"train_{kind}"), kind), lambda done: None)
    write_blob(folder / "mean.binaryproto", mean[np.newaxis], legacy=True)
    return channel_means(mean)


def _report(
    folder: ImageFolder, examined: Examined, parts: tuple[list[Photo], list[Photo]]
) -> dict[str, object]:
    """What report.json says of the images."""
    counts = [Counts(photo.label for photo in part) for part in parts]
    by_area = sorted(examined.sizes, key=lambda size: (size[0] * size[1], size))
    return {
        "images": os.path.abspath(folder.path),
        "classes": [
            {"label": label, "name": name, "train": counts[0][label], "val": counts[1][label]}
            for label, name in enumerate(folder.classes)
        ],
        "train": len(parts[0]),
        "val": len(parts[1]),
        "smallest": list(by_area[0]),
        "largest": list(by_area[-1]),
        "left_out": [
            {"image": each.name, "reason": each.reason, "detail": each.detail}
            for each in examined.left_out
        ],
    }


def _log_summary(path: str, report: dict[str, object]) -> None:
    for each in report["classes"]:  # type: ignore[attr-defined]
        logger.info(
            "%5d to train on, %4d to validate on: class %d, %s",
            each["train"], each["val"], each["label"], visible(each["name"]),
        )  # fmt: skip
        if not each["train"]:
            logger.warning("class %s has no image to train on", visible(each["name"]))
        elif not each["val"] and report["split"] != 1:  # 1 asks for that
            logger.warning("class %s has no image to validate on", visible(each["name"]))
    logger.info("Write to %s: see %s", path, os.path.join(path, "report.json"))
