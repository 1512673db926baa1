"""Prototxts of small nets, written as short calls."""

from __future__ import annotations


class Text:
    """Collects layers; every method appends one and returns its top's name."""

    def __init__(self, head: str = "") -> None:
        self.lines = [head]

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def add(
        self,
        kind: str,
        bottoms: str,
        top: str | None = None,
        rest: str = "",
        name: str = "",
    ) -> str:
        """A layer; bottoms and tops are names with spaces between, no top means in place."""
        name = name or f"{kind.lower()}{len(self.lines)}"
        tops = (top if top is not None else bottoms) or name
        words = [f'name: "{name}" type: "{kind}"']
        words += [f'bottom: "{bottom}"' for bottom in bottoms.split()]
        words += [f'top: "{item}"' for item in tops.split() if kind != "Silence"]
        self.lines.append(f"layer {{ {' '.join(words)} {rest} }}")
        return tops.split()[0]

    def input(self, name: str, *shape: int) -> str:
        dims = " ".join(f"dim: {n}" for n in shape)
        return self.add("Input", "", name, f"input_param {{ shape {{ {dims} }} }}", name)

    def conv(self, bottom: str, top: str, outputs: int, kernel: int = 3, **more: object) -> str:
        pad = more.pop("pad", kernel // 2)
        shares = more.pop("param", "")
        fields = " ".join(f"{key}: {value}" for key, value in more.items())
        rest = (
            f"num_output: {outputs} kernel_size: {kernel} pad: {pad} {fields} "
            'weight_filler { type: "msra" } '
        )
        if more.get("bias_term") != "false":  # after which nothing takes the mean away
            rest += 'bias_filler { type: "uniform" min: -0.2 max: 0.2 }'
        return self.add("Convolution", bottom, top, f"{shares} convolution_param {{ {rest} }}", top)

    def norm(self, blob: str, relu: bool = True) -> str:
        """BatchNorm, Scale and ReLU, all in place."""
        self.add("BatchNorm", blob, name=f"{blob}_bn")
        rest = (
            'filler { type: "uniform" min: 0.5 max: 2 } bias_term: true '
            'bias_filler { type: "uniform" min: -0.5 max: 0.5 }'
        )
        self.add("Scale", blob, rest=f"scale_param {{ {rest} }}", name=f"{blob}_scale")
        return self.add("ReLU", blob, name=f"{blob}_relu") if relu else blob

    def relu(self, blob: str) -> str:
        return self.add("ReLU", blob, name=f"{blob}_relu")

    def pool(self, bottom: str, top: str, method: str = "MAX", kernel: int = 2) -> str:
        rest = f"pool: {method} kernel_size: {kernel} stride: 2"
        return self.add("Pooling", bottom, top, f"pooling_param {{ {rest} }}", top)

    def inner(self, bottom: str, top: str, outputs: int, param: str = "") -> str:
        rest = f'num_output: {outputs} weight_filler {{ type: "xavier" }}'
        return self.add(
            "InnerProduct",
            bottom,
            top,
            f"{param} inner_product_param {{ {rest} }}",
            top,
        )

    def loss(self, bottom: str, label: str = "label", weight: float = 1, name: str = "loss") -> str:
        return self.add(
            "SoftmaxWithLoss", f"{bottom} {label}", name, f"loss_weight: {weight}", name
        )


def residual(batch: int = 4) -> str:
    """A residual net: in-place chains, a projection, sums whose gradients are shared."""
    text = Text()
    text.input("data", batch, 3, 12, 10)
    text.input("label", batch)
    text.norm(text.conv("data", "stem", 16, bias_term="false"))
    text.norm(text.conv("stem", "a1", 16, bias_term="false"))
    text.norm(text.conv("a1", "a2", 16, bias_term="false"), relu=False)
    text.relu(text.add("Eltwise", "stem a2", "sum1"))
    text.norm(text.conv("sum1", "b1", 32, stride=2, bias_term="false"))
    text.norm(text.conv("b1", "b2", 32, bias_term="false"), relu=False)
    text.norm(text.conv("sum1", "side", 32, 1, stride=2, bias_term="false"), relu=False)
    text.relu(text.add("Eltwise", "b2 side", "sum2"))
    text.pool("sum2", "pool", "AVE", 5)
    text.inner("pool", "scores", 7)
    text.loss("scores")
    return str(text)


def inception() -> str:
    """Branches that are joined, LRN, dropout, two losses, layers that only numpy has."""
    text = Text()
    text.input("data", 3, 3, 14, 14)
    text.input("label", 3)
    text.relu(text.conv("data", "c1", 24, 5, stride=2))
    text.add("LRN", "c1", "norm", "lrn_param { local_size: 5 alpha: 0.1 }")
    text.relu(text.conv("norm", "left", 16, 1))
    text.relu(text.conv("norm", "middle", 24, 3))
    text.pool("norm", "shrunk", "MAX", 1)
    text.add(
        "Deconvolution", "shrunk", "right",
        "convolution_param { num_output: 8 kernel_size: 1 stride: 2 "
        'weight_filler { type: "msra" } }',
    )  # fmt: skip
    text.add("Concat", "left middle right", "joined")
    text.add("BNLL", "joined", "soft")
    text.pool("soft", "pool", "MAX", 3)
    text.add("Flatten", "pool", "flat")
    text.add("Dropout", "flat", rest="dropout_param { dropout_ratio: 0.4 }")
    text.inner("flat", "scores", 6)
    text.inner("pool", "aside", 6)
    text.loss("scores")
    text.loss("aside", weight=0.3, name="loss2")
    text.add("Accuracy", "scores label", "accuracy")
    return str(text)


def plain(batch: int = 5) -> str:
    """Convolution, pooling and inner products, as in LeNet."""
    text = Text()
    text.input("data", batch, 1, 13, 12)
    text.input("label", batch)
    text.pool(text.conv("data", "c1", 6, 5, pad=0), "p1")
    text.pool(text.conv("p1", "c2", 20, 3), "p2", "AVE", 3)
    text.relu(text.inner("p2", "hidden", 30))
    text.inner("hidden", "scores", 4)
    text.loss("scores")
    return str(text)


def dense(batch: int = 2) -> str:
    """A class for every pixel: a loss of many scores, which shows its probabilities."""
    text = Text()
    text.input("data", batch, 3, 30, 28)
    text.input("label", batch, 1, 30, 28)
    text.relu(text.conv("data", "c1", 8))
    text.conv("c1", "scores", 5, 1)
    text.add("SoftmaxWithLoss", "scores label", "loss probabilities",
             "loss_weight: 0.7 loss_weight: 0 loss_param { ignore_label: 4 }", "loss")  # fmt: skip
    return str(text)


#: Nets that train, with the number of classes of each.
NETS = {"residual": (residual, 7), "inception": (inception, 6), "plain": (plain, 4)}
