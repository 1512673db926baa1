"""The networks that find objects: their files, what they learn, and the boxes that they give."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from unittest import mock

import numpy as np
import pytest

from minicaffe import TEST, TRAIN, Net, SGDSolver, get_solver
from minicaffe.convert.fold_bn import fold_net
from minicaffe.data.backends import write_datums
from minicaffe.net.summary import summarize_net
from minicaffe.proto import caffe_pb2
from minicaffe.proto.io import read_net, read_solver
from minicaffe.proto.printing import to_text
from models.generate import faster_rcnn, rfcn, yolov3
from models.generate.ssd import MODELS, files
from tests.zoo import DETECTORS, ROOT, unfilled

#: The texts of the generated files.
TEXTS = {
    **{model.folder: files(model) for model in MODELS},
    **{model.folder: yolov3.files(model) for model in yolov3.MODELS},
}
NAMES = sorted(TEXTS)

#: Prior boxes, as the paper and those who published the weights count them.
PRIORS = {"ssd300_vgg": 8732, "mobilenet_ssd": 1917, "ssd_shapes": 756}


def shapes_tool() -> ModuleType:
    """tools/make_shapes.py."""
    file = ROOT / "tools" / "make_shapes.py"
    spec = importlib.util.spec_from_file_location("make_shapes", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_all_of_them_are_there() -> None:
    regions = [model.folder for model in [*faster_rcnn.MODELS, *rfcn.MODELS]]
    found = [folder.name for folder in DETECTORS]
    assert [name for name in found if not name.startswith("mtcnn")] == sorted([*NAMES, *regions])


@pytest.mark.parametrize("name", NAMES)
def test_scripts_write_the_files_that_are_there(name: str) -> None:
    for file, text in TEXTS[name].items():
        assert (ROOT / "models" / name / file).read_text(encoding="utf-8") == text


@pytest.mark.parametrize("name", sorted(PRIORS))
def test_as_many_prior_boxes_as_published(name: str) -> None:
    net = unfilled(ROOT / "models" / name / "deploy.prototxt")
    assert net.blobs["mbox_priorbox"].shape == (1, 2, 4 * PRIORS[name])


@pytest.mark.parametrize("name", NAMES)
def test_what_is_trained_can_be_summed_up_without_its_data(name: str) -> None:
    param = read_net(str(ROOT / "models" / name / "train_val.prototxt"))
    param.state.phase = TRAIN
    with mock.patch("minicaffe.layer.fill"):
        assert summarize_net(param).learned > 100_000


@pytest.mark.parametrize("name", NAMES)
def test_the_solver_trains_the_network_beside_it(name: str) -> None:
    param = read_solver(str(ROOT / "models" / name / "solver.prototxt"))
    assert param.net == f"models/{name}/train_val.prototxt"
    assert Path(param.snapshot_prefix).parent == Path("models", name)
    assert param.max_iter % param.test_interval == 0


def tiny(name: str, folder: Path) -> caffe_pb2.NetParameter:
    """The network on three pictures of shapes, one at a time."""
    if not (folder / "db").exists():
        write_datums(folder / "db", shapes_tool().pictures(3, 5))
    param = read_net(str(ROOT / "models" / name / "train_val.prototxt"))
    for layer in param.layer:
        if layer.type == "AnnotatedData":
            layer.data_param.source, layer.data_param.batch_size = str(folder / "db"), 1
    return param


def solver_of(net: caffe_pb2.NetParameter, folder: Path) -> SGDSolver:
    """A solver that trains the net, and tests it on one batch."""
    solver = caffe_pb2.SolverParameter(
        base_lr=1e-4, lr_policy="fixed", random_seed=1, test_iter=[1], test_interval=100,
        max_iter=100, snapshot_after_train=False, net=str(folder / "net.prototxt"),
    )  # fmt: skip
    (folder / "net.prototxt").write_text(to_text(net))
    (folder / "solver.prototxt").write_text(to_text(solver))
    return get_solver(str(folder / "solver.prototxt"))


def small_yolo(folder: Path) -> caffe_pb2.NetParameter:
    """YOLO on pictures of shapes of one of two small sizes."""
    param = tiny("yolov3_lite", folder)
    for layer in param.layer:
        if layer.type == "AnnotatedData":
            sizes = layer.transform_param.resize_param
            del sizes[2:]
            for resize, side in zip(sizes, (96, 128), strict=False):
                resize.height = resize.width = side
                resize.prob = 1 / len(sizes)
    return param


def test_yolo_learns_and_is_tested_on_tiny_data(tmp_path: Path) -> None:
    made = solver_of(small_yolo(tmp_path), tmp_path)
    names = ("conv0", "conv17", "conv19", "conv20")
    before = {name: made.net.params[name][0].data.copy() for name in names}
    fixed = made.net.params["upsample"][0].data.copy()
    for _ in range(2):
        made.step(1)
        for number, places in ((1, 32), (2, 16)):
            assert 0 < float(made.net.blobs[f"det_loss{number}"].data) < 1000
            height = made.net.blobs["data"].shape[2]
            assert height in (96, 128)
            assert made.net.blobs[f"conv{18 + number}"].shape[2] == height // places
    assert all((made.net.params[name][0].data != old).any() for name, old in before.items())
    np.testing.assert_array_equal(made.net.params["upsample"][0].data, fixed)
    score = made.test()["detection_eval"]
    assert isinstance(score, float)
    assert 0 <= score <= 1


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if "vgg" in n else n for n in sorted(PRIORS)]
)
def test_learns_and_is_tested_on_tiny_data(name: str, tmp_path: Path) -> None:
    iterations = 1 if "vgg" in name else 3
    made = solver_of(tiny(name, tmp_path), tmp_path)
    before = {n: blobs[0].data.copy() for n, blobs in made.net.params.items() if "mbox" in n}
    losses = []
    for _ in range(iterations):
        made.step(1)
        losses.append(float(made.net.blobs["mbox_loss"].data))
    assert 0 < max(losses) < 100  # a part of a picture may have no object, which costs nothing
    moved = {n for n, old in before.items() if (made.net.params[n][0].data != old).any()}
    for what in ("loc", "conf"):  # not all feature maps have a box for three pictures' objects
        assert any(n.endswith(what) for n in moved)
    score = made.test()["detection_eval"]
    assert isinstance(score, float)
    assert 0 <= score <= 1


@pytest.mark.parametrize(
    ("name", "top"),
    [("mobilenet_ssd", "mbox_loc"), ("ssd_shapes", "mbox_loc"), ("yolov3_lite", "conv20")],
)
def test_folded_weights_fit_the_deploy_net(name: str, top: str, tmp_path: Path) -> None:
    """The deploy net gives the offsets of the trained net that BatchNorm is in."""
    param = tiny(name, tmp_path)
    trained = Net(param, TEST, seed=1)
    rng = np.random.default_rng(0)
    for key, blobs in trained.params.items():
        if key.endswith("/bn"):
            blobs[0].data[...] = rng.normal(0, 0.1, blobs[0].shape)
            blobs[1].data[...] = rng.uniform(0.5, 1, blobs[1].shape)
            blobs[2].data[...] = 1
    trained.forward()
    used = Net(str(ROOT / "models" / name / "deploy.prototxt"), TEST, seed=2)
    folded = fold_net(param, trained)
    assert not folded.kept
    for key, blobs in used.params.items():
        for blob, values in zip(blobs, folded.blobs[key], strict=True):
            blob.data[...] = values
    used.blobs["data"].data[...] = trained.blobs["data"].data
    used.forward()
    want = trained.blobs[top].data
    np.testing.assert_allclose(used.blobs[top].data, want, atol=1e-4 * np.abs(want).max())
