"""Nets of PyTorch in the styles that are published, exported to ONNX and imported."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pytest

pytest.importorskip("torch", reason="PyTorch is absent")
pytest.importorskip("onnx", reason="needs the extra onnx")
pytest.importorskip("onnxruntime", reason="needs the extra onnx")

import torch
from onnx import ModelProto
from torch import Tensor, nn
from torch.nn import functional

from tests.convert.onnx.graphs import proved, types

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of the old exporter
    pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


def conv(
    inputs: int, outputs: int, kernel: int = 3, stride: int = 1, *, groups: int = 1,
    act: type[nn.Module] | None = nn.ReLU,
) -> nn.Sequential:  # fmt: skip
    """Convolution, BatchNorm, activation."""
    pad = kernel // 2
    layers: list[nn.Module] = [
        nn.Conv2d(inputs, outputs, kernel, stride, pad, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    return nn.Sequential(*layers, *([act()] if act else []))


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.pool = conv(3, 8, 7, 2), nn.MaxPool2d(3, 2, 1)
        self.a, self.b, self.short = conv(8, 12, 3, 2), conv(12, 12, act=None), conv(8, 12, 1, 2)
        self.fc = nn.Linear(12, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.stem(x))
        x = functional.relu(self.b(self.a(x)) + self.short(x))
        return self.fc(functional.adaptive_avg_pool2d(x, 1).flatten(1))


class Squeeze(nn.Module):
    """Squeeze and excitation."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.less, self.more = nn.Conv2d(channels, 4, 1), nn.Conv2d(4, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        gate = self.more(functional.relu(self.less(functional.adaptive_avg_pool2d(x, 1))))
        return x * functional.hardsigmoid(gate)


def mobile(act: type[nn.Module], *between: nn.Module) -> nn.Module:
    """An inverted block, as MobileNet V2 (ReLU6) and V3 (Hardswish) have them."""
    block = [conv(8, 16, 1, act=act), conv(16, 16, 3, 2, groups=16, act=act), *between]
    end = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(), nn.Linear(8, 5)]
    return nn.Sequential(conv(3, 8, 3, 2, act=act), *block, conv(16, 8, 1, act=None), *end)


