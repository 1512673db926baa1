"""VideoData of C3D and video-caffe, and what its three readings are told apart by."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from minicaffe.errors import DataError, GraphError, MinicaffeError, MissingExtraError
from minicaffe.io import array_to_blobproto
from minicaffe.layer import layer_class
from minicaffe.net.net import Net
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import Origin
from minicaffe.proto.io import read_net
from minicaffe.proto.text_format import parse
from tests.data.helpers import labels_of, layer_net, random_images

Image = pytest.importorskip("PIL.Image", reason="frames are image files")

#: Frames 0 to 9 of two videos: height, width, red-green-blue.
FRAMES = {"a": random_images(10, 5, 6, 3, seed=1), "b": random_images(10, 5, 6, 3, seed=2)}
TRAIN = caffe_pb2.TRAIN


def planes(name: str, number: int) -> np.ndarray:
    """A frame as it is read: blue, green, red."""
    return FRAMES[name][number].transpose(2, 0, 1)[::-1]


def clip(name: str, *numbers: int) -> np.ndarray:
    return np.stack([planes(name, number) for number in numbers], axis=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two folders of frames, and a list of pieces."""
    for name, frames in FRAMES.items():
        (tmp_path / name).mkdir()
        for number, frame in enumerate(frames):
            # a frame without loss, whatever its name says
            Image.fromarray(frame).save(tmp_path / name / f"{number:06d}.jpg", "PNG")
    (tmp_path / "list.txt").write_text("a 1 3\nb 4 7\n\na 6 5\n")
    return tmp_path


def video_net(folder: Path, text: str = "", rest: str = "", **options: Any) -> Net:
    names = f"source: '{folder}/list.txt' root_folder: '{folder}/'"
    return layer_net("VideoData", f"video_data_param {{ {names} {text} }} {rest}", **options)


C3D = "use_image: true new_length: 3"


def test_pieces_come_in_the_lists_order(folder: Path) -> None:
    with video_net(folder, f"{C3D} batch_size: 2") as net:
        assert net.blobs["data"].shape == (2, 3, 3, 5, 6)
        net.forward()
        want = [clip("a", 1, 2, 3), clip("b", 4, 5, 6)]
        np.testing.assert_array_equal(net.blobs["data"].data, want)
        assert net.blobs["label"].data.tolist() == [3, 7]
        net.forward()
        np.testing.assert_array_equal(net.blobs["data"].data[0], clip("a", 6, 7, 8))
        assert net.blobs["label"].data.tolist() == [5, 3]


def test_frames_of_a_piece_get_the_same_shift(folder: Path) -> None:
    shift = "transform_param { max_color_shift: 60 apply_probability: 1 }"
    with video_net(folder, f"{C3D} batch_size: 2", shift, phase=TRAIN) as net:
        net.forward()
        plain = np.stack([clip("a", 1, 2, 3), clip("b", 4, 5, 6)]).astype(np.float32)
        changes = net.blobs["data"].data - plain
        most = np.abs(changes).max(axis=(2, 3, 4), keepdims=True)  # of a channel
        shift_of = np.where(changes.sum(axis=(2, 3, 4), keepdims=True) < 0, -most, most)
        assert len(np.unique(shift_of)) > 2
        np.testing.assert_array_equal(net.blobs["data"].data, np.clip(plain + shift_of, 0, 255))
        state = net.layers[0].state()
        second = net.forward()["data"].copy()
        net.layers[0].restore(state)
        np.testing.assert_array_equal(net.forward()["data"], second)


def test_video_caffes_names_grey_and_resized(folder: Path) -> None:
    for name in FRAMES:
        for number in range(10):
            (folder / name / f"{number:06d}.jpg").rename(folder / name / f"image_{number:04d}.jpg")
    text = "new_length: 2 batch_size: 1 is_color: false new_height: 5 new_width: 6"
    with video_net(folder, text) as net:
        assert net.blobs["data"].shape == (1, 1, 2, 5, 6)
        net.forward()
        weights = np.array([0.299, 0.587, 0.114])
        want = (FRAMES["a"][1:3] * weights).sum(axis=-1)
        np.testing.assert_allclose(net.blobs["data"].data[0, 0], want, atol=1)
        assert net.blobs["label"].data.tolist() == [3]


