"""A net as a module of PyTorch: each layer a module, under its own name.

A layer's module computes by the same function as the torch engine
(:mod:`minicaffe.engines.torch.functions`), and autograd goes through the whole net.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn

from minicaffe.convert.weights.layers import blob_names
from minicaffe.engines.torch.functions import Function
from minicaffe.errors import ArgumentError, did_you_mean
from minicaffe.layer import Layer
from minicaffe.layers.normalization.batch_norm import BatchNorm
from minicaffe.net.net import TRAIN, Net
from minicaffe.net.node import Node

_MEAN, _VARIANCE, _FACTOR = "running_mean", "running_var", "factor"
#: Parameters that training does not learn.
_STATISTICS = (_MEAN, _VARIANCE, _FACTOR)
#: What PyTorch's own module counts besides.
_COUNTED = "num_batches_tracked"


class CaffeLayer(nn.Module):
    """A layer; takes its bottoms and gives a tuple of its tops.

    Its parameters have the shapes of the layer's blobs, and the names that its class gives them. A
    BatchNorm's buffers are Caffe's sums; in the ``state_dict`` they are averages, as PyTorch's,
    with the weight as ``factor``. Where that is missing it is 1 / (1 - moving_average_fraction),
    so that a training goes on as after many batches.

    Args:
        node: the layer in a net that no one else runs.
        function: computes its tops.

    Attributes:
        blob_names: what its parameters are called, in Caffe's order.
    """

    def __init__(self, node: Node, function: Function[Layer]) -> None:
        super().__init__()
        self.node, self._function = node, function
        layer = node.layer
        self.blob_names = blob_names(layer.type, [blob.count for blob in layer.blobs])
        self._stops = [
            index < len(layer.param.propagate_down) and not layer.param.propagate_down[index]
            for index in range(len(node.bottoms))
        ]
        self.train(layer.phase == TRAIN)

    def own(self, index: int, parameter: nn.Parameter | Tensor) -> None:
        """Take a parameter, which other layers may have too, as that of a number."""
        name = self.blob_names[index]
        if isinstance(parameter, nn.Parameter):
            self.register_parameter(name, parameter)
        else:
            self.register_buffer(name, parameter)

    @property
    def blobs(self) -> list[Tensor]:
        """The parameters in Caffe's order."""
        return [getattr(self, name) for name in self.blob_names]

    def forward(self, *bottoms: Tensor) -> tuple[Tensor, ...]:
        """The tops.

        Raises:
            MinicaffeError: the bottoms have shapes or values that the layer does not take; with
                its line.
        """
        node = self.node
        for blob, bottom in zip(node.bottoms, bottoms, strict=True):
            if blob.shape != tuple(bottom.shape):
                blob.reshape(*bottom.shape)
        if node.layer.reshapes_always:
            node.reshape()
        else:
            node.reshape_if_needed()
        read = [
            bottom.detach() if stop else bottom
            for bottom, stop in zip(bottoms, self._stops, strict=True)
        ]
        with node.located():
            return tuple(self._function(node.layer, read, self.blobs, self.training))

    def extra_repr(self) -> str:
        """The layer's type, and the shapes of its parameters."""
        shapes = [f"{name}={tuple(getattr(self, name).shape)}" for name in self.blob_names]
        return ", ".join([self.node.layer.type, *shapes])

    # --------------------------------------------------------------- state_dict

    def _save_to_state_dict(
        self, destination: dict[str, Tensor], prefix: str, keep_vars: bool
    ) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        if _MEAN not in self.blob_names:
            return
        for name in self.blob_names:
            destination[prefix + name] = destination[prefix + name].reshape(-1)
        if _FACTOR in self.blob_names:
            weight = destination[prefix + _FACTOR]
            share = torch.where(weight == 0, 0, 1 / weight)
            for name in (_MEAN, _VARIANCE):
                destination[prefix + name] = destination[prefix + name] * share

    def _load_from_state_dict(
        self,
        state_dict: Mapping[str, Tensor],
        prefix: str,
        local_metadata: Mapping[str, object],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        if _MEAN in self.blob_names:
            state_dict = self._as_sums(state_dict, prefix)
        super()._load_from_state_dict(
            state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
        )

    def _as_sums(self, state_dict: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
        """The values as the layer's blobs hold them."""
        found = {key: value for key, value in state_dict.items() if key.startswith(prefix)}
        found.pop(prefix + _COUNTED, None)
        layer = self.node.layer
        if isinstance(layer, BatchNorm) and prefix + _MEAN in found:
            weight = found.get(prefix + _FACTOR)
            if weight is None:
                fraction = layer.moving_average_fraction
                total = 1 / (1 - fraction) if 0 <= fraction < 1 else 1.0
                weight = torch.full_like(self.blobs[2], total)
            found[prefix + _FACTOR] = weight
            for key in {prefix + _MEAN, prefix + _VARIANCE} & set(found):
                found[key] = found[key] * weight.to(found[key].device)
        for name in self.blob_names:
            own, given = getattr(self, name), found.get(prefix + name)
            if given is not None and given.numel() == own.numel() and given.dim() == 1:
                found[prefix + name] = given.reshape(own.shape)
        return found


class CaffeModule(nn.Module):
    """A net. Called with its inputs, in their order or by name, it gives a dictionary of outputs.

    Outputs are the blobs that nothing reads, and losses. ``train()`` and ``eval()`` are Caffe's
    phases TRAIN and TEST for what the layers do (Dropout, BatchNorm); the layers themselves are
    those that the net has in its phase.

    Args:
        net: no one else runs it; its layers all have functions.
        functions: that of each layer.

    Attributes:
        inputs: the names of what it takes.
        outputs: the names of what it gives.
        loss_weights: for each output that is a loss the weight with which it counts.
    """

    def __init__(self, net: Net, functions: Sequence[Function[Layer] | None]) -> None:
        super().__init__()
        self._net, self._functions = net, functions
        self.inputs = list(net.inputs)
        self._steps: list[tuple[CaffeLayer, list[str], list[str]]] = []
        self.loss_weights: dict[str, float] = {}
        for node, function in zip(net.nodes, functions, strict=True):
            if function is None:
                continue
            layer = CaffeLayer(node, function)
            self._place(node.name, layer)
            self._steps.append((layer, node.bottom_names, node.top_names))
            for index, top in enumerate(node.top_names):
                if weight := node.layer.loss_weight(index):
                    self.loss_weights[top] = weight
        self._fill()
        self.outputs = list(dict.fromkeys([*net.outputs, *self.loss_weights]))
        self.train(net.phase == TRAIN)

    def _place(self, name: str, layer: CaffeLayer) -> None:
        """Put a layer's module where its name says: each dot leads into a module inside.

        Names that modules themselves use, such as ``type``, are taken too.
        """
        *outer, last = name.split(".")
        here: nn.Module = self
        for part in outer:
            inner = dict(here.named_children()).get(part)
            if inner is None:
                inner = nn.Module()
                setattr(here, part, inner)
            here = inner
        before = dict(here.named_children()).get(last)
        if isinstance(before, CaffeLayer):  # of two layers of one name the first has it
            here, last = self, f"{name}#{len(self._steps)}".replace(".", "_")
        elif before is not None:
            for part, inner in before.named_children():
                setattr(layer, part, inner)
        setattr(here, last, layer)

    def _fill(self) -> None:
        """Give the layers their parameters; those that are shared are one object."""
        made: dict[int, nn.Parameter | Tensor] = {}
        for layer, *_ in self._steps:
            for index, blob in enumerate(layer.node.layer.blobs):
                found = made.get(id(blob.data_memory))
                if found is None:
                    values = torch.from_numpy(blob.data.copy())
                    if layer.blob_names[index] not in _STATISTICS:
                        wanted = layer.node.layer.wants_gradient(index)
                        values = nn.Parameter(values, requires_grad=wanted)
                    found = made[id(blob.data_memory)] = values
                layer.own(index, found)

    @property
    def layer_dict(self) -> dict[str, CaffeLayer]:
        """The layers' modules by their names in Caffe; of several of one name the first."""
        found: dict[str, CaffeLayer] = {}
        for layer, *_ in self._steps:
            found.setdefault(layer.node.name, layer)
        return found

    def forward(self, *inputs: Tensor, **named: Tensor) -> dict[str, Tensor]:
        """The outputs by name.

        Raises:
            ArgumentError: not one tensor for each of :attr:`inputs`.
            MinicaffeError: a layer does not take what it gets.
        """
        values = self._given(inputs, named)
        for layer, bottoms, tops in self._steps:
            made = layer(*(values[name] for name in bottoms))
            values.update(zip(tops, made, strict=True))
        return {name: values[name] for name in self.outputs}

    def _given(self, inputs: Sequence[Tensor], named: Mapping[str, Tensor]) -> dict[str, Tensor]:
        names = self.inputs
        if len(inputs) > len(names):
            raise ArgumentError(f"{len(inputs)} inputs given, the net takes {', '.join(names)}")
        values = dict(zip(names, inputs, strict=False))
        for name, value in named.items():
            if name not in names or name in values:
                what = "is given twice" if name in values else "is no input of the net"
                raise ArgumentError(f"'{name}' {what}{did_you_mean(name, names)}")
            values[name] = value
        missing = [name for name in names if name not in values]
        if missing:
            raise ArgumentError(f"inputs are missing: {', '.join(missing)}")
        return values

    def total_loss(self, outputs: Mapping[str, Tensor]) -> Tensor:
        """Σ weight · loss over all losses among the outputs, as Caffe adds them up.

        Raises:
            ArgumentError: the net has no loss.
        """
        parts = [outputs[name].sum() * weight for name, weight in self.loss_weights.items()]
        if not parts:
            raise ArgumentError("the net has no loss: no layer of it has a loss_weight")
        return torch.stack(parts).sum()

    def param_groups(self, base_lr: float, weight_decay: float = 0.0) -> list[dict[str, object]]:
        """The learned parameters as an optimizer of PyTorch takes them, each with its multipliers.

        Args:
            base_lr, weight_decay: the solver's, which ``lr_mult`` and ``decay_mult`` multiply.
        """
        groups: dict[tuple[float, float], list[nn.Parameter]] = {}
        owners = self.layer_dict
        for param in self._net.learnable_params:
            layer = owners[param.layer_name]
            tensor = layer.blobs[param.index]
            if isinstance(tensor, nn.Parameter) and param.lr_mult:
                groups.setdefault((param.lr_mult, param.decay_mult), []).append(tensor)
        return [
            {"params": params, "lr": base_lr * rate, "weight_decay": weight_decay * decay}
            for (rate, decay), params in groups.items()
        ]

    def to_net(self) -> Net:
        """The net, with the module's parameters as they are now."""
        for layer, *_ in self._steps:
            for blob, tensor in zip(layer.node.layer.blobs, layer.blobs, strict=True):
                blob.data[...] = tensor.detach().cpu().numpy()
        return self._net

    def __reduce__(self) -> tuple[Callable[..., CaffeModule], tuple[object, ...]]:
        """For ``copy.deepcopy`` and ``pickle``: a module of its own, with hooks left out."""
        modes = [module.training for module in self.modules()]
        tensors = [*self.parameters(), *self.buffers()]
        return _restored, (self._net, self._functions, tensors, modes)


def _restored(
    net: Net,
    functions: Sequence[Function[Layer] | None],
    tensors: Iterable[Tensor],
    modes: Sequence[bool],
) -> CaffeModule:
    """The module that :meth:`CaffeModule.__reduce__` tells of."""
    module = CaffeModule(net, functions)
    for own, given in zip([*module.parameters(), *module.buffers()], tensors, strict=True):
        own.data = given.data
        own.requires_grad_(given.requires_grad)
    for inner, mode in zip(module.modules(), modes, strict=True):
        inner.training = mode
    return module
