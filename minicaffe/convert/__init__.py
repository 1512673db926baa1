"""From one form of a network to another: fold BatchNorm, deploy, ONNX, weights for PyTorch."""

from minicaffe.convert.torch.batch_norm import batchnorm_to_torch, torch_batchnorm

__all__ = ["batchnorm_to_torch", "torch_batchnorm"]
