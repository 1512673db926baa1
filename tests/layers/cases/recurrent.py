"""LSTM, RNN and LSTMUnit against one step after the other, written as in their formulas."""

from __future__ import annotations

import numpy as np

from tests.layers.harness import Case, labels, normal

Arrays = list[np.ndarray]

WEIGHTS = (
    'weight_filler { type: "uniform" min: -0.5 max: 0.5 } '
    'bias_filler { type: "uniform" min: -0.3 max: 0.3 }'
)


def marks(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Sequences begin at the first step, so that no state of the last forward counts."""
    cont = rng.integers(0, 2, shape).astype(float)
    cont[0] = 0
    return cont


def going_on(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """The first step goes on from an exposed state."""
    cont = rng.integers(0, 2, shape).astype(float)
    cont[0, 0] = 1
    return cont


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def _inputs(bottoms: Arrays, params: Arrays, static: bool) -> np.ndarray:
    x = bottoms[0].reshape(*bottoms[0].shape[:2], -1)
    sums = x @ params[0].T + params[1]
    return sums + bottoms[2].reshape(x.shape[1], -1) @ params[2].T if static else sums


def lstm(bottoms: Arrays, params: Arrays, *, static: bool = False, exposed: bool = False) -> Arrays:
    sums, cont = _inputs(bottoms, params, static), bottoms[1]
    size = sums.shape[2] // 4
    h, c = (state[0] for state in bottoms[-2:]) if exposed else np.zeros((2, cont.shape[1], size))
    out = []
    for t, keep in enumerate(cont[:, :, None]):
        i, f, o, g = np.split(sums[t] + (keep * h) @ params[-1].T, 4, axis=1)
        c = keep * sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        out.append(h)
    return [np.stack(out), h[None], c[None]][: 3 if exposed else 1]


def rnn(bottoms: Arrays, params: Arrays, *, static: bool = False, exposed: bool = False) -> Arrays:
    sums, cont = _inputs(bottoms, params, static), bottoms[1]
    h = bottoms[-1][0] if exposed else np.zeros(sums.shape[1:])
    recurrent, output, bias = params[-3:]
    out = []
    for t, keep in enumerate(cont[:, :, None]):
        h = np.tanh(sums[t] + (keep * h) @ recurrent.T)
        out.append(np.tanh(h @ output.T + bias))
    return [np.stack(out), h[None]][: 2 if exposed else 1]


def lstm_unit(bottoms: Arrays, params: Arrays) -> Arrays:
    i, f, o, g = np.split(bottoms[1], 4, axis=2)
    c = bottoms[2][..., None] * sigmoid(f) * bottoms[0] + sigmoid(i) * np.tanh(g)
    return [c, sigmoid(o) * np.tanh(c)]


def _both(name: str, shapes: list, fewer: list, *, more: str = "", exposed: bool = False,
          static: bool = False, size: int = 3) -> list[Case]:  # fmt: skip
    cases = []
    for type_, reference, states in (("LSTM", lstm, 2), ("RNN", rnn, 1)):
        state, less = [[(1, item[0][1], size)] * states * exposed for item in (shapes, fewer)]
        cases.append(Case(
            type_,
            f"recurrent_param {{ num_output: {size} {more} {WEIGHTS} }}",
            [*shapes, *state],
            values=[normal, going_on if exposed else marks, normal, normal, normal],
            gradients=[True, False, *[True] * static, *[False] * len(state)],
            tops=1 + len(state),
            reference=lambda b, p, f=reference: f(b, p, static=static, exposed=exposed),
            has_gradient=not exposed,  # exposed states pass none: see test_recurrent.py
            name=name,
            smaller=[*fewer, *less],
        ))  # fmt: skip
    return cases


CASES = [
    *_both("plain", [(4, 2, 5), (4, 2)], [(4, 1, 5), (4, 1)]),
    *_both("planes", [(3, 2, 2, 4), (3, 2)], [(3, 1, 2, 4), (3, 1)]),
    *_both("one-step", [(1, 3, 2), (1, 3)], [(1, 2, 2), (1, 2)]),
    *_both("static", [(4, 2, 5), (4, 2), (2, 3, 2)], [(4, 1, 5), (4, 1), (1, 3, 2)], static=True),
    *_both("exposed", [(4, 2, 5), (4, 2)], [(4, 1, 5), (4, 1)], more="expose_hidden: true",
           exposed=True),
    *_both("exposed-static", [(4, 2, 5), (4, 2), (2, 6)], [(4, 1, 5), (4, 1), (1, 6)],
           more="expose_hidden: true", exposed=True, static=True),
    Case(
        "LSTMUnit",
        bottoms=[(1, 3, 4), (1, 3, 16), (1, 3)],
        values=[normal, normal, labels(2)],
        gradients=[True, True, False],
        tops=2,
        reference=lstm_unit,
        smaller=[(1, 2, 4), (1, 2, 16), (1, 2)],
    ),
]  # fmt: skip
