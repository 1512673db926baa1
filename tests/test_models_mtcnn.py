"""MTCNN's three nets, and the example that runs them one after the other."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from minicaffe import TEST, MinicaffeError, Net, get_solver
from minicaffe.proto import caffe_pb2
from minicaffe.proto.io import read_net, read_solver
from minicaffe.proto.printing import to_text
from models.generate.mtcnn import MODELS, files
from tests.zoo import ROOT, unfilled

STAGES = {stage.folder: stage for stage in MODELS}


def example() -> ModuleType:
    """docs/examples/mtcnn.py."""
    file = ROOT / "docs" / "examples" / "mtcnn.py"
    spec = importlib.util.spec_from_file_location("mtcnn_example", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["mtcnn_example"] = module  # its dataclass asks for it
    spec.loader.exec_module(module)
    return module


MTCNN = example()


@pytest.mark.parametrize("name", STAGES)
def test_scripts_write_the_files_that_are_there(name: str) -> None:
    for file, text in files(STAGES[name]).items():
        assert (ROOT / "models" / name / file).read_text(encoding="utf-8") == text


@pytest.mark.parametrize("name", STAGES)
def test_the_solver_trains_the_network_beside_it(name: str) -> None:
    param = read_solver(str(ROOT / "models" / name / "solver.prototxt"))
    assert param.net == f"models/{name}/train_val.prototxt"
    assert Path(param.snapshot_prefix).parent == Path("models", name)
    assert param.max_iter % param.test_interval == 0


@pytest.mark.parametrize(
    ("name", "numbers"), [("mtcnn_pnet", 6632), ("mtcnn_rnet", 100178), ("mtcnn_onet", 389040)]
)
def test_as_many_parameters_as_published(name: str, numbers: int) -> None:
    net = unfilled(ROOT / "models" / name / "deploy.prototxt")
    assert sum(blob.count for blobs in net.params.values() for blob in blobs) == numbers


def tiny(name: str, folder: Path) -> caffe_pb2.NetParameter:
    """The net on eight examples: faces with boxes and points, others without."""
    h5py = pytest.importorskip("h5py", reason="HDF5 files need h5py")
    stage, rng = STAGES[name], np.random.default_rng(5)
    weights = np.repeat(np.array([1, 0], np.float32), 4)[:, None]
    with h5py.File(folder / "tiny.h5", "w") as file:
        file["data"] = rng.normal(size=(8, 3, stage.size, stage.size)).astype(np.float32)
        file["label"] = np.array([1, 1, 1, -1, 0, 0, 0, 0], np.float32)
        for part, columns in (("boxes", 4), ("points", 10)):
            file[part] = rng.normal(size=(8, columns)).astype(np.float32)
            file[f"{part}_weight"] = np.repeat(weights, columns, axis=1)
    (folder / "tiny.txt").write_text(str(folder / "tiny.h5"))
    param = read_net(str(ROOT / "models" / name / "train_val.prototxt"))
    for layer in param.layer:
        if layer.type == "HDF5Data":
            layer.hdf5_data_param.source = str(folder / "tiny.txt")
            layer.hdf5_data_param.batch_size = 8
    return param


@pytest.mark.parametrize("name", STAGES)
def test_learns_and_is_tested_on_tiny_data(name: str, tmp_path: Path) -> None:
    (tmp_path / "net.prototxt").write_text(to_text(tiny(name, tmp_path)))
    solver = caffe_pb2.SolverParameter(
        base_lr=1e-3, lr_policy="fixed", random_seed=1, test_iter=[1], test_interval=100,
        max_iter=100, snapshot_after_train=False, net=str(tmp_path / "net.prototxt"),
    )  # fmt: skip
    (tmp_path / "solver.prototxt").write_text(to_text(solver))
    made = get_solver(str(tmp_path / "solver.prototxt"))
    before = {key: blobs[0].data.copy() for key, blobs in made.net.params.items()}
    made.step(3)
    losses = {key: float(blob.data) for key, blob in made.net.blobs.items() if "loss" in key}
    parts = ["boxes", "points"] if STAGES[name].points else ["boxes"]
    assert sorted(losses) == sorted(["loss", *(f"{part}_loss" for part in parts)])
    assert all(0 < loss < 100 for loss in losses.values())
    for key, old in before.items():
        assert (made.net.params[key][0].data != old).any(), key
    assert 0 <= made.test()["accuracy"] <= 1


@pytest.mark.parametrize("name", STAGES)
def test_examples_without_boxes_teach_none(name: str, tmp_path: Path) -> None:
    """Half the squared distance of the four that count, over all eight."""
    net = Net(tiny(name, tmp_path), TEST, seed=1)
    net.forward()
    found = net.blobs[f"{STAGES[name].end}-2"].data.reshape(8, 4)[:4]
    truth = net.blobs["boxes"].data[:4]
    want = ((found - truth) ** 2).sum() / (2 * 8)
    np.testing.assert_allclose(net.blobs["boxes_loss"].data, want, rtol=1e-5)


@pytest.mark.parametrize("name", STAGES)
def test_trained_weights_fit_the_deploy_net(name: str, tmp_path: Path) -> None:
    trained = Net(tiny(name, tmp_path), TEST, seed=1)
    used = Net(str(ROOT / "models" / name / "deploy.prototxt"), TEST, seed=2)
    used.copy_from_proto(trained.to_proto())
    trained.forward()
    used.blobs["data"].reshape(*trained.blobs["data"].shape)
    used.reshape()
    used.forward(data=trained.blobs["data"].data)
    for number in (1, 2):
        blob = f"{STAGES[name].end}-{number}"
        values = trained.blobs[blob].data
        np.testing.assert_allclose(used.blobs[blob].data, values, rtol=1e-4, atol=1e-5)


# ------------------------------------------------------------------------------- the cascade


def test_the_pyramid_ends_when_nothing_is_left() -> None:
    scales = list(MTCNN.pyramid((60, 90), 20, 0.5))
    np.testing.assert_allclose(scales, [0.6, 0.3])  # 36 and 18 pixels; 9 are too few
    assert list(MTCNN.pyramid((19, 90), 20, 0.5)) == []


def test_places_of_the_map_are_boxes_of_the_picture() -> None:
    prob, offsets = np.zeros((3, 4)), np.arange(48.0).reshape(4, 3, 4)
    prob[2, 1], prob[0, 3] = 0.9, 0.6
    boxes, scores, moves = MTCNN.candidates(prob, offsets, 0.5, 0.6)
    np.testing.assert_array_equal(boxes, [[12, 0, 34, 22], [4, 8, 26, 30]])
    np.testing.assert_array_equal(scores, [0.6, 0.9])
    np.testing.assert_array_equal(moves, [offsets[:, 0, 3], offsets[:, 2, 1]])


def test_boxes_are_calibrated_and_made_square() -> None:
    boxes = np.array([[10.0, 20, 29, 59]])  # 20 × 40
    moved = MTCNN.calibrated(boxes, np.array([[0.1, -0.1, 0.2, 0.5]]))
    np.testing.assert_allclose(moved, [[12, 16, 33, 79]])
    np.testing.assert_allclose(MTCNN.square(boxes), [[0, 20, 39, 59]])
    np.testing.assert_allclose(MTCNN.square(boxes[:, [1, 0, 3, 2]]), [[20, 0, 59, 39]])
    rng = np.random.default_rng(0)
    corners = rng.uniform(-50, 50, (20, 2))
    many = MTCNN.square(np.concatenate([corners, corners + rng.uniform(1, 90, (20, 2))], axis=1))
    width, height = MTCNN.sides(many).T
    np.testing.assert_allclose(width, height)


def test_what_is_beyond_the_picture_is_black() -> None:
    image = np.random.default_rng(0).integers(1, 256, (3, 10, 12), np.uint8)
    np.testing.assert_array_equal(
        MTCNN.patch(image, np.array([2.0, 1, 5, 4]), 4), image[:, 1:5, 2:6]
    )
    corner = MTCNN.patch(image, np.array([-2.0, -3, 3, 2]), 6)
    np.testing.assert_array_equal(corner[:, 3:, 2:], image[:, :3, :4])
    assert not corner[:, :3].any()
    assert not corner[:, :, :2].any()
    other = MTCNN.patch(image, np.array([10.0, 8, 13, 11]), 4)
    np.testing.assert_array_equal(other[:, :2, :2], image[:, 8:, 10:])
    assert not MTCNN.patch(image, np.array([40.0, 40, 50, 50]), 5).any()


def test_a_box_within_another_is_a_double_of_the_smaller() -> None:
    boxes = np.array([[0.0, 0, 99, 99], [20, 20, 49, 49], [200, 0, 220, 20]])
    scores = np.array([0.8, 0.9, 0.7])
    keep = MTCNN.without_doubles
    np.testing.assert_array_equal(keep(boxes, scores, threshold=0.7), [1, 0, 2])
    np.testing.assert_array_equal(keep(boxes, scores, threshold=0.7, of_smaller=True), [1, 2])
    assert len(keep(boxes[:0], scores[:0], threshold=0.7, of_smaller=True)) == 0


def bright(images: np.ndarray) -> np.ndarray:
    """The mean of red, 0 to 1, of each image."""
    return (images[:, 0].mean(axis=(1, 2)) / 0.0078125 + 127.5) / 255


def test_the_cascade_finds_a_bright_square() -> None:
    """Nets that call bright pixels a face; the boxes come out where the square is."""
    image = np.zeros((3, 60, 80), np.uint8)
    image[2, 20:40, 30:50] = 255

    def pnet(images: np.ndarray) -> list[np.ndarray]:
        cells = np.lib.stride_tricks.sliding_window_view(images[0, 0], (12, 12))[::2, ::2]
        red = (cells.mean(axis=(2, 3)) / 0.0078125 + 127.5) / 255
        return [np.stack([1 - red, red])[None], np.zeros((1, 4, *red.shape))]

    def of_patches(images: np.ndarray) -> list[np.ndarray]:
        red = bright(images)
        marks = np.tile([0.2, 0.8, 0.5, 0.3, 0.7, 0.3, 0.3, 0.5, 0.8, 0.8], (len(images), 1))
        return [np.stack([1 - red, red], axis=1), np.zeros((len(images), 4)), marks]

    boxes, scores, points = MTCNN.Cascade(pnet, of_patches, of_patches).find(image)
    assert len(boxes) >= 1
    np.testing.assert_allclose(boxes[0], [30, 20, 49, 39], atol=2)
    assert scores[0] > 0.8
    width = boxes[0, 2] - boxes[0, 0] + 1
    np.testing.assert_allclose(points[0, 0], boxes[0, :2] + [0.2 * width, 0.3 * width])
    np.testing.assert_allclose(points[0, 4], boxes[0, :2] + [0.7 * width, 0.8 * width])
    nothing = MTCNN.Cascade(pnet, of_patches, of_patches).find(np.zeros_like(image))
    assert [part.shape for part in nothing] == [(0, 4), (0,), (0, 5, 2)]


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """The three files, of random weights."""
    for number, stage in enumerate(MODELS, 1):
        net = Net(str(ROOT / "models" / stage.folder / "train_val.prototxt").replace(
            "train_val", "deploy"), TEST, seed=number)  # fmt: skip
        rng = np.random.default_rng(number)
        for blobs in net.params.values():
            for blob in blobs:
                blob.data[...] = rng.normal(0, 0.1, blob.shape)
        net.save(str(tmp_path / f"det{number}.caffemodel"))
    return tmp_path


def test_random_weights_run_through_all_of_it(weights: Path) -> None:
    image = np.random.default_rng(1).integers(0, 256, (3, 50, 64), np.uint8)
    cascade = MTCNN.load(weights, exchanged=False)
    patient = MTCNN.Cascade(cascade.pnet, cascade.rnet, cascade.onet, thresholds=(0.3, 0.2, 0.2))
    boxes, scores, points = patient.find(image)
    assert len(boxes) == len(scores) == len(points)
    assert len(boxes)
    assert points.shape[1:] == (5, 2)
    assert (np.diff(scores) <= 0).all()
    assert np.isfinite(boxes).all()
    # exchanged nets say of the exchanged picture what these say of the picture
    turned = MTCNN.load(weights, exchanged=True)
    batch = MTCNN.prepared(image)[None]
    for found, want in zip(turned.pnet(batch.swapaxes(2, 3)), cascade.pnet(batch), strict=True):
        np.testing.assert_allclose(found.swapaxes(2, 3), want, atol=1e-5)


def test_the_program(
    weights: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pillow = pytest.importorskip("PIL.Image", reason="image files need Pillow")
    pixels = np.random.default_rng(1).integers(0, 256, (40, 50, 3), np.uint8)
    photo, drawn = weights / "photo.png", weights / "faces.png"
    pillow.fromarray(pixels).save(photo)
    words = ["mtcnn.py", str(photo), "--weights", str(weights), "-o", str(drawn)]
    monkeypatch.setattr(sys, "argv", words)
    assert MTCNN.main() == 0
    for line in capsys.readouterr().out.splitlines():
        assert re.match(r"\d\.\d{3}  box \[.*\]  points \[", line)
    assert np.asarray(pillow.open(drawn)).shape == (40, 50, 3)
    monkeypatch.setattr(sys, "argv", [*words[:2], "--weights", str(weights / "no")])
    assert MTCNN.main() == MinicaffeError.exit_code
    assert "det1.caffemodel" in capsys.readouterr().err
