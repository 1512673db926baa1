"""AnchorTargetLayer against loops over single anchors, too few for any to be drawn."""

from __future__ import annotations

from tests.layers.harness import Case, normal
from tests.layers.rpn import anchor_targets, anchors, image, python, true_boxes


def case(text: str, count: int, more: bool = False, **expected: object) -> Case:
    """A layer with this ``param_str``; the others say what the loops are to do."""
    names = {key: expected.pop(key) for key in ("ratios", "scales") if key in expected}
    bottoms = [(1, 2 * count, 6, 7), (4, 5), (1, 3), *([(1, 3, 130, 160)] if more else [])]
    return Case(
        "AnchorTargetLayer",
        python(text, "AnchorTargetLayer", "rpn.anchor_target_layer"),
        bottoms,
        [normal, true_boxes, image(130, 160), normal],
        has_gradient=False,
        deterministic=False,
        reference=lambda b, _: anchor_targets(b, anchors(**names), **expected),  # type: ignore[arg-type]
        smaller=[(1, 2 * count, 3, 4), (2, 5), *bottoms[2:]],
        tops=4,
        name=text,
    )


def shared(offsets: list[float]) -> list[float]:
    """Offsets normalised by the numbers of R-FCN's config.py."""
    return [value / spread for value, spread in zip(offsets, (0.1, 0.1, 0.2, 0.2), strict=True)]


CASES = [
    case("{feat_stride: 16, scales: [2, 3]}", 6, more=True, scales=(2, 3)),
    case("{feat_stride: 16, scales: [2, 4], ratios: [1, 1.5], RPN_POSITIVE_OVERLAP: 0.4, "
         "RPN_NEGATIVE_OVERLAP: 0.2}", 4, scales=(2, 4), ratios=(1, 1.5), positive=0.4,
         negative=0.2),
    case("{feat_stride: 16, scales: [2, 5], allowed_border: 20, RPN_NEGATIVE_OVERLAP: 0.6, "
         "RPN_CLOBBER_POSITIVES: true}", 6, scales=(2, 5), border=20, negative=0.6, clobber=True),
    case("{feat_stride: 20, scales: [2, 3], RPN_POSITIVE_WEIGHT: 0.3, RPN_BBOX_INSIDE_WEIGHTS: "
         "[1, 2, 0.5, 3]}", 6, scales=(2, 3), stride=20, share=0.3, weights=(1, 2, 0.5, 3)),
    case("{feat_stride: 16, scales: [3], RPN_NORMALIZE_TARGETS: true}", 3, scales=(3,),
         normalise=shared),
]  # fmt: skip
