"""The best classes of pictures: ``minicaffe classify`` with ``--model``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from minicaffe.cli._flags import run_options
from minicaffe.cli._images import refuse_row_flags
from minicaffe.cli._pictures import mean_values, net_files, note_preparation, red_first
from minicaffe.errors import DataError, GraphError, visible

if TYPE_CHECKING:
    import numpy as np

    from minicaffe.classifier import Classifier
    from minicaffe.detection.preparation import Preparation

#: Nets of Caffe's zoo look at 224 of 256 pixels.
_MARGIN = 8 / 7

#: What JSON says of one picture.
Record = dict[str, object]


@dataclass(frozen=True)
class Looker:
    """A net, and the size that pictures are brought to before its input is cut out of the middle.

    Attributes:
        net: pycaffe's ``Classifier``.
        size: height and width; None keeps the proportions.
        margin: how much longer the shorter side then is than that of the input.
    """

    net: Classifier
    size: tuple[int, int] | None
    margin: float

    def scores(self, image: np.ndarray) -> np.ndarray:
        """The net's first output for a picture, channels × height × width, uint8, blue first."""
        import numpy as np

        pixels = image[::-1].transpose(1, 2, 0) / np.float32(255)
        height, width = pixels.shape[:2]
        least = self.net.crop_dims
        if self.size is not None:
            wanted = np.array(self.size)
        elif self.margin == 1:
            wanted = least
        else:
            zoom = self.margin * max(least[0] / height, least[1] / width)
            wanted = np.rint(np.array([height, width]) * zoom).astype(int)
        self.net.image_dims = np.maximum(wanted, least)
        return np.asarray(self.net.predict([pixels], oversample=False)).ravel()


def print_classes(args: argparse.Namespace) -> None:
    """Print the best classes of each picture."""
    from minicaffe.cli._progress import Counter
    from minicaffe.detection.names import read_names
    from minicaffe.detection.pictures import find_pictures, tell_broken

    if args.output_file is not None:
        args.usage_error(
            f"'{args.output_file}' is given besides --model, which prints; leave one of them out"
        )
    refuse_row_flags(args)
    pictures = find_pictures(args.input_file)
    looker = _looker(args)
    net, classes = looker.net, _classes(looker.net)
    names = {} if args.labels is None else read_names(args.labels, range(classes))
    records: list[Record] = []
    broken: list[DataError] = []
    with Counter(args.log, pictures.count, "pictures") as counter:
        color = net.blobs[net.inputs[0]].shape[1] != 1
        for index, (name, image) in enumerate(pictures.read(color=color, broken=broken), 1):
            records.append(_record(name, looker.scores(image), names, args.top))
            if not args.json:
                print("\n".join(_lines(records[-1])))
            counter.show(index)
    if args.json:
        chosen = records[0] if pictures.single else records
        print(json.dumps(chosen, indent=2, ensure_ascii=False))
    tell_broken(broken)


def _looker(args: argparse.Namespace) -> Looker:
    from minicaffe.classifier import Classifier
    from minicaffe.detection.preparation import find_preparation, prepared_by_user
    from minicaffe.proto.io import read_net

    model, weights = net_files(args)
    found = find_preparation(model, read_net(model))
    prepared = prepared_by_user(
        found, mean=mean_values(args), scale=args.scale, rgb=red_first(args)
    )
    keywords = run_options(args, keep="outputs").keywords()
    transform = prepared.transform
    net = Classifier(
        model, weights, mean=_mean(prepared), raw_scale=255.0, input_scale=transform.scale,
        **keywords,
    )  # fmt: skip
    name = net.inputs[0]
    if not prepared.rgb and net.blobs[name].shape[1] == 3:
        net.transformer.set_channel_swap(name, (2, 1, 0))
    if transform.std_value:
        net.transformer.set_std(name, list(transform.std_value))
    note_preparation(args, prepared)
    whole = bool(prepared.origin) and not prepared.crop
    return Looker(net, args.size, 1.0 if whole else _MARGIN)


def _mean(prepared: Preparation) -> np.ndarray | None:
    """The mean, one number a channel or an image of them.

    Raises:
        DataError: its file cannot be read.
    """
    import numpy as np

    from minicaffe.weights.blob_proto import read_blob

    transform = prepared.transform
    if transform.HasField("mean_file"):
        try:
            mean = read_blob(transform.mean_file, inner=True)
        except DataError as error:
            error.explain(f" ({prepared.origin} names it; --mean=… says another)")
            raise
        return mean[0] if mean.ndim == 4 else mean
    values = np.array(transform.mean_value, np.float32)
    return values if len(values) > 1 else values.reshape(-1, 1, 1) if len(values) else None


def _classes(net: Classifier) -> int:
    """How many classes the net's first output has.

    Raises:
        GraphError: it is no row of scores.
    """
    name = net.outputs[0]
    shape = net.blobs[name].shape
    count = net.blobs[name].count // max(1, shape[0] if shape else 1)
    if len(shape) < 2 or count != shape[1]:
        raise GraphError(
            f"the net's output '{name}' has the shape {'×'.join(map(str, shape))}, expected a "
            "score for each class (`minicaffe detect` is for nets that find boxes)",
            path=net.path,
        )
    return count


def _record(name: str, scores: np.ndarray, names: dict[int, str], top: int) -> Record:
    """What JSON says of one picture: its best classes, the best first."""
    import numpy as np

    best = np.argsort(-scores, kind="stable")[:top]
    return {
        "image": name,
        "classes": [
            {"label": label, "name": names.get(label), "score": round(float(scores[label]), 6)}
            for label in best.tolist()
        ],
    }


def _lines(record: Record) -> Iterator[str]:
    """A table of one picture, for people."""
    yield visible(str(record["image"]))
    classes: list[dict[str, object]] = record["classes"]  # type: ignore[assignment]
    for place, found in enumerate(classes, 1):
        name = "" if found["name"] is None else visible(str(found["name"]))
        yield f"  {place:>2}  {found['score']:.4f}  {found['label']:>4}  {name}".rstrip()
