"""Boxes drawn on a picture, each with its name and score."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.errors import require, visible

if TYPE_CHECKING:
    from types import ModuleType

    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

    Font = FreeTypeFont | ImageFont

#: Hues of neighbouring classes are this part of the circle apart (the golden section).
_TURN = 0.61803399

Color = tuple[int, int, int]


def draw_boxes(image: np.ndarray, boxes: np.ndarray, names: Mapping[int, str]) -> np.ndarray:
    """A picture with boxes drawn on it.

    Args:
        image: channels × height × width, uint8, grey or blue first.
        boxes: (n, 6), as :meth:`BoxFinder.find` returns them; the best is drawn last, above others.
        names: of the classes; their numbers stand in for those not named.

    Returns:
        3 × height × width, uint8, blue first.

    Raises:
        MissingExtraError: Pillow is not installed.
    """
    image_module, draw_module, fonts = (
        require(f"PIL.{name}", extra="data", purpose="drawing boxes")
        for name in ("Image", "ImageDraw", "ImageFont")
    )
    pixels = np.repeat(image, 3, axis=0) if len(image) == 1 else image[::-1]
    picture = image_module.fromarray(np.ascontiguousarray(pixels.transpose(1, 2, 0)))
    draw = draw_module.Draw(picture)
    font = _font(fonts, max(11, min(picture.size) // 30))
    line = max(1, min(picture.size) // 200)
    for label, score, *corners in boxes[::-1].tolist():
        text = f"{class_name(int(label), names)} {score:.2f}"
        _draw_box(draw, corners, text, _color(int(label)), font, line)
    return np.ascontiguousarray(np.asarray(picture).transpose(2, 0, 1)[::-1])


def class_name(label: int, names: Mapping[int, str]) -> str:
    """A class's name, or its number where it has none; nothing in it moves a terminal's cursor."""
    return visible(names.get(label, str(label)))


def _draw_box(
    draw: ImageDraw, corners: list[float], text: str, color: Color, font: Font, line: int
) -> None:
    """One box, and its text on a plate above it, or inside where there is no place above."""
    width, height = draw.im.size
    limits = np.array([width, height, width, height]) - 1
    xmin, ymin, xmax, ymax = np.clip(np.rint(corners), 0, limits).tolist()
    draw.rectangle((xmin, ymin, max(xmin, xmax), max(ymin, ymax)), outline=color, width=line)
    text = _drawable(text, font)
    left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
    wide, high = right - left + 4, bottom - top + 4
    x = min(xmin, max(0, width - wide))
    y = ymin - high if ymin >= high else ymin
    draw.rectangle((x, y, x + wide, y + high), fill=color)
    bright = 0.3 * color[0] + 0.59 * color[1] + 0.11 * color[2] > 140
    draw.text((x + 2 - left, y + 2 - top), text, fill=(0,) * 3 if bright else (255,) * 3, font=font)


def _color(label: int) -> Color:
    red, green, blue = colorsys.hsv_to_rgb(label * _TURN % 1, 0.85, 0.95)
    return round(255 * red), round(255 * green), round(255 * blue)


def _font(fonts: ModuleType, size: int) -> Font:
    """Pillow's own font of a height in pixels; its only one where it cannot be scaled."""
    try:
        return fonts.load_default(size=size)
    except (TypeError, ImportError, OSError):  # before Pillow 10.1, or without FreeType
        return fonts.load_default()


def _drawable(text: str, font: Font) -> str:
    """The text, with marks in place of letters that the font cannot draw at all."""
    try:
        font.getbbox(text)
    except UnicodeEncodeError:
        return text.encode("latin-1", "replace").decode("latin-1")
    return text
