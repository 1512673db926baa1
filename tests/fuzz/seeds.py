"""Real files of every kind that minicaffe reads, small enough to be damaged often."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from minicaffe.data.datum import make_datum
from minicaffe.data.images import encode_image
from minicaffe.proto import caffe_pb2
from minicaffe.weights.blob_proto import blob_proto

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"

WEIGHTS_NET = (GOLDEN / "files" / "file_sgd_tied" / "net.prototxt").read_text()


def _golden_texts(field: str) -> Iterator[bytes]:
    for path in sorted(GOLDEN.glob("*.json")):
        for case in json.loads(path.read_text())["cases"]:
            text = case.get(field)
            if isinstance(text, str) and len(text) < 4000 and "Python" not in text:
                yield text.encode()


def _files(pattern: str) -> list[bytes]:
    found = [path.read_bytes() for path in sorted((GOLDEN / "files").glob(pattern))]
    assert found, pattern
    return found


def nets() -> list[bytes]:
    """Prototxts of nets in all formats: every layer type, V1 and V0 among them."""
    models = [path.read_bytes() for path in sorted(ROOT.glob("models/lenet*/deploy.prototxt"))]
    return [*models, *_golden_texts("prototxt")]


def solvers() -> list[bytes]:
    """Prototxts of solvers."""
    models = [path.read_bytes() for path in sorted(ROOT.glob("models/lenet*/solver.prototxt"))]
    return [*models, *_golden_texts("solver")]


def caffemodels() -> list[bytes]:
    """Weights that BVLC Caffe wrote, of a V1 net too."""
    return _files("*/*.caffemodel")


def names() -> list[bytes]:
    """Names of three classes, a line each, as synsets, and as SSD's labelmap."""
    items = "".join(
        f'item {{ name: "n{i}" label: {i} display_name: "cat {i}" }}\n' for i in (1, 2, 3)
    )
    return [b"cat\ndog\nbird\n", b"n00000001 cat\nn00000002 dog\nn00000003 bird\n", items.encode()]


def solverstates() -> list[bytes]:
    """States that BVLC Caffe wrote."""
    return _files("*/*.solverstate")


def hdf5_weights() -> list[bytes]:
    """As HDF5."""
    return _files("*/*.caffemodel.h5")


def hdf5_states() -> list[bytes]:
    """As HDF5."""
    return _files("*/*.solverstate.h5")


def hdf5_data() -> list[bytes]:
    """Files for HDF5Data layers: plain, chunked and compressed, several types."""
    import h5py

    random = np.random.default_rng(1)
    made = []
    for options in ({}, {"chunks": (2, 3, 4)}, {"chunks": (5, 1, 2), "compression": "gzip"}):
        buffer = io.BytesIO()
        with h5py.File(buffer, "w") as file:
            data = random.integers(0, 9, (5, 3, 4))
            file.create_dataset("data", data=data.astype("f4"), **options)
            file.create_dataset("label", data=data[:, 0, 0].astype("i8"))
        made.append(buffer.getvalue())
    return made


def blobs() -> list[bytes]:
    """Image means: of today's form, of the old one, of doubles."""
    values = np.arange(2 * 3 * 4, dtype=np.float32).reshape(1, 2, 3, 4)
    protos = (
        blob_proto(values),
        blob_proto(values, legacy=True),
        blob_proto(values.astype(np.float64)),
        blob_proto(values, values),
        caffe_pb2.BlobProto(shape={"dim": [3]}, data=[1, 2, 3]),
    )
    return [proto.SerializeToString() for proto in protos]


def images() -> list[bytes]:
    """Images of several formats and depths."""
    from PIL import Image

    random = np.random.default_rng(2)
    pixels = random.integers(0, 256, (11, 13, 4), dtype=np.uint8)
    made = [encode_image(np.ascontiguousarray(pixels[:, :, :3].transpose(2, 0, 1)), "png")]
    for mode in ("RGB", "L", "RGBA", "P", "1", "I;16"):
        if mode == "I;16":
            image = Image.fromarray(random.integers(0, 2**16, (11, 13), dtype=np.uint16))
        else:
            image = Image.fromarray(pixels, "RGBA").convert(mode)
        for kind in ("PNG", "JPEG", "BMP", "TIFF", "GIF", "WEBP", "PPM", "JPEG2000", "TGA"):
            buffer = io.BytesIO()
            try:
                image.save(buffer, kind)
            except (OSError, ValueError, KeyError):  # not this mode in that format
                continue
            made.append(buffer.getvalue())
    return made


