"""What py-faster-rcnn's layers in Python are told: ``param_str``, and its ``fast_rcnn/config.py``.

There the text is YAML with a few numbers, and the rest is in a module of the program. Here the text
may have the rest, too, under its names.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

import yaml

from minicaffe.errors import GraphError, did_you_mean

Value = int | float | bool | tuple[float, ...]


@dataclass(frozen=True)
class Config:
    """The part of config.py that the layers use; there the names are in capitals.

    The defaults are those of phase TRAIN.
    """

    rpn_pre_nms_top_n: int = 12000
    rpn_post_nms_top_n: int = 2000
    rpn_nms_thresh: float = 0.7
    rpn_min_size: float = 16.0
    rpn_normalize_targets: bool = False
    rpn_normalize_means: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0)
    rpn_normalize_stds: tuple[float, ...] = (0.1, 0.1, 0.2, 0.2)
    rpn_positive_overlap: float = 0.7
    rpn_negative_overlap: float = 0.3
    rpn_clobber_positives: bool = False
    rpn_fg_fraction: float = 0.5
    rpn_batchsize: int = 256
    rpn_bbox_inside_weights: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0)
    rpn_positive_weight: float = -1.0
    batch_size: int = 128
    fg_fraction: float = 0.25
    fg_thresh: float = 0.5
    bg_thresh_hi: float = 0.5
    bg_thresh_lo: float = 0.1
    bbox_inside_weights: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0)
    bbox_normalize_targets_precomputed: bool = False
    bbox_normalize_means: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0)
    bbox_normalize_stds: tuple[float, ...] = (0.1, 0.1, 0.2, 0.2)
    ohem_use_nms: bool = True
    ohem_nms_thresh: float = 0.7


def in_test(config: Config) -> Config:
    """What holds in phase TEST: fewer regions; what is drawn to be learned from is as in TRAIN."""
    return replace(config, rpn_pre_nms_top_n=6000, rpn_post_nms_top_n=300)


#: Training as R-FCN's settings have it, without and with hard examples mined.
IN_RFCN = in_test(Config())
WITH_OHEM = replace(IN_RFCN, batch_size=-1, bg_thresh_lo=0.0)


@dataclass(frozen=True)
class RpnSettings:
    """What one layer is told.

    Attributes:
        feat_stride: pixels of the image for each place of the feature map.
        scales, ratios: of the anchors, on a square of 16 pixels.
        allowed_border: how many pixels an anchor may lie outside of the image.
        num_classes: background included.
        config: the rest.
    """

    feat_stride: int = 0
    scales: tuple[float, ...] = (8.0, 16.0, 32.0)
    ratios: tuple[float, ...] = (0.5, 1.0, 2.0)
    allowed_border: float = 0.0
    num_classes: int = 0
    config: Config = field(default_factory=Config)


_OF_LAYERS: dict[str, Value] = {
    f.name: getattr(RpnSettings(), f.name) for f in fields(RpnSettings) if f.name != "config"
}
_OF_CONFIG: dict[str, Value] = {f.name.upper(): getattr(Config(), f.name) for f in fields(Config)}

#: The least and the greatest that a number, or each of several, may be.
_RANGES: dict[str, tuple[float, float]] = {
    "feat_stride": (1, 1e6),
    "num_classes": (2, 1e6),
    "scales": (1e-6, 1e6),
    "ratios": (1e-6, 1e6),
    "RPN_NORMALIZE_STDS": (1e-30, math.inf),
    "BBOX_NORMALIZE_STDS": (1e-30, math.inf),
    "RPN_NMS_THRESH": (0, math.inf),
    "OHEM_NMS_THRESH": (0, math.inf),
    "RPN_FG_FRACTION": (0, 1),
    "FG_FRACTION": (0, 1),
    "FG_THRESH": (1e-6, math.inf),
    "RPN_BATCHSIZE": (1, 1e9),
    "BATCH_SIZE": (-1, 1e9),
    "RPN_POSITIVE_WEIGHT": (-1, 1),
}


#: How Python's own YAML marks a tuple, which is read as a list.
_TUPLE = "!!python/tuple"


def read_settings(
    text: str, required: str, config: Config, wrong: list[GraphError]
) -> tuple[RpnSettings, list[str]]:
    """The settings that a ``param_str`` gives.

    Args:
        text: YAML, such as ``'feat_stride': 16``, or with braces around it.
        required: the key that must be there.
        config: what holds for names that the text does not give.
        wrong: gets an error for each mistake.

    Returns:
        the settings, and the keys that mean nothing.
    """
    given = _mapping(text, wrong)
    own: dict[str, Value] = {}
    rest: dict[str, Value] = {}
    unknown = []
    for key, value in given.items():
        if key in _OF_LAYERS:
            own |= _checked(key, value, _OF_LAYERS[key], wrong)
        elif key in _OF_CONFIG:
            rest |= _checked(key, value, _OF_CONFIG[key], wrong)
        else:
            unknown.append(key)
    if required not in given and not wrong:
        hint = did_you_mean(required, unknown) if unknown else ""
        found = f"'{text.strip()}'" if text.strip() else "empty"
        example = {"feat_stride": 16, "num_classes": 21}[required]
        wrong.append(
            GraphError(
                f"param_str is {found}; expected it to say {required}, as in "
                f"\"'{required}': {example}\"{hint}"
            )
        )
    changed = replace(config, **{key.lower(): value for key, value in rest.items()})  # type: ignore[arg-type]
    return replace(RpnSettings(), config=changed, **own), unknown  # type: ignore[arg-type]


def _mapping(text: str, wrong: list[GraphError]) -> Mapping[str, object]:
    try:
        value = yaml.safe_load(text.replace(_TUPLE, ""))
    except Exception as error:  # of malformed values with tags PyYAML raises whatever Python does
        problem = " ".join(str(getattr(error, "problem", None) or error).split())
        wrong.append(GraphError(f"param_str is not YAML ({problem}); expected 'key': value"))
        return {}
    if value is None:
        return {}
    if not isinstance(value, dict):
        wrong.append(
            GraphError(f"param_str is '{text.strip()}'; expected YAML such as 'feat_stride': 16")
        )
        return {}
    return {str(key): inner for key, inner in value.items()}


def _checked(key: str, value: object, like: Value, wrong: list[GraphError]) -> Mapping[str, Value]:
    """The value as the default's type, where it is good; else an error is added."""
    least, most = _RANGES.get(key, (-math.inf, math.inf))
    good: Value | None
    if isinstance(like, tuple):
        four = key in _OF_CONFIG
        good, expected = _numbers(value, four), "four numbers" if four else "a list of numbers"
        parts = good or ()
    else:
        good, expected = _number(value, like)
        parts = () if good is None else (good,)
    if good is not None and all(least <= part <= most for part in parts):
        return {key: good}
    if (least, most) != (-math.inf, math.inf):
        expected += f" of at least {least:g}" + (f", at most {most:g}" if most <= 1 else "")
    wrong.append(GraphError(f"param_str: '{key}' is {reprlib.repr(value)}; expected {expected}"))
    return {}


def _numbers(value: object, four: bool) -> tuple[float, ...] | None:
    if not isinstance(value, list | tuple) or not value or (four and len(value) != 4):
        return None
    found = [_number(part, 0.0)[0] for part in value]
    return None if None in found else tuple(float(part) for part in found if part is not None)


def _number(value: object, like: int | float | bool) -> tuple[int | float | bool | None, str]:
    """The value if it is of the default's type, and what that is called."""
    if isinstance(like, bool):
        return (value if isinstance(value, bool) else None), "true or false"
    if isinstance(like, int):
        good = isinstance(value, int) and not isinstance(value, bool)
        return (value if good else None), "a whole number"  # type: ignore[return-value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            return number, "a number"
    return None, "a number"
