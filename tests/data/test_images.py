from __future__ import annotations

import io

import numpy as np
import pytest

from minicaffe.data import images
from minicaffe.data.datum import datum_image, forced_color, make_datum, parse_datum
from minicaffe.data.images import Color, decode_image, encode_image, read_image, resize_linear
from minicaffe.errors import DataError, MissingExtraError
from minicaffe.proto import caffe_pb2
from tests.data.helpers import random_images

Image = pytest.importorskip("PIL.Image", reason="decoding needs Pillow")


def encoded(image: object, kind: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


@pytest.fixture
def rgb():
    """4 high, 5 wide; channels are red, green, blue."""
    return Image.fromarray(random_images(1, 4, 5, 3)[0])


def test_a_colour_image_comes_blue_first(rgb):
    want = np.asarray(rgb)[:, :, ::-1].transpose(2, 0, 1)
    for color in (Color.NATIVE, Color.COLOR):
        got = decode_image(encoded(rgb), color)
        assert got.dtype == np.uint8
        assert got.flags.c_contiguous
        np.testing.assert_array_equal(got, want)


def test_grey_is_opencvs_weighted_sum(rgb):
    red, green, blue = np.asarray(rgb).astype(float).transpose(2, 0, 1)
    got = decode_image(encoded(rgb), Color.GRAY)
    assert got.shape == (1, 4, 5)
    np.testing.assert_allclose(got[0], 0.299 * red + 0.587 * green + 0.114 * blue, atol=1)


@pytest.mark.parametrize(
    ("kind", "want"),
    [
        ("PNG", [60, 209, 118, 222, 91, 135, 190]),
        ("BMP", [60, 210, 118, 223, 91, 136, 191]),
        ("TIFF", [60, 210, 118, 223, 91, 136, 191]),
        ("PPM", [60, 210, 118, 223, 91, 136, 191]),
    ],
)
def test_grey_values_are_those_of_bvlc_caffe(kind, want):
    """What its convert_imageset --gray, built from its sources, makes of these colours."""
    colours = [(46, 58, 107), (234, 217, 111), (84, 119, 202), (207, 243, 162), (80, 90, 125)]
    image = Image.fromarray(np.array([[*colours, (194, 122, 56), (146, 202, 248)]], np.uint8))
    got = decode_image(encoded(image, kind), Color.GRAY)
    assert got.dtype == np.uint8
    assert got.ravel().tolist() == want


def test_a_jpegs_grey_values_are_those_that_it_stores(rgb):
    data = encoded(rgb.resize((40, 32)), "JPEG")
    with Image.open(io.BytesIO(data)) as image:
        image.draft("YCbCr", image.size)
        luma = np.asarray(image)[:, :, 0]
    np.testing.assert_array_equal(decode_image(data, Color.GRAY)[0], luma)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "BMP"])
