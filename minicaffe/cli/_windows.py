"""Windows of pictures classified, as Caffe's detect.py does; ``minicaffe detect`` hands them on."""

from __future__ import annotations

import argparse
import csv
import os
import time
from collections.abc import Iterable
from types import ModuleType
from typing import TYPE_CHECKING

from minicaffe.cli._flags import explained, whole
from minicaffe.cli._images import add_model_flags, check_image_file, model_options
from minicaffe.errors import DataError, require
from minicaffe.errors.reading import cannot_read
from minicaffe.files import open_to_read, write_beside
from minicaffe.glog import StatusHandler

if TYPE_CHECKING:
    import numpy as np

    from minicaffe.detector import Detection, Detector

COORDINATES = ("ymin", "xmin", "ymax", "xmax")
_BATCHES = 4  # of windows that are cut out before the net runs

Windows = dict[str, list[list[float]]]


def add_window_flags(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of Caffe's script, for windows."""
    add_model_flags(parser)
    parser.add_argument(
        "--crop_mode",
        default="selective_search",
        choices=("list", "selective_search"),
        help="list: the windows are in the .csv",
    )
    parser.add_argument(
        "--context_pad", type=explained(whole), default=16, metavar="N",
        help="how many pixels of the net's input show what is around the window (16)",
    )  # fmt: skip


def classify_windows(args: argparse.Namespace) -> None:
    """Write the net's scores for each window of a .csv, or of the pictures that a .txt names."""
    from minicaffe.detector import Detector

    ending = args.input_file.rpartition(".")[2].lower()
    if ending not in ("txt", "csv"):
        args.usage_error(
            f"'{args.input_file}' is given; expected a name that ends with .txt or .csv"
        )
    if args.output_file is None:
        args.usage_error("the file to write is missing; expected a name that ends with .csv or .h5")
    if ending == "txt" and args.crop_mode == "list":
        args.usage_error("--crop_mode=list is given with a .txt; it takes a .csv of windows")
    if not args.output_file.lower().endswith((".csv", ".h5", ".hdf5")):
        args.usage_error(
            f"'{args.output_file}' is given; expected a name that ends with .csv or .h5"
        )
    table = None if args.output_file.lower().endswith(".csv") else _pandas()
    options = model_options(args)
    detector = Detector(
        mean=_channel_means(args.mean_file), context_pad=args.context_pad, **options
    )
    start = time.perf_counter()
    print("Loading input...")
    windows = _read_csv(args.input_file) if ending == "csv" else _read_names(args.input_file)
    if args.crop_mode == "list":
        found = _detect(detector, windows, args.log)
    else:
        found = detector.detect_selective_search(windows)
    print(f"Processed {len(found)} windows in {time.perf_counter() - start:.3f} s.")
    start = time.perf_counter()
    with write_beside(args.output_file, error=DataError) as beside:
        if table is None:
            _write_csv(os.fspath(beside), found)
        else:
            _write_table(table, os.fspath(beside), found)
    print(f"Saved to {args.output_file} in {time.perf_counter() - start:.3f} s.")


def _detect(detector: Detector, windows: Windows, log: StatusHandler) -> list[Detection]:
    """The scores of all windows, some images at a time: crops take much memory."""
    from minicaffe.cli._progress import Counter

    enough = _BATCHES * detector.blobs[detector.inputs[0]].shape[0]
    found: list[Detection] = []
    group: Windows = {}
    with Counter(log, len(windows), "images") as counter:
        for index, (name, places) in enumerate(windows.items(), 1):
            check_image_file(name)
            group[name] = places
            if index == len(windows) or sum(map(len, group.values())) >= enough:
                found += detector.detect_windows(group.items())
                group = {}
                counter.show(index)
    return found


def _channel_means(path: str) -> np.ndarray | None:
    """One value a channel, because windows are stretched to the net's input."""
    from minicaffe.cli._arrays import load_mean

    mean = load_mean(path)
    return mean if mean is None or mean.ndim == 1 else mean.mean(axis=(-2, -1)).reshape(-1)


def _read_names(path: str) -> Windows:
    return {line.strip(): [] for line in _open(path) if line.strip()}


def _read_csv(path: str) -> Windows:
    """The windows of each file, in the order in which the files are first named."""
    reader = csv.DictReader(_open(path), skipinitialspace=True)
    missing = [name for name in ("filename", *COORDINATES) if name not in (reader.fieldnames or ())]
    if missing:
        raise DataError(
            f"there is no column {', '.join(missing)}; the first line must name the columns "
            f"filename, {', '.join(COORDINATES)}",
            path=path,
        )
    windows: Windows = {}
    for row in reader:
        try:
            window = [float(row[name] or "") for name in COORDINATES]
        except ValueError:
            raise DataError(
                f"a window of {[row[name] for name in COORDINATES]}, expected four numbers",
                path=path,
                line=reader.line_num,
            ) from None
        windows.setdefault(row["filename"], []).append(window)
    return windows


def _open(path: str) -> list[str]:
    try:
        with open_to_read(path, pipes=True) as stream:
            return stream.read().decode("utf-8").splitlines(keepends=True)
    except (OSError, UnicodeDecodeError) as reason:
        raise cannot_read(path, reason) from reason


def _write_csv(path: str, found: Iterable[Detection]) -> None:
    import numpy as np

    with open(path, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        for index, detection in enumerate(found):
            scores = np.ravel(detection["prediction"]).tolist()
            if not index:
                classes = [f"class{number}" for number in range(len(scores))]
                writer.writerow(["filename", *COORDINATES, *classes])
            window = [float(number) for number in detection["window"]]
            writer.writerow([detection["filename"], *window, *scores])


def _pandas() -> ModuleType:
    """pandas, which Caffe's script writes .h5 files with."""
    purpose = "writing .h5 as Caffe's detect.py does (a .csv needs no package)"
    require("tables", extra="detect", purpose=purpose)
    return require("pandas", extra="detect", purpose=purpose)


def _write_table(pandas: ModuleType, path: str, found: Iterable[Detection]) -> None:
    rows = [
        {"prediction": d["prediction"], **dict(zip(COORDINATES, d["window"], strict=True))}
        for d in found
    ]
    index = pandas.Index([detection["filename"] for detection in found], name="filename")
    pandas.DataFrame(rows, index=index).to_hdf(path, key="df", mode="w")