def datums() -> list[bytes]:
    """Datums: raw, of floats, encoded."""
    pixels = np.random.default_rng(3).integers(0, 256, (3, 5, 4), dtype=np.uint8)
    protos = [
        make_datum(pixels, 7),
        make_datum(pixels.astype(np.float32), -1),
        make_datum(pixels, 2, encode=True),
    ]
    protos += [caffe_pb2.Datum(data=image, encoded=True, label=1) for image in images()[:6]]
    return [proto.SerializeToString() for proto in protos]


def image_lists() -> list[bytes]:
    """Lists of images."""
    return [b"a.png 0\nsub folder/b.jpg 1\n\nc.png -3\n", b"/x/y.png 12\r\nz.png 3\r\n"]


def video_lists() -> list[bytes]:
    """Lists of pieces of videos."""
    return [b"a 1 0\nsub/b.avi 17 1\n\nc 0 -3\n", b"/x/y 12 4,0,2\r\nz.mp4 3 1\r\n"]


def window_files() -> list[bytes]:
    """Lists of windows."""
    one = b"# 0\na.png\n3\n11\n13\n2\n1 0.7 0 1 5 6\n0 0.1 2 2 9 9\n"
    return [one, one + b"# 1\nb c.png 3 11 13 0\n", one + b"# 1\nb.png 3 11 13 1\n0 0 0 0 0 0\n"]


def box_files() -> list[bytes]:
    """Window files with true boxes and regions."""
    one = b"# 0\na.png\n3 11 13\n2\n1 0 1 0 1 5 6\n2 1 0 2 2 9 9\n1\n0 0 3 3\n"
    return [one, one + b"# 1\nb.png 3 11 13 0 0\n"]


def hdf5_lists() -> list[bytes]:
    """Lists of HDF5 files."""
    return [b"a.h5\nb.h5\n", b"a.h5 b.h5"]


def configs() -> list[bytes]:
    """Configurations of ``minicaffe train``."""
    return [
        b"solver: s.prototxt\nengine: numpy\nset:\n  base_lr: 0.02\n  stepvalue: [1000, 1500]\n",
        b"# all kinds\nsolver: 'a b'\niterations: 10\nset: {train_state: {level: 1, stage: [a]},"
        b" type: Adam, net: x, random_seed: 0x1f}\nphase: TEST\nweights: [a, b]\nlevel: -1\n",
    ]


def idx_files() -> list[bytes]:
    """MNIST's format, packed and plain."""
    import gzip

    plain = bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4]) + bytes(range(24))
    return [plain, gzip.compress(plain, mtime=0), bytes([0, 0, 8, 1, 0, 0, 0, 5]) + bytes(5)]


def records() -> list[bytes]:
    """What minicaffe adds to a solver state, without its checksum."""
    from minicaffe.net.layer_states import to_json
    from minicaffe.solver.snapshot_record import FileMark, SnapshotRecord, encode

    generator = np.random.default_rng(5).bit_generator.state
    layer = {"name": "sig", "type": "Sigmoid", "rng": generator, "state": {"position": 3}}
    loss = {"losses": np.arange(3.0), "smoothed": 0.5}
    training = {"engine": "numpy", "train": [to_json(layer)], "tests": [], "loss": to_json(loss)}
    record = SnapshotRecord(1.5, FileMark(10, "ab" * 32), "cd" * 32, training)
    return [encode(record).partition(b"\n")[2]]


def arrays() -> list[bytes]:
    """Inputs as .npy and .npz files."""
    values = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    buffers = [io.BytesIO() for _ in range(3)]
    np.save(buffers[0], values)
    np.savez(buffers[1], data=values)
    np.savez_compressed(buffers[2], data=values)
    return [buffer.getvalue() for buffer in buffers]


def blob_vectors() -> list[bytes]:
    """Several arrays in one message."""
    vector = caffe_pb2.BlobProtoVector()
    vector.blobs.add().MergeFromString(blobs()[0])
    vector.blobs.add().MergeFromString(blobs()[2])
    return [vector.SerializeToString()]