def test_every_second_frame(folder: Path) -> None:
    (folder / "list.txt").write_text("a 1 3\n")
    with video_net(folder, f"{C3D} sampling_rate: 2") as net:
        net.forward()
        np.testing.assert_array_equal(net.blobs["data"].data[0], clip("a", 1, 3, 5))


def test_all_frames_are_cut_and_mirrored_alike(folder: Path) -> None:
    rest = "transform_param { crop_size: 3 mirror: true scale: 0.5 mean_value: [1, 2, 3] }"
    found = set()
    with video_net(folder, C3D, rest, phase=TRAIN) as net:
        whole = (clip("a", 1, 2, 3) - np.array([1, 2, 3]).reshape(3, 1, 1, 1)) * 0.5
        for _ in range(60):
            net.forward()
            if net.blobs["label"].data[0] != 3:
                continue
            cuts = [
                (row, column, step)
                for row in range(3)
                for column in range(4)
                for step in (1, -1)
                if np.array_equal(
                    net.blobs["data"].data[0],
                    whole[:, :, row : row + 3, column : column + 3][..., ::step],
                )
            ]
            assert len(cuts) == 1
            found.add(cuts[0])
    assert len(found) > 5
    assert {step for *_, step in found} == {1, -1}


@pytest.mark.parametrize("shape", [(1, 3, 3, 5, 6), (1, 3, 5, 6)])
def test_a_mean_file_of_pieces_or_of_frames(shape: tuple[int, ...], folder: Path) -> None:
    mean = np.random.default_rng(0).uniform(0, 9, shape).astype(np.float32)
    (folder / "mean").write_bytes(array_to_blobproto(mean).SerializeToString())
    rest = f"transform_param {{ crop_size: 3 mean_file: '{folder}/mean' }}"
    with video_net(folder, C3D, rest) as net:
        net.forward()
        whole = clip("a", 1, 2, 3) - (mean[0] if mean.ndim == 5 else mean[0][:, None])
        want = whole[:, :, 1:4, 1:4]
        np.testing.assert_allclose(net.blobs["data"].data[0], want, rtol=1e-6)


def test_a_first_frame_that_is_drawn(folder: Path) -> None:
    """The number in a line is that of the frames then, which count from 1."""
    (folder / "list.txt").write_text("a 6 3\n")
    text = f"{C3D} use_temporal_jitter: true sampling_rate: 2"
    starts = []
    with video_net(folder, text.replace("3", "2"), phase=TRAIN) as net:
        for _ in range(40):
            net.forward()
            shown = net.blobs["data"].data[0]
            starts += [
                first for first in range(8)
                if np.array_equal(shown, clip("a", first, first + 2))
            ]  # fmt: skip
    assert len(starts) == 40
    assert set(starts) == {1, 2, 3}
    with video_net(folder, text) as net:  # in TEST it is frame 0, as in the fork
        net.forward()
        np.testing.assert_array_equal(net.blobs["data"].data[0], clip("a", 0, 2, 4))


def test_a_rate_that_is_drawn(folder: Path) -> None:
    (folder / "list.txt").write_text("a 1 3\n")
    text = f"{C3D} use_sampling_rate_jitter: true max_sampling_rate: 4"
    rates = []
    with video_net(folder, text) as net:
        for _ in range(40):
            net.forward()
            shown = net.blobs["data"].data[0]
            rates += [
                rate for rate in range(1, 5)
                if np.array_equal(shown, clip("a", 1, 1 + rate, 1 + 2 * rate))
            ]  # fmt: skip
    assert len(rates) == 40
    assert set(rates) == {1, 2, 3, 4}


