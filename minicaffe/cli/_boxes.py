"""Boxes of pictures: found, drawn, listed; ``minicaffe detect`` with a picture, folder or video."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from minicaffe.cli._flags import run_options
from minicaffe.cli._images import refuse_row_flags
from minicaffe.cli._pictures import mean_values, net_files, note_preparation, red_first
from minicaffe.errors import DataError, visible
from minicaffe.files import write_beside

if TYPE_CHECKING:
    import numpy as np

    from minicaffe.detection.finder import BoxFinder
    from minicaffe.detection.pictures import Pictures

#: What JSON says of one picture.
Record = dict[str, object]


@dataclass(frozen=True)
class Outputs:
    """Where results go.

    Attributes:
        picture: the file to draw into.
        folder: the folder to draw into.
        json: the file of all boxes.
    """

    picture: str | None = None
    folder: str | None = None
    json: str | None = None


def detect_boxes(args: argparse.Namespace) -> None:
    """Find the boxes of all pictures; draw, write and print what was asked for."""
    refuse_row_flags(args)
    from minicaffe.detection.names import read_names
    from minicaffe.detection.pictures import find_pictures, tell_broken

    if args.output_file is not None:
        args.usage_error(f"'{args.output_file}' is given without a flag; did you mean -o?")
    pictures = find_pictures(args.input_file)
    outputs = _outputs(args, pictures)
    finder = _finder(args)
    names = {} if args.labels is None else read_names(args.labels, finder.end.labels())
    _check(outputs, pictures)
    records: list[Record] = []
    broken: list[DataError] = []
    for name, image, boxes in _found(args, finder, pictures, broken):
        if target := _target(outputs, name):
            _draw(target, image, boxes, names)
        records.append(_record(name, image, boxes, names))
        if not args.json:
            print("\n".join(_lines(records[-1], args.threshold)))
    text = json.dumps(records[0] if pictures.single else records, indent=2, ensure_ascii=False)
    if args.json:
        print(text)
    if outputs.json is not None:
        with write_beside(outputs.json, error=DataError) as beside:
            beside.write_text(f"{text}\n", encoding="utf-8")
    tell_broken(broken)


def _finder(args: argparse.Namespace) -> BoxFinder:
    from minicaffe.detection.finder import BoxFinder

    model, weights = net_files(args)
    mean, rgb = mean_values(args), red_first(args)
    keywords = run_options(args, keep="outputs").keywords()
    finder = BoxFinder(
        model, weights, mean=mean, scale=args.scale, rgb=rgb, size=args.size, **keywords
    )
    note_preparation(args, finder.preparation)
    return finder


def _found(
    args: argparse.Namespace, finder: BoxFinder, pictures: Pictures, broken: list[DataError]
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Each picture: its name, its pixels, its boxes; errors of those that cannot be read."""
    from minicaffe.cli._progress import Counter

    with Counter(args.log, pictures.count, "pictures") as counter:
        for index, (name, image) in enumerate(pictures.read(color=True, broken=broken), 1):
            boxes = finder.find_in(image, args.threshold)
            yield name, image, boxes
            counter.show(index)


def _outputs(args: argparse.Namespace, pictures: Pictures) -> Outputs:
    """What each ``-o`` is, by its ending."""
    from minicaffe.data.images import ENCODINGS

    found: dict[str, str] = {}
    for path in args.output:
        ending = os.path.splitext(path)[1].lower().removeprefix(".")
        if ending == "json":
            kind = "json"
        elif ending in ENCODINGS and not os.path.isdir(path):
            kind = "picture"
        else:
            kind = "folder"
        if kind in found:
            args.usage_error(f"-o names two of a kind, {found[kind]} and {path}; give one of each")
        if kind == "picture" and not pictures.single:
            args.usage_error(
                f"-o {path} is one picture, and several are given; name a folder, such as -o out"
            )
        if kind == "folder" and pictures.single and not os.path.isdir(path):
            known = ", ".join(f".{name}" for name in sorted(ENCODINGS))
            args.usage_error(
                f"-o {path} is of no known kind; expected a folder, or a name with {known} or .json"
            )
        found[kind] = path
    return Outputs(**found)


def _check(outputs: Outputs, pictures: Pictures) -> None:
    """Refuse what could not be written, or would overwrite a picture, before anything runs."""
    for path in (outputs.picture, outputs.json):
        folder = os.path.dirname(path or "") or "."
        if path is not None and not os.path.isdir(folder):
            raise DataError(f"there is no folder '{visible(folder)}' to write into", path=path)
    if outputs.folder is not None:
        try:
            os.makedirs(outputs.folder, exist_ok=True)
        except OSError as reason:
            text = f"the folder cannot be made: {reason.strerror}"
            raise DataError(text, path=outputs.folder) from reason
    for name in pictures.names or ():
        target = _target(outputs, name)
        if target and os.path.exists(target) and os.path.samefile(target, name):
            raise DataError("this would overwrite the picture; give another -o", path=target)


def _target(outputs: Outputs, name: str) -> str | None:
    """The file to draw a picture into."""
    from minicaffe.data.images import ENCODINGS

    if outputs.folder is None:
        return outputs.picture
    base = os.path.basename(name)
    known = os.path.splitext(base)[1].lower().removeprefix(".") in ENCODINGS
    return os.path.join(outputs.folder, base if known else f"{base}.png")


def _draw(target: str, image: np.ndarray, boxes: np.ndarray, names: dict[int, str]) -> None:
    from minicaffe.data.images import encode_image
    from minicaffe.detection.drawing import draw_boxes

    kind = os.path.splitext(target)[1].lower().removeprefix(".")
    data = encode_image(draw_boxes(image, boxes, names), kind)
    with write_beside(target, error=DataError) as beside:
        beside.write_bytes(data)


def _record(name: str, image: np.ndarray, boxes: np.ndarray, names: dict[int, str]) -> Record:
    """What JSON says of one picture."""
    return {
        "image": name,
        "width": image.shape[2],
        "height": image.shape[1],
        "boxes": [
            {
                "label": int(label),
                "name": names.get(int(label)),
                "score": round(score, 6),
                **{key: round(value, 2) for key, value in zip(_CORNERS, corners, strict=True)},
            }
            for label, score, *corners in boxes.tolist()
        ],
    }


_CORNERS = ("xmin", "ymin", "xmax", "ymax")


def _lines(record: Record, threshold: float) -> Iterator[str]:
    """What people read of one picture."""
    boxes: list[dict[str, object]] = record["boxes"]  # type: ignore[assignment]
    count = len(boxes) or "no"
    plural = "box" if len(boxes) == 1 else "boxes"
    yield f"{visible(str(record['image']))}: {count} {plural} of score {threshold:g} or more"
    for box in boxes:
        name = visible(str(box["label"] if box["name"] is None else box["name"]))
        corners = "  ".join(f"{key} {box[key]:g}" for key in _CORNERS)
        yield f"  {name}  {box['score']:.3f}  {corners}"
