"""MultiBoxLoss: batches without true boxes, values that are no numbers, and what is refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from minicaffe.errors import DataError, GraphError, MinicaffeError, ShapeError
from tests.layers.detections import prior_values
from tests.layers.harness import Case, Rig
from tests.layers.multibox import true_rows

SHAPES = [(3, 48), (3, 36), (1, 2, 48), (1, 1, 6, 8)]


def rig(change: Callable[[list[np.ndarray]], None] = lambda arrays: None, param: str = "") -> Rig:
    rng = np.random.default_rng(2)
    arrays = [rng.normal(size=SHAPES[0]) * 0.4, rng.normal(size=SHAPES[1])]
    arrays += [prior_values(rng, SHAPES[2]), true_rows(rng, SHAPES[3])]
    change(arrays)
    values = [lambda rng, shape, array=array: array for array in arrays]
    text = f"multibox_loss_param {{ num_classes: 3 {param} }}"
    shapes = [array.shape for array in arrays]
    gradients = [True, True, False, False]
    return Rig(Case("MultiBoxLoss", text, shapes, values, gradients, loss=True))


def test_a_batch_without_true_boxes_costs_nothing() -> None:
    def empty(arrays: list[np.ndarray]) -> None:
        arrays[3][...] = -1

    loss = rig(empty)
    assert loss.forward() == [0]
    loss.backward()
    assert not loss.bottom[0].diff.any()
    assert not loss.bottom[1].diff.any()


def test_rows_are_none_when_there_are_none() -> None:
    def cut(arrays: list[np.ndarray]) -> None:
        arrays[3] = arrays[3][:, :, :0]

    assert rig(cut).forward() == [0]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("mining", ["MAX_NEGATIVE", "HARD_EXAMPLE", "NONE"])
@pytest.mark.parametrize("more", ["code_type: CENTER_SIZE", "use_prior_for_matching: false"])
def test_values_that_are_no_numbers_are_survived(
    value: float, place: int, mining: str, more: str
) -> None:
    """They give a loss, which may be no number either, or a message."""

    def spoil(arrays: list[np.ndarray]) -> None:
        arrays[place].reshape(-1)[3::7] = value

    told = []
    with np.errstate(all="ignore"):
        try:
            loss = rig(spoil, f"mining_type: {mining} {more}")
            loss.forward()
            loss.backward()
        except DataError as error:
            told.append(str(error))
    assert place > 1 or not told
    assert all("box" in message for message in told)


@pytest.mark.parametrize(
    ("param", "message"),
    [
        ("num_classes: 0", "num_classes is missing"),
        ("share_location: false", "mining (mining_type is not NONE) needs true"),
        ("do_neg_mining: false mining_type: MAX_NEGATIVE", "say different things"),
        ("background_label_id: 3", "background_label_id is 3; expected a class, 0 to 2"),
        ("map_object_to_agnostic: true", "num_classes 3; expected 2"),
    ],
)
def test_settings_that_exclude_each_other_are_refused(param: str, message: str) -> None:
    with pytest.raises(GraphError) as caught:
        rig(param=param)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("place", "shape", "message"),
    [
        (0, (3, 44), "the offsets have shape 3×44; expected 3×48 for 12 prior boxes"),
        (1, (3, 24), "the scores have shape 3×24; expected 3×36"),
        (2, (1, 1, 48), "the prior boxes have shape 1×1×48; expected 1×2×4P"),
        (3, (1, 6, 8), "bottom 3 has shape 1×6×8; expected 1×1×G×8"),
    ],
)
def test_bottoms_that_do_not_fit_are_refused(
    place: int, shape: tuple[int, ...], message: str
) -> None:
    def change(arrays: list[np.ndarray]) -> None:
        arrays[place] = np.zeros(shape)

    with pytest.raises(ShapeError) as caught:
        rig(change)
    assert message in str(caught.value)


def test_a_true_box_of_the_background_is_told() -> None:
    def change(arrays: list[np.ndarray]) -> None:
        arrays[3][..., 0, 1] = 0

    with pytest.raises(MinicaffeError, match="true box 0 has class 0, which is the background's"):
        rig(change).forward()