def test_grey_values_do_not_depend_on_how_many_rows_are_taken(monkeypatch, kind):
    pixels = np.random.default_rng(6).integers(0, 256, (11, 7, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(pixels), kind)
    whole = decode_image(data, Color.GRAY)
    for count in (1, 15, 10**6):
        monkeypatch.setattr(images, "PIXELS_AT_A_TIME", count)
        np.testing.assert_array_equal(decode_image(data, Color.GRAY), whole)


@pytest.mark.parametrize(
    ("mode", "channels"), [("L", 1), ("1", 1), ("RGB", 3), ("RGBA", 4), ("LA", 4), ("P", 3)]
)
def test_channels_as_stored(rgb, mode, channels):
    data = encoded(rgb.convert(mode))
    assert decode_image(data).shape == (channels, 4, 5)
    assert decode_image(data, Color.COLOR).shape == (3, 4, 5)
    assert decode_image(data, Color.GRAY).shape == (1, 4, 5)


def test_a_transparent_palette_has_four_channels(rgb):
    assert decode_image(encoded(rgb.convert("P"), transparency=0)).shape == (4, 4, 5)


def test_sixteen_bits_are_reduced_or_refused():
    values = np.array([[0, 255, 256], [65535, 513, 4000]], np.uint16)
    data = encoded(Image.fromarray(values))
    np.testing.assert_array_equal(decode_image(data, Color.GRAY)[0], values >> 8)
    with pytest.raises(DataError, match="8 bits a channel"):
        decode_image(data)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_png_round_trip(channels, seed):
    rng = np.random.default_rng(seed)
    noise = rng.integers(0, 256, (channels, 7, 5))
    ramp = np.add.outer(np.arange(7) * 3, np.arange(5) * 11)[None] + noise * (seed == 2)
    image = np.broadcast_to(noise if seed == 0 else ramp, (channels, 7, 5)).astype(np.uint8)
    np.testing.assert_array_equal(decode_image(encode_image(image, "png")), image)


def test_png_takes_bytes_of_one_or_three_channels():
    with pytest.raises(DataError, match="2 channels of uint8 cannot be encoded as png"):
        encode_image(np.zeros((2, 3, 4), np.uint8), "png")
    with pytest.raises(DataError, match="1 channels of float32"):
        encode_image(np.zeros((1, 3, 4), np.float32), "png")


# OpenCV 5.0 gave these for cv2.resize of the image that the test makes.
RESIZED = {
    (4, 5): [
        [51, 136, 170, 140, 110],
        [114, 81, 112, 117, 122],
        [152, 128, 181, 132, 147],
        [138, 73, 123, 147, 158],
    ],
    (9, 14): [
        [0, 47, 112, 177, 141, 50, 115, 180, 245, 155, 119, 184, 112, 40],
        [19, 68, 124, 111, 97, 89, 158, 186, 173, 159, 146, 133, 120, 111],
        [43, 97, 144, 54, 65, 138, 186, 178, 115, 157, 161, 98, 127, 162],
        [68, 126, 179, 94, 110, 183, 126, 124, 177, 126, 112, 165, 126, 85],
        [93, 154, 213, 134, 105, 109, 113, 116, 120, 123, 127, 130, 134, 137],
        [117, 163, 209, 163, 101, 36, 128, 137, 64, 120, 142, 96, 142, 188],
        [142, 113, 91, 160, 146, 87, 184, 199, 132, 90, 92, 162, 140, 111],
        [167, 122, 73, 94, 114, 134, 154, 174, 195, 137, 107, 128, 148, 163],
        [185, 143, 85, 27, 70, 168, 110, 134, 241, 192, 134, 77, 156, 233],
    ],
}


def ramp_image() -> np.ndarray:
    rows, columns = np.mgrid[0:6, 0:9]
    return ((rows * 37 + columns * 101 + rows * columns * 13) % 256).astype(np.uint8)[None]


@pytest.mark.parametrize("size", RESIZED)
def test_resize_is_opencvs_bilinear(size):
    got = resize_linear(ramp_image(), *size)
    assert got.dtype == np.uint8
    np.testing.assert_allclose(got[0].astype(int), RESIZED[size], atol=1)


def test_resize_is_that_of_bvlc_caffe_to_the_bit():
    """What its convert_imageset, built from its sources with OpenCV 4.6, made of this image."""
    image = np.array([[99, 206, 239, 189], [230, 118, 144, 73], [8, 228, 231, 190]], np.uint8)
    assert resize_linear(image[None], 7, 5)[0].tolist() == [
        [99, 174, 222, 224, 189],
        [118, 171, 209, 209, 172],
        [174, 161, 170, 166, 123],
        [230, 152, 131, 123, 73],
        [135, 156, 173, 164, 123],
        [40, 160, 215, 205, 173],
        [8, 162, 229, 218, 190],
    ]


def test_resize_to_the_same_size_changes_nothing():
    image = ramp_image()
    assert resize_linear(image, 6, 9) is image


def test_read_image_resizes(tmp_path, rgb):
    rgb.save(tmp_path / "a.png")
    assert read_image(str(tmp_path / "a.png"), Color.GRAY, (7, 6)).shape == (1, 7, 6)


def test_read_image_names_the_file(tmp_path):
    with pytest.raises(DataError, match=r"cannot read image '.*none\.png': there is no such file"):
        read_image(str(tmp_path / "none.png"))
    (tmp_path / "text.png").write_text("hello")
    with pytest.raises(
        DataError,
        match=r"text\.png': 5 bytes .*\(cannot identify image file\);",
    ):
        read_image(str(tmp_path / "text.png"))


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_truncated_image_is_an_error(kind):
    data = encoded(Image.fromarray(random_images(1, 40, 50, 3)[0]), kind)
    with pytest.raises(DataError, match="cannot be decoded"):
        decode_image(data[: len(data) // 2])


def test_no_bytes_are_no_image():
    with pytest.raises(DataError, match="empty"):
        decode_image(b"")


def test_without_pillow_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "PIL.Image", None)
    with pytest.raises(MissingExtraError, match=r"decoding images needs .*minicaffe\[data\]"):
        decode_image(b"x")


# ------------------------------------------------------------------------------- datum


@pytest.mark.parametrize("encode", [False, True])
def test_datum_round_trip(encode):
    image = random_images(1, 3, 4, 5)[0]
    datum = parse_datum(make_datum(image, 7, encode=encode).SerializeToString())
    assert (datum.channels, datum.height, datum.width, datum.label) == (3, 4, 5, 7)
    assert datum.encoded == encode
    np.testing.assert_array_equal(datum_image(datum), image)


def test_float_datum():
    image = np.random.default_rng(1).normal(size=(2, 3, 4)).astype(np.float32)
    got = datum_image(make_datum(image, 0))
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, image)


def test_an_encoded_datum_takes_the_forced_colour():
    datum = make_datum(random_images(1, 1, 4, 5)[0], 0, encode=True)
    assert datum_image(datum, Color.COLOR).shape == (3, 4, 5)


def test_a_datum_of_the_wrong_size_is_refused():
    datum = caffe_pb2.Datum(channels=1, height=2, width=3, data=b"12345")
    with pytest.raises(DataError, match=r"size 1×2×3 .* with 5 values"):
        datum_image(datum)
    with pytest.raises(DataError, match="with 0 values"):
        datum_image(caffe_pb2.Datum())


def test_bytes_that_are_no_datum():
    with pytest.raises(DataError, match="not a Datum"):
        parse_datum(b"\xff\xff\xff")


def test_forced_colours():
    make = caffe_pb2.TransformationParameter
    assert forced_color(make()) is Color.NATIVE
    assert forced_color(make(force_color=True)) is Color.COLOR
    assert forced_color(make(force_gray=True)) is Color.GRAY
    assert forced_color(make(), color=True) is Color.COLOR
    with pytest.raises(DataError, match="both set"):
        forced_color(make(force_color=True, force_gray=True))
