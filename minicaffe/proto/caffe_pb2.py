"""The message classes of ``proto/caffe.proto``, as ``caffe_pb2`` of pycaffe has them.

They are built at import from the compiled schema ``caffe.desc`` in a descriptor pool of
their own: another package that registers messages named ``caffe.*`` in the default pool
(pycaffe itself, OpenCV's or an accelerator's tools) cannot clash with these, and no
protobuf compiler or generated code tied to one protobuf release is needed.
"""

from __future__ import annotations

from importlib import resources
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.internal import enum_type_wrapper


def _load_pool() -> tuple[descriptor_pool.DescriptorPool, descriptor_pb2.FileDescriptorProto]:
    """The schema as a pool and as the file that it was compiled from."""
    files = descriptor_pb2.FileDescriptorSet.FromString(
        resources.files("minicaffe.proto").joinpath("caffe.desc").read_bytes()
    )
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.AddSerializedFile(file.SerializeToString())
    return pool, files.file[0]


_pool, _file = _load_pool()
DESCRIPTOR = _pool.FindFileByName(_file.name)

for _name, _descriptor in DESCRIPTOR.message_types_by_name.items():
    globals()[_name] = message_factory.GetMessageClass(_descriptor)
for _name, _enum in DESCRIPTOR.enum_types_by_name.items():
    globals()[_name] = enum_type_wrapper.EnumTypeWrapper(_enum)
    globals().update(globals()[_name].items())


def __getattr__(name: str) -> Any:
    """Only reached for a name that the schema does not have."""
    raise AttributeError(f"the schema has no message or enum named {name!r}")
