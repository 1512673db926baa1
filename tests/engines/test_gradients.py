"""Gradients of parameters add up to what is in ``diff``, wherever they are computed."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe.net.net import Net
from minicaffe.syncedmem import SyncedHead
from tests.engines.nets import Text, residual
from tests.engines.twins import Twins, error_of, running, write


def small() -> str:
    """Convolution (whose weights oneDNN blocks), PReLU, Scale and two inner products."""
    text = Text()
    text.input("data", 5, 16, 6, 7)
    text.input("label", 5)
    text.conv("data", "c1", 32)
    text.add("PReLU", "c1")
    text.add("Scale", "c1", "scaled", "scale_param { bias_term: true }")
    text.inner("scaled", "hidden", 24)
    text.inner("hidden", "scores", 3)
    text.loss("scores")
    return str(text)


@pytest.fixture(params=[small, residual], ids=["small", "residual"])
def twins(request: pytest.FixtureRequest) -> Twins:
    twins = Twins(request.param())
    twins.fill(**twins.label(3))
    twins.each("forward_loss")
    return twins


def diffs(net: Net) -> list[np.ndarray]:
    return [param.blob.diff for param in net.learnable_params]


def learned(net: Net, step: int = 1) -> int:
    """How many of the parameters, or of every so many, are learned (statistics are not)."""
    return sum(one.lr_mult > 0 for one in net.learnable_params[::step])


def sums(net: Net) -> int:
    """How many sums or products of two arrays a backward computes."""
    with running() as ran:
        net.backward()
    return sum(name.startswith("binary/") for name in ran)


def test_after_clearing_nothing_is_added(twins: Twins) -> None:
    for net in twins.nets:
        for param in net.learnable_params:
            param.blob.diff_memory.raw[...] = np.nan  # what no one may see
        net.clear_param_diffs()
    twins.numpy.backward()
    without = sums(twins.tested)
    twins.same()
    assert sums(twins.tested) == without + learned(twins.tested)


def test_the_second_batch_adds(twins: Twins) -> None:
    twins.each("clear_param_diffs")
    twins.each("backward")
    first = [diff.copy() for diff in diffs(twins.tested)]
    twins.each("backward")
    for diff, once in zip(diffs(twins.tested), first, strict=True):
        assert error_of(diff, 2 * once) < 1e-5
    twins.same()


def test_writes_after_clearing_count(twins: Twins) -> None:
    twins.each("clear_param_diffs")
    for net in twins.nets:
        for param in net.learnable_params[::2]:  # to read one is to let it be written
            param.blob.diff[...] = 0.5
    twins.numpy.backward()
    some = sums(twins.tested)
    twins.same()
    twins.tested.clear_param_diffs()
    assert some == sums(twins.tested) + learned(twins.tested, 2)


def test_views_that_are_held(twins: Twins) -> None:
    views = [diffs(net) for net in twins.nets]
    for factor in (1, 2):
        twins.each("clear_param_diffs")
        assert not any(view.any() for view in views[1])
        for held in views:
            held[0][...] = factor
        twins.each("backward")
        for view, want in zip(views[1], views[0], strict=True):
            assert error_of(view, want) < 1e-4


def test_reading_after_clearing(twins: Twins) -> None:
    for _ in range(2):
        twins.each("backward")
        twins.each("clear_param_diffs")
        assert not twins.tested.arena.diff.any()
        assert not any(diff.any() for diff in diffs(twins.tested))
        twins.each("clear_param_diffs")
    assert all(
        param.blob.diff_memory.head is SyncedHead.CLEARED for param in twins.tested.learnable_params
    )
    twins.each("backward")
    twins.same()


def test_shared_weights_add_up() -> None:
    text = Text()
    text.input("data", 3, 16, 5, 4)
    text.input("label", 3)
    names = 'param { name: "w" } param { name: "b" }'
    text.relu(text.conv("data", "c1", 16, param=names))
    text.conv("c1", "c2", 16, param=names)
    text.inner("c2", "scores", 3)
    text.loss("scores")
    twins = Twins(str(text))
    twins.fill(**twins.label(3))
    for _ in range(2):
        twins.each("forward_loss")
        twins.each("clear_param_diffs")
        twins.numpy.backward()
        some = sums(twins.tested)
        twins.same()
        assert sums(twins.tested) == some + 4, "of c1 and c2 only the one that comes first writes"


def test_a_gradient_given_to_an_output_of_split_counts() -> None:
    text = Text()
    text.input("data", 2, 3, 4, 5)
    text.conv("data", "c1", 4)
    text.add("Split", "c1", "unread read")
    text.add("Reduction", "read", "loss", "reduction_param { operation: SUMSQ } loss_weight: 0.5")
    twins = Twins(str(text))
    twins.fill()
    for _ in range(2):
        twins.each("forward_loss")
        write(twins, "unread", "diff")
        twins.each("clear_param_diffs")
        twins.each("backward")
        got, want = (net.blobs["c1"].diff for net in reversed(twins.nets))
        both = twins.numpy.blobs["read"].diff + twins.numpy.blobs["unread"].diff
        assert error_of(got, want) < 1e-5
        assert error_of(want, both) < 1e-5
        twins.same()
