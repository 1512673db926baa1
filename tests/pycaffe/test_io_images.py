"""Images: reading, resizing, crops."""

from __future__ import annotations

from io import BytesIO, StringIO
from pathlib import Path

import numpy as np
import pytest

from minicaffe import io
from minicaffe.errors import DataError, MinicaffeError, ShapeError

rng = np.random.default_rng(3)


def slow_resize(im: np.ndarray, height: int, width: int) -> np.ndarray:
    """The rule for 1 and 3 channels, pixel by pixel."""
    out = np.empty((height, width, im.shape[2]))
    least = im.min()

    def pixel(y: int, x: int, c: int) -> float:
        inside = 0 <= y < im.shape[0] and 0 <= x < im.shape[1]
        return im[y, x, c] if inside else least

    for i, j, c in np.ndindex(*out.shape):
        y = (i + 0.5) * im.shape[0] / height - 0.5
        x = (j + 0.5) * im.shape[1] / width - 0.5
        y0, x0 = int(np.floor(y)), int(np.floor(x))
        fy, fx = y - y0, x - x0
        out[i, j, c] = (
            (1 - fy) * ((1 - fx) * pixel(y0, x0, c) + fx * pixel(y0, x0 + 1, c))
            + fy * ((1 - fx) * pixel(y0 + 1, x0, c) + fx * pixel(y0 + 1, x0 + 1, c))
        )  # fmt: skip
    return out


@pytest.mark.parametrize("size", [(4, 5), (8, 15), (2, 3), (7, 2), (1, 1), (4, 9)])
@pytest.mark.parametrize("channels", [1, 3])
def test_resize(size, channels):
    im = rng.uniform(-3, 5, (4, 5, channels))
    before = im.copy()
    got = io.resize_image(im, size)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, slow_resize(im, *size), atol=1e-5)
    np.testing.assert_array_equal(im, before)
    single = io.resize_image(im.astype(np.float32), np.array(size))
    np.testing.assert_allclose(single, got, atol=1e-5)


def test_resize_of_many_channels_keeps_the_corners():
    im = rng.uniform(size=(3, 4, 5))
    got = io.resize_image(im, (5, 7))
    np.testing.assert_allclose(got[::4, ::6], im[::2, ::3], rtol=1e-6)
    np.testing.assert_allclose(got[1, 0], (im[0, 0] + im[1, 0]) / 2, rtol=1e-6)
    np.testing.assert_allclose(got[0, 3], (im[0, 1] + im[0, 2]) / 2, rtol=1e-6)
    np.testing.assert_allclose(io.resize_image(im, (1, 4)), im[:1], rtol=1e-6)


def test_resize_to_the_nearest():
    im = np.arange(4.0).reshape(1, 4, 1)
    assert io.resize_image(im, (1, 2), interp_order=0).ravel().tolist() == [1, 3]
    doubled = io.resize_image(im, (2, 8), interp_order=0)
    assert doubled[1].ravel().tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    with pytest.raises(DataError, match="interp_order is 6, expected 0"):
        io.resize_image(im, (1, 2), interp_order=6)


def test_resize_of_other_types():
    constant = np.full((2, 3, 3), 7, np.uint8)
    np.testing.assert_array_equal(io.resize_image(constant, (4, 4)), np.full((4, 4, 3), 7.0))
    bright = np.array([[[0], [255]]], np.uint8)
    np.testing.assert_allclose(io.resize_image(bright, (1, 1)), [[[127.5]]])


@pytest.mark.parametrize(
    ("shape", "size"), [((2, 3), (4, 4)), ((2, 0, 3), (4, 4)), ((2, 3, 1), (0, 4))]
)
def test_resize_refuses(shape, size):
    with pytest.raises(ShapeError, match=r"cannot resize an array of shape"):
        io.resize_image(np.zeros(shape), size)


def test_oversample():
    images = rng.uniform(size=(2, 7, 6, 3)).astype(np.float32)
    crops = io.oversample(list(images), (4, 3))
    assert crops.shape == (20, 4, 3, 3)
    assert crops.dtype == np.float32
    for n, image in enumerate(images):
        ten = crops[10 * n : 10 * n + 10]
        for index, (y, x) in enumerate([(0, 0), (0, 3), (3, 0), (3, 3), (1, 1)]):
            want = image[y : y + 4, x : x + 3]
            np.testing.assert_array_equal(ten[index], want)
            np.testing.assert_array_equal(ten[index + 5], want[:, ::-1])


def test_oversample_refuses():
    with pytest.raises(ShapeError, match="crops of 4×3 from images of shape 3×3×1"):
        io.oversample([np.zeros((3, 3, 1))], (4, 3))
    with pytest.raises(ShapeError, match="one shape are expected, found: 3×3×1, 3×4×1"):
        io.oversample([np.zeros((3, 3, 1)), np.zeros((3, 4, 1))], (2, 2))
    with pytest.raises(ShapeError, match="found: none"):
        io.oversample([], (2, 2))


