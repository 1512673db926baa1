"""Nets as ONNX models."""

from minicaffe.convert.onnx.export import Exported, export
from minicaffe.convert.onnx.model_file import save
from minicaffe.convert.onnx.verify import Verified, verify

__all__ = ["Exported", "Verified", "export", "save", "verify"]
