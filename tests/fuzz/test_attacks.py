"""What some attacks are told: the place, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minicaffe.blob import Blob
from minicaffe.data.datum import make_datum
from minicaffe.data.db import DatabaseSource
from minicaffe.data.hdf5 import FileNames
from minicaffe.data.image_list import ImageFiles, read_image_list
from minicaffe.data.images import decode_image, read_image
from minicaffe.data.window_file import Window, WindowList, read_window_file
from minicaffe.errors import (
    DataError,
    MemoryLimitError,
    PrototxtError,
    ShapeError,
    SnapshotError,
    closest,
)
from minicaffe.net.layer_states import from_json
from minicaffe.net.net import TEST, TRAIN, Net
from minicaffe.proto import caffe_pb2
from minicaffe.proto.io import read_net, read_net_binary
from minicaffe.proto.places import MAX_NOTED
from minicaffe.proto.text_format import MAX_PIECES, TEXT_FACTOR, parse
from minicaffe.proto.wire import (
    BUDGET_FACTOR,
    FREE_BYTES,
    MAX_DEPTH,
    MAX_MESSAGES,
    TooManyMessages,
    WireError,
    check_messages,
    object_size,
    wire_fields,
)
from minicaffe.weights.blob_proto import StoredBlob, array_of, blob_proto
from minicaffe.weights.caffemodel import copy_blobs, load_weights, mismatch
from tests.fuzz.attacks import ATTACKS
from tests.fuzz.attacks.making import field


def write(path: Path, data: bytes | str) -> str:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return str(path)


# ------------------------------------------------------------------------ texts


def test_very_many_blocks_are_too_many(tmp_path: Path) -> None:
    count = MAX_MESSAGES + 1
    remark = "#" * (object_size(caffe_pb2.LayerParameter.DESCRIPTOR) // TEXT_FACTOR * count)
    path = write(tmp_path / "net.prototxt", "layer {\n}\n" * count + remark)
    with pytest.raises(PrototxtError, match=f":{2 * count - 1}: more than {MAX_MESSAGES}"):
        read_net(path)


def test_small_texts_may_have_few_blocks(tmp_path: Path) -> None:
    empty = object_size(caffe_pb2.LayerParameter.DESCRIPTOR)
    most = FREE_BYTES // (empty - TEXT_FACTOR * len("layer{}\n"))
    assert most > 5000
    path = write(tmp_path / "net.prototxt", "layer{}\n" * most)
    assert len(read_net(path).layer) == most
    write(tmp_path / "net.prototxt", "layer{}\n" * (most + 2))
    with pytest.raises(PrototxtError, match=rf":{most + 1}: {most + 1} messages .* more memory"):
        read_net(path)


def test_a_net_of_very_many_layers_is_read(tmp_path: Path) -> None:
    """As many as ResNet-1202 has, which is deeper than others that were published."""
    net = Path(__file__).parents[2] / "models" / "resnet152" / "deploy.prototxt"
    text = net.read_text()
    layers = text[text.index("layer {") :] * 8
    count = len(read_net(write(tmp_path / "net.prototxt", layers)).layer)
    assert count > 4000


def test_values_in_very_great_numbers_are_too_many() -> None:
    text = f"\nstepvalue: [{'1,' * (FREE_BYTES // 8 + MAX_NOTED)}1]"
    with pytest.raises(PrototxtError, match=r"s:2: too many values of stepvalue in \d+ bytes"):
        parse(text, caffe_pb2.SolverParameter(), "s")


def test_strings_come_in_a_number_of_pieces() -> None:
    net = caffe_pb2.NetParameter()
    parse("name: " + "'ab'\n" * MAX_PIECES, net)
    assert net.name == "ab" * MAX_PIECES
    with pytest.raises(PrototxtError, match="pieces"):
        parse("name: " + "'ab'\n" * (MAX_PIECES + 1), caffe_pb2.NetParameter())


def test_very_long_lists_are_read_to_their_end() -> None:
    count = MAX_NOTED + 1000
    net = caffe_pb2.NetParameter()
    parse("input_dim: [" + ", ".join(map(str, range(count))) + "]", net)
    assert list(net.input_dim) == list(range(count))
    for bad in ("1.5", "99999999999", "x", "-"):
        text = "input_dim: [" + "1," * count + f"\n{bad}, 2, 3]"
        with pytest.raises(PrototxtError) as caught:
            parse(text, caffe_pb2.NetParameter())
        assert caught.value.line == 2
    net = caffe_pb2.NetParameter()
    parse("input_dim: [" + "0 ,\n" * count + "-7, # seven\n 1000000000, 017, 0x1f, 3]", net)
    assert list(net.input_dim)[count - 1 :] == [0, -7, 10**9, 15, 31, 3]
    text = "kernel_size: [" + "1, " * count + "2, -3, 4]"
    with pytest.raises(PrototxtError, match="out of range for uint32"):
        parse(text, caffe_pb2.ConvolutionParameter())
    blob = caffe_pb2.BlobProto()
    parse("data: [" + "123456789, " * count + "0.5, 2]", blob)
    assert list(blob.data)[-3:] == [np.float32(123456789), 0.5, 2]


def test_of_a_long_file_the_first_lines_are_known() -> None:
    net = caffe_pb2.NetParameter()
    lines = parse("name: 'a'\n" + "input_dim: 1\n" * (MAX_NOTED + 5), net)
    assert lines.line("name") == 1
    assert lines.line("input_dim[7]") == 9
    assert lines.line(f"input_dim[{MAX_NOTED + 1}]") is None


def test_long_words_are_not_compared_and_not_shown() -> None:
    assert closest("a" * 101, ["a" * 100]) is None
    with pytest.raises(PrototxtError) as caught:
        parse("b" * 10_000 + ": 1", caffe_pb2.NetParameter())
    assert len(str(caught.value)) < 500


# --------------------------------------------------------------------- messages


def test_groups_nest_so_deep() -> None:
    def nested(depth: int) -> memoryview:
        return memoryview(b"\x0b" * depth + b"\x0c" * depth)

    assert len(list(wire_fields(nested(MAX_DEPTH)))) == 1
    with pytest.raises(WireError, match="deeper than 100"):
        list(wire_fields(nested(MAX_DEPTH + 1)))
    with pytest.raises(WireError, match="a group ends as 2"):
        list(wire_fields(memoryview(b"\x0b\x0b\x14\x0c")))


def test_messages_in_a_message_are_counted_before_it_is_read(tmp_path: Path) -> None:
    descriptor = caffe_pb2.NetParameter.DESCRIPTOR
    layer = caffe_pb2.NetParameter.DESCRIPTOR.fields_by_name["layer"].number
    blobs = caffe_pb2.LayerParameter.DESCRIPTOR.fields_by_name["blobs"].number
    data = field(layer, field(blobs, b"") * 3) * 2  # 2 layers and 6 blobs
    check_messages(memoryview(data), descriptor, limit=8)
    with pytest.raises(TooManyMessages, match="more than 7 messages"):
        check_messages(memoryview(data), descriptor, limit=7)
    check_messages(memoryview(b"\xff\xff"), descriptor)  # anyone who reads it says what is wrong
    most = FREE_BYTES // (
        object_size(caffe_pb2.LayerParameter.DESCRIPTOR) - 3 * BUDGET_FACTOR
    )  # 3 bytes each
    path = write(tmp_path / "w.caffemodel", field(layer, b"") * most)
    assert len(read_net_binary(path).layer) == most
    write(tmp_path / "w.caffemodel", field(layer, b"") * (most + 2))
    with pytest.raises(SnapshotError, match=r"w\.caffemodel: no NetParameter that makes sense"):
        read_net_binary(path)


def test_values_in_many_pieces_are_put_together() -> None:
    values = np.arange(2500, dtype="<f4")
    number = caffe_pb2.BlobProto.DESCRIPTOR.fields_by_name["data"].number
    pieces = b"".join(field(number, value.tobytes()) for value in values)
    np.testing.assert_array_equal(StoredBlob(memoryview(pieces)).values(), values)


def test_gradients_of_another_number_than_values_are_refused() -> None:
    stored = blob_proto(np.ones((2, 3), np.float32), np.ones((2, 2), np.float32))
    assert "stored with 4 gradients" in mismatch([Blob((2, 3))], [stored])


def test_doubles_out_of_range_become_infinite() -> None:
    blob = Blob((3,))
    copy_blobs([blob], [blob_proto(np.array([1e300, -1e300, 2.5]))])
    assert blob.data.tolist() == [np.inf, -np.inf, 2.5]


def test_shapes_without_values_have_values_nowhere() -> None:
    proto = caffe_pb2.BlobProto(shape={"dim": [0, 3]})
    assert array_of(proto).shape == (0, 3)
    proto = caffe_pb2.BlobProto(shape={"dim": [0, 2**62]})
    with pytest.raises(SnapshotError, match="a blob of shape 0×4611686018427387904"):
        array_of(proto)


# -------------------------------------------------------------------------- data


@pytest.mark.parametrize("name", [b"a\0b.png", b"a\rb.png", b"\0"])
def test_names_that_no_file_has_are_errors_of_the_list(tmp_path: Path, name: bytes) -> None:
    path = write(tmp_path / "list.txt", b"good.png 1\n" + name + b" 2\n")
    with pytest.raises(DataError, match=r"line 2: the name '.*' holds a NUL or a line's end"):
        read_image_list(path)
    with pytest.raises(DataError, match=r"cannot read image '.*\\x00"):
        read_image("a\0b.png")
    window = write(tmp_path / "windows.txt", b"# 0 a\0b 3 1 1 0")
    with pytest.raises(DataError, match=r"word 3: found 'a\\x00b', expected an image's path"):
        read_window_file(window)


@pytest.mark.parametrize("label", ["2147483648", "-2147483649", "1_0", "٣", "1.0", "9" * 5000])
def test_labels_are_whole_numbers_of_32_bits(tmp_path: Path, label: str) -> None:
    path = write(tmp_path / "list.txt", f"a.png 2147483647\nb.png {label}\n")
    with pytest.raises(DataError, match=r"line 2: found '.*a whole number"):
        ImageFiles(path)


def test_a_list_of_images_is_a_sequence(tmp_path: Path) -> None:
    pairs = read_image_list(write(tmp_path / "list.txt", b"a.png 1\n\xff\xc3\xa9 b 2\n c 3"))
    want = [("a.png", 1), ("\udcffé b", 2), (" c", 3)]
    assert list(pairs) == want
    assert (pairs[-1], pairs[1:], len(pairs)) == (want[2], want[1:], 3)
    with pytest.raises(IndexError):
        pairs[3]


def test_a_list_of_files_is_a_sequence() -> None:
    names = FileNames(" a.h5\n\tbc  é\u3000d\n")
    assert list(names) == ["a.h5", "bc", "é", "d"]
    assert (names[-1], names[1:3], len(names)) == ("d", ["bc", "é"], 4)
    assert not FileNames(" \n")
    with pytest.raises(IndexError):
        names[4]


def test_a_list_of_windows_is_a_sequence() -> None:
    windows = WindowList()
    want = [Window(0, -2, 0.1, 1, 2, 3, 4), Window(7, 2**31 - 1, 1e300, -(2**31), 6, 7, 8)]
    for value in want:
        windows.add(value)
    assert list(windows) == want
    assert (windows[-1], windows[:1]) == (want[1], want[:1])
    for image in range(5000):
        windows.add(Window(image, 1, 0.5, 0, 0, 1, 1))
    assert (len(windows), len(windows.labels)) == (5002, 5002)
    assert [windows[index].image for index in (4095, 4096, 5001)] == [4093, 4094, 4999]


def test_the_columns_of_a_list_of_windows() -> None:
    windows = WindowList()
    assert (list(windows), windows.labels.tolist()) == ([], [])
    windows.add(Window(0, -2, 0.1, 1, 2, 3, 4))
    windows.add(Window(7, 2**31 - 1, 1e300, -(2**31), 6, 7, 8))
    assert windows.labels.tolist() == [-2, 2**31 - 1]
    assert windows.overlaps.tolist() == [0.1, 1e300]


class Two:
    """A database of two records that does not know how many it has."""

    path, kind, entries = "two", "database", None
    errors = (ValueError,)

    def cursor(self) -> Any:
        return self

    def first(self) -> None:
        self.at, self.moves = 0, getattr(self, "moves", 0)

    def more(self) -> bool:
        return self.at < 2

    def skip(self, count: int) -> int:
        passed = min(count, 2 - self.at)
        self.at, self.moves = self.at + passed, self.moves + passed
        return passed

    def run(self, count: int) -> Iterator[tuple[bytes, bytes]]:
        while count > 0 and self.more():
            pixels = np.full((1, 2, 3), self.at, np.uint8)
            yield b"%d" % self.at, make_datum(pixels, self.at).SerializeToString()
            count -= self.skip(1)


def test_a_place_far_beyond_the_end_is_found_at_once() -> None:
    database = Two()
    source = DatabaseSource(database)
    source.restore({"position": 10**15 + 1})
    assert database.moves < 5
    assert source.read(1).labels.tolist() == [1]


# ------------------------------------------------------------------------ images


@pytest.mark.parametrize(
    "idea", ["png_large_lie", "png_bomb", "png_column", "gif_bomb", "jpeg_bomb"]
)
def test_large_images_of_few_bytes_are_refused_before_they_are_unpacked(idea: str) -> None:
    pytest.importorskip("PIL")
    data = ATTACKS[f"image/{idea}"].make(60_000)
    with pytest.raises(DataError, match=r"too few for so large an image|decompression bomb"):
        decode_image(data)


def test_programs_are_no_images() -> None:
    pytest.importorskip("PIL")
    with pytest.raises(DataError, match="cannot identify image file"):
        decode_image(ATTACKS["image/postscript"].make(100))


# -------------------------------------------------------------------------- HDF5


@pytest.mark.parametrize(
    ("idea", "message"),
    [
        ("external_link", "is a link into another file, which is not followed"),
        ("external_group", "is a link into another file, which is not followed"),
        ("external_storage", "takes its values from another file, which is not read"),
        ("virtual_dataset", "takes its values from another file, which is not read"),
        ("soft_circle", "is a link in a circle"),
    ],
)
@pytest.mark.parametrize("reader", ["hdf5_weights", "hdf5_state", "hdf5_data"])
def test_other_files_are_not_read(reader: str, idea: str, message: str, tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    from tests.fuzz.readers import READERS, run_case

    data = ATTACKS[f"{reader}/{idea}"].make(0)
    with pytest.raises((SnapshotError, DataError), match=message):
        run_case(READERS[reader], data, tmp_path)


@pytest.mark.parametrize(
    ("idea", "message"),
    [
        ("driver_block", "a block that its superblock names goes past the file's end"),
        ("short_chunk", "is damaged: a chunk of 3 bytes, 67108864 expected"),
        ("packed_bomb", "is damaged: a packed chunk that is incomplete, or longer than"),
        ("huge_chunk", r"takes 4 GiB|is damaged: a chunk of 3 bytes"),
    ],
)
@pytest.mark.parametrize("reader", ["hdf5_weights", "hdf5_state", "hdf5_data"])
def test_hdf5_files_are_not_taken_on_trust(
    reader: str, idea: str, message: str, tmp_path: Path
) -> None:
    pytest.importorskip("h5py")
    from tests.fuzz.readers import READERS, run_case

    data = ATTACKS[f"{reader}/{idea}"].make(0)
    with pytest.raises((SnapshotError, DataError, MemoryLimitError), match=message):
        run_case(READERS[reader], data, tmp_path)


def test_soft_links_within_a_file_are_followed(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    net = Net(parsed(NET), TEST)
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["values"] = np.full((2, 3), 7, np.float32)
        file["data/ip/0"] = h5py.SoftLink("/values")
    load_weights(net, str(tmp_path / "w.h5"))
    assert (net.params["ip"][0].data == 7).all()


def test_datasets_are_read_within_the_limit_of_memory(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "d.h5", "w") as file:
        file.create_dataset("x", (1000, 100, 10), "f4", compression="gzip")
    listing = write(tmp_path / "list.txt", str(tmp_path / "d.h5"))
    text = f'layer {{ name: "d" type: "HDF5Data" top: "x" hdf5_data_param {{ source: "{listing}" '
    text += "batch_size: 2 } }"
    with pytest.raises(MemoryLimitError, match=r"layer 'd' .*dataset 'x' takes 3\.81 MiB"):
        Net(parsed(text), TEST, max_memory=2**20)


NET = """
layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 4 dim: 3 } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y"
  inner_product_param { num_output: 2 bias_term: false } }