class TestLoadImage:
    image = pytest.importorskip("PIL.Image")
    rgb = rng.integers(256, size=(4, 5, 3), dtype=np.uint8)

    def save(self, array: np.ndarray, mode: str | None = None) -> str:
        picture = self.image.fromarray(array)
        (picture.convert(mode) if mode else picture).save("x.png")
        return "x.png"

    def test_colour(self):
        got = io.load_image(self.save(self.rgb))
        assert got.dtype == np.float32
        np.testing.assert_allclose(got, self.rgb / 255.0, rtol=1e-6)
        grey = io.load_image("x.png", color=False)
        assert grey.shape == (4, 5, 1)
        want = self.rgb @ np.array([0.2125, 0.7154, 0.0721]) / 255
        np.testing.assert_allclose(grey[:, :, 0], want, rtol=1e-5)

    def test_grey(self):
        name = self.save(self.rgb[:, :, 0])
        want = self.rgb[:, :, :1] / 255.0
        np.testing.assert_allclose(io.load_image(name, color=False), want, rtol=1e-6)
        np.testing.assert_allclose(io.load_image(name), np.repeat(want, 3, 2), rtol=1e-6)

    def test_transparency_is_dropped(self):
        alpha = np.dstack([self.rgb, self.rgb[:, :, 0]])
        np.testing.assert_allclose(io.load_image(self.save(alpha)), self.rgb / 255.0, rtol=1e-6)
        self.save(alpha, "LA")
        assert io.load_image("x.png").shape == (4, 5, 3)
        assert io.load_image("x.png", False).shape == (4, 5, 1)

    def test_palettes_and_bits(self):
        black_and_white = np.array([[0, 255, 0]], np.uint8)
        for mode in ("1", "P"):
            got = io.load_image(self.save(black_and_white, mode))
            np.testing.assert_array_equal(got, np.repeat([[[0], [1], [0]]], 3, 2))

    def test_sixteen_bits(self):
        deep = np.array([[0, 65535, 13107]], np.uint16)
        got = io.load_image(self.save(deep), color=False)
        np.testing.assert_allclose(got.ravel(), [0, 1, 0.2], rtol=1e-6)

    def test_floats(self):
        self.image.fromarray(np.array([[0.25, 2.0]], np.float32)).save("x.tiff")
        assert io.load_image("x.tiff", False).ravel().tolist() == [0.25, 2.0]

    def test_open_files(self):
        """Programs that have an image in memory, from the network say, give a stream."""
        memory = BytesIO()
        self.image.fromarray(self.rgb).save(memory, "PNG")  # it is at its end now
        want = self.rgb / 255.0
        np.testing.assert_allclose(io.load_image(memory), want, rtol=1e-6)
        assert io.load_image(memory, color=False).shape == (4, 5, 1)
        name = self.save(self.rgb)
        with open(name, "rb") as stream:
            np.testing.assert_allclose(io.load_image(stream), want, rtol=1e-6)
        np.testing.assert_allclose(io.load_image(Path(name)), want, rtol=1e-6)
        np.testing.assert_allclose(io.load_image(name.encode()), want, rtol=1e-6)

    def test_a_stream_that_cannot_go_back(self):
        class Response:
            """What a server sends; it can be read once, and has no name."""

            def __init__(self, data: bytes) -> None:
                self.data = data

            def read(self) -> bytes:
                data, self.data = self.data, b""
                return data

        with open(self.save(self.rgb), "rb") as stream:
            response = Response(stream.read())
        np.testing.assert_allclose(io.load_image(response), self.rgb / 255.0, rtol=1e-6)
        with pytest.raises(DataError, match=r"<Response>: the image is empty"):
            io.load_image(response)

    def test_what_is_neither_a_name_nor_an_open_file(self):
        name = self.save(self.rgb)
        closed = open(name, "rb")  # noqa: SIM115
        closed.close()
        with pytest.raises(DataError, match=r"x\.png: the file cannot be read"):
            io.load_image(closed)
        with open(name) as text, pytest.raises(TypeError, match=r'open\(name, "rb"\)'):
            io.load_image(text)
        with pytest.raises(TypeError, match=r'open\(name, "rb"\)'):
            io.load_image(StringIO("text"))
        with pytest.raises(TypeError, match=r"takes io\.BytesIO"):
            io.load_image(Path(name).read_bytes())
        for wrong in (None, 3, self.rgb):
            with pytest.raises(MinicaffeError, match="expected the name of a file"):
                io.load_image(wrong)
        with pytest.raises(DataError, match=r"urllib\.request\.urlopen"):
            io.load_image("http://localhost/x.png")

    def test_files_that_are_no_images(self):
        with pytest.raises(DataError, match=r"nowhere.png: there is no such file"):
            io.load_image("nowhere.png")
        with open("x.jpg", "w") as stream:
            stream.write("text")
        with pytest.raises(DataError, match=r"x.jpg: 4 bytes that cannot be decoded as an image"):
            io.load_image("x.jpg")