def test_several_labels(folder: Path) -> None:
    (folder / "list.txt").write_text("a 1 3,0\nb 1 2\n")
    text = f"{C3D} batch_size: 2 use_multiple_label: true num_of_labels: 4"
    with video_net(folder, text) as net:
        assert net.blobs["label"].shape == (2, 4)
        net.forward()
        assert net.blobs["label"].data.tolist() == [[1, 0, 0, 1], [0, 0, 1, 0]]
    (folder / "list.txt").write_text("a 1 4\n")
    with (
        pytest.raises(DataError, match="video 'a' has label 4, expected 0 to 3"),
        video_net(folder, text) as net,
    ):
        net.forward()


def test_pieces_that_cannot_be_read(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """C3D leaves them out of a training; a test must not miss any, nor must video-caffe."""
    (folder / "list.txt").write_text("a 1 3\na 8 4\nb 2 5\n")
    with video_net(folder, C3D, phase=TRAIN) as net:
        assert labels_of(net, 3) == [3, 5, 3]
        assert "a piece of a video is left out: cannot read image" in caplog.text
    message = r"cannot read image '.*a/000010\.jpg': .*, listed in '.*list\.txt'"
    for text, phase in ((C3D, caffe_pb2.TEST), ("new_length: 3", TRAIN)):
        with (
            video_net(folder, text, phase=phase) as net,
            pytest.raises(DataError, match=message),
        ):
            labels_of(net, 2)
    (folder / "list.txt").write_text("a 8 4\nno 1 5\n")
    with pytest.raises(DataError, match=r"cannot read image '.*no/000001\.jpg'"):
        video_net(folder, C3D, phase=TRAIN)


def test_the_same_pieces_come_after_a_restart(folder: Path) -> None:
    (folder / "list.txt").write_text("".join(f"{name} 9 {n}\n" for n, name in enumerate("abab")))
    text = f"{C3D} shuffle: true use_temporal_jitter: true rand_skip: 2"
    rest = "transform_param { crop_size: 3 mirror: true }"
    with video_net(folder, text, rest, phase=TRAIN) as net:
        labels_of(net, 3)
        state = net.layers[0].state()
        want = [(labels_of(net, 1), net.blobs["data"].data.copy()) for _ in range(9)]
    with video_net(folder, text, rest, phase=TRAIN, seed=77) as net:
        net.layers[0].restore(state)
        for label, piece in want:
            assert labels_of(net, 1) == label
            np.testing.assert_array_equal(net.blobs["data"].data, piece)


# ------------------------------------------------------------------------- video files


class FakeVideos:
    """Stands for PyAV: the videos of :data:`FRAMES`, by the names of files."""

    FFmpegError = OSError

    def __init__(self, stated: int) -> None:
        self.stated = stated

    def open(self, path: str) -> Any:
        frames = FRAMES[Path(path).stem]

        def decode(video: int) -> Iterator[Any]:
            for frame in frames:
                yield SimpleNamespace(to_ndarray=lambda format, frame=frame: frame[..., ::-1])

        stream = SimpleNamespace(frames=self.stated)
        return SimpleNamespace(
            decode=decode, close=lambda: None, streams=SimpleNamespace(video=[stream])
        )


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(sys.modules, "av", FakeVideos(10))  # type: ignore[arg-type]
    for name in FRAMES:
        (tmp_path / f"{name}.avi").touch()
    (tmp_path / "list.txt").write_text("a.avi 3 1\nb.avi 1 2\n")
    return tmp_path


def test_frames_of_files_count_from_0_in_c3d(files: Path) -> None:
    with video_net(files, "use_image: false new_length: 3 batch_size: 2") as net:
        net.forward()
        want = [clip("a", 3, 4, 5), clip("b", 1, 2, 3)]
        np.testing.assert_array_equal(net.blobs["data"].data, want)


def test_frames_of_files_count_from_2_in_video_caffe(files: Path) -> None:
    with video_net(files, "new_length: 2 batch_size: 2") as net:
        net.forward()
        want = [clip("a", 1, 2), clip("b", 0, 1)]
        np.testing.assert_array_equal(net.blobs["data"].data, want)


@pytest.mark.parametrize("stated", [10, 0])
def test_the_first_frame_of_a_file_that_is_drawn(
    stated: int, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", FakeVideos(stated))  # type: ignore[arg-type]
    (files / "list.txt").write_text("a.avi 7\n")
    text = "use_image: false new_length: 4 sampling_rate: 2 use_temporal_jitter: true"
    starts = []
    with video_net(files, text) as net:
        for _ in range(30):
            net.forward()
            assert net.blobs["label"].data.tolist() == [7]
            starts += [
                first for first in range(7)
                if np.array_equal(net.blobs["data"].data[0, :, 0], planes("a", first))
            ]  # fmt: skip
    assert set(starts) == {0, 1, 2}


def test_a_file_with_too_few_frames(files: Path) -> None:
    (files / "list.txt").write_text("a.avi 8 1\n")
    message = r"'.*a\.avi': it has no 3 frames from number 8 on, each 1 after the last.*; only 2"
    with pytest.raises(DataError, match=message):
        video_net(files, "use_image: false new_length: 3")
    (files / "list.txt").write_text("c.avi 8 1\n")
    with pytest.raises(DataError, match=r"c\.avi': there is no such file, listed in"):
        video_net(files, "use_image: false new_length: 3")


def test_what_reads_videos_may_be_missing(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'minicaffe\[video\]'"):
        video_net(files, "new_length: 3")


SSD = "data_param {{ batch_size: {} }} video_data_param {{ video_type: VIDEO video_file: '{}' {} }}"


def test_the_frames_of_one_file(files: Path) -> None:
    """SSD's layer: until the end of the video, and from a place in it."""
    rest = "transform_param { mean_value: 3 resize_param { height: 5 width: 6 } }"
    text = SSD.format(2, files / "a.avi", "") + rest
    with layer_net("VideoData", text, tops=("data",)) as net:
        assert net.blobs["data"].shape == (2, 3, 5, 6)
        for first in (0, 2):
            net.forward()
            want = np.stack([planes("a", first), planes("a", first + 1)]) - 3.0
            np.testing.assert_array_equal(net.blobs["data"].data, want)
        state = net.layers[0].state()
        for _ in range(3):
            net.forward()
        with pytest.raises(DataError, match="the video has ended"):
            net.forward()
    with layer_net("VideoData", text, tops=("data",)) as net:
        net.layers[0].restore(state)
        net.forward()
        np.testing.assert_array_equal(net.blobs["data"].data[0], planes("a", 4) - 3.0)


def test_frames_that_are_left_out(files: Path) -> None:
    text = SSD.format(1, files / "a.avi", "skip_frames: 3")
    with layer_net("VideoData", text) as net:
        for shown in (3, 7):
            net.forward()
            np.testing.assert_array_equal(net.blobs["data"].data[0], planes("a", shown))
            assert net.blobs["label"].data.tolist() == [0]
        with pytest.raises(DataError, match="the video has ended"):
            net.forward()


# ------------------------------------------------------------------------- what is told


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("new_height: 5", "new_height is 5 and new_width 0; set both"),
        ("batch_size: 0", "batch_size is 0"),
        ("new_length: 0", "new_length is 0, expected at least 1"),
        ("sampling_rate: 0", "sampling_rate is 0"),
        ("use_multiple_label: true", "num_of_labels is not given"),
        ("crop_size: 3", "crop_size is not looked at here; write it into transform_param"),
        ("new_length: 2000000000", "2000000000 frames"),
    ],
)
def test_settings_that_cannot_be(text: str, message: str, folder: Path) -> None:
    with pytest.raises(MinicaffeError, match=message):
        video_net(folder, text, max_memory=2**30)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("", "is empty"),
        ("a 1\n", r"line 1: 2 word\(s\), expected a name, its first frame"),
        ("a 1 2\nsome text here\n", "line 2: 3 word"),
        ("a 1 99999999999\n", "line 1"),
    ],
)
def test_lists_that_are_something_else(lines: str, message: str, folder: Path) -> None:
    (folder / "list.txt").write_text(lines)
    with pytest.raises(DataError, match=message) as caught:
        video_net(folder, C3D)
    assert "some text" not in str(caught.value)  # the file may be anything


