"""What holds of all engines: tests of oneDNN's and numpy's, on torch."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="PyTorch is absent")

from tests.engines import test_axes, test_between_passes, test_nets, test_stress
from tests.engines.test_parts import (
    test_backward_after_writing_into_a_blob,
    test_hooks_see_what_numpy_shows,
)
from tests.engines.test_sharing import (
    test_a_referenced_blob_is_kept,
    test_blob_that_shows_the_array_of_another,
    test_gradients_keep_everything,
    test_outputs_are_the_same,
    test_part_of_the_net_keeps_everything,
    test_reshape_between_forwards,
    test_values_that_were_not_kept_cannot_be_looked_at,
)
from tests.engines.test_written_apart import (
    test_gradient_of_a_normalisation_whose_bottom_is_written,
    test_gradients_of_a_sum,
)

__all__ = [
    "test_a_referenced_blob_is_kept",
    "test_backward_after_writing_into_a_blob",
    "test_blob_that_shows_the_array_of_another",
    "test_gradient_of_a_normalisation_whose_bottom_is_written",
    "test_gradients_keep_everything",
    "test_gradients_of_a_sum",
    "test_hooks_see_what_numpy_shows",
    "test_outputs_are_the_same",
    "test_part_of_the_net_keeps_everything",
    "test_reshape_between_forwards",
    "test_values_that_were_not_kept_cannot_be_looked_at",
]


@pytest.fixture
def engine() -> str:
    """What the imported tests run on."""
    return "torch"


@pytest.mark.parametrize("seed", [2, 3])
def test_random_program(seed: int) -> None:
    test_stress.test_random_program(seed)


@pytest.mark.parametrize("kind", ["Convolution", "LRN", "MVN", "Pooling", "Scale all"])
def test_axes_and_lengths(kind: str) -> None:
    test_axes.test_axes_and_lengths(kind)


@pytest.mark.parametrize("name", ["b_scale", "sum_relu", "c"])
def test_a_backward_in_two_parts(name: str) -> None:
    test_between_passes.test_a_backward_in_two_parts(name, "all")


@pytest.mark.parametrize(("kind", "settings", "bottoms"), test_between_passes.KEEPING)
def test_inputs_that_are_written_between_the_passes(kind: str, settings: str, bottoms: int) -> None:
    test_between_passes.test_inputs_that_are_written_between_the_passes(
        kind, settings, bottoms, parts=False, keep="all"
    )


@pytest.mark.parametrize("name", ["silence", "flat and not", "used thrice"])
def test_chain(name: str) -> None:
    test_nets.test_chain(name)
