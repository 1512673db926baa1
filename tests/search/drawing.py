"""What a random net is drawn from: a function for each kind of layer, and how often it is chosen.

Every function takes the :class:`~tests.search.nets.Draft`, picks bottoms and adds a layer; it may
add nothing when nothing fits. :func:`random_net` is what others use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from minicaffe.proto import caffe_pb2
from tests.search import losses, sources
from tests.search.nets import Draft, DrawnLayer, RandomNet, Value

Drawer = Callable[[Draft], object]


def random_net(
    seed: int | Sequence[int],
    most: int = 9,
    *,
    outside: bool = False,
    more: Mapping[Drawer, float] | None = None,
) -> RandomNet:
    """A valid net of up to ``most`` layers besides inputs and losses.

    Args:
        seed: settles it.
        most: layers; the number of them is drawn, too.
        outside: with layers that read or write files, or run code (see sources.py).
        more: what else is drawn, and how often (such as forks.py's layers).
    """
    rng = np.random.default_rng(seed)
    draft = Draft(rng, caffe_pb2.TRAIN if rng.random() < 0.65 else caffe_pb2.TEST)
    draft.fill = sources.filled
    chosen = {**CATALOGUE, **(OUTSIDE if outside else {}), **(more or {})}
    drawers = list(chosen)
    weights = np.array([chosen[drawer] for drawer in drawers], float)
    weights *= rng.choice([0.3, 1, 3], len(drawers))  # nets differ in what they are mostly made of
    for _ in range(draft.one_of(1, 1, 2)):
        start(draft)
    wanted = draft.between(2, most)
    while sum(layer.type != "Input" for layer in draft.layers) < wanted:
        drawers[rng.choice(len(drawers), p=weights / weights.sum())](draft)
    losses.end(draft)
    read = {name for layer in draft.layers for name in layer.bottoms}
    kept = [item for item in draft.layers if item.type != "Input" or item.name in read]
    inputs = {name: array for name, array in draft.inputs.items() if name in read}
    return RandomNet(draft.phase, tuple(kept), inputs, draft.chance(0.4))


# ------------------------------------------------------------------ beginnings


def start(d: Draft) -> None:
    """A first input, of two to five axes."""
    batch, channels = d.between(1, 5), d.one_of(1, 2, 3, 4, 5, 6, 7, 8, 16, 17)
    spatial = [d.between(3, 9) for _ in range(d.one_of(0, 0, 1, 2, 2, 2, 2, 2, 3))]
    if len(spatial) == 3:
        batch, channels, spatial = batch % 3 + 1, channels % 4 + 1, [2 + n % 3 for n in spatial]
    d.input(d.one_of("normal", "normal", "positive"), [batch, channels, *spatial])


def parameter(d: Draft) -> object:
    like = d.pick()
    dims = "".join(f" dim: {n}" for n in (like.shape if like else (2, 3)))
    return d.add("Parameter", [], f"{specs(d, 1)[0]} parameter_param {{ shape {{{dims} }} }}")


def dummy(d: Draft) -> object:
    like = d.pick()
    dims = "".join(f" dim: {n}" for n in (like.shape if like else (2, 3)))
    filler = d.one_of('type: "gaussian"', "value: 0.7", 'type: "uniform" min: -1 max: 2')
    return d.add(
        "DummyData", [], f"dummy_data_param {{ shape {{{dims} }} data_filler {{ {filler} }} }}"
    )


# ------------------------------------------------------------------ learned layers


def specs(d: Draft, count: int) -> tuple[str, bool]:
    """``param`` blocks: names to share by, parameters that learn, are frozen, or some of each."""
    shared, frozen = d.chance(0.3), d.chance(0.35)
    if not shared and not frozen:
        return "", False
    words = []
    for index in range(count):
        name = f'name: "w{len(d.layers)}_{index}" ' if shared and d.chance(0.85) else ""
        rate = d.one_of("lr_mult: 0 ", "lr_mult: 0 ", "") if frozen else ""
        words.append(f"param {{ {name}{rate}}}")
    return " ".join(words), shared


def geometry(d: Draft, value: Value, axes: int) -> str:
    """Kernel, stride, padding and dilation of a convolution over this many axes."""
    sizes = value.shape[-axes:] if axes else ()
    if axes == 2 and d.chance(0.3):
        words = []
        for name, size in zip("hw", sizes, strict=True):
            words.append(f"kernel_{name}: {d.between(1, min(4, size))}")
            words.append(f"stride_{name}: {d.one_of(1, 1, 2)} pad_{name}: {d.between(0, 2)}")
        return " ".join(words)
    kernel = d.between(1, max(1, min([3, *sizes])))
    words = [f"kernel_size: {kernel}"]
    if kernel > 1 and d.chance(0.5):
        words.append(f"pad: {d.between(1, kernel)}")
    if d.chance(0.3):
        words.append("stride: 2")
    if kernel > 1 and d.chance(0.15):
        words.append("dilation: 2")
    return " ".join(words)


def convolution(d: Draft) -> object:
    kind = d.one_of("Convolution", "Convolution", "Convolution", "Deconvolution")
    value = d.pick(lambda item: len(item.shape) in (3, 4, 5))
    if value is None:
        return None
    channels, axes = value.shape[1], len(value.shape) - 2
    groups = [n for n in range(2, channels + 1) if channels % n == 0]
    group = d.one_of(*groups) if groups and d.chance(0.3) else 1
    outputs = group * d.between(1, 3) if group > 1 else d.one_of(2, 3, 4, 5, 8, 16)
    words = [f"num_output: {outputs}", geometry(d, value, axes)]
    words += [f"group: {group}"] * (group > 1) + ["bias_term: false"] * d.chance(0.3)
    words += ["engine: CAFFE"] * d.chance(0.1)
    spec, shared = specs(d, 1 if "bias_term: false" in words else 2)
    rest = f"{spec} {down(d)} convolution_param {{ {' '.join(words)} }}"
    return d.add(kind, [value], rest, shared=shared)


def inner_product(d: Draft) -> object:
    value = d.pick(lambda item: len(item.shape) > 1)
    if value is None:
        return None
    words = [f"num_output: {d.one_of(2, 3, 5, 7, 8, 16)}"]
    words += ["bias_term: false"] * d.chance(0.3) + ["transpose: true"] * d.chance(0.2)
    if d.chance(0.2):
        words.append(f"axis: {d.one_of(-1, 2)}")
    spec, shared = specs(d, 1 if "bias_term: false" in words else 2)
    rest = f"{spec} {down(d)} inner_product_param {{ {' '.join(words)} }}"
    return d.add("InnerProduct", [value], rest, shared=shared)


def twin(d: Draft) -> object:
    """Another layer with the parameters of an earlier one."""
    if not d.shared:
        return None
    layer, shape = d.shared[d.rng.integers(len(d.shared))]
    value = d.pick(lambda item: item.shape[1:] == shape[1:])
    if value is None:
        return None
    again = DrawnLayer(layer.type, f"twin{len(d.layers)}", (), (), layer.rest)
    return d.add(layer.type, [value], layer=again, in_place=d.chance(0.3))


def down(d: Draft) -> str:
    """Seldom: the bottom's gradient is not wanted, or wanted anyway."""
    return f"propagate_down: {d.one_of('false', 'true')}" if d.chance(0.06) else ""


def embed(d: Draft) -> object:
    shape = d.one_of((d.between(2, 5),), (d.between(2, 4), 3), (3, 2, 2))
    words = f"num_output: {d.between(2, 6)} input_dim: 5"
    words += " bias_term: false" * d.chance(0.3)
    spec, shared = specs(d, 1 if "bias_term" in words else 2)
    rest = f"{spec} embed_param {{ {words} }}"
    return d.add("Embed", [d.input("below 5", shape)], rest, shared=shared)


def recurrent(d: Draft) -> object:
    steps, batch = d.between(1, 4), d.between(1, 3)
    value = d.pick(lambda item: len(item.shape) == 3) if d.chance(0.4) else None
    if value is None:
        value = d.input("normal", (steps, batch, d.between(2, 5)), batch_axis=1)
    marks = d.input("marks", value.shape[:2], value.batch_axis)
    words, bottoms, states = f"num_output: {d.between(2, 5)}", [value, marks], 0
    kind = d.one_of("LSTM", "RNN")
    if d.chance(0.2):
        bottoms.append(d.input("normal", (value.shape[1], 3), 0 if value.batch_axis == 1 else None))
    if d.chance(0.2):
        states = 2 if kind == "LSTM" else 1
        words = "num_output: 4 expose_hidden: true"
        axis = value.batch_axis if value.batch_axis == 1 else None
        bottoms += [d.input("normal", (1, value.shape[1], 4), axis) for _ in range(states)]
    return d.add(kind, bottoms, f"recurrent_param {{ {words} }}", tops=1 + states)


def lstm_unit(d: Draft) -> object:
    batch, size = d.between(1, 4), d.between(2, 5)
    cells = d.input("normal", (1, batch, size), 1)
    gates = d.input("normal", (1, batch, 4 * size), 1)
    return d.add("LSTMUnit", [cells, gates, d.input("marks", (1, batch), 1)], tops=2)


# ------------------------------------------------------------------ normalisation


def batch_norm(d: Draft) -> object:
    value = d.pick(lambda item: len(item.shape) > 1)
    if value is None:
        return None
    words = []
    if d.chance(0.45):
        words.append(f"use_global_stats: {d.one_of('true', 'false')}")
    if d.chance(0.3):
        words.append(f"eps: {d.one_of('1e-3', '0.1')} moving_average_fraction: 0.8")
    if d.chance(0.07):
        words.append(d.one_of("ghost_batch_size: 2", "renorm: true"))
    rest = f"batch_norm_param {{ {' '.join(words)} }}" if words else ""
    if d.chance(0.2):
        rest += " " + "param { lr_mult: 0 } " * 3
    found = d.add("BatchNorm", [value], rest, in_place=d.chance(0.5))
    if found and d.chance(0.6):
        found = scale_of(d, found[0], "Scale") or found
    if found and d.chance(0.5):
        found = d.add("ReLU", [found[0]], in_place=d.chance(0.8))
    return found


def scale(d: Draft) -> object:
    value = d.pick(lambda item: len(item.shape) > 1)
    return value and scale_of(d, value, d.one_of("Scale", "Scale", "Bias"))


def scale_of(d: Draft, value: Value, kind: str) -> list[Value]:
    """A Scale or Bias on a blob, learned or by a second bottom."""
    words = []
    if kind == "Scale" and d.chance(0.6):
        words.append("bias_term: true")
    bottoms = [value]
    if d.chance(0.15):
        axis = d.between(0, len(value.shape) - 1)
        part = value.shape[axis : axis + d.between(0, 2)]
        other = d.pick(lambda item: item.shape == part and item is not value)
        bottoms.append(other or d.input("positive", part, 0 if axis == 0 and part else None))
        words.append(f"axis: {axis}")
    elif d.chance(0.25):
        words.append(f"axis: {d.one_of(1, -1, 2, 0)} num_axes: {d.one_of(1, 1, 0, 2, -1)}")
    count = (len(bottoms) == 1) + (kind == "Scale" and "bias_term: true" in words)
    spec, shared = specs(d, count)
    rest = f"{spec} {kind.lower()}_param {{ {' '.join(words)} }}" if words else spec
    shared = shared and len(bottoms) == 1
    return d.add(kind, bottoms, rest, in_place=d.chance(0.55), shared=shared)


def item_norm(d: Draft) -> object:
    kind, settings = d.one_of(
        ("LayerNorm", "layer_norm_param"),
        ("GroupNorm", "group_norm_param"),
        ("InstanceNorm", "instance_norm_param"),
        ("MVN", "mvn_param"),
        ("LRN", "lrn_param"),
    )
    value = d.pick(lambda item: len(item.shape) > 1 and np.prod(item.shape[2:]) > 2)
    if value is None:
        return None
    groups = [n for n in range(1, value.shape[1] + 1) if value.shape[1] % n == 0]
    words = {
        "LayerNorm": d.one_of("", "axis: -1", "affine: false", "eps: 0.1"),
        "GroupNorm": f"num_groups: {d.one_of(*groups)}" + d.one_of("", " affine: false"),
        "InstanceNorm": d.one_of("", "affine: false", "eps: 0.1"),
        "MVN": d.one_of(
            "", "across_channels: true", "normalize_variance: false",
            "across_channels: true normalize_variance: false",
        ),
        "LRN": f"local_size: {d.one_of(1, 3, 5)} alpha: {d.number(0.1, 2)}"
        + d.one_of("", " beta: 0.5", " k: 2", " norm_region: WITHIN_CHANNEL", " engine: CAFFE"),
    }[kind]  # fmt: skip
    spec = ""
    if kind in ("LayerNorm", "GroupNorm", "InstanceNorm") and "affine" not in words:
        spec, _ = specs(d, 2)
    return d.add(kind, [value], f"{spec} {settings} {{ {words} }}", in_place=d.chance(0.35))


# ------------------------------------------------------------------ element by element


def neuron(d: Draft) -> object:
    """An elementwise layer, in place or not."""
    value = d.pick()
    if value is None:
        return None
    kind, rest, positive = d.one_of(
        *[("ReLU", "", False)] * 4,
        ("ReLU", f"relu_param {{ negative_slope: {d.number()} }}", False),
        ("ReLU", "relu_param { engine: CAFFE }", False),
        ("ELU", d.one_of("", "elu_param { alpha: 0.5 }"), False),
        ("Sigmoid", d.one_of("", "", "sigmoid_param { engine: CAFFE }"), True),
        ("TanH", d.one_of("", "", "tanh_param { engine: CAFFE }"), False),
        ("Swish", d.one_of("", f"swish_param {{ beta: {d.number()} }}"), False),
        ("BNLL", "", True),
        ("AbsVal", "", True),
        ("Clip", f"clip_param {{ min: {d.number(-2, 0)} max: {d.number(0.1, 2)} }}", False),
        ("Threshold", f"threshold_param {{ threshold: {d.number()} }}", False),
        ("Dropout", d.one_of("", "dropout_param { dropout_ratio: 0.25 }"), False),
        ("Power", f"power_param {{ scale: {d.number()} shift: {d.number()} }}", False),
        ("Power", f"power_param {{ power: 2 scale: {d.number()} shift: {d.number()} }}", True),
        ("Exp", d.one_of("", f"exp_param {{ base: 1.5 scale: 0.5 shift: {d.number()} }}"), True),
    )
    if kind == "Dropout" and d.chance(0.2):
        value = d.pick(lambda item: len(item.shape) > 1) or value
    spec = down(d)
    return d.add(kind, [value], f"{spec} {rest}", in_place=d.chance(0.5), positive=positive)


def prelu(d: Draft) -> object:
    value = d.pick(lambda item: len(item.shape) > 1)
    if value is None:
        return None
    spec, shared = specs(d, 1)
    rest = spec + d.one_of("", " prelu_param { channel_shared: true }")
    return d.add("PReLU", [value], rest, in_place=d.chance(0.5), shared=shared)


def of_positive(d: Draft) -> object:
    value = d.pick(lambda item: item.positive)
    if value is None:
        return None
    kind, rest = d.one_of(
        ("Log", "log_param { shift: 0.5 }"),
        ("Log", "log_param { base: 10 scale: 2 shift: 0.25 }"),
        ("Power", "power_param { power: 0.5 scale: 0.5 shift: 1 }"),
        ("Power", "power_param { power: -1 shift: 1.25 }"),
    )
    return d.add(kind, [value], rest, in_place=d.chance(0.4), positive=kind == "Power")


# ------------------------------------------------------------------ windows


def pooling(d: Draft) -> object:
    value = d.pick(lambda item: len(item.shape) == 4)
    if value is None:
        return None
    method = d.one_of("MAX", "MAX", "AVE", "AVE", "STOCHASTIC")
    if method == "STOCHASTIC" and not value.positive:
        method = "AVE"
    if d.chance(0.15):
        words = "global_pooling: true"
    else:
        kernel = d.between(1, 4)
        words = f"kernel_size: {kernel} stride: {d.between(1, 3)}"
        if method != "STOCHASTIC" and kernel > 1 and d.chance(0.4):
            words += f" pad: {d.between(1, kernel - 1)}"
        words += d.one_of("", "", " round_mode: FLOOR")
    words += " engine: CAFFE" * d.chance(0.1)
    tops = 2 if method == "MAX" and d.chance(0.15) else 1
    rest = f"pooling_param {{ pool: {method} {words} }}"
    return d.add("Pooling", [value], rest, tops=tops, positive=value.positive and method == "MAX")


def spp(d: Draft) -> object:
    value = d.pick(lambda item: len(item.shape) == 4)
    rest = f"spp_param {{ pyramid_height: {d.between(1, 2)} pool: {d.one_of('MAX', 'AVE')} }}"
    return value and d.add("SPP", [value], rest)


def im2col(d: Draft) -> object:
    value = d.pick(lambda item: len(item.shape) == 4)
    return value and d.add("Im2col", [value], f"convolution_param {{ {geometry(d, value, 2)} }}")


# ------------------------------------------------------------------ joining and parting


def eltwise(d: Draft) -> object:
    value = d.pick()
    if value is None:
        return None
    bottoms = [value]
    for _ in range(d.one_of(1, 1, 1, 2)):
        other = d.pick(lambda item: item.shape == value.shape and item not in bottoms)
        if other is None and d.chance(0.5):
            other = d.input("normal", value.shape, value.batch_axis)
        bottoms.append(other or value)
    operation = d.one_of("SUM", "SUM", "SUM", "PROD", "MAX")
    words = f"operation: {operation}"
    if operation == "SUM" and d.chance(0.4):
        words += "".join(f" coeff: {d.number()}" for _ in bottoms)
    if operation == "PROD" and d.chance(0.3):
        words += " stable_prod_grad: false"
    found = d.add("Eltwise", bottoms, f"eltwise_param {{ {words} }}", in_place=d.chance(0.2))
    if found and d.chance(0.3):
        d.add("ReLU", [found[0]], in_place=True)
    return found


def concat(d: Draft) -> object:
    value = d.pick(lambda item: len(item.shape) > 0)
    if value is None:
        return None
    axis = d.one_of(1, 1, 0, -1) if len(value.shape) > 1 else 0
    axis %= len(value.shape)

    def fits(item: Value) -> bool:
        here, there = list(item.shape), list(value.shape)
        return len(here) == len(there) and [*here[:axis], *here[axis + 1 :]] == [
            *there[:axis], *there[axis + 1 :],
        ]  # fmt: skip

    bottoms = [value]
    for _ in range(d.one_of(0, 1, 1, 1, 2)):
        bottoms.append(d.pick(fits) or value)
    return d.add("Concat", bottoms, f"concat_param {{ axis: {axis} }}")


def slice_(d: Draft) -> object:
    value = d.pick(lambda item: len(item.shape) > 0)
    if value is None:
        return None
    axes = [axis for axis, size in enumerate(value.shape) if size > 1]
    if not axes or d.chance(0.1):
        return d.add("Slice", [value])  # into one top
    axis = d.one_of(*axes)
    points = sorted(d.rng.choice(np.arange(1, value.shape[axis]), d.between(1, 2)))
    points = sorted(set(map(int, points)))
    words = "".join(f" slice_point: {point}" for point in points)
    return d.add("Slice", [value], f"slice_param {{ axis: {axis}{words} }}", tops=len(points) + 1)


def split(d: Draft) -> object:
    value = d.pick()
    return value and d.add("Split", [value], tops=d.between(1, 2))


def silence(d: Draft) -> object:
    value = d.pick()
    return value and d.chance(0.3) and d.add("Silence", [value], tops=0)


# ------------------------------------------------------------------ shapes


def shaping(d: Draft) -> object:
    """Flatten or Reshape, up to seven axes."""
    value = d.pick(lambda item: len(item.shape) > 0)
    if value is None:
        return None
    axes = len(value.shape)
    if d.chance(0.4):
        words = d.one_of("", "axis: 0", f"axis: {max(0, axes - 2)}", "axis: 1 end_axis: 1")
        return d.add("Flatten", [value], f"flatten_param {{ {words} }}")
    words = d.one_of(
        "shape { dim: 0 dim: -1 }",
        "shape { dim: -1 }",
        "shape { dim: 0 dim: 0 dim: -1 }",
        f"shape {{ dim: 1 dim: 1 }} axis: {axes} num_axes: 0",
        f"shape {{ dim: 1 }} axis: {d.between(0, axes)} num_axes: 0",
        f"shape {{ dim: {value.shape[0]} dim: -1 }}",
    )
    return d.add("Reshape", [value], f"reshape_param {{ {words} }}", positive=value.positive)


def crop(d: Draft) -> object:
    value = d.pick(lambda item: len(item.shape) == 4 and min(item.shape[2:]) > 2)
    if value is None:
        return None
    n, c, h, w = value.shape
    shape = (n, c, d.between(1, h - 1), d.between(1, w - 1))
    other = d.pick(lambda item: item.shape == shape) or d.input("normal", shape, value.batch_axis)
    words = d.one_of("", "crop_param { offset: 1 }", "crop_param { axis: 1 offset: 0 }")
    return d.add("Crop", [value, other], words)


def tile(d: Draft) -> object:
    value = d.pick(lambda item: len(item.shape) > 0)
    if value is None:
        return None
    axis = d.between(0, len(value.shape) - 1)
    return d.add("Tile", [value], f"tile_param {{ tiles: {d.between(1, 3)} axis: {axis} }}")


def reduction(d: Draft) -> object:
    value = d.pick(lambda item: len(item.shape) > 0)
    if value is None:
        return None
    words = f"operation: {d.one_of('SUM', 'ASUM', 'SUMSQ', 'MEAN')}"
    words += f" axis: {d.between(0, len(value.shape) - 1)} coeff: {d.number(0.2, 1)}"
    return d.add("Reduction", [value], f"reduction_param {{ {words} }}")


def selecting(d: Draft) -> object:
    """BatchReindex, or Filter, whose tops change their shapes from pass to pass."""
    value = d.pick(lambda item: len(item.shape) > 0 and item.shape[0] > 1)
    if value is None:
        return None
    if d.chance(0.5):
        which = d.input(f"below {value.shape[0]}", (d.between(1, 4),), None)
        return d.add("BatchReindex", [value, which])
    return d.add("Filter", [value, d.input("some", (value.shape[0],), value.batch_axis)])


def softmax(d: Draft) -> object:
    value = d.pick(lambda item: len(item.shape) > 1)
    words = d.one_of("", "", "softmax_param { axis: -1 }", "softmax_param { engine: CAFFE }")
    return value and d.add("Softmax", [value], words, in_place=d.chance(0.3), positive=True)


def argmax(d: Draft) -> object:
    value = d.pick(lambda item: len(item.shape) > 1)
    words = d.one_of("", "argmax_param { out_max_val: true top_k: 2 }", "argmax_param { axis: 1 }")
    return value and d.add("ArgMax", [value], words)


#: How often each is drawn.
CATALOGUE: dict[Drawer, float] = {
    convolution: 6, inner_product: 4, batch_norm: 5, scale: 4, neuron: 10, prelu: 2, pooling: 4,
    eltwise: 4, concat: 3, slice_: 2, split: 1, shaping: 3, crop: 1, tile: 1, reduction: 1,
    selecting: 1, softmax: 1.5, argmax: 0.7, item_norm: 3, spp: 0.5, im2col: 0.7, of_positive: 1.5,
    embed: 0.7, recurrent: 1, lstm_unit: 0.5, twin: 4, parameter: 0.7, dummy: 0.7, silence: 0.7,
    start: 1, losses.early: 1,
}  # fmt: skip
#: What reads or writes files, or runs code.
OUTSIDE: dict[Drawer, float] = {sources.data: 1.5, sources.output: 0.8, sources.python: 1}
