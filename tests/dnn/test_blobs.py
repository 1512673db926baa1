"""blobFromImage and its siblings. The values are those of OpenCV 4.14 for these arguments."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe import dnn
from minicaffe.errors import ArgumentError, ShapeError

IMAGE = (np.arange(4 * 6 * 3) * 37 % 256).astype(np.uint8).reshape(4, 6, 3)

#: Arguments, and what OpenCV makes of IMAGE.
CASES = {
    "mean, scale and order": (
        dict(scalefactor=0.5, size=(3, 3), mean=(10, 20, 30), swapRB=True),
        [62, 45, 28, 79.5, 62.5, 45.5, 43, 79.5, 62.5, 38.5, 21.5, 68.5, 56, 39, 54, 73, 56, 39, 15,
         62, 45, 32.5, 47.5, 62.5, 49.5, 32.5, 79.5],
    ),
    "the middle of what keeps its proportions": (
        dict(size=(5, 5), crop=True),
        [78, 166, 178, 88, 177, 60, 95, 161, 178, 123, 91, 78, 102, 178, 165, 122, 98, 74, 109, 198,
         104, 116, 128, 38, 127, 114, 75, 36, 125, 214, 97, 94, 90, 54, 142, 128, 115, 101, 87, 74,
         159, 135, 111, 129, 74, 141, 153, 165, 75, 164, 152, 112, 73, 136, 20, 134, 130, 127, 83,
         110, 165, 152, 138, 124, 111, 173, 172, 148, 165, 111, 102, 190, 203, 112, 201],
    ),
    "the middle of a wide one": (
        dict(size=(5, 2), mean=(1,), swapRB=True, crop=True),
        [97, 138, 97, 56, 97, 189, 138, 128, 118, 67, 61, 102, 61, 181, 107, 154, 102, 92, 82, 192,
         24, 134, 152, 152, 70, 116, 65, 145, 152, 163],
    ),
    "bytes": (
        dict(size=(5, 3), ddepth=dnn.CV_8U),
        [32, 127, 154, 150, 79, 101, 81, 125, 168, 148, 170, 98, 95, 122, 216, 69, 100, 63, 175,
         116, 138, 118, 98, 77, 172, 207, 135, 132, 129, 57, 106, 137, 100, 62, 93, 175, 155, 135,
         114, 94, 52, 172, 169, 166, 94],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_as_opencv(name: str) -> None:
    arguments, values = CASES[name]
    width, height = arguments["size"]
    before = IMAGE.copy()
    blob = dnn.blobFromImage(IMAGE, **arguments)
    assert blob.dtype == (np.uint8 if "ddepth" in arguments else np.float32)
    np.testing.assert_array_equal(blob, np.reshape(values, (1, 3, height, width)))
    np.testing.assert_array_equal(IMAGE, before)


def test_grey_images_have_the_first_mean() -> None:
    blob = dnn.blobFromImage(IMAGE[:, :, 0], 2.0, (4, 4), (7, 8, 9), True)
    values = [42, 374, 196, 144, 222, 170, 376, 324, 146, 94, 300, 248, 326, 274, 96, 428]
    np.testing.assert_array_equal(blob, np.reshape(values, (1, 1, 4, 4)))
    np.testing.assert_array_equal(
        dnn.blobFromImage(IMAGE[:, :, :1]), dnn.blobFromImage(IMAGE[:, :, 0])
    )


def test_floats_and_a_single_mean_which_is_the_first_channels() -> None:
    blob = dnn.blobFromImage(IMAGE.astype(np.float32), 1.0, (4, 3), 127.5)
    values = [
        -84.75, 49.75, -7.75, -33.25, -28.75, -54.25, 48.25, 22.75, 27.25, 1.75, -55.75, 78.75,
        79.75, 54.25, 124.75, 131.25, 135.75, 110.25, 84.75, 155.25, 191.75, 166.25, 98.0833,
        72.5833, 116.75, 91.25, 108.4167, 82.9167, 172.75, 147.25, 121.75, 96.25, 68.75, 203.25,
        135.0833, 109.5833,
    ]  # fmt: skip
    np.testing.assert_allclose(blob.ravel(), values, atol=1e-4)


def test_four_channels_keep_their_last() -> None:
    image = np.dstack([IMAGE, IMAGE[:, :, 0]])
    blob = dnn.blobFromImage(image, 1.0, (2, 2), (1, 2, 3, 4), True)
    values = [133, 82, 185, 134, 95, 172, 147, 96, 57, 134, 109, 186, 56, 133, 108, 185]
    np.testing.assert_array_equal(blob.ravel(), values)


def test_several_images_get_the_size_of_the_first() -> None:
    blob = dnn.blobFromImages([IMAGE, IMAGE[:3, :5]])
    assert blob.shape == (2, 3, 4, 6)
    np.testing.assert_array_equal(blob[0], IMAGE.transpose(2, 0, 1))
    np.testing.assert_array_equal(blob[1:], dnn.blobFromImage(IMAGE[:3, :5], size=(6, 4)))


def test_back_to_images() -> None:
    blob = np.arange(48, dtype=np.float32).reshape(2, 3, 2, 4)
    first, second = dnn.imagesFromBlob(blob)
    np.testing.assert_array_equal(first, blob[0].transpose(1, 2, 0))
    assert second.shape == (2, 4, 3)
    assert dnn.imagesFromBlob(blob[:, :1])[0].shape == (2, 4)
    with pytest.raises(ShapeError, match="shape 2×4, expected images×channels×height×width"):
        dnn.imagesFromBlob(blob[0, 0])


@pytest.mark.parametrize(
    ("image", "arguments", "error", "complaint"),
    [
        (None, {}, ArgumentError, "the image is None, expected an array; is the file there"),
        ("cat.jpg", {}, ArgumentError, "the image is 'cat.jpg', expected an array"),
        (IMAGE[:, :, :2], {}, ShapeError, "shape 4×6×2, expected height×width"),
        (IMAGE[:0], {}, ShapeError, "shape 0×6×3"),
        (IMAGE.astype(complex), {}, ArgumentError, "complex128, expected uint8 or float32"),
        (IMAGE, dict(ddepth=7), ArgumentError, "ddepth is 7"),
        (IMAGE, dict(ddepth=0, mean=(1, 2, 3)), ArgumentError, "CV_8U takes no scalefactor"),
        (IMAGE, dict(ddepth=0, scalefactor=2), ArgumentError, "CV_8U takes no scalefactor"),
        (IMAGE.astype(np.float32), dict(ddepth=0), ArgumentError, "is made of uint8"),
        (IMAGE, dict(size=(5,)), ArgumentError, "expected a width and a height"),
        (IMAGE, dict(size=(5, 0)), ArgumentError, "expected a width and a height"),
        (IMAGE, dict(mean=(1, 2, 3, 4, 5)), ArgumentError, "expected at most four numbers"),
        (IMAGE, dict(mean="blue"), ArgumentError, "mean is 'blue'"),
    ],
)
def test_mistakes(
    image: object, arguments: dict[str, object], error: type[Exception], complaint: str
) -> None:
    with pytest.raises(error, match=complaint):
        dnn.blobFromImage(image, **arguments)  # type: ignore[arg-type]


def test_images_that_do_not_belong_together() -> None:
    with pytest.raises(ShapeError, match="image 1 has 1 channel"):
        dnn.blobFromImages([IMAGE, IMAGE[:, :, 0]])
    with pytest.raises(ShapeError, match="no images"):
        dnn.blobFromImages([])