def test_a_camera_is_refused() -> None:
    with pytest.raises(GraphError, match="video_type is WEBCAM: cameras are not read"):
        layer_net("VideoData", "video_data_param { device_id: 0 } data_param { batch_size: 1 }")


@pytest.mark.parametrize(
    ("text", "types", "dialect", "because"),
    [
        ("source: 'x' new_length: 3 use_image: true", (), "video-caffe", "`use_image` is given"),
        ("source: 'x' num_segments: 3", (), "pspnet", "`num_segments` is given"),
        ("source: 'x' modality: RGB", (), "pspnet", "`modality` is given"),
        ("video_type: VIDEO", (), "ssd", "`video_type` is given"),
        ("", (), "ssd", "it has no `source`"),
        ("source: 'x'", ("NdConvolution",), "video-caffe", "the net has NdConvolution"),
    ],
)
def test_the_layers_of_this_name_are_told_apart(
    text: str, types: tuple[str, ...], dialect: str, because: str
) -> None:
    param = caffe_pb2.LayerParameter(type="VideoData")
    parse(f"video_data_param {{ {text} }}", param)
    reading = layer_class("VideoData").reading_of(param, Origin(types=frozenset(types)))
    assert (reading.dialect, reading.because, reading.sure) == (dialect, because, True)