"""


def parsed(text: str) -> Any:
    net = caffe_pb2.NetParameter()
    parse(text, net)
    return net


@pytest.mark.parametrize("kind", ["01i", "f4,f4", "(999999999,)f4", "O", "V8", "<U4"])
def test_arrays_in_a_record_are_of_plain_numbers(kind: str) -> None:
    with pytest.raises(ValueError, match="an array of"):
        from_json({"array": [kind, [1], "AAAAAAAA"]})


def test_a_padding_that_no_array_holds() -> None:
    text = 'layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 dim: 7 '
    text += 'dim: 8 } } } layer { name: "w" type: "KIND" bottom: "x" top: "y" '
    text += (
        "convolution_param { num_output: 4 kernel_size: 3 pad: 2147483648 stride: 4294967295 } }"
    )
    for kind in ("Convolution", "Im2col"):
        with pytest.raises(MemoryLimitError, match=r"layer 'w' .* the matrix of its windows takes"):
            Net(parsed(text.replace("KIND", kind)), TEST, engine="numpy").forward()


@pytest.mark.parametrize("pool", ["MAX", "AVE"])
def test_a_pyramid_over_no_images(pool: str) -> None:
    text = 'layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 0 dim: 2 dim: 8 '
    text += 'dim: 7 } } } layer { name: "w" type: "SPP" bottom: "x" top: "y" '
    text += f"spp_param {{ pyramid_height: 2 pool: {pool} }} }}"
    net = Net(parsed(text), TRAIN, engine="numpy")
    assert net.forward()["y"].shape == (0, 10)
    net.backward()


@pytest.mark.parametrize("shape", [(2, 3, 0, 5), (0, 3, 4, 5)])
@pytest.mark.parametrize("kind", ["Convolution", "Deconvolution", "Im2col"])
def test_windows_of_nothing(kind: str, shape: tuple[int, ...]) -> None:
    dims = " ".join(f"dim: {length}" for length in shape)
    text = f'layer {{ name: "in" type: "Input" top: "x" input_param {{ shape {{ {dims} }} }} }}'
    text += f'layer {{ name: "w" type: "{kind}" bottom: "x" top: "y" '
    text += "convolution_param { num_output: 2 kernel_size: 2 pad: 1 } }"
    try:
        net = Net(parsed(text), TEST, engine="numpy")
    except ShapeError:
        return
    assert net.forward()["y"].shape[0] == shape[0]
