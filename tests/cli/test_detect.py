"""``minicaffe detect`` with pictures; windows are in ``test_classify.py``."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from minicaffe import TEST, Net, cli
from minicaffe.data.images import encode_image
from tests.detection.nets import picture, write_squares
from tests.told import one_line_each

image_module = pytest.importorskip("PIL.Image", reason="image files need Pillow")

Capture = pytest.CaptureFixture[str]
NET = ("--model=deploy.prototxt", "--weights=w.caffemodel", "--scale=0.00392157")
BLUE = {"label": 1, "xmin": 20, "ymin": 40, "xmax": 40, "ymax": 60}
RED = {"label": 3, "xmin": 100, "ymin": 0, "xmax": 120, "ymax": 20}


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_squares(tmp_path)
    Path("names.txt").write_text("blue\ngreen\nred\n")
    Path("photos").mkdir()
    pictures = {
        "b.png": picture((0, 20, 40, 40, 60), size=(60, 120)),
        "a.png": picture((2, 100, 0, 120, 20), (0, 20, 40, 40, 60), size=(60, 120)),
        "c.ppm": picture(size=(30, 60)),
    }
    for name, image in pictures.items():
        image_module.fromarray(image[:, :, ::-1]).save(Path("photos", name))


def boxes_of(record: dict) -> list[dict]:
    return sorted(record["boxes"], key=lambda box: box["label"])


def same(box: dict, want: dict) -> bool:
    return all(abs(box[key] - value) < 0.02 for key, value in want.items())


def test_boxes_are_drawn_and_told(capsys: Capture) -> None:
    words = ["photos/a.png", *NET, "--labels=names.txt", "-o", "boxes.png"]
    assert cli.main(["detect", *words]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "photos/a.png: 2 boxes of score 0.5 or more"
    assert any(re.match(r"  blue  1.000  xmin 20  ymin 40  xmax 40  ymax 60", s) for s in lines)
    drawn = np.asarray(image_module.open("boxes.png"))
    before = np.asarray(image_module.open("photos/a.png"))
    assert drawn.shape == before.shape
    assert (drawn[40, 20:40] != before[40, 20:40]).any(axis=-1).all()


def test_json_is_printed_and_written(capsys: Capture) -> None:
    words = ["photos/a.png", *NET, "--labels=names.txt", "--json", "-o", "boxes.json"]
    assert cli.main(["detect", *words]) == 0
    text = capsys.readouterr().out
    record = json.loads(text)
    assert json.loads(Path("boxes.json").read_text()) == record
    assert (record["image"], record["width"], record["height"]) == ("photos/a.png", 120, 60)
    blue, red = boxes_of(record)
    assert same(blue, BLUE)
    assert same(red, RED)
    assert (blue["name"], red["name"]) == ("blue", "red")
    assert blue["score"] == pytest.approx(1, abs=1e-4)


def test_a_folder_in_the_order_of_its_names(capsys: Capture) -> None:
    assert cli.main(["detect", "photos", *NET, "--json", "-o", "drawn", "-o", "all.json"]) == 0
    records = json.loads(capsys.readouterr().out)
    names = [str(Path("photos", name)) for name in ("a.png", "b.png", "c.ppm")]
    assert [record["image"] for record in records] == names
    assert [len(record["boxes"]) for record in records] == [2, 1, 0]
    assert records[1]["boxes"][0]["name"] is None
    assert json.loads(Path("all.json").read_text()) == records
    assert sorted(path.name for path in Path("drawn").iterdir()) == ["a.png", "b.png", "c.ppm.png"]


def test_broken_pictures_of_a_folder_do_not_cost_the_results_of_the_others(
    capsys: Capture,
) -> None:
    for name in ("0.png", "bb.png"):
        Path("photos", name).write_bytes(b"no picture")
    assert cli.main(["detect", "photos", *NET, "--json", "-o", "all.json"]) == 1
    out, log = capsys.readouterr()
    records = json.loads(out)
    assert [Path(record["image"]).name for record in records] == ["a.png", "b.png", "c.ppm"]
    assert json.loads(Path("all.json").read_text()) == records
    for name in ("0.png", "bb.png"):
        assert f"image '{Path('photos', name)}': 10 bytes that cannot" in log


def test_a_photograph_is_turned_as_it_says(capsys: Capture) -> None:
    """EXIF orientation 6: the camera's left is the picture's top, as OpenCV shows it."""
    stored = picture((0, 20, 40, 40, 60), size=(60, 120))[:, ::-1].transpose(1, 0, 2)[:, ::-1]
    exif = image_module.Exif()
    exif[0x0112] = 3
    upside_down = picture((0, 20, 40, 40, 60), size=(60, 120))[::-1, ::-1, ::-1]
    image_module.fromarray(np.ascontiguousarray(upside_down)).save("turned.png", exif=exif)
    assert stored.shape == (120, 60, 3)
    assert cli.main(["detect", "turned.png", *NET, "--json"]) == 0
    (box,) = boxes_of(json.loads(capsys.readouterr().out))
    assert same(box, BLUE)


def test_a_network_of_the_zoo_by_name(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("minicaffe.zoo.networks_folder", lambda: Path("zoo"))
    Path("zoo/squares").mkdir(parents=True)
    Path("deploy.prototxt").rename("zoo/squares/deploy.prototxt")
    Path("zoo/squares/readme.md").write_text(
        "---\nname: Squares\nlicense: MIT\nsource: here\ndataset: none\ninput: [3, 30, 60]\n"
        "parameters: 1\nmultiply_adds: 1\naccuracy: null\n---\n"
    )
    words = ["photos/a.png", "--model=squares", "--weights=w.caffemodel", "--scale=0.00392157"]
    assert cli.main(["detect", *words, "--json"]) == 0
    assert len(boxes_of(json.loads(capsys.readouterr().out))) == 2
    assert cli.main(["detect", "photos/a.png", "--model=squarse", "--weights=w.caffemodel"]) == 1
    assert "did you mean `squares`" in one_line_each(capsys.readouterr().err)


def test_the_mean_of_a_file(capsys: Capture) -> None:
    """Blue less 255: nothing is blue, and what was black is darker still."""
    np.save("mean.npy", np.stack([np.full((2, 2), value, np.float32) for value in (255, 0, 0)]))
    for mean in ("mean.npy", "255,0,0"):
        assert cli.main(["detect", "photos/a.png", *NET, f"--mean={mean}", "--json"]) == 0
        (box,) = boxes_of(json.loads(capsys.readouterr().out))
        assert same(box, RED)


def test_what_is_not_known_of_the_preparation_is_said(capsys: Capture) -> None:
    assert cli.main(["detect", "photos/a.png", *NET[:2], "--rgb", "--size=30,60"]) == 0
    assert "do not say how pictures are prepared" in one_line_each(capsys.readouterr().err)


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (["no.png", *NET], 1, "error: no.png: there is no such picture, folder or video\n"),
        (["names.png", *NET], 1, "'names.png': 14 bytes that cannot be decoded as an image"),
        (["empty", *NET], 1, "error: empty: there are no pictures in this folder"),
        (["photos/a.png", *NET, "--labels=few.txt"], 1, "few.txt: 1 names found; expected"),
        (["photos/a.png", *NET[:1], "--weights=other.caffemodel"], 1, "other.caffemodel: "),
        (["photos/a.png", *NET[:1], "--weights=no_bias.caffemodel"], 1, "`minicaffe fold_bn`"),
        (["photos/a.png", *NET, "--size=6000", "--max_memory=100M"], 1, "memory"),
        (["photos/a.png", *NET[:1], "--weights=names.txt"], 1, "names.txt: "),
        (["photos/a.png", *NET, "--weights=no.caffemodel"], 1, "no such file; --weights names it"),
        (["photos/a.png", "--model=no.prototxt", *NET[1:]], 1, "no such file; --model names it"),
        (["photos/a.png", "--model=classes.prototxt", *NET[1:]], 1, "this net finds no boxes"),
        (["photos/a.png", *NET, "--mean=no.npy"], 1, "no.npy: there is no such file"),
        (["photos/a.png", *NET, "-o", "no/boxes.png"], 1, "there is no folder 'no' to write into"),
        (["photos/a.png", *NET, "-o", "photos/a.png"], 1, "this would overwrite the picture"),
        (["photos", *NET, "-o", "photos"], 1, "this would overwrite the picture"),
        (["photos", *NET, "-o", "names.txt"], 1, "names.txt: the folder cannot be made"),
        (["photos/a.png"], 2, "--model is missing"),
        (["photos/a.png", NET[0]], 2, "--weights is missing"),
        (["photos/a.png", "boxes.png", *NET], 2, "did you mean -o?"),
        (
            ["photos/a.png", *NET, "-o", "boxes.txt"],
            2,
            "-o boxes.txt is of no known kind; expected a folder, or",
        ),
        (["photos", *NET, "-o", "boxes.png"], 2, "name a folder"),
        (["photos/a.png", *NET, "-o", "a.png", "-o", "b.png"], 2, "two of a kind, a.png and b.png"),
        (
            ["photos/a.png", *NET, "--threshold=2"],
            2,
            "--threshold is '2'; expected a number from 0 to 1",
        ),
        (["photos/a.png", *NET, "--size=9,x"], 2, "--size is '9,x'; expected one or two lengths"),
        (["photos/a.png", *NET, "--mean=blue"], 2, "expected numbers such as 104,117,123"),
        (["photos/a.png", *NET, "--mean=1,2"], 1, "2 mean_value(s) for images of 3 channel(s)"),
        (
            ["photos/a.png", *NET, "--rgb", "--bgr"],
            2,
            "--bgr and --rgb exclude each other; give one of them",
        ),
    ],
)
def test_mistakes(words: list[str], code: int, complaint: str, capsys: Capture) -> None:
    Path("names.png").write_text("blue green red")
    Path("empty").mkdir()
    Path("few.txt").write_text("blue\n")
    Path("classes.prototxt").write_text(
        'layer { name: "data" type: "Input" top: "data" '
        "input_param { shape { dim: 1 dim: 3 dim: 4 dim: 4 } } }"
    )
    text = Path("deploy.prototxt").read_text().replace("kernel_size: 1 ", "kernel_size: 3 pad: 1 ")
    Path("other").mkdir()
    (Path("other") / "net.prototxt").write_text(text)
    Net("other/net.prototxt", TEST, seed=1).save("other.caffemodel")
    text = (
        Path("deploy.prototxt")
        .read_text()
        .replace("kernel_size: 1 ", "kernel_size: 1 bias_term: false ")
    )
    (Path("other") / "net.prototxt").write_text(text)
    Net("other/net.prototxt", TEST, seed=1).save("no_bias.caffemodel")
    assert cli.main(["detect", *words]) == code
    text = one_line_each(capsys.readouterr().err)
    assert complaint in text
    assert text.count("error:") == 1
    assert not Path("boxes.png").exists()


def test_a_video_needs_what_reads_it(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    Path("clip.mp4").write_bytes(b"no video")
    assert cli.main(["detect", "clip.mp4", *NET]) == 1
    assert "pip install 'minicaffe[video]'" in one_line_each(capsys.readouterr().err)


def test_the_frames_of_a_video(capsys: Capture) -> None:
    av = pytest.importorskip("av", reason="videos need PyAV")
    with av.open("clip.avi", "w") as container:
        stream = container.add_stream("ffv1", rate=5)
        stream.width, stream.height, stream.pix_fmt = 120, 60, "bgr0"
        for name in ("a.png", "b.png"):
            frame = av.VideoFrame.from_image(image_module.open(Path("photos", name)))
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    assert cli.main(["detect", "clip.avi", *NET, "--json", "-o", "frames"]) == 0
    first, second = json.loads(capsys.readouterr().out)
    assert first["image"] == str(Path("clip.avi", "frame_000001.png"))
    assert [same(box, want) for box, want in zip(boxes_of(first), (BLUE, RED), strict=True)]
    assert len(second["boxes"]) == 1
    assert len(list(Path("frames").iterdir())) == 2
    Path("clip.mp4").write_bytes(b"no video")
    assert cli.main(["detect", "clip.mp4", *NET]) == 1
    assert "clip.mp4: this cannot be read as a video" in one_line_each(capsys.readouterr().err)


def test_without_pillow(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "PIL.Image", None)
    assert cli.main(["detect", "photos/a.png", *NET]) == 1
    assert "Pillow" in one_line_each(capsys.readouterr().err)


def test_a_grey_photograph(capsys: Capture) -> None:
    grey = np.zeros((1, 30, 60), np.uint8)
    grey[:, 10:20, 50:] = 255
    Path("grey.jpg").write_bytes(encode_image(grey, "jpg"))
    assert cli.main(["detect", "grey.jpg", *NET, "--threshold=0.25", "--json", "-o", "g.png"]) == 0
    assert [b["label"] for b in boxes_of(json.loads(capsys.readouterr().out))] == [1, 2, 3]
    assert np.asarray(image_module.open("g.png")).shape == (30, 60, 3)