def test_without_evidence_it_is_an_assumption() -> None:
    param = caffe_pb2.LayerParameter(type="VideoData")
    param.video_data_param.source = "x"
    cls = layer_class("VideoData")
    reading = cls.reading_of(param, Origin())
    assert (reading.dialect, reading.sure) == ("video-caffe", False)
    assert cls.reading_of(param, Origin("pspnet")).dialect == "pspnet"


def test_the_first_c3ds_layer_is_read(folder: Path) -> None:
    """V1's VIDEO_DATA, with its settings among those of images."""
    (folder / "net.prototxt").write_text(
        f"""layers {{ name: "data" type: VIDEO_DATA top: "data" top: "label"
          image_data_param {{ source: "{folder}/list.txt" batch_size: 2 new_length: 3
            use_image: true crop_size: 3 mirror: false mean_value: 5 show_data: 0 scale: 2
            root_folder: "{folder}/" }} }}"""
    )
    (layer,) = read_net(folder / "net.prototxt").layer
    assert layer.type == "VideoData"
    assert not layer.HasField("image_data_param")
    with Net(str(folder / "net.prototxt"), caffe_pb2.TEST) as net:
        assert net.blobs["data"].shape == (2, 3, 3, 3, 3)
        net.forward()
        want = (clip("a", 1, 2, 3)[:, :, 1:4, 1:4] - 5.0) * 2
        np.testing.assert_array_equal(net.blobs["data"].data[0], want)


@pytest.mark.parametrize("rest", ["", "transform_param { mirror: true }"])
def test_pieces_are_named_as_in_the_list(folder: Path, rest: str) -> None:
    settings = f"{C3D} batch_size: 4 shuffle: true use_temporal_jitter: true"
    (folder / "list.txt").write_text("a 9 3\nb 8 7\na 7 5\n")
    names = {3: "'a' (9)", 7: "'b' (8)", 5: "'a' (7)"}
    with video_net(folder, settings, rest) as net:
        for _ in range(3):
            net.forward()
            layer: Any = net.nodes[0].layer
            labels = net.blobs["label"].data.astype(int)
            assert layer.batch_names() == [names[label] for label in labels]


def test_frames_of_a_video_are_named_by_their_numbers(files: Path) -> None:
    text = SSD.format(2, files / "a.avi", "skip_frames: 1")
    with layer_net("VideoData", text) as net:
        for first in (1, 5):
            net.forward()
            layer: Any = net.nodes[0].layer
            assert layer.batch_names() == [f"frame {first}", f"frame {first + 2}"]
