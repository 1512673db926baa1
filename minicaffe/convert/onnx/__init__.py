"""Nets as ONNX models, and ONNX models as nets."""

from minicaffe.convert.onnx.export import Exported, export
from minicaffe.convert.onnx.import_model import Imported, import_model
from minicaffe.convert.onnx.model_file import save
from minicaffe.convert.onnx.verify import Verified, verify

__all__ = ["Exported", "Imported", "Verified", "export", "import_model", "save", "verify"]
