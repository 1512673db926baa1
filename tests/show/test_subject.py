"""Pictures in nets: scores, gradients, saliency, neighbours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from minicaffe import show
from minicaffe.errors import ArgumentError, DataError, GraphError, UnknownNameError
from minicaffe.show import Subject

pytest.importorskip("matplotlib", reason="matplotlib is not installed")

NET = """
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 3 dim: 8 dim: 6 } }
  transform_param { mean_value: 100 scale: 0.01 } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
  convolution_param { num_output: 4 kernel_size: 3 pad: 1 weight_filler { type: "xavier" } } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "left" type: "Convolution" bottom: "conv" top: "left"
  convolution_param { num_output: 2 kernel_size: 1 weight_filler { type: "xavier" } } }
layer { name: "right" type: "Pooling" bottom: "conv" top: "right"
  pooling_param { pool: AVE kernel_size: 3 stride: 1 pad: 1 } }
layer { name: "join" type: "Concat" bottom: "left" bottom: "right" top: "join" }
layer { name: "ip" type: "InnerProduct" bottom: "join" top: "ip"
  inner_product_param { num_output: 5 weight_filler { type: "xavier" } } }
layer { name: "prob" type: "Softmax" bottom: "ip" top: "prob" }
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "deploy.prototxt"
    path.write_text(NET, encoding="utf-8")
    return path


@pytest.fixture
def subject(file: Path) -> Subject:
    return Subject(file, None, seed=1, dtype=np.float64, engine="numpy")


def picture(seed: int, height: int = 8, width: int = 6) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_a_picture_is_prepared_as_the_net_says(subject):
    image = picture(1)
    pixels = subject.look(image)
    np.testing.assert_array_equal(pixels, image.transpose(2, 0, 1))
    prepared = (pixels - 100.0) * np.float32(0.01)
    np.testing.assert_allclose(subject.net.blobs["data"].data[0], prepared, rtol=1e-6)
    assert subject.pixels(picture(1, 20, 30)).shape == (3, 8, 6)
    gray = subject.pixels(image[:, :, 0])
    np.testing.assert_array_equal(gray, np.repeat(image[None, :, :, 0], 3, axis=0))


def test_a_gray_net_sees_an_array_as_the_file_of_it(file, tmp_path):
    image = pytest.importorskip("PIL.Image", reason="encoded images need Pillow")
    file.write_text(NET.replace("dim: 3", "dim: 1", 1))
    gray = Subject(file, None, engine="numpy")
    colours = picture(4)
    image.fromarray(colours[:, :, ::-1]).save(tmp_path / "a.png")
    of_file = gray.pixels(tmp_path / "a.png").astype(int)  # OpenCV rounds there otherwise
    assert abs(gray.pixels(colours).astype(int) - of_file).max() <= 1


def test_scores_are_taken_before_the_softmax(subject):
    subject.look(picture(1))
    assert (subject.output, subject.score, subject.classes) == ("prob", "ip", 5)
    assert subject.scores().shape == (1, 5)
    assert subject.scores().sum() == pytest.approx(1.0)
    assert subject.best() == subject.scores()[0].argmax()
    assert subject.best(3) == 3
    with pytest.raises(ArgumentError, match="no class 5; the net has 0 to 4"):
        subject.best(5)


@pytest.mark.parametrize("engine", ["numpy", None])
@pytest.mark.parametrize("name", ["data", "conv", "join"])
def test_gradients_are_those_of_the_score(file, name, engine):
    """Of a blob that a layer changes in place and several read, as that layer leaves it."""
    dtype = np.float64 if engine == "numpy" else np.float32
    subject = Subject(file, None, seed=1, dtype=dtype, engine=engine)
    subject.look(picture(1))
    found = subject.gradient(2, name)
    again = subject.gradient(2, name)
    np.testing.assert_array_equal(found, again)
    net, blob = subject.net, subject.net.blobs[name]
    after = 1 + max(i for i, node in enumerate(net.nodes) if name in node.top_names)
    values = blob.data.copy()
    random = np.random.default_rng(0)
    for _ in range(4):
        # scores are linear in "join", and nearly so elsewhere: no ReLU turns at these steps
        place = tuple(int(random.integers(0, n)) for n in values.shape)
        score = []
        for sign in (-1, 1):
            blob.data[...] = values
            blob.data[place] += sign * 1e-3
            net.forward_from_to(after, len(net.nodes) - 1)
            score.append(float(net.blobs["ip"].data[0, 2]))
        slope = (score[1] - score[0]) / 2e-3
        assert found[place] == pytest.approx(slope, abs=1e-6 if dtype == np.float64 else 2e-3)


