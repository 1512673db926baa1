"""The types that SkimCaffe has for Intel's MKL; those for several layers are in test_fused.py."""

from __future__ import annotations

import numpy as np

from tests.layers import references
from tests.layers.harness import Case, distinct

CONVOLUTION = 'num_output: 4 kernel_size: 3 stride: 2 pad: 1 weight_filler { type: "gaussian" }'
WINDOW = {"stride": (2, 2), "pad": (1, 1), "dilation": (1, 1)}


CASES = [
    Case("MKLConvolution", f"convolution_param {{ {CONVOLUTION} }}", [(2, 3, 5, 6)],
         reference=lambda b, p: [references.convolution(b[0], p[0], p[1], **WINDOW)]),
    Case("MKLPooling", "pooling_param { pool: MAX kernel_size: 3 stride: 2 }", [(2, 3, 6, 5)],
         distinct, reference=lambda b, p:
             references.pooling(b[0], "MAX", kernel=(3, 3), stride=(2, 2), pad=(0, 0))[:1]),
    Case("MKLReLU", "relu_param { negative_slope: 0.25 }", in_place=True,
         reference=lambda b, p: [np.where(b[0] > 0, b[0], b[0] / 4)]),
    Case("MKLLRN", "lrn_param { local_size: 3 alpha: 2 beta: 0.5 }", reference=lambda b, p: [
        references.lrn(b[0], size=3, alpha=2, beta=0.5, k=1, within=False)]),
]  # fmt: skip