class Shuffle(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.branch = conv(3, 8), nn.Sequential(conv(4, 4, 1), conv(4, 4, groups=4))

    def forward(self, x: Tensor) -> Tensor:
        kept, changed = self.stem(x).chunk(2, 1)
        x = torch.cat([kept, self.branch(changed)], 1)
        items, channels, height, width = x.shape
        x = x.view(items, 2, channels // 2, height, width).transpose(1, 2).contiguous()
        return x.view(items, channels, height, width).mean([2, 3])


class Dense(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3, padding=1)
        self.parts = nn.ModuleList(
            nn.Sequential(nn.BatchNorm2d(n), nn.ReLU(), nn.Conv2d(n, 4, 3, padding=1))
            for n in (6, 10)
        )

    def forward(self, x: Tensor) -> Tensor:
        found = [self.stem(x)]
        for part in self.parts:
            found.append(part(torch.cat(found, 1)))
        return functional.avg_pool2d(torch.cat(found, 1), 2, ceil_mode=True)


class Yolo(nn.Module):
    """Focus, SiLU, SPPF, Upsample, and the softmax over distances of YOLOv8."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.down = conv(12, 8, act=nn.SiLU), conv(8, 16, 3, 2, act=nn.SiLU)
        self.pool, self.join = nn.MaxPool2d(5, 1, 2), conv(48, 16, 1, act=nn.SiLU)
        self.head = nn.Conv2d(24, 4 * 8 + 3, 1)
        self.steps = nn.Conv2d(8, 1, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        phases = [x[..., i::2, j::2] for j in (0, 1) for i in (0, 1)]
        fine = self.stem(torch.cat(phases, 1))
        coarse = self.down(fine)
        one = self.pool(coarse)
        coarse = self.join(torch.cat([coarse, one, self.pool(one)], 1))
        both = torch.cat([functional.interpolate(coarse, scale_factor=2.0), fine], 1)
        boxes, classes = self.head(both).flatten(2).split((32, 3), 1)
        items, _, places = boxes.shape
        spread = boxes.view(items, 4, 8, places).transpose(2, 1).softmax(1)
        near, far = self.steps(spread).view(items, 4, places).chunk(2, 1)
        return torch.cat([(far - near) / 2, near + far, classes.sigmoid()], 1)


class YoloOfAnchors(nn.Module):
    """The end of YOLOv5: grids and anchors as constants."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Conv2d(3, 2 * 7, 1)
        self.register_buffer("anchors", torch.tensor([[10.0, 13], [16, 30]]).view(1, 2, 1, 1, 2))

    def forward(self, x: Tensor) -> Tensor:
        items, _, height, width = x.shape
        x = self.head(x).view(items, 2, 7, height, width).permute(0, 1, 3, 4, 2).contiguous()
        place, size, rest = x.sigmoid().split((2, 2, 3), 4)
        rows, columns = torch.arange(height), torch.arange(width)
        grid = torch.stack(torch.meshgrid(columns, rows, indexing="xy"), -1).float()
        boxes = [(place * 2 + grid - 0.5) * 8, (size * 2) ** 2 * self.anchors, rest]
        return torch.cat(boxes, 4).view(items, -1, 7)


class Pyramid(nn.Module):
    """DeepLab's dilated branches and pooled one, resized bilinearly."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = conv(3, 8, 3, 2)
        self.near = nn.Conv2d(8, 4, 3, padding=2, dilation=2)
        self.whole, self.head = nn.Conv2d(8, 4, 1), nn.Conv2d(8, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        size, x = x.shape[-2:], self.stem(x)
        pooled = functional.interpolate(
            self.whole(functional.adaptive_avg_pool2d(x, 1)), size=x.shape[-2:], mode="bilinear"
        )
        scores = self.head(torch.cat([self.near(x), pooled], 1))
        return functional.interpolate(scores, size=size, mode="bilinear")


def super_resolution() -> nn.Module:
    layers = [nn.Conv2d(3, 8, 3, padding=1), nn.PReLU(8), nn.Conv2d(8, 27, 3, padding=1)]
    return nn.Sequential(*layers, nn.PixelShuffle(3))


#: Nets, the size of their images, and types that have to be, or must not be, among the layers.
NETS = {
    "resnet": (Residual, (33, 32), ["Convolution", "Pooling", "Eltwise", "InnerProduct"]),
    "mobilenet-v2": (lambda: mobile(nn.ReLU6), (16, 16), ["ReLU6", "InnerProduct"]),
    "mobilenet-v3": (lambda: mobile(nn.Hardswish, Squeeze(16)), (16, 16), ["Scale", "Clip"]),
    "shufflenet": (Shuffle, (8, 10), ["ShuffleChannel", "Slice", "Reduction"]),
    "densenet": (Dense, (9, 8), ["BatchNorm", "Scale", "Concat"]),
    "yolo": (Yolo, (16, 24), ["Swish", "Upsample", "Softmax", "Slice"]),
    "yolo-of-anchors": (YoloOfAnchors, (4, 6), ["Permute", "Bias", "Scale"]),
    "deeplab": (Pyramid, (17, 20), ["Interp", "InnerProduct"]),
    "super-resolution": (super_resolution, (7, 6), ["PReLU", "Deconvolution"]),
}


def exported(name: str, *, dynamic: bool, opset: int) -> ModelProto:
    """A net's model, by the exporter that needs no other package."""
    torch.manual_seed(2)
    make, size, _ = NETS[name]
    module = make().eval()
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.normal_()
            layer.running_var.uniform_(0.5, 1.5)
    stream = io.BytesIO()
    torch.onnx.export(
        module, (torch.randn(1, 3, *size),), stream, dynamo=False, opset_version=opset,
        input_names=["x"], output_names=["y"], dynamic_axes={"x": {0: "n"}} if dynamic else None,
    )  # fmt: skip
    return ModelProto.FromString(stream.getvalue())


def _rows() -> Sequence[tuple[str, bool, int]]:
    return [(name, index % 2 == 0, (11, 13, 17)[index % 3]) for index, name in enumerate(NETS)]


@pytest.mark.parametrize(("name", "dynamic", "opset"), _rows())
def test_a_net_is_imported_equal(name: str, dynamic: bool, opset: int) -> None:
    imported = proved(exported(name, dynamic=dynamic, opset=opset))
    assert set(NETS[name][2]) <= set(types(imported))