def test_a_blob_that_the_scores_do_not_depend_on(subject):
    subject.look(picture(1))
    with pytest.raises(GraphError, match="'ip' do not depend on 'prob'"):
        subject.gradient(0, "prob")


def test_names_of_layers_and_blobs(subject):
    assert (subject.blob("relu"), subject.blob("join"), subject.blob("ip")) == (
        "conv",
        "join",
        "ip",
    )
    assert subject.maps() == ["conv", "left", "right", "join"]
    assert subject.last_maps() == "join"
    with pytest.raises(UnknownNameError, match="did you mean `conv`"):
        subject.blob("cnv")


def test_grad_cam(subject):
    subject.look(picture(1))
    maps = subject.net.blobs["join"].data[0]
    weights = subject.net.params["ip"][0].data[3].reshape(maps.shape).mean(axis=(1, 2))
    by_hand = np.maximum((weights[:, None, None] * maps).sum(axis=0), 0)
    np.testing.assert_allclose(show.grad_cam(subject, 3), by_hand, rtol=1e-5, atol=1e-7)
    with pytest.raises(ArgumentError, match="expected feature maps"):
        show.grad_cam(subject, 3, "ip")


def test_occlusion_finds_what_counts(tmp_path):
    """A score that is one pixel: it falls where that pixel is grey, and nowhere else."""
    file = tmp_path / "one.prototxt"
    file.write_text(
        'layer { name: "d" type: "Input" top: "d" '
        "  input_param { shape { dim: 1 dim: 1 dim: 16 dim: 16 } } }"
        'layer { name: "ip" type: "InnerProduct" bottom: "d" top: "ip" '
        "  inner_product_param { num_output: 2 bias_term: false } }"
    )
    subject = Subject(file, None)
    subject.net.params["ip"][0].data[1].reshape(16, 16)[4, 9] = 2.0
    image = np.zeros((16, 16), np.uint8)
    image[4, 9] = 128
    seen: list[tuple[int, int]] = []
    fall = show.occlusion(subject, image, 1, lambda *done: seen.append(done))
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1] > len(seen) >= 1
    lost = 2 * (128 - 128 / 256)
    assert fall[4, 9] == pytest.approx(lost)
    reach = fall > 0
    assert set(np.unique(np.nonzero(reach)[0])) <= set(range(3, 6))
    assert not fall[~reach].any()
    assert subject.net.blobs["d"].shape == (1, 1, 16, 16)


def test_figures(subject):
    image = picture(2)
    shown = show.saliency(subject, image, label=1, names={1: "$c"})
    assert [place.get_title() for place in shown.axes] == [
        "picture", "gradient", "Grad-CAM", "occlusion",
    ]  # fmt: skip
    assert shown.get_suptitle().startswith("\\$c: 0.")  # no formula
    assert len(show.activations(subject, image, "conv").axes) == 6  # 5, in a rectangle
    assert "gradient of class 2 at join" in show.gradients(subject, image, label=2).get_suptitle()
    assert "5 outputs (rows)" in show.filters(subject.net, "ip").axes[0].get_title()
    with pytest.raises(GraphError, match="no feature maps; those that are: conv, left"):
        show.activations(subject, image, "ip")
    with pytest.raises(GraphError, match="layer 'relu' has no weights; those that have: conv, "):
        show.filters(subject.net, "relu")
    with pytest.raises(UnknownNameError, match="conv"):
        show.filters(subject.net, "cnv")


def test_neighbours_are_by_angle():
    points = np.array([[1.0, 0.0], [3.0, 0.3], [0.0, 1.0], [1.0, 1.0], [0.0, 0.0]])
    assert show.nearest(points, 0, 3).tolist() == [1, 3, 2]
    assert len(show.nearest(points, 2, 9)) == 4


def test_features_of_pictures(subject):
    images = [picture(n) for n in range(3)]
    assert show.features(subject, images).shape == (3, 6)
    means = show.features(subject, images, "conv")
    subject.look(images[1])
    np.testing.assert_allclose(means[1], subject.net.blobs["conv"].data[0].mean(axis=(1, 2)))
    with pytest.raises(ArgumentError, match="1 picture given, at least 2"):
        show.embedding(subject, images[:1])
    same = show.embedding(subject, [images[0]] * 2)  # no variance at all
    assert "0%" in same.axes[0].get_xlabel()


def test_what_is_not_finite_has_no_place_in_a_space(subject):
    subject.net.params["conv"][0].data[0, 0, 0, 0] = np.nan
    for draw in (show.embedding, show.neighbours):
        with pytest.raises(DataError, match="blob 'conv' has values that are not finite"):
            draw(subject, [picture(0), picture(1)], "conv")
