"""A PyTorch module that computes what a net computes, with the same weights.

The module is a ``torch.fx`` graph: straight code of PyTorch's own layers, as someone would write
it by hand, so nothing is interpreted while it runs. BatchNorm with its Scale is one
``BatchNorm2d``, a sum of shortcuts is added in place where that is allowed, and so are ReLUs.
"""

from __future__ import annotations

import operator
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import fx, nn

from minicaffe import Net
from minicaffe.layers.vision.geometry import ConvGeometry, PoolingGeometry
from minicaffe.net.node import Node
from minicaffe.proto import caffe_pb2


def mirror(net: Net) -> fx.GraphModule:
    """The module of a net.

    Its arguments are the net's inputs in their order. It returns the loss (the weighted sum)
    when the net has one, else the first of its outputs.

    Raises:
        NotImplementedError: a layer, or one of its settings, that no net compared here has.
    """
    return _Mirror(net).build()


class _Mirror:
    def __init__(self, net: Net) -> None:
        self.net = net
        self.graph = fx.Graph()
        self.root = nn.Module()
        self.values: dict[str, fx.Node] = {}
        self.losses: list[fx.Node] = []
        self.merged: set[str] = set()  # Scales that a BatchNorm2d has taken along

    def build(self) -> fx.GraphModule:
        for index, node in enumerate(self.net.nodes):
            method: Callable[..., fx.Node] | None = getattr(self, node.layer.type, None)
            if method is None:
                raise NotImplementedError(f"{node.name}: no mirror of {node.layer.type}")
            following = self.net.nodes[index + 1] if index + 1 < len(self.net.nodes) else None
            bottoms = [self.values[name] for name in node.bottom_names]
            result = method(node, *bottoms, **({"following": following} if _wants(node) else {}))
            for top in node.top_names:
                self.values[top] = result
        self._add_in_place()
        outputs = self.losses or [self.values[self.net.outputs[0]]]
        total = outputs[0]
        for loss in outputs[1:]:
            total = self.graph.call_function(operator.add, (total, loss))
        self.graph.output(total)
        return fx.GraphModule(self.root, self.graph)

    def _add_in_place(self) -> None:
        """Add a shortcut to the result of a BatchNorm2d that no one else reads."""
        for node in self.graph.nodes:
            if node.target is not operator.add:
                continue
            for this, other in (node.args, node.args[::-1]):
                normalises = this.op == "call_module" and isinstance(
                    self.root.get_submodule(this.target), nn.BatchNorm2d
                )
                if normalises and len(this.users) == 1:
                    node.target, node.args = operator.iadd, (this, other)
                    break

    def _module(self, node: Node, module: nn.Module, *bottoms: fx.Node) -> fx.Node:
        name = node.name.replace(".", "_").replace("/", "_")
        if name[0].isdigit():
            name = f"_{name}"
        self.root.add_module(name, module)
        return self.graph.call_module(name, bottoms)

    # ------------------------------------------------- one method for each type of layer

    def Input(self, node: Node) -> fx.Node:
        return self.graph.placeholder(node.top_names[0])

    def Split(self, node: Node, x: fx.Node) -> fx.Node:
        return x

    def Convolution(self, node: Node, x: fx.Node) -> fx.Node:
        param, bottom = node.layer.param.convolution_param, node.bottoms[0]
        shape = ConvGeometry.from_param(param, bottom)
        layer = nn.Conv2d(
            bottom.shape[1],
            param.num_output,
            shape.kernel,
            stride=shape.stride,
            padding=shape.pad,
            dilation=shape.dilation,
            groups=param.group,
            bias=param.bias_term,
        )
        _copy(node, layer.weight, layer.bias)
        return self._module(node, layer, x)

    def InnerProduct(self, node: Node, x: fx.Node) -> fx.Node:
        param, bottom = node.layer.param.inner_product_param, node.bottoms[0]
        inputs = bottom.count // bottom.shape[0]
        layer = nn.Linear(inputs, param.num_output, bias=param.bias_term)
        _copy(node, layer.weight, layer.bias)
        if len(bottom.shape) > 2:
            x = self.graph.call_function(torch.flatten, (x, 1))
        return self._module(node, layer, x)

    def BatchNorm(self, node: Node, x: fx.Node, following: Node | None) -> fx.Node:
        param, channels = node.layer.param.batch_norm_param, node.bottoms[0].shape[1]
        scaled = (
            following is not None
            and following.layer.type == "Scale"
            and following.bottom_names == node.top_names
        )
        kind = nn.BatchNorm2d if len(node.bottoms[0].shape) == 4 else nn.BatchNorm1d
        layer = kind(
            channels, eps=param.eps, momentum=1 - param.moving_average_fraction, affine=scaled
        )
        mean, variance, factor = (torch.from_numpy(b.data.copy()) for b in node.layer.blobs[:3])
        if factor.item():
            assert layer.running_mean is not None
            assert layer.running_var is not None
            layer.running_mean.copy_(mean / factor)
            layer.running_var.copy_(variance / factor)
        if scaled:
            assert following is not None
            _copy(following, layer.weight, layer.bias)
            self.merged.add(following.name)
        return self._module(node, layer, x)

    def Scale(self, node: Node, x: fx.Node) -> fx.Node:
        if node.name not in self.merged:
            raise NotImplementedError(f"{node.name}: a Scale that follows no BatchNorm")
        return x

    def ReLU(self, node: Node, x: fx.Node) -> fx.Node:
        if node.layer.param.relu_param.negative_slope:
            raise NotImplementedError(f"{node.name}: a negative slope")
        in_place = node.top_names == node.bottom_names
        return self.graph.call_function(F.relu, (x,), {"inplace": in_place})

    def Pooling(self, node: Node, x: fx.Node) -> fx.Node:
        param, bottom = node.layer.param.pooling_param, node.bottoms[0]
        shape = PoolingGeometry.from_param(param, bottom.shape[2:])  # type: ignore[arg-type]
        averages = param.pool == caffe_pb2.PoolingParameter.AVE
        if averages and shape.output == (1, 1) and shape.kernel == bottom.shape[2:]:
            return self.graph.call_function(F.adaptive_avg_pool2d, (x, 1))
        down = [
            (size + 2 * pad - kernel) // stride + 1
            for size, pad, kernel, stride in zip(
                shape.size, shape.pad, shape.kernel, shape.stride, strict=True
            )
        ]
        options = {"padding": shape.pad, "ceil_mode": down != list(shape.output)}
        function = F.avg_pool2d if averages else F.max_pool2d
        return self.graph.call_function(function, (x, shape.kernel, shape.stride), options)

    def LRN(self, node: Node, x: fx.Node) -> fx.Node:
        param = node.layer.param.lrn_param
        if param.norm_region != caffe_pb2.LRNParameter.ACROSS_CHANNELS:
            raise NotImplementedError(f"{node.name}: LRN within a channel")
        options = {"alpha": param.alpha, "beta": param.beta, "k": param.k}
        return self.graph.call_function(F.local_response_norm, (x, param.local_size), options)

    def Dropout(self, node: Node, x: fx.Node) -> fx.Node:
        # Not in place: the gradient of the ReLU before it needs what that gave.
        return self._module(node, nn.Dropout(node.layer.param.dropout_param.dropout_ratio), x)

    def Eltwise(self, node: Node, a: fx.Node, b: fx.Node) -> fx.Node:
        param = node.layer.param.eltwise_param
        if param.operation != caffe_pb2.EltwiseParameter.SUM or list(param.coeff) not in (
            [],
            [1, 1],
        ):
            raise NotImplementedError(f"{node.name}: only plain sums")
        return self.graph.call_function(operator.add, (a, b))

    def Concat(self, node: Node, *bottoms: fx.Node) -> fx.Node:
        axis = node.layer.param.concat_param.axis
        return self.graph.call_function(torch.cat, (list(bottoms),), {"dim": axis})

    def Flatten(self, node: Node, x: fx.Node) -> fx.Node:
        return self.graph.call_function(torch.flatten, (x, 1))

    def Softmax(self, node: Node, x: fx.Node) -> fx.Node:
        return self.graph.call_function(F.softmax, (x,), {"dim": 1})

    def SoftmaxWithLoss(self, node: Node, x: fx.Node, label: fx.Node) -> fx.Node:
        if len(node.bottoms[0].shape) > 2:  # scores of a 1×1 convolution
            x = self.graph.call_function(torch.flatten, (x, 1))
        loss = self.graph.call_function(F.cross_entropy, (x, label))
        weight = node.layer.loss_weight(0)
        if weight != 1:
            loss = self.graph.call_function(operator.mul, (loss, weight))
        self.losses.append(loss)
        return loss


def _wants(node: Node) -> bool:
    """Whether the type's method looks at the layer after it."""
    return node.layer.type == "BatchNorm"


def _copy(node: Node, *targets: torch.Tensor | None) -> None:
    """A layer's parameters into PyTorch's."""
    wanted = [target for target in targets if target is not None]
    with torch.no_grad():
        for target, blob in zip(wanted, node.layer.blobs, strict=True):
            target.copy_(torch.from_numpy(blob.data).reshape(target.shape))