def onnx_models() -> list[bytes]:
    """Models of many operators, some with open batches."""
    from onnx import helper

    from tests.convert.onnx.graphs import model_of

    make, random = helper.make_node, np.random.default_rng(6)
    weights = {
        "w": random.normal(size=(4, 3, 3, 3)), "b": random.normal(size=4),
        "fc": random.normal(size=(4, 5)),
    }  # fmt: skip
    tensors = {name: array.astype(np.float32) for name, array in weights.items()}
    whole = {"shape": [0, 2, 2, 5, 4], "flat": [0, -1], "starts": [1], "ends": [4], "axes": [2]}
    tensors.update({name: np.array(value, np.int64) for name, value in whole.items()})
    stem = [make("Conv", ["x", "w", "b"], ["c"], pads=[1, 1, 1, 1]), make("Relu", ["c"], ["r"])]
    ends = [
        [make("MaxPool", ["r"], ["p"], kernel_shape=[2, 2], strides=[2, 1], ceil_mode=1),
         make("GlobalAveragePool", ["p"], ["g"]), make("Flatten", ["g"], ["f"]),
         make("Gemm", ["f", "fc"], ["z"]), make("Softmax", ["z"], ["y"])],
        [make("Reshape", ["r", "shape"], ["s"]), make("Transpose", ["s"], ["t"],
         perm=[0, 2, 1, 3, 4]), make("Reshape", ["t", "flat"], ["y"])],
        [make("Slice", ["r", "starts", "ends", "axes"], ["s"]), make("Sigmoid", ["s"], ["g"]),
         make("Mul", ["s", "g"], ["m"]), make("ReduceMean", ["m"], ["y"], axes=[1])],
    ]  # fmt: skip
    return [
        model_of([*stem, *end], {"x": shape}, opset=13, **tensors).SerializeToString()
        for end in ends
        for shape in ((2, 3, 5, 4), ("n", 3, 5, 4))
    ]


def leveldb_folder(folder: Path) -> Path:
    """Writes a LevelDB of five datums; returns the file that holds them."""
    from minicaffe.data.backends import write_datums

    pixels = np.random.default_rng(4).integers(0, 256, (5, 3, 5, 4), dtype=np.uint8)
    write_datums(folder, (make_datum(value, 1) for value in pixels), "leveldb")
    return max(folder.glob("*.ldb"), key=lambda path: path.stat().st_size)


def leveldb_tables() -> list[bytes]:
    """The file of a LevelDB in which its records are, compressed by snappy."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        return [leveldb_folder(Path(folder, "db")).read_bytes()]


def lmdb_files() -> list[bytes]:
    """The data.mdb of databases: one leaf; several levels, with values on pages of their own."""
    import tempfile

    from minicaffe.data.lmdb import LmdbWriter

    random = np.random.default_rng(4)
    with tempfile.TemporaryDirectory() as folder:
        with LmdbWriter(f"{folder}/small") as writer:
            for index, pixels in enumerate(random.integers(0, 256, (5, 3, 5, 4), dtype=np.uint8)):
                writer.put(b"%08d" % index, make_datum(pixels, 1).SerializeToString())
        with LmdbWriter(f"{folder}/deep") as writer:
            for index in range(60):
                side = 50 if index in (7, 8, 40) else 2
                pixels = random.integers(0, 256, (1, side, side), dtype=np.uint8)
                writer.put(b"%0500d" % index, make_datum(pixels, 1).SerializeToString())
        return [Path(folder, name, "data.mdb").read_bytes() for name in ("small", "deep")]


def named_arrays() -> list[bytes]:
    """Weights of :data:`WEIGHTS_NET` and others as ``.safetensors``."""
    header = (
        b'{"__metadata__":{"format":"pt"},"ip1.weight":{"dtype":"F32","shape":[2,3],'
        b'"data_offsets":[0,24]},"ip1.bias":{"dtype":"F16","shape":[2],"data_offsets":[24,28]},'
        b'"bn.running_mean":{"dtype":"F64","shape":[2],"data_offsets":[28,44]},'
        b'"bn.running_var":{"dtype":"BF16","shape":[2],"data_offsets":[44,48]}}'
    )
    values = bytes(range(48))
    plain = len(header).to_bytes(8, "little") + header + values
    spaced = header.replace(b",", b", ") + b"  "
    return [plain, len(spaced).to_bytes(8, "little") + spaced + values]


def name_maps() -> list[bytes]:
    """Names of one side and the other."""
    return [
        b"conv1 features.0  # the first\n\nbn* *.bn\n- fc*\nfc8 -\n",
        b"*.weight *.w\n* net.*\n",
    ]
