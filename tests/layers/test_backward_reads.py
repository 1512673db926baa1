"""What a layer says of its backward is so: values that it does not read may be overwritten."""

from __future__ import annotations

import numpy as np
import pytest

from tests.layers.harness import Case, Rig
from tests.layers.test_layers import with_gradient


@pytest.mark.parametrize("case", with_gradient, ids=str)
def test_backward_reads_nothing_else(case: Case) -> None:
    left, spoilt = Rig(case), Rig(case)
    left.forward()
    spoilt.forward()
    reads = spoilt.layer.backward_reads
    for name, blobs in (("bottoms", spoilt.bottom), ("tops", spoilt.top)):
        for blob in blobs if name not in reads else ():
            blob.data[...] = np.nan
    left.backward()
    spoilt.backward()
    for want, got in zip(left.bottom, spoilt.bottom, strict=True):
        np.testing.assert_array_equal(got.diff, want.diff)
    for want, got in zip(left.layer.blobs, spoilt.layer.blobs, strict=True):
        np.testing.assert_array_equal(got.diff, want.diff)
