"""Boxes on pictures."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe.detection.drawing import class_name, draw_boxes
from minicaffe.errors import MissingExtraError

GREY = np.full((3, 100, 120), 128, np.uint8)


def test_a_frame_of_one_colour_around_what_is_inside() -> None:
    pytest.importorskip("PIL.Image")
    drawn = draw_boxes(GREY, np.array([[1, 0.9, 30, 40, 80, 90]]), {1: "cat"})
    assert drawn.shape == (3, 100, 120)
    assert drawn.dtype == np.uint8
    color = drawn[:, 60, 30]
    assert (color != 128).any()
    frame = np.concatenate(
        [drawn[:, 40:91, 30], drawn[:, 40:91, 80], drawn[:, 40, 30:81], drawn[:, 90, 30:81]], axis=1
    )
    assert (frame == color[:, None]).all()
    assert (drawn[:, 43:88, 33:78] == 128).all()
    assert (drawn[:, 91:] == 128).all()
    assert (drawn[:, 20:40, 30:50] != 128).any(), "no name above"
    assert (GREY == 128).all(), "the picture itself has changed"


def test_classes_have_colours_and_grey_pictures_get_them() -> None:
    pytest.importorskip("PIL.Image")
    boxes = np.array([[label, 0.9, 30, 40, 80, 90] for label in (1, 2, 3)])
    colors = {tuple(draw_boxes(GREY[:1], boxes[i : i + 1], {})[:, 60, 30]) for i in range(3)}
    assert len(colors) == 3


@pytest.mark.parametrize(
    "corners", [(-50, -9, 400, 300), (0, 0, 0, 0), (119, 99, 119, 99), (70, 60, 20, 10)]
)
def test_boxes_at_and_beyond_the_edge(corners: tuple[int, ...]) -> None:
    pytest.importorskip("PIL.Image")
    drawn = draw_boxes(GREY, np.array([[1, 0.9, *corners]]), {1: "猫 " * 40 + "é"})
    assert drawn.shape == GREY.shape
    assert (drawn != 128).any()


def test_a_tiny_picture() -> None:
    pytest.importorskip("PIL.Image")
    assert draw_boxes(GREY[:, :1, :1], np.array([[1, 0.9, 0, 0, 1, 1]]), {}).shape == (3, 1, 1)


def test_names_do_not_move_the_cursor() -> None:
    assert class_name(1, {1: "a\x1b[2J"}) == r"a\x1b[2J"
    assert class_name(2, {1: "a"}) == "2"


def test_without_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "PIL.Image", None)
    with pytest.raises(MissingExtraError, match="Pillow"):
        draw_boxes(GREY, np.zeros((0, 6)), {})
